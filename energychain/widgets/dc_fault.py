"""
A fault on a DC line, hands on: an explorer in which one places the fault and chooses the relay
that watches it.
"""

from dataclasses import dataclass, replace
from typing import Any

import ipywidgets as widgets
import numpy as np

from energychain.charts import dc_fault as charts
from energychain.charts.theme import Picture
from energychain.grid.dc_line import SET_B, Fault, Line, LoadStep, Waveforms, solve
from energychain.grid.relay import RELAYS, Sampling, Seen, Trip, let_through, measure, watch
from energychain.widgets.explorer import Explorer, View, labelled

UNTIL = 6.0
"""Charts show so much of what happens [ms]."""

SEED = 1
"""Of the noise: the same for every state, so that only what is touched changes."""

NOISES = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
"""What may be chosen [mA]."""

RELAY_WORDS = {
    "rule (6) as printed": "literal",
    "rule (6), guarded": "guarded",
    "plain difference": "differential",
}
"""The relays, in words."""


# --- a case that is watched -----------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Watched:
    """What happens on a line, what a relay sees of it, and what it does."""

    waves: Waveforms
    seen: Seen
    trip: Trip | None

    @property
    def internal(self) -> bool:
        """Whether there is a fault on the line itself, so that a trip is right."""
        return isinstance(self.waves.case, Fault) and self.waves.case.internal

    @property
    def energy(self) -> float:
        """What went into the fault until the line was isolated, or in 10 ms [J]."""
        return let_through(self.waves, self.trip)

    @property
    def false_trip(self) -> bool:
        """Whether the relay tripped with no fault on the line, or before there was one."""
        return self.trip is not None and (not self.internal or self.trip.time < 0)

    def currents(self) -> Picture:
        """What flows, with the trip and the open breakers, as a chart."""
        trip = self.trip
        return charts.currents(
            current_rows(self.waves),
            trip_ms=trip.ms if trip else None,
            isolated_ms=trip.isolated_ms if trip else None,
            energy_j=self.energy if self.internal else None,
            events=[(one.name, one.ms) for one in self.waves.events if one.ms <= UNTIL],
        )

    def rule(self) -> Picture:
        """Both sides of rule (6) and what the relay asks for, as a chart."""
        return charts.rule(
            [row for row in self.seen.rows() if float(row["ms"] or 0.0) <= UNTIL + 1e-9],
            relay=self.seen.relay,
            trip_ms=self.trip.ms if self.trip else None,
        )

    def __repr__(self) -> str:
        return f"<{_named(self.waves.case)}: {outcome(self)}>"


def watched(
    line: Line, case: Fault | LoadStep | None, relay: str = "guarded", noise_ma: float = 0.0
) -> Watched:
    """A case on a line, watched by a relay through so much noise [mA].

    >>> watched(SET_B, Fault(resistance=1.0, location=0.33))
    <a 1 ohm fault at 33 % of the line: trip at 1.30 ms, isolated at 1.42 ms, 1.50 J let through>
    >>> watched(SET_B, LoadStep(-1.0), "literal")
    <a load of 1 A switched off: tripped at 0.08 ms, with no fault on the line>

    Raises :class:`~energychain.primitives.refusals.BadInput` for an unknown relay.
    """
    waves = solve(line, case)
    samples = measure(waves, Sampling(noise_a=noise_ma / 1e3), np.random.default_rng(SEED))
    trip = watch(samples, relay)
    return Watched(waves, trip.seen if trip else RELAYS[relay].see(samples), trip)


def outcome(case: Watched) -> str:
    """What a relay did, in words."""
    if case.trip is None:
        if not case.internal:
            return "no trip, as it should be"
        return f"never tripped: {case.energy:.2f} J let through in 10 ms"
    if case.false_trip:
        why = "before the fault" if case.internal else "with no fault on the line"
        return f"tripped at {case.trip.ms:.2f} ms, {why}"
    return (
        f"trip at {case.trip.ms:.2f} ms, isolated at {case.trip.isolated_ms:.2f} ms,"
        f" {case.energy:.2f} J let through"
    )


def _named(case: Fault | LoadStep | None) -> str:
    if case is None:
        return "a healthy line"
    if isinstance(case, LoadStep):
        turned = "on" if case.current > 0 else "off"
        where = "" if case.bus == 2 else " at bus 1"
        return f"a load of {abs(case.current):g} A switched {turned}{where}"
    return f"a {case.resistance:.3g} ohm fault {_where(case.location)}"


