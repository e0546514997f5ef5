r"""
Two buses and two inductive branches, with a diode across each bus: solved exactly.

Bus :math:`k` has a capacitor :math:`C_k`, a diode that keeps its voltage from turning
negative, a source :math:`J_k` and a shunt :math:`G_k`. Branch :math:`j` has an inductance
:math:`L_j`; the matrix :math:`N` says which branch leaves which bus, and :math:`\rho` the
resistances that the branches have, alone and in common:

.. math:: L\,i' = N^T v - \rho\,i, \qquad C\,v' = J - G\,v - N\,i

While a diode conducts, its voltage is 0 and its current is :math:`(N i)_k - J_k`. So the
circuit is linear in each of four **modes**, and its solution in a mode is a matrix
exponential. Only the instants at which a diode begins or ceases to conduct must be
searched for.

The state is written in **energy coordinates**, :math:`z = (\sqrt{L}\,i, \sqrt{C}\,v, 1)`,
in which :math:`z' = M z`. There :math:`\lVert z' \rVert` cannot grow while no
shunt is negative (and no faster than a negative one makes it), which bounds how far any
current or voltage can bend between two instants: no event is missed, however short.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from energychain.grid.dc_search import (
    BoolArray,
    FloatArray,
    IntArray,
    Stretches,
    along,
    change_over,
    doublings_of,
    first_fall,
    highest,
    length,
    sums,
    up_to_first,
)
from energychain.primitives.refusals import Refusal

MODES = 4
"""Mode 0: no diode conducts; 1: the first; 2: the second; 3: both."""

EVENTS = ("D1_on", "D1_off", "D2_on", "D2_off")
"""The names of the events, by code."""

CUT = -1
"""Stands for the mode of a step in which something switches."""

MOST_EVENTS = 1_000
"""A circuit that switches more often is refused."""

BLOCK = 8
"""For so many steps one bound of the speed is worked out."""

TOGETHER = 1e-13
"""Diodes that switch within so short a time switch at once [s]."""

AT_ONCE = 256
"""So many circuits are followed together: their states fit into the processor's cache."""


class TooManyEvents(Refusal):
    """The diodes of a circuit switch without end."""

    rule = "too many events"


@dataclass(frozen=True, eq=False)
class Circuits:
    """Any number of circuits; the first axis of each array counts them."""

    inductance: FloatArray
    """Of each branch [H]: (n, 2)."""

    resistance: FloatArray
    r"""The matrix :math:`\rho` [ohm]: (n, 2, 2), symmetric, never negative."""

    incidence: FloatArray
    """The matrix N: (n, 2 buses, 2 branches); 1 if the branch leaves the bus, -1 if it
    arrives, 0 if it does neither.
    """

    capacitance: FloatArray
    """Of each bus [F]: (n, 2)."""

    source: FloatArray
    """The current into each bus [A]: (n, 2)."""

    shunt: FloatArray
    """The conductance across each bus [S]: (n, 2)."""

    def __len__(self) -> int:
        """How many circuits there are."""
        return len(self.inductance)

    @cached_property
    def scale(self) -> FloatArray:
        """What a current, a voltage and 1 are multiplied by in energy coordinates: (n, 5)."""
        roots = np.sqrt(np.concatenate([self.inductance, self.capacitance], axis=1))
        return np.concatenate([roots, np.ones((len(self), 1))], axis=1)

    @cached_property
    def rates(self) -> FloatArray:
        """The matrix M of each mode [1/s]: (n, 4, 5, 5)."""
        root_l, root_c = np.sqrt(self.inductance), np.sqrt(self.capacitance)
        coupling = self.incidence / root_c[:, :, None] / root_l[:, None, :]
        rates = np.zeros((len(self), MODES, 5, 5))
        rates[:, :, :2, :2] = (-self.resistance / root_l[:, :, None] / root_l[:, None, :])[:, None]
        rates[:, :, :2, 2:4] = np.swapaxes(coupling, 1, 2)[:, None]
        rates[:, :, 2:4, :2] = -coupling[:, None]
        for bus in (0, 1):
            rates[:, :, 2 + bus, 2 + bus] = -(self.shunt / self.capacitance)[:, bus, None]
            rates[:, :, 2 + bus, 4] = (self.source / root_c)[:, bus, None]
            for mode in _conducting(bus):
                rates[:, mode, 2 + bus, :] = rates[:, mode, :, 2 + bus] = 0.0
        return rates

    @cached_property
    def guards(self) -> FloatArray:
        """For each mode and bus, what is positive until the diode switches: (n, 4, 2, 5).

        The bus voltage [V] while the diode blocks, the diode's current [A] while it conducts.
        """
        guards = np.zeros((len(self), MODES, 2, 5))
        for bus in (0, 1):
            guards[:, :, bus, 2 + bus] = 1 / self.scale[:, 2 + bus, None]
            guards[:, _conducting(bus), bus] = self.diode_current(bus)[:, None]
        return guards

    def diode_current(self, bus: int) -> FloatArray:
        """The current of a conducting diode, as a row over the state: (n, 5)."""
        row = np.zeros((len(self), 5))
        row[:, :2] = self.incidence[:, bus]
        row[:, 4] = -self.source[:, bus]
        return row / self.scale

    @cached_property
    def growth(self) -> FloatArray:
        """How fast a negative shunt could make the state grow, at most [1/s]: (n,)."""
        fastest: FloatArray = np.maximum(-self.shunt / self.capacitance, 0.0).max(axis=1)
        return fastest


