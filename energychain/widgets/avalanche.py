"""
The avalanche, hands on: alter one character of a reading, and see which bits of its digest
change.
"""

from typing import Any

import ipywidgets as widgets

from energychain.charts import hashing as charts
from energychain.primitives.hashing import sha256, short
from energychain.studies.avalanche import altered, every_flip
from energychain.widgets.controls import snug
from energychain.widgets.explorer import Explorer, View

READING = "node 1, 10:00, 0.427852 kWh"
"""What the meter says at first."""

LONGEST = 60
"""Characters of which every bit is tried: more would not be quick to the touch."""


class AvalancheExplorer(Explorer):
    """A reading of which one character is altered, and the 256 bits of its digest.

    >>> explorer = AvalancheExplorer()
    >>> explorer.controls["becomes"].value = "5"
    >>> explorer.status
    "Character 18, '4', becomes '5'. The digest 1646bfbc becomes cbb4b7b7: 113 of 256 bits change."
    """

    def __init__(self, *, prediction: str = "") -> None:
        super().__init__(
            "How much of a fingerprint changes with one character?",
            {
                "reading": snug(
                    widgets.Text, "Reading", 270, value=READING, continuous_update=True
                ),
                "place": snug(
                    widgets.IntSlider,
                    "Character",
                    300,
                    value=18,
                    min=1,
                    max=len(READING),
                    step=1,
                ),
                "becomes": snug(widgets.Text, "becomes", 80, value="3"),
            },
            self._look,
            prediction=prediction,
        )

    def reset(self) -> None:
        """All controls as they were in the beginning."""
        self._reach(self._start["reading"])
        super().reset()

    def _touched(self, change: Any) -> None:
        self._reach(self.controls["reading"].value)
        super()._touched(change)

    def _reach(self, reading: str) -> None:
        """The slider goes as far as the text is long."""
        slider = self.controls["place"]
        slider.unobserve(self._touched, "value")
        slider.max = max(1, len(reading[:LONGEST]))
        slider.observe(self._touched, "value")

    def _look(self, reading: str, place: int, becomes: str) -> View:
        before = reading[:LONGEST]
        after = altered(before, place, becomes)
        old, new = sha256(before.encode()), sha256(after.encode())
        count = sum(charts.flipped(old, new))
        was = before[place - 1 : place]
        done = f"becomes {becomes!r}" if becomes else "is left out"
        said = f"Character {place}, {was!r}, {done}." if was else f"The empty text {done}."
        said = said if before != after else "Nothing is altered."
        cut = f" Only the first {LONGEST} characters count here." if len(reading) > LONGEST else ""
        counts = every_flip(before)
        return View(
            (
                charts.bits(old, new),
                charts.changes(counts or [count], shown=count),
            ),
            f"{said} The digest {short(old)} becomes {short(new)}: {count} of {charts.BITS} bits"
            f" change.{cut}",
            "\n".join(
                [
                    "from energychain.charts import hashing as charts",
                    "from energychain.primitives.hashing import sha256",
                    "from energychain.studies.avalanche import every_flip",
                    "",
                    f"before, after = {before!r}, {after!r}",
                    "old, new = sha256(before.encode()), sha256(after.encode())",
                    "display(charts.bits(old, new))",
                    f"charts.changes(every_flip(before) or [{count}], shown={count})",
                ]
            ),
        )
