r"""
Meters: how much energy each member produced and consumed in each interval.

A file of readings is a CSV with the columns ``time,node,produced_kwh,consumed_kwh``:
one row per interval and node, any number of nodes, any step from one minute to one
hour. ``time`` is ISO 8601 and names the beginning of the interval.

The surplus of a prosumer over a day is, in Cali & Fifield (2019), Equation (1),

.. math:: SE = \sum_{t=0}^{n} [p(t) - c(t)]

from the first to the last instant at which production exceeds consumption.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

from energychain.primitives.refusals import BadInput
from energychain.primitives.tables import read_rows
from energychain.primitives.units import ENERGY_DECIMALS, divide_rounded, to_nearest_units

COLUMNS = ("time", "node", "produced_kwh", "consumed_kwh")
"""The columns that a file of readings must have, in any order."""

SHORTEST_STEP, LONGEST_STEP = 60, 3_600
"""The steps that are accepted [s]."""

LONGEST_NUMBER = 200
"""No meter writes a number with more characters."""

MOST_ENERGY = 10**12
"""A million kilowatt-hours in one interval [mWh]: more is a slip of the unit."""


@dataclass(frozen=True)
class Meters:
    """The readings of all nodes over all intervals, complete and in order."""

    nodes: tuple[str, ...]
    """In the order in which the file names them first."""

    times: tuple[str, ...]
    """The beginning of each interval, as the file writes it."""

    start: datetime
    """The beginning of the first interval."""

    step: int
    """The length of an interval [s]."""

    produced: tuple[tuple[int, ...], ...]
    """By node, then interval [mWh]."""

    consumed: tuple[tuple[int, ...], ...]
    """By node, then interval [mWh]."""

    rounded: int = 0
    """How many numbers had digits finer than 1 mWh and were rounded."""

    def __repr__(self) -> str:
        return (
            f"<meters of {', '.join(self.nodes)}: {len(self)} intervals of {self.step // 60} min"
            f" from {self.times[0]}>"
        )

    def __len__(self) -> int:
        """How many intervals there are."""
        return len(self.times)

    @cached_property
    def net(self) -> tuple[tuple[int, ...], ...]:
        """Production less consumption, by node, then interval [mWh]."""
        return tuple(
            tuple(p - c for p, c in zip(produced, consumed, strict=True))
            for produced, consumed in zip(self.produced, self.consumed, strict=True)
        )

    def surplus(self, node: int, interval: int) -> int:
        """What a node could sell in an interval [mWh]."""
        return max(self.net[node][interval], 0)

    def scaled(self, node: str, production: float) -> "Meters":
        """These meters with one node's production multiplied: a larger or smaller array."""
        ratio = production.as_integer_ratio()
        at = self.nodes.index(node)
        produced = tuple(divide_rounded(p * ratio[0], ratio[1]) for p in self.produced[at])
        return replace(self, produced=(*self.produced[:at], produced, *self.produced[at + 1 :]))


def surplus_energy(produced: Sequence[int], consumed: Sequence[int]) -> int:
    """Equation (1) of Cali & Fifield (2019): the surplus of a day [mWh].

    The sum runs from the first to the last interval in which production exceeds
    consumption; an hour with a deficit between the two counts against it.

    >>> surplus_energy([0, 5, 1, 4, 0], [1, 2, 2, 1, 3])
    5

    Raises ``ValueError`` if the two have different lengths.
    """
    net = [p - c for p, c in zip(produced, consumed, strict=True)]
    sunny = [t for t, amount in enumerate(net) if amount > 0]
    return sum(net[sunny[0] : sunny[-1] + 1]) if sunny else 0


@dataclass(frozen=True)
class _Row:
    line: int
    time: datetime
    text: str
    node: str
    produced: int
    consumed: int
    rounded: int


def read_meters(lines: Iterable[str], file: str = "meters") -> Meters:
    """Meters from the lines of a CSV.

    >>> sun = ["time,node,produced_kwh,consumed_kwh", "2017-07-04T07:00,a,1,0.5",
    ...        "2017-07-04T08:00,a,2,0.5"]
    >>> read_meters(sun).net
    ((500000, 1500000),)
    >>> read_meters([*sun[:2], "2017-07-04T08:00,a,two,0.5"], file="a.csv")
    Traceback (most recent call last):
    energychain.primitives.refusals.BadInput: a.csv, line 3, column produced_kwh: expected a \
number, found 'two'

    Raises :class:`~energychain.primitives.refusals.BadInput`, naming file, line and
    column, for anything that is not a complete set of readings: a missing column,
    text in a number, a negative or infinite number, an interval that is missing or
    there twice, a node that the first interval does not know, steps that differ.
    """
    rows = sorted(_rows(lines, file), key=lambda row: (row.time, row.line))
    if not rows:
        raise BadInput("expected readings below the header, found none", file=file, line=1)
    times = list(dict.fromkeys(row.time for row in rows))
    step = _step(times, rows, file)
    nodes = tuple(row.node for row in sorted(_first_interval(rows), key=lambda row: row.line))
    _check_complete(rows, nodes, times, step, file)
    produced: dict[str, list[int]] = {node: [] for node in nodes}
    consumed: dict[str, list[int]] = {node: [] for node in nodes}
    for row in rows:
        produced[row.node].append(row.produced)
        consumed[row.node].append(row.consumed)
    texts = {row.time: row.text for row in reversed(rows)}
    return Meters(
        nodes,
        tuple(texts[time] for time in times),
        times[0],
        step,
        tuple(tuple(produced[node]) for node in nodes),
        tuple(tuple(consumed[node]) for node in nodes),
        sum(row.rounded for row in rows),
    )


