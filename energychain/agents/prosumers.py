r"""
Prosumers of the two-stage market: what they want at a price, and how they reschedule.

Khajeh, Shafie-khah & Laaksonen (2020), *Blockchain-based Smart Grids*, chapter 7. A prosumer's
demand :math:`d` is what is best for it between its comfort limits (Equation 1):

.. math::
   d = \arg\max_{d_{min} \le d \le d_{max}} \beta d - \frac{\gamma d^2}{2} - \pi d
     = \min\!\left(\max\!\left(\frac{\beta - \pi}{\gamma},\, d_{min}\right),\, d_{max}\right)

The chapter calls :math:`\beta` and :math:`\gamma` "the parameters of the proposed Q-learning
algorithm", and :math:`d` "the local market price". We read them so: :math:`\beta` is what the
first kWh is worth [money/kWh], :math:`\gamma` by how much each further one is worth less
[money/kWh²], :math:`\pi` the price [money/kWh] and :math:`d` the demand [kWh].

When local supply does not cover demand, giving up demand is paid (Equations 2 and 3):

.. math::
   \pi^{DR} = \begin{cases} 0 & \sum d \le \sum \rho \\
   \min(\alpha \pi,\, \pi_{market}) & \sum d > \sum \rho \end{cases} \qquad \alpha \ge 1

In stage 2 a prosumer sees both. Each kWh that it uses costs :math:`\pi` and forgoes
:math:`\pi^{DR}`, because only what it gives up is paid (Equation 4, :math:`d^{DR} = d -
d^{new}`); so its price is :math:`\pi + \pi^{DR}`. Equation (1) says what it cuts at that price,
:func:`energychain.grid.loads.shift` where the energy goes that can wait. The chapter does not
say what a prosumer owes who uses *more* in an hour than it said; for :math:`\pi + \pi^{DR}` to
be its price there too, it must pay back :math:`\pi^{DR}`. That is our reading.
"""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from energychain.grid.loads import WHOLE_DAY, Windows, shift
from energychain.primitives.refusals import BadInput
from energychain.primitives.units import ENERGY_DECIMALS

FloatArray = NDArray[np.floating[Any]]
BoolArray = NDArray[np.bool_]

UNIT = 10**ENERGY_DECIMALS
"""[mWh/kWh]"""


# --- one price, one demand ---------------------------------------------------------------


def utility(demand: ArrayLike, beta: ArrayLike, gamma: ArrayLike) -> FloatArray:
    r"""What a demand [kWh] is worth: :math:`\beta d - \gamma d^2 / 2` [money].

    >>> float(utility(2.0, beta=0.5, gamma=0.1))
    0.8
    """
    d = np.asarray(demand, dtype=float)
    worth: FloatArray = d * (np.asarray(beta) - np.asarray(gamma) * d / 2)
    return worth


def best_demand(
    beta: ArrayLike, gamma: ArrayLike, price: ArrayLike, low: ArrayLike, high: ArrayLike
) -> FloatArray:
    """Equation (1): the demand between the limits that is worth most, less what it costs [kWh].

    Where gamma is 0 every kWh is worth the same: all if that is more than the price, else as
    little as possible.

    >>> best_demand(beta=0.5, gamma=0.1, price=[0.1, 0.3, 0.6], low=0.5, high=3)
    array([3. , 2. , 0.5])

    Raises :class:`~energychain.primitives.refusals.BadInput` if gamma is negative, or if low
    is above high.
    """
    beta, gamma, price, low, high = (
        np.asarray(each, dtype=float) for each in (beta, gamma, price, low, high)
    )
    if not (gamma >= 0).all():
        raise BadInput("gamma must be 0 or more: a further kWh is never worth more than the last")
    if not (low <= high).all():
        raise BadInput("the least demand must not be above the most")
    return _best_demand(beta, gamma, price, low, high)


def _best_demand(
    beta: FloatArray, gamma: FloatArray, price: FloatArray, low: FloatArray, high: FloatArray
) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        wanted = np.asarray((beta - price) / gamma)
    if not gamma.all():  # 0/0: a kWh is worth just its price
        wanted = np.where(np.isnan(wanted), -np.inf, wanted)
    demand: FloatArray = np.clip(wanted, low, high)
    return demand


