r"""
Q-learning with a table: an agent tries actions, sees what they earn, and keeps for every
state and action an estimate of all that will be earned from there on.

After action :math:`a` in state :math:`s` earned :math:`r` and led to :math:`s'`, the
estimate moves towards what was seen,

.. math:: Q(s, a) \leftarrow Q(s, a) + \eta \, [\, y - Q(s, a) \,], \qquad
          y = r + \delta \max_{a'} Q(s', a'),

and :math:`y = r` if the episode ended. Watkins & Dayan (1992), "Q-learning", *Machine
Learning* 8. Seen transitions are kept and learned from again: Lin (1992), *Machine
Learning* 8, for experience replay.

The procedure is that of Shafie-khah (ed., 2020), chapter 7, Fig. 2 (after Mnih et al.,
2013), with a table in the place of its network. A table of one number per state and action
is a network whose gradient with respect to that number is 1, so the figure's "gradient
descent step on :math:`(y - Q)^2`" is the line above. Few states need no more, every number
can be looked at, and what it converges to is known. Four remarks on the figure:

* It writes :math:`\pi_t` where the discount :math:`\delta` belongs (an erratum of notation:
  in Eq. (1) :math:`\pi_t` is the market's price), and :math:`\rho` for the chance of a random
  action, which is also the renewable capacity.
* "Otherwise :math:`a_t = \max_a Q`" is to be read as arg max.
* The text takes Q "to be independent of the system's states". Then
  :math:`\delta \max Q` adds the same to every action, the discount no longer matters, and
  the learner is a bandit's. One state in :class:`Process` gives this case.
* A batch is learned one transition after the other, each with the table as it then is.

Chance comes from seeds. Equal estimates are broken by the lowest action.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from energychain.primitives.refusals import BadInput

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

SNAPSHOTS = 20
"""How many snapshots of the table a history keeps at most, unless it is told which."""


# --- worlds ---------------------------------------------------------------------------


class Environment(Protocol):
    """What an agent acts in, with the calls of a ``gymnasium`` environment."""

    states: int
    """How many states there are; they are numbered from 0."""

    actions: int
    """How many actions there are; they are numbered from 0."""

    steps: int
    """An episode has at most so many steps."""

    def reset(self, seed: int | None = None) -> tuple[int, dict[str, Any]]:
        """Starts an episode; a seed starts the environment's chance again: (state, info)."""
        ...

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        """Acts: (state, reward, terminated, truncated, info)."""
        ...


@dataclass(frozen=True, eq=False)
class Process:
    """A Markov decision process with few states: all that can happen, as arrays.

    Two doors, behind the second one a prize of 1:

    >>> doors = Process.of_rewards([[0.0, 1.0]])
    >>> doors.states, doors.actions, doors.steps
    (1, 2, 1)

    Raises :class:`~energychain.primitives.refusals.BadInput` if shapes do not fit or
    probabilities do not add up to 1.
    """

    reward: FloatArray
    """What an action earns on average: (states, actions)."""

    following: FloatArray
    """The chance of each next state: (states, actions, states)."""

    ends: BoolArray
    """Whether the episode ends with this action: (states, actions)."""

    start: FloatArray
    """The chance of each state at the start: (states,)."""

    noise: FloatArray
    """The standard deviation of a normal error on the reward: (states, actions)."""

    steps: int
    """An episode that has not ended after so many steps is cut off."""

    def __post_init__(self) -> None:
        shape = self.reward.shape
        if len(shape) != 2 or not self.reward.size:
            raise BadInput(f"rewards are (states, actions), found the shape {shape}")
        expected = {
            "following": (*shape, shape[0]),
            "ends": shape,
            "start": shape[:1],
            "noise": shape,
        }
        for name, wanted in expected.items():
            found = getattr(self, name).shape
            if found != wanted:
                raise BadInput(f"{name} has the shape {found}: expected {wanted}")
        for name in ("following", "start"):
            chances = getattr(self, name)
            if (chances < 0).any() or not np.allclose(chances.sum(-1), 1):
                raise BadInput(f"the chances of {name} are 0 or more and add up to 1")
        if self.steps < 1:
            raise BadInput(f"an episode has at least one step, found {self.steps}")

    @property
    def states(self) -> int:
        """How many states there are."""
        return int(self.reward.shape[0])

    @property
    def actions(self) -> int:
        """How many actions there are."""
        return int(self.reward.shape[1])

    @classmethod
    def of_rewards(cls, reward: Any, noise: float = 0.0) -> "Process":
        """One action an episode, in a state drawn at random: a bandit, or one for each state."""
        earned = np.asarray(reward, dtype=np.float64)
        if earned.ndim != 2 or not earned.size:
            raise BadInput(f"rewards are (states, actions), found the shape {earned.shape}")
        states = len(earned)
        return cls(
            reward=earned,
            following=np.broadcast_to(np.eye(states)[:, None], (*earned.shape, states)),
            ends=np.ones(earned.shape, dtype=bool),
            start=np.full(states, 1 / states),
            noise=np.full(earned.shape, noise),
            steps=1,
        )


