"""Equations (5) to (8) serve nobody; the repaired settlement is the brute-force optimum."""

from itertools import product

import numpy as np
import pytest

from energychain.markets.second_settlement import Unbalanced, settle, settle_as_printed
from energychain.primitives.refusals import BadInput


def community(seed: int) -> dict[str, np.ndarray]:
    """One or two prosumers in one or two hours, in whole kWh and distinct costs."""
    rng = np.random.default_rng(seed)
    shape = int(rng.integers(1, 3)), int(rng.integers(1, 3))
    demand = rng.integers(0, 4, shape).astype(float)
    export = rng.integers(-2, 5, shape[1]).astype(float)
    return {
        "demand": demand,
        "reduction": np.minimum(demand, rng.integers(0, 3, shape)),
        "renewable": rng.integers(0, 4, shape).astype(float),
        "import_price": export + rng.integers(0, 9, shape[1]),
        "export_price": export,
        "reduction_cost": rng.integers(0, 12, shape).astype(float),
        "renewable_cost": rng.integers(0, 6, shape).astype(float),
    }


def cheapest(case: dict[str, np.ndarray], hour: int) -> float:
    """All whole dispatches of an hour, tried one by one. The programme is a network flow with
    whole data, so one of them is its optimum.
    """
    homes = len(case["demand"])
    best = np.inf
    choices = [range(int(most) + 1) for most in case["renewable"][:, hour]]
    choices += [range(int(most) + 1) for most in case["reduction"][:, hour]]
    for choice in product(*choices):
        made, spared = np.array(choice[:homes]), np.array(choice[homes:])
        rest = case["demand"][:, hour].sum() - spared.sum() - made.sum()
        outside = rest * (case["import_price"] if rest > 0 else case["export_price"])[hour]
        inside = made @ case["renewable_cost"][:, hour] + spared @ case["reduction_cost"][:, hour]
        best = min(best, outside + inside)
    return best


def test_the_repaired_settlement_is_the_best_of_500_small_communities() -> None:
    for seed in range(500):
        case = community(seed)
        hours = case["demand"].shape[1]
        expected = sum(cheapest(case, hour) for hour in range(hours))
        assert settle(**case).cost == pytest.approx(expected, abs=1e-9), seed


@pytest.mark.parametrize("seed", range(40))
def test_everything_balances_and_the_dual_is_the_price_of_one_more(seed: int) -> None:
    case = community(seed)
    done = settle(**case)
    into = done.generated.sum(0) + done.imported
    np.testing.assert_allclose(into, done.served.sum(0) + done.exported, atol=1e-9)
    assert (done.price <= case["import_price"] + 1e-9).all()
    assert (done.price >= case["export_price"] - 1e-9).all()
    # The cost is convex and piecewise linear: its slopes to both sides enclose the dual.
    small = 1e-3
    for hour in range(len(done.price)):
        more, less = (dict(case) for _ in range(2))
        for changed, sign in ((more, 1), (less, -1)):
            changed["demand"] = case["demand"].copy()
            changed["demand"][0, hour] += sign * small
        dearer = (settle(**more).cost - done.cost) / small
        assert done.price[hour] <= dearer + 1e-6
        if (less["demand"] >= case["reduction"]).all():
            cheaper = (done.cost - settle(**less).cost) / small
            assert done.price[hour] >= cheaper - 1e-6


@pytest.mark.parametrize("seed", range(20))
def test_one_cost_for_all_is_the_same_optimum_shared_in_proportion(seed: int) -> None:
    case = community(seed)
    case["renewable_cost"] = case["renewable_cost"][0]
    shared = settle(**case)
    shape = case["demand"].shape
    apart = settle(**(case | {"renewable_cost": np.broadcast_to(case["renewable_cost"], shape)}))
    assert shared.cost == pytest.approx(apart.cost, abs=1e-9)
    total, offered = shared.generated.sum(0), case["renewable"].sum(0)
    np.testing.assert_allclose(shared.generated * offered, case["renewable"] * total, atol=1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_as_printed_nobody_is_served(seed: int) -> None:
    rng = np.random.default_rng(seed)
    renewable, reduction, wanted = rng.uniform(0.5, 2, (3, 5, 24))
    price, dr_price = rng.uniform(0.1, 0.4, (2, 24))
    printed = settle_as_printed(renewable, reduction, wanted, price, dr_price)
    assert (printed.served == 0).all()
    np.testing.assert_array_equal(printed.generated, renewable)
    np.testing.assert_array_equal(printed.reduced, reduction)
    # It even "generates" into nowhere: nothing is balanced.
    assert printed.generated.sum() > printed.served.sum()
    best = (price * renewable).sum() + (dr_price * reduction).sum()
    assert printed.objective == pytest.approx(best)


def test_only_a_negative_price_serves_the_printed_demand() -> None:
    one = np.ones((1, 2))
    printed = settle_as_printed(one, one, one, np.array([-0.1, 0.1]), np.zeros(2))
    assert printed.served.tolist() == [[1.0, 0.0]]


def test_an_import_limit_buys_reduction_or_leaves_demand_unmet() -> None:
    one = np.ones((1, 1))
    terms = (np.array([0.2]), np.array([0.0]))
    free = settle(2 * one, one, 0 * one, *terms, reduction_cost=0.5)
    tight = settle(2 * one, one, 0 * one, *terms, reduction_cost=0.5, import_limit=1.5)
    assert (free.reduced.sum(), tight.reduced.sum()) == (0, 0.5)
    assert tight.price[0] == pytest.approx(0.5)
    with pytest.raises(Unbalanced, match=r"at most 0\.5 kWh"):
        settle(2 * one, one, 0 * one, *terms, import_limit=0.5)


def test_bad_settlements_are_refused() -> None:
    one, price = np.ones((1, 1)), np.array([0.2])
    with pytest.raises(BadInput, match="in a circle"):
        settle(one, one, one, price, 2 * price)
    with pytest.raises(BadInput, match="at most the demand"):
        settle(one, 2 * one, one, price, price)
    with pytest.raises(BadInput, match="one shape"):
        settle(one, np.ones((2, 1)), one, price, price)
    with pytest.raises(BadInput, match="finite number of at least 0"):
        settle(one, one, -one, price, price)
    with pytest.raises(BadInput, match="import price for each"):
        settle(one, one, one, np.ones(2), price)
