"""The waiting room: who gets in, and in which order they leave it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.ledger.mempool import Mempool
from energychain.ledger.state import State, WrongNonce
from energychain.ledger.transaction import SignedTransaction, Transaction
from energychain.primitives.keys import BadSignature, derive

KEYS = {name: derive("mempool tests", name) for name in ("ann", "ben", "cat")}
EMPTY = State({}, {}, {})


def wish(name: str, nonce: int, gas_price: int = 1) -> SignedTransaction:
    key = KEYS[name]
    return Transaction("pool", key.public, nonce, "token", "do", (), 50_000, gas_price).sign(key)


def pool(*waiting: SignedTransaction, state: State = EMPTY) -> Mempool:
    room = Mempool()
    for signed in waiting:
        room = room.add(signed, state)
    return room


def test_the_best_paid_goes_first() -> None:
    low, high, middle = wish("ann", 0, 1), wish("ben", 0, 3), wish("cat", 0, 2)
    assert pool(low, high, middle).pick(EMPTY) == (high, middle, low)


def test_of_equally_paid_ones_the_first_to_come_goes_first() -> None:
    waiting = [wish(name, 0) for name in ("cat", "ann", "ben")]
    assert pool(*waiting).pick(EMPTY) == tuple(waiting)


def test_a_senders_own_go_in_the_order_of_their_nonces_whatever_they_pay() -> None:
    first, second, other = wish("ann", 0, 1), wish("ann", 1, 9), wish("ben", 0, 5)
    assert pool(second, first, other).pick(EMPTY) == (other, first, second)


def test_who_lacks_an_earlier_nonce_waits() -> None:
    late = wish("ann", 1, 9)
    assert pool(late, wish("ben", 0)).pick(EMPTY) == (wish("ben", 0),)
    assert pool(late).pick(State({}, {KEYS["ann"].public.address: 1}, {})) == (late,)


def test_a_used_nonce_is_not_let_in() -> None:
    with pytest.raises(WrongNonce, match="used up: the next one is 2"):
        pool(wish("ann", 1), state=State({}, {KEYS["ann"].public.address: 2}, {}))


def test_a_nonce_that_waits_already_is_not_let_in_twice() -> None:
    with pytest.raises(WrongNonce, match="waits already"):
        pool(wish("ann", 0, 1), wish("ann", 0, 9))
    assert len(pool(wish("ann", 0), wish("ben", 0)).waiting) == 2


def test_a_transaction_that_nobody_signed_is_not_let_in() -> None:
    with pytest.raises(BadSignature):
        pool(replace(wish("ann", 0), signature=bytes(64)))


def test_the_next_nonce_counts_what_waits() -> None:
    ann = KEYS["ann"].public.address
    used = State({}, {ann: 4}, {})
    assert Mempool().next_nonce(EMPTY, ann) == 0
    assert Mempool().next_nonce(used, ann) == 4
    assert pool(wish("ann", 4), wish("ann", 5), state=used).next_nonce(used, ann) == 6
    assert pool(wish("ben", 9)).next_nonce(used, ann) == 4


def test_those_who_left_for_a_block_are_gone_and_the_rest_keeps_its_order() -> None:
    waiting = [wish(name, 0) for name in KEYS]
    assert pool(*waiting).without((waiting[1],)).waiting == (waiting[0], waiting[2])


def test_a_waiting_room_is_a_value() -> None:
    empty = Mempool()
    empty.add(wish("ann", 0), EMPTY)
    assert empty.waiting == ()


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from(list(KEYS)), st.integers(0, 4), st.integers(0, 3)),
        unique_by=lambda order: order[:2],
        max_size=8,
    )
)
def test_what_a_miner_picks_is_all_that_can_go_and_nothing_better_paid_was_passed_over(
    orders: list[tuple[str, int, int]],
) -> None:
    room = pool(*(wish(*order) for order in orders))
    picked = room.pick(EMPTY)
    next_nonce: dict[Any, int] = {}
    waiting = list(room.waiting)
    for signed in picked:
        ready = [w for w in waiting if w.transaction.nonce == next_nonce.get(w.sender, 0)]
        best = max(w.transaction.gas_price for w in ready)
        assert signed == next(w for w in ready if w.transaction.gas_price == best)
        waiting.remove(signed)
        next_nonce[signed.sender] = signed.transaction.nonce + 1
    assert not [w for w in waiting if w.transaction.nonce == next_nonce.get(w.sender, 0)]
