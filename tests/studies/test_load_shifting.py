"""The two-stage market: what is conserved, what an LP, an optimiser and plain sums say of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

from energychain import datasets
from energychain.grid import loads
from energychain.grid.loads import QUARTERS, WHOLE_DAY, Windows
from energychain.grid.metering import read_meters
from energychain.grid.profiles import Aligned, aligned, read_prices
from energychain.markets import informed_aggregator
from energychain.markets.second_settlement import settle
from energychain.primitives.refusals import BadInput
from energychain.studies.community import (
    SCALES,
    UNIT,
    Community,
    community,
    from_files,
    packaged_days,
    past_days,
    past_prices,
    roulette,
    waiting,
    wholesale,
)
from energychain.studies.load_shifting import (
    CURES,
    HONESTY,
    LEAST,
    QUOTA,
    Knowledge,
    aggregator,
    cures_table,
    first_price,
    participants,
    participation_sweep,
    run,
    upstream_cost,
)

SUNNY, WINTER = date(2016, 7, 4), date(2016, 1, 12)


def made(
    seed: int, homes: int = 6, per_day: int = 8, days: int = 2, sun: float = 0.0, low: float = 0.05
) -> Community:
    """A random community, whose prices are spread out and may be negative below a ``low`` of 0."""
    random = np.random.default_rng(seed)
    shape = homes, per_day * days
    load = random.integers(0, 3 * UNIT, shape)
    price = random.uniform(low, 0.4, shape[1])
    return Community(
        times=tuple(str(t) for t in range(shape[1])),
        step_hours=24 / per_day,
        load=load,
        movable=waiting(load, 0.5),
        renewable=np.rint(random.uniform(0, sun, shape) * UNIT).astype(np.int64),
        limit=load.max(axis=1, keepdims=True) + UNIT,
        import_price=price + 0.1,
        export_price=price,
        windows=Windows(per_day=per_day),
    )


# --- what never changes ---------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10**6),
    st.floats(0, 1),
    st.sampled_from([None, *CURES]),
    st.sampled_from([0.0, 1.0, 6.0]),
    st.sampled_from([0.05, -0.3]),
)
def test_every_home_keeps_the_energy_of_each_day_to_the_mwh(
    seed: int, share: float, cure: Any, sun: float, low: float
) -> None:
    homes = made(seed, sun=sun, low=low)
    done = run(homes, share, cure=cure, seed=seed)
    for energy in (homes.load, homes.movable):
        assert energy.dtype == np.int64
    by_day = (len(homes), homes.days, -1)
    before, after = (each.reshape(by_day).sum(axis=2) for each in (homes.load, done.load))
    np.testing.assert_array_equal(before, after)
    assert (done.load >= homes.load - homes.movable).all()
    assert (done.load <= homes.limit).all()
    np.testing.assert_array_equal(done.load[~done.participates], homes.load[~done.participates])
    assert done.before.energy_kwh == done.after.energy_kwh


@pytest.mark.parametrize("cure", [None, *CURES])
def test_if_nobody_participates_nothing_changes(cure: Any) -> None:
    done = run(community(SUNNY), 0, cure=cure)
    np.testing.assert_array_equal(done.load, done.community.load)
    assert done.before == done.after
    assert done.gap == 0 and done.dr_payment == 0


def test_who_participates_at_a_smaller_share_does_at_a_larger_one() -> None:
    shares = [participants(50, share, seed=3) for share in (0, 0.3, 0.6, 1)]
    assert [int(each.sum()) for each in shares] == [0, 15, 30, 50]
    for few, many in pairwise(shares):
        assert (many | ~few).all()
    assert (participants(50, 0.3, seed=4) != shares[1]).any()


def test_the_same_seed_gives_the_same_and_another_another() -> None:
    first, again, other = (run(community(SUNNY, seed=s), seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.load, again.load)
    assert (first.load != other.load).any()


# --- prices ---------------------------------------------------------------------------


@pytest.mark.parametrize("low", [0.05, -0.3])
@pytest.mark.parametrize("seed", range(5))
def test_import_prices_an_hour_that_is_short_and_export_one_with_a_surplus(
    seed: int, low: float
) -> None:
    """But nobody gives the sun away, nor takes it dearer than import, which may be below 0."""
    homes = made(seed, sun=4, low=low)
    short = homes.demand > homes.supply
    assert short.any() and not short.all()
    plenty = np.minimum(np.maximum(homes.export_price, 0), homes.import_price)
    expected = np.where(short, homes.import_price, plenty)
    np.testing.assert_allclose(first_price(homes), expected, rtol=1e-12)
    done = run(homes, alpha=3)
    np.testing.assert_allclose(done.dr_price, np.where(short, np.maximum(expected, 0), 0))


def test_alpha_only_matters_where_buyers_bid_below_the_import_price() -> None:
    homes = made(1, sun=2)
    assert (run(homes, alpha=2).dr_price == run(homes).dr_price).all()
    modest = replace(homes, value=(homes.import_price + homes.export_price) / 2)
    assert (run(modest, alpha=2).dr_price > run(modest).dr_price).any()


def test_learners_leave_the_price_between_export_and_import() -> None:
    homes = community(SUNNY, homes=10)
    price = first_price(homes, learners=1.0, seed=1)
    assert (price >= homes.export_price - 1e-12).all()
    assert (price <= homes.import_price + 1e-12).all()
    assert (first_price(homes, learners=1.0, seed=1) == price).all()


def test_an_hour_without_trade_has_the_import_price() -> None:
    homes = made(0)
    load = homes.load.copy()
    load[:, 3] = 0
    quiet = replace(homes, load=load, movable=waiting(load, 0.5))
    assert first_price(quiet)[3] == homes.import_price[3]


# --- the second settlement ------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 1.0, 6.0]), st.sampled_from([0.05, -0.3]))
def test_the_cost_is_that_of_the_linear_programme(seed: int, sun: float, low: float) -> None:
    homes = made(seed, sun=sun, low=low)
    prices = homes.import_price, homes.export_price
    ours = upstream_cost(homes.demand, homes.supply, *prices)
    none = np.zeros(homes.load.shape)
    theirs = settle(homes.load / UNIT, none, homes.renewable / UNIT, *prices)
    assert ours == pytest.approx(theirs.cost, abs=1e-8)


@pytest.mark.parametrize("day", [SUNNY, WINTER])
def test_bills_at_the_second_price_are_what_upstream_is_paid(day: date) -> None:
    done = run(community(day))
    assert done.bills.sum() == pytest.approx(done.after.cost)
    np.testing.assert_allclose(done.settled.served, done.load / UNIT)
    rows = done.home_rows()
    assert sum(row["bill_after"] for row in rows) == pytest.approx(done.after.cost)
    assert sum(row["bill_before"] for row in rows) == pytest.approx(done.before.cost)
    assert sum(row["participates"] for row in rows) == 60


def test_the_printed_settlement_serves_nobody() -> None:
    done = run(community(SUNNY))
    assert done.as_printed.served.sum() == 0
    assert done.after.energy_kwh > 500


def test_the_second_price_differs_where_a_surplus_was_used_up() -> None:
    done = run(community(SUNNY), 1)
    supply, after = done.community.supply, loads.aggregate(done.load)
    crossed = (done.community.demand > supply) != (after > supply)
    assert crossed.any()
    np.testing.assert_array_equal(abs(done.stale) > 1e-9, crossed)


# --- what selfish homes bring about ---------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 10**6),
    st.floats(0, 1),
    st.floats(1, 5),
    st.sampled_from([0.05, -0.3]),
)
def test_without_production_moving_never_costs_more(
    seed: int, share: float, alpha: float, low: float
) -> None:
    done = run(made(seed, low=low), share, alpha=alpha)
    assert done.after.cost <= done.before.cost + 1e-9
    assert done.gap == 0
    assert done.price_difference == pytest.approx(0, abs=1e-9)


def test_with_a_surplus_that_all_want_it_costs_more() -> None:
    sweep = participation_sweep(community(SUNNY))
    assert [row["participation"] for row in sweep] == [0, 0.3, 0.6, 1]
    assert sweep[3]["cost"] > sweep[0]["cost"] > sweep[1]["cost"]
    assert sweep[3]["par"] > 4 * sweep[0]["par"]


@pytest.mark.parametrize("day", [SUNNY, WINTER])
def test_the_cures_flatten_and_say_what_they_cost(day: date) -> None:
    rows = {row["cure"]: row for row in cures_table(community(day), 0.6)}
    assert list(rows) == ["before", "none", *CURES]
    for cure in CURES:
        assert rows[cure]["peak_kw"] < 0.6 * rows["none"]["peak_kw"]
        difference = rows[cure]["cost"] - rows["none"]["cost"]
        assert rows[cure]["extra_cost"] == pytest.approx(difference)
    assert rows["iterated"]["deviation_kw"] < rows["before"]["deviation_kw"] / 2
    assert [row["rounds"] for row in rows.values()] == [0, 1, 1, 1, 60]


def test_a_quota_holds_what_can_move_below_it() -> None:
    homes = community(WINTER)
    done = run(homes, 1, cure="quota")
    after, fixed = loads.aggregate(done.load), homes.demand - loads.aggregate(homes.movable)
    assert done.rounds == 1
    assert (after <= np.maximum(QUOTA * homes.demand.mean(), fixed)).all()


def test_a_quota_that_is_too_small_is_raised() -> None:
    """In the first quarter of the day 4 kWh an hour must be used, three times the average."""
    load = np.array([[4_000_000] * 2 + [400_000] * 6])
    homes = replace(
        made(0, homes=1, days=1),
        load=load,
        movable=load.copy(),
        renewable=0 * load,
        limit=np.array([[9 * UNIT]]),
        windows=Windows(QUARTERS.hours, per_day=8),
    )
    done = run(homes, 1, cure="quota")
    assert done.rounds == 20  # 1.3 kWh times 1.2 + 1.9 is the first above 4
    assert done.load[0, :2].sum() == 8_000_000 and done.load.max() <= 1.3 * 3.1 * UNIT


def test_clearing_again_for_every_plan_comes_near_the_optimum() -> None:
    for seed in range(5):
        homes = community(SUNNY, seed=seed)
        once, again = run(homes, 1), run(homes, 1, cure="iterated", crowding=0)
        assert again.gap < once.gap / 4


# --- the aggregator -------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([None, *CURES]), st.sampled_from([1.0, 4.0]))
def test_nobody_does_better_than_who_knows_everything(seed: int, cure: Any, sun: float) -> None:
    done = run(made(seed, sun=sun), 0.7, cure=cure, seed=seed)
    assert done.gap >= 0
    others: tuple[Knowledge, ...] = ("averages", "reports")
    for knows in others:
        plan = aggregator(done.community, done.participates, knows=knows)
        assert plan.cost >= done.optimum.cost - 1e-6
        np.testing.assert_allclose(
            plan.load.reshape(6, 2, -1).sum(axis=2),
            done.community.load.reshape(6, 2, -1).sum(axis=2) / UNIT,
            atol=1e-6,
        )
        assert (plan.load <= done.community.limit / UNIT + 1e-6).all()


def test_days_planned_apart_are_planned_as_one() -> None:
    homes = made(4, sun=4)
    spans = [(0, 8), (8, 16)]
    movable = homes.movable / UNIT
    whole = informed_aggregator.optimise(
        informed_aggregator.Community(
            fixed=homes.load / UNIT - movable,
            utility=np.zeros((6, 16, 0)),
            elastic=np.zeros((6, 16, 0)),
            movable=np.stack([movable[:, a:b].sum(axis=1) for a, b in spans], axis=1),
            room=homes.limit / UNIT - (homes.load / UNIT - movable),
            windows=spans,
            renewable=homes.renewable / UNIT,
            import_price=homes.import_price,
            export_price=homes.export_price,
        )
    )
    ours = aggregator(homes, np.ones(6, dtype=bool))
    assert ours.cost == pytest.approx(whole.upstream_cost)
    assert ours.price.tolist() == pytest.approx(whole.price.tolist())


def test_windows_hold_for_the_aggregator_too() -> None:
    homes = community(SUNNY, windows=QUARTERS)
    done = run(homes)
    for load in (done.load / UNIT, done.optimum.load):
        parts = load.reshape(100, 4, 6).sum(axis=2)
        np.testing.assert_allclose(parts, homes.load.reshape(100, 4, 6).sum(axis=2) / UNIT)
    assert done.optimum.cost > run(community(SUNNY)).optimum.cost


def test_half_reported_is_half_saved_unless_connections_bind() -> None:
    homes, everybody = community(WINTER), np.ones(100, dtype=bool)
    nothing = run(homes, 0).before.cost

    def saved(homes: Community, knows: Knowledge) -> float:
        return nothing - aggregator(homes, everybody, knows=knows).cost

    assert saved(homes, "reports") > HONESTY * saved(homes, "all")
    wide = replace(homes, limit=10 * homes.limit)
    assert saved(wide, "reports") == pytest.approx(HONESTY * saved(wide, "all"), rel=1e-5)


def test_averages_of_elastic_homes_are_refused() -> None:
    with pytest.raises(BadInput, match="only shift"):
        aggregator(community(SUNNY), np.ones(100, dtype=bool), -0.3, "averages")


# --- elastic homes --------------------------------------------------------------------


def test_curtailing_is_the_best_answer_to_price_and_dr_price() -> None:
    homes, elasticity = community(SUNNY, homes=5, movable_share=0.2), -0.4
    done = run(homes, 1, elasticity=elasticity)
    flat = homes.import_price.mean()
    stiff = (homes.load - homes.movable) / UNIT

    def marginal(used: float, wanted: float) -> float:
        return float(flat * (1 + (1 - used / wanted) / -elasticity))

    lost = 0.0
    for p in range(5):
        for t in range(0, 24, 5):
            wanted, felt = stiff[p, t], done.felt[t]
            found = minimize_scalar(
                lambda d, wanted=wanted, felt=felt: (
                    felt * d - quad(marginal, LEAST * wanted, d, args=(wanted,))[0]
                ),
                bounds=(LEAST * wanted, wanted),
                method="bounded",
                options={"xatol": 1e-10},
            ).x
            assert wanted - done.curtailed[p, t] / UNIT == pytest.approx(found, abs=2e-5)
    for p in range(5):
        for t in range(24):
            used = stiff[p, t] - done.curtailed[p, t] / UNIT
            lost += quad(marginal, used, stiff[p, t], args=(stiff[p, t],))[0]
    assert done.comfort_cost == pytest.approx(lost)
    assert done.after.energy_kwh < done.before.energy_kwh


def test_homes_give_up_more_than_is_worth_it_as_they_are_paid_twice() -> None:
    done = run(community(SUNNY), elasticity=-0.3)
    assert done.curtailed[done.participates].sum() > 0
    assert done.curtailed[~done.participates].sum() == 0
    assert done.settled_by_comfort.reduced.sum() < done.curtailed.sum() / UNIT / 10
    assert done.gap > 0
    assert done.optimum.total < run(community(SUNNY), 0).before.cost


# --- figures and rows -----------------------------------------------------------------


def test_figures_are_plain_sums() -> None:
    done = run(made(2, sun=2, per_day=48), 0.5)
    homes = done.community
    power = done.load.sum(axis=0) / UNIT / 0.5
    assert done.after.peak_kw == pytest.approx(power.max())
    assert done.after.par == pytest.approx(power.max() / power.mean())
    assert done.after.deviation_kw == pytest.approx(power.std())
    assert done.after.energy_kwh == pytest.approx(power.sum() / 2)
    net = done.load.sum(axis=0) - homes.supply
    assert done.after.import_peak_kw == pytest.approx(max(net.max(), 0) / UNIT * 2)
    expected = np.corrcoef(done.price, homes.demand)[0, 1]
    assert done.price_load_correlation == pytest.approx(expected)


def test_rows_hold_what_charts_need() -> None:
    done = run(community(SUNNY))
    rows = done.rows()
    assert len(rows) == 24 and rows[3]["hour"] == 3
    for row in rows:
        inside = row["after_kw"] + row["export_after_kw"]
        assert row["renewable_kw"] + row["import_after_kw"] == pytest.approx(inside)
    assert sum(row["before_kw"] for row in rows) == pytest.approx(done.before.energy_kwh)


def test_a_constant_price_has_no_correlation_and_no_energy_no_ratio() -> None:
    homes = replace(made(0), import_price=np.full(16, 0.2), export_price=np.full(16, 0.2))
    done = run(homes)
    assert done.price_load_correlation is None
    nothing = run(replace(homes, load=0 * homes.load, movable=0 * homes.load))
    assert nothing.before.par is None and nothing.gap_percent is None


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"participation": 1.1}, "share from 0 to 1"),
        ({"alpha": 0.9}, "alpha must be 1"),
        ({"elasticity": 0.1}, "0 or below"),
        ({"cure": "prayer"}, "randomised, quota, iterated"),
        ({"learners": 2}, "from 0 to 1"),
    ],
)
def test_what_makes_no_sense_is_refused(terms: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        run(community(SUNNY, homes=3), **terms)


# --- the community --------------------------------------------------------------------


def test_homes_are_real_profiles_scaled_and_moved() -> None:
    """Each keeps its profile's energy of the day, but for the scale."""
    homes = community(SUNNY, homes=300, car_share=0, solar_share=0)
    table = [line.split(",") for line in datasets.lines("simbench_year", "homes.csv")]
    today = [row for row in table if row[0].startswith("2016-07-04")]
    energies = [sum(float(row[i]) for row in today) for i in range(1, 6)]
    used = homes.load.sum(axis=1) / UNIT
    assert min(energies) * SCALES[0] <= used.min() and used.max() <= max(energies) * SCALES[1]
    assert used.mean() == pytest.approx(np.mean(energies), rel=0.1)
    assert len({tuple(row) for row in homes.load.tolist()}) == 300
    assert not homes.renewable.any()


