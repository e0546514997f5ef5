"""Orders, books, and the CSV that people write."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energychain.markets.orders import (
    MOST,
    MOST_IN_ALL,
    Book,
    Order,
    Side,
    order,
    read_book,
    whole_numbers,
)
from energychain.markets.rules import clear
from energychain.primitives.refusals import BadInput
from tests.markets.books import books, shuffled

HEAD = "id,trader,side,quantity,price"
TIMED = HEAD + ",time"


def one(**changed: object) -> Order:
    return replace(Order("b", "ann", "buy", 5, 10), **changed)  # type: ignore[arg-type]


# --- books ----------------------------------------------------------------------------


@given(books())
def test_a_book_has_its_orders_bids_first_then_by_time_then_by_id(book: Book) -> None:
    assert list(book.orders) == sorted(book.orders, key=lambda o: (o.side, o.time, o.id))
    assert [book.order(id) for id in book.ids] == list(book.orders)
    assert book.bid_count == sum(o.side == "buy" for o in book.orders)
    assert [book.traders[i] for i in book.trader] == [o.trader for o in book.orders]


@given(books(), st.randoms(use_true_random=False))
def test_a_book_does_not_depend_on_the_order_in_which_it_is_written(
    book: Book, rng: Random
) -> None:
    assert shuffled(book, rng).orders == book.orders


def test_an_order_can_be_replaced_added_and_left_out() -> None:
    book = Book.of([one(), one(id="s", side="sell", price=3)], cap=20)
    changed = book.replaced(one(price=12), one(id="c", trader="cay"))
    assert [(o.id, o.price) for o in changed.orders] == [("b", 12), ("c", 10), ("s", 3)]
    assert changed.cap == 20
    assert changed.without("c", "b").ids == ("s",)
    assert book.order("b").price == 10
    with pytest.raises(KeyError):
        book.order("nobody's")


@pytest.mark.parametrize(
    ("orders", "cap", "told"),
    [
        ([one(), one()], None, "order b is there twice"),
        ([one(side="borrow")], None, "order b: the side is buy or sell, found 'borrow'"),
        ([one(quantity=-1)], None, "order b: the quantity is negative"),
        ([one(quantity=MOST + 1)], None, "too large"),
        ([one(price=MOST + 1)], None, "too large"),
        ([one(price=-MOST - 1)], None, "too large"),
        ([one(price=10**30)], None, "expected whole numbers of at most 64 bits, found 10{30}"),
        ([one(price=2**63)], None, "expected whole numbers of at most 64 bits"),
        ([one(quantity=10**20)], None, "expected whole numbers of at most 64 bits"),
        ([one(time=10**20)], None, "expected whole numbers of at most 64 bits"),
        ([one(quantity=1.5)], None, r"expected whole numbers of at most 64 bits, found 1\.5"),
        (
            [one(price=Fraction(1, 2))],
            None,
            "expected whole numbers of at most 64 bits, found Fraction",
        ),
        ([one(price=float("nan"))], None, "expected whole numbers of at most 64 bits, found nan"),
        ([one(quantity="5")], None, "expected whole numbers of at most 64 bits, found '5'"),
        ([one(price=11)], 10, r"order b: the price 0\.000011 exceeds the cap of 0\.000010"),
    ],
)
def test_a_bad_book_is_refused_with_a_reason(
    orders: list[Order], cap: int | None, told: str
) -> None:
    with pytest.raises(BadInput, match=told):
        Book.of(orders, cap)


def test_quantities_that_no_sum_could_hold_are_refused() -> None:
    # 9,224 orders of the largest size would overflow 64 bits without anybody noticing.
    fits = MOST_IN_ALL // MOST
    many = [Order(f"{i}", "t", "buy" if i % 2 else "sell", MOST, 7) for i in range(fits + 1)]
    with pytest.raises(BadInput, match="the quantities add up to more than 4,611,686,018,427"):
        Book.of(many)
    cleared = clear(Book.of(many[:fits]))
    assert cleared.quantity == fits // 2 * MOST
    assert sum(o.quantity for o in cleared.book.orders) == fits * MOST


def test_columns_are_whole_numbers_of_64_bits() -> None:
    assert whole_numbers([]).dtype == whole_numbers([1, np.int32(2)]).dtype == np.int64
    assert whole_numbers([2**63 - 1, -(2**63)]).tolist() == [2**63 - 1, -(2**63)]


def test_six_decimals_are_kept_and_finer_ones_refused() -> None:
    assert order("a", "ann", "buy", "0.000001", "-12.5").quantity == 1
    assert order("a", "ann", "buy", "0.000001", "-12.5").price == -12_500_000
    with pytest.raises(BadInput, match=r"0\.0000001 is finer than the 6 decimals"):
        order("a", "ann", "buy", "0.0000001", "1")
    with pytest.raises(BadInput, match=r"1\.2345678 is finer than the 6 decimals"):
        order("a", "ann", "buy", "1", "1.2345678")


# --- books that people write ----------------------------------------------------------


def read(*rows: str, head: str = HEAD, cap: int | None = None) -> Book:
    return read_book([head, *rows], "book.csv", cap)


def test_columns_may_stand_in_any_order_and_others_are_passed_over() -> None:
    book = read("3, SELL ,x,s1,sam,2", head="price,side,note,id,trader,quantity")
    assert book.orders == (Order("s1", "sam", "sell", 2_000_000, 3_000_000),)


def test_a_quoted_cell_may_hold_a_comma() -> None:
    assert read('1,"Lee, Ann",buy,1,2').traders == ("Lee, Ann",)


@pytest.mark.parametrize(("word", "divisible"), [("", True), ("yes", True), ("NO", False)])
def test_an_order_may_be_all_or_none(word: str, divisible: bool) -> None:
    assert read(f"1,ann,buy,1,2,{word}", head=HEAD + ",divisible").orders[0].divisible is divisible


def test_a_bid_without_a_price_stands_at_the_cap() -> None:
    assert read("1,ann,buy,1,", cap=9).order("1").price == 9
    for row in ("1,sam,sell,1,", "1,sam,sell,1,x"):
        with pytest.raises(BadInput, match=r"^book\.csv, line 2, column price: expected a number"):
            read(row, cap=9)


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("12", 12_000_000),
        ("-0.5", -500_000),
        ("1970-01-01T00:00:00.25", 250_000),
        ("1969-12-31T23:59:59.75", -250_000),
        ("1970-01-01T01:00+01:00", 0),
        ("2019-07-04T18:07:30", 1562263650_000_000),
        ("0001-01-01", -62135596800_000_000),
        ("9999-12-31T23:59:59.999999", 253402300799_999_999),
    ],
)
def test_a_time_is_a_number_or_a_date(text: str, microseconds: int) -> None:
    assert read(f"1,ann,buy,1,2,{text}", head=TIMED).order("1").time == microseconds


@given(st.datetimes())
def test_dates_keep_their_order_to_the_microsecond(when: datetime) -> None:
    time = read(f"1,ann,buy,1,2,{when.isoformat()}", head=TIMED).order("1").time
    since = when.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    assert time == since // timedelta(microseconds=1)


BAD_ROWS = {
    "unknown side": ("1,ann,borrow,1,2", "side: expected buy or sell, found 'borrow'"),
    "no side": ("1,ann,,1,2", "side: expected buy or sell, found ''"),
    "negative quantity": ("1,ann,buy,-1,2", "quantity: expected 0 or more, found -1"),
    "NaN": ("1,ann,buy,nan,2", "quantity: expected a finite number, found 'nan'"),
    "infinite": ("1,ann,buy,inf,2", "quantity: expected a finite number, found 'inf'"),
    "text": ("1,ann,buy,much,2", "quantity: expected a number, found 'much'"),
    "nothing": ("1,ann,buy,,2", "quantity: expected a number, found ''"),
    "decimal comma": ('1,ann,buy,1,"2,5"', "price: expected a number, found '2,5'"),
    "other digits": ("1,ann,buy,١,2", "quantity: expected a number, found '١'"),
    "1e300": ("1,ann,buy,1e300,2", "quantity: '1e300' is too large"),
    "1e1000000": ("1,ann,buy,1,1e1000000", "price: '1e1000000' is too large"),
    "-1e1000000": ("1,ann,buy,1,-1e1000000", "price: '-1e1000000' is too large"),
    "1e-1000000": ("1,ann,buy,1,1e-1000000", "price: expected at most 5,000 decimals"),
    "too large": ("1,ann,buy,1,1000000000.1", "price: 1000000000.1 is too large"),
    "too fine": ("1,ann,buy,0.1234567,2", "quantity: 0.1234567 is finer than the 6 decimals"),
    "no id": (",ann,buy,1,2", "id: the order has no id"),
    "no trader": ("1, ,buy,1,2", "trader: the order has no trader"),
    "unseen": ("1,an\u200bn,buy,1,2", "trader: 'an\\u200bn' has a character that cannot be seen"),
    "a line in a name": ('1,"a\nb",buy,1,2', "trader: 'a\\nb' has a character"),
    "a cell too few": ("1,ann,buy,1", "price: expected 5 cells, found 4"),
    "a cell too many": ("1,ann,buy,1,2,3", "price: expected 5 cells, found 6"),
}


@pytest.mark.parametrize("kind", BAD_ROWS)
def test_a_bad_row_is_refused_with_line_and_column(kind: str) -> None:
    row, told = BAD_ROWS[kind]
    line = 3 + row.count("\n")
    with pytest.raises(BadInput) as caught:
        read("good,ann,buy,1,2", *row.splitlines(keepends=True))
    assert str(caught.value).startswith(f"book.csv, line {line}, column {told}")


def test_what_is_wrong_between_rows_is_refused_with_line_and_column() -> None:
    with pytest.raises(BadInput, match=r"^book\.csv, line 3, column id: '1' is there already, on"):
        read("1,ann,buy,1,2", "1,ben,buy,1,2")
    with pytest.raises(BadInput, match=r"^book\.csv, line 3, column price: expected at most the c"):
        read("1,ann,buy,1,2", "2,sam,sell,1,2.000001", cap=2_000_000)
    with pytest.raises(BadInput, match=r"^book\.csv, line 4, column time: some times are numbers"):
        read("1,ann,buy,1,2,5", "2,ben,buy,1,2,", "3,cay,buy,1,2,2019-07-04", head=TIMED)


@pytest.mark.parametrize(
    "time", ["noon", "2019-13-01", "1.1234567", "1e14", "0001-01-01T00:00+23:59", "nan"]
)
def test_a_bad_time_is_refused_with_line_and_column(time: str) -> None:
    with pytest.raises(BadInput, match=r"^book\.csv, line 2, column time: "):
        read(f"1,ann,buy,1,2,{time}", head=TIMED)


@pytest.mark.parametrize("lines", [[], [""], [HEAD], [HEAD, "", " , ,,, "]])
def test_an_empty_book_is_refused(lines: list[str]) -> None:
    with pytest.raises(BadInput, match=r"^book\.csv, line \d: "):
        read_book(lines, "book.csv")


@given(st.lists(st.text(max_size=40), max_size=6))
def test_whatever_the_lines_are_the_only_exception_is_a_refusal(lines: list[str]) -> None:
    try:
        read_book([HEAD, *lines], "book.csv")
    except BadInput as refusal:
        assert "\n" not in str(refusal)


@given(
    st.lists(
        st.tuples(st.sampled_from(("buy", "sell")), st.integers(0, MOST), st.integers(-MOST, MOST)),
        min_size=1,
        max_size=6,
    )
)
def test_a_book_that_is_written_is_read_again(rows: list[tuple[Side, int, int]]) -> None:
    book = Book.of(Order(f"{i}", f"t{i % 3}", *row) for i, row in enumerate(rows))
    lines = (f"{o.id},{o.trader},{o.side},{_six(o.quantity)},{_six(o.price)}" for o in book.orders)
    assert read(*lines).orders == book.orders


def _six(amount: int) -> str:
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 10**6}.{abs(amount) % 10**6:06}"


def test_an_unknown_time_comes_after_all_known_ones() -> None:
    late, silent = Order("b", "ben", "buy", 1, 1, time=10**12), Order("a", "ann", "buy", 1, 1)
    assert Book.of([silent, late]).ids == ("b", "a")
    assert Book.of([silent, late]).orders == (late, silent)
