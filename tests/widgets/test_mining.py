"""The explorer shows the races of the two runs, and keeps their score."""

import pytest
from explorers import assert_asks, assert_keeps, kept

from energychain.charts import theme
from energychain.studies.mining_race import races, two_runs
from energychain.widgets.mining import LEAST_BITS, MOST_BITS, RACES, MiningExplorer

RUNS = two_runs()


def test_it_asks_a_question_and_has_few_controls():
    assert_asks(MiningExplorer())


def test_what_a_notebook_keeps():
    assert_keeps(MiningExplorer())


@pytest.mark.parametrize(("name", "value"), [("bits", 6), ("speed", 5), ("race", 3)])
def test_every_control_changes_what_is_shown_and_reset_takes_it_back(name, value):
    explorer = MiningExplorer()
    before, words = kept(explorer)[theme.VEGALITE], (explorer.status, repr(explorer))
    explorer.controls[name].value = value
    assert kept(explorer)[theme.VEGALITE] != before
    assert (explorer.status, repr(explorer)) != words
    explorer.reset()
    assert kept(explorer)[theme.VEGALITE] == before
    assert (explorer.status, repr(explorer)) == words


@pytest.mark.parametrize("bits", range(LEAST_BITS, MOST_BITS + 1))
def test_every_difficulty_can_be_shown(bits):
    explorer = MiningExplorer()
    explorer.controls["bits"].value = bits
    explorer.controls["race"].value = RACES
    assert f"With {bits} bits, one try in {2**bits:,} succeeds" in explorer.status


def test_a_race_that_did_not_take_place_is_said():
    explorer = MiningExplorer()
    explorer.controls["bits"].value = 14
    explorer.controls["race"].value = RACES
    played = [race for race in races(RUNS, 14, 2) if race.decided]
    assert len(played) < RACES
    assert f"in race {len(played)} (the last: there are no {RACES})" in explorer.status


def test_the_code_tells_the_same_score(capsys):
    explorer = MiningExplorer()
    *lines, last = explorer.code.splitlines()
    names = {}
    exec("\n".join([*lines, f"made = {last}"]), names)
    assert names["made"].to_dict() == explorer.view.charts[1].to_dict()
    printed = capsys.readouterr().out
    played, won = int(printed.split()[0]), int(printed.split()[-1])
    assert f"Of {played} races miner 2 won {won}" in explorer.status
