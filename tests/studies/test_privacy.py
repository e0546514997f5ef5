"""Pseudonyms, encrypted readings on a chain, and the attacker who knows some days of each home:
held against a plain loop, and against chance where nothing should be left to see.
"""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.primitives.encoding import decode, encode
from energychain.primitives.encryption import (
    TAG_BYTES,
    CannotOpen,
    NotForYou,
    enclose,
    read_envelope,
)
from energychain.primitives.keys import derive
from energychain.primitives.refusals import BadInput
from energychain.studies import privacy
from energychain.studies.privacy import (
    Days,
    LinkRow,
    lengths,
    message_seed,
    new_board,
    noisy,
    opened,
    padded_lengths,
    pseudonym,
    publication,
    rows,
    sending_times,
    simbench_homes,
    success,
    summed,
    synthetic_homes,
    week_homes,
)
from energychain.studies.private_chain import PrivateChain

DATES = ("2016-03-01", "2016-03-02", "2016-03-03")
SUPPLIER, GRID, NEIGHBOUR = (derive("a test", name) for name in ("supplier", "grid", "neighbour"))
SIZE = 400


def readings(home: int, date: str) -> tuple[int, ...]:
    """A day of SimBench [mWh]."""
    days = simbench_homes(60).seen[home, DATES.index(date)]
    return tuple(round(energy * 1e6) for energy in days)


@cache
def boards() -> dict[int, PrivateChain]:
    """Two homes publish three days under pseudonyms: unpadded, and padded."""
    found = {}
    for size in (0, SIZE):
        network = new_board()
        for date in DATES:
            network.open_block()
            for home, secret in enumerate(("ann's secret", "ben's secret")):
                signed = publication(
                    network,
                    pseudonym(secret, date),
                    date,
                    readings(home, date),
                    [SUPPLIER.public, GRID.public],
                    message_seed(secret, date),
                    size,
                )
                assert network.include(signed).done
            network.close_block()
        found[size] = network
    return found


# --- on a ledger ----------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, SIZE])
def test_recipients_read_every_day_and_nobody_else_does(size: int) -> None:
    chain = boards()[size].chain.validate()
    for date, block in zip(DATES, chain.blocks[1:], strict=True):
        for home, signed in enumerate(block.transactions):
            for reader in (SUPPLIER, GRID):
                text = opened(signed, reader, date, size)
                assert decode(text) == (date, readings(home, date))
            with pytest.raises(NotForYou):
                opened(signed, NEIGHBOUR, date, size)


def test_a_publication_is_of_its_day() -> None:
    signed = boards()[0].chain.blocks[1].transactions[0]
    with pytest.raises(CannotOpen):
        opened(signed, SUPPLIER, DATES[1])


def test_no_two_days_share_an_address_and_none_owns_anything() -> None:
    network = boards()[SIZE]
    senders = [signed.sender for signed in network.chain.transactions()]
    assert len(set(senders)) == len(senders) == 6
    assert {network.chain.state.balance("ether", sender) for sender in senders} == {0}


def test_lengths_differ_unless_they_are_padded() -> None:
    shown = {
        size: {
            len(read_envelope(signed.transaction.arguments[0]).data)  # type: ignore[arg-type]
            for signed in network.chain.transactions()
        }
        for size, network in boards().items()
    }
    assert len(shown[0]) > 1
    assert shown[SIZE] == {SIZE + TAG_BYTES}


def test_no_reading_stands_in_clear_on_the_chain() -> None:
    stored = encode(tuple(signed.encoded for signed in boards()[0].chain.transactions()))
    for home in range(2):
        for reading in set(readings(home, DATES[0])):
            assert encode(reading) not in stored


def test_the_board_takes_bytes_only() -> None:
    network = PrivateChain(["ann"], difficulty_bits=0, contracts={"board": privacy.board})
    network.open_block()
    for function, argument in (("write", 7), ("read", b"")):
        assert not network.send("ann", "board", function, argument).done
    assert network.send("ann", "board", "write", b"!").events[0]["bytes"] == 1


# --- the attacker ---------------------------------------------------------------------