def dr_price(
    demand: ArrayLike, supply: ArrayLike, price: ArrayLike, alpha: ArrayLike, upstream: ArrayLike
) -> FloatArray:
    """Equations (2) and (3): what is paid for demand given up, in each period [money/kWh].

    ``demand`` and ``supply`` are of all prosumers together [kWh]; ``price`` is the local
    market's, ``upstream`` the outside market's. It is never negative, whatever the prices are.

    >>> dr_price([2, 5, 5], supply=3, price=[0.1, 0.1, 0.2], alpha=1.5, upstream=0.25)
    array([0.  , 0.15, 0.25])

    Raises :class:`~energychain.primitives.refusals.BadInput` if alpha is below 1.
    """
    if not (np.asarray(alpha) >= 1).all():
        raise BadInput("alpha must be 1 or more (Equation 2)")
    offered = np.minimum(np.asarray(alpha) * np.asarray(price), np.asarray(upstream, dtype=float))
    short = np.asarray(demand) > np.asarray(supply)
    paid: FloatArray = np.where(short, np.maximum(offered, 0.0), 0.0)
    return paid


# --- many prosumers ----------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Prosumers:
    """Prosumers by periods. What is the same along an axis may have length 1 there.

    Raises :class:`~energychain.primitives.refusals.BadInput` if arrays do not fit together,
    if gamma, low or the movable energy is negative, or if low is above high.
    """

    beta: FloatArray
    """What the first kWh is worth [money/kWh]."""

    gamma: FloatArray
    """By how much each further kWh is worth less [money/kWh²]."""

    low: FloatArray
    """The least that is comfortable, besides what can wait [kWh]."""

    high: FloatArray
    """The most that is of use, besides what can wait [kWh]."""

    renewable: FloatArray
    """What it produces [kWh]."""

    movable: FloatArray
    """What it needs some time within a window [kWh]: in stage 1, in this period."""

    limit: FloatArray
    """The most that its connection carries [kWh per period]."""

    def __post_init__(self) -> None:
        """Refuse what no prosumer can be."""
        for name in _names():
            value = np.asarray(getattr(self, name), dtype=float)
            object.__setattr__(self, name, value)
            if value.ndim != 2:
                raise BadInput(f"{name} must be prosumers by periods, found shape {value.shape}")
            if name != "beta" and not (value >= 0).all():
                raise BadInput(f"{name} must be 0 or more everywhere")
        try:
            np.broadcast_shapes(*(getattr(self, name).shape for name in _names()))
        except ValueError:
            shapes = ", ".join(f"{name} {getattr(self, name).shape}" for name in _names())
            raise BadInput(f"these do not fit together: {shapes}") from None
        if (self.low > self.high).any():
            raise BadInput("the least demand must not be above the most")

    def __len__(self) -> int:
        """How many prosumers there are."""
        return self.shape[0]

    @property
    def shape(self) -> tuple[int, ...]:
        """Prosumers, periods."""
        return np.broadcast_shapes(*(getattr(self, name).shape for name in _names()))

    def rows(self, which: slice | BoolArray) -> "Prosumers":
        """Some of the prosumers.

        >>> calibrated(np.ones((3, 24)), price=0.2, elasticity=-0.5).rows(slice(2)).shape
        (2, 24)
        """
        arrays = {name: getattr(self, name) for name in _names()}
        own = {name: each[which] for name, each in arrays.items() if len(each) == len(self)}
        return replace(self, **own)

    def elastic(self, price: ArrayLike) -> FloatArray:
        """Demand by Equation (1) at a price, one for all or one for each [kWh]."""
        at = np.asarray(price, dtype=float)
        demand = _best_demand(self.beta, self.gamma, at, self.low, self.high)
        return np.broadcast_to(demand, self.shape)

    def demand(self, price: ArrayLike) -> FloatArray:
        """All demand at a price, before anything is moved [kWh].

        >>> house = calibrated(np.full((1, 24), 2.0), price=0.2, elasticity=-0.5)
        >>> house.demand(0.3)[0, :3]
        array([1.5, 1.5, 1.5])
        """
        total: FloatArray = self.elastic(price) + self.movable
        return total


def _names() -> tuple[str, ...]:
    return tuple(field.name for field in fields(Prosumers))


