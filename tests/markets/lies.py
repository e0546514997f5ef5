"""
Who could have gained by a lie: a judge for small books that tries every one of them.

What a trader wants is told by its true orders; what it is worth to it depends on the
balance of what it buys and sells, however the rule books that on its orders.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from energychain.markets.clearing import Clearing
from energychain.markets.orders import Book, Order

Rule = Callable[[Book], Clearing]


@dataclass(frozen=True)
class Lie:
    """Reports that pay better than the truth."""

    trader: str
    told: Sequence[Order]
    gain: int
    honest: int

    def __str__(self) -> str:
        return f"{self.trader} gains {self.gain} and not {self.honest} by telling {self.told}"


def worth(orders: Iterable[Order], balance: int) -> int | None:
    """The most that a balance of purchases is worth to somebody with these true orders.
    What it buys beyond all its bids is of no use; it cannot deliver beyond all its offers.
    """
    orders = list(orders)
    bids = sorted(o.price for o in orders if o.side == "buy" for _ in range(o.quantity))[::-1]
    offers = sorted(o.price for o in orders if o.side == "sell" for _ in range(o.quantity))
    if -balance > len(offers):
        return None
    balance = min(balance, len(bids))
    own_supply = range(max(0, -balance), min(len(offers), len(bids) - balance) + 1)
    return max(sum(bids[: n + balance]) - sum(offers[:n]) for n in own_supply)


def gain(truth: Book, cleared: Clearing, traders: Iterable[str]) -> int | None:
    """What some traders gain together by a clearing of what was told, by the truth."""
    told, gained = cleared.book, 0
    for name in traders:
        rows = [
            (o, int(x), int(t))
            for o, x, t in zip(told.orders, cleared.fills, cleared.amounts, strict=True)
            if o.trader == name
        ]
        balance = sum(x if o.side == "buy" else -x for o, x, _ in rows)
        value = worth((o for o in truth.orders if o.trader == name), balance)
        if value is None:
            return None
        gained += value - sum(t for _, _, t in rows)
    return gained


def lies(truth: Book, rule: Rule, told: Callable[[Order], Iterable[Order]]) -> Iterator[Lie]:
    """Every lie that pays a single trader, if each of its orders may be ``told`` otherwise
    in so many ways, in all combinations.
    """
    honest = rule(truth)
    for name in truth.traders:
        truly = gain(truth, honest, [name])
        assert truly is not None
        own = [o for o in truth.orders if o.trader == name]
        for report in product(*(list(told(o)) for o in own)):
            gained = gain(truth, rule(replaced(truth, report)), [name])
            if gained is not None and gained > truly:
                yield Lie(name, report, gained, truly)


def replaced(book: Book, report: Iterable[Order]) -> Book:
    """The book with some orders told otherwise, perhaps on the other side."""
    orders: Mapping[str, Order] = {o.id: o for o in (*book.orders, *report)}
    return Book.of(orders.values())


def other_prices(prices: Iterable[int]) -> Callable[[Order], Iterable[Order]]:
    """All else is told truly."""
    return lambda o: [replace(o, price=price) for price in prices]


def anything(
    prices: Iterable[int], quantities: Sequence[int]
) -> Callable[[Order], Iterable[Order]]:
    """Other prices and quantities, and the other side; and nothing at all."""
    rows = [("buy", 0, 0), *product(("buy", "sell"), quantities, prices)]
    return lambda o: [replace(o, side=s, quantity=q, price=p) for s, q, p in rows]  # type: ignore[arg-type]
