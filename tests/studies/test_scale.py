"""Costs per node: measured on ledgers that run, and the law that is fitted to them, held against
runs that it was not fitted to.
"""

from math import log2

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.network.cluster import best_clusters
from energychain.network.nodes import FullNode, block_size
from energychain.primitives import merkle
from energychain.primitives.encoding import encode
from energychain.primitives.merkle import MerkleTree
from energychain.primitives.refusals import BadInput
from energychain.studies import scale
from energychain.studies.scale import (
    CLUSTERED,
    FLAT,
    Law,
    Row,
    evidence,
    fit,
    growth_rows,
    measure_clustered,
    measure_flat,
    proof_among_equals,
    proof_rows,
    report,
    street,
    terms,
    year,
)

SMALL = (4, 16, 64)


def laws() -> dict[tuple[str, str], Law]:
    return {(law.arrangement, law.role): law for law in fit(scale.measured(SMALL))}


def by_role(rows: list[Row]) -> dict[str, Row]:
    return {row.role: row for row in rows}


# --- measured -------------------------------------------------------------------------


def test_a_full_node_of_a_flat_ledger_bears_every_home() -> None:
    row = by_role(measure_flat(12))["full node"]
    assert (row.cost.messages, row.cost.signatures) == (12 + 1, 12)
    network = street(12)
    report(network, 0)
    assert row.cost.kept == block_size(report(network, 1))


def test_an_aggregator_bears_its_cluster_and_the_anchors_of_all() -> None:
    rows = by_role(measure_clustered(12, 3))
    # Four readings; three anchors and their block. Of an anchor, its transaction and its
    # batch are signed.
    assert rows["aggregator"].cost.messages == 4 + 3 + 1
    assert rows["aggregator"].cost.signatures == 4 + 2 * 3
    assert (rows["server"].cost.messages, rows["server"].cost.signatures) == (3 + 1, 2 * 3)
    assert rows["super-light home"].cost.messages == 1
    network = street(4, "cluster 0")
    report(network, 0)
    local = block_size(report(network, 1))
    assert rows["aggregator"].cost.kept == rows["server"].cost.kept + local


def test_one_cluster_is_a_flat_ledger_and_one_anchor() -> None:
    flat, clustered = by_role(measure_flat(9)), by_role(measure_clustered(9, 1))
    assert clustered["aggregator"].cost.messages == flat["full node"].cost.messages + 1
    home, other = flat["super-light home"].cost, clustered["super-light home"].cost
    assert (other.messages, other.signatures) == (home.messages, home.signatures)


@pytest.mark.parametrize(("homes", "clusters"), [(12, 5), (12, 0), (0, 1)])
def test_clusters_of_unequal_size_are_refused(homes: int, clusters: int) -> None:
    with pytest.raises(BadInput):
        measure_clustered(homes, clusters)


def test_no_street_is_empty() -> None:
    with pytest.raises(BadInput, match="at least 1, found 0"):
        measure_flat(0)


# --- the law --------------------------------------------------------------------------


def test_the_law_foretells_a_run_that_it_was_not_fitted_to() -> None:
    for row in (*measure_flat(144), *measure_clustered(144)):
        foretold = laws()[row.arrangement, row.role].cost(row.homes, row.clusters)
        assert foretold.kept == pytest.approx(row.cost.kept, rel=0.01), row
        assert foretold.messages == pytest.approx(row.cost.messages, abs=1e-6), row
        assert foretold.signatures == pytest.approx(row.cost.signatures, abs=1e-6), row


def test_the_fit_misses_the_measured_bytes_by_less_than_one_percent() -> None:
    assert max(law.residual for law in laws().values()) < 0.01


def test_messages_and_signatures_follow_from_counting() -> None:
    flat, clustered = laws()[FLAT, "full node"], laws()[CLUSTERED, "aggregator"]
    assert flat.coefficients[1:] == ((1, 1), (0, 1))  # n and a block; n
    assert clustered.coefficients[1:] == ((1, 1, 1), (0, 1, 2))  # n/c + c and a block; n/c + 2c


def test_what_an_aggregator_bears_grows_as_the_root_and_a_full_node_as_the_number() -> None:
    rows = [row for row in scale.rows(SMALL) if row.how == "extrapolated"]
    for role, arrangement, power in (("full node", FLAT, 1.0), ("aggregator", CLUSTERED, 0.5)):
        kept = {
            row.homes: row.cost.kept
            for row in rows
            if (row.role, row.arrangement) == (role, arrangement)
        }
        decades = [log2(kept[100 * n] / kept[n]) / log2(100) for n in (1_000, 10_000)]
        assert decades == pytest.approx([power, power], abs=0.02)


def test_no_number_of_clusters_beats_the_best_one() -> None:
    law = laws()[CLUSTERED, "aggregator"]
    _, reading, anchor = law.coefficients[0]
    best = best_clusters(10_000, reading, anchor)
    kept = [law.cost(10_000, clusters).kept for clusters in range(1, 1_001)]
    assert min(kept) == law.cost(10_000, best).kept
    assert 50 < best < 100  # an anchor has more bytes than a reading


