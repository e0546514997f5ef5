"""The explorer of scale follows the fitted law, and the small ledgers of lesson 11 are real."""

import pytest

from energychain.charts import theme
from energychain.contracts.measurement_log import anchored
from energychain.network.cluster import WrongAnchor, best_clusters, check_anchor
from energychain.network.nodes import FullNode
from energychain.primitives.refusals import BadInput
from energychain.studies import scale
from energychain.widgets.explorer import MOST_CONTROLS
from energychain.widgets.scale import (
    CLUSTERS,
    HOMES,
    ScaleExplorer,
    accuse,
    cluster_rows,
    cost_at,
    grid_of,
    laws,
    publish,
    small_cluster,
    steps,
)


def data(widget):
    shown = widget._repr_mimebundle_()
    return shown[0] if isinstance(shown, tuple) else shown


# --- the explorer ---------------------------------------------------------------------


def test_it_asks_a_question_and_has_few_controls():
    explorer = ScaleExplorer()
    assert explorer.question.endswith("?")
    assert len(explorer.controls) <= MOST_CONTROLS


def test_what_a_notebook_keeps():
    explorer = ScaleExplorer(prediction="one thousand")
    kept = data(explorer)
    widget = "application/vnd.jupyter.widget-view+json"
    assert set(kept) == {widget, theme.VEGALITE, "image/png", "text/plain"}
    assert explorer.status in kept[theme.VEGALITE]["description"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("homes", 1_000_000), ("clusters", 100), ("readings", 24), ("quantity", "signatures")],
)
def test_every_control_changes_what_is_kept_and_shown_and_reset_takes_it_back(name, value):
    explorer = ScaleExplorer()
    before, live = data(explorer)[theme.VEGALITE], [dict(w.spec) for w in explorer._live]
    words = repr(explorer), explorer.code, explorer.status
    explorer.controls[name].value = value
    assert data(explorer)[theme.VEGALITE] != before
    assert [w.spec for w in explorer._live] != live
    assert (repr(explorer), explorer.code, explorer.status) != words
    assert [w.spec for w in explorer._live] == [c.to_dict() for c in explorer.view.charts]
    explorer.reset()
    assert data(explorer)[theme.VEGALITE] == before
    assert (repr(explorer), explorer.code, explorer.status) == words


@pytest.mark.parametrize(
    "touch",
    [
        {},
        {"homes": 1_000_000, "clusters": 900},
        {"quantity": "messages", "readings": 1, "homes": 10},
    ],
)
def test_the_code_leads_to_the_same_charts(touch):
    explorer, shown = ScaleExplorer(), []
    for name, value in touch.items():
        explorer.controls[name].value = value
    code = explorer.code.splitlines()
    code[-1] = f"display({code[-1]})"
    exec("\n".join(code), {"display": shown.append})
    for made, seen in zip(shown, explorer.view.charts, strict=True):
        assert made.to_dict()["description"] == seen.to_dict()["description"]


def test_more_clusters_than_homes_are_as_many_as_homes():
    explorer = ScaleExplorer()
    explorer.controls["homes"].value = 10
    explorer.controls["quantity"].value = "messages"
    assert "In 10 clusters an aggregator: 1,152, that is more" in explorer.status
    explorer.controls["clusters"].value = 1
    assert "In 1 cluster an aggregator: 1,152, that is more" in explorer.status


def test_sliders_reach_both_sides_of_the_best_number():
    for homes in (1_000, 1_000_000):
        assert min(CLUSTERS) < homes**0.5 / 5 and max(CLUSTERS) > homes**0.5 * 5
    assert (HOMES[0], HOMES[-1]) == (10, 1_000_000)


def test_the_words_follow():
    explorer = ScaleExplorer()
    explorer.controls["quantity"].value = "messages"
    explorer.controls["readings"].value = 1
    explorer.controls["homes"].value = 10_000
    explorer.controls["clusters"].value = 100
    assert explorer.status == (
        "10,000 homes, 1 reading a day. A full node of one flat ledger: 10,001 messages a day. In"
        " 100 clusters an aggregator: 201, that is 50 times less; a home: 1. Least for an"
        " aggregator: 201, in 100 clusters."
    )


# --- the law, as rows -----------------------------------------------------------------


def test_the_rows_are_the_law():
    for row in cost_at(400, 20, times=96):
        law = laws()[row["arrangement"], row["role"]]
        assert row["messages"] == pytest.approx(96 * law.cost(400, row["clusters"]).messages)
        assert row["kept_bytes"] == pytest.approx(96 * law.cost(400, row["clusters"]).kept)


def test_where_it_was_measured_the_law_agrees():
    ran = {
        row.role: row.cost
        for row in scale.measured(scale.MEASURED)
        if (row.homes, row.clusters) == (256, 16)
    }
    said = {row["role"]: row for row in cost_at(256, 16) if row["arrangement"] == "clustered"}
    for role, cost in ran.items():
        assert said[role]["messages"] == pytest.approx(cost.messages, abs=1e-6)
        assert said[role]["kept_bytes"] == pytest.approx(cost.kept, rel=0.01)


@pytest.mark.parametrize("quantity", ["kept_bytes", "messages", "signatures"])
@pytest.mark.parametrize("homes", [10, 1_000, 1_000_000])
def test_the_best_number_is_among_the_rows(homes, quantity):
    rows = cluster_rows(homes, quantity)
    at = ["kept_bytes", "messages", "signatures"].index(quantity)
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


# --- the small ledgers of the lesson --------------------------------------------------


def test_a_cluster_is_anchored_and_proved_in_two_steps():
    both = [small_cluster(number) for number in range(2)]
    grid = grid_of(*both)
    batches = [one.anchor() for one in both]
    block = publish(grid, *batches)
    storage = grid.chain.state.storage["measurement_log"]
    assert all(anchored(storage, batch) for batch in batches)
    proof = both[1].two_steps(4, 3, FullNode(grid.chain).prove(block.height, 1))
    proof.check(block.header, both[1].cluster)
    assert [row["sent"] for row in steps(proof, block.header)] == [True] * 6 + [False]


def test_two_histories_of_one_aggregator_convict_it():
    honest, cheat = small_cluster(0), small_cluster(0, first=50)
    assert honest.cluster == cheat.cluster
    grid = grid_of(honest)
    batch = honest.anchor()
    publish(grid, batch)
    with pytest.raises(WrongAnchor, match="two histories"):
        check_anchor(batch, [block.header for block in cheat.chain.blocks], honest.cluster)
    assert [event.name for event in accuse(grid, batch, cheat.anchor()).events] == ["Compromised"]
    assert not accuse(grid, batch, batch).done
