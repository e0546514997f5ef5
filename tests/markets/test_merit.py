"""Where the curves meet, against a linear programme, brute force and every possible price."""

import tracemalloc
from collections.abc import Sequence
from functools import lru_cache
from itertools import permutations
from random import Random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.optimize import linprog

from energychain.markets.merit import largest, merit, times, total
from energychain.markets.orders import MOST, Book, Order, order
from energychain.markets.rules import clear
from tests.markets.books import STEP, best_welfare, books, feasible_at, many_books

large = st.integers(-MOST, MOST) | st.sampled_from([-MOST, MOST, 2**31, 2**32 - 1, 0, 1, -1])


def book_of(bids: Sequence[tuple[int, int]], offers: Sequence[tuple[int, int]]) -> Book:
    """A book from quantities and prices; each order has its own trader."""
    rows = [("buy", *row) for row in bids] + [("sell", *row) for row in offers]
    return Book.of(
        Order(f"{i}", f"t{i}", "buy" if side == "buy" else "sell", quantity, price)
        for i, (side, quantity, price) in enumerate(rows)
    )


# --- a linear programme ---------------------------------------------------------------


def test_welfare_and_quantity_are_those_of_a_linear_programme() -> None:
    rng, traded = Random(3), 0
    for _ in range(400):
        count, levels = rng.randint(1, 25), rng.choice((2, 5, 40))
        book = Book.of(
            Order(
                f"{i}",
                "t",
                rng.choice(("buy", "sell")),
                rng.randint(0, 99),
                rng.randint(-9, levels),
            )
            for i in range(count)
        )
        meeting = merit(book)
        # Welfare is whole at every corner, so that a bonus on the quantity of less than 1
        # in all picks the largest of the best quantities and changes nothing else.
        bonus = 1 / (2 * int(book.quantity.sum()) + 1)
        worth = book.sign * book.price + bonus * (book.sign > 0)
        limits = [(0, int(quantity)) for quantity in book.quantity]
        best = linprog(-worth, A_eq=book.sign.reshape(1, -1), b_eq=[0], bounds=limits)
        assert best.status == 0
        welfare = float(best.x @ (book.sign * book.price))
        quantity = float(best.x @ (book.sign > 0))
        assert abs(welfare - meeting.welfare) < 1e-6
        assert abs(quantity - meeting.quantity) < 1e-6
        if meeting.interval:
            low, high = meeting.interval
            # What another unit would be worth: the programme's own price.
            assert low - 1 < -best.eqlin.marginals[0] < high + 1
            traded += 1
    assert traded > 200


# --- brute force ----------------------------------------------------------------------


def units(book: Book, side: str) -> list[int]:
    return [o.price for o in book.orders if o.side == side for _ in range(o.quantity)]


@given(books(most=6, quantities=2))
def test_no_matching_of_single_units_is_worth_more(book: Book) -> None:
    bids, offers = units(book, "buy")[:5], units(book, "sell")[:5]
    book = book_of([(1, p) for p in bids], [(1, p) for p in offers])
    few, many = sorted((bids, offers), key=len)
    sign = 1 if few is bids else -1
    best = max(
        sum(max(sign * (p - q), 0) for p, q in zip(few, chosen, strict=True))
        for chosen in permutations(many, len(few))
    )
    assert merit(book).welfare == best == best_welfare(book)


@given(books(most=10))
def test_the_quantity_is_the_largest_at_which_the_last_unit_is_worth_its_cost(book: Book) -> None:
    bids, offers = sorted(units(book, "buy"), reverse=True), sorted(units(book, "sell"))
    worth = [bid - offer for bid, offer in zip(bids, offers, strict=False)]
    assert merit(book).quantity == sum(gain >= 0 for gain in worth)
    assert merit(book).welfare == sum(gain for gain in worth if gain > 0)


# --- every possible price -------------------------------------------------------------


@given(books(most=10))
@example(book_of([(10, 20), (0, 15)], [(10, 18)]))
@example(book_of([(5, 7), (5, 7)], [(5, 7)]))
@example(book_of([(1, 8)], [(1, 4)]))
def test_the_interval_holds_every_price_at_which_nobody_wishes_otherwise(book: Book) -> None:
    meeting = merit(book)
    if not meeting.quantity:
        assert meeting.interval is None
        return
    assert meeting.interval is not None
    low, high = meeting.interval
    # Limits are whole, so that between two whole numbers nothing changes.
    candidates = range(2 * (-STEP - 2), 2 * (7 * STEP + 2))
    fair = {twice for twice in candidates if feasible_at(book, twice, doubled=True)}
    assert fair == set(range(2 * low, 2 * high + 1))


def test_the_interval_is_right_in_large_books_and_for_huge_numbers() -> None:
    checked = 0
    for _, book in many_books(3000):
        if merit(book).interval is not None:
            low, high = merit(book).interval or (0, 0)
            assert feasible_at(book, low)
            assert feasible_at(book, high)
            assert not feasible_at(book, low - 1)
            assert not feasible_at(book, high + 1)
            checked += 1
        assert merit(book).welfare == best_welfare(book)
    assert checked > 1500


# --- what sets the price --------------------------------------------------------------


