"""
Miners on a slow network: how much of their work is wasted, and what a cut between two halves does
to trades that had been settled.

With many small miners, a latency d and a mean interval T between blocks, the share d / (d + T) of
the blocks ends up outside the chain (:func:`~energychain.consensus.mining.stale_share`);
:func:`stale_rows` holds a simulation beside it. In :func:`played` five miners are cut apart for
a while; when the halves meet, the lighter one's blocks are orphaned.
:mod:`energychain.studies.forks` plays the same on a real ledger.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from random import Random

from energychain.consensus.mining import Miner, stale_share
from energychain.consensus.protocol import GENESIS, SECOND, Proposal, Submit, Trade
from energychain.network.simulation import Constant, Network, Partition, Simulation
from energychain.primitives.hashing import Digest, digest
from energychain.studies.forks import EAST, WEST

BOTH, NOBODY = "both", "nobody"
"""Who follows a block, if not one of the halves alone."""

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


def _letter(block: Proposal) -> str:
    if block is GENESIS:
        return "·"
    return "E" if block.proposer in HALVES[EAST] else "W"


def _followers(block: Digest, followers: Mapping[str, set[Digest]]) -> str:
    east, west = (block in followers[half] for half in HALVES)
    if east and west:
        return BOTH
    return EAST if east else WEST if west else NOBODY


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
