"""
What a replica is: a machine that is told what happens and answers what it does.

A replica has no clock, no socket and no thread. Whoever drives it (a simulated network, a
test, a reader with a pencil) tells it that a message came or that its alarm rang, and when;
it answers with :data:`Action`\\ s: send this, wake me then, this block is final. The same
words serve all five ways to agree: :mod:`~energychain.consensus.central`,
:mod:`~energychain.consensus.mining`, :mod:`~energychain.consensus.stake`,
:mod:`~energychain.consensus.authority`, :mod:`~energychain.consensus.pbft`.

Replicas are numbered 0, 1, 2, … and time is a whole number of microseconds [us].
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol, TypeAlias

from energychain.primitives.encoding import encode
from energychain.primitives.hashing import NO_DIGEST, Digest, digest
from energychain.primitives.keys import BadSignature, SecretKey

MILLISECOND = 1_000
"""[us]"""

SECOND = 1_000_000
"""[us]"""

CLIENT = -1
"""The "sender" of what comes from outside: the households' meters and wallets."""

SIGNATURE_BYTES = 64
"""A signature on the wire: r and s, 32 bytes each."""

HEADER_BYTES = 200
"""Room for a block's header on the wire: digests, numbers, its maker."""


# --- what a replica does --------------------------------------------------------------


class Send(NamedTuple):
    """Give this message to the network."""

    to: int
    message: Any
    size: int
    """[bytes]"""


class Wake(NamedTuple):
    """Wake me after this time [us], and tell me this name."""

    after: int
    name: Hashable


class Commit(NamedTuple):
    """For this replica the block is final."""

    height: int
    block: "Proposal"


Action: TypeAlias = Send | Wake | Commit


class Replica(Protocol):
    """A deterministic state machine; chance is given to it as a seeded generator."""

    def start(self, now: int) -> Iterable[Action]:
        """It begins, or begins again after a crash with all that it knew."""

    def receive(self, now: int, sender: int, message: Any) -> Iterable[Action]:
        """A message came. The sender's number is true; what the message says need not be."""

    def woken(self, now: int, name: Any) -> Iterable[Action]:
        """An alarm rang."""


class Message(Protocol):
    """What is sent between replicas."""

    @property
    def size(self) -> int:
        """Its length on the wire [bytes]."""


def to_each(receivers: Iterable[int], message: Message) -> list[Action]:
    """The same message to several.

    >>> [action.to for action in to_each((1, 2), Submit(()))]
    [1, 2]
    """
    size = message.size
    return [Send(receiver, message, size) for receiver in receivers]


# --- what they agree on ---------------------------------------------------------------


class Trade(NamedTuple):
    """An energy transaction as the network sees it: a name, so many bytes, so many kWh."""

    id: bytes
    energy: int
    """[mWh]"""

    size: int
    """[bytes]"""

    content: Any = None
    """The ledger's own signed transaction, where there is one."""


@dataclass(frozen=True, eq=False)
class Proposal:
    """A block as replicas speak of it."""

    height: int
    parent: Digest
    proposer: int
    slot: int
    """When it may stand: a time or the number of a time slot, as the protocol has it."""

    trades: tuple[Trade, ...] = ()
    notes: tuple[Any, ...] = ()
    """What it says about the protocol itself: a vote, a proof of a lie."""

    @cached_property
    def digest(self) -> Digest:
        """The block's name: SHA-256 of all its fields."""
        ids = b"".join(trade.id for trade in self.trades)
        place = (self.height, self.parent, self.proposer, self.slot)
        return digest((*place, ids, encode(self.notes)))

    @cached_property
    def size(self) -> int:
        """Header, notes and transactions [bytes]."""
        notes = len(encode(self.notes)) if self.notes else 0
        return HEADER_BYTES + notes + sum(trade.size for trade in self.trades)

    def __repr__(self) -> str:
        trades = f"{len(self.trades)} trades"
        return f"<block {self.height} {self.digest.hex()[:8]} by {self.proposer}: {trades}>"


GENESIS = Proposal(0, NO_DIGEST, CLIENT, 0)
"""The block on which everybody agrees before the first."""


class Submit(NamedTuple):
    """Households hand in transactions. They tell every replica."""

    trades: tuple[Trade, ...]

    @property
    def size(self) -> int:
        """[bytes]."""
        return sum(trade.size for trade in self.trades)


