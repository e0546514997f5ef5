import json
from itertools import combinations

import pytest
from looks import alike_in_two_processes, compiles, layers, rows_of, texts

from energychain.charts import as_table, theme
from energychain.charts import token_day as charts
from energychain.charts.intervals import time_axis
from energychain.studies import token_day

ROWS = token_day.rehearse().records()
WEEK = token_day.rehearse(token_day.household_week()).records()

PICTURES = {
    "prosumer": lambda rows, **o: charts.prosumer(rows, rows[0]["node"], **o),
    "buyer": lambda rows, **o: charts.buyer(rows, rows[1]["node"], **o),
    "balances": charts.balances,
}
every_picture = pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)


@every_picture
@pytest.mark.parametrize("rows", [ROWS, WEEK], ids=["day", "week"])
def test_it_compiles_with_old_and_new_vega_lite(draw, rows):
    assert compiles(draw(rows, selected=rows[-1]["time"]))


@every_picture
def test_it_has_title_words_and_units(draw):
    spec = draw(ROWS).to_dict()
    assert spec["title"]["text"]
    assert "from 0:00 to 24:00" in spec["description"]
    axes = {
        layer["encoding"]["y"]["axis"]["title"]
        for layer in layers(spec)
        if layer["encoding"].get("y", {}).get("axis")
    }
    assert axes in ({"Energy in the hour (kWh)"}, {"Tokens after the hour"})


def test_the_words_hold_the_published_totals():
    prosumer = charts.prosumer(ROWS, "node 1").to_dict()["description"]
    assert "13.625 kWh sold" in prosumer
    assert "0.633 kWh that nobody took" in prosumer
    assert "8.957 kWh bought" in charts.buyer(ROWS, "node 2").to_dict()["description"]
    assert "4.668 kWh bought" in charts.buyer(ROWS, "node 3").to_dict()["description"]
    ends = "node 1 190.834, node 2 40.286, node 3 68.880 tokens"
    assert ends in charts.balances(ROWS).to_dict()["description"]


def test_the_areas_are_the_energy():
    table = as_table(charts.prosumer(ROWS, "node 1"))
    assert table["sold_kwh"].sum() == pytest.approx(13.62502)
    assert table["unsold_kwh"].sum() == pytest.approx(0.63296)
    drawn = charts.prosumer(ROWS, "node 1").data.values
    for row in drawn:
        assert row["_sold2"] - row["_sold"] == pytest.approx(row["sold_kwh"], abs=1e-8)
        assert row["_unsold2"] - row["_unsold"] == pytest.approx(row["unsold_kwh"], abs=1e-8)
        if row["unsold_kwh"]:
            assert row["_unsold2"] == pytest.approx(row["produced_kwh"])


def test_the_energy_chart_reads_without_colour():
    spec = charts.prosumer(ROWS, "node 1").to_dict()
    assert {"produced", "consumed", "sold", "nobody took"} <= set(texts(spec))
    lines = [layer["mark"] for layer in layers(spec) if layer["mark"]["type"] == "line"]
    dashes = [tuple(line["strokeDash"]) for line in lines]
    assert len(set(dashes)) == len(dashes) == 2
    areas = [layer for layer in layers(spec) if layer.get("transform")]
    striped = [isinstance(area["mark"]["fill"], dict) for area in areas]
    assert striped == [False, True]


def test_every_balance_has_its_own_dash_marker_and_name():
    spec = charts.balances(ROWS).to_dict()
    marks = [layer["mark"] for layer in layers(spec)]
    dashes = [tuple(mark["strokeDash"]) for mark in marks if mark["type"] == "line"]
    assert len(set(dashes)) == len(dashes) == 3
    shapes = [mark["shape"] for mark in marks if mark["type"] == "point"]
    assert len(set(shapes)) == 3
    assert set(texts(spec)) == {"node 1: 190.834", "node 2: 40.286", "node 3: 68.880"}


def test_equal_balances_wear_their_markers_in_different_hours():
    spec = charts.balances(ROWS).to_dict()
    markers = [
        {point["_x"] for point in rows_of(spec, layer)}
        for layer in layers(spec)
        if layer["mark"]["type"] == "point" and layer["encoding"]["x"].get("field") == "_x"
    ]
    assert len(markers) == 3
    for one, other in combinations(markers, 2):
        assert not one & other


@every_picture
def test_each_hour_says_its_numbers(draw):
    spec = draw(ROWS).to_dict()
    (spoken,) = [layer for layer in layers(spec) if "description" in layer["encoding"]]
    said = [row["_said"] for row in rows_of(spec, spoken)]
    assert len(said) == 24
    assert said[10].startswith("10:00: ")


