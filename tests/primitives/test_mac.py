"""HMAC-SHA-256 against RFC 4231, and against pycryptodome's own HMAC."""

import csv

import pytest
from Crypto.Hash import HMAC, SHA256
from hypothesis import given
from hypothesis import strategies as st

from energychain import datasets
from energychain.primitives.mac import BadTag, Mac

VECTORS = {
    row["name"]: (bytes.fromhex(row["key"]), bytes.fromhex(row["message"]), row["tag"])
    for row in csv.DictReader(datasets.lines("vectors", "tags.csv"))
}


@pytest.mark.parametrize(("key", "message", "expected"), VECTORS.values(), ids=VECTORS)
def test_a_tag_is_the_published_one(key: bytes, message: bytes, expected: str) -> None:
    mac = Mac(key, size=len(expected) // 2)
    assert mac.tag(message).hex() == expected
    mac.check(message, bytes.fromhex(expected))


@given(st.binary(max_size=200), st.binary(max_size=300))
def test_a_tag_is_what_pycryptodome_makes(key: bytes, message: bytes) -> None:
    assert Mac(key).tag(message) == HMAC.new(key, message, digestmod=SHA256).digest()


@given(st.binary(min_size=1, max_size=100), st.data())
def test_no_changed_message_and_no_changed_tag_fits(message: bytes, data: st.DataObject) -> None:
    mac = Mac(b"a secret", size=16)
    tag = mac.tag(message)
    bit = data.draw(st.integers(0, 8 * (len(message) + 16) - 1))
    both = bytearray(message + tag)
    both[bit // 8] ^= 1 << bit % 8
    with pytest.raises(BadTag):
        mac.check(bytes(both[:-16]), bytes(both[-16:]))


@pytest.mark.parametrize("length", [0, 1, 15, 17, 32])
def test_a_tag_of_another_length_never_fits(length: int) -> None:
    whole = Mac(b"a secret").tag(b"1.7 A")
    assert not Mac(b"a secret", size=16).fits(b"1.7 A", whole[:length])


@pytest.mark.parametrize("size", [0, 15, 33])
def test_tags_that_are_too_short_to_be_safe_are_not_offered(size: int) -> None:
    with pytest.raises(ValueError, match="16 to 32"):
        Mac(b"a secret", size=size)


def test_the_key_is_not_shown() -> None:
    assert "secret" not in repr(Mac(b"a secret"))
