"""A rule that the package does not know stands wherever the name of one does."""

from dataclasses import replace

import numpy as np
import pytest

from energychain.charts.merit_order import merit_order
from energychain.markets.clearing import Clearing, uniform
from energychain.markets.compare import clearings, compare
from energychain.markets.orders import Book, Order
from energychain.markets.regret import regret, regrets
from energychain.markets.rules import RULES, Rule, clear, named
from energychain.primitives.refusals import BadInput


def first_pair(book: Book, price: int) -> Clearing:
    """The first bid and the first offer trade at a price that is given."""
    fills = np.zeros(len(book), dtype=np.int64)
    fills[[0, book.bid_count]] = min(book.quantity[0], book.quantity[book.bid_count])
    return uniform("first_pair", book, fills, price, price)


OWN = Rule(
    "first_pair",
    "the first pair",
    first_pair,
    frozenset({"strong budget", "no deficit"}),
    "in prices: nobody moves it",
    "these tests",
    ("price",),
    ("price",),
)
PAIR = Book.of([Order("b", "ann", "buy", 2, 30), Order("s", "sam", "sell", 3, 20)])


def test_a_rule_of_ones_own_clears_with_its_terms_and_no_others() -> None:
    assert named(OWN) is OWN
    cleared = clear(PAIR, OWN, price=24)
    assert (cleared.rule, cleared.quantity, cleared.price) == ("first_pair", 2, 24)
    assert clear(PAIR, OWN, price=24, fee=5).fees.tolist() == [10, 0]
    with pytest.raises(BadInput, match="the rule first_pair needs price"):
        clear(PAIR, OWN)
    with pytest.raises(BadInput, match="the rule first_pair takes price; found 'point'"):
        clear(PAIR, OWN, price=24, point="mid")


def test_it_is_compared_with_the_others_under_its_own_title() -> None:
    known, own = compare(PAIR, ["uniform", OWN], price=24)
    assert known == compare(PAIR, ["uniform"])[0]
    assert own == {"title": "the first pair", **clear(PAIR, OWN, price=24).row(), "refused": ""}
    (refused,) = compare(PAIR, [OWN])
    assert refused["title"] == "the first pair"
    assert refused["refused"] == "the rule first_pair needs price"
    assert list(clearings(PAIR, [OWN, "vcg"], price=24)) == ["first_pair", "vcg"]


def test_a_name_that_is_taken_does_not_bring_the_known_rule_back() -> None:
    double = replace(OWN, name="uniform")
    assert compare(PAIR, [double], price=24)[0]["title"] == "the first pair"
    assert regret("b", PAIR, double, price=24).model == "in prices: nobody moves it"


def test_who_gains_by_a_lie_is_found_under_it_too() -> None:
    assert [each.regret for each in regrets(PAIR, OWN, price=24)] == [0, 0]
    honest = regret("b", PAIR, OWN, price=40)
    assert (honest.truthful_gain, honest.best_gain) == (-20, 0)  # to want nothing is better
    assert honest.best_report.quantity == 0


def test_its_merit_order_is_drawn() -> None:
    drawn = merit_order(clear(PAIR, OWN, price=24)).to_dict()
    assert drawn["title"]["text"] == "First_pair"


def test_nothing_is_registered_by_using_it() -> None:
    clear(PAIR, OWN, price=24)
    assert "first_pair" not in RULES
