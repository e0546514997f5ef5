"""
Tables that people write: CSV with a header. Whatever is wrong is said with file, line
and column.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence

from energychain.primitives.refusals import BadInput

Row = tuple[int, Mapping[str, str]]
"""The number of a line, and its cells by the name of their column."""


def read_rows(
    lines: Iterable[str], columns: Sequence[str], optional: Sequence[str] = (), file: str = ""
) -> Iterator[Row]:
    """The rows of a table that has these columns, in any order; further ones are ignored,
    and empty lines too.

    >>> list(read_rows(["id,price", "a, 3 "], ["price"]))
    [(2, {'price': '3'})]

    Raises :class:`BadInput` if it is no CSV, a column is missing or there twice, or a row
    has more or fewer cells than the header:

    >>> list(read_rows(["id", "a"], ["price"], file="m.csv"))
    Traceback (most recent call last):
    energychain.primitives.refusals.BadInput: m.csv, line 1, column price: the column is
    missing: expected price
    """
    reader = csv.reader(lines, strict=True)
    try:
        header = [" ".join(name.split()) for name in next(reader, [])]
        at = _places(header, columns, optional, file)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                problem = f"expected {len(header)} cells, found {len(cells)}"
                near = header[min(len(cells), len(header) - 1)]
                raise BadInput(problem, file=file, line=reader.line_num, column=near)
            yield reader.line_num, {name: cells[i].strip() for name, i in at.items()}
    except csv.Error as fault:
        raise BadInput(f"not a CSV: {fault}", file=file, line=reader.line_num) from None


def _places(
    header: Sequence[str], columns: Sequence[str], optional: Sequence[str], file: str
) -> dict[str, int]:
    expected = ",".join(columns)
    if not any(header):
        raise BadInput(f"the file is empty: expected {expected}", file=file, line=1)
    for name in (*columns, *optional):
        if header.count(name) > 1 or (name in columns and name not in header):
            problem = "is missing" if name not in header else "is there twice"
            told = f"the column {problem}: expected {expected}"
            raise BadInput(told, file=file, line=1, column=name)
    return {name: header.index(name) for name in (*columns, *optional) if name in header}
