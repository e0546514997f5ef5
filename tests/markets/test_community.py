"""A community, against the published formulas of its three ways to price, worked in fractions."""

from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from energychain.markets.clearing import Clearing
from energychain.markets.community import (
    EXPORT,
    IMPORT,
    OUTSIDE,
    PRICINGS,
    Pricing,
    community,
    hybrid,
    internal_price,
    member_prices,
    shared,
)
from energychain.markets.orders import MOST, Book, Order, order
from energychain.markets.peer_to_peer import random_matching
from energychain.markets.rules import clear
from energychain.primitives.refusals import BadInput
from tests.markets.books import STEP, books, judged, many_books, shuffled

KWH = 10**6

pricings = st.sampled_from(PRICINGS)
outside_prices = st.tuples(st.integers(0, 6), st.integers(0, 6)).map(
    lambda two: (STEP * max(two) - 1, STEP * min(two) - 1)
)
"""An import price and an export price that is not higher; the lowest is -1."""


def members(book: Book, import_price: int, export_price: int) -> list[Order]:
    """Who would accept the prices outside."""
    return [
        o
        for o in book.orders
        if (o.price >= import_price if o.side == "buy" else o.price <= export_price)
    ]


def paid_by(found: Clearing, id: str) -> int:
    return int(found.amounts[found.book.at[id]])


# --- the published formulas -----------------------------------------------------------


def published(
    pricing: Pricing, demand: int, supply: int, buy: int, sell: int
) -> tuple[Fraction, Fraction]:
    """What members pay and receive per unit, case by case as printed: Long et al. (2017) for
    the first two, Liu et al. (2017) for the third. ``buy`` and ``sell`` are outside.
    """
    d, s = Fraction(demand), Fraction(supply)
    if pricing == "mid_market_rate":
        middle = Fraction(buy + sell, 2)
        if supply == demand:
            return middle, middle
        if supply > demand:
            return middle, (d * middle + (s - d) * sell) / s
        return (s * middle + (d - s) * buy) / d, middle
    if pricing == "bill_sharing":
        return max(d - s, 0) * buy / d, max(s - d, 0) * sell / s
    ratio = s / d
    if ratio > 1:
        return Fraction(sell), Fraction(sell)
    inside = Fraction(sell * buy) / ((buy - sell) * ratio + sell)
    return inside * ratio + buy * (1 - ratio), inside


@given(
    pricings,
    st.integers(1, 10**9),
    st.integers(1, 10**9),
    st.integers(1, 10**9),
    st.integers(1, 10**9),
)
def test_one_formula_is_the_three_published_ones(
    pricing: Pricing, demand: int, supply: int, one: int, other: int
) -> None:
    buy, sell = max(one, other), min(one, other)
    paid, received = published(pricing, demand, supply, buy, sell)
    assert member_prices(pricing, demand, supply, buy, sell) == (paid, received)
    # The manager keeps nothing.
    outside = buy * max(demand - supply, 0) - sell * max(supply - demand, 0)
    assert paid * demand - received * supply == outside


def test_where_the_supply_demand_ratio_begins_and_ends() -> None:
    def price(demand: int, supply: int) -> Fraction:
        return internal_price("supply_demand_ratio", demand, supply, 30, 10)

    assert price(10**9, 1) == pytest.approx(30, abs=1e-6)
    assert price(4, 1) == 20  # by hand: 300 / (20 / 4 + 10)
    assert price(4, 4) == price(4, 5) == 10
    assert internal_price("supply_demand_ratio", 4, 2, 30, 0) == 0
    assert internal_price("supply_demand_ratio", 4, 2, 0, 0) == 0


def test_an_empty_side_has_no_price() -> None:
    assert member_prices("mid_market_rate", 0, 2, 30, 10) == (None, 10)
    assert member_prices("bill_sharing", 2, 0, 30, 10) == (30, None)


# --- by hand --------------------------------------------------------------------------

HOMES = Book.of(
    [
        order("b1", "ann", "buy", "3", "30"),
        order("b2", "bob", "buy", "1", "40"),
        order("s1", "sam", "sell", "2", "10"),
        order("s2", "sue", "sell", "1", "4"),
    ]
)
"""Four units are wanted and three are there; outside a unit costs 30 and earns 10."""


