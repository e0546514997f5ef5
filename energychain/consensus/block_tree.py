"""
Two miners may find a block at the same time; then there are two chains, and for a while
both are right. A block tree keeps every chain that was ever seen. The one with the most
work counts; of two with the same work, the one that was seen first (Nakamoto, 2009,
sections 4 and 5).

When another chain comes to count, the head is reorganised: blocks are orphaned, their
transactions wait again, and what was settled in them is no longer settled. Nothing is
undone step by step: a chain is a value, and the tree turns to another one. So the state
is byte for byte what those blocks lead to.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TypeVar

from energychain.consensus.difficulty import header_work
from energychain.ledger.block import Block, Header
from energychain.ledger.chain import Chain, InvalidBlock, WrongMerkleRoot
from energychain.ledger.genesis import NOBODY
from energychain.ledger.mempool import Mempool
from energychain.ledger.state import Asset, Receipt, WrongNonce
from energychain.ledger.transaction import SignedTransaction
from energychain.primitives.hashing import Digest, short
from energychain.primitives.keys import Address

MOST_ASIDE = 1_000
"""So many blocks that wait for their parent, and so many that were refused, are remembered;
then the oldest is forgotten. Whoever sends useless blocks must not fill a node's memory.
"""

Work = Callable[[Header], int]
"""What a block adds to its chain's weight."""


class OnRefusedBlock(InvalidBlock):
    """The block stands on one that was refused."""

    rule = "parent"


# --- what a block does to the tree ----------------------------------------------------


@dataclass(frozen=True)
class Undone:
    """A transaction of an orphaned block: what had become of it, and what has now."""

    transaction: SignedTransaction
    was: Receipt
    now: Receipt | None
    """None if it is in no block of the new chain."""


@dataclass(frozen=True)
class Dropped:
    """A transaction that cannot even wait: the new chain has used its nonce for another."""

    transaction: SignedTransaction
    reason: str


@dataclass(frozen=True)
class Move:
    """The head went from the end of one chain to the end of another."""

    old: Chain
    new: Chain

    def __repr__(self) -> str:
        return (
            f"<move from {short(self.old.head.hash)} to {short(self.new.head.hash)}:"
            f" {self.depth} orphaned, {len(self.adopted)} adopted>"
        )

    @cached_property
    def ancestor(self) -> Block:
        """The newest block that both chains have."""
        height = min(self.old.height, self.new.height)
        while self.old.blocks[height].hash != self.new.blocks[height].hash:
            height -= 1
        return self.old.blocks[height]

    @property
    def orphaned(self) -> tuple[Block, ...]:
        """The blocks that no longer count, oldest first."""
        return self.old.blocks[self.ancestor.height + 1 :]

    @property
    def adopted(self) -> tuple[Block, ...]:
        """The blocks that count now and did not, oldest first."""
        return self.new.blocks[self.ancestor.height + 1 :]

    @property
    def depth(self) -> int:
        """How many blocks were orphaned; 0 if the chain only grew [blocks]."""
        return len(self.orphaned)

    @cached_property
    def undone(self) -> tuple[Undone, ...]:
        """Every transaction of the orphaned blocks, oldest first."""
        adopted = {
            receipt.transaction: receipt
            for receipts in self.new.receipts[self.ancestor.height + 1 :]
            for receipt in receipts
        }
        return tuple(
            Undone(signed, receipt, adopted.get(signed.id))
            for block in self.orphaned
            for signed, receipt in zip(
                block.transactions, self.old.receipts[block.height], strict=True
            )
        )

    @property
    def returned(self) -> tuple[SignedTransaction, ...]:
        """The transactions that are in no block any more, oldest first."""
        return tuple(each.transaction for each in self.undone if each.now is None)

    def waiting(self, pool: Mempool) -> tuple[Mempool, tuple[Dropped, ...]]:
        """The waiting room after the move: without what the new chain has, and with what
        was returned, which comes first. Beside it, what can wait no longer.
        """
        adopted = tuple(signed for block in self.adopted for signed in block.transactions)
        room, dropped = Mempool(), []
        for signed in (*self.returned, *pool.without(adopted).waiting):
            try:
                room = room.add(signed, self.new.state)
            except WrongNonce as fault:
                dropped.append(Dropped(signed, str(fault)))
        return room, tuple(dropped)

    def balances(self) -> dict[Asset, tuple[int, int]]:
        """Every balance that the move changed: before and after, by asset and owner."""
        old, new = self.old.state.balances, self.new.state.balances
        return {
            asset: (old.get(asset, 0), new.get(asset, 0))
            for asset in sorted({*old, *new})
            if old.get(asset, 0) != new.get(asset, 0)
        }


@dataclass(frozen=True)
class Added:
    """What one block did to the tree."""

    connected: tuple[Block, ...] = ()
    """The blocks that found their place: this one, and those that had waited for it."""

    refused: tuple[tuple[Block, InvalidBlock], ...] = ()
    """Blocks that had waited, and broke a rule when their turn came."""

    move: Move | None = None
    """Where the head went, if it went anywhere."""

    @property
    def reorganisation(self) -> Move | None:
        """The move, if it orphaned a block."""
        return self.move if self.move is not None and self.move.depth else None


# --- the tree -------------------------------------------------------------------------


