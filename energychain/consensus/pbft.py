r"""
Practical Byzantine fault tolerance (Castro & Liskov, OSDI 1999): replicas vote, and what more
than two thirds have confirmed is final at once and for ever.

Of :math:`n \ge 3f + 1` replicas, any :math:`f` may lie, forge, stay silent or die. One of them,
the *primary* of the current *view*, proposes a block for the next height:

1. **pre-prepare**: the primary sends the block; that counts as its own prepare;
2. **prepare**: whoever finds it in order tells everybody; a *quorum* of prepares shows that no
   other block can get one in this view, since two quorums share an honest replica, and that
   one does not say two things;
3. **commit**: whoever saw that quorum tells everybody; a quorum of commits makes it final.

If nothing becomes final for a while, replicas ask for the next view, with another primary, and
double their patience. Each tells what it knows (**view change**): the last block it committed,
with the commits that prove it, and the block that it saw prepared after that, with the prepares
that prove it. From a quorum of these the new primary (**new view**) must take up the block that
was prepared in the latest view: if anybody may have committed a block, it is this one.

Safety never depends on time. Liveness does: once messages come in time again, some honest
primary is given patience enough.

Simpler than the paper: one height at a time instead of a window between watermarks; every
committed block with its commits is a checkpoint of its own, which whoever lags behind is sent
(**decided**); signatures instead of authenticators; clients hear no replies; liars lie in
well-formed messages.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeAlias

from energychain.consensus.protocol import (
    GENESIS,
    SIGNATURE_BYTES,
    Action,
    Commit,
    Pool,
    Proposal,
    Signatures,
    Signed,
    Submit,
    Wake,
    to_each,
)
from energychain.primitives.hashing import Digest

VOTE_BYTES = 60 + SIGNATURE_BYTES
"""Phase, view, height, digest and voter [bytes]."""

Votes: TypeAlias = tuple[Signed, ...]
"""Signed votes of several replicas: a certificate, if they are a quorum."""


def most_faulty(nodes: int) -> int:
    """How many of so many replicas may be faulty.

    >>> [most_faulty(n) for n in (3, 4, 6, 7, 10)]
    [0, 1, 1, 2, 3]
    """
    return (nodes - 1) // 3


def quorum(nodes: int) -> int:
    """So many that any two quorums share an honest replica: 2f + 1 of 3f + 1.

    >>> [quorum(n) for n in (4, 5, 6, 7)]
    [3, 4, 4, 5]
    """
    return (nodes + most_faulty(nodes)) // 2 + 1


class PrePrepare(NamedTuple):
    """The primary proposes a block; its prepare is with it."""

    view: int
    block: Proposal
    vote: Signed

    @property
    def size(self) -> int:
        """[bytes]."""
        return self.block.size + VOTE_BYTES


class Ballot(NamedTuple):
    """A vote: the statement is (phase, view, height, digest)."""

    vote: Signed
    size: int = VOTE_BYTES

    @property
    def kind(self) -> str:
        """The phase: prepare or commit."""
        return str(self.vote.statement[0])


class Decided(NamedTuple):
    """A final block and the commits that prove it."""

    block: Proposal
    commits: Votes

    @property
    def size(self) -> int:
        """[bytes]."""
        return self.block.size + len(self.commits) * VOTE_BYTES


class ViewChange(NamedTuple):
    """I am for this view, and this is what I know: the statement is (phase, view, height of
    the last final block, view and digest of what was prepared after it).
    """

    claim: Signed
    last: Decided
    prepared: Proposal | None
    prepares: Votes

    @property
    def size(self) -> int:
        """[bytes]."""
        carried = self.prepared.size if self.prepared else 0
        return VOTE_BYTES * (1 + len(self.prepares)) + self.last.size + carried


class NewView(NamedTuple):
    """A quorum is for this view; what they know decides what I must propose."""

    view: int
    changes: tuple[ViewChange, ...]

    @property
    def size(self) -> int:
        """[bytes]."""
        return sum(change.size for change in self.changes)


class Fetch(NamedTuple):
    """I lag behind: send me what was decided from this height on."""

    height: int
    size: int = 9


NOTHING = Decided(GENESIS, ())
"""What is decided before the first block."""


class Pbft:
    """An honest replica. What it hears it keeps; then every rule whose time has come fires."""

    def __init__(
        self, me: int, nodes: int, limit: int, patience: int, signatures: Signatures
    ) -> None:
        self.me, self.nodes, self.limit, self.signatures = me, nodes, limit, signatures
        self.others = [node for node in range(nodes) if node != me]
        self.faulty, self.quorum = most_faulty(nodes), quorum(nodes)
        self.view, self.changing, self.pool = 0, False, Pool()
        self.log: list[Decided] = [NOTHING]
        self.base, self.patience = patience, patience
        """How long it waits for the next final block, at first and now [us]."""

        self.proposals: dict[tuple[int, int], PrePrepare] = {}
        self.accepted: dict[tuple[int, int], Proposal] = {}
        """By view and height: what was proposed first, and what it voted for."""

        self.votes: dict[tuple[Any, ...], dict[int, Signed]] = {}
        """By statement, then by voter."""

        self.blocks: dict[Digest, Proposal] = {}
        self.prepared: tuple[int, Proposal, Votes] | None = None
        """What it saw prepared at the next height: latest view, block, certificate."""

        self.changes: dict[int, dict[int, ViewChange]] = {}
        self.bound: dict[int, tuple[int, Digest | None]] = {}
        """By view: from which height on it decides, and what must be proposed there."""

        self._alarm, self._waits, self._ahead = 0, False, dict[int, int]()

    @property
    def height(self) -> int:
        """The height at which the next block will stand."""
        return len(self.log)

    def primary(self, view: int) -> int:
        """Who proposes in a view: they take turns."""
        return view % self.nodes

    # --- what happens ---

    def start(self, now: int) -> Iterable[Action]:
        """It begins, or goes on from what it had written down."""
        self._waits = False
        return self._react()

    def receive(self, now: int, sender: int, message: Any) -> Iterable[Action]:
        """Keep what is genuine, then react."""
        actions: list[Action] = []
        if isinstance(message, Submit):
            self.pool.add(message.trades)
        elif isinstance(message, PrePrepare):
            self._hear_proposal(message)
        elif isinstance(message, Ballot):
            self._hear_vote(message.vote)
        elif isinstance(message, Decided):
            actions += self._catch_up(message)
        elif isinstance(message, ViewChange) and self._genuine(message):
            self._hear_change(message)
            actions += self._help(sender, message.last.block.height + 1)
        elif isinstance(message, NewView) and sender == self.primary(message.view):
            actions += self._enter(message)
        elif isinstance(message, Fetch):
            actions += self._help(sender, message.height)
        return [*actions, *self._react()]

    def woken(self, now: int, name: Any) -> Iterable[Action]:
        """Its patience is at an end: it catches up if more than f are ahead (one of them is
        honest), and asks for the next view otherwise.
        """
        if name != self._alarm or not self._waits:
            return []
        self._waits = False
        ahead = sorted(node for node, height in self._ahead.items() if height > self.height)
        if len(ahead) > self.faulty:
            self._ahead.clear()
            return [*to_each(ahead, Fetch(self.height)), *self._react()]
        if self._alone():
            # Some did not hear: going on alone would leave them behind.
            return [*to_each(self.others, self.changes[self.view][self.me]), *self._react()]
        return [*self._change_to(self.view + 1), *self._react()]

    # --- the rules: each does what is due, or nothing (None) if its time has not come ---

    def _react(self) -> list[Action]:
        actions: list[Action] = []
        rules = (self._decide, self._confirm, self._join, self._lead, self._propose, self._prepare)
        while True:
            done = next((acts for acts in (rule() for rule in rules) if acts is not None), None)
            if done is None:
                return [*actions, *self._wait()]
            actions += done

    def _propose(self) -> list[Action] | None:
        """The primary proposes what it must, or else what waits."""
        place = (self.view, self.height)
        if self.changing or self.primary(self.view) != self.me or place in self.proposals:
            return None
        height, must = self.bound.get(self.view, (0, None))
        block = self.blocks.get(must) if must and height == self.height else None
        if block is None:
            trades = self.pool.take(self.limit)
            if not trades:
                return None
            block = Proposal(self.height, self.log[-1].block.digest, self.me, self.view, trades)
        vote = self._sign("prepare", block)
        proposal = PrePrepare(self.view, block, vote)
        self._hear_proposal(proposal)
        return to_each(self.others, proposal)

    def _prepare(self) -> list[Action] | None:
        """Vote for the first block that is proposed here, if it is in order."""
        place = (self.view, self.height)
        if self.changing or place in self.accepted or place not in self.proposals:
            return None
        block = self.proposals[place].block
        height, must = self.bound.get(self.view, (0, None))
        wrong = must and height == self.height and block.digest != must
        follows = block.parent == self.log[-1].block.digest
        if wrong or not follows or not self.pool.are_new(block.trades):
            return None
        self.accepted[place] = block
        return self._vote("prepare", block) if self.primary(self.view) != self.me else []

    def _confirm(self) -> list[Action] | None:
        """With a quorum of prepares in this view: commit."""
        block = self.accepted.get((self.view, self.height))
        if self.changing or block is None:
            return None
        if self.prepared is not None and self.prepared[0] == self.view:
            return None
        votes = self._votes(("prepare", self.view, self.height, block.digest))
        if len(votes) < self.quorum:
            return None
        self.prepared = (self.view, block, votes)
        return self._vote("commit", block)

    def _decide(self) -> list[Action] | None:
        """With a quorum of commits in any one view: it is final."""
        for statement in self.votes:
            if statement[0] == "commit" and statement[2] == self.height:
                votes, block = self._votes(statement), self.blocks.get(statement[3])
                if len(votes) >= self.quorum and block is not None:
                    return self._append(Decided(block, votes))
        return None

    def _join(self) -> list[Action] | None:
        """More than f are for a later view: one of them is honest, so go along."""
        wanted: dict[int, int] = {}
        for view, changes in self.changes.items():
            for node in changes:
                wanted[node] = max(view, wanted.get(node, 0))
        views = sorted(wanted.values(), reverse=True)
        if len(views) <= self.faulty or views[self.faulty] <= self.view:
            return None
        return self._change_to(views[self.faulty])

    def _lead(self) -> list[Action] | None:
        """The new primary opens its view, once a quorum is for it."""
        changes = self.changes.get(self.view, {})
        if not self.changing or self.primary(self.view) != self.me or len(changes) < self.quorum:
            return None
        message = NewView(self.view, tuple(changes.values())[: self.quorum])
        return [*to_each(self.others, message), *self._enter(message)]

    # --- votes ---

    def _sign(self, phase: str, block: Proposal) -> Signed:
        statement = (phase, self.view, block.height, block.digest)
        return self.signatures.sign(self.me, statement)

    def _vote(self, phase: str, block: Proposal) -> list[Action]:
        vote = self._sign(phase, block)
        self._hear_vote(vote)
        return to_each(self.others, Ballot(vote))

    def _hear_proposal(self, message: PrePrepare) -> None:
        view, block, vote = message
        statement = ("prepare", view, block.height, block.digest)
        if vote[:2] == (self.primary(view), statement) and self._hear_vote(vote):
            self.blocks[block.digest] = block
            self.proposals.setdefault((view, block.height), message)

    def _hear_vote(self, vote: Signed) -> bool:
        if vote.statement[2] < self.height or not self.signatures.check(vote):
            return False
        self.votes.setdefault(vote.statement, {})[vote.signer] = vote
        if vote.statement[2] > self.height:
            self._ahead[vote.signer] = vote.statement[2]
        return True

    def _votes(self, statement: tuple[Any, ...]) -> Votes:
        return tuple(self.votes.get(statement, {}).values())

    def _certified(self, votes: Votes, phase: str, block: Proposal, view: int | None) -> bool:
        """Whether these are a quorum's votes for the block, all of one view."""
        if view is None:
            view = votes[0].statement[1] if votes else 0
        statement = (phase, view, block.height, block.digest)
        return len({vote.signer for vote in votes}) >= self.quorum and all(
            vote.statement == statement and self.signatures.check(vote) for vote in votes
        )

    # --- final blocks ---

    def _append(self, decided: Decided) -> list[Action]:
        block = decided.block
        self.log.append(decided)
        self.pool.settle(block.trades)
        self.prepared, self.patience, self._waits = None, self.base, False
        self.votes = {s: votes for s, votes in self.votes.items() if s[2] >= self.height}
        return [Commit(block.height, block)]

    def _catch_up(self, decided: Decided) -> list[Action]:
        block = decided.block
        if block.height != self.height or block.parent != self.log[-1].block.digest:
            return []
        proven = self._certified(decided.commits, "commit", block, None)
        return self._append(decided) if proven else []

    def _help(self, late: int, height: int) -> list[Action]:
        actions: list[Action] = []
        for decided in self.log[max(height, 1) :]:
            actions += to_each([late], decided)
        return actions

    # --- the change of view ---

    def _change_to(self, view: int) -> list[Action]:
        self.view, self.changing, self._waits = view, True, False
        self.patience *= 2
        prepared, block, votes = self.prepared or (-1, None, ())
        name = block.digest if block else b""
        statement = ("view change", view, self.height - 1, prepared, name)
        claim = self.signatures.sign(self.me, statement)
        change = ViewChange(claim, self.log[-1], block, votes)
        self.changes.setdefault(view, {})[self.me] = change
        return to_each(self.others, change)

    def _hear_change(self, change: ViewChange) -> None:
        alone = self._alone()
        self.changes.setdefault(change.claim.statement[1], {})[change.claim.signer] = change
        if alone and not self._alone():
            self._waits = False  # only now does it begin to wait for the new view

    def _alone(self) -> bool:
        """Whether it wants another view and no quorum is known to want that or a later one."""
        later = (changes for view, changes in self.changes.items() if view >= self.view)
        return self.changing and len({node for changes in later for node in changes}) < self.quorum

    def _genuine(self, change: ViewChange) -> bool:
        """Whether the claim is signed and its certificates bear it out."""
        claim, (last, commits), block, prepares = change
        _, view, height, prepared, name = claim.statement
        proven = height == 0 or self._certified(commits, "commit", last, None)
        if block is None:
            honest = prepared == -1
        else:
            honest = (
                -1 < prepared < view
                and (block.height, block.digest) == (height + 1, name)
                and self._certified(prepares, "prepare", block, prepared)
            )
        return self.signatures.check(claim) and last.height == height and proven and honest

    def _enter(self, message: NewView) -> list[Action]:
        """Begin the view if a quorum is for it, bound by what was prepared at the next height."""
        view, changes = message
        signers = {change.claim.signer for change in changes}
        if view < self.view or (view == self.view and not self.changing):
            return []
        if len(signers) < self.quorum or not all(
            change.claim.statement[1] == view and self._genuine(change) for change in changes
        ):
            return []
        actions: list[Action] = []
        last = max(changes, key=lambda change: change.claim.statement[2]).last
        actions += self._catch_up(last)
        height = last.block.height + 1
        prepared = [c for c in changes if c.prepared and c.prepared.height == height]
        chosen = max(prepared, key=lambda c: c.claim.statement[3]).prepared if prepared else None
        if chosen is not None:
            self.blocks[chosen.digest] = chosen
        self.bound[view] = (height, chosen.digest if chosen else None)
        self.view, self.changing, self._waits = view, False, False
        if self.height < height:
            actions += to_each(sorted(signers - {self.me}), Fetch(self.height))
        elif self.height > height:
            # It is ahead of all who spoke: they will need what it knows.
            for other in self.others:
                actions += self._help(other, height)
        return actions

    def _wait(self) -> list[Action]:
        if self._waits or not (len(self.pool) or self.changing):
            return []
        self._waits, self._alarm = True, self._alarm + 1
        return [Wake(self.base if self._alone() else self.patience, self._alarm)]