def test_cars_and_arrays_are_shares_and_cars_can_wait() -> None:
    homes = community(SUNNY, homes=400, movable_share=0)
    assert 0.2 < homes.renewable.any(axis=1).mean() < 0.4
    assert 0 < homes.movable.any(axis=1).mean() < 0.25
    assert not community(WINTER, homes=50, car_share=0, movable_share=0).movable.any()


def test_prices_are_those_of_the_same_clock_in_2019() -> None:
    rows = dict(line.strip().split(",") for line in datasets.lines("day_ahead_2019", "prices.csv"))
    first = datetime(2019, 7, 3, 22)
    expected = [
        float(rows[f"{first + timedelta(hours=h):%Y-%m-%dT%H:%M}Z"]) / 1000 for h in range(24)
    ]
    assert wholesale(SUNNY).tolist() == pytest.approx(expected)
    homes = community(SUNNY, homes=2, adder=0.2)
    np.testing.assert_allclose(homes.import_price, homes.export_price + 0.2)


def test_every_packaged_day_makes_a_community() -> None:
    assert {community(day, homes=2).load.shape for day in packaged_days()} == {(2, 24)}


@pytest.mark.parametrize(
    "day", ["2016-01-01", "2016-02-29", "2016-03-27", "2016-10-30", "2019-07-04"]
)
def test_other_days_are_refused(day: str) -> None:
    with pytest.raises(BadInput, match=rf"{day}: expected a day of 2016"):
        community(date.fromisoformat(day))


