"""The attacks: what they do, what stops them, and what nothing here can stop."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.grid import attacks as a
from energychain.grid.attacks import (
    ATTACKS,
    LINE,
    OTHER,
    Draws,
    Sample,
    Scene,
    Service,
    Truth,
    attacked,
    campaign,
    guess_password,
    password_rank,
    play,
    score,
    send,
    truth,
)
from energychain.grid.messages import CHECKS, LARGEST, SIZE, Receiver, Terms, read
from energychain.primitives.refusals import BadInput

SECRET = b"the secret of line 1"
TERMS = Terms(ports=(LINE, OTHER))
STEP = 20_000
SEEDS = range(12)

HEALTHY = Scene.steady()
KEYED = {"false data with the key", "stolen key"}
KEYLESS = sorted(set(ATTACKS) - KEYED - {"password"})


def short_circuit(at: int = 1_000_000) -> Scene:
    """From a time on both ends feed the fault: 2 A more each at every step."""

    def current(start: int, time: int) -> int:
        return start + 2_000_000 * max(0, (time - at) // STEP + 1)

    ends = tuple(
        tuple((current(start, time), 48_000_000) for time in HEALTHY.times)
        for start in (1_700_000, -1_700_000)
    )
    return Scene("fault", HEALTHY.times, (ends[0], ends[1]), at)


FAULT = short_circuit()


def threshold(samples: Sequence[Sample], in_a_row: int = 3) -> int | None:
    """A stand-in for a relay: 3 A are missing in some samples in a row."""
    row = 0
    for sample in samples:
        row = row + 1 if abs(sample.current1 + sample.current2) > 3_000_000 else 0
        if row == in_a_row:
            return sample.at
    return None


def hasty(samples: Sequence[Sample]) -> int | None:
    """A relay that trips on a single sample."""
    return threshold(samples, in_a_row=1)


def rows_of(rows: list[a.Row], attack: str, defence: str) -> list[a.Row]:
    found = [row for row in rows if (row["attack"], row["defence"]) == (attack, defence)]
    assert found
    return found


@pytest.fixture(scope="module")
def feigned() -> list[a.Row]:
    """A healthy line; the attacker has a fault on tape and wants a trip."""
    return campaign(seeds=SEEDS, scene=HEALTHY, recorded=FAULT, trips=hasty)


@pytest.fixture(scope="module")
def hidden() -> list[a.Row]:
    """A fault; the attacker has a healthy line on tape and wants no trip."""
    return campaign(seeds=SEEDS, scene=FAULT, recorded=HEALTHY, trips=threshold)


# --- without an attack ----------------------------------------------------------------


@pytest.mark.parametrize("defended", [False, True])
@pytest.mark.parametrize("scene", [HEALTHY, FAULT], ids=lambda scene: scene.name)
def test_without_an_attack_the_relay_sees_the_scene(scene: Scene, defended: bool) -> None:
    traffic = send(scene, SECRET)
    receiver = Receiver(traffic.keys.values(), TERMS, defended=defended)
    run = play(traffic.packets, receiver)
    assert not run.refused and not run.silences
    assert [one.data for one in run.believed] == [packet.data for packet in traffic.packets]
    seen = [(s.time, (s.current1, s.voltage1), (s.current2, s.voltage2)) for s in run.samples]
    assert seen == list(zip(scene.times, *scene.ends, strict=True))


def test_the_queue_makes_one_packet_wait_for_the_other() -> None:
    traffic = send(Scene.steady(samples=2), SECRET)
    run = play(traffic.packets, Receiver(traffic.keys.values(), TERMS), Service(check=2_000))
    assert [one.done for one in run.believed] == [22_000, 24_000, 42_000, 44_000]


def test_what_finds_no_room_in_the_queue_is_lost() -> None:
    traffic = send(Scene.steady(samples=3), SECRET)
    slow = Service(check=50_000, queue=60_000)
    run = play(traffic.packets, Receiver(traffic.keys.values(), TERMS), slow)
    # 20 us: two come, done at 70 and 120 us. 40 us: 80 us to wait. 60 us: 60 to wait, then 110.
    assert [one.at for one in run.refused] == [40_000, 40_000, 60_000]
    assert {one.rule for one in run.refused} == {a.QUEUE}
    assert [one.done for one in run.believed] == [70_000, 120_000, 170_000]


def test_the_stand_in_relay_trips_on_the_fault_and_only_then() -> None:
    for scene in (HEALTHY, FAULT):
        traffic = send(scene, SECRET)
        samples = play(traffic.packets, Receiver(traffic.keys.values(), TERMS)).samples
        trip = threshold(samples)
        assert (trip is None) == (scene.fault_at is None)
        assert trip is None or trip > FAULT.times[50]


# --- the attacks as functions ---------------------------------------------------------


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("scene", [HEALTHY, FAULT], ids=lambda scene: scene.name)
def test_an_attack_is_a_pure_function_of_traffic_and_seed(name: str, scene: Scene) -> None:
    traffic, tape = send(scene, SECRET, epoch=2), send(scene, SECRET, epoch=1).packets
    before = traffic.packets
    one, _ = attacked(traffic, name, 7, recorded=tape)
    assert attacked(traffic, name, 7, recorded=tape)[0] == one
    assert traffic.packets == before
    assert [packet.at for packet in one] == sorted(packet.at for packet in one)
    assert {packet.port for packet in one} <= {LINE, OTHER}


@pytest.mark.parametrize("name", sorted(set(ATTACKS) - {"eavesdropping"}))
def test_an_attack_does_something_and_chance_matters(name: str) -> None:
    traffic, tape = send(HEALTHY, SECRET, epoch=2), send(FAULT, SECRET, epoch=1).packets
    outcomes = {tuple(attacked(traffic, name, seed, recorded=tape)[0]) for seed in range(20)}
    assert len(outcomes) > 5
    assert any(outcome != traffic.packets for outcome in outcomes)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_survives_the_smallest_scene(name: str) -> None:
    traffic = send(Scene.steady(samples=1), SECRET, epoch=2)
    for seed in range(5):
        attacked(traffic, name, seed)


@pytest.mark.parametrize("name", KEYLESS)
def test_an_attack_without_a_key_is_handed_none(name: str) -> None:
    for seed in SEEDS:
        assert not attacked(send(HEALTHY, SECRET), name, seed)[1]


def test_goose_poisoning_as_the_chapter_has_it() -> None:
    traffic = send(HEALTHY, SECRET)

    def status_numbers(name: str) -> list[int]:
        packets, _ = attacked(traffic, name, 3)
        return [read(p.data).status for p in packets if p.data not in traffic.sent]

    semantic, fast = status_numbers("GOOSE semantic"), status_numbers("GOOSE high rate")
    assert semantic == list(range(1, len(semantic) + 1))
    assert fast == list(range(1, len(fast) + 1))
    packets, _ = attacked(traffic, "GOOSE high rate", 3)
    first = next(i for i, p in enumerate(packets) if p.data not in traffic.sent)
    aimed = read(packets[first].data).source
    true = [p for p in packets[first:] if p.data in traffic.sent and read(p.data).source == aimed]
    assert len(fast) == 5 * (len(true) + 1)
    assert status_numbers("GOOSE high status") == [LARGEST]


def test_draws_are_fair_enough_and_never_hidden() -> None:
    draws = Draws(1, "fair")
    counts = [0] * 10
    for _ in range(10_000):
        counts[draws.below(10)] += 1
    # Chi-squared with 9 degrees of freedom exceeds 33.7 once in 10,000 fair seeds.
    assert sum((n - 1_000) ** 2 / 1_000 for n in counts) < 33.7
    assert Draws(1, "fair").some_bytes(20) != Draws(2, "fair").some_bytes(20)
    assert Draws(1, "fair").some_bytes(20) != Draws(1, "other").some_bytes(20)
    assert {draws.between(3, 5) for _ in range(100)} == {3, 4, 5}
    assert all(0 <= draws.share() < 1 for _ in range(100))
    with pytest.raises(BadInput, match="seed"):
        Draws(-1, "fair")


# --- the defence on -------------------------------------------------------------------


def test_with_the_defence_on_nothing_false_is_believed_without_the_key(
    feigned: list[a.Row], hidden: list[a.Row]
) -> None:
    keyless = [row for row in feigned + hidden if row["defence"] == "on" and not row["had_key"]]
    assert {row["attack"] for row in keyless} == {*KEYLESS, "password"}
    assert {row["undetected"] for row in keyless} == {0}
    assert not any(row["false_trip"] for row in keyless)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(KEYLESS), st.integers(0, 10**6)), max_size=4),
    st.sampled_from([HEALTHY, FAULT]),
)
def test_nor_if_attacks_are_made_on_top_of_each_other(
    moves: list[tuple[str, int]], scene: Scene
) -> None:
    clean = traffic = send(scene, SECRET, epoch=2, start=a.LONG_AGO)
    tape = send(FAULT, SECRET, epoch=1)
    recorded = [p._replace(at=p.at + a.LONG_AGO) for p in tape.packets]
    for name, seed in moves:
        # The next attacker takes up whole messages only.
        whole = [p for p in traffic.packets if len(p.data) == SIZE]
        seen = replace(traffic, packets=tuple(whole or clean.packets))
        packets, _ = attacked(seen, name, seed, recorded=recorded)
        traffic = replace(traffic, packets=tuple(packets))
    keys = [*tape.keys.values(), *clean.keys.values()]
    run = play(traffic.packets, Receiver(keys, TERMS))
    scored = score(run, Truth(clean, {}, None, tape.sent), TERMS, threshold)
    assert scored["undetected"] == 0 and not scored["false_trip"]
    times = [sample.time for sample in run.samples]
    assert times == sorted(set(times))


CAUGHT_BY = {
    "eavesdropping": {""},
    "replay": {"counter", "freshness"},
    "replay of an earlier epoch": {"epoch"},
    "replay in place": {"epoch"},
    "flood": {"tag"},
    "flood beside": {"tag"},
    "loss": {"gap", "silence"},
    "GOOSE semantic": {"tag"},
    "GOOSE high rate": {"tag"},
    "GOOSE high status": {"tag"},
    "false data": {"tag"},
    "false data with the key": {""},
    "stolen key": {"chain"},
    "ARP drop": {"gap"},
    "ARP edit": {"tag"},
    "reflection": {"tag"},
    "odd sizes": {"size"},
}


@pytest.mark.parametrize("name", CAUGHT_BY)
def test_the_check_that_catches_an_attack(name: str, feigned: list[a.Row]) -> None:
    rows = rows_of(feigned, name, "on")
    assert {row["caught_by"] for row in rows} <= CAUGHT_BY[name]
    assert "" in CAUGHT_BY[name] or all(row["caught_us"] is not None for row in rows)


def test_every_check_of_the_network_is_needed_by_some_attack(feigned: list[a.Row]) -> None:
    """`values` speaks only to a sensor that is out of its range: see test_messages."""
    on = [row for row in feigned if row["defence"] == "on"]
    for rule in set(CHECKS) - {"values"}:
        assert sum(int(str(row[f"refused_{rule}"])) for row in on) > 0, rule


# Messages get lost under these, and under no other.
LOSING = {
    *("replay in place", "flood", "loss", "modification", "ARP delay", "ARP drop", "ARP edit"),
    *("port stealing", "splice", "odd sizes", *KEYED, "password"),
}


@pytest.mark.parametrize("name", sorted(set(ATTACKS) - LOSING))
def test_an_attacker_who_can_only_add_messages_loses_none(name: str, feigned: list[a.Row]) -> None:
    for row in rows_of(feigned, name, "on"):
        assert row["lost"] == 0 and float(str(row["added_delay_us"])) < 100


@pytest.mark.parametrize("name", ["GOOSE semantic", "GOOSE high rate", "GOOSE high status"])
def test_poisoning_silences_a_plain_subscriber_and_no_other(
    name: str, feigned: list[a.Row]
) -> None:
    for row in rows_of(feigned, name, "off"):
        assert int(str(row["lost"])) > 60 and row["caught_by"] == ""
    assert {row["lost"] for row in rows_of(feigned, name, "on")} == {0}


BELIEVED = ("false data", "ARP edit", "replay of an earlier epoch", "replay in place", "reflection")


@pytest.mark.parametrize("name", BELIEVED)
def test_false_trips_without_the_defence_and_none_with_it(name: str, feigned: list[a.Row]) -> None:
    assert all(row["false_trip"] for row in rows_of(feigned, name, "off"))
    assert not any(row["false_trip"] for row in rows_of(feigned, name, "on"))


def test_three_samples_in_a_row_resist_lies_between_true_messages_but_not_a_replacement() -> None:
    """The patience of a relay is a defence of its own, against who can only add."""
    rows = campaign(["false data", "ARP edit"], ["off"], SEEDS, trips=threshold)
    assert not any(row["false_trip"] for row in rows_of(rows, "false data", "off"))
    assert all(row["undetected"] for row in rows)
    assert all(row["false_trip"] for row in rows_of(rows, "ARP edit", "off"))


def test_a_fault_is_hidden_without_the_defence(hidden: list[a.Row]) -> None:
    for name in ("ARP edit", "replay in place", "GOOSE high status"):
        assert all(row["missed_trip"] for row in rows_of(hidden, name, "off"))
    # One forged message no longer hides it; a whole replacement is still a cut.
    assert not any(row["missed_trip"] for row in rows_of(hidden, "GOOSE high status", "on"))
    for name in ("ARP edit", "replay in place"):
        for row in rows_of(hidden, name, "on"):
            assert row["undetected"] == 0 and row["caught_by"] and row["missed_trip"]


def test_loss_delays_the_trip_only_while_it_lasts(hidden: list[a.Row]) -> None:
    for row in rows_of(hidden, "loss", "on"):
        assert not row["missed_trip"] and float(str(row["trip_delay_us"])) <= 500


# --- what nothing here can catch ------------------------------------------------------


def test_a_sensor_that_lies_with_its_own_key_is_believed(feigned: list[a.Row]) -> None:
    for row in rows_of(feigned, "false data with the key", "on"):
        assert row["had_key"] and row["caught_by"] == "" and row["refused"] == 0
        assert int(str(row["changed"])) > 0 and row["false_trip"]


def test_a_second_voice_with_the_key_is_noticed_and_still_does_harm(
    feigned: list[a.Row],
) -> None:
    rows = rows_of(feigned, "stolen key", "on")
    assert all(row["caught_by"] == "chain" and int(str(row["changed"])) > 0 for row in rows)


def test_copying_leaves_no_trace(feigned: list[a.Row]) -> None:
    traffic = send(HEALTHY, SECRET)
    assert tuple(attacked(traffic, "eavesdropping", 1)[0]) == traffic.packets
    for row in rows_of(feigned, "eavesdropping", "on"):
        assert (row["caught_by"], row["refused"], row["lost"]) == ("", 0, 0)


def test_a_flood_of_the_line_itself_is_noticed_and_still_a_loss(feigned: list[a.Row]) -> None:
    for row in rows_of(feigned, "flood", "on"):
        assert int(str(row["lost"])) > 20 and row["caught_by"] == "tag"
        assert int(str(row["refused_rate"])) > 1_000
    for row in rows_of(feigned, "flood beside", "on"):
        assert row["lost"] == 0


def test_flooding_both_ports_is_no_worse_than_flooding_the_line() -> None:
    traffic = send(HEALTHY, SECRET)
    packets = attacked(traffic, "flood", 1)[0]
    noise = [p for p in packets if p.data not in traffic.sent]
    both = sorted([*packets, *(p._replace(port=OTHER) for p in noise)])
    runs = [play(some, Receiver(traffic.keys.values(), TERMS)) for some in (packets, both)]
    for run in runs:
        assert run.silences and {one.data for one in run.believed} < traffic.sent


def test_a_short_delay_is_believed_and_a_long_one_is_not() -> None:
    traffic = send(HEALTHY, SECRET)
    way = traffic.packets[0].at
    for delay, lost in ((TERMS.max_age - way, 0), (TERMS.max_age - way + 1, len(traffic.packets))):
        packets = [p._replace(at=p.at + delay) for p in traffic.packets]
        run = play(packets, Receiver(traffic.keys.values(), TERMS))
        clean = truth(traffic, play(traffic.packets, Receiver(traffic.keys.values(), TERMS)))
        row = score(run, clean, TERMS)
        assert row["undetected"] == 0 and row["lost"] == lost
        assert row["added_delay_us"] == (0 if lost else delay / 1_000)


def test_what_cannot_be_caught_is_said_of_the_attack(feigned: list[a.Row]) -> None:
    """Whatever still loses, changes or merely sees something says so in `beyond`."""
    harmful = {
        row["attack"]
        for row in feigned
        if row["defence"] == "on" and (row["lost"] or row["undetected"])
    }
    said = {name for name, attack in ATTACKS.items() if attack.beyond}
    assert harmful | {"eavesdropping", "password"} == said


# --- the order in which the relay gets samples ----------------------------------------


def test_holding_one_message_back_gives_the_relay_no_jump_back_in_time() -> None:
    traffic = send(FAULT, SECRET)
    held = traffic.packets[100]
    packets = sorted(
        (p._replace(at=p.at + 90_000) if p is held else p for p in traffic.packets),
        key=lambda p: p.at,
    )
    defended = play(packets, Receiver(traffic.keys.values(), TERMS))
    naive = play(packets, Receiver(traffic.keys.values(), TERMS, defended=False))
    assert len(defended.believed) == len(traffic.packets)
    assert sum(one.accepted.late for one in defended.believed) == 1
    times = [sample.time for sample in defended.samples]
    assert times == sorted(times) and read(held.data).time not in times
    assert [s.time for s in naive.samples] != sorted(s.time for s in naive.samples)


def test_silence_is_noticed_in_the_middle_and_at_the_end_and_late_messages_do_not_break_it() -> (
    None
):
    traffic = send(Scene.steady(samples=20), SECRET)
    terms = replace(TERMS, max_age=300_000)

    def silences(kept: dict[int, int], until: int) -> tuple[int, ...]:
        """Of end 2, if only these samples of it arrive, by sample and time [us]."""
        packets = [p for p in traffic.packets if read(p.data).source == 1]
        far = [p for p in traffic.packets if read(p.data).source == 2]
        packets += [far[i]._replace(at=at * 1_000) for i, at in kept.items()]
        packets.sort(key=lambda p: p.at)
        receiver = Receiver(traffic.keys.values(), terms)
        return play(packets, receiver, until=until * 1_000).silences

    assert silences({0: 20, 10: 220, 19: 400}, until=700) == ()
    assert silences({0: 20, 10: 220, 19: 400}, until=701) == (700_000, 700_000)
    assert silences({0: 20, 19: 400}, until=400) == (320_000,)
    assert silences({1: 40, 0: 200, 19: 400}, until=400) == (340_000,)
    assert silences({19: 400}, until=400) == (300_000,)


# --- the score ------------------------------------------------------------------------


def test_a_run_is_scored_as_counted_by_hand() -> None:
    traffic = send(Scene.steady(samples=6), SECRET, epoch=2)
    earlier = send(Scene.steady(samples=1), SECRET, epoch=1)
    p = traffic.packets
    lie = p[4]._replace(data=p[4].data[:40] + b"\x01" + p[4].data[41:])
    late = p[6]._replace(at=p[6].at + 10**6)
    mine = [p[0], p[1], p[1], lie, earlier.packets[0], late]
    receiver = Receiver(traffic.keys.values(), TERMS, defended=False)
    clean = truth(
        traffic,
        play(p, Receiver(traffic.keys.values(), TERMS, defended=False)),
        earlier=earlier.packets,
    )
    row = score(play(mine, receiver), clean, TERMS)
    assert (row["changed"], row["repeated"], row["stale"]) == (1, 1, 2)
    assert (row["undetected"], row["lost"]) == (4, len(p) - 3)
    assert row["added_delay_us"] == 1_000 and row["caught_by"] == ""


def test_a_trip_before_the_fault_is_false_and_after_it_is_not() -> None:
    traffic = send(FAULT, SECRET)
    run = play(traffic.packets, Receiver(traffic.keys.values(), TERMS))
    assert FAULT.fault_at is not None
    for trip, fate in (
        (None, (False, True)),
        (FAULT.fault_at - 1, (True, False)),
        (FAULT.fault_at, (False, False)),
    ):
        clean = truth(traffic, run, lambda _: 1_100_000)
        row = score(run, clean, TERMS, lambda _, trip=trip: trip)
        assert (row["false_trip"], row["missed_trip"]) == fate
        assert row["trip_delay_us"] == (None if trip is None else (trip - 1_100_000) / 1_000)


# --- guessing -------------------------------------------------------------------------


@pytest.mark.parametrize("rank", [1, 4, 5, 6, 7, 11, 12, 20])
def test_guessing_with_a_limit_takes_the_time_that_waiting_takes(rank: int) -> None:
    waits = [0, 0, 0, 0, 60, 120, 240, 480, 960, 1_920, *[3_600] * 20]
    guessing = guess_password(rank, limited=True)
    assert guessing.succeeded and guessing.attempts == rank
    assert guessing.locked == sum(waits[: rank - 1])
    assert guessing.seconds == guessing.locked + rank // 10


def test_guessing_ends_with_the_horizon() -> None:
    day = 86_400
    assert guess_password(10 * day, limited=False).succeeded
    unlimited = guess_password(10 * day + 1, limited=False)
    assert not unlimited.succeeded and unlimited.attempts == 10 * day
    limited = guess_password(10**6, limited=True)
    assert not limited.succeeded and limited.attempts < 40 and limited.locked <= day


def test_the_limit_locks_the_owner_out_too() -> None:
    assert guess_password(10**6, limited=True).locked > 80_000
    assert guess_password(10**6, limited=False).locked == 0


def test_ranks_follow_the_stated_law() -> None:
    """The share of passwords within the first n tries, against its closed form."""
    count, top = 4_000, 10**6
    ranks = [password_rank(Draws(seed, "ranks")) for seed in range(count)]
    assert min(ranks) >= 1 and max(ranks) <= top
    for n in (10, 35, 1_000, 100_000):
        expected = ((n + 1) ** 0.25 - 1) / (top**0.25 - 1)
        found = sum(rank <= n for rank in ranks) / count
        assert abs(found - expected) < 4 * (expected * (1 - expected) / count) ** 0.5


def test_a_limit_makes_guessing_rare_not_impossible() -> None:
    def share(limited: bool) -> Fraction:
        traffic = send(Scene.steady(samples=1), SECRET)
        found = [attacked(traffic, "password", seed, limited=limited)[1] for seed in range(400)]
        return Fraction(sum(found), len(found))

    assert share(limited=False) > Fraction(9, 10)
    assert 0 < share(limited=True) < Fraction(1, 10)


# --- the campaign ---------------------------------------------------------------------


def test_a_campaign_repeats_itself_and_every_row_has_the_same_columns() -> None:
    some = ["flood", "port stealing", "password"]
    one, two = (campaign(some, seeds=[3, 4], trips=threshold) for _ in range(2))
    assert one == two and len(one) == 3 * 2 * 2
    assert len({tuple(row) for row in one}) == 1


def test_a_seed_means_the_same_alone_and_among_others() -> None:
    assert campaign(["splice"], seeds=[5])[0] == campaign(["replay", "splice"], seeds=[4, 5])[3]


def test_a_campaign_takes_known_names_only() -> None:
    with pytest.raises(BadInput, match="there is no attack 'magic'"):
        campaign(["magic"], seeds=[1])
    with pytest.raises(BadInput, match="there is no defence 'maybe'"):
        campaign(["replay"], ["maybe"], seeds=[1])
    with pytest.raises(BadInput, match="seed"):
        campaign(["replay"], seeds=[-1])


@pytest.mark.parametrize(
    ("times", "ends"),
    [
        ((), ((), ())),
        ((0, 0), (((1, 1),) * 2, ((1, 1),) * 2)),
        ((-1, 0), (((1, 1),) * 2, ((1, 1),) * 2)),
        ((0, 1), (((1, 1),) * 2, ((1, 1),))),
    ],
)
def test_a_scene_is_complete(times: tuple[int, ...], ends: Any) -> None:
    with pytest.raises(BadInput):
        Scene("odd", times, ends)
