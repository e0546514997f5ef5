"""
A Merkle tree folds many pieces of data into one digest, the root, so that a
short proof shows that one piece is among them.

The tree is that of RFC 6962 (Certificate Transparency), section 2.1. Leaves and
inner nodes are hashed with different first bytes, so an inner node can never
pass as a leaf, and an odd node is carried up instead of doubled, so no two lists
of leaves share a root.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from Crypto.Hash import SHA256

from energychain.primitives.hashing import Digest, sha256, short
from energychain.primitives.refusals import Refusal


class BadProof(Refusal):
    """A proof does not lead to the root, or cannot be made."""

    rule = "proof"


_LEAF = SHA256.new(b"\x00")
_NODE = SHA256.new(b"\x01")


def leaf_hash(data: bytes) -> Digest:
    r"""The digest of a leaf, :math:`H(0x00 \| data)`."""
    hasher = _LEAF.copy()
    hasher.update(data)
    return Digest(hasher.digest())


def node_hash(left: bytes, right: bytes) -> Digest:
    r"""The digest of an inner node, :math:`H(0x01 \| left \| right)`."""
    hasher = _NODE.copy()
    hasher.update(left + right)
    return Digest(hasher.digest())


EMPTY_ROOT = sha256(b"")
"""The root of a tree without leaves."""


@dataclass(frozen=True)
class MerkleTree:
    """All levels of the tree over some leaves, lowest first.

    >>> tree = MerkleTree.over([b"reading 1", b"reading 2", b"reading 3"])
    >>> proof = tree.inclusion(2)
    >>> proof.check(b"reading 3", tree.root)
    >>> proof.check(b"reading 4", tree.root)
    Traceback (most recent call last):
    energychain.primitives.merkle.BadProof: leaf 2 leads to the root 97dc17da, expected 9fe6b57d
    """

    levels: tuple[tuple[bytes, ...], ...]

    @classmethod
    def over(cls, leaves: Sequence[bytes]) -> "MerkleTree":
        """The tree over these leaves."""
        return cls.over_hashes([leaf_hash(leaf) for leaf in leaves])

    @classmethod
    def over_hashes(cls, hashes: Sequence[bytes]) -> "MerkleTree":
        """The tree over leaves that are hashed already (see :func:`leaf_hash`)."""
        level = tuple(hashes)
        levels = [level]
        while len(level) > 1:
            pairs = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
            level = (*pairs, level[-1]) if len(level) % 2 else tuple(pairs)
            levels.append(level)
        return cls(tuple(levels))

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return len(self.levels[0])

    @cached_property
    def root(self) -> Digest:
        """The one digest that stands for all leaves (RFC 6962, section 2.1)."""
        return Digest(self.levels[-1][0]) if self.size else EMPTY_ROOT

    def inclusion(self, index: int) -> "InclusionProof":
        """The proof that the leaf at this index is in the tree (section 2.1.1).

        Raises :class:`BadProof` if there is no such leaf.
        """
        if not 0 <= index < self.size:
            raise BadProof(f"there is no leaf {index}: the tree has {self.size}")
        path, at = [], index
        for level in self.levels[:-1]:
            if at ^ 1 < len(level):
                path.append(level[at ^ 1])
            at //= 2
        return InclusionProof(index, self.size, tuple(path))

    def consistency(self, size: int) -> "ConsistencyProof":
        """The proof that the first leaves alone made an earlier tree (section 2.1.2).

        Raises :class:`BadProof` unless ``size`` is from 1 to the size of this tree.
        """
        if not 1 <= size <= self.size:
            raise BadProof(f"there was no tree of {size} leaves: the tree has {self.size}")
        return ConsistencyProof(size, self.size, tuple(self._subproof(size, 0, self.size, True)))

    def _subproof(self, size: int, start: int, stop: int, whole: bool) -> list[bytes]:
        if size == stop - start:
            return [] if whole else [self._root_of(start, stop)]
        middle = start + _largest_power_below(stop - start)
        if size <= middle - start:
            left = self._subproof(size, start, middle, whole)
            return [*left, self._root_of(middle, stop)]
        right = self._subproof(size - (middle - start), middle, stop, False)
        return [*right, self._root_of(start, middle)]

    def _root_of(self, start: int, stop: int) -> bytes:
        # A subtree that starts at a multiple of a power of two no smaller than its
        # width is a single node of the level with that power.
        height = (stop - start - 1).bit_length()
        return self.levels[height][start >> height]

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{'root' if i == 0 else f'{i} below'}</th>"
            f"<td style='text-align:left'><code>{' '.join(map(short, level[:16]))}"
            f"{' …' if len(level) > 16 else ''}</code></td></tr>"
            for i, level in enumerate(reversed(self.levels))
        )
        return f"<table><caption>Merkle tree of {self.size} leaves</caption>{rows}</table>"


def merkle_root(leaves: Sequence[bytes]) -> Digest:
    """The root of the tree over these leaves.

    >>> merkle_root([]).hex()[:16], merkle_root([b""]).hex()[:16]
    ('e3b0c44298fc1c14', '6e340b9cffb37a98')
    """
    return MerkleTree.over(leaves).root


@dataclass(frozen=True)
class InclusionProof:
    """The sisters on the way from one leaf up to the root."""

    index: int
    """Which leaf, counted from 0."""

    size: int
    """How many leaves the tree has."""

    path: tuple[bytes, ...]
    """The sister at each level that has one, lowest first."""

    def __repr__(self) -> str:
        steps = " ".join(short(sister) for sister in self.path)
        return f"<inclusion proof: leaf {self.index} of {self.size}, path {steps or 'empty'}>"

    def root_for(self, leaf: bytes) -> Digest:
        """The root to which a leaf leads along this path (RFC 9162, section 2.1.3.2).

        Raises :class:`BadProof` if the path has the wrong length.
        """
        if not 0 <= self.index < self.size:
            raise BadProof(f"there is no leaf {self.index} in a tree of {self.size}")
        node: Digest = leaf_hash(leaf)
        at, last, sisters = self.index, self.size - 1, list(self.path)
        while last:
            if at % 2 or at < last:
                if not sisters:
                    raise BadProof(f"the path has only {len(self.path)} steps")
                sister = sisters.pop(0)
                node = node_hash(sister, node) if at % 2 else node_hash(node, sister)
            at, last = at // 2, last // 2
        if sisters:
            raise BadProof(f"the path has {len(sisters)} steps too many")
        return node

    def check(self, leaf: bytes, root: bytes) -> None:
        """Raise :class:`BadProof` unless this leaf leads to this root."""
        found = self.root_for(leaf)
        if found != root:
            raise BadProof(
                f"leaf {self.index} leads to the root {short(found)}, expected {short(root)}"
            )

    def _repr_html_(self) -> str:
        steps = " → ".join(f"<code>{short(sister)}</code>" for sister in self.path)
        return (
            f"<p>leaf {self.index} of {self.size}, {len(self.path)} steps"
            f" ({32 * len(self.path)} bytes): {steps or 'the leaf is the root'}</p>"
        )


@dataclass(frozen=True)
class ConsistencyProof:
    """The nodes that show an earlier tree to be the beginning of a later one."""

    old_size: int
    new_size: int
    path: tuple[bytes, ...]

    def check(self, old_root: bytes, new_root: bytes) -> None:
        """Raise :class:`BadProof` unless nothing of the old tree was rewritten
        (RFC 9162, section 2.1.4.2).
        """
        if not 1 <= self.old_size <= self.new_size:
            raise BadProof(f"no tree of {self.new_size} leaves grew from one of {self.old_size}")
        if self.old_size == self.new_size:
            if self.path or old_root != new_root:
                raise BadProof("two trees of one size are consistent only if their roots agree")
            return
        power_of_two = self.old_size & (self.old_size - 1) == 0
        nodes = [old_root, *self.path] if power_of_two else list(self.path)
        if not nodes:
            raise BadProof("the path is empty")
        at, last = self.old_size - 1, self.new_size - 1
        while at % 2:
            at, last = at // 2, last // 2
        old = new = nodes.pop(0)
        for node in nodes:
            if last == 0:
                raise BadProof("the path has too many steps")
            if at % 2 or at == last:
                old, new = node_hash(node, old), node_hash(node, new)
                while at and not at % 2:
                    at, last = at // 2, last // 2
            else:
                new = node_hash(new, node)
            at, last = at // 2, last // 2
        if last or old != old_root or new != new_root:
            raise BadProof(
                f"the tree of {self.old_size} leaves with root {short(old_root)} is not the"
                f" beginning of the tree of {self.new_size} with root {short(new_root)}"
            )


def _largest_power_below(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1
