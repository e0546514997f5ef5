"""Rows are the formulas, and races stand where they say something."""

import pytest

from energychain.consensus.double_spend import exact, nakamoto
from energychain.studies.double_spend_odds import MOST, odds_rows


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5])
def test_rows_are_the_formulas_and_the_chosen_number_is_simulated(share):
    rows = odds_rows(share, chosen=5, runs=500)
    assert [row["confirmations"] for row in rows] == list(range(MOST + 1))
    for row in rows[1:]:
        assert row["exact"] == exact(share, row["confirmations"])
        assert row["nakamoto"] == nakamoto(share, row["confirmations"])
        if row["simulated"] is not None:
            assert row["low"] <= row["exact"] <= row["high"]
    assert rows[5]["simulated"] is not None
