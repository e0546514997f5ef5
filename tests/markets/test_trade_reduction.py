"""Trade reduction: McAfee's rule to the letter for one unit each, and true in its model."""

from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energychain.markets.orders import Book, Order
from energychain.markets.ties import TIES, Ties
from energychain.markets.trade_reduction import trade_reduction
from energychain.markets.uniform_price import AllOrNone
from energychain.primitives.refusals import BadInput
from tests.markets.books import books, judged, many_books
from tests.markets.lies import gain, lies, other_prices, replaced

Row = tuple[str, int, int]


def book_of(*rows: Row, traders: str = "") -> Book:
    """Orders from side, quantity and price; each has a trader of its own if none is told."""
    return Book.of(
        Order(f"o{i}", (traders or "abcdefghijklmn")[i], "buy" if side == "buy" else "sell", q, p)
        for i, (side, q, p) in enumerate(rows)
    )


def units(bids: list[int], offers: list[int], quantity: int = 1) -> Book:
    rows: list[Row] = [("buy", quantity, p) for p in bids] + [("sell", quantity, p) for p in offers]
    return book_of(*rows)


# --- by hand --------------------------------------------------------------------------


@pytest.mark.parametrize("quantity", [1, 10, 3_000_000])
def test_if_the_middle_of_those_outside_suits_all_inside_they_trade_at_it(quantity: int) -> None:
    # Four pairs are worth their cost (9 for 8); those outside are 6 and 11, whose middle is
    # 8.5. Prices are doubled here, as half a millionth cannot be paid.
    found = trade_reduction(units([34, 28, 26, 18, 12], [2, 8, 10, 16, 22], quantity))
    assert (found.quantity, found.price_buy, found.price_sell) == (4 * quantity, 17, 17)
    assert found.properties.efficient
    assert found.properties.budget == "strong"


def test_if_it_does_not_suit_the_last_pair_it_stays_out_and_sets_the_prices() -> None:
    # Four pairs again, but the middle of 6 and 23 is more than the last buyer would pay.
    found = trade_reduction(units([34, 28, 26, 18, 12], [2, 8, 10, 16, 46]))
    assert (found.quantity, found.price_buy, found.price_sell) == (3, 18, 16)
    assert found.operator_surplus == 3 * (18 - 16)
    assert found.max_welfare - found.welfare == 18 - 16
    assert found.properties.budget == "weak"


def test_without_anybody_outside_on_one_side_the_last_pair_stays_out() -> None:
    found = trade_reduction(units([34, 28, 26, 18], [2, 8, 10, 16, 22]))
    assert (found.quantity, found.price_buy, found.price_sell) == (3, 18, 16)


def test_a_single_pair_trades_only_if_others_outside_price_it() -> None:
    assert trade_reduction(units([9], [1])).quantity == 0
    assert trade_reduction(units([9, 2], [1, 6])).price == 4


def test_an_order_that_trades_in_part_stays_out_with_its_opposite() -> None:
    # The last efficient unit, the 5th, is of o1 and in part of o3. Without both, o0 wants 2
    # and o2 has 4.
    book = book_of(("buy", 2, 9), ("buy", 3, 8), ("sell", 4, 1), ("sell", 4, 3))
    found = trade_reduction(book)
    assert found.fills_by_order() == {"o0": 2, "o1": 0, "o2": 2, "o3": 0}
    assert (found.price_buy, found.price_sell) == (8, 3)


def test_the_longer_side_is_rationed_as_ties_are() -> None:
    # The last efficient unit, the 10th, is of o1 and o4. Without them 6 are wanted of 8.
    sellers = [("sell", 4, 1), ("sell", 4, 0), ("sell", 4, 2), ("sell", 9, 3)]
    book = book_of(("buy", 6, 9), ("buy", 4, 8), *sellers)
    in_time = trade_reduction(book, "time")
    assert [in_time.fill(id) for id in ("o0", "o2", "o3", "o4", "o5")] == [6, 4, 2, 0, 0]
    pro_rata = trade_reduction(book)
    assert [pro_rata.fill(id) for id in ("o0", "o2", "o3", "o4", "o5")] == [6, 3, 3, 0, 0]
    # Priority, not price: the seller of 0 does not come before the seller of 1.


def test_what_it_cannot_do_it_refuses() -> None:
    whole = Order("a", "ann", "buy", 1, 1, divisible=False)
    with pytest.raises(AllOrNone, match="order a is all or none, and the rule trade_reduction"):
        trade_reduction(Book.of([whole]))
    with pytest.raises(BadInput, match="ties are broken by pro_rata, time, lottery"):
        trade_reduction(Book.of([]), "fate")  # type: ignore[arg-type]


# --- against a plain reading of the rule ----------------------------------------------


def mcafee(bids: list[int], offers: list[int]) -> tuple[int, Fraction | int, Fraction | int]:
    """Pairs that trade, what buyers pay and what sellers receive, as the paper has it."""
    bids, offers = sorted(bids, reverse=True), sorted(offers)
    pairs = zip(bids, offers, strict=False)
    k = sum(1 for bid, offer in pairs if bid >= offer)
    if not k:
        return 0, 0, 0
    if k < len(bids) and k < len(offers):
        middle = Fraction(bids[k] + offers[k], 2)
        if offers[k - 1] <= middle <= bids[k - 1]:
            return k, middle, middle
    return (k - 1, bids[k - 1], offers[k - 1]) if k > 1 else (0, 0, 0)


