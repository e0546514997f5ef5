"""
Peer-to-peer trading: members sell energy to each other, slot by slot.

Shafie-khah (ed., 2020), *Blockchain-based Smart Grids*, chapter 5, section 3.1, knows
three designs. The genesis record chooses one, and with it the lines of
:data:`energychain.contracts.roles.TABLE` that hold.

==============  =====================================================================
``full``        every member for itself: orders in a pool, or an offer to one peer
``community``   only the mediator trades outside; members report their net position
                and share the costs at the mid-market rate
``hybrid``      both; who trades alone in a slot is not also counted in a community
==============  =====================================================================

The life of a slot:

1. Before it begins: ``sell``, ``buy``, ``cancel`` in the pool; ``offer``, ``withdraw``,
   ``accept`` between two; a system operator states a ``limit``; a mediator states a
   ``quote``. Whoever may have to pay puts the most that it can come to into the vault.
2. When it has begun anybody may ``clear`` it. Agreed pairs go first, then the pool, by a
   rule of :mod:`energychain.markets.rules`. Each trade is checked against what the
   operators stated, and cut where it does not fit: "constraints ... should be checked
   after each transaction" (section 3.1.1). What is not used of a deposit goes back.
3. When it is over, members of a community ``report`` their metered net position for as
   long as a slot lasts; then anybody may ``settle`` it.

A system operator can do nothing but state a limit, and only before the slot begins:
its actions "should be limited because it may lead to market distortion" (section 2.5).
A limit that is stated, or lowered, after a pair has agreed curtails that pair.

What this contract does not know is whether a seller delivers: a difference between
trade and meter is the retailer's business, outside.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING

from energychain.contracts.calls import (
    BadArguments,
    address,
    arguments,
    unknown_function,
    whole,
)
from energychain.contracts.roles import (
    COMMUNITY,
    FULL,
    HYBRID,
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
    a_slot,
    after,
    amount,
    before,
    cost,
    paid_in,
    paid_out,
    rows,
    slots,
)
from energychain.contracts.slots import opening_storage as slot_storage
from energychain.ledger.state import Call, Event, Outcome, Storage
from energychain.ledger.transaction import Value
from energychain.primitives.keys import Address
from energychain.primitives.refusals import Refusal
from energychain.primitives.units import divide_rounded, kwh

if TYPE_CHECKING:
    from energychain.markets.clearing import Clearing

CONTRACT = "peer_to_peer"

DESIGNS: Mapping[str, str] = {"full": FULL, "community": COMMUNITY, "hybrid": HYBRID}
"""The three designs and their platforms in the table of roles."""


class NoSuchOffer(Refusal):
    """There is no such offer or order, or it is another's, or it is gone."""

    rule = "offer"


class NoCommunity(Refusal):
    """The sender is in no community, or its mediator has stated no prices."""

    rule = "community"


class TradesAlone(Refusal):
    """Who trades alone in a slot is not also counted in a community."""

    rule = "trades alone"


class MediatorsDeposit(Refusal):
    """The mediator has not put down enough to pay for so much surplus."""

    rule = "mediator's deposit"


@dataclass(frozen=True)
class Order:
    """An order in the pool, as it is stored."""

    trader: Address
    side: str
    quantity: int
    """[mWh]"""

    price: int
    """[micro-money/kWh]"""

    place: str
    deposit: int
    """What a buyer put down [micro-money]."""


@dataclass(frozen=True)
class Offer:
    """An offer from one to one, as it is stored."""

    seller: Address
    quantity: int
    price: int
    place: str
    to: str
    """For whom it is; empty if for anybody."""


@dataclass(frozen=True)
class Deal:
    """An offer that was accepted, as it is stored."""

    seller: Address
    buyer: Address
    quantity: int
    price: int
    source: str
    """The seller's place."""

    sink: str
    """The buyer's place."""

    deposit: int


@dataclass(frozen=True)
class Report:
    """A member's net position in a slot, as it is stored."""

    member: Address
    net: int
    """What it produced less what it consumed [mWh]."""

    deposit: int


