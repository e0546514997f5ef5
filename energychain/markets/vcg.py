r"""
Vickrey, Clarke and Groves: the efficient trade, and every trader pays what its presence
costs the others.

With :math:`W` the maximum welfare, :math:`W_{-t}` the same without the orders of trader
:math:`t`, and :math:`v_t` what its own fills are worth to it, the trader pays

.. math:: \pi_t = v_t - (W - W_{-t}) = W_{-t} - (W - v_t)

and so gains exactly what it contributes, :math:`W - W_{-t}`. A *trader* may have several
orders, and on both sides. Vickrey (1961), Clarke (1971), Groves (1973); Krishna (2009),
*Auction Theory*, section 5.3.

**The deficit.** Buyers pay less than sellers receive whenever anybody but the margin
matters, and somebody else must pay the difference. No rule can be efficient, truthful and
rational without one (Myerson & Satterthwaite 1983). It is shown, not hidden: the operator's
surplus is negative.

**In which model it pays to be truthful.** For every trader, with any number of orders, on
one side or both, in prices and quantities, whatever the others say; provided that what it
wants can be said in orders (each further unit is worth no more than the one before), that
the worth of energy to it depends on nobody else, and that it is one: two who conspire, or
one under two names, can draw on the deficit.

**Without clearing again.** If a trader buys :math:`d` on balance, the others would put these
units to the best uses that are left: bids that are not served, and offers that need then
not be served. So they lose the :math:`d` best of these alternatives. All traders share one
sorted list of alternatives, and a trader's own entries are passed over.

**What each order pays.** Of a trader that buys on balance, the best bid pays for the best
alternatives, and so on down to the balance. What its bids take from its own offers is
settled between them at the middle of the competitive prices. So no order is settled beyond
its limit, and nothing has to be rounded that the trader pays or receives.
"""

import numpy as np

from energychain.markets.clearing import Clearing, nothing
from energychain.markets.merit import merit, times, total
from energychain.markets.orders import Book, IntArray
from energychain.markets.ties import Ties
from energychain.markets.uniform_price import efficient_fills, needs_divisible, price_at


def vcg(book: Book, ties: Ties = "pro_rata", seed: int = 0) -> Clearing:
    """Clears a book efficiently; every trader pays its externality.

    >>> from energychain.markets.orders import Book, order
    >>> book = Book.of([order("b", "ann", "buy", "1", "30"), order("s", "sam", "sell", "1", "20")])
    >>> vcg(book).payments_by_trader()  # without the other there is nothing to gain
    {'ann': 20000000000000, 'sam': -30000000000000}
    >>> vcg(book).properties.budget
    'deficit'

    Raises :class:`~energychain.markets.uniform_price.AllOrNone` if an order may not be
    divided, and :class:`~energychain.primitives.refusals.BadInput` for an unknown tie rule.
    """
    needs_divisible(book, "vcg")
    fills = efficient_fills(book, ties, seed)
    interval = merit(book).interval
    if interval is None:
        return nothing("vcg", book)
    start, outside = outside_trade(book, fills)
    within = (fills - outside) * book.sign
    amounts = _exact(book, times(np.array([price_at(interval, "mid")]), within))
    falling = np.argsort(-book.price, kind="stable")
    bids = book.sign > 0
    # What can be used or spared if a buyer is away, and must be found if a seller is.
    spare = np.where(bids, book.quantity - fills, fills)
    alternatives = ((bids, falling, spare), (~bids, falling[::-1], book.quantity - spare))
    for side, order, size in alternatives:
        of = np.flatnonzero(side & (outside > 0))
        ends = np.concatenate([start[of], start[of] + outside[of]])
        worth = _first(book, order, size, np.tile(book.trader[of], 2), ends)
        amounts[of] += (worth[len(of) :] - worth[: len(of)]) * book.sign[of]
    return Clearing("vcg", book, fills, amounts)


def outside_trade(book: Book, fills: IntArray) -> tuple[IntArray, IntArray]:
    """How much of each order trades with others, after how much of the trader's better
    orders [millionth of the unit], as start and amount. A trader brings only its balance to
    the others, for its best orders; the rest its own bids and offers take from each other.

    >>> from energychain.markets.orders import Book, order
    >>> book = Book.of([
    ...     order("b1", "ann", "buy", "2", "9"),
    ...     order("b2", "ann", "buy", "2", "8"),
    ...     order("s1", "ann", "sell", "1", "3"),
    ... ])
    >>> outside_trade(book, book.quantity)[1]  # of 4 bought, 1 is its own
    array([2000000, 1000000,       0])
    """
    balance = by_trader(book, fills * book.sign)
    # The balance is made up of its own side's orders; the other side's stay within.
    counted = np.where(balance[book.trader] * book.sign > 0, fills, 0)
    best_first = np.lexsort((-book.price * book.sign, book.trader))
    start = np.empty_like(counted)
    start[best_first] = _before(book.trader[best_first], counted[best_first])
    return start, np.clip(np.abs(balance)[book.trader] - start, 0, counted)


def by_trader(book: Book, amounts: IntArray) -> IntArray:
    """The sum of the orders' amounts for each trader, in the order of :attr:`Book.traders`."""
    sums = np.zeros(len(book.traders), dtype=amounts.dtype)
    np.add.at(sums, book.trader, amounts)
    return sums


def _first(
    book: Book, order: IntArray, size: IntArray, asking: IntArray, upto: IntArray
) -> IntArray:
    """The worth of the first ``upto`` units of others than the trader ``asking``, for each
    of these, if orders stand in this ``order`` with so many units each.
    """
    order = order[size[order] > 0]
    size, who = size[order], book.trader[order]
    if not len(order) or not len(asking):
        return np.zeros(len(asking), dtype=np.int64)
    price = _exact(book, book.price[order])
    end, worth = np.cumsum(size), price * size
    by_who = np.argsort(who, kind="stable")
    own = np.empty_like(size)
    own[by_who] = _before(who[by_who], size[by_who])
    # An entry of the asking trader is passed over if fewer units of others than asked for
    # come before it: sorted together, it stands before the question.
    names, points = np.concatenate([who, asking]), np.concatenate([end - size - own, upto])
    question = np.arange(len(names)) >= len(who)
    together = np.lexsort((~question, points, names))
    names, question = names[together], question[together]

    def passed(amounts: IntArray) -> IntArray:
        padded = np.concatenate([amounts, np.zeros(len(asking), dtype=amounts.dtype)])
        found = np.empty_like(upto, dtype=amounts.dtype)
        found[together[question] - len(who)] = _before(names, padded[together])[question]
        return found

    unit = upto + passed(size)
    last = end.searchsorted(unit)
    first: IntArray = np.cumsum(worth)[last] - price[last] * (end[last] - unit) - passed(worth)
    return first


def _before(names: IntArray, amounts: IntArray) -> IntArray:
    """For each row, the sum of the same name's earlier rows; names are sorted."""
    before: IntArray = np.cumsum(amounts) - amounts
    own: IntArray = before - before[names.searchsorted(names)]
    return own


def _exact(book: Book, amounts: IntArray) -> IntArray:
    """Amounts of money, as Python's own whole numbers if sums would not fit into 64 bits."""
    fits = total(np.abs(book.price), book.quantity) < 2**61
    return amounts if fits else amounts.astype(object)
