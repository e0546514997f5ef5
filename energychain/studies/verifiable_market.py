"""
A market that anybody can check: a sealed auction on a private chain, from the first
commitment to the last payment.

Nine households commit to sealed orders. One of them likes what the others reveal less
than its own order and breaks off; a stranger copies a commitment and can do nothing with
it. Two offers at one price cannot both be served in full: lots are drawn, from a seed that
nobody chose. Then somebody closes the auction, and every node works the result out again.

>>> market = play()
>>> market.check()
Verdict(fault=None)
>>> market.proof("000000.0001").size < 500
True

Orders are of our own making; so are bond, stake and deadlines. See
:mod:`energychain.contracts.sealed_auction` for the scheme and its limits.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

from energychain.contracts.market_digest import (
    Result,
    Terms,
    book_tree,
    by_id,
    order_bytes,
    payment_bytes,
)
from energychain.contracts.sealed_auction import (
    book_of,
    commitment,
    named_auction,
    opening_storage,
    result_of,
    reveals,
)
from energychain.contracts.sealed_auction import commitments as commitments_of
from energychain.contracts.token import MONEY
from energychain.ledger.chain import Chain
from energychain.ledger.state import Receipt
from energychain.ledger.transaction import SignedTransaction, Value
from energychain.markets.orders import DECIMALS
from energychain.primitives.encoding import encode
from energychain.primitives.hashing import digest, sha256, short
from energychain.primitives.keys import Address
from energychain.primitives.merkle import InclusionProof, MerkleTree
from energychain.primitives.refusals import BadInput
from energychain.primitives.units import from_units, money, to_units
from energychain.studies.market_record import (
    CONTRACT,
    Record,
    Verdict,
    expected_transfers,
    record_of,
    revealed_in,
    verify,
)
from energychain.studies.private_chain import PrivateChain

OPERATOR = "operator"
FUND = "fund"
"""Who gets the bonds of those who break off."""

COPIER = "mallory"
"""Who copies somebody's commitment."""

SAVINGS = 10**10
"""What everybody has at first [micro-money]."""


@dataclass(frozen=True)
class Wish:
    """An order as a household thinks of it, in units and money."""

    side: str
    quantity: str
    price: str

    @property
    def written(self) -> Value:
        """As it is written into a commitment."""
        return (self.side, to_units(self.quantity, DECIMALS), to_units(self.price, DECIMALS), 1)


HOUSEHOLDS: Mapping[str, tuple[Wish, ...]] = {
    "ann": (Wish("buy", "4.2", "0.31"), Wish("buy", "2.0", "0.19")),
    "ben": (Wish("buy", "3.5", "0.29"),),
    "cat": (Wish("buy", "2.6", "0.27"), Wish("sell", "1.5", "0.33")),
    "dan": (Wish("buy", "1.9", "0.24"),),
    "eve": (Wish("sell", "3.1", "0.12"),),
    "fay": (Wish("sell", "2.4", "0.15"), Wish("sell", "3.0", "0.28")),
    "gus": (Wish("sell", "4.0", "0.20"),),
    "hal": (Wish("sell", "4.0", "0.20"),),
    "ida": (Wish("sell", "2.2", "0.26"),),
}
"""Nine households with twelve orders [kWh, money/kWh]."""


@dataclass(frozen=True)
class AuctionTerms:
    """What is agreed before the auction."""

    name: str = "noon"
    rule: str = "uniform"
    terms: Terms = (("point", "mid"), ("ties", "lottery"))
    bond: int = 1_000_000
    """What breaking off costs [micro-money]."""

    stake: int = 0
    """What the operator puts down for a deficit [micro-money]."""

    commit_until: int = 600
    reveal_until: int = 1_200
    """The deadlines [s]."""

    breaks_off: tuple[str, ...] = ("ida",)
    """Who commits and does not reveal."""

    copied: str = "ann"
    """Whose commitment is copied by a stranger; empty if nobody's is."""


def salt_of(name: str, auction: str, seed: str = "energychain") -> bytes:
    """A household's secret salt [32 bytes]. In a lesson it must come out the same every time;
    in earnest it is drawn by the operating system and told to nobody.
    """
    return sha256(encode(("salt of a lesson", seed, auction, name)))


