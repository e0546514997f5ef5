"""Merkle trees: RFC 6962's shape, the Certificate Transparency vectors, and proofs that fit one
leaf of one tree only.
"""

import csv
from dataclasses import replace

import pytest
from Crypto.Hash import SHA256
from hypothesis import given
from hypothesis import strategies as st

from energychain import datasets
from energychain.primitives.merkle import (
    EMPTY_ROOT,
    BadProof,
    ConsistencyProof,
    InclusionProof,
    MerkleTree,
    leaf_hash,
    merkle_root,
    node_hash,
)

# The test tree of the Certificate Transparency reference implementation.
CT_ROWS = list(csv.DictReader(datasets.lines("vectors", "merkle_roots.csv")))
CT_LEAVES = [bytes.fromhex(row["leaf"]) for row in CT_ROWS[1:]]
CT_ROOTS = [row["root"] for row in CT_ROWS]
CT_PROOFS = list(csv.DictReader(datasets.lines("vectors", "merkle_proofs.csv")))
CT_INCLUSION, CT_CONSISTENCY = (
    [
        (int(row["first"]), int(row["size"]), row["path"].split())
        for row in CT_PROOFS
        if row["kind"] == kind
    ]
    for kind in ("inclusion", "consistency")
)

MANY = [b"reading %d" % i for i in range(40)]
TREES = [MerkleTree.over(MANY[:size]) for size in range(len(MANY) + 1)]

some_leaves = st.lists(st.binary(max_size=8), min_size=1, max_size=40)


# --- the definition of RFC 6962, section 2.1, word for word ---------------------------


def split(size: int) -> int:
    """The largest power of two smaller than a size, by counting."""
    power = 1
    while 2 * power < size:
        power *= 2
    return power


def tree_hash(leaves: list[bytes]) -> bytes:
    if not leaves:
        return SHA256.new(b"").digest()
    if len(leaves) == 1:
        return SHA256.new(b"\x00" + leaves[0]).digest()
    k = split(len(leaves))
    return SHA256.new(b"\x01" + tree_hash(leaves[:k]) + tree_hash(leaves[k:])).digest()


def audit_path(index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*audit_path(index, leaves[:k]), tree_hash(leaves[k:])]
    return [*audit_path(index - k, leaves[k:]), tree_hash(leaves[:k])]


