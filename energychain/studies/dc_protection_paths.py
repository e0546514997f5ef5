"""
How the two paths of a line's protection compare: the link alone, and the link with a ledger.

The study of :mod:`~energychain.studies.dc_fault` many times over, for Bayati, Hajizadeh &
Soltani (2020), chapter 11 of *Blockchain-based Smart Grids*: all attacks on both paths
(:func:`campaign_rows`), what waiting for the ledger buys and costs (:func:`waiting`), what
each relay sees and for what it mistakes noise (:func:`regions`), the printed rule on healthy
lines (:func:`breaks`), and the four times that the chapter prints (:func:`as_printed`).

The wait for a ledger is drawn from a distribution of ours, :class:`LedgerDelay`; the chapter
says nothing of it. All of this is synthetic.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import fmean

import numpy as np

from energychain.grid import attacks
from energychain.grid.attacks import ATTACKS, DEFENCES, Service, lying_sensor, send
from energychain.grid.dc_line import Fault, Line, LoadStep, solve, solve_many
from energychain.grid.dc_search import FloatArray
from energychain.grid.relay import PHASES, RELAYS, Sampling, measure, relay_named, watch
from energychain.primitives.refusals import BadInput
from energychain.studies.dc_fault import (
    EVENT_NS,
    HEARD,
    LEDGER_DELAY,
    PRINTED_DELAY,
    RECORDED,
    SECRET,
    USUAL,
    Case,
    Path,
    attack_named,
    decide,
    ledger_record,
    on_the_line,
    opposite,
    protect,
    relay_on_messages,
    scene,
    terms_for,
)

PATHS: tuple[Path, ...] = ("primary", "ledger")

HIGH_RESISTANCE = Fault(resistance=10.0, location=0.5)
"""The chapter's second fault."""

SHORT = 1.5e-3
"""For so long after the event a campaign hears the sensors [s]: long enough for both of the
chapter's faults to be seen, and every attack begins before the event."""

NOISE = 1e-3
"""Of a campaign's measurements [A]: without any, a constant lie hides behind zeros."""


# --- all attacks ----------------------------------------------------------------------


def campaign_rows(
    line: Line,
    *,
    relay: str = "guarded",
    cases: Sequence[Case] = (RECORDED, None),
    names: Iterable[str] | None = None,
    seeds: Iterable[int] = range(100),
    noise_a: float = NOISE,
    ledger_delay: float = LEDGER_DELAY,
    service: Service | None = None,
) -> list[dict[str, object]]:
    """All attacks, or those named, on both paths, without and with the defence, in each case.

    ``added_delay_us`` is by how much the rightful trips were later than without an attack, on
    average; None if there were none. ``undetected`` counts messages that were believed
    though they were changed, repeated or stale, and ``caught_by`` what spoke first and how
    often; both are of the receiver, so they do not depend on the path. The measurements, with
    their noise [A], are the same in all runs: what differs is the attack.

    On the path ``ledger`` whichever record decides first trips, without waiting: the ledger
    mends missed trips, and no false one.

    >>> from energychain.grid.dc_line import SET_B
    >>> rows = campaign_rows(SET_B, cases=[RECORDED], names=["ARP edit"], seeds=range(5))
    >>> for row in rows:
    ...     print(row["defence"], row["path"], row["missed_trips"], row["added_delay_us"])
    off primary 5 None
    off ledger 0 1449.0
    on primary 5 None
    on ledger 0 1446.0

    Raises :class:`~energychain.primitives.refusals.BadInput` for an unknown relay or attack.
    """
    chosen = list(ATTACKS) if names is None else [attack_named(name) for name in names]
    sampling, drawn = replace(USUAL, noise_a=noise_a), tuple(seeds)
    trips, rng = relay_on_messages(line, relay, sampling), np.random.default_rng(0)
    rows: list[dict[str, object]] = []
    for case in cases:
        shown, recorded = (
            scene(solve(line, each), sampling, SHORT, rng) for each in (case, opposite(case))
        )
        traffic = send(shown, SECRET)
        ledger = trips(ledger_record(traffic, traffic.packets, ledger_delay, sampling))
        for defence in DEFENCES:
            play_all = partial(
                attacks.campaign,
                defences=[defence],
                scene=shown,
                recorded=recorded,
                trips=trips,
                terms=terms_for(sampling),
                service=service,
            )
            undisturbed = play_all(["eavesdropping"], seeds=[0])[0]["trip_us"]
            runs = play_all(chosen, seeds=drawn)
            for name in chosen:
                own = [run for run in runs if run["attack"] == name]
                rows += [
                    _summary(case, path, own, undisturbed, ledger if path == "ledger" else None)
                    for path in PATHS
                ]
    return rows


