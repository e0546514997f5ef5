"""Who is served at a fixed price: nobody more than it wants, nobody less than it could get."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from energychain.markets.fixed_price import SPLITS, Split, Trade, in_order, pro_rata, serve

amounts = st.integers(0, 50) | st.integers(0, 10**9)
wants = st.lists(amounts, max_size=6)
splits = st.sampled_from(list(SPLITS.values()))
books = st.integers(1, 4).flatmap(
    lambda n: st.dictionaries(st.integers(1, n), amounts, min_size=n, max_size=n)
)


def everybody(surplus: Mapping[int, int], shortfall: Mapping[int, int]) -> dict[int, list[int]]:
    return {seller: list(shortfall) for seller in surplus}


def buyers_of(shortfall: Mapping[int, int]) -> dict[int, int]:
    """The same book, with names that no seller has."""
    return {100 + name: want for name, want in shortfall.items()}


# --- dividing -------------------------------------------------------------------------


@given(amounts, wants, splits)
def test_no_part_exceeds_its_want_and_nothing_is_kept_back(
    amount: int, wanted: list[int], split: Split
) -> None:
    parts = split(amount, wanted)
    assert len(parts) == len(wanted)
    assert all(0 <= part <= want for part, want in zip(parts, wanted, strict=True))
    assert sum(parts) == min(amount, sum(wanted))


@given(amounts, wants)
def test_in_order_whoever_stands_later_gets_only_what_is_left(
    amount: int, wanted: list[int]
) -> None:
    parts = in_order(amount, wanted)
    for at, part in enumerate(parts):
        assert part == min(wanted[at], max(0, amount - sum(wanted[:at])))


@given(amounts, wants)
@example(10, [6, 6, 6])
@example(1, [1, 1])
@example(0, [0, 0])
@example(2, [1, 1, 1, 1])
def test_pro_rata_each_share_is_within_one_unit_of_the_exact_one(
    amount: int, wanted: list[int]
) -> None:
    total = sum(wanted)
    for part, want in zip(pro_rata(amount, wanted), wanted, strict=True):
        exact = Fraction(min(amount, total) * want, total) if total else Fraction(0)
        assert abs(part - exact) < 1


@given(amounts, wants)
def test_pro_rata_rounds_up_the_largest_remainders_and_of_equal_ones_the_earlier(
    amount: int, wanted: list[int]
) -> None:
    total = sum(wanted)
    if not 0 <= amount < total:
        return
    exact = [Fraction(amount * want, total) for want in wanted]
    rounded_up = [p > e for p, e in zip(pro_rata(amount, wanted), exact, strict=True)]
    rank = sorted(range(len(wanted)), key=lambda i: (-(exact[i] % 1), i))
    count = amount - sum(int(share) for share in exact)
    assert {i for i, up in enumerate(rounded_up) if up} == set(rank[:count])


@given(amounts, st.integers(1, 10**6), st.integers(2, 6))
def test_pro_rata_equal_wants_get_equal_parts_up_to_one_unit(
    amount: int, want: int, count: int
) -> None:
    parts = pro_rata(amount, [want] * count)
    assert max(parts) - min(parts) <= 1
    assert parts == sorted(parts, reverse=True)


@given(amounts, wants, splits)
def test_dividing_leaves_the_wants_alone(amount: int, wanted: list[int], split: Split) -> None:
    before = list(wanted)
    split(amount, wanted)
    assert wanted == before


# --- serving --------------------------------------------------------------------------


def sold_by(trades: Sequence[Trade[int]]) -> dict[int, int]:
    sold: dict[int, int] = {}
    for trade in trades:
        sold[trade.seller] = sold.get(trade.seller, 0) + trade.energy
    return sold


def bought_by(trades: Sequence[Trade[int]]) -> dict[int, int]:
    return sold_by([Trade(trade.buyer, trade.seller, trade.energy) for trade in trades])


@given(books, books, st.data(), splits)
def test_nobody_sells_more_than_it_has_or_buys_more_than_it_wants_or_from_a_stranger(
    surplus: dict[int, int], wanted: dict[int, int], data: st.DataObject, split: Split
) -> None:
    shortfall = buyers_of(wanted)
    partners = {
        seller: data.draw(st.lists(st.sampled_from(list(shortfall)), unique=True))
        for seller in surplus
    }
    trades = serve(surplus, shortfall, partners, split)
    assert all(trade.energy > 0 for trade in trades)
    assert all(trade.buyer in partners[trade.seller] for trade in trades)
    assert all(sold <= surplus[seller] for seller, sold in sold_by(trades).items())
    assert all(bought <= shortfall[buyer] for buyer, bought in bought_by(trades).items())
    assert len({(trade.seller, trade.buyer) for trade in trades}) == len(trades)


@given(books, books, splits)
def test_if_everybody_trades_with_everybody_all_that_can_be_traded_is_traded(
    surplus: dict[int, int], wanted: dict[int, int], split: Split
) -> None:
    shortfall = buyers_of(wanted)
    trades = serve(surplus, shortfall, everybody(surplus, shortfall), split)
    traded = sum(trade.energy for trade in trades)
    assert traded == min(sum(surplus.values()), sum(shortfall.values()))


@given(books, books, st.data(), splits)
def test_no_seller_is_left_with_energy_that_one_of_its_own_buyers_still_wants(
    surplus: dict[int, int], wanted: dict[int, int], data: st.DataObject, split: Split
) -> None:
    # With partners chosen freely that is all that is promised; a cleverer matching may trade more.
    shortfall = buyers_of(wanted)
    partners = {
        seller: data.draw(st.lists(st.sampled_from(list(shortfall)), unique=True))
        for seller in surplus
    }
    trades = serve(surplus, shortfall, partners, split)
    sold, bought = sold_by(trades), bought_by(trades)
    for seller in surplus:
        for buyer in partners[seller]:
            left = surplus[seller] - sold.get(seller, 0)
            assert left == 0 or bought.get(buyer, 0) == shortfall[buyer]


def test_with_chosen_partners_a_cleverer_matching_may_trade_more() -> None:
    surplus, shortfall = {1: 1, 2: 1}, {101: 1, 102: 1}
    partners = {1: [101, 102], 2: [101]}
    assert sum(trade.energy for trade in serve(surplus, shortfall, partners)) == 1
    best = max(
        a + b + c
        for a, b, c in product(range(2), repeat=3)  # 1 to 101, 1 to 102, 2 to 101
        if a + b <= 1 and c <= 1 and a + c <= 1
    )
    assert best == 2


@given(books, books)
def test_in_order_the_first_seller_and_the_first_buyer_come_first(
    surplus: dict[int, int], wanted: dict[int, int]
) -> None:
    shortfall = buyers_of(wanted)
    trades = serve(surplus, shortfall, everybody(surplus, shortfall))
    traded = sum(trade.energy for trade in trades)
    for book, done in ((surplus, sold_by(trades)), (shortfall, bought_by(trades))):
        expected = in_order(traded, list(book.values()))
        assert [done.get(name, 0) for name in book] == expected


@given(books, books)
def test_pro_rata_each_sellers_share_is_within_one_unit_of_the_exact_one(
    surplus: dict[int, int], wanted: dict[int, int]
) -> None:
    shortfall = buyers_of(wanted)
    sold = sold_by(serve(surplus, shortfall, everybody(surplus, shortfall), pro_rata))
    total = sum(surplus.values())
    traded = min(total, sum(shortfall.values()))
    for seller, owned in surplus.items():
        exact = Fraction(traded * owned, total) if total else Fraction(0)
        assert abs(sold.get(seller, 0) - exact) < 1


@given(books, books)
def test_pro_rata_each_buyers_share_is_within_one_unit_per_seller_of_the_exact_one(
    surplus: dict[int, int], wanted: dict[int, int]
) -> None:
    shortfall = buyers_of(wanted)
    bought = bought_by(serve(surplus, shortfall, everybody(surplus, shortfall), pro_rata))
    total = sum(shortfall.values())
    traded = min(total, sum(surplus.values()))
    for buyer, want in shortfall.items():
        exact = Fraction(traded * want, total) if total else Fraction(0)
        assert abs(bought.get(buyer, 0) - exact) <= len(surplus)


@settings(max_examples=50)
@given(books, books, splits)
def test_who_brings_or_wants_nothing_does_not_matter(
    surplus: dict[int, int], wanted: dict[int, int], split: Split
) -> None:
    shortfall = buyers_of(wanted)
    with_idle = serve(
        {0: 0, **surplus},
        {**shortfall, 99: 0},
        everybody({0: 0, **surplus}, {**shortfall, 99: 0}),
        split,
    )
    assert with_idle == serve(surplus, shortfall, everybody(surplus, shortfall), split)


@given(books, books, splits)
def test_serving_leaves_the_books_alone(
    surplus: dict[int, int], wanted: dict[int, int], split: Split
) -> None:
    before = dict(surplus), dict(wanted)
    serve(surplus, wanted, {seller: [] for seller in surplus}, split)
    assert (surplus, wanted) == before


def test_a_seller_with_no_partners_and_a_market_with_nobody_in_it_trade_nothing() -> None:
    assert serve({1: 5}, {2: 5}, {}) == []
    assert serve({}, {2: 5}, {}) == []
    assert serve({1: 5}, {}, {1: [2]}) == []


@pytest.mark.parametrize(("split", "expected"), [(in_order, [8, 4]), (pro_rata, [6, 6])])
def test_the_ways_to_divide_differ_where_there_is_too_little(
    split: Split, expected: list[int]
) -> None:
    trades = serve({1: 12}, {2: 8, 3: 8}, {1: [2, 3]}, split)
    assert [trade.energy for trade in trades] == expected


def test_the_ways_to_divide_are_known_by_name() -> None:
    assert list(SPLITS.items()) == [("in order", in_order), ("pro rata", pro_rata)]
