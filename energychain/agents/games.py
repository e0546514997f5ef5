r"""
Games whose answer is known, to judge a learner by.

* A bandit: one state, arms with known means.
* A battery over a day of known prices: buy low, sell high. Dynamic programming solves it
  exactly (:func:`value_iteration`; Bellman (1957), *Dynamic Programming*).
* One trader who may shade its limit, against fixed others in the uniform-price auction: every
  limit is tried, and the best one is the best response.
* Two traders who may both do so: all pairs of limits are tried, and those from which nobody
  gains by moving alone are the Nash equilibria (Nash (1950), *PNAS* 36).

Two learners who each hold the other for a part of the world are no longer in a Markov
decision process, and nothing promises that they converge: Claus & Boutilier (1998), "The
dynamics of reinforcement learning in cooperative multiagent systems", AAAI. Nor need what
they settle at be an equilibrium: Calvano et al. (2020), *American Economic Review* 110, for
prices above the competitive ones. :func:`learn_against` shows what they do.

All auctions are cleared exactly by :func:`~energychain.markets.uniform_price.uniform_price`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from energychain.agents.q_learning import (
    BoolArray,
    FloatArray,
    IntArray,
    Learner,
    Process,
    Tables,
    best_actions,
)
from energychain.markets.orders import Book, order
from energychain.markets.regret import gain
from energychain.markets.uniform_price import uniform_price
from energychain.primitives.refusals import BadInput

MONEY = 10**12
"""Gains are counted in 1e-12 of the money, rewards in the money."""

USUAL = Learner()
"""How both learn in a duel, unless it is told."""

REST, CHARGE, DISCHARGE = range(3)
"""What a battery may do."""


# --- a bandit, a battery --------------------------------------------------------------


def bandit(means: Sequence[float], noise: float = 1.0) -> Process:
    """Arms that pay these means [money], with a normal error of this standard deviation.

    >>> value_iteration(bandit([1.0, 3.0, 2.0])).policy
    array([1])
    """
    return Process.of_rewards([means], noise)


def battery_day(
    prices: Sequence[float], levels: int = 4, size: float = 1.0, efficiency: float = 0.9
) -> Process:
    """A battery that trades at known prices, empty at first: 0 rest, 1 charge, 2 discharge.

    State ``hour · levels + level``, from empty (0) to full (``levels - 1``). A step charges or
    discharges ``size`` [kWh]; charging buys ``size / efficiency``. ``prices`` [money per kWh].
    Charging when full and discharging when empty are resting.

    >>> round(float(value_iteration(battery_day([0.1, 0.3], efficiency=1.0)).values[0]), 9)
    0.2

    Raises :class:`~energychain.primitives.refusals.BadInput` if there is no hour or no level
    to charge to.
    """
    hours = len(prices)
    if not hours or levels < 2 or not 0 < efficiency <= 1:
        told = f"found {hours}, {levels} and {efficiency}"
        raise BadInput(f"expected an hour, two levels, an efficiency above 0 to 1: {told}")
    hour, level = np.divmod(np.arange(hours * levels), levels)
    change = np.zeros((hours * levels, 3), dtype=np.int64)
    change[level < levels - 1, CHARGE] = 1
    change[level > 0, DISCHARGE] = -1
    bought = size * np.where(change > 0, change / efficiency, change)
    # The last hour has no next one: where it leads does not matter, as the episode ends.
    later = np.minimum(hour + 1, hours - 1)[:, None] * levels + level[:, None] + change
    return Process(
        reward=-np.asarray(prices, dtype=np.float64)[hour][:, None] * bought,
        following=np.eye(hours * levels)[later],
        ends=np.broadcast_to(hour[:, None] == hours - 1, change.shape),
        start=np.eye(hours * levels)[0],
        noise=np.zeros(change.shape),
        steps=hours,
    )


@dataclass(frozen=True, eq=False)
class Solution:
    """What is best in a process, exactly."""

    q: FloatArray
    """What an action earns if all later ones are best [money]: (states, actions)."""

    @property
    def values(self) -> FloatArray:
        """What each state is worth [money]: (states,)."""
        best: FloatArray = self.q.max(axis=-1)
        return best

    @property
    def policy(self) -> IntArray:
        """The best action in each state: (states,)."""
        return best_actions(self.q)


def value_iteration(
    process: Process, discount: float = 1.0, tolerance: float = 1e-12, most: int = 100_000
) -> Solution:
    """The best policy of a process whose workings are known.

    Each sweep takes Bellman's equation as it is read, until nothing changes by more than the
    ``tolerance`` [money].

    Raises :class:`~energychain.primitives.refusals.BadInput` if that takes more than ``most``
    sweeps: a process that never ends needs a discount below 1.
    """
    q = np.zeros(process.reward.shape)
    for _ in range(most):
        later = np.where(process.ends, 0.0, process.following @ q.max(axis=-1))
        swept = process.reward + discount * later
        if np.abs(swept - q).max() <= tolerance:
            return Solution(swept)
        q = swept
    raise BadInput(f"no end after {most} sweeps: does every episode end? Else discount below 1")


def worth(process: Process, policy: IntArray, discount: float = 1.0) -> float:
    """What a policy, one action a state, earns on average in an episode [money].

    >>> worth(bandit([1.0, 3.0]), np.array([1]))
    3.0
    """
    at = np.arange(process.states), policy
    value = np.zeros(process.states)
    for _ in range(process.steps):
        later = np.where(process.ends[at], 0.0, process.following[at] @ value)
        value = process.reward[at] + discount * later
    return float(process.start @ value)


# --- one trader against fixed others --------------------------------------------------


def payoffs(book: Book, id: str, limits: Sequence[int]) -> IntArray:
    """What an order's trader gains, by its true limit in the book, if it reports each of these
    limits [millionth of the money per unit]; the others stay as they are [1e-12 of the money].

    A buyer for whom 1 unit is worth 30 meets a seller who wants 10; the price is the middle:

    >>> book = Book.of([order("b", "ann", "buy", "1", "30"), order("s", "sam", "sell", "1", "10")])
    >>> (payoffs(book, "b", [30_000_000, 10_000_000, 9_000_000]) / MONEY).tolist()
    [10.0, 20.0, 0.0]

    Raises ``KeyError`` if there is no such order, and what the auction refuses.
    """
    return _payoffs(book, (id,), [(limit,) for limit in limits])[:, 0]


def _payoffs(book: Book, ids: tuple[str, ...], limits: Sequence[tuple[int, ...]]) -> IntArray:
    """The gain of each order's trader for each choice of limits: (choices, orders)."""
    whose = [int(book.trader[book.at[id]]) for id in ids]
    found = []
    for chosen in limits:
        told = (replace(book.order(id), price=p) for id, p in zip(ids, chosen, strict=True))
        gained = gain(uniform_price(book.replaced(*told)), book)
        found.append([int(gained[trader]) for trader in whose])
    return np.array(found, dtype=np.int64).reshape(len(limits), len(ids))


