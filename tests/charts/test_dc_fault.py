"""Curves are the currents, strips are the conditions, signs are the verdicts."""

import pytest
from looks import every, layers, rows_of, texts, title

from energychain.charts import as_table, dc_attacks, dc_protection, theme
from energychain.charts import dc_fault as charts
from energychain.grid.dc_line import SET_B, Fault, LoadStep
from energychain.studies.dc_fault import RECORDED, protect
from energychain.studies.dc_protection_paths import campaign_rows, regions, waiting
from energychain.widgets.dc_attacks import outcome, streams
from energychain.widgets.dc_fault import current_rows, watched

ONE_OHM = watched(SET_B, RECORDED)
HARD = watched(SET_B, Fault(0.1, 0.33))
BEYOND = watched(SET_B, Fault(1.0, 1.2), "literal")
NOISY = watched(SET_B, None, "literal", noise_ma=1.0)
STEP = watched(SET_B, LoadStep(1.0), "guarded")
TAPED = protect(SET_B, None, attack="replay in place", defended=False, path="ledger", seed=7)
HELPED = protect(SET_B, RECORDED, attack="replay in place", path="ledger", seed=7)
QUIET = protect(SET_B, RECORDED)
MISSED = protect(SET_B, RECORDED, attack="replay in place", seed=7)

REGIONS = regions(SET_B, resistances=[1, 30, 300], noises=[1e-5, 1e-3], runs=8)
WAITS = waiting(SET_B, holds=[0.0, 1e-3, 2e-3], runs=40, attacks_seen=2)
ATTACKS = campaign_rows(
    SET_B, names=["eavesdropping", "replay in place", "false data with the key"], seeds=range(2)
)

PICTURES = {
    "currents": ONE_OHM.currents,
    "currents alone": lambda: charts.currents(current_rows(ONE_OHM.waves)),
    "currents of a hard fault": HARD.currents,
    "currents of an external fault": BEYOND.currents,
    "currents at rest": NOISY.currents,
    "rule": ONE_OHM.rule,
    "rule beyond": BEYOND.rule,
    "rule in noise": NOISY.rule,
    "rule and a load": STEP.rule,
    "streams of lies": lambda: streams(TAPED),
    "streams and the ledger": lambda: streams(HELPED),
    "streams, undisturbed": lambda: streams(QUIET),
    "streams, missed": lambda: streams(MISSED),
    "regions": lambda: dc_protection.regions(REGIONS),
    "waiting": lambda: dc_protection.waiting(WAITS),
    "campaign": lambda: dc_attacks.campaign(ATTACKS),
}
test_it_compiles, test_it_is_told_in_words_and_rows = every(PICTURES)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: charts.currents([]),
        lambda: charts.rule([], relay="literal"),
        lambda: dc_protection.regions([]),
        lambda: dc_protection.waiting([]),
        lambda: dc_attacks.streams([], outcome="nothing"),
        lambda: dc_attacks.campaign([]),
    ],
)
def test_no_rows_are_named(draw):
    with pytest.raises(ValueError, match="no rows"):
        draw()


# --- currents -------------------------------------------------------------------------


def test_the_curves_are_the_currents_of_the_line():
    table = as_table(ONE_OHM.currents()).set_index("ms")
    waves = ONE_OHM.waves
    assert (table.loc[-1.0, ["i1", "i2", "i_f"]] == [1.7, -1.7, 0.0]).all()
    for ms in (0.5, 1.0, 2.0, 5.0):
        exact = waves.at([ms / 1e3])
        for name in ("i1", "i2", "i_f"):
            assert table.loc[ms, name] == pytest.approx(exact[name][0], abs=1e-4)


def test_the_fed_time_is_shaded_and_the_rest_is_pale():
    spec = ONE_OHM.currents().to_dict()
    (shade,) = layers(spec, "rect", fill=charts.LET_THROUGH)
    (veil,) = layers(spec, "rect", fill="white")
    isolated = ONE_OHM.trip.isolated_ms
    assert rows_of(spec, shade) == [{"ms": 0.0, "_end": isolated}]
    assert rows_of(spec, veil) == [{"ms": isolated, "_end": 6.0}]
    assert {"trip 1.30 ms", "isolated 1.42 ms"} <= set(texts(spec))
    assert title(ONE_OHM.currents()) == (
        "Up to 38.4 A in the fault; the line is isolated at 1.42 ms",
        "Shaded: the fault is fed 1.5 J. Pale: what would flow if nothing opened",
    )


