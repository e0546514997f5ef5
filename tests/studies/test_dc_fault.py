from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.grid.attacks import ATTACKS, LONG_AGO, Sample, Service, play, send
from energychain.grid.dc_line import SET_B, SET_U, WINDOW, Fault, LoadStep, solve
from energychain.grid.messages import Receiver
from energychain.grid.relay import RELAYS, Sampling, isolation_over_phases, let_through, watch
from energychain.primitives.refusals import BadInput
from energychain.studies.dc_fault import (
    EVENT_NS,
    HEARD,
    LEDGER_DELAY,
    RECORDED,
    SECRET,
    USUAL,
    attack_named,
    contradicted,
    decide,
    form,
    in_order,
    ledger_record,
    opposite,
    protect,
    relay_on_messages,
    scene,
    terms_for,
)

BLIND = "replay in place"
"""With it nothing of now arrives over the link, from before the event on."""

SHORT = 1.5e-3
"""Long enough for the fault that is played, and every attack begins before it [s]."""

LONG = 3e-3
"""Long enough for any fault here [s]."""

LINK_NS = 20_000


# --- the messages say what was measured -----------------------------------------------


@settings(max_examples=12, deadline=None)
@given(
    resistance=st.floats(0.2, 60.0),
    location=st.floats(0.05, 0.95),
    phase=st.integers(0, 19),
    relay=st.sampled_from(["guarded", "differential"]),
)
def test_through_messages_a_relay_decides_as_it_does_without(resistance, location, phase, relay):
    fault, sampling = Fault(resistance, location), Sampling(phase_s=phase * 1e-6)
    # A message holds whole microamperes: so does the judge's converter.
    judge = watch(solve(SET_B, fault, LONG), relay, replace(sampling, step_a=1e-6))
    played = protect(SET_B, fault, relay=relay, sampling=sampling, window=LONG)
    assert judge is not None
    assert played.trip == pytest.approx(judge.time + sampling.link_s, abs=1e-12)
    assert played.isolated == pytest.approx(judge.isolated, abs=1e-12)
    assert played.detected_by == "primary" and not played.false_trip and not played.missed


@pytest.mark.parametrize("line", [SET_B, SET_U])
@pytest.mark.parametrize("relay", RELAYS)
@pytest.mark.parametrize(
    "case", [None, RECORDED, LoadStep(-1.0), Fault(1.0, 1.5), Fault(1.0, -0.5)]
)
def test_what_is_no_fault_is_decided_as_without_messages(line, relay, case):
    judge = watch(solve(line, case, LONG), relay, Sampling(step_a=1e-6))
    played = protect(line, case, relay=relay, window=LONG)
    assert (played.trip is None) == (judge is None)
    if judge is not None:
        assert played.isolated == pytest.approx(judge.isolated, abs=1e-12)
        assert played.false_trip == (case != RECORDED)
    assert played.energy == pytest.approx(let_through(played.waves, judge), rel=1e-6)


def test_the_two_printed_cases():
    for fault, printed in ((RECORDED, 1.412e-3), (Fault(10.0, 0.5), 0.494e-3)):
        waves = solve(SET_B, fault)
        means = []
        for phase in np.arange(10) * 2e-6 + 1e-6:
            played = protect(SET_B, fault, sampling=Sampling(phase_s=float(phase)), heard=SHORT)
            means.append(played.isolated)
        assert np.mean(means) == pytest.approx(np.mean(isolation_over_phases(waves)), abs=1e-12)
        assert np.mean(means) == pytest.approx(printed, abs=5e-6)


