r"""
Peers who trade with each other, each pair at a price of its own: "each transaction is
allowed to have different prices taking into account the peers' preferences".
Shafie-khah (ed., 2020), *Blockchain-based Smart Grids*, chapter 5, sections 3.1 and 3.1.1
(full peer-to-peer trading, Fig. 5.8).

**By chance** (:func:`random_matching`). In each round every trader's order of the longer
side calls on one of the shorter side, drawn by lot; whoever is called on serves its callers
in turn. Two trade if the bid is at least the offer, at a point k between. Whoever can trade
with nobody any more goes home; the market ends when all have gone, or after so many rounds.
Only orders and lots are kept, never a table of all pairs.

**By preference** (:func:`bilateral`). To a buyer a unit of seller :math:`s` may be worth
more than its limit says, or less, by a premium :math:`\pi_{bs}` (green, near, kin), and
some pairs may not trade at all. Sorin, Bobo & Pinson (2019), "Consensus-based approach to
peer-to-peer electricity markets with product differentiation", *IEEE Transactions on Power
Systems* 34(2), know such terms. With limits :math:`\ell`, the pair with the largest joint
gain :math:`\ell_b + \pi_{bs} - \ell_s` trades first, as much as both still want; then the
next, as long as there is a gain (of equal gains, the first in priority). A trade is at

.. math:: p_{bs} = \min \bigl( \ell_b, \; \ell_s + k \, (\ell_b + \pi_{bs} - \ell_s) \bigr) .

So a premium decides who trades with whom, and is shared in the price; a discount lowers
what the buyer pays at most. But a limit stays a limit: no premium makes a buyer pay more
than it. The clearing counts all gains by limits, because a book knows nothing else;
:func:`premiums_of` says what the preferences were worth on top.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from heapq import heapify, heappop, heappush

import numpy as np

from energychain.markets.clearing import Clearing
from energychain.markets.merit import largest, merit
from energychain.markets.orders import DECIMALS, MOST, Book, BoolArray, IntArray
from energychain.markets.ties import drawn_by_lot
from energychain.markets.trades import Trades, trades_of
from energychain.markets.uniform_price import share
from energychain.primitives.refusals import BadInput

ROUNDS = 1000
"""After so many rounds a market of chance is over. Without orders that are all or none it
usually ends by itself within some dozens."""

Premiums = Mapping[str, Mapping[str, int | None]]
"""For a buyer and a seller, both traders by name: how much more a unit is worth than the
buyer's limit says [millionth of the money per unit], or ``None`` if they do not trade."""


def between(low: IntArray, high: IntArray, k: Fraction) -> IntArray:
    """The points :math:`(1-k) \\, low + k \\, high`, rounded, halves to the even one.

    >>> between(np.array([20, 3]), np.array([30, 4]), Fraction(1, 2))
    array([25,  4])
    """
    top, bottom = k.numerator, k.denominator
    if max(largest(low), largest(high), 1) * bottom >= 2**61:
        low, high = low.astype(object), high.astype(object)
    points = low * (bottom - top) + high * top
    whole, rest = points // bottom, points % bottom
    up = (2 * rest > bottom) | ((2 * rest == bottom) & (whole % 2 == 1))
    rounded: IntArray = (whole + up).astype(np.int64)
    return rounded


# --- by chance ------------------------------------------------------------------------


