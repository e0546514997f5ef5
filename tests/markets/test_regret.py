"""Who gains by lying: known cases by hand, and no lie that is not one."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.markets.orders import MOST, Book, Order
from energychain.markets.regret import gain, regret, regrets
from energychain.markets.rules import RULES, clear
from tests.markets.books import STEP, books
from tests.markets.test_pairwise import TABLE_3

CORE = ("uniform", "pairwise", "last_pair", "pay_as_bid")
PAIR = Book.of([Order("b", "ann", "buy", 2, 30), Order("s", "sam", "sell", 2, 20)])


def worth(lie: Order, truth: Book, rule: str) -> int:
    """What the order's trader truly gains if it reports this: a plain sum over its orders."""
    told = clear(truth.replaced(lie), rule)
    found = 0
    for o in truth.orders:
        if o.trader == lie.trader:
            fill = min(told.fill(o.id), o.quantity)
            value = o.price * fill if o.side == "buy" else -o.price * fill
            found += value - int(told.amounts[told.book.at[o.id]])
    return found


# --- by hand --------------------------------------------------------------------------


def test_the_marginal_seller_of_chapter_9_gains_by_asking_for_the_bid_it_serves() -> None:
    # C sells 6.6 at its own limit of 22 and gains nothing. Up to 24, the limit of B, it
    # would sell as much: 6.6 x 2 = 13.2.
    found = regret("C", TABLE_3)
    assert found.truthful_gain == 0
    assert found.regret == 13_200_000 * 10**6
    assert found.best_report.price == 24_000_000
    assert found.lies


def test_nobody_else_of_chapter_9_gains_more_than_it_could() -> None:
    by_order = {each.order.id: each for each in regrets(TABLE_3)}
    # A and G are outside: at no price at which they could trade would they gain.
    assert by_order["A"].regret == by_order["G"].regret == 0
    assert regrets(TABLE_3)[0].regret >= regrets(TABLE_3)[-1].regret
    assert set(by_order) == set(TABLE_3.ids)


@pytest.mark.parametrize(
    ("rule", "id", "expected"),
    [
        # One price, 25 in the middle: whoever reports the other's limit has all the gain.
        ("uniform", "b", 10),
        ("uniform", "s", 10),
        ("pairwise", "b", 10),
        ("last_pair", "s", 10),
        # The buyer pays 30 for what it could have at 20; the seller has all there is.
        ("pay_as_bid", "b", 20),
        ("pay_as_bid", "s", 0),
    ],
)
def test_two_who_bargain(rule: str, id: str, expected: int) -> None:
    assert regret(id, PAIR, rule).regret == expected


def test_terms_are_passed_on() -> None:
    # At the seller's end the buyer pays 20 already.
    assert regret("b", PAIR, "uniform", point="seller").regret == 0
    assert regret("s", PAIR, "uniform", point="seller").regret == 20
    assert regret("b", PAIR, "uniform", fee=4).truthful_gain == 60 - 2 * 27


def test_a_buyer_does_not_gain_by_units_that_it_does_not_want() -> None:
    book = Book.of([Order("b", "ann", "buy", 2, 30), Order("s", "sam", "sell", 9, 20)])
    twice = clear(book.replaced(replace(book.order("b"), quantity=4)))
    # Four units for 80, and only two of them are worth 30 each.
    assert gain(twice, book).tolist() == [60 - 80, 0]


def test_a_trader_counts_all_its_orders() -> None:
    book = Book.of(
        [
            Order("b1", "ann", "buy", 2, 30),
            Order("b2", "ann", "buy", 1, 24),
            Order("s", "sam", "sell", 3, 20),
        ]
    )
    # At 22 ann gains 16 + 2. If b2 asks for no more than 20, so does everybody pay.
    found = regret("b2", book)
    assert found.truthful_gain == 18
    assert found.best_gain == 2 * 10 + 4
    assert worth(replace(found.order, price=20), book, "uniform") == found.best_gain


