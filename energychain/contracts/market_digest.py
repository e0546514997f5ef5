"""
The bytes of a market: an order, a book, and what came of it.

Two people who mean the same clearing must write the same bytes, or no digest of it could
be compared. An order is one leaf, and so is each fill and each payment; a book and a
result are Merkle trees over their leaves (RFC 6962, section 2.1). So whoever holds nothing
but the two roots can be shown that its own order was in the book and what it was to pay,
and need not be shown what anybody else wanted.

==========  =========================================================================
leaf        bytes of
==========  =========================================================================
order       ``("order", id, trader, side, quantity, price, time, 0 or 1)``
head        ``("head", auction, rule, terms, seed, book root, prices, surplus, ...)``
fill        ``("fill", order id, quantity, amount)``
payment     ``("payment", trader, money)``
==========  =========================================================================

A book's leaves are in the order of the ids; a result's are its head, the fills by order id
and the payments by trader.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from energychain.contracts.calls import BadArguments
from energychain.ledger.transaction import Value
from energychain.primitives.encoding import encode
from energychain.primitives.hashing import Digest
from energychain.primitives.merkle import MerkleTree
from energychain.primitives.refusals import Refusal

# The markets load numpy, and whoever only sends tokens need not wait for it: here and in the
# auctions they are imported by the functions that clear.
if TYPE_CHECKING:
    from energychain.markets.clearing import Clearing
    from energychain.markets.orders import Order

EXACT_PER_MONEY = 10**6
"""What a clearing counts is finer than money on the ledger: 1e-12 against 1e-6."""

Terms = tuple[tuple[str, Value], ...]
"""A rule's terms by name, such as ``(("point", "mid"), ("ties", "lottery"))``."""


class NotForThisAuction(Refusal):
    """The rule could leave a trader with more to pay than it put down."""

    rule = "clearing rule"


# --- the book -------------------------------------------------------------------------


def order_bytes(order: "Order") -> bytes:
    """The leaf that stands for an order in the tree of its book.

    >>> from energychain.markets.orders import order
    >>> order_bytes(order("a1", "ann", "buy", "3.2", "28"))
    b'(t5:ordert2:a1t3:annt3:buyi3200000ei28000000ei0ei1e)'
    """
    return encode(
        (
            "order",
            order.id,
            order.trader,
            order.side,
            order.quantity,
            order.price,
            order.time or 0,
            int(order.divisible),
        )
    )


def book_tree(orders: Iterable["Order"]) -> MerkleTree:
    """The Merkle tree of a book, its leaves by order id."""
    return MerkleTree.over([order_bytes(each) for each in by_id(orders)])


def by_id(orders: Iterable["Order"]) -> tuple["Order", ...]:
    """Orders as their book's tree has them."""
    return tuple(sorted(orders, key=lambda each: each.id))


# --- the result -----------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """What came of a book, as it is published: every number that somebody might dispute."""

    auction: str
    rule: str
    terms: Terms
    seed: int
    """From which lots are drawn, by the rules that draw any."""

    book_root: Digest

    prices: tuple[int, ...] = ()
    """What buyers pay and what sellers receive per unit, on average [millionth of the money
    per unit]; empty without trade.
    """

    fills: tuple[tuple[str, int], ...] = ()
    """How much of each order trades [millionth of the unit], by id."""

    amounts: tuple[tuple[str, int], ...] = ()
    """What each order pays; what it receives is negative [1e-12 of the money], by id."""

    payments: tuple[tuple[str, int], ...] = ()
    """What each trader pays in whole units of money, fees included [micro-money]."""

    called_off: str = ""
    """Why nothing was cleared; empty if it was."""

    @property
    def surplus(self) -> int:
        """What the operator keeps; what it adds is negative [micro-money]."""
        return sum(money for _, money in self.payments)

    @property
    def head(self) -> bytes:
        """The leaf of what is common to all."""
        fields = (self.auction, self.rule, self.terms, self.seed, self.book_root)
        return encode(("head", *fields, self.prices, self.surplus, self.called_off))

    @cached_property
    def leaves(self) -> tuple[bytes, ...]:
        """The leaves of the result's tree: the head, the fills, the payments."""
        amounts = dict(self.amounts)
        return (
            self.head,
            *(fill_bytes(id, quantity, amounts.get(id, 0)) for id, quantity in self.fills),
            *(payment_bytes(trader, money) for trader, money in self.payments),
        )

    @cached_property
    def tree(self) -> MerkleTree:
        """The result's Merkle tree."""
        return MerkleTree.over(self.leaves)

    @property
    def digest(self) -> Digest:
        """The outcome digest: the root of the result's tree."""
        return self.tree.root


def fill_bytes(id: str, quantity: int, amount: int) -> bytes:
    """The leaf of an order's fill [millionth of the unit] and of what the order pays for it
    [1e-12 of the money].
    """
    return encode(("fill", id, quantity, amount))


def payment_bytes(trader: str, money: int) -> bytes:
    """The leaf of what a trader pays [micro-money]."""
    return encode(("payment", trader, money))


# --- from the one to the other --------------------------------------------------------


def cleared(auction: str, rule: str, terms: Terms, seed: int, orders: Iterable["Order"]) -> Result:
    """The one result that these orders have by this rule and seed.

    Raises what the rule refuses.
    """
    from energychain.markets.orders import Book
    from energychain.markets.rules import clear

    listed = by_id(orders)
    root = book_tree(listed).root
    clearing = clear(Book.of(listed), rule, **with_seed(rule, terms, seed))
    if len(clearing.book) != len(listed):
        raise NotForThisAuction(f"the rule {rule} trades with somebody who put nothing down")
    fills, ids = clearing.fills_by_order(), [each.id for each in listed]
    amounts = dict(zip(clearing.book.ids, clearing.amounts.tolist(), strict=True))
    prices = (clearing.price_buy, clearing.price_sell)
    return Result(
        auction=auction,
        rule=rule,
        terms=terms,
        seed=seed,
        book_root=root,
        prices=tuple(price for price in prices if price is not None),
        fills=tuple((id, fills[id]) for id in ids),
        amounts=tuple((id, amounts[id]) for id in ids),
        payments=_payments(clearing),
    )


