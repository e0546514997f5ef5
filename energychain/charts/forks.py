"""
Forks in pictures: the tree of blocks that a network has made, what two halves of it call
settled, how probable it is that a payment is taken back, and what it pays to hold blocks back.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import altair as alt

from energychain.charts import theme
from energychain.charts.marks import (
    AREA,
    DOT,
    LINE,
    Align,
    down_to,
    drawable,
    halo,
    inline,
    key,
    place,
    writing,
)
from energychain.charts.theme import Picture

Row = Mapping[str, Any]
Rows = Sequence[Row]

WIDTH = 600
"""Of all plots here [pixel]: with the words at their right they fit a laptop."""

EAST, WEST, BOTH, NOBODY = "east", "west", "both", "nobody"
"""Who follows a block."""

LOOKS: Mapping[str, Mapping[str, Any]] = {
    BOTH: {"fill": theme.OKABE_ITO["blue"], "stroke": theme.INK, "strokeWidth": 1},
    EAST: {"fill": theme.OKABE_ITO["orange"], "stroke": theme.INK, "strokeWidth": 1},
    WEST: {"fill": theme.OKABE_ITO["sky blue"], "stroke": theme.INK, "strokeWidth": 1},
    NOBODY: {"fill": "white", "stroke": "#777777", "strokeWidth": 1, "strokeDash": [3, 2]},
}
"""A block that nobody follows is empty and dashed; the others carry the letter of their half
below, too.
"""

SAID: Mapping[str, str] = {
    BOTH: "followed by both halves",
    EAST: "by the east only",
    WEST: "by the west only",
    NOBODY: "orphaned",
}

LANE, BOX = 38, 22
"""How far apart branches are, and how high a block is [pixel]."""


# --- the tree -------------------------------------------------------------------------


def tree(rows: Rows, *, heights: int, lanes: int, title: str) -> Picture:
    """The blocks of a network from left to right, a branch to a line, each tied to its parent.

    Rows have ``height``, ``lane``, ``parent_lane``, ``made_by`` (a letter), ``followed_by`` (one
    of the names above) and ``trades``. ``heights`` and ``lanes`` are the room, so that nothing
    jumps as the tree grows.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    height = LANE * lanes + 8
    shown = [
        {
            "height": row["height"],
            "followed_by": row["followed_by"],
            "_y": LANE * row["lane"] + 8 + BOX / 2,
            "_from": LANE * row["parent_lane"] + 8 + BOX / 2,
            "_parent": row["height"] - 1,
            "_t": row["made_by"],
            "_said": f"block {row['height']}, made in the {_half(row['made_by'])},"
            f" {SAID[row['followed_by']]}, {row['trades']} trades",
        }
        for row in rows
    ]
    x = alt.X(
        "height:Q",
        scale=alt.Scale(domain=[-0.6, heights + 0.6], nice=False),
        axis=alt.Axis(
            title="Height of the block",
            format="d",
            values=list(range(0, heights + 1, 5)),
            grid=False,
        ),
    )
    y = alt.Y("_y:Q", scale=alt.Scale(domain=[height, 0], nice=False), axis=None)
    side = min(BOX, 0.84 * WIDTH / (heights + 1.2))
    counts = {name: sum(row["followed_by"] == name for row in rows) for name in LOOKS}
    return theme.layered(
        [
            *_ties(shown, x, y),
            *_blocks(shown, x, y, side),
            *key(
                [(SAID[name], AREA, str(look["fill"]), ()) for name, look in LOOKS.items()],
                width=WIDTH + 60,
            ),
        ],
        rows,
        title,
        "Each box is a block; the letter says in which half it was made",
        f"{title}. A tree of blocks from left to right, {len(rows)} in all: "
        + ", ".join(f"{count} {SAID[name]}" for name, count in counts.items() if count)
        + ".",
        width=WIDTH,
        height=height,
    )


def _half(letter: str) -> str:
    return {"E": EAST, "W": WEST}.get(letter, "beginning")


