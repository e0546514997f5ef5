"""
Flexibility: somebody changes its load on demand, and is paid for what its meter shows.

Shafie-khah (ed., 2020), *Blockchain-based Smart Grids*, chapter 5, section 3.2. Buyers
are system operators and small customers; sellers are aggregators and whoever owns
batteries, electric vehicles, flexible loads or power plants
(:data:`energychain.contracts.roles.TABLE`). A product is a direction, a place and a slot:

=========  ====================================================================
``up``     more generation or less consumption than the baseline
``down``   less generation or more consumption than the baseline
=========  ====================================================================

1. A system operator states the expected load of a feeder in a slot and between which
   ``limit``s it must stay. Only then can flexibility be asked for there.
2. Until the gate, sellers ``offer`` (with the baseline against which they will be
   measured) and buyers ``request``, with the money beside it. A request that would push
   the feeder out of its limits is refused: a product bought for one grid must not cause
   problems in another (section 3.2, product 1).
3. Between gate and slot anybody may ``clear`` the product, at one price
   (:func:`energychain.markets.uniform_price.uniform_price`). Buyers then ``activate``
   what they have booked. What is not activated costs nothing: there is no payment for
   standing by.
4. When the slot is over, each seller's meter ``measure``s for as long as a slot lasts;
   then anybody may ``settle``. Paid is what was delivered, and no more than what was
   activated; who delivers a part is paid that part, shared by its buyers in proportion.

How the limits are checked, the gate and the baseline are ours; the chapter leaves them
open. A seller who states too high a baseline is paid for nothing: the contract shows the
baseline to all before the gate, and cannot do more.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, replace

from energychain.contracts.calls import BadArguments, arguments, unknown_function
from energychain.contracts.roles import (
    FLEXIBILITY,
    actions,
    member,
    register,
    require_role,
    text,
)
from energychain.contracts.slots import (
    MOST,
    MWH_PER_KWH,
    AlreadyDone,
    LimitExceeded,
    NoLimitStated,
    a_slot,
    after,
    amount,
    before,
    cost,
    number,
    paid_in,
    paid_out,
    rows,
    slots,
)
from energychain.contracts.slots import opening_storage as slot_storage
from energychain.ledger.state import Call, Event, Outcome, Storage
from energychain.ledger.transaction import Value
from energychain.markets.fixed_price import pro_rata
from energychain.primitives.keys import Address
from energychain.primitives.refusals import Refusal
from energychain.primitives.units import kwh

CONTRACT = "flexibility"

UP, DOWN = "up", "down"

PRODUCTS = (UP, DOWN)


class NothingBooked(Refusal):
    """The sender has booked or sold nothing here."""

    rule = "booking"


@dataclass(frozen=True)
class Limit:
    """What a system operator states of a feeder in a slot, as it is stored [mWh]."""

    load: int
    """The expected load, net of generation there."""

    low: int
    """The least that is allowed; negative if energy may flow back."""

    high: int
    """The most that is allowed."""

    up: int = 0
    """Upward flexibility that was asked for since."""

    down: int = 0
    """Downward flexibility that was asked for since."""

    def room(self, product: str) -> int:
        """How much of a product can still be asked for [mWh]. What was asked for the other
        way makes no room, because it may not be delivered.
        """
        if product == UP:
            return max(0, self.load - self.low - self.up)
        return max(0, self.high - self.load - self.down)


@dataclass(frozen=True)
class Offer:
    """A seller's offer, as it is stored."""

    seller: Address
    quantity: int
    price: int
    baseline: int
    """The seller's load without activation [mWh]; negative if it generates."""


@dataclass(frozen=True)
class Request:
    """A buyer's request, as it is stored."""

    buyer: Address
    quantity: int
    price: int
    deposit: int


@dataclass(frozen=True)
class Booking:
    """What was cleared between a buyer's request and a seller, as it is stored."""

    request: int
    """The number of the request."""

    buyer: Address
    seller: Address
    quantity: int
    price: int
    active: int = 0
    """1 once the buyer has activated it."""


