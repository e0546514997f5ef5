"""A bar is one standard deviation to each side, and who errs too much is counted."""

from dataclasses import asdict

import pytest
from looks import assert_told, compiles, spoken

from energychain.charts import baselines as charts
from energychain.studies import demand_response

ERRORS = [asdict(error) for error in demand_response.baseline_errors()]


def test_it_compiles_with_old_and_new_vega_lite():
    assert compiles(charts.baseline_errors(ERRORS))


def test_it_has_title_words_and_a_table():
    assert_told(charts.baseline_errors(ERRORS), least=20)


def test_a_bar_is_one_standard_deviation_to_each_side():
    spec = charts.baseline_errors(ERRORS).to_dict()
    drawn = {row["_said"].split(":")[0]: row for row in spoken(spec)}
    for row in ERRORS:
        bar = drawn[f"{row['rule']}, {row['home']}"]
        half = (bar["_x2"] - bar["_x"]) / 200 * row["mean_kwh"]
        assert half**2 + row["bias_kwh"] ** 2 == pytest.approx(row["rmse_kwh"] ** 2)
        assert bar["_middle"] == round(100 * row["bias_kwh"] / row["mean_kwh"], 6)


def test_the_title_counts_who_errs_by_more_than_is_asked():
    assert (
        charts.baseline_errors(ERRORS)
        .to_dict()["title"]["text"]
        .endswith("every rule, for every home")
    )
    good = [{**ERRORS[0], "rmse_kwh": 0.1, "bias_kwh": 0.0}, *ERRORS[1:3]]
    assert charts.baseline_errors(good).to_dict()["title"]["text"].endswith("2 of 3")


def test_no_rows_no_chart():
    with pytest.raises(ValueError, match="no rows"):
        charts.baseline_errors([])
