"""Every scarce half-hour is a square, every trade a circle, and the bars are energies."""

import pytest
import vl_convert
from looks import alike_in_two_processes, every, layers, rows_of, spoken

from energychain.charts import charging_month as charts
from energychain.studies import charging_month

MONTH = charging_month.run(charging_month.MonthTerms())

PICTURES = {
    "month": lambda: charts.month(MONTH.records()),
    "policies": lambda: charts.policies(MONTH.table()),
}
test_it_compiles, test_it_is_told_in_words_and_rows = every(PICTURES)


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


@pytest.mark.parametrize("draw", [charts.month, charts.policies])
def test_no_rows_no_chart(draw):
    with pytest.raises(ValueError, match="no rows"):
        draw([])


PROGRAM = """
import json
from energychain.charts import charging_month as charts
from energychain.studies import charging_month
month = charging_month.run()
parts = (charts.month(month.records()), charts.policies(month.table()))
print(json.dumps([part.to_dict() for part in parts]))
"""


def test_two_processes_draw_the_same():
    assert alike_in_two_processes(PROGRAM)
