r"""
Measurements on their way from the end of a line to the relay, and the receiver that
decides which of them to believe.

Bayati, Hajizadeh & Soltani (2020), chapter 11 of *Blockchain-based Smart Grids*,
sections 4.1 and 4.2, list what an attacker can do to such messages. IEC 61850 gives
them their numbers (a status number ``stNum`` and a count, ``sqNum`` in GOOSE and
``smpCnt`` in sampled values), IEC 62351-6 adds a tag. The chapter says nothing of the
receiver; what follows is ours.

A message has :data:`SIZE` bytes and no variable part, so there is nothing to parse
before the tag is checked:

========  =====  ==============================================================
field     bytes  meaning
========  =====  ==============================================================
version       1  :data:`VERSION`
source        2  which end measures; it is under the tag and picks the key, so a
                 message of one end never passes as one of the other
stream        2  which of the source's streams
epoch         4  which key; epochs only grow
status        4  ``stNum``: never falls within an epoch
count         4  ``sqNum`` or ``smpCnt``: 0, 1, 2, ... within an epoch; it never wraps
time          8  when it was measured [ns]
current       8  into the line [uA]
voltage       8  [uV]
previous     32  the hash of the message before, which is its leaf in the batch
tag          16  HMAC-SHA-256 of all the above, truncated
========  =====  ==============================================================

The receiver asks, in this order (:data:`CHECKS`): is the **size** right, does the port
keep to its **rate**, does the **tag** fit, is the **epoch** not an old one, is the
message **fresh**, is its **count** new, does the **chain** hold, are the **values**
possible. Until the tag fits, a message changes nothing but its port's rate limit: a
forged status number cannot shut the true messages out. A gap in the counts is marked
and accepted, so losing messages does not silence the rest.

A tag convinces only whoever holds the key. Once per batch the source therefore signs
the Merkle root over its messages (:func:`sign_batch`); the signature is what a ledger
keeps and what a third party checks, and it also shows which messages were lost.

No clock is read: the time of arrival is an argument, and what a wrong clock does can
be tried. If the receiver's clock is late by d, delays of up to d cannot be noticed.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from energychain.primitives.hashing import NO_DIGEST, Digest, sha256
from energychain.primitives.keys import PublicKey, SecretKey
from energychain.primitives.mac import BadTag, Mac
from energychain.primitives.merkle import InclusionProof, MerkleTree, leaf_hash
from energychain.primitives.refusals import Refusal

VERSION = 1

HEADER = struct.Struct(">BHHIIIQqq32s")
"""All that is under the tag."""

TAG_SIZE = 16
"""128 bits: guessing one takes 2^127 tries on average, and each wrong one is seen [bytes]."""

SIZE = HEADER.size + TAG_SIZE
"""A message, neither more nor less [bytes]."""

ADDRESS = struct.Struct(">BHHI")
"""The beginning of a message that says which key: version, source, stream, epoch."""

CHECKS = ("size", "rate", "tag", "epoch", "freshness", "counter", "chain", "values")
"""The receiver's questions, in order."""

LARGEST = 2**32 - 1
"""The last status number, count and epoch."""

_COUNT = struct.Struct(">I")
_COUNT_AT = ADDRESS.size + 4
_PREVIOUS_AT = HEADER.size - 32


# --- refusals -------------------------------------------------------------------------


class WrongSize(Refusal):
    """A message has one size only."""

    rule = "size"


class TooMany(Refusal):
    """The port sends more than a stream of measurements needs."""

    rule = "rate"


class NoKey(BadTag):
    """Nobody may send here under this source, stream and epoch."""


class UnknownAddress(Refusal):
    """A receiver without the defence knows streams by their address alone."""

    rule = "address"


class OldEpoch(Refusal):
    """The key was replaced; what it tagged is history."""

    rule = "epoch"


class NotFresh(Refusal):
    """Too old, from the future, or measured before the message that it follows."""

    rule = "freshness"


class Replayed(Refusal):
    """This count was accepted before, or is too far back to tell."""

    rule = "counter"


class BrokenChain(Refusal):
    """The key holder sent two different messages of one count: there are two of them."""

    rule = "chain"


