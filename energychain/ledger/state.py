"""
The state is what the ledger says now: who owns what, who has sent how many
transactions, and what each contract remembers. Transactions move it on.

A contract is a pure function. It is shown what it has stored, who calls and
what for; it answers with an :class:`Outcome`, a list of what it would like to
change. The ledger then makes all of those changes or none. So a contract cannot
create money, cannot be re-entered and cannot leave half a trade behind.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Protocol

from energychain.ledger.transaction import SignedTransaction, Value
from energychain.primitives.encoding import NotEncodable, encode
from energychain.primitives.hashing import Digest, short
from energychain.primitives.keys import Address, is_address
from energychain.primitives.merkle import merkle_root
from energychain.primitives.refusals import Refusal

ETHER = "ether"
"""The asset that pays for gas [wei]. On a private chain it has no market value."""

Storage = Mapping[Value, Value]
"""What one contract remembers."""

Asset = tuple[str, Address]
"""An asset in somebody's hands: its name and the owner."""


# --- what a contract sees and answers -------------------------------------------------


@dataclass(frozen=True)
class Call:
    """What a contract is asked to do."""

    function: str
    arguments: tuple[Value, ...]

    time: int
    """The time of the block in which this happens [s]."""

    balance: Callable[[str, Address], int]
    """What the ledger says that somebody owns of an asset."""


@dataclass(frozen=True)
class Transfer:
    """An asset goes from one account to another."""

    asset: str
    source: Address
    target: Address
    amount: int


@dataclass(frozen=True)
class Event:
    """What a contract announces: a name and its particulars."""

    name: str
    fields: tuple[tuple[str, Value], ...] = ()

    def __getitem__(self, name: str) -> Value:
        """The particular with this name.

        >>> Event("Bought", (("tokens", 100_000),))["tokens"]
        100000
        """
        return dict(self.fields)[name]


@dataclass(frozen=True)
class Outcome:
    """What a contract would like to change."""

    writes: Mapping[Value, Value] = field(default_factory=dict)
    """New entries of the contract's own storage."""

    transfers: tuple[Transfer, ...] = ()
    events: tuple[Event, ...] = ()


class Contract(Protocol):
    """A pure function from what is, to what should change."""

    def __call__(self, storage: Storage, sender: Address, call: Call) -> Outcome:
        """Answer a call, or raise a :class:`~energychain.primitives.refusals.Refusal`."""


# --- what the ledger refuses ----------------------------------------------------------


class InvalidTransaction(Refusal):
    """The transaction may not stand in a block at all."""


class WrongChain(InvalidTransaction):
    """It was signed for another chain."""

    rule = "chain id"


class WrongNonce(InvalidTransaction):
    """It is not the sender's next one: a replay, or one came too early."""

    rule = "nonce"


class UnknownContract(InvalidTransaction):
    """This chain has no contract of that name."""

    rule = "contract"


class GasTooLow(InvalidTransaction):
    """The gas limit does not even cover reading the transaction."""

    rule = "gas limit"


class CannotPayGas(InvalidTransaction):
    """The sender's Ether does not cover the gas limit."""

    rule = "gas funds"


class Overdraft(Refusal):
    """A transfer exceeds what its source owns."""

    rule = "overdraft"


class BadTransfer(Refusal):
    """A contract wished a transfer that makes no sense."""

    rule = "transfer"


class OutOfGas(Refusal):
    """The call did more than its gas limit pays for."""

    rule = "out of gas"


# --- gas ------------------------------------------------------------------------------


@dataclass(frozen=True)
class GasSchedule:
    """What work costs. The magnitudes follow Ethereum's schedule (Wood, *Ethereum:
    a secure decentralised generalised transaction ledger*, appendix G). Computing
    itself is free here: contracts are part of the package, and their longest loop
    runs once over the members.
    """

    transaction: int = 21_000
    """For being in a block [gas]."""

    byte: int = 16
    """For each byte of the transaction, and of each entry written [gas]."""

    write: int = 5_000
    """For each entry written to storage [gas]."""

    transfer: int = 9_000
    """For each transfer [gas]."""

    event: int = 375
    """For each event [gas]."""

    def before(self, signed: SignedTransaction) -> int:
        """What a transaction costs before its contract has run [gas]."""
        return self.transaction + self.byte * len(signed.transaction.encoded)

    def outcome(self, outcome: Outcome) -> int:
        """What a contract's wishes cost [gas]."""
        written = sum(len(encode(entry)) for entry in outcome.writes.items())
        return (
            self.byte * written
            + self.write * len(outcome.writes)
            + self.transfer * len(outcome.transfers)
            + self.event * len(outcome.events)
        )


