"""The block tree: what counts, what is orphaned, and that nothing of it is left behind."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.consensus import block_tree
from energychain.consensus.block_tree import BlockTree, OnRefusedBlock
from energychain.consensus.difficulty import Retarget, block_work
from energychain.consensus.work import check_work, mine, target_for
from energychain.contracts import CONTRACTS
from energychain.ledger import saved
from energychain.ledger.block import Block
from energychain.ledger.chain import Chain, InvalidBlock, WrongTarget
from energychain.ledger.mempool import Mempool
from energychain.ledger.state import State
from energychain.ledger.transaction import SignedTransaction
from energychain.primitives.encoding import encode
from energychain.studies.forks import mined, random_forks
from energychain.studies.testbed import ChainTerms, Testbed

FORKS = 1_000


@cache
def network() -> Testbed:
    """Ann and Ben with a hundred tokens each, on a chain on which every hash is a seal."""
    made = Testbed(["ann", "ben"], ChainTerms(difficulty_bits=0))
    made.open_block()
    for name in ("ann", "ben"):
        made.send(name, "bank", "buy", 100_000)
    made.close_block()
    return made


def sent(amount: int, nonce: int = 1, name: str = "ann", to: str = "ben") -> SignedTransaction:
    """A transfer; every account has used nonce 0."""
    return network().signed(
        name, "token", "transfer", "token", network().address(to), amount, nonce=nonce
    )


def grown(chain: Chain, *blocks: tuple[SignedTransaction, ...], miner: str = "miner 1") -> Chain:
    for pending in blocks:
        chain = mined(network(), chain, miner, pending)
    return chain


def since(base: Chain, chain: Chain) -> tuple[Block, ...]:
    return chain.blocks[base.height + 1 :]


def fed(base: Chain, *chains: Chain) -> BlockTree:
    tree = BlockTree(base)
    for chain in chains:
        for block in since(base, chain):
            tree.add(block)
    return tree


def hashes(blocks: Chain | tuple[Block, ...]) -> list[bytes]:
    return [block.hash for block in (blocks.blocks if isinstance(blocks, Chain) else blocks)]


def state_bytes(state: State) -> bytes:
    """The whole state, written down independently of its root."""

    def table(entries: object) -> bytes:
        assert hasattr(entries, "items")
        return b"".join(sorted(encode(entry) for entry in entries.items()))

    contracts = b"".join(encode(n) + table(s) for n, s in sorted(state.storage.items()))
    return b"|".join((table(state.balances), table(state.nonces), contracts))


# --- the bar --------------------------------------------------------------------------


@pytest.mark.slow
def test_a_thousand_reorganisations_and_back_restore_the_state_byte_for_byte() -> None:
    reached, moved = set(), 0
    for fork in random_forks(FORKS, seed=7):
        tree = fed(fork.base, fork.first)
        before = state_bytes(tree.head.state)
        assert tree.head.head == fork.first.head

        for block in since(fork.base, fork.second):
            tree.add(block)
        assert tree.head.head == fork.second.head
        assert state_bytes(tree.head.state) == state_bytes(tree.head.validate().state)

        for block in since(fork.first, fork.back)[:-1]:
            assert tree.add(block).move is None
        move = tree.add(fork.back.head).reorganisation
        assert move is not None
        # Two empty blocks of one miner are the same block: the branches may part later.
        theirs, ours = set(hashes(fork.second)), set(hashes(fork.back))
        assert hashes(move.orphaned) == [h for h in hashes(fork.second) if h not in ours]
        assert hashes(move.adopted) == [h for h in hashes(fork.back) if h not in theirs]
        # Where we were is where we were, and where we are is what the blocks lead to.
        assert state_bytes(tree.chain(fork.first.head.hash).state) == before
        replayed = tree.head.validate()
        assert state_bytes(tree.head.state) == state_bytes(replayed.state)
        assert tree.head.receipts == replayed.receipts
        assert tree.head.state.root == tree.head.head.header.state_root == replayed.state.root
        reached.add(tree.head.state.root)
        moved += before != state_bytes(fork.second.state)
    assert len(reached) > 0.9 * FORKS, "the forks hardly differ"
    assert moved > 0.9 * FORKS, "the branches hardly differ"


def test_a_chain_that_was_left_and_found_again_is_saved_in_the_same_bytes() -> None:
    for fork in random_forks(20, seed=3):
        tree = fed(fork.base, fork.back)
        alone = list(saved.lines(tree.head))
        assert list(saved.lines(fed(fork.base, fork.first, fork.second, fork.back).head)) == alone


# --- what counts ----------------------------------------------------------------------


def test_the_first_seen_wins_a_tie_and_one_more_block_breaks_it() -> None:
    base = network().chain
    one, other = grown(base, ()), grown(base, (sent(1_000),), miner="miner 2")
    assert fed(base, one, other).head.head == one.head
    assert fed(base, other, one).head.head == other.head
    assert fed(base, one, grown(other, ())).head.head == grown(other, ()).head


def tree_of_blocks(rng: Random, size: int) -> list[Chain]:
    """A random tree: every new block stands on any that is there."""
    chains = [network().chain]
    for number in range(size):
        parent = rng.choice(chains)
        child = parent.draft(parent.head.header.time + 1 + number, network().address("miner 1"))
        chains.append(child.finish(mine))
    return chains


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 12))
def test_in_whatever_order_blocks_come_the_most_work_counts(seed: int, size: int) -> None:
    rng = Random(seed)
    base, *chains = tree_of_blocks(rng, size)
    blocks = [chain.head for chain in chains]
    rng.shuffle(blocks)
    tree = BlockTree(base)
    connected = [block for arriving in blocks for block in tree.add(arriving).connected]
    assert sorted(b.hash for b in connected) == sorted(b.hash for b in blocks)
    assert tree.waiting == ()
    # The judge: walk down from every block and count.
    parents = {block.hash: block.header.parent for block in blocks}

    def depth(block: bytes) -> int:
        return 0 if block == base.head.hash else 1 + depth(parents[block])  # type: ignore[index]

    deepest = max(depth(block.hash) for block in blocks)
    assert tree.head.height == base.height + deepest
    first = next(block for block in connected if depth(block.hash) == deepest)
    assert tree.head.head == first
    leaves = {block.hash for block in blocks} - set(parents.values())
    assert {tip.head.hash for tip in tree.tips()} == leaves
    assert [row["hash"] for row in tree.rows()][base.height + 1 :] == [
        block.hash[:4].hex() for block in connected
    ]


def test_more_work_counts_more_than_more_blocks() -> None:
    """A chain whose blocks came fast has the harder target: fewer blocks, more work."""
    rule = Retarget(interval=4, spacing=100, limit=target_for(3))
    genesis = replace(network().chain.genesis, target=target_for(3))
    base = Chain.begin(genesis, CONTRACTS, check_work, rule)

    def at_pace(chain: Chain, seconds: int, count: int) -> Chain:
        for _ in range(count):
            miner = network().address("miner 1")
            chain = chain.draft(chain.head.header.time + seconds, miner).finish(mine)
        return chain

    fast, slow = at_pace(base, 10, 8), at_pace(base, 200, 9)
    assert slow.height > fast.height
    targets = [block.header.target for block in fast.blocks]
    assert targets[:4] == [target_for(3)] * 4
    assert block_work(targets[4]) == 4 * block_work(targets[0]), "clamped to a quarter"
    assert {block.header.target for block in slow.blocks[4:]} == {rule.limit >> 232 << 232}
    tree = fed(base, slow, fast)
    assert tree.head.head == fast.head
    assert tree.chainwork(fast.head.hash) == sum(
        2**256 // (block.header.target + 1) for block in fast.blocks
    )
    assert fast.validate().state.root == fast.state.root
    stubborn = replace(fast.blocks[-1], header=replace(fast.blocks[-1].header, target=targets[0]))
    with pytest.raises(WrongTarget, match=f"expected {targets[-1]:x}"):
        BlockTree(at_pace(base, 10, 7)).add(mine(stubborn))


def test_another_measure_of_work_makes_another_fork_choice() -> None:
    base = network().chain
    one, other = grown(base, (), ()), grown(base, (sent(1_000),), miner="miner 2")
    favourite = network().address("miner 2")
    tree = BlockTree(base, work=lambda header: 5 if header.miner == favourite else 1)
    for block in (*since(base, one), *since(base, other)):
        tree.add(block)
    assert tree.head.head == other.head


# --- what a move means ----------------------------------------------------------------


def test_a_reorganisation_says_what_was_orphaned_returned_and_undone() -> None:
    base = network().chain
    shared, alone, spent = sent(1_000), sent(5_000, name="ben", to="ann"), sent(2_000, nonce=2)
    old = grown(base, (shared, alone), (spent,))
    double = sent(99_000, nonce=2)
    new = grown(base, (shared,), (double,), (), miner="miner 2")
    tree = fed(base, old)
    moves = [tree.add(block).reorganisation for block in since(base, new)]
    assert moves[:2] == [None, None]
    move = moves[2]
    assert move is not None
    assert (move.ancestor, move.depth) == (base.head, 2)
    assert (move.orphaned, move.adopted) == (since(base, old), since(base, new))
    assert move.returned == (alone, spent)
    assert [each.was.transaction for each in move.undone] == [shared.id, alone.id, spent.id]
    now = [each.now and each.now.transaction for each in move.undone]
    assert now == [shared.id, None, None]
    assert repr(move).endswith("2 orphaned, 3 adopted>")

    came_later = sent(7, nonce=3)
    room, dropped = move.waiting(Mempool((double, came_later)))
    assert room.waiting == (alone, came_later)
    assert [(each.transaction, each.reason) for each in dropped] == [
        (spent, "nonce 2 is used up: the next one is 3")
    ]
    ann, ben = (network().address(name) for name in ("ann", "ben"))
    changed = move.balances()
    assert changed["token", ann] == (102_000, 0)
    assert changed["token", ben] == (98_000, 200_000)
    assert ("token", network().address("bank")) not in changed
    assert sum(after - before for (a, _), (before, after) in changed.items() if a == "token") == 0
    # One more block was mined, with its reward.
    grew = sum(after - before for (a, _), (before, after) in changed.items() if a == "ether")
    assert grew == base.genesis.reward


def test_a_chain_that_only_grows_is_moved_along_and_not_reorganised() -> None:
    base = network().chain
    added = BlockTree(base).add(grown(base, (sent(1_000),)).head)
    assert added.reorganisation is None
    assert added.move is not None
    assert (added.move.depth, added.move.returned, len(added.move.adopted)) == (0, (), 1)
    assert added.move.ancestor == base.head


# --- orphans and refusals -------------------------------------------------------------


def test_blocks_wait_for_their_parents_in_every_order() -> None:
    base = network().chain
    chain = grown(base, (sent(1_000),), (), (sent(2, nonce=2),))
    for order in permutations(since(base, chain)):
        tree = BlockTree(base)
        added = [tree.add(block) for block in order]
        assert tree.head.state.root == chain.state.root
        assert sum((each.connected for each in added), ()) == since(base, chain)
        assert added[-1].move is not None, "the last to come completes the chain"


def test_a_known_block_changes_nothing() -> None:
    base = network().chain
    chain = grown(base, (), ())
    first, second = since(base, chain)
    tree = BlockTree(base)
    tree.add(second)
    assert tree.add(second) == tree.add(base.head) == block_tree.Added()
    assert (tree.waiting, second.hash in tree) == ((second,), False)
    tree.add(first)
    assert tree.add(second) == block_tree.Added()
    assert second.hash in tree


def invalid() -> Iterator[Block]:
    base = network().chain
    block = grown(base, (sent(1_000),)).head
    yield mine(replace(block, header=replace(block.header, state_root=base.head.hash)))
    yield mine(replace(block, header=replace(block.header, time=0)))


@pytest.mark.parametrize(("number", "rule"), [(0, "state root"), (1, "time")])
def test_a_block_that_breaks_a_rule_is_refused_by_name_and_so_is_what_stands_on_it(
    number: int, rule: str
) -> None:
    base, bad = network().chain, list(invalid())[number]
    child = replace(bad, header=replace(bad.header, parent=bad.hash, height=bad.height + 1))
    tree = BlockTree(base)
    for _ in range(2):
        with pytest.raises(InvalidBlock) as refused:
            tree.add(bad)
        assert refused.value.rule == rule
    with pytest.raises(OnRefusedBlock, match="which was refused"):
        tree.add(child)
    assert bad.hash not in tree
    assert tree.head is base


@pytest.mark.parametrize("early", [False, True])
def test_a_header_with_other_transactions_does_not_keep_the_true_block_out(early: bool) -> None:
    """Both have the same name; Bitcoin once remembered the wrong one (CVE-2012-2459)."""
    base = network().chain
    chain = grown(base, (), (sent(1_000),))
    first, true = since(base, chain)
    false = replace(true, transactions=(sent(2_000),))
    assert false.hash == true.hash
    tree = BlockTree(base)
    if not early:
        tree.add(first)
    with pytest.raises(InvalidBlock) as refused:
        tree.add(false)
    assert refused.value.rule == "merkle root"
    tree.add(true)
    tree.add(first)
    assert tree.head.head == true


def test_a_block_that_waited_in_vain_is_reported() -> None:
    base = network().chain
    good = grown(base, (sent(1_000),))
    bad = grown(good, (sent(2_000, nonce=2),)).head
    bad = replace(bad, header=replace(bad.header, state_root=base.head.hash))
    grandchild = replace(bad, header=replace(bad.header, parent=bad.hash, height=bad.height + 1))
    tree = BlockTree(base)
    tree.add(bad)
    tree.add(grandchild)
    added = tree.add(good.head)
    assert added.connected == (good.head,)
    assert [(block, fault.rule) for block, fault in added.refused] == [
        (bad, "state root"),
        (grandchild, "parent"),
    ]
    assert tree.head.head == good.head
    assert tree.waiting == ()


def test_whoever_waited_for_a_block_that_is_refused_waits_no_longer() -> None:
    bad = next(invalid())
    child = replace(bad, header=replace(bad.header, parent=bad.hash, height=bad.height + 1))
    tree = BlockTree(network().chain)
    tree.add(child)
    with pytest.raises(InvalidBlock):
        tree.add(bad)
    assert tree.waiting == ()


def test_useless_blocks_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_tree, "MOST_ASIDE", 3)
    base = network().chain
    block = grown(base, ()).head
    strays = [
        replace(block, header=replace(block.header, parent=block.hash, nonce=nonce))
        for nonce in range(5)
    ]
    tree = BlockTree(base)
    for stray in strays:
        tree.add(stray)
    assert tree.waiting == tuple(strays[2:])


# --- the beginning --------------------------------------------------------------------


def test_a_fork_below_the_chain_with_which_the_tree_began() -> None:
    base = network().chain
    trunk = grown(base, (sent(1_000),), ())
    fork = grown(base, (), (), (), miner="miner 2")
    tree = BlockTree(trunk)
    assert tree.chainwork(trunk.head.hash) == trunk.height + 1
    moves = [tree.add(block).reorganisation for block in since(base, fork)]
    assert [move is not None for move in moves] == [False, False, True]
    assert tree.head.state.root == fork.state.root
    assert repr(tree).startswith("<block tree: 7 blocks, 0 waiting, head 4 ")


def test_rows_name_branches_miners_and_what_counts() -> None:
    base = network().chain
    main = grown(base, (sent(1_000),), ())
    side = grown(base, (), miner="miner 2")
    rows = fed(base, side, main).rows()
    assert [row["branch"] for row in rows] == [0, 0, 1, 0, 0]
    assert [row["on_main"] for row in rows] == [True, True, False, True, True]
    assert [row["miner"] for row in rows] == ["nobody", "miner 1", "miner 2", "miner 1", "miner 1"]
    assert [row["chainwork"] for row in rows] == [1, 2, 3, 3, 4]
    assert [row["transactions"] for row in rows] == [0, 2, 0, 1, 0]
    by_hash = {row["hash"]: row for row in rows}
    for row in rows[1:]:
        assert by_hash[row["parent"]]["height"] == row["height"] - 1  # type: ignore[operator]