def random_matching(
    book: Book, seed: int = 0, point: str | Fraction = "mid", rounds: int = ROUNDS
) -> Clearing:
    """Buyers and sellers meet at random and trade if they can, each pair at the ``point``
    between its offer and its bid: ``mid``, ``buyer`` (the bid), ``seller`` (the offer) or a
    number k from 0 to 1.

    An order that is all or none trades only with one that takes, or gives, all of it.

    >>> from energychain.markets.orders import order
    >>> book = Book.of([
    ...     order("b1", "ann", "buy", "2", "30"),
    ...     order("b2", "bob", "buy", "2", "22"),
    ...     order("s1", "sam", "sell", "3", "20"),
    ... ])
    >>> random_matching(book, seed=1).fills_by_order()
    {'b1': 1000000, 'b2': 2000000, 's1': 3000000}
    >>> random_matching(book, seed=2).fills_by_order()
    {'b1': 2000000, 'b2': 1000000, 's1': 3000000}

    Raises :class:`~energychain.primitives.refusals.BadInput` for an unknown point, and for
    a seed or a number of rounds below 0.
    """
    trades = meetings(book, book.quantity, seed, point, rounds)
    return Clearing("random", book, trades.fills(book), trades.amounts(book), trades)


def meetings(
    book: Book,
    wants: IntArray,
    seed: int = 0,
    point: str | Fraction = "mid",
    rounds: int = ROUNDS,
) -> Trades:
    """The trades of a market of chance in which each order ``wants`` so much [millionth of
    the unit]; all or none orders want all or nothing.
    """
    k = share(point)
    if rounds < 0 or seed < 0:
        raise BadInput(f"rounds and seed are 0 or more, found {rounds} and {seed}")
    left = wants.copy()
    serve = _one_by_one if book.indivisible else _all_at_once
    found = [_columns([])]
    for number in range(rounds):
        bids, offers = _willing(book, left)
        if not len(bids):
            break
        # Each round has lots of its own, of no other seed.
        lots = drawn_by_lot(len(bids) + len(offers), (seed << 32) + number)
        bids, offers = bids[lots[lots < len(bids)]], offers[lots[lots >= len(bids)] - len(bids)]
        hosts, callers = (bids, offers) if len(bids) <= len(offers) else (offers, bids)
        called = np.arange(len(callers)) % len(hosts)
        by_host = np.argsort(called, kind="stable")
        found.append(serve(book, left, hosts[called[by_host]], callers[by_host]))
    bids, offers, quantities = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Trades(bids, offers, quantities, between(book.price[offers], book.price[bids], k))


Columns = tuple[IntArray, IntArray, IntArray]
"""Bids, offers and quantities of trades."""


def _columns(rows: list[tuple[int, int, int]]) -> Columns:
    bids, offers, quantities = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return bids, offers, quantities


def _all_at_once(book: Book, left: IntArray, hosts: IntArray, callers: IntArray) -> Columns:
    """The trades of a round, in columns; callers of the same host stand together."""
    bids, offers = np.minimum(hosts, callers), np.maximum(hosts, callers)
    wants = np.where(book.price[bids] >= book.price[offers], left[callers], 0)
    before = np.cumsum(wants) - wants
    first = np.flatnonzero(np.diff(hosts, prepend=-1))
    queue = np.diff(first, append=len(hosts))
    before -= np.repeat(before[first], queue)
    amounts = np.clip(left[hosts] - before, 0, wants)
    traded = amounts > 0
    bids, offers, amounts = bids[traded], offers[traded], amounts[traded]
    np.subtract.at(left, bids, amounts)
    np.subtract.at(left, offers, amounts)
    return bids, offers, amounts


def _one_by_one(book: Book, left: IntArray, hosts: IntArray, callers: IntArray) -> Columns:
    """The same where orders may be all or none: those that do not fit are passed over."""
    rows = []
    for host, caller in zip(hosts.tolist(), callers.tolist(), strict=True):
        bid, offer = min(host, caller), max(host, caller)
        amount = min(left[bid], left[offer])
        fits = all(book.divisible[i] or left[i] == amount for i in (bid, offer))
        if amount and fits and book.price[bid] >= book.price[offer]:
            left[bid] -= amount
            left[offer] -= amount
            rows.append((bid, offer, int(amount)))
    return _columns(rows)