@dataclass(frozen=True)
class Receipt:
    """What became of a transaction."""

    transaction: Digest
    """The id of the transaction."""

    gas_used: int
    fee: int
    """What the sender paid to the miner [wei]."""

    events: tuple[Event, ...] = ()

    refusal: str = ""
    """The rule that refused the call; empty if it was done."""

    reason: str = ""
    """The refusal in a sentence; empty if it was done."""

    def __repr__(self) -> str:
        what = ", ".join(event.name for event in self.events) or "no events"
        became = f"done: {what}" if self.done else f"refused ({self.refusal}): {self.reason}"
        return f"<receipt {short(self.transaction)}: {became}; {self.gas_used:,} gas>"

    @property
    def done(self) -> bool:
        """Whether the call took effect."""
        return not self.refusal


# --- the state ------------------------------------------------------------------------


@dataclass(frozen=True)
class State:
    """Balances, nonces and storage at one moment."""

    balances: Mapping[Asset, int]
    nonces: Mapping[Address, int]
    storage: Mapping[str, Storage]

    def __repr__(self) -> str:
        return f"<state {short(self.root)}: {len(self.balances)} balances>"

    def balance(self, asset: str, owner: Address) -> int:
        """What somebody owns of an asset."""
        return self.balances.get((asset, owner), 0)

    def nonce(self, sender: Address) -> int:
        """How many transactions somebody has on this chain."""
        return self.nonces.get(sender, 0)

    def total(self, asset: str) -> int:
        """How much of an asset there is."""
        return sum(amount for (name, _), amount in self.balances.items() if name == asset)

    @property
    def root(self) -> Digest:
        """The Merkle root over the tables of the state: the balances, the nonces, and the
        storage of each contract by name. A table's bytes are its entries in the order of
        their own bytes.
        """
        tables = [_table("balance", self.balances), _table("nonce", self.nonces)]
        tables += [_table(name, self.storage[name]) for name in sorted(self.storage)]
        return merkle_root(tables)


def _table(name: str, entries: Mapping[Any, Value]) -> bytes:
    return encode(name) + b"".join(sorted(_entry(key, value) for key, value in entries.items()))


# From block to block little changes: remember the bytes of what stayed.
@lru_cache(maxsize=65_536)
def _entry(key: Value, value: Value) -> bytes:
    return encode((key, value))


@dataclass(frozen=True)
class Setting:
    """What a block adds to its transactions: where and when they happen."""

    chain: str
    contracts: Mapping[str, Contract]
    gas: GasSchedule
    time: int
    miner: Address


