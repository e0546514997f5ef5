"""The testbed's private chain: four machines, eight accounts, and somebody who drives it."""

import pytest

from energychain.contracts.token import ENERGY_TOKEN, MONEY
from energychain.ledger.chain import CONFIRMATIONS
from energychain.ledger.state import ETHER
from energychain.ledger.transaction import Transaction
from energychain.studies.private_chain import BLOCK_SECONDS, ENDOWMENT, GAS_PRICE, MINERS
from energychain.studies.testbed import HOUSEHOLDS, MACHINES, SAVINGS, SERVICE, ChainTerms, Testbed


def test_four_machines_hold_eight_accounts_two_each() -> None:
    accounts = [name for names in MACHINES.values() for name in names]
    assert len(MACHINES) == 4
    assert {len(names) for names in MACHINES.values()} == {2}
    assert sorted(accounts) == sorted((*HOUSEHOLDS, *SERVICE))
    assert set(MINERS) <= set(SERVICE)


def test_everybody_begins_with_ether_and_the_households_with_money() -> None:
    network = Testbed(HOUSEHOLDS)
    assert {network.balance(name, ETHER) for name in network.accounts} == {ENDOWMENT}
    assert {network.balance(name, MONEY) for name in HOUSEHOLDS} == {SAVINGS}
    assert {network.balance(name, ENERGY_TOKEN) for name in HOUSEHOLDS} == {0}


def test_the_two_miners_take_turns() -> None:
    network = Testbed(["ann"])
    network.confirm(5)
    miners = [network.chain.name(block.header.miner) for block in network.chain.blocks[1:]]
    assert miners == ["miner 1", "miner 2", "miner 1", "miner 2"]


def test_blocks_come_every_fifteen_seconds_unless_something_else_sets_the_time() -> None:
    network = Testbed(["ann"], ChainTerms(start=1_000))
    network.mine()
    network.mine(time=5_000)
    network.mine()
    times = [block.header.time for block in network.chain.blocks]
    assert times == [1_000, 1_000 + BLOCK_SECONDS, 5_000, 5_000 + BLOCK_SECONDS]


def test_confirming_gives_the_newest_block_twelve_confirmations() -> None:
    network = Testbed(["ann"])
    block = network.mine([signed := network.signed("ann", "bank", "buy", 1)])
    network.confirm()
    assert network.chain.confirmations(signed.id) == CONFIRMATIONS
    assert network.chain.height == block.height + CONFIRMATIONS - 1


def test_gas_is_so_cheap_that_a_day_of_transactions_is_not_felt() -> None:
    network = Testbed(["ann"])
    network.open_block()
    for _ in range(50):
        network.send("ann", "bank", "buy", 1)
    network.close_block()
    assert GAS_PRICE == 1
    assert ENDOWMENT - network.balance("ann", ETHER) < ENDOWMENT // 10**12


def test_nonces_follow_by_themselves_in_and_between_blocks() -> None:
    network = Testbed(["ann"])
    network.open_block()
    nonces = [network.signed("ann", "bank", "buy", 1).transaction.nonce]
    network.send("ann", "bank", "buy", 1)
    nonces.append(network.signed("ann", "bank", "buy", 1).transaction.nonce)
    network.close_block()
    nonces.append(network.signed("ann", "bank", "buy", 1).transaction.nonce)
    assert nonces == [0, 1, 1]
    assert network.signed("ann", "bank", "buy", 1, nonce=7).transaction.nonce == 7


def test_without_an_open_block_nothing_is_sent_or_closed() -> None:
    network = Testbed(["ann"])
    with pytest.raises(ValueError, match="open a block first"):
        network.send("ann", "bank", "buy", 1)
    with pytest.raises(ValueError, match="open a block first"):
        network.close_block()


@pytest.mark.parametrize("name", SERVICE)
def test_a_household_cannot_take_the_name_of_a_service(name: str) -> None:
    with pytest.raises(ValueError, match=f"'{name}' is the name of a service account"):
        Testbed(["ann", name])


def test_an_unknown_account_has_no_address() -> None:
    with pytest.raises(KeyError):
        Testbed(["ann"]).address("ben")


def test_another_seed_gives_other_keys_and_another_name_another_chain() -> None:
    first = Testbed(["ann"])
    for terms in (ChainTerms(seed="another"), ChainTerms(name="another")):
        assert Testbed(["ann"], terms).chain.head.hash != first.chain.head.hash
    assert Testbed(["ann"]).chain.head.hash == first.chain.head.hash


def test_what_an_account_signs_names_its_chain() -> None:
    wish = Testbed(["ann"], ChainTerms(name="here")).signed("ann", "bank", "buy", 1)
    assert isinstance(wish.transaction, Transaction)
    assert wish.transaction.chain == "here"
    wish.check_signature()
