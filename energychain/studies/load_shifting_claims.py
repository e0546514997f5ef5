"""
What chapter 7 of Shafie-khah (ed., 2020) states of its two-stage market, beside what we measure.

The chapter prints no table: its figures have no numbers, and its prosumers and prices are not
given. So nothing can be reproduced to a digit. Three statements are measured on a community of
real profiles and prices (:mod:`energychain.studies.community`), over days through the year and
over 30 seeds of one day; what breaks them is measured too. Four formulas and sentences are
errata.

**One of the three does not hold here.** A price sent once moves all that can wait into the same
hour: at 60 % the profile is less flat than before. What flattens it is a cure of that peak.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from typing import Any

import numpy as np

from energychain.agents.games import solved_game
from energychain.grid.loads import QUARTERS
from energychain.studies.claims import Claim, erratum, shown, unjudged
from energychain.studies.community import (
    Community,
    community,
    packaged_days,
    past_days,
    past_prices,
    roulette,
)
from energychain.studies.load_shifting import (
    HONESTY,
    ROUNDS,
    SHARES,
    Cure,
    Knowledge,
    TwoStage,
    aggregator,
    run,
)

STUDY = "load_shifting"
SOURCE = "Shafie-khah (ed., 2020), chapter 7"

_claim = partial(unjudged, STUDY)
_shown = partial(shown, STUDY)

EVERY = 12
"""Of the packaged days, so many apart: all weekdays and seasons come."""

SEEDS = 30
"""So many communities are put together for one day."""

DAY = date(2016, 7, 4)
"""The day of the seeds: a Monday with some sun, on which import and export both happen."""

SHARE = 0.6
"""The participation of the chapter's Fig. 9."""


@dataclass(frozen=True)
class Spread:
    """Many values of one quantity."""

    values: Sequence[float]

    def __str__(self) -> str:
        """Median, least and greatest."""
        low, middle, high = np.percentile(self.values, [0, 50, 100]).round(2) + 0.0
        return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def spread(values: Iterable[float | None]) -> Spread:
    """The spread of those that are numbers.

    >>> str(spread([1, 2, 6, None]))
    '2.00 (1.00 to 6.00)'
    """
    return Spread([value for value in values if value is not None])


class Sample:
    """The communities that the claims are measured on, and what was run with them."""

    def __init__(self, every: int = EVERY, seeds: int = SEEDS) -> None:
        self.every, self.count = every, seeds

    @cached_property
    def days(self) -> list[Community]:
        """The community of each day."""
        return self.made()

    def made(self, **terms: Any) -> list[Community]:
        """The same, put together on other terms."""
        return [community(day, **terms) for day in packaged_days()[:: self.every]]

    @cached_property
    def seeds(self) -> list[Community]:
        """The communities of one day."""
        return [community(DAY, seed=seed) for seed in range(self.count)]

    @cached_property
    def by_share(self) -> dict[float, list[TwoStage]]:
        """Each day at each participation."""
        return {share: [run(homes, share) for homes in self.days] for share in SHARES}

    @cached_property
    def by_seed(self) -> list[TwoStage]:
        """The one day at the chapter's participation, for each seed."""
        return [run(homes, SHARE, seed=seed) for seed, homes in enumerate(self.seeds)]

    @property
    def usual(self) -> list[TwoStage]:
        """Each day at the chapter's participation."""
        return self.by_share[SHARE]


def claims(sample: Sample | None = None) -> list[Claim]:
    """All claims of the two-stage market."""
    sample = sample or Sample()
    return [
        *_follows(sample),
        *_flat(sample),
        *_close(sample),
        *_private(sample),
        *_signals(sample),
        *_errata(),
    ]


def _par_before(done: TwoStage) -> float | None:
    return done.before.par


def _par(done: TwoStage) -> float | None:
    return done.after.par


def _deviation(done: TwoStage) -> float:
    """After, as a part of before."""
    return done.after.deviation_kw / done.before.deviation_kw


def _extra(done: TwoStage) -> float:
    """What upstream is paid more or less [% of before]."""
    return 100 * (done.after.cost / done.before.cost - 1)


def _of(measure: Callable[[TwoStage], float | None], found: Iterable[TwoStage]) -> str:
    return str(spread(map(measure, found)))


# --- (a) price follows demand ---------------------------------------------------------


