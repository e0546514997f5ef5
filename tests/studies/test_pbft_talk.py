"""PBFT message by message: one liar of four changes nothing, two are too many."""

from itertools import pairwise

import pytest

from energychain.consensus.pbft import most_faulty, quorum
from energychain.studies.pbft_talk import HONEST, PRIMARIES, SILENT, TWO_STORIES, talk

CASES = [(primary, liar) for primary in PRIMARIES for liar in (False, True)]
every_case = pytest.mark.parametrize(("primary", "liar"), CASES)


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


def test_the_liar_tells_two_stories_and_one_is_believed():
    said = talk(TWO_STORIES)
    proposed = {m.to: m.block for m in said.messages if (m.kind, m.sender) == ("pre-prepare", 0)}
    assert proposed == {1: "A", 2: "A", 3: "B"}
    assert said.liars == {0}
    assert said.known[-1][3].words == "A is final"


def test_a_silent_primary_is_replaced():
    said = talk(SILENT)
    assert {"view-change", "new-view"} <= {message.kind for message in said.messages}
    assert {knows.view for knows in said.known[-1].values()} == {1}


def test_no_such_primary():
    with pytest.raises(ValueError, match="'lazy' is not offered"):
        talk("lazy")
