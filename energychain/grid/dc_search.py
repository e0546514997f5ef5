r"""
When a quantity of a linear circuit first falls below zero, and when it is highest.

Within a **stretch** of time nothing switches: the state obeys :math:`z' = M z`, and the
watched quantity is :math:`f = w z`. In energy coordinates (see
:mod:`energychain.grid.dc_modes`) :math:`\lVert z' \rVert` does not grow, so

.. math:: |f''| = |w M z'| \le \lVert w M \rVert\,\lVert z'(0) \rVert

and between two instants :math:`d` apart *f* stays within :math:`d^2/8` times that bound of
the straight line. A stretch whose line is clear of zero by more is done with; any other is
halved until it is, or until *f* is monotone in it and Newton's method cannot go astray.
Nothing is missed between the points of a grid, however coarse.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil, log2

import numpy as np
from numpy.typing import NDArray

from energychain.primitives.refusals import Refusal

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

SHORTEST = 1e-13
"""Stretches are not halved further [s]."""

RESOLUTION = 1e-15
"""Newton's method ends when it moves by less [s]."""

TERMS = 12
"""Of the series of the exponential: the rest is below the last binary digit."""

MOST_STRETCHES = 500_000
"""So many stretches at a time, and the search is given up."""

SMALL = 0.25
"""The norm up to which the series is used."""


class TooFast(Refusal):
    """A circuit swings so often within its window that the search would not end."""

    rule = "too fast"


def change_over(exponent: FloatArray) -> FloatArray:
    r"""The matrices :math:`e^X - 1`, for any number of matrices X: (..., k, k).

    A series for :math:`X/2^s`, then s times doubled by :math:`D \to 2D + D^2`. No
    eigenvectors are asked for, so nothing happens where they coincide; and since 1 is left
    out, slow decays keep their digits beside fast ones.

    >>> change_over(np.array([[0.0, 1.0], [0.0, 0.0]]))
    array([[0., 1.],
           [0., 0.]])
    """
    doublings = doublings_of(exponent)
    small = exponent / 2.0**doublings
    one = np.eye(exponent.shape[-1])
    series = one + small / TERMS
    for term in range(TERMS - 1, 1, -1):
        series = one + small @ series / term
    change = small @ series
    for _ in range(doublings):
        change = 2 * change + change @ change
    return change


def doublings_of(exponent: FloatArray) -> int:
    """How often the largest of some matrices must be halved to be small."""
    norm = float(np.abs(exponent).sum(axis=-1).max(initial=SMALL))
    return ceil(log2(norm / SMALL))


def up_to_first(true: BoolArray) -> BoolArray:
    """Where nothing further left in the row is true: up to and with the first.

    >>> up_to_first(np.array([[False, True, False, True]]))
    array([[ True,  True, False, False]])
    """
    last = np.where(true.any(axis=1), true.argmax(axis=1), true.shape[1])
    upto: BoolArray = np.arange(true.shape[1]) <= last[:, None]
    return upto


def sums(subscripts: str, *factors: FloatArray) -> FloatArray:
    """Products of arrays, summed over the letters that the result lacks."""
    result: FloatArray = np.einsum(subscripts, *factors)
    return result


def along(matrix: FloatArray, state: FloatArray) -> FloatArray:
    """Each matrix (k, 5, 5) times its state (k, 5)."""
    return sums("kij,kj->ki", matrix, state)


def length(vectors: FloatArray) -> FloatArray:
    """The length of each vector, without what belongs to the constant: (..., 5) to (...)."""
    return np.sqrt(sums("...i,...i->...", vectors[..., :4], vectors[..., :4]))


def _dot(left: FloatArray, right: FloatArray) -> FloatArray:
    return sums("ki,ki->k", left, right)


@dataclass(frozen=True, eq=False)
class Stretches:
    """Times without an event, each with the quantity that is watched in it."""

    row: IntArray
    """Whose it is: (k,)."""

    mode: IntArray

    rate: FloatArray
    """The matrix M [1/s]: (k, 5, 5)."""

    growth: FloatArray
    """How fast the state could grow, at most [1/s]: (k,)."""

    watch: FloatArray
    """The quantity, as a row over the state: (k, 5)."""

    start: FloatArray
    """[s]"""

    width: FloatArray
    """[s]"""

    left: FloatArray
    """The state at the start: (k, 5)."""

    right: FloatArray
    """The state at the end: (k, 5)."""

    def __len__(self) -> int:
        """How many there are."""
        return len(self.row)

    def _each(self, change: Callable[[str], NDArray[np.generic]]) -> "Stretches":
        return Stretches(**{name: change(name) for name in self.__dataclass_fields__})  # type: ignore[arg-type]

    def take(self, which: BoolArray | IntArray) -> "Stretches":
        """Some of them."""
        return self._each(lambda name: getattr(self, name)[which])

    def and_also(self, others: "Stretches") -> "Stretches":
        """These and others."""
        return self._each(lambda name: np.concatenate([getattr(self, name), getattr(others, name)]))

    def watching(self, watch: FloatArray) -> "Stretches":
        """The same times, another quantity."""
        return replace(self, watch=watch)

    def slope_watched(self) -> "Stretches":
        """The same times; watched is how fast the quantity changes."""
        return self.watching(self.slope)

    def from_later(self, later: FloatArray) -> "Stretches":
        """Each without its first so many seconds."""
        left = self.state(later)
        return replace(self, start=self.start + later, width=self.width - later, left=left)

    def halves(self) -> "Stretches":
        """Each cut in two: first all first halves, then all second ones.

        Raises :class:`TooFast` if there are more than :data:`MOST_STRETCHES`.
        """
        if len(self) > MOST_STRETCHES:
            raise TooFast(
                "the circuit swings too often within its window: choose a shorter one, larger"
                " inductances or larger capacitances"
            )
        half = self.width / 2
        middle = self.state(half)
        first = replace(self, width=half, right=middle)
        return first.and_also(replace(self, start=self.start + half, width=half, left=middle))

    def state(self, later: FloatArray) -> FloatArray:
        """The state so many seconds after the start: (k, 5)."""
        return self.left + along(change_over(self.rate * later[:, None, None]), self.left)

    @cached_property
    def slope(self) -> FloatArray:
        """The row of the quantity's derivative."""
        return sums("ki,kij->kj", self.watch, self.rate)

    @cached_property
    def values(self) -> tuple[FloatArray, FloatArray]:
        """The quantity at both ends."""
        return _dot(self.watch, self.left), _dot(self.watch, self.right)

    @cached_property
    def slopes(self) -> tuple[FloatArray, FloatArray]:
        """Its derivative at both ends."""
        return _dot(self.slope, self.left), _dot(self.slope, self.right)

    @cached_property
    def bend(self) -> FloatArray:
        """What the second derivative cannot exceed, up or down, within the stretch."""
        growing = np.exp(self.growth * self.width)
        return length(self.slope) * length(along(self.rate, self.left)) * growing

    @property
    def slack(self) -> FloatArray:
        """How far the quantity can leave the straight line between its ends."""
        return self.bend * self.width**2 / 8

    @property
    def steepest(self) -> tuple[FloatArray, FloatArray]:
        """The least and the greatest derivative that the bound allows."""
        mean = (self.slopes[0] + self.slopes[1]) / 2
        return mean - self.bend * self.width / 2, mean + self.bend * self.width / 2


