"""
The measurement log: what the sensors of a line signed, in the order in which they signed it.

Bayati, Hajizadeh & Soltani (2020), chapter 11 of *Blockchain-based Smart Grids*, section 6.2,
let a relay compare what comes over its link with what "the blockchain" says of the same
measurement. They do not say what is on the chain, or who may put it there; that is ours.

A sensor tags each message for the relay and signs one :class:`~energychain.grid.messages.Batch`
for many. Only batches come here, and the contract takes one if it is the next of its stream:
signed by the stream's owner, its first count the one after the last, naming the batch before
by its id. So the batches of an epoch cover its counts from 0 on, each once, and none can be
left out unseen. Who brings a batch does not matter, for the signature is in it.

What this proves, and what it does not:

- **A reading**, to anybody: the batch is in a block (:func:`published`), the message in the
  batch (:func:`~energychain.grid.messages.check_reading`). No key of the stream is needed.
- **That a sensor's key told two stories.** An honest sensor signs each count once. Two
  different batches with a count in common, both signed by the owner of the stream, convict
  the key (``accuse``); nobody else can make them. From then on it anchors nothing, in no
  stream. Whether the sensor lied or its key was stolen, nobody can see from outside.
- **Not that a relay was lied to.** Whoever checks a tag can also make it, so the false
  message that a relay shows may be its own. We left such a complaint out: the contract could
  only write down that somebody says so. The relay itself need not ask anybody, it compares
  (:func:`~energychain.grid.messages.reconcile`).
- **Not that a measurement is true.** A sensor that lies, and always the same, is believed
  here as everywhere; only a second sensor contradicts it.

Which sensor measures as "source 1" is a fact about the world that no chain can know, so one
account vouches for it: the operator, named in the genesis record. A new key begins a new
epoch; whoever checks a reading needs one key for an epoch.

==========================================  ================================================
storage                                     meaning
==========================================  ================================================
``operator``                                who registers sensors
(``owner``, source, stream)                 the public key that signs its batches (P-256)
(``last``, source, stream)                  epoch, next count and id of its last batch
(``batch``, source, stream, epoch, first)   size and root of a batch
(``compromised``, key)                      the epoch in which a key told two stories
==========================================  ================================================
"""

from dataclasses import astuple
from typing import NamedTuple

from energychain.contracts.calls import BadArguments, answered, arguments, whole
from energychain.grid.messages import LARGEST, Batch
from energychain.ledger.block import Header
from energychain.ledger.state import Call, Event, Outcome, Storage
from energychain.ledger.transaction import SignedTransaction, Value
from energychain.primitives.hashing import NO_DIGEST, short
from energychain.primitives.keys import Address, PublicKey
from energychain.primitives.merkle import InclusionProof
from energychain.primitives.refusals import Refusal

BATCH = ("source", "stream", "epoch", "first", "size", "root", "previous", "signature")
"""A batch as a call has it."""

END = LARGEST + 1
"""No count comes after the last one: the next count of an epoch that is over."""


class NotTheOperator(Refusal):
    """Only the operator says which sensor a stream belongs to."""

    rule = "operator"


class NotRegistered(Refusal):
    """Nobody has vouched for the sensor of this stream."""

    rule = "registration"


class Compromised(Refusal):
    """The key told two stories: nothing that it signs counts any more."""

    rule = "compromised"


class Covered(Refusal):
    """These counts were anchored before, or their epoch is over."""

    rule = "once"


class LeftOut(Refusal):
    """Counts before these are not anchored yet."""

    rule = "gap"


class WrongPrevious(Refusal):
    """The batch does not stand on the stream's last one."""

    rule = "previous"


class NoEquivocation(Refusal):
    """The two batches tell one story."""

    rule = "equivocation"


def opening_storage(operator: Address) -> tuple[tuple[str, Value, Value], ...]:
    """The contract's one entry of a genesis record: the account that registers sensors."""
    return (("measurement_log", "operator", operator),)


