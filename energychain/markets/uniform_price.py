r"""
One price for all: the k-double auction.

Where the merit order's curves meet lies an interval of competitive prices
:math:`[\underline p, \overline p]`. The rule takes the point

.. math:: p = k \, \overline p + (1 - k) \, \underline p .

Satterthwaite & Williams (1989), "Bilateral trade with the sealed bid k-double auction",
*Journal of Economic Theory* 48. They pick the point between the last bid and the last
offer inside; the interval here is also held by the first orders outside, so that an
order which gets only a part is never envious, nor anybody else.
"""

from fractions import Fraction

import numpy as np

from energychain.markets.clearing import Clearing, nothing, uniform
from energychain.markets.merit import Curve, Interval, merit
from energychain.markets.orders import Book, IntArray
from energychain.markets.ties import TIES, Ties, ration
from energychain.primitives.refusals import BadInput, Refusal
from energychain.primitives.units import divide_rounded, to_units

POINTS = {"seller": Fraction(0), "mid": Fraction(1, 2), "buyer": Fraction(1)}
"""Named points of the interval: its lower end, set by a seller; its middle; its upper end,
set by a buyer."""


class AllOrNone(Refusal):
    """This rule has to divide orders, and the book has one that must not be divided."""

    rule = "all or none"


def uniform_price(
    book: Book, point: str | Fraction = "mid", ties: Ties = "pro_rata", seed: int = 0
) -> Clearing:
    """Clears a book at one price in the competitive interval.

    ``point`` is ``mid``, ``buyer`` (the upper end), ``seller`` (the lower end) or a number
    k from 0 to 1. ``ties`` says who gets how much if orders at the price cannot all be
    served.

    >>> from energychain.markets.orders import Book, order
    >>> book = Book.of([order("b", "ann", "buy", "2", "30"), order("s", "sam", "sell", "3", "20")])
    >>> uniform_price(book)
    <uniform: 2.000000 at 20.000000>
    >>> uniform_price(book.replaced(order("s", "sam", "sell", "2", "20")), point="0.25")
    <uniform: 2.000000 at 22.500000>

    Raises :class:`AllOrNone` if an order may not be divided, and
    :class:`~energychain.primitives.refusals.BadInput` for an unknown point or tie rule.
    """
    needs_divisible(book, "uniform")
    interval = merit(book).interval
    if interval is None:
        # What is unknown is refused also when there is nothing to price.
        share(point)
        _known(ties)
        return nothing("uniform", book)
    price = price_at(interval, point)
    return uniform("uniform", book, efficient_fills(book, ties, seed), price, price)


def price_at(interval: Interval, point: str | Fraction) -> int:
    """The point of an interval of prices [millionth of the money per unit].

    >>> price_at((20, 30), "mid"), price_at((20, 30), "0.2")
    (25, 22)
    """
    low, high = interval
    k = share(point)
    return low + divide_rounded((high - low) * k.numerator, k.denominator)


def share(point: str | Fraction) -> Fraction:
    """The number k from 0 to 1 that a point stands for.

    >>> share("buyer"), share("0.25")
    (Fraction(1, 1), Fraction(1, 4))
    """
    if isinstance(point, str) and point in POINTS:
        return POINTS[point]
    told = f"the point is {', '.join(POINTS)} or a number from 0 to 1; found {str(point)!r}"
    try:
        k = Fraction(to_units(point, 6), 10**6) if isinstance(point, str) else Fraction(point)
    except BadInput:
        raise BadInput(told) from None
    if not 0 <= k <= 1:
        raise BadInput(told)
    return k


def efficient_fills(book: Book, ties: Ties = "pro_rata", seed: int = 0) -> IntArray:
    """How much of each order trades if the efficient quantity does: all that is better than
    the margin, and at the margin what is left, rationed [millionth of the unit].
    """
    meeting = merit(book)
    fills = np.zeros(len(book), dtype=np.int64)
    for curve in (meeting.bids, meeting.offers):
        _fill(fills, curve, meeting.quantity, ties, seed)
    return fills


def _fill(fills: IntArray, curve: Curve, quantity: int, ties: Ties, seed: int) -> None:
    _known(ties)
    if not quantity:
        return
    margin = curve.group(curve.at(quantity))
    before = int(curve.cumulated[margin.start] - curve.quantity[margin.start])
    better = slice(0, margin.start)
    fills[curve.order[better]] = curve.quantity[better]
    # Of equal limits the earlier place in the book stands first: the group is in priority.
    fills[curve.order[margin]] = ration(quantity - before, curve.quantity[margin], ties, seed)


def _known(ties: str) -> None:
    if ties not in TIES:
        raise BadInput(f"ties are broken by {', '.join(TIES)}; found {ties!r}")


def needs_divisible(book: Book, rule: str) -> None:
    """Refuses a book in which an order is all or none."""
    if book.indivisible:
        raise AllOrNone(
            f"order {book.indivisible[0]} is all or none, and the rule {rule} may divide any"
            " order: make it divisible, or use a rule that serves orders one by one"
        )
