"""A desk at which one calls a business model's contract by name, at a time that one sets."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from energychain.contracts.business_models import BUSINESS_MODELS
from energychain.contracts.calls import vault
from energychain.contracts.roles import opening_storage
from energychain.contracts.token import MONEY
from energychain.ledger.state import Call, Event, GasSchedule, Setting, State, Worksheet
from energychain.ledger.transaction import Value
from energychain.primitives.keys import Address
from energychain.primitives.refusals import Refusal

SAVINGS = 10**10
"""Money of each member at first [micro-money]."""

KWH = 10**6
EURO = 10**6


def address(name: str) -> Address:
    return Address("0x" + name.encode().hex().rjust(40, "0")[-40:])


class Desk:
    """Signatures, gas and blocks left out; the ledger's own rules for transfers kept in."""

    def __init__(
        self,
        contract: str,
        members: Mapping[str, tuple[Sequence[str], str]],
        terms: Iterable[tuple[str, Value, Value]] = (),
        savings: int = SAVINGS,
    ) -> None:
        self.contract, self.time = contract, 0
        self.names = tuple(members)
        registry = [(address(name), roles, place) for name, (roles, place) in members.items()]
        storage: dict[str, dict[Value, Value]] = {contract: {}}
        for where, key, value in (
            *opening_storage(contract, address("registrar"), registry),
            *terms,
        ):
            storage[where][key] = value
        balances = {(MONEY, address(name)): savings for name in members}
        self.sheet = Worksheet(State(balances, {}, storage))

    def act(self, name: str, function: str, *given: Value) -> tuple[Event, ...]:
        """Call; raises what is refused."""
        setting = Setting("floor", BUSINESS_MODELS, GasSchedule(), self.time, address("miner"))
        call = Call(function, given, self.time, self.sheet.balance)
        return self.sheet.rehearse(self.contract, address(name), call, setting)

    def tries(self, name: str, function: str, *given: Value) -> str:
        """Call; the refused rule, or nothing. A refusal must leave everything as it was."""
        before = self.state
        try:
            self.act(name, function, *given)
        except Refusal as refusal:
            assert str(refusal).strip()
            assert self.state == before, f"refused, and yet something changed: {refusal}"
            return refusal.rule
        return ""

    @property
    def state(self) -> State:
        return self.sheet.state()

    @property
    def storage(self) -> Mapping[Value, Value]:
        return self.state.storage[self.contract]

    def money(self, name: str) -> int:
        """What somebody has gained since the beginning [micro-money]."""
        return self.sheet.balance(MONEY, address(name)) - SAVINGS

    @property
    def in_vault(self) -> int:
        return self.sheet.balance(MONEY, vault(self.contract))

    @property
    def total(self) -> int:
        return self.state.total(MONEY)


def told(events: Sequence[Event], name: str, *fields: str) -> list[Any]:
    """The particulars of all events with this name."""
    return [tuple(event[field] for field in fields) for event in events if event.name == name]
