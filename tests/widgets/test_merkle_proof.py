"""The steps are the library's proof, and the end is its verdict."""

import pytest
from explorers import assert_asks, assert_keeps, assert_moves_and_resets, run_code

from energychain.primitives.merkle import BadProof, MerkleTree
from energychain.studies.street import forged, street
from energychain.widgets.merkle_proof import MOST_LEAVES, MerkleProofExplorer, in_hand


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 11])
def test_what_is_in_hand_leads_to_the_root(size):
    leaves = [b"%d" % n for n in range(size)]
    tree = MerkleTree.over(leaves)
    for leaf, text in enumerate(leaves):
        proof = tree.inclusion(leaf)
        assert in_hand(proof, text)[-1] == tree.root == proof.root_for(text)
        assert in_hand(proof, b"a lie")[-1] == proof.root_for(b"a lie") != tree.root


# --- the explorer ---------------------------------------------------------------------


def test_it_asks_a_question_and_has_few_controls():
    assert_asks(MerkleProofExplorer())


def test_what_a_notebook_keeps():
    assert_keeps(MerkleProofExplorer())


@pytest.mark.parametrize(
    ("name", "value"), [("homes", 11), ("homes", 2), ("home", 1), ("step", 2), ("forge", True)]
)
def test_every_control_changes_what_is_shown_and_reset_takes_it_back(name, value):
    assert_moves_and_resets(MerkleProofExplorer(), name, value)


def test_one_click_at_a_time_and_round_again():
    explorer = MerkleProofExplorer()
    starts = []
    for _ in range(5):
        starts.append(explorer.status[:11])
        explorer.next_step()
    assert starts == ["Home 6 says", "Step 1 of 3", "Step 2 of 3", "Step 3 of 3", "Home 6 says"]


@pytest.mark.parametrize("homes", range(2, MOST_LEAVES + 1))
@pytest.mark.parametrize("forge", [False, True])
def test_every_home_is_proved_and_every_forgery_refused(homes, forge):
    readings = street(homes, 1).chain.head.transactions
    tree = MerkleTree.over([signed.encoded for signed in readings])
    explorer = MerkleProofExplorer()
    explorer.controls["homes"].value = homes
    explorer.controls["forge"].value = forge
    for home in (1, homes // 2 + 1, homes):
        explorer.controls["home"].value = home
        steps = explorer.controls["step"].max
        assert steps == len(tree.inclusion(home - 1).path)
        explorer.controls["step"].value = steps
        assert explorer.status.count("proved") == (not forge)
        assert explorer.status.count("Refused: ") == forge


def test_the_sides_are_told():
    explorer = MerkleProofExplorer()
    sides = []
    for _ in range(3):
        explorer.next_step()
        sides.append(explorer.status.split("stands on the ")[1].split(".")[0])
    assert sides == ["left", "right", "left"]  # leaf 5 is 101 in binary: odd is on the right


def test_an_odd_leaf_has_a_shorter_way():
    explorer = MerkleProofExplorer()
    explorer.controls["homes"].value, explorer.controls["home"].value = 11, 11
    assert explorer.controls["step"].max == 2
    assert "The proof has 64 bytes" in explorer.status


def test_the_sliders_follow_the_number_of_homes():
    explorer = MerkleProofExplorer()
    explorer.controls["step"].value = 3
    explorer.controls["homes"].value = 2
    assert (explorer.controls["home"].value, explorer.controls["step"].value) == (2, 1)


@pytest.mark.parametrize(
    "touch", [{}, {"step": 3, "forge": True}, {"homes": 11, "home": 11, "step": 2}]
)
def test_the_code_leads_to_the_same_chart(touch):
    explorer = MerkleProofExplorer()
    (made,) = run_code(explorer, **touch)
    assert made.to_dict() == explorer.view.charts[0].to_dict()


def test_the_refusal_is_the_librarys_own():
    explorer = MerkleProofExplorer()
    explorer.controls["forge"].value = True
    explorer.controls["step"].value = 3
    readings = street(MOST_LEAVES, 1).chain.head.transactions[:8]
    tree = MerkleTree.over([signed.encoded for signed in readings])
    with pytest.raises(BadProof) as refused:
        tree.inclusion(5).check(forged(readings[5]).encoded, tree.root)
    assert str(refused.value) in explorer.status
