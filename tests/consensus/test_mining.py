"""Proof of work on a network: forks as often as the formulas say, and one chain in the end."""

from collections import Counter
from math import comb
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from energychain.consensus.longest_chain import Announce, LongestChain
from energychain.consensus.mining import Miner, WithholdingMiner, rival_chance, stale_share
from energychain.consensus.protocol import GENESIS, SECOND, Commit, Proposal, Submit, Trade
from energychain.network.simulation import (
    Constant,
    Crash,
    Latency,
    Network,
    Partition,
    Simulation,
    Uniform,
)

TRADES = tuple(Trade(bytes([i]), 1_000_000, 300) for i in range(60))


def miners(
    shares: list[float], network: Network, seconds: int, seed: int = 1, confirmations: int = 3
) -> Simulation:
    nodes = len(shares)
    replicas = [
        Miner(me, nodes, 5, confirmations, 10 * SECOND, share, Random(f"{seed} {me}"))
        for me, share in enumerate(shares)
    ]
    simulation = Simulation(replicas, network, seed)
    for i, trade in enumerate(TRADES):
        simulation.submit(i * SECOND, Submit((trade,)))
    simulation.run(seconds * SECOND)
    return simulation


def chain(simulation: Simulation, who: int = 0) -> LongestChain:
    replica = simulation.replicas[who]
    assert isinstance(replica, LongestChain)
    return replica


def test_without_latency_there_are_no_rivals_and_blocks_come_at_their_interval() -> None:
    simulation = miners([0.5, 0.3, 0.2], Network(Constant(0)), 40_000)
    miner = chain(simulation)
    assert len(miner.known) == len(miner.main)
    # A Poisson process of 4,000 expected blocks.
    assert abs(miner.head.height - 4_000) < 4 * 4_000**0.5


def test_who_finds_a_block_is_chance_in_proportion_to_hashes() -> None:
    shares = [0.5, 0.3, 0.2]
    main = chain(miners(shares, Network(Constant(0)), 40_000)).main[1:]
    found = Counter(block.proposer for block in main)
    expected = [share * len(main) for share in shares]
    assert chisquare([found[i] for i in range(3)], expected).pvalue > 0.001


@pytest.mark.parametrize("latency", [0.5, 2.0])
def test_rivals_and_stale_blocks_are_as_frequent_as_the_formulas_say(latency: float) -> None:
    nodes, interval = 20, 10.0
    network = Network(Constant(int(latency * SECOND)))
    miner = chain(miners([1 / nodes] * nodes, network, 40_000))
    at_height = Counter(announced.block.height for announced in miner.known.values())
    heights, blocks = miner.head.height, len(miner.known) - 1
    # The finder itself makes no rival, so the others' share of the rate counts.
    rivals = sum(count > 1 for count in at_height.values()) / heights
    expected = rival_chance(latency * (1 - 1 / nodes), interval)
    assert abs(rivals - expected) < 4 * (expected * (1 - expected) / heights) ** 0.5
    stale = 1 - heights / blocks
    limit = stale_share(latency * (1 - 1 / nodes), interval)
    assert abs(stale - limit) < 4 * (limit * (1 - limit) / blocks) ** 0.5


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from([Constant(SECOND), Uniform(0, 8 * SECOND)]),
    st.sampled_from([0.0, 0.2]),
    st.booleans(),
)
def test_in_the_end_there_is_one_chain_with_every_trade_once(
    seed: int, latency: Latency, loss: float, divided: bool
) -> None:
    cut = Partition(50 * SECOND, 400 * SECOND, (frozenset({0, 1}),))
    network = Network(
        latency,
        loss=loss,
        stable_from=500 * SECOND,
        partitions=(cut,) if divided else (),
        crashes=(Crash(3, 100 * SECOND, 300 * SECOND),),
    )
    simulation = miners([0.25] * 4, network, 1_500, seed)
    depth = min(chain(simulation, who).head.height for who in range(4)) - 12
    assert depth > 10
    assert len({chain(simulation, who).main[depth].digest for who in range(4)}) == 1
    for who in range(4):
        replica = chain(simulation, who)
        in_chain = [trade for block in replica.main for trade in block.trades]
        assert sorted(in_chain) == sorted(set(in_chain))
        assert not {t.id for t in in_chain} & {t.id for t in replica.pool.take(100)}
        assert [block.height for block in replica.main] == list(range(len(replica.main)))
        assert replica.weight[replica.head.digest] == max(replica.weight.values())
    # Nothing that was handed in is lost: it is in the chain or waits.
    replica = chain(simulation)
    everywhere = {t.id for block in replica.main for t in block.trades}
    assert everywhere | {t.id for t in replica.pool.take(100)} == {t.id for t in TRADES}


def test_a_longer_branch_takes_a_final_block_back_and_its_trades_wait_again() -> None:
    replica = LongestChain(0, 2, 5, confirmations=2)
    replica.receive(0, -1, Submit(TRADES[:2]))
    ours = [Proposal(1, GENESIS.digest, 0, 0, TRADES[:1])]
    ours.append(Proposal(2, ours[0].digest, 0, 0, TRADES[1:2]))
    theirs = [Proposal(1, GENESIS.digest, 1, 0)]
    for height in (2, 3):
        theirs.append(Proposal(height, theirs[-1].digest, 1, 0))
    actions = [a for block in ours for a in replica.receive(0, 1, Announce(block))]
    assert actions == [Commit(1, ours[0])]
    assert replica.pool.take(5) == ()
    # The branch arrives with its newest block first, and is asked for downwards.
    replica.receive(1, 1, Announce(theirs[2]))
    replica.receive(1, 1, Announce(theirs[1]))
    assert replica.head is ours[1]
    actions = list(replica.receive(1, 1, Announce(theirs[0])))
    assert actions == [Commit(1, theirs[0]), Commit(2, theirs[1])]
    assert set(replica.pool.take(5)) == set(TRADES[:2])


def private_branch_wins(z: int, q: float) -> float:
    """The probability that a secret branch is ever longer than the honest one once that has z
    blocks: a negative binomial head start, then a gambler's ruin from one step further back.
    """
    p = 1 - q
    total = 0.0
    for k in range(200):
        found = comb(k + z - 1, k) * p**z * q**k
        total += found * (1.0 if k > z else (q / p) ** (z + 1 - k))
    return total


@pytest.mark.parametrize(("q", "z"), [(0.2, 1), (0.35, 3)])
def test_the_withholding_attack_succeeds_as_often_as_it_should(q: float, z: int) -> None:
    runs, won = 400, 0
    for seed in range(runs):
        terms = (2, 5, z, 10 * SECOND)
        replicas = [
            WithholdingMiner(0, *terms, q, Random(f"{seed} a")),
            Miner(1, *terms, 1 - q, Random(f"{seed} h")),
        ]
        simulation = Simulation(replicas, Network(Constant(0)), seed)
        simulation.run(1_000 * SECOND)
        won += replicas[0].told  # type: ignore[attr-defined]
    expected = private_branch_wins(z, q)
    assert abs(won - runs * expected) < 4 * (runs * expected * (1 - expected)) ** 0.5
