"""Where data lies, and what is read of anybody's file."""

import csv
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import mean

import pytest

from energychain import datasets
from energychain.datasets import LONGEST_LINE, lines_of
from energychain.primitives.hashing import sha256
from energychain.primitives.refusals import BadInput

NAMES = [
    *("acn_month", "charging_quota", "day_ahead_2019", "simbench_week", "simbench_year"),
    *("testbed", "vectors", "victoria_2014"),
]


def refused(path: Path) -> str:
    with pytest.raises(BadInput) as caught:
        list(lines_of(path))
    return str(caught.value)


def test_every_dataset_says_what_it_is_where_it_comes_from_and_under_which_licence() -> None:
    assert datasets.names() == NAMES
    for name in datasets.names():
        about = datasets.about(name)
        assert {"title", "summary", "source", "licence"} <= set(about)


@pytest.mark.parametrize("name", NAMES)
def test_every_file_of_a_dataset_is_described_and_there(name: str) -> None:
    described = datasets.about(name)["files"]
    there = {path.name for path in (datasets.folder() / name).glob("*.csv")}
    assert set(described) == there
    for file, words in described.items():
        rows = list(csv.reader(datasets.lines(name, file)))
        assert len(rows) - 1 == words.get("rows", len(rows) - 1)
        assert len({len(row) for row in rows}) == 1


@pytest.mark.parametrize("name", NAMES)
def test_every_file_is_the_one_that_was_described(name: str) -> None:
    for file, words in datasets.about(name)["files"].items():
        data = (datasets.folder() / name / file).read_bytes()
        assert sha256(data).hex() == words["sha256"]
        header = next(datasets.lines(name, file)).strip().split(",")
        assert header == list(words["columns"])


def test_a_file_that_is_not_there_is_bad_input_that_names_it() -> None:
    with pytest.raises(BadInput, match=r"^none\.csv: cannot be read: No such file"):
        next(datasets.lines("testbed", "none.csv"))


def test_lines_are_read_with_their_ends_and_without_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntw\xc3\xb6\nthree")
    assert list(lines_of(path)) == ["one\r\n", "twö\n", "three"]


