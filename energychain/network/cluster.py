r"""
Clusters: local ledgers under aggregators, anchored in the ledger of the grid.

Rahmani & Li, *A Scalable Digital Infrastructure for Sustainable Energy Grid Enabled by
Distributed Ledger Technology*, section 3.4, propose "logical clustering" of the microgrid, so
that transactions need not be forwarded to everybody, and "any inconsistency" is excluded;
section 3.1.4 has the aggregator "only store a copy of the blocks in the local areas", and
servers keep and mine the rest. They say neither how the ledgers hang together nor what it
saves. What follows is ours:

1. The homes of a cluster write to a **local ledger**; their aggregator keeps it.
2. The aggregator **anchors** it: of its newest local blocks it signs the Merkle root over
   their headers, and puts that into the grid's ledger. This is the
   :class:`~energychain.grid.messages.Batch` that a sensor would sign for its messages, and
   the contract is the same (:mod:`energychain.contracts.measurement_log`): it takes a batch
   if it is the next one of its stream, so that no local block can be left out or exchanged.
3. A reading is proved to somebody who has only the grid's headers in **two steps**
   (:class:`TwoStepProof`): up the local block to its header, then from there up the batch,
   to an anchor in a block of the grid.

An aggregator that keeps two local histories can anchor one of them only. Whoever was shown
the other finds that it does not agree with the anchor (:func:`check_anchor`). If it signs
both, the two batches convict its key, and the contract takes no more from it (``accuse``).

What anchors do not do: they keep no reading. If an aggregator loses its ledger, nobody else
can restore it. They do not check one either: whether a local block obeys the rules is known
to those who keep the cluster's blocks. And a header of the grid does not say that the
contract *took* an anchor (a refused call stands in its block too), so against an aggregator
that signs two histories, headers alone are not enough until somebody accuses it.

**What it costs.** With n homes in c clusters, an aggregator bears the n/c readings of its
own cluster and the c anchors of all,

.. math:: k(c) = \frac{n}{c} r + c \, a

instead of n r, where r and a are what a reading and an anchor cost. The least is at
:math:`c = \sqrt{n r / a}`, and there :math:`k = 2 \sqrt{n r a}`: the root of n instead of n.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isqrt, sqrt

from energychain.contracts.measurement_log import published, written
from energychain.grid.messages import Batch
from energychain.ledger.block import Header
from energychain.ledger.chain import Chain
from energychain.ledger.transaction import Value
from energychain.network.nodes import NotKept, Operator, ProvenTransaction
from energychain.primitives.encoding import encode
from energychain.primitives.hashing import NO_DIGEST, Digest, short
from energychain.primitives.keys import PublicKey, SecretKey
from energychain.primitives.merkle import BadProof, InclusionProof, MerkleTree
from energychain.primitives.refusals import Refusal

STREAM, EPOCH = 0, 0
"""An aggregator has one stream of anchors; a new key would begin a new epoch."""


class WrongAnchor(Refusal):
    """The grid's ledger holds another history of the cluster than this one."""

    rule = "anchor"


class NothingToAnchor(Refusal):
    """Every local block is anchored."""

    rule = "anchor"


@dataclass(frozen=True)
class Cluster:
    """What the grid's operator registered: which key speaks for which homes."""

    number: int
    """From 0 to 65,535."""

    aggregator: PublicKey


class Aggregator(Operator):
    """Keeps the local ledger of a cluster, signs its log for the homes and anchors it."""

    kind = "aggregator"

    def __init__(self, beginning: Chain, number: int, key: SecretKey) -> None:
        super().__init__(beginning, key)
        self.cluster = Cluster(number, key.public)
        self.batches: list[Batch] = []
        """What it anchored, oldest first."""

    def anchor(self) -> Batch:
        """Sign the headers of the local blocks that are not anchored yet.

        Raises :class:`NothingToAnchor` if there are none.
        """
        first = self.batches[-1].first + self.batches[-1].size if self.batches else 0
        headers = [block.header for block in self.chain.blocks[first:]]
        if not headers:
            raise NothingToAnchor(f"all {first} local blocks are anchored")
        previous = self.batches[-1].id if self.batches else NO_DIGEST
        batch = sign_anchor(self._key, self.cluster.number, headers, previous)
        self.batches.append(batch)
        return batch

    def two_steps(self, height: int, index: int, anchor: ProvenTransaction) -> "TwoStepProof":
        """The proof of a local transaction, given that of the anchor over its block.

        Raises :class:`~energychain.network.nodes.NotKept` if there is no such block or it is
        not anchored yet, :class:`~energychain.primitives.merkle.BadProof` if it has no such
        transaction.
        """
        local = self.prove(height, index)
        batch = next((b for b in self.batches if b.first <= height < b.first + b.size), None)
        if batch is None:
            raise NotKept(f"local block {height} is not anchored yet")
        headers = [block.header for block in self.chain.blocks[batch.first :][: batch.size]]
        in_batch = _tree(headers).inclusion(height - batch.first)
        return TwoStepProof(local, self.header(height), in_batch, anchor)


