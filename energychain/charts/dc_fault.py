"""
A fault on a DC line in pictures: what flows, and what a relay makes of it.

Rows of currents have ``ms``, ``i1``, ``i2`` and ``i_f``: into the line at both ends, and into
the fault [A]. Rows of a relay are those of ``Seen.rows()``: ``ms``, ``alpha``, ``alpha_min``
[A/s], and ``internal``, ``above``, ``rule6`` and ``holds``.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt

from energychain.charts import theme
from energychain.charts.marks import LINE, Align, Weight, drawable, inline, key, place, writing
from energychain.charts.theme import Picture

Row = Mapping[str, Any]
Rows = Sequence[Row]

WIDTH = 560
"""Of the plots over time [pixel]: with the words at their right they fit a laptop."""

ONE, TWO, FAULT = theme.OKABE_ITO["vermillion"], theme.OKABE_ITO["blue"], theme.INK
DASHES: Mapping[str, Sequence[int]] = {"i1": (1, 0), "i2": (8, 3), "i_f": (2, 2)}
TIME = "Time since the event (ms)"

LET_THROUGH = "#fbf3b0"
"""The time in which the fault is fed."""

GONE = 0.7
"""How much of what would flow without breakers is veiled."""


# --- currents -------------------------------------------------------------------------


def currents(
    rows: Rows,
    *,
    trip_ms: float | None = None,
    isolated_ms: float | None = None,
    energy_j: float | None = None,
    events: Sequence[tuple[str, float]] = (),
    width: int = WIDTH,
    height: int = 160,
) -> Picture:
    """What flows into a line at both ends, and into its fault, before and after the breakers
    have opened: the time in which the fault is fed is shaded, what would flow without breakers
    is pale.

    ``events`` are diodes that begin or cease to conduct, as pairs of a name and a time [ms].

    Raises ``ValueError`` if there are no rows.
    """
    start, end = _span(rows)
    x = time_axis(start, end)
    shown = [{name: round(row[name], 4) for name in ("ms", *DASHES)} for row in rows]
    values = [row[name] for row in shown for name in DASHES]
    low, high = min(values), max(values)
    y = alt.Y(
        "i1:Q",
        # Room at the top for the words beside the marks.
        scale=alt.Scale(domain=[low, high + 0.3 * (high - low)], nice=True),
        axis=alt.Axis(title="Current (A)", tickCount=5),
    )
    layers = [
        *(_shaded(isolated_ms, x, end, height) if energy_j is not None else ()),
        *(_curve(x, y, name, colour, shown) for name, colour in _CURVES),
        *_veil(isolated_ms, x, end, height),
        *_switches(events, x, height, end),
        *_moments(trip_ms, isolated_ms, x, height, (start, end)),
        *key(
            [
                ("i1, from bus 1", LINE, ONE, DASHES["i1"]),
                ("i2, from bus 2", LINE, TWO, DASHES["i2"]),
                ("into the fault", LINE, FAULT, DASHES["i_f"]),
            ],
            width=width,
        ),
    ]
    isolated = (
        "the line stays connected"
        if isolated_ms is None
        else f"the line is isolated at {isolated_ms:.2f} ms"
    )
    # Always a line below the title, so that the plot stays where it is.
    fed = "" if energy_j is None else f"Shaded: the fault is fed {energy_j:.3g} J"
    pale = "" if isolated_ms is None else "Pale: what would flow if nothing opened"
    peaks = ", ".join(f"{name} {max(row[name] for row in shown):.2f} A" for name in DASHES)
    return theme.layered(
        layers,
        shown,
        f"Up to {max(row['i_f'] for row in shown):.1f} A in the fault; {isolated}",
        ". ".join(filter(None, (fed, pale))) or "No breaker opens",
        f"Currents over time from {start:g} to {end:g} ms. Highest: {peaks}."
        f" {_told(trip_ms, isolated_ms)}{f' {fed}.' if fed else ''}{_events_told(events)}",
        width=width,
        height=height,
    )


_CURVES = (("i_f", FAULT), ("i2", TWO), ("i1", ONE))


def time_axis(start: float, end: float, title: str = TIME, grid: bool = True) -> alt.X:
    """Milliseconds."""
    return alt.X(
        "ms:Q",
        scale=alt.Scale(domain=[start, end], nice=False),
        axis=alt.Axis(title=title, tickCount=8, grid=grid),
    )


def _span(rows: Rows) -> tuple[float, float]:
    drawable(rows)
    return round(rows[0]["ms"], 2), round(rows[-1]["ms"], 2)


def _curve(x: alt.X, y: alt.Y, name: str, colour: str, rows: Rows) -> alt.Chart:
    first, *_, last = (row[name] for row in rows)
    highest = max(row[name] for row in rows)
    mark = alt.Chart().mark_line(
        stroke=colour,
        strokeWidth=2.5,
        strokeDash=list(DASHES[name]),
        description=f"{name}: from {first:.2f} to {last:.2f} A, at most {highest:.2f} A",
    )
    height = y.copy()
    height.shorthand = f"{name}:Q"
    return place(mark, x=x, y=height)


def _band(
    start: float, end: float, x: alt.X, height: int, fill: str, opacity: float
) -> Iterator[alt.Chart]:
    if end > start:
        band = alt.Chart(inline([{"ms": start, "_end": end}])).mark_rect(
            fill=fill, opacity=opacity, aria=False
        )
        yield place(band, x=x, x2=alt.X2("_end"), y=0, y2=height)


def _shaded(isolated: float | None, x: alt.X, end: float, height: int) -> Iterator[alt.Chart]:
    until = end if isolated is None else min(isolated, end)
    yield from _band(0.0, until, x, height, LET_THROUGH, 1.0)


def _veil(isolated: float | None, x: alt.X, end: float, height: int) -> Iterator[alt.Chart]:
    if isolated is not None:
        yield from _band(isolated, end, x, height, "white", GONE)


def _switches(
    events: Sequence[tuple[str, float]], x: alt.X, height: int, end: float
) -> Iterator[alt.Chart]:
    some = [
        # One above the other, for both diodes often switch at nearly the same time.
        (ms, name.replace("_", " "), height - 9 - 17 * (n % 2))
        for n, (name, ms) in enumerate(events)
        if ms <= end
    ]
    if some:
        line = alt.Chart(inline([{"ms": ms} for ms, *_ in some])).mark_rule(
            stroke="#777777", strokeDash=[2, 3], aria=False
        )
        yield place(line, x=x, y=0, y2=height)
    for ms, name, y in some:
        right = ms > 0.9 * end
        base = alt.Chart(inline([{"ms": ms}]))
        words = writing(base, "right" if right else "left", dx=-4 if right else 4)
        yield place(words, x=x, y=y, text=name)


def _moments(
    trip: float | None,
    isolated: float | None,
    x: alt.X,
    height: int,
    span: tuple[float, float],
) -> Iterator[alt.Chart]:
    """The trip as a triangle, the open breakers as a line, both with their times."""
    start, end = span
    times = [("trip", trip, 9), ("isolated", isolated, 26)]
    for name, ms, y in times:
        if ms is None or not start <= ms <= end:
            continue
        right = ms > start + 0.7 * (end - start)
        base = alt.Chart(inline([{"ms": ms}]))
        if name == "trip":
            mark = base.mark_point(
                shape="triangle-down",
                size=110,
                fill=theme.INK,
                stroke=theme.INK,
                opacity=1,
                aria=False,
            )
            yield place(mark, x=x, y=y - 2)
        else:
            yield place(
                base.mark_rule(stroke=theme.INK, strokeWidth=2, aria=False), x=x, y=0, y2=height
            )
        beside: tuple[Align, Weight] = ("right" if right else "left", "bold")
        halo: dict[str, Any] = {"stroke": "white", "strokeWidth": 4, "strokeJoin": "round"}
        for look in (halo, {}):  # readable on the lines of the diodes
            words = writing(base, *beside, dx=-13 if right else 13, **look)
            yield place(words, x=x, y=y, text=f"{name} {_ms(ms)}")


def _told(trip: float | None, isolated: float | None) -> str:
    if trip is None or isolated is None:
        return "No trip."
    return f"Trip at {trip:.2f} ms, isolated at {isolated:.2f} ms."


def _events_told(events: Sequence[tuple[str, float]]) -> str:
    said = ", ".join(f"{name.replace('_', ' ')} at {ms:.2f} ms" for name, ms in events)
    return f" Diodes: {said}." if said else ""


# --- the rule -------------------------------------------------------------------------

CONDITIONS: Sequence[tuple[str, str]] = (
    ("internal", "S_T = 1"),
    ("above", "above the pickup"),
    ("rule6", "rule (6) holds"),
    ("holds", "what this relay asks"),
)
"""What is shown below the slopes, from top to bottom."""

STRIP, ROOM = 12, 18
"""How high a strip is, and the room from one to the next [pixel]."""


def rule(
    rows: Rows,
    *,
    relay: str,
    trip_ms: float | None = None,
    width: int = WIDTH,
    height: int = 105,
) -> Picture:
    """Both sides of rule (6) over time, and below them when each condition holds.

    The rule trips where alpha_min is not above S_T times alpha. The scale is logarithmic away
    from 0, on both sides, so that the crossing can be seen.

    Raises ``ValueError`` if there are no rows.
    """
    start, end = _span(rows)
    shown = [_sides(row) for row in rows]
    x = time_axis(start, end, grid=False)
    y = alt.Y(
        "alpha:Q",
        scale=alt.Scale(
            type="symlog", constant=0.5, domain=_reach(shown), range=[height, 0], nice=False
        ),
        axis=alt.Axis(
            title="Slope (A/ms)",
            values=[-100, -10, 0, 10, 100],
            format="d",
            grid=True,
        ),
    )
    foot = height + 12 + ROOM * len(CONDITIONS)
    layers = [
        _side(x, y, "alpha_min", ONE, (1, 0)),
        _side(x, y, "s_t_alpha", TWO, (8, 3)),
        *(
            layer
            for n, (name, words) in enumerate(CONDITIONS)
            for layer in _strip(rows, name, words, x, height + 12 + ROOM * n, width)
        ),
        *_trip_line(trip_ms, x, foot, (start, end)),
        *key([("alpha_min", LINE, ONE, (1, 0)), ("S_T · alpha", LINE, TWO, (8, 3))], width=width),
    ]
    first = next((row["ms"] for row in rows if row["rule6"]), None)
    when = "does not hold" if first is None else f"first holds at {_ms(first)}"
    if first is None and trip_ms is not None and trip_ms > end:
        when = f"holds only after the {end:g} ms shown"
    return theme.layered(
        layers,
        shown,
        f"Rule (6) {when}; the {relay} relay {_when(trip_ms)}",
        "It holds where alpha_min is not above S_T · alpha; strips: what holds when",
        f"Both sides of rule (6) over time, and strips. Rule (6) {when}. "
        + ". ".join(f"{words}: {_spoken(rows, name)}" for name, words in CONDITIONS)
        + f". The {relay} relay {_when(trip_ms)}.",
        width=width,
        height=foot,
    )


def _when(trip: float | None) -> str:
    return "does not trip" if trip is None else f"trips at {_ms(trip)}"


def _ms(time: float) -> str:
    return f"{time:.2f} ms".replace("-", "−")


LEAST_SLOPE = 10.0
"""The axis of the slopes goes so far at least, up and down [A/ms]."""


def _reach(sides: Rows) -> list[float]:
    """From where to where the slopes go, with some room, for a line at the edge is half seen."""
    values = [row[name] for row in sides for name in ("alpha_min", "s_t_alpha")]
    known = [value for value in values if value is not None]
    low, high = min([*known, -LEAST_SLOPE]), max([*known, LEAST_SLOPE])
    return [1.3 * low, 1.3 * high]


def _sides(row: Row) -> dict[str, Any]:
    """Slopes in A/ms, rounded to what can be seen."""
    alpha, least = row["alpha"], row["alpha_min"]
    return {
        "ms": round(row["ms"], 4),
        "alpha_min": None if least is None else round(least / 1e3, 3) + 0.0,
        "s_t_alpha": None if alpha is None else round(alpha / 1e3 * row["internal"], 3) + 0.0,
        **{name: bool(row[name]) for name, _ in CONDITIONS},
    }


def _side(x: alt.X, y: alt.Y, name: str, colour: str, dash: Sequence[int]) -> alt.Chart:
    mark = alt.Chart().mark_line(stroke=colour, strokeWidth=2, strokeDash=list(dash), aria=False)
    side = y.copy()
    side.shorthand = f"{name}:Q"
    return place(mark, x=x, y=side)


def runs(rows: Rows, name: str) -> list[tuple[float, float]]:
    """From when to when a condition holds [ms]; it holds until the next sample.

    >>> runs([{"ms": 0, "on": False}, {"ms": 1, "on": True}, {"ms": 2, "on": False}], "on")
    [(1, 2)]
    """
    found: list[tuple[float, float]] = []
    since = None
    for row in rows:
        if row[name] and since is None:
            since = row["ms"]
        elif not row[name] and since is not None:
            found.append((since, row["ms"]))
            since = None
    if since is not None:
        found.append((since, rows[-1]["ms"]))
    return found


def _spoken(rows: Rows, name: str) -> str:
    found = runs(rows, name)
    if not found:
        return "never"
    if len(found) > 3:
        return f"now and then, first at {found[0][0]:.2f} ms"
    return ", ".join(f"{start:.2f} to {end:.2f} ms" for start, end in found)


def _strip(
    rows: Rows, name: str, words: str, x: alt.X, top: float, width: int
) -> Iterator[alt.Chart]:
    last = name == "holds"
    base = alt.Chart(inline([{"_": 0}]))
    floor = base.mark_rect(fill="#f0f0f0", aria=False)
    yield place(floor, x=0, x2=width, y=top, y2=top + STRIP)
    found = [{"ms": start, "_end": end} for start, end in runs(rows, name)]
    if found:
        bar = alt.Chart(inline(found)).mark_rect(fill=theme.INK if last else "#8a8a8a", aria=False)
        yield place(bar, x=x, x2=alt.X2("_end"), y=top, y2=top + STRIP)
    label = writing(base, "left", "bold" if last else "normal")
    yield place(label, x=width + 8, y=top + STRIP / 2, text=words)


def _trip_line(
    trip: float | None, x: alt.X, foot: int, span: tuple[float, float]
) -> Iterator[alt.Chart]:
    if trip is not None and span[0] <= trip <= span[1]:
        line = alt.Chart(inline([{"ms": trip}])).mark_rule(
            stroke=theme.INK, strokeDash=[5, 3], aria=False
        )
        yield place(line, x=x, y=0, y2=foot)
