"""
A fault, measured, signed, anchored and proved to somebody who was not there.

Both ends of the line of Bayati, Hajizadeh & Soltani (2020), chapter 11 of *Blockchain-based
Smart Grids*, measure a fault at 50 kHz. Each message is tagged for the relay; each batch is
signed once and anchored in :mod:`energychain.contracts.measurement_log`. Afterwards

- a light client, which holds nothing but block headers and the sensor's public key, is shown
  what a sensor measured at a given time (:class:`Evidence`);
- the relay compares what it believed with what was signed (:meth:`MeasurementLog.rows`): so
  it learns which messages were lost, and that a second voice used a stolen key;
- :func:`cost_rows`, :func:`delay_rows` and :func:`needed_rows` count what that costs.

**A chain cannot be the second witness in a millisecond.** Section 6.2 lets the relay take its
currents from the blockchain while the link is under attack, with "a small delay"; the delay
that makes the chapter's figures possible is 1.45 ms. Filling and signing a batch take part of
that, and a block has to come in what is left. On a chain sealed by work blocks take seconds,
and twelve of them confirm; ours counts time in whole seconds. Making work so easy that a
block comes each millisecond leaves no work that protects anything. What does arrive in time is
the sensor's own stream over a second path, tagged for the relay, or in small signed batches
if the key of the tags may be stolen; the chain keeps the batches and comes afterwards: for
the dispute, not for the trip.

How many signatures a core makes in a second depends on the machine, so it is an argument.

>>> log = play_log()
>>> proof = log.evidence(source=1, ms=1.24)
>>> message = proof.check(log.headers, log.owner(1))
>>> f"at {log.ms(message):.2f} ms bus 1 sent {message.current / 1e6:.1f} A into the line"
'at 1.24 ms bus 1 sent 24.7 A into the line'
"""

from collections.abc import Sequence
from dataclasses import dataclass

from energychain.contracts.measurement_log import (
    END,
    measurement_log,
    opening_storage,
    published,
    written,
)
from energychain.grid.attacks import SOURCES, Packet, Scene, Traffic, attacked, play, send
from energychain.grid.dc_line import SET_B, solve
from energychain.grid.messages import (
    SIZE,
    Accepted,
    BadBatch,
    Batch,
    Message,
    Receiver,
    check_reading,
    prove,
    reconcile,
    sign_batch,
)
from energychain.ledger.block import NONCE_BYTES, Header
from energychain.ledger.chain import CONFIRMATIONS
from energychain.ledger.state import Receipt
from energychain.ledger.transaction import SignedTransaction
from energychain.primitives.encoding import encode
from energychain.primitives.hashing import NO_DIGEST, Digest
from energychain.primitives.keys import PublicKey, SecretKey, derive
from energychain.primitives.merkle import InclusionProof, leaf_hash
from energychain.primitives.refusals import BadInput
from energychain.studies import dc_fault
from energychain.studies.private_chain import BLOCK_SECONDS, PrivateChain

CONTRACT = measurement_log.__name__
OPERATOR, GATEWAY = "operator", "gateway"
"""Who registers sensors, and who brings their batches to the chain."""

STEP = 20_000
"""From one sample to the next: 50 kHz [ns]."""

HEARD = 9.98e-3
"""For so long after the fault the sensors are heard [s]: 500 samples, the first at the fault."""

LINK = 20_000
"""How long a message travels [ns]."""

LEDGER_DELAY = round(dc_fault.LEDGER_DELAY * 1e9)
"""Of the path over the ledger, with which the chapter's figures are possible [ns]."""

SECOND = 1_000_000_000
"""The shortest time between two blocks here, for times are whole seconds and grow [ns]."""

SECRET = b"the secret of line 1"
"""From which the keys of the tags come, which the relay shares."""

BATCHES = (1, 10, 100, 1_000, 5_000)
"""Sizes of a batch to compare [messages]."""

Row = dict[str, str | int | float]


# --- what a light client is shown -----------------------------------------------------


