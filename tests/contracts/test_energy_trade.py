"""The energy-trade contract: who may trade, who is served, and what is paid for it."""

from contextlib import suppress
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.contracts.calls import BadArguments
from energychain.contracts.energy_trade import (
    AlreadyReported,
    AlreadySettled,
    NoTerms,
    NotYet,
    RegisterFell,
    meter,
    register,
    tokens_due,
)
from energychain.primitives.refusals import Refusal
from energychain.primitives.units import divide_rounded
from energychain.studies.token_day_claims import table_2

RATE = 150_000
HOMES = ("ann", "ben", "cat", "dan", "eve", "fay")


def sold(events: Any) -> list[tuple[int, int]]:
    return [(event["energy"], event["tokens"]) for event in events if event.name == "Sold"]


def settle(desk: Any, interval: int, **readings: tuple[int, int]) -> Any:
    """Everybody reports these registers; the interval is settled."""
    for name, registers in readings.items():
        desk.trade(name, "report", interval, *registers)
    return desk.trade("dan", "settle", interval)


# --- terms ----------------------------------------------------------------------------


def test_who_offered_and_accepted_trades_at_that_rate(counter: Any, at: Any) -> None:
    desk = counter()
    desk.agree("ann", "ben")
    events = settle(desk, 0, ann=(427_852, 0), ben=(0, 10**6))
    assert sold(events) == [(427_852, 2_852)]
    assert (desk.balance("ann"), desk.balance("ben")) == (102_852, 97_148)
    assert register(desk.storage, *at("ann", "ben")) == (427_852, 2_852)


def test_an_offer_that_nobody_accepted_sells_nothing(counter: Any, at: Any) -> None:
    desk = counter()
    desk.trade("ann", "offer", at("ben"), RATE)
    assert sold(settle(desk, 0, ann=(10**6, 0), ben=(0, 10**6))) == []


def test_nobody_accepts_what_was_not_offered(counter: Any, at: Any) -> None:
    desk = counter()
    with pytest.raises(NoTerms, match="made no offer"):
        desk.trade("ben", "accept", at("ann"), RATE)
    desk.trade("ann", "offer", at("ben"), RATE)
    with pytest.raises(NoTerms, match="made no offer"):
        desk.trade("cat", "accept", at("ann"), RATE)


@pytest.mark.parametrize("rate", [RATE - 1, RATE + 1])
def test_the_rate_that_is_accepted_must_be_the_one_that_was_offered(
    counter: Any, at: Any, rate: int
) -> None:
    desk = counter()
    desk.trade("ann", "offer", at("ben"), RATE)
    with pytest.raises(NoTerms, match=r"offers 0\.150000 kWh per token, accepted was"):
        desk.trade("ben", "accept", at("ann"), rate)


def test_accepting_two_offers_of_which_one_does_not_fit_accepts_neither(
    counter: Any, at: Any
) -> None:
    desk = counter()
    desk.trade("ann", "offer", at("ben"), RATE)
    desk.trade("cat", "offer", at("ben"), RATE + 1)
    with pytest.raises(NoTerms):
        desk.trade("ben", "accept", at("ann", "cat"), RATE)
    assert sold(settle(desk, 0, ann=(10**6, 0), ben=(0, 10**6))) == []


def test_only_agreed_pairs_trade(counter: Any, at: Any) -> None:
    desk = counter()
    desk.agree("ann", "ben")
    desk.agree("cat", "dan")
    events = settle(desk, 0, ann=(10**6, 0), ben=(0, 300_000), cat=(150_000, 0), dan=(0, 10**6))
    pairs = [(event["seller"], event["buyer"], event["energy"]) for event in events]
    assert pairs == [(*at("ann", "ben"), 300_000), (*at("cat", "dan"), 150_000)]


def test_a_buyer_who_is_no_longer_named_in_the_offer_gets_nothing(counter: Any, at: Any) -> None:
    desk = counter()
    desk.agree("ann", "ben", "cat")
    desk.trade("ann", "offer", at("cat"), RATE)
    events = settle(desk, 0, ann=(10**6, 0), ben=(0, 10**6), cat=(0, 10**6))
    assert [event["buyer"] for event in events] == [*at("cat")]


