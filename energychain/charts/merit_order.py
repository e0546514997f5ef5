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
from itertools import groupby, pairwise
from typing import Any, Literal

import altair as alt

from energychain.charts import theme
from energychain.charts.marks import (
    AREA,
    BARS,
    LINE,
    inline,
    key,
    place,
    spoken_boxes,
    spread,
    writing,
)
from energychain.charts.theme import Picture
from energychain.markets.clearing import Clearing
from energychain.markets.merit import merit
from energychain.markets.rules import RULES

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

Range = tuple[float, float]


# --- what is drawn --------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """A part of an order that got one price, or nothing."""

    id: str
    side: str
    start: float
    """Where it begins [unit of quantity]."""

    end: float
    limit: float
    """[money per unit]"""

    paid: float | None
    """What a unit of it pays or receives [money per unit]; nothing if it does not trade."""

    @property
    def width(self) -> float:
        """How long it is [unit of quantity]."""
        return self.end - self.start

    @property
    def middle(self) -> float:
        """Where its middle is [unit of quantity]."""
        return (self.start + self.end) / 2


@dataclass(frozen=True)
class Side:
    """One curve: the pieces of all orders of a side, best first."""

    name: str
    pieces: Sequence[Piece]

    @property
    def end(self) -> float:
        """All that this side wants to trade [unit of quantity]."""
        return self.pieces[-1].end if self.pieces else 0.0

    @cached_property
    def served(self) -> Sequence[Piece]:
        """The pieces that trade."""
        return [piece for piece in self.pieces if piece.paid is not None]

    @cached_property
    def rationed(self) -> Sequence[Piece]:
        """What is left over of orders that trade in part."""
        some = {piece.id for piece in self.served}
        return [piece for piece in self.pieces if piece.paid is None and piece.id in some]

    @property
    def price(self) -> float | None:
        """The one price of this side, if there is one [money per unit]."""
        prices = {piece.paid for piece in self.served}
        return prices.pop() if len(prices) == 1 else None

    def steps(self) -> list[dict[str, float]]:
        """Where the curve turns, and where it ends."""
        points: list[dict[str, float]] = []
        for piece in self.pieces:
            if not points or points[-1]["_y"] != piece.limit:
                points.append({"_x": piece.start, "_y": piece.limit})
        return [*points, {"_x": self.end, "_y": self.pieces[-1].limit}] if points else []


def _sides(clearing: Clearing) -> tuple[Side, Side]:
    meeting, paid = merit(clearing.book), _paid(clearing)
    return (
        Side("bid", _pieces(clearing, meeting.bids.order.tolist(), paid)),
        Side("offer", _pieces(clearing, meeting.offers.order.tolist(), paid)),
    )


def _pieces(
    clearing: Clearing, ranked: Sequence[int], paid: Mapping[int, list[tuple[int, float]]]
) -> list[Piece]:
    """Best first; of equal limits, what trades before what is left over: orders of one limit
    stand side by side anyway, and so the curve is filled from the left.
    """
    book, pieces, end = clearing.book, [], 0
    price, quantity, fills = (c.tolist() for c in (book.price, book.quantity, clearing.fills))
    for _, same in groupby(ranked, key=price.__getitem__):
        tied = list(same)
        parts: list[tuple[int, int, float | None]] = [
            (i, part, each) for i in tied for part, each in paid.get(i, ())
        ]
        parts += [(i, quantity[i] - fills[i], None) for i in tied if fills[i] < quantity[i]]
        for i, part, each in parts:
            side = "bid" if i < book.bid_count else "offer"
            pieces.append(
                Piece(book.ids[i], side, end / 1e6, (end + part) / 1e6, price[i] / 1e6, each)
            )
            end += part
    return pieces


