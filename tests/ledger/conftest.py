"""A small chain to break: two households, two blocks, a handful of transactions."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from typing import Any

import pytest

from energychain.consensus.work import check_work, mine
from energychain.contracts import CONTRACTS
from energychain.ledger import saved
from energychain.ledger.block import Block, transaction_tree
from energychain.ledger.chain import Chain
from energychain.ledger.transaction import SignedTransaction
from energychain.studies.testbed import ChainTerms, Testbed

EASY = ChainTerms(difficulty_bits=0)
"""Every hash counts as sealed: for tests that mine often."""


@dataclass
class Workshop:
    """What it takes to forge a block that breaks one rule and keeps the others."""

    network: Testbed

    @property
    def chain(self) -> Chain:
        return self.network.chain

    def next_block(self) -> Block:
        """A block that the chain would accept, with one transaction, not put on it."""
        draft = self.chain.draft(self.chain.head.header.time + 15, self.network.address("miner 1"))
        draft.add(self.signed())
        return mine(draft.block())

    def signed(self, sender: str = "ann", **changes: Any) -> SignedTransaction:
        """A transfer of three tokens to Ben; changed as told, then signed."""
        key = self.network.accounts[sender].key
        wish = self.network.signed(
            sender, "token", "transfer", "token", self.network.address("ben"), 3_000
        ).transaction
        return replace(wish, **changes).sign(key)

    def forged(self, block: Block | None = None, **header: Any) -> Block:
        """The block with other header fields, mined again, so that its seal is in order."""
        block = block or self.next_block()
        return mine(Block(replace(block.header, **header), block.transactions))

    def holding(self, *transactions: SignedTransaction) -> Block:
        """A mined block that holds these transactions, whatever they are worth."""
        block = self.next_block()
        root = transaction_tree(transactions).root
        return mine(Block(replace(block.header, merkle_root=root), transactions))

    def broken(self, block: Block) -> dict[str, str]:
        """The rules that refuse a block, each with the name of the fault."""
        return {
            rule.name: fault.rule for rule, fault in self.chain.verdicts(block) if fault is not None
        }


def small_network() -> Testbed:
    network = Testbed(["ann", "ben"])
    network.open_block()
    for name in ("ann", "ben"):
        network.send(name, "bank", "buy", 100_000)
    network.close_block()
    network.open_block()
    network.send("ann", "energy_trade", "offer", (network.address("ben"),), 150_000)
    network.send("ben", "token", "transfer", "token", network.address("ann"), 12_345)
    network.close_block()
    return network


@pytest.fixture
def workshop() -> Workshop:
    return Workshop(small_network())


@pytest.fixture
def easy() -> Testbed:
    """A fresh chain on which everything is mined at the first try."""
    return Testbed(["ann", "ben"], EASY)


@cache
def _small_file() -> bytes:
    return "".join(line + "\n" for line in saved.lines(small_network().chain)).encode()


@pytest.fixture(scope="session")
def small_file() -> bytes:
    """The small chain as it is saved."""
    return _small_file()


@pytest.fixture(scope="session")
def reread() -> Callable[[bytes], Chain]:
    """Reads the bytes of a saved chain, as ``load`` does with those of a file."""

    def read(data: bytes) -> Chain:
        return saved.read(BytesIO(data), CONTRACTS, check_work)

    return read
