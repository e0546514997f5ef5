"""
Orders, and the book that holds them.

Quantities and prices are whole numbers: quantities in millionths of the unit that is
traded (of a kWh: mWh), prices in millionths of the money per unit. So two sums are
equal or they are not, and no residual of a float sets anybody's price.

A book keeps its orders in **priority**: bids before offers, then by arrival time, then
by id. Whoever comes first comes first on every machine, and nothing depends on the
order in which a file names its orders.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from energychain.primitives.refusals import BadInput
from energychain.primitives.tables import Row, read_rows
from energychain.primitives.units import from_units, to_units

IntArray = NDArray[Any]
"""Whole numbers: int64, or Python's own where products would not fit into 64 bits."""

BoolArray = NDArray[np.bool_]

Side = Literal["buy", "sell"]

DECIMALS = 6
"""Decimals of a quantity and of a price."""

MOST = 10**15
"""No quantity and no price is larger [millionths]: a thousand million units."""

MOST_IN_ALL = 2**62
"""All quantities of a book add up to less [millionths], so that no sum of them overflows."""


NO_TIME = 2**62
"""Stands for an unknown time of arrival [microseconds]: after all known ones, so that
nobody gains by keeping silent about it."""


@dataclass(frozen=True)
class Order:
    """A wish to buy or sell, with a limit."""

    id: str
    trader: str
    side: Side

    quantity: int
    """How much at most [millionth of the unit]."""

    price: int
    """The limit: a buyer pays at most, a seller takes at least [millionth of the money
    per unit]. It may be negative: somebody pays to be rid of energy.
    """

    time: int | None = None
    """When it arrived [microseconds], if that is known."""

    divisible: bool = True
    """Whether a part of it may trade; otherwise it is all or none."""


def order(
    id: str,
    trader: str,
    side: Side,
    quantity: str,
    price: str,
    time: int | None = None,
    divisible: bool = True,
) -> Order:
    """An order as people write it, in units and money with at most six decimals.

    >>> order("a1", "ann", "buy", "3.2", "28")
    Order(id='a1', trader='ann', side='buy', quantity=3200000, price=28000000,
    time=None, divisible=True)

    Raises :class:`~energychain.primitives.refusals.BadInput` for anything finer.
    """
    amount, limit = to_units(quantity, DECIMALS), to_units(price, DECIMALS)
    return Order(id, trader, side, amount, limit, time, divisible)


