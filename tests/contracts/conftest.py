"""A state and its contracts without signatures, gas or blocks: calls, and what comes of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from energychain.contracts import CONTRACTS
from energychain.contracts.bank import opening_storage as bank_storage
from energychain.contracts.energy_trade import opening_storage as trade_storage
from energychain.contracts.token import ENERGY_TOKEN, MONEY
from energychain.ledger.state import Call, Event, GasSchedule, Setting, State, Worksheet
from energychain.ledger.transaction import Value
from energychain.primitives.keys import Address

NAMES = ("bank", "ann", "ben", "cat", "dan", "eve", "fay", "miner")
ADDRESS = {name: Address(f"0x{number:040x}") for number, name in enumerate(NAMES, 1)}
NAME = {address: name for name, address in ADDRESS.items()}


@dataclass
class Counter:
    """Where one calls contracts by name, at a time that one sets."""

    sheet: Worksheet
    time: int = 0
    names: Mapping[Address, str] = field(default_factory=lambda: NAME)

    def act(self, name: str, contract: str, function: str, *given: Value) -> tuple[Event, ...]:
        """Call; raises what is refused."""
        setting = Setting("floor", CONTRACTS, GasSchedule(), self.time, ADDRESS["miner"])
        call = Call(function, given, self.time, self.sheet.balance)
        return self.sheet.rehearse(contract, ADDRESS[name], call, setting)

    def trade(self, name: str, function: str, *given: Value) -> tuple[Event, ...]:
        return self.act(name, "energy_trade", function, *given)

    def agree(self, seller: str, *buyers: str, rate: int = 150_000) -> None:
        """The seller offers, and each buyer accepts."""
        self.trade(seller, "offer", addresses(*buyers), rate)
        for buyer in buyers:
            self.trade(buyer, "accept", addresses(seller), rate)

    def balance(self, name: str, asset: str = ENERGY_TOKEN) -> int:
        return self.sheet.balance(asset, ADDRESS[name])

    @property
    def storage(self) -> Mapping[Value, Value]:
        return self.sheet.state().storage["energy_trade"]


def addresses(*names: str) -> tuple[Address, ...]:
    return tuple(ADDRESS[name] for name in names)


Open = Callable[..., Counter]


@pytest.fixture(scope="session")
def counter() -> Open:
    """Opens a counter; everybody starts with the same tokens unless told otherwise."""

    def open_counter(
        tokens: int | Mapping[str, int] = 100_000,
        split: str = "in order",
        price: int = 30_000,
        interval: int = 86_400,
        money: int = 10**9,
        metered: tuple[int, int] = (0, 0),
    ) -> Counter:
        owned = tokens if isinstance(tokens, Mapping) else dict.fromkeys(NAMES[1:-1], tokens)
        storage: dict[str, dict[Value, Value]] = {}
        terms = (
            *bank_storage(ADDRESS["bank"], price, 0, interval),
            *trade_storage(split, *metered),
        )
        for contract, key, value in terms:
            storage.setdefault(contract, {})[key] = value
        balances = {(ENERGY_TOKEN, ADDRESS[name]): amount for name, amount in owned.items()}
        balances |= {(MONEY, ADDRESS[name]): money for name in NAMES[:-1]}
        balances[ENERGY_TOKEN, ADDRESS["bank"]] = 10**9
        return Counter(Worksheet(State(balances, {}, storage)))

    return open_counter


@pytest.fixture(scope="session")
def at() -> Callable[..., tuple[Address, ...]]:
    """The addresses of some names."""
    return addresses