def subproof(size: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    if size == len(leaves):
        return [] if whole else [tree_hash(leaves)]
    k = split(len(leaves))
    if size <= k:
        return [*subproof(size, leaves[:k], whole), tree_hash(leaves[k:])]
    return [*subproof(size - k, leaves[k:], False), tree_hash(leaves[:k])]


def turns(index: int, size: int) -> list[bool]:
    """At which steps of the way up the sister is on the left: all that a proof uses of a size."""
    if size == 1:
        return []
    k = split(size)
    return [*turns(index, k), False] if index < k else [*turns(index - k, size - k), True]


# --- published vectors ----------------------------------------------------------------


@pytest.mark.parametrize("size", range(9))
def test_the_certificate_transparency_roots_are_reproduced(size: int) -> None:
    assert merkle_root(CT_LEAVES[:size]).hex() == CT_ROOTS[size]


def test_the_empty_tree_has_the_digest_of_nothing_as_its_root() -> None:
    assert merkle_root([]) == EMPTY_ROOT == MerkleTree.over([]).root
    assert MerkleTree.over([]).size == 0


@pytest.mark.parametrize(("index", "size", "path"), CT_INCLUSION)
def test_the_certificate_transparency_inclusion_proofs_are_reproduced(
    index: int, size: int, path: list[str]
) -> None:
    proof = MerkleTree.over(CT_LEAVES[:size]).inclusion(index)
    assert [node.hex() for node in proof.path] == path
    proof.check(CT_LEAVES[index], bytes.fromhex(CT_ROOTS[size]))


@pytest.mark.parametrize(("old", "new", "path"), CT_CONSISTENCY)
def test_the_certificate_transparency_consistency_proofs_are_reproduced(
    old: int, new: int, path: list[str]
) -> None:
    proof = MerkleTree.over(CT_LEAVES[:new]).consistency(old)
    assert [node.hex() for node in proof.path] == path
    proof.check(bytes.fromhex(CT_ROOTS[old]), bytes.fromhex(CT_ROOTS[new]))


# --- the tree -------------------------------------------------------------------------


@given(st.lists(st.binary(max_size=8), max_size=40))
def test_the_tree_has_the_root_of_the_recursive_definition(leaves: list[bytes]) -> None:
    assert merkle_root(leaves) == tree_hash(leaves)


@given(some_leaves, some_leaves)
def test_two_different_lists_of_leaves_never_share_a_root(
    leaves: list[bytes], others: list[bytes]
) -> None:
    assert (merkle_root(leaves) == merkle_root(others)) == (leaves == others)


@given(some_leaves)
def test_doubling_the_last_leaf_changes_the_root(leaves: list[bytes]) -> None:
    assert merkle_root([*leaves, leaves[-1]]) != merkle_root(leaves)


def test_an_inner_node_cannot_pass_as_a_leaf() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert merkle_root([b"a", b"b"]) == node_hash(left, right)
    assert merkle_root([left + right]) != node_hash(left, right)


# --- inclusion ------------------------------------------------------------------------


@given(some_leaves, st.data())
def test_every_inclusion_proof_is_the_recursive_one_and_leads_to_the_root(
    leaves: list[bytes], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    tree = MerkleTree.over(leaves)
    proof = tree.inclusion(index)
    assert list(proof.path) == audit_path(index, leaves)
    proof.check(leaves[index], tree.root)


@given(some_leaves, st.data())
def test_an_inclusion_proof_fits_no_other_leaf_and_no_other_root(
    leaves: list[bytes], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    tree = MerkleTree.over(leaves)
    other = data.draw(st.binary(max_size=9).filter(lambda leaf: leaf != leaves[index]))
    with pytest.raises(BadProof, match="leads to the root"):
        tree.inclusion(index).check(other, tree.root)
    with pytest.raises(BadProof, match="leads to the root"):
        tree.inclusion(index).check(leaves[index], merkle_root([*leaves, b"one more"]))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 32, 33, 40])
def test_an_inclusion_proof_fits_no_other_index(size: int) -> None:
    tree = TREES[size]
    for index in range(size):
        for other in {*range(size + 2), -1} - {index}:
            with pytest.raises(BadProof):
                replace(tree.inclusion(index), index=other).check(MANY[index], tree.root)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 32, 33, 40])
def test_an_inclusion_proof_of_another_size_fails_unless_the_way_up_is_the_same(size: int) -> None:
    # RFC 6962 uses the size only to find the way up. Where two sizes have one way, the proof says
    # the same thing; the size itself is vouched for by whoever vouches for the root.
    tree = TREES[size]
    for index in range(size):
        for other in {*range(-1, size + 9)} - {size}:
            claimed = replace(tree.inclusion(index), size=other)
            if other > index and turns(index, other) == turns(index, size):
                claimed.check(MANY[index], tree.root)
            else:
                with pytest.raises(BadProof):
                    claimed.check(MANY[index], tree.root)


@given(some_leaves, st.data())
def test_an_inclusion_proof_with_one_altered_step_fails(
    leaves: list[bytes], data: st.DataObject
) -> None:
    tree = MerkleTree.over([b"first", *leaves])
    index = data.draw(st.integers(0, len(leaves)))
    proof = tree.inclusion(index)
    step = data.draw(st.integers(0, len(proof.path) - 1))
    bit = data.draw(st.integers(0, 255))
    node = (int.from_bytes(proof.path[step], "big") ^ (1 << bit)).to_bytes(32, "big")
    altered = replace(proof, path=(*proof.path[:step], node, *proof.path[step + 1 :]))
    with pytest.raises(BadProof, match="leads to the root"):
        altered.check([b"first", *leaves][index], tree.root)


def test_a_path_that_is_too_short_or_too_long_is_refused_by_name() -> None:
    tree = TREES[11]
    proof = tree.inclusion(3)
    with pytest.raises(BadProof, match="only 3 steps"):
        replace(proof, path=proof.path[:-1]).check(MANY[3], tree.root)
    with pytest.raises(BadProof, match="1 steps too many"):
        replace(proof, path=(*proof.path, tree.root)).check(MANY[3], tree.root)


@pytest.mark.parametrize("index", [-1, 3, 99])
def test_there_is_no_proof_for_a_leaf_that_is_not_there(index: int) -> None:
    with pytest.raises(BadProof, match=f"no leaf {index}"):
        TREES[3].inclusion(index)
    with pytest.raises(BadProof, match=f"no leaf {index}"):
        InclusionProof(index, 3, ()).check(b"", EMPTY_ROOT)


