r"""
Does it pay to lie? Somebody who knows everybody's orders looks for the report that would
have gained the most.

With true limits :math:`\ell`, the **regret** of an order under a rule is

.. math:: \max_{\hat o} g(\hat o) - g(o),

the gain of its trader with the best report :math:`\hat o` found, less the gain with the
true one; gains are counted with the true limits, and units beyond the true quantity are
worth nothing. A regret of zero says that no profitable lie was found among those tried,
not that none exists. Dütting et al. (2019), "Optimal auctions through deep learning",
ICML, use the same measure.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from energychain.markets.clearing import Clearing
from energychain.markets.merit import merit
from energychain.markets.orders import MOST, Book, IntArray, Order
from energychain.markets.rules import Rule, named

MOST_PRICES = 60
"""Other limits that are tried: those nearest to where the curves meet."""


@dataclass(frozen=True)
class Regret:
    """What a trader could have gained by misreporting one of its orders."""

    order: Order
    """The true one."""

    rule: str

    truthful_gain: int
    """What its trader gains with the truth [1e-12 of the money]."""

    best_gain: int
    """What it gains with the best report that was found [1e-12 of the money]."""

    best_report: Order

    tried: int
    """How many reports were tried."""

    model: str
    """In which model nobody gains by a false order under this rule."""

    @property
    def regret(self) -> int:
        """What the truth costs [1e-12 of the money]."""
        return self.best_gain - self.truthful_gain

    @property
    def lies(self) -> bool:
        """Whether a profitable lie was found."""
        return self.regret > 0


def regret(order: str | Order, book: Book, rule: str | Rule = "uniform", **terms: Any) -> Regret:
    """Searches other limits and quantities for one order of the book (or its id), all else
    being as it is. The rule is a name or your own.

    Limits tried are those of all other orders and their neighbours; quantities are parts
    of the true one, those at which it just fits other orders, and for a buyer larger ones.
    (A seller cannot deliver more than it has.)

    >>> from energychain.markets.orders import order
    >>> book = Book.of([order("b", "ann", "buy", "2", "30"), order("s", "sam", "sell", "2", "20")])
    >>> found = regret("b", book, "pay_as_bid")
    >>> found.truthful_gain, found.best_gain, found.best_report.price
    (0, 20000000000000, 20000000)

    Raises ``KeyError`` if there is no such order, and what the rule refuses.
    """
    id = order if isinstance(order, str) else order.id
    chosen, truth = named(rule), book.order(id)
    true_gain = gain(chosen.answer(book, **terms), book)
    honest = true_gain[book.trader[book.at[id]]]
    best, report, tried = int(honest), truth, 0
    for lie in _reports(truth, book):
        answer = chosen.answer(_with(book, lie), **terms)
        found = int(gain(answer, book)[book.trader[book.at[id]]])
        tried += 1
        if found > best:
            best, report = found, lie
    return Regret(truth, chosen.name, int(honest), best, report, tried, chosen.truthful)


def regrets(book: Book, rule: str | Rule = "uniform", **terms: Any) -> list[Regret]:
    """The regret of every order, the largest first."""
    found = [regret(id, book, rule, **terms) for id in book.ids]
    return sorted(found, key=lambda each: (-each.regret, each.order.id))


def gain(clearing: Clearing, truth: Book) -> IntArray:
    """What each trader of the true book gains by a clearing of what was reported, counted
    with the true limits and quantities [1e-12 of the money].
    """
    told = clearing.book
    gains = np.zeros(len(truth.traders), dtype=object)
    for i, id in enumerate(told.ids):
        if id in truth.at:
            true = truth.order(id)
            sign = 1 if true.side == "buy" else -1
            worth = sign * true.price * min(int(clearing.fills[i]), true.quantity)
            paid = int(clearing.amounts[i]) + int(clearing.fees[i])
            gains[truth.trader[truth.at[id]]] += worth - paid
    return gains


def _reports(truth: Order, book: Book) -> Iterator[Order]:
    for price in _prices(truth, book):
        for quantity in _quantities(truth, book):
            if (price, quantity) != (truth.price, truth.quantity):
                yield replace(truth, price=price, quantity=quantity)


def _prices(truth: Order, book: Book) -> list[int]:
    interval = merit(book).interval or (truth.price, truth.price)
    others = {int(price) for price in book.price}
    middles = {(price + truth.price) // 2 for price in others}
    near = {price + step for price in others | set(interval) for step in (-1, 0, 1)}
    most = MOST if book.cap is None else book.cap
    allowed = [p for p in near | middles if -MOST <= p <= most]
    nearest = sorted(allowed, key=lambda p: (abs(2 * p - sum(interval)), p))[:MOST_PRICES]
    return [truth.price, *(price for price in nearest if price != truth.price)]


def _quantities(truth: Order, book: Book) -> list[int]:
    whole = truth.quantity
    parts = {whole * part // 4 for part in (1, 2, 3)}
    if not truth.divisible:
        return [whole, 0]
    # A quantity that ends where an order of the other side ends changes who is at the margin.
    meeting = merit(book)
    own, other = (
        (meeting.bids, meeting.offers) if truth.side == "buy" else (meeting.offers, meeting.bids)
    )
    better = own.price > truth.price if truth.side == "buy" else own.price < truth.price
    before = int(own.quantity[better].sum())
    fits = {int(end) - before for end in other.cumulated[:20]}
    more = {whole * 3 // 2, whole * 2} if truth.side == "buy" else set()
    inside = {part for part in parts | fits if 0 < part < whole}
    more = {part for part in more if whole < part <= MOST}
    return [whole, *sorted(inside, reverse=True), *sorted(more), 0]


def _with(book: Book, changed: Order) -> Book:
    """The book with another limit and quantity for one order, which keeps its place."""
    i = book.at[changed.id]
    price, quantity = book.price.copy(), book.quantity.copy()
    price[i], quantity[i] = changed.price, changed.quantity
    return replace(book, price=price, quantity=quantity)
