r"""
The energy-trade contract: two parties agree on terms, their meters report, and
anybody may have the interval settled.

1. A seller **offers**: to these buyers, in this order, so much energy per token.
2. A buyer **accepts** a seller's offer at that rate. Now there are terms.
3. Each interval every member **reports** its two registers, energy produced and
   energy consumed since the beginning [mWh]. A register only ever grows.
4. Somebody asks to **settle** the interval. The surplus
   :math:`\max(p - c, 0)` of each seller goes to its buyers up to their shortfall
   :math:`\max(c - p, 0)`, and tokens go the other way.

Tokens follow the *cumulative* energy :math:`E` of a seller and buyer, never the
hour's increment: after each interval the buyer has paid

.. math:: \mathrm{due}(E) = \mathrm{round}(E / e)

milli-tokens in all, where :math:`e` is the energy per milli-token. So rounding
errors cannot pile up. This is the rule that reproduces Table 2 of Cali & Fifield
(2019) in every cell; rounding each hour by itself misses two.

A buyer whose tokens do not cover the interval is refused by name for that
interval, and its share is offered to the next.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from energychain.contracts.calls import (
    BadArguments,
    addresses,
    answered,
    arguments,
    whole,
)
from energychain.contracts.token import ENERGY_TOKEN
from energychain.ledger.state import Call, Event, Outcome, Storage, Transfer
from energychain.ledger.transaction import Value
from energychain.markets.fixed_price import SPLITS, Trade, serve
from energychain.primitives.keys import Address
from energychain.primitives.refusals import Refusal
from energychain.primitives.units import divide_rounded, kwh


class NoTerms(Refusal):
    """The two parties have not agreed."""

    rule = "terms"


class AlreadyReported(Refusal):
    """This interval of this meter is on the ledger already."""

    rule = "reading"


class RegisterFell(Refusal):
    """A register is smaller than it was: meters only count up."""

    rule = "register"


class NotYet(Refusal):
    """The interval is not over, or nobody has reported it."""

    rule = "interval"


class AlreadySettled(Refusal):
    """This interval was settled before."""

    rule = "settlement"


def opening_storage(
    split: str, start: int = 0, interval: int = 0
) -> tuple[tuple[str, Value, Value], ...]:
    """The contract's choices as entries of a genesis record: how surplus is divided (see
    :data:`energychain.markets.fixed_price.SPLITS`), when interval 0 begins [s], and how
    long an interval is [s].
    """
    return (
        ("energy_trade", "split", split),
        ("energy_trade", "start", start),
        ("energy_trade", "interval", interval),
    )


def tokens_due(energy: int, mwh_per_token: int) -> int:
    """The milli-tokens that a buyer owes in all for a cumulative energy [mWh].

    >>> tokens_due(427_852, 150_000)
    2852
    """
    return divide_rounded(energy * 1_000, mwh_per_token)


def energy_trade(storage: Storage, sender: Address, call: Call) -> Outcome:
    """``offer(buyers, mwh_per_token)``, ``accept(sellers, mwh_per_token)``,
    ``report(interval, produced, consumed)`` and ``settle(interval)``.
    """
    functions = {"offer": _offer, "accept": _accept, "report": _report, "settle": _settle}
    return answered("energy_trade", functions, storage, sender, call)


# --- terms ----------------------------------------------------------------------------


def _offer(storage: Storage, sender: Address, call: Call) -> Outcome:
    listed, rate = arguments(call, "buyers", "mwh_per_token")
    buyers, mwh_per_token = addresses(listed, "buyers"), whole(rate, "mwh_per_token", 1)
    if sender in buyers:
        raise BadArguments("nobody sells to itself")
    sellers = _members(storage, "sellers")
    writes: dict[Value, Value] = {("offer", sender): (mwh_per_token, buyers)}
    if sender not in sellers:
        writes["sellers"] = (*sellers, sender)
    return Outcome(writes, events=(Event("Offered", (("mwh_per_token", mwh_per_token),)),))


def _accept(storage: Storage, sender: Address, call: Call) -> Outcome:
    listed, rate = arguments(call, "sellers", "mwh_per_token")
    sellers, mwh_per_token = addresses(listed, "sellers"), whole(rate, "mwh_per_token", 1)
    for seller in sellers:
        offered, buyers = _offer_of(storage, seller)
        if sender not in buyers:
            raise NoTerms(f"{seller} made no offer to {sender}")
        if mwh_per_token != offered:
            raise NoTerms(
                f"{seller} offers {kwh(offered)} kWh per token, accepted was {kwh(mwh_per_token)}"
            )
    accepted: dict[Value, Value] = {("terms", seller, sender): mwh_per_token for seller in sellers}
    return Outcome(accepted, events=(Event("Accepted", (("sellers", len(sellers)),)),))


# --- readings -------------------------------------------------------------------------


@dataclass(frozen=True)
class Meter:
    """What the ledger knows of a member's meter."""

    interval: int = -1
    """The newest interval that was reported."""

    produced: int = 0
    """Register of energy produced [mWh]."""

    consumed: int = 0
    """Register of energy consumed [mWh]."""

    net: int = 0
    """Produced less consumed in the newest interval [mWh]."""


def meter(storage: Storage, member: Address) -> Meter:
    """What the contract's storage says of a member's meter."""
    stored = storage.get(("meter", member))
    return Meter(*stored) if isinstance(stored, tuple) else Meter()  # type: ignore[arg-type]


