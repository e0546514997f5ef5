"""
Who keeps what, hands on: an explorer of what a node bears against the number of homes and of
clusters, and the few steps from a reading in a cluster to a header of the grid.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import ipywidgets as widgets

from energychain.charts import scale as charts
from energychain.contracts import CONTRACTS
from energychain.contracts.measurement_log import opening_storage, written
from energychain.grid.messages import Batch
from energychain.ledger.block import Block, Header
from energychain.ledger.state import Receipt
from energychain.network.cluster import Aggregator, TwoStepProof, anchor_call, best_clusters
from energychain.network.nodes import size
from energychain.primitives.keys import derive
from energychain.primitives.merkle import InclusionProof
from energychain.primitives.refusals import BadInput
from energychain.studies import scale
from energychain.studies.private_chain import PrivateChain, address_of
from energychain.studies.scale import CLUSTERED, FLAT, Law
from energychain.widgets.explorer import Explorer, View, labelled

# --- a cluster and its grid -----------------------------------------------------------

OPERATOR = "operator"


def small_cluster(number: int, quarters: int = 4, first: int = 0) -> Aggregator:
    """Four homes that reported for so many quarter-hours, and the aggregator that keeps their
    ledger. Another ``first`` quarter makes another history under the same key.
    """
    street = scale.street(4, f"cluster {number}")
    node = Aggregator(street.chain, number, derive("lesson 11", f"aggregator {number}"))
    for quarter in range(quarters):
        node.receive(scale.report(street, first + quarter))
    return node


def grid_of(*aggregators: Aggregator) -> PrivateChain:
    """A ledger of the grid on which these aggregators are registered, in block 1."""
    grid = PrivateChain(
        [OPERATOR],
        name="grid",
        difficulty_bits=0,
        contracts={"measurement_log": CONTRACTS["measurement_log"]},
        storage=opening_storage(address_of(OPERATOR, "energychain")),
    )
    grid.open_block()
    for one in aggregators:
        key = one.cluster.aggregator.data
        grid.send(OPERATOR, "measurement_log", "register", one.cluster.number, 0, key)
    grid.close_block()
    return grid


def publish(grid: PrivateChain, *batches: Batch) -> Block:
    """A block of the grid with these anchors."""
    grid.open_block()
    for batch in batches:
        contract, function, given = anchor_call(batch)
        grid.send(OPERATOR, contract, function, *given)
    return grid.close_block()


def accuse(grid: PrivateChain, one: Batch, other: Batch) -> Receipt:
    """What the contract says to two anchors of one aggregator, in a block of its own."""
    grid.open_block()
    receipt = grid.send(OPERATOR, "measurement_log", "accuse", written(one), written(other))
    grid.close_block()
    return receipt


def steps(proof: TwoStepProof, grid_header: Header) -> list[dict[str, Any]]:
    """A proof in two steps, part by part, for :func:`energychain.charts.scale.ladder`."""
    local, anchor = proof.local, proof.anchor
    cluster, grid = "step 1: the ledger of the cluster", "step 2: the ledger of the grid"
    parts: Sequence[tuple[str, int, InclusionProof | None, str]] = (
        ("the reading, signed", len(local.signed.encoded), None, cluster),
        ("path in the block", size(local.proof), local.proof, cluster),
        ("the local header", size(proof.header), None, cluster),
        ("path in the batch", size(proof.in_batch), proof.in_batch, cluster),
        ("the anchor, signed", len(anchor.signed.encoded), None, grid),
        ("path in the grid's block", size(anchor.proof), anchor.proof, grid),
        ("a header of the grid", size(grid_header), None, grid),
    )
    return [
        {
            "what": what,
            "bytes": kept,
            "digests": len(path.path) if path else 0,
            "ledger": ledger,
            "arrow": path is not None,
            "sent": (what, kept, path, ledger) != parts[-1],
        }
        for what, kept, path, ledger in parts
    ]


# --- the law, as rows -----------------------------------------------------------------


@cache
def laws() -> dict[tuple[str, str], Law]:
    """The fitted law of each role; the first call runs the ledgers, which takes seconds."""
    return {(law.arrangement, law.role): law for law in scale.fit(scale.measured(scale.MEASURED))}


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
    constant, reading, anchor = law.coefficients[list(charts.QUANTITIES).index(quantity)]
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


# --- the explorer ---------------------------------------------------------------------

_DECADES = [m * 10**p for p in range(1, 6) for m in (1, 2, 5)]
HOMES = (*_DECADES, 1_000_000)
_STEPS = (10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 90)
CLUSTERS = (*range(1, 10), *(m * p for p in (1, 10, 100) for m in _STEPS), 10_000)
"""Where the sliders stop."""

READINGS = {
    "1 (once a day)": 1,
    "24 (by the hour)": 24,
    "96 (every 15 min)": 96,
    "1,440 (every minute)": 1_440,
}


class ScaleExplorer(Explorer):
    """Homes, clusters and readings a day, and what the nodes bear of it.

    >>> explorer = ScaleExplorer()
    >>> explorer.controls["quantity"].value = "messages"
    >>> print(explorer.status)
    1,000 homes, 96 readings a day. A full node of one flat ledger: 96,096 messages a day. In 30 \