def opening_storage(start: int, length: int, gate: int) -> tuple[tuple[str, Value, Value], ...]:
    """When slot 0 begins and how long a slot is [s], and how long before a slot bids end
    [s], as entries of a genesis record. The registry comes from
    :func:`energychain.contracts.roles.opening_storage`.
    """
    return ((CONTRACT, "gate", gate), *slot_storage(CONTRACT, start, length))


def flexibility(storage: Storage, sender: Address, call: Call) -> Outcome:
    """``limit(slot, feeder, load, low, high)``, ``offer(slot, product, energy, price,
    baseline)`` (on the seller's own feeder), ``request(slot, feeder, product, energy,
    price)``, ``clear(slot, feeder, product)``, ``activate(slot, feeder, product)``,
    ``measure(slot, load)``, ``settle(slot, feeder, product)``; and ``register(member,
    roles, place)``.

    Energy in mWh, prices in micro-money/kWh.
    """
    lines = actions(FLEXIBILITY)
    if call.function == "register":
        return register(storage, sender, call)
    if call.function not in lines:
        raise unknown_function(FLEXIBILITY, call, *lines, "register")
    require_role(storage, sender, FLEXIBILITY, call.function)
    return _FUNCTIONS[call.function](storage, sender, call)


# --- before the gate ------------------------------------------------------------------


def _limit(storage: Storage, sender: Address, call: Call) -> Outcome:
    names = ("load", "low", "high")
    at, where, *given = arguments(call, "slot", "feeder", *names)
    slot, feeder = a_slot(at), text(where, "feeder")
    load, low, high = (amount(v, n, -MOST) for v, n in zip(given, names, strict=True))
    if low > high:
        raise BadArguments(f"low: expected at most {high}, found {low}")
    _before_gate(storage, call, slot)
    known = limit_of(storage, slot, feeder)
    if known is not None and (known.up or known.down):
        raise AlreadyDone(
            f"flexibility was asked for on {feeder!r} in slot {slot}: its limits stay as stated"
        )
    stated = Event("Limited", (("slot", slot), ("feeder", feeder), ("load", load)))
    return Outcome({("limit", slot, feeder): astuple(Limit(load, low, high))}, events=(stated,))


def _offer(storage: Storage, sender: Address, call: Call) -> Outcome:
    at, what, energy, limit, load = arguments(
        call, "slot", "product", "energy", "price", "baseline"
    )
    slot, product = a_slot(at), _product(what)
    quantity, price = amount(energy, "energy", 1), amount(limit, "price")
    baseline, feeder = amount(load, "baseline", -MOST), member(storage, sender).place
    _before_gate(storage, call, slot)
    # One offer a slot: a meter shows one change of load, which cannot be delivered twice.
    if ("sells", slot, sender) in storage:
        raise AlreadyDone(f"{sender} has an offer for slot {slot}")
    offers = (*_offers(storage, slot, feeder, product), Offer(sender, quantity, price, baseline))
    made = Event("Offered", (("slot", slot), ("feeder", feeder), ("product", product)))
    return Outcome(
        {
            ("offers", slot, feeder, product): _stored(offers),
            ("sells", slot, sender): (feeder, product),
        },
        events=(made,),
    )


def _request(storage: Storage, sender: Address, call: Call) -> Outcome:
    at, where, what, energy, most = arguments(call, "slot", "feeder", "product", "energy", "price")
    slot, feeder, product = a_slot(at), text(where, "feeder"), _product(what)
    quantity, price = amount(energy, "energy", 1), amount(most, "price")
    _before_gate(storage, call, slot)
    known = limit_of(storage, slot, feeder)
    if known is None:
        raise NoLimitStated(
            f"no system operator has stated what {feeder!r} can carry in slot {slot}"
        )
    if quantity > known.room(product):
        raise LimitExceeded(
            f"{kwh(quantity)} kWh {product} on {feeder!r} in slot {slot} are too much: the load"
            f" is {kwh(known.load)} kWh and must stay from {kwh(known.low)} to"
            f" {kwh(known.high)}; {kwh(known.room(product))} kWh can still be asked for"
        )
    booked = (
        replace(known, up=known.up + quantity)
        if product == UP
        else replace(known, down=known.down + quantity)
    )
    deposit = cost(quantity, price)
    requests = _requests(storage, slot, feeder, product)
    new = Request(sender, quantity, price, deposit)
    asked = Event("Requested", (("slot", slot), ("feeder", feeder), ("product", product)))
    return Outcome(
        {
            ("requests", slot, feeder, product): _stored((*requests, new)),
            ("limit", slot, feeder): astuple(booked),
        },
        paid_in(CONTRACT, sender, deposit),
        (asked,),
    )


