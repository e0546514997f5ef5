"""
The testbed's private chain: four machines, eight accounts, a bank, two miners.

Cali & Fifield (2019), sections 4.2 and 4.3: two Linux nodes and two mining nodes,
each with two accounts; a low, fixed difficulty; plenty of private Ether; a very low
gas price; miners who act as the bank. The text does not say which account is whose:
the names below are our reading. Difficulty in bits, block time, Ether and the prices
are not printed either; they are parameters.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from energychain.contracts.bank import opening_storage as bank_storage
from energychain.contracts.energy_trade import opening_storage as trade_storage
from energychain.contracts.token import ENERGY_TOKEN, MONEY
from energychain.studies.private_chain import PrivateChain, address_of

MACHINES = {
    "linux 1": ("node 1", "node 2"),
    "linux 2": ("node 3", "node 4"),
    "miner 1": ("miner 1", "bank"),
    "miner 2": ("miner 2", "auditor"),
}
"""The four machines of the testbed and their eight accounts."""

HOUSEHOLDS = ("node 1", "node 2", "node 3", "node 4")
SERVICE = ("miner 1", "miner 2", "bank", "auditor")


TOKEN_PRICE = 30_000
"""What a token costs at the bank [micro-dollar]: three cents, or 0.20 dollars per kWh."""

SAVINGS = 10**12
"""Money of each household with the bank: a million dollars [micro-dollar]."""

TOKEN_STOCK = 10**15
"""Tokens that the bank can sell [milli-token]."""


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


class Testbed(PrivateChain):
    """The testbed, to drive from a notebook: open a block, send, close it."""

    def __init__(self, households: Sequence[str], terms: ChainTerms | None = None) -> None:
        self.terms = terms = terms or ChainTerms()
        taken = [name for name in households if name in SERVICE]
        if taken:
            raise ValueError(f"{taken[0]!r} is the name of a service account: rename the node")
        self.households = tuple(households)
        bank = address_of("bank", terms.seed)
        super().__init__(
            (*households, *SERVICE),
            name=terms.name,
            start=terms.start,
            difficulty_bits=terms.difficulty_bits,
            seed=terms.seed,
            balances=(
                *((MONEY, name, SAVINGS) for name in households),
                (ENERGY_TOKEN, "bank", TOKEN_STOCK),
                (MONEY, "bank", SAVINGS),
            ),
            storage=(
                *bank_storage(bank, terms.price, terms.start, terms.redemption_interval),
                *trade_storage(terms.split, terms.first_interval, terms.interval),
            ),
        )

    def balance(self, name: str, asset: str = ENERGY_TOKEN) -> int:
        """What a named account owns, in the newest block."""
        return super().balance(name, asset)
