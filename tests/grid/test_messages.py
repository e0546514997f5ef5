"""The stream of measurements and its receiver, seen by somebody who wants to break them."""

import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from Crypto.Hash import HMAC, SHA256
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.grid import messages as m
from energychain.grid.messages import (
    CHECKS,
    HEADER,
    LARGEST,
    SIZE,
    TAG_SIZE,
    Accepted,
    BadBatch,
    BrokenChain,
    Impossible,
    NoKey,
    NotFresh,
    OldEpoch,
    Receiver,
    Replayed,
    Sender,
    Terms,
    TooMany,
    UnknownAddress,
    Unsendable,
    WrongSize,
    check_reading,
    prove,
    read,
    reconcile,
    sign_batch,
    stream_key,
    verify_batch,
)
from energychain.primitives.hashing import NO_DIGEST
from energychain.primitives.keys import BadSignature, derive
from energychain.primitives.mac import BadTag
from energychain.primitives.merkle import BadProof, leaf_hash
from energychain.primitives.refusals import Refusal

SECRET = b"the secret of line 1"
STEP = 20_000
LINK = 20_000
KEY = stream_key(SECRET, 1, 0, 1)
NEXT = stream_key(SECRET, 1, 0, 2)
OWNER = derive("a lesson", "sensor 1")


def stream(count: int, key: m.Key = KEY, start: int = 0) -> list[bytes]:
    sender = Sender(key)
    return [sender.make(start + i * STEP, 1_000 + i, 48_000_000) for i in range(count)]


def arrives(data: bytes) -> int:
    return read(data).time + LINK


def forged(data: bytes, key: m.Key | None = None, **changes: Any) -> bytes:
    """A message with other fields, under the old tag or, with a key, under the right one."""
    head = HEADER.pack(*read(data)._replace(**changes))
    return head + (key.mac.tag(head) if key else data[-TAG_SIZE:])


def feed(receiver: Receiver, data: list[bytes]) -> list[Accepted]:
    return [receiver.receive(one, arrives(one)) for one in data]


def refused(receiver: Receiver, data: bytes, at: int, port: str = "line") -> type[Refusal]:
    """Which refusal a message meets; it must have left no trace."""
    before = receiver.state
    with pytest.raises(Refusal) as caught:
        receiver.receive(data, at, port)
    assert receiver.state == before
    assert len(str(caught.value)) > 20
    return caught.type


# --- the message ----------------------------------------------------------------------


def test_a_message_is_laid_out_as_the_table_says() -> None:
    data = Sender(stream_key(SECRET, 0x0102, 0x0304, 0x05060708)).make(9, -10, 11, status=12)
    assert SIZE == len(data) == 1 + 2 + 2 + 4 + 4 + 4 + 8 + 8 + 8 + 32 + 16
    assert data[:9].hex() == "010102030405060708"
    assert struct.unpack(">IIQqq", data[9:41]) == (12, 0, 9, -10, 11)
    assert data[41:73] == bytes(32)


def test_the_tag_is_pycryptodomes_hmac_over_all_the_rest() -> None:
    data = stream(2)[1]
    expected = HMAC.new(KEY.secret, data[:-16], digestmod=SHA256).digest()[:16]
    assert data[-16:] == expected


@given(
    st.integers(0, LARGEST),
    st.integers(0, 2**64 - 1),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-(2**63), 2**63 - 1),
)
def test_what_is_sent_is_read(status: int, time: int, current: int, voltage: int) -> None:
    read_back = read(Sender(KEY).make(time, current, voltage, status))
    assert read_back == (1, 1, 0, 1, status, 0, time, current, voltage, NO_DIGEST)


def test_each_message_names_the_leaf_of_the_one_before() -> None:
    sent = stream(4)
    assert [read(data).previous for data in sent[1:]] == [leaf_hash(data) for data in sent[:-1]]


def test_no_two_streams_directions_or_epochs_share_a_key() -> None:
    names = [(s, t, e) for s in (0, 1, 2, 256) for t in (0, 1, 2, 256) for e in (0, 1, 2, 256)]
    assert len({stream_key(SECRET, *name).secret for name in names}) == len(names)
    assert stream_key(b"another secret", 1, 0, 1).secret != KEY.secret


