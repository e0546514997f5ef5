"""
A reading on its way: a home signs it, somebody alters it, and the ledger asks its checks one by
one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from energychain.ledger.state import WrongChain, WrongNonce
from energychain.ledger.transaction import SignedTransaction
from energychain.primitives.keys import BadSignature
from energychain.primitives.refusals import Refusal
from energychain.studies.attack_bench_ledger import mirrored
from energychain.studies.private_chain import PrivateChain
from energychain.studies.street import forged

HOME, STRANGER = "node 1", "stranger"

READING = 427_852
"""What the meter says at first [mWh]."""


# --- what can happen on the way -------------------------------------------------------


def _wish(**changes: Any) -> Callable[[SignedTransaction, PrivateChain], SignedTransaction]:
    return lambda signed, network: replace(
        signed, transaction=replace(signed.transaction, **changes)
    )


def _an_hour_later(signed: SignedTransaction, network: PrivateChain) -> SignedTransaction:
    interval, *registers = signed.transaction.arguments
    assert isinstance(interval, int)
    return _wish(arguments=(interval + 1, *registers))(signed, network)


def _another_key(signed: SignedTransaction, network: PrivateChain) -> SignedTransaction:
    return _wish(sender=network.accounts[STRANGER].key.public)(signed, network)


def _signed_anew(signed: SignedTransaction, network: PrivateChain) -> SignedTransaction:
    """The altered reading, signed with the only key that the stranger has."""
    altered = forged(signed)
    key = network.accounts[STRANGER].key
    return replace(altered, signature=key.sign(altered.transaction.encoded))


def _in_its_own_name(signed: SignedTransaction, network: PrivateChain) -> SignedTransaction:
    """The altered reading, as one of the stranger's own."""
    return _signed_anew(_another_key(signed, network), network)


def _one_bit(signed: SignedTransaction, network: PrivateChain) -> SignedTransaction:
    return replace(signed, signature=bytes([signed.signature[0] ^ 1]) + signed.signature[1:])


Alteration = Callable[[SignedTransaction, PrivateChain], SignedTransaction]

ALTERATIONS: Mapping[str, Alteration] = {
    "nothing": lambda signed, network: signed,
    "1 mWh more": lambda signed, network: forged(signed),
    "another hour": _an_hour_later,
    "another chain's name": _wish(chain="the next street"),
    "the next nonce": _wish(nonce=1),
    "the sender's key": _another_key,
    "1 mWh more, signed by the stranger": _signed_anew,
    "1 mWh more, in the stranger's name": _in_its_own_name,
    "one bit of the signature": _one_bit,
    "the signature's twin": lambda signed, network: mirrored(signed),
}
"""What the carrier may do, in words."""


# --- the three parties ----------------------------------------------------------------


@dataclass(frozen=True)
class Check:
    """What one check of the ledger says."""

    name: str
    statement: str
    fault: Refusal | None
    asked: bool = True


@dataclass(frozen=True)
class Delivery:
    """A reading as it was signed and as it arrived."""

    signed: SignedTransaction
    again: bytes
    """The signature of the same reading, made a second time."""

    arrived: SignedTransaction
    checks: tuple[Check, ...]

    @property
    def refusal(self) -> Check | None:
        """The first check that refuses."""
        return next((check for check in self.checks if check.fault), None)


def deliver(reading: int = READING, altered: str = "nothing", times: int = 1) -> Delivery:
    """Node 1 signs a reading [mWh]; it is altered on the way, and arrives once or twice.

    >>> deliver().refusal is None
    True
    >>> print(deliver(altered="1 mWh more").refusal.fault)
    the signature does not fit this message and key

    Raises ``KeyError`` for an unknown alteration.
    """
    network = PrivateChain([HOME, STRANGER], name="testbed")
    signed = network.signed(HOME, "energy_trade", "report", 10, 0, reading)
    again = network.accounts[HOME].key.sign(signed.transaction.encoded)
    arrived = ALTERATIONS[altered](signed, network)
    network.open_block()
    fault: Refusal | None = None
    for _ in range(times):
        try:
            network.include(arrived)
        except (WrongChain, BadSignature, WrongNonce) as refused:
            fault = refused
    return Delivery(signed, again, arrived, tuple(_checks(fault)))


CHECKS: tuple[tuple[str, str, type[Refusal]], ...] = (
    ("chain", "It is meant for this chain.", WrongChain),
    ("signature", "The owner of the sender's key signed these bytes.", BadSignature),
    ("nonce", "It is the sender's next one.", WrongNonce),
)
"""The ledger's checks, in its order, and how each refuses."""


def _checks(fault: Refusal | None) -> list[Check]:
    found: list[Check] = []
    for name, statement, refusal in CHECKS:
        asked = not any(check.fault for check in found)
        mine = fault if asked and isinstance(fault, refusal) else None
        found.append(Check(name, statement, mine, asked))
    return found
