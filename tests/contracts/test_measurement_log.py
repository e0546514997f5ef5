"""The measurement log: only the next signed batch, each count once, and liars convicted."""

import subprocess
import sys
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.contracts import CONTRACTS
from energychain.contracts.calls import BadArguments
from energychain.contracts.measurement_log import (
    BATCH,
    Compromised,
    Covered,
    LeftOut,
    NoEquivocation,
    NotRegistered,
    NotTheOperator,
    WrongPrevious,
    anchored,
    opening_storage,
    published,
    read_batch,
    written,
)
from energychain.grid.messages import LARGEST, Batch, Sender, sign_batch, stream_key
from energychain.ledger.state import Call, Event, GasSchedule, Setting, State, Storage, Worksheet
from energychain.ledger.transaction import Value
from energychain.primitives.hashing import NO_DIGEST, sha256
from energychain.primitives.keys import Address, BadSignature, derive
from energychain.primitives.merkle import BadProof
from energychain.primitives.refusals import Refusal
from energychain.studies.private_chain import PrivateChain

OPERATOR = Address("0x" + "0" * 39 + "1")
ANYBODY = Address("0x" + "0" * 39 + "2")
SENSOR = derive("a lesson", "sensor 1")
OTHER = derive("a lesson", "sensor 2")
SPARE = derive("a lesson", "sensor 1, after the theft")


def signed(key: Any = SENSOR, **fields: Any) -> Batch:
    """A batch of ten messages that nobody needs to have sent."""
    draft = replace(Batch(1, 0, 1, 0, 10, sha256(b"ten messages"), NO_DIGEST), **fields)
    return replace(draft, signature=key.sign(draft.signed))


def after(batch: Batch, key: Any = SENSOR, **fields: Any) -> Batch:
    """The batch that an honest source signs next."""
    following = {"epoch": batch.epoch, "first": batch.first + batch.size, "previous": batch.id}
    return signed(key, **(following | fields))


@dataclass
class Room:
    sheet: Worksheet = field(
        default_factory=lambda: Worksheet(
            State(
                {},
                {},
                {"measurement_log": {key: value for _, key, value in opening_storage(OPERATOR)}},
            )
        )
    )

    def act(self, who: Address, function: str, *given: Value) -> tuple[Event, ...]:
        """Call; a refusal must leave no trace."""
        setting = Setting("floor", CONTRACTS, GasSchedule(), 10, ANYBODY)
        call = Call(function, given, 10, self.sheet.balance)
        before = self.sheet.state()
        try:
            return self.sheet.rehearse("measurement_log", who, call, setting)
        except Refusal as refusal:
            assert len(str(refusal)) > 20
            assert self.sheet.state() == before
            raise

    def register(self, key: Any = SENSOR, source: int = 1, stream: int = 0) -> None:
        self.act(OPERATOR, "register", source, stream, key.public.data)

    def anchor(self, batch: Batch) -> Event:
        (event,) = self.act(ANYBODY, "anchor", *written(batch))
        return event

    def accuse(self, one: Batch, two: Batch) -> Event:
        (event,) = self.act(ANYBODY, "accuse", written(one), written(two))
        return event

    @property
    def storage(self) -> Storage:
        return self.sheet.state().storage["measurement_log"]


@pytest.fixture
def room() -> Room:
    made = Room()
    made.register()
    return made


# --- who ------------------------------------------------------------------------------


def test_only_the_operator_says_whose_a_stream_is(room: Room) -> None:
    with pytest.raises(NotTheOperator):
        room.act(ANYBODY, "register", 1, 0, SENSOR.public.data)
    no_operator = Room(Worksheet(State({}, {}, {"measurement_log": {}})))
    with pytest.raises(NotTheOperator):
        no_operator.register()


@pytest.mark.parametrize("name", [{"source": 2}, {"stream": 1}])
def test_a_stream_without_an_owner_has_no_batches(room: Room, name: dict[str, int]) -> None:
    with pytest.raises(NotRegistered):
        room.anchor(signed(**name))
    with pytest.raises(NotRegistered):
        room.accuse(signed(**name), signed(**name, size=9))


