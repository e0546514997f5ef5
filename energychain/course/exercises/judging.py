"""
How an answer is judged: right, nearly or wrong, and why, and never the answer.

An answer is first written down as plain data (a function as what it gives for some cases), and
only that is judged. So whoever has the data can judge again, without running anybody's code.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from math import isfinite
from numbers import Integral, Real
from typing import Literal

Verdict = Literal["right", "nearly", "wrong", "not attempted yet"]


@dataclass(frozen=True)
class Feedback:
    """What `check` says."""

    verdict: Verdict
    message: str = ""

    def but_not_kept(self, trouble: str) -> "Feedback":
        """The same, with what kept the attempt out of the learner's file."""
        return replace(self, message=f"{self.message} (not kept: {trouble})".strip())

    def __repr__(self) -> str:
        return f"{self.verdict}: {self.message}" if self.message else self.verdict


@dataclass(frozen=True)
class Thing:
    """Something that is no plain data, as Python shows it."""

    shown: str

    def __repr__(self) -> str:
        return self.shown


class Raised(Thing):
    """What a learner's function raised."""


def plain(given: object) -> object:
    """An answer as numbers, texts, and tuples, lists and dicts of them; what is nothing of
    that kind becomes a :class:`Thing`.

    >>> import numpy as np
    >>> plain((np.float64(0.5), np.int64(3))), plain(print)
    ((0.5, 3), <built-in function print>)
    """
    match given:
        case None | bool() | str():
            return given
        case Integral():
            return int(given)
        case Real() | Decimal() if isfinite(given):
            return float(given)
        case tuple():
            return tuple(plain(each) for each in given)
        case list():
            return [plain(each) for each in given]
        case dict():
            return {plain(key): plain(value) for key, value in given.items()}
        case _:
            return Thing(repr(given))


@dataclass(frozen=True)
class Judge:
    """Writes an answer down as plain data, and gives a verdict on that."""

    verdict: Callable[[object], Feedback]
    written: Callable[[object], object] = plain

    def __call__(self, given: object) -> Feedback:
        """What is said of an answer."""
        return self.verdict(self.written(given))


@dataclass(frozen=True)
class Exercise:
    """A question, how to judge answers to it, and help."""

    question: str
    judge: Judge
    hints: Sequence[str]
    solution: str
    """Python that ends by setting `answer`."""

    slips: Sequence[str] = ()
    """Wrong answers that people really give, as Python; each has feedback of its own."""


def number(
    answer: float, unit: str, digits: int, slips: Mapping[float, str], near: float = 0.05
) -> Judge:
    """A number, right if it agrees to so many decimals, nearly right within a share."""

    def verdict(given: object) -> Feedback:
        if isinstance(given, bool) or not isinstance(given, int | float):
            return Feedback("wrong", f"expected a number in {unit}, found {given!r}")
        if round(float(given), digits) == round(answer, digits):
            return Feedback("right")
        for slip, advice in slips.items():
            if abs(given - slip) <= 0.5 * 10**-digits:
                return Feedback("wrong", advice)
        if abs(given - answer) <= near * abs(answer):
            return Feedback("nearly", f"close: give it to {digits} decimals" if digits else "close")
        return Feedback("wrong", "try a hint")

    return Judge(verdict)


def function(
    expected: Callable[[int], int],
    cases: Sequence[int],
    slips: Mapping[str, tuple[Callable[[int], object], str]],
    unit: str = "mWh",
) -> Judge:
    """A function of one whole number [unit], compared with ours on some cases."""

    def written(given: object) -> object:
        if not callable(given):
            return plain(given)
        try:
            return {case: plain(given(case)) for case in cases}
        except Exception as fault:  # a learner's function may fail in any way
            return Raised(f"{type(fault).__name__}: {fault}")

    def verdict(given: object) -> Feedback:
        if isinstance(given, Raised):
            return Feedback("wrong", f"your function raised {given}")
        if not isinstance(given, dict) or list(given) != list(cases):
            return Feedback("wrong", "expected a function")
        wanted = {case: expected(case) for case in cases}
        if all(type(value) is int for value in given.values()) and given == wanted:
            return Feedback("right")
        for slip, advice in slips.values():
            if given == {case: slip(case) for case in cases}:
                return Feedback("wrong", advice)
        case = next(c for c in cases if type(given[c]) is not int or given[c] != wanted[c])
        if type(given[case]) is not int:
            return Feedback("wrong", f"the ledger holds whole numbers, found {given[case]!r}")
        good = sum(given[each] == wanted[each] for each in cases)
        share: Verdict = "nearly" if good > len(cases) / 2 else "wrong"
        return Feedback(share, f"{good} of {len(cases)} cases agree; look at {case:,} {unit}")

    return Judge(verdict, written)
