r"""
Two halves that price each other: MUDA, a multi-unit double auction.

Segal-Halevi, Hassidim & Aumann (2018), "MUDA: A truthful multi-unit double-auction
mechanism", *AAAI-18*, in the variant that rations by lottery.

1. The *traders*, each with all its orders, are divided by lot into two halves (here of equal
   size; in the paper each trader's half is drawn for itself).
2. Each half has a competitive price of its own: the middle of its interval.
3. Each half trades at the price of the *other* half. Every trader gets its best quantity at
   that price. If more is wanted than is offered (or the reverse), the traders of the longer
   side are served in an order drawn by lot, until nothing is left.

If a half has no price, since nothing would trade in it, the other half does not trade. All
trade of a half is at one price, so the budget is balanced strongly.

**A trader's best quantity** is the balance of its orders: what it buys with its bids above
the price, less what it sells with its offers below. Only this balance is brought to the
market; what a trader's bids take from its own offers costs it nothing and gains it nothing,
so there is no profit in dealing with oneself. Of units whose limit is the price itself, and
at which it does not matter to the trader, as many trade as the others need.

**In which model it pays to be truthful.** For every trader, with any number of orders, on
one side or both, in prices and quantities, whatever the others say and however the lots
fall; provided that what it wants can be said in orders (each further unit is worth no more
than the one before), and that it is one and takes part. Nobody has a hand in the price at
which it trades, at that price the true best quantity is best, and who is cut gets no more
by asking for more. Two who conspire across the halves can do better, and so can one under
two names, which also draws more lots.
"""

import numpy as np

from energychain.markets.clearing import Clearing
from energychain.markets.merit import merit, times
from energychain.markets.orders import MOST, Book, BoolArray, IntArray
from energychain.markets.ties import drawn_by_lot, ration
from energychain.markets.uniform_price import needs_divisible, price_at
from energychain.markets.vcg import by_trader, outside_trade


def muda(book: Book, seed: int = 0) -> Clearing:
    """Clears each half of the traders at the competitive price of the other half.

    The first half of the traders drawn by lot is one half; the longer side is served in the
    order in which they were drawn.

    >>> from energychain.markets.orders import Book, order
    >>> bids = [order(f"b{i}", f"b{i}", "buy", "1", str(30 + i)) for i in range(4)]
    >>> offers = [order(f"s{i}", f"s{i}", "sell", "1", str(20 - i)) for i in range(4)]
    >>> muda(Book.of(bids + offers), seed=1)
    <muda: 2.000000 at 25.000000>

    Raises :class:`~energychain.markets.uniform_price.AllOrNone` if an order may not be
    divided.
    """
    needs_divisible(book, "muda")
    drawn = drawn_by_lot(len(book.traders), seed)
    first, second = halves(drawn)
    fills = np.zeros(len(book), dtype=np.int64)
    prices = np.zeros(len(book.traders), dtype=np.int64)
    for half, other in ((first, second), (second, first)):
        price = half_price(book, other)
        if price is not None:
            inside = _orders_of(book, half)
            fills[inside] = posted_price(_part(book, inside), price, drawn)
            prices[half] = price
    return Clearing("muda", book, fills, _amounts(book, fills, prices))


def halves(drawn: IntArray) -> tuple[IntArray, IntArray]:
    """The traders of each half, from all in the order in which they were drawn."""
    middle = len(drawn) // 2
    return drawn[:middle], drawn[middle:]


def half_price(book: Book, half: IntArray) -> int | None:
    """The competitive price of some traders among themselves [millionth of the money per
    unit]; nothing if they would not trade.
    """
    interval = merit(_part(book, _orders_of(book, half))).interval
    return None if interval is None else price_at(interval, "mid")


