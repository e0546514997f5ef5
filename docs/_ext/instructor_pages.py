"""
An instructor's page of a lesson: the notes that somebody wrote, if there are any, and below them
what the lesson itself asks, and how people get its exercises wrong.
"""

from lesson_pages import exercises, plain, predictions, rows

from energychain.course.exercises import check
from energychain.course.exercises import exercises as all_exercises
from energychain.lessons.normal import Notebook


def page(name: str, notebook: Notebook, notes: str = "") -> str:
    """The page, in MyST. ``notes`` begin with a heading; without any, the page says so."""
    matter = notebook["metadata"]["energychain"]
    reading, doing = matter["minutes_reading"], matter["minutes_exercises"]
    parts = [
        notes.strip() or f"# {matter['id']} · {matter['title']}",
        f":::{{note}}\n[The lesson](/lessons/{name}) takes {reading} min to read and run, and "
        f"{doing} min of exercises, for one person alone.\n:::",
    ]
    if not notes:
        parts.append("Nobody has taught this lesson from notes yet; what follows is in the lesson.")
    asked = predictions(notebook)
    if asked:
        parts += [
            "## Every prediction, and what turns out",
            rows(
                ["asked", "what turns out"],
                [[plain(question), plain(outcome) or "–"] for question, outcome in asked],
            ),
        ]
    known = [exercise for exercise in exercises(notebook) if exercise in all_exercises()]
    if known:
        parts += [
            "## The exercises, and how they go wrong",
            "Each wrong answer below was foreseen, and the lesson answers it in these words.",
        ]
        parts += [_exercise(exercise) for exercise in known]
    return "\n\n".join(parts) + "\n"


def _exercise(name: str) -> str:
    exercise = all_exercises()[name]
    lines = [f"### `{name}`", plain(exercise.question)]
    for slip in exercise.slips:
        lines += [f"```python\n{slip.strip()}\n```", f"{plain(str(answer_to(name, slip)))}"]
    lines.append(f"Ours: `ec.solution({name!r})`.")
    return "\n\n".join(lines)


def answer_to(name: str, code: str) -> object:
    """What `check` says to an answer given as Python."""
    scope: dict[str, object] = {}
    exec(code, scope)  # the package's own examples of wrong answers
    return check(name, scope["answer"])
