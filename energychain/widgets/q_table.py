"""A Q-table while it learns, hands on: which cells fill, what is chosen, and what that earns."""

from functools import cache

import ipywidgets as widgets

from energychain.agents.games import solved_game, value_iteration, worth
from energychain.agents.q_learning import (
    Exploration,
    History,
    Learner,
    Process,
    best_actions,
    heat_rows,
    learn_many,
    learning_curve,
)
from energychain.charts import q_learning as charts
from energychain.charts.theme import Picture
from energychain.widgets.explorer import Explorer, View, labelled

STATES = ("much sun", "some sun", "evening")
ACTIONS = tuple(str(limit) for limit in range(10, 41, 2))
"""Of the solved game: what kind of hour it is, and what the seller asks [token/kWh]."""

EXPLORATIONS = {
    "much at first, then little": Exploration(),
    "always": Exploration(1.0, 1.0),
    "never": Exploration(0.0, 0.0),
}
"""How often an action is tried at random, in words."""

EPISODES = 1_000
KEPT = (1, 2, 5, 10, 20, 50, 100, 150, 200, 300, 400, 500, 600, 700, 800, 900, EPISODES)
"""After so many episodes the table can be looked at."""

SEEDS = range(1, 11)
WINDOW = 50
"""So many episodes are one point of the curve."""


@cache
def _game() -> Process:
    return solved_game()


@cache
def learned(explores: str = "much at first, then little") -> History:
    """Ten sellers who learned the solved game, each alone, exploring so (:data:`EXPLORATIONS`)."""
    learner = Learner(explore=EXPLORATIONS[explores])
    return learn_many(_game(), EPISODES, SEEDS, learner, KEPT)


@cache
def best() -> tuple[tuple[int, ...], float]:
    """The best response to the fixed others, and what it earns in an episode [token]."""
    policy = value_iteration(_game()).policy
    return tuple(int(action) for action in policy), worth(_game(), policy)


def table(explores: str, seed: int, episode: int) -> Picture:
    """The table of one learner after some episodes."""
    rows = heat_rows(learned(explores), episode, seed - SEEDS[0])
    return charts.heat_map(rows, STATES, ACTIONS, best()[0], action="Asks for (token/kWh)")


def curve(explores: str, seed: int, episode: int | None = None) -> Picture:
    """What all ten earn while they learn, and what one of them could earn."""
    history = learned(explores)
    own = [{"episode": at, "worth": _worth(history, n, seed)} for n, at in enumerate(history.kept)]
    return charts.learning_curve(
        learning_curve(history.rewards, window=WINDOW),
        known=best()[1],
        own=own,
        episode=episode,
        unit="tokens",
        learners=len(SEEDS),
    )


def _worth(history: History, snapshot: int, seed: int) -> float:
    return worth(_game(), best_actions(history.q[snapshot, seed - SEEDS[0]]))


class QTableExplorer(Explorer):
    """A seller that learns what to ask, episode by episode.

    >>> explorer = QTableExplorer()
    >>> explorer.controls["episode"].value = 1000
    >>> explorer.status
    'After 1000 episodes it would ask 14, 18 and 34 with much sun, some sun and in the evening: \
44.3 of at most 44.3 tokens an episode. It has tried 48 of 48 cells.'
    """

    def __init__(self, *, prediction: str = "") -> None:
        for explores in EXPLORATIONS:
            learned(explores)
        super().__init__(
            "What does a seller know after so many tries?",
            {
                "episode": labelled(
                    widgets.SelectionSlider, "After episode", options=list(KEPT), value=100
                ),
                "seed": labelled(widgets.IntSlider, "Seed", value=1, min=1, max=len(SEEDS)),
                "explores": labelled(widgets.Dropdown, "Explores", options=list(EXPLORATIONS)),
            },
            self._look,
            prediction=prediction,
        )

    def _look(self, episode: int, seed: int, explores: str) -> View:
        history = learned(explores)
        at, who = history.kept.index(episode), seed - SEEDS[0]
        asks = [ACTIONS[action] for action in best_actions(history.q[at, who])]
        tried = history.visits[at, who]
        earned = _worth(history, at, seed)
        return View(
            (table(explores, seed, episode), curve(explores, seed, episode)),
            f"After {episode} {'episode' if episode == 1 else 'episodes'} it would ask"
            f" {asks[0]}, {asks[1]} and {asks[2]} with much sun, some sun and in the evening:"
            f" {earned:.1f} of at most {best()[1]:.1f} tokens an episode. It has tried"
            f" {int((tried > 0).sum())} of {tried.size} cells.",
            "\n".join(
                [
                    "from energychain.widgets.q_table import curve, table",
                    "",
                    f'display(table("{explores}", {seed}, {episode}))',
                    f'curve("{explores}", {seed}, {episode})',
                ]
            ),
        )
