"""
What chapter 5 of Shafie-khah (ed., 2020), *Blockchain-based Smart Grids*, says of the four
business models, beside what we measure when they are played.

The chapter prints statements and no case of its own, so every verdict is ``shown``: the
figures are those of our small cases (:mod:`energychain.studies.business_models`), and a
statement that our case does not bear out is given as what it is. Left out is what nobody
can compute from the chapter, such as the shares of network charges in a bill that
section 2.5 quotes from elsewhere.
"""

from collections.abc import Iterator, Sequence

from energychain.contracts.roles import CROWDSALE, PLATFORMS, ROLES, TABLE, actions
from energychain.primitives.units import from_units, kwh, money
from energychain.studies.business_models import (
    DESIGNS,
    EURO,
    FEED_IN,
    HIGHEST,
    LACKING,
    RETAIL,
    STAKES,
    Row,
    aggregator_auction,
    border_checks,
    crowdsale,
    evening,
    flexibility_call,
    hedge,
    indirect_control,
)
from energychain.studies.claims import Claim, shown

STUDY = "business_models"
SOURCE = "Shafie-khah (ed., 2020), chapter 5"


def claims() -> list[Claim]:
    """All claims of the four business models."""
    return [
        *_roles(),
        *_aggregator(),
        *_peer_to_peer(),
        *_flexibility(),
        *_over_the_counter(),
        *_crowdsale(),
    ]


def _roles() -> Iterator[Claim]:
    refused = sum(len(ROLES) - len(line.roles) for line in TABLE)
    yield _shown(
        "roles",
        "section 4",
        "roles of participants, as a table that the contracts enforce",
        "",
        "the roles for each market participants should be clearly and accurately defined",
        f"{len(ROLES)} roles, {len(PLATFORMS)} platforms, {len(TABLE)} actions;"
        f" {refused} pairs of role and action are refused",
        "which account has which role is entered by a registrar; our reading",
    )
    yield _shown(
        "open",
        "sections 3.1.2 to 3.4.2",
        "platforms that anybody may join without a registrar",
        "",
        "private blockchain; the crowdsale on a public blockchain",
        CROWDSALE,
        "who may enrol there: " + " and ".join(_roles_of(CROWDSALE)),
    )


def _roles_of(platform: str) -> list[str]:
    named = {role for line in actions(platform).values() for role in line.roles}
    return [role for role in ROLES if role in named]


def _peer_to_peer() -> Iterator[Claim]:
    evenings = [evening(design) for design in DESIGNS]
    for each in evenings:
        gains = [_number(row, "gain") for row in each.rows]
        yield _shown(
            f"gain.{each.design}",
            "section 3.1",
            f"homes that gain against the retailer, {each.design} design",
            "",
            "it reduces the costs for both suppliers and buyers",
            f"{sum(gain > 0 for gain in gains)} of {len(gains)}",
            f"together {money(sum(gains))}, from {money(min(gains))} to {money(max(gains))} a"
            f" home; the manager gains {money(each.manager)}",
        )
    full, community, hybrid = evenings
    yield _shown(
        "bounds",
        "section 2.1",
        "prices between neighbours, full and hybrid design",
        "money/kWh",
        "retailer price can be upper bound for them to pay, and the feed-in tariffs ... are the"
        " lower bounds",
        f"{money(min(full.prices + hybrid.prices))} to {money(max(full.prices + hybrid.prices))}",
        f"the retailer takes {money(RETAIL)} and pays {money(FEED_IN)}; follows from the orders",
    )
    yield _shown(
        "burden",
        "section 3.1",
        "energy exchanged with the retailer, full design",
        "kWh",
        "reducing the burden on both transmission and distribution grids",
        f"{kwh(full.outside)} instead of {kwh(full.outside_alone)}",
        "exchanged with the retailer, counted in both directions; losses and flows are not"
        " computed here",
    )
    better = [
        _text(one, "home")
        for one, other in zip(full.rows, community.rows, strict=True)
        if _number(one, "gain") > _number(other, "gain")
    ]
    yield _shown(
        "preferences",
        "section 3.1.1",
        "homes that are better off in the full than in the community design",
        "",
        "a hybrid structure is an appropriate model as the preferences of all kind of end users"
        " can be considered",
        f"{len(better)} of {len(full.rows)}: {', '.join(better)}",
        "both designs trade the same energy here; they share the same gain differently",
    )
    yield _shown(
        "intermediary",
        "section 3.1",
        "what the manager keeps when it trades for four homes, hybrid design",
        "money",
        "they should share the profit with the aggregator playing the role of an intermediary",
        money(hybrid.manager),
        f"all eight homes gain {money(sum(_number(row, 'gain') for row in hybrid.rows))}",
    )
    hours = indirect_control()
    peaks = {name: max(_number(row, name) for row in hours) for name in ("tariff", "direct")}
    when = next(_text(row, "hour") for row in hours if row["tariff"] == peaks["tariff"])
    yield _shown(
        "new_peak",
        "section 2.3",
        "peak if all cars follow a cheap tariff from 22:00 on",
        "kWh in an hour",
        "the method may cause new peak hour due to risk of shifting all loads to the special"
        " off-peak time",
        f"{peaks['tariff']} at {when}",
        f"{max(_number(row, 'at home') for row in hours)} if they charge when they come home;"
        f" {peaks['direct']} if one operator places them one by one",
    )


