"""The explorer follows the digests, and says what changed."""

import pytest
from explorers import assert_asks, assert_keeps, assert_moves_and_resets, run_code

from energychain.primitives.hashing import sha256
from energychain.widgets.avalanche import LONGEST, READING, AvalancheExplorer


def test_it_asks_a_question_and_has_few_controls():
    assert_asks(AvalancheExplorer())


def test_what_a_notebook_keeps():
    assert_keeps(AvalancheExplorer())


@pytest.mark.parametrize(
    ("name", "value"), [("reading", "3 kWh"), ("place", 2), ("becomes", "9"), ("becomes", "")]
)
def test_every_control_changes_what_is_shown_and_reset_takes_it_back(name, value):
    assert_moves_and_resets(AvalancheExplorer(), name, value)


@pytest.mark.parametrize(
    "touch",
    [{}, {"reading": "3 kWh", "place": 1}, {"reading": "it's 3"}, {"reading": ""}, {"becomes": ""}],
)
def test_the_code_leads_to_the_same_charts(touch):
    explorer = AvalancheExplorer()
    for made, seen in zip(run_code(explorer, **touch), explorer.view.charts, strict=True):
        assert made.to_dict() == seen.to_dict()


def test_the_count_is_that_of_the_two_digests():
    explorer = AvalancheExplorer()
    explorer.controls["place"].value, explorer.controls["becomes"].value = 1, "N"
    after = "N" + READING[1:]
    count = (
        int.from_bytes(sha256(READING.encode()), "big")
        ^ int.from_bytes(sha256(after.encode()), "big")
    ).bit_count()
    assert f": {count} of 256 bits change." in explorer.status


def test_the_slider_goes_as_far_as_the_text():
    explorer = AvalancheExplorer()
    place = explorer.controls["place"]
    place.value = place.max
    explorer.controls["reading"].value = "abc"
    assert (place.value, place.max) == (3, 3)
    assert explorer.status.startswith("Character 3, 'c', becomes '3'.")
    explorer.controls["reading"].value = ""
    assert place.max == 1
    explorer.reset()
    assert (place.value, place.max) == (18, len(READING))


def test_nothing_altered_is_said_as_that():
    explorer = AvalancheExplorer()
    explorer.controls["becomes"].value = READING[17]
    assert explorer.status.startswith("Nothing is altered.")
    assert ": 0 of 256 bits change." in explorer.status


def test_a_long_text_is_cut_and_says_so():
    explorer = AvalancheExplorer()
    explorer.controls["reading"].value = "x" * 2 * LONGEST
    assert f"Only the first {LONGEST} characters count here." in explorer.status


def test_letters_of_any_script_can_be_typed():
    explorer = AvalancheExplorer()
    explorer.controls["reading"].value = "3 kWh für Ωmega"
    explorer.controls["becomes"].value = "é"
    assert "'é'" in explorer.status
