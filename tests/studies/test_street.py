"""The street is a valid chain, and what a proof takes is what a real tree says."""

import pytest

from energychain.ledger.block import NONCE_BYTES
from energychain.primitives.keys import BadSignature
from energychain.primitives.merkle import MerkleTree
from energychain.studies.street import forged, proof_sizes, register, street

HOMES = 16


def test_a_street_is_a_valid_chain_of_readings():
    network = street(homes=3, hours=4)
    assert network.chain.validate().head == network.chain.head
    assert [len(block.transactions) for block in network.chain.blocks] == [0, 3, 3, 3, 3]
    assert all(receipt.done for block in network.chain.receipts for receipt in block)


def test_registers_grow_and_differ():
    for home in range(1, HOMES + 1):
        hours = [register(home, hour) for hour in range(5)]
        assert hours == sorted(set(hours))
    assert len({register(home, 0) for home in range(1, HOMES + 1)}) == HOMES


def test_a_forged_reading_no_longer_fits_its_signature():
    signed = street(2, 1).chain.head.transactions[0]
    lie = forged(signed, 5)
    assert lie.transaction.arguments[2] == signed.transaction.arguments[2] + 5
    assert lie.signature == signed.signature
    with pytest.raises(BadSignature):
        lie.check_signature()


@pytest.mark.parametrize("count", [1, 2, 3, 8, 100, 1_000])
def test_the_sizes_are_those_of_a_real_tree(count):
    block = street(2, 1).chain.head
    (row,) = proof_sizes(block, [count])
    proof = MerkleTree.over([b"x"] * count).inclusion(0)
    header = len(block.header.unsealed) + NONCE_BYTES
    assert row["proof_bytes"] - header == sum(map(len, proof.path))
    assert row["all_bytes"] > count * min(len(signed.encoded) for signed in block.transactions)