def _summary(
    case: Case,
    path: Path,
    runs: Sequence[attacks.Row],
    undisturbed: object,
    ledger: int | None,
) -> dict[str, object]:
    """One attack's row. ``ledger``: when an honest record decides [ns]."""
    fault = on_the_line(case)
    trips = []
    for run in runs:
        trip = run["trip_us"]
        lies = run["had_key"] and ATTACKS[str(run["attack"])].act is lying_sensor
        if ledger is not None and not lies:
            # A lying sensor told the ledger the same lie, so its record decides no earlier.
            trip = min(trip, ledger / 1e3) if isinstance(trip, float) else ledger / 1e3
        trips.append(trip if isinstance(trip, float) else None)
    right = [trip for trip in trips if trip is not None and fault and trip >= EVENT_NS / 1e3]
    known = isinstance(undisturbed, float) and right
    return {
        "case": "fault" if fault else "no fault",
        "attack": runs[0]["attack"],
        "defence": runs[0]["defence"],
        "path": path,
        "runs": len(runs),
        "false_trips": sum(trip is not None for trip in trips) - len(right),
        "missed_trips": trips.count(None) if fault else 0,
        "added_delay_us": round(fmean(right) - undisturbed, 3) if known else None,  # type: ignore[operator]
        "undetected": sum(int(str(run["undetected"])) for run in runs),
        "caught_by": dict(Counter(str(run["caught_by"]) for run in runs if run["caught_by"])),
        "had_key": sum(bool(run["had_key"]) for run in runs),
        "beyond": ATTACKS[str(runs[0]["attack"])].beyond,
    }


# --- waiting for the ledger -----------------------------------------------------------


@dataclass(frozen=True)
class LedgerDelay:
    """How much later than the link the ledger speaks: a measurement waits until its batch is
    full, which takes anything up to a batch, and then for signing, agreeing and reading.

    The numbers are ours; their mean is :data:`~energychain.studies.dc_fault.LEDGER_DELAY`.
    """

    fixed: float = 0.95e-3
    """[s]"""

    batch: float = 1e-3
    """How long a batch is [s]: 50 samples at 50 kHz."""

    def __post_init__(self) -> None:
        for name in ("fixed", "batch"):
            value = getattr(self, name)
            if not 0 <= value < np.inf:
                raise BadInput(f"{name} must be a time of at least 0 s, not {value!r}")

    def draw(self, rng: np.random.Generator, count: int) -> FloatArray:
        """So many delays [s]."""
        return self.fixed + self.batch * rng.random(count)

    def beyond(self, hold: float) -> float:
        """The probability that a delay is longer than a time [s].

        >>> LedgerDelay(fixed=1.0, batch=2.0).beyond(1.5)
        0.75
        """
        if hold < self.fixed or self.batch == 0:
            return float(hold < self.fixed)
        return max(0.0, 1 - (hold - self.fixed) / self.batch)


HOLDS = tuple(step * 1e-4 for step in range(25))
"""From 0 to 2.4 ms [s]."""


