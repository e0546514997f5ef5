"""
The aggregator's auction: an aggregator that lacks energy states one bid, prosumers state
offers, and "prosumers with lower offers are selected until the required quantity of the
bid is reached". Shafie-khah (ed., 2020), *Blockchain-based Smart Grids*, chapter 5,
section 2.2 and Fig. 5.4.

Which offers: those at or below the bid ("offers ... with higher price than aggregator bid
are not accepted"), the cheapest first, until the bid is covered.

At which price they are paid, the chapter does not say. All three ways are offered:

============  ==========================================================================
``offer``     each receives what it asked for: our reading, since Fig. 5.4 shows a bar of
              its own height for each offer; the aggregator has the gain
``bid``       all receive what the aggregator bid: the prosumers have the gain
``marginal``  all receive what the dearest offer that is selected asked for
============  ==========================================================================

An offer that is all or none and does not fit into what is still lacking is passed over, and
a dearer one may take its place. That is simple and quick, but not always the best
selection: to find that one is a knapsack problem.
"""

from typing import Literal

import numpy as np

from energychain.markets.clearing import Clearing
from energychain.markets.orders import Book, IntArray
from energychain.markets.ties import TIES, Ties, drawn_by_lot
from energychain.markets.trades import Trades
from energychain.markets.uniform_price import AllOrNone, efficient_fills
from energychain.primitives.refusals import BadInput, Refusal

Pay = Literal["offer", "bid", "marginal"]

PAYS: tuple[Pay, ...] = ("offer", "bid", "marginal")
"""The prices that can be paid, by name."""


class OneBid(Refusal):
    """The aggregator's auction is for one bid; the book has none, or several."""

    rule = "one bid"


def aggregator(book: Book, pay: Pay = "offer", ties: Ties = "time", seed: int = 0) -> Clearing:
    """Covers one bid with the offers at or below it, cheapest first.

    ``ties`` says who is first of equal offers; with ``pro_rata`` they share what is lacking.

    >>> from energychain.markets.orders import order
    >>> book = Book.of([
    ...     order("bid", "agg", "buy", "5", "25"),
    ...     order("p1", "ann", "sell", "3", "18"),
    ...     order("p2", "bob", "sell", "4", "22"),
    ...     order("p3", "cyd", "sell", "2", "26"),
    ... ])
    >>> aggregator(book).fills_by_order()
    {'bid': 5000000, 'p1': 3000000, 'p2': 2000000, 'p3': 0}
    >>> [aggregator(book, pay).price_sell for pay in PAYS]
    [19600000, 25000000, 22000000]

    Raises :class:`OneBid` unless there is exactly one bid,
    :class:`~energychain.markets.uniform_price.AllOrNone` if equal offers are to be shared
    pro rata and an order may not be divided, and
    :class:`~energychain.primitives.refusals.BadInput` for unknown terms.
    """
    if book.bid_count != 1:
        raise OneBid(
            f"the aggregator's auction is for one bid, and the book has {book.bid_count}:"
            " clear each bid in a book of its own, or all by another rule"
        )
    if pay not in PAYS:
        raise BadInput(f"offers are paid by {', '.join(PAYS)}; found {pay!r}")
    if ties not in TIES:
        raise BadInput(f"ties are broken by {', '.join(TIES)}; found {ties!r}")
    fills = one_by_one(book, ties, seed) if book.indivisible else efficient_fills(book, ties, seed)
    selected = 1 + np.flatnonzero(fills[1:])
    limits = book.price[selected]
    prices = {
        "offer": limits,
        "bid": np.full_like(limits, book.price[0]),
        "marginal": np.full_like(limits, limits.max(initial=book.price.min())),
    }[pay]
    trades = Trades(np.zeros_like(selected), selected, fills[selected], prices)
    return Clearing("aggregator", book, fills, trades.amounts(book), trades)


def one_by_one(book: Book, ties: Ties, seed: int) -> IntArray:
    """How much of each order trades if offers come one by one, and what is all or none is
    passed over where it does not fit [millionth of the unit].
    """
    if ties == "pro_rata":
        raise AllOrNone(
            f"order {book.indivisible[0]} is all or none, and pro rata may divide any order:"
            " break ties by time or lottery"
        )
    turn = np.arange(len(book))
    if ties == "lottery":
        turn[drawn_by_lot(len(book), seed)] = np.arange(len(book))
    fills = np.zeros(len(book), dtype=np.int64)
    lacking = int(book.quantity[0])
    for place in np.lexsort((turn, book.price)).tolist():
        quantity = int(book.quantity[place])
        fits = quantity <= lacking or bool(book.divisible[place])
        if place and fits and book.price[place] <= book.price[0]:
            fills[place] = min(quantity, lacking)
            lacking -= int(fills[place])
    if lacking and not book.divisible[0]:
        return np.zeros_like(fills)
    fills[0] = book.quantity[0] - lacking
    return fills
