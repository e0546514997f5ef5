"""
The commands. JSON goes to standard output alone, everything else to standard error.
Bad input ends with exit code 2 and one sentence; nothing is written then.
"""

import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

import typer
from numpy import isnan, nanmean

from energychain import __version__, datasets
from energychain.consensus.work import check_work
from energychain.contracts import BUSINESS_MODELS, CONTRACTS
from energychain.grid.dc_line import SETS, WINDOW, Fault, Waveforms, solve
from energychain.grid.metering import Meters, read_meters
from energychain.grid.relay import RELAYS, Sampling, isolation_over_phases
from energychain.ledger import saved
from energychain.ledger.chain import Chain, InvalidBlock
from energychain.markets.clearing import Clearing, Infeasible
from energychain.markets.fixed_price import SPLITS
from energychain.markets.orders import DECIMALS, MOST, read_book
from energychain.markets.rules import RULES, named
from energychain.primitives.refusals import BadInput, Refusal
from energychain.primitives.units import kwh, plain, to_units, tokens
from energychain.studies import STUDIES, token_day
from energychain.studies.claims import Claim, summary

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
ledger_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Look into a saved chain."
)
app.add_typer(ledger_app, name="ledger")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

BROKEN, BAD_INPUT = 1, 2

MOST_ROWS = 96
"""A longer table is cut: JSON has all of it."""


def main() -> None:
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


# --- reproduce ------------------------------------------------------------------------


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
        _print_json({"claims": [vars(claim) for claim in claims]})
    else:
        _print_claims(claims)
    if not all(claim.explained for claim in claims):
        raise typer.Exit(BROKEN)


def _print_claims(claims: list[Claim]) -> None:
    for source in dict.fromkeys(claim.source for claim in claims):
        print(f"\n{source}")
        rows = [claim for claim in claims if claim.source == source]
        _print_table(
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


# --- token day ------------------------------------------------------------------------


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
        mwh_per_token=_amount(wh_per_token, 3, "--wh-per-token"),
        opening_tokens=_amount(opening, 3, "--tokens", least=0),
        split=_one_of(split, "--split", SPLITS),
    )
    readings = token_day.testbed_meters() if meters is None else _read(meters)
    with _progress("settling", len(readings)) as advance:
        day = token_day.run(readings, terms, advance)
    if save is not None:
        _save(day.chain, save)
    for refused in day.refused[:20]:
        print(refused, file=sys.stderr)
    if len(day.refused) > 20:
        print(f"... and {len(day.refused) - 20} more refusals", file=sys.stderr)
    if as_json:
        _print_json(_day_form(day))
    else:
        _print_day(day)


def _read(path: Path) -> Meters:
    readings = read_meters(datasets.lines_of(path), file=path.name)
    if readings.rounded:
        print(
            f"{path.name}: {readings.rounded} numbers finer than 0.000001 kWh were rounded",
            file=sys.stderr,
        )
    return readings


def _amount(text: str, decimals: int, option: str, least: int = 1) -> int:
    try:
        amount = to_units(text, decimals)
    except BadInput as fault:
        raise BadInput(f"{option}: {fault}") from None
    if amount < least:
        raise BadInput(f"{option}: expected {'more than' if least else 'at least'} 0, found {text}")
    return amount


