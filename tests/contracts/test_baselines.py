"""The arithmetic of baselines, against exact fractions and a plain second reading."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.contracts.baselines import (
    AVERAGE,
    FIVE_IN_TEN,
    LOOK_BACK,
    RULES,
    TEN_IN_TEN,
    BaselineRule,
    NoBaseline,
    adjustment,
    baseline,
    eligible_days,
    is_weekday,
    mean_profile,
    past_mean,
)

EVENT = range(17, 20)
energies = st.integers(-5_000_000, 5_000_000)
profiles = st.tuples(*[energies] * 24)


@given(st.lists(st.tuples(energies, energies, energies), min_size=1, max_size=12))
@settings(max_examples=60)
def test_each_mean_is_within_half_a_unit_of_the_exact_one(days: list[tuple[int, ...]]) -> None:
    for period, mean in enumerate(mean_profile(days)):
        exact = Fraction(sum(day[period] for day in days), len(days))
        assert abs(exact - mean) <= Fraction(1, 2)


@given(profiles, st.integers(5, 12))
@settings(max_examples=30)
def test_equal_days_are_their_own_baseline(profile: tuple[int, ...], many: int) -> None:
    days = dict.fromkeys(range(many), profile)
    assert past_mean(AVERAGE, days, (), many, EVENT) == profile


@given(st.lists(profiles, min_size=20, max_size=20), st.sets(st.integers(0, 19), max_size=4))
@settings(max_examples=30)
def test_ten_in_ten_by_a_plain_second_reading(
    days: list[tuple[int, ...]], events: set[int]
) -> None:
    weekdays = [day for day in range(20) if day % 7 not in (5, 6) and day not in events]
    chosen = weekdays[-10:]
    expected = [round(Fraction(sum(days[d][h] for d in chosen), len(chosen))) for h in range(24)]
    found = past_mean(TEN_IN_TEN, dict(enumerate(days)), events, 20, EVENT)
    assert list(found) == expected


@given(st.lists(profiles, min_size=14, max_size=14), profiles)
@settings(max_examples=40)
def test_the_adjustment_never_leaves_its_cap(
    days: list[tuple[int, ...]], today: tuple[int, ...]
) -> None:
    mean = past_mean(TEN_IN_TEN, dict(enumerate(days)), (), 14, EVENT)
    ratio = Fraction(*adjustment(TEN_IN_TEN, mean, today, EVENT.start))
    assert Fraction(4, 5) <= ratio <= Fraction(6, 5)
    exact = [energy * ratio for energy in mean]
    found = baseline(TEN_IN_TEN, dict(enumerate(days)), (), 14, EVENT, today)
    assert list(found) == [round(energy) for energy in exact]


def test_only_the_second_to_fourth_hour_before_the_event_adjust() -> None:
    mean = (100,) * 24
    for hour in range(24):
        today = tuple(112 if each == hour else 100 for each in range(24))
        changed = adjustment(TEN_IN_TEN, mean, today, 17) != (1, 1)
        assert changed == (hour in (13, 14, 15)), hour


def test_the_window_is_hours_also_where_periods_are_quarters() -> None:
    quarters = (100,) * 96
    today = tuple(110 if 13 * 4 <= each < 16 * 4 else 0 for each in range(96))
    assert adjustment(TEN_IN_TEN, quarters, today, 17 * 4) == (11, 10)


def test_without_a_window_there_is_no_adjustment() -> None:
    assert adjustment(TEN_IN_TEN, (100,) * 24, (200,) * 24, first=1) == (1, 1)
    assert adjustment(TEN_IN_TEN, (0,) * 24, (200,) * 24, first=17) == (1, 1)
    assert adjustment(AVERAGE, (100,) * 24, (200,) * 24, first=17) == (1, 1)


def test_without_a_cap_the_ratio_is_free() -> None:
    free = replace(TEN_IN_TEN, cap=None)
    assert Fraction(*adjustment(free, (100,) * 24, (350,) * 24, 17)) == Fraction(7, 2)


def test_five_in_ten_takes_the_days_of_highest_use_in_the_event() -> None:
    weekdays = [day for day in range(14) if is_weekday(day)]
    days = {day: (0,) * 17 + (place * 10,) * 3 + (0,) * 4 for place, day in enumerate(weekdays)}
    assert past_mean(FIVE_IN_TEN, days, (), 14, EVENT)[17] == (50 + 60 + 70 + 80 + 90) // 5


def test_of_equal_days_the_later_counts() -> None:
    one = BaselineRule(days=5, highest=1, weekdays_only=False, least=2)
    days = {0: (1,) + (9,) * 23, 1: (2,) + (9,) * 23}
    assert past_mean(one, days, (), 2, EVENT)[0] == 2


def test_the_average_takes_weekends_and_ten_in_ten_does_not() -> None:
    assert eligible_days(AVERAGE, range(14), (), 14) == list(range(13, 3, -1))
    assert eligible_days(TEN_IN_TEN, range(14), (), 14) == [11, 10, 9, 8, 7, 4, 3, 2, 1, 0]


def test_nothing_older_than_the_look_back_counts() -> None:
    day = LOOK_BACK + 10
    assert min(eligible_days(replace(AVERAGE, days=99), range(day), (), day)) == 10


@pytest.mark.parametrize("rule", RULES)
def test_too_few_days_are_refused_with_a_count(rule: str) -> None:
    days = dict.fromkeys(range(4), (1,) * 24)
    with pytest.raises(NoBaseline, match="takes 5 measured days that count, found 4"):
        past_mean(RULES[rule], days, (), 5, EVENT)