def waiting(
    line: Line,
    *,
    relay: str = "guarded",
    attack: str = "replay in place",
    fault: Fault = RECORDED,
    holds: Sequence[float] = HOLDS,
    delay: LedgerDelay = LedgerDelay(),
    runs: int = 400,
    attacks_seen: int = 20,
    seed: int = 0,
) -> list[dict[str, float]]:
    """What waiting for the ledger buys and costs, for a relay that believes its link.

    For each hold [s]: the share of attacks on a healthy line that trip it
    (``false_trip_share``), because the ledger contradicted them too late; and for a true
    fault, mean isolation time and energy let through, because the relay waits or the ledger
    confirms earlier. Each run draws a delay; the attacks that are played
    (``attacks_seen``, with seeds from 0) take turns.

    >>> from energychain.grid.dc_line import SET_B
    >>> for row in waiting(SET_B, holds=[0.0, 2e-3]):
    ...     print(f"{row['wait_ms']} ms: {row['false_trip_share']}, {row['let_through_j']:.1f} J")
    0.0 ms: 1.0, 1.5 J
    2.0 ms: 0.0, 3.4 J

    Raises :class:`~energychain.primitives.refusals.BadInput` for an unknown relay or attack,
    and for a fault that the relay does not see.
    """
    if runs < 1 or attacks_seen < 1 or min(holds, default=0.0) < 0:
        raise BadInput("expected at least one run, one attack, and no hold below 0")
    waves = solve(line, fault)
    end, trip = float(waves.time[-1]), watch(waves, relay)
    if trip is None:
        raise BadInput(f"the {relay} relay does not see {fault}: choose another fault")
    opens = trip.isolated

    def let_through(after: float) -> float:
        return waves.energy(min(max(opens + after, 0.0), end)).fault

    name = attack_named(attack)
    spare = [_spare(line, relay, name, number) for number in range(min(attacks_seen, runs))]
    # What an attack delays on the link, the ledger need not make up.
    ahead = np.resize(np.array(spare), runs)
    delays = delay.draw(np.random.default_rng(seed), runs)
    confirmed = np.array([let_through(float(each)) for each in delays])
    return [
        {
            "wait_ms": hold * 1e3,
            "false_trip_share": float((delays - ahead > hold).mean()),
            "let_through_j": float(np.where(delays < hold, confirmed, let_through(hold)).mean()),
            "isolated_ms": float((opens + np.minimum(delays, hold)).mean()) * 1e3,
        }
        for hold in holds
    ]


def _spare(line: Line, relay: str, name: str, seed: int) -> float:
    """How late a relay that believes its link decides on what an attack shows it of a healthy
    line, after its sample should have been there [s]; infinite if it does not trip.
    """
    attacked = protect(line, None, relay=relay, attack=name, defended=False, seed=seed, heard=SHORT)
    decision = attacked.primary
    if decision is None:
        return np.inf
    return (decision.at - decision.time) / 1e9 - USUAL.link_s


# --- reach and security ---------------------------------------------------------------

RESISTANCES = tuple(float(each) for each in np.geomspace(0.5, 200.0, 12).round(4))
"""[ohm]"""

NOISES = tuple(float(each) for each in np.geomspace(1e-5, 1.0, 11).round(9))
"""[A]"""


