"""The posted auction: three calls if nobody lies, and every lie costs the stake."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from energychain.contracts import CONTRACTS
from energychain.contracts.calls import BadArguments, UnknownFunction
from energychain.contracts.market_digest import NotForThisAuction
from energychain.contracts.posted_auction import (
    BadLeaf,
    NoFraud,
    NotTheOperator,
    NotThisBook,
    WrongStage,
    opening_storage,
    posted_result,
    read_leaf,
    receipt,
    safe,
    signed_order,
    sorted_book,
)
from energychain.contracts.token import MONEY
from energychain.ledger.state import Call, Event, GasSchedule, Setting, State, Worksheet
from energychain.ledger.transaction import Value
from energychain.primitives.encoding import decode, encode
from energychain.primitives.hashing import digest
from energychain.primitives.keys import BadSignature, derive
from energychain.primitives.merkle import BadProof, MerkleTree

NAMES = ("ann", "ben", "cat", "operator", "auditor", "fund")
KEY = {name: derive("posted", name) for name in NAMES}
AT = {name: KEY[name].public.address for name in NAMES}
EACH, STAKE = 10**9, 1_000_001
ORDERS: Mapping[str, tuple[Value, ...]] = {
    "ann": (("buy", 2_000_000, 300_000, 1), ("buy", 500_000, 100_000, 1)),
    "ben": (("sell", 3_000_000, 200_000, 1),),
    "cat": (("buy", 1_000_000, 250_000, 1),),
}


def leaf(name: str, number: int, order: Value, auction: str = "noon") -> bytes:
    return signed_order(KEY[name], "floor", auction, number, order)


BOOK = sorted_book(
    [leaf(name, n, each) for name, orders in ORDERS.items() for n, each in enumerate(orders)],
    "floor",
    "noon",
)


@dataclass
class Room:
    sheet: Worksheet
    time: int = 10

    def act(self, name: str, function: str, *given: Value) -> tuple[Event, ...]:
        setting = Setting("floor", CONTRACTS, GasSchedule(), self.time, AT["fund"])
        call = Call(function, given, self.time, self.sheet.balance)
        return self.sheet.rehearse("posted_auction", AT[name], call, setting)

    def open(self, rule: str = "uniform", terms: Value = (), stake: int = STAKE) -> None:
        self.act("operator", "open", "noon", rule, terms, stake, AT["fund"], 100, 50)

    def post(self, book: tuple[bytes, ...] = BOOK, **said: Any) -> None:
        root = said.get("root", MerkleTree.over(book).root)
        outcome = said.get("outcome") or outcome_of(book)
        self.act(said.get("by", "operator"), "post", "noon", len(book), root, outcome)

    def challenge(self, book: Value = BOOK, receipts: Value = ()) -> tuple[Event, ...]:
        return self.act("auditor", "challenge", "noon", book, receipts)

    def gained(self) -> dict[str, int]:
        owned = {name: self.sheet.balance(MONEY, AT[name]) - EACH for name in NAMES}
        return {name: amount for name, amount in owned.items() if amount}


def outcome_of(book: tuple[bytes, ...]) -> bytes:
    return posted_result(book, "floor", "noon", "uniform", ()).digest


CAUGHT = {"operator": -STAKE, "auditor": STAKE // 2, "fund": STAKE - STAKE // 2}


@pytest.fixture
def room() -> Room:
    storage = {"posted_auction": {key: value for _, key, value in opening_storage("floor")}}
    return Room(Worksheet(State({(MONEY, AT[name]): EACH for name in NAMES}, {}, storage)))


def caught(room: Room, events: tuple[Event, ...]) -> bool:
    """Whether the stake is lost, once and for all."""
    room.time = 200
    with pytest.raises(WrongStage):
        room.act("operator", "finish", "noon")
    empty = room.sheet.balance(MONEY, safe("noon")) == 0
    return events[0].name == "Fraud" and room.gained() == CAUGHT and empty


# --- honest ---------------------------------------------------------------------------


def test_an_honest_operator_has_its_stake_back_after_the_window(room: Room) -> None:
    room.open()
    room.post()
    for receipts in ((), promises(*BOOK)):
        with pytest.raises(NoFraud):
            room.challenge(receipts=receipts)
    with pytest.raises(NoFraud):
        challenge_order(room, BOOK, 2)
    room.time = 59
    with pytest.raises(WrongStage):
        room.act("ann", "finish", "noon")
    room.time = 60
    room.act("ann", "finish", "noon")
    assert room.gained() == {}
    with pytest.raises(WrongStage):
        room.challenge()


def test_the_result_is_what_the_rule_says() -> None:
    """By hand: 3 kWh are wanted at 0.25 or more and offered at 0.20."""
    result = posted_result(BOOK, "floor", "noon", "uniform", ())
    assert result.prices == (225_000, 225_000)
    assert dict(result.payments) == {AT["ann"]: 450_000, AT["ben"]: -675_000, AT["cat"]: 225_000}


def test_who_never_posts_has_its_stake_back_after_the_deadline(room: Room) -> None:
    room.open()
    room.time = 100
    with pytest.raises(WrongStage):
        room.post()
    room.act("ann", "finish", "noon")
    assert room.gained() == {}


# --- lies -----------------------------------------------------------------------------


def promises(*leaves: bytes) -> tuple[Value, ...]:
    return tuple(receipt(KEY["operator"], "floor", "noon", each) for each in leaves)


def challenge_order(room: Room, book: tuple[bytes, ...], index: int) -> tuple[Event, ...]:
    path = MerkleTree.over(book).inclusion(index).path
    return room.act("auditor", "challenge_order", "noon", book[index], index, path)


def test_a_wrong_outcome_costs_the_stake(room: Room) -> None:
    room.open()
    room.post(outcome=digest("what I like"))
    assert caught(room, room.challenge())


def forged(index: int) -> tuple[bytes, ...]:
    data, curve, number, order, signature = decode(BOOK[index])  # type: ignore[misc]
    side, quantity, price, divisible = order  # type: ignore[has-type]
    lie = (data, curve, number, (side, quantity, price + 1, divisible), signature)  # type: ignore[has-type]
    return (*BOOK[:index], encode(lie), *BOOK[index + 1 :])


@pytest.mark.parametrize("index", range(len(BOOK)))
@pytest.mark.parametrize("whole", [True, False])
def test_a_forged_order_costs_the_stake_and_one_leaf_proves_it(
    room: Room, index: int, whole: bool
) -> None:
    book = forged(index)
    room.open()
    room.post(book, outcome=digest("something"))
    assert caught(room, room.challenge(book) if whole else challenge_order(room, book, index))


@pytest.mark.parametrize(
    "book",
    [(BOOK[0], *BOOK), (*BOOK[1:], BOOK[0]), (*BOOK, b"junk")],
    ids=["twice", "turn", "junk"],
)
def test_a_book_in_which_something_is_out_of_place_costs_the_stake(
    room: Room, book: tuple[bytes, ...]
) -> None:
    room.open()
    room.post(book, outcome=digest("something"))
    assert caught(room, room.challenge(book))


def test_a_wrong_size_costs_the_stake(room: Room) -> None:
    room.open()
    root, outcome = MerkleTree.over(BOOK).root, outcome_of(BOOK)
    room.act("operator", "post", "noon", len(BOOK) + 1, root, outcome)
    assert caught(room, room.challenge())


@pytest.mark.parametrize("missing", range(len(BOOK)))
def test_an_order_left_out_costs_the_stake_if_there_is_a_receipt(room: Room, missing: int) -> None:
    book = (*BOOK[:missing], *BOOK[missing + 1 :])
    room.open()
    room.post(book)
    with pytest.raises(NoFraud):
        room.challenge(book)
    assert caught(room, room.challenge(book, promises(BOOK[missing])))


def test_nobody_invents_a_receipt(room: Room) -> None:
    room.open()
    room.post(BOOK[1:])
    by_ann = receipt(KEY["ann"], "floor", "noon", BOOK[0])
    with pytest.raises(BadArguments, match="not the operator"):
        room.challenge(BOOK[1:], (by_ann,))
    (promised,) = promises(BOOK[1])
    assert isinstance(promised, tuple)
    for_another = (*promised[:2], BOOK[0], promised[3])
    with pytest.raises(BadSignature):
        room.challenge(BOOK[1:], (for_another,))
    with pytest.raises(BadLeaf):
        room.challenge(BOOK[1:], promises(b"no order at all"))


def test_another_book_proves_nothing(room: Room) -> None:
    room.open()
    room.post()
    with pytest.raises(NotThisBook):
        room.challenge(BOOK[1:])
    with pytest.raises(BadProof):
        path = MerkleTree.over(BOOK).inclusion(1).path
        room.act("auditor", "challenge_order", "noon", b"junk", 1, path)


def test_a_liar_cannot_rescue_its_stake_by_proving_its_own_fraud(room: Room) -> None:
    room.open()
    room.post(outcome=digest("a lie"))
    room.act("operator", "challenge", "noon", BOOK, ())
    assert room.gained() == {"operator": -(STAKE - STAKE // 2), "fund": STAKE - STAKE // 2}


# --- signed orders --------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [
        leaf("ann", 1, ("buy", 1, 1, 1), "evening"),
        signed_order(KEY["ann"], "main", "noon", 1, ("buy", 1, 1, 1)),
        leaf("ann", 1, ("borrow", 1, 1, 1)),
        leaf("ann", 1, ("buy", 0, 1, 1)),
        leaf("ann", -1, ("buy", 1, 1, 1)),
        b"",
        encode((1, 2, 3, 4, 5)),
        encode(("a", "p256", 1, ("buy", 1, 1, 1), "x" * 64)),
    ],
)
def test_what_is_no_order_signed_for_this_auction_is_refused(bad: bytes) -> None:
    with pytest.raises(BadLeaf):
        read_leaf(bad, "floor", "noon")


# --- refusals -------------------------------------------------------------------------


@pytest.mark.parametrize("ties", ["time", "lottery"])
def test_no_lots_and_no_queue_off_the_chain(room: Room, ties: str) -> None:
    with pytest.raises(NotForThisAuction, match="pro rata"):
        room.open(terms=(("ties", ties),))


def test_refused_by_name(room: Room) -> None:
    with pytest.raises(UnknownFunction):
        room.act("ann", "reveal")
    with pytest.raises(BadArguments, match="nobody has opened"):
        room.post()
    with pytest.raises(BadArguments, match="stake"):
        room.open(stake=1)
    room.open()
    with pytest.raises(BadArguments, match="there was one"):
        room.open()
    with pytest.raises(WrongStage):
        room.challenge()
    with pytest.raises(NotTheOperator):
        room.post(by="ann")
    with pytest.raises(BadArguments, match="32 bytes"):
        room.post(root=b"short")
    room.post()
    with pytest.raises(WrongStage):
        room.post()
    for leaves, receipts in (("all", ()), (BOOK, "none"), (BOOK, ("one",))):
        with pytest.raises(BadArguments):
            room.challenge(leaves, receipts)
