r"""
Loads that can wait: when they run if an hour is cheaper, and what comes of it if everybody
chooses the same hour.

In stage 2 of the two-stage market of Khajeh, Shafie-khah & Laaksonen (2020), *Blockchain-based
Smart Grids*, chapter 7, demand is "shifted from :math:`t` or curtailed during :math:`t`". The
chapter does not say how. Here a prosumer has, in every period, some energy that can wait. It
may be put into any period of the same *window* (:class:`Windows`) as long as the prosumer stays
below its limit :math:`\ell`. With :math:`x` the energy put back, :math:`m` the movable energy
and :math:`\pi` the price, :func:`shift` solves for every prosumer and window

.. math::
   \min_x \sum_t \pi_t x_t , \qquad \sum_t x_t = \sum_t m_t , \qquad
   0 \le x_t \le \ell_t - (d_t - m_t) .

That is a fractional knapsack: filling the cheapest period first is the exact optimum, and in
whole mWh it loses nothing.

**The rebound peak.** Everybody fills the same cheap hour, so the peak moves and grows (the book
warns of it in chapter 5, section 2.3). Three cures, ours, and what they take:

=========================  ====================================================  ===============
:func:`shift_randomised`   each prosumer draws its order of hours, cheap ones    no message
                           more likely
:func:`shift_by_quota`     each hour has a capacity, shared pro rata             one round
:func:`iterate`            the price answers the plan, the plan the price        a round per step
=========================  ====================================================  ===============

What a cure costs is :func:`cost` of its plan less the cost of the selfish plan, at one price.

Arrays are prosumers by periods, in whole mWh of any integer type (``int32`` halves the
memory). A price is any signal that ranks the periods: one for all, or one for each prosumer.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from energychain.primitives.refusals import BadInput
from energychain.primitives.units import ENERGY_DECIMALS

IntArray = NDArray[np.integer[Any]]
FloatArray = NDArray[np.floating[Any]]

HOURS = 24
"""Of a day."""

MOST_ENERGY = 10**15
"""No limit needs to be larger [mWh]; sums over a day still fit into 64 bits."""

BLOCK = 1 << 15
"""So many numbers are worked on at a time: they fit into the processor's cache."""


# --- windows of comfort ------------------------------------------------------------------


@dataclass(frozen=True)
class Windows:
    """The day cut into spans; energy that can wait stays in its own span.

    >>> Windows(((0, 7), (7, 24)), per_day=48).spans
    ((0, 14), (14, 48))

    Raises :class:`~energychain.primitives.refusals.BadInput` if the spans do not cover the
    day one after the other, or if one ends within a period.
    """

    hours: tuple[tuple[float, float], ...] = ((0, HOURS),)
    """Begin and end of each span [h]."""

    per_day: int = HOURS
    """Periods of a day."""

    def __post_init__(self) -> None:
        """Refuse spans that are no cut of the day."""
        begins = [begin for begin, _ in self.hours]
        ends = [end for _, end in self.hours]
        follow = begins == [0, *ends[:-1]] and ends[-1:] == [HOURS]
        if not follow or any(begin >= end for begin, end in self.hours):
            raise BadInput(f"windows must cut the day from 0 to 24 h, found {self.hours}")
        if self.per_day < 1 or any(end * self.per_day % HOURS for end in ends):
            raise BadInput(f"a window ends within one of the {self.per_day} periods of a day")

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """Begin and end of each span [period of the day]."""
        per_hour = self.per_day / HOURS
        return tuple((round(begin * per_hour), round(end * per_hour)) for begin, end in self.hours)

    def days(self, periods: int) -> int:
        """How many days so many periods are.

        Raises :class:`~energychain.primitives.refusals.BadInput` if they are no whole days.
        """
        days, rest = divmod(periods, self.per_day)
        if rest or not days:
            raise BadInput(f"{periods} periods are not whole days of {self.per_day}")
        return days

    def periods(self, count: int) -> list[IntArray]:
        """The periods of each span, by day, of so many periods.

        >>> Windows(((0, 12), (12, 24)), per_day=4).periods(8)
        [array([[0, 1],
               [4, 5]]), array([[2, 3],
               [6, 7]])]
        """
        all_days = np.arange(count).reshape(self.days(count), self.per_day)
        return [all_days[:, begin:end] for begin, end in self.spans]


