"""What all protocols share: the pool, the signatures, the judge of safety."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energychain.consensus.protocol import (
    GENESIS,
    Commit,
    IdealSignatures,
    KeySignatures,
    Pool,
    Proposal,
    Signatures,
    Signed,
    Trade,
    conflict,
)
from energychain.primitives.keys import derive

TRADES = [Trade(bytes([i]), 1, 100 + i) for i in range(8)]


@given(st.lists(st.tuples(st.sampled_from(["add", "settle", "restore"]), st.integers(0, 7))))
def test_a_pool_is_a_list_of_what_is_not_settled(steps: list[tuple[str, int]]) -> None:
    pool = Pool()
    waiting: list[Trade] = []
    settled: list[Trade] = []
    for step, number in steps:
        trade = TRADES[number]
        getattr(pool, step)([trade])
        if step == "add" and trade not in settled and trade not in waiting:
            waiting.append(trade)
        if step == "settle":
            waiting = [each for each in waiting if each != trade]
            settled.append(trade)
        if step == "restore":
            settled = [each for each in settled if each != trade]
            if trade not in waiting:
                waiting.append(trade)
    assert pool.take(100) == tuple(waiting)
    assert pool.take(2) == tuple(waiting[:2])
    assert len(pool) == len(waiting)
    for trade in TRADES:
        assert pool.are_new([trade]) == (trade not in settled)
    assert not pool.are_new([TRADES[0], TRADES[0]])


KEYS = [derive("protocol", f"replica {i}") for i in range(2)]


@pytest.mark.parametrize("signatures", [IdealSignatures(), KeySignatures(KEYS)])
def test_nobody_signs_for_another_nor_what_another_said(signatures: Signatures) -> None:
    signed = signatures.sign(0, ("yes", 1))
    assert signatures.check(signed)
    assert not signatures.check(Signed(1, signed.statement, signed.signature))
    assert not signatures.check(Signed(0, ("no", 1), signed.signature))
    assert not signatures.check(Signed(7, ("yes", 1), signed.signature))
    assert not signatures.check(Signed(-1, ("yes", 1), signed.signature))


@given(st.integers(0, 5))
def test_a_block_is_named_by_all_that_is_in_it(field: int) -> None:
    block = Proposal(1, GENESIS.digest, 2, 3, tuple(TRADES[:2]), ("note",))
    others = [
        Proposal(2, GENESIS.digest, 2, 3, tuple(TRADES[:2]), ("note",)),
        Proposal(1, block.digest, 2, 3, tuple(TRADES[:2]), ("note",)),
        Proposal(1, GENESIS.digest, 1, 3, tuple(TRADES[:2]), ("note",)),
        Proposal(1, GENESIS.digest, 2, 4, tuple(TRADES[:2]), ("note",)),
        Proposal(1, GENESIS.digest, 2, 3, tuple(TRADES[1::-1]), ("note",)),
        Proposal(1, GENESIS.digest, 2, 3, tuple(TRADES[:2]), ()),
    ]
    assert others[field].digest != block.digest
    assert Proposal(1, GENESIS.digest, 2, 3, tuple(TRADES[:2]), ("note",)).digest == block.digest


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3), st.integers(0, 1))))
def test_a_conflict_is_two_blocks_at_one_height(said: list[tuple[int, int, int]]) -> None:
    blocks = {(h, v): Proposal(h, GENESIS.digest, v, 0) for h in (1, 2, 3) for v in (0, 1)}
    commits = [(replica, Commit(h, blocks[h, v])) for replica, h, v in said]
    versions = {h: {v for _, height, v in said if height == h} for h in (1, 2, 3)}
    assert (conflict(commits) is None) == all(len(seen) <= 1 for seen in versions.values())
