"""
A network of replicas in one loop: a heap of events in the order of their times.

Nothing here is parallel and nothing waits. What will happen next is on top of the heap;
it is told to the replica that it concerns, and what the replica answers goes back on the
heap with its own time (discrete-event simulation). Messages take time, are lost, arrive
twice or out of order, are cut off by a partition; replicas crash and come back; some lie,
which takes no more than a replica that is written to lie.

A run is a function of its seed: chance is drawn in the order of events, and events of the
same time happen in the order in which they were caused.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random
from typing import Any, NamedTuple, TypeAlias

from energychain.consensus.protocol import (
    CLIENT,
    MILLISECOND,
    SECOND,
    Action,
    Commit,
    Conflict,
    Message,
    Replica,
    Send,
    Wake,
    conflict,
)

# --- how long a message takes ---------------------------------------------------------

Latency: TypeAlias = Callable[[Random, int, int], int]
"""From chance, sender and receiver: the time under way [us]."""


@dataclass(frozen=True)
class Constant:
    """Every message takes the same time."""

    time: int
    """[us]"""

    def __call__(self, rng: Random, sender: int, to: int) -> int:
        """The time under way [us]."""
        return self.time


@dataclass(frozen=True)
class Uniform:
    """Any time between the two, each as likely; so messages overtake one another."""

    least: int
    """[us]"""

    most: int
    """[us]"""

    def __call__(self, rng: Random, sender: int, to: int) -> int:
        """The time under way [us]."""
        return self.least + int(rng.random() * (self.most - self.least + 1))


@dataclass(frozen=True)
class Exponential:
    """A least time and an exponential tail: a few messages are very late."""

    mean: int
    """Of the tail [us]."""

    least: int = 0
    """[us]"""

    def __call__(self, rng: Random, sender: int, to: int) -> int:
        """The time under way [us]."""
        return self.least + int(rng.expovariate(1 / self.mean))


@dataclass(frozen=True)
class PerLink:
    """Some links have a time of their own, in both directions."""

    links: tuple[tuple[int, int, Latency], ...]
    otherwise: Latency

    def __call__(self, rng: Random, sender: int, to: int) -> int:
        """The time under way [us]."""
        for one, other, latency in self.links:
            if {one, other} == {sender, to}:
                return latency(rng, sender, to)
        return self.otherwise(rng, sender, to)


# --- what goes wrong ------------------------------------------------------------------


@dataclass(frozen=True)
class Partition:
    """From ``start`` until ``end`` [us] messages between groups are lost. Replicas that are
    in no group form one together.
    """

    start: int
    end: int
    groups: tuple[frozenset[int], ...]

    def cuts(self, now: int, sender: int, to: int) -> bool:
        """Whether a message sent now is cut off."""
        return self.start <= now < self.end and self._side(sender) != self._side(to)

    def _side(self, replica: int) -> int:
        return next((i for i, group in enumerate(self.groups) if replica in group), -1)


@dataclass(frozen=True)
class Crash:
    """From ``start`` until ``end`` [us] a replica hears nothing and does nothing. What it
    knew it still knows afterwards, as if it kept it on a disk; its alarms are gone.
    """

    replica: int
    start: int
    end: int


@dataclass(frozen=True)
class Network:
    """How messages travel, and what goes wrong."""

    latency: Latency = Constant(50 * MILLISECOND)

    bandwidth: int = 0
    """Of each replica's uplink [bytes/s], on which its messages leave one after another;
    0 if it is no limit."""

    loss: float = 0.0
    """The probability that a message is lost."""

    duplication: float = 0.0
    """The probability that a message arrives twice."""

    stable_from: int = 0
    """The time from which nothing is lost or doubled any more [us]: the "global
    stabilisation time" of Dwork, Lynch & Stockmeyer (1988). 0: never."""

    storm: Latency | None = None
    """The latency before that time, if it is another one."""

    partitions: tuple[Partition, ...] = ()
    crashes: tuple[Crash, ...] = ()


# --- the loop -------------------------------------------------------------------------

_ALARM, _DOWN, _UP = -2, -3, -4
"""What stands in an event for the sender if it is not a message."""

_Event: TypeAlias = tuple[int, int, int, int, Any, int]
"""When, its number among all events, to whom, from whom, what, and when it was sent (for
an alarm: in which of the replica's lives)."""


class Journey(NamedTuple):
    """What became of one message: a row for a chart."""

    sent: int
    """[us]"""

    arrived: int
    """When it arrived or would have [us]."""

    sender: int
    to: int
    message: Any
    fate: str
    """``delivered``, ``lost`` or ``down`` (the receiver had crashed)."""

    @property
    def kind(self) -> str:
        """What the message calls itself, or its class in small letters with hyphens."""
        name = "".join(f"-{c.lower()}" if c.isupper() else c for c in type(self.message).__name__)
        return str(getattr(self.message, "kind", name[1:]))


class Final(NamedTuple):
    """A block became final for a replica."""

    time: int
    """[us]"""

    replica: int
    commit: Commit


