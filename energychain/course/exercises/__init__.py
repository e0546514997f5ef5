"""
Exercises: `check` says right, nearly or wrong and why, and never the answer; `hint`
helps a step at a time; `solution` shows ours when asked. An exercise that is not
attempted is no error, so "Run All" always runs through.

One module, one lesson: whoever works on tokens does not wait for the DC line.
"""

from ast import literal_eval
from collections.abc import Mapping
from importlib import import_module

from energychain.contracts.course_record import LONGEST
from energychain.course import journal
from energychain.course.exercises.judging import Exercise, Feedback

LESSONS = ("00", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11")
"""The lessons that have exercises."""


def of_lesson(lesson: str) -> Mapping[str, Exercise]:
    """The exercises of a lesson, by name.

    >>> list(of_lesson("00"))
    ['00.cells']
    """
    found: Mapping[str, Exercise] = import_module(f"{__name__}.lesson_{lesson}").EXERCISES
    return found


def exercises() -> dict[str, Exercise]:
    """All exercises, by name."""
    return {name: each for lesson in LESSONS for name, each in of_lesson(lesson).items()}


def check(exercise: str, answer: object = ...) -> Feedback:
    """Judge an answer. In a lesson it is also kept, in a file of the learner's own
    (:mod:`energychain.course.journal`).

    >>> check("00.cells")
    not attempted yet
    >>> check("00.cells", 24)
    wrong: that is one household
    """
    judge = _find(exercise).judge
    if answer is ...:
        return Feedback("not attempted yet")
    written = judge.written(answer)
    found = judge.verdict(written)
    attempt = journal.Attempt(exercise, repr(written)[:LONGEST], found.verdict)
    trouble = journal.keep(attempt)
    return found.but_not_kept(trouble) if trouble else found


def check_again(exercise: str, answer: str) -> Feedback:
    """Judge an answer that was written down, without running anything.

    >>> check_again("00.cells", "24")
    wrong: that is one household
    """
    try:
        return _find(exercise).judge.verdict(literal_eval(answer))
    except Exception as fault:  # whatever somebody may have written there
        return Feedback("wrong", f"cannot be judged: {type(fault).__name__}")


def hint(exercise: str, level: int = 1) -> str:
    """The hint of a level, from 1.

    >>> hint("00.cells")
    'One balance per hour and household.'
    """
    hints = _find(exercise).hints
    if not 1 <= level <= len(hints):
        return f"there are {len(hints)} hints: ask for level 1 to {len(hints)}"
    return hints[level - 1]


class Source(str):
    """Python that shows itself without quotation marks."""

    def __repr__(self) -> str:
        return str(self)


def solution(exercise: str) -> Source:
    """Our solution. Try first.

    >>> solution("00.cells")
    answer = 24 * 3
    """
    return Source(_find(exercise).solution)


def _find(exercise: str) -> Exercise:
    lesson = exercise.partition(".")[0]
    known = of_lesson(lesson) if lesson in LESSONS else {}
    if exercise not in known:
        raise KeyError(
            f"there is no exercise {exercise!r}; there are {', '.join(known or exercises())}"
        )
    return known[exercise]
