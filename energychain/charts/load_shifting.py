"""
Loads that move to cheap hours on one day, in pictures: the two stages with their loads and prices,
and the local market's price beside the aggregator's.

The rows are those of ``TwoStage.rows()``; what others have is said at the function.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt

from energychain.charts import theme
from energychain.charts.intervals import Rows, TimeAxis, listening, step_line, time_axis
from energychain.charts.marks import AREA, LINE, Align, inline, key, numbers_in, place, words
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


def _highest(rows: Rows, name: str) -> Mapping[str, Any]:
    return max(rows, key=lambda row: row[name])


def _told(rows: Rows, name: str) -> str:
    highest, axis = _highest(rows, name), time_axis(rows)
    least = min(numbers_in(rows, name))
    return f"from {least:.1f} to {highest[name]:.1f} kW, highest at {axis.label(axis.of(highest))}"


def _flatter(rows: Rows) -> str:
    """The finding: what became of the peak."""
    before, after = (max(numbers_in(rows, name)) for name in ("before_kw", "after_kw"))
    if abs(after - before) < 0.001 * max(before, 1e-9):
        return f"The peak stays at {before:.1f} kW"
    verb = "grows" if after > before else "falls"
    return f"The peak {verb} from {before:.1f} to {after:.1f} kW"


def _measures(rows: Rows) -> str:
    before, after = (numbers_in(rows, name) for name in ("before_kw", "after_kw"))
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
        f"Prices {axis.span}: from {min(numbers_in(rows, 'price')):.3f} to"
        f" {max(numbers_in(rows, 'price')):.3f} {money}/kWh; price and DR price together are lowest"
        f" at {axis.label(axis.of(cheap))}. {aged}.",
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