def test_a_byte_order_mark_in_a_later_line_is_left_for_the_reader_to_find(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(b"one\n\xef\xbb\xbftwo\n")
    assert list(lines_of(path))[1] == "\ufefftwo\n"


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    (tmp_path / "m.csv").touch()
    assert list(lines_of(tmp_path / "m.csv")) == []


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "cp850"])
def test_another_encoding_is_refused_with_the_line_and_the_way_out(
    tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes("time,node\n1,Müller\n".encode(encoding))
    assert refused(path) == (
        "m.csv, line 2: byte 4 is not UTF-8 text: save the file with the encoding UTF-8"
    )


def test_utf_16_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("time,node\n", encoding="utf-16")
    assert refused(path).startswith("m.csv, line 1: byte 1 is not UTF-8 text")


def test_a_huge_line_is_refused_without_being_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    with path.open("wb") as file:
        file.write(b"time,node\n")
        file.truncate(200 * 2**20)  # 200 MB of zeros that take no room on the disk
    assert refused(path) == "m.csv, line 2: more than 100,000 bytes in one line: not a table"


@pytest.mark.parametrize(
    ("length", "fine"),
    [
        (LONGEST_LINE, True),
        (LONGEST_LINE + 1, False),
    ],
)
def test_a_line_of_the_greatest_length_is_still_a_line(
    tmp_path: Path, length: int, fine: bool
) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(b"x" * (length - 1) + b"\n")
    if fine:
        assert len(next(lines_of(path))) == length
    else:
        assert "more than 100,000 bytes" in refused(path)


def test_a_folder_and_a_missing_file_are_refused_by_name(tmp_path: Path) -> None:
    assert refused(tmp_path) == f"{tmp_path.name}: cannot be read: Is a directory"
    assert refused(tmp_path / "none.csv").startswith("none.csv: cannot be read: No such file")


def test_the_published_table_keeps_its_printed_text() -> None:
    lines = list(datasets.lines("testbed", "table_2.csv"))
    assert lines[9].strip() == "8:00,1.071612,109.996,0.854339,91.452,0.217273,98.552"
    assert len(lines) == 25


# --- a year of prices, of demand and of homes -----------------------------------------


def column(name: str, file: str, wanted: str) -> list[float]:
    return [float(row[wanted]) for row in csv.DictReader(datasets.lines(name, file))]


def times(name: str, file: str) -> list[datetime]:
    rows = csv.DictReader(datasets.lines(name, file))
    return [datetime.fromisoformat(row["time"]) for row in rows]


@pytest.mark.parametrize(
    ("name", "file", "first", "step", "count"),
    [
        ("day_ahead_2019", "prices.csv", "2019-01-01T00:00Z", timedelta(hours=1), 365 * 24),
        ("victoria_2014", "demand.csv", "2014-01-01T00:00", timedelta(minutes=30), 365 * 48),
        ("simbench_year", "homes.csv", "2016-01-01T00:00+01:00", timedelta(hours=1), 366 * 24),
    ],
)
def test_a_year_has_every_interval_once_and_in_order(
    name: str, file: str, first: str, step: timedelta, count: int
) -> None:
    start = datetime.fromisoformat(first)
    assert times(name, file) == [start + number * step for number in range(count)]


def test_the_year_of_prices_is_the_clean_one() -> None:
    prices = column("day_ahead_2019", "prices.csv", "price_per_mwh")
    assert round(mean(prices), 1) == 41.2
    assert (min(prices), max(prices)) == (-9.02, 121.46)
    assert sum(price < 0 for price in prices) == 3


def test_the_clocks_of_simbench_change_and_no_hour_is_lost() -> None:
    days = Counter(time.date() for time in times("simbench_year", "homes.csv"))
    odd = {f"{day}": hours for day, hours in days.items() if hours != 24}
    assert odd == {"2016-03-27": 23, "2016-10-30": 25}


def test_the_year_of_homes_holds_the_week_of_meters() -> None:
    # Two scripts made the two files: quarter-hours of named homes, and hours of profiles.
    year = {
        row["time"]: row for row in csv.DictReader(datasets.lines("simbench_year", "homes.csv"))
    }
    nodes = datasets.about("simbench_week")["nodes"]
    used, made = defaultdict[tuple[str, str], float](float), defaultdict[str, float](float)
    for row in csv.DictReader(datasets.lines("simbench_week", "meters.csv")):
        hour, home = f"{row['time'][:13]}:00+02:00", nodes[row["node"]]
        used[hour, home["load"]] += float(row["consumed_kwh"])
        if "pv" in home:
            made[f"{hour} {home['pv']}"] += float(row["produced_kwh"]) / home["pv_kw"]
    homes = {key: energy for key, energy in used.items() if key[1] != "H0-H"}
    assert len(homes) == 5 * 7 * 24
    assert len(made) == 3 * 7 * 24
    finest = 0.0005 + 1e-5  # half a Wh here, and four rounded quarter-hours there
    for (hour, profile), energy in homes.items():
        assert float(year[hour][profile]) == pytest.approx(energy, abs=finest)
    for key, energy in made.items():
        hour, profile = key.split()
        assert float(year[hour][profile]) == pytest.approx(energy, abs=finest)


def test_the_mornings_of_victoria_move_with_its_clocks_so_the_rows_do_not() -> None:
    demand = column("victoria_2014", "demand.csv", "demand_mw")
    assert (min(demand), max(demand), round(mean(demand))) == (2858, 9345, 4610)
    before_autumn, after_autumn = (
        morning(demand, date(2014, 3, 11)),
        morning(demand, date(2014, 4, 28)),
    )
    before_spring, after_spring = (
        morning(demand, date(2014, 9, 8)),
        morning(demand, date(2014, 10, 6)),
    )
    assert 0.5 < after_autumn - before_autumn < 1.1
    assert 0.5 < before_spring - after_spring < 1.1


def morning(demand: list[float], first: date) -> float:
    """When the morning's rise is half done, in hours after a day's first row, on the working
    days of the two weeks from this day.
    """
    begin = (first - date(2014, 1, 1)).days
    days = [begin + day for day in range(14) if (first + timedelta(days=day)).weekday() < 5]
    shape = [mean(demand[48 * day + row] for day in days) for row in range(48)]
    half = (min(shape[4:14]) + max(shape[10:20])) / 2
    row = next(row for row in range(6, 20) if shape[row] <= half < shape[row + 1])
    return (row + (half - shape[row]) / (shape[row + 1] - shape[row])) / 2
