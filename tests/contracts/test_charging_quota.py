"""The charging-quota contract: who may do what and when, and that nobody's money is lost,
made or stuck, whatever anybody does or leaves undone.
"""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from energychain.contracts import CONTRACTS
from energychain.contracts.calls import BadArguments, UnknownFunction
from energychain.contracts.charging_quota import (
    AUCTION_RULES,
    MINUTES,
    MOST_PRICE,
    VAULT,
    AlreadyDone,
    OverQuota,
    Period,
    QuotaOrder,
    ShortDeposit,
    WrongCaller,
    WrongPhase,
    bid_cost,
    double_auction,
    due,
    initial_quota,
    opening_storage,
    period,
    satisfaction,
    station,
    stations,
)
from energychain.contracts.token import ENERGY_TOKEN
from energychain.ledger.state import Call, Event, GasSchedule, Setting, State, Worksheet
from energychain.ledger.transaction import Value
from energychain.primitives.keys import Address
from energychain.primitives.refusals import Refusal

STATIONS = tuple("ABCDEFGH")
NAMES = ("operator", "meter", *STATIONS, "stranger", "miner")
ADDRESS = {name: Address(f"0x{number:040x}") for number, name in enumerate(NAMES, 1)}

START = 36_000
OWNED = 10**9
TARIFF, PENALTY, TOKEN_RATE = 1_120_000, 2_240_000, 10_000
TERMS = Period(100_000_000, TARIFF, PENALTY, TOKEN_RATE, "pairwise_midpoint", ADDRESS["meter"])

KWH = 10**6


@dataclass
class Desk:
    """Where one calls the contract by name, at a minute of the period."""

    sheet: Worksheet = field(
        default_factory=lambda: Worksheet(
            State(
                {(ENERGY_TOKEN, ADDRESS[name]): OWNED for name in (*STATIONS, "stranger")},
                {},
                {"charging_quota": {key: value for _, key, value in opening_storage(OPERATOR)}},
            )
        )
    )
    minute: float = 0
    start: int = START

    def act(self, name: str, function: str, *given: Value) -> tuple[Event, ...]:
        """Call; raises what is refused."""
        time = START + int(60 * self.minute)
        setting = Setting("floor", CONTRACTS, GasSchedule(), time, ADDRESS["miner"])
        call = Call(function, (self.start, *given), time, self.sheet.balance)
        return self.sheet.rehearse("charging_quota", ADDRESS[name], call, setting)

    def initialise(self, margin: int = 100 * KWH, rule: str = AUCTION_RULES[0]) -> None:
        terms = (margin, TARIFF, PENALTY, TOKEN_RATE, rule, ADDRESS["meter"])
        self.act("operator", "initialise", *terms)

    def demand(self, **demands: int) -> None:
        """Demands [kWh] with a deposit that covers anything up to three times as much."""
        for name, kwh in demands.items():
            self.act(name, "submit_demand", kwh * KWH, TERMS.least_deposit(3 * kwh * KWH))

    def at(self, minute: float) -> "Desk":
        self.minute = minute
        return self

    def balance(self, name: str) -> int:
        return self.sheet.balance(ENERGY_TOKEN, ADDRESS[name])

    @property
    def vault(self) -> int:
        return self.sheet.balance(ENERGY_TOKEN, VAULT)

    @property
    def storage(self) -> Mapping[Value, Value]:
        return self.sheet.state().storage["charging_quota"]

    def account(self, name: str) -> Any:
        return station(self.storage, self.start, ADDRESS[name])

    @property
    def total(self) -> int:
        return self.sheet.state().total(ENERGY_TOKEN)

    @property
    def held(self) -> int:
        """What the contract's own books say that it holds."""
        return sum(
            value[1]
            for key, value in self.storage.items()
            if isinstance(key, tuple) and key[0] == "station" and isinstance(value, tuple)
        )


OPERATOR = ADDRESS["operator"]


def traded(**demands: int) -> Desk:
    """A period whose quotas are allocated and whose auction is open."""
    desk = Desk()
    desk.initialise()
    desk.demand(**(demands or {"A": 60, "B": 60, "C": 80}))
    desk.at(5).act("stranger", "pre_allocate")
    return desk.at(7)


