"""The jar is the lesson's; no token is made; what is composed is what a block does."""

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.ledger.state import Call, Event, Outcome, Transfer
from energychain.primitives.refusals import Refusal
from energychain.studies.jar import JAR, MEMBERS, compose, guarded, jar, street

LESSON = Path(__file__).parents[2] / "lessons" / "04_contracts_and_gas.ipynb"


@pytest.mark.parametrize(("stored", "amount"), [(0, 1), (3_000, 1_000), (500, 700)])
def test_the_jar_of_the_lesson_is_the_jar_of_the_library(stored, amount):
    cells = json.loads(LESSON.read_text("utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    names = {"JAR": JAR, "Outcome": Outcome, "Transfer": Transfer, "Event": Event}
    names["Refusal"] = Refusal
    for begin in ("def jar(", "from energychain.primitives.refusals", "def guarded("):
        exec(next(source for source in sources if source.startswith(begin)), names)
    for function in ("put", "draw"):
        call = Call(function, (amount,), 0, lambda asset, owner: 0)
        assert names["jar"]({JAR: stored}, JAR, call) == jar({JAR: stored}, JAR, call)
        refusals = []
        for contract in (names["guarded"], guarded):
            try:
                contract({JAR: stored}, JAR, call)
            except Refusal as refusal:
                refusals.append(refusal.rule)
        assert refusals == (["jar", "jar"] if function == "draw" and amount > stored else [])


def books(chain):
    state = chain.chain.state
    entries = state.storage["jar"].values()
    return state.total("token"), state.balance("token", JAR), list(entries)


@pytest.mark.parametrize("contract", [jar, guarded])
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_whatever_is_called_no_token_is_made_and_the_jar_holds_what_its_entries_say(contract, seed):
    dice, chain = Random(seed), street(contract)
    total = books(chain)[0]
    chain.open_block()
    for _ in range(12):
        chain.send(
            dice.choice(MEMBERS),
            "jar",
            dice.choice(["put", "draw"]),
            dice.randrange(-2_000, 6_000),
        )
    chain.close_block()
    after, held, entries = books(chain)
    assert after == total
    assert held == sum(entries) >= 0
    assert contract is jar or min(entries) >= 0


def test_without_a_guard_somebody_takes_what_another_put_in():
    chain = street(jar)
    chain.open_block()
    assert chain.send("ben", "jar", "draw", 2_000).done
    chain.close_block()
    assert chain.balance("ben", "token") == 7_000
    assert chain.chain.state.storage["jar"][chain.address("ben")] == -2_000


# --- a call, composed -----------------------------------------------------------------


def test_to_compose_a_call_changes_nothing():
    chain = street()
    before = chain.chain
    compose(chain, "ann", "jar", "put", 1_000, gas_limit=60_000)
    assert chain.chain is before
    assert chain.balance("ann", "token") == 2_000


def test_what_is_composed_is_what_a_block_does():
    chain = street()
    done = compose(chain, "ann", "jar", "put", 1_000, gas_limit=60_000)
    block = chain.mine([done.signed])
    assert chain.chain.receipt(done.signed.id) == done.receipt
    assert chain.chain.state.storage == done.after.storage
    assert chain.chain.validate().head == block
