"""Nakamoto's printed tables, and what the testbed's twelve confirmations are worth."""

from collections import Counter

import pytest

from energychain.consensus.double_spend import rosenfeld
from energychain.ledger.chain import CONFIRMATIONS
from energychain.studies import STUDIES
from energychain.studies.double_spend_claims import NEEDED, claims

FOUND = claims()
CLAIMS = {claim.id.removeprefix("double_spend."): claim for claim in FOUND}

EXACTLY = {
    "0.10": 6, "0.15": 9, "0.20": 13, "0.25": 20, "0.30": 32, "0.35": 58, "0.40": 133, "0.45": 539
}  # fmt: skip
"""Confirmations for less than 0.1 %, after Grunspan & Pérez-Marco (2018)."""


def test_both_printed_tables_are_reproduced_to_the_last_digit() -> None:
    assert Counter(claim.verdict for claim in FOUND) == {
        "reproduced": 11 + 11 + 8,
        "erratum": 8,
        "shown": 6,
    }
    assert len(CLAIMS) == len(FOUND)
    assert {claim.id for claim in STUDIES["double_spend"]()} == {claim.id for claim in FOUND}
    printed = [c for c in FOUND if c.id.startswith("double_spend.probability.")]
    assert {claim.verdict for claim in printed} == {"reproduced"}


@pytest.mark.parametrize("share", NEEDED)
def test_the_confirmations_that_are_needed_exactly(share: str) -> None:
    claim = CLAIMS[f"needed_exactly.{share}"]
    assert claim.verdict == "erratum"
    assert int(claim.computed) == EXACTLY[share] > int(claim.printed)
    after = 100 * rosenfeld(float(share), int(claim.printed))
    assert after > 0.1
    assert f"{after:.4f}%" in claim.note


def test_the_testbed_s_confirmations_hold_a_tenth_and_not_a_fifth() -> None:
    chances = {s: float(CLAIMS[f"testbed.{s}"].computed) for s in ("0.1", "0.2", "0.3", "0.4")}
    for share, chance in chances.items():
        assert chance == pytest.approx(rosenfeld(float(share), CONFIRMATIONS), abs=5e-8)
    assert [share for share, chance in chances.items() if chance < 0.001] == ["0.1"]
    assert CLAIMS["testbed.0.3"].note.startswith("32 confirmations")


def test_one_of_two_miners_is_always_able_to() -> None:
    claim = CLAIMS["testbed.one_miner"]
    assert claim.computed == "1"
    assert "one of the 2 miners" in claim.quantity
