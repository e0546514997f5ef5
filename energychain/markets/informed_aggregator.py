r"""
The benchmark of chapter 7: a non-profit aggregator that knows everything.

Khajeh, Shafie-khah & Laaksonen (2020), *Blockchain-based Smart Grids*, chapter 7, section 6.1,
compare their local market with an aggregator which "collects all of the information about the
prosumers". What it solves is not printed; this is ours, one linear programme for the whole
community:

.. math::

   \max \sum_{p,t} \Bigl( \sum_k u_{p,t,k} s_{p,t,k} \Bigr)
        - \sum_t \left( \pi^{im}_t m_t - \pi^{ex}_t x_t \right)

with, for every hour, the balance

.. math:: \sum_p \rho'_{p,t} + m_t = \sum_p \Bigl( f_{p,t} + \sum_k s_{p,t,k} + y_{p,t} \Bigr) + x_t

and for every prosumer and comfort window :math:`\sum_t y_{p,t}` equal to the energy that can
wait. Fixed demand *f* is always served; elastic demand is cut into segments of falling marginal
utility *u*, so the quadratic utility of Equation (1) is met up to the width of a segment.

The dual of the balance is the price at which nobody would wish to do anything else: the
aggregator's price.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from energychain.markets.second_settlement import Unbalanced, check_upstream
from energychain.primitives.refusals import BadInput

FloatArray = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, eq=False)
class Community:
    """All that the aggregator knows. Energy is in [kWh], prices and utility in [money/kWh].

    Raises :class:`~energychain.primitives.refusals.BadInput` for arrays that do not fit
    together, negative energy, windows that do not cover the hours once, and more energy that
    can wait than its window has room for.
    """

    fixed: FloatArray
    """Demand that is always served: (P, T)."""

    utility: FloatArray
    """Marginal utility of each segment of the elastic demand, falling: (P, T, K)."""

    elastic: FloatArray
    """The size of each segment: (P, T, K)."""

    movable: FloatArray
    """Energy that can wait, by window: (P, W)."""

    room: FloatArray
    """What a prosumer may put at most into an hour of what can wait: (P, T)."""

    windows: Sequence[tuple[int, int]]
    """First hour of each window, and the hour after its last."""

    renewable: FloatArray
    """(P, T)"""

    import_price: FloatArray
    """(T,)"""

    export_price: FloatArray
    """(T,)"""

    import_limit: float | None = None
    """What the community may import in an hour [kWh]."""

    def __post_init__(self) -> None:
        homes, hours = shape = self.fixed.shape
        segments = self.utility.shape[2:]
        expected = {
            "utility": (homes, hours, *segments),
            "elastic": (homes, hours, *segments),
            "movable": (homes, len(self.windows)),
            "room": shape,
            "renewable": shape,
        }
        for name, wanted in expected.items():
            if getattr(self, name).shape != wanted:
                raise BadInput(f"{name}: expected {wanted}, found {getattr(self, name).shape}")
        for name in ("fixed", "elastic", "movable", "room", "renewable"):
            if not (getattr(self, name) >= 0).all():
                raise BadInput(f"{name}: energy is a number of at least 0")
        if (np.diff(self.utility, axis=2) > 1e-9).any():
            raise BadInput("utility: the segments of a demand come with the most useful first")
        covered = [hour for first, end in self.windows for hour in range(first, end)]
        if covered != list(range(hours)):
            raise BadInput(
                f"windows {list(self.windows)} do not cover {hours} hours once, in order"
            )
        check_upstream(self.import_price, self.export_price, hours)
        for window, (first, end) in enumerate(self.windows):
            short = self.movable[:, window] > self.room[:, first:end].sum(axis=1) + 1e-9
            if short.any():
                raise BadInput(
                    f"prosumer {int(short.argmax())}: {self.movable[short.argmax(), window]:g} kWh"
                    f" can wait in hours {first} to {end}, where there is less room"
                )


@dataclass(frozen=True, eq=False)
class Optimum:
    """What the aggregator tells everybody to do [kWh]."""

    demand: FloatArray
    """(P, T)"""

    moved: FloatArray
    """The part of it that could wait: (P, T)."""

    generated: FloatArray
    """(P, T)"""

    imported: FloatArray
    """(T,)"""

    exported: FloatArray
    """(T,)"""

    price: FloatArray
    """The dual of the balance [money/kWh]: (T,)."""

    utility: float
    """Of the elastic demand that is served [money]."""

    upstream_cost: float
    """What import costs, less what export earns [money]."""

    @property
    def welfare(self) -> float:
        """Utility less cost [money]."""
        return self.utility - self.upstream_cost


def optimise(community: Community) -> Optimum:
    """The best that a community can do together.

    Two kWh can wait, and wait for the cheaper hour:

    >>> none, hours = np.zeros((1, 2, 0)), np.zeros((1, 2))
    >>> best = optimise(Community(
    ...     fixed=hours + 1, utility=none, elastic=none, movable=np.array([[2.0]]), room=hours + 5,
    ...     windows=[(0, 2)], renewable=hours, import_price=np.array([0.3, 0.1]),
    ...     export_price=np.zeros(2)))
    >>> best.demand, best.price, round(best.upstream_cost, 6)
    (array([[1., 3.]]), array([0.3, 0.1]), 0.6)

    Raises :class:`~energychain.markets.second_settlement.Unbalanced` if an import limit leaves
    demand unmet.
    """
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, hstack, identity, kron, vstack

    homes, hours = community.fixed.shape
    segments, windows = community.utility.shape[2], len(community.windows)
    each = kron(np.ones((1, homes)), identity(hours))
    elastic = kron(each, np.ones((1, segments))) if segments else csr_array((hours, 0))
    # Rows: supply less demand in every hour; then the energy in every window.
    balance = hstack([each, identity(hours), -identity(hours), -each, -elastic])
    one = np.zeros((windows, hours))
    for window, (first, end) in enumerate(community.windows):
        one[window, first:end] = 1
    inside = kron(identity(homes), one)
    before, after = homes * hours + 2 * hours, homes * hours * segments
    waiting = hstack(
        [csr_array((homes * windows, before)), inside, csr_array((homes * windows, after))]
    )
    limit = np.inf if community.import_limit is None else community.import_limit
    free = np.zeros(homes * hours)
    answer = linprog(
        np.concatenate(
            [
                free,
                community.import_price,
                -community.export_price,
                free,
                -community.utility.ravel(),
            ]
        ),
        A_eq=vstack([balance, waiting], format="csr"),
        b_eq=np.concatenate([community.fixed.sum(axis=0), community.movable.ravel()]),
        bounds=[
            (0, most)
            for part in (
                community.renewable.ravel(),
                np.full(hours, limit),
                np.full(hours, np.inf),
                community.room.ravel(),
                community.elastic.ravel(),
            )
            for most in part
        ],
        method="highs",
    )
    if answer.status == 2:
        raise Unbalanced(f"an import of at most {limit:g} kWh an hour does not meet the demand")
    cuts = np.cumsum([homes * hours, hours, hours, homes * hours])
    generated, imported, exported, moved, served = np.split(answer.x, cuts)
    shape = (homes, hours)
    taken = served.reshape(homes, hours, segments)
    return Optimum(
        community.fixed + moved.reshape(shape) + taken.sum(axis=2),
        moved.reshape(shape),
        generated.reshape(shape),
        imported,
        exported,
        np.asarray(answer.eqlin.marginals)[:hours],
        float((community.utility * taken).sum()),
        float(community.import_price @ imported - community.export_price @ exported),
    )