def test_a_new_rate_must_be_accepted_anew(counter: Any, at: Any) -> None:
    desk = counter()
    desk.agree("ann", "ben")
    desk.trade("ann", "offer", at("ben"), 2 * RATE)
    assert sold(settle(desk, 0, ann=(10**6, 0), ben=(0, 10**6))) == []
    desk.trade("ben", "accept", at("ann"), 2 * RATE)
    assert sold(settle(desk, 1, ann=(1_300_000, 0), ben=(0, 2 * 10**6))) == [(300_000, 1_000)]


def test_new_terms_open_a_new_register_and_the_old_one_waits_for_its_return(
    counter: Any, at: Any
) -> None:
    desk = counter()
    desk.agree("ann", "ben", rate=150_000)
    settle(desk, 0, ann=(75, 0), ben=(0, 75))  # half a milli-token: rounded to the even nothing
    desk.agree("ann", "ben", rate=75_000)
    assert register(desk.storage, *at("ann", "ben")) == (0, 0)
    assert sold(settle(desk, 1, ann=(150, 0), ben=(0, 150))) == [(75, 1)]
    desk.agree("ann", "ben", rate=150_000)
    assert register(desk.storage, *at("ann", "ben")) == (75, 0)
    assert sold(settle(desk, 2, ann=(300, 0), ben=(0, 300))) == [(150, 2)]  # 225 in all: 1.5


def test_nobody_sells_to_itself(counter: Any, at: Any) -> None:
    with pytest.raises(BadArguments, match="nobody sells to itself"):
        counter().trade("ann", "offer", at("ben", "ann"), RATE)


def test_nobody_is_named_twice(counter: Any, at: Any) -> None:
    with pytest.raises(BadArguments, match="somebody is named twice"):
        counter().trade("ann", "offer", at("ben", "ben"), RATE)


@pytest.mark.parametrize("function", ["offer", "accept"])
@pytest.mark.parametrize("rate", [0, -1, "150000", (150_000,)])
def test_a_rate_is_a_whole_number_from_one(counter: Any, at: Any, function: str, rate: Any) -> None:
    with pytest.raises(BadArguments, match="mwh_per_token: expected a whole number from 1"):
        counter().trade("ann", function, at("ben"), rate)


@pytest.mark.parametrize("listed", ["ben", 3, ("ben",), (3,), b""])
def test_partners_are_a_tuple_of_addresses(counter: Any, listed: Any) -> None:
    with pytest.raises(BadArguments, match="buyers: expected"):
        counter().trade("ann", "offer", listed, RATE)


# --- readings -------------------------------------------------------------------------


def test_a_report_counts_from_the_registers_before(counter: Any, at: Any) -> None:
    desk = counter()
    desk.trade("ann", "report", 0, 500, 200)
    (reported,) = desk.trade("ann", "report", 1, 700, 900)
    assert (reported["interval"], reported["net"]) == (1, 200 - 700)
    read = meter(desk.storage, *at("ann"))
    assert (read.interval, read.produced, read.consumed, read.net) == (1, 700, 900, -500)


@pytest.mark.parametrize("registers", [(499, 200), (500, 199), (0, 0)])
def test_a_register_never_falls(counter: Any, registers: tuple[int, int]) -> None:
    desk = counter()
    desk.trade("ann", "report", 0, 500, 200)
    with pytest.raises(RegisterFell, match=r"stood at 0\.000500 and 0\.000200 kWh"):
        desk.trade("ann", "report", 1, *registers)
    desk.trade("ann", "report", 1, 500, 200)


def test_an_interval_is_reported_once(counter: Any) -> None:
    desk = counter()
    desk.trade("ann", "report", 0, 1, 1)
    with pytest.raises(AlreadyReported, match="the next is 1"):
        desk.trade("ann", "report", 0, 2, 2)


