"""The attack bench: every attack succeeds without its rule and fails with it."""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.consensus.difficulty import Retarget
from energychain.ledger.state import Worksheet
from energychain.primitives.keys import BadSignature, derive
from energychain.primitives.merkle import MerkleTree
from energychain.studies import attack_bench_consensus as consensus
from energychain.studies import attack_bench_ledger as ledger
from energychain.studies import attack_bench_market as market
from energychain.studies.attack_bench import BENCH, EXHIBITS, Exhibit, rows
from energychain.studies.attack_bench_exhibit import refusal_of
from energychain.studies.private_chain import PrivateChain

REFUSED_BY = {
    "replayed_reading": "nonce",
    "reading_from_elsewhere": "chain id",
    "malleated_signature": "signature",
    "duplicated_leaf": "merkle root",
    "inner_node_as_leaf": "proof",
    "equivocation": "equivocation",
    "time_warp": "time",
    "selfish_mining": "random tie",
    "lying_meter": "conservation",
    "front_running": "phase",
}

each_exhibit = pytest.mark.parametrize("exhibit", EXHIBITS, ids=lambda exhibit: exhibit.name)


@each_exhibit
def test_an_attack_succeeds_without_the_rule_and_nothing_refuses_it(exhibit: Exhibit) -> None:
    outcome = exhibit.attack(False)
    assert outcome.succeeded
    assert outcome.refused_by == ""


@each_exhibit
def test_an_attack_fails_with_the_rule_and_the_rule_is_named(exhibit: Exhibit) -> None:
    outcome = exhibit.attack(True)
    assert not outcome.succeeded
    assert outcome.refused_by == REFUSED_BY[exhibit.name]


@each_exhibit
def test_an_exhibit_says_who_described_it_what_stops_it_and_what_nothing_stops(
    exhibit: Exhibit,
) -> None:
    assert BENCH[exhibit.name] is exhibit
    assert exhibit.source
    for sentence in (exhibit.rule, exhibit.beyond):
        assert sentence[0].isupper() and sentence.endswith(".")


def test_the_table_has_a_row_for_each_attack() -> None:
    table = rows()
    assert [row["attack"] for row in table] == [exhibit.title for exhibit in EXHIBITS]
    assert set(BENCH) == set(REFUSED_BY)
    assert all(row["without the rule"] != row["with the rule"] for row in table)
    assert [row["refused by"] for row in table] == list(REFUSED_BY.values())


def test_the_table_does_not_depend_on_the_seed_of_hashes() -> None:
    script = "from energychain.studies.attack_bench import rows; print(rows())"
    printed = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert printed == {f"{rows()}\n"}


# --- one rule left out, and only that -------------------------------------------------


def admitted(kind: type[Worksheet], network: PrivateChain, **changes: Any) -> str:
    """What a kind of ledger says of the home's next reading with these changes."""
    reading = network.signed("home", "tally", "report", 1).transaction
    wish = replace(reading, **changes).sign(network.accounts["home"].key)
    setting = network.chain.setting(15, network.address("miner 1"))
    refusal = refusal_of(lambda: kind(network.chain.state).execute(wish, setting))
    return refusal.rule if refusal else ""


CHANGES: dict[str, dict[str, Any]] = {
    "chain id": {"chain": "another"},
    "nonce": {"nonce": 7},
    "contract": {"contract": "none"},
    "gas limit": {"gas_limit": 1},
    "gas funds": {"gas_limit": 10**30},
}


@pytest.mark.parametrize(
    ("kind", "left_out"),
    [
        (Worksheet, set()),
        (ledger.AnyNonce, {"nonce"}),
        (ledger.AnyChain, {"chain id"}),
        (ledger.NamedWithSignature, {"nonce"}),
        (ledger.EitherS, {"nonce"}),
    ],
)
def test_a_ledger_without_a_rule_has_all_the_others(
    kind: type[Worksheet], left_out: set[str]
) -> None:
    for rule, change in CHANGES.items():
        said = admitted(kind, ledger._street(), **change)
        assert said == ("" if rule in left_out else rule)


