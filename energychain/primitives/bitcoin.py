"""
An exhibit: how Bitcoin builds the same things, for comparison with ours and as
published truth to test against. The ledger does not use it.

Bitcoin hashes twice, writes digests backwards, and doubles the last node of an
odd level. The doubling lets two different lists of transactions share a root
(CVE-2012-2459); :mod:`energychain.primitives.merkle` does not have that fault.
"""

from collections.abc import Sequence

from energychain.primitives.hashing import Digest, sha256


def double_sha256(data: bytes) -> Digest:
    """SHA-256 of the SHA-256."""
    return sha256(sha256(data))


def bitcoin_merkle_root(ids: Sequence[bytes]) -> Digest:
    """Bitcoin's root over transaction ids in their inner (little-endian) byte order.

    The fault, in one line:

    >>> a, b, c = (double_sha256(letter) for letter in (b"a", b"b", b"c"))
    >>> bitcoin_merkle_root([a, b, c]) == bitcoin_merkle_root([a, b, c, c])
    True

    Raises ``ValueError`` for an empty list: a Bitcoin block has at least one transaction.
    """
    if not ids:
        raise ValueError("a Bitcoin block has at least one transaction")
    level = list(ids)
    while len(level) > 1:
        if len(level) % 2:
            level.append(level[-1])
        level = [double_sha256(level[i] + level[i + 1]) for i in range(0, len(level), 2)]
    return Digest(level[0])


def bitcoin_header(
    version: int, parent: str, merkle_root: str, time: int, bits: int, nonce: int
) -> bytes:
    """The 80 bytes of a Bitcoin header; digests are given as people print them (reversed)."""
    return b"".join(
        (
            version.to_bytes(4, "little"),
            bytes.fromhex(parent)[::-1],
            bytes.fromhex(merkle_root)[::-1],
            time.to_bytes(4, "little"),
            bits.to_bytes(4, "little"),
            nonce.to_bytes(4, "little"),
        )
    )
