"""One value, one byte string: round trips, injectivity, and refusals by name."""

from dataclasses import dataclass
from enum import IntEnum

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from energychain.primitives.encoding import NotDecodable, NotEncodable, decode, encode


@dataclass(frozen=True)
class Reading:
    node: str
    registers: object


@dataclass(frozen=True)
class Single:
    value: object


@dataclass(frozen=True)
class Nothing:
    pass


@dataclass
class Mutable:
    node: str


class Colour(IntEnum):
    RED = 1


class Text(str):
    pass


RECORDS = {"Reading": Reading, "Single": Single}

plain = (
    st.integers(-(10**30), 10**30)
    | st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)
    | st.binary(max_size=12)
)
values = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=4).map(tuple)
        | st.builds(Reading, st.sampled_from(["node 1", "é", ""]), inner)
        | st.builds(Single, inner)
    ),
    max_leaves=12,
)


@given(values)
def test_decoding_the_encoding_gives_the_value_back(value: object) -> None:
    back = decode(encode(value), RECORDS)
    assert back == value
    assert type(back) is type(value)


@given(values, values)
@example(1, "1")
@example(b"1", "1")
@example((), "")
@example((1, 2), (12,))
@example(((1,), 2), (1, (2,)))
@example(("ab",), ("a", "b"))
@example(Reading("a", 1), Single(("a", 1)))
@example(Single(1), (1,))
def test_distinct_values_have_distinct_bytes(one: object, other: object) -> None:
    assert (encode(one) == encode(other)) == (one == other and type(one) is type(other))


@given(values, values)
def test_no_values_bytes_begin_anothers(one: object, other: object) -> None:
    assume(encode(one) != encode(other))
    assert not encode(other).startswith(encode(one))
    assert not encode(one).startswith(encode(other))


@given(st.binary(max_size=40))
@example(b"")
@example(b"i")
@example(b"ie")
@example(b"i-0e")
@example(b"i+1e")
@example(b"i1_0e")
@example(b"i 1e")
@example(b"i01e")
@example(b"i1ei1e")
@example(b"t-1:")
@example(b"t1:")
@example(b"t01:a")
@example(b"t1:\xff")
@example(b"t:")
@example(b"b3:ab")
@example(b"b99999999999999999999:")
@example(b"(")
@example(b"(i1e")
@example(b")")
@example(b"r")
@example(b"r)")
@example(b"ri1e)")
@example(b"rt7:Reading)")
@example(b"rt7:Readingt1:a)")
@example(b"rt7:Readingt1:ai1ei2e)")
@example(b"rt7:Unknown)")
@example(b"r()i1e)")
@example(b"x")
def test_any_bytes_are_the_encoding_of_one_value_or_refused_by_name(data: bytes) -> None:
    try:
        value = decode(data, RECORDS)
    except NotDecodable:
        return
    assert encode(value) == data


@given(values, st.data())
def test_altered_bytes_are_another_value_or_refused_by_name(
    value: object, data: st.DataObject
) -> None:
    good = bytearray(encode(value))
    at = data.draw(st.integers(0, len(good) - 1))
    good[at] ^= data.draw(st.integers(1, 255))
    try:
        other = decode(bytes(good), RECORDS)
    except NotDecodable:
        return
    assert other != value
    assert encode(other) == bytes(good)


@pytest.mark.parametrize("mark", [b"(", b"r", b"rt6:Single"])
def test_bytes_nested_too_deeply_are_refused_by_name(mark: bytes) -> None:
    with pytest.raises(NotDecodable):
        decode(mark * 100_000, RECORDS)


def test_a_value_nested_too_deeply_is_refused_by_name() -> None:
    value: tuple[object, ...] = ()
    for _ in range(100_000):
        value = (value,)
    with pytest.raises(NotEncodable):
        encode(value)


def test_an_integer_too_long_to_be_written_is_refused_by_name() -> None:
    # Python refuses to write more than 4,300 digits; that is a reason, not a crash.
    with pytest.raises(NotEncodable):
        encode(10**5_000)


def test_the_examples_of_the_table() -> None:
    assert encode(42) == b"i42e"
    assert encode(-5) == b"i-5e"
    assert encode("kWh") == b"t3:kWh"
    assert encode("é") == b"t2:\xc3\xa9"
    assert encode(b"\0") == b"b1:\0"
    assert encode((1, 2)) == b"(i1ei2e)"
    assert encode(Reading("a", 1)) == b"rt7:Readingt1:ai1e)"


def test_a_float_is_refused_with_the_way_out() -> None:
    with pytest.raises(NotEncodable, match="whole number of a smaller unit"):
        encode(0.1)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (True, "bool"),
        (None, "NoneType"),
        ([1], "list"),
        ({"a": 1}, "dict"),
        ({1}, "set"),
        (bytearray(b"a"), "bytearray"),
        (Mutable("node 1"), "Mutable"),
        (Reading, "type"),
        (Colour.RED, "Colour"),
        (Text("a"), "Text"),
        (1j, "complex"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_value_of_another_kind_is_refused_by_name(value: object, name: str) -> None:
    for wrapped in (value, (1, value), Single(value)):
        with pytest.raises(NotEncodable, match=name):
            encode(wrapped)


def test_half_a_character_is_refused_by_name() -> None:
    with pytest.raises(NotEncodable, match="half a character"):
        encode("\ud800")


def test_a_record_without_fields_has_bytes_too() -> None:
    assert encode(Nothing()) == b"rt7:Nothing)"
    assert decode(b"rt7:Nothing)", {"Nothing": Nothing}) == Nothing()


def test_a_record_is_read_back_only_if_its_name_is_expected() -> None:
    with pytest.raises(NotDecodable, match="Reading"):
        decode(encode(Reading("a", 1)))


def test_bytes_after_the_value_are_refused_by_name() -> None:
    with pytest.raises(NotDecodable, match="2 bytes are left over"):
        decode(b"i1e()")
