r"""
A line of a DC microgrid, and what flows in it when something happens.

The line of Shafie-khah (ed., 2020), *Blockchain-based Smart Grids*, ch. 11, Figures 4-6:
two buses with a converter's capacitor and its antiparallel diode, a cable between them with
a reactor at each end, and a fault of resistance :math:`R_f` to ground at a fraction *x* of
the cable. Currents are counted **into the line** at both ends:

.. math::
   L_1 i_1' = v_1 - R_1 i_1 - R_f (i_1 + i_2), \qquad C_1 v_1' = J_1 - G_1 v_1 - i_1

and likewise at bus 2. First the capacitors discharge; when a bus voltage reaches 0, its
diode takes the current over: the freewheel stage.

The chapter states neither voltage nor inductance, resistance or capacitance. :data:`SET_B`
and :data:`SET_U` were **fitted** to the two peaks and the two clearing times that it
prints, so they show that its figures are possible, not that they are right.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf, isfinite, isnan
from typing import Literal

import numpy as np

from energychain.grid.dc_modes import EVENTS, Circuits, Paths, follow
from energychain.grid.dc_search import FloatArray, sums
from energychain.primitives.refusals import BadInput

WINDOW = 0.010
"""[s]"""

STEP = 20e-6
"""[s]"""

LEAST_INDUCTANCE = 1e-12
"""Between a bus and a fault there is at least so much [H]."""

HIGHEST_RESISTANCE = 1e4
"""No fault is weaker [ohm]: at 48 V it draws 5 mA."""

MOST_STEPS = 1_000_000
"""A window is divided into at most so many steps."""

Quantity = Literal["i1", "i2", "v1", "v2", "i_f"]
"""Currents into the line at both ends [A], bus voltages [V], the fault's current [A]."""

QUANTITIES: tuple[Quantity, ...] = ("i1", "i2", "v1", "v2", "i_f")


def _number(name: str, value: float, unit: str, above: float = -inf, least: float = -inf) -> None:
    """Refuse what is no finite number, is not above a bound, or is below the least."""
    shown = repr(value)[:40]
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise BadInput(f"{name} must be a number in {unit}, not {shown}")
    if not isfinite(value):
        raise BadInput(f"{name} must be a finite number in {unit}, not {shown}")
    if value <= above or value < least:
        bound = f"more than {above:g}" if value <= above else f"at least {least:g}"
        raise BadInput(f"{name} must be {bound} {unit}, not {shown}")


@dataclass(frozen=True)
class Terminal:
    """What else stands at a bus, as a straight line: it feeds in J - G v."""

    source: float = 0.0
    """J [A]"""

    shunt: float = 0.0
    """G [S]"""

    def __post_init__(self) -> None:
        _number("the source of a terminal", self.source, "A")
        _number("the shunt of a terminal", self.shunt, "S")

    def __add__(self, other: "Terminal") -> "Terminal":
        """Both at the same bus."""
        return Terminal(self.source + other.source, self.shunt + other.shunt)


def constant_current(current: float) -> Terminal:
    """A converter that feeds in the same current [A] at any voltage."""
    return Terminal(source=current)


def droop(voltage: float, resistance: float) -> Terminal:
    """A converter whose voltage falls from its no-load voltage [V] by a droop [ohm].

    >>> droop(48.0, 0.5)
    Terminal(source=96.0, shunt=2.0)

    Raises :class:`~energychain.primitives.refusals.BadInput` unless the droop is positive.
    """
    _number("the voltage of a droop", voltage, "V")
    _number("the resistance of a droop", resistance, "ohm", above=0)
    return Terminal(voltage / resistance, 1 / resistance)


def resistive_load(resistance: float) -> Terminal:
    """A load that draws v/R; R in [ohm].

    Raises :class:`~energychain.primitives.refusals.BadInput` unless R is positive.
    """
    _number("the resistance of a load", resistance, "ohm", above=0)
    return Terminal(shunt=1 / resistance)