# --- the play -------------------------------------------------------------------------


@dataclass(frozen=True)
class Refused:
    """A call that the contract refused."""

    name: str
    function: str
    rule: str
    reason: str


@dataclass(frozen=True, eq=False)
class VerifiableMarket:
    """What happened, and what everybody can see of it."""

    network: PrivateChain
    terms: AuctionTerms
    households: Mapping[str, tuple[Wish, ...]]
    record: Record
    refused: tuple[Refused, ...] = ()
    receipts: tuple[tuple[str, str, Receipt], ...] = field(default=(), repr=False)
    """Who called, which function, and what became of it."""

    @property
    def chain(self) -> Chain:
        """The chain on which it happened."""
        return self.network.chain

    @property
    def result(self) -> Result:
        """What came of the book."""
        return self.record.result

    def check(self, record: Record | None = None, alone: bool = False) -> Verdict:
        """What a check of a record finds: of this auction's own record unless another is
        given, and against the chain unless it is to be checked ``alone``.
        """
        return verify(record or self.record, None if alone else self.record)

    def name(self, address: str) -> str:
        """What people call an account."""
        return self.chain.name(Address(address))

    def commitment_rows(self) -> list[dict[str, str | int]]:
        """Who committed, what all others see of it, and whether it was opened."""
        opened = {signed.sender: signed for signed in self.record.revealed}
        return [
            {
                "number": each.number,
                "trader": self.name(each.trader),
                "commitment": short(each.digest),
                "committed at [s]": each.time,
                "bond": money(self.record.opening.bond),
                "opened": "yes" if each.trader in opened else "no: the bond is lost",
                "orders": sum(order.trader == each.trader for order in self.record.orders),
            }
            for each in self.record.commitments
        ]

    def order_rows(self) -> list[dict[str, str]]:
        """The book and what came of it, in kWh and money."""
        fills, amounts = dict(self.result.fills), dict(self.result.amounts)
        return [
            {
                "order": each.id,
                "trader": self.name(each.trader),
                "side": each.side,
                "quantity [kWh]": from_units(each.quantity, DECIMALS),
                "limit [money/kWh]": from_units(each.price, DECIMALS),
                "fill [kWh]": from_units(fills.get(each.id, 0), DECIMALS),
                "pays [money]": from_units(amounts.get(each.id, 0), 2 * DECIMALS),
            }
            for each in self.record.orders
        ]

    def payment_rows(self) -> list[dict[str, str]]:
        """What each trader pays [money]; what it receives is negative."""
        return [
            {"trader": self.name(trader), "pays [money]": money(due)}
            for trader, due in self.result.payments
        ]

    def digest_rows(self) -> list[dict[str, str]]:
        """What stands for the whole market on the chain."""
        record = self.record
        return [
            {"what": "root of the book", "value": record.book_root.hex()},
            {"what": "outcome digest", "value": record.outcome.hex()},
            {"what": "seed of the lots", "value": str(record.seed)},
        ]

    def gas_rows(self) -> list[dict[str, str | int]]:
        """What each kind of call cost [gas]."""
        spent: dict[str, list[int]] = {}
        for _, function, receipt in self.receipts:
            if receipt.done:
                spent.setdefault(function, []).append(receipt.gas_used)
        return [
            {
                "call": function,
                "calls": len(gas),
                "least [gas]": min(gas),
                "most [gas]": max(gas),
                "in all [gas]": sum(gas),
            }
            for function, gas in spent.items()
        ]

    def proof(self, order: str) -> "OwnProof":
        """What the owner of an order needs to see that it was in the book and what it pays.

        Raises ``KeyError`` if there is no such order.
        """
        ids = {each.id: i for i, each in enumerate(self.record.orders)}
        mine = self.record.orders[ids[order]]
        payments = dict(self.result.payments)
        paid = payment_bytes(mine.trader, payments[mine.trader])
        tree = self.result.tree
        return OwnProof(
            leaf=order_bytes(mine),
            in_book=self._book_tree.inclusion(ids[order]),
            payment=paid,
            in_result=tree.inclusion(self.result.leaves.index(paid)),
        )

    @cached_property
    def _book_tree(self) -> MerkleTree:
        return book_tree(self.record.orders)


