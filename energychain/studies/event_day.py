"""
One home on one day with an event: what it would have used, what it is asked for, what it
does, and what it is paid. Plain arithmetic, fast enough to follow a slider.

The payments are those of :mod:`energychain.contracts.demand_response`, the ways to inflate a
history those of :mod:`energychain.studies.baseline_gaming`. The days are real
(``datasets/simbench_year``), and what the home would have used is known here because the
home's answer is ours: it saves a stated part of its use. No contract knows it.

>>> fair = play()
>>> fair.paid < play(answer=30).paid
True
>>> play(rule="control group", inflation=50).delivered == play(rule="control group").delivered
True
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from energychain.contracts.baselines import AVERAGE, FIVE_IN_TEN, Profile
from energychain.contracts.demand_response import asked, delivery, worth
from energychain.primitives.refusals import BadInput
from energychain.primitives.units import divide_rounded
from energychain.studies.baseline_gaming import Prices, Scheme, guess, inflated
from energychain.studies.demand_response import EVENING, EVENTS, Programme, measured_days

HOME = "H0-A"

DAY = 37
"""Wednesday, 3 February 2016; days are counted as in
:mod:`energychain.studies.demand_response`.
"""

RULES: Mapping[str, Scheme] = {
    scheme.name: replace(scheme, season=1, events=1)
    for scheme in (
        Scheme("average", rule=AVERAGE),
        Scheme("ten in ten, cap 20 %"),
        Scheme("five in ten, cap 40 %", rule=FIVE_IN_TEN),
        Scheme("control group", "control group"),
    )
}
"""Whose guess the payment goes by."""


@dataclass(frozen=True)
class EventDay:
    """One home, one event. ``would`` and ``measured`` are of the whole day, the other profiles
    of the event's hours [mWh].
    """

    home: str
    day: int
    first: int
    """The event's first hour."""

    would: Profile
    """What the home would have used without the event: the truth, which nobody can measure."""

    measured: Profile
    expected: Profile
    """The baseline as known when the command was given."""

    baseline: Profile
    """The baseline after the day."""

    commanded: Profile
    delivered: Profile
    shortfall: Profile
    incentive_rate: int
    """[micro-euro/kWh]"""

    penalty_rate: int
    """[micro-euro/kWh]"""

    wasted: int = 0
    """What the home used before, only to raise its baseline [mWh]."""

    @property
    def hours(self) -> range:
        """The hours of the event."""
        return range(self.first, self.first + len(self.commanded))

    @property
    def saved(self) -> Profile:
        """What the home really did of what it was asked, in each hour of the event [mWh]."""
        wanted = asked(self.expected, self.commanded)
        hours = slice(self.first, self.first + len(wanted))
        return delivery(wanted, self.would[hours], self.measured[hours]).delivered

    @property
    def noise(self) -> Profile:
        """What counts as delivered, and was not done [mWh]: the error of the baseline."""
        return tuple(
            max(paid - done, 0) for paid, done in zip(self.delivered, self.saved, strict=True)
        )

    @property
    def incentive(self) -> int:
        """What is paid for the delivered energy [micro-euro]."""
        return worth(sum(self.delivered), self.incentive_rate)

    @property
    def penalty(self) -> int:
        """What the missing energy costs the home [micro-euro]."""
        return worth(sum(self.shortfall), self.penalty_rate)

    @property
    def paid(self) -> int:
        """Incentive minus penalty [micro-euro]."""
        return self.incentive - self.penalty

    def records(self, first: int = 13, end: int = 22) -> list[dict[str, int | float]]:
        """The hours from ``first`` until ``end``, for people and charts: energies in kWh. Hours
        without an event have the two profiles of the whole day only.
        """
        rows: list[dict[str, int | float]] = []
        for hour in range(first, end):
            row = {
                "hour": hour,
                "would_kwh": self.would[hour] / 1e6,
                "measured_kwh": self.measured[hour] / 1e6,
            }
            if hour in self.hours:
                n = hour - self.first
                row |= {
                    f"{name}_kwh": getattr(self, name)[n] / 1e6
                    for name in (
                        "expected",
                        "baseline",
                        "commanded",
                        "delivered",
                        "noise",
                        "shortfall",
                    )
                }
            rows.append(row)
        return rows