def constant_power_load(power: float, voltage: float) -> Terminal:
    r"""A load of constant power P [W], made straight at a voltage :math:`v_0` [V].

    It draws :math:`P/v_0 - (P/v_0^2)(v - v_0)`: less when the voltage rises, so its shunt is
    negative. Of the true current P/v that is wrong by the fraction :math:`(1 - v/v_0)^2`, 1 %
    at a dip of 10 % and 25 % at half the voltage. It is meant for load steps, external
    and high-resistance faults; it does not hold in the freewheel stage, where a real load of
    this kind has long tripped.

    >>> constant_power_load(96.0, 48.0)
    Terminal(source=-4.0, shunt=-0.041666666666666664)

    Raises :class:`~energychain.primitives.refusals.BadInput` unless the power is at least 0
    and the voltage positive.
    """
    _number("the power of a load", power, "W", least=0)
    _number("the voltage of a load", voltage, "V", above=0)
    return Terminal(-2 * power / voltage, -power / voltage**2)


@dataclass(frozen=True)
class Line:
    """A line between two buses, before anything happens.

    Raises :class:`~energychain.primitives.refusals.BadInput` for numbers that no line has,
    and for a load that the line cannot carry.
    """

    nominal_voltage: float
    """[V]"""

    load_current: float
    """What the load draws in normal operation [A]."""

    capacitance_1: float
    """Of the converter at bus 1 [F]."""

    capacitance_2: float
    """Of the converter at bus 2 [F]."""

    cable_inductance: float
    """Of the whole cable [H]."""

    cable_resistance: float
    """Of the whole cable [ohm]."""

    reactor_inductance: float = 0.0
    """Of the reactor at each end [H]."""

    reactor_resistance: float = 0.0
    """Of the reactor at each end [ohm]."""

    terminal_1: Terminal | None = None
    """At bus 1; if not given, a constant current that is the load's."""

    terminal_2: Terminal | None = None
    """At bus 2; if not given, a resistance that draws the load's current."""

    def __post_init__(self) -> None:
        _number("the nominal voltage", self.nominal_voltage, "V", above=0)
        _number("the load current", self.load_current, "A", least=0)
        _number("the capacitance at bus 1", self.capacitance_1, "F", above=0)
        _number("the capacitance at bus 2", self.capacitance_2, "F", above=0)
        _number("the inductance of the cable", self.cable_inductance, "H", above=0)
        _number("the resistance of the cable", self.cable_resistance, "ohm", least=0)
        _number("the inductance of a reactor", self.reactor_inductance, "H", least=0)
        _number("the resistance of a reactor", self.reactor_resistance, "ohm", least=0)
        if min(self.before[1:]) <= 0:
            _, one, two = self.before
            raise BadInput(
                f"before the event the buses have {one:.4g} V and {two:.4g} V: expected more"
                " than 0; choose a smaller load or a lower resistance"
            )

    @property
    def resistance(self) -> float:
        """Of cable and reactors together [ohm]."""
        return self.cable_resistance + 2 * self.reactor_resistance

    @property
    def highest_fault_resistance(self) -> float:
        """Equation (4) of the chapter, which means the most that a fault may have [ohm]:
        what a quarter of the load current needs to flow at nominal voltage.

        >>> round(SET_B.highest_fault_resistance, 2)
        112.94
        """
        return 4 * self.nominal_voltage / self.load_current if self.load_current else inf

    @cached_property
    def terminals(self) -> tuple[Terminal, Terminal]:
        """What stands at the two buses."""
        received = self.nominal_voltage - self.resistance * self.load_current
        if self.terminal_2 is None and received <= 0:
            raise BadInput(
                f"{self.load_current:g} A through {self.resistance:g} ohm lose all of"
                f" {self.nominal_voltage:g} V: choose a smaller load or a lower resistance"
            )
        return (
            self.terminal_1 or constant_current(self.load_current),
            self.terminal_2 or Terminal(shunt=self.load_current / received),
        )

    @cached_property
    def before(self) -> tuple[float, float, float]:
        """The current from bus 1 to bus 2 [A] and the two bus voltages [V] at rest.

        A line at which nothing feeds and nothing draws rests at its nominal voltage.
        """
        one, two = self.terminals
        total = one.shunt + two.shunt + self.resistance * one.shunt * two.shunt
        if one == two == Terminal():
            return 0.0, self.nominal_voltage, self.nominal_voltage
        if abs(total) <= 1e-12 * (abs(one.shunt) + abs(two.shunt)):
            raise BadInput(
                "nothing holds the voltage of the line: give a bus a droop or a resistive load"
            )
        at_2 = (two.source + one.source + self.resistance * one.shunt * two.source) / total
        current = two.shunt * at_2 - two.source
        return current, at_2 + self.resistance * current, at_2

    def mirrored(self) -> "Line":
        """The same line seen from its other end."""
        one, two = self.terminals
        return replace(
            self,
            capacitance_1=self.capacitance_2,
            capacitance_2=self.capacitance_1,
            terminal_1=two,
            terminal_2=one,
        )