def test_a_community_that_does_not_fit_together_is_refused() -> None:
    good = made(0)
    for terms, words in (
        ({"movable": good.movable[:, 1:]}, "movable: expected"),
        ({"limit": good.limit[0]}, "limit: expected"),
        ({"export_price": good.import_price + 1}, "carrying energy in a circle"),
        ({"windows": WHOLE_DAY}, "not whole days"),
    ):
        with pytest.raises(BadInput, match=words):
            replace(good, **terms)  # type: ignore[arg-type]
    for terms in ({"homes": 0}, {"solar_share": 1.5}, {"movable_share": -0.1}):
        with pytest.raises(BadInput):
            community(SUNNY, **terms)


# --- files ----------------------------------------------------------------------------


def read(times: Sequence[str], homes: int = 2) -> Aligned:
    prices = read_prices(["time,price", *(f"{t},0.{i % 7 + 1}" for i, t in enumerate(times))])
    rows = [
        f"{t},h{p},0,{0.1 * (i % 5 + p):.1f}" for i, t in enumerate(times) for p in range(homes)
    ]
    return aligned(prices, read_meters(["time,node,produced_kwh,consumed_kwh", *rows]))


def quarters(first: str, count: int, minutes: int = 15) -> list[str]:
    begin = datetime.fromisoformat(first)
    return [(begin + timedelta(minutes=minutes * i)).isoformat() for i in range(count)]