@pytest.mark.parametrize("kind", [ledger.AnyNonce, ledger.AnyChain, ledger.EitherS])
def test_no_ledger_of_the_bench_takes_a_forged_signature(kind: type[Worksheet]) -> None:
    network = ledger._street()
    reading = network.signed("home", "tally", "report", 1)
    forged = type(reading)(reading.transaction, derive("tests", "mallory").sign(b"something"))
    setting = network.chain.setting(15, network.address("miner 1"))
    with pytest.raises(BadSignature):
        kind(network.chain.state).execute(forged, setting)


def test_a_name_that_covers_the_signature_still_knows_a_plain_copy_again() -> None:
    network = ledger._street()
    reading = network.signed("home", "tally", "report", 1)
    sheet = ledger.EitherS(network.chain.state)
    setting = network.chain.setting(15, network.address("miner 1"))
    sheet.execute(reading, setting)
    with pytest.raises(ledger.SeenBefore):
        sheet.execute(reading, setting)


def test_the_mirror_image_has_the_same_id_on_our_ledger() -> None:
    reading = ledger._street().signed("home", "tally", "report", 1)
    image = ledger.mirrored(reading)
    assert image.id == reading.id
    assert image.encoded != reading.encoded
    assert ledger.mirrored(image) == reading


@pytest.mark.parametrize("count", [2, 4])
def test_a_doubled_leaf_changes_bitcoins_root_if_no_level_is_odd(count: int) -> None:
    network = ledger._street()
    block = [network.signed("home", "tally", "report", i, nonce=i) for i in range(count)]
    assert ledger.doubling_root(block) != ledger.doubling_root([*block, block[-1]])


@given(st.lists(st.binary(max_size=4), min_size=2, max_size=20))
def test_no_inner_node_of_our_tree_is_a_leaf_of_it(leaves: list[bytes]) -> None:
    tree = MerkleTree.over(leaves)
    for below in tree.levels[:-1]:
        pairs = [a + b for a, b in zip(below[::2], below[1::2], strict=False)]
        assert MerkleTree.over(pairs).root != tree.root


# --- equivocation ---------------------------------------------------------------------


def accused(*votes: object) -> str:
    """What the contract says of an accusation of the validator."""
    network = PrivateChain(
        ["validator", "seller"],
        contracts={"stakes": consensus.stakes(slashing=True)},
        balances=[("usd", "validator", consensus.STAKE)],
    )
    key = network.accounts["validator"].key
    network.open_block()
    network.send("validator", "stakes", "deposit")
    receipt = network.send("seller", "stakes", "accuse", key.public.data, *votes)  # type: ignore[arg-type]
    took = network.send("validator", "stakes", "withdraw")
    network.close_block()
    total = network.chain.state.total("usd")
    assert total == consensus.STAKE  # a stake goes to somebody: none is lost, none is made
    assert took.done is (not receipt.done)
    return receipt.refusal


VALIDATOR = derive("energychain", "validator")
STRANGER = derive("energychain", "mallory")


def test_two_blocks_of_one_height_convict() -> None:
    votes = [consensus.signed_vote(VALIDATOR, 3, block) for block in (b"one", b"two")]
    assert accused(*votes) == ""


def test_an_honest_validator_cannot_be_convicted() -> None:
    vote = consensus.signed_vote
    one = vote(VALIDATOR, 3, b"one")
    assert accused(one, one) == "evidence"
    assert accused(one, vote(VALIDATOR, 4, b"two")) == "evidence"
    assert accused(one, vote(STRANGER, 3, b"two")) == "signature"
    assert accused(one, (3, b"two", one[2])) == "signature"  # type: ignore[index]
    assert accused(one, 7) == accused(one, (3, 4, 5)) == "arguments"


# --- time -----------------------------------------------------------------------------


def test_the_warp_breaks_no_rule_of_bitcoins_but_the_one_that_it_lacks() -> None:
    times = [600 * number for number in range(40)]
    early, none = consensus._stamp(times, 0, defended=False)
    assert none is None
    assert sorted(times)[-6] < early < times[-1]
    later, refusal = consensus._stamp(times, 0, defended=True)
    assert refusal is not None and refusal.rule == "time"
    assert later == times[-1] + 1


