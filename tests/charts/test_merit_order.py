"""The areas are the gains, the marks are the orders, and all of it reads without colour."""

import pytest
import vl_convert
from looks import alike_in_two_processes, layers, rows_of, texts
from small_books import CORNERS, TABLE_3, book

from energychain.charts import as_table, theme
from energychain.charts.merit_order import BUYERS, COMPETITIVE, OPERATOR, SELLERS, merit_order
from energychain.markets.clearing import Clearing, uniform
from energychain.markets.compare import clearings
from energychain.markets.merit import merit
from energychain.markets.orders import Book, order
from energychain.markets.rules import clear


def answering(book: Book) -> list[str]:
    """The rules that take a book as it is."""
    return [name for name, found in clearings(book).items() if isinstance(found, Clearing)]


every_rule = pytest.mark.parametrize("rule", answering(TABLE_3))


def spec_of(clearing: Clearing, **options):
    return merit_order(clearing, **options).to_dict()


def rects(spec, **mark):
    """Left, right, low and high of the rectangles of one look, keys left out."""
    return [
        tuple(row[name] for name in ("_x", "_x2", "_y", "_y2"))
        for layer in layers(spec, "rect", **mark)
        for row in rows_of(spec, layer)
        if "_x2" in row
    ]


def area(spec, fill):
    return sum((x2 - x) * (y2 - y) for x, x2, y, y2 in rects(spec, fill=fill))


def points(spec, shape):
    """Where markers stand within the plot."""
    return sorted(
        (row["_x"], row["_y"])
        for layer in layers(spec, "point", shape=shape)
        for row in rows_of(spec, layer)
        if "_x" in row
    )


# --- the areas ------------------------------------------------------------------------


@every_rule
def test_the_areas_are_what_buyers_and_sellers_gain(rule):
    clearing = clear(TABLE_3, rule)
    assert clearing.quantity
    spec = spec_of(clearing)
    gains = [int(gain) / 1e12 for gain in clearing.gains]
    bids = clearing.book.bid_count
    # A piece that loses is no area; no rule here lets anybody lose a piece.
    assert area(spec, BUYERS) == pytest.approx(sum(gains[:bids]), abs=1e-6)
    assert area(spec, SELLERS) == pytest.approx(sum(gains[bids:]), abs=1e-6)
    assert f"Buyers gain {sum(gains[:bids]):.4g}" in spec["description"].replace(",", "")


def test_a_loss_is_no_gain():
    two = book(("b", "buy", "2", "10"), ("s", "sell", "2", "8"))
    spec = spec_of(uniform("too dear", two, two.quantity, 12_000_000, 12_000_000))
    assert area(spec, BUYERS) == 0
    assert area(spec, SELLERS) == pytest.approx(8)
    assert "Buyers gain -4, sellers 8" in spec["description"]


def frames(spec, colour=None):
    """Left, right, low and high of striped rectangles: white, with an edge."""
    edge = {"stroke": colour} if colour else {}
    return [
        shape
        for layer in layers(spec, "rect", fill="white", **edge)
        for shape in [
            tuple(row.get(name) for name in ("_x", "_x2", "_y", "_y2"))
            for row in rows_of(spec, layer)
        ]
        if None not in shape
    ]


def test_what_the_operator_keeps_is_striped_between_the_two_prices():
    two = book(("b", "buy", "2", "10"), ("s", "sell", "2", "4"))
    spec = spec_of(uniform("tax", two, two.quantity, 9_000_000, 5_000_000))
    assert frames(spec, OPERATOR) == [(0, 2, 5, 9)]
    stripes = rects(spec, fill=OPERATOR)
    assert len(stripes) > 5
    assert area(spec, OPERATOR) == pytest.approx(8 / 2)  # every other half of the frame
    assert {"operator keeps 8", "buyers pay 9", "sellers get 5"} <= set(texts(spec))


def test_the_key_shows_bars_in_the_colour_of_what_they_stand_for():
    spec = spec_of(clear(TABLE_3, "trade_reduction"))
    shown = [layer["encoding"] for layer in layers(spec, "rect", fill=OPERATOR)]
    bars = [place["x"]["value"] for place in shown if "value" in place["x"]]
    assert len(bars) == 5
    assert bars == sorted(set(bars))


