"""
A mining race, hands on: two miners, each with a header of its own, really hash
(:mod:`energychain.studies.mining_race`).
"""

from collections.abc import Sequence

import ipywidgets as widgets

from energychain.charts import hashing as charts
from energychain.studies.mining_race import TRIES, Race, Run, races, two_runs
from energychain.studies.private_chain import MINERS
from energychain.widgets.controls import snug
from energychain.widgets.explorer import Explorer, View

LEAST_BITS, MOST_BITS = 4, 16

RACES = 12
"""How many races can be looked at."""


class MiningExplorer(Explorer):
    """A race between two miners, of which the second is some times as fast.

    >>> explorer = MiningExplorer()
    >>> explorer.controls["bits"].value = 4
    >>> explorer.status.split(":")[0]
    'With 4 bits, one try in 16 succeeds on average'
    """

    def __init__(self, *, prediction: str = "") -> None:
        self.runs = two_runs()
        super().__init__(
            "Who finds the next block, and how long does it take?",
            {
                "bits": snug(
                    widgets.IntSlider,
                    "Difficulty (bits)",
                    210,
                    value=10,
                    min=LEAST_BITS,
                    max=MOST_BITS,
                    step=1,
                ),
                "speed": snug(
                    widgets.IntSlider, "Miner 2's speed (×)", 170, value=2, min=1, max=8, step=1
                ),
                "race": snug(widgets.IntSlider, "Race", 200, value=1, min=1, max=RACES, step=1),
            },
            self._look,
            prediction=prediction,
        )

    def _look(self, bits: int, speed: int, race: int) -> View:
        every = races(self.runs, bits, speed)
        decided = [each for each in every if each.decided]
        chosen = min(race, max(1, len(decided)))
        shown = decided[chosen - 1] if decided else every[0]
        tries = [count for run in self.runs for count in run.tries(bits)]
        return View(
            (
                charts.race(self._miners(shown), 2**bits),
                charts.tries(tries, 2**bits),
            ),
            f"With {bits} bits, one try in {2**bits:,} succeeds on average:"
            f" {_told(shown, chosen, race)} {_score(decided, speed)}",
            "\n".join(
                [
                    "from energychain.charts import hashing as charts",
                    "from energychain.studies.mining_race import races, two_runs",
                    "",
                    "runs = two_runs()",
                    f"decided = [race for race in races(runs, {bits}, {speed}) if race.decided]",
                    'print(len(decided), "races, miner 2 alone first in",'
                    " sum(race.winners == (False, True) for race in decided))",
                    f"tries = [count for run in runs for count in run.tries({bits})]",
                    f"charts.tries(tries, {2**bits})",
                ]
            ),
        )

    def _miners(self, race: Race) -> list[charts.Miner]:
        return [
            charts.Miner(name, tries, moment / race.speed, self._found(run, start, tries))
            for name, run, start, tries, moment in zip(
                MINERS, self.runs, race.begun, race.tries, race.moments, strict=True
            )
        ]

    def _found(self, run: Run, start: int, tries: int | None) -> str:
        if tries is None:
            return "no find before the run ended"
        nonce = start + tries - 1
        return f"{tries:,} tries to nonce {nonce:,}: hash {run.hash_of(nonce)}…"


def _told(race: Race, number: int, wanted: int) -> str:
    """What happened in a race."""
    if not race.decided:
        return f"{TRIES:,} tries each were not enough for a single race."
    if all(race.winners):
        first = "both find a nonce at once"
    else:
        winner = race.winners.index(True)
        first = f"{MINERS[winner]} is first, after {race.tries[winner]:,} tries"
    last = f" (the last: there are no {wanted})" if number < wanted else ""
    return f"in race {number}{last} {first}."


def _score(decided: Sequence[Race], speed: int) -> str:
    """Who won how often."""
    if not decided:
        return ""
    alone = sum(race.winners == (False, True) for race in decided)
    ties = sum(all(race.winners) for race in decided)
    tied = f", and {ties:,} ended at once for both" if ties else ""
    races = "1 race" if len(decided) == 1 else f"{len(decided):,} races"
    return (
        f"Of {races} miner 2 won {alone:,}{tied}; with its speed, {speed / (speed + 1):.0%} are"
        " expected."
    ).replace("%", " %")