def first_fall(stretches: Stretches, rows: int) -> tuple[FloatArray, FloatArray]:
    """When each row's quantity first falls below 0 [s], and the state then: (n,) and (n, 5).

    Infinite where it does not. A quantity that is negative at the start of a stretch has
    fallen there.
    """
    when, state = np.full(rows, np.inf), np.zeros((rows, 5))
    already = stretches.values[0] < 0
    _keep_earliest(when, state, stretches.take(already), np.zeros(int(already.sum())))
    latest = when.copy()
    found = []
    stretches = stretches.take(~already)
    while len(stretches):
        a, b = stretches.values
        below = b < 0
        np.minimum.at(
            latest, stretches.row[below], (stretches.start + stretches.width)[below]
        )  # after it nothing is a first fall
        least, greatest = stretches.steepest
        monotone = (greatest < 0) | (stretches.width < SHORTEST)
        clear = ~below & (monotone | (least > 0) | (np.minimum(a, b) >= stretches.slack))
        over = clear | (stretches.start >= latest[stretches.row])
        found.append(stretches.take(below & monotone & ~over))
        stretches = stretches.take(~over & ~(below & monotone)).halves()
    for each in found:
        _keep_earliest(when, state, each, root(each))
    return when, state


def _keep_earliest(
    when: FloatArray, state: FloatArray, stretches: Stretches, later: FloatArray
) -> None:
    time, states = stretches.start + later, stretches.state(later)
    for row, moment, then in zip(stretches.row, time, states, strict=True):
        if moment < when[row]:
            when[row], state[row] = moment, then


def root(stretches: Stretches) -> FloatArray:
    """How long after the start a falling quantity is 0 [s]: Newton's method in a bracket.

    It must be positive at the start, negative at the end and monotone between.
    """
    a, b = stretches.values
    low, high = np.zeros(len(stretches)), stretches.width
    at = high * (a / np.where(a > b, a - b, 1.0))
    for _ in range(100):
        state = stretches.state(at)
        value, slope = _dot(stretches.watch, state), _dot(stretches.slope, state)
        low, high = np.where(value >= 0, at, low), np.where(value < 0, at, high)
        step = at - value / np.where(slope < 0, slope, np.nan)
        step = np.where((step >= low) & (step <= high), step, (low + high) / 2)
        moved, at = np.abs(step - at), step
        if np.all(moved <= RESOLUTION):
            break
    return at


def highest(
    stretches: Stretches, best: FloatArray, when: FloatArray, scale: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The maximum of each row's quantity and its time [s], from what is known so far: the
    best value on a grid, its time, and how large the quantity is.
    """
    best, when = best.copy(), when.copy()
    while len(stretches):
        a, b = stretches.values
        _keep_highest(best, when, stretches, a, stretches.start)
        least, greatest = stretches.steepest
        bends = stretches.slope_watched()
        over = (least > 0) | (greatest < 0) | (bends.steepest[0] > 0)
        over |= np.maximum(a, b) + stretches.slack <= best[stretches.row]
        over |= (stretches.width < SHORTEST) | (stretches.slack <= 1e-12 * scale[stretches.row])
        domed = ~over & (bends.steepest[1] < 0)
        peaked = domed & (bends.values[0] > 0) & (bends.values[1] < 0)
        peaks, later = stretches.take(peaked), root(bends.take(peaked))
        tops = _dot(peaks.watch, peaks.state(later))
        _keep_highest(best, when, peaks, tops, peaks.start + later)
        stretches = stretches.take(~over & ~domed).halves()
    return best, when


def _keep_highest(
    best: FloatArray, when: FloatArray, stretches: Stretches, value: FloatArray, time: FloatArray
) -> None:
    better = value > best[stretches.row]
    for row, top, moment in zip(stretches.row[better], value[better], time[better], strict=True):
        if top > best[row]:
            best[row], when[row] = top, moment