def _follows(sample: Sample) -> Iterator[Claim]:
    place = f"{SOURCE}, section 6.2, Figs 7 and 8"
    correlation = partial(_of, lambda done: done.price_load_correlation)
    dark = [run(homes, 0) for homes in sample.made(solar_share=0)]
    yield _shown(
        "follows.days",
        place,
        f"correlation of price and demand over a day, {len(sample.days)} days",
        "",
        "the trends of the load profiles and the market prices are the same",
        correlation(sample.by_share[0]),
        "median, least and greatest. What breaks it is the sun: with a surplus the price falls,"
        " whatever demand does",
    )
    yield _shown(
        "follows.seeds",
        place,
        f"the same on {DAY}, {sample.count} seeds",
        "",
        "",
        correlation(sample.by_seed),
        "one day, so the same prices: what differs is the homes and arrays",
    )
    yield _shown(
        "follows.dark",
        place,
        "the same without arrays",
        "",
        "",
        correlation(dark),
        "then the local price is the upstream price, which follows a larger demand than this one",
    )
    past = past_prices()
    for name, draw, note in (
        ("roulette", roulette, "drawn hour by hour, the day's pattern is the hours' means"),
        ("past_days", past_days, "drawn in whole days, dear evenings stay dear"),
    ):
        drawn = draw(past, sample.count, np.random.default_rng(1))
        yield _shown(
            f"follows.{name}",
            f"{SOURCE}, section 6.1",
            f"the same on {DAY} with {sample.count} days of upstream prices from the roulette"
            f" wheel, {'by the hour' if name == 'roulette' else 'by the day'}",
            "",
            "scenarios were generated through the use of the roulette wheel mechanism",
            correlation(run(sample.seeds[0].at(prices), 0) for prices in drawn),
            note,
        )


# --- (b) nearly flat at 60 % ----------------------------------------------------------


def _flat(sample: Sample) -> Iterator[Claim]:
    place = f"{SOURCE}, section 6.2, Fig. 9"
    printed = "an approximately monotonous trend in comparison with the previous stage"
    yield _shown(
        "flat.before",
        place,
        "peak over average before anybody answers the price",
        "",
        "",
        _of(_par_before, sample.usual),
    )
    for share, found in sample.by_share.items():
        if not share:
            continue
        yield _shown(
            f"flat.par.{share:.0%}",
            place,
            f"peak over average when {share:.0%} answer the price",
            "",
            printed if share == SHARE else "",
            _of(_par, found),
            "it does not hold: all fill the same cheapest hour" if share == SHARE else "",
        )
        yield _shown(
            f"flat.deviation.{share:.0%}",
            place,
            f"standard deviation when {share:.0%} answer the price, as a part of before",
            "",
            "",
            _of(_deviation, found),
        )
        yield _shown(
            f"flat.cost.{share:.0%}",
            place,
            f"what upstream is paid more when {share:.0%} answer the price",
            "%",
            "so as to minimize their costs during the day" if share == SHARE else "",
            _of(_extra, found),
            f"on {sum(_extra(done) > 0 for done in found)} of {len(found)} days it costs more: so"
            " many move into the hour with surplus that it has none left",
        )
    yield _shown(
        "flat.seeds",
        place,
        f"peak over average at {SHARE:.0%} on {DAY}, {sample.count} seeds",
        "",
        "",
        f"{_of(_par_before, sample.by_seed)} before, {_of(_par, sample.by_seed)} after",
    )
    yield from _flatter(sample, place)


def _flatter(sample: Sample, place: str) -> Iterator[Claim]:
    """What makes the statement true, or nearly."""
    few = [run(homes, 0.1) for homes in sample.days]
    short = [run(homes, SHARE) for homes in sample.made(windows=QUARTERS)]
    stiff = sample.made(movable_share=0, car_share=0)
    less = [run(homes, SHARE, elasticity=-0.3) for homes in stiff]
    ways: list[tuple[str, str, list[TwoStage], str]] = [
        ("few", "only 10 % answer", few, "so few do not make an hour crowded"),
        ("quarters", "what can wait waits 6 h at most", short, "four new peaks for one"),
        (
            "curtailed",
            "nothing moves and demand falls by Equation (1), elasticity -0.3",
            less,
            "it flattens where dear hours are the full ones",
        ),
    ]
    notes: dict[Cure, str] = {
        "randomised": "each draws its hours; needs no message",
        "quota": "each hour's capacity is shared out",
        "iterated": f"the price answers the plan, {ROUNDS} rounds",
    }
    for cure, note in notes.items():
        found = [run(homes, SHARE, cure=cure) for homes in sample.days]
        ways.append((cure, f"cure: {cure}", found, note))
    for name, condition, found, note in ways:
        yield _shown(
            f"flat.if.{name}",
            place,
            f"peak over average, and standard deviation as a part of before, if {condition}",
            "",
            "",
            f"{_of(_par, found)}, {_of(_deviation, found)}",
            f"{note}; what upstream is paid changes by {_of(_extra, found)} %",
        )