def _ties(shown: Rows, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    """A line from each block to the one that it stands on."""
    columns = ("height", "_y", "_parent", "_from")
    tied = [{name: row[name] for name in columns} for row in shown if row["height"]]
    if tied:
        line = alt.Chart(inline(tied)).mark_rule(stroke="#777777", strokeWidth=1.5, aria=False)
        yield place(line, x=x, x2=alt.X2("_parent"), y=y, y2=alt.Y2("_from"))


def _blocks(shown: Rows, x: alt.X, y: alt.Y, side: float) -> Iterator[alt.Chart]:
    for name, look in LOOKS.items():
        some = inline(
            [
                {column: row[column] for column in ("height", "_y", "_t", "_said")}
                for row in shown
                if row["followed_by"] == name
            ]
        )
        if not some.values:
            continue
        yield place(
            alt.Chart(some).mark_point(shape="square", size=side**2, opacity=1, **look),
            x=x,
            y=y,
            description=alt.Description("_said:N"),
            tooltip=alt.Tooltip("_said:N", title=" "),
        )
        letter = alt.Chart(some).mark_text(
            baseline="middle",
            fontSize=min(12, 0.75 * side),
            fontWeight="bold",
            color="white" if name == BOTH else theme.INK,
            aria=False,
        )
        yield place(letter, x=x, y=y, text=alt.Text("_t:N"))


# --- what is settled ------------------------------------------------------------------

CURVES: Mapping[str, tuple[str, Sequence[int]]] = {
    EAST: (theme.OKABE_ITO["vermillion"], (1, 0)),
    WEST: (theme.OKABE_ITO["blue"], (6, 3)),
}


def settled(rows: Rows, *, until: float, cut: tuple[float, float] | None, title: str) -> Picture:
    """The energy of each half's own trades that it calls settled, over time; where a curve
    falls, trades were un-settled.

    Rows have ``minutes``, ``east`` and ``west`` [kWh]; ``cut`` is when the network was cut
    [min].

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    x = alt.X(
        "minutes:Q",
        scale=alt.Scale(domain=[0, until + 0.1], nice=False),
        axis=alt.Axis(title="Time (min)", tickCount=8, grid=False),
    )
    most = max(4.0, *(row[name] for row in rows for name in CURVES))
    y = alt.Y(
        f"{EAST}:Q",
        scale=alt.Scale(domain=[0, 1.15 * most], nice=False),
        axis=alt.Axis(title="Settled (kWh)", tickCount=4),
    )
    last = rows[-1]
    now = alt.Chart(inline([{"minutes": last["minutes"]}])).mark_rule(
        stroke=theme.SELECTED, strokeDash=[3, 3], aria=False
    )
    drops = {name: _drops(rows, name) for name in CURVES}
    return theme.layered(
        [
            *_cut(cut, x),
            *(_steps(rows, name, x, y) for name in CURVES),
            *_falls(drops, x, y),
            place(now, x=x, y=0, y2="height"),
            *key(
                [
                    (f"trades of the {name}, as it sees them", LINE, colour, dash)
                    for name, (colour, dash) in CURVES.items()
                ],
                width=WIDTH,
            ),
        ],
        rows,
        title,
        "",
        f"{title}. Two curves of settled energy up to {last['minutes']:g} min: "
        + "; ".join(
            f"the {name} {last[name]:g} kWh in the end"
            + "".join(f", falling by {fall:g} kWh at {at:.3g} min" for at, _, fall in drops[name])
            for name in CURVES
        )
        + ".",
        width=WIDTH,
        height=130,
    )


def _steps(rows: Rows, name: str, x: alt.X, y: alt.Y) -> alt.Chart:
    colour, dash = CURVES[name]
    line = alt.Chart(inline(rows)).mark_line(
        interpolate="step-after",
        stroke=colour,
        strokeWidth=2.5,
        strokeDash=list(dash),
        aria=False,
    )
    up = y.copy()
    up.shorthand = f"{name}:Q"
    return place(line, x=x, y=up)


def _cut(cut: tuple[float, float] | None, x: alt.X) -> Iterator[alt.Chart]:
    if cut is not None and cut[1] > cut[0]:
        base = alt.Chart(inline([{"minutes": cut[0], "_end": cut[1]}]))
        shade = base.mark_rect(fill="#ececec", aria=False)
        yield place(shade, x=x, x2=alt.X2("_end"), y=0, y2="height")
        yield place(writing(base, dx=5), x=x, y=10, text="the network is cut")


def _drops(rows: Rows, name: str) -> list[tuple[float, float, float]]:
    """When a curve falls [min], to what, and by how much [kWh]."""
    return [
        (row["minutes"], row[name], before[name] - row[name])
        for before, row in pairwise(rows)
        if row[name] < before[name]
    ]


def _falls(
    drops: Mapping[str, Sequence[tuple[float, float, float]]], x: alt.X, y: alt.Y
) -> Iterator[alt.Chart]:
    for found in drops.values():
        marks = inline([{"minutes": at, EAST: low} for at, low, _ in found])
        if found:
            sign = alt.Chart(marks).mark_point(
                shape="triangle-down",
                size=110,
                fill=theme.INK,
                stroke="white",
                opacity=1,
                yOffset=-8,
                aria=False,
            )
            yield place(sign, x=x, y=y)
    large = [(at, low, fall) for found in drops.values() for at, low, fall in found]
    if large:
        at, low, _ = max(large, key=lambda drop: drop[2])
        words = writing(
            alt.Chart(inline([{"minutes": at, EAST: low}])), "left", "bold", dx=10, dy=10
        )
        yield place(words, x=x, y=y, text="un-settled")


# --- latency --------------------------------------------------------------------------


def stale(rows: Rows) -> Picture:
    """How many blocks end up outside the chain, against the latency: measured, and by the
    formula for many small miners. Rows have ``latency_s``, ``measured`` and ``formula``.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    shown = [
        {**row, "_said": f"latency {row['latency_s']:g} s: {row['measured']:.1%} orphaned"}
        for row in rows
    ]
    x = alt.X(
        "latency_s:Q",
        scale=alt.Scale(nice=False, domain=[0, 1.04 * max(row["latency_s"] for row in rows)]),
        axis=alt.Axis(title="Latency (s)", tickCount=8),
    )
    y = alt.Y(
        "formula:Q",
        scale=alt.Scale(domain=[0, 1.2 * max(max(r["formula"], r["measured"]) for r in rows)]),
        axis=alt.Axis(title="Orphaned blocks", format="%", tickCount=5),
    )
    curve = alt.Chart(inline(shown)).mark_line(
        interpolate="monotone",
        stroke=theme.OKABE_ITO["vermillion"],
        strokeWidth=2.5,
        strokeDash=[6, 3],
        aria=False,
    )
    dots = alt.Chart(inline(shown)).mark_point(
        filled=True, size=70, fill=theme.OKABE_ITO["blue"], opacity=1
    )
    up = y.copy()
    up.shorthand = "measured:Q"
    worst = max(rows, key=lambda row: float(row["latency_s"]))
    return theme.layered(
        [
            place(curve, x=x, y=y),
            place(dots, x=x, y=up, description=alt.Description("_said:N")),
            *key(
                [
                    ("measured", DOT, theme.OKABE_ITO["blue"], ()),
                    ("d / (d + T)", LINE, theme.OKABE_ITO["vermillion"], (6, 3)),
                ],
                width=WIDTH,
            ),
        ],
        shown,
        f"At {worst['latency_s']:g} s, {worst['measured']:.0%} of all blocks are wasted",
        "The share of blocks that do not end up in the chain",
        "Dots and a curve over the latency. "
        + "; ".join(
            f"{row['latency_s']:g} s: {row['measured']:.1%} measured, {row['formula']:.1%} by the"
            " formula"
            for row in rows
        )
        + ".",
        width=WIDTH,
        height=200,
    )


# --- double spends --------------------------------------------------------------------

LEAST = 1e-7
"""The least probability that is drawn."""

ANSWERS: Mapping[str, tuple[str, str, Sequence[int]]] = {
    "exact": ("exact", theme.OKABE_ITO["vermillion"], (1, 0)),
    "nakamoto": ("Nakamoto's formula", theme.OKABE_ITO["blue"], (6, 3)),
}
SIMULATED = theme.INK


def odds(rows: Rows, *, marked: Mapping[int, str] | None = None) -> Picture:
    """How probable it is that a payment is taken back, against its confirmations: by two
    formulas and by simulation, on a logarithmic scale.

    Rows have ``share``, ``confirmations``, ``nakamoto`` and ``exact``, and where there was a
    simulation ``simulated``, ``low`` and ``high``. ``marked`` are confirmations to be pointed
    out, with their names.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    share, most = rows[0]["share"], max(row["confirmations"] for row in rows)
    x = alt.X(
        "confirmations:Q",
        scale=alt.Scale(domain=[-0.5, most + 0.5], nice=False),
        axis=alt.Axis(title="Confirmations", tickMinStep=1, format="d", grid=False),
    )
    y = alt.Y(
        "exact:Q",
        scale=alt.Scale(type="log", domain=[LEAST, 1.6], nice=False),
        axis=alt.Axis(
            title="Probability",
            values=[10.0**-n for n in range(8)],
            format="~%",
        ),
    )
    told = marked or {}
    at = {row["confirmations"]: row for row in rows}
    return theme.layered(
        [
            *_formulas(rows, x, y),
            *_simulations(rows, x, y),
            *_marked(at, told, x),
            *key(
                [
                    *((words, LINE, colour, dash) for words, colour, dash in ANSWERS.values()),
                    ("simulated; bar: 99.9 % sure", DOT, SIMULATED, ()),
                ],
                width=WIDTH,
            ),
        ],
        rows,
        f"How probable it is that {_percent(share)} of the power takes a payment back",
        "Each line of the scale is a factor of ten",
        f"Curves of the probability of a double spend with {_percent(share)} of the power, over"
        f" 0 to {most} confirmations. "
        + "; ".join(
            f"{name} ({z}): exactly {at[z]['exact']:.3g}, by Nakamoto {at[z]['nakamoto']:.3g}"
            for z, name in told.items()
            if z in at
        )
        + ".",
        width=WIDTH,
        height=270,
    )


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")


def _formulas(rows: Rows, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    for name, (_, colour, dash) in ANSWERS.items():
        up = y.copy()
        up.shorthand = f"{name}:Q"
        drawn = down_to([row for row in rows if row[name] > 0], "confirmations", name, LEAST)
        line = alt.Chart(inline(drawn)).mark_line(
            stroke=colour, strokeWidth=2.5, strokeDash=list(dash), aria=False
        )
        yield place(line, x=x, y=up)


def _simulations(rows: Rows, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    tried = [
        {
            "confirmations": row["confirmations"],
            "simulated": row["simulated"],
            "_low": max(row["low"], LEAST),
            "_high": max(row["high"], LEAST),
            "_said": f"{row['confirmations']} confirmations: simulated {row['simulated']:.4g},"
            f" from {row['low']:.2g} to {row['high']:.2g}",
        }
        for row in rows
        if row.get("simulated") is not None
    ]
    if not tried:
        return
    low = y.copy()
    low.shorthand = "_low:Q"
    bar = alt.Chart(inline(tried)).mark_rule(stroke=SIMULATED, strokeWidth=2)
    yield place(bar, x=x, y=low, y2=alt.Y2("_high"), description=alt.Description("_said:N"))
    seen = [row for row in tried if row["simulated"] >= LEAST]
    if seen:
        up = y.copy()
        up.shorthand = "simulated:Q"
        dot = alt.Chart(inline(seen)).mark_point(
            filled=True, size=45, fill=SIMULATED, opacity=1, aria=False
        )
        yield place(dot, x=x, y=up)


def _marked(at: Mapping[int, Row], told: Mapping[int, str], x: alt.X) -> Iterator[alt.Chart]:
    """An upright line at each marked number, with its name at the top."""
    marked = [(z, name) for z, name in told.items() if z in at]
    base = alt.Chart(inline([{"confirmations": z} for z, _ in marked]))
    if marked:
        rule = base.mark_rule(stroke=theme.SELECTED, strokeDash=[4, 3], aria=False)
        yield place(rule, x=x, y=0, y2="height")
    for n, (z, name) in enumerate(marked):
        one, inner = alt.Chart(inline([{"confirmations": z}])), z <= 0.8 * max(at)
        align: Align = "left" if inner else "right"
        dx = 6 if inner else -6
        for mark in (halo(one, align, dx=dx), writing(one, align, "bold", dx=dx)):
            yield place(mark, x=x, y=10 + 18 * n, text=name)


# --- blocks held back -----------------------------------------------------------------

GAMMAS: Sequence[tuple[float, str, Sequence[int], str]] = (
    (1.0, theme.OKABE_ITO["vermillion"], (1, 0), "circle"),
    (0.5, theme.OKABE_ITO["blue"], (6, 3), "square"),
    (0.0, theme.OKABE_ITO["bluish green"], (2, 2), "diamond"),
)
"""Of the others, so many continue the pool's block in a race; and how that is drawn."""


def selfish(rows: Rows) -> Picture:
    """What holding blocks back brings, against the pool's share of the power: lines by the
    formula, marks by simulation; above the diagonal it pays.

    Rows have ``share``, ``gamma``, ``formula`` and ``simulated``.

    Raises ``ValueError`` if there are no rows.
    """
    drawable(rows)
    most = max(row["share"] for row in rows)
    x = alt.X(
        "share:Q",
        scale=alt.Scale(domain=[0, 1.02 * most], nice=False),
        axis=alt.Axis(title="Share of the power", format="%", tickCount=6),
    )
    y = alt.Y(
        "formula:Q",
        scale=alt.Scale(domain=[0, 1.05 * max(row["formula"] for row in rows)], nice=False),
        axis=alt.Axis(title="Share of the blocks", format="%", tickCount=6),
    )
    fair = alt.Chart(inline([{"share": s, "formula": s} for s in (0, most)])).mark_line(
        stroke="#888888", strokeWidth=1.5, aria=False
    )
    layers = [place(fair, x=x, y=y)]
    for gamma, colour, dash, shape in GAMMAS:
        some = [
            {
                **row,
                "_said": f"{row['share']:.0%} of the power, {row['gamma']:.0%} on its side:"
                f" {row['simulated']:.1%} of the blocks",
            }
            for row in rows
            if row["gamma"] == gamma
        ]
        line = alt.Chart(inline(some)).mark_line(
            stroke=colour, strokeWidth=2.5, strokeDash=list(dash), aria=False
        )
        layers.append(place(line, x=x, y=y))
        up = y.copy()
        up.shorthand = "simulated:Q"
        dots = alt.Chart(inline(some)).mark_point(
            shape=shape, filled=True, size=45, fill=colour, opacity=1
        )
        layers.append(place(dots, x=x, y=up, description=alt.Description("_said:N")))
    pays = {gamma: _first_that_pays(rows, gamma) for gamma, *_ in GAMMAS}
    entries = [
        (f"{gamma:.0%} on its side", LINE, colour, dash) for gamma, colour, dash, _ in GAMMAS
    ]
    return theme.layered(
        [*layers, *key([*entries, ("fair", LINE, "#888888", (1, 0))], width=WIDTH)],
        rows,
        "Above the thin line, holding blocks back pays",
        "Lines by the formula, marks by simulation",
        "Three curves against a diagonal. "
        + "; ".join(
            f"with {gamma:.0%} of the others on its side it pays, of the shares shown, from"
            f" {'none' if share is None else f'{share:.0%}'} on"
            for gamma, share in pays.items()
        )
        + ".",
        width=WIDTH,
        height=240,
    )


def _first_that_pays(rows: Rows, gamma: float) -> float | None:
    """The least share shown that gets more than its share."""
    found = [
        float(row["share"])
        for row in rows
        if row["gamma"] == gamma and row["formula"] > row["share"] + 1e-12
    ]
    return min(found, default=None)
