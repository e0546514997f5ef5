"""
Forks, hands on: a tree of blocks that grows under latency and a partition, and a double spend
whose share and confirmations one chooses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from random import Random
from typing import Any

import ipywidgets as widgets

from energychain.charts import forks as charts
from energychain.charts.forks import BOTH, EAST, NOBODY, WEST
from energychain.charts.theme import Picture
from energychain.consensus import double_spend
from energychain.consensus.mining import Miner, stale_share
from energychain.consensus.protocol import GENESIS, SECOND, Proposal, Submit, Trade
from energychain.ledger.chain import CONFIRMATIONS
from energychain.network.simulation import Constant, Network, Partition, Simulation
from energychain.primitives.hashing import Digest, digest
from energychain.widgets.explorer import Explorer, View, labelled

# --- a network that is cut ------------------------------------------------------------

HALVES: Mapping[str, tuple[int, ...]] = {EAST: (0, 1), WEST: (2, 3, 4)}
"""The miners of both halves, all equally fast: the east has two fifths of the power."""

MINERS = 5
INTERVAL = 15
"""Mean time between two blocks of all miners together [s]."""

UNTIL, CUT_FROM, TICK = 480, 60, 5
"""How long it is played, when the cut begins, and how often one looks [s]."""

EVERY, KWH = 10, 0.5
"""Each half hands in a trade so often [s], of so much energy [kWh]."""

OWN: Mapping[str, frozenset[bytes]] = {
    half: frozenset(digest((half, second)) for second in range(0, UNTIL, EVERY)) for half in HALVES
}
"""The trades that the households of each half hand in."""

SEED = 3
"""One of many courses of chance: the same for every state, so that only what is touched
changes.
"""

Chain = tuple[Proposal, ...]


@lru_cache(maxsize=4096)
def _trades_up_to(chain: Chain) -> frozenset[bytes]:
    """The trades on a chain; remembered, since at most ticks a chain is as it was."""
    return frozenset(trade.id for block in chain for trade in block.trades)


@dataclass(frozen=True, eq=False)
class Played:
    """What a network did: every block, and which chain each half followed at every tick."""

    latency_s: float
    cut_s: int
    blocks: tuple[Proposal, ...]
    """All that were ever made, in the order of their making; the first block comes first."""

    followed: Mapping[str, tuple[Chain, ...]]
    """By half: its chain at each tick."""

    @property
    def cut(self) -> tuple[int, int]:
        """From when until when the network was cut [s]."""
        return CUT_FROM, CUT_FROM + self.cut_s

    def chain(self, half: str, second: int) -> Chain:
        """The chain that a half follows at a moment [s]."""
        return self.followed[half][second // TICK]

    def settled(self, half: str, second: int, confirmations: int) -> frozenset[bytes]:
        """The trades that a half calls settled at a moment [s]: those with so many
        confirmations.
        """
        chain = self.chain(half, second)
        deep = max(0, len(chain) - confirmations)
        return _trades_up_to(chain[: deep + 1]) if deep else frozenset()

    def unsettled(self, half: str, second: int, confirmations: int) -> frozenset[bytes]:
        """A half's own trades that it had called settled and at some moment until now [s] no
        longer did, even if they were settled again later.
        """
        gone: set[bytes] = set()
        before = self.settled(half, 0, confirmations)
        for moment in range(TICK, second + 1, TICK):
            now = self.settled(half, moment, confirmations)
            gone |= before - now
            before = now
        return OWN[half] & gone

    def energy(self, second: int, confirmations: int) -> list[dict[str, float]]:
        """How much of its own trades each half calls settled, until now [min, kWh]: a row
        whenever that changes, and one for the end.
        """
        rows: list[dict[str, float]] = []
        for moment in range(0, second + 1, TICK):
            sums = {
                half: KWH * len(OWN[half] & self.settled(half, moment, confirmations))
                for half in HALVES
            }
            if moment in (0, second) or sums != {half: rows[-1][half] for half in HALVES}:
                rows.append({"minutes": moment / 60, **sums})
        return rows

    def tree(self, second: int) -> list[dict[str, object]]:
        """The blocks made until a moment [s], with their places, as rows for a chart."""
        followers = {half: {block.digest for block in self.chain(half, second)} for half in HALVES}
        lanes = self.lanes
        return [
            {
                "height": block.height,
                "lane": lanes[block.digest],
                "parent_lane": lanes.get(block.parent, 0),
                "made_by": _letter(block),
                "followed_by": _followers(block.digest, followers),
                "trades": len(block.trades),
            }
            for block in self.blocks
            if block.slot <= second * SECOND
        ]

    @cached_property
    def lanes(self) -> dict[Digest, int]:
        """The line on which each block is drawn: the chain that wins in the end is line 0,
        each other branch has the first line that is free over its length.
        """
        lanes = {block.digest: 0 for block in self.followed[WEST][-1]}
        parents = {block.parent for block in self.blocks}
        known = {block.digest: block for block in self.blocks}
        taken: list[list[tuple[int, int]]] = []
        for tip in self.blocks:
            if tip.digest in parents or tip.digest in lanes:
                continue
            branch = [tip]
            while branch[-1].parent not in lanes:
                branch.append(known[branch[-1].parent])
            first, last = branch[-1].height, tip.height
            free = 0
            while free < len(taken) and any(
                first <= end + 1 and start <= last + 1 for start, end in taken[free]
            ):
                free += 1
            if free == len(taken):
                taken.append([])
            taken[free].append((first, last))
            lanes |= {block.digest: free + 1 for block in branch}
        return lanes

    def picture(self, second: int) -> Picture:
        """The tree at a moment [s], as a chart."""
        rows = self.tree(second)
        return charts.tree(
            rows,
            heights=max(block.height for block in self.blocks),
            lanes=max(2, 1 + max(self.lanes.values())),
            title=_title(rows, second),
        )

    def curves(self, second: int, confirmations: int) -> Picture:
        """What each half calls settled until a moment [s], as a chart."""
        start, end = self.cut
        return charts.settled(
            self.energy(second, confirmations),
            until=UNTIL / 60,
            cut=(start / 60, end / 60),
            title=_settled_title(self, second, confirmations),
        )


def _letter(block: Proposal) -> str:
    if block is GENESIS:
        return "·"
    return "E" if block.proposer in HALVES[EAST] else "W"


def _followers(block: Digest, followers: Mapping[str, set[Digest]]) -> str:
    east, west = (block in followers[half] for half in HALVES)
    if east and west:
        return BOTH
    return EAST if east else WEST if west else NOBODY


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


@lru_cache(maxsize=256)
def played(latency_s: float = 0.5, cut_s: int = 120, seed: int = SEED) -> Played:
    """Five miners in two halves that are cut off from each other for a while. Households hand
    in their trades wherever they are heard.

    >>> calm = played(latency_s=0.0, cut_s=0)
    >>> len(calm.unsettled("east", 480, confirmations=1))
    0
    """
    start, end = CUT_FROM, CUT_FROM + cut_s
    miners = [
        Miner(me, MINERS, 100, 1, INTERVAL * SECOND, 1 / MINERS, Random(f"{seed} {me}"))
        for me in range(MINERS)
    ]
    cut = Partition(start * SECOND, end * SECOND, (frozenset(HALVES[EAST]),))
    latency = Constant(round(latency_s * SECOND))
    simulation = Simulation(miners, Network(latency, partitions=(cut,)), seed)
    for second in range(0, UNTIL, EVERY):
        for half, members in HALVES.items():
            trade = Trade(digest((half, second)), round(KWH * 10**6), 350)
            heard = members if start <= second < end else range(MINERS)
            simulation.submit(second * SECOND, Submit((trade,)), heard)
    followed: dict[str, list[Chain]] = {half: [] for half in HALVES}
    for second in range(0, UNTIL + 1, TICK):
        simulation.run(second * SECOND)
        for half, members in HALVES.items():
            followed[half].append(tuple(miners[members[0]].main))
    known = {name: told.block for miner in miners for name, told in miner.known.items()}
    made = sorted(known.values(), key=lambda block: (block.slot, block.height))
    return Played(
        latency_s, cut_s, tuple(made), {half: tuple(each) for half, each in followed.items()}
    )


def stale_rows(
    latencies: Sequence[float] = (0, 1, 2, 4, 6, 8, 10, 15),
    miners: int = 20,
    blocks: int = 800,
    seed: int = 1,
) -> list[dict[str, float]]:
    """The share of blocks that end up outside the chain, by latency [s]: measured with so many
    small miners, and by the formula.
    """
    rows = []
    for latency in latencies:
        crowd = [
            Miner(me, miners, 1, 1, INTERVAL * SECOND, 1 / miners, Random(f"{seed} {me}"))
            for me in range(miners)
        ]
        simulation = Simulation(crowd, Network(Constant(round(latency * SECOND))), seed)
        simulation.run(blocks * INTERVAL * SECOND)
        made = len({name for miner in crowd for name in miner.known}) - 1
        rows.append(
            {
                "latency_s": latency,
                "measured": 1 - crowd[0].head.height / made,
                "formula": stale_share(latency, INTERVAL),
            }
        )
    return rows


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
            (seen.picture(second), seen.curves(second, confirmations)),
            _fork_status(seen, second, confirmations),
            "\n".join(
                [
                    "from energychain.widgets.forks import played",
                    "",
                    f"seen = played(latency_s={latency_s:g}, cut_s={cut_s})",
                    f'print(len(seen.unsettled("east", {second}, {confirmations})),'
                    ' "trades un-settled in the east")',
                    f"display(seen.picture({second}))",
                    f"seen.curves({second}, {confirmations})",
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

MOST = 30
"""Confirmations that are shown."""

TRIED = (1, 2, 4, 6, 9, CONFIRMATIONS, 18, 24, MOST)
"""Where the race is simulated if that says something, and at the chosen number."""


@lru_cache(maxsize=4096)
def _odds(share: float, confirmations: int, runs: int) -> double_spend.Odds:
    return double_spend.odds(share, confirmations, runs, double_spend.SEED + confirmations)


def odds_rows(share: float, chosen: int, runs: int = 2_000) -> list[dict[str, Any]]:
    """The two formulas for every number of confirmations up to 30, and simulations at some and
    at the chosen one, as rows for a chart.
    """
    # Where hardly any of the races would succeed, a simulation says little.
    telling = {z for z in TRIED if runs * double_spend.exact(share, z) >= 5}
    tried = {z: _odds(share, z, runs) for z in sorted({*telling, chosen})}
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
                    "from energychain.widgets.forks import odds_rows",
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
    found = _odds(share, confirmations, runs)
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
