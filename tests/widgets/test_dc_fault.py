"""The explorers follow the physics and the study, and tell what happens in words."""

from dataclasses import replace

import pytest
from explorers import (
    assert_asks,
    assert_code_leads_to_the_charts,
    assert_keeps,
    assert_moves_and_resets,
)

from energychain.course.exercises import check, solution
from energychain.grid.attacks import ATTACKS
from energychain.grid.dc_line import SET_B, Fault, LoadStep, solve
from energychain.grid.relay import RELAYS, watch
from energychain.primitives.refusals import BadInput
from energychain.studies.dc_fault import LEDGER_DELAY, RECORDED, protect
from energychain.widgets.dc_attacks import SEED, AttackExplorer, outcome
from energychain.widgets.dc_fault import FaultExplorer, watched

EXPLORERS = {"fault": FaultExplorer, "attack": AttackExplorer}
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
        (FaultExplorer, "resistance", 10.0),
        (FaultExplorer, "location", 1.2),
        (FaultExplorer, "load_a", 3.0),
        (FaultExplorer, "noise_ma", 1.0),
        (FaultExplorer, "relay", "literal"),
        (AttackExplorer, "attack", "flood"),
        (AttackExplorer, "fault", True),
        (AttackExplorer, "defended", True),
        (AttackExplorer, "path", "ledger"),
    ],
)
def test_every_control_changes_what_is_kept_and_shown_and_reset_takes_it_back(make, name, value):
    assert_moves_and_resets(make(), name, value)


@pytest.mark.parametrize(
    ("make", "touch"),
    [
        (FaultExplorer, {}),
        (FaultExplorer, {"resistance": 10.0, "location": 0.5, "relay": "literal"}),
        (FaultExplorer, {"location": -0.3, "noise_ma": 1.0, "load_a": 3.0}),
        (AttackExplorer, {}),
        (AttackExplorer, {"attack": "", "fault": True}),
        (AttackExplorer, {"defended": True, "path": "ledger", "fault": True, "delay_ms": 2.0}),
    ],
)
def test_the_code_leads_to_the_same_charts(make, touch):
    assert_code_leads_to_the_charts(make(), **touch)


# --- the fault ------------------------------------------------------------------------


def test_the_start_is_the_published_fault():
    assert FaultExplorer().status == (
        "A 1 ohm fault at 33 % of the line: up to 24.74 A from bus 1. Rule (6), guarded: trip at"
        " 1.30 ms, isolated at 1.42 ms, 1.50 J let through."
    )


def test_sliders_reach_what_surprises():
    controls = FaultExplorer().controls
    assert controls["location"].min < 0 < 1 < controls["location"].max
    assert 10 ** controls["resistance"].max > SET_B.highest_fault_resistance


@pytest.mark.parametrize("relay", RELAYS)
@pytest.mark.parametrize(
    "case", [RECORDED, Fault(10.0, 0.5), Fault(1.0, 1.2), LoadStep(-1.0), None]
)
def test_watched_is_what_the_relay_does(relay, case):
    found, trip = watched(SET_B, case, relay), watch(solve(SET_B, case), relay)
    assert (found.trip and found.trip.time) == (trip and trip.time)
    assert found.seen.relay == relay
    internal = isinstance(case, Fault) and case.internal
    assert found.internal == internal
    assert found.false_trip == (trip is not None and not internal)


def test_the_words_follow():
    explorer = FaultExplorer()
    explorer.controls["location"].value = 1.2
    explorer.controls["relay"].value = "literal"
    assert "beyond bus 2, not on this line" in explorer.status
    assert "tripped at 5.84 ms, with no fault on the line" in explorer.status
    explorer.controls["location"].value = 0.0
    assert "at bus 1 itself" in explorer.status
    explorer.controls["location"].value = -0.3
    assert "behind bus 1" in explorer.status
    explorer.controls["location"].value = 0.5
    explorer.controls["resistance"].value = 100.0
    assert "never tripped" in explorer.status


@pytest.mark.parametrize(
    ("line", "case", "words"),
    [
        (SET_B, None, "<a healthy line: no trip, as it should be>"),
        (SET_B, LoadStep(1.0, bus=1), "<a load of 1 A switched on at bus 1: no trip"),
        (replace(SET_B, load_current=3.4), Fault(1.0, 1.0), "<a 1 ohm fault at bus 2 itself: no"),
    ],
)
def test_a_case_says_what_it_is(line, case, words):
    assert repr(watched(line, case)).startswith(words)


