"""The market with its book off the chain: what it saves, and what a lie costs."""

import pytest

from energychain.primitives.refusals import BadInput
from energychain.studies.posted_market import LIES, STAKE, PostedMarket, play_posted
from energychain.studies.verifiable_market import HOUSEHOLDS, play


def gas_without_challenge(market: PostedMarket) -> int:
    """Opening, posting and finishing."""
    needed = [receipt.gas_used for _, call, receipt in market.receipts if call != "challenge"]
    assert len(needed) == 3
    return sum(needed)


def test_an_honest_book_stands_and_its_size_costs_no_gas() -> None:
    many, few = play_posted(), play_posted(households=dict(list(HOUSEHOLDS.items())[3:7]))
    assert (many.ended, few.ended) == ("stands", "stands")
    assert {row["gained"] for row in many.money_rows()} == {"0.000000"}
    assert len(many.leaves) == 12
    assert len(few.leaves) == 5
    # A size of two digits is a byte longer than one of one, in the call and in the storage.
    assert 0 <= gas_without_challenge(many) - gas_without_challenge(few) <= 2 * 16


def test_on_the_chain_nine_households_cost_many_times_as_much() -> None:
    on_chain = sum(int(row["in all [gas]"]) for row in play().gas_rows())
    assert on_chain > 8 * gas_without_challenge(play_posted())


@pytest.mark.parametrize("lie", [lie for lie in LIES if lie])
def test_every_lie_is_proved(lie: str) -> None:
    market = play_posted(lie)
    assert market.ended not in ("", "stands")
    gained = {row["who"]: float(row["gained"]) for row in market.money_rows()}
    assert gained == {"operator": -STAKE / 1e6, "auditor": STAKE / 2e6, "fund": STAKE / 2e6}


def test_a_forged_order_is_proved_with_one_leaf() -> None:
    one_leaf, whole_book = play_posted("forged order"), play_posted("wrong outcome")
    sizes = {
        market.lie: len(market.network.chain.blocks[3].transactions[0].transaction.encoded)
        for market in (one_leaf, whole_book)
    }
    assert sizes["forged order"] < 1_000 < sizes["wrong outcome"]


def test_an_unknown_lie_is_refused() -> None:
    with pytest.raises(BadInput, match="wrong outcome"):
        play_posted("white lie")
