"""One home on the day of an event, hands on: a baseline to be guessed, answered, and gamed."""

from collections.abc import Mapping
from typing import Any

import ipywidgets as widgets

from energychain.charts import demand_response as charts
from energychain.studies.event_day import HOME, RULES, EventDay, net_gain, play
from energychain.widgets.explorer import Explorer, Table, View, labelled

HEIGHT = 240
"""Of the day's plot [pixel]: the sentence below it stays on the screen."""

DEFAULTS: Mapping[str, Any] = {
    "rule": "ten in ten, cap 20 %",
    "ask": 30,
    "answer": 15,
    "inflation": 30,
    "incentive": 1.0,
}
"""What is set at first, and what the code leaves out."""


class EventDayExplorer(Explorer):
    """One home, one evening event: who guesses the baseline, how much is asked for, how much it
    really saves, how much it inflated the two weeks before, and what a kWh is paid.

    ``home`` is one of :data:`~energychain.studies.demand_response.HOMES`.

    >>> explorer = EventDayExplorer()
    >>> explorer.controls["incentive"].value = 5
    >>> explorer.status
    'Asked to use 1.40 kWh less, H0-A really used 0.50 kWh less. It is paid for 1.27 kWh, of\
 which it did not do 0.76, and fined for 0.13: it gets 6.00 €. The inflation brings 6.16 €,\
 and wastes 10.7 kWh for 3.22 €: it gains 2.94 €.'
    """

    def __init__(self, home: str = HOME, *, prediction: str = "") -> None:
        self.home = home
        # The axis is as high as the highest baseline that can be set, so that nothing jumps.
        worst = (play(home, rule, inflation=MOST_INFLATION) for rule in RULES)
        self._top = 1.08 * max(max(*day.baseline, *day.would) for day in worst) / 1e6
        super().__init__(
            "What is a home paid for that was asked to use less?",
            _controls(),
            self._look,
            prediction=prediction,
        )

    def day(self) -> EventDay:
        """The event as the controls stand."""
        return self._day(**self.values)

    def _day(self, rule: str, ask: int, answer: int, inflation: int, incentive: float) -> EventDay:
        return play(self.home, rule, ask, answer, inflation, round(incentive * 1_000_000))

    def _look(self, **values: Any) -> View:
        day = self._day(**values)
        honest = self._day(**{**values, "inflation": 0})
        gain = net_gain(day, honest)
        more = day.paid - honest.paid
        rows = [
            {"what": "paid more, for the inflation", "euro": more / 1e6},
            {"what": "energy that it wasted", "euro": (gain - more) / 1e6},
            {"what": "gained by cheating", "euro": gain / 1e6},
        ]
        return View(
            (charts.event_day(day.records(), top=self._top, height=HEIGHT), charts.money(rows)),
            _sentence(day, more, gain),
            self._code_for(values),
            _table(day),
        )

    def _code_for(self, values: Mapping[str, Any]) -> str:
        """Only the arithmetic: no chain is needed to draw an evening."""
        set_here = {k: v for k, v in values.items() if v != DEFAULTS[k] and k != "inflation"}
        if "incentive" in set_here:
            set_here["incentive"] = round(set_here["incentive"] * 1_000_000)
        given = [f"{self.home!r}", *(f"{name}={value!r}" for name, value in set_here.items())]
        honest = ", ".join(given)
        return "\n".join(
            [
                "# The contract's arithmetic without a chain: fast enough to follow a slider.",
                "from energychain.charts import demand_response as charts",
                "from energychain.studies.event_day import net_gain, play",
                "",
                f"honest = play({honest})",
                f"day = play({honest}, inflation={values['inflation']})",
                "print(net_gain(day, honest), 'micro-euro')",
                "charts.event_day(day.records())",
            ]
        )


MOST_INFLATION = 60
"""[per cent]"""


def _controls() -> dict[str, Any]:
    slider = widgets.IntSlider
    return {
        "rule": labelled(
            widgets.Dropdown, "Baseline by", options=list(RULES), value=DEFAULTS["rule"]
        ),
        "ask": labelled(slider, "Asked to save (%)", value=DEFAULTS["ask"], max=60, step=5),
        "answer": labelled(slider, "Really saves (%)", value=DEFAULTS["answer"], max=60, step=5),
        "inflation": labelled(
            slider,
            "Past inflated by (%)",
            value=DEFAULTS["inflation"],
            max=MOST_INFLATION,
            step=5,
        ),
        "incentive": labelled(
            widgets.FloatSlider,
            "Incentive (€/kWh)",
            value=DEFAULTS["incentive"],
            min=0,
            max=10,
            step=0.5,
            readout_format=".1f",
        ),
    }


# --- words ----------------------------------------------------------------------------


def _kwh(energy: int) -> str:
    return f"{energy / 1e6:.2f}"


def _euros(amount: int) -> str:
    return f"{abs(amount) / 1e6:.2f} €"


def _sentence(day: EventDay, more: int, gain: int) -> str:
    hours = slice(day.hours.start, day.hours.stop)
    asked = sum(day.expected) - sum(day.commanded)
    done = sum(day.would[hours]) - sum(day.measured[hours])
    noise, missing = sum(day.noise), sum(day.shortfall)
    told = f"Asked to use {_kwh(asked)} kWh less, {day.home} really used {_kwh(done)} kWh less. "
    told += f"It is paid for {_kwh(sum(day.delivered))} kWh, "
    told += f"of which it did not do {_kwh(noise)}, " if noise else ""
    told += f"and fined for {_kwh(missing) if missing else 'nothing'}: it "
    told += f"{'gets' if day.paid >= 0 else 'pays'} {_euros(day.paid)}. "
    if not day.wasted:
        return told + "Its past is honest."
    brought = f"brings {_euros(more)}" if more >= 0 else f"costs {_euros(more)} of its pay"
    told += f"The inflation {brought}, and wastes {day.wasted / 1e6:.1f} kWh for "
    told += f"{_euros(more - gain)}: it "
    return told + (f"gains {_euros(gain)}." if gain > 0 else f"loses {_euros(gain)}.")


def _table(day: EventDay) -> str:
    columns = (
        "without the event",
        "baseline",
        "commanded",
        "measured",
        "paid",
        "not done",
        "fined",
    )
    rows = [
        (
            f"{hour}:00",
            *(
                f"{energy / 1e6:.3f}"
                for energy in (
                    day.would[hour],
                    day.baseline[n],
                    day.commanded[n],
                    day.measured[hour],
                    day.delivered[n],
                    day.noise[n],
                    day.shortfall[n],
                )
            ),
        )
        for n, hour in enumerate(day.hours)
    ]
    return Table("The hours of the event [kWh]", ("", *columns), rows).html()