def _where(place: float) -> str:
    if 0 < place < 1:
        return f"at {place:.0%} of the line".replace("%", " %")
    if place in (0, 1):
        return f"at bus {1 + place:g} itself"
    return "beyond bus 2" if place > 1 else "behind bus 1"


def current_rows(waves: Waveforms) -> list[dict[str, float]]:
    """What flows from 1 ms before the event on; the line was at rest."""
    through = waves.line.before[0]
    rest = {"i1": through, "i2": -through, "i_f": 0.0}
    shown = waves.ms <= UNTIL + 1e-9
    curves = (waves.ms, waves.i1, waves.i2, waves.i_f)
    return [
        {"ms": -1.0, **rest},
        {"ms": 0.0, **rest},
        *(
            dict(zip(("ms", "i1", "i2", "i_f"), values, strict=True))
            for values in zip(*(curve[shown].tolist() for curve in curves), strict=True)
        ),
    ]


# --- the explorer ---------------------------------------------------------------------


class FaultExplorer(Explorer):
    """A fault of any resistance, anywhere on the line of set B or beside it, with more or less
    load and noise, and one of three relays.

    >>> explorer = FaultExplorer()
    >>> explorer.controls["location"].value = 1.2
    >>> explorer.status
    'A 1 ohm fault beyond bus 2, not on this line: up to 19.56 A from bus 1. Rule (6), guarded: \
no trip, as it should be.'
    """

    def __init__(self, *, prediction: str = "") -> None:
        super().__init__(
            "When does a relay open the line, and what got through by then?",
            self._controls(),
            self._look,
            prediction=prediction,
        )

    def _controls(self) -> dict[str, Any]:
        return {
            "resistance": labelled(
                widgets.FloatLogSlider,
                "Resistance (ohm)",
                value=1.0,
                base=10,
                min=-1.5,
                max=2.5,
                step=0.05,
                readout_format=".3g",
            ),
            "location": labelled(
                widgets.FloatSlider,
                "Place (line: 0 to 1)",
                value=0.33,
                min=-0.9,
                max=1.9,
                step=0.01,
                readout_format=".2f",
            ),
            "load_a": labelled(
                widgets.FloatSlider,
                "Load (A)",
                value=1.7,
                min=0.1,
                max=6.0,
                step=0.1,
                readout_format=".1f",
            ),
            "noise_ma": labelled(
                widgets.SelectionSlider,
                "Noise (mA)",
                options=[(f"{noise:g}", noise) for noise in NOISES],
                value=0.0,
            ),
            "relay": labelled(
                widgets.Dropdown, "Relay", options=list(RELAY_WORDS.items()), value="guarded"
            ),
        }

    def watched(self) -> Watched:
        """The case as the controls stand."""
        return self._watched(**self.values)

    def _watched(
        self, resistance: float, location: float, load_a: float, noise_ma: float, relay: str
    ) -> Watched:
        line = replace(SET_B, load_current=load_a)
        return watched(line, Fault(_ohms(resistance), round(location, 2)), relay, noise_ma)

    def _look(self, **values: Any) -> View:
        case = self._watched(**values)
        return View((case.currents(), case.rule()), _status(case), _code_for(**values))


def _ohms(resistance: float) -> float:
    """To three digits: a slider stands at 0.9999999999 where it means 1."""
    return float(f"{resistance:.3g}")


def _status(case: Watched) -> str:
    words = {name: said for said, name in RELAY_WORDS.items()}[case.seen.relay]
    beside = "" if case.internal else ", not on this line"
    shown = case.waves.ms <= UNTIL + 1e-9
    peak = float(case.waves.i1[shown].max())
    fault = _named(case.waves.case)
    return (
        f"{fault[0].upper()}{fault[1:]}{beside}: up to {peak:.2f} A from bus 1."
        f" {words[0].upper()}{words[1:]}: {outcome(case)}."
    )


def _code_for(
    resistance: float, location: float, load_a: float, noise_ma: float, relay: str
) -> str:
    fault = f"Fault({_ohms(resistance):g}, {round(location, 2):g})"
    return "\n".join(
        [
            "from dataclasses import replace",
            "from energychain.grid.dc_line import SET_B, Fault",
            "from energychain.widgets.dc_fault import watched",
            "",
            f"line = replace(SET_B, load_current={load_a:g})",
            f'case = watched(line, {fault}, "{relay}", noise_ma={noise_ma:g})',
            "display(case.currents())",
            "case.rule()",
        ]
    )
