r"""
What a node bears, against the number of homes: flat and clustered, measured and extrapolated.

Rahmani & Li, *A Scalable Digital Infrastructure for Sustainable Energy Grid Enabled by
Distributed Ledger Technology*, sections 3.1.4 and 3.4, promise that clusters make a ledger of
homes scale. They print no figure. Ours are of one interval in which every home reports once:
the bytes that a node keeps of it for ever, the messages that reach it, and the signatures
that it checks.

**Measured** rows come from ledgers that run: every reading is signed, checked and mined, one
node of each role counts what reaches it, and bytes are those of the canonical encoding.
**Extrapolated** rows follow a law whose coefficients were **fitted** (least squares) to the
measured ones:

===========================  =======================================  =====================
role                         bytes kept, messages, signatures         with c = sqrt(n)
===========================  =======================================  =====================
flat, full node              a + b n                                  grows as n
flat, super-light home       a + b ceil(log2 n)                       grows as log2 n
clustered, aggregator        a + b n / c + d c                        grows as sqrt(n)
clustered, server            a + d c                                  grows as sqrt(n)
clustered, super-light home  a + b ceil(log2 (n / c))                 grows as log2 n
===========================  =======================================  =====================

The number of clusters that is best for the aggregator depends on what an anchor costs beside
a reading; in messages, where each counts once, it is the root of n. A super-light home gains
next to nothing: for it the flat ledger was small already. Who gains is whoever keeps blocks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import ceil, isqrt, log2
from typing import NamedTuple, TypeAlias

import numpy as np

from energychain.contracts import CONTRACTS
from energychain.contracts.calls import arguments, whole
from energychain.contracts.measurement_log import opening_storage
from energychain.ledger.block import Block
from energychain.ledger.state import Call, Outcome, Storage
from energychain.network.cluster import Aggregator, anchor_call
from energychain.network.nodes import FullNode, LightNode, Operator, SuperLightNode, size
from energychain.primitives.encoding import encode
from energychain.primitives.hashing import Digest
from energychain.primitives.keys import Address, derive
from energychain.primitives.merkle import InclusionProof, MerkleTree, leaf_hash, node_hash
from energychain.primitives.refusals import BadInput
from energychain.studies.private_chain import PrivateChain, address_of

MEASURED = (16, 64, 256)
"""Numbers of homes for which the ledgers run: squares, so that n / c and c are whole. They
also run for 1,024 in some ten seconds.
"""

HOMES = (10, 100, 1_000, 10_000, 100_000, 1_000_000)
"""Numbers of homes for which the law speaks."""

INTERVALS_PER_YEAR = 365 * 96
"""Quarter-hours."""

SEED = "energychain scale"

FLAT, CLUSTERED = "flat", "clustered"
MEASURED_ROW, EXTRAPOLATED_ROW = "measured", "extrapolated"


def meters(storage: Storage, sender: Address, call: Call) -> Outcome:
    """The contract of these runs: ``report`` writes down an interval and two registers [mWh],
    as :mod:`energychain.contracts.energy_trade` does, and nobody trades.
    """
    names = ("interval", "produced", "consumed")
    numbers = zip(arguments(call, *names), names, strict=True)
    interval, produced, consumed = (whole(value, name) for value, name in numbers)
    return Outcome({sender: (interval, produced, consumed)})


@dataclass(frozen=True)
class Cost:
    """What one node bears in one interval."""

    kept: float
    """[bytes]"""

    messages: float
    """That reach it."""

    signatures: float
    """That it checks."""


@dataclass(frozen=True)
class Row:
    """One role at one number of homes, for a chart."""

    arrangement: str
    """``flat`` or ``clustered``."""

    role: str
    homes: int
    clusters: int
    """1 if flat."""

    cost: Cost
    how: str
    """``measured`` or ``extrapolated``."""

    def record(self) -> dict[str, str | int | float]:
        """The row for people and charts."""
        return {
            "arrangement": self.arrangement,
            "role": self.role,
            "homes": self.homes,
            "clusters": self.clusters,
            "kept_bytes": self.cost.kept,
            "messages": self.cost.messages,
            "signatures": self.cost.signatures,
            "how": self.how,
        }


# --- ledgers that run -----------------------------------------------------------------


def street(homes: int, name: str = "street") -> PrivateChain:
    """A local ledger of so many homes, without its first block."""
    names = [f"{name} {home}" for home in range(homes)]
    return PrivateChain(
        names, name=name, difficulty_bits=0, seed=SEED, contracts={"meters": meters}
    )


def report(network: PrivateChain, interval: int) -> Block:
    """A block in which every home reports once: figures of the usual length."""
    network.open_block()
    for at, name in enumerate(n for n in network.accounts if not n.startswith("miner")):
        consumed = 1_000_000 * (10 + interval) + 1_000 * at
        network.send(name, "meters", "report", 1_000 + interval, 2_000_000, consumed)
    return network.close_block()


_Node: TypeAlias = FullNode | LightNode | SuperLightNode


class _Count(NamedTuple):
    kept: int
    messages: int
    signatures: int


def _count(node: _Node) -> _Count:
    return _Count(node.bytes_kept, node.messages, node.signatures_checked)


def _borne(before: _Count, after: _Count) -> Cost:
    return Cost(*(b - a for a, b in zip(before, after, strict=True)))


def measure_flat(homes: int) -> list[Row]:
    """One ledger for all homes: a full node, which hears every reading and then the block
    that holds them, and a super-light home. The second of two intervals counts.

    Raises :class:`~energychain.primitives.refusals.BadInput` for fewer than one home.
    """
    _require_homes(homes)
    network = street(homes)
    full = Operator(network.chain, derive(SEED, "operator"))
    home = SuperLightNode(full.head(), full.public, network.address("street 0"))
    before = _count(full), _count(home)
    for interval in range(2):
        before = _count(full), _count(home)
        block = report(network, interval)
        for signed in block.transactions:
            full.hear(signed)
        full.receive(block)
        home.receive(block, full)
    roles = ("full node", full, before[0]), ("super-light home", home, before[1])
    return [
        Row(FLAT, role, homes, 1, _borne(earlier, _count(node)), MEASURED_ROW)
        for role, node, earlier in roles
    ]


def measure_clustered(homes: int, clusters: int | None = None) -> list[Row]:
    """A ledger for each cluster and one for the grid: an aggregator, which keeps both, a
    server, which keeps the grid's, and a super-light home. The second of two intervals counts.

    ``clusters`` is the root of the number of homes, unless it is given.

    Raises :class:`~energychain.primitives.refusals.BadInput` unless every cluster has as many
    homes.
    """
    _require_homes(homes)
    clusters = isqrt(homes) if clusters is None else clusters
    if clusters < 1 or homes % clusters:
        raise BadInput(f"{homes} homes do not make {clusters} equal clusters")
    grid = PrivateChain(
        ["operator", *(f"aggregator {number}" for number in range(clusters))],
        name="grid",
        difficulty_bits=0,
        seed=SEED,
        contracts={"measurement_log": CONTRACTS["measurement_log"]},
        storage=opening_storage(address_of("operator", SEED)),
    )
    streets = [street(homes // clusters, f"cluster {number}") for number in range(clusters)]
    locals_ = [
        Aggregator(network.chain, number, grid.accounts[f"aggregator {number}"].key)
        for number, network in enumerate(streets)
    ]
    grid.open_block()
    for node in locals_:
        key = node.cluster.aggregator.data
        grid.send("operator", "measurement_log", "register", node.cluster.number, 0, key)
    server = FullNode(grid.chain)
    server.receive(grid.close_block())
    aggregator = locals_[0]
    first = streets[0].address("cluster 0 0")
    home = SuperLightNode(aggregator.head(), aggregator.public, first)
    nodes: tuple[_Node, ...] = (aggregator, server, home)
    before = tuple(map(_count, nodes))
    anchors = 0
    for interval in range(2):
        before = tuple(map(_count, nodes))
        for node, network in zip(locals_, streets, strict=True):
            block = report(network, interval)
            for signed in block.transactions:
                node.hear(signed)
            node.receive(block)
            if node is aggregator:
                home.receive(block, aggregator)
        grid.open_block()
        for node in locals_:
            contract, function, given = anchor_call(node.anchor())
            grid.send(f"aggregator {node.cluster.number}", contract, function, *given)
        block = grid.close_block()
        for signed in block.transactions:
            server.hear(signed)
        server.receive(block)
        events = [event for receipt in grid.chain.receipts[-1] for event in receipt.events]
        anchors = sum(event.name == "Anchored" for event in events)
    borne = [_borne(earlier, _count(node)) for earlier, node in zip(before, nodes, strict=True)]
    # The contract checks the signature of each batch that it takes.
    of_grid = replace(borne[1], signatures=borne[1].signatures + anchors)
    # An aggregator is a node of the grid too, and made its local block itself.
    of_both = Cost(
        borne[0].kept + of_grid.kept,
        borne[0].messages - 1 + of_grid.messages,
        borne[0].signatures + of_grid.signatures,
    )
    roles = (("aggregator", of_both), ("server", of_grid), ("super-light home", borne[2]))
    return [Row(CLUSTERED, role, homes, clusters, cost, MEASURED_ROW) for role, cost in roles]


def _require_homes(homes: int) -> None:
    if homes < 1:
        raise BadInput(f"homes: expected at least 1, found {homes}")


# --- the law --------------------------------------------------------------------------


def terms(arrangement: str, role: str, homes: int, clusters: int) -> tuple[float, ...]:
    """What each coefficient of a role's law is multiplied by, see the table above."""
    each = homes / clusters
    if role == "super-light home":
        return (1.0, float(ceil(log2(each))))
    if arrangement == FLAT:
        return (1.0, float(homes))
    return (1.0, each, float(clusters)) if role == "aggregator" else (1.0, float(clusters))


