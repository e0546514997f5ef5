"""
Demand response: an operator commands a load, the ledger holds what was promised, measured
and paid.

Hajizadeh & Hakimi, in Shafie-khah (ed., 2020), *Blockchain-based Smart Grids*, chapter 8,
section 6. The chapter lists what such a contract remembers; here each is a view:

=========================  ============================================================
chapter 8                  here
=========================  ============================================================
Table 2, baseline profile  :attr:`Account.baseline`, by a rule of
                           :mod:`energychain.contracts.baselines`
Table 2, current profile   :attr:`Account.current`: what the meter showed
Table 2, commanded         :attr:`Account.commanded`: what the operator asked for
Table 3, grid state        :func:`grid_state`: the same three, summed over all prosumers
Table 3, events and rates  :func:`events`, :class:`Command`
section 5, stake           :func:`earned`: incentives so far, by which a proof of stake may
                           draw its validators
=========================  ============================================================

Days are counted from a Monday, which is day 0; each has the same number of periods.

1. A prosumer ``enrol``s with a collateral. It is its consent: it can be commanded as much
   as the collateral pays for if it delivers nothing, and no more.
2. The day after, its meter reports a day's profile: ``meter``, once and in time.
3. Before an event the operator ``command``s somebody's load in some periods, at an
   incentive and a penalty rate, and puts the incentive beside it. The *asked* change is the
   distance from the baseline, as far as it is known then. It may go down or up.
4. After the event's day is measured, or too late for that, anybody may ``verify``: what was
   delivered is the way from the baseline to the measured load, towards the commanded one.
   No period counts more than was asked for there, and none less than nothing.
5. Anybody may ``settle``: incentive for what was delivered, penalty for what is missing,
   and all else goes back to whom it belongs. Who was not measured has delivered nothing.
6. A prosumer may ``leave`` with its collateral once all its events are settled.

What the chapter leaves open, and we decided: the deadlines, the collateral, the operator's
money put down in advance, and that periods do not make up for each other.

:mod:`energychain.contracts.flexibility` is a market (chapter 5): sellers name their own
price, and their own baseline. Here the operator names the price, and the contract works the
baseline out from measured days. How far that can be trusted is
:mod:`energychain.studies.baseline_gaming`.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace

from energychain.contracts import baselines
from energychain.contracts.baselines import LOOK_BACK, RULES, BaselineRule, NoBaseline, Profile
from energychain.contracts.calls import BadArguments, address, answered, arguments
from energychain.contracts.slots import (
    MOST,
    MWH_PER_KWH,
    AlreadyDone,
    Slots,
    after,
    amount,
    before,
    cost,
    number,
    paid_in,
    paid_out,
)
from energychain.ledger.state import Call, Event, Outcome, Storage
from energychain.ledger.transaction import Value
from energychain.primitives.keys import Address
from energychain.primitives.refusals import Refusal
from energychain.primitives.units import divide_rounded, money

CONTRACT = "demand_response"

DAY = 86_400
"""How long a day is [s]."""

REPORTING = DAY
"""How long after a day its profile may be reported [s]."""

MOST_PERIODS = 96
"""A day has no more periods: quarter-hours."""


class WrongCaller(Refusal):
    """This function is somebody else's."""

    rule = "caller"


class NotEnrolled(Refusal):
    """Whoever this is takes no part in the programme."""

    rule = "enrolment"


class ShortCollateral(Refusal):
    """The collateral does not cover what might become due."""

    rule = "collateral"


class NothingCommanded(Refusal):
    """Nobody commanded this prosumer on this day."""

    rule = "command"


class StillOpen(Refusal):
    """Something has to be finished first."""

    rule = "still open"


# --- the arithmetic -------------------------------------------------------------------


@dataclass(frozen=True)
class Delivery:
    """What came of a command, period by period [mWh]."""

    delivered: Profile
    shortfall: Profile


def asked(baseline: Sequence[int], commanded: Sequence[int]) -> Profile:
    """The change that a command asks for in each period [mWh]: positive to use less,
    negative to use more.

    >>> asked((1_000, 1_000), (700, 1_200))
    (300, -200)
    """
    return tuple(b - c for b, c in zip(baseline, commanded, strict=True))


