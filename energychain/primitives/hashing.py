"""
A digest is a fingerprint: 32 bytes that anybody can compute from a value and
nobody can steer. SHA-256 (FIPS 180-4) comes from pycryptodome.
"""

from typing import NewType

from Crypto.Hash import SHA256

from energychain.primitives.encoding import encode

Digest = NewType("Digest", bytes)
"""32 bytes of SHA-256."""

NO_DIGEST = Digest(bytes(32))
"""32 zero bytes: the "parent" of the first block."""


_EMPTY = SHA256.new()


def sha256(data: bytes) -> Digest:
    """SHA-256 of bytes.

    >>> sha256(b"abc").hex()
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    """
    hasher = _EMPTY.copy()  # a copy is made faster than a new one
    hasher.update(data)
    return Digest(hasher.digest())


def digest(value: object) -> Digest:
    """SHA-256 of a value's canonical bytes (:func:`energychain.primitives.encoding.encode`).

    >>> digest(("node 1", 427852)) == sha256(b"(t6:node 1i427852e)")
    True
    """
    return sha256(encode(value))


def short(data: bytes) -> str:
    """The first eight hexadecimal digits, enough for people to tell two digests apart.

    >>> short(sha256(b"abc"))
    'ba7816bf'
    """
    return data[:4].hex()
