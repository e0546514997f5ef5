"""
The community whose load is shifted: homes, arrays and cars for a day, and the prices outside.

Profiles are real (SimBench's five homes, two cars and seven arrays in 2016), and so are prices
(the Dutch day-ahead auction of the same month and day of 2019, whose weekday is another). What
is put together from them is **synthetic**: each home takes one of the five profiles, scaled, and
moved by up to an hour. Without that a hundred homes would be twenty clones of each, and would
peak together more sharply than homes do. Who has an array or a car, what can wait, what the
connection carries, and what import costs above the wholesale price are ours.

Upstream prices are also drawn from the past by the **roulette wheel**, as the two-stage market
does (Khajeh, Shafie-khah & Laaksonen (2020), *Blockchain-based Smart Grids*, chapter 7, section
6.1), hour by hour (:func:`roulette`) or in whole days (:func:`past_days`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from energychain import datasets
from energychain.grid.loads import HOURS, WHOLE_DAY, Windows
from energychain.grid.profiles import Aligned, read_prices, read_profiles
from energychain.markets.second_settlement import check_upstream
from energychain.primitives.refusals import BadInput
from energychain.primitives.units import ENERGY_DECIMALS, MONEY_DECIMALS

IntArray = NDArray[np.integer[Any]]
FloatArray = NDArray[np.float64]

UNIT = 10**ENERGY_DECIMALS
"""[mWh/kWh]"""

HOMES = ("H0-A", "H0-B", "H0-C", "H0-G", "H0-L")
CARS = ("HLS_A_3.7", "HLS_B_3.7")
ARRAYS = ("PV1", "PV2", "PV3", "PV4", "PV5", "PV6", "PV8")

YEAR, PRICE_YEAR = 2016, 2019

ADDER = 0.10
"""What import costs above the wholesale price, for grid and taxes (ours) [money/kWh]."""

VALUE = 1.0
"""What a kWh that must be served is worth: more than it ever costs (ours) [money/kWh]."""

CONNECTION_KW = 8.0
"""What a home's connection carries, if it never used more (ours) [kW]."""

SCALES = (0.5, 1.5)
"""By how much a home is smaller or larger than its profile (ours)."""

ARRAY_KW = (2.0, 5.0)
"""The smallest and largest array (ours) [kW]."""

CAR_WEEKS = (-2, -1, 0, 1, 2)
"""A car charges as its profile did on the same weekday, so many weeks away: two profiles alone
would let all cars of a kind charge at once."""


@dataclass(frozen=True, eq=False)
class Community:
    """Homes over whole days. Energy is in whole mWh, prices in [money/kWh].

    Raises :class:`~energychain.primitives.refusals.BadInput` for arrays that do not fit
    together, for periods that are no whole days, and for an export price above the import price.
    """

    times: tuple[str, ...]
    """The beginning of each period."""

    step_hours: float
    """The length of a period [h]."""

    load: IntArray
    """What homes use: (P, T)."""

    movable: IntArray
    """The part of it that can wait: (P, T)."""

    renewable: IntArray
    """What homes produce: (P, T)."""

    limit: IntArray
    """The most that a home may use in a period: (P, 1)."""

    import_price: FloatArray
    """(T,)"""

    export_price: FloatArray
    """(T,)"""

    windows: Windows = WHOLE_DAY
    """Within which the movable energy stays."""

    value: FloatArray | float = VALUE
    """What homes bid: a number, or (P, T)."""

    def __post_init__(self) -> None:
        """Refuse what is no community."""
        homes, periods = self.load.shape
        for name, shape in (
            ("movable", (homes, periods)),
            ("renewable", (homes, periods)),
            ("limit", (homes, 1)),
        ):
            if getattr(self, name).shape != shape:
                raise BadInput(f"{name}: expected {shape}, found {getattr(self, name).shape}")
        self.windows.days(periods)
        check_upstream(self.import_price, self.export_price, periods)

    def __len__(self) -> int:
        """How many homes there are."""
        return len(self.load)

    @property
    def days(self) -> int:
        """How many there are."""
        return self.windows.days(self.load.shape[1])

    @property
    def demand(self) -> IntArray:
        """Of all homes together: (T,) [mWh]."""
        return _sum(self.load)

    @property
    def supply(self) -> IntArray:
        """Of all homes together: (T,) [mWh]."""
        return _sum(self.renewable)

    def kw(self, profile: FloatArray | IntArray) -> FloatArray:
        """A profile [mWh per period] as power [kW]."""
        power: FloatArray = np.asarray(profile) / (UNIT * self.step_hours)
        return power

    def at(self, wholesale: FloatArray) -> "Community":
        """The same homes at other prices: export earns the wholesale price [money/kWh], and
        import costs as much above it as now.
        """
        above = self.import_price - self.export_price
        return replace(self, import_price=wholesale + above, export_price=wholesale)


def _sum(energy: IntArray) -> IntArray:
    total: IntArray = energy.sum(axis=0, dtype=np.int64)
    return total


# --- from the packaged profiles ----------------------------------------------------------


