"""The explorer says what arrived, and which check spoke."""

import re

import pytest
from explorers import WIDGET, assert_asks, kept

from energychain.studies.delivery import ALTERATIONS, deliver
from energychain.widgets.signing import SigningExplorer


def test_it_asks_a_question_and_has_few_controls():
    explorer = SigningExplorer()
    assert_asks(explorer)
    assert set(kept(explorer)) == {WIDGET, "text/html", "text/plain"}


def test_without_a_kernel_it_shows_an_alteration_too():
    assert "0.427853 kWh ≠" in kept(SigningExplorer())["text/html"]


@pytest.mark.parametrize(
    ("name", "value"), [("reading", 5), ("altered", "another hour"), ("times", 2)]
)
def test_every_control_changes_what_is_shown_and_reset_takes_it_back(name, value):
    explorer = SigningExplorer()
    before = kept(explorer)["text/html"], explorer.status, explorer.code
    explorer.controls[name].value = value
    assert (kept(explorer)["text/html"], explorer.code) != (before[0], before[2])
    explorer.reset()
    assert (kept(explorer)["text/html"], explorer.status, explorer.code) == before


@pytest.mark.parametrize("altered", ALTERATIONS)
def test_the_words_say_what_the_ledger_says(altered):
    explorer = SigningExplorer()
    explorer.controls["altered"].value = altered
    refusal = deliver(altered=altered).refusal
    if refusal:
        assert explorer.status.endswith(f"refuses ({refusal.name}): {refusal.fault}.")
    else:
        assert "Every check is kept" in explorer.status


def test_what_differs_is_marked_in_the_bytes():
    explorer = SigningExplorer()
    assert "<u>" not in explorer.view.details
    explorer.controls["altered"].value = "1 mWh more"
    assert "i42785<b><u>3</u></b>e" in explorer.view.details
    explorer.controls["altered"].value = "another chain's name"
    assert "<u>15:the next street</u>" in explorer.view.details
    explorer.controls["altered"].value = "1 mWh more, in the stranger's name"
    key, number = re.findall("<u>([^<]*)</u>", explorer.view.details)
    assert re.fullmatch("[0-9a-f]+", key)
    assert number == "3"


def test_the_code_prints_every_check(capsys):
    explorer = SigningExplorer()
    explorer.controls["altered"].value = "the signature's twin"
    exec(explorer.code, {})
    assert capsys.readouterr().out.splitlines() == [
        "chain kept",
        "signature the signature has the high s: its mirror image was signed",
        "nonce not asked",
    ]
