"""
Who may do what: the market participants of Shafie-khah (ed., 2020), *Blockchain-based
Smart Grids*, chapter 5, and one table that the four business models enforce.

The roles are those of section 2; the lines follow "target participants" and "roles of
market participants" of section 3. Where the chapter is silent, the source reads
:data:`OURS`. Three things are ours throughout:

* Roles stand in a registry. On the private platforms a **registrar** enters them, with
  the place of the member in the grid; the crowdsale is meant for a public chain
  (section 3.4.2), so there everybody enters its own role.
* Taking back what is one's own (cancel, withdraw, refund, claim) needs no role, only to
  be its owner. So whoever loses a role does not lose its money with it.
* Asking a contract to compute what is due (clear, settle) needs no role either: the
  answer is the same whoever asks, and nobody can hold a deposit back by not asking.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from energychain.contracts.calls import BadArguments, address, arguments
from energychain.ledger.state import Call, Event, Outcome, Storage
from energychain.ledger.transaction import Value
from energychain.primitives.keys import Address
from energychain.primitives.refusals import Refusal

PROSUMER = "prosumer"
CONSUMER = "consumer"
AGGREGATOR = "aggregator"
VPP = "virtual power plant"
MANAGER = "community manager"
DSO = "distribution system operator"
TSO = "transmission system operator"
RETAILER = "retailer"
GENERATOR = "generating company"
LARGE_CUSTOMER = "large customer"
OWNER = "property owner"
FUNDER = "funder"

ROLES: Mapping[str, str] = {
    PROSUMER: "an end user that owns solar panels, a battery, an electric vehicle or the like",
    CONSUMER: "a small customer; it may shift or curtail flexible loads",
    AGGREGATOR: "a broker who acts for many small members as one",
    VPP: "the operator of many coordinated resources of different owners",
    MANAGER: "who balances a community and alone trades with the world outside",
    DSO: "who runs the distribution network and states its limits",
    TSO: "who runs the transmission network and balances the system",
    RETAILER: "who buys at wholesale and sells to end users",
    GENERATOR: "who sells the output of power plants at wholesale",
    LARGE_CUSTOMER: "a customer at the transmission network",
    OWNER: "who has land or a roof for renewables, and lacks the money",
    FUNDER: "who has money for renewables: a private investor or a non-profit organisation",
}
"""Every role in a few words (chapter 5, sections 2 and 3)."""

ANYBODY = tuple(ROLES)
"""Not a role: whoever asks."""

OURS = "our reading"
"""The source of a line on which the chapter is silent."""

FULL = "peer-to-peer, full"
COMMUNITY = "peer-to-peer, community"
HYBRID = "peer-to-peer, hybrid"
FLEXIBILITY = "flexibility"
OVER_THE_COUNTER = "over-the-counter"
CROWDSALE = "crowdsale"

END_USERS = (PROSUMER, CONSUMER)
MEDIATORS = (MANAGER, VPP, AGGREGATOR)
OPERATORS = (DSO, TSO)
FLEXIBLE = (AGGREGATOR, VPP, PROSUMER, CONSUMER, GENERATOR)
SUPPLIERS = (GENERATOR, AGGREGATOR)
WHOLESALE_BUYERS = (RETAILER, LARGE_CUSTOMER)


@dataclass(frozen=True)
class Line:
    """One action on one platform, and who may do it."""

    platform: str
    action: str
    """The function of the contract."""

    means: str
    roles: tuple[str, ...]
    source: str
    """The section of chapter 5, or :data:`OURS`."""


TABLE: tuple[Line, ...] = (
    Line(FULL, "sell", "offer energy in the pool", (PROSUMER,), "3.1.1"),
    Line(FULL, "buy", "bid for energy in the pool", END_USERS, "3.1.1"),
    Line(FULL, "offer", "offer energy to one peer", (PROSUMER,), "3.1.1"),
    Line(FULL, "accept", "take a peer's offer", END_USERS, "3.1.1"),
    Line(FULL, "limit", "state what a feeder can carry", OPERATORS, "2.5, 3.1.1"),
    Line(FULL, "clear", "clear and pay a slot", ANYBODY, OURS),
    Line(COMMUNITY, "sell", "offer energy outside", (*MEDIATORS, RETAILER), f"3.1.1; {OURS}"),
    Line(COMMUNITY, "buy", "bid for energy outside", (*MEDIATORS, RETAILER), f"3.1.1; {OURS}"),
    Line(COMMUNITY, "offer", "offer energy to one mediator", (*MEDIATORS, RETAILER), "3.1.2"),
    Line(COMMUNITY, "accept", "take a mediator's offer", (*MEDIATORS, RETAILER), "3.1.2"),
    Line(COMMUNITY, "limit", "state what a feeder can carry", OPERATORS, "2.5, 3.1.1"),
    Line(COMMUNITY, "clear", "clear and pay a slot outside", ANYBODY, OURS),
    Line(COMMUNITY, "quote", "state prices outside, and found a community", MEDIATORS, "2.4"),
    Line(COMMUNITY, "join", "join a community", END_USERS, "3.1.1"),
    Line(COMMUNITY, "report", "report one's net position", END_USERS, "3.1.2"),
    Line(COMMUNITY, "settle", "share the community's costs", ANYBODY, OURS),
    Line(HYBRID, "sell", "offer energy in the pool", (PROSUMER, *MEDIATORS), "3.1.2"),
    Line(HYBRID, "buy", "bid for energy in the pool", (*END_USERS, *MEDIATORS), "3.1.2"),
    Line(HYBRID, "offer", "offer energy to one other", (PROSUMER, *MEDIATORS), "3.1.2"),
    Line(HYBRID, "accept", "take another's offer", (*END_USERS, *MEDIATORS), "3.1.2"),
    Line(HYBRID, "limit", "state what a feeder can carry", OPERATORS, "2.5, 3.1.1"),
    Line(HYBRID, "clear", "clear and pay a slot", ANYBODY, OURS),
    Line(HYBRID, "quote", "state prices outside, and found a community", MEDIATORS, "2.4, 3.1.1"),
    Line(HYBRID, "join", "join a community", END_USERS, "3.1.1"),
    Line(HYBRID, "report", "report one's net position", END_USERS, "3.1.2"),
    Line(HYBRID, "settle", "share the community's costs", ANYBODY, OURS),
    Line(FLEXIBILITY, "limit", "state load and limits of a feeder", OPERATORS, f"2.5; {OURS}"),
    Line(FLEXIBILITY, "offer", "offer to change one's load", FLEXIBLE, "3.2.1, 3.2.2"),
    Line(FLEXIBILITY, "request", "ask for a change of load", (*OPERATORS, *END_USERS), "3.2.2"),
    Line(FLEXIBILITY, "clear", "clear what is asked and offered", ANYBODY, OURS),
    Line(FLEXIBILITY, "activate", "call what one has booked", (*OPERATORS, *END_USERS), "3.2.2"),
    Line(FLEXIBILITY, "measure", "report the metered load", FLEXIBLE, "3.2.2"),
    Line(FLEXIBILITY, "settle", "pay for what was delivered", ANYBODY, OURS),
    Line(OVER_THE_COUNTER, "offer", "offer energy under a pseudonym", SUPPLIERS, "3.3.2"),
    Line(OVER_THE_COUNTER, "accept", "take an offer", WHOLESALE_BUYERS, "3.3.2"),
    Line(OVER_THE_COUNTER, "reveal", "say who made the offer", SUPPLIERS, f"3.3; {OURS}"),
    Line(OVER_THE_COUNTER, "pay", "pay the rest before delivery", WHOLESALE_BUYERS, OURS),
    Line(OVER_THE_COUNTER, "limit", "state what a border can carry", OPERATORS, f"3.3.2; {OURS}"),
    Line(OVER_THE_COUNTER, "measure", "state what was delivered", OPERATORS, OURS),
    Line(OVER_THE_COUNTER, "reference", "state the spot price of a slot", (TSO,), OURS),
    Line(OVER_THE_COUNTER, "settle", "pay what is due after delivery", ANYBODY, OURS),
    Line(CROWDSALE, "propose", "ask for money on stated terms", (OWNER,), "3.4.2"),
    Line(CROWDSALE, "agree", "accept an investor's offer", (OWNER,), "3.4.2"),
    Line(CROWDSALE, "take", "take the money of a goal that was reached", (OWNER,), OURS),
    Line(CROWDSALE, "distribute", "pay out rent, or a profit's share", (OWNER,), "3.4.2"),
    Line(CROWDSALE, "fund", "put money into a project", (FUNDER,), "3.4.2"),
    Line(CROWDSALE, "offer", "offer an owner money on stated terms", (FUNDER,), "3.4.2"),
)
"""Who may do what (chapter 5, sections 2 and 3)."""

PLATFORMS = (FULL, COMMUNITY, HYBRID, FLEXIBILITY, OVER_THE_COUNTER, CROWDSALE)


class NotYourRole(Refusal):
    """The caller's role has no such right on this platform."""

    rule = "role"


