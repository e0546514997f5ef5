r"""
The sealed auction: nobody sees an order before all are in, and anybody can check the end.

1. Somebody **opens** an auction: the rule and its terms, two deadlines, the bond, the stake,
   and who gets the bonds of those who break off. Whoever opens it is its operator.
2. Until the first deadline traders **commit**: a digest of their orders and a secret salt,

   .. math:: c = H(\text{tag}, \text{chain}, \text{auction}, \text{trader}, \text{orders},
             \text{salt})

   and the bond. The digest binds the trader to its orders and, thanks to the salt, hides
   them: without it one could try all likely orders until the digest fits.
3. Until the second deadline they **reveal** orders and salt, and put down the most that
   they may have to pay.
4. Then anybody **closes** it, and says what came of it: the root of the book and the outcome
   digest, which binds every fill, price and payment. The contract clears the book itself,
   so every node that checks the block does; an answer that differs is refused by name.

Commit and reveal is Blum's coin flip by telephone (1981), used for sealed bids.

**Two deposits.** A deposit that covers the worst payment would tell the size of the bid, if
it were paid with the commitment. So the bond is the same for all, and the cover follows
with the reveal, when there is nothing left to hide. Who cannot cover its orders then cannot
reveal them.

**Breaking off costs the bond.** Otherwise the last to reveal could look at the others'
orders and take back its own if it does not like them: a free option. The bonds go to a
beneficiary who is named before anybody commits, so no bidder wins them back.

**The seed** of the lots is a digest of *all* commitments, the unrevealed ones too, and of
the salts that were revealed. From the commitments alone the last to commit could work it
out, and try salts until it likes the lots; that costs nothing. From the salts as well,
nobody knows it while commitments can still be made, and whoever would change it later must
break off and lose a bond for each try.

**A deficit** (of VCG, say) is paid from the operator's stake. If the stake is too small, or
the rule refuses the book, the auction is called off: nobody trades, everybody who revealed
has all deposits back. What the rule leaves over goes to the operator.

=========================  =================================================
storage                    meaning
=========================  =================================================
``chain``                  the chain's name, so that no commitment fits two
(``auction``, name)        its terms
(``count``, name)          how many have committed
(``trader``, name, i)      who committed as number i
(``commitment``, name,     number, digest, time [s]
trader)
(``reveal``, name,         orders, salt, cover [micro-money]
trader)
(``closed``, name)         book root, outcome digest, seed
=========================  =================================================
"""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from energychain.contracts.calls import (
    BadArguments,
    address,
    answered,
    arguments,
    vault,
    whole,
)
from energychain.contracts.market_digest import (
    Result,
    Terms,
    book_tree,
    checked_rule,
    cleared,
    orders_of,
    worst_payment,
)
from energychain.contracts.token import MONEY
from energychain.ledger.state import Call, Event, Outcome, Storage, Transfer
from energychain.ledger.transaction import Value
from energychain.primitives.hashing import Digest, digest, short
from energychain.primitives.keys import Address
from energychain.primitives.refusals import Refusal

if TYPE_CHECKING:
    from energychain.markets.orders import Order

COMMITMENT = "energychain sealed order 1"
"""The tag of a commitment: no digest that was made for anything else passes as one."""

SEED = "energychain lots 1"
"""The tag of a seed."""

SALT_BYTES = (16, 64)
"""How long a salt is: at least 128 bits that nobody can guess [bytes]."""

SEED_BYTES = 8
"""How much of the digest becomes the seed [bytes]."""

MICROSECONDS = 10**6


class NotSetUp(Refusal):
    """The genesis record does not say for which chain the commitments are."""

    rule = "set-up"


class NameTaken(Refusal):
    """There was an auction of this name."""

    rule = "auction name"


class NoSuchAuction(Refusal):
    """Nobody opened an auction of this name."""

    rule = "auction"


class WrongPhase(Refusal):
    """It is too early or too late for this."""

    rule = "phase"


class AlreadyCommitted(Refusal):
    """One commitment for each trader: it may hold many orders."""

    rule = "one commitment"


class NoCommitment(Refusal):
    """Who did not commit has nothing to reveal."""

    rule = "commitment"


class AlreadyRevealed(Refusal):
    """The orders are on the chain already."""

    rule = "revealed"


class DoesNotOpen(Refusal):
    """These orders and this salt are not what the trader committed to."""

    rule = "opening"


class AlreadyClosed(Refusal):
    """The auction was settled before."""

    rule = "closed"


class WrongOutcome(Refusal):
    """The contract's own clearing has another result."""

    rule = "outcome"


def opening_storage(chain: str) -> tuple[tuple[str, Value, Value], ...]:
    """The contract's one entry of a genesis record: the name of the chain."""
    return (("sealed_auction", "chain", chain),)


