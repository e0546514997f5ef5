"""`energychain fault`: a fault on a line of a DC microgrid, and the relay that watches it."""

from typing import Annotated, Any

import typer

from energychain.cli.terminal import AsJson, app, number, one_of, print_json, print_table
from energychain.grid.attacks import DEFENCES
from energychain.grid.dc_line import WINDOW, Fault
from energychain.grid.relay import RELAYS
from energychain.primitives.refusals import BadInput, Refusal
from energychain.studies.dc_fault import LEDGER_DELAY, attack_named, form
from energychain.studies.dc_fault_fit import FITS

PATHS = ("primary", "ledger")


@app.command("fault")
def fault_command(
    resistance: Annotated[str, typer.Option(help="Of the fault [ohm].")],
    location: Annotated[
        str, typer.Option(help="Where: a fraction of the line from bus 1; from 1 to 2 beyond it.")
    ],
    set_: Annotated[str, typer.Option("--set", help="The fitted line: B or U.")] = "B",
    relay: Annotated[str, typer.Option(help=f"One of: {', '.join(RELAYS)}.")] = "guarded",
    attack: Annotated[
        str | None, typer.Option(help="What somebody does to the relay's link, by name.")
    ] = None,
    defence: Annotated[
        str, typer.Option(help="Whether the relay checks its messages: on or off.")
    ] = "on",
    path: Annotated[
        str,
        typer.Option(help="What the relay hears: its link (primary), or the ledger too (ledger)."),
    ] = "primary",
    ledger_delay_ms: Annotated[
        str, typer.Option(help="How much later the ledger has a measurement [ms].")
    ] = f"{LEDGER_DELAY * 1e3:g}",
    seed: Annotated[int, typer.Option(help="The seed of the attack, 0 or more.")] = 0,
    at_ms: Annotated[
        str, typer.Option(help="When to print the currents and voltages [ms].")
    ] = "0.1,0.5,1,2,5",
    as_json: AsJson = False,
) -> None:
    """Solve a fault on the DC line exactly, and let a relay watch it; 10 ms from the fault."""
    fit = FITS[one_of(set_, "--set", FITS)]
    times = [number(text.strip(), "--at-ms") for text in at_ms.split(",")]
    for time in times:
        if not 0 <= time <= WINDOW * 1e3:
            raise BadInput(f"--at-ms: expected 0 to {WINDOW * 1e3:g}, found {time:g}")
    chosen = one_of(relay, "--relay", RELAYS)
    case = Fault(number(resistance, "--resistance"), number(location, "--location"))
    delay = number(ledger_delay_ms, "--ledger-delay-ms")
    if delay < 0:
        raise BadInput(f"--ledger-delay-ms: expected at least 0, found {ledger_delay_ms}")
    if seed < 0:
        raise BadInput(f"--seed: expected 0 or more, found {seed}")
    try:
        found = form(
            fit.line,
            case,
            relay=chosen,
            attack=None if attack is None else attack_named(attack),
            defended=DEFENCES[one_of(defence, "--defence", DEFENCES)],
            path="ledger" if one_of(path, "--path", PATHS) == "ledger" else "primary",
            ledger_delay=delay / 1e3,
            sampling=fit.sampling,
            seed=seed,
            times_ms=times,
        )
    except Refusal as refusal:
        raise BadInput(str(refusal)) from None
    if as_json:
        print_json(found)
    else:
        _print_fault(found)


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
    if form["attack"] is not None:
        print(f"attack: {form['attack']}, defence {'on' if form['defended'] else 'off'}")
    if form["caught_by"]:
        print(f"the first sign of it: {form['caught_by']}, {form['caught_ms']:.4g} ms")
    if form["trip_ms"] is None:
        print("the relay does not trip")
    else:
        print(
            f"the relay trips after {form['trip_ms']:.4g} ms ({form['detected_by']}); isolated"
            f" after {form['isolated_ms']:.4g} ms, {form['let_through_j']:.4g} J let through"
        )
