"""
A central database: one server decides, everybody else believes it. The baseline against
which the others must earn their messages.

It is fast and cheap, and it has one point of failure (Cali & Fifield, 2019, name it as the
reason to look further; so does chapter 8 of *Blockchain-based Smart Grids*, 2020). While
the server is down nothing is settled. If it tells two members two stories, neither can
notice, for they never talk to each other: compare :class:`TwoFacedServer`.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from energychain.consensus.protocol import (
    GENESIS,
    MILLISECOND,
    Action,
    Commit,
    Pool,
    Proposal,
    Submit,
    Wake,
    to_each,
)

SERVER = 0
"""The replica that decides."""


class Record(NamedTuple):
    """The server tells what it wrote."""

    block: Proposal

    @property
    def size(self) -> int:
        """[bytes]."""
        return self.block.size


class Inquiry(NamedTuple):
    """A member is missing what was written at this height."""

    height: int
    size: int = 9
    """[bytes]"""


class Server:
    """Writes what waits once per interval [us] and tells everybody."""

    def __init__(self, nodes: int, limit: int, interval: int = 10 * MILLISECOND) -> None:
        self.members, self.limit, self.interval = range(1, nodes), limit, interval
        self.pool, self.log = Pool(), [GENESIS]
        self._awake = False

    def start(self, now: int) -> Iterable[Action]:
        """It goes on where it stopped."""
        self._awake = False
        return self._continue()

    def receive(self, now: int, sender: int, message: Any) -> Iterable[Action]:
        """Transactions come in; members may ask, but have no say."""
        if isinstance(message, Inquiry) and message.height < len(self.log):
            return to_each([sender], Record(self.log[message.height]))
        if isinstance(message, Submit):
            self.pool.add(message.trades)
        return self._continue()

    def woken(self, now: int, name: Any) -> Iterable[Action]:
        """It is time to write."""
        self._awake = False
        trades = self.pool.take(self.limit)
        block = Proposal(len(self.log), self.log[-1].digest, SERVER, now, trades)
        self.log.append(block)
        self.pool.settle(trades)
        return [Commit(block.height, block), *self.tell(block), *self._continue()]

    def tell(self, block: Proposal) -> Iterable[Action]:
        """Everybody is told the same."""
        return to_each(self.members, Record(block))

    def _continue(self) -> Iterable[Action]:
        if self._awake or not len(self.pool):
            return []
        self._awake = True
        return [Wake(self.interval, "write")]


class Member:
    """Believes the server, block after block."""

    def __init__(self) -> None:
        self.height = 1
        """Of the block that it waits for."""

        self._later: dict[int, Proposal] = {}

    def start(self, now: int) -> Iterable[Action]:
        """It waits to be told."""
        return []

    def receive(self, now: int, sender: int, message: Any) -> Iterable[Action]:
        """What the server says is so; whether it said otherwise elsewhere, who knows."""
        if sender != SERVER or not isinstance(message, Record):
            return []
        self._later.setdefault(message.block.height, message.block)
        if self.height not in self._later:
            return to_each([SERVER], Inquiry(self.height))
        return list(self._believe())

    def _believe(self) -> Iterable[Action]:
        while self.height in self._later:
            block = self._later.pop(self.height)
            self.height += 1
            yield Commit(block.height, block)

    def woken(self, now: int, name: Any) -> Iterable[Action]:
        """It sets no alarms."""
        return []


class TwoFacedServer(Server):
    """Leaves each block's last transaction out of what it tells every second member."""

    def tell(self, block: Proposal) -> Iterable[Action]:
        """One story for the odd, another for the even."""
        other = Proposal(block.height, block.parent, SERVER, block.slot, block.trades[:-1])
        odd, even = self.members[::2], self.members[1::2]
        return [*to_each(odd, Record(block)), *to_each(even, Record(other))]
