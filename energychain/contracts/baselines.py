"""
Baselines: what somebody would have used, had nobody asked it to change. Arithmetic on whole
numbers, the same for a contract and for whoever checks it.

No meter shows what did not happen, so a programme that pays for a change pays for the
distance to an estimate. The rules here estimate it from measured days:

====================  =================================================================
rule                  baseline of a period
====================  =================================================================
``average``           the mean of the last ten measured days (Hajizadeh & Hakimi, in
                      Shafie-khah (ed., 2020), *Blockchain-based Smart Grids*, chapter 8,
                      Table 2, which does not say how many days)
``ten_in_ten``        the mean of the last ten weekdays, times a same-day adjustment of
                      at most 20 per cent (California ISO: the rule for demand response
                      there, as its Baseline Accuracy Work Group describes it in 2017)
``five_in_ten``       of the last ten weekdays, the five with the highest use in the
                      event's periods; adjustment of at most 40 per cent (California ISO,
                      what the same group recommends for homes)
====================  =================================================================

Days on which somebody was asked to change are never part of its own baseline.

The **same-day adjustment** multiplies the mean by

.. math::

    a = \\frac{\\sum_{w} e_w}{\\sum_{w} \\bar e_w}, \\qquad 1 - c \\le a \\le 1 + c ,

where :math:`e_w` is what was measured on the event's own day in the window before the
event, :math:`\\bar e_w` the mean of the past days there, and :math:`c` the cap. The window
is the second to the fourth hour before the event. It catches a hot day; it also lets
somebody who knows of the event in time raise its own baseline
(:mod:`energychain.studies.baseline_gaming`).

Every division is rounded once, by :func:`energychain.primitives.units.divide_rounded`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from energychain.primitives.refusals import Refusal
from energychain.primitives.units import divide_rounded

Profile = tuple[int, ...]
"""Energy in each period of a day [mWh]; negative where somebody feeds in."""

DAYS_A_WEEK = 7
SATURDAY = 5
"""The first day of a week that is no weekday, counted from Monday as 0."""

LOOK_BACK = 45
"""No baseline looks further back [days]."""


class NoBaseline(Refusal):
    """Too few days were measured to say what would have been."""

    rule = "baseline"


@dataclass(frozen=True)
class BaselineRule:
    """How a baseline comes from measured days."""

    days: int
    """How many of the most recent eligible days are looked at."""

    highest: int
    """How many of these count: those with the highest use in the event's periods."""

    weekdays_only: bool
    """Whether Saturdays and Sundays are left out."""

    cap: int | None = 0
    """By how much the same-day adjustment may change the mean, up or down [per cent]; 0 for
    no adjustment, none for an adjustment without a cap.
    """

    least: int = 5
    """With fewer eligible days there is no baseline."""

    window: tuple[int, int] = (4, 1)
    """The adjustment looks from the first to the second of these before the event [h]."""


AVERAGE = BaselineRule(days=10, highest=10, weekdays_only=False)
TEN_IN_TEN = BaselineRule(days=10, highest=10, weekdays_only=True, cap=20)
FIVE_IN_TEN = BaselineRule(days=10, highest=5, weekdays_only=True, cap=40)

RULES: Mapping[str, BaselineRule] = {
    "average": AVERAGE,
    "ten_in_ten": TEN_IN_TEN,
    "ten_in_ten_unadjusted": replace(TEN_IN_TEN, cap=0),
    "five_in_ten": FIVE_IN_TEN,
}
"""The rules that a contract may go by."""


def is_weekday(day: int) -> bool:
    """Whether a day is from Monday to Friday; day 0 is a Monday.

    >>> [is_weekday(day) for day in (0, 4, 5, 6, 7)]
    [True, True, False, False, True]
    """
    return day % DAYS_A_WEEK < SATURDAY


def mean_profile(profiles: Sequence[Profile]) -> Profile:
    """The mean of each period [mWh], rounded to the nearest.

    >>> mean_profile([(10, 0), (11, 0), (13, 1)])
    (11, 0)

    Raises ``ZeroDivisionError`` if there is none.
    """
    return tuple(
        divide_rounded(sum(period), len(profiles)) for period in zip(*profiles, strict=True)
    )


def eligible_days(
    rule: BaselineRule, measured: Collection[int], event_days: Collection[int], day: int
) -> list[int]:
    """The days that a baseline of ``day`` looks at, the latest first.

    >>> eligible_days(replace(TEN_IN_TEN, days=3), range(9), {7}, 9)
    [8, 4, 3]
    """
    fit = [
        past
        for past in range(day - 1, day - LOOK_BACK - 1, -1)
        if past in measured
        and past not in event_days
        and (is_weekday(past) or not rule.weekdays_only)
    ]
    return fit[: rule.days]


def adjustment(rule: BaselineRule, mean: Profile, today: Profile, first: int) -> tuple[int, int]:
    """The same-day adjustment as numerator and denominator, for an event that begins with
    the period ``first``. It is 1 without a window on that day, and where the mean of the
    window is not positive.

    Measured 30 % above the mean, and 20 % are allowed:

    >>> adjustment(TEN_IN_TEN, (100,) * 24, (130,) * 24, first=17)
    (6, 5)
    """
    if rule.cap == 0:
        return (1, 1)
    hour = Fraction(len(mean), 24)
    opens, closes = (int(first - before * hour) for before in rule.window)
    usual = sum(mean[max(opens, 0) : max(closes, 0)])
    if usual <= 0:
        return (1, 1)
    ratio = Fraction(sum(today[max(opens, 0) : max(closes, 0)]), usual)
    if rule.cap is not None:
        swing = Fraction(rule.cap, 100)
        ratio = min(max(ratio, 1 - swing), 1 + swing)
    return ratio.numerator, ratio.denominator


def past_mean(
    rule: BaselineRule,
    measured: Mapping[int, Profile],
    event_days: Collection[int],
    day: int,
    event: range,
) -> Profile:
    """The baseline of a day before any same-day adjustment [mWh]: what is known the evening
    before. ``event`` are the periods of the event.

    Raises :class:`NoBaseline` if too few days were measured.
    """
    days = eligible_days(rule, measured, event_days, day)
    if len(days) < rule.least:
        raise NoBaseline(
            f"a baseline takes {rule.least} measured days that count, found {len(days)}: wait"
            " until more are measured"
        )
    # sorted() keeps the order of equal days, so that the later one counts.
    by_use = sorted(days, key=lambda past: -sum(measured[past][p] for p in event))
    return mean_profile([measured[past] for past in by_use[: rule.highest]])


def baseline(
    rule: BaselineRule,
    measured: Mapping[int, Profile],
    event_days: Collection[int],
    day: int,
    event: range,
    today: Profile,
) -> Profile:
    """The baseline of a day [mWh], from the days ``measured`` before and from ``today``, what
    was measured on the day itself.

    Ten days at 100, and a window that is 10 % higher today:

    >>> history = {day: (100,) * 24 for day in range(14)}
    >>> today = (100,) * 13 + (110,) * 11
    >>> baseline(TEN_IN_TEN, history, {3}, 14, range(17, 20), today)[17]
    110

    Raises :class:`NoBaseline` if too few days were measured.
    """
    mean = past_mean(rule, measured, event_days, day, event)
    numerator, denominator = adjustment(rule, mean, today, event.start)
    return tuple(divide_rounded(energy * numerator, denominator) for energy in mean)
