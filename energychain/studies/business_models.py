"""
Four business models, each played once on a private chain with signed transactions.

Shafie-khah (ed., 2020), *Blockchain-based Smart Grids*, chapter 5, describes who trades
with whom and prints no case. The homes, power plants and roofs here are ours, small
enough to check by hand; what is shown with them are the chapter's statements, not
its numbers (:mod:`energychain.studies.business_models_claims`).

>>> [row["gain"] > 0 for row in evening("community").rows]
[True, True, True, True, True, True, True, True]
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from energychain.contracts.business_models import BUSINESS_MODELS
from energychain.contracts.calls import vault
from energychain.contracts.crowdsale import CONTRACT as CROWDSALE
from energychain.contracts.flexibility import CONTRACT as FLEXIBILITY
from energychain.contracts.flexibility import bookings_of, limit_of
from energychain.contracts.flexibility import opening_storage as flexibility_terms
from energychain.contracts.over_the_counter import CASH, SPOT, identity_digest
from energychain.contracts.over_the_counter import CONTRACT as OVER_THE_COUNTER
from energychain.contracts.over_the_counter import opening_storage as counter_terms
from energychain.contracts.peer_to_peer import CONTRACT as PEER_TO_PEER
from energychain.contracts.peer_to_peer import DESIGNS as PLATFORMS
from energychain.contracts.peer_to_peer import opening_storage as peer_terms
from energychain.contracts.roles import (
    AGGREGATOR,
    CONSUMER,
    DSO,
    FUNDER,
    GENERATOR,
    LARGE_CUSTOMER,
    MANAGER,
    OWNER,
    PROSUMER,
    RETAILER,
    TSO,
)
from energychain.contracts.roles import opening_storage as registry
from energychain.contracts.token import MONEY
from energychain.ledger.state import Event, Receipt
from energychain.ledger.transaction import Value
from energychain.primitives.keys import Address
from energychain.primitives.units import divide_rounded
from energychain.studies.private_chain import PrivateChain, address_of
from energychain.studies.stages import ChainStage

KWH = 10**6
"""[mWh]"""

EURO = 10**6
"""A unit of money [micro-money]."""

HOUR = 3_600
"""[s]"""

SAVINGS = 10**6 * EURO
"""Money of each account at first [micro-money]."""

SEED = "business models"

Row = Mapping[str, str | int]

Members = Mapping[str, tuple[Sequence[str], str]]
"""The roles and the place of each account."""


class Table:
    """One business model's contract on a private chain: who sits there, and what they do."""

    def __init__(
        self, contract: str, members: Members, terms: Sequence[tuple[str, Value, Value]] = ()
    ) -> None:
        names = (*members, "registrar")
        entered = [(address_of(n, SEED), roles, place) for n, (roles, place) in members.items()]
        self.contract = contract
        self.network = PrivateChain(
            names,
            name=contract,
            seed=SEED,
            contracts=BUSINESS_MODELS,
            balances=[(MONEY, name, SAVINGS) for name in members],
            storage=(*registry(contract, address_of("registrar", SEED), entered), *terms),
        )
        self._stage = ChainStage(self.network)
        self._names = {address_of(name, SEED): name for name in members}

    def block(self, time: int, *deeds: tuple[Value, ...]) -> list[Event]:
        """A block of calls: who, function, arguments.

        Raises :class:`~energychain.primitives.refusals.BadInput` if one is refused.
        """
        self._stage.open(time)
        told: list[Event] = []
        for who, function, *given in deeds:
            told += self._stage.act(str(who), self.contract, str(function), *given)
        self._stage.close()
        return told

    def attempt(self, time: int, who: str, function: str, *given: Value) -> Receipt:
        """One call in a block of its own, that may be refused."""
        self.network.open_block(time)
        receipt = self.network.send(who, self.contract, function, *given)
        self.network.close_block()
        return receipt

    def gain(self, name: str) -> int:
        """What somebody has more than at first [micro-money]."""
        return self.network.balance(name, MONEY) - SAVINGS

    def at(self, name: str) -> Address:
        """Somebody's address."""
        return self.network.address(name)

    def name(self, account: Value) -> str:
        """Whose address it is."""
        return self._names[Address(str(account))]


# --- peer-to-peer: an evening of eight homes ------------------------------------------

