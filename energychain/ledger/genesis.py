"""
What the members of a private chain agree on before its first block.
"""

from dataclasses import dataclass

from energychain.ledger.block import VERSION, Block, Header
from energychain.ledger.state import GasSchedule, State, Worksheet
from energychain.ledger.transaction import Value
from energychain.primitives.encoding import encode
from energychain.primitives.hashing import NO_DIGEST
from energychain.primitives.keys import Address
from energychain.primitives.merkle import merkle_root

NOBODY = Address("0x" + "0" * 40)
"""The "miner" of the first block."""


@dataclass(frozen=True)
class Genesis:
    """What the members of a private chain agree on before the first block. The first
    block's hash covers all of it.
    """

    chain: str
    """The name of the chain."""

    time: int
    """When it begins [seconds since 1970-01-01 UTC]."""

    target: int
    """The proof-of-work target of every block; low difficulty means a large target."""

    reward: int
    """Ether created for the miner of each block [wei]."""

    gas: GasSchedule
    """What work costs."""

    balances: tuple[tuple[str, Address, int], ...]
    """The first endowment: asset, owner, amount."""

    storage: tuple[tuple[str, Value, Value], ...]
    """The contracts' first storage: contract, key, value."""

    names: tuple[tuple[Address, str], ...] = ()
    """What people call the accounts."""

    def state(self) -> State:
        """The state before the first transaction."""
        sheet = Worksheet(State({}, {}, self._storage()))
        for asset, owner, amount in self.balances:
            sheet.endow(asset, owner, amount)
        return sheet.state()

    def _storage(self) -> dict[str, dict[Value, Value]]:
        storage: dict[str, dict[Value, Value]] = {}
        for contract, key, value in self.storage:
            storage.setdefault(contract, {})[key] = value
        return storage

    def block(self) -> Block:
        """The first block. Its one Merkle leaf is this record."""
        return Block(
            Header(
                version=VERSION,
                height=0,
                parent=NO_DIGEST,
                merkle_root=merkle_root([encode(self)]),
                state_root=self.state().root,
                time=self.time,
                target=self.target,
                miner=NOBODY,
                nonce=0,
            ),
            (),
        )
