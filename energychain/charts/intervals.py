"""
The time axis of charts whose rows are intervals: an hour, a quarter of an hour, for
a day or for weeks.

Times are drawn as hours since the first midnight, with labels made here, so a chart
looks the same in every time zone. An amount of energy is drawn as wide as its
interval: in a chart of hours, the area *is* the energy.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any

import altair as alt

from energychain.charts.marks import drawable, inline, place, spoken
from energychain.charts.theme import INK, SELECTED, SMALL

Rows = Sequence[Mapping[str, Any]]
"""Rows as dictionaries, such as ``Day.records()`` gives."""

Selected = int | float | str | None
"""The interval that linked charts mark: an hour of the day, or a time."""

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MOST_SPOKEN = 200
"""A chart of more intervals than this has no tooltip for each of them, and thin lines."""

A_FEW_HOURS = 10
"""Of not more, each has its label."""

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class TimeAxis:
    """Where each interval stands."""

    positions: Mapping[Any, float]
    """Hours since the first midnight, by what the rows call the interval."""

    midnight: datetime | None
    """The first midnight, where the rows give dates."""

    by: str
    """The column that names the interval: ``time``, or ``hour`` if there is none."""

    @cached_property
    def step(self) -> float:
        """The length of an interval [h]."""
        gaps = [b - a for a, b in pairwise(sorted(set(self.positions.values()))) if b > a]
        return min(gaps, default=1.0)

    @property
    def start(self) -> float:
        """Where the first interval begins [h]."""
        return min(self.positions.values())

    @property
    def end(self) -> float:
        """Where the last interval ends [h]."""
        return max(self.positions.values()) + self.step

    @property
    def one_day(self) -> bool:
        """Whether all of it is one day, so that the hour says enough."""
        return self.end <= 24 + self.step

    def of(self, row: Mapping[str, Any]) -> float:
        """Where a row's interval begins [h]."""
        return self.positions[row[self.by]]

    def label(self, position: float) -> str:
        """What people call the time at a position."""
        minutes = round(position * 60)
        hour = minutes // 60 if self.one_day and minutes == 24 * 60 else minutes // 60 % 24
        clock = f"{hour}:{minutes % 60:02d}"
        return clock if self.one_day else f"{self._date(position)} {clock}"

    def _date(self, position: float) -> str:
        if self.midnight is None:
            return f"day {int(position // 24) + 1}"
        day = self.midnight + timedelta(hours=position)
        return f"{DAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]}"

    def find(self, selected: int | float | str) -> float:
        """Where a selected interval begins: its time, or an hour of the day.

        Raises ``ValueError`` if there is none.
        """
        if selected in self.positions:
            return self.positions[selected]
        if not isinstance(selected, str):
            for position in sorted(self.positions.values()):
                if position <= selected < position + self.step:
                    return position
        raise ValueError(f"there is no interval {selected!r} in these rows")

    @property
    def unit(self) -> str:
        """The interval in words, for the axis of an amount."""
        return "the hour" if self.step == 1 else f"{round(self.step * 60)} min"

    @property
    def span(self) -> str:
        """The whole time in words."""
        return f"from {self.label(self.start)} to {self.label(self.end)}"

    @cached_property
    def x(self) -> alt.X:
        """The axis itself."""
        ticks = self._ticks()
        labels = [self.label(t) if self.one_day else self._date(t) for t in ticks]
        quoted = ", ".join(f"'{label}'" for label in labels)
        return alt.X(
            "_x:Q",
            scale=alt.Scale(domain=[self.start, self.end], nice=False, zero=False),
            axis=alt.Axis(
                title="Time of day" if self.one_day else "Day",
                values=ticks,
                labelExpr=f"[{quoted}][indexof({ticks}, datum.value)]",
                labelOverlap=True,
                labelFlush=False,
                grid=True,
            ),
        )

    def _ticks(self) -> list[int]:
        span = self.end - self.start
        days = max(1, -(-round(span) // (24 * 8)))  # at most about eight labels
        every = (3 if span > A_FEW_HOURS else 1) if self.one_day else 24 * days
        first = -(-int(self.start) // every) * every
        return list(range(first, int(self.end) + 1, every))

    def mark(self, selected: int | float | str) -> list[alt.Chart]:
        """A dashed frame around the selected interval, and its name above."""
        start = self.find(selected)
        where = inline([{"_x": start, "_x2": start + self.step, "_mid": start + self.step / 2}])
        base = alt.Chart(where)
        frame = base.mark_rect(
            fill=SELECTED, fillOpacity=0.08, stroke=SELECTED, strokeDash=[3, 2], aria=False
        )
        style: dict[str, Any] = {"baseline": "top", "fontSize": SMALL, "fontWeight": "bold"}
        halo = base.mark_text(**style, stroke="white", strokeWidth=5, aria=False)
        named = base.mark_text(**style, color=INK, aria=False)
        words: dict[str, Any] = {"x": alt.X("_mid:Q"), "y": 3, "text": self.label(start)}
        return [
            place(frame, x=self.x, x2=alt.X2("_x2"), y=0, y2="height"),
            place(halo, **words),
            place(named, **words),
        ]


def time_axis(rows: Rows) -> TimeAxis:
    """The time axis of some rows: by ``time`` (ISO 8601) if all have it, else by ``hour``
    (a number, or such as ``7:00``).

    >>> axis = time_axis([{"time": "2017-07-04T07:00"}, {"time": "2017-07-04T07:15"}])
    >>> axis.step, axis.label(axis.end)
    (0.25, '7:30')

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    if not all(isinstance(row.get("time"), str) for row in rows):
        return TimeAxis({row["hour"]: _hour(row["hour"]) for row in rows}, None, "hour")
    times = {str(row["time"]): datetime.fromisoformat(str(row["time"])) for row in rows}
    first = min(times.values())
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    return TimeAxis(
        {text: (time - midnight).total_seconds() / 3600 for text, time in times.items()},
        midnight,
        "time",
    )


def _hour(label: int | float | str) -> float:
    if not isinstance(label, str):
        return float(label)
    hours, _, minutes = label.partition(":")
    return int(hours) + int(minutes or 0) / 60


# --- layers ---------------------------------------------------------------------------


def step_line(
    axis: TimeAxis, own: Rows, column: str, y: alt.Y, colour: str, dash: Sequence[int]
) -> alt.Chart:
    """A line that keeps each value as long as its interval lasts."""
    line = alt.Chart(inline(_turns(axis, own, column))).mark_line(
        interpolate="step-after",
        stroke=colour,
        strokeWidth=2.5 if len(own) <= MOST_SPOKEN else 1.4,
        strokeDash=list(dash),
        aria=False,
    )
    return place(line, x=axis.x, y=y)


def _turns(axis: TimeAxis, own: Rows, column: str) -> list[dict[str, Any]]:
    """Where a step line turns, and where it ends."""
    points: list[dict[str, Any]] = []
    for row in own:
        if not points or points[-1]["_y"] != float(row[column]):
            points.append({"_x": axis.of(row), "_y": float(row[column])})
    return [*points, {"_x": axis.end, "_y": float(own[-1][column])}]


def marked(axis: TimeAxis, selected: Selected) -> str:
    """The selected interval as a sentence for a description; nothing if there is none."""
    return "" if selected is None else f" Marked: {axis.label(axis.find(selected))}."


def same_axis(y: alt.Y, column: str) -> alt.Y:
    """The same axis for another column."""
    other: alt.Y = y.copy()
    other.shorthand = f"{column}:Q"
    return other


def listening(axis: TimeAxis, rows: Rows, said: Callable[[Rows], str]) -> list[alt.Chart]:
    """Invisible columns, one for each interval, that say its numbers to pointers and
    screen readers.
    """
    columns: dict[float, list[Mapping[str, Any]]] = {}
    for row in rows:
        columns.setdefault(axis.of(row), []).append(row)
    if len(columns) > MOST_SPOKEN:
        return []
    hours = [
        {"_x": x, "_x2": x + axis.step, "_said": f"{axis.label(x)}: {said(together)}"}
        for x, together in columns.items()
    ]
    columns_of_air = alt.Chart(inline(hours)).mark_rect(opacity=0)
    return [spoken(columns_of_air, x=axis.x, x2=alt.X2("_x2"), y=0, y2="height")]