SET_B = Line(
    nominal_voltage=48.0,
    load_current=1.7,
    capacitance_1=4.7e-3,
    capacitance_2=4.7e-3,
    cable_inductance=0.8e-3,
    cable_resistance=0.6,
    reactor_inductance=0.4e-3,
)
"""The recommended parameters: a short cable with a reactor at each end. Fitted."""

SET_U = replace(SET_B, cable_inductance=2.0e-3, cable_resistance=1.0, reactor_inductance=0.0)
"""The chapter's uniform line. Fitted; it is implausibly long for 48 V."""

SETS = {"B": SET_B, "U": SET_U}
"""The fitted lines by name."""


@dataclass(frozen=True)
class Fault:
    """A fault to ground.

    ``location`` between 0 and 1 is on the line, as a fraction of the cable from bus 1: an
    **internal** fault. 1 is bus 2 itself and 1.5 the middle of a next line of the same make
    behind its reactor; 0 is bus 1 and -0.5 the middle of a line before it: **external**
    faults. The far end of such a neighbour feeds nothing.

    Raises :class:`~energychain.primitives.refusals.BadInput` unless the resistance is
    positive and at most :data:`HIGHEST_RESISTANCE`, and the location between -1 and 2.
    """

    resistance: float
    """[ohm]"""

    location: float

    def __post_init__(self) -> None:
        _number("the resistance of a fault", self.resistance, "ohm", above=0)
        if self.resistance > HIGHEST_RESISTANCE:
            raise BadInput(
                f"a fault of {self.resistance:g} ohm hardly draws a current: expected at most"
                f" {HIGHEST_RESISTANCE:g}, or None for a healthy line"
            )
        _number("the location of a fault", self.location, "fractions of the line")
        if not -1 < self.location < 2:
            raise BadInput(
                "a fault lies on the line (0 to 1, from bus 1), on the one beyond bus 2 (1 to 2)"
                f" or on the one behind bus 1 (-1 to 0), not at {self.location:g}"
            )

    @property
    def internal(self) -> bool:
        """Whether it is on the line itself."""
        return 0 < self.location < 1


@dataclass(frozen=True)
class LoadStep:
    """A resistive load that is switched on, or off if its current is negative."""

    current: float
    """What it draws at nominal voltage [A]."""

    bus: Literal[1, 2] = 2

    def __post_init__(self) -> None:
        _number("the current of a load step", self.current, "A")
        if self.bus not in (1, 2):
            raise BadInput(f"a load step happens at bus 1 or 2, not at {self.bus!r}")


