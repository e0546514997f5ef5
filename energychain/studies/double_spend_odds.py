"""
How probable it is that a payment is taken back: two formulas and races that were run, side by
side for every number of confirmations.

The formulas are those of :mod:`energychain.consensus.double_spend`: Nakamoto's (2008) and the
exact one of Grunspan and Pérez-Marco (2018).
"""

from functools import lru_cache
from typing import Any

from energychain.consensus import double_spend
from energychain.ledger.chain import CONFIRMATIONS

MOST = 30
"""Confirmations that are shown."""

TRIED = (1, 2, 4, 6, 9, CONFIRMATIONS, 18, 24, MOST)
"""Where the race is simulated if that says something, and at the chosen number."""


@lru_cache(maxsize=4096)
def raced(share: float, confirmations: int, runs: int) -> double_spend.Odds:
    """Both formulas and so many races; for each number of confirmations the same ones."""
    return double_spend.odds(share, confirmations, runs, double_spend.SEED + confirmations)


def odds_rows(share: float, chosen: int, runs: int = 2_000) -> list[dict[str, Any]]:
    """The two formulas for every number of confirmations up to 30, and simulations at some and
    at the chosen one, as rows for a chart.
    """
    # Where hardly any of the races would succeed, a simulation says little.
    telling = {z for z in TRIED if runs * double_spend.exact(share, z) >= 5}
    tried = {z: raced(share, z, runs) for z in sorted({*telling, chosen})}
    return [
        {
            "share": share,
            "confirmations": z,
            "nakamoto": double_spend.nakamoto(share, z),
            "exact": double_spend.exact(share, z),
            "simulated": tried[z].simulated if z in tried else None,
            "low": tried[z].interval[0] if z in tried else None,
            "high": tried[z].interval[1] if z in tried else None,
        }
        for z in range(MOST + 1)
    ]