class Impossible(Refusal):
    """No sensor of this line measures such a value."""

    rule = "values"


class Unsendable(Refusal):
    """The sender is asked for a message that no receiver should believe."""

    rule = "sender"


class BadBatch(Refusal):
    """The messages are not those that the source signed."""

    rule = "batch"


# --- messages -------------------------------------------------------------------------


class Message(NamedTuple):
    """What a message says (a tuple, because one is made for every sample)."""

    version: int
    source: int
    stream: int
    epoch: int
    status: int
    count: int  # type: ignore[assignment]  # smpCnt; nobody counts equal fields of a message
    time: int
    """[ns]"""

    current: int
    """Into the line [uA]."""

    voltage: int
    """[uV]"""

    previous: bytes
    """The leaf of the message before; zeros in the first of an epoch."""


@dataclass(frozen=True)
class Key:
    """The key of one stream in one epoch.

    Raises ``ValueError`` for a key shorter than 16 bytes.
    """

    source: int
    stream: int
    epoch: int
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) < 16:
            raise ValueError("the key of a stream has at least 16 bytes")

    @cached_property
    def mac(self) -> Mac:
        """What makes and checks its tags."""
        return Mac(self.secret, TAG_SIZE)

    @property
    def address(self) -> bytes:
        """How its messages begin."""
        return ADDRESS.pack(VERSION, self.source, self.stream, self.epoch)


def stream_key(secret: bytes, source: int, stream: int, epoch: int) -> Key:
    """The key of a stream and epoch, derived from the secret of the link: no two streams,
    directions or epochs share one.

    >>> stream_key(b"the secret of line 1", source=1, stream=0, epoch=1)
    Key(source=1, stream=0, epoch=1)
    """
    name = b"energychain measurements" + ADDRESS.pack(VERSION, source, stream, epoch)
    return Key(source, stream, epoch, Mac(secret).tag(name))


def read(data: bytes) -> Message:
    """What a message says, believed or not.

    Raises :class:`WrongSize` unless it has :data:`SIZE` bytes.
    """
    _require_size(data)
    return Message._make(HEADER.unpack(data[:-TAG_SIZE]))


def _require_size(data: bytes) -> None:
    if len(data) != SIZE:
        raise WrongSize(f"a message has {SIZE} bytes, this has {len(data)}")


class Sender:
    """The sensor at one end: it numbers, chains and tags what it measures.

    It is no value but a thing with a counter, for a count must never be used twice.
    After a restart, or when its clock was set back, it needs a new epoch.

    >>> sender = Sender(stream_key(b"the secret of line 1", source=1, stream=0, epoch=1))
    >>> message = read(sender.make(time=20_000, current=1_700_000, voltage=48_000_000))
    >>> message.count, message.current
    (0, 1700000)
    """

    def __init__(self, key: Key) -> None:
        self._address = (VERSION, key.source, key.stream, key.epoch)
        self._mac = key.mac
        self.count = 0
        """How many messages it made in this epoch."""

        self.last: Digest = NO_DIGEST
        """The leaf of the last message."""

        self._status, self._time = 0, -1

    def make(self, time: int, current: int, voltage: int, status: int = 0) -> bytes:
        """The next message: ``time`` [ns], ``current`` [uA], ``voltage`` [uV].

        Raises :class:`Unsendable` if the time does not grow, the status number falls, a
        number does not fit, or the count is used up: then a new epoch must begin.
        """
        if time <= self._time:
            raise Unsendable(f"the clock went from {self._time} to {time} ns: begin a new epoch")
        if status < self._status:
            raise Unsendable(f"the status number fell from {self._status} to {status}")
        try:
            head = HEADER.pack(
                *self._address, status, self.count, time, current, voltage, self.last
            )
        except struct.error:
            raise Unsendable(
                f"a number does not fit its field: begin a new epoch after count {LARGEST},"
                " and check the values"
            ) from None
        data = head + self._mac.tag(head)
        self.count, self.last = self.count + 1, leaf_hash(data)
        self._status, self._time = status, time
        return data


# --- the receiver ---------------------------------------------------------------------


