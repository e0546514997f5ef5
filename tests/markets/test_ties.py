"""Who gets how much if not all can be served: all is given out, nobody gets more than it wants."""

import random
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from energychain.markets.orders import MOST, Book, Order
from energychain.markets.rules import clear
from energychain.markets.ties import TIES, Ties, drawn_by_lot, ration
from energychain.primitives.refusals import BadInput

amounts = st.integers(0, 60) | st.integers(0, MOST)
wanted = st.lists(st.integers(0, 20) | st.integers(0, MOST), min_size=1, max_size=9)


def shares(amount: int, wants: list[int], ties: Ties = "pro_rata", seed: int = 0) -> list[int]:
    parts: list[int] = ration(amount, np.array(wants, dtype=np.int64), ties, seed).tolist()
    return parts


@given(amounts, wanted, st.sampled_from(TIES), st.integers(0, 3))
@example(3 * MOST - 1, [MOST, MOST, MOST], "pro_rata", 0)
def test_all_is_given_out_and_no_part_exceeds_its_want(
    amount: int, wants: list[int], ties: Ties, seed: int
) -> None:
    parts = shares(amount, wants, ties, seed)
    assert sum(parts) == min(amount, sum(wants))
    assert all(0 <= part <= want for part, want in zip(parts, wants, strict=True))


@given(amounts, wanted)
@example(3 * MOST - 1, [MOST, MOST, MOST])
@example(10, [6, 6, 6])
def test_pro_rata_rounds_up_the_largest_remainders_and_of_equal_ones_the_first(
    amount: int, wants: list[int]
) -> None:
    if amount >= sum(wants):
        return
    exact = [Fraction(amount * want, sum(wants)) for want in wants]
    parts = [int(share) for share in exact]
    rank = sorted(range(len(wants)), key=lambda i: (-(exact[i] % 1), i))
    for i in rank[: amount - sum(parts)]:
        parts[i] += 1
    assert shares(amount, wants) == parts


@given(amounts, wanted)
def test_in_turn_whoever_comes_later_gets_only_what_is_left(amount: int, wants: list[int]) -> None:
    left = amount
    for part, want in zip(shares(amount, wants, "time"), wants, strict=True):
        assert part == min(want, left)
        left -= part


@given(amounts, wanted, st.integers(0, 2**70))
def test_a_lottery_serves_in_the_order_drawn(amount: int, wants: list[int], seed: int) -> None:
    drawn = drawn_by_lot(len(wants), seed)
    assert sorted(drawn.tolist()) == list(range(len(wants)))
    parts = shares(amount, wants, "lottery", seed)
    in_turn = shares(amount, [wants[i] for i in drawn], "time")
    assert [parts[i] for i in drawn] == in_turn


def test_a_lottery_is_fair_over_seeds() -> None:
    first = Counter(int(drawn_by_lot(3, seed)[0]) for seed in range(3000))
    # Three standard deviations of a binomial: 3 sqrt(3000 x 1/3 x 2/3) = 77.
    assert all(abs(count - 1000) < 78 for count in first.values())
    assert len(first) == 3


def test_the_global_random_state_is_neither_read_nor_changed() -> None:
    # A peer: "ties broken by global random numbers".
    book = Book.of(Order(f"b{i}", f"b{i}", "buy", 5, 10) for i in range(6)).replaced(
        Order("s", "s", "sell", 11, 3)
    )
    outcomes = set()
    for state in range(5):
        random.seed(state)
        np.random.seed(state)  # noqa: NPY002
        before = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index, union-attr] # noqa: NPY002
        outcomes.add(tuple(clear(book, ties="lottery", seed=4).fills.tolist()))
        assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # type: ignore[index, union-attr] # noqa: NPY002
    assert len(outcomes) == 1
    by_seed = {tuple(clear(book, ties="lottery", seed=s).fills.tolist()) for s in range(20)}
    assert len(by_seed) > 3


@pytest.mark.parametrize("ties", ["Pro_Rata", "", "fifo"])
def test_an_unknown_way_is_refused_also_if_nothing_trades(ties: str) -> None:
    apart = Book.of([Order("b", "b", "buy", 5, 1), Order("s", "s", "sell", 5, 2)])
    for book in (apart, apart.replaced(Order("b", "b", "buy", 5, 3))):
        for rule in ("uniform", "pairwise", "last_pair", "pay_as_bid"):
            with pytest.raises(BadInput, match="ties are broken by pro_rata, time, lottery"):
                clear(book, rule, ties=ties)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(BadInput, match="a seed is 0 or more, found -1"):
        drawn_by_lot(3, -1)
