"""
Over the counter: two large parties agree on energy, now or for later.

Shafie-khah (ed., 2020), *Blockchain-based Smart Grids*, chapter 5, section 3.3: suppliers
(generating companies, large aggregators) share offers "while staying anonymous"; buyers
(retailers, large customers) accept; "security must be checked for each individual
transaction".

===================  ==============  ================================================
kind                 put down        settled
===================  ==============  ================================================
``spot``             all / margin    what was delivered is paid
``forward``          margins         the buyer pays the rest before delivery; then as
                                     spot
``forward, cash``    margins         nothing is delivered: the difference between the
                                     spot reference and the agreed price is paid
===================  ==============  ================================================

1. A supplier makes an ``offer`` from a pseudonym, with a salted digest of who it is.
2. A buyer ``accept``s. The trade is checked by itself against what the system operator
   stated for the border between the two zones; flows the other way make room.
3. The supplier ``reveal``s itself: it sends, from its own account, the salt that fits the
   digest. Nobody can reveal another, and nobody can be revealed against its will.
4. The buyer of a forward ``pay``s the rest before delivery. A system operator
   ``measure``s what was delivered, or states the spot ``reference``. Anybody may
   ``settle``.

Default: who does not reveal, pay or deliver loses its margin to the other, for a delivery
in part the part that is missing. A cash difference is paid up to the margin and no
further. If the operator says nothing for the length of a slot, everybody gets back what
it put down: nobody's money waits for ever.

**What hides a name on a ledger that all can read, and what does not.** The account that
signs is public, so a digest alone hides nothing if the offer is signed with the account
that everybody knows: the pseudonym must be an address of its own. A digest of a name
without a salt is broken by trying all members. The registrar, who gives the pseudonym its
role, knows whose it is; whoever sends it its first Ether and its margin shows the link to
all; so do a second use, and an offer that only one power plant can make. Margins,
procedures and the registrar's part are ours: the chapter says no more than quoted here.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace

from energychain.contracts.calls import BadArguments, arguments, unknown_function, whole
from energychain.contracts.roles import (
    OVER_THE_COUNTER,
    actions,
    member,
    register,
    require_role,
    text,
)
from energychain.contracts.slots import (
    MWH_PER_KWH,
    AlreadyDone,
    LimitExceeded,
    NoLimitStated,
    TooSoon,
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
from energychain.primitives.hashing import Digest, digest
from energychain.primitives.keys import Address
from energychain.primitives.refusals import Refusal
from energychain.primitives.units import divide_rounded, kwh

CONTRACT = "over_the_counter"

SPOT, FORWARD, CASH = "spot", "forward", "forward, cash"

KINDS = (SPOT, FORWARD, CASH)

LEAST_SALT = 16
"""A shorter salt can be guessed [byte]."""

PER_CENT = 100


class NoSuchTrade(Refusal):
    """There is no such offer or trade, or it is another's, or it is gone."""

    rule = "trade"


class WrongIdentity(Refusal):
    """The sender is not the one to whom the offer's digest commits."""

    rule = "identity"


@dataclass(frozen=True)
class Offer:
    """An offer, as it is stored."""

    maker: Address
    """The pseudonym."""

    identity: bytes
    """The digest of who it is: see :func:`identity_digest`."""

    kind: str
    slot: int
    quantity: int
    """[mWh]"""

    price: int
    """[micro-money/kWh]"""

    zone: str
    margin: int
    """What the maker put down [micro-money]."""

    is_open: int = 1


AGREED, REVEALED, PAID, DONE = "agreed", "revealed", "paid", "done"


@dataclass(frozen=True)
class Trade:
    """An accepted offer, as it is stored. Its number is the offer's."""

    maker: Address
    taker: Address
    kind: str
    slot: int
    quantity: int
    price: int
    source: str
    sink: str
    maker_margin: int
    taker_margin: int
    """What the taker put down when it accepted [micro-money]; all of the price for spot."""

    reveal_by: int
    """Until when the seller must say who it is [s]."""

    stage: str = AGREED
    seller: str = ""
    """Who the maker is, once revealed."""

    @property
    def value(self) -> int:
        """The price of all of it [micro-money]."""
        return cost(self.quantity, self.price)


