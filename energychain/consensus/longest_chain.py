"""
Follow the heaviest branch: what proof of work, proof of stake and proof of authority have
in common (Nakamoto, 2008). They differ in who may make a block, and in what it weighs.

Whoever makes a block tells everybody. Two blocks at one height are not
prevented but outgrown: every replica keeps all blocks, follows the branch that
weighs most (of equal ones, the one it saw first) and calls a block final when it has so
many confirmations, its own included. That is a bet, not a certainty. A replica that loses
the bet takes the final block back: it commits another one at the same height.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from energychain.consensus.protocol import (
    GENESIS,
    SIGNATURE_BYTES,
    Action,
    Commit,
    Pool,
    Proposal,
    Send,
    Signed,
    Submit,
    to_each,
)
from energychain.primitives.hashing import Digest


class Announce(NamedTuple):
    """Here is a block, with its maker's signature where the protocol wants one."""

    block: Proposal
    seal: Signed | None = None

    @property
    def size(self) -> int:
        """[bytes]."""
        return self.block.size + (SIGNATURE_BYTES if self.seal else 0)


class Ask(NamedTuple):
    """I am missing this block, on which another stands."""

    digest: Digest
    size: int = 33
    """[bytes]"""


class LongestChain:
    """A replica that keeps all blocks and follows the heaviest branch."""

    def __init__(self, me: int, nodes: int, limit: int, confirmations: int) -> None:
        self.me, self.others = me, [node for node in range(nodes) if node != me]
        self.limit, self.confirmations = limit, confirmations
        self.pool = Pool()
        self.known: dict[Digest, Announce] = {GENESIS.digest: Announce(GENESIS)}
        self.weight: dict[Digest, int] = {GENESIS.digest: 0}
        self.main: list[Proposal] = [GENESIS]
        """The branch that it follows, by height."""

        self.final: list[Digest] = [GENESIS.digest]
        """What it has committed, by height."""

        self._orphans: dict[Digest, list[Announce]] = {}

    @property
    def head(self) -> Proposal:
        """The newest block of the heaviest branch."""
        return self.main[-1]

    # What a protocol decides.

    def valid(self, now: int, block: Proposal, seal: Signed | None) -> bool:
        """Whether the block may stand on its parent, which is known."""
        return True

    def worth(self, block: Proposal) -> int:
        """What the block adds to the weight of its branch."""
        return 1

    def learned(self, announced: Announce) -> None:
        """A valid block was added to the tree: note what follows for its children."""

    def moved(self, now: int) -> Iterable[Action]:
        """The head is another one."""
        return []

    # What they share.

    def start(self, now: int) -> Iterable[Action]:
        """It begins."""
        return []

    def woken(self, now: int, name: Any) -> Iterable[Action]:
        """An alarm rang."""
        return []

    def receive(self, now: int, sender: int, message: Any) -> Iterable[Action]:
        """Transactions, a block, or a question for one."""
        if isinstance(message, Announce):
            return self.accept(now, sender, message)
        if isinstance(message, Submit):
            self.pool.add(message.trades)
        elif isinstance(message, Ask) and message.digest in self.known:
            return to_each([sender], self.known[message.digest])
        return []

    def draft(self, parent: Proposal, slot: int, proposer: int, *notes: Any) -> Proposal:
        """The next block on the heaviest branch, with what waits. On another branch it is
        left empty: what waits there is not known.
        """
        trades = self.pool.take(self.limit) if parent is self.head else ()
        return Proposal(parent.height + 1, parent.digest, proposer, slot, trades, notes)

    def publish(self, now: int, announced: Announce) -> Sequence[Action]:
        """Tell everybody, and believe it oneself."""
        return [*to_each(self.others, announced), *self.accept(now, self.me, announced)]

    def accept(self, now: int, sender: int, announced: Announce) -> Sequence[Action]:
        """Put a block into the tree, and follow it if it makes its branch the heaviest."""
        block = announced.block
        if block.digest in self.known:
            return []
        if block.parent not in self.known:
            self._orphans.setdefault(block.parent, []).append(announced)
            ask = Ask(block.parent)
            return [Send(sender, ask, ask.size)] if sender != self.me else []
        if not self.learn(now, announced):
            return []
        actions: list[Action] = []
        if self.weight[block.digest] > self.weight[self.head.digest]:
            actions += self._follow(now, block)
        for orphan in self._orphans.pop(block.digest, []):
            actions += self.accept(now, self.me, orphan)
        return actions

    def learn(self, now: int, announced: Announce) -> bool:
        """Put a block into the tree without following it; false if it is not valid."""
        block = announced.block
        parent = self.known[block.parent].block
        if block.height != parent.height + 1 or not self.valid(now, block, announced.seal):
            return False
        self.known[block.digest] = announced
        self.weight[block.digest] = self.weight[block.parent] + self.worth(block)
        self.learned(announced)
        return True

    def ancestors(self, block: Proposal) -> Iterable[Proposal]:
        """The block itself, its parent, and so on down to the first block."""
        while block.height:
            yield block
            block = self.known[block.parent].block
        yield block

    def _follow(self, now: int, head: Proposal) -> list[Action]:
        adopted: list[Proposal] = []
        for block in self.ancestors(head):
            if block.height < len(self.main) and self.main[block.height] is block:
                break
            adopted.append(block)
        fork = head.height - len(adopted)
        for block in self.main[fork + 1 :]:
            self.pool.restore(block.trades)
        for block in adopted:
            self.pool.settle(block.trades)
        self.main[fork + 1 :] = reversed(adopted)
        return [*self._finalise(fork), *self.moved(now)]

    def _finalise(self, fork: int) -> Iterable[Action]:
        # Below the fork nothing changed; above it, all that is deep enough is final now.
        for block in self.main[min(fork + 1, len(self.final)) :]:
            if self.head.height - block.height + 1 < self.confirmations:
                return
            if block.height == len(self.final):
                self.final.append(block.digest)
            elif self.final[block.height] != block.digest:
                self.final[block.height] = block.digest  # a final block is taken back
            else:
                continue
            yield Commit(block.height, block)


class Withholding(LongestChain):
    """A coalition that builds a branch of its own and keeps it secret, until the honest ones
    have called their first block final and the secret branch weighs more: then it tells all.

    Mixed into a protocol's replica, before it.
    """

    secret: list[Announce]
    told = False

    @property
    def tip(self) -> Proposal:
        """Where the coalition builds: on its own branch, from the first block on."""
        if self.told:
            return self.head
        return self.secret[-1].block if self.secret else GENESIS

    def publish(self, now: int, announced: Announce) -> Sequence[Action]:
        """Keep it secret until it pays."""
        if self.told:
            return super().publish(now, announced)
        self.learn(now, announced)
        self.secret.append(announced)
        return self.perhaps_tell(now)

    def receive(self, now: int, sender: int, message: Any) -> Iterable[Action]:
        """Watch what the honest ones do."""
        return [*super().receive(now, sender, message), *self.perhaps_tell(now)]

    def perhaps_tell(self, now: int) -> Sequence[Action]:
        """Tell all when the time has come."""
        heavier = self.weight[self.tip.digest] > self.weight[self.head.digest]
        if self.told or self.head.height < self.confirmations or not heavier:
            return []
        self.told = True
        actions: list[Action] = []
        for announced in self.secret:
            actions += to_each(self.others, announced)
        return [*actions, *self._follow(now, self.secret[-1].block)]
