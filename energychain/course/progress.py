"""
How far a learner has come: which exercises of each lesson were tried, and which are right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from energychain.course import journal
from energychain.course.exercises import LESSONS, of_lesson
from energychain.course.journal import Attempt
from energychain.primitives.refusals import BadInput


@dataclass(frozen=True)
class Progress:
    """What the attempts in a journal come to."""

    attempts: Sequence[Attempt] = ()
    trouble: str = ""
    """Why the journal could not be read."""

    @property
    def right(self) -> frozenset[str]:
        """The exercises that were answered rightly, at whatever attempt."""
        return frozenset(each.exercise for each in self.attempts if each.verdict == "right")

    @property
    def tried(self) -> frozenset[str]:
        """The exercises that were attempted."""
        return frozenset(each.exercise for each in self.attempts)

    def rows(self) -> list[tuple[str, int, int, int]]:
        """Each lesson with how many of its exercises are right, were tried, and are there."""
        lessons = [(lesson, of_lesson(lesson).keys()) for lesson in LESSONS]
        return [
            (lesson, len(self.right & names), len(self.tried & names), len(names))
            for lesson, names in lessons
        ]

    @property
    def summary(self) -> str:
        """All of it in a sentence."""
        if self.trouble:
            return self.trouble
        total = sum(there for *_, there in self.rows())
        if not self.attempts:
            return f"Nothing is answered yet; {total} exercises wait."
        right = sum(right for _, right, *_ in self.rows())
        tries = "one attempt" if len(self.attempts) == 1 else f"{len(self.attempts)} attempts"
        return f"{right} of {total} exercises are right, after {tries}."

    def __repr__(self) -> str:
        marks = [
            f"lesson {lesson}  {'●' * right}{'◐' * (tried - right)}{'○' * (there - tried)}"
            for lesson, right, tried, there in self.rows()
            if not self.trouble
        ]
        key = [] if self.trouble else ["● right  ◐ tried  ○ waits"]
        return "\n".join([self.summary, *marks, *key])

    def _repr_html_(self) -> str:
        if self.trouble:
            return f"<p>{escape(self.trouble)}</p>"
        cells = "".join(
            f"<tr><th scope='row'>{lesson}</th>"
            + "".join(f"<td>{n}</td>" for n in counts)
            + "</tr>"
            for lesson, *counts in self.rows()
        )
        head = "".join(
            f"<th scope='col'>{name}</th>" for name in ("lesson", "right", "tried", "exercises")
        )
        caption = escape(self.summary)
        return (
            f"<table><caption style='text-align:left;white-space:nowrap'>{caption}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{cells}</tbody></table>"
        )


def progress() -> Progress:
    """How far you have come, from your journal.

    >>> Progress([Attempt("00.cells", "24", "wrong"), Attempt("00.cells", "72", "right")]).right
    frozenset({'00.cells'})
    """
    try:
        return Progress(journal.read(journal.place()))
    except BadInput as fault:
        return Progress(trouble=str(fault))
