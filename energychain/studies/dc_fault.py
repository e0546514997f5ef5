"""
A fault on a line of a DC microgrid, the relay that hears of it, and the ledger beside it.

Bayati, Hajizadeh & Soltani (2020), chapter 11 of *Blockchain-based Smart Grids*, section
6.2: the relay acts on the messages of a link; the same measurements also go to a ledger, and
when the two differ the relay believes the ledger. Here the whole way is played: a fault
(:mod:`~energychain.grid.dc_line`) is sampled at both ends, the samples are sent
(:mod:`~energychain.grid.messages`), somebody interferes
(:mod:`~energychain.grid.attacks`), and the relay (:mod:`~energychain.grid.relay`) decides on
what was believed.

What the chapter misses: a primary protection that is faster than the ledger has acted on
false data before the ledger can contradict it. Either it authenticates its own messages, or
it waits (``hold``), and then the fault lets more through.

The delay of the ledger is a parameter. The chapter prints "less than 29 ms" and "less than
2.5 ms" for two faults that one delay cannot give both; 29 is probably 2.9.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np

from energychain.grid.attacks import (
    ATTACKS,
    LINE,
    LONG_AGO,
    OTHER,
    Packet,
    Run,
    Sample,
    Scene,
    Service,
    Traffic,
    Trips,
    Truth,
    attacked,
    lying_sensor,
    play,
    score,
    send,
)
from energychain.grid.dc_line import WINDOW, Fault, Line, LoadStep, Waveforms, solve
from energychain.grid.messages import Receiver, Terms
from energychain.grid.relay import (
    BEFORE,
    IntoLine,
    Samples,
    Sampling,
    isolation_over_phases,
    measure,
    relay_named,
)
from energychain.primitives.refusals import BadInput

Case = Fault | LoadStep | None
"""What happens on the line at time 0; None is a healthy line."""

Path = Literal["primary", "ledger"]
"""Whether the relay hears its link alone, or also reads the ledger."""

USUAL = Sampling()
"""The sampling of the two printed cases, fitted."""

LEDGER_DELAY = 1.45e-3
"""By how much the ledger's word is later than the link's [s]: ours, for "2.9" and 2.5 ms."""

PRINTED_DELAY = 27e-3
"""What the delay must be if "less than 29 ms" is no misprint [s]."""

HEARD = 4e-3
"""For so long after the event the sensors are heard [s]. Attacks begin in the first third of
what is heard, so that they are under way when the relay decides."""

EVENT_NS = round(BEFORE * 1e9)
"""When the event is, from the beginning of a scene [ns]."""

AT_ONCE = Service(check=0, parse=0)
"""A relay that needs no time for a message. With it the times are those of
:func:`energychain.grid.relay.watch`; ``Service()`` makes each decision 4 us later with the
defence on and 1 us later with it off, for the two messages of the sample that decides."""

RECORDED = Fault(resistance=1.0, location=0.33)
"""The fault that an attacker has on tape: the chapter's."""

SECRET = b"the secret of a line in a study"


# --- from waveforms to messages -------------------------------------------------------


def scene(
    waves: Waveforms,
    sampling: Sampling = USUAL,
    window: float | None = None,
    rng: np.random.Generator | None = None,
) -> Scene:
    """What both ends measure, from :data:`~energychain.grid.relay.BEFORE` the event on until
    a window after it [s], or as long as the waveforms last; in whole uA, uV and ns.

    The event is at :data:`EVENT_NS`; it counts as a fault if it is one on the line itself.
    Noise is on the currents only: no relay here looks at a voltage.

    >>> from energychain.grid.dc_line import SET_B
    >>> both = scene(solve(SET_B, None), window=2e-3)
    >>> len(both.times), both.ends[0][0], both.fault_at
    (151, (1700000, 48000000), None)

    Raises :class:`~energychain.primitives.refusals.BadInput` for noise without a generator.
    """
    samples = measure(waves, sampling, rng)
    until = np.inf if window is None else window + 1e-12
    kept = samples.time <= until
    time = samples.time[kept]
    currents = (samples.currents.one[kept], samples.currents.two[kept])
    ends = []
    for name, rest, shift, current in zip(
        ("v1", "v2"), waves.line.before[1:], (0.0, sampling.skew_s), currents, strict=True
    ):
        moments = time - shift
        voltage = np.full(len(time), rest)
        after = moments >= 0
        if after.any():
            voltage[after] = waves.at(moments[after])[name]  # type: ignore[index]
        ends.append(tuple(zip(_micro(current), _micro(voltage), strict=True)))
    times = tuple((np.rint(time * 1e9).astype(np.int64) + EVENT_NS).tolist())
    return Scene(_title(waves.case), times, (ends[0], ends[1]), _fault_at(waves.case))


