r"""
A tag says that a message comes from somebody who holds the key, and that not one bit
of it was changed. Making and checking it takes the same key: whoever can check can
also forge, so a tag convinces the two ends of a line and nobody else. To convince a
third party takes a signature (:mod:`energychain.primitives.keys`).

HMAC (RFC 2104) with SHA-256 is two nested hashes,

.. math:: H((K \oplus opad) \| H((K \oplus ipad) \| m)).

The first block of each depends on the key alone, so it is hashed once and copied for
every message (RFC 2104, section 4).
"""

from dataclasses import dataclass, field
from functools import cached_property
from secrets import compare_digest

from Crypto.Hash import SHA256

from energychain.primitives.refusals import Refusal

BLOCK = 64
"""The block of SHA-256 [bytes]."""

SHORTEST_TAG, LONGEST_TAG = 16, 32
"""A tag keeps at least half of the digest (RFC 2104, section 5) [bytes]."""


class BadTag(Refusal):
    """The tag is not that of this message under this key."""

    rule = "tag"


@dataclass(frozen=True)
class Mac:
    """HMAC-SHA-256 under one key.

    >>> mac = Mac(b"a secret of the two ends")
    >>> tag = mac.tag(b"1.7 A")
    >>> mac.check(b"1.7 A", tag)
    >>> mac.check(b"9.7 A", tag)
    Traceback (most recent call last):
    energychain.primitives.mac.BadTag: the tag does not fit this message and key
    """

    key: bytes = field(repr=False)

    size: int = LONGEST_TAG
    """How much of the digest a tag keeps, 16 to 32 [bytes]."""

    def __post_init__(self) -> None:
        if not SHORTEST_TAG <= self.size <= LONGEST_TAG:
            raise ValueError(f"a tag has {SHORTEST_TAG} to {LONGEST_TAG} bytes, not {self.size}")

    @cached_property
    def _inner(self) -> SHA256.SHA256Hash:
        return SHA256.new(bytes(byte ^ 0x36 for byte in self._block))

    @cached_property
    def _outer(self) -> SHA256.SHA256Hash:
        return SHA256.new(bytes(byte ^ 0x5C for byte in self._block))

    @cached_property
    def _block(self) -> bytes:
        key = SHA256.new(self.key).digest() if len(self.key) > BLOCK else self.key
        return key.ljust(BLOCK, b"\0")

    def tag(self, message: bytes) -> bytes:
        """The tag of a message."""
        inner = self._inner.copy()
        inner.update(message)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()[: self.size]

    def fits(self, message: bytes, tag: bytes) -> bool:
        """Whether this is the message's tag, in a time that does not tell how much of a
        wrong tag is right.
        """
        return compare_digest(self.tag(message), tag)

    def check(self, message: bytes, tag: bytes) -> None:
        """Raise :class:`BadTag` unless this is the tag of the message."""
        if not self.fits(message, tag):
            raise BadTag("the tag does not fit this message and key")
