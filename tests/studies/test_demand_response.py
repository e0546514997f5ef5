"""The demand-response programme on real homes: the ledger against sums done beside it."""

from dataclasses import replace
from functools import cache
from math import sqrt

import pytest

from energychain.contracts.baselines import RULES
from energychain.contracts.calls import vault
from energychain.contracts.demand_response import CONTRACT, earned, grid_state
from energychain.contracts.token import MONEY
from energychain.primitives.merkle import BadProof
from energychain.primitives.refusals import BadInput
from energychain.studies.demand_response import (
    EVENTS,
    HOMES,
    Programme,
    baseline_errors,
    claims,
    measured_days,
    money_goes,
    rehearse,
    run,
)


@cache
def programme() -> Programme:
    return run()


def test_the_chain_and_the_rehearsal_tell_the_same() -> None:
    assert replace(programme(), network=None) == rehearse()


def test_the_rows_are_what_the_ledger_remembers() -> None:
    network = programme().network
    assert network is not None
    storage = network.chain.state.storage[CONTRACT]
    assert {network.address(h): m for h, m in programme().earned.items()} == earned(storage)
    for row in programme().grid_records():
        state = grid_state(storage, int(row["day"]))
        hour = int(row["period"])
        assert row["imbalance_before_kwh"] == pytest.approx(state.imbalance[hour] / 1e6)
        assert row["imbalance_after_kwh"] == pytest.approx(state.left[hour] / 1e6)
    network.chain.validate()


@pytest.mark.parametrize("rule", RULES)
def test_no_money_appears_or_stays_behind(rule: str) -> None:
    played = rehearse(rule)
    assert sum(played.changes.values()) == 0
    for home in HOMES:
        own = [s for s in played.settlements if s.home == home]
        assert played.changes[home] == sum(s.incentive - s.penalty for s in own)


def test_the_vault_is_empty_at_the_end() -> None:
    network = programme().network
    assert network is not None
    assert network.chain.state.balance(MONEY, vault(CONTRACT)) == 0


def test_every_row_by_a_plain_second_reading() -> None:
    called = {event.day: event for event in EVENTS}
    for row in programme().rows:
        less = called[row.day].percent < 0
        want = abs(row.expected - row.commanded)
        change = (row.baseline - row.measured) * (1 if less else -1)
        assert row.delivered == sorted((0, change, want))[1]
        assert row.delivered + row.shortfall == want
        assert row.commanded == round(row.expected * (100 + called[row.day].percent) / 100)


def test_a_home_that_does_nothing_is_paid_for_the_error_of_its_baseline() -> None:
    idle = rehearse(answers={})
    for row in idle.rows:
        assert row.measured == measured_days()[row.home][row.day][row.period]
    assert idle.delivered > 0, "on these days no baseline errs in anybody's favour"
    assert idle.delivered < programme().delivered


def test_a_light_client_checks_a_call_by_its_header() -> None:
    network = programme().network
    assert network is not None
    for function in ("command", "meter", "verify", "settle"):
        height, leaf, proof = programme().proof(function, "H0-L", EVENTS[0].day)
        root = network.chain.blocks[height].header.merkle_root
        proof.check(leaf, root)
        with pytest.raises(BadProof):
            proof.check(leaf + b"!", root)
    with pytest.raises(BadInput, match="no block holds a call of settle about H0-A on day 3"):
        programme().proof("settle", "H0-A", 3)
    with pytest.raises(BadInput, match="call run instead"):
        rehearse().proof("settle", "H0-A", EVENTS[0].day)


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(BadInput, match="not 'guess'"):
        rehearse("guess")


def test_the_error_of_the_unadjusted_rule_by_a_plain_second_reading() -> None:
    days = measured_days()["H0-C"]
    use = {day: sum(profile[17:20]) / 1e6 for day, profile in days.items()}
    weekdays = [day for day in use if day % 7 < 5]
    errors = []
    for place, day in enumerate(weekdays):
        if day >= 28:
            recent = weekdays[place - 10 : place]
            errors.append(sum(use[past] for past in recent) / 10 - use[day])
    found = {e.rule: e for e in baseline_errors() if e.home == "H0-C"}["ten_in_ten_unadjusted"]
    assert found.days == len(errors)
    assert found.bias_kwh == pytest.approx(sum(errors) / len(errors), abs=1e-5)
    assert found.rmse_kwh == pytest.approx(
        sqrt(sum(error**2 for error in errors) / len(errors)), abs=1e-5
    )


def test_picking_the_highest_days_is_biased_for_every_home() -> None:
    found = {(e.rule, e.home): e for e in baseline_errors()}
    for home in HOMES:
        assert found["five_in_ten", home].bias_kwh > 0.1
        assert abs(found["average", home].bias_kwh) < 0.1


def test_for_a_single_home_every_rule_errs_by_more_than_the_30_percent_asked() -> None:
    for error in baseline_errors():
        assert error.rmse_kwh > 0.3 * error.mean_kwh


def test_money_goes_to_who_sells() -> None:
    (claim,) = claims(programme())
    assert claim.verdict == "erratum"
    assert claim.computed == money_goes(programme()) == "from buyers to sellers"
    backwards = replace(
        programme(), changes={name: -change for name, change in programme().changes.items()}
    )
    assert money_goes(backwards) == "from sellers to buyers"
    with pytest.raises(ValueError, match="agrees with what is printed"):
        claims(backwards)