class Simulation:
    """Replicas on a network, to run.

    >>> class Echo:
    ...     def start(self, now):
    ...         return [Wake(5, "hello")]
    ...     def receive(self, now, sender, message):
    ...         return [Send(sender, message, 1)]
    ...     def woken(self, now, name):
    ...         return [Send(1, name, 1)]
    >>> simulation = Simulation([Echo(), Echo()], Network(Constant(10)), seed=1)
    >>> simulation.run(until=100)
    >>> simulation.messages, simulation.bytes, simulation.delivered
    (20, 20, 18)
    """

    def __init__(
        self, replicas: Sequence[Replica], network: Network, seed: int, trace: bool = False
    ) -> None:
        self.replicas, self.network = tuple(replicas), network
        self.now = 0
        self.messages = self.bytes = self.delivered = 0
        """Between replicas; what clients hand in is not counted."""

        self.finals: list[Final] = []
        self.journeys: list[Journey] = []
        """Every message that arrived or was lost, if ``trace``."""

        self._rng, self._trace = Random(seed), trace
        self._heap: list[_Event] = []
        self._sequence = 0
        self._down = [False] * len(self.replicas)
        self._lives = [0] * len(self.replicas)
        self._free_from = [0] * len(self.replicas)
        for number in range(len(self.replicas)):
            self._push(0, number, _UP, None, 0)
        for crash in network.crashes:
            self._push(crash.start, crash.replica, _DOWN, None, 0)
            self._push(crash.end, crash.replica, _UP, None, 0)

    def submit(self, time: int, message: Message, to: Iterable[int] | None = None) -> None:
        """A client's message reaches these replicas, or all of them, after the latency."""
        for replica in range(len(self.replicas)) if to is None else to:
            latency = self.network.latency(self._rng, CLIENT, replica)
            self._push(time + latency, replica, CLIENT, message, time)

    def run(self, until: int) -> None:
        """Let everything happen that happens until this time [us], that moment included."""
        heap, replicas, down = self._heap, self.replicas, self._down
        latency, rng = self.network.latency, self._rng
        # Most runs are calm: what such a message needs stands here, without a call.
        calm = not self._trace and self.network == Network(latency)
        while heap and heap[0][0] <= until:
            now, _, to, sender, message, sent = heappop(heap)
            self.now = now
            if sender >= CLIENT:
                if self._trace:
                    fate = "down" if down[to] else "delivered"
                    self.journeys.append(Journey(sent, now, sender, to, message, fate))
                if down[to]:
                    continue
                if sender >= 0:
                    self.delivered += 1
                actions = replicas[to].receive(now, sender, message)
            elif sender == _ALARM:
                # An alarm from before a crash does not ring.
                actions = replicas[to].woken(now, message) if self._lives[to] == sent else ()
            else:
                actions = self._switch(now, to, sender)
            for action in actions:
                if action.__class__ is Send:
                    receiver, content, size = action
                    self.messages += 1
                    self.bytes += size
                    if calm:
                        self._sequence += 1
                        arrival = now + latency(rng, to, receiver)
                        heappush(heap, (arrival, self._sequence, receiver, to, content, now))
                    else:
                        self._send(now, to, receiver, content, size)
                elif isinstance(action, Wake):
                    self._push(now + action.after, to, _ALARM, action.name, self._lives[to])
                elif isinstance(action, Commit):
                    self.finals.append(Final(now, to, action))
        self.now = max(self.now, until)

    def _send(self, now: int, sender: int, to: int, message: Any, size: int) -> None:
        network, rng, leaves = self.network, self._rng, now
        if network.bandwidth:
            leaves = max(now, self._free_from[sender]) + size * SECOND // network.bandwidth
            self._free_from[sender] = leaves
        stormy = not 0 < network.stable_from <= now
        latency = network.storm if stormy and network.storm else network.latency
        twice = stormy and network.duplication and rng.random() < network.duplication
        for _ in range(2 if twice else 1):
            arrival = leaves + latency(rng, sender, to)
            lost = (stormy and network.loss and rng.random() < network.loss) or any(
                partition.cuts(now, sender, to) for partition in network.partitions
            )
            if not lost:
                self._push(arrival, to, sender, message, now)
            elif self._trace:
                self.journeys.append(Journey(now, arrival, sender, to, message, "lost"))

    def _switch(self, now: int, replica: int, what: int) -> Iterable[Action]:
        self._down[replica] = what == _DOWN
        self._lives[replica] += 1
        return self.replicas[replica].start(now) if what == _UP else ()

    def _push(self, time: int, to: int, sender: int, message: Any, sent: int) -> None:
        # The sequence number decides before the message is ever compared.
        self._sequence += 1
        heappush(self._heap, (time, self._sequence, to, sender, message, sent))

    def conflict(self, honest: Iterable[int] | None = None) -> Conflict | None:
        """The first two different blocks that honest replicas (all, unless they are named)
        took for final at one height; none if safety was kept.
        """
        judged = set(range(len(self.replicas)) if honest is None else honest)
        return conflict((f.replica, f.commit) for f in self.finals if f.replica in judged)
