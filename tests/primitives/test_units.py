"""The one rounding rule, and the door between decimals and whole numbers."""

import subprocess
import sys
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import energychain.ledger.saved
import energychain.studies  # noqa: F401  (the rooms below it come along)
from energychain.primitives.refusals import BadInput, Refusal
from energychain.primitives.units import (
    ENERGY_DECIMALS,
    LARGEST,
    TOKEN_DECIMALS,
    divide_rounded,
    from_units,
    kwh,
    money,
    to_nearest_units,
    to_units,
    tokens,
)


@given(st.integers(-(10**12), 10**12), st.integers(-(10**6), 10**6).filter(bool))
@example(1, 2)
@example(3, 2)
@example(-1, 2)
@example(-3, 2)
@example(5, -2)
def test_rounding_is_half_to_even_as_decimal_does_it(numerator: int, denominator: int) -> None:
    exact = Decimal(numerator) / Decimal(denominator)
    assert divide_rounded(numerator, denominator) == int(
        exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    )


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**15))
def test_rounding_never_misses_by_more_than_a_half(numerator: int, denominator: int) -> None:
    rounded = divide_rounded(numerator, denominator)
    assert 2 * abs(numerator - rounded * denominator) <= denominator


def test_there_is_no_rounding_by_nothing() -> None:
    with pytest.raises(ZeroDivisionError):
        divide_rounded(1, 0)


@given(st.integers(-(10**14), 10**14), st.integers(0, 9))
@example(-5, 3)
@example(0, 0)
def test_writing_an_amount_and_reading_it_gives_it_back(amount: int, decimals: int) -> None:
    text = from_units(amount, decimals)
    assert Decimal(text) == Decimal(amount).scaleb(-decimals)
    if abs(Decimal(text)) < LARGEST:
        assert to_units(text, decimals) == amount == to_nearest_units(text, decimals)


@given(
    st.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False, places=9),
    st.integers(0, 8),
)
def test_the_nearest_units_are_those_of_half_even_rounding(number: Decimal, decimals: int) -> None:
    rounded = number.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN)
    assert to_nearest_units(number, decimals) == int(rounded.scaleb(decimals))


def test_each_quantity_is_written_with_all_its_places() -> None:
    assert kwh(427_852) == "0.427852"
    assert tokens(190_834) == "190.834"
    assert money(-1) == "-0.000001"
    assert from_units(7, 0) == "7"


@pytest.mark.parametrize("text", ["0.0001", "1e-9", "0.1234", Decimal("0.0005")])
def test_digits_finer_than_the_unit_are_refused(text: str | Decimal) -> None:
    with pytest.raises(BadInput, match="finer than the 3 decimals"):
        to_units(text, TOKEN_DECIMALS)


def test_digits_finer_than_the_unit_are_refused_however_far_out_they_are() -> None:
    with pytest.raises(BadInput, match="finer"):
        to_units("1000000.0000000000000000000000001", ENERGY_DECIMALS)


@pytest.mark.parametrize("text", ["", "abc", "1,5", "0x10", "1 2", "--1", "1e", ".", "½", "1٫5"])
@pytest.mark.parametrize("read", [to_units, to_nearest_units])
def test_text_that_is_no_number_is_refused(read: type, text: str) -> None:
    with pytest.raises(BadInput, match="expected a number"):
        read(text, 3)


@pytest.mark.parametrize("text", ["1_000", "١٢"])
@pytest.mark.parametrize("read", [to_units, to_nearest_units])
def test_only_plain_digits_are_a_number(read: type, text: str) -> None:
    with pytest.raises(BadInput, match="expected a number"):
        read(text, 3)


@pytest.mark.parametrize("text", ["nan", "NaN", "sNaN", "inf", "-Infinity"])
@pytest.mark.parametrize("read", [to_units, to_nearest_units])
def test_a_number_that_is_not_finite_is_refused(read: type, text: str) -> None:
    with pytest.raises(BadInput, match="finite"):
        read(text, 3)


@pytest.mark.parametrize("text", ["1e15", "-1e15", "1e300", "9" * 40])
@pytest.mark.parametrize("read", [to_units, to_nearest_units])
def test_a_number_that_nobody_owns_is_refused(read: type, text: str) -> None:
    with pytest.raises(BadInput, match="too large"):
        read(text, 3)


@pytest.mark.parametrize("text", ["1e-4000", "-1e-4000", "0e-4000"])
def test_a_number_next_to_nothing_is_rounded_to_nothing(text: str) -> None:
    assert to_nearest_units(text, 6) == 0


@pytest.mark.parametrize("read", ["to_units", "to_nearest_units"])
@pytest.mark.parametrize(
    "text",
    [
        "1e-99999999",
        "1e-99999999999999",
        "0e-99999999",
    ],
)
def test_a_huge_negative_exponent_is_no_way_to_stop_the_program(read: str, text: str) -> None:
    # In a process of its own, because what is tested for is that it comes to an end.
    code = f"""
from energychain.primitives import units
try:
    assert units.{read}({text!r}, 6) == 0
except units.BadInput:
    pass
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=4)


def test_a_refusal_says_where_as_far_as_it_knows() -> None:
    assert str(BadInput("no")) == "no"
    assert str(BadInput("no", file="m.csv")) == "m.csv: no"
    assert str(BadInput("no", line=3)) == "line 3: no"
    assert str(BadInput("no", file="m.csv", line=3, column="a")) == "m.csv, line 3, column a: no"


def test_every_refusal_names_its_rule() -> None:
    kinds, found = [Refusal], []
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        found += [kind] if kind.__module__.startswith("energychain.") else []
    assert len(found) > 20
    assert [kind.__name__ for kind in found if not kind.rule or not kind.__doc__] == []
