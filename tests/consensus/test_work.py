"""Proof of work: the target, the smallest nonce, and what is not sealed."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.consensus.work import NoNonceFound, check_work, mine, target_for, work
from energychain.ledger.block import Block, Header
from energychain.ledger.chain import InvalidSeal
from energychain.primitives.hashing import NO_DIGEST, sha256
from energychain.primitives.keys import Address

MINER = Address("0x" + "1" * 40)


def block(number: int = 0, target: int = target_for(8)) -> Block:
    header = Header(1, number, NO_DIGEST, NO_DIGEST, NO_DIGEST, 15, target, MINER, 0)
    return Block(header, ())


@given(st.integers(0, 255))
def test_a_target_is_met_once_in_two_to_the_bits_tries(bits: int) -> None:
    assert (target_for(bits) + 1) * 2**bits == 2**256
    assert work(target_for(bits)) == 2.0**bits


@pytest.mark.parametrize("bits", [-1, 256, 1000])
def test_a_difficulty_outside_the_hash_is_refused(bits: int) -> None:
    with pytest.raises(ValueError, match=f"0 to 255 bits, not {bits}"):
        target_for(bits)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(0, 9))
def test_the_nonce_that_is_found_is_the_smallest_that_brute_force_finds(
    number: int, bits: int
) -> None:
    unsealed = block(number, target_for(bits))
    nonce = 0
    while int.from_bytes(
        sha256(unsealed.header.unsealed + nonce.to_bytes(8, "big")), "big"
    ) > target_for(bits):
        nonce += 1
    assert mine(unsealed).header.nonce == nonce


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_a_mined_block_is_sealed_and_differs_in_nothing_but_its_nonce(number: int) -> None:
    unsealed = block(number)
    mined = mine(unsealed)
    check_work(mined.header)
    assert mined == unsealed.sealed(mined.header.nonce)


def test_every_nonce_below_the_one_that_was_found_is_no_seal() -> None:
    mined = mine(block())
    assert mined.header.nonce > 0
    for nonce in range(mined.header.nonce):
        with pytest.raises(InvalidSeal, match="above the target"):
            check_work(mined.sealed(nonce).header)


def test_a_header_altered_after_mining_is_no_longer_sealed() -> None:
    mined = mine(block(target=target_for(12)))
    for change in ({"time": 16}, {"height": 1}, {"miner": Address("0x" + "2" * 40)}):
        with pytest.raises(InvalidSeal, match="not mined, or altered"):
            check_work(replace(mined.header, **change))


def test_a_hash_equal_to_the_target_is_a_seal_and_one_above_is_not() -> None:
    number = int.from_bytes(block().hash, "big")
    header = block().header
    # The target is part of what is hashed, so the comparison is tried on a header that hashes so.
    object.__setattr__(fixed := replace(header, target=number), "hash", block().hash)
    check_work(fixed)
    object.__setattr__(fixed := replace(header, target=number - 1), "hash", block().hash)
    with pytest.raises(InvalidSeal):
        check_work(fixed)


def test_the_easiest_target_takes_any_nonce() -> None:
    assert mine(block(target=target_for(0))).header.nonce == 0


def test_mining_gives_up_by_name_after_so_many_tries() -> None:
    with pytest.raises(NoNonceFound, match="no nonce below 10 "):
        mine(block(target=0), tries=10)


def test_mining_tells_how_many_nonces_it_has_tried() -> None:
    told: list[int] = []
    with pytest.raises(NoNonceFound):
        mine(block(target=0), tries=150_000, progress=told.append)
    assert told == [65_536, 131_072, 150_000]