@dataclass(frozen=True)
class Event:
    """A diode begins or ceases to conduct."""

    name: str
    """``D1_on``, ``D1_off``, ``D2_on`` or ``D2_off``."""

    time: float
    """[s]"""

    @property
    def ms(self) -> float:
        """In [ms]."""
        return self.time * 1e3


@dataclass(frozen=True)
class Peak:
    """The maximum of a quantity over the window."""

    value: float
    """[A] or [V]"""

    time: float
    """[s]"""

    @property
    def ms(self) -> float:
        """In [ms]."""
        return self.time * 1e3


@dataclass(frozen=True)
class Energy:
    """Where the energy went, from the event to some time [J].

    ``sources`` is what the constant parts of the terminals fed in. It equals the sum of
    ``shunts``, ``cables``, ``fault`` and ``stored``; the ideal diodes take none.
    """

    sources: float
    shunts: float
    cables: float

    fault: float
    """What the fault let through."""

    stored: float
    """By how much the energy of capacitors and inductances has grown."""


@dataclass(frozen=True, eq=False)
class Sweep:
    """The waveforms of many faults on one line; the first axis of an array counts them."""

    line: Line

    resistance: FloatArray
    """Of each fault [ohm], infinite where there is none: (n,)."""

    outputs: dict[Quantity, FloatArray]
    """Each quantity as a row over the state of its circuit: (n, 5)."""

    shunt: FloatArray
    """The conductances at the buses [S], without a fault's: (n, 2)."""

    in_cables: FloatArray
    """The resistances of the two branches [ohm], without the fault's: (n, 2)."""

    paths: Paths

    def __len__(self) -> int:
        """How many faults there are."""
        return len(self.resistance)

    @property
    def time(self) -> FloatArray:
        """The grid [s]."""
        return self.paths.time

    @property
    def ms(self) -> FloatArray:
        """The grid [ms]."""
        return self.time * 1e3

    def of(self, quantity: Quantity) -> FloatArray:
        """A quantity on the grid: (n, N + 1)."""
        return self.paths.values(self.outputs[quantity])

    def at(self, times: Sequence[float] | FloatArray) -> dict[Quantity, FloatArray]:
        """All quantities at any times within the window [s]: (n, k) each.

        Raises :class:`~energychain.primitives.refusals.BadInput` for other times.
        """
        moments = np.atleast_1d(np.asarray(times, dtype=np.float64))
        end = float(self.time[-1])
        inside = (moments >= 0) & (moments <= end)
        if not inside.all():
            outside = moments[~inside][0]
            raise BadInput(f"{outside * 1e3:g} ms is not in the window of 0 to {end * 1e3:g} ms")
        states = self.paths.at(moments)
        return {each: sums("nkj,nj->nk", states, self.outputs[each]) for each in QUANTITIES}

    def peaks(self, quantity: Quantity) -> tuple[FloatArray, FloatArray]:
        """The maximum of a quantity over the window and its time [s]: (n,) each.

        It is found between the points of the grid.
        """
        return self.paths.highest(self.outputs[quantity])

    def rule6(self, highest_resistance: float | None = None) -> FloatArray:
        r"""When Equation (6) of the chapter is first true, in continuous time [s]: (n,).

        With both currents into the line and :math:`S_T = 1` it reads

        .. math:: \frac{d(i_1 + i_2)}{dt} + \frac{i_1}{C R_{f,max}} \le 0

        so it restrains while the fault current rises, and trips just after its peak. C is
        the capacitance at bus 1, where :math:`i_1` is measured; :math:`R_{f,max}` [ohm] is
        Equation (4)'s unless given. NaN where it is not true within the window.

        Raises :class:`~energychain.primitives.refusals.BadInput` unless the resistance is
        positive.
        """
        if highest_resistance is None:
            highest_resistance = self.line.highest_fault_resistance
        if isnan(highest_resistance) or highest_resistance <= 0:
            raise BadInput(
                f"the highest fault resistance must be more than 0 ohm, not {highest_resistance!r}"
            )
        one, two = self.outputs["i1"], self.outputs["i2"]
        slopes = sums("nk,nmkl->nml", one + two, self.paths.circuits.rates)
        small = one / (self.line.capacitance_1 * highest_resistance)
        return self.paths.first_fall(slopes + small[:, None])

    def energies(self, until: float | None = None) -> dict[str, FloatArray]:
        """The parts of :class:`Energy` up to a time [s], or to the end: (n,) each [J]."""
        end = float(self.time[-1])
        until = end if until is None else until
        _number("the time of an energy", until, "s", least=0)
        if until > end:
            raise BadInput(f"{until * 1e3:g} ms is after the window's end, {end * 1e3:g} ms")
        row, squares = self.paths.squares(until)
        total = np.zeros((len(self), 5, 5))
        np.add.at(total, row, squares)
        scale, circuits = self.paths.circuits.scale, self.paths.circuits
        physical = total / scale[:, :, None] / scale[:, None, :]
        own = physical[:, [0, 1, 2, 3], [0, 1, 2, 3]]
        through = sums("ni,nij,nj->n", self.outputs["i_f"], total, self.outputs["i_f"])
        states = self.paths.at(np.array([0.0, until]))[..., :4]
        stored = np.sum(states**2, axis=2) / 2
        return {
            "sources": np.sum(circuits.source * physical[:, 2:4, 4], axis=1),
            "shunts": np.sum(self.shunt * own[:, 2:], axis=1),
            "cables": np.sum(self.in_cables * own[:, :2], axis=1),
            "fault": np.where(np.isinf(self.resistance), 0.0, self.resistance) * through,
            "stored": stored[:, 1] - stored[:, 0],
        }

    def events(self) -> tuple[tuple[Event, ...], ...]:
        """When the diodes switch, in order of time, for each fault."""
        found: list[list[Event]] = [[] for _ in range(len(self))]
        paths = self.paths
        for row, code, time in zip(
            paths.event_row, paths.event_code, paths.event_time, strict=True
        ):
            found[row].append(Event(EVENTS[code], float(time)))
        return tuple(tuple(each) for each in found)