# --- a whole period -------------------------------------------------------------------


def test_a_period_from_the_margin_to_the_last_token() -> None:
    desk = traded()
    assert [desk.account(name).quota for name in "ABC"] == [30 * KWH, 30 * KWH, 40 * KWH]
    desk.act("A", "submit", "buy", 10 * KWH, 30_000)
    desk.act("C", "submit", "sell", 5 * KWH, 20_000)
    desk.at(10).act("operator", "auction")
    assert [desk.account(name).quota for name in "ABC"] == [35 * KWH, 30 * KWH, 35 * KWH]
    desk.at(60)
    for name, load in {"A": 35, "B": 31, "C": 20}.items():
        desk.act("meter", "measure", ADDRESS[name], load * KWH)
    for name in "ABC":
        desk.act(name, "pay", ADDRESS[name])
        desk.act(name, "withdraw", ADDRESS[name])
    # 112 tokens a kWh, 5 kWh of quota at 25 tokens, and 224 tokens for B's one kWh too many.
    spent = {name: OWNED - desk.balance(name) for name in "ABC"}
    assert spent == {
        "A": 35 * 112_000 + 5 * 25_000,
        "B": 31 * 112_000 + 224_000,
        "C": 20 * 112_000 - 5 * 25_000,
    }
    assert desk.balance("operator") == (35 + 31 + 20) * 112_000 + 224_000
    assert desk.vault == 0


def test_if_all_demand_fits_everybody_gets_it_and_there_is_no_auction() -> None:
    desk = traded(A=40, B=60)
    assert [desk.account(name).quota for name in "AB"] == [40 * KWH, 60 * KWH]
    with pytest.raises(WrongPhase, match="all demand is met"):
        desk.act("A", "submit", "buy", KWH, 20_000)
    with pytest.raises(WrongPhase, match="all demand is met"):
        desk.at(10).act("operator", "auction")


def test_one_kwh_more_than_the_margin_opens_the_auction() -> None:
    desk = traded(A=40, B=61)
    assert period(desk.storage, START).stage == "trading"  # type: ignore[union-attr]
    assert sum(desk.account(name).quota for name in "AB") <= 100 * KWH


def test_periods_do_not_touch_each_other() -> None:
    desk = Desk()
    desk.initialise()
    desk.demand(A=80, B=80)
    desk.at(5).act("A", "pre_allocate")
    desk.start = START + 1_800
    desk.at(30).initialise(margin=10 * KWH)
    desk.demand(A=20)
    desk.at(35).act("A", "pre_allocate")
    assert desk.account("A").quota == 10 * KWH
    desk.start = START
    assert desk.account("A").quota == 50 * KWH
    desk.at(61).act("meter", "measure", ADDRESS["A"], 50 * KWH)
    desk.act("A", "pay", ADDRESS["A"])
    desk.act("A", "withdraw", ADDRESS["A"])
    assert desk.vault == desk.held == TERMS.least_deposit(240 * KWH) + TERMS.least_deposit(60 * KWH)


# --- the clock ------------------------------------------------------------------------

