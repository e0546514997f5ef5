"""
A mining race, hands on: two miners, each with a header of its own, really hash.

Each header is hashed once, nonce after nonce, in one long run. A nonce that is good for so
many bits ends a race, and the next race goes on where it ended: tries do not depend on each
other, so a race that begins in the middle is as good as one from nonce 0.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import ipywidgets as widgets
from Crypto.Hash import SHA256

from energychain.charts import hashing as charts
from energychain.ledger.block import NONCE_BYTES, Header
from energychain.studies.private_chain import MINERS, PrivateChain
from energychain.widgets.controls import snug
from energychain.widgets.explorer import Explorer, View

TRIES = 1 << 16
"""The length of a run: what is hashed of each header, once."""

LEAST_BITS, MOST_BITS = 4, 16

RACES = 12
"""How many races can be looked at."""

MOST_RACES = 400
"""How many are played at most: more would not be quick to the touch."""


# --- runs and races -------------------------------------------------------------------


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


# --- the explorer ---------------------------------------------------------------------


class MiningExplorer(Explorer):
    """A race between two miners, of which the second is some times as fast.

    >>> explorer = MiningExplorer()
    >>> explorer.controls["bits"].value = 4
    >>> explorer.status.split(":")[0]
    'With 4 bits, one try in 16 succeeds on average'
    """

    def __init__(self, *, prediction: str = "") -> None:
        self.runs = two_runs()
        super().__init__(
            "Who finds the next block, and how long does it take?",
            {
                "bits": snug(
                    widgets.IntSlider,
                    "Difficulty (bits)",
                    210,
                    value=10,
                    min=LEAST_BITS,
                    max=MOST_BITS,
                    step=1,
                ),
                "speed": snug(
                    widgets.IntSlider, "Miner 2's speed (×)", 170, value=2, min=1, max=8, step=1
                ),
                "race": snug(widgets.IntSlider, "Race", 200, value=1, min=1, max=RACES, step=1),
            },
            self._look,
            prediction=prediction,
        )

    def _look(self, bits: int, speed: int, race: int) -> View:
        every = races(self.runs, bits, speed)
        decided = [each for each in every if each.decided]
        chosen = min(race, max(1, len(decided)))
        shown = decided[chosen - 1] if decided else every[0]
        tries = [count for run in self.runs for count in run.tries(bits)]
        return View(
            (
                charts.race(self._miners(shown), 2**bits),
                charts.tries(tries, 2**bits),
            ),
            f"With {bits} bits, one try in {2**bits:,} succeeds on average:"
            f" {_told(shown, chosen, race)} {_score(decided, speed)}",
            "\n".join(
                [
                    "from energychain.charts import hashing as charts",
                    "from energychain.widgets.mining import MiningExplorer, races, two_runs",
                    "",
                    "runs = two_runs()",
                    f"decided = [race for race in races(runs, {bits}, {speed}) if race.decided]",
                    'print(len(decided), "races, miner 2 alone first in",'
                    " sum(race.winners == (False, True) for race in decided))",
                    f"tries = [count for run in runs for count in run.tries({bits})]",
                    f"charts.tries(tries, {2**bits})",
                ]
            ),
        )

    def _miners(self, race: Race) -> list[charts.Miner]:
        return [
            charts.Miner(name, tries, moment / race.speed, self._found(run, start, tries))
            for name, run, start, tries, moment in zip(
                MINERS, self.runs, race.begun, race.tries, race.moments, strict=True
            )
        ]

    def _found(self, run: Run, start: int, tries: int | None) -> str:
        if tries is None:
            return "no find before the run ended"
        nonce = start + tries - 1
        return f"{tries:,} tries to nonce {nonce:,}: hash {run.hash_of(nonce)}…"


def _told(race: Race, number: int, wanted: int) -> str:
    """What happened in a race."""
    if not race.decided:
        return f"{TRIES:,} tries each were not enough for a single race."
    if all(race.winners):
        first = "both find a nonce at once"
    else:
        winner = race.winners.index(True)
        first = f"{MINERS[winner]} is first, after {race.tries[winner]:,} tries"
    last = f" (the last: there are no {wanted})" if number < wanted else ""
    return f"in race {number}{last} {first}."


def _score(decided: Sequence[Race], speed: int) -> str:
    """Who won how often."""
    if not decided:
        return ""
    alone = sum(race.winners == (False, True) for race in decided)
    ties = sum(all(race.winners) for race in decided)
    tied = f", and {ties:,} ended at once for both" if ties else ""
    races = "1 race" if len(decided) == 1 else f"{len(decided):,} races"
    return (
        f"Of {races} miner 2 won {alone:,}{tied}; with its speed, {speed / (speed + 1):.0%} are"
        " expected."
    ).replace("%", " %")
