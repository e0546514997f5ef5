"""Peers who meet by chance or by preference, against slow readings of the same rules."""

import tracemalloc
from dataclasses import replace
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energychain.markets import peer_to_peer
from energychain.markets.clearing import Clearing
from energychain.markets.orders import MOST, Book, Order, order
from energychain.markets.pairwise import pairwise_midpoint
from energychain.markets.peer_to_peer import between, bilateral, premiums_of, random_matching
from energychain.markets.rules import clear
from energychain.primitives.refusals import BadInput
from tests.markets.books import STEP, books, judged, many_books, shuffled

wholes = st.integers(0, 2**12 - 1)


def indivisible(book: Book, whole: int) -> Book:
    """The book with some orders all or none, by the bits of a number."""
    orders = enumerate(book.orders)
    return Book.of(replace(o, divisible=not whole >> i & 1) for i, o in orders)


def possible(bid: Order, offer: Order, bought: int, sold: int) -> bool:
    """Whether a bid and an offer could still trade after what they traded already."""
    wanted, offered = bid.quantity - bought, offer.quantity - sold
    amount = min(wanted, offered)
    fits = all(o.divisible or o.quantity == amount for o in (bid, offer))
    return amount > 0 and fits and bid.price >= offer.price


def pairs_left(found: Clearing) -> list[tuple[str, str]]:
    rows = list(zip(found.book.orders, found.fills.tolist(), strict=True))
    bids = [row for row in rows if row[0].side == "buy"]
    offers = [row for row in rows if row[0].side == "sell"]
    return [(b.id, s.id) for b, x in bids for s, y in offers if possible(b, s, x, y)]


def sound(found: Clearing) -> None:
    """Everybody can carry it out, nobody loses, and nothing is kept on the way."""
    verdict = judged(found)
    assert verdict.feasible
    assert verdict.rational
    assert verdict.surplus == 0


# --- by chance ------------------------------------------------------------------------


@given(books(most=12), wholes, st.integers(0, 3), st.sampled_from(["mid", "buyer", "0.3"]))
def test_it_ends_when_no_pair_is_left(book: Book, whole: int, seed: int, point: str) -> None:
    found = random_matching(indivisible(book, whole), seed, point)
    assert pairs_left(found) == []
    sound(found)


def test_it_ends_when_no_pair_is_left_in_many_books() -> None:
    traded = 0
    for _, book in many_books(1000):
        found = random_matching(book, seed=1)
        assert pairs_left(found) == []
        sound(found)
        traded += 0 if found.trades is None else len(found.trades)
    assert traded > 2000


@given(books(most=12), wholes, st.integers(0, 9))
def test_it_does_not_matter_how_the_book_is_written_down(book: Book, whole: int, seed: int) -> None:
    book = indivisible(book, whole)
    again = random_matching(shuffled(book, Random(seed)), seed)
    found = random_matching(book, seed)
    assert again.fills_by_order() == found.fills_by_order()
    assert again.payments_by_trader() == found.payments_by_trader()


@given(books(most=14), st.integers(0, 99))
def test_a_round_in_columns_is_the_round_one_by_one(book: Book, seed: int) -> None:
    bids, offers = list(range(book.bid_count)), list(range(book.bid_count, len(book)))
    hosts, callers = (bids, offers) if len(bids) <= len(offers) else (offers, bids)
    if not hosts:
        return
    rng = Random(seed)
    calls = sorted((rng.choice(hosts), caller) for caller in callers)
    columns = (np.array([h for h, _ in calls]), np.array([c for _, c in calls]))
    left, same = book.quantity.copy(), book.quantity.copy()
    fast = peer_to_peer._all_at_once(book, left, *columns)
    slow = peer_to_peer._one_by_one(book, same, *columns)
    assert [column.tolist() for column in fast] == [column.tolist() for column in slow]
    assert left.tolist() == same.tolist()