@dataclass(frozen=True)
class Law:
    """A role's fitted law."""

    arrangement: str
    role: str
    coefficients: tuple[tuple[float, ...], ...]
    """Of bytes kept, messages and signatures: a, b (and d), in the order of :func:`terms`."""

    residual: float
    """The largest miss among the measured bytes, as a share of them."""

    def cost(self, homes: int, clusters: int = 1) -> Cost:
        """What the law says."""
        factors = terms(self.arrangement, self.role, homes, clusters)
        kept, messages, signatures = (
            sum(a * x for a, x in zip(row, factors, strict=True)) for row in self.coefficients
        )
        return Cost(kept, messages, signatures)


def fit(rows: Iterable[Row]) -> list[Law]:
    """The laws of all roles, by least squares; each needs as many rows as coefficients."""
    by_role: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        by_role.setdefault((row.arrangement, row.role), []).append(row)
    return [_fit(arrangement, role, rows) for (arrangement, role), rows in by_role.items()]


def _fit(arrangement: str, role: str, rows: Sequence[Row]) -> Law:
    factors = np.array([terms(arrangement, role, row.homes, row.clusters) for row in rows])
    if np.linalg.matrix_rank(factors) < factors.shape[1]:
        raise BadInput(f"too few different measurements of the {role} to fit its law")
    counts = np.array([[r.cost.kept, r.cost.messages, r.cost.signatures] for r in rows])
    found, *_ = np.linalg.lstsq(factors, counts, rcond=None)
    missed = np.abs(factors @ found - counts)[:, 0] / counts[:, 0]
    # What is left of a coefficient that should be 0 or 1 is noise of the solver.
    coefficients = tuple(tuple(round(float(a), 9) for a in column) for column in found.T)
    return Law(arrangement, role, coefficients, float(missed.max()))