RETAIL, FEED_IN = 300_000, 80_000
"""What the retailer takes and pays for a kilowatt-hour [micro-money]: "retailer price can
be upper bound ..., and the feed-in tariffs ... are the lower bounds" (section 2.1).
"""


@dataclass(frozen=True)
class Home:
    """A home on an evening; invented."""

    name: str
    feeder: str
    net: tuple[int, ...]
    """Produced less consumed in each hour [mWh]."""

    limit: int
    """At which price it will trade with its neighbours [micro-money/kWh]."""

    active: bool
    """Whether it trades alone in the hybrid design."""

    @property
    def role(self) -> str:
        """Who ever has a surplus is a prosumer."""
        return PROSUMER if max(self.net) > 0 else CONSUMER


def _home(name: str, feeder: int, net: Sequence[int], limit: int, active: bool) -> Home:
    """The net position in watt-hours, the limit in thousandths of the money."""
    return Home(name, f"feeder {feeder}", tuple(wh * 1_000 for wh in net), limit * 1_000, active)


HOMES = (
    _home("home 1", 1, (3_200, 1_500, 400, -300), 110, True),
    _home("home 2", 1, (2_100, 900, -500, -700), 120, True),
    _home("home 3", 2, (1_400, 2_600, 1_800, 900), 150, False),
    _home("home 4", 2, (-400, 1_200, 1_500, 1_100), 160, False),
    _home("home 5", 1, (-900, -1_400, -1_900, -1_100), 270, True),
    _home("home 6", 1, (-600, -800, -1_200, -900), 240, True),
    _home("home 7", 2, (-1_100, -1_700, -2_200, -1_300), 280, False),
    _home("home 8", 2, (-500, -600, -1_000, -800), 230, False),
)
"""Eight homes from 17:00 to 21:00: four own panels or a battery."""

HOURS = ("17:00", "18:00", "19:00", "20:00")

FIRST = HOUR
"""When the first hour of the evening begins [s]."""


@dataclass(frozen=True)
class Evening:
    """What the evening cost each home in one design."""

    design: str
    rows: tuple[Row, ...]
    """For each home what it paid in all, alone and in this design, and what it gained
    [micro-money].
    """

    prices: tuple[int, ...]
    """Every price at which homes traded with each other [micro-money/kWh]."""

    outside: int
    """What was bought from and sold to the retailer [mWh]."""

    outside_alone: int
    """The same, if everybody deals with the retailer alone [mWh]."""

    manager: int
    """What the manager gained [micro-money]."""

    transactions: int


@cache
def evening(design: str) -> Evening:
    """The evening in a design (``full``, ``community``, ``hybrid``): what a home does not
    trade here it buys and sells at the retailer's prices.

    In the hybrid design four homes trade alone; for the other four their manager takes
    what they lack or have left to the pool, and keeps what it gains there.
    """
    members: dict[str, tuple[Sequence[str], str]] = {
        home.name: ((home.role,), home.feeder) for home in HOMES
    }
    members |= {"manager": ((MANAGER,), "feeder 2"), "operator": ((DSO,), "")}
    table = Table(PEER_TO_PEER, members, peer_terms(design, FIRST, HOUR))
    alone = [home for home in HOMES if design == "full" or (design == "hybrid" and home.active)]
    together = [home for home in HOMES if home not in alone]
    deeds: list[tuple[Value, ...]] = []
    for slot in range(len(HOURS)):
        deeds += [_order(home, slot) for home in alone if home.net[slot]]
        net = sum(home.net[slot] for home in together)
        if together:
            deeds.append(("manager", "quote", slot, RETAIL, FEED_IN, 100 * EURO))
        if design == "hybrid" and net:
            side, price = ("sell", FEED_IN) if net > 0 else ("buy", RETAIL)
            deeds.append(("manager", side, slot, abs(net), price))
    deeds += [(home.name, "join", table.at("manager")) for home in together]
    table.block(FIRST - 60, *deeds)
    told = []
    for slot in range(len(HOURS) + 2):
        events: list[tuple[Value, ...]] = []
        if slot < len(HOURS) and alone:
            events.append(("operator", "clear", slot))
        if together and 0 <= slot - 1 < len(HOURS):
            events += [(home.name, "report", slot - 1, home.net[slot - 1]) for home in together]
        if together and slot >= 2:
            events.append(("operator", "settle", slot - 2, table.at("manager")))
        told += table.block(FIRST + slot * HOUR, *events)
    return _evening(design, table, told, alone, together)