def opening_storage(
    design: str, start: int, length: int, rule: str = "uniform"
) -> tuple[tuple[str, Value, Value], ...]:
    """The platform's choices as entries of a genesis record: the design, when slot 0 begins
    and how long a slot is [s], and the pool's clearing rule: one in which buyers pay what
    sellers receive (``uniform``, ``pairwise``, ``last_pair``, ``pay_as_bid``). The registry
    comes from :func:`energychain.contracts.roles.opening_storage`.

    Raises ``ValueError`` for an unknown design.
    """
    if design not in DESIGNS:
        raise ValueError(f"the design is {', '.join(DESIGNS)}; found {design!r}")
    return (
        (CONTRACT, "design", design),
        (CONTRACT, "rule", rule),
        *slot_storage(CONTRACT, start, length),
    )


def peer_to_peer(storage: Storage, sender: Address, call: Call) -> Outcome:
    """``sell(slot, energy, price)``, ``buy(slot, energy, price)``, ``cancel(slot, order)``,
    ``offer(slot, energy, price, to)``, ``withdraw(slot, offer)``, ``accept(slot, offer)``,
    ``limit(slot, place, exported, imported)``, ``clear(slot)``; in a community also
    ``join(mediator)``, ``quote(slot, price_in, price_out, deposit)``, ``report(slot, net)``,
    ``settle(slot, mediator)``; and ``register(member, roles, place)``.

    Energy in mWh, prices in micro-money/kWh.
    """
    platform = DESIGNS[str(storage["design"])]
    lines = actions(platform)
    open_to_owners = {"cancel": _cancel, "withdraw": _withdraw, "register": register}
    if call.function in open_to_owners:
        return open_to_owners[call.function](storage, sender, call)
    if call.function not in lines:
        raise unknown_function(platform, call, *lines, *open_to_owners)
    require_role(storage, sender, platform, call.function)
    return _FUNCTIONS[call.function](storage, sender, call)


# --- the pool -------------------------------------------------------------------------


def _sell(storage: Storage, sender: Address, call: Call) -> Outcome:
    return _order(storage, sender, call, "sell")


def _buy(storage: Storage, sender: Address, call: Call) -> Outcome:
    return _order(storage, sender, call, "buy")


def _order(storage: Storage, sender: Address, call: Call, side: str) -> Outcome:
    at, energy, limit = arguments(call, "slot", "energy", "price")
    slot, quantity, price = a_slot(at), amount(energy, "energy", 1), amount(limit, "price")
    before(call.time, slots(storage).begins(slot), f"trading for slot {slot}")
    deposit = cost(quantity, price) if side == "buy" else 0
    orders = _orders(storage, slot)
    new = Order(sender, side, quantity, price, _place(storage, sender), deposit)
    placed = Event("Ordered", (("slot", slot), ("order", len(orders)), ("side", side)))
    return Outcome(
        _stored(("orders", slot), (*orders, new)), paid_in(CONTRACT, sender, deposit), (placed,)
    )


def _cancel(storage: Storage, sender: Address, call: Call) -> Outcome:
    slot, number = (whole(v, n) for v, n in zip(arguments(call, *_BY), _BY, strict=True))
    before(call.time, slots(storage).begins(slot), f"trading for slot {slot}")
    orders = list(_orders(storage, slot))
    if number >= len(orders) or orders[number].trader != sender or not orders[number].quantity:
        raise NoSuchOffer(f"{sender} has no order {number} for slot {slot}")
    deposit = orders[number].deposit
    orders[number] = replace(orders[number], quantity=0, deposit=0)
    gone = Event("Cancelled", (("slot", slot), ("order", number)))
    return Outcome(
        _stored(("orders", slot), orders), paid_out(CONTRACT, {sender: deposit}), (gone,)
    )


_BY = ("slot", "number")


# --- from one to one ------------------------------------------------------------------


def _offer(storage: Storage, sender: Address, call: Call) -> Outcome:
    at, energy, limit, whom = arguments(call, "slot", "energy", "price", "to")
    slot, quantity, price = a_slot(at), amount(energy, "energy", 1), amount(limit, "price")
    before(call.time, slots(storage).begins(slot), f"trading for slot {slot}")
    to = address(whom, "to") if whom != "" else ""
    offers = _offers(storage, slot)
    new = Offer(sender, quantity, price, _place(storage, sender), to)
    made = Event("Offered", (("slot", slot), ("offer", len(offers)), ("to", to)))
    return Outcome(_stored(("offers", slot), (*offers, new)), events=(made,))


