"""
A real month of workplace charging below a transformer that is too small for it.

The sessions are real: Caltech's garage in June 2019, ACN-Data (Lee, Li & Low, 2019). Three
things are ours, and synthetic:

- **the sites**: chargers are dealt out in turn to a few sites, each a station of chapter 9
  of Shafie-khah (ed., 2020);
- **the transformer's limit**, which makes quotas scarce;
- **what a driver is willing to pay**: the share of the time left in which the car must
  charge, times a top price. Who must charge all of the time that is left pays up to the
  top; who could come back tomorrow pays nearly nothing.

Each half-hour is decided at its beginning, on what is known then: which cars are plugged
in, what they still want, and when their drivers *said* they would leave. The real
departure decides only what a car then takes. Drivers who said nothing are left out, for
nobody knows what they want. The chapter decides half an hour before; a garage that knows
who is there can do it at once.

Each site gives its quota to its most urgent cars first. A site bids for what its urgent
cars lack (those that must charge in more than half of the time left), at the limit of the
least urgent of them; or it offers what its other cars could have had, at the limit of the
most urgent of those. So no trade moves energy from a more urgent car to a less urgent one.

Quotas and auction are those of :mod:`energychain.contracts.charging_quota`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from functools import cache

from energychain import datasets
from energychain.contracts.charging_quota import (
    AUCTION_RULES,
    PERIOD,
    QuotaOrder,
    double_auction,
    initial_quota,
)
from energychain.grid.charging import HOUR, Car, Session, read_sessions
from energychain.primitives.refusals import BadInput

CLOCK = timezone(timedelta(hours=-7))
"""Pacific daylight time, which holds all month."""

POLICIES = ("no limit", "pro rata", "trade")
"""Every car charges as it likes; quotas as they are allocated; quotas after the auction."""


@dataclass(frozen=True)
class MonthTerms:
    """What we chose."""

    margin: int = 40_000_000
    """The transformer's limit [1e-6 kW]."""

    sites: int = 8
    """Among which the chargers are dealt out."""

    power: int = 6_656_000
    """Of each charger [1e-6 kW]: 32 A at 208 V, as SustainGym assumes for this garage."""

    top_price: int = 100_000
    """What a driver pays at most [milli-token/kWh]."""

    rule: str = AUCTION_RULES[0]


@dataclass(frozen=True)
class Demand:
    """What one car can take in a half-hour, and what that is worth to its driver."""

    car: int
    """The session's number."""

    energy: int
    """[mWh]"""

    value: int
    """[milli-token/kWh]"""


@dataclass(frozen=True)
class HalfHour:
    """One half-hour in which somebody wanted to charge. Energies in mWh."""

    start: int
    """[s]"""

    cars: int
    demand: int
    """Of all cars that could be known."""

    allocated: int
    """The sum of the initial quotas."""

    traded: int

    taken: int
    """What the cars then charged; less than was allotted if some left early."""

    worth_before: int
    """What the initial quotas are worth to the drivers [1e-9 token]."""

    worth: int
    """What the quotas after the auction are worth to them [1e-9 token]."""

    @property
    def scarce(self) -> bool:
        """Whether somebody could not have all that it wanted."""
        return self.allocated < self.demand

    @property
    def time(self) -> str:
        """Its beginning, as the clocks there show it."""
        return datetime.fromtimestamp(self.start, UTC).astimezone(CLOCK).strftime("%Y-%m-%dT%H:%M")


@dataclass(frozen=True)
class Outcome:
    """A month under one policy. Energies in mWh."""

    policy: str
    half_hours: tuple[HalfHour, ...]

    delivered: int

    late: int
    """What was still missing at the end of the half-hour in which a driver had said that it
    would leave, or left before.
    """

    @property
    def traded(self) -> int:
        """Quota that changed hands."""
        return sum(each.traded for each in self.half_hours)

    @property
    def scarce(self) -> int:
        """Half-hours in which the transformer was too small."""
        return sum(each.scarce for each in self.half_hours)

    @property
    def helped(self) -> int:
        """Half-hours in which trade was worth something."""
        return sum(each.worth > each.worth_before for each in self.half_hours)

    @property
    def gain(self) -> int:
        """What trade was worth to the drivers, against the same quotas without trade
        [1e-9 token].
        """
        return sum(each.worth - each.worth_before for each in self.half_hours)