clusters an aggregator: 6,176, that is 16 times less; a home: 96. Least for an aggregator: 6,168, \
in 32 clusters.
    """

    def __init__(self, *, prediction: str = "") -> None:
        super().__init__(
            "What does a node bear, and into how many clusters should the homes be divided?",
            self._controls(),
            self._look,
            prediction=prediction,
        )

    def _controls(self) -> dict[str, Any]:
        def numbers(values: Sequence[int]) -> list[tuple[str, int]]:
            return [(f"{value:,}", value) for value in values]

        return {
            "homes": labelled(
                widgets.SelectionSlider, "Homes", options=numbers(HOMES), value=1_000
            ),
            "clusters": labelled(
                widgets.SelectionSlider, "Clusters", options=numbers(CLUSTERS), value=30
            ),
            "readings": labelled(
                widgets.Dropdown, "Readings a day", options=list(READINGS.items()), value=96
            ),
            "quantity": labelled(
                widgets.Dropdown,
                "What is counted",
                options=[(words.lower(), name) for name, words in charts.QUANTITIES.items()],
                value="kept_bytes",
            ),
        }

    def _look(self, homes: int, clusters: int, readings: int, quantity: str) -> View:
        clusters = min(clusters, homes)
        now = cost_at(homes, clusters, readings)
        ringed = [row for row in now if (row["arrangement"], row["role"]) in _RINGED]
        by_clusters = cluster_rows(homes, quantity, readings, also=[clusters])
        pictures = (
            charts.cost(
                _records(), quantity, times=readings, per="day", at=ringed, width=330, height=250
            ),
            charts.clusters(
                by_clusters, quantity, per="day", chosen=clusters, width=260, height=250
            ),
        )
        best = min(by_clusters, key=lambda row: row[quantity])
        status = _status(now, best, homes, clusters, readings, quantity)
        return View(pictures, status, _code_for(homes, clusters, readings, quantity))


_RINGED = ((FLAT, "full node"), (CLUSTERED, "aggregator"), (CLUSTERED, "super-light home"))


@cache
def _records() -> tuple[dict[str, str | int | float], ...]:
    return tuple(row.record() for row in scale.rows())


def _status(
    now: Sequence[dict[str, Any]],
    best: dict[str, Any],
    homes: int,
    clusters: int,
    readings: int,
    quantity: str,
) -> str:
    found = {(row["arrangement"], row["role"]): row[quantity] for row in now}
    full, one, home = (found[role] for role in _RINGED)
    unit = {"kept_bytes": "", "messages": " messages", "signatures": " signatures"}[quantity]
    words = f"{full / one:,.0f} times less" if full >= 1.5 * one else "not much less"
    if one > full:
        words = "more"
    shown = [charts.amount(value, quantity) for value in (full, one, home, best[quantity])]
    return (
        f"{homes:,} homes, {readings:,} reading{'s' * (readings != 1)} a day. A full node of one"
        f" flat ledger: {shown[0]}{unit} a day. In {clusters:,} cluster{'s' * (clusters != 1)} an"
        f" aggregator: {shown[1]}, that is {words}; a home: {shown[2]}. Least for an aggregator:"
        f" {shown[3]}, in {best['clusters']:,} clusters."
    )


def _code_for(homes: int, clusters: int, readings: int, quantity: str) -> str:
    return "\n".join(
        [
            "from energychain.charts import scale as charts",
            "from energychain.studies import scale",
            "from energychain.widgets.scale import cluster_rows, cost_at",
            "",
            "rows = [row.record() for row in scale.rows()]",
            f"at = cost_at({homes}, {clusters}, times={readings})",
            'told = ("full node", "flat"), ("aggregator", "clustered"),'
            ' ("super-light home", "clustered")',
            'at = [row for row in at if (row["role"], row["arrangement"]) in told]',
            f'display(charts.cost(rows, "{quantity}", times={readings}, per="day", at=at))',
            f'some = cluster_rows({homes}, "{quantity}", {readings}, also=[{clusters}])',
            f'charts.clusters(some, "{quantity}", per="day", chosen={clusters})',
        ]
    )
