"""A plot of quantity and price, and what is drawn in it: areas, striped areas and step curves."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from energychain.charts.curves import Range, Side
from energychain.charts.marks import inline, place


@dataclass(frozen=True)
class Pen:
    """What all layers of the plot share: the axes, their ranges, and the size [pixel]."""

    x: alt.X
    y: alt.Y
    quantities: Range
    prices: Range
    width: int
    height: int

    @property
    def right(self) -> float:
        """Where the axis of quantities ends."""
        return self.quantities[1]

    @property
    def tall(self) -> float:
        """The range of the axis of prices."""
        return self.prices[1] - self.prices[0]

    def pixels(self, quantity: float) -> float:
        """How wide a quantity is drawn [pixel]."""
        return quantity / (self.quantities[1] - self.quantities[0]) * self.width

    def chart(self, rows: Sequence[Mapping[str, Any]]) -> alt.Chart:
        """A chart of these rows, to be given its mark."""
        return alt.Chart(inline(rows))

    def rects(
        self, shapes: Sequence[Sequence[float]], fill: str, opacity: float, edge: str = ""
    ) -> alt.Chart:
        """Rectangles from left, right, low and high."""
        rows = [{"_x": a, "_x2": b, "_y": low, "_y2": high} for a, b, low, high in shapes]
        stroke: dict[str, Any] = {"stroke": edge, "strokeWidth": 1} if edge else {}
        mark = self.chart(rows).mark_rect(fill=fill, opacity=opacity, aria=False, **stroke)
        return place(mark, x=self.x, x2=alt.X2("_x2"), y=self.y, y2=alt.Y2("_y2"))

    def bars(
        self, shape: Sequence[float], colour: str, every: float, opacity: float
    ) -> Iterator[alt.Chart]:
        """A rectangle in stripes, one about every so many pixels, with a frame."""
        left, right, low, high = shape
        count = max(1, round(self.pixels(right - left) / every))
        step = (right - left) / count
        starts = [left + step * n for n in range(count)]
        yield self.rects([shape], "white", opacity, colour)
        yield self.rects([(x, x + step / 2, low, high) for x in starts], colour, opacity)

    def curve(self, side: Side, colour: str, dash: Sequence[int], thick: float) -> alt.Chart:
        """The steps of one side's orders."""
        line = self.chart(side.steps()).mark_line(
            interpolate="step-after",
            stroke=colour,
            strokeWidth=thick,
            strokeDash=list(dash),
            aria=False,
        )
        return place(line, x=self.x, y=self.y)
