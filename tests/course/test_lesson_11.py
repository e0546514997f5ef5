"""The exercise of the line-up can be solved, by one address only."""

from energychain.course.exercises import check
from energychain.studies.line_up import line_up


def test_only_the_suspects_address_is_right():
    lineup = line_up()
    for name, home in lineup.homes.items():
        expected = "right" if home == lineup.suspect else "wrong"
        assert check("11.home", name).verdict == expected
    assert "five addresses" in check("11.home", 3).message
