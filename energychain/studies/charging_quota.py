"""
The charging-quota evening: eight stations, one transformer, one auction.

Shafie-khah (ed., 2020), *Blockchain-based Smart Grids*, chapter 9, section 4. From 18:00
to 18:30 the stations share out, and trade, what they may charge from 18:30 to 19:00.
Every step is a signed transaction in a mined block; :func:`rehearse` plays the same
evening without a chain, fast enough for a slider.

The chapter's text says 343 kW; its numbers follow from 323 kW, which is the default here
(see :mod:`energychain.studies.charging_quota_claims`).

>>> evening = run()
>>> evening.kw(evening.row("A").initial)
'29.82'
>>> [evening.row(name).payment for name in "EDB"]
[73600, 250700, 149500]
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cache, cached_property

from energychain import datasets
from energychain.contracts.charging_quota import (
    AUCTION_RULES,
    Period,
    bid_cost,
    due,
    opening_storage,
    satisfaction,
)
from energychain.contracts.token import ENERGY_TOKEN
from energychain.ledger.state import Event
from energychain.markets.orders import Book, order
from energychain.primitives.keys import Address
from energychain.primitives.refusals import BadInput
from energychain.primitives.units import (
    ENERGY_DECIMALS,
    MONEY_DECIMALS,
    TOKEN_DECIMALS,
    to_units,
    tokens,
)
from energychain.studies.private_chain import PrivateChain, address_of
from energychain.studies.stages import ChainStage, RehearsalStage, Stage

START = 1_561_975_200
"""When the evening's period begins: 18:00 on 1 July 2019 in Shanghai [s]. The chapter names
no day; this one is ours."""

SEED = "energychain charging quota"

OPENING_TOKENS = 10**9
"""What each station owns at first [milli-token]: a million tokens; our choice."""


@dataclass(frozen=True)
class Terms:
    """What the operator announces besides margin and rule."""

    tariff: int = 1_120_000
    """[micro-CNY/kWh] at that hour (Table 1)."""

    penalty: int = 2_240_000
    """For each kWh beyond the quota, on top of the tariff [micro-CNY/kWh]. The chapter
    prints none; twice the tariff is our choice.
    """

    token_rate: int = 10_000
    """What a token is worth [micro-CNY]: 0.01 CNY (section 3.1)."""

    minutes: int = 30
    """How long the period counts when power becomes energy: 30 as the text says. The
    chapter's tables count 60: there a kW is a kWh.
    """


@dataclass(frozen=True)
class Plan:
    """What a station means to do."""

    station: str
    demand: int
    """What it would charge [1e-6 kW]."""

    side: str = ""
    """``buy`` or ``sell``; empty if it stays out of the auction."""

    quantity: int = 0
    """Quota that it bids for, or offers [mWh]."""

    price: int = 0
    """Its limit [milli-token/kWh]."""


@dataclass(frozen=True)
class Row:
    """One station over the evening. Energies and quotas in mWh, money in milli-tokens."""

    station: str
    demand: int
    initial: int
    """Its quota before the auction."""

    side: str
    """``buy``, ``sell``, or empty if it sent no order."""

    wanted: int
    """What it bid for or offered."""

    price: int
    """Its limit [milli-token/kWh]."""

    traded: int
    """Quota bought; negative if sold."""

    payment: int
    """In the auction; negative if received."""

    quota: int
    """After the auction."""

    load: int
    """What its meter reported."""

    fee: int
    penalty: int
    deposit: int
    withdrawn: int
    """What came back of the deposit."""

    change: int
    """Of its balance over the evening."""


@dataclass(frozen=True)
class Evening:
    """What happened."""

    margin: int
    """[mWh]"""

    rule: str
    terms: Terms
    rows: tuple[Row, ...]
    network: PrivateChain | None = None
    """The private chain on which it happened; none for a rehearsal."""

    def __repr__(self) -> str:
        where = "rehearsed" if self.network is None else repr(self.network.chain)
        return (
            f"<evening of {len(self.rows)} stations, margin {self.kw(self.margin)} kW,"
            f" {self.rule}, {where}>"
        )

    def row(self, station: str) -> Row:
        """One station.

        Raises ``KeyError`` if there is none with this name.
        """
        return self._by_station[station]

    @cached_property
    def _by_station(self) -> dict[str, Row]:
        return {row.station: row for row in self.rows}

    @property
    def demand(self) -> int:
        """Of all stations [mWh]."""
        return sum(row.demand for row in self.rows)

    @property
    def satisfaction(self) -> Fraction:
        """The part of all demand that the margin can meet: beta of Equation (1)."""
        return satisfaction(self.margin, self.demand)

    @property
    def cleared(self) -> int:
        """Quota that changed hands [mWh]."""
        return sum(row.traded for row in self.rows if row.traded > 0)

    def kw(self, energy: int, decimals: int = 2) -> str:
        """The mean power [kW] of an energy [mWh] over the period, as text."""
        power = Decimal(energy) / 10**ENERGY_DECIMALS * 60 / self.terms.minutes
        return f"{power:.{decimals}f}"

    def records(self) -> list[dict[str, str | float]]:
        """The rows for people and charts: powers in kW, energies in kWh, money in tokens."""
        to_kw = 60 / self.terms.minutes / 1e6
        return [
            {
                "station": row.station,
                "demand_kw": row.demand * to_kw,
                "initial_kw": row.initial * to_kw,
                "quota_kw": row.quota * to_kw,
                "load_kw": row.load * to_kw,
                "side": row.side,
                "wanted_kwh": row.wanted / 1e6,
                "price": row.price / 1e3,
                "traded_kwh": row.traded / 1e6,
                "payment_tokens": row.payment / 1e3,
                "fee_tokens": row.fee / 1e3,
                "penalty_tokens": row.penalty / 1e3,
                "change_tokens": row.change / 1e3,
            }
            for row in self.rows
        ]


# --- the input ------------------------------------------------------------------------


def table(number: int) -> list[dict[str, str]]:
    """One of the chapter's Tables 1 to 4 as printed: every cell with its printed text."""
    return list(csv.DictReader(datasets.lines("charging_quota", f"table_{number}.csv")))


