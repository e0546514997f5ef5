"""
Days of homes as they are published: sealed on a ledger, or changed before all can read them; and
for whose day an attacker takes what it sees.

What each remedy does is measured in :mod:`energychain.studies.privacy`; here one home, one day
and one setting are looked at. More than five homes are **synthetic**.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from energychain.primitives.keys import PublicKey
from energychain.studies import privacy
from energychain.studies.privacy import HOUSEHOLDS, Days
from energychain.studies.private_chain import PrivateChain

FIRST = 60
"""The days are those from this day of 2016 on."""

# --- sealed on a ledger ---------------------------------------------------------------


def sealed_days(
    recipients: Sequence[PublicKey], size: int = 0, names: Sequence[str] = ("H0-A", "H0-C")
) -> PrivateChain:
    """Homes of SimBench publish three days by the hour, encrypted to recipients, each day under
    a new address; a block a day. ``size`` is what they are padded to [bytes], 0 for nothing.
    """
    board, days = privacy.new_board(), privacy.simbench_homes(FIRST)
    for day in range(3):
        board.open_block()
        for name in names:
            secret, when = f"{name}'s secret", f"day {day}"
            readings = [round(1e6 * x) for x in days.seen[HOUSEHOLDS.index(name), day]]
            key, seed = privacy.pseudonym(secret, when), privacy.message_seed(secret, when)
            board.include(privacy.publication(board, key, when, readings, recipients, seed, size))
        board.close_block()
    return board


# --- changed, in clear or not ----------------------------------------------------------

CLEAR, ENCRYPTED, PADDED = "in clear", "encrypted, one by one", "encrypted and padded"
SEED = 0


@cache
def homes(count: int) -> Days:
    """So many homes: the five of SimBench, or synthetic ones."""
    if count == len(HOUSEHOLDS):
        return privacy.simbench_homes(FIRST)
    return privacy.synthetic_homes(count, np.random.default_rng([SEED, count, 0]))


def published(count: int, interval: int = 1, noise: float = 0.0, how: str = CLEAR) -> Days:
    """What is seen of so many homes: intervals of so many hours, with noise of this scale
    [kWh], in clear or encrypted.

    >>> published(5, interval=4).seen.shape
    (5, 7, 6)
    """
    days = privacy.summed(homes(count), interval)
    if noise:
        days = privacy.noisy(days, noise, np.random.default_rng([SEED, 1]))
    if how == ENCRYPTED:
        return privacy.lengths(days)
    return privacy.padded_lengths(days) if how == PADDED else days


def suspects(days: Days, kept: int = 1, home: int = 0) -> list[dict[str, Any]]:
    """How far the first pseudonym of a home is from each home, for
    :func:`energychain.charts.privacy.suspects`; it is kept for so many days.
    """
    apart = privacy.distances(days)[home, :kept].sum(axis=0)
    real = days.homes == len(HOUSEHOLDS)
    return [
        {
            "home": HOUSEHOLDS[n] if real else f"home {n + 1}",
            "distance": round(float(distance), 6),
            "truth": n == home,
        }
        for n, distance in enumerate(apart)
    ]
