"""The claims of the two-stage market: what each says, measured again by other means."""

import numpy as np
import pytest

from energychain.studies import STUDIES, load_shifting_claims
from energychain.studies.claims import Claim
from energychain.studies.community import UNIT
from energychain.studies.load_shifting import SHARES
from energychain.studies.load_shifting_claims import DAY, SHARE, Sample, claims, spread

SAMPLE = Sample(every=50, seeds=4)
"""Fewer days and seeds than the claims have, for the sake of time."""


@pytest.fixture(scope="module")
def found() -> dict[str, Claim]:
    return {claim.id.removeprefix("load_shifting."): claim for claim in claims(SAMPLE)}


def middle(claim: Claim) -> float:
    """The median, which a spread begins with."""
    return float(claim.computed.split()[0])


def test_the_study_is_registered() -> None:
    assert STUDIES["load_shifting"] is load_shifting_claims.claims


def test_every_claim_is_explained_and_has_a_name_of_its_own(found: dict[str, Claim]) -> None:
    errata = {"settlement", "funds", "symbols", "discount"}
    assert {name for name, claim in found.items() if claim.verdict == "erratum"} == errata
    assert {claim.verdict for claim in found.values()} == {"erratum", "shown"}
    assert len(found) == len(claims(Sample(every=200, seeds=2)))
    assert all(claim.computed and claim.source for claim in found.values())


def test_a_spread_is_median_least_and_greatest() -> None:
    values = [3.0, -0.001, None, 10.0, 4.0]
    assert str(spread(values)) == "3.50 (0.00 to 10.00)"


def test_days_of_every_season_and_weekday_are_measured() -> None:
    days = {homes.times[0][:10] for homes in Sample().days}
    when = [np.datetime64(day) for day in days]
    assert len(days) == 31
    assert {int(day.astype(int)) % 7 for day in when} == set(range(7))
    assert {int(day.astype("datetime64[M]").astype(int)) % 12 for day in when} == set(range(12))


def test_price_follows_demand_only_without_sun(found: dict[str, Claim]) -> None:
    correlations = [
        np.corrcoef(done.price, done.community.load.sum(axis=0))[0, 1]
        for done in SAMPLE.by_share[0]
    ]
    assert middle(found["follows.days"]) == pytest.approx(np.median(correlations), abs=0.006)
    assert middle(found["follows.dark"]) > middle(found["follows.days"])


@pytest.mark.parametrize("share", SHARES[1:])
def test_the_profile_is_less_flat_the_more_answer(found: dict[str, Claim], share: float) -> None:
    loads = [done.load.sum(axis=0) / UNIT for done in SAMPLE.by_share[share]]
    ratios = [load.max() / load.mean() for load in loads]
    assert middle(found[f"flat.par.{share:.0%}"]) == pytest.approx(np.median(ratios), abs=0.006)
    assert middle(found[f"flat.par.{share:.0%}"]) > middle(found["flat.before"])


def test_a_quota_and_an_iterated_price_flatten_it(found: dict[str, Claim]) -> None:
    for cure in ("quota", "iterated"):
        ratio, deviation = found[f"flat.if.{cure}"].computed.split("), ")
        assert float(ratio.split()[0]) < middle(found["flat.before"])
        assert float(deviation.split()[0]) < 0.7


def test_costs_are_the_aggregators_where_there_is_no_surplus(found: dict[str, Claim]) -> None:
    assert found["close.cost.dark"].computed == "0.00 (0.00 to 0.00)"
    gaps = [100 * (done.after.cost / done.optimum.cost - 1) for done in SAMPLE.usual]
    assert middle(found["close.cost.days"]) == pytest.approx(np.median(gaps), abs=0.006)
    assert middle(found["close.cost.again"]) <= middle(found["close.cost.seeds"])


def test_averages_are_nearly_enough_and_half_a_report_is_not(found: dict[str, Claim]) -> None:
    assert middle(found["private.averages"]) < 0.1 < middle(found["private.reports"])


def test_alpha_and_bids_do_not_move_a_price_that_is_set_outside(found: dict[str, Claim]) -> None:
    hours = sum(len(done.price) for done in SAMPLE.usual)
    assert found["alpha"].computed == f"0 of {hours}"
    assert found["learners.50%"].computed == "0 of 24"


def test_the_printed_settlement_serves_nobody(found: dict[str, Claim]) -> None:
    assert found["settlement"].computed.startswith("0 of ")
    assert DAY.isoformat() in found["settlement"].quantity
    assert SHARE == 0.6