def regions(
    line: Line,
    *,
    relays: Sequence[str] = tuple(RELAYS),
    resistances: Sequence[float] = RESISTANCES,
    noises: Sequence[float] = NOISES,
    location: float = 0.5,
    runs: int = 40,
    seed: int = 0,
    window: float = 4e-3,
) -> list[dict[str, float | str]]:
    """Which faults each relay sees at which noise, and for how much else it trips.

    ``dependability`` is the share of runs in which it tripped after the fault and saw it:
    with S_T = 1, or for the differential relay, which knows no direction, above its pickup. Noise
    too may give S_T = 1 by chance, so the literal relay's is never quite 0.
    ``security`` is the share of runs of a healthy line, at the same noise, without a trip; it
    is repeated for each resistance. All relays are given the same samples, of which there are
    a window's [s].

    >>> from energychain.grid.dc_line import SET_B
    >>> rows = regions(SET_B, resistances=[10.0], noises=[1e-5, 1e-2], runs=20)
    >>> for row in rows:
    ...     print(row["relay"], row["noise_a"], row["dependability"], row["security"])
    literal 1e-05 1.0 1.0
    literal 0.01 0.25 0.0
    guarded 1e-05 1.0 1.0
    guarded 0.01 1.0 1.0
    differential 1e-05 1.0 1.0
    differential 0.01 1.0 1.0

    Raises :class:`~energychain.primitives.refusals.BadInput` for an unknown relay, and for
    what no fault is.
    """
    chosen = [relay_named(name) for name in relays]
    faults = solve_many(line, list(resistances), [location], window)
    healthy, rng = solve(line, None, window), np.random.default_rng(seed)
    rows: list[dict[str, float | str]] = []
    for noise in noises:
        sampling = replace(USUAL, noise_a=noise)
        of_faults = measure(faults, sampling, rng, runs)
        of_healthy = measure(healthy, sampling, rng, runs)
        for relay in chosen:
            seen = relay.see(of_faults)
            saw = (seen.trip_times() >= 0) & (seen.directed() | (relay.name == "differential"))
            secure = float(np.isnan(relay.see(of_healthy).trip_times()).mean())
            rows += [
                {
                    "relay": relay.name,
                    "resistance": float(resistance),
                    "noise_a": float(noise),
                    "dependability": float(share),
                    "security": secure,
                }
                for resistance, share in zip(resistances, saw.mean(axis=-1), strict=True)
            ]
    order = {relay.name: place for place, relay in enumerate(chosen)}
    return sorted(rows, key=lambda row: order[str(row["relay"])])


# --- break the relay ------------------------------------------------------------------


@dataclass(frozen=True)
class Attempt:
    """What a relay did about something, and why."""

    title: str
    tripped: bool

    false_trip: bool
    """Tripped without a fault on the line, or before it."""

    ms: float | None
    """When the sample that decided was taken, after the event [ms]."""

    s_t: int | None
    """Equation (2) at that sample: 1 for opposite directions."""

    alpha: float | None
    """Equation (3) at that sample [A/s]."""

    alpha_min: float | None
    """Equation (5) at that sample [A/s]."""

    why: str


def breaks(
    line: Line,
    case: Case,
    relay: str = "literal",
    sampling: Sampling = USUAL,
    seed: int = 0,
    title: str = "",
) -> Attempt:
    """Whether something breaks a relay: it trips, and there is no fault on the line.

    >>> from energychain.grid.dc_line import SET_B
    >>> off = breaks(SET_B, LoadStep(-1.0))
    >>> off.false_trip, off.s_t
    (True, 0)
    >>> breaks(SET_B, LoadStep(-1.0), "guarded").false_trip
    False

    Raises :class:`~energychain.primitives.refusals.BadInput` for an unknown relay.
    """
    title = title or (repr(case) if case else "a healthy line")
    rng = np.random.default_rng(seed) if sampling.noise_a > 0 else None
    trip = watch(solve(line, case), relay, sampling, rng)
    if trip is None:
        why = f"it asks for {RELAYS[relay].condition}, and that never holds often enough in a row"
        return Attempt(title, False, False, None, None, None, None, why)
    seen = trip.seen
    at = int(seen.decided())
    s_t, alpha, alpha_min = int(seen.internal[at]), float(seen.alpha[at]), float(seen.alpha_min[at])
    if relay == "differential":
        why = f"|i1 + i2| = {abs(seen.difference[at]):.3g} A is above {seen.pickup:.3g} A"
    elif s_t:
        why = f"S_T = 1, and alpha_min = {alpha_min:.3g} is not above alpha = {alpha:.3g} A/s"
    else:
        why = (
            f"S_T = 0, so all that is left of the rule is alpha_min <= 0; it is {alpha_min:.3g}"
            " A/s, for the current of bus 1 falls or flows backwards"
        )
    false_trip = not on_the_line(case) or trip.time < 0
    return Attempt(title, True, false_trip, trip.ms, s_t, alpha, alpha_min, why)


