"""
Where a day can be played: on a chain, with signed transactions in mined blocks, or in a
rehearsal, with the same contracts on the same state and nothing else.
"""

from collections.abc import Sequence
from typing import Protocol

from energychain.contracts.token import ENERGY_TOKEN
from energychain.ledger.state import Call, Event, Worksheet
from energychain.ledger.transaction import Value
from energychain.primitives.refusals import BadInput, Refusal
from energychain.studies.private_chain import PrivateChain


class Stage(Protocol):
    """Where a day can be played: on a chain, or in a rehearsal without one."""

    network: PrivateChain

    def open(self, time: int) -> None:
        """Begin what happens at a time."""

    def act(self, name: str, contract: str, function: str, *arguments: Value) -> Sequence[Event]:
        """Let somebody call a contract; the events, or an error if it is refused."""

    def close(self) -> None:
        """End it."""

    def balance(self, name: str, asset: str = ENERGY_TOKEN) -> int:
        """What somebody owns of an asset."""


class ChainStage:
    """Signed transactions in mined blocks."""

    def __init__(self, network: PrivateChain) -> None:
        self.network = network
        self.sent = 0

    def open(self, time: int) -> None:
        """Open a block."""
        self.network.open_block(time)
        self.sent = 0

    def act(self, name: str, contract: str, function: str, *arguments: Value) -> Sequence[Event]:
        """Sign and send."""
        receipt = self.network.send(name, contract, function, *arguments)
        self.sent += 1
        if not receipt.done:
            raise BadInput(f"{name}: {contract}.{function} was refused: {receipt.reason}")
        return receipt.events

    def close(self) -> None:
        """Mine the block."""
        self.network.close_block()

    def balance(self, name: str, asset: str = ENERGY_TOKEN) -> int:
        """What somebody owns of an asset in the newest block."""
        return self.network.balance(name, asset)


class RehearsalStage:
    """The same contracts on the same state, without signatures, gas and blocks: fast
    enough to follow a slider.
    """

    def __init__(self, network: PrivateChain) -> None:
        self.network = network
        self._sheet = Worksheet(network.chain.state)
        self.open(network.start)

    def open(self, time: int) -> None:
        """Note the time."""
        self._setting = self.network.chain.setting(time, self.network.address("miner 1"))

    def act(self, name: str, contract: str, function: str, *arguments: Value) -> Sequence[Event]:
        """Call the contract directly."""
        call = Call(function, arguments, self._setting.time, self._sheet.balance)
        try:
            return self._sheet.rehearse(contract, self.network.address(name), call, self._setting)
        except Refusal as refusal:
            raise BadInput(f"{name}: {contract}.{function} was refused: {refusal}") from None

    def close(self) -> None:
        """Nothing to mine."""

    def balance(self, name: str, asset: str = ENERGY_TOKEN) -> int:
        """What somebody owns of an asset now."""
        return self._sheet.balance(asset, self.network.address(name))
