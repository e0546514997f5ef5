"""
The rebound peak in pictures: how it grows with the homes that participate, what three cures do
against it, and what the second settlement does as it is printed.

The rows are those of ``participation_sweep`` and ``cures_table`` in
:mod:`energychain.studies.load_shifting`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import altair as alt

from energychain.charts import theme
from energychain.charts.intervals import Rows
from energychain.charts.load_shifting import AFTER, BEFORE
from energychain.charts.marks import (
    down,
    drawable,
    inline,
    numbers_in,
    place,
    spoken,
    spoken_boxes,
    words,
)
from energychain.charts.theme import Picture

# --- how many take part ---------------------------------------------------------------


def participation(
    rows: Rows, *, money: str = "EUR", width: int = 500, height: int = 200
) -> Picture:
    """Peak and cost over the share of the homes that participate: two panels, one above the
    other. A circle is drawn where the peak is lowest.

    Raises ``ValueError`` if there are no rows.
    """
    own = [
        {
            "share": 100 * row["participation"],
            "peak_kw": row["peak_kw"],
            "par": row["par"],
            "cost": row["cost"],
        }
        for row in drawable(rows)
    ]
    best = min(own, key=lambda row: row["peak_kw"])
    cheapest = min(own, key=lambda row: row["cost"])
    last = own[-1]
    known = [row for row in own if row["par"] is not None]
    marks = [row for row in known if row["share"] in (0, 30, 60, 100) or row is best]
    peak = _sweep_panel(
        own,
        "peak_kw",
        "Peak (kW)",
        [(row, f"{row['peak_kw']:.1f} kW, {row['par']:.2f} ×") for row in marks],
        best,
        AFTER,
        width,
        height,
    )
    cost = _sweep_panel(
        own,
        "cost",
        f"Cost ({money})",
        [
            (cheapest, f"least: {cheapest['cost']:.2f} {money}"),
            (last, f"{last['cost']:.2f} {money}"),
        ],
        cheapest,
        BEFORE,
        width,
        round(0.6 * height),
    )
    title = (
        f"Flattest at {best['share']:g} %: with more, a new peak"
        if best["share"] < 100
        else "The more take part, the flatter"
    )
    told = ", ".join(
        f"{row['share']:g} %: {row['peak_kw']:.1f} kW, {money} {row['cost']:.2f}" for row in own
    )
    whole = theme.stack(
        [peak, cost],
        title,
        "Above: the peak, and how many times the average it is; below: what upstream is paid",
        f"Peak and cost at {len(own)} shares of participation. {told}.",
    )
    whole.data = inline(own)
    return whole


def _sweep_panel(
    own: Rows,
    column: str,
    title: str,
    marks: Sequence[tuple[Mapping[str, Any], str]],
    best: Mapping[str, Any],
    colour: str,
    width: int,
    height: int,
) -> alt.LayerChart:
    low, high = min(numbers_in(own, column)), max(numbers_in(own, column))
    room = 0.35 * (high - low) or 1.0
    x = alt.X(
        "share:Q",
        scale=alt.Scale(domain=[0, 100], nice=False),
        axis=alt.Axis(title="Homes that participate (%)", tickCount=10),
    )
    y = alt.Y(
        f"{column}:Q",
        scale=alt.Scale(domain=[low - room, high + room], nice=False),
        axis=alt.Axis(title=title, tickCount=5),
    )
    line = alt.Chart(inline(own)).mark_line(stroke=colour, strokeWidth=2.5, aria=False)
    spots = [
        {**row, "_said": f"{row['share']:g} %: {row[column]:.2f}", "_best": row is best}
        for row in own
    ]
    layers = [place(line, x=x, y=y)]
    for chosen, shape, size in ((False, "square", 40), (True, "circle", 160)):
        some = [spot for spot in spots if spot["_best"] == chosen]
        mark = alt.Chart(inline(some)).mark_point(
            shape=shape, size=size, fill="white", stroke=colour, strokeWidth=2.5, opacity=1
        )
        layers.append(
            spoken(
                mark,
                x=x,
                y=y,
            )
        )
    for row, text in marks:
        spot = [{**row, "_t": text}]
        if row["share"] > 75:
            layers.append(words(spot, x, y, align="right", right=-10, up=12))
        else:
            above = row["share"] < 10  # elsewhere there is room below the line
            layers.append(words(spot, x, y, right=8, up=14 if above else -16))
    return alt.LayerChart(layer=layers, width=width, height=height)


# --- the cures ------------------------------------------------------------------------

CURE_NAMES: Mapping[str, str] = {
    "before": "first stage",
    "none": "everybody for itself",
    "randomised": "each draws its hours",
    "quota": "hours have a quota",
    "iterated": "price asked again",
}
"""What ``cures_table`` calls them, and what they are."""

BAR, STEP = 20, 34
"""How high a bar is, and from one to the next [pixel]."""


def cures(rows: Rows, *, money: str = "EUR") -> Picture:
    """Three cures of the rebound peak: the peak, and what upstream is paid, beside the first
    stage and everybody for itself.

    Raises ``ValueError`` if there are no rows.
    """
    own = [
        {
            "cure": CURE_NAMES.get(row["cure"], row["cure"]),
            "peak_kw": row["peak_kw"],
            "cost": row["cost"],
            "rounds": row["rounds"],
        }
        for row in drawable(rows)
    ]
    start = next(row for row in own if row["cure"] == CURE_NAMES["before"])
    for row in own:
        row["saved"] = start["cost"] - row["cost"]
    height = STEP * len(own)
    peaks = _bars(own, "peak_kw", "Peak (kW)", lambda v: f"{v:.1f}", AFTER, 230, height)
    saved = _bars(
        own,
        "saved",
        f"Saved, beside the first stage ({money})",
        lambda v: f"{v:+.2f}",
        BEFORE,
        230,
        height,
        named=False,
    )
    best = min(own, key=lambda row: row["peak_kw"])
    worst = max(own, key=lambda row: row["peak_kw"])
    picture = theme.figure(
        alt.hconcat(peaks, saved, spacing=30),
        f"A cure turns a peak of {worst['peak_kw']:.0f} kW into one of {best['peak_kw']:.0f} kW",
        "Left: the highest hour; right: how much less than before upstream is paid",
        "Bars for "
        + "; ".join(
            f"{row['cure']}: peak {row['peak_kw']:.1f} kW, saves {row['saved']:.2f} {money},"
            f" rounds {row['rounds']}"
            for row in own
        )
        + ".",
    )
    picture.data = inline(own)
    return picture


def _bars(
    own: Rows,
    column: str,
    title: str,
    form: Callable[[float], str],
    colour: str,
    width: int,
    height: int,
    named: bool = True,
) -> alt.LayerChart:
    """Bars that lie on their side, with their numbers, and their names before them."""
    values = numbers_in(own, column)
    low, high = min(0.0, *values), max(0.0, *values)
    room = 0.3 * (high - low) or 1.0
    x = alt.X(
        "_x:Q",
        scale=alt.Scale(domain=[low - room * (low < 0), high + room], nice=False),
        axis=alt.Axis(title=title, tickCount=4),
    )
    y = down(height)
    bars: list[dict[str, Any]] = []
    numbers: list[dict[str, Any]] = []
    names: list[dict[str, Any]] = []
    for n, (row, value) in enumerate(zip(own, values, strict=True)):
        middle = STEP * (n + 0.5)
        bars.append(
            {
                "_x": min(value, 0.0),
                "_x2": max(value, 0.0),
                "_y": middle - BAR / 2,
                "_y2": middle + BAR / 2,
                "_said": f"{row['cure']}: {form(value)}",
            }
        )
        numbers.append(
            {"_x": value, "_y": middle, "_t": form(value).replace("-", "−"), "_v": value}
        )
        names.append({"_y": middle, "_t": row["cure"]})
    mark = alt.Chart(inline(bars)).mark_rect(fill=colour, stroke=theme.INK, strokeWidth=0.7)
    layers = [spoken_boxes(mark, x, y)]
    gains = [each for each in numbers if each["_v"] >= 0]
    losses = [each for each in numbers if each["_v"] < 0]
    layers += [words(gains, x, y, right=6)] if gains else []
    layers += [words(losses, x, y, align="right", right=-6)] if losses else []
    if named:
        layers.append(words(names, -8, y, align="right", bold=False))
    zero = alt.Chart(inline([{"_x": 0.0}])).mark_rule(stroke=theme.INK, aria=False)
    layers.append(place(zero, x=x, y=0, y2=height))
    return alt.LayerChart(layer=layers, width=width, height=height)


# --- the second settlement as printed -------------------------------------------------


def as_printed(wanted: float, served: float, reduced: float, generated: float) -> Picture:
    """What the settlement of Equations (5) to (8) does with a day [kWh]: demand that is wanted
    and served, reductions that are paid for, and what is produced.
    """
    own = [
        {"cure": "wanted", "kwh": wanted},
        {"cure": "served", "kwh": served},
        {"cure": "paid for not using", "kwh": reduced},
        {"cure": "paid for producing", "kwh": generated},
    ]
    height = STEP * len(own)
    bars = _bars(own, "kwh", "Energy (kWh)", lambda v: f"{v:.1f} kWh", AFTER, 420, height)
    picture = theme.figure(
        bars,
        f"As printed, {served:.0f} of {wanted:.0f} kWh are served",
        "The best solution of Equations (5) to (8)",
        "Bars: " + "; ".join(f"{row['cure']} {row['kwh']:.1f} kWh" for row in own) + ".",
        width=420,
        height=height,
    )
    picture.data = inline([{"what": row["cure"], "kwh": row["kwh"]} for row in own])
    return picture
