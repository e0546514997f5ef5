r"""
A differential relay for a line of a DC microgrid: sampling, deciding, opening.

The rule of Bayati, Hajizadeh & Soltani (2020), chapter 11 of *Blockchain-based Smart Grids*,
section 6.1. From the currents at both ends it takes directions (Equations 1 and 2) and slopes
(Equations 3, 5 and 6):

.. math::
   S_T = \frac{|S_1 S_2 - 1|}{2}, \qquad
   \alpha = \frac{di_1}{dt} - \frac{di_2}{dt}, \qquad
   \alpha_{min} = 2 \frac{di_1}{dt} + \frac{I_{load}}{4 C V_n} i_1, \qquad
   \alpha_{min} - S_T\,\alpha \le 0 \rightarrow \text{trip}

The chapter uses two sign conventions without saying so: the directions *S* hold for currents
counted **clockwise**, the slopes for currents counted **into the line**. Here each has a type
of its own, :class:`Clockwise` and :class:`IntoLine`, and neither is taken for the other.

The rule as printed fails. When :math:`S_T = 0` it becomes :math:`\alpha_{min} \le 0`, which
any falling current satisfies: a load that is switched off, an external fault, a line that
carries power towards bus 1. So there are three relays, :data:`RELAYS`: ``literal``,
``guarded`` (the rule with the conditions that it lacks, ours) and ``differential`` (the plain
one). Rate, link and breaker are not given in the chapter: the defaults of :class:`Sampling`
were **fitted**, together with the line, to the two clearing times that it prints.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import floor, inf, isfinite, nan, sqrt
from types import MappingProxyType

import numpy as np

from energychain.grid.dc_line import (
    WINDOW,
    Fault,
    Line,
    LoadStep,
    Quantity,
    Sweep,
    Waveforms,
    solve,
)
from energychain.grid.dc_search import BoolArray, FloatArray, IntArray
from energychain.primitives.refusals import BadInput

BEFORE = 1e-3
"""For so long the relay watches before the event [s]."""

SIGMAS = 5
"""The pickup lies so many standard deviations of the noise above zero."""

OVERLOAD = 0.25
"""What the chapter allows a load to draw beyond its nominal current, as a fraction."""

PHASES = 10
"""So many places of the event between two samples are tried where none is given."""

MOST_SAMPLES = 1_000_000
"""A relay is given at most so many samples of one run."""


# --- currents, with their sign convention ------------------------------------------------


@dataclass(frozen=True, eq=False)
class IntoLine:
    """Currents counted positive into the line at both ends; their sum is a fault's current."""

    one: FloatArray
    """At bus 1 [A]; the last axis is time."""

    two: FloatArray
    """At bus 2 [A]."""

    def clockwise(self) -> "Clockwise":
        """The same currents, counted from bus 1 to bus 2.

        >>> load = IntoLine(np.array([1.7]), np.array([-1.7]))
        >>> load.clockwise()
        Clockwise(one=array([1.7]), two=array([1.7]))
        """
        return Clockwise(self.one, -self.two)

    @property
    def difference(self) -> FloatArray:
        """What enters the line and does not leave it [A]: i1 + i2."""
        return self.one + self.two


@dataclass(frozen=True, eq=False)
class Clockwise:
    """Currents counted positive from bus 1 to bus 2; on a healthy line they are equal."""

    one: FloatArray
    """At bus 1 [A]; the last axis is time."""

    two: FloatArray
    """At bus 2 [A]."""

    def into_line(self) -> IntoLine:
        """The same currents, counted into the line at both ends.

        >>> Clockwise(np.array([3.0]), np.array([-2.0])).into_line().difference
        array([5.])
        """
        return IntoLine(self.one, -self.two)

    def directions(self) -> tuple[IntArray, IntArray]:
        """S1 and S2 of the chapter: 1 if the current is clockwise, else -1.

        The chapter does not say what no current is; here it is clockwise.
        """
        return np.where(self.one >= 0, 1, -1), np.where(self.two >= 0, 1, -1)

    def internal(self) -> IntArray:
        """S_T, Equation (2): 1 if the directions are opposite, else 0.

        >>> Clockwise(np.array([3.0, 3.0]), np.array([-2.0, 2.0])).internal()
        array([1, 0])
        """
        one, two = self.directions()
        s_t: IntArray = np.abs(one * two - 1) // 2
        return s_t