@dataclass(frozen=True, eq=False)
class Book:
    """Orders that are cleared together, as columns; the first ``bid_count`` are bids."""

    ids: Sequence[str]
    traders: Sequence[str]
    """Every trader once, by name."""

    bid_count: int

    trader: IntArray
    """Whose order it is: an index into :attr:`traders`."""

    quantity: IntArray
    """[millionth of the unit]"""

    price: IntArray
    """[millionth of the money per unit]"""

    time: IntArray
    """[microseconds]; :data:`NO_TIME` for orders without an arrival time."""

    divisible: BoolArray

    cap: int | None = None
    """The highest price that is allowed, if there is one [millionth of the money per unit].
    A bid at the cap is inelastic: it wants energy whatever it costs.
    """

    def __post_init__(self) -> None:
        problem = _fault(self)
        if problem:
            raise BadInput(problem)

    @classmethod
    def of(cls, orders: Iterable[Order], cap: int | None = None) -> "Book":
        """A book of these orders.

        >>> wishes = [order("s", "sam", "sell", "2", "10"), order("b", "ann", "buy", "1", "12")]
        >>> book = Book.of(wishes)
        >>> book
        <book: 1 bid, 1 offer, 2 traders>
        >>> book.ids
        ('b', 's')

        Raises :class:`~energychain.primitives.refusals.BadInput` if an id is there twice,
        a side is unknown, a quantity is negative, or a limit exceeds the cap.
        """
        ranked = sorted(orders, key=lambda each: (each.side, _arrival(each), each.id))
        for each in ranked:
            if each.side not in ("buy", "sell"):
                raise BadInput(f"order {each.id}: the side is buy or sell, found {each.side!r}")
        names = sorted({each.trader for each in ranked})
        index = {name: i for i, name in enumerate(names)}
        return cls(
            ids=tuple(each.id for each in ranked),
            traders=tuple(names),
            bid_count=sum(each.side == "buy" for each in ranked),
            trader=whole_numbers([index[each.trader] for each in ranked]),
            quantity=whole_numbers([each.quantity for each in ranked]),
            price=whole_numbers([each.price for each in ranked]),
            time=whole_numbers([_arrival(each) for each in ranked]),
            divisible=np.array([each.divisible for each in ranked], dtype=bool),
            cap=cap,
        )

    @property
    def bids(self) -> slice:
        """Where the bids are."""
        return slice(0, self.bid_count)

    @property
    def offers(self) -> slice:
        """Where the offers are."""
        return slice(self.bid_count, None)

    @cached_property
    def sign(self) -> IntArray:
        """+1 for a bid, -1 for an offer."""
        sign = np.ones(len(self), dtype=np.int64)
        sign[self.offers] = -1
        return sign

    @cached_property
    def most_orders(self) -> int:
        """How many orders the busiest trader has."""
        return int(np.bincount(self.trader).max(initial=0))

    @cached_property
    def indivisible(self) -> tuple[str, ...]:
        """The orders that are all or none."""
        return tuple(self.ids[int(i)] for i in np.flatnonzero(~self.divisible))

    @cached_property
    def at(self) -> Mapping[str, int]:
        """Where each order is, by id."""
        return {id: i for i, id in enumerate(self.ids)}

    def order(self, id: str) -> Order:
        """One order.

        Raises ``KeyError`` if there is none with this id.
        """
        return self._order(self.at[id])

    @property
    def orders(self) -> tuple[Order, ...]:
        """All orders, in priority."""
        return tuple(self._order(i) for i in range(len(self)))

    def _order(self, i: int) -> Order:
        return Order(
            self.ids[i],
            self.traders[int(self.trader[i])],
            "buy" if i < self.bid_count else "sell",
            int(self.quantity[i]),
            int(self.price[i]),
            None if self.time[i] == NO_TIME else int(self.time[i]),
            bool(self.divisible[i]),
        )

    def replaced(self, *changed: Order) -> "Book":
        """The book with some orders in the place of those with the same id, or added."""
        orders = {each.id: each for each in (*self.orders, *changed)}
        return Book.of(orders.values(), self.cap)

    def without(self, *ids: str) -> "Book":
        """The book without some orders."""
        return Book.of((each for each in self.orders if each.id not in ids), self.cap)

    def __len__(self) -> int:
        return len(self.price)

    def __repr__(self) -> str:
        bids, offers = self.bid_count, len(self) - self.bid_count
        return (
            f"<book: {bids} bid{'s' * (bids != 1)}, {offers} offer{'s' * (offers != 1)},"
            f" {len(self.traders)} trader{'s' * (len(self.traders) != 1)}>"
        )


def _arrival(order: Order) -> int:
    return NO_TIME if order.time is None else order.time


def whole_numbers(values: Sequence[int]) -> IntArray:
    """A column of whole numbers.

    Raises :class:`~energychain.primitives.refusals.BadInput` for a fraction, and for what
    is too large for 64 bits.
    """
    column = np.array(values) if len(values) else np.zeros(0, dtype=np.int64)
    if column.dtype.kind != "i":
        odd = next(v for v in values if type(v) is not int or not -(2**63) <= v < 2**63)
        raise BadInput(f"expected whole numbers of at most 64 bits, found {odd!r}")
    return column.astype(np.int64, copy=False)


def _fault(book: Book) -> str:
    """What is wrong with a book, or nothing."""
    quantity, price = book.quantity, book.price
    if not len(book):
        return ""
    if quantity.min() < 0:
        i = int(quantity.argmin())
        found = from_units(int(quantity[i]), DECIMALS)
        return f"order {book.ids[i]}: the quantity is negative: expected 0 or more, found {found}"
    if quantity.max() > MOST or price.max() > MOST or price.min() < -MOST:
        return f"a quantity or price is too large: expected at most {MOST // 10**DECIMALS:,}"
    if int(quantity.max()) * len(book) >= MOST_IN_ALL and sum(quantity.tolist()) >= MOST_IN_ALL:
        return f"the quantities add up to more than {MOST_IN_ALL // 10**DECIMALS:,}"
    if book.cap is not None and price.max() > book.cap:
        i = int(price.argmax())
        found, most = (from_units(int(p), DECIMALS) for p in (price[i], book.cap))
        return f"order {book.ids[i]}: the price {found} exceeds the cap of {most}"
    if len(set(book.ids)) < len(book):
        double = Counter(book.ids).most_common(1)[0][0]
        return f"order {double} is there twice: ids must differ"
    return ""


# --- books that people write ----------------------------------------------------------

COLUMNS = ("id", "trader", "side", "quantity", "price")
OPTIONAL = ("time", "divisible")