def posted_price(book: Book, price: int, turn: IntArray) -> IntArray:
    """How much of each order trades if all trade at a given price, and whoever cannot all be
    served is served in ``turn``, a list of all traders.

    Sellers of 2 meet wishes for 3 and 1; whoever wishes for 1 is first.

    >>> from energychain.markets.orders import Book, order
    >>> book = Book.of([
    ...     order("a", "ann", "buy", "3", "9"),
    ...     order("b", "ben", "buy", "1", "8"),
    ...     order("s", "sam", "sell", "2", "1"),
    ... ])
    >>> posted_price(book, 5_000_000, turn=np.array([1, 0, 2]))
    array([1000000, 1000000, 2000000])
    """
    better = (book.price - price) * book.sign
    wished = book.quantity * book.sign
    gaining, equal = better > 0, better == 0
    best = by_trader(book, np.where(gaining, wished, 0))
    least = best + by_trader(book, np.where(equal, np.minimum(wished, 0), 0))
    most = best + by_trader(book, np.where(equal, np.maximum(wished, 0), 0))
    balance = _balances(least, most, turn)
    return np.where(gaining, book.quantity, 0) + _moved(book, gaining, balance - best)


def _balances(least: IntArray, most: IntArray, turn: IntArray) -> IntArray:
    """What each trader buys on balance: all within their best range from ``least`` to
    ``most`` if that is possible; otherwise the longer side is cut in turn.
    """
    if least.sum() > 0:
        return least - _in_turn(int(least.sum()), np.maximum(least, 0), turn)
    if most.sum() < 0:
        return most + _in_turn(int(-most.sum()), np.maximum(-most, 0), turn)
    balance = np.clip(np.zeros_like(least), least, most)
    excess = int(balance.sum())
    if excess > 0:
        return balance - _in_turn(excess, balance - least, turn)
    return balance + _in_turn(-excess, most - balance, turn)


def _in_turn(cut: int, parts: IntArray, turn: IntArray) -> IntArray:
    """What is cut from the parts if as much as possible is left to the first in turn."""
    cuts = np.empty_like(parts)
    cuts[turn] = parts[turn] - ration(int(parts.sum()) - cut, parts[turn], "time")
    return cuts


def _moved(book: Book, gaining: BoolArray, extra: IntArray) -> IntArray:
    """How the fills change if traders get so much more than their gaining orders want, or
    less: with more, the best bids left are served and the dearest offers spared.
    """
    buys = book.sign > 0
    more = extra[book.trader] > 0
    left, served = np.where(gaining, 0, book.quantity), np.where(gaining, book.quantity, 0)
    size = np.where(buys == more, left, served)
    by_worth = np.lexsort((np.where(more, -book.price, book.price), book.trader))
    who, sizes = book.trader[by_worth], size[by_worth]
    before = np.cumsum(sizes) - sizes
    before -= before[who.searchsorted(who)]
    moved = np.empty_like(sizes)
    moved[by_worth] = np.clip(np.abs(extra)[who] - before, 0, sizes)
    return np.where(buys == more, moved, -moved)


def _amounts(book: Book, fills: IntArray, prices: IntArray) -> IntArray:
    """What each order pays: its trader's price; and where a trader's bids take from its own offers
    beyond the price, the nearest price to it that both can bear.
    """
    filled, buys = fills > 0, book.sign > 0
    ceiling = np.full(len(book.traders), MOST)
    np.minimum.at(ceiling, book.trader[filled & buys], book.price[filled & buys])
    floor = np.full(len(book.traders), -MOST)
    np.maximum.at(floor, book.trader[filled & ~buys], book.price[filled & ~buys])
    inner = np.clip(prices, floor, ceiling)
    _, outside = outside_trade(book, fills)
    with_others = times(prices[book.trader], outside * book.sign)
    within = times(inner[book.trader], (fills - outside) * book.sign)
    return with_others + within


def _orders_of(book: Book, traders: IntArray) -> IntArray:
    inside = np.zeros(len(book.traders), dtype=bool)
    inside[traders] = True
    return np.flatnonzero(inside[book.trader])


def _part(book: Book, orders: IntArray) -> Book:
    """The book of some orders, of the same traders."""
    return Book(
        ids=tuple(book.ids[i] for i in orders.tolist()),
        traders=book.traders,
        bid_count=int((orders < book.bid_count).sum()),
        trader=book.trader[orders],
        quantity=book.quantity[orders],
        price=book.price[orders],
        time=book.time[orders],
        divisible=book.divisible[orders],
        cap=book.cap,
    )
