"""
Who keeps what, in pictures: a year of one street, proofs against the number of leaves, a proof in
two steps, and what a node bears against the number of homes and of clusters.

Rows are dictionaries, as the ``records`` of :mod:`energychain.studies.scale` give them. What was
measured is drawn solid and with marks; what a law says, dashed.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import log
from typing import Any

import altair as alt

from energychain.charts import theme
from energychain.charts.marks import (
    LINE,
    across,
    down,
    down_to,
    drawable,
    halo,
    inline,
    key,
    place,
    spoken,
    spread,
    writing,
)
from energychain.charts.theme import Picture

Row = Mapping[str, Any]
Rows = Sequence[Row]

QUANTITIES: Mapping[str, str] = {
    "kept_bytes": "Bytes kept",
    "messages": "Messages received",
    "signatures": "Signatures checked",
}
"""What a node bears, and the words for it."""

ROLES: Mapping[tuple[str, str], tuple[str, str, str]] = {
    ("flat", "full node"): ("full node, flat", theme.OKABE_ITO["vermillion"], "circle"),
    ("clustered", "aggregator"): ("aggregator", theme.OKABE_ITO["blue"], "square"),
    ("clustered", "server"): ("server of the grid", theme.OKABE_ITO["reddish purple"], "diamond"),
    ("flat", "super-light home"): ("home, flat", theme.OKABE_ITO["orange"], "triangle-up"),
    ("clustered", "super-light home"): ("home, clustered", "#00795a", "triangle-down"),
}
"""Who bears it: the words, the colour and the mark."""

LAW, MEASURED = (5, 4), (1, 0)
"""Dashes."""

NAMES = 120
"""The room of the roles' names at the right [pixel]."""


def amount(value: float, quantity: str = "kept_bytes") -> str:
    """A number of bytes, messages or signatures to three digits.

    >>> amount(167_561_541), amount(440), amount(2_001, "messages"), amount(1e6, "messages")
    ('168 MB', '440 B', '2,001', '1,000,000')
    """
    if quantity != "kept_bytes":
        return f"{value:,.0f}"
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= 0.9995 * size:
            scaled = value / size
            return f"{scaled:.0f} {unit}" if scaled >= 99.95 else f"{scaled:.3g} {unit}"
    return f"{value:.0f} B"


# --- what a node bears ----------------------------------------------------------------


def cost(
    rows: Rows,
    quantity: str = "kept_bytes",
    *,
    times: int = 1,
    per: str = "interval",
    at: Rows = (),
    width: int = 430,
    height: int = 290,
) -> Picture:
    """What each role bears against the number of homes, both logarithmic. Marks are measured,
    dashed lines are the laws fitted to them.

    ``rows`` are those of ``scale.Row.record()``, of one interval; they are shown ``times``
    as large, ``per`` so much time. Rows ``at`` one number of homes get a ring each.

    Raises ``ValueError`` if there are no rows, or ``KeyError`` for an unknown quantity.
    """
    drawable(rows)
    shown = [
        {
            "arrangement": row["arrangement"],
            "role": row["role"],
            "homes": row["homes"],
            "clusters": row["clusters"],
            quantity: round(row[quantity] * times, 3),
            "how": row["how"],
        }
        for row in rows
    ]
    values = [row[quantity] for row in (*shown, *at) if row[quantity] > 0]
    low, high = min(values) / 1.7, max(values) * 1.7
    x = _powers("homes", max(row["homes"] for row in rows), "Homes", least=10)
    y = alt.Y(
        f"{quantity}:Q",
        scale=alt.Scale(type="log", domain=[low, high], nice=False),
        axis=_logarithmic(f"{QUANTITIES[quantity]} per {per}", low, high),
    )
    ends = [
        (role, max((r for r in shown if _role(r) == role), key=lambda r: r["homes"]))
        for role in ROLES
        if any(_role(row) == role for row in shown)
    ]
    layers: list[alt.Chart] = []
    for role, _ in ends:
        layers += _role_layers([row for row in shown if _role(row) == role], role, quantity, x, y)
    layers += _rings(at, quantity, x, y, height)
    layers += _names(ends, quantity, (low, high), width, height)
    layers += key(
        [
            ("marks: measured", LINE, theme.INK, MEASURED),
            ("law, fitted to the marks", LINE, theme.INK, LAW),
        ],
        width=width + NAMES,
    )
    return theme.layered(
        layers,
        shown,
        _finding(ends, quantity),
        "Logarithmic scales; rings: as chosen"
        if at
        else "Logarithmic scales: a straight line is a power of the number of homes",
        _cost_told(shown, ends, quantity, per),
        width=width,
        height=height,
    )