WHOLE_DAY = Windows()
"""Any hour of the day will do."""

NIGHT_AND_DAY = Windows(((0, 7), (7, HOURS)))
"""What runs at night stays in the night."""

QUARTERS = Windows(((0, 6), (6, 12), (12, 18), (18, HOURS)))
"""Nothing waits longer than the end of its quarter of the day."""


# --- what everybody does alone -----------------------------------------------------------


def shift(
    load: IntArray,
    movable: IntArray,
    price: ArrayLike,
    limit: ArrayLike,
    windows: Windows = WHOLE_DAY,
) -> IntArray:
    """The loads after each prosumer put its movable energy into its cheapest hours [mWh].

    ``price`` is one for all or has a row for each prosumer; ``limit`` [mWh] is one number, a
    column (a number for each prosumer) or a number for each prosumer and period. Of hours at
    one price the earliest is filled first. Per prosumer and window, energy is conserved to
    the mWh.

    >>> load, movable = np.array([[5, 9, 4, 6]]), np.array([[0, 7, 0, 2]])
    >>> shift(load, movable, price=[3, 9, 1, 2], limit=10, windows=Windows(per_day=4))
    array([[ 5,  2, 10,  7]])

    Raises :class:`~energychain.primitives.refusals.BadInput` if arrays do not fit together,
    if more energy can wait than there is, and if a limit cannot hold a prosumer's energy.
    """
    load, movable, limits = _arrays(load, movable, limit)
    prices = _prices(price, load)
    count = load.shape[1]
    spans = windows.periods(count)
    common = prices.shape[0] == 1
    shifted = np.empty(load.shape, load.dtype)
    ranked: list[IntArray] = []
    for rows in blocks(*load.shape):
        if not (common and ranked):
            ranked = [_cheapest_first(prices if common else prices[rows], hours) for hours in spans]
        fixed = _fixed(load[rows], movable[rows], limits[rows], rows.start)
        room = limits[rows] - fixed
        row = count * np.arange(len(fixed)).reshape(-1, 1, 1)
        waits = movable[rows].reshape(len(fixed), -1, windows.per_day)
        put = np.empty(room.shape, room.dtype)  # in C order, whatever the order of the loads
        for hours, order in zip(spans, ranked, strict=True):
            energy = waits[:, :, hours[0, 0] : hours[0, -1] + 1].sum(axis=2, dtype=np.int64)
            places = order + row  # in the block laid flat
            put.reshape(-1)[places] = _filled(room.take(places), energy, hours, rows.start)
        np.add(fixed, put, out=shifted[rows], casting="same_kind")
    return shifted


