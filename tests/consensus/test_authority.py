"""Proof of authority: turns, votes, and what one sealer can do."""

from collections import Counter
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energychain.consensus.authority import Roll, Sealer, Vote
from energychain.consensus.longest_chain import Announce
from energychain.consensus.protocol import (
    GENESIS,
    SECOND,
    IdealSignatures,
    Proposal,
    Replica,
    Submit,
    Trade,
)
from energychain.consensus.traitors import Silent
from energychain.network.simulation import Constant, Network, Partition, Simulation

TRADES = tuple(Trade(bytes([i]), 1_000_000, 300) for i in range(20))
PERIOD = 5 * SECOND
CALM = Network(Constant(50_000))


def sealers(
    nodes: int,
    seconds: int,
    silent: tuple[int, ...] = (),
    ballots: dict[int, tuple[Vote, ...]] | None = None,
    first: int | None = None,
    network: Network = CALM,
) -> Simulation:
    """A network of so many replicas, of which the first ones (all) are on the roll."""
    signatures, roll = IdealSignatures(), range(nodes if first is None else first)
    replicas: list[Replica] = [
        Silent()
        if me in silent
        else Sealer(
            me,
            nodes,
            5,
            nodes // 2 + 1,
            PERIOD,
            roll,
            signatures,
            Random(me),
            ballot=(ballots or {}).get(me, ()),
        )
        for me in range(nodes)
    ]
    simulation = Simulation(replicas, network, seed=1)
    simulation.submit(0, Submit(TRADES))
    simulation.run(seconds * SECOND)
    return simulation


def chain(simulation: Simulation, who: int) -> Sealer:
    replica = simulation.replicas[who]
    assert isinstance(replica, Sealer)
    return replica


def test_sealers_take_turns_and_agree() -> None:
    simulation = sealers(5, 200)
    main = chain(simulation, 0).main[1:]
    assert [block.proposer for block in main] == [h % 5 for h in range(1, len(main) + 1)]
    assert len(main) == 200 // 5
    assert simulation.conflict() is None
    assert simulation.messages == 4 * len(main), "each block is told to each of the others"
    assert {t.id for block in main for t in block.trades} == {t.id for t in TRADES}


def test_others_fill_in_for_who_is_asleep_after_a_pause() -> None:
    simulation = sealers(5, 200, silent=(2,))
    main = chain(simulation, 0).main[1:]
    assert {block.proposer for block in main} == {0, 1, 3, 4}
    for parent, block in pairwise(main):
        late = block.slot - parent.slot - PERIOD
        assert (late > 100_000) == (block.height % 5 != block.proposer)
    assert simulation.conflict({0, 1, 3, 4}) is None


@pytest.mark.parametrize("silent", [(0, 1), (0, 1, 2)])
def test_more_than_half_must_be_awake(silent: tuple[int, ...]) -> None:
    simulation = sealers(5, 400, silent)
    height = chain(simulation, 4).head.height
    assert (height > 40) == (len(silent) < 3)
    if len(silent) == 3:
        # Each of the two that are left may seal once, and then has to wait for ever. If they
        # do so at one height, neither can even follow the other: nobody is left to decide.
        assert height <= 2


def test_a_partition_alone_stops_the_smaller_side_and_divides_nobody() -> None:
    cut = Partition(20 * SECOND, 300 * SECOND, (frozenset({0, 1}),))
    simulation = sealers(5, 290, network=Network(Constant(50_000), partitions=(cut,)))
    assert chain(simulation, 0).head.height <= 6 < 40 < chain(simulation, 4).head.height
    simulation.run(600 * SECOND)
    assert simulation.conflict() is None
    assert len({chain(simulation, who).main[60].digest for who in range(5)}) == 1


def test_each_seals_once_in_a_majority_of_blocks() -> None:
    main = chain(sealers(6, 300, silent=(1, 4)), 0).main[1:]
    for start in range(len(main) - 3):
        window = [block.proposer for block in main[start : start + 4]]
        assert len(set(window)) == 4


def test_a_majority_votes_somebody_in_and_somebody_out() -> None:
    wishes = (Vote(4, 1), Vote(0, 0))
    ballots = dict.fromkeys((1, 2, 3), wishes)
    simulation = sealers(5, 400, ballots=ballots, first=4)
    for who in range(5):
        replica = chain(simulation, who)
        assert replica.rolls[replica.head.digest].sealers == (1, 2, 3, 4)
        recent = Counter(block.proposer for block in replica.main[-20:])
        assert set(recent) == {1, 2, 3, 4}
    assert simulation.conflict() is None


def test_a_minority_votes_in_vain() -> None:
    simulation = sealers(5, 400, ballots={1: (Vote(0, 0),), 2: (Vote(0, 0),)}, first=5)
    replica = chain(simulation, 3)
    assert replica.rolls[replica.head.digest].sealers == (0, 1, 2, 3, 4)


@given(
    st.sets(st.integers(0, 5), min_size=1),
    st.lists(st.tuples(st.integers(0, 5), st.builds(Vote, st.integers(0, 5), st.integers(0, 1)))),
)
def test_the_roll_changes_by_a_majority_only(first: set[int], said: list[tuple[int, Vote]]) -> None:
    roll = Roll(tuple(sorted(first)))
    voters: dict[Vote, set[int]] = {}
    for sealer, vote in said:
        if sealer not in roll.sealers:
            continue
        after = roll.after(sealer, vote)
        voters.setdefault(vote, set()).add(sealer)
        if after.sealers != roll.sealers:
            changed = set(after.sealers) ^ set(roll.sealers)
            assert changed == {vote.candidate}
            assert len(voters[vote] & set(roll.sealers)) >= roll.majority
            voters = {v: who for v, who in voters.items() if v.candidate != vote.candidate}
        assert after.sealers == tuple(sorted(set(after.sealers)))
        assert all(voter in after.sealers for voter, _ in after.votes)
        roll = after


def test_a_block_is_refused_unless_its_sealer_may_and_it_is_due() -> None:
    signatures = IdealSignatures()
    replica = Sealer(0, 4, 5, 3, PERIOD, range(3), signatures, Random(1))

    def sealed(block: Proposal, by: int | None = None) -> Announce:
        who = block.proposer if by is None else by
        return Announce(block, signatures.sign(who, ("seal", block.digest)))

    def offer(announced: Announce, now: int = 2 * PERIOD) -> bool:
        replica.receive(now, 1, announced)
        return replica.head is announced.block

    first = Proposal(1, GENESIS.digest, 1, PERIOD)
    votes = (Vote(3, 1), Vote(2, 0))
    assert not offer(Announce(first)), "not signed"
    assert not offer(sealed(first, by=2)), "signed by another"
    assert not offer(sealed(Proposal(1, GENESIS.digest, 3, PERIOD))), "not on the roll"
    assert not offer(sealed(Proposal(1, GENESIS.digest, 1, PERIOD - 1))), "before its time"
    assert not offer(sealed(first), now=PERIOD - 1), "from the future"
    assert not offer(sealed(Proposal(1, GENESIS.digest, 1, PERIOD, (), votes))), "two votes"
    assert offer(sealed(first))
    assert not offer(sealed(Proposal(2, first.digest, 1, 2 * PERIOD))), "twice in a row"
    assert offer(sealed(Proposal(2, first.digest, 2, 2 * PERIOD)))
    assert replica.weight[replica.head.digest] == 4, "both in turn"