@pytest.mark.parametrize(
    ("bids", "offers", "cap", "kind", "marginal", "interval"),
    [
        ([(2, 9)], [(3, 4)], None, "marginal seller", ("1",), (4, 4)),
        ([(3, 9)], [(2, 4)], None, "marginal buyer", ("0",), (9, 9)),
        ([(3, 9)], [(2, 4)], 9, "scarcity", ("0",), (9, 9)),
        ([(3, 9)], [(2, 4)], 10, "marginal buyer", ("0",), (9, 9)),
        ([(2, 9)], [(2, 4)], None, "marginal price", ("0", "1"), (4, 9)),
        ([(2, 9)], [(2, 4)], 9, "marginal price", ("0", "1"), (4, 9)),
        ([(2, 9), (1, 6)], [(2, 4), (1, 8)], None, "marginal price", ("0", "2"), (6, 8)),
        ([(2, 9)], [(2, 9)], None, "exact", ("0", "1"), (9, 9)),
        ([(2, 9), (2, 9)], [(2, 4)], None, "marginal buyer", ("0",), (9, 9)),
        ([(2, 9)], [(2, 4), (1, 4)], None, "marginal seller", ("1",), (4, 4)),
        ([(2, 3)], [(2, 4)], None, "null", (), None),
        ([], [(2, 4)], None, "null", (), None),
        ([(2, 4)], [], None, "null", (), None),
        ([], [], None, "null", (), None),
        ([(0, 9)], [(2, 4)], None, "null", (), None),
    ],
)
def test_what_sets_the_price(
    bids: list[tuple[int, int]],
    offers: list[tuple[int, int]],
    cap: int | None,
    kind: str,
    marginal: tuple[str, ...],
    interval: tuple[int, int] | None,
) -> None:
    book = Book.of(book_of(bids, offers).orders, cap)
    assert merit(book).kind == kind
    assert merit(book).interval == interval
    assert tuple(book.ids[i] for i in merit(book).marginal) == marginal
    assert clear(book).clearing_type == kind
    assert clear(book).marginal_orders == marginal


def test_curves_that_meet_at_a_tie_trade() -> None:
    # A peer: "no trade at all when the curves meet at a tie".
    book = book_of([(3, 7), (2, 7)], [(4, 7)])
    assert clear(book).quantity == 4
    assert clear(book).price == 7


# --- exact arithmetic -----------------------------------------------------------------


@given(st.lists(st.tuples(large, large), max_size=30))
@example([(MOST, MOST)] * 30)
@example([(-MOST, MOST)] * 30)
@example([(2**31, 2**30), (2**31, 2**30)] * 4)
def test_no_product_and_no_sum_overflows(rows: list[tuple[int, int]]) -> None:
    prices = np.array([p for p, _ in rows], dtype=np.int64)
    quantities = np.array([q for _, q in rows], dtype=np.int64)
    assert total(prices, quantities) == sum(p * q for p, q in rows)
    assert times(prices, quantities).tolist() == [p * q for p, q in rows]
    assert largest(prices) == max((abs(p) for p, _ in rows), default=0)


def test_both_ways_of_sorting_give_the_same_order() -> None:
    rng = Random(5)
    near = book_of([(1, rng.randint(0, 20)) for _ in range(5000)], [])
    # Prices so far apart that price and place, of 51 and 13 bits, do not fit into 64.
    far = Book.of([*near.orders, Order("x", "x", "buy", 1, MOST), Order("y", "y", "buy", 1, -MOST)])
    ranked = sorted(near.ids, key=lambda id: (-near.order(id).price, near.at[id]))
    assert [near.ids[int(i)] for i in merit(near).bids.order] == ranked
    assert [far.ids[int(i)] for i in merit(far).bids.order] == ["x", *ranked, "y"]


# --- time and memory ------------------------------------------------------------------


@lru_cache
def columns(count: int) -> Book:
    rng = Random(11)
    return Book.of(
        Order(
            f"{i}", f"t{i}", rng.choice(("buy", "sell")), rng.randint(1, 10**7), rng.randint(0, 500)
        )
        for i in range(count)
    )


@pytest.mark.parametrize("rule", ["uniform", "pairwise", "pay_as_bid"])
def test_memory_grows_with_the_orders_not_with_their_pairs(rule: str) -> None:
    book = columns(20_000)
    tracemalloc.start()
    clear(book, rule).as_json()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2_000 * len(book)


def test_the_book_of_chapter_9() -> None:
    bids = [("E", "3.2", "28"), ("D", "10.9", "26"), ("B", "6.5", "24"), ("G", "5.4", "20")]
    offers = [("H", "6.8", "16"), ("F", "7.2", "19"), ("C", "9.8", "22"), ("A", "3.2", "25")]
    book = Book.of(
        [order(name, name, "buy", q, p) for name, q, p in bids]
        + [order(name, name, "sell", q, p) for name, q, p in offers]
    )
    meeting = merit(book)
    assert meeting.quantity == 20_600_000
    # By hand: 3.2 x 28 + 10.9 x 26 + 6.5 x 24 - (6.8 x 16 + 7.2 x 19 + 6.6 x 22) = 138.2.
    assert meeting.welfare == 138_200_000 * 10**6
    assert meeting.interval == (22_000_000, 22_000_000)
    assert [book.ids[i] for i in meeting.marginal] == ["C"]