def _order(home: Home, slot: int) -> tuple[Value, ...]:
    net = home.net[slot]
    price = home.limit
    # A prosumer that happens to lack energy pays like any other, up to the retailer's price.
    if home.role == PROSUMER and net < 0:
        price = RETAIL
    return (home.name, "sell" if net > 0 else "buy", slot, abs(net), price)


def _evening(
    design: str,
    table: Table,
    told: Sequence[Event],
    alone: Sequence[Home],
    together: Sequence[Home],
) -> Evening:
    sold = [event for event in told if event.name == "Sold"]
    traded: dict[str, list[int]] = {}
    for event in sold:
        slot, energy = event["slot"], event["energy"]
        assert isinstance(slot, int)
        assert isinstance(energy, int)
        for who, sign in ((event["seller"], 1), (event["buyer"], -1)):
            traded.setdefault(table.name(who), [0] * len(HOURS))[slot] += sign * energy
    rows: list[Row] = []
    outside = 0
    for home in HOMES:
        left = [0] * len(HOURS)
        if home in alone:
            done = traded.get(home.name, left)
            left = [net - some for net, some in zip(home.net, done, strict=True)]
        outside += sum(abs(energy) for energy in left)
        cost, before = -table.gain(home.name) + with_retailer(left), with_retailer(home.net)
        rows.append({"home": home.name, "alone": before, "cost": cost, "gain": before - cost})
    manager = table.gain("manager")
    if together:
        own = traded.get("manager", [0] * len(HOURS))
        nets = [sum(home.net[slot] for home in together) for slot in range(len(HOURS))]
        left = [net - some for net, some in zip(nets, own, strict=True)]
        outside += sum(abs(energy) for energy in left)
        manager -= with_retailer(left)
    prices = {event["price"] for event in sold}
    return Evening(
        design,
        tuple(rows),
        tuple(sorted(price for price in prices if isinstance(price, int))),
        outside,
        sum(abs(energy) for home in HOMES for energy in home.net),
        manager,
        sum(len(block.transactions) for block in table.network.chain.blocks),
    )


def with_retailer(net: Sequence[int]) -> int:
    """What net positions [mWh] cost at the retailer's prices [micro-money]."""
    exact = sum(-energy * (RETAIL if energy < 0 else FEED_IN) for energy in net)
    return divide_rounded(exact, KWH)


DESIGNS = tuple(PLATFORMS)


# --- flexibility: a call that resolves an overload ------------------------------------

FEEDER = "feeder 1"
EXPECTED, HIGHEST, LOWEST = 75 * KWH, 60 * KWH, -20 * KWH
"""The expected load of a feeder in the slot, and its limits [mWh]."""


@dataclass(frozen=True)
class FlexibilityCall:
    """What came of a call for flexibility."""

    rows: tuple[Row, ...]
    """For each seller what was booked and delivered [mWh] and what it was paid
    [micro-money].
    """

    price: int
    """[micro-money/kWh]"""

    load: int
    """What the feeder carried in the end [mWh]."""

    room: int
    """How much of the opposite the transmission system operator could still buy there [mWh]."""

    refused: str
    """Why not more."""

    @property
    def resolved(self) -> bool:
        """Whether the feeder stayed within its limit."""
        return self.load <= HIGHEST


SELLERS = {
    "aggregator": (AGGREGATOR, 9 * KWH, 120_000, 22 * KWH),
    "battery": (PROSUMER, 4 * KWH, 180_000, 1 * KWH),
    "heat pump": (CONSUMER, 3 * KWH, 210_000, 4 * KWH),
    "kiln": (CONSUMER, 5 * KWH, 400_000, 6 * KWH),
}
"""Role, energy [mWh], price [micro-money/kWh] and baseline [mWh] of each offer."""


