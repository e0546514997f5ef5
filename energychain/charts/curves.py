"""
The two curves of a cleared book as numbers: which part of which order stands where, and what it
pays or receives.

The merit order puts bids from the highest down and offers from the lowest up (Mas-Colell,
Whinston & Green, 1995, *Microeconomic Theory*, section 10.E).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise

from energychain.markets.clearing import Clearing
from energychain.markets.merit import merit

Range = tuple[float, float]


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


def sides(clearing: Clearing) -> tuple[Side, Side]:
    """The curve of the bids and the curve of the offers."""
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


def merged(pieces: Sequence[Piece]) -> list[tuple[float, float, float, float]]:
    """Start, end, limit and price of pieces that trade; neighbours that share both become one."""
    found: list[tuple[float, float, float, float]] = []
    for piece in pieces:
        assert piece.paid is not None
        last = found[-1] if found else None
        if last and last[1] == piece.start and last[2:] == (piece.limit, piece.paid):
            found[-1] = (last[0], piece.end, piece.limit, piece.paid)
        else:
            found.append((piece.start, piece.end, piece.limit, piece.paid))
    return found


def without_gap(pieces: Sequence[Piece]) -> bool:
    """Whether each piece begins where the one before it ends."""
    return all(left.end == right.start for left, right in pairwise(pieces))


def paid_at(unit: float, pieces: Sequence[Piece]) -> float:
    """What the piece that holds this unit pays or receives [money per unit]."""
    return next(p.paid for p in pieces if unit < p.end and p.paid is not None)


def blocks(side: Side, *, whole: bool = False) -> list[tuple[str, float, float, float]]:
    """Id, start, end and limit of each order: of the part that trades, if one does, or of
    ``whole`` orders.
    """
    orders: dict[str, list[Piece]] = {}
    for piece in side.pieces:
        orders.setdefault(piece.id, []).append(piece)
    found = []
    for id, pieces in orders.items():
        served = [piece for piece in pieces if piece.paid is not None]
        shown = pieces if whole or not served else served
        found.append((id, shown[0].start, shown[-1].end, shown[0].limit))
    return found
