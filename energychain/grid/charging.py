"""
Charging sessions: when cars come, how much they want, and when they say they will leave.

A file of sessions is a CSV with the columns ``arrival``, ``estimated_departure``,
``departure``, ``station``, ``requested_kwh`` and ``delivered_kwh``. What a driver did not
say is empty. Times are ISO 8601 with their offset from UTC.

What somebody could know at a moment, a :class:`Car` tells; the real departure is not in
it. Lee, Li & Low (2019), *ACN-Data*, describe such a garage.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from energychain.primitives.refusals import BadInput
from energychain.primitives.tables import read_rows
from energychain.primitives.units import ENERGY_DECIMALS, to_units

COLUMNS = (
    *("arrival", "estimated_departure", "departure"),
    *("station", "requested_kwh", "delivered_kwh"),
)

HOUR = 3_600
"""[s]"""


@dataclass(frozen=True)
class Session:
    """A car at a station, from plug to plug."""

    arrival: int
    """[seconds since 1970-01-01 UTC], as all times here."""

    departure: int
    """Known only when it happens."""

    station: str

    delivered: int
    """What it really got [mWh]."""

    estimated_departure: int | None = None
    """What the driver said, if it said anything."""

    requested: int | None = None
    """What the driver asked for [mWh], if it asked."""


@dataclass(frozen=True)
class Car:
    """What is known, at a moment, of a car that is plugged in."""

    station: str

    remaining: int
    """What its driver asked for and it has not got [mWh]."""

    estimated_departure: int
    """What its driver said."""

    def need(self, power: int, seconds: int) -> int:
        """What it can take in a time [mWh], at a power [1e-6 kW].

        >>> Car("1", 5_000_000, 0).need(6_656_000, 1_800)
        3328000
        """
        return min(self.remaining, power * seconds // HOUR)

    def urgency(self, now: int, power: int, seconds: int, scale: int) -> int:
        """How much of the time that is left it must charge, at full power: from 0 to
        ``scale``. A driver who is late is as urgent as can be; less than ``seconds`` is
        never left.

        >>> Car("1", 5_000_000, 7_200).urgency(now=0, power=5_000_000, seconds=1_800, scale=100)
        50
        """
        left = max(self.estimated_departure - now, seconds)
        return min(self.remaining * HOUR * scale // (left * power), scale)


def read_sessions(lines: Iterable[str], file: str = "sessions") -> tuple[Session, ...]:
    """Sessions from the lines of a CSV, in order of arrival.

    >>> head = "arrival,estimated_departure,departure,station,requested_kwh,delivered_kwh"
    >>> row = "2019-06-01T08:00:00-07:00,,2019-06-01T09:00:00-07:00,1,,0.776"
    >>> read_sessions([head, row])[0].delivered
    776000

    Raises :class:`~energychain.primitives.refusals.BadInput`, naming file, line and
    column, for times without an offset, a departure before the arrival, and numbers that
    are negative or no numbers.
    """
    sessions = list(_sessions(lines, file))
    return tuple(sorted(sessions, key=lambda each: (each.arrival, each.station)))


def _sessions(lines: Iterable[str], file: str) -> Iterator[Session]:
    for line, cells in read_rows(lines, COLUMNS, file=file):
        arrival, departure = (_time(cells, name, line, file) for name in ("arrival", "departure"))
        said = wanted = None
        if cells["estimated_departure"] or cells["requested_kwh"]:
            said = _time(cells, "estimated_departure", line, file)
            wanted = _energy(cells, "requested_kwh", line, file)
        for name, time in (("departure", departure), ("estimated_departure", said)):
            if time is not None and time <= arrival:
                problem = f"{cells[name]} is not after the arrival, {cells['arrival']}"
                raise BadInput(problem, file=file, line=line, column=name)
        if not cells["station"]:
            raise BadInput("the station has no name", file=file, line=line, column="station")
        delivered = _energy(cells, "delivered_kwh", line, file)
        yield Session(arrival, departure, cells["station"], delivered, said, wanted)


def _time(cells: Mapping[str, str], name: str, line: int, file: str) -> int:
    problem = f"expected a time such as 2019-06-01T08:00:00-07:00, found {cells[name][:40]!r}"
    try:
        time = datetime.fromisoformat(cells[name])
    except ValueError:
        raise BadInput(problem, file=file, line=line, column=name) from None
    if time.tzinfo is None:
        raise BadInput(problem, file=file, line=line, column=name)
    return int(time.timestamp())


def _energy(cells: Mapping[str, str], name: str, line: int, file: str) -> int:
    try:
        energy = to_units(cells[name], ENERGY_DECIMALS)
    except BadInput as fault:
        raise BadInput(fault.problem, file=file, line=line, column=name) from None
    if energy < 0:
        problem = f"expected 0 or more, found {cells[name][:40]}"
        raise BadInput(problem, file=file, line=line, column=name)
    return energy
