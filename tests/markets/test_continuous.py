"""The continuous double auction, against lists that are searched from end to end."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energychain.markets.continuous import Deal, Exchange, continuous, events
from energychain.markets.orders import MOST, Book, Order, order
from energychain.markets.rules import clear
from energychain.primitives.refusals import BadInput
from tests.markets.books import books, judged, many_books, random_book, shuffled


@dataclass
class Lists:
    """A continuous double auction that looks at every order each time."""

    waiting: list[list[object]] = field(default_factory=list)

    def arrive(self, came: Order) -> list[tuple[str, str, int, int]]:
        want, deals = came.quantity, []
        fitting = [row for row in self.waiting if self._fits(row, came)]
        best_first = sorted(range(len(fitting)), key=lambda i: (self._cost(fitting[i]), i))
        if not came.divisible and sum(_left(row) for row in fitting) < want:
            return []
        for i in best_first:
            order_, there = _order(fitting[i]), _left(fitting[i])
            amount = min(want, there)
            if amount:
                ids = (came.id, order_.id) if came.side == "buy" else (order_.id, came.id)
                deals.append((*ids, amount, order_.price))
                fitting[i][1] = there - amount
                want -= amount
        self.waiting = [row for row in self.waiting if _left(row)]
        if want:
            self.waiting.append([came, want])
        return deals

    def _fits(self, row: list[object], came: Order) -> bool:
        there = _order(row)
        if there.side == came.side:
            return False
        bid, offer = (came, there) if came.side == "buy" else (there, came)
        return bid.price >= offer.price

    def _cost(self, row: list[object]) -> int:
        there = _order(row)
        return there.price if there.side == "sell" else -there.price

    def side(self, side: str) -> list[tuple[str, int]]:
        rows = [row for row in self.waiting if _order(row).side == side]
        best_first = sorted(range(len(rows)), key=lambda i: (self._cost(rows[i]), i))
        return [(_order(rows[i]).id, _left(rows[i])) for i in best_first]


def _order(row: list[object]) -> Order:
    assert isinstance(row[0], Order)
    return row[0]


def _left(row: list[object]) -> int:
    assert isinstance(row[1], int)
    return row[1]


def by_arrival(book: Book) -> list[Order]:
    return sorted(book.orders, key=lambda o: (o.time or 0, o.id))


def deals_of(book: Book) -> Iterator[tuple[str, str, int, int]]:
    found = continuous(book)
    assert found.trades is not None
    t = found.trades
    for b, o, q, p in zip(t.bids, t.offers, t.quantities, t.prices, strict=True):
        yield book.ids[b], book.ids[o], int(q), int(p)


# --- against the lists ----------------------------------------------------------------


def test_every_trade_of_two_thousand_books_is_that_of_the_lists() -> None:
    traded = killed = 0
    for kind, book in many_books(2000):
        lists = Lists()
        expected = [deal for each in by_arrival(book) for deal in lists.arrive(each)]
        assert list(deals_of(book)) == expected, kind
        traded += len(expected)
        killed += sum(not o.divisible and continuous(book).fill(o.id) == 0 for o in book.orders)
    assert traded > 5000
    assert killed > 100


@given(books(most=12), st.integers(0, 2**12 - 1))
def test_what_waits_after_each_event_is_that_of_the_lists(book: Book, whole: int) -> None:
    orders = [replace(o, divisible=not whole >> i & 1) for i, o in enumerate(book.orders)]
    book, lists = Book.of(orders), Lists()
    for event, each in zip(events(book), by_arrival(book), strict=True):
        assert event.order == each
        deals = [(d.bid, d.offer, d.quantity, d.price) for d in event.deals]
        assert deals == lists.arrive(each)
        for side, shown in (("buy", event.bids), ("sell", event.offers)):
            assert [(o.id, o.quantity) for o in shown] == lists.side(side)


@given(books(most=12), st.integers(0, 2**12 - 1))
def test_nothing_is_lost_on_the_way(book: Book, whole: int) -> None:
    orders = [replace(o, divisible=not whole >> i & 1) for i, o in enumerate(book.orders)]
    book, exchange = Book.of(orders), Exchange()
    came = gone = killed = 0
    for each in by_arrival(book):
        traded = sum(deal.quantity for deal in exchange.submit(each))
        came, gone = came + each.quantity, gone + 2 * traded
        killed += each.quantity if not each.divisible and not traded else 0
        waiting = sum(o.quantity for o in (*exchange.bids, *exchange.offers))
        assert came == gone + killed + waiting
    if exchange.bids and exchange.offers:
        assert exchange.bids[0].price < exchange.offers[0].price
    verdict = judged(continuous(book))
    assert verdict.feasible
    assert verdict.rational
    assert verdict.surplus == 0
    assert int(continuous(book).fills.sum()) == gone


@given(books(most=12), st.integers(0, 5), st.sampled_from(["time", "lottery"]))
def test_how_the_book_is_written_down_does_not_matter(book: Book, seed: int, ties: str) -> None:
    again = clear(shuffled(book, Random(seed)), "continuous", ties=ties, seed=seed)
    found = clear(book, "continuous", ties=ties, seed=seed)
    assert again.fills_by_order() == found.fills_by_order()
    assert again.payments_by_trader() == found.payments_by_trader()


def test_a_long_book_in_which_many_are_killed() -> None:
    rng = Random(3)
    for _ in range(5):
        orders = [
            replace(o, divisible=rng.random() < 0.5)
            for o in random_book(rng, "plain", most=400).orders
        ]
        book, lists = Book.of(orders), Lists()
        expected = [deal for each in by_arrival(book) for deal in lists.arrive(each)]
        assert list(deals_of(book)) == expected


# --- by hand --------------------------------------------------------------------------


def test_an_evening_by_hand() -> None:
    book = Book.of(
        [
            order("s1", "sam", "sell", "4", "20", time=1),
            order("s2", "sue", "sell", "2", "18", time=2),
            order("b1", "ann", "buy", "3", "22", time=3),  # 2 from s2 at 18, 1 from s1 at 20
            order("b2", "bob", "buy", "5", "19", time=4),  # too low: waits
            order("s3", "sid", "sell", "6", "15", time=5),  # 5 to b2 at 19
        ]
    )
    told = [(event.outcome, len(event.deals)) for event in events(book)]
    assert told == [
        ("waits", 0), ("waits", 0), ("trades", 2), ("waits", 0), ("trades in part", 1)
    ]  # fmt: skip
    found = continuous(book)
    kwh = 10**6
    assert found.fills_by_order() == {
        "b1": 3 * kwh, "b2": 5 * kwh, "s1": kwh, "s2": 2 * kwh, "s3": 5 * kwh
    }  # fmt: skip
    paid = {name: amount // 10**12 for name, amount in found.payments_by_trader().items()}
    assert paid == {"ann": 56, "bob": 95, "sam": -20, "sid": -95, "sue": -36}
    last = list(events(book))[-1]
    assert [(o.id, o.quantity) for o in last.offers] == [("s3", kwh), ("s1", 3 * kwh)]
    assert last.bids == ()


def test_the_one_who_was_there_first_sets_the_price_on_either_side() -> None:
    first, second = Order("b", "b", "buy", 1, 9, time=1), Order("s", "s", "sell", 1, 5, time=2)
    assert continuous(Book.of([first, second])).price == 9
    late = replace(first, time=3)
    assert continuous(Book.of([late, second])).price == 5


def test_of_equal_prices_the_earlier_trades_first() -> None:
    early, late = Order("z", "z", "sell", 1, 5, time=1), Order("a", "a", "sell", 1, 5, time=2)
    bid = Order("b", "b", "buy", 1, 5, time=3)
    assert continuous(Book.of([early, late, bid])).fills_by_order() == {"b": 1, "z": 1, "a": 0}


def test_orders_without_a_time_come_together_by_id() -> None:
    book = Book.of([Order("2", "b", "buy", 1, 9), Order("1", "s", "sell", 1, 5)])
    assert continuous(book).price == 5
    book = Book.of([Order("1", "b", "buy", 1, 9), Order("2", "s", "sell", 1, 5)])
    assert continuous(book).price == 9


def test_lots_decide_only_between_those_who_come_together() -> None:
    offers = [Order(f"s{i}", f"s{i}", "sell", 1, 5, time=1) for i in range(4)]
    book = Book.of([*offers, Order("b", "b", "buy", 1, 5, time=2)])
    served = []
    for seed in range(200):
        fills = continuous(book, "lottery", seed).fills_by_order()
        assert fills == continuous(book, "lottery", seed).fills_by_order()
        served.append(next(id for id, fill in fills.items() if fill and id != "b"))
    assert all(30 < served.count(f"s{i}") < 70 for i in range(4))
    # One who comes later waits at the end of the queue, whatever the lots.
    late = book.replaced(Order("s0", "s0", "sell", 1, 5, time=3))
    assert all(continuous(late, "lottery", seed).fill("s0") == 0 for seed in range(50))


def test_fill_or_kill() -> None:
    waiting = [Order("s1", "s1", "sell", 3, 5, time=1), Order("s2", "s2", "sell", 3, 7, time=2)]
    too_much = Order("b1", "b1", "buy", 7, 9, time=3, divisible=False)
    too_low = Order("b2", "b2", "buy", 4, 6, time=4, divisible=False)
    fitting = Order("b3", "b3", "buy", 4, 7, time=5, divisible=False)
    rest = Order("b4", "b4", "buy", 9, 9, time=6)
    shown = list(events(Book.of([*waiting, too_much, too_low, fitting, rest])))
    assert [event.outcome for event in shown] == [
        "waits", "waits", "killed", "killed", "trades", "trades in part"
    ]  # fmt: skip
    # Whoever is killed leaves the queue as it was.
    assert shown[1].offers == shown[2].offers == shown[3].offers
    assert shown[4].deals == (Deal("b3", "s1", 3, 5), Deal("b3", "s2", 1, 7))
    assert all(o.divisible for event in shown for o in (*event.bids, *event.offers))


def test_one_who_is_killed_never_comes_back() -> None:
    killed = Order("s", "s", "sell", 2, 5, time=1, divisible=False)
    book = Book.of([killed, Order("b", "b", "buy", 2, 9, time=2)])
    assert continuous(book).quantity == 0


def test_the_largest_numbers() -> None:
    book = Book.of(
        [
            Order("s", "s", "sell", MOST, -MOST, time=1),
            Order("b1", "b1", "buy", MOST - 1, MOST, time=2),
            Order("b2", "b2", "buy", 1, -MOST, time=3, divisible=False),
        ]
    )
    found = continuous(book)
    assert found.fills_by_order() == {"b1": MOST - 1, "b2": 1, "s": MOST}
    assert found.payment("s") == MOST * MOST
    assert found.operator_surplus == 0


def test_what_is_refused() -> None:
    book = Book.of([Order("b", "b", "buy", 1, 9)])
    for ties in ("pro_rata", "luck"):
        with pytest.raises(BadInput, match="one order after the other: ties are broken by time"):
            clear(book, "continuous", ties=ties)
    with pytest.raises(BadInput, match="too large"):
        Exchange().submit(Order("b", "b", "buy", 1, MOST + 1))


def test_the_events_are_worked_out_as_they_are_read() -> None:
    stream = events(Book.of(Order(f"{i:03}", "s", "sell", 1, i) for i in range(500)))
    assert [len(next(stream).offers) for _ in range(3)] == [1, 2, 3]
