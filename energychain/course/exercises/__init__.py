"""
Exercises: `check` says right, nearly or wrong and why, and never the answer; `hint`
helps a step at a time; `solution` shows ours when asked. An exercise that is not
attempted is no error, so "Run All" always runs through.

One module, one lesson: whoever works on tokens does not wait for the DC line.
"""

from collections.abc import Mapping
from importlib import import_module

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
    """Judge an answer.

    >>> check("00.cells")
    not attempted yet
    >>> check("00.cells", 24)
    wrong: that is one household
    """
    judge = _find(exercise).judge
    return Feedback("not attempted yet") if answer is ... else judge(answer)


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
