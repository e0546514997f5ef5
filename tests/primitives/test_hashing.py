"""SHA-256 against the examples of FIPS 180 (NIST, *Examples with intermediate values*)."""

import pytest

from energychain.primitives.encoding import NotEncodable, encode
from energychain.primitives.hashing import NO_DIGEST, digest, sha256, short

VECTORS = {
    "nothing": (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    "one block": (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    "448 bits": (
        b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ),
    "896 bits": (
        b"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
        b"hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
    ),
    "a million a's": (
        b"a" * 1_000_000,
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
    ),
}


@pytest.mark.parametrize(("message", "expected"), VECTORS.values(), ids=VECTORS)
def test_sha256_gives_the_published_digest(message: bytes, expected: str) -> None:
    assert sha256(message).hex() == expected


def test_hashing_one_message_leaves_no_trace_in_the_next() -> None:
    sha256(b"before")
    assert sha256(b"").hex() == VECTORS["nothing"][1]


def test_the_digest_of_a_value_is_the_digest_of_its_canonical_bytes() -> None:
    assert digest(("kWh", 3)) == sha256(encode(("kWh", 3))) != digest(("kWh", 4))


def test_a_value_without_canonical_bytes_has_no_digest() -> None:
    with pytest.raises(NotEncodable):
        digest(0.5)


def test_short_shows_eight_digits_and_the_missing_digest_is_all_zero() -> None:
    assert short(sha256(b"abc")) == "ba7816bf"
    assert len(NO_DIGEST) == 32 and not any(NO_DIGEST)