def _willing(book: Book, left: IntArray) -> tuple[IntArray, IntArray]:
    """The bids and the offers that could still trade with somebody."""
    wanting = np.flatnonzero(left)
    bids, offers = wanting[wanting < book.bid_count], wanting[wanting >= book.bid_count]
    if not len(bids) or not len(offers):
        return bids[:0], offers[:0]
    if not book.indivisible:
        price = book.price
        dearest, cheapest = price[bids].max(), price[offers].min()
        return bids[price[bids] >= cheapest], offers[price[offers] <= dearest]
    buyers = _has_partner(book, left, bids, offers, 1)
    sellers = _has_partner(book, left, offers, bids, -1)
    return bids[buyers], offers[sellers]


def _has_partner(
    book: Book, left: IntArray, ours: IntArray, theirs: IntArray, sign: int
) -> BoolArray:
    """Which of ours could trade with any of theirs, by price and by what may be divided.

    Sorted by price, those that are good enough for one order are the first so many: of the
    divisible ones the largest must be large enough, of the others the smallest small enough.
    """
    theirs = theirs[np.argsort(sign * book.price[theirs], kind="stable")]
    divisible = book.divisible[theirs]
    limit, wants = sign * book.price[ours], left[ours]

    def among(kind: IntArray, bound: np.ufunc, none: int) -> IntArray:
        best = np.concatenate([[none], bound.accumulate(left[kind])])
        return best[(sign * book.price[kind]).searchsorted(limit, side="right")]

    most = among(theirs[divisible], np.maximum, 0)
    least = among(theirs[~divisible], np.minimum, MOST + 1)
    equal = np.zeros(len(ours), dtype=bool)
    whole = {int(left[i]): int(sign * book.price[i]) for i in theirs[~divisible][::-1]}
    for i in np.flatnonzero(~book.divisible[ours]).tolist():
        equal[i] = whole.get(int(wants[i]), int(limit[i]) + 1) <= limit[i]
    parted = book.divisible[ours]
    return np.where(parted, (most > 0) | (least <= wants), (most >= wants) | equal)


# --- by preference --------------------------------------------------------------------


def bilateral(
    book: Book, premiums: Premiums | None = None, point: str | Fraction = "mid"
) -> Clearing:
    """Pairs trade in the order of their joint gain, each at a price of its own.

    Without ``premiums`` that is the pairwise midpoint with ties broken by time. Here ann
    likes dan's energy better by 4, though sam asks for less:

    >>> from energychain.markets.orders import order
    >>> book = Book.of([
    ...     order("b", "ann", "buy", "2", "30"),
    ...     order("s1", "sam", "sell", "2", "20"),
    ...     order("s2", "dan", "sell", "1", "22"),
    ... ])
    >>> cleared = bilateral(book, {"ann": {"dan": 4_000_000}})
    >>> cleared.fills_by_order()
    {'b': 2000000, 's1': 1000000, 's2': 1000000}
    >>> cleared.trades.prices
    array([28000000, 25000000])

    An order that is all or none trades only with one that takes, or gives, all of it.

    Raises :class:`~energychain.primitives.refusals.BadInput` for an unknown point or
    trader, and for a premium that is no whole number or too large.
    """
    k, terms = share(point), _premiums(book, premiums or {})
    rows = list(_by_gain(book, terms))
    found = trades_of([(bid, offer, amount, 0) for bid, offer, amount, _ in rows])
    worth = np.array([worth for *_, worth in rows], dtype=np.int64)
    prices = between(book.price[found.offers], worth, k)
    capped = np.minimum(prices, book.price[found.bids])
    trades = Trades(found.bids, found.offers, found.quantities, capped)
    return Clearing("bilateral", book, trades.fills(book), trades.amounts(book), trades)


