"""
The token day in three pictures, in the spirit of Figures 4, 5 and 6 of Cali &
Fifield (2019): what the prosumer made, used and sold; what a buyer used and bought;
and where the tokens went.

All functions take rows as ``Day.records()`` gives them: dictionaries with ``time``
(or ``hour``), ``node``, ``produced_kwh``, ``consumed_kwh``, ``surplus_kwh``,
``sold_kwh``, ``bought_kwh`` and ``balance_tokens``. ``selected`` is the hour of the
day, or the time, that linked charts mark.
"""

from collections.abc import Mapping, Sequence

import altair as alt

from energychain.charts import theme
from energychain.charts.energy import house, house_picture
from energychain.charts.intervals import (
    Rows,
    Selected,
    TimeAxis,
    listening,
    marked,
    same_axis,
    step_line,
    time_axis,
)
from energychain.charts.marks import inline, place, spread
from energychain.charts.theme import Picture


def prosumer(
    rows: Rows,
    node: str,
    *,
    selected: Selected = None,
    width: int = theme.WIDTH,
    height: int = theme.HEIGHT,
) -> Picture:
    """Production and consumption of a node, with its surplus between the two: filled
    where it was sold, striped where nobody took it (Figure 4).

    Raises ``ValueError`` if no row is about the node.
    """
    own = house(rows, node)
    return house_picture(
        own,
        time_axis(rows),
        f"{node}: what the roof makes and the house uses",
        f"{own.sum('sold_kwh'):.3f} kWh sold, {own.unsold:.3f} kWh that nobody took",
        selected=selected,
        width=width,
        height=height,
    )


def buyer(
    rows: Rows,
    node: str,
    *,
    selected: Selected = None,
    width: int = theme.WIDTH,
    height: int = theme.HEIGHT,
) -> Picture:
    """Consumption of a node, with the part filled that it bought from neighbours
    (Figures 5 and 6).

    Raises ``ValueError`` if no row is about the node.
    """
    own = house(rows, node)
    bought, used = own.sum("bought_kwh"), own.sum("consumed_kwh")
    return house_picture(
        own,
        time_axis(rows),
        f"{node}: what the house uses, and what of it was bought",
        f"{bought:.3f} of {used:.3f} kWh came from neighbours",
        selected=selected,
        width=width,
        height=height,
    )


def balances(
    rows: Rows,
    *,
    selected: Selected = None,
    width: int = theme.WIDTH,
    height: int = theme.HEIGHT,
) -> Picture:
    """The token balance of every node after each interval, as steps (Table 2). Each
    line has its own dash, marker and name.
    """
    axis = time_axis(rows)
    nodes = list(dict.fromkeys(str(row["node"]) for row in rows))
    series = {node: house(rows, node).rows for node in nodes}
    height = max(height, LABEL_GAP * len(nodes))
    low, high = _range([float(row["balance_tokens"]) for row in rows])
    y = alt.Y(
        "_y:Q",
        scale=alt.Scale(domain=[low, high], nice=False),
        axis=alt.Axis(title=f"Tokens after {axis.unit}", tickCount=6),
    )
    layers = [
        *(axis.mark(selected) if selected is not None else ()),
        *_lines(axis, series, y),
        *_names(axis, series, y, (low, high), (width, height)),
        *listening(axis, rows, _said),
    ]
    columns = (axis.by, "node", "balance_tokens")
    table = [{column: row[column] for column in columns} for row in rows]
    ends = ", ".join(f"{node} {_last(own):.3f}" for node, own in series.items())
    return theme.layered(
        layers,
        table,
        "Where the tokens go",
        "A step up is a sale, a step down a purchase",
        f"Token balances as step lines, {axis.span}, one for each of {len(nodes)} nodes."
        f" At the end: {ends} tokens.{marked(axis, selected)}",
        width=width,
        height=height,
    )


LABEL_GAP = 18
"""Between the names of two lines [pixel]."""


def _last(own: Rows) -> float:
    return float(own[-1]["balance_tokens"])


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(0.0, *values), max(values)
    return low, high + 0.08 * (high - low) if high > low else low + 1


def _lines(axis: TimeAxis, series: Mapping[str, Rows], y: alt.Y) -> list[alt.Chart]:
    layers = []
    for number, own in enumerate(series.values()):
        colour, dash, shape = theme.node_style(number)
        # Markers of different nodes stand in different hours, so equal balances stay apart.
        every = max(len(series), len(own) // 8, 2)
        points = [
            {"_x": axis.of(row) + axis.step / 2, "_y": float(row["balance_tokens"])}
            for row in own[number * every // len(series) :: every]
        ]
        markers = alt.Chart(inline(points)).mark_point(
            shape=shape, size=70, fill=colour, stroke="white", strokeWidth=1, opacity=1, aria=False
        )
        layers += [
            step_line(axis, own, "balance_tokens", y, colour, dash),
            place(markers, x=axis.x, y=y),
        ]
    return layers


def _names(
    axis: TimeAxis,
    series: Mapping[str, Rows],
    y: alt.Y,
    within: tuple[float, float],
    size: tuple[int, int],
) -> list[alt.Chart]:
    """Each line's marker, name and last value at its end, moved apart where they would
    overlap.
    """
    (low, high), (width, height) = within, size
    last = [_last(own) for own in series.values()]
    places = spread(last, LABEL_GAP * (high - low) / height, low, high)
    layers = []
    for number, (node, value, beside) in enumerate(zip(series, last, places, strict=True)):
        colour, _, shape = theme.node_style(number)
        base, height_of = alt.Chart(inline([{"_y": value, "_at": beside}])), same_axis(y, "_at")
        leader = base.mark_rule(stroke="#888888", aria=False)
        marker = base.mark_point(
            shape=shape, size=70, fill=colour, stroke=colour, opacity=1, aria=False
        )
        name = base.mark_text(
            align="left", baseline="middle", fontSize=theme.SMALL, color=theme.INK, aria=False
        )
        layers += [
            place(leader, x=width + 1, x2=width + 12, y=y, y2=alt.Y2("_at")),
            place(marker, x=width + 18, y=height_of),
            place(name, x=width + 28, y=height_of, text=f"{node}: {value:.3f}"),
        ]
    return layers


def _said(rows: Rows) -> str:
    return ", ".join(f"{row['node']} {row['balance_tokens']:.3f}" for row in rows) + " tokens"
