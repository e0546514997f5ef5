"""The areas are what is paid for, the bars are the numbers, and all of it reads without colour."""

import pytest
from colour_vision import MACHADO, distance
from looks import alike_in_two_processes, every, layers, rows_of, spoken, texts

from energychain.charts import demand_response as charts
from energychain.charts import theme
from energychain.studies import demand_response, event_day

PROGRAMME = demand_response.rehearse()
LESS = event_day.of_programme(PROGRAMME, "H0-B", 22)
MORE = event_day.of_programme(PROGRAMME, "H0-C", 24)
CHEAT = event_day.play(inflation=30)
HONEST = event_day.play(answer=0, rule="control group")
GRID = PROGRAMME.grid_records()
MONEY = [
    {"what": "paid more", "euro": 1.2},
    {"what": "wasted", "euro": -3.2},
    {"what": "gained by cheating", "euro": -2.0},
]

PICTURES = {
    "less": lambda: charts.event_day(LESS.records()),
    "more": lambda: charts.event_day(MORE.records(6)),
    "cheat": lambda: charts.event_day(CHEAT.records(), top=2.4),
    "nothing paid": lambda: charts.event_day(HONEST.records()),
    "money": lambda: charts.money(MONEY),
    "no money": lambda: charts.money([{"what": "gained", "euro": 0.0}]),
    "grid": lambda: charts.grid_state(GRID),
}
test_it_compiles, test_it_is_told_in_words_and_rows = every(PICTURES, least=20)


# --- one home on one day --------------------------------------------------------------


def areas(spec, kind):
    return [
        row
        for layer in layers(spec, "rect")
        for row in rows_of(spec, layer)
        if row.get("_kind") == kind
    ]


@pytest.mark.parametrize("day", [LESS, MORE, CHEAT, HONEST])
def test_the_areas_are_the_energies(day):
    spec = charts.event_day(day.records(6)).to_dict()
    sums = {
        kind: sum(row["_y2"] - row["_y"] for row in areas(spec, kind)) * 1e6
        for kind in ("paid", "noise", "missing")
    }
    assert sums["paid"] + sums["noise"] == pytest.approx(sum(day.delivered), abs=10)
    assert sums["noise"] == pytest.approx(sum(day.noise), abs=10)
    assert sums["missing"] == pytest.approx(sum(day.shortfall), abs=10)


@pytest.mark.parametrize(("day", "down"), [(LESS, True), (MORE, False)])
def test_the_areas_lie_between_the_baseline_and_where_the_command_points(day, down):
    spec = charts.event_day(day.records(6)).to_dict()
    for n, hour in enumerate(day.hours):
        own = [row for kind in ("paid", "noise", "missing") for row in areas(spec, kind)]
        own = [row for row in own if row["_x"] == hour]
        base = day.baseline[n] / 1e6
        nearest = max(row["_y2"] for row in own) if down else min(row["_y"] for row in own)
        assert nearest == pytest.approx(base, abs=1e-5)


def test_the_title_is_the_finding():
    title = charts.event_day(CHEAT.records()).to_dict()["title"]
    hours = slice(CHEAT.hours.start, CHEAT.hours.stop)
    less = (sum(CHEAT.would[hours]) - sum(CHEAT.measured[hours])) / 1e6
    assert title["text"] == (
        f"Paid for {sum(CHEAT.delivered) / 1e6:.2f} kWh, fined for"
        f" {sum(CHEAT.shortfall) / 1e6:.2f}; really used {less:.2f} less"
    )
    assert f"{sum(CHEAT.noise) / 1e6:.2f} kWh was paid for and not done" in title["subtitle"][0]
    up = charts.event_day(MORE.records(6)).to_dict()["title"]
    assert up["text"].endswith("more")
    full = charts.event_day(event_day.of_programme(PROGRAMME, "H0-A", 22).records()).to_dict()
    assert full["title"]["subtitle"] == ["0.31 kWh was done and not paid for"]


