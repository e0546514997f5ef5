"""
Forks, hands on: a tree of blocks that grows under latency and a partition, and a double spend
whose share and confirmations one chooses.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets as widgets

from energychain.charts import forks as charts
from energychain.charts.theme import Picture
from energychain.consensus import double_spend
from energychain.ledger.chain import CONFIRMATIONS
from energychain.studies.double_spend_odds import MOST, odds_rows, raced
from energychain.studies.forks import EAST, WEST
from energychain.studies.mining_network import (
    HALVES,
    KWH,
    NOBODY,
    TICK,
    UNTIL,
    Played,
    played,
)
from energychain.widgets.explorer import Explorer, View, labelled

# --- pictures -------------------------------------------------------------------------


def tree(seen: Played, second: int) -> Picture:
    """The tree of blocks at a moment [s], as a chart."""
    rows = seen.tree(second)
    return charts.tree(
        rows,
        heights=max(block.height for block in seen.blocks),
        lanes=max(2, 1 + max(seen.lanes.values())),
        title=_title(rows, second),
    )


def curves(seen: Played, second: int, confirmations: int) -> Picture:
    """What each half calls settled until a moment [s], as a chart."""
    start, end = seen.cut
    return charts.settled(
        seen.energy(second, confirmations),
        until=UNTIL / 60,
        cut=(start / 60, end / 60),
        title=_settled_title(seen, second, confirmations),
    )


def _title(rows: Sequence[Mapping[str, object]], second: int) -> str:
    lost = sum(row["followed_by"] == NOBODY for row in rows)
    split = any(row["followed_by"] in (EAST, WEST) for row in rows)
    state = "two chains, each believed by a half" if split else "one chain, believed by all"
    return f"After {clock(second)}: {state}; {lost} of {len(rows) - 1} blocks orphaned"


def clock(second: int) -> str:
    """A moment [s] as people write it.

    >>> clock(185)
    '3:05 min'
    """
    return f"{second // 60}:{second % 60:02d} min"


# --- the tree, hands on ---------------------------------------------------------------


class ForkExplorer(Explorer):
    """A block tree under latency and a partition, and the trades that are un-settled when the
    halves meet.

    >>> explorer = ForkExplorer()
    >>> explorer.controls["cut_s"].value = 0
    >>> explorer.status.split(".")[0]
    'At 3:00 min everybody follows one chain of 11 blocks'
    """

    def __init__(self, *, prediction: str = "") -> None:
        super().__init__(
            "What becomes of a trade when half of the network meets the other half?",
            self._controls(),
            self._look,
            prediction=prediction,
        )

    def _controls(self) -> dict[str, Any]:
        return {
            "cut_s": labelled(
                widgets.IntSlider, "Partition (s)", value=120, min=0, max=240, step=15
            ),
            "latency_s": labelled(
                widgets.SelectionSlider,
                "Latency (s)",
                options=[(f"{s:g}", s) for s in (0.0, 0.1, 0.5, 1.0, 2.0, 5.0)],
                value=0.5,
            ),
            "confirmations": labelled(
                widgets.IntSlider,
                "Confirmations",
                value=1,
                min=1,
                max=CONFIRMATIONS,
                step=1,
            ),
            "second": labelled(
                widgets.IntSlider, "Time (s)", value=180, min=0, max=UNTIL, step=TICK
            ),
        }

    def _look(self, cut_s: int, latency_s: float, confirmations: int, second: int) -> View:
        seen = played(latency_s, cut_s)
        return View(
            (tree(seen, second), curves(seen, second, confirmations)),
            _fork_status(seen, second, confirmations),
            "\n".join(
                [
                    "from energychain.studies.mining_network import played",
                    "from energychain.widgets.forks import curves, tree",
                    "",
                    f"seen = played(latency_s={latency_s:g}, cut_s={cut_s})",
                    f'print(len(seen.unsettled("east", {second}, {confirmations})),'
                    ' "trades un-settled in the east")',
                    f"display(tree(seen, {second}))",
                    f"curves(seen, {second}, {confirmations})",
                ]
            ),
        )


def _settled_title(seen: Played, second: int, confirmations: int) -> str:
    told = [
        f"{len(gone)} in the {half}"
        for half in HALVES
        if (gone := seen.unsettled(half, second, confirmations))
    ]
    blocks = "1 block" if confirmations == 1 else f"{confirmations} blocks"
    return f"Settled after {blocks}: " + (
        f"trades un-settled so far: {', '.join(told)}" if told else "no trade was un-settled so far"
    )


def _fork_status(seen: Played, second: int, confirmations: int) -> str:
    east, west = (seen.chain(half, second) for half in HALVES)
    if east[-1] is west[-1]:
        where = f"everybody follows one chain of {len(east) - 1} blocks"
    else:
        common = sum(a is b for a, b in zip(east, west, strict=False))
        where = (
            f"the east follows a chain of {len(east) - 1} blocks, the west one of"
            f" {len(west) - 1}; they agree up to block {common - 1}"
        )
    said = [f"At {clock(second)} {where}."]
    for half in HALVES:
        gone = seen.unsettled(half, second, confirmations)
        if gone:
            back = len(gone & seen.settled(half, second, confirmations))
            said.append(
                f"In the {half} {_trades(len(gone))} of its own, {KWH * len(gone):g} kWh, had been"
                f" settled and were un-settled; {back} of them {_are(back)} settled again."
            )
    if len(said) == 1:
        said.append("No trade that was settled has been un-settled.")
    return " ".join(said)


def _trades(count: int) -> str:
    return "1 trade" if count == 1 else f"{count} trades"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


# --- double spends, hands on ----------------------------------------------------------


class DoubleSpendExplorer(Explorer):
    """A double spend: two formulas and a simulation.

    >>> explorer = DoubleSpendExplorer()
    >>> explorer.controls["share"].value = 0.5
    >>> explorer.status
    'With 50 % of the power an attacker takes back any payment: no number of confirmations helps.'
    """

    def __init__(self, *, prediction: str = "") -> None:
        super().__init__(
            "How sure is a payment after so many confirmations?",
            {
                "share": labelled(
                    widgets.FloatSlider,
                    "Attacker's share",
                    value=0.1,
                    min=0.02,
                    max=0.54,
                    step=0.01,
                    readout_format=".0%",
                ),
                "confirmations": labelled(
                    widgets.IntSlider, "Confirmations", value=6, min=1, max=MOST, step=1
                ),
                "runs": labelled(
                    widgets.SelectionSlider,
                    "Simulated races",
                    options=[(f"{runs:,}", runs) for runs in (200, 1_000, 5_000)],
                    value=5_000,
                ),
            },
            self._look,
            prediction=prediction,
        )

    def _look(self, share: float, confirmations: int, runs: int) -> View:
        share = round(share, 2)
        rows = odds_rows(share, confirmations, runs)
        marked = {CONFIRMATIONS: f"the testbed: {CONFIRMATIONS}"}
        if confirmations != CONFIRMATIONS:
            marked[confirmations] = f"chosen: {confirmations}"
        return View(
            (charts.odds(rows, marked=marked),),
            _odds_status(share, confirmations, runs),
            "\n".join(
                [
                    "from energychain.charts import forks as charts",
                    "from energychain.consensus.double_spend import confirmations_for, odds",
                    "from energychain.studies.double_spend_odds import odds_rows",
                    "",
                    f"print(odds({share:g}, {confirmations}))",
                    *([] if share >= 0.5 else [f"print(confirmations_for({share:g}))"]),
                    f"charts.odds(odds_rows({share:g}, {confirmations}, {runs}), marked={marked})",
                ]
            ),
        )


def _odds_status(share: float, confirmations: int, runs: int) -> str:
    power = f"With {share:.0%} of the power".replace("%", " %")
    if share >= 0.5:
        return f"{power} an attacker takes back any payment: no number of confirmations helps."
    found = raced(share, confirmations, runs)
    low, high = found.interval
    fits = "allow" if low <= found.nakamoto <= high else "exclude"
    return (
        f"{power} and {confirmations} confirmation{'s' * (confirmations != 1)}:"
        f" {_percent(found.exact)} exactly, {_percent(found.nakamoto)} by Nakamoto's formula."
        f" {runs:,} races gave {_percent(found.simulated)}, from {_percent(low)} to"
        f" {_percent(high)}; they {fits} Nakamoto's number."
        f" Below 0.1 % takes {double_spend.confirmations_for(share)} confirmations."
    )


def _percent(chance: float) -> str:
    """A probability for people: two digits that count.

    >>> _percent(0.0017818), _percent(0.25), _percent(9.4e-7), _percent(0.0)
    ('0.18 %', '25 %', '0.000094 %', '0 %')
    """
    digits = f"{float(f'{100 * chance:.2g}'):.12f}"
    return f"{digits.rstrip('0').rstrip('.')} %"
