"""A line is the best strategy, a cell a verdict, and rules that hold are said in words."""

import pytest
from looks import alike_in_two_processes, every, layers, rows_of, spoken, texts

from energychain.charts import as_table
from energychain.charts import gaming as charts
from energychain.charts.demand_response import MISSING
from energychain.studies import baseline_gaming

TRIED = baseline_gaming.records(baseline_gaming.gaming("H0-A", inflations=(0, 10, 30)))
TABLE = baseline_gaming.at_incentives("H0-A", incentives=(500_000, 10_000_000))

PICTURES = {
    "gaming": lambda: charts.gaming(TRIED),
    "incentives": lambda: charts.at_incentives(TABLE),
}
test_it_compiles, test_it_is_told_in_words_and_rows = every(PICTURES, least=20)


def test_a_line_is_the_best_strategy_at_each_inflation():
    table = as_table(charts.gaming(TRIED))
    for _, row in table.iterrows():
        cases = [
            case["net_gain"]
            for case in TRIED
            if (case["rule"], case["inflation_percent"]) == (row["rule"], row["inflation_percent"])
        ]
        assert row["net_gain"] == max(cases)


def test_a_mean_is_taken_over_homes_before_the_best_is_chosen():
    row = {"rule": "r", "inflation_percent": 10, "strategy": "history", "net_gain": 3.0}
    rows = [row, {**row, "net_gain": -1.0}, {**row, "strategy": "both", "net_gain": 0.5}]
    assert list(as_table(charts.gaming(rows)).net_gain) == [1.0]


def test_rules_that_stop_it_are_said_in_words():
    spec = charts.gaming(TRIED).to_dict()
    held = {text.removesuffix(": stops it") for text in texts(spec) if text.endswith("stops it")}
    beaten = {row["rule"] for row in TRIED if row["net_gain"] > 0}
    assert held == {row["rule"] for row in TRIED} - beaten
    assert spec["title"]["text"] == f"{len(held)} of 10 rules stop the cheat at this price"


def test_a_cell_says_whether_a_rule_holds():
    spec = charts.at_incentives(TABLE).to_dict()
    assert len(spoken(spec)) == len(TABLE)
    assert texts(spec).count("stops it") == sum(bool(row["stops"]) for row in TABLE)
    assert spec["title"]["text"] == "2 of 10 rules stop the cheat at every incentive"
    filled = [row for layer in layers(spec, "rect", fill=MISSING) for row in rows_of(spec, layer)]
    assert all("cheating brings +" in row["_said"] for row in filled)


@pytest.mark.parametrize("draw", [charts.gaming, charts.at_incentives])
def test_no_rows_no_chart(draw):
    with pytest.raises(ValueError, match="no rows"):
        draw([])


PROGRAM = """
import json
from energychain.charts import gaming as charts
from energychain.studies import baseline_gaming
tried = baseline_gaming.records(baseline_gaming.gaming("H0-A", inflations=(0, 10)))
print(json.dumps(charts.gaming(tried).to_dict()))
"""


def test_two_processes_draw_the_same():
    assert alike_in_two_processes(PROGRAM)