@dataclass(frozen=True)
class OwnProof:
    """What a light node is sent: its own order and payment, and two paths."""

    leaf: bytes
    in_book: InclusionProof
    payment: bytes
    in_result: InclusionProof

    @property
    def size(self) -> int:
        """How much it is sent [byte]: two leaves, two paths of 32 bytes a step, and twice
        index and size in 4 bytes each.
        """
        steps = len(self.in_book.path) + len(self.in_result.path)
        return len(self.leaf) + len(self.payment) + 32 * steps + 16

    def check(self, book_root: bytes, outcome: bytes) -> None:
        """Raise :class:`~energychain.primitives.merkle.BadProof` unless both are there."""
        self.in_book.check(self.leaf, book_root)
        self.in_result.check(self.payment, outcome)


def play(
    households: Mapping[str, tuple[Wish, ...]] = HOUSEHOLDS,
    terms: AuctionTerms | None = None,
    seed: str = "energychain",
) -> VerifiableMarket:
    """Play an auction on a private chain, with signed transactions in mined blocks.

    Raises :class:`~energychain.primitives.refusals.BadInput` if the contract refuses what an
    honest household does.
    """
    return _Play(households, terms or AuctionTerms(), seed).run()


class _Play:
    def __init__(
        self, households: Mapping[str, tuple[Wish, ...]], terms: AuctionTerms, seed: str
    ) -> None:
        self.households, self.terms, self.seed = households, terms, seed
        names = (OPERATOR, FUND, COPIER, *households)
        self.network = PrivateChain(
            names,
            name="market",
            seed=seed,
            balances=[(MONEY, name, SAVINGS) for name in names],
            storage=opening_storage("market"),
        )
        self.receipts: list[tuple[str, str, Receipt]] = []
        self.refused: list[Refused] = []

    def run(self) -> VerifiableMarket:
        terms, network = self.terms, self.network
        network.open_block()
        self._call(
            OPERATOR, "open", terms.name, terms.rule, terms.terms, terms.bond, terms.stake,
            network.address(FUND), terms.commit_until, terms.reveal_until,
        )  # fmt: skip
        network.close_block()
        network.open_block()
        for name in self.households:
            self._call(name, "commit", terms.name, self._sealed(name))
        if terms.copied:
            self._call(COPIER, "commit", terms.name, self._sealed(terms.copied))
        network.close_block()
        network.open_block(terms.commit_until)
        for name in self.households:
            if name not in terms.breaks_off:
                self._call(name, "reveal", terms.name, self._orders(name), self._salt(name))
        network.close_block()
        if terms.copied:
            network.open_block()
            self._copy()
            network.close_block()
        network.open_block(terms.reveal_until)
        result = expected_result(network.chain, terms.name)
        self._call(OPERATOR, "close", terms.name, result.book_root, result.digest)
        network.close_block()
        record = record_of(network.chain, terms.name)
        return VerifiableMarket(
            network, terms, self.households, record, tuple(self.refused), tuple(self.receipts)
        )

    def _copy(self) -> None:
        """The stranger has seen the reveal whose commitment it copied, and sends the same."""
        name = self.terms.copied
        arguments = (self.terms.name, self._orders(name), self._salt(name))
        receipt = self.network.send(COPIER, CONTRACT, "reveal", *arguments)
        self.refused.append(Refused(COPIER, "reveal", receipt.refusal, receipt.reason))

    def _call(self, name: str, function: str, *arguments: Value) -> None:
        receipt = self.network.send(name, CONTRACT, function, *arguments)
        self.receipts.append((name, function, receipt))
        if not receipt.done:
            raise BadInput(f"{name}: {function} was refused: {receipt.reason}")

    def _orders(self, name: str) -> Value:
        return tuple(wish.written for wish in self.households[name])

    def _salt(self, name: str) -> bytes:
        return salt_of(name, self.terms.name, self.seed)

    def _sealed(self, name: str) -> bytes:
        address = self.network.address(name)
        orders, salt = self._orders(name), self._salt(name)
        return commitment("market", self.terms.name, address, orders, salt)