@pytest.mark.parametrize(
    ("pricing", "payments"),
    [
        # 20 inside: (3 * 20 + 30) / 4 = 22.50
        ("mid_market_rate", {"ann": 67.5, "bob": 22.5, "sam": -40, "sue": -20}),
        # The bill of 30 for the unit from outside, in four parts.
        ("bill_sharing", {"ann": 22.5, "bob": 7.5, "sam": 0, "sue": 0}),
        # 300 / (20 * 0.75 + 10) = 12 inside: 12 * 0.75 + 30 * 0.25 = 16.50
        ("supply_demand_ratio", {"ann": 49.5, "bob": 16.5, "sam": -24, "sue": -12}),
    ],
)
def test_four_homes_lack_a_unit(pricing: Pricing, payments: dict[str, float]) -> None:
    found = community(HOMES, 30 * KWH, 10 * KWH, pricing)
    paid = {name: amount / 10**12 for name, amount in found.payments_by_trader().items()}
    assert paid == {**payments, OUTSIDE: -30}
    assert found.fill(IMPORT) == KWH
    assert found.fill(EXPORT) == 0


@pytest.mark.parametrize(
    ("pricing", "payments"),
    [
        # 20 inside: sam and sue receive (20 + 2 * 10) / 3 each.
        ("mid_market_rate", {"bob": 20, "sam": -80 / 3, "sue": -40 / 3}),
        ("bill_sharing", {"bob": 0, "sam": -40 / 3, "sue": -20 / 3}),
        ("supply_demand_ratio", {"bob": 10, "sam": -20, "sue": -10}),
    ],
)
def test_three_homes_have_two_units_to_spare(pricing: Pricing, payments: dict[str, float]) -> None:
    found = community(HOMES.without("b1"), 30 * KWH, 10 * KWH, pricing)
    paid = {name: amount / 10**12 for name, amount in found.payments_by_trader().items()}
    assert paid == pytest.approx({**payments, OUTSIDE: 20}, abs=1e-11)
    assert sum(found.payments_by_trader().values()) == 0
    assert found.fill(EXPORT) == 2 * KWH


def test_a_balanced_community_needs_nobody() -> None:
    book = HOMES.replaced(order("b1", "ann", "buy", "2", "30"))
    found = community(book, 30 * KWH, 10 * KWH)
    assert found.payment(OUTSIDE) == 0
    assert found.price_buy == found.price_sell == 20 * KWH


def test_who_would_not_accept_the_prices_outside_stays_out() -> None:
    book = HOMES.replaced(
        order("b1", "ann", "buy", "3", "29.999999"), order("s2", "sue", "sell", "1", "10.000001")
    )
    found = community(book, 30 * KWH, 10 * KWH)
    assert (found.fill("b1"), found.fill("s2")) == (0, 0)
    assert (found.fill("b2"), found.fill("s1")) == (KWH, 2 * KWH)
    assert found.payment("ann") == found.payment("sue") == 0


def test_under_bill_sharing_a_seller_may_lose_and_is_told_so() -> None:
    found = community(HOMES, 30 * KWH, 10 * KWH, "bill_sharing")
    assert not found.properties.individually_rational
    assert "sam loses by trading" in found.warnings


def test_a_part_of_the_smallest_unit_goes_to_the_largest_remainder() -> None:
    assert shared(10, HOMES.quantity[:0]) == []
    book = Book.of(
        [*(Order(f"b{i}", f"b{i}", "buy", 1, 9) for i in range(3)), Order("s", "s", "sell", 1, 1)]
    )
    found = community(book, 9, 2)  # 5.5 inside, 6 of which is paid, and 18 outside
    assert [paid_by(found, f"b{i}") for i in range(3)] == [8, 8, 8]
    found = community(book, 8, 2)  # 5 inside, 16 outside: 21
    assert [paid_by(found, f"b{i}") for i in range(3)] == [7, 7, 7]
    found = community(book, 7, 1)  # 4 inside, 14 outside: 18
    assert [paid_by(found, f"b{i}") for i in range(3)] == [6, 6, 6]
    found = community(book, 8, 1)  # 4.5 inside, 4 of which is paid, and 16 outside: 20
    assert [paid_by(found, f"b{i}") for i in range(3)] == [7, 7, 6]


