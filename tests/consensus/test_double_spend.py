"""Double spends: two formulas and a simulation, each held against what is computed otherwise."""

from fractions import Fraction
from itertools import pairwise
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from energychain.consensus.double_spend import (
    LEVEL,
    clopper_pearson,
    confirmations_for,
    exact,
    nakamoto,
    odds,
    rosenfeld,
    rows,
    simulate,
)
from energychain.primitives.refusals import BadInput

SHARES = (0.02, 0.1, 0.25, 0.3, 0.4, 0.45, 0.49)


# --- the judges -----------------------------------------------------------------------


def markov(share: float, confirmations: int, far: int = 400) -> float:
    """The race as a Markov chain: until the last confirmation state by state, after that
    the linear equations of a walk between "level" and hopelessly far behind.
    """
    q, p = share, 1 - share
    equations = np.eye(far + 1)
    for behind in range(1, far):
        equations[behind, behind - 1] -= q
        equations[behind, behind + 1] -= p
    level = np.zeros(far + 1)
    level[0] = 1.0
    catches_up = np.linalg.solve(equations, level)
    # chance[a]: that the attacker has a blocks; at most as many as make it level
    chance = np.zeros(confirmations + 1)
    chance[0] = 1.0
    for _ in range(confirmations):
        honest = np.zeros_like(chance)
        for mined in range(confirmations + 1):
            honest[mined] += chance[mined] * p
            if mined < confirmations:
                chance[mined + 1] += chance[mined] * q
            else:
                honest[mined] += chance[mined] * q  # level already: it stays so
        chance = honest
    return float(
        sum(chance[mined] * catches_up[confirmations - mined] for mined in range(confirmations + 1))
    )


def rosenfeld_printed(share: Fraction, confirmations: int) -> Fraction:
    """The sum as Rosenfeld (2014) prints it, in fractions."""
    q, p, n = share, 1 - share, confirmations
    return 1 - sum(comb(m + n - 1, m) * (p**n * q**m - p**m * q**n) for m in range(n + 1))


def nakamoto_printed(share: float, confirmations: int) -> float:
    """The program of section 11, term by term."""
    ratio = share / (1 - share)
    mean, total = confirmations * ratio, 1.0
    for k in range(confirmations + 1):
        poisson = np.exp(-mean)
        for i in range(1, k + 1):
            poisson *= mean / i
        total -= poisson * (1 - ratio ** (confirmations - k))
    return float(total)


# --- the formulas ---------------------------------------------------------------------


@pytest.mark.parametrize("share", SHARES[:-1])
@pytest.mark.parametrize("confirmations", [1, 2, 5, 12, 40])
def test_the_exact_formula_is_what_the_markov_chain_does(share: float, confirmations: int) -> None:
    assert exact(share, confirmations) == pytest.approx(markov(share, confirmations), rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 499), st.integers(1, 60))
def test_the_exact_formula_is_rosenfeld_s_sum(thousandths: int, confirmations: int) -> None:
    share = thousandths / 1000
    printed = float(rosenfeld_printed(Fraction(thousandths, 1000), confirmations))
    assert exact(share, confirmations) == pytest.approx(printed, rel=1e-9)
    assert rosenfeld(share, confirmations) == pytest.approx(printed, rel=1e-9)