def _grown(growth: FloatArray, time: FloatArray | float) -> FloatArray:
    """By how much a state can have grown; no more than the numbers hold."""
    grown: FloatArray = np.exp(np.minimum(growth * time, 300.0))
    return grown


def _conducting(bus: int) -> list[int]:
    return [mode for mode in range(MODES) if mode >> bus & 1]


@dataclass(frozen=True, eq=False)
class Stages:
    """The times between two events, of all circuits, in order of time for each."""

    row: IntArray
    """Whose it is."""

    mode: IntArray

    start: FloatArray
    """[s]"""

    end: FloatArray
    """[s]"""

    state: FloatArray
    """At the start: (k, 5)."""


@dataclass(frozen=True, eq=False)
class Paths:
    """What happens in each circuit, from time 0 to the end of a window."""

    circuits: Circuits

    time: FloatArray
    """The grid [s], evenly spaced: (N + 1,)."""

    states: FloatArray
    """In energy coordinates: (n, N + 1, 5)."""

    mode: IntArray
    """Of each step of the grid, or :data:`CUT`: (n, N)."""

    pieces: Stretches
    """The steps in which something switches, cut at the events."""

    stages: Stages

    event_row: IntArray
    """Whose event it is, by circuit and then by time."""

    event_code: IntArray
    """Which event it is, of :data:`EVENTS`."""

    event_time: FloatArray
    """[s]"""

    def values(self, watch: FloatArray) -> FloatArray:
        """A quantity, given as a row over the state (n, 5), on the grid: (n, N + 1)."""
        return sums("njk,nk->nj", self.states, watch)

    def diode_currents(self, bus: int) -> FloatArray:
        """The current of a bus's diode on the grid [A]: (n, N + 1).

        Between the events it is 0 or the current that is left; at an event exactly on the
        grid, what it is just after.
        """
        conducting = self.modes_at(self.time) >> bus & 1 == 1
        current: FloatArray = self.values(self.circuits.diode_current(bus)) * conducting
        return current

    def modes_at(self, times: FloatArray) -> IntArray:
        """The mode at each of some times (k,): (n, k)."""
        modes = np.zeros((len(self.circuits), len(times)), dtype=np.int64)
        for row, mode, start in zip(
            self.stages.row, self.stages.mode, self.stages.start, strict=True
        ):
            modes[row, times >= start] = mode
        return modes

    def at(self, times: FloatArray) -> FloatArray:
        """The states at some times (k,) [s]: (n, k, 5)."""
        last = len(self.time) - 2
        step = np.clip(np.searchsorted(self.time, times, side="right") - 1, 0, last)
        base = self.states[:, step]
        after = np.broadcast_to(times - self.time[step], base.shape[:2]).copy()
        mode = self.mode[:, step]
        pieces = self.pieces
        for row, start, left in zip(pieces.row, pieces.start, pieces.left, strict=True):
            later = (times >= start) & (mode[row] == CUT)  # the last piece to begin has its way
            base[row, later] = left
            after[row, later] = times[later] - start
        modes = np.where(mode == CUT, self.modes_at(times), mode)
        rates = self.circuits.rates[np.arange(len(self.circuits))[:, None], modes]
        change = change_over(rates * after[..., None, None])
        return base + sums("nkij,nkj->nki", change, base)

    def _stretches(self, watch: FloatArray, which: BoolArray) -> Stretches:
        """The steps of the grid that are chosen, and all pieces, watching a quantity that is
        given for each mode: (n, 4, 5).
        """
        row, step = np.nonzero(which & (self.mode != CUT))
        mode = self.mode[row, step]
        steps = Stretches(
            row,
            mode,
            self.circuits.rates[row, mode],
            self.circuits.growth[row],
            watch[row, mode],
            self.time[step],
            self.time[step + 1] - self.time[step],
            self.states[row, step],
            self.states[row, step + 1],
        )
        return steps.and_also(self.pieces.watching(watch[self.pieces.row, self.pieces.mode]))

    def _on_steps(self, watch: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """A watched quantity at both ends of each step, and by how much it can leave the
        line between them: (n, N) each.
        """
        mode = np.maximum(self.mode, 0)[..., None]
        values = self.states @ np.swapaxes(watch, 1, 2)
        left = np.take_along_axis(values[:, :-1], mode, axis=2)[..., 0]
        right = np.take_along_axis(values[:, 1:], mode, axis=2)[..., 0]
        bends = length(sums("nmk,nmkl->nml", watch, self.circuits.rates))
        # A diode that switches does not make the state move faster: one speed serves for a
        # block of steps, and the rates of mode 0 serve for all modes.
        starts = self.states[:, :-1:BLOCK] @ np.swapaxes(self.circuits.rates[:, 0], 1, 2)
        width = self.time[1]
        growing = _grown(self.circuits.growth, BLOCK * width) * width**2 / 8
        speed = np.repeat(length(starts) * growing[:, None], BLOCK, axis=1)[:, : left.shape[1]]
        return left, right, speed * np.take_along_axis(bends, mode[..., 0], axis=1)

    def first_fall(self, watch: FloatArray) -> FloatArray:
        """The first time at which a quantity is 0 or less [s], or NaN: (n,).

        ``watch`` gives the quantity as a row over the state, for each mode: (n, 4, 5).
        """
        left, right, slack = self._on_steps(watch)
        possible = np.minimum(left, right) - slack < 0
        possible &= up_to_first((right < 0) & (self.mode != CUT))
        time, _ = first_fall(self._stretches(watch, possible), len(self.circuits))
        time[sums("nk,nk->n", self.states[:, 0], watch[:, 0]) <= 0] = 0.0
        return np.where(np.isinf(time), np.nan, time)

    def highest(self, watch: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The maximum of a quantity over the window, and when: (n,) and (n,) [s].

        ``watch`` gives the quantity as a row over the state: (n, 5).
        """
        values = self.values(watch)
        best = values.max(axis=1)
        scale = np.abs(values).max(axis=1)
        when = self.time[np.argmax(values >= (best - 1e-12 * scale)[:, None], axis=1)]
        watches = np.repeat(watch[:, None], MODES, axis=1)
        left, right, slack = self._on_steps(watches)
        possible = np.maximum(left, right) + slack > best[:, None]
        stretches = self._stretches(watches, possible & (slack > 1e-12 * scale[:, None]))
        return highest(stretches, best, when, scale)

    def squares(self, until: float) -> tuple[IntArray, FloatArray]:
        r"""For each stage whose it is, and :math:`\int z z^T dt` up to a time: (k, 5, 5).

        Every energy is a linear function of it. The integral over twice a time follows
        from the integral over the time, so it is as exact as the exponential itself.
        """
        stages = self.stages
        width = np.clip(np.minimum(stages.end, until) - stages.start, 0.0, None)
        rates = self.circuits.rates[stages.row, stages.mode] * width[:, None, None]
        doublings = doublings_of(rates)
        small = rates / 2.0**doublings
        nodes, weights = np.polynomial.legendre.leggauss(8)
        sums = np.zeros_like(rates)
        for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
            state = stages.state + along(change_over(small * node), stages.state)
            sums += weight * state[:, :, None] * state[:, None, :]
        change = change_over(small)
        for _ in range(doublings):
            moved = change @ sums
            back = np.swapaxes(change, 1, 2)
            sums = 2 * sums + moved + sums @ back + moved @ back
            change = 2 * change + change @ change
        return stages.row, sums * (width / 2.0**doublings)[:, None, None]


def follow(circuits: Circuits, start: FloatArray, window: float, steps: int) -> Paths:
    """The paths of some circuits from their states at time 0, all diodes blocking.

    ``start`` holds the two branch currents [A] and the two bus voltages [V], (n, 4);
    ``window`` [s] is divided into ``steps``.

    Raises :class:`TooManyEvents` if a circuit switches without end.
    """
    log = _Log(
        circuits,
        np.linspace(0.0, window, steps + 1),
        np.empty((len(circuits), steps + 1, 5)),
        np.zeros((len(circuits), steps), dtype=np.int64),
    )
    log.states[:, 0] = np.concatenate([start, np.ones((len(start), 1))], axis=1) * circuits.scale
    for first in range(0, len(circuits), AT_ONCE):
        rows = np.arange(first, min(first + AT_ONCE, len(circuits)))
        stage = _Stage(
            rows,
            np.zeros_like(rows),
            np.zeros(len(rows)),
            log.states[rows, 0],
            np.ones_like(rows),
            np.zeros((len(rows), 2), dtype=np.bool_),
        )
        for _ in range(MOST_EVENTS):
            stage = stage.played(log)
            if not len(stage.row):
                break
        else:
            raise TooManyEvents(
                f"the diodes switch more than {MOST_EVENTS} times: choose a shorter window"
            )
    return log.paths()


@dataclass(frozen=True, eq=False)
class _Log:
    """What is known so far; its arrays and lists fill up."""

    circuits: Circuits
    time: FloatArray
    states: FloatArray
    mode: IntArray
    pieces: list[Stretches] = field(default_factory=list)
    stages: list[Stages] = field(default_factory=list)
    events: list[tuple[IntArray, IntArray, FloatArray]] = field(default_factory=list)

    def paths(self) -> Paths:
        """The whole, in order."""
        pieces = self.pieces[0]
        for more in self.pieces[1:]:
            pieces = pieces.and_also(more)
        pieces = pieces.take(np.lexsort((pieces.start, pieces.row)))
        names = ("row", "mode", "start", "end", "state")
        columns = [np.concatenate([getattr(each, name) for each in self.stages]) for name in names]
        order = np.lexsort((columns[2], columns[0]))
        row, code, time = (np.concatenate([each[i] for each in self.events]) for i in range(3))
        by_time = np.lexsort((code, time, row))
        return Paths(
            self.circuits,
            self.time,
            self.states,
            self.mode,
            pieces,
            Stages(*(column[order] for column in columns)),
            row[by_time],
            code[by_time],
            time[by_time],
        )


@dataclass(frozen=True, eq=False)
class _Stage:
    """Circuits that have just entered a mode."""

    row: IntArray
    mode: IntArray

    start: FloatArray
    """[s]"""

    state: FloatArray

    following: IntArray
    """The first point of the grid after the start."""

    released: BoolArray
    """Whose diodes have just ceased to conduct: (k, 2)."""

    def played(self, log: _Log) -> "_Stage":
        """Write the stage down; what is left enters the next one."""
        rate = log.circuits.rates[self.row, self.mode]
        states = self._ahead(log, rate)
        fall, state = self._falls(log, rate, states)
        end, event = fall.min(axis=1), state[np.arange(len(self.row)), fall.argmin(axis=1)]
        goes_on = end < log.time[-1]
        self._write(log, states, np.minimum(end, log.time[-1]), event, goes_on)

        switches = (fall <= end[:, None] + TOGETHER) & goes_on[:, None]
        conducting = self.mode[:, None] >> np.arange(2) & 1 == 1
        k, bus = np.nonzero(switches)
        log.events.append((self.row[k], 2 * bus + conducting[k, bus], fall[k, bus]))
        event[:, 2:4][switches & ~conducting] = 0.0  # exactly: the diode now holds it there
        step = np.searchsorted(log.time, end, side="right") - 1
        return _Stage(
            self.row[goes_on],
            (self.mode ^ (switches @ np.array([1, 2])))[goes_on],
            end[goes_on],
            event[goes_on],
            step[goes_on] + 1,
            (switches & conducting)[goes_on],
        )

    def _write(
        self,
        log: _Log,
        states: FloatArray,
        end: FloatArray,
        event: FloatArray,
        goes_on: BoolArray,
    ) -> None:
        opens = log.mode[self.row, self.following - 1] == CUT
        for k, (row, point) in enumerate(zip(self.row, self.following, strict=True)):
            log.states[row, point:] = states[k, 1 : len(log.time) - point + 1]
            log.mode[row, point:] = self.mode[k]
        step = np.searchsorted(log.time, end, side="right") - 1
        log.mode[self.row[goes_on], step[goes_on]] = CUT
        log.stages.append(Stages(self.row, self.mode, self.start, end, self.state))

        within = goes_on & (step < self.following)
        first = opens & ~within
        log.pieces.append(
            self._pieces(log, first, self.start, log.time[self.following], self.state, states[:, 1])
        )
        known = np.where(goes_on & ~within, step - self.following + 1, 0)
        since = np.where(within, self.start, log.time[step])
        log.pieces.append(
            self._pieces(log, goes_on, since, end, states[np.arange(len(known)), known], event)
        )

    def _ahead(self, log: _Log, rate: FloatArray) -> FloatArray:
        """The states at the start and at each later point of the grid, if nothing switches."""
        points = len(log.time) - int(self.following.min())
        states = np.empty((len(self.row), points + 1, 5))
        states[:, 0] = self.state
        to_grid = log.time[self.following] - self.start
        states[:, 1] = self.state + along(change_over(rate * to_grid[:, None, None]), self.state)
        change = change_over(rate * log.time[1])
        known = 1
        while known < points:
            more = min(known, points - known)
            from_ = states[:, 1 : 1 + more]
            states[:, 1 + known : 1 + known + more] = from_ + from_ @ np.swapaxes(change, 1, 2)
            change = 2 * change + change @ change
            known += more
        return states

    def _falls(
        self, log: _Log, rate: FloatArray, states: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """When each diode's guard first falls below 0, and the state then: (k, 2), (k, 2, 5)."""
        when, state = np.full(2 * len(self.row), np.inf), np.zeros((2 * len(self.row), 5))
        guards = log.circuits.guards[self.row, self.mode]
        values = states @ np.swapaxes(guards, 1, 2)
        growth, bends = log.circuits.growth[self.row], length(guards @ rate)
        speed = length(along(rate, self.state)) * _grown(growth, log.time[-1] - self.start)
        slack = speed[:, None] * bends * log.time[1] ** 2 / 8
        near = np.nonzero((values.min(axis=1) < slack).any(axis=1))[0]
        if not len(near):
            return when.reshape(-1, 2), state.reshape(-1, 2, 5)

        on_grid = self.following[near, None] + np.arange(states.shape[1] - 1)
        later = log.time[np.minimum(on_grid, len(log.time) - 1)]
        time = np.concatenate([self.start[near, None], later], axis=1)
        width = np.diff(time)
        values = values[near]
        speed = length(states[near, :-1] @ np.swapaxes(rate[near], 1, 2))
        speed *= _grown(growth[near, None], width) * width**2 / 8
        lowest = np.minimum(values[:, :-1], values[:, 1:])
        within = width > 0
        possible = (lowest < speed[..., None] * bends[near, None]) & within[..., None]
        possible &= up_to_first((values[:, 1:] < 0).any(axis=2) & within)[..., None]
        place, point, bus = np.nonzero(possible)
        k = near[place]
        stretches = Stretches(
            2 * k + bus,
            self.mode[k],
            rate[k],
            growth[k],
            guards[k, bus],
            time[place, point],
            width[place, point],
            states[k, point],
            states[k, point + 1],
        )
        released = (point == 0) & self.released[k, bus]
        when, state = first_fall(_after_release(stretches, released), 2 * len(self.row))
        return when.reshape(-1, 2), state.reshape(-1, 2, 5)

    def _pieces(
        self,
        log: _Log,
        which: BoolArray,
        start: FloatArray,
        end: FloatArray,
        left: FloatArray,
        right: FloatArray,
    ) -> Stretches:
        row, mode = self.row[which], self.mode[which]
        return Stretches(
            row,
            mode,
            log.circuits.rates[row, mode],
            log.circuits.growth[row],
            np.zeros((len(row), 5)),
            start[which],
            (end - start)[which],
            left[which],
            right[which].copy(),
        )


def _after_release(stretches: Stretches, released: BoolArray) -> Stretches:
    """Begin a little later where a diode has just ceased to conduct.

    There the voltage and its slope are both 0 and only its bend, b > 0, is not: with a third
    derivative of at most B it stays positive for 3 b / B, and we wait for half as long.
    """
    bends = stretches.slope_watched()
    bend, fastest = bends.slopes[0], bends.bend
    wait = np.where(released & (bend > 0), 1.5 * bend / np.where(fastest > 0, fastest, np.inf), 0)
    return stretches.from_later(np.minimum(wait, stretches.width))
