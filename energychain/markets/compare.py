"""One book, many answers: what each rule makes of the same orders."""

from collections.abc import Iterable
from typing import Any

from energychain.markets.clearing import Clearing
from energychain.markets.orders import Book
from energychain.markets.rules import RULES, Rule, named
from energychain.primitives.refusals import BadInput, Refusal


def clearings(
    book: Book, rules: Iterable[str] | None = None, **terms: Any
) -> dict[str, Clearing | Refusal]:
    """What each rule answers, or why it refuses. A rule gets those terms that it takes.

    Raises :class:`~energychain.primitives.refusals.BadInput` for an unknown rule, and for
    a term that none of the rules takes.
    """
    chosen = [named(name) for name in (RULES if rules is None else rules)]
    for term in terms:
        if not any(term in _taken(rule) for rule in chosen):
            raise BadInput(f"none of the rules takes {term!r}")
    answers: dict[str, Clearing | Refusal] = {}
    for rule in chosen:
        taken = {name: value for name, value in terms.items() if name in _taken(rule)}
        try:
            answers[rule.name] = rule.answer(book, **taken)
        except Refusal as refusal:
            answers[rule.name] = refusal
    return answers


def _taken(rule: Rule) -> tuple[str, ...]:
    return (*rule.terms, "fee")  # of every rule's buyers


def compare(book: Book, rules: Iterable[str] | None = None, **terms: Any) -> list[dict[str, Any]]:
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
    return [_row(name, answer) for name, answer in clearings(book, rules, **terms).items()]


def _row(name: str, answer: Clearing | Refusal) -> dict[str, Any]:
    if isinstance(answer, Refusal):
        return {"rule": name, "title": named(name).title, "refused": str(answer)}
    return {"title": named(name).title, **answer.row(), "refused": ""}
