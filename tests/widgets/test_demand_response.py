"""The explorer moves with the arithmetic, and the exercises with the study."""

import pytest
from explorers import assert_asks, assert_keeps, assert_moves_and_resets

from energychain.course.exercises import check
from energychain.studies import baseline_gaming, event_day
from energychain.widgets.demand_response import EventDayExplorer


@pytest.fixture
def explorer():
    return EventDayExplorer()


def test_it_asks_a_question_and_has_few_controls(explorer):
    assert explorer.question == "What is a home paid for that was asked to use less?"
    assert list(explorer.controls) == ["rule", "ask", "answer", "inflation", "incentive"]
    assert_asks(explorer)


def test_the_start_is_a_cheat_that_does_not_pay(explorer):
    assert explorer.day() == event_day.play(inflation=30)
    assert "it loses 1.99 €." in explorer.status


def test_what_a_notebook_keeps(explorer):
    assert_keeps(explorer)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rule", "control group"),
        ("ask", 50),
        ("answer", 60),
        ("inflation", 0),
        ("incentive", 5.0),
    ],
)
def test_every_control_changes_what_is_kept_and_shown_and_reset_takes_it_back(
    explorer, name, value
):
    assert_moves_and_resets(explorer, name, value)


def test_the_code_leads_to_what_is_shown(explorer):
    for name, value in (("rule", "average"), ("ask", 40), ("incentive", 3.5), ("inflation", 20)):
        explorer.controls[name].value = value
    names = {}
    exec(explorer.code, names)
    assert names["day"] == explorer.day()
    assert names["honest"].wasted == 0
    assert "without a chain" in explorer.code


def test_a_high_incentive_makes_the_same_cheat_pay(explorer):
    explorer.controls["incentive"].value = 5.0
    assert "it gains 2.94 €." in explorer.status
    explorer.controls["rule"].value = "control group"
    assert "The inflation brings 0.00 €" in explorer.status
    assert "it loses 3.22 €." in explorer.status


def test_an_honest_past_is_called_one(explorer):
    explorer.controls["inflation"].value = 0
    assert explorer.status.endswith("Its past is honest.")
    assert "it pays 0.03 €" in explorer.status


def test_nobody_asked_is_no_error(explorer):
    for name in ("ask", "answer", "inflation", "incentive"):
        explorer.controls[name].value = 0
    assert explorer.status.startswith("Asked to use 0.00 kWh less, H0-A really used 0.00")


@pytest.mark.parametrize("home", ["H0-C", "H0-L"])
def test_other_homes_fit_their_axis(home):
    other = EventDayExplorer(home)
    top = other.view.charts[0].layer[0].to_dict()
    for rule in event_day.RULES:
        other.controls["rule"].value = rule
        other.controls["inflation"].value = 60
        assert max(other.day().baseline) / 1e6 < other._top
    assert top


def test_the_learner_can_break_it_in_more_ways_than_ours():
    right = {
        (strategy, percent)
        for strategy in baseline_gaming.STRATEGIES
        for percent in (5, 10, 20, 30, 50, 100)
        if check("09.break", (strategy, percent)).verdict == "right"
    }
    tried = baseline_gaming.gaming(
        "H0-A", schemes=[s for s in baseline_gaming.SCHEMES if s.name == "ten in ten, cap 20 %"]
    )
    assert right == {(o.strategy, o.inflation_percent) for o in tried if o.net_gain > 0}
    assert ("both", 10) in right
    assert ("both", 100) not in right


@pytest.mark.parametrize("answer", [50, ("steal", 10), ("both", -5), ("both",), "both"])
def test_what_is_no_strategy_is_told_so(answer):
    assert "expected a pair" in check("09.break", answer).message
