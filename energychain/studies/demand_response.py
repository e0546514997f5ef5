"""
A demand-response programme of five homes: three weeks on a private chain.

Hajizadeh & Hakimi, in Shafie-khah (ed., 2020), *Blockchain-based Smart Grids*, chapter 8,
which prints no figures; the numbers here are ours. What the homes use is real
(``datasets/simbench_year``, January 2016). How they answer a command is not: each home
does a stated part of what it was asked (:data:`ANSWERS`), on top of what it really used
that day. So the baseline meets real days, and errs on them.

Every step is a signed transaction in a mined block; :func:`rehearse` plays the same weeks
without a chain. Who games its baseline is in :mod:`energychain.studies.baseline_gaming`.

>>> programme = rehearse()
>>> [s.home for s in programme.settlements if s.day == EVENTS[0].day and not s.penalty]
['H0-L']
>>> sum(programme.changes.values())
0
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from math import sqrt
from statistics import fmean

from energychain import datasets
from energychain.contracts.baselines import (
    RULES,
    BaselineRule,
    Profile,
    baseline,
    is_weekday,
    past_mean,
)
from energychain.contracts.demand_response import CONTRACT, DAY, asked, opening_storage
from energychain.contracts.token import MONEY
from energychain.ledger.state import Event
from energychain.primitives.keys import Address
from energychain.primitives.merkle import InclusionProof
from energychain.primitives.refusals import BadInput
from energychain.primitives.units import ENERGY_DECIMALS, divide_rounded, to_units
from energychain.studies.claims import Claim, erratum, unjudged
from energychain.studies.private_chain import PrivateChain, address_of
from energychain.studies.stages import ChainStage, RehearsalStage, Stage

HOMES = ("H0-A", "H0-B", "H0-C", "H0-G", "H0-L")
"""The five homes of the dataset, by SimBench's names."""

DAY_ZERO = date(2015, 12, 28)
"""A Monday, from which days are counted."""

START = 1_451_257_200
"""When day 0 begins: midnight in Germany [s]."""

HOURS = 24

SEED = "energychain demand response"

SAVINGS = 10**9
"""Money of everybody at first [micro-euro]: a thousand euros; our choice."""

COLLATERAL = 20 * 10**6
"""What each home puts down [micro-euro]; our choice."""

FIRST_DAY = 7
"""The first measured day: Monday, 4 January 2016."""

FIRST_JUDGED = FIRST_DAY + 21
"""The first day of which :func:`baseline_errors` asks how well it was guessed: all rules
have enough days before it.
"""

EVENING = range(17, 20)
"""The hours in which an event is likeliest."""

HOUR = 3_600
"""[s]"""


@dataclass(frozen=True)
class Called:
    """An event that the operator calls for all homes at once."""

    day: int
    first: int
    """Its first hour."""

    hours: int
    percent: int
    """The change that is asked for, of each home's baseline; negative to use less."""

    incentive: int = 1_000_000
    """[micro-euro/kWh]; our choice."""

    penalty: int = 500_000
    """[micro-euro/kWh]; our choice."""


EVENTS = (Called(22, 17, 3, -30), Called(24, 12, 2, 30))
"""Less on the evening of Tuesday, 19 January 2016; more at noon two days later."""

ANSWERS: Mapping[str, int] = {"H0-A": 100, "H0-B": 80, "H0-C": 50, "H0-G": 0, "H0-L": 150}
"""What each home does of what it was asked [per cent]: made up, to have one of each kind."""


@dataclass(frozen=True)
class Row:
    """One home in one period of an event [mWh]: what the contract remembers of it."""

    home: str
    day: int
    period: int
    expected: int
    """The baseline as known when the command was given."""

    baseline: int
    commanded: int
    measured: int
    delivered: int
    shortfall: int


@dataclass(frozen=True)
class Settlement:
    """What one home was paid for one event [micro-euro]."""

    home: str
    day: int
    incentive: int
    penalty: int


