r"""
Prosumers that learn what to bid: stage 1 of the demand response of Shafie-khah (ed., 2020),
chapter 7, section 3.

Every prosumer has in each hour an energy it wants and what that is worth to it, and an energy
it can sell and what that costs. It need not say so: by a **shade** :math:`s` from 0 (the truth)
to 1 it moves its limit towards the price it would get from outside,

.. math:: b = v - s \, (v - \pi^{export})^+ , \qquad
          a = c + s \, (\pi^{import} - c)^+ ,

with :math:`v` at most the import price: since import has no limit of quantity, a higher bid
says no more. (A factor on the cost would do nothing for the sun, whose cost is 0.) It sees what
kind of hour it is, short of local energy, even or plenty, tries shades, and keeps what they
earned in a Q-table. What it earns is its utility less what it pays.

The chapter does not name the actions, states or rewards of its learners; these are ours. An
hour is an episode of its own, as what a prosumer bids does not change the next hour: the
discount plays no part.

Each hour is cleared at the uniform price, the upstream market offering without limit at its
price and bidding without limit at the export price:
:func:`~energychain.markets.hourly.clear_hours`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from energychain.agents.q_learning import (
    BoolArray,
    Exploration,
    FloatArray,
    History,
    IntArray,
    Learner,
    Tables,
    best_actions,
    snapshots,
)
from energychain.markets.hourly import Hours, clear_hours
from energychain.primitives.refusals import BadInput

SHADES = (0.0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9)
"""What a learner may choose among, the truth first: of equal estimates it is preferred."""

SHORT, EVEN, PLENTY = range(3)
"""What kind of hour it is: local supply below, near or above local demand."""

EDGES = (0.8, 1.25)
"""Supply over demand at which an hour is no longer short, and at which there is plenty."""

PROSUMER = Learner(
    rate=0.02, discount=0.0, explore=Exploration(1.0, 0.05, 150), memory=480, batch=2
)
"""How prosumers learn, unless it is told. The rate is low, since hours of one kind differ; the
memory is short, 20 days, since what others did while they still tried everything says little
about today."""

MWH = 10**6
"""Of a kWh."""


@dataclass(frozen=True, eq=False)
class Wishes:
    """What each of P prosumers truly wants and has in each of T hours.

    In one hour Ann would pay up to 0.30 for 2 kWh, and Sam has 3 kWh of sun; what Ann leaves
    is exported at 0.05:

    >>> value, demand = np.array([[0.30], [0.0]]), np.array([[2.0], [0.0]])
    >>> cost, offer = np.zeros((2, 1)), np.array([[0.0], [3.0]])
    >>> wishes = Wishes(value, demand, cost, offer, np.array([0.25]), np.array([0.05]))
    >>> wishes.cleared().price, wishes.cleared().gain.ravel().round(9)
    (array([0.05]), array([0.5 , 0.15]))

    Raises :class:`~energychain.primitives.refusals.BadInput` if shapes do not fit, or a
    quantity is negative.
    """

    value: FloatArray
    """What energy is worth to it [money per kWh]: (P, T)."""

    demand: FloatArray
    """How much it wants [kWh]: (P, T)."""

    cost: FloatArray
    """What energy costs it [money per kWh]: (P, T)."""

    offer: FloatArray
    """How much it has to sell [kWh]: (P, T)."""

    import_price: FloatArray
    """What energy from upstream costs [money per kWh]: (T,)."""

    export_price: FloatArray
    """What energy earns upstream, at most the import price [money per kWh]: (T,)."""

    def __post_init__(self) -> None:
        shape = self.value.shape
        if len(shape) != 2 or not self.value.size:
            raise BadInput(f"values are expected for each prosumer and hour, found shape {shape}")
        for name in ("demand", "cost", "offer"):
            if getattr(self, name).shape != shape:
                found = getattr(self, name).shape
                raise BadInput(f"{name} has the shape {found}: expected {shape}, as value has")
        for name in ("import_price", "export_price"):
            if getattr(self, name).shape != shape[1:]:
                found = getattr(self, name).shape
                raise BadInput(f"{name} has the shape {found}: expected {shape[1:]}")
        if (self.demand < 0).any() or (self.offer < 0).any():
            raise BadInput("a demand or an offer is negative: expected 0 kWh or more")

    @property
    def prosumers(self) -> int:
        """P."""
        return int(self.value.shape[0])

    @property
    def hours(self) -> int:
        """T."""
        return int(self.value.shape[1])

    def times(self, count: int) -> "Wishes":
        """The same hours, several times one after the other."""
        many = ((column, count) for column in (self.value, self.demand, self.cost, self.offer))
        prices = ((column, count) for column in (self.import_price, self.export_price))
        return Wishes(
            *(np.tile(column, (1, n)) for column, n in many),
            *(np.tile(column, n) for column, n in prices),
        )

    def bids(self, shade: Any = 0.0) -> FloatArray:
        """What buyers say it is worth, at a shade for all or for each (P, T)."""
        worth = np.minimum(self.value, self.import_price)
        bids: FloatArray = worth - shade * np.maximum(worth - self.export_price, 0.0)
        return bids

    def asks(self, shade: Any = 0.0) -> FloatArray:
        """What sellers say it costs, at a shade for all or for each (P, T)."""
        asks: FloatArray = self.cost + shade * np.maximum(self.import_price - self.cost, 0.0)
        return asks

    @cached_property
    def _wanted(self) -> IntArray:
        return np.rint(self.demand * MWH).astype(np.int64)

    @cached_property
    def _offered(self) -> IntArray:
        return np.rint(self.offer * MWH).astype(np.int64)

    def cleared(self, shade: Any = 0.0) -> "Cleared":
        """All hours, if prosumers shade so: one shade for all, or for each (P, T)."""
        hours = clear_hours(
            self.bids(shade),
            self._wanted,
            self.asks(shade),
            self._offered,
            self.import_price,
            self.export_price,
        )
        return Cleared(self, hours)

    def kinds(self, edges: Sequence[float] = EDGES) -> IntArray:
        """What kind of hour each is: 0 short, 1 even, 2 plenty, for two edges: (T,)."""
        supply, demand = self.offer.sum(axis=0), self.demand.sum(axis=0)
        ratio = np.divide(supply, demand, out=np.full(self.hours, np.inf), where=demand > 0)
        kinds: IntArray = np.searchsorted(np.asarray(edges), ratio, side="right")
        return kinds


@dataclass(frozen=True, eq=False)
class Cleared:
    """What the hours came to, counted with what prosumers truly want."""

    wishes: Wishes
    hours: Hours

    @property
    def price(self) -> FloatArray:
        """The price of each hour; NaN where nothing trades [money per kWh]: (T,)."""
        return self.hours.price

    @cached_property
    def gain(self) -> FloatArray:
        """What each gains in each hour: worth less payment, income less cost [money]: (P, T)."""
        price = np.nan_to_num(self.price)
        bought = self.hours.bought * (self.wishes.value - price)
        sold = self.hours.sold * (price - self.wishes.cost)
        gain: FloatArray = (bought + sold) / MWH
        return gain

    @property
    def welfare(self) -> FloatArray:
        """What trade is worth in each hour, import paid and export earned [money]: (T,)."""
        wishes, hours = self.wishes, self.hours
        local = (hours.bought * wishes.value - hours.sold * wishes.cost).sum(axis=0)
        outside = hours.exported * wishes.export_price - hours.imported * wishes.import_price
        welfare: FloatArray = (local + outside) / MWH
        return welfare


# --- one learner against fixed others -------------------------------------------------


class BiddingMarket:
    """One prosumer that chooses shades, the others as they are: an environment whose episode
    is a day and whose step is an hour.

    State: the kind of the hour; action: a place in ``shades``; reward: its gain [money]. What
    each shade earns in each hour is tabulated once, so the best response is known.
    """

    def __init__(
        self,
        wishes: Wishes,
        who: int,
        others: Any = 0.0,
        shades: Sequence[float] = SHADES,
        edges: Sequence[float] = EDGES,
    ) -> None:
        if not 0 <= who < wishes.prosumers:
            raise BadInput(f"there are {wishes.prosumers} prosumers, from 0; found {who}")
        self.states, self.actions, self.steps = len(edges) + 1, len(shades), wishes.hours
        self.kinds = wishes.kinds(edges)
        shade = np.tile(np.broadcast_to(others, wishes.value.shape), (1, len(shades)))
        shade[who] = np.repeat(shades, wishes.hours)
        gained = wishes.times(len(shades)).cleared(shade).gain[who]
        self.payoffs: FloatArray = gained.reshape(len(shades), wishes.hours)
        """What each shade earns in each hour [money]: (shades, T)."""
        self._hour = 0

    def reset(self, seed: int | None = None) -> tuple[int, dict[str, Any]]:
        """The first hour of the day; nothing here is left to chance."""
        self._hour = 0
        return int(self.kinds[0]), {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        """Bids for an hour: (the kind of the next, gain, whether the day is over, no, info)."""
        earned = float(self.payoffs[action, self._hour])
        self._hour += 1
        over = self._hour == self.steps
        return int(self.kinds[0 if over else self._hour]), earned, over, False, {}

    @property
    def best(self) -> IntArray:
        """The best response: the best shade for each kind of hour, by trying all: (states,)."""
        kind = np.arange(self.states)[:, None] == self.kinds
        return best_actions(kind @ self.payoffs.T)

    def earns(self, policy: IntArray) -> float:
        """What a shade for each kind of hour earns in a day [money]."""
        return float(self.payoffs[policy[self.kinds], np.arange(self.steps)].sum())


# --- many who learn at once -----------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Learned:
    """What prosumers came to who learned side by side, for each of n seeds."""

    wishes: Wishes

    learns: BoolArray
    """Who learns; the others tell the truth: (n, P)."""

    kinds: IntArray
    """What kind of hour each is: (T,)."""

    shade: FloatArray
    """What each does in the end in each kind of hour, without exploring: (n, P, kinds)."""

    truthful: Cleared
    """What would be if everybody told the truth."""

    price: FloatArray
    """The price in the end [money per kWh]: (n, T)."""

    gain: FloatArray
    """What each gains in the end over all hours [money]: (n, P)."""

    welfare: FloatArray
    """What trade is worth in the end over all hours [money]: (n,)."""

    history: History
    """Every learner's tables, seed by seed and in each by the prosumers' order."""

    @property
    def welfare_lost(self) -> FloatArray:
        """The part of the truthful welfare that is lost: (n,)."""
        truth = float(self.truthful.welfare.sum())
        return (truth - self.welfare) / truth

    @property
    def curves(self) -> FloatArray:
        """What learners earn on average in each episode [money]: (n, episodes).

        Raises :class:`~energychain.primitives.refusals.BadInput` if nobody learns.
        """
        rewards = self.history.rewards
        if not len(rewards):
            raise BadInput("nobody learns, so there is no learning curve")
        curves: FloatArray = rewards.reshape(len(self.learns), -1, rewards.shape[1]).mean(axis=1)
        return curves

    def place(self, n: int, prosumer: int) -> int:
        """Where a prosumer who learns, in the n-th of the seeds, is in the history.

        Raises :class:`~energychain.primitives.refusals.BadInput` if it does not learn.
        """
        if not self.learns[n, prosumer]:
            raise BadInput(f"prosumer {prosumer} does not learn with seed number {n}")
        return int(self.learns.ravel()[: n * self.wishes.prosumers + prosumer].sum())

    def price_rows(self) -> list[dict[str, int | float]]:
        """A row per hour: the price with the truth; with learning its mean, lowest and
        highest over the seeds [money per kWh].
        """
        return [
            {
                "hour": hour,
                "truthful": float(self.truthful.price[hour]),
                "learned": float(self.price[:, hour].mean()),
                "low": float(self.price[:, hour].min()),
                "high": float(self.price[:, hour].max()),
            }
            for hour in range(self.wishes.hours)
        ]

    def gain_rows(self) -> list[dict[str, str | int | float]]:
        """Who gains by the learning: buyers and sellers (by what they trade with the truth),
        learners and others; means over the seeds of what one gains [money].
        """
        hours = self.truthful.hours
        sells = hours.sold.sum(axis=1) > hours.bought.sum(axis=1)
        before = np.broadcast_to(self.truthful.gain.sum(axis=1), self.gain.shape)
        rows: list[dict[str, str | int | float]] = []
        for side, on_side in (("buyers", ~sells), ("sellers", sells)):
            for name, learning in (("learn", self.learns), ("tell the truth", ~self.learns)):
                group = learning & on_side
                if group.any():
                    rows.append(
                        {
                            "side": side,
                            "who": name,
                            "prosumers": float(group.sum(axis=1).mean()),
                            "truthful": float(before[group].mean()),
                            "learned": float(self.gain[group].mean()),
                        }
                    )
        return rows


def learn_together(
    wishes: Wishes,
    share: float,
    episodes: int,
    seeds: Sequence[int],
    learner: Learner = PROSUMER,
    shades: Sequence[float] = SHADES,
    edges: Sequence[float] = EDGES,
) -> Learned:
    """A share of the prosumers, drawn by the seed, learns at once; the others tell the truth.

    An episode is a day: all hours are cleared, and each learner learns from each hour in which
    it had something to bid. Who learns at a smaller share also learns at a larger one.

    To each learner the others are a part of the world, and that world moves while they learn:
    nothing promises that this ends in an equilibrium.

    Raises :class:`~energychain.primitives.refusals.BadInput` for a share outside 0 to 1, less
    than one episode or no seed.
    """
    if not 0 <= share <= 1:
        raise BadInput(f"a share of learners is from 0 to 1, found {share}")
    if not len(seeds):
        raise BadInput("somebody must learn: expected at least one seed")
    kept = snapshots(episodes)
    count, hours = len(seeds), wishes.hours
    learns = _drawn(wishes.prosumers, round(share * wishes.prosumers), seeds)
    of_seed, prosumer = learns.nonzero()
    whose = [seeds[int(n)] for n in of_seed]
    everybody, kinds = np.arange(len(prosumer)), wishes.kinds(edges)
    # Its hours of a learner in the stack of all seeds' days.
    own = of_seed[:, None] * hours + np.arange(hours)
    stacked, amount = wishes.times(count), np.asarray(shades)
    busy = ((wishes.demand > 0) | (wishes.offer > 0))[prosumer]

    def clear(action: IntArray) -> Cleared:
        shade = np.zeros(stacked.value.shape)
        shade[prosumer[:, None], own] = amount[action]
        return stacked.cleared(shade)

    tables = Tables(
        len(edges) + 1,
        len(shades),
        learner,
        [[seed, int(p)] for seed, p in zip(whose, prosumer, strict=True)],
    )
    rewards, seen = np.zeros((len(prosumer), episodes)), []
    for episode in range(episodes):
        tables.begin(hours)
        chance = learner.explore.chance(episode)
        action = np.empty((len(prosumer), hours), dtype=np.int64)
        for hour, kind in enumerate(kinds):
            state = np.full(len(prosumer), kind)
            action[:, hour] = tables.choose(hour, everybody, state, chance)
        earned = clear(action).gain[prosumer[:, None], own]
        rewards[:, episode] = earned.sum(axis=1)
        for hour, kind in enumerate(kinds):
            who = everybody[busy[:, hour]]
            state, ended = np.full(len(who), kind), np.ones(len(who), dtype=bool)
            tables.remember(who, state, action[who, hour], earned[who, hour], state, ended)
            tables.replay(hour, who)
        if episode + 1 in kept:
            seen.append((tables.q.copy(), tables.visits.copy()))

    q, visits = (np.array(column) for column in zip(*seen, strict=True))
    shade = np.zeros((count, wishes.prosumers, len(edges) + 1))
    shade[of_seed, prosumer] = amount[tables.policy]
    final = clear(tables.policy[:, kinds])
    return Learned(
        wishes,
        learns,
        kinds,
        shade,
        wishes.cleared(),
        final.price.reshape(count, hours),
        final.gain.reshape(wishes.prosumers, count, hours).sum(axis=2).T,
        final.welfare.reshape(count, hours).sum(axis=1),
        History(tuple(whose), rewards, kept, q, visits),
    )


def _drawn(prosumers: int, learners: int, seeds: Sequence[int]) -> BoolArray:
    """Who learns, for each seed: (n, P)."""
    learns = np.zeros((len(seeds), prosumers), dtype=bool)
    for n, seed in enumerate(seeds):
        learns[n, np.random.default_rng([seed, 2]).permutation(prosumers)[:learners]] = True
    return learns