def _withdraw(storage: Storage, sender: Address, call: Call) -> Outcome:
    slot, number = (whole(v, n) for v, n in zip(arguments(call, *_BY), _BY, strict=True))
    offers = list(_offers(storage, slot))
    if number >= len(offers) or offers[number].seller != sender or not offers[number].quantity:
        raise NoSuchOffer(f"{sender} has no offer {number} for slot {slot}")
    offers[number] = replace(offers[number], quantity=0)
    gone = Event("Withdrawn", (("slot", slot), ("offer", number)))
    return Outcome(_stored(("offers", slot), offers), events=(gone,))


def _accept(storage: Storage, sender: Address, call: Call) -> Outcome:
    slot, number = (whole(v, n) for v, n in zip(arguments(call, *_BY), _BY, strict=True))
    before(call.time, slots(storage).begins(slot), f"trading for slot {slot}")
    offers = list(_offers(storage, slot))
    offer = offers[number] if number < len(offers) else None
    if offer is None or not offer.quantity or offer.to not in ("", sender):
        raise NoSuchOffer(f"there is no offer {number} for {sender} in slot {slot}")
    if offer.seller == sender:
        raise BadArguments("nobody sells to itself")
    deposit = cost(offer.quantity, offer.price)
    new = Deal(
        offer.seller,
        sender,
        offer.quantity,
        offer.price,
        offer.place,
        _place(storage, sender),
        deposit,
    )
    deals = _deals(storage, slot)
    fitting = _Grid(storage, slot).fit([*_flows(deals), *_flows([new])])[-1]
    if fitting < new.quantity:
        raise LimitExceeded(
            f"{kwh(new.quantity)} kWh from {new.source or 'anywhere'} to"
            f" {new.sink or 'anywhere'} in slot {slot} do not fit: {kwh(fitting)} kWh are left"
            " of what the system operator stated"
        )
    offers[number] = replace(offer, quantity=0)
    writes = _stored(("offers", slot), offers) | _stored(("deals", slot), (*deals, new))
    agreed = Event("Agreed", (("slot", slot), ("seller", new.seller), ("energy", new.quantity)))
    return Outcome(writes, paid_in(CONTRACT, sender, deposit), (agreed,))


# --- the network ----------------------------------------------------------------------


def _limit(storage: Storage, sender: Address, call: Call) -> Outcome:
    at, where, most_out, most_in = arguments(call, "slot", "place", "exported", "imported")
    slot, place = a_slot(at), text(where, "place")
    exported, imported = amount(most_out, "exported"), amount(most_in, "imported")
    before(call.time, slots(storage).begins(slot), f"stating limits for slot {slot}")
    stated = Event(
        "Limited",
        (("slot", slot), ("place", place), ("exported", exported), ("imported", imported)),
    )
    return Outcome({("limit", slot, place): (exported, imported)}, events=(stated,))


class _Grid:
    """What still fits between the places of a slot, trade after trade."""

    def __init__(self, storage: Storage, slot: int) -> None:
        self._storage, self._slot = storage, slot
        self._net: dict[str, int] = {}
        """What each place exports, net [mWh]."""

    def fit(self, flows: Iterable[tuple[str, str, int]]) -> list[int]:
        """How much of each flow (from, to, energy) fits, in this order [mWh]. A flow the
        other way makes room, and what stays in its place needs none.
        """
        return [self._fit(*flow) for flow in flows]

    def _fit(self, source: str, sink: str, energy: int) -> int:
        if source == sink:
            return energy
        out, into = self._net.get(source, 0), self._net.get(sink, 0)
        most_out, most_in = self._limit(source)[0], self._limit(sink)[1]
        room = [energy, *([most_out - out] if most_out is not None else [])]
        room += [most_in + into] if most_in is not None else []
        fits = max(0, min(room))
        self._net[source], self._net[sink] = out + fits, into - fits
        return fits

    def _limit(self, place: str) -> tuple[int | None, int | None]:
        return self._storage.get(  # type: ignore[return-value]
            ("limit", self._slot, place), (None, None)
        )


def _flows(deals: Iterable[Deal]) -> list[tuple[str, str, int]]:
    return [(deal.source, deal.sink, deal.quantity) for deal in deals]


