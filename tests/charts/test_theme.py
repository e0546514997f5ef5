import sys
from itertools import combinations, pairwise

import altair as alt
import pytest
from colour_vision import MACHADO, distance
from hypothesis import given
from hypothesis import strategies as st

from energychain.charts import as_table, setup, theme
from energychain.charts.marks import inline, spread

FAR_ENOUGH = 15.0
"""Of the distance in Lab: about seven times what the eye can just tell apart."""

ROLES = (theme.PRODUCTION, theme.CONSUMPTION, theme.SOLD, theme.BOUGHT, theme.UNSOLD)


def chart() -> alt.Chart:
    return alt.Chart(inline([{"a": 1, "_x": 2}])).mark_point().encode(x="a:Q")


@pytest.mark.parametrize("vision", MACHADO)
@pytest.mark.parametrize("colours", [ROLES, theme.NODE_COLOURS], ids=["roles", "nodes"])
def test_colours_stay_apart_under_any_colour_vision(vision, colours):
    for one, other in combinations((*colours, "#FFFFFF"), 2):
        assert distance(one, other, vision) > FAR_ENOUGH, (one, other)


def test_two_hundred_nodes_differ_in_colour_dash_or_marker():
    styles = [repr(theme.node_style(number)) for number in range(200)]
    assert len(set(styles)) == 200


def test_neighbouring_nodes_differ_in_all_three():
    for one, other in pairwise(map(theme.node_style, range(60))):
        assert all(a != b for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(("title", "description"), [("", "words"), ("Title", ""), ("Title", "  ")])
def test_a_chart_without_words_is_refused(title, description):
    with pytest.raises(ValueError, match="title and a description"):
        theme.figure(chart(), title, "", description)
    with pytest.raises(ValueError, match="title and a description"):
        theme.layered([chart()], [], title, "", description)


def test_a_figure_is_titled_described_sized_and_leaves_its_chart_alone():
    bare = chart()
    spec = theme.figure(bare, "A title", "and more", "All of it in words.").to_dict()
    assert spec["title"]["text"] == "A title"
    assert spec["title"]["subtitle"] == ["and more"]
    assert spec["description"] == "All of it in words."
    assert (spec["width"], spec["height"]) == (theme.WIDTH, theme.HEIGHT)
    assert "title" not in bare.to_dict()


def test_no_text_is_smaller_than_the_back_row_can_read():
    sizes = []

    def collect(value):
        if isinstance(value, dict):
            sizes.extend(v for k, v in value.items() if k.endswith("ontSize"))
            list(map(collect, value.values()))

    collect(theme.STYLE.to_dict())
    assert len(sizes) >= 4
    assert min(sizes) >= 13


def test_a_stack_has_one_style_and_its_parts_keep_theirs():
    parts = [theme.figure(chart(), name, "", "words") for name in "ab"]
    spec = theme.stack(parts, "Both", "", "both in words").to_dict()
    assert [part["title"]["text"] for part in spec["vconcat"]] == ["a", "b"]
    assert all("config" not in part for part in spec["vconcat"])
    assert "config" in parts[0].to_dict()


def test_a_bundle_is_live_pictured_and_told():
    spec = theme.figure(chart(), "T", "", "Told in words.").to_dict()
    bundle = theme.bundle(spec)
    assert set(bundle) == {theme.VEGALITE, "image/png", "text/plain"}
    assert bundle["text/plain"] == "[chart] Told in words."
    assert bundle[theme.VEGALITE]["$schema"].endswith("v5.json")
    assert bundle[theme.VEGALITE]["usermeta"] == {"embedOptions": {"renderer": "svg"}}
    assert "usermeta" not in spec


def test_a_bundle_without_words_is_refused():
    with pytest.raises(ValueError, match="description"):
        theme.bundle(chart().to_dict())


def test_without_vl_convert_there_is_no_picture_but_the_rest(monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    bundle = theme.bundle(theme.figure(chart(), "T", "", "words").to_dict())
    assert set(bundle) == {theme.VEGALITE, "text/plain"}


def test_setup_is_quiet_and_can_be_repeated():
    assert setup() is None
    assert setup() is None
    shown = theme.figure(chart(), "T", "", "words")._repr_mimebundle_()
    data = shown[0] if isinstance(shown, tuple) else shown
    assert theme.VEGALITE in data


def test_the_table_has_the_rows_without_what_only_draws():
    table = as_table(theme.figure(chart(), "T", "", "words"))
    assert table.to_dict("records") == [{"a": 1}]


def test_a_chart_without_rows_has_no_table():
    with pytest.raises(ValueError, match="no rows"):
        as_table(alt.Chart().mark_point())


@given(st.lists(st.floats(0, 100), min_size=1, max_size=10))
def test_labels_keep_their_distance_and_their_order(values):
    places = spread(values, 5.0, 0.0, 100.0)
    ordered = [places[i] for i in sorted(range(len(values)), key=lambda i: values[i])]
    assert all(b - a >= 5.0 - 1e-5 for a, b in pairwise(ordered))
    assert all(-1e-6 <= place <= 100 + 1e-6 for place in places)


def test_lonely_labels_stay_where_they_are():
    assert spread([10.0, 50.0, 90.0], 5.0, 0.0, 100.0) == [10.0, 50.0, 90.0]
