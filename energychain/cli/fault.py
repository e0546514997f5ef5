"""`energychain fault`: a fault on a line of a DC microgrid, and the relay that watches it."""

from typing import Annotated, Any

import typer
from numpy import isnan, nanmean

from energychain.cli.terminal import AsJson, app, number, one_of, print_json, print_table
from energychain.grid.dc_line import SETS, WINDOW, Fault, Waveforms, solve
from energychain.grid.relay import RELAYS, Sampling, isolation_over_phases
from energychain.primitives.refusals import BadInput, Refusal


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
    line = SETS[one_of(set_, "--set", SETS)]
    times = [number(text.strip(), "--at-ms") for text in at_ms.split(",")]
    for time in times:
        if not 0 <= time <= WINDOW * 1e3:
            raise BadInput(f"--at-ms: expected 0 to {WINDOW * 1e3:g}, found {time:g}")
    chosen = one_of(relay, "--relay", RELAYS)
    case = Fault(number(resistance, "--resistance"), number(location, "--location"))
    try:
        form = _fault_form(solve(line, case), chosen, times)
    except Refusal as refusal:
        raise BadInput(str(refusal)) from None
    if as_json:
        print_json(form)
    else:
        _print_fault(form)


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
    print_table(
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