class Pool:
    """The transactions that wait, in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: dict[bytes, Trade] = {}
        self._settled: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, trades: Iterable[Trade]) -> None:
        """Some more; what is in the chain already does not wait."""
        for trade in trades:
            if trade.id not in self._settled:
                self._waiting.setdefault(trade.id, trade)

    def take(self, limit: int) -> tuple[Trade, ...]:
        """The first ones, at most ``limit``; they go on waiting until they are settled."""
        return tuple(trade for trade, _ in zip(self._waiting.values(), range(limit), strict=False))

    def settle(self, trades: Iterable[Trade]) -> None:
        """These stand in the chain."""
        for trade in trades:
            self._settled.add(trade.id)
            self._waiting.pop(trade.id, None)

    def restore(self, trades: Iterable[Trade]) -> None:
        """These stood in a branch that was left: they wait again."""
        for trade in trades:
            self._settled.discard(trade.id)
            self._waiting[trade.id] = trade

    def are_new(self, trades: Sequence[Trade]) -> bool:
        """Whether none of these is in the chain already, nor twice among them."""
        names = {trade.id for trade in trades}
        return len(names) == len(trades) and names.isdisjoint(self._settled)


# --- who said what --------------------------------------------------------------------


class Signed(NamedTuple):
    """A statement and the proof that its signer made it."""

    signer: int
    statement: tuple[Any, ...]
    signature: bytes


class Signatures(Protocol):
    """How statements are signed. A replica signs as itself only; that it can do no other is
    what a signature is for.
    """

    def sign(self, signer: int, statement: tuple[Any, ...]) -> Signed:
        """The statement, signed."""

    def check(self, signed: Signed) -> bool:
        """Whether the named signer made this statement."""


class IdealSignatures:
    """A notary who remembers who signed what: signatures that cannot be forged and cost
    nothing, for simulations (the ideal functionality of Canetti, *Universally composable
    signature, certification, and authentication*, CSFW 2004).

    >>> notary = IdealSignatures()
    >>> notary.check(notary.sign(1, ("yes",))), notary.check(Signed(2, ("yes",), b""))
    (True, False)
    """

    def __init__(self) -> None:
        self._said: set[tuple[int, tuple[Any, ...]]] = set()

    def sign(self, signer: int, statement: tuple[Any, ...]) -> Signed:
        """The statement, noted down."""
        self._said.add((signer, statement))
        return Signed(signer, statement, b"")

    def check(self, signed: Signed) -> bool:
        """Whether the signer ever said so."""
        return (signed.signer, signed.statement) in self._said


class KeySignatures:
    """Real signatures, one key for each replica: about a millisecond each."""

    def __init__(self, keys: Sequence[SecretKey]) -> None:
        self._keys = tuple(keys)

    def sign(self, signer: int, statement: tuple[Any, ...]) -> Signed:
        """The statement's canonical bytes, signed."""
        return Signed(signer, statement, self._keys[signer].sign(encode(statement)))

    def check(self, signed: Signed) -> bool:
        """Whether the signature fits the signer's public key."""
        if not 0 <= signed.signer < len(self._keys):
            return False
        try:
            self._keys[signed.signer].public.check(encode(signed.statement), signed.signature)
        except BadSignature:
            return False
        return True


# --- what outsiders see ---------------------------------------------------------------


class Conflict(NamedTuple):
    """Two different blocks, both final at one height: safety is lost."""

    height: int
    first: tuple[int, Proposal]
    """A replica and what it committed."""

    second: tuple[int, Proposal]


def conflict(commits: Iterable[tuple[int, Commit]]) -> Conflict | None:
    """The first conflict among what replicas committed, or none.

    >>> one, other = Proposal(1, NO_DIGEST, 0, 0), Proposal(1, NO_DIGEST, 1, 0)
    >>> conflict([(0, Commit(1, one)), (1, Commit(1, one))]) is None
    True
    >>> conflict([(0, Commit(1, one)), (1, Commit(1, other))]).height
    1
    """
    first: dict[int, tuple[int, Proposal]] = {}
    for replica, commit in commits:
        known = first.setdefault(commit.height, (replica, commit.block))
        if known[1].digest != commit.block.digest:
            return Conflict(commit.height, known, (replica, commit.block))
    return None
