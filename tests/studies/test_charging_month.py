"""A month of real charging sessions: what may be known, what adds up, what trade changes."""

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.contracts.charging_quota import AUCTION_RULES, PERIOD, double_auction
from energychain.grid.charging import HOUR, Session
from energychain.primitives.refusals import BadInput
from energychain.primitives.units import from_units
from energychain.studies import charging_month, charging_quota
from energychain.studies.charging_month import (
    Demand,
    Month,
    MonthTerms,
    acn_month,
    allocate,
    run,
    shared,
    site_orders,
    sites_of,
    worth,
)

TOP = 100_000


@cache
def month(margin: int = 40_000_000, rule: str = AUCTION_RULES[0]) -> Month:
    return run(MonthTerms(margin=margin, rule=rule))


DEMANDS = st.dictionaries(
    st.sampled_from([f"site {number}" for number in range(1, 9)]),
    st.lists(st.tuples(st.integers(1, 5_000_000), st.integers(0, TOP)), min_size=1, max_size=5),
    min_size=1,
).map(
    lambda sites: {
        site: [Demand(10 * at + number, *car) for number, car in enumerate(cars)]
        for at, (site, cars) in enumerate(sites.items())
    }
)


# --- one half-hour --------------------------------------------------------------------


@given(DEMANDS, st.integers(0, 40_000_000), st.sampled_from(AUCTION_RULES))
def test_no_site_loses_by_trade_and_the_margin_holds(
    demands: dict[str, list[Demand]], margin: int, rule: str
) -> None:
    before = allocate(demands, margin)
    total = sum(each.energy for site in demands.values() for each in site)
    assert sum(before.values()) <= margin or total <= margin
    matched = double_auction(site_orders(demands, before, TOP), rule)
    after = {**before, **{s: before[s] + each.quantity for s, each in matched.items()}}
    assert sum(after.values()) == sum(before.values())
    for site, cars in demands.items():
        payment = matched[site].payment if site in matched else 0
        gain = worth(cars, after[site]) - worth(cars, before[site])
        assert gain - 10**6 * payment > -(10**6), "but for the rounding of one milli-token"


@given(DEMANDS, st.integers(0, 20_000_000))
def test_a_quota_goes_to_the_most_urgent_and_no_car_gets_more_than_it_can_take(
    demands: dict[str, list[Demand]], quota: int
) -> None:
    for cars in demands.values():
        parts = shared(cars, quota)
        assert sum(parts.values()) == min(quota, sum(each.energy for each in cars))
        assert all(parts[each.car] <= each.energy for each in cars)
        for one in cars:
            for other in cars:
                if one.value > other.value and parts[other.car]:
                    assert parts[one.car] == one.energy


def test_what_a_quota_is_worth_is_the_best_that_can_be_done_with_it() -> None:
    cars = [Demand(1, 3, 50), Demand(2, 2, 90), Demand(3, 4, 10)]
    best = max(
        50 * a + 90 * b + 10 * (5 - a - b)
        for a in range(4)
        for b in range(3)
        if 0 <= 5 - a - b <= 4
    )
    assert worth(cars, 5) == best == 2 * 90 + 3 * 50


# --- the month ------------------------------------------------------------------------


def test_energy_adds_up_and_the_transformer_is_never_overloaded() -> None:
    played = month()
    limit = played.terms.margin * PERIOD // HOUR
    for policy, outcome in played.outcomes.items():
        assert outcome.delivered == sum(each.taken for each in outcome.half_hours)
        assert outcome.delivered <= played.requested
        for each in outcome.half_hours:
            assert each.taken <= each.allocated <= each.demand
            assert policy == "no limit" or each.allocated <= limit
            assert each.worth >= each.worth_before
            assert each.traded <= each.allocated


def test_requested_is_what_the_drivers_of_the_file_asked_for() -> None:
    assert month().requested == sum(each.requested or 0 for each in acn_month()) == 13_077_530_000


def test_trade_helps_in_most_scarce_half_hours_and_serves_urgent_cars_in_time() -> None:
    trade, pro_rata = month().outcomes["trade"], month().outcomes["pro rata"]
    assert trade.helped > trade.scarce / 2
    assert trade.late < pro_rata.late
    assert trade.gain > 0
    assert (pro_rata.traded, pro_rata.gain, pro_rata.helped) == (0, 0, 0)


def test_the_auction_moves_energy_in_time_it_does_not_make_any() -> None:
    trade, pro_rata = month().outcomes["trade"], month().outcomes["pro rata"]
    assert abs(trade.delivered - pro_rata.delivered) < pro_rata.delivered / 100


def test_a_transformer_that_is_large_enough_makes_all_policies_the_same() -> None:
    played = month(10**9)
    results = {(each.delivered, each.late, each.traded) for each in played.outcomes.values()}
    assert len(results) == 1
    assert all(each.scarce == 0 for each in played.outcomes.values())


