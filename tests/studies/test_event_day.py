"""One evening: the contract's own payments, and a truth that no contract knows."""

import pytest

from energychain.primitives.refusals import BadInput
from energychain.studies import baseline_gaming
from energychain.studies.demand_response import EVENTS, HOMES, measured_days, rehearse
from energychain.studies.event_day import DAY, RULES, net_gain, of_programme, play


def by_hand(inflation: int, incentive: float) -> tuple[float, float]:
    """Payment and wasted energy of H0-A by the plain average, in floats."""
    use = measured_days()["H0-A"]
    past = range(DAY - 10, DAY)
    paid = 0.0
    for hour in (17, 18, 19):
        base = sum(use[d][hour] for d in past) / 10 * (1 + inflation / 100)
        ask, used = 0.3 * base, use[DAY][hour] * 0.85
        done = min(max(base - used, 0), ask)
        paid += incentive * (done - (ask - done) / 2)
    wasted = sum(use[d][h] for d in range(DAY - 14, DAY) for h in (17, 18, 19)) * inflation / 100
    return paid, wasted


@pytest.mark.parametrize("inflation", [0, 10, 60])
@pytest.mark.parametrize("incentive", [1, 7])
def test_the_payment_by_hand(inflation: int, incentive: int) -> None:
    day = play(rule="average", inflation=inflation, incentive=incentive * 10**6)
    plain = play(rule="average", incentive=incentive * 10**6)
    paid, wasted = by_hand(inflation, incentive)
    assert day.paid == pytest.approx(paid, abs=20)
    assert day.wasted == pytest.approx(wasted, abs=60)
    gain = paid - by_hand(0, incentive)[0] - 0.3 * wasted
    assert net_gain(day, plain) == pytest.approx(gain, abs=60)


@pytest.mark.parametrize("rule", ["average", "ten in ten, cap 20 %", "control group"])
def test_who_reduces_nothing_gains_what_the_gaming_study_says(rule: str) -> None:
    home, inflation = "H0-C", 30
    kind = {"average": "average", "control group": "control group"}.get(rule, rule)
    (scheme,) = (s for s in baseline_gaming.SCHEMES if s.name == kind)
    assert (RULES[rule].kind, RULES[rule].rule) == (scheme.kind, scheme.rule)
    short = RULES[rule].__class__(rule, scheme.kind, scheme.rule, season=1, events=1, begins=DAY)
    prices = baseline_gaming.Prices()
    study = baseline_gaming.outcome(home, short, "history", inflation, prices)
    cheat = play(home, rule, answer=0, inflation=inflation)
    assert (cheat.incentive, cheat.penalty) == (study.incentive_earned, study.penalty_paid)
    assert net_gain(cheat, play(home, rule, answer=0)) == study.net_gain


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("answer", [0, 15, 60])
def test_every_hour_adds_up(rule: str, answer: int) -> None:
    day = play(rule=rule, answer=answer, inflation=20)
    hours = zip(
        day.delivered, day.shortfall, day.noise, day.saved, day.expected, day.commanded, strict=True
    )
    for done, missing, noise, saved, expected, commanded in hours:
        assert done + missing == expected - commanded
        assert noise == max(done - saved, 0)
    if not answer:
        assert day.noise == day.delivered, "who does nothing is paid for nothing else"


def test_a_control_group_does_not_move() -> None:
    plain = play(rule="control group")
    for inflation in (10, 60):
        cheat = play(rule="control group", inflation=inflation)
        assert (cheat.baseline, cheat.paid) == (plain.baseline, plain.paid)
        assert net_gain(cheat, plain) < 0


@pytest.mark.parametrize("home", HOMES)
@pytest.mark.parametrize("event", EVENTS)
def test_an_evening_of_the_programme_is_what_the_ledger_paid(home: str, event) -> None:  # type: ignore[no-untyped-def]
    programme = rehearse()
    day = of_programme(programme, home, event.day)
    (paid,) = [s for s in programme.settlements if (s.home, s.day) == (home, event.day)]
    assert (day.incentive, day.penalty) == (paid.incentive, paid.penalty)
    assert list(day.hours) == list(range(event.first, event.first + event.hours))
    assert day.would == measured_days()[home][event.day]
    same = [h for h in range(24) if h not in day.hours]
    assert [day.measured[h] for h in same] == [day.would[h] for h in same]


def test_records_know_the_truth_and_the_event() -> None:
    rows = play(inflation=30).records(13, 22)
    assert [row["hour"] for row in rows] == list(range(13, 22))
    assert [row["hour"] for row in rows if "baseline_kwh" in row] == [17, 18, 19]
    assert all(row["measured_kwh"] <= row["would_kwh"] for row in rows)


def test_what_does_not_exist_is_named() -> None:
    with pytest.raises(BadInput, match="not by 'luck'"):
        play(rule="luck")
    with pytest.raises(BadInput, match="H0-A had no event on day 3"):
        of_programme(rehearse(), "H0-A", 3)
