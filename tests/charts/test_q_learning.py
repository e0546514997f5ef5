"""Cells are estimates, frames are choices, stars are best responses, bands are confidence."""

import numpy as np
import pytest
from looks import assert_told, compiles, title

from energychain.agents.games import bandit
from energychain.agents.q_learning import heat_rows, learn_many, learning_curve
from energychain.charts import as_table
from energychain.charts import q_learning as charts

HISTORY = learn_many(bandit([1.0, 3.0, 2.0], noise=0.5), 80, range(6), keep=[1, 20])
STATES, ACTIONS = ["here"], ["a", "b", "c"]
TABLE = heat_rows(HISTORY, 80)
CURVE = learning_curve(HISTORY.rewards, window=10)
OWN = [{"episode": at, "worth": float(n)} for n, at in enumerate(HISTORY.kept)]

PICTURES = {
    "heat map": lambda: charts.heat_map(TABLE, STATES, ACTIONS, [1]),
    "heat map, nothing known": lambda: charts.heat_map(TABLE, STATES, ACTIONS),
    "heat map, hardly tried": lambda: charts.heat_map(heat_rows(HISTORY, 1), STATES, ACTIONS),
    "curve": lambda: charts.learning_curve(CURVE),
    "curve with all": lambda: charts.learning_curve(CURVE, known=3.0, own=OWN, episode=20),
}
every_picture = pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)


def datasets(picture):
    return list(picture.to_dict()["datasets"].values())


def cells(picture):
    return next(rows for rows in datasets(picture) if "_fill" in rows[0])


@every_picture
def test_it_compiles_with_old_and_new_vega_lite(draw):
    assert compiles(draw())


@every_picture
def test_it_has_title_words_and_a_table(draw):
    assert_told(draw())


@pytest.mark.parametrize(
    "draw", [lambda: charts.heat_map([], STATES, ACTIONS), lambda: charts.learning_curve([])]
)
def test_no_rows_are_named(draw):
    with pytest.raises(ValueError, match="no rows"):
        draw()


def test_a_cell_says_its_estimate_and_how_often_it_was_tried():
    table = as_table(charts.heat_map(TABLE, STATES, ACTIONS))
    assert table["visits"].sum() == 80
    assert table["q"].round(3).tolist() == HISTORY.q[-1, 0, 0].round(3).tolist()


def test_what_was_never_tried_is_grey_and_empty():
    drawn = cells(charts.heat_map(heat_rows(HISTORY, 1), STATES, ACTIONS))
    assert sorted(cell["_fill"] == charts.UNTRIED for cell in drawn) == [False, True, True]
    assert all((cell["_t"] == "") == (cell["_fill"] == charts.UNTRIED) for cell in drawn)


def test_the_higher_the_estimate_the_darker_and_the_best_is_framed():
    drawn = cells(charts.heat_map(TABLE, STATES, ACTIONS))
    light = [sum(int(cell["_fill"][i : i + 2], 16) for i in (1, 3, 5)) for cell in drawn]
    q = HISTORY.q[-1, 0, 0]
    assert np.argsort(light).tolist() == np.argsort(-q).tolist()
    assert [cell["_best"] for cell in drawn].index(True) == q.argmax()


@pytest.mark.parametrize(
    ("best", "words"),
    [
        ([1], "It has found the best response in every state"),
        ([2], "It has found the best response in 0 of 1 states"),
        (None, "What it expects, and what it therefore does"),
    ],
)
def test_the_title_tells_whether_it_has_found_the_best_response(best, words):
    assert title(charts.heat_map(TABLE, STATES, ACTIONS, best))[0] == words


def test_the_curve_and_its_band_are_the_learners():
    table = as_table(charts.learning_curve(CURVE))
    expected = HISTORY.rewards.reshape(6, 8, 10).mean(axis=(0, 2))
    assert table["mean"].tolist() == pytest.approx(expected.tolist())
    assert (table["low"] < table["mean"]).all()
    assert (table["mean"] < table["high"]).all()


def test_one_learner_has_no_band():
    alone = learning_curve(HISTORY.rewards[:1], window=10)
    banded = charts.learning_curve(CURVE)
    assert len(datasets(charts.learning_curve(alone))) < len(datasets(banded))


def test_the_place_on_the_curve_is_told():
    words = charts.learning_curve(CURVE, known=3.0, own=OWN, episode=20).to_dict()["description"]
    assert "the best response earns 3.0" in words
    assert "Marked: episode 20." in words
    assert "This learner, without exploring: 2.0." in words
