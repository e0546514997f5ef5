"""The explorer of linking follows the study."""

import pytest
from explorers import assert_asks, assert_keeps, assert_moves_and_resets, run_code

from energychain.studies import privacy
from energychain.studies.published_days import ENCRYPTED, homes
from energychain.widgets.privacy import LinkExplorer


def test_it_asks_a_question_and_has_few_controls():
    assert_asks(LinkExplorer())


def test_what_a_notebook_keeps():
    assert_keeps(LinkExplorer())


@pytest.mark.parametrize(
    ("name", "value"),
    [("count", 5), ("interval", 4), ("noise", 0.5), ("kept", 7), ("how", ENCRYPTED)],
)
def test_every_control_changes_what_is_kept_and_shown_and_reset_takes_it_back(name, value):
    assert_moves_and_resets(LinkExplorer(), name, value)


@pytest.mark.parametrize(
    "touch", [{}, {"count": 5, "interval": 4, "noise": 0.1}, {"kept": 7, "how": ENCRYPTED}]
)
def test_the_code_leads_to_the_same_numbers(touch, capsys):
    explorer = LinkExplorer()
    (shown,) = run_code(explorer, **touch)
    assert shown.to_dict()["title"]["text"] == explorer.view.charts[0].to_dict()["title"]["text"]
    share = capsys.readouterr().out.split("%")[0]
    assert f"{share} % of" in explorer.status


def test_the_share_is_that_of_the_study():
    explorer = LinkExplorer()
    explorer.controls["kept"].value = 7
    share = privacy.success(homes(20), 7)
    assert f"every week: {100 * share:.0f} % of 20 pseudonyms" in explorer.status
