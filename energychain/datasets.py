"""
Where data lies, and how to read it. The only module that knows.

Each folder of ``datasets/`` holds CSV files and an ``about.toml`` that says where they
come from, what they mean, in which units, under which licence, and what is
published, reconstructed or left out.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from energychain.primitives.refusals import BadInput

LONGEST_LINE = 100_000
"""No line of a CSV for people is longer than this many bytes."""


def folder() -> Path:
    """The folder that holds the datasets: inside an installed package, or beside it in
    a checkout.
    """
    package = Path(__file__).parent
    installed = package / "_datasets"
    return installed if installed.is_dir() else package.parent / "datasets"


def names() -> list[str]:
    """The datasets that are there.

    >>> names()
    ['acn_month', 'charging_quota', 'day_ahead_2019', 'simbench_week', 'simbench_year',
    'testbed', 'vectors', 'victoria_2014']
    """
    return sorted(path.parent.name for path in folder().glob("*/about.toml"))


def about(name: str) -> dict[str, Any]:
    """What is known of a dataset.

    >>> about("testbed")["title"]
    'The token day: one day of three households on an Ethereum testbed'
    """
    return tomllib.loads((folder() / name / "about.toml").read_text(encoding="utf-8"))


def lines(name: str, file: str) -> Iterator[str]:
    """The lines of a file of a dataset.

    >>> next(lines("testbed", "table_2.csv"))[:20]
    'hour,node_1_surplus,'
    """
    return lines_of(folder() / name / file)


def lines_of(path: Path) -> Iterator[str]:
    """The lines of anybody's text file, one at a time.

    Raises :class:`~energychain.primitives.refusals.BadInput`, naming file and line,
    if the file cannot be read, is not UTF-8 or is not made of lines.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE + 1), b""), 1):
                if len(line) > LONGEST_LINE:
                    problem = f"more than {LONGEST_LINE:,} bytes in one line: not a table"
                    raise BadInput(problem, file=path.name, line=number)
                yield _decoded(line, path.name, number)
    except OSError as fault:
        raise BadInput(
            f"cannot be read: {fault.strerror or fault}", file=path.name or str(path)
        ) from None


def _decoded(line: bytes, file: str, number: int) -> str:
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as fault:
        raise BadInput(
            f"byte {fault.start + 1} is not UTF-8 text: save the file with the encoding UTF-8",
            file=file,
            line=number,
        ) from None