@dataclass(frozen=True, eq=False)
class Waveforms:
    """What happens on a line in one case: currents into the line, bus voltages, events."""

    line: Line

    case: Fault | LoadStep | None
    """None is a healthy line."""

    sweep: Sweep
    """This case alone."""

    def __repr__(self) -> str:
        return f"<waveforms of {self.case or 'a healthy line'} over {self.ms[-1]:g} ms>"

    @property
    def time(self) -> FloatArray:
        """The grid [s]."""
        return self.sweep.time

    @property
    def ms(self) -> FloatArray:
        """The grid [ms]."""
        return self.sweep.ms

    def _own(self, values: FloatArray) -> FloatArray:
        own: FloatArray = values[0]
        return own

    @cached_property
    def i1(self) -> FloatArray:
        """Into the line at bus 1 [A]."""
        return self._own(self.sweep.of("i1"))

    @cached_property
    def i2(self) -> FloatArray:
        """Into the line at bus 2 [A]."""
        return self._own(self.sweep.of("i2"))

    @cached_property
    def v1(self) -> FloatArray:
        """Of bus 1 [V]."""
        return self._own(self.sweep.of("v1"))

    @cached_property
    def v2(self) -> FloatArray:
        """Of bus 2 [V]."""
        return self._own(self.sweep.of("v2"))

    @cached_property
    def i_f(self) -> FloatArray:
        """Into the fault [A]."""
        return self._own(self.sweep.of("i_f"))

    @cached_property
    def d1(self) -> FloatArray:
        """Through the diode at bus 1 [A]."""
        return self._own(self.sweep.paths.diode_currents(0))

    @cached_property
    def d2(self) -> FloatArray:
        """Through the diode at bus 2 [A]."""
        return self._own(self.sweep.paths.diode_currents(1))

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """When the diodes switch, in order of time."""
        return self.sweep.events()[0]

    @cached_property
    def peaks(self) -> dict[Quantity, Peak]:
        """The maximum of each quantity over the window, found between the points of the grid."""
        found = {each: self.sweep.peaks(each) for each in QUANTITIES}
        return {each: Peak(float(top[0]), float(when[0])) for each, (top, when) in found.items()}

    def at(self, times: Sequence[float] | FloatArray) -> dict[Quantity, FloatArray]:
        """All quantities at any times within the window [s].

        Raises :class:`~energychain.primitives.refusals.BadInput` for other times.
        """
        return {name: values[0] for name, values in self.sweep.at(times).items()}

    def rule6(self, highest_resistance: float | None = None) -> float | None:
        """When :meth:`Sweep.rule6` is first true [s], or None."""
        when = float(self.sweep.rule6(highest_resistance)[0])
        return None if isnan(when) else when

    def energy(self, until: float | None = None) -> Energy:
        """Where the energy went up to a time [s], or to the end of the window."""
        return Energy(**{name: float(part[0]) for name, part in self.sweep.energies(until).items()})