# --- between gate and slot ------------------------------------------------------------


def _clear(storage: Storage, sender: Address, call: Call) -> Outcome:
    from energychain.markets.orders import Book, Order
    from energychain.markets.uniform_price import uniform_price

    slot, feeder, product = market = _market(call)
    after(call.time, _gate(storage, slot), f"clearing slot {slot}")
    before(call.time, slots(storage).begins(slot), f"clearing slot {slot}")
    if ("price", *market) in storage:
        raise AlreadyDone(f"{product} on {feeder!r} in slot {slot} was cleared before")
    requests, offers = _requests(storage, *market), _offers(storage, *market)
    clearing = uniform_price(
        Book.of(
            [
                *(Order(f"b{i:06}", r.buyer, "buy", r.quantity, r.price, i)
                  for i, r in enumerate(requests)),
                *(Order(f"s{i:06}", o.seller, "sell", o.quantity, o.price, i)
                  for i, o in enumerate(offers)),
            ]
        )
    )  # fmt: skip
    fills, price = clearing.fills_by_order(), clearing.price or 0
    left = [fills[f"s{i:06}"] for i in range(len(offers))]
    bookings, first = [], 0
    for i, request in enumerate(requests):
        wanted = fills[f"b{i:06}"]
        while wanted:
            quantity = min(wanted, left[first])
            if quantity:
                seller = offers[first].seller
                bookings.append(Booking(i, request.buyer, seller, quantity, price))
            wanted -= quantity
            left[first] -= quantity
            first += not left[first]
    cleared = Event(
        "Cleared",
        (
            ("slot", slot),
            ("feeder", feeder),
            ("product", product),
            ("energy", clearing.quantity),
            ("price", price),
        ),
    )
    return Outcome(
        {("bookings", *market): _stored(bookings), ("price", *market): price}, events=(cleared,)
    )


def _activate(storage: Storage, sender: Address, call: Call) -> Outcome:
    slot, feeder, product = market = _market(call)
    before(call.time, slots(storage).begins(slot), f"activating for slot {slot}")
    bookings = bookings_of(storage, *market)
    called = sum(b.quantity for b in bookings if b.buyer == sender and not b.active)
    if not called:
        raise NothingBooked(
            f"{sender} has nothing booked that it could activate: {product} on {feeder!r} in"
            f" slot {slot}"
        )
    changed = [replace(b, active=1) if b.buyer == sender else b for b in bookings]
    activated = Event(
        "Activated", (("slot", slot), ("feeder", feeder), ("product", product), ("energy", called))
    )
    return Outcome({("bookings", *market): _stored(changed)}, events=(activated,))


# --- after the slot -------------------------------------------------------------------


def _measure(storage: Storage, sender: Address, call: Call) -> Outcome:
    at, metered = arguments(call, "slot", "load")
    slot, load = a_slot(at), amount(metered, "load", -MOST)
    times = slots(storage)
    after(call.time, times.ends(slot), f"measuring slot {slot}")
    before(call.time, times.ends(slot + 1), f"measuring slot {slot}")
    if ("sells", slot, sender) not in storage:
        raise NothingBooked(f"{sender} offered nothing for slot {slot}")
    if ("measured", slot, sender) in storage:
        raise AlreadyDone(f"{sender} was measured in slot {slot} before")
    measured = Event("Measured", (("slot", slot), ("seller", sender), ("load", load)))
    return Outcome({("measured", slot, sender): load}, events=(measured,))


