"""
What a way to agree cannot do: bear one liar more than PBFT was made for, and be sure on both
sides of a network that is cut in two.

Castro and Liskov, *Practical Byzantine fault tolerance* (1999), bear f liars of 3 f + 1;
:func:`broken` tries that, and one more, under random schedules. :func:`cut` cuts each of the five
protocols of :mod:`energychain.studies.consensus` in two, and joins it again. That in a cut a
ledger goes on or is sure, but not both, is the CAP theorem (Gilbert and Lynch, 2002).
"""

from collections.abc import Sequence
from random import Random
from typing import Any

from energychain.consensus.longest_chain import LongestChain
from energychain.consensus.pbft import Pbft, most_faulty
from energychain.consensus.protocol import (
    MILLISECOND,
    SECOND,
    IdealSignatures,
    Replica,
    Submit,
    Trade,
)
from energychain.consensus.traitors import PbftTraitor
from energychain.network.simulation import Network, Partition, Simulation, Uniform
from energychain.primitives.hashing import digest
from energychain.studies.consensus import PROTOCOLS, Run, Setting, honest, stream

# --- one liar too many ----------------------------------------------------------------

PATIENCE = 250 * MILLISECOND
"""How long a replica waits for the block."""

LATENCY = Uniform(10 * MILLISECOND, 90 * MILLISECOND)
"""Any schedule may come of it."""


def broken(nodes: int, liars: int, runs: int = 20) -> int:
    """In how many of so many random schedules PBFT's liars make two blocks final at one height.

    >>> broken(4, 1, runs=5)
    0
    """
    lost = 0
    for seed in range(runs):
        notary = IdealSignatures()
        bad = set(range(liars))
        replicas: list[Replica] = [
            PbftTraitor(me, nodes, notary, Random(f"{seed} {me}"), bad - {me})
            if me in bad
            else Pbft(me, nodes, 2, PATIENCE, notary)
            for me in range(nodes)
        ]
        simulation = Simulation(replicas, Network(LATENCY), seed)
        simulation.submit(0, Submit(tuple(Trade(digest(n), 250_000, 350) for n in range(2))))
        simulation.run(4 * SECOND)
        lost += simulation.conflict(set(range(nodes)) - bad) is not None
    return lost


def broken_rows(sizes: Sequence[int] = (4, 7, 10), runs: int = 20) -> list[dict[str, int]]:
    """Replicas, liars, and in how many runs safety was lost: with f liars and with f + 1."""
    return [
        {"replicas": nodes, "liars": liars, "runs": runs, "broken": broken(nodes, liars, runs)}
        for nodes in sizes
        for liars in (most_faulty(nodes), most_faulty(nodes) + 1)
    ]


# --- cut in two -----------------------------------------------------------------------

CUT = (0, 900 * SECOND)
"""From when until when the network is cut [us]."""


def cut(
    protocol: str, larger: int, setting: Setting | None = None, seed: int = 1
) -> tuple[Run, dict[str, object]]:
    """A network of twelve, cut for a quarter of an hour into the first ``larger`` replicas and the
    rest, and joined again: the run, and what each side took for final meanwhile, as a row.
    """
    terms = setting or Setting(rounds=10, seed=seed)
    notary = IdealSignatures()
    replicas = [honest(protocol, me, terms, notary) for me in range(terms.nodes)]
    side = frozenset(range(larger))
    network = Network(terms.latency, terms.bandwidth, partitions=(Partition(*CUT, (side,)),))
    simulation = Simulation(replicas, network, terms.seed)
    rounds = stream(terms)
    for time, trades in rounds:
        simulation.submit(time, Submit(trades))
    simulation.run(CUT[1] + 600 * SECOND)
    times = {trade.id: time for time, trades in rounds for trade in trades}
    run = Run(protocol, terms, simulation, frozenset(range(terms.nodes)), times)
    return run, {
        "protocol": protocol,
        "larger side": _final_during_cut(simulation, range(larger)),
        "smaller side": _final_during_cut(simulation, range(larger, terms.nodes)),
        "handed in": len(times),
        "taken back": _taken_back(simulation),
        "two stories": not run.safe,
    }


def _final_during_cut(simulation: Simulation, side: Sequence[int]) -> int:
    """How many trades were final for some replica of a side before the cut ended."""
    return len(
        {
            trade.id
            for final in simulation.finals
            if final.time < CUT[1] and final.replica in side
            for trade in final.commit.block.trades
        }
    )


def _taken_back(simulation: Simulation) -> int:
    """How many trades some replica took for final and does not find in its chain in the end, or
    only in another block.
    """
    lost: set[bytes] = set()
    for number, replica in enumerate(simulation.replicas):
        if not isinstance(replica, LongestChain):
            continue
        for final in simulation.finals:
            block = final.commit.block
            kept = block.height < len(replica.final) and replica.final[block.height] == block.digest
            if final.replica == number and not kept:
                lost |= {trade.id for trade in block.trades}
    return len(lost)


def cut_rows(larger: int, setting: Setting | None = None) -> list[dict[str, Any]]:
    """All five protocols, cut in two."""
    return [cut(protocol, larger, setting)[1] for protocol in PROTOCOLS]