class _Year(NamedTuple):
    hours: Mapping[date, int]
    """Where the days of 24 hours begin."""

    times: tuple[str, ...]
    profiles: Mapping[str, IntArray]


@cache
def _year() -> _Year:
    names = [*HOMES, *CARS, *ARRAYS]
    read = read_profiles(datasets.lines("simbench_year", "homes.csv"), names, "homes.csv")
    begins: dict[str, list[int]] = {}
    for t, text in enumerate(read.times):
        begins.setdefault(text[:10], []).append(t)
    whole = {date.fromisoformat(d): at[0] for d, at in begins.items() if len(at) == HOURS}
    return _Year(whole, read.times, {n: np.array(read.values[n]) for n in names})


@cache
def _prices() -> tuple[datetime, FloatArray]:
    read = read_prices(datasets.lines("day_ahead_2019", "prices.csv"), "prices.csv")
    return read.start, np.array(read.values) / 10**MONEY_DECIMALS


def packaged_days() -> list[date]:
    """The days for which :func:`community` has profiles and prices: those of 2016 that have 24
    hours and are in 2019 too, but for the first.

    >>> len(packaged_days())
    362
    """
    return [day for day in _year().hours if _has_price(day)]


def _has_price(day: date) -> bool:
    return (day.month, day.day) not in ((1, 1), (2, 29))


def wholesale(day: date) -> FloatArray:
    """The Dutch day-ahead prices of the same month and day of 2019, by the clock that the
    profiles have [money/kWh].

    >>> wholesale(date(2016, 7, 4))[[4, 20]]
    array([0.02942, 0.04498])
    """
    begin = datetime.fromisoformat(_year().times[_year().hours[day]]).replace(year=PRICE_YEAR)
    start, prices = _prices()
    first = (begin - start) // timedelta(hours=1)
    return prices[first : first + HOURS]


def community(
    day: date,
    homes: int = 100,
    seed: int = 0,
    *,
    solar_share: float = 0.3,
    car_share: float = 0.2,
    movable_share: float = 0.3,
    adder: float = ADDER,
    windows: Windows = WHOLE_DAY,
) -> Community:
    """A community on a day of 2016. All that a car takes can wait, and ``movable_share`` of
    what a home uses otherwise; the shares are ours.

    >>> street = community(date(2016, 7, 4), homes=3)
    >>> street.load.shape, street.step_hours, street.times[0]
    ((3, 24), 1.0, '2016-07-04T00:00+02:00')

    Raises :class:`~energychain.primitives.refusals.BadInput` for a day that is not among
    :func:`packaged_days`, fewer than one home, and shares that are no shares.
    """
    year = _year()
    if day not in year.hours or not _has_price(day):
        raise BadInput(
            f"{day}: expected a day of {YEAR}, but not 1 January, 29 February, 27 March or 30"
            " October, which have no 24 hours of load and price"
        )
    if homes < 1:
        raise BadInput(f"a community has at least one home, found {homes}")
    for name, share in (("solar", solar_share), ("car", car_share)):
        _check_share(f"{name}_share", share)
    random = np.random.default_rng([seed, day.toordinal()])
    household = _households(year, day, homes, random)
    cars = _cars(year, day, homes, random) * (random.random(homes) < car_share)[:, None]
    arrays = _arrays(year, day, homes, random) * (random.random(homes) < solar_share)[:, None]
    load = household + cars
    first = year.hours[day]
    prices = wholesale(day)
    return Community(
        times=year.times[first : first + HOURS],
        step_hours=1.0,
        load=load,
        movable=cars + waiting(household, movable_share),
        renewable=arrays,
        limit=np.maximum(load.max(axis=1, keepdims=True), round(CONNECTION_KW * UNIT)),
        import_price=prices + adder,
        export_price=prices,
        windows=windows,
    )


def _day(year: _Year, name: str, day: date) -> IntArray:
    return year.profiles[name][year.hours[day] : year.hours[day] + HOURS]


def _drawn(profiles: Sequence[IntArray], homes: int, random: np.random.Generator) -> IntArray:
    drawn: IntArray = np.array(profiles)[random.integers(0, len(profiles), homes)]
    return drawn


def _households(year: _Year, day: date, homes: int, random: np.random.Generator) -> IntArray:
    profiles = _drawn([_day(year, name, day) for name in HOMES], homes, random)
    late = random.uniform(-1, 1, (homes, 1))
    # Moved by a part of an hour, round the clock: the day keeps its energy.
    beside = np.where(late > 0, np.roll(profiles, 1, axis=1), np.roll(profiles, -1, axis=1))
    moved = (1 - abs(late)) * profiles + abs(late) * beside
    return np.rint(moved * random.uniform(*SCALES, (homes, 1))).astype(np.int64)


def _cars(year: _Year, day: date, homes: int, random: np.random.Generator) -> IntArray:
    near = [day + timedelta(weeks=weeks) for weeks in CAR_WEEKS]
    days = [each for each in near if each in year.hours]
    return _drawn([_day(year, name, each) for name in CARS for each in days], homes, random)