@dataclass(frozen=True)
class Terms:
    """What a receiver accepts. The defaults are ours, for 50 kHz and a link of 20 us."""

    max_age: int = 200_000
    """The longest way from measurement to arrival, with the error of both clocks [ns]."""

    max_lead: int = 20_000
    """How far the sender's clock may be ahead [ns]."""

    window: int = 64
    """How many counts back a message that was overtaken is still accepted."""

    max_current: int = 1_000_000_000
    """The largest current that the sensor can measure [uA]."""

    max_voltage: int = 2_000_000_000
    """[uV]"""

    interval: int = 5_000
    """The average time between messages that a port may not fall below [ns]."""

    burst: int = 32
    """How many messages may come at once."""

    ports: tuple[str, ...] = ("line",)
    """Where messages come in. Each port has its own rate, so that a flood at one does
    not use up the rate of another."""


class Accepted(NamedTuple):
    """A message that was believed."""

    message: Message
    at: int
    """When it arrived [ns]."""

    missed: int
    """The gap: how many counts before it have not arrived; 0 if the defence is off, for
    then nobody looks."""

    late: bool
    """Whether it was overtaken and fills a gap that was marked before."""

    leaf: bytes
    """Its leaf in the batch; empty if the defence is off."""


class _Seen(NamedTuple):
    previous: bytes
    leaf: bytes
    time: int


class _Stream:
    """What is known of one stream. Only authentic messages change it."""

    __slots__ = ("at", "epoch", "seen", "status", "time", "top")

    def __init__(self) -> None:
        self.epoch = self.top = self.time = self.at = -1
        self.status = 0
        self.seen: dict[int, _Seen] = {}

    def snapshot(self) -> tuple[object, ...]:
        return (self.epoch, self.top, self.time, self.at, self.status, tuple(self.seen.items()))


