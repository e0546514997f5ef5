"""`energychain reproduce`: every published number beside ours."""

from typing import Annotated

import typer

from energychain.cli.terminal import BROKEN, AsJson, app, print_json, print_table
from energychain.primitives.refusals import BadInput
from energychain.studies import STUDIES
from energychain.studies.claims import Claim, summary


@app.command()
def reproduce(
    studies: Annotated[
        list[str] | None, typer.Argument(help=f"Some of: {', '.join(STUDIES)}. All, if none.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print every published number beside ours; exit 0 only if each is explained."""
    for study in studies or ():
        if study not in STUDIES:
            raise BadInput(f"there is no study {study!r}; there are {', '.join(STUDIES)}")
    claims = [claim for study in studies or STUDIES for claim in STUDIES[study]()]
    if as_json:
        print_json({"claims": [vars(claim) for claim in claims]})
    else:
        _print_claims(claims)
    if not all(claim.explained for claim in claims):
        raise typer.Exit(BROKEN)


def _print_claims(claims: list[Claim]) -> None:
    for source in dict.fromkeys(claim.source for claim in claims):
        print(f"\n{source}")
        rows = [claim for claim in claims if claim.source == source]
        print_table(
            ("quantity", "printed", "computed", "unit", "verdict"),
            [(c.quantity, c.printed, c.computed, c.unit, c.verdict) for c in rows],
        )
    noted = [claim for claim in claims if claim.verdict in ("erratum", "fitted", "differs")]
    if noted:
        print("\nWhy they differ")
    for claim in noted:
        print(f"  {claim.quantity}: printed {claim.printed}, {claim.verdict}. {claim.note}")
    balances = [claim for claim in claims if claim.id.startswith("token_day.balance.")]
    if balances:
        done = sum(claim.verdict == "reproduced" for claim in balances)
        print(f"\nToken balances of Table 2: {done} of {len(balances)} reproduced.")
    print(f"All claims: {summary(claims)}.")