def test_a_deficit_is_striped_where_sellers_receive_more_than_buyers_pay():
    """The amounts of Vickrey, Clarke and Groves, by hand: each trader gains what all would lose
    without it.
    """
    fills, welfare = clear(TABLE_3).fills, merit(TABLE_3).welfare
    values = TABLE_3.sign * TABLE_3.price * fills
    adds = [welfare - merit(TABLE_3.without(id)).welfare for id in TABLE_3.ids]
    spec = spec_of(Clearing("vcg by hand", TABLE_3, fills, values - adds))
    striped = [(x2 - x) * (high - low) for x, x2, low, high in frames(spec, OPERATOR)]
    assert sum(striped) == pytest.approx(sum(adds) / 1e12 - welfare / 1e12)
    assert f"operator adds {sum(striped):.4g}" in texts(spec)


# --- prices ---------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "price"), [("uniform", 22), ("last_pair", 23)])
def test_one_price_is_one_line_across_the_plot(rule, price):
    spec = spec_of(clear(TABLE_3, rule))
    across = [
        row["_y"] for rule in layers(spec, "rule") for row in rows_of(spec, rule) if "_y" in row
    ]
    assert across == [price]
    assert f"price {price}" in texts(spec)
    assert spec["title"]["subtitle"] == [f"20.6 kWh trade at {price} token/kWh"]


def test_each_pair_has_its_own_mark_at_its_own_price():
    """Algorithm 1 of chapter 9 by hand: E-H, D-H, D-F, D-C, B-C."""
    found = points(spec_of(clear(TABLE_3, "pairwise")), "circle")
    assert found == [
        (pytest.approx(middle), price)
        for middle, price in ((1.6, 22), (5, 21), (10.4, 22.5), (14.05, 24), (17.35, 23))
    ]
    assert points(spec_of(clear(TABLE_3, "pairwise")), "triangle-up") == []


def test_the_competitive_prices_are_a_band():
    exact = book(("b", "buy", "2", "10"), ("s", "sell", "2", "4"))
    spec = spec_of(clear(exact, "uniform"))
    ((_, _, low, high),) = rects(spec, fill=COMPETITIVE)
    assert (low, high) == (4, 10)
    assert {"competitive 4 to 10", "set by b and s", "price 7"} <= set(texts(spec))
    ((_, _, low, high),) = rects(spec_of(clear(TABLE_3, "uniform")), fill=COMPETITIVE)
    assert low < 22 < high < low + 0.5  # a single price can still be seen


# --- orders ---------------------------------------------------------------------------


def test_every_order_is_named_and_the_rest_of_a_rationed_one_is_striped():
    spec = spec_of(clear(TABLE_3))
    assert set("ABCDEFGH") <= set(texts(spec))
    assert "rest of C" in texts(spec)
    ((left, right, low, high),) = frames(spec)
    assert (left, right) == (20.6, 23.8)
    assert low < 22 < high


def test_a_rest_too_thin_to_be_seen_is_no_spike_and_not_in_the_key():
    reduced = clear(TABLE_3, "trade_reduction")
    assert 0 < reduced.fill("E") < TABLE_3.order("E").quantity  # a fortieth of a kWh is left
    spec = spec_of(reduced)
    assert not [text for text in texts(spec) if text.startswith("rest of")]
    assert "E: 3.2 kWh at 28, 3.177 trades" in spec["description"]


def test_no_look_depends_on_a_name_that_another_chart_on_the_page_may_have():
    """Browsers find gradients by a name, and two charts may both begin to count at nought."""
    for rule in ("uniform", "trade_reduction", "vcg"):
        assert "gradient" not in str(spec_of(clear(TABLE_3, rule)))


def test_the_order_at_the_margin_has_a_diamond_and_is_named():
    spec = spec_of(clear(TABLE_3))
    assert points(spec, "diamond") == [(20.6, 22.0)]
    assert "set by C" in texts(spec)