def test_no_change_of_difficulty_in_the_warp_is_larger_than_the_clamp() -> None:
    rule = consensus.WARPED
    assert rule.clamp == Retarget().clamp
    found = consensus.time_warp(False).evidence
    easier = float(found.split("target is ")[1].split()[0].replace(",", ""))
    assert rule.clamp < easier <= rule.clamp**consensus.INTERVALS


# --- selfish mining -------------------------------------------------------------------


def stationary(share: float, gamma: float, states: int = 200) -> float:
    """The pool's revenue from the paper's Markov chain, by turning it until it rests.

    States: no lead, a race, a lead of 1, 2, ... The revenue of each step is figure 1's.
    """
    at = [1.0, 0.0] + [0.0] * states  # at[0]: no lead; at[1]: race; at[k + 1]: lead of k
    pool = others = 0.0
    for _ in range(4_000):
        after = [0.0] * len(at)
        pool = others = 0.0
        honest = 1 - share
        after[2] += share * at[0]
        after[0] += honest * at[0]
        others += honest * at[0]
        after[0] += at[1]
        pool += at[1] * (2 * share + honest * gamma)
        others += at[1] * (honest * gamma + 2 * honest * (1 - gamma))
        after[3] += share * at[2]
        after[1] += honest * at[2]
        for lead in range(2, states):
            after[lead + 2] += share * at[lead + 1]
            after[0 if lead == 2 else lead] += honest * at[lead + 1]
            pool += honest * at[lead + 1] * (2 if lead == 2 else 1)
        at = after
    return pool / (pool + others)


@pytest.mark.parametrize(("share", "gamma"), [(0.1, 0), (0.25, 0.5), (0.33, 0), (0.4, 1)])
def test_the_formula_is_the_rest_of_the_papers_markov_chain(share: float, gamma: float) -> None:
    assert consensus.selfish_revenue(share, gamma) == pytest.approx(stationary(share, gamma))


@pytest.mark.parametrize("share", [0.1, 0.25, 0.35, 0.45])
@pytest.mark.parametrize("gamma", [0, 0.5, 1])
def test_the_formula_lies_in_the_simulations_interval(share: float, gamma: float) -> None:
    run = consensus.simulate_selfish(share, gamma, rounds=60_000, seed=1)
    low, high = run.interval()
    assert low <= consensus.selfish_revenue(share, gamma) <= high
    assert high - low < 0.05


def test_the_interval_holds_as_often_as_it_says() -> None:
    truth = consensus.selfish_revenue(0.35, 0.5)
    runs = [consensus.simulate_selfish(0.35, 0.5, 1_000, seed).interval(0.9) for seed in range(200)]
    held = sum(low <= truth <= high for low, high in runs)
    assert 165 <= held <= 195  # 180 expected; 3.5 standard deviations of a binomial


@pytest.mark.parametrize("gamma", [0, 0.25, 0.5, 0.75, 1])
def test_at_the_threshold_holding_back_pays_as_much_as_honesty(gamma: float) -> None:
    threshold = consensus.selfish_threshold(gamma)
    assert consensus.selfish_revenue(threshold, gamma) == pytest.approx(threshold, abs=1e-12)
    assert consensus.selfish_revenue(threshold + 0.01, gamma) > threshold + 0.01
    if threshold:
        assert consensus.selfish_revenue(threshold - 0.01, gamma) < threshold - 0.01


def test_the_printed_thresholds() -> None:
    assert consensus.selfish_threshold(0) == pytest.approx(1 / 3)
    assert consensus.selfish_threshold(0.5) == 0.25
    assert consensus.selfish_threshold(1) == 0


@settings(max_examples=30)
@given(st.integers(0, 2**32))
def test_a_pool_without_power_gets_nothing_and_a_seed_gives_one_run(seed: int) -> None:
    assert consensus.simulate_selfish(0, 0.5, 20, seed).revenue == 0
    run = consensus.simulate_selfish(0.4, 0.5, 20, seed)
    assert run == consensus.simulate_selfish(0.4, 0.5, 20, seed)