@pytest.mark.parametrize("minutes", [15, 30, 60])
def test_files_of_any_step_become_a_community(minutes: int) -> None:
    per_day = 1440 // minutes
    homes = from_files(read(quarters("2020-05-01T00:00", 2 * per_day, minutes)))
    assert homes.days == 2 and homes.windows.per_day == per_day
    np.testing.assert_array_equal(homes.import_price, homes.export_price)
    done = run(homes, 1)
    assert done.before.peak_kw == pytest.approx(0.9 * 60 / minutes)  # 0.4 and 0.5 kWh
    by_day = done.load.reshape(2, 2, per_day).sum(axis=2)
    np.testing.assert_array_equal(by_day, homes.load.reshape(2, 2, per_day).sum(axis=2))
    assert done.after.cost < done.before.cost


def test_one_day_of_a_file() -> None:
    both = read(quarters("2020-05-01T00:00", 72, 60))
    homes = from_files(both, adder=0.05, day=date(2020, 5, 2))
    assert homes.times[0].startswith("2020-05-02") and homes.days == 1
    np.testing.assert_allclose(homes.load, both.consumed[:, 24:48] * UNIT)
    np.testing.assert_allclose(homes.import_price, both.price[24:48] + 0.05)


@pytest.mark.parametrize(
    ("first", "count", "day", "words"),
    [
        ("2020-05-01T00:00", 23, None, "2020-05-01 is no whole day of 24"),
        ("2020-05-01T01:00", 24, None, "2020-05-01 is no whole day of 24"),
        ("2020-05-01T00:00", 30, None, "2020-05-02 is no whole day of 24"),
        ("2020-05-01T00:00", 24, date(2020, 6, 1), "no interval begins on 2020-06-01"),
    ],
)
def test_parts_of_days_are_refused(first: str, count: int, day: date | None, words: str) -> None:
    with pytest.raises(BadInput, match=f"load, column time: {words}"):
        from_files(read(quarters(first, count, 60)), day=day)


