"""
What an auction leaves behind, and how anybody checks it.

A **record** is what the operator publishes: the signed calls, the book, the seed, the
result, the transfers. Nobody has to believe it. :func:`verify` works everything out again
from the signed calls alone and names the first item that is not as it must be: which
order, fill, price or payment, what was expected and what was found.

A record cannot show what it leaves out. Who drops a trader altogether, and clears again,
has a record that fits together. So there are two checks: of the record alone, and against
the record that one reads from the chain oneself (:func:`record_of`), by replaying every
block under every rule.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import partial
from itertools import zip_longest
from typing import Any

from energychain.contracts.market_digest import Result, book_tree, by_id, checked_rule
from energychain.contracts.sealed_auction import (
    Commitment,
    Opening,
    Reveal,
    book_of,
    check_opening,
    closing,
    commitments,
    named_auction,
    result_of,
    reveals,
    safe,
    seed_of,
    settlement,
)
from energychain.contracts.token import MONEY
from energychain.ledger.chain import Chain
from energychain.ledger.state import Call, Outcome, Storage, Transfer
from energychain.ledger.transaction import SignedTransaction
from energychain.markets.orders import Order
from energychain.primitives.hashing import Digest, short
from energychain.primitives.keys import Address, BadSignature
from energychain.primitives.refusals import Refusal

CONTRACT = "sealed_auction"


class NotClosed(Refusal):
    """There is no record yet of an auction that is still open."""

    rule = "closed"


@dataclass(frozen=True)
class Record:
    """An auction as it is published."""

    chain: str
    auction: str
    opening: Opening
    commitments: tuple[Commitment, ...]

    opened: SignedTransaction
    """The call that opened the auction, signed by its operator."""

    committed: tuple[SignedTransaction, ...]
    """The calls that committed, in the order of the chain."""

    revealed: tuple[SignedTransaction, ...]
    """The calls that revealed, in the order of the chain: the signed orders."""

    orders: tuple[Order, ...]
    """The book, by order id."""

    seed: int
    book_root: Digest
    result: Result
    outcome: Digest
    """The outcome digest."""

    transfers: tuple[Transfer, ...]
    """Everything that went into the auction's safe and out of it."""

    def __repr__(self) -> str:
        return (
            f"<record of {self.auction!r}: {len(self.commitments)} commitments,"
            f" {len(self.orders)} orders, outcome {short(self.outcome)}>"
        )


# --- from the chain -------------------------------------------------------------------


def record_of(chain: Chain, auction: str) -> Record:
    """The record that the chain itself has of a closed auction. Every block is carried out
    again under every rule, which shows the transfers too.

    Raises :class:`~energychain.ledger.chain.InvalidBlock` if the chain breaks a rule,
    :class:`~energychain.contracts.sealed_auction.NoSuchAuction`, and :class:`NotClosed`.
    """
    calls = [(signed, outcome) for signed, outcome in _replayed(chain) if _about(signed, auction)]
    storage = chain.state.storage.get(CONTRACT, {})
    name, opening = named_auction(storage, auction)
    if closing(storage, name) is None:
        raise NotClosed(f"the auction {name!r} is not closed yet")
    (closed,) = (outcome for signed, outcome in calls if _is(signed, "close"))
    said: dict[str, Any] = dict(closed.events[0].fields)
    outcome: Digest = said.pop("outcome")
    result = Result(rule=opening.rule, terms=opening.terms, **said)
    all_committed = commitments(storage, name)
    return Record(
        chain=chain.genesis.chain,
        auction=name,
        opening=opening,
        commitments=all_committed,
        opened=next(signed for signed, _ in calls if _is(signed, "open")),
        committed=tuple(signed for signed, _ in calls if _is(signed, "commit")),
        revealed=tuple(signed for signed, _ in calls if _is(signed, "reveal")),
        orders=by_id(book_of(all_committed, reveals(storage, name))),
        seed=result.seed,
        book_root=result.book_root,
        result=result,
        outcome=outcome,
        transfers=tuple(transfer for _, outcome in calls for transfer in outcome.transfers),
    )


def _replayed(chain: Chain) -> list[tuple[SignedTransaction, Outcome]]:
    """Every call of the contract that took effect, and what it did."""
    did: list[Outcome | None] = []
    contract = chain.contracts[CONTRACT]

    def noted(storage: Storage, sender: Address, call: Call) -> Outcome:
        did.append(None)
        did[-1] = outcome = contract(storage, sender, call)
        return outcome

    again = Chain.begin(chain.genesis, {**chain.contracts, CONTRACT: noted}, chain.seal)
    for block in chain.blocks[1:]:
        again = again.append(block)
    called = [
        (signed, receipt)
        for block, receipts in zip(again.blocks, again.receipts, strict=True)
        for signed, receipt in zip(block.transactions, receipts, strict=True)
        if signed.transaction.contract == CONTRACT
    ]
    return [
        (signed, outcome)
        for (signed, receipt), outcome in zip(called, did, strict=True)
        if receipt.done and outcome is not None
    ]


