"""
Who keeps what, hands on: an explorer of what a node bears against the number of homes and of
clusters.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import ipywidgets as widgets

from energychain.charts import scale as charts
from energychain.studies import scale
from energychain.studies.scale import CLUSTERED, FLAT
from energychain.studies.scale_laws import cluster_rows, cost_at
from energychain.widgets.explorer import Explorer, View, labelled

_DECADES = [m * 10**p for p in range(1, 6) for m in (1, 2, 5)]
HOMES = (*_DECADES, 1_000_000)
_STEPS = (10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 90)
CLUSTERS = (*range(1, 10), *(m * p for p in (1, 10, 100) for m in _STEPS), 10_000)
"""Where the sliders stop."""

READINGS = {
    "1 (once a day)": 1,
    "24 (by the hour)": 24,
    "96 (every 15 min)": 96,
    "1,440 (every minute)": 1_440,
}


class ScaleExplorer(Explorer):
    """Homes, clusters and readings a day, and what the nodes bear of it.

    >>> explorer = ScaleExplorer()
    >>> explorer.controls["quantity"].value = "messages"
    >>> print(explorer.status)
    1,000 homes, 96 readings a day. A full node of one flat ledger: 96,096 messages a day. In 30 \
clusters an aggregator: 6,176, that is 16 times less; a home: 96. Least for an aggregator: 6,168, \
in 32 clusters.
    """

    def __init__(self, *, prediction: str = "") -> None:
        super().__init__(
            "What does a node bear, and into how many clusters should the homes be divided?",
            self._controls(),
            self._look,
            prediction=prediction,
        )

    def _controls(self) -> dict[str, Any]:
        def numbers(values: Sequence[int]) -> list[tuple[str, int]]:
            return [(f"{value:,}", value) for value in values]

        return {
            "homes": labelled(
                widgets.SelectionSlider, "Homes", options=numbers(HOMES), value=1_000
            ),
            "clusters": labelled(
                widgets.SelectionSlider, "Clusters", options=numbers(CLUSTERS), value=30
            ),
            "readings": labelled(
                widgets.Dropdown, "Readings a day", options=list(READINGS.items()), value=96
            ),
            "quantity": labelled(
                widgets.Dropdown,
                "What is counted",
                options=[(words.lower(), name) for name, words in charts.QUANTITIES.items()],
                value="kept_bytes",
            ),
        }

    def _look(self, homes: int, clusters: int, readings: int, quantity: str) -> View:
        clusters = min(clusters, homes)
        now = cost_at(homes, clusters, readings)
        ringed = [row for row in now if (row["arrangement"], row["role"]) in _RINGED]
        by_clusters = cluster_rows(homes, quantity, readings, also=[clusters])
        pictures = (
            charts.cost(
                _records(), quantity, times=readings, per="day", at=ringed, width=290, height=250
            ),
            charts.clusters(
                by_clusters, quantity, per="day", chosen=clusters, width=260, height=250
            ),
        )
        best = min(by_clusters, key=lambda row: row[quantity])
        status = _status(now, best, homes, clusters, readings, quantity)
        return View(pictures, status, _code_for(homes, clusters, readings, quantity))


_RINGED = ((FLAT, "full node"), (CLUSTERED, "aggregator"), (CLUSTERED, "super-light home"))


@cache
def _records() -> tuple[dict[str, str | int | float], ...]:
    return tuple(row.record() for row in scale.rows())


def _status(
    now: Sequence[dict[str, Any]],
    best: dict[str, Any],
    homes: int,
    clusters: int,
    readings: int,
    quantity: str,
) -> str:
    found = {(row["arrangement"], row["role"]): row[quantity] for row in now}
    full, one, home = (found[role] for role in _RINGED)
    unit = {"kept_bytes": "", "messages": " messages", "signatures": " signatures"}[quantity]
    words = f"{full / one:,.0f} times less" if full >= 1.5 * one else "not much less"
    if one > full:
        words = "more"
    shown = [charts.amount(value, quantity) for value in (full, one, home, best[quantity])]
    return (
        f"{homes:,} homes, {readings:,} reading{'s' * (readings != 1)} a day. A full node of one"
        f" flat ledger: {shown[0]}{unit} a day. In {clusters:,} cluster{'s' * (clusters != 1)} an"
        f" aggregator: {shown[1]}, that is {words}; a home: {shown[2]}. Least for an aggregator:"
        f" {shown[3]}, in {best['clusters']:,} clusters."
    )


def _code_for(homes: int, clusters: int, readings: int, quantity: str) -> str:
    return "\n".join(
        [
            "from energychain.charts import scale as charts",
            "from energychain.studies import scale",
            "from energychain.studies.scale_laws import cluster_rows, cost_at",
            "",
            "rows = [row.record() for row in scale.rows()]",
            f"at = cost_at({homes}, {clusters}, times={readings})",
            'told = ("full node", "flat"), ("aggregator", "clustered"),'
            ' ("super-light home", "clustered")',
            'at = [row for row in at if (row["role"], row["arrangement"]) in told]',
            f'display(charts.cost(rows, "{quantity}", times={readings}, per="day", at=at))',
            f'some = cluster_rows({homes}, "{quantity}", {readings}, also=[{clusters}])',
            f'charts.clusters(some, "{quantity}", per="day", chosen={clusters})',
        ]
    )