@dataclass(frozen=True)
class Evidence:
    """What somebody who was not there needs to believe one reading."""

    data: bytes
    """The message."""

    in_batch: InclusionProof
    anchor: SignedTransaction
    """The transaction that carries the batch."""

    in_block: InclusionProof

    height: int
    """Of the block."""

    def check(self, headers: Sequence[Header], owner: PublicKey) -> Message:
        """What the sensor measured, if its owner signed it and it is in the block. The headers
        are the client's own: it asked for each one's seal, and that it stands on the one below.

        Raises a :class:`~energychain.primitives.refusals.Refusal` that says what is wrong.
        """
        if not 0 <= self.height < len(headers):
            raise BadInput(f"there is no header {self.height}: the newest is {len(headers) - 1}")
        header = headers[self.height]
        batch = published(self.anchor, self.in_block, header)
        return check_reading(batch, owner, self.data, self.in_batch)

    def rows(self, header: Header) -> list[Row]:
        """How much of it there is; paths have 32 bytes a step, and 8 for index and size."""
        sizes = {
            "message": len(self.data),
            "its path in the batch": _path_bytes(self.in_batch),
            "transaction with the batch": len(self.anchor.encoded),
            "its path in the block": _path_bytes(self.in_block),
            "header, which the client has": len(header.unsealed) + NONCE_BYTES,
        }
        return [{"part": part, "size [byte]": size} for part, size in sizes.items()]


def _path_bytes(proof: InclusionProof) -> int:
    return 32 * len(proof.path) + 8


# --- a run ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Signed:
    """A batch, its messages and what became of it."""

    batch: Batch
    messages: tuple[bytes, ...]
    leaves: tuple[Digest, ...]
    receipt: Receipt


@dataclass(frozen=True, eq=False)
class MeasurementLog:
    """What happened."""

    network: PrivateChain
    traffic: Traffic
    """What the sensors sent."""

    attack: str

    accepted: tuple[Accepted, ...]
    """What the relay believed."""

    signed: tuple[Signed, ...]
    """The batches of both sensors, in the order in which they were anchored."""

    @property
    def headers(self) -> tuple[Header, ...]:
        """All that a light client keeps of the chain."""
        return tuple(block.header for block in self.network.chain.blocks)

    def owner(self, source: int) -> PublicKey:
        """The key with which a sensor signs.

        Raises :class:`~energychain.primitives.refusals.BadInput` if there is no such sensor.
        """
        return sensor_key(source).public

    def ms(self, message: Message) -> float:
        """When a message was measured, counted from the fault [ms]."""
        return (message.time - (self.traffic.scene.fault_at or 0)) / 1e6

    def evidence(self, source: int, ms: float) -> Evidence:
        """The proof of what a sensor measured, at the last sample up to a time after the
        fault [ms].

        Raises :class:`~energychain.primitives.refusals.BadInput` if nothing was measured then.
        """
        time = (self.traffic.scene.fault_at or 0) + round(ms * 1e6)
        count = time // STEP
        for each in self.signed:
            batch = each.batch
            if batch.source == source and 0 <= count - batch.first < batch.size:
                place = self.network.chain.find(each.receipt.transaction)
                assert place is not None
                height, index = place
                block = self.network.chain.blocks[height]
                return Evidence(
                    each.messages[count - batch.first],
                    prove(batch, each.leaves, count),
                    block.transactions[index],
                    block.proof(index),
                    height,
                )
        raise BadInput(f"source {source} measured nothing {ms:g} ms after the fault")

    def rows(self) -> list[Row]:
        """Each batch beside what the relay believed of it."""
        return [
            {
                "source": each.batch.source,
                "first count": each.batch.first,
                "messages": each.batch.size,
                "anchored": "yes" if each.receipt.done else each.receipt.reason,
                "gas": each.receipt.gas_used,
                "the relay finds": self._reconciled(each),
            }
            for each in self.signed
        ]

    def _reconciled(self, each: Signed) -> str:
        try:
            lost = reconcile(each.batch, self.owner(each.batch.source), each.leaves, self.accepted)
        except BadBatch as refusal:
            return str(refusal)
        return f"lost: {_runs(lost)}" if lost else "all arrived"


