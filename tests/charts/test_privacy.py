"""Dots are shares, ticks are chance, and the line-up does not give itself away."""

import json
from dataclasses import asdict

import pytest
from looks import every, layers, rows_of, spoken, title

from energychain.charts import privacy as charts
from energychain.studies import privacy
from energychain.studies.line_up import line_up
from energychain.studies.published_days import homes, suspects

AMONG = [asdict(row) for row in privacy.number_of_homes((5, 10))]
REAL = [asdict(row) for row in privacy.real_homes()]
LINE_UP = line_up()


def drawn_line_up():
    return charts.line_up(LINE_UP.seen, LINE_UP.known, LINE_UP.suspect)


SUSPECTS = suspects(homes(5))
PADDED = suspects(privacy.padded_lengths(homes(5)))
MANY = [{"home": f"home {n}", "distance": 1.0 + n, "truth": n == 15} for n in range(20)]
NOW = [{"what": "as it is", "share": 0.5, "all": 140}, {"what": "now", "share": 0.1, "all": 140}]

PICTURES = {
    "line-up": drawn_line_up,
    "two days": lambda: charts.line_up({"x": [1.0, 2.0]}, [[1.0, 1.0], [2.0, 0.5]], "A"),
    "suspects": lambda: charts.suspects(SUSPECTS),
    "suspects, all alike": lambda: charts.suspects(PADDED, unit="bytes"),
    "suspects, taken for another": lambda: charts.suspects(MANY, about="this week"),
    "success": lambda: charts.success(REAL),
    "by homes": lambda: charts.by_homes(AMONG),
    "now": lambda: charts.now(NOW, chance=0.05),
}
test_it_compiles, test_it_is_told_in_words_and_rows = every(PICTURES, least=40)


@pytest.mark.parametrize("draw", [charts.suspects, charts.success, charts.by_homes])
def test_nothing_is_not_drawn(draw):
    with pytest.raises(ValueError, match="no rows"):
        draw([])


def test_a_line_up_needs_both_sides_and_shares_need_rows():
    for days, known in (({}, [[1.0]]), ({"x": [1.0]}, [])):
        with pytest.raises(ValueError, match="no rows"):
            charts.line_up(days, known, "A")
    with pytest.raises(ValueError, match="no rows"):
        charts.now([], chance=0.5)


# --- the line-up ----------------------------------------------------------------------


def test_the_line_up_names_no_home_but_the_suspect():
    said = json.dumps(drawn_line_up().to_dict())
    for home in LINE_UP.homes.values():
        assert (home in said) == (home == LINE_UP.suspect)


def test_each_line_is_a_day_and_the_band_is_what_is_usual():
    spec = drawn_line_up().to_dict()
    lines = layers(spec, "line")
    for line, day in zip(lines, LINE_UP.seen.values(), strict=True):
        drawn = [row["_y"] for row in rows_of(spec, line)]
        assert drawn == [*day.tolist(), day[-1]]
    band = rows_of(spec, layers(spec, "rect")[0])
    assert len(band) == 24 * len(lines)
    for hour in range(24):
        usual = sorted(LINE_UP.known[:, hour])[1:-1]
        assert (band[hour]["_y"], band[hour]["_y2"]) == (usual[0], usual[-1])


# --- suspects -------------------------------------------------------------------------


def test_the_nearest_is_on_top_and_the_true_one_is_named():
    spec = charts.suspects(SUSPECTS).to_dict()
    nearest = min(SUSPECTS, key=lambda row: row["distance"])
    assert nearest["truth"]
    assert spec["title"]["text"] == f"Recognised: {nearest['home']}"
    bars = [row for layer in layers(spec, "rect") for row in rows_of(spec, layer)]
    assert min(bars, key=lambda row: row["_y"])["_name"] == f"{nearest['home']} (true)"
    assert {row["_x"] for row in bars} == {row["distance"] for row in SUSPECTS}


def test_the_true_one_is_shown_though_it_is_far_down():
    spec = charts.suspects(MANY).to_dict()
    assert spec["title"]["text"] == "Taken for home 0, but it is home 15"
    assert len(spoken(spec)) == 8
    assert "home 15: 16.00 kWh away, the true one" in [row["_said"] for row in spoken(spec)]
    assert "number 16 of 20" in spec["title"]["subtitle"][0]


def test_where_all_fit_nobody_is_recognised():
    assert title(charts.suspects(PADDED))[0] == "5 of 5 homes fit equally well"


# --- shares ---------------------------------------------------------------------------


def test_dots_are_shares_and_stems_begin_at_chance():
    spec = charts.success(REAL).to_dict()
    (stem,) = layers(spec, "rule")
    marks = rows_of(spec, stem)
    assert [row["_x"] for row in marks] == [row["success"] for row in REAL]
    assert {row["_0"] for row in marks} == {0.2}
    assert len({row["_y"] for row in marks}) == len(REAL)
    assert len(spoken(spec)) == len(REAL)


def test_the_lead_over_chance_is_told():
    told = title(charts.by_homes(AMONG))[0]
    last = AMONG[-1]
    times = last["success"] / last["chance"]
    assert told.startswith("Among 10 homes") and told.endswith(f"{times:.0f} times chance")


def test_now_is_the_last_row():
    assert title(charts.now(NOW, chance=0.05))[0].startswith("10 % of 140")
