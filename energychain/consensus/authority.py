"""
Proof of authority: a list of known sealers, who take turns, and who vote each other in and
out. The rules are those of Clique (Szilágyi, EIP-225, 2017).

* The sealer whose turn it is makes a block that weighs 2; any other may make one that weighs
  1, after a pause, in case the first is asleep.
* A sealer may make one block in any ⌊n/2⌋ + 1 in a row, so no minority can go on alone, and
  ⌊n/2⌋ + 1 blocks on one another show a majority.
* A block may carry one vote, to add somebody or to drop somebody; when more than half of the
  sealers have said so, it is done.

What one sealer can do: leave out a transaction in its turn, stay away, which costs the others
the pause, or seal twice. The last is what no rule here prevents: during a partition into two
equal sides, one sealer that seals on both (a *clone*; Ekparinya, Gramoli & Jourjon, *The
attack of the clones against proof-of-authority*, NDSS 2020) gives each side its majority, and
both become final.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from energychain.consensus.longest_chain import Announce, LongestChain, Withholding
from energychain.consensus.protocol import (
    GENESIS,
    MILLISECOND,
    Action,
    Proposal,
    Signatures,
    Signed,
    Wake,
)
from energychain.primitives.hashing import Digest

IN_TURN, OUT_OF_TURN = 2, 1
"""What a block weighs."""

PAUSE = 500 * MILLISECOND
"""For each sealer, the time by which those out of turn may hold back [us] (EIP-225)."""


@dataclass(frozen=True)
class Vote:
    """A sealer wishes somebody in or out."""

    candidate: int
    welcome: int
    """1 to add, 0 to drop."""


@dataclass(frozen=True)
class Roll:
    """Who may seal after a block, and what was voted on."""

    sealers: tuple[int, ...]
    votes: tuple[tuple[int, Vote], ...] = ()
    """Who voted for what, while it is open."""

    @property
    def majority(self) -> int:
        """More than half of the sealers: needed by a vote, and the span within which each
        seals once.
        """
        return len(self.sealers) // 2 + 1

    def in_turn(self, height: int) -> int:
        """Whose turn it is.

        >>> Roll((3, 5, 9)).in_turn(4)
        5
        """
        return self.sealers[height % len(self.sealers)]

    def after(self, sealer: int, vote: Vote) -> "Roll":
        """The roll after a vote; one that would change nothing is no vote.

        >>> roll = Roll((0, 1, 2)).after(0, Vote(7, 1))
        >>> roll.sealers, roll.after(1, Vote(7, 1)).sealers
        ((0, 1, 2), (0, 1, 2, 7))
        """
        if (vote.candidate in self.sealers) == bool(vote.welcome):
            return self
        others = tuple(v for v in self.votes if v[0] != sealer or v[1].candidate != vote.candidate)
        votes = (*others, (sealer, vote))
        if sum(v == vote for _, v in votes) < self.majority:
            return Roll(self.sealers, votes)
        sealers = {*self.sealers, vote.candidate} if vote.welcome else {*self.sealers}
        if not vote.welcome:
            sealers.discard(vote.candidate)
        # Nobody's vote outlives its sealer, nor the question it answers.
        left = tuple(v for v in votes if v[0] in sealers and v[1].candidate != vote.candidate)
        return Roll(tuple(sorted(sealers)), left)


class Sealer(LongestChain):
    """Seals in turn, or out of turn after a pause. Honest ones have one name; a coalition has
    several.
    """

    def __init__(
        self,
        me: int,
        nodes: int,
        limit: int,
        confirmations: int,
        period: int,
        sealers: Sequence[int],
        signatures: Signatures,
        rng: Random,
        names: Sequence[int] = (),
        ballot: Sequence[Vote] = (),
    ) -> None:
        super().__init__(me, nodes, limit, confirmations)
        self.period, self.signatures, self.names = period, signatures, tuple(names or (me,))
        self.ballot = tuple(ballot)
        self.rolls: dict[Digest, Roll] = {GENESIS.digest: Roll(tuple(sorted(sealers)))}
        """Who may seal on top of each block."""

        self._rng = rng

    def may_seal(self, parent: Proposal, name: int) -> bool:
        """On the roll, and not among the last ⌊n/2⌋ that sealed."""
        roll = self.rolls[parent.digest]
        recent = zip(range(roll.majority - 1), self.ancestors(parent), strict=False)
        return name in roll.sealers and all(block.proposer != name for _, block in recent)

    def start(self, now: int) -> Iterable[Action]:
        """It looks whether it may seal."""
        return self.moved(now)

    def moved(self, now: int) -> Iterable[Action]:
        """A new head: it plans when which of its names may seal on it."""
        return self._plans(now, self.head)

    def _plans(self, now: int, parent: Proposal) -> list[Action]:
        roll, due = self.rolls[parent.digest], max(parent.slot + self.period - now, 0)
        plans: list[Action] = []
        for name in self.names:
            if self.may_seal(parent, name):
                turn = roll.in_turn(parent.height + 1) == name
                most = roll.majority * PAUSE
                pause = 0 if turn else PAUSE + int(self._rng.random() * most)
                plans.append(Wake(due + pause, (parent.digest, name)))
        return plans

    def woken(self, now: int, name: Any) -> Iterable[Action]:
        """Seal, if nobody was faster."""
        parent, sealer = self.known[name[0]].block, name[1]
        return self.seal(now, parent, sealer) if parent is self.head else []

    def seal(self, now: int, parent: Proposal, sealer: int) -> Iterable[Action]:
        """Make the block and tell everybody."""
        sealers = self.rolls[parent.digest].sealers
        wishes = [v for v in self.ballot if (v.candidate in sealers) != bool(v.welcome)]
        block = self.draft(parent, now, sealer, *wishes[:1])
        statement = ("seal", block.digest)
        return self.publish(now, Announce(block, self.signatures.sign(sealer, statement)))

    def valid(self, now: int, block: Proposal, seal: Signed | None) -> bool:
        """By a sealer that may, signed, a period after its parent, with at most one vote."""
        parent = self.known[block.parent].block
        return (
            parent.slot + self.period <= block.slot <= now
            and self.may_seal(parent, block.proposer)
            and seal is not None
            and seal[:2] == (block.proposer, ("seal", block.digest))
            and self.signatures.check(seal)
            and len(block.notes) <= 1
            and all(type(note) is Vote for note in block.notes)
        )

    def worth(self, block: Proposal) -> int:
        """2 in turn, 1 out of turn."""
        in_turn = self.rolls[block.parent].in_turn(block.height) == block.proposer
        return IN_TURN if in_turn else OUT_OF_TURN

    def learned(self, announced: Announce) -> None:
        """Count its vote."""
        block = announced.block
        roll = self.rolls[block.parent]
        for vote in block.notes:
            roll = roll.after(block.proposer, vote)
        self.rolls[block.digest] = roll


class WithholdingSealer(Withholding, Sealer):
    """A coalition that seals with all its names in public until the first block is final, and
    with the same names on a branch of its own, in secret, all the while.
    """

    def __init__(self, *terms: Any, **more: Any) -> None:
        super().__init__(*terms, **more)
        self.secret = []

    def start(self, now: int) -> Iterable[Action]:
        """It plans for both branches."""
        return self._plans(now, GENESIS)

    def woken(self, now: int, name: Any) -> Iterable[Action]:
        """Seal on the public branch, on the secret one, or on both while they are one."""
        parent, sealer = self.known[name[0]].block, name[1]
        actions: list[Action] = []
        if parent is self.head and (self.told or self.head.height < self.confirmations):
            announced = self._sealed(now, parent, sealer)
            actions += LongestChain.publish(self, now, announced)
        if parent is self.tip and not self.told:
            actions += self.publish(now, self._sealed(now, parent, sealer, secret=1))
            actions += self._plans(now, self.tip)
        return actions

    def _sealed(self, now: int, parent: Proposal, sealer: int, secret: int = 0) -> Announce:
        trades = () if secret else self.pool.take(self.limit)
        block = Proposal(parent.height + 1, parent.digest, sealer, now, trades)
        return Announce(block, self.signatures.sign(sealer, ("seal", block.digest)))
