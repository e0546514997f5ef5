"""HMAC-SHA-256 against RFC 4231, and against pycryptodome's own HMAC."""

import pytest
from Crypto.Hash import HMAC, SHA256
from hypothesis import given
from hypothesis import strategies as st

from energychain.primitives.mac import BadTag, Mac

VECTORS = {  # RFC 4231, sections 4.2 to 4.8
    "1": (
        b"\x0b" * 20,
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ),
    "2, a key shorter than the digest": (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    "3, longer than a block together": (
        b"\xaa" * 20,
        b"\xdd" * 50,
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ),
    "4": (
        bytes(range(1, 26)),
        b"\xcd" * 50,
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ),
    "5, truncated to 128 bits": (
        b"\x0c" * 20,
        b"Test With Truncation",
        "a3b6167473100ee06e0c796c2955552b",
    ),
    "6, a key longer than a block": (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    "7, both longer than a block": (
        b"\xaa" * 131,
        b"This is a test using a larger than block-size key and a larger than block-size data."
        b" The key needs to be hashed before being used by the HMAC algorithm.",
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
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