def test_each_stream_has_its_own_place(room: Room) -> None:
    room.register(OTHER, source=2)
    room.register(SENSOR, stream=1)
    first = signed()
    room.anchor(first)
    room.anchor(signed(OTHER, source=2))
    room.anchor(signed(stream=1))
    room.anchor(after(first))
    with pytest.raises(BadSignature):
        room.anchor(signed(SENSOR, source=2, first=10))


@pytest.mark.parametrize("key", [b"", b"\x02" * 32, "key", 7])
def test_a_key_has_33_bytes(room: Room, key: Value) -> None:
    with pytest.raises(BadArguments):
        room.act(OPERATOR, "register", 1, 0, key)


def test_with_33_bytes_that_are_no_point_nothing_is_ever_signed(room: Room) -> None:
    room.act(OPERATOR, "register", 1, 0, b"\x02" + b"\xff" * 32)
    with pytest.raises(BadSignature):
        room.anchor(signed())


# --- what is taken --------------------------------------------------------------------


def test_an_honest_stream_is_anchored_by_whoever_brings_it(room: Room) -> None:
    one = signed()
    two = after(one, size=1)
    three = after(two, epoch=7, first=0)
    for batch in (one, two, three):
        event = room.anchor(batch)
        assert event.name == "Anchored"
        assert [event[name] for name in BATCH[:-2]] == list(written(batch)[:-2])
        assert anchored(room.storage, batch)
    assert not anchored(room.storage, replace(two, root=bytes(32)))
    assert not anchored(room.storage, replace(two, first=3))
    entries = [key for key in room.storage if isinstance(key, tuple) and key[0] == "batch"]
    assert len(entries) == 3


def test_the_same_batch_is_not_taken_twice(room: Room) -> None:
    one = signed()
    two = after(one)
    room.anchor(one)
    with pytest.raises(Covered):
        room.anchor(one)
    room.anchor(two)
    for old in (one, two):
        with pytest.raises(Covered):
            room.anchor(old)


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"first": 11}, LeftOut),
        ({"first": 9}, Covered),
        ({"first": 0, "size": 20}, Covered),
        ({"first": 0, "epoch": 2, "previous": NO_DIGEST}, WrongPrevious),
        ({"first": 1, "epoch": 2}, LeftOut),
        ({"first": 10, "epoch": 2}, LeftOut),
        ({"first": 0, "epoch": 0}, Covered),
        ({"previous": NO_DIGEST}, WrongPrevious),
        ({"previous": sha256(b"another")}, WrongPrevious),
    ],
)
def test_only_the_next_batch_is_taken(
    room: Room, fields: dict[str, Any], refusal: type[Refusal]
) -> None:
    one = signed()
    room.anchor(one)
    with pytest.raises(refusal):
        room.anchor(after(one, **fields))
    room.anchor(after(one))


@pytest.mark.parametrize("fields", [{"first": 1}, {"previous": sha256(b"another")}])
def test_the_first_batch_begins_at_zero_and_stands_on_nothing(
    room: Room, fields: dict[str, Any]
) -> None:
    with pytest.raises((LeftOut, WrongPrevious)):
        room.anchor(signed(**fields))


def test_an_epoch_may_be_used_up_to_its_last_count(room: Room) -> None:
    one = signed(size=LARGEST)
    two = after(one, size=1)
    room.anchor(one)
    room.anchor(two)
    with pytest.raises(Covered, match="epoch 1 is over"):
        room.anchor(after(two, first=LARGEST, size=1))
    room.anchor(after(two, epoch=2, first=0))


PAIRS = st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(1, 12), st.booleans())