def _paid(clearing: Clearing) -> dict[int, list[tuple[int, float]]]:
    """How much of each order trades at which price: pair by pair, if the rule pairs orders."""
    found: dict[int, list[tuple[int, float]]] = {}
    trades = clearing.trades
    if trades is not None:
        columns = (trades.bids, trades.offers, trades.quantities, trades.prices)
        for bid, offer, part, price in zip(*(c.tolist() for c in columns), strict=True):
            for i in (bid, offer):
                found.setdefault(i, []).append((part, price / 1e6))
        return found
    sign = clearing.book.sign.tolist()
    amounts = zip(clearing.fills.tolist(), clearing.amounts.tolist(), strict=True)
    for i, (fill, amount) in enumerate(amounts):
        if fill:
            found[i] = [(fill, round(sign[i] * amount / fill / 1e6, 9))]
    return found


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
    drawing = _Drawing(clearing, _sides(clearing), unit, money, before, width, height)
    layers = drawing.layers(quantities or drawing.quantities, prices or drawing.prices)
    return theme.layered(
        layers,
        drawing.rows(),
        _sentence(_title(clearing)),
        _sentence(outcome(clearing, unit, money)),
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
        return self.sides if self.before is None else (*self.sides, *_sides(self.before))

    @property
    def few(self) -> bool:
        return len(self.clearing.book) <= MOST_NAMES

    # --- words ------------------------------------------------------------------------

    @property
    def words(self) -> str:
        buyers, sellers = self.gains
        said = outcome(self.clearing, self.unit, self.money)
        told = [f"Merit order under the rule {_title(self.clearing)}: {said}."]
        if self.interval:
            told.append(f"Competitive: {_span(self.interval)}, set by {_listed(self.marginal)}.")
        told.append(
            f"Buyers gain {number(buyers)}, sellers {number(sellers)},"
            f" {self._kept()} {number(abs(self.operator))} {self.money}."
        )
        for name, side in zip(("Bids", "Offers"), self.sides, strict=True):
            if side.pieces and self.few:
                told.append(f"{name}: {'; '.join(_told(side, self.unit))}.")
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
        pen = _Pen(x, y, quantities, prices, self.width, self.height)
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

    def _band(self, pen: "_Pen") -> Iterator[alt.Chart]:
        if self.interval:
            low, high = self.interval
            half = max((high - low) / 2, 0.012 * pen.tall)
            middle = (low + high) / 2
            mark = pen.rects([(0.0, pen.right, middle - half, middle + half)], COMPETITIVE, 0.3)
            yield mark

    def _areas(self, pen: "_Pen") -> Iterator[alt.Chart]:
        for side, colour in zip(self.sides, (BUYERS, SELLERS), strict=True):
            yield pen.rects(
                [
                    (start, end, *sorted((limit, paid)))
                    for start, end, limit, paid in _merged(side.served)
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
        if not self.few or not all(_without_gap(side.served) for side in self.sides):
            return []
        found = []
        for start, end in pairwise(edges):
            pays, gets = (_paid_at((start + end) / 2, side.served) for side in self.sides)
            if pays != gets:
                found.append((start, end, min(pays, gets), max(pays, gets)))
        return found

    def _zero(self, pen: "_Pen") -> Iterator[alt.Chart]:
        low, high = pen.prices
        if low < 0 < high:
            rule = pen.chart([{"_y": 0.0}]).mark_rule(stroke="#888888", aria=False)
            yield place(rule, x=0, x2=self.width, y=pen.y)

    def _earlier(self, pen: "_Pen") -> Iterator[alt.Chart]:
        for side in self.all_sides[2:]:
            if side.pieces:
                yield pen.curve(side, BEFORE, BEFORE_DASH, 2.0)

    def _curves(self, pen: "_Pen") -> Iterator[alt.Chart]:
        dashes = ((1, 0), OFFER_DASH)
        for side, colour, dash in zip(self.sides, (BIDS, OFFERS), dashes, strict=True):
            if side.pieces:
                yield pen.curve(side, colour, dash, 3.0)

    def _rests(self, side: Side, pixels: Callable[[float], float]) -> list[Piece]:
        """What is left over and wide enough to be seen as stripes."""
        return [
            piece for piece in side.rationed if self.few and pixels(piece.width) >= LEAST_STRIPED
        ]

    def _left_over(self, pen: "_Pen") -> Iterator[alt.Chart]:
        half = 0.018 * pen.tall
        for side, colour in zip(self.sides, (BIDS, OFFERS), strict=True):
            for piece in self._rests(side, pen.pixels):
                shape = (piece.start, piece.end, piece.limit - half, piece.limit + half)
                yield from pen.bars(shape, colour, 7, 1.0)

    def _prices(self, pen: "_Pen") -> Iterator[alt.Chart]:
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
            pieces = _merged(side.served)
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

    def _names(self, pen: "_Pen") -> Iterator[alt.Chart]:
        for side, down in zip(self.sides, (-11, 13), strict=True):
            spots = [
                {"_x": (start + end) / 2, "_y": limit, "_t": id}
                for id, start, end, limit in _blocks(side)
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

    def _margin(self, pen: "_Pen") -> Iterator[alt.Chart]:
        spots = [
            {"_x": min(max(self._efficient, start), end), "_y": limit}
            for side in self.sides
            for id, start, end, limit in _blocks(side, whole=True)
            if id in self.marginal
        ]
        if spots:
            diamond = pen.chart(spots).mark_point(**DIAMOND)
            yield place(diamond, x=pen.x, y=pen.y)

    @property
    def _efficient(self) -> float:
        return merit(self.clearing.book).quantity / 1e6

    def _beside(self, pen: "_Pen") -> Iterator[alt.Chart]:
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
            set_by = f"{MARKED}set by {_listed(self.marginal)}"
            low, high = self.interval
            labels.append(((low + high) / 2, f"competitive {_span(self.interval)}", "normal"))
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

    def _listening(self, pen: "_Pen") -> Iterator[alt.Chart]:
        """Invisible blocks, one for each order, that say its numbers to pointers and screen
        readers.
        """
        half = 0.045 * pen.tall
        spoken = [
            {"_x": start, "_x2": end, "_y": limit - half, "_y2": limit + half, "_said": said}
            for side in self.sides
            for (_, start, end, limit), said in zip(
                _blocks(side, whole=True), _told(side, self.unit, side.name), strict=True
            )
        ]
        if self.few:
            air = pen.chart(spoken).mark_rect(opacity=0)
            yield spoken_boxes(air, pen.x, pen.y)

    def _key(self, pen: "_Pen") -> list[tuple[str, str, str, Sequence[int]]]:
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
                names = _listed(list(dict.fromkeys(piece.id for piece in rests)))
                entries.append((f"rest of {names}", BARS, colour, ()))
        if self.before is not None:
            entries.append(("as it was", LINE, BEFORE, BEFORE_DASH))
        return entries


@dataclass(frozen=True)
class _Pen:
    """What all layers share: the axes and their ranges."""

    x: alt.X
    y: alt.Y
    quantities: Range
    prices: Range
    width: int
    height: int

    @property
    def right(self) -> float:
        return self.quantities[1]

    @property
    def tall(self) -> float:
        return self.prices[1] - self.prices[0]

    def pixels(self, quantity: float) -> float:
        return quantity / (self.quantities[1] - self.quantities[0]) * self.width

    def chart(self, rows: Sequence[Mapping[str, Any]]) -> alt.Chart:
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
        line = self.chart(side.steps()).mark_line(
            interpolate="step-after",
            stroke=colour,
            strokeWidth=thick,
            strokeDash=list(dash),
            aria=False,
        )
        return place(line, x=self.x, y=self.y)


def _merged(pieces: Sequence[Piece]) -> list[tuple[float, float, float, float]]:
    """Start, end, limit and price; neighbours that share both become one."""
    found: list[tuple[float, float, float, float]] = []
    for piece in pieces:
        assert piece.paid is not None
        last = found[-1] if found else None
        if last and last[1] == piece.start and last[2:] == (piece.limit, piece.paid):
            found[-1] = (last[0], piece.end, piece.limit, piece.paid)
        else:
            found.append((piece.start, piece.end, piece.limit, piece.paid))
    return found


def _without_gap(pieces: Sequence[Piece]) -> bool:
    return all(left.end == right.start for left, right in pairwise(pieces))


def _paid_at(unit: float, pieces: Sequence[Piece]) -> float:
    """What the piece that holds this unit pays or receives."""
    return next(p.paid for p in pieces if unit < p.end and p.paid is not None)


def _blocks(side: Side, *, whole: bool = False) -> list[tuple[str, float, float, float]]:
    """Id, start, end and limit of each order: of the part that trades, if one does, or of
    ``whole`` orders.
    """
    blocks: dict[str, list[Piece]] = {}
    for piece in side.pieces:
        blocks.setdefault(piece.id, []).append(piece)
    found = []
    for id, pieces in blocks.items():
        served = [piece for piece in pieces if piece.paid is not None]
        shown = pieces if whole or not served else served
        found.append((id, shown[0].start, shown[-1].end, shown[0].limit))
    return found


def _told(side: Side, unit: str, prefix: str = "") -> list[str]:
    """What became of each order, in words."""
    words: dict[str, list[Piece]] = {}
    for piece in side.pieces:
        words.setdefault(piece.id, []).append(piece)
    told = []
    for id, pieces in words.items():
        wanted = sum(piece.width for piece in pieces)
        traded = sum(piece.width for piece in pieces if piece.paid is not None)
        name = f"{prefix} {id}".strip()
        said = f"{name}: {number(wanted)} {unit} at {number(pieces[0].limit)}"
        if not traded:
            told.append(f"{said}, nothing trades")
        elif round(traded, 6) < round(wanted, 6):
            told.append(f"{said}, {number(traded)} trades")
        else:
            told.append(f"{said}, all trades")
    return told


def outcome(clearing: Clearing, unit: str = "kWh", money: str = "token") -> str:
    """How much trades at which price, in words.

    >>> from energychain.markets.orders import Book, order
    >>> from energychain.markets.rules import clear
    >>> book = Book.of([order("b", "ann", "buy", "2", "30"), order("s", "sam", "sell", "3", "20")])
    >>> outcome(clear(book, "pairwise"))
    '2 kWh trade at 25 token/kWh'
    """
    buy, sell = clearing.price_buy, clearing.price_sell
    if buy is None or sell is None:
        return "nothing trades"
    one_each = all(side.price is not None for side in _sides(clearing))
    each, average = f"{money}/{unit}", "" if one_each else " on average"
    much = f"{number(clearing.quantity / 1e6)} {unit} trade"
    if buy == sell:
        return f"{much} at {number(buy / 1e6)} {each}{average}"
    return (
        f"{much}; buyers pay {number(buy / 1e6)} and sellers receive {number(sell / 1e6)}"
        f" {each}{average}"
    )


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _title(clearing: Clearing) -> str:
    rule = RULES.get(clearing.rule)
    return rule.title if rule else clearing.rule


def _span(interval: Range) -> str:
    low, high = interval
    return number(low) if low == high else f"{number(low)} to {number(high)}"


def _listed(names: Sequence[str]) -> str:
    if len(names) > 3:
        return f"{len(names)} orders"
    return ", ".join(names[:-1]) + " and " * (len(names) > 1) + "".join(names[-1:])


def number(value: float) -> str:
    """A number with up to three decimals, as people write it.

    >>> number(22.0), number(1234.5678), number(-0.0001)
    ('22', '1,234.568', '0')
    """
    text = f"{value:,.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