@pytest.mark.parametrize(("share", "gamma"), [(-0.1, 0), (0.5, 0), (0.2, -0.1), (0.2, 1.1)])
def test_shares_that_mean_nothing_are_refused(share: float, gamma: float) -> None:
    with pytest.raises(ValueError, match=r"from 0 to"):
        consensus.selfish_revenue(share, gamma)
    with pytest.raises(ValueError, match=r"from 0 to"):
        consensus.simulate_selfish(share, gamma, 10, 1)
    with pytest.raises(ValueError, match="two rounds"):
        consensus.simulate_selfish(0.2, 0.5, 1, 1)


def test_the_rows_hold_formula_and_simulation_side_by_side() -> None:
    table = consensus.selfish_rows([0.2, 0.4], rounds=2_000)
    assert [(row["share"], row["gamma"]) for row in table] == [
        (share, gamma) for share in (0.2, 0.4) for gamma in (0, 0.5, 1)
    ]
    assert all(row["low"] < row["simulated"] < row["high"] for row in table)


# --- a lying meter --------------------------------------------------------------------


def test_honest_meters_add_up_and_are_settled_with_the_rule_too() -> None:
    assert sum(produced - consumed for produced, consumed in market.MEASURED.values()) == 0
    found = market.settle(market.MEASURED, market.at_the_feeder)
    assert found.refusal == ""
    assert found.paid == round(1_000_000 / 150_000 * 1_000)  # milli-tokens for ben's kWh


def test_losses_within_the_tolerance_are_settled_and_one_more_is_not() -> None:
    for lie, rule in ((market.TOLERANCE, ""), (market.TOLERANCE + 1, "conservation")):
        said = market.with_lies({"ben": lie})
        assert market.settle(said, market.at_the_feeder).refusal == rule


def test_two_lies_that_cancel_are_settled_by_every_rule() -> None:
    said = market.with_lies({"ben": market.LIE, "cat": -market.LIE})
    found = market.settle(said, market.at_the_feeder)
    assert (found.refusal, found.valid) == ("", True)
    assert found.paid < market.settle(market.MEASURED, market.at_the_feeder).paid
    assert market.suspects(said) == ()


@pytest.mark.parametrize("liar", ["ann", "ben", "cat"])
def test_whoever_lies_the_same_homes_are_suspected(liar: str) -> None:
    produced, consumed = market.MEASURED[liar]
    said = {**market.MEASURED, liar: (produced + 500_000, consumed)}
    assert market.suspects(said) == ("ann", "ben", "cat")


# --- running in front -----------------------------------------------------------------


def test_without_mallory_ann_trades_at_the_price_that_waits() -> None:
    network = market._market({"open_book": market.open_book})
    for name, side, price in (("eve", "sell", market.OFFER), ("ann", "buy", market.BID)):
        network.mine([network.signed(name, "open_book", "order", side, price)])
    assert network.balance("ann", "usd") == market.SAVINGS - market.OFFER
    assert network.balance("eve", "usd") == market.SAVINGS + market.OFFER


def test_the_open_book_serves_the_best_order_first_and_makes_no_money() -> None:
    network = market._market({"open_book": market.open_book})
    orders = [("eve", "sell", 200_000), ("mallory", "sell", 120_000), ("ann", "buy", 90_000)]
    orders += [("ann", "buy", 150_000), ("eve", "sell", 80_000)]
    for name, side, price in orders:
        network.mine([network.signed(name, "open_book", "order", side, price)])
    assert network.balance("mallory", "usd") == market.SAVINGS + 120_000
    assert network.balance("eve", "usd") == market.SAVINGS + 90_000
    assert network.chain.state.total("usd") == 3 * market.SAVINGS


def test_a_sealed_commitment_in_the_mempool_does_not_tell_the_order() -> None:
    open_, sealed = market._open(), market._sealed()
    assert "mallory earns 0.19" in open_.evidence
    assert sealed.evidence == "ann pays 0.215 for a kWh, mallory earns 0"
