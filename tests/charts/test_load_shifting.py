"""Steps are loads, titles are findings, marks are numbers of the study."""

from datetime import date
from itertools import combinations

import pytest
from colour_vision import MACHADO, distance
from looks import every, texts, title

from energychain.charts import as_table
from energychain.charts import load_shifting as charts
from energychain.studies.community import community
from energychain.studies.load_shifting import run

HOMES = community(date(2016, 7, 4), homes=30)
DONE = run(HOMES, 0.6)
ROWS = DONE.rows()
PRICES = [
    {"time": time, "price": price, "aggregator": other}
    for time, price, other in zip(
        HOMES.times, DONE.price.tolist(), DONE.optimum.price.tolist(), strict=True
    )
]

PICTURES = {
    "loads": lambda: charts.loads(ROWS),
    "prices": lambda: charts.prices(ROWS),
    "prices, alpha": lambda: charts.prices(ROWS, alpha=2.0),
    "two stages": lambda: charts.two_stages(ROWS),
    "two prices": lambda: charts.two_prices(PRICES),
}
test_it_compiles, test_it_is_told_in_words_and_rows = every(PICTURES)


@pytest.mark.parametrize(
    "draw", [charts.loads, charts.prices, charts.two_stages, charts.two_prices]
)
def test_no_rows_no_chart(draw):
    with pytest.raises(ValueError, match="no rows"):
        draw([])


@pytest.mark.parametrize("vision", MACHADO)
@pytest.mark.parametrize(
    "colours",
    [(charts.BEFORE, charts.AFTER), (charts.PRICE, charts.DR_PRICE, charts.SECOND, charts.OFFERED)],
    ids=["loads", "prices"],
)
def test_lines_stay_apart_under_any_colour_vision(vision, colours):
    for one, other in combinations(colours, 2):
        assert distance(one, other, vision) > 15.0, (one, other)


def test_the_day_tells_the_studys_figures():
    heading, measures = title(charts.loads(ROWS))
    before, after = DONE.before, DONE.after
    assert heading == f"The peak grows from {before.peak_kw:.1f} to {after.peak_kw:.1f} kW"
    assert f"{before.par:.2f} before, {after.par:.2f} after" in measures
    assert f"{before.deviation_kw:.1f} and {after.deviation_kw:.1f} kW" in measures
    table = as_table(charts.loads(ROWS))
    assert table["after_kw"].max() == pytest.approx(after.peak_kw)
    assert table["after_kw"].sum() == pytest.approx(after.energy_kwh)


def test_both_peaks_are_written_where_they_are():
    assert f"after {DONE.after.peak_kw:.1f} kW" in texts(charts.loads(ROWS).to_dict())
    assert f"{DONE.before.peak_kw:.1f} kW" in texts(charts.loads(ROWS).to_dict())


def test_a_peak_that_stays_or_falls_is_told_so():
    quiet = charts.loads(run(HOMES, 0).rows())
    assert title(quiet)[0] == f"The peak stays at {DONE.before.peak_kw:.1f} kW"
    assert title(charts.loads(run(HOMES, 0.6, cure="quota").rows()))[0].startswith("The peak falls")


def test_a_day_without_load_is_drawn():
    dark = [{**row, "before_kw": 0.0, "after_kw": 0.0, "renewable_kw": 0.0} for row in ROWS]
    assert title(charts.loads(dark)) == ("The peak stays at 0.0 kW", "Nothing is used")


def test_the_second_price_is_drawn_only_where_there_is_another():
    same = [{**row, "dual": row["price"]} for row in ROWS]
    stale = [dict(row) for row in same]
    stale[12]["dual"] = 0.03
    assert "second settlement" not in texts(charts.prices(same).to_dict())
    assert "second settlement" in texts(charts.prices(stale).to_dict())
    assert title(charts.prices(stale))[1] == (
        "In 1 of 24 hours the second settlement has another price"
    )


def test_what_equation_3_cuts_is_drawn_if_alpha_is_above_1():
    assert "by Equation (2) alone" not in texts(charts.prices(ROWS).to_dict())
    bold = charts.prices(run(HOMES, 0.6, alpha=2).rows(), alpha=2)
    assert "by Equation (2) alone" in texts(bold.to_dict())
    table = as_table(bold)
    short = table["dr_price"] > 0
    assert (table["offered"][short] == 2 * table["price"][short]).all()
    assert (table["offered"][~short] == 0).all()


@pytest.mark.parametrize(("height", "words"), [(95, "EUR/kWh"), (120, "Price (EUR/kWh)")])
def test_a_low_plot_has_a_short_title_at_its_axis(height, words):
    assert f"'title': '{words}'" in str(charts.prices(ROWS, height=height).to_dict())


def test_the_two_prices_differ_where_they_do():
    apart = [dict(row) for row in PRICES]
    for row in apart:
        row["aggregator"] = row["price"]
    assert title(charts.two_prices(apart))[0] == "The same price in 24 of 24 hours"
    assert "they differ" not in texts(charts.two_prices(apart).to_dict())
    apart[3]["aggregator"] -= 0.024
    heading, mean = title(charts.two_prices(apart))
    assert (heading, mean) == (
        "The same price in 23 of 24 hours",
        "Mean difference: 0.0010 EUR/kWh",
    )
    assert "They differ at: 3:00." in charts.two_prices(apart).to_dict()["description"]
