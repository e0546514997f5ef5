r"""
Many hours of one local market at once: the uniform price of every hour, vectorised.

Each hour is a market of its own. Bids are sorted from the highest down, offers from the
lowest up, and where the two curves meet lies the price (Khajeh, Shafie-khah & Laaksonen
(2020), chapter 7 of *Blockchain-based Smart Grids*, section 3 and Fig. 3). It is the middle of
the competitive interval, as in :func:`energychain.markets.uniform_price.uniform_price`, which
clears one book with all its orders; this is for ten thousand households and a year.

Sort all limits of an hour together, an offer before a bid of the same limit. Let :math:`S_j` be
the supply up to place *j* and :math:`R_j` the demand after it. Then :math:`S_j - R_j` only
grows, and the interval lies where it passes 0:

.. math::

   \underline p = \min \{ x_j : S_j \ge R_j \} , \qquad
   \overline p = \max \{ x_{j+1} : S_j \le R_j \} .

The upstream market is one more offer, and one more bid, without a limit of quantity.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from energychain.markets.orders import IntArray
from energychain.primitives.refusals import BadInput

FloatArray = np.ndarray[Any, np.dtype[np.float64]]

AT_ONCE = 1 << 20
"""So many limits are sorted in one go: an array of them fits into a processor's cache."""


@dataclass(frozen=True, eq=False)
class Hours:
    """What every hour comes to. Quantities are in [mWh], prices in [money/kWh]."""

    price: FloatArray
    """The middle of the competitive interval; NaN where nothing trades: (T,)."""

    low: FloatArray
    """The lowest competitive price: (T,)."""

    high: FloatArray
    """The highest: (T,)."""

    quantity: IntArray
    """What trades, with import and export: (T,)."""

    bought: FloatArray
    """What each bid gets; at the margin equal limits share in proportion: (P, T)."""

    sold: FloatArray
    """What each offer sells: (P, T)."""

    imported: FloatArray
    """From the upstream market: (T,)."""

    exported: FloatArray
    """To the upstream market: (T,)."""


def clear_hours(
    bid_price: FloatArray,
    bid_quantity: IntArray,
    offer_price: FloatArray,
    offer_quantity: IntArray,
    import_price: FloatArray | None = None,
    export_price: FloatArray | None = None,
) -> Hours:
    """Clears every hour at its uniform price. All four arrays are (orders, T), bids and offers
    in any number; quantities whole [mWh], prices [money/kWh]; the upstream prices are (T,).

    >>> bids, offers = np.array([[30.0], [24.0]]), np.array([[20.0], [26.0]])
    >>> kwh = np.array([[1_000_000], [1_000_000]])
    >>> clear_hours(bids, kwh, offers, kwh).price
    array([25.])
    >>> clear_hours(bids, kwh, offers, kwh, import_price=np.array([21.0])).price
    array([21.])

    Raises :class:`~energychain.primitives.refusals.BadInput` for arrays that do not fit
    together, negative or broken quantities, prices that are no numbers, and an export price
    above the import price.
    """
    shape = _checked(bid_price, bid_quantity, offer_price, offer_quantity)
    _check_outside(shape, import_price, export_price)
    hours = shape[1]
    low, high = np.full(hours, np.nan), np.full(hours, np.nan)
    quantity = np.zeros(hours, dtype=np.int64)
    bought, sold = np.zeros(bid_price.shape), np.zeros(offer_price.shape)
    imported, exported = np.zeros(hours), np.zeros(hours)
    for part in _parts(hours, bid_price.shape[0] + offer_price.shape[0] + 2):
        bids = _rows(bid_price[:, part], bid_quantity[:, part])
        offers = _rows(offer_price[:, part], offer_quantity[:, part])
        demand, supply = bids[1].sum(axis=1), offers[1].sum(axis=1)
        if import_price is not None:
            offers = _with(offers, import_price[part], demand)
        if export_price is not None:
            bids = _with(bids, export_price[part], supply)
        low[part], high[part], quantity[part] = _interval(bids, offers)
        price = (low[part] + high[part]) / 2
        got = _served(bids, -price, quantity[part], -1)
        gave = _served(offers, price, quantity[part], 1)
        count = bid_price.shape[0], offer_price.shape[0]
        bought[:, part], sold[:, part] = got[:, : count[0]].T, gave[:, : count[1]].T
        if import_price is not None:
            imported[part] = gave[:, -1]
        if export_price is not None:
            exported[part] = got[:, -1]
    return Hours((low + high) / 2, low, high, quantity, bought, sold, imported, exported)


Side = tuple[FloatArray, IntArray]
"""Limits and quantities of one side, an hour in each row."""


