"""The games' answers by brute force and by hand; and the learner held to its bar."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.agents.games import (
    CHARGE,
    DISCHARGE,
    MONEY,
    Duel,
    battery_day,
    bidding_game,
    duel,
    learn_against,
    payoffs,
    solved_game,
    value_iteration,
    worth,
)
from energychain.agents.q_learning import learn_many
from energychain.markets.orders import Book, order
from energychain.primitives.refusals import BadInput

LIMITS = [10**6 * limit for limit in range(10, 39, 2)]


def book_of(*rows: tuple[str, str, str, str]) -> Book:
    return Book.of(
        order(name, name, "buy" if side == "buy" else "sell", much, limit)
        for name, side, much, limit in rows
    )


def bilateral() -> Duel:
    return duel(book_of(("b", "buy", "1", "30"), ("s", "sell", "1", "10")), ("b", "s"), LIMITS)


def two_sellers() -> Duel:
    book = book_of(
        ("ann", "buy", "3", "38"),
        ("bob", "buy", "2", "30"),
        ("cat", "buy", "2", "20"),
        ("sam", "sell", "4", "10"),
        ("tom", "sell", "4", "10"),
    )
    return duel(book, ("sam", "tom"), LIMITS)


# --- a battery ------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.floats(-0.2, 0.5), min_size=1, max_size=5),
    st.integers(2, 4),
    st.floats(0.5, 1.0),
)
def test_dynamic_programming_finds_what_trying_all_plans_finds(
    prices: list[float], levels: int, efficiency: float
) -> None:
    best = 0.0
    for plan in product(range(3), repeat=len(prices)):
        level, earned = 0, 0.0
        for price, action in zip(prices, plan, strict=True):
            if action == CHARGE and level < levels - 1:
                level, earned = level + 1, earned - price * 2 / efficiency
            elif action == DISCHARGE and level > 0:
                level, earned = level - 1, earned + price * 2
        best = max(best, earned)
    day = battery_day(prices, levels, size=2.0, efficiency=efficiency)
    solution = value_iteration(day)
    assert solution.values[0] == pytest.approx(best, abs=1e-9)
    assert worth(day, solution.policy) == pytest.approx(best, abs=1e-9)


def test_a_process_without_end_needs_a_discount() -> None:
    day = battery_day([0.1, 0.2])
    endless = type(day)(
        **{**day.__dict__, "ends": np.zeros_like(day.ends), "reward": day.reward + 1}
    )
    with pytest.raises(BadInput, match="discount below 1"):
        value_iteration(endless, most=50)
    with pytest.raises(BadInput, match="two levels"):
        battery_day([0.1], levels=1)


# --- one against fixed others ---------------------------------------------------------


def test_payoffs_of_the_evening_by_hand() -> None:
    evening = solved_game().reward[2]
    # Asking 34: ann's 3 and bob's 2 kWh are served by eve and me. The price lies between my
    # 34 and bob's 34.5, so 34.25, at a cost of 10.
    assert evening[12] == 4 * (34.25 - 10)
    # Asking 36: bob is not served by me any more. Ann's 3 kWh take eve, gus and 1 of mine, at
    # my 36.
    assert evening[13] == 1 * (36 - 10)
    # Asking 40: nobody would pay it.
    assert evening[15] == 0


def test_a_gain_counts_with_the_true_limit() -> None:
    book = book_of(("b", "buy", "2", "30"), ("s", "sell", "2", "10"))
    told = [LIMITS[0], LIMITS[5]]
    assert (payoffs(book, "s", told) / MONEY).tolist() == [2 * (20 - 10), 2 * (25 - 10)]
    game = bidding_game([book, book.without("b")], "s", told)
    assert game.reward.tolist() == [[20.0, 30.0], [0.0, 0.0]]


def test_q_learning_reaches_the_best_response_with_every_seed() -> None:
    game = solved_game()
    best = value_iteration(game)
    seeds = range(30)
    history = learn_many(game, 2000, seeds)
    earned = game.reward[np.arange(3), history.policy]
    assert earned.shape == (30, 3)
    assert (earned.sum(axis=1) >= 0.95 * best.values.sum()).all()
    # In each of the hours too, also where there is little to gain.
    assert (earned >= 0.95 * best.values).all()
    # The bar means something: neither the truth nor a random limit reaches it.
    assert game.reward[:, 0].sum() < 0.85 * best.values.sum()
    assert game.reward.mean(axis=1).sum() < 0.65 * best.values.sum()


def test_before_it_has_learned_only_luck_passes_the_bar() -> None:
    game = solved_game()
    history = learn_many(game, 30, range(30), keep=[1])
    at_first = game.reward[np.arange(3), history.q[0].argmax(axis=-1)].sum(axis=1)
    assert (at_first >= 0.95 * value_iteration(game).values.sum()).mean() < 0.1


# --- two who both choose --------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_equilibria_are_all_pairs_from_which_nobody_moves(seed: int, limits: int) -> None:
    first, second = np.random.default_rng(seed).integers(0, 4, (2, limits, limits))
    expected = [
        (i, j)
        for i in range(limits)
        for j in range(limits)
        if all(first[k, j] <= first[i, j] for k in range(limits))
        and all(second[i, k] <= second[i, j] for k in range(limits))
    ]
    assert Duel(first, second).equilibria == expected


def test_a_buyer_and_a_seller_may_agree_on_any_price_between_them() -> None:
    game = bilateral()
    trading = [pair for pair in game.equilibria if game.first[pair] + game.second[pair]]
    # At 10 or 30 all goes to one of them; the other does not lose by it.
    assert [(10 + 2 * i, 10 + 2 * j) for i, j in trading] == [(p, p) for p in range(10, 31, 2)]
    assert game.most_together == 20 * MONEY


def test_learners_mostly_settle_at_an_equilibrium_but_not_always() -> None:
    # Nothing promises more: each takes the other for a part of a world that stands still.
    for game in (bilateral(), two_sellers()):
        rivals = learn_against(game, 2000, range(30))
        assert 0.5 < rivals.at_equilibrium.mean() < 1
        assert ((rivals.regrets == 0).all(axis=0) == rivals.at_equilibrium).all()
        assert (rivals.regrets >= 0).all()


def test_buyer_and_seller_learn_to_trade_near_the_middle() -> None:
    rivals = learn_against(bilateral(), 2000, range(30))
    assert rivals.gains.sum(axis=0) == pytest.approx(np.full(30, 20.0))  # always trade
    assert (np.abs(rivals.gains - 10) <= 4).all()
    assert rivals.rewards[..., -100:].mean() > rivals.rewards[..., :100].mean()


def test_learners_cannot_settle_where_there_is_no_equilibrium() -> None:
    # Matching pennies: one wants the same side, the other a different one.
    same = np.array([[1, 0], [0, 1]]) * MONEY
    pennies = Duel(same, MONEY - same)
    assert pennies.equilibria == []
    rivals = learn_against(pennies, 300, range(6))
    assert not rivals.at_equilibrium.any()
    assert (rivals.regrets.sum(axis=0) == 1).all()


def test_a_pair_of_seeds_is_what_each_seed_gives() -> None:
    both, second = (learn_against(two_sellers(), 50, seeds) for seeds in ([3, 4], [4]))
    assert (both.rewards[:, 1] == second.rewards[:, 0]).all()
    assert (both.actions[:, 1] == second.actions[:, 0]).all()


def test_both_need_as_many_limits() -> None:
    with pytest.raises(BadInput, match="as many limits"):
        learn_against(Duel(np.zeros((2, 3)), np.zeros((2, 3))), 1, [1])
