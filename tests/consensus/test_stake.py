"""Proof of stake: drawn in proportion, tied to a name, and gone for two-facedness."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

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
from energychain.consensus.stake import (
    Equivocator,
    Evidence,
    Validator,
    drawn,
    flattened,
    grind,
)
from energychain.network.simulation import Constant, Network, Simulation, Uniform

STAKES = (500, 300, 150, 50)
TRADES = tuple(Trade(bytes([i]), 1_000_000, 300) for i in range(40))


def test_draws_are_as_frequent_as_the_stakes() -> None:
    draws = [drawn(GENESIS.digest, slot, STAKES) for slot in range(20_000)]
    counts = [draws.count(i) for i in range(4)]
    assert chisquare(counts, [20 * stake for stake in STAKES]).pvalue > 0.001
    # The judge can say no: equal stakes are not what happened.
    assert chisquare(counts).pvalue < 1e-9


@given(st.lists(st.integers(0, 5), max_size=6), st.integers(0, 10**6))
def test_nobody_without_stake_is_drawn(stakes: list[int], slot: int) -> None:
    winner = drawn(GENESIS.digest, slot, stakes)
    assert (winner is None) == (sum(stakes) == 0)
    assert winner is None or stakes[winner] > 0


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=6), st.integers(0, 100))
def test_flattening_lies_between_the_stakes_and_one_vote_each(
    stakes: list[int], percent: int
) -> None:
    weights = flattened(stakes, percent)
    assert sum(weights) == 100 * len(stakes) * sum(stakes)
    for stake, weight in zip(stakes, weights, strict=True):
        low, high = sorted((stake * len(stakes), sum(stakes)))
        assert 100 * low <= weight <= 100 * high


@pytest.mark.parametrize("percent", [-1, 101])
def test_only_a_share_can_be_flattened(percent: int) -> None:
    with pytest.raises(ValueError, match="0 to 100 percent"):
        flattened((1, 2), percent)


def test_grinding_pays() -> None:
    def parents(slot: int, tries: int) -> list[Proposal]:
        return [Proposal(1, GENESIS.digest, 3, slot, (), (number,)) for number in range(tries)]

    slots, tries, share = 600, 20, STAKES[3] / sum(STAKES)
    honest = sum(drawn(parents(s, 1)[0].digest, s + 1, STAKES) == 3 for s in range(slots))
    ground = sum(
        drawn(grind(parents(s, tries), s + 1, STAKES, 3).digest, s + 1, STAKES) == 3
        for s in range(slots)
    )
    for won, chance in ((honest, share), (ground, 1 - (1 - share) ** tries)):
        assert abs(won - slots * chance) < 4 * (slots * chance * (1 - chance)) ** 0.5
    with pytest.raises(ValueError, match="a block to choose"):
        grind([], 1, STAKES, 3)


def validators(
    network: Network, seconds: int, first: type[Validator] = Validator, age_limit: int = 0
) -> Simulation:
    signatures = IdealSignatures()
    replicas: list[Replica] = [
        (first if me == 0 else Validator)(
            me, 4, 5, 4, 5 * SECOND, STAKES, signatures, age_limit=age_limit
        )
        for me in range(4)
    ]
    simulation = Simulation(replicas, network, seed=1)
    for i, trade in enumerate(TRADES):
        simulation.submit(i * SECOND, Submit((trade,)))
    simulation.run(seconds * SECOND)
    return simulation


def chain(simulation: Simulation, who: int) -> Validator:
    replica = simulation.replicas[who]
    assert isinstance(replica, Validator)
    return replica


def test_in_time_every_slot_has_one_block_and_all_agree() -> None:
    simulation = validators(Network(Uniform(10_000, 300_000)), 1_000)
    assert simulation.conflict() is None
    assert {chain(simulation, who).main[199].digest for who in range(4)} == {
        chain(simulation, 0).main[199].digest
    }
    assert len(chain(simulation, 0).known) == len(chain(simulation, 0).main)
    settled = {t.id for block in chain(simulation, 1).main for t in block.trades}
    assert settled == {t.id for t in TRADES}


def test_makers_on_a_chain_are_as_frequent_as_the_stakes() -> None:
    main = chain(validators(Network(Constant(10_000)), 10_000), 0).main[1:]
    counts = [sum(block.proposer == i for block in main) for i in range(4)]
    share = len(main) / sum(STAKES)
    assert chisquare(counts, [share * stake for stake in STAKES]).pvalue > 0.001


def test_coin_age_helps_who_has_waited() -> None:
    simulation = validators(Network(Constant(10_000)), 10_000, age_limit=30)
    replica = chain(simulation, 0)
    main = replica.main[1:]
    small = sum(block.proposer == 3 for block in main) / len(main)
    assert small > 1.2 * STAKES[3] / sum(STAKES)
    # By the definition: the stake times the slots since its last block, at most the limit.
    head, slot = replica.head, replica.head.slot + 1
    for i, stake in enumerate(STAKES):
        last = max((block.slot for block in main if block.proposer == i), default=0)
        assert replica.weights(head, slot)[i] == stake * min(slot - last, 30)


def test_who_signs_twice_for_a_slot_loses_its_stake_and_the_rest_goes_on() -> None:
    simulation = validators(Network(Constant(100_000)), 1_000, Equivocator)
    replicas = [chain(simulation, who) for who in (1, 2, 3)]
    for replica in replicas:
        assert replica.slashed[replica.head.digest] == {0}
        assert all(block.proposer != 0 for block in replica.main[-50:])
        assert replica.weights(replica.head, replica.head.slot + 1)[0] == 0
    noted = [block.slot for block in replicas[0].main if block.notes]
    twice = [block.slot for block in replicas[0].main if block.proposer == 0]
    assert twice
    assert min(noted) > twice[0]
    depth = min(replica.head.height for replica in replicas) - 1
    assert depth > 100
    assert len({replica.main[depth].digest for replica in replicas}) == 1
    assert simulation.conflict({1, 2, 3}) is None


@pytest.fixture
def replica() -> Validator:
    return Validator(1, 4, 5, 4, 5 * SECOND, STAKES, IdealSignatures())


def next_slot(replica: Validator, maker: int) -> int:
    """A slot after the first block that draws this validator."""
    return next(s for s in range(1, 1_000) if drawn(GENESIS.digest, s, STAKES) == maker)


def test_a_block_is_refused_unless_drawn_signed_and_due(replica: Validator) -> None:
    slot = next_slot(replica, 2)
    now = slot * 5 * SECOND
    good = replica.sealed(Proposal(1, GENESIS.digest, 2, slot))
    assert good.seal is not None
    usurper = replica.sealed(Proposal(1, GENESIS.digest, 3, slot))
    unsigned = Announce(good.block)
    foreign = Announce(good.block, good.seal._replace(signer=3))
    borrowed = Announce(Proposal(1, GENESIS.digest, 2, slot, TRADES[:1]), good.seal)
    for announced in (usurper, unsigned, foreign, borrowed):
        assert list(replica.receive(now, 2, announced)) == []
        assert replica.head is GENESIS
    assert not list(replica.receive(now - 1, 2, good))
    assert replica.head is GENESIS, "too early"
    replica.receive(now, 2, good)
    assert replica.head is good.block


def test_evidence_must_hold(replica: Validator) -> None:
    signatures = replica.signatures
    one, other = (replica.sealed(Proposal(1, GENESIS.digest, 2, 7, t)) for t in (TRADES[:1], ()))
    assert one.seal
    assert other.seal
    true = Evidence(
        2,
        7,
        (one.block.digest, one.seal.signature),
        (other.block.digest, other.seal.signature),
    )
    assert true.holds(signatures)
    assert not replace(true, second=true.first).holds(signatures)
    assert not replace(true, validator=3).holds(signatures)
    assert not replace(true, slot=8).holds(signatures)
    slot = next_slot(replica, 3)
    slander = replica.sealed(
        Proposal(1, GENESIS.digest, 3, slot, (), (replace(true, validator=1),))
    )
    replica.receive(slot * 5 * SECOND, 3, slander)
    assert replica.head is GENESIS