def delivery(wanted: Sequence[int], baseline: Sequence[int], measured: Sequence[int]) -> Delivery:
    """How much of a wanted change the meter shows [mWh]. Each period counts from nothing to
    what was wanted there; delivered and shortfall add up to what was wanted.

    Of 300 less and 200 more, it used 200 less and 500 more:

    >>> delivery((300, -200), (1_000, 1_000), (800, 1_500))
    Delivery(delivered=(200, 200), shortfall=(100, 0))
    """
    delivered = []
    for want, base, load in zip(wanted, baseline, measured, strict=True):
        change = base - load if want >= 0 else load - base
        delivered.append(min(max(change, 0), abs(want)))
    missing = tuple(abs(want) - done for want, done in zip(wanted, delivered, strict=True))
    return Delivery(tuple(delivered), missing)


def worth(energy: int, rate: int) -> int:
    """What an energy [mWh] comes to at a rate [micro-money/kWh], to the nearest micro-money.

    >>> worth(1_500_000, 200_001)
    300002
    """
    return divide_rounded(energy * rate, MWH_PER_KWH)


# --- what is remembered ---------------------------------------------------------------


@dataclass(frozen=True)
class Terms:
    """The programme as its genesis record states it."""

    operator: Address
    start: int
    """When day 0, a Monday, begins [s]."""

    periods: int
    """In a day."""

    rule: str
    """One of :data:`~energychain.contracts.baselines.RULES`."""

    @property
    def days(self) -> Slots:
        """When days begin and end."""
        return Slots(self.start, DAY)

    def begins(self, day: int, period: int) -> int:
        """When a period begins [s]."""
        return self.days.begins(day) + period * DAY // self.periods

    @property
    def baseline_rule(self) -> BaselineRule:
        """How baselines are worked out."""
        return RULES[self.rule]


@dataclass(frozen=True)
class Command:
    """A demand-response event of one prosumer, as it is stored."""

    day: int
    first: int
    """Its first period."""

    commanded: Profile
    """The load that is asked for in each of its periods [mWh]."""

    expected: Profile
    """The baseline as far as it was known then [mWh]."""

    incentive: int
    """For each kWh delivered [micro-money/kWh]."""

    penalty: int
    """For each kWh missing [micro-money/kWh]."""

    stage: str = "commanded"
    """``commanded``, then ``verified``, then ``settled``."""

    baseline: Profile = ()
    """The baseline after the day [mWh]; empty until it is verified."""

    delivered: Profile = ()
    shortfall: Profile = ()

    @property
    def periods(self) -> range:
        """The periods of the event."""
        return range(self.first, self.first + len(self.commanded))

    @property
    def wanted(self) -> Profile:
        """The change that is asked for [mWh]."""
        return asked(self.expected, self.commanded)

    @property
    def size(self) -> int:
        """The whole change, in either direction [mWh]."""
        return sum(abs(energy) for energy in self.wanted)

    @property
    def most_incentive(self) -> int:
        """What the operator puts down [micro-money]."""
        return cost(self.size, self.incentive)

    @property
    def most_penalty(self) -> int:
        """What the prosumer's collateral must cover [micro-money]."""
        return cost(self.size, self.penalty)


@dataclass(frozen=True)
class Account:
    """One prosumer on one day: the state variables of Table 2 [mWh]. Empty is what is not
    known yet.
    """

    baseline: Profile
    """Of the event's periods; before the event is verified, as far as it is known."""

    current: Profile
    """What was measured, of the whole day."""

    commanded: Profile
    """Of the event's periods."""


@dataclass(frozen=True)
class GridState:
    """One day of all prosumers: the energy state of Table 3, by period [mWh]. Loads count
    positive and feed-in negative, so a sum is a balance.
    """

    expected: Profile
    """The sum of the baselines of all commanded prosumers in their events."""

    commanded: Profile
    """What the operator asked them for."""

    measured: Profile
    """What those of them used whose event is verified; who did not report counts as
    expected.
    """

    @property
    def imbalance(self) -> Profile:
        """Between what was expected and what the operator needs."""
        return asked(self.expected, self.commanded)

    @property
    def left(self) -> Profile:
        """Between what was measured and what the operator needs."""
        return asked(self.measured, self.commanded)


