"""The bank: tokens for money, and back once in an interval."""

from fractions import Fraction
from math import ceil, floor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energychain.contracts.bank import TooEarly
from energychain.contracts.calls import BadArguments
from energychain.ledger.state import Overdraft

DAY = 86_400


def wealth(desk: Any, name: str) -> tuple[int, int]:
    return desk.balance(name), desk.balance(name, "usd")


def test_buying_gives_tokens_for_money_at_the_price(counter: Any, at: Any) -> None:
    desk = counter(0, price=30_000, money=10**7)
    (bought,) = desk.act("ann", "bank", "buy", 100_000)
    assert wealth(desk, "ann") == (100_000, 10**7 - 3_000_000)
    assert wealth(desk, "bank") == (10**9 - 100_000, 10**7 + 3_000_000)
    assert bought.name == "Bought"
    assert (bought["member"], bought["tokens"], bought["money"]) == (*at("ann"), 100_000, 3_000_000)


def test_redeeming_gives_the_money_back(counter: Any) -> None:
    desk = counter(0)
    before = wealth(desk, "ann"), wealth(desk, "bank")
    desk.act("ann", "bank", "buy", 90_834)
    desk.time = DAY
    (redeemed,) = desk.act("ann", "bank", "redeem", 90_834)
    assert (redeemed.name, redeemed["money"]) == ("Redeemed", 90_834 * 30)
    assert (wealth(desk, "ann"), wealth(desk, "bank")) == before


@given(amount=st.integers(1, 10**6), price=st.integers(0, 10**6))
def test_fractions_of_a_micro_dollar_stay_with_the_bank(
    counter: Any, amount: int, price: int
) -> None:
    exact, desk = Fraction(amount * price, 1_000), counter(0, price=price)
    (bought,) = desk.act("ann", "bank", "buy", amount)
    desk.time = DAY
    (redeemed,) = desk.act("ann", "bank", "redeem", amount)
    assert (bought["money"], redeemed["money"]) == (ceil(exact), floor(exact))


def bought_and_redeemed(counter: Any, amounts: list[int], price: int) -> int:
    """What somebody has gained who buys in pieces and redeems at once."""
    desk = counter(0, price=price)
    before = desk.balance("ann", "usd")
    for amount in amounts:
        desk.act("ann", "bank", "buy", amount)
    desk.time = DAY
    desk.act("ann", "bank", "redeem", sum(amounts))
    return int(desk.balance("ann", "usd") - before)


pieces = st.lists(st.integers(1, 5_000), min_size=1, max_size=6)


@given(amounts=pieces, price=st.integers(1, 999))
def test_nobody_gets_rich_by_buying_in_small_pieces_and_redeeming_at_once(
    counter: Any, amounts: list[int], price: int
) -> None:
    assert bought_and_redeemed(counter, amounts, price) <= 0


@given(amounts=pieces, cents=st.integers(1, 999))
def test_at_a_price_in_whole_micro_dollars_per_milli_token_nothing_is_rounded(
    counter: Any, amounts: list[int], cents: int
) -> None:
    assert bought_and_redeemed(counter, amounts, 1_000 * cents) == 0


def test_redeeming_before_the_interval_is_over_is_refused_with_the_time_left(
    counter: Any,
) -> None:
    desk = counter()
    desk.time = DAY - 1
    with pytest.raises(TooEarly, match=r"1\.500 tokens can be redeemed in 1 s") as caught:
        desk.act("ann", "bank", "redeem", 1_500)
    assert caught.value.rule == "redemption interval"
    desk.time = DAY
    desk.act("ann", "bank", "redeem", 1_500)


def test_the_interval_begins_again_with_each_redemption_and_for_each_member(
    counter: Any,
) -> None:
    desk = counter(interval=100)
    desk.time = 170
    desk.act("ann", "bank", "redeem", 1)
    desk.time = 269
    with pytest.raises(TooEarly):
        desk.act("ann", "bank", "redeem", 1)
    desk.act("ben", "bank", "redeem", 1)
    desk.time = 270
    desk.act("ann", "bank", "redeem", 1)


def test_a_refused_redemption_does_not_start_the_interval_again(counter: Any) -> None:
    desk = counter(100)
    desk.time = DAY
    with pytest.raises(Overdraft):
        desk.act("ann", "bank", "redeem", 101)
    desk.act("ann", "bank", "redeem", 100)


def test_nobody_buys_without_money_and_the_bank_sells_only_what_it_has(counter: Any) -> None:
    with pytest.raises(Overdraft, match="usd"):
        counter(money=29).act("ann", "bank", "buy", 1)
    with pytest.raises(Overdraft, match="token"):
        counter(money=10**12).act("ann", "bank", "buy", 10**9 + 1)


def test_a_bank_without_money_cannot_redeem(counter: Any) -> None:
    desk = counter(10, money=29)
    desk.time = DAY
    with pytest.raises(Overdraft, match="usd"):
        desk.act("ann", "bank", "redeem", 1)
    assert wealth(desk, "ann") == (10, 29)


@pytest.mark.parametrize("function", ["buy", "redeem"])
@pytest.mark.parametrize("amount", [0, -5, "5", b"", (1,)])
def test_tokens_are_a_whole_number_from_one(counter: Any, function: str, amount: Any) -> None:
    with pytest.raises(BadArguments, match="tokens: expected a whole number from 1"):
        counter().act("ann", "bank", function, amount)


@pytest.mark.parametrize("function", ["buy", "redeem"])
@pytest.mark.parametrize("given", [(), (1, 2)])
def test_the_bank_takes_one_argument(counter: Any, function: str, given: Any) -> None:
    with pytest.raises(BadArguments, match=f"{function} takes tokens; found {len(given)}"):
        counter().act("ann", "bank", function, *given)