# --- clearing -------------------------------------------------------------------------


def _clear(storage: Storage, sender: Address, call: Call) -> Outcome:
    (at,) = arguments(call, "slot")
    slot = a_slot(at)
    after(call.time, slots(storage).begins(slot), f"slot {slot}")
    if ("cleared", slot) in storage:
        raise AlreadyDone(f"slot {slot} was cleared before")
    grid = _Grid(storage, slot)
    due: dict[Address, int] = {}
    events: list[Event] = []
    deals = _deals(storage, slot)
    for deal, energy in zip(deals, grid.fit(_flows(deals)), strict=True):
        paid = divide_rounded(energy * deal.price, MWH_PER_KWH)
        _add(due, deal.seller, paid)
        _add(due, deal.buyer, deal.deposit - paid)
        events += _told(slot, deal.seller, deal.buyer, energy, deal.quantity, deal.price)
    price = _clear_pool(storage, slot, grid, due, events)
    return Outcome(
        {("cleared", slot): price},
        paid_out(CONTRACT, due),
        (*events, Event("Cleared", (("slot", slot), ("price", price)))),
    )


def _clear_pool(
    storage: Storage, slot: int, grid: _Grid, due: dict[Address, int], events: list[Event]
) -> int:
    """Clears the pool into what is due to whom; the price, or 0 without trade."""
    from energychain.markets.clearing import in_units
    from energychain.markets.orders import Book
    from energychain.markets.orders import Order as MarketOrder
    from energychain.markets.rules import clear

    orders = [order for order in _orders(storage, slot) if order.quantity]
    book = Book.of(
        MarketOrder(
            f"{i:06}",
            order.trader,
            "buy" if order.side == "buy" else "sell",
            order.quantity,
            order.price,
            i,
        )
        for i, order in enumerate(orders)
    )
    clearing = clear(book, str(storage["rule"]))
    pairs = _pairs(clearing, orders)
    flows = [(orders[offer].place, orders[bid].place, energy) for bid, offer, energy, _ in pairs]
    amounts = dict.fromkeys(book.ids, 0)
    for (bid, offer, wanted, price), energy in zip(pairs, grid.fit(flows), strict=True):
        amounts[f"{bid:06}"] += energy * price
        amounts[f"{offer:06}"] -= energy * price
        seller, buyer = orders[offer].trader, orders[bid].trader
        events += _told(slot, seller, buyer, energy, wanted, price)
    # Rounded order by order so that the sum stays zero: no order is rounded past its deposit.
    for id, paid in in_units(amounts, MWH_PER_KWH).items():
        order = orders[int(id)]
        _add(due, order.trader, order.deposit - paid)
    return clearing.price or 0


def _pairs(clearing: "Clearing", orders: Sequence[Order]) -> list[tuple[int, int, int, int]]:
    """Bid, offer, energy [mWh] and price of each trade. If the rule pairs nobody, bids are
    served by offers of their own place first, as that burdens no line.
    """
    book = clearing.book
    if clearing.trades is not None:
        columns = (
            clearing.trades.bids.tolist(),
            clearing.trades.offers.tolist(),
            clearing.trades.quantities.tolist(),
            clearing.trades.prices.tolist(),
        )
        return [
            (int(book.ids[bid]), int(book.ids[offer]), energy, price)
            for bid, offer, energy, price in zip(*columns, strict=True)
        ]
    fills = {int(id): fill for id, fill in clearing.fills_by_order().items() if fill}
    bids = [i for i in fills if orders[i].side == "buy"]
    offers = [i for i in fills if orders[i].side == "sell"]
    places = sorted({orders[i].place for i in fills})
    groups = [
        ([i for i in bids if orders[i].place == p], [j for j in offers if orders[j].place == p])
        for p in places
    ]
    pairs = []
    for some_bids, some_offers in (*groups, (bids, offers)):
        left = deque(some_offers)
        for bid in some_bids:
            while fills[bid] and left:
                offer = left[0]
                energy = min(fills[bid], fills[offer])
                if energy:
                    pairs.append((bid, offer, energy, clearing.price or 0))
                fills[bid] -= energy
                fills[offer] -= energy
                if not fills[offer]:
                    left.popleft()
    return pairs