def _settle(storage: Storage, sender: Address, call: Call) -> Outcome:
    from energychain.markets.clearing import in_units

    slot, feeder, product = market = _market(call)
    after(call.time, slots(storage).ends(slot + 1), f"settling slot {slot}")
    if ("settled", *market) in storage:
        raise AlreadyDone(f"{product} on {feeder!r} in slot {slot} was settled before")
    requests = _requests(storage, *market)
    delivered = _delivered(storage, *market)
    exact: dict[str, int] = {f"r{i:06}": 0 for i in range(len(requests))}
    events = []
    for booking, energy in delivered:
        worth = energy * booking.price
        exact[f"r{booking.request:06}"] += worth
        exact[f"s{booking.seller}"] = exact.get(f"s{booking.seller}", 0) - worth
        events.append(
            Event(
                "Delivered",
                (
                    ("slot", slot),
                    ("seller", booking.seller),
                    ("buyer", booking.buyer),
                    ("booked", booking.quantity),
                    ("energy", energy),
                    ("price", booking.price),
                ),
            )
        )
    paid = in_units(exact, MWH_PER_KWH)
    due: dict[Address, int] = {}
    for i, request in enumerate(requests):
        rest = request.deposit - paid[f"r{i:06}"]
        due[request.buyer] = due.get(request.buyer, 0) + rest
    for seller in dict.fromkeys(booking.seller for booking, _ in delivered):
        due[seller] = due.get(seller, 0) - paid[f"s{seller}"]
    total = sum(energy for _, energy in delivered)
    settled = Event("Settled", (("slot", slot), ("feeder", feeder), ("energy", total)))
    return Outcome({("settled", *market): total}, paid_out(CONTRACT, due), (*events, settled))


def _delivered(storage: Storage, slot: int, feeder: str, product: str) -> list[tuple[Booking, int]]:
    """What each activated booking got [mWh]; nothing of a seller that was not measured."""
    bookings = [b for b in bookings_of(storage, slot, feeder, product) if b.active]
    baselines = {o.seller: o.baseline for o in _offers(storage, slot, feeder, product)}
    got = []
    for seller in dict.fromkeys(booking.seller for booking in bookings):
        own = [booking for booking in bookings if booking.seller == seller]
        load = number(storage, ("measured", slot, seller), baselines[seller])
        change = baselines[seller] - load if product == UP else load - baselines[seller]
        parts = pro_rata(max(0, change), [booking.quantity for booking in own])
        got += list(zip(own, parts, strict=True))
    return got


# --- what is stored -------------------------------------------------------------------


def limit_of(storage: Storage, slot: int, feeder: str) -> Limit | None:
    """What a system operator stated of a feeder in a slot; nothing if none has."""
    stored = storage.get(("limit", slot, feeder))
    return Limit(*stored) if isinstance(stored, tuple) else None  # type: ignore[arg-type]


def bookings_of(storage: Storage, slot: int, feeder: str, product: str) -> tuple[Booking, ...]:
    """What was cleared of a product."""
    stored = rows(storage, ("bookings", slot, feeder, product))
    return tuple(Booking(*row) for row in stored)  # type: ignore[arg-type]


def _offers(storage: Storage, slot: int, feeder: str, product: str) -> tuple[Offer, ...]:
    stored = rows(storage, ("offers", slot, feeder, product))
    return tuple(Offer(*row) for row in stored)  # type: ignore[arg-type]


def _requests(storage: Storage, slot: int, feeder: str, product: str) -> tuple[Request, ...]:
    stored = rows(storage, ("requests", slot, feeder, product))
    return tuple(Request(*row) for row in stored)  # type: ignore[arg-type]


def _stored(records: Iterable[Offer | Request | Booking]) -> Value:
    return tuple(astuple(record) for record in records)


def _market(call: Call) -> tuple[int, str, str]:
    at, where, what = arguments(call, "slot", "feeder", "product")
    return a_slot(at), text(where, "feeder"), _product(what)


def _product(value: Value) -> str:
    if value not in PRODUCTS:
        raise BadArguments(f"product: expected {' or '.join(PRODUCTS)}, found {value!r}")
    return str(value)


def _gate(storage: Storage, slot: int) -> int:
    return slots(storage).begins(slot) - number(storage, "gate")


def _before_gate(storage: Storage, call: Call, slot: int) -> None:
    before(call.time, _gate(storage, slot), f"bidding for slot {slot}")


_FUNCTIONS = {
    "limit": _limit,
    "offer": _offer,
    "request": _request,
    "clear": _clear,
    "activate": _activate,
    "measure": _measure,
    "settle": _settle,
}
