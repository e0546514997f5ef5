"""Each rule has a row of words, and its prices are marks."""

import pytest
import vl_convert
from looks import layers, rows_of, texts
from small_books import CORNERS, TABLE_3

from energychain.charts import as_table, theme
from energychain.charts.comparison import comparison
from energychain.markets.compare import compare
from energychain.markets.orders import Book, order


def test_the_comparison_has_a_row_of_words_for_each_rule():
    rows = compare(TABLE_3, ["uniform", "pairwise", "last_pair"])
    table = as_table(comparison(rows, interval=(22, 22)))
    assert table["price"].tolist() == ["22", "22.33", "23"]
    assert table["quantity"].tolist() == ["20.6"] * 3
    assert table["efficiency"].tolist() == ["100%"] * 3
    assert table["competitive"].tolist() == ["✓ yes", "✗ no", "✗ no"]
    spec = comparison(rows).to_dict()
    assert {"uniform price", "22.33", "yes", "no", "✓", "✗", "even"} <= set(texts(spec))
    assert "midpoint of the last pair: 20.6 kWh, buyers pay 23" in spec["description"]


def test_two_prices_are_two_marks_and_a_deficit_is_told():
    row = {**compare(TABLE_3, ["uniform"])[0], "price_buy": 20.0, "price_sell": 24.5}
    row |= {"budget": "deficit", "operator_surplus": -92.7, "efficiency": 0.9734}
    spec = comparison([row]).to_dict()
    marks = {layer["mark"]["shape"]: rows_of(spec, layer) for layer in layers(spec, "point")}
    assert marks == {"circle": [{"_x": 20.0}], "triangle-up": [{"_x": 24.5}]}
    assert {"20 / 24.5", "-92.7", "97.3%", "✗", "deficit"} <= set(texts(spec))


def test_what_is_not_efficient_is_never_a_hundred_percent():
    row = compare(TABLE_3, ["uniform"])[0]
    shares = [
        as_table(comparison([{**row, "efficiency": share, "efficient": share == 1}]))["efficiency"][
            0
        ]
        for share in (1.0, 0.99999, 0.9949)
    ]
    assert shares == ["100%", "> 99.9%", "99.5%"]


def test_long_names_go_on_in_a_second_line():
    row = {**compare(TABLE_3, ["uniform"])[0], "title": "a rule with a name of many words"}
    assert {"a rule with a name of", "many words"} <= set(texts(comparison([row]).to_dict()))


def test_a_rule_that_refuses_says_why():
    odd = Book.of([order("b", "ann", "buy", "2", "9", divisible=False)])
    spec = comparison(compare(odd, ["uniform"])).to_dict()
    assert any(text.startswith("refuses this book: order b is all or none") for text in texts(spec))
    assert "refuses this book (order b" in spec["description"]


@pytest.mark.parametrize("corner", CORNERS)
def test_every_comparison_is_drawn_by_old_and_new_vega_lite(corner):
    bundle = theme.bundle(comparison(compare(CORNERS[corner])).to_dict())
    assert bundle["image/png"]
    assert vl_convert.vegalite_to_vega(bundle[theme.VEGALITE], vl_version="5.8")


def test_no_rows_no_comparison():
    with pytest.raises(ValueError, match="no rows"):
        comparison([])
