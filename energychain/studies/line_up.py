"""
A line-up: a day of each of five homes under a pseudonym, and what is known of one of them.

Whoever compares the days with those that are known finds the home
(:mod:`energychain.studies.privacy`); by eye it is harder.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from energychain.studies import privacy
from energychain.studies.privacy import HOUSEHOLDS, Array
from energychain.studies.published_days import FIRST

SUSPECT = "H0-C"
DAY = 3
"""The line-up is of this day after the known ones."""


@dataclass(frozen=True, eq=False)
class LineUp:
    """Five days under pseudonyms, one of each home of SimBench, and what is known of one."""

    suspect: str
    known: Array
    """Days of the suspect, by day and hour [kWh]."""

    seen: Mapping[str, Array]
    """By pseudonym, in the order of their addresses: the hours of the day [kWh]."""

    homes: Mapping[str, str]
    """Whose each pseudonym is: what nobody but the homes should know."""

    def __repr__(self) -> str:
        return (
            f"<line-up: a day under each of {len(self.seen)} pseudonyms; {len(self.known)} known"
            f" days of {self.suspect}>"
        )


def line_up() -> LineUp:
    """A day in spring, and two weeks before it that are known of one home.

    >>> line_up()
    <line-up: a day under each of 5 pseudonyms; 14 known days of H0-C>
    """
    days = privacy.simbench_homes(FIRST)
    names = {
        privacy.pseudonym(f"{home}'s secret", f"day {FIRST + DAY}").public.address[:8]: home
        for home in HOUSEHOLDS
    }
    seen = {name: days.seen[HOUSEHOLDS.index(names[name]), DAY] for name in sorted(names)}
    return LineUp(SUSPECT, days.known[HOUSEHOLDS.index(SUSPECT)], seen, names)