def _micro(values: np.ndarray[Any, np.dtype[np.float64]]) -> list[int]:
    whole: list[int] = np.rint(values * 1e6).astype(np.int64).tolist()
    return whole


def _title(case: Case) -> str:
    return "healthy line" if case is None else repr(case)


def on_the_line(case: Case) -> bool:
    """Whether there is a fault that the relay is for: on the line itself."""
    return isinstance(case, Fault) and case.internal


def _fault_at(case: Case) -> int | None:
    return EVENT_NS if on_the_line(case) else None


def opposite(case: Case) -> Case:
    """What an attacker would like the relay to see instead: :data:`RECORDED` if the line is
    healthy, a healthy line if there is a fault on it.
    """
    return None if on_the_line(case) else RECORDED


def terms_for(sampling: Sampling) -> Terms:
    """What a receiver of both ends' messages accepts: at most twice as many as they send.

    At 50 kHz and 20 us these are the defaults of
    :class:`~energychain.grid.messages.Terms`, with a second port.
    """
    period, link = _ns(sampling.period), _ns(sampling.link_s)
    usual = Terms()
    return replace(
        usual,
        max_age=max(usual.max_age, 10 * period, 2 * link),
        interval=max(period // 4, 1),
        ports=(LINE, OTHER),
    )


# --- from messages to a decision ------------------------------------------------------


class Decision(NamedTuple):
    """A relay decides to trip."""

    at: int
    """When all samples that it needed for it were there, from the scene's beginning [ns]."""

    time: int
    """When the last of them was measured [ns]."""


def in_order(samples: Sequence[Sample], sampling: Sampling = USUAL) -> list[Sample]:
    """The samples as a relay keeps them: in order of time, the newest value for each.

    With the defence on they already are. With it off a time may come again: the newest value
    counts, as for a plain subscriber; one that says nothing new is not waited for. Nor does
    anybody ask how old a sample is: what was measured before the relay began to watch is
    taken as measured one link before it arrived, so a tape of an hour ago plays now.
    """
    link = _ns(sampling.link_s)
    kept: dict[int, Sample] = {}
    for sample in samples:
        if sample.time < 0:
            sample = sample._replace(time=sample.at - link)
        known = kept.get(sample.time)
        if known is None or known[1:] != sample[1:]:
            kept[sample.time] = sample
    return [kept[time] for time in sorted(kept)]


def decide(
    samples: Sequence[Sample],
    line: Line,
    relay: str = "guarded",
    sampling: Sampling = USUAL,
    event_ns: int = EVENT_NS,
) -> Decision | None:
    """What a relay decides on the samples that it believes, in any order; None: no trip.

    Samples may be missing. A relay that compares with what flowed before the event decides
    nothing if it was told nothing of that.

    Raises :class:`~energychain.primitives.refusals.BadInput` for an unknown relay.
    """
    chosen, kept = relay_named(relay), in_order(samples, sampling)
    if not any(sample.time < event_ns for sample in kept):
        return None
    table = np.array(kept, dtype=np.float64)
    time = (np.array([sample.time for sample in kept]) - event_ns) / 1e9
    currents = IntoLine(table[:, 2] / 1e6, table[:, 4] / 1e6)
    last = int(chosen.see(Samples(line, sampling, time, currents)).decided())
    if last < 0:
        return None
    needed = kept[max(last + 1 - sampling.consecutive - sampling.steps, 0) : last + 1]
    return Decision(max(sample.at for sample in needed), kept[last].time)


def relay_on_messages(
    line: Line,
    relay: str = "guarded",
    sampling: Sampling = USUAL,
    event_ns: int = EVENT_NS,
) -> Trips:
    """A relay for :func:`energychain.grid.attacks.campaign`: when :func:`decide` decides [ns].

    >>> from energychain.grid.dc_line import SET_B
    >>> trips = relay_on_messages(SET_B)
    >>> traffic = send(scene(solve(SET_B, RECORDED)), SECRET)
    >>> run = play(traffic.packets, Receiver(traffic.keys.values()), AT_ONCE)
    >>> (trips(run.samples) - EVENT_NS) / 1e6
    1.32
    """
    relay_named(relay)

    def trips(samples: Sequence[Sample]) -> int | None:
        decision = decide(samples, line, relay, sampling, event_ns)
        return decision and decision.at

    return trips


def attack_named(text: str) -> str:
    """The name of an attack, whatever its case, spaces, hyphens and underscores.

    >>> attack_named("goose_high-rate")
    'GOOSE high rate'

    Raises :class:`~energychain.primitives.refusals.BadInput` for another, and lists all.
    """
    names = {_plain(name): name for name in ATTACKS}
    if _plain(text) not in names:
        raise BadInput(f"there is no attack {text!r}: choose one of {', '.join(ATTACKS)}")
    return names[_plain(text)]


def _plain(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter not in " -_")


# --- one case, from the fault to the open breaker -------------------------------------


@dataclass(frozen=True, eq=False)
class Protection:
    """What became of one case."""

    waves: Waveforms

    trip: float | None
    """When the breakers are told to open, after the event [s]; None: never."""

    isolated: float | None
    """When they have opened [s]."""

    detected_by: Path | None
    """On whose samples the line was tripped."""

    false_trip: bool
    """Tripped without a fault on the line, or before it."""

    missed: bool
    """A fault on the line and no trip."""

    energy: float
    """What the fault let through until it was isolated, or to the window's end [J]."""

    caught_by: str
    """What first gave the attack away: a check of the receiver, ``queue``, ``gap``,
    ``silence``, or ``ledger``; empty if nothing did."""

    caught_at: float | None
    """When, after the event [s]."""

    withdrawn: bool
    """Whether the ledger contradicted the primary in time."""

    primary: Decision | None
    """What the relay decided on the messages of its link."""

    ledger: Decision | None
    """What it decided on the ledger's record; None also if it reads none."""

    scene: Scene
    """What was measured."""

    run: Run
    """What became of the messages of the link."""

    record: tuple[Sample, ...]
    """What the ledger says, and when; empty if the relay reads none."""

    sampling: Sampling

    @cached_property
    def believed(self) -> list[Sample]:
        """What the relay heard over its link, as it keeps it."""
        return in_order(self.run.samples, self.sampling)

    def rows(self) -> list[dict[str, float | int | None]]:
        """For a chart of the streams side by side: a row per time and end.

        ``sent_a`` is what a true sensor sends, ``believed_a`` what the relay took from its
        link and ``ledger_a`` what the ledger says [A]; None where there is nothing.
        """
        streams: list[Mapping[int, tuple[int, int]]] = [
            dict(
                zip(
                    self.scene.times,
                    ((one[0], two[0]) for one, two in zip(*self.scene.ends, strict=True)),
                    strict=True,
                )
            ),
            {sample.time: (sample.current1, sample.current2) for sample in self.believed},
            {sample.time: (sample.current1, sample.current2) for sample in self.record},
        ]
        rows: list[dict[str, float | int | None]] = []
        for time in sorted(set().union(*streams)):
            for end in (0, 1):
                sent, believed, ledger = (
                    stream[time][end] / 1e6 if time in stream else None for stream in streams
                )
                rows.append(
                    {
                        "ms": (time - EVENT_NS) / 1e6,
                        "end": end + 1,
                        "sent_a": sent,
                        "believed_a": believed,
                        "ledger_a": ledger,
                    }
                )
        return rows


def protect(
    line: Line,
    case: Case,
    *,
    relay: str = "guarded",
    attack: str | None = None,
    defended: bool = True,
    path: Path = "primary",
    ledger_delay: float = LEDGER_DELAY,
    hold: float = 0.0,
    sampling: Sampling = USUAL,
    seed: int = 0,
    window: float = WINDOW,
    heard: float = HEARD,
    ledger_cut: bool = False,
    service: Service = AT_ONCE,
) -> Protection:
    """Play one case: measure, send, attack, receive, decide, open.

    On the path ``primary`` the relay acts on the messages of its link. On the path ``ledger``
    it also reads what the sensors signed and the ledger keeps, ``ledger_delay`` [s] later,
    and trips on whichever record decides first. With a ``hold`` [s] it waits so long before
    it acts on the link alone: a ledger that confirms ends the waiting; one that has the
    sample on which the primary decided, and sees no fault, withdraws the trip, and from then
    on only the ledger counts.

    What is signed with the sensor's own key is beyond an attack on the link, also if the key
    of the link was stolen. A sensor that lies tells the ledger the same lie. ``ledger_cut``:
    nothing of the ledger arrives.

    The attacker has a tape of the :func:`opposite` case. The seed is for the attack and for
    the noise. The sensors are ``heard`` for so long after the event [s], the energy is counted
    to the end of the ``window`` [s].

    >>> from energychain.grid.dc_line import SET_B
    >>> quiet = protect(SET_B, RECORDED)
    >>> f"{quiet.isolated * 1e3:.2f} ms, {quiet.energy:.2f} J, by the {quiet.detected_by}"
    '1.42 ms, 1.50 J, by the primary'
    >>> protect(SET_B, None, attack="replay in place", defended=False).false_trip
    True
    >>> protect(SET_B, None, attack="replay in place").caught_by
    'epoch'

    Raises :class:`~energychain.primitives.refusals.BadInput` for an unknown relay, attack or
    path, and for a delay or a hold below 0.
    """
    _check(path, ledger_delay=ledger_delay, hold=hold, heard=heard)
    relay_named(relay)
    attack = None if attack is None else attack_named(attack)
    rng = np.random.default_rng(seed) if sampling.noise_a > 0 else None
    waves = solve(line, case, window)
    end = float(waves.time[-1])
    shown = scene(waves, sampling, heard, rng)
    recorded = scene(solve(line, opposite(case), window), sampling, heard, rng)
    traffic, tape, receiver = _network(shown, recorded, sampling, defended)
    packets, had_key = list(traffic.packets), False
    if attack is not None:
        packets, had_key = attacked(traffic, attack, seed, recorded=tape, limited=defended)
    until = traffic.packets[-1].at
    run = play(packets, receiver, service, start=LONG_AGO, until=until)

    record: tuple[Sample, ...] = ()
    if path == "ledger" and not ledger_cut:
        lies = attack is not None and had_key and ATTACKS[attack].act is lying_sensor
        record = ledger_record(
            traffic, packets if lies else traffic.packets, ledger_delay, sampling
        )
    primary, ledger = (
        decide(each, line, relay, sampling) if each else None for each in (run.samples, record)
    )
    at, by, withdrawn = _first(
        primary, ledger, bool(record), _ns(hold), _ns(ledger_delay + sampling.link_s)
    )
    trip = None if at is None else _seconds(at)
    fault = on_the_line(case)
    isolated = None if trip is None else trip + sampling.breaker_s
    opened = end if isolated is None else min(max(isolated, 0.0), end)
    caught_by, caught_at = _caught(run, record, traffic, tape, sampling)
    return Protection(
        waves,
        trip,
        isolated,
        by,
        trip is not None and (not fault or trip < 0),
        fault and trip is None,
        waves.energy(opened).fault,
        caught_by,
        caught_at,
        withdrawn,
        primary,
        ledger,
        shown,
        run,
        record,
        sampling,
    )


def _check(path: str, **times: float) -> None:
    if path not in ("primary", "ledger"):
        raise BadInput(f"there is no path {path!r}: choose primary or ledger")
    for name, value in times.items():
        if not 0 <= value < np.inf:
            raise BadInput(f"{name} must be a time of at least 0 s, not {value!r}")


def _network(
    shown: Scene, recorded: Scene, sampling: Sampling, defended: bool
) -> tuple[Traffic, tuple[Packet, ...], Receiver]:
    """The messages of now, those on the attacker's tape, and who receives them."""
    link = _ns(sampling.link_s)
    now = send(shown, SECRET, epoch=2, link=link, start=LONG_AGO)
    before = send(recorded, SECRET, epoch=1, link=link)
    tape = tuple(packet._replace(at=packet.at + LONG_AGO) for packet in before.packets)
    keys = [*before.keys.values(), *now.keys.values()]
    return now, tape, Receiver(keys, terms_for(sampling), defended=defended)


def ledger_record(
    traffic: Traffic, signed: Sequence[Packet], delay: float, sampling: Sampling = USUAL
) -> tuple[Sample, ...]:
    """What the ledger says: all that the sensors signed, so much later than the link [s].

    Whoever reads it asks the receiver's questions (:data:`~energychain.grid.messages.CHECKS`)
    and allows for the delay.
    """
    later, usual = _ns(delay), terms_for(sampling)
    reader = Receiver(traffic.keys.values(), replace(usual, max_age=usual.max_age + later))
    packets = [packet._replace(at=packet.at + later) for packet in signed]
    return play(packets, reader, AT_ONCE, start=traffic.start).samples


def _first(
    primary: Decision | None,
    ledger: Decision | None,
    reads: bool,
    hold: int,
    delay: int,
) -> tuple[int | None, Path | None, bool]:
    """When the line is tripped, on whose samples, and whether the primary was withdrawn.

    All in [ns]; ``delay`` is from a measurement to the ledger's word on it.
    """
    acts = None if primary is None else primary.at + hold
    confirmed = None if ledger is None else ledger.at
    withdrawn = False
    if reads and primary is not None and acts is not None:
        word = primary.time + delay
        withdrawn = word <= acts and (confirmed is None or confirmed > word)
    if acts is None or withdrawn or (confirmed is not None and confirmed < acts):
        return confirmed, None if confirmed is None else "ledger", withdrawn
    return acts, "primary", withdrawn


def _ns(time: float) -> int:
    return round(time * 1e9)


def _seconds(at: int) -> float:
    """After the event [s]."""
    return (at - EVENT_NS) / 1e9


def _caught(
    run: Run,
    record: Sequence[Sample],
    traffic: Traffic,
    tape: Sequence[Packet],
    sampling: Sampling,
) -> tuple[str, float | None]:
    """What first gave the attack away, and when [s]."""
    earlier = frozenset(packet.data for packet in tape)
    scored = score(run, Truth(traffic, {}, None, earlier), terms_for(sampling))
    signs = []
    if isinstance(at := scored["caught_us"], float):
        signs.append((at / 1e6 - EVENT_NS / 1e9, str(scored["caught_by"])))
    if (against := contradicted(run.samples, record, sampling)) is not None:
        signs.append((_seconds(against), "ledger"))
    when, by = min(signs, default=(None, ""))
    return by, when


def contradicted(
    samples: Sequence[Sample], record: Sequence[Sample], sampling: Sampling = USUAL
) -> int | None:
    """When the ledger first differs from what the relay believed, from the scene's
    beginning [ns]; None if it never does.

    They differ if one says something else than the other of a time, or nothing at all.
    """
    link = {sample.time: sample for sample in in_order(samples, sampling)}
    says = {sample.time: sample for sample in record}
    differ = [
        max(sample.at, link[time].at) if time in link else sample.at
        for time, sample in says.items()
        if time not in link or link[time][2:] != sample[2:]
    ]
    for time in link.keys() - says.keys():
        # That nobody signed it is known when the ledger speaks of something later.
        later = [sample.at for sample in record if sample.time > time][:1]
        differ += [max(at, link[time].at) for at in later]
    return min(differ, default=None)


# --- as a command prints it -----------------------------------------------------------


def form(
    line: Line,
    case: Case,
    *,
    relay: str = "guarded",
    attack: str | None = None,
    defended: bool = True,
    path: Path = "primary",
    ledger_delay: float = LEDGER_DELAY,
    sampling: Sampling = USUAL,
    seed: int = 0,
    times_ms: Sequence[float] = (0.1, 0.5, 1.0, 2.0, 5.0),
) -> dict[str, Any]:
    """A case as ``energychain fault --json`` prints it.

    Without an attack ``isolated_ms`` is the mean over where the event may fall between two
    samples, which nobody can know, and ``false_trip`` and ``missed`` are for the same. With
    an attack it is one run, with a sample at the event. ``trip_ms`` is so much earlier as
    link and breaker need.

    Raises :class:`~energychain.primitives.refusals.BadInput` as :func:`protect` does.
    """
    played = protect(
        line,
        case,
        relay=relay,
        attack=attack,
        defended=defended,
        path=path,
        ledger_delay=ledger_delay,
        sampling=sampling,
        seed=seed,
    )
    waves = played.waves
    isolated, by, energy = played.isolated, played.detected_by, played.energy
    if attack is None:
        found = isolation_over_phases(waves, relay, sampling)
        isolated = None if np.isnan(found).all() else float(np.nanmean(found))
        by = None if isolated is None else "primary"
        end = float(waves.time[-1])
        energy = waves.energy(end if isolated is None else min(max(isolated, 0.0), end)).fault
    peaks, rule6 = waves.peaks, waves.rule6()
    seen = waves.at([time / 1e3 for time in times_ms])
    trip = None if isolated is None else isolated - sampling.delay
    fault = on_the_line(case)
    return {
        "i1_peak_a": peaks["i1"].value,
        "i1_peak_ms": peaks["i1"].ms,
        "i2_peak_a": peaks["i2"].value,
        "if_peak_a": peaks["i_f"].value,
        "events": [{"name": event.name, "ms": event.ms} for event in waves.events],
        "samples": {"ms": list(times_ms)}
        | {name: seen[name].tolist() for name in ("i1", "i2", "v1", "v2")},
        "rule6_ms": _ms(rule6),
        "trip_ms": _ms(trip),
        "isolated_ms": _ms(isolated),
        "detected_by": by,
        "let_through_j": energy,
        "attack": None if attack is None else attack_named(attack),
        "defended": defended,
        "path": path,
        "caught_by": played.caught_by,
        "caught_ms": _ms(played.caught_at),
        "false_trip": trip is not None and (not fault or trip < 0),
        "missed": fault and trip is None,
    }


def _ms(time: float | None) -> float | None:
    return None if time is None else time * 1e3