class Receiver:
    """The relay's end of the streams, with the defence on or off.

    With the defence **on** it asks all of :data:`CHECKS`. With the defence **off** it does
    what a plain GOOSE subscriber does: it believes whatever can be read and comes from an
    address that it knows, unless its status number is lower than the last one.

    It must not hold the key of a stream that it sends: then nobody can reflect its own
    messages at it.

    >>> key = stream_key(b"the secret of line 1", source=1, stream=0, epoch=1)
    >>> sender, receiver = Sender(key), Receiver([key])
    >>> data = sender.make(time=20_000, current=1_700_000, voltage=48_000_000)
    >>> receiver.receive(data, at=40_000).message.current
    1700000
    >>> receiver.receive(data, at=60_000)
    Traceback (most recent call last):
    energychain.grid.messages.Replayed: count 0 of stream 0 of source 1 was accepted before

    Raises ``ValueError`` for two different keys of one stream and epoch.
    """

    def __init__(
        self, keys: Iterable[Key], terms: Terms | None = None, *, defended: bool = True
    ) -> None:
        self.terms = terms = terms or Terms()
        self.defended = defended
        self._streams: dict[tuple[int, int], _Stream] = {}
        self._keys: dict[bytes, tuple[Mac, _Stream]] = {}
        for key in keys:
            stream = self._streams.setdefault((key.source, key.stream), _Stream())
            mac, _ = self._keys.setdefault(key.address, (key.mac, stream))
            if mac != key.mac:
                raise ValueError(f"two keys for {key}: every stream and epoch has one")
        self._due = dict.fromkeys(terms.ports, 0)

    @property
    def state(self) -> tuple[object, ...]:
        """All that messages can change, but for the rates of the ports."""
        return tuple((name, known.snapshot()) for name, known in self._streams.items())

    def receive(self, data: bytes, at: int, port: str = "line") -> Accepted:
        """Believe a message that arrives at a time [ns] and port, or raise a refusal
        whose ``rule`` is one of :data:`CHECKS`.
        """
        if not self.defended:
            return self._believe(data, at)
        if len(data) != SIZE:
            _require_size(data)
        self._require_rate(at, port)
        known = self._keys.get(data[: ADDRESS.size])
        if known is None:
            raise NoKey(_no_key(data))
        mac, stream = known
        head = data[:-TAG_SIZE]
        if not mac.fits(head, data[-TAG_SIZE:]):
            raise BadTag(f"the tag does not fit: not from source {_name(head)}, or changed")
        # The message is authentic. From here on a refusal says something of its sender or
        # of the way it took, and still nothing is written before all but the last check.
        message = Message._make(HEADER.unpack(head))
        new_epoch = message.epoch != stream.epoch
        if message.epoch < stream.epoch:
            raise OldEpoch(f"epoch {message.epoch} ended: the stream is in {stream.epoch}")
        self._require_fresh(message.time, at)
        count, leaf = message.count, leaf_hash(data)
        seen: dict[int, _Seen] = {} if new_epoch else stream.seen
        top = -1 if new_epoch else stream.top
        late = count <= top
        if late:
            self._require_new(message, leaf, stream)
        elif not new_epoch:
            if message.status < stream.status:
                raise Replayed(f"the status number fell from {stream.status} to {message.status}")
            if message.time <= stream.time:
                raise NotFresh(f"count {count} was measured no later than count {top}")
        _require_chain(message, leaf, seen)
        missed = 0 if late else count - top - 1
        seen[count] = _Seen(message.previous, leaf, message.time)
        if not late:
            stream.epoch, stream.top, stream.seen = message.epoch, count, seen
            stream.status, stream.time, stream.at = message.status, message.time, at
            _forget(seen, count - self.terms.window, missed)
        # An impossible value of an authentic message uses up its count: the next one
        # follows it without a gap.
        terms = self.terms
        if abs(message.current) > terms.max_current or abs(message.voltage) > terms.max_voltage:
            raise Impossible(
                f"{message.current} uA and {message.voltage} uV: the sensor measures at most"
                f" {terms.max_current} uA and {terms.max_voltage} uV"
            )
        return Accepted(message, at, missed, late, leaf)

    def silent(self, at: int) -> tuple[tuple[int, int], ...]:
        """The streams (source, stream) of which nothing new was believed for longer than
        the terms' largest age: a cut line shows here, and in no refusal.
        """
        return tuple(
            name
            for name, stream in self._streams.items()
            if stream.at < 0 or at - stream.at > self.terms.max_age
        )

    def _believe(self, data: bytes, at: int) -> Accepted:
        if len(data) < HEADER.size:
            raise WrongSize(f"a message has at least {HEADER.size} bytes, this has {len(data)}")
        message = Message._make(HEADER.unpack(data[: HEADER.size]))
        stream = self._streams.get((message.source, message.stream))
        if stream is None:
            raise UnknownAddress(f"no stream {message.stream} of source {message.source} here")
        if message.status < stream.status:
            raise Replayed(
                f"status number {message.status} is out of date: the last was {stream.status}"
            )
        stream.status = message.status
        return Accepted(message, at, 0, False, b"")

    def _require_rate(self, at: int, port: str) -> None:
        # A leaky bucket that is one number: when the next message would be due if the port
        # kept exactly to its rate (ITU-T I.371, the generic cell rate algorithm).
        due = self._due.get(port)
        if due is None:
            raise TooMany(f"port {port!r} is closed")
        interval = self.terms.interval
        slack = interval * (self.terms.burst - 1)
        if due > at + slack + interval:
            due = at  # only a clock that was set back leads here; do not wait for it
        if due > at + slack:
            raise TooMany(f"port {port!r} sends more than one message in {interval} ns")
        self._due[port] = (due if due > at else at) + interval

    def _require_fresh(self, time: int, at: int) -> None:
        age = at - time
        if age > self.terms.max_age:
            raise NotFresh(f"measured {age} ns ago: expected at most {self.terms.max_age}")
        if -age > self.terms.max_lead:
            raise NotFresh(
                f"measured {-age} ns in the future: expected at most {self.terms.max_lead}"
            )

    def _require_new(self, message: Message, leaf: bytes, stream: _Stream) -> None:
        count, known = message.count, stream.seen.get(message.count)
        if known is not None:
            if known.leaf != leaf:
                raise _forked(message)
            raise Replayed(
                f"count {count} of stream {message.stream} of source {message.source} was"
                " accepted before"
            )
        if count <= stream.top - self.terms.window:
            raise Replayed(
                f"count {count} is too far behind {stream.top} to tell whether it is new"
            )
        if message.status > stream.status:
            raise Replayed(f"count {count} is behind {stream.top}, its status number is ahead")
        if message.time >= stream.time:
            raise NotFresh(f"count {count} was measured no earlier than count {stream.top}")


