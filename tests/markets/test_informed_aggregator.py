"""The informed aggregator's optimum is an equilibrium at its own duals."""

from itertools import product
from typing import Any

import numpy as np
import pytest

from energychain.markets.informed_aggregator import Community, optimise
from energychain.markets.second_settlement import Unbalanced
from energychain.primitives.refusals import BadInput


def community(seed: int, **changes: Any) -> Community:
    rng = np.random.default_rng(seed)
    homes, hours, segments = 3, 6, 2
    export = rng.uniform(0, 0.1, hours)
    given: dict[str, Any] = {
        "fixed": rng.uniform(0, 1, (homes, hours)),
        "utility": np.sort(rng.uniform(0, 0.5, (homes, hours, segments)))[..., ::-1],
        "elastic": rng.uniform(0, 1, (homes, hours, segments)),
        "movable": rng.uniform(0, 1, (homes, 2)),
        "room": rng.uniform(1, 2, (homes, hours)),
        "windows": [(0, 3), (3, 6)],
        "renewable": rng.uniform(0, 3, (homes, hours)),
        "export_price": export,
        "import_price": export + rng.uniform(0, 0.3, hours),
    }
    return Community(**(given | changes))


@pytest.mark.parametrize("seed", range(20))
def test_the_optimum_balances_and_keeps_comfort(seed: int) -> None:
    case = community(seed)
    best = optimise(case)
    into = best.generated.sum(0) + best.imported
    np.testing.assert_allclose(into, best.demand.sum(0) + best.exported, atol=1e-9)
    for window, (first, end) in enumerate(case.windows):
        moved = best.moved[:, first:end].sum(axis=1)
        np.testing.assert_allclose(moved, case.movable[:, window], atol=1e-9)
    assert (best.moved <= case.room + 1e-9).all()
    assert (best.generated <= case.renewable + 1e-9).all()


@pytest.mark.parametrize("seed", range(20))
def test_at_the_duals_nobody_wishes_to_do_anything_else(seed: int) -> None:
    case = community(seed)
    best = optimise(case)
    price = best.price
    # What every prosumer gains at the duals is what the whole community gains: no better
    # plan exists, and this bound needs no second solver.
    elastic = (np.maximum(case.utility - price[:, None], 0) * case.elastic).sum()
    fixed = (price * case.fixed).sum()
    sun = (np.maximum(price, 0) * case.renewable).sum()
    waiting = 0.0
    for home, (window, (first, end)) in product(range(3), enumerate(case.windows)):
        left = case.movable[home, window]
        for hour in sorted(range(first, end), key=lambda hour: price[hour]):
            taken = min(left, case.room[home, hour])
            waiting += taken * price[hour]
            left -= taken
    assert best.welfare == pytest.approx(elastic - fixed + sun - waiting, abs=1e-9)
    assert (price <= case.import_price + 1e-9).all()
    assert (price >= case.export_price - 1e-9).all()


def test_a_limit_on_the_import_raises_the_price_of_the_peak() -> None:
    none, hours = np.zeros((1, 2, 0)), np.zeros((1, 2))
    given: dict[str, Any] = {
        "fixed": np.array([[3.0, 1.0]]),
        "utility": none,
        "elastic": none,
        "movable": np.array([[2.0]]),
        "room": hours + 5,
        "windows": [(0, 2)],
        "renewable": hours,
        "import_price": np.array([0.1, 0.3]),
        "export_price": hours[0],
    }
    assert optimise(Community(**given)).imported.tolist() == [5, 1]
    limited = optimise(Community(**given, import_limit=4.0))
    assert limited.imported.tolist() == [4, 2]
    assert limited.price == pytest.approx([0.3, 0.3])
    with pytest.raises(Unbalanced, match="at most 2 kWh"):
        optimise(Community(**given, import_limit=2.0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"room": np.zeros((3, 6))}, "less room"),
        ({"windows": [(0, 3), (4, 6)]}, "cover 6 hours once"),
        ({"renewable": -np.ones((3, 6))}, "renewable: energy"),
        ({"utility": np.arange(36.0).reshape(3, 6, 2)}, "most useful first"),
        ({"movable": np.ones((3, 1))}, "movable: expected"),
        ({"export_price": np.ones(6)}, "in a circle"),
    ],
)
def test_bad_communities_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        community(0, **change)
