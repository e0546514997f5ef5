"""
A private chain that one person drives from a notebook: its accounts have names, every
key is derived from a seed, and blocks are opened, filled and closed by hand.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from energychain.consensus.work import check_work, mine, target_for
from energychain.contracts import CONTRACTS
from energychain.ledger.block import Block
from energychain.ledger.chain import CONFIRMATIONS, Chain, Draft
from energychain.ledger.genesis import Genesis
from energychain.ledger.state import ETHER, Contract, GasSchedule, Receipt
from energychain.ledger.transaction import SignedTransaction, Transaction, Value
from energychain.primitives.keys import Address, SecretKey, derive

MINERS = ("miner 1", "miner 2")
"""Who seals the blocks, in turn."""

ENDOWMENT = 10**21
"""The private Ether of each account [wei]: a thousand Ether, enough for everything."""

BLOCK_REWARD = 2 * 10**18
"""Ether for the miner of each block [wei]."""

GAS_PRICE = 1
"""As low as it goes [wei/gas]."""

GAS_LIMIT = 100_000_000
"""More than any call of ours needs [gas]."""

BLOCK_SECONDS = 15
"""Between two blocks when nothing else sets the time, as on Ethereum in 2018 [s]."""


@dataclass(frozen=True)
class Account:
    """A named key."""

    name: str
    key: SecretKey

    @property
    def address(self) -> Address:
        """Where others send to."""
        return self.key.public.address


def address_of(name: str, seed: str) -> Address:
    """The address of the account with this name, on a chain whose keys come from this seed."""
    return derive(seed, name).public.address


class PrivateChain:
    """A chain that one person drives from a notebook: open a block, send, close it.

    ``names`` are the accounts besides the two miners; each has plenty of Ether for gas.
    ``balances`` gives further assets by name, ``storage`` is the contracts' first storage.

    >>> chain = PrivateChain(["ann", "ben"], balances=[("token", "ann", 5_000)])
    >>> chain.open_block()
    >>> receipt = chain.send("ann", "token", "transfer", "token", chain.address("ben"), 2_000)
    >>> block = chain.close_block()
    >>> chain.balance("ben", "token")
    2000
    """

    def __init__(
        self,
        names: Sequence[str],
        *,
        name: str = "private",
        start: int = 0,
        difficulty_bits: int = 8,
        seed: str = "energychain",
        contracts: Mapping[str, Contract] = CONTRACTS,
        balances: Iterable[tuple[str, str, int]] = (),
        storage: Iterable[tuple[str, Value, Value]] = (),
    ) -> None:
        everybody = (*names, *(miner for miner in MINERS if miner not in names))
        self.name, self.start = name, start
        self.accounts = {each: Account(each, derive(seed, each)) for each in everybody}
        ether = [(ETHER, account.address, ENDOWMENT) for account in self.accounts.values()]
        others = [(asset, self.address(owner), amount) for asset, owner, amount in balances]
        genesis = Genesis(
            chain=name,
            time=start,
            target=target_for(difficulty_bits),
            reward=BLOCK_REWARD,
            gas=GasSchedule(),
            balances=(*ether, *others),
            storage=tuple(storage),
            names=tuple((account.address, account.name) for account in self.accounts.values()),
        )
        self.chain = Chain.begin(genesis, contracts, check_work)
        self._draft: Draft | None = None

    def address(self, name: str) -> Address:
        """The address of a named account.

        Raises ``KeyError`` if there is none.
        """
        return self.accounts[name].address

    def balance(self, name: str, asset: str) -> int:
        """What a named account owns, in the newest block."""
        return self.chain.state.balance(asset, self.address(name))

    def signed(
        self, name: str, contract: str, function: str, *arguments: Value, nonce: int | None = None
    ) -> SignedTransaction:
        """A call, signed by a named account, with its next nonce unless another is given."""
        key = self.accounts[name].key
        if nonce is None:
            source = self._draft or self.chain.state
            nonce = source.nonce(key.public.address)
        return Transaction(
            chain=self.name,
            sender=key.public,
            nonce=nonce,
            contract=contract,
            function=function,
            arguments=arguments,
            gas_limit=GAS_LIMIT,
            gas_price=GAS_PRICE,
        ).sign(key)

    def open_block(self, time: int | None = None) -> None:
        """Begin the next block; the two miners take turns."""
        miner = MINERS[self.chain.height % len(MINERS)]
        when = self.chain.head.header.time + BLOCK_SECONDS if time is None else time
        self._draft = self.chain.draft(when, self.address(miner))

    def send(self, name: str, contract: str, function: str, *arguments: Value) -> Receipt:
        """Sign a call and carry it out in the open block."""
        return self.include(self.signed(name, contract, function, *arguments))

    def include(self, signed: SignedTransaction) -> Receipt:
        """Carry out a signed transaction in the open block.

        Raises ``ValueError`` if no block is open.
        """
        if self._draft is None:
            raise ValueError("open a block first")
        return self._draft.add(signed)

    def close_block(self) -> Block:
        """Mine the open block and append it.

        Raises ``ValueError`` if no block is open.
        """
        if self._draft is None:
            raise ValueError("open a block first")
        self.chain = self._draft.finish(mine)
        self._draft = None
        return self.chain.head

    def mine(self, pending: Iterable[SignedTransaction] = (), time: int | None = None) -> Block:
        """A whole block with these transactions."""
        self.open_block(time)
        for signed in pending:
            self.include(signed)
        return self.close_block()

    def confirm(self, blocks: int = CONFIRMATIONS) -> None:
        """Mine empty blocks until the newest block has this many confirmations."""
        for _ in range(blocks - 1):
            self.mine()