@dataclass(frozen=True)
class Programme:
    """What happened."""

    rule: str
    """How baselines were worked out."""

    rows: tuple[Row, ...]
    settlements: tuple[Settlement, ...]
    changes: Mapping[str, int]
    """By how much everybody's money changed [micro-euro]."""

    network: PrivateChain | None = None
    """The private chain on which it happened; none for a rehearsal."""

    def __repr__(self) -> str:
        where = "rehearsed" if self.network is None else repr(self.network.chain)
        return f"<programme of {len(HOMES)} homes, {self.rule}, {where}>"

    @property
    def earned(self) -> dict[str, int]:
        """The incentives of each home so far: its stake [micro-euro]."""
        paid = Counter(dict.fromkeys(HOMES, 0))
        for settlement in self.settlements:
            paid[settlement.home] += settlement.incentive
        return dict(paid)

    @property
    def delivered(self) -> int:
        """By all homes in all events [mWh]."""
        return sum(row.delivered for row in self.rows)

    @property
    def shortfall(self) -> int:
        """Of all homes in all events [mWh]."""
        return sum(row.shortfall for row in self.rows)

    def records(self) -> list[dict[str, str | int | float]]:
        """The rows for people and charts: energies in kWh."""
        energies = ("expected", "baseline", "commanded", "measured", "delivered", "shortfall")
        return [
            {
                "home": row.home,
                "day": row.day,
                "period": row.period,
                **{f"{name}_kwh": getattr(row, name) / 1e6 for name in energies},
            }
            for row in self.rows
        ]

    def payments(self) -> list[dict[str, str | int | float]]:
        """The settlements for people and charts: money in euros."""
        return [
            {**asdict(s), "incentive": s.incentive / 1e6, "penalty": s.penalty / 1e6}
            for s in self.settlements
        ]

    def grid_records(self) -> list[dict[str, int | float]]:
        """The grid's energy state for people and charts, in each period of an event: the
        imbalance that the operator wanted to be rid of, and what was left of it [kWh].
        """
        found = []
        for day, period in sorted({(row.day, row.period) for row in self.rows}):
            here = [row for row in self.rows if (row.day, row.period) == (day, period)]
            expected, commanded, measured = (
                sum(getattr(row, name) for row in here)
                for name in ("expected", "commanded", "measured")
            )
            found.append(
                {
                    "day": day,
                    "period": period,
                    "expected_kwh": expected / 1e6,
                    "commanded_kwh": commanded / 1e6,
                    "measured_kwh": measured / 1e6,
                    "imbalance_before_kwh": (expected - commanded) / 1e6,
                    "imbalance_after_kwh": (measured - commanded) / 1e6,
                }
            )
        return found

    def proof(self, function: str, home: str, day: int) -> tuple[int, bytes, InclusionProof]:
        """That a call stands in a block: the block's height, the call's bytes, and a proof
        that a light client checks against the Merkle root of the header alone. With the
        proofs of ``meter`` on the past days and on the event's, and of ``command``, it can
        work the payment out itself.

        Raises :class:`~energychain.primitives.refusals.BadInput` for a rehearsal, or if
        there is no such call.
        """
        if self.network is None:
            raise BadInput("a rehearsal leaves no blocks: call run instead")
        address = self.network.address(home)
        for block in self.network.chain.blocks:
            for index, signed in enumerate(block.transactions):
                call = signed.transaction
                about = (signed.sender, *call.arguments) if function == "meter" else call.arguments
                if call.function == function and about[:2] == (address, day):
                    return block.height, signed.encoded, block.proof(index)
        raise BadInput(f"no block holds a call of {function} about {home} on day {day}")


# --- the input ------------------------------------------------------------------------


@cache
def measured_days() -> Mapping[str, Mapping[int, Profile]]:
    """What each home used in each hour [mWh], by home and day. The two days on which the
    clocks change have no 24 hours, and are left out.

    >>> sum(measured_days()["H0-A"][22])
    13603000
    """
    days: dict[str, dict[int, list[int]]] = {home: {} for home in HOMES}
    for row in csv.DictReader(datasets.lines("simbench_year", "homes.csv")):
        day = (date.fromisoformat(row["time"][:10]) - DAY_ZERO).days
        for home in HOMES:
            days[home].setdefault(day, []).append(to_units(row[home], ENERGY_DECIMALS))
    return {
        home: {day: tuple(hours) for day, hours in days[home].items() if len(hours) == HOURS}
        for home in HOMES
    }


# --- the play -------------------------------------------------------------------------


