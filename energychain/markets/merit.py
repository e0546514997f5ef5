r"""
The merit order: bids from the highest down, offers from the lowest up. Where the two
curves meet lies everything that a book says by itself, whatever the rule: how much
should trade, at which prices nobody would wish otherwise, and what that is worth.

With cumulated demand :math:`D_i` and supply :math:`S_j` the efficient quantity is the
largest :math:`q` whose unit is still worth its cost,

.. math:: q^* = \max \{ q : b(q) \ge a(q) \},

where :math:`b(q)` and :math:`a(q)` are the limits of the :math:`q`-th unit. A tie trades.
A price is competitive if every unit inside wants to trade at it, and none outside:

.. math:: \max(a(q^*), b(q^*_+)) \le p \le \min(b(q^*), a(q^*_+)).

Mas-Colell, Whinston & Green (1995), *Microeconomic Theory*, section 10.E (welfare) and
section 10.C (competitive equilibrium of one good).
"""

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from energychain.markets.orders import Book, IntArray

ClearingType = Literal[
    "marginal buyer", "marginal seller", "marginal price", "exact", "scarcity", "null"
]

Interval = tuple[int, int]
"""The lowest and the highest competitive price [millionth of the money per unit]."""


@dataclass(frozen=True, eq=False)
class Curve:
    """One side of the book, best first."""

    order: IntArray
    """Where each order is in the book."""

    price: IntArray
    quantity: IntArray
    cumulated: IntArray
    """The quantity of this order and all better ones."""

    def at(self, unit: int) -> int:
        """The place in the curve of the order that holds the ``unit``-th unit, from 1."""
        return int(self.cumulated.searchsorted(unit))

    def group(self, place: int) -> slice:
        """All places with the same limit as this one."""
        same = self.price == self.price[place]
        first = int(same.argmax())
        return slice(first, first + int(same.sum()))

    @property
    def total(self) -> int:
        """All of it [millionth of the unit]."""
        return int(self.cumulated[-1]) if len(self.cumulated) else 0


@dataclass(frozen=True, eq=False)
class Merit:
    """Both curves, and the point at which they meet."""

    bids: Curve
    offers: Curve

    quantity: int
    """What should trade [millionth of the unit]."""

    interval: Interval | None
    """The competitive prices; nothing if nothing should trade."""

    kind: ClearingType
    """What sets the price at the point where the curves meet."""

    @property
    def last_bid(self) -> int:
        """The place of the worst bid that should trade, if any does."""
        return self.bids.at(self.quantity)

    @property
    def last_offer(self) -> int:
        """The place of the worst offer that should trade, if any does."""
        return self.offers.at(self.quantity)

    @property
    def marginal(self) -> tuple[int, ...]:
        """Where in the book the orders are that set the price: one that trades in part,
        or the last ones of both sides if both trade wholly.
        """
        if self.kind == "null":
            return ()
        bid = int(self.bids.order[self.last_bid])
        offer = int(self.offers.order[self.last_offer])
        if self.kind in ("marginal buyer", "scarcity"):
            return (bid,)
        return (offer,) if self.kind == "marginal seller" else (bid, offer)

    @cached_property
    def welfare(self) -> int:
        """The most that trade can be worth: what the buyers inside would pay at most, less
        what the sellers inside must have [1e-12 of the money].
        """
        if not self.quantity:
            return 0
        return _worth(self.bids, self.quantity) - _worth(self.offers, self.quantity)


def merit(book: Book) -> Merit:
    """The merit order of a book. It is worked out once for each book.

    The book of ch. 9 of Shafie-khah (ed., 2020), Table 3: seller C trades in part, so its
    limit is the only competitive price.

    >>> from energychain.markets.orders import Book, order
    >>> bids = [("E", "3.2", "28"), ("D", "10.9", "26"), ("B", "6.5", "24"), ("G", "5.4", "20")]
    >>> offers = [("H", "6.8", "16"), ("F", "7.2", "19"), ("C", "9.8", "22"), ("A", "3.2", "25")]
    >>> book = Book.of(
    ...     [order(name, name, "buy", q, p) for name, q, p in bids]
    ...     + [order(name, name, "sell", q, p) for name, q, p in offers]
    ... )
    >>> merit(book).quantity, merit(book).interval, merit(book).kind
    (20600000, (22000000, 22000000), 'marginal seller')
    """
    known = book.__dict__.get("_merit")
    if known is None:
        known = _meet(book, _curve(book, book.bids, -1), _curve(book, book.offers, 1))
        book.__dict__["_merit"] = known  # a book never changes, nor does its merit order
    assert isinstance(known, Merit)
    return known


