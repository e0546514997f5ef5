"""The lowest peak is marked, bars are peaks and savings, and a loss is one."""

from datetime import date

import pytest
from looks import every, texts, title

from energychain.charts import as_table
from energychain.charts import rebound as charts
from energychain.studies.community import community
from energychain.studies.load_shifting import cures_table, participation_sweep

HOMES = community(date(2016, 7, 4), homes=30)
SWEEP = participation_sweep(HOMES, [0.0, 0.1, 0.3, 0.6, 1.0])
CURES = cures_table(HOMES, 0.6)

PICTURES = {
    "participation": lambda: charts.participation(SWEEP),
    "cures": lambda: charts.cures(CURES),
    "as printed": lambda: charts.as_printed(100.0, 0.0, 20.0, 40.0),
}
test_it_compiles, test_it_is_told_in_words_and_rows = every(PICTURES)


@pytest.mark.parametrize("draw", [charts.participation, charts.cures])
def test_no_rows_no_chart(draw):
    with pytest.raises(ValueError, match="no rows"):
        draw([])


def test_the_sweep_marks_the_lowest_peak_and_the_least_cost():
    picture = charts.participation(SWEEP)
    lowest = min(SWEEP, key=lambda row: row["peak_kw"])
    cheapest = min(SWEEP, key=lambda row: row["cost"])
    assert (
        title(picture)[0]
        == f"Flattest at {100 * lowest['participation']:g} %: with more, a new peak"
    )
    assert f"{lowest['peak_kw']:.1f} kW, {lowest['par']:.2f} ×" in texts(picture.to_dict())
    assert f"least: {cheapest['cost']:.2f} EUR" in texts(picture.to_dict())
    flatter = [{**row, "peak_kw": 100 - row["participation"]} for row in SWEEP]
    assert title(charts.participation(flatter))[0] == "The more take part, the flatter"


def test_bars_of_the_cures_are_peaks_and_savings():
    table = as_table(charts.cures(CURES)).set_index("cure")
    by_name = {charts.CURE_NAMES[row["cure"]]: row for row in CURES}
    for name, row in by_name.items():
        assert table.loc[name, "peak_kw"] == row["peak_kw"]
        assert table.loc[name, "saved"] == pytest.approx(CURES[0]["cost"] - row["cost"])
    assert f"{by_name['hours have a quota']['peak_kw']:.1f}" in texts(charts.cures(CURES).to_dict())


def test_a_loss_lies_to_the_left_of_zero():
    dear = [{**row, "cost": CURES[0]["cost"] + n} for n, row in enumerate(CURES)]
    assert "−4.00" in texts(charts.cures(dear).to_dict())


def test_a_settlement_that_serves_nobody_says_so():
    picture = charts.as_printed(537.3, 0.0, 98.5, 200.4)
    assert title(picture)[0] == "As printed, 0 of 537 kWh are served"
    assert {"537.3 kWh", "0.0 kWh", "98.5 kWh", "200.4 kWh"} <= set(texts(picture.to_dict()))
