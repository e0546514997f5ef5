"""Halves that are cut apart build alone, and the lighter one's trades are un-settled."""

from itertools import pairwise

import pytest

from energychain.consensus.mining import stale_share
from energychain.ledger.chain import CONFIRMATIONS
from energychain.studies.forks import EAST, WEST
from energychain.studies.mining_network import (
    BOTH,
    INTERVAL,
    KWH,
    NOBODY,
    OWN,
    UNTIL,
    played,
    stale_rows,
)

every_course = pytest.mark.parametrize(("latency_s", "cut_s"), [(0.0, 0), (0.5, 120), (5.0, 240)])


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
    assert {row["followed_by"] for row in seen.tree(UNTIL)} == {BOTH}
    assert {row["lane"] for row in seen.tree(UNTIL)} == {0}


def test_during_a_cut_each_half_builds_alone_and_afterwards_one_branch_is_orphaned():
    seen = played(0.5, 120)
    during = {row["followed_by"]: row["made_by"] for row in seen.tree(180)}
    assert (during[EAST], during[WEST]) == ("E", "W")
    after = seen.tree(UNTIL)
    assert {row["followed_by"] for row in after} == {BOTH, NOBODY}
    assert seen.chain(EAST, UNTIL) == seen.chain(WEST, UNTIL)


def test_unsettled_trades_were_settled_and_more_confirmations_save_them():
    seen = played(0.5, 120)
    lost = [len(seen.unsettled(EAST, UNTIL, z)) for z in range(1, CONFIRMATIONS + 1)]
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
            own = OWN[half] & seen.settled(half, second, 2)
            assert row[half] == KWH * len(own)


def test_many_small_miners_waste_what_the_formula_says():
    for row in stale_rows(latencies=(0, 5), blocks=500):
        assert row["formula"] == stale_share(row["latency_s"], INTERVAL)
        assert row["measured"] == pytest.approx(row["formula"], abs=0.04)
