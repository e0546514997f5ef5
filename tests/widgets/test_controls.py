"""A label can be read whole, a slider is long enough for a hand, and nothing jumps."""

import ipywidgets as widgets
import pytest

from energychain.widgets.avalanche import AvalancheExplorer
from energychain.widgets.controls import snug
from energychain.widgets.merkle_proof import MerkleProofExplorer
from energychain.widgets.mining import MiningExplorer
from energychain.widgets.predict import predict
from energychain.widgets.signing import SigningExplorer
from energychain.widgets.token_day import TokenDayExplorer

MAKERS = (
    AvalancheExplorer,
    MerkleProofExplorer,
    MiningExplorer,
    SigningExplorer,
    TokenDayExplorer,
)

READOUT = 75
"""What a slider needs for its number [pixel]."""


def pixels(text: str) -> int:
    return int(text.removesuffix("px"))


@pytest.mark.parametrize("maker", MAKERS)
def test_labels_can_be_read_whole_and_sliders_are_long_enough(maker):
    explorer = maker()
    for control in explorer.controls.values():
        if isinstance(control, widgets.Checkbox):
            continue
        label = pixels(control.style.description_width)
        assert len(control.description) * 7 < label
        if isinstance(control, widgets.IntSlider | widgets.FloatSlider):
            assert pixels(control.layout.width) - label - READOUT >= 90


@pytest.mark.parametrize("maker", MAKERS)
def test_the_status_keeps_its_room(maker):
    assert pixels(maker()._status.layout.min_height) >= 2 * 22


def test_a_snug_control_has_the_room_that_it_was_given():
    control = snug(widgets.Text, "Amount", 100, value="1")
    assert pixels(control.layout.width) - pixels(control.style.description_width) == 100
    assert control.value == "1"


# --- a guess beside its outcome -------------------------------------------------------


def test_a_guess_stays_beside_the_explorer_and_follows_the_learner():
    guess = predict("How many bits change?", ["few", "<half>"])
    explorer = AvalancheExplorer()
    assert guess.beside(explorer) is explorer
    assert "You predicted: nothing yet" in explorer._prediction.value
    guess._radio.value = "<half>"
    assert "You predicted: &lt;half&gt;" in explorer._prediction.value
    explorer.controls["becomes"].value = "5"
    assert "&lt;half&gt;" in explorer._prediction.value


def test_a_question_is_text_and_no_html():
    heading = predict("Is 1 < 2?", ["yes", "no"]).children[0]
    assert "Is 1 &lt; 2?" in heading.value
