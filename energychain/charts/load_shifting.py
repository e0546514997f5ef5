"""
Loads that move to cheap hours, in pictures: the two stages of a day, what participation and
cures of the rebound peak do, many days, and the local market's price beside the aggregator's.

The rows are those of :mod:`energychain.studies.load_shifting`: ``TwoStage.rows()``,
``participation_sweep`` and ``cures_table``; what others have is said at each function.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from statistics import median
from typing import Any

import altair as alt

from energychain.charts import theme
from energychain.charts.intervals import MONTHS, Rows, TimeAxis, listening, step_line, time_axis
from energychain.charts.marks import (
    AREA,
    LINE,
    Align,
    across,
    down,
    drawable,
    inline,
    key,
    place,
    spoken,
    spoken_boxes,
)
from energychain.charts.theme import Picture
from energychain.grid.loads import deviation, peak_to_average

WIDTH = 560
"""Of the plots [pixel]: with the words at their right they fit a laptop."""

BEFORE, AFTER = theme.OKABE_ITO["blue"], theme.OKABE_ITO["vermillion"]
BEFORE_DASH, AFTER_DASH = (6, 3), (1, 0)
LEAST_TITLED = 110
"""An axis has its whole title from this height on [pixel]."""

SUN = "#f6e9b8"
"""What the homes produce themselves."""

PRICE, DR_PRICE = theme.INK, theme.OKABE_ITO["bluish green"]
SECOND = theme.OKABE_ITO["reddish purple"]
OFFERED = theme.OKABE_ITO["sky blue"]


# --- the two stages of a day ----------------------------------------------------------


def two_stages(rows: Rows, *, money: str = "EUR", width: int = WIDTH) -> Picture:
    """Load before and after the prices are answered, and below it the prices.

    Raises ``ValueError`` if there are no rows.
    """
    load, price = loads(rows, width=width), prices(rows, money=money, width=width)
    whole = theme.stack(
        [load, price],
        "One price for all, and what they make of it",
        "",
        f"{load.description} {price.description}",
    )
    whole.data = inline([{name: row[name] for name in (*_LOADS, *_PRICES)} for row in rows])
    return whole


_LOADS = ("time", "before_kw", "after_kw", "renewable_kw")
_PRICES = ("price", "dr_price", "dual")


def loads(rows: Rows, *, width: int = WIDTH, height: int = 190) -> Picture:
    """What all homes use in the first and in the second stage, and what they produce.

    Raises ``ValueError`` if there are no rows.
    """
    axis = time_axis(rows)
    most = max(row[name] for row in rows for name in ("before_kw", "after_kw", "renewable_kw"))
    y = alt.Y(
        "_y:Q",
        scale=alt.Scale(domain=[0, 1.18 * most or 1], nice=False),
        axis=alt.Axis(title="Power (kW)", tickCount=5),
    )
    sun = alt.Chart(inline(_columns(axis, rows, "renewable_kw"))).mark_rect(fill=SUN, aria=False)
    layers = [
        place(sun, x=axis.x, x2=alt.X2("_x2"), y=y, y2=alt.Y2("_y2")),
        step_line(axis, rows, "before_kw", y, BEFORE, BEFORE_DASH),
        step_line(axis, rows, "after_kw", y, AFTER, AFTER_DASH),
        *_peaks(axis, rows, y),
        *listening(axis, rows, _said),
        *key(
            [
                ("first stage", LINE, BEFORE, BEFORE_DASH),
                ("after rescheduling", LINE, AFTER, AFTER_DASH),
                ("own production", AREA, SUN, ()),
            ],
            width=width,
        ),
    ]
    first, second = (_told(rows, name) for name in ("before_kw", "after_kw"))
    return theme.layered(
        layers,
        [{name: row[name] for name in _LOADS} for row in rows],
        _flatter(rows),
        _measures(rows),
        f"Load of all homes {axis.span}, as steps. First stage: {first}. After rescheduling:"
        f" {second}. {_measures(rows)}.",
        width=width,
        height=height,
    )


def _columns(axis: TimeAxis, rows: Rows, name: str) -> list[dict[str, Any]]:
    return [
        {"_x": axis.of(row), "_x2": axis.of(row) + axis.step, "_y": 0, "_y2": row[name]}
        for row in rows
    ]


def _values(rows: Rows, name: str) -> list[float]:
    return [float(row[name]) for row in rows]


def _highest(rows: Rows, name: str) -> Mapping[str, Any]:
    return max(rows, key=lambda row: row[name])


def _told(rows: Rows, name: str) -> str:
    highest, axis = _highest(rows, name), time_axis(rows)
    least = min(_values(rows, name))
    return f"from {least:.1f} to {highest[name]:.1f} kW, highest at {axis.label(axis.of(highest))}"


def _flatter(rows: Rows) -> str:
    """The finding: what became of the peak."""
    before, after = (max(_values(rows, name)) for name in ("before_kw", "after_kw"))
    if abs(after - before) < 0.001 * max(before, 1e-9):
        return f"The peak stays at {before:.1f} kW"
    verb = "grows" if after > before else "falls"
    return f"The peak {verb} from {before:.1f} to {after:.1f} kW"


def _measures(rows: Rows) -> str:
    before, after = (_values(rows, name) for name in ("before_kw", "after_kw"))
    if not sum(before) or not sum(after):
        return "Nothing is used"
    return (
        f"Peak to average: {peak_to_average(before):.2f} before, {peak_to_average(after):.2f}"
        f" after; standard deviation: {deviation(before):.1f} and {deviation(after):.1f} kW"
    )


def _peaks(axis: TimeAxis, rows: Rows, y: alt.Y) -> Iterator[alt.Chart]:
    """The two peaks in numbers, where they are."""
    found = [_highest(rows, name) for name in ("before_kw", "after_kw")]
    heights = [row[name] for row, name in zip(found, ("before_kw", "after_kw"), strict=True)]
    for n, (row, height, word) in enumerate(zip(found, heights, ("", "after "), strict=True)):
        if n == 0 and abs(axis.of(row) - axis.of(found[1])) < 3 * axis.step:
            continue  # one word would hide the other
        middle = axis.of(row) + axis.step / 2
        late = (middle - axis.start) / (axis.end - axis.start)
        align: Align = "left" if late < 0.1 else "right" if late > 0.9 else "center"
        spot = {"_x": middle, "_y": height, "_t": f"{word}{height:.1f} kW"}
        yield words([spot], axis.x, y, align=align, up=13, halo=True)
        yield words([spot], axis.x, y, align=align, up=13)


def _said(together: Rows) -> str:
    row = together[0]
    return (
        f"{row['before_kw']:.1f} kW before, {row['after_kw']:.1f} kW after,"
        f" {row['renewable_kw']:.1f} kW produced"
    )


def prices(
    rows: Rows,
    *,
    alpha: float = 1.0,
    money: str = "EUR",
    width: int = WIDTH,
    height: int = 120,
) -> Picture:
    """The prices of the first settlement, and the second one's where it differs. With an
    ``alpha``, also what Equation (2) offers where Equation (3) cuts it.

    Raises ``ValueError`` if there are no rows.
    """
    axis = time_axis(rows)
    rows = [{**row, "offered": alpha * row["price"] if row["dr_price"] else 0.0} for row in rows]
    cut = [row for row in rows if row["offered"] > row["dr_price"] + 1e-9]
    names = (*_PRICES, *(("offered",) if cut else ()))
    values = [row[name] for row in rows for name in names]
    y = _price(values, money, height)
    stale = [row for row in rows if abs(row["dual"] - row["price"]) > 1e-9]
    cheap = min(rows, key=lambda row: row["price"] + row["dr_price"])
    layers = [
        *([step_line(axis, rows, "offered", y, OFFERED, (1, 3))] if cut else ()),
        *([step_line(axis, rows, "dual", y, SECOND, (2, 2))] if stale else ()),
        step_line(axis, rows, "price", y, PRICE, (1, 0)),
        step_line(axis, rows, "dr_price", y, DR_PRICE, (6, 6)),
        *axis.mark(cheap[axis.by]),
        *listening(axis, rows, _prices_said),
        *key(
            [
                ("price", LINE, PRICE, (1, 0)),
                ("DR price", LINE, DR_PRICE, (6, 6)),
                *([("second settlement", LINE, SECOND, (2, 2))] if stale else ()),
                *([("by Equation (2) alone", LINE, OFFERED, (1, 3))] if cut else ()),
            ],
            width=width,
        ),
    ]
    hours = f"{len(stale)} of {len(rows)} {'hours' if axis.step == 1 else 'intervals'}"
    aged = (
        f"In {hours} the second settlement has another price"
        if stale
        else "The second settlement has the same prices"
    )
    return theme.layered(
        layers,
        [{name: row[name] for name in ("time", *names)} for row in rows],
        f"Cheapest at {axis.label(axis.of(cheap))}, for everybody",
        aged,
        f"Prices {axis.span}: from {min(_values(rows, 'price')):.3f} to"
        f" {max(_values(rows, 'price')):.3f} {money}/kWh; price and DR price together are lowest at"
        f" {axis.label(axis.of(cheap))}. {aged}.",
        width=width,
        height=height,
    )


def _price(values: Sequence[float], money: str, height: int) -> alt.Y:
    """The axis of prices; it need not begin at 0, for what counts is which hour is cheaper."""
    room = 0.15 * (max(values) - min(values)) or 0.01
    return alt.Y(
        "_y:Q",
        scale=alt.Scale(domain=[min(values) - room, max(values) + room], nice=False, zero=False),
        # A low plot has no room for the whole title.
        axis=alt.Axis(
            title=f"{money}/kWh" if height < LEAST_TITLED else f"Price ({money}/kWh)", tickCount=4
        ),
    )


def _prices_said(together: Rows) -> str:
    row = together[0]
    return (
        f"price {row['price']:.3f}, DR price {row['dr_price']:.3f},"
        f" second settlement {row['dual']:.3f}"
    )


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
    low, high = min(_values(own, column)), max(_values(own, column))
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
    values = _values(own, column)
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


# --- two prices -----------------------------------------------------------------------


def two_prices(rows: Rows, *, money: str = "EUR", width: int = WIDTH, height: int = 200) -> Picture:
    """The local market's first price and the informed aggregator's: rows with ``time``,
    ``price`` and ``aggregator``. Hours in which they differ are shaded.

    Raises ``ValueError`` if there are no rows.
    """
    axis = time_axis(rows)
    differ = [row for row in rows if abs(row["price"] - row["aggregator"]) > 1e-9]
    values = [row[name] for row in rows for name in ("price", "aggregator")]
    y = _price(values, money, height)
    shade = [{"_x": axis.of(row), "_x2": axis.of(row) + axis.step} for row in differ]
    mark = alt.Chart(inline(shade)).mark_rect(fill=SUN, aria=False)
    layers = [
        *([place(mark, x=axis.x, x2=alt.X2("_x2"), y=0, y2="height")] if differ else ()),
        step_line(axis, rows, "price", y, BEFORE, AFTER_DASH),
        step_line(axis, rows, "aggregator", y, AFTER, BEFORE_DASH),
        *listening(
            axis,
            rows,
            lambda some: f"{some[0]['price']:.3f}, aggregator {some[0]['aggregator']:.3f}",
        ),
        *key(
            [
                ("local market", LINE, BEFORE, AFTER_DASH),
                ("aggregator that knows all", LINE, AFTER, BEFORE_DASH),
                *([("they differ", AREA, SUN, ())] if differ else ()),
            ],
            width=width,
        ),
    ]
    mean = sum(abs(row["price"] - row["aggregator"]) for row in rows) / len(rows)
    same = f"The same price in {len(rows) - len(differ)} of {len(rows)} hours"
    return theme.layered(
        layers,
        [{name: row[name] for name in ("time", "price", "aggregator")} for row in rows],
        same,
        f"Mean difference: {mean:.4f} {money}/kWh",
        f"Two prices {axis.span}. {same}. Mean difference {mean:.4f} {money}/kWh. They differ at: "
        + (", ".join(axis.label(axis.of(row)) for row in differ) or "no hour")
        + ".",
        width=width,
        height=height,
    )


# --- many days ------------------------------------------------------------------------


def through_the_year(rows: Rows, *, width: int = 520, height: int = 200) -> Picture:
    """How well the price follows demand on many days: rows with ``day`` (ISO 8601) and
    ``correlation``.

    Raises ``ValueError`` if there are no rows.
    """
    own = [
        {
            "day": row["day"],
            "correlation": row["correlation"],
            "_x": date.fromisoformat(row["day"]).timetuple().tm_yday - 1,
            "_said": f"{row['day']}: {row['correlation']:.2f}",
        }
        for row in drawable(rows)
    ]
    starts = [0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335]
    x = alt.X(
        "_x:Q",
        scale=alt.Scale(domain=[0, 366], nice=False),
        axis=alt.Axis(
            title="Day of the year",
            values=starts,
            labelExpr=f"{list(MONTHS)}[indexof({starts}, datum.value)]",
            labelAlign="left",
        ),
    )
    y = alt.Y(
        "correlation:Q",
        scale=alt.Scale(domain=[-1, 1], nice=False),
        axis=alt.Axis(title="Correlation of price and load", tickCount=5),
    )
    zero = alt.Chart(inline([{"correlation": 0}])).mark_rule(stroke=theme.INK, aria=False)
    layers = [place(zero, x=0, x2="width", y=y)]
    for above, shape, colour in ((True, "triangle-up", BEFORE), (False, "triangle-down", AFTER)):
        some = [row for row in own if (row["correlation"] >= 0) == above]
        if some:
            mark = alt.Chart(inline(some)).mark_point(
                shape=shape, size=70, fill=colour, stroke=colour, opacity=1
            )
            layers.append(
                spoken(
                    mark,
                    x=x,
                    y=y,
                )
            )
    below = sum(row["correlation"] < 0 for row in own)
    found = sorted(_values(own, "correlation"))
    middle = median(found)
    title = (
        "Price follows demand on every day"
        if not below
        else f"On {below} of {len(own)} days the price falls when demand rises"
    )
    return theme.layered(
        layers,
        own,
        title,
        f"Median {middle:.2f}, from {found[0]:.2f} to {found[-1]:.2f}",
        f"A point for each of {len(own)} days: the correlation of price and load over the day;"
        f" median {middle:.2f}, least {found[0]:.2f}, greatest {found[-1]:.2f}. {title}.",
        width=width,
        height=height,
    )


def many_days(rows: Rows, *, width: int = 500, height: int = 220) -> Picture:
    """Peak over average on many days, at several participations: rows with ``participation``
    and ``par``. A point is a day; a bar stands at the median.

    Raises ``ValueError`` if there are no rows.
    """
    shares = sorted({row["participation"] for row in drawable(rows)})
    step = width / len(shares)
    points, bars, labels = [], [], []
    for n, share in enumerate(shares):
        found = sorted(row["par"] for row in rows if row["participation"] == share)
        middle = median(found)
        for k, par in enumerate(found):
            shift = ((k * 7) % 11 - 5) / 5 * 0.22  # side by side, and the same each time
            points.append(
                {"_x": step * (n + 0.5 + shift), "_y": par, "_said": f"{share:.0%}: {par:.2f}"}
            )
        bars.append({"_x": step * (n + 0.18), "_x2": step * (n + 0.82), "_y": middle})
        labels.append({"_x": step * (n + 0.84), "_y": middle, "_t": f"{middle:.2f}"})
    x = across(width)
    y = alt.Y(
        "_y:Q",
        scale=alt.Scale(domain=[0, 1.05 * max(point["_y"] for point in points)], nice=False),
        axis=alt.Axis(title="Peak over average", tickCount=6),
    )
    days = alt.Chart(inline(points)).mark_point(
        shape="circle", size=30, stroke=AFTER, strokeWidth=1.5, opacity=1
    )
    bar = alt.Chart(inline(bars)).mark_rule(stroke=theme.INK, strokeWidth=3.5, aria=False)
    flat = alt.Chart(inline([{"_y": 1.0}])).mark_rule(
        stroke=BEFORE, strokeWidth=2, strokeDash=[6, 3], aria=False
    )
    names = [{"_x": step * (n + 0.5), "_t": f"{share:.0%}"} for n, share in enumerate(shares)]
    layers = [
        place(flat, x=0, x2=width, y=y),
        spoken(
            days,
            x=x,
            y=y,
        ),
        place(bar, x=x, x2=alt.X2("_x2"), y=y),
        words(labels, x, y, right=2),
        words([{"_y": 1.0, "_t": "flat"}], width + 6, y, bold=False),
        words(names, x, height + 14, align="center"),
        words(
            [{"_t": "Homes that participate"}], width / 2, height + 34, align="center", bold=False
        ),
    ]
    medians = {share: bar["_y"] for share, bar in zip(shares, bars, strict=True)}
    told = "; ".join(f"{share:.0%}: median {value:.2f}" for share, value in medians.items())
    last = shares[-1]
    return theme.layered(
        layers,
        [{"participation": row["participation"], "par": row["par"]} for row in rows],
        f"Not one unlucky day: the median peak is {medians[last]:.1f} × the average at {last:.0%}",
        "A circle is a day, a bar the median of all; 1 is perfectly flat",
        f"Peak over average on {len(points) // len(shares)} days at each participation. {told}.",
        width=width,
        height=height,
    )


# --- pieces ---------------------------------------------------------------------------


def words(
    lines: Rows,
    x: alt.X | float,
    y: alt.Y | float,
    *,
    align: Align = "left",
    right: float = 0,
    up: float = 0,
    bold: bool = True,
    halo: bool = False,
) -> alt.Chart:
    """The texts ``_t`` of some rows, so many pixels beside and above their places; as a
    ``halo``, the white around them.
    """
    mark = alt.Chart(inline(lines)).mark_text(
        align=align,
        baseline="middle",
        dx=right,
        dy=-up,
        fontSize=theme.SMALL,
        fontWeight="bold" if bold else "normal",
        aria=False,
        **(
            {"stroke": "white", "strokeWidth": 5, "strokeJoin": "round"}
            if halo
            else {"color": theme.INK}
        ),
    )
    return place(mark, x=x, y=y, text=alt.Text("_t:N"))