# --- for all books --------------------------------------------------------------------


@given(books(most=12), outside_prices, pricings)
def test_every_payment_is_the_formula_to_the_last_digit(
    book: Book, outside: tuple[int, int], pricing: Pricing
) -> None:
    assume(pricing != "supply_demand_ratio" or outside[1] >= 0)
    found, inside = community(book, *outside, pricing), members(book, *outside)
    demand = sum(o.quantity for o in inside if o.side == "buy")
    supply = sum(o.quantity for o in inside if o.side == "sell")
    prices = member_prices(pricing, demand, supply, *outside)
    for each in book.orders:
        amount = paid_by(found, each.id)
        if each in inside and each.quantity:
            price = prices[0 if each.side == "buy" else 1]
            assert price is not None
            exact = price * each.quantity * (1 if each.side == "buy" else -1)
            assert found.fill(each.id) == each.quantity
            assert abs(amount - exact) < 2
        else:
            assert (found.fill(each.id), amount) == (0, 0)
    assert found.payment(OUTSIDE) == (
        outside[1] * max(supply - demand, 0) - outside[0] * max(demand - supply, 0)
    )


@given(books(most=12), outside_prices, pricings, st.integers(0, 2**12 - 1))
def test_it_can_be_carried_out_and_the_manager_keeps_nothing(
    book: Book, outside: tuple[int, int], pricing: Pricing, whole: int
) -> None:
    assume(pricing != "supply_demand_ratio" or outside[1] >= 0)
    book = Book.of(replace(o, divisible=not whole >> i & 1) for i, o in enumerate(book.orders))
    for rule in ("community", "hybrid"):
        terms = dict(zip(("import_price", "export_price"), outside, strict=True))
        found = clear(book, rule, pricing=pricing, **terms)
        verdict = judged(found)
        assert verdict.feasible
        assert verdict.surplus == 0
        assert verdict.rational or pricing == "bill_sharing"
        again = clear(shuffled(book, Random(whole)), rule, pricing=pricing, **terms)
        assert again.fills_by_order() == found.fills_by_order()
        assert again.payments_by_trader() == found.payments_by_trader()


def test_many_books_and_huge_numbers_too() -> None:
    traded = 0
    for kind, book in many_books(1000):
        for rule in ("community", "hybrid"):
            found = clear(book, rule, import_price=80, export_price=-40)
            verdict = judged(found)
            assert verdict.feasible, kind
            assert verdict.rational, kind
            assert verdict.surplus == 0, kind
            traded += found.quantity > 0
    assert traded > 1000


@given(books(most=12), outside_prices, st.sampled_from(["mid_market_rate", "supply_demand_ratio"]))
def test_members_are_no_worse_off_than_each_alone(
    book: Book, outside: tuple[int, int], pricing: Pricing
) -> None:
    assume(outside[1] >= 0)
    found = community(book, *outside, pricing)
    for each in members(book, *outside):
        alone = outside[0] if each.side == "buy" else -outside[1]
        assert paid_by(found, each.id) <= alone * each.quantity


@given(books(most=8), outside_prices, st.integers(0, 8), st.integers(-2, 8))
def test_a_member_gains_nothing_by_a_false_limit(
    book: Book, outside: tuple[int, int], which: int, told: int
) -> None:
    inside = members(book, *outside)
    assume(inside)
    truth = inside[which % len(inside)]
    sign = 1 if truth.side == "buy" else -1

    def gain(found: Clearing) -> int:
        return sign * truth.price * found.fill(truth.id) - paid_by(found, truth.id)

    lie = book.replaced(replace(truth, price=STEP * told))
    assert gain(community(lie, *outside)) <= gain(community(book, *outside))


