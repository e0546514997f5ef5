r"""
The charging-quota contract: stations below one transformer share its margin, and trade
their shares.

Shafie-khah (ed., 2020), *Blockchain-based Smart Grids*, chapter 9. A day has 48 periods.
In each, the energy of the next half-hour is shared out; the clock below counts from the
period's start.

===================  ==============  ===================================================
function             minutes         who, and what it does
===================  ==============  ===================================================
``initialise``       0 to 5          the operator names margin, tariff, penalty, worth of
                                     a token, auction rule and meter
``submit_demand``    0 to 5          a station says what it would charge, and deposits
``pre_allocate``     5 to 7          anybody: initial quotas by Equations (1) and (2)
``submit``           7 to 10         a station bids for quota, or offers its own
``auction``          10 to 15        the operator: bids and offers are matched
(charging)           30 to 60
``measure``          60 to 90        the meter reports what a station charged
``pay``              from 60         the station, or the operator for it: the fee
``withdraw``         from 60         likewise: the penalty, and the rest of the deposit
===================  ==============  ===================================================

**A quota is an energy** [mWh]: the mean power that a station may draw, times the length of
the period. The transformer is warmed by the mean, meters count energy, and one unit leaves
nothing to confuse. With demands :math:`P_i` and the margin :math:`P_M`,

.. math::

    \beta = \min\Bigl(1, \frac{P_M}{\sum_i P_i}\Bigr), \qquad
    P_i^\mathrm{init} = \lfloor \beta P_i \rfloor .

It is **rounded down**: the sum never exceeds the margin, and equal demands get equal
quotas, as D and F do in Table 2. Largest remainders would use up the margin to the last
mWh, and give it to whoever stands first. If all demand fits, there is no auction.

What the chapter leaves open, and we decided:

- **Who measures.** An account that the operator names at ``initialise``, before anybody
  deposits; it may be the operator's own. What it reports counts. If it is silent until
  minute 90, the station pays nothing: whoever chose the meter bears its silence.
- **The penalty** is a price for each kWh beyond the quota, on top of the tariff.
- **The deposit** covers the fee and the penalty of all that was demanded; of a buyer also
  its bid, and fee and penalty of all that it might then charge. So nobody can take what
  it asked for and leave the bill to others. It is all that the contract can take: what a
  station owes beyond is announced as ``unpaid``.
- **No price exceeds the penalty**, so nobody gains by selling a quota and charging all
  the same, and one absurd order cannot spoil the auction of the others.
- **Nothing gets stuck.** Whatever call is missing, from minute 90 everybody can be paid
  out. Without ``pre_allocate`` there are no quotas, and no penalties. Without ``auction``
  the initial quotas stand. The operator can close the account of a station that is gone;
  the rest still goes to the station.

Two weaknesses of the mechanism remain. Who overstates its demand gets a larger share: the
deposit makes that dear, not impossible. And bids are open: who comes last has seen the
others.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from fractions import Fraction
from typing import TypeVar

from energychain.contracts.calls import (
    BadArguments,
    address,
    answered,
    arguments,
    vault,
    whole,
)
from energychain.contracts.token import ENERGY_TOKEN
from energychain.ledger.state import Call, Event, Outcome, Storage, Transfer
from energychain.ledger.transaction import Value
from energychain.primitives.keys import Address
from energychain.primitives.refusals import Refusal
from energychain.primitives.units import divide_rounded, kwh, tokens

VAULT = vault("charging_quota")
"""Holds the deposits."""

PERIOD = 1_800
"""How long a period is [s]: a day has 48 (section 2)."""

MINUTES = {
    "initialise": (0, 5),
    "submit_demand": (0, 5),
    "pre_allocate": (5, 7),
    "submit": (7, 10),
    "auction": (10, 15),
    "measure": (60, 90),
    "pay": (60, 0),
    "withdraw": (60, 0),
}
"""When each function is open [min after the period's start]; 0 for no end. The chapter's
18:00 is minute 0, and 19:00 minute 60."""

AUCTION_RULES = ("pairwise_midpoint", "last_pair_midpoint")
"""What the auction may go by: each pair at its own midpoint, as Algorithm 1 prints it, or
all at the midpoint of the last pair, which Table 4 used."""

MOST_ENERGY = 10**12
"""No margin or demand is larger [mWh]: a million kWh."""

MOST_MONEY = 10**12
"""No tariff, penalty or worth of a token is larger [micro-CNY]: a million CNY."""

MOST_PRICE = 10**12
"""No bid or offer is higher [milli-token/kWh]: what a market's book can hold."""


class WrongCaller(Refusal):
    """This function is somebody else's."""

    rule = "caller"


class WrongPhase(Refusal):
    """The function is not open now."""

    rule = "phase"


class ShortDeposit(Refusal):
    """The deposit does not cover what may become due."""

    rule = "deposit"


class OverQuota(Refusal):
    """A seller offers more than its quota."""

    rule = "quota"


class AlreadyDone(Refusal):
    """This is done once in a period."""

    rule = "once"


# --- the arithmetic -------------------------------------------------------------------


def satisfaction(margin: int, total: int) -> Fraction:
    """The part of all demand that the margin can meet: Equation (1).

    >>> round(float(satisfaction(323, 390)), 2)
    0.83
    """
    return Fraction(1) if total <= margin else Fraction(margin, total)


def initial_quota(demand: int, margin: int, total: int) -> int:
    """A station's share of the margin, rounded down: Equation (2), in the unit of the
    arguments.

    >>> initial_quota(36_000_000, 323_000_000, 390_000_000)
    29815384
    """
    return int(satisfaction(margin, total) * demand)


def due(energy: int, price: int, token_rate: int) -> int:
    """What an energy [mWh] costs [milli-token], at a price [micro-CNY/kWh] and with tokens
    that are worth ``token_rate`` [micro-CNY].

    Table 4, station A: 29.815384 kWh at 1.12 CNY, a token being worth 0.01 CNY.

    >>> due(29_815_384, 1_120_000, 10_000)
    3339323
    """
    return divide_rounded(energy * price, token_rate * 1_000)


def bid_cost(quantity: int, price: int) -> int:
    """The most that a bid can cost [milli-token], for a quantity [mWh] and a price
    [milli-token/kWh]; rounded up.

    >>> bid_cost(3_200_000, 28_000)
    89600
    """
    return -(-quantity * price // 10**6)


Name = TypeVar("Name", bound=str)


@dataclass(frozen=True)
class QuotaOrder:
    """A wish to buy quota, or to sell some."""

    side: str
    """``buy`` or ``sell``."""

    quantity: int
    """[mWh]"""

    price: int
    """The limit [milli-token/kWh]."""


@dataclass(frozen=True)
class Matched:
    """What an auction did for one station."""

    quantity: int
    """Quota that it bought; negative if it sold [mWh]."""

    payment: int
    """What it pays; negative if it receives [milli-token]."""


def double_auction(orders: Mapping[Name, QuotaOrder], rule: str) -> dict[Name, Matched]:
    """Matches bids and offers by one of :data:`AUCTION_RULES`; all payments add up to zero.

    Of equal limits, each gets a share in proportion to its quantity; which partner it gets,
    and at which price, goes by the order in which they came: that of ``orders``. Names do
    not matter, for whoever looks long enough finds an address that sorts first.

    A payment is a whole number of milli-tokens: exact amounts are rounded down, and what is
    then missing goes to the largest remainders. So nobody pays a milli-token more than its
    limit, rounded up.

    >>> double_auction(
    ...     {"E": QuotaOrder("buy", 3_200_000, 28_000), "H": QuotaOrder("sell", 6_800_000, 16_000)},
    ...     "pairwise_midpoint",
    ... )
    {'E': Matched(quantity=3200000, payment=70400), 'H': Matched(quantity=-3200000, payment=-70400)}
    """
    # Markets load numpy, which nobody needs who only holds an account on a chain.
    from energychain.markets.clearing import in_units
    from energychain.markets.orders import Book, Order
    from energychain.markets.rules import clear

    book = Book.of(
        Order(
            name,
            name,
            "buy" if each.side == "buy" else "sell",
            each.quantity,
            each.price * 1000,
            time=came,
        )
        for came, (name, each) in enumerate(orders.items())
    )
    clearing = clear(book, rule)
    payments = in_units(clearing.payments_by_trader(), 10**9)
    fills = clearing.fills_by_order()
    return {
        name: Matched(fills[name] if each.side == "buy" else -fills[name], payments[name])
        for name, each in orders.items()
    }


# --- what is remembered ---------------------------------------------------------------


@dataclass(frozen=True)
class Period:
    """What the operator announced for a period, and how far it has come."""

    margin: int
    """Energy that all stations together may charge [mWh]."""

    tariff: int
    """[micro-CNY/kWh]"""

    penalty: int
    """For each kWh beyond the quota, on top of the tariff [micro-CNY/kWh]."""

    token_rate: int
    """What a token is worth [micro-CNY]; the chapter's is 0.01 CNY."""

    rule: str
    """One of :data:`AUCTION_RULES`."""

    meter: Address
    """Who reports what the stations charged."""

    stage: str = "demands"
    """``demands``, then ``met`` if all demand fits, or ``trading`` and ``cleared``."""

    total: int = 0
    """The sum of all demands [mWh]."""

    def fee(self, energy: int) -> int:
        """What charging costs [milli-token]."""
        return due(energy, self.tariff, self.token_rate)

    def fine(self, energy: int) -> int:
        """What charging beyond the quota costs in addition [milli-token]."""
        return due(energy, self.penalty, self.token_rate)

    def least_deposit(self, energy: int) -> int:
        """What covers the fee of an energy [mWh], and a penalty on all of it [milli-token]."""
        return self.fee(energy) + self.fine(energy)

    @property
    def highest_price(self) -> int:
        """No bid or offer may exceed it: the penalty [milli-token/kWh]."""
        return min(self.penalty * 1_000 // self.token_rate, MOST_PRICE)


UNKNOWN = -1
"""Stands for a quota that was never allocated, and a load that was never measured."""


@dataclass(frozen=True)
class Station:
    """A station's account in a period."""

    demand: int
    """[mWh]"""

    held: int
    """What the contract holds for it [milli-token]."""

    initial: int = UNKNOWN
    """The quota that it was allocated [mWh]."""

    quota: int = UNKNOWN
    """The quota after the auction [mWh]."""

    load: int = UNKNOWN
    """What the meter reported [mWh]."""

    stage: str = "open"
    """``open``, then ``paid``, then ``closed``."""

    @property
    def excess(self) -> int:
        """What it charged beyond its quota [mWh]; nothing if it never had one."""
        return max(self.load - self.quota, 0) if self.quota != UNKNOWN else 0


def opening_storage(operator: Address) -> tuple[tuple[str, Value, Value], ...]:
    """The contract's operator as an entry of a genesis record."""
    return (("charging_quota", "operator", operator),)


def period(storage: Storage, start: int) -> Period | None:
    """What was announced for the period that starts then [s], if anything was."""
    stored = storage.get(("period", start))
    return Period(*stored) if isinstance(stored, tuple) else None  # type: ignore[arg-type]


def stations(storage: Storage, start: int) -> tuple[Address, ...]:
    """Who takes part in a period, in the order in which they came."""
    return storage.get(("stations", start), ())  # type: ignore[return-value]


def station(storage: Storage, start: int, member: Address) -> Station | None:
    """A station's account in a period, if it has one."""
    stored = storage.get(("station", start, member))
    return Station(*stored) if isinstance(stored, tuple) else None  # type: ignore[arg-type]


def orders(storage: Storage, start: int) -> dict[Address, QuotaOrder]:
    """What the stations bid and offer in a period, in the order in which they came."""
    came: tuple[Address, ...] = storage.get(("orders", start), ())  # type: ignore[assignment]
    return {m: QuotaOrder(*storage["order", start, m]) for m in came}  # type: ignore[misc]


# --- the functions --------------------------------------------------------------------


def charging_quota(storage: Storage, sender: Address, call: Call) -> Outcome:
    """``initialise(start, margin, tariff, penalty, token_rate, rule, meter)``,
    ``submit_demand(start, demand, deposit)``, ``pre_allocate(start)``,
    ``submit(start, side, quantity, price)``, ``auction(start)``,
    ``measure(start, station, load)``, ``pay(start, station)`` and
    ``withdraw(start, station)``.

    ``start`` names the period [s]; energies in mWh, deposits in milli-tokens, prices in
    milli-token/kWh.

    Raises :class:`WrongCaller`, :class:`WrongPhase`, :class:`ShortDeposit`,
    :class:`OverQuota`, :class:`AlreadyDone` or
    :class:`~energychain.contracts.calls.BadArguments`.
    """
    functions = {
        "initialise": _initialise,
        "submit_demand": _submit_demand,
        "pre_allocate": _pre_allocate,
        "submit": _submit,
        "auction": _auction,
        "measure": _measure,
        "pay": _pay,
        "withdraw": _withdraw,
    }
    return answered("charging_quota", functions, storage, sender, call)


def _initialise(storage: Storage, sender: Address, call: Call) -> Outcome:
    names = ("start", "margin", "tariff", "penalty", "token_rate", "rule", "meter")
    given = dict(zip(names, arguments(call, *names), strict=True))
    start = whole(given["start"], "start")
    operator = str(storage.get("operator", ""))
    if sender != operator:
        named = operator or "one named at the genesis"
        raise WrongCaller(f"only the operator may initialise: expected {named!s}, found {sender}")
    if start % PERIOD:
        raise BadArguments(f"start: expected a multiple of {PERIOD} s, found {start}")
    _check_time(call, start)
    if period(storage, start) is not None:
        raise AlreadyDone("this period is initialised: its terms stand")
    margin = _at_most(given["margin"], "margin", 0, MOST_ENERGY)
    tariff = _at_most(given["tariff"], "tariff", 0, MOST_MONEY)
    penalty = _at_most(given["penalty"], "penalty", 0, MOST_MONEY)
    token_rate = _at_most(given["token_rate"], "token_rate", 1, MOST_MONEY)
    rule, meter = given["rule"], address(given["meter"], "meter")
    if rule not in AUCTION_RULES:
        raise BadArguments(f"rule: expected {' or '.join(AUCTION_RULES)}, found {rule!r}")
    announced = Period(margin, tariff, penalty, token_rate, str(rule), meter)
    return Outcome(
        {("period", start): astuple(announced)},
        events=(Event("Initialised", (("start", start), ("margin", margin), ("tariff", tariff))),),
    )


def _submit_demand(storage: Storage, sender: Address, call: Call) -> Outcome:
    given_start, given_demand, given_deposit = arguments(call, "start", "demand", "deposit")
    start, announced = _open_period(storage, call, given_start)
    demand = _at_most(given_demand, "demand", 1, MOST_ENERGY)
    deposit = whole(given_deposit, "deposit")
    # Whoever measures or clears would judge itself.
    if sender in (storage.get("operator"), announced.meter):
        raise WrongCaller("the operator and the meter do not take part themselves")
    if station(storage, start, sender) is not None:
        raise AlreadyDone("a station submits its demand once in a period")
    least = announced.least_deposit(demand)
    if deposit < least:
        raise ShortDeposit(
            f"a demand of {kwh(demand)} kWh takes a deposit of {tokens(least)} tokens, for the"
            f" fee and a penalty; found {tokens(deposit)}"
        )
    everybody = (*stations(storage, start), sender)
    return Outcome(
        {
            ("station", start, sender): astuple(Station(demand, deposit)),
            ("stations", start): everybody,
            ("period", start): astuple(replace(announced, total=announced.total + demand)),
        },
        (Transfer(ENERGY_TOKEN, sender, VAULT, deposit),),
        (Event("Demanded", (("station", sender), ("demand", demand), ("deposit", deposit))),),
    )


def _pre_allocate(storage: Storage, sender: Address, call: Call) -> Outcome:
    start, announced = _open_period(storage, call, *arguments(call, "start"))
    if announced.stage != "demands":
        raise AlreadyDone("the quotas of this period are allocated")
    members = _accounts(storage, start)
    met = announced.total <= announced.margin
    quotas = {
        member: initial_quota(account.demand, announced.margin, announced.total)
        for member, account in members.items()
    }
    writes: dict[Value, Value] = {
        ("station", start, member): astuple(
            replace(account, initial=quotas[member], quota=quotas[member])
        )
        for member, account in members.items()
    }
    writes["period", start] = astuple(replace(announced, stage="met" if met else "trading"))
    allocated = (
        ("total", announced.total),
        ("margin", announced.margin),
        ("auction", int(not met)),
    )
    return Outcome(
        writes,
        events=(
            Event("Allocated", allocated),
            *(Event("Quota", (("station", m), ("quota", q))) for m, q in quotas.items()),
        ),
    )


def _submit(storage: Storage, sender: Address, call: Call) -> Outcome:
    given_start, side, given_quantity, given_price = arguments(
        call, "start", "side", "quantity", "price"
    )
    start, announced = _open_period(storage, call, given_start)
    _check_trading(announced)
    account = _account(storage, start, sender)
    quantity = _at_most(given_quantity, "quantity", 1, announced.margin)
    price = whole(given_price, "price")
    if side not in ("buy", "sell"):
        raise BadArguments(f"side: expected buy or sell, found {side!r}")
    if price > announced.highest_price:
        raise BadArguments(
            f"price: expected at most the penalty, {tokens(announced.highest_price)} tokens/kWh,"
            f" found {tokens(price)}"
        )
    came = orders(storage, start)
    if sender in came:
        raise AlreadyDone("a station submits one bid or one offer in a period")
    if side == "sell" and quantity > account.initial:
        raise OverQuota(
            f"a seller offers at most its initial quota: expected up to {kwh(account.initial)}"
            f" kWh, found {kwh(quantity)}"
        )
    if side == "buy":
        most = max(account.demand, account.initial + quantity)
        least = announced.least_deposit(most) + bid_cost(quantity, price)
        if account.held < least:
            raise ShortDeposit(
                f"this bid takes a deposit of {tokens(least)} tokens, for what it may cost and"
                f" the fee and penalty of {kwh(most)} kWh; found {tokens(account.held)}"
            )
    submitted = QuotaOrder(str(side), quantity, price)
    fields = (("station", sender), ("side", side), ("quantity", quantity), ("price", price))
    return Outcome(
        {("order", start, sender): astuple(submitted), ("orders", start): (*came, sender)},
        events=(Event("Submitted", fields),),
    )


def _auction(storage: Storage, sender: Address, call: Call) -> Outcome:
    start, announced = _open_period(storage, call, *arguments(call, "start"))
    operator = _operator(storage)
    if sender != operator:
        raise WrongCaller(f"only the operator may auction: expected {operator}, found {sender}")
    if announced.stage == "cleared":
        raise AlreadyDone("the auction of this period is over")
    _check_trading(announced)
    members = _accounts(storage, start)
    matched = double_auction(orders(storage, start), announced.rule)
    writes: dict[Value, Value] = {("period", start): astuple(replace(announced, stage="cleared"))}
    events = []
    for member, result in matched.items():
        account = members[member]
        if not result.quantity:
            continue
        writes["station", start, member] = astuple(
            replace(
                account,
                held=account.held - result.payment,
                quota=account.quota + result.quantity,
            )
        )
        fields = (("station", member), ("quantity", result.quantity), ("payment", result.payment))
        events.append(Event("Traded", fields))
    cleared = sum(result.quantity for result in matched.values() if result.quantity > 0)
    return Outcome(writes, events=(Event("Cleared", (("quantity", cleared),)), *events))


def _measure(storage: Storage, sender: Address, call: Call) -> Outcome:
    given_start, given_station, given_load = arguments(call, "start", "station", "load")
    member, load = address(given_station, "station"), whole(given_load, "load")
    start, announced = _open_period(storage, call, given_start)
    if sender != announced.meter:
        raise WrongCaller(f"only the meter reports: expected {announced.meter}, found {sender}")
    account = _account(storage, start, member)
    if account.load != UNKNOWN:
        raise AlreadyDone(f"{member} was measured: {kwh(account.load)} kWh")
    return Outcome(
        {("station", start, member): astuple(replace(account, load=load))},
        events=(Event("Measured", (("station", member), ("load", load))),),
    )


def _pay(storage: Storage, sender: Address, call: Call) -> Outcome:
    start, announced, member, account = _closing(storage, sender, call)
    if account.stage != "open":
        raise AlreadyDone(f"{member} has paid for this period")
    silence = start + 60 * MINUTES["measure"][1]
    if account.load == UNKNOWN and call.time < silence:
        raise WrongPhase(
            f"the meter has not reported {member}; if it stays silent, expected in"
            f" {silence - call.time} s, the station pays nothing"
        )
    fee = announced.fee(max(account.load, 0))
    paid = min(fee, account.held)
    after = replace(account, held=account.held - paid, stage="paid")
    fields = (("station", member), ("fee", paid), ("unpaid", fee - paid))
    return Outcome(
        {("station", start, member): astuple(after)},
        (Transfer(ENERGY_TOKEN, VAULT, _operator(storage), paid),),
        (Event("Paid", fields),),
    )


def _withdraw(storage: Storage, sender: Address, call: Call) -> Outcome:
    start, announced, member, account = _closing(storage, sender, call)
    if account.stage == "open":
        raise WrongPhase(f"{member} must pay before it withdraws: call pay first")
    if account.stage == "closed":
        raise AlreadyDone(f"{member} has withdrawn its deposit of this period")
    fine = announced.fine(account.excess)
    penalty = min(fine, account.held)
    rest = account.held - penalty
    after = replace(account, held=0, stage="closed")
    fields = (("station", member), ("rest", rest), ("penalty", penalty), ("unpaid", fine - penalty))
    return Outcome(
        {("station", start, member): astuple(after)},
        (
            Transfer(ENERGY_TOKEN, VAULT, _operator(storage), penalty),
            Transfer(ENERGY_TOKEN, VAULT, member, rest),
        ),
        (Event("Withdrawn", fields),),
    )


# --- what is asked of every call ------------------------------------------------------


def _open_period(storage: Storage, call: Call, given: Value) -> tuple[int, Period]:
    """The period that a call names, if the function is open in it now."""
    start = whole(given, "start")
    announced = period(storage, start)
    if announced is None:
        raise WrongPhase(f"no period starts at {start}: expected initialise first")
    _check_time(call, start)
    return start, announced


def _check_time(call: Call, start: int) -> None:
    opens, closes = MINUTES[call.function]
    since = call.time - start
    if since < 60 * opens or (closes and since >= 60 * closes):
        until = f"to {closes}" if closes else "on"
        sign = "-" if since < 0 else ""
        raise WrongPhase(
            f"{call.function} is open from minute {opens} {until} of the period; this is minute"
            f" {sign}{abs(since) // 60}:{abs(since) % 60:02d}"
        )


def _check_trading(announced: Period) -> None:
    if announced.stage == "demands":
        raise WrongPhase("nobody called pre_allocate: there are no quotas to trade")
    if announced.stage == "met":
        raise WrongPhase("all demand is met, so there is no auction in this period")


def _closing(storage: Storage, sender: Address, call: Call) -> tuple[int, Period, Address, Station]:
    """The account that a call would close: one's own, or anybody's for the operator."""
    given_start, given_station = arguments(call, "start", "station")
    member = address(given_station, "station")
    start, announced = _open_period(storage, call, given_start)
    if sender not in (member, _operator(storage)):
        raise WrongCaller(
            f"only the station or the operator may {call.function}: expected {member}, found"
            f" {sender}"
        )
    return start, announced, member, _account(storage, start, member)


def _account(storage: Storage, start: int, member: Address) -> Station:
    account = station(storage, start, member)
    if account is None:
        raise WrongCaller(f"{member} submitted no demand in this period")
    return account


def _accounts(storage: Storage, start: int) -> dict[Address, Station]:
    return {member: _account(storage, start, member) for member in stations(storage, start)}


def _operator(storage: Storage) -> Address:
    return Address(str(storage["operator"]))


def _at_most(value: Value, name: str, least: int, most: int) -> int:
    number = whole(value, name, least)
    if number > most:
        raise BadArguments(f"{name}: expected at most {most:,}, found {number:,}")
    return number
