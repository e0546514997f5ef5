"""`energychain clear`: a book of orders, cleared by a rule."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from energychain import datasets
from energychain.cli.terminal import (
    MOST_ROWS,
    AsJson,
    app,
    counted,
    print_json,
    print_table,
    progress,
)
from energychain.markets.clearing import Clearing, Infeasible
from energychain.markets.orders import DECIMALS, MOST, read_book
from energychain.markets.rules import RULES, named
from energychain.primitives.refusals import BadInput, Refusal
from energychain.primitives.units import plain, to_units


@app.command("clear")
def clear_command(
    orders: Annotated[
        Path, typer.Argument(help="A CSV id,trader,side,quantity,price[,time,divisible].")
    ],
    rule: Annotated[str, typer.Option(help=f"One of: {', '.join(RULES)}.")],
    point: Annotated[
        str | None,
        typer.Option(help="Where in the price interval: mid, buyer, seller or a number 0 to 1."),
    ] = None,
    ties: Annotated[
        str | None, typer.Option(help="Who is served at equal prices: pro_rata, time or lottery.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The seed of every lottery, 0 or more.")] = None,
    cap: Annotated[
        str | None, typer.Option(help="The highest price; a bid without a price stands there.")
    ] = None,
    fee: Annotated[str | None, typer.Option(help="A grid fee that buyers pay per unit.")] = None,
    import_price: Annotated[
        str | None, typer.Option(help="What energy from outside costs (community, hybrid).")
    ] = None,
    export_price: Annotated[
        str | None, typer.Option(help="What energy sold outside earns (community, hybrid).")
    ] = None,
    pricing: Annotated[
        str | None,
        typer.Option(help="mid_market_rate, bill_sharing or supply_demand_ratio (community)."),
    ] = None,
    pay: Annotated[
        str | None,
        typer.Option(help="What a chosen offer earns: offer, bid or marginal (aggregator)."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Clear a book of orders by a rule, and say what holds for the result."""
    chosen = named(rule)
    if seed is not None and seed < 0:
        raise BadInput(f"--seed: expected 0 or more, found {seed}")
    prices = {"import_price": import_price, "export_price": export_price, "fee": fee}
    words = {"point": point, "ties": ties, "seed": seed, "pricing": pricing, "pay": pay}
    terms = words | {
        name: _price(text, f"--{name.replace('_', '-')}") for name, text in prices.items()
    }
    given: dict[str, Any] = {n: value for n, value in terms.items() if value is not None}
    highest = _price(cap, "--cap")
    with progress("reading lines", None) as advance:
        lines = counted(datasets.lines_of(orders), advance)
        book = read_book(lines, orders.name, highest)
    try:
        clearing = chosen.answer(book, **given)
    except Infeasible:
        raise  # a fault of ours, not of the book
    except Refusal as refusal:
        raise BadInput(str(refusal), file=orders.name) from None
    if as_json:
        print_json(clearing.as_json())
    else:
        _print_clearing(clearing)
    for warning in clearing.warnings:
        print(f"note: {warning}", file=sys.stderr)


def _price(text: str | None, option: str) -> int | None:
    if text is None:
        return None
    try:
        price = to_units(text, DECIMALS)
    except BadInput as fault:
        raise BadInput(f"{option}: {fault}") from None
    if abs(price) > MOST:
        raise BadInput(f"{option}: {text} is too large: expected at most {MOST // 10**DECIMALS:,}")
    return price


def _print_clearing(clearing: Clearing) -> None:
    book = clearing.book

    def shown(amount: int | None, decimals: int = DECIMALS) -> str:
        return "-" if amount is None else plain(amount, decimals)

    wanted = [(each, clearing.fill(each.id)) for each in book.orders[:MOST_ROWS]]
    print_table(
        ("order", "trader", "side", "quantity", "limit", "trades"),
        [
            (each.id, each.trader, each.side, *map(shown, (each.quantity, each.price, fill)))
            for each, fill in wanted
        ],
    )
    print("\nPayments (a negative one is received)")
    payments = list(clearing.payments_by_trader().items())[:MOST_ROWS]
    print_table(("trader", "pays"), [(name, shown(paid, 12)) for name, paid in payments])
    if len(book) > MOST_ROWS:
        print(f"... {len(book)} orders in all: --json prints all")
    interval = clearing.price_interval or (None, None)
    between = (
        f"competitive prices {shown(interval[0])} to {shown(interval[1])}"
        f" ({clearing.clearing_type}; set by {', '.join(clearing.marginal_orders)})"
        if clearing.price_interval
        else "no price at which anybody would trade"
    )
    buy, sell = clearing.price_buy, clearing.price_sell
    print(
        f"\n{named(clearing.rule).title}: {shown(clearing.quantity)} at {shown(clearing.price)}"
        + (f" (buyers {shown(buy)}, sellers {shown(sell)})" if buy != sell else "")
        + f"\n{between}"
        f"\nwelfare {shown(clearing.welfare, 12)} of {shown(clearing.max_welfare, 12)}"
        f" ({clearing.efficiency:.1%}), the operator keeps {shown(clearing.operator_surplus, 12)}"
    )
    held = vars(clearing.properties)
    print(", ".join(f"{name.replace('_', ' ')}: {_word(value)}" for name, value in held.items()))


def _word(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