def test_what_was_not_done_is_barred_and_what_is_missing_has_a_minus():
    spec = charts.event_day(CHEAT.records(), top=1.7).to_dict()
    bars = layers(spec, "rule", stroke=charts.PAID, strokeWidth=3)
    assert len(rows_of(spec, bars[0])) == 9 * len(areas(spec, "noise"))
    said = texts(spec)
    assert {"paid, and done", "paid, not done", "missing: penalty"} <= set(said)
    shown = charts.event_day(event_day.of_programme(PROGRAMME, "H0-A", 22).records()).to_dict()
    assert {"+0.30", "−0.31"} <= set(texts(shown))
    assert not layers(shown, "rule", stroke=charts.PAID, strokeWidth=3)


def test_the_command_and_the_baseline_are_drawn_in_the_event_only():
    spec = charts.event_day(LESS.records()).to_dict()
    for colour, profile in ((charts.COMMANDED, LESS.commanded), (charts.BASELINE, LESS.baseline)):
        line = layers(spec, "line", stroke=colour)[0]
        drawn = [row["_y"] * 1e6 for row in rows_of(spec, line)]
        assert drawn == pytest.approx([*profile, profile[-1]])


@pytest.mark.parametrize("vision", MACHADO)
def test_colours_that_touch_stay_apart(vision):
    pairs = [(charts.PAID, charts.MISSING), (charts.MEASURED, charts.COMMANDED)]
    for one, other in pairs:
        assert distance(one, other, vision) > 25


def test_a_day_without_an_event_is_refused():
    with pytest.raises(ValueError, match="no row is of an event"):
        charts.event_day(LESS.records(0, 12))


def test_each_hour_of_a_few_has_its_label():
    spec = charts.event_day(CHEAT.records()).to_dict()
    assert "'17:00', '18:00', '19:00', '20:00'" in str(spec)


# --- money and grid -------------------------------------------------------------------


def test_money_lies_on_its_side_of_nothing():
    spec = charts.money(MONEY).to_dict()
    ends = [(row["_x"], row["_x2"]) for row in spoken(spec)]
    assert sorted(ends) == [(-3.2, 0.0), (-2.0, 0.0), (0.0, 1.2)]
    assert {"+1.20 €", "−3.20 €", "−2.00 €"} <= set(texts(spec))
    assert spec["title"]["text"] == "Gained by cheating: −2.00 €"


def test_where_there_is_no_money_the_axis_still_counts_euros():
    nothing = charts.money([{"what": "gained", "euro": 0.0}]).to_dict()
    (bar,) = layers(nothing, "rect")
    low, high = bar["encoding"]["x"]["scale"]["domain"]
    assert low < -1 < 1 < high


def test_the_grid_before_and_after():
    spec = charts.grid_state(GRID).to_dict()
    heights = [row["_end"] for row in spoken(spec)]
    for name in ("before", "after"):
        assert {row[f"imbalance_{name}_kwh"] for row in GRID} <= set(heights)
    before, after = (
        sum(abs(row[f"imbalance_{name}_kwh"]) for row in GRID) for name in ("before", "after")
    )
    assert spec["title"]["text"] == f"{before:.2f} kWh of imbalance before, {after:.2f} kWh after"


@pytest.mark.parametrize("draw", [charts.event_day, charts.money, charts.grid_state])
def test_no_rows_no_chart(draw):
    with pytest.raises(ValueError, match="no rows"):
        draw([])


# --- always the same ------------------------------------------------------------------

PROGRAM = """
import json
from energychain.charts import demand_response as charts
from energychain.studies import event_day
print(json.dumps(charts.event_day(event_day.play(inflation=30).records()).to_dict()))
"""


def test_two_processes_draw_the_same():
    assert alike_in_two_processes(PROGRAM)


def test_unchecked_charts_are_the_same_charts():
    with theme.unchecked():
        quick = charts.event_day(CHEAT.records()).to_dict(), charts.money(MONEY).to_dict()
    assert quick == (charts.event_day(CHEAT.records()).to_dict(), charts.money(MONEY).to_dict())
