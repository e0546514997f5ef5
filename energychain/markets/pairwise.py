"""
Rules that pair the highest bid with the lowest offer, and so on, until a bid is below
its offer. They serve the same orders as a uniform price, and differ in who keeps the gain.

====================  ====================================================  ===============
rule                  a pair trades at                                      source
====================  ====================================================  ===============
pairwise midpoint     the middle between its own bid and offer              Algorithm 1
last-pair midpoint    the middle of the last pair, for all                  Table 4
pay-as-bid            its own bid                                           -
====================  ====================================================  ===============

Algorithm 1 and Table 4 are of Shafie-khah (ed., 2020), *Blockchain-based Smart Grids*,
chapter 9. The chapter prints the first rule and, as its Table 4 shows, used the second.
"""

import numpy as np

from energychain.markets.clearing import Clearing, uniform
from energychain.markets.merit import merit
from energychain.markets.orders import Book, IntArray
from energychain.markets.ties import Ties
from energychain.markets.trades import Trades
from energychain.markets.uniform_price import efficient_fills, needs_divisible


def pairwise_midpoint(book: Book, ties: Ties = "pro_rata", seed: int = 0) -> Clearing:
    """Each pair trades at the middle between its bid and its offer (chapter 9, Algorithm 1).

    >>> from energychain.markets.orders import Book, order
    >>> book = Book.of([order("b", "ann", "buy", "2", "30"), order("s", "sam", "sell", "3", "20")])
    >>> pairwise_midpoint(book)
    <pairwise: 2.000000 at 25.000000>
    """
    trades = pairs(book, "pairwise", ties, seed)
    return _settled("pairwise", book, trades, _midpoints(book, trades))


def pay_as_bid(book: Book, ties: Ties = "pro_rata", seed: int = 0) -> Clearing:
    """Each pair trades at its bid: the seller receives all that the buyer pays.

    >>> from energychain.markets.orders import Book, order
    >>> book = Book.of([order("b", "ann", "buy", "2", "30"), order("s", "sam", "sell", "3", "20")])
    >>> pay_as_bid(book)
    <pay_as_bid: 2.000000 at 30.000000>
    """
    trades = pairs(book, "pay_as_bid", ties, seed)
    return _settled("pay_as_bid", book, trades, book.price[trades.bids])


def last_pair_midpoint(book: Book, ties: Ties = "pro_rata", seed: int = 0) -> Clearing:
    """All trade at the middle of the last pair (chapter 9, Table 4).

    The price need not be competitive: an order that trades in part at a better price than
    its limit would like more.
    """
    trades = pairs(book, "last_pair", ties, seed)
    price = int(_midpoints(book, trades)[-1]) if len(trades) else 0
    return uniform("last_pair", book, trades.fills(book), price, price)


def pairs(book: Book, rule: str, ties: Ties = "pro_rata", seed: int = 0) -> Trades:
    """Who trades with whom: both sides from the best on, each unit with the unit in the
    same place of the other side. Prices are left at zero.
    """
    needs_divisible(book, rule)
    fills = efficient_fills(book, ties, seed)
    bids, bought = _filled(merit(book).bids.order, fills)
    offers, sold = _filled(merit(book).offers.order, fills)
    # A stable sort merges two sorted runs in one pass.
    cuts = np.sort(np.concatenate([bought, sold]), kind="stable")
    cuts = cuts[np.diff(cuts, prepend=0) > 0]
    return Trades(
        bids[bought.searchsorted(cuts)],
        offers[sold.searchsorted(cuts)],
        np.diff(cuts, prepend=0),
        np.zeros(len(cuts), dtype=np.int64),
    )


def _filled(order: IntArray, fills: IntArray) -> tuple[IntArray, IntArray]:
    """The orders that trade, best first, and the quantity up to the end of each."""
    amounts = fills[order]
    served = amounts > 0
    return order[served], np.cumsum(amounts[served])


def _midpoints(book: Book, trades: Trades) -> IntArray:
    """The middle of each pair, halves to the even one."""
    twice = book.price[trades.bids] + book.price[trades.offers]
    middle = twice // 2
    rounded: IntArray = middle + (twice & middle & 1)
    return rounded


def _settled(rule: str, book: Book, trades: Trades, prices: IntArray) -> Clearing:
    priced = Trades(trades.bids, trades.offers, trades.quantities, prices)
    return Clearing(rule, book, priced.fills(book), priced.amounts(book), priced)