def opening_storage(
    start: int, length: int, margin: int, reveal: int
) -> tuple[tuple[str, Value, Value], ...]:
    """When slot 0 begins and how long a slot is [s], the margin [per cent of the value] and
    how long a supplier has to reveal itself [s], as entries of a genesis record. The
    registry comes from :func:`energychain.contracts.roles.opening_storage`.
    """
    return (
        (CONTRACT, "margin", margin),
        (CONTRACT, "reveal", reveal),
        *slot_storage(CONTRACT, start, length),
    )


def identity_digest(identity: Address, salt: bytes, pseudonym: Address) -> Digest:
    """The digest that commits a pseudonym's offer to who is behind it. It covers the
    pseudonym, so nobody can copy it to an offer of its own.
    """
    return digest(("identity", identity, salt, pseudonym))


def over_the_counter(storage: Storage, sender: Address, call: Call) -> Outcome:
    """``offer(identity, kind, slot, energy, price)``, ``cancel(offer)``, ``accept(offer)``,
    ``reveal(trade, salt)``, ``pay(trade)``, ``limit(slot, zone, other_zone, energy)``,
    ``measure(trade, energy)``, ``reference(slot, price)``, ``settle(trade)``; and
    ``register(member, roles, place)``.

    Energy in mWh, prices in micro-money/kWh.
    """
    lines = actions(OVER_THE_COUNTER)
    open_to_owners = {"cancel": _cancel, "register": register}
    if call.function in open_to_owners:
        return open_to_owners[call.function](storage, sender, call)
    if call.function not in lines:
        raise unknown_function(OVER_THE_COUNTER, call, *lines, *open_to_owners)
    require_role(storage, sender, OVER_THE_COUNTER, call.function)
    return _FUNCTIONS[call.function](storage, sender, call)


# --- offers ---------------------------------------------------------------------------


def _offer(storage: Storage, sender: Address, call: Call) -> Outcome:
    identity, kind, at, energy, rate = arguments(
        call, "identity", "kind", "slot", "energy", "price"
    )
    if not isinstance(identity, bytes) or len(identity) != 32:
        raise BadArguments("identity: expected a digest of 32 bytes")
    if kind not in KINDS:
        raise BadArguments(f"kind: expected one of {', '.join(KINDS)}; found {kind!r}")
    slot, quantity, price = a_slot(at), amount(energy, "energy", 1), amount(rate, "price")
    before(call.time, slots(storage).begins(slot), f"trading for slot {slot}")
    margin = _margin(storage, quantity, price)
    id = number(storage, "offers")
    new = Offer(
        sender, identity, str(kind), slot, quantity, price, member(storage, sender).place, margin
    )
    made = Event(
        "Offered",
        (
            ("offer", id),
            ("kind", new.kind),
            ("slot", slot),
            ("energy", quantity),
            ("price", price),
            ("zone", new.zone),
        ),
    )
    return Outcome(
        {"offers": id + 1, ("offer", id): astuple(new)},
        paid_in(CONTRACT, sender, margin),
        (made,),
    )


def _cancel(storage: Storage, sender: Address, call: Call) -> Outcome:
    id, offer = _open_offer(storage, *arguments(call, "offer"))
    if offer.maker != sender:
        raise NoSuchTrade(f"{sender} made no offer {id}")
    return Outcome(
        {("offer", id): astuple(replace(offer, is_open=0))},
        paid_out(CONTRACT, {sender: offer.margin}),
        (Event("Cancelled", (("offer", id),)),),
    )


