"""Steps are loads, titles are findings, marks are numbers of the study."""

from datetime import date
from itertools import combinations

import pytest
from colour_vision import MACHADO, distance
from looks import assert_told, compiles, layers, rows_of, texts, title

from energychain.charts import as_table, prosumer
from energychain.charts import load_shifting as charts
from energychain.studies.community import community
from energychain.studies.load_shifting import cures_table, participation_sweep, run
from energychain.widgets.prosumer import wish

HOMES = community(date(2016, 7, 4), homes=30)
DONE = run(HOMES, 0.6)
ROWS = DONE.rows()
SWEEP = participation_sweep(HOMES, [0.0, 0.1, 0.3, 0.6, 1.0])
CURES = cures_table(HOMES, 0.6)
PRICES = [
    {"time": time, "price": price, "aggregator": other}
    for time, price, other in zip(
        HOMES.times, DONE.price.tolist(), DONE.optimum.price.tolist(), strict=True
    )
]
YEAR = [{"day": "2016-01-12", "correlation": 0.6}, {"day": "2016-07-26", "correlation": -0.4}]
DAYS = [
    {"participation": share, "par": par}
    for share, found in ((0.0, (1.5, 1.7, 2.0)), (1.0, (7.0, 8.0, 9.5)))
    for par in found
]

PICTURES = {
    "loads": lambda: charts.loads(ROWS),
    "prices": lambda: charts.prices(ROWS),
    "prices, alpha": lambda: charts.prices(ROWS, alpha=2.0),
    "two stages": lambda: charts.two_stages(ROWS),
    "participation": lambda: charts.participation(SWEEP),
    "cures": lambda: charts.cures(CURES),
    "as printed": lambda: charts.as_printed(100.0, 0.0, 20.0, 40.0),
    "two prices": lambda: charts.two_prices(PRICES),
    "through the year": lambda: charts.through_the_year(YEAR),
    "many days": lambda: charts.many_days(DAYS),
    "marginal": lambda: prosumer.marginal(wish(0.25)),
    "marginal, first": lambda: prosumer.marginal(wish(0.4), first=wish(0.25)),
    "gain": lambda: prosumer.gain(wish(0.25)),
}
every_picture = pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)


@every_picture
def test_it_compiles_with_old_and_new_vega_lite(draw):
    assert compiles(draw())


@every_picture
def test_it_has_title_words_and_a_table(draw):
    assert_told(draw())
    assert len(as_table(draw()))


@pytest.mark.parametrize(
    "draw",
    [
        charts.loads,
        charts.prices,
        charts.two_stages,
        charts.participation,
        charts.cures,
        charts.two_prices,
        charts.through_the_year,
        charts.many_days,
    ],
)
def test_no_rows_are_named(draw):
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


# --- a day ----------------------------------------------------------------------------


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


# --- many runs ------------------------------------------------------------------------


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


def test_days_on_which_the_price_goes_the_other_way_are_counted():
    assert title(charts.through_the_year(YEAR))[0].startswith("On 1 of 2 days")
    assert title(charts.through_the_year(YEAR[:1]))[0] == "Price follows demand on every day"


def test_the_bar_is_the_median_of_the_days():
    assert {"1.70", "8.00"} <= set(texts(charts.many_days(DAYS).to_dict()))


# --- a prosumer -----------------------------------------------------------------------


@pytest.mark.parametrize("price", [0.0, 0.1, 0.25, 0.4, 0.69, 0.8])
def test_no_other_demand_within_the_limits_gains_more(price):
    home = wish(price)
    grid = [home.low + (home.high - home.low) * k / 1000 for k in range(1001)]
    assert max(map(home.gain, grid)) <= home.gain(home.demand) + 1e-9
    drawn = as_table(prosumer.gain(home))
    inside = drawn[(drawn["kwh"] >= home.low) & (drawn["kwh"] <= home.high)]
    assert inside["gain"].max() <= home.gain(home.demand) + 1e-6


@pytest.mark.parametrize(
    ("price", "words"),
    [
        (0.25, "there the last kWh is worth just what it costs"),
        (0.8, "comfort is in the way of less"),
    ],
)
def test_the_chart_says_why(price, words):
    first, *rest = title(prosumer.marginal(wish(price)))[1]
    assert "".join([first.lower(), *rest]) == words


def area(spec, fill):
    return [rows_of(spec, layer) for layer in layers(spec, "area", fill=fill)]


def test_demand_that_costs_more_than_it_is_worth_is_no_gain():
    dear, fair = (prosumer.marginal(wish(price)).to_dict() for price in (0.65, 0.25))
    ((gain, lost),) = zip(area(dear, prosumer.SUN), area(dear, prosumer.LOST), strict=True)
    assert [row["_x"] for row in gain] == pytest.approx([0, 0.4])  # there worth and cost meet
    assert [row["_x"] for row in lost] == pytest.approx([0.4, 0.5])  # and comfort asks for more
    assert "loss" in texts(dear)
    assert area(fair, prosumer.LOST) == []
    assert "loss" not in texts(fair)


def test_a_loss_is_called_one():
    assert title(prosumer.gain(wish(0.8)))[0] == (
        "Any other demand within its comfort loses more than 0.056 EUR"
    )


@pytest.mark.parametrize(("height", "words"), [(95, "EUR/kWh"), (120, "Price (EUR/kWh)")])
def test_a_low_plot_has_a_short_title_at_its_axis(height, words):
    assert f"'title': '{words}'" in str(charts.prices(ROWS, height=height).to_dict())


def test_more_can_be_of_no_use():
    assert wish(0.1, high=2.0).because == "more is of no use to it"


def test_what_it_wanted_first_is_a_hollow_circle():
    assert "first 2 kWh" in texts(prosumer.marginal(wish(0.4), first=wish(0.25)).to_dict())