def _told(
    slot: int, seller: Address, buyer: Address, energy: int, wanted: int, price: int
) -> list[Event]:
    what = (("slot", slot), ("seller", seller), ("buyer", buyer))
    sold = Event("Sold", (*what, ("energy", energy), ("price", price)))
    cut = Event("Curtailed", (*what, ("energy", wanted - energy)))
    return [*([sold] if energy else []), *([cut] if energy < wanted else [])]


# --- communities ----------------------------------------------------------------------


def _join(storage: Storage, sender: Address, call: Call) -> Outcome:
    (whom,) = arguments(call, "mediator")
    mediator = address(whom, "mediator")
    if mediator == sender:
        raise BadArguments("nobody joins itself")
    joined = Event("Joined", (("member", sender), ("mediator", mediator)))
    return Outcome({("mediator", sender): mediator}, events=(joined,))


def _quote(storage: Storage, sender: Address, call: Call) -> Outcome:
    names = ("slot", "price_in", "price_out", "deposit")
    at, *given = arguments(call, *names)
    slot = a_slot(at)
    price_in, price_out = (
        amount(v, n) for v, n in zip(given[:2], ("price_in", "price_out"), strict=True)
    )
    deposit = whole(given[2], "deposit")
    before(call.time, slots(storage).begins(slot), f"quoting for slot {slot}")
    if price_out > price_in:
        raise BadArguments(
            f"outside, energy is bought at {price_in} and sold at {price_out}: expected to buy"
            " at the higher price, or a community would trade with itself through the outside"
        )
    if ("quote", slot, sender) in storage:
        raise AlreadyDone(f"{sender} stated its prices for slot {slot} before")
    stated = Event(
        "Quoted",
        (("slot", slot), ("mediator", sender), ("price_in", price_in), ("price_out", price_out)),
    )
    return Outcome(
        {("quote", slot, sender): (price_in, price_out, deposit)},
        paid_in(CONTRACT, sender, deposit),
        (stated,),
    )


def _report(storage: Storage, sender: Address, call: Call) -> Outcome:
    at, metered = arguments(call, "slot", "net")
    slot, net = a_slot(at), amount(metered, "net", -MOST)
    times = slots(storage)
    after(call.time, times.ends(slot), f"reporting slot {slot}")
    before(call.time, times.ends(slot + 1), f"reporting slot {slot}")
    mediator = Address(str(storage.get(("mediator", sender), "")))
    if ("quote", slot, mediator) not in storage:
        whose = (
            f"its mediator {mediator} has stated no prices" if mediator else "it has joined none"
        )
        raise NoCommunity(f"{sender} is in no community in slot {slot}: {whose}")
    if _trades_alone(storage, slot, sender):
        raise TradesAlone(f"{sender} trades alone in slot {slot}: its net position is its own")
    reports = _reports(storage, slot, mediator)
    if sender in {report.member for report in reports}:
        raise AlreadyDone(f"{sender} reported slot {slot} before")
    price_in, price_out, deposit = _quoted(storage, slot, mediator)
    surplus = sum(max(report.net, 0) for report in reports) + max(net, 0)
    if cost(surplus, price_out) > deposit:
        raise MediatorsDeposit(
            f"{mediator} put down {deposit} micro-money for slot {slot}; a surplus of"
            f" {kwh(surplus)} kWh may cost it {cost(surplus, price_out)}"
        )
    down = cost(max(-net, 0), price_in)
    reported = Event("Reported", (("slot", slot), ("member", sender), ("net", net)))
    return Outcome(
        _stored(("reports", slot, mediator), (*reports, Report(sender, net, down))),
        paid_in(CONTRACT, sender, down),
        (reported,),
    )


def _trades_alone(storage: Storage, slot: int, member: Address) -> bool:
    orders = {order.trader for order in _orders(storage, slot) if order.quantity}
    deals = _deals(storage, slot)
    return member in orders | {d.seller for d in deals} | {d.buyer for d in deals}


