"""The token day, to be touched."""

from itertools import permutations
from typing import Any

import ipywidgets as widgets

from energychain.charts import token_day as charts
from energychain.grid.metering import Meters
from energychain.studies import token_day as study
from energychain.studies.token_day import Day, DayTerms
from energychain.widgets.controls import snug
from energychain.widgets.explorer import Explorer, Table, View

ROOF_KW = 5.0
"""The array that the meters were read from [kW] (Cali & Fifield, 2019, section 4.4)."""

PRO_RATA = "pro rata"
"""Nobody is first: each buyer gets a share of the surplus in proportion to its want."""

ROOM = 185
"""Of a control, beside its label [pixel]."""

MOST_ORDERS = 24
"""More ways to queue than this are not offered one by one."""

HOUSE, PURSES = {"width": 395, "height": 210}, {"width": 270, "height": 210}
"""The two pictures stand side by side on a laptop; the second has names beside it."""


class TokenDayExplorer(Explorer):
    """One prosumer's day with its neighbours, on the testbed's meters or any others.

    The roof is the first node that produces; the size of its array scales what it
    produced, and everything after is settled anew by the contract itself. ``roof_kw``
    is the array from which the meters were read.

    >>> explorer = TokenDayExplorer()
    >>> explorer.controls["pv_kw"].value = 2.0
    >>> explorer.status
    '1.582 kWh sold, everything was taken; node 2 has 89.456 tokens left, node 3 has \
100.000 tokens left; nobody was refused.'
    """

    def __init__(
        self, meters: Meters | None = None, *, roof_kw: float = ROOF_KW, prediction: str = ""
    ) -> None:
        self.roof_kw = roof_kw
        self.meters = meters or study.testbed_meters()
        self.roof = next(
            (
                n
                for n, made in zip(self.meters.nodes, self.meters.produced, strict=True)
                if any(made)
            ),
            self.meters.nodes[0],
        )
        self.buyers = tuple(node for node in self.meters.nodes if node != self.roof)
        self._testbed = meters is None
        homes = NUMBERS.get(len(self.meters.nodes), str(len(self.meters.nodes)))
        super().__init__(
            f"How much sun is too much for {homes} homes?",
            self._controls(),
            self._look,
            prediction=prediction,
        )

    def _controls(self) -> dict[str, Any]:
        last = len(self.meters) - 1
        orders = list(permutations(self.buyers))[:MOST_ORDERS]
        return {
            "pv_kw": snug(
                widgets.FloatSlider,
                f"Roof of {self.roof} (kW)",
                ROOM,
                value=self.roof_kw,
                min=0,
                max=3 * self.roof_kw,
                step=0.5,
                readout_format=".1f",
            ),
            "wh_per_token": snug(
                widgets.IntSlider, "Wh per token", ROOM, value=150, min=50, max=500, step=10
            ),
            "tokens": snug(
                widgets.IntSlider, "Opening tokens", ROOM, value=100, min=0, max=200, step=5
            ),
            "buyers": snug(
                widgets.Dropdown,
                "Who is served first",
                ROOM,
                options=[
                    *((" then ".join(order), order) for order in orders),
                    (PRO_RATA, PRO_RATA),
                ],
                value=orders[0],
            ),
            "hour": snug(
                widgets.IntSlider,
                "Hour to look at",
                ROOM,
                value=min(10, last),
                min=0,
                max=last,
            )
            if self._hourly
            else snug(
                widgets.SelectionSlider,
                "Time to look at",
                ROOM,
                options=[(time[5:16].replace("T", " "), time) for time in self.meters.times],
                value=self.meters.times[len(self.meters) // 2],
            ),
        }

    @property
    def _hourly(self) -> bool:
        return self.meters.step == 3600 and len(self.meters) <= 24

    def day(self) -> Day:
        """The day as the controls stand."""
        values = {name: value for name, value in self.values.items() if name != "hour"}
        return self._day(**values)

    def _day(
        self, pv_kw: float, wh_per_token: int, tokens: int, buyers: tuple[str, ...] | str
    ) -> Day:
        terms = DayTerms(
            mwh_per_token=wh_per_token * 1_000,
            opening_tokens=tokens * 1_000,
            split="pro rata" if buyers == PRO_RATA else "in order",
            order=() if isinstance(buyers, str) else (self.roof, *buyers),
        )
        return study.rehearse(self.meters.scaled(self.roof, pv_kw / self.roof_kw), terms)

    def _look(
        self,
        pv_kw: float,
        wh_per_token: int,
        tokens: int,
        buyers: tuple[str, ...] | str,
        hour: int | str,
    ) -> View:
        day = self._day(pv_kw, wh_per_token, tokens, buyers)
        time = self.meters.times[hour] if isinstance(hour, int) else hour
        records = day.records()
        return View(
            (
                charts.prosumer(records, self.roof, selected=time, **HOUSE),
                charts.balances(records, selected=time, **PURSES),
            ),
            self._sentence(day),
            self._code_for(pv_kw, wh_per_token, tokens, buyers, time),
            _hour_table(day, records, time),
        )

    def _sentence(self, day: Day) -> str:
        sold = sum(total.sold for total in day.totals.values()) / 1e6
        unsold = sum(total.unsold for total in day.totals.values()) / 1e6
        left = f"{unsold:.3f} kWh nobody could take" if unsold else "everything was taken"
        if not sold and not unsold:
            left = "there was no surplus"
        purses = ", ".join(
            f"{node} has {day.totals[node].balance / 1e3:.3f} tokens left"
            for node in self.buyers[:4]
        )
        return f"{sold:.3f} kWh sold, {left}; {purses}; {_refusals(day)}."

    def _code_for(
        self,
        pv_kw: float,
        wh_per_token: int,
        tokens: int,
        buyers: tuple[str, ...] | str,
        time: str,
    ) -> str:
        meters = "token_day.testbed_meters()" if self._testbed else "read_meters(lines)"
        options = [f"mwh_per_token={wh_per_token * 1_000:_}", f"opening_tokens={tokens * 1_000:_}"]
        if buyers == PRO_RATA:
            options.append('split="pro rata"')
        else:
            options.append(f"order={(self.roof, *buyers)!r}".replace("'", '"'))
        return "\n".join(
            [
                "from energychain.charts import token_day as charts",
                *([] if self._testbed else ["from energychain.grid.metering import read_meters"]),
                "from energychain.studies import token_day",
                "",
                f'meters = {meters}.scaled("{self.roof}", {pv_kw:g} / {self.roof_kw:g})',
                "terms = token_day.DayTerms(",
                *(f"    {option}," for option in options),
                ")",
                "day = token_day.rehearse(meters, terms)",
                f'display(charts.prosumer(day.records(), "{self.roof}", selected="{time}"))',
                f'charts.balances(day.records(), selected="{time}")',
            ]
        )


NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight"}


def _refusals(day: Day) -> str:
    if not day.refused:
        return "nobody was refused"
    times: dict[str, list[str]] = {}
    for refusal in day.refused:
        times.setdefault(refusal.node, []).append(refusal.time)
    first, *rest = (
        (node, f"{len(when)} time{'s' * (len(when) > 1)}", f"first at {_clock(when[0], day)}")
        for node, when in times.items()
    )
    said = [f"{first[0]} was refused {first[1]} for want of tokens, {first[2]}"]
    return ", and ".join(said + [f"{node} {often}, {since}" for node, often, since in rest])


def _clock(time: str, day: Day) -> str:
    one_day = day.meters.times[0][:10] == day.meters.times[-1][:10]
    return time[11:16] if one_day else time[:16].replace("T", " ")


def _hour_table(day: Day, records: list[dict[str, Any]], time: str) -> str:
    """The selected interval: what each node had over, sold, bought and owns after it."""
    refused = {refusal.node for refusal in day.refused if refusal.time == time}
    rows = [
        (
            str(row["node"]),
            *(f"{row[name]:.3f}" for name in ("surplus_kwh", "sold_kwh", "bought_kwh")),
            f"{max(row['surplus_kwh'] - row['sold_kwh'], 0.0):.3f}",
            f"{row['balance_tokens']:.3f}" + (" refused" if row["node"] in refused else ""),
        )
        for row in records
        if row["time"] == time
    ]
    columns = ("kWh", "surplus", "sold", "bought", "nobody took", "tokens after")
    return Table(f"The interval that begins at {_clock(time, day)}", columns, rows).html()