def book() -> Book:
    """The bids and offers of Table 3 as a book [kWh; token per kWh].

    >>> book()
    <book: 4 bids, 4 offers, 8 traders>
    """
    return Book.of(
        order(
            row["station"],
            row["station"],
            "buy" if row["demand_kwh"] else "sell",
            row["demand_kwh"] or row["supply_kwh"],
            row["price_token_per_kwh"],
        )
        for row in table(3)
    )


@cache
def published_plans() -> tuple[Plan, ...]:
    """The demands of Table 2, and the bids and offers of Table 3."""
    return tuple(
        replace(_order(book), demand=to_units(demand["demand_kw"], ENERGY_DECIMALS))
        for demand, book in zip(table(2), table(3), strict=True)
    )


def _order(cells: Mapping[str, str]) -> Plan:
    side = "buy" if cells["demand_kwh"] else "sell"
    quantity = to_units(cells["demand_kwh"] or cells["supply_kwh"], ENERGY_DECIMALS)
    price = to_units(cells["price_token_per_kwh"], TOKEN_DECIMALS)
    return Plan(cells["station"], 0, side, quantity, price)


# --- the play -------------------------------------------------------------------------


def run(
    margin: int | str = 323,
    rule: str = "last_pair_midpoint",
    terms: Terms | None = None,
    plans: Sequence[Plan] | None = None,
    loads: Mapping[str, int] | None = None,
) -> Evening:
    """Play the evening on a private chain, with signed transactions in mined blocks.

    ``margin`` [kW] and ``rule`` (one of
    :data:`~energychain.contracts.charging_quota.AUCTION_RULES`) are the operator's;
    ``loads`` [mWh] is what the meter reports of a station. Whoever is not named there
    charges its quota, or its demand if that is less. A plan to sell more than the initial
    quota is cut to that quota.

    Raises :class:`~energychain.primitives.refusals.BadInput` if the terms make no sense.
    """
    terms, plans = terms or Terms(), tuple(plans or published_plans())
    energy = _checked(margin, rule, terms, plans)
    network = _network(tuple(plan.station for plan in plans))
    rows = _play(ChainStage(network), energy, rule, terms, plans, loads or {})
    return Evening(energy, rule, terms, rows, network)


