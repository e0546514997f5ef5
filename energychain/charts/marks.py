"""The pieces from which charts are put together: data, places in pixels, labels, numbers, keys."""

from collections.abc import Mapping, Sequence, Sized
from math import log
from typing import Any, Literal, TypeVar

import altair as alt

from energychain.charts.theme import INK, SMALL, WIDTH, stripes

Align = Literal["left", "center", "right"]
Weight = Literal["normal", "bold"]
Drawn = TypeVar("Drawn", bound=Sized)
Row = dict[str, Any]


def drawable(rows: Drawn) -> Drawn:
    """The rows of a chart.

    Raises ``ValueError`` if there are none.
    """
    if not rows:
        raise ValueError("there are no rows to draw")
    return rows


def inline(rows: Sequence[Mapping[str, Any]]) -> alt.InlineData:
    """Rows as a chart's own data."""
    return alt.InlineData(values=[dict(row) for row in rows])


_ONE = inline([{"_": 0}])
"""The data of a mark that shows none."""

_PIXELS: Mapping[str, Any] = {
    "x": alt.XValue,
    "x2": alt.X2Value,
    "y": alt.YValue,
    "y2": alt.Y2Value,
    "text": alt.TextValue,
}


def place(mark: alt.Chart, **channels: Any) -> alt.Chart:
    """A mark with its channels. A channel is one of Altair's, or a bare value: a place
    in pixels, ``"height"`` for the foot of the plot, the words of a text.
    """
    placed: alt.Chart = mark.encode(
        **{
            name: _PIXELS[name](value) if isinstance(value, int | float | str) else value
            for name, value in channels.items()
        }
    )
    return placed


def across(width: float, column: str = "_x") -> alt.X:
    """Places from the left, in a plot of this width [pixel], as data."""
    return alt.X(f"{column}:Q", scale=alt.Scale(domain=[0, width], nice=False), axis=None)


def down(height: float, column: str = "_y") -> alt.Y:
    """Places from the top, in a plot of this height [pixel], as data."""
    return alt.Y(f"{column}:Q", scale=alt.Scale(domain=[height, 0], nice=False), axis=None)


def spoken(mark: alt.Chart, **channels: Any) -> alt.Chart:
    """A mark that says its ``_said`` to pointers and screen readers."""
    return place(
        mark,
        **channels,
        description=alt.Description("_said:N"),
        tooltip=alt.Tooltip("_said:N", title=" "),
    )


def spoken_boxes(mark: alt.Chart, x: alt.X, y: alt.Y, **channels: Any) -> alt.Chart:
    """Rectangles, as far as ``_x2`` and ``_y2``, that say their ``_said``."""
    return spoken(mark, x=x, x2=alt.X2("_x2"), y=y, y2=alt.Y2("_y2"), **channels)


# --- text -----------------------------------------------------------------------------


def writing(
    base: alt.Chart, align: Align = "left", weight: Weight = "normal", **options: Any
) -> alt.Chart:
    """Text in a chart, without its words and its places."""
    words: alt.Chart = base.mark_text(
        align=align,
        baseline="middle",
        fontSize=SMALL,
        fontWeight=weight,
        color=INK,
        aria=False,
        **options,
    )
    return words


def halo(base: alt.Chart, align: Align = "left", **options: Any) -> alt.Chart:
    """The same text in white and wide, to be drawn below :func:`writing` where lines cross it."""
    light: alt.Chart = base.mark_text(
        align=align,
        baseline="middle",
        fontSize=SMALL,
        stroke="white",
        strokeWidth=4,
        aria=False,
        **options,
    )
    return light


def caption(
    words: str,
    x: float,
    y: float,
    *,
    align: Align = "left",
    weight: Weight = "normal",
    **options: Any,
) -> alt.Chart:
    """One text at its place [pixel]."""
    return place(writing(alt.Chart(_ONE), align, weight, **options), x=x, y=y, text=words)


def captions(
    lines: Sequence[Mapping[str, Any]],
    x: alt.X | float,
    y: alt.Y | float,
    *,
    align: Align = "left",
    weight: Weight = "normal",
) -> alt.Chart:
    """The texts ``_t`` of some rows."""
    mark = writing(alt.Chart(inline(lines)), align, weight)
    return place(mark, x=x, y=y, text=alt.Text("_t:N"))


def words(
    lines: Sequence[Mapping[str, Any]],
    x: alt.X | float,
    y: alt.Y | float,
    *,
    align: Align = "left",
    right: float = 0,
    up: float = 0,
    bold: bool = True,
    halo: bool = False,
) -> alt.Chart:
    """The texts ``_t`` of some rows, so many pixels beside and above their places; as a
    ``halo``, the white around them.
    """
    mark = alt.Chart(inline(lines)).mark_text(
        align=align,
        baseline="middle",
        dx=right,
        dy=-up,
        fontSize=SMALL,
        fontWeight="bold" if bold else "normal",
        aria=False,
        **(
            {"stroke": "white", "strokeWidth": 5, "strokeJoin": "round"} if halo else {"color": INK}
        ),
    )
    return place(mark, x=x, y=y, text=alt.Text("_t:N"))


# --- numbers --------------------------------------------------------------------------


def numbers_in(rows: Sequence[Mapping[str, Any]], column: str) -> list[float]:
    """A column of some rows.

    >>> numbers_in([{"kw": 1}, {"kw": 2.5}], "kw")
    [1.0, 2.5]
    """
    return [float(row[column]) for row in rows]


