"""The explorer says what the ledger does, and its bill is what the receipt says."""

import pytest
from explorers import assert_asks, assert_keeps, drawn, kept_chart

from energychain.widgets.contracts import ContractExplorer


@pytest.fixture(scope="module")
def made():
    return ContractExplorer()


@pytest.fixture
def explorer(made):
    made.reset()
    return made


def touch(explorer, **values):
    for name, value in values.items():
        explorer.controls[name].value = value


# --- the explorer ---------------------------------------------------------------------


def test_it_asks_a_question_and_has_few_controls(explorer):
    assert_asks(explorer)


def test_the_start_is_a_call_that_is_done(explorer):
    assert explorer.status == (
        "ann calls jar.put for 2.000 tokens: done. 1 entry, 1 transfer, 1 event."
        " The fee: 38,111 gas, 38,111 wei."
    )
    assert "3,000" in explorer.view.details
    assert "2.000 → 0.000" in explorer.view.details


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"caller": "ben", "call": "jar.draw"}, r"refused (jar): 2.000 tokens more than you have"),
        ({"amount": 6.0}, "refused (overdraft): ann has 2,000 of token, 6,000 are due"),
        ({"amount": -1.0}, "refused (transfer): expected a whole amount, found -1000"),
        ({"gas_limit": 30_000}, "refused (out of gas): jar.put needs 38,111 gas"),
        ({"gas_limit": 22_000}, "it does not get into a block, and costs nothing"),
        ({"call": "bank.redeem"}, "refused (redemption interval)"),
        ({"call": "bank.redeem", "caller": "ben"}, "done. 1 entry, 2 transfers, 1 event"),
        ({"call": "token.transfer to cleo"}, "done. no entries, 1 transfer, 1 event"),
        ({"caller": "ben", "call": "jar.draw", "guard": False}, "done. 1 entry, 1 transfer"),
    ],
)
def test_it_says_what_becomes_of_a_call(explorer, values, said):
    touch(explorer, **values)
    assert said in explorer.status
    assert "0x" not in explorer.status + explorer.view.details
    done, shown = "done." in explorer.status, explorer.view.details
    assert ("not done" in shown or "nothing" in shown) != done
    assert ("announced" in shown) == done


def test_a_theft_is_seen_in_the_tables(explorer):
    touch(explorer, caller="ben", call="jar.draw", guard=False)
    assert "-2,000" in explorer.view.details
    assert "5.000 → 7.000" in explorer.view.details


def test_what_a_notebook_keeps(explorer):
    assert_keeps(explorer)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("caller", "ben"),
        ("call", "bank.buy"),
        ("amount", 3.0),
        ("gas_limit", 30_000),
        ("guard", False),
    ],
)
def test_every_control_changes_what_is_shown_and_reset_takes_it_back(explorer, name, value):
    # Another caller may well be given the same bill, so charts need not change.
    before = kept_chart(explorer)
    words = repr(explorer), explorer.code, explorer.status, explorer.view.details
    explorer.controls[name].value = value
    assert (repr(explorer), explorer.code) != words[:2]
    assert [w.spec for w in explorer._live] == drawn(explorer)
    explorer.reset()
    assert kept_chart(explorer) == before
    assert (repr(explorer), explorer.code, explorer.status, explorer.view.details) == words


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"caller": "ben", "call": "jar.draw", "guard": False},
        {"call": "token.transfer to cleo", "amount": 1.5},
        {"gas_limit": 30_000},
    ],
)
def test_the_code_leads_to_the_same_receipt(explorer, values):
    touch(explorer, **values)
    names = {}
    code = explorer.code.splitlines()
    code[-1] = f"found = {code[-1]}"
    exec("\n".join(code), names)
    assert names["found"] == explorer.composed().receipt
