"""Rules about the outputs of a lesson: what a reader sees and what the tests compare.

Most of them close a hole through which a lesson could pass the strict comparison of its outputs
while being wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from energychain.lessons.cell_rules import Faults, code_cells
from energychain.lessons.normal import (
    PNG,
    VEGALITE,
    WIDGET,
    Cell,
    Notebook,
    Output,
    data_of,
    roles_of,
    text_of,
)
from energychain.lessons.prose import unsupported_numbers, values

OLDEST_VEGALITE = "5.8"
"""The oldest compiler that vl-convert has; JupyterLab itself draws with vega-lite 5.6."""

# "0xab12..." may be one of our hashes; only a Python object says "at 0x...".
_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{6,}")
# Two parts at least, and not inside a word, an address of the web, a tag or a number.
_ABSOLUTE_PATH = re.compile(r"(?<![\w:/.<+)\]}$])(?:/[\w.-]+){2,}|\b[A-Za-z]:\\\w")
_RESULTS = {"explain", "misconceptions", "recap"}
"""Where prose tells what came out."""

_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_SCRIPT = re.compile(r"<script\b", re.IGNORECASE)


def outputs_of(notebook: Notebook) -> Iterator[tuple[int, Output]]:
    """The outputs and the numbers of their cells."""
    return ((number, output) for number, cell in code_cells(notebook) for output in cell["outputs"])


def _printed(output: Output) -> str:
    """What an output says where there are no pictures."""
    return text_of(output.get("text") or data_of(output).get("text/plain", ""))


def _texts(value: Any) -> Iterator[str]:
    """Every text inside an output or a part of it, pictures left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        # Lines of one text, or the items of a chart's data: both are read piece by piece.
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key != PNG:
                yield from _texts(item)


def no_surprises(_: str, notebook: Notebook) -> Faults:
    """No errors but those that a lesson is about, and no warnings."""
    for number, cell in code_cells(notebook):
        for output in cell["outputs"]:
            planned = "raises-exception" in cell["metadata"].get("tags", [])
            if output["output_type"] == "error" and not planned:
                yield number, f"stored an error: {output['ename']}: {output['evalue']}"
            if output.get("name") == "stderr":
                yield number, f"wrote to stderr: {text_of(output['text'])[:80]!r}"


def no_script(_: str, notebook: Notebook) -> Faults:
    """A saved page must show itself without running anything."""
    for number, output in outputs_of(notebook):
        if any(_SCRIPT.search(text) for text in _texts(data_of(output).get("text/html", ""))):
            yield number, "HTML output holds a <script>"


def no_addresses(_: str, notebook: Notebook) -> Faults:
    """Where an object lies in memory changes with every run."""
    for number, output in outputs_of(notebook):
        for text in _texts(output):
            if found := _ADDRESS.search(text):
                yield number, f"output holds a memory address: {found.group()!r}"


def no_paths(_: str, notebook: Notebook) -> Faults:
    """A lesson runs on every machine, so it names no place on any."""
    for number, cell in enumerate(notebook["cells"], 1):
        shown = cell.get("outputs", []) if cell["cell_type"] == "code" else []
        for text in _texts([cell["source"], *shown]):
            if found := _ABSOLUTE_PATH.search(text):
                yield number, f"names an absolute path: {found.group()!r}"


def charts_are_complete(_: str, notebook: Notebook) -> Faults:
    """A chart is drawn live, shown where nothing runs, told in words, and compared."""
    for number, output in outputs_of(notebook):
        data = data_of(output)
        if PNG in data and VEGALITE not in data:
            yield number, "holds only a picture, which is never compared: store the chart too"
        if VEGALITE not in data:
            continue
        if PNG not in data:
            yield number, "chart has no picture for readers without JavaScript"
        if not str(data[VEGALITE].get("description", "")).strip():
            yield number, "chart has no description"
        if not text_of(data.get("text/plain", "")).startswith(("[chart] ", "Explorer")):
            yield number, "chart's plain text must begin with '[chart] ' or 'Explorer'"


def charts_compile(_: str, notebook: Notebook) -> Faults:
    """Each chart is one that an older vega-lite draws too."""
    for number, output in outputs_of(notebook):
        if VEGALITE in data_of(output):
            import vl_convert  # takes a while to load, and most lessons are linted without charts

            try:
                vl_convert.vegalite_to_vega(data_of(output)[VEGALITE], vl_version=OLDEST_VEGALITE)
            except ValueError as fault:
                reason = str(fault).strip().splitlines()[0]
                yield number, f"chart does not compile with vega-lite {OLDEST_VEGALITE}: {reason}"


def explorers_are_witnessed(_: str, notebook: Notebook) -> Faults:
    """What an explorer draws first is printed, too: prose can then tell it, and a test compare it.

    The witness stands before the next prediction and the next explorer.
    """
    cells = list(code_cells(notebook))
    for place, (number, cell) in enumerate(cells, 1):
        if _explores(cell):
            after = takewhile(
                lambda later: not _explores(later) and roles_of(later) != ["predict"],
                (later for _, later in cells[place:]),
            )
            if not any(_tells_numbers(later) for later in after):
                yield number, "no cell after this explorer prints two numbers that it shows"


def _explores(cell: Cell) -> bool:
    return any(VEGALITE in data_of(o) and WIDGET in data_of(o) for o in cell["outputs"])


def _tells_numbers(cell: Cell) -> bool:
    return len(_DIGITS.findall(" ".join(map(_printed, cell["outputs"])))) > 1


def numbers_from_code(_: str, notebook: Notebook) -> Faults:
    """A result told in prose was computed here, or stated before as an input."""
    outputs = [output for _, output in outputs_of(notebook)]
    # Numbers in a chart's data are no texts; they are read as JSON prints them.
    shown = [text for output in outputs for text in _texts(output)]
    shown += [json.dumps(data_of(o)[VEGALITE]) for o in outputs if VEGALITE in data_of(o)]
    known = {value for text in shown for value in values(text)}
    # Prose may round what a cell prints. A chart holds so much that it would round anything.
    printed = {value for output in outputs for value in values(_printed(output))}
    for number, cell in enumerate(notebook["cells"], 1):
        source = text_of(cell["source"])
        if cell["cell_type"] == "markdown" and _RESULTS & set(roles_of(cell)):
            for figure in unsupported_numbers(source, known, printed):
                yield number, f"{figure} is in no output of this lesson, and was not stated before"
        else:
            known.update(values(source))
