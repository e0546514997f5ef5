"""The explorers follow the study and the learner, and tell what happens in words."""

import pytest
from explorers import (
    assert_asks,
    assert_code_leads_to_the_charts,
    assert_keeps,
    assert_moves_and_resets,
)

from energychain.agents.games import solved_game
from energychain.agents.prosumers import best_demand
from energychain.studies.community import community
from energychain.studies.load_shifting import run
from energychain.studies.load_shifting_claims import DAY
from energychain.widgets.load_shifting import CURES, LoadShiftingExplorer
from energychain.widgets.prosumer import ProsumerExplorer, wish
from energychain.widgets.q_table import (
    ACTIONS,
    EXPLORATIONS,
    KEPT,
    SEEDS,
    STATES,
    QTableExplorer,
    best,
    learned,
)

EXPLORERS = {"load": LoadShiftingExplorer, "prosumer": ProsumerExplorer, "table": QTableExplorer}
every_explorer = pytest.mark.parametrize("make", EXPLORERS.values(), ids=EXPLORERS)


@every_explorer
def test_it_asks_a_question_and_has_few_controls(make):
    assert_asks(make())


@every_explorer
def test_what_a_notebook_keeps(make):
    assert_keeps(make())


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (LoadShiftingExplorer, "participation", 100),
        (LoadShiftingExplorer, "learners", 100),
        (LoadShiftingExplorer, "elasticity", -0.3),
        (LoadShiftingExplorer, "alpha", 2.0),
        (LoadShiftingExplorer, "cure", "quota"),
        (ProsumerExplorer, "price", 0.4),
        (ProsumerExplorer, "dr_price", 0.1),
        (ProsumerExplorer, "elasticity", -1.0),
        (ProsumerExplorer, "comfort", (1.0, 2.5)),
        (QTableExplorer, "episode", 500),
        (QTableExplorer, "seed", 4),
        (QTableExplorer, "explores", "never"),
    ],
)
def test_every_control_changes_what_is_shown_and_reset_takes_it_back(make, name, value):
    assert_moves_and_resets(make(), name, value)


@pytest.mark.parametrize(
    ("make", "touch"),
    [
        (LoadShiftingExplorer, {}),
        (LoadShiftingExplorer, {"participation": 30, "learners": 100, "cure": "randomised"}),
        (LoadShiftingExplorer, {"alpha": 2.0, "elasticity": -0.7}),
        (ProsumerExplorer, {}),
        (ProsumerExplorer, {"price": 0.31, "dr_price": 0.12, "comfort": (0.8, 1.5)}),
        (QTableExplorer, {}),
        (QTableExplorer, {"episode": 20, "seed": 7, "explores": "always"}),
    ],
)
def test_the_code_leads_to_the_same_charts(make, touch):
    assert_code_leads_to_the_charts(make(), **touch)


# --- the street -----------------------------------------------------------------------


@pytest.mark.parametrize("cure", CURES.values())
def test_the_street_is_the_studys(cure):
    explorer = LoadShiftingExplorer()
    explorer.controls["cure"].value = cure
    after = run(community(DAY), 0.6, cure=cure or None).after
    assert f"{after.par:.2f} times the average" in explorer.status
    assert f"{after.peak_kw:.1f} kW at" in explorer.status
    assert f"is paid {after.cost:.2f} EUR" in explorer.status


def test_a_peak_that_stays_is_told_so():
    explorer = LoadShiftingExplorer()
    explorer.controls["participation"].value = 0
    assert "The peak stays at 43.7 kW, at 23:00" in explorer.status


def test_what_is_given_up_and_what_alpha_does_are_told():
    explorer = LoadShiftingExplorer()
    assert "given up" not in explorer.status
    assert "Equation (3)" not in explorer.status
    explorer.controls["elasticity"].value = -0.3
    done = run(community(DAY), 0.6, elasticity=-0.3)
    assert f"{done.curtailed.sum() / 1e6:.1f} kWh are given up" in explorer.status
    assert f"{done.comfort_cost:.2f} EUR" in explorer.status
    explorer.controls["alpha"].value = 3.0
    assert "In 24 hours Equation (3) cuts" in explorer.status


# --- the home -------------------------------------------------------------------------


@pytest.mark.parametrize("elasticity", [-0.1, -0.5, -2.0])
def test_at_the_usual_price_it_wants_2_kwh_with_any_elasticity(elasticity):
    assert wish(0.25, elasticity).demand == 2.0
    dearer = wish(0.2525, elasticity)  # by one percent
    assert 100 * (dearer.demand / 2.0 - 1) == pytest.approx(elasticity)


def test_a_wish_is_equation_1():
    for price in (0.0, 0.2, 0.5, 0.9):
        home = wish(price)
        expected = best_demand(home.beta, home.gamma, price, home.low, home.high)
        assert home.demand == pytest.approx(float(expected))


def test_what_stays_is_not_said_to_be_instead_of_itself():
    explorer = LoadShiftingExplorer()
    explorer.controls["participation"].value = 0
    assert "The peak stays at 43.7 kW, at 23:00, 1.95 times the average." in explorer.status
    assert "Upstream is paid 45.45 EUR." in explorer.status


def test_the_dr_price_adds_to_the_price():
    explorer = ProsumerExplorer()
    explorer.controls["dr_price"].value = 0.1
    assert "it wants 1.6 kWh. It gives up 0.4" in explorer.status
    by_price = ProsumerExplorer()
    by_price.controls["price"].value = 0.35
    assert "wants 1.6 kWh" in by_price.status


# --- the table ------------------------------------------------------------------------


def test_states_and_actions_are_those_of_the_game():
    game = solved_game()
    assert (game.states, game.actions) == (len(STATES), len(ACTIONS))
    policy, earned = best()
    assert [ACTIONS[action] for action in policy] == ["14", "18", "34"]
    assert earned == pytest.approx(game.reward.max(axis=1).mean())


def test_who_never_explores_stays_below_and_who_always_does_knows_but_earns_less():
    finds = {name: learned(name) for name in EXPLORATIONS}
    optimum, most = best()
    wise = finds["always"].policy
    assert (wise == optimum).all()
    assert finds["always"].rewards[:, -200:].mean() < 0.75 * most
    assert not (finds["never"].policy == optimum).all(axis=1).any()
    assert finds["much at first, then little"].rewards[:, -200:].mean() > 0.95 * most


def test_every_snapshot_and_seed_can_be_looked_at():
    explorer = QTableExplorer()
    assert learned().kept == KEPT
    assert len(learned().seeds) == len(SEEDS)
    explorer.controls["episode"].value = KEPT[0]
    assert explorer.status.startswith("After 1 episode it would ask")
    assert "tried 1 of 48 cells" in explorer.status
