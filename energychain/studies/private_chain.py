"""
The testbed's private chain: four machines, eight accounts, a bank, two miners.

Cali & Fifield (2019), sections 4.2 and 4.3: two Linux nodes and two mining nodes,
each with two accounts; a low, fixed difficulty; plenty of private Ether; a very low
gas price; miners who act as the bank. The text does not say which account is whose:
the names below are our reading. Difficulty in bits, block time, Ether and the prices
are not printed either; they are parameters.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from energychain.consensus.work import check_work, mine, target_for
from energychain.contracts import CONTRACTS
from energychain.contracts.bank import opening_storage as bank_storage
from energychain.contracts.energy_trade import opening_storage as trade_storage
from energychain.contracts.token import ENERGY_TOKEN, MONEY
from energychain.ledger.block import Block
from energychain.ledger.chain import CONFIRMATIONS, Chain, Draft
from energychain.ledger.genesis import Genesis
from energychain.ledger.state import ETHER, GasSchedule, Receipt
from energychain.ledger.transaction import SignedTransaction, Transaction, Value
from energychain.primitives.keys import Address, SecretKey, derive

MACHINES = {
    "linux 1": ("node 1", "node 2"),
    "linux 2": ("node 3", "node 4"),
    "miner 1": ("miner 1", "bank"),
    "miner 2": ("miner 2", "auditor"),
}
"""The four machines of the testbed and their eight accounts."""

HOUSEHOLDS = ("node 1", "node 2", "node 3", "node 4")
SERVICE = ("miner 1", "miner 2", "bank", "auditor")
MINERS = ("miner 1", "miner 2")

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

TOKEN_PRICE = 30_000
"""What a token costs at the bank [micro-dollar]: three cents, or 0.20 dollars per kWh."""

SAVINGS = 10**12
"""Money of each household with the bank: a million dollars [micro-dollar]."""

TOKEN_STOCK = 10**15
"""Tokens that the bank can sell [milli-token]."""


@dataclass(frozen=True)
class Account:
    """A named key."""

    name: str
    key: SecretKey

    @property
    def address(self) -> Address:
        """Where others send to."""
        return self.key.public.address


@dataclass(frozen=True)
class ChainTerms:
    """What the members agree on before the first block."""

    name: str = "testbed"
    start: int = 0
    """When the chain begins [seconds since 1970-01-01 UTC]."""

    difficulty_bits: int = 8
    """A block takes 256 tries on average: an easy private chain."""

    price: int = TOKEN_PRICE
    """What a token costs at the bank [micro-dollar]."""

    redemption_interval: int = 86_400
    """The time between two redemptions [s]."""

    first_interval: int = 0
    """When interval 0 of the meters begins [s]."""

    interval: int = 0
    """How long an interval of the meters is [s]; 0 if nobody checks."""

    split: str = "in order"
    """How surplus is divided among buyers."""

    seed: str = "energychain testbed"
    """From which all keys are derived: for lessons only."""


class PrivateChain:
    """A chain that one person drives from a notebook: open a block, send, close it."""

    def __init__(self, households: Sequence[str], terms: ChainTerms | None = None) -> None:
        self.terms = terms or ChainTerms()
        taken = [name for name in households if name in SERVICE]
        if taken:
            raise ValueError(f"{taken[0]!r} is the name of a service account: rename the node")
        self.households = tuple(households)
        self.accounts = {
            name: Account(name, derive(self.terms.seed, name)) for name in (*households, *SERVICE)
        }
        self.chain = Chain.begin(self._genesis(), CONTRACTS, check_work)
        self._draft: Draft | None = None

    def _genesis(self) -> Genesis:
        address = self.address
        ether = [(ETHER, account.address, ENDOWMENT) for account in self.accounts.values()]
        savings = [(MONEY, address(name), SAVINGS) for name in self.households]
        stock = [(ENERGY_TOKEN, address("bank"), TOKEN_STOCK), (MONEY, address("bank"), SAVINGS)]
        terms = self.terms
        return Genesis(
            chain=terms.name,
            time=terms.start,
            target=target_for(terms.difficulty_bits),
            reward=BLOCK_REWARD,
            gas=GasSchedule(),
            balances=(*ether, *savings, *stock),
            storage=(
                *bank_storage(address("bank"), terms.price, terms.start, terms.redemption_interval),
                *trade_storage(terms.split, terms.first_interval, terms.interval),
            ),
            names=tuple((account.address, account.name) for account in self.accounts.values()),
        )

    def address(self, name: str) -> Address:
        """The address of a named account.

        Raises ``KeyError`` if there is none.
        """
        return self.accounts[name].address

    def balance(self, name: str, asset: str = ENERGY_TOKEN) -> int:
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
            chain=self.terms.name,
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
