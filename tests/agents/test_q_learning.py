"""The learner against Bellman's equation, bandits with known answers, and its own promises."""

from typing import Any

import numpy as np
import pytest

from energychain.agents.games import bandit, battery_day, value_iteration, worth
from energychain.agents.q_learning import (
    Environment,
    Exploration,
    FloatArray,
    Learner,
    Process,
    ProcessEnvironment,
    Tables,
    heat_rows,
    learn,
    learn_many,
    learning_curve,
    snapshots,
)
from energychain.primitives.refusals import BadInput

ONE = np.zeros(1, dtype=np.int64)


def random_process(seed: int, states: int = 5, actions: int = 3, steps: int = 30) -> Process:
    """Random rewards, a random next state with certainty, an end here and there."""
    rng = np.random.default_rng(seed)
    return Process(
        reward=rng.normal(size=(states, actions)),
        following=np.eye(states)[rng.integers(0, states, (states, actions))],
        ends=rng.random((states, actions)) < 0.2,
        start=np.full(states, 1 / states),
        noise=np.zeros((states, actions)),
        steps=steps,
    )


def one_state(rewards: list[float], ends: bool, steps: int = 20) -> Process:
    reward = np.array([rewards])
    return Process(
        reward,
        np.ones((*reward.shape, 1)),
        np.full(reward.shape, ends),
        np.ones(1),
        np.zeros(reward.shape),
        steps,
    )


def swept(process: Process, discount: float, rate: float = 1.0, sweeps: int = 400) -> FloatArray:
    """The learner's own update, over every transition in turn."""
    learner = Learner(rate=rate, discount=discount)
    tables = Tables(process.states, process.actions, learner, [4])
    for _ in range(sweeps):
        for state, action in np.ndindex(process.reward.shape):
            tables.improve(
                ONE,
                ONE + state,
                ONE + action,
                process.reward[None, state, action],
                process.following[None, state, action].argmax(axis=-1),
                process.ends[None, state, action],
            )
    return tables.q[0]


# --- the update -----------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rate", [1.0, 0.3])
def test_full_sweeps_converge_to_value_iteration(seed: int, rate: float) -> None:
    process = random_process(seed)
    known = value_iteration(process, discount=0.8)
    assert swept(process, 0.8, rate) == pytest.approx(known.q, abs=1e-9)


def test_value_iteration_solves_bellmans_equation_as_linear_equations_do() -> None:
    process = random_process(8)
    solution = value_iteration(process, discount=0.8)
    at = np.arange(process.states), solution.policy
    goes_on = np.where(process.ends[at], 0.0, 1.0)[:, None] * process.following[at]
    values = np.linalg.solve(np.eye(process.states) - 0.8 * goes_on, process.reward[at])
    assert solution.values == pytest.approx(values, abs=1e-9)
    assert (solution.q <= values[:, None] + 1e-9).all()


def test_what_comes_after_the_end_counts_for_nothing_but_a_cut_is_no_end() -> None:
    learner = Learner(discount=0.5, explore=Exploration(1.0, 1.0), memory=10)
    ended = learn_many(one_state([3.0], ends=True), 400, [1], learner)
    cut = learn_many(one_state([3.0], ends=False), 60, [1], learner)
    assert ended.q[-1].item() == pytest.approx(3.0)
    assert cut.q[-1].item() == pytest.approx(3.0 / (1 - 0.5))


@pytest.mark.parametrize("discount", [0.3, 0.9])
def test_with_one_state_the_discount_adds_the_same_to_every_action(discount: float) -> None:
    # The chapter takes Q to be independent of the state: then a bandit learns the same.
    process = one_state([1.0, 4.0, 2.0], ends=False)
    alone, discounted = swept(process, 0.0), swept(process, discount)
    assert alone[0] == pytest.approx([1.0, 4.0, 2.0])
    assert discounted - alone == pytest.approx(np.full((1, 3), 4 * discount / (1 - discount)))