# --- what the relay is given -------------------------------------------------------------


@dataclass(frozen=True)
class Sampling:
    """How currents are measured, and how long it takes to act on them.

    Raises :class:`~energychain.primitives.refusals.BadInput` for numbers that no relay has.
    """

    rate_hz: float = 50_000
    """Samples per second [Hz]."""

    steps: int = 1
    """A slope is taken over so many sampling periods."""

    consecutive: int = 3
    """The condition must hold for so many samples in a row."""

    link_s: float = 20e-6
    """How long the other end's samples travel [s]; they are aligned by their times."""

    breaker_s: float = 100e-6
    """From the trip signal until both breakers have opened [s]."""

    noise_a: float = 0.0
    """Standard deviation of each sample [A]; normal, independent."""

    step_a: float = 0.0
    """The step of the converter, to which each sample is rounded [A]; 0 for none."""

    skew_s: float = 0.0
    """How far the clock of bus 2 is behind: its samples are so much too old [s]."""

    phase_s: float = 0.0
    """How long after the event the first sample is taken [s], less than one period."""

    allowed_skew_s: float | None = None
    """What the pickup allows the clocks to differ [s]; if not given, what they do differ."""

    def __post_init__(self) -> None:
        for name in ("rate_hz", "link_s", "breaker_s", "noise_a", "step_a", "skew_s", "phase_s"):
            value = getattr(self, name)
            if not isfinite(value):
                raise BadInput(f"{name} must be a finite number, not {value!r}")
            if value < 0 and name != "skew_s":
                raise BadInput(f"{name} must be at least 0, not {value!r}")
        if self.allowed_skew_s is not None and not 0 <= self.allowed_skew_s < inf:
            raise BadInput(f"allowed_skew_s must be at least 0, not {self.allowed_skew_s!r}")
        if self.rate_hz == 0:
            raise BadInput("rate_hz must be more than 0")
        for name in ("steps", "consecutive"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise BadInput(f"{name} must be a whole number of at least 1, not {value!r}")
        if self.phase_s >= self.period:
            raise BadInput(
                f"phase_s must be less than the period of {self.period:g} s, not {self.phase_s!r}"
            )

    @property
    def period(self) -> float:
        """Between two samples [s]."""
        return 1 / self.rate_hz

    @property
    def deviation(self) -> float:
        """Standard deviation of i1 + i2 as measured [A]: noise and rounding, at two ends."""
        return sqrt(2 * (self.noise_a**2 + self.step_a**2 / 12))

    @property
    def allowed_skew(self) -> float:
        """What the pickup allows the clocks to differ [s]."""
        return abs(self.skew_s) if self.allowed_skew_s is None else self.allowed_skew_s

    @property
    def delay(self) -> float:
        """From the sample that decides until the fault is isolated [s]."""
        return self.link_s + self.breaker_s

    def times(self, window: float = WINDOW) -> FloatArray:
        """When bus 1 takes its samples [s], from :data:`BEFORE` the event at time 0 on.

        Raises :class:`~energychain.primitives.refusals.BadInput` for too many samples.
        """
        until = window + min(self.skew_s, 0.0)
        if (window + BEFORE) * self.rate_hz > MOST_SAMPLES:
            raise BadInput(f"more than {MOST_SAMPLES:,} samples: choose a lower rate")
        first = -floor(BEFORE * self.rate_hz + 1e-9)
        last = floor((until - self.phase_s) * self.rate_hz + 1e-9)
        return np.minimum(np.arange(first, last + 1) / self.rate_hz + self.phase_s, until)


@dataclass(frozen=True, eq=False)
class Samples:
    """What a relay is given: any number of runs of one line.

    Samples may be missing: slopes are taken over the times that are there. Raises
    :class:`~energychain.primitives.refusals.BadInput` for times that do not grow, and for
    arrays of different lengths.
    """

    line: Line

    sampling: Sampling

    time: FloatArray
    """By the clock of bus 1, the event at 0 [s]: (N,)."""

    currents: IntoLine
    """(..., N) [A]"""

    def __post_init__(self) -> None:
        one, two = self.currents.one, self.currents.two
        if self.time.ndim != 1 or one.shape != two.shape or one.shape[-1:] != self.time.shape:
            raise BadInput(
                f"expected as many samples of each current as times, found {self.time.shape},"
                f" {one.shape} and {two.shape}"
            )
        if not (np.diff(self.time) > 0).all():
            raise BadInput("the times of samples must grow")


def measure(
    waves: Waveforms | Sweep,
    sampling: Sampling = Sampling(),
    rng: np.random.Generator | None = None,
    runs: int | None = None,
) -> Samples:
    """The samples that are taken of some waveforms: sampled, with noise, rounded.

    The currents of a :class:`~energychain.grid.dc_line.Sweep` of n faults are (n, N), those
    of one case (N,); with ``runs`` that differ in their noise, (n, runs, N) and (runs, N).

    Raises :class:`~energychain.primitives.refusals.BadInput` if there is noise and no
    generator, or less than one run.
    """
    if runs is not None and runs < 1:
        raise BadInput(f"expected at least one run, not {runs}")
    if sampling.noise_a > 0 and rng is None:
        raise BadInput("noise needs a generator: pass rng=numpy.random.default_rng(seed)")
    time = sampling.times(float(waves.time[-1]))
    one = _true(waves, "i1", time)
    two = _true(waves, "i2", time - sampling.skew_s)
    if runs is not None:
        one, two = (np.repeat(each[..., None, :], runs, axis=-2) for each in (one, two))
    if sampling.noise_a > 0 and rng is not None:
        one = one + rng.normal(0.0, sampling.noise_a, one.shape)
        two = two + rng.normal(0.0, sampling.noise_a, two.shape)
    if sampling.step_a > 0:
        one, two = (np.round(each / sampling.step_a) * sampling.step_a for each in (one, two))
    return Samples(waves.line, sampling, time, IntoLine(one, two))


def _true(waves: Waveforms | Sweep, end: Quantity, time: FloatArray) -> FloatArray:
    """The current into the line at one end, also before the event."""
    through = waves.line.before[0]
    rest = through if end == "i1" else -through
    sweep = waves.sweep if isinstance(waves, Waveforms) else waves
    after = time >= 0
    current = np.full((len(sweep), len(time)), rest)
    current[:, after] = sweep.at(time[after])[end]
    own: FloatArray = current[0] if isinstance(waves, Waveforms) else current
    return own


# --- the three relays --------------------------------------------------------------------


def pickup(line: Line, sampling: Sampling) -> float:
    r"""Above which i1 + i2 is no measuring error and no overload [A].

    .. math:: \max\left(\tfrac14 I_{load},\; 5\,\sigma,\; \tau \frac{V_n}{L}\right)

    A quarter of the load is what Equation (4) of the chapter allows; :math:`\sigma` is
    :attr:`Sampling.deviation`; a clock that is :math:`\tau` off mistakes the current that
    passes through by at most :math:`\tau` times its slope, which the whole inductance *L* of
    the line limits when the far bus is shorted. The guards are ours, not the chapter's.

    >>> from energychain.grid.dc_line import SET_B
    >>> pickup(SET_B, Sampling()), round(pickup(SET_B, Sampling(skew_s=20e-6)), 12)
    (0.425, 0.6)
    """
    whole = line.cable_inductance + 2 * line.reactor_inductance
    return max(
        OVERLOAD * line.load_current,
        SIGMAS * sampling.deviation,
        sampling.allowed_skew * line.nominal_voltage / whole,
    )


@dataclass(frozen=True, eq=False)
class Seen:
    """What a relay makes of its samples, for each of them: (..., N)."""

    samples: Samples

    relay: str

    alpha: FloatArray
    """Equation (3)'s left side [A/s]; NaN until a slope can be taken. Of the superimposed
    currents where the relay uses those; so are the next two."""

    alpha_min: FloatArray
    """Equation (5) [A/s]."""

    internal: IntArray
    """S_T, Equation (2)."""

    difference: FloatArray
    """i1 + i2, into the line [A]."""

    pickup: float
    """[A]"""

    above: BoolArray
    """Whether the difference exceeds the pickup."""

    rule6: BoolArray
    """Whether Equation (6) holds."""

    holds: BoolArray
    """Whether the whole condition of this relay holds."""

    @property
    def time(self) -> FloatArray:
        """[s]: (N,)."""
        return self.samples.time

    def decided(self) -> IntArray:
        """The sample at which the condition has held often enough in a row, or -1: (...)."""
        often = self.samples.sampling.consecutive
        if self.holds.shape[-1] < often:
            return np.full(self.holds.shape[:-1], -1)
        runs = np.lib.stride_tricks.sliding_window_view(self.holds, often, axis=-1).all(axis=-1)
        decided: IntArray = np.where(runs.any(axis=-1), runs.argmax(axis=-1) + often - 1, -1)
        return decided

    def trip_times(self) -> FloatArray:
        """When the relay trips, by the time of the sample that decides [s], or NaN: (...)."""
        decided = self.decided()
        times: FloatArray = np.where(decided >= 0, self.time[decided], np.nan)
        return times

    def isolation_times(self) -> FloatArray:
        """When the breakers have opened [s], or NaN: (...)."""
        return self.trip_times() + self.samples.sampling.delay

    def directed(self) -> BoolArray:
        """Whether the relay tripped while it saw an internal fault, S_T = 1: (...)."""
        decided = self.decided()
        at = np.take_along_axis(self.internal, np.maximum(decided, 0)[..., None], axis=-1)[..., 0]
        directed: BoolArray = (decided >= 0) & (at == 1)
        return directed

    def rows(self) -> list[dict[str, float | bool | None]]:
        """One run for a chart: a row per sample, with None where there is no slope yet.

        Raises :class:`~energychain.primitives.refusals.BadInput` for more than one run.
        """
        if self.holds.ndim != 1:
            raise BadInput("a chart of samples shows one run")
        return [
            {
                "ms": float(self.time[n]) * 1e3,
                "alpha": None if np.isnan(self.alpha[n]) else float(self.alpha[n]),
                "alpha_min": None if np.isnan(self.alpha_min[n]) else float(self.alpha_min[n]),
                "difference": float(self.difference[n]),
                "internal": bool(self.internal[n]),
                "above": bool(self.above[n]),
                "rule6": bool(self.rule6[n]),
                "holds": bool(self.holds[n]),
            }
            for n in range(len(self.time))
        ]


def _slope(current: FloatArray, time: FloatArray, steps: int) -> FloatArray:
    """The backward difference over some steps [A/s]; NaN where there is none."""
    slope = np.full(current.shape, np.nan)
    rise = current[..., steps:] - current[..., :-steps]
    slope[..., steps:] = rise / (time[steps:] - time[:-steps])
    return slope


def _superimposed(samples: Samples) -> IntoLine:
    """The currents without what flowed before the event: its mean is in the relay's memory."""
    before = samples.time < 0
    if not before.any():
        raise BadInput("superimposed currents need samples from before the event, at time < 0")
    one, two = samples.currents.one, samples.currents.two
    return IntoLine(
        one - one[..., before].mean(axis=-1, keepdims=True),
        two - two[..., before].mean(axis=-1, keepdims=True),
    )


def _seen(samples: Samples, relay: str, currents: IntoLine) -> Seen:
    """Everything but which conditions this relay asks for."""
    line, sampling = samples.line, samples.sampling
    one, two = (_slope(end, samples.time, sampling.steps) for end in (currents.one, currents.two))
    alpha = one - two
    restraint = 1 / (line.capacitance_1 * line.highest_fault_resistance)
    alpha_min = 2 * one + restraint * currents.one
    internal = currents.clockwise().internal()
    limit = pickup(line, sampling)
    difference = samples.currents.difference
    with np.errstate(invalid="ignore"):
        rule6 = alpha_min - internal * alpha <= 0
    return Seen(
        samples,
        relay,
        alpha,
        alpha_min,
        internal,
        difference,
        limit,
        np.abs(difference) > limit,
        rule6,
        rule6,
    )


def _literal(samples: Samples) -> Seen:
    return _seen(samples, "literal", samples.currents)


def _guarded(samples: Samples) -> Seen:
    seen = _seen(samples, "guarded", _superimposed(samples))
    return replace(seen, holds=(seen.internal == 1) & seen.above & seen.rule6)


def _differential(samples: Samples) -> Seen:
    seen = _seen(samples, "differential", samples.currents)
    return replace(seen, holds=seen.above)


@dataclass(frozen=True)
class Relay:
    """One way to decide."""

    name: str

    condition: str
    """What must hold, in words."""

    see: Callable[[Samples], Seen]
    """What it makes of samples.

    It raises :class:`~energychain.primitives.refusals.BadInput` if it needs samples from
    before the event and there are none.
    """


RELAYS: Mapping[str, Relay] = MappingProxyType(
    {
        each.name: each
        for each in (
            Relay("literal", "Equation (6) as printed", _literal),
            Relay(
                "guarded",
                "S_T = 1, |i1 + i2| above the pickup, and Equation (6), on the superimposed"
                " currents",
                _guarded,
            ),
            Relay("differential", "|i1 + i2| above the pickup", _differential),
        )
    }
)
"""The relays by name."""


def relay_named(name: str) -> Relay:
    """One of :data:`RELAYS`.

    Raises :class:`~energychain.primitives.refusals.BadInput` for another name.
    """
    if name not in RELAYS:
        raise BadInput(f"there is no relay {name!r}: choose one of {', '.join(RELAYS)}")
    return RELAYS[name]


# --- one case ----------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Trip:
    """A relay tripped."""

    time: float
    """Of the sample that decided, the event at 0 [s]; negative before any event."""

    isolated: float
    """When the breakers at both ends have opened [s]."""

    directed: bool
    """Whether S_T was 1: tripped because a fault was seen on the line, not by chance."""

    seen: Seen

    @property
    def ms(self) -> float:
        """When it tripped [ms]."""
        return self.time * 1e3

    @property
    def isolated_ms(self) -> float:
        """When the line is isolated [ms]."""
        return self.isolated * 1e3


def watch(
    measured: Waveforms | Samples,
    relay: str = "guarded",
    sampling: Sampling = Sampling(),
    rng: np.random.Generator | None = None,
) -> Trip | None:
    """What a relay does in one case: its trip, or None.

    Samples carry their own sampling; ``sampling`` and ``rng`` are for waveforms. What the
    relay saw where it did not trip: ``RELAYS[relay].see(measure(waves, sampling, rng))``.

    >>> from energychain.grid.dc_line import SET_B
    >>> trip = watch(solve(SET_B, Fault(resistance=1.0, location=0.33)))
    >>> print(f"isolated after {trip.isolated_ms:.2f} ms")
    isolated after 1.42 ms

    Raises :class:`~energychain.primitives.refusals.BadInput` for an unknown relay, for noise
    without a generator and for samples of more than one run.
    """
    samples = measured if isinstance(measured, Samples) else measure(measured, sampling, rng)
    if samples.currents.one.ndim != 1:
        raise BadInput("watch one run at a time, or use the relay's own see() for many")
    seen = relay_named(relay).see(samples)
    when = float(seen.trip_times())
    if np.isnan(when):
        return None
    return Trip(when, float(seen.isolation_times()), bool(seen.directed()), seen)


def isolation_over_phases(
    waves: Waveforms, relay: str = "guarded", sampling: Sampling = Sampling(), phases: int = PHASES
) -> FloatArray:
    """When the line is isolated [s], or NaN, for an event anywhere between two samples.

    The phases are the middles of so many equal parts of the sampling period. The clearing
    times that a paper prints are one of these, and nobody knows which. Without noise.
    """
    if phases < 1:
        raise BadInput(f"expected at least one phase, not {phases}")
    found = []
    for phase in (np.arange(phases) + 0.5) * sampling.period / phases:
        trip = watch(waves, relay, replace(sampling, phase_s=float(phase), noise_a=0.0))
        found.append(nan if trip is None else trip.isolated)
    return np.array(found)


def let_through(waves: Waveforms, trip: Trip | None) -> float:
    """The energy in the fault until the line is isolated [J].

    If it is never isolated, or only after the window, the energy until the window ends. An
    arc in the breakers, and what the line's inductance still holds, are not modelled.

    >>> from energychain.grid.dc_line import SET_B
    >>> waves = solve(SET_B, Fault(resistance=1.0, location=0.33))
    >>> for name in ("guarded", "differential"):
    ...     print(f"{let_through(waves, watch(waves, name)):.2f} J")
    1.50 J
    0.02 J
    """
    end = float(waves.time[-1])
    return waves.energy(min(max(trip.isolated, 0.0), end) if trip else end).fault


# --- many runs ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """A point of a curve: how a relay did in many runs."""

    relay: str

    against: str
    """What was varied: ``noise_a``, ``skew_s`` or ``resistance``."""

    value: float
    """Its value, in the unit of its name ([A], [s]) or in [ohm]."""

    fault: bool
    """Whether there was an internal fault, so that a trip was right."""

    runs: int

    tripped: int
    """In so many runs it tripped after the event."""

    early: int
    """In so many it had tripped before anything happened."""

    directed: int
    """In so many of those counted as tripped S_T was 1."""

    isolation: float
    """Mean time until isolation where it tripped after the event [s], or NaN."""

    energy: float
    """Mean energy in the fault until isolation, or over the window [J]; 0 without a fault."""

    @property
    def trip_probability(self) -> float:
        """The fraction of runs in which it tripped, early or not."""
        return (self.tripped + self.early) / self.runs

    @property
    def dependability(self) -> float:
        """The fraction of faults for which it tripped, and not before them; NaN if none."""
        return self.tripped / self.runs if self.fault else nan

    @property
    def security(self) -> float:
        """The fraction of runs without a false trip: with a fault, without an early one."""
        return 1 - (self.early if self.fault else self.tripped + self.early) / self.runs


def campaign(
    waves: Waveforms,
    relay: str,
    sampling: Sampling,
    rng: np.random.Generator,
    runs: int = 200,
    against: str = "noise_a",
    value: float | None = None,
) -> Row:
    """How a relay does in many runs of one case that differ in their noise.

    Raises :class:`~energychain.primitives.refusals.BadInput` for an unknown relay.
    """
    seen = relay_named(relay).see(measure(waves, sampling, rng, runs))
    times, isolation = seen.trip_times(), seen.isolation_times()
    late, early = times >= 0, times < 0
    fault = isinstance(waves.case, Fault) and waves.case.internal
    energy = 0.0
    if fault:
        # Many runs decide at the same sample: each moment is integrated once.
        end = float(waves.time[-1])
        until = np.clip(np.where(np.isnan(isolation), end, isolation), 0.0, end)
        moments, counts = np.unique(until, return_counts=True)
        parts = [waves.energy(float(each)).fault for each in moments]
        energy = float(np.dot(parts, counts)) / runs
    return Row(
        relay,
        against,
        getattr(sampling, against) if value is None else value,
        fault,
        runs,
        int(late.sum()),
        int(early.sum()),
        int((seen.directed() & late).sum()),
        float(isolation[late].mean()) if late.any() else nan,
        energy,
    )


def against_noise(
    line: Line,
    case: Fault | LoadStep | None,
    relay: str,
    noises: Sequence[float],
    rng: np.random.Generator,
    sampling: Sampling = Sampling(),
    runs: int = 200,
) -> tuple[Row, ...]:
    """A row for each standard deviation of the noise [A].

    >>> from energychain.grid.dc_line import SET_B
    >>> rows = against_noise(SET_B, None, "literal", [1e-6, 1e-3], np.random.default_rng(1))
    >>> [row.security for row in rows]
    [1.0, 0.0]
    """
    waves = solve(line, case)
    return tuple(
        campaign(waves, relay, replace(sampling, noise_a=noise), rng, runs) for noise in noises
    )


def against_skew(
    line: Line,
    case: Fault | LoadStep | None,
    relay: str,
    skews: Sequence[float],
    rng: np.random.Generator,
    sampling: Sampling = Sampling(),
    runs: int = 200,
) -> tuple[Row, ...]:
    """A row for each error of the clock of bus 2 [s].

    The pickup allows for each error, unless ``sampling`` says what it allows for.
    """
    waves = solve(line, case)
    return tuple(
        campaign(waves, relay, replace(sampling, skew_s=skew), rng, runs, "skew_s")
        for skew in skews
    )


def against_resistance(
    line: Line,
    location: float,
    relay: str,
    resistances: Sequence[float],
    rng: np.random.Generator,
    sampling: Sampling = Sampling(),
    runs: int = 200,
) -> tuple[Row, ...]:
    """A row for each resistance of a fault [ohm]: the relay's reach.

    ``directed`` matters here: the literal relay also trips by chance, with S_T = 0.
    """
    rows = []
    for ohms in resistances:
        waves = solve(line, Fault(ohms, location))
        rows.append(campaign(waves, relay, sampling, rng, runs, "resistance", ohms))
    return tuple(rows)


def reach(
    line: Line,
    relay: str,
    location: float = 0.5,
    sampling: Sampling = Sampling(),
    window: float = WINDOW,
) -> float:
    r"""Up to which resistance a relay sees a fault on the line [ohm], to 0.01 ohm, without noise.

    It must trip with :math:`S_T = 1`; the resistance is searched for by halving up to twice
    Equation (4)'s, so it is meant for relays that see every fault of less resistance. The
    differential relay decides without a direction: for it a trip is enough.

    >>> from energychain.grid.dc_line import SET_B
    >>> round(reach(SET_B, "literal"), 1), round(SET_B.highest_fault_resistance, 1)
    (13.8, 112.9)

    Raises :class:`~energychain.primitives.refusals.BadInput` for a line without load, which
    has no highest resistance.
    """
    low, high = 0.0, 2 * line.highest_fault_resistance
    if not isfinite(high):
        raise BadInput("a line without load has no highest fault resistance: give it a load")
    quiet = replace(sampling, noise_a=0.0)
    while high - low > 0.01:
        middle = (low + high) / 2
        trip = watch(solve(line, Fault(middle, location), window), relay, quiet)
        sees = trip is not None and (trip.directed or relay == "differential")
        low, high = (middle, high) if sees else (low, middle)
    return low
