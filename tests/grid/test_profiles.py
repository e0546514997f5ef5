"""Prices and profiles: what their files say, every way in which they can be bad, and how
prices are laid beside readings.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain import datasets
from energychain.grid.metering import Meters, read_meters
from energychain.grid.profiles import Prices, aligned, read_prices, read_profiles
from energychain.primitives.refusals import BadInput

DAY = "2019-07-04T"


def prices_of(*values: float, first: str = f"{DAY}00:00", minutes: int = 60) -> Prices:
    start = datetime.fromisoformat(first)
    times = ((start + i * timedelta(minutes=minutes)).isoformat() for i in range(len(values)))
    return read_prices(["time,price", *(f"{t},{v}" for t, v in zip(times, values, strict=True))])


def meters_of(*used: float, first: str = f"{DAY}00:00", minutes: int = 60) -> Meters:
    start = datetime.fromisoformat(first)
    rows = ["time,node,produced_kwh,consumed_kwh"]
    for i, energy in enumerate(used):
        time = (start + i * timedelta(minutes=minutes)).isoformat()
        rows += [f"{time},roof,0.25,{energy}", f"{time},flat,0,1"]
    return read_meters(rows)


def refused(call: Callable[..., Any], *arguments: Any) -> str:
    with pytest.raises(BadInput) as caught:
        call(*arguments)
    return str(caught.value)


def refused_prices(*rows: str, header: str = "time,price") -> str:
    return refused(read_prices, [header, *rows], "p.csv")


# --- good files -----------------------------------------------------------------------


@pytest.mark.parametrize("column", ["price", "price_per_kwh", "price_per_mwh"])
def test_a_price_is_whole_micro_money_per_kwh_whatever_its_column_is_called(column: str) -> None:
    shown = ("64980", "-9020", "0.5") if column == "price_per_mwh" else ("64.98", "-9.02", "0.0005")
    rows = [f"{DAY}{hour:02}:00,{value}" for hour, value in enumerate(shown)]
    assert read_prices([f"time,{column}", *rows]).values == (64_980_000, -9_020_000, 500)


def test_prices_know_their_times() -> None:
    prices = prices_of(0.1, 0.2, 0.3, minutes=15)
    assert (len(prices), prices.step, prices.start) == (3, 900, datetime(2019, 7, 4))
    assert prices.times[-1] == f"{DAY}00:30:00"
    assert repr(prices) == f"<prices: 3 intervals of 15 min from {DAY}00:00:00>"


def test_further_columns_their_order_and_a_byte_order_mark_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    text = f"zone, price ,time\r\nNL,0.25,{DAY}00:00\r\nNL,0.5,{DAY}01:00\r\n"
    path.write_bytes(text.encode("utf-8-sig"))
    assert read_prices(datasets.lines_of(path)).values == (250_000, 500_000)


def test_offsets_carry_times_over_the_change_of_the_clocks() -> None:
    rows = ["2019-10-27T02:00+02:00,1", "2019-10-27T02:00+01:00,2", "2019-10-27T03:00+01:00,3"]
    assert read_prices(["time,price", *rows]).values == (1_000_000, 2_000_000, 3_000_000)


def test_profiles_are_the_columns_that_were_asked_for() -> None:
    lines = ["a,time,b,c", f"0.1,{DAY}00:00,x,3", f"0.0000005,{DAY}01:00,x,0"]
    profiles = read_profiles(lines, ["c", "a"])
    assert profiles.values == {"c": (3_000_000, 0), "a": (100_000, 0)}
    assert (len(profiles), profiles.step) == (2, 3_600)
    assert repr(profiles) == f"<profiles c, a: 2 intervals of 60 min from {DAY}00:00>"


def test_a_day_is_cut_out_by_the_clock_of_the_file() -> None:
    year = read_profiles(datasets.lines("simbench_year", "homes.csv"), ["H0-A", "PV3"])
    for day, hours in (("2016-01-01", 24), ("2016-03-27", 23), ("2016-10-30", 25)):
        part = year.day(date.fromisoformat(day))
        assert len(part) == len(part.values["PV3"]) == hours
        assert {time[:10] for time in part.times} == {day}
        first = year.times.index(part.times[0])
        assert part.values["H0-A"] == year.values["H0-A"][first : first + hours]
        assert part.start == datetime.fromisoformat(part.times[0])
    assert refused(year.day, date(2017, 1, 1)) == (
        "no interval begins on 2017-01-01: expected a day from 2016-01-01 to 2016-12-31"
    )


def test_the_years_that_come_with_the_package_are_read() -> None:
    prices = read_prices(datasets.lines("day_ahead_2019", "prices.csv"))
    assert (len(prices), prices.step, min(prices.values)) == (8_760, 3_600, -9_020)
    demand = read_profiles(datasets.lines("victoria_2014", "demand.csv"), ["demand_mw"])
    assert (len(demand), demand.step, max(demand.values["demand_mw"])) == (
        17_520,
        1_800,
        9_345 * 10**6,
    )


# --- bad files ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ((f"{DAY}00:00,x", f"{DAY}01:00,1"), "line 2, column price: expected a number, found 'x'"),
        ((f"{DAY}00:00,1", f"{DAY}01:00,"), "line 3, column price: expected a number, found ''"),
        (
            (f"{DAY}00:00,1", f"{DAY}01:00,nan"),
            "line 3, column price: expected a finite number, found 'nan'",
        ),
        (
            (f"{DAY}00:00,1", f"{DAY}01:00,-inf"),
            "line 3, column price: expected a finite number, found '-inf'",
        ),
        (
            (f"{DAY}00:00,1", f"{DAY}01:00,-1000001"),
            "line 3, column price: -1000001 is a slip of the unit: expected at most 1,000,000",
        ),
        (
            (f"{DAY}00:00,1", f"{DAY}01:00,{'1' * 201}"),
            f"line 3, column price: expected a number, found 201 characters: '{'1' * 40}'...",
        ),
        (
            (f"{DAY}00:00,1", "noon,1"),
            "line 3, column time: expected a time such as 2019-07-04T07:00, found 'noon'",
        ),
        (
            (f"{DAY}00:00,1", f"{DAY}01:00,1", f"{DAY}01:00,1"),
            f"line 4, column time: {DAY}01:00 is there already, on line 3",
        ),
        (
            (f"{DAY}00:00,1", f"{DAY}00:00,1"),
            f"line 3, column time: {DAY}00:00 is there already, on line 2",
        ),
        (
            (f"{DAY}01:00,1", f"{DAY}00:00,1"),
            f"line 3, column time: {DAY}00:00 is before {DAY}01:00: expected times in order",
        ),
        (
            (f"{DAY}00:00,1", f"{DAY}01:00,1", "", f"{DAY}03:00,1"),
            f"line 5, column time: an interval is missing between {DAY}01:00 and {DAY}03:00",
        ),
        (
            (f"{DAY}00:00,1", f"{DAY}01:00,1", f"{DAY}02:15,1"),
            "line 4, column time: 75 min after the time before: expected 60 min",
        ),
        (
            (f"{DAY}00:00,1", f"{DAY}01:00,1", f"{DAY}01:30,1"),
            "line 4, column time: 30 min after the time before: expected 60 min",
        ),
        (
            (f"{DAY}00:00,1", f"{DAY}00:00:30,1"),
            "line 3, column time: the step is 0.5 min: expected 1 to 60",
        ),
        (
            (f"{DAY}00:00,1", f"{DAY}00:01:30,1"),
            "line 3, column time: the step is 1.5 min: expected 1 to 60",
        ),
        (
            ("2019-07-04,1", "2019-07-05,1"),
            "line 3, column time: the step is 1440 min: expected 1 to 60",
        ),
        (
            (f"{DAY}00:00Z,1", f"{DAY}01:00,1"),
            "line 3, column time: some times have an offset from UTC and some have none",
        ),
        (
            (f"{DAY}00:00,1",),
            "line 2: expected at least two intervals below the header, found one",
        ),
        ((), "line 1: expected at least two intervals below the header, found none"),
        ((f"{DAY}00:00,1,2",), "line 2, column price: expected 2 cells, found 3"),
    ],
)
def test_a_bad_file_of_prices_is_refused_with_its_place(rows: Sequence[str], sentence: str) -> None:
    assert refused_prices(*rows) == f"p.csv, {sentence}"


def test_the_largest_price_is_still_a_price() -> None:
    assert prices_of(10**6, -(10**6)).values == (10**12, -(10**12))


def test_local_times_over_the_change_of_the_clocks_are_refused() -> None:
    autumn = ("2019-10-27T02:00,1", "2019-10-27T03:00,1", "2019-10-27T03:00,1")
    spring = ("2019-03-31T00:00,1", "2019-03-31T01:00,1", "2019-03-31T03:00,1")
    assert "is there already" in refused_prices(*autumn)
    assert "an interval is missing" in refused_prices(*spring)


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("when,price", "line 1, column time: the column is missing: expected time"),
        (
            "time,eur",
            "line 1, column price: the column of prices is missing: expected one of"
            " price_per_kwh, price, price_per_mwh",
        ),
        ("time,time", "line 1, column time: the column is there twice: expected time"),
        ("", "line 1: the file is empty: expected time"),
    ],
)
def test_a_header_that_does_not_say_which_column_is_which_is_refused(
    header: str, sentence: str
) -> None:
    found = refused_prices(f"{DAY}00:00,1", f"{DAY}01:00,1", header=header)
    assert found == f"p.csv, {sentence}"


def test_two_columns_of_prices_are_one_too_many() -> None:
    rows = (f"{DAY}00:00,1,1000", f"{DAY}01:00,1,1000")
    assert refused_prices(*rows, header="time,price,price_per_mwh") == (
        "p.csv, line 1, column price, price_per_mwh: several columns of prices: expected one of"
        " price_per_kwh, price, price_per_mwh"
    )


def test_an_empty_file_is_refused() -> None:
    assert refused(read_prices, [], "p.csv") == "p.csv, line 1: the file is empty: expected time"


def test_a_profile_is_never_below_zero_and_must_be_there() -> None:
    lines = ["time,a", f"{DAY}00:00,0", f"{DAY}01:00,-0.5"]
    assert refused(read_profiles, lines, ["a"], "h.csv") == (
        "h.csv, line 3, column a: expected 0 or more, found -0.5"
    )
    assert refused(read_profiles, lines, ["b"], "h.csv") == (
        "h.csv, line 1, column b: the column is missing: expected time,b"
    )


# --- prices beside readings -----------------------------------------------------------


def test_equal_steps_are_laid_side_by_side() -> None:
    both = aligned(prices_of(0.1, 0.2, -0.3), meters_of(0.5, 0.75, 1))
    assert both.homes == ("roof", "flat")
    assert both.times == (f"{DAY}00:00:00", f"{DAY}01:00:00", f"{DAY}02:00:00")
    assert both.step_hours == 1.0
    assert both.consumed.tolist() == [[0.5, 0.75, 1.0], [1.0, 1.0, 1.0]]
    assert both.produced.tolist() == [[0.25, 0.25, 0.25], [0.0, 0.0, 0.0]]
    assert both.price.tolist() == [0.1, 0.2, -0.3]


@pytest.mark.parametrize("minutes", [1, 5, 15, 20, 30])
def test_an_hourly_price_holds_for_each_part_of_its_hour(minutes: int) -> None:
    parts = 60 // minutes
    both = aligned(
        prices_of(1, 2, 3), meters_of(*[0.5] * 2 * parts, first=f"{DAY}01:00", minutes=minutes)
    )
    assert both.price.tolist() == [2.0] * parts + [3.0] * parts
    assert both.step_hours == pytest.approx(minutes / 60)


@settings(max_examples=60)
@given(
    every=st.sampled_from([1, 2, 4]),
    before=st.integers(0, 12),
    count=st.integers(2, 12),
    offset=st.integers(-12, 12),
)
def test_each_reading_has_the_price_of_the_interval_it_lies_in(
    every: int, before: int, count: int, offset: int
) -> None:
    prices = prices_of(*range(8), first=f"{DAY}00:00+00:00", minutes=15 * every)
    local = datetime.fromisoformat(f"{DAY}00:00+00:00") + before * timedelta(minutes=15)
    first = local.astimezone(datetime.fromisoformat(f"{DAY}00:00{offset:+03}:00").tzinfo)
    meters = meters_of(*[0.5] * count, first=first.isoformat(), minutes=15)
    if before + count > 8 * every:
        assert "expected a price for every interval" in refused(aligned, prices, meters)
        return
    starts = [datetime.fromisoformat(time) for time in prices.times]
    held = [
        max(i for i, start in enumerate(starts) if start <= datetime.fromisoformat(time))
        for time in meters.times
    ]
    assert np.array_equal(aligned(prices, meters).price, held)


@pytest.mark.parametrize(
    ("prices", "meters", "sentence"),
    [
        (
            prices_of(1, 2),
            meters_of(1, 1, first=f"{DAY}01:00"),
            f"the load runs from {DAY}01:00:00 to {DAY}02:00:00, the prices from {DAY}00:00:00 to"
            f" {DAY}01:00:00: expected a price for every interval",
        ),
        (
            prices_of(1, 2, first=f"{DAY}01:00"),
            meters_of(1, 1),
            f"the load runs from {DAY}00:00:00 to {DAY}01:00:00, the prices from {DAY}01:00:00 to"
            f" {DAY}02:00:00: expected a price for every interval",
        ),
        (
            prices_of(1, 2, minutes=15),
            meters_of(1, 1, minutes=60),
            "the load has a step of 60 min and the prices one of 15 min: expected equal steps, or a"
            " whole number of the load's in one of the prices'",
        ),
        (
            prices_of(1, 2, 3, minutes=30),
            meters_of(1, 1, minutes=20),
            "the load has a step of 20 min and the prices one of 30 min: expected equal steps, or a"
            " whole number of the load's in one of the prices'",
        ),
        (
            prices_of(1, 2, 3),
            meters_of(1, 1, first=f"{DAY}00:10", minutes=15),
            f"{DAY}00:10:00 is not the beginning of an interval of the prices, or part of one",
        ),
        (
            prices_of(1, 2, first=f"{DAY}00:00+00:00"),
            meters_of(1, 1),
            "the times of the prices have an offset from UTC and those of the load have none: add"
            " it, as in 2019-07-04T07:00+02:00",
        ),
        (
            prices_of(1, 2),
            meters_of(1, 1, first=f"{DAY}00:00+00:00"),
            "the times of the load have an offset from UTC and those of the prices have none: add"
            " it, as in 2019-07-04T07:00+02:00",
        ),
    ],
)
def test_what_cannot_be_laid_side_by_side_is_refused(
    prices: Prices, meters: Meters, sentence: str
) -> None:
    assert refused(aligned, prices, meters, "l.csv") == f"l.csv, column time: {sentence}"