def _runs(counts: Sequence[int]) -> str:
    """Counts for people: 3 to 5, 9."""
    runs: list[list[int]] = []
    for count in counts:
        if runs and count == runs[-1][-1] + 1:
            runs[-1][1:] = [count]
        else:
            runs.append([count])
    return ", ".join(" to ".join(map(str, run)) for run in runs)


def sensor_key(source: int) -> SecretKey:
    """The signing key of the sensor at one end of the line.

    Raises :class:`~energychain.primitives.refusals.BadInput` if there is none.
    """
    if source not in SOURCES:
        raise BadInput(f"there is no source {source}; there are {SOURCES}")
    return derive("energychain", f"sensor {source}")


def play_log(
    attack: str = "", batch: int = 50, seed: int = 1, scene: Scene | None = None
) -> MeasurementLog:
    """Measure a scene (if none is given, the fault of section 7.1), send it to a relay under one of
    :data:`~energychain.grid.attacks.ATTACKS` (or none), and anchor batches of so many
    messages of each sensor.

    Some attackers have the key of the tags, none the keys of the signatures: whoever has
    those signs the batches too, and then only another sensor can contradict it.

    Raises :class:`~energychain.primitives.refusals.BadInput` for an unknown attack or an
    empty batch.
    """
    if batch < 1:
        raise BadInput(f"a batch has at least one message, not {batch}")
    waves = solve(SET_B, dc_fault.RECORDED)
    traffic = send(scene or dc_fault.scene(waves, window=HEARD), SECRET, link=LINK)
    arriving: Sequence[Packet] = traffic.packets
    if attack:
        arriving, _ = attacked(traffic, attack, seed)
    run = play(arriving, Receiver(traffic.keys.values()))
    network = PrivateChain(
        (OPERATOR, GATEWAY),
        name="measurements",
        storage=opening_storage(derive("energychain", OPERATOR).public.address),
    )
    network.open_block()
    for source in SOURCES:
        network.send(OPERATOR, CONTRACT, "register", source, 0, sensor_key(source).public.data)
    network.close_block()
    network.open_block()
    signed = tuple(
        Signed(each, messages, leaves, network.send(GATEWAY, CONTRACT, "anchor", *written(each)))
        for source in SOURCES
        for each, messages, leaves in _batches(traffic, source, batch)
    )
    network.close_block()
    accepted = tuple(one.accepted for one in run.believed)
    return MeasurementLog(network, traffic, attack, accepted, signed)


def _batches(
    traffic: Traffic, source: int, size: int
) -> list[tuple[Batch, tuple[bytes, ...], tuple[Digest, ...]]]:
    address = traffic.keys[source].address
    sent = [packet.data for packet in traffic.packets if packet.data.startswith(address)]
    found, previous = [], NO_DIGEST
    for first in range(0, len(sent), size):
        messages = tuple(sent[first : first + size])
        leaves = tuple(map(leaf_hash, messages))
        batch = sign_batch(sensor_key(source), messages, previous, leaves)
        found.append((batch, messages, leaves))
        previous = batch.id
    return found


# --- what it costs --------------------------------------------------------------------


def anchor_bytes(batch: int) -> tuple[int, int]:
    """How much one batch takes at most in a block and in the contract's storage [byte]: all
    numbers as large as they get.

    >>> anchor_bytes(1)[0] - anchor_bytes(5_000)[0]
    -3
    """
    largest = Batch(*(2**16 - 1,) * 2, END - 1, END - batch, batch, bytes(32), bytes(32), bytes(64))
    network = PrivateChain((GATEWAY,), name="measurements")
    signed = network.signed(GATEWAY, CONTRACT, "anchor", *written(largest), nonce=END)
    place = ("batch", largest.source, largest.stream, largest.epoch, largest.first)
    return len(signed.encoded), len(encode((place, (batch, largest.root))))


