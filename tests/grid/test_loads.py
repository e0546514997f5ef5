"""
Loads that can wait: against linear programming, brute force and conservation of energy.
"""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from energychain.grid import loads
from energychain.grid.loads import (
    NIGHT_AND_DAY,
    QUARTERS,
    WHOLE_DAY,
    IntArray,
    Windows,
    aggregate,
    average,
    blocks,
    cost,
    deviation,
    iterate,
    peak,
    peak_to_average,
    pro_rata,
    recover,
    shift,
    shift_by_quota,
    shift_randomised,
)
from energychain.primitives.refusals import BadInput

CUTS = (WHOLE_DAY, NIGHT_AND_DAY, QUARTERS)

seeds = st.integers(0, 2**32 - 1)


class Case:
    """Prosumers with loads, energy that can wait, a limit that holds it, and prices."""

    def __init__(self, seed: int, prosumers: int = 4, days: int = 2) -> None:
        self.rng = rng = np.random.default_rng(seed)
        shape = (prosumers, 24 * days)
        self.load = rng.integers(0, 3_000_000, shape)
        self.movable = (self.load * rng.random(shape) * rng.integers(0, 2, shape)).astype(np.int64)
        self.limit = self.load.max(axis=1, keepdims=True) + rng.integers(0, 10**6, (prosumers, 1))
        # Few different prices, so that there are ties; some are negative; whole, to be exact.
        self.price = rng.integers(-2, 6, shape[1])
        self.windows = CUTS[int(rng.integers(len(CUTS)))]

    @property
    def common(self) -> tuple[IntArray, IntArray, IntArray]:
        return self.load, self.movable, self.limit

    def conserved(self, shifted: IntArray) -> bool:
        """By prosumer, day and window, to the mWh."""
        return all(
            (shifted[:, hours].sum(axis=2) == self.load[:, hours].sum(axis=2)).all()
            for hours in self.windows.periods(self.load.shape[1])
        )

    def bounded(self, shifted: IntArray) -> bool:
        """Within the limit, and nothing moved that cannot wait."""
        return bool((shifted <= self.limit).all() and (shifted >= self.load - self.movable).all())


def cheapest(case: Case, price: np.ndarray, capacity: np.ndarray | None = None) -> float:
    """The cost of the best plan by linear programming [money * mWh]."""
    prosumers, periods = case.load.shape
    fixed = case.load - case.movable
    rows, needs = [], []
    for hours in case.windows.periods(periods):
        for who, window in product(range(prosumers), hours):
            row = np.zeros(case.load.shape)
            row[who, window] = 1
            rows.append(row.ravel())
            needs.append(case.movable[who, window].sum())
    most = {}
    if capacity is not None:
        together = np.tile(np.eye(periods), prosumers)
        most = {"A_ub": together, "b_ub": np.maximum(capacity - fixed.sum(axis=0), 0)}
    found = linprog(
        np.broadcast_to(price, case.load.shape).ravel(),
        A_eq=np.array(rows),
        b_eq=needs,
        bounds=np.stack([np.zeros(fixed.size), (case.limit - fixed).ravel()], axis=1),
        **most,
    )
    assert found.success
    return float(found.fun + (fixed * price).sum())


# --- windows -----------------------------------------------------------------------------


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("per_day", [24, 48, 96])
def test_windows_hold_every_period_once(cut: Windows, per_day: int) -> None:
    found = np.concatenate(
        [hours.ravel() for hours in Windows(cut.hours, per_day).periods(3 * per_day)]
    )
    assert sorted(found) == list(range(3 * per_day))


