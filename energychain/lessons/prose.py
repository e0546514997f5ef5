"""Numbers in prose, and whether something computed them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from decimal import Decimal

SMALLEST = 10
"""Whole numbers below it count cells, homes and reasons; to look them up would prove nothing."""

# Not a part of a name (SHA-256, v2, 3.11.7), nor of a longer number.
_NUMBER = re.compile(
    r"(?<![\w.])(?<![A-Za-z]-)(?:\d{1,3}(?:[,_]\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d{1,2})?(?!\w|\.\d)"
)
# Places in a text, versions, names, years and what a reader is asked to try are no results.
_NO_RESULT = re.compile(
    r"""https?://\S+ | \]\([^)]*\) | \b10\.\d{4,}/\S+ | §\s*\d[\d.]* | ^\s*\d+\.\s
      | \b(?:ch(?:apter|\.)|sec(?:tion|\.)|table|fig(?:ure|\.)|eq(?:uation|\.)|version|python
          |lesson|part|RFC|FIPS|BIP|EIP)s?\s*\(?[A-Z]?\d[\d.]*
      | \b0\d\b | \b(?:19|20)\d\d\b(?![.,]\d)
      | \bTry\b[^.:\d]*:.*?(?=\n\n(?!-\ )|\Z)""",
    re.IGNORECASE | re.VERBOSE | re.MULTILINE | re.DOTALL,
)

_COUNTED = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    " fifteen sixteen seventeen eighteen nineteen"
)
_BY_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SMALL, _TENS = _COUNTED.split(), _BY_TENS.split()
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000}
_WORDS = re.compile(
    rf"\b(?:(?:{'|'.join(_TENS)})(?:-(?:{'|'.join(_SMALL[1:10])}))?|{'|'.join(_SMALL[2:])})"
    rf"(?:\ (?:{'|'.join(_SCALES)}))*(?![\w-])",
    re.IGNORECASE,
)


def numbers(text: str) -> Iterator[tuple[str, Decimal]]:
    """What is said to be how much: each number as it is written, and its value.

    These are the numbers with a decimal point, the whole ones from ten, and those in words from
    thirteen; "a hundred" and "a million" are ways of speaking.

    >>> [written for written, _ in numbers("In 2019, 1,024.50 kWh (Section 4.2) cost 0.3 EUR.")]
    ['1,024.50', '0.3']
    >>> [int(value) for _, value in numbers("Of 96, three: 2 by day. Fifty-one in lesson 05.")]
    [96, 51]
    """
    said = _NO_RESULT.sub(" ", text)
    for found in _NUMBER.finditer(said):
        if "." in found.group() or _value(found.group()) >= SMALLEST:
            yield found.group(), _value(found.group())
    for found in _WORDS.finditer(said):
        if (value := _spoken(found.group())) > 12:
            yield found.group(), value


def values(text: str) -> Iterator[Decimal]:
    """Every number that stands in a text, whatever it means there.

    >>> [str(value) for value in values("[300, 2.5e-3], 8_000; sixteen")]
    ['300', '0.0025', '8000', '16']
    """
    yield from (_value(found) for found in _NUMBER.findall(text))
    yield from (_spoken(found) for found in _WORDS.findall(text))


def unsupported_numbers(
    prose: str, known: Collection[Decimal], printed: Iterable[Decimal] = ()
) -> list[str]:
    """The numbers in `prose` that are none of the known ones and round none that was printed.

    >>> unsupported_numbers("It sold 13.60 kWh of 14.2 kWh.", {Decimal("13.6")})
    ['14.2']
    >>> unsupported_numbers("It sold about 13.6 kWh, not 13.7.", set(), [Decimal("13.62502")])
    ['13.7']
    """
    exact = sorted(printed)
    return [
        written
        for written, value in numbers(prose)
        if value not in known and not _rounds_one_of(exact, value)
    ]


def _rounds_one_of(exact: Sequence[Decimal], value: Decimal) -> bool:
    """Whether a number, to the places that it is given with, is one of these (in order)."""
    half = Decimal(1).scaleb(int(value.as_tuple().exponent)) / 2
    nearest = bisect_left(exact, value - half)
    return nearest < len(exact) and exact[nearest] <= value + half


def _value(figure: str) -> Decimal:
    return Decimal(figure.replace(",", ""))


def _spoken(words: str) -> Decimal:
    """The value of a number in words, such as "fifty-one thousand"."""
    first, *scales = words.lower().split()
    tens, _, ones = first.partition("-")
    value = _SMALL.index(ones) if ones else 0
    value += _SMALL.index(tens) if tens in _SMALL else 10 * (2 + _TENS.index(tens))
    for scale in scales:
        value *= _SCALES[scale]
    return Decimal(value)