def _role(row: Row) -> tuple[str, str]:
    return str(row["arrangement"]), str(row["role"])


def _logarithmic(title: str, low: float, high: float) -> alt.Axis:
    """An axis with the powers of ten between two values."""
    values = [10.0**power for power in range(-3, 16) if low <= 10.0**power <= high]
    return alt.Axis(title=title, format="~s", values=values)


def _powers(column: str, most: int, title: str, least: int = 1) -> alt.X:
    """A logarithmic axis with the powers of ten."""
    values, power = [], 1
    while power <= most:
        values.append(power)
        power *= 10
    return alt.X(
        f"{column}:Q",
        scale=alt.Scale(type="log", domain=[least, most], nice=False),
        axis=alt.Axis(title=title, values=[v for v in values if v >= least], format="~s"),
    )


def _role_layers(
    rows: Rows, role: tuple[str, str], quantity: str, x: alt.X, y: alt.Y
) -> Iterator[alt.Chart]:
    words, colour, shape = ROLES[role]
    law = [row for row in rows if row["how"] == "extrapolated"]
    ran = [row for row in rows if row["how"] == "measured"]
    for some, dash in ((law, LAW), (ran, MEASURED)):
        if len(some) > 1:
            line = alt.Chart(inline(some)).mark_line(
                stroke=colour, strokeWidth=2.5, strokeDash=list(dash), aria=False
            )
            yield place(line, x=x, y=y)
    if ran:
        told = [
            {**row, "_said": f"{words}, {row['homes']} homes: {amount(row[quantity], quantity)}"}
            for row in ran
        ]
        mark = alt.Chart(inline(told)).mark_point(
            shape=shape, size=75, fill=colour, stroke=theme.INK, strokeWidth=0.7, opacity=1
        )
        yield spoken(mark, x=x, y=y)


def _rings(at: Rows, quantity: str, x: alt.X, y: alt.Y, height: int) -> Iterator[alt.Chart]:
    if not at:
        return
    rule = alt.Chart(inline([{"homes": at[0]["homes"]}])).mark_rule(
        stroke=theme.SELECTED, strokeDash=[3, 3], aria=False
    )
    yield place(rule, x=x, y=0, y2=height)
    rings = [
        {
            "homes": row["homes"],
            quantity: row[quantity],
            "_said": f"{ROLES[_role(row)][0]}, at {row['homes']:,} homes:"
            f" {amount(row[quantity], quantity)}",
        }
        for row in at
    ]
    ring = alt.Chart(inline(rings)).mark_point(
        shape="circle", size=170, stroke=theme.INK, strokeWidth=2.2, filled=False, opacity=1
    )
    yield spoken(ring, x=x, y=y)


def _names(
    ends: Sequence[tuple[tuple[str, str], Row]],
    quantity: str,
    span: tuple[float, float],
    width: int,
    height: int,
) -> Iterator[alt.Chart]:
    """The roles at the right end of their lines."""
    low, high = span
    heights = [
        height * (1 - log(row[quantity] / low) / log(high / low)) if row[quantity] > 0 else height
        for _, row in ends
    ]
    places = spread(heights, 17, 6, height - 6)
    base = alt.Chart(inline([{"_": 0}]))
    for (role, _), y in zip(ends, places, strict=True):
        words, colour, shape = ROLES[role]
        mark = base.mark_point(
            shape=shape,
            size=60,
            fill=colour,
            stroke=theme.INK,
            strokeWidth=0.7,
            opacity=1,
            aria=False,
        )
        yield place(mark, x=width + 12, y=y)
        yield place(writing(base), x=width + 22, y=y, text=words)


def _finding(ends: Sequence[tuple[tuple[str, str], Row]], quantity: str) -> str:
    found = dict(ends)
    full, aggregator = found.get(("flat", "full node")), found.get(("clustered", "aggregator"))
    if full is None or aggregator is None:
        return f"{QUANTITIES[quantity]} against the number of homes"
    times = full[quantity] / aggregator[quantity]
    return f"In clusters {times:,.0f} times less, at {full['homes']:,} homes"


def _cost_told(
    shown: Rows, ends: Sequence[tuple[tuple[str, str], Row]], quantity: str, per: str
) -> str:
    parts = []
    for role, last in ends:
        own = [row for row in shown if _role(row) == role]
        ran = [row for row in own if row["how"] == "measured"]
        seen = ", ".join(f"{amount(r[quantity], quantity)} at {r['homes']:,}" for r in ran)
        parts.append(
            f"{ROLES[role][0]}: measured {seen or 'nowhere'};"
            f" {amount(last[quantity], quantity)} at {last['homes']:,} by its law"
        )
    return f"{QUANTITIES[quantity]} per {per} against the number of homes. {'. '.join(parts)}."


