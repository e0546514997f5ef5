"""The token contract: what one owns goes to somebody else."""

from typing import Any

import pytest

from energychain.contracts import CONTRACTS
from energychain.contracts.calls import BadArguments, UnknownFunction
from energychain.ledger.state import Overdraft


@pytest.mark.parametrize("asset", ["token", "usd"])
def test_a_transfer_moves_what_the_caller_owns(counter: Any, at: Any, asset: str) -> None:
    desk = counter(money=100_000)
    (sent,) = desk.act("ann", "token", "transfer", asset, *at("ben"), 30_000)
    assert (desk.balance("ann", asset), desk.balance("ben", asset)) == (70_000, 130_000)
    assert sent.name == "Sent"
    assert (sent["asset"], sent["to"], sent["amount"]) == (asset, *at("ben"), 30_000)


def test_everything_can_be_given_away_but_not_one_unit_more(counter: Any, at: Any) -> None:
    desk = counter(5)
    desk.act("ann", "token", "transfer", "token", *at("ben"), 5)
    with pytest.raises(Overdraft, match="has 0 of token, 1 are due"):
        desk.act("ann", "token", "transfer", "token", *at("ben"), 1)
    assert (desk.balance("ann"), desk.balance("ben")) == (0, 10)


def test_an_asset_that_does_not_exist_cannot_be_sent(counter: Any, at: Any) -> None:
    with pytest.raises(Overdraft):
        counter().act("ann", "token", "transfer", "gold", *at("ben"), 1)


@pytest.mark.parametrize("amount", [0, -1, "1", b"1", (), (1,)])
def test_an_amount_is_a_whole_number_from_one(counter: Any, at: Any, amount: Any) -> None:
    with pytest.raises(BadArguments, match="amount: expected a whole number from 1"):
        counter().act("ann", "token", "transfer", "token", *at("ben"), amount)


@pytest.mark.parametrize("to", ["ben", "", 7, b"0x" + b"1" * 40, ("0x" + "1" * 40,), "0x1"])
def test_a_receiver_is_an_address(counter: Any, to: Any) -> None:
    with pytest.raises(BadArguments, match="to: expected an address"):
        counter().act("ann", "token", "transfer", "token", to, 1)


@pytest.mark.parametrize("asset", [7, b"token", ("token",), ()])
def test_an_asset_is_named_in_words(counter: Any, at: Any, asset: Any) -> None:
    with pytest.raises((BadArguments, Overdraft)):
        counter().act("ann", "token", "transfer", asset, *at("ben"), 1)


@pytest.mark.parametrize("given", [(), ("token",), ("token", "x", 1, 2)])
def test_too_few_or_too_many_arguments_are_counted(counter: Any, given: Any) -> None:
    with pytest.raises(BadArguments, match=f"asset, to, amount; found {len(given)}"):
        counter().act("ann", "token", "transfer", *given)


@pytest.mark.parametrize("contract", CONTRACTS)
def test_an_unknown_function_is_refused_with_those_that_there_are(
    counter: Any, contract: str
) -> None:
    with pytest.raises(UnknownFunction, match=f"{contract} has no 'mint'; it has "):
        counter().act("ann", contract, "mint", 10**9)
