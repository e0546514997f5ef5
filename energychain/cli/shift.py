"""`energychain shift`: the two-stage market on a community, and what its load becomes."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from energychain import datasets
from energychain.cli.terminal import (
    AsJson,
    app,
    meters_of,
    number,
    one_of,
    print_json,
    print_table,
)
from energychain.grid.profiles import aligned, read_prices
from energychain.primitives.refusals import BadInput
from energychain.studies.community import ADDER, Community, community, from_files
from energychain.studies.load_shifting import CURES, Cure, Figures, TwoStage, run

DAY = "2016-07-04"
"""Of the packaged community, if none is asked for."""


NO_CURE = "none"
"""Everybody follows the price alone."""


@app.command("shift")
def shift_command(
    prices: Annotated[
        Path | None, typer.Option(help="A CSV time,price [per kWh], or time,price_per_mwh.")
    ] = None,
    load: Annotated[
        Path | None,
        typer.Option(help="A CSV time,node,produced_kwh,consumed_kwh, of whole days."),
    ] = None,
    day: Annotated[
        str | None,
        typer.Option(help=f"One day of the file; or of 2016, for the packaged homes ({DAY})."),
    ] = None,
    participation: Annotated[str, typer.Option(help="The share that answers the prices.")] = "0.6",
    movable: Annotated[str, typer.Option(help="The share of the load that can wait.")] = "0.3",
    alpha: Annotated[str, typer.Option(help="Of the DR price, at least 1 (Equation 2).")] = "1",
    elasticity: Annotated[
        str, typer.Option(help="Of the load that cannot wait, 0 or below; at 0 energy only moves.")
    ] = "0",
    adder: Annotated[
        str | None,
        typer.Option(
            help="What import costs above the price, at which energy is exported [per kWh];"
            f" 0 for files, {ADDER} for the packaged homes."
        ),
    ] = None,
    cure: Annotated[
        str,
        typer.Option(
            help=f"What keeps all from choosing one cheap hour: {', '.join(CURES)}, or none."
        ),
    ] = "quota",
    seed: Annotated[int, typer.Option(help="Of who participates and all else drawn.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Let homes move their load to cheap hours: the profile before and after."""
    if seed < 0:
        raise BadInput(f"--seed: expected 0 or more, found {seed}")
    kept = one_of(cure, "--cure", (*CURES, NO_CURE))
    chosen = None if kept == NO_CURE else cast(Cure, kept)
    which = None if day is None else _date(day)
    share = _share(movable, "--movable")
    above = None if adder is None else number(adder, "--adder")
    if above is not None and above < 0:
        raise BadInput(f"--adder: expected 0 or more, found {above:g}")
    terms: dict[str, Any] = {
        "participation": _share(participation, "--participation"),
        "alpha": number(alpha, "--alpha"),
        "elasticity": number(elasticity, "--elasticity"),
    }
    if terms["alpha"] < 1:
        raise BadInput(f"--alpha: expected 1 or more, found {terms['alpha']:g}")
    if terms["elasticity"] > 0:
        raise BadInput(f"--elasticity: expected 0 or below, found {terms['elasticity']:g}")
    homes = _homes(prices, load, which, share, above, seed)
    terms["seed"] = seed
    done = run(homes, **terms, cure=chosen)
    form = _shift_form(done, terms["participation"])
    if as_json:
        print_json(form)
    else:
        _print_shift(done, form)
        if chosen is not None:
            alone = run(homes, **terms).after.peak_kw
            print(f"if all followed the price alone (--cure none): a peak of {alone:.3f} kW")


def _homes(
    prices: Path | None,
    load: Path | None,
    day: date | None,
    movable: float,
    adder: float | None,
    seed: int,
) -> Community:
    if (prices is None) != (load is None):
        given, missing = ("--prices", "--load") if load is None else ("--load", "--prices")
        raise BadInput(f"{given} needs {missing}: without both, the packaged homes are taken")
    if prices is None or load is None:
        above = ADDER if adder is None else adder
        when = day or date.fromisoformat(DAY)
        return community(when, seed=seed, movable_share=movable, adder=above)
    costs = read_prices(datasets.lines_of(prices), prices.name)
    both = aligned(costs, meters_of(load), load.name)
    return from_files(both, movable, adder or 0.0, day, load.name)


def _share(text: str, option: str) -> float:
    share = number(text, option)
    if not 0 <= share <= 1:
        raise BadInput(f"{option}: expected a share from 0 to 1, found {share:g}")
    return share


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"--day: expected a day such as {DAY}, found {text[:40]!r}") from None


def _shift_form(done: TwoStage, participation: float) -> dict[str, Any]:
    before, after = done.before, done.after
    return {
        "participation": participation,
        "peak_before_kw": before.peak_kw,
        "peak_after_kw": after.peak_kw,
        "par_before": before.par,
        "par_after": after.par,
        "energy_before_kwh": before.energy_kwh,
        "energy_after_kwh": after.energy_kwh,
        "cost_before": before.cost,
        "cost_after": after.cost,
        "price_load_correlation": done.price_load_correlation,
        "aggregator_gap_percent": done.gap_percent,
    }


def _print_shift(done: TwoStage, form: dict[str, Any]) -> None:
    def column(found: Figures) -> list[str]:
        ratio = "-" if found.par is None else f"{found.par:.3f}"
        powers = (found.peak_kw, found.deviation_kw, found.import_peak_kw)
        peak, deviation, imported = (f"{power:.3f}" for power in powers)
        return [peak, ratio, deviation, imported, f"{found.energy_kwh:.6f}", f"{found.cost:.2f}"]

    names = (
        "peak kW",
        "peak to average",
        "standard deviation kW",
        "peak of the import kW",
        "energy kWh",
        "cost",
    )
    print_table(
        ("", "before", "after"),
        list(zip(names, column(done.before), column(done.after), strict=True)),
    )
    follows, gap = form["price_load_correlation"], form["aggregator_gap_percent"]
    homes = done.community
    print(
        f"\n{len(homes)} homes, {homes.days} {'day' if homes.days == 1 else 'days'} from"
        f" {homes.times[0]}; {int(done.participates.sum())} answer the prices"
        f"\ncorrelation of price and load: {'-' if follows is None else f'{follows:.3f}'}"
        "\ndearer than an aggregator that knows everything:"
        f" {'-' if gap is None else f'{gap:.3f} %'}"
    )