# --- off the chain --------------------------------------------------------------------


def written(batch: Batch) -> tuple[Value, ...]:
    """A batch as the arguments of ``anchor``."""
    return astuple(batch)


def read_batch(given: Value) -> Batch:
    """The batch that is written in a call; its signature is not checked.

    Raises :class:`~energychain.contracts.calls.BadArguments` if no source could have made it.
    """
    if not isinstance(given, tuple) or len(given) != len(BATCH):
        raise BadArguments(f"a batch is a tuple of {', '.join(BATCH)}")
    source, stream, epoch, first, size, root, previous, signature = given
    batch = Batch(
        _number(source, "source", 2**16 - 1),
        _number(stream, "stream", 2**16 - 1),
        _number(epoch, "epoch", LARGEST),
        _number(first, "first", LARGEST),
        _number(size, "size", LARGEST, least=1),
        _data(root, "root", 32),
        _data(previous, "previous", 32),
        _data(signature, "signature", 64),
    )
    if batch.first + batch.size > END:
        raise BadArguments(f"size: no count is larger than {LARGEST}: begin a new epoch")
    return batch


def published(signed: SignedTransaction, proof: InclusionProof, header: Header) -> Batch:
    """The batch that an ``anchor`` transaction carries, if it is in the block of a header.

    A refused call stands in its block too. So this shows that the batch was published by
    then, not that the contract took it; a node that has the state asks :func:`anchored`.

    Raises :class:`~energychain.primitives.merkle.BadProof`, or
    :class:`~energychain.contracts.calls.BadArguments` for another transaction.
    """
    proof.check(signed.encoded, header.merkle_root)
    wish = signed.transaction
    if (wish.contract, wish.function) != ("measurement_log", "anchor"):
        raise BadArguments(f"{wish.contract}.{wish.function} anchors no batch")
    return read_batch(wish.arguments)


def anchored(storage: Storage, batch: Batch) -> bool:
    """Whether the contract took this batch."""
    return storage.get(_place(batch)) == (batch.size, batch.root)


# --- on the chain ---------------------------------------------------------------------


def measurement_log(storage: Storage, sender: Address, call: Call) -> Outcome:
    """``register``, ``anchor`` and ``accuse``.

    ============  =============================================================  ==========
    function      arguments                                                      who
    ============  =============================================================  ==========
    ``register``  source, stream, key (compressed point of P-256)                operator
    ``anchor``    source, stream, epoch, first, size, root, previous, signature  anybody
    ``accuse``    two batches, each a tuple of the above                         anybody
    ============  =============================================================  ==========
    """
    functions = {"register": _register, "anchor": _anchor, "accuse": _accuse}
    return answered("measurement_log", functions, storage, sender, call)


class _Last(NamedTuple):
    """Where a stream stands."""

    epoch: int = 0
    next: int = 0
    """The count with which the next batch of the epoch begins."""

    id: bytes = NO_DIGEST
    """Of the last batch."""


def _register(storage: Storage, sender: Address, call: Call) -> Outcome:
    given_source, given_stream, given_key = arguments(call, "source", "stream", "key")
    operator = str(storage.get("operator", "nobody"))
    if sender != operator:
        raise NotTheOperator(f"{sender} is not the operator; {operator} registers sensors")
    source = _number(given_source, "source", 2**16 - 1)
    stream = _number(given_stream, "stream", 2**16 - 1)
    key = PublicKey(_data(given_key, "key", 33))
    _require_good(storage, key)
    writes: dict[Value, Value] = {("owner", source, stream): key.data}
    if ("last", source, stream) in storage:
        last = _last(storage, source, stream)
        writes["last", source, stream] = tuple(last._replace(next=END))
    said = (("source", source), ("stream", stream), ("key", key.data))
    return Outcome(writes, events=(Event("Registered", said),))


