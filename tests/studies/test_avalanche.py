"""Every bit of a text is turned over, alone."""

from energychain.charts.hashing import flipped
from energychain.primitives.hashing import sha256
from energychain.studies.avalanche import altered, every_flip


def test_altered_and_every_flip():
    assert altered("abc", 2, "") == "ac"
    assert altered("abc", 2, "xy") == "axyc"
    counts = every_flip("a")
    assert counts == [
        sum(flipped(sha256(b"a"), sha256(bytes([ord("a") ^ 1 << bit])))) for bit in range(8)
    ]
    assert every_flip("") == []