class Worksheet:
    """A copy of a state to scribble on while a block is made or checked."""

    def __init__(self, state: State) -> None:
        self._balances = dict(state.balances)
        self._nonces = dict(state.nonces)
        self._storage = {name: dict(storage) for name, storage in state.storage.items()}

    def state(self) -> State:
        """What is on the sheet now, as a state that will not change."""
        return State(
            MappingProxyType(dict(self._balances)),
            MappingProxyType(dict(self._nonces)),
            MappingProxyType(
                {name: MappingProxyType(dict(s)) for name, s in self._storage.items()}
            ),
        )

    def balance(self, asset: str, owner: Address) -> int:
        """What somebody owns of an asset."""
        return self._balances.get((asset, owner), 0)

    def nonce(self, sender: Address) -> int:
        """How many transactions somebody has on this chain."""
        return self._nonces.get(sender, 0)

    def endow(self, asset: str, owner: Address, amount: int) -> None:
        """Create an amount of an asset: the beginning of a chain, and block rewards."""
        self._balances[asset, owner] = self.balance(asset, owner) + amount

    def execute(self, signed: SignedTransaction, setting: Setting) -> Receipt:
        """Carry out one transaction and say what became of it.

        A call that its contract refuses, that overdraws an account or that runs
        out of gas changes nothing but the fee. Raises :class:`InvalidTransaction`
        or :class:`~energychain.primitives.keys.BadSignature` if the transaction may
        not stand in a block at all; then nothing changes.
        """
        wish, sender = signed.transaction, signed.sender
        self._admit(signed, setting)
        deposit = wish.gas_limit * wish.gas_price
        self._nonces[sender] = wish.nonce + 1
        self._balances[ETHER, sender] -= deposit
        used, refusal, reason = setting.gas.before(signed), "", ""
        events: tuple[Event, ...] = ()
        try:
            call = Call(wish.function, wish.arguments, setting.time, self.balance)
            outcome, cost = self._ask(wish.contract, sender, call, setting)
            if used + cost > wish.gas_limit:
                raise OutOfGas(
                    f"{wish.contract}.{wish.function} needs {used + cost:,} gas,"
                    f" the limit is {wish.gas_limit:,}"
                )
            self._commit(wish.contract, outcome)
            used, events = used + cost, outcome.events
        except OutOfGas as refused:
            used, refusal, reason = wish.gas_limit, refused.rule, str(refused)
        except Refusal as refused:
            refusal, reason = refused.rule, str(refused)
        fee = used * wish.gas_price
        self.endow(ETHER, sender, deposit - fee)
        self.endow(ETHER, setting.miner, fee)
        return Receipt(signed.id, used, fee, events, refusal, reason)

    def rehearse(
        self, contract: str, sender: Address, call: Call, setting: Setting
    ) -> tuple[Event, ...]:
        """Let a contract act without signature, gas or block; raises what it refuses.

        What would happen, for people who try things out.
        """
        outcome, _ = self._ask(contract, sender, call, setting)
        self._commit(contract, outcome)
        return outcome.events

    def _admit(self, signed: SignedTransaction, setting: Setting) -> None:
        wish, sender = signed.transaction, signed.sender
        if wish.chain != setting.chain:
            raise WrongChain(f"signed for the chain {wish.chain!r}, this is {setting.chain!r}")
        signed.check_signature()
        expected = self._nonces.get(sender, 0)
        if wish.nonce != expected:
            why = "it was used before" if wish.nonce < expected else "one is missing before it"
            raise WrongNonce(f"the next nonce is {expected}, found {wish.nonce}: {why}")
        if wish.contract not in setting.contracts:
            known = ", ".join(sorted(setting.contracts))
            raise UnknownContract(f"there is no contract {wish.contract!r}; there are {known}")
        least = setting.gas.before(signed)
        if wish.gas_price < 0 or wish.gas_limit < least:
            raise GasTooLow(
                f"the gas limit is {wish.gas_limit:,} at {wish.gas_price} wei; reading the"
                f" transaction alone takes {least:,}"
            )
        deposit, owned = wish.gas_limit * wish.gas_price, self.balance(ETHER, sender)
        if deposit > owned:
            raise CannotPayGas(f"the gas may cost {deposit:,} wei, the sender has {owned:,}")
        self._balances.setdefault((ETHER, sender), 0)

    def _ask(
        self, contract: str, sender: Address, call: Call, setting: Setting
    ) -> tuple[Outcome, int]:
        storage = MappingProxyType(self._storage.get(contract, {}))
        outcome = setting.contracts[contract](storage, sender, call)
        try:
            return outcome, setting.gas.outcome(outcome)
        except NotEncodable as fault:
            raise BadTransfer(f"{contract} wished to store what has no bytes: {fault}") from None

    def _commit(self, contract: str, outcome: Outcome) -> None:
        after: dict[Asset, int] = {}
        for transfer in outcome.transfers:
            source, target = (transfer.asset, transfer.source), (transfer.asset, transfer.target)
            if type(transfer.amount) is not int or transfer.amount < 0:
                raise BadTransfer(f"expected a whole amount, found {transfer.amount!r}")
            if not is_address(transfer.target):
                raise BadTransfer(f"expected an address, found {transfer.target!r}")
            owned = after.get(source, self._balances.get(source, 0))
            if owned < transfer.amount:
                raise Overdraft(
                    f"{transfer.source} has {owned:,} of {transfer.asset},"
                    f" {transfer.amount:,} are due"
                )
            after[source] = owned - transfer.amount
            after[target] = after.get(target, self._balances.get(target, 0)) + transfer.amount
        self._balances.update(after)
        if outcome.writes:
            self._storage.setdefault(contract, {}).update(outcome.writes)