def opening_storage(
    operator: Address, start: int, periods: int = 24, rule: str = "average"
) -> tuple[tuple[str, Value, Value], ...]:
    """The programme's terms as entries of a genesis record.

    Raises :class:`~energychain.contracts.calls.BadArguments` if they make no sense.
    """
    if rule not in RULES:
        raise BadArguments(f"rule: expected {' or '.join(RULES)}, found {rule!r}")
    if periods % 24 or not 0 < periods <= MOST_PERIODS:
        raise BadArguments(f"periods: expected 24, 48, 72 or 96 in a day, found {periods}")
    return ((CONTRACT, "terms", astuple(Terms(operator, start, periods, rule))),)


def terms(storage: Storage) -> Terms:
    """The programme's terms.

    Raises :class:`WrongCaller` if the genesis record names none.
    """
    stored = storage.get("terms")
    if not isinstance(stored, tuple):
        raise WrongCaller("this chain's genesis record names no programme: nobody may act")
    return Terms(*stored)  # type: ignore[arg-type]


def members(storage: Storage) -> tuple[Address, ...]:
    """Everybody who ever enrolled, in the order in which they came."""
    return storage.get("members", ())  # type: ignore[return-value]


def collateral(storage: Storage, member: Address) -> int | None:
    """What a prosumer has put down [micro-money]; nothing if it is not enrolled."""
    stored = storage.get(("collateral", member))
    return stored if isinstance(stored, int) else None


def current_profile(storage: Storage, member: Address, day: int) -> Profile | None:
    """What a prosumer's meter showed on a day [mWh]; nothing if it has not reported."""
    return storage.get(("measured", member, day))  # type: ignore[return-value]


def history(storage: Storage, member: Address, day: int) -> dict[int, Profile]:
    """The measured days that a baseline of ``day`` can look at [mWh]. Older ones stay on the
    ledger, and count no more.
    """
    past = range(max(day - LOOK_BACK, 0), day)
    found = {each: current_profile(storage, member, each) for each in past}
    return {each: profile for each, profile in found.items() if profile is not None}


def event_days(storage: Storage, member: Address) -> tuple[int, ...]:
    """The days on which a prosumer was commanded, in the order of the commands."""
    return storage.get(("events", member), ())  # type: ignore[return-value]


def command_of(storage: Storage, member: Address, day: int) -> Command | None:
    """What a prosumer was commanded on a day, if anything was."""
    stored = storage.get(("command", member, day))
    return Command(*stored) if isinstance(stored, tuple) else None  # type: ignore[arg-type]


def events(storage: Storage) -> list[tuple[Address, Command]]:
    """Every event with its rates: Table 3's arrangements, by prosumer."""
    found = [
        (member, command_of(storage, member, day))
        for member in members(storage)
        for day in event_days(storage, member)
    ]
    return [(member, command) for member, command in found if command is not None]


def account(storage: Storage, member: Address, day: int) -> Account:
    """A prosumer's three profiles of a day."""
    command = command_of(storage, member, day)
    current = current_profile(storage, member, day) or ()
    if command is None:
        return Account((), current, ())
    return Account(command.baseline or command.expected, current, command.commanded)


def grid_state(storage: Storage, day: int) -> GridState:
    """The grid's energy state on a day."""
    nothing = (0,) * terms(storage).periods
    stored = storage.get(("grid", day), (nothing, nothing, nothing))
    return GridState(*stored)  # type: ignore[misc]


def earned(storage: Storage) -> dict[Address, int]:
    """The incentives that each prosumer has ever earned [micro-money]; penalties are not
    taken off. A proof of stake may draw its validators by it (chapter 8, section 5).
    """
    return {member: number(storage, ("earned", member)) for member in members(storage)}


# --- the functions --------------------------------------------------------------------


def demand_response(storage: Storage, sender: Address, call: Call) -> Outcome:
    """``enrol(collateral)``, ``meter(day, values)``, ``command(prosumer, day, first,
    commanded, incentive, penalty)``, ``verify(prosumer, day)``, ``settle(prosumer, day)``
    and ``leave()``.

    Energies in mWh, money in micro-money, rates in micro-money/kWh.

    Raises :class:`WrongCaller`, :class:`NotEnrolled`, :class:`ShortCollateral`,
    :class:`NothingCommanded`, :class:`StillOpen`,
    :class:`~energychain.contracts.baselines.NoBaseline`,
    :class:`~energychain.contracts.slots.AlreadyDone`,
    :class:`~energychain.contracts.slots.TooLate`,
    :class:`~energychain.contracts.slots.TooSoon` or
    :class:`~energychain.contracts.calls.BadArguments`.
    """
    functions = {
        "enrol": _enrol,
        "meter": _meter,
        "command": _command,
        "verify": _verify,
        "settle": _settle,
        "leave": _leave,
    }
    return answered(CONTRACT, functions, storage, sender, call)


