"""One liar too many under random schedules, and five protocols in a network that is cut."""

import pytest

from energychain.studies.consensus import AUTHORITY, CENTRAL, PBFT, STAKE, WORK, Setting
from energychain.studies.consensus_limits import broken_rows, cut, cut_rows


def test_safety_is_lost_with_one_liar_too_many_and_never_before():
    few, many = broken_rows(sizes=(4,), runs=10)
    assert (few["liars"], few["broken"]) == (1, 0)
    assert (many["liars"], many["replicas"]) == (2, 4)
    assert many["broken"] > 0


@pytest.fixture(scope="module")
def eight_and_four():
    return {row["protocol"]: row for row in cut_rows(8, Setting(rounds=2))}


def test_a_cut_ledger_goes_on_or_is_sure(eight_and_four):
    assert all(row["larger side"] == row["handed in"] for row in eight_and_four.values())
    for name in (WORK, STAKE):
        row = eight_and_four[name]
        assert row["smaller side"] > 0
        assert row["taken back"] > 0
        assert row["two stories"]
    for name in (CENTRAL, AUTHORITY, PBFT):
        row = eight_and_four[name]
        assert (row["smaller side"], row["taken back"], row["two stories"]) == (0, 0, False)


@pytest.mark.parametrize("protocol", [AUTHORITY, PBFT])
def test_two_equal_halves_wait(protocol):
    _, row = cut(protocol, 6, Setting(rounds=2))
    assert (row["larger side"], row["smaller side"]) == (0, 0)
