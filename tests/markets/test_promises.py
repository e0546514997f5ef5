"""
Ten thousand random books against every rule: what a rule promises must hold in each, and
nothing may depend on how a book is written down.

The books have ties, empty sides, negative prices, scarcity at a cap, traders on both
sides, zero quantities, the largest numbers that are allowed, and one price for all.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from energychain.markets.clearing import Clearing
from energychain.markets.orders import Book, Order
from energychain.markets.rules import RULES, Rule
from energychain.primitives.refusals import Refusal
from tests.markets.books import (
    CAP,
    STEP,
    broken,
    judged,
    kept,
    many_books,
    mirrored,
    scaled,
    shuffled,
    smallest,
)

BOOKS = 10_000

EVERY = 11
"""Every so manieth book is also written down otherwise and cleared again. (Books of one
kind come every twelve.)
"""

NEEDED: Mapping[str, Callable[[int], Any]] = {
    "import_price": lambda factor: STEP * 30 * factor,
    "export_price": lambda factor: STEP * 10 * factor,
}
"""A term for each need of a rule, from a factor on all prices."""

ONE_BID = ("aggregator",)
"""Rules for the bid of one buyer."""

SHARED = ("community", "hybrid")
"""Rules in which several orders share a sum that need not be a multiple of their quantities."""

OUTSIDE = {name for name, rule in RULES.items() if "import_price" in rule.terms}
"""Rules whose fee is part of the prices outside."""

PROMISES = {"rational", "strong budget", "no deficit", "efficient", "competitive"}


def suited(rule: Rule, book: Book) -> Book:
    """The book, or for a rule that takes one bid only, the book with the first of them."""
    if rule.name not in ONE_BID:
        return book
    bid = book.orders[0] if book.bid_count else Order("bid", "aggregator", "buy", 5, STEP * 20)
    return Book.of([bid, *(o for o in book.orders if o.side == "sell")], book.cap)


def answer(rule: Rule, book: Book, factor: int = 1, **terms: Any) -> Clearing | None:
    """The rule's answer, or nothing if it says in its refusal that an order may not be
    divided; any other refusal is a fault.
    """
    needed = {term: NEEDED[term](factor) for term in rule.needs}
    try:
        return rule.answer(book, **needed, **terms)
    except Refusal as refusal:
        if book.indivisible and "all or none" in str(refusal):
            return None
        raise


def faults(rule: Rule, book: Book) -> list[str]:
    """Which promises a rule breaks, and where its own properties are wrong."""
    clearing = answer(rule, book)
    return [] if clearing is None else broken(rule.promises, clearing)


def outcome(clearing: Clearing | None, factor: int = 1) -> object:
    """What two clearings of the same orders must have in common."""
    if clearing is None:
        return None
    amounts = (amount * factor for amount in clearing.amounts.tolist())
    return dict(
        zip(clearing.book.ids, zip(clearing.fills.tolist(), amounts, strict=True), strict=True)
    )


def told(book: Book) -> str:
    return "\n".join(map(str, book.orders)) + f"\ncap {book.cap}"


@pytest.mark.parametrize("name", RULES)
def test_no_book_makes_a_rule_break_its_promises(name: str) -> None:
    rule = RULES[name]
    assert rule.promises <= PROMISES
    cleared = 0
    for kind, book in many_books(BOOKS):
        book = suited(rule, book)
        clearing = answer(rule, book)
        if clearing is None:
            continue
        cleared += 1
        if broken(rule.promises, clearing):
            least = smallest(book, lambda other: bool(faults(rule, other)))
            pytest.fail(f"{name}, {kind}: {faults(rule, least)} in\n{told(least)}")
    assert cleared > 0.9 * BOOKS


@pytest.mark.parametrize("name", RULES)
def test_nothing_depends_on_the_order_in_which_a_book_is_written(name: str) -> None:
    rule, rng = RULES[name], Random(1)
    for _, book in many_books(BOOKS)[::EVERY]:
        book = suited(rule, book)
        again = outcome(answer(rule, shuffled(book, rng)))
        assert again == outcome(answer(rule, book)), told(book)


@pytest.mark.parametrize("name", RULES)
def test_another_currency_changes_the_amounts_and_nothing_else(name: str) -> None:
    rule = RULES[name]
    for kind, book in many_books(BOOKS)[1::EVERY]:
        if kind == "huge":
            continue  # prices are at the limit already
        book = suited(rule, book)
        cheap, dear = answer(rule, book), answer(rule, scaled(book, 100), 100)
        if name in SHARED and cheap is not None and dear is not None:
            # Each order's part of a sum is rounded to less than one from what is exact.
            assert cheap.fills.tolist() == dear.fills.tolist()
            assert cheap.operator_surplus * 100 == dear.operator_surplus
            pairs = zip(cheap.amounts.tolist(), dear.amounts.tolist(), strict=True)
            assert all(abs(100 * less - more) < 101 for less, more in pairs), told(book)
        else:
            assert outcome(dear) == outcome(cheap, 100), told(book)


@pytest.mark.parametrize("name", [name for name in RULES if name not in OUTSIDE])
def test_a_fee_keeps_everybody_who_trades_from_losing(name: str) -> None:
    rule = RULES[name]
    if "rational" not in rule.promises:
        pytest.skip("this rule does not promise that nobody loses")
    charged = 0
    for kind, book in many_books(BOOKS)[2::EVERY]:
        if kind == "huge":
            continue  # less a fee, some limits would be beyond the lowest price
        cleared = answer(rule, suited(rule, book), fee=3 * STEP)
        if cleared is not None and cleared.quantity:
            charged += 1
            assert judged(cleared).rational, told(book)
            assert int(cleared.fees.sum()) == 3 * STEP * cleared.quantity
    assert charged


SYMMETRIC = ("uniform", "pairwise", "last_pair", "vcg", "trade_reduction", "huang")
"""Rules that do not favour a side."""


@pytest.mark.parametrize("name", SYMMETRIC)
def test_buyers_and_sellers_are_alike_in_a_mirror(name: str) -> None:
    rule = RULES[name]
    for _, book in many_books(BOOKS)[3::EVERY]:
        again = outcome(answer(rule, mirrored(book)))
        assert again == outcome(answer(rule, book)), told(book)


@pytest.mark.parametrize("point", ["buyer", "seller", "0.3"])
def test_in_a_mirror_the_buyers_end_of_the_interval_is_the_sellers(point: str) -> None:
    other = {"buyer": "seller", "seller": "buyer", "0.3": "0.7"}[point]
    rule = RULES["uniform"]
    for _, book in many_books(BOOKS)[4::EVERY]:
        again = outcome(answer(rule, mirrored(book), point=other))
        assert again == outcome(answer(rule, book, point=point)), told(book)


@pytest.mark.parametrize("ties", ["time", "lottery"])
@pytest.mark.parametrize("name", [name for name in RULES if "ties" in RULES[name].terms])
def test_the_promises_hold_however_ties_are_broken(name: str, ties: str) -> None:
    rule, rng = RULES[name], Random(2)
    chance = {"seed": 7} if "seed" in rule.terms else {}
    for _, book in many_books(BOOKS)[5::EVERY]:
        book = suited(rule, book)
        cleared = answer(rule, book, ties=ties, **chance)
        if cleared is not None:
            held = kept(judged(cleared))
            assert all(held[promise] for promise in rule.promises), told(book)
            again = answer(rule, shuffled(book, rng), ties=ties, **chance)
            assert outcome(again) == outcome(cleared)


def test_the_books_have_what_the_test_is_about() -> None:
    books = dict.fromkeys(("cap", "empty side", "zero", "negative", "both sides", "tie", "long"), 0)
    for _, book in many_books(BOOKS):
        orders = book.orders
        sides = {(o.trader, o.side) for o in orders}
        books["cap"] += any(o.price == CAP == book.cap for o in orders)
        books["empty side"] += len({o.side for o in orders}) == 1
        books["zero"] += any(o.quantity == 0 for o in orders)
        books["negative"] += any(o.price < 0 for o in orders)
        books["both sides"] += any((o.trader, "buy") in sides and o.side == "sell" for o in orders)
        books["tie"] += len({o.price for o in orders}) < len(orders)
        books["long"] += len(orders) > 50
    assert min(books.values()) > 50, books


def test_a_broken_rule_is_found_and_its_smallest_book_shown() -> None:
    generous = replace(RULES["uniform"], name="generous", clear=_pays_sellers_twice)
    book = next(b for k, b in many_books(BOOKS) if k == "plain" and len(b) > 8 and _trades(b))
    assert faults(generous, book)
    least = smallest(book, lambda other: bool(faults(generous, other)))
    assert len(least) == 2
    assert {"strong budget", "no deficit"} <= set(faults(generous, least))


def _trades(book: Book) -> bool:
    return RULES["uniform"].answer(book).quantity > 0


def _pays_sellers_twice(book: Book) -> Clearing:
    fair = RULES["uniform"].answer(book)
    amounts = fair.amounts.copy()
    amounts[book.offers] *= 2
    return replace(fair, amounts=amounts)