# --- into how many clusters -----------------------------------------------------------


def clusters(
    rows: Rows,
    quantity: str = "kept_bytes",
    *,
    per: str = "interval",
    chosen: int | None = None,
    width: int = 300,
    height: int = 290,
) -> Picture:
    """What an aggregator bears against the number of clusters: its own homes weigh less in more
    clusters, the anchors of all weigh more.

    Rows have ``homes``, ``clusters``, the quantity, and ``own`` and ``anchors``, its two parts.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    best = min(rows, key=lambda row: row[quantity])
    homes = best["homes"]
    parts = ("own", "anchors")
    low = max(min(row[name] for row in rows for name in parts), best[quantity] / 30) / 1.5
    high = max(row[quantity] for row in rows) * 1.6
    x = _powers("clusters", max(row["clusters"] for row in rows), "Clusters")
    y = alt.Y(
        f"{quantity}:Q",
        scale=alt.Scale(type="log", domain=[low, high], nice=False),
        axis=_logarithmic(f"{QUANTITIES[quantity]} per {per}", low, high),
    )
    table = [{name: row[name] for name in ("homes", "clusters", quantity, *parts)} for row in rows]
    lines = (
        ("own", theme.OKABE_ITO["bluish green"], (8, 3)),
        ("anchors", theme.OKABE_ITO["reddish purple"], (2, 2)),
        (quantity, theme.OKABE_ITO["blue"], MEASURED),
    )
    layers: list[alt.Chart] = []
    for column, colour, dash in lines:
        height_ = y.copy()
        height_.shorthand = f"{column}:Q"
        line = alt.Chart(inline(down_to(table, "clusters", column, low))).mark_line(
            stroke=colour, strokeWidth=2.5, strokeDash=list(dash), aria=False
        )
        layers.append(place(line, x=x, y=height_))
    marked = [(best, "diamond", 150, f"least: {best['clusters']:,}")]
    here = next((row for row in rows if row["clusters"] == chosen), None)
    if here is not None:
        marked.append((here, "circle", 170, ""))
    for row, shape, size, words in marked:
        said = {
            **row,
            "_said": f"{row['clusters']:,} clusters: {amount(row[quantity], quantity)}"
            + (", the least" if row is best else ""),
        }
        base = alt.Chart(inline([said]))
        ring = base.mark_point(
            shape=shape, size=size, stroke=theme.INK, strokeWidth=2.2, filled=False, opacity=1
        )
        layers.append(spoken(ring, x=x, y=y))
        if words:
            marks = halo(base, "center", dy=-34), writing(base, "center", "bold", dy=-34)
            layers += [place(mark, x=x, y=y, text=words) for mark in marks]
    layers += key(
        [
            ("all", LINE, theme.OKABE_ITO["blue"], MEASURED),
            ("its homes", LINE, theme.OKABE_ITO["bluish green"], (8, 3)),
            ("anchors", LINE, theme.OKABE_ITO["reddish purple"], (2, 2)),
        ],
        width=width + 20,
    )
    told = "; ".join(
        f"{row['clusters']:,}: {amount(row[quantity], quantity)}"
        for row in rows[:: len(rows) // 6 or 1]
    )
    return theme.layered(
        layers,
        table,
        f"{homes:,} homes: least in {best['clusters']:,} clusters",
        f"What an aggregator bears; the root of {homes:,} is {homes**0.5:,.0f}",
        f"{QUANTITIES[quantity]} of an aggregator per {per} against the number of clusters, by"
        f" its law. {told}. Least: {amount(best[quantity], quantity)} in {best['clusters']:,}.",
        width=width,
        height=height,
    )


# --- a year ---------------------------------------------------------------------------

BAR = 34
"""The room of one bar [pixel]."""


def year(rows: Rows, *, width: int = 430) -> Picture:
    """What full, light and super-light nodes keep of a year, as bars.

    Rows have ``node``, ``kept_per_interval`` and ``kept_per_year`` [bytes].

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    height = BAR * len(rows)
    most = max(row["kept_per_year"] for row in rows)
    x = alt.X(
        "_x:Q",
        scale=alt.Scale(domain=[0, 1.18 * most / 1e6], nice=False),
        axis=alt.Axis(title="Kept of a year (MB)", tickCount=5),
    )
    bars = [
        {
            "_x": row["kept_per_year"] / 1e6,
            "_0": 0,
            "_y": BAR * n + 7,
            "_y2": BAR * (n + 1) - 7,
            "_middle": BAR * (n + 0.5),
            "_name": str(row["node"]),
            "_t": amount(row["kept_per_year"]),
            "_said": f"{row['node']} node: {amount(row['kept_per_year'])} a year,"
            f" {row['kept_per_interval']:,.0f} bytes an interval",
        }
        for n, row in enumerate(rows)
    ]
    edge, middle = down(height), down(height, "_middle")
    base = alt.Chart(inline(bars))
    bar = base.mark_rect(fill=theme.OKABE_ITO["sky blue"], stroke=theme.INK, strokeWidth=0.7)
    first, last = bars[0], bars[-1]
    return theme.layered(
        [
            spoken(bar, x=x, x2=alt.X2("_0"), y=edge, y2=alt.Y2("_y2")),
            place(writing(base, dx=6), x=x, y=middle, text=alt.Text("_t:N")),
            place(writing(base, "right"), x=-8, y=middle, text=alt.Text("_name:N")),
        ],
        [dict(row) for row in rows],
        f"A year: {first['_t']} for a {first['_name']} node, {last['_t']} for a"
        f" {last['_name']} one",
        "Measured over a few intervals; each further one is taken to weigh as much as the last",
        "What a node keeps of a year. " + "; ".join(bar["_said"] for bar in bars) + ".",
        width=width,
        height=height,
    )


