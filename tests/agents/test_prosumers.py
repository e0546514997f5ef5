"""
Prosumers: Equations (1) to (4) of the two-stage market, against a numerical optimiser, the
conditions of an optimum, and conservation of energy.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from energychain.agents.prosumers import (
    UNIT,
    Prosumers,
    best_demand,
    calibrated,
    dr_price,
    reschedule,
    utility,
)
from energychain.grid.loads import NIGHT_AND_DAY, QUARTERS, WHOLE_DAY
from energychain.primitives.refusals import BadInput

seeds = st.integers(0, 2**32 - 1)
prices = st.floats(-1, 2)


# --- Equation (1) ------------------------------------------------------------------------


@given(st.floats(0, 2), st.floats(0.01, 2), prices, st.floats(0, 3), st.floats(0.01, 3))
@settings(max_examples=60)
def test_equation_1_is_what_a_bounded_optimiser_finds(
    beta: float, gamma: float, price: float, low: float, width: float
) -> None:
    ours = float(best_demand(beta, gamma, price, low, low + width))
    found = minimize_scalar(
        lambda d: price * d - utility(d, beta, gamma),
        bounds=(low, low + width),
        method="bounded",
        options={"xatol": 1e-10},
    )
    assert ours == pytest.approx(found.x, abs=1e-5)  # the optimiser sees a flat top
    assert utility(ours, beta, gamma) - price * ours >= -found.fun - 1e-12


@given(seeds)
@settings(max_examples=30)
def test_equation_1_meets_the_conditions_of_an_optimum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    beta, gamma, price = rng.uniform(0, 1, (3, 50))
    low = rng.uniform(0, 1, 50)
    high = low + rng.uniform(0, 1, 50)
    demand = best_demand(beta, gamma, price, low, high)
    assert ((low <= demand) & (demand <= high)).all()
    worth_more = beta - gamma * demand - price  # than it costs: one more kWh
    inside = (low < demand) & (demand < high)
    assert abs(worth_more[inside]).max(initial=0) < 1e-12
    assert (worth_more[(demand == low) & (low < high)] <= 1e-12).all()
    assert (worth_more[(demand == high) & (low < high)] >= -1e-12).all()


@given(seeds, prices, prices)
def test_a_higher_price_never_raises_demand(seed: int, one: float, other: float) -> None:
    rng = np.random.default_rng(seed)
    beta, gamma, low, width = rng.uniform(0, 2, (4, 20))
    gamma[:5] = 0
    cheap, dear = (best_demand(beta, gamma, p, low, low + width) for p in sorted((one, other)))
    assert (dear <= cheap).all()


def test_where_every_kwh_is_worth_the_same_it_is_all_or_as_little_as_possible() -> None:
    assert best_demand(0.3, 0, [0.2, 0.3, 0.4], low=1, high=5).tolist() == [5, 1, 1]
    assert best_demand([0.3, 0.3], [0, 0.1], 0.3, low=0, high=5).tolist() == [0, 0]


@pytest.mark.parametrize("gamma", [-0.1, np.nan, [0.1, -1]])
def test_a_negative_gamma_is_refused(gamma: Any) -> None:
    with pytest.raises(BadInput, match="gamma must be 0 or more"):
        best_demand(1, gamma, 0.5, 0, 1)


def test_limits_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(BadInput, match="least demand must not be above the most"):
        best_demand(1, 1, 0.5, 2, 1)


# --- Equations (2) and (3) ---------------------------------------------------------------


def test_the_dr_price_is_nothing_where_supply_covers_demand_and_never_above_upstream() -> None:
    paid = dr_price([3, 3.1, 3.1], [3, 3, 3], [0.2, 0.2, 0.2], [1, 1, 2], [0.3, 0.3, 0.3])
    assert paid.tolist() == [0, 0.2, 0.3]


def test_negative_prices_make_no_negative_dr_price() -> None:
    assert dr_price([5, 5], 1, [-0.1, 0.2], 1, [0.2, -0.1]).tolist() == [0, 0]


@pytest.mark.parametrize("alpha", [0.99, np.nan, [1, 0.5]])
def test_an_alpha_below_1_is_refused(alpha: Any) -> None:
    with pytest.raises(BadInput, match="alpha must be 1 or more"):
        dr_price([5, 5], 1, 0.2, alpha, 0.3)


# --- prosumers ---------------------------------------------------------------------------


def some(seed: int = 3, prosumers: int = 6, days: int = 2, **options: Any) -> Prosumers:
    rng = np.random.default_rng(seed)
    load = rng.integers(0, 2 * UNIT, (prosumers, 24 * days)) / UNIT
    load[rng.random(load.shape) < 0.1] = 0
    shares = {"low_share": 0.4, "high_share": 1.5, "movable_share": 0.3} | options
    return calibrated(load, 0.2, -rng.uniform(0.1, 2, (prosumers, 1)), **shares)


@given(seeds, st.floats(0, 1), st.floats(0.01, 3))
@settings(max_examples=30)
def test_at_the_reference_price_everybody_wants_its_real_load(
    seed: int, share: float, price: float
) -> None:
    load = np.random.default_rng(seed).integers(0, 10**7, (3, 24)) / UNIT
    house = calibrated(load, price, elasticity=-0.3, movable_share=share)
    assert house.demand(price) == pytest.approx(load, rel=1e-9, abs=1e-12)


def test_the_elasticity_at_the_reference_price_is_the_one_asked_for() -> None:
    load, step = np.full((2, 24), 1.7), 1e-6
    asked = np.array([[-0.3], [-1.2]])
    house = calibrated(load, 0.25, asked)
    change = (house.elastic(0.25 * (1 + step)) - house.elastic(0.25 * (1 - step))) / load
    assert change / (2 * step) == pytest.approx(np.broadcast_to(asked, load.shape), rel=1e-6)


def test_demand_stays_between_its_shares_at_any_price() -> None:
    house = some()
    assert np.array_equal(house.elastic(99), house.low)
    assert np.array_equal(house.elastic(-99), house.high)


def test_some_prosumers_are_those_prosumers() -> None:
    house = some(renewable=1.0)
    assert (len(house), house.shape, house.renewable.shape) == (6, (6, 48), (1, 1))
    odd = np.arange(6) % 2 == 1
    assert np.array_equal(house.rows(odd).demand(0.3), house.demand(0.3)[odd])
    assert house.rows(slice(4, 6)).shape == (2, 48)
    assert house.rows(slice(0, 1)).rows(slice(0, 1)).shape == (1, 48)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"gamma": [[-1.0]]}, "gamma must be 0 or more everywhere"),
        ({"low": [[-1.0]]}, "low must be 0 or more"),
        ({"movable": [[np.nan]]}, "movable must be 0 or more"),
        ({"low": [[9.0]]}, "least demand must not be above the most"),
        ({"beta": [0.1]}, r"beta must be prosumers by periods, found shape \(1,\)"),
        ({"limit": np.ones((5, 1))}, r"do not fit together: .*limit \(5, 1\)"),
    ],
)
def test_what_no_prosumer_can_be_is_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        replace(some(), **change)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"price": 0}, "reference price must be above 0"),
        ({"elasticity": 0}, "elasticity must be below 0"),
        ({"elasticity": 0.5}, "elasticity must be below 0"),
        ({"movable_share": 1.1}, "share that can wait"),
        ({"low_share": 1.1}, "between low_share and high_share"),
        ({"high_share": 0.9}, "between low_share and high_share"),
        ({"load": -np.ones((1, 24))}, "must be 0 or more everywhere"),
    ],
)
def test_a_calibration_that_cannot_be_is_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        calibrated(**{"load": np.ones((1, 24)), "price": 0.2, "elasticity": -0.5} | change)


# --- stage 2 -----------------------------------------------------------------------------


@given(seeds, st.sampled_from([WHOLE_DAY, NIGHT_AND_DAY, QUARTERS, None]))
@settings(max_examples=40)
def test_rescheduling(seed: int, windows: Any) -> None:
    rng = np.random.default_rng(seed)
    house = some(seed)
    price, paid = rng.uniform(-0.1, 0.5, 48), rng.uniform(0, 0.3, 48) * rng.integers(0, 2, 48)
    participates = rng.random(6) < 0.6
    answer = reschedule(house, price, paid, participates, windows)

    # Nobody else is touched, to the last bit.
    assert np.array_equal(answer.before, house.demand(price))
    assert np.array_equal(answer.demand[~participates], answer.before[~participates])
    # Equation (4).
    assert answer.response == pytest.approx(answer.before - answer.demand, abs=1e-12)
    assert np.array_equal(answer.response, answer.curtailed + answer.moved)
    # A DR price only ever cuts, and only where it is paid.
    assert (answer.curtailed >= 0).all() and not answer.curtailed[:, paid == 0].any()
    # What moves is whole mWh, and all of it comes back in its window.
    whole = np.rint(answer.moved * UNIT).astype(np.int64)
    assert answer.moved == pytest.approx(whole / UNIT, abs=1e-12)
    for hours in (windows or WHOLE_DAY).periods(48):
        assert not whole[:, hours].sum(axis=2).any()
    assert (answer.moved <= house.movable + 1e-12).all()
    # The connection holds, but for what is finer than a mWh.
    assert (answer.demand < np.maximum(house.limit, answer.before) + 1 / UNIT).all()
    assert windows is not None or not whole.any()


@given(seeds)
@settings(max_examples=30)
def test_no_other_answer_pays_better(seed: int) -> None:
    """Worth of the demand, less its cost, plus what is paid for the response."""
    rng = np.random.default_rng(seed)
    house = some(seed)
    price, paid = rng.uniform(0, 0.5, 48), rng.uniform(0, 0.3, 48)
    everybody = np.ones(6, dtype=bool)
    elastic = house.elastic(price)

    def gain(curtailed: np.ndarray, moved: np.ndarray) -> np.ndarray:
        worth = utility(elastic - curtailed, house.beta, house.gamma)
        demand = house.demand(price) - curtailed - moved
        return (worth - price * demand + paid * (curtailed + moved)).sum(axis=1)

    ours = reschedule(house, price, paid, everybody)
    best, nothing = gain(ours.curtailed, ours.moved), np.zeros(house.shape)
    finest = 24 / UNIT  # what is finer than a mWh does not move: in money, less than this a day
    assert (best >= gain(nothing, nothing) - finest).all()
    for felt in (np.zeros(48), paid, *rng.uniform(-0.1, 0.5, (10, 48))):
        other = reschedule(house, price, felt, everybody)  # who felt another DR price
        assert (best >= gain(ours.curtailed, other.moved) - finest).all()
        assert (best >= gain(other.curtailed, nothing) - finest).all()
    # Equation (1), at what a kWh costs and forgoes.
    wanted = best_demand(house.beta, house.gamma, price + paid, house.low, house.high)
    assert elastic - ours.curtailed == pytest.approx(wanted, abs=1e-12)


def test_what_can_wait_leaves_the_hour_in_which_giving_up_is_paid() -> None:
    house = calibrated(np.ones((1, 24)), 0.2, -0.5, movable_share=0.5, limit=100)
    paid = np.where(np.arange(24) == 18, 0.0, 0.1)
    ours = reschedule(house, np.full(24, 0.2), paid, np.array([True]))
    assert ours.moved[0].tolist() == [0.5] * 18 + [-11.5] + [0.5] * 5


def test_rows_at_a_time_are_the_same_as_all_at_once() -> None:
    house, price = some(), np.linspace(0.1, 0.4, 48)
    participates = np.array([True, False, True, True, False, True])
    whole = reschedule(house, price, price / 2, participates)
    for rows in (slice(0, 4), slice(4, 6)):
        part = reschedule(house.rows(rows), price, price / 2, participates[rows])
        assert np.array_equal(part.demand, whole.demand[rows])


def test_a_full_connection_moves_nothing_and_one_that_is_too_small_is_refused() -> None:
    flat = calibrated(np.full((2, 24), 1 / 3), 0.2, -0.5, high_share=1, movable_share=0.4)
    price = np.linspace(0.1, 0.2, 24)
    everybody = np.array([True, True])
    assert not reschedule(flat, price, np.zeros(24), everybody).moved.any()
    small = replace(flat, limit=np.array([[1.0], [0.3]]))
    with pytest.raises(BadInput, match="prosumer 1: its limit leaves no place"):
        reschedule(small, price, np.zeros(24), everybody)
    alone = reschedule(small, price, np.zeros(24), np.array([True, False]))
    assert not alone.response[1].any() and alone.moved[0].any()


def test_one_answer_is_expected_of_each_prosumer() -> None:
    with pytest.raises(BadInput, match=r"who participates of 6, found \(5,\)"):
        reschedule(some(), np.ones(48), np.ones(48), np.ones(5, dtype=bool))