def test_without_a_transformer_nothing_is_charged() -> None:
    trade = month(0).outcomes["trade"]
    assert (trade.delivered, trade.traded, trade.gain) == (0, 0, 0)


def test_the_rule_of_the_auction_moves_money_not_energy() -> None:
    assert month().outcomes == month(rule=AUCTION_RULES[1]).outcomes


def test_half_hours_carry_the_clock_of_the_garage() -> None:
    first = month().outcomes["trade"].half_hours[0]
    assert first.time == "2019-06-01T08:00"
    record = month().records()[0]
    assert record["time"] == first.time
    assert record["demand_kw"] == pytest.approx(6.656)


@settings(max_examples=15)
@given(st.integers(0, 1_439), st.integers(1, 20_000), st.randoms(use_true_random=False))
def test_nothing_is_decided_on_departures_that_nobody_could_know(
    half_hour: int, seconds: int, random: object
) -> None:
    """Whoever is still there at a moment may leave at any later time: what was decided up
    to that moment is the same.
    """
    start = acn_month()[0].arrival // PERIOD * PERIOD
    now = start + half_hour * PERIOD
    changed = [
        replace(each, departure=now + 1 + (each.departure * seconds) % 86_400)
        if each.departure > now and each.arrival <= now
        else each
        for each in acn_month()
    ]
    as_it_was = [r for r in month().outcomes["trade"].half_hours if r.start <= now]
    other = [r for r in run(sessions=changed).outcomes["trade"].half_hours if r.start <= now]
    decided = [
        [(r.start, r.cars, r.demand, r.allocated, r.traded, r.worth) for r in rows]
        for rows in (as_it_was, other)
    ]
    assert decided[0] == decided[1]


def test_what_drivers_say_does_change_the_decisions() -> None:
    patient = [
        replace(each, estimated_departure=each.estimated_departure + 86_400)
        if each.estimated_departure
        else each
        for each in acn_month()
    ]
    assert run(sessions=patient).outcomes["trade"].traded != month().outcomes["trade"].traded


def test_silent_drivers_are_left_out_but_keep_their_chargers() -> None:
    silent = [each for each in acn_month() if each.requested is None]
    assert len(silent) == 143
    with pytest.raises(BadInput, match="no driver said what it wants"):
        run(sessions=silent)
    assert len(sites_of(acn_month(), 8)) == 47


@pytest.mark.parametrize("rule", AUCTION_RULES)
def test_the_contract_itself_decides_the_same(rule: str) -> None:
    """Some scarce half-hours, played through the contract with deposits and deadlines."""
    terms = MonthTerms(rule=rule)
    seen = 0
    for demands in _scarce(terms)[::60]:
        quotas = allocate(demands, terms.margin * PERIOD // HOUR)
        orders = site_orders(demands, quotas, terms.top_price)
        matched = double_auction(orders, rule)
        plans = [
            charging_quota.Plan(
                site,
                sum(each.energy for each in cars) * HOUR // PERIOD,
                *((o.side, o.quantity, o.price) if (o := orders.get(site)) else ("", 0, 0)),
            )
            for site, cars in demands.items()
        ]
        margin = from_units(terms.margin, 6)
        played = charging_quota.rehearse(margin, rule, plans=plans)
        for row in played.rows:
            assert row.initial == quotas[row.station]
            if row.station in matched:
                assert row.traded == matched[row.station].quantity
                assert row.payment == matched[row.station].payment
            seen += row.traded != 0
    assert seen > 0


def _scarce(terms: MonthTerms) -> list[dict[str, list[Demand]]]:
    """The demands of the scarce half-hours of the month without trade."""
    found: list[dict[str, list[Demand]]] = []
    original = charging_month.allocate

    def watched(demands: dict[str, list[Demand]], margin: int) -> dict[str, int]:
        if sum(each.energy for cars in demands.values() for each in cars) > margin:
            found.append({site: list(cars) for site, cars in demands.items()})
        return original(demands, margin)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(charging_month, "allocate", watched)
        run(terms)
    return found


@pytest.mark.parametrize(
    "terms",
    [
        MonthTerms(margin=-1),
        MonthTerms(sites=0),
        MonthTerms(power=0),
        MonthTerms(top_price=-1),
        MonthTerms(rule="by height"),
    ],
)
def test_senseless_terms_are_refused(terms: MonthTerms) -> None:
    with pytest.raises(BadInput):
        run(terms)


def test_one_car_alone_gets_what_the_transformer_and_its_charger_allow() -> None:
    car = Session(0, 4 * HOUR, "1", 0, 2 * HOUR, 10_000_000)
    terms = MonthTerms(margin=4_000_000, power=6_000_000)
    outcomes = run(terms, [car]).outcomes
    # 10 kWh: at 6 kW it has all in two hours, at 4 kW it lacks 2 kWh when it should leave.
    assert (outcomes["no limit"].delivered, outcomes["no limit"].late) == (10_000_000, 0)
    assert outcomes["trade"].delivered == 10_000_000
    assert outcomes["trade"].late == 2_000_000
