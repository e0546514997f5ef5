"""
Ways to agree in pictures: messages between replicas, what each way costs, how that grows, and
what it takes to break it.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import log10
from typing import Any

import altair as alt

from energychain.charts import theme
from energychain.charts.marks import LINE, drawable, halo, inline, key, place, writing
from energychain.charts.theme import Picture

Row = Mapping[str, Any]
Rows = Sequence[Row]

# --- messages -------------------------------------------------------------------------

WIDTH, LANE = 520, 52
"""Of the sequence chart, and how far apart the lines of two replicas are [pixel]."""

KINDS: Mapping[str, tuple[str, Sequence[int]]] = {
    "pre-prepare": (theme.OKABE_ITO["vermillion"], (1, 0)),
    "prepare": (theme.OKABE_ITO["blue"], (6, 3)),
    "commit": (theme.OKABE_ITO["bluish green"], (2, 2)),
    "view-change": (theme.OKABE_ITO["reddish purple"], (8, 3, 2, 3)),
    "new-view": (theme.OKABE_ITO["reddish purple"], (1, 0)),
    "decided": (theme.OKABE_ITO["orange"], (1, 0)),
    "fetch": (theme.OKABE_ITO["orange"], (2, 2)),
}
"""Colour and dash of a message."""

OTHER = ("#888888", (4, 2))


def sequence(
    messages: Rows, replicas: Mapping[int, str], *, until_ms: float, title: str
) -> Picture:
    """Messages as lines from the replica that sent them to the one that they reached; the last
    one is drawn thick.

    Rows have ``sent_ms``, ``arrived_ms``, ``sender``, ``to``, ``kind`` and ``block``, a letter.
    ``replicas`` says what stands at the end of each replica's line; "lies" marks a liar.
    """
    height = LANE * len(replicas)
    x = alt.X(
        "sent_ms:Q",
        scale=alt.Scale(domain=[0, until_ms * 1.03], nice=False),
        axis=alt.Axis(title="Time (ms)", tickCount=8, grid=False),
    )
    y = alt.Y("_y:Q", scale=alt.Scale(domain=[height, 0], nice=False), axis=None)
    kinds = [kind for kind in KINDS if any(row["kind"] == kind for row in messages)]
    return theme.layered(
        [
            *_lanes(replicas, y),
            *_arrows(messages, x, y),
            *key([(kind, LINE, *KINDS[kind]) for kind in kinds], width=WIDTH + 150),
        ],
        messages or [{"sent_ms": 0.0}],
        title,
        "",
        f"{title}. {len(messages)} messages between {len(replicas)} replicas, from top to bottom"
        f" over {until_ms:.0f} ms. "
        + "; ".join(f"replica {n}: {words}" for n, words in replicas.items())
        + ".",
        width=WIDTH,
        height=height,
    )


def _level(replica: int) -> float:
    return LANE * (replica + 0.5)


def _lanes(replicas: Mapping[int, str], y: alt.Y) -> Iterator[alt.Chart]:
    for liar in (False, True):
        some = inline(
            [
                {"_y": _level(replica), "_n": f"replica {replica}", "_t": words}
                for replica, words in replicas.items()
                if (words == "lies") == liar
            ]
        )
        if not some.values:
            continue
        base = alt.Chart(some)
        line = base.mark_rule(
            stroke="#888888",
            strokeWidth=1.5,
            strokeDash=[3, 4] if liar else [1, 0],
            aria=False,
        )
        yield place(line, x=0, x2="width", y=y)
        name = writing(base, "right", "bold" if liar else "normal")
        yield place(name, x=-8, y=y, text=alt.Text("_n:N"))
        said = writing(base, "left", "bold" if liar else "normal")
        yield place(said, x=WIDTH + 10, y=y, text=alt.Text("_t:N"))


def _arrows(messages: Rows, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    drawn = [
        {
            "sent_ms": row["sent_ms"],
            "_x2": row["arrived_ms"],
            "_y": _level(row["sender"]),
            "_y2": _level(row["to"]),
            "_t": row["block"],
            "_said": f"{row['kind']} {row['block']} from {row['sender']} to {row['to']}, arrives"
            f" at {row['arrived_ms']:.0f} ms",
            "_kind": row["kind"],
        }
        for row in messages
    ]
    end_x, end_y = x.copy(), y.copy()
    end_x.shorthand, end_y.shorthand = "_x2:Q", "_y2:Q"
    for kind in dict.fromkeys(row["_kind"] for row in drawn):
        colour, dash = KINDS.get(kind, OTHER)
        some = inline([row for row in drawn if row["_kind"] == kind])
        line = alt.Chart(some).mark_rule(stroke=colour, strokeWidth=1.6, strokeDash=list(dash))
        yield place(
            line,
            x=x,
            x2=alt.X2("_x2"),
            y=y,
            y2=alt.Y2("_y2"),
            description=alt.Description("_said:N"),
            tooltip=alt.Tooltip("_said:N", title=" "),
        )
        dot = alt.Chart(some).mark_point(filled=True, size=22, fill=colour, opacity=1, aria=False)
        yield place(dot, x=end_x, y=end_y)
    if drawn:
        last = alt.Chart(inline(drawn[-1:]))
        thick = last.mark_rule(stroke=theme.INK, strokeWidth=3.5, aria=False)
        yield place(thick, x=x, x2=alt.X2("_x2"), y=y, y2=alt.Y2("_y2"))
        tip = last.mark_point(filled=True, size=90, fill=theme.INK, opacity=1, aria=False)
        yield place(tip, x=end_x, y=end_y)
        yield from _letter(last, end_x, end_y, dx=8, dy=-10)
    firsts = [row for row in drawn if row["_kind"] == "pre-prepare"]
    if firsts:
        yield from _letter(alt.Chart(inline(firsts)), end_x, end_y, dx=6, dy=10)


def _letter(base: alt.Chart, x: alt.X, y: alt.Y, dx: int, dy: int) -> Iterator[alt.Chart]:
    """The block's letter beside the end of an arrow."""
    for mark in (halo(base, dx=dx, dy=dy), writing(base, "left", "bold", dx=dx, dy=dy)):
        yield place(mark, x=x, y=y, text=alt.Text("_t:N"))


