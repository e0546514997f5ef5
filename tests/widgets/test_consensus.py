"""The explorer of PBFT goes through what is said, one message at a time."""

import pytest
from explorers import (
    assert_asks,
    assert_code_leads_to_the_charts,
    assert_keeps,
    assert_moves_and_resets,
)

from energychain.studies.pbft_talk import PRIMARIES, SILENT, TWO_STORIES, talk
from energychain.widgets.consensus import PbftExplorer, picture

CASES = [(primary, liar) for primary in PRIMARIES for liar in (False, True)]
every_case = pytest.mark.parametrize(("primary", "liar"), CASES)


def test_the_picture_says_who_lies_and_what_the_others_know():
    said = talk(TWO_STORIES)
    words = picture(said, len(said.messages)).to_dict()["description"]
    assert "replica 0: lies" in words
    assert "replica 3: A is final" in words


def test_there_is_no_such_step():
    with pytest.raises(IndexError, match="there is no step 99"):
        picture(talk(), 99)


def test_it_asks_a_question_and_has_few_controls():
    assert_asks(PbftExplorer())
    longest = max(len(talk(*case).messages) for case in CASES)
    assert PbftExplorer().controls["step"].max >= longest


def test_what_a_notebook_keeps():
    assert_keeps(PbftExplorer())


@pytest.mark.parametrize(
    ("name", "value"), [("primary", SILENT), ("second_liar", True), ("step", 3)]
)
def test_every_control_changes_what_is_shown_and_reset_takes_it_back(name, value):
    assert_moves_and_resets(PbftExplorer(), name, value)


@every_case
@pytest.mark.parametrize("step", [0, 60])
def test_the_code_leads_to_the_same_chart(primary, liar, step):
    explorer = PbftExplorer()
    assert_code_leads_to_the_charts(explorer, primary=primary, second_liar=liar, step=step)


def test_the_words_and_the_table_follow():
    explorer = PbftExplorer()
    explorer.controls["step"].value = 0
    assert explorer.status.startswith("The transactions are known to all")
    explorer.controls["step"].value = 60
    assert explorer.status.endswith("Block A is final for every honest replica.")
    assert "0 (lies)" in explorer.view.details
    explorer.controls["second_liar"].value = True
    assert explorer.status.endswith("safety is lost.")
    explorer.controls["primary"].value = SILENT
    assert explorer.status.endswith("Nothing is final.")
