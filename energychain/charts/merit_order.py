"""
Who would pay how much, who asks how much, and what a rule made of it: a cleared book as a
picture.

The merit order puts bids from the highest down and offers from the lowest up. Between an
order's limit and what it pays lies its gain, so gains are areas. As in every textbook of
economics, quantity runs to the right and price upwards (Mas-Colell, Whinston & Green,
1995, *Microeconomic Theory*, section 10.E).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

import altair as alt

from energychain.charts import theme
from energychain.charts.curves import (
    Piece,
    Range,
    Side,
    blocks,
    merged,
    paid_at,
    sides,
    without_gap,
)
from energychain.charts.marks import (
    AREA,
    BARS,
    LINE,
    key,
    number,
    place,
    spoken_boxes,
    spread,
    writing,
)
from energychain.charts.outcome import listed, orders_told, outcome, rule_title, sentence, span
from energychain.charts.pen import Pen
from energychain.charts.theme import Picture
from energychain.markets.clearing import Clearing
from energychain.markets.merit import merit

BIDS = theme.OKABE_ITO["blue"]
OFFERS = theme.OKABE_ITO["vermillion"]
BUYERS = theme.OKABE_ITO["sky blue"]
"""What buyers gain."""

SELLERS = theme.OKABE_ITO["orange"]
"""What sellers gain."""

OPERATOR = theme.OKABE_ITO["reddish purple"]
"""What buyers pay and sellers do not receive."""

COMPETITIVE = theme.INK
BEFORE = "#777777"
"""The curves as they were."""

OFFER_DASH = (7, 3)
BEFORE_DASH = (2, 3)

MOST_NAMES = 40
"""A book of more orders than this is drawn without their names, pairs and tooltips."""

LABEL_GAP = 17
"""Between two labels beside the plot [pixel]."""

NARROW = 13
"""An order narrower than this has no room for its name [pixel]."""

LEAST_STRIPED = 3
"""What is left over of an order and narrower than this would be a mere spike [pixel]."""

HEIGHT = 300

DIAMOND: Mapping[str, Any] = {
    "shape": "diamond",
    "size": 130,
    "fill": theme.INK,
    "stroke": "white",
    "opacity": 1,
    "aria": False,
}
"""How an order at the margin is marked."""

MARKED = "◆"
"""Begins a label beside the plot that has the same mark drawn before it."""


# --- the merit order ------------------------------------------------------------------


def merit_order(
    clearing: Clearing,
    *,
    unit: str = "kWh",
    money: str = "token",
    before: Clearing | None = None,
    quantities: Range | None = None,
    prices: Range | None = None,
    width: int = 560,
    height: int = HEIGHT,
) -> Picture:
    """Both curves of a cleared book; what buyers, sellers and the operator gain as areas; the
    competitive prices as a band; the price or prices; what is left over of orders that
    trade in part, striped; and the orders at the margin, with a diamond.

    ``before`` draws the curves of an earlier book behind them; ``quantities`` and
    ``prices`` fix the axes.

    Raises ``ValueError`` if there is no order.
    """
    if not len(clearing.book):
        raise ValueError("there are no orders to draw")
    drawing = _Drawing(clearing, sides(clearing), unit, money, before, width, height)
    layers = drawing.layers(quantities or drawing.quantities, prices or drawing.prices)
    return theme.layered(
        layers,
        drawing.rows(),
        sentence(rule_title(clearing)),
        sentence(outcome(clearing, unit, money)),
        drawing.words,
        width=width,
        height=height,
    )


@dataclass(frozen=True)
class _Drawing:
    clearing: Clearing
    sides: tuple[Side, Side]
    unit: str
    money: str
    before: Clearing | None
    width: int
    height: int

    # --- numbers ----------------------------------------------------------------------

    @property
    def interval(self) -> Range | None:
        found = self.clearing.price_interval
        return found and (found[0] / 1e6, found[1] / 1e6)

    @property
    def quantity(self) -> float:
        return self.clearing.quantity / 1e6

    @cached_property
    def gains(self) -> tuple[float, float]:
        """What all buyers and all sellers gain [money]."""
        gains, book = self.clearing.gains, self.clearing.book
        return int(gains[book.bids].sum()) / 1e12, int(gains[book.offers].sum()) / 1e12

    @property
    def operator(self) -> float:
        return self.clearing.operator_surplus / 1e12

    @property
    def marginal(self) -> tuple[str, ...]:
        return self.clearing.marginal_orders

    @property
    def quantities(self) -> Range:
        return 0.0, 1.03 * max(side.end for side in self.all_sides) or 1.0

    @property
    def prices(self) -> Range:
        limits = [piece.limit for side in self.all_sides for piece in side.pieces]
        paid = [p.paid for side in self.sides for p in side.served if p.paid is not None]
        known = [*limits, *paid] or [0.0]
        low, high = min(known), max(known)
        room = 0.12 * (high - low) or 1.0
        return low - room, high + room

    @cached_property
    def all_sides(self) -> tuple[Side, ...]:
        return self.sides if self.before is None else (*self.sides, *sides(self.before))

    @property
    def few(self) -> bool:
        return len(self.clearing.book) <= MOST_NAMES

    # --- words ------------------------------------------------------------------------

    @property
    def words(self) -> str:
        buyers, sellers = self.gains
        said = outcome(self.clearing, self.unit, self.money)
        told = [f"Merit order under the rule {rule_title(self.clearing)}: {said}."]
        if self.interval:
            told.append(f"Competitive: {span(self.interval)}, set by {listed(self.marginal)}.")
        told.append(
            f"Buyers gain {number(buyers)}, sellers {number(sellers)},"
            f" {self._kept()} {number(abs(self.operator))} {self.money}."
        )
        for name, side in zip(("Bids", "Offers"), self.sides, strict=True):
            if side.pieces and self.few:
                told.append(f"{name}: {'; '.join(orders_told(side, self.unit))}.")
        return " ".join(told)

    def _kept(self) -> str:
        return "the operator must add" if self.operator < 0 else "the operator keeps"

    def rows(self) -> list[dict[str, Any]]:
        """The chart as a table: one row for each part of an order that has one price."""
        return [
            {
                "order": piece.id,
                "side": piece.side,
                "from": piece.start,
                "to": piece.end,
                "limit": piece.limit,
                "price": piece.paid,
            }
            for side in self.sides
            for piece in side.pieces
        ]

    # --- layers -----------------------------------------------------------------------

    def layers(self, quantities: Range, prices: Range) -> list[alt.Chart]:
        x = alt.X(
            "_x:Q",
            scale=alt.Scale(domain=list(quantities), nice=False),
            axis=alt.Axis(title=f"Quantity ({self.unit})", tickCount=7, grid=False),
        )
        y = alt.Y(
            "_y:Q",
            scale=alt.Scale(domain=list(prices), nice=False, zero=False),
            axis=alt.Axis(title=f"Price ({self.money}/{self.unit})", tickCount=6),
        )
        pen = Pen(x, y, quantities, prices, self.width, self.height)
        return [
            *self._band(pen),
            *self._areas(pen),
            *self._zero(pen),
            *self._earlier(pen),
            *self._left_over(pen),
            *self._curves(pen),
            *self._prices(pen),
            *self._names(pen),
            *self._margin(pen),
            *self._beside(pen),
            *self._listening(pen),
            *key(self._key(pen), width=self.width + 150),
        ]

    def _band(self, pen: Pen) -> Iterator[alt.Chart]:
        if self.interval:
            low, high = self.interval
            half = max((high - low) / 2, 0.012 * pen.tall)
            middle = (low + high) / 2
            mark = pen.rects([(0.0, pen.right, middle - half, middle + half)], COMPETITIVE, 0.3)
            yield mark

    def _areas(self, pen: Pen) -> Iterator[alt.Chart]:
        for side, colour in zip(self.sides, (BUYERS, SELLERS), strict=True):
            yield pen.rects(
                [
                    (start, end, *sorted((limit, paid)))
                    for start, end, limit, paid in merged(side.served)
                    if (limit > paid) == (side.name == "bid")  # a loss is no gain
                ],
                colour,
                0.6,
            )
        for kept in self._operators_share():
            yield from pen.bars(kept, OPERATOR, 12, 0.6)

    def _operators_share(self) -> list[tuple[float, float, float, float]]:
        """What lies between what buyers pay and what sellers receive, where that can be seen:
        if each side has one price, or both curves are served from the left without a gap.
        """
        buy, sell = (side.price for side in self.sides)
        if buy is not None and sell is not None:
            return [] if buy == sell else [(0.0, self.quantity, min(buy, sell), max(buy, sell))]
        edges = sorted({p.end for side in self.sides for p in side.served} | {0.0})
        if not self.few or not all(without_gap(side.served) for side in self.sides):
            return []
        found = []
        for start, end in pairwise(edges):
            pays, gets = (paid_at((start + end) / 2, side.served) for side in self.sides)
            if pays != gets:
                found.append((start, end, min(pays, gets), max(pays, gets)))
        return found

    def _zero(self, pen: Pen) -> Iterator[alt.Chart]:
        low, high = pen.prices
        if low < 0 < high:
            rule = pen.chart([{"_y": 0.0}]).mark_rule(stroke="#888888", aria=False)
            yield place(rule, x=0, x2=self.width, y=pen.y)

    def _earlier(self, pen: Pen) -> Iterator[alt.Chart]:
        for side in self.all_sides[2:]:
            if side.pieces:
                yield pen.curve(side, BEFORE, BEFORE_DASH, 2.0)

    def _curves(self, pen: Pen) -> Iterator[alt.Chart]:
        dashes = ((1, 0), OFFER_DASH)
        for side, colour, dash in zip(self.sides, (BIDS, OFFERS), dashes, strict=True):
            if side.pieces:
                yield pen.curve(side, colour, dash, 3.0)

    def _rests(self, side: Side, pixels: Callable[[float], float]) -> list[Piece]:
        """What is left over and wide enough to be seen as stripes."""
        return [
            piece for piece in side.rationed if self.few and pixels(piece.width) >= LEAST_STRIPED
        ]

    def _left_over(self, pen: Pen) -> Iterator[alt.Chart]:
        half = 0.018 * pen.tall
        for side, colour in zip(self.sides, (BIDS, OFFERS), strict=True):
            for piece in self._rests(side, pen.pixels):
                shape = (piece.start, piece.end, piece.limit - half, piece.limit + half)
                yield from pen.bars(shape, colour, 7, 1.0)

    def _prices(self, pen: Pen) -> Iterator[alt.Chart]:
        """One line if all trade at one price, or else a short one for each piece, with a circle
        if a buyer pays it, or a triangle if only a seller receives it.
        """
        buy, sell = (side.price for side in self.sides)
        if not self.quantity:
            return
        if buy is not None and buy == sell:
            rule = pen.chart([{"_y": buy}]).mark_rule(stroke=theme.INK, strokeWidth=2, aria=False)
            yield place(rule, x=0, x2=self.width, y=pen.y)
            return
        marked: set[Range] = set()
        for side, shape in zip(self.sides, ("circle", "triangle-up"), strict=True):
            pieces = merged(side.served)
            lines = pen.chart([{"_x": s, "_x2": e, "_y": paid} for s, e, _, paid in pieces])
            rule = lines.mark_rule(stroke=theme.INK, strokeWidth=2, aria=False)
            yield place(rule, x=pen.x, x2=alt.X2("_x2"), y=pen.y)
            if self.few:
                spots = {(p.middle, p.paid) for p in side.served if p.paid is not None} - marked
                marked |= spots  # a pair that stands in the same place on both sides is one mark
                points = pen.chart([{"_x": a, "_y": b} for a, b in sorted(spots)]).mark_point(
                    shape=shape, size=60, fill="white", stroke=theme.INK, opacity=1, aria=False
                )
                yield place(points, x=pen.x, y=pen.y)

    def _names(self, pen: Pen) -> Iterator[alt.Chart]:
        for side, down in zip(self.sides, (-11, 13), strict=True):
            spots = [
                {"_x": (start + end) / 2, "_y": limit, "_t": id}
                for id, start, end, limit in blocks(side)
                if self.few and pen.pixels(end - start) >= max(NARROW, 7.5 * len(id))
            ]
            if spots:
                look: dict[str, Any] = {
                    "dy": down,
                    "fontSize": theme.SMALL,
                    "fontWeight": "bold",
                    "aria": False,
                }
                rows = pen.chart(spots)
                for text in (
                    rows.mark_text(stroke="white", strokeWidth=4, color="white", **look),
                    rows.mark_text(color=theme.INK, **look),  # readable on any line
                ):
                    yield place(text, x=pen.x, y=pen.y, text=alt.Text("_t:N"))

    def _margin(self, pen: Pen) -> Iterator[alt.Chart]:
        spots = [
            {"_x": min(max(self._efficient, start), end), "_y": limit}
            for side in self.sides
            for id, start, end, limit in blocks(side, whole=True)
            if id in self.marginal
        ]
        if spots:
            diamond = pen.chart(spots).mark_point(**DIAMOND)
            yield place(diamond, x=pen.x, y=pen.y)

    @property
    def _efficient(self) -> float:
        return merit(self.clearing.book).quantity / 1e6

    def _beside(self, pen: Pen) -> Iterator[alt.Chart]:
        """The prices in words, to the right of the plot."""
        labels: list[tuple[float, str, Literal["normal", "bold"]]] = []
        buy, sell = (side.price for side in self.sides)
        if buy is not None and buy == sell:
            labels.append((buy, f"price {number(buy)}", "bold"))
        else:
            if buy is not None:
                labels.append((buy, f"buyers pay {number(buy)}", "bold"))
            if sell is not None:
                labels.append((sell, f"sellers get {number(sell)}", "bold"))
        if self.interval:
            set_by = f"{MARKED}set by {listed(self.marginal)}"
            low, high = self.interval
            labels.append(((low + high) / 2, f"competitive {span(self.interval)}", "normal"))
            labels.append(((low + high) / 2, set_by, "normal"))
        low, high = pen.prices
        gap = LABEL_GAP * pen.tall / self.height
        # The highest first, and the line of who sets it under its price.
        heights = spread(
            [-value + 1e-9 * n for n, (value, *_) in enumerate(labels)], gap, -high, -low
        )
        for (_, text, weight), beside in zip(labels, heights, strict=True):
            mark = writing(pen.chart([{"_y": -beside}]), "left", weight)
            left = self.width + 8
            if text.startswith(MARKED):
                diamond = pen.chart([{"_y": -beside}]).mark_point(**DIAMOND)
                yield place(diamond, x=left + 6, y=pen.y)
                left += 16
            yield place(mark, x=left, y=pen.y, text=text.removeprefix(MARKED))

    def _listening(self, pen: Pen) -> Iterator[alt.Chart]:
        """Invisible blocks, one for each order, that say its numbers to pointers and screen
        readers.
        """
        half = 0.045 * pen.tall
        spoken = [
            {"_x": start, "_x2": end, "_y": limit - half, "_y2": limit + half, "_said": said}
            for side in self.sides
            for (_, start, end, limit), said in zip(
                blocks(side, whole=True), orders_told(side, self.unit, side.name), strict=True
            )
        ]
        if self.few:
            air = pen.chart(spoken).mark_rect(opacity=0)
            yield spoken_boxes(air, pen.x, pen.y)

    def _key(self, pen: Pen) -> list[tuple[str, str, str, Sequence[int]]]:
        buyers, sellers = self.gains
        entries: list[tuple[str, str, str, Sequence[int]]] = [
            ("bids", LINE, BIDS, ()),
            ("offers", LINE, OFFERS, OFFER_DASH),
            (f"buyers gain {number(buyers)}", AREA, BUYERS, ()),
            (f"sellers gain {number(sellers)}", AREA, SELLERS, ()),
        ]
        if self.operator:
            kept = "operator keeps" if self.operator > 0 else "operator adds"
            entries.append((f"{kept} {number(abs(self.operator))}", BARS, OPERATOR, ()))
        for side, colour in zip(self.sides, (BIDS, OFFERS), strict=True):
            if rests := self._rests(side, pen.pixels):
                names = listed(list(dict.fromkeys(piece.id for piece in rests)))
                entries.append((f"rest of {names}", BARS, colour, ()))
        if self.before is not None:
            entries.append(("as it was", LINE, BEFORE, BEFORE_DASH))
        return entries