def rehearse(
    margin: int | str = 323,
    rule: str = "last_pair_midpoint",
    terms: Terms | None = None,
    plans: Sequence[Plan] | None = None,
    loads: Mapping[str, int] | None = None,
) -> Evening:
    """The same evening without a chain: the same contract, hence the same rows."""
    terms, plans = terms or Terms(), tuple(plans or published_plans())
    energy = _checked(margin, rule, terms, plans)
    network = _empty_network(tuple(plan.station for plan in plans))
    rows = _play(RehearsalStage(network), energy, rule, terms, plans, loads or {})
    return Evening(energy, rule, terms, rows)


def _checked(margin: int | str, rule: str, terms: Terms, plans: Sequence[Plan]) -> int:
    """The margin as an energy [mWh]."""
    power = to_units(str(margin), ENERGY_DECIMALS)
    if power < 0:
        raise BadInput(f"the margin is 0 kW or more, not {margin}")
    if rule not in AUCTION_RULES:
        raise BadInput(f"the auction goes by {' or '.join(AUCTION_RULES)}, not {rule!r}")
    if terms.minutes not in (30, 60):
        raise BadInput(f"a period counts 30 or 60 minutes, not {terms.minutes}")
    if terms.token_rate <= 0 or terms.tariff < 0 or terms.penalty < 0:
        raise BadInput("a token is worth more than 0; tariff and penalty are 0 or more")
    names = [plan.station for plan in plans]
    if len(set(names)) < len(names) or {"operator", "meter"} & set(names):
        raise BadInput("every station has a name of its own, and none is operator or meter")
    return power * terms.minutes // 60


def _network(stations: tuple[str, ...]) -> PrivateChain:
    return PrivateChain(
        ("operator", "meter", *stations),
        name="charging quota",
        start=START - 60,
        seed=SEED,
        balances=[(ENERGY_TOKEN, station, OPENING_TOKENS) for station in stations],
        storage=opening_storage(address_of("operator", SEED)),
    )


# A rehearsal's keys and first state depend on the names alone: keep them for the slider.
@cache
def _empty_network(stations: tuple[str, ...]) -> PrivateChain:
    return _network(stations)


def _play(
    stage: Stage,
    margin: int,
    rule: str,
    terms: Terms,
    plans: Sequence[Plan],
    loads: Mapping[str, int],
) -> tuple[Row, ...]:
    rows = {row.station: row for row in _demands(stage, margin, rule, terms, plans)}
    names = {stage.network.address(name): name for name in rows}

    stage.open(START + 5 * 60)
    allocated = stage.act("operator", "charging_quota", "pre_allocate", START)
    stage.close()
    for event in allocated:
        if event.name == "Quota":
            name, quota = names[Address(str(event["station"]))], _int(event["quota"])
            rows[name] = replace(rows[name], initial=quota, quota=quota)

    if allocated[0]["auction"]:
        for event in _trade(stage, margin, plans, rows):
            if event.name == "Traded":
                name = names[Address(str(event["station"]))]
                traded = _int(event["quantity"])
                rows[name] = replace(
                    rows[name],
                    traded=traded,
                    payment=_int(event["payment"]),
                    quota=rows[name].quota + traded,
                )
    _settle(stage, rows, loads)
    return tuple(rows.values())