def _one_of(text: str, option: str, known: Any) -> str:
    if text not in known:
        raise BadInput(f"{option}: expected one of {', '.join(known)}; found {text!r}")
    return text


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
    _print_table(
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
    _print_table(
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


# --- clear ----------------------------------------------------------------------------


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
    with _progress("reading lines", None) as advance:
        lines = _counted(datasets.lines_of(orders), advance)
        book = read_book(lines, orders.name, highest)
    try:
        clearing = chosen.answer(book, **given)
    except Infeasible:
        raise  # a fault of ours, not of the book
    except Refusal as refusal:
        raise BadInput(str(refusal), file=orders.name) from None
    if as_json:
        _print_json(clearing.as_json())
    else:
        _print_clearing(clearing)
    for warning in clearing.warnings:
        print(f"note: {warning}", file=sys.stderr)


def _counted(lines: Iterable[str], advance: Callable[[int], None]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        if number % 10_000 == 0:
            advance(number)
        yield line


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
    _print_table(
        ("order", "trader", "side", "quantity", "limit", "trades"),
        [
            (each.id, each.trader, each.side, *map(shown, (each.quantity, each.price, fill)))
            for each, fill in wanted
        ],
    )
    print("\nPayments (a negative one is received)")
    payments = list(clearing.payments_by_trader().items())[:MOST_ROWS]
    _print_table(("trader", "pays"), [(name, shown(paid, 12)) for name, paid in payments])
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


# --- fault ----------------------------------------------------------------------------


@app.command("fault")
def fault_command(
    resistance: Annotated[str, typer.Option(help="Of the fault [ohm].")],
    location: Annotated[
        str, typer.Option(help="Where: a fraction of the line from bus 1; from 1 to 2 beyond it.")
    ],
    set_: Annotated[str, typer.Option("--set", help="The fitted line: B or U.")] = "B",
    relay: Annotated[str, typer.Option(help=f"One of: {', '.join(RELAYS)}.")] = "guarded",
    at_ms: Annotated[
        str, typer.Option(help="When to print the currents and voltages [ms].")
    ] = "0.1,0.5,1,2,5",
    as_json: AsJson = False,
) -> None:
    """Solve a fault on the DC line exactly, and let a relay watch it; 10 ms from the fault."""
    line = SETS[_one_of(set_, "--set", SETS)]
    times = [_float(text.strip(), "--at-ms") for text in at_ms.split(",")]
    for time in times:
        if not 0 <= time <= WINDOW * 1e3:
            raise BadInput(f"--at-ms: expected 0 to {WINDOW * 1e3:g}, found {time:g}")
    chosen = _one_of(relay, "--relay", RELAYS)
    case = Fault(_float(resistance, "--resistance"), _float(location, "--location"))
    try:
        form = _fault_form(solve(line, case), chosen, times)
    except Refusal as refusal:
        raise BadInput(str(refusal)) from None
    if as_json:
        _print_json(form)
    else:
        _print_fault(form)


def _float(text: str, option: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise BadInput(f"{option}: expected a number, found {text!r}") from None
    if not isfinite(number):
        raise BadInput(f"{option}: expected a finite number, found {text!r}")
    return number


def _fault_form(waves: Waveforms, relay: str, times: list[float]) -> dict[str, Any]:
    peaks, rule6 = waves.peaks, waves.rule6()
    isolated = _isolated(waves, relay)
    seen = waves.at([time / 1e3 for time in times])
    return {
        "i1_peak_a": peaks["i1"].value,
        "i1_peak_ms": peaks["i1"].ms,
        "i2_peak_a": peaks["i2"].value,
        "if_peak_a": peaks["i_f"].value,
        "events": [{"name": event.name, "ms": event.ms} for event in waves.events],
        "samples": {"ms": times} | {name: seen[name].tolist() for name in ("i1", "i2", "v1", "v2")},
        "rule6_ms": None if rule6 is None else rule6 * 1e3,
        "trip_ms": None if isolated is None else (isolated - Sampling().delay) * 1e3,
        "isolated_ms": None if isolated is None else isolated * 1e3,
        "detected_by": None if isolated is None else "primary",
        "let_through_j": waves.energy(isolated).fault,
    }


def _isolated(waves: Waveforms, relay: str) -> float | None:
    """When the line is isolated [s]: the mean over where the fault may fall between two
    samples, which nobody can know.
    """
    found = isolation_over_phases(waves, relay)
    return None if isnan(found).all() else min(float(nanmean(found)), WINDOW)


def _print_fault(form: dict[str, Any]) -> None:
    samples = form["samples"]
    names = ("ms", "i1", "i2", "v1", "v2")
    _print_table(
        ("ms", "i1 A", "i2 A", "v1 V", "v2 V"),
        [
            tuple(f"{value:.6g}" for value in row)
            for row in zip(*(samples[name] for name in names), strict=True)
        ],
    )
    print(f"\ni1 peaks at {form['i1_peak_a']:.6g} A after {form['i1_peak_ms']:.6g} ms")
    for event in form["events"]:
        print(f"{event['name']} after {event['ms']:.6f} ms")
    if form["trip_ms"] is None:
        print("the relay does not trip")
    else:
        print(
            f"the relay trips after {form['trip_ms']:.4g} ms; isolated after"
            f" {form['isolated_ms']:.4g} ms, {form['let_through_j']:.4g} J let through"
        )


# --- ledger ---------------------------------------------------------------------------


@ledger_app.command("verify")
def verify(
    path: Annotated[Path, typer.Argument(help="A saved chain.")], as_json: AsJson = False
) -> None:
    """Ask every rule about every block; exit 1 and name the broken rule if one is."""
    try:
        with _progress("verifying", None) as advance:
            chain = _load(path, advance)
    except InvalidBlock as fault:
        if as_json:
            _print_json({"valid": False, "height": _height_below(fault), "broken": _fault(fault)})
        else:
            print(f"{path.name}: {_where(fault)} breaks the rule '{fault.rule}': {fault}")
        raise typer.Exit(BROKEN) from None
    if as_json:
        _print_json({"valid": True, "height": chain.height, "broken": None})
    else:
        print(
            f"{path.name}: all rules hold for {chain.height} blocks and"
            f" {sum(1 for _ in chain.transactions())} transactions; head {chain.head.hash.hex()}"
        )


def _height_below(fault: InvalidBlock) -> int:
    """The height up to which all rules hold."""
    return max((fault.block or 0) - 1, 0)


def _fault(fault: InvalidBlock) -> dict[str, object]:
    return {
        "rule": fault.rule,
        "block": fault.block,
        "transaction": fault.transaction,
        "message": str(fault),
    }


def _where(fault: InvalidBlock) -> str:
    block = f"block {fault.block}"
    return block if fault.transaction is None else f"transaction {fault.transaction} of {block}"


@ledger_app.command("show")
def show(path: Annotated[Path, typer.Argument(help="A saved chain.")]) -> None:
    """Print the blocks of a saved chain."""
    try:
        chain = _load(path, None)
    except InvalidBlock as fault:
        print(
            f"energychain: {path.name}: {_where(fault)} breaks the rule '{fault.rule}': {fault}",
            file=sys.stderr,
        )
        raise typer.Exit(BROKEN) from None
    _print_table(
        ("height", "time s", "hash", "miner", "transactions", "refused", "gas"),
        [
            (
                str(block.height),
                str(block.header.time),
                block.hash.hex()[:16],
                chain.name(block.header.miner),
                str(len(block.transactions)),
                str(sum(not receipt.done for receipt in receipts)),
                f"{sum(receipt.gas_used for receipt in receipts):,}",
            )
            for block, receipts in zip(chain.blocks, chain.receipts, strict=True)
        ],
    )


def _load(path: Path, advance: Callable[[int], None] | None) -> Chain:
    return saved.load(path, {**BUSINESS_MODELS, **CONTRACTS}, check_work, advance)


# --- lab ------------------------------------------------------------------------------


@app.command()
def lab(
    folder: Annotated[
        Path, typer.Option(help="Where an installed package puts its copy of the lessons.")
    ] = Path("energychain-lessons"),
) -> None:
    """Open JupyterLab on the lessons."""
    try:
        from jupyterlab.labapp import LabApp
    except ImportError:
        raise BadInput(
            "JupyterLab is not installed: pip install 'energychain[lab]' brings it"
        ) from None
    lessons = _lessons(folder)
    # In a container the only user is often root, whom Jupyter would turn away.
    as_root = ["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    LabApp.launch_instance(argv=[str(lessons / "00_start_here.ipynb"), *as_root])


def _lessons(folder: Path) -> Path:
    """The lessons of a checkout, or a copy of an installed package's that may be edited."""
    package = Path(__file__).parent
    installed = package / "_lessons"
    if not installed.is_dir():
        return package.parent / "lessons"
    folder.mkdir(exist_ok=True)
    for lesson in sorted(installed.glob("*.ipynb")):
        copy = folder / lesson.name
        if not copy.exists():
            copy.write_bytes(lesson.read_bytes())
    return folder


# --- printing -------------------------------------------------------------------------


def _print_json(form: object) -> None:
    # A pipe need not take every letter: then they are escaped, as JSON may.
    readable = (sys.stdout.encoding or "").lower().startswith("utf")
    print(json.dumps(form, indent=2, ensure_ascii=not readable))


def _print_table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
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
def _progress(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


if __name__ == "__main__":
    main()
