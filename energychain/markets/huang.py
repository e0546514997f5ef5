r"""
A double auction for many units: the orders at the margin stay out, and the orders of the
longer side bear the excess in equal parts.

Huang, Scheller-Wolf & Sycara (2002), "Design of a multi-unit double auction e-market",
*Computational Intelligence* 18(4), 596-617. Let bid :math:`L` and offer :math:`K` hold the
last efficient unit. Bids :math:`1 \dots L-1` pay :math:`b_L`, offers :math:`1 \dots K-1`
receive :math:`s_K`, and the operator keeps the difference. If the offers are longer by
:math:`\Delta = \sum_{i<K} x_i - \sum_{j<L} y_j`, each of them sells

.. math:: x_i - \frac{\Delta}{K-1} ,

and so for the bids. An order that is smaller than its part trades nothing, and what is
missing is carried over to the others, again in equal parts.

**Whole numbers.** The equal part is rounded down, and the units that are still in excess
(fewer than there are orders left) are borne one each by the last in priority.

**In which model it pays to be truthful.** Each trader has one order and can be false only
about its price: the mechanism is strategy-proof "with respect to reservation price". It is
not in quantities. Whoever overstates its quantity bears no larger part of the excess, and
whoever understates it may move the margin (the authors show that this becomes unlikely).
"""

import numpy as np

from energychain.markets.clearing import Clearing
from energychain.markets.orders import Book, IntArray
from energychain.markets.trade_reduction import without_margin
from energychain.markets.uniform_price import needs_divisible


def huang(book: Book) -> Clearing:
    """Clears a book without the orders at the margin; the longer side bears the excess in
    equal parts.

    >>> from energychain.markets.orders import Book, order
    >>> bids = [("b1", "5", "9"), ("b2", "3", "8"), ("b3", "2", "6")]
    >>> offers = [("s1", "7", "1"), ("s2", "4", "2"), ("s3", "6", "5")]
    >>> book = Book.of(
    ...     [order(name, name, "buy", q, p) for name, q, p in bids]
    ...     + [order(name, name, "sell", q, p) for name, q, p in offers]
    ... )
    >>> cleared = huang(book)  # b3 and s2 hold the last efficient unit, and stay out
    >>> cleared.fill("b1"), cleared.fill("b2"), cleared.fill("s1")  # b1 and b2 lack 1 together
    (4500000, 2500000, 7000000)
    >>> cleared.price_buy, cleared.price_sell
    (6000000, 2000000)

    Raises :class:`~energychain.markets.uniform_price.AllOrNone` if an order may not be
    divided.
    """
    needs_divisible(book, "huang")
    return without_margin("huang", book, cut_equally)


def cut_equally(amount: int, wants: IntArray) -> IntArray:
    """Divides an amount among wants so that all bear the same part of what is missing, or
    all of their want if that is less. The last units are borne by the last.

    >>> cut_equally(54, np.array([10, 20, 30])), cut_equally(17, np.array([10, 5, 20]))
    (array([ 8, 18, 28]), array([ 4,  0, 13]))

    (The exact parts of the second are 3.5, 0 and 13.5.)
    """
    excess = int(wants.sum()) - amount
    if excess <= 0:
        return wants.copy()
    rising = np.sort(wants)
    before = np.cumsum(rising) - rising
    # What all would bear together if each bore up to the want at this place.
    borne = before + rising * np.arange(len(rising), 0, -1)
    gone = int(borne.searchsorted(excess, side="right"))  # wants too small for their part
    if gone == len(rising):
        return np.zeros_like(wants)
    part = (excess - int(before[gone])) // (len(rising) - gone)
    parts: IntArray = np.maximum(wants - part, 0)
    over = int(parts.sum()) - amount
    if over:
        parts[np.flatnonzero(parts)[-over:]] -= 1
    return parts