@given(books(most=12), wholes)
def test_who_goes_home_is_who_could_trade_with_nobody(book: Book, whole: int) -> None:
    book = indivisible(book, whole)
    none = np.zeros(len(book), dtype=np.int64)
    found = pairs_left(Clearing("none", book, none, none))
    bids, offers = peer_to_peer._willing(book, book.quantity)
    assert {book.ids[i] for i in bids} == {b for b, _ in found}
    assert {book.ids[i] for i in offers} == {s for _, s in found}


def test_a_pair_trades_at_the_point_between() -> None:
    book = Book.of([Order("b", "b", "buy", 3, 30), Order("s", "s", "sell", 2, 20)])
    prices = {"mid": 25, "buyer": 30, "seller": 20, "0.2": 22}
    for point, price in prices.items():
        assert clear(book, "random", point=point).price == price
        assert clear(book, "bilateral", point=point).price == price


@given(
    st.integers(-MOST, MOST),
    st.integers(0, MOST),
    st.fractions(0, 1) | st.fractions(0, 1, max_denominator=9),
)
def test_points_are_rounded_halves_to_the_even_one(low: int, gap: int, k: Fraction) -> None:
    found = between(np.array([low, 1]), np.array([low + gap, 2]), k).tolist()
    assert found == [round(low + k * gap), round(1 + k)]


def test_everybody_has_the_same_chance() -> None:
    buyers = [Order(f"b{i}", f"b{i}", "buy", 1, 9) for i in range(4)]
    offers = [Order(f"s{i}", f"s{i}", "sell", 1, 5) for i in range(2)]
    served = dict.fromkeys([o.id for o in buyers], 0)
    met = dict.fromkeys([(b.id, s.id) for b in buyers for s in offers], 0)
    for seed in range(400):
        found = random_matching(Book.of([*buyers, *offers]), seed)
        assert found.trades is not None
        for b, s in zip(found.trades.bids, found.trades.offers, strict=True):
            served[found.book.ids[b]] += 1
            met[found.book.ids[b], found.book.ids[s]] += 1
    assert all(160 < count < 240 for count in served.values()), served
    assert all(70 < count < 130 for count in met.values()), met


def test_chance_makes_less_of_a_book_than_order_does() -> None:
    # The dear bid may meet the dear offer, and the cheap ones are left with nobody.
    book = Book.of(
        [
            Order("b1", "b1", "buy", 1, 30),
            Order("b2", "b2", "buy", 1, 20),
            Order("s1", "s1", "sell", 1, 10),
            Order("s2", "s2", "sell", 1, 25),
        ]
    )
    outcomes = {random_matching(book, seed).welfare for seed in range(20)}
    # b1 with s2 and b2 with s1 are two trades: more than efficient, and worth less.
    assert outcomes == {30 - 10, 30 - 25 + 20 - 10}
    more = next(
        random_matching(book, s) for s in range(20) if random_matching(book, s).quantity == 2
    )
    assert more.warnings
    assert more.efficiency == 15 / 20


def test_the_number_of_rounds_is_a_limit() -> None:
    bids = [Order(f"b{i}", f"b{i}", "buy", 1, 10 * i) for i in range(20)]
    offers = [Order(f"s{i}", f"s{i}", "sell", 1, 10 * i) for i in range(20)]
    book = Book.of([*bids, *offers])
    quantities = [
        sum(random_matching(book, seed, rounds=rounds).quantity for seed in range(20))
        for rounds in (0, 1, 2, 1000)
    ]
    assert quantities[0] == 0
    assert quantities[1] < quantities[2] <= quantities[3]


def test_one_buyer_meets_ten_thousand_sellers_in_one_round() -> None:
    offers = [Order(f"s{i}", f"s{i}", "sell", 2, i % 50) for i in range(10_000)]
    book = Book.of([Order("b", "b", "buy", 15_001, 49), *offers])
    assert random_matching(book, rounds=1).quantity == 15_001


def random_columns(traders: int) -> Book:
    rng = np.random.default_rng(traders)
    return Book(
        ids=tuple(f"o{i:06}" for i in range(traders)),
        traders=tuple(f"t{i:06}" for i in range(traders)),
        bid_count=traders // 2,
        trader=np.arange(traders),
        quantity=rng.integers(1, 10**7, traders),
        price=rng.integers(0, 3 * 10**7, traders),
        time=np.zeros(traders, dtype=np.int64),
        divisible=np.ones(traders, dtype=bool),
    )


