"""Numbers in prose, and whether something computed them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

_DECIMAL = re.compile(r"(?<![\w.])\d[\d,]*\.\d+(?:[eE][+-]?\d+)?(?![\d.])")
# Places in a text, versions and identifiers are no results.
_REFERENCE = re.compile(
    r"""https?://\S+ | \b10\.\d{4,}/\S+ | §\s*\d[\d.]*
      | \b(?:ch(?:apter|\.)|sec(?:tion|\.)|table|fig(?:ure|\.)|eq(?:uation|\.)|version|python)s?
        \s*\(?[A-Z]?\d[\d.]*""",
    re.IGNORECASE | re.VERBOSE,
)


def decimals(text: str) -> Iterator[str]:
    """The numbers with a decimal point, as they are written.

    >>> list(decimals("From 1,024.50 kWh (Section 4.2, version 3.1) sold at 0.3 EUR."))
    ['1,024.50', '0.3']
    """
    return (found.group() for found in _DECIMAL.finditer(_REFERENCE.sub(" ", text)))


def unsupported_numbers(prose: str, known: Iterable[str]) -> list[str]:
    """The numbers with a decimal point in `prose` that occur in no known text.

    >>> unsupported_numbers("It sold 13.60 kWh of 14.2 kWh.", ["sold 13.6"])
    ['14.2']
    """
    values = {_value(figure) for text in known for figure in _DECIMAL.findall(text)}
    return [figure for figure in decimals(prose) if _value(figure) not in values]


def _value(figure: str) -> Decimal:
    return Decimal(figure.replace(",", ""))