# --- what each way costs --------------------------------------------------------------

CELL, ROOM, LINE_HEIGHT = 152, 70, 34
"""The width of a column, of it for the number, and the height of a row [pixel]."""

COLUMNS: Sequence[tuple[str, str, str]] = (
    ("transactions_per_second", "transactions / s", ""),
    ("finality_median", "time to finality", " s"),
    ("messages_per_block", "messages / block", ""),
    ("joules_per_kwh", "hashing / kWh", " J"),
)
"""What is compared: the column, its heading and its unit."""


def comparison(rows: Rows) -> Picture:
    """The five ways side by side: a number and a bar on a scale of factors for each.

    Rows have ``protocol``, ``transactions_per_second``, ``finality_median`` [s],
    ``messages_per_block`` and ``joules_per_kwh``.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    shown = [{name: row[name] for name in ("protocol", *(c[0] for c in COLUMNS))} for row in rows]
    width, height = CELL * len(COLUMNS), LINE_HEIGHT * len(rows)
    base = alt.Chart(inline([{"_": 0}]))
    layers: list[alt.Chart] = []
    for n, (column, heading, unit) in enumerate(COLUMNS):
        layers.append(place(writing(base, "left", "bold"), x=CELL * n, y=-12, text=heading))
        values = [float(row[column]) for row in rows]
        for line, value in enumerate(values):
            level = LINE_HEIGHT * (line + 0.5)
            length = (CELL - ROOM - 12) * _part(value, values)
            if length:
                bar = base.mark_rect(fill=theme.OKABE_ITO["sky blue"], stroke=theme.INK, aria=False)
                layers.append(
                    place(bar, x=CELL * n, x2=CELL * n + length, y=level - 8, y2=level + 8)
                )
            number = writing(base, "left")
            layers.append(
                place(number, x=CELL * n + length + 5, y=level, text=f"{figure(value)}{unit}")
            )
    for line, row in enumerate(rows):
        name = writing(base, "right", "bold")
        layers.append(place(name, x=-12, y=LINE_HEIGHT * (line + 0.5), text=str(row["protocol"])))
    return theme.layered(
        layers,
        shown,
        "Five ways to agree, one workload",
        "A bar grows by the same length for every factor of ten",
        "A table of five protocols. "
        + " ".join(
            f"{row['protocol']}: "
            + ", ".join(f"{figure(row[c])}{unit} {heading}" for c, heading, unit in COLUMNS)
            + "."
            for row in rows
        ),
        width=width,
        height=height,
    )


def figure(value: float) -> str:
    """A number to three digits at most, for people.

    >>> [figure(value) for value in (0, 0.1347, 6.376, 195.7, 5_700_000)]
    ['0', '0.13', '6.4', '196', '5,700,000']
    """
    if value == 0:
        return "0"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{float(f'{value:.2g}'):g}"


def _part(value: float, values: Sequence[float]) -> float:
    """How long a bar is, as a part of the longest, on a logarithmic scale; the smallest value
    that is not 0 has a tenth.
    """
    present = [log10(each) for each in values if each > 0]
    if value <= 0:
        return 0.0
    low, high = min(present), max(present)
    return 0.1 + 0.9 * (log10(value) - low) / (high - low) if high > low else 1.0


# --- how it grows ---------------------------------------------------------------------


def growth(rows: Rows) -> Picture:
    """Messages per block against the number of replicas, both on scales of factors; protocols
    that need equally many share a line.

    Rows have ``protocol``, ``nodes`` and ``messages_per_block``.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    courses: dict[tuple[float, ...], list[str]] = {}
    sizes = sorted({int(row["nodes"]) for row in rows})
    for protocol in dict.fromkeys(row["protocol"] for row in rows):
        course = tuple(
            round(row["messages_per_block"], 6)
            for size in sizes
            for row in rows
            if (row["protocol"], row["nodes"]) == (protocol, size)
        )
        courses.setdefault(course, []).append(protocol)
    x = alt.X(
        "nodes:Q",
        scale=alt.Scale(type="log", base=2, domain=[sizes[0] / 1.1, sizes[-1] * 1.1], nice=False),
        axis=alt.Axis(title="Replicas", values=sizes, format="d"),
    )
    most = max(max(course) for course in courses)
    y = alt.Y(
        "messages:Q",
        scale=alt.Scale(type="log", domain=[1, 2 * most], nice=False),
        axis=alt.Axis(title="Messages per block", values=[10**n for n in range(6)], format=",d"),
    )
    layers: list[alt.Chart] = []
    shown: list[dict[str, Any]] = []
    said = []
    for n, (course, protocols) in enumerate(courses.items()):
        colour, dash, shape = theme.node_style(n)
        name = _together(protocols)
        data = [
            {"protocols": name, "nodes": size, "messages": count}
            for size, count in zip(sizes, course, strict=True)
        ]
        shown += data
        line = alt.Chart(inline(data)).mark_line(
            stroke=colour, strokeWidth=2.5, strokeDash=list(dash), aria=False
        )
        spoken = [
            {**row, "_said": f"{name}: {row['messages']:,.0f} messages at {row['nodes']}"}
            for row in data
        ]
        dots = alt.Chart(inline(spoken)).mark_point(
            shape=shape, filled=True, size=60, fill=colour, opacity=1
        )
        layers.append(place(line, x=x, y=y))
        layers.append(place(dots, x=x, y=y, description=alt.Description("_said:N")))
        rise = _slope(sizes, course)
        above = writing(alt.Chart(inline(data[-1:])), "left", "bold", dx=10)
        layers.append(place(above, x=x, y=y, text=f"{name}: n to the power {rise:.1f}"))
        said.append(f"{name}: {course[-1]:,.0f} messages for {sizes[-1]} replicas")
    worst = max(courses, key=max)
    return theme.layered(
        layers,
        shown,
        f"For {sizes[-1]} replicas, {_together(courses[worst])} needs {max(worst):,.0f} messages",
        "Both axes grow by factors; the power is the slope of a line",
        f"Lines over {sizes[0]} to {sizes[-1]} replicas. {'; '.join(said)}.",
        width=430,
        height=230,
    )


