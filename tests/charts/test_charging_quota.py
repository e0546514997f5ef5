"""The pieces are the powers, the bars are the money, and all of it reads without colour."""

import pytest
from looks import alike_in_two_processes, every, layers, rows_of, spoken, texts

from energychain.charts import charging_quota as charts
from energychain.charts import theme
from energychain.studies import charging_quota as study

EVENING = study.rehearse()
ROWS = EVENING.records()
DEFAULT = study.rehearse(loads={"H": EVENING.row("H").initial}).records()
PLENTY = study.rehearse(400).records()
NOTHING_THERE = study.rehearse(0).records()

PICTURES = {
    "quotas": lambda: charts.quotas(ROWS, 323, selected="B"),
    "quotas before": lambda: charts.quotas(ROWS, 323, stages=2),
    "quotas in default": lambda: charts.quotas(DEFAULT, 323),
    "quotas with plenty": lambda: charts.quotas(PLENTY, 400),
    "quotas with nothing": lambda: charts.quotas(NOTHING_THERE, 0),
    "bills": lambda: charts.bills(ROWS, selected="B"),
    "bills in default": lambda: charts.bills(DEFAULT),
    "bills of nobody": lambda: charts.bills(PLENTY),
}
test_it_compiles, test_it_is_told_in_words_and_rows = every(PICTURES)


# --- the transformer ------------------------------------------------------------------


def bar(spec, name):
    pieces = [row for row in spoken(spec) if row["_said"].startswith(f"{name}: ")]
    return sorted(pieces, key=lambda row: row["_x"])


@pytest.mark.parametrize(("name", "column"), charts.STAGES)
def test_a_bar_is_the_stations_end_to_end(name, column):
    pieces = bar(charts.quotas(ROWS, 323).to_dict(), name)
    end = 0.0
    for piece, row in zip(pieces, ROWS, strict=True):
        assert piece["station"] == row["station"]
        assert piece["_x"] == pytest.approx(end, abs=1e-5)
        end = piece["_x2"]
        assert end - piece["_x"] == pytest.approx(row[column], abs=1e-5)


def test_quotas_end_at_the_transformer_and_demand_beyond_it():
    spec = charts.quotas(ROWS, 323).to_dict()
    limit = [rows_of(spec, layer) for layer in layers(spec, "rule", strokeWidth=3)]
    assert [row["_x"] for row in limit[0]] == [323]
    assert bar(spec, "first quota")[-1]["_x2"] == pytest.approx(323, abs=1e-4)
    assert bar(spec, "after trade")[-1]["_x2"] == pytest.approx(323, abs=1e-4)
    assert bar(spec, "demand")[-1]["_x2"] == 390
    assert {"67 too much", "transformer: 323 kW", "390 kW"} <= set(texts(spec))


def test_who_buys_and_who_sells_reads_without_colour():
    spec = charts.quotas(ROWS, 323).to_dict()
    assert {"B +", "D +", "E +", "C −", "F −", "H −", "A", "G"} <= set(texts(spec))
    assert not {"A +", "A −", "G +", "G −"} & set(texts(spec))


def test_before_the_trade_nobody_is_a_buyer_yet():
    spec = charts.quotas(ROWS, 323, stages=2).to_dict()
    assert {row["_said"].split(":")[0] for row in spoken(spec)} == {"demand", "first quota"}
    assert {row["_kind"] for row in spoken(spec)} == {""}
    assert "buys" not in texts(spec)
    assert "charged" not in spec["title"]["subtitle"][0]


def test_what_exceeds_a_quota_is_barred_and_written():
    spec = charts.quotas(DEFAULT, 323).to_dict()
    (over,) = [
        rows_of(spec, layer)
        for layer in layers(spec, "rect", fill="white")
        if layer["encoding"]["x"].get("field")  # the key stands at a fixed place
    ]
    assert over[0]["_x2"] - over[0]["_x"] == pytest.approx(13.6, abs=1e-4)
    assert {"H: 13.6 over", "beyond its quota"} <= set(texts(spec))
    assert layers(spec, "rule", stroke=charts.PENALTY)
    honest = charts.quotas(ROWS, 323).to_dict()
    assert not layers(honest, "rule", stroke=charts.PENALTY)


