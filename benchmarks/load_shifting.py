"""
The two-stage market on many homes: against a second, and for a year against the bare numpy
passes over the same arrays, measured day by day in turn.

The year runs in a process of its own, so that its memory can be told: ``python -m
benchmarks.load_shifting`` prints seconds of ours, seconds of the floor, and the peak in GB.
"""

import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from time import perf_counter

import numpy as np

from benchmarks.timing import Result, best
from energychain.studies.community import Community, community, packaged_days
from energychain.studies.load_shifting import run

HOMES, DAYS = 10_000, 365


def both_stages(homes: int = 1_000) -> Result:
    """A day of many homes: bids, both settlements, bills; against a second."""
    street = community(packaged_days()[180], homes)
    seconds, _ = best(lambda: run(street).bills, lambda: None)
    return Result(f"{homes:,} homes x 24 h, both stages, in s", seconds, 1.0, 1.0)


def bidding(day: int) -> Community:
    """A day of homes whose bids differ, so that there is something to sort."""
    days = packaged_days()
    homes = community(days[day % len(days)], HOMES, day)
    worth = np.random.default_rng(day).uniform(0.9, 1.2, homes.load.shape)
    return replace(homes, value=homes.import_price * worth)


def bare(homes: Community) -> np.ndarray:
    """The passes that no vectorised clearing and rescheduling can do without: hours in rows,
    sort, two takes, a sum, what each trades; then room, take, sum, fill and put back.
    """
    sells = homes.renewable.any(axis=1)
    bids, offered = homes.value, homes.renewable[sells]
    limits = np.concatenate([np.zeros(offered.shape), np.minimum(bids, homes.import_price)]).T
    limits, quantities = limits.copy(), np.concatenate([offered, homes.load]).T.copy()
    order = limits.argsort(axis=1, kind="stable")
    ranked = np.take_along_axis(limits, order, axis=1)
    excess = np.take_along_axis(quantities, order, axis=1).cumsum(axis=1)
    crossing = (excess >= homes.demand[:, None]).argmax(axis=1)
    price = np.take_along_axis(ranked, crossing[:, None], axis=1)
    np.where(limits < price, quantities, 0)
    np.where(limits == price, quantities, 0)

    movable = homes.movable * (np.arange(HOMES) % 5 < 3)[:, None]
    fixed = homes.load - movable
    room = homes.limit - fixed
    cheapest = homes.import_price.argsort(kind="stable")
    sorted_room = room[:, cheapest]
    upto = sorted_room.cumsum(axis=1)
    left = movable.sum(axis=1)[:, None] - upto + sorted_room
    put = np.empty_like(room)
    put[:, cheapest] = np.minimum(np.maximum(left, 0), sorted_room)
    return fixed + put


def year() -> tuple[float, float, float]:
    """Seconds of ours and of the floor, and the largest memory of the process [GB]; what homes
    use in the end is kept for the whole year.
    """
    kept = np.empty((HOMES, DAYS * 24), dtype=np.int32)
    times = [0.0, 0.0]
    for day in range(DAYS):
        homes = bidding(day)
        start = perf_counter()
        load = run(homes).load
        between = perf_counter()
        bare(homes)
        times = [times[0] + between - start, times[1] + perf_counter() - between]
        kept[:, day * 24 : day * 24 + 24] = load
    return times[0], times[1], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


@cache
def _year() -> tuple[float, float, float]:
    command = [sys.executable, "-m", "benchmarks.load_shifting"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    ours, floor, memory = map(float, told)
    return ours, floor, memory


def whole_year() -> Result:
    """First settlement and rescheduling, against the bare passes."""
    ours, floor, _ = _year()
    return Result(f"{HOMES:,} homes x {DAYS * 24:,} h, one stage each", ours, floor, 3)


def memory() -> Result:
    """What the year takes, against 2 GB."""
    return Result("the same: memory, in GB of 2", _year()[2], 2.0, 1.0)


WORKS: tuple[Callable[[], Result], ...] = (both_stages, whole_year, memory)
"""The lines of the table."""


if __name__ == "__main__":
    print(*year())
