"""
Gas in pictures: the bill of one call, item by item, and what settling an interval takes in a
street of ever more homes.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

import altair as alt

from energychain.charts import theme
from energychain.charts.intervals import Rows
from energychain.charts.marks import inline, place
from energychain.charts.theme import Picture

WIDTH = 420
"""Of the plots [pixel]: with the words at their left they fit a laptop."""

LINE_HEIGHT = 24
"""Of each item of a bill [pixel]."""

COLUMN = 70
"""Of the numbers at the right of a bill [pixel]."""

PAID, LIMIT = theme.OKABE_ITO["sky blue"], theme.OKABE_ITO["vermillion"]

Align = Literal["left", "center", "right"]


# --- the bill of one call -------------------------------------------------------------


def bill(
    rows: Rows,
    *,
    limit: int | None = None,
    paid: int | None = None,
    most: int = 0,
    width: int = WIDTH,
) -> Picture:
    """What a call costs, as a stacked bar that is unfolded: each item begins where the one
    above ends. What is not paid is hollow; all is, unless ``paid`` says otherwise [gas]. The axis
    reaches ``most`` at least [gas].

    Rows have ``item``, ``count``, ``each`` and ``gas`` [gas].

    Raises ``ValueError`` if there are no rows.
    """
    if not rows:
        raise ValueError("there are no rows to draw")
    total = sum(int(row["gas"]) for row in rows)
    filled = total if paid is None else paid
    end = 1.05 * max(total, limit or 0, most)
    height = LINE_HEIGHT * (len(rows) + 1) + 8
    x = alt.X(
        "_x:Q",
        scale=alt.Scale(domain=[0, end], nice=False),
        axis=alt.Axis(title="Gas", tickCount=4, format=",d"),
    )
    pieces = list(_pieces(rows))
    heading = _heading(total, limit, filled)
    said = "; ".join(str(piece["_said"]) for piece in pieces)
    return theme.layered(
        [
            *_bars(pieces, x, filled, height),
            *_lines(pieces, width),
            *_sum(filled, x, height, width),
            *_limit(limit, x, height, end),
        ],
        [{name: row[name] for name in ("item", "count", "each", "gas")} for row in rows],
        heading,
        "",
        f"{heading}. {said}. Paid: {filled:,} gas.",
        width=width,
        height=height,
    )


def _heading(total: int, limit: int | None, paid: int) -> str:
    if paid == total:
        return f"{total:,} gas" + (f" of at most {limit:,}" if limit else "")
    if not paid:
        return f"It takes {total:,} gas, and is in no block: nothing is paid"
    if paid == limit:
        return f"Out of gas: {total:,} are needed, {limit:,} are paid for nothing"
    return f"Refused: of {total:,} gas only {paid:,} are paid"


def _pieces(rows: Rows) -> Iterator[dict[str, Any]]:
    """Where each item begins and ends."""
    begin = 0
    for n, row in enumerate(rows):
        gas, count, each = (int(row[name]) for name in ("gas", "count", "each"))
        words = f"{row['item']}: {count:,} × {each:,}"
        yield {
            "_x": begin,
            "_x2": begin + gas,
            "_y": LINE_HEIGHT * n + 4,
            "_y2": LINE_HEIGHT * (n + 1) - 4,
            "_middle": LINE_HEIGHT * (n + 0.5),
            "_words": words,
            "_gas": f"{gas:,}",
            "_said": f"{words} = {gas:,} gas",
        }
        begin += gas


def _bars(pieces: Rows, x: alt.X, paid: int, height: int) -> Iterator[alt.Chart]:
    """The items, filled as far as they are paid."""
    cut = [_cut(piece, paid) for piece in pieces]
    solid = [within for within, _ in cut if within["_x2"] > within["_x"]]
    hollow = [beyond for _, beyond in cut if beyond["_x2"] > beyond["_x"]]
    if solid:
        mark = alt.Chart(inline(solid)).mark_rect(fill=PAID, stroke=theme.INK, strokeWidth=0.7)
        yield _spoken(mark, x, height)
    if hollow:
        mark = alt.Chart(inline(hollow)).mark_rect(
            fill="white", stroke=theme.INK, strokeWidth=1.2, strokeDash=[3, 2]
        )
        yield _spoken(mark, x, height)
    links = [
        {"_x": piece["_x2"], "_y": piece["_y2"], "_y2": below["_y"]}
        for piece, below in pairwise(pieces)
        if below["_x2"] > below["_x"]
    ]
    if links:
        thread = alt.Chart(inline(links)).mark_rule(stroke="#888888", aria=False)
        yield place(thread, x=x, y=_down(height), y2=alt.Y2("_y2"))


def _cut(piece: Mapping[str, Any], paid: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """What of an item is paid, and what is not."""
    edge = min(max(paid, piece["_x"]), piece["_x2"])
    return {**piece, "_x2": edge}, {**piece, "_x": edge}


def _lines(pieces: Rows, width: int) -> Iterator[alt.Chart]:
    """The items' names at the left, their gas in a column at the right."""
    for piece in pieces:
        yield _text(piece["_words"], -10, piece["_middle"], align="right")
        yield _text(piece["_gas"], width + COLUMN, piece["_middle"], align="right")