def test_an_overload_is_called_one():
    rows = [{**row, "load_kw": 50.0} for row in ROWS]
    assert charts.quotas(rows, 323).to_dict()["title"]["subtitle"] == [
        "390 kW wanted, 323 kW there; 400 kW charged: overload"
    ]


def test_a_selected_station_is_framed_in_every_bar_and_named():
    spec = charts.quotas(ROWS, 323, selected="E").to_dict()
    (frame,) = layers(spec, "rect", strokeDash=[5, 3])
    assert [row["station"] for row in rows_of(spec, frame)] == ["E"] * 4
    assert spec["description"].endswith("Framed: E.")
    assert "[ E ]" in texts(charts.bills(ROWS, selected="E").to_dict())


@pytest.mark.parametrize("draw", [lambda r, **o: charts.quotas(r, 323, **o), charts.bills])
def test_an_unknown_station_and_no_rows_are_named(draw):
    with pytest.raises(ValueError, match="no row is about 'Z'; there are A, B"):
        draw(ROWS, selected="Z")
    with pytest.raises(ValueError, match="no rows"):
        draw([])


def test_a_number_is_not_written_across_the_transformers_line():
    spec = charts.quotas(ROWS, 323).to_dict()
    words = [
        row
        for layer in layers(spec, "text")
        for row in (rows_of(spec, layer) if "data" in layer else ())
        if row.get("_said", "").startswith("demand: G")
    ]
    assert len(words) == 2  # its letter and its number
    start, end = words[0]["_x"], words[0]["_x2"]
    assert start < 323 < end
    assert {row["_middle"] for row in words} == {(start + 323) / 2}


# --- the bills ------------------------------------------------------------------------


def test_a_bill_is_as_high_as_what_is_paid():
    spec = charts.bills(DEFAULT).to_dict()
    for bill, row in zip(sorted(spoken(spec), key=lambda bill: bill["_x"]), DEFAULT, strict=True):
        assert bill["_y"] + bill["_y2"] == pytest.approx(row["payment_tokens"])
        assert (bill["_y"], bill["_y2"]).count(0) >= 1
    (fine,) = [rows_of(spec, layer) for layer in layers(spec, "rect", fill="white")]
    assert fine[0]["_y2"] - fine[0]["_y"] == pytest.approx(1523.2)
    assert {"250.7", "−156.4", "+ 1,523.2"} <= set(texts(spec))
    assert "H receives 156.4, penalty 1,523.2" in spec["description"]


def domain(spec):
    (found,) = {tuple(layer["encoding"]["y"]["scale"]["domain"]) for layer in layers(spec, "rect")}
    return found


@pytest.mark.parametrize(("rows", "above"), [(ROWS, 19), (DEFAULT, 34)])
def test_above_the_highest_bill_there_is_room_for_its_words(rows, above):
    low, high = domain(charts.bills(rows, height=90).to_dict())
    top = max(max(row["payment_tokens"], 0) + row["penalty_tokens"] for row in rows)
    assert (high - top) / (high - low) * 90 == pytest.approx(above)


def test_where_nobody_pays_the_axis_counts_whole_tokens():
    assert domain(charts.bills(PLENTY).to_dict()) == (-100, 100)


# --- always the same ------------------------------------------------------------------

PROGRAM = """
import json
from energychain.charts import charging_quota as charts
from energychain.studies import charging_quota
rows = charging_quota.rehearse().records()
print(json.dumps([part.to_dict() for part in (charts.quotas(rows, 323), charts.bills(rows))]))
"""


def test_two_processes_draw_the_same():
    assert alike_in_two_processes(PROGRAM)


def test_unchecked_charts_are_the_same_charts():
    with theme.unchecked():
        quick = charts.quotas(DEFAULT, 323, selected="H")
    assert quick.to_dict() == charts.quotas(DEFAULT, 323, selected="H").to_dict()
