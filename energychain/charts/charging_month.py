"""
A month of charging below one transformer, in pictures: the half-hours in which it was too small,
and what the cars got under each policy.

The rows are those of ``Month.records()`` and ``Month.table()``.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import altair as alt

from energychain.charts import theme
from energychain.charts.charging_quota import BUYS, PENALTY, Row, Rows
from energychain.charts.marks import (
    AREA,
    BARS,
    caption,
    down,
    drawable,
    evenly,
    inline,
    key,
    numbers_in,
    place,
    spoken_boxes,
)
from energychain.charts.theme import Picture

# --- the calendar ---------------------------------------------------------------------


def month(rows: Rows, *, width: int = 600, height: int = 300) -> Picture:
    """A month at a glance: days from left to right, hours from top to bottom. A square is a
    half-hour in which the transformer was too small; the larger the circle in it, the more
    quota was traded.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    days = sorted(datetime.fromisoformat(row["time"]).date() for row in rows)
    scarce = [row for row in rows if row["demand_kw"] - row["allocated_kw"] > 1e-3]
    cells = [_cell(row, days[0]) for row in scarce]
    return theme.layered(
        list(_calendar(cells, days[0], (days[-1] - days[0]).days + 1, (width, height))),
        [{name: row[name] for name in _MONTH_COLUMNS} for row in scarce],
        "When the transformer is too small",
        "Square: a half-hour with too little; circle: quota traded in it, by area",
        f"A calendar from {_date(days[0])} to {_date(days[-1])}: {len(scarce)} of {len(rows)}"
        f" half-hours are scarce.{_traded(scarce)}",
        width=width,
        height=height,
    )


_MONTH_COLUMNS = ("time", "demand_kw", "allocated_kw", "traded_kw")


def _traded(scarce: Rows) -> str:
    some = [row for row in scarce if row["traded_kw"]]
    if not some:
        return " Nothing is traded."
    most = max(some, key=lambda row: row["traded_kw"])
    energy = sum(numbers_in(some, "traded_kw")) / 2
    when = datetime.fromisoformat(most["time"])
    return (
        f" In {len(some)} of them quota is traded, {energy:.1f} kWh in all;"
        f" most in the half-hour that begins at {when:%H:%M} on {_date(when)}:"
        f" {most['traded_kw']:.1f} kW."
    )


def _calendar(cells: Rows, first: date, days: int, size: tuple[int, int]) -> Iterator[alt.Chart]:
    top, foot = (int(min(c["_y"] for c in cells)), _ceil(cells)) if cells else (0, 24)
    x = alt.X(
        "_x:Q",
        scale=alt.Scale(domain=[0, days], nice=False),
        axis=alt.Axis(
            title=f"Day, from {_date(first)} {first.year}",
            values=[n + 0.5 for n in range(0, days, 2)],
            labelExpr=_day_labels(first, days),
            grid=False,
        ),
    )
    y = alt.Y(
        "_y:Q",
        scale=alt.Scale(domain=[foot, top], nice=False, zero=False),
        axis=alt.Axis(
            title="Hour of the day",
            values=list(range(top, foot + 1, 1 if foot - top <= 14 else 3)),
            labelExpr="datum.value + ':00'",
            grid=False,
        ),
    )
    middle, level = x.copy(), y.copy()
    middle.shorthand, level.shorthand = "_middle:Q", "_level:Q"
    square = alt.Chart(inline(cells)).mark_rect(fill="#eeeeee", stroke="#555555", strokeWidth=0.8)
    yield spoken_boxes(square, x, y)
    traded = [cell for cell in cells if cell["_kw"]]
    if traded:
        room = min(size[0] / days, size[1] / (2 * (foot - top)))
        sizes = alt.Scale(domain=[0, max(c["_kw"] for c in traded)], range=[0, 0.78 * room**2])
        circle = alt.Chart(inline(traded)).mark_point(
            shape="circle", fill=theme.OKABE_ITO["blue"], strokeWidth=0, opacity=1, aria=False
        )
        area = alt.Size("_kw:Q", scale=sizes, legend=None)
        yield place(circle, x=middle, y=level, size=area)