def test_who_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        regret("nobody", PAIR)


# --- for every book -------------------------------------------------------------------


@settings(max_examples=60)
@given(books(most=6, prices=4, quantities=3), st.sampled_from(CORE))
def test_it_is_never_negative_and_the_truth_gains_what_the_clearing_says(
    book: Book, rule: str
) -> None:
    gains = clear(book, rule).gains_by_trader
    for found in regrets(book, rule):
        trader = found.order.trader
        assert found.regret >= 0
        assert found.truthful_gain == gains[trader]
        assert found.truthful_gain == worth(found.order, book, rule)
        assert found.best_gain == worth(found.best_report, book, rule)
        assert found.lies is (found.best_report != found.order)
        assert found.tried > 0
        assert found.model == RULES[rule].truthful
        same = replace(found.best_report, price=found.order.price, quantity=found.order.quantity)
        assert same == found.order
        if found.order.side == "sell":
            assert found.best_report.quantity <= found.order.quantity


@settings(max_examples=25)
@given(books(most=5, prices=2, quantities=2), st.sampled_from(CORE))
def test_no_lie_gains_more_than_the_best_of_all_whole_reports(book: Book, rule: str) -> None:
    for found in regrets(book, rule):
        truth = found.order
        most = truth.quantity * (2 if truth.side == "buy" else 1)
        lies = product(range(-STEP - 2, 3 * STEP + 3), range(most + 1))
        best = max(worth(replace(truth, price=p, quantity=q), book, rule) for p, q in lies)
        assert found.best_gain <= best


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(("buy", "sell")), st.integers(0, 9)), max_size=7))
def test_under_pay_as_bid_the_best_price_of_a_single_unit_is_found(
    rows: list[tuple[str, int]],
) -> None:
    book = Book.of(
        Order(f"{i}", f"t{i}", "buy" if side == "buy" else "sell", 1, price)
        for i, (side, price) in enumerate(rows)
    )
    for found in regrets(book, "pay_as_bid"):
        lies = (replace(found.order, price=price) for price in range(-2, 12))
        # It may find more: at a tie, whoever asks for more gets the larger share.
        assert found.best_gain >= max(worth(lie, book, "pay_as_bid") for lie in lies)


def test_the_largest_numbers_do_not_stop_the_search() -> None:
    book = Book.of(
        [
            Order("b", "ann", "buy", MOST, MOST),
            Order("c", "cay", "buy", MOST, -MOST),
            Order("s", "sam", "sell", MOST, -MOST),
        ]
    )
    # One above c's limit is enough.
    assert regret("b", book, "pay_as_bid").regret == (2 * MOST - 1) * MOST
    assert {found.order.id for found in regrets(book)} == {"b", "c", "s"}


def test_reports_stay_below_the_cap() -> None:
    book = Book.of([Order("b", "ann", "buy", 2, 30), Order("s", "sam", "sell", 2, 30)], cap=30)
    assert [found.regret for found in regrets(book)] == [0, 0]


# --- rules in which lying does not pay ------------------------------------------------

units = st.lists(st.tuples(st.sampled_from(("buy", "sell")), st.integers(0, 9)), max_size=8)


@pytest.mark.parametrize("rule", ["trade_reduction", "vcg", "muda"])
@settings(max_examples=30)
@given(units)
def test_nobody_gains_by_a_false_price_for_a_single_unit(
    rule: str, rows: list[tuple[str, int]]
) -> None:
    book = Book.of(
        Order(f"{i}", f"t{i}", "buy" if side == "buy" else "sell", 1, STEP * price)
        for i, (side, price) in enumerate(rows)
    )
    for found in regrets(book, rule):
        assert found.regret == 0, found.best_report


def test_an_order_is_as_good_as_its_id() -> None:
    book = Book.of([Order("b", "ann", "buy", 2, 30), Order("s", "sam", "sell", 2, 20)])
    assert regret(book.order("b"), book, "pay_as_bid") == regret("b", book, "pay_as_bid")