def _parts(hours: int, orders: int) -> Iterator[slice]:
    step = max(1, AT_ONCE // orders)
    for first in range(0, hours, step):
        yield slice(first, min(first + step, hours))


def _rows(price: FloatArray, quantity: IntArray) -> Side:
    return np.ascontiguousarray(price.T), np.ascontiguousarray(quantity.T)


def _with(side: Side, price: FloatArray, quantity: IntArray) -> Side:
    """One more order in every hour."""
    prices, quantities = side
    return np.column_stack([prices, price]), np.column_stack([quantities, quantity])


def _interval(bids: Side, offers: Side) -> tuple[FloatArray, FloatArray, IntArray]:
    """Where the curves meet in every row."""
    if not bids[0].shape[1] or not offers[0].shape[1]:
        nowhere = np.full(len(bids[0]), np.nan)
        return nowhere, nowhere, np.zeros(len(bids[0]), dtype=np.int64)
    # Who wants nothing must not set a price: such limits go to the ends.
    limits = np.concatenate(
        [
            np.where(offers[1] > 0, offers[0], np.inf),
            np.where(bids[1] > 0, bids[0], -np.inf),
        ],
        axis=1,
    )
    order = np.argsort(limits, axis=1, kind="stable")
    limits = np.take_along_axis(limits, order, axis=1)
    # Passing an offer adds to the supply, passing a bid takes from the demand: both add the
    # same to S - R, which begins at minus the whole demand.
    both = np.concatenate([offers[1], bids[1]], axis=1)
    demand = bids[1].sum(axis=1)
    excess = np.cumsum(np.take_along_axis(both, order, axis=1), axis=1) - demand[:, None]
    row = np.arange(len(limits))
    first = (excess >= 0).argmax(axis=1)
    after = np.minimum((excess <= 0).sum(axis=1), limits.shape[1] - 1)
    low, high = limits[row, first], limits[row, after]
    supplied = np.where(offers[0] <= low[:, None], offers[1], 0).sum(axis=1)
    wanted = np.where(bids[0] >= high[:, None], bids[1], 0).sum(axis=1)
    quantity = np.minimum(supplied, wanted)
    none = quantity == 0
    low, high = np.where(none, np.nan, low), np.where(none, np.nan, high)
    # At an end of the book only one side says how far the price may go.
    low = np.where(np.isfinite(low) | none, low, high)
    high = np.where(np.isfinite(high) | none, high, low)
    return low, high, quantity


def _served(side: Side, price: FloatArray, quantity: IntArray, sign: int) -> FloatArray:
    """What each order of a side trades; the best first, and the margin in proportion."""
    prices, quantities = side
    cost = prices * sign
    at = price[:, None]
    inside = np.where(cost < at, quantities, 0)
    margin = np.where(cost == at, quantities, 0)
    left, there = quantity - inside.sum(axis=1), margin.sum(axis=1)
    share = np.divide(left, there, out=np.zeros(len(prices)), where=there > 0)
    served: FloatArray = inside + margin * share[:, None]
    return served


def _checked(
    bid_price: FloatArray,
    bid_quantity: IntArray,
    offer_price: FloatArray,
    offer_quantity: IntArray,
) -> tuple[int, int]:
    for name, price, quantity in (
        ("bids", bid_price, bid_quantity),
        ("offers", offer_price, offer_quantity),
    ):
        if price.ndim != 2 or price.shape != quantity.shape:
            raise BadInput(
                f"{name}: expected prices and quantities of one shape (orders, hours), found"
                f" {price.shape} and {quantity.shape}"
            )
        if not np.issubdtype(quantity.dtype, np.integer):
            raise BadInput(f"{name}: quantities are whole numbers of mWh, not {quantity.dtype}")
        if quantity.size and quantity.min() < 0:
            raise BadInput(f"{name}: a quantity is at least 0, found {quantity.min()}")
        if not np.isfinite(price).all():
            raise BadInput(f"{name}: a price must be a finite number")
    if bid_price.shape[1] != offer_price.shape[1]:
        raise BadInput(
            f"expected as many hours of bids as of offers, found {bid_price.shape[1]} and"
            f" {offer_price.shape[1]}"
        )
    return bid_price.shape[0], bid_price.shape[1]


def _check_outside(
    shape: tuple[int, int], import_price: FloatArray | None, export_price: FloatArray | None
) -> None:
    for name, price in (("import", import_price), ("export", export_price)):
        if price is not None and (price.shape != (shape[1],) or not np.isfinite(price).all()):
            raise BadInput(f"expected one finite {name} price for each of {shape[1]} hours")
    if import_price is not None and export_price is not None:
        worse = export_price > import_price
        if worse.any():
            hour = int(worse.argmax())
            raise BadInput(
                f"hour {hour}: an export price of {export_price[hour]:g} above the import price"
                f" of {import_price[hour]:g} would pay for carrying energy in a circle"
            )
