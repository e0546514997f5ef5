"""What is said of a clearing, against plain sums over its orders."""

import json
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from energychain.markets.clearing import (
    Clearing,
    Infeasible,
    added,
    in_units,
    nothing,
    uniform,
)
from energychain.markets.orders import MOST, Book, Order
from energychain.markets.rules import clear
from tests.markets.books import books, is_competitive, judged, many_books

any_amount = st.integers(-(2**62), 2**62) | st.integers(-100, 100)


def pair(bid: int = 30, offer: int = 20, quantity: int = 2) -> Book:
    return Book.of(
        [Order("b", "ann", "buy", quantity, bid), Order("s", "sam", "sell", quantity, offer)]
    )


def cleared(book: Book, fills: Sequence[int], amounts: Sequence[int]) -> Clearing:
    """A clearing as some rule might answer it."""
    return Clearing("some rule", book, np.array(fills), np.array(amounts))


# --- what cannot be carried out -------------------------------------------------------


@pytest.mark.parametrize(
    ("fills", "told"),
    [
        ([3, 3], "some rule: order b gets 3 of 2"),
        ([-1, -1], "some rule: order b gets -1 of 2"),
        ([2, 1], "some rule: 2 are bought and 1 are sold"),
        ([0, 2], "some rule: 0 are bought and 2 are sold"),
    ],
)
def test_what_cannot_be_carried_out_is_refused(fills: list[int], told: str) -> None:
    with pytest.raises(Infeasible) as caught:
        cleared(pair(), fills, [0, 0])
    assert str(caught.value) == told


def test_all_or_none_is_kept() -> None:
    book = pair().replaced(replace(pair().order("b"), divisible=False))
    assert cleared(book, [2, 2], [50, -50]).quantity == 2
    assert cleared(book, [0, 0], [0, 0]).quantity == 0
    with pytest.raises(Infeasible, match="order b is all or none"):
        cleared(book, [1, 1], [25, -25])


# --- the five properties, by hand -----------------------------------------------------


def test_the_properties_of_one_pair_at_many_amounts() -> None:
    book = pair(bid=30, offer=20, quantity=2)
    for paid in range(30, 70):
        for received in range(30, 70):
            found = cleared(book, [2, 2], [paid, -received])
            held = found.properties
            assert held.feasible
            assert held.efficient
            assert held.individually_rational is (paid <= 60 and received >= 40)
            assert held.budget == (
                "strong" if paid == received else "weak" if paid > received else "deficit"
            )
            one_price = paid == received and paid % 2 == 0
            assert held.competitive is (one_price and 40 <= paid <= 60)
            assert found.operator_surplus == paid - received


def test_buyers_who_pay_30_and_sellers_who_receive_22_are_not_strongly_balanced() -> None:
    # A peer calls this pay-as-bid: each side at its own limit, and nobody has the rest.
    each_its_own = cleared(pair(30, 22, 1), [1, 1], [30, -22])
    assert each_its_own.properties.budget == "weak"
    assert each_its_own.operator_surplus == 8
    assert not each_its_own.properties.competitive
    ours = clear(pair(30, 22, 1), "pay_as_bid")
    assert ours.price_buy == ours.price_sell == 30
    assert ours.properties.budget == "strong"


def test_a_trader_may_lose_by_one_order_if_it_gains_more_by_another() -> None:
    book = Book.of(
        [
            Order("b", "ann", "buy", 1, 30),
            Order("c", "ann", "buy", 1, 10),
            Order("s", "sam", "sell", 2, 5),
        ]
    )
    assert cleared(book, [1, 1, 2], [20, 20, -40]).properties.individually_rational
    loses = cleared(book, [1, 1, 2], [21, 20, -41])
    assert not loses.properties.individually_rational
    assert any("ann loses by trading" in warning for warning in loses.warnings)


def test_no_trade_is_competitive_only_if_nobody_would_gain_by_trading() -> None:
    for bid in range(5):
        for offer in range(5):
            none = nothing("none", pair(bid, offer))
            assert none.properties.competitive is (bid <= offer)
            assert none.properties.competitive is is_competitive(none)
            assert none.properties.efficient is (bid <= offer)


def test_more_than_the_efficient_quantity_is_a_warning() -> None:
    book = Book.of(
        [
            Order("b1", "ann", "buy", 1, 30),
            Order("b2", "ben", "buy", 1, 12),
            Order("s1", "sam", "sell", 1, 10),
            Order("s2", "sue", "sell", 1, 20),
        ]
    )
    crossed = cleared(book, [1, 1, 1, 1], [25, 12, -12, -25])
    assert clear(book).quantity == 1
    assert crossed.properties.individually_rational
    assert not crossed.properties.efficient
    assert "0.000001 more than the efficient quantity trades" in crossed.warnings[0]
    assert crossed.efficiency == 12 / 20
    assert clear(book).warnings == ()


def test_a_deficit_is_a_warning() -> None:
    found = cleared(pair(), [2, 2], [40, -60])
    assert found.warnings == ("somebody must pay the deficit of 0.00000000002",)


# --- sums -----------------------------------------------------------------------------


