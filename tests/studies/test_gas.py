"""A bill is what the receipt says; a street of equals trades as its split says."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.ledger.state import GasSchedule
from energychain.studies.gas import itemised, settling
from energychain.studies.jar import MEMBERS, compose, guarded, jar, street

STREETS = {contract: street(contract) for contract in (jar, guarded)}
CALLS = (
    ("jar", "put"),
    ("jar", "draw"),
    ("token", "transfer"),
    ("bank", "buy"),
    ("bank", "redeem"),
)


@settings(max_examples=40, deadline=None)
@given(
    caller=st.sampled_from(MEMBERS),
    called=st.sampled_from(CALLS),
    amount=st.integers(-2, 12).map(lambda halves: 500 * halves),
    limit=st.integers(20_000, 80_000),
    contract=st.sampled_from(list(STREETS)),
)
def test_the_bill_of_a_call_is_what_its_receipt_says(caller, called, amount, limit, contract):
    chain = STREETS[contract]
    to = ("token", chain.address("cleo")) if called[0] == "token" else ()
    done = compose(chain, caller, *called, *to, amount, gas_limit=limit)
    items = itemised(GasSchedule(), done.signed, done.outcome)
    needed = sum(item["gas"] for item in items)
    assert all(item["gas"] == item["count"] * item["each"] for item in items)
    if done.receipt is None:
        assert done.before == done.after
        assert items[0]["gas"] + items[1]["gas"] > limit
        assert done.paid == 0
    elif done.done:
        assert done.paid == needed <= limit
    elif done.receipt.refusal == "out of gas":
        assert done.paid == limit < needed
    else:
        assert done.paid == items[0]["gas"] + items[1]["gas"]
    if not done.done:
        assert done.before.storage == done.after.storage
        assert {k: v for k, v in done.before.balances.items() if k[0] != "ether"} == {
            k: v for k, v in done.after.balances.items() if k[0] != "ether"
        }


@pytest.mark.parametrize("split", ["in order", "pro rata"])
def test_a_street_of_equals_trades_as_its_split_says(split):
    rows = [settling(homes, split) for homes in (2, 4, 8, 12)]
    for row in rows:
        roofs = row["homes"] // 2
        assert row["trades"] == (roofs if split == "in order" else roofs * roofs)
    steps = {
        (after["settle_gas"] - before["settle_gas"]) // (after["trades"] - before["trades"])
        for before, after in pairwise(rows)
    }
    assert max(steps) - min(steps) < 100  # each trade costs the same, but for a byte or two


def test_to_found_a_longer_street_costs_each_home_more():
    short, long = settling(4), settling(16)
    assert long["setup_gas"] / 16 > 1.2 * short["setup_gas"] / 4
    assert long["report_gas"] / 16 == pytest.approx(short["report_gas"] / 4, rel=0.01)