def test_a_report_after_the_settlement_is_refused_and_counts_in_the_next(
    counter: Any, at: Any
) -> None:
    desk = counter()
    desk.agree("ann", "ben")
    assert sold(settle(desk, 0, ben=(0, 500_000))) == []
    with pytest.raises(AlreadySettled, match="report it with the next one"):
        desk.trade("ann", "report", 0, 150_000, 0)
    events = settle(desk, 1, ann=(300_000, 0), ben=(0, 10**6))
    assert sold(events) == [(300_000, 2_000)], "both intervals of Ann's, none of it twice"


def test_no_reading_settles_twice(counter: Any) -> None:
    desk = counter()
    desk.agree("ann", "ben")
    settle(desk, 0, ann=(150_000, 0), ben=(0, 150_000))
    settle(desk, 1, ann=(300_000, 0), ben=(0, 300_000))
    for interval in (0, 1):
        with pytest.raises(AlreadySettled, match="the next is 2"):
            desk.trade("dan", "settle", interval)
    assert desk.balance("ann") == 102_000


def test_who_does_not_report_has_nothing_to_sell(counter: Any) -> None:
    desk = counter()
    desk.agree("ann", "ben")
    settle(desk, 0, ann=(150_000, 0), ben=(0, 150_000))
    assert sold(settle(desk, 1, ben=(0, 300_000))) == []


def test_nobody_can_close_the_contract_by_settling_the_far_future(counter: Any) -> None:
    desk = counter()
    desk.agree("ann", "ben")
    with suppress(Refusal):
        desk.trade("eve", "settle", 10**9)
    assert sold(settle(desk, 0, ann=(150_000, 0), ben=(0, 150_000))) == [(150_000, 1_000)]


def test_nobody_settles_what_nobody_has_reported(counter: Any) -> None:
    desk = counter()
    for interval in (0, 10**9):
        with pytest.raises(NotYet, match=f"nobody has reported interval {interval}"):
            desk.trade("eve", "settle", interval)


def test_an_interval_is_neither_reported_nor_settled_before_it_is_over(counter: Any) -> None:
    desk = counter(metered=(1_000, 900))
    desk.agree("ann", "ben")
    for interval, end in ((0, 1_900), (1, 2_800)):
        desk.time = end - 1
        with pytest.raises(NotYet, match=f"interval {interval} is over in 1 s"):
            desk.trade("ann", "report", interval, 150_000 * (interval + 1), 0)
        with pytest.raises(NotYet, match=f"interval {interval} is over in 1 s"):
            desk.trade("eve", "settle", interval)
        desk.time = end
        registers = 150_000 * (interval + 1)
        assert sold(settle(desk, interval, ann=(registers, 0), ben=(0, registers))) == [
            (150_000, 1_000)
        ]


@pytest.mark.parametrize("given", [(-1, 0, 0), (0, -1, 0), (0, 0, -1), ("0", 0, 0), (0, 0, (0,))])
def test_a_report_is_made_of_whole_numbers_from_nothing(counter: Any, given: Any) -> None:
    with pytest.raises(BadArguments, match="expected a whole number from 0"):
        counter().trade("ann", "report", *given)


def test_reports_and_settlements_take_as_many_arguments_as_they_name(counter: Any) -> None:
    with pytest.raises(BadArguments, match="interval, produced, consumed; found 2"):
        counter().trade("ann", "report", 0, 0)
    with pytest.raises(BadArguments, match="settle takes interval; found 0"):
        counter().trade("ann", "settle")
    with pytest.raises(BadArguments, match="interval: expected a whole number from 0"):
        counter().trade("ann", "settle", -1)


# --- who cannot pay -------------------------------------------------------------------


def test_a_buyer_whose_tokens_do_not_reach_is_refused_by_name_and_the_next_is_served(
    counter: Any, at: Any
) -> None:
    desk = counter({"ann": 0, "ben": 999, "cat": 1_000})
    desk.agree("ann", "ben", "cat")
    refused, trade = settle(desk, 0, ann=(150_000, 0), ben=(0, 150_000), cat=(0, 150_000))
    assert (refused.name, refused["buyer"]) == ("Refused", *at("ben"))
    assert (refused["due"], refused["owned"]) == (1_000, 999)
    assert (trade["buyer"], trade["tokens"]) == (*at("cat"), 1_000)
    assert [desk.balance(name) for name in ("ann", "ben", "cat")] == [1_000, 999, 0]


