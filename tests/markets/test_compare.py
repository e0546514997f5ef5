"""One row for each rule, and no term or refusal lost on the way."""

from dataclasses import replace

import pytest

from energychain.markets.clearing import Clearing
from energychain.markets.compare import clearings, compare
from energychain.markets.orders import Book, Order
from energychain.markets.rules import RULES, clear, named
from energychain.markets.uniform_price import AllOrNone
from energychain.primitives.refusals import BadInput

CORE = ["uniform", "pairwise", "last_pair", "pay_as_bid"]
PAIR = Book.of([Order("b", "ann", "buy", 2, 30), Order("s", "sam", "sell", 2, 20)])


def test_a_row_is_what_the_rule_answers() -> None:
    rows = compare(PAIR, CORE)
    assert [row["rule"] for row in rows] == CORE
    for row in rows:
        assert row == {"title": named(row["rule"]).title, **clear(PAIR, row["rule"]).row()} | {
            "refused": ""
        }


def test_without_names_every_rule_has_a_row() -> None:
    assert [row["rule"] for row in compare(PAIR)] == list(RULES)


def test_a_refusal_is_a_row_with_its_reason() -> None:
    whole = PAIR.replaced(replace(PAIR.order("b"), divisible=False))
    for row in compare(whole, CORE):
        assert set(row) == {"rule", "title", "refused"}
        assert row["refused"].startswith(f"order b is all or none, and the rule {row['rule']} may")
    assert isinstance(clearings(whole, ["uniform"])["uniform"], AllOrNone)


def test_a_rule_gets_those_terms_that_it_takes() -> None:
    answers = clearings(PAIR, ["uniform", "pay_as_bid"], point="buyer", ties="time")
    prices = {name: a.price for name, a in answers.items() if isinstance(a, Clearing)}
    assert prices == {"uniform": 30, "pay_as_bid": 30}
    assert compare(PAIR, ["uniform"], point="seller")[0]["price"] == 20e-6


def test_a_fee_is_charged_whatever_the_rule() -> None:
    for name, answer in clearings(PAIR, CORE, fee=11).items():
        assert isinstance(answer, Clearing), name
        assert answer.quantity == 0


def test_a_term_that_no_rule_takes_is_not_passed_over() -> None:
    with pytest.raises(BadInput, match="none of the rules takes 'pint'"):
        compare(PAIR, CORE, pint="mid")
    with pytest.raises(BadInput, match="none of the rules takes 'point'"):
        compare(PAIR, ["pairwise"], point="mid")


def test_an_unknown_rule_is_refused_and_an_alias_is_not() -> None:
    with pytest.raises(BadInput, match="there is no rule 'best'; there are uniform, "):
        compare(PAIR, ["best"])
    assert [row["rule"] for row in compare(PAIR, ["Uniform-Price", "pay-as-bid"])] == [
        "uniform",
        "pay_as_bid",
    ]


@pytest.mark.parametrize("name", RULES)
def test_a_rule_refuses_a_term_that_it_does_not_take(name: str) -> None:
    with pytest.raises(BadInput, match=f"^the rule {name} takes .*; found 'colour'"):
        clear(PAIR, name, colour="blue")


@pytest.mark.parametrize("name", RULES)
def test_a_rule_says_what_it_is(name: str) -> None:
    rule = RULES[name]
    assert rule.name == name
    assert named(name.replace("_", "-").upper()) is rule
    assert set(rule.needs) <= set(rule.terms)
    assert rule.truthful
    assert rule.source
