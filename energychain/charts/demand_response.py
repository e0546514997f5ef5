"""
Demand response in pictures: one home on the day of an event with the areas that are paid for, its
money, and the grid before and after.

Rows are dictionaries, as the ``records`` of :mod:`energychain.studies.demand_response` and
:mod:`energychain.studies.event_day` give them: energies in kWh, money in euros.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt

from energychain.charts import theme
from energychain.charts.intervals import step_line, time_axis
from energychain.charts.marks import (
    AREA,
    BARS,
    LINE,
    Align,
    across,
    captions,
    down,
    drawable,
    euros,
    inline,
    key,
    place,
    spoken,
    spoken_boxes,
)
from energychain.charts.theme import Picture

Row = Mapping[str, Any]
Rows = Sequence[Row]

PAID = theme.OKABE_ITO["sky blue"]
MISSING = theme.OKABE_ITO["yellow"]
MEASURED = theme.OKABE_ITO["blue"]
COMMANDED = theme.OKABE_ITO["vermillion"]
BASELINE = theme.INK
TRUTH = "#777777"

LINES: Sequence[tuple[str, str, str, Sequence[int]]] = (
    ("would_kwh", "without the event (nobody sees it)", TRUTH, (2, 3)),
    ("baseline_kwh", "baseline", BASELINE, (8, 3)),
    ("measured_kwh", "measured", MEASURED, (1, 0)),
    ("commanded_kwh", "commanded", COMMANDED, (10, 3, 2, 3)),
)
"""The profiles: column, name, colour and dash."""

LEAST_LABELLED = 14
"""An area less high than this has no number in it [pixel]."""


def event_day(
    rows: Rows, *, top: float | None = None, width: int = theme.WIDTH, height: int = 280
) -> Picture:
    """One home on the day of an event. Its areas hang from the baseline: blue is paid for,
    barred where it was paid for and not done, and yellow is missing.

    Rows are those of ``EventDay.records()``; ``top`` is where the axis ends [kWh].

    Raises ``ValueError`` if there are no rows, or none of an event.
    """
    axis = time_axis(rows)
    event = [row for row in rows if "baseline_kwh" in row]
    if not event:
        raise ValueError("no row is of an event: there is no baseline to draw")
    most = max(float(row[column]) for row in rows for column, *_ in LINES if column in row)
    y = alt.Y(
        "_y:Q",
        scale=alt.Scale(domain=[0, top or 1.08 * most or 1], nice=False, clamp=True),
        axis=alt.Axis(title="Energy (kWh in the hour)", tickCount=5),
    )
    areas = [area for row in event for area in _areas(row)]
    scale = height / (top or 1.08 * most or 1)
    paid, noise, missing = (_sum(event, name) for name in ("delivered", "noise", "shortfall"))
    done = _sum(event, "would") - _sum(event, "measured")
    less = done >= 0
    lines = [
        step_line(axis, [row for row in rows if column in row], column, y, colour, dash)
        for column, _, colour, dash in LINES[::2]
    ]
    own = [_line_of_event(event, column, axis.x, y, c, d) for column, _, c, d in LINES[1::2]]
    said = "; ".join(_told(row) for row in event)
    return theme.layered(
        [
            *_painted(areas, axis.x, y),
            *lines,
            *own,
            *_numbers(areas, axis.x, y, scale),
            *_spoken_hours(event, axis.x),
            *key(
                [
                    ("paid, and done", AREA, PAID, ()),
                    ("paid, not done", BARS, PAID, ()),
                    ("missing: penalty", AREA, MISSING, ()),
                    *((name, LINE, colour, dash) for _, name, colour, dash in LINES),
                ],
                width=width,
            ),
        ],
        rows,
        f"Paid for {paid:.2f} kWh, fined for {missing:.2f}; really used {abs(done):.2f} "
        + ("less" if less else "more"),
        _beside_the_truth(noise, abs(done) - (paid - noise)),
        f"One home on the day of an event, hour by hour. {said}.",
        width=width,
        height=height,
    )


def _sum(rows: Rows, name: str) -> float:
    return sum(float(row[f"{name}_kwh"]) for row in rows)


def _beside_the_truth(noise: float, unpaid: float) -> str:
    """What the payment has wrong, in both directions [kWh]."""
    faults = [
        f"{energy:.2f} kWh was {what}"
        for energy, what in ((noise, "paid for and not done"), (unpaid, "done and not paid for"))
        if energy >= 0.005
    ]
    return "; ".join(faults) or "All that was done was paid for, and nothing else"


def _told(row: Row) -> str:
    base, asked, used = (row[f"{n}_kwh"] for n in ("baseline", "commanded", "measured"))
    paid, noise, missing = (row[f"{n}_kwh"] for n in ("delivered", "noise", "shortfall"))
    return (
        f"{row['hour']}:00: baseline {base:.3f} kWh, commanded {asked:.3f}, measured {used:.3f};"
        f" paid for {paid:.3f}, of it not done {noise:.3f}, missing {missing:.3f}"
    )


def _areas(row: Row) -> Iterator[dict[str, Any]]:
    """What is paid for and what is missing, from the baseline towards the commanded load."""
    less = row["expected_kwh"] >= row["commanded_kwh"]
    edge = float(row["baseline_kwh"])
    parts = (
        ("paid", row["delivered_kwh"] - row["noise_kwh"], "+"),
        ("noise", row["noise_kwh"], "+"),
        ("missing", row["shortfall_kwh"], "−"),
    )
    for kind, energy, sign in parts:
        end = edge - energy if less else edge + energy
        if energy > 1e-6:
            yield {
                "_x": row["hour"],
                "_x2": row["hour"] + 1,
                "_mid": row["hour"] + 0.5,
                "_y": round(max(min(edge, end), 0.0), 6),
                "_y2": round(max(edge, end), 6),
                "_kind": kind,
                "_t": f"{sign}{energy:.2f}",
            }
        edge = end


def _painted(areas: Rows, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    for kind, fill in (("paid", PAID), ("noise", "white"), ("missing", MISSING)):
        some = [area for area in areas if area["_kind"] == kind]
        if some:
            mark = alt.Chart(inline(some)).mark_rect(
                fill=fill, stroke=theme.INK, strokeWidth=0.7, aria=False
            )
            yield place(mark, x=x, x2=alt.X2("_x2"), y=y, y2=alt.Y2("_y2"))
    bars = [
        {"_x": area["_x"] + (n + 0.5) / 9, "_y": area["_y"], "_y2": area["_y2"]}
        for area in areas
        if area["_kind"] == "noise"
        for n in range(9)
    ]
    if bars:
        rule = alt.Chart(inline(bars)).mark_rule(stroke=PAID, strokeWidth=3, aria=False)
        yield place(rule, x=x, y=y, y2=alt.Y2("_y2"))


def _numbers(areas: Rows, x: alt.X, y: alt.Y, scale: float) -> Iterator[alt.Chart]:
    """The energy of each area in its middle, where there is room; on white, to be read on bars."""
    some = [
        {**area, "_level": (area["_y"] + area["_y2"]) / 2}
        for area in areas
        if (area["_y2"] - area["_y"]) * scale >= LEAST_LABELLED
    ]
    if some:
        middle, level = x.copy(), y.copy()
        middle.shorthand, level.shorthand = "_mid:Q", "_level:Q"
        base = alt.Chart(inline(some))
        style: dict[str, Any] = {"baseline": "middle", "fontSize": theme.SMALL, "aria": False}
        halo = base.mark_text(**style, stroke="white", strokeWidth=4, strokeJoin="round")
        for mark in (halo, base.mark_text(**style, color=theme.INK)):
            yield place(mark, x=middle, y=level, text=alt.Text("_t:N"))


def _line_of_event(
    event: Rows, column: str, x: alt.X, y: alt.Y, colour: str, dash: Sequence[int]
) -> alt.Chart:
    """A step line over the hours of the event only."""
    points = [{"_x": row["hour"], "_y": row[column]} for row in event]
    points.append({"_x": event[-1]["hour"] + 1, "_y": event[-1][column]})
    line = alt.Chart(inline(points)).mark_line(
        interpolate="step-after", stroke=colour, strokeWidth=2.5, strokeDash=list(dash), aria=False
    )
    return place(line, x=x, y=y)


def _spoken_hours(event: Rows, x: alt.X) -> Iterator[alt.Chart]:
    hours = [
        {"_x": row["hour"], "_x2": row["hour"] + 1, "_said": _told(row).replace(" kWh,", ",")}
        for row in event
    ]
    column = alt.Chart(inline(hours)).mark_rect(opacity=0)
    yield spoken(column, x=x, x2=alt.X2("_x2"), y=0, y2="height")


# --- money ----------------------------------------------------------------------------

BAR_HEIGHT = 30

LEAST_REACH = 1.0
"""The axis of the money is no shorter than this, to each side [euro]."""


def money(rows: Rows, *, reach: float | None = None, width: int = 420) -> Picture:
    """Amounts as bars from a line at nothing: to the right is what the home gets, to the left
    what it pays. Rows have ``what`` and ``euro``; the last is the sum, and stands apart.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    height = BAR_HEIGHT * len(rows) + 6
    most = reach or max(*(abs(float(row["euro"])) for row in rows), LEAST_REACH)
    x = alt.X(
        "_x:Q",
        scale=alt.Scale(domain=[-1.6 * most, 1.6 * most], nice=False),
        axis=alt.Axis(title="Euros; left of 0: the home loses", tickCount=5),
    )
    bars: list[dict[str, Any]] = []
    names: list[dict[str, Any]] = []
    for n, row in enumerate(rows):
        middle = BAR_HEIGHT * (n + 0.5) + 6 * (n == len(rows) - 1)
        euro = float(row["euro"])
        bars.append(
            {
                "_x": min(euro, 0.0),
                "_x2": max(euro, 0.0),
                "_y": middle - 9,
                "_y2": middle + 9,
                "_to": euro >= 0,
                "_said": f"{row['what']}: {euros(euro)}",
                "_t": euros(euro),
                "_middle": middle,
            }
        )
        names.append({"_y": middle, "_t": row["what"]})
    gain = float(rows[-1]["euro"])
    return theme.layered(
        [
            *_two_sided(bars, x, height),
            place(
                alt.Chart(inline([{"_x": 0}])).mark_rule(stroke=theme.INK, aria=False),
                x=x,
                y=0,
                y2="height",
            ),
            captions(names[:-1], -8, down(height), align="right"),
            captions(names[-1:], -8, down(height), align="right", weight="bold"),
        ],
        [{"what": row["what"], "euro": row["euro"]} for row in rows],
        f"{rows[-1]['what'].capitalize()}: {euros(gain)}",
        "",
        "Money [euro]: " + "; ".join(bar["_said"] for bar in bars) + ".",
        width=width,
        height=height,
    )


