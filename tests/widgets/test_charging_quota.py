"""The explorer moves with the contract, and the desk is the contract."""

import pytest
from explorers import (
    assert_asks,
    assert_code_leads_to_the_charts,
    assert_keeps,
    assert_moves_and_resets,
)

from energychain.contracts.charging_quota import QuotaOrder, double_auction
from energychain.course.exercises import check, solution
from energychain.primitives.refusals import BadInput
from energychain.studies import charging_quota as study
from energychain.widgets.charging_quota import ChargingQuotaExplorer, Desk


@pytest.fixture
def explorer():
    return ChargingQuotaExplorer()


def test_it_asks_a_question_and_has_few_controls(explorer):
    assert explorer.question == "How much can eight charging stations get, and who pays for more?"
    assert list(explorer.controls) == ["margin_kw", "rule", "station", "limit", "over_kw"]
    assert_asks(explorer)
    margin = explorer.controls["margin_kw"]
    assert margin.min <= 323 < 343 <= margin.max


def test_the_start_is_the_published_evening(explorer):
    assert explorer.evening().rows == study.rehearse().rows
    assert explorer.status == (
        "390 kW are wanted and 323 are there, so everybody first gets 82.8% of its wish."
        " 20.6 kWh of quota change hands for 473.8 tokens, 23 a kWh."
        " B bids 24, buys 6.5 kWh for 149.5 tokens, and draws 48 kW of its 52.75 kW."
    )


def test_what_a_notebook_keeps(explorer):
    assert_keeps(explorer)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("margin_kw", 343),
        ("rule", "pairwise_midpoint"),
        ("station", "H"),
        ("limit", 28.0),
        ("over_kw", 5),
    ],
)
def test_every_control_changes_what_is_kept_and_shown_and_reset_takes_it_back(
    explorer, name, value
):
    assert_moves_and_resets(explorer, name, value)


def test_another_station_begins_where_it_stands_by_itself(explorer):
    explorer.controls["limit"].value = 10
    explorer.controls["over_kw"].value = 7
    explorer.controls["station"].value = "D"
    assert explorer.values["limit"] == 26
    assert explorer.values["over_kw"] == 0
    assert explorer.evening().rows == study.rehearse().rows


def test_beyond_the_quota_there_is_a_penalty_for_just_that(explorer):
    explorer.controls["station"].value = "H"
    explorer.controls["over_kw"].value = 8
    row = explorer.evening().row("H")
    assert row.load - row.quota == 4_000_000
    assert row.penalty == 4 * 224_000
    assert "8 kW beyond its quota: a penalty of 896 tokens." in explorer.status
    others = [other for other in explorer.evening().rows if other.station != "H"]
    assert not any(other.penalty for other in others)


def test_the_words_follow_the_market(explorer):
    explorer.controls["limit"].value = 5
    assert "B bids 5, and nobody trades with it; it draws 39.75 kW of its 39.75" in explorer.status
    explorer.controls["margin_kw"].value = 390
    assert explorer.status == (
        "All 390 kW that are wanted fit: everybody gets all of it, and there is no auction."
        " B draws 48 kW of its 48 kW."
    )


def test_the_margin_of_the_text_gives_larger_quotas_and_the_same_trades(explorer):
    before = [row.payment for row in explorer.evening().rows]
    explorer.controls["margin_kw"].value = 343
    evening = explorer.evening()
    assert [row.payment for row in evening.rows] == before
    assert evening.kw(evening.row("A").initial) == "31.66"


def test_the_table_marks_the_chosen_station(explorer):
    explorer.controls["station"].value = "C"
    assert "▸ C" in explorer.view.details
    assert "▸ B" not in explorer.view.details
    assert "−151.8" in explorer.view.details


@pytest.mark.parametrize(
    "touch",
    [{}, {"limit": 28.0}, {"station": "H", "over_kw": 8, "limit": 20.0}, {"margin_kw": 400}],
)
def test_the_code_leads_to_the_same_charts(explorer, touch):
    assert_code_leads_to_the_charts(explorer, **touch)


# --- the desk -------------------------------------------------------------------------

TERMS = (161_500_000, 1_120_000, 2_240_000, 10_000, "last_pair_midpoint", "meter")