def _anchor(storage: Storage, sender: Address, call: Call) -> Outcome:
    batch = read_batch(arguments(call, *BATCH))
    owner = _owner(storage, batch)
    _require_good(storage, owner)
    batch.check_signature(owner)
    _require_next(batch, _last(storage, batch.source, batch.stream))
    last = _Last(batch.epoch, batch.first + batch.size, batch.id)
    said = tuple(zip(BATCH, written(batch), strict=True))
    return Outcome(
        {
            ("last", batch.source, batch.stream): tuple(last),
            _place(batch): (batch.size, batch.root),
        },
        events=(Event("Anchored", said[:-2]),),
    )


def _accuse(storage: Storage, sender: Address, call: Call) -> Outcome:
    one, two = (read_batch(given) for given in arguments(call, "one batch", "another batch"))
    owner = _owner(storage, one)
    _require_good(storage, owner)
    one.check_signature(owner)
    two.check_signature(owner)
    if (one.source, one.stream, one.epoch) != (two.source, two.stream, two.epoch):
        raise NoEquivocation("the batches are of different streams or epochs")
    if one.id == two.id:
        raise NoEquivocation(f"both are the batch {short(one.id)}")
    shared = max(one.first, two.first)
    if shared >= min(one.first + one.size, two.first + two.size):
        raise NoEquivocation("the batches have no count in common")
    names = (("source", one.source), ("stream", one.stream), ("epoch", one.epoch))
    said = (*names, ("count", shared), ("key", owner.data))
    return Outcome({("compromised", owner.data): one.epoch}, events=(Event("Compromised", said),))


def _require_next(batch: Batch, last: _Last) -> None:
    goes_on = batch.epoch == last.epoch
    if batch.epoch < last.epoch or (goes_on and last.next == END):
        raise Covered(f"epoch {batch.epoch} is over: begin one after {last.epoch}")
    expected = last.next if goes_on else 0
    if batch.first < expected:
        raise Covered(
            f"epoch {batch.epoch} is anchored up to count {expected - 1}: if this is another"
            " batch than the one anchored, accuse its source"
        )
    if batch.first > expected:
        raise LeftOut(
            f"the batch begins at count {batch.first} of epoch {batch.epoch}, expected"
            f" {expected}: anchor the batches before it first"
        )
    if batch.previous != last.id:
        raise WrongPrevious(
            f"the batch stands on {short(batch.previous)}, the last of the stream is"
            f" {short(last.id)}"
        )


def _require_good(storage: Storage, key: PublicKey) -> None:
    if ("compromised", key.data) in storage:
        epoch = storage["compromised", key.data]
        raise Compromised(
            f"the key {short(key.data)} told two stories in epoch {epoch!r}: the operator must"
            " register a new one"
        )


def _owner(storage: Storage, batch: Batch) -> PublicKey:
    key = storage.get(("owner", batch.source, batch.stream))
    if not isinstance(key, bytes):
        raise NotRegistered(
            f"stream {batch.stream} of source {batch.source} has no owner: the operator must"
            " register its sensor"
        )
    return PublicKey(key)


def _last(storage: Storage, source: int, stream: int) -> _Last:
    stored = storage.get(("last", source, stream))
    return _Last(*stored) if isinstance(stored, tuple) else _Last()  # type: ignore[arg-type]


def _place(batch: Batch) -> Value:
    return ("batch", batch.source, batch.stream, batch.epoch, batch.first)


def _number(value: Value, name: str, most: int, least: int = 0) -> int:
    number = whole(value, name, least)
    if number > most:
        raise BadArguments(f"{name}: expected at most {most}, found {number}")
    return number


def _data(value: Value, name: str, size: int) -> bytes:
    if not isinstance(value, bytes) or len(value) != size:
        found = len(value) if isinstance(value, bytes) else "none"
        raise BadArguments(f"{name}: expected {size} bytes, found {found}")
    return value