def bidding_game(books: Sequence[Book], id: str, limits: Sequence[int]) -> Process:
    """One trader who sees which book it is in, one drawn at random in each episode, and
    chooses the limit of its order. All payoffs are tabulated once.

    Rewards in the money; state: the book; action: the limit.
    """
    return Process.of_rewards([payoffs(book, id, limits) / MONEY for book in books])


def solved_game() -> Process:
    """A seller of 4 kWh at a cost of 10 in three hours: much sun, some sun, evening.

    It may ask for 10, 12, … 40. With much sun others offer more than is wanted, and there is
    little to gain; in the evening buyers need it, and it sets the price far above its cost. The
    best response to the fixed others is known, as every limit is tried:

    >>> solved_game().reward.argmax(axis=1) * 2 + 10
    array([14, 18, 34])
    """
    buyers = (("ann", "3", "38"), ("bob", "2", "34.5"), ("cat", "2", "27"), ("dan", "2", "18"))
    rivals = {
        "sun": (("eve", "5", "5"), ("fay", "3", "9"), ("gus", "3", "16")),
        "some sun": (("eve", "3", "8"), ("fay", "2", "14"), ("gus", "2", "23")),
        "evening": (("eve", "1", "20"), ("gus", "1", "35"), ("hal", "4", "39")),
    }
    books = [
        Book.of(
            [order(name, name, "buy", much, limit) for name, much, limit in buyers]
            + [order(name, name, "sell", much, limit) for name, much, limit in others]
            + [order("me", "me", "sell", "4", "10")]
        )
        for others in rivals.values()
    ]
    return bidding_game(books, "me", [10**6 * limit for limit in range(10, 41, 2)])


