"""
The four figures of Bayati, Hajizadeh & Soltani (2020), chapter 11 of Shafie-khah (ed.),
*Blockchain-based Smart Grids*, section 7.1, and the lines and relays that were chosen so that
they come out.

Ours agrees with them because eleven numbers were free to choose (:data:`FREE`): nothing is
validated by that, and two lines of very different make do equally well (:data:`FITS`).
:func:`sensitivities` says how much each figure owes to each choice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from types import MappingProxyType
from typing import NamedTuple

from energychain.grid.dc_line import SET_B, SET_U, WINDOW, Fault, Line, Waveforms, solve
from energychain.grid.relay import Sampling, isolation_over_phases

LITERAL = "literal"

HARD, SOFT = Fault(resistance=1.0, location=0.33), Fault(resistance=10.0, location=0.5)
"""The two faults of section 7.1."""


@dataclass(frozen=True)
class Fit:
    """A line and a relay that were chosen together."""

    line: Line
    sampling: Sampling


FITS: Mapping[str, Fit] = MappingProxyType(
    {
        "B": Fit(SET_B, Sampling()),
        "U": Fit(SET_U, Sampling(consecutive=2, breaker_s=50e-6)),
    }
)
"""The two sets of numbers that agree with the chapter's four figures."""

SHORT_WINDOW = 0.4 * WINDOW
"""It holds the peaks and the trips, and saves time where many lines are tried [s]."""


@dataclass(frozen=True)
class Free:
    """A number that the chapter does not give, so that it was free to choose."""

    name: str
    part: str
    """``line`` or ``sampling``."""

    fields: tuple[str, ...]
    """What it is called there."""

    whole: bool = False
    """Whether it is a count, which changes by 1 and not by a fraction."""


FREE = (
    Free("V_n", "line", ("nominal_voltage",)),
    Free("I_load", "line", ("load_current",)),
    Free("C", "line", ("capacitance_1", "capacitance_2")),
    Free("L of the cable", "line", ("cable_inductance",)),
    Free("R of the cable", "line", ("cable_resistance",)),
    Free("L of the reactors", "line", ("reactor_inductance",)),
    Free("sampling rate", "sampling", ("rate_hz",)),
    Free("periods per slope", "sampling", ("steps",), whole=True),
    Free("samples in a row", "sampling", ("consecutive",), whole=True),
    Free("link", "sampling", ("link_s",)),
    Free("breaker", "sampling", ("breaker_s",)),
)
"""All that was free. Of V_n section 2 says that 48 V is typical."""


class Figures(NamedTuple):
    """The four figures of section 7.1."""

    peak_25: float
    """The highest current at bus 1 in the 1 ohm fault [A]."""

    peak_4: float
    """In the 10 ohm fault [A]."""

    clear_1: float
    """Until the 1 ohm fault is isolated [ms]."""

    clear_10: float
    """Until the 10 ohm fault is isolated [ms]."""


@lru_cache(maxsize=64)
def _solved(line: Line, case: Fault, window: float) -> Waveforms:
    return solve(line, case, window)


@cache
def figures(fit: Fit, relay: str = LITERAL, window: float = WINDOW) -> Figures:
    """The four figures of section 7.1 for a line and a relay.

    A clearing time is the mean over where the event falls between two samples, for the
    chapter does not say where it did. NaN where the relay does not trip in each of them.

    >>> found = figures(FITS["B"])
    >>> print(f"{found.peak_25:.2f} A, {found.peak_4:.2f} A")
    24.74 A, 4.03 A
    >>> print(f"{found.clear_1:.3f} ms, {found.clear_10:.3f} ms")
    1.412 ms, 0.494 ms
    """
    hard, soft = (_solved(fit.line, case, window) for case in (HARD, SOFT))
    times = (isolation_over_phases(waves, relay, fit.sampling) for waves in (hard, soft))
    peaks = (float(waves.sweep.peaks("i1")[0][0]) for waves in (hard, soft))
    return Figures(*peaks, *(float(each.mean()) * 1e3 for each in times))


def changed(fit: Fit, free: Free, change: float) -> Fit | None:
    """A fit with one number changed by a fraction, or by a count.

    None where that is no change: a count would become 0, or the number is 0.
    """
    now = {name: getattr(getattr(fit, free.part), name) for name in free.fields}
    new = {
        name: value + change if free.whole else value * (1 + change) for name, value in now.items()
    }
    if new == now or min(new.values()) <= 0:
        return None
    if free.part == "line":
        return replace(fit, line=replace(fit.line, **new))
    return replace(fit, sampling=replace(fit.sampling, **new))


def sensitivities(
    line: Line = SET_B, sampling: Sampling = FITS["B"].sampling, fraction: float = 0.2
) -> list[dict[str, str | float]]:
    """The four figures when each free number is changed by a fraction, one at a time.

    A row has ``parameter``, ``change`` and the :class:`Figures`. Counts change by one;
    what cannot change has no row.

    >>> for row in sensitivities():
    ...     if row["parameter"] == "breaker":
    ...         print(row["change"], f"{row['clear_1']:.3f} ms")
    -20% 1.392 ms
    +20% 1.432 ms
    """
    rows: list[dict[str, str | float]] = []
    for free in FREE:
        for change in (-1, 1) if free.whole else (-fraction, fraction):
            fit = changed(Fit(line, sampling), free, change)
            if fit is not None:
                text = f"{change:+d}" if free.whole else f"{change:+.0%}"
                values = figures(fit, window=SHORT_WINDOW)._asdict()
                rows.append({"parameter": free.name, "change": text, **values})
    return rows