def _sum(paid: int, x: alt.X, height: int, width: int) -> Iterator[alt.Chart]:
    """What is paid, in one bar."""
    top, foot = height - LINE_HEIGHT + 3, height - 5
    bar = {"_x": 0, "_x2": paid, "_y": top, "_y2": foot, "_said": f"paid: {paid:,} gas"}
    yield _spoken(alt.Chart(inline([bar])).mark_rect(fill=theme.INK), x, height)
    line = alt.Chart(inline([{"_": 0}])).mark_rule(stroke=theme.INK, aria=False)
    yield place(line, x=width + 6, x2=width + COLUMN, y=top - 5)
    middle = (top + foot) / 2
    yield _text("paid", -10, middle, align="right", weight="bold")
    yield _text(f"{paid:,}", width + COLUMN, middle, align="right", weight="bold")


def _limit(limit: int | None, x: alt.X, height: int, end: float) -> Iterator[alt.Chart]:
    if limit is None:
        return
    one = inline([{"_x": limit, "_t": f"limit {limit:,}"}])
    rule = alt.Chart(one).mark_rule(stroke=LIMIT, strokeWidth=2.5, strokeDash=[6, 3], aria=False)
    yield place(rule, x=x, y=-6, y2=height)
    words = alt.Chart(one).mark_text(
        align="center" if limit > 0.15 * end else "left",
        baseline="bottom",
        fontSize=theme.SMALL,
        fontWeight="bold",
        color=theme.INK,
        aria=False,
    )
    yield place(words, x=x, y=-8, text=alt.Text("_t:N"))


# --- a street of many homes -----------------------------------------------------------


def settling(
    rows: Rows, *, block: int | None = None, width: int = 560, height: int = 300
) -> Picture:
    """The gas of settling one interval against the number of homes, one line for each way to
    divide the surplus. ``block`` is what fits a block [gas].

    Rows have ``homes``, ``split``, ``trades`` and ``settle_gas`` [gas].

    Raises ``ValueError`` if there are no rows.
    """
    if not rows:
        raise ValueError("there are no rows to draw")
    most = max(int(row["settle_gas"]) for row in rows)
    x = alt.X(
        "_x:Q",
        scale=alt.Scale(domain=[0, 1.02 * max(int(row["homes"]) for row in rows)], nice=False),
        axis=alt.Axis(title="Homes in the street", tickCount=8, format="d"),
    )
    y = alt.Y(
        "_y:Q",
        scale=alt.Scale(domain=[0, 1.08 * max(most, block or 0) / 1e6], nice=False),
        axis=alt.Axis(title="Gas of one settlement (million)", tickCount=6),
    )
    splits = list(dict.fromkeys(str(row["split"]) for row in rows))
    layers = [*_block(block, x, y, width)]
    for number, split in enumerate(splits):
        layers += _line([row for row in rows if row["split"] == split], number, x, y)
    told = "; ".join(_told([row for row in rows if row["split"] == split]) for split in splits)
    return theme.layered(
        layers,
        [{name: row[name] for name in ("homes", "split", "trades", "settle_gas")} for row in rows],
        _found([row for row in rows if row["homes"] == rows[-1]["homes"]]),
        "Half of the homes have a roof; each point is one call, carried out on a chain",
        f"Gas of settling one interval against the number of homes. {told}.",
        width=width,
        height=height,
    )


