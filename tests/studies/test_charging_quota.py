"""The charging-quota evening, and its audit: the printed tables against the ledger."""

from collections import Counter
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from energychain import datasets
from energychain.consensus.work import check_work
from energychain.contracts import CONTRACTS
from energychain.contracts.charging_quota import AUCTION_RULES, VAULT
from energychain.contracts.token import ENERGY_TOKEN
from energychain.ledger import saved
from energychain.primitives.refusals import BadInput
from energychain.studies.charging_quota import (
    OPENING_TOKENS,
    Evening,
    Plan,
    Terms,
    hourly_fee,
    published_plans,
    rehearse,
    run,
    table,
)
from energychain.studies.charging_quota_claims import (
    PRINTED_MARGIN,
    cells_that_fit,
    claims,
    margins_that_fit,
)
from energychain.studies.claims import Claim

STATIONS = "ABCDEFGH"


@cache
def evening() -> Evening:
    return run()


@cache
def found() -> dict[str, Claim]:
    return {claim.id.removeprefix("charging_quota."): claim for claim in claims(evening())}


# --- the printed tables ---------------------------------------------------------------


@pytest.mark.parametrize("station", STATIONS)
def test_every_quota_of_table_2_is_on_the_ledger(station: str) -> None:
    printed = {row["station"]: row["initial_quota_kw"] for row in table(2)}
    assert evening().kw(evening().row(station).initial) == printed[station]


@pytest.mark.parametrize("station", STATIONS)
def test_every_fee_of_table_4_is_an_hour_at_the_initial_quota(station: str) -> None:
    printed = {row["station"]: row["fee_token"] for row in table(4)}
    assert hourly_fee(evening(), station) == printed[station]


def test_the_payments_of_table_4_are_one_price_except_for_two_wrong_cells() -> None:
    printed = {row["station"]: Decimal(row["payment_token"]) for row in table(4)}
    ours = {row.station: Decimal(row.payment) / 1000 for row in evening().rows}
    assert {name for name in STATIONS if printed[name] != ours[name]} == {"B", "C"}
    assert (ours["B"], ours["C"]) == (Decimal("149.5"), Decimal("-151.8"))
    assert printed["B"] == printed["E"], "the value of E again"
    assert printed["C"] == -Decimal("9.8") * 23, "its whole offer"
    assert (sum(printed.values()), sum(ours.values())) == (Decimal("-149.5"), 0)


def test_algorithm_1_as_printed_gives_other_payments() -> None:
    paid = {row.station: row.payment for row in rehearse(rule="pairwise_midpoint").rows}
    assert paid == {
        **dict.fromkeys("AG", 0),
        **{"E": 70_400, "D": 240_000, "B": 149_500},
        **{"H": -146_000, "F": -162_000, "C": -151_900},
    }


def test_323_is_the_only_whole_margin_from_which_the_16_cells_follow() -> None:
    assert margins_that_fit() == [323]
    assert cells_that_fit(PRINTED_MARGIN) == 0
    assert evening().kw(rehearse(margin=PRINTED_MARGIN).row("A").initial) == "31.66"


def test_every_margin_in_reach_of_a_print_error_fails_but_323() -> None:
    """To a tenth of a kilowatt: how sharp the 16 cells are."""
    total = sum(int(row["demand_kw"]) for row in table(2))
    quotas = [(int(r["demand_kw"]), Decimal(r["initial_quota_kw"])) for r in table(2)]
    fees = [Decimal(row["fee_token"]) for row in table(4)]
    half = Decimal("0.005")
    fitting = []
    for tenths in range(3_000, 3_901):
        shares = [demand * Decimal(tenths) / 10 / total for demand, _ in quotas]
        good = all(abs(s - q) <= half for s, (_, q) in zip(shares, quotas, strict=True))
        good &= all(abs(112 * s - f) <= half for s, f in zip(shares, fees, strict=True))
        fitting += [tenths / 10] * good
    assert fitting == [323.0]


# --- the claims -----------------------------------------------------------------------


def test_nothing_differs_without_a_reason() -> None:
    assert Counter(claim.verdict for claim in found().values()) == {
        "reproduced": 51,
        "erratum": 14,
        "shown": 12,
    }
    assert all(claim.note for claim in found().values() if claim.verdict == "erratum")


def test_there_is_a_claim_for_every_cell_of_the_four_tables() -> None:
    cells = Counter(claim.source[-7:] for claim in found().values() if claim.printed)
    assert cells["Table 1"] == 3
    assert cells["Table 2"] == 16
    assert cells["Table 3"] == 16
    assert cells["Table 4"] >= 16
    for station in STATIONS:
        assert {f"demand.{station}", f"quota.{station}", f"fee.{station}"} <= set(found())
        assert f"payment.{station}" in found()


def test_printed_numbers_are_those_of_the_tables() -> None:
    for number, column, name in (
        (2, "initial_quota_kw", "quota"),
        (4, "fee_token", "fee"),
        (4, "payment_token", "payment"),
    ):
        for row in table(number):
            assert found()[f"{name}.{row['station']}"].printed == row[column]