def test_a_scene_is_what_was_measured_in_whole_numbers():
    sampling = Sampling(phase_s=7e-6, skew_s=20e-6)
    waves = solve(SET_B, RECORDED)
    shown = scene(waves, sampling, window=1e-3)
    assert shown.fault_at == EVENT_NS == 1_000_000
    assert {type(value) for end in shown.ends for pair in end for value in pair} == {int}
    assert set(np.diff(shown.times)) == {20_000}
    assert shown.times[0] == 7_000 and shown.times[-1] <= EVENT_NS + 1_000_000
    i, when = 60, (shown.times[60] - EVENT_NS) / 1e9
    one, two = waves.at([when]), waves.at([when - 20e-6])
    assert shown.ends[0][i] == pytest.approx((one["i1"][0] * 1e6, one["v1"][0] * 1e6), abs=0.51)
    assert shown.ends[1][i] == pytest.approx((two["i2"][0] * 1e6, two["v2"][0] * 1e6), abs=0.51)
    through, before_1, before_2 = SET_B.before
    assert shown.ends[0][0] == (round(through * 1e6), round(before_1 * 1e6))
    assert shown.ends[1][0] == (-round(through * 1e6), round(before_2 * 1e6))


def test_only_a_fault_on_the_line_is_one():
    for case in (None, LoadStep(1.0), Fault(1.0, 1.5)):
        assert scene(solve(SET_B, case), window=1e-4).fault_at is None
        assert opposite(case) == RECORDED
    assert opposite(RECORDED) is None


def test_the_time_that_a_relay_needs_for_a_message_is_added_once_per_end():
    quick = protect(SET_B, RECORDED)
    for defended, each in ((True, 2e-6), (False, 0.5e-6)):
        slow = protect(SET_B, RECORDED, defended=defended, service=Service())
        assert slow.trip - quick.trip == pytest.approx(2 * each, abs=1e-12)


@pytest.mark.parametrize("link", [0.0, 5e-6, 350e-6])
def test_the_link_is_counted_once(link):
    sampling = Sampling(link_s=link)
    judge = watch(solve(SET_B, RECORDED), "guarded", sampling)
    assert protect(SET_B, RECORDED, sampling=sampling).isolated == pytest.approx(judge.isolated)


@pytest.mark.parametrize("rate", [5_000.0, 20_000.0, 100_000.0])
def test_a_receiver_keeps_up_with_other_rates(rate):
    played = protect(SET_B, RECORDED, sampling=Sampling(rate_hz=rate))
    assert not played.run.refused and played.caught_by == ""
    assert played.isolated == watch(played.waves, "guarded", played.sampling).isolated


# --- what a relay does with a disorder of samples -------------------------------------


def _sample(at, time, current1=0, current2=0):
    return Sample(at, time, current1, 0, current2, 0)


def test_of_a_time_that_comes_again_the_newest_value_counts():
    first, again, other = _sample(30, 10, 1), _sample(50, 10, 1), _sample(60, 10, 2)
    assert in_order([first, again]) == [first]  # it said nothing new
    assert in_order([first, again, other]) == [other]
    assert in_order([_sample(90, 70), first]) == [first, _sample(90, 70)]


def test_what_is_older_than_the_scene_plays_when_it_arrives():
    tape = _sample(at=120_000, time=-LONG_AGO + 100_000, current1=5)
    assert in_order([tape]) == [tape._replace(time=120_000 - LINK_NS)]


def test_a_relay_decides_when_the_last_sample_that_it_needs_is_there():
    samples = list(protect(SET_B, RECORDED).run.samples)
    on_time = decide(samples, SET_B)
    place = next(i for i, each in enumerate(samples) if each.time == on_time.time)
    for back in range(USUAL.consecutive + USUAL.steps):
        late = samples.copy()
        late[place - back] = late[place - back]._replace(at=on_time.at + 77)
        assert decide(late, SET_B).at == on_time.at + 77
    late = samples.copy()
    late[place - 10] = late[place - 10]._replace(at=on_time.at + 77)
    assert decide(late, SET_B) == on_time


def test_samples_may_be_missing():
    samples = protect(SET_B, RECORDED).run.samples
    half = decide(samples[::2], SET_B)
    assert 0 < half.at - decide(samples, SET_B).at <= 4 * 20_000
    assert decide((), SET_B) is None
    assert decide([each for each in samples if each.time >= EVENT_NS], SET_B) is None


# --- attacks on the link --------------------------------------------------------------

FEIGNS = (BLIND, "false data", "GOOSE semantic", "GOOSE high rate", "ARP edit")
"""They show a relay that believes everything a fault that is none."""