@given(books(), st.sampled_from(["uniform", "pairwise", "last_pair", "pay_as_bid"]))
def test_what_is_said_are_plain_sums(book: Book, rule: str) -> None:
    found = clear(book, rule)
    verdict = judged(found)
    orders, fills, amounts = book.orders, found.fills.tolist(), found.amounts.tolist()
    payments = dict.fromkeys(sorted({o.trader for o in orders}), 0)
    gains = dict(payments)
    for o, x, t in zip(orders, fills, amounts, strict=True):
        payments[o.trader] += t
        gains[o.trader] += (o.price if o.side == "buy" else -o.price) * x - t
    assert found.payments_by_trader() == payments
    assert found.gains_by_trader == gains
    assert sum(gains.values()) == found.welfare - found.operator_surplus
    assert found.fills_by_order() == {o.id: x for o, x in zip(orders, fills, strict=True)}
    for o in orders:
        assert found.fill(o.id) == fills[book.at[o.id]]
        assert found.payment(o.trader) == payments[o.trader]
    assert found.welfare == verdict.welfare
    assert found.efficiency == 1


def test_huge_numbers_are_added_up_and_judged_exactly() -> None:
    book = Book.of(
        [Order(f"b{i}", "ann", "buy", MOST, MOST - 4 * i) for i in range(8)]
        + [Order(f"s{i}", "sam", "sell", MOST, -MOST + 4 * i) for i in range(8)]
    )
    found = clear(book)
    verdict = judged(found)
    assert found.welfare == verdict.welfare == sum(2 * MOST * (MOST - 4 * i) for i in range(8))
    assert found.properties.competitive is verdict.competitive is True
    at_the_top = clear(book, point="buyer")
    assert at_the_top.price == MOST - 28
    assert at_the_top.payment("ann") == 8 * MOST * (MOST - 28)
    assert at_the_top.properties.competitive is judged(at_the_top).competitive is True
    assert at_the_top.properties.individually_rational
    assert at_the_top.properties.budget == "strong"


def test_what_one_trader_pays_in_many_orders_is_added_up_exactly() -> None:
    # Each amount fits into 64 bits, and three of them do not.
    price, quantity = 2**31, 2**30
    book = Book.of(
        [Order(f"b{i}", "ann", "buy", quantity, price) for i in range(5)]
        + [Order(f"s{i}", "sam", "sell", quantity, -price) for i in range(5)]
    )
    found = clear(book, point="buyer")
    assert found.amounts.dtype != object
    assert found.payments_by_trader() == {"ann": 5 * 2**61, "sam": -5 * 2**61}
    assert found.gains_by_trader == {"ann": 0, "sam": 2 * 5 * 2**61}
    assert found.properties.individually_rational


@given(st.lists(any_amount, max_size=12))
@example([2**62] * 9)
@example([-(2**62)] * 9)
@example([2**62, -(2**62), 2**31, -1])
def test_a_sum_is_exact(amounts: list[int]) -> None:
    assert added(np.array(amounts, dtype=np.int64)) == sum(amounts)
    assert added(np.array(amounts, dtype=object)) == sum(amounts)


@given(
    st.dictionaries(st.text(max_size=3), st.integers(-(10**40), 10**40), max_size=9),
    st.integers(1, 10**15),
)
@example({"a": 15, "b": 14, "c": -29}, 10)
@example({"a": 5, "b": 5}, 10)
@example({"a": 5}, 10)
@example({"a": 15}, 10)
def test_rounded_amounts_keep_their_sum(amounts: dict[str, int], unit: int) -> None:
    parts = in_units(amounts, unit)
    assert parts.keys() == amounts.keys()
    assert sum(parts.values()) == round(Fraction(sum(amounts.values()), unit))
    for name, part in parts.items():
        assert abs(part - Fraction(amounts[name], unit)) < 1


# --- prices ---------------------------------------------------------------------------


def test_the_price_is_the_middle_between_what_buyers_pay_and_sellers_receive() -> None:
    found = cleared(pair(), [2, 2], [60, -50])
    assert (found.price_buy, found.price_sell, found.price) == (30, 25, 28)
    none = nothing("none", pair())
    assert (none.price_buy, none.price_sell, none.price) == (None, None, None)
    assert none.clearing_type == "null"
    one = uniform("one", pair(), np.array([1, 1]), 25, 23)
    assert one.amounts.tolist() == [25, -23]


# --- for people -----------------------------------------------------------------------

KEYS = (
    "rule price price_buy price_sell price_interval quantity clearing_type fills payments"
    " operator_surplus welfare max_welfare efficiency properties"
)


def test_json_has_the_agreed_keys_and_plain_numbers() -> None:
    traded = 0
    for _, book in many_books(600):
        if book.indivisible:
            continue
        form = clear(book).as_json()
        assert json.loads(json.dumps(form, allow_nan=False)) == form
        assert set(KEYS.split()) <= set(form)
        assert form["fills"].keys() == set(book.ids)
        assert form["payments"].keys() == set(book.traders)
        assert all(type(number) is float for number in form["fills"].values())
        assert all(type(number) is float for number in form["payments"].values())
        assert list(form["properties"]) == [
            "feasible",
            "individually_rational",
            "budget",
            "efficient",
            "competitive",
        ]
        if not form["quantity"]:
            assert form["price"] is form["price_buy"] is form["price_interval"] is None
        else:
            low, high = form["price_interval"]
            assert low <= form["price"] <= high
            traded += 1
    assert traded > 300


def test_a_row_and_json_say_the_same_in_units_and_money() -> None:
    book = Book.of(
        [
            Order("b", "ann", "buy", 2_500_000, 30_000_000),
            Order("s", "sam", "sell", 4_000_000, 20_500_000),
        ]
    )
    form, row = clear(book).as_json(), clear(book).row()
    assert form["quantity"] == row["quantity"] == 2.5
    assert form["price"] == row["price"] == 20.5
    assert form["payments"] == {"ann": 51.25, "sam": -51.25}
    assert form["welfare"] == row["welfare"] == 23.75
    assert form["fees"] == {}