# --- (c) close to the aggregator ------------------------------------------------------


def _close(sample: Sample) -> Iterator[Claim]:
    place = f"{SOURCE}, section 6.1, Figs 5 and 6"
    cents = partial(_of, lambda done: 100 * done.price_difference)
    dark = [run(homes, SHARE) for homes in sample.made(solar_share=0)]
    again = [run(homes, SHARE, cure="iterated", crowding=0) for homes in sample.days]
    past = past_days(past_prices(), sample.count, np.random.default_rng(1))
    drawn = [run(sample.seeds[0].at(prices), SHARE) for prices in past]
    same = sum(done.price_difference < 5e-5 for done in sample.usual)
    yield _shown(
        "close.price",
        place,
        f"mean difference from the aggregator's price, {len(sample.usual)} days",
        "ct/kWh",
        "the results are almost the same",
        cents(sample.usual),
        f"on {same} of {len(sample.usual)} days there is none: where something is imported before"
        " and after, the upstream market sets both prices",
    )
    gaps: dict[str, Sequence[float | None]] = {
        name: [done.gap_percent for done in found]
        for name, found in (
            ("days", sample.usual),
            ("seeds", sample.by_seed),
            ("scenarios", drawn),
            ("dark", dark),
        )
    }
    gaps["again"] = [
        100 * (ours.after.cost / once.optimum.cost - 1)
        for ours, once in zip(again, sample.usual, strict=True)
    ]
    for name, where, note in (
        ("days", f"{len(sample.usual)} days", "little without surplus, much with"),
        ("seeds", f"{DAY}, {sample.count} seeds", ""),
        ("scenarios", f"{DAY}, {sample.count} drawn days of prices", ""),
        ("dark", "no arrays", "no surplus: the upstream price is right, whoever moves"),
        (
            "again",
            "the market cleared again for every plan",
            "the first price was stale, and little else: cleared again, the market comes close",
        ),
    ):
        yield _shown(
            f"close.cost.{name}",
            place,
            f"cost of anarchy: what is paid more than under the aggregator, {where}",
            "%",
            "almost the same" if name == "days" else "",
            str(spread(gaps[name])),
            note,
        )
    yield _shown(
        "close.stale",
        place,
        "hours whose price is another in the second settlement",
        "% of the hours",
        "the optimal market price and the DR price were extracted from the settlement of the"
        " previous stage",
        _of(lambda done: 100 * float((abs(done.stale) > 1e-9).mean()), sample.usual),
        "the dual of the repaired settlement; prosumers acted on the first price",
    )


def _private(sample: Sample) -> Iterator[Claim]:
    place = f"{SOURCE}, section 6.1"
    kinds: dict[Knowledge, tuple[str, str]] = {
        "averages": ("only sums", "it hardly needs private information"),
        "reports": (f"of {HONESTY:.0%} of what can wait", "what it is not told it cannot use"),
    }
    for knows, (what, note) in kinds.items():
        more = [
            100 * (aggregator(done.community, done.participates, knows=knows).cost - best) / best
            for done in sample.usual
            for best in [done.optimum.cost]
        ]
        local = [done.gap_percent or 0.0 for done in sample.usual]
        better = sum(ours < theirs for ours, theirs in zip(local, more, strict=True))
        yield _shown(
            f"private.{knows}",
            place,
            f"what is paid more by an aggregator that knows {what} than by one that knows all",
            "%",
            "the aggregator-based model requires some private information on all of the prosumers",
            str(spread(more)),
            f"{note}; the local market pays less on {better} of {len(more)} days",
        )


# --- what the signals do --------------------------------------------------------------