def sign_anchor(
    key: SecretKey, cluster: int, headers: Sequence[Header], previous: Digest = NO_DIGEST
) -> Batch:
    """The anchor of a run of local blocks; ``previous`` is the id of the one before."""
    first = headers[0].height
    draft = Batch(cluster, STREAM, EPOCH, first, len(headers), _tree(headers).root, previous)
    return replace(draft, signature=key.sign(draft.signed))


def anchor_call(batch: Batch) -> tuple[str, str, tuple[Value, ...]]:
    """The contract, function and arguments of the transaction that anchors a batch."""
    return "measurement_log", "anchor", written(batch)


def check_anchor(batch: Batch, headers: Sequence[Header], cluster: Cluster) -> None:
    """Whether the local headers that somebody was shown are those that were anchored.

    ``headers`` are all that it has, oldest first, from height 0 on.

    Raises :class:`~energychain.primitives.keys.BadSignature` if the aggregator did not sign
    the batch, :class:`WrongAnchor` if it is of another cluster or anchors other headers.
    """
    batch.check_signature(cluster.aggregator)
    if batch.source != cluster.number:
        raise WrongAnchor(f"this anchor is of cluster {batch.source}, not {cluster.number}")
    shown = headers[batch.first : batch.first + batch.size]
    found = _tree(shown).root
    if len(shown) != batch.size or found != batch.root:
        raise WrongAnchor(
            f"local blocks {batch.first} to {batch.first + batch.size - 1} have the root"
            f" {short(found)} here and {short(batch.root)} in the grid's ledger: the aggregator"
            " tells two histories"
        )


def _tree(headers: Sequence[Header]) -> MerkleTree:
    return MerkleTree.over([encode(header) for header in headers])


@dataclass(frozen=True)
class TwoStepProof:
    """A reading in a local ledger, proved to somebody who has only the grid's headers."""

    local: ProvenTransaction
    """From the reading up to the local header."""

    header: Header
    """The local header."""

    in_batch: InclusionProof
    """From the local header up to the root of the batch."""

    anchor: ProvenTransaction
    """From the anchor, which carries the batch, up to the grid's header."""

    def check(self, grid_header: Header, cluster: Cluster) -> None:
        """Raise :class:`~energychain.primitives.merkle.BadProof` unless the steps lead from
        the reading to the grid's header, :class:`WrongAnchor` if the anchor is of another
        cluster, and :class:`~energychain.primitives.keys.BadSignature` unless the home signed
        the reading and the aggregator the batch.
        """
        self.anchor.check(grid_header)
        batch = published(self.anchor.signed, self.anchor.proof, grid_header)
        batch.check_signature(cluster.aggregator)
        if batch.source != cluster.number:
            raise WrongAnchor(f"this anchor is of cluster {batch.source}, not {cluster.number}")
        place = batch.first + self.in_batch.index, self.in_batch.size
        if place != (self.header.height, batch.size):
            raise BadProof(
                f"expected the place of local block {self.header.height} among {batch.size}"
                f" from {batch.first}, found {place[0]} among {place[1]}"
            )
        self.in_batch.check(encode(self.header), batch.root)
        self.local.check(self.header)

    @property
    def encoded(self) -> bytes:
        """The canonical bytes."""
        return encode((self.local.encoded, self.header, self.in_batch, self.anchor.encoded))


# --- the law of costs -----------------------------------------------------------------


def aggregator_cost(homes: int, clusters: int, reading: float, anchor: float) -> float:
    """What an aggregator bears of readings and anchors, in the unit of the two.

    >>> aggregator_cost(homes=10_000, clusters=100, reading=1, anchor=1)
    200.0
    """
    return homes / clusters * reading + clusters * anchor


def best_clusters(homes: int, reading: float = 1.0, anchor: float = 1.0) -> int:
    """The number of clusters with which an aggregator bears least, at least 1.

    >>> best_clusters(10_000)
    100
    """
    below = min(max(1, isqrt(int(homes * reading / anchor))), homes)
    choices = range(below, min(below + 1, homes) + 1)
    return min(choices, key=lambda clusters: aggregator_cost(homes, clusters, reading, anchor))


def least_cost(homes: int, reading: float = 1.0, anchor: float = 1.0) -> float:
    r""":math:`2 \sqrt{n r a}`, below which no number of clusters leads."""
    return 2 * sqrt(homes * reading * anchor)
