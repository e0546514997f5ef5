"""
What an attacker on the network does to measurements, and how far it gets.

The attacks are those of Bayati, Hajizadeh & Soltani (2020), chapter 11 of
*Blockchain-based Smart Grids*, sections 4.1 (power system attacks) and 4.2 (network
attacks), with a few of ours that a designer of a receiver should fear more. The
chapter names them; rates, lengths and chances are our parameters.

An attack is a pure function: packets as they would have arrived go in, packets as they
do arrive come out. It sees all that passes and all that passed in an earlier epoch, and
holds no key unless it says so. Chance comes from a seed, so a campaign can be repeated.

A run is judged against what the sensors really sent (:func:`score`): messages that were
believed though nobody sent them (changed), that were believed twice (repeated) or long
after they were measured (stale), that never arrived (lost), the delay that the attack
added, and whether the relay tripped without a fault or failed to trip. The relay is an
argument.

Some attacks succeed against every check, and :data:`ATTACKS` says why (``beyond``): a
sensor that lies with its own key, a flood or a cut of the line itself, listening. The
first needs a second witness, the second a second path, the third encryption.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from energychain.grid.messages import (
    CHECKS,
    HEADER,
    LARGEST,
    SIZE,
    TAG_SIZE,
    Accepted,
    Key,
    Receiver,
    Sender,
    Terms,
    read,
    stream_key,
)
from energychain.primitives.hashing import NO_DIGEST
from energychain.primitives.merkle import leaf_hash
from energychain.primitives.refusals import BadInput, Refusal

SOURCES = (1, 2)
"""The ends of the line, as the messages number them."""

LINE, OTHER = "line", "other"
"""The relay's two ports: the one to which the line's sensors are connected, and another."""

QUEUE = "queue"
"""The rule of a packet for which there was no room: not a check, a loss."""

GAP, SILENCE = "gap", "silence"
"""How a loss is noticed: a later count arrives, or nothing arrives for too long."""


# --- chance ---------------------------------------------------------------------------


class Draws:
    """Chance that a seed and a name fix for good, on any machine.

    >>> Draws(1, "replay").below(100) == Draws(1, "replay").below(100)
    True

    Raises :class:`~energychain.primitives.refusals.BadInput` for a negative seed.
    """

    def __init__(self, seed: int, name: str) -> None:
        if seed < 0:
            raise BadInput(f"a seed is 0 or more, found {seed}")
        self._source = np.random.PCG64([seed, *name.encode()])
        self._raw: list[int] = []

    def _next(self) -> int:
        if not self._raw:
            self._raw = self._source.random_raw(64).tolist()
        return self._raw.pop()

    def below(self, limit: int) -> int:
        """A whole number from 0 to limit - 1."""
        return self._next() % limit

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high."""
        return low + self.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        """True so many times in a hundred."""
        return self.below(100) < percent

    def share(self) -> float:
        """A number from 0 up to, but not including, 1."""
        return (self._next() >> 11) * 2.0**-53

    def some_bytes(self, count: int) -> bytes:
        """Bytes without a pattern."""
        words = -(-count // 8)
        return b"".join(self._next().to_bytes(8, "big") for _ in range(words))[:count]


# --- what is measured and sent --------------------------------------------------------


class Packet(NamedTuple):
    """Bytes that arrive."""

    at: int
    """[ns]"""

    data: bytes
    port: str = LINE


@dataclass(frozen=True)
class Scene:
    """What the two ends of a line measure.

    Raises :class:`~energychain.primitives.refusals.BadInput` if the times do not grow, or
    not every end measures at every time.
    """

    name: str

    times: tuple[int, ...]
    """[ns], growing."""

    ends: tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]
    """By end, then time: current into the line [uA] and voltage [uV]."""

    fault_at: int | None = None
    """When the line fails [ns]; None if it does not."""

    def __post_init__(self) -> None:
        if not self.times or {len(end) for end in self.ends} != {len(self.times)}:
            raise BadInput(f"{self.name}: each end measures once at each time, at least once")
        if any(later <= earlier for earlier, later in pairwise(self.times)) or self.times[0] < 0:
            raise BadInput(f"{self.name}: the times are 0 or more, and grow")

    @classmethod
    def steady(
        cls, samples: int = 100, step: int = 20_000, current: int = 1_700_000, volt: int = 48
    ) -> "Scene":
        """A healthy line that carries a constant current [uA] from end 1 to end 2."""
        voltage = volt * 1_000_000
        ends = (((current, voltage),) * samples, ((-current, voltage),) * samples)
        return cls("healthy line", tuple(range(0, samples * step, step)), ends)


