"""The areas are what is paid for, the bars are the numbers, and all of it reads without colour."""

from dataclasses import asdict

import pytest
from colour_vision import MACHADO, distance
from looks import alike_in_two_processes, assert_told, compiles, layers, rows_of, spoken, texts

from energychain.charts import as_table, theme
from energychain.charts import demand_response as charts
from energychain.studies import baseline_gaming, demand_response, event_day

PROGRAMME = demand_response.rehearse()
LESS = event_day.of_programme(PROGRAMME, "H0-B", 22)
MORE = event_day.of_programme(PROGRAMME, "H0-C", 24)
CHEAT = event_day.play(inflation=30)
HONEST = event_day.play(answer=0, rule="control group")
GRID = PROGRAMME.grid_records()
ERRORS = [asdict(error) for error in demand_response.baseline_errors()]
TRIED = baseline_gaming.records(baseline_gaming.gaming("H0-A", inflations=(0, 10, 30)))
TABLE = baseline_gaming.at_incentives("H0-A", incentives=(500_000, 10_000_000))
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
    "errors": lambda: charts.baseline_errors(ERRORS),
    "gaming": lambda: charts.gaming(TRIED),
    "incentives": lambda: charts.at_incentives(TABLE),
}
every_picture = pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)


@every_picture
def test_it_compiles_with_old_and_new_vega_lite(draw):
    assert compiles(draw())


@every_picture
def test_it_has_title_words_and_a_table(draw):
    assert_told(draw(), least=20)


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


def test_each_hour_of_a_few_has_its_label():
    spec = charts.event_day(CHEAT.records()).to_dict()
    assert "'17:00', '18:00', '19:00', '20:00'" in str(spec)


def test_the_grid_before_and_after():
    spec = charts.grid_state(GRID).to_dict()
    heights = [row["_end"] for row in spoken(spec)]
    for name in ("before", "after"):
        assert {row[f"imbalance_{name}_kwh"] for row in GRID} <= set(heights)
    before, after = (
        sum(abs(row[f"imbalance_{name}_kwh"]) for row in GRID) for name in ("before", "after")
    )
    assert spec["title"]["text"] == f"{before:.2f} kWh of imbalance before, {after:.2f} kWh after"


# --- errors ---------------------------------------------------------------------------


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


# --- gaming ---------------------------------------------------------------------------


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
    filled = [
        row for layer in layers(spec, "rect", fill=charts.MISSING) for row in rows_of(spec, layer)
    ]
    assert all("cheating brings +" in row["_said"] for row in filled)


@pytest.mark.parametrize(
    "draw",
    [
        charts.event_day,
        charts.money,
        charts.grid_state,
        charts.baseline_errors,
        charts.gaming,
        charts.at_incentives,
    ],
)
def test_no_rows_no_chart(draw):
    with pytest.raises(ValueError, match="no rows"):
        draw([])


# --- always the same ------------------------------------------------------------------

PROGRAM = """
import json
from energychain.charts import demand_response as charts
from energychain.studies import baseline_gaming, event_day
tried = baseline_gaming.records(baseline_gaming.gaming("H0-A", inflations=(0, 10)))
parts = [charts.event_day(event_day.play(inflation=30).records()), charts.gaming(tried)]
print(json.dumps([part.to_dict() for part in parts]))
"""


def test_two_processes_draw_the_same():
    assert alike_in_two_processes(PROGRAM)


def test_unchecked_charts_are_the_same_charts():
    with theme.unchecked():
        quick = charts.event_day(CHEAT.records()).to_dict(), charts.money(MONEY).to_dict()
    assert quick == (charts.event_day(CHEAT.records()).to_dict(), charts.money(MONEY).to_dict())