def _require_chain(message: Message, leaf: bytes, seen: Mapping[int, _Seen]) -> None:
    count = message.count
    before, after = seen.get(count - 1), seen.get(count + 1)
    if before is None:
        fits = count > 0 or message.previous == NO_DIGEST
    else:
        fits = message.previous == before.leaf
    if not fits or (after is not None and after.previous != leaf):
        raise _forked(message)


def _forked(message: Message) -> BrokenChain:
    return BrokenChain(
        f"count {message.count} of stream {message.stream} of source {message.source} is not of"
        " the chain that was accepted: two senders hold this key"
    )


def _forget(seen: dict[int, _Seen], oldest: int, missed: int) -> None:
    # Without a gap one count leaves the window when one enters.
    if missed:
        for count in [count for count in seen if count <= oldest]:
            del seen[count]
    else:
        seen.pop(oldest, None)


def _no_key(data: bytes) -> str:
    version, source, stream, epoch = ADDRESS.unpack_from(data)
    return f"no key for source {source}, stream {stream}, epoch {epoch} (version {version})"


def _name(head: bytes) -> str:
    _, source, stream, epoch = ADDRESS.unpack_from(head)
    return f"{source}, stream {stream}, epoch {epoch}"


# --- batches --------------------------------------------------------------------------


@dataclass(frozen=True)
class Batch:
    """The source's word for a run of messages: what a ledger keeps of them."""

    source: int
    stream: int
    epoch: int
    first: int
    """The count of the first message."""

    size: int
    """How many messages, one count after the other."""

    root: bytes
    """The Merkle root over the messages, tags included."""

    previous: bytes
    """The id of the source's batch before, so that none can be left out unseen."""

    signature: bytes = b""

    @cached_property
    def signed(self) -> bytes:
        """The bytes under the signature."""
        numbers = (self.source, self.stream, self.epoch, self.first, self.size)
        return b"energychain batch" + struct.pack(">HHIII", *numbers) + self.root + self.previous

    @cached_property
    def id(self) -> Digest:
        """The digest by which the next batch names this one."""
        return sha256(self.signed)

    def check_signature(self, owner: PublicKey) -> None:
        """Raise :class:`~energychain.primitives.keys.BadSignature` unless the owner of the
        key signed this batch.
        """
        owner.check(self.signed, self.signature)


def sign_batch(
    key: SecretKey,
    messages: Sequence[bytes],
    previous: bytes = NO_DIGEST,
    leaves: Sequence[bytes] | None = None,
) -> Batch:
    """One signature for a run of messages of one stream and epoch.

    ``leaves`` saves hashing again, if the sender kept ``Sender.last`` of each.

    >>> from energychain.primitives.keys import derive
    >>> sender = Sender(stream_key(b"the secret of line 1", source=1, stream=0, epoch=1))
    >>> messages = [sender.make(t, 1_700_000, 48_000_000) for t in range(4)]
    >>> sensor = derive("a lesson", "sensor 1")
    >>> batch = sign_batch(sensor, messages)
    >>> verify_batch(batch, sensor.public, messages)
    >>> verify_batch(batch, sensor.public, messages[:3])
    Traceback (most recent call last):
    energychain.grid.messages.BadBatch: the batch has 4 messages, these are 3

    Raises :class:`BadBatch` if there are none, or they are not one unbroken run.
    """
    if not messages:
        raise BadBatch("a batch has at least one message")
    leaves = [leaf_hash(data) for data in messages] if leaves is None else leaves
    first = read(messages[0])
    root = MerkleTree.over_hashes(leaves).root
    names = (first.source, first.stream, first.epoch, first.count)
    draft = Batch(*names, len(messages), root, previous)
    _require_run(draft, messages, leaves)
    return Batch(*names, len(messages), root, previous, key.sign(draft.signed))