@settings(max_examples=25, deadline=None)
@given(st.lists(st.one_of(st.none(), PAIRS), max_size=10))
def test_what_is_taken_covers_each_epoch_from_zero_without_overlap(wishes: Any) -> None:
    room = Room()
    room.register()
    taken: list[Batch] = []
    for wish in wishes:
        last = taken[-1] if taken else None
        batch = after(last) if last else signed()
        if wish is not None:
            epoch, first, size, linked = wish
            previous = batch.previous if linked else NO_DIGEST
            batch = signed(epoch=epoch, first=first, size=size, previous=previous)
        try:
            room.anchor(batch)
            taken.append(batch)
        except (Covered, LeftOut, WrongPrevious):
            assert wish is not None
    counts = [(b.epoch, n) for b in taken for n in range(b.first, b.first + b.size)]
    assert counts == sorted(set(counts))
    for epoch in {epoch for epoch, _ in counts}:
        of_epoch = [n for e, n in counts if e == epoch]
        assert of_epoch == list(range(len(of_epoch)))
    assert [b.previous for b in taken] == [NO_DIGEST, *(b.id for b in taken)][: len(taken)]


# --- what was changed on the way ------------------------------------------------------


def test_a_batch_by_another_key_is_refused(room: Room) -> None:
    with pytest.raises(BadSignature):
        room.anchor(signed(OTHER))


def test_every_changed_byte_of_a_batch_is_found(room: Room) -> None:
    fields = written(signed())
    for place, value in enumerate(fields):
        if isinstance(value, int):
            changed: list[Value] = [value + 1]
        else:
            assert isinstance(value, bytes)
            changed = [
                value[:i] + bytes([value[i] ^ 1 << i % 8]) + value[i + 1 :]
                for i in range(len(value))
            ]
        for each in changed:
            with pytest.raises((BadSignature, NotRegistered)):
                room.act(ANYBODY, "anchor", *fields[:place], each, *fields[place + 1 :])
    room.anchor(signed())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("source", -1),
        ("source", 2**16),
        ("stream", 2**16),
        ("epoch", 2**32),
        ("first", 2**32),
        ("size", 0),
        ("size", 2**32),
        ("size", "ten"),
        ("root", b""),
        ("root", bytes(33)),
        ("previous", 0),
        ("signature", bytes(63)),
        ("signature", "text"),
    ],
)
def test_what_no_source_could_have_made_is_refused(room: Room, name: str, value: Value) -> None:
    fields = dict(zip(BATCH, written(signed()), strict=True)) | {name: value}
    with pytest.raises(BadArguments, match=name):
        room.act(ANYBODY, "anchor", *fields.values())
    with pytest.raises(BadArguments, match=name):
        room.act(ANYBODY, "accuse", tuple(fields.values()), written(signed()))


def test_no_count_is_larger_than_the_largest(room: Room) -> None:
    with pytest.raises(BadArguments, match="begin a new epoch"):
        room.anchor(signed(first=2, size=LARGEST))


@pytest.mark.parametrize("given_batch", [7, (), written(signed())[:-1], (*written(signed()), 1)])
def test_an_accusation_is_two_batches(room: Room, given_batch: Value) -> None:
    with pytest.raises(BadArguments):
        room.act(ANYBODY, "accuse", written(signed()), given_batch)


# --- two stories ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({"root": sha256(b"ten others")}, 0),
        ({"size": 11}, 0),
        ({"first": 9, "size": 1, "previous": sha256(b"any")}, 9),
        ({"first": 5}, 5),
        ({"previous": sha256(b"another past")}, 0),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("was_anchored", [False, True])
def test_two_batches_with_a_count_in_common_convict_their_key(
    room: Room, fields: dict[str, Any], count: int, turned: bool, was_anchored: bool
) -> None:
    one, two = signed(), signed(**fields)
    if was_anchored:
        room.anchor(one)
    event = room.accuse(two, one) if turned else room.accuse(one, two)
    assert (event.name, event["count"], event["key"]) == ("Compromised", count, SENSOR.public.data)
    for batch in (one, after(one), after(one, epoch=2, first=0)):
        with pytest.raises(Compromised):
            room.anchor(batch)
    with pytest.raises(Compromised):
        room.accuse(one, two)


def test_a_convicted_key_signs_for_no_other_stream_either(room: Room) -> None:
    room.register(SENSOR, stream=1)
    room.accuse(signed(), signed(size=9))
    with pytest.raises(Compromised):
        room.anchor(signed(stream=1))
    with pytest.raises(Compromised):
        room.register(SENSOR)


