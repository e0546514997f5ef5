"""The aggregator's auction: one bid, covered by the cheapest offers at or below it."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energychain.markets.aggregator import PAYS, OneBid, Pay, aggregator
from energychain.markets.orders import Book, Order, order
from energychain.markets.rules import clear
from energychain.markets.uniform_price import AllOrNone, uniform_price
from energychain.primitives.refusals import BadInput
from tests.markets.books import STEP, best_welfare, books, judged, shuffled


def one_bid(book: Book) -> Book:
    """The book with a single bid."""
    offers = [o for o in book.orders if o.side == "sell"]
    return Book.of([*offers, Order("bid", "aggregator", "buy", 9, 3 * STEP)])


def selected(book: Book) -> dict[str, int]:
    """The procedure of Fig. 5.4, offer by offer."""
    bid, *offers = book.orders
    lacking, found = bid.quantity, dict.fromkeys(book.ids, 0)
    for each in sorted(offers, key=lambda o: (o.price, o.time or 0, o.id)):
        fits = each.divisible or each.quantity <= lacking
        if each.price <= bid.price and fits:
            found[each.id] = min(each.quantity, lacking)
            lacking -= found[each.id]
    if lacking and not bid.divisible:
        return dict.fromkeys(book.ids, 0)
    return {**found, "bid": bid.quantity - lacking}


# The shape of Fig. 5.4: a bid, offers that rise, the last of them dearer than the bid.
FIGURE = Book.of(
    [
        order("bid", "agg", "buy", "10", "25"),
        order("p1", "p1", "sell", "3", "12"),
        order("p2", "p2", "sell", "4", "18"),
        order("p3", "p3", "sell", "2", "25"),
        order("p4", "p4", "sell", "5", "25.000001"),
    ]
)


def test_offers_at_or_below_the_bid_are_selected() -> None:
    found = aggregator(FIGURE)
    kwh = 10**6
    assert found.fills_by_order() == {
        "bid": 9 * kwh, "p1": 3 * kwh, "p2": 4 * kwh, "p3": 2 * kwh, "p4": 0
    }  # fmt: skip


@pytest.mark.parametrize(
    ("pay", "payments"),
    [
        ("offer", {"agg": 36 + 72, "p1": -36, "p2": -72}),
        ("bid", {"agg": 25 * 7, "p1": -75, "p2": -100}),
        ("marginal", {"agg": 18 * 7, "p1": -54, "p2": -72}),
    ],
)
def test_the_three_ways_to_pay(pay: Pay, payments: dict[str, int]) -> None:
    book = FIGURE.replaced(order("bid", "agg", "buy", "7", "25"))
    found = aggregator(book, pay)
    paid = {name: amount / 10**12 for name, amount in found.payments_by_trader().items()}
    assert paid == {**dict.fromkeys(book.traders, 0), **payments}


@given(books(most=9), st.integers(0, 2**10 - 1), st.sampled_from(PAYS))
def test_it_is_the_procedure_and_nobody_loses(book: Book, whole: int, pay: Pay) -> None:
    book = one_bid(book)
    book = Book.of(replace(o, divisible=not whole >> i & 1) for i, o in enumerate(book.orders))
    found = aggregator(book, pay)
    assert found.fills_by_order() == selected(book)
    verdict = judged(found)
    assert verdict.feasible
    assert verdict.rational
    assert verdict.surplus == 0


@given(books(most=9), st.sampled_from(["pro_rata", "time", "lottery"]))
def test_divisible_offers_cover_the_bid_at_the_least_cost(book: Book, ties: str) -> None:
    book = one_bid(book)
    found = clear(book, "aggregator", ties=ties, seed=3)
    assert found.welfare == best_welfare(book)
    assert found.quantity == uniform_price(book).quantity
    again = clear(shuffled(book, Random(1)), "aggregator", ties=ties, seed=3)
    assert again.fills_by_order() == found.fills_by_order()


def test_equal_offers_by_time_by_lot_or_pro_rata() -> None:
    offers = [Order(f"p{i}", f"p{i}", "sell", 4, 5, time=9 - i) for i in range(3)]
    book = Book.of([Order("bid", "agg", "buy", 6, 5), *offers])
    assert aggregator(book).fills_by_order() == {"bid": 6, "p2": 4, "p1": 2, "p0": 0}
    shared = aggregator(book, ties="pro_rata").fills_by_order()
    assert shared == {"bid": 6, "p2": 2, "p1": 2, "p0": 2}
    whole = book.replaced(replace(offers[0], divisible=False))
    for drawn in (book, whole):
        first = [
            max(
                (f, id)
                for id, f in aggregator(drawn, ties="lottery", seed=s).fills_by_order().items()
                if id != "bid"
            )[1]
            for s in range(120)
        ]
        assert all(first.count(f"p{i}") > 20 for i in range(3))


def test_an_offer_that_does_not_fit_is_passed_over() -> None:
    book = Book.of(
        [
            Order("bid", "agg", "buy", 5, 9),
            Order("p1", "p1", "sell", 3, 1),
            Order("p2", "p2", "sell", 3, 2, divisible=False),
            Order("p3", "p3", "sell", 2, 8),
        ]
    )
    found = aggregator(book)
    assert found.fills_by_order() == {"bid": 5, "p1": 3, "p2": 0, "p3": 2}
    # Not the best selection: 2 of p1 and all of p2 would cost 8, and not 19.
    assert found.welfare == 45 - 19 < 45 - 8


def test_a_bid_that_is_all_or_none_is_covered_or_nothing_trades() -> None:
    book = Book.of(
        [Order("bid", "agg", "buy", 5, 9, divisible=False), Order("p1", "p1", "sell", 4, 1)]
    )
    assert aggregator(book).quantity == 0
    assert aggregator(book.replaced(Order("p2", "p2", "sell", 4, 9))).quantity == 5


def test_what_is_refused() -> None:
    two = FIGURE.replaced(order("bid 2", "agg", "buy", "1", "25"))
    for book, count in ((two, 2), (FIGURE.without("bid"), 0), (Book.of([]), 0)):
        with pytest.raises(OneBid, match=f"for one bid, and the book has {count}"):
            aggregator(book)
    with pytest.raises(BadInput, match="paid by offer, bid, marginal; found 'well'"):
        clear(FIGURE, "aggregator", pay="well")
    with pytest.raises(BadInput, match="broken by pro_rata, time, lottery; found 'luck'"):
        clear(FIGURE, "aggregator", ties="luck")
    whole = FIGURE.replaced(Order("p1", "p1", "sell", 1, 1, divisible=False))
    with pytest.raises(AllOrNone, match="p1 is all or none, and pro rata may divide"):
        aggregator(whole, ties="pro_rata")


def test_who_is_paid_the_bid_tells_the_truth_only_if_all_are_needed() -> None:
    offers = [Order("p1", "p1", "sell", 2, 4), Order("p2", "p2", "sell", 2, 6)]

    def gain(asked: int, bid: int) -> int:
        book = Book.of(
            [Order("bid", "agg", "buy", bid, 8), offers[0], replace(offers[1], price=asked)]
        )
        found = aggregator(book, "bid")
        return -found.payment("p2") - 6 * found.fill("p2")

    assert all(gain(asked, 4) <= gain(6, 4) for asked in range(12))
    assert gain(3, 2) > gain(6, 2)