def play(
    home: str = HOME,
    rule: str = "ten in ten, cap 20 %",
    ask: int = 30,
    answer: int = 15,
    inflation: int = 0,
    incentive: int = 1_000_000,
    *,
    day: int = DAY,
) -> EventDay:
    """An evening event. ``rule`` is one of :data:`RULES`; ``ask`` is the reduction that is
    commanded [per cent of the baseline], ``answer`` what the home really saves [per cent of
    its use], ``inflation`` by how much it raised the same hours of the two weeks before [per
    cent]. The penalty is half of the incentive [micro-euro/kWh].

    Raises :class:`~energychain.primitives.refusals.BadInput` if there is no such rule.
    """
    if rule not in RULES:
        raise BadInput(f"a baseline goes by {', '.join(RULES)}; not by {rule!r}")
    scheme = replace(RULES[rule], begins=day)
    honest = measured_days()[home]
    shown = inflated(honest, scheme, "history", inflation, [day])
    expected, base = guess(home, scheme, shown, inflation, [day], day)
    commanded = tuple(divide_rounded(energy * (100 - ask), 100) for energy in expected)
    measured = tuple(
        divide_rounded(energy * (100 - answer), 100) if hour in EVENING else energy
        for hour, energy in enumerate(honest[day])
    )
    evening = slice(EVENING.start, EVENING.stop)
    done = delivery(asked(expected, commanded), base, measured[evening])
    return EventDay(
        home,
        day,
        EVENING.start,
        honest[day],
        measured,
        expected,
        base,
        commanded,
        done.delivered,
        done.shortfall,
        incentive,
        incentive // 2,
        sum(sum(shown[each]) - sum(honest[each]) for each in shown),
    )


def net_gain(cheat: EventDay, honest: EventDay, prices: Prices | None = None) -> int:
    """What an inflated history brings: the difference in pay, minus the tariff for what was
    used only to be seen [micro-euro].

    >>> net_gain(play(inflation=20), play()) < 0 < net_gain(
    ...     play(inflation=20, incentive=10_000_000), play(incentive=10_000_000))
    True
    """
    wasted = worth(cheat.wasted, (prices or Prices()).tariff)
    return cheat.paid - honest.paid - wasted


def of_programme(programme: Programme, home: str, day: int) -> EventDay:
    """An event of :func:`energychain.studies.demand_response.run`, as the ledger has it,
    beside what the home would have used.

    Raises :class:`~energychain.primitives.refusals.BadInput` if there was none.
    """
    rows = [row for row in programme.rows if (row.home, row.day) == (home, day)]
    if not rows:
        raise BadInput(f"{home} had no event on day {day}")
    (event,) = [each for each in EVENTS if each.day == day]
    would = measured_days()[home][day]
    answered = {row.period: row.measured for row in rows}

    def column(name: str) -> Profile:
        return tuple(getattr(row, name) for row in rows)

    return EventDay(
        home,
        day,
        rows[0].period,
        would,
        tuple(answered.get(hour, energy) for hour, energy in enumerate(would)),
        column("expected"),
        column("baseline"),
        column("commanded"),
        column("delivered"),
        column("shortfall"),
        event.incentive,
        event.penalty,
    )


def share_rewarded_for_noise(days: Sequence[EventDay]) -> float:
    """Which part of all that was paid for was not done.

    Raises ``ZeroDivisionError`` if nothing was paid for.
    """
    return sum(sum(day.noise) for day in days) / sum(sum(day.delivered) for day in days)
