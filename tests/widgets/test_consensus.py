"""PBFT message by message, liars, and a network that is cut."""

from itertools import combinations, pairwise

import pytest
from explorers import (
    assert_asks,
    assert_code_leads_to_the_charts,
    assert_keeps,
    assert_moves_and_resets,
)

from energychain.consensus.pbft import most_faulty, quorum
from energychain.studies.consensus import AUTHORITY, CENTRAL, PBFT, STAKE, WORK, Setting
from energychain.widgets import consensus
from energychain.widgets.consensus import HONEST, SILENT, TWO_STORIES, PbftExplorer, talk
from energychain.course.exercises import check, solution

CASES = [(primary, liar) for primary in consensus.PRIMARIES for liar in (False, True)]
every_case = pytest.mark.parametrize(("primary", "liar"), CASES)


# --- what is said ---------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
@every_case
def test_one_liar_of_four_changes_nothing_and_two_are_too_many(primary, liar, seed):
    said = talk(primary, liar, seed)
    assert len(said.liars) == (primary != HONEST) + liar
    if len(said.liars) <= most_faulty(4):
        assert said.safe
        assert all(said.finals.values())
    else:
        assert not said.safe or not any(said.finals.values())


def test_a_calm_block_takes_the_messages_of_the_paper():
    said = talk(HONEST)
    kinds = [message.kind for message in said.messages]
    assert kinds.count("pre-prepare") == 3
    assert kinds.count("prepare") == 9  # three backups tell three others each
    assert set(kinds) == {"pre-prepare", "prepare", "commit"}


@every_case
def test_what_a_replica_knows_only_grows_within_a_view(primary, liar):
    said = talk(primary, liar)
    assert len(said.known) == len(said.messages) + 1
    for before, after in pairwise(said.known):
        for replica, knew in before.items():
            knows = after[replica]
            assert knows.view >= knew.view
            assert not knew.final or knows.final == knew.final
            assert knows.final or knows.view > knew.view or knows.prepares >= knew.prepares


@every_case
def test_nobody_is_sure_without_a_quorum(primary, liar):
    for known in talk(primary, liar).known:
        for knows in known.values():
            if knows.prepared and not knows.final:
                assert knows.prepares >= quorum(4) or knows.view > 0
                assert knows.commits <= quorum(4)


def test_the_liar_tells_two_stories_and_the_picture_says_so():
    said = talk(TWO_STORIES)
    proposed = {m.to: m.block for m in said.messages if (m.kind, m.sender) == ("pre-prepare", 0)}
    assert proposed == {1: "A", 2: "A", 3: "B"}
    words = said.picture(len(said.messages)).to_dict()["description"]
    assert "replica 0: lies" in words
    assert "replica 3: A is final" in words


def test_a_silent_primary_is_replaced():
    said = talk(SILENT)
    assert {"view-change", "new-view"} <= {message.kind for message in said.messages}
    assert {knows.view for knows in said.known[-1].values()} == {1}


def test_no_such_step_and_no_such_primary():
    with pytest.raises(IndexError, match="there is no step 99"):
        talk().picture(99)
    with pytest.raises(ValueError, match="'lazy' is not offered"):
        talk("lazy")


# --- the explorer ---------------------------------------------------------------------


def test_it_asks_a_question_and_has_few_controls():
    assert_asks(PbftExplorer())
    longest = max(len(talk(*case).messages) for case in CASES)
    assert PbftExplorer().controls["step"].max >= longest


def test_what_a_notebook_keeps():
    assert_keeps(PbftExplorer())


@pytest.mark.parametrize(
    ("name", "value"), [("primary", SILENT), ("second_liar", True), ("step", 3)]
)
def test_every_control_changes_what_is_shown_and_reset_takes_it_back(name, value):
    assert_moves_and_resets(PbftExplorer(), name, value)


@every_case
@pytest.mark.parametrize("step", [0, 60])
def test_the_code_leads_to_the_same_chart(primary, liar, step):
    explorer = PbftExplorer()
    assert_code_leads_to_the_charts(explorer, primary=primary, second_liar=liar, step=step)


def test_the_words_and_the_table_follow():
    explorer = PbftExplorer()
    explorer.controls["step"].value = 0
    assert explorer.status.startswith("The transactions are known to all")
    explorer.controls["step"].value = 60
    assert explorer.status.endswith("Block A is final for every honest replica.")
    assert "0 (lies)" in explorer.view.details
    explorer.controls["second_liar"].value = True
    assert explorer.status.endswith("safety is lost.")
    explorer.controls["primary"].value = SILENT
    assert explorer.status.endswith("Nothing is final.")


# --- random schedules, and the cut ----------------------------------------------------


def test_safety_is_lost_with_one_liar_too_many_and_never_before():
    few, many = consensus.broken_rows(sizes=(4,), runs=10)
    assert (few["liars"], few["broken"]) == (1, 0)
    assert (many["liars"], many["replicas"]) == (2, 4)
    assert many["broken"] > 0


@pytest.fixture(scope="module")
def eight_and_four():
    return {row["protocol"]: row for row in consensus.cut_rows(8, Setting(rounds=2))}


def test_a_cut_ledger_goes_on_or_is_sure(eight_and_four):
    assert all(row["larger side"] == row["handed in"] for row in eight_and_four.values())
    for name in (WORK, STAKE):
        row = eight_and_four[name]
        assert row["smaller side"] > 0
        assert row["taken back"] > 0
        assert row["two stories"]
    for name in (CENTRAL, AUTHORITY, PBFT):
        row = eight_and_four[name]
        assert (row["smaller side"], row["taken back"], row["two stories"]) == (0, 0, False)


@pytest.mark.parametrize("protocol", [AUTHORITY, PBFT])
def test_two_equal_halves_wait(protocol):
    _, row = consensus.cut(protocol, 6, Setting(rounds=2))
    assert (row["larger side"], row["smaller side"]) == (0, 0)


# --- the exercises of lesson 03 -------------------------------------------------------


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