def test_a_trip_before_the_fault_is_a_false_one():
    early = watched(SET_B, RECORDED, "literal", noise_ma=10.0)
    assert early.trip.time < 0
    assert early.false_trip
    assert "before the fault" in repr(early)


def test_an_unknown_relay_is_named():
    with pytest.raises(BadInput, match="there is no relay 'quick'"):
        watched(SET_B, None, "quick")


# --- the attacks ----------------------------------------------------------------------


def test_every_attack_can_be_chosen_and_none():
    options = [value for _, value in AttackExplorer().controls["attack"].options]
    assert options == ["", *ATTACKS]


@pytest.mark.parametrize("attack", ["", "flood", "false data", "loss", "stolen key", "odd sizes"])
def test_the_explorer_is_the_study(attack):
    explorer = AttackExplorer()
    explorer.controls["attack"].value = attack
    explorer.controls["fault"].value = True
    explorer.controls["defended"].value = True
    played = explorer.protection()
    assert outcome(played)[1:].lower() in explorer.status.lower()
    assert played.scene.fault_at is not None
    assert bool(played.caught_by) == ("notices" not in explorer.status and attack != "")


def test_the_defence_the_ledger_and_its_delay_are_told():
    explorer = AttackExplorer()
    assert explorer.status.endswith("tripped on nothing, at 1.32 ms. Nothing notices it.")
    explorer.controls["path"].value = "ledger"
    assert "The ledger contradicts the link, at 1.77 ms" in explorer.status
    explorer.controls["defended"].value = True
    assert "no trip, as it should be. The first is refused for its epoch" in explorer.status
    explorer.controls["fault"].value = True
    assert "cleared on the ledger's word: isolated at 2.87 ms" in explorer.status
    explorer.controls["delay_ms"].value = 3.0
    assert "isolated at 4.42 ms" in explorer.status
    explorer.controls["path"].value = "primary"
    assert "missed: the fault is fed 7.82 J" in explorer.status
    assert f"Beyond the checks: {ATTACKS['replay in place'].beyond}." in explorer.status


def test_a_lying_sensor_is_not_noticed_and_the_status_says_why():
    explorer = AttackExplorer()
    explorer.controls["attack"].value = "false data with the key"
    for name, value in (("fault", True), ("defended", True), ("path", "ledger")):
        explorer.controls[name].value = value
    assert "missed" in explorer.status
    assert "Nothing notices it. Beyond the checks: a false measurement" in explorer.status


def test_a_ledger_that_withdraws_a_trip_is_told():
    held = protect(
        SET_B,
        None,
        attack="replay in place",
        defended=False,
        path="ledger",
        hold=2e-3,
        seed=SEED,
    )
    assert outcome(held) == "No trip, as it should be: the ledger withdrew it"


# --- the exercises of lesson 10 -------------------------------------------------------


def answered(name):
    names = {}
    exec(solution(name), names)
    return names["answer"]


def test_equation_4_gives_the_highest_resistance():
    line = replace(SET_B, load_current=3.4)
    assert check("10.reach", line.highest_fault_resistance).verdict == "right"


@pytest.mark.parametrize("delay", [450e-6, LEDGER_DELAY, 2e-3])
def test_over_the_ledger_the_study_isolates_when_the_exercise_says(delay):
    cut = protect(SET_B, RECORDED, attack="replay in place", path="ledger", ledger_delay=delay)
    assert answered("10.ledger")(round(delay * 1e6)) == pytest.approx(cut.isolated * 1e6)


@pytest.mark.parametrize(
    "case", [LoadStep(-0.5), LoadStep(0.4), Fault(1.0, 1.2), Fault(1.0, -0.3), Fault(1.0, 0.0)]
)
def test_what_breaks_the_relay_is_right(case):
    assert watch(solve(SET_B, case), "literal") is not None
    assert check("10.break", case).verdict == "right"


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (RECORDED, "there is a fault on the line"),
        (None, "at rest nothing changes"),
        (LoadStep(0.0), "too small"),
        (LoadStep(-0.001), "too small"),
        (SET_B, "expected a LoadStep, a Fault or None"),
        ("off", "expected a LoadStep, a Fault or None"),
    ],
)
def test_what_does_not_break_it_is_told_why(case, words):
    assert words in check("10.break", case).message