class NotTheRegistrar(Refusal):
    """Only the registrar enters roles."""

    rule = "registrar"


def actions(platform: str) -> dict[str, Line]:
    """The table's lines of one platform, by action.

    >>> actions(CROWDSALE)["fund"].roles
    ('funder',)
    """
    return {line.action: line for line in TABLE if line.platform == platform}


def who_may(platform: str = "") -> list[dict[str, str]]:
    """The table as rows for people, of one platform or of all.

    >>> who_may(OVER_THE_COUNTER)[0]["who may"]
    'generating company, aggregator'
    """
    return [
        {
            "platform": line.platform,
            "action": line.action,
            "means": line.means,
            "who may": "anybody" if line.roles == ANYBODY else ", ".join(line.roles),
            "source": line.source if line.source == OURS else f"section {line.source}",
        }
        for line in TABLE
        if platform in ("", line.platform)
    ]


# --- the registry ---------------------------------------------------------------------


@dataclass(frozen=True)
class Member:
    """What the registry says of an account."""

    roles: tuple[str, ...] = ()
    place: str = ""
    """The feeder or zone to which it is connected; empty if that does not matter."""


def opening_storage(
    contract: str,
    registrar: Address,
    members: Iterable[tuple[Address, Iterable[str], str]] = (),
) -> tuple[tuple[str, Value, Value], ...]:
    """The registry of a contract as entries of a genesis record: who enters members, and
    the first members with their roles and place.
    """
    entries: list[tuple[str, Value, Value]] = [(contract, "registrar", registrar)]
    for account, roles, place in members:
        entries.append((contract, ("member", account), (_roles(tuple(roles)), place)))
    return tuple(entries)