def premiums_of(clearing: Clearing, premiums: Premiums) -> int:
    """What the trades of a clearing are worth beyond the limits, by the buyers' preferences
    [1e-12 of the money]; nothing if the rule does not say who trades with whom.
    """
    book, terms = clearing.book, _premiums(clearing.book, premiums)
    if clearing.trades is None:
        return 0
    pairs = zip(
        book.trader[clearing.trades.bids].tolist(),
        book.trader[clearing.trades.offers].tolist(),
        clearing.trades.quantities.tolist(),
        strict=True,
    )
    return sum((terms.get((buyer, seller)) or 0) * amount for buyer, seller, amount in pairs)


Terms = Mapping[tuple[int, int], int | None]
"""Premiums by the places of the two traders."""


def _premiums(book: Book, premiums: Premiums) -> Terms:
    place = {name: i for i, name in enumerate(book.traders)}
    terms: dict[tuple[int, int], int | None] = {}
    for buyer in premiums:
        for seller, premium in premiums[buyer].items():
            for name in (buyer, seller):
                if name not in place:
                    raise BadInput(f"there is a premium for {name!r}, who has no order")
            if premium is not None and (type(premium) is not int or abs(premium) > MOST):
                raise BadInput(
                    f"the premium of {buyer} for {seller} is a whole number of millionths, at"
                    f" most {MOST // 10**DECIMALS:,}, or None; found {premium!r}"
                )
            terms[place[buyer], place[seller]] = premium
    return terms


def _by_gain(book: Book, terms: Terms) -> Iterator[tuple[int, int, int, int]]:
    """Bid, offer, quantity and worth of each trade, in the order of the joint gain.

    Pairs with a premium wait in a heap. Of all others only the best one of each bid does:
    the cheapest offer that is left, and when it is gone the next.
    """
    price, left, trader = book.price.tolist(), book.quantity.tolist(), book.trader.tolist()
    divisible, rising = book.divisible.tolist(), merit(book).offers.order.tolist()
    following = list(range(len(rising) + 1))  # the next place in the curve that is not used up

    def standing(place: int) -> int:
        while following[place] != place:
            following[place] = following[following[place]]
            place = following[place]
        return place

    def usual(bid: int, place: int) -> list[tuple[int, int, int, int]]:
        place = standing(place)
        while place < len(rising) and (trader[bid], trader[rising[place]]) in terms:
            place = standing(place + 1)
        if place == len(rising) or price[rising[place]] > price[bid]:
            return []
        return [(price[rising[place]] - price[bid], bid, rising[place], place)]

    at_curve = {offer: place for place, offer in enumerate(rising)}
    for offer, place in at_curve.items():
        following[place] += not left[offer]
    waiting = [pair for bid in range(book.bid_count) if left[bid] for pair in usual(bid, 0)]
    waiting += _preferred(book, terms)
    heapify(waiting)
    while waiting:
        loss, bid, offer, place = heappop(waiting)
        amount = min(left[bid], left[offer])
        if amount and all(divisible[i] or left[i] == amount for i in (bid, offer)):
            left[bid] -= amount
            left[offer] -= amount
            yield bid, offer, amount, price[offer] - loss
            if not left[offer]:
                following[at_curve[offer]] = at_curve[offer] + 1
        if place >= 0 and left[bid]:
            for pair in usual(bid, place + 1 if left[offer] else place):
                heappush(waiting, pair)


def _preferred(book: Book, terms: Terms) -> Iterator[tuple[int, int, int, int]]:
    """The pairs of orders with a premium that could trade: minus their gain, bid, offer, and
    a mark that they have no place in the curve.
    """
    orders: dict[tuple[int, bool], list[int]] = {}
    for place, trader in enumerate(book.trader.tolist()):
        orders.setdefault((trader, place < book.bid_count), []).append(place)
    for (buyer, seller), premium in terms.items():
        for bid in orders.get((buyer, True), ()):
            for offer in orders.get((seller, False), ()):
                limit, asked = int(book.price[bid]), int(book.price[offer])
                if premium is not None and asked <= min(limit, limit + premium):
                    yield asked - limit - premium, bid, offer, -1
