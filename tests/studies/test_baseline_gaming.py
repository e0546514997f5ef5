"""Gaming a baseline: every figure by brute force, and what stops it at every price."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from energychain.studies.baseline_gaming import (
    INFLATIONS,
    MONDAYS,
    SCHEMES,
    SEASON_BEGINS,
    Outcome,
    Prices,
    at_incentives,
    control_group_errors,
    event_days,
    gaming,
    inflated,
    records,
    season_days,
    verdicts,
)
from energychain.studies.demand_response import HOMES, baseline_errors, measured_days

SCHEME = {scheme.name: scheme for scheme in SCHEMES}
EVENING = (17, 18, 19)
WINDOW = (13, 14, 15)


@cache
def table() -> tuple[Outcome, ...]:
    return tuple(gaming("H0-A"))


def found(scheme: str, strategy: str, inflation: int) -> Outcome:
    (one,) = [
        o
        for o in table()
        if (o.scheme, o.strategy, o.inflation_percent) == (scheme, strategy, inflation)
    ]
    return one


def brute_force(strategy: str, percent: int, cap: float) -> dict[str, float]:
    """A hot week of ten-in-ten for H0-A, in floats, from the table of measured days alone."""
    use: dict[int, Any] = {d: list(p) for d, p in measured_days()["H0-A"].items()}
    events = list(range(SEASON_BEGINS, SEASON_BEGINS + 5))
    before = [d for d in range(SEASON_BEGINS - 14, SEASON_BEGINS) if d % 7 < 5]
    wasted = 0.0

    def more(day: int, hours: tuple[int, ...]) -> None:
        nonlocal wasted
        for hour in hours:
            wasted += use[day][hour] * percent / 100
            use[day][hour] *= 1 + percent / 100

    if strategy in ("history", "both"):
        for day in before:
            more(day, EVENING)
    if strategy in ("window", "both"):
        for day in events:
            more(day, WINDOW)
    got = missed = 0.0
    for day in events:
        mean = [sum(use[d][h] for d in before) / 10 for h in range(24)]
        ratio = sum(use[day][h] for h in WINDOW) / sum(mean[h] for h in WINDOW)
        ratio = min(max(ratio, 1 - cap), 1 + cap)
        for hour in EVENING:
            want = 0.3 * mean[hour]
            done = min(max(mean[hour] * ratio - use[day][hour], 0), want)
            got, missed = got + done, missed + want - done
    return {"incentive": got, "penalty": missed / 2, "cost": wasted * 0.3}


@pytest.mark.parametrize("strategy", ["history", "window", "both"])
@pytest.mark.parametrize(
    ("scheme", "cap"),
    [
        ("ten in ten, no adjustment", 0.0),
        ("ten in ten, no cap", 1e9),
        ("ten in ten, cap 20 %", 0.2),
    ],
)
def test_every_outcome_by_brute_force(scheme: str, cap: float, strategy: str) -> None:
    plain = brute_force(strategy, 0, cap)
    for inflation in INFLATIONS:
        ours, other = found(scheme, strategy, inflation), brute_force(strategy, inflation, cap)
        gain = other["incentive"] - plain["incentive"] + plain["penalty"] - other["penalty"]
        assert ours.incentive_earned == pytest.approx(other["incentive"], abs=20)
        assert ours.penalty_paid == pytest.approx(other["penalty"], abs=20)
        assert ours.extra_energy_cost == pytest.approx(other["cost"], abs=20)
        assert ours.net_gain == pytest.approx(gain - other["cost"], abs=60)


def test_without_inflation_nothing_is_gained() -> None:
    for each in table():
        if not each.inflation_percent:
            assert each.net_gain == each.extra_energy_cost == 0


def test_only_two_rules_stop_it_at_every_incentive() -> None:
    rows = at_incentives("H0-A", "H0-C", incentives=(1_000_000, 10_000_000))
    beaten = {row["rule"] for row in rows if not row["stops"]}
    assert {scheme.name for scheme in SCHEMES} - beaten == {
        "control group",
        "bought at the event price",
    }


@pytest.mark.parametrize("home", HOMES)
def test_a_control_group_pays_the_same_whatever_the_home_does(home: str) -> None:
    rows = gaming(home, schemes=[SCHEME["control group"]], mondays=MONDAYS[:2])
    for monday in MONDAYS[:2]:
        paid = {(o.incentive_earned, o.penalty_paid) for o in rows if o.begins == monday}
        assert len(paid) == 1
    for each in rows:
        assert each.net_gain == -each.extra_energy_cost


@pytest.mark.parametrize("rate", [1, 999_999, 3_333_333])
def test_at_the_event_price_a_declared_baseline_drops_out_to_the_last_micro(rate: int) -> None:
    prices = Prices(incentive=rate)
    schemes = [SCHEME["bought at the event price"]]
    rows = gaming(schemes=schemes, inflations=(0, 1, 7, 33, 400), prices=prices)
    assert {each.net_gain for each in rows} == {0}


def test_a_free_declaration_pays_the_more_the_more_it_lies() -> None:
    gains = [found("declared", "declare", inflation).net_gain for inflation in INFLATIONS]
    assert gains == sorted(gains)
    assert gains[-1] > gains[1] > 0


def test_the_cap_bounds_what_the_window_brings() -> None:
    capped = [found("ten in ten, cap 20 %", "window", i).incentive_earned for i in INFLATIONS]
    free = [found("ten in ten, no cap", "window", i).incentive_earned for i in INFLATIONS]
    assert max(capped) < max(free)
    assert found("ten in ten, cap 20 %", "window", 10).net_gain > 0, "a bound is no cure"


def test_who_does_not_know_the_day_pays_for_all_of_them() -> None:
    known, lot = SCHEME["ten in ten, cap 20 %"], SCHEME["event days by lot"]
    days = measured_days()["H0-A"]
    for scheme, raised in ((known, event_days(known)), (lot, season_days(lot))):
        shown = inflated(days, scheme, "window", 10, event_days(scheme))
        assert [day for day in days if shown[day] != days[day]] == raised
    assert len(season_days(lot)) == 20
    assert set(event_days(lot)) < set(season_days(lot))
    assert event_days(lot, 1) != event_days(lot, 2)


def test_a_modest_inflation_hides_in_what_an_honest_home_does() -> None:
    assert not found("ten in ten, no adjustment", "history", 30).caught
    assert found("ten in ten, no adjustment", "history", 100).caught
    assert found("ten in ten, no adjustment", "history", 30).net_gain > 0


def test_the_price_of_a_control_group_is_its_error() -> None:
    own = {e.home: e for e in baseline_errors() if e.rule == "ten_in_ten"}
    group = control_group_errors()
    assert [e.home for e in group] == list(HOMES)
    assert all(e.rmse_kwh > own[e.home].rmse_kwh for e in group)


def test_verdicts_take_the_best_of_all_inflations_above_nothing() -> None:
    outcomes = [o for o in table() if o.scheme == "average"]
    (best,) = verdicts(outcomes)
    assert best.net_gain == max(o.net_gain for o in outcomes if o.inflation_percent)
    (worse,) = verdicts([replace(o, net_gain=-1) for o in outcomes])
    assert worse.stops
    assert not best.stops


def test_records_are_in_euros() -> None:
    record = records(table())[3]
    assert record["rule"] == "average"
    assert record["net_gain"] == table()[3].net_gain / 1e6