@pytest.mark.parametrize("attack", FEIGNS)
def test_who_believes_everything_trips_a_healthy_line_and_who_asks_does_not(attack):
    for seed in range(3):
        case = {"relay": "differential", "attack": attack, "seed": seed, "heard": SHORT}
        fooled = protect(SET_B, None, defended=False, **case)
        assert fooled.false_trip and fooled.caught_by == "" and fooled.detected_by == "primary"
        asked = protect(SET_B, None, **case)
        assert asked.trip is None and not asked.false_trip and asked.caught_by in ("tag", "epoch")


@pytest.mark.parametrize("attack", sorted(set(ATTACKS) - {"false data with the key", "stolen key"}))
def test_without_the_key_nothing_trips_a_defended_healthy_line(attack):
    for relay in ("guarded", "differential"):
        for seed in range(2):
            played = protect(SET_B, None, relay=relay, attack=attack, seed=seed, heard=SHORT)
            assert played.trip is None


@pytest.mark.parametrize("attack", sorted(ATTACKS))
def test_the_ledger_finds_every_fault_unless_the_sensor_lies(attack):
    alone = watch(solve(SET_B, RECORDED)).isolated
    for defended in (False, True):
        played = protect(
            SET_B, RECORDED, attack=attack, defended=defended, path="ledger", heard=SHORT
        )
        lies = attack == "false data with the key" or (attack == "password" and not defended)
        assert played.missed == lies
        if not lies:
            # An attack may make the link's decision later, but never later than the ledger's.
            assert played.isolated <= alone + LEDGER_DELAY + 1e-12


@pytest.mark.parametrize("delay", [0.0, 1.45e-3, 27e-3])
@pytest.mark.parametrize("fault", [RECORDED, Fault(10.0, 0.5), Fault(0.3, 0.8)])
def test_when_the_link_is_blind_the_ledger_adds_its_delay(fault, delay):
    alone = protect(SET_B, fault)
    blind = {"attack": BLIND, "heard": 2e-3}
    played = protect(SET_B, fault, path="ledger", ledger_delay=delay, **blind)
    assert played.primary is None and played.detected_by == "ledger"
    assert played.isolated - alone.isolated == pytest.approx(delay, abs=1e-9)
    assert protect(SET_B, fault, **blind).missed


def test_a_lying_sensor_beats_both_paths():
    case = {"attack": "false data with the key", "path": "ledger", "heard": SHORT}
    for defended in (False, True):
        hidden = protect(SET_B, RECORDED, defended=defended, **case)
        assert hidden.missed and hidden.caught_by == ""
        assert hidden.primary is None and hidden.ledger is None
        feigned = protect(SET_B, None, relay="differential", defended=defended, hold=5e-3, **case)
        assert feigned.false_trip and not feigned.withdrawn and feigned.caught_by == ""


def test_a_stolen_key_blinds_the_link_and_the_ledger_says_so():
    case = {"attack": "stolen key", "heard": SHORT}
    assert protect(SET_B, RECORDED, **case).missed
    saved = protect(SET_B, RECORDED, path="ledger", **case)
    assert saved.detected_by == "ledger"
    assert contradicted(saved.run.samples, saved.record) is not None


def test_with_both_channels_cut_nothing_is_left():
    case = {"attack": BLIND, "path": "ledger", "heard": SHORT}
    assert not protect(SET_B, RECORDED, **case).missed
    nothing = protect(SET_B, RECORDED, ledger_cut=True, **case)
    assert nothing.missed and nothing.record == () and nothing.isolated is None
    assert nothing.energy == nothing.waves.energy().fault


def test_the_ledger_differs_from_what_a_relay_was_told():
    for attack in (*FEIGNS, "replay of an earlier epoch", "loss"):
        played = protect(SET_B, None, attack=attack, defended=False, path="ledger", heard=SHORT)
        assert played.caught_by == "ledger"
        assert played.caught_at > LEDGER_DELAY - EVENT_NS / 1e9
    for attack in (None, "eavesdropping", "replay", "flood beside"):
        played = protect(SET_B, None, attack=attack, defended=False, path="ledger", heard=SHORT)
        assert (played.caught_by, played.caught_at) == ("", None)