@pytest.fixture
def desk():
    opened = Desk()
    assert opened.call("18:00", "operator", "initialise", *TERMS).done
    return opened


def played(desk, loads=None):
    """The published evening, call by call."""
    evening = study.rehearse(loads=loads)
    rows = evening.rows
    calls = [
        *(("18:02", r.station, "submit_demand", r.demand, r.deposit) for r in rows),
        ("18:05", "A", "pre_allocate"),
        *(("18:08", r.station, "submit", r.side, r.wanted, r.price) for r in rows),
        ("18:10", "operator", "auction"),
        *(("19:00", "meter", "measure", r.station, r.load) for r in rows),
        *(("19:01", r.station, f, r.station) for r in rows for f in ("pay", "withdraw")),
    ]
    for call in calls:
        answer = desk.call(*call)
        assert answer.done, answer
    return evening


def test_by_hand_is_as_in_the_study(desk):
    evening = played(desk, {"G": 25_000_000})
    for row in evening.rows:
        account = desk.account(row.station)
        assert account is not None
        assert (account.initial, account.quota, account.load) == (row.initial, row.quota, row.load)
        assert desk.balance(row.station) - study.OPENING_TOKENS == row.change
    assert evening.row("G").penalty
    everybody = [*(row.station for row in evening.rows), "operator"]
    assert sum(map(desk.balance, everybody)) == 8 * study.OPENING_TOKENS


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        (("18:01", "A", "initialise", *TERMS), "caller"),
        (("18:01", "operator", "initialise", *TERMS), "once"),
        (("18:02", "E", "submit_demand", 15_000_000, 1_680_000), "deposit"),
        (("18:02", "E", "pre_allocate"), "phase"),
        (("18:02", "meter", "submit_demand", 1, 10**6), "caller"),
    ],
)
def test_refusals_have_names_and_stand_in_a_block(desk, call, rule):
    height = desk.network.chain.height
    answer = desk.call(*call)
    assert answer.receipt.refusal == rule
    assert f"refused ({rule})" in repr(answer)
    assert "0x" not in repr(answer)
    assert desk.network.chain.height == height + 1
    assert desk.network.chain.head.transactions == (answer.signed,)


def test_more_than_the_quota_cannot_be_offered(desk):
    desk.call("18:02", "C", "submit_demand", 21_000_000, 7_056_000)
    desk.call("18:02", "D", "submit_demand", 174_000_000, 174 * 336_000)
    desk.call("18:05", "C", "pre_allocate")
    assert desk.call("18:07", "C", "submit", "sell", 40_000_000, 22_000).receipt.refusal == "quota"


def test_time_goes_on(desk):
    first, second = (desk.call("18:02", name, "pre_allocate") for name in "AB")
    assert (first.clock, second.clock) == ("18:02:00", "18:02:01")
    with pytest.raises(BadInput, match="it is 18:02:01 already: 18:01 is past"):
        desk.call("18:01", "A", "pre_allocate")
    with pytest.raises(BadInput, match="expected a time such as 18:02"):
        desk.call("soon", "A", "pre_allocate")


def test_an_unknown_name_is_told(desk):
    with pytest.raises(BadInput, match="nobody is called 'Z'; there are operator, meter, A"):
        desk.call("18:02", "Z", "pre_allocate")


def test_who_does_not_take_part_has_no_account(desk):
    assert desk.account("A") is None


# --- the exercises of lesson 07 ------------------------------------------------------


def answered(name):
    names = {}
    exec(solution(name), names)
    return names["answer"]


def test_the_share_is_what_the_contract_allocates():
    share = answered("07.share")
    evening = study.rehearse()
    assert [share(row.demand) for row in evening.rows] == [row.initial for row in evening.rows]


def test_without_e_d_pays_what_the_contract_says():
    orders = {
        plan.station: QuotaOrder(plan.side, plan.quantity, plan.price)
        for plan in study.published_plans()
        if plan.station != "E"
    }
    paid = double_auction(orders, "pairwise_midpoint")["D"].payment
    assert paid / 1000 == answered("07.pairs")


def test_the_penalty_of_h_is_the_contracts():
    first = study.rehearse().row("H").initial
    fined = study.rehearse(loads={"H": first}).row("H").penalty
    assert check("07.fine", fined / 1000).verdict == "right"
