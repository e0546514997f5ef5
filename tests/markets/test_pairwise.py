"""The rules that pair orders, against Algorithm 1 as it is printed and Table 4 as it was paid."""

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given

from energychain.markets.clearing import Clearing
from energychain.markets.orders import Book, Order, order
from energychain.markets.pairwise import last_pair_midpoint, pairs, pairwise_midpoint, pay_as_bid
from energychain.markets.uniform_price import AllOrNone, uniform_price
from tests.markets.books import books, judged, many_books

RULES: dict[str, Callable[..., Clearing]] = {
    "pairwise": pairwise_midpoint,
    "last_pair": last_pair_midpoint,
    "pay_as_bid": pay_as_bid,
}

Transaction = tuple[str, str, int, Fraction]


def algorithm_1(book: Book) -> list[Transaction]:
    """Algorithm 1 of Shafie-khah (ed., 2020), chapter 9, line by line: buyer, seller, amount
    and price of each transaction. (When both heads are used up it moves the bids only, and
    moves the offers in an idle round; the transaction of nothing in that round is left out.)
    """
    bids = [[o.price, o.quantity, o.id] for o in book.orders if o.side == "buy"]
    offers = [[o.price, o.quantity, o.id] for o in book.orders if o.side == "sell"]
    bids.sort(key=lambda head: -head[0])
    offers.sort(key=lambda head: head[0])
    transactions = []
    while bids and offers and bids[0][0] >= offers[0][0]:
        price = Fraction(bids[0][0] + offers[0][0], 2)
        amount = min(bids[0][1], offers[0][1])
        if amount:
            transactions.append((bids[0][2], offers[0][2], amount, price))
        bids[0][1] -= amount
        offers[0][1] -= amount
        if bids[0][1] == 0:
            bids.pop(0)
        else:
            offers.pop(0)
    return transactions


@given(books(most=10))
def test_pairwise_midpoint_is_algorithm_1(book: Book) -> None:
    found = pairwise_midpoint(book, ties="time")
    assert found.trades is not None
    rows = zip(
        found.trades.bids,
        found.trades.offers,
        found.trades.quantities,
        found.trades.prices,
        strict=True,
    )
    assert [(book.ids[b], book.ids[o], q, p) for b, o, q, p in rows] == algorithm_1(book)


def test_large_books_and_huge_numbers_too() -> None:
    traded = 0
    for kind, book in many_books(2000):
        if book.indivisible:
            continue
        printed = algorithm_1(book)
        found = pairwise_midpoint(book, ties="time")
        # Half a millionth of the money is rounded, to the even one.
        paid = dict.fromkeys(book.ids, 0)
        for buyer, seller, amount, price in printed:
            paid[buyer] += amount * round(price)
            paid[seller] -= amount * round(price)
        assert dict(zip(book.ids, found.amounts.tolist(), strict=True)) == paid, kind
        traded += len(printed)
    assert traded > 5000


@given(books(most=10))
def test_all_rules_serve_the_same_orders_as_one_price(book: Book) -> None:
    served = uniform_price(book).fills_by_order()
    for rule in RULES.values():
        found = rule(book)
        assert found.fills_by_order() == served
        verdict = judged(found)
        assert verdict.feasible
        assert verdict.rational
        assert verdict.efficient
        assert verdict.surplus == 0


@given(books(most=10))
def test_what_each_pays(book: Book) -> None:
    printed = algorithm_1(book)
    limit = {o.id: o.price for o in book.orders}
    if printed:
        last_bid, last_offer, _, price = printed[-1]
        assert last_pair_midpoint(book, ties="time").price == round(price)
        assert price == Fraction(limit[last_bid] + limit[last_offer], 2)
    bids = pay_as_bid(book)
    for o, fill, amount in zip(book.orders, bids.fills, bids.amounts, strict=True):
        if o.side == "buy":
            assert amount == o.price * fill
    assert bids.price_buy == bids.price_sell


@given(books(most=10))
def test_each_unit_meets_the_unit_in_the_same_place_of_the_other_side(book: Book) -> None:
    trades = pairs(book, "pairwise")
    bids, offers = book.price[trades.bids], book.price[trades.offers]
    assert (bids >= offers).all()
    assert (bids[:-1] >= bids[1:]).all()
    assert (offers[:-1] <= offers[1:]).all()
    assert (trades.quantities > 0).all()
    assert len(trades) <= max(len(book) - 1, 0)


# --- the published book ---------------------------------------------------------------

BIDS = {"E": ("3.2", "28"), "D": ("10.9", "26"), "B": ("6.5", "24"), "G": ("5.4", "20")}
OFFERS = {"H": ("6.8", "16"), "F": ("7.2", "19"), "C": ("9.8", "22"), "A": ("3.2", "25")}
TABLE_3 = Book.of(
    [order(name, name, "buy", q, p) for name, (q, p) in BIDS.items()]
    + [order(name, name, "sell", q, p) for name, (q, p) in OFFERS.items()]
)


def tokens(found: Clearing) -> dict[str, float]:
    """What each station pays, as Table 4 prints it [token, one decimal]."""
    return {name: round(paid / 10**12, 1) for name, paid in found.payments_by_trader().items()}


def test_table_3_is_cleared_as_algorithm_1_says() -> None:
    found = pairwise_midpoint(TABLE_3)
    assert found.quantity == 20_600_000
    assert tokens(found) == {
        "A": 0, "B": 149.5, "C": -151.9, "D": 240.0, "E": 70.4, "F": -162.0, "G": 0, "H": -146.0
    }  # fmt: skip


def test_table_4_was_paid_at_the_price_of_the_last_pair() -> None:
    found = last_pair_midpoint(TABLE_3)
    assert found.price == 23_000_000
    ours = tokens(found)
    printed = {
        "A": 0, "B": 73.6, "C": -225.4, "D": 250.7, "E": 73.6, "F": -165.6, "G": 0, "H": -156.4
    }  # fmt: skip
    assert {name for name in printed if printed[name] != ours[name]} == {"B", "C"}
    assert (ours["B"], ours["C"]) == (149.5, -151.8)
    assert printed["B"] == ours["E"]  # the line of E again
    assert printed["C"] == -9.8 * 23  # its whole offer, of which 6.6 is sold
    assert round(sum(printed.values()), 1) == -149.5
    assert found.operator_surplus == 0


def test_table_4s_price_is_not_competitive_and_the_uniform_price_is() -> None:
    # C sells 6.6 of 9.8 at 23 and would sell all of it: its limit is 22.
    assert not last_pair_midpoint(TABLE_3).properties.competitive
    assert uniform_price(TABLE_3).price == 22_000_000
    assert uniform_price(TABLE_3).properties.competitive


def test_half_a_millionth_is_rounded_to_the_even_one_and_nobody_loses_it() -> None:
    for bid, offer, price in ((3, 2, 2), (4, 3, 4), (-2, -3, -2), (-3, -4, -4), (5, 5, 5)):
        book = Book.of([Order("b", "b", "buy", 1, bid), Order("s", "s", "sell", 1, offer)])
        assert pairwise_midpoint(book).price == last_pair_midpoint(book).price == price
        assert price == round(Fraction(bid + offer, 2))


@pytest.mark.parametrize("name", RULES)
def test_an_order_that_is_all_or_none_is_refused_by_name(name: str) -> None:
    book = TABLE_3.replaced(Order("E", "E", "buy", 1, 28, divisible=False))
    with pytest.raises(AllOrNone, match=f"order E is all or none, and the rule {name} may"):
        RULES[name](book)
