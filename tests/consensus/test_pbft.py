"""PBFT: the quorums, one round by hand, and no two honest replicas of two minds."""

from collections import Counter
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energychain.consensus.pbft import (
    NOTHING,
    Ballot,
    Decided,
    NewView,
    Pbft,
    PrePrepare,
    ViewChange,
    most_faulty,
    quorum,
)
from energychain.consensus.protocol import (
    GENESIS,
    MILLISECOND,
    SECOND,
    Commit,
    IdealSignatures,
    KeySignatures,
    Proposal,
    Replica,
    Send,
    Signatures,
    Signed,
    Submit,
    Trade,
)
from energychain.consensus.traitors import PbftTraitor, Silent
from energychain.network.simulation import (
    Constant,
    Crash,
    Exponential,
    Latency,
    Network,
    Partition,
    PerLink,
    Simulation,
    Uniform,
)
from energychain.primitives.hashing import digest
from energychain.primitives.keys import derive

TRADES = tuple(Trade(bytes([i]), 1_000_000, 300) for i in range(6))
PATIENCE = 500 * MILLISECOND


def replicas(nodes: int, traitors: set[int], seed: int, silent: bool = False) -> list[Replica]:
    signatures, found = IdealSignatures(), list[Replica]()
    for me in range(nodes):
        if me not in traitors:
            found.append(Pbft(me, nodes, 2, PATIENCE, signatures))
        elif silent:
            found.append(Silent())
        else:
            rng, candour = Random(1_000 * seed + me), (1.0, 0.6)[seed % 2]
            found.append(PbftTraitor(me, nodes, signatures, rng, traitors, candour))
    return found