# --- waiting for the ledger -----------------------------------------------------------


@pytest.mark.parametrize(("hold", "trips"), [(0.0, True), (1.44e-3, True), (1.45e-3, False)])
def test_a_false_trip_is_withdrawn_if_the_relay_waits_for_the_ledger(hold, trips):
    case = {"attack": BLIND, "defended": False, "path": "ledger", "heard": SHORT}
    played = protect(SET_B, None, hold=hold, **case)
    assert played.primary is not None
    assert (played.false_trip, played.withdrawn) == (trips, not trips)
    # With nobody to contradict it, waiting only delays.
    alone = protect(SET_B, None, hold=hold, **case, ledger_cut=True)
    assert alone.trip == pytest.approx((alone.primary.at - EVENT_NS) / 1e9 + hold, abs=1e-9)


def test_a_ledger_that_confirms_ends_the_waiting():
    at_once = protect(SET_B, RECORDED, path="ledger")
    energy = 0.0
    for hold in (0.0, 0.5e-3, 1.4e-3, 1.5e-3, 5e-3):
        played = protect(SET_B, RECORDED, path="ledger", hold=hold)
        added = min(hold, LEDGER_DELAY)
        assert played.isolated == pytest.approx(at_once.isolated + added, abs=1e-9)
        assert played.detected_by == ("primary" if hold < LEDGER_DELAY else "ledger")
        assert not played.withdrawn
        assert played.energy >= energy and played.energy == pytest.approx(
            played.waves.energy(played.isolated).fault, rel=1e-12
        )
        energy = played.energy
    assert energy > 2 * at_once.energy


def test_energy_is_lost_nowhere():
    for hold in (0.0, 2e-3):
        played = protect(SET_B, RECORDED, hold=hold)
        energy = played.waves.energy(played.isolated)
        spent = energy.shunts + energy.cables + energy.fault + energy.stored
        assert energy.sources == pytest.approx(spent, abs=1e-9)
        assert energy.fault == played.energy


@settings(max_examples=15, deadline=None)
@given(
    attack=st.sampled_from(sorted(ATTACKS)),
    fault=st.booleans(),
    defended=st.booleans(),
    hold=st.integers(0, 2000),
    delay=st.integers(0, 2000),
    seed=st.integers(0, 50),
)
def test_what_is_always_true(attack, fault, defended, hold, delay, seed):
    def go():
        return protect(
            SET_B,
            RECORDED if fault else None,
            attack=attack,
            defended=defended,
            path="ledger",
            hold=hold * 1e-6,
            ledger_delay=delay * 1e-6,
            seed=seed,
            sampling=Sampling(noise_a=1e-3),
            heard=SHORT,
        )

    played, again = go(), go()
    assert played.rows() == again.rows()
    assert (played.trip, played.caught_by, played.run) == (again.trip, again.caught_by, again.run)
    assert not (played.false_trip and played.missed)
    assert (played.trip is None) == (played.isolated is None) == (played.detected_by is None)
    assert played.missed == (fault and played.trip is None)
    assert 0 <= played.energy <= played.waves.energy().fault
    if played.detected_by == "primary":
        assert not played.withdrawn
        assert played.trip == pytest.approx((played.primary.at - EVENT_NS + hold * 1000) / 1e9)
    if played.detected_by == "ledger":
        assert played.trip == pytest.approx((played.ledger.at - EVENT_NS) / 1e9)
    if not fault and attack not in ("false data with the key", "password"):
        assert played.ledger is None


# --- what is shown --------------------------------------------------------------------


def test_the_streams_side_by_side():
    played = protect(SET_B, RECORDED, attack=BLIND, defended=False, path="ledger", heard=2e-3)
    rows = played.rows()
    assert len(rows) == 2 * len(played.scene.times)
    shown = [row for row in rows if row["end"] == 1 and row["ms"] > 0.5]
    assert all(row["sent_a"] == row["ledger_a"] for row in rows)
    assert all(row["believed_a"] == 1.7 for row in shown)
    assert min(row["sent_a"] for row in shown) > 10
    silent = protect(SET_B, RECORDED, attack=BLIND, heard=2e-3).rows()
    assert all(row["believed_a"] is None and row["ledger_a"] is None for row in silent[-100:])