def _accept(storage: Storage, sender: Address, call: Call) -> Outcome:
    id, offer = _open_offer(storage, *arguments(call, "offer"))
    if offer.maker == sender:
        raise BadArguments("nobody sells to itself")
    reveal_by = call.time + number(storage, "reveal")
    begins = slots(storage).begins(offer.slot)
    before(reveal_by, begins + 1, f"accepting for slot {offer.slot}")
    sink = member(storage, sender).place
    down = offer.margin if offer.kind != SPOT else cost(offer.quantity, offer.price)
    trade = Trade(
        offer.maker,
        sender,
        offer.kind,
        offer.slot,
        offer.quantity,
        offer.price,
        offer.zone,
        sink,
        offer.margin,
        down,
        reveal_by,
    )
    checked = _check_border(storage, trade)
    agreed = Event(
        "Agreed", (("trade", id), ("maker", offer.maker), ("taker", sender), ("kind", offer.kind))
    )
    return Outcome(
        {
            ("offer", id): astuple(replace(offer, is_open=0)),
            ("trade", id): astuple(trade),
            ("trades", offer.slot): (*_trades(storage, offer.slot), id),
        },
        paid_in(CONTRACT, sender, down),
        (*checked, agreed),
    )


def _check_border(storage: Storage, trade: Trade) -> tuple[Event, ...]:
    """One trade by itself: does it fit beside those before it? Cash moves no energy."""
    if trade.kind == CASH or trade.source == trade.sink:
        return ()
    border = _border(trade.source, trade.sink)
    most = storage.get(("limit", trade.slot, *border))
    if not isinstance(most, int):
        raise NoLimitStated(
            f"no system operator has stated what the border {border[0]}-{border[1]} can carry in"
            f" slot {trade.slot}"
        )
    flow = border_flow(storage, trade.slot, *border)
    then = flow + (trade.quantity if trade.source == border[0] else -trade.quantity)
    if abs(then) > most:
        raise LimitExceeded(
            f"the border {border[0]}-{border[1]} carries {kwh(most)} kWh in slot {trade.slot};"
            f" with this trade it would be {kwh(abs(then))}"
        )
    checked = (("slot", trade.slot), ("border", border), ("flow", then), ("most", most))
    return (Event("Checked", checked),)


def border_flow(storage: Storage, slot: int, zone: str, other_zone: str) -> int:
    """What the trades of a slot carry from one zone to another, net [mWh]."""
    flow = 0
    for id in _trades(storage, slot):
        trade = trade_of(storage, id)
        if trade.kind != CASH and trade.stage != DONE:
            if (trade.source, trade.sink) == (zone, other_zone):
                flow += trade.quantity
            elif (trade.source, trade.sink) == (other_zone, zone):
                flow -= trade.quantity
    return flow


def _reveal(storage: Storage, sender: Address, call: Call) -> Outcome:
    which, salt = arguments(call, "trade", "salt")
    id, trade = _trade(storage, which, AGREED)
    before(call.time, trade.reveal_by, f"revealing who sells in trade {id}")
    if not isinstance(salt, bytes) or len(salt) < LEAST_SALT:
        raise BadArguments(f"salt: expected at least {LEAST_SALT} bytes")
    if identity_digest(sender, salt, trade.maker) != _offer_of(storage, id).identity:
        raise WrongIdentity(f"the digest of offer {id} does not commit to {sender} with this salt")
    stage = PAID if trade.kind == SPOT else REVEALED
    known = Event("Revealed", (("trade", id), ("maker", trade.maker), ("seller", sender)))
    return Outcome(
        {("trade", id): astuple(replace(trade, stage=stage, seller=sender))}, events=(known,)
    )


def _pay(storage: Storage, sender: Address, call: Call) -> Outcome:
    id, trade = _trade(storage, arguments(call, "trade")[0], REVEALED)
    if trade.taker != sender or trade.kind != FORWARD:
        raise NoSuchTrade(f"{sender} has nothing to pay in trade {id}")
    before(call.time, slots(storage).begins(trade.slot), f"paying for slot {trade.slot}")
    rest = trade.value - trade.taker_margin
    paid = Event("Paid", (("trade", id), ("money", rest)))
    return Outcome(
        {("trade", id): astuple(replace(trade, stage=PAID, taker_margin=trade.value))},
        paid_in(CONTRACT, sender, rest),
        (paid,),
    )


