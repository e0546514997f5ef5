"""
Prices and loads over time, as files hold them, and how the two are laid side by side.

A file of prices is a CSV with the column ``time``, ISO 8601, the beginning of each
interval, and one of the columns ``price_per_kwh`` (or ``price``, which means the same) and
``price_per_mwh``, in any currency. A file of profiles has ``time`` and one column for each
profile. Readings of homes are those of :mod:`energychain.grid.metering`.

Times are in order, one step apart, from one minute to one hour. Where the clocks change
twice a year, local times without an offset repeat an hour and skip another; such a file is
refused, and times with an offset from UTC are the way out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from energychain.grid.metering import LONGEST_NUMBER, LONGEST_STEP, SHORTEST_STEP, Meters
from energychain.primitives.refusals import BadInput
from energychain.primitives.tables import Row, read_rows
from energychain.primitives.units import ENERGY_DECIMALS, MONEY_DECIMALS, to_nearest_units

PRICE_COLUMNS = {
    "price_per_kwh": MONEY_DECIMALS,
    "price": MONEY_DECIMALS,
    "price_per_mwh": MONEY_DECIMALS - 3,
}
"""What a column of prices may be called, and with how many decimals it is whole
micro-money per kWh.
"""

MOST = 10**12
"""A million kilowatt-hours, or a price of a million for one: no file means more."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Prices:
    """A price for each interval, in order."""

    times: tuple[str, ...]
    """The beginning of each interval, as the file writes it."""

    start: datetime
    """The beginning of the first interval."""

    step: int
    """The length of an interval [s]."""

    values: tuple[int, ...]
    """[micro-money/kWh]; a price may be negative."""

    def __repr__(self) -> str:
        return f"<prices: {_span(self)}>"

    def __len__(self) -> int:
        """How many intervals there are."""
        return len(self.times)


@dataclass(frozen=True)
class Profiles:
    """Named rows of numbers over the same intervals, in order."""

    times: tuple[str, ...]
    """The beginning of each interval, as the file writes it."""

    start: datetime
    """The beginning of the first interval."""

    step: int
    """The length of an interval [s]."""

    values: Mapping[str, tuple[int, ...]]
    """By name [millionths of the file's unit: of kWh, the mWh]."""

    def __repr__(self) -> str:
        return f"<profiles {', '.join(self.values)}: {_span(self)}>"

    def __len__(self) -> int:
        """How many intervals there are."""
        return len(self.times)

    def day(self, day: date) -> "Profiles":
        """The intervals that begin on a day, by the file's own clock. Where clocks change, a
        day may have 23 or 25 hours.

        Raises :class:`~energychain.primitives.refusals.BadInput` if there are none.
        """
        inside = [t for t, text in enumerate(self.times) if _parsed(text).date() == day]
        if not inside:
            raise BadInput(
                f"no interval begins on {day}: expected a day from {self.times[0][:10]} to"
                f" {self.times[-1][:10]}"
            )
        part = slice(inside[0], inside[-1] + 1)
        values = {name: row[part] for name, row in self.values.items()}
        return Profiles(self.times[part], _parsed(self.times[part][0]), self.step, values)


class Aligned(NamedTuple):
    """Loads and prices over the same T intervals, for P homes."""

    homes: tuple[str, ...]

    times: tuple[str, ...]
    """As the file of loads writes them."""

    step_hours: float
    """[h]"""

    consumed: Array
    """By home, then interval [kWh]."""

    produced: Array
    """By home, then interval [kWh]."""

    price: Array
    """By interval [money/kWh]."""


