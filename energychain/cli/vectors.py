"""`energychain vectors`: published truth, held against our own code."""

import typer

from energychain.cli.terminal import BROKEN, AsJson, app, print_json, print_table
from energychain.studies.vectors import Check, checks, form

VERDICTS = {True: "pass", False: "FAIL", None: "skipped"}


@app.command("vectors")
def vectors_command(as_json: AsJson = False) -> None:
    """Run every published vector against our own code; exit 1 if one fails."""
    found = checks()
    counted = form(found)
    if as_json:
        print_json(counted)
    else:
        _print_checks(found)
        print(f"\n{counted['passed']} passed, {counted['failed']} failed, ", end="")
        print(f"{counted['skipped']} skipped")
    if counted["failed"]:
        raise typer.Exit(BROKEN)


def _print_checks(found: list[Check]) -> None:
    for kind in dict.fromkeys(check.kind for check in found):
        print(f"\n{kind}")
        print_table(
            ("vector", "verdict", "source"),
            [(c.name, VERDICTS[c.passed], c.source) for c in found if c.kind == kind],
        )
    for check in found:
        if check.passed is False:
            print(f"\n{check.kind}, {check.name} ({check.source})")
            print(f"  expected {check.expected}\n  computed {check.computed}")
    noted = [check for check in found if check.note]
    if noted:
        print("\nNotes")
    for kind, note in dict.fromkeys((check.kind, check.note) for check in noted):
        names = "; ".join(c.name for c in noted if (c.kind, c.note) == (kind, note))
        print(f"  {kind}: {note} ({names})")