def test_a_short_key_is_no_key() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        m.Key(1, 0, 1, b"short")


def test_the_secret_is_not_shown() -> None:
    assert KEY.secret.hex() not in repr(KEY) and repr(KEY.secret) not in repr(KEY)


def test_a_sender_makes_nothing_that_a_receiver_should_refuse() -> None:
    sender = Sender(KEY)
    sender.make(10, 0, 0, status=3)
    for time, status, why in [(10, 3, "clock"), (9, 3, "clock"), (11, 2, "status number fell")]:
        with pytest.raises(Unsendable, match=why):
            sender.make(time, 0, 0, status)
    with pytest.raises(Unsendable, match="does not fit"):
        sender.make(11, 2**63, 0, 3)
    assert sender.count == 1


def test_a_count_never_wraps() -> None:
    sender = Sender(KEY)
    sender.count = LARGEST
    last = sender.make(STEP, 0, 0)
    assert read(last).count == LARGEST
    with pytest.raises(Unsendable, match="new epoch"):
        sender.make(2 * STEP, 0, 0)
    receiver = Receiver([KEY, NEXT])
    receiver.receive(last, arrives(last))
    wrapped = forged(stream(1)[0], KEY, time=2 * STEP)
    assert refused(receiver, wrapped, 3 * STEP) is Replayed
    begun = Sender(NEXT).make(2 * STEP, 0, 0)
    assert receiver.receive(begun, 3 * STEP).missed == 0


# --- each check -----------------------------------------------------------------------


def test_an_honest_stream_is_accepted_whole() -> None:
    accepted = feed(Receiver([KEY]), stream(300))
    assert [one.message.count for one in accepted] == list(range(300))
    assert not any(one.missed or one.late for one in accepted)


@pytest.mark.parametrize("length", [0, 1, 8, 9, SIZE - TAG_SIZE, SIZE - 1, SIZE + 1, 10**6])
def test_size(length: int) -> None:
    data = stream(1)[0].ljust(length, b"\0")[:length]
    assert refused(Receiver([KEY]), data, LINK) is WrongSize


def test_rate() -> None:
    receiver = Receiver([KEY], Terms(interval=10, burst=3))
    fates = [refused(receiver, bytes(SIZE), 100) for _ in range(4)]
    assert fates == [NoKey, NoKey, NoKey, TooMany]
    assert refused(receiver, bytes(SIZE), 109) is TooMany
    assert refused(receiver, bytes(SIZE), 110) is NoKey
    assert refused(receiver, bytes(SIZE), 200, "another") is TooMany


@given(st.lists(st.integers(0, 60), min_size=1, max_size=60))
def test_a_port_lets_no_more_through_than_its_rate_and_burst(waits: list[int]) -> None:
    receiver, at, through = Receiver([KEY], Terms(interval=20, burst=4)), 0, []
    for wait in waits:
        at += wait
        if refused(receiver, bytes(SIZE), at) is NoKey:
            through.append(at)
    for i, first in enumerate(through):
        for j, last in enumerate(through[i:], 1):
            assert j <= 4 + (last - first) // 20


def test_a_flood_at_one_port_takes_nothing_from_another() -> None:
    receiver, sent = Receiver([KEY], Terms(ports=("line", "other"))), stream(50)
    for data in sent:
        for at in range(arrives(data) - 10_000, arrives(data), 100):
            assert refused(receiver, data[:-TAG_SIZE] + bytes(TAG_SIZE), at, "other") in (
                BadTag,
                TooMany,
            )
        assert receiver.receive(data, arrives(data)).missed == 0


def test_a_clock_that_is_set_back_does_not_close_a_port() -> None:
    receiver = Receiver([KEY], Terms(interval=20, burst=2))
    assert [refused(receiver, bytes(SIZE), 10**9) for _ in range(3)] == [NoKey, NoKey, TooMany]
    assert refused(receiver, bytes(SIZE), 500) is NoKey