def test_a_step_that_does_not_divide_a_day_is_refused() -> None:
    with pytest.raises(BadInput, match="no whole number of 7 min"):
        from_files(read(quarters("2020-05-01T00:00", 4, 7)))
    with pytest.raises(BadInput, match="the adder"):
        from_files(read(quarters("2020-05-01T00:00", 24, 60)), adder=-1)


# --- scenarios ------------------------------------------------------------------------


def test_the_wheel_keeps_each_hour_and_forgets_the_day() -> None:
    past, random = past_prices(), np.random.default_rng(0)
    apart, whole = roulette(past, 2_000, random), past_days(past, 2_000, random)
    assert past.shape == (365, 24) and apart.shape == whole.shape == (2_000, 24)
    for drawn in (apart, whole):
        np.testing.assert_allclose(drawn.mean(axis=0), past.mean(axis=0), rtol=0.03)
        np.testing.assert_allclose(drawn.std(axis=0), past.std(axis=0), rtol=0.1)

    def follows(drawn: np.ndarray) -> float:
        return float(np.corrcoef(drawn[:, 18], drawn[:, 19])[0, 1])

    assert follows(whole) == pytest.approx(follows(past), abs=0.03)
    assert abs(follows(apart)) < 0.1 < follows(past)


def test_other_prices_keep_what_import_costs_above() -> None:
    homes = community(SUNNY, homes=2).at(np.full(24, 0.04))
    assert homes.import_price.tolist() == pytest.approx([0.14] * 24)
    assert homes.export_price.tolist() == [0.04] * 24
