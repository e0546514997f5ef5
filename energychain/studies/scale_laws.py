"""
What the fitted laws of :mod:`energychain.studies.scale` say of any number of homes and clusters,
as rows. Up to 256 homes the ledgers ran; everything beyond is the law's word.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from energychain.network.cluster import best_clusters
from energychain.primitives.refusals import BadInput
from energychain.studies import scale
from energychain.studies.scale import CLUSTERED, FLAT, Law

QUANTITIES = ("kept_bytes", "messages", "signatures")
"""What a node bears, in the order of a law's coefficients."""


@cache
def laws() -> dict[tuple[str, str], Law]:
    """The fitted law of each role; the first call runs the ledgers, which takes seconds."""
    return {(law.arrangement, law.role): law for law in scale.fit(scale.measured())}


def cost_at(homes: int, clusters: int, times: int = 1) -> list[dict[str, Any]]:
    """What the laws say that each role bears in so many intervals.

    Raises :class:`~energychain.primitives.refusals.BadInput` unless there are from 1 to as many
    clusters as homes.
    """
    _require(homes, clusters)
    found = []
    for (arrangement, role), law in laws().items():
        own = 1 if arrangement == FLAT else clusters
        cost = law.cost(homes, own)
        found.append(
            {
                "arrangement": arrangement,
                "role": role,
                "homes": homes,
                "clusters": own,
                "kept_bytes": round(times * cost.kept, 3),
                "messages": round(times * cost.messages, 3),
                "signatures": round(times * cost.signatures, 3),
            }
        )
    return found


def cluster_rows(
    homes: int, quantity: str = "kept_bytes", times: int = 1, also: Sequence[int] = ()
) -> list[dict[str, Any]]:
    """What an aggregator bears in so many intervals, against the number of clusters: all of it,
    the part of its own homes and that of the anchors, by its law.

    Raises :class:`~energychain.primitives.refusals.BadInput` for fewer than one home.
    """
    _require(homes, 1)
    law = laws()[CLUSTERED, "aggregator"]
    constant, reading, anchor = law.coefficients[QUANTITIES.index(quantity)]
    return [
        {
            "homes": homes,
            "clusters": clusters,
            quantity: round(times * (constant + reading * homes / clusters + anchor * clusters), 3),
            "own": round(times * reading * homes / clusters, 3),
            "anchors": round(times * anchor * clusters, 3),
        }
        for clusters in sorted({*_spread(homes), *also, best_clusters(homes, reading, anchor)})
        if clusters <= homes
    ]


def _spread(homes: int) -> set[int]:
    """Numbers of clusters, evenly spread on a logarithmic scale."""
    return {min(homes, round(10 ** (power / 6))) for power in range(6 * 6 + 1)}


def _require(homes: int, clusters: int) -> None:
    if homes < 1 or not 1 <= clusters <= homes:
        raise BadInput(f"expected from 1 to {homes} clusters for {homes} homes, found {clusters}")
