r"""
The second settlement of chapter 7 of *Blockchain-based Smart Grids* (Khajeh, Shafie-khah &
Laaksonen (2020), section 4), as printed and repaired. Both are linear programmes, solved by
HiGHS.

**As printed**, Equations (5) to (8): with prices fixed by the first stage,

.. math::

   \max \sum_p \pi_t \rho'_p + \pi^{DR}_t d^{DR'}_p - \pi_t d^{new'}_p , \quad
   0 \le \rho'_p \le \rho_p , \;
   0 \le d^{DR'}_p \le d^{DR}_p , \;
   0 \le d^{new'}_p \le d^{new}_p .

Nothing ties the three together, and the last term only costs: at any positive price the
optimum is to serve **no demand at all**. (The chapter prints no prime on the *d* of its second
term; then that term is a constant, and nothing changes.)

**Repaired** (ours): what is not reduced is served, and every hour is in balance with an import
*m* and an export *x*,

.. math::

   \min \sum_t \Bigl( \pi^{im}_t m_t - \pi^{ex}_t x_t
        + \sum_p c^{\rho}_{p,t} \rho'_{p,t} + c^{DR}_{p,t} d^{DR'}_{p,t} \Bigr) , \qquad
   \sum_p \rho'_{p,t} + d^{DR'}_{p,t} + m_t = \sum_p d_{p,t} + x_t ,

where *d* is the demand before the offered reduction. The dual of the balance is the price of
one more kWh in that hour, and is compared with the price of the first stage.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from energychain.primitives.refusals import BadInput, Refusal

FloatArray = np.ndarray[Any, np.dtype[np.float64]]


class Unbalanced(Refusal):
    """No dispatch meets the demand."""

    rule = "balance"


@dataclass(frozen=True, eq=False)
class Printed:
    """The optimum of Equations (5) to (8); energy in [kWh]."""

    generated: FloatArray
    """(P, T)"""

    reduced: FloatArray
    """(P, T)"""

    served: FloatArray
    """(P, T)"""

    objective: float
    """[money]"""


@dataclass(frozen=True, eq=False)
class Settled:
    """The optimum of the repaired settlement; energy in [kWh]."""

    generated: FloatArray
    """(P, T)"""

    reduced: FloatArray
    """(P, T)"""

    served: FloatArray
    """Demand less what is reduced: (P, T)."""

    imported: FloatArray
    """(T,)"""

    exported: FloatArray
    """(T,)"""

    price: FloatArray
    """The dual of the balance: what one more kWh would cost [money/kWh]: (T,)."""

    cost: float
    """[money]"""


def settle_as_printed(
    renewable: FloatArray,
    reduction: FloatArray,
    new_demand: FloatArray,
    price: FloatArray,
    dr_price: FloatArray,
) -> Printed:
    """Solves Equations (5) to (8). Energy is (P, T) [kWh], prices are (T,) [money/kWh].

    >>> one = np.ones((1, 1))
    >>> settle_as_printed(one, 0 * one, 5 * one, np.array([0.2]), np.array([0.3])).served
    array([[0.]])

    Raises :class:`~energychain.primitives.refusals.BadInput` for arrays that do not fit
    together and for negative energy.
    """
    from scipy.optimize import linprog

    shape = _same_shape(renewable=renewable, reduction=reduction, new_demand=new_demand)
    prices = [np.broadcast_to(each, shape).ravel() for each in (price, dr_price, price)]
    value = np.concatenate([prices[0], prices[1], -prices[2]])
    most = np.concatenate([renewable.ravel(), reduction.ravel(), new_demand.ravel()])
    answer = linprog(-value, bounds=np.column_stack([np.zeros_like(most), most]), method="highs")
    generated, reduced, served = answer.x.reshape(3, *shape)
    return Printed(generated, reduced, served, -float(answer.fun))


def settle(
    demand: FloatArray,
    reduction: FloatArray,
    renewable: FloatArray,
    import_price: FloatArray,
    export_price: FloatArray,
    reduction_cost: FloatArray | float = 0.0,
    renewable_cost: FloatArray | float = 0.0,
    import_limit: float | None = None,
) -> Settled:
    """The cheapest way to meet the demand. Energy is (P, T) [kWh]; upstream prices are (T,), a
    cost is a number, (T,) or (P, T) [money/kWh]; ``import_limit`` is in [kWh] per period. What
    has one cost for all is shared in proportion to what each offered.

    Two kWh are wanted; the renewable kWh is free, half a kWh is given up for 0.1, and the rest
    is imported at 0.3, which is therefore the price:

    >>> one = np.ones((1, 1))
    >>> done = settle(2 * one, one / 2, one, np.array([0.3]), np.array([0.05]), 0.1)
    >>> done.imported, done.price, round(done.cost, 6)
    (array([0.5]), array([0.3]), 0.2)

    Raises :class:`Unbalanced` if an import limit leaves demand unmet, and
    :class:`~energychain.primitives.refusals.BadInput` for arrays that do not fit together,
    negative energy, a reduction above the demand, or an export price above the import price.
    """
    from scipy.optimize import linprog
    from scipy.sparse import identity, kron

    shape = _same_shape(demand=demand, reduction=reduction, renewable=renewable)
    hours = shape[1]
    if (reduction > demand + 1e-9).any():
        raise BadInput("a reduction is at most the demand that it reduces")
    check_upstream(import_price, export_price, hours)

    made, spared = _together(renewable, renewable_cost), _together(reduction, reduction_cost)
    limit = np.inf if import_limit is None else import_limit
    outside = np.array([[limit], [np.inf]]) * np.ones(hours)
    most = np.concatenate([made, spared, outside])
    cost = np.concatenate(
        [
            np.broadcast_to(renewable_cost, made.shape),
            np.broadcast_to(reduction_cost, spared.shape),
            [import_price, -export_price],
        ]
    )
    signs = np.array([1.0] * (len(most) - 1) + [-1.0])
    answer = linprog(
        cost.ravel(),
        A_eq=kron(signs[None], identity(hours), format="csr"),
        b_eq=demand.sum(axis=0),
        bounds=np.column_stack([np.zeros(most.size), most.ravel()]),
        method="highs",
    )
    if answer.status == 2:
        raise Unbalanced(
            f"an import of at most {limit:g} kWh does not meet the demand: raise the limit, or"
            " offer more reduction"
        )
    done = answer.x.reshape(most.shape)
    generated = _apart(done[: len(made)], renewable)
    reduced = _apart(done[len(made) : -2], reduction)
    return Settled(
        generated,
        reduced,
        demand - reduced,
        done[-2],
        done[-1],
        np.asarray(answer.eqlin.marginals),
        float(answer.fun),
    )


def _together(energy: FloatArray, cost: FloatArray | float) -> FloatArray:
    """Energy of one cost is one variable in every hour: a thousand would say the same."""
    return energy if np.ndim(cost) == 2 else energy.sum(axis=0, keepdims=True)


def _apart(done: FloatArray, energy: FloatArray) -> FloatArray:
    """What was one variable, in proportion to what each prosumer offered."""
    if done.shape == energy.shape:
        return done
    total = energy.sum(axis=0)
    share = np.divide(done[0], total, out=np.zeros_like(total), where=total > 0)
    split: FloatArray = energy * share
    return split


def check_upstream(import_price: FloatArray, export_price: FloatArray, hours: int) -> None:
    """Refuse upstream prices with which energy could be carried in a circle for money.

    Raises :class:`~energychain.primitives.refusals.BadInput`.
    """
    for name, price in (("import", import_price), ("export", export_price)):
        if price.shape != (hours,) or not np.isfinite(price).all():
            raise BadInput(f"expected one finite {name} price for each of {hours} hours")
    if (export_price > import_price).any():
        hour = int((export_price > import_price).argmax())
        raise BadInput(
            f"hour {hour}: an export price of {export_price[hour]:g} above the import price of"
            f" {import_price[hour]:g} would pay for carrying energy in a circle"
        )


def _same_shape(**energies: FloatArray) -> tuple[int, int]:
    shapes = {name: each.shape for name, each in energies.items()}
    first = next(iter(shapes.values()))
    if len(first) != 2 or any(shape != first for shape in shapes.values()):
        raise BadInput(f"expected arrays of one shape (prosumers, hours), found {shapes}")
    for name, each in energies.items():
        if not np.isfinite(each).all() or (each < 0).any():
            raise BadInput(f"{name.replace('_', ' ')}: energy is a finite number of at least 0")
    return first[0], first[1]