def _together(protocols: Sequence[str]) -> str:
    return protocols[0] if len(protocols) == 1 else f"the other {len(protocols)}"


def _slope(sizes: Sequence[int], course: Sequence[float]) -> float:
    """The slope of the last piece of a line on scales of factors."""
    return (log10(course[-1]) - log10(course[-2])) / (log10(sizes[-1]) - log10(sizes[-2]))


# --- what it takes to break it --------------------------------------------------------

SIGN_CELL = 108


def misbehaviour(rows: Rows) -> Picture:
    """What so many misbehaving replicas can do to each protocol: by a lie, and by silence.

    Rows have ``protocol``, ``nodes``, ``misbehaving``, ``runs``, ``broken`` and ``stopped``, of
    the runs.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    protocols = list(dict.fromkeys(str(row["protocol"]) for row in rows))
    counts = sorted({int(row["misbehaving"]) for row in rows})
    width, height = SIGN_CELL * len(counts), LINE_HEIGHT * 1.3 * len(protocols)
    line_height = LINE_HEIGHT * 1.3
    cells: list[dict[str, Any]] = [
        {
            "_x": SIGN_CELL * counts.index(row["misbehaving"]),
            "_x2": SIGN_CELL * (counts.index(row["misbehaving"]) + 1) - 3,
            "_m": SIGN_CELL * (counts.index(row["misbehaving"]) + 0.5) - 1,
            "_y": line_height * protocols.index(row["protocol"]),
            "_y2": line_height * (protocols.index(row["protocol"]) + 1) - 3,
            "_c": line_height * (protocols.index(row["protocol"]) + 0.5) - 1,
            "_state": "unsafe" if row["broken"] else "stops" if row["stopped"] else "holds",
            "_t": _verdict(row),
            "_said": f"{row['protocol']}, {row['misbehaving']} of {row['nodes']} misbehave:"
            f" {', '.join(_verdict(row))}",
        }
        for row in rows
    ]
    x = alt.X("_x:Q", scale=alt.Scale(domain=[0, width], nice=False), axis=None)
    y = alt.Y("_y:Q", scale=alt.Scale(domain=[height, 0], nice=False), axis=None)
    base = alt.Chart(inline([{"_": 0}]))
    layers: list[alt.Chart] = []
    for state, colour in (
        ("holds", "#f4f4f4"),
        ("stops", theme.OKABE_ITO["yellow"]),
        ("unsafe", theme.OKABE_ITO["orange"]),
    ):
        some = [cell for cell in cells if cell["_state"] == state]
        if some:
            box = alt.Chart(inline(some)).mark_rect(fill=colour)
            layers.append(
                place(
                    box,
                    x=x,
                    x2=alt.X2("_x2"),
                    y=y,
                    y2=alt.Y2("_y2"),
                    description=alt.Description("_said:N"),
                )
            )
    middle, level = x.copy(), y.copy()
    middle.shorthand, level.shorthand = "_m:Q", "_c:Q"
    for lines, shifts in ((1, (0,)), (2, (-9, 9))):
        some = [cell for cell in cells if len(cell["_t"]) == lines]
        for n, shift in enumerate(shifts if some else ()):
            said = [{**cell, "_t": cell["_t"][n]} for cell in some]
            words = writing(alt.Chart(inline(said)), "center", dy=shift)
            layers.append(place(words, x=middle, y=level, text=alt.Text("_t:N")))
    nodes = int(rows[0]["nodes"])
    for n, count in enumerate(counts):
        heading = writing(base, "center", "bold")
        layers.append(place(heading, x=SIGN_CELL * (n + 0.5), y=-12, text=f"{count} of {nodes}"))
    for n, protocol in enumerate(protocols):
        name = writing(base, "right", "bold")
        layers.append(place(name, x=-10, y=line_height * (n + 0.5), text=protocol))
    unsafe = [row for row in rows if row["broken"]]
    return theme.layered(
        layers,
        rows,
        f"What so many of {nodes} can do together",
        "Lied to: two stories became final. Stopped: their silence was enough. Of so many runs",
        f"A table of {len(protocols)} protocols and coalitions of {', '.join(map(str, counts))}."
        f" Safety is lost in {len(unsafe)} of {len(rows)} cells. "
        + " ".join(f"{cell['_said']}." for cell in cells),
        width=width,
        height=round(height),
    )


def _verdict(row: Row) -> list[str]:
    """What is written in a cell."""
    found = [
        f"{words} {row[column]}/{row['runs']}"
        for column, words in (("broken", "lied to"), ("stopped", "stopped"))
        if row[column]
    ]
    return found or ["holds"]
