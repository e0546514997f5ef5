"""Meters: what a file of readings says, and every way in which it can be bad."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain, repeat
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.datasets import lines_of
from energychain.grid.metering import COLUMNS, Meters, read_meters, surplus_energy
from energychain.primitives.refusals import BadInput
from energychain.studies.token_day import testbed_meters as read_testbed

HEADER = "time,node,produced_kwh,consumed_kwh"
DAY = "2017-07-04T"


def table(*rows: str) -> list[str]:
    return [HEADER, *rows]


GOOD = (
    f"{DAY}07:00,a,1,0.5",
    f"{DAY}07:00,b,0,0.25",
    f"{DAY}08:00,a,2.5,0.5",
    f"{DAY}08:00,b,0,1",
)


def refused(lines: list[str] | Iterator[str]) -> str:
    with pytest.raises(BadInput) as caught:
        read_meters(lines, file="m.csv")
    return str(caught.value)


# --- good files -----------------------------------------------------------------------


def test_a_good_file_is_read_into_whole_milliwatt_hours() -> None:
    meters = read_meters(table(*GOOD))
    assert meters.nodes == ("a", "b")
    assert meters.times == (f"{DAY}07:00", f"{DAY}08:00")
    assert (meters.start, meters.step, len(meters)) == (datetime(2017, 7, 4, 7), 3_600, 2)
    assert meters.produced == ((1_000_000, 2_500_000), (0, 0))
    assert meters.consumed == ((500_000, 500_000), (250_000, 1_000_000))
    assert meters.net == ((500_000, 2_000_000), (-250_000, -1_000_000))
    assert (meters.surplus(0, 1), meters.surplus(1, 1)) == (2_000_000, 0)
    assert meters.rounded == 0


def test_rows_in_any_order_give_the_same_readings() -> None:
    first, *others = table(*GOOD)[1:]
    for seed in range(6):
        Random(seed).shuffle(others)
        assert read_meters(table(first, *others)) == read_meters(table(*GOOD))


def test_columns_in_any_order_and_further_columns_give_the_same_readings() -> None:
    turned = ["comment,consumed_kwh,produced_kwh,node,time"]
    for row in GOOD:
        time, node, produced, consumed = row.split(",")
        turned.append(f"hot,{consumed},{produced},{node},{time}")
    assert read_meters(turned) == read_meters(table(*GOOD))


def test_nodes_stand_in_the_order_in_which_the_first_interval_names_them() -> None:
    assert read_meters(table(GOOD[1], GOOD[0], GOOD[2], GOOD[3])).nodes == ("b", "a")


def test_spaces_blank_lines_quotes_and_line_ends_do_not_matter() -> None:
    loose = [f" {HEADER.replace(',', ' , ')} \r\n", "\r\n"]
    loose += [f" {row.replace(',a,', ',a ,')} \r\n" for row in GOOD] + ["  ,, \r\n", "\r\n"]
    quoted = [",".join(f'"{cell}"' for cell in row.split(",")) + "\n" for row in table(*GOOD)]
    assert read_meters(loose) == read_meters(quoted) == read_meters(table(*GOOD))


def test_a_file_with_a_byte_order_mark_is_read_as_any_other(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("\n".join(table(*GOOD)) + "\n", encoding="utf-8-sig")
    assert read_meters(lines_of(path)) == read_meters(table(*GOOD))


@pytest.mark.parametrize("minutes", [1, 5, 10, 15, 20, 30, 60])
def test_steps_from_one_minute_to_one_hour_are_read(minutes: int) -> None:
    start = datetime(2017, 7, 4, 23, 30)
    times = [(start + i * timedelta(minutes=minutes)).isoformat() for i in range(5)]
    meters = read_meters(table(*(f"{time},a,{i},0" for i, time in enumerate(times))))
    assert (meters.step, meters.times) == (60 * minutes, tuple(times))


def test_an_offset_from_utc_is_kept() -> None:
    rows = [row.replace(":00,", ":00-08:00,") for row in GOOD]
    meters = read_meters(table(*rows))
    assert meters.start.isoformat() == f"{DAY}07:00:00-08:00"
    assert meters.produced == read_meters(table(*GOOD)).produced


def test_finer_digits_are_rounded_and_counted() -> None:
    meters = read_meters(table(f"{DAY}07:00,a,0.3333333333,0.0000005", f"{DAY}08:00,a,1.50,2e-3"))
    assert meters.produced == ((333_333, 1_500_000),)
    assert meters.consumed == ((0, 2_000),)
    assert meters.rounded == 2


def test_finer_digits_written_with_an_exponent_are_counted_too() -> None:
    meters = read_meters(table(f"{DAY}07:00,a,3e-9,0", f"{DAY}08:00,a,1,0"))
    assert (meters.produced, meters.rounded) == (((0, 1_000_000),), 1)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 10**12)), min_size=2, max_size=9))
def test_every_reading_with_six_decimals_is_read_exactly(readings: list[tuple[int, int]]) -> None:
    rows = [
        f"{datetime(2017, 7, 4) + i * timedelta(minutes=15)},a,{p // 10**6}.{p % 10**6:06d},{c}e-6"
        for i, (p, c) in enumerate(readings)
    ]
    meters = read_meters(table(*rows))
    assert meters.produced == (tuple(p for p, _ in readings),)
    assert meters.consumed == (tuple(c for _, c in readings),)


# --- Equation (1) ---------------------------------------------------------------------


def test_equation_1_sums_from_the_first_to_the_last_surplus() -> None:
    assert surplus_energy([0, 5, 1, 4, 0], [1, 2, 2, 1, 3]) == 3 - 1 + 3
    assert surplus_energy([9], [4]) == 5
    assert surplus_energy([1, 1], [1, 2]) == 0
    assert surplus_energy([], []) == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_equation_1_is_the_largest_sum_between_two_hours_of_surplus_at_the_ends(
    hours: list[tuple[int, int]],
) -> None:
    net = [p - c for p, c in hours]
    sunny = [i for i, amount in enumerate(net) if amount > 0]
    expected = sum(net[i] for i in range(len(net)) if sunny and sunny[0] <= i <= sunny[-1])
    assert surplus_energy([p for p, _ in hours], [c for _, c in hours]) == expected


def test_equation_1_on_the_testbeds_day_gives_the_repaired_surplus() -> None:
    meters = read_testbed()
    assert surplus_energy(meters.produced[0], meters.consumed[0]) == 14_257_980


def test_equation_1_needs_as_many_hours_of_both() -> None:
    with pytest.raises(ValueError):
        surplus_energy([1, 2], [1])


def test_a_larger_array_makes_more_of_the_same() -> None:
    meters = read_meters(table(*GOOD))
    larger = meters.scaled("a", 1.5)
    assert larger.produced == ((1_500_000, 3_750_000), (0, 0))
    assert (larger.consumed, larger.nodes) == (meters.consumed, meters.nodes)
    assert meters.scaled("a", 1.0) == meters
    assert meters.scaled("a", 0.0).produced[0] == (0, 0)


# --- bad files ------------------------------------------------------------------------

CHANGED: dict[str, tuple[list[str], str]] = {
    "an empty file": ([], "m.csv, line 1: the file is empty"),
    "an empty line": (["\n"], "m.csv, line 1: the file is empty"),
    "a header only": ([HEADER], "m.csv, line 1: expected readings below the header"),
    "a header and blank lines": ([HEADER, "", "\n"], "m.csv, line 1: expected readings"),
    "a column that is missing": (
        ["time,node,produced_kwh", f"{DAY}07:00,a,1"],
        "m.csv, line 1, column consumed_kwh: the column is missing",
    ),
    "a column with another name": (
        ["time,node,produced,consumed_kwh", *GOOD],
        "m.csv, line 1, column produced_kwh: the column is missing",
    ),
    "a column that is there twice": (
        [f"{HEADER},node", *GOOD],
        "m.csv, line 1, column node: the column is there twice",
    ),
    "no header": (list(GOOD), "m.csv, line 1, column time: the column is missing"),
    "another separator": (
        [line.replace(",", ";") for line in table(*GOOD)],
        "m.csv, line 1, column time: the column is missing",
    ),
    "a cell that is missing": (
        table(*GOOD[:3], f"{DAY}08:00,b,0"),
        "m.csv, line 5, column consumed_kwh: expected 4 cells, found 3",
    ),
    "a cell too many": (
        table(*GOOD[:3], f"{DAY}08:00,b,0,1,5"),
        "m.csv, line 5, column consumed_kwh: expected 4 cells, found 5",
    ),
    "a decimal comma": (
        table(f"{DAY}07:00,a,1,5,0,5"),
        "m.csv, line 2, column consumed_kwh: expected 4 cells, found 6",
    ),
    "only one interval": (
        table(*GOOD[:2]),
        "m.csv, line 2: expected at least two intervals, found one",
    ),
    "a reading twice": (
        table(*GOOD, GOOD[2]),
        f"m.csv, line 6, column time: a at {DAY}08:00 is there already, on line 4",
    ),
    "a first reading twice": (
        table(GOOD[0], *GOOD),
        f"m.csv, line 3, column time: a at {DAY}07:00 is there already, on line 2",
    ),
    "a node without a reading": (
        table(*GOOD[:3]),
        f"m.csv, line 4, column node: b has no reading at {DAY}08:00",
    ),
    "an unknown node": (
        table(*GOOD, f"{DAY}08:00,c,0,1"),
        "m.csv, line 6, column node: unknown node 'c': the first interval knows a, b",
    ),
    "a node without a name": (
        table(*GOOD[:3], f"{DAY}08:00, ,0,1"),
        "m.csv, line 5, column node: the node has no name",
    ),
    "an interval that is missing": (
        table(*GOOD, f"{DAY}10:00,a,1,1", f"{DAY}10:00,b,1,1"),
        f"m.csv, line 6, column time: an interval is missing between {DAY}08:00 and {DAY}10:00",
    ),
    "mixed steps": (
        table(*GOOD, f"{DAY}08:30,a,1,1", f"{DAY}08:30,b,1,1"),
        "m.csv, line 6, column time: the steps are mixed: 30 min after the time before, expected",
    ),
    "a step of an hour and a half later": (
        table(*GOOD, f"{DAY}09:30,a,1,1", f"{DAY}09:30,b,1,1"),
        "m.csv, line 6, column time: the steps are mixed: 90 min after the time before, expected",
    ),
    "a step that is too long": (
        table(f"{DAY}07:00,a,1,1", f"{DAY}09:00,a,1,1"),
        "m.csv, line 3, column time: the step is 120 min: expected 1 to 60",
    ),
    "a step that is too short": (
        table(f"{DAY}07:00:00,a,1,1", f"{DAY}07:00:30,a,1,1"),
        "m.csv, line 3, column time: the step is 0.5 min: expected 1 to 60",
    ),
    "times with and without an offset": (
        table(*GOOD[:2], f"{DAY}08:00+00:00,a,1,1", f"{DAY}08:00+00:00,b,1,1"),
        "m.csv, line 4, column time: some times have an offset from UTC and some have none",
    ),
    "a quote that never ends": (table(*GOOD[:3], f'{DAY}08:00,"b,0,1'), "m.csv, line 5: not a CSV"),
    "text after a quote": (table(f'{DAY}07:00,"a"b,0,1'), "m.csv, line 2: not a CSV"),
    "a carriage return in a line": (table(f"{DAY}07:00,a\r,0,1"), "m.csv, line 2: not a CSV"),
}


@pytest.mark.parametrize("kind", CHANGED)
def test_a_bad_file_is_refused_with_file_line_and_column(kind: str) -> None:
    lines, sentence = CHANGED[kind]
    assert refused(lines).startswith(sentence)


NO_NUMBERS = {
    "two": "expected a number, found 'two'",
    "": "expected a number, found ''",
    "1.2.3": "expected a number, found '1.2.3'",
    "1 000": "expected a number, found '1 000'",
    "0x1f": "expected a number",
    "½": "expected a number",
    "=1+1": "expected a number",
    "nan": "expected a finite number, found 'nan'",
    "NaN": "expected a finite number",
    "inf": "expected a finite number",
    "-inf": "expected a finite number",
    "Infinity": "expected a finite number",
    "-1": "a meter only counts up: expected 0 or more, found -1",
    "-0.0000001": "a meter only counts up",
    "-1e-300": "a meter only counts up",
    "1e300": "'1e300' is too large",
    "9" * 50: "too large",
    "1000000.000001": "in one interval: expected at most 1,000,000",
}


@pytest.mark.parametrize("column", COLUMNS[2:])
@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_reading_is_refused_in_its_column(text: str, column: str) -> None:
    cells = {"produced_kwh": "1", "consumed_kwh": "1", column: text}
    row = f'{DAY}08:00,b,"{cells["produced_kwh"]}","{cells["consumed_kwh"]}"'
    sentence = refused(table(*GOOD[:3], row))
    assert sentence.startswith(f"m.csv, line 5, column {column}: ")
    assert NO_NUMBERS[text] in sentence


@pytest.mark.parametrize("text", ["-0", "-0.0", "0", "+0", "1000000", "0e5"])
def test_nothing_and_a_million_are_readings(text: str) -> None:
    assert read_meters(table(f"{DAY}07:00,a,{text},0", GOOD[2])).produced[0][0] in (0, 10**12)


def test_minus_nothing_is_nothing_however_it_is_written() -> None:
    assert read_meters(table(f"{DAY}07:00,a,-0e1,0", GOOD[2])).produced[0][0] == 0


@pytest.mark.parametrize(
    "text",
    ["0" * 60 + "5", "1." + "0" * 58 + "e4", "0.5" + " " * 60 + "oops", "1" + " " * 59 + "e3"],
    ids=["zeros and 5", "1.0…e4", "0.5 … oops", "1 … e3"],
)
def test_no_digit_of_a_long_number_is_overlooked(text: str) -> None:
    try:
        read = read_meters(table(f"{DAY}07:00,a,{text},0", GOOD[2])).produced[0][0]
    except BadInput:
        return
    assert read == int(float(text) * 10**6)


@pytest.mark.parametrize("text", ["1_000", "١٢"])
def test_a_number_is_written_in_plain_digits(text: str) -> None:
    assert "expected a number" in refused(table(f"{DAY}07:00,a,{text},0", GOOD[2]))


@pytest.mark.parametrize(
    "text", ["yesterday", "", "7:00", "2017-13-04T07:00", "04.07.2017 07:00", "2017-07-04T25:00"]
)
def test_what_is_no_time_is_refused_in_its_column(text: str) -> None:
    sentence = refused(table(GOOD[0], f"{text},b,0,1"))
    assert sentence.startswith("m.csv, line 3, column time: expected a time such as 2017-07-04T07:")


def test_one_time_in_two_spellings_is_one_interval() -> None:
    rows = (GOOD[0], f"{DAY}07:00:00,b,0,1", GOOD[2], "2017-07-04 08:00,b,0,1")
    assert read_meters(table(*rows)).times == (f"{DAY}07:00", f"{DAY}08:00")


def test_a_cell_over_two_lines_is_counted_to_the_line_on_which_it_ends() -> None:
    lines = [HEADER + "\n", f'{DAY}07:00,"a\n', 'b",1,x\n']
    assert refused(lines).startswith("m.csv, line 3, column consumed_kwh: expected a number")


def test_a_long_name_is_cut_short_in_the_sentence() -> None:
    assert len(refused(table(*GOOD, f"{DAY}08:00,{'x' * 5_000},0,1"))) < 200


def test_an_over_long_cell_is_refused() -> None:
    assert refused(table(f"{DAY}07:00,{'x' * 200_000},0,1")).startswith("m.csv, line 2: not a CSV")


def endless(first: str, then: str) -> Iterator[str]:
    return chain([first], repeat(then))


ENDLESS = {
    "lines": ("rubbish\n", "rubbish\n"),
    "zeros": ("\0" * 1_000, "\0" * 1_000),
    "rows": (HEADER + "\n", "rubbish\n"),
    "one quoted cell after another": (HEADER + "\n", '"rubbish\n'),
    "a quote that never ends": (HEADER + "\n" + '"', "x" * 1_000),
    "a header that never ends": ('"', "x" * 1_000),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_an_endless_stream_of_rubbish_is_refused_early(kind: str) -> None:
    assert refused(endless(*ENDLESS[kind])).startswith("m.csv, line ")


@settings(max_examples=150)
@given(st.lists(st.text(alphabet='0123456789-:T,."abe\n\r\0 +;é', max_size=40), max_size=8))
def test_any_text_is_a_complete_set_of_readings_or_bad_input(rows: list[str]) -> None:
    for lines in (rows, table(*rows), table(*GOOD, *rows)):
        try:
            meters = read_meters(lines, file="m.csv")
        except BadInput as fault:
            assert str(fault).startswith("m.csv")
        else:
            assert isinstance(meters, Meters)


@settings(max_examples=150)
@given(st.integers(0, len("\n".join(table(*GOOD))) - 1), st.characters(max_codepoint=0x2FF))
def test_a_slip_of_the_pen_is_read_as_it_stands_or_refused(at: int, slip: str) -> None:
    text = "\n".join(table(*GOOD))
    lines = (text[:at] + slip + text[at + 1 :]).splitlines(keepends=True)
    try:
        meters = read_meters(lines, file="m.csv")
    except BadInput as fault:
        assert str(fault).startswith("m.csv")
    else:
        assert len(meters.nodes) == 2
        assert len(meters) == 2
