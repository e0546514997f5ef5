"""The exercises of lesson 03 agree with counting, with the formulas and with the protocol."""

from itertools import combinations

import pytest

from energychain.consensus.double_spend import confirmations_for
from energychain.consensus.mining import stale_share
from energychain.consensus.pbft import most_faulty
from energychain.course.exercises import check, solution
from energychain.studies.pbft_talk import PRIMARIES, SILENT

CASES = [(primary, liar) for primary in PRIMARIES for liar in (False, True)]
every_case = pytest.mark.parametrize(("primary", "liar"), CASES)


def test_a_quorum_is_found_by_counting():
    names = {}
    exec(solution("03.quorum"), names)
    for n in range(3, 8):
        wanted = next(
            q
            for q in range(1, n + 1)
            if all(
                len({*one} & {*other}) > most_faulty(n)
                for one in combinations(range(n), q)
                for other in combinations(range(n), q)
            )
        )
        assert names["answer"](n) == wanted


@every_case
def test_only_two_silent_ones_stop_everything(primary, liar):
    right = check("03.stop", (primary, liar)).verdict == "right"
    assert right == ((primary, liar) == (SILENT, True))


@pytest.mark.parametrize("answer", ["silent", ("silent", 1), ("lazy", True), None])
def test_what_is_no_pair_is_told(answer):
    assert "expected a pair" in check("03.stop", answer).message


def test_waiting_is_confirmations_times_the_interval():
    assert check("03.wait", 15 * confirmations_for(0.2)).verdict == "right"


def test_waste_is_the_formulas():
    assert check("03.stale", 100 * stale_share(0.5, 2)).verdict == "right"
