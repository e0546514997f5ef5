"""The demand-response contract: who may do what, by when, and where every micro goes."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.contracts import CONTRACTS
from energychain.contracts.calls import BadArguments, vault
from energychain.contracts.demand_response import (
    CONTRACT,
    DAY,
    account,
    asked,
    command_of,
    delivery,
    earned,
    events,
    grid_state,
    opening_storage,
    worth,
)
from energychain.contracts.slots import cost
from energychain.contracts.token import MONEY
from energychain.ledger.state import Call, Event, GasSchedule, Setting, State, Worksheet
from energychain.ledger.transaction import Value
from energychain.primitives.keys import Address
from energychain.primitives.refusals import Refusal

SAVINGS = 10**9
KWH = 10**6
EURO = 10**6
FLAT = (KWH,) * 24
EVENT_DAY = 16
HOUR = 3_600


def address(name: str) -> Address:
    return Address("0x" + name.encode().hex().rjust(40, "0"))


class Desk:
    """The contract alone, at a time that one sets; two homes and the operator."""

    def __init__(self, rule: str = "ten_in_ten_unadjusted", homes: tuple[str, ...] = ("ann",)):
        storage: dict[str, dict[Value, Value]] = {CONTRACT: {}}
        for where, key, value in opening_storage(address("operator"), 0, 24, rule):
            storage[where][key] = value
        self.names = ("operator", "ann", "ben", "eve")
        balances = {(MONEY, address(name)): SAVINGS for name in self.names}
        self.sheet, self.time, self.homes = Worksheet(State(balances, {}, storage)), 0, homes
        for home in homes:
            self.act(home, "enrol", 10 * EURO)
        for day in range(14):
            self.time = (day + 1) * DAY
            for home in homes:
                self.act(home, "meter", day, FLAT)

    def act(self, name: str, function: str, *given: Value) -> tuple[Event, ...]:
        setting = Setting("floor", CONTRACTS, GasSchedule(), self.time, address("miner"))
        call = Call(function, given, self.time, self.sheet.balance)
        return self.sheet.rehearse(CONTRACT, address(name), call, setting)

    def refused(self, name: str, function: str, *given: Value) -> str:
        """The rule that refuses; nothing may have changed."""
        before = self.sheet.state()
        with pytest.raises(Refusal) as refusal:
            self.act(name, function, *given)
        assert self.sheet.state() == before
        assert str(refusal.value).strip()
        return refusal.value.rule

    def command(
        self,
        home: str = "ann",
        commanded: tuple[int, ...] = (700_000,) * 3,
        incentive: int = EURO,
        penalty: int = EURO // 2,
        by: str = "operator",
    ) -> tuple[Event, ...]:
        self.time = EVENT_DAY * DAY - HOUR
        whom = address(home)
        return self.act(by, "command", whom, EVENT_DAY, 17, commanded, incentive, penalty)

    def finish(self, home: str, used: tuple[int, ...] | None) -> None:
        """The event's day is measured (or is not), verified and settled."""
        self.time = (EVENT_DAY + 1) * DAY
        if used is None:
            self.time += DAY
        else:
            self.act(home, "meter", EVENT_DAY, FLAT[:17] + used + FLAT[17 + len(used) :])
        self.act("eve", "verify", address(home), EVENT_DAY)
        self.act("eve", "settle", address(home), EVENT_DAY)

    def gain(self, name: str) -> int:
        return self.sheet.balance(MONEY, address(name)) - SAVINGS

    @property
    def storage(self) -> Any:
        return self.sheet.state().storage[CONTRACT]

    @property
    def in_vault(self) -> int:
        return self.sheet.balance(MONEY, vault(CONTRACT))


# --- what is paid ---------------------------------------------------------------------


def test_a_settlement_by_hand() -> None:
    """Baseline 1 kWh an hour, commanded 0.7: asked 0.9 kWh in all. Used 0.6, 0.8 and 1.1:
    delivered 0.3 (no more counts), 0.2 and 0; short by 0, 0.1 and 0.3. At 1 euro and at
    half a euro: 0.50 earned, 0.20 forfeited.
    """
    desk = Desk()
    desk.command()
    assert desk.gain("operator") == -900_000
    desk.finish("ann", (600_000, 800_000, 1_100_000))
    assert command_of(desk.storage, address("ann"), EVENT_DAY).delivered == (300_000, 200_000, 0)  # type: ignore[union-attr]
    desk.act("ann", "leave")
    assert desk.gain("ann") == 500_000 - 200_000
    assert desk.gain("operator") == -300_000
    assert desk.in_vault == 0
    assert earned(desk.storage) == {address("ann"): 500_000}


