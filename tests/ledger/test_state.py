"""What a transaction does to the state, and what a refused one leaves alone."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from energychain.consensus.work import check_work, mine
from energychain.ledger.chain import Chain, InvalidBlock
from energychain.ledger.genesis import Genesis
from energychain.ledger.state import (
    ETHER,
    Call,
    Event,
    GasSchedule,
    Outcome,
    Receipt,
    State,
    Storage,
    Transfer,
    Worksheet,
)
from energychain.ledger.transaction import SignedTransaction, Transaction
from energychain.primitives.keys import Address, derive
from energychain.primitives.refusals import Refusal

ANN, BEN, MINER = (derive("state tests", name) for name in ("ann", "ben", "miner"))
HERE = {key: key.public.address for key in (ANN, BEN, MINER)}
WEALTH = 10_000_000
GAS = GasSchedule()


class Closed(Refusal):
    rule = "opening hours"


def wishing(outcome: Outcome) -> Any:
    """A contract that always wishes the same."""

    def contract(storage: Storage, sender: Address, call: Call) -> Outcome:
        return outcome

    return contract


def closed(storage: Storage, sender: Address, call: Call) -> Outcome:
    raise Closed("come back tomorrow")


def counter(storage: Storage, sender: Address, call: Call) -> Outcome:
    count = storage.get("count", 0)
    assert isinstance(count, int)
    return Outcome({"count": count + 1}, events=(Event("Counted", (("count", count + 1),)),))


def moving(*transfers: Transfer) -> Outcome:
    """What a contract does that writes, announces and moves."""
    return Outcome({"key": "value"}, transfers, (Event("Moved"),))


def coins(source: Any, target: Any, amount: Any) -> Transfer:
    return Transfer("coin", HERE.get(source, source), HERE.get(target, target), amount)


@dataclass
class Bench:
    """A chain with one contract, ``it``."""

    chain: Chain

    @property
    def state(self) -> State:
        return self.chain.state

    def call(self, key: Any = ANN, **changes: Any) -> SignedTransaction:
        wish = Transaction(
            chain="bench",
            sender=key.public,
            nonce=self.state.nonce(HERE[key]),
            contract="it",
            function="do",
            arguments=(),
            gas_limit=200_000,
            gas_price=2,
        )
        return replace(wish, **changes).sign(key)

    def run(self, signed: SignedTransaction) -> Receipt:
        draft = self.chain.draft(self.chain.head.header.time + 1, HERE[MINER])
        receipt = draft.add(signed)
        self.chain = self.chain.append(mine(draft.block()))
        return receipt


def bench(contract: Any, ether: int = WEALTH) -> Bench:
    genesis = Genesis(
        chain="bench",
        time=0,
        target=(1 << 256) - 1,
        reward=0,
        gas=GAS,
        balances=((ETHER, HERE[ANN], ether), ("coin", HERE[ANN], 100), ("coin", HERE[BEN], 100)),
        storage=(),
    )
    return Bench(Chain.begin(genesis, {"it": contract}, check_work))


def changes(before: State, after: State) -> set[str]:
    """What differs between two states."""
    moved = {asset for asset, _ in before.balances.items() ^ after.balances.items()}
    found = {f"{name} of {owner}" for name, owner in moved}
    found |= {f"nonce of {owner}" for owner, _ in before.nonces.items() ^ after.nonces.items()}
    return found | ({"storage"} if before.storage != after.storage else set())


ONLY_THE_FEE = {
    f"ether of {HERE[ANN]}",
    f"ether of {HERE[MINER]}",
    f"nonce of {HERE[ANN]}",
}

# --- done -----------------------------------------------------------------------------


def test_a_call_that_is_done_writes_moves_and_announces() -> None:
    it = bench(wishing(moving(coins(ANN, BEN, 30))))
    receipt = it.run(it.call())
    assert receipt.done and (receipt.refusal, receipt.reason) == ("", "")
    assert receipt.events == (Event("Moved"),)
    assert it.state.balance("coin", HERE[ANN]) == 70
    assert it.state.balance("coin", HERE[BEN]) == 130
    assert it.state.storage["it"] == {"key": "value"}


def test_gas_is_charged_by_the_published_schedule() -> None:
    it = bench(wishing(moving(coins(ANN, BEN, 30))))
    signed = it.call()
    receipt = it.run(signed)
    size = len(signed.transaction.encoded)
    entry = len(b"(t3:keyt5:value)")
    assert receipt.gas_used == 21_000 + 16 * size + (5_000 + 16 * entry) + 9_000 + 375
    assert receipt.fee == 2 * receipt.gas_used
    assert it.state.balance(ETHER, HERE[ANN]) == WEALTH - receipt.fee
    assert it.state.balance(ETHER, HERE[MINER]) == receipt.fee


def test_a_contract_sees_what_it_stored_before() -> None:
    it = bench(counter)
    counts = [it.run(it.call()).events[0]["count"] for _ in range(3)]
    assert counts == [1, 2, 3]


def test_what_arrives_first_can_be_passed_on_in_the_same_call() -> None:
    it = bench(wishing(moving(coins(ANN, BEN, 100), coins(BEN, MINER, 150))))
    assert it.run(it.call()).done
    assert it.state.balance("coin", HERE[MINER]) == 150
    assert it.state.balance("coin", HERE[BEN]) == 50


def test_a_transfer_to_oneself_and_a_transfer_of_nothing_change_nothing() -> None:
    it = bench(wishing(Outcome(transfers=(coins(ANN, ANN, 100), coins(ANN, BEN, 0)))))
    before = it.state
    assert it.run(it.call()).done
    assert changes(before, it.state) == ONLY_THE_FEE


# --- refused --------------------------------------------------------------------------


def test_a_call_that_its_contract_refuses_changes_nothing_but_fee_and_nonce() -> None:
    it = bench(closed)
    before, signed = it.state, it.call()
    receipt = it.run(signed)
    assert (receipt.done, receipt.refusal) == (False, "opening hours")
    assert receipt.reason == "come back tomorrow"
    assert receipt.events == ()
    assert receipt.gas_used == GAS.before(signed), "the work that was done is paid"
    assert changes(before, it.state) == ONLY_THE_FEE
    assert it.state.nonce(HERE[ANN]) == 1


def test_a_call_that_runs_out_of_gas_changes_nothing_but_fee_and_nonce() -> None:
    it = bench(wishing(moving(coins(ANN, BEN, 30))))
    before, needed = it.state, bench(wishing(moving(coins(ANN, BEN, 30))))
    gas = needed.run(needed.call(gas_limit=99_999)).gas_used
    receipt = it.run(it.call(gas_limit=gas - 1))
    assert receipt.refusal == "out of gas"
    assert f"needs {gas:,} gas" in receipt.reason
    assert receipt.gas_used == gas - 1, "all of it is gone"
    assert changes(before, it.state) == ONLY_THE_FEE


def test_the_gas_limit_that_is_needed_is_enough() -> None:
    it = bench(counter)
    gas = bench(counter)
    needed = gas.run(gas.call(gas_limit=99_999)).gas_used
    assert it.run(it.call(gas_limit=needed)).done


OVERDRAWN = {
    "one unit too much": (coins(ANN, BEN, 101),),
    "the second of two": (coins(ANN, BEN, 60), coins(ANN, BEN, 41)),
    "of somebody who owns nothing": (coins(MINER, BEN, 1),),
    "before it arrives": (coins(MINER, ANN, 1), coins(ANN, MINER, 50)),
}


@pytest.mark.parametrize("transfers", OVERDRAWN.values(), ids=OVERDRAWN)
def test_an_overdraft_is_refused_by_name_and_undoes_the_whole_call(
    transfers: tuple[Transfer, ...],
) -> None:
    it = bench(wishing(moving(*transfers)))
    before = it.state
    receipt = it.run(it.call())
    assert receipt.refusal == "overdraft"
    assert "are due" in receipt.reason
    assert changes(before, it.state) == ONLY_THE_FEE


SENSELESS = {
    "a negative amount": coins(ANN, BEN, -1),
    "half a coin": coins(ANN, BEN, 0.5),
    "yes": coins(ANN, BEN, True),
    "to nobody": coins(ANN, "somebody", 1),
}


@pytest.mark.parametrize("transfer", SENSELESS.values(), ids=SENSELESS)
def test_a_transfer_that_makes_no_sense_is_refused_by_name(transfer: Transfer) -> None:
    it = bench(wishing(moving(transfer)))
    before = it.state
    assert it.run(it.call()).refusal == "transfer"
    assert changes(before, it.state) == ONLY_THE_FEE


def test_a_contract_that_would_store_a_float_is_refused() -> None:
    it = bench(wishing(Outcome({"price": 0.1})))  # type: ignore[dict-item]
    before = it.state
    receipt = it.run(it.call())
    assert not receipt.done and "float" in receipt.reason
    assert changes(before, it.state) == ONLY_THE_FEE


def test_ether_set_aside_for_gas_cannot_be_spent_by_the_call() -> None:
    signed = bench(counter).call()
    left = WEALTH - signed.transaction.gas_limit * signed.transaction.gas_price
    for amount, refusal in ((left, ""), (left + 1, "overdraft")):
        it = bench(wishing(Outcome(transfers=(Transfer(ETHER, HERE[ANN], HERE[BEN], amount),))))
        assert it.run(it.call()).refusal == refusal


def test_who_has_no_ether_can_send_nothing() -> None:
    it = bench(counter, ether=399_999)
    with pytest.raises(Refusal) as caught:
        it.run(it.call())
    assert caught.value.rule == "gas funds"
    assert bench(counter, ether=400_000).run(it.call()).done


def test_a_free_call_needs_no_ether() -> None:
    it = bench(counter, ether=0)
    assert it.run(it.call(BEN, gas_price=0)).fee == 0
    assert it.state.balance(ETHER, HERE[BEN]) == 0


def test_a_refused_call_stands_in_the_block_and_everybody_agrees_that_it_failed() -> None:
    it = bench(closed)
    it.run(it.call())
    assert it.chain.validate().receipts == it.chain.receipts
    assert it.chain.height == 1


def test_a_miner_who_promises_another_state_is_refused() -> None:
    it = bench(counter)
    draft = it.chain.draft(1, HERE[MINER])
    draft.add(it.call())
    block = draft.block()
    for wrong in (it.chain.state.root, bytes(32)):
        with pytest.raises(InvalidBlock) as caught:
            it.chain.append(mine(replace(block, header=replace(block.header, state_root=wrong))))
        assert caught.value.rule == "state root"


HUGE = 10**4_290
"""Nearly as many digits as Python is willing to write."""


@pytest.mark.parametrize(
    ("contract", "function", "arguments"),
    [
        ("token", "transfer", ("token", "0x" + "1" * 40, HUGE)),
        ("bank", "buy", (10**4_299,)),
        ("bank", "redeem", (10**4_299,)),
        ("energy_trade", "report", (0, HUGE, 0)),
        ("energy_trade", "offer", ((), HUGE)),
    ],
)
def test_an_amount_that_nobody_could_write_down_is_refused_or_done_but_never_a_crash(
    easy: Any, contract: str, function: str, arguments: tuple[Any, ...]
) -> None:
    easy.mine(time=86_400)
    easy.open_block()
    receipt = easy.send("ann", contract, function, *arguments)
    assert receipt.done or receipt.refusal


def test_a_registered_amount_that_nobody_could_write_down_does_not_stop_the_settlement(
    easy: Any,
) -> None:
    easy.open_block()
    easy.send("ann", "energy_trade", "offer", (easy.address("ben"),), 1)
    easy.send("ben", "energy_trade", "accept", (easy.address("ann"),), 1)
    easy.send("ann", "energy_trade", "report", 0, 10**4_299, 0)
    easy.send("ben", "energy_trade", "report", 0, 0, 10**4_299)
    receipt = easy.send("ann", "energy_trade", "settle", 0)
    assert receipt.done or receipt.refusal


# --- the state itself -----------------------------------------------------------------


def test_the_state_root_covers_balances_nonces_and_storage() -> None:
    owner = HERE[ANN]
    states = [
        State({}, {}, {}),
        State({("coin", owner): 1}, {}, {}),
        State({("coin", owner): 2}, {}, {}),
        State({("gold", owner): 1}, {}, {}),
        State({("coin", HERE[BEN]): 1}, {}, {}),
        State({}, {owner: 1}, {}),
        State({}, {}, {"it": {"key": 1}}),
        State({}, {}, {"at": {"key": 1}}),
        State({}, {}, {"it": {"key": 2}}),
        State({}, {}, {"it": {"key": b"1"}}),
        State({}, {}, {"nonce": {owner: 1}}),
        State({}, {}, {"balance": {("coin", owner): 1}}),
    ]
    assert len({state.root for state in states}) == len(states)


def test_the_state_root_does_not_depend_on_the_order_in_which_things_happened() -> None:
    entries = [(("coin", HERE[key]), amount) for key, amount in ((ANN, 1), (BEN, 2), (MINER, 3))]
    storage = {"a": {1: 1, 2: 2}, "b": {"x": "y"}}
    forward = State(dict(entries), {}, storage)
    backward = State(dict(entries[::-1]), {}, {"b": {"x": "y"}, "a": {2: 2, 1: 1}})
    assert forward.root == backward.root


def test_a_state_cannot_be_altered_from_outside() -> None:
    state = bench(counter).state
    with pytest.raises(TypeError):
        state.balances["coin", HERE[ANN]] = 1  # type: ignore[index]
    with pytest.raises(TypeError):
        state.storage["it"] = {}  # type: ignore[index]


def test_a_worksheet_leaves_the_state_it_was_copied_from_alone() -> None:
    state = bench(counter).state
    root = state.root
    Worksheet(state).endow("coin", HERE[ANN], 5)
    assert state.root == root
    assert state.total("coin") == 200


def test_an_events_particulars_are_read_by_name() -> None:
    event = Event("Sent", (("amount", 3),))
    assert event["amount"] == 3
    with pytest.raises(KeyError):
        event["colour"]
