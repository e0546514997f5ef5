"""Vickrey, Clarke & Groves: held against the plain definition, which clears again without
each trader, and against a linear program.
"""

from collections.abc import Mapping
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from energychain.markets.orders import Book, Order
from energychain.markets.ties import TIES, Ties
from energychain.markets.uniform_price import AllOrNone
from energychain.markets.vcg import outside_trade, vcg
from energychain.primitives.refusals import BadInput
from tests.markets.books import best_welfare, books, judged, many_books
from tests.markets.lies import anything, gain, lies, replaced

Row = tuple[str, str, int, int]


def book_of(*rows: Row) -> Book:
    """Orders from trader, side, quantity and price."""
    return Book.of(
        Order(f"o{i}", trader, "buy" if side == "buy" else "sell", quantity, price)
        for i, (trader, side, quantity, price) in enumerate(rows)
    )


def by_definition(book: Book) -> Mapping[str, int]:
    """What each trader contributes: the best welfare, less that without its orders."""
    best = best_welfare(book)
    return {
        name: best - best_welfare(Book.of(o for o in book.orders if o.trader != name))
        for name in book.traders
    }


# --- by hand --------------------------------------------------------------------------


def test_two_who_need_each_other_both_gain_all_and_somebody_else_pays() -> None:
    found = vcg(book_of(("ann", "buy", 1, 30), ("sam", "sell", 1, 20)))
    assert found.payments_by_trader() == {"ann": 20, "sam": -30}
    assert found.operator_surplus == -(30 - 20)
    assert found.properties.budget == "deficit"
    assert found.warnings == ("somebody must pay the deficit of 0.00000000001",)


def test_with_a_rival_on_each_side_there_is_no_deficit() -> None:
    rows = [("a", "buy", 1, 30), ("b", "buy", 1, 24), ("s", "sell", 1, 10), ("t", "sell", 1, 24)]
    found = vcg(book_of(*rows))
    assert found.payments_by_trader() == {"a": 24, "b": 24, "s": -24, "t": -24}
    assert found.operator_surplus == 0


def test_sellers_alone_against_a_fixed_demand_are_a_vickrey_auction() -> None:
    # Three units are wanted at any price. Costs are 1, 2, 4 and 7: each is paid the 7 that
    # the next would cost.
    rows = [("grid", "buy", 3, 100)] + [(f"s{p}", "sell", 1, p) for p in (1, 2, 4, 7)]
    found = vcg(book_of(*rows))
    assert [found.payment(f"s{p}") for p in (1, 2, 4, 7)] == [-7, -7, -7, 0]


def test_a_trader_with_two_orders_pays_for_both_what_the_others_lose() -> None:
    # Without ann, two of her three units go to ben at 7 and one to cem at 6: she pays 20.
    # Her best order pays for the best of them.
    rows = [
        ("ann", "buy", 1, 9), ("ann", "buy", 2, 8), ("ben", "buy", 2, 7), ("cem", "buy", 3, 6),
        ("sam", "sell", 3, 1),
    ]  # fmt: skip
    found = vcg(book_of(*rows))
    assert found.payment("ann") == 7 + 7 + 6
    assert found.amounts.tolist()[:2] == [7, 13]


def test_her_own_next_order_is_no_alternative_to_a_trader() -> None:
    rows = [("ann", "buy", 1, 9), ("ann", "buy", 1, 8), ("ben", "buy", 1, 5), ("s", "sell", 1, 1)]
    assert vcg(book_of(*rows)).payment("ann") == 5


def test_what_a_trader_sells_to_itself_is_free() -> None:
    # ann's bid takes her own offer; nobody else is touched, and she pays nothing.
    found = vcg(book_of(("ann", "buy", 2, 9), ("ann", "sell", 2, 3), ("ben", "buy", 1, 2)))
    assert found.payment("ann") == 0
    assert found.amounts.tolist() == [12, 0, -12]  # settled at 6, between 3 and 9


def test_it_refuses_what_it_cannot_do() -> None:
    with pytest.raises(AllOrNone, match="the rule vcg"):
        vcg(Book.of([Order("a", "ann", "buy", 1, 1, divisible=False)]))
    with pytest.raises(BadInput, match="ties are broken by"):
        vcg(Book.of([]), "fate")  # type: ignore[arg-type]


# --- against the definition and a linear program --------------------------------------


@given(books(most=10), st.sampled_from(TIES))
def test_everybody_gains_what_it_contributes(book: Book, ties: Ties) -> None:
    assert vcg(book, ties, seed=2).gains_by_trader == by_definition(book)


def test_everybody_gains_what_it_contributes_in_books_of_every_kind() -> None:
    checked = 0
    for _, book in many_books(1500, seed=4):
        if not book.indivisible and len(book) < 50:
            assert vcg(book).gains_by_trader == by_definition(book), book.orders
            checked += 1
    assert checked > 1200


@pytest.mark.parametrize("traders", [200, 60, 8])
def test_also_in_a_large_book(traders: int) -> None:
    rng = Random(traders)
    book = Book.of(
        Order(
            f"{i}",
            f"t{rng.randrange(traders)}" if traders < 200 else f"t{i}",
            rng.choice(("buy", "sell")),  # type: ignore[arg-type]
            rng.randint(1, 10**7),
            rng.randint(0, 3 * 10**7),
        )
        for i in range(200)
    )
    assert vcg(book).gains_by_trader == by_definition(book)


