"""
A mining race: two miners, each with a header of its own, really hash.

Each header is hashed once, nonce after nonce, in one long run. A nonce that is good for so
many bits ends a race, and the next race goes on where it ended: tries do not depend on each
other, so a race that begins in the middle is as good as one from nonce 0.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from Crypto.Hash import SHA256

from energychain.ledger.block import NONCE_BYTES, Header
from energychain.studies.private_chain import MINERS, PrivateChain

TRIES = 1 << 16
"""The length of a run: what is hashed of each header, once."""

MOST_RACES = 400
"""How many are played at most: more would not be quick to the touch."""


@dataclass(frozen=True)
class Run:
    """A header, hashed with every nonce from 0 up to some number."""

    header: Header
    zeros: bytes
    """How many zero bits each hash begins with."""

    def good(self, bits: int) -> list[int]:
        """The nonces that are good for so many bits."""
        return [nonce for nonce, zeros in enumerate(self.zeros) if zeros >= bits]

    def tries(self, bits: int) -> list[int]:
        """How many tries each find took since the one before."""
        return [nonce - before for before, nonce in pairwise([-1, *self.good(bits)])]

    def hash_of(self, nonce: int) -> str:
        """The beginning of a hash, as people write it."""
        return hash_run(self.header, nonce + 1, nonce)[1].hex()[:10]


def hash_run(header: Header, stop: int, start: int = 0) -> tuple[bytes, bytes]:
    """How many zero bits the hashes of a header begin with, for each nonce; and the last hash.

    The bytes before the nonce are hashed once, as in
    :func:`~energychain.consensus.work.mine`.
    """
    begun, zeros, digest = SHA256.new(header.unsealed), bytearray(), b""
    for nonce in range(start, stop):
        attempt = begun.copy()
        attempt.update(nonce.to_bytes(NONCE_BYTES, "big"))
        digest = attempt.digest()
        zeros.append(32 - int.from_bytes(digest[:4], "big").bit_length())
    return bytes(zeros), digest


@lru_cache(maxsize=1)
def two_runs(tries: int = TRIES) -> tuple[Run, Run]:
    """The runs of both miners on the next block of one chain: they differ in who is paid."""
    network = PrivateChain([], name="a race")
    first, second = (
        network.chain.draft(15, network.address(name)).block().header for name in MINERS
    )
    return Run(first, hash_run(first, tries)[0]), Run(second, hash_run(second, tries)[0])


@dataclass(frozen=True)
class Race:
    """From when both begin until the first find."""

    begun: tuple[int, int]
    """The nonces with which they begin."""

    tries: tuple[int | None, int | None]
    """What each needs for a find of its own; none, if the run ends before."""

    left: tuple[int, int]
    """What each has left of its run."""

    speed: int
    """How many tries the second makes for each of the first."""

    @property
    def moments(self) -> tuple[int, int]:
        """When each finds a nonce, or its run ends [tries of the second]."""
        one, two = (
            left if own is None else own for own, left in zip(self.tries, self.left, strict=True)
        )
        return one * self.speed, two

    @property
    def winners(self) -> tuple[bool, bool]:
        """Who was first; both, if at once; nobody, if the runs are too short to say."""
        one, two = (own is not None for own in self.tries)
        first = min(self.moments)
        return one and self.moments[0] == first, two and self.moments[1] == first

    @property
    def decided(self) -> bool:
        """Whether the runs are long enough to say who was first."""
        return any(self.winners)

    @property
    def spent(self) -> tuple[int, int]:
        """How many tries each has made when the race is over."""
        first = min(self.moments)
        return first // self.speed, first


def races(runs: tuple[Run, Run], bits: int, speed: int) -> list[Race]:
    """One race after the other, until a run is used up or there are :data:`MOST_RACES`; the
    last one may be undecided.
    """
    good = [run.good(bits) for run in runs]
    at, found = (0, 0), list[Race]()
    while len(found) < MOST_RACES and all(
        place < len(run.zeros) for place, run in zip(at, runs, strict=True)
    ):
        one, two = (_next(nonces, place) for nonces, place in zip(good, at, strict=True))
        left = (len(runs[0].zeros) - at[0], len(runs[1].zeros) - at[1])
        race = Race(at, (one, two), left, speed)
        found.append(race)
        at = (at[0] + race.spent[0], at[1] + race.spent[1])
    return found


def _next(nonces: Sequence[int], start: int) -> int | None:
    """How many tries the next find takes, from this nonce on."""
    place = bisect_left(nonces, start)
    return nonces[place] - start + 1 if place < len(nonces) else None
