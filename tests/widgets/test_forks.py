"""The explorers follow the simulation and the formulas, and tell what happens in words."""

from itertools import pairwise

import pytest
from explorers import (
    assert_asks,
    assert_code_leads_to_the_charts,
    assert_keeps,
    assert_moves_and_resets,
)

from energychain.charts.forks import BOTH, EAST, NOBODY, WEST
from energychain.consensus.double_spend import confirmations_for, exact, nakamoto
from energychain.consensus.mining import stale_share
from energychain.ledger.chain import CONFIRMATIONS
from energychain.widgets import forks
from energychain.course.exercises import check
from energychain.widgets.forks import DoubleSpendExplorer, ForkExplorer, odds_rows, played

EXPLORERS = {"forks": ForkExplorer, "double spend": DoubleSpendExplorer}
every_explorer = pytest.mark.parametrize("make", EXPLORERS.values(), ids=EXPLORERS)
every_course = pytest.mark.parametrize(("latency_s", "cut_s"), [(0.0, 0), (0.5, 120), (5.0, 240)])


@every_explorer
def test_it_asks_a_question_and_has_few_controls(make):
    assert_asks(make())


@every_explorer
def test_what_a_notebook_keeps(make):
    assert_keeps(make())


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (ForkExplorer, "cut_s", 60),
        (ForkExplorer, "latency_s", 5.0),
        (ForkExplorer, "confirmations", 3),
        (ForkExplorer, "second", 300),
        (DoubleSpendExplorer, "share", 0.3),
        (DoubleSpendExplorer, "confirmations", 3),
        (DoubleSpendExplorer, "runs", 200),
    ],
)
def test_every_control_changes_what_is_kept_and_shown_and_reset_takes_it_back(make, name, value):
    assert_moves_and_resets(make(), name, value)


@pytest.mark.parametrize(
    ("make", "touch"),
    [
        (ForkExplorer, {}),
        (ForkExplorer, {"cut_s": 240, "latency_s": 2.0, "second": 400, "confirmations": 2}),
        (DoubleSpendExplorer, {}),
        (DoubleSpendExplorer, {"share": 0.52, "runs": 200}),
    ],
)
def test_the_code_leads_to_the_same_charts(make, touch):
    assert_code_leads_to_the_charts(make(), **touch)


# --- the tree -------------------------------------------------------------------------


@every_course
def test_a_half_follows_a_chain_and_every_block_has_a_place_of_its_own(latency_s, cut_s):
    seen = played(latency_s, cut_s)
    places = [(block.height, seen.lanes[block.digest]) for block in seen.blocks]
    assert len(set(places)) == len(places)
    for half in (EAST, WEST):
        for chain in seen.followed[half]:
            assert [block.height for block in chain] == list(range(len(chain)))
            assert all(above.parent == below.digest for below, above in pairwise(chain))


def test_without_latency_and_cut_there_are_no_forks():
    seen = played(0.0, 0)
    assert {row["followed_by"] for row in seen.tree(forks.UNTIL)} == {BOTH}
    assert {row["lane"] for row in seen.tree(forks.UNTIL)} == {0}


def test_during_a_cut_each_half_builds_alone_and_afterwards_one_branch_is_orphaned():
    seen = played(0.5, 120)
    during = {row["followed_by"]: row["made_by"] for row in seen.tree(180)}
    assert (during[EAST], during[WEST]) == ("E", "W")
    after = seen.tree(forks.UNTIL)
    assert {row["followed_by"] for row in after} == {BOTH, NOBODY}
    assert seen.chain(EAST, forks.UNTIL) == seen.chain(WEST, forks.UNTIL)


def test_unsettled_trades_were_settled_and_more_confirmations_save_them():
    seen = played(0.5, 120)
    lost = [len(seen.unsettled(EAST, forks.UNTIL, z)) for z in range(1, CONFIRMATIONS + 1)]
    assert lost[0] > 0 == lost[-1]
    assert lost == sorted(lost, reverse=True)
    before = seen.settled(EAST, 190, 1)
    assert seen.unsettled(EAST, 200, 1) <= before | seen.settled(EAST, 195, 1)
    assert not seen.unsettled(EAST, 190, 1)


def test_the_curve_is_what_is_settled():
    seen = played(0.5, 120)
    rows = seen.energy(300, 2)
    assert rows[-1]["minutes"] == 5
    for row in rows:
        second = round(60 * row["minutes"])
        for half in (EAST, WEST):
            own = forks.OWN[half] & seen.settled(half, second, 2)
            assert row[half] == forks.KWH * len(own)


def test_the_words_follow_the_time():
    explorer = ForkExplorer()
    assert "the east follows a chain of 5 blocks, the west one of 7" in explorer.status
    explorer.controls["second"].value = 300
    assert "had been settled and were un-settled" in explorer.status
    explorer.controls["confirmations"].value = CONFIRMATIONS
    assert explorer.status.endswith("No trade that was settled has been un-settled.")


def test_sliders_reach_what_surprises():
    controls = ForkExplorer().controls
    assert forks.CUT_FROM + controls["cut_s"].max < controls["second"].max
    assert controls["confirmations"].max == CONFIRMATIONS
    assert DoubleSpendExplorer().controls["share"].max > 0.5


def test_many_small_miners_waste_what_the_formula_says():
    for row in forks.stale_rows(latencies=(0, 5), blocks=500):
        assert row["formula"] == stale_share(row["latency_s"], forks.INTERVAL)
        assert row["measured"] == pytest.approx(row["formula"], abs=0.04)


# --- odds -----------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5])
def test_rows_are_the_formulas_and_the_chosen_number_is_simulated(share):
    rows = odds_rows(share, chosen=5, runs=500)
    assert [row["confirmations"] for row in rows] == list(range(forks.MOST + 1))
    for row in rows[1:]:
        assert row["exact"] == exact(share, row["confirmations"])
        assert row["nakamoto"] == nakamoto(share, row["confirmations"])
        if row["simulated"] is not None:
            assert row["low"] <= row["exact"] <= row["high"]
    assert rows[5]["simulated"] is not None


def test_the_status_tells_all_three_answers():
    explorer = DoubleSpendExplorer()
    explorer.controls["share"].value = 0.3
    assert explorer.status.startswith(
        "With 30 % of the power and 6 confirmations: 16 % exactly, 13 % by Nakamoto's formula."
    )
    assert "they exclude Nakamoto's number" in explorer.status
    assert explorer.status.endswith(f"takes {confirmations_for(0.3)} confirmations.")


# --- the exercises of lesson 03 -------------------------------------------------------


def test_waiting_is_confirmations_times_the_interval():
    assert check("03.wait", 15 * confirmations_for(0.2)).verdict == "right"


def test_waste_is_the_formulas():
    assert check("03.stale", 100 * stale_share(0.5, 2)).verdict == "right"
