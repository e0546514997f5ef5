"""
What linking reveals, hands on: a line-up of days under pseudonyms, and an explorer of the
remedies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import ipywidgets as widgets
import numpy as np

from energychain.charts import privacy as charts
from energychain.charts.theme import Picture
from energychain.primitives.keys import PublicKey
from energychain.studies import privacy
from energychain.studies.privacy import HOUSEHOLDS, Array, Days
from energychain.studies.private_chain import PrivateChain
from energychain.widgets.explorer import Explorer, View, labelled

# --- the line-up ----------------------------------------------------------------------

SUSPECT = "H0-C"
FIRST, DAY = 60, 3
"""The line-up is of this day after the known ones, which begin at this day of 2016."""


@dataclass(frozen=True, eq=False)
class LineUp:
    """Five days under pseudonyms, one of each home of SimBench, and what is known of one."""

    suspect: str
    known: Array
    """Days of the suspect, by day and hour [kWh]."""

    seen: Mapping[str, Array]
    """By pseudonym, in the order of their addresses: the hours of the day [kWh]."""

    homes: Mapping[str, str]
    """Whose each pseudonym is: what nobody but the homes should know."""

    def picture(self) -> Picture:
        """All days, as a chart."""
        days = {name: day.tolist() for name, day in self.seen.items()}
        return charts.line_up(days, self.known.tolist(), self.suspect)

    def __repr__(self) -> str:
        return (
            f"<line-up: a day under each of {len(self.seen)} pseudonyms; {len(self.known)} known"
            f" days of {self.suspect}>"
        )


def line_up() -> LineUp:
    """The line-up of lesson 11.

    >>> line_up()
    <line-up: a day under each of 5 pseudonyms; 14 known days of H0-C>
    """
    days = privacy.simbench_homes(FIRST)
    names = {
        privacy.pseudonym(f"{home}'s secret", f"day {FIRST + DAY}").public.address[:8]: home
        for home in HOUSEHOLDS
    }
    seen = {name: days.seen[HOUSEHOLDS.index(names[name]), DAY] for name in sorted(names)}
    return LineUp(SUSPECT, days.known[HOUSEHOLDS.index(SUSPECT)], seen, names)


# --- sealed days ----------------------------------------------------------------------


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


# --- the explorer ---------------------------------------------------------------------

COUNTS = {"5 real": 5, "10": 10, "20": 20, "40": 40}
"""The five of SimBench; the others are synthetic."""

INTERVALS = {"1 h": 1, "2 h": 2, "4 h": 4, "8 h": 8, "1 day": 24}
CLEAR, ENCRYPTED, PADDED = "in clear", "encrypted, one by one", "encrypted and padded"
SEED = 0
HOME = 0
"""Whose day is looked at: the first home's."""


@cache
def homes(count: int) -> Days:
    """The homes of the explorer: five of SimBench, or as many synthetic ones."""
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


def suspects(days: Days, kept: int = 1, home: int = HOME) -> list[dict[str, Any]]:
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


class LinkExplorer(Explorer):
    """A day under a pseudonym, the homes of which it might be, and what is done against it.

    >>> explorer = LinkExplorer()
    >>> explorer.controls["how"].value = "encrypted and padded"
    >>> print(explorer.status)
    20 synthetic homes, readings of 1 h, no noise, encrypted and padded, a new address every day: \
5 % of 140 pseudonyms are recognised; chance is 5 %.
    """

    def __init__(self, *, prediction: str = "") -> None:
        super().__init__(
            "Whose day is this?",
            self._controls(),
            self._look,
            prediction=prediction,
        )

    def _controls(self) -> dict[str, Any]:
        return {
            "count": labelled(
                widgets.SelectionSlider, "Homes", options=list(COUNTS.items()), value=20
            ),
            "interval": labelled(
                widgets.SelectionSlider, "Readings of", options=list(INTERVALS.items()), value=1
            ),
            "noise": labelled(
                widgets.SelectionSlider,
                "Noise (kWh)",
                options=[(f"{noise:g}", noise) for noise in privacy.NOISE],
                value=0.0,
            ),
            "kept": labelled(
                widgets.Dropdown,
                "Address kept",
                options=[("1 day", 1), ("7 days", 7)],
                value=1,
            ),
            "how": labelled(
                widgets.Dropdown, "Published", options=[CLEAR, ENCRYPTED, PADDED], value=CLEAR
            ),
        }

    def _look(self, count: int, interval: int, noise: float, kept: int, how: str) -> View:
        days = published(count, interval, noise, how)
        share = privacy.success(days, kept)
        number = days.homes * days.seen.shape[1] // kept
        plain = [_share("as it is", _plain(count), 7 * count)]
        rows = [*plain, _share("so published", share, number)]
        unit = "kWh" if how == CLEAR else "bytes"
        about = "this day" if kept == 1 else "this week"
        pictures = (
            charts.suspects(suspects(days, kept), unit=unit, about=about),
            charts.now(rows, chance=days.chance),
        )
        said = (
            f"{count} {'homes of SimBench' if count == 5 else 'synthetic homes'}, readings of"
            f" {_name(INTERVALS, interval)}, {f'noise of {noise:g} kWh' if noise else 'no noise'},"
            f" {how}, a new address every {'day' if kept == 1 else 'week'}:"
            f" {100 * share:.0f} % of {number} pseudonyms are recognised; chance is"
            f" {100 * days.chance:.0f} %."
        )
        return View(pictures, said, _code_for(count, interval, noise, kept, how))


@cache
def _plain(count: int) -> float:
    return privacy.success(homes(count))


def _share(what: str, share: float, of: int) -> dict[str, Any]:
    return {"what": what, "share": round(share, 6), "all": of}


def _name(options: Mapping[str, int], value: int) -> str:
    return next(name for name, each in options.items() if each == value)


def _code_for(count: int, interval: int, noise: float, kept: int, how: str) -> str:
    unit = "kWh" if how == CLEAR else "bytes"
    return "\n".join(
        [
            "from energychain.charts import privacy as charts",
            "from energychain.studies.privacy import success",
            "from energychain.widgets.privacy import published, suspects",
            "",
            f'days = published({count}, {interval}, {noise:g}, "{how}")',
            f'print(f"{{success(days, {kept}):.0%}} recognised, {{days.chance:.0%}} by chance")',
            f'charts.suspects(suspects(days, {kept}), unit="{unit}")',
        ]
    )
