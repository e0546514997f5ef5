"""A fault that somebody believes who was not there, and what that costs."""

from dataclasses import replace

import pytest

from energychain.contracts.measurement_log import anchored
from energychain.grid.attacks import SOURCES, Scene
from energychain.grid.dc_line import SET_B, Fault, solve
from energychain.grid.messages import SIZE, read, verify_batch
from energychain.primitives.keys import BadSignature, derive
from energychain.primitives.merkle import leaf_hash
from energychain.primitives.refusals import BadInput, Refusal
from energychain.studies.measurement_log import (
    BATCHES,
    Evidence,
    MeasurementLog,
    anchor_bytes,
    cost_rows,
    delay_rows,
    needed_rows,
    play_log,
    sensor_key,
)


@pytest.fixture(scope="module")
def log() -> MeasurementLog:
    return play_log()


@pytest.fixture(scope="module")
def evidence(log: MeasurementLog) -> Evidence:
    return log.evidence(source=1, ms=1.24)


def found(log: MeasurementLog) -> dict[tuple[int, int], str]:
    rows = log.rows()
    assert {row["anchored"] for row in rows} == {"yes"}
    return {(int(r["source"]), int(r["first count"])): str(r["the relay finds"]) for r in rows}


# --- what is measured -----------------------------------------------------------------


def test_the_scene_is_the_line_at_rest_and_then_the_fault(log: MeasurementLog) -> None:
    scene = log.traffic.scene
    assert scene.times == tuple(range(0, 11_000_000, 20_000))
    assert scene.fault_at == 1_000_000
    exact = solve(SET_B, Fault(1.0, 0.33)).at(
        [(time - 1_000_000) / 1e9 for time in scene.times[50:]]
    )
    for end, sign, current, voltage in ((0, 1, "i1", "v1"), (1, -1, "i2", "v2")):
        samples = scene.ends[end]
        assert set(samples[:50]) == {(sign * 1_700_000, round(SET_B.before[1 + end] * 1e6))}
        for i, (amps, volts) in enumerate(samples[50:]):
            assert abs(amps - exact[current][i] * 1e6) <= 0.5 + 1e-3
            assert abs(volts - exact[voltage][i] * 1e6) <= 0.5 + 1e-3


# --- the proof ------------------------------------------------------------------------


def test_a_light_client_believes_the_peak(log: MeasurementLog, evidence: Evidence) -> None:
    message = evidence.check(log.headers, log.owner(1))
    wave = solve(SET_B, Fault(1.0, 0.33))
    assert message.time == 1_000_000 + 1_240_000
    assert log.ms(message) == 1.24
    assert abs(message.current / 1e6 - wave.at([0.00124])["i1"][0]) < 1e-6
    # The text's "almost 25 A", REFERENCE case of set B.
    assert f"{message.current / 1e6:.1f}" == "24.7"
    highest = max(read(data).current for each in log.signed[:11] for data in each.messages)
    assert message.current == highest


def test_every_sample_of_both_sensors_can_be_proved() -> None:
    log = play_log(batch=7, scene=Scene.steady(samples=16))
    for source in SOURCES:
        for count in range(16):
            proof = log.evidence(source, count * 0.02)
            message = proof.check(log.headers, log.owner(source))
            assert (message.source, message.count) == (source, count)


def test_every_changed_byte_of_a_message_is_found(log: MeasurementLog, evidence: Evidence) -> None:
    for place in range(SIZE):
        data = bytearray(evidence.data)
        data[place] ^= 1 << place % 8
        with pytest.raises(Refusal):
            replace(evidence, data=bytes(data)).check(log.headers, log.owner(1))


