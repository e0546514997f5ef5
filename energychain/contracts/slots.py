"""
What the market platforms share: energy is sold for a **slot** of time, money is put down
before, and it is paid out after. See :mod:`energychain.contracts.calls` for the vault.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from energychain.contracts.calls import BadArguments, vault, whole
from energychain.contracts.token import MONEY
from energychain.ledger.state import Storage, Transfer
from energychain.ledger.transaction import Value
from energychain.primitives.keys import Address
from energychain.primitives.refusals import Refusal

MOST = 10**15
"""No energy [mWh] and no price [micro-money/kWh] of an order is larger, as in
:data:`energychain.markets.orders.MOST`.
"""

MWH_PER_KWH = 10**6


class TooLate(Refusal):
    """The time for this is over."""

    rule = "too late"


class TooSoon(Refusal):
    """The time for this has not come."""

    rule = "too soon"


class AlreadyDone(Refusal):
    """This happens once."""

    rule = "already done"


class NoLimitStated(Refusal):
    """Nobody has said yet what the feeder or the border can carry."""

    rule = "network limit"


class LimitExceeded(Refusal):
    """The trade does not fit into what a system operator stated."""

    rule = "network limit"


@dataclass(frozen=True)
class Slots:
    """The slots of a platform."""

    start: int
    """When slot 0 begins [s]."""

    length: int
    """How long a slot is [s]."""

    def begins(self, slot: int) -> int:
        """When a slot begins [s]."""
        return self.start + slot * self.length

    def ends(self, slot: int) -> int:
        """When a slot ends [s]."""
        return self.begins(slot + 1)


def slots(storage: Storage) -> Slots:
    """The slots that the platform's genesis record states."""
    start, length = storage["start"], storage["length"]
    assert isinstance(start, int)
    assert isinstance(length, int)
    return Slots(start, length)


def opening_storage(contract: str, start: int, length: int) -> tuple[tuple[str, Value, Value], ...]:
    """When slot 0 of a platform begins [s] and how long a slot is [s], as entries of a
    genesis record.
    """
    return ((contract, "start", start), (contract, "length", length))


def before(now: int, deadline: int, what: str) -> None:
    """Raise :class:`TooLate` unless the deadline [s] is ahead."""
    if now >= deadline:
        raise TooLate(f"{what} ended {now - deadline} s ago")


def after(now: int, moment: int, what: str) -> None:
    """Raise :class:`TooSoon` unless the moment [s] has come."""
    if now < moment:
        raise TooSoon(f"{what} begins in {moment - now} s")


def a_slot(value: Value) -> int:
    """A slot's number, or :class:`~energychain.contracts.calls.BadArguments`."""
    return amount(value, "slot")


def amount(value: Value, name: str, least: int = 0) -> int:
    """An energy [mWh] or a price [micro-money/kWh] within reason, or
    :class:`~energychain.contracts.calls.BadArguments`.
    """
    if isinstance(value, int) and not least <= value <= MOST:
        raise BadArguments(f"{name}: expected from {least:,} to {MOST:,}, found {value:.3g}")
    return whole(value, name, least)


def cost(energy: int, price: int) -> int:
    """What energy [mWh] costs at a price [micro-money/kWh], rounded up [micro-money]:
    enough to put down.

    >>> cost(1_500_000, 200_001)
    300002
    """
    return -(-energy * price // MWH_PER_KWH)


def paid_in(contract: str, source: Address, money: int) -> tuple[Transfer, ...]:
    """Money [micro-money] from somebody into the contract's vault; nothing for nothing."""
    return (Transfer(MONEY, source, vault(contract), money),) if money else ()


def paid_out(contract: str, due: Mapping[Address, int]) -> tuple[Transfer, ...]:
    """Money [micro-money] from the contract's vault, one payment for each who is due some."""
    return tuple(
        Transfer(MONEY, vault(contract), target, money) for target, money in due.items() if money
    )


def number(storage: Storage, key: Value, default: int = 0) -> int:
    """A whole number that the contract has stored."""
    value = storage.get(key, default)
    assert isinstance(value, int)
    return value


def rows(storage: Storage, key: Value) -> tuple[tuple[Value, ...], ...]:
    """A list of records that the contract has stored; empty if it has none."""
    return storage.get(key, ())  # type: ignore[return-value]
