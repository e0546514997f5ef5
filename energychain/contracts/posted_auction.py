"""
The posted auction: the book stays off the chain, and a lie about it costs the operator.

An operator gathers signed orders, clears them and posts nothing but their number, the root
of the book and the outcome digest. It puts down a stake first. Until the window closes,
anybody who holds the book may prove a fraud, and the contract then clears once itself:

====================  ===============================================================
fraud                 proof
====================  ===============================================================
a forged order        the leaf and its path: a few hundred bytes, whatever the book
a wrong outcome       all leaves: they lead to the root, and clear to another digest
an order twice,       all leaves
or out of turn
an order left out     all leaves, and the operator's signed receipt for the order
====================  ===============================================================

If nobody objects, no node ever clears the book. That is the saving, and the price of it:
the operator sees the orders before they are cleared, and a result stands because nobody
refuted it, which only those can who were given the book. Whoever is refused the data should
not take part in what follows. Payments are not made here.

Half of a lost stake goes to whoever proved the fraud, half to a beneficiary: a liar who is
about to be caught cannot prove its own fraud first and have everything back.

No lots are drawn and nobody comes first: the operator says when an order came, and could
try sham orders of its own until it likes the seed. Orders at one price share pro rata.

=======================  ===================================================
storage                  meaning
=======================  ===================================================
``chain``                the chain's name
(``auction``, name)      its terms
(``posted``, name)       size, book root, outcome digest, window's end [s]
(``over``, name)         how it ended: ``stands``, or the fraud
=======================  ===================================================
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
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
    NotForThisAuction,
    Result,
    Terms,
    checked_rule,
    cleared,
    orders_of,
)
from energychain.contracts.token import MONEY
from energychain.ledger.state import Call, Event, Outcome, Storage, Transfer
from energychain.ledger.transaction import Value
from energychain.primitives.encoding import NotDecodable, decode, encode
from energychain.primitives.hashing import Digest, digest, short
from energychain.primitives.keys import Address, PublicKey, SecretKey
from energychain.primitives.merkle import InclusionProof, leaf_hash, merkle_root
from energychain.primitives.refusals import Refusal

if TYPE_CHECKING:
    from energychain.markets.orders import Order

ORDER = "energychain signed order 1"
"""The tag of a signed order."""

RECEIPT = "energychain receipt 1"
"""The tag of an operator's receipt for an order."""


class BadLeaf(Refusal):
    """A leaf of a posted book that is no order signed by its trader."""

    rule = "signed order"


class NotTheOperator(Refusal):
    """Only who opened the auction posts its outcome."""

    rule = "operator"


class NotThisBook(Refusal):
    """These are not the leaves of the book that was posted."""

    rule = "book root"


class NoFraud(Refusal):
    """What was posted is right."""

    rule = "fraud proof"


class WrongStage(Refusal):
    """It is too early or too late for this."""

    rule = "stage"


def opening_storage(chain: str) -> tuple[tuple[str, Value, Value], ...]:
    """The contract's one entry of a genesis record: the name of the chain."""
    return (("posted_auction", "chain", chain),)


# --- off the chain --------------------------------------------------------------------


def signed_order(key: SecretKey, chain: str, auction: str, number: int, order: Value) -> bytes:
    """A trader's order ``(side, quantity, price, 0 or 1)``, signed: one leaf of the book.

    ``number`` tells a trader's orders apart, so that none can be counted twice.
    """
    signature = key.sign(encode((ORDER, chain, auction, number, order)))
    return encode((key.public.data, key.public.curve, number, order, signature))


def read_leaf(leaf: bytes, chain: str, auction: str) -> "Order":
    """The order in a leaf, if its trader signed it for this auction.

    Raises :class:`BadLeaf`.
    """
    try:
        data, curve, number, order, signature = decode(leaf)  # type: ignore[misc]
        key = PublicKey(data, curve)  # type: ignore[has-type]
        key.check(encode((ORDER, chain, auction, number, order)), signature)  # type: ignore[has-type]
        (found,) = orders_of((order,), key.address, 0, 0)  # type: ignore[has-type]
        place = whole(number, "number")  # type: ignore[has-type]
    except (NotDecodable, TypeError, ValueError) as fault:
        raise BadLeaf(f"a leaf is no signed order: {fault}") from None
    except Refusal as refusal:
        raise BadLeaf(f"a leaf is no order signed for {auction!r}: {refusal}") from None
    return replace(found, id=f"{key.address}.{place:06d}")


def receipt(key: SecretKey, chain: str, auction: str, leaf: bytes) -> Value:
    """The operator's signed promise that an order will be in the book. It gives one for each
    number of a trader, because a book holds one.
    """
    signature = key.sign(_promise(chain, auction, leaf))
    return (key.public.data, key.public.curve, leaf, signature)


def _promise(chain: str, auction: str, leaf: bytes) -> bytes:
    return encode((RECEIPT, chain, auction, leaf_hash(leaf)))


