"""`energychain progress`: what a learner answered, handed in and verified."""

import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from energychain import datasets
from energychain.cli.terminal import BROKEN, group, progress
from energychain.course import journal
from energychain.course.hand_in import KEY_FILE, export
from energychain.course.progress import Progress
from energychain.course.record import Enrolled, Examined, Row, compare, harmless, read
from energychain.primitives.keys import Address, is_address
from energychain.primitives.refusals import BadInput

LARGEST = 32 * 2**20
"""Room for more attempts than anybody makes [bytes]."""

progress_app = group("progress", "What a learner answered: shown, handed in, verified.")

Journal = Annotated[
    Path | None,
    typer.Option("--journal", help=f"The learner's file; {journal.FILE} here, if none is named."),
]


@progress_app.command("show")
def show(journal_file: Journal = None) -> None:
    """Print how far you have come."""
    print(repr(Progress(journal.read(journal_file or journal.place()))))


@progress_app.command("export")
def export_record(
    name: Annotated[str, typer.Option(help="Your name, as the class knows it.")],
    journal_file: Journal = None,
    folder: Annotated[
        Path | None, typer.Option(help="Where record and key lie; beside the journal otherwise.")
    ] = None,
) -> None:
    """Write what you answered as a record on a small chain, signed with your own key."""
    print(repr(export(name, folder, journal_file)))


@progress_app.command("verify")
def verify(
    records: Annotated[list[Path], typer.Argument(help="Records, or folders of records.")],
    roster: Annotated[
        Path | None,
        typer.Option(help="A CSV with the columns name and address; last week's table will do."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the CSV to this file instead of printing it.")
    ] = None,
) -> None:
    """Verify the records of a class and print a CSV, one line a learner.

    Exit 1, and name them, if records were altered, signed by somebody else, or claim what is
    not so.
    """
    enrolled = _enrolled(roster) if roster else []
    files = list(_files(records))
    found: list[tuple[str, Examined]] = []
    unreadable: list[Row] = []
    with progress("verifying", len(files)) as advance:
        for count, path in enumerate(files, 1):
            try:
                found.append((path.name, _examined(path)))
            except BadInput as fault:
                name = harmless(path.name)
                unreadable.append(Row(name, Examined(""), "unreadable", fault.problem))
            advance(count)
    rows = [*compare(found, enrolled), *unreadable]
    _write(rows, out)
    doubtful = [row for row in rows if row.finding in ("forged", "disputed", "unreadable")]
    for row in doubtful:
        who = row.examined.name or "nobody"
        print(f"{row.file}, by {who}: {row.finding}: {row.reason}", file=sys.stderr)
    good = sum(row.finding == "good" for row in rows)
    print(f"{good} of {len(files)} records are good", file=sys.stderr)
    if doubtful:
        raise typer.Exit(BROKEN)


def _examined(path: Path) -> Examined:
    """A file, examined.

    Raises :class:`~energychain.primitives.refusals.BadInput` if it cannot be a record.
    """
    if path.name == KEY_FILE:
        raise BadInput("a secret key, not a record: its owner should delete it and make another")
    try:
        if path.stat().st_size > LARGEST:
            raise BadInput(f"expected at most {LARGEST:,} bytes; no record is as large as this")
        return read(path.read_bytes().splitlines(True), path.name)
    except OSError as fault:
        raise BadInput(f"cannot be read: {fault.strerror}") from None


def _files(records: list[Path]) -> Iterator[Path]:
    for path in records:
        if path.is_dir():
            inside = sorted(path.glob("*.json"))
            if not inside:
                raise BadInput("there is no record (*.json) in this folder", file=path.name)
            yield from inside
        elif path.exists():
            yield path
        else:
            raise BadInput("there is no such file or folder", file=path.name)


def _enrolled(path: Path) -> list[Enrolled]:
    """The roster: who belongs to the class, with which address, and what was last seen."""
    lines = csv.DictReader(datasets.lines_of(path))
    missing = {"name", "address"} - set(lines.fieldnames or ())
    if missing:
        raise BadInput(
            f"expected the columns name and address; {' and '.join(sorted(missing))} is missing",
            file=path.name,
            line=1,
        )
    found: dict[str, Enrolled] = {}
    for row in lines:
        name, address = (row["name"] or "").strip(), (row["address"] or "").strip()
        if row.get("finding") in ("forged", "disputed", "unreadable", "older"):
            continue  # in last week's table another line says what is known of the learner
        if not name or not is_address(address):
            raise BadInput(
                f"expected an address, 0x and 40 digits, found {address!r}",
                file=path.name,
                line=lines.line_num,
                column="address",
            )
        if name in found:
            raise BadInput(
                f"{name} is listed twice", file=path.name, line=lines.line_num, column="name"
            )
        blocks = row.get("blocks") or "0"
        if not blocks.isdigit():
            raise BadInput(
                f"expected a number of blocks, found {blocks!r}",
                file=path.name,
                line=lines.line_num,
                column="blocks",
            )
        found[name] = Enrolled(name, Address(address), int(blocks), row.get("head") or "")
    return list(found.values())


def _write(rows: list[Row], out: Path | None) -> None:
    table = io.StringIO()
    cells = [row.cells() for row in rows]
    writer = csv.DictWriter(table, list(cells[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(cells)
    if out is None:
        print(table.getvalue(), end="")
        return
    try:
        out.write_text(table.getvalue(), "utf-8")
    except OSError as fault:
        raise BadInput(f"cannot be written: {fault.strerror}", file=out.name) from None
