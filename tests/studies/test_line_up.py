"""The line-up has a day of each home, in no order that gives it away."""

from energychain.studies import privacy
from energychain.studies.line_up import line_up


def test_the_line_up_has_one_day_of_each_home():
    lineup = line_up()
    assert sorted(lineup.homes.values()) == list(privacy.HOUSEHOLDS)
    assert list(lineup.seen) == sorted(lineup.homes)
    assert [lineup.homes[name] for name in lineup.seen] != list(privacy.HOUSEHOLDS)
    assert lineup.known.shape == (14, 24)