def sorted_book(leaves: Sequence[bytes], chain: str, auction: str) -> tuple[bytes, ...]:
    """The leaves in the one order that a book has: by trader and number."""
    return tuple(sorted(leaves, key=lambda leaf: read_leaf(leaf, chain, auction).id))


def posted_result(
    leaves: Sequence[bytes], chain: str, auction: str, rule: str, terms: Terms
) -> Result:
    """The one result that a book of signed orders has.

    Raises :class:`BadLeaf` for a leaf that is no signed order, and for orders that are there
    twice or out of turn.
    """
    orders = [read_leaf(leaf, chain, auction) for leaf in leaves]
    for one, next_one in pairwise(orders):
        if one.id >= next_one.id:
            raise BadLeaf(f"order {next_one.id} is there twice or out of turn")
    root = merkle_root(leaves)
    seed = int.from_bytes(digest(("energychain posted lots 1", root))[:8], "big")
    nothing = Result(auction, rule, terms, seed, root)
    if not orders:
        return nothing
    try:
        return replace(cleared(auction, rule, terms, seed, orders), book_root=root)
    except Refusal as refusal:
        return replace(nothing, called_off=refusal.rule)


# --- on the chain ---------------------------------------------------------------------


def posted_auction(storage: Storage, sender: Address, call: Call) -> Outcome:
    """``open``, ``post``, ``challenge_order``, ``challenge`` and ``finish``.

    ====================  ==============================================================
    function              arguments
    ====================  ==============================================================
    ``open``              auction, rule, terms, stake, beneficiary, post until [s],
                          window [s]
    ``post``              auction, size, book root, outcome digest
    ``challenge_order``   auction, leaf, index, path
    ``challenge``         auction, leaves, receipts
    ``finish``            auction
    ====================  ==============================================================
    """
    functions = {
        "open": _open,
        "post": _post,
        "challenge_order": _challenge_order,
        "challenge": _challenge,
        "finish": _finish,
    }
    return answered("posted_auction", functions, storage, sender, call)


@dataclass(frozen=True)
class PostedTerms:
    """What is known before anybody signs an order."""

    operator: Address
    rule: str
    terms: Terms
    stake: int
    """What a lie costs the operator [micro-money]."""

    beneficiary: Address
    post_until: int
    """Until when the outcome must be posted [s]."""

    window: int
    """How long a fraud may be proved after that [s]."""


@dataclass(frozen=True)
class Posted:
    """What the operator said of a book that nobody sees on the chain."""

    size: int
    book_root: Digest
    outcome: Digest
    until: int
    """The end of the window [s]."""


def safe(auction: str) -> Address:
    """The account that holds the operator's stake."""
    return vault(f"posted_auction {auction}")


def _open(storage: Storage, sender: Address, call: Call) -> Outcome:
    name, rule, terms, stake, beneficiary, post_until, window = arguments(
        call, "auction", "rule", "terms", "stake", "beneficiary", "post_until", "window"
    )
    if not isinstance(storage.get("chain"), str):
        raise BadArguments("the genesis record does not name the chain: see opening_storage")
    if not isinstance(name, str) or not 1 <= len(name) <= 100:
        raise BadArguments("auction: expected a name of 1 to 100 letters")
    if ("auction", name) in storage:
        raise BadArguments(f"auction: there was one named {name!r}: choose another name")
    found, listed = checked_rule(rule, terms)
    if dict(listed).get("ties", "pro_rata") != "pro_rata":
        raise NotForThisAuction(
            "off the chain nobody can check who came first or who drew the lots: orders at one"
            " price share pro rata"
        )
    opening = PostedTerms(
        operator=sender,
        rule=found,
        terms=listed,
        stake=whole(stake, "stake", 2),
        beneficiary=address(beneficiary, "beneficiary"),
        post_until=whole(post_until, "post_until", call.time + 1),
        window=whole(window, "window", 1),
    )
    entry = tuple(getattr(opening, field.name) for field in fields(opening))
    return Outcome(
        {("auction", name): entry},
        (Transfer(MONEY, sender, safe(name), opening.stake),),
        (Event("Opened", (("auction", name), ("rule", found), ("stake", opening.stake))),),
    )


def _post(storage: Storage, sender: Address, call: Call) -> Outcome:
    auction, size, root, outcome = arguments(call, "auction", "size", "book_root", "outcome")
    name, opening = _named(storage, auction)
    if sender != opening.operator:
        raise NotTheOperator(
            f"{opening.operator} opened the auction {name!r} and posts, nobody else"
        )
    if ("posted", name) in storage or call.time >= opening.post_until:
        raise WrongStage(f"the outcome of {name!r} is posted once, before {opening.post_until} s")
    for what, value in (("book_root", root), ("outcome", outcome)):
        if not isinstance(value, bytes) or len(value) != 32:
            raise BadArguments(f"{what}: expected 32 bytes, found {value!r}")
    entry = (whole(size, "size"), root, outcome, call.time + opening.window)
    said = (("auction", name), ("size", size), ("book_root", root), ("outcome", outcome))
    return Outcome({("posted", name): entry}, events=(Event("Posted", said),))


