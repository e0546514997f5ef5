"""The token day: 72 of 72 balances, on the testbed's meters and on anybody else's."""

from dataclasses import replace
from decimal import Decimal
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.consensus.work import check_work
from energychain.contracts import CONTRACTS
from energychain.contracts.energy_trade import tokens_due
from energychain.contracts.token import ENERGY_TOKEN, MONEY
from energychain.grid.metering import Meters, read_meters
from energychain.ledger import saved
from energychain.ledger.chain import CONFIRMATIONS
from energychain.ledger.state import ETHER
from energychain.primitives.merkle import BadProof
from energychain.primitives.refusals import BadInput
from energychain.studies.private_chain import BLOCK_REWARD, ENDOWMENT
from energychain.studies.testbed import SAVINGS, TOKEN_STOCK
from energychain.studies.token_day import Day, DayTerms, household_week, rehearse, run
from energychain.studies.token_day import testbed_meters as read_testbed
from energychain.studies.token_day_claims import table_2

NODES = ("node 1", "node 2", "node 3")
TESTBED = read_testbed()
WEEK = household_week()

SATURATED = {("node 2", hour) for hour in range(8, 14)} | {("node 3", 10), ("node 3", 11)}
"""Where Table 2 gives a buyer's whole consumption; elsewhere it was reconstructed."""


@cache
def testbed_day() -> Day:
    return run()


testbed_day.__test__ = False  # type: ignore[attr-defined]


def first(meters: Meters, intervals: int) -> Meters:
    """The first intervals of some meters."""
    return replace(
        meters,
        times=meters.times[:intervals],
        produced=tuple(series[:intervals] for series in meters.produced),
        consumed=tuple(series[:intervals] for series in meters.consumed),
    )


def consuming(meters: Meters, node: str, more: dict[int, int]) -> Meters:
    """The same meters with more consumption of a node in some intervals [mWh]."""
    at = meters.nodes.index(node)
    series = tuple(c + more.get(i, 0) for i, c in enumerate(meters.consumed[at]))
    return replace(meters, consumed=(*meters.consumed[:at], series, *meters.consumed[at + 1 :]))


def small(*rows: tuple[str, ...], step: int = 15) -> Meters:
    """Meters of a few intervals, each given as ``node produced consumed`` in whole Wh."""
    lines = ["time,node,produced_kwh,consumed_kwh"]
    for interval, row in enumerate(rows):
        for entry in row:
            node, produced, consumed = entry.split()
            time = f"2017-07-04T{interval * step // 60:02d}:{interval * step % 60:02d}"
            lines.append(f"{time},{node},{int(produced) / 1000},{int(consumed) / 1000}")
    return read_meters(lines)


def balances(day: Day, interval: int = -1) -> dict[str, int]:
    time = day.meters.times[interval]
    return {node: day.row(node, time).balance for node in day.meters.nodes}


# --- the published day ----------------------------------------------------------------


@pytest.mark.parametrize("hour", range(24))
@pytest.mark.parametrize("node", NODES)
def test_every_balance_of_table_2_is_reproduced(node: str, hour: int) -> None:
    printed = table_2()[hour][f"{node.replace(' ', '_')}_tokens"]
    assert Decimal(testbed_day().balance(node, TESTBED.times[hour])) == Decimal(printed)


def test_every_surplus_and_purchase_of_table_2_is_reproduced() -> None:
    day = testbed_day()
    for time, printed in zip(TESTBED.times, table_2(), strict=True):
        assert day.row("node 1", time).surplus == Decimal(printed["node_1_surplus"]) * 10**6
        for node in ("node 2", "node 3"):
            bought = Decimal(printed[f"{node.replace(' ', '_')}_purchased"]) * 10**6
            assert day.row(node, time).bought == bought


