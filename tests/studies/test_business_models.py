"""Four business models, played: what must be true of any such case, and of ours."""

import subprocess
import sys
from collections.abc import Sequence

import pytest

from energychain.contracts.roles import ROLES, TABLE
from energychain.studies import STUDIES
from energychain.studies.business_models import (
    AGREED,
    BASE,
    BID,
    CARS,
    CHARGE,
    CHARGE_HOURS,
    DESIGNS,
    EURO,
    EXPECTED,
    FEED_IN,
    HIGHEST,
    HOMES,
    HOURS,
    KWH,
    LACKING,
    MWH,
    OFFERS,
    RETAIL,
    SELLERS,
    SPOTS,
    STAKES,
    Row,
    aggregator_auction,
    border_checks,
    crowdsale,
    evening,
    flexibility_call,
    hedge,
    indirect_control,
    with_retailer,
)
from energychain.studies.business_models_claims import claims

CLAIMS = {claim.id: claim for claim in claims()}


def numbers(rows: Sequence[Row], name: str) -> list[int]:
    return [int(row[name]) for row in rows]


# --- the evening ----------------------------------------------------------------------


@pytest.mark.parametrize("design", DESIGNS)
def test_nobody_is_worse_off_than_with_the_retailer_alone(design: str) -> None:
    gains = numbers(evening(design).rows, "gain")
    assert min(gains) > 0
    assert len(gains) == len(HOMES)


@pytest.mark.parametrize("design", DESIGNS)
def test_all_gains_come_from_energy_that_no_longer_goes_round_by_the_retailer(design: str) -> None:
    """Each kWh between neighbours saves the retailer's margin, once: nothing else can."""
    found = evening(design)
    between = (found.outside_alone - found.outside) // 2
    total = sum(numbers(found.rows, "gain")) + found.manager
    assert abs(total * KWH - between * (RETAIL - FEED_IN)) <= len(HOMES) * len(HOURS) * KWH


@pytest.mark.parametrize("design", DESIGNS)
def test_all_that_can_be_matched_is_matched(design: str) -> None:
    """In each hour what the street as a whole lacks or has left, and no more, goes outside."""
    nets = [[home.net[slot] for home in HOMES] for slot in range(len(HOURS))]
    least = sum(abs(sum(net)) for net in nets)
    assert evening(design).outside == least
    assert evening(design).outside_alone == sum(abs(n) for net in nets for n in net)