def test_tag_every_single_bit_counts() -> None:
    receiver = Receiver([KEY, NEXT], Terms(interval=0))
    for bit in range(8 * SIZE):
        data = bytearray(stream(1)[0])
        data[bit // 8] ^= 1 << bit % 8
        assert issubclass(refused(receiver, bytes(data), LINK), BadTag)


def test_a_message_of_the_other_end_is_not_this_ends() -> None:
    far = stream_key(SECRET, 2, 0, 1)
    receiver, own = Receiver([far]), stream(1)[0]
    assert refused(receiver, own, LINK) is NoKey
    assert refused(receiver, forged(own, source=2), LINK) is BadTag
    assert refused(receiver, forged(own, KEY, source=2), LINK) is BadTag


def test_a_stream_is_not_another_stream() -> None:
    receiver, own = Receiver([KEY, stream_key(SECRET, 1, 1, 1)]), stream(1)[0]
    assert refused(receiver, forged(own, stream=1), LINK) is BadTag
    assert refused(receiver, forged(own, KEY, stream=1), LINK) is BadTag


def test_epoch() -> None:
    receiver = Receiver([KEY, NEXT])
    old = stream(4)
    feed(receiver, old[:2])
    new = stream(2, NEXT, start=2 * STEP)
    assert receiver.receive(new[0], arrives(new[0])).message.epoch == 2
    assert refused(receiver, old[2], arrives(old[2])) is OldEpoch
    assert refused(receiver, old[0], arrives(old[0])) is OldEpoch
    assert receiver.receive(new[1], arrives(new[1])).missed == 0


def test_a_forged_epoch_does_not_retire_the_true_one() -> None:
    receiver, sent = Receiver([KEY, NEXT]), stream(2)
    feed(receiver, sent[:1])
    assert refused(receiver, forged(sent[1], epoch=2), arrives(sent[1])) is BadTag
    assert refused(receiver, forged(sent[1], epoch=LARGEST), arrives(sent[1])) is NoKey
    feed(receiver, sent[1:])


def test_freshness() -> None:
    terms = Terms(max_age=1_000, max_lead=100)
    data = Sender(KEY).make(50_000, 0, 0)
    for at, fine in [(51_000, True), (51_001, False), (49_900, True), (49_899, False)]:
        receiver = Receiver([KEY], terms)
        if fine:
            receiver.receive(data, at)
        else:
            assert refused(receiver, data, at) is NotFresh


def test_a_clock_that_jumps_stops_the_stream_only_while_it_is_wrong() -> None:
    receiver, sent = Receiver([KEY]), stream(30)
    feed(receiver, sent[:10])
    for data in sent[10:15]:
        assert refused(receiver, data, arrives(data) + 10**9) is NotFresh
    back = [receiver.receive(data, arrives(data)) for data in sent[15:]]
    assert [one.missed for one in back] == [5] + [0] * 14


def test_a_sender_whose_clock_ran_ahead_is_believed_again_in_a_new_epoch() -> None:
    receiver = Receiver([KEY, NEXT], Terms(max_lead=50_000))
    sender = Sender(KEY)
    feed(receiver, [sender.make(10_000, 0, 0)])
    assert refused(receiver, sender.make(10**9, 0, 0), 40_000) is NotFresh
    begun = Sender(NEXT).make(30_000, 0, 0)
    receiver.receive(begun, 50_000)


def test_a_late_receiver_clock_hides_a_delay_of_the_same_length() -> None:
    """What nothing here can catch: there is no freshness without a right clock."""
    data, delay = stream(1)[0], 10**6
    assert refused(Receiver([KEY]), data, arrives(data) + delay) is NotFresh
    Receiver([KEY]).receive(data, arrives(data) + delay - delay)


def test_time_grows_with_the_count() -> None:
    receiver, sent = Receiver([KEY]), stream(3)
    feed(receiver, sent[:2])
    for time in (STEP, STEP - 1):
        assert refused(receiver, forged(sent[2], KEY, time=time), 3 * STEP) is NotFresh


def test_counter() -> None:
    receiver, sent = Receiver([KEY]), stream(5)
    feed(receiver, sent)
    for data in sent:
        assert refused(receiver, data, arrives(sent[-1]) + 10) is Replayed


def test_a_status_number_that_falls_is_refused() -> None:
    receiver, sender = Receiver([KEY]), Sender(KEY)
    feed(receiver, [sender.make(0, 0, 0, status=5)])
    after = sender.make(STEP, 0, 0, status=5)
    assert refused(receiver, forged(after, KEY, status=4), arrives(after)) is Replayed
    feed(receiver, [after])


def test_a_late_message_must_be_older_than_what_overtook_it() -> None:
    receiver, sent = Receiver([KEY]), stream(3)
    feed(receiver, [sent[0], sent[2]])
    at = arrives(sent[2])
    assert refused(receiver, forged(sent[1], KEY, time=read(sent[2]).time), at) is NotFresh
    assert refused(receiver, forged(sent[1], KEY, status=1), at) is Replayed
    assert receiver.receive(sent[1], at).late


def test_a_forged_status_or_count_does_not_shut_out_the_true_messages() -> None:
    receiver, sent = Receiver([KEY]), stream(20)
    for data in sent:
        for changes in ({"status": LARGEST}, {"count": LARGEST}, {"time": 2**64 - 1}):
            assert refused(receiver, forged(data, **changes), arrives(data)) is BadTag
        assert receiver.receive(data, arrives(data)).missed == 0


def test_chain() -> None:
    receiver, sent = Receiver([KEY]), stream(2)
    feed(receiver, sent[:1])
    assert refused(receiver, forged(sent[1], KEY, previous=bytes(32)), 2 * STEP) is BrokenChain
    feed(receiver, sent[1:])


def test_the_first_message_of_an_epoch_follows_nothing() -> None:
    data = forged(stream(1)[0], KEY, previous=b"x" * 32)
    assert refused(Receiver([KEY]), data, LINK) is BrokenChain


def test_a_late_message_must_fit_the_one_after_it() -> None:
    receiver, sent = Receiver([KEY]), stream(3)
    feed(receiver, [sent[0], sent[2]])
    at = arrives(sent[2])
    assert refused(receiver, forged(sent[1], KEY, current=9), at) is BrokenChain
    assert receiver.receive(sent[1], at).late


def test_two_sensors_with_one_name_and_key_are_noticed_at_once() -> None:
    receiver = Receiver([KEY])
    one, two = Sender(KEY), Sender(KEY)
    rules = []
    for i in range(20):
        for sender, value in ((one, 1), (two, 2)):
            data = sender.make(i * STEP + value, value, 0)
            try:
                receiver.receive(data, i * STEP + LINK)
            except Refusal as refusal:
                rules.append(refusal.rule)
    assert rules == ["chain"] * 20


def test_values_are_checked_last_and_use_up_the_count() -> None:
    receiver, sender = Receiver([KEY], Terms(max_current=100, max_voltage=50)), Sender(KEY)
    values = [(100, 50), (101, 0), (-101, 0), (0, 51), (0, -51), (-100, -50)]
    fates = []
    for i, (current, voltage) in enumerate(values):
        data = sender.make(i * STEP, current, voltage)
        try:
            fates.append(receiver.receive(data, arrives(data)).missed)
        except Impossible:
            fates.append(-1)
            assert refused(receiver, data, arrives(data)) is Replayed
    assert fates == [0, -1, -1, -1, -1, 0]


def test_the_checks_are_made_in_the_stated_order() -> None:
    """Each message below fails at its check and at all later ones that can fail with it."""
    terms = Terms(max_age=10**6, max_current=10**6, burst=10, interval=10**6)
    receiver = Receiver([KEY, NEXT], terms)
    begun = Sender(NEXT).make(5, 0, 0, status=5)
    receiver.receive(begun, 10)
    late = 10**8
    bad = {"time": 1, "current": 10**9, "previous": b"x" * 32}
    bad_next = forged(begun, NEXT, **bad)
    steps: list[tuple[bytes, int, str, str]] = [
        (b"", 10, "closed port", "size"),
        (forged(begun, **bad), 10, "closed port", "rate"),
        (forged(stream(1)[0], **bad), late, "line", "tag"),
        (forged(stream(1)[0], KEY, **bad), 2 * late, "line", "epoch"),
        (bad_next, 3 * late, "line", "freshness"),
        (forged(begun, NEXT, **bad | {"count": 1, "status": 4}), 20, "line", "counter"),
        (forged(begun, NEXT, **bad | {"count": 1, "time": 6}), 20, "line", "chain"),
    ]
    rules = [refused(receiver, data, at, port).rule for data, at, port, _ in steps]
    assert rules == [rule for *_, rule in steps]
    beyond = {"count": 1, "time": 6, "current": 10**9, "previous": leaf_hash(begun)}
    with pytest.raises(Impossible):
        receiver.receive(forged(begun, NEXT, **beyond), 20)
    assert (*rules, Impossible.rule) == CHECKS


# --- loss -----------------------------------------------------------------------------


@pytest.mark.parametrize("lost", [1, 2, 63, 64, 65, 1_000])
def test_a_gap_is_marked_and_the_stream_goes_on(lost: int) -> None:
    receiver, sent = Receiver([KEY]), stream(lost + 20)
    feed(receiver, sent[:10])
    after = feed(receiver, sent[10 + lost :])
    assert [one.missed for one in after] == [lost] + [0] * 9
    for data in sent[:10]:
        assert refused(receiver, data, arrives(data)) is Replayed


def test_a_stream_may_be_joined_in_the_middle() -> None:
    sent = stream(20)
    assert feed(Receiver([KEY]), sent[7:])[0].missed == 7


@settings(max_examples=200)
@given(st.data())
def test_what_arrives_in_any_order_is_what_a_list_would_accept(data: st.DataObject) -> None:
    """The judge: a list of all counts that were accepted, and nothing clever."""
    window = data.draw(st.integers(1, 8))
    order = data.draw(st.lists(st.integers(0, 15), max_size=40))
    receiver = Receiver([KEY], Terms(window=window, max_age=10**9, max_lead=10**9))
    sent, accepted = stream(16), list[int]()
    for i, count in enumerate(order):
        top = max(accepted, default=-1)
        expected = count not in accepted and count > top - window
        try:
            one = receiver.receive(sent[count], i * STEP)
        except Replayed:
            assert not expected
        else:
            assert expected and one.late == (count < top)
            assert one.missed == max(count - top - 1, 0)
            accepted.append(count)


def test_the_memory_of_a_stream_is_bounded() -> None:
    receiver = Receiver([KEY], Terms(window=8))
    kept = [data for i, data in enumerate(stream(2_000)) if i % 7 and (i // 50) % 3]
    for data in kept:
        receiver.receive(data, arrives(data))
        assert len(receiver._streams[1, 0].seen) <= 8


def test_silence_is_noticed() -> None:
    far = stream_key(SECRET, 2, 0, 1)
    receiver, sent = Receiver([KEY, far]), stream(3)
    assert receiver.silent(0) == ((1, 0), (2, 0))
    feed(receiver, sent)
    end = arrives(sent[-1])
    assert receiver.silent(end + 200_000) == ((2, 0),)
    assert receiver.silent(end + 200_001) == ((1, 0), (2, 0))


# --- everything that can be done to bytes without the key -----------------------------

EPOCHS = (1, 2)
ENDS = tuple((source, number) for source in (1, 2) for number in (0, 1))
KEYS = [stream_key(SECRET, *end, epoch) for epoch in EPOCHS for end in ENDS]
LENGTH = 6
SENDERS = {(key.epoch, key.source, key.stream): Sender(key) for key in KEYS}
TAPE = [
    SENDERS[epoch, *end].make((epoch - 1) * 10**6 + i * STEP, i, 48_000_000, status=i // 2)
    for epoch in EPOCHS
    for i in range(LENGTH)
    for end in ENDS
]
SENT = frozenset(TAPE)
LATEST = 10**6 + LENGTH * STEP

place = st.integers(0, 10**6)
OPERATIONS = st.one_of(
    st.tuples(st.just("edit"), place, st.integers(0, SIZE - 1), st.integers(1, 255)),
    st.tuples(st.just("cut"), place, st.integers(0, SIZE), st.just(0)),
    st.tuples(st.just("grow"), place, st.integers(1, 100), st.just(0)),
    st.tuples(st.just("copy"), place, place, st.just(0)),
    st.tuples(st.just("move"), place, place, st.just(0)),
    st.tuples(st.just("drop"), place, st.just(0), st.just(0)),
    st.tuples(st.just("splice"), place, place, st.integers(0, SIZE)),
    st.tuples(st.just("tag"), place, place, st.just(0)),
    st.tuples(st.just("status"), place, st.integers(0, LARGEST), st.just(0)),
    st.tuples(st.just("count"), place, st.integers(0, LARGEST), st.just(0)),
    st.tuples(st.just("epoch"), place, st.sampled_from((0, 1, 2, 3, LARGEST)), st.just(0)),
    st.tuples(st.just("source"), place, st.sampled_from((0, 1, 2, 3)), st.just(0)),
    st.tuples(st.just("stream"), place, st.sampled_from((0, 1, 2)), st.just(0)),
)


def tampered(tape: list[bytes], operations: list[tuple[str, int, int, int]]) -> list[bytes]:
    tape = list(tape)
    for what, i, j, k in operations:
        if not tape:
            break
        i, data = i % len(tape), tape[i % len(tape)]
        other = tape[j % len(tape)]
        if what == "edit" and j < len(data):
            tape[i] = data[:j] + bytes([data[j] ^ k]) + data[j + 1 :]
        elif what == "cut":
            tape[i] = data[:j]
        elif what == "grow":
            tape[i] = data + bytes(j)
        elif what == "copy":
            tape.insert(j % (len(tape) + 1), data)
        elif what == "move":
            tape.insert(j % len(tape), tape.pop(i))
        elif what == "drop":
            tape.pop(i)
        elif what == "splice":
            tape[i] = data[:k] + other[k:]
        elif what == "tag":
            tape[i] = data[:-TAG_SIZE] + other[-TAG_SIZE:]
        elif len(data) == SIZE:
            tape[i] = forged(data, **{what: j})
    return tape


@settings(max_examples=300, deadline=None)
@given(
    st.lists(OPERATIONS, max_size=60),
    st.lists(st.integers(0, 10**6), max_size=200),
    st.booleans(),
)
def test_without_the_key_nothing_is_believed_but_what_was_sent_once_and_in_time(
    operations: list[tuple[str, int, int, int]], waits: list[int], strict: bool
) -> None:
    ages = {} if strict else {"max_age": 10**12, "max_lead": 10**12}
    terms = Terms(interval=0, window=4, **ages)
    receiver = Receiver(KEYS, terms)
    believed: list[bytes] = []
    tops: dict[tuple[int, int], tuple[int, int]] = {}
    at = 0
    for i, data in enumerate(tampered(TAPE, operations)):
        at += waits[i % len(waits)] // 20 if waits else 5_000
        before = receiver.state
        try:
            one = receiver.receive(data, at)
        except Refusal as refusal:
            assert refusal.rule in CHECKS and refusal.rule != "values"
            assert receiver.state == before
            continue
        assert data in SENT and data not in believed
        assert -terms.max_lead <= at - one.message.time <= terms.max_age
        believed.append(data)
        name, now = one.message[1:3], (one.message.epoch, one.message.count)
        top = tops.get(name, (-1, -1))
        assert now[0] >= top[0] and one.late == (now < top)
        tops[name] = max(now, top)
    # Whatever was tried, the true stream is believed from its next message on.
    for key in KEYS[len(ENDS) :]:
        sender = Sender(key)
        sender.count, sender.last = LENGTH, leaf_hash(last_of(key))
        for i in range(3):
            time = max(at, LATEST) + i * STEP
            one = receiver.receive(sender.make(time, 0, 0, status=9), time + LINK)
            assert not one.late and (i == 0 or one.missed == 0)


def last_of(key: m.Key) -> bytes:
    return [data for data in TAPE if data.startswith(key.address)][-1]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=SIZE))
def test_arbitrary_bytes_are_refused_and_leave_no_trace(data: bytes, rest: bytes) -> None:
    receiver = Receiver(KEYS, Terms(interval=0))
    for attempt in (data, (KEY.address + rest).ljust(SIZE, b"\0")):
        assert refused(receiver, attempt, 0) in (WrongSize, NoKey, BadTag)


def test_the_same_tampering_deceives_a_receiver_without_the_defence() -> None:
    """So that the property above is known to have something to catch."""
    tricks: dict[str, Callable[[bytes], bytes]] = {
        "edit": lambda data: data[:30] + b"\xff" + data[31:],
        "copy": lambda data: data,
        "other end": lambda data: forged(data, source=2),
        "no tag": lambda data: data[:-TAG_SIZE],
        "longer": lambda data: data + b"\0",
        "older epoch": lambda data: forged(data, epoch=1),
    }
    for trick in tricks.values():
        receiver = Receiver(KEYS, defended=False)
        receiver.receive(TAPE[-4], 0)
        receiver.receive(trick(TAPE[-4]), 0)


# --- without the defence --------------------------------------------------------------


def test_a_plain_subscriber_is_poisoned_by_one_high_status_number() -> None:
    receiver, sent = Receiver([KEY], defended=False), stream(3)
    receiver.receive(sent[0], LINK)
    receiver.receive(forged(sent[1], status=LARGEST), LINK)
    with pytest.raises(Replayed, match="out of date"):
        receiver.receive(sent[2], LINK)


def test_a_plain_subscriber_needs_at_least_a_header_and_an_address_that_it_knows() -> None:
    receiver = Receiver([KEY], defended=False)
    with pytest.raises(WrongSize):
        receiver.receive(b"GOOSE", 0)
    with pytest.raises(UnknownAddress):
        receiver.receive(forged(stream(1)[0], source=7), 0)


def test_one_stream_and_epoch_has_one_key() -> None:
    Receiver([KEY, KEY])
    with pytest.raises(ValueError, match="two keys"):
        Receiver([KEY, m.Key(1, 0, 1, b"another sixteen bytes")])


# --- batches --------------------------------------------------------------------------


def batch_of(sent: list[bytes]) -> tuple[m.Batch, list[bytes]]:
    return sign_batch(OWNER, sent), [leaf_hash(data) for data in sent]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 100])
