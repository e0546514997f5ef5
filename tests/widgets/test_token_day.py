import json

import pytest
from explorers import (
    assert_asks,
    assert_code_leads_to_the_charts,
    assert_keeps,
    assert_moves_and_resets,
    kept,
    kept_chart,
)

from energychain.studies import token_day
from energychain.widgets.explorer import Explorer, View
from energychain.widgets.token_day import TokenDayExplorer


@pytest.fixture
def explorer():
    return TokenDayExplorer()


def test_it_asks_a_question_and_has_few_controls(explorer):
    assert explorer.question == "How much sun is too much for three homes?"
    assert list(explorer.controls) == ["pv_kw", "wh_per_token", "tokens", "buyers", "hour"]
    assert_asks(explorer)


def test_the_start_is_the_paper(explorer):
    assert explorer.status == (
        "13.625 kWh sold, 0.633 kWh nobody could take; node 2 has 40.286 tokens left,"
        " node 3 has 68.880 tokens left; nobody was refused."
    )
    assert repr(explorer) == (
        "TokenDayExplorer(pv_kw=5.0, wh_per_token=150, tokens=100,"
        " buyers=('node 2', 'node 3'), hour=10)"
    )


def test_what_a_notebook_keeps(explorer):
    assert_keeps(explorer)
    assert kept(explorer)["text/plain"].startswith("[chart] How much sun")
    assert kept(explorer)["text/plain"].endswith(repr(explorer))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pv_kw", 5.5),
        ("wh_per_token", 160),
        ("tokens", 105),
        ("buyers", ("node 3", "node 2")),
        ("buyers", "pro rata"),
        ("hour", 11),
    ],
)
def test_every_control_changes_what_is_kept_and_shown_and_reset_takes_it_back(
    explorer, name, value
):
    assert_moves_and_resets(explorer, name, value)


def test_the_status_names_who_was_refused(explorer):
    explorer.controls["tokens"].value = 20
    day = explorer.day()
    times = [refusal for refusal in day.refused if refusal.node == "node 2"]
    assert times
    assert f"node 2 was refused {len(times)} times for want of tokens" in explorer.status
    assert f"first at {times[0].time[11:16]}" in explorer.status


@pytest.mark.parametrize(
    ("pv_kw", "said"), [(0.0, "there was no surplus"), (2.0, "everything was")]
)
def test_the_status_says_when_nothing_is_left(explorer, pv_kw, said):
    explorer.controls["pv_kw"].value = pv_kw
    assert said in explorer.status


def test_the_hour_is_shown_in_the_table(explorer):
    explorer.controls["hour"].value = 9
    for cell in ("begins at 09:00", "1.528", "0.979", "0.549", "84.928"):
        assert cell in explorer.view.details


def test_the_code_leads_to_the_same_charts(explorer):
    assert_code_leads_to_the_charts(explorer, buyers="pro rata", pv_kw=6.5)


def test_the_sentence_is_read_out_when_it_changes(explorer):
    assert "role='status'" in explorer._status.value
    assert "aria-live='polite'" in explorer._status.value
    assert explorer.status in explorer._status.value


def test_labels_have_units_and_can_be_read_whole(explorer):
    labels = {name: control.description for name, control in explorer.controls.items()}
    assert labels["pv_kw"] == "Roof of node 1 (kW)"
    assert labels["wh_per_token"] == "Wh per token"
    for control in explorer.controls.values():
        assert len(control.description) * 7 < int(control.style.description_width[:-2])


def test_the_code_unfolds(explorer):
    assert explorer._code.layout.display == "none"
    explorer._open.value = True
    assert explorer._code.layout.display is None
    assert explorer._open.description == "Hide the code"


def test_the_prediction_stays():
    explorer = TokenDayExplorer(prediction="less than <10> kWh")
    explorer.controls["pv_kw"].value = 8.0
    assert "You predicted: less than &lt;10&gt; kWh" in explorer._prediction.value
    explorer.predict("")
    assert explorer._prediction.layout.display == "none"


def test_other_meters():
    explorer = TokenDayExplorer(token_day.household_week(), roof_kw=4.0)
    assert explorer.question == "How much sun is too much for six homes?"
    assert explorer.values["pv_kw"] == 4.0
    before = kept_chart(explorer)
    explorer.controls["hour"].value = "2016-07-26T12:00"
    assert kept_chart(explorer) != before
    assert "07-26 12:00" in explorer.view.details.replace("2016-", "")
    assert json.dumps(kept_chart(explorer))


def test_an_explorer_with_too_many_controls_is_refused(explorer):
    six = {str(n): control for n, control in enumerate([*explorer.controls.values()] * 2)}
    with pytest.raises(ValueError, match="at most 5 controls"):
        Explorer("Too many?", six, lambda **_: View((), "", ""))