class BlockTree:
    """Every valid block that a node has seen, and which chain of them counts.

    It begins with a chain. ``work`` says what a block weighs: by default its proof of work.
    """

    def __init__(self, chain: Chain, work: Work = header_work) -> None:
        self._work = work
        self._trunk = self._head = chain
        # The chains that end below are made when somebody builds on them.
        self._chains = {chain.head.hash: chain}
        works = accumulate(work(block.header) for block in chain.blocks)
        self._chainwork = dict(zip((block.hash for block in chain.blocks), works, strict=True))
        self._waiting: dict[Digest, Block] = {}
        self._refused: dict[Digest, InvalidBlock] = {}

    def __repr__(self) -> str:
        return (
            f"<block tree: {len(self._chainwork)} blocks, {len(self._waiting)} waiting,"
            f" head {self.head.height} {short(self.head.head.hash)}>"
        )

    def __contains__(self, block: Digest) -> bool:
        return block in self._chainwork

    @property
    def head(self) -> Chain:
        """The chain that counts."""
        return self._head

    @property
    def waiting(self) -> tuple[Block, ...]:
        """The blocks whose parent has not come yet, in the order in which they came."""
        return tuple(self._waiting.values())

    def chainwork(self, block: Digest) -> int:
        """All work from the first block to this one [hashes].

        Raises ``KeyError`` if the block is not in the tree.
        """
        return self._chainwork[block]

    def chain(self, block: Digest) -> Chain:
        """The chain that ends in a block.

        Raises ``KeyError`` if the block is not in the tree.
        """
        if block not in self._chains:
            height = next(b.height for b in self._trunk.blocks if b.hash == block)
            self._chains[block] = self._trunk.upto(height)
        return self._chains[block]

    def tips(self) -> tuple[Chain, ...]:
        """The chains on which nobody has built, in the order in which their ends came."""
        parents = {block.header.parent for block in self.blocks()}
        return tuple(self.chain(block.hash) for block in self.blocks() if block.hash not in parents)

    def blocks(self) -> Iterator[Block]:
        """Every block in the order in which it found its place."""
        trunk = {block.hash: block for block in self._trunk.blocks}
        for digest in self._chainwork:
            yield trunk[digest] if digest in trunk else self._chains[digest].head

    def add(self, block: Block) -> Added:
        """Put a block where it belongs; one whose parent is missing waits for it.

        A block that is known changes nothing. Raises
        :class:`~energychain.ledger.chain.InvalidBlock`, naming the rule, if it breaks one.
        """
        if block.hash in self or block.hash in self._waiting:
            return Added()
        _require_own_transactions(block)
        if block.header.parent not in self and block.header.parent not in self._refused:
            _remember(self._waiting, block.hash, block)
            return Added()
        before = self._head
        try:
            self._connect(block)
        finally:  # who waited for a block that is refused, waits no longer either
            connected, refused = self._connect_waiting(block)
        move = None if self._head is before else Move(before, self._head)
        return Added((block, *connected), refused, move)

    def _connect_waiting(
        self, block: Block
    ) -> tuple[tuple[Block, ...], tuple[tuple[Block, InvalidBlock], ...]]:
        """Try all that waited for a block, and for those in turn."""
        connected, refused, tried = [], [], [block]
        for parent in tried:  # the list grows while we walk along it
            for child in [b for b in self.waiting if b.header.parent == parent.hash]:
                del self._waiting[child.hash]
                tried.append(child)
                try:
                    self._connect(child)
                    connected.append(child)
                except InvalidBlock as fault:
                    refused.append((child, fault))
        return tuple(connected), tuple(refused)

    def _connect(self, block: Block) -> None:
        parent = block.header.parent
        try:
            if block.hash in self._refused:
                raise self._refused[block.hash]
            if parent in self._refused:
                raise OnRefusedBlock(
                    f"it stands on {short(parent)}, which was refused: {self._refused[parent]}",
                    block=block.height,
                )
            chain = self.chain(parent).append(block)
        except InvalidBlock as fault:
            _remember(self._refused, block.hash, fault)
            raise
        self._chains[block.hash] = chain
        self._chainwork[block.hash] = self._chainwork[parent] + self._work(block.header)
        # Not "at least": of two chains with the same work, the first seen counts.
        if self._chainwork[block.hash] > self._chainwork[self._head.head.hash]:
            self._head = chain

    def rows(self, names: Mapping[Address, str] | None = None) -> list[dict[str, object]]:
        """Every block for people and charts, in the order in which it found its place. The
        chain that counts is branch 0; the others are numbered as their ends came.
        """
        known = dict(self.head.genesis.names) if names is None else names
        called = {NOBODY: "nobody", **known}
        main = {block.hash for block in self.head.blocks}
        branch = dict.fromkeys(main, 0)
        ends = [tip for tip in self.tips() if tip.head.hash not in main]
        for number, tip in enumerate(ends, 1):
            for block in tip.blocks:
                branch.setdefault(block.hash, number)
        return [
            {
                "height": block.height,
                "hash": short(block.hash),
                "parent": short(block.header.parent),
                "branch": branch[block.hash],
                "miner": called.get(block.header.miner, str(block.header.miner)),
                "on_main": block.hash in main,
                "work": self._work(block.header),
                "chainwork": self.chainwork(block.hash),
                "transactions": len(block.transactions),
                "time": block.header.time,
            }
            for block in self.blocks()
        ]


# A block's name is the hash of its header alone. If one with other transactions were
# remembered under that name, whoever sends it first would keep the true one out.
def _require_own_transactions(block: Block) -> None:
    if block.tree.root != block.header.merkle_root:
        raise WrongMerkleRoot(
            f"the header of block {short(block.hash)} was made for other transactions",
            block=block.height,
        )


Aside = TypeVar("Aside")


def _remember(aside: dict[Digest, Aside], block: Digest, what: Aside) -> None:
    aside[block] = what
    if len(aside) > MOST_ASIDE:
        del aside[next(iter(aside))]
