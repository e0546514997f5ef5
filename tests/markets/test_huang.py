"""Huang, Scheller-Wolf & Sycara: the longer side bears the excess in equal parts."""

from dataclasses import replace
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from energychain.markets.huang import cut_equally, huang
from energychain.markets.orders import MOST, Book, Order
from energychain.markets.trade_reduction import trade_reduction
from energychain.markets.uniform_price import AllOrNone
from tests.markets.books import books, judged, many_books
from tests.markets.lies import gain, lies, other_prices, replaced

wants = st.lists(st.integers(0, 30) | st.integers(0, MOST), max_size=8)


def book_of(*rows: tuple[str, int, int]) -> Book:
    return Book.of(
        Order(f"o{i}", f"t{i}", "buy" if side == "buy" else "sell", quantity, price)
        for i, (side, quantity, price) in enumerate(rows)
    )


# --- equal parts ----------------------------------------------------------------------


def borne_in_rounds(amount: int, wanted: list[int]) -> list[Fraction]:
    """As the paper puts it: all bear the same part; whoever cannot bears all it has, and
    the others bear what is missing, again in equal parts.
    """
    left = [Fraction(want) for want in wanted]
    excess = sum(left) - amount
    while excess > 0:
        able = [i for i, want in enumerate(left) if want]
        part, excess = excess / len(able), Fraction(0)
        for i in able:
            excess += max(part - left[i], Fraction(0))
            left[i] = max(left[i] - part, Fraction(0))
    return left


@given(wants, st.integers(0, 120) | st.integers(0, 8 * MOST))
@example([10, 5, 20], 17)
@example([1, 1, 1], 2)
@example([0, 0], 0)
def test_whole_parts_are_within_one_of_the_exact_ones_and_add_up(
    wanted: list[int], amount: int
) -> None:
    parts = cut_equally(amount, np.array(wanted, dtype=np.int64)).tolist()
    exact = borne_in_rounds(amount, wanted)
    assert sum(parts) == min(amount, sum(wanted))
    for part, ideal, want in zip(parts, exact, wanted, strict=True):
        assert 0 <= part <= want
        assert abs(part - ideal) < 1


def test_the_last_in_priority_bear_what_cannot_be_divided() -> None:
    assert cut_equally(10, np.array([4, 4, 4])).tolist() == [4, 3, 3]
    assert cut_equally(7, np.array([4, 4, 4])).tolist() == [3, 2, 2]
    assert cut_equally(1, np.array([1, 4, 4])).tolist() == [0, 1, 0]


# --- by hand --------------------------------------------------------------------------


def test_sellers_in_excess_each_sell_the_same_amount_less() -> None:
    # The last efficient unit is the 20th: of o1 and of o5. Without them 12 are wanted, and
    # offered are 3 + 6 + 9 = 18: each seller bears 2.
    book = book_of(
        ("buy", 12, 90), ("buy", 8, 80),
        ("sell", 3, 10), ("sell", 6, 20), ("sell", 9, 30), ("sell", 9, 40),
    )  # fmt: skip
    found = huang(book)
    assert [found.fill(f"o{i}") for i in range(6)] == [12, 0, 1, 4, 7, 0]
    assert (found.price_buy, found.price_sell) == (80, 40)
    assert found.operator_surplus == 12 * (80 - 40)


def test_a_seller_smaller_than_its_part_sells_nothing_and_the_others_bear_its_lack() -> None:
    # As before, with one unit in place of 3: the part would be 4 / 3, so o2 sells nothing,
    # and the other two bear 3 together: 1.5 each, and the last one the odd unit.
    book = book_of(
        ("buy", 12, 90), ("buy", 8, 80),
        ("sell", 1, 10), ("sell", 6, 20), ("sell", 9, 30), ("sell", 9, 40),
    )  # fmt: skip
    found = huang(book)
    assert [found.fill(f"o{i}") for i in range(6)] == [12, 0, 0, 5, 7, 0]