# --- proofs ---------------------------------------------------------------------------


def proofs(rows: Rows, *, width: int = 460, height: int = 240) -> Picture:
    """How large a proof is against the number of leaves, which doubles from mark to mark.

    Rows have ``power`` (of two), ``steps``, ``kept`` [bytes] and ``hashes``.

    Raises ``ValueError`` for fewer than two rows: there is no slope then.
    """
    if len(rows) < 2:
        raise ValueError("a slope takes at least two rows")
    first, last = rows[0], rows[-1]
    slope = (last["kept"] - first["kept"]) / (last["power"] - first["power"])
    shown = [
        {"leaves": 2 ** row["power"], **{name: row[name] for name in ("steps", "kept", "hashes")}}
        for row in rows
    ]
    drawn = [
        {
            **row,
            "_said": f"{row['leaves']:,} leaves: {row['kept']} bytes, {row['hashes']} hashes to"
            " check",
        }
        for row in shown
    ]
    x = alt.X(
        "leaves:Q",
        scale=alt.Scale(type="log", base=2, domain=[shown[0]["leaves"], shown[-1]["leaves"]]),
        axis=alt.Axis(
            title="Leaves (each mark twice as many)",
            values=[row["leaves"] for row in shown[::4]],
            format=",d",
        ),
    )
    y = alt.Y(
        "kept:Q",
        scale=alt.Scale(domain=[0, 1.15 * last["kept"]], nice=False),
        axis=alt.Axis(title="Size of the proof (bytes)", tickCount=5),
    )
    colour = theme.OKABE_ITO["blue"]
    base = alt.Chart(inline(drawn))
    line = base.mark_line(stroke=colour, strokeWidth=2, aria=False)
    mark = base.mark_point(
        shape="circle", size=60, fill=colour, stroke=theme.INK, strokeWidth=0.7, opacity=1
    )
    one, other = (alt.Chart(inline([row])) for row in (drawn[0], drawn[-1]))
    ends = [
        place(writing(one, "left", "bold", dx=6, dy=14), x=x, y=y, text=f"{first['kept']} bytes"),
        place(writing(other, "right", "bold", dy=-13), x=x, y=y, text=f"{last['kept']} bytes"),
    ]
    return theme.layered(
        [place(line, x=x, y=y), spoken(mark, x=x, y=y), *ends],
        shown,
        f"Twice as many leaves: one digest more, {slope:.1f} bytes",
        f"{shown[-1]['leaves'] // shown[0]['leaves']:,} times as many leaves make the proof"
        f" {last['kept'] / first['kept']:.1f} times as large",
        "The size of an inclusion proof against the number of leaves, every second one told. "
        + "; ".join(row["_said"] for row in drawn[::2])
        + ".",
        width=width,
        height=height,
    )


# --- a proof in two steps -------------------------------------------------------------

BOX, ARROW = 132, 74
"""Widths in the picture of a proof [pixel]."""


