"""
Attacks on a relay in pictures: what was sent, what was believed, what the ledger says; and all
attacks, with the defence off and on.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt

from energychain.charts import theme
from energychain.charts.dc_fault import WIDTH, time_axis
from energychain.charts.marks import (
    LINE,
    across,
    caption,
    down,
    drawable,
    inline,
    key,
    place,
    spoken_boxes,
    writing,
)
from energychain.charts.theme import Picture

Row = Mapping[str, Any]
Rows = Sequence[Row]

SENT, BELIEVED, LEDGER = "#949494", theme.OKABE_ITO["vermillion"], theme.OKABE_ITO["blue"]
STREAMS: Mapping[str, tuple[str, float, Sequence[int]]] = {
    "sent_a": (SENT, 7, (1, 0)),
    "believed_a": (BELIEVED, 2, (1, 0)),
    "ledger_a": (LEDGER, 2, (5, 4)),
}
"""Colour, width and dash: what is believed runs inside what was sent, if it is true."""

CHECK_ROW = 19
"""The room for the refusals of one check [pixel]."""


# --- the streams ----------------------------------------------------------------------


def streams(
    rows: Rows,
    refused: Sequence[tuple[float, str]] = (),
    *,
    outcome: str,
    caught_by: str = "",
    caught_ms: float | None = None,
    trip_ms: float | None = None,
    isolated_ms: float | None = None,
    width: int = WIDTH,
    height: int = 92,
) -> Picture:
    """The currents of both ends as they were sent, as the relay believed them, and as the
    ledger has them, with the messages that were refused below.

    Rows have ``ms``, ``end``, ``sent_a``, ``believed_a`` and ``ledger_a`` [A], or None where
    there is nothing. ``refused`` is when a message was refused [ms], and by which check.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    table = _side_by_side(rows)
    start, end = round(table[0]["ms"], 2), round(table[-1]["ms"], 2)
    x = time_axis(start, end, grid=False)
    foot = 2 * height + GAP
    checks = _checks(refused, caught_by)
    whole = foot + 14 + CHECK_ROW * len(checks)
    found = noticed(caught_by, caught_ms) or _differences(table)
    chart = theme.layered(
        [
            *_curves(table, x, height),
            *_strips(refused, checks, x, (start, end), width, foot + 14),
            *_first_sign(checks, caught_by, caught_ms, x, (start, end), foot + 14),
            *_moments(trip_ms, isolated_ms, x, (start, end), whole, height + GAP / 2),
            *_key(table, width),
        ],
        table,
        outcome,
        found,
        f"{outcome}. {found}. Currents of both ends from {start:g} to {end:g} ms."
        f" {_differences(table)}. {_counted(refused)}",
        width=width,
        height=whole,
    )
    chart.resolve = alt.Resolve(scale={"y": "independent"})  # an axis for each end
    return chart


LEAST_REACH = 5.0
"""The axis of both ends goes so far at least, up and down [A]."""

GAP = 22
"""Between the plots of the two ends [pixel]."""

SIGNS: Mapping[str, str] = {
    "ledger": "The ledger contradicts the link",
    "gap": "A gap in the count is noticed",
    "silence": "Silence is noticed",
    "queue": "The queue is full",
}


def noticed(caught_by: str, caught_ms: float | None) -> str:
    """What gave an attack away, in words; empty if nothing did.

    >>> noticed("tag", -0.181)
    'The first is refused for its tag, at -0.18 ms'
    """
    if not caught_by or caught_ms is None:
        return ""
    what = SIGNS.get(caught_by, f"The first is refused for its {caught_by}")
    return f"{what}, at {caught_ms:.2f} ms"


def _side_by_side(rows: Rows) -> list[dict[str, Any]]:
    """A row per time, with both ends."""
    table: dict[float, dict[str, Any]] = {}
    for row in rows:
        both = table.setdefault(row["ms"], {"ms": row["ms"]})
        for name in STREAMS:
            value = row[name]
            both[f"{name}{row['end']}"] = None if value is None else round(value, 3)
    return [table[ms] for ms in sorted(table)]


def _key(table: Rows, width: int) -> list[alt.Chart]:
    entries = [("sent", LINE, SENT, (1, 0)), ("believed by the relay", LINE, BELIEVED, (1, 0))]
    if any(row["ledger_a1"] is not None for row in table):
        entries.append(("in the ledger", LINE, LEDGER, (5, 4)))
    return key(entries, width=width)


def _curves(table: Rows, x: alt.X, height: int) -> Iterator[alt.Chart]:
    """Both ends, one above the other, with the same scale."""
    names = [f"{name}{end}" for name in STREAMS for end in (1, 2)]
    values = [row[name] for row in table for name in names if row[name] is not None]
    low, high = min([*values, -LEAST_REACH]), max([*values, LEAST_REACH])
    room = 0.08 * (high - low)
    for end in (1, 2):
        top = (end - 1) * (height + GAP)
        scale = alt.Scale(
            domain=[low - room, high + room], range=[top + height, top], nice=False, zero=False
        )
        for name, (colour, thick, dash) in STREAMS.items():
            axis = (
                alt.Axis(title=f"End {end} (A)", tickCount=4, orient="left", offset=0)
                if name == "sent_a"
                else None
            )
            mark = alt.Chart().mark_line(
                stroke=colour, strokeWidth=thick, strokeDash=list(dash), aria=False
            )
            yield place(mark, x=x, y=alt.Y(f"{name}{end}:Q", scale=scale, axis=axis))


