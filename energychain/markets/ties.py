"""
Orders of one price that cannot all be served, and three ways to say who gets how much.

============  =========================================================================
``pro_rata``  each a share in proportion to its quantity, by largest remainder
``time``      the earlier before the later, by arrival and then by id
``lottery``   in an order drawn by lot, from a given seed
============  =========================================================================
"""

from typing import Literal

import numpy as np

from energychain.markets.orders import IntArray
from energychain.primitives.refusals import BadInput

Ties = Literal["pro_rata", "time", "lottery"]

TIES: tuple[Ties, ...] = ("pro_rata", "time", "lottery")
"""The ways to ration, by name."""


def ration(amount: int, wants: IntArray, ties: Ties = "pro_rata", seed: int = 0) -> IntArray:
    """Divides an amount among wants, which are in priority; no part exceeds its want, and
    the parts add up to the amount, or to all wants if that is less.

    >>> wants = np.array([6, 6, 6])
    >>> ration(10, wants), ration(10, wants, "time")
    (array([4, 3, 3]), array([6, 4, 0]))
    >>> ration(10, wants, "lottery", seed=1)
    array([4, 0, 6])

    Raises :class:`~energychain.primitives.refusals.BadInput` for an unknown way.
    """
    if ties == "pro_rata":
        return _pro_rata(amount, wants)
    if ties == "time":
        return _in_turn(amount, wants)
    if ties == "lottery":
        drawn = drawn_by_lot(len(wants), seed)
        parts = np.empty_like(wants)
        parts[drawn] = _in_turn(amount, wants[drawn])
        return parts
    raise BadInput(f"ties are broken by {', '.join(TIES)}; found {ties!r}")


def drawn_by_lot(count: int, seed: int) -> IntArray:
    """The numbers from 0 on in an order drawn by lot: everybody with the same seed draws
    the same, on any machine.

    >>> drawn_by_lot(4, seed=1)
    array([2, 0, 3, 1])

    Raises :class:`~energychain.primitives.refusals.BadInput` for a negative seed.
    """
    if seed < 0:
        raise BadInput(f"a seed is 0 or more, found {seed}")
    lots = np.random.PCG64(seed).random_raw(count)  # its stream is fixed for good, unlike shuffle's
    return np.argsort(lots, kind="stable")


def _in_turn(amount: int, wants: IntArray) -> IntArray:
    before = np.cumsum(wants) - wants
    parts: IntArray = np.minimum(wants, np.maximum(amount - before, 0))
    return parts


def _pro_rata(amount: int, wants: IntArray) -> IntArray:
    total = int(wants.sum())
    if total <= amount:
        return wants.copy()
    if amount.bit_length() + int(wants.max()).bit_length() > 62:
        shares = wants.astype(object) * amount
        parts, remainders = (shares // total).astype(np.int64), (shares % total).astype(np.int64)
    else:
        parts, remainders = np.divmod(wants * amount, total)
    largest = np.argsort(-remainders, kind="stable")[: amount - int(parts.sum())]
    parts[largest] += 1
    return parts