def cost_rows(
    signatures_per_second: int, sizes: Sequence[int] = BATCHES, step: int = STEP
) -> list[Row]:
    """What two sensors cost, by the size of a batch: the wait of its first message for its
    last, signatures to make, cores to make them, and bytes for each message on the chain.

    ``signatures_per_second`` is how many one core makes or checks.

    >>> rows = cost_rows(2_000)
    >>> rows[0]["signatures/s"], rows[0]["cores that sign"], rows[2]["cores that sign"]
    (100000.0, 50.0, 0.5)

    Raises :class:`~energychain.primitives.refusals.BadInput` unless all are positive.
    """
    _require_positive(signatures_per_second=signatures_per_second, step=step)
    rows: list[Row] = []
    for size in sizes:
        _require_positive(size=size)
        needed = len(SOURCES) * 1e9 / (step * size)
        in_block, stored = anchor_bytes(size)
        rows.append(
            {
                "batch": size,
                "fill [ms]": (size - 1) * step / 1e6,
                "signatures/s": needed,
                "cores that sign": needed / signatures_per_second,
                "on the chain [byte/message]": in_block / size,
                "in the storage [byte/message]": stored / size,
                "on the chain [MB/s]": in_block * needed / 1e6,
                "link [byte/message]": SIZE,
            }
        )
    return rows


def _parts(size: int, signatures_per_second: int, step: int, link: int) -> dict[str, float]:
    """What a batch waits for on its way to a node, before any block [ms]."""
    signature = 1e3 / signatures_per_second
    return {
        "fill the batch": (size - 1) * step / 1e6,
        "sign it": signature,
        "send it": link / 1e6,
        "sign the transaction around it": signature,
        "check both": 2 * signature,
    }


def delay_rows(
    batch: int, signatures_per_second: int, block: int, step: int = STEP, link: int = LINK
) -> list[Row]:
    """Where the oldest message of a batch waits on its way over the ledger, if blocks come
    every so often [ns]; at worst it just misses one.

    >>> [row["wait [ms]"] for row in delay_rows(26, 2_000, 15 * 10**9)]
    [0.5, 0.5, 0.02, 0.5, 1.0, 15000.0]

    Raises :class:`~energychain.primitives.refusals.BadInput` unless all are positive.
    """
    _require_positive(
        batch=batch, signatures_per_second=signatures_per_second, block=block, step=step, link=link
    )
    parts = {**_parts(batch, signatures_per_second, step, link), "wait for a block": block / 1e6}
    return [{"part": part, "wait [ms]": wait} for part, wait in parts.items()]


def needed_rows(
    signatures_per_second: int,
    batch: int = 10,
    delay: int = LEDGER_DELAY,
    step: int = STEP,
    link: int = LINK,
) -> list[Row]:
    """Which path brings a second witness within a delay [ns], if any.

    The first row is what is left for a block; less than 0, and so not in time, if filling and
    signing alone take too long.
    The time for a block to travel and to be checked is left out, so the chains look better
    than they are.

    Raises :class:`~energychain.primitives.refusals.BadInput` unless all are positive.
    """
    _require_positive(
        batch=batch, signatures_per_second=signatures_per_second, delay=delay, step=step, link=link
    )
    before = sum(_parts(batch, signatures_per_second, step, link).values())
    # Without a chain there is no transaction: two signatures less to make and to check.
    without = before - 2e3 / signatures_per_second
    paths = [
        ("tagged messages over a second path", link / 1e6, 0.0),
        (f"signed batches of {batch} over a second path", without, 0.0),
        *(
            (path, before + block / 1e6, block / 1e6)
            for path, block in (
                ("a block of this ledger, at its fastest", SECOND),
                ("a block sealed by work, as in the testbed", BLOCK_SECONDS * SECOND),
                (f"{CONFIRMATIONS} such blocks", CONFIRMATIONS * BLOCK_SECONDS * SECOND),
            )
        ),
    ]
    allowed = delay / 1e6
    needed = ("a block that comes in time: needed", allowed, allowed - before)
    return [
        {
            "path": path,
            "wait [ms]": wait,
            "for blocks [ms]": block,
            "in time": "yes" if wait <= allowed and block >= 0 else "no",
        }
        for path, wait, block in (needed, *paths)
    ]


def _require_positive(**given: int) -> None:
    for name, value in given.items():
        if value < 1:
            raise BadInput(f"{name.replace('_', ' ')}: expected at least 1, found {value}")