def test_the_totals_are_those_of_the_text_and_what_nobody_took_is_named() -> None:
    day = testbed_day()
    one, two, three = (day.totals[node] for node in NODES)
    assert (one.sold, two.bought, three.bought) == (13_625_020, 8_957_095, 4_667_925)
    assert one.unsold == 632_960
    left = {row.time[-5:]: row.surplus - row.sold for row in day.rows if row.surplus > row.sold}
    assert left == {"10:00": 381_665, "11:00": 251_295}
    assert (two.sold, two.unsold, one.bought) == (0, 0, 0)


def test_the_balances_always_sum_to_300_tokens() -> None:
    day = testbed_day()
    for interval in range(24):
        assert sum(balances(day, interval).values()) == 300_000


def test_node_1_redeems_what_it_earned_after_twelve_confirmations() -> None:
    day = testbed_day()
    assert day.redeemed == {"node 1": 90_834}
    chain = day.chain
    redemptions = [s for s in chain.transactions() if s.transaction.function == "redeem"]
    settlements = [s for s in chain.transactions() if s.transaction.function == "settle"]
    (redeemed,) = redemptions
    place, last = chain.find(redeemed.id), chain.find(settlements[-1].id)
    assert place is not None and last is not None
    before = chain.upto(place[0] - 1)
    assert before.confirmations(settlements[-1].id) == CONFIRMATIONS
    assert chain.confirmations(redeemed.id) == CONFIRMATIONS
    network = day.network
    assert network is not None
    assert network.balance("node 1") == 100_000
    assert network.balance("node 1", MONEY) == SAVINGS - 3_000_000 + 90_834 * 30


def test_everything_that_happened_was_signed_mined_and_done() -> None:
    chain = testbed_day().chain
    functions = [signed.transaction.function for signed in chain.transactions()]
    assert {name: functions.count(name) for name in functions} == {
        "buy": 3,
        "offer": 1,
        "accept": 2,
        "report": 72,
        "settle": 24,
        "redeem": 1,
    }
    assert all(receipt.done for receipts in chain.receipts for receipt in receipts)
    assert chain.validate().head == chain.head


def test_nothing_was_made_or_lost_on_the_chain() -> None:
    network, chain = testbed_day().network, testbed_day().chain
    assert network is not None
    assert len(network.accounts) == 8
    assert chain.state.total(ENERGY_TOKEN) == TOKEN_STOCK
    assert chain.state.total(MONEY) == (len(network.households) + 1) * SAVINGS
    ether = len(network.accounts) * ENDOWMENT + chain.height * BLOCK_REWARD
    assert chain.state.total(ETHER) == ether


# --- the reconstruction does not matter -----------------------------------------------


def test_the_saturated_hours_are_exactly_those_that_table_2_gives() -> None:
    found = set()
    for node in NODES[1:]:
        at = TESTBED.nodes.index(node)
        for hour, time in enumerate(TESTBED.times):
            bought = testbed_day().row(node, time).bought
            assert bought <= -TESTBED.net[at][hour]
            if bought and bought == -TESTBED.net[at][hour]:
                found.add((node, hour))
    assert found == SATURATED


free_hours = st.dictionaries(st.integers(0, 23), st.integers(0, 5_000_000))


@settings(max_examples=60)
@given(free_hours, free_hours, free_hours)
def test_more_consumption_in_a_reconstructed_hour_changes_no_balance(
    one: dict[int, int], two: dict[int, int], three: dict[int, int]
) -> None:
    meters = TESTBED
    for node, wishes in (("node 2", two), ("node 3", three)):
        more = {hour: extra for hour, extra in wishes.items() if (node, hour) not in SATURATED}
        meters = consuming(meters, node, more)
    dark = {hour: extra for hour, extra in one.items() if not 7 <= hour <= 15}
    meters = consuming(meters, "node 1", dark)
    day = rehearse(meters)
    assert [row.balance for row in day.rows] == [row.balance for row in testbed_day().rows]