def _enrol(storage: Storage, sender: Address, call: Call) -> Outcome:
    (given,) = arguments(call, "collateral")
    put_down = amount(given, "collateral")
    # Whoever commands would judge, and pay, itself.
    if sender == terms(storage).operator:
        raise WrongCaller("the operator takes no part itself")
    if collateral(storage, sender) is not None:
        raise AlreadyDone(f"{sender} is enrolled: leave first, to change the collateral")
    writes: dict[Value, Value] = {("collateral", sender): put_down}
    if sender not in members(storage):
        writes["members"] = (*members(storage), sender)
    joined = Event("Enrolled", (("prosumer", sender), ("collateral", put_down)))
    return Outcome(writes, paid_in(CONTRACT, sender, put_down), (joined,))


def _meter(storage: Storage, sender: Address, call: Call) -> Outcome:
    given_day, given_values = arguments(call, "day", "values")
    programme, day = terms(storage), amount(given_day, "day")
    values = _profile(given_values, "values", programme.periods)
    if len(values) < programme.periods:
        raise BadArguments(f"values: expected {programme.periods} periods, found {len(values)}")
    _enrolled(storage, sender)
    after(call.time, programme.days.ends(day), f"reporting day {day}")
    before(call.time, programme.days.ends(day) + REPORTING, f"reporting day {day}")
    if current_profile(storage, sender, day) is not None:
        raise AlreadyDone(f"{sender} has reported day {day}: a meter reads a day once")
    read = Event("Metered", (("prosumer", sender), ("day", day), ("energy", sum(values))))
    return Outcome({("measured", sender, day): values}, events=(read,))


def _command(storage: Storage, sender: Address, call: Call) -> Outcome:
    names = ("prosumer", "day", "first", "commanded", "incentive", "penalty")
    given = dict(zip(names, arguments(call, *names), strict=True))
    programme = terms(storage)
    if sender != programme.operator:
        raise WrongCaller(
            f"only the operator commands: expected {programme.operator}, found {sender}"
        )
    member, day = address(given["prosumer"], "prosumer"), amount(given["day"], "day")
    first = amount(given["first"], "first")
    profile = _profile(given["commanded"], "commanded", programme.periods - first)
    incentive, penalty = (amount(given[name], name) for name in ("incentive", "penalty"))
    before(call.time, programme.begins(day, first), f"commanding day {day}, period {first}")
    put_down = _enrolled(storage, member)
    days = event_days(storage, member)
    if day in days:
        raise AlreadyDone(f"{member} was commanded on day {day} before: once a day")
    expected = baselines.past_mean(
        programme.baseline_rule,
        history(storage, member, day),
        days,
        day,
        range(first, first + len(profile)),
    )[first : first + len(profile)]
    command = Command(day, first, profile, expected, incentive, penalty)
    bound = number(storage, ("bound", member)) + command.most_penalty
    if bound > put_down:
        raise ShortCollateral(
            f"{member} put down {money(put_down)}, and might owe {money(bound)}: command less,"
            " or at a lower penalty"
        )
    state = grid_state(storage, day)
    state = replace(
        state,
        expected=_added(state.expected, first, expected),
        commanded=_added(state.commanded, first, profile),
    )
    said = (
        ("prosumer", member),
        ("day", day),
        ("first", first),
        ("expected", expected),
        ("commanded", profile),
        ("incentive", incentive),
        ("penalty", penalty),
    )
    return Outcome(
        {
            ("command", member, day): astuple(command),
            ("events", member): (*days, day),
            ("bound", member): bound,
            ("grid", day): astuple(state),
        },
        paid_in(CONTRACT, sender, command.most_incentive),
        (Event("Commanded", said),),
    )