def measured(sizes: Iterable[int] = MEASURED) -> tuple[Row, ...]:
    """The rows of all runs: flat, in root-many clusters, and in half and twice as many, so
    that the law's terms can be told apart. Runs are remembered.
    """
    return _measured(tuple(sizes))


# Behind a function with a default: a cache takes f() and f(default) for two.
@cache
def _measured(sizes: tuple[int, ...]) -> tuple[Row, ...]:
    rows: list[Row] = []
    for homes in sizes:
        rows += measure_flat(homes)
        root = isqrt(homes)
        for clusters in (root // 2, root, 2 * root):
            if clusters and homes % clusters == 0:
                rows += measure_clustered(homes, clusters)
    return tuple(rows)


def extrapolated(laws: Iterable[Law], homes: Sequence[int] = HOMES) -> list[Row]:
    """What the laws say, with the root of n clusters; also where the ledgers ran."""
    return [
        Row(law.arrangement, law.role, n, clusters, law.cost(n, clusters), EXTRAPOLATED_ROW)
        for law in laws
        for n in homes
        for clusters in [1 if law.arrangement == FLAT else max(1, round(n**0.5))]
    ]


def rows(sizes: Iterable[int] = MEASURED, homes: Sequence[int] = HOMES) -> list[Row]:
    """All rows for the chart: measured ones with the root of n clusters, and the laws."""
    found = measured(sizes)
    shown = [r for r in found if r.arrangement == FLAT or r.clusters == isqrt(r.homes)]
    return shown + extrapolated(fit(found), homes)


# --- proofs ---------------------------------------------------------------------------


@dataclass(frozen=True)
class ProofRow:
    """A proof in a tree of 2^power leaves."""

    power: int
    steps: int
    kept: int
    """As it is encoded [bytes]."""

    hashes: int
    """To check it."""


def proof_among_equals(power: int, leaf: bytes) -> tuple[InclusionProof, Digest]:
    """A proof in a tree of 2^power equal leaves, and the root.

    On each level of such a tree all nodes are equal, so a million leaves take twenty hashes.
    The size of a proof and the work of checking it do not depend on what the leaves say.
    """
    node, path = leaf_hash(leaf), list[bytes]()
    for _ in range(power):
        path.append(node)
        node = node_hash(node, node)
    return InclusionProof(2**power // 3, 2**power, tuple(path)), node


def proof_rows(powers: Iterable[int] = range(4, 21)) -> list[ProofRow]:
    """How proofs grow, from 2^4 to 2^20 leaves; each is checked."""
    found = []
    for power in powers:
        proof, root = proof_among_equals(power, b"reading")
        proof.check(b"reading", root)
        # One hash for the leaf, one for each step.
        found.append(ProofRow(power, len(proof.path), size(proof), 1 + len(proof.path)))
    return found


@dataclass(frozen=True)
class EvidenceRow:
    """One thing that a household needs to prove or check something."""

    what: str
    kept: int
    """As it is encoded [bytes]."""

    steps: int
    """Digests in it; 0 if it is no proof."""


def evidence(homes: int = 20, quarters: int = 96, quarter: int = 57) -> list[EvidenceRow]:
    """A household's proof that its reading of a quarter-hour is in a block (57 is 14:15), and
    its check that the operator has not rewritten the log since; each passes, or this raises.

    Raises :class:`~energychain.primitives.refusals.BadInput` if the quarter-hour is not among
    them.
    """
    _require_homes(homes)
    if not 0 <= quarter < quarters:
        raise BadInput(f"quarter-hour {quarter} is not among the {quarters}")
    network = street(homes)
    operator = Operator(network.chain, derive(SEED, "operator"))
    watcher = LightNode(network.chain, network.address(f"street {homes - 1}"))
    known = operator.head()
    for interval in range(quarters):
        block = report(network, interval)
        operator.receive(block)
        watcher.receive(block)
        if interval == quarter:
            known = operator.head()
    proven = operator.prove(quarter + 1, 0)
    watcher.verify(proven)
    header, place = operator.header(proven.height), operator.log.inclusion(proven.height)
    place.check(encode(header), operator.log.root)
    growth = operator.growth(known)
    growth.check(known.root, operator.log.root)
    return [
        EvidenceRow("the reading, signed", len(proven.signed.encoded), 0),
        EvidenceRow("its path in the block", size(proven.proof), len(proven.proof.path)),
        EvidenceRow("the block's header", size(header), 0),
        EvidenceRow("the header's path in the log", size(place), len(place.path)),
        EvidenceRow("the log head", size(operator.head()), 0),
        EvidenceRow("how the log grew since", size(growth), len(growth.path)),
        EvidenceRow("the whole ledger", operator.bytes_kept, 0),
    ]


def growth_rows(
    size_now: int = INTERVALS_PER_YEAR, ages: Sequence[int] = (1, 96, 96 * 30, 96 * 182)
) -> list[EvidenceRow]:
    """How large the check of a year's log is for a home that looked last so many intervals
    ago: a few digests, whatever the log says.
    """
    tree = MerkleTree.over([b"header %d" % height for height in range(size_now)])
    rows = []
    for age in ages:
        proof = tree.consistency(size_now - age)
        words = f"{age:,} interval{'s' * (age != 1)}"
        rows.append(EvidenceRow(words, size(proof), len(proof.path)))
    return rows


# --- a year ---------------------------------------------------------------------------


@dataclass(frozen=True)
class YearRow:
    """What a node keeps."""

    node: str
    kept_per_interval: float
    """Measured [bytes]."""

    kept_per_year: float
    """Extrapolated: as many intervals as a year has [bytes]."""


def year(homes: int = 20, intervals: int = 4) -> list[YearRow]:
    """What full, light and super-light nodes keep of a year of a street at 15 minutes.

    A few intervals are measured; each further one is taken to cost as much as the last.
    (The figures of a reading grow by a digit now and then; over a year that is below 1 %.)

    Raises :class:`~energychain.primitives.refusals.BadInput` for fewer than two intervals.
    """
    _require_homes(homes)
    if intervals < 2:
        raise BadInput(f"intervals: expected at least 2, found {intervals}")
    network = street(homes)
    owner = network.address("street 0")
    full = Operator(network.chain, derive(SEED, "operator"))
    light = LightNode(network.chain, owner)
    super_light = SuperLightNode(full.head(), full.public, owner)
    nodes: tuple[_Node, ...] = (full, light, super_light)
    before = [0, 0, 0]
    for interval in range(intervals):
        before = [node.bytes_kept for node in nodes]
        block = report(network, interval)
        full.receive(block)
        light.receive(block)
        super_light.receive(block, full)
    found = []
    for node, earlier in zip(nodes, before, strict=True):
        last = node.bytes_kept - earlier
        rest = last * (INTERVALS_PER_YEAR - intervals)
        found.append(YearRow(node.kind, last, node.bytes_kept + rest))
    return found