@dataclass(frozen=True)
class Month:
    """The same month under each policy."""

    terms: MonthTerms
    requested: int
    """By all drivers who said something [mWh]."""

    outcomes: Mapping[str, Outcome]

    def __repr__(self) -> str:
        trade = self.outcomes["trade"]
        return (
            f"<month below {self.terms.margin / 1e6:g} kW: {trade.scarce} scarce half-hours, trade"
            f" helped in {trade.helped}>"
        )

    def table(self) -> list[dict[str, str | float]]:
        """One row for each policy, energies in kWh, for people and charts."""
        return [
            {
                "policy": each.policy,
                "delivered_kwh": each.delivered / 1e6,
                "late_kwh": each.late / 1e6,
                "traded_kwh": each.traded / 1e6,
                "scarce_half_hours": each.scarce,
                "half_hours_helped": each.helped,
                "gain_tokens": each.gain / 1e9,
            }
            for each in self.outcomes.values()
        ]

    def records(self) -> list[dict[str, str | float]]:
        """The half-hours with trade, powers in kW, for people and charts."""
        return [
            {
                "time": each.time,
                "cars": each.cars,
                "demand_kw": each.demand * HOUR / PERIOD / 1e6,
                "allocated_kw": each.allocated * HOUR / PERIOD / 1e6,
                "traded_kw": each.traded * HOUR / PERIOD / 1e6,
                "taken_kw": each.taken * HOUR / PERIOD / 1e6,
                "gain_tokens": (each.worth - each.worth_before) / 1e9,
            }
            for each in self.outcomes["trade"].half_hours
        ]


@cache
def acn_month() -> tuple[Session, ...]:
    """The sessions of June 2019 (see ``datasets/acn_month/about.toml``)."""
    return read_sessions(datasets.lines("acn_month", "sessions.csv"), "sessions.csv")


def run(terms: MonthTerms | None = None, sessions: Sequence[Session] | None = None) -> Month:
    """The month under each policy.

    >>> run()
    <month below 40 kW: 330 scarce half-hours, trade helped in 255>

    Raises :class:`~energychain.primitives.refusals.BadInput` if the terms make no sense.
    """
    terms = _checked(terms or MonthTerms())
    sessions = acn_month() if sessions is None else sessions
    sites = sites_of(sessions, terms.sites)
    known = [each for each in sessions if each.requested is not None]
    if not known:
        raise BadInput("no driver said what it wants: nothing to decide")
    requested = sum(each.requested or 0 for each in known)
    outcomes = {policy: _play(known, sites, terms, policy) for policy in POLICIES}
    return Month(terms, requested, outcomes)


def _checked(terms: MonthTerms) -> MonthTerms:
    if terms.margin < 0 or terms.sites < 1 or terms.power < 1 or terms.top_price < 0:
        raise BadInput("a site and a power are needed; limit and top price are 0 or more")
    if terms.rule not in AUCTION_RULES:
        raise BadInput(f"the auction goes by {' or '.join(AUCTION_RULES)}, not {terms.rule!r}")
    return terms


# --- one half-hour --------------------------------------------------------------------


def sites_of(sessions: Sequence[Session], count: int) -> dict[str, str]:
    """The site of each charger: they are dealt out in turn, as they are first used.

    >>> sites_of([Session(0, 1, "b", 0), Session(0, 1, "a", 0), Session(2, 3, "b", 0)], 8)
    {'b': 'site 1', 'a': 'site 2'}
    """
    chargers = dict.fromkeys(each.station for each in sessions)
    return {charger: f"site {at % count + 1}" for at, charger in enumerate(chargers)}


def site_order(demands: Sequence[Demand], quota: int, top_price: int) -> QuotaOrder | None:
    """What a site bids or offers, with this quota [mWh]; nothing if it has no use for either.

    >>> site_order([Demand(1, 3_000_000, 90_000), Demand(2, 3_000_000, 10_000)], 2_000_000, 100_000)
    QuotaOrder(side='buy', quantity=1000000, price=90000)
    >>> site_order([Demand(1, 3_000_000, 90_000), Demand(2, 3_000_000, 10_000)], 4_000_000, 100_000)
    QuotaOrder(side='sell', quantity=1000000, price=10000)
    """
    urgent = [each for each in demands if 2 * each.value > top_price]
    needed = sum(each.energy for each in urgent)
    if needed > quota:
        return QuotaOrder("buy", needed - quota, min(each.value for each in urgent))
    others = [each.value for each in demands if 2 * each.value <= top_price]
    return QuotaOrder("sell", quota - needed, max(others)) if others and quota > needed else None


def shared(demands: Sequence[Demand], quota: int) -> dict[int, int]:
    """A site's quota goes to its most urgent cars first [mWh by session]; of equal ones, to
    the one that came first.

    >>> shared([Demand(1, 3, 10), Demand(2, 3, 90)], 4)
    {2: 3, 1: 1}
    """
    parts = {}
    for each in sorted(demands, key=lambda each: (-each.value, each.car)):
        parts[each.car] = min(each.energy, quota)
        quota -= parts[each.car]
    return parts