class ProcessEnvironment:
    """A process that is played step by step.

    >>> doors = ProcessEnvironment(Process.of_rewards([[0.0, 1.0]]))
    >>> doors.reset(seed=1)
    (0, {})
    >>> doors.step(1)
    (0, 1.0, True, False, {})
    """

    def __init__(self, process: Process) -> None:
        self.states, self.actions, self.steps = process.states, process.actions, process.steps
        self._process = process
        self._worlds: _Processes | None = None

    def reset(self, seed: int | None = None) -> tuple[int, dict[str, Any]]:
        """Starts an episode: (state, info).

        Raises :class:`~energychain.primitives.refusals.BadInput` if no seed was ever given.
        """
        if seed is not None:
            self._worlds = _Processes(self._process, [seed])
        return int(self._playing().reset()[0]), {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        """Acts: (state, reward, terminated, truncated, info)."""
        one = np.zeros(1, dtype=np.int64)
        state, reward, ended, cut = self._playing().step(one, one + action)
        return int(state[0]), float(reward[0]), bool(ended[0]), bool(cut[0]), {}

    def _playing(self) -> "_Processes":
        if self._worlds is None:
            raise BadInput("the first reset needs a seed: chance is an argument")
        return self._worlds


_Steps = tuple[IntArray, FloatArray, BoolArray, BoolArray]
"""The next states, the rewards, and which episodes ended or were cut off."""


class _Worlds(Protocol):
    """Many environments side by side, one for each learner."""

    def reset(self) -> IntArray: ...

    def step(self, who: IntArray, action: IntArray) -> _Steps: ...


class _Processes:
    """Copies of a process, each with its own chance."""

    def __init__(self, process: Process, seeds: Sequence[int]) -> None:
        self._process = process
        self._chances = [np.random.default_rng([seed, 1]) for seed in seeds]
        self._cumulated = np.cumsum(process.following, axis=-1)[..., :-1]
        self._start = np.cumsum(process.start)[:-1]
        self._noisy = bool(process.noise.any())

    def reset(self) -> IntArray:
        steps, count = self._process.steps, len(self._chances)
        uniform = np.array([rng.random(steps + 1) for rng in self._chances])
        self._where = uniform[:, 1:]
        self._error = np.zeros((count, steps))
        if self._noisy:
            self._error = np.array([rng.standard_normal(steps) for rng in self._chances])
        self._time = 0
        self._state: IntArray = np.searchsorted(self._start, uniform[:, 0], side="right")
        return self._state.copy()

    def step(self, who: IntArray, action: IntArray) -> _Steps:
        process, time, state = self._process, self._time, self._state[who]
        error = process.noise[state, action] * self._error[who, time]
        below = self._cumulated[state, action] <= self._where[who, time, None]
        self._state[who] = below.sum(axis=-1)
        self._time += 1
        ended = process.ends[state, action]
        cut = ~ended & (self._time == process.steps)
        return self._state[who], process.reward[state, action] + error, ended, cut


class _Single:
    """One environment of anybody's making."""

    def __init__(self, environment: Environment, seed: int) -> None:
        self._environment, self._seed = environment, seed
        self._first = True

    def reset(self) -> IntArray:
        state, _ = self._environment.reset(self._seed if self._first else None)
        self._first = False
        return np.array([state])

    def step(self, who: IntArray, action: IntArray) -> _Steps:
        state, reward, ended, cut, _ = self._environment.step(int(action[0]))
        return np.array([state]), np.array([reward]), np.array([ended]), np.array([cut])


# --- the learner ----------------------------------------------------------------------


@dataclass(frozen=True)
class Exploration:
    """How often an action is drawn at random: less and less.

    >>> Exploration(first=1.0, last=0.2, over=4).chance(2)
    0.6

    Raises :class:`~energychain.primitives.refusals.BadInput` for a chance outside 0 to 1.
    """

    first: float = 1.0
    """The chance of a random action in the first episode, from 0 to 1."""

    last: float = 0.05
    """The chance of a random action in the end, from 0 to 1."""

    over: int = 500
    """After so many episodes the chance falls no more."""

    def __post_init__(self) -> None:
        if not (0 <= self.first <= 1 and 0 <= self.last <= 1):
            raise BadInput(f"a chance is from 0 to 1, found {self.first} and {self.last}")
        if self.over < 1:
            raise BadInput(f"exploration falls over at least one episode, found {self.over}")

    def chance(self, episode: int) -> float:
        """The chance of a random action in an episode, counted from 0."""
        return self.first + (self.last - self.first) * min(1.0, episode / self.over)


@dataclass(frozen=True)
class Learner:
    """How an agent learns.

    Raises :class:`~energychain.primitives.refusals.BadInput` for what makes no sense.
    """

    rate: float = 0.1
    """Eta: how far an estimate moves towards what was seen, above 0 up to 1."""

    discount: float = 0.95
    """Delta: what a reward is worth one step earlier, from 0 to 1."""

    explore: Exploration = Exploration()

    memory: int = 500
    """How many transitions are kept; a new one takes the place of the oldest."""

    batch: int = 8
    """How many transitions out of memory are learned from in each step."""

    spread: float = 0.01
    """First estimates are drawn between 0 and this [money]: the figure's random factors."""

    def __post_init__(self) -> None:
        if not (0 < self.rate <= 1 and 0 <= self.discount <= 1):
            told = f"found {self.rate} and {self.discount}"
            raise BadInput(f"a rate is above 0 up to 1, a discount from 0 to 1: {told}")
        if self.memory < 1 or self.batch < 1:
            told = f"found {self.memory} and {self.batch}"
            raise BadInput(f"memory and batch hold at least one transition: {told}")


class Tables:
    """The Q-tables of many learners side by side, and their memories.

    What one learner does depends on its own seed alone, not on who learns beside it. ``who``
    names the learners that act; other columns have one entry for each of them.
    """

    def __init__(
        self,
        states: int,
        actions: int,
        learner: Learner,
        seeds: Sequence[int | Sequence[int]],
    ) -> None:
        self.learner = learner
        self._chances = [
            np.random.default_rng([*([seed] if isinstance(seed, int) else seed), 0])
            for seed in seeds
        ]
        count = len(self._chances)
        drawn = [rng.random((states, actions)) for rng in self._chances]
        self.q: FloatArray = learner.spread * np.array(drawn).reshape(count, states, actions)
        """The estimates: (learners, states, actions)."""
        self.visits: IntArray = np.zeros(self.q.shape, dtype=np.int64)
        """How often each action was taken: (learners, states, actions)."""
        self._kept = np.zeros(count, dtype=np.int64)
        place = (count, learner.memory)
        self._state, self._action, self._next = (np.zeros(place, dtype=np.int64) for _ in range(3))
        self._reward, self._ended = np.zeros(place), np.zeros(place, dtype=bool)

    def begin(self, steps: int) -> None:
        """Draws the chance of one episode."""
        shape = steps, 2 + self.learner.batch
        drawn = [rng.random(shape) for rng in self._chances]
        self._draws: FloatArray = np.array(drawn).reshape(-1, *shape)

    def choose(self, step: int, who: IntArray, state: IntArray, chance: float) -> IntArray:
        """The action with the highest estimate, or with some chance any action."""
        drawn = self._draws[who, step]
        anyhow = (drawn[:, 1] * self.q.shape[2]).astype(np.int64)
        best = best_actions(self.q[who, state])
        return np.where(drawn[:, 0] < chance, anyhow, best)

    def remember(
        self,
        who: IntArray,
        state: IntArray,
        action: IntArray,
        reward: FloatArray,
        following: IntArray,
        ended: BoolArray,
    ) -> None:
        """Stores one transition of each learner."""
        place = (who, self._kept[who] % self.learner.memory)
        self._state[place], self._action[place], self._reward[place] = state, action, reward
        self._next[place], self._ended[place] = following, ended
        self._kept[who] += 1
        self.visits[who, state, action] += 1

    def replay(self, step: int, who: IntArray) -> None:
        """Learns from a random part of the memory."""
        full = np.minimum(self._kept[who], self.learner.memory)
        places = (self._draws[who, step, 2:] * full[:, None]).astype(np.int64)
        for drawn in places.T:
            at = (who, drawn)
            self.improve(
                who,
                self._state[at],
                self._action[at],
                self._reward[at],
                self._next[at],
                self._ended[at],
            )

    def improve(
        self,
        who: IntArray,
        state: IntArray,
        action: IntArray,
        reward: FloatArray,
        following: IntArray,
        ended: BoolArray,
    ) -> None:
        """Moves one estimate of each learner towards what was seen: Q += rate · (y − Q)."""
        later = self.learner.discount * self.q[who, following].max(axis=-1)
        target = reward + np.where(ended, 0.0, later)
        at = (who, state, action)
        self.q[at] += self.learner.rate * (target - self.q[at])

    @property
    def policy(self) -> IntArray:
        """The best action by the estimates: (learners, states)."""
        return best_actions(self.q)


def best_actions(q: FloatArray) -> IntArray:
    """The action with the highest estimate in each state, the lowest of equals.

    >>> best_actions(np.array([[1.0, 3.0, 3.0]]))
    array([1])
    """
    best: IntArray = q.argmax(axis=-1)
    return best


# --- learning -------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class History:
    """What learners did while they learned."""

    seeds: tuple[int, ...]

    rewards: FloatArray
    """What each earned in each episode: (learners, episodes)."""

    kept: tuple[int, ...]
    """The snapshots were taken after so many episodes."""

    q: FloatArray
    """The tables: (snapshots, learners, states, actions)."""

    visits: IntArray
    """How often each action had been taken: (snapshots, learners, states, actions)."""

    @property
    def policy(self) -> IntArray:
        """What they do in the end, without exploring: (learners, states)."""
        return best_actions(self.q[-1])


def learn(
    environment: Environment,
    episodes: int,
    seed: int,
    learner: Learner = Learner(),
    keep: Sequence[int] | None = None,
) -> History:
    """One agent learns in one environment.

    ``keep`` names after how many episodes the table is kept; the last is always kept.

    >>> doors = ProcessEnvironment(Process.of_rewards([[0.0, 1.0]]))
    >>> learn(doors, episodes=50, seed=7).policy
    array([[1]])

    Raises :class:`~energychain.primitives.refusals.BadInput` for less than one episode.
    """
    shape = environment.states, environment.actions
    worlds = _Single(environment, seed)
    return _learn(worlds, shape, environment.steps, episodes, [seed], learner, keep)


def learn_many(
    process: Process,
    episodes: int,
    seeds: Sequence[int],
    learner: Learner = Learner(),
    keep: Sequence[int] | None = None,
) -> History:
    """Many agents learn, each alone in its own copy of a process: what :func:`learn` gives
    for each seed, all at once.

    >>> learn_many(Process.of_rewards([[0.0, 1.0]]), 50, range(3)).policy.ravel()
    array([1, 1, 1])

    Raises :class:`~energychain.primitives.refusals.BadInput` for less than one episode or no
    seed.
    """
    shape = process.states, process.actions
    worlds = _Processes(process, seeds)
    return _learn(worlds, shape, process.steps, episodes, seeds, learner, keep)


def _learn(
    worlds: _Worlds,
    shape: tuple[int, int],
    steps: int,
    episodes: int,
    seeds: Sequence[int],
    learner: Learner,
    keep: Sequence[int] | None,
) -> History:
    kept = snapshots(episodes, keep)
    if not len(seeds):
        raise BadInput("somebody must learn: expected at least one seed")
    tables = Tables(*shape, learner, seeds)
    everybody = np.arange(len(seeds))
    rewards = np.zeros((len(seeds), episodes))
    seen = []
    for episode in range(episodes):
        tables.begin(steps)
        who, state = everybody, worlds.reset()
        for step in range(steps):
            action = tables.choose(step, who, state, learner.explore.chance(episode))
            following, reward, ended, cut = worlds.step(who, action)
            tables.remember(who, state, action, reward, following, ended)
            tables.replay(step, who)
            rewards[who, episode] += reward
            goes_on = ~(ended | cut)
            who, state = who[goes_on], following[goes_on]
            if not len(who):
                break
        if episode + 1 in kept:
            seen.append((tables.q.copy(), tables.visits.copy()))
    q, visits = (np.array(column) for column in zip(*seen, strict=True))
    return History(tuple(seeds), rewards, kept, q, visits)


def snapshots(episodes: int, keep: Sequence[int] | None = None) -> tuple[int, ...]:
    """After how many episodes a table is kept: those asked for and the last.

    >>> snapshots(100, keep=[1, 10])
    (1, 10, 100)

    Raises :class:`~energychain.primitives.refusals.BadInput` for less than one episode.
    """
    if episodes < 1:
        raise BadInput(f"expected at least one episode, found {episodes}")
    if keep is None:
        keep = np.linspace(1, episodes, SNAPSHOTS).astype(int).tolist()
    return tuple(sorted({each for each in keep if 0 < each < episodes} | {episodes}))


# --- what a chart needs ---------------------------------------------------------------


def learning_curve(
    rewards: FloatArray, level: float = 0.95, window: int = 1
) -> list[dict[str, float | None]]:
    """What was earned in each episode (:attr:`History.rewards`): the mean over learners, and
    the band in which the mean lies with the given confidence, by Student's t.

    ``window`` episodes are averaged to one row, named by the last of them. One learner alone
    has no band.

    >>> learning_curve(np.array([[1.0, 2.0], [3.0, 2.0]]))[1]
    {'episode': 2, 'mean': 2.0, 'low': 2.0, 'high': 2.0}

    Raises :class:`~energychain.primitives.refusals.BadInput` for a level outside 0 to 1 or a
    window that holds no episode.
    """
    from scipy.stats import t as student  # heavy: loaded when it is needed

    learners, episodes = rewards.shape
    if not 0 < level < 1:
        raise BadInput(f"a level of confidence lies between 0 and 1, found {level}")
    if not 1 <= window <= episodes:
        raise BadInput(f"a window has 1 to {episodes} episodes, found {window}")
    rows = episodes // window
    averaged = rewards[:, : rows * window].reshape(learners, rows, window).mean(axis=-1)
    mean = averaged.mean(axis=0)
    half = np.full(rows, np.nan)
    if learners > 1:
        error = averaged.std(axis=0, ddof=1) / np.sqrt(learners)
        half = student.ppf((1 + level) / 2, learners - 1) * error
    return [
        {
            "episode": (row + 1) * window,
            "mean": float(mean[row]),
            "low": float(mean[row] - half[row]) if learners > 1 else None,
            "high": float(mean[row] + half[row]) if learners > 1 else None,
        }
        for row in range(rows)
    ]


def heat_rows(
    history: History, episode: int, learner: int = 0
) -> list[dict[str, int | float | bool]]:
    """One learner's table as it stood after some episodes: a row per state and action.

    The snapshot is the last one that is not later than ``episode``, or the first.
    """
    at = max(int(np.searchsorted(history.kept, episode, side="right")) - 1, 0)
    q, visits = history.q[at, learner], history.visits[at, learner]
    best = best_actions(q)
    return [
        {
            "state": state,
            "action": action,
            "q": float(q[state, action]),
            "visits": int(visits[state, action]),
            "best": bool(best[state] == action),
        }
        for state in range(q.shape[0])
        for action in range(q.shape[1])
    ]