def verify_batch(
    batch: Batch,
    owner: PublicKey,
    messages: Sequence[bytes],
    leaves: Sequence[bytes] | None = None,
) -> None:
    """Raise unless the owner of the key signed exactly these messages, in this order.

    ``leaves`` saves hashing again; give only leaves that you hashed yourself
    (``Accepted.leaf``), for they are believed.

    Raises :class:`~energychain.primitives.keys.BadSignature` or :class:`BadBatch`.
    """
    leaves = [leaf_hash(data) for data in messages] if leaves is None else leaves
    batch.check_signature(owner)
    _require_run(batch, messages, leaves)
    _require_root(batch, leaves)


def reconcile(
    batch: Batch, owner: PublicKey, leaves: Sequence[bytes], accepted: Iterable[Accepted]
) -> tuple[int, ...]:
    """The counts of a batch that never arrived, if all that arrived is in it.

    ``leaves`` come with the batch; they are checked against its root. This is how the
    receiver closes its gaps, and how it learns that a tag was made by somebody else who
    holds the key.

    Raises :class:`~energychain.primitives.keys.BadSignature`, or :class:`BadBatch` if the
    source signed another message than the one that was accepted.
    """
    batch.check_signature(owner)
    _require_root(batch, leaves)
    missing = dict.fromkeys(range(batch.first, batch.first + batch.size))
    for one in accepted:
        name = one.message[1:4]
        if name != (batch.source, batch.stream, batch.epoch):
            continue
        count = one.message.count
        if batch.first <= count < batch.first + batch.size:
            if one.leaf != leaves[count - batch.first]:
                raise BadBatch(f"count {count} was accepted, but its source signed another one")
            missing.pop(count, None)
    return tuple(missing)


def prove(batch: Batch, leaves: Sequence[bytes], count: int) -> InclusionProof:
    """The proof that the message of a count is in a batch.

    Raises :class:`~energychain.primitives.merkle.BadProof` if it is not.
    """
    return MerkleTree.over_hashes(leaves).inclusion(count - batch.first)


def check_reading(batch: Batch, owner: PublicKey, data: bytes, proof: InclusionProof) -> Message:
    """What one message says, if the owner of the key signed it in this batch: all that a
    light node needs of a fault, without the key of the stream.

    Raises :class:`~energychain.primitives.keys.BadSignature`, :class:`BadBatch` or
    :class:`~energychain.primitives.merkle.BadProof`.
    """
    batch.check_signature(owner)
    message = read(data)
    if proof.size != batch.size:
        raise BadBatch(f"the batch has {batch.size} messages, the proof is for {proof.size}")
    expected = (batch.source, batch.stream, batch.epoch, batch.first + proof.index)
    if (*message[1:4], message.count) != expected:
        raise BadBatch("the message is of another stream, epoch or count than the proof")
    proof.check(data, batch.root)
    return message


def _require_run(batch: Batch, messages: Sequence[bytes], leaves: Sequence[bytes]) -> None:
    if not len(messages) == len(leaves) == batch.size:
        raise BadBatch(f"the batch has {batch.size} messages, these are {len(messages)}")
    address = ADDRESS.pack(VERSION, batch.source, batch.stream, batch.epoch)
    before = b""
    for count, data, leaf in zip(
        range(batch.first, batch.first + batch.size), messages, leaves, strict=True
    ):
        _require_size(data)
        if not data.startswith(address) or _COUNT.unpack_from(data, _COUNT_AT) != (count,):
            raise BadBatch(f"expected count {count} of stream {batch.stream}, epoch {batch.epoch}")
        if before and data[_PREVIOUS_AT : HEADER.size] != before:
            raise BadBatch(f"count {count} does not follow the message before it")
        before = leaf


def _require_root(batch: Batch, leaves: Sequence[bytes]) -> None:
    if len(leaves) != batch.size or MerkleTree.over_hashes(leaves).root != batch.root:
        raise BadBatch("the messages do not lead to the signed root")