def peak(traders: int) -> int:
    """The most memory [byte] that a market of chance holds at a time."""
    book = random_columns(traders)
    tracemalloc.start()
    try:
        random_matching(book)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_is_linear_in_the_number_of_traders() -> None:
    peak(100)  # whatever is set up once
    small, large = peak(2_000), peak(40_000)
    assert large < 2 * 20 * small  # a table of all pairs would take 400 times as much
    assert large < 500 * 40_000


def test_terms_that_are_refused() -> None:
    book = Book.of([Order("b", "b", "buy", 3, 30), Order("s", "s", "sell", 2, 20)])
    for terms in ({"seed": -1}, {"rounds": -1}):
        with pytest.raises(BadInput, match="rounds and seed are 0 or more"):
            clear(book, "random", **terms)
    for rule in ("random", "bilateral"):
        with pytest.raises(BadInput, match="the point is seller, mid, buyer or a number"):
            clear(book, rule, point="middle")


# --- by preference --------------------------------------------------------------------

Row = tuple[str, str, int, int]

tastes = st.dictionaries(
    st.sampled_from(["t0", "t1", "t2"]),
    st.dictionaries(
        st.sampled_from(["t0", "t1", "t2"]), st.none() | st.integers(-3 * STEP, 3 * STEP)
    ),
)


def greedily(book: Book, premiums: dict[str, dict[str, int | None]]) -> list[Row]:
    """All pairs in one list, the largest joint gain first; at the middle."""
    bids = [o for o in book.orders if o.side == "buy"]
    offers = [o for o in book.orders if o.side == "sell"]
    pairs = []
    for i, b in enumerate(bids):
        for j, s in enumerate(offers):
            premium = premiums.get(b.trader, {}).get(s.trader, 0)
            if premium is not None:
                pairs.append((s.price - b.price - premium, i, j, premium))
    left, rows = {o.id: o.quantity for o in book.orders}, []
    for loss, i, j, premium in sorted(pairs):
        b, s = bids[i], offers[j]
        amount = min(left[b.id], left[s.id])
        fits = all(o.divisible or o.quantity == amount for o in (b, s))
        if amount and fits and loss <= 0 and s.price <= b.price:
            price = min(b.price, round(Fraction(s.price + b.price + premium, 2)))
            left[b.id] -= amount
            left[s.id] -= amount
            rows.append((b.id, s.id, amount, price))
    return rows


def rows_of(found: Clearing) -> list[Row]:
    assert found.trades is not None
    t, ids = found.trades, found.book.ids
    columns = (column.tolist() for column in (t.bids, t.offers, t.quantities, t.prices))
    return [(ids[b], ids[s], amount, price) for b, s, amount, price in zip(*columns, strict=True)]


def known(
    book: Book, premiums: dict[str, dict[str, int | None]]
) -> dict[str, dict[str, int | None]]:
    """The premiums of those who have orders."""
    return {
        buyer: {s: p for s, p in row.items() if s in book.traders}
        for buyer, row in premiums.items()
        if buyer in book.traders
    }


@given(books(most=12), wholes, tastes)
def test_the_pair_with_the_largest_gain_is_next(
    book: Book, whole: int, premiums: dict[str, dict[str, int | None]]
) -> None:
    book, premiums = indivisible(book, whole), known(book, premiums)
    found = bilateral(book, premiums)
    assert rows_of(found) == greedily(book, premiums)
    sound(found)
    again = bilateral(shuffled(book, Random(whole)), premiums)
    assert again.fills_by_order() == found.fills_by_order()
    assert again.payments_by_trader() == found.payments_by_trader()


