"""The simulated network: what was sent arrives once, later, or is accounted for."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.consensus.protocol import CLIENT, SECOND, Action, Commit, Send, Submit, Wake
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


class Chatter:
    """Tells the two next ones a number when its alarm rings, each millisecond, ten times."""

    def __init__(self, me: int, nodes: int) -> None:
        self.me, self.nodes = me, nodes
        self.heard: list[tuple[int, int, Any]] = []
        self.started: list[int] = []
        self.rang: list[int] = []

    def start(self, now: int) -> Iterable[Action]:
        self.started.append(now)
        return [Wake(1_000, 0)]

    def receive(self, now: int, sender: int, message: Any) -> Iterable[Action]:
        self.heard.append((now, sender, message))
        return ()

    def woken(self, now: int, name: Any) -> Iterable[Action]:
        self.rang.append(now)
        if name == 9:
            return ()
        nexts = [(self.me + step) % self.nodes for step in (1, 2)]
        return [*(Send(to, (self.me, name), 10 + to) for to in nexts), Wake(1_000, name + 1)]


def chatters(network: Network, seed: int = 1, nodes: int = 5, trace: bool = True) -> Simulation:
    replicas = [Chatter(me, nodes) for me in range(nodes)]
    return Simulation(replicas, network, seed, trace=trace)


def heard(simulation: Simulation) -> list[Any]:
    return [replica.heard for replica in simulation.replicas]  # type: ignore[attr-defined]


NETWORKS = st.builds(
    Network,
    latency=st.sampled_from([Constant(300), Uniform(10, 5_000), Exponential(900, 5)]),
    bandwidth=st.sampled_from([0, 100_000]),
    loss=st.sampled_from([0.0, 0.3]),
    stable_from=st.sampled_from([0, 4_000]),
    storm=st.sampled_from([None, Constant(2_000)]),
    partitions=st.sampled_from([(), (Partition(2_000, 6_000, (frozenset({0, 3}),)),)]),
    crashes=st.sampled_from([(), (Crash(2, 3_500, 5_500), Crash(4, 100, 9_000))]),
)


@settings(max_examples=60, deadline=None)
@given(NETWORKS, st.integers(0, 10**6))
def test_every_message_is_delivered_or_lost_or_found_nobody_in(network: Network, seed: int) -> None:
    simulation = chatters(network, seed)
    simulation.run(10 * SECOND)
    fates = Counter(journey.fate for journey in simulation.journeys)
    assert simulation.messages == sum(fates.values())
    assert simulation.delivered == fates["delivered"]
    assert sum(map(len, heard(simulation))) == fates["delivered"]
    assert all(journey.arrived > journey.sent for journey in simulation.journeys)


@settings(max_examples=40, deadline=None)
@given(NETWORKS, st.integers(0, 10**6))
def test_a_run_is_a_function_of_its_seed_whether_it_is_watched_or_not(
    network: Network, seed: int
) -> None:
    watched, again = chatters(network, seed), chatters(network, seed)
    unwatched = chatters(network, seed, trace=False)
    for simulation in (watched, again, unwatched):
        simulation.run(SECOND)
    assert watched.journeys == again.journeys
    assert heard(watched) == heard(unwatched)
    assert (watched.messages, watched.bytes) == (unwatched.messages, unwatched.bytes)
    assert unwatched.journeys == []


def test_another_seed_is_another_run() -> None:
    one, other = (chatters(Network(Uniform(10, 5_000)), seed) for seed in (1, 2))
    one.run(SECOND)
    other.run(SECOND)
    assert heard(one) != heard(other)


def test_running_on_is_the_same_as_running_through() -> None:
    through, stopping = (chatters(Network(Uniform(10, 5_000))) for _ in range(2))
    through.run(20_000)
    for until in range(0, 20_001, 700):
        stopping.run(until)
    stopping.run(20_000)
    assert heard(stopping) == heard(through)
    assert stopping.now == 20_000


def test_what_happens_at_one_time_happens_in_the_order_in_which_it_was_caused() -> None:
    simulation = chatters(Network(Constant(500)), nodes=3)
    simulation.run(1_500)
    # Replica 0 rang before 1, and 1 before 2, so their messages arrive in that order.
    assert heard(simulation) == [
        [(1_500, 1, (1, 0)), (1_500, 2, (2, 0))],
        [(1_500, 0, (0, 0)), (1_500, 2, (2, 0))],
        [(1_500, 0, (0, 0)), (1_500, 1, (1, 0))],
    ]


@pytest.mark.parametrize(
    ("latency", "least", "mean"),
    [(Constant(300), 300, 300), (Uniform(100, 300), 100, 200), (Exponential(400, 100), 100, 500)],
)
def test_latencies_are_what_they_say(latency: Latency, least: int, mean: float) -> None:
    rng = Random(5)
    times = [latency(rng, 0, 1) for _ in range(20_000)]
    assert min(times) >= least
    # Four standard errors of the widest of the three.
    assert sum(times) / len(times) == pytest.approx(mean, abs=4 * 400 / 20_000**0.5)


def test_a_link_may_have_a_latency_of_its_own() -> None:
    latency = PerLink(((0, 1, Constant(7)),), otherwise=Constant(9))
    rng = Random(1)
    assert [latency(rng, *link) for link in ((0, 1), (1, 0), (0, 2), (CLIENT, 1))] == [7, 7, 9, 9]


def test_the_loss_is_the_probability_given() -> None:
    lost = total = 0
    for seed in range(60):
        simulation = chatters(Network(Constant(100), loss=0.2), seed)
        simulation.run(SECOND)
        lost += simulation.messages - simulation.delivered
        total += simulation.messages
    assert abs(lost - 0.2 * total) < 4 * (total * 0.2 * 0.8) ** 0.5


def test_a_message_may_arrive_twice() -> None:
    simulation = chatters(Network(Constant(100), duplication=1.0))
    simulation.run(SECOND)
    assert simulation.delivered == 2 * simulation.messages


def test_when_the_network_is_stable_nothing_is_lost_and_the_storm_is_over() -> None:
    network = Network(Constant(100), loss=1.0, storm=Constant(900), stable_from=5_000)
    simulation = chatters(network)
    simulation.run(SECOND)
    assert {(j.fate, j.arrived - j.sent) for j in simulation.journeys if j.sent < 5_000} == {
        ("lost", 900)
    }
    assert {(j.fate, j.arrived - j.sent) for j in simulation.journeys if j.sent >= 5_000} == {
        ("delivered", 100)
    }


def test_a_partition_cuts_what_crosses_it_while_it_lasts() -> None:
    side = frozenset({0, 3})
    simulation = chatters(Network(Constant(100), partitions=(Partition(2_000, 6_000, (side,)),)))
    simulation.run(SECOND)
    for journey in simulation.journeys:
        crosses = (journey.sender in side) != (journey.to in side)
        cut = crosses and 2_000 <= journey.sent < 6_000
        assert (journey.fate == "lost") == cut
    assert any(journey.fate == "lost" for journey in simulation.journeys)


def test_who_is_down_hears_nothing_and_its_old_alarms_do_not_ring() -> None:
    simulation = chatters(Network(Constant(100), crashes=(Crash(2, 3_500, 5_500),)))
    simulation.run(SECOND)
    replica = simulation.replicas[2]
    assert isinstance(replica, Chatter)
    assert not any(3_500 <= time < 5_500 for time, _, _ in replica.heard)
    assert any(journey.fate == "down" for journey in simulation.journeys)
    assert replica.started == [0, 5_500]
    # The alarm for 4,000 is gone; the new one counts from the return.
    assert replica.rang[:5] == [1_000, 2_000, 3_000, 6_500, 7_500]


def test_an_uplink_sends_one_after_another() -> None:
    class Burst(Chatter):
        def start(self, now: int) -> Iterable[Action]:
            return [Send(1, i, 1_000) for i in range(4)] if self.me == 0 else []

    network = Network(Constant(50), bandwidth=1_000_000)
    simulation = Simulation([Burst(0, 2), Burst(1, 2)], network, seed=1)
    simulation.run(SECOND)
    assert [time for time, _, _ in heard(simulation)[1]] == [1_050, 2_050, 3_050, 4_050]
    assert simulation.bytes == 4_000


def test_clients_are_heard_but_not_counted() -> None:
    simulation = chatters(Network(Constant(50)), nodes=3)
    simulation.submit(100, Submit(()))
    simulation.submit(200, Submit(()), to=[2])
    simulation.run(500)
    assert heard(simulation) == [[(150, CLIENT, Submit(()))]] * 2 + [
        [(150, CLIENT, Submit(())), (250, CLIENT, Submit(()))]
    ]
    assert (simulation.messages, simulation.bytes, simulation.delivered) == (0, 0, 0)


def test_final_blocks_of_liars_are_not_held_against_the_honest() -> None:
    from energychain.consensus.protocol import GENESIS, Proposal

    class Committer(Chatter):
        def start(self, now: int) -> Iterable[Action]:
            return [Commit(1, Proposal(1, GENESIS.digest, self.me // 2, 0))]

    simulation = Simulation([Committer(me, 3) for me in range(3)], Network(), seed=1)
    simulation.run(0)
    assert simulation.conflict([0, 1]) is None
    conflict = simulation.conflict()
    assert conflict is not None
    assert (conflict.height, conflict.first[0], conflict.second[0]) == (1, 0, 2)


def test_a_run_does_not_depend_on_the_hash_seed() -> None:
    script = (
        "from energychain.studies.consensus import *;"
        "setting = Setting(nodes=7, rounds=2);"
        "print(compare(setting));"
        "print([f for p in (STAKE, AUTHORITY, PBFT)"
        " for f in attack(p, 3, setting).simulation.finals][-40:])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