def test_the_wrong_header_key_place_or_chain_convinces_nobody(
    log: MeasurementLog, evidence: Evidence
) -> None:
    owner, headers = log.owner(1), log.headers
    for height in (-1, 0, 1, len(headers)):
        with pytest.raises(Refusal):
            replace(evidence, height=height).check(headers, owner)
    other = play_log("loss", batch=60)
    with pytest.raises(Refusal):
        evidence.check(other.headers, owner)
    with pytest.raises(BadSignature):
        evidence.check(headers, log.owner(2))
    with pytest.raises(BadSignature):
        evidence.check(headers, derive("somebody", "else").public)
    neighbour = log.evidence(1, 1.26)
    for changed in (
        {"data": neighbour.data},
        {"in_batch": neighbour.in_batch},
        {"in_batch": replace(evidence.in_batch, size=evidence.in_batch.size + 1)},
        {"in_block": replace(evidence.in_block, index=evidence.in_block.index ^ 1)},
        {"anchor": log.evidence(1, 5.0).anchor},
        {"anchor": replace(evidence.anchor, signature=bytes(64))},
    ):
        with pytest.raises(Refusal):
            replace(evidence, **changed).check(headers, owner)


def test_the_proof_is_shorter_than_the_batch(log: MeasurementLog, evidence: Evidence) -> None:
    sizes = {row["part"]: int(row["size [byte]"]) for row in evidence.rows(log.headers[-1])}
    assert sizes["message"] == SIZE
    assert sizes["its path in the batch"] == 32 * 6 + 8  # 50 messages: 6 levels
    assert sum(sizes.values()) < 50 * SIZE


def test_what_was_not_measured_cannot_be_proved(log: MeasurementLog) -> None:
    for source, ms in ((3, 1.0), (1, 10.0), (1, -1.02)):
        with pytest.raises(BadInput, match="measured nothing"):
            log.evidence(source, ms)
    with pytest.raises(BadInput, match="no source 3"):
        log.owner(3)


# --- the chain and the relay ----------------------------------------------------------


def test_all_that_was_sent_is_anchored_once(log: MeasurementLog) -> None:
    storage = log.network.chain.state.storage["measurement_log"]
    for source in SOURCES:
        mine = [each for each in log.signed if each.batch.source == source]
        for each in mine:
            verify_batch(each.batch, sensor_key(source).public, each.messages)
            assert anchored(storage, each.batch)
        counts = [read(data).count for each in mine for data in each.messages]
        assert counts == list(range(550))
    sent = {data for each in log.signed for data in each.messages}
    assert sent == log.traffic.sent


def test_if_nobody_interferes_all_arrived(log: MeasurementLog) -> None:
    assert set(found(log).values()) == {"all arrived"}
    assert len(log.accepted) == 1_100


def test_lost_messages_are_named(log: MeasurementLog) -> None:
    cut = play_log("loss")
    arrived = {(one.message.source, one.message.count) for one in cut.accepted}
    named = set()
    for (source, _), text in found(cut).items():
        if text == "all arrived":
            continue
        for run in text.removeprefix("lost: ").split(", "):
            first, _, last = run.partition(" to ")
            named |= {(source, count) for count in range(int(first), int(last or first) + 1)}
    everything = {(source, count) for source in SOURCES for count in range(550)}
    assert named == everything - arrived
    assert len(named) == 50  # half a millisecond of both ends
    assert cut.network.chain.head.header.merkle_root == log.network.chain.head.header.merkle_root


