"""One line of the table, and how it is measured."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

RUNS = 5


@dataclass(frozen=True)
class Result:
    """One line of the table."""

    work: str
    ours: float
    """[s]"""

    floor: float
    """[s]"""

    bar: float
    """The most that ours / floor may be."""

    @property
    def ratio(self) -> float:
        """Ours in floors."""
        return self.ours / self.floor

    @property
    def met(self) -> bool:
        """Whether the bar is reached."""
        return self.ratio <= self.bar


def best(
    ours: Callable[[], object], floor: Callable[[], object], runs: int = RUNS
) -> tuple[float, float]:
    """The least time of each, measured in turn so that both meet the same machine."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        for times_of, work in zip(times, (ours, floor), strict=True):
            start = perf_counter()
            work()
            times_of.append(perf_counter() - start)
    return min(times[0]), min(times[1])