def expected_result(chain: Chain, auction: str) -> Result:
    """What must come of an auction, from what is on the chain: what the operator says when
    it closes, and what anybody else can work out before.
    """
    storage = chain.state.storage[CONTRACT]
    name, opening = named_auction(storage, auction)
    return result_of(name, opening, commitments_of(storage, name), reveals(storage, name))


# --- peeking --------------------------------------------------------------------------


def likely_orders(
    quantities: Iterable[int] = range(100_000, 5_100_000, 100_000),
    prices: Iterable[int] = range(10_000, 510_000, 10_000),
) -> Iterator[Value]:
    """What one may guess that a household wants: one bid or offer, to a tenth of a kWh and a
    cent.
    """
    steps = tuple(prices)
    for side in ("buy", "sell"):
        for quantity in quantities:
            yield from (((side, quantity, price, 1),) for price in steps)


@dataclass(frozen=True)
class Peek:
    """What trying all likely orders brings to light."""

    tries: int
    found: Value = ()
    """The orders; empty if none of the guesses fits."""


def peek(
    sealed: bytes, trader: Address, auction: str, salt: bytes, guesses: Iterable[Value]
) -> Peek:
    """Try likely orders on a commitment of the chain ``market``, with a guess of its salt,
    until one fits.

    >>> ann, orders = Address("0x" + "a" * 40), (("buy", 3_500_000, 290_000, 1),)
    >>> naked = commitment("market", "noon", ann, orders, b"")
    >>> peek(naked, ann, "noon", b"", likely_orders())
    Peek(tries=1729, found=(('buy', 3500000, 290000, 1),))
    >>> sealed = commitment("market", "noon", ann, orders, salt_of("ann", "noon"))
    >>> peek(sealed, ann, "noon", b"", likely_orders())
    Peek(tries=5000, found=())
    """
    tries = 0
    for tries, orders in enumerate(guesses, 1):
        if commitment("market", auction, trader, orders, salt) == sealed:
            return Peek(tries, orders)
    return Peek(tries)


# --- tampering ------------------------------------------------------------------------

Tampered = tuple[str, Record]
"""What was changed, and the record in which it is."""


def tampered_copies(record: Record) -> Iterator[Tampered]:
    """Copies of a record with one single item changed in each."""
    yield from _of_orders(record)
    yield from _of_result(record)
    yield from _of_digests(record)
    yield from _of_calls(record)
    yield from _of_commitments(record)
    yield from _of_transfers(record)
    yield from _of_opening(record)


def reckoned_lies(record: Record) -> Iterator[Tampered]:
    """Copies in which a liar changed one thing and then worked out everything that follows
    from it: seed, book, result, roots and transfers fit together.
    """
    for i, signed in enumerate(record.revealed):
        who, (auction, orders, salt) = signed.sender, signed.transaction.arguments
        assert isinstance(orders, tuple)
        for j, each in enumerate(orders):
            assert isinstance(each, tuple)
            side, quantity, price, divisible = each
            assert isinstance(price, int)
            changed: Value = (side, quantity, price + 1, divisible)
            lie = (auction, _put(orders, j, changed), salt)
            calls = _put(record.revealed, i, _with_arguments(signed, lie))
            yield f"price of order {j + 1} of {who}", _reckoned(replace(record, revealed=calls))
        calls = _cut(record.revealed, i)
        yield f"the reveal of {who} left out", _reckoned(replace(record, revealed=calls))
        kept = [each for each in record.commitments if each.trader != who]
        without = replace(
            record,
            commitments=tuple(replace(each, number=n) for n, each in enumerate(kept)),
            committed=tuple(each for each in record.committed if each.sender != who),
            revealed=calls,
        )
        yield f"{who} left out altogether", _reckoned(without)
    cheap = replace(record.opening, bond=record.opening.bond - 1)
    yield "the bond", _reckoned(replace(record, opening=cheap))
    dear = replace(record.opening, rule="pay_as_bid", terms=())
    yield "the rule", _reckoned(replace(record, opening=dear))
    yield "the seed", _settled_again(replace(record, seed=record.seed + 1))
    traders = record.result.payments
    for i in range(len(traders) - 1):
        (one, first), (other, second) = traders[i : i + 2]
        shifted = _put(_put(traders, i, (one, first - 1)), i + 1, (other, second + 1))
        result = replace(record.result, payments=shifted)
        yield f"a micro-unit from {one} to {other}", _settled_again(replace(record, result=result))