def test_a_buyer_with_exactly_enough_is_served(counter: Any) -> None:
    desk = counter({"ann": 0, "ben": 1_000})
    desk.agree("ann", "ben")
    assert sold(settle(desk, 0, ann=(150_000, 0), ben=(0, 10**6))) == [(150_000, 1_000)]


def test_a_refusal_holds_for_one_interval_only(counter: Any, at: Any) -> None:
    desk = counter({"ann": 0, "ben": 0})
    desk.agree("ann", "ben")
    settle(desk, 0, ann=(150_000, 0), ben=(0, 150_000))
    desk.sheet.endow("token", *at("ben"), 1_000)
    assert sold(settle(desk, 1, ann=(300_000, 0), ben=(0, 300_000))) == [(150_000, 1_000)]


def test_what_is_due_counts_over_all_sellers_of_a_buyer(counter: Any) -> None:
    desk = counter({"ann": 0, "ben": 0, "cat": 1_999})
    desk.agree("ann", "cat")
    desk.agree("ben", "cat")
    (refused,) = settle(desk, 0, ann=(150_000, 0), ben=(150_000, 0), cat=(0, 300_000))
    assert (refused["due"], refused["owned"]) == (2_000, 1_999)


# --- the rounding rule ----------------------------------------------------------------


@given(st.integers(0, 10**12), st.integers(1, 10**9))
def test_tokens_due_are_the_rounded_quotient(energy: int, rate: int) -> None:
    exact = Decimal(energy) * 1_000 / Decimal(rate)
    assert tokens_due(energy, rate) == int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def balances_of_table_2(increments: bool) -> list[dict[str, Decimal]]:
    """Every balance of the day, settling the cumulative register, or each hour by itself."""
    owned = {"node_1": 100_000, "node_2": 100_000, "node_3": 100_000}
    energy = {"node_2": 0, "node_3": 0}
    paid = {"node_2": 0, "node_3": 0}
    rows = []
    for printed in table_2():
        for buyer in energy:
            bought = int(Decimal(printed[f"{buyer}_purchased"]) * 10**6)
            energy[buyer] += bought
            due = divide_rounded(bought * 1_000, RATE)
            if not increments:
                due = tokens_due(energy[buyer], RATE) - paid[buyer]
            paid[buyer] += due
            owned[buyer] -= due
            owned["node_1"] += due
        rows.append({node: Decimal(amount) / 1_000 for node, amount in owned.items()})
    return rows


def missed_cells(increments: bool) -> dict[tuple[str, str], str]:
    return {
        (printed["hour"], node): str(balance)
        for printed, balances in zip(table_2(), balances_of_table_2(increments), strict=True)
        for node, balance in balances.items()
        if balance != Decimal(printed[f"{node}_tokens"])
    }


def test_settling_the_cumulative_register_reproduces_all_72_balances() -> None:
    assert missed_cells(increments=False) == {}


def test_rounding_each_hour_by_itself_misses_exactly_two_cells() -> None:
    assert missed_cells(increments=True) == {
        ("11:00", "node_1"): "149.496",
        ("11:00", "node_2"): "69.797",
    }


# --- any meters -----------------------------------------------------------------------


@dataclass(frozen=True)
class Play:
    """Random homes over random intervals."""

    split: str
    tokens: dict[str, int]
    rate: int
    readings: list[dict[str, tuple[int, int]]]
    """By interval and home: what was produced and consumed in it [mWh]."""