def _report(storage: Storage, sender: Address, call: Call) -> Outcome:
    names = ("interval", "produced", "consumed")
    interval, produced, consumed = (
        whole(value, name) for value, name in zip(arguments(call, *names), names, strict=True)
    )
    before = meter(storage, sender)
    _check_over(storage, call, interval)
    if interval <= _last_settled(storage):
        raise AlreadySettled(f"interval {interval} is settled: report it with the next one")
    if interval <= before.interval:
        raise AlreadyReported(
            f"interval {interval} was reported before; the next is {before.interval + 1}"
        )
    if produced < before.produced or consumed < before.consumed:
        raise RegisterFell(
            f"the registers stood at {kwh(before.produced)} and {kwh(before.consumed)} kWh,"
            f" reported were {kwh(produced)} and {kwh(consumed)}"
        )
    net = (produced - before.produced) - (consumed - before.consumed)
    members = _members(storage, "members")
    writes: dict[Value, Value] = {("meter", sender): (interval, produced, consumed, net)}
    if sender not in members:
        writes["members"] = (*members, sender)
    return Outcome(writes, events=(Event("Reported", (("interval", interval), ("net", net))),))


# --- settlement -----------------------------------------------------------------------


def _settle(storage: Storage, sender: Address, call: Call) -> Outcome:
    (interval,) = (whole(value, "interval") for value in arguments(call, "interval"))
    last = _last_settled(storage)
    _check_over(storage, call, interval)
    if interval <= last:
        raise AlreadySettled(f"interval {interval} was settled before; the next is {last + 1}")
    net = {
        member: reading.net
        for member in _members(storage, "members")
        if (reading := meter(storage, member)).interval == interval
    }
    if not net:
        raise NotYet(f"nobody has reported interval {interval}")
    surplus = {s: net[s] for s in _members(storage, "sellers") if net.get(s, 0) > 0}
    shortfall = {member: -amount for member, amount in net.items() if amount < 0}
    partners = {s: _partners(storage, s) for s in surplus}
    split = SPLITS[str(storage.get("split", "in order"))]

    refused: list[Event] = []
    while True:
        trades = serve(surplus, shortfall, partners, split)
        payments = {trade: _payment(storage, trade) for trade in trades}
        broke = _cannot_pay(payments, call)
        if broke is None:
            break
        buyer, due, owned = broke
        del shortfall[buyer]
        refused.append(Event("Refused", (("buyer", buyer), ("due", due), ("owned", owned))))
    return _settled(storage, interval, payments, tuple(refused))


# Without this, one call could settle the far future and lock everybody out until then.
def _check_over(storage: Storage, call: Call, interval: int) -> None:
    start, length = storage.get("start", 0), storage.get("interval", 0)
    assert isinstance(start, int)
    assert isinstance(length, int)
    end = start + (interval + 1) * length
    if length and call.time < end:
        raise NotYet(f"interval {interval} is over in {end - call.time} s")


def _last_settled(storage: Storage) -> int:
    last = storage.get("settled", -1)
    assert isinstance(last, int)
    return last


def _settled(
    storage: Storage,
    interval: int,
    payments: Mapping[Trade[Address], int],
    refused: tuple[Event, ...],
) -> Outcome:
    writes: dict[Value, Value] = {"settled": interval}
    transfers, events = [], list(refused)
    for trade, payment in payments.items():
        key = _register_key(storage, trade.seller, trade.buyer)
        energy, paid = register(storage, trade.seller, trade.buyer)
        writes[key] = (energy + trade.energy, paid + payment)
        transfers.append(Transfer(ENERGY_TOKEN, trade.buyer, trade.seller, payment))
        events.append(
            Event(
                "Sold",
                (
                    ("seller", trade.seller),
                    ("buyer", trade.buyer),
                    ("energy", trade.energy),
                    ("tokens", payment),
                ),
            )
        )
    return Outcome(writes, tuple(transfers), tuple(events))


def register(storage: Storage, seller: Address, buyer: Address) -> tuple[int, int]:
    """What has gone from a seller to a buyer under their present terms: energy [mWh]
    and the tokens paid for it [milli-token].
    """
    return storage.get(_register_key(storage, seller, buyer), (0, 0))  # type: ignore[return-value]


# The rate is part of the key: new terms open a new register, and never reprice the old one.
def _register_key(storage: Storage, seller: Address, buyer: Address) -> Value:
    return ("register", seller, buyer, _rate(storage, seller, buyer))


def _rate(storage: Storage, seller: Address, buyer: Address) -> int:
    rate = storage.get(("terms", seller, buyer), 0)
    assert isinstance(rate, int)
    return rate


def _payment(storage: Storage, trade: Trade[Address]) -> int:
    energy, paid = register(storage, trade.seller, trade.buyer)
    rate = _rate(storage, trade.seller, trade.buyer)
    return tokens_due(energy + trade.energy, rate) - paid


def _cannot_pay(
    payments: Mapping[Trade[Address], int], call: Call
) -> tuple[Address, int, int] | None:
    """The first buyer whose tokens do not cover what it is to pay."""
    due: dict[Address, int] = {}
    for trade, payment in payments.items():
        due[trade.buyer] = due.get(trade.buyer, 0) + payment
    for buyer, amount in due.items():
        owned = call.balance(ENERGY_TOKEN, buyer)
        if amount > owned:
            return buyer, amount, owned
    return None


def _partners(storage: Storage, seller: Address) -> tuple[Address, ...]:
    """The buyers who accepted a seller's present offer, in its order."""
    rate, buyers = _offer_of(storage, seller)
    return tuple(buyer for buyer in buyers if _rate(storage, seller, buyer) == rate)


def _offer_of(storage: Storage, seller: Address) -> tuple[int, tuple[Address, ...]]:
    return storage.get(("offer", seller), (0, ()))  # type: ignore[return-value]


def _members(storage: Storage, list_name: str) -> tuple[Address, ...]:
    return storage.get(list_name, ())  # type: ignore[return-value]