@pytest.mark.parametrize("design", DESIGNS)
def test_alone_is_what_the_retailer_bills(design: str) -> None:
    for home, row in zip(HOMES, evening(design).rows, strict=True):
        bill = sum(-n * (RETAIL if n < 0 else FEED_IN) // KWH for n in home.net)
        assert row["alone"] == bill == with_retailer(home.net)
        assert int(row["alone"]) - int(row["cost"]) == row["gain"]


def test_neighbours_trade_between_the_retailers_prices_and_a_community_has_none() -> None:
    for design in ("full", "hybrid"):
        assert all(FEED_IN <= price <= RETAIL for price in evening(design).prices)
        assert evening(design).prices
    assert evening("community").prices == ()
    assert evening("community").manager == 0


# --- the call -------------------------------------------------------------------------


def test_the_call_resolves_the_overload_with_the_cheapest_and_no_more() -> None:
    call = flexibility_call()
    assert call.resolved
    assert call.load == HIGHEST
    wanted = EXPECTED - HIGHEST
    for row in sorted(call.rows, key=lambda row: int(row["asked"])):
        took = min(wanted, SELLERS[str(row["seller"])][1])
        assert row["booked"] == row["delivered"] == took
        assert row["paid"] == took * call.price // KWH
        wanted -= took
    assert wanted == 0


@pytest.mark.parametrize("per_cent", [0, 25, 50, 99])
def test_who_delivers_a_part_is_paid_that_part_and_the_overload_stays(per_cent: int) -> None:
    call, full = flexibility_call(per_cent), flexibility_call()
    battery, before = call.rows[1], full.rows[1]
    assert int(battery["delivered"]) == int(before["delivered"]) * per_cent // 100
    assert int(battery["paid"]) == int(before["paid"]) * per_cent // 100
    assert not call.resolved
    assert call.load == HIGHEST + int(before["delivered"]) - int(battery["delivered"])


# --- over the counter -----------------------------------------------------------------


def test_with_a_forward_the_hour_costs_what_was_agreed() -> None:
    rows = hedge()
    assert numbers(rows, "unhedged") == [spot * MWH // KWH for spot in SPOTS]
    assert numbers(rows, "hedged") == [AGREED * MWH // KWH] * len(SPOTS)


def test_with_a_small_margin_the_risk_beyond_it_stays() -> None:
    margin = AGREED * MWH // KWH // 10
    for row in hedge(margin=10):
        spot = int(row["unhedged"])
        difference = max(-margin, min(margin, spot - AGREED * MWH // KWH))
        assert int(row["hedged"]) == spot - difference
    assert len(set(numbers(hedge(margin=10), "hedged"))) > 1


def test_each_trade_is_checked_and_the_order_decides_who_is_refused() -> None:
    border = border_checks()
    assert (border.checks, border.pool_checks) == (len(border.rows), 1)
    flow = 0
    for row in border.rows:
        step = int(row["energy"]) * (1 if row["way"] == "north to south" else -1)
        fits = abs(flow + step) <= border.capacity
        assert row["became"] == ("done" if fits else "refused")
        flow += step if fits else 0
    assert "refused" in {row["became"] for row in border.rows}
    assert abs(border.pool_flow) <= border.capacity, "all of them together would fit"


# --- the crowdsale --------------------------------------------------------------------


def test_a_reached_goal_pays_out_and_a_missed_one_pays_back() -> None:
    raised = sum(STAKES.values())
    profits = (300 * EURO, 500 * EURO + 1)
    reached, missed = crowdsale(raised, profits), crowdsale(raised + 1)
    shared = sum(profit * 400 // 1000 for profit in profits)
    assert reached.reached
    assert sum(numbers(reached.rows, "back")) == shared
    assert reached.owner == raised - shared
    for row, stake in zip(reached.rows, STAKES.values(), strict=True):
        assert abs(int(row["back"]) * raised - shared * stake) < len(profits) * raised
    assert not missed.reached
    assert numbers(missed.rows, "back") == list(STAKES.values())
    assert missed.owner == 0
    for sale in (reached, missed):
        assert sale.in_vault == 0
        assert "until the goal is reached" in sale.early
        assert "nothing" in sale.again or "no money" in sale.again


# --- indirect control -----------------------------------------------------------------


def test_every_way_of_charging_takes_the_same_energy() -> None:
    rows = indirect_control()
    for name in ("at home", "tariff", "direct"):
        assert sum(numbers(rows, name)) == sum(BASE) + CARS * CHARGE * CHARGE_HOURS
        assert all(load >= base for load, base in zip(numbers(rows, name), BASE, strict=True))


def test_a_tariff_that_all_follow_makes_a_new_peak_and_one_operator_makes_none() -> None:
    rows = indirect_control()
    at = {name: numbers(rows, name) for name in ("at home", "tariff", "direct")}
    assert max(at["tariff"]) > max(BASE)
    assert at["tariff"].index(max(at["tariff"])) != BASE.index(max(BASE))
    assert max(at["direct"]) == max(BASE)


# --- the aggregator's auction ---------------------------------------------------------


def test_the_cheapest_offers_below_the_bid_cover_it_and_the_aggregator_pays_least_by_offer() -> (
    None
):
    lacking = LACKING
    for name, (energy, price) in sorted(OFFERS.items(), key=lambda offer: offer[1][1]):
        row = next(row for row in aggregator_auction() if row["prosumer"] == name)
        took = min(energy, lacking) if price <= BID else 0
        assert (row["taken"], row["paid"]) == (took, took * price // KWH)
        lacking -= took
    assert lacking == 0
    costs = [sum(numbers(aggregator_auction(pay), "paid")) for pay in ("offer", "marginal", "bid")]
    assert costs == sorted(costs)
    assert costs[-1] == LACKING * BID // KWH


# --- the claims -----------------------------------------------------------------------


def test_every_claim_is_shown_says_where_it_stands_and_has_a_figure() -> None:
    assert len(CLAIMS) == len(claims())
    for claim in CLAIMS.values():
        assert claim.verdict == "shown"
        assert claim.source.startswith("Shafie-khah (ed., 2020), chapter 5, section")
        assert claim.printed
        assert claim.computed
    assert {claim.id for claim in STUDIES["business_models"]()} == set(CLAIMS)


def test_the_figures_of_the_claims_are_those_of_the_cases() -> None:
    computed = {name.removeprefix("business_models."): c.computed for name, c in CLAIMS.items()}
    for design in DESIGNS:
        assert computed[f"gain.{design}"] == "8 of 8"
    assert computed["roles"].startswith(f"{len(ROLES)} roles, 6 platforms, {len(TABLE)} actions")
    assert computed["burden"] == "11.100000 instead of 38.500000"
    assert computed["new_peak"] == "63 at 22:00"
    assert computed["overload"] == "60.000000 of at most 60.000000"
    assert computed["hedge"] == "50.000000"
    assert computed["margin"] == "37.000000 to 68.000000"
    assert computed["security"] == "5, in a pool 1"
    assert computed["profit"] == "486.000002 of 1215.000008"
    assert computed["coordination"] == "0.000000"


def test_another_hash_seed_gives_the_same_claims() -> None:
    script = (
        "from energychain.studies.business_models_claims import claims;"
        "from energychain.primitives.hashing import digest;"
        "print(digest(tuple(claims())).hex())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1