@dataclass(frozen=True)
class Traffic:
    """A scene as packets: what arrives if nobody interferes."""

    scene: Scene
    keys: Mapping[int, Key]
    """By source."""

    packets: tuple[Packet, ...]
    """In order of arrival."""

    start: int = 0
    """When the scene begins, as the clocks of the sensors show it [ns]."""

    @cached_property
    def sent(self) -> frozenset[bytes]:
        """All that the sensors sent."""
        return frozenset(packet.data for packet in self.packets)


def send(
    scene: Scene, secret: bytes, *, epoch: int = 1, link: int = 20_000, start: int = 0
) -> Traffic:
    """Both ends send what they measure over a link with a constant delay [ns].

    >>> traffic = send(Scene.steady(samples=3), b"the secret of line 1")
    >>> [packet.at for packet in traffic.packets]
    [20000, 20000, 40000, 40000, 60000, 60000]
    """
    keys = {source: stream_key(secret, source, 0, epoch) for source in SOURCES}
    senders = [Sender(keys[source]) for source in SOURCES]
    packets = tuple(
        Packet(start + time + link, sender.make(start + time, *end[i]))
        for i, time in enumerate(scene.times)
        for sender, end in zip(senders, scene.ends, strict=True)
    )
    return Traffic(scene, keys, packets, start)


# --- what an attacker can do ----------------------------------------------------------


@dataclass(frozen=True)
class Sight:
    """What an attacker sees and has."""

    packets: tuple[Packet, ...]
    """What would arrive, in order: whole messages."""

    recorded: tuple[Packet, ...]
    """What arrived in an earlier epoch, moved to now: what it can play back."""

    keys: Mapping[int, Key]
    """By source; empty for all but those who stole one."""

    hide: bool = False
    """What it wants: a trip without a fault, or (hide) a fault without a trip."""


def _source(data: bytes) -> int:
    return int.from_bytes(data[1:3], "big")


def _forged(data: bytes, tag: bytes | None = None, **changes: Any) -> bytes:
    """A message with some fields replaced, under the old tag or another one."""
    head = HEADER.pack(*read(data)._replace(**changes))
    return head + (data[-TAG_SIZE:] if tag is None else tag)


