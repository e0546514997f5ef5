"""SHA-256 against the examples of FIPS 180 (NIST, *Examples with intermediate values*)."""

import csv

import pytest

from energychain import datasets
from energychain.primitives.encoding import NotEncodable, encode
from energychain.primitives.hashing import NO_DIGEST, digest, sha256, short

VECTORS = {
    row["name"]: (bytes.fromhex(row["message"]) * int(row["times"]), row["digest"])
    for row in csv.DictReader(datasets.lines("vectors", "hashes.csv"))
    if row["function"] == "SHA-256"
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