@settings(max_examples=60)
@given(st.integers(7, 15), st.integers(1, 5_000_000))
def test_more_production_and_more_consumption_of_node_1_cancel(hour: int, more: int) -> None:
    produced = list(TESTBED.produced[0])
    produced[hour] += more
    meters = replace(TESTBED, produced=(tuple(produced), *TESTBED.produced[1:]))
    day = rehearse(consuming(meters, "node 1", {hour: more}))
    assert day.rows == testbed_day().rows


@pytest.mark.parametrize("place", sorted(SATURATED), ids=str)
def test_less_consumption_in_a_saturated_hour_changes_a_balance(place: tuple[str, int]) -> None:
    node, hour = place
    day = rehearse(consuming(TESTBED, node, {hour: -150_000}))
    assert balances(day) != balances(testbed_day())


# --- on a chain and in a rehearsal ----------------------------------------------------


def test_a_rehearsal_gives_the_same_rows_as_the_chain() -> None:
    assert rehearse().rows == testbed_day().rows
    assert rehearse().refused == testbed_day().refused == ()


@pytest.mark.parametrize("split", ["in order", "pro rata"])
def test_a_rehearsal_of_a_real_day_gives_the_same_rows_as_the_chain(split: str) -> None:
    terms = DayTerms(split=split, opening_tokens=3_000)
    real, rehearsed = (play(first(WEEK, 96), terms) for play in (run, rehearse))
    assert real.rows == rehearsed.rows
    assert real.refused == rehearsed.refused
    assert real.refused, "with three tokens each somebody runs out"
    assert any(row.sold for row in real.rows)


def test_two_rehearsals_do_not_see_each_other() -> None:
    assert rehearse(terms=DayTerms(opening_tokens=1)).rows != rehearse().rows
    assert rehearse().rows == testbed_day().rows


def test_a_rehearsal_has_no_chain() -> None:
    with pytest.raises(ValueError, match="use run"):
        rehearse().chain


def test_two_runs_end_in_the_same_hash_and_are_saved_in_the_same_bytes() -> None:
    again = run()
    assert again.chain.head.hash == testbed_day().chain.head.hash
    assert list(saved.lines(again.chain)) == list(saved.lines(testbed_day().chain))


def test_a_saved_day_is_read_back_with_every_rule_asked() -> None:
    lines = (f"{line}\n".encode() for line in saved.lines(testbed_day().chain))
    assert saved.read(lines, CONTRACTS, check_work).head == testbed_day().chain.head


def test_progress_is_told_interval_by_interval() -> None:
    told: list[int] = []
    run(progress=told.append)
    assert told == list(range(1, 25))


# --- proofs ---------------------------------------------------------------------------


def test_every_reading_is_proven_against_its_blocks_header_alone() -> None:
    day = testbed_day()
    assert len(day.readings) == 72
    produced = dict.fromkeys(NODES, 0)
    for interval, time in enumerate(TESTBED.times):
        for at, node in enumerate(NODES):
            signed, proof, header = day.proof(node, time)
            produced[node] += TESTBED.produced[at][interval]
            assert signed.transaction.function == "report"
            assert signed.transaction.arguments[:2] == (interval, produced[node])
            assert day.chain.name(signed.sender) == node
            proof.check(signed.encoded, header.merkle_root)


def test_a_reading_does_not_fit_another_hours_header() -> None:
    signed, proof, _ = testbed_day().proof("node 1", TESTBED.times[10])
    _, _, other = testbed_day().proof("node 1", TESTBED.times[11])
    with pytest.raises(BadProof):
        proof.check(signed.encoded, other.merkle_root)


# --- other terms ----------------------------------------------------------------------


def test_a_buyer_out_of_tokens_is_named_and_its_share_goes_to_the_next() -> None:
    meters = small(("sun 300 0", "ben 0 300", "cat 0 300"), ("sun 300 0", "ben 0 300", "cat 0 300"))
    day = run(meters, DayTerms(opening_tokens=2_500))
    assert balances(day, 0) == {"sun": 4_500, "ben": 500, "cat": 2_500}
    (refused,) = day.refused
    assert (refused.node, refused.due, refused.owned) == ("ben", 2_000, 500)
    assert str(refused) == (
        "2017-07-04T00:15: ben is refused, 2.000 tokens are due and it has 0.500;"
        " its share went to the next buyer"
    )
    assert (day.row("ben", meters.times[1]).bought, day.row("cat", meters.times[1]).bought) == (
        0,
        300_000,
    )
    assert balances(day) == {"sun": 6_500, "ben": 500, "cat": 500}


