"""Sealed days are sealed, changed ones are changed as they say, and the true home is a suspect."""

import pytest

from energychain.primitives.encoding import decode
from energychain.primitives.encryption import NotForYou
from energychain.primitives.keys import derive
from energychain.studies import privacy
from energychain.studies.published_days import (
    CLEAR,
    ENCRYPTED,
    PADDED,
    homes,
    published,
    sealed_days,
    suspects,
)


@pytest.mark.parametrize("count", (5, 10, 40))
def test_homes_are_as_many_as_wanted(count):
    days = homes(count)
    assert days.homes == count
    assert days.origin == ("SimBench" if count == 5 else "synthetic")


def test_what_is_published_is_changed_as_it_says():
    plain, wide = published(5), published(5, interval=24)
    assert wide.seen.sum() == pytest.approx(plain.seen.sum())
    assert (published(5, noise=0.1).known == plain.known).all()
    assert (published(5, noise=0.1).seen != plain.seen).all()
    assert (published(5, how=ENCRYPTED).seen == privacy.lengths(plain).seen).all()
    assert published(5, how=PADDED).seen.min() == published(5, how=PADDED).seen.max()
    assert (published(5, how=CLEAR).seen == plain.seen).all()


def test_suspects_are_all_homes_and_one_is_the_true_one():
    rows = suspects(homes(5), home=2)
    assert [row["home"] for row in rows] == list(privacy.HOUSEHOLDS)
    assert [row["home"] for row in rows if row["truth"]] == ["H0-C"]
    day, known = homes(5).seen[2, 0], homes(5).known[4]
    assert rows[4]["distance"] == pytest.approx(min(abs(day - each).sum() for each in known))


def test_a_pseudonym_that_is_kept_adds_up():
    one, week = (suspects(homes(10), kept=kept)[3]["distance"] for kept in (1, 7))
    by_day = privacy.distances(homes(10))[0, :, 3]
    assert (one, week) == (pytest.approx(by_day[0]), pytest.approx(by_day.sum()))


# --- sealed days ----------------------------------------------------------------------


def test_days_are_sealed_for_those_who_were_chosen():
    reader, other = derive("a test", "reader"), derive("a test", "other")
    board = sealed_days([reader.public])
    signed = list(board.chain.validate().transactions())
    assert len({each.sender for each in signed}) == len(signed) == 6
    day, readings = decode(privacy.opened(signed[3], reader, "day 1"))
    own = privacy.simbench_homes(60).seen[privacy.HOUSEHOLDS.index("H0-C"), 1]
    assert (day, readings) == ("day 1", tuple(round(1e6 * x) for x in own))
    with pytest.raises(NotForYou):
        privacy.opened(signed[3], other, "day 1")


def test_padded_days_are_of_one_length():
    reader = derive("a test", "reader").public
    sizes = {
        size: {
            len(s.transaction.arguments[0])
            for s in sealed_days([reader], size).chain.transactions()
        }
        for size in (0, 400)
    }
    assert len(sizes[0]) > 1
    assert len(sizes[400]) == 1