def wild(nodes: int, seed: int, stable_from: int) -> Network:
    """A random network: slow, lossy, out of order, with crashes and cuts, until it is stable."""
    rng = Random(seed)
    storm: Latency = rng.choice(
        (
            Uniform(1 * MILLISECOND, rng.choice((50, 400, 1500)) * MILLISECOND),
            Exponential(rng.choice((50, 300)) * MILLISECOND, 1 * MILLISECOND),
        )
    )
    if rng.random() < 0.6:
        # Some hear each other long before the rest hears of it.
        links = [link for link in combinations(range(nodes), 2) if rng.random() < 0.4]
        slow = Uniform(200 * MILLISECOND, 3 * SECOND)
        storm = PerLink(tuple((*link, slow) for link in links), Uniform(1_000, 30_000))
    crashes = tuple(
        Crash(rng.randrange(nodes), start, min(start + rng.randrange(3 * SECOND), stable_from))
        for start in (rng.randrange(stable_from) for _ in range(rng.randrange(3)))
    )
    side = frozenset(rng.sample(range(nodes), nodes // 2))
    cut = rng.randrange(stable_from)
    partition = Partition(cut, min(cut + 2 * SECOND, stable_from), (side,))
    return Network(
        latency=Uniform(5 * MILLISECOND, 60 * MILLISECOND),
        storm=storm,
        loss=rng.choice((0.0, 0.05, 0.2)),
        duplication=rng.choice((0.0, 0.1)),
        stable_from=stable_from,
        crashes=crashes,
        partitions=(partition,) if rng.random() < 0.3 else (),
    )


def play(
    nodes: int, traitors: set[int], seed: int, until: int = 12 * SECOND, silent: bool = False
) -> Simulation:
    network = wild(nodes, seed, stable_from=5 * SECOND)
    simulation = Simulation(replicas(nodes, traitors, seed, silent), network, seed)
    for i, trade in enumerate(TRADES):
        simulation.submit(i * 300 * MILLISECOND, Submit((trade,)))
    # Whoever hears no answer asks again: the replica that was told may have been down.
    simulation.submit(5 * SECOND, Submit(TRADES))
    simulation.run(until)
    return simulation


def loyal(nodes: int, traitors: set[int]) -> set[int]:
    return set(range(nodes)) - traitors


def some(nodes: int, count: int, seed: int) -> set[int]:
    return set(Random(seed).sample(range(nodes), count))


def settled(simulation: Simulation, who: int) -> set[bytes]:
    replica = simulation.replicas[who]
    assert isinstance(replica, Pbft)
    return {trade.id for decided in replica.log for trade in decided.block.trades}


# --- the bar: 2,000 random schedules with f faulty of 3f + 1 ----------------------------

EVERYTHING = {trade.id for trade in TRADES}


@pytest.mark.parametrize(
    ("nodes", "silent", "seeds"),
    [
        (4, False, range(0, 600)),
        (4, False, range(600, 1_200)),
        (4, True, range(1_200, 1_750)),
        (7, False, range(1_750, 1_900)),
        (7, True, range(1_900, 2_000)),
    ],
)
def test_no_two_honest_replicas_differ_and_all_is_settled_once_the_network_is_stable(
    nodes: int, silent: bool, seeds: range
) -> None:
    for seed in seeds:
        traitors = some(nodes, most_faulty(nodes), seed)
        simulation = play(nodes, traitors, seed, 40 * SECOND, silent)
        honest = loyal(nodes, traitors)
        assert simulation.conflict(honest) is None, f"seed {seed}"
        done = [settled(simulation, who) == EVERYTHING for who in honest]
        # Whoever was down at the end may lag until it is needed; a quorum never does.
        assert sum(done) + len(traitors) >= quorum(nodes), f"seed {seed}"


@pytest.mark.parametrize("nodes", [4, 7])
def test_one_traitor_more_divides_the_honest(nodes: int) -> None:
    count = most_faulty(nodes) + 1
    violations = [
        seed
        for seed in range(40)
        if play(nodes, traitors := some(nodes, count, seed), seed).conflict(loyal(nodes, traitors))
    ]
    assert violations


def test_a_committed_trade_is_settled_once() -> None:
    for seed in range(60):
        traitors = some(4, 1, seed)
        simulation = play(4, traitors, seed)
        for who in loyal(4, traitors):
            replica = simulation.replicas[who]
            assert isinstance(replica, Pbft)
            names = [trade.id for decided in replica.log for trade in decided.block.trades]
            assert len(names) == len(set(names))


# --- the arithmetic --------------------------------------------------------------------


@given(st.integers(1, 200))
def test_two_quorums_share_an_honest_replica_and_the_honest_are_a_quorum(nodes: int) -> None:
    faulty = most_faulty(nodes)
    assert 3 * faulty + 1 <= nodes < 3 * (faulty + 1) + 1
    assert 2 * quorum(nodes) - nodes >= faulty + 1
    assert quorum(nodes) <= nodes - faulty
    # and it is the least such number
    assert 2 * (quorum(nodes) - 1) - nodes < faulty + 1


@pytest.mark.parametrize("nodes", [1, 2, 4, 7, 16])
def test_a_block_takes_2n_times_n_less_1_messages(nodes: int) -> None:
    signatures = IdealSignatures()
    everybody = [Pbft(me, nodes, 2, PATIENCE, signatures) for me in range(nodes)]
    simulation = Simulation(everybody, Network(Constant(10 * MILLISECOND)), seed=1, trace=True)
    simulation.submit(0, Submit(TRADES))
    simulation.run(5 * SECOND)
    kinds = Counter(j.kind for j in simulation.journeys if j.sender >= 0)
    assert {len(replica.log) for replica in everybody} == {1 + 3}
    assert simulation.messages == 3 * 2 * nodes * (nodes - 1)
    assert kinds["pre-prepare"] == 3 * (nodes - 1)
    assert kinds["prepare"] == 3 * (nodes - 1) ** 2
    assert kinds["commit"] == 3 * nodes * (nodes - 1)


# --- one round by hand -----------------------------------------------------------------


def vote(signatures: Signatures, signer: int, phase: str, block: Proposal, view: int = 0) -> Signed:
    return signatures.sign(signer, (phase, view, block.height, block.digest))


def offered(signatures: Signatures, view: int = 0, trades: int = 1) -> PrePrepare:
    primary = view % 4
    block = Proposal(1, GENESIS.digest, primary, view, TRADES[:trades])
    return PrePrepare(view, block, vote(signatures, primary, "prepare", block, view))


def kinds(actions: object) -> list[str]:
    assert isinstance(actions, list)
    return [a.message.kind for a in actions if isinstance(a, Send) and hasattr(a.message, "kind")]


@pytest.mark.parametrize("real", [False, True])
def test_one_round_by_hand(real: bool) -> None:
    keys = [derive("pbft", f"replica {i}") for i in range(4)]
    signatures: Signatures = KeySignatures(keys) if real else IdealSignatures()
    replica = Pbft(3, 4, 2, PATIENCE, signatures)
    offer = offered(signatures)
    assert kinds(replica.receive(0, 0, offer)) == ["prepare"] * 3
    # Its own prepare and the primary's: one more is missing.
    one = Ballot(vote(signatures, 1, "prepare", offer.block))
    assert kinds(replica.receive(1, 1, one)) == ["commit"] * 3
    two = Ballot(vote(signatures, 1, "commit", offer.block))
    assert not any(isinstance(a, Commit) for a in replica.receive(2, 1, two))
    # The same vote twice is one vote, and nobody votes for another.
    forged = Ballot(Signed(2, two.vote.statement, two.vote.signature))
    for again in (two, forged):
        assert not any(isinstance(a, Commit) for a in replica.receive(3, 1, again))
    three = Ballot(vote(signatures, 2, "commit", offer.block))
    assert Commit(1, offer.block) in list(replica.receive(4, 2, three))


def test_it_votes_for_one_block_only_and_for_none_but_the_primarys() -> None:
    signatures = IdealSignatures()
    replica = Pbft(3, 4, 2, PATIENCE, signatures)
    usurper = Proposal(1, GENESIS.digest, 2, 0, TRADES[:1])
    fake = PrePrepare(0, usurper, vote(signatures, 2, "prepare", usurper))
    assert kinds(replica.receive(0, 2, fake)) == []
    assert kinds(replica.receive(1, 0, offered(signatures, trades=1))) == ["prepare"] * 3
    assert kinds(replica.receive(2, 0, offered(signatures, trades=2))) == []


@pytest.mark.parametrize("trades", [TRADES[:1] * 2, ()], ids=["a trade twice", "an unknown parent"])
def test_it_votes_for_no_block_that_is_out_of_order(trades: tuple[Trade, ...]) -> None:
    signatures = IdealSignatures()
    replica = Pbft(3, 4, 2, PATIENCE, signatures)
    parent = GENESIS.digest if trades else digest("nowhere")
    block = Proposal(1, parent, 0, 0, trades)
    offer = PrePrepare(0, block, vote(signatures, 0, "prepare", block))
    assert kinds(replica.receive(0, 0, offer)) == []


def test_a_certificate_needs_a_quorum_of_different_voters() -> None:
    signatures = IdealSignatures()
    replica = Pbft(3, 4, 2, PATIENCE, signatures)
    block = offered(signatures).block
    votes = tuple(vote(signatures, i, "commit", block) for i in range(3))
    other = tuple(vote(signatures, i, "prepare", block) for i in range(3))
    split = (*votes[:2], vote(signatures, 2, "commit", block, view=1))
    for short in (votes[:2], (*votes[:2], votes[1]), other, split, ()):
        assert list(replica.receive(0, 0, Decided(block, short))) == []
    assert Commit(1, block) in list(replica.receive(0, 0, Decided(block, votes)))


def changes(signatures: Signatures, view: int, block: Proposal) -> dict[int, ViewChange]:
    """All four ask for a view; replica 2 saw the block prepared in view 0, the others did not."""
    prepares = tuple(vote(signatures, i, "prepare", block) for i in range(3))
    found = {}
    for who in range(4):
        saw = (0, block.digest) if who == 2 else (-1, b"")
        claim = signatures.sign(who, ("view change", view, 0, *saw))
        carried = (block, prepares) if who == 2 else (None, ())
        found[who] = ViewChange(claim, NOTHING, *carried)
    return found


def test_a_new_primary_must_take_up_what_may_have_been_committed() -> None:
    signatures = IdealSignatures()
    old = offered(signatures, trades=2).block
    told = changes(signatures, 1, old)
    fresh = offered(signatures, view=1, trades=1)
    kept = PrePrepare(1, old, vote(signatures, 1, "prepare", old, view=1))

    bound = Pbft(3, 4, 2, PATIENCE, signatures)
    bound.receive(0, 1, NewView(1, (told[0], told[1], told[2])))
    assert (bound.view, bound.changing) == (1, False)
    assert kinds(bound.receive(1, 1, fresh)) == []

    obeying = Pbft(3, 4, 2, PATIENCE, signatures)
    obeying.receive(0, 1, NewView(1, (told[0], told[1], told[2])))
    assert kinds(obeying.receive(1, 1, kept)) == ["prepare"] * 3

    free = Pbft(3, 4, 2, PATIENCE, signatures)
    free.receive(0, 1, NewView(1, (told[0], told[1], told[3])))
    assert kinds(free.receive(1, 1, fresh)) == ["prepare"] * 3


def test_of_two_prepared_blocks_the_later_one_counts() -> None:
    signatures = IdealSignatures()
    early = offered(signatures, view=0, trades=2).block
    late = offered(signatures, view=1, trades=1).block
    told = []
    for who, view, block in ((0, 0, early), (1, 1, late), (2, 0, early)):
        claim = signatures.sign(who, ("view change", 2, 0, view, block.digest))
        prepares = tuple(vote(signatures, i, "prepare", block, view) for i in range(3))
        told.append(ViewChange(claim, NOTHING, block, prepares))
    for block, answer in ((early, []), (late, ["prepare"] * 3)):
        replica = Pbft(3, 4, 2, PATIENCE, signatures)
        replica.receive(0, 2, NewView(2, tuple(told)))
        offer = PrePrepare(2, block, vote(signatures, 2, "prepare", block, view=2))
        assert kinds(replica.receive(1, 2, offer)) == answer


def test_a_view_is_opened_by_a_quorum_and_by_true_claims_only() -> None:
    signatures = IdealSignatures()
    old = offered(signatures, trades=2).block
    told = changes(signatures, 1, old)
    bare = told[2]._replace(prepares=told[2].prepares[:2])
    elsewhere = changes(signatures, 5, old)[0]
    for wrong in (
        (told[0], told[1]),
        (told[0], told[1], told[1]),
        (told[0], told[1], bare),
        (told[0], told[1], elsewhere),
        (told[0], told[1], told[3]._replace(claim=Signed(2, told[3].claim.statement, b""))),
    ):
        replica = Pbft(3, 4, 2, PATIENCE, signatures)
        replica.receive(0, 1, NewView(1, wrong))
        assert replica.view == 0


def test_it_goes_along_when_more_than_f_ask_for_a_later_view() -> None:
    signatures = IdealSignatures()
    told = changes(signatures, 2, offered(signatures).block)
    replica = Pbft(3, 4, 2, PATIENCE, signatures)
    assert "ViewChange" not in names(replica.receive(0, 0, told[0]))
    assert names(replica.receive(1, 1, told[1])).count("ViewChange") == 3
    assert (replica.view, replica.changing) == (2, True)


def test_passing_on_what_another_asked_for_is_not_asking() -> None:
    signatures = IdealSignatures()
    told = changes(signatures, 2, offered(signatures).block)
    replica = Pbft(3, 4, 2, PATIENCE, signatures)
    for sender in (0, 1, 2):
        replica.receive(0, sender, told[0])
    assert (replica.view, replica.changing) == (0, False)


def test_only_its_primary_opens_a_view() -> None:
    signatures = IdealSignatures()
    told = changes(signatures, 1, offered(signatures, trades=2).block)
    replica = Pbft(3, 4, 2, PATIENCE, signatures)
    replica.receive(0, 2, NewView(1, (told[0], told[1], told[2])))
    assert replica.view == 0


def names(actions: object) -> list[str]:
    assert isinstance(actions, list)
    return [type(a.message).__name__ for a in actions if isinstance(a, Send)]


def test_who_was_away_is_brought_up_to_date() -> None:
    nodes, away = 4, Crash(3, 50 * MILLISECOND, 3 * SECOND)
    signatures = IdealSignatures()
    everybody = [Pbft(me, nodes, 1, PATIENCE, signatures) for me in range(nodes)]
    network = Network(Constant(20 * MILLISECOND), crashes=(away,))
    simulation = Simulation(everybody, network, seed=1)
    for i, trade in enumerate(TRADES):
        simulation.submit(i * SECOND, Submit((trade,)))
    simulation.run(20 * SECOND)
    assert {len(replica.log) for replica in everybody} == {1 + len(TRADES)}
