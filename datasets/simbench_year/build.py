"""
Rebuild `homes.csv`, a year of homes, arrays and cars in hours, from the SimBench data set.

Maintainers only; nothing here is needed to use the package. Fetch the wheel
(91 MB) without its dependencies, into any folder, and name it:

    pip install pycryptodome
    pip download --no-deps --only-binary :all: simbench==1.6.2
    python datasets/simbench_year/build.py simbench-1.6.2-py3-none-any.whl

With `--check` after the wheel nothing is written; the file that is there is
compared. Nothing is installed from the wheel: it is read as a ZIP archive.

SimBench gives each profile as a share of a rating, in quarter-hours. Energy per hour is

    kWh = (sum of the hour's four shares) x rating in kW x 0.25 h

computed in decimals and rounded to the Wh, so every machine gets the same bytes. The
rating of an array is 1 kW: what a home has on its roof is for the reader to choose.
"""

from __future__ import annotations

import csv
import io
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from building import keep_from_wheel, require

TARGET = Path(__file__).with_name("homes.csv")
GRID = "simbench/networks/1-complete_data-mixed-all-{}-sw/"
"""The complete grid of a scenario: 0 is today's, 2 has electric cars."""

HOMES = {name: Decimal(3) for name in ("H0-A", "H0-B", "H0-C", "H0-G", "H0-L")}
CARS = {name: Decimal("3.7") for name in ("HLS_A_3.7", "HLS_B_3.7")}
ARRAYS = {f"PV{number}": Decimal(1) for number in (1, 2, 3, 4, 5, 6, 8)}
"""The rating by profile [kW]."""

FIRST, HOURS = datetime(2015, 12, 31, 23, tzinfo=UTC), 366 * 24
SUMMER_BEGINS = datetime(2016, 3, 27, 1, tzinfo=UTC)
SUMMER_ENDS = datetime(2016, 10, 30, 1, tzinfo=UTC)
QUARTER, WH = Decimal("0.25"), Decimal("0.001")


def rows(wheel: zipfile.ZipFile, name: str, scenario: int = 0) -> Iterator[dict[str, str]]:
    """The rows of one of SimBench's tables."""
    with wheel.open(GRID.format(scenario) + name) as file:
        yield from csv.DictReader(io.TextIOWrapper(file, "utf-8", newline=""), delimiter=";")


def verify_ratings(wheel: zipfile.ZipFile) -> None:
    """Hold our ratings against those that SimBench gives to its own loads."""
    for scenario, ratings in ((0, HOMES), (2, CARS)):
        found: dict[str, Counter[Decimal]] = {}
        for row in rows(wheel, "Load.csv", scenario):
            found.setdefault(row["profile"], Counter())[Decimal(row["pLoad"]) * 1000] += 1
        for name, rating in ratings.items():
            commonest = found[name].most_common(1)[0][0]
            require(rating == commonest, f"{name}: the commonest rating is {commonest} kW")
        require(scenario != 0 or "H0-H" not in found, "H0-H now has loads: take it in")


def hour(number: int) -> datetime:
    """The beginning of an hour of the year, by the clocks of Germany."""
    time = FIRST + number * timedelta(hours=1)
    ahead = 2 if SUMMER_BEGINS <= time < SUMMER_ENDS else 1
    return time.astimezone(timezone(timedelta(hours=ahead)))


def hours(
    wheel: zipfile.ZipFile, table: str, suffix: str, ratings: Mapping[str, Decimal]
) -> list[list[str]]:
    """The energy of the profiles in each hour of the year [kWh], as text."""
    found = []
    sums = dict.fromkeys(ratings, Decimal(0))
    for number, row in enumerate(rows(wheel, table)):
        time = hour(number // 4) + number % 4 * timedelta(minutes=15)
        require(row["time"] == f"{time:%d.%m.%Y %H:%M}", f"{row['time']} where {time} was due")
        for name in ratings:
            share = Decimal(row[name + suffix])
            require(0 <= share <= 1, f"{name} is {share} at {time}")
            sums[name] += share
        if number % 4 == 3:
            found.append([energy(sums[name], rating) for name, rating in ratings.items()])
            sums = dict.fromkeys(ratings, Decimal(0))
    require(len(found) == HOURS, f"{table}: {len(found)} hours")
    return found


def energy(shares: Decimal, rating: Decimal) -> str:
    """Energy of an hour in kWh, to the Wh."""
    amount = (shares * rating * QUARTER).quantize(WH)
    return f"{amount}" if amount else "0"


def homes(wheel: zipfile.ZipFile) -> str:
    """The whole file as text."""
    verify_ratings(wheel)
    loads = hours(wheel, "LoadProfile.csv", "_pload", HOMES | CARS)
    suns = hours(wheel, "RESProfile.csv", "", ARRAYS)
    lines = [",".join(["time", *HOMES, *CARS, *ARRAYS])]
    for number, (load, sun) in enumerate(zip(loads, suns, strict=True)):
        lines.append(",".join([hour(number).isoformat(timespec="minutes"), *load, *sun]))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(keep_from_wheel(TARGET, homes))