@cache
def flexibility_call(battery_per_cent: int = 100) -> FlexibilityCall:
    """A feeder is expected to be 15 kWh over its limit for an hour. Its operator asks for
    that much upward flexibility; the battery delivers so much of its part [per cent].
    """
    table = Table(
        FLEXIBILITY,
        {
            "dso": ((DSO,), ""),
            "tso": ((TSO,), ""),
            **{name: ((role,), FEEDER) for name, (role, *_) in SELLERS.items()},
        },
        flexibility_terms(2 * HOUR, HOUR, HOUR // 2),
    )
    product = (0, FEEDER, "up")
    begins = 2 * HOUR
    table.block(HOUR, ("dso", "limit", 0, FEEDER, EXPECTED, LOWEST, HIGHEST))
    opposite = table.attempt(HOUR + 15, "tso", "request", 0, FEEDER, "down", KWH, 100_000)
    table.block(
        HOUR + 30,
        *(
            (name, "offer", 0, "up", energy, price, baseline)
            for name, (_, energy, price, baseline) in SELLERS.items()
        ),
        ("dso", "request", *product, EXPECTED - HIGHEST, 350_000),
    )
    cleared = table.block(
        begins - HOUR // 2, ("dso", "clear", *product), ("dso", "activate", *product)
    )
    storage = table.network.chain.state.storage[FLEXIBILITY]
    booked = {
        table.name(booking.seller): booking.quantity for booking in bookings_of(storage, *product)
    }
    share = {name: battery_per_cent if name == "battery" else 100 for name in SELLERS}
    table.block(
        begins + HOUR,
        *(
            (name, "measure", 0, baseline - booked.get(name, 0) * share[name] // 100)
            for name, (_, _, _, baseline) in SELLERS.items()
        ),
    )
    settled = table.block(begins + 2 * HOUR, ("dso", "settle", *product))
    delivered = dict.fromkeys(SELLERS, 0)
    for event in settled:
        if event.name == "Delivered":
            energy = event["energy"]
            assert isinstance(energy, int)
            delivered[table.name(event["seller"])] += energy
    rows: tuple[Row, ...] = tuple(
        {
            "seller": name,
            "asked": price,
            "booked": booked.get(name, 0),
            "delivered": delivered[name],
            "paid": table.gain(name),
        }
        for name, (_, _, price, _) in SELLERS.items()
    )
    price = next(event["price"] for event in cleared if event.name == "Cleared")
    assert isinstance(price, int)
    load, stated = EXPECTED - sum(delivered.values()), limit_of(storage, 0, FEEDER)
    assert stated is not None
    return FlexibilityCall(rows, price, load, stated.room("down"), opposite.reason)


# --- over the counter: a hedge, and who checks the border -----------------------------

MWH = 1_000 * KWH
AGREED = 50_000
"""The price of the forward [micro-money/kWh]: 50 per MWh."""

SPOTS = (32_000, 44_000, 50_000, 61_000, 73_000)
"""Spot prices that may come [micro-money/kWh]."""

SALT = b"a salt for lessons: never use it"


def _counter(margin: int) -> Table:
    return Table(
        OVER_THE_COUNTER,
        {
            "plant": ((GENERATOR,), "north"),
            "pseudonym": ((GENERATOR,), "north"),
            "retailer": ((RETAILER,), "south"),
            "steelworks": ((LARGE_CUSTOMER,), "north"),
            "wind farm": ((AGGREGATOR,), "south"),
            "tso": ((TSO,), ""),
        },
        counter_terms(10 * HOUR, HOUR, margin, HOUR),
    )


def _offer(
    table: Table, maker: str, behind: str, kind: str, slot: int, energy: int
) -> tuple[Value, ...]:
    identity = identity_digest(table.at(behind), SALT, table.at(maker))
    return (maker, "offer", identity, kind, slot, energy, AGREED)


@cache
def hedge(margin: int = 50) -> tuple[Row, ...]:
    """A retailer needs one megawatt-hour in each of five hours, whose spot prices nobody
    knows when it buys five forwards with cash settlement at a pseudonym. For each hour:
    the spot price [micro-money/kWh], and what the retailer paid for its megawatt-hour
    without and with the forward [micro-money]. ``margin`` is what each side puts down
    [per cent of the value].
    """
    table = _counter(margin)
    slots = range(len(SPOTS))
    table.block(HOUR, *(_offer(table, "pseudonym", "plant", CASH, i, MWH) for i in slots))
    table.block(2 * HOUR, *(("retailer", "accept", i) for i in slots))
    table.block(2 * HOUR + 60, *(("plant", "reveal", i, SALT) for i in slots))
    rows: list[Row] = []
    for slot, spot in enumerate(SPOTS):
        before = table.gain("retailer")
        margin_back = MWH * AGREED // KWH * margin // 100
        end = (11 + slot) * HOUR
        table.block(end, ("tso", "reference", slot, spot), ("retailer", "settle", slot))
        difference = table.gain("retailer") - before - margin_back
        cost = MWH * spot // KWH
        rows.append({"spot": spot, "unhedged": cost, "hedged": cost - difference})
    return tuple(rows)


@dataclass(frozen=True)
class Border:
    """The same trades, checked one by one and all at once."""

    rows: tuple[Row, ...]
    """For each trade its direction, its energy [mWh] and whether it was done."""

    checks: int
    """How often the border was checked over the counter."""

    pool_checks: int
    pool_flow: int
    """What all trades together would carry over the border [mWh]."""

    capacity: int
    """[mWh]"""


@cache
def border_checks() -> Border:
    """Five spot trades over one border of 2 MWh, in the order in which people agree. Each
    is checked by itself, beside those before it; a pool checks their sum once.
    """
    table = _counter(margin=10)
    wishes = (
        ("pseudonym", "plant", "retailer", 1_500 * KWH),
        ("pseudonym", "plant", "retailer", 800 * KWH),
        ("wind farm", "wind farm", "steelworks", 900 * KWH),
        ("pseudonym", "plant", "retailer", 600 * KWH),
        ("wind farm", "wind farm", "steelworks", 400 * KWH),
    )
    capacity = 2 * MWH
    table.block(
        HOUR,
        ("tso", "limit", 0, "north", "south", capacity),
        *(_offer(table, maker, behind, SPOT, 0, energy) for maker, behind, _, energy in wishes),
    )
    rows: list[Row] = []
    flow = checks = 0
    for i, (maker, _, buyer, energy) in enumerate(wishes):
        receipt = table.attempt(2 * HOUR + i * 15, buyer, "accept", i)
        checks += receipt.refusal == "network limit"
        checks += sum(event.name == "Checked" for event in receipt.events)
        southward = maker == "pseudonym"
        flow += energy if southward else -energy
        way = "north to south" if southward else "south to north"
        became = "done" if receipt.done else "refused"
        rows.append({"trade": i + 1, "way": way, "energy": energy, "became": became})
    pool_checks = 1
    return Border(tuple(rows), checks, pool_checks, flow, capacity)


# --- crowdsale: one goal reached, one missed ------------------------------------------

STAKES = {"ada": 4_000 * EURO, "bea": 2_500 * EURO, "cem": 1_000 * EURO}
"""What three funders put in [micro-money]."""

SEASON = 90 * 24 * HOUR
"""The roof earns once a season [s]."""


@dataclass(frozen=True)
class Sale:
    """What came of a crowdsale."""

    rows: tuple[Row, ...]
    """For each funder what it put in and what came back [micro-money]."""

    reached: bool
    owner: int
    """What the owner has more than before [micro-money]."""

    early: str
    """Why the owner could not take the money before the goal was reached."""

    again: str
    """Why nobody was paid a second time."""

    in_vault: int
    """What is left with the contract [micro-money]."""


@cache
def crowdsale(goal: int, profits: tuple[int, ...] = ()) -> Sale:
    """Three people fund a roof for 40 per cent of its profit, up to a goal [micro-money].
    If it is reached, the owner takes the money and shares the season's ``profits``
    [micro-money]; if not, everybody takes its money back.
    """
    table = Table(
        CROWDSALE,
        dict.fromkeys([*STAKES, "owner"], ((), "")),
    )
    deadline = 30 * 24 * HOUR
    table.block(
        HOUR,
        ("owner", "enrol", (OWNER,)),
        *((name, "enrol", (FUNDER,)) for name in STAKES),
        ("owner", "propose", "profit share", 400, "forty panels on a school", goal, deadline),
    )
    table.block(2 * HOUR, *((name, "fund", 0, stake) for name, stake in list(STAKES.items())[:2]))
    early = table.attempt(3 * HOUR, "owner", "take", 0)
    last, stake = list(STAKES.items())[2]
    table.block(4 * HOUR, (last, "fund", 0, stake))
    reached = sum(STAKES.values()) >= goal
    back = "claim" if reached else "refund"
    if reached:
        table.block(5 * HOUR, ("owner", "take", 0))
        for season, profit in enumerate(profits, 1):
            table.block(season * SEASON, ("owner", "distribute", 0, profit))
    end = (len(profits) + 1) * SEASON
    if profits or not reached:
        table.block(end, *((name, back, 0) for name in STAKES))
    again = table.attempt(end + HOUR, "ada", back, 0)
    rows: tuple[Row, ...] = tuple(
        {"funder": name, "in": stake, "back": table.gain(name) + stake}
        for name, stake in STAKES.items()
    )
    left = table.network.chain.state.balance(MONEY, vault(CROWDSALE))
    return Sale(rows, reached, table.gain("owner"), early.reason, again.reason, left)


# --- indirect control: a new peak -----------------------------------------------------

BASE = (31, 30, 34, 44, 52, 49, 38, 33, 29, 25, 24, 24)
"""Load of a street without its cars, from 15:00 hour by hour [kWh]."""

CARS = 10
CHARGE = 3
"""What a car takes in an hour [kWh]."""

CHARGE_HOURS = 2
HOME, CHEAP = 3, 7
"""When the cars come home, and when the cheap tariff begins, as places in :data:`BASE`."""


def indirect_control() -> tuple[Row, ...]:
    """The load of a street hour by hour [kWh]: cars that charge when they come home, cars
    that all follow a cheap tariff from 22:00 on, and cars that a virtual power plant
    sends one after the other into the emptiest hours.
    """
    at_home, tariff, direct = list(BASE), list(BASE), list(BASE)
    for _ in range(CARS):
        for hour in range(CHARGE_HOURS):
            at_home[HOME + hour] += CHARGE
            tariff[CHEAP + hour] += CHARGE
        chosen = sorted(range(HOME, len(BASE)), key=lambda hour: (direct[hour], hour))
        for hour in chosen[:CHARGE_HOURS]:
            direct[hour] += CHARGE
    return tuple(
        {"hour": f"{(15 + i) % 24:02}:00", "at home": a, "tariff": t, "direct": d}
        for i, (a, t, d) in enumerate(zip(at_home, tariff, direct, strict=True))
    )


# --- the aggregator's auction (Fig. 5.4) ----------------------------------------------

LACKING, BID = 10 * KWH, 240_000
"""What an aggregator's members fall short of their schedule [mWh], and what it bids for a
kilowatt-hour [micro-money].
"""

OFFERS = {
    "prosumer 1": (3 * KWH, 190_000),
    "prosumer 2": (4 * KWH, 120_000),
    "prosumer 3": (2 * KWH, 260_000),
    "prosumer 4": (5 * KWH, 160_000),
    "prosumer 5": (1 * KWH, 230_000),
}
"""What each offers [mWh] and asks for [micro-money/kWh]."""


def aggregator_auction(pay: Literal["offer", "bid", "marginal"] = "offer") -> tuple[Row, ...]:
    """For each prosumer, from the cheapest up: what it asked, offered and was taken [mWh],
    and what it was paid [micro-money]. The clearing rule alone, without a chain
    (:func:`energychain.markets.aggregator.aggregator`, which names the three ways to pay).

    >>> [row["taken"] for row in aggregator_auction()]
    [4000000, 5000000, 1000000, 0, 0]
    """
    from energychain.markets.aggregator import aggregator
    from energychain.markets.clearing import in_units
    from energychain.markets.orders import Book, Order

    book = Book.of(
        [
            Order("bid", "aggregator", "buy", LACKING, BID),
            *(Order(name, name, "sell", energy, price) for name, (energy, price) in OFFERS.items()),
        ]
    )
    clearing = aggregator(book, pay)
    paid = in_units(clearing.payments_by_trader(), KWH)
    return tuple(
        {
            "prosumer": name,
            "asked": price,
            "offered": energy,
            "taken": clearing.fill(name),
            "paid": -paid[name],
        }
        for name, (energy, price) in sorted(OFFERS.items(), key=lambda offer: offer[1][1])
    )