def _challenge_order(storage: Storage, sender: Address, call: Call) -> Outcome:
    auction, leaf, index, path = arguments(call, "auction", "leaf", "index", "path")
    name, opening, posted = _in_window(storage, auction, call.time)
    if not isinstance(leaf, bytes) or not isinstance(path, tuple):
        raise BadArguments("leaf and path: expected bytes, and a tuple of digests")
    if not all(isinstance(step, bytes) for step in path):
        raise BadArguments("path: expected a tuple of digests")
    proof = InclusionProof(whole(index, "index"), posted.size, path)  # type: ignore[arg-type]
    proof.check(leaf, posted.book_root)
    try:
        order = read_leaf(leaf, str(storage["chain"]), name)
    except BadLeaf as fraud:
        return _proved(name, opening, sender, str(fraud))
    raise NoFraud(f"order {order.id} is signed by its trader")


def _challenge(storage: Storage, sender: Address, call: Call) -> Outcome:
    auction, leaves, receipts = arguments(call, "auction", "leaves", "receipts")
    name, opening, posted = _in_window(storage, auction, call.time)
    if not isinstance(leaves, tuple) or not isinstance(receipts, tuple):
        raise BadArguments("leaves and receipts: expected tuples")
    book = tuple(leaf for leaf in leaves if isinstance(leaf, bytes))
    if len(book) != len(leaves) or merkle_root(book) != posted.book_root:
        raise NotThisBook(
            f"these leaves lead to {short(merkle_root(book))}, the operator posted"
            f" {short(posted.book_root)}"
        )
    chain = str(storage["chain"])
    if len(book) != posted.size:
        return _proved(name, opening, sender, f"the book has {len(book)} orders")
    try:
        found = posted_result(book, chain, name, opening.rule, opening.terms).digest
    except BadLeaf as fraud:
        return _proved(name, opening, sender, str(fraud))
    if found != posted.outcome:
        return _proved(name, opening, sender, f"the book clears to {short(found)}")
    for each in receipts:
        if _promised(each, chain, name, opening.operator) not in book:
            return _proved(name, opening, sender, "an order with a receipt is left out")
    raise NoFraud(f"the outcome {short(posted.outcome)} is what the book clears to")


def _promised(given: Value, chain: str, auction: str, operator: Address) -> bytes:
    """The leaf for which the operator signed a receipt; a refusal for any other paper."""
    if not isinstance(given, tuple) or len(given) != 4:
        raise BadArguments("receipts: expected (key, curve, leaf, signature) each")
    data, curve, leaf, signature = given
    if not (isinstance(data, bytes) and isinstance(curve, str)):
        raise BadArguments("receipts: expected a key")
    if not (isinstance(leaf, bytes) and isinstance(signature, bytes)):
        raise BadArguments("receipts: expected a leaf and a signature")
    key = PublicKey(data, curve)
    key.check(_promise(chain, auction, leaf), signature)
    if key.address != operator:
        raise BadArguments(f"receipts: {key.address} is not the operator")
    # A promise to take what is no order binds nobody.
    read_leaf(leaf, chain, auction)
    return leaf


def _proved(name: str, opening: PostedTerms, sender: Address, fraud: str) -> Outcome:
    reward = opening.stake // 2
    return Outcome(
        {("over", name): fraud},
        (
            Transfer(MONEY, safe(name), sender, reward),
            Transfer(MONEY, safe(name), opening.beneficiary, opening.stake - reward),
        ),
        (Event("Fraud", (("auction", name), ("found", fraud), ("reward", reward))),),
    )


def _finish(storage: Storage, sender: Address, call: Call) -> Outcome:
    (auction,) = arguments(call, "auction")
    name, opening = _named(storage, auction)
    posted = posted_of(storage, name)
    over = opening.post_until if posted is None else posted.until
    if ("over", name) in storage or call.time < over:
        raise WrongStage(f"{name!r} ends once, from {over} s on")
    how = "nothing was posted" if posted is None else "stands"
    return Outcome(
        {("over", name): how},
        (Transfer(MONEY, safe(name), opening.operator, opening.stake),),
        (Event("Ended", (("auction", name), ("how", how))),),
    )


def _named(storage: Storage, auction: Value) -> tuple[str, PostedTerms]:
    stored = storage.get(("auction", auction)) if isinstance(auction, str) else None
    if not isinstance(auction, str) or not isinstance(stored, tuple):
        raise BadArguments(f"auction: nobody has opened one named {auction!r}")
    return auction, PostedTerms(*stored)  # type: ignore[arg-type]


def posted_of(storage: Storage, auction: str) -> Posted | None:
    """What was posted, if anything was."""
    stored = storage.get(("posted", auction))
    return Posted(*stored) if isinstance(stored, tuple) else None  # type: ignore[arg-type]


def _in_window(storage: Storage, auction: Value, now: int) -> tuple[str, PostedTerms, Posted]:
    name, opening = _named(storage, auction)
    posted = posted_of(storage, name)
    if posted is None or now >= posted.until or ("over", name) in storage:
        raise WrongStage(f"there is nothing posted of {name!r} that may still be refuted")
    return name, opening, posted