def healthy_lines_that_trip(line: Line, relay: str = "literal", seed: int = 0) -> list[Attempt]:
    """What a relay does about seven things that are no fault of the line.

    >>> from energychain.grid.dc_line import SET_B
    >>> for name in RELAYS:
    ...     print(name, sum(each.false_trip for each in healthy_lines_that_trip(SET_B, name)))
    literal 6
    guarded 0
    differential 0
    """
    noisy = replace(USUAL, noise_a=NOISE)
    things: list[tuple[str, Line, Case, Sampling]] = [
        ("at rest", line, None, USUAL),
        ("at rest, with 1 mA of noise", line, None, noisy),
        ("at rest, the load at bus 1", line.mirrored(), None, USUAL),
        ("a load is switched on", line, LoadStep(1.0), USUAL),
        ("a load is switched off", line, LoadStep(-1.0), USUAL),
        ("a fault beyond bus 2", line, Fault(1.0, 1.5), USUAL),
        ("a fault behind bus 1", line, Fault(1.0, -0.5), USUAL),
    ]
    return [
        breaks(each, case, relay, sampling, seed, title) for title, each, case, sampling in things
    ]


# --- as printed -----------------------------------------------------------------------


def as_printed(line: Line) -> list[dict[str, float | str]]:
    """The four times that the chapter prints and ours [ms], for two delays of the ledger.

    Each is the mean over where the fault may fall between two samples. On the path ``ledger``
    the link is silent and the relay has nothing but the record.

    >>> from energychain.grid.dc_line import SET_B
    >>> for row in as_printed(SET_B):
    ...     print(row["resistance"], row["path"], row["delay_ms"], row["printed"],
    ...         f"{row['isolated_ms']:.2f}")
    1.0 primary 0.0 1.4 ms 1.41
    1.0 ledger 1.45 less than 29 ms 2.86
    1.0 ledger 27.0 less than 29 ms 28.41
    10.0 primary 0.0 0.5 ms 0.49
    10.0 ledger 1.45 less than 2.5 ms 1.94
    10.0 ledger 27.0 less than 2.5 ms 27.49
    """
    rows: list[dict[str, float | str]] = []
    for fault, alone, backup in (
        (RECORDED, "1.4 ms", "less than 29 ms"),
        (HIGH_RESISTANCE, "0.5 ms", "less than 2.5 ms"),
    ):
        for path, delay, printed in (
            ("primary", 0.0, alone),
            ("ledger", LEDGER_DELAY, backup),
            ("ledger", PRINTED_DELAY, backup),
        ):
            rows.append(
                {
                    "resistance": fault.resistance,
                    "location": fault.location,
                    "path": path,
                    "delay_ms": round(delay * 1e3, 9),
                    "printed": printed,
                    "isolated_ms": _mean_isolation(line, fault, delay) * 1e3,
                }
            )
    return rows


def _mean_isolation(line: Line, fault: Fault, delay: float) -> float:
    """On a record that is so much later than the link, without anything else [s]."""
    waves, found = solve(line, fault), []
    for phase in (np.arange(PHASES) + 0.5) * USUAL.period / PHASES:
        sampling = replace(USUAL, phase_s=float(phase))
        traffic = send(scene(waves, sampling, HEARD), SECRET)
        decision = decide(
            ledger_record(traffic, traffic.packets, delay, sampling), line, sampling=sampling
        )
        if decision is not None:
            found.append((decision.at - EVENT_NS) / 1e9 + sampling.breaker_s)
    return fmean(found)
