"""The pieces from which charts are put together: data, places in pixels, keys, labels."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from energychain.charts.theme import INK, SMALL, WIDTH, stripes


def inline(rows: Sequence[Mapping[str, Any]]) -> alt.InlineData:
    """Rows as a chart's own data."""
    return alt.InlineData(values=[dict(row) for row in rows])


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


# --- the key --------------------------------------------------------------------------

LINE, AREA, STRIPES, BARS = "line", "area", "stripes", "bars"
"""What a key shows. Bars are stripes drawn one by one: a browser finds a gradient by a name,
which two charts on a page may both have given, so charts with stripes of several looks draw
bars.
"""


def key(
    entries: Sequence[tuple[str, str, str, Sequence[int]]], *, width: int = WIDTH
) -> list[alt.Chart]:
    """A legend in one or more rows above the plot, as layers for it.

    An entry is its text, what is drawn (``line``, ``area``, ``stripes`` or ``bars``), the
    colour and the dash.
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
    one = inline([{"_": 0}])
    for (text, what, colour, dash), (left, row) in zip(entries, places, strict=True):
        middle = -14 - 20 * (rows - 1 - row)
        base, ends = alt.Chart(one), {"x": left, "x2": left + 26}
        if what == LINE:
            line = base.mark_rule(stroke=colour, strokeWidth=2.5, strokeDash=list(dash), aria=False)
            layers.append(place(line, **ends, y=middle))
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