# --- two traders who both choose ------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Duel:
    """Two traders' gains for every pair of limits [1e-12 of the money]."""

    first: IntArray
    """The gains of the first: (its limits, the other's limits)."""

    second: IntArray
    """The gains of the second, in the same places."""

    @property
    def equilibria(self) -> list[tuple[int, int]]:
        """The pairs from which neither gains by moving alone: all Nash equilibria without
        chance. There may be none, or many.
        """
        stays = (self.first == self.first.max(axis=0)) & (
            self.second == self.second.max(axis=1, keepdims=True)
        )
        return [(int(i), int(j)) for i, j in np.argwhere(stays)]

    @property
    def most_together(self) -> int:
        """The most that both could gain if they agreed [1e-12 of the money]."""
        return int((self.first + self.second).max())


def duel(book: Book, ids: tuple[str, str], limits: Sequence[int]) -> Duel:
    """Two orders of a book whose traders may choose among these limits [millionth of the money
    per unit], the others fixed.

    A buyer at 30 and a seller at 10 share 20 between them, at any price on which they agree;
    and if both are stubborn nobody gains by giving way, for then all goes to the other:

    >>> book = Book.of([order("b", "ann", "buy", "1", "30"), order("s", "sam", "sell", "1", "10")])
    >>> duel(book, ("b", "s"), [10**7, 2 * 10**7, 3 * 10**7]).equilibria
    [(0, 0), (0, 2), (1, 1), (2, 2)]

    Raises what :func:`payoffs` raises.
    """
    pairs = [(first, second) for first in limits for second in limits]
    found = _payoffs(book, ids, pairs).reshape(len(limits), len(limits), 2)
    return Duel(found[..., 0], found[..., 1])


@dataclass(frozen=True, eq=False)
class Rivalry:
    """What two learners did against each other, for each seed."""

    duel: Duel

    rewards: FloatArray
    """What each earned in each episode [money]: (2, seeds, episodes)."""

    actions: IntArray
    """What each does in the end, without exploring: (2, seeds)."""

    @property
    def regrets(self) -> FloatArray:
        """What each would still gain by moving alone [money]: (2, seeds)."""
        first, second = self.actions
        best = np.array(
            [self.duel.first[:, second].max(axis=0), self.duel.second[first].max(axis=1)]
        )
        return best / MONEY - self.gains

    @property
    def at_equilibrium(self) -> BoolArray:
        """For each seed, whether what they came to is a Nash equilibrium: (seeds,)."""
        known = set(self.duel.equilibria)
        return np.array([(int(i), int(j)) in known for i, j in self.actions.T], dtype=bool)

    @property
    def gains(self) -> FloatArray:
        """What each gains in the end [money]: (2, seeds)."""
        at = tuple(self.actions)
        return np.array([self.duel.first[at], self.duel.second[at]]) / MONEY


def learn_against(
    duel: Duel, episodes: int, seeds: Sequence[int], learner: Learner = USUAL
) -> Rivalry:
    """Both traders learn at once, neither knowing of the other.

    Raises :class:`~energychain.primitives.refusals.BadInput` if they have different numbers of
    limits.
    """
    if duel.first.shape[0] != duel.first.shape[1]:
        raise BadInput(f"both choose among as many limits, found {duel.first.shape}")
    count = len(seeds)
    tables = Tables(1, len(duel.first), learner, [[s, side] for side in (0, 1) for s in seeds])
    everybody, state = np.arange(2 * count), np.zeros(2 * count, dtype=np.int64)
    ended = np.ones(2 * count, dtype=bool)
    rewards = np.zeros((2, count, episodes))
    for episode in range(episodes):
        tables.begin(1)
        action = tables.choose(0, everybody, state, learner.explore.chance(episode))
        at = tuple(action.reshape(2, count))
        earned = np.array([duel.first[at], duel.second[at]]) / MONEY
        tables.remember(everybody, state, action, earned.ravel(), state, ended)
        tables.replay(0, everybody)
        rewards[:, :, episode] = earned
    return Rivalry(duel, rewards, tables.policy.reshape(2, count))
