"""The explorer of scale follows the fitted law."""

import pytest
from explorers import (
    assert_asks,
    assert_code_leads_to_the_charts,
    assert_keeps,
    assert_moves_and_resets,
)

from energychain.widgets.scale import CLUSTERS, HOMES, ScaleExplorer


def test_it_asks_a_question_and_has_few_controls():
    assert_asks(ScaleExplorer())


def test_what_a_notebook_keeps():
    assert_keeps(ScaleExplorer(prediction="one thousand"))


@pytest.mark.parametrize(
    ("name", "value"),
    [("homes", 1_000_000), ("clusters", 100), ("readings", 24), ("quantity", "signatures")],
)
def test_every_control_changes_what_is_kept_and_shown_and_reset_takes_it_back(name, value):
    assert_moves_and_resets(ScaleExplorer(), name, value)


@pytest.mark.parametrize(
    "touch",
    [
        {},
        {"homes": 1_000_000, "clusters": 900},
        {"quantity": "messages", "readings": 1, "homes": 10},
    ],
)
def test_the_code_leads_to_the_same_charts(touch):
    assert_code_leads_to_the_charts(ScaleExplorer(), **touch)


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