def _rows(lines: Iterable[str], file: str) -> Iterator[_Row]:
    first: _Row | None = None
    for line, cells in read_rows(lines, COLUMNS, file=file):
        row = _row(cells, line, file)
        first = first or row
        if (row.time.tzinfo is None) != (first.time.tzinfo is None):
            problem = "some times have an offset from UTC and some have none"
            raise BadInput(problem, file=file, line=row.line, column="time")
        yield row


def _row(cells: Mapping[str, str], line: int, file: str) -> _Row:
    try:
        time = datetime.fromisoformat(cells["time"])
    except ValueError:
        raise BadInput(
            f"expected a time such as 2017-07-04T07:00, found {cells['time'][:40]!r}",
            file=file,
            line=line,
            column="time",
        ) from None
    if not cells["node"]:
        raise BadInput("the node has no name", file=file, line=line, column="node")
    produced, finer = _energy(cells["produced_kwh"], file, line, "produced_kwh")
    consumed, finer_too = _energy(cells["consumed_kwh"], file, line, "consumed_kwh")
    return _Row(line, time, cells["time"], cells["node"], produced, consumed, finer + finer_too)


def _energy(text: str, file: str, line: int, column: str) -> tuple[int, bool]:
    shown = text[:40]
    if len(text) > LONGEST_NUMBER:
        problem = f"expected a number, found {len(text):,} characters: {shown!r}..."
        raise BadInput(problem, file=file, line=line, column=column)
    try:
        energy = to_nearest_units(text, ENERGY_DECIMALS)
    except BadInput as fault:
        raise BadInput(fault.problem, file=file, line=line, column=column) from None
    exact = Decimal(text)
    if exact < 0:
        problem = f"a meter only counts up: expected 0 or more, found {shown}"
        raise BadInput(problem, file=file, line=line, column=column)
    if energy > MOST_ENERGY:
        problem = f"{shown} kWh in one interval: expected at most 1,000,000"
        raise BadInput(problem, file=file, line=line, column=column)
    return energy, Fraction(exact) * 10**ENERGY_DECIMALS != energy


def _step(times: list[datetime], rows: list[_Row], file: str) -> int:
    line = {row.time: row.line for row in reversed(rows)}
    if len(times) < 2:
        raise BadInput("expected at least two intervals, found one", file=file, line=rows[0].line)
    step = (times[1] - times[0]).total_seconds()
    if not SHORTEST_STEP <= step <= LONGEST_STEP or step % 60:
        raise BadInput(
            f"the step is {step / 60:g} min: expected 1 to 60",
            file=file,
            line=line[times[1]],
            column="time",
        )
    for earlier, later in pairwise(times):
        gap = (later - earlier).total_seconds()
        if gap < step or gap % step:
            raise BadInput(
                f"the steps are mixed: {gap / 60:g} min after the time before, expected"
                f" {step / 60:g} min",
                file=file,
                line=line[later],
                column="time",
            )
    return int(step)


def _first_interval(rows: list[_Row]) -> list[_Row]:
    return [row for row in rows if row.time == rows[0].time]


def _check_complete(
    rows: list[_Row], nodes: tuple[str, ...], times: list[datetime], step: int, file: str
) -> None:
    known = set(nodes)
    seen: dict[tuple[datetime, str], _Row] = {}
    for row in rows:
        if row.node not in known:
            raise BadInput(
                f"unknown node {row.node[:40]!r}: the first interval knows {', '.join(nodes)}",
                file=file,
                line=row.line,
                column="node",
            )
        first = seen.setdefault((row.time, row.node), row)
        if first is not row:
            raise BadInput(
                f"{row.node} at {row.text} is there already, on line {first.line}",
                file=file,
                line=row.line,
                column="time",
            )
    for earlier, later in pairwise(times):
        if (later - earlier).total_seconds() != step:
            after = next(row for row in rows if row.time == later)
            raise BadInput(
                f"an interval is missing between {earlier:%Y-%m-%dT%H:%M} and {after.text}",
                file=file,
                line=after.line,
                column="time",
            )
    for time in times:
        for node in nodes:
            if (time, node) not in seen:
                near = next(row for row in rows if row.time == time)
                raise BadInput(
                    f"{node} has no reading at {near.text}",
                    file=file,
                    line=near.line,
                    column="node",
                )
