"""`energychain double-spend`: how probable it is that a payment is taken back."""

from typing import Annotated

import typer

from energychain.cli.terminal import AsJson, app, number, print_json, print_table
from energychain.consensus.double_spend import (
    LEVEL,
    RUNS,
    SEED,
    Odds,
    check,
    confirmations_for,
    odds,
)
from energychain.primitives.refusals import BadInput


@app.command("double-spend")
def double_spend_command(
    share: Annotated[
        str,
        typer.Option(help="The attacker's share of all computing power, above 0 and at most 1."),
    ],
    confirmations: Annotated[str, typer.Option(help="Blocks that confirm the payment, from 0.")],
    runs: Annotated[str, typer.Option(help="Races in the simulation.")] = str(RUNS),
    seed: Annotated[str, typer.Option(help="From which they are drawn, from 0.")] = str(SEED),
    as_json: AsJson = False,
) -> None:
    """Say how probable a double spend is: by two formulas and by simulation."""
    q, z = number(share, "--share"), _whole(confirmations, "--confirmations")
    check(q, z)
    found = odds(q, z, _whole(runs, "--runs"), _whole(seed, "--seed"))
    if as_json:
        print_json(vars(found))
    else:
        _print(found)


def _whole(text: str, option: str) -> int:
    # Python's own reading takes "1_000" and other alphabets' digits too.
    if not (text.isascii() and text.removeprefix("-").isdigit()) or len(text) > 18:
        raise BadInput(f"{option}: expected a whole number, found {text!r}")
    return int(text)


def _print(found: Odds) -> None:
    low, high = found.interval
    print(
        f"An attacker with {found.share:.4%} of the power, a payment with"
        f" {found.confirmations} confirmations: the probability that it is taken back"
    )
    print_table(
        ("by", "probability", ""),
        [
            ("Nakamoto's formula", f"{found.nakamoto:.7f}", "Nakamoto (2009)"),
            ("the exact formula", f"{found.exact:.7f}", "Grunspan & Pérez-Marco (2018)"),
            (
                "simulation",
                f"{found.simulated:.7f}",
                f"{found.runs:,} races; {low:.7f} to {high:.7f}, {LEVEL:.1%} sure",
            ),
        ],
    )
    if found.share < 0.5:
        print(f"\nFor less than 0.1 %: {_needed(found.share)}.")
    else:
        print("\nWith half of the power or more, no number of confirmations helps.")


def _needed(share: float) -> str:
    try:
        return f"{confirmations_for(share):,} confirmations by the exact formula"
    except BadInput as refusal:
        return str(refusal)
