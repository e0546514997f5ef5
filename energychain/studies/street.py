"""
A street whose meters report each hour: readings that fill blocks, one that is forged, and what it
takes to prove one among many.
"""

from collections.abc import Iterable
from dataclasses import replace

from energychain.ledger.block import NONCE_BYTES, Block
from energychain.ledger.transaction import SignedTransaction
from energychain.primitives.units import MilliWattHour
from energychain.studies.private_chain import PrivateChain

HOUR = 3_600
"""Between two blocks of a street [s]."""


def street(homes: int = 8, hours: int = 5) -> PrivateChain:
    """A street of homes whose meters report each hour; each hour is a block.

    >>> block = street(8, 5).chain.head
    >>> block.height, len(block.transactions)
    (5, 8)
    """
    names = [f"home {n}" for n in range(1, homes + 1)]
    network = PrivateChain(names, name="a street")
    for hour in range(hours):
        network.open_block(time=HOUR * (hour + 1))
        for number, name in enumerate(names, 1):
            network.send(name, "energy_trade", "report", hour, 0, register(number, hour))
        network.close_block()
    return network


def register(home: int, hour: int) -> MilliWattHour:
    """What the meter of a home stands at in the end of an hour [mWh]: made up, and growing."""
    an_hour = 300_000 + 61_803 * home % 400_000
    return MilliWattHour(an_hour * (hour + 1))


def forged(signed: SignedTransaction, more: int = 1) -> SignedTransaction:
    """A reading with so much more on its register [mWh], and the old signature."""
    wish = signed.transaction
    interval, produced, consumed = wish.arguments
    assert isinstance(consumed, int)
    return replace(
        signed, transaction=replace(wish, arguments=(interval, produced, consumed + more))
    )


def proof_sizes(block: Block, counts: Iterable[int]) -> list[dict[str, int]]:
    """What must be sent to prove the first reading of a block, if it held so many as large as
    its own: all of it, or a header and a proof [bytes].

    >>> proof_sizes(street().chain.head, [8])
    [{'leaves': 8, 'all_bytes': 2014, 'proof_bytes': 350}]
    """
    header = len(block.header.unsealed) + NONCE_BYTES
    reading = max(len(signed.encoded) for signed in block.transactions)
    return [
        {
            "leaves": count,
            "all_bytes": header + count * reading,
            "proof_bytes": header + 32 * (count - 1).bit_length(),
        }
        for count in counts
    ]