def _moments(
    trip: float | None,
    isolated: float | None,
    x: alt.X,
    span: tuple[float, float],
    foot: float,
    level: float,
) -> Iterator[alt.Chart]:
    """The trip as a dashed line, the open breakers as a solid one."""
    shown = [
        (name, ms, dash)
        for name, ms, dash in (("trip", trip, (5, 3)), ("isolated", isolated, (1, 0)))
        if ms is not None and ms <= span[1]
    ]
    for _, ms, dash in shown:
        base = alt.Chart(inline([{"ms": ms}]))
        line = base.mark_rule(stroke=theme.INK, strokeWidth=2, strokeDash=list(dash), aria=False)
        yield place(line, x=x, y=0, y2=foot)
    if shown:
        right = shown[0][1] > (span[0] + span[1]) / 2
        at = shown[0 if right else -1][1]
        words = writing(
            alt.Chart(inline([{"ms": at}])),
            "right" if right else "left",
            "bold",
            dx=-7 if right else 7,
        )
        text = ", ".join(f"{name} {ms:.2f} ms" for name, ms, _ in shown)
        yield place(words, x=x, y=level, text=text)


def _checks(refused: Sequence[tuple[float, str]], caught_by: str) -> dict[str, int]:
    """How many messages each check refused; what spoke first comes first."""
    counts = {caught_by: 0} if caught_by else {}
    for _, check in refused:
        counts[check] = counts.get(check, 0) + 1
    return counts or {"": 0}


def _strips(
    refused: Sequence[tuple[float, str]],
    checks: Mapping[str, int],
    x: alt.X,
    span: tuple[float, float],
    width: int,
    top: float,
) -> Iterator[alt.Chart]:
    """A row of ticks for each check that refused something."""
    base = alt.Chart(inline([{"_": 0}]))
    floor = base.mark_rect(fill="#f0f0f0", aria=False)
    yield place(floor, x=0, x2=width, y=top, y2=top + CHECK_ROW * len(checks))
    for n, (check, count) in enumerate(checks.items()):
        level = top + CHECK_ROW * n
        times = sorted({round(ms, 2) for ms, name in refused if name == check})
        seen = [{"ms": ms} for ms in times if span[0] <= ms <= span[1]]
        if seen:
            tick = alt.Chart(inline(seen)).mark_rule(stroke="#666666", strokeWidth=1.2, aria=False)
            yield place(tick, x=x, y=level + 3, y2=level + CHECK_ROW - 3)
        words = f"{check}: {count} refused" if count else check or "nothing refused"
        label = writing(base, "left", "normal" if n else "bold")
        yield place(label, x=width + 8, y=level + CHECK_ROW / 2, text=words)


def _first_sign(
    checks: Mapping[str, int],
    caught_by: str,
    caught_ms: float | None,
    x: alt.X,
    span: tuple[float, float],
    top: float,
) -> Iterator[alt.Chart]:
    if caught_by in checks and caught_ms is not None and span[0] <= caught_ms <= span[1]:
        sign = alt.Chart(inline([{"ms": caught_ms}])).mark_point(
            shape="triangle-right",
            size=120,
            fill=BELIEVED,
            stroke=theme.INK,
            opacity=1,
            aria=False,
        )
        yield place(sign, x=x, y=top + CHECK_ROW / 2)


def _differences(table: Rows) -> str:
    """From when on the relay believes what nobody sent, in words."""
    told = []
    for name, words in (("believed_a", "the relay believes"), ("ledger_a", "the ledger says")):
        wrong = [
            row["ms"]
            for row in table
            if any(
                row[f"{name}{end}"] is not None and row[f"{name}{end}"] != row[f"sent_a{end}"]
                for end in (1, 2)
            )
        ]
        if wrong:
            told.append(f"from {wrong[0]:.2f} ms on {words} what no sensor sent")
    found = "; ".join(told) or "all that is believed was sent"
    return found[0].upper() + found[1:]


def _counted(refused: Sequence[tuple[float, str]]) -> str:
    checks = dict.fromkeys(check for _, check in refused)
    counts = [f"{sum(name == check for _, name in refused)} by {check}" for check in checks]
    return f"Refused: {', '.join(counts)}." if counts else "Nothing is refused."


# --- all attacks ----------------------------------------------------------------------

NAMES, CELL, LINE_HEIGHT = 210, 78, 21
"""Room for the names of attacks, the width of a cell and the height of a row [pixel]."""