def solve(
    line: Line,
    case: Fault | LoadStep | None,
    window: float = WINDOW,
    step: float = STEP,
) -> Waveforms:
    """What happens on a line after a fault, a load step or nothing, at time 0.

    ``window`` and ``step`` are in [s]; the step sets the grid that is shown, not how exact
    the answer is. The 10 ohm fault of the chapter's section 7.1, "approximately 4 A":

    >>> peak = solve(SET_B, Fault(resistance=10.0, location=0.5)).peaks["i1"]
    >>> print(f"{peak.value:.5f} A at {peak.ms:.5f} ms")
    4.03284 A at 0.30719 ms

    Raises :class:`~energychain.primitives.refusals.BadInput` for a window that is not a
    whole number of steps.
    """
    resistance, location, added = inf, 0.5, Terminal()
    if isinstance(case, Fault):
        resistance, location = case.resistance, case.location
    elif isinstance(case, LoadStep):
        added = Terminal(shunt=case.current / line.nominal_voltage)
    elif case is not None:
        raise BadInput(f"expected a fault, a load step or None, not {case!r}")
    bus = case.bus if isinstance(case, LoadStep) else 2
    one, two = line.terminals
    terminals = (one + added, two) if bus == 1 else (one, two + added)
    sweep = _solve(line, terminals, np.array([resistance]), np.array([location]), window, step)
    return Waveforms(line, case, sweep)


def solve_many(
    line: Line,
    resistance: Sequence[float] | FloatArray,
    location: Sequence[float] | FloatArray,
    window: float = WINDOW,
    step: float = STEP,
) -> Sweep:
    """What happens after each of many faults, with resistances [ohm] and locations as those
    of :class:`Fault`; one of each per fault, or one for all.

    >>> tops, _ = solve_many(SET_B, [0.5, 1.0, 2.0], 0.33).peaks("i1")
    >>> tops.round(2)
    array([38.92, 24.74, 14.6 ])

    Raises :class:`~energychain.primitives.refusals.BadInput` as :class:`Fault` and
    :func:`solve` do.
    """
    try:
        ohms, places = np.broadcast_arrays(
            np.asarray(resistance, dtype=np.float64), np.asarray(location, dtype=np.float64)
        )
    except ValueError as problem:
        raise BadInput(f"expected as many resistances as locations: {problem}") from None
    ohms, places = np.atleast_1d(ohms).ravel(), np.atleast_1d(places).ravel()
    good = (
        np.isfinite(ohms) & (ohms > 0) & (ohms <= HIGHEST_RESISTANCE) & (places > -1) & (places < 2)
    )
    if not good.all():
        worst = int(np.argmin(good))
        Fault(float(ohms[worst]), float(places[worst]))  # says what is wrong with it
    return _solve(line, line.terminals, ohms, places, window, step)