NEEDS: dict[str, tuple[str, tuple[Value, ...]]] = {
    "initialise": (
        "operator",
        (100 * KWH, TARIFF, PENALTY, TOKEN_RATE, AUCTION_RULES[0], ADDRESS["meter"]),
    ),
    "submit_demand": ("H", (KWH, OWNED // 10)),
    "pre_allocate": ("stranger", ()),
    "submit": ("A", ("sell", KWH, 20_000)),
    "auction": ("operator", ()),
    "measure": ("meter", (ADDRESS["A"], KWH)),
    "pay": ("A", (ADDRESS["A"],)),
    "withdraw": ("A", (ADDRESS["A"],)),
}
"""A good call of each function."""


def ready_for(function: str) -> Desk:
    """A period in which only the clock can stand in the way of a function."""
    desk = Desk()
    if function == "initialise":
        return desk
    desk.initialise()
    if function == "submit_demand":
        return desk
    desk.demand(A=80, B=80)
    if function == "pre_allocate":
        return desk
    desk.at(5).act("A", "pre_allocate")
    if function in ("pay", "withdraw"):
        desk.at(60).act("meter", "measure", ADDRESS["A"], KWH)
    if function == "withdraw":
        desk.act("A", "pay", ADDRESS["A"])
    return desk


EDGES = [
    (function, minute, is_open)
    for function, (opens, closes) in MINUTES.items()
    for minute, is_open in (
        (opens - 1 / 60, False),
        (opens, True),
        (closes - 1 / 60 if closes else 10**6, True),
        (closes if closes else opens - 1, False),
    )
]


@pytest.mark.parametrize(("function", "minute", "is_open"), EDGES)
def test_every_function_is_open_from_its_first_second_until_its_deadline(
    function: str, minute: float, is_open: bool
) -> None:
    desk = ready_for(function).at(minute)
    desk.minute = round(minute * 60) / 60
    caller, given = NEEDS[function]
    if is_open:
        assert desk.act(caller, function, *given)
    else:
        with pytest.raises(WrongPhase, match=rf"{function} is open from minute .* this is minute"):
            desk.act(caller, function, *given)


def test_the_chapter_s_deadlines() -> None:
    assert [MINUTES[f] for f in ("submit_demand", "pre_allocate", "submit", "auction")] == [
        (0, 5),  # 18:00-18:05
        (5, 7),  # 18:05-18:07
        (7, 10),  # 18:07-18:10
        (10, 15),  # 18:10-18:15
    ]
    assert MINUTES["pay"][0] == 60  # 19:00


@pytest.mark.parametrize("function", sorted(set(MINUTES) - {"initialise"}))
def test_nothing_happens_in_a_period_that_was_not_initialised(function: str) -> None:
    caller, given = NEEDS[function]
    with pytest.raises(WrongPhase, match="no period starts at 36000: expected initialise first"):
        Desk().at(MINUTES[function][0]).act(caller, function, *given)


def test_a_period_starts_on_the_half_hour() -> None:
    desk = Desk()
    desk.start = START + 60
    with pytest.raises(BadArguments, match="start: expected a multiple of 1800 s"):
        desk.at(1).initialise()


# --- the callers ----------------------------------------------------------------------

STRANGERS = [
    ("initialise", "A", "only the operator may initialise: expected 0x"),
    ("auction", "A", "only the operator may auction: expected 0x"),
    ("measure", "operator", "only the meter reports: expected 0x"),
    ("measure", "A", "only the meter reports: expected 0x"),
    ("pay", "B", "only the station or the operator may pay: expected 0x"),
    ("withdraw", "B", "only the station or the operator may withdraw: expected 0x"),
    ("submit_demand", "operator", "do not take part themselves"),
    ("submit_demand", "meter", "do not take part themselves"),
    ("submit", "stranger", "submitted no demand in this period"),
]


@pytest.mark.parametrize(("function", "caller", "sentence"), STRANGERS)
def test_each_function_has_its_callers(function: str, caller: str, sentence: str) -> None:
    desk = ready_for(function).at(MINUTES[function][0])
    with pytest.raises(WrongCaller, match=sentence):
        desk.act(caller, function, *NEEDS[function][1])


def test_a_chain_that_named_no_operator_has_no_periods() -> None:
    desk = Desk(Worksheet(State({}, {}, {})))
    with pytest.raises(WrongCaller, match="expected one named at the genesis"):
        desk.initialise()


@pytest.mark.parametrize("function", sorted(set(NEEDS) - {"auction"}))
def test_everything_is_done_once(function: str) -> None:
    desk = ready_for(function).at(MINUTES[function][0])
    caller, given = NEEDS[function]
    desk.act(caller, function, *given)
    with pytest.raises(AlreadyDone):
        desk.act(caller, function, *given)


def test_the_auction_is_held_once() -> None:
    desk = traded()
    desk.at(10).act("operator", "auction")
    with pytest.raises(AlreadyDone, match="is over"):
        desk.act("operator", "auction")


def test_there_is_no_other_function() -> None:
    with pytest.raises(UnknownFunction, match="charging_quota has no 'steal'"):
        Desk().act("A", "steal")


# --- deposits, quotas, limits ---------------------------------------------------------


def test_a_deposit_covers_fee_and_penalty_of_all_that_is_asked_for() -> None:
    desk = Desk()
    desk.initialise()
    least = 10 * (112_000 + 224_000)
    with pytest.raises(ShortDeposit, match=r"10\.000000 kWh takes a deposit of 3360\.000 tokens"):
        desk.act("A", "submit_demand", 10 * KWH, least - 1)
    assert desk.balance("A") == OWNED
    desk.act("A", "submit_demand", 10 * KWH, least)
    assert (desk.balance("A"), desk.vault) == (OWNED - least, least)


def test_a_deposit_that_one_does_not_own_is_refused_by_the_ledger() -> None:
    desk = Desk()
    desk.initialise()
    with pytest.raises(Refusal, match="are due"):
        desk.act("A", "submit_demand", KWH, OWNED + 1)
    assert stations(desk.storage, START) == ()


@pytest.mark.parametrize(("bid", "top"), [(10, 60), (40, 70)])
def test_a_buyer_s_deposit_covers_its_bid_and_all_that_it_might_then_charge(
    bid: int, top: int
) -> None:
    least = TERMS.least_deposit(top * KWH) + bid * 30_000
    for deposit, fine in ((least, True), (least - 1, False)):
        desk = Desk()
        desk.initialise()
        desk.act("A", "submit_demand", 60 * KWH, deposit)
        desk.demand(B=140)
        desk.at(5).act("A", "pre_allocate")
        desk.at(7)
        if fine:
            desk.act("A", "submit", "buy", bid * KWH, 30_000)
        else:
            with pytest.raises(ShortDeposit, match="this bid takes a deposit of"):
                desk.act("A", "submit", "buy", bid * KWH, 30_000)


def test_a_seller_offers_at_most_its_initial_quota() -> None:
    desk = traded()
    with pytest.raises(OverQuota, match=r"expected up to 30\.000000 kWh, found 30\.000001"):
        desk.act("A", "submit", "sell", 30 * KWH + 1, 20_000)
    desk.act("A", "submit", "sell", 30 * KWH, 20_000)


def test_no_price_exceeds_the_penalty() -> None:
    desk = traded()
    for side in ("buy", "sell"):
        with pytest.raises(BadArguments, match=r"at most the penalty, 224\.000 tokens/kWh"):
            desk.act("A", "submit", side, KWH, 224_001)
    desk.act("A", "submit", "sell", KWH, 224_000)


@pytest.mark.parametrize("rule", AUCTION_RULES)
def test_selling_one_s_quota_and_charging_all_the_same_never_pays(rule: str) -> None:
    """At the highest price that there is, B sells everything and charges its quota anyway."""
    changes = {}
    for sells in (True, False):
        desk = Desk()
        desk.initialise(rule=rule)
        desk.demand(A=60, B=60, C=80)
        desk.at(5).act("A", "pre_allocate")
        desk.at(7).act("A", "submit", "buy", 30 * KWH, 224_000)
        if sells:
            desk.act("B", "submit", "sell", 30 * KWH, 224_000)
        desk.at(10).act("operator", "auction")
        desk.at(60).act("meter", "measure", ADDRESS["B"], 30 * KWH)
        desk.act("B", "pay", ADDRESS["B"])
        desk.act("B", "withdraw", ADDRESS["B"])
        changes[sells] = desk.balance("B")
    assert changes[True] <= changes[False]


@pytest.mark.parametrize(
    ("function", "given", "sentence"),
    [
        ("submit", ("lend", KWH, 20_000), "side: expected buy or sell"),
        ("submit", ("buy", 0, 20_000), "quantity: expected a whole number from 1"),
        ("submit", ("buy", 100 * KWH + 1, 20_000), "quantity: expected at most 100,000,000"),
        ("submit", ("buy", KWH, -1), "price: expected a whole number from 0"),
        ("submit_demand", (0, OWNED), "demand: expected a whole number from 1"),
        ("submit_demand", (10**12 + 1, OWNED), "demand: expected at most"),
        ("submit_demand", (KWH, -1), "deposit: expected a whole number"),
        ("submit_demand", (KWH,), "takes start, demand, deposit; found 2 arguments"),
        ("measure", (ADDRESS["A"], -1), "load: expected a whole number"),
        ("measure", ("A", 1), "station: expected an address"),
        ("pay", ("A",), "station: expected an address"),
    ],
)
def test_arguments_are_checked(function: str, given: tuple[Value, ...], sentence: str) -> None:
    desk = ready_for(function).at(MINUTES[function][0])
    with pytest.raises(BadArguments, match=sentence):
        desk.act(NEEDS[function][0], function, *given)


@pytest.mark.parametrize(
    ("place", "value", "sentence"),
    [
        (0, -1, "margin: expected a whole number"),
        (0, 10**12 + 1, "margin: expected at most"),
        (1, "1.12", "tariff: expected a whole number"),
        (2, 10**12 + 1, "penalty: expected at most"),
        (3, 0, "token_rate: expected a whole number from 1"),
        (4, "by height", "rule: expected pairwise_midpoint or last_pair_midpoint"),
        (5, "meter", "meter: expected an address"),
    ],
)
def test_terms_are_checked(place: int, value: Value, sentence: str) -> None:
    terms = list(NEEDS["initialise"][1])
    terms[place] = value
    with pytest.raises(BadArguments, match=sentence):
        Desk().act("operator", "initialise", *terms)


# --- what is left undone --------------------------------------------------------------


def test_without_pre_allocate_there_is_no_quota_and_no_penalty() -> None:
    desk = Desk()
    desk.initialise()
    desk.demand(A=60, B=60)
    with pytest.raises(WrongPhase, match="nobody called pre_allocate"):
        desk.at(7).act("A", "submit", "buy", KWH, 1)
    desk.at(60).act("meter", "measure", ADDRESS["A"], 60 * KWH)
    desk.act("A", "pay", ADDRESS["A"])
    desk.act("A", "withdraw", ADDRESS["A"])
    assert desk.balance("A") == OWNED - 60 * 112_000


def test_without_the_auction_the_initial_quotas_stand() -> None:
    desk = traded()
    desk.act("A", "submit", "buy", 10 * KWH, 30_000)
    desk.act("C", "submit", "sell", 5 * KWH, 20_000)
    with pytest.raises(WrongPhase):
        desk.at(15).act("operator", "auction")
    assert [desk.account(name).quota for name in "ABC"] == [30 * KWH, 30 * KWH, 40 * KWH]


def test_a_silent_meter_costs_the_station_nothing_after_its_deadline() -> None:
    desk = traded().at(89)
    with pytest.raises(WrongPhase, match=r"has not reported .* expected in 60 s"):
        desk.act("A", "pay", ADDRESS["A"])
    desk.at(90).act("A", "pay", ADDRESS["A"])
    desk.act("A", "withdraw", ADDRESS["A"])
    assert desk.balance("A") == OWNED


def test_nobody_withdraws_before_it_has_paid() -> None:
    desk = traded().at(60)
    desk.act("meter", "measure", ADDRESS["A"], KWH)
    with pytest.raises(WrongPhase, match="call pay first"):
        desk.act("A", "withdraw", ADDRESS["A"])


def test_the_operator_closes_the_account_of_a_station_that_is_gone() -> None:
    desk = traded().at(60)
    desk.act("meter", "measure", ADDRESS["A"], 30 * KWH)
    desk.act("operator", "pay", ADDRESS["A"])
    desk.act("operator", "withdraw", ADDRESS["A"])
    assert desk.balance("A") == OWNED - 30 * 112_000, "the rest is the station's"


def test_beyond_the_deposit_a_debt_is_announced_and_others_lose_nothing() -> None:
    desk = traded().at(60)
    least = TERMS.least_deposit(180 * KWH)
    desk.act("meter", "measure", ADDRESS["A"], 1_000 * KWH)
    (paid,) = desk.act("A", "pay", ADDRESS["A"])
    assert (paid["fee"], paid["unpaid"]) == (least, 1_000 * 112_000 - least)
    (back,) = desk.act("A", "withdraw", ADDRESS["A"])
    assert (back["rest"], back["penalty"], back["unpaid"]) == (0, 0, 970 * 224_000)
    for name in "BC":
        desk.act("meter", "measure", ADDRESS[name], 0)
        desk.act(name, "pay", ADDRESS[name])
        desk.act(name, "withdraw", ADDRESS[name])
        assert desk.balance(name) == OWNED


# --- the arithmetic -------------------------------------------------------------------


def algorithm_1(orders: Mapping[str, QuotaOrder], one_price: bool) -> dict[str, Fraction]:
    """Algorithm 1, line by line, in fractions: what each order pays. With ``one_price`` all
    trades are at the last pair's price.
    """
    bids = sorted((-o.price, n, o.quantity) for n, o in orders.items() if o.side == "buy")
    offers = sorted((o.price, n, o.quantity) for n, o in orders.items() if o.side == "sell")
    buyers = [[-price, name, left] for price, name, left in bids]
    sellers = [[price, name, left] for price, name, left in offers]
    trades: list[tuple[Any, Any, Fraction, int]] = []
    while buyers and sellers and buyers[0][0] >= sellers[0][0]:
        (bid, buyer, demand), (offer, seller, supply) = buyers[0], sellers[0]
        amount = min(demand, supply)  # type: ignore[type-var]
        trades.append((buyer, seller, Fraction(bid + offer, 2), amount))  # type: ignore[operator, arg-type]
        buyers[0][2] -= amount  # type: ignore[operator]
        sellers[0][2] -= amount  # type: ignore[operator]
        del (buyers if buyers[0][2] == 0 else sellers)[0]
        if sellers and sellers[0][2] == 0:
            del sellers[0]
    paid = dict.fromkeys(orders, Fraction(0))
    for buyer, seller, price, amount in trades:
        price = trades[-1][2] if one_price else price
        paid[buyer] += price * amount / 10**6
        paid[seller] -= price * amount / 10**6
    return paid


ORDERS = st.dictionaries(
    st.sampled_from(STATIONS),
    st.builds(
        QuotaOrder,
        st.sampled_from(["buy", "sell"]),
        st.integers(1, 50 * KWH),
        st.integers(0, 224_000),
    ),
)


@given(ORDERS, st.sampled_from(AUCTION_RULES))
def test_the_auction_is_algorithm_1_to_the_milli_token(
    orders: dict[str, QuotaOrder], rule: str
) -> None:
    prices = [order.price for order in orders.values()]
    assume(len(set(prices)) == len(prices))  # the algorithm does not say who comes first
    matched = double_auction(orders, rule)
    exact = algorithm_1(orders, one_price=rule == "last_pair_midpoint")
    for name in orders:
        assert abs(matched[name].payment - exact[name]) < 1


@given(ORDERS, st.sampled_from(AUCTION_RULES))
def test_an_auction_balances_and_keeps_every_limit(
    orders: dict[str, QuotaOrder], rule: str
) -> None:
    matched = double_auction(orders, rule)
    assert sum(each.payment for each in matched.values()) == 0
    assert sum(each.quantity for each in matched.values()) == 0
    for name, order in orders.items():
        quantity, payment = matched[name].quantity, matched[name].payment
        if order.side == "buy":
            assert 0 <= quantity <= order.quantity
            assert 0 <= payment <= bid_cost(quantity, order.price)
        else:
            assert -order.quantity <= quantity <= 0
            assert payment <= 0
            assert -payment > -quantity * Fraction(order.price, 10**6) - 1


@pytest.mark.parametrize("rule", AUCTION_RULES)
def test_of_equal_bids_the_first_to_come_is_paired_first_whatever_its_address(rule: str) -> None:
    for first, second in ("AB", "BA"):
        desk = traded(A=60, B=60, C=80)
        for name in (first, second):
            desk.act(name, "submit", "buy", 5 * KWH, 40_000)
        desk.act("C", "submit", "sell", 10 * KWH, 20_000)
        desk.at(10).act("operator", "auction")
        assert desk.account("A").quota == desk.account("B").quota == 35 * KWH
    orders = {
        "Z": QuotaOrder("buy", 5, 40_000),
        "A": QuotaOrder("buy", 5, 40_000),
        "C": QuotaOrder("sell", 5, 10_000),
        "D": QuotaOrder("sell", 5, 30_000),
    }
    many = {name: replace(order, quantity=5 * KWH) for name, order in orders.items()}
    paid = {name: each.payment for name, each in double_auction(many, rule).items()}
    assert paid["Z"] <= paid["A"]
    if rule == "pairwise_midpoint":
        assert (paid["Z"], paid["A"]) == (125_000, 175_000)


def test_the_largest_orders_fit_into_an_auction() -> None:
    orders = {
        "A": QuotaOrder("buy", 10**12, MOST_PRICE),
        "B": QuotaOrder("sell", 10**12, MOST_PRICE),
    }
    assert double_auction(orders, AUCTION_RULES[0])["A"].payment == 10**12 * MOST_PRICE // 10**6


def test_no_terms_let_a_price_through_that_no_auction_can_hold() -> None:
    terms = Period(1, 0, 10**12, 1, AUCTION_RULES[0], ADDRESS["meter"])
    assert terms.highest_price == MOST_PRICE


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=30), st.integers(0, 10**12))
def test_initial_quotas_fit_into_the_margin_and_waste_less_than_a_mwh_each(
    demands: list[int], margin: int
) -> None:
    total = sum(demands)
    quotas = [initial_quota(demand, margin, total) for demand in demands]
    assert sum(quotas) <= margin or total <= margin
    assert min(margin, total) - sum(quotas) < len(demands)
    for demand, quota in zip(demands, quotas, strict=True):
        assert 0 <= satisfaction(margin, total) * demand - quota < 1
        assert quota <= demand


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**7))
def test_a_deposit_for_a_demand_covers_every_load_up_to_it(
    demand: int, load: int, quota: int
) -> None:
    load = min(load, demand)
    owed = due(load, TARIFF, TOKEN_RATE) + due(max(load - quota, 0), PENALTY, TOKEN_RATE)
    assert owed <= TERMS.least_deposit(demand)


