"""Lines are cut by hand where a scale ends, and a key shows what is drawn."""

from itertools import pairwise
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energychain.charts.marks import AREA, DOT, LINE, down_to, key

LEAST = 1e-3
heights = st.lists(st.floats(-9, 3).map(lambda power: 10.0**power), min_size=1, max_size=12)


@given(heights)
def test_nothing_is_below_the_least_and_nothing_above_is_lost(values):
    points = [{"n": n, "p": value} for n, value in enumerate(values)]
    kept = down_to(points, "n", "p", LEAST)
    assert all(row["p"] >= LEAST for row in kept)
    assert [row for row in kept if row["p"] > LEAST] == [row for row in points if row["p"] > LEAST]
    assert all(before["n"] <= after["n"] for before, after in pairwise(kept))


@pytest.mark.parametrize("values", [(1.0, 1e-9), (1e-9, 1.0), (5.0, 2e-4, 3.0)])
def test_a_cut_lies_on_the_line_and_at_the_least(values):
    points = [{"n": n, "p": value} for n, value in enumerate(values)]
    cuts = [row for row in down_to(points, "n", "p", LEAST) if row["p"] == LEAST]
    assert len(cuts) == len(values) - 1
    for n, cut in enumerate(cuts):
        part = cut["n"] - n
        level = (1 - part) * log(values[n]) + part * log(values[n + 1])
        assert level == pytest.approx(log(LEAST), abs=1e-4)


@pytest.mark.parametrize(("what", "mark"), [(LINE, "rule"), (AREA, "rect"), (DOT, "point")])
def test_a_key_shows_what_is_drawn(what, mark):
    patch, words = (layer.to_dict() for layer in key([("measured", what, "#0072b2", (1, 0))]))
    assert patch["mark"]["type"] == mark
    assert words["encoding"]["text"] == {"value": "measured"}
