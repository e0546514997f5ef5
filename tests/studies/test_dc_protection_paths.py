from collections import Counter

import numpy as np
import pytest

from energychain.grid.attacks import ATTACKS
from energychain.grid.dc_line import SET_B, Fault, LoadStep, solve
from energychain.grid.relay import RELAYS, Sampling, against_noise, isolation_over_phases, watch
from energychain.primitives.refusals import BadInput
from energychain.studies.dc_fault import LEDGER_DELAY, RECORDED, protect
from energychain.studies.dc_protection_paths import (
    HIGH_RESISTANCE,
    LedgerDelay,
    as_printed,
    breaks,
    campaign_rows,
    healthy_lines_that_trip,
    regions,
    waiting,
)

WITH_THE_KEY = ("false data with the key", "stolen key", "password")


# --- all attacks ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def rows():
    return campaign_rows(SET_B, seeds=range(2))


def _of(rows, **wanted):
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def test_every_attack_on_both_paths_with_and_without_the_defence(rows):
    met = Counter((row["case"], row["defence"], row["path"]) for row in rows)
    assert len(met) == 8 and set(met.values()) == {len(ATTACKS)}
    assert {row["runs"] for row in rows} == {2}


def test_without_the_key_the_defence_lets_no_change_pass_and_no_false_trip(rows):
    for row in _of(rows, defence="on"):
        if row["attack"] not in WITH_THE_KEY:
            assert row["undetected"] == row["false_trips"] == 0
    assert sum(row["undetected"] for row in _of(rows, defence="off")) > 0
    assert {row["false_trips"] for row in _of(rows, attack="replay in place", case="no fault")} == {
        0,
        2,
    }


def test_the_ledger_mends_missed_trips_but_not_a_lying_sensor(rows):
    missed = {
        path: {row["attack"] for row in _of(rows, path=path, defence="on") if row["missed_trips"]}
        for path in ("primary", "ledger")
    }
    assert missed["ledger"] == {"false data with the key"}
    assert missed["primary"] >= {"replay in place", "stolen key", "ARP edit", "ARP delay"}


def test_the_ledger_mends_no_false_trip(rows):
    for one in _of(rows, path="primary"):
        two = _of(rows, path="ledger", **{k: one[k] for k in ("case", "attack", "defence")})[0]
        assert two["false_trips"] == one["false_trips"]
        assert two["caught_by"] == one["caught_by"] and two["missed_trips"] <= one["missed_trips"]


def test_who_only_listens_delays_nothing(rows):
    for row in _of(rows, attack="eavesdropping", case="fault"):
        assert row["added_delay_us"] == 0 and row["caught_by"] == {}


def test_the_campaign_agrees_with_single_runs():
    names, seeds = ["loss", "port stealing", "ARP drop"], range(6)
    table = campaign_rows(SET_B, cases=[RECORDED], names=names, seeds=seeds, noise_a=0.0)
    for row in table:
        single = [
            protect(
                SET_B,
                RECORDED,
                attack=row["attack"],
                defended=row["defence"] == "on",
                path=row["path"],
                seed=seed,
                heard=1.5e-3,
            )
            for seed in seeds
        ]
        assert row["missed_trips"] == sum(each.missed for each in single)
        assert row["false_trips"] == sum(each.false_trip for each in single)


def test_a_campaign_can_be_repeated():
    def once():
        return campaign_rows(SET_B, cases=[None], names=["modification", "splice"], seeds=[3, 4])

    assert once() == once()


# --- waiting --------------------------------------------------------------------------


def test_false_trips_are_as_likely_as_a_delay_beyond_the_wait():
    delay, runs = LedgerDelay(fixed=0.5e-3, batch=2e-3), 400
    holds = [0.0, 0.4e-3, 0.9e-3, 1.5e-3, 2.2e-3, 2.5e-3, 3e-3]
    for row, hold in zip(
        waiting(SET_B, holds=holds, delay=delay, runs=runs, attacks_seen=4), holds, strict=True
    ):
        # Of a uniform wait from 0.5 to 2.5 ms, so much is beyond the hold.
        share = min(max((2.5e-3 - hold) / 2e-3, 0.0), 1.0)
        assert delay.beyond(hold) == pytest.approx(share)
        # Four standard deviations of a share of so many draws.
        allowed = 4 * (share * (1 - share) / runs) ** 0.5 + 1e-12
        assert abs(row["false_trip_share"] - share) <= allowed


def test_waiting_costs_energy_until_the_ledger_confirms():
    delay = LedgerDelay(fixed=1e-3, batch=0.0)
    holds = [0.0, 0.3e-3, 0.999e-3, 1.0e-3, 5e-3]
    rows = waiting(SET_B, holds=holds, delay=delay, runs=5, attacks_seen=1)
    waves = solve(SET_B, RECORDED)
    alone = watch(waves).isolated
    for row, hold in zip(rows, holds, strict=True):
        opened = alone + min(hold, 1e-3)
        assert row["isolated_ms"] == pytest.approx(opened * 1e3)
        assert row["let_through_j"] == pytest.approx(waves.energy(opened).fault)
        assert row["false_trip_share"] == (hold < 1e-3)
        # One run, played from end to end, says the same.
        one = protect(SET_B, RECORDED, path="ledger", ledger_delay=1e-3, hold=hold)
        assert one.energy == pytest.approx(row["let_through_j"])


