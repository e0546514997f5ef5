"""
The journal: every answer that a learner gave, one line each, in a file of the learner's own.

``ec.setup()``, the first box of every lesson, opens it beside the lessons as
``my_progress.jsonl``. Nobody else reads it. Delete it, and all is forgotten. The environment
variable ``ENERGYCHAIN_PROGRESS`` names another file; ``off`` keeps nothing.

Hints are not written down, nor is a look at our solution: both are there to be used.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from energychain import datasets
from energychain.contracts.course_record import LONGEST, VERDICTS
from energychain.primitives.refusals import BadInput

FILE = "my_progress.jsonl"
"""Where answers are kept, beside the lessons."""


@dataclass(frozen=True)
class Attempt:
    """An answer to an exercise."""

    exercise: str
    answer: str
    """As Python writes plain data."""

    verdict: str
    """``right``, ``nearly`` or ``wrong``."""


def place() -> Path | None:
    """The file that ``ENERGYCHAIN_PROGRESS`` names, or :data:`FILE` in the present folder; None
    if nothing is to be kept.
    """
    named = os.environ.get("ENERGYCHAIN_PROGRESS", FILE)
    return None if named == "off" else Path(named).absolute()


def line(attempt: Attempt) -> str:
    """An attempt as a line of the file.

    >>> line(Attempt("00.cells", "72", "right"))
    '{"exercise": "00.cells", "answer": "72", "verdict": "right"}'
    """
    return json.dumps(asdict(attempt), ensure_ascii=False)


def attempts(lines: Iterable[str], file: str = FILE) -> Iterator[Attempt]:
    """The attempts in the lines of a journal, oldest first.

    Raises :class:`~energychain.primitives.refusals.BadInput`, naming the line, if one is none.
    """
    for number, text in enumerate(lines, 1):
        try:
            attempt = Attempt(**json.loads(text))
        except (ValueError, TypeError):
            attempt = None
        if attempt is None or not _is_one(attempt):
            raise BadInput(
                f"expected an attempt such as {line(Attempt('00.cells', '72', 'right'))};"
                " mend or delete the line",
                file=file,
                line=number,
            )
        yield attempt


def _is_one(attempt: Attempt) -> bool:
    texts = (attempt.exercise, attempt.answer)
    are_texts = all(isinstance(each, str) and len(each) <= LONGEST for each in texts)
    return are_texts and attempt.verdict in VERDICTS


def read(path: Path | None) -> list[Attempt]:
    """The attempts in a file; none if there is no such file.

    Raises :class:`~energychain.primitives.refusals.BadInput` if it cannot be read.
    """
    if path is None or not path.exists():
        return []
    return list(attempts(datasets.lines_of(path), path.name))


# --- in a lesson ----------------------------------------------------------------------

_open: Path | None = None


def begin() -> None:
    """From now on, keep what is answered."""
    global _open
    _open = place()


def keep(attempt: Attempt) -> str:
    """Add an attempt to the file, if one is open; answers with what kept it from that, or
    nothing. A lesson goes on either way.
    """
    if _open is None:
        return ""
    try:
        with _open.open("a", encoding="utf-8") as file:
            file.write(line(attempt) + "\n")
    except OSError as fault:
        return f"{_open.name}: {fault.strerror}"
    return ""