def _solve(
    line: Line,
    terminals: tuple[Terminal, Terminal],
    resistance: FloatArray,
    location: FloatArray,
    window: float,
    step: float,
) -> Sweep:
    """``resistance`` is infinite on a healthy line."""
    steps = _steps(window, step)
    faulty = np.isfinite(resistance)
    internal = faulty & (location > 0) & (location < 1)
    at_bus = faulty & ((location == 0) | (location == 1))
    outside = faulty & ~internal & ~at_bus
    ohms = np.where(faulty, resistance, 0.0)
    behind = location <= 0

    # The first branch is the piece at bus 1, or the whole line; the second is the piece at
    # bus 2, the neighbour's piece up to the fault, or nothing at all.
    away = np.where(behind, -location, location - 1)
    part = np.stack([np.where(internal, location, 1.0), np.where(internal, 1 - location, away)], 1)
    ends = np.stack([np.where(internal, 1.0, 2.0), np.ones_like(location)], axis=1)
    inductance = part * line.cable_inductance + ends * line.reactor_inductance
    in_cables = part * line.cable_resistance + ends * line.reactor_resistance
    no_branch = ~(internal | outside)
    inductance[no_branch, 1], in_cables[no_branch, 1] = line.cable_inductance, 0.0

    if inductance.min() < LEAST_INDUCTANCE:
        raise BadInput(
            f"a fault at {location[np.argmin(inductance.min(axis=1))]:g} is too near a bus: less"
            f" than {LEAST_INDUCTANCE:g} H lie between; place it at the bus, or farther away"
        )
    through = np.stack([internal, internal | outside], axis=1).astype(np.float64)
    common = ohms[:, None, None] * through[:, :, None] * through[:, None, :]
    incidence = np.zeros((len(resistance), 2, 2))
    incidence[:, 0, 0] = 1.0
    incidence[~internal, 1, 0] = -1.0
    incidence[:, 1, 1] = internal | (outside & ~behind)
    incidence[:, 0, 1] = outside & behind

    shunt = np.tile([each.shunt for each in terminals], (len(resistance), 1))
    of_fault = np.zeros_like(shunt)
    of_fault[at_bus, np.where(behind, 0, 1)[at_bus]] = 1 / resistance[at_bus]
    circuits = Circuits(
        inductance,
        common + in_cables[:, :, None] * np.eye(2),
        incidence,
        np.tile([line.capacitance_1, line.capacitance_2], (len(resistance), 1)),
        np.tile([each.source for each in terminals], (len(resistance), 1)),
        shunt + of_fault,
    )
    current, before_1, before_2 = line.before
    start = np.tile([current, 0.0, before_1, before_2], (len(resistance), 1))
    start[internal, 1] = -current

    outputs = {name: np.zeros((len(resistance), 5)) for name in QUANTITIES}
    outputs["i1"][:, 0] = 1.0
    outputs["i2"][np.arange(len(resistance)), internal.astype(np.int64)] = np.where(
        internal, 1.0, -1.0
    )
    outputs["v1"][:, 2] = outputs["v2"][:, 3] = 1.0
    outputs["i_f"][:, :2] = through
    outputs["i_f"][:, 2:4] = of_fault
    outputs = {name: row / circuits.scale for name, row in outputs.items()}
    paths = follow(circuits, start, window, steps)
    return Sweep(line, resistance, outputs, shunt, in_cables, paths)


def _steps(window: float, step: float) -> int:
    _number("the window", window, "s", above=0)
    _number("the step", step, "s", above=0)
    if window / step > MOST_STEPS:
        raise BadInput(f"the window has more than {MOST_STEPS:,} steps: choose longer ones")
    steps = round(window / step)
    if steps < 1 or abs(steps * step - window) > 1e-9 * window:
        raise BadInput(
            f"a window of {window * 1e3:g} ms is not a whole number of steps of {step * 1e3:g} ms"
        )
    return steps