def _settle(storage: Storage, sender: Address, call: Call) -> Outcome:
    at, whom = arguments(call, "slot", "mediator")
    slot, mediator = a_slot(at), address(whom, "mediator")
    after(call.time, slots(storage).ends(slot + 1), f"settling slot {slot}")
    if ("quote", slot, mediator) not in storage:
        raise NoCommunity(f"{mediator} has stated no prices for slot {slot}")
    if ("settled", slot, mediator) in storage:
        raise AlreadyDone(f"slot {slot} of {mediator} was settled before")
    price_in, price_out, deposit = _quoted(storage, slot, mediator)
    reports = _reports(storage, slot, mediator)
    pays = mid_market({report.member: report.net for report in reports}, price_in, price_out)
    outside = -sum(pays.values())
    due = {report.member: report.deposit - pays[report.member] for report in reports}
    _add(due, mediator, deposit - outside)
    net = sum(report.net for report in reports)
    shared = Event("Shared", (("slot", slot), ("mediator", mediator), ("net", net)))
    events = [
        Event("Paid", (("slot", slot), ("member", member), ("money", paid)))
        for member, paid in pays.items()
    ]
    return Outcome({("settled", slot, mediator): net}, paid_out(CONTRACT, due), (*events, shared))


def mid_market(net: Mapping[Address, int], price_in: int, price_out: int) -> dict[Address, int]:
    """What each member of a community pays [micro-money] for its net position [mWh] at the
    mid-market rate; what it receives is negative. Inside, energy costs the middle of the
    prices outside [micro-money/kWh]; what is missing is bought outside, and what is left
    is sold there, and the side that is in excess bears that. The sum is what the community
    owes outside (Long et al., 2017, "Peer-to-peer energy trading in a community microgrid").

    >>> ann, ben = Address("ann"), Address("ben")
    >>> mid_market({ann: 3_000_000, ben: -1_000_000}, 300_000, 100_000)
    {'ann': -400000, 'ben': 200000}
    """
    from energychain.markets.clearing import in_units

    supply = sum(energy for energy in net.values() if energy > 0)
    demand = -sum(energy for energy in net.values() if energy < 0)
    inside = min(supply, demand)
    # Everything twice, because the middle may be a half; and times the larger side, which
    # shares what is traded outside.
    whole_side = max(supply, demand, 1)
    middle = (price_in + price_out) * whole_side
    bought = (price_in + price_out) * inside + 2 * price_in * (demand - inside)
    sold = (price_in + price_out) * inside + 2 * price_out * (supply - inside)
    exact = {
        str(member): -energy * (sold if energy > 0 else bought)
        if whole_side == (supply if energy > 0 else demand)
        else -energy * middle
        for member, energy in net.items()
    }
    outside = (sold - bought) * whole_side
    told = in_units({**exact, "": outside}, 2 * whole_side * MWH_PER_KWH)
    return {member: told[member] for member in net}


# --- what is stored -------------------------------------------------------------------


def _orders(storage: Storage, slot: int) -> tuple[Order, ...]:
    return tuple(Order(*row) for row in rows(storage, ("orders", slot)))  # type: ignore[arg-type]


def _offers(storage: Storage, slot: int) -> tuple[Offer, ...]:
    return tuple(Offer(*row) for row in rows(storage, ("offers", slot)))  # type: ignore[arg-type]


def _deals(storage: Storage, slot: int) -> tuple[Deal, ...]:
    return tuple(Deal(*row) for row in rows(storage, ("deals", slot)))  # type: ignore[arg-type]


def _reports(storage: Storage, slot: int, mediator: Address) -> tuple[Report, ...]:
    stored = rows(storage, ("reports", slot, mediator))
    return tuple(Report(*row) for row in stored)  # type: ignore[arg-type]


def _quoted(storage: Storage, slot: int, mediator: Address) -> tuple[int, int, int]:
    return storage["quote", slot, mediator]  # type: ignore[return-value]


def _stored(key: Value, records: Iterable[Order | Offer | Deal | Report]) -> dict[Value, Value]:
    return {key: tuple(astuple(record) for record in records)}


def _place(storage: Storage, account: Address) -> str:
    return member(storage, account).place


def _add(due: dict[Address, int], whom: Address, money: int) -> None:
    due[whom] = due.get(whom, 0) + money


_FUNCTIONS = {
    "sell": _sell,
    "buy": _buy,
    "offer": _offer,
    "accept": _accept,
    "limit": _limit,
    "clear": _clear,
    "join": _join,
    "quote": _quote,
    "report": _report,
    "settle": _settle,
}
