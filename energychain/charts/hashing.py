"""
Digests in pictures: which bits of one have changed, how many do as a rule, and how long a
miner looks for a small one.
"""

from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import comb
from typing import Any

import altair as alt

from energychain.charts import theme
from energychain.charts.marks import AREA, LINE, Weight, inline, key, place, writing
from energychain.charts.theme import Picture

Rows = Sequence[Mapping[str, Any]]

BITS = 256
"""Of a digest."""

CHANGED, SAME = theme.OKABE_ITO["blue"], "#f4f4f4"
FOUND, EXPECTED = theme.OKABE_ITO["sky blue"], theme.OKABE_ITO["vermillion"]

COLUMNS, CELL, LINE_HEIGHT = 16, 23, 16
"""Bits in a row (two bytes), and how wide and high each is drawn [pixel]."""

GRID = COLUMNS * CELL
"""How wide a digest is drawn [pixel]."""

WIDTH = 390
"""Of the other pictures [pixel]: two of them stand side by side on a laptop."""

PLOT_HEIGHT = 180
"""Of a histogram [pixel]."""

LANE = 60
"""How high a miner's bar and what it found are together [pixel]."""


# --- the bits of a digest -------------------------------------------------------------


def flipped(before: bytes, after: bytes) -> list[bool]:
    """Which bits differ between two digests, the highest bit of the first byte first.

    >>> flipped(b"\\x80", b"\\x01")
    [True, False, False, False, False, False, False, True]
    """
    return [
        bool((old ^ new) >> place & 1)
        for old, new in zip(before, after, strict=True)
        for place in range(7, -1, -1)
    ]


