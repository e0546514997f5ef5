"""
Every number that Cali & Fifield (2019) print about the token day, beside ours.
"""

import csv
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from energychain import datasets
from energychain.contracts.energy_trade import tokens_due
from energychain.grid.metering import surplus_energy
from energychain.ledger.chain import CONFIRMATIONS
from energychain.primitives.units import ENERGY_DECIMALS, TOKEN_DECIMALS, from_units, kwh, tokens
from energychain.studies.claims import Claim, compared, erratum, shown, trimmed, unjudged
from energychain.studies.testbed import MACHINES
from energychain.studies.token_day import Day, run

if TYPE_CHECKING:
    import pandas

STUDY = "token_day"
SOURCE = "Cali & Fifield (2019)"
TABLE = f"{SOURCE}, Table 2"
TEXT = f"{SOURCE}, section 4.4"

_claim = partial(unjudged, STUDY)
_shown = partial(shown, STUDY)

NODES = ("node 1", "node 2", "node 3")

GIVEN_SURPLUS = "given: the meters are built to this printed difference"
GIVEN_PURCHASE = "given: the buyer took all that it consumed"


def claims(day: Day | None = None) -> list[Claim]:
    """All claims of the token day, from a day on the chain."""
    day = day or run()
    return [*_balances(day), *_energies(day), *_text(day), *_testbed(day)]


def table_2() -> list[dict[str, str]]:
    """Table 2 as printed: one dictionary per hour, every cell with its printed text."""
    return list(csv.DictReader(datasets.lines("testbed", "table_2.csv")))


def beside(day: Day) -> "pandas.DataFrame":
    """The balances of Table 2 as printed, beside ours."""
    import pandas

    columns: dict[tuple[str, str], list[str]] = {}
    for node in NODES:
        name = f"{node.replace(' ', '_')}_tokens"
        columns[node, "printed"] = [printed[name] for printed in table_2()]
        columns[node, "ours"] = [day.balance(node, time) for time in day.meters.times]
    return pandas.DataFrame(columns, index=[printed["hour"] for printed in table_2()])


def increment_balances(day: Day) -> dict[str, list[int]]:
    """The balances [milli-token] if each hour's energy were turned into tokens by itself:
    the obvious rule, and not the testbed's.
    """
    owned = dict.fromkeys(NODES, day.terms.opening_tokens)
    balances: dict[str, list[int]] = {node: [] for node in NODES}
    for time in day.meters.times:
        for buyer in NODES[1:]:
            paid = tokens_due(day.row(buyer, time).bought, day.terms.mwh_per_token)
            owned[buyer] -= paid
            owned[NODES[0]] += paid
        for node in NODES:
            balances[node].append(owned[node])
    return balances


def missed_by_increments(day: Day) -> list[str]:
    """The cells of Table 2 that rounding each hour by itself gets wrong."""
    balances = increment_balances(day)
    return [
        f"{printed['hour']} {node}: {tokens(balances[node][hour])} instead of"
        f" {printed[node.replace(' ', '_') + '_tokens']}"
        for hour, printed in enumerate(table_2())
        for node in NODES
        if Decimal(tokens(balances[node][hour]))
        != Decimal(printed[node.replace(" ", "_") + "_tokens"])
    ]


def _balances(day: Day) -> Iterator[Claim]:
    for time, printed in zip(day.meters.times, table_2(), strict=True):
        for node in NODES:
            yield compared(
                _claim(
                    f"balance.{node.replace(' ', '_')}.{printed['hour']}",
                    TABLE,
                    f"token balance of {node} at {printed['hour']}",
                    "token",
                    printed[f"{node.replace(' ', '_')}_tokens"],
                    trimmed(from_units(day.row(node, time).balance, TOKEN_DECIMALS)),
                ),
                exactly=True,
            )


def _energies(day: Day) -> Iterator[Claim]:
    columns = (
        ("node 1", "surplus", "node_1_surplus"),
        ("node 2", "bought", "node_2_purchased"),
        ("node 3", "bought", "node_3_purchased"),
    )
    for time, printed in zip(day.meters.times, table_2(), strict=True):
        for node, kind, column in columns:
            row = day.row(node, time)
            energy = row.surplus if kind == "surplus" else row.bought
            yield compared(
                _claim(
                    f"{kind}.{node.replace(' ', '_')}.{printed['hour']}",
                    TABLE,
                    f"{kind} of {node} at {printed['hour']}",
                    "kWh",
                    printed[column],
                    trimmed(from_units(energy, ENERGY_DECIMALS)),
                    _given(day, node, time, kind),
                ),
                exactly=True,
            )


