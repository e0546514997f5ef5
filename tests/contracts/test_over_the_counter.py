"""Over the counter: a pseudonym, a margin, a border, and who defaults."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.contracts.calls import BadArguments
from energychain.contracts.over_the_counter import (
    AlreadyDone,
    LimitExceeded,
    NoLimitStated,
    NoSuchTrade,
    WrongIdentity,
    border_flow,
    identity_digest,
    opening_storage,
    trade_of,
)
from energychain.contracts.slots import TooLate, TooSoon
from tests.contracts.desk import KWH, SAVINGS, Desk, address, told

MEMBERS: dict[str, tuple[list[str], str]] = {
    "plant": (["generating company"], "north"),
    "wind": (["aggregator"], "south"),
    "mask": (["generating company"], "north"),  # the plant's pseudonym
    "veil": (["aggregator"], "south"),  # the wind farm's pseudonym
    "shop": (["retailer"], "south"),
    "steel": (["large customer"], "north"),
    "tso": (["transmission system operator"], ""),
}
BEHIND = {"mask": "plant", "veil": "wind"}
SALT = b"sixteen bytes or"
LENGTH, MARGIN, REVEAL = 3_600, 10, 600
BEGIN = 10 * LENGTH
PRICE = 50_000  # micro-money per kWh
MWH = 1_000 * KWH
VALUE = 50 * 10**6
"""What one megawatt-hour costs [micro-money]."""


def desk(limit: int | None = 100 * MWH, margin: int = MARGIN) -> Desk:
    counter = Desk("over_the_counter", MEMBERS, opening_storage(0, LENGTH, margin, REVEAL))
    if limit is not None:
        counter.act("tso", "limit", 10, "north", "south", limit)
    return counter


def offer(counter: Desk, mask: str = "mask", kind: str = "spot", energy: int = MWH) -> None:
    identity = identity_digest(address(BEHIND[mask]), SALT, address(mask))
    counter.act(mask, "offer", identity, kind, 10, energy, PRICE)


def agreed(kind: str = "spot", **terms: Any) -> Desk:
    counter = desk(**terms)
    offer(counter, kind=kind)
    counter.act("shop", "accept", 0)
    return counter


def revealed(kind: str = "spot", **terms: Any) -> Desk:
    counter = agreed(kind, **terms)
    counter.act("plant", "reveal", 0, SALT)
    return counter


def delivered(counter: Desk, energy: int) -> Any:
    counter.time = BEGIN + LENGTH
    counter.act("tso", "measure", 0, energy)
    return counter.act("steel", "settle", 0)


# --- who is behind it -----------------------------------------------------------------


def test_nothing_on_the_ledger_names_the_seller_before_it_says_so() -> None:
    counter = agreed()
    shown = repr(counter.storage["offer", 0]) + repr(counter.storage["trade", 0])
    assert address("plant") not in shown
    assert address("mask") in shown
    counter.act("plant", "reveal", 0, SALT)
    assert trade_of(counter.storage, 0).seller == address("plant")


def test_a_digest_without_a_secret_salt_is_broken_by_trying_all_members() -> None:
    no_salt = identity_digest(address("plant"), b"", address("mask"))
    found = [
        name for name in MEMBERS if identity_digest(address(name), b"", address("mask")) == no_salt
    ]
    assert found == ["plant"]
    salted = identity_digest(address("plant"), SALT, address("mask"))
    assert all(identity_digest(address(name), b"", address("mask")) != salted for name in MEMBERS)
    counter = desk()
    counter.act("mask", "offer", no_salt, "spot", 10, MWH, PRICE)
    counter.act("shop", "accept", 0)
    with pytest.raises(BadArguments, match="at least 16 bytes"):
        counter.act("plant", "reveal", 0, b"")


def test_nobody_reveals_itself_as_another_and_nobody_copies_a_digest() -> None:
    counter = agreed()
    for name, salt in (("wind", SALT), ("plant", SALT[::-1]), ("mask", SALT)):
        with pytest.raises(WrongIdentity):
            counter.act(name, "reveal", 0, salt)
    copied = counter.storage["offer", 0][1]  # type: ignore[index]
    counter.act("veil", "offer", copied, "spot", 10, MWH, PRICE)
    counter.act("steel", "accept", 1)
    with pytest.raises(WrongIdentity):
        counter.act("plant", "reveal", 1, SALT)


def test_who_does_not_reveal_itself_in_time_loses_its_margin() -> None:
    counter = agreed()
    with pytest.raises(TooSoon):
        counter.act("tso", "settle", 0)
    counter.time = REVEAL
    with pytest.raises(TooLate):
        counter.act("plant", "reveal", 0, SALT)
    counter.act("tso", "settle", 0)
    assert counter.money("shop") == VALUE // 10 == -counter.money("mask")
    assert counter.in_vault == 0


# --- offers ---------------------------------------------------------------------------


def test_an_offer_is_taken_once_or_cancelled_by_its_maker() -> None:
    counter = agreed()
    for name in ("shop", "steel"):
        with pytest.raises(NoSuchTrade):
            counter.act(name, "accept", 0)
    with pytest.raises(NoSuchTrade):
        counter.act("mask", "cancel", 0)
    offer(counter)
    with pytest.raises(NoSuchTrade):
        counter.act("veil", "cancel", 1)
    counter.act("mask", "cancel", 1)
    with pytest.raises(NoSuchTrade):
        counter.act("shop", "accept", 1)
    assert counter.money("mask") == -VALUE // 10


def test_an_offer_must_leave_time_to_reveal() -> None:
    counter = desk()
    offer(counter)
    counter.time = BEGIN - REVEAL + 1
    with pytest.raises(TooLate):
        counter.act("shop", "accept", 0)
    counter.time -= 1
    counter.act("shop", "accept", 0)
    late = desk()
    late.time = BEGIN
    with pytest.raises(TooLate):
        offer(late)


@pytest.mark.parametrize(
    "given",
    [
        ("mask", "offer", b"short", "spot", 10, MWH, PRICE),
        ("mask", "offer", "0" * 32, "spot", 10, MWH, PRICE),
        ("mask", "offer", b"0" * 32, "swap", 10, MWH, PRICE),
        ("mask", "offer", b"0" * 32, "spot", 10, 0, PRICE),
        ("mask", "offer", b"0" * 32, "spot", 10, MWH, -1),
        ("mask", "offer", b"0" * 32, "spot", -1, MWH, PRICE),
    ],
)
def test_senseless_offers_are_refused(given: Any) -> None:
    with pytest.raises(BadArguments):
        desk().act(*given)


# --- security -------------------------------------------------------------------------


def test_each_trade_is_checked_by_itself() -> None:
    counter = desk(limit=None)
    offer(counter)
    with pytest.raises(NoLimitStated, match="north-south"):
        counter.act("shop", "accept", 0)
    counter.act("tso", "limit", 10, "south", "north", 2 * MWH)
    counter.act("shop", "accept", 0)
    offer(counter)
    offer(counter, energy=1)
    counter.act("shop", "accept", 1)
    with pytest.raises(LimitExceeded, match=r"carries 2000\.000000 kWh"):
        counter.act("shop", "accept", 2)
    assert border_flow(counter.storage, 10, "north", "south") == 2 * MWH
    assert border_flow(counter.storage, 10, "south", "north") == -2 * MWH


def test_a_flow_the_other_way_makes_room_and_no_border_needs_no_limit() -> None:
    counter = desk(limit=MWH)
    offer(counter)
    counter.act("shop", "accept", 0)
    offer(counter)
    with pytest.raises(LimitExceeded):
        counter.act("shop", "accept", 1)
    offer(counter, "veil")
    checks = told(counter.act("steel", "accept", 2), "Checked", "flow")
    assert checks == [(0,)]
    counter.act("shop", "accept", 1)
    offer(counter)
    assert told(counter.act("steel", "accept", 3), "Checked", "flow") == []


@pytest.mark.parametrize(("mask", "buyer"), [("mask", "shop"), ("veil", "steel")])
def test_the_limit_holds_in_both_directions(mask: str, buyer: str) -> None:
    counter = desk(limit=MWH)
    offer(counter, mask, energy=MWH + 1)
    with pytest.raises(LimitExceeded):
        counter.act(buyer, "accept", 0)
    offer(counter, mask, energy=MWH)
    counter.act(buyer, "accept", 1)


def test_an_agreed_trade_stays_agreed() -> None:
    counter = agreed()
    with pytest.raises(LimitExceeded, match="buy flexibility"):
        counter.act("tso", "limit", 10, "north", "south", MWH - 1)
    counter.act("tso", "limit", 10, "north", "south", MWH)


def test_cash_moves_no_energy() -> None:
    counter = desk(limit=0)
    offer(counter, kind="forward, cash")
    counter.act("shop", "accept", 0)
    assert border_flow(counter.storage, 10, "north", "south") == 0


def test_a_trade_that_fell_through_gives_its_room_back() -> None:
    counter = desk(limit=MWH)
    offer(counter)
    counter.act("shop", "accept", 0)
    counter.time = REVEAL
    counter.act("tso", "settle", 0)
    offer(counter)
    assert counter.tries("shop", "accept", 1) == ""


# --- delivery -------------------------------------------------------------------------


def test_spot_is_paid_at_once_and_goes_to_the_seller_on_delivery() -> None:
    counter = revealed()
    assert counter.money("shop") == -VALUE
    delivered(counter, 2 * MWH)
    assert counter.money("plant") == VALUE == -counter.money("shop")
    assert counter.money("mask") == counter.in_vault == 0


def test_a_delivery_in_part_is_paid_in_part_and_costs_that_part_of_the_margin() -> None:
    counter = revealed()
    events = delivered(counter, MWH // 4)
    assert told(events, "Defaulted", "who", "money") == [(address("plant"), VALUE * 3 // 40)]
    assert counter.money("plant") == VALUE // 4
    assert counter.money("mask") == -VALUE * 3 // 40
    assert counter.money("shop") == -VALUE // 4 + VALUE * 3 // 40
    assert counter.in_vault == 0


def test_a_forward_is_bound_by_margins_and_paid_before_delivery() -> None:
    counter = revealed("forward")
    assert counter.money("shop") == counter.money("mask") == -VALUE // 10
    counter.act("shop", "pay", 0)
    with pytest.raises(NoSuchTrade):
        counter.act("shop", "pay", 0)
    assert counter.money("shop") == -VALUE
    delivered(counter, MWH)
    assert (counter.money("plant"), counter.money("mask")) == (VALUE, 0)
    assert counter.in_vault == 0


def test_who_does_not_pay_in_time_loses_its_margin() -> None:
    counter = revealed("forward")
    with pytest.raises(TooSoon):
        counter.act("plant", "settle", 0)
    with pytest.raises(NoSuchTrade):
        counter.act("steel", "pay", 0)
    counter.time = BEGIN
    with pytest.raises(TooLate):
        counter.act("shop", "pay", 0)
    counter.act("plant", "settle", 0)
    assert counter.money("plant") == VALUE // 10 == -counter.money("shop")
    assert counter.money("mask") == counter.in_vault == 0


@pytest.mark.parametrize(
    ("spot", "to_buyer", "defaulted"),
    [
        (52_000, 2 * 10**6, []),
        (47_000, -3 * 10**6, []),
        (50_000, 0, []),
        (60_000, 5 * 10**6, [("plant", 5 * 10**6)]),
        (0, -5 * 10**6, [("shop", 45 * 10**6)]),
    ],
)
def test_cash_pays_the_difference_up_to_the_margin(
    spot: int, to_buyer: int, defaulted: list[tuple[str, int]]
) -> None:
    counter = revealed("forward, cash")
    counter.time = BEGIN + LENGTH
    counter.act("tso", "reference", 10, spot)
    with pytest.raises(AlreadyDone):
        counter.act("tso", "reference", 10, spot)
    events = counter.act("shop", "settle", 0)
    assert told(events, "Defaulted", "who", "money") == [
        (address(name), money) for name, money in defaulted
    ]
    assert counter.money("shop") == to_buyer
    assert counter.money("mask") + counter.money("plant") == -to_buyer
    assert counter.in_vault == 0


@pytest.mark.parametrize("kind", ["spot", "forward", "forward, cash"])
def test_if_the_operator_says_nothing_all_get_back_what_they_put_down(kind: str) -> None:
    counter = revealed(kind)
    counter.tries("shop", "pay", 0)
    counter.time = BEGIN + 2 * LENGTH - 1
    with pytest.raises(TooSoon):
        counter.act("shop", "settle", 0)
    counter.time += 1
    with pytest.raises(TooLate):
        counter.act("tso", *(("reference", 10, 1) if "cash" in kind else ("measure", 0, 1)))
    counter.act("shop", "settle", 0)
    assert [counter.money(name) for name in MEMBERS] == [0] * len(MEMBERS)


def test_a_trade_is_measured_and_settled_once() -> None:
    counter = revealed()
    with pytest.raises(TooSoon):
        counter.act("tso", "measure", 0, MWH)
    counter.time = BEGIN + LENGTH
    with pytest.raises(TooSoon):
        counter.act("shop", "settle", 0)
    counter.act("tso", "measure", 0, MWH)
    with pytest.raises(AlreadyDone):
        counter.act("tso", "measure", 0, 0)
    counter.act("shop", "settle", 0)
    with pytest.raises(NoSuchTrade, match="is done"):
        counter.act("shop", "settle", 0)


# --- whatever people do ---------------------------------------------------------------

NUMBER = st.integers(0, 2)
ENERGY = st.sampled_from([1, 333_333, MWH, 3 * MWH + 1])
RATE = st.sampled_from([0, 1, 1_999, 2_500])
KIND = st.sampled_from(["spot", "forward", "forward, cash"])
DEED = st.one_of(
    st.tuples(st.just("offer"), st.sampled_from(list(BEHIND)), KIND, ENERGY, RATE),
    st.tuples(st.just("accept"), st.sampled_from(["shop", "steel"]), NUMBER),
    st.tuples(st.just("reveal"), st.sampled_from(["plant", "wind"]), NUMBER),
    st.tuples(st.just("pay"), st.sampled_from(["shop", "steel"]), NUMBER),
    st.tuples(st.just("measure"), st.just("tso"), NUMBER, ENERGY),
    st.tuples(st.just("reference"), st.just("tso"), RATE),
    st.tuples(st.sampled_from(["settle", "cancel"]), st.sampled_from(list(MEMBERS)), NUMBER),
)
STAGES = ("offer", "accept", "reveal", "pay", "measure", "reference", "settle", "cancel")


@settings(max_examples=150)
@given(
    st.lists(DEED, min_size=25, max_size=50),
    st.booleans(),
    st.lists(st.sampled_from([0, 60, LENGTH]), max_size=8),
    st.sampled_from([0, 10, 100]),
)
def test_money_is_conserved_and_every_deposit_comes_out_again(
    deeds: list[Any], orderly: bool, waits: list[int], margin: int
) -> None:
    counter = desk(margin=margin)
    if orderly:
        deeds = sorted(deeds, key=lambda deed: STAGES.index(deed[0]))
    for i, deed in enumerate(deeds):
        if not orderly and i < len(waits):
            counter.time += waits[i] * 4
        if orderly and deed[0] in ("measure", "reference"):
            counter.time = BEGIN + LENGTH
        match deed:
            case ("offer", mask, kind, energy, rate):
                identity = identity_digest(address(BEHIND[mask]), SALT, address(mask))
                counter.tries(mask, "offer", identity, kind, 10, energy, rate)
            case ("reveal", name, number):
                counter.tries(name, "reveal", number, SALT)
            case ("reference", name, rate):
                counter.tries(name, "reference", 10, rate)
            case (function, name, *said):
                counter.tries(name, function, *said)
        assert counter.total == SAVINGS * len(MEMBERS)
    counter.time = BEGIN + 3 * LENGTH
    for number in range(len(deeds)):
        for name in ("mask", "veil"):
            counter.tries(name, "cancel", number)
        counter.tries("tso", "settle", number)
        assert counter.tries("tso", "settle", number) == "trade"
    assert counter.in_vault == 0
    assert counter.total == SAVINGS * len(MEMBERS)