def test_no_curve_of_waiting_turns_back():
    rows = waiting(SET_B, attacks_seen=3)
    shares = [row["false_trip_share"] for row in rows]
    energy = [row["let_through_j"] for row in rows]
    assert shares == sorted(shares, reverse=True) and (shares[0], shares[-1]) == (1.0, 0.0)
    assert energy == sorted(energy) and energy[-1] > 2 * energy[0]
    assert rows == waiting(SET_B, attacks_seen=3)


def test_an_attack_that_fools_nobody_trips_nothing():
    rows = waiting(SET_B, attack="eavesdropping", holds=[0.0], runs=10, attacks_seen=2)
    assert rows[0]["false_trip_share"] == 0


def test_what_cannot_be_waited_for():
    with pytest.raises(BadInput, match="does not see"):
        waiting(SET_B, fault=Fault(9e3, 0.5))
    with pytest.raises(BadInput, match="at least one run"):
        waiting(SET_B, holds=[-1e-3])
    with pytest.raises(BadInput, match="batch must be"):
        LedgerDelay(batch=-1.0)


def test_the_drawn_delays_have_the_mean_that_is_used_elsewhere():
    drawn = LedgerDelay().draw(np.random.default_rng(1), 10_000)
    assert drawn.min() >= 0.95e-3 and drawn.max() <= 1.95e-3
    assert drawn.mean() == pytest.approx(LEDGER_DELAY, rel=0.01)


# --- regions --------------------------------------------------------------------------


def test_regions_agree_with_the_relays_own_curves():
    # Without noise that matters, a run is as good as many.
    table = regions(SET_B, resistances=[1.0, 30.0], noises=[1e-7], runs=2)
    for row in table:
        (judge,) = against_noise(
            SET_B, Fault(row["resistance"], 0.5), row["relay"], [1e-7], np.random.default_rng(5)
        )
        sees = judge.dependability if row["relay"] == "differential" else judge.directed / 200
        assert row["dependability"] == sees
    reached = {(row["relay"], row["resistance"]): row["dependability"] for row in table}
    assert reached["literal", 30.0] == 0 and reached["guarded", 30.0] == 1


def test_with_more_noise_a_relay_is_less_secure():
    table = regions(SET_B, resistances=[10.0], runs=50)
    for relay in RELAYS:
        secure = [row["security"] for row in table if row["relay"] == relay]
        assert len(secure) == 11 and all(0 <= share <= 1 for share in secure)
        assert secure[0] == 1
    literal = [row["security"] for row in table if row["relay"] == "literal"]
    assert literal[-1] == 0
    # The others' pickup grows with the noise: they go blind instead.
    assert min(row["security"] for row in table if row["relay"] != "literal") > 0.9
    blind = [row for row in table if row["relay"] == "differential" and row["noise_a"] == 1.0]
    assert blind[0]["dependability"] < 0.1
    assert table == regions(SET_B, resistances=[10.0], runs=50)


# --- break the relay ------------------------------------------------------------------


def test_the_printed_rule_trips_what_is_no_fault():
    broken = {each.title for each in healthy_lines_that_trip(SET_B) if each.false_trip}
    assert "at rest" not in broken and len(broken) == 6
    for each in healthy_lines_that_trip(SET_B):
        if each.false_trip and each.s_t == 0:
            assert each.alpha_min <= 0 and "S_T = 0" in each.why
    for relay in ("guarded", "differential"):
        for each in healthy_lines_that_trip(SET_B, relay):
            assert not each.tripped and RELAYS[relay].condition in each.why


def test_to_trip_for_a_fault_is_not_to_break():
    for relay in RELAYS:
        right = breaks(SET_B, RECORDED, relay)
        assert right.tripped and not right.false_trip and right.ms > 0
    assert "is above 0.425 A" in breaks(SET_B, RECORDED, "differential").why
    assert breaks(SET_B, RECORDED).s_t == 1
    early = breaks(SET_B, RECORDED, "literal", Sampling(noise_a=0.1))
    assert early.false_trip and early.ms < 0


def test_noise_is_drawn_from_the_seed():
    noisy = Sampling(noise_a=1e-3)
    assert breaks(SET_B, None, sampling=noisy, seed=4) == breaks(
        SET_B, None, sampling=noisy, seed=4
    )
    assert breaks(SET_B, LoadStep(1.0), title="a kettle").title == "a kettle"


# --- as printed -----------------------------------------------------------------------


def test_one_delay_cannot_give_both_printed_times():
    found = {(row["resistance"], row["delay_ms"]): row["isolated_ms"] for row in as_printed(SET_B)}
    for fault in (RECORDED, HIGH_RESISTANCE):
        alone = float(np.mean(isolation_over_phases(solve(SET_B, fault)))) * 1e3
        for delay in (0.0, 1.45, 27.0):
            assert found[fault.resistance, delay] == pytest.approx(alone + delay, abs=1e-6)
    assert 28 < found[1.0, 27.0] < 29 and found[10.0, 27.0] > 2.5
    assert 1.9 < found[10.0, 1.45] < 2.5 and found[1.0, 1.45] < 2.9