def test_one_who_stays_out_may_gain_by_a_false_limit() -> None:
    book = HOMES.replaced(order("b1", "ann", "buy", "3", "25"))
    assert community(book, 30 * KWH, 10 * KWH).fill("b1") == 0
    lie = community(HOMES, 30 * KWH, 10 * KWH)
    assert lie.payment("ann") < 25 * lie.fill("b1") * KWH


# --- the hybrid -----------------------------------------------------------------------


@given(books(most=12), outside_prices)
def test_if_all_are_passive_the_hybrid_is_the_community(
    book: Book, outside: tuple[int, int]
) -> None:
    found, expected = hybrid(book, *outside, passive=book.traders), community(book, *outside)
    assert found.fills_by_order() == expected.fills_by_order()
    assert found.payments_by_trader() == expected.payments_by_trader()


@given(books(most=12), outside_prices, st.integers(0, 3))
def test_the_active_trade_by_chance_first_and_the_rest_is_a_community(
    book: Book, outside: tuple[int, int], seed: int
) -> None:
    passive = [name for name in book.traders if name == "t0"]
    found = hybrid(book, *outside, passive=passive, seed=seed)
    active = Book.of(replace(o, quantity=0) if o.trader in passive else o for o in book.orders)
    first = random_matching(active, seed)
    rest = Book.of(replace(o, quantity=o.quantity - first.fill(o.id)) for o in book.orders)
    then = community(rest, *outside)
    for id in book.ids:
        assert found.fill(id) == first.fill(id) + then.fill(id)
        assert paid_by(found, id) == paid_by(first, id) + paid_by(then, id)
    assert found.payment(OUTSIDE) == then.payment(OUTSIDE)


def test_an_active_seller_may_trade_with_one_who_would_not_trade_outside() -> None:
    book = HOMES.replaced(order("b1", "ann", "buy", "3", "25"))
    found = hybrid(book, 30 * KWH, 10 * KWH, passive=["bob", "sue"])
    assert found.fill("b1") == 2 * KWH  # from sam, at the middle of 25 and 10
    assert found.payment("ann") == 35 * KWH * KWH
    assert found.payment("bob") == -found.payment("sue") == 20 * KWH * KWH  # the two who are left


# --- what is refused ------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["community", "hybrid"])
def test_what_is_refused(rule: str) -> None:
    def told(book: Book = HOMES, **terms: object) -> str:
        with pytest.raises(BadInput) as refusal:
            clear(book, rule, **{"import_price": 30, "export_price": 10, **terms})
        return str(refusal.value)

    assert "import 0.000030, export 0.000031" in told(export_price=31)
    assert "prices by mid_market_rate, bill_sharing, supply_demand_ratio" in told(pricing="fair")
    assert "made for prices of 0 or more" in told(pricing="supply_demand_ratio", export_price=-1)
    assert "import price is a whole number" in told(import_price=0.3)
    assert "export price is a whole number" in told(export_price=-MOST - 1)
    named = HOMES.replaced(Order("x", OUTSIDE, "buy", 1, 1))
    assert "a trader is named 'outside'" in told(named)
    for id in (IMPORT, EXPORT, "import 2"):
        reserved = HOMES.replaced(Order(id, "x", "buy", 1, 1))
        assert f"an order is named {id!r}" in told(reserved)
    for terms in ({}, {"import_price": 30}, {"export_price": 10}):
        with pytest.raises(BadInput, match="needs import_price and export_price"):
            clear(HOMES, rule, **terms)


def test_a_passive_trader_must_be_there() -> None:
    with pytest.raises(BadInput, match="'sid' is said to be passive, and has no order"):
        clear(HOMES, "hybrid", import_price=30, export_price=10, passive=["sid"])
    assert hybrid(HOMES.replaced(order("import tax", "x", "buy", "1", "1")), 30, 10).quantity


def test_an_outside_that_is_larger_than_an_order_may_be() -> None:
    book = Book.of(Order(f"b{i}", f"b{i}", "buy", MOST - i, MOST) for i in range(3))
    found = community(book, 7, 5)
    assert [found.fill(id) for id in (IMPORT, "import 2", "import 3")] == [MOST, MOST, MOST - 3]
    assert found.payment(OUTSIDE) == -7 * (3 * MOST - 3)
    assert found.properties.individually_rational