@pytest.mark.parametrize("attack", ["stolen key", "false data with the key"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_second_voice_under_a_stolen_key_is_found(attack: str, seed: int) -> None:
    heard = play_log(attack, seed=seed)
    leaves = {leaf_hash(data) for data in heard.traffic.sent}
    lies = {
        (one.message.source, one.message.count // 50 * 50)
        for one in heard.accepted
        if one.leaf not in leaves
    }
    assert lies
    caught = {place for place, text in found(heard).items() if "its source signed another" in text}
    assert caught == lies


def test_without_a_key_nothing_false_is_believed() -> None:
    for attack in ("modification", "false data", "replay", "splice"):
        for text in found(play_log(attack)).values():
            assert text == "all arrived" or text.startswith("lost: ")


def test_the_same_run_gives_the_same_chain(log: MeasurementLog) -> None:
    again = play_log()
    assert again.network.chain.head.hash == log.network.chain.head.hash
    assert again.rows() == log.rows()
    assert log.network.chain.validate().head.hash == log.network.chain.head.hash


def test_what_cannot_be_played_is_refused() -> None:
    with pytest.raises(BadInput, match="at least one message"):
        play_log(batch=0)
    with pytest.raises(BadInput, match="no attack"):
        play_log("sorcery")


# --- the cost -------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [1, 50, 1_000])
def test_no_batch_takes_more_than_is_said(batch: int) -> None:
    in_block, stored = anchor_bytes(batch)
    log = play_log(batch=batch, scene=Scene.steady(samples=100))
    sizes = [len(signed.encoded) for signed in log.network.chain.head.transactions]
    assert in_block - 60 < max(sizes) <= in_block
    assert 32 < stored < 120


def test_one_signature_for_each_sample_does_not_fit_one_core() -> None:
    rows = {row["batch"]: row for row in cost_rows(2_500)}
    assert list(rows) == list(BATCHES)
    assert rows[1]["signatures/s"] == 2 * 50_000
    assert rows[1]["cores that sign"] == 40
    assert rows[1]["fill [ms]"] == 0
    assert rows[100]["cores that sign"] == 0.4
    assert rows[5_000]["fill [ms]"] == 4_999 * 0.02
    per_message = [float(row["on the chain [byte/message]"]) for row in cost_rows(2_500)]
    assert per_message == sorted(per_message, reverse=True)
    assert per_message[0] > 4 * SIZE
    for row in cost_rows(2_500):
        by_message = float(row["on the chain [byte/message]"]) * 100_000 / 1e6
        assert float(row["on the chain [MB/s]"]) == pytest.approx(by_message, rel=1e-12)


def test_the_delay_is_the_sum_of_its_parts() -> None:
    rows = delay_rows(51, 1_000, block=2_000_000)
    waits = {row["part"]: row["wait [ms]"] for row in rows}
    assert waits == {
        "fill the batch": 1.0,
        "sign it": 1.0,
        "send it": 0.02,
        "sign the transaction around it": 1.0,
        "check both": 2.0,
        "wait for a block": 2.0,
    }


def test_no_chain_is_a_witness_in_time_and_a_second_path_is() -> None:
    rows = needed_rows(20_000)
    in_time = {str(row["path"]): row["in time"] for row in rows}
    assert list(in_time.values()) == ["yes", "yes", "yes", "no", "no", "no"]
    # 0.18 to fill, 0.02 on the link, four signatures of 0.05 each: 1.05 of 1.45 ms are left.
    assert float(rows[0]["for blocks [ms]"]) == pytest.approx(1.05, abs=1e-9)
    assert float(rows[2]["wait [ms]"]) == pytest.approx(0.18 + 0.02 + 2 * 0.05, abs=1e-9)
    assert float(rows[3]["wait [ms]"]) > 600 * 1.45
    assert float(rows[5]["for blocks [ms]"]) == 12 * 15_000


def test_where_signing_alone_takes_too_long_no_block_is_fast_enough() -> None:
    first = needed_rows(2_000)[0]
    assert float(first["for blocks [ms]"]) < 0
    assert first["in time"] == "no"


@pytest.mark.parametrize("wrong", [0, -1])
def test_what_is_counted_is_positive(wrong: int) -> None:
    for attempt in (
        lambda: cost_rows(wrong),
        lambda: cost_rows(1, (wrong,)),
        lambda: delay_rows(wrong, 1, 1),
        lambda: delay_rows(1, 1, wrong),
        lambda: needed_rows(1, delay=wrong),
    ):
        with pytest.raises(BadInput, match="expected at least 1"):
            attempt()