def test_a_lying_sensor_says_the_same_to_both():
    played = protect(SET_B, RECORDED, attack="false data with the key", path="ledger", heard=2e-3)
    last = played.rows()[-1]
    assert last["believed_a"] == last["ledger_a"] == -1.7 and last["sent_a"] > 10


def test_the_ledgers_record_is_as_late_as_it_is_said_to_be():
    traffic = send(scene(solve(SET_B, None), window=1e-3), SECRET, start=LONG_AGO)
    direct = play(
        traffic.packets, Receiver(traffic.keys.values()), Service(0, 0), start=LONG_AGO
    ).samples
    record = ledger_record(traffic, traffic.packets, 3e-3)
    assert [each._replace(at=each.at + 3_000_000) for each in direct] == list(record)
    assert contradicted(direct, record) is None
    assert contradicted(direct[:40] + direct[41:], record) == record[40].at
    odd = direct[40]._replace(time=direct[40].time + 1)
    assert contradicted((*direct, odd), record) == record[41].at


def test_the_command_without_an_attack_says_what_the_relay_does():
    said = form(SET_B, RECORDED, times_ms=[0.1, 1.0])
    waves = solve(SET_B, RECORDED)
    mean = float(np.mean(isolation_over_phases(waves)))
    assert said["isolated_ms"] == pytest.approx(mean * 1e3)
    assert said["trip_ms"] == pytest.approx(mean * 1e3 - 0.12)
    assert said["let_through_j"] == pytest.approx(waves.energy(mean).fault)
    assert said["samples"]["i1"] == pytest.approx([7.93732, 24.4897], rel=1e-5)
    assert (said["detected_by"], said["attack"], said["missed"]) == ("primary", None, False)
    healthy = form(SET_B, None)
    assert healthy["isolated_ms"] is None and healthy["let_through_j"] == 0
    assert not healthy["false_trip"] and not healthy["missed"]
    assert form(SET_B, LoadStep(-1.0), relay="literal")["false_trip"]


def test_the_command_with_an_attack_says_who_caught_it():
    said = form(SET_B, RECORDED, attack="arp_EDIT", path="ledger")
    played = protect(SET_B, RECORDED, attack="ARP edit", path="ledger")
    assert (said["attack"], said["caught_by"], said["detected_by"]) == ("ARP edit", "tag", "ledger")
    assert said["isolated_ms"] == played.isolated * 1e3
    assert said["caught_ms"] == played.caught_at * 1e3
    assert form(SET_B, RECORDED, attack="arp edit")["missed"]


def test_attacks_are_found_however_they_are_written():
    for name in ATTACKS:
        for text in (name.upper(), name.replace(" ", "_"), name.replace(" ", "-").lower()):
            assert attack_named(text) == name
    with pytest.raises(BadInput, match="no attack 'magic': choose one of eavesdropping, replay"):
        attack_named("magic")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"path": "radio"}, "no path 'radio'"),
        ({"relay": "mine"}, "no relay 'mine'"),
        ({"attack": "magic"}, "no attack 'magic'"),
        ({"hold": -1.0}, "hold must be a time of at least 0 s"),
        ({"ledger_delay": float("nan")}, "ledger_delay must be a time of at least 0 s"),
        ({"heard": -1.0}, "heard must be a time of at least 0 s"),
        ({"seed": -1, "attack": "replay"}, "a seed is 0 or more"),
    ],
)
def test_what_cannot_be_played_is_refused(wrong, says):
    with pytest.raises(BadInput, match=says):
        protect(SET_B, RECORDED, **wrong)


def test_the_usual_receiver():
    usual = terms_for(USUAL)
    assert (usual.max_age, usual.interval) == (200_000, 5_000)
    assert terms_for(Sampling(rate_hz=1_000.0)).max_age == 10_000_000
    with pytest.raises(BadInput, match="no relay"):
        relay_on_messages(SET_B, "mine")
    assert HEARD <= WINDOW
