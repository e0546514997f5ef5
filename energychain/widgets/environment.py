"""A check that this machine has what the lessons need."""

import sys
from collections.abc import Callable

from energychain import datasets
from energychain.primitives.keys import derive


class Environment:
    """What is there and what is missing."""

    def __init__(self, found: dict[str, bool]) -> None:
        self.found = found

    def __repr__(self) -> str:
        lines = [f"{'✓' if there else '✗'} {thing}" for thing, there in self.found.items()]
        missing = sum(not there for there in self.found.values())
        last = "All is ready." if not missing else f"{missing} missing: run `make lab` once more."
        return "\n".join([*lines, last])


def environment() -> Environment:
    """Look for everything that the lessons use.

    >>> environment().found["signatures (pycryptodome signs and checks)"]
    True
    """
    return Environment(
        {
            "Python 3.11 or later": sys.version_info >= (3, 11),
            "signatures (pycryptodome signs and checks)": _works(_sign_and_check),
            "datasets (the testbed's table is here)": "testbed" in datasets.names(),
            "tables (pandas)": _works(lambda: __import__("pandas")),
            "charts (altair, and pictures without a network)": _works(
                lambda: (__import__("altair"), __import__("vl_convert"))
            ),
            "sliders (ipywidgets)": _works(lambda: __import__("ipywidgets")),
        }
    )


def _works(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except Exception:
        return False
    return True


def _sign_and_check() -> None:
    key = derive("environment", "check")
    key.public.check(b"hello", key.sign(b"hello"))
