"""The simulated network, against the bare heap that it cannot do without."""

from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from typing import Any

from benchmarks.timing import Result, best
from energychain.consensus.protocol import Action, Send
from energychain.network.simulation import Network, Simulation, Uniform

DELIVERED = 100_000
REPLICAS, UNDER_WAY = 100, 1_000
"""So many replicas, and so many messages under way at any time."""


class Runner:
    """Passes on whatever comes, to the next one."""

    def __init__(self, me: int) -> None:
        self.next = (me + 1) % REPLICAS

    def start(self, now: int) -> Iterable[Action]:
        """Ten messages set out from everybody."""
        return [Send(self.next, i, 100) for i in range(UNDER_WAY // REPLICAS)]

    def receive(self, now: int, sender: int, message: Any) -> Iterable[Action]:
        """Hand it on."""
        return (Send(self.next, message, 100),)

    def woken(self, now: int, name: Any) -> Iterable[Action]:
        """Never."""
        return ()


def network() -> Result:
    """100,000 messages under a seeded uniform latency; the floor pushes and pops the same
    number of events of the same shape, at times of the same kind, from as full a heap.
    """
    latency = Uniform(10_000, 90_000)
    # 1,000 messages, each hop 50 ms on average: 100,000 hops take 5 s.
    until = 50_000 * (DELIVERED // UNDER_WAY + 2)

    def simulated() -> Simulation:
        simulation = Simulation([Runner(i) for i in range(REPLICAS)], Network(latency), seed=1)
        simulation.run(until)
        return simulation

    delivered = simulated().delivered
    steps = [10_000 + i * 7_919 % 80_001 for i in range(delivered)]

    def floor() -> None:
        heap: list[tuple[int, int, int, int, Any, int]] = []
        for i in range(UNDER_WAY):
            heappush(heap, (steps[i], i, 0, 0, None, 0))
        for i, step in enumerate(steps):
            now, _, to, sender, message, _ = heappop(heap)
            heappush(heap, (now + step, UNDER_WAY + i, to, sender, message, now))

    return Result(f"{delivered:,} delivered messages", *best(simulated, floor), 5.0)


WORKS: tuple[Callable[[], Result], ...] = (network,)
"""The lines of the table."""