def test_more_use_is_paid_where_more_is_asked() -> None:
    desk = Desk()
    desk.command(commanded=(1_300_000, 1_300_000))
    desk.finish("ann", (1_200_000, 900_000))
    desk.act("ann", "leave")
    assert desk.gain("ann") == 200_000 - (100_000 + 300_000) // 2


def test_who_does_not_report_has_delivered_nothing() -> None:
    desk = Desk()
    desk.command()
    desk.time = (EVENT_DAY + 1) * DAY
    assert desk.refused("eve", "verify", address("ann"), EVENT_DAY) == "too soon"
    desk.finish("ann", None)
    desk.act("ann", "leave")
    assert desk.gain("ann") == -450_000
    assert desk.gain("operator") == 450_000


def test_the_same_day_adjustment_counts_in_the_verified_baseline() -> None:
    desk = Desk("ten_in_ten")
    desk.command()
    desk.time = (EVENT_DAY + 1) * DAY
    busy = FLAT[:13] + (1_100_000,) * 3 + (KWH,) + (900_000,) * 3 + FLAT[20:]
    desk.act("ann", "meter", EVENT_DAY, busy)
    desk.act("eve", "verify", address("ann"), EVENT_DAY)
    shown = account(desk.storage, address("ann"), EVENT_DAY)
    assert shown.baseline == (1_100_000,) * 3
    assert shown.current == busy
    assert shown.commanded == (700_000,) * 3
    assert command_of(desk.storage, address("ann"), EVENT_DAY).delivered == (200_000,) * 3  # type: ignore[union-attr]


def test_an_event_day_is_no_part_of_the_next_baseline() -> None:
    desk = Desk()
    desk.command()
    desk.finish("ann", (0, 0, 0))
    desk.time = (EVENT_DAY + 2) * DAY - HOUR
    whom = address("ann")
    desk.act("operator", "command", whom, EVENT_DAY + 2, 17, (700_000,), EURO, EURO)
    assert command_of(desk.storage, whom, EVENT_DAY + 2).expected == (KWH,)  # type: ignore[union-attr]


def test_the_grid_state_adds_up_the_prosumers() -> None:
    desk = Desk(homes=("ann", "ben"))
    desk.command("ann")
    desk.command("ben", (500_000,))
    before = grid_state(desk.storage, EVENT_DAY)
    assert before.imbalance[17:20] == (800_000, 300_000, 300_000)
    desk.finish("ann", (600_000, 800_000, 1_100_000))
    desk.finish("ben", None)
    state = grid_state(desk.storage, EVENT_DAY)
    assert state.expected[16:21] == (0, 2 * KWH, KWH, KWH, 0)
    assert state.commanded[17:20] == (1_200_000, 700_000, 700_000)
    assert state.measured[17:20] == (1_600_000, 800_000, 1_100_000)
    assert state.left[17:20] == (400_000, 100_000, 400_000)
    assert [(member, c.incentive) for member, c in events(desk.storage)] == [
        (address("ann"), EURO),
        (address("ben"), EURO),
    ]


loads = st.tuples(*[st.integers(-2 * KWH, 4 * KWH)] * 3)


@given(loads, loads, st.integers(0, 3 * EURO), st.integers(0, EURO))
@settings(max_examples=25, deadline=None)
def test_money_is_conserved_and_nobody_owes(
    commanded: tuple[int, ...], used: tuple[int, ...], incentive: int, penalty: int
) -> None:
    desk = Desk()
    most = cost(sum(abs(KWH - c) for c in commanded), penalty)
    if most > 10 * EURO:
        assert "collateral" in _rule(lambda: desk.command("ann", commanded, incentive, penalty))
        return
    desk.command("ann", commanded, incentive, penalty)
    desk.finish("ann", used)
    desk.act("ann", "leave")
    assert desk.in_vault == 0
    assert desk.gain("ann") + desk.gain("operator") == 0
    right = sum(min(max((KWH - u) * (1 if c <= KWH else -1), 0), abs(KWH - c))
                for c, u in zip(commanded, used, strict=True))  # fmt: skip
    wrong = sum(abs(KWH - c) for c in commanded) - right
    assert desk.gain("ann") == worth(right, incentive) - worth(wrong, penalty)