def _payments(clearing: "Clearing") -> tuple[tuple[str, int], ...]:
    from energychain.markets.clearing import in_units

    due = clearing.payments_by_trader()
    if clearing.fee:
        book = clearing.book
        for trader, fee in zip(book.trader.tolist(), clearing.fees.tolist(), strict=True):
            due[book.traders[trader]] += fee
    return tuple(sorted(in_units(due, EXACT_PER_MONEY).items()))


def with_seed(rule: str, terms: Terms, seed: int) -> dict[str, Any]:
    """A rule's terms for :func:`energychain.markets.rules.clear`, with the seed if the rule
    draws lots.
    """
    from energychain.markets.rules import named

    return {**dict(terms), **({"seed": seed} if "seed" in named(rule).terms else {})}


def worst_payment(orders: Iterable["Order"]) -> int:
    """The most that a trader may have to pay for its orders, whatever the others do, by any
    rule that leaves nobody worse off than without trade: its bids in full at their limits,
    and its offers at limits below zero [micro-money], rounded up.

    >>> from energychain.markets.orders import order
    >>> worst_payment([order("b", "ann", "buy", "2", "30"), order("s", "ann", "sell", "1", "20")])
    60000000
    """
    exact = sum(
        max(0, each.price * each.quantity * (1 if each.side == "buy" else -1)) for each in orders
    )
    return -(-exact // EXACT_PER_MONEY)


def checked_rule(rule: Value, terms: Value) -> tuple[str, Terms]:
    """A rule's own name and its terms, if an auction can be run by it.

    The terms are tried on two orders that meet, so that a misspelt one is found before
    anybody has bid. Raises :class:`NotForThisAuction` for a rule that does not promise to
    leave nobody worse off: then no deposit would be enough.
    """
    from energychain.markets.orders import order
    from energychain.markets.rules import named

    if not isinstance(rule, str):
        raise BadArguments(f"rule: expected its name, found {rule!r}")
    found, listed = named(rule), checked_terms(terms)
    if "rational" not in found.promises:
        raise NotForThisAuction(
            f"the rule {found.name} may leave a trader with more to pay than its limit, and so"
            " more than its deposit: choose a rule that promises nobody to lose"
        )
    trial = [order("b", "b", "buy", "2", "30"), order("s", "s", "sell", "1", "20")]
    cleared("trial", found.name, listed, 0, trial)
    return found.name, listed


def checked_terms(terms: Value) -> Terms:
    """Pairs of a term's name and its value, in the order of the names; the seed is not
    among them, because nobody may choose it.
    """
    told = "terms: expected pairs of a name and a text or whole number"
    if not isinstance(terms, tuple):
        raise BadArguments(f"{told}, found {terms!r}")
    pairs: dict[str, Value] = {}
    for pair in terms:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise BadArguments(f"{told}, found {pair!r}")
        name, value = pair
        if not isinstance(name, str) or not isinstance(value, str | int):
            raise BadArguments(f"{told}, found {pair!r}")
        if name == "seed":
            raise BadArguments("terms: nobody chooses the seed, it is drawn from the commitments")
        if name in pairs:
            raise BadArguments(f"terms: {name} is there twice")
        pairs[name] = value
    return tuple(sorted(pairs.items()))


MOST_ORDERS = 1_000
"""No trader seals more orders in one commitment."""


def orders_of(given: Value, trader: str, number: int, time: int) -> tuple["Order", ...]:
    """A trader's orders from what it wrote: ``(side, quantity, price, 0 or 1)`` each, the
    last for all-or-none or divisible.

    The ids say whose commitment it was and which order in it, ``000002.0001``, and the time
    is given, not claimed: no trader can choose a place in the queue, or an id that somebody
    else has. Raises :class:`~energychain.contracts.calls.BadArguments`.
    """
    from energychain.markets import orders as markets

    told = "orders: expected (side, quantity, price, divisible) each"
    if not isinstance(given, tuple) or not 1 <= len(given) <= MOST_ORDERS:
        raise BadArguments(f"{told}, from 1 to {MOST_ORDERS:,} of them")
    found = []
    for place, each in enumerate(given, 1):
        if not isinstance(each, tuple) or len(each) != 4:
            raise BadArguments(f"{told}, found {each!r}")
        side, quantity, price, divisible = each
        if side != "buy" and side != "sell":
            raise BadArguments(f"orders: the side is buy or sell, found {side!r}")
        if not isinstance(quantity, int) or not 1 <= quantity <= markets.MOST:
            raise BadArguments(f"orders: {place} has no quantity from 1 to {markets.MOST:,}")
        if not isinstance(price, int) or abs(price) > markets.MOST:
            raise BadArguments(f"orders: {place} has no price of at most {markets.MOST:,}")
        if divisible not in (0, 1):
            raise BadArguments(f"orders: {place} is divisible, 1, or all or none, 0")
        id = f"{number:06d}.{place:04d}"
        found.append(
            markets.Order(
                id,
                trader,
                "buy" if side == "buy" else "sell",
                quantity,
                price,
                time,
                divisible == 1,
            )
        )
    return tuple(found)