def _given(day: Day, node: str, time: str, kind: str) -> str:
    """What of an energy was put in rather than worked out."""
    at, interval = day.meters.nodes.index(node), day.meters.times.index(time)
    row = day.row(node, time)
    if kind == "surplus":
        return GIVEN_SURPLUS if row.surplus else ""
    saturated = row.bought and row.bought == -day.meters.net[at][interval]
    return GIVEN_PURCHASE if saturated else ""


def _text(day: Day) -> Iterator[Claim]:
    totals = day.totals
    sold, unsold = totals["node 1"].sold, totals["node 1"].unsold
    surplus = surplus_energy(day.meters.produced[0], day.meters.consumed[0])
    earned = day.redeemed["node 1"]
    yield compared(
        _claim("sold", TEXT, "energy that node 1 sold", "kWh", "13.625", trimmed(kwh(sold)))
    )
    for node, printed in (("node 2", "8.957"), ("node 3", "4.668")):
        bought = trimmed(kwh(totals[node].bought))
        yield compared(
            _claim(
                f"bought.{node.replace(' ', '_')}",
                TEXT,
                f"energy that {node} bought",
                "kWh",
                printed,
                bought,
            )
        )
    yield compared(
        _claim(
            "earned",
            TEXT,
            "tokens that node 1 received",
            "token",
            "90.834",
            trimmed(tokens(earned)),
        ),
        exactly=True,
    )
    yield erratum(
        _claim(
            "surplus",
            f"{SOURCE}, Equation (1)",
            "surplus of node 1 over the day",
            "kWh",
            "13.625",
            trimmed(kwh(surplus)),
            f"13.625 is the energy sold. Equation (1) gives {trimmed(kwh(surplus))};"
            f" {trimmed(kwh(unsold))} of it found no buyer at 10:00 and 11:00,"
            " when both neighbours were served in full.",
        )
    )
    hours = [row.time[-5:] for row in day.rows if row.node == "node 1" and row.surplus]
    yield _shown(
        "trading_hours",
        TEXT,
        "hours with a surplus",
        "h",
        "7:00am - 3:00pm",
        f"{hours[0]} to {hours[-1]}",
    )
    full = [
        time[-5:]
        for time in day.meters.times
        if _given(day, "node 2", time, "bought") == GIVEN_PURCHASE
    ]
    yield _shown(
        "node_2_saturated",
        TEXT,
        "hours in which node 2 bought all that it used",
        "h",
        "8:00am to approximately 1:00pm",
        f"{full[0]} to {full[-1]}",
        "built into the reconstructed consumption",
    )
    yield erratum(
        _claim(
            "unit.energy",
            TABLE,
            "unit of surplus and purchases",
            "",
            "kW",
            "kWh",
            "An hour's value is an energy: 150 Wh buy a token, and the balances follow from"
            " kilowatt-hours.",
        )
    )
    yield erratum(
        _claim(
            "unit.token",
            TABLE,
            "what one token buys",
            "",
            "150 watts",
            "150 Wh",
            "A token is paid for energy, not for power.",
        )
    )
    sums = {sum(day.row(node, time).balance for node in NODES) for time in day.meters.times}
    yield _shown(
        "conserved",
        TABLE,
        "sum of the three balances in every hour",
        "token",
        "",
        " or ".join(trimmed(tokens(amount)) for amount in sorted(sums)),
        "not printed, but true of the printed table: no token is made or lost",
    )


def _testbed(day: Day) -> Iterator[Claim]:
    place = f"{SOURCE}, sections 4.2 and 4.3"
    chain = day.chain
    height, _ = max(day.readings.values())
    last = chain.blocks[height].transactions[-1]
    yield _shown(
        "accounts",
        place,
        "machines and accounts",
        "",
        "four computers, two accounts each",
        f"{len(MACHINES)} machines, {len(chain.genesis.names)} accounts",
        "which account is whose is our reading",
    )
    yield _shown(
        "confirmations",
        place,
        "blocks that confirm a transaction",
        "block",
        "a maximum of twelve",
        f"{CONFIRMATIONS} before the bank redeems; the last settlement ended with"
        f" {chain.confirmations(last.id)}",
    )
    yield _shown(
        "gas",
        place,
        "gas of the day, at the lowest price",
        "gas",
        "extremely low",
        f"{chain.gas_used:,}",
        "private Ether pays for it; our gas schedule, not Ethereum's of 2018",
    )
