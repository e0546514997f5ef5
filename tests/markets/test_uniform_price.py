"""One price for all: competitive however orders are rationed, and at the chosen point."""

from fractions import Fraction
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from energychain.markets.merit import merit
from energychain.markets.orders import Book, Order, order
from energychain.markets.ties import TIES, Ties
from energychain.markets.uniform_price import (
    AllOrNone,
    efficient_fills,
    price_at,
    share,
    uniform_price,
)
from energychain.primitives.refusals import BadInput
from tests.markets.books import STEP, books, feasible_at, judged, shuffled

points = st.sampled_from(["mid", "buyer", "seller", "0.1"]) | st.fractions(0, 1)


def book_of(*rows: tuple[str, int, int]) -> Book:
    return Book.of(
        Order(f"{i}", f"t{i}", "buy" if side == "buy" else "sell", quantity, price)
        for i, (side, quantity, price) in enumerate(rows)
    )


@given(books(most=10), points, st.sampled_from(TIES))
def test_it_is_competitive_efficient_rational_and_balanced(
    book: Book, point: str | Fraction, ties: Ties
) -> None:
    found = uniform_price(book, point, ties, seed=3)
    verdict = judged(found)
    assert verdict.feasible
    assert verdict.competitive
    assert verdict.efficient
    assert verdict.rational
    assert verdict.surplus == 0
    assert found.quantity == merit(book).quantity


def test_the_price_is_the_limit_of_an_order_that_is_rationed() -> None:
    # A peer takes the middle between the last bid and the last offer inside, 25 here: the
    # seller, who sells one of two units, would like to sell the other at that price too.
    book = book_of(("buy", 1, 30), ("sell", 2, 20))
    assert not feasible_at(book, 25)
    assert uniform_price(book).price == 20
    assert uniform_price(book, "buyer").price == 20
    assert uniform_price(book).properties.competitive


def test_the_first_orders_outside_hold_the_price_too() -> None:
    # The middle of 30 and 10 is 20, at which the bid of 24 outside would trade.
    book = book_of(("buy", 1, 30), ("buy", 1, 24), ("sell", 1, 10), ("sell", 1, 29))
    assert not feasible_at(book, 20)
    assert merit(book).interval == (24, 29)
    assert uniform_price(book, "seller").price == 24


def test_no_residual_of_a_float_sets_the_price() -> None:
    # Added up as floats, ten times 0.1 is less than 1, and a peer's marginal seller then
    # has 1e-14 left and sets everybody's price.
    assert sum([0.1] * 10) < 1
    bids = [order(f"b{i}", f"b{i}", "buy", "0.1", "30") for i in range(10)]
    offers = [order("s", "s", "sell", "1", "20"), order("z", "z", "sell", "1", "28")]
    book = Book.of(bids + offers)
    assert merit(book).kind == "marginal price"
    assert merit(book).interval == (20_000_000, 28_000_000)
    assert uniform_price(book).price == 24_000_000
    assert uniform_price(book).fill("s") == 1_000_000
    assert uniform_price(book).fill("z") == 0


def test_a_result_does_not_depend_on_the_order_of_the_input() -> None:
    book = book_of(*[("buy", 5, 10)] * 7, *[("sell", 6, 10)] * 5)
    expected = uniform_price(book).fills_by_order()
    assert sum(expected.values()) == 2 * 30
    for seed in range(20):
        assert uniform_price(shuffled(book, Random(seed))).fills_by_order() == expected


@given(st.integers(-99, 99), st.integers(0, 99), points)
@example(20, 10, "0.05")
def test_the_point_lies_where_it_should(low: int, width: int, point: str | Fraction) -> None:
    k = share(point)
    found = price_at((low, low + width), point)
    assert found == round(k * (low + width) + (1 - k) * low) or width * k % 1 == Fraction(1, 2)
    assert abs(found - (low + k * width)) <= Fraction(1, 2)
    assert low <= found <= low + width


def test_the_points_by_name() -> None:
    book = book_of(("buy", 2, 30), ("sell", 2, 20))
    prices = {p: uniform_price(book, p).price for p in ("seller", "mid", "buyer", "0.25", "1", "0")}
    assert prices == {"seller": 20, "mid": 25, "buyer": 30, "0.25": 22, "1": 30, "0": 20}
    assert uniform_price(book, Fraction(7, 10)).price == 27


@pytest.mark.parametrize("point", ["middle", "", "1.1", "-0.1", "nan", "inf", "1e-7", "1/2"])
def test_an_unknown_point_is_refused_also_if_nothing_trades(point: str) -> None:
    for book in (book_of(("buy", 2, 30), ("sell", 2, 20)), book_of(("buy", 2, 3), ("sell", 2, 20))):
        with pytest.raises(BadInput, match="the point is seller, mid, buyer or a number from 0"):
            uniform_price(book, point)


def test_an_order_that_is_all_or_none_is_refused_by_name() -> None:
    whole = Order("whole", "sam", "sell", 2, 20, divisible=False)
    with pytest.raises(AllOrNone, match="order whole is all or none, and the rule uniform"):
        uniform_price(book_of(("buy", 2, 30)).replaced(whole))


def test_the_earlier_is_served_first_if_ties_are_broken_by_time() -> None:
    bids = [Order(f"b{i}", f"b{i}", "buy", 2, 9, time) for i, time in enumerate((5, 1, 3))]
    book = Book.of([*bids, Order("s", "s", "sell", 3, 4)])
    assert uniform_price(book, ties="time").fills_by_order() == {"b1": 2, "b2": 1, "b0": 0, "s": 3}
    assert uniform_price(book).fills_by_order() == {"b0": 1, "b1": 1, "b2": 1, "s": 3}


@given(books(most=10), st.sampled_from(TIES))
def test_only_orders_at_the_margin_are_rationed(book: Book, ties: Ties) -> None:
    fills = efficient_fills(book, ties, seed=1)
    parted = {o.price for o, x in zip(book.orders, fills, strict=True) if 0 < x < o.quantity}
    assert len(parted) <= 1
    for side in ("buy", "sell"):
        better = 1 if side == "buy" else -1
        rows = [(o, x) for o, x in zip(book.orders, fills, strict=True) if o.side == side]
        served = [better * o.price for o, x in rows if x]
        left = [better * o.price for o, x in rows if x < o.quantity]
        assert max(left, default=-99 * STEP) <= min(served, default=99 * STEP)