def test_an_honest_source_cannot_be_accused(room: Room) -> None:
    room.register(OTHER, source=2)
    one = signed()
    two = after(one)
    other = signed(OTHER, source=2, root=sha256(b"ten others"))
    restarted = after(one, epoch=2, first=0)
    forged = replace(one, root=sha256(b"ten others"))
    by_another = signed(OTHER, root=sha256(b"ten others"))
    for pair, refusal in (
        ((one, one), NoEquivocation),
        ((one, two), NoEquivocation),
        ((two, one), NoEquivocation),
        ((one, restarted), NoEquivocation),
        ((two, restarted), NoEquivocation),  # both stand on the first: the sensor was restarted
        ((one, other), BadSignature),
        ((one, forged), BadSignature),
        ((forged, one), BadSignature),
        ((one, by_another), BadSignature),
        ((by_another, one), BadSignature),
    ):
        with pytest.raises(refusal):
            room.accuse(*pair)
    room.anchor(one)
    room.anchor(two)


def test_batches_of_two_streams_under_one_key_are_no_two_stories(room: Room) -> None:
    room.register(SENSOR, stream=1)
    with pytest.raises(NoEquivocation):
        room.accuse(signed(), signed(stream=1))


def test_a_new_key_begins_a_new_epoch_on_top_of_the_old_batches(room: Room) -> None:
    one = signed()
    room.anchor(one)
    room.accuse(one, signed(size=9))
    room.register(SPARE)
    with pytest.raises(Covered):
        room.anchor(after(one, SPARE))
    with pytest.raises(BadSignature):
        room.anchor(after(one, epoch=2, first=0))
    room.anchor(after(one, SPARE, epoch=2, first=0))
    assert anchored(room.storage, one)


def test_what_a_replaced_key_signs_does_not_convict_the_new_one(room: Room) -> None:
    room.register(SPARE)
    with pytest.raises(BadSignature):
        room.accuse(signed(), signed(size=9))
    room.anchor(signed(SPARE))


# --- in a block -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def chain() -> PrivateChain:
    at = derive("energychain", "operator").public.address
    made = PrivateChain(["operator", "gateway"], storage=opening_storage(at))
    made.mine([made.signed("operator", "measurement_log", "register", 1, 0, SENSOR.public.data)])
    made.open_block()
    made.send("gateway", "measurement_log", "anchor", *written(signed()))
    made.send("gateway", "measurement_log", "anchor", *written(signed(first=30)))
    made.close_block()
    return made


def test_a_batch_in_a_block_is_published(chain: PrivateChain) -> None:
    block = chain.chain.head
    assert published(block.transactions[0], block.proof(0), block.header) == signed()
    with pytest.raises(BadProof):
        published(block.transactions[0], block.proof(1), block.header)
    with pytest.raises(BadProof):
        published(block.transactions[0], block.proof(0), chain.chain.blocks[1].header)
    earlier = chain.chain.blocks[1]
    with pytest.raises(BadArguments, match="register anchors no batch"):
        published(earlier.transactions[0], earlier.proof(0), earlier.header)


def test_published_is_not_yet_taken(chain: PrivateChain) -> None:
    block, storage = chain.chain.head, chain.chain.state.storage["measurement_log"]
    assert [receipt.refusal for receipt in chain.chain.receipts[-1]] == ["", "gap"]
    gap = published(block.transactions[1], block.proof(1), block.header)
    assert gap == signed(first=30)
    assert not anchored(storage, gap)
    assert anchored(storage, signed())


def test_every_node_finds_the_same_by_itself(chain: PrivateChain) -> None:
    assert chain.chain.validate().state.root == chain.chain.head.header.state_root


def test_a_batch_is_read_as_it_was_written() -> None:
    sender = Sender(stream_key(b"the secret of line 1", source=1, stream=0, epoch=1))
    batch = sign_batch(SENSOR, [sender.make(time, 1, 2) for time in range(5)])
    assert read_batch(written(batch)) == batch


def test_the_contract_loads_no_numpy() -> None:
    script = "import sys, energychain.contracts.measurement_log; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