def run(rule: str = "ten_in_ten", answers: Mapping[str, int] = ANSWERS) -> Programme:
    """Play the weeks on a private chain, with signed transactions in mined blocks.

    ``rule`` is one of :data:`~energychain.contracts.baselines.RULES`, ``answers`` what each
    home does of what it is asked [per cent]; whoever is not named does nothing.

    Raises :class:`~energychain.primitives.refusals.BadInput` if the rule is unknown.
    """
    network = _network(rule)
    return _play(ChainStage(network), rule, answers, network)


def rehearse(rule: str = "ten_in_ten", answers: Mapping[str, int] = ANSWERS) -> Programme:
    """The same weeks without a chain: the same contract, hence the same rows."""
    return _play(RehearsalStage(_network(rule)), rule, answers, None)


def _network(rule: str) -> PrivateChain:
    if rule not in RULES:
        raise BadInput(f"a baseline goes by {' or '.join(RULES)}, not {rule!r}")
    return PrivateChain(
        ("operator", *HOMES),
        name="demand response",
        start=START,
        seed=SEED,
        balances=[(MONEY, name, SAVINGS) for name in ("operator", *HOMES)],
        storage=opening_storage(address_of("operator", SEED), START, HOURS, rule),
    )


def _play(
    stage: Stage, rule: str, answers: Mapping[str, int], network: PrivateChain | None
) -> Programme:
    called = {event.day: event for event in EVENTS}
    used = {home: dict(measured_days()[home]) for home in HOMES}
    events: list[Event] = []
    stage.open(START + FIRST_DAY * DAY)
    for home in HOMES:
        stage.act(home, CONTRACT, "enrol", COLLATERAL)
    stage.close()
    for day in range(FIRST_DAY, max(called) + 1):
        if day + 1 in called:
            events += _command(stage, called[day + 1], used, rule, answers)
        stage.open(START + (day + 1) * DAY + HOUR)
        for home in HOMES:
            stage.act(home, CONTRACT, "meter", day, used[home][day])
            if day in called:
                whom = stage.network.address(home)
                events += stage.act("operator", CONTRACT, "verify", whom, day)
                events += stage.act("operator", CONTRACT, "settle", whom, day)
        stage.close()
    stage.open(START + (max(called) + 2) * DAY)
    for home in HOMES:
        stage.act(home, CONTRACT, "leave")
    stage.close()
    return _told(stage, rule, events, network)


def _command(
    stage: Stage,
    event: Called,
    used: dict[str, dict[int, Profile]],
    rule: str,
    answers: Mapping[str, int],
) -> list[Event]:
    """The evening before, the operator commands every home. What each will use is noted."""
    hours = range(event.first, event.first + event.hours)
    earlier = [other.day for other in EVENTS if other.day < event.day]
    events: list[Event] = []
    stage.open(START + event.day * DAY - 6 * HOUR)
    for home in HOMES:
        # The day that is ending is not reported yet.
        reported = {day: used[home][day] for day in range(FIRST_DAY, event.day - 1)}
        mean = past_mean(RULES[rule], reported, earlier, event.day, hours)
        expected = tuple(mean[hour] for hour in hours)
        commanded = tuple(divide_rounded(e * (100 + event.percent), 100) for e in expected)
        whom = stage.network.address(home)
        rates = (event.incentive, event.penalty)
        events += stage.act(
            "operator", CONTRACT, "command", whom, event.day, event.first, commanded, *rates
        )
        answer = list(used[home][event.day])
        for hour, change in zip(hours, asked(expected, commanded), strict=True):
            done = divide_rounded(change * answers.get(home, 0), 100)
            answer[hour] = max(answer[hour] - done, 0)
        used[home][event.day] = tuple(answer)
    stage.close()
    return events