def test_a_chain_without_an_auction_loads_no_numpy() -> None:
    script = "import sys, energychain.contracts; print('numpy' in sys.modules)"
    command = [sys.executable, "-c", script]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert found.strip() == "False"


# --- whatever anybody does ------------------------------------------------------------

SMALL = st.integers(1, 30 * KWH)
MEMBER = st.sampled_from(STATIONS[:4])
CALLER = st.sampled_from(("operator", "meter", *STATIONS[:4], "stranger"))
STATION = MEMBER.map(ADDRESS.__getitem__)
CALLS: dict[str, st.SearchStrategy[tuple[Any, ...]]] = {
    "submit_demand": st.tuples(
        st.one_of(MEMBER, CALLER),
        st.just("submit_demand"),
        SMALL,
        st.one_of(st.integers(OWNED // 20, OWNED // 4), st.integers(0, 2 * OWNED)),
    ),
    "pre_allocate": st.tuples(CALLER, st.just("pre_allocate")),
    "submit": st.tuples(
        MEMBER,
        st.just("submit"),
        st.sampled_from(["buy", "sell"]),
        SMALL,
        st.integers(0, 230_000),
    ),
    "auction": st.tuples(st.sampled_from(["operator", "A"]), st.just("auction")),
    "measure": st.tuples(
        st.sampled_from(["meter", "meter", "operator", "B"]),
        st.just("measure"),
        STATION,
        st.integers(0, 100 * KWH),
    ),
    "pay": st.tuples(CALLER, st.just("pay"), STATION),
    "withdraw": st.tuples(CALLER, st.just("withdraw"), STATION),
}
ANY = st.one_of(*CALLS.values())
COURSE = st.tuples(
    *(
        st.tuples(
            st.integers(MINUTES[function][0], (MINUTES[function][1] or 200) - 1),
            st.builds(
                lambda proper, others: [*proper, *others],
                st.lists(calls, min_size=least, max_size=8),
                st.lists(ANY, max_size=2),
            ),
        )
        for function, calls in CALLS.items()
        for least in [0 if function == "auction" else 3]
    )
).map(lambda phases: sorted(phases, key=lambda phase: phase[0]))
"""Calls by the minute: mostly such as belong there, in any number, and some that do not."""


def try_call(desk: Desk, caller: str, function: str, *given: Value) -> bool:
    """Whether it was done; if it was refused, nothing has changed."""
    before = desk.sheet.state()
    try:
        desk.act(caller, function, *given)
    except Refusal as refusal:
        assert str(refusal)
        assert desk.sheet.state() == before
        return False
    return True


def check_books(desk: Desk) -> None:
    assert desk.total == OWNED * (len(STATIONS) + 1), "no token is made or lost"
    assert desk.vault == desk.held, "the vault holds what the accounts say"
    members = stations(desk.storage, START)
    accounts = [station(desk.storage, START, member) for member in members]
    quotas = [account.quota for account in accounts if account and account.quota >= 0]
    announced = period(desk.storage, START)
    assert sum(quotas) <= (announced.margin if announced else 0)
    assert all(account is not None and account.held >= 0 for account in accounts)


def close_everything(desk: Desk) -> None:
    """At minute 90 everybody who can be paid out is."""
    desk.minute = max(desk.minute, 90)
    for member in stations(desk.storage, START):
        name = next(name for name, address in ADDRESS.items() if address == member)
        account = station(desk.storage, START, member)
        assert account is not None
        if account.stage == "open":
            desk.act(name, "pay", member)
        if account.stage != "closed":
            desk.act(name, "withdraw", member)
    assert desk.vault == 0, "nobody's token is stuck"
    check_books(desk)


@settings(max_examples=300)
@given(
    st.integers(0, 40 * KWH),
    st.sampled_from(AUCTION_RULES),
    COURSE,
)
def test_whatever_anybody_calls_the_books_balance_and_all_can_be_paid_out(
    margin: int, rule: str, course: list[tuple[int, list[tuple[Any, ...]]]]
) -> None:
    desk = Desk()
    desk.initialise(margin, rule)
    for minute, calls in course:
        desk.minute = minute
        for call in calls:
            try_call(desk, *call)
            check_books(desk)
    close_everything(desk)


PLAN = st.tuples(
    st.integers(1, 40 * KWH),  # demand
    st.sampled_from(["buy", "sell", ""]),
    st.integers(1, 20 * KWH),  # quantity
    st.integers(0, 224_000),  # price
    st.one_of(st.none(), st.integers(0, 80 * KWH)),  # load, if the meter reports any
)


@settings(max_examples=150)
@given(
    st.integers(0, 150 * KWH),
    st.sampled_from(AUCTION_RULES),
    st.dictionaries(st.sampled_from(STATIONS), PLAN, min_size=1),
    st.booleans(),
)
def test_a_day_that_takes_its_course_ends_with_an_empty_vault(
    margin: int, rule: str, plans: dict[str, Any], is_held: bool
) -> None:
    desk = Desk()
    desk.initialise(margin, rule)
    for name, (demand, _, quantity, price, _) in plans.items():
        deposit = TERMS.least_deposit(demand + quantity) + bid_cost(quantity, price)
        desk.act(name, "submit_demand", demand, deposit)
    desk.at(5).act("stranger", "pre_allocate")
    initial = {name: desk.account(name).quota for name in plans}
    trading = period(desk.storage, START).stage == "trading"  # type: ignore[union-attr]
    desk.at(7)
    for name, (_, side, quantity, price, _) in plans.items():
        if trading and side:
            most = initial[name] if side == "sell" else margin
            if min(quantity, most):
                desk.act(name, "submit", side, min(quantity, most), price)
    if trading and is_held:
        desk.at(10).act("operator", "auction")
    check_books(desk)
    after = {name: desk.account(name) for name in plans}
    assert sum(account.quota for account in after.values()) == sum(initial.values())
    desk.at(60)
    for name, plan in plans.items():
        if plan[4] is not None:
            desk.act("meter", "measure", ADDRESS[name], plan[4])
    close_everything(desk)
    for name, (demand, _, _, _, load) in plans.items():
        if load is not None and load <= demand:
            fee = due(load, TARIFF, TOKEN_RATE)
            fine = due(max(load - after[name].quota, 0), PENALTY, TOKEN_RATE)
            deposit = TERMS.least_deposit(demand + plans[name][2]) + bid_cost(*plans[name][2:4])
            paid_in_auction = deposit - after[name].held
            assert desk.balance(name) == OWNED - paid_in_auction - fee - fine