def read_prices(lines: Iterable[str], file: str = "prices") -> Prices:
    """Prices from the lines of a CSV.

    >>> read_prices(["time,price_per_mwh", "2019-07-04T00:00Z,40.5", "2019-07-04T01:00Z,-1"]).values
    (40500, -1000)
    >>> read_prices(["time,price", "2019-07-04T00:00,0.2", "2019-07-04T02:00,0.2"], "p.csv")
    Traceback (most recent call last):
    energychain.primitives.refusals.BadInput: p.csv, line 3, column time: the step is 120 min: \
expected 1 to 60

    Raises :class:`~energychain.primitives.refusals.BadInput`, naming file, line and
    column, for anything that is not a price for each interval: a missing column, or
    several of prices, text in a number, a time that is missing, there twice or out of
    order.
    """
    table = list(read_rows(lines, ["time"], optional=list(PRICE_COLUMNS), file=file))
    column = _price_column(table, file)
    times, start, step, values = _series(table, {column: PRICE_COLUMNS[column]}, file)
    return Prices(times, start, step, values[column])


def read_profiles(lines: Iterable[str], columns: Sequence[str], file: str = "profiles") -> Profiles:
    """The named columns of a CSV; others are ignored.

    >>> homes = ["time,a,b", "2016-01-01T00:00,0.5,0", "2016-01-01T01:00,0.25,0"]
    >>> read_profiles(homes, ["a"]).values
    {'a': (500000, 250000)}

    Raises :class:`~energychain.primitives.refusals.BadInput`, as :func:`read_prices`, and
    for a number below 0.
    """
    table = list(read_rows(lines, ["time", *columns], file=file))
    times, start, step, values = _series(table, dict.fromkeys(columns, ENERGY_DECIMALS), file)
    for name in columns:
        for (line, cells), value in zip(table, values[name], strict=True):
            if value < 0:
                problem = f"expected 0 or more, found {cells[name]}"
                raise BadInput(problem, file=file, line=line, column=name)
    return Profiles(times, start, step, values)


def aligned(prices: Prices, meters: Meters, file: str = "load") -> Aligned:
    """Every interval of the meters with the price that holds in it.

    Prices may be for longer intervals than the readings: an hourly price holds for each of
    its quarter-hours.

    >>> prices = read_prices(["time,price", "2019-07-04T00:00,0.2", "2019-07-04T01:00,0.3"])
    >>> from energychain.grid.metering import read_meters
    >>> head = "time,node,produced_kwh,consumed_kwh"
    >>> meters = read_meters([head, "2019-07-04T00:30,a,0,0.5", "2019-07-04T01:00,a,0,0.5"])
    >>> aligned(prices, meters).price
    array([0.2, 0.3])

    Raises :class:`~energychain.primitives.refusals.BadInput` if an interval of the meters
    has no price, or more than one.
    """
    first = _places_before(prices, meters, file)
    every = prices.step // meters.step
    at = (first + np.arange(len(meters))) // every
    return Aligned(
        homes=meters.nodes,
        times=meters.times,
        step_hours=meters.step / 3_600,
        consumed=np.array(meters.consumed) / 10**ENERGY_DECIMALS,
        produced=np.array(meters.produced) / 10**ENERGY_DECIMALS,
        price=np.array(prices.values)[at] / 10**MONEY_DECIMALS,
    )


def _places_before(prices: Prices, meters: Meters, file: str) -> int:
    """How many intervals of the meters' length lie between the two beginnings."""
    if (prices.start.tzinfo is None) != (meters.start.tzinfo is None):
        with_offset, without = ("load", "prices") if meters.start.tzinfo else ("prices", "load")
        problem = (
            f"the times of the {with_offset} have an offset from UTC and those of the {without}"
            " have none: add it, as in 2019-07-04T07:00+02:00"
        )
        raise BadInput(problem, file=file, column="time")
    if prices.step % meters.step:
        problem = (
            f"the load has a step of {meters.step // 60} min and the prices one of"
            f" {prices.step // 60} min: expected equal steps, or a whole number of the load's in"
            " one of the prices'"
        )
        raise BadInput(problem, file=file, column="time")
    before = meters.start - prices.start
    if before % timedelta(seconds=meters.step):
        problem = f"{meters.times[0]} is not the beginning of an interval of the prices, or part"
        raise BadInput(f"{problem} of one", file=file, column="time")
    first = before // timedelta(seconds=meters.step)
    if first < 0 or (first + len(meters)) * meters.step > len(prices) * prices.step:
        problem = (
            f"the load runs from {meters.times[0]} to {meters.times[-1]}, the prices from"
            f" {prices.times[0]} to {prices.times[-1]}: expected a price for every interval"
        )
        raise BadInput(problem, file=file, column="time")
    return first