def test_a_batch_stands_for_its_messages_and_each_can_be_proven_alone(size: int) -> None:
    sent = stream(size + 5)[5:]
    batch, leaves = batch_of(sent)
    verify_batch(batch, OWNER.public, sent)
    verify_batch(batch, OWNER.public, sent, leaves)
    assert sign_batch(OWNER, sent, leaves=leaves) == batch
    for data in sent:
        proof = prove(batch, leaves, read(data).count)
        assert check_reading(batch, OWNER.public, data, proof) == read(data)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_other_messages_pass_as_a_batch(data: st.DataObject) -> None:
    sent = stream(5)
    batch, _ = batch_of(sent)
    what = data.draw(st.sampled_from(["edit", "drop", "swap", "repeat", "cut"]))
    i = data.draw(st.integers(0, 4))
    changed = list(sent)
    if what == "edit":
        bit = data.draw(st.integers(0, 8 * SIZE - 1))
        edited = bytearray(changed[i])
        edited[bit // 8] ^= 1 << bit % 8
        changed[i] = bytes(edited)
    elif what == "drop":
        changed.pop(i)
    elif what == "swap":
        j = data.draw(st.integers(0, 4).filter(lambda j: j != i))
        changed[i], changed[j] = changed[j], changed[i]
    elif what == "repeat":
        changed.insert(i, changed[i])
    else:
        changed[i] = changed[i][: data.draw(st.integers(0, SIZE - 1))]
    with pytest.raises((BadBatch, WrongSize)):
        verify_batch(batch, OWNER.public, changed)


@pytest.mark.parametrize(
    "changes",
    [
        {"source": 2},
        {"stream": 1},
        {"epoch": 2},
        {"first": 1},
        {"size": 4},
        {"root": bytes(32)},
        {"previous": b"x" * 32},
        {"signature": bytes(64)},
        {"signature": b""},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_everything_in_a_batch_is_under_the_signature(changes: dict[str, Any]) -> None:
    sent = stream(5)
    batch, leaves = batch_of(sent)
    false = replace(batch, **changes)
    with pytest.raises(BadSignature):
        verify_batch(false, OWNER.public, sent)
    with pytest.raises(BadSignature):
        reconcile(false, OWNER.public, leaves, [])
    with pytest.raises(BadSignature):
        check_reading(false, OWNER.public, sent[0], prove(batch, leaves, 0))


def test_a_batch_is_one_unbroken_run_of_one_stream() -> None:
    sent, other = stream(4), stream(4, stream_key(SECRET, 2, 0, 1))
    forked = forged(sent[2], KEY, current=5)
    for wrong in ([], [sent[0], sent[2]], [*sent[:2], other[2]], sent[::-1]):
        with pytest.raises(BadBatch):
            sign_batch(OWNER, wrong)
    jumped = forged(sent[1], KEY, count=2)
    with pytest.raises(BadBatch, match="expected count 1"):
        sign_batch(OWNER, [sent[0], jumped])
    with pytest.raises(BadBatch, match="does not follow"):
        sign_batch(OWNER, [*sent[:2], forked, sent[3]])


def test_batches_are_chained() -> None:
    sent = stream(4)
    first = sign_batch(OWNER, sent[:2])
    second = sign_batch(OWNER, sent[2:], previous=first.id)
    assert second.previous == first.id != second.id
    assert (first.first, second.first) == (0, 2)


def test_a_receiver_closes_its_gaps_with_the_batch() -> None:
    sent = stream(10)
    batch, leaves = batch_of(sent)
    accepted = feed(Receiver([KEY]), [data for i, data in enumerate(sent) if i not in (0, 4, 5)])
    assert reconcile(batch, OWNER.public, leaves, accepted) == (0, 4, 5)
    with pytest.raises(BadBatch, match="root"):
        reconcile(batch, OWNER.public, leaves[:-1], accepted)


def test_other_streams_do_not_count_in_a_batch() -> None:
    far = stream_key(SECRET, 2, 0, 1)
    batch, leaves = batch_of(stream(3))
    accepted = feed(Receiver([far]), stream(3, far)) + feed(Receiver([KEY]), stream(9)[3:])
    assert reconcile(batch, OWNER.public, leaves, accepted) == (0, 1, 2)


def test_who_can_check_a_tag_can_forge_it_but_not_the_batch() -> None:
    """The receiver holds the key of the tags. Only the signature convinces others."""
    sent = stream(3)
    batch, leaves = batch_of(sent)
    lie = forged(sent[2], KEY, current=25_000_000)
    accepted = feed(Receiver([KEY]), [*sent[:2], lie])
    assert accepted[2].message.current == 25_000_000
    with pytest.raises(BadBatch, match="signed another one"):
        reconcile(batch, OWNER.public, leaves, accepted)
    with pytest.raises(BadProof):
        check_reading(batch, OWNER.public, lie, prove(batch, leaves, 2))


def test_a_proof_holds_for_its_own_place_only() -> None:
    sent = stream(4)
    batch, leaves = batch_of(sent)
    with pytest.raises(BadBatch, match="another stream, epoch or count"):
        check_reading(batch, OWNER.public, sent[1], prove(batch, leaves, 2))
    shorter = prove(sign_batch(OWNER, sent[:3]), leaves[:3], 1)
    with pytest.raises(BadBatch, match="for 3"):
        check_reading(batch, OWNER.public, sent[1], shorter)
    with pytest.raises(BadProof):
        prove(batch, leaves, 4)
