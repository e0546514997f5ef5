"""What makes a claim reproduced, and what an erratum must be able to do: turn out wrong."""

from dataclasses import replace
from decimal import Decimal

import pytest

from energychain.studies.claims import (
    VERDICTS,
    Claim,
    ClaimsTable,
    agrees_as_printed,
    compared,
    erratum,
    fitted,
    summary,
)

CLAIM = Claim("s.x", "s", "Somebody (2019)", "energy", "kWh", "13.625", "13.62502", "differs")


@pytest.mark.parametrize(
    ("computed", "printed", "agrees"),
    [
        ("13.625", "13.625", True),
        ("13.6254999", "13.625", True),
        ("13.6245", "13.625", True),
        ("13.6255", "13.625", True),
        ("13.62551", "13.625", False),
        ("13.62449", "13.625", False),
        ("13.6", "13.625", False),
        ("0.9740", "0.98", False),
        ("0.9786", "0.98", True),
        ("100", "100", True),
        ("100.4", "100", True),
        ("100.4", "100.0", False),
        ("-1.25", "-1.2", True),
        ("-1.26", "-1.2", False),
        ("1e3", "1000", True),
        ("0.4999", "less than 0.5", True),
        ("0.5", "less than 0.5", False),
        ("0.54", "less than 0.5", False),
    ],
)
def test_a_number_agrees_if_it_rounds_to_the_last_printed_digit(
    computed: str, printed: str, agrees: bool
) -> None:
    assert agrees_as_printed(Decimal(computed), printed) is agrees


def test_a_claim_is_reproduced_or_differs_by_its_own_two_numbers() -> None:
    assert compared(CLAIM).verdict == "reproduced"
    assert compared(replace(CLAIM, computed="13.627")).verdict == "differs"
    assert compared(CLAIM, exactly=True).verdict == "differs"
    assert compared(replace(CLAIM, computed="13.6250"), exactly=True).verdict == "reproduced"


def test_comparing_changes_nothing_but_the_verdict() -> None:
    assert replace(compared(CLAIM), verdict="differs") == CLAIM


def test_only_a_claim_that_differs_is_unexplained() -> None:
    assert [verdict for verdict in VERDICTS if not replace(CLAIM, verdict=verdict).explained] == [
        "differs"
    ]


def test_an_erratum_gives_a_reason() -> None:
    with pytest.raises(ValueError, match=r"s\.x gives no reason"):
        erratum(replace(CLAIM, computed="14.25798"))
    assert erratum(replace(CLAIM, computed="14.25798", note="why")).verdict == "erratum"


@pytest.mark.parametrize(
    ("printed", "computed"),
    [
        ("13.625", "13.625"),
        ("kWh", "kWh"),
        ("13.625", "13.6250"),
        ("13.625", "13.62502"),
    ],
)
def test_an_erratum_that_agrees_with_what_is_printed_is_refused(
    printed: str, computed: str
) -> None:
    claim = replace(CLAIM, printed=printed, computed=computed, note="why")
    with pytest.raises(ValueError, match=r"s\.x agrees"):
        erratum(claim)


def test_a_fit_says_what_was_chosen() -> None:
    with pytest.raises(ValueError, match=r"s\.x does not say what was chosen"):
        fitted(CLAIM)
    assert fitted(replace(CLAIM, note="the capacitance")).verdict == "fitted"


@pytest.mark.parametrize(
    ("printed", "computed"),
    [("13.625", "13.6256"), ("13.625", "14"), ("less than 2.5", "2.5"), ("one", "two")],
)
def test_a_fit_that_does_not_agree_is_refused(printed: str, computed: str) -> None:
    claim = replace(CLAIM, printed=printed, computed=computed, note="the capacitance")
    with pytest.raises(ValueError, match=r"s\.x does not agree: .* is not"):
        fitted(claim)


def test_a_true_bound_is_no_erratum() -> None:
    claim = replace(CLAIM, printed="less than 29", computed="2.86", note="why")
    with pytest.raises(ValueError, match=r"s\.x agrees"):
        erratum(claim)
    assert erratum(replace(claim, printed="29")).verdict == "erratum"


def test_a_table_of_claims_counts_chooses_and_shows_itself() -> None:
    good, bad = compared(CLAIM), replace(CLAIM, quantity="<b>tokens</b>", note="a & b")
    table = ClaimsTable([good, bad])
    assert repr(table) == "2 claims: 1 reproduced, 1 differs"
    assert summary([]) == "no claims"
    assert list(table.only("differs")) == [bad]
    assert list(table.about("energy")) == [good]
    assert table[0] == good and list(table[1:]) == [bad]
    assert isinstance(table[1:], ClaimsTable)
    assert "&lt;b&gt;tokens" in table._repr_html_() and "a &amp; b" in table._repr_html_()