def test_with_no_opening_tokens_nobody_buys_and_everybody_short_is_named() -> None:
    day = run(terms=DayTerms(opening_tokens=0))
    assert {row.balance for row in day.rows} == {0}
    assert {row.bought for row in day.rows} == {0}
    assert {(refused.time[-5:], refused.node) for refused in day.refused} == {
        (f"{hour:02d}:00", node) for hour in range(7, 16) for node in ("node 2", "node 3")
    }
    assert day.redeemed == {}


def test_pro_rata_both_buyers_get_their_share_of_too_little() -> None:
    meters = small(("sun 300 0", "ben 0 200", "cat 0 400"), ("sun 0 0", "ben 0 1", "cat 0 1"))
    day = run(meters, DayTerms(split="pro rata"))
    assert [row.bought for row in day.rows[:3]] == [0, 100_000, 200_000]
    assert [row.bought for row in run(meters).rows[:3]] == [0, 200_000, 100_000]


def test_pro_rata_two_sellers_share_too_small_a_demand() -> None:
    meters = small(("sun 100 0", "roof 300 0", "ben 0 200"), ("sun 0 0", "roof 0 0", "ben 0 0"))
    assert [row.sold for row in run(meters, DayTerms(split="pro rata")).rows[:3]] == [
        50_000,
        150_000,
        0,
    ]
    assert [row.sold for row in run(meters).rows[:3]] == [100_000, 100_000, 0]


def test_the_order_of_service_can_be_turned_round() -> None:
    turned = run(terms=DayTerms(order=("node 1", "node 3", "node 2")))
    for time in TESTBED.times:
        assert turned.row("node 1", time).sold == testbed_day().row("node 1", time).sold
    assert turned.totals["node 3"].bought > testbed_day().totals["node 3"].bought
    assert turned.meters.nodes == NODES, "the rows keep the meters' own order"
    assert [row.node for row in turned.rows[:3]] == list(NODES)


def test_every_pair_of_seller_and_buyer_has_its_own_register() -> None:
    # 75 mWh are half a milli-token: each pair rounds to the even nothing, the sum would be one.
    lines = ["time,node,produced_kwh,consumed_kwh"]
    for hour in ("07", "08"):
        for node, produced, consumed in (("a", 75, 0), ("b", 75, 0), ("c", 0, 150)):
            lines.append(f"2017-07-04T{hour}:00,{node},{produced}e-6,{consumed}e-6")
    day = run(read_meters(lines))
    assert balances(day, 0) == {"a": 100_000, "b": 100_000, "c": 100_000}
    assert balances(day, 1) == {"a": 100_001, "b": 100_001, "c": 99_998}


@settings(max_examples=12)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 900), st.integers(0, 900)), min_size=4, max_size=4),
        min_size=2,
        max_size=6,
    ),
    st.sampled_from(["in order", "pro rata"]),
    st.sampled_from([0, 1_000, 5_000, 100_000]),
)
def test_any_meters_are_played_without_making_tokens_or_energy(
    table: list[list[tuple[int, int]]], split: str, opening: int
) -> None:
    meters = small(*(tuple(f"home{i} {p} {c}" for i, (p, c) in enumerate(row)) for row in table))
    day = run(meters, DayTerms(split=split, opening_tokens=opening))
    assert day.rows == rehearse(meters, day.terms).rows
    for interval, time in enumerate(meters.times):
        rows = [day.row(node, time) for node in meters.nodes]
        assert sum(row.sold for row in rows) == sum(row.bought for row in rows)
        assert sum(row.balance for row in rows) == 4 * opening
        for at, row in enumerate(rows):
            assert 0 <= row.sold <= row.surplus == max(meters.net[at][interval], 0)
            assert 0 <= row.bought <= max(-meters.net[at][interval], 0)
            assert row.balance >= 0


