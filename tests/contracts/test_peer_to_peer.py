"""Peer-to-peer trading: the pool, the pair, the community, and the feeder between them."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.contracts.calls import BadArguments
from energychain.contracts.peer_to_peer import (
    AlreadyDone,
    LimitExceeded,
    MediatorsDeposit,
    NoCommunity,
    NoSuchOffer,
    TradesAlone,
    mid_market,
    opening_storage,
)
from energychain.contracts.slots import TooLate, TooSoon
from tests.contracts.desk import KWH, SAVINGS, Desk, address, told

MEMBERS: dict[str, tuple[list[str], str]] = {
    "ann": (["prosumer"], "feeder 1"),
    "ben": (["prosumer"], "feeder 2"),
    "cat": (["consumer"], "feeder 1"),
    "dan": (["consumer"], "feeder 2"),
    "ecm": (["community manager"], "feeder 1"),
    "dso": (["distribution system operator"], ""),
}
LENGTH = 900
BEGIN = 10 * LENGTH
AFTER = BEGIN + LENGTH
IN, OUT = 300_000, 100_000


def desk(design: str = "full", rule: str = "uniform") -> Desk:
    return Desk("peer_to_peer", MEMBERS, opening_storage(design, 0, LENGTH, rule))


def cleared(counter: Desk) -> Any:
    counter.time = BEGIN
    return counter.act("dan", "clear", 10)


def in_pool(*orders: tuple[str, str, int, int], rule: str = "uniform") -> Desk:
    counter = desk(rule=rule)
    for name, side, energy, price in orders:
        counter.act(name, side, 10, energy, price)
    return counter


BOTH = (("ann", "sell", 3 * KWH, 120_000), ("dan", "buy", 2 * KWH, 200_000))


# --- the pool -------------------------------------------------------------------------


def test_the_pool_clears_and_pays_and_gives_the_rest_back() -> None:
    counter = in_pool(*BOTH)
    assert counter.money("dan") == -400_000
    events = cleared(counter)
    # The seller trades in part, so its limit is the only competitive price.
    assert told(events, "Sold", "energy", "price") == [(2 * KWH, 120_000)]
    assert counter.money("ann") == 240_000 == -counter.money("dan")
    assert counter.in_vault == 0


@pytest.mark.parametrize(
    ("rule", "price"), [("pairwise", 160_000), ("pay_as_bid", 200_000), ("last_pair", 160_000)]
)
def test_the_genesis_record_chooses_the_rule(rule: str, price: int) -> None:
    counter = in_pool(*BOTH, rule=rule)
    assert told(cleared(counter), "Sold", "price") == [(price,)]
    assert counter.money("ann") == 2 * price == -counter.money("dan")


def test_a_cancelled_order_is_gone_and_its_money_is_back() -> None:
    counter = in_pool(*BOTH)
    with pytest.raises(NoSuchOffer):
        counter.act("cat", "cancel", 10, 1)
    counter.act("dan", "cancel", 10, 1)
    with pytest.raises(NoSuchOffer):
        counter.act("dan", "cancel", 10, 1)
    assert counter.money("dan") == 0
    assert told(cleared(counter), "Sold", "energy") == []


def test_a_slot_is_cleared_once_and_trading_ends_when_it_begins() -> None:
    counter = in_pool(*BOTH)
    with pytest.raises(TooSoon):
        counter.act("ann", "clear", 10)
    counter.time = BEGIN
    for late in (
        ("ann", "sell", 10, KWH, 1),
        ("dan", "cancel", 10, 1),
        ("ann", "offer", 10, KWH, 1, ""),
        ("dso", "limit", 10, "feeder 1", 0, 0),
    ):
        with pytest.raises(TooLate):
            counter.act(*late)  # type: ignore[arg-type]
    cleared(counter)
    with pytest.raises(AlreadyDone):
        counter.act("ann", "clear", 10)


def test_a_slot_without_orders_clears_to_nothing() -> None:
    assert told(cleared(desk()), "Cleared", "price") == [(0,)]


# --- from one to one ------------------------------------------------------------------


def test_an_offer_is_for_whom_it_is_and_taken_once() -> None:
    counter = desk()
    counter.act("ann", "offer", 10, KWH, 150_000, address("cat"))
    for wrong in ("dan", "ben"):
        with pytest.raises(NoSuchOffer):
            counter.act(wrong, "accept", 10, 0)
    counter.act("cat", "accept", 10, 0)
    with pytest.raises(NoSuchOffer):
        counter.act("cat", "accept", 10, 0)
    with pytest.raises(NoSuchOffer):
        counter.act("ann", "withdraw", 10, 0)
    cleared(counter)
    assert counter.money("ann") == 150_000 == -counter.money("cat")
    assert counter.in_vault == 0


def test_an_offer_can_be_withdrawn_and_nobody_takes_its_own() -> None:
    counter = desk()
    counter.act("ann", "offer", 10, KWH, 150_000, "")
    with pytest.raises(BadArguments):
        counter.act("ann", "accept", 10, 0)
    with pytest.raises(NoSuchOffer):
        counter.act("ben", "withdraw", 10, 0)
    counter.act("ann", "withdraw", 10, 0)
    with pytest.raises(NoSuchOffer):
        counter.act("cat", "accept", 10, 0)


# --- the network ----------------------------------------------------------------------


def test_what_does_not_fit_between_feeders_is_refused_to_a_pair() -> None:
    counter = desk()
    counter.act("dso", "limit", 10, "feeder 1", 2 * KWH, 0)
    counter.act("ann", "offer", 10, 2 * KWH, 150_000, "")
    counter.act("ann", "offer", 10, 1, 150_000, "")
    counter.act("ann", "offer", 10, 5 * KWH, 150_000, "")
    counter.act("dan", "accept", 10, 0)
    with pytest.raises(LimitExceeded, match=r"0\.000000 kWh are left"):
        counter.act("dan", "accept", 10, 1)
    assert counter.tries("cat", "accept", 10, 2) == "", "what stays on the feeder needs no line"


def test_a_limit_stated_later_curtails_the_pair() -> None:
    counter = desk()
    counter.act("ann", "offer", 10, 4 * KWH, 150_000, "")
    counter.act("dan", "accept", 10, 0)
    counter.act("dso", "limit", 10, "feeder 2", 0, KWH)
    events = cleared(counter)
    assert told(events, "Sold", "energy") == [(KWH,)]
    assert told(events, "Curtailed", "energy") == [(3 * KWH,)]
    assert counter.money("ann") == 150_000 == -counter.money("dan")
    assert counter.in_vault == 0


def test_the_pool_is_cut_after_the_pairs_and_serves_its_own_feeder_first() -> None:
    counter = desk()
    counter.act("dso", "limit", 10, "feeder 1", 3 * KWH, KWH)
    counter.act("ann", "offer", 10, 2 * KWH, 150_000, "")
    counter.act("dan", "accept", 10, 0)
    counter.act("ann", "sell", 10, 5 * KWH, 100_000)
    counter.act("dan", "buy", 10, 4 * KWH, 200_000)
    counter.act("cat", "buy", 10, KWH, 200_000)
    events = cleared(counter)
    assert told(events, "Sold", "buyer", "energy") == [
        (address("dan"), 2 * KWH),
        (address("cat"), KWH),
        (address("dan"), KWH),
    ]
    assert told(events, "Curtailed", "energy") == [(3 * KWH,)]
    assert counter.in_vault == 0


def test_a_flow_the_other_way_makes_room() -> None:
    counter = desk()
    counter.act("dso", "limit", 10, "feeder 1", KWH, KWH)
    counter.act("ann", "offer", 10, KWH, 150_000, "")
    counter.act("ben", "offer", 10, 2 * KWH, 150_000, "")
    counter.act("ann", "offer", 10, KWH, 150_000, "")
    counter.act("dan", "accept", 10, 0)
    counter.act("cat", "accept", 10, 1)
    assert counter.tries("dan", "accept", 10, 2) == ""


# --- communities ----------------------------------------------------------------------


def community(design: str = "community", deposit: int = 10**6) -> Desk:
    counter = desk(design)
    for name in ("ann", "ben", "cat", "dan"):
        counter.act(name, "join", address("ecm"))
    counter.act("ecm", "quote", 10, IN, OUT, deposit)
    counter.time = AFTER
    return counter


def shared(counter: Desk) -> Any:
    counter.time = AFTER + LENGTH
    return counter.act("cat", "settle", 10, address("ecm"))


def test_the_community_shares_at_the_middle_and_the_manager_only_passes_on() -> None:
    counter = community()
    counter.act("ann", "report", 10, 3 * KWH)
    counter.act("cat", "report", 10, -KWH)
    shared(counter)
    # One kWh stays inside at 0.20; two are sold outside at 0.10.
    assert counter.money("cat") == -200_000
    assert counter.money("ann") == 400_000
    assert counter.money("ecm") == -200_000, "it sold two kWh outside at 0.10"
    assert counter.in_vault == 0


def test_what_is_missing_is_bought_outside_and_borne_by_those_who_miss_it() -> None:
    counter = community()
    counter.act("ann", "report", 10, KWH)
    counter.act("cat", "report", 10, -2 * KWH)
    counter.act("dan", "report", 10, -KWH)
    shared(counter)
    assert counter.money("ann") == 200_000
    assert counter.money("cat") == -533_333
    assert counter.money("dan") == -266_667
    assert counter.money("ecm") == 600_000, "it bought two kWh outside at 0.30"


def test_who_trades_alone_is_not_also_counted_in_its_community() -> None:
    counter = desk("hybrid")
    for name in ("ann", "cat"):
        counter.act(name, "join", address("ecm"))
    counter.act("ecm", "quote", 10, IN, OUT, 10**6)
    counter.act("ann", "sell", 10, KWH, 150_000)
    counter.time = AFTER
    with pytest.raises(TradesAlone):
        counter.act("ann", "report", 10, KWH)
    counter.act("cat", "report", 10, -KWH)


def test_a_surplus_that_the_manager_could_not_pay_is_refused() -> None:
    counter = community(deposit=300_000)
    counter.act("ann", "report", 10, 2 * KWH)
    with pytest.raises(MediatorsDeposit, match=r"4\.000000 kWh may cost it 400000"):
        counter.act("ben", "report", 10, 2 * KWH)
    counter.act("ben", "report", 10, KWH)


def test_reports_come_once_after_the_slot_from_those_who_joined() -> None:
    counter = community()
    counter.time = AFTER - 1
    with pytest.raises(TooSoon):
        counter.act("ann", "report", 10, 0)
    counter.time = AFTER
    counter.act("ann", "report", 10, 0)
    with pytest.raises(AlreadyDone):
        counter.act("ann", "report", 10, 0)
    with pytest.raises(TooSoon):
        counter.act("ann", "settle", 10, address("ecm"))
    counter.time = AFTER + LENGTH
    with pytest.raises(TooLate):
        counter.act("cat", "report", 10, 0)
    shared(counter)
    with pytest.raises(AlreadyDone):
        counter.act("ann", "settle", 10, address("ecm"))
    other = desk("community")
    other.time = AFTER
    with pytest.raises(NoCommunity, match="joined none"):
        other.act("ann", "report", 10, 0)
    with pytest.raises(NoCommunity):
        shared(other)


def test_a_quote_is_stated_once_and_buys_dearer_than_it_sells() -> None:
    counter = desk("community")
    with pytest.raises(BadArguments, match="trade with itself"):
        counter.act("ecm", "quote", 10, OUT, IN, 0)
    counter.act("ecm", "quote", 10, IN, OUT, 0)
    with pytest.raises(AlreadyDone):
        counter.act("ecm", "quote", 10, IN, OUT, 0)
    with pytest.raises(BadArguments):
        counter.act("ann", "join", address("ann"))


NET = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d", "e"]), st.integers(-9 * KWH, 9 * KWH), min_size=1
)


@given(NET, st.integers(0, 400_000), st.integers(0, 400_000))
def test_the_mid_market_rate_passes_on_what_the_outside_costs_and_leaves_nobody_worse_off(
    net: dict[str, int], one: int, other: int
) -> None:
    price_in, price_out = max(one, other), min(one, other)
    pays = mid_market({address(n): energy for n, energy in net.items()}, price_in, price_out)
    total = sum(net.values())
    outside = Fraction(-total * (price_in if total < 0 else price_out), KWH)
    assert abs(sum(pays.values()) - outside) < 1, "one micro-unit, as for everybody"
    for name, energy in net.items():
        alone = Fraction(-energy * (price_in if energy < 0 else price_out), KWH)
        assert pays[address(name)] < alone + 1, "never worse than alone with the retailer"


# --- whatever people do ---------------------------------------------------------------

NAME = st.sampled_from(tuple(MEMBERS))
ENERGY = st.sampled_from([1, 333_333, KWH, 2_500_001, 10**15])
RATE = st.sampled_from([0, 1, 99_999, 150_001, 200_000])
NUMBER = st.integers(0, 3)
FEEDER = st.sampled_from(["feeder 1", "feeder 2"])
SELLER = st.sampled_from(["ann", "ben", "ecm"])
BUYER = st.sampled_from(["ann", "cat", "dan", "ecm"])
HOME = st.sampled_from(["ann", "ben", "cat", "dan"])
DEED = st.one_of(
    st.tuples(st.just("sell"), SELLER, ENERGY, RATE),
    st.tuples(st.just("buy"), BUYER, ENERGY, RATE),
    st.tuples(st.just("offer"), SELLER, ENERGY, RATE, st.just("")),
    st.tuples(st.just("accept"), BUYER, NUMBER),
    st.tuples(st.sampled_from(["cancel", "withdraw", "accept"]), NAME, NUMBER),
    st.tuples(st.just("limit"), st.just("dso"), FEEDER, ENERGY, ENERGY),
    st.tuples(st.just("quote"), st.just("ecm"), RATE, RATE, st.sampled_from([10**5, 10**7])),
    st.tuples(st.just("report"), HOME, st.integers(-5 * KWH, 5 * KWH)),
    st.tuples(st.just("clear"), NAME),
)
STAGES = ("limit", "quote", "offer", "sell", "buy", "accept", "cancel", "withdraw")


@settings(max_examples=150)
@given(
    st.sampled_from(["full", "community", "hybrid"]),
    st.sampled_from(["uniform", "pairwise", "last_pair", "pay_as_bid"]),
    st.lists(DEED, min_size=25, max_size=50),
    st.booleans(),
)
def test_money_is_conserved_and_every_deposit_comes_out_again(
    design: str, rule: str, deeds: list[Any], orderly: bool
) -> None:
    counter = desk(design, rule)
    for name in ("ann", "ben", "cat", "dan"):
        counter.tries(name, "join", address("ecm"))
    if orderly:
        ranked = [*STAGES, "clear", "report"]
        deeds = sorted(deeds, key=lambda deed: ranked.index(deed[0]))
    for function, name, *said in deeds:
        if function in ("clear", "report") and orderly:
            counter.time = max(counter.time, BEGIN if function == "clear" else AFTER)
        counter.tries(name, function, *([] if function == "join" else [10]), *said)
        assert counter.total == SAVINGS * len(MEMBERS)
    counter.time = AFTER + LENGTH
    for _ in range(2):
        counter.tries("dso", "clear", 10)
        counter.tries("dso", "settle", 10, address("ecm"))
    assert counter.tries("dso", "clear", 10) == "already done"
    assert counter.in_vault == 0
    assert counter.total == SAVINGS * len(MEMBERS)


@settings(max_examples=100)
@given(
    st.lists(st.tuples(st.sampled_from(["ann", "ben"]), ENERGY, RATE), max_size=5),
    st.lists(st.tuples(st.sampled_from(["cat", "dan"]), ENERGY, RATE), max_size=5),
    st.sampled_from(["uniform", "pairwise", "pay_as_bid"]),
    st.integers(0, 3 * KWH),
)
def test_nobody_trades_beyond_its_limit_price_and_no_feeder_beyond_its_own(
    offers: list[Any], bids: list[Any], rule: str, most: int
) -> None:
    counter = desk(rule=rule)
    counter.act("dso", "limit", 10, "feeder 1", most, most)
    for name, energy, price in offers:
        counter.act(name, "sell", 10, energy, price)
    for name, energy, price in bids:
        counter.tries(name, "buy", 10, energy, price)
    sold = told(cleared(counter), "Sold", "seller", "buyer", "energy", "price")
    for seller, buyer, _, price in sold:
        assert price >= min(p for n, _, p in offers if address(n) == seller)
        assert price <= max(p for n, _, p in bids if address(n) == buyer)
    of_one = {address("ann"), address("cat")}
    out = sum(e for s, b, e, _ in sold if s in of_one and b not in of_one)
    into = sum(e for s, b, e, _ in sold if s not in of_one and b in of_one)
    assert abs(out - into) <= most
    assert counter.in_vault == 0
