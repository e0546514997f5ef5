"""
One prosumer in pictures: what a kWh is worth to it, what it costs, and the demand that is best
(Khajeh, Shafie-khah & Laaksonen (2020), *Blockchain-based Smart Grids*, chapter 7, Equation 1).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import altair as alt

from energychain.charts import theme
from energychain.charts.load_shifting import AFTER, BEFORE, SUN, WIDTH
from energychain.charts.marks import AREA, LINE, inline, key, number, place, words
from energychain.charts.theme import Picture


@dataclass(frozen=True)
class Wish:
    """What a prosumer wants in an hour, and what it does at a price."""

    beta: float
    """What the first kWh is worth [money/kWh]."""

    gamma: float
    """By how much each further kWh is worth less [money/kWh²]."""

    low: float
    """The least that is comfortable [kWh]."""

    high: float
    """The most that is of use [kWh]."""

    price: float
    """What a kWh costs [money/kWh]."""

    demand: float
    """What is best for it then, by Equation (1) [kWh]."""

    def gain(self, demand: float) -> float:
        """What a demand [kWh] is worth, less what it costs [money]."""
        return (self.beta - self.price) * demand - self.gamma * demand**2 / 2

    @property
    def because(self) -> str:
        """Why just this demand."""
        wanted = (self.beta - self.price) / self.gamma
        if wanted < self.low:
            return "comfort is in the way of less"
        if wanted > self.high:
            return "more is of no use to it"
        return "there the last kWh is worth just what it costs"


def marginal(
    wish: Wish,
    *,
    first: Wish | None = None,
    money: str = "EUR",
    width: int = WIDTH,
    height: int = 200,
) -> Picture:
    """What each further kWh is worth, and what it costs: where the two lines cross is the best
    demand, unless a limit of comfort is in the way. ``first`` is what it wanted at another
    price: a hollow circle.
    """
    end = _end(wish)
    top = max(wish.beta, wish.price) * 1.08
    x, y = (
        _kwh(end),
        alt.Y(
            "_y:Q",
            scale=alt.Scale(domain=[0, top], nice=False),
            axis=alt.Axis(title=f"Worth, cost ({money}/kWh)", tickCount=5),
        ),
    )
    foot = min(end, wish.beta / wish.gamma)
    worth = [{"_x": 0.0, "_y": wish.beta}, {"_x": foot, "_y": wish.beta - wish.gamma * foot}]
    line = alt.Chart(inline(worth)).mark_line(stroke=BEFORE, strokeWidth=2.5, aria=False)
    cost = alt.Chart(inline([{"_y": wish.price}])).mark_rule(
        stroke=AFTER, strokeWidth=2.5, strokeDash=[6, 3], aria=False
    )
    gained, lost = _areas(wish)
    spot = {"_x": wish.demand, "_y": wish.price, "_t": f"{number(wish.demand)} kWh"}
    return theme.layered(
        [
            *_filled(gained, SUN, x, y),
            *_filled(lost, LOST, x, y),
            *_limits(wish, x, end, height),
            place(line, x=x, y=y),
            place(cost, x=0, x2=width, y=y),
            *_hollow(first, x, y),
            *_spot(spot, x, y, end),
            *key(
                [
                    ("what one more kWh is worth", LINE, BEFORE, (1, 0)),
                    ("what it costs", LINE, AFTER, (6, 3)),
                    ("gain", AREA, SUN, ()),
                    *([("loss", AREA, LOST, ())] if lost else []),
                ],
                width=width,
            ),
        ],
        [
            {"kwh": _round(end * k / 20), "worth": _round(wish.beta - wish.gamma * end * k / 20)}
            for k in range(21)
        ],
        f"At {number(wish.price)} {money}/kWh it wants {number(wish.demand)} kWh",
        f"{wish.because[0].upper()}{wish.because[1:]}",
        f"A falling line, what one more kWh is worth: {wish.beta:.3f} {money} for the first, 0 at"
        f" {wish.beta / wish.gamma:.2f} kWh; a level line at the price {wish.price:.3f}; limits of"
        f" comfort at {wish.low:g} and {wish.high:g} kWh. The best demand is {wish.demand:.3f} kWh:"
        f" {wish.because}."
        + (f" At {first.price:.3f} it was {first.demand:.3f} kWh." if first else ""),
        width=width,
        height=height,
    )


def gain(wish: Wish, *, money: str = "EUR", width: int = WIDTH, height: int = 130) -> Picture:
    """The utility of each demand less what it costs, and its highest point within the limits of
    comfort.
    """
    end = _end(wish)
    points = [{"_x": end * k / 80, "_y": _round(wish.gain(end * k / 80))} for k in range(81)]
    low, high = min(p["_y"] for p in points), max(p["_y"] for p in points)
    room = 0.18 * (high - low) or 1.0
    x = _kwh(end)
    y = alt.Y(
        "_y:Q",
        scale=alt.Scale(domain=[low, high + room], nice=False),
        axis=alt.Axis(title=f"Gain ({money})", tickCount=4),
    )
    best = wish.gain(wish.demand)
    curve = alt.Chart(inline(points)).mark_line(stroke=BEFORE, strokeWidth=2.5, aria=False)
    spot = {"_x": wish.demand, "_y": best, "_t": f"{best:.3f} {money}".replace("-", "−")}
    return theme.layered(
        [
            *_limits(wish, x, end, height, named=False),
            place(curve, x=x, y=y),
            *_spot(spot, x, y, end),
        ],
        [{"kwh": _round(point["_x"]), "gain": point["_y"]} for point in points],
        f"No other demand within its comfort gains more than {best:.3f} {money}"
        if best >= 0
        else f"Any other demand within its comfort loses more than {-best:.3f} {money}",
        "Utility less cost",
        f"A hill: the gain for each demand from 0 to {end:.2f} kWh. Marked: {best:.3f} {money} at"
        f" {wish.demand:.3f} kWh, the most within the limits of comfort.",
        width=width,
        height=height,
    )


LOST = theme.OKABE_ITO["reddish purple"]
"""Demand that costs more than it is worth."""


Edges = list[dict[str, float]]
"""Where an area begins and ends: worth and cost of one more kWh."""


def _areas(wish: Wish) -> tuple[Edges, Edges]:
    """Between worth and cost, up to the demand: where it gains, and where it loses."""
    meet = min(max((wish.beta - wish.price) / wish.gamma, 0.0), wish.demand)
    return _edges(wish, 0.0, meet), _edges(wish, meet, wish.demand)


def _edges(wish: Wish, start: float, end: float) -> Edges:
    return [
        {"_x": at, "_y": max(wish.beta - wish.gamma * at, 0.0), "_y2": wish.price}
        for at in (start, end)
        if end > start
    ]


def _filled(area: Edges, fill: str, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    if area:
        mark = alt.Chart(inline(area)).mark_area(fill=fill, aria=False)
        yield place(mark, x=x, y=y, y2=alt.Y2("_y2"))


def _round(value: float) -> float:
    return round(value, 6)


def _end(wish: Wish) -> float:
    """How far the axis of the demand goes [kWh]."""
    return 1.15 * max(wish.high, 0.1)


def _kwh(end: float) -> alt.X:
    return alt.X(
        "_x:Q",
        scale=alt.Scale(domain=[0, end], nice=False),
        axis=alt.Axis(title="Demand in the hour (kWh)", tickCount=8),
    )


def _limits(
    wish: Wish, x: alt.X, end: float, height: int, named: bool = True
) -> Iterator[alt.Chart]:
    """What is not comfortable, or of no use, is grey."""
    out = [{"_x": 0.0, "_x2": wish.low}, {"_x": wish.high, "_x2": end}]
    veil = alt.Chart(inline(out)).mark_rect(fill="#777777", opacity=0.4, aria=False)
    yield place(veil, x=x, x2=alt.X2("_x2"), y=0, y2=height)
    edges = alt.Chart(inline([{"_x": wish.low}, {"_x": wish.high}])).mark_rule(
        stroke=theme.INK, strokeWidth=1.5, strokeDash=[2, 2], aria=False
    )
    yield place(edges, x=x, y=0, y2=height)
    if named:
        least = [{"_x": wish.low, "_t": f"least {wish.low:g}"}]
        most = [{"_x": wish.high, "_t": f"most {wish.high:g}"}]
        yield words(least, x, height - 10, right=5, bold=False)
        yield words(most, x, height - 10, right=5, bold=False)


def _hollow(first: Wish | None, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    if first is not None:
        spot = {"_x": first.demand, "_y": first.price, "_t": f"first {number(first.demand)} kWh"}
        mark = alt.Chart(inline([spot])).mark_point(
            shape="circle", size=150, fill="white", stroke=theme.INK, strokeWidth=2, opacity=1
        )
        yield place(mark, x=x, y=y, description=alt.Description("_t:N"))
        yield words([spot], x, y, right=12, up=10, bold=False)


def _spot(spot: Mapping[str, Any], x: alt.X, y: alt.Y, end: float) -> Iterator[alt.Chart]:
    mark = alt.Chart(inline([spot])).mark_point(
        shape="circle", size=150, fill=theme.INK, stroke="white", strokeWidth=2, opacity=1
    )
    yield place(mark, x=x, y=y, description=alt.Description("_t:N"))
    late = spot["_x"] > 0.75 * end
    yield words([spot], x, y, align="right" if late else "left", right=-12 if late else 12, up=10)