def test_without_a_trip_all_is_shaded_and_nothing_pale():
    missed = watched(SET_B, Fault(100.0, 0.5), "literal")
    spec = missed.currents().to_dict()
    (shade,) = layers(spec, "rect", fill=charts.LET_THROUGH)
    assert rows_of(spec, shade) == [{"ms": 0.0, "_end": 6.0}]
    assert not layers(spec, "rect", fill="white")
    assert "the line stays connected" in spec["title"]["text"]


def test_a_fault_elsewhere_is_not_this_lines_to_clear():
    spec = BEYOND.currents().to_dict()
    assert not layers(spec, "rect", fill=charts.LET_THROUGH)
    assert "fed" not in spec["title"]["subtitle"][0]


def test_below_the_title_stands_a_line_whatever_happens():
    quiet = watched(SET_B, Fault(1.0, 1.2), "guarded").currents()
    assert title(quiet)[1:] == ("No breaker opens",)


def test_diodes_are_marked_where_they_switch():
    spec = HARD.currents().to_dict()
    assert HARD.waves.events[0].name == "D1_on"
    assert "D1 on" in texts(spec)
    assert f"D1 on at {HARD.waves.events[0].ms:.2f} ms" in spec["description"]
    assert "D2" not in spec["description"]  # only after what is shown


def test_the_curves_differ_without_colour():
    spec = ONE_OHM.currents().to_dict()
    dashes = {tuple(layer["mark"]["strokeDash"]) for layer in layers(spec, "line")}
    assert len(dashes) == 3


# --- the rule -------------------------------------------------------------------------


def test_the_rule_holds_where_alpha_min_is_not_above():
    table = as_table(ONE_OHM.rule())
    later = table[table.ms > 0.05]
    for row in later.itertuples():
        if abs(row.alpha_min - row.s_t_alpha) > 2e-3:  # what rounding can hide
            assert row.rule6 == (row.alpha_min <= row.s_t_alpha)


def test_with_s_t_0_alpha_drops_out():
    assert set(as_table(BEYOND.rule()).s_t_alpha.dropna()) == {0.0}


@pytest.mark.parametrize("case", [ONE_OHM, BEYOND, NOISY], ids=["inside", "beyond", "noise"])
def test_no_slope_lies_on_the_edge_of_its_plot(case):
    spec = case.rule().to_dict()
    low, high = next(
        layer["encoding"]["y"]["scale"]["domain"]
        for layer in layers(spec, "line")
        if "domain" in layer["encoding"]["y"].get("scale", {})
    )
    sides = as_table(case.rule())[["alpha_min", "s_t_alpha"]]
    assert low <= 1.3 * min(-10, sides.min().min())
    assert high >= 1.3 * max(10, sides.max().max())


def test_the_strips_are_the_conditions():
    spec = ONE_OHM.rule().to_dict()
    seen = ONE_OHM.seen.rows()
    for (name, words), layer in zip(
        charts.CONDITIONS,
        [*layers(spec, "rect", fill="#8a8a8a"), *layers(spec, "rect", fill=theme.INK)],
        strict=True,
    ):
        (first, *_) = rows_of(spec, layer)
        assert first["ms"] == next(row["ms"] for row in seen if row[name])
        assert words in texts(spec)


def test_runs_of_a_flickering_condition():
    rows = [{"ms": n, "on": on} for n, on in enumerate([True, False, True, True])]
    assert charts.runs(rows, "on") == [(0, 1), (2, 3)]
    assert charts.runs(rows[1:2], "on") == []


def test_the_title_tells_when_the_rule_holds_and_the_relay_trips():
    assert title(ONE_OHM.rule())[0] == (
        "Rule (6) first holds at 1.26 ms; the guarded relay trips at 1.30 ms"
    )
    late = watched(SET_B, LoadStep(0.4), "literal")
    assert late.trip.ms > 6
    assert "holds only after the 6 ms shown" in title(late.rule())[0]
    assert title(STEP.rule())[0].endswith("the guarded relay does not trip")
    assert title(watched(SET_B, None, "literal").rule())[0] == (
        "Rule (6) does not hold; the literal relay does not trip"
    )


# --- the streams ----------------------------------------------------------------------


def test_what_was_believed_and_what_the_ledger_says_stand_beside_what_was_sent():
    table = as_table(streams(TAPED))
    lied = table[table.believed_a1 != table.sent_a1].dropna()
    assert len(lied) > 50
    assert (table.ledger_a1.dropna() == 1.7).all()
    true = as_table(streams(QUIET))
    for end in (1, 2):
        assert (true[f"believed_a{end}"] == true[f"sent_a{end}"]).all()


