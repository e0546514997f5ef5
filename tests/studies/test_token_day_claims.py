"""Every printed number of the token day: reproduced, or an erratum that is known by its name."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest

from energychain.studies import STUDIES
from energychain.studies.claims import Claim
from energychain.studies.token_day import DayTerms, run
from energychain.studies.token_day import testbed_meters as read_testbed
from energychain.studies.token_day_claims import claims, table_2

CLAIMS = {claim.id: claim for claim in claims()}


def differing(found: list[Claim]) -> set[str]:
    return {claim.id for claim in found if claim.verdict == "differs"}


def test_72_of_72_balances_are_reproduced() -> None:
    balances = [claim for claim in CLAIMS.values() if claim.id.startswith("token_day.balance.")]
    assert len(balances) == 72
    assert {claim.verdict for claim in balances} == {"reproduced"}


def test_every_claim_has_its_verdict_and_none_is_unexplained() -> None:
    assert Counter(claim.verdict for claim in CLAIMS.values()) == {
        "reproduced": 72 + 72 + 4,
        "erratum": 3,
        "shown": 6,
    }
    assert all(claim.explained for claim in CLAIMS.values())


def test_the_errata_are_exactly_these() -> None:
    errata = [claim for claim in CLAIMS.values() if claim.verdict == "erratum"]
    assert {claim.id: (claim.printed, claim.computed) for claim in errata} == {
        "token_day.surplus": ("13.625", "14.25798"),
        "token_day.unit.energy": ("kW", "kWh"),
        "token_day.unit.token": ("150 watts", "150 Wh"),
    }
    assert all(claim.note for claim in errata)
    assert "0.63296" in CLAIMS["token_day.surplus"].note


def test_the_totals_of_the_text_are_reproduced_to_the_last_printed_digit() -> None:
    found = {
        name: (CLAIMS[f"token_day.{name}"].printed, CLAIMS[f"token_day.{name}"].computed)
        for name in ("sold", "bought.node_2", "bought.node_3", "earned")
    }
    assert found == {
        "sold": ("13.625", "13.62502"),
        "bought.node_2": ("8.957", "8.957095"),
        "bought.node_3": ("4.668", "4.667925"),
        "earned": ("90.834", "90.834"),
    }


def test_the_statements_are_shown_with_their_measured_figures() -> None:
    shown = {claim.id: claim.computed for claim in CLAIMS.values() if claim.verdict == "shown"}
    assert shown["token_day.trading_hours"] == "07:00 to 15:00"
    assert shown["token_day.node_2_saturated"] == "08:00 to 13:00"
    assert shown["token_day.conserved"] == "300"
    assert shown["token_day.accounts"] == "4 machines, 8 accounts"
    assert shown["token_day.confirmations"].startswith("12 before the bank redeems")
    assert int(shown["token_day.gas"].replace(",", "")) > 100 * 21_000
    assert len(shown) == 6


def test_what_was_put_in_is_not_claimed_as_found() -> None:
    given = {claim.id for claim in CLAIMS.values() if claim.note.startswith("given:")}
    surplus = {f"token_day.surplus.node_1.{hour}:00" for hour in range(7, 16)}
    bought = {f"token_day.bought.node_2.{hour}:00" for hour in range(8, 14)}
    bought |= {f"token_day.bought.node_3.{hour}:00" for hour in (10, 11)}
    assert given == surplus | bought


def test_every_claim_has_an_id_of_its_own_and_says_where_it_is_printed() -> None:
    found = claims()
    assert len(CLAIMS) == len(found)
    for claim in found:
        assert claim.id.startswith("token_day.")
        assert claim.study == "token_day"
        assert claim.source.startswith("Cali & Fifield (2019), ")


def test_the_study_is_known_by_its_name() -> None:
    assert {claim.id for claim in STUDIES["token_day"]()} == set(CLAIMS)


def test_the_printed_text_is_that_of_the_table_and_not_ours() -> None:
    hour = table_2()[11]
    assert CLAIMS["token_day.balance.node_1.11:00"].printed == hour["node_1_tokens"] == "149.495"
    assert CLAIMS["token_day.balance.node_1.0:00"].printed == "100"


# --- the claims can fail --------------------------------------------------------------


@pytest.mark.parametrize("by", [-1, 1])
@pytest.mark.parametrize("hour", range(7, 16))
def test_one_milliwatt_hour_more_or_less_of_surplus_breaks_a_claim(hour: int, by: int) -> None:
    meters = read_testbed()
    produced = list(meters.produced[0])
    produced[hour] += by
    day = run(replace(meters, produced=(tuple(produced), *meters.produced[1:])))
    broken = differing(claims(day))
    assert f"token_day.surplus.node_1.{hour}:00" in broken
    if hour not in (10, 11):  # then it is sold, or missed, by somebody
        assert any(name.startswith("token_day.bought.") for name in broken)


def test_a_hundredth_of_a_watt_hour_at_the_right_place_breaks_a_balance() -> None:
    # 100 mWh are 0.667 milli-tokens: enough to tip at least one of the later balances.
    meters = read_testbed()
    produced = list(meters.produced[0])
    produced[7] += 100
    day = run(replace(meters, produced=(tuple(produced), *meters.produced[1:])))
    assert any(name.startswith("token_day.balance.") for name in differing(claims(day)))


@pytest.mark.parametrize(
    "terms",
    [
        DayTerms(mwh_per_token=150_001),
        DayTerms(mwh_per_token=149_999),
        DayTerms(opening_tokens=100_001),
        DayTerms(split="pro rata"),
        DayTerms(order=("node 1", "node 3", "node 2")),
    ],
    ids=["dearer", "cheaper", "richer", "pro rata", "turned round"],
)
def test_other_terms_break_balances(terms: DayTerms) -> None:
    broken = differing(claims(run(terms=terms)))
    assert any(name.startswith("token_day.balance.") for name in broken)


def test_without_the_second_neighbour_the_day_is_another() -> None:
    meters = read_testbed()
    alone = replace(meters, consumed=(*meters.consumed[:2], (0,) * 24))
    broken = differing(claims(run(alone)))
    assert {"token_day.sold", "token_day.earned", "token_day.bought.node_3"} <= broken


def test_the_energies_add_up_as_the_table_prints_them() -> None:
    printed = table_2()
    sums = {
        column: sum(Decimal(row[column]) for row in printed)
        for column in ("node_1_surplus", "node_2_purchased", "node_3_purchased")
    }
    assert sums == {
        "node_1_surplus": Decimal("14.257980"),
        "node_2_purchased": Decimal("8.957095"),
        "node_3_purchased": Decimal("4.667925"),
    }
