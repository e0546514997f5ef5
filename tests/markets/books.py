"""
Random books for the tests of the markets, and slow, plain ways to judge a clearing.

The judges know nothing of the package's columns: they take orders one by one, in Python's
own whole numbers and fractions.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import cycle
from random import Random

from hypothesis import strategies as st

from energychain.markets.clearing import Clearing
from energychain.markets.orders import MOST, Book, Order

KINDS = (
    "plain",
    "ties",
    "one price",
    "negative prices",
    "empty side",
    "scarcity",
    "both sides",
    "zero quantities",
    "huge",
    "nearly 64 bits",
    "unit quantities",
    "some indivisible",
)

STEP = 4
"""Prices are multiples of it, so that the middle of a middle is whole."""

CAP = STEP * 50
"""The highest price of a book with scarcity."""


def random_book(rng: Random, kind: str = "plain", most: int = 14) -> Book:
    """A book of up to ``most`` orders, drawn with ``rng``."""
    count = rng.randint(0, most)
    orders = [_order(rng, kind, i) for i in range(count)]
    if kind == "empty side" and orders:
        orders = [replace(each, side=orders[0].side) for each in orders]
    return Book.of(orders, CAP if kind == "scarcity" else None)


def _order(rng: Random, kind: str, i: int) -> Order:
    side = rng.choice(("buy", "buy", "sell") if kind == "scarcity" else ("buy", "sell"))
    inelastic = kind == "scarcity" and side == "buy" and rng.random() < 0.7
    return Order(
        id=f"{i}",
        trader=_trader(rng, kind, side, i),
        side="buy" if side == "buy" else "sell",
        quantity=_quantity(rng, kind),
        price=CAP if inelastic else STEP * _level(rng, kind),
        time=rng.randrange(5),
        divisible=kind != "some indivisible" or rng.random() < 0.7,
    )


def _level(rng: Random, kind: str) -> int:
    if kind == "one price":
        return 7
    if kind == "ties":
        return rng.randrange(3)
    if kind == "negative prices":
        return rng.randint(-20, 20)
    if kind == "nearly 64 bits":  # products fit, and their sums do not
        return rng.randint(-(2**29), 2**29)
    if kind == "huge":
        most = MOST // STEP
        return rng.choice((rng.randint(-most, most), most, -most))
    return rng.randrange(40)


def _trader(rng: Random, kind: str, side: str, i: int) -> str:
    if kind == "both sides":
        return f"trader {rng.randrange(4)}"
    # Elsewhere most have one order, and some have several on one side.
    return f"{side}er {rng.randrange(i + 1) if rng.random() < 0.3 else i}"


def _quantity(rng: Random, kind: str) -> int:
    if kind == "unit quantities":
        return 1_000_000
    if kind == "nearly 64 bits":
        return rng.randint(2**29, 2**31 - 1)
    if kind == "huge":
        return rng.choice((rng.randint(0, MOST), MOST, MOST - 1))
    if kind == "zero quantities" and rng.random() < 0.4:
        return 0
    return rng.choice((rng.randint(1, 9), rng.randint(1, 9_000_000)))


@lru_cache(maxsize=4)
def many_books(count: int, seed: int = 0) -> Sequence[tuple[str, Book]]:
    """So many books of every kind in turn, always the same; one in a hundred is large."""
    rng = Random(seed)
    return [
        (kind, random_book(rng, kind, 200 if i % 101 == 100 else 14))
        for i, kind in zip(range(count), cycle(KINDS), strict=False)
    ]


def books(most: int = 8, prices: int = 6, quantities: int = 6) -> st.SearchStrategy[Book]:
    """Small books for hypothesis, with many ties and a few traders on both sides."""
    orders = st.tuples(
        st.sampled_from(("buy", "sell")),
        st.integers(0, quantities),
        st.integers(-1, prices).map(lambda price: STEP * price),
        st.integers(0, 3),
        st.integers(0, 2),
    )
    return st.lists(orders, max_size=most).map(
        lambda rows: Book.of(
            Order(f"o{i}", f"t{trader}", side, quantity, price, time)
            for i, (side, quantity, price, trader, time) in enumerate(rows)
        )
    )


# --- the same book, seen otherwise ----------------------------------------------------


def shuffled(book: Book, rng: Random) -> Book:
    """The same orders, written down in another order."""
    orders = list(book.orders)
    rng.shuffle(orders)
    return Book.of(orders, book.cap)


def scaled(book: Book, factor: int) -> Book:
    """All prices times a factor: the same book in another currency."""
    orders = [replace(each, price=each.price * factor) for each in book.orders]
    return Book.of(orders, None if book.cap is None else book.cap * factor)


def mirrored(book: Book) -> Book:
    """Buyers become sellers of the opposite, and prices change their sign."""
    return Book.of(
        replace(each, side="sell" if each.side == "buy" else "buy", price=-each.price)
        for each in book.orders
    )


# --- judges ---------------------------------------------------------------------------


def best_welfare(book: Book) -> int:
    """The most that trade can be worth: from the best of both sides on, pair by pair."""
    bids = sorted(([o.price, o.quantity] for o in book.orders if o.side == "buy"), reverse=True)
    offers = sorted([o.price, o.quantity] for o in book.orders if o.side == "sell")
    worth = 0
    while bids and offers and bids[0][0] > offers[0][0]:
        amount = min(bids[0][1], offers[0][1])
        worth += amount * (bids[0][0] - offers[0][0])
        for side in (bids, offers):
            side[0][1] -= amount
            if not side[0][1]:
                side.pop(0)
    return worth


def feasible_at(book: Book, price: int, doubled: bool = False) -> bool:
    """Whether at this price (twice the price if ``doubled``) some trade leaves nobody
    wishing otherwise: what must be bought and may be bought overlaps with what must and
    may be sold.
    """
    must, may = {"buy": 0, "sell": 0}, {"buy": 0, "sell": 0}
    for each in book.orders:
        better = (2 * each.price if doubled else each.price) - price
        better = better if each.side == "buy" else -better
        must[each.side] += each.quantity if better > 0 else 0
        may[each.side] += each.quantity if better >= 0 else 0
    return must["buy"] <= may["sell"] and must["sell"] <= may["buy"]


def is_competitive(clearing: Clearing) -> bool:
    """Whether there is one price that everybody who trades pays, and at which every order
    gets exactly what it wants.
    """
    orders = clearing.book.orders
    fills, amounts = clearing.fills.tolist(), clearing.amounts.tolist()
    rows = list(zip(orders, fills, amounts, strict=True))
    traded = [(o, x, t) for o, x, t in rows if x]
    if traded:
        first, fill, amount = traded[0]
        price, rest = divmod(amount if first.side == "buy" else -amount, fill)
        return not rest and all(
            t == (price if o.side == "buy" else -price) * x and _gets_its_wish(o, x, price)
            for o, x, t in rows
        )
    candidates = {each.price for each in orders} or {0}
    return all(t == 0 for _, _, t in rows) and any(
        all(_gets_its_wish(o, x, price) for o, x, _ in rows) for price in candidates
    )


def _gets_its_wish(each: Order, fill: int, price: int) -> bool:
    better = each.price - price if each.side == "buy" else price - each.price
    return fill == each.quantity if better > 0 else fill == 0 if better < 0 else True


@dataclass(frozen=True)
class Verdict:
    """What a plain reading of fills and amounts says."""

    feasible: bool
    rational: bool
    surplus: int
    welfare: int
    efficient: bool
    competitive: bool


def judged(clearing: Clearing) -> Verdict:
    """Judges a clearing without its own arithmetic."""
    orders = clearing.book.orders
    fills, amounts = clearing.fills.tolist(), clearing.amounts.tolist()
    fees = clearing.fees.tolist()
    rows = list(zip(orders, fills, amounts, fees, strict=True))
    bought = sum(x for o, x, _, _ in rows if o.side == "buy")
    sold = sum(x for o, x, _, _ in rows if o.side == "sell")
    whole = all(o.divisible or x in (0, o.quantity) for o, x, _, _ in rows)
    gains: dict[str, int] = {}
    welfare = 0
    for o, x, t, fee in rows:
        value = o.price * x if o.side == "buy" else -o.price * x
        welfare += value
        gains[o.trader] = gains.get(o.trader, 0) + value - t - fee
    return Verdict(
        feasible=whole and bought == sold and all(0 <= x <= o.quantity for o, x, _, _ in rows),
        rational=all(gain >= 0 for gain in gains.values()),
        surplus=sum(amounts),
        welfare=welfare,
        efficient=welfare == best_welfare(clearing.book),
        competitive=is_competitive(clearing),
    )


def kept(verdict: Verdict) -> Mapping[str, bool]:
    """Each promise that a rule can make, and whether it was kept."""
    return {
        "rational": verdict.rational,
        "strong budget": verdict.surplus == 0,
        "no deficit": verdict.surplus >= 0,
        "efficient": verdict.efficient,
        "competitive": verdict.competitive,
    }


def broken(promises: Iterable[str], clearing: Clearing) -> list[str]:
    """Which promises a clearing breaks, and where what it says of itself is wrong."""
    verdict = judged(clearing)
    held = kept(verdict)
    faults = [name for name in sorted(promises) if not held[name]]
    if not verdict.feasible:
        faults.append("feasible")
    told = clearing.properties
    budget = "strong" if held["strong budget"] else "weak" if held["no deficit"] else "deficit"
    if told.individually_rational is not held["rational"]:
        faults.append("says wrongly whether it is rational")
    if told.budget != budget:
        faults.append("says wrongly whether its budget balances")
    if told.efficient is not held["efficient"]:
        faults.append("says wrongly whether it is efficient")
    if told.competitive is not held["competitive"]:
        faults.append("says wrongly whether it is competitive")
    if (clearing.welfare, clearing.operator_surplus) != (verdict.welfare, verdict.surplus):
        faults.append("adds up wrongly")
    return faults


def smaller(book: Book, id: str) -> Iterator[Book]:
    """Books that are a little simpler in one order."""
    each = book.order(id)
    yield book.without(id)
    for value in sorted({0, 1, each.quantity // 2}):
        if value < each.quantity:
            yield book.replaced(replace(each, quantity=value))


def smallest(book: Book, fails: Callable[[Book], bool]) -> Book:
    """The simplest book at which something still fails, found by leaving out orders and
    quantities as long as it does.
    """
    for id in book.ids:
        for candidate in smaller(book, id):
            if fails(candidate):
                return smallest(candidate, fails)
    return book
