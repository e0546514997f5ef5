r"""
What Bayati, Hajizadeh & Soltani (2020), chapter 11 of Shafie-khah (ed.), *Blockchain-based
Smart Grids*, print about the fault in a DC microgrid, beside what we compute.

The chapter states no inductance, resistance, capacitance, load, sampling rate or breaker,
and of the voltage only what is typical. Four figures are left to hold a simulation
against; :mod:`energychain.studies.dc_fault_fit` says how ours came to agree with them, and
that nothing is validated by it.

What can be checked without the missing numbers is checked: Equation (3) on the exact
waveforms, the sign conventions, the rule on a healthy line, whether one delay can
explain both times over the ledger.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

import numpy as np

from energychain.consensus.difficulty import (
    GENESIS,
    bits_and_hash,
    compact,
    expanded,
    what_bits_encode,
)
from energychain.grid.dc_line import (
    Fault,
    Line,
    LoadStep,
    Quantity,
    Terminal,
    Waveforms,
    solve,
    solve_many,
)
from energychain.grid.dc_search import FloatArray
from energychain.grid.messages import Sender, read, sign_batch, stream_key, verify_batch
from energychain.grid.relay import (
    OVERLOAD,
    RELAYS,
    IntoLine,
    against_noise,
    isolation_over_phases,
    measure,
    reach,
    watch,
)
from energychain.primitives.keys import derive
from energychain.studies.claims import Claim, compared, erratum, fitted, shown, unjudged
from energychain.studies.dc_fault import LEDGER_DELAY
from energychain.studies.dc_fault_fit import (
    FITS,
    FREE,
    HARD,
    LITERAL,
    SOFT,
    Fit,
    figures,
    sensitivities,
)

STUDY = "dc_fault"
SOURCE = "Shafie-khah (ed., 2020), chapter 11"

PEAK_1, PEAK_10, CLEAR_1, CLEAR_10 = "25", "4", "1.4", "0.5"
"""The four figures of section 7.1, as printed [A], [A], [ms], [ms]."""

SEED = 1
"""Of the noise."""

RUNS = 100
"""So often a relay is tried with noise."""


# --- the fits -------------------------------------------------------------------------


def _owed(fit: Fit, name: str, digits: int) -> str:
    """By how much one figure moves with each free number, for a note."""
    now = getattr(figures(fit), name)
    moves: dict[str, list[str]] = {}
    for row in sensitivities(fit.line, fit.sampling):
        moved = round(float(row[name]) - now, digits)
        moves.setdefault(str(row["parameter"]), []).append(f"{moved:+.{digits}f}" if moved else "0")
    return ", ".join(
        f"{parameter} {'/'.join(each)}" for parameter, each in moves.items() if set(each) != {"0"}
    )


# --- Equation (3) ---------------------------------------------------------------------


def derivative(waves: Waveforms, quantity: Quantity, order: int) -> FloatArray:
    """A derivative by time on the grid, exact: the state obeys z' = M z, so that of a
    quantity w z is w M z. For waveforms in which no diode conducts.

    Raises ``ValueError`` for others.
    """
    if waves.events:
        raise ValueError("a diode conducts: there the derivatives jump")
    paths = waves.sweep.paths
    row = waves.sweep.outputs[quantity][0]
    for _ in range(order):
        row = row @ paths.circuits.rates[0, 0]
    values: FloatArray = paths.states[0] @ row
    return values


FIRST, SECOND = "d i1/dt", "d² i1/dt²"
"""What the first term of Equation (3) may mean."""

BARE, FED = "i1/(C R_f)", "(i1 - J1 + G1 v1)/(C R_f)"
"""What its last term may be."""

INTO, CLOCKWISE = "into the line at both ends", "clockwise"
"""How its currents may be counted."""


def gap_of_equation_3(
    waves: Waveforms, first: str = SECOND, last: str = FED, counted: str = INTO
) -> float:
    """By how much the two sides of Equation (3) differ at most, as a fraction of the largest
    left side, on the waveforms of an internal fault.

    >>> from energychain.grid.dc_line import SET_B
    >>> waves = solve(SET_B, HARD)
    >>> gap_of_equation_3(waves) < 1e-12, gap_of_equation_3(waves, first=FIRST) > 1
    (True, True)
    """
    line, fault = waves.line, waves.case
    assert isinstance(fault, Fault)
    inductance = fault.location * line.cable_inductance + line.reactor_inductance
    resistance = fault.location * line.cable_resistance + line.reactor_resistance
    slope, other = derivative(waves, "i1", 1), derivative(waves, "i2", 1)
    alpha = slope - other if counted == INTO else slope + other
    bus = line.terminals[0]
    current = waves.i1 if last == BARE else waves.i1 - bus.source + bus.shunt * waves.v1
    right = (
        inductance / fault.resistance * derivative(waves, "i1", 1 if first == FIRST else 2)
        + (resistance + 2 * fault.resistance) / fault.resistance * slope
        + current / (line.capacitance_1 * fault.resistance)
    )
    return float(np.abs(alpha - right).max() / np.abs(alpha).max())


CLOSED = 1e-6
"""Equation (3) holds if its sides differ by no more, as a fraction."""


def without_terminals(line: Line) -> Line:
    """The line with nothing at its buses but the capacitors and diodes, as in Figure 6."""
    return replace(line, terminal_1=Terminal(), terminal_2=Terminal())


def _closing(gaps: Mapping[str, float]) -> str:
    """The readings with which the equation holds."""
    return " or ".join(reading for reading, gap in gaps.items() if gap < CLOSED) or "none"


def _parted(gaps: Mapping[str, float]) -> str:
    return "; ".join(f"{reading}: {gap:.2g}" for reading, gap in gaps.items())


def _equation_3(line: Line) -> Iterator[Claim]:
    alone, fed = solve(without_terminals(line), HARD), solve(line, HARD)
    gaps = {each: gap_of_equation_3(alone, first=each) for each in (FIRST, SECOND)}
    yield erratum(
        _claim(
            "equation_3.first_term",
            "Eq. (3)",
            "derivative in the first term",
            "",
            "d² i1/dt",
            _closing(gaps),
            "L times a second derivative over R_f is a slope, as the other terms are. Largest"
            f" difference of the two sides, as a fraction: {_parted(gaps)}. The 1 ohm fault,"
            " buses without source or load.",
        )
    )
    gaps = {each: gap_of_equation_3(fed, last=each) for each in (BARE, FED)}
    soft = gap_of_equation_3(solve(line, SOFT), last=BARE)
    yield erratum(
        _claim(
            "equation_3.last_term",
            "Eq. (3)",
            "last term",
            "",
            BARE,
            _closing(gaps),
            "What the capacitor gives is not all of i1 when the bus has a source J1 or a shunt"
            f" G1. Largest difference as a fraction: {_parted(gaps)}; for the 10 ohm fault"
            f" {soft:.2g} without them. C is that of bus 1 alone.",
        )
    )
    gaps = {each: gap_of_equation_3(fed, counted=each) for each in (INTO, CLOCKWISE)}
    yield _shown(
        "equation_3.convention",
        "Eqs. (1)-(3)",
        "how the currents of Equation (3) are counted",
        "",
        "for clockwise direction the value of S1 and S2 will be 1",
        _closing(gaps),
        "The directions S count clockwise, the slopes do not, and nothing says so. Largest"
        f" difference as a fraction: {_parted(gaps)}.",
    )


# --- the rule -------------------------------------------------------------------------


CONVENTIONS = tuple((s, slopes) for s in (CLOCKWISE, INTO) for slopes in (INTO, CLOCKWISE))
"""How directions and slopes may be counted; the first is what the chapter must mean."""


def mixed_conventions(
    case: Fault | LoadStep, directions: str, slopes: str, fit: Fit = FITS["B"]
) -> float:
    """When Equation (6) isolates the line if its directions and slopes are counted so [ms];
    NaN if it does not.

    >>> [round(mixed_conventions(SOFT, CLOCKWISE, each), 2) for each in (INTO, CLOCKWISE)]
    [0.5, 2.34]
    """
    samples = measure(solve(fit.line, case), fit.sampling)
    right = RELAYS[LITERAL].see(samples)
    turned = IntoLine(samples.currents.one, -samples.currents.two)
    wrong = RELAYS[LITERAL].see(replace(samples, currents=turned))
    s_t = (right if directions == CLOCKWISE else wrong).internal
    alpha = (right if slopes == INTO else wrong).alpha
    with np.errstate(invalid="ignore"):
        holds = right.alpha_min - s_t * alpha <= 0
    return float(replace(right, holds=holds).isolation_times()) * 1e3


def _conventions(fit: Fit) -> Iterator[Claim]:
    beyond = Fault(resistance=1.0, location=1.5)
    for directions, slopes in CONVENTIONS:
        hard, soft, outside = (
            mixed_conventions(case, directions, slopes, fit) for case in (HARD, SOFT, beyond)
        )
        names = {INTO: "into the line", CLOCKWISE: "clockwise"}
        yield _shown(
            f"conventions.{names[directions]}.{names[slopes]}".replace(" ", "_"),
            "Eqs. (1)-(6)",
            f"isolation with directions {names[directions]} and slopes {names[slopes]}",
            "ms",
            f"{CLEAR_1} and {CLEAR_10}",
            f"{_ms(hard)} and {_ms(soft)}",
            f"A fault of 1 ohm beyond bus 2: {_ms(outside)}."
            f"{_TURNED.get((directions, slopes), '')}",
        )


_TURNED = {
    (CLOCKWISE, CLOCKWISE): " Clockwise throughout, the 0.5 ms are lost.",
    (INTO, INTO): " S_T has then changed sides, 0 for an internal fault: the rule waits for i1 to"
    " fall, and with S_T = 1 it waits for a difference that an external fault does not make.",
}


def _rule_6(fit: Fit) -> Iterator[Claim]:
    line, sampling = fit.line, fit.sampling
    faults = {"1 ohm": solve(line, HARD), "10 ohm": solve(line, SOFT)}
    after = {
        name: ((waves.rule6() or np.nan) - waves.peaks["i_f"].time) * 1e6
        for name, waves in faults.items()
    }
    peaks = {name: waves.peaks["i_f"] for name, waves in faults.items()}
    yield _shown(
        "rule.restrains",
        "section 7.1",
        "how long after the peak of the fault's current Equation (6) is first true",
        "us",
        "1.4ms for 1 Ohm, 0.5 ms for 10 Ohms",
        " and ".join(f"{each:.1f}" for each in after.values()),
        "With both currents into the line and S_T = 1 it says d(i1 + i2)/dt + i1/(C R_f,max) <="
        " 0: it waits until the fault's current has risen. That is at"
        f" {peaks['1 ohm'].ms:.2f} ms for 1 ohm and at {peaks['10 ohm'].ms:.2f} ms for 10 ohm, so"
        " the weaker fault clears first.",
    )
    plain = figures(fit, "differential")
    ours = figures(fit)
    yield _shown(
        "rule.fastest",
        "section 1",
        "isolation of the 1 ohm fault by a plain differential relay",
        "ms",
        "the faulty section is isolated by the proposed approach through the lowest operation time",
        f"{plain.clear_1:.3f}",
        f"Equation (6) takes {ours.clear_1:.3f}. The plain relay trips on |i1 + i2| alone, with"
        " the same samples, link and breaker.",
    )
    rows = against_noise(line, None, LITERAL, NOISES, np.random.default_rng(SEED), sampling, RUNS)
    guarded = against_noise(
        line, None, "guarded", NOISES[-1:], np.random.default_rng(SEED), sampling, RUNS
    )
    yield _shown(
        "rule.healthy",
        "Eq. (6)",
        f"runs of {RUNS} in which a line without any fault is tripped in 11 ms, by noise"
        f" {_milliamperes(NOISES)}",
        "",
        "only isolate the internal faults",
        ", ".join(str(row.tripped + row.early) for row in rows),
        "With S_T = 0 the rule is alpha_min <= 0, true of any current that seems to fall;"
        f" guarded by a pickup and S_T = 1: {guarded[0].tripped + guarded[0].early} at the last.",
    )
    rows = against_noise(line, SOFT, LITERAL, NOISES, np.random.default_rng(SEED), sampling, RUNS)
    yield _shown(
        "rule.noise",
        "Eq. (6)",
        f"runs of {RUNS} in which the 10 ohm fault is tripped for what it is, by noise"
        f" {_milliamperes(NOISES)}",
        "",
        "the fault is detected and cleared in 0.5 ms",
        ", ".join(str(row.directed) for row in rows),
        "in the others the line was tripped before the fault, or with S_T = 0",
    )
    yield from _false_trips(fit)
    blind = {place: _alpha_of(without_terminals(line), place) for place in (0.5, 0.33)}
    yield _shown(
        "rule.alpha_alone",
        "section 6.1",
        "largest |alpha| of a 1 ohm fault in the middle of a line with equal ends",
        "A/s",
        "if the value of alpha change to a value higher than a threshold, the differential relay"
        " sends the trip signal",
        f"{blind[0.5]:.1f}",
        f"{blind[0.33]:,.0f} at 33 %. By symmetry both currents rise alike: no threshold on |alpha|"
        " sees that fault.",
    )
    reaches = {name: reach(line, name, sampling=sampling) for name in (LITERAL, "guarded")}
    yield _shown(
        "rule.reach",
        "section 8",
        "highest resistance of a fault at mid-line that Equation (6) sees, with S_T = 1",
        "ohm",
        "a new threshold selection approach is proposed, which able the differential relay to"
        " detect the HIFs",
        f"{reaches[LITERAL]:.1f}",
        f"Equation (4) allows {line.highest_fault_resistance:.1f}. Behind a weaker fault the load"
        " still draws i2 out of the line, so S_T stays 0; on superimposed currents the guarded"
        f" relay sees {reaches['guarded']:.1f}.",
    )


NOISES = (1e-5, 1e-4, 1e-3)
"""Standard deviations of each sample that are tried [A]."""


def _milliamperes(noises: tuple[float, ...]) -> str:
    return ", ".join(f"{noise * 1e3:g}" for noise in noises) + " mA"


def _alpha_of(line: Line, location: float) -> float:
    waves = solve(line, Fault(resistance=1.0, location=location))
    return float(np.abs(derivative(waves, "i1", 1) - derivative(waves, "i2", 1)).max())


def _false_trips(fit: Fit) -> Iterator[Claim]:
    cases: dict[str, tuple[str, Fault | LoadStep]] = {
        "beyond": ("a fault of 1 ohm on the next line beyond bus 2", Fault(1.0, 1.5)),
        "behind": ("a fault of 1 ohm on the line behind bus 1", Fault(1.0, -0.5)),
        "load_off": ("half of the load switched off", LoadStep(-fit.line.load_current / 2)),
        "overload": (
            "the 25 % overload that is allowed",
            LoadStep(OVERLOAD * fit.line.load_current),
        ),
    }
    for name, (what, case) in cases.items():
        waves = solve(fit.line, case)
        trip = watch(waves, LITERAL, fit.sampling)
        guarded = watch(waves, "guarded", fit.sampling)
        yield _shown(
            f"rule.false_trip.{name}",
            "section 6",
            f"when a healthy line is tripped by {what}",
            "ms",
            "detects the internal fault and ignores the external faults",
            "no trip" if trip is None else f"{trip.ms:.2f}",
            f"without noise; guarded: {'no trip' if guarded is None else f'{guarded.ms:.2f}'}",
        )


# --- the four figures -----------------------------------------------------------------


def _fitted(name: str, fit: Fit) -> Iterator[Claim]:
    found, guarded = figures(fit), figures(fit, "guarded")
    for ohms, case in (("1", HARD), ("10", SOFT)):
        waves = solve(fit.line, case)
        figure, printed, words = _PEAKS[ohms]
        yield _fit_of(
            f"peak.{ohms}_ohm.{name}",
            "section 7.1",
            f"peak of the current in the {ohms} ohm fault, set {name} ('{words}')",
            "A",
            printed,
            getattr(found, figure),
            f"Of i1; into the fault flow at most {waves.peaks['i_f'].value:.2f} A.",
            _owed(fit, figure, 2),
        )
        figure, printed, words = _TIMES[ohms]
        times = isolation_over_phases(waves, LITERAL, fit.sampling) * 1e3
        yield _fit_of(
            f"clear.{ohms}_ohm.{name}",
            "section 7.1",
            f"time until isolation in the {ohms} ohm fault, set {name} ('{words}')",
            "ms",
            printed,
            getattr(found, figure),
            f"Mean over where the event falls between two samples, {times.min():.3f} to"
            f" {times.max():.3f}; with the guarded relay {getattr(guarded, figure):.3f}.",
            _owed(fit, figure, 3),
        )
    yield _fit_of(
        f"bound.10_ohm.{name}",
        "section 8",
        f"time until isolation in the 10 ohm fault, set {name} ('less than 0.5 ms')",
        "ms",
        f"less than {CLEAR_10}",
        found.clear_10,
        f"Of the mean; {times.max():.3f} where the event falls worst.",
        _owed(fit, "clear_10", 3),
    )


_PEAKS = {
    "1": ("peak_25", PEAK_1, "almost 25 A"),
    "10": ("peak_4", PEAK_10, "approximately 4 A"),
}
_TIMES = {"1": ("clear_1", CLEAR_1, "in 1.4ms"), "10": ("clear_10", CLEAR_10, "in 0.5 ms")}


def _fit_of(
    name: str,
    place: str,
    quantity: str,
    unit: str,
    printed: str,
    value: float,
    what: str,
    owed: str,
) -> Claim:
    digits = 2 if unit == "A" else 3
    residual = value - float(printed.split()[-1])
    note = (
        f"{what} {_free()} Ours less printed: {residual:+.{digits}f}."
        f" With each 20 % (counts: 1) less/more it moves by: {owed}."
    )
    return fitted(_claim(name, place, quantity, unit, printed, f"{value:.{digits}f}", note))


def _free() -> str:
    return f"Fitted, not validated: free were {', '.join(each.name for each in FREE)}."


def _freedom(fits: Mapping[str, Fit]) -> Iterator[Claim]:
    yield _shown(
        "freedom",
        "section 7",
        "numbers that were free to choose",
        "",
        "four figures",
        str(len(FREE)),
        "More choices than figures: that ours agrees says that the figures are possible, not that"
        " they are right. The chapter gives none of them, and of V_n only that 48 V is typical.",
    )
    lines = [fit.line for fit in fits.values()]
    if len(lines) > 1:
        names = " and ".join(fits)
        cables = " and ".join(f"{line.cable_inductance * 1e3:g}" for line in lines)
        reactors = " and ".join(f"{line.reactor_inductance * 1e3:g}" for line in lines)
        ohms = " and ".join(f"{line.cable_resistance:g}" for line in lines)
        yield _shown(
            "freedom.sets",
            "section 7",
            f"inductance of the cable in sets {names}, which both agree with all four figures",
            "mH",
            "",
            cables,
            f"not printed; reactors of {reactors} mH at each end, cables of {ohms} ohm: the"
            " figures do not tell the two lines apart",
        )


# --- the ledger path ------------------------------------------------------------------


def delays_that_give(printed: str, isolated: float) -> tuple[float, float]:
    """The least and the greatest delay [ms] with which an isolation after so many [ms] becomes
    what is printed, to its last digit.

    >>> low, high = delays_that_give("2.9", 1.412)
    >>> round(low, 3), round(high, 3)
    (1.438, 1.538)
    """
    exponent = Decimal(printed).as_tuple().exponent
    assert isinstance(exponent, int)
    half = 10.0**exponent / 2
    return float(printed) - half - isolated, float(printed) + half - isolated


def _ledger(fit: Fit, delay: float) -> Iterator[Claim]:
    found, later = figures(fit), delay * 1e3
    of_29 = delays_that_give("29", found.clear_1)
    repaired = delays_that_give("2.9", found.clear_1)
    of_25 = delays_that_give("2.5", found.clear_10)
    bound = 2.5 - found.clear_10
    disjoint = of_29[0] > of_25[1] or of_25[0] > of_29[1]
    yield _shown(
        "ledger.delays",
        "sections 7.2 and 8",
        "delays of the ledger that give 29 ms and 2.5 ms",
        "ms",
        "29 ms for 1 Ohm, 2.5 ms for 10 Ohms",
        f"{_range(of_29)} and {_range(of_25)}",
        ("No delay is in both" if disjoint else "Some delays are in both")
        + f". 2.9 instead of 29 takes {_range(repaired)}, with which the 10 ohm fault clears in"
        f" {_range((repaired[0] + found.clear_10, repaired[1] + found.clear_10))}, less than 2.5.",
    )
    yield erratum(
        _claim(
            "ledger.1_ohm",
            "section 7.2",
            "isolation of the 1 ohm fault during the attack",
            "ms",
            "29",
            f"{found.clear_1 + later:.2f}",
            f"Probably 2.9, by a lost point. A delay that gives 29 isolates the 10 ohm fault after"
            f" {_range((of_29[0] + found.clear_10, of_29[1] + found.clear_10))} ms; section 8 says"
            f" less than 2.5, so that one delay for both is below {bound:.3f} and the 1 ohm fault"
            f" clears before {bound + found.clear_1:.2f}. As a mere bound 'less than 29' is true,"
            f" and says nothing. Ours is the trip and a delay of {later:g} ms, which was chosen.",
        )
    )
    yield fitted(
        _claim(
            "ledger.10_ohm",
            "section 8",
            "isolation of the 10 ohm fault during the attack",
            "ms",
            "less than 2.5",
            f"{found.clear_10 + later:.2f}",
            f"The delay of {later:g} ms was chosen; any below {bound:.3f} keeps the bound."
            f" {_free()}",
        )
    )
    for name, case in (("1_ohm", HARD), ("10_ohm", SOFT)):
        waves = solve(fit.line, case)
        trip = watch(waves, LITERAL, fit.sampling)
        assert trip is not None
        energies = [waves.energy(trip.isolated + wait).fault for wait in (0.0, delay)]
        yield _shown(
            f"ledger.energy.{name}",
            "section 7.2",
            f"energy that the {case.resistance:g} ohm fault takes, over the ledger",
            "J",
            "by using a blockchain system cyberattack cannot affect the protection system",
            f"{energies[1]:.2f}",
            f"{energies[0]:.2f} without the delay: an attack that sends the relay to the ledger"
            " has that much effect",
        )


def _range(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.3f} to {ends[1]:.3f}"


def _ms(time: float) -> str:
    return "no trip" if np.isnan(time) else f"{time:.2f}"


# --- other statements of the text -----------------------------------------------------


def highest_with_freewheel(line: Line, location: float = HARD.location) -> float:
    """The highest fault resistance [ohm], to 0.01, in which a diode conducts within the window.

    0 if it is none up to 1 ohm.
    """
    ohms = np.arange(1, 101) / 100
    events = solve_many(line, ohms, [location]).events()
    return max((float(ohm) for ohm, each in zip(ohms, events, strict=True) if each), default=0.0)


def _stages(fit: Fit) -> Iterator[Claim]:
    faults = [solve(fit.line, case) for case in (HARD, SOFT)]
    events = sum(len(waves.events) for waves in faults)
    highest = highest_with_freewheel(fit.line)
    lowest = min(float(min(waves.v1.min(), waves.v2.min())) for waves in faults)
    yield _shown(
        "stages.freewheel",
        "section 6.1",
        "diodes that begin to conduct within 10 ms in the two faults of section 7.1",
        "",
        "the second stage is the freewheeling diode operation, and it will start after dropping"
        " the voltage to zero",
        str(events),
        f"The lowest voltage of a bus is {lowest:.1f} V. At 33 % only faults of up to"
        f" {highest:.2f} ohm reach the second stage in this set.",
    )
    at = [
        min(float(waves.at([when / 1e3])[bus][0]) for bus in ("v1", "v2"))
        for waves, when in zip(faults, figures(fit)[2:], strict=True)
    ]
    yield _shown(
        "stages.in_time",
        "section 8",
        "lower of the two bus voltages when the 1 ohm and the 10 ohm fault are isolated",
        "V",
        "isolates the faulty line before ending the capacitor discharge state",
        " and ".join(f"{volts:.1f}" for volts in at),
        "true: the capacitors are far from empty",
    )
    trip = watch(faults[0], LITERAL, fit.sampling)
    assert trip is not None
    yield _shown(
        "trip.1_ohm",
        "section 7.1",
        "when the relay trips in the 1 ohm fault",
        "ms",
        "detects the fault at 1.4 ms and sends the trip signal",
        f"{trip.ms:.2f}",
        "Printed is 1.4 for the detection and, one paragraph before, for the isolation. Link and"
        f" breaker lie between: here the line is isolated at {trip.isolated_ms:.2f}.",
    )
    slow = replace(fit, sampling=replace(fit.sampling, link_s=4e-3))
    late = figures(slow)
    room = delays_that_give(CLEAR_10, figures(fit).clear_10)[1] + fit.sampling.link_s * 1e3
    yield _shown(
        "messages",
        "section 4.1",
        "isolation of the two faults if a message takes 4 ms",
        "ms",
        "these signals should be sent less than 4ms",
        f"{late.clear_1:.2f} and {late.clear_10:.2f}",
        f"The standard's 4 ms do not suffice: {CLEAR_10} ms leave the link less than {room:.3f}.",
    )


def _equation_4(line: Line) -> Iterator[Claim]:
    yield compared(
        _claim(
            "equation_4.factor",
            "Eq. (4)",
            "factor of V_n/I_load, from 25 % overload",
            "",
            "4",
            f"{1 / OVERLOAD:g}",
            "a fault draws at least what an overload may draw beyond the load",
        ),
        exactly=True,
    )
    highest = line.highest_fault_resistance
    yield erratum(
        _claim(
            "equation_4.name",
            "Eq. (4)",
            "what 4 V_n/I_load is",
            "",
            "R_f",
            "R_f,max",
            "It is the most that a fault may have, not what a fault has; Equation (5) needs it so."
            f" In set B {highest:.1f} ohm, and section 7.1 has faults of {HARD.resistance:g} and"
            f" {SOFT.resistance:g} ohm.",
        )
    )
    watts = line.nominal_voltage * line.load_current
    yield erratum(
        _claim(
            "equation_4.load",
            "section 6.1",
            "what I_load is",
            "",
            "nominal power of loads",
            "nominal current of the loads",
            "1.25 I_load is called a current, and V_n/I_load must be a resistance. With the power"
            f" of set B, {watts:g} W, Equation (4) would give"
            f" {4 * line.nominal_voltage / watts:.2f} 1/A instead of {highest:.1f} ohm.",
        )
    )


# --- the chain and the messages -------------------------------------------------------


def _bits(header: bytes) -> Iterator[Claim]:
    bits, found = bits_and_hash(header)
    target = expanded(bits)
    yield erratum(
        _claim(
            "block.bits",
            "section 5",
            "what nBits is the compact format of",
            "",
            "the current hash",
            what_bits_encode(header),
            f"Bitcoin's first block has nBits {bits:08x}, the target {f'{target:064x}'[:12]}…; its"
            f" hash {f'{found:064x}'[:12]}… would be {compact(found):08x}. The hash is"
            f" {'below' if found <= target else 'above'} the target, and cannot be in the header"
            " that it is the hash of.",
        )
    )


def _messages() -> Iterator[Claim]:
    measured = 1_700_000
    sender = Sender(stream_key(b"the secret of line 1", source=1, stream=0, epoch=1))
    data = sender.make(time=20_000, current=measured, voltage=48_000_000)
    sensor = derive("dc fault", "sensor 1")
    verify_batch(sign_batch(sensor, [data]), sensor.public, [data])
    legible = read(data).current == measured
    yield erratum(
        _claim(
            "message.secret",
            "sections 5 and 6.2",
            "what a measurement on its way to the ledger is",
            "",
            "encrypted",
            "signed" if legible else "encrypted",
            "A signature binds a message to its sender and hides nothing: from the tagged message"
            f" of a signed batch {read(data).current / 1e6:g} A is read without any key. Nothing"
            " is decoded either: a check says yes or no.",
        )
    )
    yield erratum(
        _claim(
            "message.pmu",
            "section 4.1",
            "what measures and sends over long lengths",
            "",
            "phasor measurement unit (PMU)",
            "measurement unit with a synchronised clock",
            "A phasor has a frequency and a phase; section 3.5 says that a DC microgrid has"
            " neither. What is needed of it is the common time.",
        )
    )
    yield erratum(
        _claim(
            "sections",
            "section 1",
            "sections of blockchain, cyberattacks, differential method, backup and results",
            "",
            ", ".join(printed for printed, _ in OUTLINE.values()),
            ", ".join(actual for _, actual in OUTLINE.values()),
            "the outline, and where the headings stand",
        )
    )


OUTLINE = {
    "blockchain": ("4", "5"),
    "cyberattacks": ("5", "4"),
    "differential method": ("6", "6.1"),
    "backup": ("7", "6.2"),
    "results": ("8", "7"),
}
"""The chapter's sections: by its outline, and by its headings."""


# --- all ------------------------------------------------------------------------------


def claims(fits: Mapping[str, Fit] = FITS, delay: float = LEDGER_DELAY) -> list[Claim]:
    """All claims of the chapter, from the fits and a delay of the ledger [s].

    The first of the fits is the one for which the statements of the text are tried.

    Raises ``ValueError`` if a fit does not agree with the figures that it was fitted to.
    """
    fit = next(iter(fits.values()))
    return [
        *(claim for name, each in fits.items() for claim in _fitted(name, each)),
        *_freedom(fits),
        *_ledger(fit, delay),
        *_stages(fit),
        *_equation_3(fit.line),
        *_equation_4(fit.line),
        *_conventions(fit),
        *_rule_6(fit),
        *_bits(GENESIS),
        *_messages(),
    ]


def _claim(
    name: str, place: str, quantity: str, unit: str, printed: str, computed: str, note: str = ""
) -> Claim:
    return unjudged(STUDY, name, f"{SOURCE}, {place}", quantity, unit, printed, computed, note)


def _shown(
    name: str, place: str, quantity: str, unit: str, printed: str, computed: str, note: str
) -> Claim:
    return shown(STUDY, name, f"{SOURCE}, {place}", quantity, unit, printed, computed, note)
