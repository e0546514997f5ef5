"""
A market at a fixed price: nobody bids, so the only question is who is served.
Sellers bring a surplus, buyers a shortfall, and energy goes round in an agreed
order, or to each in proportion.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Trader = TypeVar("Trader")

Split = Callable[[int, Sequence[int]], list[int]]
"""Divides an amount among wants; no part exceeds its want."""


@dataclass(frozen=True)
class Trade(Generic[Trader]):
    """A seller's energy goes to a buyer."""

    seller: Trader
    buyer: Trader
    energy: int
    """[mWh]"""


def in_order(amount: int, wants: Sequence[int]) -> list[int]:
    """The first takes what it wants, then the second, until nothing is left.

    >>> in_order(10, [6, 6, 6])
    [6, 4, 0]
    """
    parts = []
    for want in wants:
        parts.append(min(want, amount))
        amount -= parts[-1]
    return parts


def pro_rata(amount: int, wants: Sequence[int]) -> list[int]:
    """Each takes a share in proportion to its want, whole units by largest remainder
    (of equal remainders, the earlier one).

    >>> pro_rata(10, [6, 6, 6])
    [4, 3, 3]
    """
    total = sum(wants)
    if total <= amount:
        return list(wants)
    parts = [amount * want // total for want in wants]
    remainders = [amount * want % total for want in wants]
    by_remainder = sorted(range(len(wants)), key=lambda i: (-remainders[i], i))
    for i in by_remainder[: amount - sum(parts)]:
        parts[i] += 1
    return parts


SPLITS: Mapping[str, Split] = {"in order": in_order, "pro rata": pro_rata}
"""The ways to divide, by name."""


def serve(
    surplus: Mapping[Trader, int],
    shortfall: Mapping[Trader, int],
    partners: Mapping[Trader, Sequence[Trader]],
    split: Split = in_order,
) -> list[Trade[Trader]]:
    """Who gets whose energy.

    ``surplus`` and ``shortfall`` [mWh] name sellers and buyers in their order;
    ``partners`` lists the buyers to whom each seller sells, in its order. With
    :func:`pro_rata` also the sellers share what can be sold; whatever a seller could
    not place among its own buyers is then offered by the others, in their order.

    The day's fourth trading hour (10:00) in Cali & Fifield (2019), Table 2, in mWh:

    >>> for trade in serve({1: 2_482_600}, {2: 1_092_013, 3: 1_008_922}, {1: [2, 3]}):
    ...     print(trade)
    Trade(seller=1, buyer=2, energy=1092013)
    Trade(seller=1, buyer=3, energy=1008922)
    """
    left, wanted = dict(surplus), dict(shortfall)
    sold: dict[tuple[Trader, Trader], int] = {}
    shares = split(sum(shortfall.values()), list(surplus.values()))
    for quotas in (dict(zip(surplus, shares, strict=True)), left):
        for seller in surplus:
            buyers = [buyer for buyer in partners.get(seller, ()) if wanted.get(buyer)]
            parts = split(quotas[seller], [wanted[buyer] for buyer in buyers])
            for buyer, energy in zip(buyers, parts, strict=True):
                left[seller] -= energy
                wanted[buyer] -= energy
                sold[seller, buyer] = sold.get((seller, buyer), 0) + energy
    return [Trade(seller, buyer, energy) for (seller, buyer), energy in sold.items() if energy]