def test_orders_of_one_limit_fill_the_curve_from_the_left():
    tied = book(("b", "buy", "6", "10"), ("s", "sell", "6", "4"), ("t", "sell", "6", "4"))
    table = as_table(merit_order(clear(tied)))
    offers = table[table["side"] == "offer"]
    assert offers["order"].tolist() == ["s", "t", "s", "t"]
    assert offers["price"].notna().tolist() == [True, True, False, False]
    assert offers["to"].tolist() == [3, 6, 9, 12]


def test_each_order_says_what_became_of_it():
    spec = spec_of(clear(TABLE_3))
    (spoken,) = [layer for layer in spec["layer"] if "description" in layer["encoding"]]
    said = [row["_said"] for row in rows_of(spec, spoken)]
    assert said[0] == "bid E: 3.2 kWh at 28, all trades"
    assert "offer C: 9.8 kWh at 22, 6.6 trades" in said
    assert "bid G: 5.4 kWh at 20, nothing trades" in said
    assert len(said) == 8


def test_it_reads_without_colour():
    spec = spec_of(clear(TABLE_3), before=clear(TABLE_3.without("A")))
    dashes = [tuple(layer["mark"]["strokeDash"]) for layer in layers(spec, "line")]
    assert len(dashes) == 4
    assert len(set(dashes)) == 3  # bids, offers, and both as they were
    assert {"bids", "offers", "as it was"} <= set(texts(spec))
    assert any(text.startswith("buyers gain") for text in texts(spec))


def test_axes_have_units_and_can_be_fixed():
    spec = spec_of(clear(TABLE_3), unit="MWh", money="EUR", quantities=(0, 50), prices=(-5, 40))
    line = layers(spec, "line")[0]["encoding"]
    assert line["x"]["axis"]["title"] == "Quantity (MWh)"
    assert line["y"]["axis"]["title"] == "Price (EUR/MWh)"
    assert line["x"]["scale"]["domain"] == [0, 50]
    assert line["y"]["scale"]["domain"] == [-5, 40]


# --- corners --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "corner"), [(rule, name) for name, book in CORNERS.items() for rule in answering(book)]
)
def test_every_corner_is_drawn_by_old_and_new_vega_lite(rule, corner):
    bundle = theme.bundle(spec_of(clear(CORNERS[corner], rule)))
    assert bundle["image/png"]  # drawn by the new one
    assert vl_convert.vegalite_to_vega(bundle[theme.VEGALITE], vl_version="5.8")


def test_nothing_trades_and_says_so():
    spec = spec_of(clear(CORNERS["no trade"]))
    assert spec["title"]["subtitle"] == ["Nothing trades"]
    assert not points(spec, "diamond")
    assert not any("price" in text for text in texts(spec))


def test_below_zero_there_is_a_line_at_zero():
    def at_zero(clearing):
        spec = spec_of(clearing)
        rules = [rows_of(spec, layer) for layer in layers(spec, "rule", stroke="#888888")]
        return [{"_y": 0.0}] in rules

    assert at_zero(clear(CORNERS["negative"]))
    assert not at_zero(clear(TABLE_3))


def test_a_book_without_orders_is_refused():
    with pytest.raises(ValueError, match="no orders"):
        merit_order(clear(Book.of([])))


def test_a_large_book_has_no_names():
    many = Book.of(
        order(f"{side}{n}", f"{side}{n}", side, "1", str(20 + (n * 7919) % 60 / 2))
        for n in range(150)
        for side in ("buy", "sell")
    )
    spec = spec_of(clear(many))
    assert not [layer for layer in spec["layer"] if "description" in layer["encoding"]]
    assert not any(text.startswith(("buy1", "sell1")) for text in texts(spec))
    assert area(spec, BUYERS) + area(spec, SELLERS) == pytest.approx(merit(many).welfare / 1e12)


PROGRAM = """
import json
from energychain.charts.merit_order import merit_order
from energychain.markets.rules import clear
from energychain.studies import charging_quota
print(json.dumps(merit_order(clear(charging_quota.book(), "pairwise")).to_dict()))
"""


def test_two_processes_draw_the_same():
    assert alike_in_two_processes(PROGRAM)


def test_unchecked_charts_are_the_same_charts():
    checked = spec_of(clear(TABLE_3, "pairwise"))
    with theme.unchecked():
        quick = merit_order(clear(TABLE_3, "pairwise"))
    assert quick.to_dict() == checked
