"""
What linking reveals, hands on: an explorer of the remedies.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import ipywidgets as widgets

from energychain.charts import privacy as charts
from energychain.studies import privacy
from energychain.studies.published_days import (
    CLEAR,
    ENCRYPTED,
    PADDED,
    homes,
    published,
    suspects,
)
from energychain.widgets.explorer import Explorer, View, labelled

COUNTS = {"5 real": 5, "10": 10, "20": 20, "40": 40}
"""The five of SimBench; the others are synthetic."""

INTERVALS = {"1 h": 1, "2 h": 2, "4 h": 4, "8 h": 8, "1 day": 24}


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
            "from energychain.studies.published_days import published, suspects",
            "",
            f'days = published({count}, {interval}, {noise:g}, "{how}")',
            f'print(f"{{success(days, {kept}):.0%}} recognised, {{days.chance:.0%}} by chance")',
            f'charts.suspects(suspects(days, {kept}), unit="{unit}")',
        ]
    )