def linear_program(book: Book) -> tuple[float, float]:
    """The best welfare and the price of one more unit, by HiGHS."""
    solved = linprog(
        -book.price * book.sign,
        A_eq=[book.sign],
        b_eq=[0],
        bounds=[(0, q) for q in book.quantity.tolist()],
        method="highs",
    )
    assert solved.success
    return -solved.fun, -solved.eqlin.marginals[0]


def test_a_linear_program_agrees_and_its_price_lies_between_buyers_and_sellers() -> None:
    rng, dearer = Random(8), 0
    for _ in range(60):
        sides = [rng.choice(("buy", "sell")) for _ in range(12)]
        book = book_of(
            *((f"t{rng.randrange(7)}", s, rng.randint(1, 9), rng.randrange(30)) for s in sides)
        )
        found = vcg(book)
        best, price = linear_program(book)
        assert found.welfare == round(best)
        for name in book.traders:
            others = Book.of(o for o in book.orders if o.trader != name)
            without, _ = linear_program(others)
            assert found.gains_by_trader[name] == round(best) - round(without)
            balance = sum(
                int(x) if o.side == "buy" else -int(x)
                for o, x in zip(book.orders, found.fills, strict=True)
                if o.trader == name
            )
            # A net buyer pays at most the competitive price, and a net seller gets no less.
            assert found.payment(name) <= balance * price + 1e-6
            dearer += found.payment(name) < balance * price - 1e-6
    assert dearer > 20


# --- any book -------------------------------------------------------------------------


@given(books(most=10), st.sampled_from(TIES))
def test_it_is_efficient_nobody_loses_and_the_operator_never_gains(book: Book, ties: Ties) -> None:
    found = vcg(book, ties, seed=2)
    verdict = judged(found)
    assert verdict.feasible
    assert verdict.efficient
    assert verdict.rational
    assert verdict.surplus <= 0
    assert (found.gains >= 0).all()  # not even one of its orders is settled beyond its limit


@given(books(most=10))
def test_only_the_balance_is_brought_to_others(book: Book) -> None:
    found = vcg(book)
    _, outside = outside_trade(book, found.fills)
    for name in book.traders:
        rows = [
            (o, int(x), int(out))
            for o, x, out in zip(book.orders, found.fills, outside, strict=True)
            if o.trader == name
        ]
        bought = sum(x if o.side == "buy" else -x for o, x, _ in rows)
        brought = sum(out if o.side == "buy" else -out for o, _, out in rows)
        assert brought == bought
        assert len({o.side for o, _, out in rows if out}) <= 1
        assert all(0 <= out <= x for _, x, out in rows)


@given(books(most=10), st.permutations(["t0", "t1", "t2", "t3"]))
def test_names_of_traders_do_not_matter(book: Book, names: list[str]) -> None:
    renamed = Book.of(replace(o, trader=names[int(o.trader[1:])]) for o in book.orders)
    assert vcg(book).fills.tolist() == vcg(renamed).fills.tolist()
    assert vcg(book).amounts.tolist() == vcg(renamed).amounts.tolist()


# --- truth ----------------------------------------------------------------------------


def test_no_order_of_any_kind_pays_one_trader() -> None:
    rng, traded = Random(1), 0
    for _ in range(25):
        sides = [rng.choice(("buy", "sell")) for _ in range(rng.randint(2, 6))]
        book = book_of(
            *((f"t{i}", s, rng.randint(1, 3), rng.randrange(6)) for i, s in enumerate(sides))
        )
        assert not list(lies(book, vcg, anything(range(-1, 7), (1, 2, 3, 4))))
        traded += vcg(book).quantity > 0
    assert traded > 8


def test_no_pair_of_orders_pays_one_trader_on_either_side() -> None:
    rng, traded = Random(2), 0
    for _ in range(10):
        sides = [rng.choice(("buy", "sell")) for _ in range(6)]
        book = book_of(
            *((f"t{i // 2}", s, rng.randint(1, 2), rng.randrange(6)) for i, s in enumerate(sides))
        )
        assert not list(lies(book, vcg, anything((1, 3, 5), (1, 2))))
        traded += vcg(book).quantity > 0
    assert traded > 3


def test_two_who_conspire_draw_on_the_deficit() -> None:
    # ann and sam would not trade at the truth. With wild limits they displace the others'
    # trade: she pays 10 for it, he receives 20, and they divide what they make of nothing.
    rows = [("ann", "buy", 1, 12), ("sam", "sell", 1, 18)]
    others = [("ben", "buy", 1, 20), ("tom", "sell", 1, 10)]
    book = book_of(*rows, *others)
    told = replaced(book, [Order("o0", "ann", "buy", 1, 90), Order("o1", "sam", "sell", 1, -90)])
    assert gain(book, vcg(book), ["ann", "sam"]) == 0
    assert vcg(told).payment("ann") + vcg(told).payment("sam") == 10 - 20
    assert gain(book, vcg(told), ["ann", "sam"]) == 10 + 12 - 18


def test_one_under_two_names_draws_on_it_as_well_but_not_under_one() -> None:
    others = [("ben", "buy", 1, 20), ("tom", "sell", 1, 10)]
    wild = [("x", "buy", 1, 90), ("y", "sell", 1, -90)]
    two = vcg(book_of(*wild, *others))
    assert two.payment("x") + two.payment("y") == 10 - 20
    assert vcg(book_of(*(("x", *row[1:]) for row in wild), *others)).payment("x") == 0