def _reckoned(record: Record) -> Record:
    """The record with everything that follows from its calls worked out anew."""
    revealed = revealed_in(record)
    book = by_id(book_of(record.commitments, revealed))
    result = result_of(record.auction, record.opening, record.commitments, revealed)
    found = replace(record, orders=book, seed=result.seed, result=result)
    return _settled_again(replace(found, book_root=result.book_root))


def _settled_again(record: Record) -> Record:
    result = replace(record.result, seed=record.seed)
    found = replace(record, result=result, outcome=result.digest)
    return replace(found, transfers=expected_transfers(found))


def _with(record: Record, name: str, value: Any) -> Record:
    changed: dict[str, Any] = {name: value}
    return replace(record, **changed)


def _put(items: tuple[Any, ...], at: int, item: Any) -> tuple[Any, ...]:
    return (*items[:at], item, *items[at + 1 :])


def _cut(items: tuple[Any, ...], at: int) -> tuple[Any, ...]:
    return (*items[:at], *items[at + 1 :])


def _swapped(items: tuple[Any, ...], at: int) -> tuple[Any, ...]:
    return (*items[:at], items[at + 1], items[at], *items[at + 2 :])


def _of_orders(record: Record) -> Iterator[Tampered]:
    orders = record.orders
    traders = sorted({order.trader for order in orders})

    def with_orders(changed: tuple[Any, ...]) -> Record:
        return replace(record, orders=changed)

    for i, order in enumerate(orders):
        other = traders[(traders.index(order.trader) + 1) % len(traders)]
        for what, changed in (
            ("id", replace(order, id=order.id + "0")),
            ("trader", replace(order, trader=other)),
            ("side", replace(order, side="sell" if order.side == "buy" else "buy")),
            ("quantity + 1", replace(order, quantity=order.quantity + 1)),
            ("quantity - 1", replace(order, quantity=order.quantity - 1)),
            ("price + 1", replace(order, price=order.price + 1)),
            ("price - 1", replace(order, price=order.price - 1)),
            ("time + 1", replace(order, time=(order.time or 0) + 1)),
            ("no time", replace(order, time=None)),
            ("all or none", replace(order, divisible=False)),
        ):
            yield f"order {order.id}: {what}", with_orders(_put(orders, i, changed))
        yield f"order {order.id}: dropped", with_orders(_cut(orders, i))
        added = replace(order, id=f"{order.id[:-4]}9999")
        yield f"order {order.id}: one like it added", with_orders((*orders, added))
        yield f"order {order.id}: twice", with_orders((*orders[:i], order, *orders[i:]))
        if i:
            yield f"order {order.id}: before its turn", with_orders(_swapped(orders, i - 1))


def _of_result(record: Record) -> Iterator[Tampered]:
    result = record.result

    def with_result(**changed: Any) -> Record:
        return replace(record, result=replace(result, **changed))

    for name in ("fills", "amounts", "payments"):
        rows = getattr(result, name)
        for i, (key, number) in enumerate(rows):
            for step in (1, -1):
                changed = _put(rows, i, (key, number + step))
                yield f"{name} {key}: {step:+}", with_result(**{name: changed})
            yield f"{name} {key}: dropped", with_result(**{name: _cut(rows, i)})
            yield f"{name} {key}: for another", with_result(**{name: _put(rows, i, ("?", number))})
            if i:
                (before, former) = rows[i - 1]
                if former != number:
                    swapped = _put(_put(rows, i, (key, former)), i - 1, (before, number))
                    yield f"{name} {key}: swapped with {before}", with_result(**{name: swapped})
                yield f"{name} {key}: out of turn", with_result(**{name: _swapped(rows, i - 1)})
    for i, price in enumerate(result.prices):
        for step in (1, -1):
            changed = _put(result.prices, i, price + step)
            yield f"price {i}: {step:+}", with_result(prices=changed)
    yield "no prices", with_result(prices=())
    yield "called off", with_result(called_off="deficit")
    yield "rule of the result", with_result(rule="pairwise")
    yield "terms of the result", with_result(terms=())
    yield "auction of the result", with_result(auction=result.auction + "!")
    yield "seed of the result", with_result(seed=result.seed + 1)
    yield "book root of the result", with_result(book_root=digest("another"))


