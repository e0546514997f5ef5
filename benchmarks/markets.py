"""Clearing, against the least that numpy or a bare loop could do."""

import heapq
from collections.abc import Callable

import numpy as np

from benchmarks.timing import Result, best
from energychain.markets.clearing import Clearing
from energychain.markets.orders import Book, IntArray
from energychain.markets.rules import clear


def book(orders: int, traders: int | None = None) -> Book:
    """A book of random orders, half of them bids, without a merit order yet."""
    random = np.random.default_rng(orders)
    traders = traders or orders // 2
    return Book(
        ids=tuple(f"o{i:07}" for i in range(orders)),
        traders=tuple(f"t{i:07}" for i in range(traders)),
        bid_count=orders // 2,
        trader=random.integers(0, traders, orders),
        quantity=random.integers(1, 10_000_000, orders),
        price=random.integers(0, 30_000_000, orders),
        time=np.arange(orders),
        divisible=np.ones(orders, dtype=bool),
    )


def bare(cleared: Book) -> tuple[int, IntArray, IntArray]:
    """Two sorts, two sums, where the curves cross, and the fills: nothing else."""
    bid, wanted = cleared.price[cleared.bids], cleared.quantity[cleared.bids]
    offer, offered = cleared.price[cleared.offers], cleared.quantity[cleared.offers]
    down, up = np.argsort(-bid), np.argsort(offer)
    demand, supply = np.cumsum(wanted[down]), np.cumsum(offered[up])
    willing = np.searchsorted(offer[up], bid[down], side="right")
    traded = np.minimum(demand, np.concatenate(([0], supply))[willing]).max()
    bought, sold = np.empty_like(wanted), np.empty_like(offered)
    bought[down] = np.clip(traded - (demand - wanted[down]), 0, wanted[down])
    sold[up] = np.clip(traded - (supply - offered[up]), 0, offered[up])
    return int(traded), bought, sold


def everything(cleared: Book, rule: str) -> tuple[object, ...]:
    """The whole outcome of a rule for a book that nothing is known about."""
    for known in ("_merit", "sign", "most_orders", "indivisible"):
        cleared.__dict__.pop(known, None)
    outcome: Clearing = clear(cleared, rule)
    return (
        outcome.price,
        outcome.price_interval,
        outcome.clearing_type,
        outcome.marginal_orders,
        outcome.payments,
        outcome.operator_surplus,
        outcome.welfare,
        outcome.max_welfare,
        outcome.properties,
        outcome.warnings,
    )


def rule(name: str, orders: int, bar: float, runs: int) -> Callable[[], Result]:
    """A rule's whole outcome against the bare crossing."""

    def measured() -> Result:
        cleared = book(orders)
        times = best(lambda: everything(cleared, name), lambda: bare(cleared), runs)
        return Result(f"{name}, full outcome, {orders:,} orders", *times, bar)

    return measured


def continuous(orders: int = 10_000) -> Result:
    """The continuous double auction against a loop that only pushes and pops."""
    cleared = book(orders)
    prices = cleared.price.tolist()

    def floor() -> None:
        heap: list[int] = []
        for price in prices:
            heapq.heappush(heap, price)
        while heap:
            heapq.heappop(heap)

    times = best(lambda: everything(cleared, "continuous"), floor)
    return Result(f"continuous, full outcome, {orders:,} orders", *times, 6)


def random_matching() -> Result:
    """Ten thousand traders who meet at random, against a second."""
    cleared = book(10_000, traders=10_000)
    seconds, _ = best(lambda: everything(cleared, "random"), lambda: None, 3)
    return Result("random peer-to-peer, 10,000 traders, in s", seconds, 1.0, 1.0)


def many_traders() -> Result:
    """Vickrey-Clarke-Groves for many traders, against the same number of orders of a few:
    to clear again without each trader would take a hundred times as long.
    """
    many, few = book(20_000, traders=10_000), book(20_000, traders=100)
    times = best(lambda: everything(many, "vcg"), lambda: everything(few, "vcg"))
    return Result("vcg, 10,000 traders against 100", *times, 10)


WORKS: tuple[Callable[[], Result], ...] = (
    rule("uniform", 10_000, 2.5, 200),
    rule("uniform", 1_000_000, 2, 5),
    rule("pairwise", 10_000, 4, 200),
    rule("pay_as_bid", 10_000, 4, 200),
    rule("trade_reduction", 10_000, 4, 200),
    continuous,
    random_matching,
    many_traders,
)
"""The lines of the table."""
