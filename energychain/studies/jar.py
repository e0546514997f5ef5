"""
A jar of tokens for a whole street, with a guard and without, and a call that is composed before
anybody sends it.

The contract is the one that lesson 04 writes: short enough to be read in a minute, and without a
guard anybody can empty it. :func:`compose` says what a call would change in the next block, what
it would cost, or why it may stand in none.
"""

from dataclasses import dataclass, replace
from typing import Any

from energychain.contracts.bank import bank, opening_storage
from energychain.contracts.calls import vault
from energychain.contracts.token import ENERGY_TOKEN, MONEY, token
from energychain.ledger.state import (
    Call,
    Contract,
    Event,
    InvalidTransaction,
    Outcome,
    Receipt,
    State,
    Storage,
    Transfer,
    Worksheet,
)
from energychain.ledger.transaction import SignedTransaction, Value
from energychain.primitives.keys import Address
from energychain.primitives.refusals import Refusal
from energychain.primitives.units import tokens
from energychain.studies.private_chain import BLOCK_SECONDS, PrivateChain, address_of

JAR = vault("jar")
"""Who holds what is in the jar: an account without a key."""


def jar(storage: Storage, sender: Address, call: Call) -> Outcome:
    """``put(amount)`` and ``draw(amount)`` [milli-token]: a jar for a whole street, which
    remembers what each has in it. It has no guard: whoever draws more than it put in takes
    what others put in.
    """
    amount: Any = call.arguments[0]
    mine: Any = storage.get(sender, 0)
    source, target = (sender, JAR) if call.function == "put" else (JAR, sender)
    mine += amount if call.function == "put" else -amount
    moved = Transfer(ENERGY_TOKEN, source, target, amount)
    return Outcome({sender: mine}, (moved,), (Event(call.function),))


class NotYours(Refusal):
    """Nobody draws more than it has put in."""

    rule = "jar"


def guarded(storage: Storage, sender: Address, call: Call) -> Outcome:
    """The :func:`jar`, with a guard.

    Raises :class:`NotYours` if somebody draws more than it has in the jar.
    """
    outcome = jar(storage, sender, call)
    left: Any = outcome.writes[sender]
    if left < 0:
        raise NotYours(f"{tokens(-left)} tokens more than you have in the jar")
    return outcome


# --- a call, composed -----------------------------------------------------------------

MEMBERS = ("ann", "ben", "cleo")
SEED = "a street with a jar"
DAY = 24 * 3_600
"""[s]"""


def street(contract: Contract = guarded) -> PrivateChain:
    """A chain of three members, a bank and a jar. Each began with five tokens and ten dollars,
    and ann has put three of her tokens into the jar. The bank pays tokens back once a day, and
    ann has been there today.

    >>> chain = street()
    >>> chain.balance("ann", "token"), chain.chain.state.balance("token", JAR)
    (2000, 3000)
    """
    chain = PrivateChain(
        (*MEMBERS, "bank"),
        name="street",
        seed=SEED,
        contracts={"jar": contract, "token": token, "bank": bank},
        balances=[
            *((ENERGY_TOKEN, member, 5_000) for member in MEMBERS),
            *((MONEY, member, 10_000_000) for member in MEMBERS),
            (ENERGY_TOKEN, "bank", 100_000),
            (MONEY, "bank", 100_000_000),
        ],
        storage=[
            *opening_storage(address_of("bank", SEED), price=30_000, opening=-DAY, interval=DAY),
            ("bank", ("redeemed", address_of("ann", SEED)), 0),
        ],
    )
    chain.mine([chain.signed("ann", "jar", "put", 3_000)])
    return chain


@dataclass(frozen=True)
class Composed:
    """A call, and all that would come of it in the next block."""

    signed: SignedTransaction
    receipt: Receipt | None
    """What became of it, if it may stand in a block at all."""

    reason: str
    """Why it may not stand in a block; empty if it may."""

    outcome: Outcome | None
    """What the contract would like to change, if it does not refuse."""

    before: State
    after: State

    @property
    def paid(self) -> int:
        """The gas that is paid for it [gas]."""
        return self.receipt.gas_used if self.receipt else 0

    @property
    def done(self) -> bool:
        """Whether the call takes effect."""
        return self.receipt is not None and self.receipt.done


def compose(
    chain: PrivateChain,
    name: str,
    contract: str,
    function: str,
    *arguments: Value,
    gas_limit: int,
) -> Composed:
    """What a call would do to a chain, which stays as it is.

    >>> compose(street(), "ben", "jar", "draw", 1_000, gas_limit=60_000).receipt.refusal
    'jar'
    """
    wish = chain.signed(name, contract, function, *arguments).transaction
    signed = replace(wish, gas_limit=gas_limit).sign(chain.accounts[name].key)
    before, when = chain.chain.state, chain.chain.head.header.time + BLOCK_SECONDS
    setting = chain.chain.setting(when, chain.address("miner 1"))
    sheet, receipt, reason = Worksheet(before), None, ""
    try:
        receipt = sheet.execute(signed, setting)
    except InvalidTransaction as refused:
        reason = str(refused)
    call = Call(function, arguments, when, before.balance)
    try:
        outcome = setting.contracts[contract](before.storage.get(contract, {}), signed.sender, call)
    except Refusal:
        outcome = None
    return Composed(signed, receipt, reason, outcome, before, sheet.state())
