"""The lesson contract: every rule by name, and what a notebook breaks of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from energychain.lessons import cell_rules as cells
from energychain.lessons import output_rules as outputs
from energychain.lessons.normal import Notebook

Rule = Callable[[str, Notebook], cells.Faults]

RULES: dict[str, Rule] = {
    "front-matter": cells.front_matter,
    "one-role": cells.one_role,
    "title-first": cells.title_first,
    "order": cells.order,
    "parts": cells.every_part,
    "setup": cells.same_beginning,
    "rounds": cells.rounds,
    "short-code": cells.short_code,
    "executed": cells.executed_in_order,
    "no-surprises": outputs.no_surprises,
    "no-skip": cells.no_skip_marker,
    "no-script": outputs.no_script,
    "no-address": outputs.no_addresses,
    "no-path": outputs.no_paths,
    "chart-complete": outputs.charts_are_complete,
    "chart-compiles": outputs.charts_compile,
    "witness": outputs.explorers_are_witnessed,
    "metadata": cells.plain_metadata,
    "no-semicolon": cells.no_semicolon,
    "numbers": outputs.numbers_from_code,
    "size": cells.small,
}


@dataclass(frozen=True)
class Finding:
    """One thing to mend in one lesson."""

    notebook: str
    cell: int | None
    """Counted from 1 over all cells; None for the notebook as a whole."""
    rule: str
    message: str

    def __str__(self) -> str:
        where = self.notebook if self.cell is None else f"{self.notebook}, cell {self.cell}"
        return f"{where}: {self.rule}: {self.message}"


def lint(name: str, notebook: Notebook) -> list[Finding]:
    """Everything in which a lesson breaks the contract; `name` is its file's name."""
    return [
        Finding(name, cell, rule, message)
        for rule, faults in RULES.items()
        for cell, message in faults(name, notebook)
    ]


def stray_files(names: Iterable[str]) -> list[Finding]:
    """Files beside the lessons that would soften the comparison of outputs."""
    message = "a sanitize file hides differences; make the output stable instead"
    return [
        Finding(name, None, "sanitize", message) for name in sorted(names) if "sanitize" in name
    ]