def worth(demands: Sequence[Demand], quota: int) -> int:
    """What a quota is worth to a site's drivers [1e-9 token]."""
    parts = shared(demands, quota)
    return sum(each.value * parts[each.car] for each in demands)


def allocate(demands: Mapping[str, Sequence[Demand]], margin: int) -> dict[str, int]:
    """The initial quota of each site [mWh]: Equations (1) and (2)."""
    wanted = {site: sum(each.energy for each in cars) for site, cars in demands.items()}
    total = sum(wanted.values())
    return {site: initial_quota(energy, margin, total) for site, energy in wanted.items()}


def site_orders(
    demands: Mapping[str, Sequence[Demand]], quotas: Mapping[str, int], top_price: int
) -> dict[str, QuotaOrder]:
    """What the sites bid and offer."""
    orders = {site: site_order(cars, quotas[site], top_price) for site, cars in demands.items()}
    return {site: order for site, order in orders.items() if order is not None}


# --- the month ------------------------------------------------------------------------


@dataclass(frozen=True)
class _Known:
    """A session on the way: who is there, and what it still wants."""

    session: Session
    car: Car


def _play(
    sessions: Sequence[Session], sites: Mapping[str, str], terms: MonthTerms, policy: str
) -> Outcome:
    cars: dict[int, _Known] = {}
    rows: list[HalfHour] = []
    late = delivered = 0
    waiting = list(enumerate(sessions))[::-1]
    for now in _half_hours(sessions):
        while waiting and waiting[-1][1].arrival <= now:
            number, session = waiting.pop()
            cars[number] = _Known(session, _car(session))
        cars = {number: each for number, each in cars.items() if each.session.departure > now}
        demands = _demands(cars, sites, now, terms)
        if demands:
            row, taken = _half_hour(demands, cars, now, terms, policy)
            rows.append(row)
            delivered += row.taken
            for number, energy in taken.items():
                cars[number] = _charged(cars[number], energy)
        late += sum(
            each.car.remaining for each in cars.values() if now < _end(each.session) <= now + PERIOD
        )
    return Outcome(policy, tuple(rows), delivered, late)


def _charged(known: _Known, energy: int) -> _Known:
    return replace(known, car=replace(known.car, remaining=known.car.remaining - energy))


def _end(session: Session) -> int:
    """When a driver's patience ends: at the time it named, or when it left before."""
    return min(session.estimated_departure or session.departure, session.departure)


def _half_hours(sessions: Sequence[Session]) -> Iterator[int]:
    first = min(each.arrival for each in sessions) // PERIOD * PERIOD
    return iter(range(first, max(each.departure for each in sessions) + PERIOD, PERIOD))


def _car(session: Session) -> Car:
    assert session.requested is not None
    assert session.estimated_departure is not None
    return Car(session.station, session.requested, session.estimated_departure)


def _demands(
    cars: Mapping[int, _Known], sites: Mapping[str, str], now: int, terms: MonthTerms
) -> dict[str, list[Demand]]:
    """What each site's cars can take from now on."""
    demands: dict[str, list[Demand]] = {}
    for number, known in cars.items():
        energy = known.car.need(terms.power, PERIOD)
        if energy:
            value = known.car.urgency(now, terms.power, PERIOD, terms.top_price)
            demands.setdefault(sites[known.car.station], []).append(Demand(number, energy, value))
    return demands


def _half_hour(
    demands: Mapping[str, Sequence[Demand]],
    cars: Mapping[int, _Known],
    now: int,
    terms: MonthTerms,
    policy: str,
) -> tuple[HalfHour, dict[int, int]]:
    total = sum(each.energy for site in demands.values() for each in site)
    margin = total if policy == "no limit" else terms.margin * PERIOD // HOUR
    before = allocate(demands, margin)
    quotas = dict(before)
    traded = 0
    if policy == "trade" and total > margin:
        orders = site_orders(demands, before, terms.top_price)
        for site, matched in double_auction(orders, terms.rule).items():
            quotas[site] += matched.quantity
            traded += max(matched.quantity, 0)
    taken = {
        number: min(energy, _can_take(cars[number].session, now, terms))
        for site, known in demands.items()
        for number, energy in shared(known, quotas[site]).items()
    }
    row = HalfHour(
        start=now,
        cars=sum(map(len, demands.values())),
        demand=total,
        allocated=sum(before.values()),
        traded=traded,
        taken=sum(taken.values()),
        worth_before=sum(worth(demands[site], quota) for site, quota in before.items()),
        worth=sum(worth(demands[site], quota) for site, quota in quotas.items()),
    )
    return row, taken


def _can_take(session: Session, now: int, terms: MonthTerms) -> int:
    """What a car really takes until it leaves [mWh]: physics, not a decision."""
    return terms.power * min(PERIOD, session.departure - now) // HOUR