# --- the system operator --------------------------------------------------------------


def _limit(storage: Storage, sender: Address, call: Call) -> Outcome:
    at, one, other, energy = arguments(call, "slot", "zone", "other_zone", "energy")
    slot, most = a_slot(at), amount(energy, "energy")
    border = _border(text(one, "zone"), text(other, "other_zone"))
    before(call.time, slots(storage).begins(slot), f"stating limits for slot {slot}")
    # A trade that was secure when it was made stays so: agreed is agreed.
    flow = abs(border_flow(storage, slot, *border))
    if most < flow:
        raise LimitExceeded(
            f"trades of {kwh(flow)} kWh over {border[0]}-{border[1]} are agreed for slot {slot}:"
            " buy flexibility instead"
        )
    stated = Event("Limited", (("slot", slot), ("border", border), ("energy", most)))
    return Outcome({("limit", slot, *border): most}, events=(stated,))


def _measure(storage: Storage, sender: Address, call: Call) -> Outcome:
    which, energy = arguments(call, "trade", "energy")
    id, trade = _trade(storage, which, PAID)
    delivered = amount(energy, "energy")
    _after_slot(storage, call, trade.slot, "measuring")
    if ("measured", id) in storage:
        raise AlreadyDone(f"trade {id} was measured before")
    measured = Event("Measured", (("trade", id), ("energy", delivered)))
    return Outcome({("measured", id): delivered}, events=(measured,))


def _reference(storage: Storage, sender: Address, call: Call) -> Outcome:
    at, rate = arguments(call, "slot", "price")
    slot, price = a_slot(at), amount(rate, "price")
    _after_slot(storage, call, slot, "stating the reference")
    if ("reference", slot) in storage:
        raise AlreadyDone(f"the reference of slot {slot} was stated before")
    stated = Event("Reference", (("slot", slot), ("price", price)))
    return Outcome({("reference", slot): price}, events=(stated,))


def _after_slot(storage: Storage, call: Call, slot: int, what: str) -> None:
    times = slots(storage)
    after(call.time, times.ends(slot), f"{what} for slot {slot}")
    before(call.time, times.ends(slot + 1), f"{what} for slot {slot}")


# --- settlement -----------------------------------------------------------------------


def _settle(storage: Storage, sender: Address, call: Call) -> Outcome:
    id, trade = _trade(storage, arguments(call, "trade")[0], AGREED, REVEALED, PAID)
    if trade.stage == AGREED:
        after(call.time, trade.reveal_by, f"settling trade {id}")
        return _defaulted(id, trade, trade.maker)
    if trade.kind == CASH:
        return _settle_cash(storage, call, id, trade)
    if trade.stage == REVEALED:
        after(call.time, slots(storage).begins(trade.slot), f"settling trade {id}")
        return _defaulted(id, trade, trade.taker)
    if ("measured", id) not in storage:
        return _unwound(storage, call, id, trade)
    delivered = min(number(storage, ("measured", id)), trade.quantity)
    paid = divide_rounded(delivered * trade.price, MWH_PER_KWH)
    missing = trade.quantity - delivered
    penalty = divide_rounded(trade.maker_margin * missing, trade.quantity)
    told = [Event("Delivered", (("trade", id), ("energy", delivered), ("money", paid)))]
    if missing:
        who = (("trade", id), ("who", trade.seller), ("money", penalty))
        told.append(Event("Defaulted", who))
    return _closed(
        id,
        trade,
        (
            (Address(trade.seller), paid),
            (trade.taker, trade.taker_margin - paid + penalty),
            (trade.maker, trade.maker_margin - penalty),
        ),
        *told,
    )


