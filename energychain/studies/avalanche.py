"""
What one character of a text does to its digest.
"""

from energychain.primitives.hashing import sha256


def altered(text: str, place: int, character: str) -> str:
    """A text with one character, counted from 1, replaced; by nothing, if that is empty.

    >>> altered("3 kWh", 1, "8")
    '8 kWh'
    """
    return text[: place - 1] + character + text[place:]


def every_flip(text: str) -> list[int]:
    """How many bits of the digest change, for every bit of a text that is turned over alone.

    >>> counts = every_flip("3 kWh")
    >>> len(counts), min(counts), max(counts)
    (40, 114, 148)
    """
    data = text.encode()
    before = int.from_bytes(sha256(data), "big")
    counts = []
    for bit in range(8 * len(data)):
        after = bytearray(data)
        after[bit // 8] ^= 1 << bit % 8
        counts.append((before ^ int.from_bytes(sha256(bytes(after)), "big")).bit_count())
    return counts