def _span(series: Prices | Profiles) -> str:
    return f"{len(series)} intervals of {series.step // 60} min from {series.times[0]}"


_Table = Sequence[Row]
_MINUTE = timedelta(minutes=1)


def _price_column(table: _Table, file: str) -> str:
    found = [name for name in PRICE_COLUMNS if table and name in table[0][1]]
    if table and len(found) != 1:
        problem = "several columns of prices" if found else "the column of prices is missing"
        told = f"{problem}: expected one of {', '.join(PRICE_COLUMNS)}"
        raise BadInput(told, file=file, line=1, column=", ".join(found) or "price")
    return next(iter(found), "price")


def _series(
    table: _Table, decimals: Mapping[str, int], file: str
) -> tuple[tuple[str, ...], datetime, int, dict[str, tuple[int, ...]]]:
    if len(table) < 2:
        found = "one" if table else "none"
        problem = f"expected at least two intervals below the header, found {found}"
        raise BadInput(problem, file=file, line=table[0][0] if table else 1)
    times = [_time(cells["time"], line, file) for line, cells in table]
    step = _step(table, times, file)
    values = {
        name: tuple(_number(cells[name], places, line, name, file) for line, cells in table)
        for name, places in decimals.items()
    }
    return tuple(cells["time"] for _, cells in table), times[0], step, values


def _step(table: _Table, times: Sequence[datetime], file: str) -> int:
    """The step [s] that all times keep."""
    for (line, _), time in zip(table, times, strict=True):
        if (time.tzinfo is None) != (times[0].tzinfo is None):
            problem = "some times have an offset from UTC and some have none"
            raise BadInput(problem, file=file, line=line, column="time")
    step = times[1] - times[0]
    seconds = step.total_seconds()
    sound = SHORTEST_STEP <= seconds <= LONGEST_STEP and seconds % 60 == 0
    for (earlier, before), (later, after) in pairwise(zip(table, times, strict=True)):
        if after - before != step or not sound:
            problem = _break(after - before, step, earlier, later, sound)
            raise BadInput(problem, file=file, line=later[0], column="time")
    return int(seconds)


def _break(gap: timedelta, step: timedelta, earlier: Row, later: Row, sound: bool) -> str:
    """What is wrong between two rows that follow each other."""
    (line, before), (_, after) = earlier, later
    if not gap:
        return f"{after['time']} is there already, on line {line}"
    if gap < timedelta(0):
        return f"{after['time']} is before {before['time']}: expected times in order"
    if not sound:
        return f"the step is {step / _MINUTE:g} min: expected 1 to 60"
    if gap > step and not gap % step:
        return f"an interval is missing between {before['time']} and {after['time']}"
    return f"{gap / _MINUTE:g} min after the time before: expected {step / _MINUTE:g} min"


def _time(text: str, line: int, file: str) -> datetime:
    try:
        return _parsed(text)
    except ValueError:
        problem = f"expected a time such as 2019-07-04T07:00, found {text[:40]!r}"
        raise BadInput(problem, file=file, line=line, column="time") from None


_parsed = datetime.fromisoformat


def _number(text: str, decimals: int, line: int, column: str, file: str) -> int:
    if len(text) > LONGEST_NUMBER:
        problem = f"expected a number, found {len(text):,} characters: {text[:40]!r}..."
        raise BadInput(problem, file=file, line=line, column=column)
    try:
        number = to_nearest_units(text, decimals)
    except BadInput as fault:
        raise BadInput(fault.problem, file=file, line=line, column=column) from None
    if abs(number) > MOST:
        problem = f"{text[:40]} is a slip of the unit: expected at most {MOST // 10**decimals:,}"
        raise BadInput(problem, file=file, line=line, column=column)
    return number