def test_the_oldest_transition_is_forgotten() -> None:
    tables = Tables(1, 2, Learner(rate=1.0, discount=0.0, memory=2, batch=64), [5])
    end = np.ones(1, dtype=bool)
    for reward in (7.0, 8.0, 9.0):
        # Only the first is of action 0; it is gone when the third is there.
        action = ONE + (reward > 7)
        tables.remember(ONE, ONE, action, np.array([reward]), ONE, end)
    before = tables.q[0, 0, 0]
    tables.begin(1)
    tables.replay(0, ONE)
    assert tables.q[0, 0, 0] == before < 0.01
    assert tables.q[0, 0, 1] in (8.0, 9.0)
    assert tables.visits[0, 0].tolist() == [1, 2]


# --- choosing -------------------------------------------------------------------------


def test_equal_estimates_are_broken_by_the_lowest_action() -> None:
    tables = Tables(1, 3, Learner(spread=0.0), range(50))
    tables.begin(1)
    who = np.arange(50)
    state = np.zeros(50, dtype=np.int64)
    assert (tables.choose(0, who, state, chance=0.0) == 0).all()
    assert set(tables.choose(0, who, state, chance=1.0)) == {0, 1, 2}


def test_exploration_falls_in_a_line_and_stays() -> None:
    explore = Exploration(first=0.9, last=0.1, over=8)
    assert [explore.chance(n) for n in (0, 4, 8, 100)] == pytest.approx([0.9, 0.5, 0.1, 0.1])
    assert explore.chance(8) == explore.chance(10**6)


# --- chance comes from seeds ----------------------------------------------------------


def noisy() -> Process:
    process = random_process(3)
    chances = np.random.default_rng(1).dirichlet(np.ones(5), (5, 3))
    return Process(
        process.reward, chances, process.ends, process.start, process.noise + 0.5, steps=7
    )


def test_many_learn_what_each_learns_alone_step_by_step() -> None:
    many = learn_many(noisy(), 40, [11, 12, 13], keep=[5])
    for n, seed in enumerate(many.seeds):
        alone = learn(ProcessEnvironment(noisy()), 40, seed, keep=[5])
        assert (alone.rewards[0] == many.rewards[n]).all()
        assert (alone.q[:, 0] == many.q[:, n]).all()
        assert (alone.visits[:, 0] == many.visits[:, n]).all()
        assert alone.kept == many.kept == (5, 40)


def test_a_seed_fixes_everything_and_another_changes_it() -> None:
    first, again = (learn_many(noisy(), 20, [1, 2]) for _ in range(2))
    assert (first.q == again.q).all()
    assert (first.rewards == again.rewards).all()
    assert (first.q[-1, 0] != first.q[-1, 1]).any()


def test_a_process_is_played_with_the_chances_it_names() -> None:
    process = noisy()
    played = ProcessEnvironment(process)
    state, _ = played.reset(seed=6)
    seen, earned = np.zeros(5), []
    for _ in range(3000):
        if state == 2:
            following, reward, *_ = played.step(1)
            seen[following] += 1
            earned.append(reward)
        state, _ = played.reset()
    assert seen / seen.sum() == pytest.approx(process.following[2, 1], abs=0.08)
    assert np.mean(earned) == pytest.approx(process.reward[2, 1], abs=0.08)
    assert np.std(earned) == pytest.approx(0.5, abs=0.06)


# --- what it learns -------------------------------------------------------------------


def test_it_finds_the_best_arm_of_a_bandit_with_any_seed() -> None:
    arms = bandit([0.0, 1.0, 3.0, 2.0], noise=1.0)
    history = learn_many(arms, 1000, range(30))
    assert (history.policy == 2).all()
    assert history.visits[-1].sum(axis=(1, 2)).tolist() == [1000] * 30
    # The bad arms are left, so what it earns comes near to the best arm's mean of 3.
    assert history.rewards[:, :100].mean() < 2 < 2.8 < history.rewards[:, -300:].mean() < 3


def test_it_learns_to_run_a_battery_as_well_as_dynamic_programming() -> None:
    day = battery_day([0.10, 0.12, 0.30, 0.25, 0.08, 0.40, 0.35, 0.20], levels=3)
    best = value_iteration(day)
    history = learn_many(day, 600, range(5), Learner(discount=1.0))
    found = [worth(day, policy) for policy in history.policy]
    assert found == pytest.approx([best.values[0]] * 5)


