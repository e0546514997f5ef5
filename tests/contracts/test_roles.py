"""The table of roles, line by line: who may, may; who may not, is refused by name."""

import subprocess
import sys
from typing import Any

import pytest

from energychain.contracts import CONTRACTS
from energychain.contracts.business_models import BUSINESS_MODELS
from energychain.contracts.calls import BadArguments, UnknownFunction
from energychain.contracts.flexibility import opening_storage as flexibility_terms
from energychain.contracts.over_the_counter import opening_storage as counter_terms
from energychain.contracts.peer_to_peer import DESIGNS
from energychain.contracts.peer_to_peer import opening_storage as peer_terms
from energychain.contracts.roles import (
    ANYBODY,
    COMMUNITY,
    CROWDSALE,
    FLEXIBILITY,
    FULL,
    HYBRID,
    OURS,
    OVER_THE_COUNTER,
    PLATFORMS,
    ROLES,
    TABLE,
    Line,
    NotTheRegistrar,
    NotYourRole,
    actions,
    member,
    who_may,
)
from tests.contracts.desk import Desk, address

DESKS: dict[str, tuple[str, Any]] = {
    **{
        platform: ("peer_to_peer", peer_terms(design, 0, 100))
        for design, platform in DESIGNS.items()
    },
    FLEXIBILITY: ("flexibility", flexibility_terms(0, 100, 50)),
    OVER_THE_COUNTER: ("over_the_counter", counter_terms(0, 100, 10, 10)),
    CROWDSALE: ("crowdsale", ()),
}

PRIVATE = [platform for platform in PLATFORMS if platform != CROWDSALE]


def desk(platform: str) -> Desk:
    """One member of each role, by the role's name, and a stranger."""
    contract, terms = DESKS[platform]
    members = {role: ([role], "feeder 1") for role in ROLES}
    return Desk(contract, {**members, "stranger": ([], "")}, terms)


def name_of(line: Line) -> str:
    return f"{line.platform}: {line.action}"


@pytest.mark.parametrize("line", TABLE, ids=name_of)
def test_whoever_may_not_is_told_who_it_is_what_it_wanted_and_who_may(line: Line) -> None:
    counter = desk(line.platform)
    for role in ROLES:
        if role in line.roles:
            continue
        with pytest.raises(NotYourRole) as refused:
            counter.act(role, line.action)
        assert f"{address(role)} is {role}: {line.action} " in str(refused.value)
        assert all(may in str(refused.value) for may in line.roles)
        assert counter.tries(role, line.action) == "role"
    if line.roles != ANYBODY:
        with pytest.raises(NotYourRole, match="is not registered"):
            counter.act("stranger", line.action)


@pytest.mark.parametrize("line", TABLE, ids=name_of)
def test_whoever_may_comes_as_far_as_its_arguments(line: Line) -> None:
    counter = desk(line.platform)
    for role in line.roles:
        with pytest.raises(BadArguments, match=f"^{line.action} takes "):
            counter.act(role, line.action)
    if line.roles == ANYBODY:
        with pytest.raises(BadArguments):
            counter.act("stranger", line.action)


def test_the_table_refuses_somebody_on_every_platform_and_lets_everybody_in_somewhere() -> None:
    for platform in PLATFORMS:
        assert any(line.roles != ANYBODY for line in actions(platform).values())
    assert {role for line in TABLE if line.roles != ANYBODY for role in line.roles} == set(ROLES)
    assert len({(line.platform, line.action) for line in TABLE}) == len(TABLE)


def test_what_the_chapter_says_of_each_platform_stands_in_the_table() -> None:
    # Section 3.1.1: full: end users, of which prosumers sell; 3.1.2: in a community "only
    # mediators"; hybrid: "consumers and prosumers as well as aggregators".
    assert set(actions(FULL)["sell"].roles) == {"prosumer"}
    assert set(actions(FULL)["buy"].roles) == {"prosumer", "consumer"}
    assert not {"prosumer", "consumer"} & set(actions(COMMUNITY)["sell"].roles)
    assert {"prosumer", "consumer", "aggregator"} <= set(actions(HYBRID)["buy"].roles)
    # Section 3.2.2: "TSO, DSO, and small customers can purchase flexibility".
    assert set(actions(FLEXIBILITY)["request"].roles) == {
        "transmission system operator",
        "distribution system operator",
        "prosumer",
        "consumer",
    }
    # Section 3.3.2: buyers are retailers and huge customers; sellers generating companies
    # and huge aggregators.
    assert set(actions(OVER_THE_COUNTER)["accept"].roles) == {"retailer", "large customer"}
    assert set(actions(OVER_THE_COUNTER)["offer"].roles) == {"generating company", "aggregator"}


