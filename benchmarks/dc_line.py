"""Faults on a DC line, solved by the thousand, against an ODE solver fault by fault."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from benchmarks.timing import Result, best
from energychain.grid.dc_line import SET_B, STEP, WINDOW, solve_many
from energychain.grid.dc_search import FloatArray

FAULTS = 1_000
STEPPED = 25
"""So many of them are given to the ODE solver."""

TOLERANCE = 1e-8

AT_LEAST = 20
"""How many times faster a fault must be solved."""


def random_faults() -> tuple[FloatArray, FloatArray]:
    """Resistances [ohm], evenly spread by their logarithm, and places on the line."""
    random = np.random.default_rng(2020)
    return 10 ** random.uniform(-1, 1, FAULTS), random.uniform(0.05, 0.95, FAULTS)


def stepped(circuit: tuple[FloatArray, FloatArray, FloatArray], method: str) -> int:
    """A fault by scipy, started again at each event; how many events there were.

    It is given the matrices of the four modes, the guards and the state before the fault.
    """
    rates, guards, state = circuit
    grid = np.linspace(0, WINDOW, round(WINDOW / STEP) + 1)
    time, mode, events = 0.0, 0, 0
    while time < WINDOW:
        matrix, constant = rates[mode, :4, :4], rates[mode, :4, 4]

        def watch(bus: int, mode: int = mode) -> Callable[[float, FloatArray], float]:
            row, offset = guards[mode, bus, :4], guards[mode, bus, 4]

            def value(_: float, z: FloatArray) -> float:
                return float(row @ z + offset)

            value.terminal, value.direction = True, -1  # type: ignore[attr-defined]
            return value

        def rate(
            _: float, z: FloatArray, matrix: Any = matrix, constant: Any = constant
        ) -> FloatArray:
            return matrix @ z + constant

        found = solve_ivp(
            rate,
            (time, WINDOW),
            state[:4],
            method=method,
            rtol=TOLERANCE,
            atol=1e-10,
            t_eval=grid[grid >= time],
            events=[watch(0), watch(1)],
        )
        if found.status != 1:
            break
        for bus in (0, 1):
            if len(found.t_events[bus]):
                time, state = float(found.t_events[bus][0]), found.y_events[bus][0].copy()
                mode, events = mode ^ (1 << bus), events + 1
                state[2 + bus] = 0.0
    return events


def faults() -> Result:
    """A fault among a thousand, with its events, against the quickest of scipy's methods."""
    ohms, places = random_faults()
    paths = solve_many(SET_B, ohms, places).paths
    circuits = list(
        zip(paths.circuits.rates, paths.circuits.guards, paths.states[:, 0], strict=True)
    )[:STEPPED]

    def each(method: str) -> None:
        for circuit in circuits:
            stepped(circuit, method)

    times = {
        method: best(lambda: solve_many(SET_B, ohms, places), lambda m=method: each(m), 3)
        for method in ("RK45", "DOP853", "LSODA")
    }
    ours = min(pair[0] for pair in times.values()) / FAULTS
    theirs = min(pair[1] for pair in times.values()) / STEPPED
    return Result(
        f"a DC fault of {FAULTS:,} (bar: 1/{AT_LEAST} of scipy)", ours, theirs, 1 / AT_LEAST
    )


WORKS: tuple[Callable[[], Result], ...] = (faults,)
"""The lines of the table."""