@pytest.mark.parametrize(
    "hours", [(), ((0, 12),), ((1, 24),), ((0, 12), (13, 24)), ((0, 0), (0, 24)), ((0, 30),)]
)
def test_windows_that_do_not_cut_the_day_are_refused(hours: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(BadInput, match="cut the day from 0 to 24"):
        Windows(hours)


def test_a_window_that_ends_within_a_period_and_half_a_day_are_refused() -> None:
    with pytest.raises(BadInput, match="within one of the 24 periods"):
        Windows(((0, 6.5), (6.5, 24)))
    assert Windows(((0, 6.5), (6.5, 24)), per_day=48).spans == ((0, 13), (13, 48))
    with pytest.raises(BadInput, match="36 periods are not whole days of 24"):
        WHOLE_DAY.days(36)
    with pytest.raises(BadInput, match="0 periods are not whole days of 24"):
        WHOLE_DAY.days(0)


# --- what everybody does alone -----------------------------------------------------------


@given(seeds, st.booleans())
@settings(max_examples=40)
def test_shifting_conserves_energy_keeps_the_limits_and_costs_no_more(seed: int, own: bool) -> None:
    case = Case(seed)
    price = case.rng.integers(-2, 6, case.load.shape) if own else case.price
    shifted = shift(case.load, case.movable, price, case.limit, case.windows)
    assert case.conserved(shifted) and case.bounded(shifted)
    assert (shifted * price).sum() <= (case.load * price).sum()


@given(seeds, st.booleans())
@settings(max_examples=15)
def test_shifting_is_the_optimum_of_the_linear_programme(seed: int, own: bool) -> None:
    case = Case(seed, prosumers=2)
    price = case.rng.integers(-2, 6, case.load.shape) if own else case.price
    shifted = shift(case.load, case.movable, price, case.limit, case.windows)
    assert (shifted * price).sum() == pytest.approx(cheapest(case, price), rel=1e-9, abs=1e-3)


@given(seeds)
@settings(max_examples=20)
def test_one_price_for_all_is_the_same_price_for_each(seed: int) -> None:
    case = Case(seed)
    limits = np.broadcast_to(case.limit, case.load.shape)
    each = np.broadcast_to(case.price, case.load.shape)
    assert np.array_equal(
        shift(case.load, case.movable, case.price, case.limit, case.windows),
        shift(case.load, case.movable, each, limits, case.windows),
    )


def test_blocks_and_small_integers_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(7, prosumers=11)
    whole = shift(case.load, case.movable, case.price, case.limit)
    own = case.rng.random(case.load.shape)
    each_its_own = shift(case.load, case.movable, own, case.limit)
    small = [each.astype(np.int32) for each in case.common]
    monkeypatch.setattr(loads, "BLOCK", 2 * case.load.shape[1])
    assert [rows.stop - rows.start for rows in blocks(*case.load.shape)] == [2] * 5 + [1]
    shifted = shift(small[0], small[1], case.price, small[2])
    assert np.array_equal(shift(case.load, case.movable, own, case.limit), each_its_own)
    assert shifted.dtype == np.int32
    assert np.array_equal(shifted, whole)


def test_the_order_of_arrays_in_memory_changes_nothing() -> None:
    case = Case(4, prosumers=7)
    other = [np.asfortranarray(each) for each in case.common]
    expected = shift(*case.common[:2], case.price, case.limit, case.windows)
    np.testing.assert_array_equal(shift(*other[:2], case.price, other[2], case.windows), expected)
    quota = [
        shift_by_quota(load, movable, case.price, limit, 10**8, case.windows)
        for load, movable, limit in (case.common, other)
    ]
    np.testing.assert_array_equal(*quota)


def test_of_hours_at_one_price_the_earliest_is_filled_first() -> None:
    load = np.array([[0, 0, 0, 5]])
    assert shift(load, load, [1, 1, 1, 1], 2, Windows(per_day=4)).tolist() == [[2, 2, 1, 0]]


DAY = np.full((2, 24), 5)

REFUSED = {
    "floats": (DAY / 2, DAY, 0.1, 9, "the load must be whole numbers of mWh, found float64"),
    "shapes": (DAY, DAY[:1], 0.1, 9, r"both alike: found \(2, 24\) and \(1, 24\)"),
    "limits": (DAY, DAY, 0.1, [9, 9], r"limits of shape \(2,\) do not fit"),
    "huge limit": (DAY, DAY, 0.1, 10**16, "expected at most 1000000000000000"),
    "narrow": (DAY.astype(np.int8), DAY, 0.1, 128, "expected at most 127"),
    "prices": (DAY, DAY, [1.0, 2.0], 9, r"prices of shape \(1, 2\) do not fit"),
    "missing": (DAY, DAY, np.nan, 9, "a price is missing"),
    "negative": (DAY, -DAY, 0.1, 9, "prosumer 0, period 0: less than nothing can wait"),
    "too much": (DAY, DAY + 1, 0.1, 9, "prosumer 0, period 0: more energy can wait than is used"),
    "fixed": (DAY, 0 * DAY, 0.1, 4, r"above the limit already \(load 5, movable 0, limit 4 mWh\)"),
    "no place for one": (DAY, DAY, 0.1, np.where(np.arange(24) < 1, 4, [[5], [5]]), "for 1 mWh"),
    "no place": (DAY, DAY, 0.1, 4, "no place for 24 mWh of what can wait in periods 0 to 23"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_shifted_is_refused(kind: str) -> None:
    load, movable, price, limit, sentence = REFUSED[kind]
    prices = np.full(24, price) if np.ndim(price) == 0 else price
    with pytest.raises(BadInput, match=sentence):
        shift(load, movable, prices, limit)


def test_a_refusal_names_the_prosumer_in_later_blocks_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loads, "BLOCK", 24)
    limit = np.array([[9], [4]])
    with pytest.raises(BadInput, match="prosumer 1: its limit leaves no place for 24 mWh"):
        shift(DAY, DAY, np.ones(24), limit)
    with pytest.raises(BadInput, match="prosumer 1, period 0: what cannot wait is above"):
        shift(DAY, 0 * DAY, np.ones(24), limit)


# --- what comes back after an event ------------------------------------------------------


@given(seeds, st.integers(1, 30))
@settings(max_examples=40)
def test_all_that_was_cut_comes_back_in_the_next_periods(seed: int, periods: int) -> None:
    case = Case(seed, days=1)
    case.movable[:, -1] = 0
    after = recover(case.load, case.movable, periods)
    assert (after.sum(axis=1) == case.load.sum(axis=1)).all()
    assert (after >= case.load - case.movable).all()


def test_a_cut_comes_back_after_it_and_not_later_than_it_should() -> None:
    load, cut = np.full((1, 6), 9), np.array([[0, 7, 0, 0, 0, 0]])
    assert (recover(load, cut, 3) - load).tolist() == [[0, -7, 2, 2, 3, 0]]
    assert (recover(load, cut, 3, share=0.5) - load).tolist() == [[0, -7, 1, 1, 2, 0]]
    assert (recover(load, cut, 3, share=0) - load).tolist() == [[0, -7, 0, 0, 0, 0]]
    late = cut[:, [0, 2, 3, 4, 1, 5]]
    assert (recover(load, late, 3) - load).tolist() == [[0, 0, 0, 0, -7, 7]]


@pytest.mark.parametrize(
    ("cut", "periods", "share", "sentence"),
    [
        ([[0, 1]], 1, 1, "the last period is cut"),
        ([[3, 0]], 1, 1, "between nothing and the load"),
        ([[-1, 0]], 1, 1, "between nothing and the load"),
        ([[1, 0, 0]], 1, 1, "does not fit"),
        ([[1, 0]], 0, 1, "periods of 1 or more"),
        ([[1, 0]], 1, -1, "share of 0 or more"),
        ([[1, 0]], 1, np.nan, "share of 0 or more"),
    ],
)
def test_a_cut_that_cannot_be_is_refused(
    cut: list[list[int]], periods: int, share: float, sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence):
        recover(np.full((1, 2), 2), np.array(cut), periods, share)


# --- the profile of all ------------------------------------------------------------------


def test_the_measures_of_a_profile() -> None:
    load = np.array([[1, 2, 3, 2], [1, 0, 5, 2]], dtype=np.int32)
    profile = aggregate(load)
    assert profile.tolist() == [2, 2, 8, 4]
    assert (peak(profile), average(profile), peak_to_average(profile)) == (8, 4, 2)
    assert deviation(profile) == 6**0.5
    assert cost(load, [0.1, 0, 0, 0.5]) == pytest.approx(2.2e-6)
    assert cost(profile, [0.1, 0, 0, 0.5]) == pytest.approx(2.2e-6)
    with pytest.raises(BadInput, match="without energy"):
        peak_to_average([0, 0])


# --- three cures of the rebound peak -----------------------------------------------------


def evening(prosumers: int = 200) -> tuple[IntArray, IntArray, np.ndarray]:
    """A street with an evening peak, and a price with one cheap hour in the night."""
    rng = np.random.default_rng(5)
    hour = np.arange(24)
    shape = 400_000 + 900_000 * np.exp(-((hour - 19) ** 2) / 8)
    load = (shape * rng.uniform(0.5, 1.5, (prosumers, 1))).astype(np.int64)
    price = 0.2 + 0.1 * np.cos((hour - 19) / 24 * 2 * np.pi)
    return load, load // 2, price


LIMIT = 8_000_000


def test_everybody_in_the_cheapest_hour_makes_a_new_peak() -> None:
    load, movable, price = evening()
    selfish = aggregate(shift(load, movable, price, LIMIT))
    assert selfish.argmax() == price.argmin()
    assert peak(selfish) > 2 * peak(aggregate(load))


def test_each_cure_lowers_the_peak_and_costs_more_than_selfishness() -> None:
    load, movable, price = evening()
    selfish = shift(load, movable, price, LIMIT)
    capacity = int(1.1 * average(aggregate(load)))
    rng = np.random.default_rng(1)
    cured = {
        "drawn": shift_randomised(load, movable, price, LIMIT, temperature=0.1, rng=rng),
        "quota": shift_by_quota(load, movable, price, LIMIT, capacity),
        "iterated": iterate(load, movable, lambda profile: profile, LIMIT, rounds=50).shifted,
    }
    for plan in cured.values():
        assert (plan.sum(axis=1) == load.sum(axis=1)).all()
        assert (plan <= LIMIT).all() and (plan >= load - movable).all()
        assert peak(aggregate(plan)) < peak(aggregate(load)) < peak(aggregate(selfish))
        assert cost(selfish, price) < cost(plan, price)


@given(seeds, st.floats(0, 10))
@settings(max_examples=20)
def test_drawn_plans_conserve_energy_and_keep_the_limits(seed: int, temperature: float) -> None:
    case = Case(seed)
    drawn = shift_randomised(
        case.load,
        case.movable,
        case.price,
        case.limit,
        case.windows,
        temperature=temperature,
        rng=case.rng,
    )
    assert case.conserved(drawn) and case.bounded(drawn)
    selfish = shift(case.load, case.movable, case.price, case.limit, case.windows)
    assert (drawn * case.price).sum() >= (selfish * case.price).sum()


def test_the_first_hour_drawn_follows_the_logit() -> None:
    many, price, temperature = 40_000, np.array([0.1, 0.2, 0.4]), 0.15
    load = np.zeros((many, 3), dtype=np.int64)
    load[:, 0] = 1
    drawn = shift_randomised(
        load,
        load,
        price,
        1,
        Windows(per_day=3),
        temperature=temperature,
        rng=np.random.default_rng(3),
    )
    weight = np.exp(-price / temperature)
    expected = weight / weight.sum()
    four_sigma = 4 * np.sqrt(expected * (1 - expected) / many)
    assert (abs(aggregate(drawn) / many - expected) < four_sigma).all()


def test_at_temperature_0_everybody_is_selfish_and_a_seed_repeats_itself() -> None:
    load, movable, price = evening(20)
    cold = shift_randomised(
        load, movable, price, LIMIT, temperature=0, rng=np.random.default_rng(1)
    )
    assert np.array_equal(cold, shift(load, movable, price, LIMIT))
    one, same, other = (
        shift_randomised(
            load, movable, price, LIMIT, temperature=0.1, rng=np.random.default_rng(seed)
        )
        for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same) and not np.array_equal(one, other)
    with pytest.raises(BadInput, match="temperature must be 0 or more"):
        shift_randomised(load, movable, price, LIMIT, temperature=-1, rng=np.random.default_rng(1))


@given(seeds, st.floats(0.75, 1.5))
@settings(max_examples=30)
def test_quotas_keep_to_the_capacity_or_refuse(seed: int, tightness: float) -> None:
    case = Case(seed, prosumers=3, days=1)
    before = aggregate(case.load)
    capacity = np.full(24, int(tightness * peak(before)))
    try:
        plan = shift_by_quota(*case.common[:2], case.price, case.limit, capacity, case.windows)
    except BadInput as refusal:
        assert tightness < 1, "the plan of before was within the capacity"
        assert "the capacity has no place for" in str(refusal)
        return
    assert case.conserved(plan) and case.bounded(plan)
    fixed = aggregate(case.load - case.movable)
    assert (aggregate(plan) <= np.maximum(capacity, fixed)).all()
    # No plan within the capacity is cheaper than the linear programme's.
    best = cheapest(case, case.price, capacity)
    assert (plan * case.price).sum() >= best - 1e-6 * abs(best)


def test_quotas_are_the_optimum_where_no_limit_binds() -> None:
    load, movable, price = evening(3)
    case = Case(0, prosumers=3, days=1)
    case.load, case.movable, case.windows = load, movable, WHOLE_DAY
    case.limit = np.full((3, 1), LIMIT)
    capacity = np.full(24, int(1.1 * average(aggregate(load))))
    plan = shift_by_quota(load, movable, price, LIMIT, capacity)
    assert (plan * price).sum() == pytest.approx(cheapest(case, price, capacity), rel=1e-9)


def test_with_room_for_all_the_quota_changes_nothing() -> None:
    case = Case(11)
    plan = shift_by_quota(
        case.load, case.movable, case.price, case.limit, 10**12, windows=case.windows
    )
    assert np.array_equal(
        plan, shift(case.load, case.movable, case.price, case.limit, case.windows)
    )


def test_who_could_not_place_its_energy_later_comes_first() -> None:
    load = np.array([[4, 0], [4, 0]])
    limit = np.array([[4, 0], [4, 4]])  # the first has no room in the second period
    plan = shift_by_quota(load, load, [1, 2], limit, 5, Windows(per_day=2))
    assert plan.tolist() == [[4, 0], [1, 3]]


def test_a_capacity_that_is_one_mwh_too_small_is_refused() -> None:
    load = np.array([[4, 0], [4, 1]])
    plan = shift_by_quota(load, load, [1, 2], 9, np.array([5, 4]), Windows(per_day=2))
    assert aggregate(plan).tolist() == [5, 4]
    with pytest.raises(BadInput, match="period 1: the capacity has no place for 1 mWh"):
        shift_by_quota(load, load, [1, 2], 9, np.array([5, 3]), Windows(per_day=2))


def test_quotas_refuse_prices_of_ones_own() -> None:
    with pytest.raises(BadInput, match="one price for all"):
        shift_by_quota(DAY, DAY, np.ones((2, 24)), 9, 99)


def largest_remainder(amount: int, wants: list[int]) -> list[int]:
    """In exact arithmetic."""
    shares = [Fraction(want * amount, sum(wants)) for want in wants]
    parts = [share.numerator // share.denominator for share in shares]
    by_remainder = sorted(range(len(wants)), key=lambda i: parts[i] - shares[i])
    for lucky in by_remainder[: amount - sum(parts)]:
        parts[lucky] += 1
    return parts


@given(seeds, st.sampled_from([10, 10**6, 10**15]), st.integers(1, 12))
@settings(max_examples=300)
def test_pro_rata_is_the_largest_remainder(seed: int, most: int, count: int) -> None:
    """Also where products overflow 64 bits and quotients exceed what a float tells apart."""
    rng = np.random.default_rng(seed)
    wants = rng.integers(0, most, count, endpoint=True)
    for amount in rng.integers(0, wants.sum() + 1, 5, endpoint=True).tolist():
        parts = pro_rata(amount, wants)
        if amount >= wants.sum():
            assert np.array_equal(parts, wants)
        else:
            assert parts.tolist() == largest_remainder(amount, wants.tolist())


@given(seeds, st.sampled_from([None, Fraction(1), Fraction(1, 3), Fraction(997, 1000)]))
@settings(max_examples=25)
def test_every_round_conserves_energy_and_keeps_the_limits(
    seed: int, step: Fraction | None
) -> None:
    case = Case(seed)
    found = iterate(
        case.load,
        case.movable,
        lambda profile: profile**2,
        case.limit,
        case.windows,
        rounds=4,
        step=step,
    )
    assert case.conserved(found.shifted) and case.bounded(found.shifted)
    assert np.array_equal(aggregate(found.shifted), found.rounds[-1].profile)
    steps = [Fraction(1), Fraction(2, 3), Fraction(1, 2), Fraction(2, 5)]
    assert [each.step for each in found.rounds] == ([step] * 4 if step else steps)


def flattest(load: IntArray, movable: IntArray) -> float:
    """The least peak that shifting can reach, by bisection on the level to fill up to."""
    fixed, energy = aggregate(load - movable), float(movable.sum())
    low, high = 0.0, float(fixed.sum() + energy)
    while high - low > 1:
        level = (low + high) / 2
        low, high = (level, high) if np.maximum(level - fixed, 0).sum() < energy else (low, level)
    return max(high, float(fixed.max()))


def test_iterated_prices_fill_the_valleys_where_a_full_step_swings_for_ever() -> None:
    load, movable, _ = evening()
    best = flattest(load, movable)
    smooth = iterate(load, movable, lambda profile: profile, LIMIT, rounds=200)
    assert best - 1 <= peak(smooth.rounds[-1].profile) < 1.03 * best
    greedy = iterate(load, movable, lambda profile: profile, LIMIT, rounds=20, step=Fraction(1))
    assert min(peak(each.profile) for each in greedy.rounds) > 2 * best
    assert np.array_equal(smooth.rounds[0].profile, greedy.rounds[0].profile)


@pytest.mark.parametrize("step", [Fraction(0), Fraction(3, 2), Fraction(-1, 2)])
def test_a_step_outside_0_to_1_is_refused(step: Fraction) -> None:
    with pytest.raises(BadInput, match="a step must lie above 0"):
        iterate(DAY, DAY, lambda profile: profile, 9, rounds=1, step=step)