def test_a_function_of_another_design_is_unknown() -> None:
    for action in ("quote", "join", "report", "settle"):
        with pytest.raises(UnknownFunction, match=action):
            desk(FULL).act("prosumer", action)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_function_that_does_not_exist_is_refused_with_those_that_do(platform: str) -> None:
    with pytest.raises(UnknownFunction) as refused:
        desk(platform).act("prosumer", "steal")
    assert all(action in str(refused.value) for action in actions(platform))


def test_the_rows_for_people_hold_the_whole_table() -> None:
    rows = who_may()
    assert len(rows) == len(TABLE)
    assert {row["platform"] for row in rows} == set(PLATFORMS)
    for row, line in zip(rows, TABLE, strict=True):
        may = set(ROLES) if row["who may"] == "anybody" else set(row["who may"].split(", "))
        assert may == set(line.roles)
        assert row["source"] == OURS or row["source"].startswith("section ")
    assert {row["platform"] for row in who_may(FLEXIBILITY)} == {FLEXIBILITY}


# --- the registry ---------------------------------------------------------------------


@pytest.mark.parametrize("platform", PRIVATE)
def test_the_registrar_and_nobody_else_gives_roles(platform: str) -> None:
    counter, anna = desk(platform), address("anna")
    for name in (*ROLES, "stranger", "anna"):
        with pytest.raises(NotTheRegistrar):
            counter.act(name, "register", anna, ("prosumer",), "feeder 1")
    counter.act("registrar", "register", anna, ("prosumer", "property owner"), "feeder 1")
    assert member(counter.storage, anna).roles == ("prosumer", "property owner")
    assert member(counter.storage, anna).place == "feeder 1"
    counter.act("registrar", "register", anna, (), "")
    assert member(counter.storage, anna).roles == ()


def test_a_new_role_opens_and_a_lost_one_closes_the_door() -> None:
    counter, anna = desk(FULL), address("anna")
    order = ("sell", 5, 1_000, 200_000)
    assert counter.tries("anna", *order) == "role"
    counter.act("registrar", "register", anna, ("consumer",), "feeder 1")
    assert counter.tries("anna", *order) == "role"
    counter.act("registrar", "register", anna, ("consumer", "prosumer"), "feeder 1")
    assert counter.tries("anna", *order) == ""
    counter.act("registrar", "register", anna, (), "feeder 1")
    assert counter.tries("anna", *order) == "role"
    assert counter.tries("anna", "cancel", 5, 0) == "", "what is one's own needs no role"


@pytest.mark.parametrize("roles", [("king",), "prosumer", (1,), ("prosumer", "king")])
def test_there_are_no_other_roles(roles: Any) -> None:
    with pytest.raises(BadArguments):
        desk(FULL).act("registrar", "register", address("anna"), roles, "")


def test_on_the_public_platform_everybody_enters_itself_and_only_as_what_it_has() -> None:
    counter = desk(CROWDSALE)
    assert counter.tries("stranger", "propose") == "role"
    counter.act("stranger", "enrol", ("funder",))
    counter.act("stranger", "enrol", ("property owner",))
    roles = member(counter.storage, address("stranger")).roles
    assert set(roles) == {"funder", "property owner"}
    with pytest.raises(BadArguments):
        counter.act("stranger", "enrol", ("prosumer",))
    with pytest.raises(UnknownFunction):
        counter.act("registrar", "register", address("anna"), ("funder",), "")


# --- the mappings ---------------------------------------------------------------------


def test_the_business_models_are_no_contracts_of_the_testbed() -> None:
    assert set(CONTRACTS) & set(BUSINESS_MODELS) == {"token"}
    assert {"peer_to_peer", "flexibility", "over_the_counter", "crowdsale"} < set(BUSINESS_MODELS)


def test_the_four_modules_do_not_load_numpy() -> None:
    modules = ("peer_to_peer", "flexibility", "over_the_counter", "crowdsale", "roles")
    imports = "; ".join(f"import energychain.contracts.{module}" for module in modules)
    script = f"import sys; {imports}; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
