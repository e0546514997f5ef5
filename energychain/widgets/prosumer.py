"""One prosumer, hands on: its best demand moves as the price moves (chapter 7, Equation 1)."""

import ipywidgets as widgets
import numpy as np

from energychain.agents.prosumers import best_demand, calibrated
from energychain.charts import prosumer as charts
from energychain.charts.marks import number
from energychain.charts.prosumer import Wish
from energychain.widgets.explorer import Explorer, View, labelled

USUAL_KWH, USUAL_PRICE = 2.0, 0.25
"""It wants so much [kWh] at that price [EUR/kWh], whatever its elasticity."""


def wish(price: float, elasticity: float = -0.5, low: float = 0.5, high: float = 3.0) -> Wish:
    """What a home that wants 2 kWh at 0.25 EUR/kWh does at another price [EUR/kWh], between its
    limits of comfort [kWh].

    >>> wish(0.35).demand
    1.6
    """
    home = calibrated(np.array([[USUAL_KWH]]), USUAL_PRICE, elasticity)
    beta, gamma = float(home.beta[0, 0]), float(home.gamma[0, 0])
    demand = round(float(best_demand(beta, gamma, price, low, high)), 6)
    return Wish(beta, gamma, low, high, price, demand)


class ProsumerExplorer(Explorer):
    """A home, an hour, a price, and what is paid for demand given up.

    >>> explorer = ProsumerExplorer()
    >>> explorer.controls["price"].value = 0.40
    >>> explorer.status
    'At 0.4 EUR/kWh it wants 1.4 kWh: there the last kWh is worth just what it costs.'
    """

    def __init__(self, *, prediction: str = "") -> None:
        super().__init__(
            "How much does a home want at this price?",
            {
                "price": labelled(
                    widgets.FloatSlider, "Price (EUR/kWh)", value=0.25, min=0, max=0.8, step=0.01
                ),
                "dr_price": labelled(
                    widgets.FloatSlider, "DR price (EUR/kWh)", value=0, min=0, max=0.4, step=0.01
                ),
                "elasticity": labelled(
                    widgets.FloatSlider,
                    "Elasticity",
                    value=-0.5,
                    min=-2,
                    max=-0.1,
                    step=0.1,
                    readout_format=".1f",
                ),
                "comfort": labelled(
                    widgets.FloatRangeSlider,
                    "Comfort (kWh)",
                    value=(0.5, 3.0),
                    min=0,
                    max=4,
                    step=0.1,
                    readout_format=".1f",
                ),
            },
            self._look,
            prediction=prediction,
        )

    def _look(
        self, price: float, dr_price: float, elasticity: float, comfort: tuple[float, float]
    ) -> View:
        price, dr_price, elasticity = (round(each, 2) for each in (price, dr_price, elasticity))
        low, high = (round(each, 1) for each in comfort)
        rest = f"{elasticity:g}, {low:g}, {high:g}"
        felt = round(price + dr_price, 2)
        first, second = (wish(each, elasticity, low, high) for each in (price, felt))
        said = f"At {price:g} EUR/kWh it wants {number(first.demand)} kWh"
        code = [
            "from energychain.charts import prosumer as charts",
            "from energychain.widgets.prosumer import wish",
            "",
            f"home = wish({felt:g}, {rest})",
        ]
        if dr_price:
            less = number(first.demand - second.demand)
            said += (
                f". With a DR price of {dr_price:g} a kWh costs it {felt:g}, and it wants"
                f" {number(second.demand)} kWh. It gives up {less} kWh"
            )
            code.append(f"display(charts.marginal(home, first=wish({price:g}, {rest})))")
        else:
            code.append("display(charts.marginal(home))")
        code.append("charts.gain(home)")
        return View(
            (charts.marginal(second, first=first if dr_price else None), charts.gain(second)),
            f"{said}: {second.because}.",
            "\n".join(code),
        )