def _about(signed: SignedTransaction, auction: str) -> bool:
    return signed.transaction.arguments[:1] == (auction,)


def _is(signed: SignedTransaction, function: str) -> bool:
    return signed.transaction.function == function


# --- checking -------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """One item of a record that is not as it must be."""

    rule: str
    """The rule that found it, such as ``fill`` or ``payment``."""

    item: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.item}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True)
class Verdict:
    """What a check of a record found."""

    fault: Fault | None = None
    """The first fault; nothing if there is none."""

    @property
    def ok(self) -> bool:
        """Whether the record holds."""
        return self.fault is None

    def __str__(self) -> str:
        return (
            "every order, fill, price and payment is as it must be" if self.ok else str(self.fault)
        )


def verify(record: Record, chain_record: Record | None = None) -> Verdict:
    """The first item of a record that is not as it must be.

    Everything is worked out again from the signed calls. ``chain_record`` is what one reads
    from the chain oneself, with :func:`record_of`; with it, nothing that the record leaves
    out stays hidden. Never raises: whatever a record holds, the answer is a verdict.
    """
    return Verdict(next(faults(record, chain_record), None))


def faults(record: Record, chain_record: Record | None = None) -> Iterator[Fault]:
    """The faults of a record. Later rules build on earlier ones, so after the first fault
    the others may be its consequences.
    """
    for name, check in CHECKS:
        found = list(_guarded(name, check, record))
        yield from found
        if found:
            return
    if chain_record is not None:
        yield from _guarded("chain", partial(_as_on_chain, chain_record), record)


def _guarded(name: str, check: "Check", record: Record) -> Iterator[Fault]:
    # What was tampered with may have the wrong type anywhere.
    try:
        yield from check(record)
    except Refusal as refusal:
        yield Fault(name, refusal.rule, "what the rule allows", str(refusal))
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
        yield Fault(name, "the record", "values of the right kind", f"{error}")


Check = Callable[[Record], Iterator[Fault]]


def _signatures(record: Record) -> Iterator[Fault]:
    for signed in (record.opened, *record.committed, *record.revealed):
        try:
            signed.check_signature()
        except BadSignature as fault:
            yield Fault("signature", _call(signed), "its sender's signature", str(fault))


def _calls(record: Record) -> Iterator[Fault]:
    expected = (
        (record.opened, "open", 8),
        *((signed, "commit", 2) for signed in record.committed),
        *((signed, "reveal", 3) for signed in record.revealed),
    )
    for signed, function, arguments in expected:
        wish = signed.transaction
        found = (wish.chain, wish.contract, wish.function, *wish.arguments[:1], len(wish.arguments))
        wanted = (record.chain, CONTRACT, function, record.auction, arguments)
        yield from _differ("call", _call(signed), wanted, found)


def _terms(record: Record) -> Iterator[Fault]:
    _, rule, terms, *others = record.opened.transaction.arguments
    expected = Opening(record.opened.sender, *checked_rule(rule, terms), *others)  # type: ignore[arg-type]
    yield from _fields("terms", "the opening", expected, record.opening)


def _commitments(record: Record) -> Iterator[Fault]:
    for i, (signed, found) in enumerate(zip_longest(record.committed, record.commitments)):
        item = f"commitment {i}"
        if signed is None or found is None:
            yield Fault("commitment", item, _shown(signed), _shown(found))
            continue
        sealed = signed.transaction.arguments[1]
        expected = Commitment(i, signed.sender, sealed, found.time)  # type: ignore[arg-type]
        yield from _fields("commitment", item, expected, found)
        if not 0 <= found.time < record.opening.commit_until:
            yield Fault("phase", item, f"before {record.opening.commit_until} s", f"{found.time} s")
    yield from _twice("commitment", [each.trader for each in record.commitments])


def _openings(record: Record) -> Iterator[Fault]:
    known = {each.trader: each for each in record.commitments}
    for signed in record.revealed:
        _, orders, salt = signed.transaction.arguments
        if signed.sender not in known:
            yield Fault("opening", _call(signed), "a commitment of its sender", "none")
            continue
        try:
            check_opening(record.chain, record.auction, known[signed.sender], orders, salt)
        except Refusal as refusal:
            yield Fault("opening", _call(signed), "what was committed to", str(refusal))
    yield from _twice("opening", [signed.sender for signed in record.revealed])


def _orders(record: Record) -> Iterator[Fault]:
    expected = {each.id: each for each in by_id(book_of(record.commitments, revealed_in(record)))}
    found = {each.id: each for each in record.orders}
    yield from _twice("order", [each.id for each in record.orders])
    for id in sorted({*expected, *found}):
        if id not in found:
            yield Fault("order", f"order {id}", "to be in the book", "dropped")
        elif id not in expected:
            yield Fault("order", f"order {id}", "not to be in the book", "added")
        else:
            yield from _fields("order", f"order {id}", expected[id], found[id])
    yield from _differ("order", "order of the leaves", tuple(expected), tuple(found))


def _seed(record: Record) -> Iterator[Fault]:
    expected = seed_of(record.commitments, revealed_in(record))
    yield from _differ("seed", "the seed", expected, record.seed)
    yield from _differ("seed", "the seed of the result", expected, record.result.seed)


