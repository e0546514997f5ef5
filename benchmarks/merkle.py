"""Merkle trees and their proofs, against the bare hash calls that they cannot do without."""

from collections.abc import Callable

from Crypto.Hash import SHA256

from benchmarks.timing import Result, best
from energychain.primitives.merkle import InclusionProof, MerkleTree

LEAVES = 2**16
SMALLEST, MIDDLE, LARGEST = 4, 12, 20
"""Trees of 2^4, 2^12 and 2^20 leaves."""


def readings(count: int) -> list[bytes]:
    """Leaves, each another."""
    return [b"reading %d" % i for i in range(count)]


def bare_hashes(leaves: list[bytes], nodes: int) -> None:
    """A leaf's hash for each leaf and a node's for each node, each over a copy of a started
    hash: the quickest way that pycryptodome has.
    """
    leaf, node, pair = SHA256.new(b"\x00"), SHA256.new(b"\x01"), bytes(64)
    for data in leaves:
        hasher = leaf.copy()
        hasher.update(data)
        hasher.digest()
    for _ in range(nodes):
        hasher = node.copy()
        hasher.update(pair)
        hasher.digest()


def root() -> Result:
    """The root of 2^16 leaves."""
    leaves = readings(LEAVES)
    return Result(
        "Merkle root of 2^16 leaves",
        *best(lambda: MerkleTree.over(leaves).root, lambda: bare_hashes(leaves, LEAVES - 1)),
        1.3,
    )


def proofs() -> Result:
    """What a doubling of the leaves adds to checking a proof, from 2^4 to 2^20 leaves, against
    what it adds from 2^4 to 2^12: one, if the time grows as log2 n. The bar allows 10 % on
    either side.
    """
    times = {power: seconds_to_check(power) for power in (SMALLEST, MIDDLE, LARGEST)}
    whole = (times[LARGEST] - times[SMALLEST]) / (LARGEST - SMALLEST)
    lower = (times[MIDDLE] - times[SMALLEST]) / (MIDDLE - SMALLEST)
    slower, quicker = max(whole, lower), min(whole, lower)
    return Result("check a proof: time per doubling, 2^4-2^20", slower, quicker, 1.1)


def seconds_to_check(power: int, times: int = 2_000, runs: int = 15) -> float:
    """The least time in which so many checks of a proof in a tree of 2^power leaves are done."""
    leaves = readings(2**power)
    tree = MerkleTree.over(leaves)
    proof, leaf, expected = tree.inclusion(2**power // 3), leaves[2**power // 3], tree.root

    def check(proof: InclusionProof = proof) -> None:
        for _ in range(times):
            proof.check(leaf, expected)

    return best(check, lambda: None, runs)[0]


WORKS: tuple[Callable[[], Result], ...] = (root, proofs)
"""The lines of the table."""