def test_refusals_are_counted_and_the_first_sign_marked():
    spec = streams(HELPED).to_dict()
    assert f"epoch: {len(HELPED.run.refused)} refused" in texts(spec)
    (sign,) = layers(spec, "point", shape="triangle-right")
    assert rows_of(spec, sign) == [{"ms": pytest.approx(HELPED.caught_at * 1e3)}]
    assert title(streams(HELPED))[1].startswith("The first is refused for its epoch, at ")


def test_the_ledgers_contradiction_is_told_and_comes_too_late():
    spec = streams(TAPED).to_dict()
    assert TAPED.false_trip and TAPED.trip < TAPED.caught_at
    assert spec["title"]["subtitle"][0].startswith("The ledger contradicts the link, at 1.77")
    assert "From 0.30 ms on the relay believes what no sensor sent" in spec["description"]


def test_a_quiet_line_fills_no_axis():
    healthy = streams(protect(SET_B, None)).to_dict()
    domains = [
        layer["encoding"]["y"]["scale"]["domain"]
        for layer in layers(healthy, "line")
        if "domain" in layer["encoding"]["y"].get("scale", {})
    ]
    assert domains
    assert all(low < -5 and high > 5 for low, high in domains)


def test_nothing_to_notice_is_told_as_that():
    assert title(streams(QUIET))[1] == "All that is believed was sent"
    assert "nothing refused" in texts(streams(QUIET).to_dict())


@pytest.mark.parametrize(
    ("played", "words"),
    [
        (QUIET, "Cleared on the link's word"),
        (HELPED, "Cleared on the ledger's word"),
        (TAPED, "Tripped on nothing"),
        (MISSED, "Missed: the fault is fed"),
    ],
)
def test_the_title_is_the_outcome(played, words):
    assert outcome(played).startswith(words)
    assert title(streams(played))[0] == outcome(played)


# --- regions --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dependability", "security", "found"),
    [
        (1.0, 1.0, "protected"),
        (0.9, 1.0, "blind"),
        (1.0, 0.9, "false trips"),
        (0, 0, "false trips"),
    ],
)
def test_a_verdict(dependability, security, found):
    row = {"dependability": dependability, "security": security}
    assert dc_protection.verdict(row) == found


def test_a_cell_stands_where_its_resistance_and_noise_are_and_says_so_without_colour():
    spec = dc_protection.regions(REGIONS).to_dict()
    (signs,) = [layer for layer in layers(spec, "text") if "field" in layer["encoding"]["text"]]
    cells = {cell["_said"].split(":")[0]: cell for cell in rows_of(spec, signs)}
    assert len(cells) == len(REGIONS)
    clean, noisy = (cells[f"literal, 1 ohm, noise {noise} mA"] for noise in ("0.01", "1"))
    assert (clean["_t"], noisy["_t"]) == ("✓", "✗")
    assert noisy["_y"] < clean["_y"]  # more noise is higher
    weak = cells["literal, 300 ohm, noise 0.01 mA"]
    assert weak["_t"] == "○"
    assert weak["_x"] > clean["_x"]  # more resistance is farther right
    assert cells["guarded, 30 ohm, noise 1 mA"]["_t"] == "✓"


# --- waiting --------------------------------------------------------------------------


def test_waiting_is_told_in_the_title():
    assert title(dc_protection.waiting(WAITS))[0].startswith(
        "2 ms end false trips, and let through 3.4"
    )
    assert title(dc_protection.waiting(WAITS[:1]))[0].startswith("No wait shown is long enough")


# --- the campaign ---------------------------------------------------------------------


def test_the_campaign_is_shares_of_the_runs():
    table = as_table(dc_attacks.campaign(ATTACKS)).set_index("attack")
    for row in ATTACKS:
        column = "missed_trips" if row["case"] == "fault" else "false_trips"
        name = f"{row['case']} {row['defence']} {row['path']}"
        if name in table.columns:
            assert table.loc[row["attack"], name] == row[column] / row["runs"]
    assert table.loc["replay in place", "caught_by"] == "epoch"
    assert table.loc["false data with the key", "caught_by"] == ""


def test_the_campaign_says_what_is_left():
    picture = dc_attacks.campaign(ATTACKS)
    assert title(picture)[0] == "2 of 3 attacks hide a fault; tags and a ledger leave 1"
    assert "eavesdropping: no effect; given away by nothing." in picture.to_dict()["description"]
