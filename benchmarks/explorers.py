"""Explorers, against the tenth of a second below which it feels like touching."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

from benchmarks.timing import Result
from energychain.widgets.avalanche import AvalancheExplorer
from energychain.widgets.charging_quota import ChargingQuotaExplorer
from energychain.widgets.consensus import PbftExplorer
from energychain.widgets.contracts import ContractExplorer
from energychain.widgets.dc_attacks import AttackExplorer
from energychain.widgets.dc_fault import FaultExplorer
from energychain.widgets.demand_response import EventDayExplorer
from energychain.widgets.forks import DoubleSpendExplorer, ForkExplorer
from energychain.widgets.load_shifting import LoadShiftingExplorer
from energychain.widgets.market import MarketExplorer
from energychain.widgets.merkle_proof import MerkleProofExplorer
from energychain.widgets.mining import MiningExplorer
from energychain.widgets.privacy import LinkExplorer
from energychain.widgets.prosumer import ProsumerExplorer
from energychain.widgets.q_table import QTableExplorer
from energychain.widgets.scale import ScaleExplorer
from energychain.widgets.signing import SigningExplorer
from energychain.widgets.token_day import TokenDayExplorer

TOUCH = 0.1
"""What feels like touching [s]."""


def redraw(
    make: Callable[[], Any], control: str, values: tuple[float | str, ...]
) -> Callable[[], Result]:
    """A redraw after each value of a control, the quickest of them."""

    def measured() -> Result:
        explorer, taken = make(), []
        for value in values:
            start = perf_counter()
            explorer.controls[control].value = value
            taken.append(perf_counter() - start)
        return Result(f"{type(explorer).__name__}, one redraw", min(taken), TOUCH, 1.0)

    return measured


WORKS: tuple[Callable[[], Result], ...] = (
    redraw(AvalancheExplorer, "place", (1, 5, 9, 13, 17, 21)),
    redraw(SigningExplorer, "reading", (1, 2, 3, 4, 5)),
    redraw(MerkleProofExplorer, "homes", (16, 15, 14, 13, 12)),
    redraw(MiningExplorer, "bits", (4, 5, 6, 8, 12)),
    redraw(ForkExplorer, "second", (200, 300, 400, 440, 480)),
    redraw(DoubleSpendExplorer, "confirmations", (1, 3, 9, 12, 18)),
    redraw(PbftExplorer, "step", (5, 10, 15, 20, 25)),
    redraw(ContractExplorer, "amount", (1.0, 1.5, 3.0, 4.0, 5.0)),
    redraw(TokenDayExplorer, "wh_per_token", (160, 170, 180, 190, 200)),
    redraw(MarketExplorer, "price", (22.5, 23.0, 23.5, 24.0, 24.5, 25.0)),
    redraw(ChargingQuotaExplorer, "over_kw", (1, 2, 3, 4, 5)),
    redraw(LoadShiftingExplorer, "participation", (10, 20, 30, 40, 100)),
    redraw(ProsumerExplorer, "dr_price", (0.05, 0.1, 0.15, 0.2, 0.25)),
    redraw(QTableExplorer, "episode", (10, 20, 50, 200, 500)),
    redraw(EventDayExplorer, "inflation", (5, 10, 15, 20, 25)),
    redraw(FaultExplorer, "resistance", (0.05, 0.2, 2.0, 5.0, 20.0)),
    redraw(AttackExplorer, "attack", ("flood", "loss", "false data", "stolen key", "ARP edit")),
    redraw(ScaleExplorer, "homes", (10_000, 20_000, 50_000, 100_000, 1_000_000)),
    redraw(LinkExplorer, "noise", (0.05, 0.1, 0.2, 0.5, 1.0)),
)
"""The lines of the table."""