def _ceil(cells: Rows) -> int:
    return -int(-max(cell["_y2"] for cell in cells) // 1)


def _cell(row: Row, first: date) -> dict[str, Any]:
    time = datetime.fromisoformat(row["time"])
    day, hour = (time.date() - first).days, time.hour + time.minute / 60
    return {
        "_x": day,
        "_x2": day + 1,
        "_middle": day + 0.5,
        "_y": hour,
        "_y2": hour + 0.5,
        "_level": hour + 0.25,
        "_kw": row["traded_kw"],
        "_said": f"{_date(time)}, {time:%H:%M}: {row['demand_kw'] - row['allocated_kw']:.1f} kW"
        f" short, {row['traded_kw']:.1f} kW traded",
    }


def _date(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def _day_labels(first: date, days: int) -> str:
    """The day of the month at each tick."""
    numbers = ", ".join(f"'{(first + timedelta(n)).day}'" for n in range(days))
    return f"[{numbers}][floor(datum.value)]"


# --- the policies ---------------------------------------------------------------------

POLICY_ROW, POLICY_BAR = 60, 20
"""Of each policy, and of each of its two bars [pixel]."""


def policies(rows: Rows, *, width: int = 480) -> Picture:
    """What cars got in the month under each policy, and what was still missing when their
    drivers wanted to leave, which is barred.

    Rows have ``policy``, ``delivered_kwh`` and ``late_kwh``.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    most = max(float(row[column]) for row in rows for column, _ in _AMOUNTS)
    height = POLICY_ROW * len(rows)
    x = alt.X(
        "_x:Q",
        scale=alt.Scale(domain=[0, 1.02 * most or 1], nice=False),
        axis=alt.Axis(title="Energy in the month (kWh)", tickCount=6),
    )
    bars: list[dict[str, Any]] = [
        {
            "_x": 0.0,
            "_x2": float(row[column]),
            "_y": POLICY_ROW * n + 8 + lower,
            "_y2": POLICY_ROW * n + 8 + lower + POLICY_BAR,
            "_late": column == "late_kwh",
            "_said": f"{row['policy']}: {float(row[column]):.1f} kWh {column.split('_')[0]}",
        }
        for n, row in enumerate(rows)
        for column, lower in _AMOUNTS
    ]
    said = "; ".join(bar["_said"] for bar in bars)
    return theme.layered(
        [
            *_policy_bars(bars, x, height, 8 * most / width),
            *(
                caption(f"{bar['_x2']:,.0f} kWh", width + 10, bar["_y"] + POLICY_BAR / 2)
                for bar in bars
            ),
            *(
                caption(
                    str(row["policy"]), -8, POLICY_ROW * (n + 0.5), align="right", weight="bold"
                )
                for n, row in enumerate(rows)
            ),
            *key([("delivered", AREA, BUYS, ()), ("late", BARS, PENALTY, ())], width=width),
        ],
        [{name: row[name] for name in ("policy", "delivered_kwh", "late_kwh")} for row in rows],
        "What the cars got",
        "Late: still missing when a driver wanted to leave",
        f"Energy in the month under {len(rows)} policies. {said}.",
        width=width,
        height=height,
    )


_AMOUNTS = (("delivered_kwh", 0), ("late_kwh", POLICY_BAR + 4))
"""The bars of a policy, and how far down each begins [pixel]."""


def _policy_bars(bars: Rows, x: alt.X, height: int, apart: float) -> Iterator[alt.Chart]:
    for late in (False, True):
        some = [bar for bar in bars if bar["_late"] == late]
        mark = alt.Chart(inline(some)).mark_rect(
            fill="white" if late else BUYS, stroke=theme.INK, strokeWidth=0.7
        )
        yield spoken_boxes(mark, x, down(height))
    lines = [
        {"_x": at, "_y": bar["_y"], "_y2": bar["_y2"]}
        for bar in bars
        if bar["_late"] and bar["_x2"]
        for at in evenly(0.0, bar["_x2"], apart)
    ]
    rule = alt.Chart(inline(lines)).mark_rule(stroke=PENALTY, strokeWidth=2.5, aria=False)
    yield place(rule, x=x, y=down(height), y2=alt.Y2("_y2"))
