"""
A block is a page of the ledger: some transactions under one header. The header
names the page before it by digest, so no page can be altered without every later
one showing it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from energychain.ledger.transaction import SignedTransaction
from energychain.primitives.encoding import encode
from energychain.primitives.hashing import Digest, sha256, short
from energychain.primitives.keys import Address
from energychain.primitives.merkle import InclusionProof, MerkleTree

VERSION = 1
"""The only block format so far."""

NONCE_BYTES = 8


@dataclass(frozen=True)
class Header:
    """The few fields that bind a block to its past and its content."""

    version: int
    """The block format."""

    height: int
    """How many blocks lie below; the first block has height 0."""

    parent: Digest
    """The hash of the block below."""

    merkle_root: Digest
    """The root over the block's transactions."""

    state_root: Digest
    """The root over all balances, nonces and contract storage after the block."""

    time: int
    """When the block was made [seconds since 1970-01-01 UTC]. Only the order is checked."""

    target: int
    """The largest hash, read as a number, that counts as sealed (proof of work)."""

    miner: Address
    """Who receives the fees and the reward."""

    nonce: int
    """The number that a miner searches for, from 0 to 2**64 - 1."""

    def __repr__(self) -> str:
        return (
            f"<header {self.height}: hash {short(self.hash)}, parent {short(self.parent)},"
            f" Merkle root {short(self.merkle_root)}, state root {short(self.state_root)},"
            f" time {self.time}, nonce {self.nonce}>"
        )

    @cached_property
    def unsealed(self) -> bytes:
        """The bytes of all fields but the nonce: what a miner hashes once and keeps."""
        return encode(
            (
                self.version,
                self.height,
                self.parent,
                self.merkle_root,
                self.state_root,
                self.time,
                self.target,
                self.miner,
            )
        )

    @cached_property
    def hash(self) -> Digest:
        """SHA-256 of the fields and then the nonce in eight bytes."""
        return sha256(self.unsealed + self.nonce.to_bytes(NONCE_BYTES, "big"))


@dataclass(frozen=True)
class Block:
    """A header and the transactions it stands for."""

    header: Header
    transactions: tuple[SignedTransaction, ...]

    @property
    def hash(self) -> Digest:
        """The hash of the header, which is the name of the block."""
        return self.header.hash

    @property
    def height(self) -> int:
        """How many blocks lie below."""
        return self.header.height

    @cached_property
    def tree(self) -> MerkleTree:
        """The Merkle tree over the transactions."""
        return transaction_tree(self.transactions)

    def proof(self, index: int) -> InclusionProof:
        """The proof that the transaction at this index is in the block.

        Check it with the leaf ``block.transactions[index].encoded`` and the
        header's Merkle root: the other transactions are not needed.
        """
        return self.tree.inclusion(index)

    def sealed(self, nonce: int) -> "Block":
        """This block with another nonce."""
        return Block(replace(self.header, nonce=nonce), self.transactions)

    def __repr__(self) -> str:
        return (
            f"<block {self.height}: hash {short(self.hash)}, parent {short(self.header.parent)},"
            f" {len(self.transactions)} transactions>"
        )

    def _repr_html_(self) -> str:
        header = self.header
        rows = "".join(
            f"<tr><th style='text-align:left'>{name}</th>"
            f"<td style='text-align:left'>{value}</td></tr>"
            for name, value in (
                ("hash", f"<code>{self.hash.hex()}</code>"),
                ("parent", f"<code>{header.parent.hex()}</code>"),
                ("Merkle root", f"<code>{header.merkle_root.hex()}</code>"),
                ("state root", f"<code>{header.state_root.hex()}</code>"),
                ("time", f"{header.time} s"),
                ("target", f"<code>{header.target:064x}</code>"),
                ("miner", f"<code>{header.miner}</code>"),
                ("nonce", header.nonce),
                ("transactions", len(self.transactions)),
            )
        )
        return f"<table><caption>block {self.height} · {short(self.hash)}</caption>{rows}</table>"


def transaction_tree(transactions: Sequence[SignedTransaction]) -> MerkleTree:
    """The Merkle tree over some transactions."""
    return MerkleTree.over_hashes([signed.leaf for signed in transactions])