def _curve(book: Book, side: slice, sign: int) -> Curve:
    price = book.price[side]
    best = _best_first(price * sign)
    quantity = book.quantity[side][best]
    return Curve(best + (side.start or 0), price[best], quantity, np.cumsum(quantity))


def _best_first(cost: IntArray) -> IntArray:
    """The places from the lowest cost up; of equal costs, the earlier place first."""
    count = len(cost)
    bits = count.bit_length()
    if not count or (int(cost.max()) - int(cost.min())).bit_length() + bits > 62:
        return np.argsort(cost, kind="stable")
    # Cost and place side by side in one number sort several times faster than a stable sort.
    keys = np.sort(((cost - cost.min()) << bits) | np.arange(count))
    places: IntArray = keys & ((1 << bits) - 1)
    return places


def _meet(book: Book, bids: Curve, offers: Curve) -> Merit:
    quantity = _efficient_quantity(bids, offers)
    if not quantity:
        return Merit(bids, offers, 0, None, "null")
    bid, offer = int(bids.price[bids.at(quantity)]), int(offers.price[offers.at(quantity)])
    next_bid, next_offer = _price_after(bids, quantity), _price_after(offers, quantity)
    low = offer if next_bid is None else max(offer, next_bid)
    high = bid if next_offer is None else min(bid, next_offer)
    return Merit(bids, offers, quantity, (low, high), _kind(book, bid, next_bid, offer, next_offer))


def _efficient_quantity(bids: Curve, offers: Curve) -> int:
    if not bids.total or not offers.total:
        return 0

    # The first unit of a bid meets the offer that holds it. Bids fall and offers rise, so
    # "this unit is not worth its cost" turns from no to yes once.
    def too_dear(place: int) -> bool:
        before = int(bids.cumulated[place] - bids.quantity[place])
        return before >= offers.total or bids.price[place] < offers.price[offers.at(before + 1)]

    inside = bisect_left(range(len(bids.price)), True, key=too_dear)
    if not inside:
        return 0
    worth = int(offers.price.searchsorted(bids.price[inside - 1], side="right"))
    supply = int(offers.cumulated[worth - 1]) if worth else 0
    return min(int(bids.cumulated[inside - 1]), supply)


def _price_after(curve: Curve, quantity: int) -> int | None:
    """The limit of the first unit that is left over."""
    place = int(curve.cumulated.searchsorted(quantity, side="right"))
    return int(curve.price[place]) if place < len(curve.price) else None


def _kind(
    book: Book, bid: int, next_bid: int | None, offer: int, next_offer: int | None
) -> ClearingType:
    if next_bid == bid:
        return "scarcity" if bid == book.cap else "marginal buyer"
    if next_offer == offer:
        return "marginal seller"
    return "exact" if bid == offer else "marginal price"


def _worth(curve: Curve, quantity: int) -> int:
    last = curve.at(quantity)
    inside = int(curve.cumulated[last - 1]) if last else 0
    partly = int(curve.price[last]) * (quantity - inside)
    return total(curve.price[:last], curve.quantity[:last]) + partly


def total(prices: IntArray, quantities: IntArray) -> int:
    """The sum of prices times quantities, exactly: in pieces that cannot overflow 64 bits.

    >>> total(np.array([3, -4]), np.array([10, 5]))
    10
    >>> total(np.array([10**15] * 2), np.array([10**15] * 2)) == 2 * 10**30
    True
    """
    if not len(prices):
        return 0
    piece = 2**62 // (largest(prices) * largest(quantities) or 1)
    if not piece:
        return int(prices.astype(object) @ quantities.astype(object))
    pieces = range(0, len(prices), piece)
    return sum(int(prices[i : i + piece] @ quantities[i : i + piece]) for i in pieces)


def times(prices: IntArray, quantities: IntArray) -> IntArray:
    """Prices times quantities, one by one and exactly.

    >>> times(np.array([3, 4]), np.array([10, 5]))
    array([30, 20])
    """
    if largest(prices) * largest(quantities) >= 2**62:
        prices = prices.astype(object)
    products: IntArray = prices * quantities
    return products


def largest(numbers: IntArray) -> int:
    """The largest absolute value; 0 if there is none.

    >>> largest(np.array([3, -4]))
    4
    """
    return max(int(numbers.max()), -int(numbers.min())) if len(numbers) else 0