def _verify(storage: Storage, sender: Address, call: Call) -> Outcome:
    member, command = _commanded(storage, call)
    if command.stage != "commanded":
        raise AlreadyDone(f"day {command.day} of {member} was verified before")
    today = current_profile(storage, member, command.day)
    if today is None:
        deadline = terms(storage).days.ends(command.day) + REPORTING
        after(call.time, deadline, f"verifying {member}, who may still report,")
        # As if it had done nothing: nobody gains by silence.
        baseline = load = command.expected
    else:
        baseline = _baseline(storage, member, command, today)
        load = today[command.first : command.periods.stop]
    shown = delivery(command.wanted, baseline, load)
    done = replace(
        command,
        stage="verified",
        baseline=baseline,
        delivered=shown.delivered,
        shortfall=shown.shortfall,
    )
    state = grid_state(storage, command.day)
    state = replace(state, measured=_added(state.measured, command.first, load))
    said = (
        ("prosumer", member),
        ("day", command.day),
        ("reported", int(today is not None)),
        ("baseline", baseline),
        ("measured", load),
        ("delivered", done.delivered),
        ("shortfall", done.shortfall),
    )
    return Outcome(
        {("command", member, command.day): astuple(done), ("grid", command.day): astuple(state)},
        events=(Event("Verified", said),),
    )


def _baseline(storage: Storage, member: Address, command: Command, today: Profile) -> Profile:
    """The baseline of an event's periods, now that its day is measured."""
    try:
        whole_day = baselines.baseline(
            terms(storage).baseline_rule,
            history(storage, member, command.day),
            event_days(storage, member),
            command.day,
            command.periods,
            today,
        )
    except NoBaseline:
        # Later commands can turn the days it was based on into event days.
        return command.expected
    return whole_day[command.first : command.periods.stop]


def _settle(storage: Storage, sender: Address, call: Call) -> Outcome:
    member, command = _commanded(storage, call)
    if command.stage == "commanded":
        raise StillOpen(f"day {command.day} of {member} is not verified: call verify first")
    if command.stage == "settled":
        raise AlreadyDone(f"day {command.day} of {member} was settled before")
    incentive = worth(sum(command.delivered), command.incentive)
    penalty = worth(sum(command.shortfall), command.penalty)
    put_down = _enrolled(storage, member)
    due = {
        member: incentive,
        terms(storage).operator: command.most_incentive - incentive + penalty,
    }
    said = (
        ("prosumer", member),
        ("day", command.day),
        ("incentive", incentive),
        ("penalty", penalty),
    )
    return Outcome(
        {
            ("command", member, command.day): astuple(replace(command, stage="settled")),
            ("collateral", member): put_down - penalty,
            ("bound", member): number(storage, ("bound", member)) - command.most_penalty,
            ("earned", member): number(storage, ("earned", member)) + incentive,
        },
        paid_out(CONTRACT, due),
        (Event("Settled", said),),
    )


def _leave(storage: Storage, sender: Address, call: Call) -> Outcome:
    arguments(call)
    put_down = _enrolled(storage, sender)
    open_days = [
        command.day
        for member, command in events(storage)
        if member == sender and command.stage != "settled"
    ]
    if open_days:
        raise StillOpen(f"day {open_days[0]} of {sender} is not settled: settle it first")
    gone = Event("Left", (("prosumer", sender), ("collateral", put_down)))
    return Outcome(
        {("collateral", sender): "left"}, paid_out(CONTRACT, {sender: put_down}), (gone,)
    )


# --- what is asked of every call ------------------------------------------------------


def _enrolled(storage: Storage, member: Address) -> int:
    """The collateral of somebody who must be enrolled [micro-money]."""
    put_down = collateral(storage, member)
    if put_down is None:
        raise NotEnrolled(f"{member} is not enrolled: enrol first, with a collateral")
    return put_down


def _commanded(storage: Storage, call: Call) -> tuple[Address, Command]:
    given_member, given_day = arguments(call, "prosumer", "day")
    member, day = address(given_member, "prosumer"), amount(given_day, "day")
    command = command_of(storage, member, day)
    if command is None:
        raise NothingCommanded(f"{member} was not commanded on day {day}")
    return member, command


def _profile(value: Value, name: str, most: int) -> Profile:
    if not isinstance(value, tuple) or not 1 <= len(value) <= most:
        raise BadArguments(f"{name}: expected from 1 to {most} periods that fit in the day")
    return tuple(amount(energy, name, -MOST) for energy in value)


def _added(total: Profile, first: int, part: Profile) -> Profile:
    """The sum of a day's profile and a shorter one that begins with the period ``first``."""
    rest = len(total) - first - len(part)
    padded = (*(0,) * first, *part, *(0,) * rest)
    return tuple(a + b for a, b in zip(total, padded, strict=True))
