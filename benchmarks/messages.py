"""The message path, against the bare HMAC and signature calls of pycryptodome."""

from collections.abc import Callable

from Crypto.Hash import HMAC, SHA256
from Crypto.PublicKey import ECC
from Crypto.Signature import DSS

from benchmarks.timing import Result, best
from energychain.grid.attacks import ATTACKS, campaign
from energychain.grid.messages import (
    HEADER,
    TAG_SIZE,
    Accepted,
    Receiver,
    Sender,
    sign_batch,
    stream_key,
    verify_batch,
)
from energychain.primitives.hashing import Digest
from energychain.primitives.keys import SecretKey

SECRET = bytes(range(32))
STEP = 20_000
KEY = stream_key(SECRET, source=1, stream=0, epoch=1)
SENSOR = SecretKey(7)


def made(count: int) -> tuple[list[bytes], list[Digest]]:
    """Messages and their leaves, as the sender has them."""
    sender, messages, leaves = Sender(KEY), [], []
    for time in range(0, count * STEP, STEP):
        messages.append(sender.make(time, 1_700_000, 48_000_000))
        leaves.append(sender.last)
    return messages, leaves


def received(messages: list[bytes]) -> list[Accepted]:
    """The same at the other end."""
    receiver = Receiver([KEY])
    return [receiver.receive(data, i * STEP + 20_000) for i, data in enumerate(messages)]


def bare_tags(messages: list[bytes], times: int) -> None:
    """A new HMAC for every tag, as pycryptodome offers it."""
    for data in messages:
        for _ in range(times):
            HMAC.new(KEY.secret, data[:-TAG_SIZE], digestmod=SHA256).digest()


def prepared_tags(messages: list[bytes], times: int) -> None:
    """The two hashes of an HMAC, continued from a key that was prepared once."""
    inner, outer = SHA256.new(bytes(64)), SHA256.new(bytes(64))
    for data in messages:
        for _ in range(times):
            first = inner.copy()
            first.update(data[: HEADER.size])
            second = outer.copy()
            second.update(first.digest())
            second.digest()


def one_way(
    count: int, floor: Callable[[list[bytes], int], None], name: str, bar: float
) -> Callable[[], Result]:
    """Make, tag and check every message."""

    def measured() -> Result:
        messages, _ = made(count)
        times = best(lambda: received(made(count)[0]), lambda: floor(messages, 2))
        return Result(f"{count:,} messages, {name}", *times, bar)

    return measured


def batched(count: int = 500) -> Result:
    """The same with a signed and verified batch: 10 ms at 50 kHz."""
    messages, _ = made(count)
    key = ECC.construct(curve="p256", d=SENSOR.number)
    signer = DSS.new(key, "deterministic-rfc6979")
    verifier = DSS.new(key.public_key(), "deterministic-rfc6979")

    def ours() -> None:
        sent, leaves = made(count)
        batch = sign_batch(SENSOR, sent, leaves=leaves)
        accepted = received(sent)
        verify_batch(batch, SENSOR.public, sent, [one.leaf for one in accepted])

    def floor() -> None:
        bare_tags(messages, 2)
        digest = SHA256.new(bytes(100))
        verifier.verify(digest, signer.sign(digest))

    return Result(f"{count:,} messages and a signed batch", *best(ours, floor), 1.3)


def attacks() -> Result:
    """Every attack, with the defence off and on, under 200 seeds, against a minute."""
    seconds, _ = best(campaign, lambda: None, 1)
    return Result(f"{len(ATTACKS)} attacks x 2 x 200 seeds, in minutes", seconds, 60.0, 1.0)


WORKS: tuple[Callable[[], Result], ...] = (
    one_way(2_000, bare_tags, "make, tag, check", 1.3),
    one_way(2_000, prepared_tags, "against prepared hashes", 2.5),
    batched,
    attacks,
)
"""The lines of the table."""