def blocks(prosumers: int, periods: int) -> Iterator[slice]:
    """Rows, a block at a time, so that nothing large is held twice.

    >>> list(blocks(3, BLOCK))
    [slice(0, 1, None), slice(1, 2, None), slice(2, 3, None)]
    """
    step = max(BLOCK // max(periods, 1), 1)
    return (slice(at, min(at + step, prosumers)) for at in range(0, prosumers, step))


def _arrays(
    load: IntArray, movable: IntArray, limit: ArrayLike
) -> tuple[IntArray, IntArray, IntArray]:
    load, movable, limits = np.asarray(load), np.asarray(movable), np.asarray(limit)
    for name, array in (("load", load), ("movable energy", movable), ("limit", limits)):
        if array.dtype.kind not in "iu":
            raise BadInput(f"the {name} must be whole numbers of mWh, found {array.dtype}")
    if load.ndim != 2 or load.shape != movable.shape:
        raise BadInput(
            "loads and movable energy must be prosumers by periods, both alike:"
            f" found {load.shape} and {movable.shape}"
        )
    if limits.shape not in ((), (1, 1), (len(load), 1), load.shape):
        raise BadInput(f"limits of shape {limits.shape} do not fit loads of {load.shape}")
    most = min(MOST_ENERGY, np.iinfo(load.dtype).max)
    if limits.size and limits.max() > most:
        raise BadInput(f"a limit of {limits.max()} mWh: expected at most {most}")
    return load, movable, np.broadcast_to(limits.astype(np.int64), load.shape)


def _prices(price: ArrayLike, load: IntArray) -> FloatArray:
    prices = np.atleast_2d(np.asarray(price, dtype=float))
    if prices.shape not in ((1, load.shape[1]), load.shape):
        raise BadInput(f"prices of shape {prices.shape} do not fit loads of {load.shape}")
    if np.isnan(prices).any():
        raise BadInput("a price is missing: expected a number for every period")
    return prices


def _cheapest_first(prices: FloatArray, hours: IntArray) -> IntArray:
    """The periods of a window, cheapest first: by row of prices, then day."""
    order = prices[:, hours].argsort(axis=2, kind="stable")
    return order + hours[:, :1]  # a window's periods follow one another


def _fixed(load: IntArray, movable: IntArray, limit: IntArray, first: int) -> IntArray:
    """What stays where it is [mWh], if everything is within its bounds."""
    fixed = np.subtract(load, movable, dtype=np.int64)
    for wrong, problem in (
        (movable < 0, "less than nothing can wait"),
        (fixed < 0, "more energy can wait than is used"),
        (fixed > limit, "what cannot wait is above the limit already"),
    ):
        if wrong.any():
            row, period = np.argwhere(wrong)[0]
            raise BadInput(
                f"prosumer {first + row}, period {period}: {problem} (load {load[row, period]},"
                f" movable {movable[row, period]}, limit {limit[row, period]} mWh)"
            )
    return fixed


def _filled(room: IntArray, energy: IntArray, hours: IntArray, first: int) -> IntArray:
    """The energy of each window put into rooms that are in order of price [mWh]."""
    upto = room.cumsum(axis=2)
    missing = energy - upto[:, :, -1]
    if (missing > 0).any():
        row, day = np.argwhere(missing > 0)[0]
        raise BadInput(
            f"prosumer {first + row}: its limit leaves no place for {missing[row, day]} mWh"
            f" of what can wait in periods {hours[day, 0]} to {hours[day, -1]}"
        )
    upto -= room
    left = energy[:, :, None] - upto  # when this hour's turn comes
    filled: IntArray = np.minimum(np.maximum(left, 0, out=left), room, out=left)
    return filled


# --- what comes back after an event ------------------------------------------------------


def recover(load: IntArray, cut: IntArray, periods: int, share: float = 1.0) -> IntArray:
    """The loads when ``cut`` is taken away and a share of it comes back, evenly, in the next
    ``periods`` [mWh]: a house that was not heated is heated afterwards.

    Near the end it comes back in the periods that are left. With a share of 1 every
    prosumer's energy is conserved to the mWh.

    >>> recover(np.array([[9, 9, 9, 9]]), np.array([[0, 5, 0, 0]]), periods=2)
    array([[ 9,  4, 11, 12]])

    Raises :class:`~energychain.primitives.refusals.BadInput` if more is cut than is used, or
    in the last period, after which nothing can come back.
    """
    if periods < 1 or not share >= 0:
        raise BadInput(
            f"expected a share of 0 or more and periods of 1 or more, found {share} and {periods}"
        )
    if load.shape != cut.shape or load.ndim != 2:
        raise BadInput(f"a cut of shape {cut.shape} does not fit loads of {load.shape}")
    if (cut < 0).any() or (cut > load).any():
        raise BadInput("a cut must lie between nothing and the load")
    if share and cut[:, -1:].any():
        raise BadInput("the last period is cut: there is no time left to come back in")
    count = load.shape[1]
    back = np.rint(share * cut).astype(np.int64)
    after = load.astype(np.int64) - cut
    left = np.minimum(periods, count - 1 - np.arange(count))  # periods to come back in
    for k in range(1, min(periods, count - 1) + 1):
        here = left >= k
        part = back[:, here] * k // left[here] - back[:, here] * (k - 1) // left[here]
        after[:, np.flatnonzero(here) + k] += part
    return after


# --- the profile of all ------------------------------------------------------------------


def aggregate(load: IntArray) -> IntArray:
    """All prosumers together [mWh per period]."""
    total: IntArray = load.sum(axis=0, dtype=np.int64)
    return total


def peak(profile: ArrayLike) -> float:
    """The largest value of a profile [its unit].

    >>> peak([2, 3, 7])
    7.0
    """
    return float(np.asarray(profile).max())


def average(profile: ArrayLike) -> float:
    """The mean of a profile [its unit].

    >>> average([2, 3, 7])
    4.0
    """
    return float(np.asarray(profile).mean())


def peak_to_average(profile: ArrayLike) -> float:
    """The peak over the average: 1 if flat.

    >>> peak_to_average([2, 3, 7])
    1.75

    Raises :class:`~energychain.primitives.refusals.BadInput` if there is no energy.
    """
    mean = average(profile)
    if mean <= 0:
        raise BadInput("a profile without energy has no peak-to-average ratio")
    return peak(profile) / mean


def deviation(profile: ArrayLike) -> float:
    """The standard deviation of a profile, all its periods counted [its unit].

    >>> deviation([1, 3])
    1.0
    """
    return float(np.asarray(profile).std())


def cost(load: IntArray, price: ArrayLike) -> float:
    """What the energy costs [money] at a price [money per kWh]; ``load`` is a profile or the
    loads of all [mWh].

    >>> cost(np.array([1_000_000, 500_000]), [0.25, 0.5])
    0.5
    """
    return float((load * np.asarray(price, dtype=float)).sum() / 10**ENERGY_DECIMALS)


# --- three cures of the rebound peak -----------------------------------------------------


def shift_randomised(
    load: IntArray,
    movable: IntArray,
    price: ArrayLike,
    limit: ArrayLike,
    windows: Windows = WHOLE_DAY,
    *,
    temperature: float,
    rng: np.random.Generator,
) -> IntArray:
    r"""As :func:`shift`, but each prosumer draws the order in which it fills its hours [mWh].

    The first is hour :math:`t` with the probability :math:`e^{-\pi_t / \tau} / \sum_s
    e^{-\pi_s / \tau}` (a logit), the next alike among those that are left; ``temperature`` is
    :math:`\tau`, in the unit of the price. Who ranks by price less :math:`\tau` times a
    Gumbel variable draws just so (McFadden 1974). At 0 everybody is selfish again.

    >>> load = movable = np.array([[4, 0]] * 1000)
    >>> drawn = shift_randomised(load, movable, [2, 1], limit=4, windows=Windows(per_day=2),
    ...                          temperature=1.0, rng=np.random.default_rng(1))
    >>> aggregate(drawn) / 4_000  # 1 / (1 + e) = 0.269 was to be expected
    array([0.269, 0.731])

    Raises :class:`~energychain.primitives.refusals.BadInput` as :func:`shift` does, and for
    a negative temperature.
    """
    if not 0 <= temperature < np.inf:
        raise BadInput(f"the temperature must be 0 or more, found {temperature}")
    load, movable, limits = _arrays(load, movable, limit)
    prices = np.broadcast_to(_prices(price, load), load.shape)
    shifted = np.empty(load.shape, load.dtype)
    for rows in blocks(*load.shape):
        felt = prices[rows] - temperature * rng.gumbel(size=prices[rows].shape)
        shifted[rows] = shift(load[rows], movable[rows], felt, limits[rows], windows)
    return shifted


def shift_by_quota(
    load: IntArray,
    movable: IntArray,
    price: ArrayLike,
    limit: ArrayLike,
    capacity: ArrayLike,
    windows: Windows = WHOLE_DAY,
) -> IntArray:
    """As :func:`shift`, but all together stay below a ``capacity`` [mWh per period] [mWh].

    The cheapest hour is shared first. Who could not place its energy later comes first; the
    rest of the capacity is shared in proportion to what each still wants there, in whole mWh
    by largest remainder. The price is one for all.

    >>> load = movable = np.array([[6, 0, 0], [3, 0, 0]])
    >>> shift_by_quota(load, movable, [3, 1, 2], 9, capacity=5, windows=Windows(per_day=3))
    array([[0, 3, 3],
           [0, 2, 1]])

    Raises :class:`~energychain.primitives.refusals.BadInput` as :func:`shift` does, and if the
    capacity has no place for energy that can go nowhere else.
    """
    load, movable, limits = _arrays(load, movable, limit)
    prices = _prices(price, load)
    if len(prices) > 1:
        raise BadInput("a quota needs one price for all, found one for each prosumer")
    shifted = _fixed(load, movable, limits, 0)
    room = limits - shifted
    free = np.broadcast_to(np.asarray(capacity), prices[0].shape) - aggregate(shifted)
    for hours in windows.periods(load.shape[1]):
        ranked = _cheapest_first(prices, hours)[0]
        _filled(room[:, ranked], movable[:, hours].sum(axis=2), hours, 0)
        for day, order in zip(hours, ranked, strict=True):
            left = movable[:, day].sum(axis=1, dtype=np.int64)
            later = room[:, day].sum(axis=1)
            for period in order:
                later -= room[:, period]
                must = np.maximum(left - later, 0)
                rest = max(int(free[period]), 0) - int(must.sum())
                if rest < 0:
                    raise BadInput(
                        f"period {period}: the capacity has no place for {-rest} mWh that can"
                        " go nowhere else: raise it, or the limits elsewhere"
                    )
                quota = must + pro_rata(rest, np.minimum(left, room[:, period]) - must)
                shifted[:, period] += quota
                left -= quota
    return shifted.astype(load.dtype)


def pro_rata(amount: int, wants: IntArray) -> IntArray:
    """Each a share in proportion to its want, in whole numbers by largest remainder (ties go
    to the earlier); nobody more than it wants.

    >>> pro_rata(10, np.array([6, 6, 6])), pro_rata(10, np.array([4, 5]))
    (array([4, 3, 3]), array([4, 5]))
    """
    total = int(wants.sum())
    if total <= amount:
        return wants.copy()
    parts: IntArray = np.floor(wants * (amount / total)).astype(np.int64)
    # The products overflow, but their difference is small and so comes out right modulo 2^64.
    remainders = wants * amount - parts * total
    off = remainders // total
    parts, remainders = parts + off, remainders - off * total
    missing = amount - int(parts.sum())
    parts[np.argsort(-remainders, kind="stable")[:missing]] += 1
    return parts


@dataclass(frozen=True, eq=False)
class Round:
    """One exchange: a price is sent out, the prosumers answer with a plan."""

    price: FloatArray
    """What was sent."""

    profile: IntArray
    """The plan of all, after the step [mWh]."""

    step: Fraction
    """How far they went from the old plan towards their best answer."""


@dataclass(frozen=True, eq=False)
class Iterated:
    """What prosumers and price settled on, and how."""

    shifted: IntArray
    """The loads of the last plan [mWh]."""

    rounds: tuple[Round, ...]
    """In order."""


def iterate(
    load: IntArray,
    movable: IntArray,
    price_of: Callable[[IntArray], ArrayLike],
    limit: ArrayLike,
    windows: Windows = WHOLE_DAY,
    *,
    rounds: int,
    step: Fraction | None = None,
) -> Iterated:
    r"""Price and plan answer one another: in each round ``price_of`` turns the profile of all
    [mWh] into a price, and everybody goes a ``step`` from its plan towards :func:`shift`.

    Without a ``step`` round :math:`k = 0, 1, \dots` takes :math:`2 / (k + 2)`, the method of
    Frank & Wolfe (1956): if each hour's price grows with its load, the profile converges to
    the flattest (it fills the valleys). Averages stay whole: the energy moved up to each
    period is rounded down, so that a window's energy and the limits are kept to the mWh.

    >>> load = np.array([[8_000, 2_000, 1_000, 1_000]])
    >>> found = iterate(load, load // 2, lambda profile: profile, 9_000, Windows(per_day=4),
    ...                 rounds=100)
    >>> for each in (found.rounds[0], found.rounds[1], found.rounds[-1]):  # 4,000 cannot move
    ...     print(each.profile)
    [4000 1000 6500  500]
    [4000 1000 2500 4500]
    [4000 2660 2633 2707]

    Raises :class:`~energychain.primitives.refusals.BadInput` as :func:`shift` does, and for
    a step that is not between 0 and 1.
    """
    if step is not None and not 0 < step <= 1:
        raise BadInput(f"a step must lie above 0 and at most at 1, found {step}")
    plan = np.asarray(load).astype(np.int64)
    history = []
    for k in range(rounds):
        now = step or Fraction(2, k + 2)
        price = np.asarray(price_of(aggregate(plan)), dtype=float)
        best = shift(load, movable, price, limit, windows)
        moved = np.cumsum(best - plan, axis=1) * now.numerator // now.denominator
        plan += np.diff(moved, axis=1, prepend=0)
        history.append(Round(price, aggregate(plan), now))
    return Iterated(plan.astype(load.dtype), tuple(history))