limits = st.lists(st.integers(-4, 12).map(lambda price: 2 * price), max_size=7)


@given(limits, limits, st.integers(1, 5))
def test_for_equal_quantities_it_is_mcafees_rule(
    bids: list[int], offers: list[int], quantity: int
) -> None:
    found = trade_reduction(units(bids, offers, quantity))
    pairs, buy, sell = mcafee(bids, offers)
    assert found.quantity == pairs * quantity
    assert (found.price_buy or 0, found.price_sell or 0) == (buy, sell)


@given(books(most=10), st.sampled_from(TIES))
def test_for_any_quantities_the_holders_of_the_last_efficient_unit_are_at_the_margin(
    book: Book, ties: Ties
) -> None:
    bids = [o for o in sorted(book.orders, key=lambda o: -o.price) if o.side == "buy"]
    offers = [o for o in sorted(book.orders, key=lambda o: o.price) if o.side == "sell"]
    demand = [o for o in bids for _ in range(o.quantity)]
    supply = [o for o in offers for _ in range(o.quantity)]
    worth = [b.price >= a.price for b, a in zip(demand, supply, strict=False)]
    q = sum(worth)
    found = trade_reduction(book, ties, seed=5)
    if not q:
        assert found.quantity == 0
        return
    bid, offer = demand[q - 1], supply[q - 1]
    wholly = demand[q : q + 1] != [bid] and supply[q : q + 1] != [offer]
    middle = (
        Fraction(demand[q].price + supply[q].price, 2) if both_outside(q, demand, supply) else None
    )
    if wholly and middle is not None and offer.price <= middle <= bid.price:
        assert found.quantity == q
        assert found.price_buy == found.price_sell == middle
        return
    inside = [
        [o for o in side if o in kept and o != out]
        for side, kept, out in ((bids, demand[:q], bid), (offers, supply[:q], offer))
    ]
    shorter = min(sum(o.quantity for o in side) for side in inside)
    assert found.quantity == shorter
    for side in inside:
        assert sum(found.fill(o.id) for o in side) == shorter
    if shorter:
        assert (found.price_buy, found.price_sell) == (bid.price, offer.price)


def both_outside(q: int, demand: list[Order], supply: list[Order]) -> bool:
    """Whether both sides have a unit outside."""
    return q < min(len(demand), len(supply))


@given(books(), st.sampled_from(TIES))
def test_nobody_loses_and_the_operator_never_pays(book: Book, ties: Ties) -> None:
    verdict = judged(trade_reduction(book, ties, seed=1))
    assert verdict.feasible
    assert verdict.rational
    assert verdict.surplus >= 0


@given(limits, limits)
def test_of_k_pairs_at_most_the_kth_part_of_welfare_is_lost(
    bids: list[int], offers: list[int]
) -> None:
    found = trade_reduction(units(bids, offers))
    pairs = sum(
        bid >= offer for bid, offer in zip(sorted(bids)[::-1], sorted(offers), strict=False)
    )
    assert pairs * (found.max_welfare - found.welfare) <= found.max_welfare


def test_names_of_traders_do_not_matter() -> None:
    for _, book in many_books(500):
        if not book.indivisible:
            renamed = Book.of(replace(o, trader=o.trader[::-1]) for o in book.orders)
            told, again = trade_reduction(book), trade_reduction(renamed)
            assert told.fills.tolist() == again.fills.tolist()
            assert told.amounts.tolist() == again.amounts.tolist()


# --- truth ----------------------------------------------------------------------------


def one_order_each(rng: Random, most_quantity: int) -> Book:
    sides = [rng.choice(("buy", "sell")) for _ in range(rng.randint(2, 7))]
    return book_of(*((s, rng.randint(1, most_quantity), rng.randrange(8)) for s in sides))


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("most_quantity", [1, 3])
def test_no_other_price_pays_if_each_has_one_order_of_known_quantity(
    most_quantity: int, ties: Ties
) -> None:
    # Prices are neighbouring whole numbers, so that the middle has to be rounded.
    rng, traded = Random(most_quantity), 0
    for _ in range(80):
        book = one_order_each(rng, most_quantity)
        found = list(
            lies(book, lambda b: trade_reduction(b, ties, seed=1), other_prices(range(-1, 9)))
        )
        assert not found, f"{book.orders}: {found[0]}"
        traded += trade_reduction(book).quantity > 0
    assert traded > 12


def test_it_pays_to_hide_a_quantity_if_that_changes_who_is_at_the_margin() -> None:
    book = book_of(("buy", 1, 0), ("buy", 3, 4), ("sell", 1, 3), ("sell", 1, 1))
    told = replaced(book, [Order("o1", "b", "buy", 1, 4)])
    assert gain(book, trade_reduction(book), "b") == 0  # o1 is at the margin
    # Now o1 and o3 trade wholly, and those outside, 0 and 3, price them at 2 (1.5 rounded).
    assert trade_reduction(told).price == 2
    assert gain(book, trade_reduction(told), "b") == 2


def test_it_pays_one_with_two_orders_to_price_itself() -> None:
    # b buys at most at 4 and would sell at 6. At the truth the only pair stays out.
    book = book_of(("sell", 1, 6), ("buy", 1, 4), ("buy", 1, 1), ("sell", 1, 1), traders="bbcc")
    told = replaced(book, [Order("o1", "b", "buy", 1, 2), Order("o0", "b", "sell", 1, 2)])
    assert gain(book, trade_reduction(told), "b") == 2
    assert gain(book, trade_reduction(book), "b") == 0