def test_rows_say_what_was_measured() -> None:
    rows = scale.rows(SMALL, homes=(10, 1_000_000))
    measured = {row.homes for row in rows if row.how == "measured"}
    assert measured == set(SMALL)
    assert {row.homes for row in rows if row.how == "extrapolated"} == {10, 1_000_000}
    assert len({(r.arrangement, r.role) for r in rows}) == 5
    assert {row.record()["how"] for row in rows} == {"measured", "extrapolated"}


def test_too_few_runs_make_no_law() -> None:
    with pytest.raises(BadInput, match="too few"):
        fit(measure_flat(4))


@given(st.integers(1, 10**6), st.integers(1, 1_000))
@settings(max_examples=20)
def test_every_law_has_one_term_for_each_coefficient(homes: int, clusters: int) -> None:
    for law in laws().values():
        factors = terms(law.arrangement, law.role, homes, clusters)
        assert [len(row) for row in law.coefficients] == [len(factors)] * 3


# --- proofs ---------------------------------------------------------------------------


@pytest.mark.parametrize("power", range(9))
def test_a_tree_of_equal_leaves_is_a_tree(power: int) -> None:
    tree = MerkleTree.over([b"reading"] * 2**power)
    assert proof_among_equals(power, b"reading") == (tree.inclusion(2**power // 3), tree.root)


def test_proofs_and_their_check_grow_as_the_logarithm(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = proof_rows()
    assert [row.power for row in rows] == list(range(4, 21))
    calls: list[bytes] = []
    node_hash = merkle.node_hash

    def counted(left: bytes, right: bytes) -> merkle.Digest:
        calls.append(left)
        return node_hash(left, right)

    for row in rows:
        proof, root = proof_among_equals(row.power, b"reading")
        monkeypatch.setattr(merkle, "node_hash", counted)
        calls.clear()
        proof.check(b"reading", root)
        monkeypatch.undo()
        assert row.hashes == len(calls) + 1  # and the leaf
        assert row.kept == len(encode(proof))
        assert row.steps == row.power
    for amount in ("kept", "hashes"):
        found = [getattr(row, amount) for row in rows]
        slope = (found[-1] - found[0]) / 16
        halves = ((found[8] - found[0]) / 8, (found[-1] - found[8]) / 8)
        assert halves == pytest.approx((slope, slope), rel=0.1)


def test_a_household_proves_its_quarter_to_three_and_checks_the_log() -> None:
    rows = {row.what: row for row in evidence(homes=5, quarters=12, quarter=7)}
    network = street(5)
    blocks = [report(network, interval) for interval in range(12)]
    headers = [encode(block.header) for block in network.chain.blocks]
    signed, log = blocks[7].transactions[0], MerkleTree.over(headers)
    assert rows["the reading, signed"].kept == len(signed.encoded)
    assert signed.transaction.arguments[0] == 1_007
    assert rows["its path in the block"].kept == len(encode(blocks[7].proof(0)))
    assert rows["the block's header"].kept == len(headers[8])
    assert rows["the header's path in the log"].steps == len(log.inclusion(8).path)
    assert rows["how the log grew since"].kept == len(encode(log.consistency(9)))
    together = sum(row.kept for what, row in rows.items() if what != "the whole ledger")
    assert together < rows["the whole ledger"].kept / 5
    with pytest.raises(BadInput, match="quarter-hour 12"):
        evidence(homes=1, quarters=12, quarter=12)


def test_checking_a_year_takes_a_few_digests() -> None:
    for row in growth_rows():
        assert 1 <= row.steps <= 2 * 16  # RFC 6962, section 2.1.2: about the logarithm
        assert 32 * row.steps < row.kept < 40 * row.steps + 60


# --- a year ---------------------------------------------------------------------------


def test_a_year_of_a_street_full_light_super_light() -> None:
    full, light, super_light = year(homes=20)
    assert [row.node for row in (full, light, super_light)] == ["full", "light", "super-light"]
    assert full.kept_per_year > 5 * light.kept_per_year > 5 * super_light.kept_per_year
    for row in (full, light, super_light):
        assert row.kept_per_year == pytest.approx(35_040 * row.kept_per_interval, rel=0.001)


def test_the_years_first_intervals_are_real() -> None:
    network = street(5)
    node = FullNode(network.chain)
    for interval in range(3):
        node.receive(report(network, interval))
    full = year(homes=5, intervals=3)[0]
    rest = full.kept_per_interval * (scale.INTERVALS_PER_YEAR - 3)
    assert full.kept_per_year == node.bytes_kept + rest
    assert full.kept_per_interval == block_size(network.chain.head)


@pytest.mark.parametrize(("homes", "intervals"), [(0, 4), (5, 1)])
def test_a_year_of_nothing_is_refused(homes: int, intervals: int) -> None:
    with pytest.raises(BadInput):
        year(homes, intervals)