def test_what_an_hour_says():
    spec = charts.prosumer(ROWS, "node 1").to_dict()
    (spoken,) = [layer for layer in layers(spec) if "description" in layer["encoding"]]
    assert rows_of(spec, spoken)[10]["_said"] == (
        "10:00: produced 3.212, consumed 0.729, sold 2.101, nobody took 0.382 kWh"
    )


@every_picture
@pytest.mark.parametrize("selected", [10, "2017-07-04T10:00"])
def test_a_selected_hour_is_marked_and_named(draw, selected):
    spec = draw(ROWS, selected=selected).to_dict()
    assert spec["description"].endswith("Marked: 10:00.")
    frames = [
        rows_of(spec, layer)
        for layer in layers(spec)
        if layer["mark"]["type"] == "rect" and layer["mark"].get("strokeDash")
    ]
    assert [(row["_x"], row["_x2"]) for (row,) in frames] == [(10, 11)]


@every_picture
@pytest.mark.parametrize("selected", [24, -1, "2017-07-05T10:00"])
def test_an_hour_that_is_not_there_cannot_be_selected(draw, selected):
    with pytest.raises(ValueError, match="no interval"):
        draw(ROWS, selected=selected)


def test_an_unknown_node_is_named():
    with pytest.raises(ValueError, match="no row is about 'node 9'; there are node 1, node 2"):
        charts.prosumer(ROWS, "node 9")


def test_no_rows_no_chart():
    with pytest.raises(ValueError, match="no rows"):
        charts.balances([])


def test_rows_may_have_hours_instead_of_times():
    named = [{**row, "hour": f"{row['hour']}:00"} for row in ROWS]
    for rows in (ROWS, named):
        bare = [{k: v for k, v in row.items() if k != "time"} for row in rows]
        spec = charts.prosumer(bare, "node 1", selected=bare[30]["hour"]).to_dict()
        assert spec["description"].endswith("Marked: 10:00.")
        assert "hour" in as_table(charts.balances(bare)).columns


def test_offsets_from_utc_move_nothing():
    zoned = [{**row, "time": f"{row['time']}:00-08:00"} for row in ROWS]
    labels = [time_axis(rows).label(7.0) for rows in (ROWS, zoned)]
    assert labels == ["7:00", "7:00"]
    assert time_axis(zoned).start == 0.0


def test_a_week_has_days_on_its_axis_and_no_tooltip_for_each_quarter():
    spec = charts.prosumer(WEEK, "home 1").to_dict()
    assert "from Mon 25 Jul 0:00 to Mon 1 Aug 0:00" in spec["description"]
    assert not [layer for layer in layers(spec) if "description" in layer["encoding"]]
    axis = layers(spec)[0]["encoding"]["x"]["axis"]
    assert "'Tue 26 Jul'" in axis["labelExpr"]
    assert layers(spec)[0]["encoding"]["y"]["axis"]["title"] == "Energy in 15 min (kWh)"


def test_many_nodes_get_room_for_their_names():
    rows = [
        {"time": f"2017-07-04T{hour:02}:00", "node": f"home {n}", "balance_tokens": 100.0}
        for hour in range(24)
        for n in range(40)
    ]
    spec = charts.balances(rows).to_dict()
    assert spec["height"] >= 40 * charts.LABEL_GAP
    assert len(set(texts(spec))) == 40


@every_picture
def test_nothing_at_all_can_be_drawn(draw):
    nothing = [{k: 0.0 if isinstance(v, float) else v for k, v in row.items()} for row in ROWS]
    assert draw(nothing).to_dict()


PROGRAM = """
import json
from energychain.charts import theme, token_day as charts
from energychain.studies import token_day
rows = token_day.rehearse().records()
parts = [charts.prosumer(rows, "node 1", selected=10), charts.balances(rows)]
spec = theme.stack([charts.buyer(rows, "node 3"), *parts], "T", "", "words").to_dict()
print(json.dumps(theme.bundle(spec)[theme.VEGALITE]))
"""


def test_two_processes_draw_the_same():
    said = alike_in_two_processes(PROGRAM)
    assert json.loads(said)["description"] == "words"


def test_unchecked_charts_are_the_same_charts():
    checked = charts.balances(ROWS, selected=3).to_dict()
    with theme.unchecked():
        quick = charts.balances(ROWS, selected=3)
    assert quick.to_dict() == checked
