"""The work that is measured, and the bare floor under it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from math import pi, sin

from Crypto.Hash import SHA256
from Crypto.PublicKey import ECC
from Crypto.Signature import DSS

from energychain.grid.metering import Meters
from energychain.ledger import state
from energychain.ledger.block import Block
from energychain.ledger.chain import Chain
from energychain.ledger.transaction import SignedTransaction
from energychain.primitives import hashing, merkle
from energychain.studies.testbed import ChainTerms, Testbed

PER_BLOCK = 100


def transfers(count: int) -> Testbed:
    """A chain of token transfers among twenty homes, a hundred to a block."""
    homes = [f"home {i}" for i in range(20)]
    network = Testbed(homes, ChainTerms(difficulty_bits=4))
    for first in range(0, count, PER_BLOCK):
        network.open_block()
        for i in range(first, min(first + PER_BLOCK, count)):
            to = network.address(homes[(i + 1) % 20])
            network.send(homes[i % 20], "token", "transfer", "usd", to, 1 + i)
        network.close_block()
    return network


def fresh_blocks(chain: Chain) -> list[Block]:
    """The blocks as if just read: nothing about them is known or remembered."""
    return [
        Block(
            replace(block.header),
            tuple(
                SignedTransaction(
                    replace(s.transaction, sender=replace(s.transaction.sender)), s.signature
                )
                for s in block.transactions
            ),
        )
        for block in chain.blocks[1:]
    ]


def forget() -> None:
    """Let the state forget the digests that it remembers from earlier runs."""
    state._entry.cache_clear()


def count_hashes(work: Callable[[], object]) -> int:
    """How many digests our own code computes in some work (signatures not counted)."""

    class Counting:
        """Stands in for a hash that is copied for each digest."""

        count = 0

        def __init__(self, start: SHA256.SHA256Hash) -> None:
            self.start = start

        def copy(self) -> SHA256.SHA256Hash:
            Counting.count += 1
            return self.start.copy()

    starts = [(hashing, "_EMPTY"), (merkle, "_LEAF"), (merkle, "_NODE")]
    originals = [getattr(module, name) for module, name in starts]
    for (module, name), start in zip(starts, originals, strict=True):
        setattr(module, name, Counting(start))
    forget()
    try:
        work()
    finally:
        for (module, name), start in zip(starts, originals, strict=True):
            setattr(module, name, start)
    return Counting.count


def bare_verifications(chain: Chain, hashes: int) -> Callable[[], None]:
    """Nothing but the verifications, with every key read already, and the hashes."""
    signatures = list(chain.transactions())
    verifiers = {
        s.transaction.sender.data: DSS.new(
            ECC.import_key(s.transaction.sender.data, curve_name="p256"), "deterministic-rfc6979"
        )
        for s in signatures
    }
    work = [
        (verifiers[s.transaction.sender.data], s.transaction.encoded, s.signature)
        for s in signatures
    ]
    data, empty = signatures[0].transaction.encoded[:100], SHA256.new()

    def floor() -> None:
        for verifier, message, signature in work:
            verifier.verify(SHA256.new(message), signature)
        for _ in range(hashes):
            hasher = empty.copy()
            hasher.update(data)
            hasher.digest()

    return floor


def bare_signing(count: int) -> Callable[[], None]:
    """Nothing but so many signatures and verifications by one key."""
    key = ECC.construct(curve="p256", d=5)
    signer = DSS.new(key, "deterministic-rfc6979")
    verifier = DSS.new(key.public_key(), "deterministic-rfc6979")
    messages = [
        b"a reading of about the usual length of 200 bytes %d " % i * 4 for i in range(count)
    ]

    def floor() -> None:
        for message in messages:
            verifier.verify(SHA256.new(message), signer.sign(SHA256.new(message)))

    return floor


def homes(count: int) -> Meters:
    """A synthetic summer day at 15 minutes: half of the homes have a roof."""
    steps = range(96)
    start = datetime(2017, 7, 4)
    sun = [max(0.0, sin(pi * (t / 4 - 6) / 13)) for t in steps]
    load = [0.3 + 0.2 * sin(2 * pi * (t / 4 - 13) / 24) for t in steps]
    return Meters(
        nodes=tuple(f"home {i + 1}" for i in range(count)),
        times=tuple(f"{start + timedelta(minutes=15 * t):%Y-%m-%dT%H:%M}" for t in steps),
        start=start,
        step=900,
        produced=tuple(
            tuple(int((i % 2) * (700_000 + 20_000 * i) * sun[t]) for t in steps)
            for i in range(count)
        ),
        consumed=tuple(
            tuple(int((800_000 + 30_000 * i) * load[(t + 3 * i) % 96]) for t in steps)
            for i in range(count)
        ),
    )
