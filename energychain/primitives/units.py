"""
Amounts on the ledger are whole numbers of a small unit, because a ledger must
add up exactly. People read and write decimals; this module is the door between
the two, and holds the one rounding rule of the package.

=============  ======================  =========================
quantity       unit on the ledger      what people write
=============  ======================  =========================
energy         mWh (milli, not mega)   kWh with six decimals
tokens         milli-token             tokens with three decimals
money          micro-unit              money with six decimals
Ether for gas  wei                     whole wei
=============  ======================  =========================
"""

from decimal import Decimal, InvalidOperation
from typing import NewType

from energychain.primitives.refusals import BadInput

MilliWattHour = NewType("MilliWattHour", int)
"""Energy [mWh]. One kilowatt-hour is 1,000,000 of them."""

MilliToken = NewType("MilliToken", int)
"""Energy tokens [milli-token]. One token is 1,000 of them."""

MicroMoney = NewType("MicroMoney", int)
"""Money [micro-unit of the currency]."""

Gas = NewType("Gas", int)
"""Work done for a transaction [gas]."""

Wei = NewType("Wei", int)
"""The smallest piece of the private chain's Ether [wei]."""

ENERGY_DECIMALS = 6
"""Decimals of a kilowatt-hour that the ledger keeps."""

TOKEN_DECIMALS = 3
"""Decimals of a token that the ledger keeps, as in Table 2 of Cali & Fifield (2019)."""

MONEY_DECIMALS = 6
"""Decimals of a unit of money that the ledger keeps."""


def divide_rounded(numerator: int, denominator: int) -> int:
    """The quotient rounded to the nearest integer, halves to the even one.

    This is the package's one rule for rounding to the nearest.

    >>> [divide_rounded(n, 2) for n in (1, 2, 3, 4, 5)]
    [0, 1, 2, 2, 2]
    >>> divide_rounded(-5, 2)
    -2

    Raises ``ZeroDivisionError`` if the denominator is zero.
    """
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    quotient, remainder = divmod(numerator, denominator)
    if 2 * remainder > denominator or (2 * remainder == denominator and quotient % 2):
        return quotient + 1
    return quotient


def to_units(text: str | Decimal, decimals: int) -> int:
    """A decimal as a whole number of its smallest unit, exactly.

    >>> to_units("0.427852", ENERGY_DECIMALS)
    427852
    >>> to_units("100", TOKEN_DECIMALS)
    100000

    Raises :class:`BadInput` if the text is not a plain number, or has digits
    finer than the unit:

    >>> to_units("0.0001", TOKEN_DECIMALS)
    Traceback (most recent call last):
    energychain.primitives.refusals.BadInput: 0.0001 is finer than the 3 decimals that are kept
    """
    numerator, denominator = _decimal(text).as_integer_ratio()
    units: int = numerator * 10**decimals // denominator
    if units * denominator != numerator * 10**decimals:
        raise BadInput(f"{text} is finer than the {decimals} decimals that are kept")
    return units


def to_nearest_units(text: str | Decimal, decimals: int) -> int:
    """Like :func:`to_units`, but finer digits are rounded by the one rounding rule.

    Real meters print more digits than they can measure.

    >>> to_nearest_units("0.3333333333", ENERGY_DECIMALS)
    333333
    """
    numerator, denominator = _decimal(text).as_integer_ratio()
    return divide_rounded(numerator * 10**decimals, denominator)


LARGEST = Decimal("1e15")
"""No meter, wallet or bill reaches this; a larger number is a slip of the pen."""


MOST_DECIMALS = 5_000
"""Nobody writes more; a number such as 1e-99999999 would take for ever to work out."""


def _decimal(text: str | Decimal) -> Decimal:
    # Decimal alone would also take "1_000" and digits of other scripts.
    if isinstance(text, str) and (not text.isascii() or "_" in text):
        raise BadInput(f"expected a number, found {text!r}")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise BadInput(f"expected a number, found {str(text)!r}") from None
    if not number.is_finite():
        raise BadInput(f"expected a finite number, found {str(text)!r}")
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -MOST_DECIMALS:
        raise BadInput(f"expected at most {MOST_DECIMALS:,} decimals, found {-exponent:,}")
    if number.copy_abs() >= LARGEST:  # abs() would round, and overflow at 1e1000000
        raise BadInput(f"{str(text)!r} is too large: expected less than {LARGEST:f}")
    return number


def from_units(amount: int, decimals: int) -> str:
    """A whole number of the smallest unit as a decimal with all its places.

    >>> from_units(427852, ENERGY_DECIMALS), from_units(-5, TOKEN_DECIMALS)
    ('0.427852', '-0.005')
    """
    sign, digits = ("-" if amount < 0 else ""), str(abs(amount)).rjust(decimals + 1, "0")
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else f"{sign}{digits}"


def plain(amount: int, decimals: int) -> str:
    """The same for reading: with commas, and without zeros at the end.

    >>> plain(1_234_500_000, ENERGY_DECIMALS), plain(-7_000, TOKEN_DECIMALS)
    ('1,234.5', '-7')
    """
    text = f"{Decimal(from_units(amount, decimals)):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def kwh(energy: int) -> str:
    """Energy [mWh] as text in kWh.

    >>> kwh(MilliWattHour(13625020))
    '13.625020'
    """
    return from_units(energy, ENERGY_DECIMALS)


def tokens(amount: int) -> str:
    """Milli-tokens as text in tokens.

    >>> tokens(MilliToken(190834))
    '190.834'
    """
    return from_units(amount, TOKEN_DECIMALS)


def money(amount: int) -> str:
    """Micro-units of money as text.

    >>> money(MicroMoney(2_725_020))
    '2.725020'
    """
    return from_units(amount, MONEY_DECIMALS)
