"""The explorer follows the digests, and says what changed."""

import pytest

from energychain.charts import theme
from energychain.charts.hashing import flipped
from energychain.primitives.hashing import sha256
from energychain.widgets.avalanche import LONGEST, READING, AvalancheExplorer, altered, every_flip
from energychain.widgets.explorer import MOST_CONTROLS


def data(widget):
    shown = widget._repr_mimebundle_()
    return shown[0] if isinstance(shown, tuple) else shown


def run(code):
    shown, lines = [], code.splitlines()
    lines[-1] = f"display({lines[-1]})"
    exec("\n".join(lines), {"display": shown.append})
    return shown


def test_it_asks_a_question_and_has_few_controls():
    explorer = AvalancheExplorer()
    assert explorer.question.endswith("?")
    assert len(explorer.controls) <= MOST_CONTROLS
    kept = data(explorer)
    widget = "application/vnd.jupyter.widget-view+json"
    assert set(kept) == {widget, theme.VEGALITE, "image/png", "text/plain"}
    assert explorer.status in kept[theme.VEGALITE]["description"]


@pytest.mark.parametrize(
    ("name", "value"), [("reading", "3 kWh"), ("place", 2), ("becomes", "9"), ("becomes", "")]
)
def test_every_control_changes_what_is_shown_and_reset_takes_it_back(name, value):
    explorer = AvalancheExplorer()
    before, words = data(explorer)[theme.VEGALITE], (explorer.status, explorer.code)
    explorer.controls[name].value = value
    assert data(explorer)[theme.VEGALITE] != before
    assert (explorer.status, explorer.code) != words
    explorer.reset()
    assert data(explorer)[theme.VEGALITE] == before
    assert (explorer.status, explorer.code) == words


@pytest.mark.parametrize(
    "touch",
    [{}, {"reading": "3 kWh", "place": 1}, {"reading": "it's 3"}, {"reading": ""}, {"becomes": ""}],
)
def test_the_code_leads_to_the_same_charts(touch):
    explorer = AvalancheExplorer()
    for name, value in touch.items():
        explorer.controls[name].value = value
    for made, seen in zip(run(explorer.code), explorer.view.charts, strict=True):
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


def test_altered_and_every_flip():
    assert altered("abc", 2, "") == "ac"
    assert altered("abc", 2, "xy") == "axyc"
    counts = every_flip("a")
    assert counts == [
        sum(flipped(sha256(b"a"), sha256(bytes([ord("a") ^ 1 << bit])))) for bit in range(8)
    ]
    assert every_flip("") == []
