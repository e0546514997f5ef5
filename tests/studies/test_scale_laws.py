"""The rows are the fitted law, and where the ledgers ran it agrees with them."""

import pytest

from energychain.charts import scale as charts
from energychain.network.cluster import best_clusters
from energychain.primitives.refusals import BadInput
from energychain.studies import scale
from energychain.studies.scale_laws import QUANTITIES, cluster_rows, cost_at, laws


def test_chart_and_laws_name_the_quantities_alike():
    assert tuple(charts.QUANTITIES) == QUANTITIES


def test_the_rows_are_the_law():
    for row in cost_at(400, 20, times=96):
        law = laws()[row["arrangement"], row["role"]]
        assert row["messages"] == pytest.approx(96 * law.cost(400, row["clusters"]).messages)
        assert row["kept_bytes"] == pytest.approx(96 * law.cost(400, row["clusters"]).kept)


def test_where_it_was_measured_the_law_agrees():
    ran = {row.role: row.cost for row in scale.measured() if (row.homes, row.clusters) == (256, 16)}
    said = {row["role"]: row for row in cost_at(256, 16) if row["arrangement"] == "clustered"}
    for role, cost in ran.items():
        assert said[role]["messages"] == pytest.approx(cost.messages, abs=1e-6)
        assert said[role]["kept_bytes"] == pytest.approx(cost.kept, rel=0.01)


@pytest.mark.parametrize("quantity", QUANTITIES)
@pytest.mark.parametrize("homes", [10, 1_000, 1_000_000])
def test_the_best_number_is_among_the_rows(homes, quantity):
    rows = cluster_rows(homes, quantity)
    at = QUANTITIES.index(quantity)
    constant, reading, anchor = laws()["clustered", "aggregator"].coefficients[at]
    least = min(rows, key=lambda row: row[quantity])
    assert least["clusters"] == best_clusters(homes, reading, anchor)
    for row in rows:
        parts = row["own"] + row["anchors"] + constant
        assert row[quantity] == pytest.approx(parts, abs=0.01)
        assert 1 <= row["clusters"] <= homes


@pytest.mark.parametrize(("homes", "clusters"), [(0, 1), (10, 0), (10, 11)])
def test_impossible_clusters_are_refused(homes, clusters):
    with pytest.raises(BadInput, match="clusters"):
        cost_at(homes, clusters)