def calibrated(
    load: FloatArray,
    price: ArrayLike,
    elasticity: ArrayLike,
    low_share: float = 0.0,
    high_share: float = 2.0,
    movable_share: ArrayLike = 0.0,
    renewable: ArrayLike = 0.0,
    limit: ArrayLike | None = None,
) -> Prosumers:
    r"""Prosumers who want just their real load [kWh] at the reference price [money/kWh].

    A share of every load can wait. The rest, :math:`d_0`, answers the price, at the reference
    with the point elasticity :math:`\varepsilon < 0`, and so in a straight line:

    .. math:: \gamma = \frac{\pi}{|\varepsilon| d_0} , \qquad
              \beta = \pi \left(1 + \frac{1}{|\varepsilon|}\right)

    It stays between ``low_share`` and ``high_share`` times :math:`d_0`. ``price``,
    ``elasticity``, ``movable_share``, ``renewable`` [kWh] and ``limit`` [kWh per period] are
    single numbers or arrays of prosumers by periods. Without a limit, the connection carries
    what the prosumer can want in its largest period.

    A fifth more than the reference price, at an elasticity of -0.5, means a tenth less:

    >>> float(calibrated(np.full((1, 24), 2.0), 0.25, -0.5).elastic(0.3)[0, 0])
    1.8

    Raises :class:`~energychain.primitives.refusals.BadInput` for a reference price or an
    elasticity on the wrong side of 0, for shares that are no shares, and as
    :class:`Prosumers` does.
    """
    load, price, share = (np.asarray(each, dtype=float) for each in (load, price, movable_share))
    strength = -np.asarray(elasticity, dtype=float)
    if not (price > 0).all():
        raise BadInput("the reference price must be above 0")
    if not (strength > 0).all():
        raise BadInput("the elasticity must be below 0: who pays more wants less")
    if not ((share >= 0) & (share <= 1)).all():
        raise BadInput("the share that can wait must lie between 0 and 1")
    if not 0 <= low_share <= 1 <= high_share:
        raise BadInput("the real load must lie between low_share and high_share times itself")
    movable = load * share
    wanted = load - movable
    # Where nothing is wanted the limits say 0; gamma must only not divide by it.
    gamma = price / (strength * np.maximum(wanted, 1 / UNIT))
    high = high_share * wanted
    if limit is None:
        limit = (high + movable).max(axis=1, keepdims=True)
    return Prosumers(
        beta=np.atleast_2d(price * (1 + 1 / strength)),
        gamma=gamma,
        low=low_share * wanted,
        high=high,
        renewable=np.atleast_2d(np.asarray(renewable, dtype=float)),
        movable=movable,
        limit=np.atleast_2d(np.asarray(limit, dtype=float)),
    )


# --- stage 2 -----------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Rescheduled:
    """What became of the demand of stage 1, by prosumer and period."""

    before: FloatArray
    """Stage 1: :math:`d` [kWh]."""

    curtailed: FloatArray
    """Cut by Equation (1) [kWh]."""

    moved: FloatArray
    """Taken out of a period to run in another, negative where it runs [kWh]; whole mWh, which
    add up to 0 in every window."""

    @property
    def response(self) -> FloatArray:
        """Equation (4): the DR part of the demand, :math:`d^{DR}` [kWh]."""
        return self.curtailed + self.moved

    @property
    def demand(self) -> FloatArray:
        """Stage 2: :math:`d^{new}` [kWh]."""
        new: FloatArray = np.maximum(self.before - self.response, 0.0)
        return new


def reschedule(
    prosumers: Prosumers,
    price: ArrayLike,
    dr_price: ArrayLike,
    participates: BoolArray,
    windows: Windows | None = WHOLE_DAY,
) -> Rescheduled:
    """Stage 2: those who participate answer the market price and the DR price [money/kWh].

    ``participates`` says so for each prosumer; the others keep to their demand of stage 1.
    Without ``windows`` nothing is moved. For many prosumers and a whole year, call it for
    some rows at a time (:func:`energychain.grid.loads.blocks`): that is faster and needs
    little memory.

    >>> house = calibrated(np.array([[2.0, 2.0, 2.0, 2.0]]), 0.2, -0.5, movable_share=0.5, limit=5)
    >>> answer = reschedule(house, [0.2, 0.2, 0.2, 0.1], [0.1, 0, 0, 0], np.array([True]),
    ...                     Windows(per_day=4))
    >>> answer.curtailed.round(3), answer.moved
    (array([[0.25, 0.  , 0.  , 0.  ]]), array([[ 1.  ,  0.75,  1.  , -2.75]]))

    Raises :class:`~energychain.primitives.refusals.BadInput` if there is not one answer for
    each prosumer, and if a connection cannot carry what can wait
    (:func:`energychain.grid.loads.shift`).
    """
    participates = np.asarray(participates, dtype=bool)
    if participates.shape != (len(prosumers),):
        raise BadInput(f"expected who participates of {len(prosumers)}, found {participates.shape}")
    answers = participates[:, None]
    felt = np.asarray(price, dtype=float) + np.asarray(dr_price, dtype=float)
    first, second = prosumers.elastic(price), prosumers.elastic(felt)
    before = first + prosumers.movable
    curtailed = (first - second) * answers
    if windows is None:
        return Rescheduled(before, curtailed, np.zeros_like(before))
    # What can wait is rounded down, the load and its limit up: what fits in kWh fits in mWh.
    scale = answers * UNIT
    movable = np.broadcast_to((prosumers.movable * scale).astype(np.int64), before.shape)
    load = np.ceil((second + prosumers.movable) * scale).astype(np.int64)
    limit = np.ceil(prosumers.limit * UNIT).astype(np.int64)
    moved = (load - shift(load, movable, felt, limit, windows)) / UNIT
    return Rescheduled(before, curtailed, moved)
