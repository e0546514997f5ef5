"""A grid fee: borne by buyers, paid on every unit, and the end of trades that gain less."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energychain.markets.fees import charged
from energychain.markets.orders import MOST, Book, Order, order
from energychain.markets.rules import clear
from energychain.markets.uniform_price import AllOrNone, uniform_price
from energychain.primitives.refusals import BadInput
from tests.markets.books import STEP, best_welfare, books, judged

PAIR = Book.of([Order("b", "ann", "buy", 2, 30), Order("s", "sam", "sell", 2, 20)])


def test_a_fee_by_hand() -> None:
    # The bid is worth 26 to the rule; the middle to 20 is 23; ann pays 27 in all.
    found = clear(PAIR, fee=4)
    assert (found.price, found.quantity) == (23, 2)
    assert found.payments_by_trader() == {"ann": 46, "sam": -46}
    assert found.fees.tolist() == [8, 0]
    assert found.gains_by_trader == {"ann": 60 - 54, "sam": 46 - 40}
    assert found.as_json()["fees"] == {"ann": 8e-12, "sam": 0.0}
    assert found.operator_surplus == 0
    assert found.book is PAIR


def test_a_trade_that_gains_less_than_the_fee_does_not_happen() -> None:
    assert clear(PAIR, fee=10).quantity == 2
    none = clear(PAIR, fee=11)
    assert none.quantity == none.efficiency == 0
    assert none.max_welfare == 20
    assert not none.properties.efficient


@given(books(most=10), st.integers(0, 5), st.sampled_from(["uniform", "pairwise", "pay_as_bid"]))
def test_it_is_the_rule_on_bids_less_the_fee(book: Book, steps: int, rule: str) -> None:
    fee = STEP * steps
    found = clear(book, rule, fee=fee)
    less = [replace(o, price=o.price - fee * (o.side == "buy")) for o in book.orders]
    shifted = clear(Book.of(less), rule)
    assert found.fills_by_order() == shifted.fills_by_order()
    assert found.payments_by_trader() == shifted.payments_by_trader()
    verdict = judged(found)
    assert verdict.rational
    assert verdict.surplus == 0
    # What the trade is worth is shared by traders and grid.
    assert sum(found.gains_by_trader.values()) + fee * found.quantity == found.welfare
    assert found.welfare - fee * found.quantity == best_welfare(Book.of(less))


def test_a_fee_of_nothing_is_no_fee() -> None:
    assert not clear(PAIR, fee=0).fees.any()
    assert charged(PAIR, 0, uniform_price).payments_by_trader() == {"ann": 50, "sam": -50}


@pytest.mark.parametrize("fee", [-1, MOST + 1, 10**30])
def test_a_fee_that_is_negative_or_too_large_is_refused(fee: int) -> None:
    with pytest.raises(BadInput, match="a fee is 0 or more, and at most 1,000,000,000"):
        clear(PAIR, fee=fee)


def test_the_largest_fee_keeps_everybody_from_trading() -> None:
    assert clear(PAIR, fee=MOST).quantity == 0


@pytest.mark.parametrize("rule", ["community", "hybrid"])
def test_a_rule_that_trades_outside_has_the_fee_in_its_prices(rule: str) -> None:
    with pytest.raises(BadInput, match="put the fee into its import and export prices"):
        clear(PAIR, rule, fee=4, import_price=30, export_price=20)


def test_a_rule_refuses_with_a_fee_what_it_refuses_without() -> None:
    with pytest.raises(AllOrNone):
        clear(PAIR.replaced(replace(PAIR.order("b"), divisible=False)), fee=4)


def test_what_holds_is_judged_by_what_a_bid_is_worth_after_the_fee() -> None:
    bids = [order("b1", "ann", "buy", "1", "30"), order("b2", "ben", "buy", "1", "25")]
    book = Book.of([*bids, order("s", "sam", "sell", "1", "20")])
    cleared = clear(book, fee=4_000_000)
    assert cleared.price_interval == (21_000_000, 26_000_000)
    assert cleared.price == 23_500_000
    assert cleared.properties.competitive
    assert cleared.max_welfare == 10 * 10**12
