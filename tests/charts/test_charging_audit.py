"""What differs is marked and said, and the margin that fits best is found."""

import pytest
from looks import every, layers, texts

from energychain.charts import as_table
from energychain.charts import charging_audit as charts
from energychain.studies import charging_quota as study

EVENING = study.rehearse()
SETTLED = [
    {
        "station": row["station"],
        "printed": float(row["payment_token"]),
        "computed": EVENING.row(row["station"]).payment / 1000,
    }
    for row in study.table(4)
]
SCAN = [{"margin_kw": m, "gap_kw": abs(m - 323) / 6} for m in range(300, 391)]

PICTURES = {
    "settlement": lambda: charts.settlement(SETTLED),
    "scan": lambda: charts.margin_scan(SCAN, {343: "the text"}),
}
test_it_compiles, test_it_is_told_in_words_and_rows = every(PICTURES)


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


@pytest.mark.parametrize("draw", [charts.settlement, charts.margin_scan])
def test_no_rows_no_chart(draw):
    with pytest.raises(ValueError, match="no rows"):
        draw([])