def _arrays(year: _Year, day: date, homes: int, random: np.random.Generator) -> IntArray:
    profiles = _drawn([_day(year, name, day) for name in ARRAYS], homes, random)
    return np.rint(profiles * random.uniform(*ARRAY_KW, (homes, 1))).astype(np.int64)


def waiting(load: IntArray, share: float) -> IntArray:
    """A share of every load, in whole mWh.

    Raises :class:`~energychain.primitives.refusals.BadInput` if it is no share.
    """
    _check_share("the movable share", share)
    part: IntArray = np.floor(load * share).astype(load.dtype)
    return part


def _check_share(name: str, share: float) -> None:
    if not 0 <= share <= 1:
        raise BadInput(f"{name}: expected a share from 0 to 1, found {share:g}")


# --- from anybody's files ----------------------------------------------------------------


def from_files(
    read: Aligned,
    movable_share: float = 0.3,
    adder: float = 0.0,
    day: date | None = None,
    file: str = "load",
) -> Community:
    """A community from anybody's readings and prices, over whole days.

    Import costs the file's price and ``adder`` [money/kWh], export earns the file's price. A
    home never uses more in a period than it did in its largest.

    Raises :class:`~energychain.primitives.refusals.BadInput` if there are no whole days, from
    midnight to midnight, if a ``day`` is not there, and if ``movable_share`` is no share or
    ``adder`` is below 0.
    """
    if not adder >= 0:
        raise BadInput(f"the adder: expected 0 or more, found {adder:g}")
    per_day = HOURS / read.step_hours
    if abs(per_day - round(per_day)) > 1e-9:
        minutes = read.step_hours * 60
        raise BadInput(f"a day is no whole number of {minutes:g} min", file=file, column="time")
    windows = Windows(per_day=round(per_day))
    which = [t for t, text in enumerate(read.times) if day in (None, _date(text))]
    if not which:
        problem = f"no interval begins on {day}: the days are {_date(read.times[0])} to"
        raise BadInput(f"{problem} {_date(read.times[-1])}", file=file, column="time")
    part = slice(which[0], which[-1] + 1)
    times = read.times[part]
    _check_days(times, windows.per_day, file)
    load, renewable = (
        np.rint(each[:, part] * UNIT).astype(np.int64) for each in (read.consumed, read.produced)
    )
    return Community(
        times=times,
        step_hours=read.step_hours,
        load=load,
        movable=waiting(load, movable_share),
        renewable=renewable,
        limit=load.max(axis=1, keepdims=True),
        import_price=read.price[part] + adder,
        export_price=read.price[part],
        windows=windows,
    )


def _date(text: str) -> date:
    return datetime.fromisoformat(text).date()


def _check_days(times: Sequence[str], per_day: int, file: str) -> None:
    """Refuse parts of a day: what can wait waits until midnight at most."""
    for first in range(0, len(times), per_day):
        part = times[first : first + per_day]
        begin = datetime.fromisoformat(part[0])
        if len(part) < per_day or (begin.hour, begin.minute) != (0, 0):
            raise BadInput(
                f"{_date(part[0])} is no whole day of {per_day} intervals from midnight: leave"
                " its rows out, or add those that are missing",
                file=file,
                column="time",
            )


# --- scenarios of the upstream price -----------------------------------------------------


def past_prices() -> FloatArray:
    """The packaged wholesale prices by day and hour, in UTC: (365, 24) [money/kWh]."""
    return _prices()[1].reshape(-1, HOURS)


def roulette(past: FloatArray, count: int, rng: np.random.Generator, bins: int = 20) -> FloatArray:
    """Days drawn by the roulette wheel, hour by hour: (count, hours) [money/kWh].

    The past prices of an hour are sorted into bins; a bin's part of the wheel is as large as
    its share of the days; where the ball stops, the mean price of the bin is taken. Hours are
    drawn apart, so that a cheap hour may follow a dear one as it never does: means and spreads
    by hour are right, the day as a whole is not. :func:`past_days` keeps it.

    >>> roulette(np.array([[1.0, 5.0], [2.0, 5.0]]), 3, np.random.default_rng(0))
    array([[2., 5.],
           [1., 5.],
           [1., 5.]])
    """
    drawn = np.empty((count, past.shape[1]))
    for hour, prices in enumerate(past.T):
        counts, _ = np.histogram(prices, bins)
        sums, _ = np.histogram(prices, bins, weights=prices)
        wheel = counts.cumsum() / len(prices)
        stop = np.searchsorted(wheel, rng.random(count), side="right")
        drawn[:, hour] = sums[stop] / counts[stop]
    return drawn


def past_days(past: FloatArray, count: int, rng: np.random.Generator) -> FloatArray:
    """Days drawn whole: (count, hours) [money/kWh]. Each hour follows the one that it followed.

    >>> past_days(np.array([[1.0, 5.0], [2.0, 6.0]]), 2, np.random.default_rng(0))
    array([[2., 6.],
           [2., 6.]])
    """
    return past[rng.integers(0, len(past), count)]
