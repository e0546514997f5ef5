"""A bill adds up, what is not paid is hollow, and a street's lines are what was measured."""

from itertools import pairwise

import pytest
from looks import assert_told, compiles, layers, rows_of, texts, title

from energychain.charts import gas, theme

ITEMS = [
    {"item": "being in a block", "count": 1, "each": 21_000, "gas": 21_000},
    {"item": "bytes of the call", "count": 100, "each": 16, "gas": 1_600},
    {"item": "entries written", "count": 2, "each": 5_000, "gas": 10_000},
    {"item": "events", "count": 0, "each": 375, "gas": 0},
]
STREET = [
    {"homes": homes, "split": split, "trades": trades, "settle_gas": 30_000 + 16_000 * trades}
    for split, trades_of in (("in order", lambda n: n // 2), ("pro rata", lambda n: n * n // 4))
    for homes in (2, 8, 20)
    for trades in (trades_of(homes),)
]
PICTURES = {
    "bill": lambda: gas.bill(ITEMS),
    "bill with a limit": lambda: gas.bill(ITEMS, limit=60_000, most=80_000),
    "out of gas": lambda: gas.bill(ITEMS, limit=25_000, paid=25_000),
    "refused": lambda: gas.bill(ITEMS, limit=60_000, paid=22_600),
    "in no block": lambda: gas.bill(ITEMS, limit=20_000, paid=0),
    "street": lambda: gas.settling(STREET, block=1_000_000),
    "street without blocks": lambda: gas.settling(STREET),
}
every_picture = pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)


def bars(spec, fill):
    return [row for layer in layers(spec, "rect", fill=fill) for row in rows_of(spec, layer)]


@every_picture
def test_it_compiles_with_old_and_new_vega_lite(draw):
    assert compiles(draw())


@every_picture
def test_it_has_title_words_and_a_table(draw):
    assert_told(draw())


@pytest.mark.parametrize("draw", [gas.bill, gas.settling])
def test_nothing_to_draw_is_refused(draw):
    with pytest.raises(ValueError, match="no rows"):
        draw([])


def test_each_item_begins_where_the_one_above_ends_and_the_last_ends_at_the_sum():
    spec = gas.bill(ITEMS).to_dict()
    solid = sorted(bars(spec, gas.PAID), key=lambda bar: bar["_y"])
    assert solid[0]["_x"] == 0
    assert all(above["_x2"] == below["_x"] for above, below in pairwise(solid))
    assert solid[-1]["_x2"] == sum(row["gas"] for row in ITEMS) == 32_600
    assert [(bar["_x"], bar["_x2"]) for bar in bars(spec, theme.INK)] == [(0, 32_600)]
    assert spec["title"]["text"] == "32,600 gas"


@pytest.mark.parametrize("paid", [0, 21_000, 22_600, 25_000, 32_600])
def test_what_is_paid_is_filled_and_all_else_is_hollow(paid):
    spec = gas.bill(ITEMS, limit=60_000, paid=paid).to_dict()
    solid, hollow = bars(spec, gas.PAID), bars(spec, "white")
    assert sum(bar["_x2"] - bar["_x"] for bar in solid) == paid
    assert sum(bar["_x2"] - bar["_x"] for bar in hollow) == 32_600 - paid
    assert all(bar["_x2"] <= paid for bar in solid)
    assert all(bar["_x"] >= paid for bar in hollow)
    assert f"{paid:,}" in texts(spec)
    assert f"Paid: {paid:,} gas" in spec["description"]


def test_the_title_says_which_of_the_four_fates_it_is():
    def told(**terms):
        return title(gas.bill(ITEMS, **terms))[0]

    assert told(limit=60_000, paid=32_600) == "32,600 gas of at most 60,000"
    assert told(limit=25_000, paid=25_000).startswith("Out of gas: 32,600 are needed")
    assert told(limit=60_000, paid=22_600) == "Refused: of 32,600 gas only 22,600 are paid"
    assert told(limit=20_000, paid=0).endswith("in no block: nothing is paid")


def test_the_limit_is_where_it_is_and_the_axis_holds_still():
    for limit in (25_000, 60_000, 80_000):
        spec = gas.bill(ITEMS, limit=limit, most=80_000).to_dict()
        (rule,) = layers(spec, "rule", stroke=gas.LIMIT)
        assert [row["_x"] for row in rows_of(spec, rule)] == [limit]
        assert rule["encoding"]["x"]["scale"]["domain"] == [0, 84_000]
        assert f"limit {limit:,}" in texts(spec)
    assert not layers(gas.bill(ITEMS).to_dict(), "rule", stroke=gas.LIMIT)


def test_every_item_is_named_reckoned_and_said():
    spec = gas.bill(ITEMS).to_dict()
    assert {"entries written: 2 × 5,000", "events: 0 × 375", "10,000", "0"} <= {*texts(spec)}
    said = {bar["_said"] for bar in bars(spec, gas.PAID)}
    assert "entries written: 2 × 5,000 = 10,000 gas" in said


def test_a_point_is_a_measurement_and_the_lines_differ_in_more_than_colour():
    spec = gas.settling(STREET, block=1_000_000).to_dict()
    dots, lines = layers(spec, "point"), layers(spec, "line")
    drawn = [(row["_x"], round(row["_y"] * 1e6)) for dot in dots for row in rows_of(spec, dot)]
    assert drawn == [(row["homes"], row["settle_gas"]) for row in STREET]
    assert len({dot["mark"]["shape"] for dot in dots}) == 2
    assert len({tuple(line["mark"]["strokeDash"]) for line in lines}) == 2
    assert {"in order: 10 trades", "pro rata: 100 trades", "a block of 1 million"} <= {*texts(spec)}
