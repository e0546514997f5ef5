"""Loads that move to cheap hours, hands on: who takes part, what can wait, and which cure helps."""

from functools import cache
from typing import Any, Literal

import ipywidgets as widgets

from energychain.charts import load_shifting as charts
from energychain.grid import loads
from energychain.studies.community import Community, community
from energychain.studies.load_shifting import Cure, TwoStage, first_price, run
from energychain.studies.load_shifting_claims import DAY
from energychain.widgets.explorer import Explorer, View, labelled

CURES: dict[str, Cure | Literal[""]] = {
    "none: everybody for itself": "",
    "each draws its hours": "randomised",
    "hours have a quota": "quota",
    "the price is asked again": "iterated",
}
"""Of the rebound peak, in words. (A menu cannot show that None is chosen.)"""

LEARNERS = (0, 50, 100)
"""Of a hundred homes, so many learn how to bid."""

LOAD_HEIGHT, PRICE_HEIGHT = 160, 95
"""Of the charts [pixel]: the sentence below them stays on the screen."""


class LoadShiftingExplorer(Explorer):
    """A hundred homes on a day in July: how many answer the price, and what becomes of the load.

    >>> explorer = LoadShiftingExplorer()
    >>> explorer.controls["participation"].value = 10
    >>> explorer.status
    '10 of 100 homes answer the price. The peak falls from 43.7 kW at 23:00 to 42.3 kW at 23:00, \
1.89 times the average instead of 1.95. Upstream is paid 45.35 EUR instead of 45.45.'
    """

    def __init__(self, *, prediction: str = "") -> None:
        for learners in LEARNERS:  # learning takes a moment: once, and not under the hand
            first_price(_homes(), learners / 100)
        super().__init__(
            "What happens to the peak when homes move their load to the cheap hours?",
            {
                "participation": labelled(
                    widgets.IntSlider, "Participation (%)", value=60, min=0, max=100, step=5
                ),
                "learners": labelled(
                    widgets.IntSlider, "Learn to bid (%)", value=0, min=0, max=100, step=LEARNERS[1]
                ),
                "elasticity": labelled(
                    widgets.FloatSlider,
                    "Elasticity",
                    value=0.0,
                    min=-1.0,
                    max=0.0,
                    step=0.1,
                    readout_format=".1f",
                ),
                "alpha": labelled(
                    widgets.FloatSlider, "Alpha (Equation 2)", value=1.0, min=1.0, max=3.0, step=0.5
                ),
                "cure": labelled(widgets.Dropdown, "Cure", options=list(CURES.items()), value=""),
            },
            self._look,
            prediction=prediction,
        )

    def day(self) -> TwoStage:
        """Both stages as the controls stand."""
        return _day(**self.values)

    def _look(
        self,
        participation: int,
        learners: int,
        elasticity: float,
        alpha: float,
        cure: Cure | Literal[""],
    ) -> View:
        done = _day(participation, learners, elasticity, alpha, cure)
        rows = done.rows()
        terms = f", learners={learners / 100:g}" if learners else ""
        terms += f", alpha={alpha:g}" if alpha > 1 else ""
        terms += f", elasticity={_rounded(elasticity):g}" if elasticity else ""
        terms += f', cure="{cure}"' if cure else ""
        return View(
            (
                charts.loads(rows, height=LOAD_HEIGHT),
                charts.prices(rows, alpha=alpha, height=PRICE_HEIGHT),
            ),
            _told(done, alpha, learners),
            "\n".join(
                [
                    "from datetime import date",
                    "",
                    "from energychain.charts import load_shifting as charts",
                    "from energychain.studies.community import community",
                    "from energychain.studies.load_shifting import run",
                    "",
                    f"homes = community({DAY:date(%Y, %-m, %-d)})",
                    f"done = run(homes, {participation / 100:g}{terms})",
                    "display(charts.loads(done.rows()))",
                    f"charts.prices(done.rows(){f', alpha={alpha:g}' if alpha > 1 else ''})",
                ]
            ),
        )


@cache
def _homes() -> Community:
    return community(DAY)


def _day(
    participation: int, learners: int, elasticity: float, alpha: float, cure: Cure | Literal[""]
) -> TwoStage:
    return run(
        _homes(),
        participation / 100,
        learners=learners / 100,
        alpha=alpha,
        elasticity=_rounded(elasticity),
        cure=cure or None,
    )


def _rounded(elasticity: float) -> float:
    """As the slider shows it."""
    return round(elasticity, 1) + 0.0


def _told(done: TwoStage, alpha: float, learners: int) -> str:
    before, after = done.before, done.after
    verb = "falls" if after.peak_kw < before.peak_kw else "grows"
    peak = f"The peak {verb} from {before.peak_kw:.1f} kW at {_clock(done.community.demand)}"
    peak += f" to {after.peak_kw:.1f} kW at {_clock(loads.aggregate(done.load))}"
    if after.peak_kw == before.peak_kw:
        peak = f"The peak stays at {before.peak_kw:.1f} kW, at {_clock(done.community.demand)}"
    par, cost = (
        f"{now:.2f}{unit}" + (f" instead of {was:.2f}" if f"{now:.2f}" != f"{was:.2f}" else "")
        for now, was, unit in (
            (after.par, before.par, " times the average"),
            (after.cost, before.cost, " EUR"),
        )
    )
    said = [
        f"{int(done.participates.sum())} of {len(done.community)} homes answer the price.",
        f"{peak}, {par}.",
        f"Upstream is paid {cost}.",
    ]
    if done.curtailed.any():
        given = done.curtailed.sum() / 1e6
        said.append(
            f"{given:.1f} kWh are given up; the comfort lost is {done.comfort_cost:.2f} EUR."
        )
    if learners:
        moved = int((abs(done.price - first_price(done.community)) > MOVED).sum())
        said.append(f"What {learners} homes learned moves the price in {moved} of 24 hours.")
    if alpha > 1:
        cut = int((alpha * done.price > done.dr_price + 1e-9)[done.dr_price > 0].sum())
        said.append(f"In {cut} hours Equation (3) cuts the DR price to the import price.")
    return " ".join(said)


MOVED = 5e-4
"""A change that a price in tenths of a cent shows [money/kWh]."""


def _clock(profile: Any) -> str:
    return f"{int(profile.argmax())}:00"
