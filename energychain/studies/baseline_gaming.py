"""
Gaming a baseline: what a home earns that uses more on purpose, to be seen using less.

A home that is paid for the distance to its baseline gains by raising the baseline. It has
happened: a paper mill and a stadium's agent paid penalties for it (Federal Energy
Regulatory Commission, orders on Rumford Paper and on Enerwise, 2013), and Chen & Kleit
(2016), *Money for Nothing?*, Energy Journal 37(2), find it in the books of a market.

Here one home cheats, and everybody else is honest. It **reduces nothing**: in every event
it uses what it uses anyway. So all it gains is gained by inflation. It may

===========  ====================================================================
``history``  use more in the event's hours on the days from which a baseline is made
``window``   use more in the hours before the event, where the same-day adjustment looks
``both``     do both
``declare``  name too high a baseline, where homes name their own
===========  ====================================================================

and pays the tariff for every kWh that it wastes. Its **net gain** is what the inflation
brought (more incentive, less penalty) minus what it cost. Payments are those of
:mod:`energychain.contracts.demand_response`, on real days (``datasets/simbench_year``).

The rules to stop it (:data:`SCHEMES`):

* no same-day adjustment, one without a cap, one with a cap of 20 %;
* notice only after the window: whoever does not know the event's day must inflate the
  window on every day of the season; and event days drawn by lot from a longer season;
* a **control group**: the baseline is what the other homes use that day, times the ratio
  of before the programme. The home cannot move it.
* a **declared** baseline, for nothing; bought at the tariff; bought at the event's price
  and sold back at that price where it is not used. The last pays
  :math:`p (b - e) - p\\,b = -p\\,e`: the declared :math:`b` drops out, and what remains is
  a plain price for the hours of the event.

Whether it pays depends on what a kWh brings in an event and costs on the days before, and
at a modest incentive most rules hold. Two hold at every price (:func:`at_incentives`): the
control group, because the home cannot move it, and the event's price, because nothing is
paid for the baseline that was not paid for it first. The first errs more
(:func:`control_group_errors`); the second is no longer a reward for a reduction.

>>> dear = Prices(incentive=10_000_000, penalty=5_000_000)
>>> [each.scheme for each in verdicts(gaming("H0-A", prices=dear)) if each.stops]
['control group', 'bought at the event price']
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from statistics import fmean

from energychain.contracts.baselines import (
    AVERAGE,
    TEN_IN_TEN,
    BaselineRule,
    Profile,
    baseline,
    eligible_days,
    is_weekday,
    past_mean,
)
from energychain.contracts.demand_response import asked, delivery, worth
from energychain.primitives.units import divide_rounded
from energychain.studies.demand_response import (
    EVENING,
    HOMES,
    BaselineError,
    judged,
    measured_days,
)

STRATEGIES = ("history", "window", "both")

INFLATIONS = (0, 5, 10, 20, 30, 50, 100)
"""By how much the home raises its use [per cent]."""

LEAD_IN = 14
"""Before the season, the home may raise its use for as many days."""

SEASON_BEGINS = 35
"""Monday, 1 February 2016; days are counted as in
:mod:`energychain.studies.demand_response`.
"""

MONDAYS = tuple(day for day in range(SEASON_BEGINS, 330, 42) if day != 77)
"""Every sixth Monday of the year: whoever cheats does not know what it will use, so one
season says little. The one whose season holds the change of clocks is left out.
"""

REFERENCE = range(7, 21)
"""The two weeks before anybody knew of the programme, for the control group."""

SEED = 2016


@dataclass(frozen=True)
class Prices:
    """What a kWh costs and brings [micro-euro/kWh]; all are our choice."""

    tariff: int = 300_000
    """What the home pays for all it uses."""

    incentive: int = 1_000_000
    penalty: int = 500_000
    ask: int = 30
    """The reduction that is commanded [per cent of the baseline]."""


@dataclass(frozen=True)
class Scheme:
    """How baselines are made, and what a home knows when it uses energy."""

    name: str
    kind: str = "measured"
    """Where baselines come from: ``measured``, ``control group``, or ``declared`` by the
    home itself.
    """

    rule: BaselineRule = TEN_IN_TEN
    day_ahead: bool = True
    """Whether events are known before the adjustment's window."""

    season: int = 5
    """Weekdays on which there may be an event."""

    events: int = 5
    """Weekdays of the season on which there is one; drawn by lot."""

    price: str = ""
    """What a declared baseline is bought at: nothing, ``tariff`` or ``event``."""

    begins: int = SEASON_BEGINS
    """The Monday on which the season begins."""