@given(books(most=12), tastes)
def test_nobody_pays_more_than_a_unit_is_worth_to_it(
    book: Book, premiums: dict[str, dict[str, int | None]]
) -> None:
    premiums = known(book, premiums)
    found = bilateral(book, premiums)
    beyond = 0
    for bid, offer, amount, price in rows_of(found):
        b, s = book.order(bid), book.order(offer)
        premium = premiums.get(b.trader, {}).get(s.trader, 0)
        assert premium is not None
        assert s.price <= price <= min(b.price, b.price + premium)
        beyond += premium * amount
    assert premiums_of(found, premiums) == beyond


def test_without_preferences_it_is_the_pairwise_midpoint() -> None:
    for _, book in many_books(1000):
        if not book.indivisible:
            expected = pairwise_midpoint(book, ties="time")
            found = clear(book, "bilateral")
            assert rows_of(found) == rows_of(expected)
            assert found.amounts.tolist() == expected.amounts.tolist()


PREFERENCES = Book.of(
    [
        order("b1", "ann", "buy", "2", "30"),
        order("b2", "bob", "buy", "2", "28"),
        order("s1", "sam", "sell", "2", "20"),
        order("s2", "sue", "sell", "2", "22"),
    ]
)

KWH, CENT = 10**6, 10**6


def test_a_premium_decides_who_trades_with_whom_and_is_shared_in_the_price() -> None:
    plain = [("b1", "s1", 2 * KWH, 25 * CENT), ("b2", "s2", 2 * KWH, 25 * CENT)]
    assert rows_of(bilateral(PREFERENCES)) == plain
    # Ann likes sue's energy: joint gain 30 + 4 - 22 = 12, the price in the middle is 28.
    green: dict[str, dict[str, int | None]] = {"ann": {"sue": 4 * CENT}}
    found = bilateral(PREFERENCES, green)
    assert rows_of(found) == [("b1", "s2", 2 * KWH, 28 * CENT), ("b2", "s1", 2 * KWH, 24 * CENT)]
    assert premiums_of(found, green) == 2 * KWH * 4 * CENT
    assert premiums_of(bilateral(PREFERENCES), green) == 0


def test_a_limit_stays_a_limit_whatever_the_premium() -> None:
    found = bilateral(PREFERENCES, {"ann": {"sue": 20 * CENT}})
    assert rows_of(found)[0] == ("b1", "s2", 2 * KWH, 30 * CENT)
    dear = PREFERENCES.replaced(order("s2", "sue", "sell", "2", "31"))
    assert bilateral(dear, {"ann": {"sue": 20 * CENT}}).fill("s2") == 0


def test_a_discount_lowers_what_is_paid_and_may_end_a_trade() -> None:
    book = PREFERENCES.without("b2", "s2")
    assert bilateral(book, {"ann": {"sam": -4 * CENT}}).price == 23 * CENT
    assert bilateral(book, {"ann": {"sam": -10 * CENT}}).price == 20 * CENT
    assert bilateral(book, {"ann": {"sam": -11 * CENT}}).quantity == 0


def test_a_pair_may_be_excluded() -> None:
    found = bilateral(PREFERENCES, {"ann": {"sam": None}, "bob": {"sue": None}})
    assert [row[:2] for row in rows_of(found)] == [("b1", "s2"), ("b2", "s1")]
    assert premiums_of(found, {"ann": {"sam": None}}) == 0


def test_a_large_book_with_few_preferences_needs_no_table_of_all_pairs() -> None:
    book = random_columns(20_000)
    premiums = {f"t{i:06}": {f"t{19_999 - i:06}": 10**6} for i in range(0, 5_000, 5)}
    tracemalloc.start()
    try:
        found = bilateral(book, premiums)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 1_000 * 20_000  # a table of all pairs would take 800 MB
    assert found.quantity
    sound(found)


def test_premiums_that_are_refused() -> None:
    with pytest.raises(BadInput, match="a premium for 'sid', who has no order"):
        clear(PREFERENCES, "bilateral", premiums={"ann": {"sid": 1}})
    for premium in (0.5, "1", True, MOST + 1):
        with pytest.raises(BadInput, match="the premium of ann for sam is a whole number"):
            clear(PREFERENCES, "bilateral", premiums={"ann": {"sam": premium}})
