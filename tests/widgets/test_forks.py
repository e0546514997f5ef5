"""The explorers follow the simulation and the formulas, and tell what happens in words."""

import pytest
from explorers import (
    assert_asks,
    assert_code_leads_to_the_charts,
    assert_keeps,
    assert_moves_and_resets,
)

from energychain.charts import forks as charts
from energychain.consensus.double_spend import confirmations_for
from energychain.ledger.chain import CONFIRMATIONS
from energychain.studies import mining_network
from energychain.widgets.forks import DoubleSpendExplorer, ForkExplorer

EXPLORERS = {"forks": ForkExplorer, "double spend": DoubleSpendExplorer}
every_explorer = pytest.mark.parametrize("make", EXPLORERS.values(), ids=EXPLORERS)


@every_explorer
def test_it_asks_a_question_and_has_few_controls(make):
    assert_asks(make())


@every_explorer
def test_what_a_notebook_keeps(make):
    assert_keeps(make())


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (ForkExplorer, "cut_s", 60),
        (ForkExplorer, "latency_s", 5.0),
        (ForkExplorer, "confirmations", 3),
        (ForkExplorer, "second", 300),
        (DoubleSpendExplorer, "share", 0.3),
        (DoubleSpendExplorer, "confirmations", 3),
        (DoubleSpendExplorer, "runs", 200),
    ],
)
def test_every_control_changes_what_is_kept_and_shown_and_reset_takes_it_back(make, name, value):
    assert_moves_and_resets(make(), name, value)


@pytest.mark.parametrize(
    ("make", "touch"),
    [
        (ForkExplorer, {}),
        (ForkExplorer, {"cut_s": 240, "latency_s": 2.0, "second": 400, "confirmations": 2}),
        (DoubleSpendExplorer, {}),
        (DoubleSpendExplorer, {"share": 0.52, "runs": 200}),
    ],
)
def test_the_code_leads_to_the_same_charts(make, touch):
    assert_code_leads_to_the_charts(make(), **touch)


# --- in words -------------------------------------------------------------------------


def test_chart_and_study_name_the_halves_alike():
    study = mining_network
    assert {*study.HALVES, study.BOTH, study.NOBODY} == {*charts.LOOKS}
    assert {*study.HALVES} == {*charts.CURVES}


def test_the_words_follow_the_time():
    explorer = ForkExplorer()
    assert "the east follows a chain of 5 blocks, the west one of 7" in explorer.status
    explorer.controls["second"].value = 300
    assert "had been settled and were un-settled" in explorer.status
    explorer.controls["confirmations"].value = CONFIRMATIONS
    assert explorer.status.endswith("No trade that was settled has been un-settled.")


def test_sliders_reach_what_surprises():
    controls = ForkExplorer().controls
    assert mining_network.CUT_FROM + controls["cut_s"].max < controls["second"].max
    assert controls["confirmations"].max == CONFIRMATIONS
    assert DoubleSpendExplorer().controls["share"].max > 0.5


def test_the_status_tells_all_three_answers():
    explorer = DoubleSpendExplorer()
    explorer.controls["share"].value = 0.3
    assert explorer.status.startswith(
        "With 30 % of the power and 6 confirmations: 16 % exactly, 13 % by Nakamoto's formula."
    )
    assert "they exclude Nakamoto's number" in explorer.status
    assert explorer.status.endswith(f"takes {confirmations_for(0.3)} confirmations.")