def _rule(action: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as refusal:
        action()
    return refusal.value.rule


@given(loads, loads, loads)
@settings(max_examples=100)
def test_delivered_and_missing_add_up_to_what_was_asked(
    base: tuple[int, ...], commanded: tuple[int, ...], used: tuple[int, ...]
) -> None:
    wanted = asked(base, commanded)
    done = delivery(wanted, base, used)
    for want, got, miss in zip(wanted, done.delivered, done.shortfall, strict=True):
        assert got + miss == abs(want)
        assert got >= 0
        assert miss >= 0
    assert sum(delivery(wanted, base, commanded).shortfall) == 0
    assert sum(delivery(wanted, base, base).delivered) == 0


# --- what is refused ------------------------------------------------------------------


def test_who_may_do_what() -> None:
    desk = Desk()
    assert _rule(lambda: desk.command(by="ann")) == "caller"
    assert _rule(lambda: desk.command("ben")) == "enrolment"
    assert desk.refused("ben", "meter", 15, FLAT) == "enrolment"
    assert desk.refused("operator", "enrol", EURO) == "caller"
    assert desk.refused("ann", "enrol", EURO) == "already done"
    assert desk.refused("eve", "leave") == "enrolment"
    assert desk.refused("eve", "verify", address("ann"), EVENT_DAY) == "command"
    assert desk.refused("eve", "pay") == "function"


def test_a_meter_reads_a_day_once_and_in_time() -> None:
    desk = Desk()
    desk.time = 15 * DAY - 1
    assert desk.refused("ann", "meter", 14, FLAT) == "too soon"
    desk.time = 15 * DAY
    desk.act("ann", "meter", 14, FLAT)
    assert desk.refused("ann", "meter", 14, (0,) * 24) == "already done"
    desk.time = 17 * DAY
    assert desk.refused("ann", "meter", 15, FLAT) == "too late"
    assert desk.refused("ann", "meter", 16, FLAT[:-1]) == "arguments"
    assert desk.refused("ann", "meter", 16, (*FLAT, 0)) == "arguments"
    assert desk.refused("ann", "meter", 16, ("much",) * 24) == "arguments"


def test_a_command_comes_before_the_event_once_and_fits_the_day() -> None:
    desk = Desk()
    whom, rates = address("ann"), (EURO, EURO)
    desk.time = EVENT_DAY * DAY + 17 * HOUR
    late = (whom, EVENT_DAY, 17, (0,), *rates)
    assert desk.refused("operator", "command", *late) == "too late"
    desk.command()
    assert _rule(desk.command) == "already done"
    long = (whom, EVENT_DAY + 1, 22, (0, 0, 0), *rates)
    assert desk.refused("operator", "command", *long) == "arguments"
    assert desk.refused("operator", "command", whom, 40, 24, (0,), *rates) == "arguments"


def test_nobody_is_commanded_beyond_its_collateral() -> None:
    desk = Desk()
    with pytest.raises(Refusal, match=r"put down 10\.000000, and might owe 10\.000001"):
        desk.command(commanded=(0,), penalty=10 * EURO + 1)
    desk.command(commanded=(0,), penalty=6 * EURO)
    whom = address("ann")
    more = (whom, EVENT_DAY + 1, 17, (0,), EURO, 4 * EURO + 1)
    assert desk.refused("operator", "command", *more) == "collateral"
    desk.act("operator", "command", *more[:-1], 4 * EURO)


def test_the_operator_must_have_what_it_promises() -> None:
    desk = Desk()
    assert _rule(lambda: desk.command(commanded=(0,), incentive=SAVINGS + 1)) == "overdraft"


def test_no_command_without_a_baseline() -> None:
    desk = Desk(homes=())
    desk.act("ann", "enrol", EURO)
    assert _rule(desk.command) == "baseline"


def test_each_step_once_and_in_order() -> None:
    desk = Desk()
    desk.command()
    whom = address("ann")
    assert desk.refused("ann", "leave") == "still open"
    assert desk.refused("eve", "settle", whom, EVENT_DAY) == "still open"
    desk.finish("ann", (KWH,) * 3)
    assert desk.refused("eve", "verify", whom, EVENT_DAY) == "already done"
    assert desk.refused("eve", "settle", whom, EVENT_DAY) == "already done"
    desk.act("ann", "leave")
    assert desk.refused("ann", "leave") == "enrolment"
    desk.act("ann", "enrol", EURO)
    assert list(earned(desk.storage)) == [whom]


def test_a_programme_that_makes_no_sense_is_refused_at_the_genesis() -> None:
    with pytest.raises(BadArguments, match="expected average or ten_in_ten"):
        opening_storage(address("operator"), 0, 24, "guess")
    with pytest.raises(BadArguments, match="24, 48, 72 or 96"):
        opening_storage(address("operator"), 0, 25)


def test_without_a_genesis_record_nobody_may_act() -> None:
    desk = Desk(homes=())
    desk.sheet = Worksheet(State({}, {}, {}))
    assert desk.refused("ann", "enrol", 0) == "caller"
