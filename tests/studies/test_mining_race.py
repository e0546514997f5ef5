"""The runs are real hashes, the races are fair, and the miner's first find is `mine`'s."""

from dataclasses import replace
from itertools import pairwise

import pytest

from energychain.consensus.work import check_work, mine, target_for
from energychain.ledger.block import Block
from energychain.ledger.chain import InvalidSeal
from energychain.studies.mining_race import (
    MOST_RACES,
    TRIES,
    Race,
    Run,
    hash_run,
    races,
    two_runs,
)

RUNS = two_runs()


# --- runs -----------------------------------------------------------------------------


@pytest.mark.parametrize("run", RUNS, ids=["miner 1", "miner 2"])
@pytest.mark.parametrize("bits", [4, 8, 12])
def test_the_first_good_nonce_is_the_one_that_mine_finds(run, bits):
    header = replace(run.header, target=target_for(bits))  # part of what is hashed
    tried = Run(header, hash_run(header, 1 << 14)[0])
    assert tried.good(bits)[0] == mine(Block(header, ())).header.nonce


@pytest.mark.parametrize("run", RUNS, ids=["miner 1", "miner 2"])
def test_zeros_are_those_of_the_headers_hash(run):
    for nonce in (0, 1, 500, TRIES - 1):
        number = int.from_bytes(replace(run.header, nonce=nonce).hash, "big")
        assert run.zeros[nonce] == 256 - number.bit_length()


@pytest.mark.parametrize("run", RUNS, ids=["miner 1", "miner 2"])
def test_every_good_nonce_is_accepted_by_the_rule_and_its_neighbours_are_not(run):
    good = run.good(8)
    header = run.header
    assert header.target == target_for(8)
    for nonce in good[:20]:
        check_work(replace(header, nonce=nonce))
    bad = next(nonce for nonce in range(TRIES) if nonce not in good)
    with pytest.raises(InvalidSeal):
        check_work(replace(header, nonce=bad))


def test_the_miners_differ_in_nothing_but_who_is_paid():
    one, two = (run.header for run in RUNS)
    assert one.miner != two.miner
    assert replace(one, miner=two.miner, state_root=two.state_root) == two


@pytest.mark.parametrize("bits", range(4, 12))
def test_tries_add_up_and_have_the_mean_of_chance(bits):
    for run in RUNS:
        tries, good = run.tries(bits), run.good(bits)
        assert sum(tries) == good[-1] + 1
        assert min(tries) >= 1
        # Finds among so many tries are binomial: five standard deviations.
        expected = TRIES / 2**bits
        assert abs(len(tries) - expected) < 5 * expected**0.5


def test_a_shown_hash_is_the_headers():
    run = RUNS[0]
    nonce = run.good(10)[0]
    assert replace(run.header, nonce=nonce).hash.hex().startswith(run.hash_of(nonce))


# --- races ----------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [4, 6, 10, 16])
@pytest.mark.parametrize("speed", [1, 3, 8])
def test_races_go_on_where_the_last_one_ended(bits, speed):
    played = races(RUNS, bits, speed)
    assert 1 <= len(played) <= MOST_RACES
    for race, following in pairwise(played):
        assert race.decided
        for place in (0, 1):
            # Nothing good was passed over but the find that ended the race.
            passed = range(race.begun[place], following.begun[place])
            good = [n for n in passed if RUNS[place].zeros[n] >= bits]
            assert len(good) <= (1 if race.winners[place] else 0)


def test_the_winner_is_who_needs_less_time():
    race = Race((0, 0), (10, 30), (100, 100), 2)
    assert race.moments == (20, 30)
    assert race.spent == (10, 20)
    assert race.winners == (True, False)
    assert replace(race, speed=3).winners == (True, True)
    assert replace(race, speed=4).winners == (False, True)


def test_a_run_that_ends_leaves_a_race_open_unless_the_other_was_first():
    assert not Race((0, 0), (None, None), (5, 5), 1).decided
    assert Race((0, 0), (4, None), (5, 5), 1).winners == (True, False)
    assert not Race((0, 0), (4, None), (5, 5), 2).decided  # the second may have been first


def test_twice_the_speed_wins_two_of_three():
    played = [race for race in races(RUNS, 6, 2) if race.decided]
    won = sum(race.winners == (False, True) for race in played)
    n, share = len(played), 2 / 3
    assert abs(won - n * share) < 4 * (n * share * (1 - share)) ** 0.5
