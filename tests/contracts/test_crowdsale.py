"""The crowdsale: the goal, the deadline, the refund, and a profit that is shared once."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.contracts.calls import BadArguments
from energychain.contracts.crowdsale import (
    PATIENCE,
    TERMS,
    AlreadyTaken,
    GoalNotReached,
    GoalReached,
    NoSuchProject,
    NothingDue,
    Overfunded,
    in_proportion,
    project_of,
)
from energychain.contracts.slots import TooLate, TooSoon
from tests.contracts.desk import EURO, SAVINGS, Desk, address, told

FUNDERS = ("finn", "fay", "fred")
OWNERS = ("olga", "otto")
GOAL, DEADLINE = 1_000 * EURO, 100


def desk() -> Desk:
    counter = Desk(
        "crowdsale",
        {**{name: ([], "") for name in FUNDERS}, **{name: ([], "") for name in OWNERS}},
    )
    for name in FUNDERS:
        counter.act(name, "enrol", ("funder",))
    for name in OWNERS:
        counter.act(name, "enrol", ("property owner",))
    return counter


def proposed(terms: str = "profit share", size: int = 400) -> Desk:
    counter = desk()
    counter.act("olga", "propose", terms, size, "a roof of 10 kW", GOAL, DEADLINE)
    return counter


def funded(terms: str = "profit share", size: int = 400) -> Desk:
    counter = proposed(terms, size)
    counter.act("finn", "fund", 0, 500 * EURO)
    counter.act("fay", "fund", 0, 300 * EURO)
    counter.act("fred", "fund", 0, 200 * EURO)
    return counter


# --- the goal -------------------------------------------------------------------------


def test_the_owner_cannot_take_a_cent_before_the_goal_is_reached() -> None:
    counter = proposed()
    counter.act("finn", "fund", 0, GOAL - 1)
    with pytest.raises(GoalNotReached, match=r"999\.999999 of 1000\.000000"):
        counter.act("olga", "take", 0)
    assert counter.money("olga") == 0
    counter.act("fay", "fund", 0, 1)
    counter.act("olga", "take", 0)
    assert counter.money("olga") == GOAL
    assert counter.in_vault == 0


def test_the_money_is_taken_once_and_by_the_owner() -> None:
    counter = funded()
    with pytest.raises(NoSuchProject, match="belongs to"):
        counter.act("otto", "take", 0)
    counter.act("olga", "take", 0)
    with pytest.raises(AlreadyTaken):
        counter.act("olga", "take", 0)
    assert counter.money("olga") == GOAL


def test_what_exceeds_the_goal_is_refused() -> None:
    counter = proposed()
    with pytest.raises(Overfunded, match=r"lacks 1000\.000000"):
        counter.act("finn", "fund", 0, GOAL + 1)
    counter.act("finn", "fund", 0, GOAL)
    with pytest.raises(Overfunded):
        counter.act("fay", "fund", 0, 1)


def test_after_the_deadline_nobody_funds_any_more() -> None:
    counter = proposed()
    counter.time = DEADLINE - 1
    counter.act("finn", "fund", 0, 1)
    counter.time = DEADLINE
    with pytest.raises(TooLate):
        counter.act("finn", "fund", 0, 1)


def test_a_missed_goal_gives_everybody_its_money_back_once() -> None:
    counter = proposed()
    counter.act("finn", "fund", 0, 100)
    counter.act("fay", "fund", 0, 200)
    counter.act("finn", "fund", 0, 30)
    with pytest.raises(TooSoon):
        counter.act("finn", "refund", 0)
    counter.time = DEADLINE
    assert told(counter.act("finn", "refund", 0), "Refunded", "money") == [(130,)]
    with pytest.raises(NothingDue):
        counter.act("finn", "refund", 0)
    with pytest.raises(NothingDue):
        counter.act("fred", "refund", 0)
    counter.act("fay", "refund", 0)
    assert [counter.money(name) for name in FUNDERS] == [0, 0, 0]
    assert counter.in_vault == 0


def test_a_reached_goal_is_not_given_back_unless_the_owner_lets_it_lie() -> None:
    counter = funded()
    counter.time = DEADLINE + PATIENCE - 1
    with pytest.raises(TooSoon):
        counter.act("finn", "refund", 0)
    counter.time += 1
    with pytest.raises(TooLate):
        counter.act("olga", "take", 0)
    for name in FUNDERS:
        counter.act(name, "refund", 0)
    assert counter.in_vault == 0
    taken = funded()
    taken.act("olga", "take", 0)
    taken.time = DEADLINE + PATIENCE
    with pytest.raises(GoalReached):
        taken.act("finn", "refund", 0)


# --- what the funders get -------------------------------------------------------------


def test_a_profit_is_shared_in_proportion_and_each_claims_once() -> None:
    counter = funded(size=400)
    counter.act("olga", "take", 0)
    before = counter.money("olga")
    counter.act("olga", "distribute", 0, 100 * EURO)
    assert counter.money("olga") - before == -40 * EURO
    for name, part in zip(FUNDERS, (20, 12, 8), strict=True):
        had = counter.money(name)
        counter.act(name, "claim", 0)
        assert counter.money(name) - had == part * EURO
        with pytest.raises(NothingDue):
            counter.act(name, "claim", 0)
    assert counter.in_vault == 0


def test_profits_add_up_until_they_are_claimed() -> None:
    counter = funded(size=1000)
    counter.act("olga", "take", 0)
    for _ in range(3):
        counter.act("olga", "distribute", 0, 10 * EURO)
    assert told(counter.act("finn", "claim", 0), "Claimed", "money") == [(15 * EURO,)]
    counter.act("olga", "distribute", 0, 10 * EURO)
    assert told(counter.act("finn", "claim", 0), "Claimed", "money") == [(5 * EURO,)]
    assert told(counter.act("fay", "claim", 0), "Claimed", "money") == [(12 * EURO,)]


def test_the_rent_is_the_rent() -> None:
    counter = funded("rent", 30 * EURO)
    counter.act("olga", "take", 0)
    with pytest.raises(BadArguments, match=r"the rent is 30\.000000"):
        counter.act("olga", "distribute", 0, 29 * EURO)
    counter.act("olga", "distribute", 0, 30 * EURO)
    assert told(counter.act("fay", "claim", 0), "Claimed", "money") == [(9 * EURO,)]


def test_a_reward_is_promised_once_and_pays_no_money() -> None:
    counter = proposed("reward", 0)
    counter.act("finn", "fund", 0, GOAL - 1)
    with pytest.raises(NothingDue):
        counter.act("finn", "claim", 0)
    counter.act("fay", "fund", 0, 1)
    assert told(counter.act("finn", "claim", 0), "Rewarded", "promise") == [("a roof of 10 kW",)]
    with pytest.raises(NothingDue):
        counter.act("finn", "claim", 0)
    with pytest.raises(NothingDue):
        counter.act("fred", "claim", 0)
    counter.act("olga", "take", 0)
    with pytest.raises(NothingDue):
        counter.act("olga", "distribute", 0, 1)


def test_a_donation_gives_nothing_back() -> None:
    counter = funded("donation", 0)
    counter.act("olga", "take", 0)
    for name in FUNDERS:
        with pytest.raises(NothingDue):
            counter.act(name, "claim", 0)
    with pytest.raises(NothingDue):
        counter.act("olga", "distribute", 0, 1)


def test_there_is_no_profit_before_the_project_begins() -> None:
    with pytest.raises(GoalNotReached):
        funded().act("olga", "distribute", 0, 1)


@pytest.mark.parametrize(
    ("terms", "size", "goal", "deadline"),
    [
        ("loan", 0, 1, 10),
        ("profit share", 1_001, 1, 10),
        ("profit share", -1, 1, 10),
        ("reward", 1, 1, 10),
        ("donation", 1, 1, 10),
        ("donation", 0, 0, 10),
    ],
)
def test_senseless_terms_are_refused(terms: Any, size: int, goal: int, deadline: int) -> None:
    with pytest.raises(BadArguments):
        desk().act("olga", "propose", terms, size, "", goal, deadline)


def test_a_deadline_in_the_past_is_refused() -> None:
    counter = desk()
    counter.time = 10
    with pytest.raises(TooLate):
        counter.act("olga", "propose", "donation", 0, "", 1, 10)


# --- the investor speaks first --------------------------------------------------------


def test_an_investors_offer_becomes_a_project_when_the_owner_agrees() -> None:
    counter = desk()
    counter.act("fay", "offer", address("olga"), "profit share", 250, "a battery", 700)
    with pytest.raises(NoSuchProject):
        counter.act("otto", "agree", 0)
    counter.act("olga", "agree", 0)
    project = project_of(counter.storage, 0)
    assert (project.owner, project.size, project.raised) == (address("olga"), 250, 700)
    with pytest.raises(NoSuchProject):
        counter.act("fay", "withdraw", 0)
    counter.act("olga", "take", 0)
    counter.act("olga", "distribute", 0, 400)
    assert told(counter.act("fay", "claim", 0), "Claimed", "money") == [(100,)]
    assert counter.in_vault == 0


def test_an_offer_that_nobody_agreed_to_comes_back_once() -> None:
    counter = desk()
    counter.act("fay", "offer", address("olga"), "rent", 25, "", 700)
    with pytest.raises(NoSuchProject):
        counter.act("finn", "withdraw", 0)
    counter.act("fay", "withdraw", 0)
    with pytest.raises(NoSuchProject):
        counter.act("fay", "withdraw", 0)
    with pytest.raises(NoSuchProject):
        counter.act("olga", "agree", 0)
    assert counter.money("fay") == counter.in_vault == 0


# --- whatever people do ---------------------------------------------------------------


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**9), min_size=1).filter(any))
def test_largest_remainder_loses_nothing_and_is_never_a_unit_off(
    amount: int, stakes: list[int]
) -> None:
    parts = in_proportion(amount, stakes)
    assert sum(parts) == amount
    for part, stake in zip(parts, stakes, strict=True):
        assert abs(part - Fraction(amount * stake, sum(stakes))) < 1


NAME = st.sampled_from((*FUNDERS, *OWNERS))
FUNDING, OWNING = st.sampled_from(FUNDERS), st.sampled_from(OWNERS)
MONEY = st.sampled_from([1, 7, 33, 50, 67])
PROJECT = st.integers(0, 2)
DEED = st.one_of(
    st.tuples(st.just("fund"), FUNDING, PROJECT, MONEY),
    st.tuples(st.just("fund"), FUNDING, PROJECT, MONEY),
    st.tuples(st.just("take"), OWNING, PROJECT),
    st.tuples(st.just("distribute"), OWNING, PROJECT, MONEY),
    st.tuples(st.sampled_from(["refund", "claim"]), FUNDING, PROJECT),
    st.tuples(st.just("offer"), FUNDING, OWNING, MONEY),
    st.tuples(st.just("agree"), OWNING, PROJECT),
    st.tuples(st.sampled_from(["take", "refund", "claim", "withdraw", "agree"]), NAME, PROJECT),
    st.tuples(
        st.sampled_from(["fund", "distribute"]),
        NAME,
        PROJECT,
        st.sampled_from([-1, 0, SAVINGS, 10**20]),
    ),
    st.tuples(
        st.just("propose"), NAME, st.sampled_from(TERMS), st.sampled_from([0, 7, 400]), MONEY
    ),
    st.tuples(st.just("wait"), st.sampled_from([1, 5, 60])),
)


STAGES = (
    *("propose", "offer", "agree", "withdraw", "fund", "take", "distribute"),
    *("claim", "wait", "refund"),
)


def perform(counter: Desk, deed: tuple[Any, ...]) -> None:
    match deed:
        case ("wait", seconds):
            counter.time += seconds
        case ("propose", name, terms, size, goal):
            counter.tries(name, "propose", terms, size, "", goal, counter.time + 100)
        case ("offer", name, owner, money):
            counter.tries(name, "offer", address(owner), "profit share", 500, "", money)
        case (function, name, *given):
            counter.tries(name, function, *given)


@settings(max_examples=120)
@given(
    st.lists(DEED, min_size=25, max_size=50),
    st.booleans(),
    st.sampled_from(["profit share", "rent"]),
)
def test_money_is_conserved_and_every_deposit_comes_out_again(
    deeds: list[Any], orderly: bool, terms: str
) -> None:
    counter = desk()
    if orderly:  # in the order of a project's life, so that much of it comes to pass
        deeds = sorted(deeds, key=lambda deed: STAGES.index(deed[0]))
    counter.act("olga", "propose", terms, 333 if terms == "profit share" else 50, "", 100, 100)
    counter.act("otto", "propose", "reward", 0, "a cake", 33, 100)
    for deed in deeds:
        perform(counter, deed)
        assert counter.total == SAVINGS * len(counter.names)
    counter.time += 100 + PATIENCE
    # Everybody takes what is its own, twice: the second time there must be nothing.
    numbers = max(int(str(counter.storage.get(key, 0))) for key in ("projects", "offers"))
    for _ in range(2):
        for name in counter.names:
            for number in range(numbers):
                for function in ("refund", "claim", "withdraw"):
                    counter.tries(name, function, number)
    assert counter.in_vault == 0
    for name in FUNDERS:
        for number in range(3):
            assert counter.tries(name, "claim", number) in ("nothing due", "project")


@settings(max_examples=60)
@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=3),
    st.lists(st.integers(1, 10**6), min_size=1, max_size=5),
    st.integers(0, 1000),
)
def test_the_funders_get_what_the_owner_shares_to_the_last_unit(
    stakes: list[int], profits: list[int], share: int
) -> None:
    counter = desk()
    counter.act("olga", "propose", "profit share", share, "", sum(stakes), 100)
    for name, stake in zip(FUNDERS, stakes, strict=False):
        counter.act(name, "fund", 0, stake)
    counter.act("olga", "take", 0)
    for profit in profits:
        counter.act("olga", "distribute", 0, profit)
    for name in FUNDERS:
        counter.tries(name, "claim", 0)
    shared = sum(profit * share // 1000 for profit in profits)
    gains = [counter.money(name) + stake for name, stake in zip(FUNDERS, stakes, strict=False)]
    assert sum(gains) == shared == sum(stakes) - counter.money("olga")
    for gain, stake in zip(gains, stakes, strict=True):
        assert abs(gain - Fraction(shared * stake, sum(stakes))) < len(profits)