def test_a_proof_is_as_long_as_the_tree_is_high() -> None:
    assert len(MerkleTree.over([b""] * 1024).inclusion(700).path) == 10


# --- consistency ----------------------------------------------------------------------


@pytest.mark.parametrize("new", range(1, 41))
def test_every_earlier_tree_is_consistent_with_every_later_one(new: int) -> None:
    for old in range(1, new + 1):
        proof = TREES[new].consistency(old)
        assert list(proof.path) == subproof(old, MANY[:new], True)
        proof.check(TREES[old].root, TREES[new].root)


@pytest.mark.parametrize("new", range(2, 41))
def test_a_later_tree_that_rewrote_an_old_leaf_is_not_consistent(new: int) -> None:
    for old in range(1, new):
        rewritten = MerkleTree.over([*MANY[: old - 1], b"rewritten", *MANY[old:new]])
        with pytest.raises(BadProof):
            rewritten.consistency(old).check(TREES[old].root, rewritten.root)


@given(st.integers(2, 40), st.data())
def test_a_consistency_proof_with_one_altered_step_fails(new: int, data: st.DataObject) -> None:
    proof = TREES[new].consistency(data.draw(st.integers(1, new - 1)))
    step = data.draw(st.integers(0, len(proof.path) - 1))
    bit = data.draw(st.integers(0, 255))
    node = (int.from_bytes(proof.path[step], "big") ^ (1 << bit)).to_bytes(32, "big")
    altered = replace(proof, path=(*proof.path[:step], node, *proof.path[step + 1 :]))
    with pytest.raises(BadProof):
        altered.check(TREES[proof.old_size].root, TREES[new].root)


@given(st.integers(2, 40), st.data())
def test_a_consistency_proof_of_the_wrong_length_fails(new: int, data: st.DataObject) -> None:
    proof = TREES[new].consistency(data.draw(st.integers(1, new - 1)))
    roots = TREES[proof.old_size].root, TREES[new].root
    for path in (proof.path[:-1], proof.path[1:], (*proof.path, roots[1]), (roots[0], *proof.path)):
        with pytest.raises(BadProof):
            replace(proof, path=path).check(*roots)


@pytest.mark.parametrize("claimed", [4, 5, 7, 9, 16, 1000])
def test_a_consistency_proof_does_not_fit_a_tree_of_another_height(claimed: int) -> None:
    proof = replace(TREES[8].consistency(4), new_size=claimed)
    roots = TREES[4].root, TREES[8].root
    if claimed in (5, 7):  # the way up is the same: whoever vouches for the root says its size
        proof.check(*roots)
    else:
        with pytest.raises(BadProof):
            proof.check(*roots)


def test_a_shorter_tree_is_no_continuation_of_a_longer_one() -> None:
    for path in ((), TREES[5].consistency(3).path, TREES[5].consistency(4).path):
        with pytest.raises(BadProof):
            ConsistencyProof(5, 3, path).check(TREES[5].root, TREES[3].root)


@pytest.mark.parametrize("size", [0, -1, 6])
def test_there_is_no_consistency_proof_for_a_tree_that_never_was(size: int) -> None:
    with pytest.raises(BadProof, match=f"no tree of {size} leaves"):
        TREES[5].consistency(size)


@pytest.mark.parametrize("size", [0, -1, -8])
def test_a_consistency_proof_that_claims_no_old_leaves_is_refused(size: int) -> None:
    with pytest.raises(BadProof):
        ConsistencyProof(size, 5, ()).check(EMPTY_ROOT, TREES[5].root)


def test_two_trees_of_one_size_are_consistent_only_with_equal_roots() -> None:
    TREES[5].consistency(5).check(TREES[5].root, TREES[5].root)
    with pytest.raises(BadProof, match="one size"):
        TREES[5].consistency(5).check(TREES[4].root, TREES[5].root)


# --- in a notebook --------------------------------------------------------------------


def test_a_tree_and_a_proof_show_themselves_in_a_notebook() -> None:
    assert "Merkle tree of 40 leaves" in TREES[40]._repr_html_()
    assert "leaf 2 of 40, 6 steps (192 bytes)" in TREES[40].inclusion(2)._repr_html_()
    assert "the leaf is the root" in TREES[1].inclusion(0)._repr_html_()
    assert "empty" in TREES[0]._repr_html_() or "0 leaves" in TREES[0]._repr_html_()
