"""
Replicas that misbehave under any protocol, and the traitor that tries to divide PBFT.

A traitor may say what it likes to whom it likes, and traitors know each other; but it cannot
sign for an honest replica.
"""

from collections.abc import Collection, Iterable, Sequence
from random import Random
from typing import Any

from energychain.consensus.pbft import (
    NOTHING,
    Ballot,
    NewView,
    PrePrepare,
    ViewChange,
    quorum,
)
from energychain.consensus.protocol import (
    GENESIS,
    Action,
    Proposal,
    Signatures,
    Signed,
    Submit,
    Trade,
    to_each,
)
from energychain.primitives.hashing import Digest, digest


class Silent:
    """Never does anything: a replica that has died, or pretends to."""

    def start(self, now: int) -> Iterable[Action]:
        """Nothing."""
        return []

    def receive(self, now: int, sender: int, message: Any) -> Iterable[Action]:
        """Nothing."""
        return []

    def woken(self, now: int, name: Any) -> Iterable[Action]:
        """Nothing."""
        return []


class PbftTraitor:
    """As primary it proposes one block to some and another to the rest; as a voter it votes for
    everything that it hears of, twice over, before all or before some only, and now and then
    for what does not exist; when the view changes it claims to know nothing.
    """

    def __init__(
        self,
        me: int,
        nodes: int,
        signatures: Signatures,
        rng: Random,
        friends: Collection[int] = (),
        candour: float = 1.0,
    ) -> None:
        self.me, self.nodes, self.signatures, self._rng = me, nodes, signatures, rng
        self.others = [node for node in range(nodes) if node != me]
        self.friends = frozenset(friends)
        """The other traitors: it need not listen to how they vote."""

        self.victims = [node for node in self.others if node not in self.friends]
        self.candour = candour
        """The probability with which it tells each of the others how it votes. If it is less
        than 1, its proposals go to all alike: then it tries to let few know what is final."""

        self.trades: tuple[Trade, ...] = ()
        self.heads: dict[int, Digest] = {0: GENESIS.digest}
        """A block at each height that somebody wants to be final."""

        self.changes: dict[int, dict[int, ViewChange]] = {}
        self._said: set[Any] = set()

    def start(self, now: int) -> Iterable[Action]:
        """It lies in wait."""
        return []

    def woken(self, now: int, name: Any) -> Iterable[Action]:
        """It sets no alarms."""
        return []

    def receive(self, now: int, sender: int, message: Any) -> Iterable[Action]:
        """Make the worst of it."""
        if isinstance(message, Submit):
            self.trades = (*self.trades, *message.trades)
            return self._divide(0, 1)
        if isinstance(message, PrePrepare):
            return self._agree(message.vote)
        if isinstance(message, Ballot) and sender not in self.friends:
            return self._agree(message.vote)
        if isinstance(message, ViewChange):
            return self._pretend(sender, message)
        if isinstance(message, NewView):
            self.changes.setdefault(message.view, {})
        return []

    def _agree(self, vote: Signed) -> list[Action]:
        """Prepare and commit whatever is on the table."""
        phase, view, height, block = vote.statement
        actions: list[Action] = []
        if phase == "commit":
            self.heads[height] = block
            actions += self._divide(view, height + 1)
        lies = ("lie", view, height) not in self._said and self._rng.random() < 0.2
        if lies:
            self._said.add(("lie", view, height))
        for wish in ("prepare", "commit"):
            statement = (wish, view, height, digest((block, "a lie")) if lies else block)
            if statement not in self._said:
                self._said.add(statement)
                told = [node for node in self.others if self._rng.random() < self.candour]
                actions += to_each(told, Ballot(self.signatures.sign(self.me, statement)))
        return actions

    def _divide(self, view: int, height: int) -> list[Action]:
        """One block for some of the others, another for the rest, if it leaves a rest."""
        if view % self.nodes != self.me or ("divide", view, height) in self._said:
            return []
        if height - 1 not in self.heads or not self.trades:
            return []
        self._said.add(("divide", view, height))
        some, rest = self._halves()
        offered: tuple[tuple[Sequence[int], tuple[Trade, ...]], ...] = (
            (some, self.trades[:1]),
            (rest, self.trades[1:2]),
        )
        actions: list[Action] = []
        for receivers, trades in offered:
            block = Proposal(height, self.heads[height - 1], self.me, view, trades)
            vote = self.signatures.sign(self.me, ("prepare", view, height, block.digest))
            actions += to_each(receivers, PrePrepare(view, block, vote))
            actions += self._agree(vote)
        return actions

    def _halves(self) -> tuple[list[int], list[int]]:
        victims = [*self.victims]
        self._rng.shuffle(victims)
        middle = len(victims) // 2 if self.candour == 1.0 else len(victims)
        return victims[:middle], victims[middle:]

    def _pretend(self, sender: int, change: ViewChange) -> list[Action]:
        """For every view, having seen nothing; as its primary, with the quorum that shows least."""
        view = change.claim.statement[1]
        known = self.changes.setdefault(view, {})
        known[sender] = change
        actions: list[Action] = []
        if self.me not in known:
            claim = self.signatures.sign(self.me, ("view change", view, 0, -1, b""))
            known[self.me] = ViewChange(claim, NOTHING, None, ())
            actions += to_each(self.others, known[self.me])
        if view % self.nodes == self.me and len(known) >= quorum(self.nodes):
            least = sorted(known.values(), key=lambda c: (len(c.prepares), c.claim.statement[2]))
            chosen = tuple(least[: quorum(self.nodes)])
            height = max(c.claim.statement[2] for c in chosen) + 1
            for other in self.others:
                actions += to_each([other], NewView(view, chosen))
            actions += self._divide(view, height)
        return actions