class _Aim:
    """When an attack begins, at which ends, and what it makes them say."""

    def __init__(self, sight: Sight, draws: Draws) -> None:
        third = max(len(sight.packets) // 3, 1)
        self.start = sight.packets[draws.below(third)].at if sight.packets else 0
        drawn = draws.below(len(SOURCES))
        self.sources = SOURCES if sight.hide else SOURCES[drawn : drawn + 1]
        self.hide = sight.hide
        self.before = {_source(p.data): read(p.data).current for p in reversed(sight.packets)}

    def hits(self, packet: Packet) -> bool:
        return packet.at >= self.start and _source(packet.data) in self.sources

    def lie(self, data: bytes) -> int:
        """25 A more than there is, or [hide] what was measured first [uA]."""
        if self.hide:
            return self.before[_source(data)]
        return min(read(data).current + 25_000_000, 2**63 - 1)


def _in_order(packets: Iterable[Packet]) -> list[Packet]:
    return sorted(packets, key=lambda packet: packet.at)


def listen(sight: Sight, draws: Draws) -> list[Packet]:
    """Copy everything, change nothing."""
    return list(sight.packets)


def replay(sight: Sight, draws: Draws, length: int = 40) -> list[Packet]:
    """Send a stretch of messages again, 10 to 400 us later, beside the true ones."""
    aim, later = _Aim(sight, draws), draws.between(10_000, 400_000)
    taken = [packet for packet in sight.packets if aim.hits(packet)][:length]
    return _in_order([*sight.packets, *(p._replace(at=p.at + later) for p in taken)])


def replay_earlier(sight: Sight, draws: Draws) -> list[Packet]:
    """Play back an earlier epoch just before each true message."""
    aim = _Aim(sight, draws)
    old = [p._replace(at=p.at - 1_000) for p in sight.recorded if p.at >= aim.start]
    return _in_order([*old, *sight.packets])


def replay_instead(sight: Sight, draws: Draws) -> list[Packet]:
    """Play back an earlier epoch in the place of the true messages."""
    aim = _Aim(sight, draws)
    kept = [packet for packet in sight.packets if packet.at < aim.start]
    return [*kept, *(packet for packet in sight.recorded if packet.at >= aim.start)]


def flood(
    sight: Sight, draws: Draws, port: str = LINE, each: int = 400, lasts: int = 500_000
) -> list[Packet]:
    """Send a message with a wrong tag every so many nanoseconds, for a while [ns]."""
    aim = _Aim(sight, draws)
    model, tag = sight.packets[0].data, draws.some_bytes(TAG_SIZE)
    wrong = model[:-TAG_SIZE] + tag
    noise = [Packet(at, wrong, port) for at in range(aim.start, aim.start + lasts, each)]
    return _in_order([*noise, *sight.packets])


def flood_beside(sight: Sight, draws: Draws) -> list[Packet]:
    """The same flood at another port of the relay."""
    return flood(sight, draws, OTHER)


def loss(sight: Sight, draws: Draws, lasts: int = 500_000) -> list[Packet]:
    """Cut the line for a while [ns]: nothing of either end arrives."""
    start = _Aim(sight, draws).start
    return [p for p in sight.packets if not start <= p.at < start + lasts]


def goose_semantic(sight: Sight, draws: Draws) -> list[Packet]:
    """Keep the status number one ahead of the true one: a false message with the next
    status after each true one, at the true rate.
    """
    aim, packets, ahead = _Aim(sight, draws), [], 0
    for packet in sight.packets:
        packets.append(packet)
        if aim.hits(packet):
            ahead += 1
            lie = _ahead(packet.data, ahead, aim)
            packets.append(packet._replace(at=packet.at + 1_000, data=lie))
    return _in_order(packets)


def goose_high_rate(sight: Sight, draws: Draws, rate: int = 5) -> list[Packet]:
    """Several false messages after each true one, each with a higher status number."""
    aim, packets, ahead = _Aim(sight, draws), [], 0
    for packet in sight.packets:
        packets.append(packet)
        for i in range(rate if aim.hits(packet) else 0):
            ahead += 1
            lie = _ahead(packet.data, ahead, aim)
            packets.append(packet._replace(at=packet.at + 1_000 * (i + 1), data=lie))
    return _in_order(packets)


def _ahead(data: bytes, steps: int, aim: _Aim) -> bytes:
    status = min(read(data).status + steps, LARGEST)
    return _forged(data, status=status, current=aim.lie(data))


def goose_high_status(sight: Sight, draws: Draws) -> list[Packet]:
    """One false message with the highest status number, for each end aimed at."""
    aim = _Aim(sight, draws)
    packets, done = list(sight.packets), set()
    for packet in sight.packets:
        if aim.hits(packet) and _source(packet.data) not in done:
            done.add(_source(packet.data))
            lie = _forged(packet.data, status=LARGEST, current=aim.lie(packet.data))
            packets.append(packet._replace(at=packet.at + 1_000, data=lie))
    return _in_order(packets)


def modification(sight: Sight, draws: Draws, percent: int = 20) -> list[Packet]:
    """Change one to three bytes, anywhere, of some messages on their way."""
    aim, packets = _Aim(sight, draws), []
    for packet in sight.packets:
        if aim.hits(packet) and draws.chance(percent):
            data = bytearray(packet.data)
            places = {draws.below(len(data)) for _ in range(draws.between(1, 3))}
            for place in sorted(places):
                data[place] ^= draws.between(1, 255)
            packet = packet._replace(data=bytes(data))
        packets.append(packet)
    return packets


def false_data(sight: Sight, draws: Draws) -> list[Packet]:
    """Without the key: a lie with the right count just before each true message, and one
    just after it, each under a guessed tag.
    """
    aim, packets = _Aim(sight, draws), []
    for packet in sight.packets:
        packets.append(packet)
        for wait in (-1_000, 1_000) if aim.hits(packet) else ():
            tag = draws.some_bytes(TAG_SIZE)
            lie = _forged(packet.data, tag, current=aim.lie(packet.data))
            packets.append(packet._replace(at=packet.at + wait, data=lie))
    return _in_order(packets)


def lying_sensor(sight: Sight, draws: Draws) -> list[Packet]:
    """With the key and in the sensor's place: every message is numbered, chained and
    tagged as it should be, and false. Without a key: nothing happens.
    """
    aim, last = _Aim(sight, draws), dict.fromkeys(SOURCES, NO_DIGEST)
    packets = []
    for packet in sight.packets:
        source, data = _source(packet.data), packet.data
        if aim.hits(packet) and source in sight.keys:
            message = read(data)._replace(current=aim.lie(data), previous=last[source])
            head = HEADER.pack(*message)
            data = head + sight.keys[source].mac.tag(head)
        last[source] = leaf_hash(data)
        packets.append(packet._replace(data=data))
    return packets


def stolen_key(sight: Sight, draws: Draws) -> list[Packet]:
    """With the key, and beside the sensor, which goes on: a false message just before each
    true one, chained to the true one before.
    """
    aim, packets = _Aim(sight, draws), []
    for packet in sight.packets:
        key = sight.keys.get(_source(packet.data))
        if aim.hits(packet) and key:
            head = _forged(packet.data, b"", current=aim.lie(packet.data))
            lie = head + key.mac.tag(head)
            packets.append(packet._replace(at=packet.at - 1_000, data=lie))
        packets.append(packet)
    return _in_order(packets)


def arp_delay(sight: Sight, draws: Draws) -> list[Packet]:
    """Sit in the middle (ARP cache poisoning) and pass everything on later, by 20 us to
    1 ms.
    """
    aim, delay = _Aim(sight, draws), draws.between(20_000, 1_000_000)
    return _in_order(
        packet._replace(at=packet.at + delay) if aim.hits(packet) else packet
        for packet in sight.packets
    )


def arp_drop(sight: Sight, draws: Draws, percent: int = 50) -> list[Packet]:
    """Sit in the middle and pass on only some."""
    aim = _Aim(sight, draws)
    return [p for p in sight.packets if not (aim.hits(p) and draws.chance(percent))]


def arp_edit(sight: Sight, draws: Draws) -> list[Packet]:
    """Sit in the middle and pass on lies."""
    aim = _Aim(sight, draws)
    return [
        packet._replace(data=_forged(packet.data, current=aim.lie(packet.data)))
        if aim.hits(packet)
        else packet
        for packet in sight.packets
    ]


def port_stealing(sight: Sight, draws: Draws, percent: int = 50) -> list[Packet]:
    """Race for the switch port: what is won is dropped, held back by 20 to 500 us, or
    passed on as a lie.
    """
    aim, packets = _Aim(sight, draws), []
    for packet in sight.packets:
        if aim.hits(packet) and draws.chance(percent):
            what = draws.below(3)
            if what == 0:
                continue
            if what == 1:
                packet = packet._replace(at=packet.at + draws.between(20_000, 500_000))
            else:
                data = _forged(packet.data, current=aim.lie(packet.data))
                packet = packet._replace(data=data)
        packets.append(packet)
    return _in_order(packets)


def reflection(sight: Sight, draws: Draws) -> list[Packet]:
    """Hold a mirror up: what one end sends also comes back under the other end's name, so
    that the currents add up instead of cancelling.
    """
    aim, packets = _Aim(sight, draws), []
    for packet in sight.packets:
        packets.append(packet)
        if packet.at >= aim.start:
            other = SOURCES[_source(packet.data) == SOURCES[0]]
            mirrored = _forged(packet.data, source=other)
            packets.append(packet._replace(at=packet.at + 1_000, data=mirrored))
    return _in_order(packets)


def splice(sight: Sight, draws: Draws) -> list[Packet]:
    """Put the front of a message before the rest of another: of the other end, of an
    earlier epoch, or of another time.
    """
    aim, packets = _Aim(sight, draws), []
    pool = [*sight.packets, *sight.recorded]
    for packet in sight.packets:
        if aim.hits(packet) and draws.chance(30):
            cut = draws.between(1, SIZE - 1)
            other = pool[draws.below(len(pool))].data
            packet = packet._replace(data=packet.data[:cut] + other[cut:])
        packets.append(packet)
    return packets


def odd_sizes(sight: Sight, draws: Draws) -> list[Packet]:
    """Cut messages short, down to nothing, or blow them up to 64 KiB."""
    aim, packets = _Aim(sight, draws), []
    for packet in sight.packets:
        if aim.hits(packet) and draws.chance(30):
            short = packet.data[: draws.below(SIZE)]
            data = short if draws.chance(50) else packet.data.ljust(65_536, b"\0")
            packet = packet._replace(data=data)
        packets.append(packet)
    return packets


# --- guessing a password --------------------------------------------------------------


@dataclass(frozen=True)
class Guessing:
    """How guessing a role's password over the network ended."""

    succeeded: bool
    attempts: int
    seconds: int
    """Until success, or the whole horizon [s]."""

    locked: int
    """How long the account was locked, for its owner too: the price of the limit [s]."""


def password_rank(draws: Draws, candidates: int = 10**6, exponent: float = 0.75) -> int:
    """Which try of a guesser who goes through a list in order of popularity hits.

    People choose passwords unevenly: the r-th on the list has a weight that falls as
    :math:`r^{-0.75}`. The list and the exponent are an illustration, not a measurement.
    """
    power = 1.0 - exponent
    return int((1.0 + draws.share() * (candidates**power - 1.0)) ** (1.0 / power))


def guess_password(
    rank: int,
    *,
    limited: bool,
    horizon: int = 86_400,
    per_second: int = 10,
    free: int = 5,
    first_wait: int = 60,
    longest_wait: int = 3_600,
) -> Guessing:
    """Guess until the password or the horizon [s] is reached.

    Without a limit only the line is slow. With it, each wrong guess after the ``free``
    ones locks the account: a minute, then twice as long each time, at most an hour.

    >>> guess_password(30_000, limited=False)
    Guessing(succeeded=True, attempts=30000, seconds=3000, locked=0)
    >>> guess_password(30_000, limited=True).attempts
    33
    """
    if not limited:
        attempts = min(rank, horizon * per_second)
        return Guessing(attempts == rank, attempts, attempts // per_second, 0)
    attempts, locked, wait = 0, 0, first_wait
    while locked + attempts // per_second < horizon:
        attempts += 1
        if attempts == rank:
            return Guessing(True, attempts, locked + attempts // per_second, locked)
        if attempts >= free:
            locked, wait = locked + wait, min(2 * wait, longest_wait)
    return Guessing(False, attempts, horizon, min(locked, horizon))


# --- the list -------------------------------------------------------------------------


def _never(limited: bool, draws: Draws) -> bool:
    return False


def _always(limited: bool, draws: Draws) -> bool:
    return True


def _guessed(limited: bool, draws: Draws) -> bool:
    return guess_password(password_rank(draws), limited=limited).succeeded


@dataclass(frozen=True)
class Attack:
    """An attack as the campaign knows it."""

    name: str
    title: str
    source: str
    """The section of chapter 11, or ``ours``."""

    act: Callable[[Sight, Draws], list[Packet]]

    gets_key: Callable[[bool, Draws], bool] = _never
    """Whether it holds the key when it begins, if guesses are limited or not."""

    beyond: str = ""
    """What of it no check of a receiver can prevent, and what would; empty if nothing."""


_OWN = "a false measurement under a true key is believed: only a second witness contradicts it"
_CUT = "what does not arrive cannot be believed: it is noticed, and needs a second path"

ATTACKS: Mapping[str, Attack] = {
    attack.name: attack
    for attack in (
        Attack(
            "eavesdropping",
            "copy all messages",
            "4.2",
            listen,
            beyond="leaves no trace: only encryption hides the measurements",
        ),
        Attack("replay", "send a stretch again", "4.1", replay),
        Attack("replay of an earlier epoch", "beside the true messages", "4.1", replay_earlier),
        Attack(
            "replay in place", "an earlier epoch in their place", "4.1", replay_instead, beyond=_CUT
        ),
        Attack("flood", "wrong tags at the line's port", "4.1", flood, beyond=_CUT),
        Attack("flood beside", "wrong tags at another port", "4.1", flood_beside),
        Attack("loss", "cut the line for a while", "4.1", loss, beyond=_CUT),
        Attack("GOOSE semantic", "one status number ahead", "4.1", goose_semantic),
        Attack("GOOSE high rate", "many rising status numbers", "4.1", goose_high_rate),
        Attack("GOOSE high status", "one highest status number", "4.1", goose_high_status),
        Attack("modification", "change bytes on the way", "4.1", modification, beyond=_CUT),
        Attack("false data", "lies without the key", "1", false_data),
        Attack(
            "false data with the key", "the sensor lies", "1", lying_sensor, _always, beyond=_OWN
        ),
        Attack(
            "stolen key",
            "a second voice beside the sensor",
            "ours",
            stolen_key,
            _always,
            beyond=_OWN,
        ),
        Attack(
            "ARP delay",
            "in the middle, later",
            "4.2",
            arp_delay,
            beyond="a delay below the largest age is believed; above it, a cut",
        ),
        Attack("ARP drop", "in the middle, fewer", "4.2", arp_drop, beyond=_CUT),
        Attack("ARP edit", "in the middle, false", "4.2", arp_edit, beyond=_CUT),
        Attack("port stealing", "now and then in the middle", "4.2", port_stealing, beyond=_CUT),
        Attack(
            "password",
            "guess the way to the key",
            "4.2",
            lying_sensor,
            _guessed,
            beyond=f"a limit makes guessing rare, not impossible; then {_OWN}",
        ),
        Attack("reflection", "one end's messages as the other's", "ours", reflection),
        Attack("splice", "one message's front, another's rest", "ours", splice, beyond=_CUT),
        Attack("odd sizes", "nothing, too short, 64 KiB", "ours", odd_sizes, beyond=_CUT),
    )
}
"""All attacks by name (Bayati et al. 2020, sections 1, 4.1 and 4.2)."""


def attacked(
    traffic: Traffic,
    name: str,
    seed: int,
    *,
    recorded: Sequence[Packet] = (),
    limited: bool = False,
) -> tuple[list[Packet], bool]:
    """What arrives under an attack, and whether the attacker had the key.

    Raises :class:`~energychain.primitives.refusals.BadInput` for an unknown attack.
    """
    attack, draws = _named(name), Draws(seed, name)
    has_key = attack.gets_key(limited, draws)
    keys = traffic.keys if has_key else {}
    hide = traffic.scene.fault_at is not None
    return attack.act(Sight(traffic.packets, tuple(recorded), keys, hide), draws), has_key


def _named(name: str) -> Attack:
    if name not in ATTACKS:
        raise BadInput(f"there is no attack {name!r}; there are {', '.join(ATTACKS)}")
    return ATTACKS[name]


# --- a run ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Service:
    """How long the relay takes for a packet: one after the other, in order of arrival.

    What is refused for its size or by the rate limit costs nothing: the port does it.
    The times are ours, of a small processor; Python is slower.
    """

    check: int = 2_000
    """To check a tag [ns]."""

    parse: int = 500
    """To read a message without checking it [ns]."""

    queue: int = 100_000
    """The longest wait; for what would wait longer there is no room [ns]."""


class Believed(NamedTuple):
    """A packet that was accepted."""

    accepted: Accepted
    data: bytes
    done: int
    """When the relay has it [ns]."""


class Refused(NamedTuple):
    """A packet that was not."""

    at: int
    """[ns]"""

    rule: str
    why: str


class Sample(NamedTuple):
    """Both ends at one time, as the relay gets them."""

    at: int
    """When both are there, from the beginning of the scene [ns]."""

    time: int
    """When they were measured, from the beginning of the scene [ns]."""

    current1: int
    """Into the line [uA]."""

    voltage1: int
    """[uV]"""

    current2: int
    voltage2: int


@dataclass(frozen=True)
class Run:
    """What became of the packets."""

    defended: bool
    believed: tuple[Believed, ...]
    refused: tuple[Refused, ...]
    silences: tuple[int, ...]
    """When the relay noticed that a stream was silent [ns]."""

    samples: tuple[Sample, ...]
    """What the relay saw. With the defence on, their times only grow: a message that was
    overtaken goes to the records, not to the relay."""


def play(
    packets: Iterable[Packet],
    receiver: Receiver,
    service: Service | None = None,
    *,
    start: int = 0,
    until: int | None = None,
) -> Run:
    """Let packets arrive in their order, in a scene from a start to an end [ns]; without
    an end, to the last message that is believed.
    """
    service = service or Service()
    cost = service.check if receiver.defended else service.parse
    believed, refused, free = [], [], 0
    for packet in packets:
        at = packet.at
        if free - at > service.queue:
            refused.append(Refused(at, QUEUE, "the queue is full"))
            continue
        try:
            accepted = receiver.receive(packet.data, at, packet.port)
        except Refusal as refusal:
            refused.append(Refused(at, refusal.rule, str(refusal)))
            if refusal.rule not in ("size", "rate"):
                free = max(at, free) + cost
            continue
        free = max(at, free) + cost
        believed.append(Believed(accepted, packet.data, free))
    if until is None:
        until = max((one.accepted.at for one in believed), default=start)
    age = receiver.terms.max_age
    return Run(
        receiver.defended,
        tuple(believed),
        tuple(refused),
        _silences(believed, age, start, until) if receiver.defended else (),
        _samples(believed, start, growing=receiver.defended),
    )


def _silences(believed: Sequence[Believed], age: int, start: int, until: int) -> tuple[int, ...]:
    found = []
    for source in SOURCES:
        last = start
        for one in believed:
            if one.accepted.message.source == source and not one.accepted.late:
                if one.accepted.at - last > age:
                    found.append(last + age)
                last = one.accepted.at
        if until - last > age:
            found.append(last + age)
    return tuple(sorted(found))


def _samples(believed: Sequence[Believed], start: int, growing: bool) -> tuple[Sample, ...]:
    waiting: tuple[dict[int, tuple[int, int]], ...] = ({}, {})
    samples, newest = [], -1
    for one in believed:
        message = one.accepted.message
        if message.source not in SOURCES:
            continue
        end = SOURCES.index(message.source)
        waiting[end][message.time] = (message.current, message.voltage)
        first, second = (ends.get(message.time) for ends in waiting)
        if first and second and (message.time > newest or not growing):
            newest = message.time
            samples.append(Sample(one.done - start, message.time - start, *first, *second))
    return tuple(samples)


# --- the score ------------------------------------------------------------------------

Trips = Callable[[Sequence[Sample]], int | None]
"""A relay: when it trips on these samples [ns], or None."""

Row = dict[str, object]
"""One line of a table."""


@dataclass(frozen=True)
class Truth:
    """What happens without an attack, against which a run is scored."""

    traffic: Traffic
    done: Mapping[bytes, int]
    """When the relay has each message [ns]."""

    trip: int | None
    """When it trips, from the beginning of the scene [ns]."""

    earlier: frozenset[bytes] = frozenset()
    """What was sent in earlier epochs."""


def truth(
    traffic: Traffic, run: Run, trips: Trips | None = None, earlier: Iterable[Packet] = ()
) -> Truth:
    """The truth of a run without an attack."""
    done = {one.data: one.done for one in run.believed}
    trip = trips(run.samples) if trips else None
    return Truth(traffic, done, trip, frozenset(packet.data for packet in earlier))


def score(run: Run, true: Truth, terms: Terms, trips: Trips | None = None) -> Row:
    """A run against the truth.

    ``changed`` messages were believed though no sensor sent them, ``repeated`` ones a
    second time, ``stale`` ones later than the terms allow or in a later epoch; the three
    together are ``undetected``. ``lost`` ones were sent and never believed. ``caught_by``
    is what spoke first with the defence on: one of the receiver's checks, ``queue``,
    ``gap`` or ``silence``. All times are from the beginning of the scene.
    """
    sent, seen = true.traffic.sent, set[bytes]()
    changed = repeated = stale = delay = 0
    for one in run.believed:
        if one.data in true.earlier:
            stale += 1
        elif one.data not in sent:
            changed += 1
        elif one.data in seen:
            repeated += 1
        else:
            seen.add(one.data)
            stale += one.accepted.at - one.accepted.message.time > terms.max_age
            delay = max(delay, one.done - true.done.get(one.data, one.done))
    rules = [refused.rule for refused in run.refused]
    caught_by, caught_at = _caught(run)
    row: Row = {
        "believed": len(run.believed),
        "refused": len(run.refused),
        "changed": changed,
        "repeated": repeated,
        "stale": stale,
        "undetected": changed + repeated + stale,
        "lost": len(sent) - len(seen),
        "added_delay_us": delay / 1_000,
        "caught_by": caught_by,
        "caught_us": None if caught_at is None else (caught_at - true.traffic.start) / 1_000,
        **{f"refused_{rule}": rules.count(rule) for rule in (*CHECKS, QUEUE)},
        "gaps": sum(one.accepted.missed for one in run.believed),
        "silences": len(run.silences),
    }
    if trips:
        trip, fault = trips(run.samples), true.traffic.scene.fault_at
        row |= {
            "trip_us": None if trip is None else trip / 1_000,
            "false_trip": trip is not None and (fault is None or trip < fault),
            "missed_trip": fault is not None and trip is None,
            "trip_delay_us": None
            if trip is None or true.trip is None
            else (trip - true.trip) / 1_000,
        }
    return row


def _caught(run: Run) -> tuple[str, int | None]:
    if not run.defended:
        return "", None
    signs = [(one.at, one.rule) for one in run.refused[:1]]
    signs += [(at, SILENCE) for at in run.silences[:1]]
    for one in run.believed:
        if one.accepted.missed:
            signs.append((one.accepted.at, GAP))
            break
    at, rule = min(signs, default=(None, ""))
    return rule, at


# --- the campaign ---------------------------------------------------------------------

DEFENCES: Mapping[str, bool] = {"off": False, "on": True}
"""Off: a plain subscriber, and guesses without a limit. On: all checks, and a limit."""

LONG_AGO = 3_600 * 10**9
"""When the recorded epoch was [ns]."""


def campaign(
    attacks: Iterable[str] | None = None,
    defences: Iterable[str] = ("off", "on"),
    seeds: Iterable[int] = range(200),
    *,
    scene: Scene | None = None,
    recorded: Scene | None = None,
    trips: Trips | None = None,
    terms: Terms | None = None,
    service: Service | None = None,
    secret: bytes = b"the secret of a line in a lesson",
) -> list[Row]:
    """Every attack under every defence with every seed: one row each, ready for a table.

    The scene is a healthy line unless another is given. ``recorded`` is what the attacker
    has on tape of an hour ago: the same scene, unless another is given (a fault, to
    provoke a trip; a healthy line, to prevent one). If the scene has a fault the attacker
    hides it, else it feigns one. Equal arguments give equal rows.

    >>> rows = campaign(["false data"], seeds=[1], scene=Scene.steady(samples=9))
    >>> [(row["defence"], row["undetected"] > 0, row["caught_by"]) for row in rows]
    [('off', True, ''), ('on', False, 'tag')]

    Raises :class:`~energychain.primitives.refusals.BadInput` for an unknown attack or
    defence, or a negative seed.
    """
    scene = scene or Scene.steady()
    terms = replace(terms or Terms(), ports=(LINE, OTHER))
    names = [_named(name).name for name in (ATTACKS if attacks is None else attacks)]
    now = send(scene, secret, epoch=2, start=LONG_AGO)
    before = send(recorded or scene, secret, epoch=1)
    tape = tuple(packet._replace(at=packet.at + LONG_AGO) for packet in before.packets)
    held = [*before.keys.values(), *now.keys.values()]
    until = max((packet.at for packet in now.packets), default=0)
    seeds, rows = tuple(seeds), []
    for defence in defences:
        if defence not in DEFENCES:
            raise BadInput(f"there is no defence {defence!r}; there are {', '.join(DEFENCES)}")
        on = DEFENCES[defence]

        def run(packets: Iterable[Packet], on: bool = on) -> Run:
            receiver = Receiver(held, terms, defended=on)
            return play(packets, receiver, service, start=LONG_AGO, until=until)

        true = truth(now, run(now.packets), trips, before.packets)
        for name in names:
            for seed in seeds:
                packets, key = attacked(now, name, seed, recorded=tape, limited=on)
                scored = score(run(packets), true, terms, trips)
                head = {"attack": name, "defence": defence, "seed": seed, "had_key": key}
                rows.append(head | scored)
    return rows