def _signals(sample: Sample) -> Iterator[Claim]:
    place = f"{SOURCE}, section 3"
    doubled = [run(homes, SHARE, alpha=2) for homes in sample.days]
    pairs = list(zip(doubled, sample.usual, strict=True))
    changed = sum(int((two.dr_price != one.dr_price).sum()) for two, one in pairs)
    hours = sum(len(one.price) for one in sample.usual)
    yield _shown(
        "alpha",
        f"{place}, Equations (2) and (3)",
        "hours in which the DR price changes if alpha is 2 instead of 1",
        "h",
        "α_t is a time-dependent parameter specified by the system operator",
        f"{changed} of {hours}",
        "when local supply is short, import sets the price, and Equation (3) cuts any alpha to 1."
        " Alpha matters only if buyers bid below the import price",
    )
    elastic = run(sample.seeds[0], SHARE, elasticity=-0.3)
    kwh = float(elastic.curtailed.sum()) / 1e6
    worth_it = float(elastic.settled_by_comfort.reduced.sum())
    yield _shown(
        "paid_twice",
        f"{place}, Equation (2)",
        f"curtailed on {DAY} at an elasticity of -0.3, and which of these offers cost less comfort"
        " than import costs",
        "kWh",
        "",
        f"{kwh:.1f}, {worth_it:.1f}",
        "who gives up a kWh saves the price and earns it again; so it gives up what is worth up"
        " to twice the price",
    )
    for share in (0.5, 1.0):
        learned = run(sample.seeds[0], SHARE, learners=share)
        differs = int((abs(learned.price - run(sample.seeds[0], SHARE).price) > 1e-9).sum())
        yield _shown(
            f"learners.{share:.0%}",
            place,
            f"hours of {DAY} whose price is another if {share:.0%} of the homes bid by Q-learning",
            "h",
            "to find its optimal bidding strategy through the use of experiences",
            f"{differs} of 24",
            "where the upstream market sets the price, no bid moves it",
        )
    reward = solved_game().reward
    blind, seeing = float(reward.mean(axis=0).max()), float(reward.max(axis=1).mean())
    yield _shown(
        "stateless",
        f"{place}, Fig. 2",
        "what the best single answer earns of what one answer for each state earns, in a solved"
        " game of three hours",
        "%",
        "Q-values ... taken to be independent of the system's states",
        f"{100 * blind / seeing:.0f}",
        "without states it is a bandit, and no Q-learning: sun and evening get one bid",
    )


# --- errata ---------------------------------------------------------------------------


def _errata() -> Iterator[Claim]:
    done = run(community(DAY), SHARE)
    served, wanted = done.as_printed.served.sum(), done.after.energy_kwh
    yield erratum(
        _claim(
            "settlement",
            f"{SOURCE}, Equations (5) to (8)",
            f"demand that the second settlement serves on {DAY}",
            "kWh",
            "maximizing the social welfare",
            f"{served:.0f} of {wanted:.0f}",
            "Prices are given, nothing ties supply to demand, and serving demand only costs: the"
            " optimum serves nobody. Repaired: all is served, in balance with import at the"
            " upstream price; its cost is what bills add up to,"
            f" {done.settled.cost:.2f} and {done.bills.sum():.2f}.",
        )
    )
    yield erratum(
        _claim(
            "funds",
            f"{SOURCE}, section 5",
            "which way the funds go",
            "",
            "from the accounts of the sellers to those of buyers",
            "from the accounts of the buyers to those of the sellers",
            "Who gets the energy pays for it.",
        )
    )
    yield erratum(
        _claim(
            "symbols",
            f"{SOURCE}, Equation (1)",
            "what the symbols of Equation (1) are",
            "",
            "the local market price ... is represented by d; β and γ are the parameters of the"
            " proposed Q-learning algorithm",
            "d is the demand, π the local market price; β and γ are parameters of the utility"
            " βd - γd²/2",
            "Only so is the clipped (β - π)/γ the argmax that the equation says it is.",
        )
    )
    yield erratum(
        _claim(
            "discount",
            f"{SOURCE}, Fig. 2",
            "what the next state's value is multiplied by",
            "",
            "π_t",
            "a discount between 0 and 1",
            "π_t is the market price everywhere else. The action, too, is the argmax of Q, not"
            " its max.",
        )
    )
