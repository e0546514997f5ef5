r"""
What a ledger tells about a home, and what is left when readings are encrypted.

Rahmani & Li, *A Scalable Digital Infrastructure for Sustainable Energy Grid Enabled by
Distributed Ledger Technology*, section 3.1.4, have the overlay hold privacy-sensitive data
"encrypted and/or replaced by a public key"; ch. 8 of *Blockchain-based Smart Grids*
(Shafie-khah, ed., 2020), section 5, notes that all that stands in a ledger is open. Two
remedies, and an experiment with each:

**A new address every day** (:func:`pseudonym`). It hides the name, not the habits. Our
attacker knows some days of each home, from a bill, a neighbour or an old meter, sees days
under pseudonyms, and takes each for the home that has the most similar known day:

.. math:: \hat h(x) = \arg\min_h \min_{k \in K_h} \sum_t |x_t - k_t|

Of n homes it would guess one in n by chance. Its success is measured with the five homes of
SimBench (Meinecke et al., 2020), and against the number of homes with **synthetic** ones,
varied from those five (:func:`synthetic_homes`); against longer intervals, noise, and how long
a pseudonym is kept.

**Encryption** (:mod:`energychain.primitives.encryption`). Then the attacker sees when something
came, how long it is and for whom, no more. If messages are as long as their content, the
lengths still tell large readings from small ones; padded to one size they tell nothing. If
every home sends at a second of its own, that second is its name, whatever the address
(:func:`sending_times`, a **synthetic** model).

What remains even then: somebody must pay for gas, and whoever funds a pseudonym links it
(here the gas costs nothing); the network address from which a message came; and the
recipients, who read everything.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt

from energychain import datasets
from energychain.contracts.calls import BadArguments, arguments
from energychain.grid.metering import read_meters
from energychain.grid.profiles import read_profiles
from energychain.ledger.state import Call, Event, Outcome, Storage
from energychain.ledger.transaction import SignedTransaction, Transaction, Value
from energychain.primitives.encoding import encode
from energychain.primitives.encryption import enclose, hkdf_expand, padded, read_envelope, unpadded
from energychain.primitives.keys import Address, PublicKey, SecretKey, derive
from energychain.primitives.refusals import BadInput
from energychain.studies.private_chain import GAS_LIMIT, PrivateChain

Array = npt.NDArray[np.float64]

HOUSEHOLDS = ("H0-A", "H0-B", "H0-C", "H0-G", "H0-L")
"""The homes of SimBench in ``datasets/simbench_year``."""

WEEK_HOMES = 5
"""Of ``datasets/simbench_week``; its sixth does not behave like a home (see its about.toml)."""

HOURS = 24

SIMBENCH, SYNTHETIC = "SimBench", "synthetic"


# --- pseudonyms and envelopes on a ledger ---------------------------------------------


def pseudonym(secret: str, day: str) -> SecretKey:
    """A home's key for one day. Without the secret, nothing links two of them.

    >>> pseudonym("ann's secret", "2016-03-01") == pseudonym("ann's secret", "2016-03-02")
    False
    """
    return derive(secret, f"pseudonym {day}")


def board(storage: Storage, sender: Address, call: Call) -> Outcome:
    """A contract that keeps bytes for anybody: ``write`` with one argument."""
    (data,) = arguments(call, "data")
    if call.function != "write" or not isinstance(data, bytes):
        raise BadArguments("the board has one function, write, of bytes")
    count = storage.get(("written", sender), 0)
    assert isinstance(count, int)
    writes: dict[Value, Value] = {("written", sender): count + 1, ("data", sender, count): data}
    return Outcome(writes, events=(Event("Written", (("bytes", len(data)),)),))


def new_board() -> PrivateChain:
    """A chain with nothing but the board."""
    return PrivateChain([], name="board", difficulty_bits=0, contracts={"board": board})


def publication(
    network: PrivateChain,
    key: SecretKey,
    day: str,
    readings: Sequence[int],
    recipients: Sequence[PublicKey],
    seed: bytes,
    size: int = 0,
) -> SignedTransaction:
    """A day's readings [mWh], encrypted to recipients, ready for a block of the board.

    ``size`` is the length to which they are padded [bytes]; 0 leaves them as long as they
    are. The address owns no Ether, so the gas is priced at 0.
    """
    data = encode((day, tuple(readings)))
    message = padded(data, size) if size else data
    envelope = enclose(message, recipients, seed=seed, associated=day.encode())
    state = network.chain.state
    wish = Transaction(
        chain=network.name,
        sender=key.public,
        nonce=state.nonce(key.public.address),
        contract="board",
        function="write",
        arguments=(envelope.encoded,),
        gas_limit=GAS_LIMIT,
        gas_price=0,
    )
    return wish.sign(key)


def opened(signed: SignedTransaction, key: SecretKey, day: str, size: int = 0) -> bytes:
    """What a recipient reads in a publication: the bytes of day and readings.

    Raises the refusals of :mod:`energychain.primitives.encryption`.
    """
    (data,) = signed.transaction.arguments
    assert isinstance(data, bytes)
    message = read_envelope(data).open(key, associated=day.encode())
    return unpadded(message) if size else message


# --- homes and their days -------------------------------------------------------------


@dataclass(frozen=True)
class Days:
    """Days of some homes: by home, day and interval [kWh, unless said otherwise]."""

    known: Array
    """Those that the attacker knows by name."""

    seen: Array
    """Those that it sees under pseudonyms."""

    origin: str
    """``SimBench`` or ``synthetic``."""

    @property
    def homes(self) -> int:
        """How many."""
        return len(self.seen)

    @property
    def chance(self) -> float:
        """The success of a guess."""
        return 1 / self.homes

    def each(self, change: Callable[[Array], Array]) -> "Days":
        """The same days, changed on both sides."""
        return replace(self, known=change(self.known), seen=change(self.seen))


@cache
def _year() -> Array:
    """By home, day and hour. Left out are the two days on which the clocks change, and eight
    days that SimBench copied, in all homes alike, from a day that is there already: a copy is
    no second day, and the attacker would know it at once.
    """
    profiles = read_profiles(datasets.lines("simbench_year", "homes.csv"), HOUSEHOLDS)
    hours: dict[str, list[int]] = {}
    for at, time in enumerate(profiles.times):
        hours.setdefault(time[:10], []).append(at)
    whole = [at for at in hours.values() if len(at) == HOURS]
    values = np.array([profiles.values[name] for name in HOUSEHOLDS], dtype=np.float64)
    days = values[:, np.array(whole)] / 1e6
    first = {days[:, at].tobytes(): at for at in reversed(range(len(whole)))}
    return days[:, sorted(first.values())]


def simbench_homes(first: int = 60, known: int = 14, seen: int = 7) -> Days:
    """The five homes of SimBench by the hour, on the same days, from day ``first`` of 2016
    (copied days are not counted).

    Raises :class:`~energychain.primitives.refusals.BadInput` if the year is over before.
    """
    year = _year()
    if first < 0 or min(known, seen) < 1 or first + known + seen > year.shape[1]:
        raise BadInput(
            f"days {first} to {first + known + seen - 1}: expected days from 0 to"
            f" {year.shape[1] - 1}, of each kind at least one"
        )
    days = year[:, first : first + known + seen]
    return Days(days[:, :known], days[:, known:], SIMBENCH)


def synthetic_homes(
    count: int, rng: np.random.Generator, first: int = 150, known: int = 14, seen: int = 7
) -> Days:
    """As many homes as wanted, **synthetic**: each is one of the five of SimBench in turn, up
    to six weeks earlier or later in the year, up to two hours earlier or later in the day, and
    smaller or larger (log-normal, 25 %). So none is another's clone, and they are still more
    alike than real homes may be. The shifts are whole spans of known and seen days, so that no
    day which is seen of one home is known of another.

    Raises :class:`~energychain.primitives.refusals.BadInput` if the year is too short.
    """
    if count < 1:
        raise BadInput(f"homes: expected at least 1, found {count}")
    homes = []
    span = known + seen
    for at in range(count):
        spans, hours = rng.integers(-2, 3), rng.integers(-2, 3)
        factor = np.exp(rng.normal(0.0, 0.25))
        base = simbench_homes(first + span * int(spans), known, seen)
        days = np.concatenate([base.known, base.seen], axis=1)[at % len(HOUSEHOLDS)]
        homes.append(factor * np.roll(days, int(hours), axis=1))
    together = np.array(homes)
    return Days(together[:, :known], together[:, known:], SYNTHETIC)


def week_homes(day: int) -> Days:
    """Five homes of SimBench by the quarter-hour: one day of a week in July is seen, the six
    others are known. Day 0 is the Monday.
    """
    meters = read_meters(datasets.lines("simbench_week", "meters.csv"))
    week = np.array(meters.consumed[:WEEK_HOMES], dtype=np.float64) / 1e6
    days = week.reshape(WEEK_HOMES, 7, -1)
    others = [at for at in range(7) if at != day]
    return Days(days[:, others], days[:, [day]], SIMBENCH)


# --- what is done to them before they are published -----------------------------------


def summed(days: Days, intervals: int) -> Days:
    """Longer intervals: each the sum of so many.

    Raises :class:`~energychain.primitives.refusals.BadInput` unless they fill the day.
    """
    if intervals < 1 or days.seen.shape[2] % intervals:
        raise BadInput(f"{days.seen.shape[2]} intervals are not a multiple of {intervals}")
    return days.each(lambda d: d.reshape(*d.shape[:2], -1, intervals).sum(axis=3))


def noisy(days: Days, scale: float, rng: np.random.Generator) -> Days:
    """Noise on every published reading: Laplace of this scale [kWh], mean 0.

    The sum of t readings is then off by the root of 2 t scales, in the quadratic mean. The
    days that the attacker knows come from elsewhere and have none.
    """
    return replace(days, seen=days.seen + rng.laplace(0.0, scale, days.seen.shape))


def lengths(days: Days) -> Days:
    """What shows of readings that are encrypted one by one without padding: how many bytes
    each has [bytes].
    """
    widths = np.vectorize(lambda energy: len(encode(round(energy * 1e6))))
    return days.each(lambda d: widths(d).astype(np.float64))


def padded_lengths(days: Days) -> Days:
    """The same if all are padded to the longest: nothing."""
    longest = max(lengths(days).known.max(), lengths(days).seen.max()) + 1
    return days.each(lambda d: np.full_like(d, longest))


def sending_times(
    days: Days, rng: np.random.Generator, own_second: bool = True, jitter: float = 5.0
) -> Days:
    """When each encrypted reading comes [s after the hour], **synthetic**: at a second of the
    home's own, or all at the full hour; late by an exponential time of mean ``jitter`` [s].
    """
    own = rng.uniform(0, 3_600, (days.homes, 1, 1)) if own_second else np.zeros((days.homes, 1, 1))
    return days.each(lambda d: own + rng.exponential(jitter, d.shape))


# --- the attacker ---------------------------------------------------------------------


def distances(days: Days) -> Array:
    """How far each day seen is from the most similar known day of each home: by the home that
    it really is of, the day, and the home that is suspected.
    """
    found = np.empty((days.homes, days.seen.shape[1], days.homes))
    for home, own in enumerate(days.seen):
        apart = np.abs(own[:, None, None, :] - days.known[None]).sum(axis=3)
        found[home] = apart.min(axis=2)
    return found


def success(days: Days, kept: int = 1) -> float:
    """The share of pseudonyms that the attacker takes for the right home; where several are
    equally likely, it guesses among them.

    A pseudonym is ``kept`` for so many days, whose distances add up.

    Raises :class:`~energychain.primitives.refusals.BadInput` unless they fill the days seen.
    """
    count = days.seen.shape[1]
    if kept < 1 or count % kept:
        raise BadInput(f"{count} days are no multiple of {kept}")
    apart = distances(days).reshape(days.homes, -1, kept, days.homes).sum(axis=2)
    nearest = apart <= apart.min(axis=2, keepdims=True) + 1e-9
    right = np.einsum("iji->ij", nearest)
    return float((right / nearest.sum(axis=2)).mean())


# --- the experiments ------------------------------------------------------------------


@dataclass(frozen=True)
class LinkRow:
    """One setting, for a chart."""

    experiment: str
    setting: str
    origin: str
    homes: int
    success: float
    chance: float
    pseudonyms: int
    """How many were attacked."""


STARTS = (20, 80, 140, 200, 260, 320)
"""Days of 2016 from which the five real homes are watched, through the year."""

DRAWS = 6
"""How often synthetic homes are drawn."""

COUNTS = (5, 10, 20, 50, 100)
TYPICAL = 20
"""Homes in the experiments in which something else varies."""

NOISE = (0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
"""[kWh]"""


def _row(experiment: str, setting: str, groups: Sequence[Days], kept: int = 1) -> LinkRow:
    return LinkRow(
        experiment,
        setting,
        groups[0].origin,
        groups[0].homes,
        float(np.mean([success(days, kept) for days in groups])),
        groups[0].chance,
        sum(days.homes * days.seen.shape[1] // kept for days in groups),
    )


def _drawn(homes: int, seed: int) -> list[Days]:
    return [synthetic_homes(homes, np.random.default_rng([seed, homes, d])) for d in range(DRAWS)]


def real_homes() -> list[LinkRow]:
    """The homes of SimBench as they are, at several lengths of the interval."""
    week, year = [week_homes(day) for day in range(7)], [simbench_homes(day) for day in STARTS]
    names = (("15 min", 1), ("1 h", 4), ("4 h", 16), ("1 day", 96))
    by_week = [
        _row("a week in July", name, [summed(days, wide) for days in week]) for name, wide in names
    ]
    return by_week + [
        _row("through the year", name, [summed(days, wide // 4) for days in year])
        for name, wide in names[1:]
    ]


def number_of_homes(counts: Sequence[int] = COUNTS, seed: int = 0) -> list[LinkRow]:
    """Synthetic homes by the hour."""
    return [_row("homes", str(count), _drawn(count, seed)) for count in counts]


def remedies(homes: int = TYPICAL, seed: int = 0) -> list[LinkRow]:
    """What helps, with synthetic homes: longer intervals, noise, and pseudonyms that are not
    kept; and encryption, with what still shows of it.
    """
    groups, rng = _drawn(homes, seed), np.random.default_rng([seed, 1])
    rows = [
        _row("interval", name, [summed(days, hours) for days in groups])
        for name, hours in (("1 h", 1), ("4 h", 4), ("1 day", HOURS))
    ]
    rows += [
        _row("noise", f"{scale:g} kWh", [noisy(days, scale, rng) for days in groups])
        for scale in NOISE
    ]
    rows += [
        _row("pseudonym kept", f"{days} days" if days > 1 else "1 day", groups, days)
        for days in (1, 7)
    ]
    encrypted: tuple[tuple[str, Callable[[Days], Days]], ...] = (
        ("lengths show", lengths),
        ("padded", padded_lengths),
        ("padded, own second", lambda days: sending_times(days, rng)),
        ("padded, one second for all", lambda days: sending_times(days, rng, own_second=False)),
    )
    return rows + [
        _row("encrypted", name, [shown(days) for days in groups]) for name, shown in encrypted
    ]


def rows(seed: int = 0) -> list[LinkRow]:
    """All experiments."""
    return real_homes() + number_of_homes(seed=seed) + remedies(seed=seed)


def message_seed(secret: str, day: str) -> bytes:
    """A home's seed for a day's envelope, derived from its secret: for lessons, where a run
    must be the same each time. In real use, take it from the operating system.
    """
    return hkdf_expand(derive(secret, "envelopes").number.to_bytes(32, "big"), day.encode(), 32)
