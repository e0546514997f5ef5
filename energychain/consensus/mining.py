r"""
Proof of work on a network: who finds the next block is chance, in proportion to the hashes
that each can try (Nakamoto, 2008).

Real hashing is in :mod:`~energychain.consensus.work`. Tries are independent, so the time to
the next success is exponentially distributed and has no memory: here it is drawn, with the
mean interval over the miner's share. Nobody needs to begin anew when another one was faster.

While a block is under way others still work on its parent. With latency :math:`d` and mean
interval :math:`T` (Decker & Wattenhofer, *Information propagation in the Bitcoin network*,
2013, with one latency for all), a block meets a rival with probability

.. math:: 1 - e^{-d/T}

and of many small miners' blocks the share :math:`d / (d + T)` ends up outside the chain, since
the chain needs :math:`T + d` for each new height.
"""

from collections.abc import Iterable
from math import exp
from random import Random
from typing import Any

from energychain.consensus.longest_chain import Announce, LongestChain, Withholding
from energychain.consensus.protocol import Action, Proposal, Wake


def rival_chance(latency: float, interval: float) -> float:
    """The probability that somebody finds a rival while a block is under way.

    Both times in one unit, such as seconds [s].

    >>> round(rival_chance(12.6, 600), 4)  # Decker & Wattenhofer's mean delay in Bitcoin
    0.0208
    """
    return 1.0 - exp(-latency / interval)


def stale_share(latency: float, interval: float) -> float:
    """The share of all blocks that end up outside the chain, for many small miners.

    >>> stale_share(1.0, 9.0)
    0.1
    """
    return latency / (latency + interval)


class Miner(LongestChain):
    """Searches with a share of the network's hash rate."""

    def __init__(
        self,
        me: int,
        nodes: int,
        limit: int,
        confirmations: int,
        interval: int,
        share: float,
        rng: Random,
    ) -> None:
        super().__init__(me, nodes, limit, confirmations)
        self.mean = interval / share if share else 0.0
        """Between two blocks of its own [us]; 0 if it does not search."""

        self._rng = rng

    def start(self, now: int) -> Iterable[Action]:
        """It begins to search."""
        return self._search()

    def woken(self, now: int, name: Any) -> Iterable[Action]:
        """It found a nonce."""
        found = self.draft(self.build_on(), now, self.me)
        return [*self.publish(now, Announce(found)), *self._search()]

    def build_on(self) -> Proposal:
        """Where it searches: on the heaviest branch."""
        return self.head

    def _search(self) -> Iterable[Action]:
        return [Wake(1 + int(self._rng.expovariate(1 / self.mean)), "found")] if self.mean else []


class WithholdingMiner(Withholding, Miner):
    """A coalition with its share of the hash rate that mines in secret."""

    def __init__(self, *terms: Any) -> None:
        super().__init__(*terms)
        self.secret = []

    def build_on(self) -> Proposal:
        """On its own branch."""
        return self.tip