UNADJUSTED = replace(TEN_IN_TEN, cap=0)

SCHEMES: tuple[Scheme, ...] = (
    Scheme("average", rule=AVERAGE),
    Scheme("ten in ten, no adjustment", rule=UNADJUSTED),
    Scheme("ten in ten, no cap", rule=replace(TEN_IN_TEN, cap=None)),
    Scheme("ten in ten, cap 20 %"),
    Scheme("notice after the window", day_ahead=False),
    Scheme("event days by lot", day_ahead=False, season=20),
    Scheme("control group", "control group"),
    Scheme("declared", "declared"),
    Scheme("bought at the tariff", "declared", season=20, price="tariff"),
    Scheme("bought at the event price", "declared", season=20, price="event"),
)
"""The rules that are compared. Those without a season of their own have a hot week: five
events in a row, before which the baseline's days cannot change any more.
"""


@dataclass(frozen=True)
class Outcome:
    """One home under one scheme [micro-euro]."""

    scheme: str
    home: str
    begins: int
    """The first day of the season."""

    strategy: str
    inflation_percent: int
    incentive_earned: int
    penalty_paid: int
    extra_energy_cost: int
    """For energy that it would not have used, or a baseline that it would not have bought."""

    net_gain: int
    """Against the same home without inflation."""

    caught: bool
    """Whether what is inflated lies above all that this home did in a year of honest days; at
    an inflation of 0, a false alarm.
    """


@dataclass(frozen=True)
class Verdict:
    """What the best cheating brings under one scheme, over all homes and seasons that were
    tried. A cheat chooses its strategy and inflation before it knows what comes.
    """

    scheme: str
    strategy: str
    inflation_percent: int
    net_gain: float
    """The mean of a home in a season, for the best inflation above 0 [micro-euro]."""

    caught: float
    """The share of homes and seasons in which that gives the home away."""

    @property
    def stops(self) -> bool:
        """Whether no inflation pays."""
        return self.net_gain <= 0


def gaming(
    *homes: str,
    schemes: Sequence[Scheme] = SCHEMES,
    inflations: Sequence[int] = INFLATIONS,
    mondays: Sequence[int] = (SEASON_BEGINS,),
    prices: Prices | None = None,
    seed: int = SEED,
) -> list[Outcome]:
    """Every way to inflate, under every scheme, for each of these homes (all, if none is
    named) in each season that begins on one of these Mondays.

    Raises ``KeyError`` if there is no such home.
    """
    prices = prices or Prices()
    return [
        outcome(home, replace(scheme, begins=monday), strategy, inflation, prices, seed)
        for scheme in schemes
        for strategy in (("declare",) if scheme.kind == "declared" else STRATEGIES)
        for inflation in inflations
        for home in homes or HOMES
        for monday in mondays
    ]


def verdicts(outcomes: Sequence[Outcome]) -> list[Verdict]:
    """The best that cheating brings, by scheme, in the order of the outcomes."""
    tried: dict[tuple[str, str, int], list[Outcome]] = {}
    for each in outcomes:
        if each.inflation_percent:
            tried.setdefault((each.scheme, each.strategy, each.inflation_percent), []).append(each)
    best: dict[str, Verdict] = {}
    for (scheme, strategy, inflation), cases in tried.items():
        gain, caught = fmean(c.net_gain for c in cases), fmean(c.caught for c in cases)
        if scheme not in best or gain > best[scheme].net_gain:
            best[scheme] = Verdict(scheme, strategy, inflation, gain, caught)
    return list(best.values())