def _flexibility() -> Iterator[Claim]:
    call, failed = flexibility_call(), flexibility_call(50)
    paid = sum(_number(row, "paid") for row in call.rows)
    yield _shown(
        "overload",
        "section 3.2",
        "load of a feeder after the call",
        "kWh",
        "flexibility for the distribution grid: manage congestion",
        f"{kwh(call.load)} of at most {kwh(HIGHEST)}",
        f"for {money(paid)}; {kwh(failed.load)} if the battery delivers half of its part,"
        f" which is then paid by half",
    )
    yield _shown(
        "coordination",
        "section 3.2, product 1",
        "what the transmission system operator may buy the other way on that feeder",
        "kWh",
        "to check whether a flexibility product in one grid does not cause problems for the other"
        " grid",
        kwh(call.room),
        call.refused,
    )


def _aggregator() -> Iterator[Claim]:
    rows = aggregator_auction()
    taken = [row for row in rows if row["taken"]]
    yield _shown(
        "aggregator",
        "section 2.2 and Fig. 5.4",
        "offers that an aggregator takes for its one bid",
        "kWh",
        "prosumers with lower offers are selected until the required quantity of the bid is"
        " reached",
        f"{kwh(sum(_number(row, 'taken') for row in taken))} of {kwh(LACKING)} from"
        f" {len(taken)} of {len(rows)}: {', '.join(_text(row, 'prosumer') for row in taken)}",
        f"for {money(sum(_number(row, 'paid') for row in rows))} if each gets what it asked"
        f" (our reading), {money(sum(_number(row, 'paid') for row in aggregator_auction('bid')))}"
        " if all get the bid; the chapter does not say which",
    )


def _over_the_counter() -> Iterator[Claim]:
    hours = hedge()
    yield _shown(
        "hedge",
        "section 3.3",
        "cost of a megawatt-hour over five hours with a forward",
        "money",
        "large-scale operators would be able to hedge against price fluctuations",
        _range(hours, "hedged"),
        f"{_range(hours, 'unhedged')} without it",
    )
    short = hedge(margin=10)
    yield _shown(
        "margin",
        "section 3.3",
        "the same, with a margin of 10 per cent",
        "money",
        "future OTC trading may alleviate the risk",
        _range(short, "hedged"),
        "a contract can only pay what was put down: beyond the margin the risk stays",
    )
    border = border_checks()
    refused = sum(row["became"] == "refused" for row in border.rows)
    yield _shown(
        "security",
        "section 3.3.2",
        "security checks for five trades over one border",
        "",
        "security must be checked for each individual transaction. However, in a pool-based"
        " market, it would be checked once",
        f"{border.checks}, in a pool {border.pool_checks}",
        f"one by one, {refused} refused; all five together would carry"
        f" {kwh(border.pool_flow)} of {kwh(border.capacity)} kWh, and fit",
    )


def _crowdsale() -> Iterator[Claim]:
    raised = sum(STAKES.values())
    reached = crowdsale(raised, PROFITS)
    back = sum(_number(row, "back") for row in reached.rows)
    yield _shown(
        "profit",
        "section 3.4.2",
        "profit that three funders got of what the owner earned",
        "money",
        "the monetary profit of renewable resources would be shared between the property owners"
        " and the crowdfunders",
        f"{money(back)} of {money(sum(PROFITS))}",
        f"40 per cent, to the last micro-unit; {money(reached.in_vault)} is left over",
    )


PROFITS = (312 * EURO, 498 * EURO + 1, 405 * EURO + 7)
"""What the roof earned in three seasons [micro-money]; invented, and hard to share."""


def _number(row: Row, name: str) -> int:
    value = row[name]
    assert isinstance(value, int)
    return value


def _text(row: Row, name: str) -> str:
    return str(row[name])


def _range(rows: Sequence[Row], name: str) -> str:
    values = [_number(row, name) for row in rows]
    low, high = (from_units(value, 6) for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def _shown(
    name: str, place: str, quantity: str, unit: str, printed: str, computed: str, note: str = ""
) -> Claim:
    return shown(STUDY, name, f"{SOURCE}, {place}", quantity, unit, printed, computed, note)
