"""The exhibit: Bitcoin's block 100,000 as published truth, and a fault that ours does not have."""

import csv

import pytest

from energychain import datasets
from energychain.primitives.bitcoin import bitcoin_header, bitcoin_merkle_root, double_sha256
from energychain.primitives.merkle import merkle_root

BLOCK = {
    row["height"]: row for row in csv.DictReader(datasets.lines("vectors", "bitcoin_blocks.csv"))
}["100000"]
BLOCK_HASH, PARENT, MERKLE_ROOT = BLOCK["hash"], BLOCK["parent"], BLOCK["merkle_root"]
TRANSACTIONS = BLOCK["transactions"].split()
IDS = [bytes.fromhex(text)[::-1] for text in TRANSACTIONS]


def header(nonce: int = 274_148_111) -> bytes:
    return bitcoin_header(1, PARENT, MERKLE_ROOT, 1_293_623_863, 0x1B04864C, nonce)


def test_the_header_of_block_100000_has_its_published_bytes_and_hash() -> None:
    assert header().hex() == (
        "0100000050120119172a610421a6c3011dd330d9df07b63616c2cc1f1cd00200000000006657a9252aacd5c0"
        "b2940996ecff952228c3067cc38d4885efb5a4ac4247e9f337221b4d4c86041b0f2b5710"
    )
    assert double_sha256(header())[::-1].hex() == BLOCK_HASH


def test_another_nonce_would_not_have_sealed_block_100000() -> None:
    target = 0x04864C << 8 * (0x1B - 3)  # what the 0x1b04864c of its header stands for
    assert int.from_bytes(double_sha256(header()), "little") <= target
    assert int.from_bytes(double_sha256(header(274_148_112)), "little") > target


def test_the_merkle_root_of_block_100000_follows_from_its_four_transactions() -> None:
    assert bitcoin_merkle_root(IDS)[::-1].hex() == MERKLE_ROOT


def test_a_single_transaction_is_its_own_bitcoin_root() -> None:
    assert bitcoin_merkle_root(IDS[:1]) == IDS[0]


@pytest.mark.parametrize("count", [3, 5, 6, 7])
def test_in_bitcoins_tree_two_lists_can_share_a_root(count: int) -> None:
    ids = [double_sha256(bytes([i])) for i in range(count)]
    longer = [*ids, *ids[-2:]] if count == 6 else [*ids, ids[-1]]
    assert bitcoin_merkle_root(ids) == bitcoin_merkle_root(longer)  # CVE-2012-2459


@pytest.mark.parametrize("count", [3, 5, 6, 7])
def test_in_our_tree_they_cannot(count: int) -> None:
    ids = [double_sha256(bytes([i])) for i in range(count)]
    longer = [*ids, *ids[-2:]] if count == 6 else [*ids, ids[-1]]
    assert merkle_root(ids) != merkle_root(longer)


def test_a_bitcoin_block_without_transactions_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        bitcoin_merkle_root([])
