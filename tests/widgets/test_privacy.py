"""The explorer of linking follows the study; the line-up can be solved; sealed days are sealed."""

import pytest

from energychain.charts import theme
from energychain.primitives.encoding import decode
from energychain.primitives.encryption import NotForYou
from energychain.primitives.keys import derive
from energychain.studies import privacy
from energychain.course.exercises import check
from energychain.widgets.explorer import MOST_CONTROLS
from energychain.widgets.privacy import (
    CLEAR,
    COUNTS,
    ENCRYPTED,
    PADDED,
    LinkExplorer,
    homes,
    line_up,
    published,
    sealed_days,
    suspects,
)


def data(widget):
    shown = widget._repr_mimebundle_()
    return shown[0] if isinstance(shown, tuple) else shown


# --- the explorer ---------------------------------------------------------------------


def test_it_asks_a_question_and_has_few_controls():
    explorer = LinkExplorer()
    assert explorer.question.endswith("?")
    assert len(explorer.controls) <= MOST_CONTROLS


def test_what_a_notebook_keeps():
    explorer = LinkExplorer()
    kept = data(explorer)
    widget = "application/vnd.jupyter.widget-view+json"
    assert set(kept) == {widget, theme.VEGALITE, "image/png", "text/plain"}
    assert explorer.status in kept[theme.VEGALITE]["description"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("count", 5), ("interval", 4), ("noise", 0.5), ("kept", 7), ("how", ENCRYPTED)],
)
def test_every_control_changes_what_is_kept_and_shown_and_reset_takes_it_back(name, value):
    explorer = LinkExplorer()
    before, live = data(explorer)[theme.VEGALITE], [dict(w.spec) for w in explorer._live]
    words = repr(explorer), explorer.code, explorer.status
    explorer.controls[name].value = value
    assert data(explorer)[theme.VEGALITE] != before
    assert [w.spec for w in explorer._live] != live
    assert (repr(explorer), explorer.code, explorer.status) != words
    assert [w.spec for w in explorer._live] == [c.to_dict() for c in explorer.view.charts]
    explorer.reset()
    assert data(explorer)[theme.VEGALITE] == before
    assert (repr(explorer), explorer.code, explorer.status) == words


@pytest.mark.parametrize(
    "touch", [{}, {"count": 5, "interval": 4, "noise": 0.1}, {"kept": 7, "how": ENCRYPTED}]
)
def test_the_code_leads_to_the_same_numbers(touch, capsys):
    explorer, shown = LinkExplorer(), []
    for name, value in touch.items():
        explorer.controls[name].value = value
    code = explorer.code.splitlines()
    code[-1] = f"display({code[-1]})"
    exec("\n".join(code), {"display": shown.append})
    assert shown[0].to_dict()["title"]["text"] == explorer.view.charts[0].to_dict()["title"]["text"]
    share = capsys.readouterr().out.split("%")[0]
    assert f"{share} % of" in explorer.status


@pytest.mark.parametrize("count", COUNTS.values())
def test_homes_are_as_many_as_wanted(count):
    days = homes(count)
    assert days.homes == count
    assert days.origin == ("SimBench" if count == 5 else "synthetic")


def test_the_share_is_that_of_the_study():
    explorer = LinkExplorer()
    explorer.controls["kept"].value = 7
    share = privacy.success(homes(20), 7)
    assert f"every week: {100 * share:.0f} % of 20 pseudonyms" in explorer.status


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


# --- the line-up ----------------------------------------------------------------------


def test_the_line_up_has_one_day_of_each_home():
    lineup = line_up()
    assert sorted(lineup.homes.values()) == list(privacy.HOUSEHOLDS)
    assert list(lineup.seen) == sorted(lineup.homes)
    assert [lineup.homes[name] for name in lineup.seen] != list(privacy.HOUSEHOLDS)
    assert lineup.known.shape == (14, 24)


def test_only_the_suspects_address_is_right():
    lineup = line_up()
    for name, home in lineup.homes.items():
        expected = "right" if home == lineup.suspect else "wrong"
        assert check("11.home", name).verdict == expected
    assert "five addresses" in check("11.home", 3).message


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