def _told(
    stage: Stage, rule: str, events: Sequence[Event], network: PrivateChain | None
) -> Programme:
    """The programme as the contract's events tell it."""
    names = {stage.network.address(home): home for home in HOMES}

    def about(event: Event) -> tuple[str, int]:
        day = event["day"]
        assert isinstance(day, int)
        return names[Address(str(event["prosumer"]))], day

    commands = {about(event): event for event in events if event.name == "Commanded"}
    rows: list[Row] = []
    settlements: list[Settlement] = []
    for event in events:
        if event.name == "Verified":
            rows += _rows(*about(event), commands[about(event)], event)
        elif event.name == "Settled":
            incentive, penalty = event["incentive"], event["penalty"]
            assert isinstance(incentive, int)
            assert isinstance(penalty, int)
            settlements.append(Settlement(*about(event), incentive, penalty))
    changes = {name: stage.balance(name, MONEY) - SAVINGS for name in ("operator", *HOMES)}
    return Programme(rule, tuple(rows), tuple(settlements), changes, network)


def _rows(home: str, day: int, command: Event, verified: Event) -> Iterator[Row]:
    first = command["first"]
    assert isinstance(first, int)
    columns: tuple[Profile, ...] = (
        command["expected"],
        verified["baseline"],
        command["commanded"],
        verified["measured"],
        verified["delivered"],
        verified["shortfall"],
    )  # type: ignore[assignment]
    for period, energies in enumerate(zip(*columns, strict=True), first):
        yield Row(home, day, period, *energies)


# --- how well a baseline guesses ------------------------------------------------------


@dataclass(frozen=True)
class BaselineError:
    """How far a baseline is from what a home really used on days without any event."""

    rule: str
    home: str
    days: int
    mean_kwh: float
    """What the home used in those hours of a day, on average."""

    bias_kwh: float
    """The mean of baseline minus use: positive if the home is paid for nothing."""

    rmse_kwh: float
    """The root of the mean square of it."""


def baseline_errors(
    rules: Mapping[str, BaselineRule] = RULES, hours: range = EVENING
) -> list[BaselineError]:
    """The error of each rule for each home, over all weekdays of 2016 that have enough days
    before them: what a baseline says that a home used in ``hours``, against what it used.

    >>> worst = max(baseline_errors({"average": RULES["average"]}), key=lambda e: e.rmse_kwh)
    >>> worst.home
    'H0-B'
    """
    return [
        baseline_error(name, rule, home, hours) for name, rule in rules.items() for home in HOMES
    ]


def baseline_error(name: str, rule: BaselineRule, home: str, hours: range) -> BaselineError:
    """The error of one rule for one home."""
    days = measured_days()[home]

    def guess(day: int) -> Profile:
        return baseline(rule, days, (), day, hours, days[day])[hours.start : hours.stop]

    return judged(name, home, hours, guess)


def judged(name: str, home: str, hours: range, guess: Callable[[int], Profile]) -> BaselineError:
    """The error of any way to guess what a home uses in ``hours`` of a day."""
    days = measured_days()[home]
    weekdays = [day for day in days if is_weekday(day) and day >= FIRST_JUDGED]
    used = [sum(days[day][hour] for hour in hours) for day in weekdays]
    errors = [sum(guess(day)) - use for day, use in zip(weekdays, used, strict=True)]
    return BaselineError(
        name,
        home,
        len(errors),
        fmean(used) / 1e6,
        fmean(errors) / 1e6,
        sqrt(fmean(error * error for error in errors)) / 1e6,
    )


# --- who pays whom --------------------------------------------------------------------


def money_goes(programme: Programme) -> str:
    """In which direction the ledger moved money: a home sells a change of load, the operator
    buys it. Homes that missed something are left out, for a penalty is no price.

    >>> money_goes(rehearse())
    'from buyers to sellers'
    """
    missed = {settlement.home for settlement in programme.settlements if settlement.penalty}
    sellers = sum(programme.changes[home] for home in HOMES if home not in missed)
    if not sellers:
        return "neither way"
    return "from buyers to sellers" if sellers > 0 else "from sellers to buyers"


def claims(programme: Programme | None = None) -> tuple[Claim, ...]:
    """What the chapters print on contracts that settle, beside the ledger."""
    programme = programme or rehearse()
    return (
        erratum(
            unjudged(
                "demand_response",
                "direction_of_money",
                "Khajeh, Shafie-khah & Laaksonen (2020), chapter 7, section 5",
                "whose accounts the funds come from and go to",
                "",
                "from sellers to buyers",
                money_goes(programme),
                "who buys pays: in the chapter's sentence sellers and buyers have changed"
                " places, as its next one shows, where a penalty is taken from the seller",
            )
        ),
    )
