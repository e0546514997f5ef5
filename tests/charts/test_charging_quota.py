"""The pieces are the powers, the bars are the money, and all of it reads without colour."""

import pytest
import vl_convert
from looks import alike_in_two_processes, assert_told, compiles, layers, rows_of, spoken, texts

from energychain.charts import as_table, theme
from energychain.charts import charging_quota as charts
from energychain.studies import charging_month
from energychain.studies import charging_quota as study

EVENING = study.rehearse()
ROWS = EVENING.records()
DEFAULT = study.rehearse(loads={"H": EVENING.row("H").initial}).records()
PLENTY = study.rehearse(400).records()
NOTHING_THERE = study.rehearse(0).records()
SETTLED = [
    {
        "station": row["station"],
        "printed": float(row["payment_token"]),
        "computed": EVENING.row(row["station"]).payment / 1000,
    }
    for row in study.table(4)
]
SCAN = [{"margin_kw": m, "gap_kw": abs(m - 323) / 6} for m in range(300, 391)]
MONTH = charging_month.run(charging_month.MonthTerms())

PICTURES = {
    "quotas": lambda: charts.quotas(ROWS, 323, selected="B"),
    "quotas before": lambda: charts.quotas(ROWS, 323, stages=2),
    "quotas in default": lambda: charts.quotas(DEFAULT, 323),
    "quotas with plenty": lambda: charts.quotas(PLENTY, 400),
    "quotas with nothing": lambda: charts.quotas(NOTHING_THERE, 0),
    "bills": lambda: charts.bills(ROWS, selected="B"),
    "bills in default": lambda: charts.bills(DEFAULT),
    "bills of nobody": lambda: charts.bills(PLENTY),
    "settlement": lambda: charts.settlement(SETTLED),
    "scan": lambda: charts.margin_scan(SCAN, {343: "the text"}),
    "month": lambda: charts.month(MONTH.records()),
    "policies": lambda: charts.policies(MONTH.table()),
}
every_picture = pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)


@every_picture
def test_it_compiles_with_old_and_new_vega_lite(draw):
    assert compiles(draw())


@every_picture
def test_it_has_title_words_and_a_table(draw):
    assert_told(draw())


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


# --- the audit ------------------------------------------------------------------------


def test_the_wrong_cells_are_framed_crossed_and_said():
    spec = charts.settlement(SETTLED).to_dict()
    assert len(layers(spec, "rect", stroke=charts.WRONG)) == 3  # B, C and the sum
    crosses = layers(spec, "point", shape="cross")
    assert len(crosses) == 4  # beside the three cells, and one layer for both in the plot
    assert {"wrong", "is not 0", "−149.5", "−225.4", "149.5"} <= set(texts(spec))
    assert "B: printed 73.6, computed 149.5, which differs" in spec["description"]
    assert "C: printed -225.4, computed -151.8, which differs" in spec["description"]
    assert spec["description"].endswith("adds up to -149.5, the computed one to 0.")
    assert "2 of 8 cells differ" in spec["description"]
    table = as_table(charts.settlement(SETTLED))
    assert table.printed.sum() == pytest.approx(-149.5)
    assert table.computed.sum() == pytest.approx(0)


def test_a_repaired_table_has_no_marks():
    right = [{**row, "printed": row["computed"]} for row in SETTLED]
    spec = charts.settlement(right).to_dict()
    assert not layers(spec, "rect", stroke=charts.WRONG)
    assert not layers(spec, "point", shape="cross")
    assert not {"wrong", "is not 0"} & set(texts(spec))
    assert "All cells agree" in spec["description"]


def test_the_scan_marks_the_best_margin_and_the_named_ones():
    spec = charts.margin_scan(SCAN, {343: "the text"}).to_dict()
    assert set(texts(spec)) == {"323, fits best: 0.000 kW", "343, the text: 3.333 kW"}
    assert set(texts(charts.margin_scan(SCAN).to_dict())) == {"323, fits best: 0.000 kW"}


def test_a_margin_that_was_not_tried_cannot_be_marked():
    with pytest.raises(ValueError, match="299 kW was not tried"):
        charts.margin_scan(SCAN, {299: "too low"})


@pytest.mark.parametrize(
    "draw", [charts.settlement, charts.margin_scan, charts.month, charts.policies]
)
def test_no_rows_no_chart(draw):
    with pytest.raises(ValueError, match="no rows"):
        draw([])


# --- the month ------------------------------------------------------------------------


def test_every_scarce_half_hour_is_a_square_and_every_trade_a_circle():
    spec = charts.month(MONTH.records()).to_dict()
    trade = MONTH.outcomes["trade"]
    assert len(spoken(spec)) == trade.scarce
    (circles,) = layers(spec, "point")
    drawn = rows_of(spec, circles)
    assert len(drawn) == sum(1 for half_hour in trade.half_hours if half_hour.traded)
    assert sum(row["_kw"] for row in drawn) / 2 == pytest.approx(trade.traded / 1e6)
    assert circles["encoding"]["size"]["scale"]["range"][0] == 0, "areas, from nothing"


def test_squares_stand_at_their_day_and_hour():
    row = {"time": "2019-06-05T12:30", "demand_kw": 9.0, "allocated_kw": 5.0, "traded_kw": 2.0}
    first = {**row, "time": "2019-06-01T00:00", "demand_kw": 5.0}
    (cell,) = spoken(charts.month([first, row]).to_dict())
    assert (cell["_x"], cell["_x2"], cell["_y"], cell["_y2"]) == (4, 5, 12.5, 13.0)
    assert cell["_said"] == "Wed 5 Jun, 12:30: 4.0 kW short, 2.0 kW traded"


def test_a_month_in_which_all_fits_is_an_empty_calendar():
    calm = [{**row, "demand_kw": 0.0, "traded_kw": 0.0} for row in MONTH.records()]
    spec = charts.month(calm).to_dict()
    assert spoken(spec) == []
    assert "0 of 996 half-hours are scarce. Nothing is traded." in spec["description"]
    assert vl_convert.vegalite_to_vega(spec, vl_version="6.4")


def test_the_bars_are_the_energy_of_each_policy():
    spec = charts.policies(MONTH.table()).to_dict()
    drawn = {row["_said"]: row["_x2"] for row in spoken(spec)}
    for policy, outcome in MONTH.outcomes.items():
        delivered, late = outcome.delivered / 1e6, outcome.late / 1e6
        assert drawn[f"{policy}: {delivered:.1f} kWh delivered"] == pytest.approx(delivered)
        assert drawn[f"{policy}: {late:.1f} kWh late"] == pytest.approx(late)
    assert layers(spec, "rule", stroke=charts.PENALTY), "late is barred"


# --- always the same ------------------------------------------------------------------

PROGRAM = """
import json
from energychain.charts import charging_quota as charts
from energychain.studies import charging_month, charging_quota
rows = charging_quota.rehearse().records()
month = charging_month.run()
parts = [charts.quotas(rows, 323), charts.bills(rows), charts.month(month.records())]
print(json.dumps([part.to_dict() for part in [*parts, charts.policies(month.table())]]))
"""


def test_two_processes_draw_the_same():
    assert alike_in_two_processes(PROGRAM)


def test_unchecked_charts_are_the_same_charts():
    with theme.unchecked():
        quick = charts.quotas(DEFAULT, 323, selected="H")
    assert quick.to_dict() == charts.quotas(DEFAULT, 323, selected="H").to_dict()
