"""Rules about the cells of a lesson: what it is made of, and in which order.

A rule reads a parsed notebook and yields what is wrong, as pairs of cell number (counted from 1;
None for the notebook as a whole) and sentence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from energychain.lessons.normal import ROLES, Cell, Notebook, roles_of, text_of

Faults = Iterator[tuple[int | None, str]]

LONGEST_CODE_CELL = 6
LARGEST_NOTEBOOK = 1_000_000
FEWEST_ROUNDS = 2
"""So often, at least, a lesson goes round predict, run, explain and check."""

SKIP_MARKERS = {
    "nbval-check-output",
    "nbval-ignore-output",
    "nbval-raises-exception",
    "nbval-skip",
    "pytest-validate-ignore-output",
}
"""What turns the comparison off, as a tag or, in capitals with underscores, as a comment."""

FRONT_MATTER: dict[str, type] = {
    "id": str,
    "title": str,
    "minutes_reading": int,
    "minutes_exercises": int,
    "prerequisites": list,
    "objectives": list,
    "glossary": list,
    "datasets": list,
    "sources": list,
}

_PREDICTION = re.compile(r"^(\w+) = ec\.predict\(", re.MULTILINE)

# A lesson leads in, goes round predict, run, explain and check, and leads out.
_STAGE = dict.fromkeys(ROLES, 3) | {
    "title": 0,
    "objectives": 1,
    "setup": 2,
    "misconceptions": 4,
    "exercises": 5,
    "recap": 6,
    "glossary": 6,
    "limits": 6,
    "next": 6,
}


def code_cells(notebook: Notebook) -> Iterator[tuple[int, Cell]]:
    """The code cells and their numbers among all cells."""
    return (pair for pair in enumerate(notebook["cells"], 1) if pair[1]["cell_type"] == "code")


def front_matter(name: str, notebook: Notebook) -> Faults:
    """The lesson says what it is, how long it takes and what it draws on."""
    matter = notebook["metadata"].get("energychain", {})
    for key, kind in FRONT_MATTER.items():
        value = matter.get(key)
        if not isinstance(value, kind):
            yield None, f"front matter needs {key}, a {kind.__name__}"
        elif isinstance(value, list) and not all(isinstance(i, str) and i for i in value):
            yield None, f"front matter: {key} must list texts"
        elif (kind is str or key == "objectives") and not value:
            yield None, f"front matter: {key} is empty"
        elif isinstance(value, int) and value < 0:
            yield None, f"front matter: {key} is negative"
    lesson = matter.get("id")
    if isinstance(lesson, str) and not name.startswith(lesson):
        yield None, f"front matter: id {lesson!r} does not begin the file name {name!r}"


def one_role(_: str, notebook: Notebook) -> Faults:
    """Every cell is there for one purpose, and says which."""
    for number, cell in enumerate(notebook["cells"], 1):
        roles = roles_of(cell)
        others = set(cell["metadata"].get("tags", [])) - {*ROLES, "raises-exception"}
        if len(roles) != 1:
            yield number, f"needs exactly one of the tags {', '.join(ROLES)}; has {roles or 'none'}"
        if others - SKIP_MARKERS:
            yield number, f"unknown tags {sorted(others - SKIP_MARKERS)}"


def title_first(_: str, notebook: Notebook) -> Faults:
    """The first cell is the title, a heading in prose."""
    first = notebook["cells"][:1]
    if not any(roles_of(c) == ["title"] and text_of(c["source"]).startswith("# ") for c in first):
        yield 1, "the first cell must be the title: markdown that begins with '# '"


def order(_: str, notebook: Notebook) -> Faults:
    """What leads in comes first, what leads out comes last."""
    reached = "title"
    for number, cell in enumerate(notebook["cells"], 1):
        for role in roles_of(cell):
            if _STAGE[role] < _STAGE[reached]:
                yield number, f"{role} comes after {reached}"
            else:
                reached = role


def every_part(_: str, notebook: Notebook) -> Faults:
    """A lesson has all parts that a reader looks for."""
    there = {role for cell in notebook["cells"] for role in roles_of(cell)}
    for role in ROLES:
        if role not in there:
            yield None, f"has no cell tagged {role}"


def same_beginning(_: str, notebook: Notebook) -> Faults:
    """The first code is the setup, which is the same line in every lesson."""
    for number, cell in list(code_cells(notebook))[:1]:
        if roles_of(cell) != ["setup"] or "ec.setup()" not in text_of(cell["source"]):
            yield number, "the first code cell must be tagged setup and call ec.setup()"


def rounds(_: str, notebook: Notebook) -> Faults:
    """Whoever guessed is told, and that more than once a lesson."""
    checks = [
        (number, text_of(cell["source"]))
        for number, cell in code_cells(notebook)
        if roles_of(cell) == ["check"]
    ]
    if len(checks) < FEWEST_ROUNDS:
        yield None, f"has {len(checks)} rounds with a check; {FEWEST_ROUNDS} are the least"
    for number, cell in code_cells(notebook):
        for guess in _PREDICTION.findall(text_of(cell["source"])):
            if not any(later > number and f"{guess}.reveal(" in code for later, code in checks):
                yield number, f"no check cell after it calls {guess}.reveal(...)"


def short_code(_: str, notebook: Notebook) -> Faults:
    """The library does the work, so that a cell says one thing."""
    for number, cell in code_cells(notebook):
        lines = [line for line in text_of(cell["source"]).splitlines() if line.strip()]
        if not lines:
            yield number, "is empty"
        if len(lines) > LONGEST_CODE_CELL:
            yield number, f"has {len(lines)} lines of code; {LONGEST_CODE_CELL} are the most"


def executed_in_order(_: str, notebook: Notebook) -> Faults:
    """Cells that were not executed are not compared."""
    for expected, (number, cell) in enumerate(code_cells(notebook), 1):
        if cell.get("execution_count") != expected:
            yield number, f"execution count is {cell.get('execution_count')}, expected {expected}"


def no_skip_marker(_: str, notebook: Notebook) -> Faults:
    """Every output is compared."""
    for number, cell in enumerate(notebook["cells"], 1):
        tags = set(cell["metadata"].get("tags", []))
        lines = text_of(cell["source"]).splitlines() if cell["cell_type"] == "code" else []
        comments = {line.strip().lstrip("# ").lower().replace("_", "-") for line in lines}
        for marker in sorted((tags | comments) & SKIP_MARKERS):
            yield number, f"{marker} turns the comparison off"


def no_semicolon(_: str, notebook: Notebook) -> Faults:
    """A trailing semicolon hides an output from readers but not from the comparison."""
    for number, cell in code_cells(notebook):
        if any(line.rstrip().endswith(";") for line in text_of(cell["source"]).splitlines()):
            yield number, "a line ends in ';': assign to _ or return None instead"


def plain_metadata(_: str, notebook: Notebook) -> Faults:
    """The notebook is bound to no version of Python and keeps no state of widgets."""
    metadata = notebook["metadata"]
    if "widgets" in metadata:
        yield None, "metadata keeps the state of widgets"
    if metadata.get("kernelspec", {}).get("name") != "python3":
        yield None, "the kernel must be python3"
    if "version" in metadata.get("language_info", {}):
        yield None, "metadata names a version of Python"


def small(_: str, notebook: Notebook) -> Faults:
    """A lesson opens fast and reads well in a difference."""
    size = len(json.dumps(notebook, ensure_ascii=False).encode())
    if size >= LARGEST_NOTEBOOK:
        yield None, f"has {size:,} bytes; fewer than {LARGEST_NOTEBOOK:,} are allowed"