def at_incentives(
    *homes: str,
    incentives: Sequence[int] = (500_000, 1_000_000, 2_000_000, 4_000_000, 8_000_000),
    schemes: Sequence[Scheme] = SCHEMES,
    mondays: Sequence[int] = (SEASON_BEGINS,),
) -> list[dict[str, str | float | bool]]:
    """What the best cheating brings at several incentives [micro-euro/kWh], with a penalty of
    half as much: for people and charts, money in euros.
    """
    found: list[dict[str, str | float | bool]] = []
    for incentive in incentives:
        prices = Prices(incentive=incentive, penalty=incentive // 2)
        outcomes = gaming(*homes, schemes=schemes, mondays=mondays, prices=prices)
        found += [
            {
                "rule": each.scheme,
                "incentive": incentive / 1e6,
                "strategy": each.strategy,
                "inflation_percent": each.inflation_percent,
                "net_gain": each.net_gain / 1e6,
                "caught_share": each.caught,
                "stops": each.stops,
            }
            for each in verdicts(outcomes)
        ]
    return found


def control_group_errors() -> list[BaselineError]:
    """How well a control group guesses each home, as
    :func:`~energychain.studies.demand_response.baseline_errors` says it of the rules: what
    it costs that nobody can move its own baseline.
    """
    return [
        judged("control group", home, EVENING, lambda day, home=home: control_group(home, day))  # type: ignore[misc]
        for home in HOMES
    ]


def records(outcomes: Sequence[Outcome]) -> list[dict[str, str | int | float | bool]]:
    """The outcomes for people and charts: money in euros."""
    return [
        {
            "rule": each.scheme,
            "home": each.home,
            "season_begins": each.begins,
            "strategy": each.strategy,
            "inflation_percent": each.inflation_percent,
            "incentive_earned": each.incentive_earned / 1e6,
            "penalty_paid": each.penalty_paid / 1e6,
            "extra_energy_cost": each.extra_energy_cost / 1e6,
            "net_gain": each.net_gain / 1e6,
            "caught": each.caught,
        }
        for each in outcomes
    ]


# --- one home under one scheme --------------------------------------------------------


def outcome(
    home: str, scheme: Scheme, strategy: str, inflation: int, prices: Prices, seed: int = SEED
) -> Outcome:
    """What one way to inflate brings."""
    events = event_days(scheme, seed)
    honest = measured_days()[home]
    shown = inflated(honest, scheme, strategy, inflation, events)
    incentive, penalty = paid(home, scheme, shown, inflation, prices, events)
    plain_incentive, plain_penalty = paid(home, scheme, honest, 0, prices, events)
    wasted = sum(sum(shown[day]) - sum(honest[day]) for day in shown)
    cost = worth(wasted, prices.tariff)
    if scheme.price:
        bought, usual = (bill(home, scheme, each, prices, events) for each in (inflation, 0))
        cost += bought - usual
    gain = incentive - penalty - (plain_incentive - plain_penalty) - cost
    caught = conspicuous(home, scheme, strategy, shown, inflation, events)
    return Outcome(
        scheme.name,
        home,
        scheme.begins,
        strategy,
        inflation,
        incentive,
        penalty,
        cost,
        gain,
        caught,
    )


def season_days(scheme: Scheme) -> list[int]:
    """The weekdays on which there may be an event."""
    days = filter(is_weekday, range(scheme.begins, scheme.begins + 2 * scheme.season))
    return list(days)[: scheme.season]


def event_days(scheme: Scheme, seed: int = SEED) -> list[int]:
    """The days with an event, drawn by lot from the season."""
    return sorted(Random(seed).sample(season_days(scheme), scheme.events))


def inflated(
    honest: Mapping[int, Profile],
    scheme: Scheme,
    strategy: str,
    inflation: int,
    events: Sequence[int],
) -> dict[int, Profile]:
    """What the home then uses [mWh]: more in the hours that pay, on every day of which it
    cannot know that it does not matter.
    """
    shown = dict(honest)
    raised: dict[int, set[int]] = {}
    season = season_days(scheme)
    if strategy in ("history", "both"):
        for day in range(scheme.begins - LEAD_IN, events[-1]):
            counts = is_weekday(day) or not scheme.rule.weekdays_only
            if counts and day not in events:
                raised.setdefault(day, set()).update(EVENING)
    if strategy in ("window", "both"):
        opens, closes = scheme.rule.window
        for day in events if scheme.day_ahead else season:
            window = range(EVENING.start - opens, EVENING.start - closes)
            raised.setdefault(day, set()).update(window)
    for day, hours in raised.items():
        shown[day] = tuple(
            divide_rounded(energy * (100 + inflation), 100) if hour in hours else energy
            for hour, energy in enumerate(honest[day])
        )
    return shown


def paid(
    home: str,
    scheme: Scheme,
    shown: Mapping[int, Profile],
    inflation: int,
    prices: Prices,
    events: Sequence[int],
) -> tuple[int, int]:
    """Incentive and penalty of all events [micro-euro]."""
    incentive = penalty = 0
    for day in events:
        used = shown[day][EVENING.start : EVENING.stop]
        expected, base = guess(home, scheme, shown, inflation, events, day)
        if scheme.price == "event":
            # All that was bought and not used is sold back, at one price and without a cap.
            rate = prices.incentive
            incentive += worth(sum(base), rate) - worth(sum(used), rate)
            continue
        commanded = tuple(divide_rounded(e * (100 - prices.ask), 100) for e in expected)
        done = delivery(asked(expected, commanded), base, used)
        incentive += worth(sum(done.delivered), prices.incentive)
        penalty += worth(sum(done.shortfall), prices.penalty)
    return incentive, penalty


def guess(
    home: str,
    scheme: Scheme,
    shown: Mapping[int, Profile],
    inflation: int,
    events: Sequence[int],
    day: int,
) -> tuple[Profile, Profile]:
    """The baseline of an event's hours before and after its day is measured [mWh]."""
    if scheme.kind == "control group":
        group = control_group(home, day)
        return group, group
    earlier = [event for event in events if event < day]
    if scheme.kind == "declared":
        usual = past_mean(UNADJUSTED, measured_days()[home], earlier, day, EVENING)
        named = tuple(divide_rounded(usual[hour] * (100 + inflation), 100) for hour in EVENING)
        return named, named
    before = past_mean(scheme.rule, shown, earlier, day, EVENING)
    then = baseline(scheme.rule, shown, earlier, day, EVENING, shown[day])
    own = slice(EVENING.start, EVENING.stop)
    return before[own], then[own]


def bill(home: str, scheme: Scheme, inflation: int, prices: Prices, events: Sequence[int]) -> int:
    """What the home pays in the hours of the event for its declared baseline, and for what it
    uses beyond [micro-euro]. At the tariff it buys before it knows the event's day, so for
    every day of the season, and what it does not use on a day without an event is lost. At
    the event's price it buys for the event.
    """
    honest = measured_days()[home]
    at_tariff = scheme.price == "tariff"
    total = 0
    for day in season_days(scheme) if at_tariff else events:
        named, _ = guess(home, scheme, honest, inflation, events, day)
        used = honest[day][EVENING.start : EVENING.stop]
        bought = tuple(map(max, named, used)) if at_tariff else named
        total += worth(sum(bought), prices.tariff if at_tariff else prices.incentive)
    return total


def control_group(home: str, day: int) -> Profile:
    """The baseline of the event's hours by the other homes' use that day, times the ratio of
    the home's use to theirs in the two weeks before the programme [mWh].
    """
    days = measured_days()
    others = [other for other in HOMES if other != home]

    def use(names: Sequence[str], when: Sequence[int]) -> int:
        return sum(days[name][each][hour] for name in names for each in when for hour in EVENING)

    own, theirs = use([home], REFERENCE), use(others, REFERENCE)
    return tuple(
        divide_rounded(sum(days[other][day][hour] for other in others) * own, theirs)
        for hour in EVENING
    )


# --- who would notice -----------------------------------------------------------------


@cache
def most_honest(home: str) -> tuple[float, float, float]:
    """The largest that three ratios reach on any honest weekday of the year: use in the
    event's hours over ten days to that over the ten days before; in the window to the ten
    days' mean; in the event's hours to the ten days' mean.
    """
    days = measured_days()[home]
    weekdays = [day for day in days if is_weekday(day) and day >= SEASON_BEGINS]
    return (
        max(_growth(days, (), day) for day in weekdays),
        max(_window_ratio(days, (), day) for day in weekdays),
        max(_day_ratio(days, day) for day in weekdays),
    )


def conspicuous(
    home: str,
    scheme: Scheme,
    strategy: str,
    shown: Mapping[int, Profile],
    inflation: int,
    events: Sequence[int],
) -> bool:
    """Whether a look at the meter's own past gives the home away."""
    growth, window, use = most_honest(home)
    if strategy == "declare":
        return 1 + inflation / 100 > use
    tells = []
    if strategy in ("history", "both"):
        tells.append(_growth(shown, events, events[0]) > growth)
    if strategy in ("window", "both"):
        tells.append(any(_window_ratio(shown, events, day) > window for day in events))
    return any(tells)


def _use(days: Mapping[int, Profile], which: Sequence[int], hours: range) -> float:
    return fmean(sum(days[day][hour] for hour in hours) for day in which)


def _growth(days: Mapping[int, Profile], events: Sequence[int], day: int) -> float:
    recent = eligible_days(replace(UNADJUSTED, days=20), days, events, day)
    return _use(days, recent[:10], EVENING) / _use(days, recent[10:], EVENING)


def _window_ratio(days: Mapping[int, Profile], events: Sequence[int], day: int) -> float:
    opens, closes = TEN_IN_TEN.window
    hours = range(EVENING.start - opens, EVENING.start - closes)
    recent = eligible_days(UNADJUSTED, days, events, day)
    return _use(days, [day], hours) / _use(days, recent, hours)


def _day_ratio(days: Mapping[int, Profile], day: int) -> float:
    recent = eligible_days(UNADJUSTED, days, (), day)
    return _use(days, [day], EVENING) / _use(days, recent, EVENING)