@pytest.mark.parametrize("mwh_per_token", [1, 149_999, 150_001, 10**9])
def test_another_rate_gives_the_rounded_cumulative_tokens(mwh_per_token: int) -> None:
    day = rehearse(terms=DayTerms(mwh_per_token=mwh_per_token, opening_tokens=10**10))
    for node in ("node 2", "node 3"):
        spent = 10**10 - day.totals[node].balance
        assert spent == tokens_due(day.totals[node].bought, mwh_per_token)


def test_a_day_whose_times_have_an_offset_is_played_as_any_other() -> None:
    lines = ["time,node,produced_kwh,consumed_kwh"]
    for hour in ("07", "08"):
        lines += [f"2017-07-04T{hour}:00-08:00,{row}" for row in ("sun,1,0", "ben,0,1")]
    day = run(read_meters(lines))
    assert balances(day) == {"sun": 113_333, "ben": 86_667}
    assert len(day.records()) == 4


@pytest.mark.parametrize(
    "times",
    [
        ("20170704T07", "20170704T08"),
        ("2017-W27-2T07:00", "2017-W27-2T08:00"),
    ],
)
def test_a_day_whose_times_are_written_in_another_iso_form_has_records_too(
    times: tuple[str, str],
) -> None:
    lines = ["time,node,produced_kwh,consumed_kwh", *(f"{time},sun,1,0" for time in times)]
    assert [record["hour"] for record in rehearse(read_meters(lines)).records()] == [7, 8]


def test_nobody_with_a_surplus_is_a_quiet_day() -> None:
    day = run(small(("ann 0 5", "ben 0 5"), ("ann 0 5", "ben 0 5")))
    assert {row.balance for row in day.rows} == {100_000}
    assert (day.refused, day.redeemed) == ((), {})


def test_one_home_alone_trades_with_nobody() -> None:
    day = run(small(("sun 900 0",), ("sun 900 0",)))
    assert day.totals["sun"].unsold == 1_800_000


# --- terms that make no sense ---------------------------------------------------------

SENSELESS = {
    "a token that buys nothing": (DayTerms(mwh_per_token=0), "more than 0 Wh"),
    "a negative rate": (DayTerms(mwh_per_token=-5), "more than 0 Wh"),
    "negative tokens": (DayTerms(opening_tokens=-1), "fewer than 0 tokens"),
    "an order with a stranger": (DayTerms(order=("node 1", "node 2", "ann")), "must name each of"),
    "an order that leaves one out": (DayTerms(order=("node 1",)), "must name each of"),
    "an order that names one twice": (DayTerms(order=("node 1", *NODES)), "must name each of"),
    "an unknown split": (DayTerms(split="by height"), "in order"),
    "a negative price": (DayTerms(price=-1), None),
    "more tokens than money": (DayTerms(opening_tokens=10**12), None),
}


@pytest.mark.parametrize(
    ("play", "kind"),
    [
        pytest.param(play, kind, id=f"{play.__name__}, {kind}")
        for play in (run, rehearse)
        for kind in SENSELESS
    ],
)
def test_terms_that_make_no_sense_are_bad_input_on_the_chain_and_in_a_rehearsal(
    play: type, kind: str
) -> None:
    terms, words = SENSELESS[kind]
    with pytest.raises(BadInput, match=words):
        play(terms=terms)


@pytest.mark.parametrize("play", [run, rehearse])
def test_a_home_named_like_a_service_is_bad_input_on_the_chain_and_in_a_rehearsal(
    play: type,
) -> None:
    meters = small(("sun 1 0", "bank 0 1"), ("sun 1 0", "bank 0 1"))
    with pytest.raises(BadInput, match="'bank' is the name of a service account"):
        play(meters)