@st.composite
def plays(draw: st.DrawFn) -> Play:
    homes = HOMES[: draw(st.integers(2, 6))]
    energy = st.integers(0, 5) | st.integers(0, 3_000_000)
    wealth = st.sampled_from([0, 1, 2_000, 20_000, 10**6])
    reading = st.fixed_dictionaries({home: st.tuples(energy, energy) for home in homes})
    return Play(
        draw(st.sampled_from(["in order", "pro rata"])),
        {home: draw(wealth) for home in homes},
        draw(st.sampled_from([1, 7, 1_000, 150_000])),
        draw(st.lists(reading, min_size=1, max_size=8)),
    )


def check_play(counter: Any, at: Any, play: Play) -> None:
    desk = counter(play.tokens, split=play.split)
    homes = list(play.tokens)
    for home in homes:
        desk.trade(home, "offer", at(*(other for other in homes if other != home)), play.rate)
    for home in homes:
        others = at(*(other for other in homes if other != home))
        desk.trade(home, "accept", others, play.rate)
    registers = dict.fromkeys(homes, (0, 0))
    energy: dict[Any, int] = {}
    paid: dict[Any, int] = {}
    for interval, reading in enumerate(play.readings):
        before = {home: desk.balance(home) for home in homes}
        for home, (produced, consumed) in reading.items():
            old = registers[home]
            registers[home] = (old[0] + produced, old[1] + consumed)
            desk.trade(home, "report", interval, *registers[home])
        events = desk.trade(homes[0], "settle", interval)
        trades = [event for event in events if event.name == "Sold"]
        refused = {event["buyer"] for event in events if event.name == "Refused"}
        spent = dict.fromkeys(homes, 0)
        for home, (produced, consumed) in reading.items():
            (address,) = at(home)
            went = sum(trade["energy"] for trade in trades if trade["seller"] == address)
            came = sum(trade["energy"] for trade in trades if trade["buyer"] == address)
            spent[home] = sum(t["tokens"] for t in trades if t["buyer"] == address)
            assert went <= max(produced - consumed, 0), "sold no more than the surplus"
            assert came <= max(consumed - produced, 0), "bought no more than the shortfall"
            assert address not in refused or came == 0, "who was refused bought nothing"
            assert spent[home] <= before[home], "nobody paid what it did not have"
        for trade in trades:
            pair = trade["seller"], trade["buyer"]
            energy[pair] = energy.get(pair, 0) + trade["energy"]
            paid[pair] = paid.get(pair, 0) + trade["tokens"]
            assert trade["tokens"] >= 0
            assert paid[pair] == tokens_due(energy[pair], play.rate), "to the milli-token"
            assert register(desk.storage, *pair) == (energy[pair], paid[pair])
        for event in events:
            if event.name == "Refused":
                assert event["due"] > event["owned"]
        unserved = sum(
            max(c - p, 0) for home, (p, c) in reading.items() if at(home)[0] not in refused
        )
        offered = sum(max(p - c, 0) for p, c in reading.values())
        assert sum(trade["energy"] for trade in trades) == min(offered, unserved), "nothing wasted"
        assert sum(desk.balance(home) for home in homes) == sum(play.tokens.values())


@settings(max_examples=150)
@given(play=plays())
def test_whatever_the_meters_say_nobody_trades_what_it_has_not(
    counter: Any, at: Any, play: Play
) -> None:
    check_play(counter, at, play)


@settings(max_examples=40)
@given(play=plays())
def test_registers_only_grow(counter: Any, at: Any, play: Play) -> None:
    desk = counter(10**9, split=play.split)
    homes = list(play.tokens)
    desk.agree(homes[0], *homes[1:], rate=play.rate)
    pairs = [at(homes[0], other) for other in homes[1:]]
    before = dict.fromkeys(pairs, (0, 0))
    produced = consumed = 0
    for interval, reading in enumerate(play.readings):
        produced += reading[homes[0]][0]
        consumed += reading[homes[1]][1]
        desk.trade(homes[0], "report", interval, produced, 0)
        desk.trade(homes[1], "report", interval, 0, consumed)
        desk.trade(homes[-1], "settle", interval)
        after = {pair: register(desk.storage, *pair) for pair in pairs}
        assert all(a >= b for pair in pairs for a, b in zip(after[pair], before[pair], strict=True))
        before = after