def _settle_cash(storage: Storage, call: Call, id: int, trade: Trade) -> Outcome:
    if ("reference", trade.slot) not in storage:
        return _unwound(storage, call, id, trade)
    spot = number(storage, ("reference", trade.slot))
    difference = divide_rounded((spot - trade.price) * trade.quantity, MWH_PER_KWH)
    to_buyer = max(-trade.taker_margin, min(difference, trade.maker_margin))
    told = [Event("Difference", (("trade", id), ("spot", spot), ("to_buyer", to_buyer)))]
    if to_buyer != difference:
        who = trade.seller if difference > 0 else trade.taker
        lacking = abs(difference - to_buyer)
        told.append(Event("Defaulted", (("trade", id), ("who", who), ("money", lacking))))
    return _closed(
        id,
        trade,
        (
            (trade.taker, trade.taker_margin + min(to_buyer, 0)),
            (trade.taker, max(to_buyer, 0)),
            (trade.maker, trade.maker_margin - max(to_buyer, 0)),
            (Address(trade.seller), -min(to_buyer, 0)),
        ),
        *told,
    )


def _defaulted(id: int, trade: Trade, who: Address) -> Outcome:
    """One side did not do its part before delivery: its margin goes to the other."""
    by_maker = who == trade.maker
    lost = trade.maker_margin if by_maker else trade.taker_margin
    told = Event("Defaulted", (("trade", id), ("who", who), ("money", lost)))
    if by_maker:
        return _closed(id, trade, ((trade.taker, trade.taker_margin + lost),), told)
    return _closed(
        id, trade, ((Address(trade.seller), lost), (trade.maker, trade.maker_margin)), told
    )


def _unwound(storage: Storage, call: Call, id: int, trade: Trade) -> Outcome:
    """The operator said nothing: everybody gets back what it put down."""
    wait = slots(storage).ends(trade.slot + 1) - call.time
    if wait > 0:
        raise TooSoon(f"the system operator has another {wait} s to say what came of trade {id}")
    back = ((trade.taker, trade.taker_margin), (trade.maker, trade.maker_margin))
    return _closed(id, trade, back, Event("Unwound", (("trade", id),)))


def _closed(id: int, trade: Trade, parts: Sequence[tuple[Address, int]], *told: Event) -> Outcome:
    due: dict[Address, int] = {}
    for whom, money in parts:
        due[whom] = due.get(whom, 0) + money
    return Outcome(
        {("trade", id): astuple(replace(trade, stage=DONE))}, paid_out(CONTRACT, due), told
    )


# --- what is stored -------------------------------------------------------------------


def trade_of(storage: Storage, id: int) -> Trade:
    """A trade by its number.

    Raises :class:`NoSuchTrade` if there is none.
    """
    if ("trade", id) not in storage:
        raise NoSuchTrade(f"there is no trade {id}")
    return Trade(*storage["trade", id])  # type: ignore[misc]


def _trade(storage: Storage, which: Value, *stages: str) -> tuple[int, Trade]:
    id = whole(which, "trade")
    trade = trade_of(storage, id)
    if trade.stage not in stages:
        raise NoSuchTrade(
            f"trade {id} is {trade.stage}; this is for one that is {' or '.join(stages)}"
        )
    return id, trade


def _offer_of(storage: Storage, id: int) -> Offer:
    return Offer(*storage["offer", id])  # type: ignore[misc]


def _open_offer(storage: Storage, which: Value) -> tuple[int, Offer]:
    id = whole(which, "offer")
    if ("offer", id) not in storage or not _offer_of(storage, id).is_open:
        raise NoSuchTrade(f"there is no offer {id}, or it is gone")
    return id, _offer_of(storage, id)


def _trades(storage: Storage, slot: int) -> tuple[int, ...]:
    return rows(storage, ("trades", slot))  # type: ignore[return-value]


def _margin(storage: Storage, quantity: int, price: int) -> int:
    return -(-cost(quantity, price) * number(storage, "margin") // PER_CENT)


def _border(zone: str, other_zone: str) -> tuple[str, str]:
    """Both directions of a border are one border."""
    return (zone, other_zone) if zone <= other_zone else (other_zone, zone)


_FUNCTIONS = {
    "offer": _offer,
    "accept": _accept,
    "reveal": _reveal,
    "pay": _pay,
    "limit": _limit,
    "measure": _measure,
    "reference": _reference,
    "settle": _settle,
}