def _of_digests(record: Record) -> Iterator[Tampered]:
    for name in ("book_root", "outcome"):
        value = getattr(record, name)
        for at in range(len(value)):
            flipped = value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]
            yield f"{name}, byte {at}", _with(record, name, flipped)
    for bit in range(64):
        yield f"seed, bit {bit}", replace(record, seed=record.seed ^ (1 << bit))
    yield "name of the chain", replace(record, chain=record.chain + "!")
    yield "name of the auction", replace(record, auction=record.auction + "!")


def _of_calls(record: Record) -> Iterator[Tampered]:
    for name in ("committed", "revealed"):
        calls = getattr(record, name)
        for i, signed in enumerate(calls):
            who = f"{signed.transaction.function} of {signed.sender}"
            yield f"{who}: dropped", _with(record, name, _cut(calls, i))
            yield f"{who}: twice", _with(record, name, (*calls, signed))
            for at, argument in enumerate(signed.transaction.arguments):
                lie = _put(signed.transaction.arguments, at, _altered(argument))
                changed = _put(calls, i, _with_arguments(signed, lie))
                yield f"{who}: argument {at}", _with(record, name, changed)
            mirrored = SignedTransaction(signed.transaction, _altered(signed.signature))
            yield f"{who}: signature", _with(record, name, _put(calls, i, mirrored))
    for at, argument in enumerate(record.opened.transaction.arguments):
        lie = _put(record.opened.transaction.arguments, at, _altered(argument))
        yield f"open: argument {at}", replace(record, opened=_with_arguments(record.opened, lie))


def _of_commitments(record: Record) -> Iterator[Tampered]:
    commitments = record.commitments
    for i, each in enumerate(commitments):
        for what, changed in (
            ("number", replace(each, number=each.number + 1)),
            ("trader", replace(each, trader=Address("0x" + "0" * 40))),
            ("digest", replace(each, digest=digest("another"))),
            ("time", replace(each, time=each.time + 1)),
        ):
            found = replace(record, commitments=_put(commitments, i, changed))
            yield f"commitment {i}: {what}", found
        yield f"commitment {i}: dropped", replace(record, commitments=_cut(commitments, i))


def _of_transfers(record: Record) -> Iterator[Tampered]:
    transfers = record.transfers
    for i, each in enumerate(transfers):
        for what, changed in (
            ("asset", replace(each, asset="token")),
            ("source", replace(each, source=Address("0x" + "0" * 40))),
            ("target", replace(each, target=Address("0x" + "0" * 40))),
            ("amount + 1", replace(each, amount=each.amount + 1)),
            ("amount - 1", replace(each, amount=each.amount - 1)),
        ):
            yield f"transfer {i}: {what}", replace(record, transfers=_put(transfers, i, changed))
        yield f"transfer {i}: dropped", replace(record, transfers=_cut(transfers, i))
        yield f"transfer {i}: twice", replace(record, transfers=(*transfers, each))


def _of_opening(record: Record) -> Iterator[Tampered]:
    for each in fields(record.opening):
        changed = _altered(getattr(record.opening, each.name))
        lie: dict[str, Any] = {each.name: changed}
        opening = replace(record.opening, **lie)
        yield f"opening: {each.name}", replace(record, opening=opening)


def _altered(value: Any) -> Any:
    """A value a little different from this one."""
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return value + "!"
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:]
    return _put(value, 0, _altered(value[0])) if value else ("!",)


def _with_arguments(signed: SignedTransaction, arguments: tuple[Value, ...]) -> SignedTransaction:
    """A call with other arguments and the old signature: nobody can make a new one."""
    return SignedTransaction(replace(signed.transaction, arguments=arguments), signed.signature)
