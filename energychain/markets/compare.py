"""One book, many answers: what each rule makes of the same orders."""

from collections.abc import Iterable, Mapping
from typing import Any

from energychain.markets.clearing import Clearing
from energychain.markets.orders import Book
from energychain.markets.rules import RULES, Rule, named
from energychain.primitives.refusals import BadInput, Refusal


def clearings(
    book: Book, rules: Iterable[str | Rule] | None = None, **terms: Any
) -> dict[str, Clearing | Refusal]:
    """What each rule answers, or why it refuses. A rule gets those terms that it takes.
    ``rules`` are names, rules of your own, or both; all that have a name if left out.

    Raises :class:`~energychain.primitives.refusals.BadInput` for an unknown rule, and for
    a term that none of the rules takes.
    """
    return {rule.name: answer for rule, answer in _answers(book, rules, terms)}


def _answers(
    book: Book, rules: Iterable[str | Rule] | None, terms: Mapping[str, Any]
) -> list[tuple[Rule, Clearing | Refusal]]:
    chosen = [named(rule) for rule in (RULES if rules is None else rules)]
    for term in terms:
        if not any(term in _taken(rule) for rule in chosen):
            raise BadInput(f"none of the rules takes {term!r}")
    return [(rule, _answer(rule, book, terms)) for rule in chosen]


def _answer(rule: Rule, book: Book, terms: Mapping[str, Any]) -> Clearing | Refusal:
    taken = {name: value for name, value in terms.items() if name in _taken(rule)}
    try:
        return rule.answer(book, **taken)
    except Refusal as refusal:
        return refusal


def _taken(rule: Rule) -> tuple[str, ...]:
    return (*rule.terms, "fee")  # of every rule's buyers


def compare(
    book: Book, rules: Iterable[str | Rule] | None = None, **terms: Any
) -> list[dict[str, Any]]:
    """One row for each rule, in units and money: the columns of
    :meth:`~energychain.markets.clearing.Clearing.row`, and ``refused`` with the reason if
    the rule does not take the book (all else is then empty).

    >>> from energychain.markets.orders import order
    >>> book = Book.of([order("b", "ann", "buy", "2", "30"), order("s", "sam", "sell", "3", "20")])
    >>> for row in compare(book, ["uniform", "pay_as_bid"]):
    ...     print(row["rule"], row["price"], row["efficiency"])
    uniform 20.0 1.0
    pay_as_bid 30.0 1.0
    """
    return [_row(rule, answer) for rule, answer in _answers(book, rules, terms)]


def _row(rule: Rule, answer: Clearing | Refusal) -> dict[str, Any]:
    if isinstance(answer, Refusal):
        return {"rule": rule.name, "title": rule.title, "refused": str(answer)}
    return {"title": rule.title, **answer.row(), "refused": ""}