def evenly(start: float, end: float, apart: float = 3.0) -> list[float]:
    """Where the bars stand that fill a part of an axis, about so far from one to the next.

    >>> evenly(0, 10)
    [1.666667, 5.0, 8.333333]
    """
    count = max(1, round((end - start) / apart))
    return [round(start + (end - start) * (n + 0.5) / count, 6) for n in range(count)]


def number(value: float) -> str:
    """A number with up to three decimals, as people write it.

    >>> number(22.0), number(1234.5678), number(-0.0001)
    ('22', '1,234.568', '0')
    """
    text = f"{value:,.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def signed(amount: float) -> str:
    """A number as :func:`number` writes it, with a true minus.

    >>> signed(-156.4), signed(250.7)
    ('−156.4', '250.7')
    """
    return number(amount).replace("-", "−")


def euros(amount: float) -> str:
    """An amount with its sign [euro]; nothing is nothing.

    >>> euros(-0.2), euros(0.001)
    ('−0.20 €', '0.00 €')
    """
    return f"{amount:+.2f} €".replace("-", "−") if abs(amount) >= 0.005 else "0.00 €"


# --- the key --------------------------------------------------------------------------

LINE, AREA, STRIPES, BARS, DOT = "line", "area", "stripes", "bars", "dot"
"""What a key shows. Bars are stripes drawn one by one: a browser finds a gradient by a name,
which two charts on a page may both have given, so charts with stripes of several looks draw
bars.
"""


def key(
    entries: Sequence[tuple[str, str, str, Sequence[int]]], *, width: int = WIDTH
) -> list[alt.Chart]:
    """A legend in one or more rows above the plot, as layers for it.

    An entry is its text, what is drawn (``line``, ``area``, ``stripes``, ``bars`` or ``dot``),
    the colour and the dash.
    """
    layers: list[alt.Chart] = []
    places: list[tuple[int, int]] = []
    x, row = 0, 0
    for text, *_ in entries:
        room = 32 + round(6.7 * len(text)) + 14
        if x and x + room > width:
            x, row = 0, row + 1
        places.append((x, row))
        x += room
    rows = row + 1
    for (text, what, colour, dash), (left, row) in zip(entries, places, strict=True):
        middle = -14 - 20 * (rows - 1 - row)
        base, ends = alt.Chart(_ONE), {"x": left, "x2": left + 26}
        if what == LINE:
            line = base.mark_rule(stroke=colour, strokeWidth=2.5, strokeDash=list(dash), aria=False)
            layers.append(place(line, **ends, y=middle))
        elif what == DOT:
            dot = base.mark_point(filled=True, size=70, fill=colour, opacity=1, aria=False)
            layers.append(place(dot, x=left + 13, y=middle))
        else:
            fill: Any = {STRIPES: stripes(colour, 5), BARS: "white"}.get(what, colour)
            patch = base.mark_rect(fill=fill, stroke=INK, strokeWidth=0.7, aria=False)
            layers.append(place(patch, **ends, y=middle - 7, y2=middle + 7))
            for bar in range(left, left + 26, 6) if what == BARS else ():
                stripe = base.mark_rect(fill=colour, aria=False)
                layers.append(place(stripe, x=bar, x2=bar + 3, y=middle - 7, y2=middle + 7))
        words = base.mark_text(
            align="left", baseline="middle", fontSize=SMALL, color=INK, aria=False
        )
        layers.append(place(words, x=left + 32, y=middle, text=text))
    return layers


def spread(values: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places for labels near their values, at least ``gap`` apart and within bounds
    where there is room.

    >>> spread([1.0, 1.1, 5.0], gap=1.0, low=0.0, high=6.0)
    [0.55, 1.55, 5.0]
    """
    order = sorted(range(len(values)), key=lambda i: values[i])
    groups: list[list[Any]] = []  # centre, members
    for i in order:
        groups.append([values[i], [i]])
        while len(groups) > 1:
            (below, few), (above, more) = groups[-2:]
            if above - below >= gap * (len(few) + len(more)) / 2 - 1e-9:
                break
            members = few + more
            centre = (below * len(few) + above * len(more)) / len(members)
            half = gap * (len(members) - 1) / 2
            centre = max(low + half, min(centre, high - half))
            groups[-2:] = [[centre, members]]
    places = [0.0] * len(values)
    for centre, members in groups:
        for rank, i in enumerate(members):
            places[i] = round(centre + gap * (rank - (len(members) - 1) / 2), 6)
    return places


# --- what a scale leaves out ------------------------------------------------------------


def down_to(points: Sequence[Mapping[str, Any]], x: str, y: str, least: float) -> list[Row]:
    """The part of a line on a logarithmic scale that is not below ``least`` [the unit of y].

    A line is cut by hand, and not by Vega's ``clip``: a browser finds a clip by a name, which
    two charts on a page may both have given. All values of y are positive.

    >>> down_to([{"n": 0, "p": 1.0}, {"n": 2, "p": 1e-4}], "n", "p", 1e-2)
    [{'n': 0, 'p': 1.0}, {'n': 1.0, 'p': 0.01}]
    """
    kept: list[Row] = []
    for before, point in zip([None, *points], points, strict=False):
        if before is not None and (before[y] < least) != (point[y] < least):
            part = log(before[y] / least) / log(before[y] / point[y])
            kept.append({x: round(before[x] + part * (point[x] - before[x]), 6), y: least})
        if point[y] >= least:
            kept.append({x: point[x], y: point[y]})
    return kept