def member(storage: Storage, account: Address) -> Member:
    """What the registry says of an account; nothing of a stranger."""
    stored = storage.get(("member", account))
    return Member(*stored) if isinstance(stored, tuple) else Member()  # type: ignore[arg-type]


def require_role(storage: Storage, sender: Address, platform: str, action: str) -> Member:
    """The caller's entry in the registry, if its role may do this.

    Raises :class:`NotYourRole`: who you are, what you wanted, who may.
    """
    line, known = actions(platform)[action], member(storage, sender)
    if line.roles == ANYBODY or set(known.roles) & set(line.roles):
        return known
    who = " and ".join(known.roles) or "not registered"
    raise NotYourRole(
        f"{sender} is {who}: {action} ({line.means}) on the platform {platform!r} is for"
        f" {' or '.join(line.roles)}"
    )


def register(storage: Storage, sender: Address, call: Call) -> Outcome:
    """``register(member, roles, place)``: the registrar enters an account, or changes its
    entry; with no roles it is shut out, and keeps what is its own.

    Raises :class:`NotTheRegistrar` for anybody else.
    """
    account, roles, place = arguments(call, "member", "roles", "place")
    registrar = str(storage.get("registrar", "nobody"))
    if sender != registrar:
        raise NotTheRegistrar(f"{sender} is not the registrar of this platform; {registrar} is")
    return entered(address(account, "member"), _roles(roles), text(place, "place"))


def entered(account: Address, roles: tuple[str, ...], place: str) -> Outcome:
    """An account's new entry in the registry."""
    entry = (("member", account), ("roles", roles), ("place", place))
    return Outcome({("member", account): (roles, place)}, events=(Event("Registered", entry),))


def text(value: Value, name: str) -> str:
    """A short text, or :class:`~energychain.contracts.calls.BadArguments`."""
    if not isinstance(value, str) or len(value) > MOST_LETTERS:
        raise BadArguments(f"{name}: expected a text of at most {MOST_LETTERS} letters")
    return value


MOST_LETTERS = 200
"""Longer texts belong in a document whose digest is on the chain."""


def _roles(value: Value) -> tuple[str, ...]:
    if not isinstance(value, tuple):
        raise BadArguments(f"roles: expected a tuple of roles, found {value!r}")
    for role in value:
        if role not in ROLES:
            raise BadArguments(f"roles: there is no role {role!r}; there are {', '.join(ROLES)}")
    return value  # type: ignore[return-value]
