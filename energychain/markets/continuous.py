"""
The continuous double auction: a stream. Whoever arrives trades at once with the best
orders that wait, at *their* prices; what is left of it waits too.

Priority is by price, then by arrival. Every trade is at the limit of the order that was
there first, so the book has as many prices as trades, and the later order has the gain.
Friedman & Rust (eds., 1993), *The Double Auction Market*, chapter 1.

An order that is all or none is **fill-or-kill** here: it trades wholly when it arrives or
not at all, and never waits.

A clearing feeds a book's orders to the stream by arrival time; orders without a time come
together, before all with a positive one. Of equal times the first by id comes first, or the
first by lot. A stream serves one order after the other, so nothing can be shared pro rata.
A trader on both sides may trade with itself, as under the other rules.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from heapq import heappop, heappush

import numpy as np

from energychain.markets.clearing import Clearing
from energychain.markets.orders import Book, IntArray, Order
from energychain.markets.ties import Ties, drawn_by_lot
from energychain.markets.trades import Trades
from energychain.primitives.refusals import BadInput

_BITS = 32
"""A waiting order is one number: its price, with the better the smaller, and below that
its place in the queue. Such numbers sort several times faster than pairs."""

_PLACE = (1 << _BITS) - 1

_WORST = 2**50
"""Beyond the highest price, and with a minus below the lowest."""


@dataclass(frozen=True)
class Deal:
    """A trade between an order that waited and one that arrived."""

    bid: str
    """The id of the bid."""

    offer: str
    """The id of the offer."""

    quantity: int
    """[millionth of the unit]"""

    price: int
    """The limit of the order that waited [millionth of the money per unit]."""


class Exchange:
    """Orders that wait; the next one meets them.

    >>> from energychain.markets.orders import order
    >>> exchange = Exchange()
    >>> exchange.submit(order("s1", "sam", "sell", "2", "20"))
    ()
    >>> exchange.submit(order("b1", "ann", "buy", "3", "30"))
    (Deal(bid='b1', offer='s1', quantity=2000000, price=20000000),)
    >>> [(each.id, each.quantity) for each in exchange.bids]  # what is left of b1 waits
    [('b1', 1000000)]
    """

    def __init__(self) -> None:
        self._orders: list[Order] = []
        self._bids: list[int] = []
        self._offers: list[int] = []
        self._left: list[int] = []
        self._deals: list[int] = []
        self._depths: tuple[_Depth, _Depth] | None = None

    def submit(self, order: Order) -> tuple[Deal, ...]:
        """An order arrives: its trades, in the order in which they are made.

        Raises :class:`~energychain.primitives.refusals.BadInput` for an order that no book
        would hold.
        """
        Book.of([order])
        before = len(self._deals)
        self._orders.append(order)
        self.feed([(order.side == "buy", order.price, order.quantity, order.divisible)])
        deals = self._deals[before:]
        return tuple(self._deal(*deals[i : i + 4]) for i in range(0, len(deals), 4))

    def feed(self, arrivals: Iterable[tuple[bool, int, int, bool]]) -> None:
        """Orders arrive as bare numbers: whether they buy, price, quantity, and whether they
        may be divided; :attr:`rows` tells the trades.
        """
        bids, offers, left, deals = self._bids, self._offers, self._left, self._deals
        place = len(left)
        for buys, price, quantity, divisible in arrivals:
            mine, theirs, cost = (bids, offers, price) if buys else (offers, bids, -price)
            before, too_dear = len(deals), (cost + 1) << _BITS
            if not divisible and self._depth(theirs).upto(cost) < quantity:
                quantity = 0
            while quantity and theirs and theirs[0] < too_dear:
                best = theirs[0]
                waiting = best & _PLACE
                there = left[waiting]
                if there > quantity:
                    left[waiting] = there - quantity
                    there = quantity
                else:
                    left[waiting] = 0
                    heappop(theirs)
                deals += (waiting, place, there, best >> _BITS if buys else -(best >> _BITS))
                quantity -= there
            left.append(quantity)
            if quantity:
                heappush(mine, (-cost << _BITS) | place)
            if self._depths:
                for i in range(before, len(deals), 4):
                    paid = deals[i + 3]
                    self._depth(theirs).add(paid if buys else -paid, -deals[i + 2])
                self._depth(mine).add(-cost, quantity)
            place += 1

    def _depth(self, heap: list[int]) -> "_Depth":
        """How much waits on a side. Nobody asks before the first order that is all or none."""
        if not self._depths:
            self._depths = (_Depth(), _Depth())
            for side, depth in zip((self._bids, self._offers), self._depths, strict=True):
                for key in side:
                    depth.add(key >> _BITS, self._left[key & _PLACE])
        return self._depths[heap is self._offers]

    @property
    def rows(self) -> IntArray:
        """All trades so far, one a row: which arrival waited, which one came, quantity
        [millionth of the unit] and price [millionth of the money per unit].
        """
        return np.array(self._deals, dtype=np.int64).reshape(-1, 4)

    @property
    def bids(self) -> tuple[Order, ...]:
        """The submitted bids that wait, best first, with what is left of them."""
        return self._waiting(self._bids)

    @property
    def offers(self) -> tuple[Order, ...]:
        """The submitted offers that wait, best first, with what is left of them."""
        return self._waiting(self._offers)

    def _waiting(self, heap: Iterable[int]) -> tuple[Order, ...]:
        places = (key & _PLACE for key in sorted(heap))
        return tuple(replace(self._orders[i], quantity=self._left[i]) for i in places)

    def _deal(self, waited: int, came: int, quantity: int, price: int) -> Deal:
        bid, offer = (self._orders[i] for i in (came, waited))
        if bid.side == "sell":
            bid, offer = offer, bid
        return Deal(bid.id, offer.id, quantity, price)


class _Depth:
    """How much waits at each price or a better one: sums over ranges of prices whose lengths
    are powers of two, so that some dozens of them tell any depth. Fenwick (1994), "A new
    data structure for cumulative frequency tables", *Software: Practice and Experience* 24(3).
    """

    def __init__(self) -> None:
        self._sums: defaultdict[int, int] = defaultdict(int)

    def add(self, cost: int, quantity: int) -> None:
        """So much more waits at a price; of bids it is counted negative."""
        at = cost + _WORST
        while quantity and at <= 2 * _WORST:
            self._sums[at] += quantity
            at += at & -at

    def upto(self, cost: int) -> int:
        """How much waits at a price, or a better one."""
        at, found = cost + _WORST, 0
        while at:
            found += self._sums.get(at, 0)
            at &= at - 1
        return found


@dataclass(frozen=True)
class Event:
    """An order arrived."""

    order: Order
    deals: tuple[Deal, ...]

    bids: tuple[Order, ...]
    """Which bids wait afterwards, best first, with what is left of them."""

    offers: tuple[Order, ...]
    """Which offers wait afterwards, best first, with what is left of them."""

    @property
    def outcome(self) -> str:
        """What became of the order: ``trades``, ``trades in part``, ``waits``, or
        ``killed`` if it is all or none and did not fit.
        """
        traded = sum(deal.quantity for deal in self.deals)
        if traded == self.order.quantity:
            return "trades"
        if traded:
            return "trades in part"
        return "waits" if self.order.divisible else "killed"


def events(book: Book, ties: Ties = "time", seed: int = 0) -> Iterator[Event]:
    """The stream of a book, event by event, with all that waits after each. It is worked
    out as it is read, so that a look at the first events costs no more than these.

    >>> from energychain.markets.orders import order
    >>> book = Book.of([
    ...     order("s", "sam", "sell", "2", "20", time=1),
    ...     order("b1", "ann", "buy", "3", "30", time=2),
    ...     order("b2", "bob", "buy", "1", "10", time=3),
    ... ])
    >>> for event in events(book):
    ...     print(event.order.id, event.outcome, [each.id for each in event.bids])
    s waits []
    b1 trades in part ['b1']
    b2 waits ['b1', 'b2']

    Raises what :func:`continuous` raises.
    """
    exchange, orders = Exchange(), book.orders
    for place in arrivals(book, ties, seed).tolist():
        deals = exchange.submit(orders[place])
        yield Event(orders[place], deals, exchange.bids, exchange.offers)


def continuous(book: Book, ties: Ties = "time", seed: int = 0) -> Clearing:
    """Clears a book as a stream: by arrival, each trade at the price of what was there.

    ``ties`` says who is first of those that arrive together: ``time`` (by id) or
    ``lottery``.

    >>> from energychain.markets.orders import order
    >>> book = Book.of([
    ...     order("s", "sam", "sell", "2", "20", time=1),
    ...     order("b1", "ann", "buy", "1", "24", time=2),
    ...     order("b2", "bob", "buy", "1", "30", time=3),
    ... ])
    >>> continuous(book)
    <continuous: 2.000000 at 20.000000>

    Raises :class:`~energychain.primitives.refusals.BadInput` for ``pro_rata`` and unknown
    tie rules.
    """
    order = arrivals(book, ties, seed)
    columns = (order < book.bid_count, *(c[order] for c in (book.price, book.quantity)))
    exchange = Exchange()
    exchange.feed(zip(*(c.tolist() for c in (*columns, book.divisible[order])), strict=True))
    waited, came, quantities, prices = exchange.rows.T
    waited, came = order[waited], order[came]
    trades = Trades(np.minimum(waited, came), np.maximum(waited, came), quantities, prices)
    return Clearing("continuous", book, trades.fills(book), trades.amounts(book), trades)


def arrivals(book: Book, ties: Ties = "time", seed: int = 0) -> IntArray:
    """The places of a book's orders in the order in which they arrive."""
    if ties not in ("time", "lottery"):
        raise BadInput(
            "a stream serves one order after the other: ties are broken by time or lottery,"
            f" found {ties!r}"
        )
    if ties == "lottery":
        lots = np.empty(len(book), dtype=np.int64)
        lots[drawn_by_lot(len(book), seed)] = np.arange(len(book))
        return np.lexsort((lots, book.time))
    by_time = np.argsort(book.time, kind="stable")
    times = book.time[by_time]
    if (times[1:] > times[:-1]).all():
        return by_time
    known, ids = book.time.tolist(), book.ids
    return np.array(sorted(range(len(book)), key=lambda i: (known[i], ids[i])), dtype=np.int64)