def bits(before: bytes, after: bytes) -> Picture:
    """Every bit of a digest, and whether it changed: what changed is dark and bold.

    Raises ``ValueError`` unless both digests have the same length, in rows of 16 bits.
    """
    changes = flipped(before, after)
    if not changes or len(changes) % COLUMNS:
        raise ValueError(f"expected digests of a multiple of {COLUMNS} bits, not {len(changes)}")
    rows = [
        {
            "bit": n,
            "value": after[n // 8] >> 7 - n % 8 & 1,
            "changed": changed,
            "_x": n % COLUMNS,
            "_x2": n % COLUMNS + 1,
            "_y": n // COLUMNS,
            "_y2": n // COLUMNS + 1,
        }
        for n, changed in enumerate(changes)
    ]
    lines, count = len(changes) // COLUMNS, sum(changes)
    x = alt.X("_x:Q", scale=alt.Scale(domain=[0, COLUMNS], nice=False), axis=None)
    y = alt.Y("_y:Q", scale=alt.Scale(domain=[lines, 0], nice=False), axis=None)
    return theme.layered(
        [
            *_cells("!datum.changed", x, y, SAME, "#666666"),
            *_cells("datum.changed", x, y, CHANGED, "white"),
            *key(
                [("changed", AREA, CHANGED, ()), ("as it was", AREA, SAME, ())],
                width=GRID,
            ),
        ],
        rows,
        f"{count} of {len(changes)} bits have changed",
        "Each cell is one bit of the new digest",
        f"A grid of {len(changes)} bits, {COLUMNS} in a row; {count} of them have changed.",
        width=GRID,
        height=lines * LINE_HEIGHT,
    )


def _cells(which: str, x: alt.X, y: alt.Y, fill: str, ink: str) -> Iterator[alt.Chart]:
    base = alt.Chart().transform_filter(which)  # all cells share the chart's own rows
    box = base.mark_rect(fill=fill, stroke="white", strokeWidth=1, aria=False)
    yield place(box, x=x, x2=alt.X2("_x2"), y=y, y2=alt.Y2("_y2"))
    digit = base.mark_text(
        dx=CELL / 2,
        dy=LINE_HEIGHT / 2,
        fontSize=theme.SMALL,
        fontWeight="bold" if fill == CHANGED else "normal",
        color=ink,
        aria=False,
    )
    yield place(digit, x=x, y=y, text=alt.Text("value:Q"))


# --- how many change ------------------------------------------------------------------


def changes(counts: Sequence[int], *, shown: int | None = None) -> Picture:
    r"""How often so many bits of a digest changed, beside what 256 fair coins would do.

    .. math:: n \binom{256}{k} 2^{-256}

    ``shown`` marks one number of changed bits.

    Raises ``ValueError`` if there are no counts.
    """
    if not counts:
        raise ValueError("there are no counts to draw")
    seen = [*counts, *([] if shown is None else [shown])]
    low, high = max(min(100, *seen) - 2, 0), min(max(156, *seen) + 2, BITS)
    rows = [
        {
            "changed": k,
            "times": counts.count(k),
            "coins": round(len(counts) * comb(BITS, k) / 2**BITS, 4),
            "_x": k - 0.5,
            "_x2": k + 0.5,
        }
        for k in range(low, high + 1)
    ]
    x = alt.X(
        "_x:Q",
        scale=alt.Scale(domain=[low - 0.5, high + 0.5], nice=False),
        axis=alt.Axis(title="Bits that change", tickCount=10, format="d"),
    )
    most = max(max(row["times"], row["coins"]) for row in rows)
    y = alt.Y(
        "times:Q",
        scale=alt.Scale(domain=[0, 1.25 * most], nice=False),
        axis=_counted("Alterations", most),
    )
    mean = sum(counts) / len(counts)
    layers = [
        _bars([row for row in rows if row["times"]], x, y, "times"),
        _curve(rows, x, y, "changed", "coins"),
        *([] if shown is None else _pointer(shown, f"this one: {shown}", x)),
        *key(
            [
                ("what the digests did", AREA, FOUND, ()),
                ("what fair coins would do", LINE, EXPECTED, (6, 3)),
            ],
            width=WIDTH,
        ),
    ]
    return theme.layered(
        layers,
        rows,
        f"{len(counts)} small alterations: {mean:.1f} bits change on average",
        "Every single bit of the text, turned over alone",
        f"Bars over the number of changed bits, and a bell-shaped curve around {BITS // 2}."
        f" {len(counts)} alterations; from {min(counts)} to {max(counts)} bits change,"
        f" {mean:.1f} on average." + ("" if shown is None else f" Marked: {shown}."),
        width=WIDTH,
        height=PLOT_HEIGHT,
    )


def _counted(title: str, most: float) -> alt.Axis:
    """An axis of whole things: between two of them there is no tick."""
    ticks = {"values": list(range(int(most) + 2))} if most < 3 else {"tickCount": 4}
    return alt.Axis(title=title, format=",d", **ticks)


def _bars(rows: Rows, x: alt.X, y: alt.Y, height: str) -> alt.Chart:
    bars = alt.Chart(inline(rows)).mark_rect(
        fill=FOUND, stroke=theme.INK, strokeWidth=0.7, aria=False
    )
    top = y.copy()
    top.shorthand = f"{height}:Q"
    return place(bars, x=x, x2=alt.X2("_x2"), y=top, y2=alt.Y2Datum(0))


def _curve(rows: Rows, x: alt.X, y: alt.Y, along: str, height: str) -> alt.Chart:
    line = alt.Chart(inline(rows)).mark_line(
        stroke=EXPECTED, strokeWidth=2.5, strokeDash=[6, 3], aria=False
    )
    across, up = x.copy(), y.copy()
    across.shorthand, up.shorthand = f"{along}:Q", f"{height}:Q"
    return place(line, x=across, y=up)


def _pointer(at: float, words: str, x: alt.X) -> Iterator[alt.Chart]:
    base = alt.Chart(inline([{"_x": at}]))
    rule = base.mark_rule(stroke=theme.INK, strokeWidth=2, aria=False)
    yield place(rule, x=x, y=16, y2="height")
    yield place(writing(base, "center", "bold"), x=x, y=7, text=words)


# --- mining ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Miner:
    """How one miner fared in one race."""

    name: str
    tries: int | None
    """Until it found a nonce; none, if it did not within the run."""

    time: float
    """For those tries, or until the run ended [tries of the slower miner]."""

    found: str
    """What it found, in words."""


def race(miners: Sequence[Miner], expected: float) -> Picture:
    """How long each miner looked; striped is what it would have needed after the first find.

    ``expected`` is what the slower miner needs on average [tries].

    Raises ``ValueError`` if there are no miners.
    """
    if not miners:
        raise ValueError("there are no miners")
    finds = [miner.time for miner in miners if miner.tries is not None]
    first = min(finds, default=max(miner.time for miner in miners))
    end = 1.02 * max(expected, *(miner.time for miner in miners))
    x = alt.X(
        "_x:Q",
        scale=alt.Scale(domain=[0, end], nice=False),
        axis=alt.Axis(title="Time (tries of miner 1)", tickCount=5, format=",d"),
    )
    rows = [_told(miner, first) for miner in miners]
    winners = [row["miner"] for row in rows if row["first"]]
    layers: list[alt.Chart] = []
    for n, row in enumerate(rows):
        layers += _lane(row, LANE * n, first, x)
    base = alt.Chart(inline([{"_x": expected}]))
    line = base.mark_rule(stroke=EXPECTED, strokeWidth=2.5, strokeDash=[6, 3], aria=False)
    layers.append(place(line, x=x, y=0, y2="height"))
    for n, row in enumerate(rows):
        layers += _lane_words(row, LANE * n, x)
    return theme.layered(
        [
            *layers,
            *key([("what miner 1 needs on average", LINE, EXPECTED, (6, 3))], width=WIDTH),
        ],
        rows,
        _outcome(winners),
        [
            "Filled: until somebody has found a nonce.",
            "Outlined: what the other one would have needed.",
        ],
        "Bars over time, one for each miner. "
        + " ".join(f"{row['miner']}: {row['_t']}." for row in rows)
        + f" Miner 1 needs {expected:,.0f} tries on average.",
        width=WIDTH,
        height=LANE * len(miners) + 6,
    )


def _outcome(winners: Sequence[str]) -> str:
    if not winners:
        return "Nobody finds a nonce within the run"
    if len(winners) > 1:
        return "Both at once"
    return f"{winners[0].capitalize()} is first"


def _told(miner: Miner, first: float) -> dict[str, Any]:
    won = miner.tries is not None and miner.time == first
    return {
        "miner": miner.name,
        "tries": miner.tries,
        "time": miner.time,
        "first": won,
        "_t": f"first: {miner.found}" if won else miner.found,
    }


def _lane(row: Mapping[str, Any], top: int, first: float, x: alt.X) -> Iterator[alt.Chart]:
    """One miner's bar."""
    ends = {"x2": alt.X2("_x2"), "y": top + 26, "y2": top + 52}
    whole = alt.Chart(inline([{"_x": 0, "_x2": row["time"]}])).mark_rect(
        fill="white", stroke=theme.INK, strokeDash=[3, 2], aria=False
    )
    yield place(whole, x=x, **ends)
    spent = alt.Chart(inline([{"_x": 0, "_x2": min(first, row["time"])}])).mark_rect(
        fill=CHANGED if row["first"] else FOUND, stroke=theme.INK, aria=False
    )
    yield place(spent, x=x, **ends)


def _lane_words(row: Mapping[str, Any], top: int, x: alt.X) -> Iterator[alt.Chart]:
    """A miner's name beside its bar, and what it found, above it; no line crosses them."""
    base = alt.Chart(inline([{"_x": 0}]))
    yield place(writing(base, "right", "bold"), x=-8, y=top + 39, text=row["miner"])
    weight: Weight = "bold" if row["first"] else "normal"
    for halo in ({"stroke": "white", "strokeWidth": 5}, {}):
        yield place(writing(base, "left", weight, **halo), x=2, y=top + 14, text=row["_t"])


BINS_A_MEAN, MEANS = 4, 5
"""How fine the histogram of tries is, and how far it goes, in expected tries."""


def tries(found: Sequence[int], expected: int) -> Picture:
    r"""How many tries each find took, beside what chance lets expect: with the probability
    :math:`p = 1/expected` a try, more than :math:`k` are needed with :math:`(1-p)^k`. If nothing
    was found, the expectation is drawn for a single find.
    """
    width = expected / BINS_A_MEAN
    edges = [round(n * width) for n in range(BINS_A_MEAN * MEANS + 1)]
    ranked = sorted(found)
    rows = [
        {
            "from": low + 1,
            "to": high,
            "finds": bisect(ranked, high) - bisect(ranked, low),
            "chance": round(max(len(found), 1) * (_more(expected, low) - _more(expected, high)), 4),
            "_x": low,
            "_x2": high,
            "_middle": (low + high) / 2,
        }
        for low, high in pairwise(edges)
    ]
    x = alt.X(
        "_x:Q",
        scale=alt.Scale(domain=[0, edges[-1]], nice=False),
        axis=alt.Axis(title="Tries until a find", tickCount=5, format=",d"),
    )
    most = max(max(row["finds"], row["chance"]) for row in rows)
    y = alt.Y(
        "finds:Q",
        scale=alt.Scale(domain=[0, 1.25 * most], nice=False),
        axis=_counted("Finds", most),
    )
    beyond, title = sum(k > edges[-1] for k in found), _found(found)
    return theme.layered(
        [
            _bars([row for row in rows if row["finds"]], x, y, "finds"),
            _curve(rows, x, y, "_middle", "chance"),
            *key(
                [
                    ("what was found", AREA, FOUND, ()),
                    ("what chance lets expect", LINE, EXPECTED, (6, 3)),
                ],
                width=WIDTH,
            ),
        ],
        rows,
        title,
        f"{expected:,} are expected" + (f"; {beyond} took longer than is shown" * bool(beyond)),
        f"Bars over the tries until a find, and a falling curve. {title}; {expected:,} are"
        " expected.",
        width=WIDTH,
        height=PLOT_HEIGHT,
    )


def _found(tries: Sequence[int]) -> str:
    if not tries:
        return "No find within the run"
    if len(tries) == 1:
        return f"One find, after {tries[0]:,} tries"
    return f"{len(tries):,} finds, after {sum(tries) / len(tries):,.0f} tries on average"


def _more(expected: int, tries: int) -> float:
    """The probability that more tries than this are needed."""
    chance: float = (1 - 1 / expected) ** tries
    return chance
