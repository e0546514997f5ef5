"""MUDA: each half trades at the other's price, and who is cut is drawn by lot."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energychain.markets.clearing import Clearing
from energychain.markets.muda import half_price, halves, muda, posted_price
from energychain.markets.orders import Book, Order
from energychain.markets.ties import drawn_by_lot
from energychain.markets.uniform_price import AllOrNone, uniform_price
from energychain.primitives.refusals import BadInput
from tests.markets.books import STEP, books, judged
from tests.markets.lies import anything, gain, lies, replaced, worth

Row = tuple[str, str, int, int]


def book_of(*rows: Row) -> Book:
    """Orders from trader, side, quantity and price."""
    return Book.of(
        Order(f"o{i}", trader, "buy" if side == "buy" else "sell", quantity, price)
        for i, (trader, side, quantity, price) in enumerate(rows)
    )


def of(book: Book, traders: Sequence[int]) -> Book:
    names = {book.traders[i] for i in traders}
    return Book.of(o for o in book.orders if o.trader in names)


def balances(cleared: Clearing) -> dict[str, int]:
    """What each trader buys less what it sells."""
    found = dict.fromkeys(cleared.book.traders, 0)
    for o, x in zip(cleared.book.orders, cleared.fills.tolist(), strict=True):
        found[o.trader] += x if o.side == "buy" else -x
    return found


# --- by hand --------------------------------------------------------------------------

FOUR = [("a", "buy", 1, 30), ("b", "buy", 1, 40), ("s", "sell", 1, 10), ("t", "sell", 1, 16)]


def test_each_half_trades_at_the_price_of_the_other() -> None:
    book = book_of(*FOUR)
    seen = set()
    for seed in range(30):
        pair = {book.traders[i] for i in halves(drawn_by_lot(4, seed))[0]}
        found = muda(book, seed)
        seen.add(frozenset(pair))
        if pair in ({"a", "s"}, {"b", "t"}):
            # a and s alone would trade at 20, b and t alone at 28.
            assert found.payments_by_trader() == {"a": 28, "b": 20, "s": -28, "t": -20}
        elif pair in ({"a", "t"}, {"b", "s"}):
            # a and t alone at 23, b and s alone at 25.
            assert found.payments_by_trader() == {"a": 25, "b": 23, "s": -23, "t": -25}
        else:
            assert found.quantity == 0  # two buyers have no price
        assert found.operator_surplus == 0
    assert len(seen) == 6  # every half has been drawn


def test_a_half_whose_traders_do_not_meet_leaves_the_other_without_a_price() -> None:
    book = book_of(
        ("a", "buy", 1, 30), ("s", "sell", 1, 10), ("b", "buy", 1, 1), ("t", "sell", 1, 5)
    )
    idle = 0
    for seed in range(30):
        pair = {book.traders[i] for i in halves(drawn_by_lot(4, seed))[0]}
        found = muda(book, seed)
        if pair in ({"a", "s"}, {"b", "t"}):
            # b and t trade not at 20 (b would not pay it), and have no price for a and s.
            assert found.quantity == 0
            idle += 1
    assert idle


# The two buyers and two sellers of the authors' own examples for their program.
AUTHORS = book_of(
    ("b1", "buy", 5, 250), ("b2", "buy", 4, 150), ("b2", "buy", 3, 350),
    ("s1", "sell", 5, 200), ("s2", "sell", 4, 100), ("s2", "sell", 3, 300),
)  # fmt: skip


@pytest.mark.parametrize(
    ("price", "quantity", "welfare"), [(51, 0, 0), (101, 4, 800), (151, 4, 900), (201, 8, 1100)]
)
def test_at_a_posted_price_it_trades_as_the_authors_program(
    price: int, quantity: int, welfare: int
) -> None:
    # Their numbers are for the lots that serve b2 before b1, and s2 before s1.
    turn = np.array([AUTHORS.traders.index(name) for name in ("b2", "b1", "s2", "s1")])
    found = Clearing("posted", AUTHORS, posted_price(AUTHORS, price, turn), np.zeros(6, dtype=int))
    assert (found.quantity, found.welfare) == (quantity, welfare)


def test_a_trader_brings_only_its_balance() -> None:
    # At 5 ann buys 3 and sells 1: she takes 2 from sam, who would sell 4.
    book = book_of(("ann", "buy", 3, 9), ("ann", "sell", 1, 2), ("sam", "sell", 4, 1))
    fills = posted_price(book, 5, np.array([0, 1]))
    assert fills.tolist() == [3, 1, 2]


def test_who_is_cut_keeps_its_best_units() -> None:
    # ann would buy 4 at 5, but only 1 is sold: for her bid of 9, not that of 6.
    book = book_of(("ann", "buy", 2, 6), ("ann", "buy", 2, 9), ("sam", "sell", 1, 1))
    assert posted_price(book, 5, np.array([0, 1])).tolist() == [0, 1, 1]


def test_a_seller_who_is_cut_serves_its_own_bid_before_it_goes_idle() -> None:
    # At 5 sam would sell 2 and not buy at 4. Nobody buys, so he takes one unit himself, and
    # settles it between his own limits.
    book = book_of(("sam", "sell", 2, 1), ("sam", "buy", 1, 4), ("ann", "buy", 0, 9))
    assert posted_price(book, 5, np.array([0, 1])).tolist() == [1, 0, 1]


def test_units_at_the_price_trade_as_far_as_others_need_them() -> None:
    # At 5 ben gains by buying 3; sam and tom do not care whether they sell. The first in
    # turn keeps what is his.
    book = book_of(("ben", "buy", 3, 9), ("sam", "sell", 2, 5), ("tom", "sell", 2, 5))
    by_name = {name: i for i, name in enumerate(book.traders)}
    turn = np.array([by_name["sam"], by_name["tom"], by_name["ben"]])
    assert int(posted_price(book, 5, turn)[:1][0]) == 3
    assert sorted(posted_price(book, 5, turn)[1:].tolist()) == [1, 2]
    idle = book_of(("ben", "buy", 3, 5), ("sam", "sell", 2, 5))
    assert posted_price(idle, 5, np.array([0, 1])).tolist() == [0, 0]


def test_it_refuses_what_it_cannot_do() -> None:
    with pytest.raises(AllOrNone, match="the rule muda"):
        muda(Book.of([Order("a", "ann", "buy", 1, 1, divisible=False)]))
    with pytest.raises(BadInput, match="a seed is 0 or more"):
        muda(book_of(*FOUR), seed=-1)


# --- any book -------------------------------------------------------------------------

seeds = st.integers(0, 2**32)


@given(books(most=12), seeds)
def test_nobody_loses_and_the_budget_balances_to_the_last_unit(book: Book, seed: int) -> None:
    found = muda(book, seed)
    verdict = judged(found)
    assert verdict.feasible
    assert verdict.rational
    assert verdict.surplus == 0
    assert (found.gains >= 0).all()  # not even one of its orders is settled beyond its limit


@given(books(most=12), seeds)
def test_a_half_has_the_price_that_it_would_clear_at(book: Book, seed: int) -> None:
    for half in halves(drawn_by_lot(len(book.traders), seed)):
        assert half_price(book, half) == uniform_price(of(book, half)).price


@given(books(most=12), seeds)
def test_each_pays_the_other_halfs_price_for_its_balance_and_only_halves_trade(
    book: Book, seed: int
) -> None:
    found = muda(book, seed)
    bought = balances(found)
    first, second = halves(drawn_by_lot(len(book.traders), seed))
    for half, other in ((first, second), (second, first)):
        price = uniform_price(of(book, other)).price
        names = [book.traders[i] for i in half]
        assert sum(bought[name] for name in names) == 0
        for name in names:
            assert found.payment(name) == (price or 0) * bought[name]
            assert price is not None or not any(
                x for o, x in zip(book.orders, found.fills, strict=True) if o.trader == name
            )


@given(books(most=12, quantities=4), st.integers(-1, 6), st.randoms(use_true_random=False))
def test_at_a_price_all_have_their_best_but_for_the_longer_side_cut_in_turn(
    book: Book, level: int, rng: Random
) -> None:
    price, turn = STEP * level, list(range(len(book.traders)))
    rng.shuffle(turn)
    fills = posted_price(book, price, np.array(turn, dtype=np.int64))
    bought = balances(Clearing("posted", book, fills, np.zeros(len(book), dtype=np.int64)))
    least, most = {}, {}
    for name in book.traders:
        own = [o for o in book.orders if o.trader == name]
        ends = [sum(o.quantity for o in own if o.side == side) for side in ("sell", "buy")]
        gains = {b: worth(own, b) - price * b for b in range(-ends[0], ends[1] + 1)}  # type: ignore[operator]
        best = [b for b, gained in gains.items() if gained == max(gains.values())]
        least[name], most[name] = min(best), max(best)
        # Whatever the balance, the trader's own orders make the best of it.
        rows = [(o, int(x)) for o, x in zip(book.orders, fills, strict=True) if o.trader == name]
        value = sum(o.price * x if o.side == "buy" else -o.price * x for o, x in rows)
        assert value == worth(own, bought[name])
    if sum(least.values()) > 0:
        assert bought == served(least, [book.traders[i] for i in turn], 1)
    elif sum(most.values()) < 0:
        assert bought == served(most, [book.traders[i] for i in turn], -1)
    else:
        assert all(least[name] <= bought[name] <= most[name] for name in book.traders)


def served(wishes: dict[str, int], turn: list[str], side: int) -> dict[str, int]:
    """All get their wish but those on the longer side, who get it until nothing is left."""
    left = sum(-side * wish for wish in wishes.values() if side * wish < 0)
    found = dict(wishes)
    for name in turn:
        if side * wishes[name] > 0:
            part = min(side * wishes[name], left)
            found[name], left = side * part, left - part
    return found


def test_the_lots_fall_evenly() -> None:
    # Of three buyers for one unit, each is served first about as often.
    rows = [("a", "buy", 1, 9), ("b", "buy", 1, 9), ("c", "buy", 1, 9), ("s", "sell", 1, 1)]
    book, served = book_of(*rows), [0, 0, 0]
    for seed in range(600):
        fills = posted_price(book, 5, drawn_by_lot(4, seed)).tolist()
        assert sum(fills[:3]) == 1
        served[fills.index(1)] += 1
    assert min(served) > 160


@given(books(most=12), seeds)
def test_new_names_in_the_same_order_change_nothing(book: Book, seed: int) -> None:
    renamed = Book.of(replace(o, trader=f"{o.trader}'") for o in book.orders)
    assert muda(book, seed).fills.tolist() == muda(renamed, seed).fills.tolist()
    assert muda(book, seed).amounts.tolist() == muda(renamed, seed).amounts.tolist()


# --- truth ----------------------------------------------------------------------------


def market(rng: Random, traders: int, orders: int, quantity: int) -> Book:
    """Mostly high bids and low offers, so that the halves have a price."""
    rows: list[Row] = []
    for i in range(orders):
        side = rng.choice(("buy", "sell"))
        level = rng.randrange(2, 7) if side == "buy" else rng.randrange(5)
        rows.append((f"t{i % traders}", side, rng.randint(1, quantity), level))
    return book_of(*rows)


def test_no_order_of_any_kind_pays_one_trader_however_the_lots_fall() -> None:
    rng, traded, cut = Random(1), 0, 0
    for seed in range(16):
        book = market(rng, 8, 8, 3)
        told = anything(range(-1, 8), (1, 2, 3, 4))
        assert not list(lies(book, lambda b: muda(b, seed), told))  # noqa: B023
        found = muda(book, seed)
        traded += found.quantity > 0
        cut += any(0 < x < o.quantity for o, x in zip(book.orders, found.fills, strict=True))
    assert traded > 5
    assert cut > 2


def test_no_pair_of_orders_pays_one_trader_on_either_side() -> None:
    rng, traded = Random(2), 0
    for seed in range(8):
        book = market(rng, 6, 12, 2)
        told = anything((1, 3, 5), (1, 2))
        assert not list(lies(book, lambda b: muda(b, seed), told))  # noqa: B023
        traded += muda(book, seed).quantity > 0
    assert traded > 3


def test_two_who_conspire_across_the_halves_can_do_better() -> None:
    # One half is a and s, the other b and t: s lowers the price that b pays, at its own cost
    # of nothing.
    book = book_of(*FOUR)
    seed = next(
        seed
        for seed in range(30)
        if {book.traders[i] for i in halves(drawn_by_lot(4, seed))[0]} == {"a", "s"}
    )
    told = replaced(book, [Order("o2", "s", "sell", 1, 2)])
    honest, conspired = muda(book, seed), muda(told, seed)
    assert (honest.payment("b"), conspired.payment("b")) == (20, 16)
    assert gain(book, conspired, ["s"]) == gain(book, honest, ["s"])
    assert gain(book, conspired, ["b"]) == 4 + (gain(book, honest, ["b"]) or 0)
