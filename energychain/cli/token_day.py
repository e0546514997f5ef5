"""`energychain token-day`: a day of meter readings, traded on a private chain."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from energychain.cli.terminal import (
    MOST_ROWS,
    AsJson,
    amount,
    app,
    meters_of,
    one_of,
    print_json,
    print_table,
    progress,
)
from energychain.ledger import saved
from energychain.ledger.chain import Chain
from energychain.markets.fixed_price import SPLITS
from energychain.primitives.refusals import BadInput
from energychain.primitives.units import kwh, tokens
from energychain.studies import token_day


@app.command("token-day")
def token_day_command(
    meters: Annotated[
        Path | None,
        typer.Option(help="A CSV time,node,produced_kwh,consumed_kwh; the testbed's if none."),
    ] = None,
    wh_per_token: Annotated[str, typer.Option(help="Energy that one token buys [Wh].")] = "150",
    opening: Annotated[
        str, typer.Option("--tokens", help="Tokens that each node buys before.")
    ] = "100",
    split: Annotated[
        str, typer.Option(help="How surplus is divided: 'in order' or 'pro rata'.")
    ] = "in order",
    save: Annotated[Path | None, typer.Option(help="Save the chain to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Trade a day of meter readings on a private chain."""
    terms = token_day.DayTerms(
        mwh_per_token=amount(wh_per_token, 3, "--wh-per-token"),
        opening_tokens=amount(opening, 3, "--tokens", least=0),
        split=one_of(split, "--split", SPLITS),
    )
    readings = token_day.testbed_meters() if meters is None else meters_of(meters)
    with progress("settling", len(readings)) as advance:
        day = token_day.run(readings, terms, advance)
    if save is not None:
        _save(day.chain, save)
    for refused in day.refused[:20]:
        print(refused, file=sys.stderr)
    if len(day.refused) > 20:
        print(f"... and {len(day.refused) - 20} more refusals", file=sys.stderr)
    if as_json:
        print_json(_day_form(day))
    else:
        _print_day(day)


def _save(chain: Chain, path: Path) -> None:
    try:
        saved.save(chain, path)
    except OSError as fault:
        raise BadInput(f"cannot be written: {fault.strerror or fault}", file=str(path)) from None
    print(f"saved {chain.height + 1} blocks to {path}", file=sys.stderr)


def _day_form(day: token_day.Day) -> dict[str, object]:
    return {
        "rows": [
            {
                "time": row.time,
                "node": row.node,
                "surplus_kwh": kwh(row.surplus),
                "sold_kwh": kwh(row.sold),
                "bought_kwh": kwh(row.bought),
                "balance_tokens": tokens(row.balance),
            }
            for row in day.rows
        ],
        "totals": {
            node: {
                "sold_kwh": kwh(total.sold),
                "bought_kwh": kwh(total.bought),
                "unsold_kwh": kwh(total.unsold),
                "balance_tokens": tokens(total.balance),
            }
            for node, total in day.totals.items()
        },
        "refused": [
            {
                "time": refused.time,
                "node": refused.node,
                "due_tokens": tokens(refused.due),
                "owned_tokens": tokens(refused.owned),
            }
            for refused in day.refused
        ],
        "chain": {
            "height": day.chain.height,
            "head": day.chain.head.hash.hex(),
            "transactions": sum(1 for _ in day.chain.transactions()),
            "gas_used": day.chain.gas_used,
        },
    }


def _print_day(day: token_day.Day) -> None:
    rows = [row for row in day.rows if row.sold or row.bought or row.surplus]
    print_table(
        ("time", "node", "surplus kWh", "sold kWh", "bought kWh", "tokens"),
        [
            (
                row.time,
                row.node,
                kwh(row.surplus),
                kwh(row.sold),
                kwh(row.bought),
                tokens(row.balance),
            )
            for row in rows[:MOST_ROWS]
        ],
    )
    if len(rows) > MOST_ROWS:
        print(f"... and {len(rows) - MOST_ROWS} more rows: --json prints all")
    print("\nIn all")
    print_table(
        ("node", "sold kWh", "bought kWh", "unsold kWh", "tokens"),
        [
            (node, kwh(t.sold), kwh(t.bought), kwh(t.unsold), tokens(t.balance))
            for node, t in day.totals.items()
        ],
    )
    chain = day.chain
    print(
        f"\n{sum(1 for _ in chain.transactions())} transactions in {chain.height} blocks,"
        f" {chain.gas_used:,} gas, head {chain.head.hash.hex()}"
    )
