r"""
Trade reduction: the orders at the margin set the prices and pay for it by staying out, so
that nobody inside has a hand in its own price.

McAfee (1992), "A dominant strategy double auction", *Journal of Economic Theory* 56, for
buyers and sellers of one unit each. With :math:`b_1 \ge b_2 \ge \dots` and
:math:`s_1 \le s_2 \le \dots`, let :math:`k` be the last pair that is worth its cost and

.. math:: p_0 = \tfrac12 (b_{k+1} + s_{k+1}) .

=====================================  =================================================
if                                     then
=====================================  =================================================
:math:`s_k \le p_0 \le b_k`            the first :math:`k` pairs trade at :math:`p_0`
otherwise                              the first :math:`k-1` pairs trade; buyers pay
                                       :math:`b_k`, sellers receive :math:`s_k`, and the
                                       operator keeps the difference
=====================================  =================================================

If one side has no order outside there is no :math:`p_0`, and the pair is left out; McAfee
puts the ends of the range of all possible values in its place, which a book does not know.

**Orders of different quantities.** The marginal bid and the marginal offer are those that
hold the last efficient unit. If both trade wholly the price test applies as above. If one
of them trades in part, or the test fails, both stay out and set the two prices. The rest
of the longer side is rationed by quantity and priority alone, never by price.

**In which model it pays to be truthful.** Each trader has one order, and its quantity is
known, so that only its price can be false. Then, for all reports of the others, an order
trades or not as its limit is better or worse than a threshold that it cannot move, and if
it trades, neither its quantity nor its price depends on its limit. Outside of this model it
does not hold: whoever wants less than its quantity, or has two orders, may move the margin
from which all its other units are priced.
"""

from collections.abc import Callable

import numpy as np

from energychain.markets.clearing import Clearing, nothing, uniform
from energychain.markets.merit import Curve, Merit, merit
from energychain.markets.orders import Book, IntArray
from energychain.markets.ties import TIES, Ties, ration
from energychain.markets.uniform_price import needs_divisible
from energychain.primitives.refusals import BadInput
from energychain.primitives.units import divide_rounded


def trade_reduction(book: Book, ties: Ties = "pro_rata", seed: int = 0) -> Clearing:
    """Clears a book at a price of orders outside, or without the orders at the margin.

    ``ties`` says who of the longer side gets how much if the orders at the margin stay out.
    Of orders with one limit, the later by arrival and id is the nearer to the margin.

    >>> from energychain.markets.orders import Book, order
    >>> bids = [order(f"b{p}", f"b{p}", "buy", "1", p) for p in ("9", "8", "7", "4")]
    >>> offers = [order(f"s{p}", f"s{p}", "sell", "1", p) for p in ("2", "3", "5", "8")]
    >>> trade_reduction(Book.of(bids + offers))  # (4 + 8) / 2 lies from 5 to 7
    <trade_reduction: 3.000000 at 6.000000>
    >>> reduced = trade_reduction(Book.of(bids + offers[:3]))  # nobody sells for more than 5
    >>> reduced.quantity, reduced.price_buy, reduced.price_sell, reduced.operator_surplus
    (2000000, 7000000, 5000000, 4000000000000)

    Raises :class:`~energychain.markets.uniform_price.AllOrNone` if an order may not be
    divided, and :class:`~energychain.primitives.refusals.BadInput` for an unknown tie rule.
    """
    needs_divisible(book, "trade_reduction")
    if ties not in TIES:
        raise BadInput(f"ties are broken by {', '.join(TIES)}; found {ties!r}")
    meeting = merit(book)
    price = price_outside(meeting)
    if price is None:
        return without_margin(
            "trade_reduction", book, lambda q, wants: ration(q, wants, ties, seed)
        )
    fills = np.zeros(len(book), dtype=np.int64)
    for curve, last in ((meeting.bids, meeting.last_bid), (meeting.offers, meeting.last_offer)):
        inside = slice(0, last + 1)
        fills[curve.order[inside]] = curve.quantity[inside]
    return uniform("trade_reduction", book, fills, price, price)


def price_outside(meeting: Merit) -> int | None:
    """The middle between the first bid and the first offer outside [millionth of the money
    per unit], if all efficient trade can take place at it and no order has to be divided.
    """
    bids, offers, quantity = meeting.bids, meeting.offers, meeting.quantity
    if not quantity:
        return None
    last_bid, last_offer = meeting.last_bid, meeting.last_offer
    if bids.cumulated[last_bid] != quantity or offers.cumulated[last_offer] != quantity:
        return None
    bid, offer = _limit_outside(bids, quantity), _limit_outside(offers, quantity)
    if bid is None or offer is None:
        return None
    # Rounded, it still lies between the two, and that is all that truthfulness asks of it.
    price = divide_rounded(bid + offer, 2)
    return price if offers.price[last_offer] <= price <= bids.price[last_bid] else None


def _limit_outside(curve: Curve, quantity: int) -> int | None:
    place = int(curve.cumulated.searchsorted(quantity, side="right"))
    return int(curve.price[place]) if place < len(curve.price) else None


def without_margin(rule: str, book: Book, share: Callable[[int, IntArray], IntArray]) -> Clearing:
    """A clearing without the two orders at the margin, which set the two prices: buyers pay
    the limit of the bid, sellers receive the limit of the offer. ``share`` divides what the
    shorter side trades among the wants of each side, which are in priority.
    """
    meeting = merit(book)
    if not meeting.quantity:
        return nothing(rule, book)
    bids, offers = meeting.bids, meeting.offers
    last_bid, last_offer = meeting.last_bid, meeting.last_offer
    demand, supply = _before(bids, last_bid), _before(offers, last_offer)
    fills = np.zeros(len(book), dtype=np.int64)
    for curve, last in ((bids, last_bid), (offers, last_offer)):
        inside = np.zeros(len(book), dtype=bool)
        inside[curve.order[:last]] = True
        fills[inside] = share(min(demand, supply), book.quantity[inside])
    return uniform(rule, book, fills, int(bids.price[last_bid]), int(offers.price[last_offer]))


def _before(curve: Curve, place: int) -> int:
    return int(curve.cumulated[place] - curve.quantity[place])
