"""
Predict before you run. A guess costs nothing, and a wrong one teaches most.
"""

from collections.abc import Sequence
from html import escape
from typing import Any, TypeVar

import ipywidgets as widgets

from energychain.widgets.explorer import Panel

Shown = TypeVar("Shown", bound=Panel)

NO_GUESS = "nothing yet"


class Prediction(widgets.VBox):
    """A question with choices. No answer is no error."""

    def __init__(self, question: str, choices: Sequence[str]) -> None:
        self.question, self.choices = question, tuple(choices)
        self._radio = widgets.RadioButtons(
            options=self.choices,
            value=None,
            layout=widgets.Layout(width="100%"),
        )
        heading = widgets.HTML(f"<b>Predict:</b> {escape(question)}")
        super().__init__([heading, self._radio])

    @property
    def guess(self) -> str:
        """The choice so far."""
        return self._radio.value or NO_GUESS

    def beside(self, explorer: Shown) -> Shown:
        """The explorer, with the guess written in it, also when the guess changes later."""
        explorer.predict(self.guess)
        self._radio.observe(lambda _: explorer.predict(self.guess), "value")
        return explorer

    def reveal(self, outcome: object) -> "Revealed":
        """The guess beside what happened."""
        return Revealed(self.question, self.guess, str(outcome))

    def __repr__(self) -> str:
        return f"Predict: {self.question} " + " / ".join(self.choices)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(**kwargs)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        return {**data, "text/plain": repr(self)}


class Revealed:
    """A guess beside the outcome."""

    def __init__(self, question: str, guess: str, outcome: str) -> None:
        self.question, self.guess, self.outcome = question, guess, outcome

    def __repr__(self) -> str:
        return f"{self.question}\n  you predicted: {self.guess}\n  it is:         {self.outcome}"


def predict(question: str, choices: Sequence[str]) -> Prediction:
    """Ask for a guess; `reveal` shows it beside the outcome later.

    >>> predict("Heads or tails?", ["heads", "tails"]).reveal("tails")
    Heads or tails?
      you predicted: nothing yet
      it is:         tails
    """
    return Prediction(question, choices)