def _book_root(record: Record) -> Iterator[Fault]:
    expected = book_tree(record.orders).root
    yield from _differ("book root", "the root of the book", expected, record.book_root)
    yield from _differ("book root", "the root in the result", expected, record.result.book_root)


def _result(record: Record) -> Iterator[Fault]:
    expected = result_of(record.auction, record.opening, record.commitments, revealed_in(record))
    found = record.result
    for field in ("auction", "rule", "terms", "called_off"):
        yield from _differ("result", field, getattr(expected, field), getattr(found, field))
    yield from _pairs("fill", "the fill of", expected.fills, found.fills)
    yield from _pairs("amount", "the amount of", expected.amounts, found.amounts)
    sides = ("price for buyers", "price for sellers")
    for side, wanted, shown in zip_longest(sides, expected.prices, found.prices):
        yield from _differ("price", str(side), wanted, shown)
    yield from _pairs("payment", "the payment of", expected.payments, found.payments)


def _outcome(record: Record) -> Iterator[Fault]:
    yield from _differ("outcome", "the outcome digest", record.result.digest, record.outcome)


def _transfers(record: Record) -> Iterator[Fault]:
    expected = expected_transfers(record)
    for i, (wanted, found) in enumerate(zip_longest(expected, record.transfers)):
        if wanted is None or found is None:
            yield Fault("transfer", f"transfer {i}", _shown(wanted), _shown(found))
        else:
            yield from _fields("transfer", f"transfer {i}", wanted, found)


CHECKS: tuple[tuple[str, Check], ...] = (
    ("signature", _signatures),
    ("call", _calls),
    ("terms", _terms),
    ("commitment", _commitments),
    ("opening", _openings),
    ("order", _orders),
    ("seed", _seed),
    ("book root", _book_root),
    ("result", _result),
    ("outcome", _outcome),
    ("transfer", _transfers),
)
"""The rules of a record by name, in the order in which they are asked."""


def expected_transfers(record: Record) -> tuple[Transfer, ...]:
    """All that must go into an auction's safe and out of it, in the order of the chain."""
    opening, box, revealed = record.opening, safe(record.auction), revealed_in(record)
    cover = {each.trader: each.cover for each in revealed}
    paid_in = (
        (opening.operator, opening.stake),
        *((signed.sender, opening.bond) for signed in record.committed),
        *((signed.sender, cover[signed.sender]) for signed in record.revealed),
    )
    inward = (Transfer(MONEY, source, box, amount) for source, amount in paid_in if amount)
    outward = settlement(record.auction, opening, record.commitments, revealed, record.result)
    return (*inward, *outward)


def revealed_in(record: Record) -> tuple[Reveal, ...]:
    """The signed reveals as the contract has them: in the order of the commitments."""
    by_trader = {signed.sender: signed for signed in record.revealed}
    return tuple(
        Reveal.of(each, *by_trader[each.trader].transaction.arguments[1:])
        for each in record.commitments
        if each.trader in by_trader
    )


def _as_on_chain(trusted: Record, record: Record) -> Iterator[Fault]:
    """Where a record differs from what the chain itself has."""
    for field in fields(Record):
        expected, found = getattr(trusted, field.name), getattr(record, field.name)
        if isinstance(expected, tuple):
            for i, (wanted, shown) in enumerate(zip_longest(expected, found)):
                # A few words of the first field that differs say more than two whole records.
                compare = _fields if type(wanted) is type(shown) is Commitment else _differ
                yield from compare("chain", f"{field.name} {i}", wanted, shown)
        else:
            yield from _differ("chain", field.name, expected, found)


# --- saying what differs --------------------------------------------------------------


def _differ(rule: str, item: str, expected: object, found: object) -> Iterator[Fault]:
    if type(expected) is not type(found) or expected != found:
        yield Fault(rule, item, _shown(expected), _shown(found))


def _fields(rule: str, item: str, expected: Any, found: Any) -> Iterator[Fault]:
    for field in fields(expected):
        name = field.name
        yield from _differ(rule, f"{item}, {name}", getattr(expected, name), getattr(found, name))


def _pairs(
    rule: str,
    item: str,
    expected: Sequence[tuple[str, int]],
    found: Sequence[tuple[str, int]],
) -> Iterator[Fault]:
    yield from _twice(rule, [name for name, _ in found])
    wanted, shown = dict(expected), dict(found)
    for name in sorted({*wanted, *shown}):
        yield from _differ(rule, f"{item} {name}", wanted.get(name), shown.get(name))
    yield from _differ(rule, "their order", tuple(expected), tuple(found))


def _twice(rule: str, names: Iterable[str]) -> Iterator[Fault]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield Fault(rule, name, "once", "twice")
        seen.add(name)


def _shown(thing: object) -> str:
    if thing is None:
        return "none"
    return thing.hex() if isinstance(thing, bytes) else repr(thing)


def _call(signed: SignedTransaction) -> str:
    return f"{signed.transaction.function} of {signed.sender}"