def sealed_auction(storage: Storage, sender: Address, call: Call) -> Outcome:
    """``open``, ``commit``, ``reveal`` and ``close``.

    ============  =====================================================================
    function      arguments
    ============  =====================================================================
    ``open``      auction, rule, terms, bond, stake, beneficiary, commit until, reveal
                  until [s]
    ``commit``    auction, digest
    ``reveal``    auction, orders, salt
    ``close``     auction, book root, outcome digest
    ============  =====================================================================
    """
    functions = {"open": _open, "commit": _commit, "reveal": _reveal, "close": _close}
    return answered("sealed_auction", functions, storage, sender, call)


# --- terms ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Opening:
    """What is known before anybody commits."""

    operator: Address
    rule: str
    terms: Terms

    bond: int
    """What each commitment costs whoever does not reveal it [micro-money]."""

    stake: int
    """What the operator puts down for a deficit [micro-money]."""

    beneficiary: Address
    """Who gets the bonds of those who break off."""

    commit_until: int
    """The end of committing, and the beginning of revealing [s]."""

    reveal_until: int
    """The end of revealing [s]."""

    @property
    def entry(self) -> Value:
        """How it is stored."""
        return tuple(getattr(self, field.name) for field in fields(self))


LONGEST_NAME = 100
"""Letters of an auction's name."""


def _open(storage: Storage, sender: Address, call: Call) -> Outcome:
    name, rule, terms, bond, stake, beneficiary, commits, reveals = arguments(
        call,
        *("auction", "rule", "terms", "bond", "stake", "beneficiary"),
        *("commit_until", "reveal_until"),
    )
    if not isinstance(storage.get("chain"), str):
        raise NotSetUp("the genesis record does not name the chain: see opening_storage")
    if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_NAME:
        raise BadArguments(f"auction: expected a name of 1 to {LONGEST_NAME} letters")
    if ("auction", name) in storage:
        raise NameTaken(f"there was an auction {name!r}: choose another name")
    found, listed = checked_rule(rule, terms)
    opening = Opening(
        operator=sender,
        rule=found,
        terms=listed,
        bond=whole(bond, "bond", 1),
        stake=whole(stake, "stake"),
        beneficiary=address(beneficiary, "beneficiary"),
        commit_until=whole(commits, "commit_until", call.time + 1),
        reveal_until=whole(reveals, "reveal_until"),
    )
    if opening.reveal_until <= opening.commit_until:
        raise BadArguments("reveal_until: expected a time after commit_until")
    said = (("auction", name), ("rule", found), ("bond", opening.bond))
    return Outcome(
        {("auction", name): opening.entry},
        _moved(sender, safe(name), opening.stake),
        (Event("Opened", said),),
    )


def safe(auction: str) -> Address:
    """The account that holds an auction's deposits. Each auction has its own, so no fault
    in one can touch the money of another; when it is closed, it is empty.
    """
    return vault(f"sealed_auction {auction}")


def _moved(source: Address, target: Address, amount: int) -> tuple[Transfer, ...]:
    return (Transfer(MONEY, source, target, amount),) if amount else ()


# --- committing -----------------------------------------------------------------------


def commitment(chain: str, auction: str, trader: Address, orders: Value, salt: bytes) -> Digest:
    """The digest that binds a trader to its orders and hides them.

    It names chain, auction and trader: a copy of it, sent by somebody else or elsewhere,
    can never be opened.

    >>> orders = (("buy", 3_200_000, 28_000_000, 1),)
    >>> short(commitment("private", "noon", "0xab", orders, b"?" * 16))
    'b0dddeb9'
    >>> short(commitment("private", "noon", "0xcd", orders, b"?" * 16))
    'ae5d602c'
    """
    return digest((COMMITMENT, chain, auction, trader, orders, salt))


@dataclass(frozen=True)
class Commitment:
    """A commitment as the chain has it."""

    number: int
    """Its place in the queue, counted from 0."""

    trader: Address
    digest: Digest
    time: int
    """The time of its block [s]."""

    @property
    def arrival(self) -> int:
        """When its orders count as arrived [microseconds]: the time of the block, and the
        place in the queue as microseconds, so that no two are at once.
        """
        return self.time * MICROSECONDS + self.number


def _commit(storage: Storage, sender: Address, call: Call) -> Outcome:
    auction, sealed = arguments(call, "auction", "digest")
    name, opening = named_auction(storage, auction)
    _in_time(call.time, name, "commit", 0, opening.commit_until)
    if not isinstance(sealed, bytes) or len(sealed) != 32:
        raise BadArguments(f"digest: expected 32 bytes, found {sealed!r}")
    if ("commitment", name, sender) in storage:
        raise AlreadyCommitted(f"{sender} has committed to orders in the auction {name!r} before")
    number = count(storage, name)
    entry = (("auction", name), ("trader", sender), ("number", number), ("digest", sealed))
    return Outcome(
        {
            ("count", name): number + 1,
            ("trader", name, number): sender,
            ("commitment", name, sender): (number, sealed, call.time),
        },
        _moved(sender, safe(name), opening.bond),
        (Event("Committed", entry),),
    )