Column = tuple[str, str, str, str]
COLUMNS: Sequence[tuple[str, Sequence[str], Column]] = (
    ("healthy line: false trips", ("off",), ("no fault", "off", "primary", "false_trips")),
    ("", ("on",), ("no fault", "on", "primary", "false_trips")),
    ("fault: missed trips", ("off",), ("fault", "off", "primary", "missed_trips")),
    ("", ("on",), ("fault", "on", "primary", "missed_trips")),
    ("", ("on, with", "a ledger"), ("fault", "on", "ledger", "missed_trips")),
)
"""The heading of a group, that of a column, and what is counted in it: case, defence, path and
column of the rows.
"""


def campaign(rows: Rows) -> Picture:
    """All attacks: in how many of the runs a healthy line was tripped and a fault missed, with
    the defence off and on, and what gave the attack away.

    Rows have ``attack``, ``case``, ``defence``, ``path``, ``runs``, ``false_trips``,
    ``missed_trips`` and ``caught_by``, which counts by check.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    names = list(dict.fromkeys(str(row["attack"]) for row in rows))
    table = [_shares(rows, name) for name in names]
    height, width = LINE_HEIGHT * len(names), CELL * len(COLUMNS)
    harm, beyond = ([row for row in table if row[_column(COLUMNS[n][2])]] for n in (2, -1))
    return theme.layered(
        [*_grid(table, width, height), *_labels(table, width), *_heads()],
        table,
        f"{len(harm)} of {len(names)} attacks hide a fault; tags and a ledger leave {len(beyond)}",
        "In so many of the runs; a dot is none. At the right: what gives it away first",
        f"{len(names)} attacks, of {rows[0]['runs']} runs each. "
        + " ".join(f"{row['attack']}: {_effects(row)}." for row in table),
        width=width,
        height=height,
    )


def _effects(row: Row) -> str:
    """What an attack achieves, and what gives it away, in words."""
    found = [
        f"{_percent(row[_column(what)])} {_said(what)}"
        for *_, what in COLUMNS
        if row[_column(what)]
    ]
    return f"{', '.join(found) or 'no effect'}; given away by {row['caught_by'] or 'nothing'}"


def _said(what: Column) -> str:
    _, defence, path, column = what
    beside = " and a ledger" if path == "ledger" else ""
    return f"{column.replace('_', ' ')} with the defence {defence}{beside}"


def _column(what: Column) -> str:
    case, defence, path, _ = what
    return f"{case} {defence} {path}"


def _percent(share: float) -> str:
    return f"{share:.0%}"


def _shares(rows: Rows, name: str) -> dict[str, Any]:
    """One line of the table."""
    line: dict[str, Any] = {"attack": name}
    for *_, what in COLUMNS:
        case, defence, path, column = what
        found = [
            row
            for row in rows
            if (row["attack"], row["case"], row["defence"], row["path"])
            == (name, case, defence, path)
        ]
        line[_column(what)] = found[0][column] / found[0]["runs"] if found else 0.0
    counts: dict[str, int] = {}
    for row in rows:
        if row["attack"] == name and row["defence"] == "on" and row["path"] == "primary":
            for check, count in row["caught_by"].items():
                counts[check] = counts.get(check, 0) + count
    line["caught_by"] = ", ".join(sorted(counts, key=lambda check: (-counts[check], check))[:2])
    return line


def _grid(table: Rows, width: int, height: int) -> Iterator[alt.Chart]:
    cells = [
        {
            "_x": CELL * n,
            "_x2": CELL * (n + 1) - 2,
            "_middle": CELL * (n + 0.5) - 1,
            "_y": LINE_HEIGHT * line,
            "_y2": LINE_HEIGHT * (line + 1) - 2,
            "_level": LINE_HEIGHT * (line + 0.5) - 1,
            "_share": row[_column(what)],
            "_t": _percent(row[_column(what)]) if row[_column(what)] else "·",
            "_said": f"{row['attack']}: {_percent(row[_column(what)])} {_said(what)}",
        }
        for line, row in enumerate(table)
        for n, (*_, what) in enumerate(COLUMNS)
    ]
    x, y = across(width), down(height)
    shade = alt.Fill(
        "_share:Q",
        scale=alt.Scale(domain=[0, 1], range=["#f4f4f4", theme.OKABE_ITO["orange"]]),
        legend=None,
    )
    yield spoken_boxes(alt.Chart(inline(cells)).mark_rect(), x, y, fill=shade)
    middle, level = across(width, "_middle"), down(height, "_level")
    text = writing(alt.Chart(inline(cells)), "center")
    yield place(text, x=middle, y=level, text=alt.Text("_t:N"))


def _labels(table: Rows, width: int) -> Iterator[alt.Chart]:
    for line, row in enumerate(table):
        level = LINE_HEIGHT * (line + 0.5) - 1
        yield caption(str(row["attack"]), -8, level, align="right")
        yield caption(row["caught_by"] or "nothing", width + 8, level)


def _heads() -> Iterator[alt.Chart]:
    for n, (group, heading, _) in enumerate(COLUMNS):
        if group:
            yield caption(group, CELL * n, -48, weight="bold")
        for line, words in enumerate(reversed(heading)):
            yield caption(words, CELL * (n + 0.5) - 1, -12 - 16 * line, align="center")
    yield caption("defence", -8, -12, align="right")
    yield caption("given away by", CELL * len(COLUMNS) + 8, -12)
