"""Whatever people do, sensible or not, nothing is made and nothing is lost."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.contracts.token import ENERGY_TOKEN, MONEY
from energychain.ledger.state import ETHER
from energychain.studies.private_chain import BLOCK_REWARD, ENDOWMENT
from energychain.studies.testbed import SAVINGS, TOKEN_STOCK, ChainTerms, Testbed

HOMES = ("ann", "ben", "cat")
EVERYBODY = (*HOMES, "bank", "miner 1")

home = st.sampled_from(HOMES)
amount = st.sampled_from([-1, 0, 1, 2, 999, 1_000, 12_345, 100_000, ENDOWMENT, 10**18, 10**25])
energy = st.integers(0, 3_000_000)
interval = st.integers(0, 4)
rate = st.sampled_from([0, 1, 7, 150_000, 149_999])
some_homes = st.lists(home, max_size=3, unique=True)

transfer = st.tuples(
    st.just("transfer"),
    st.sampled_from(EVERYBODY),
    st.sampled_from([ENERGY_TOKEN, MONEY, ETHER, "gold"]),
    st.sampled_from(EVERYBODY),
    amount,
)
bank = st.tuples(st.sampled_from(["buy", "redeem"]), st.sampled_from(EVERYBODY), amount)
terms = st.tuples(st.sampled_from(["offer", "accept"]), home, some_homes, rate)
report = st.tuples(st.just("report"), home, interval, energy, energy)
settle = st.tuples(st.just("settle"), home, interval)
agreed = st.just(("agree",))
block = st.tuples(st.just("block"), st.sampled_from([1, 15, 100_000]))

operations = st.lists(
    st.one_of(transfer, bank, terms, report, settle, report, settle, agreed, block), max_size=30
)


def perform(network: Testbed, operation: tuple[Any, ...]) -> None:
    match operation:
        case ("transfer", name, asset, to, amount):
            network.send(name, "token", "transfer", asset, network.address(to), amount)
        case ("buy" | "redeem" as function, name, amount):
            network.send(name, "bank", function, amount)
        case ("offer" | "accept" as function, name, others, rate):
            listed = tuple(network.address(other) for other in others)
            network.send(name, "energy_trade", function, listed, rate)
        case ("report", name, interval, produced, consumed):
            network.send(name, "energy_trade", "report", interval, produced, consumed)
        case ("settle", name, interval):
            network.send(name, "energy_trade", "settle", interval)
        case ("agree",):
            ann, ben, cat = (network.address(name) for name in HOMES)
            network.send("ann", "energy_trade", "offer", (ben, cat), 150_000)
            network.send("ben", "energy_trade", "accept", (ann,), 150_000)
            network.send("cat", "energy_trade", "accept", (ann,), 150_000)
        case ("block", seconds):
            network.close_block()
            network.open_block(network.chain.head.header.time + seconds)


def check(network: Testbed) -> None:
    state, height = network.chain.state, network.chain.height
    assert state.total(ENERGY_TOKEN) == TOKEN_STOCK
    assert state.total(MONEY) == (len(HOMES) + 1) * SAVINGS
    assert state.total("gold") == 0
    assert state.total(ETHER) == len(network.accounts) * ENDOWMENT + height * BLOCK_REWARD
    assert all(amount >= 0 for amount in state.balances.values())


@settings(max_examples=120)
@given(operations)
def test_tokens_money_and_ether_are_conserved_whatever_people_do(
    wishes: list[tuple[Any, ...]],
) -> None:
    network = Testbed(HOMES, ChainTerms(difficulty_bits=0))
    network.open_block()
    for wish in wishes:
        perform(network, wish)
        if wish[0] == "block":
            check(network)
    network.close_block()
    check(network)
    assert network.chain.validate().head == network.chain.head
    done = [receipt.done for receipts in network.chain.receipts for receipt in receipts]
    calls = sum({"agree": 3, "block": 0}.get(wish[0], 1) for wish in wishes)
    assert len(done) == calls, "every wish stands in a block, done or refused"


@settings(max_examples=30)
@given(st.lists(st.tuples(home, energy, energy), min_size=1, max_size=8))
def test_trades_move_tokens_and_make_none(readings: list[tuple[str, int, int]]) -> None:
    network = Testbed(HOMES, ChainTerms(difficulty_bits=0))
    network.open_block()
    for name in HOMES:
        network.send(name, "bank", "buy", 5_000)
    perform(network, ("agree",))
    registers = {name: [0, 0] for name in HOMES}
    for interval, (name, produced, consumed) in enumerate(readings):
        for other in HOMES:
            add = (produced, 0) if other == name else (0, consumed)
            registers[other] = [r + a for r, a in zip(registers[other], add, strict=True)]
            receipt = network.send(other, "energy_trade", "report", interval, *registers[other])
            assert receipt.done, receipt.reason
        assert network.send(name, "energy_trade", "settle", interval).done
    network.close_block()
    check(network)