def ladder(rows: Rows, *, height: int = 122) -> Picture:
    """A proof as a way from the reading to what the other already has: boxes are things, arrows
    the digests that lead from one to the next.

    Rows have ``what``, ``bytes``, ``digests``, ``ledger``, ``arrow``: whether it is a path, and
    ``sent``: whether it is part of the proof.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    things: list[dict[str, Any]] = []
    arrows: list[dict[str, Any]] = []
    for row in rows:
        at = things[-1]["_x2"] if things else 0
        if row["arrow"]:
            arrows.append({**row, "_x": at + 6, "_x2": at + ARROW - 12, "_middle": at + ARROW / 2})
            continue
        left = at + (ARROW if things else 0)
        things.append(
            {
                **row,
                "_x": left,
                "_x2": left + BOX,
                "_middle": left + BOX / 2,
                "_said": f"{row['what']}: {row['bytes']} bytes",
            }
        )
    width = things[-1]["_x2"]
    top, foot = 12, 78
    middle = (top + foot) / 2
    sent = [row for row in rows if row["sent"]]
    total, digests = sum(r["bytes"] for r in sent), sum(r["digests"] for r in sent)
    layers: list[alt.Chart] = []
    for part_of, dash in ((True, MEASURED), (False, (5, 4))):
        some = [thing for thing in things if bool(thing["sent"]) == part_of]
        if some:
            box = alt.Chart(inline(some)).mark_rect(
                fill="#dcedf8" if part_of else "white",
                stroke=theme.INK,
                strokeWidth=1.5,
                strokeDash=list(dash),
            )
            x, x2 = across(width), alt.X2("_x2")
            layers.append(spoken(box, x=x, x2=x2, y=top, y2=foot))
    for thing in things:
        base = alt.Chart(inline([{"_": 0}]))
        lines = [*_wrapped(thing["what"]), f"{thing['bytes']} bytes"]
        for n, words in enumerate(lines):
            mark = writing(base, "center", "bold" if n == len(lines) - 1 else "normal")
            y = middle + 18 * (n - (len(lines) - 1) / 2)
            layers.append(place(mark, x=thing["_middle"], y=y, text=words))
    for arrow in arrows:
        base = alt.Chart(inline([{"_": 0}]))
        shaft = base.mark_rule(stroke=theme.INK, strokeWidth=2, aria=False)
        layers.append(place(shaft, x=arrow["_x"], x2=arrow["_x2"], y=middle))
        head = base.mark_point(
            shape="triangle-right",
            size=110,
            fill=theme.INK,
            stroke=theme.INK,
            opacity=1,
            aria=False,
        )
        layers.append(place(head, x=arrow["_x2"], y=middle))
        for y, words in (
            (middle - 16, _digests(arrow["digests"])),
            (middle + 18, f"{arrow['bytes']} bytes"),
        ):
            layers.append(place(writing(base, "center"), x=arrow["_middle"], y=y, text=words))
    layers += _brackets(rows, things, foot)
    said = "; ".join(
        f"{row['what']}: {row['bytes']} bytes"
        + (f", {_digests(row['digests'])}" if row["arrow"] else "")
        for row in rows
    )
    return theme.layered(
        layers,
        [
            {k: row[k] for k in ("what", "bytes", "digests", "ledger", "arrow", "sent")}
            for row in rows
        ],
        f"{total:,} bytes lead from a reading to a header that everybody has",
        f"Boxes: what is shown; arrows: the {digests} digests that lead on; dashed: is there"
        " already",
        f"A proof as a chain of boxes and arrows. {said}.",
        width=width,
        height=height,
    )


def _digests(count: int) -> str:
    return f"{count} digest{'s' * (count != 1)}"


def _wrapped(text: str) -> list[str]:
    """Two lines of about the same length, if one would be too long.

    >>> _wrapped("the reading, signed"), _wrapped("local header")
    (['the reading,', 'signed'], ['local header'])
    """
    if len(text) <= 17:
        return [text]
    words = text.split()
    cut = min(
        range(1, len(words)),
        key=lambda n: abs(len(" ".join(words[:n])) - len(" ".join(words[n:]))),
    )
    return [" ".join(words[:cut]), " ".join(words[cut:])]


def _brackets(rows: Rows, things: Rows, foot: int) -> Iterator[alt.Chart]:
    """Below: in which ledger each thing stands."""
    base = alt.Chart(inline([{"_": 0}]))
    for ledger in dict.fromkeys(row["ledger"] for row in rows):
        own = [thing for thing in things if thing["ledger"] == ledger]
        if own:
            rule = base.mark_rule(stroke="#777777", strokeWidth=2, aria=False)
            yield place(rule, x=own[0]["_x"], x2=own[-1]["_x2"], y=foot + 16)
            middle = (own[0]["_x"] + own[-1]["_x2"]) / 2
            yield place(writing(base, "center"), x=middle, y=foot + 34, text=ledger)
