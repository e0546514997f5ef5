"""
Rebuild `meters.csv`, one week of six homes, from the SimBench data set.

Maintainers only; nothing here is needed to use the package. Fetch the wheel
(91 MB) without its dependencies, into any folder, and name it:

    pip install pycryptodome
    pip download --no-deps --only-binary :all: simbench==1.6.2
    python datasets/simbench_week/build.py simbench-1.6.2-py3-none-any.whl

With `--check` after the wheel nothing is written; the file that is there is
compared. Nothing is installed from the wheel: it is read as a ZIP archive.

SimBench gives each profile as a share of a rating. Energy per interval is

    kWh = share x rating in kW x 0.25 h

computed in decimals and rounded to the mWh, so every machine gets the same bytes.
"""

from __future__ import annotations

import csv
import io
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from building import keep_from_wheel, require

TARGET = Path(__file__).with_name("meters.csv")
GRID = "simbench/networks/1-complete_data-mixed-all-0-sw/"
"""The complete grid of scenario 0; scenarios 1 and 2 hold the same household profiles."""

FIRST, DAYS = datetime(2016, 7, 25), 7
STEP = timedelta(minutes=15)
HOURS = Decimal("0.25")
MWH = Decimal("0.000001")
"""One mWh in kWh: the last digit that is kept."""


@dataclass(frozen=True)
class Home:
    """One home: a household profile of its own and, if it has one, an array."""

    name: str
    load_profile: str
    load_kw: str
    """Rating: the power at the highest quarter-hour of the year."""
    pv_profile: str | None = None
    pv_kw: str = "0"
    """Rated power of the array."""


HOMES = (
    Home("home 1", "H0-A", "3", "PV3", "4.70"),
    Home("home 2", "H0-B", "3"),
    Home("home 3", "H0-C", "3", "PV6", "3.45"),
    Home("home 4", "H0-G", "3"),
    Home("home 5", "H0-L", "3", "PV8", "5.50"),
    Home("home 6", "H0-H", "1"),
)


def rows(wheel: zipfile.ZipFile, name: str) -> Iterator[dict[str, str]]:
    """The rows of one of SimBench's tables."""
    with wheel.open(GRID + name) as file:
        yield from csv.DictReader(io.TextIOWrapper(file, "utf-8", newline=""), delimiter=";")


def verify_ratings(wheel: zipfile.ZipFile) -> None:
    """Hold our ratings against those that SimBench gives to its own loads and arrays."""
    loads: dict[str, Counter[Decimal]] = {}
    for row in rows(wheel, "Load.csv"):
        loads.setdefault(row["profile"], Counter())[Decimal(row["pLoad"]) * 1000] += 1
    arrays = {
        (row["profile"], Decimal(row["pRES"]) * 1000)
        for row in rows(wheel, "RES.csv")
        if row["subnet"].startswith("LV")
    }
    for home in HOMES:
        rating = Decimal(home.load_kw)
        if home.load_profile == "H0-H":
            require("H0-H" not in loads, "H0-H now has loads: use their rating")
        else:
            commonest = loads[home.load_profile].most_common(1)[0][0]
            require(rating == commonest, f"{home.name}: the commonest rating is {commonest} kW")
        if home.pv_profile is not None:
            known = (home.pv_profile, Decimal(home.pv_kw)) in arrays
            require(known, f"{home.name}: no low-voltage array {home.pv_profile}, {home.pv_kw} kW")


def verify_stamps(stamps: list[str]) -> None:
    """Hold the time stamps against what about.toml says of them."""
    require(len(stamps) == 366 * 96, "a leap year of quarter-hours was expected")
    require(stamps[0] == "01.01.2016 00:00", "the first stamp has changed")
    require(stamps[-1] == "31.12.2016 23:45", "the last stamp has changed")
    per_day = Counter(stamp[:10] for stamp in stamps)
    odd = {day: count for day, count in per_day.items() if count != 96}
    require(odd == {"27.03.2016": 92, "30.10.2016": 100}, f"days of other length: {odd}")


def week(wheel: zipfile.ZipFile, table: str, suffix: str, names: list[str]) -> dict[str, list[str]]:
    """The named profiles in the chosen week, as the text of the source, in order of time."""
    wanted = [(FIRST + i * STEP).strftime("%d.%m.%Y %H:%M") for i in range(DAYS * 96)]
    inside, stamps = set(wanted), []
    found: dict[str, dict[str, str]] = {name: {} for name in names}
    for row in rows(wheel, table):
        stamps.append(row["time"])
        if row["time"] in inside:
            for name in names:
                found[name][row["time"]] = row[name + suffix]
    verify_stamps(stamps)
    return {name: [found[name][stamp] for stamp in wanted] for name in names}


def energy(share: str, rating: str) -> Decimal:
    """Energy of one interval in kWh, to the mWh."""
    return (Decimal(share) * Decimal(rating) * HOURS).quantize(MWH)


def meters(wheel: zipfile.ZipFile) -> str:
    """The whole file as text."""
    verify_ratings(wheel)
    loads = week(wheel, "LoadProfile.csv", "_pload", [home.load_profile for home in HOMES])
    arrays = [home.pv_profile for home in HOMES if home.pv_profile is not None]
    suns = week(wheel, "RESProfile.csv", "", arrays)
    lines = ["time,node,produced_kwh,consumed_kwh"]
    for i in range(DAYS * 96):
        time = (FIRST + i * STEP).isoformat(timespec="minutes")
        for home in HOMES:
            share = "0" if home.pv_profile is None else suns[home.pv_profile][i]
            produced = energy(share, home.pv_kw)
            consumed = energy(loads[home.load_profile][i], home.load_kw)
            lines.append(f"{time},{home.name},{produced:.6f},{consumed:.6f}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(keep_from_wheel(TARGET, meters))
