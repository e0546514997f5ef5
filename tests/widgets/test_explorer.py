"""What all explorers share: the frame, and what unfolds."""

import importlib
import pkgutil
import re
from unittest.mock import patch

import altair as alt
import ipywidgets
import pytest

from energychain import widgets
from energychain.charts import theme
from energychain.charts.marks import inline, place
from energychain.widgets import explorer as frame
from energychain.widgets.accessible import MARK, Names
from energychain.widgets.explorer import Explorer, View, data_table, labelled

for module in pkgutil.iter_modules(widgets.__path__):
    importlib.import_module(f"energychain.widgets.{module.name}")
EXPLORERS = sorted(Explorer.__subclasses__(), key=lambda kind: kind.__name__)


def bars(count):
    rows = [
        {"home": f"home <{n}>", "used_kwh": n / 3, "sold": n % 2 == 0, "_x": n}
        for n in range(count)
    ]
    mark = place(alt.Chart(inline(rows)).mark_bar(), x=alt.X("home:N"), y=alt.Y("used_kwh:Q"))
    return theme.layered([mark], rows, f"{count} homes", "", f"Bars for {count} homes.")


def look(count):
    return View((bars(count),), f"{count} homes are drawn.", f"bars({count})")


@pytest.fixture
def homes():
    many = labelled(ipywidgets.IntSlider, "Homes", value=3, min=1, max=900)
    return Explorer("How many homes?", {"count": many}, look)


def test_the_table_unfolds_and_follows_the_controls(homes):
    fold = homes.as_tables
    assert fold.toggle.description == "Same data as a table"
    assert (fold.content.value, fold.content.layout.display) == ("", "none")
    fold.toggle.value = True
    assert fold.toggle.description == "Hide the table"
    assert fold.content.layout.display is None
    assert fold.content.value.count("<th scope='row'") == 3
    homes.controls["count"].value = 5
    assert fold.content.value.count("<th scope='row'") == 5
    assert "5 homes</caption>" in fold.content.value
    fold.toggle.value = False
    assert fold.content.value == ""


def test_a_folded_table_costs_nothing(homes):
    with patch.object(frame, "data_table", side_effect=AssertionError("made unseen")):
        homes.controls["count"].value = 800
    assert homes.status == "800 homes are drawn."


def test_a_table_reads_in_words_and_can_be_scrolled_by_keyboard():
    html = data_table(bars(3))
    assert re.findall(r"<th scope='col'[^>]*>([^<]*)", html) == ["home", "used kwh", "sold"]
    assert re.findall(r"<td[^>]*>([^<]*)", html) == [
        "0",
        "yes",
        "0.333333",
        "no",
        "0.666667",
        "yes",
    ]
    assert "home &lt;1&gt;" in html
    assert "role='region' tabindex='0' aria-label='3 homes, as a table'" in html
    assert "left out" not in html


def test_a_long_table_says_what_it_leaves_out():
    html = data_table(bars(1000))
    assert html.count("<th scope='row'") == frame.MOST_ROWS
    assert "The first 400 of 1,000 rows; 600 are left out." in html


@pytest.mark.parametrize("value", [None, float("nan")])
def test_where_nothing_is_drawn_the_cell_is_empty(value):
    assert frame._cell(value) == ""


def test_large_numbers_have_no_exponent():
    assert frame._cell(22064832.067) == "22064832"
    assert frame._cell(0.00012) == "0.00012"


@pytest.mark.parametrize("kind", EXPLORERS, ids=lambda kind: kind.__name__)
def test_every_explorer_offers_its_data_as_tables(kind):
    explorer = kind()
    buttons = [fold.toggle.description for fold in explorer._folds]
    expected = ["Show me the code"] + ["Same data as a table"] * bool(explorer.view.charts)
    assert buttons == expected
    if explorer.view.charts:
        explorer.as_tables.toggle.value = True
        shown = explorer.as_tables.content.value
        assert shown.count("<caption") == len(explorer.view.charts)
        rows = sum(len(theme.as_table(chart)) for chart in explorer.view.charts)
        assert shown.count("<th scope='row'") == rows > 0
        assert "left out" not in shown
    # Nothing moves by itself: no control plays.
    assert not any(isinstance(each, ipywidgets.Play) for each in explorer.controls.values())


def test_every_panel_names_what_ipywidgets_do_not(homes):
    assert MARK in homes._dom_classes
    (names,) = (child for child in homes.children if isinstance(child, Names))
    assert names.question == homes.question