def _in_time(now: int, name: str, function: str, start: int, end: int | None) -> None:
    if now < start:
        raise WrongPhase(f"{function}: the auction {name!r} takes this in {start - now} s")
    if end is not None and now >= end:
        raise WrongPhase(f"{function}: the auction {name!r} took this until {now - end} s ago")


# --- revealing ------------------------------------------------------------------------


@dataclass(frozen=True)
class Reveal:
    """What a trader revealed."""

    trader: Address
    orders: Value
    """As the trader wrote them: side, quantity, price, divisible."""

    salt: bytes
    cover: int
    """What the trader put down for them [micro-money]."""

    @classmethod
    def of(cls, committed: Commitment, orders: Value, salt: Value) -> "Reveal":
        """What a trader reveals with these arguments.

        Raises :class:`~energychain.contracts.calls.BadArguments`.
        """
        if not isinstance(salt, bytes):
            raise BadArguments("salt: expected bytes")
        listed = orders_of(orders, committed.trader, committed.number, committed.arrival)
        return cls(committed.trader, orders, salt, worst_payment(listed))


def _reveal(storage: Storage, sender: Address, call: Call) -> Outcome:
    auction, written, salt = arguments(call, "auction", "orders", "salt")
    name, opening = named_auction(storage, auction)
    _in_time(call.time, name, "reveal", opening.commit_until, opening.reveal_until)
    if ("commitment", name, sender) not in storage:
        raise NoCommitment(f"{sender} has not committed to anything in the auction {name!r}")
    if ("reveal", name, sender) in storage:
        raise AlreadyRevealed(f"{sender} has revealed its orders before")
    committed = commitment_of(storage, name, sender)
    check_opening(str(storage["chain"]), name, committed, written, salt)
    orders = orders_of(written, sender, committed.number, committed.arrival)
    # What the rule refuses of one trader alone would call off the auction for all.
    cleared(name, opening.rule, opening.terms, 0, orders)
    cover = Reveal.of(committed, written, salt).cover
    entry = (("auction", name), ("trader", sender), ("orders", len(orders)), ("cover", cover))
    return Outcome(
        {("reveal", name, sender): (written, salt, cover)},
        _moved(sender, safe(name), cover),
        (Event("Revealed", entry),),
    )


def check_opening(
    chain: str, auction: str, committed: Commitment, orders: Value, salt: Value
) -> None:
    """Raise :class:`DoesNotOpen` unless these orders and this salt are what the trader
    committed to.
    """
    least, most = SALT_BYTES
    if not isinstance(salt, bytes) or not least <= len(salt) <= most:
        raise BadArguments(f"salt: expected {least} to {most} bytes")
    found = commitment(chain, auction, committed.trader, orders, salt)
    if found != committed.digest:
        raise DoesNotOpen(
            f"{committed.trader} committed to {short(committed.digest)}; these orders and this"
            f" salt make {short(found)} for this trader, auction and chain"
        )


# --- closing --------------------------------------------------------------------------


def _close(storage: Storage, sender: Address, call: Call) -> Outcome:
    auction, book_root, outcome = arguments(call, "auction", "book_root", "outcome_digest")
    name, opening = named_auction(storage, auction)
    _in_time(call.time, name, "close", opening.reveal_until, None)
    if ("closed", name) in storage:
        raise AlreadyClosed(f"the auction {name!r} was closed before")
    committed, revealed = commitments(storage, name), reveals(storage, name)
    result = result_of(name, opening, committed, revealed)
    _agreed("the root of the book", book_root, result.book_root)
    _agreed("the outcome digest", outcome, result.digest)
    entry = (
        ("auction", name),
        *(("book_root", result.book_root), ("outcome", result.digest), ("seed", result.seed)),
        *(("prices", result.prices), ("fills", result.fills), ("amounts", result.amounts)),
        *(("payments", result.payments), ("called_off", result.called_off)),
    )
    return Outcome(
        {("closed", name): (result.book_root, result.digest, result.seed)},
        settlement(name, opening, committed, revealed, result),
        (Event("Closed", entry),),
    )


def _agreed(what: str, said: Value, found: Digest) -> None:
    if said != found:
        shown = short(said) if isinstance(said, bytes) else repr(said)
        raise WrongOutcome(f"{what}: the contract finds {short(found)}, the call says {shown}")