def _demands(
    stage: Stage, margin: int, rule: str, terms: Terms, plans: Sequence[Plan]
) -> Iterator[Row]:
    """The operator opens the period; every station says what it would charge."""
    meter = stage.network.address("meter")
    announced = (margin, terms.tariff, terms.penalty, terms.token_rate, rule, meter)
    period = Period(*announced)
    stage.open(START)
    stage.act("operator", "charging_quota", "initialise", START, *announced)
    stage.close()
    stage.open(START + 2 * 60)
    for plan in plans:
        demand = plan.demand * terms.minutes // 60
        bid = plan.quantity if plan.side == "buy" else 0
        deposit = period.least_deposit(demand + bid) + bid_cost(bid, plan.price)
        stage.act(plan.station, "charging_quota", "submit_demand", START, demand, deposit)
        nothing = Row(plan.station, demand, 0, "", 0, 0, 0, 0, 0, 0, 0, 0, deposit, 0, 0)
        yield nothing
    stage.close()


def _trade(
    stage: Stage, margin: int, plans: Sequence[Plan], rows: dict[str, Row]
) -> Sequence[Event]:
    """Bids, offers and the auction."""
    stage.open(START + 8 * 60)
    for plan in plans:
        most = rows[plan.station].initial if plan.side == "sell" else margin
        quantity = min(plan.quantity, most)
        if plan.side and quantity:
            rows[plan.station] = replace(
                rows[plan.station], side=plan.side, wanted=quantity, price=plan.price
            )
            order = (START, plan.side, quantity, plan.price)
            stage.act(plan.station, "charging_quota", "submit", *order)
    stage.close()
    stage.open(START + 10 * 60)
    events = stage.act("operator", "charging_quota", "auction", START)
    stage.close()
    return events


def _settle(stage: Stage, rows: dict[str, Row], loads: Mapping[str, int]) -> None:
    """After charging: the meter reports, everybody pays and withdraws."""
    address = stage.network.address
    stage.open(START + 60 * 60)
    for name, row in rows.items():
        load = loads.get(name, min(row.quota, row.demand))
        rows[name] = replace(row, load=load)
        stage.act("meter", "charging_quota", "measure", START, address(name), load)
    stage.close()
    stage.open(START + 61 * 60)
    for name, row in rows.items():
        (paid,) = stage.act(name, "charging_quota", "pay", START, address(name))
        (back,) = stage.act(name, "charging_quota", "withdraw", START, address(name))
        rows[name] = replace(
            row,
            fee=_int(paid["fee"]),
            penalty=_int(back["penalty"]),
            withdrawn=_int(back["rest"]),
        )
    stage.close()
    for name, row in rows.items():
        rows[name] = replace(row, change=stage.balance(name) - OPENING_TOKENS)


def _int(value: object) -> int:
    assert isinstance(value, int)
    return value


# --- what the tables count ------------------------------------------------------------


def hourly_fee(evening: Evening, station: str) -> str:
    """The fee of Table 4 as the chapter worked it out [token]: the initial quota in kW,
    times the tariff, times one hour, whatever the station traded and charged.

    >>> hourly_fee(rehearse(), "A")
    '3339.32'
    """
    quota = evening.row(station).initial * 60 // evening.terms.minutes
    fee = due(quota, evening.terms.tariff, evening.terms.token_rate)
    return f"{Decimal(tokens(fee)):.2f}"


def tariff_in_tokens(cny: str, token_rate: int = Terms.token_rate) -> str:
    """A price per kWh in tokens, from one in CNY (Table 1).

    >>> tariff_in_tokens("1.12")
    '112'
    """
    price = due(10**ENERGY_DECIMALS, to_units(cny, MONEY_DECIMALS), token_rate)
    return f"{Decimal(tokens(price)).normalize():f}"