def _found(rows: Rows) -> str:
    """What the last number of homes takes, in words."""
    costs = (f"{int(row['settle_gas']) / 1e6:.1f} million {row['split']}" for row in rows)
    return f"Gas to settle one interval of {rows[0]['homes']} homes: {', '.join(costs)}"


def _told(rows: Rows) -> str:
    points = ", ".join(f"{int(row['settle_gas']):,} for {row['homes']} homes" for row in rows)
    return f"{rows[0]['split']}: {points}"


def _line(rows: Rows, number: int, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    colour, dash, shape = theme.node_style(number)
    points = [
        {
            "_x": row["homes"],
            "_y": row["settle_gas"] / 1e6,
            "_said": f"{row['split']}, {row['homes']} homes: {row['trades']:,} trades,"
            f" {row['settle_gas']:,} gas",
        }
        for row in rows
    ]
    line = alt.Chart(inline(points)).mark_line(
        stroke=colour, strokeWidth=2.5, strokeDash=dash, aria=False
    )
    yield place(line, x=x, y=y)
    dots = alt.Chart(inline(points)).mark_point(
        shape=shape, size=70, fill=colour, stroke=theme.INK, strokeWidth=0.7, opacity=1
    )
    yield place(
        dots,
        x=x,
        y=y,
        description=alt.Description("_said:N"),
        tooltip=alt.Tooltip("_said:N", title=" "),
    )
    last = {**points[-1], "_t": f"{rows[-1]['split']}: {rows[-1]['trades']:,} trades"}
    words = alt.Chart(inline([last])).mark_text(
        align="left",
        dx=12,
        baseline="middle",
        fontSize=theme.SMALL,
        color=theme.INK,
        aria=False,
    )
    yield place(words, x=x, y=y, text=alt.Text("_t:N"))


def _block(block: int | None, x: alt.X, y: alt.Y, width: int) -> Sequence[alt.Chart]:
    if block is None:
        return ()
    one = inline([{"_x": 0, "_y": block / 1e6, "_t": f"a block of {block / 1e6:g} million"}])
    rule = alt.Chart(one).mark_rule(stroke=LIMIT, strokeWidth=2, strokeDash=[6, 3], aria=False)
    words = alt.Chart(one).mark_text(
        align="left",
        dx=6,
        dy=-9,
        fontSize=theme.SMALL,
        color=theme.INK,
        aria=False,
    )
    return (place(rule, x=0, x2=width, y=y), place(words, x=x, y=y, text=alt.Text("_t:N")))


# --- pieces ---------------------------------------------------------------------------


def _down(height: int, column: str = "_y") -> alt.Y:
    """Places in pixels from the top, as data."""
    return alt.Y(f"{column}:Q", scale=alt.Scale(domain=[height, 0], nice=False), axis=None)


def _spoken(mark: alt.Chart, x: alt.X, height: int) -> alt.Chart:
    """Rectangles that say their numbers to pointers and screen readers."""
    return place(
        mark,
        x=x,
        x2=alt.X2("_x2"),
        y=_down(height),
        y2=alt.Y2("_y2"),
        description=alt.Description("_said:N"),
        tooltip=alt.Tooltip("_said:N", title=" "),
    )


def _text(
    words: str,
    x: float,
    y: float,
    *,
    align: Align = "left",
    weight: Literal["normal", "bold"] = "normal",
) -> alt.Chart:
    mark = alt.Chart(inline([{"_": 0}])).mark_text(
        align=align,
        baseline="middle",
        fontSize=theme.SMALL,
        fontWeight=weight,
        color=theme.INK,
        aria=False,
    )
    return place(mark, x=x, y=y, text=words)