def read_book(lines: Iterable[str], file: str = "", cap: int | None = None) -> Book:
    """A book from the lines of a CSV: ``id,trader,side,quantity,price[,time,divisible]``.

    ``side`` is buy or sell; ``time`` a number or a date such as 2019-07-04T18:07:30;
    ``divisible`` yes or no (yes if left out). A bid without a price is inelastic: it
    stands at the ``cap``.

    >>> read_book(["id,trader,side,quantity,price", "1,ann,buy,3.2,28", "2,sam,sell,6.8,16"])
    <book: 1 bid, 1 offer, 2 traders>

    Raises :class:`~energychain.primitives.refusals.BadInput`, which names line and column:

    >>> read_book(["id,trader,side,quantity,price", "1,ann,borrow,3.2,28"], "book.csv")
    Traceback (most recent call last):
    energychain.primitives.refusals.BadInput: book.csv, line 2, column side: expected buy or
    sell, found 'borrow'
    """
    orders: dict[str, Order] = {}
    first: dict[str, int] = {}
    dated: bool | None = None
    for row in read_rows(lines, COLUMNS, OPTIONAL, file):
        number, cells = row
        each = _read_order(row, file, cap)
        if each.id in orders:
            problem = f"{each.id[:40]!r} is there already, on line {first[each.id]}"
            raise BadInput(problem, file=file, line=number, column="id")
        has_date = each.time is not None and not _is_number(cells["time"])
        if each.time is not None and dated is not None and has_date != dated:
            problem = "some times are numbers and some are dates"
            raise BadInput(problem, file=file, line=number, column="time")
        dated = has_date if each.time is not None else dated
        orders[each.id], first[each.id] = each, number
    if not orders:
        raise BadInput("there is no order: expected one a line", file=file, line=2)
    return Book.of(orders.values(), cap)


def _read_order(row: Row, file: str, cap: int | None) -> Order:
    line, cells = row

    def refuse(column: str, problem: str) -> BadInput:
        return BadInput(problem, file=file, line=line, column=column)

    def number(column: str) -> int:
        try:
            amount = to_units(cells[column], DECIMALS)
        except BadInput as fault:
            raise refuse(column, fault.problem) from None
        if abs(amount) > MOST:
            most = f"{MOST // 10**DECIMALS:,}"
            raise refuse(column, f"{cells[column][:40]} is too large: expected at most {most}")
        return amount

    for column in ("id", "trader"):
        if not cells[column]:
            raise refuse(column, f"the order has no {column}")
        if not cells[column].isprintable():
            told = "has a character that cannot be seen, and names must be told apart"
            raise refuse(column, f"{cells[column][:40]!r} {told}")
    side = cells["side"].lower()
    if side not in ("buy", "sell"):
        raise refuse("side", f"expected buy or sell, found {cells['side'][:40]!r}")
    quantity = number("quantity")
    if quantity < 0:
        raise refuse("quantity", f"expected 0 or more, found {cells['quantity'][:40]}")
    inelastic = not cells["price"] and side == "buy" and cap is not None
    price = cap if inelastic and cap is not None else number("price")
    if cap is not None and price > cap:
        most = from_units(cap, DECIMALS)
        raise refuse("price", f"expected at most the cap of {most}, found {cells['price'][:40]}")
    divisible = cells.get("divisible", "").lower()
    if divisible not in ("", *YES, *NO):
        raise refuse("divisible", f"expected yes or no, found {cells['divisible'][:40]!r}")
    try:
        time = _time(cells.get("time", ""))
    except ValueError:
        told = f"expected a number or a date such as 2019-07-04T18:07, found {cells['time'][:40]!r}"
        raise refuse("time", told) from None
    except OverflowError:
        raise refuse("time", f"{cells['time'][:40]} is out of range") from None
    return Order(
        cells["id"],
        cells["trader"],
        "buy" if side == "buy" else "sell",
        quantity,
        price,
        time,
        divisible not in NO,
    )


YES = ("yes", "true", "1")
NO = ("no", "false", "0")


def _time(text: str) -> int | None:
    if not text:
        return None
    if _is_number(text):
        time = to_units(text, DECIMALS)
        if abs(time) >= 2**62:
            raise OverflowError
        return time
    since = datetime.fromisoformat(text)
    since = since.replace(tzinfo=None) - (since.utcoffset() or since - since)
    return (since - datetime(1970, 1, 1)) // timedelta(microseconds=1)


def _is_number(text: str) -> bool:
    try:
        to_units(text, DECIMALS)
    except BadInput:
        return False
    return True
