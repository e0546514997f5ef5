"""
A few clusters of four homes and the ledger of their grid, to be anchored, proved and accused; and
the parts of a proof in two steps.

Clusters and their aggregators are those of Rahmani & Li, *A Scalable Digital Infrastructure for
Sustainable Energy Grid Enabled by Distributed Ledger Technology*, section 3.4; what is built on
them is in :mod:`energychain.network.cluster`.
"""

from collections.abc import Sequence
from typing import Any

from energychain.contracts import CONTRACTS
from energychain.contracts.measurement_log import opening_storage, written
from energychain.grid.messages import Batch
from energychain.ledger.block import Block, Header
from energychain.ledger.state import Receipt
from energychain.network.cluster import Aggregator, TwoStepProof, anchor_call
from energychain.network.nodes import size
from energychain.primitives.keys import derive
from energychain.primitives.merkle import InclusionProof
from energychain.studies import scale
from energychain.studies.private_chain import PrivateChain, address_of

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
