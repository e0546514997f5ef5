"""
How an answer is judged: right, nearly or wrong, and why, and never the answer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["right", "nearly", "wrong", "not attempted yet"]


@dataclass(frozen=True)
class Feedback:
    """What `check` says."""

    verdict: Verdict
    message: str = ""

    def __repr__(self) -> str:
        return f"{self.verdict}: {self.message}" if self.message else self.verdict


Judge = Callable[[object], Feedback]


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

    def judge(given: object) -> Feedback:
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

    return judge


def function(
    expected: Callable[[int], int],
    cases: Sequence[int],
    slips: Mapping[str, tuple[Callable[[int], object], str]],
    unit: str = "mWh",
) -> Judge:
    """A function of one whole number [unit], compared with ours on some cases."""

    def judge(given: object) -> Feedback:
        if not callable(given):
            return Feedback("wrong", "expected a function")
        try:
            found = [given(case) for case in cases]
        except Exception as fault:  # a learner's function may fail in any way
            return Feedback("wrong", f"your function raised {type(fault).__name__}: {fault}")
        wanted = [expected(case) for case in cases]
        if all(type(value) is int for value in found) and found == wanted:
            return Feedback("right")
        for slip, advice in slips.values():
            if found == [slip(case) for case in cases]:
                return Feedback("wrong", advice)
        case, value = next(
            (case, value)
            for case, value, want in zip(cases, found, wanted, strict=True)
            if type(value) is not int or value != want
        )
        if type(value) is not int:
            return Feedback("wrong", f"the ledger holds whole numbers, found {value!r}")
        good = sum(value == want for value, want in zip(found, wanted, strict=True))
        verdict: Verdict = "nearly" if good > len(cases) / 2 else "wrong"
        return Feedback(verdict, f"{good} of {len(cases)} cases agree; look at {case:,} {unit}")

    return judge
