"""Flexibility: the limit, the gate, the meter, and payment for what was delivered."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.contracts.calls import BadArguments
from energychain.contracts.flexibility import (
    AlreadyDone,
    LimitExceeded,
    NoLimitStated,
    NothingBooked,
    bookings_of,
    limit_of,
    opening_storage,
)
from energychain.contracts.slots import TooLate, TooSoon
from tests.contracts.desk import KWH, SAVINGS, Desk, address, told

MEMBERS: dict[str, tuple[list[str], str]] = {
    "dso": (["distribution system operator"], ""),
    "tso": (["transmission system operator"], ""),
    "agg": (["aggregator"], "feeder 1"),
    "battery": (["prosumer"], "feeder 1"),
    "loads": (["consumer"], "feeder 1"),
    "far": (["prosumer"], "feeder 2"),
}
SELLERS = ("agg", "battery", "loads", "far")
LENGTH, GATE = 900, 300
BEGIN = 10 * LENGTH
"""When slot 10 begins."""

PRODUCT = (10, "feeder 1", "up")


def desk() -> Desk:
    return Desk("flexibility", MEMBERS, opening_storage(0, LENGTH, GATE))


def overloaded(load: int = 50, high: int = 40) -> Desk:
    """Slot 10 of feeder 1 is expected to be 10 kWh too high."""
    counter = desk()
    counter.act("dso", "limit", 10, "feeder 1", load * KWH, -20 * KWH, high * KWH)
    return counter


def offered() -> Desk:
    counter = overloaded()
    counter.act("agg", "offer", 10, "up", 6 * KWH, 100_000, 20 * KWH)
    counter.act("battery", "offer", 10, "up", 4 * KWH, 150_000, 2 * KWH)
    counter.act("loads", "offer", 10, "up", 5 * KWH, 300_000, 8 * KWH)
    return counter


def cleared(quantity: int = 10, price: int = 400_000) -> Desk:
    counter = offered()
    counter.act("dso", "request", *PRODUCT, quantity * KWH, price)
    counter.time = BEGIN - GATE
    counter.act("loads", "clear", *PRODUCT)
    return counter


def activated() -> Desk:
    counter = cleared()
    counter.act("dso", "activate", *PRODUCT)
    counter.time = BEGIN + LENGTH
    return counter


def settle(counter: Desk, *product: Any) -> Any:
    counter.time = BEGIN + 2 * LENGTH
    return counter.act("far", "settle", *(product or PRODUCT))


# --- the limit ------------------------------------------------------------------------


def test_without_a_stated_limit_nothing_can_be_asked_for() -> None:
    with pytest.raises(NoLimitStated, match="feeder 1"):
        desk().act("dso", "request", *PRODUCT, KWH, 1)


def test_a_product_for_one_grid_must_not_harm_the_other() -> None:
    counter = overloaded(load=38, high=40)
    counter.act("tso", "request", 10, "feeder 1", "down", 2 * KWH, 1)
    with pytest.raises(LimitExceeded, match=r"0\.000000 kWh can still be asked for"):
        counter.act("tso", "request", 10, "feeder 1", "down", 1, 1)
    assert counter.tries("tso", "request", *PRODUCT, 58 * KWH, 1) == ""
    assert counter.tries("tso", "request", *PRODUCT, 1, 1) == "network limit"


def test_an_overload_leaves_no_room_to_make_it_worse_but_room_to_resolve_it() -> None:
    counter = overloaded(load=50, high=40)
    assert counter.tries("tso", "request", 10, "feeder 1", "down", 1, 1) == "network limit"
    assert counter.tries("dso", "request", *PRODUCT, 10 * KWH, 1) == ""


def test_what_was_asked_for_one_way_makes_no_room_the_other_way() -> None:
    counter = overloaded(load=40, high=40)
    counter.act("dso", "request", *PRODUCT, 10 * KWH, 1)
    assert counter.tries("tso", "request", 10, "feeder 1", "down", 1, 1) == "network limit"


def test_the_limits_stay_once_flexibility_was_asked_for() -> None:
    counter = overloaded()
    counter.act("tso", "limit", 10, "feeder 1", 45 * KWH, 0, 40 * KWH)
    stated = limit_of(counter.storage, 10, "feeder 1")
    assert stated is not None
    assert stated.load == 45 * KWH
    counter.act("dso", "request", *PRODUCT, KWH, 1)
    with pytest.raises(AlreadyDone):
        counter.act("dso", "limit", 10, "feeder 1", 50 * KWH, 0, 40 * KWH)


# --- the gate -------------------------------------------------------------------------


def test_bids_end_at_the_gate_and_clearing_and_calling_at_the_slot() -> None:
    counter = offered()
    counter.act("dso", "request", *PRODUCT, KWH, 10**6)
    counter.time = BEGIN - GATE - 1
    with pytest.raises(TooSoon):
        counter.act("dso", "clear", *PRODUCT)
    counter.time = BEGIN - GATE
    for late in (
        ("far", "offer", 10, "up", KWH, 1, 0),
        ("dso", "request", *PRODUCT, KWH, 1),
        ("dso", "limit", 10, "feeder 1", 0, 0, 0),
    ):
        with pytest.raises(TooLate):
            counter.act(*late)  # type: ignore[arg-type]
    counter.act("dso", "clear", *PRODUCT)
    with pytest.raises(AlreadyDone):
        counter.act("dso", "clear", *PRODUCT)
    counter.time = BEGIN
    with pytest.raises(TooLate):
        counter.act("dso", "activate", *PRODUCT)


def test_cheapest_first_at_one_price_and_only_on_the_feeder() -> None:
    counter = offered()
    counter.act("far", "offer", 10, "up", 10 * KWH, 1, 0)
    counter.act("dso", "request", *PRODUCT, 10 * KWH, 300_000)
    counter.time = BEGIN - GATE
    counter.act("dso", "clear", *PRODUCT)
    bookings = bookings_of(counter.storage, *PRODUCT)
    assert [booking.quantity for booking in bookings] == [6 * KWH, 4 * KWH]
    # Exactly covered: every price from the last seller inside to the first outside (and the
    # bid) is competitive; the middle is taken.
    assert {booking.price for booking in bookings} == {225_000}


def test_one_offer_a_slot_because_a_meter_shows_one_change() -> None:
    counter = offered()
    for product in ("up", "down"):
        with pytest.raises(AlreadyDone):
            counter.act("agg", "offer", 10, product, KWH, 1, 0)
    counter.act("agg", "offer", 11, "down", KWH, 1, 0)


def test_only_a_buyer_with_a_booking_calls_and_once() -> None:
    counter = cleared()
    with pytest.raises(NothingBooked):
        counter.act("tso", "activate", *PRODUCT)
    counter.act("dso", "activate", *PRODUCT)
    with pytest.raises(NothingBooked):
        counter.act("dso", "activate", *PRODUCT)


# --- the meter ------------------------------------------------------------------------


def test_what_was_delivered_is_paid_and_the_rest_goes_back() -> None:
    counter = activated()
    counter.act("agg", "measure", 10, 14 * KWH)  # all 6
    counter.act("battery", "measure", 10, KWH)  # 1 of 4
    events = settle(counter)
    assert told(events, "Delivered", "booked", "energy") == [
        (6 * KWH, 6 * KWH),
        (4 * KWH, KWH),
    ]
    assert counter.money("agg") == 6 * 225_000
    assert counter.money("battery") == 225_000
    assert counter.money("dso") == -7 * 225_000
    assert counter.in_vault == 0


def test_more_than_was_called_is_not_paid_and_the_wrong_way_neither() -> None:
    counter = activated()
    counter.act("agg", "measure", 10, -100 * KWH)
    counter.act("battery", "measure", 10, 3 * KWH)
    settle(counter)
    assert (counter.money("agg"), counter.money("battery")) == (6 * 225_000, 0)


def test_who_was_not_measured_is_not_paid() -> None:
    counter = activated()
    settle(counter)
    assert counter.money("agg") == counter.money("dso") == counter.in_vault == 0


def test_what_was_not_called_costs_nothing_even_if_delivered() -> None:
    counter = cleared()
    counter.time = BEGIN + LENGTH
    counter.act("agg", "measure", 10, 14 * KWH)
    settle(counter)
    assert counter.money("agg") == counter.money("dso") == 0


def test_what_was_never_cleared_goes_back() -> None:
    counter = offered()
    counter.act("dso", "request", *PRODUCT, 10 * KWH, 400_000)
    assert counter.in_vault == 4_000_000
    settle(counter)
    assert counter.money("dso") == counter.in_vault == 0


def test_a_part_is_shared_by_its_buyers_in_proportion() -> None:
    counter = overloaded()
    counter.act("agg", "offer", 10, "up", 9 * KWH, 100_000, 20 * KWH)
    counter.act("dso", "request", *PRODUCT, 6 * KWH, 100_000)
    counter.act("battery", "request", *PRODUCT, 3 * KWH, 100_000)
    counter.time = BEGIN - GATE
    counter.act("dso", "clear", *PRODUCT)
    counter.act("dso", "activate", *PRODUCT)
    counter.act("battery", "activate", *PRODUCT)
    counter.time = BEGIN + LENGTH
    counter.act("agg", "measure", 10, 17 * KWH)
    settle(counter)
    assert (counter.money("dso"), counter.money("battery")) == (-200_000, -100_000)
    assert counter.money("agg") == 300_000


def test_down_is_measured_the_other_way() -> None:
    counter = overloaded(load=10, high=40)
    product = (10, "feeder 1", "down")
    counter.act("agg", "offer", 10, "down", 5 * KWH, 100_000, 3 * KWH)
    counter.act("tso", "request", *product, 5 * KWH, 100_000)
    counter.time = BEGIN - GATE
    counter.act("tso", "clear", *product)
    counter.act("tso", "activate", *product)
    counter.time = BEGIN + LENGTH
    counter.act("agg", "measure", 10, 7 * KWH)
    settle(counter, *product)
    assert counter.money("agg") == 400_000


def test_a_meter_reports_once_in_its_time_and_only_what_was_offered() -> None:
    counter = activated()
    counter.time = BEGIN + LENGTH - 1
    with pytest.raises(TooSoon):
        counter.act("agg", "measure", 10, 0)
    counter.time += 1
    counter.act("agg", "measure", 10, 0)
    with pytest.raises(AlreadyDone):
        counter.act("agg", "measure", 10, 0)
    with pytest.raises(NothingBooked):
        counter.act("far", "measure", 10, 0)
    with pytest.raises(TooSoon):
        counter.act("agg", "settle", *PRODUCT)
    counter.time = BEGIN + 2 * LENGTH
    with pytest.raises(TooLate):
        counter.act("battery", "measure", 10, 0)
    counter.act("agg", "settle", *PRODUCT)
    with pytest.raises(AlreadyDone):
        counter.act("agg", "settle", *PRODUCT)


@pytest.mark.parametrize(
    "given",
    [
        ("dso", "limit", 10, "feeder 1", 0, 2, 1),
        ("dso", "limit", 10, 1, 0, 1, 2),
        ("dso", "limit", 10, "feeder 1", 10**16, 0, 1),
        ("agg", "offer", 10, "sideways", KWH, 1, 0),
        ("agg", "offer", 10, "up", 0, 1, 0),
        ("agg", "offer", 10, "up", KWH, -1, 0),
        ("agg", "offer", -1, "up", KWH, 1, 0),
        ("dso", "request", 10, "feeder 1", "up", 10**16, 1),
    ],
)
def test_senseless_arguments_are_refused(given: Any) -> None:
    with pytest.raises(BadArguments):
        desk().act(*given)


# --- whatever people do ---------------------------------------------------------------

NAME = st.sampled_from(tuple(MEMBERS))
BUYER = st.sampled_from(["dso", "tso", "loads"])
FEEDER = st.sampled_from(["feeder 1", "feeder 1", "feeder 2"])
WAY = st.sampled_from(["up", "up", "down"])
SLOT = st.sampled_from([1, 1, 1, 2])
ENERGY = st.sampled_from([1, 333_333, KWH, 2_500_001])
PRICE = st.sampled_from([0, 99_999, 150_001, 400_000])
LOAD = st.integers(-5 * KWH, 5 * KWH)
DEED = st.one_of(
    st.tuples(st.just("offer"), st.sampled_from(SELLERS), SLOT, WAY, ENERGY, PRICE, LOAD),
    st.tuples(st.just("request"), BUYER, SLOT, FEEDER, WAY, ENERGY, PRICE),
    st.tuples(st.just("request"), BUYER, SLOT, FEEDER, WAY, st.just(20 * KWH), PRICE),
    st.tuples(st.sampled_from(["clear", "settle"]), NAME, SLOT, FEEDER, WAY),
    st.tuples(st.just("activate"), BUYER, SLOT, FEEDER, WAY),
    st.tuples(st.just("measure"), st.sampled_from(SELLERS), SLOT, LOAD),
    st.tuples(st.just("wait"), st.sampled_from([1, 300, 600])),
)


@settings(max_examples=150)
@given(st.lists(DEED, min_size=25, max_size=50), st.booleans())
def test_money_is_conserved_and_every_deposit_comes_out_again(
    deeds: list[Any], orderly: bool
) -> None:
    counter = desk()
    for slot in (1, 2):
        for feeder in ("feeder 1", "feeder 2"):
            counter.act("dso", "limit", slot, feeder, 5 * KWH, -10 * KWH, 20 * KWH)
    if orderly:  # in the order of a slot's life, so that much of it comes to pass
        order = ("offer", "request", "clear", "activate", "measure", "wait", "settle")
        deeds = sorted(deeds, key=lambda deed: order.index(deed[0]))
    for function, *said in deeds:
        if orderly and function in ("clear", "activate"):
            counter.time = max(counter.time, LENGTH - GATE)
        if orderly and function == "measure":
            counter.time = max(counter.time, 2 * LENGTH)
        if function == "wait":
            counter.time += said[0]
        else:
            counter.tries(said[0], function, *said[1:])
        assert counter.total == SAVINGS * len(MEMBERS)
    counter.time = max(counter.time, 4 * LENGTH)
    for slot in (1, 2):
        for feeder in ("feeder 1", "feeder 2"):
            for way in ("up", "down"):
                counter.tries("far", "settle", slot, feeder, way)
                assert counter.tries("far", "settle", slot, feeder, way) == "already done"
    assert counter.in_vault == 0
    assert counter.total == SAVINGS * len(MEMBERS)


@settings(max_examples=100)
@given(
    st.lists(st.tuples(ENERGY, PRICE, LOAD, LOAD), min_size=3, max_size=3),
    st.lists(st.tuples(st.sampled_from([KWH, 3 * KWH + 1]), PRICE), min_size=1, max_size=3),
)
def test_nobody_pays_more_than_its_limit_or_for_more_than_was_delivered(
    offers: list[Any], requests: list[Any]
) -> None:
    counter = overloaded(load=50, high=60)
    for name, (energy, price, baseline, _) in zip(SELLERS, offers, strict=False):
        counter.act(name, "offer", 10, "up", energy, price, baseline)
    for name, (energy, price) in zip(("dso", "tso", "far"), requests, strict=False):
        counter.act(name, "request", *PRODUCT, energy, price)
    counter.time = BEGIN - GATE
    counter.act("dso", "clear", *PRODUCT)
    for name in ("dso", "tso", "far"):
        counter.tries(name, "activate", *PRODUCT)
    counter.time = BEGIN + LENGTH
    for name, (_, _, _, load) in zip(SELLERS, offers, strict=False):
        counter.act(name, "measure", 10, load)
    delivered = told(settle(counter), "Delivered", "seller", "energy", "price")
    for name, (energy, price, baseline, load) in zip(SELLERS, offers, strict=False):
        mine = [(sold, at) for who, sold, at in delivered if who == address(name)]
        assert sum(sold for sold, _ in mine) <= min(energy, max(0, baseline - load))
        assert all(at >= price for _, at in mine)
        exact = sum(sold * at for sold, at in mine)
        assert abs(counter.money(name) * KWH - exact) < KWH, "less than one micro-unit is rounded"
    for name, (energy, price) in zip(("dso", "tso", "far"), requests, strict=False):
        assert 0 <= -counter.money(name) <= -(-energy * price // KWH)
    assert counter.in_vault == 0