def test_buyers_in_excess_bear_it_likewise() -> None:
    book = book_of(
        ("sell", 12, -90), ("sell", 8, -80),
        ("buy", 3, -10), ("buy", 6, -20), ("buy", 9, -30), ("buy", 9, -40),
    )  # fmt: skip
    found = huang(book)
    assert [found.fill(f"o{i}") for i in range(6)] == [12, 0, 1, 4, 7, 0]
    assert (found.price_buy, found.price_sell) == (-40, -80)


def test_there_is_no_price_test_so_the_last_pair_never_trades() -> None:
    rows = [("buy", 1, p) for p in (9, 8, 4)] + [("sell", 1, p) for p in (2, 3, 8)]
    assert trade_reduction(book_of(*rows)).quantity == 2
    found = huang(book_of(*rows))
    assert (found.quantity, found.price_buy, found.price_sell) == (1, 8, 3)


def test_it_divides_no_order_that_is_all_or_none() -> None:
    with pytest.raises(AllOrNone, match="the rule huang"):
        huang(Book.of([Order("a", "ann", "buy", 1, 1, divisible=False)]))


# --- any book -------------------------------------------------------------------------


@given(books(most=10))
def test_nobody_loses_and_the_operator_never_pays(book: Book) -> None:
    verdict = judged(huang(book))
    assert verdict.feasible
    assert verdict.rational
    assert verdict.surplus >= 0


def test_it_trades_as_much_as_trade_reduction_without_its_price_test() -> None:
    compared = 0
    for _, book in many_books(1000):
        if not book.indivisible:
            ours, other = huang(book), trade_reduction(book)
            if other.price_buy != other.price_sell:
                compared += 1
                assert (ours.quantity, ours.price_buy) == (other.quantity, other.price_buy)
            assert ours.quantity <= other.quantity
    assert compared > 100


def test_names_of_traders_do_not_matter() -> None:
    for _, book in many_books(500):
        if not book.indivisible:
            renamed = Book.of(replace(o, trader=o.trader[::-1]) for o in book.orders)
            assert huang(book).fills.tolist() == huang(renamed).fills.tolist()
            assert huang(book).amounts.tolist() == huang(renamed).amounts.tolist()


# --- truth ----------------------------------------------------------------------------


@pytest.mark.parametrize("most_quantity", [1, 4])
def test_no_other_price_pays_if_each_has_one_order_of_known_quantity(most_quantity: int) -> None:
    rng, traded = Random(most_quantity), 0
    for _ in range(80):
        sides = [rng.choice(("buy", "sell")) for _ in range(rng.randint(3, 8))]
        book = book_of(*((s, rng.randint(1, most_quantity), rng.randrange(8)) for s in sides))
        found = list(lies(book, huang, other_prices(range(-1, 9))))
        assert not found, f"{book.orders}: {found[0]}"
        traded += huang(book).quantity > 0
    assert traded > 12


def test_it_pays_to_overstate_a_quantity_of_the_longer_side() -> None:
    # Each buyer inside lacks 2 of its 4. With 8 in place of 4 the first bears no more than
    # the second.
    book = book_of(("buy", 4, 9), ("buy", 4, 8), ("buy", 9, 7), ("sell", 4, 1), ("sell", 20, 2))
    assert huang(book).fill("o0") == 2
    told = replaced(book, [Order("o0", "t0", "buy", 8, 9)])
    assert huang(told).fill("o0") == 4
    assert gain(book, huang(told), ["t0"]) == 4 * (9 - 7) > gain(book, huang(book), ["t0"])  # type: ignore[operator]


def test_it_pays_to_withhold_what_would_reach_beyond_the_next_order() -> None:
    # At the truth t2 holds the last efficient unit and stays out; with one unit it is
    # inside, and the price is set by t1.
    book = book_of(("buy", 1, 5), ("sell", 3, 2), ("sell", 2, 0), ("buy", 1, 6))
    told = replaced(book, [Order("o2", "t2", "sell", 1, 0)])
    assert gain(book, huang(book), ["t2"]) == 0
    assert gain(book, huang(told), ["t2"]) == 2