class Corridor:
    """Five rooms in a row; the prize is behind the last, and every step costs something."""

    states, actions, steps = 5, 2, 40

    def reset(self, seed: int | None = None) -> tuple[int, dict[str, Any]]:
        self.room = 0
        return self.room, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        self.room = max(self.room + (1 if action else -1), 0)
        won = self.room == self.states
        return self.room % self.states, 10.0 * won - 1, won, False, {}


def test_an_environment_of_ones_own_needs_only_reset_and_step() -> None:
    corridor: Environment = Corridor()
    history = learn(corridor, 150, seed=2)
    assert history.policy.tolist() == [[1, 1, 1, 1, 1]]
    assert max(history.rewards[0]) == 10 - 5


# --- rows for charts ------------------------------------------------------------------


def test_the_band_is_that_of_students_table() -> None:
    # t(0.975; 4 degrees of freedom) is 2.776 in any table.
    rewards = np.array([[1.0], [2.0], [3.0], [4.0], [5.0]])
    (row,) = learning_curve(rewards)
    half = 2.776 * np.sqrt(2.5 / 5)
    assert row["episode"] == 1
    assert row["mean"] == 3.0
    assert row["low"] == pytest.approx(3 - half, abs=1e-3)
    assert row["high"] == pytest.approx(3 + half, abs=1e-3)


def test_a_window_averages_whole_windows_and_one_learner_has_no_band() -> None:
    rows = learning_curve(np.array([[1.0, 3.0, 5.0, 7.0, 100.0]]), window=2)
    assert rows == [
        {"episode": 2, "mean": 2.0, "low": None, "high": None},
        {"episode": 4, "mean": 6.0, "low": None, "high": None},
    ]


def test_heat_rows_show_the_table_as_it_stood() -> None:
    history = learn_many(bandit([0.0, 5.0]), 60, [1, 2], keep=[1, 10])
    first, tenth = heat_rows(history, 9), heat_rows(history, 10, learner=1)
    assert sum(row["visits"] for row in first) == 1
    assert sum(row["visits"] for row in tenth) == 10
    last = heat_rows(history, 1000)
    assert [row["best"] for row in last] == [False, True]
    assert [row["q"] for row in last] == history.q[-1, 0, 0].tolist()
    assert heat_rows(history, 0) == first


def test_snapshots_always_include_the_last() -> None:
    assert snapshots(3) == (1, 2, 3)
    assert len(snapshots(1000)) == 20
    assert snapshots(1000)[-1] == 1000
    assert snapshots(5, keep=[0, 2, 9]) == (2, 5)


# --- refusals -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ("a rate", lambda: Learner(rate=0.0)),
        ("a discount", lambda: Learner(discount=1.1)),
        ("memory", lambda: Learner(memory=0)),
        ("batch", lambda: Learner(batch=0)),
        ("a chance", lambda: Exploration(first=1.2)),
        ("one episode", lambda: Exploration(over=0)),
        ("one episode", lambda: learn_many(bandit([1.0]), 0, [1])),
        ("one seed", lambda: learn_many(bandit([1.0]), 1, [])),
        ("rewards are", lambda: Process.of_rewards([])),
        ("rewards are", lambda: one_state_with(reward=np.ones(1))),
        ("add up to 1", lambda: one_state_with(start=np.array([0.5]))),
        ("following has the shape", lambda: one_state_with(following=np.ones((1, 1)))),
        ("at least one step", lambda: one_state([1.0], ends=True, steps=0)),
        ("needs a seed", lambda: ProcessEnvironment(bandit([1.0])).reset()),
        ("level of confidence", lambda: learning_curve(np.ones((2, 2)), level=1.0)),
        ("window", lambda: learning_curve(np.ones((2, 2)), window=3)),
    ],
)
def test_what_makes_no_sense_is_refused(told: str, wrong: Any) -> None:
    with pytest.raises(BadInput, match=told):
        wrong()


def one_state_with(**changed: Any) -> Process:
    process = one_state([1.0], ends=True)
    return Process(**{**process.__dict__, **changed})