def by_hand(days: Days, kept: int) -> float:
    """The same attacker as a plain loop."""
    hits = []
    for home in range(days.homes):
        for first in range(0, days.seen.shape[1], kept):
            far = []
            for suspect in range(days.homes):
                total = 0.0
                for day in range(first, first + kept):
                    total += min(
                        sum(abs(a - b) for a, b in zip(days.seen[home, day], known, strict=True))
                        for known in days.known[suspect]
                    )
                far.append(total)
            ties = [suspect for suspect in range(days.homes) if far[suspect] <= min(far) + 1e-9]
            hits.append((home in ties) / len(ties))
    return sum(hits) / len(hits)


@given(st.integers(1, 5), st.sampled_from([1, 2]), st.integers(0, 2**20))
@settings(max_examples=20)
def test_the_attacker_is_the_plain_loop(homes: int, kept: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    known, seen = (rng.integers(0, 4, (homes, days, 3)).astype(float) for days in (3, 4))
    days = Days(known, seen, "made up")
    assert success(days, kept) == pytest.approx(by_hand(days, kept))


def test_homes_that_differ_are_told_apart_and_equal_ones_are_guessed() -> None:
    level = np.arange(5.0)[:, None, None]
    assert success(Days(level + np.zeros((5, 2, 3)), level + np.full((5, 4, 3), 0.1), "")) == 1
    assert success(Days(np.ones((5, 2, 3)), np.ones((5, 4, 3)), "")) == pytest.approx(1 / 5)


def test_the_names_of_homes_do_not_matter() -> None:
    days, order = synthetic_homes(8, np.random.default_rng(1)), [3, 1, 7, 0, 2, 6, 5, 4]
    assert success(days.each(lambda d: d[order])) == pytest.approx(success(days))


@pytest.mark.parametrize("kept", [0, 3])
def test_a_pseudonym_is_kept_for_whole_runs_of_days(kept: int) -> None:
    with pytest.raises(BadInput, match="no multiple"):
        success(simbench_homes(), kept)


# --- the homes ------------------------------------------------------------------------


def test_the_year_is_simbenchs_in_whole_days() -> None:
    days = simbench_homes(0, known=300, seen=56)
    assert days.known.shape == (5, 300, 24)
    total = (days.known.sum() + days.seen.sum()) / 5
    assert 1_488 < total < 3_666  # kWh a year, between the least and the most of about.toml
    with pytest.raises(BadInput, match="expected days from 0 to 355"):
        simbench_homes(0, known=300, seen=57)


def test_no_day_is_a_copy_of_another() -> None:
    days = simbench_homes(0, known=300, seen=56)
    for home in np.concatenate([days.known, days.seen], axis=1):
        assert len({day.tobytes() for day in home}) == 356


def test_a_week_has_each_day_once() -> None:
    for day in range(7):
        days = week_homes(day)
        assert (days.known.shape, days.seen.shape) == ((5, 6, 96), (5, 1, 96))
        together = days.known.sum() + days.seen.sum()
        assert together == pytest.approx(week_homes(0).known.sum() + week_homes(0).seen.sum())


def test_no_day_that_is_seen_of_one_synthetic_home_is_known_of_another() -> None:
    days = synthetic_homes(30, np.random.default_rng(3))
    assert days.origin == "synthetic"
    # Shifted and scaled: the shape of a whole day, turned until it begins at its maximum.
    shapes = [
        {tuple(np.round(np.roll(day, -int(day.argmax())) / day.sum(), 9)) for day in part}
        for part in (days.known.reshape(-1, 24), days.seen.reshape(-1, 24))
    ]
    assert not shapes[0] & shapes[1]


def test_no_two_synthetic_homes_are_clones_and_a_seed_repeats_them() -> None:
    days = synthetic_homes(30, np.random.default_rng(3))
    assert len({home.tobytes() for home in days.known}) == 30
    again = synthetic_homes(30, np.random.default_rng(3))
    assert (days.seen == again.seen).all()
    with pytest.raises(BadInput, match="at least 1"):
        synthetic_homes(0, np.random.default_rng(3))


@pytest.mark.parametrize("intervals", [1, 4, 24])
def test_longer_intervals_keep_the_energy(intervals: int) -> None:
    days = simbench_homes()
    wide = summed(days, intervals)
    assert wide.seen.shape[2] == 24 // intervals
    assert wide.seen.sum(axis=2) == pytest.approx(days.seen.sum(axis=2))
    with pytest.raises(BadInput):
        summed(days, 5)


def test_noise_is_as_large_as_it_says_and_only_on_what_is_published() -> None:
    days = simbench_homes(0, known=1, seen=300)
    noise = noisy(days, 0.2, np.random.default_rng(5)).seen - days.seen
    assert noise.sum(axis=2).std() == pytest.approx(0.2 * np.sqrt(2 * 24), rel=0.05)
    assert (noisy(days, 0.2, np.random.default_rng(5)).known == days.known).all()


def test_lengths_are_those_of_real_envelopes() -> None:
    days = simbench_homes(60, known=1, seen=1)
    for home in range(5):
        for hour in range(0, 24, 6):
            text = encode(round(days.seen[home, 0, hour] * 1e6))
            envelope = enclose(text, [SUPPLIER.public], seed=bytes(32))
            assert len(envelope.data) - TAG_BYTES == lengths(days).seen[home, 0, hour]


# --- the findings ---------------------------------------------------------------------


def named(rows: list[LinkRow]) -> dict[tuple[str, str], LinkRow]:
    return {(row.experiment, row.setting): row for row in rows}


@cache
def found() -> dict[tuple[str, str], LinkRow]:
    return named(rows())


def test_real_homes_are_recognised_far_beyond_chance() -> None:
    results = found()
    real = [row for row in results.values() if row.origin == "SimBench"]
    assert {row.experiment for row in real} == {"a week in July", "through the year"}
    assert {row.chance for row in real} == {1 / 5}
    assert results["through the year", "1 h"].success > 3 * 0.2
    assert results["a week in July", "15 min"].success > 3 * 0.2
    for name in ("a week in July", "through the year"):
        falls = [results[name, wide].success for wide in ("1 h", "4 h", "1 day")]
        assert falls == sorted(falls, reverse=True)


def test_among_more_homes_it_is_harder_but_the_lead_over_chance_grows() -> None:
    among = [found()["homes", str(count)] for count in privacy.COUNTS]
    assert {row.origin for row in among} == {"synthetic"}
    rates = [row.success for row in among]
    leads = [row.success / row.chance for row in among]
    assert rates == sorted(rates, reverse=True)
    assert leads == sorted(leads)
    assert [row.pseudonyms for row in among] == [privacy.DRAWS * 7 * n for n in privacy.COUNTS]


def test_longer_intervals_and_noise_help_and_keeping_a_pseudonym_hurts() -> None:
    results = found()
    wide = [results["interval", name].success for name in ("1 h", "4 h", "1 day")]
    assert wide == sorted(wide, reverse=True)
    noise = [results["noise", f"{scale:g} kWh"].success for scale in privacy.NOISE]
    assert noise[0] == wide[0]
    assert noise[:6] == sorted(noise[:6], reverse=True)
    assert noise[-1] < 2 * results["noise", "0 kWh"].chance
    kept = results["pseudonym kept", "7 days"]
    assert kept.success > results["pseudonym kept", "1 day"].success + 0.2


def test_encryption_leaves_lengths_and_times() -> None:
    results = found()
    assert results["encrypted", "lengths show"].success > 4 * 0.05
    assert results["encrypted", "padded"].success == pytest.approx(0.05)
    assert results["encrypted", "padded, own second"].success > 0.95
    # 840 pseudonyms: chance, give or take three standard deviations.
    spread = 3 * (0.05 * 0.95 / 840) ** 0.5
    together = results["encrypted", "padded, one second for all"].success
    assert together == pytest.approx(0.05, abs=spread)


def test_padding_leaves_no_difference_at_all() -> None:
    days = padded_lengths(simbench_homes())
    assert len({*np.unique(days.known), *np.unique(days.seen)}) == 1
    assert (days.seen > lengths(simbench_homes()).seen.max()).all()


def test_times_are_after_the_hour_and_of_one_home() -> None:
    days = simbench_homes()
    own = sending_times(days, np.random.default_rng(1))
    together = sending_times(days, np.random.default_rng(1), own_second=False)
    assert own.seen.min() >= 0
    assert (own.seen - together.seen).std(axis=(1, 2)).max() < 60
    assert together.seen.mean() == pytest.approx(5, rel=0.1)