def test_the_errata() -> None:
    errata = {name: c.computed for name, c in found().items() if c.verdict == "erratum"}
    assert errata["margin"] == "323"
    assert (errata["payment.B"], errata["payment.C"]) == ("149.5", "-151.8")
    assert errata["payment.sum"] == "0"
    assert sum(name.startswith("fee.half_hour.") for name in errata) == 8
    assert found()["unit.table_3"].computed == "B, D, E, G; read as kW: none"
    assert found()["default"].computed == "C, F, H"
    assert found()["cleared"].computed == "20.6"


def test_the_dataset_lists_the_errata_too() -> None:
    listed = datasets.about("charging_quota")["errata"]
    assert all({"where", "printed", "repaired", "reason"} == set(each) for each in listed)
    assert "323 kW" in {each["repaired"] for each in listed}


def test_an_evening_of_another_margin_disagrees_with_the_tables() -> None:
    other = claims(rehearse(margin=330))
    differing = {claim.id for claim in other if claim.verdict == "differs"}
    assert {f"charging_quota.quota.{station}" for station in STATIONS} <= differing


# --- the evening ----------------------------------------------------------------------


@pytest.mark.parametrize("rule", AUCTION_RULES)
@pytest.mark.parametrize("minutes", [30, 60])
def test_a_rehearsal_gives_the_rows_of_the_chain(rule: str, minutes: int) -> None:
    terms = Terms(minutes=minutes)
    assert run(343, rule, terms).rows == rehearse(343, rule, terms).rows


def test_the_chain_can_be_saved_and_checked_by_anybody(tmp_path: Path) -> None:
    network = evening().network
    assert network is not None
    saved.save(network.chain, tmp_path / "evening.json")
    loaded = saved.load(tmp_path / "evening.json", CONTRACTS, check_work)
    assert loaded.head == network.chain.head
    assert loaded.state.balance(ENERGY_TOKEN, VAULT) == 0


@pytest.mark.parametrize("margin", [0, 1, 50, 322, 323, "323.5", 389, 390, 500])
@pytest.mark.parametrize("rule", AUCTION_RULES)
def test_every_evening_adds_up(margin: int | str, rule: str) -> None:
    played = rehearse(margin, rule)
    fees = sum(row.fee + row.penalty for row in played.rows)
    assert sum(row.change for row in played.rows) == -fees
    assert sum(row.payment for row in played.rows) == 0
    assert sum(row.traded for row in played.rows) == 0
    assert sum(row.quota for row in played.rows) <= played.margin or float(margin) >= 390
    for row in played.rows:
        assert row.change == -row.payment - row.fee - row.penalty
        assert row.withdrawn == row.deposit + row.change
        assert row.quota == row.initial + row.traded
        assert row.penalty == 0


def test_a_margin_for_all_demand_skips_the_auction() -> None:
    met = rehearse(390)
    assert met.satisfaction == 1
    assert all(row.initial == row.demand == row.load for row in met.rows)
    assert {row.side for row in met.rows} == {""}


def test_who_charges_more_than_its_quota_pays_the_penalty() -> None:
    quota = rehearse().row("H").quota
    row = rehearse(loads={"H": quota + 10**6}).row("H")
    assert row.penalty == 224_000
    assert row.fee == rehearse().row("H").fee + 112_000


def test_overstating_one_s_demand_pays_off_in_this_mechanism() -> None:
    """The weakness that the contract's text admits: a seller that doubles its demand sells
    quota that it was given for nothing.
    """
    honest = published_plans()
    liar = tuple(
        Plan("H", 2 * plan.demand, "sell", 2 * plan.quantity, plan.price)
        if plan.station == "H"
        else plan
        for plan in honest
    )
    load = {"H": rehearse().row("H").load}
    assert (
        rehearse(plans=liar, loads=load).row("H").change
        > rehearse(plans=honest, loads=load).row("H").change
    )


def test_records_are_for_people() -> None:
    record = evening().records()[1]
    assert record["station"] == "B"
    assert record["demand_kw"] == pytest.approx(48)
    assert record["traded_kwh"] == 6.5
    assert record["payment_tokens"] == 149.5
    assert "last_pair_midpoint" in repr(evening())
    with pytest.raises(KeyError):
        evening().row("Z")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"margin": -1}, "the margin is 0 kW or more"),
        ({"margin": "much"}, "expected a number"),
        ({"rule": "by height"}, "pairwise_midpoint or last_pair_midpoint, not 'by height'"),
        ({"terms": Terms(minutes=45)}, "counts 30 or 60 minutes"),
        ({"terms": Terms(token_rate=0)}, "a token is worth more than 0"),
        ({"plans": [Plan("meter", 1)]}, "none is operator or meter"),
        ({"plans": [Plan("A", 1), Plan("A", 1)]}, "a name of its own"),
        ({"plans": [Plan("A", 0)]}, "demand: expected a whole number from 1"),
    ],
)
def test_senseless_terms_are_refused_in_a_sentence(given: dict, sentence: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(BadInput, match=sentence):
        rehearse(**given)


def test_every_station_opens_with_the_same_tokens() -> None:
    network = evening().network
    assert network is not None
    stations = [network.balance(name, ENERGY_TOKEN) for name in STATIONS]
    changes = [evening().row(name).change for name in STATIONS]
    assert stations == [OPENING_TOKENS + change for change in changes]
