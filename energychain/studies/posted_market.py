"""
The same market with its book off the chain: three calls instead of a score, and a fraud
proof for whoever is lied to. See :mod:`energychain.contracts.posted_auction`.

>>> honest, bent = play_posted(), play_posted("wrong outcome")
>>> honest.ended, bent.ended.startswith("the book clears to")
('stands', True)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from energychain.contracts.market_digest import Result, Terms
from energychain.contracts.posted_auction import (
    opening_storage,
    posted_result,
    receipt,
    signed_order,
    sorted_book,
)
from energychain.contracts.token import MONEY
from energychain.ledger.state import Receipt
from energychain.ledger.transaction import Value
from energychain.primitives.encoding import decode, encode
from energychain.primitives.merkle import MerkleTree
from energychain.primitives.refusals import BadInput
from energychain.primitives.units import money
from energychain.studies.private_chain import PrivateChain
from energychain.studies.verifiable_market import FUND, HOUSEHOLDS, OPERATOR, SAVINGS, Wish

CHAIN, AUCTION, CONTRACT = "market", "noon", "posted_auction"
AUDITOR = "auditor"
RULE = "uniform"
TERMS: Terms = (("point", "mid"),)
STAKE = 50_000_000
"""What a lie costs the operator [micro-money]: fifty in money."""

POST_UNTIL, WINDOW = 600, 3_600
"""The operator's deadline and the window for fraud proofs [s]."""


@dataclass(frozen=True, eq=False)
class PostedMarket:
    """What happened."""

    network: PrivateChain
    lie: str
    leaves: tuple[bytes, ...]
    """The book that the operator hands out."""

    result: Result
    """What the operator says came of it."""

    ended: str
    """``stands``, or the fraud that was proved."""

    receipts: tuple[tuple[str, str, Receipt], ...]
    """Who called, which function, and what became of it."""

    @property
    def gas(self) -> int:
        """What all calls cost [gas]."""
        return sum(each.gas_used for _, _, each in self.receipts)

    def rows(self) -> list[dict[str, str | int]]:
        """The calls and what became of them."""
        return [
            {
                "who": who,
                "call": function,
                "gas": each.gas_used,
                "became": ", ".join(event.name for event in each.events) or each.reason,
            }
            for who, function, each in self.receipts
        ]

    def money_rows(self) -> list[dict[str, str]]:
        """What the operator lost, and who has it now [money]."""
        return [
            {"who": who, "gained": money(self.network.balance(who, MONEY) - SAVINGS)}
            for who in (OPERATOR, AUDITOR, FUND)
        ]


Leaves = Sequence[bytes]


def _forged(leaves: Leaves) -> Leaves:
    """The first order's price is changed, and its trader's signature kept."""
    data, curve, number, order, signature = decode(leaves[0])  # type: ignore[misc]
    side, quantity, price, divisible = order  # type: ignore[has-type]
    changed = (side, quantity, price + 1, divisible)
    return [encode((data, curve, number, changed, signature)), *leaves[1:]]  # type: ignore[has-type]


LIES: Mapping[str, Callable[[Leaves], Leaves]] = {
    "": lambda leaves: leaves,
    "wrong outcome": lambda leaves: leaves,
    "forged order": _forged,
    "order twice": lambda leaves: [leaves[0], *leaves],
    "order left out": lambda leaves: leaves[1:],
}
"""What an operator can do to a book; nothing by the first."""


def play_posted(
    lie: str = "", households: Mapping[str, tuple[Wish, ...]] = HOUSEHOLDS
) -> PostedMarket:
    """Gather signed orders, post what comes of them, and let an auditor look for a ``lie``.

    Raises :class:`~energychain.primitives.refusals.BadInput` for a lie that is not known.
    """
    if lie not in LIES:
        raise BadInput(f"the operator's lie is one of {', '.join(filter(None, LIES))}")
    names = (OPERATOR, FUND, AUDITOR, *households)
    network = PrivateChain(
        names,
        name=CHAIN,
        balances=[(MONEY, name, SAVINGS) for name in names],
        storage=opening_storage(CHAIN),
    )
    receipts: list[tuple[str, str, Receipt]] = []

    def call(time: int | None, name: str, function: str, *arguments: Value) -> Receipt:
        network.open_block(time)
        done = network.send(name, CONTRACT, function, AUCTION, *arguments)
        network.close_block()
        receipts.append((name, function, done))
        return done

    fund = network.address(FUND)
    call(None, OPERATOR, "open", RULE, TERMS, STAKE, fund, POST_UNTIL, WINDOW)
    handed_in = sorted_book(
        [
            signed_order(network.accounts[name].key, CHAIN, AUCTION, number, wish.written)
            for name, wishes in households.items()
            for number, wish in enumerate(wishes, 1)
        ],
        CHAIN,
        AUCTION,
    )
    operator = network.accounts[OPERATOR].key
    promises = tuple(receipt(operator, CHAIN, AUCTION, leaf) for leaf in handed_in)
    book = tuple(LIES[lie](handed_in))
    tree, result = MerkleTree.over(book), _said(lie, book, handed_in)
    call(None, OPERATOR, "post", len(book), tree.root, result.digest)
    if lie == "forged order":
        proof = tree.inclusion(0)
        caught = call(None, AUDITOR, "challenge_order", book[0], proof.index, proof.path)
    else:
        caught = call(None, AUDITOR, "challenge", book, promises)
    ended = str(caught.events[0]["found"]) if caught.done else ""
    if not caught.done:
        ended = str(call(POST_UNTIL + WINDOW, OPERATOR, "finish").events[0]["how"])
    return PostedMarket(network, lie, book, result, ended, tuple(receipts))


def _said(lie: str, book: tuple[bytes, ...], handed_in: tuple[bytes, ...]) -> Result:
    """What the operator says came of its book."""
    if lie in ("forged order", "order twice"):
        # No such book can be cleared: it says what the true one gives, under the new root.
        honest = posted_result(handed_in, CHAIN, AUCTION, RULE, TERMS)
        return replace(honest, book_root=MerkleTree.over(book).root)
    honest = posted_result(book, CHAIN, AUCTION, RULE, TERMS)
    if lie != "wrong outcome":
        return honest
    (one, first), (other, second), *rest = honest.payments
    return replace(honest, payments=((one, first - 1), (other, second + 1), *rest))