def _two_sided(bars: Rows, x: alt.X, height: int) -> Iterator[alt.Chart]:
    sides: Sequence[tuple[bool, str, Align, int]] = (
        (True, PAID, "left", 6),
        (False, MISSING, "right", -6),
    )
    for to, fill, align, dx in sides:
        some = [bar for bar in bars if bar["_to"] == to]
        if not some:
            continue
        mark = alt.Chart(inline(some)).mark_rect(fill=fill, stroke=theme.INK, strokeWidth=0.7)
        yield spoken_boxes(mark, x, down(height))
        end: alt.X = x.copy()
        end.shorthand = "_x2:Q" if to else "_x:Q"
        words = alt.Chart(inline(some)).mark_text(
            align=align, dx=dx, baseline="middle", fontSize=theme.SMALL, color=theme.INK, aria=False
        )
        yield place(words, x=end, y=down(height, "_middle"), text=alt.Text("_t:N"))


# --- the grid -------------------------------------------------------------------------


def grid_state(rows: Rows, *, width: int = 560, height: int = 240) -> Picture:
    """The imbalance that the operator wanted to be rid of, hour by hour, and what was left of it
    beside. Above the line too much is used, below too little.

    Rows are those of ``Programme.grid_records()``.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    pairs: list[tuple[Row, float, float]] = [
        (row, float(row["imbalance_before_kwh"]), float(row["imbalance_after_kwh"])) for row in rows
    ]
    before, after = sum(abs(p[1]) for p in pairs), sum(abs(p[2]) for p in pairs)
    most = max(abs(each) for _, *both in pairs for each in both) or 1.0
    y = alt.Y(
        "_y:Q",
        scale=alt.Scale(domain=[-1.3 * most, 1.3 * most], nice=False),
        axis=alt.Axis(title="Imbalance (kWh in the hour)", tickCount=6),
    )
    step = width / len(pairs)
    bars: list[dict[str, Any]] = [
        {
            "_x": step * (n + (0.14 if when == "before" else 0.52)),
            "_x2": step * (n + (0.48 if when == "before" else 0.86)),
            "_middle": step * (n + (0.31 if when == "before" else 0.69)),
            "_y": min(amount, 0.0),
            "_y2": max(amount, 0.0),
            "_end": amount,
            "_up": amount >= 0,
            "_when": when,
            "_t": f"{amount:+.2f}".replace("-", "−"),
            "_said": f"day {row['day']}, {row['period']}:00, {when}: {amount:+.3f} kWh",
        }
        for n, (row, early, late) in enumerate(pairs)
        for when, amount in (("before", early), ("after", late))
    ]
    hours = [
        {"_x": step * (n + 0.5), "_t": f"day {row['day']}, {row['period']}:00"}
        for n, (row, _, _) in enumerate(pairs)
    ]
    return theme.layered(
        [
            *_grid_bars(bars, y, width),
            place(
                alt.Chart(inline([{"_y": 0}])).mark_rule(stroke=theme.INK, aria=False),
                x=0,
                x2=width,
                y=y,
            ),
            captions(hours, across(width), height + 14, align="center"),
            *key(
                [
                    ("before: expected minus commanded", AREA, _BEFORE, ()),
                    ("after: measured minus commanded", AREA, MEASURED, ()),
                ],
                width=width,
            ),
        ],
        rows,
        f"{before:.2f} kWh of imbalance before, {after:.2f} kWh after",
        "All homes together; the sign is lost in the sum: too much and too little both count",
        "The grid's imbalance in each hour of the events. "
        + "; ".join(bar["_said"] for bar in bars)
        + ".",
        width=width,
        height=height,
    )


_BEFORE = "#dddddd"


def _grid_bars(bars: Rows, y: alt.Y, width: int) -> Iterator[alt.Chart]:
    for when, fill in (("before", _BEFORE), ("after", MEASURED)):
        some = [bar for bar in bars if bar["_when"] == when]
        mark = alt.Chart(inline(some)).mark_rect(fill=fill, stroke=theme.INK, strokeWidth=0.7)
        yield spoken_boxes(mark, across(width), y)
    middle, end = across(width), y.copy()
    middle.shorthand, end.shorthand = "_middle:Q", "_end:Q"
    for up, lower in ((True, -9), (False, 10)):
        some = [bar for bar in bars if bar["_up"] == up]
        if some:
            words = alt.Chart(inline(some)).mark_text(
                dy=lower, baseline="middle", fontSize=theme.SMALL, color=theme.INK, aria=False
            )
            yield place(words, x=middle, y=end, text=alt.Text("_t:N"))
