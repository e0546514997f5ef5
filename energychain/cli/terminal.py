"""
What all commands share: the application, how options are read, and how tables, JSON and
progress are printed.
"""

import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

import typer

from energychain import __version__, datasets
from energychain.grid.metering import Meters, read_meters
from energychain.primitives.refusals import BadInput
from energychain.primitives.units import to_units

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

BROKEN, BAD_INPUT = 1, 2

MOST_ROWS = 96
"""A longer table is cut: JSON has all of it."""


def run() -> None:
    """Run a command; a refusal becomes one sentence and an exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name may need letters it has not
    try:
        app()
    except BadInput as refusal:
        print(f"energychain: {refusal}", file=sys.stderr)
        sys.exit(BAD_INPUT)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)


def _version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def _about(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Blockchain-based energy systems, to read, run and take apart."""


def group(name: str, help_text: str) -> typer.Typer:
    """A command that has commands of its own."""
    own = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=help_text)
    app.add_typer(own, name=name)
    return own


# --- options --------------------------------------------------------------------------


def amount(text: str, decimals: int, option: str, least: int = 1) -> int:
    """A number as a whole number of its smallest unit, at least so many of them."""
    try:
        found = to_units(text, decimals)
    except BadInput as fault:
        raise BadInput(f"{option}: {fault}") from None
    if found < least:
        raise BadInput(f"{option}: expected {'more than' if least else 'at least'} 0, found {text}")
    return found


def number(text: str, option: str) -> float:
    """A finite number."""
    try:
        found = float(text)
    except ValueError:
        raise BadInput(f"{option}: expected a number, found {text!r}") from None
    if not isfinite(found):
        raise BadInput(f"{option}: expected a finite number, found {text!r}")
    return found


def one_of(text: str, option: str, known: Any) -> str:
    """One of the names that are known."""
    if text not in known:
        raise BadInput(f"{option}: expected one of {', '.join(known)}; found {text!r}")
    return text


# --- files ----------------------------------------------------------------------------


def meters_of(path: Path) -> Meters:
    """The meter readings in a file; numbers that had to be rounded are reported."""
    readings = read_meters(datasets.lines_of(path), file=path.name)
    if readings.rounded:
        print(
            f"{path.name}: {readings.rounded} numbers finer than 0.000001 kWh were rounded",
            file=sys.stderr,
        )
    return readings


def counted(lines: Iterable[str], advance: Callable[[int], None]) -> Iterator[str]:
    """The same lines, with progress."""
    for count, line in enumerate(lines, 1):
        if count % 10_000 == 0:
            advance(count)
        yield line


# --- printing -------------------------------------------------------------------------


def print_json(form: object) -> None:
    """JSON, and nothing else, on standard output."""
    # A pipe need not take every letter: then they are escaped, as JSON may.
    readable = (sys.stdout.encoding or "").lower().startswith("utf")
    print(json.dumps(form, indent=2, ensure_ascii=not readable))


def print_table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Columns with spaces between them; numbers stand to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]
    numeric = [
        all(cell.replace(",", "").replace(".", "").lstrip("-").isdigit() for cell in column)
        for column in zip(*rows, strict=True)
    ] or [False] * len(head)
    for cells in (head, *rows):
        line = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(cells, widths, numeric, strict=True)
        ]
        print("  " + "  ".join(line).rstrip())


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)