def result_of(
    name: str,
    opening: Opening,
    committed: tuple[Commitment, ...],
    revealed: tuple[Reveal, ...],
) -> Result:
    """The one result that an auction can have: the contract's, and everybody's who checks."""
    orders, seed = book_of(committed, revealed), seed_of(committed, revealed)
    nothing = Result(name, opening.rule, opening.terms, seed, book_tree(orders).root)
    if not orders:
        return nothing
    try:
        result = cleared(name, opening.rule, opening.terms, seed, orders)
    except Refusal as refusal:
        return _called_off(nothing, refusal.rule)
    if result.surplus + opening.stake < 0:
        return _called_off(nothing, "deficit")
    covers = {each.trader: each.cover for each in revealed}
    if any(due > covers.get(Address(trader), -1) for trader, due in result.payments):
        return _called_off(nothing, "cover")
    return result


def _called_off(nothing: Result, why: str) -> Result:
    return Result(
        nothing.auction,
        nothing.rule,
        nothing.terms,
        nothing.seed,
        nothing.book_root,
        called_off=why,
    )


def book_of(committed: tuple[Commitment, ...], revealed: tuple[Reveal, ...]) -> tuple["Order", ...]:
    """The book: everything that was revealed, each order with the time and the number of
    its commitment.
    """
    by_trader = {each.trader: each for each in committed}
    return tuple(
        order
        for each in revealed
        for order in orders_of(
            each.orders,
            each.trader,
            by_trader[each.trader].number,
            by_trader[each.trader].arrival,
        )
    )


def seed_of(committed: tuple[Commitment, ...], revealed: tuple[Reveal, ...]) -> int:
    """The seed of the lots: from all commitments, also of those who broke off, and from all
    salts that were revealed, in the order of their own bytes.
    """
    drawn = digest(
        (
            SEED,
            tuple(sorted(each.digest for each in committed)),
            tuple(sorted(each.salt for each in revealed)),
        )
    )
    return int.from_bytes(drawn[:SEED_BYTES], "big")


def settlement(
    name: str,
    opening: Opening,
    committed: tuple[Commitment, ...],
    revealed: tuple[Reveal, ...],
    result: Result,
) -> tuple[Transfer, ...]:
    """Who gets what out of the auction's safe. It is empty afterwards.

    Who revealed gets its deposits back less what it pays, who did not loses the bond to
    the beneficiary, and the operator gets its stake and what the rule leaves over.
    """
    due = dict(result.payments)
    back = [(each.trader, opening.bond + each.cover - due.get(each.trader, 0)) for each in revealed]
    forfeits = opening.bond * (len(committed) - len(revealed))
    shares = (
        *back,
        (opening.beneficiary, forfeits),
        (opening.operator, opening.stake + result.surplus),
    )
    return tuple(Transfer(MONEY, safe(name), target, share) for target, share in shares if share)


# --- what the contract remembers ------------------------------------------------------


def named_auction(storage: Storage, auction: Value) -> tuple[str, Opening]:
    """An auction's name and terms.

    Raises :class:`NoSuchAuction`.
    """
    stored = storage.get(("auction", auction)) if isinstance(auction, str) else None
    if not isinstance(auction, str) or not isinstance(stored, tuple):
        raise NoSuchAuction(f"nobody has opened an auction {auction!r}")
    return auction, Opening(*stored)  # type: ignore[arg-type]


def count(storage: Storage, auction: str) -> int:
    """How many have committed."""
    number = storage.get(("count", auction), 0)
    assert isinstance(number, int)
    return number


def commitment_of(storage: Storage, auction: str, trader: Address) -> Commitment:
    """A trader's commitment.

    Raises ``KeyError`` if it has none.
    """
    stored = storage["commitment", auction, trader]
    assert isinstance(stored, tuple)
    number, sealed, time = stored
    return Commitment(number, trader, sealed, time)  # type: ignore[arg-type]


def commitments(storage: Storage, auction: str) -> tuple[Commitment, ...]:
    """All commitments, in the order in which they came."""
    traders = (storage["trader", auction, i] for i in range(count(storage, auction)))
    return tuple(commitment_of(storage, auction, Address(str(trader))) for trader in traders)


def reveals(storage: Storage, auction: str) -> tuple[Reveal, ...]:
    """What was revealed, in the order of the commitments."""
    return tuple(
        Reveal(each.trader, *storage["reveal", auction, each.trader])  # type: ignore[misc]
        for each in commitments(storage, auction)
        if ("reveal", auction, each.trader) in storage
    )


def closing(storage: Storage, auction: str) -> tuple[Digest, Digest, int] | None:
    """The book root, the outcome digest and the seed, once the auction is closed."""
    return storage.get(("closed", auction))  # type: ignore[return-value]