@pytest.mark.parametrize(("confirmations", "percent"), [(1, 20), (2, 5.6), (4, 0.546), (6, 0.059)])
def test_a_tenth_of_the_power_by_rosenfeld_s_table(confirmations: int, percent: float) -> None:
    assert round(100 * exact(0.1, confirmations), 3) == percent


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 499), st.integers(1, 100))
def test_nakamoto_s_formula_is_his_program(thousandths: int, confirmations: int) -> None:
    share = thousandths / 1000
    printed = nakamoto_printed(share, confirmations)
    assert nakamoto(share, confirmations) == pytest.approx(printed, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("chance", [nakamoto, exact, rosenfeld])
def test_small_chances_keep_their_digits(chance: object) -> None:
    """Taken from 1, they would be lost."""
    assert callable(chance)
    assert 0 < chance(0.1, 100) < 1e-40
    assert chance(0.1, 100) / chance(0.1, 101) == pytest.approx(
        chance(0.1, 101) / chance(0.1, 102), rel=0.01
    )


@pytest.mark.parametrize("chance", [nakamoto, exact, rosenfeld])
@pytest.mark.parametrize("share", SHARES)
def test_more_confirmations_are_safer_and_more_power_is_not(chance: object, share: float) -> None:
    assert callable(chance)
    falling = [chance(share, z) for z in range(30)]
    assert falling[0] == 1
    assert all(later < sooner for sooner, later in pairwise(falling))
    assert chance(share, 6) < chance(share + 0.01, 6)
    assert chance(0.5, 10**6) == chance(0.7, 3) == chance(1.0, 3) == 1


@pytest.mark.parametrize("share", SHARES[1:])
def test_nakamoto_asks_for_too_few(share: float) -> None:
    few = confirmations_for(share, chance=nakamoto)
    assert nakamoto(share, few) < 0.001 < exact(share, few)
    assert few < confirmations_for(share)


def test_nakamoto_s_chance_is_too_small_late_and_too_large_early() -> None:
    assert nakamoto(0.49, 30) > exact(0.49, 30)
    assert nakamoto(0.49, 10_000) < exact(0.49, 10_000)
    assert nakamoto(0.1, 1) > exact(0.1, 1)


@pytest.mark.parametrize("share", SHARES[1:])
def test_confirmations_for_are_enough_and_one_less_is_not(share: float) -> None:
    enough = confirmations_for(share)
    assert exact(share, enough) < 0.001 <= exact(share, enough - 1)


def test_no_number_of_confirmations_protects_from_half() -> None:
    with pytest.raises(BadInput, match="no number of confirmations"):
        confirmations_for(0.5)
    with pytest.raises(BadInput, match="more than 500,000 confirmations"):
        confirmations_for(0.49999)
    with pytest.raises(BadInput, match="stay below"):
        confirmations_for(0.1, below=0)


# --- the simulation -------------------------------------------------------------------


@pytest.mark.parametrize(("share", "confirmations"), [(0.1, 2), (0.3, 5), (0.4, 12), (0.45, 20)])
def test_the_interval_covers_the_exact_chance_as_often_as_it_says(
    share: float, confirmations: int
) -> None:
    """200 seeds: at 99.9 % one may miss, and hardly ever three."""
    found = [odds(share, confirmations, runs=2_000, seed=seed) for seed in range(200)]
    assert sum(not each.agree for each in found) <= 2
    assert len({each.simulated for each in found}) > 20


def test_the_defaults_agree() -> None:
    for share, confirmations in ((0.1, 5), (0.1, 1), (0.3, 12), (0.45, 6), (0.5, 12), (0.2, 0)):
        assert odds(share, confirmations).agree


def test_the_simulation_can_tell_the_two_formulas_apart() -> None:
    found = odds(0.3, 10, runs=200_000)
    low, high = found.interval
    assert low <= found.exact <= high
    assert not low <= found.nakamoto <= high


def test_where_a_race_is_cut_off_does_not_matter() -> None:
    runs = 40_000
    for blocks in (0, 1, 10, 1_000):
        won = simulate(0.4, 6, runs, seed=5, blocks=blocks)
        low, high = clopper_pearson(won, runs)
        assert low <= exact(0.4, 6) <= high


def test_a_seed_is_all_the_chance_there_is() -> None:
    assert simulate(0.3, 4, 10_000, seed=8) == simulate(0.3, 4, 10_000, seed=8)
    assert simulate(0.3, 4, 10_000, seed=8) != simulate(0.3, 4, 10_000, seed=9)


def test_many_runs_are_played_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    from energychain.consensus import double_spend

    monkeypatch.setattr(double_spend, "BATCH", 300)
    won = simulate(0.4, 3, 1_000)
    low, high = clopper_pearson(won, 1_000)
    assert low <= exact(0.4, 3) <= high


@given(st.integers(1, 5_000), st.data())
def test_the_interval_is_clopper_s_and_pearson_s(runs: int, data: st.DataObject) -> None:
    won = data.draw(st.integers(0, runs))
    judge = binomtest(won, runs).proportion_ci(LEVEL, "exact")
    assert clopper_pearson(won, runs) == pytest.approx((judge.low, judge.high), abs=1e-9)


def test_impossible_counts_are_refused() -> None:
    for won, runs in ((-1, 10), (11, 10), (0, 0)):
        with pytest.raises(ValueError, match="successes"):
            clopper_pearson(won, runs)


def test_rows_for_a_chart() -> None:
    found = rows(0.3, 4, runs=5_000)
    assert [row["confirmations"] for row in found] == [0, 1, 2, 3, 4]
    for row in found:
        assert row["low"] <= row["exact"] <= row["high"]
        assert row["low"] <= row["simulated"] <= row["high"]


# --- what is no question --------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, -0.1, 1.01, float("nan"), float("inf")])
def test_a_share_is_above_zero_and_at_most_one(share: float) -> None:
    for ask in (nakamoto, exact, rosenfeld, simulate):
        with pytest.raises(BadInput, match="share is more than 0"):
            ask(share, 3)


def test_other_arguments_have_their_ranges() -> None:
    with pytest.raises(BadInput, match="number of confirmations is from 0"):
        exact(0.1, -1)
    with pytest.raises(BadInput, match="number of runs is from 1 to 10,000,000, found 0"):
        simulate(0.1, 3, runs=0)
    with pytest.raises(BadInput, match="seed is from 0, found -1"):
        simulate(0.1, 3, seed=-1)
