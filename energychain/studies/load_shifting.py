r"""
The two-stage market on a community: what load does when it may move to where it is cheap.

Khajeh, Shafie-khah & Laaksonen (2020), *Blockchain-based Smart Grids*, chapter 7. **Stage 1**:
homes bid what they use without a signal, the first settlement gives each hour its price, and
Equations (2) and (3) the DR price. **Stage 2**: those who participate move what can wait to where
price and DR price together are lowest, and curtail by Equation (1) if they are elastic; the
second settlement, as printed and repaired, serves what is then wanted.

What the chapter leaves open is ours: who participates is drawn (and those of 30 % are among
those of 60 %); a home never wants more than what it used without a signal; its bid in stage 1
stands at the import price, as it must be served. The non-profit aggregator that knows
everything is the benchmark.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from energychain.agents.bidding import Wishes, learn_together
from energychain.agents.prosumers import calibrated, dr_price
from energychain.grid import loads
from energychain.markets import informed_aggregator
from energychain.markets.hourly import clear_hours
from energychain.markets.second_settlement import Printed, Settled, settle, settle_as_printed
from energychain.primitives.refusals import BadInput
from energychain.studies.community import UNIT, Community, FloatArray, IntArray

BoolArray = NDArray[np.bool_]

Cure = Literal["randomised", "quota", "iterated"]

CURES: tuple[Cure, ...] = ("randomised", "quota", "iterated")
"""Of the rebound peak: see :mod:`energychain.grid.loads`."""

EPISODES = 150
"""So many days learners learn."""

QUOTA = 1.2
"""The capacity that a quota begins with, in averages of the day."""

ROUNDS = 60
"""Of an iterated price."""

CROWDING = 1.0
"""By how many mean prices an hour becomes dearer in which the load is twice the day's average,
where the price is iterated. At 0 it is the market that is cleared again, and nothing else."""

LEAST = 0.5
"""An elastic home keeps at least this share of what cannot wait."""

SEGMENTS = 10
"""Into which the aggregator cuts an elastic demand."""

SOLVED = 1e-7
"""As a part of the cost: differences below it are the solver's."""


# --- the two stages ----------------------------------------------------------------------


@dataclass(frozen=True)
class Figures:
    """What a demand comes to."""

    peak_kw: float

    par: float | None
    """Peak over average; None if there is no energy."""

    deviation_kw: float
    """The standard deviation over all periods."""

    energy_kwh: float

    cost: float
    """What upstream is paid for it [money]."""

    import_peak_kw: float
    """The largest import: demand less local production."""


@dataclass(frozen=True, eq=False)
class TwoStage:
    """Both stages of a community, and what can be asked about them."""

    community: Community

    participates: BoolArray
    """Who answers the prices: (P,)."""

    elasticity: float
    """At the day's mean import price; 0 if homes only shift."""

    price: FloatArray
    """Of the first settlement [money/kWh]: (T,)."""

    dr_price: FloatArray
    """By Equations (2) and (3) [money/kWh]: (T,)."""

    load: IntArray
    """What homes use in the end: (P, T) [mWh]."""

    curtailed: IntArray
    """What they do without; the rest of the change is moved: (P, T) [mWh]."""

    rounds: int
    """So often prices or quotas were sent and answered."""

    @cached_property
    def before(self) -> Figures:
        """Stage 1."""
        return figures(self.community, self.community.demand)

    @cached_property
    def after(self) -> Figures:
        """Stage 2."""
        return figures(self.community, loads.aggregate(self.load))

    @property
    def price_load_correlation(self) -> float | None:
        """Of the first price and stage 1's demand, over all periods; None if one is constant."""
        return correlation(self.price, self.community.demand)

    @cached_property
    def as_printed(self) -> Printed:
        """The second settlement by Equations (5) to (8)."""
        response = np.maximum(self.community.load - self.load, 0) / UNIT
        renewable = self.community.renewable / UNIT
        return settle_as_printed(renewable, response, self.load / UNIT, self.price, self.dr_price)

    @cached_property
    def settled(self) -> Settled:
        """The repaired second settlement: all that is wanted is served. Its price is the dual."""
        demand, homes = self.load / UNIT, self.community
        renewable = homes.renewable / UNIT
        return settle(demand, 0 * demand, renewable, homes.import_price, homes.export_price)

    @cached_property
    def settled_by_comfort(self) -> Settled:
        """The same, if curtailing may be refused: it is taken only where it costs less comfort
        than import costs, since homes curtail for the DR price what may be worth more to them.
        """
        homes, curtailed = self.community, self.curtailed / UNIT
        return settle(
            self.load / UNIT + curtailed,
            curtailed,
            homes.renewable / UNIT,
            homes.import_price,
            homes.export_price,
            reduction_cost=_worth(homes, self.elasticity, curtailed),
        )

    @property
    def felt(self) -> FloatArray:
        """What using a kWh costs who participates: the price, and the DR price that it forgoes
        [money/kWh].
        """
        return self.price + self.dr_price

    @property
    def bills(self) -> FloatArray:
        """What each home pays for what it uses less what it produces, at the second
        settlement's price [money]; together they are what upstream is paid: (P,).
        """
        settled = self.settled
        paid: FloatArray = (settled.served - settled.generated) @ settled.price
        return paid

    @property
    def dr_payment(self) -> float:
        """What the DR price pays for Equation (4)'s response [money]. The chapter does not say
        from where: bills already cover what upstream is paid.
        """
        response = (self.community.load - self.load) / UNIT
        return float((response @ self.dr_price).sum())

    @cached_property
    def optimum(self) -> "Plan":
        """What the aggregator that knows everything would do with the same homes."""
        return aggregator(self.community, self.participates, self.elasticity)

    @property
    def comfort_cost(self) -> float:
        """The utility that curtailing cost the homes [money]."""
        return comfort_cost(self.community, self.curtailed / UNIT, self.elasticity)

    @property
    def gap(self) -> float:
        """What all pay more than under the aggregator, lost comfort counted [money]."""
        best = self.optimum.total
        gap = self.after.cost + self.comfort_cost - best
        return 0.0 if abs(gap) < SOLVED * abs(best) else gap

    @property
    def gap_percent(self) -> float | None:
        """The cost of anarchy: the gap in percent of the aggregator's cost; None if that is not
        above 0.
        """
        best = self.optimum.total
        return 100 * self.gap / best if best > 0 else None

    @property
    def price_difference(self) -> float:
        """The mean absolute difference of the first price and the aggregator's [money/kWh]."""
        return float(abs(self.price - self.optimum.price).mean())

    @property
    def stale(self) -> FloatArray:
        """By how much the second settlement's price differs from the first, on which everybody
        acted [money/kWh]: (T,).
        """
        difference: FloatArray = self.settled.price - self.price
        return difference

    def rows(self) -> list[dict[str, Any]]:
        """A row per period, for charts."""
        homes, settled = self.community, self.settled
        after = loads.aggregate(self.load)
        columns: dict[str, Sequence[Any]] = {
            "time": homes.times,
            "hour": (np.arange(len(homes.times)) * homes.step_hours).tolist(),
            "before_kw": homes.kw(homes.demand).tolist(),
            "after_kw": homes.kw(after).tolist(),
            "renewable_kw": homes.kw(homes.supply).tolist(),
            "import_before_kw": homes.kw(np.maximum(homes.demand - homes.supply, 0)).tolist(),
            "import_after_kw": homes.kw(settled.imported * UNIT).tolist(),
            "export_after_kw": homes.kw(settled.exported * UNIT).tolist(),
            "price": self.price.tolist(),
            "dr_price": self.dr_price.tolist(),
            "dual": settled.price.tolist(),
        }
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def home_rows(self) -> list[dict[str, Any]]:
        """A row per home: whether it participates, its bill at the second price if nobody had
        answered, and now [money].
        """
        homes, now = self.community, self.bills
        nobody = settle(
            homes.load / UNIT,
            np.zeros(homes.load.shape),
            homes.renewable / UNIT,
            homes.import_price,
            homes.export_price,
        )
        before = (nobody.served - nobody.generated) @ nobody.price
        return [
            {"home": p, "participates": bool(answers), "bill_before": b, "bill_after": a}
            for p, (answers, b, a) in enumerate(
                zip(self.participates, before.tolist(), now.tolist(), strict=True)
            )
        ]


def run(
    community: Community,
    participation: float = 0.6,
    *,
    alpha: float = 1.0,
    elasticity: float = 0.0,
    learners: float = 0.0,
    cure: Cure | None = None,
    crowding: float = CROWDING,
    seed: int = 0,
) -> TwoStage:
    """Both stages. ``participation`` and ``learners`` are shares of the homes; ``elasticity``,
    0 or below, is that of Equation (1), and with 0 homes only shift: every home and day keeps
    its energy to the mWh. ``crowding`` belongs to the iterated price.

    >>> from datetime import date
    >>> from energychain.studies.community import community
    >>> done = run(community(date(2016, 1, 12)), participation=0.6)
    >>> done.before.energy_kwh == done.after.energy_kwh, done.after.cost < done.before.cost
    (True, True)

    Raises :class:`~energychain.primitives.refusals.BadInput` for shares that are no shares, an
    alpha below 1, an elasticity above 0 and a cure that there is not.
    """
    if not elasticity <= 0:
        raise BadInput(f"elasticity: expected 0 or below, found {elasticity:g}")
    answers = participants(len(community), participation, seed)
    price = first_price(community, learners, seed)
    dr = _dr_price(community, community.demand, price, alpha)
    felt = price + dr
    curtailed = _curtailed(community, felt, elasticity) * answers[:, None]
    wanted = replace(
        community,
        load=community.load - curtailed,
        movable=community.movable * answers[:, None],
    )
    if cure == "iterated":
        load, rounds = _iterated(wanted, felt, alpha, crowding), ROUNDS
    else:
        load, rounds = _shifted(wanted, felt, cure, seed)
    return TwoStage(community, answers, elasticity, price, dr, load, curtailed, rounds)


def _dr_price(
    community: Community, demand: IntArray, price: FloatArray, alpha: float
) -> FloatArray:
    """Equations (2) and (3), the import price being the upstream market's."""
    paid = dr_price(demand, community.supply, price, alpha, community.import_price)
    return paid.astype(np.float64)


def participants(homes: int, participation: float, seed: int = 0) -> BoolArray:
    """Who participates; who does at a smaller share also does at a larger one.

    >>> participants(5, 0.6)
    array([ True, False, False,  True,  True])

    Raises :class:`~energychain.primitives.refusals.BadInput` if it is no share.
    """
    if not 0 <= participation <= 1:
        raise BadInput(f"participation: expected a share from 0 to 1, found {participation:g}")
    place = np.random.default_rng([seed, 1]).permutation(homes)
    return np.asarray(place < round(participation * homes))


@lru_cache(maxsize=8)
def first_price(community: Community, learners: float = 0.0, seed: int = 0) -> FloatArray:
    """The first settlement: each hour's uniform price [money/kWh]; where nothing trades, the
    import price.

    Bids stand at what energy is worth, but not above the import price; offers of the sun at 0.
    A share of ``learners`` bids what Q-learning taught them in :data:`EPISODES` such days.
    """
    shape = community.load.shape
    value = np.broadcast_to(community.value, shape)
    if learners:
        wishes = Wishes(
            value,
            community.load / UNIT,
            np.zeros(shape),
            community.renewable / UNIT,
            community.import_price,
            community.export_price,
        )
        found = learn_together(wishes, learners, EPISODES, [seed]).price[0]
    else:
        sells = community.renewable.any(axis=1)
        offered = community.renewable[sells]
        found = clear_hours(
            np.minimum(value, community.import_price),
            community.load,
            np.zeros(offered.shape),
            offered,
            community.import_price,
            community.export_price,
        ).price
    price = np.where(np.isnan(found), community.import_price, found)
    price.flags.writeable = False  # it is kept: whoever asks again is given the same array
    return price


def _shifted(
    wanted: Community, felt: FloatArray, cure: Cure | None, seed: int
) -> tuple[IntArray, int]:
    """Stage 2, if using a kWh costs so much [money/kWh], and in how many rounds."""
    arrays = wanted.load, wanted.movable, felt, wanted.limit
    if cure is None:
        return loads.shift(*arrays, wanted.windows), 1
    if cure == "randomised":
        random, spread = np.random.default_rng([seed, 2]), float(felt.std())
        drawn = loads.shift_randomised(*arrays, wanted.windows, temperature=spread, rng=random)
        return drawn, 1
    if cure == "quota":
        return _within_quota(wanted, felt)
    raise BadInput(f"cure: expected one of {', '.join(CURES)}; found {cure!r}")


def _within_quota(wanted: Community, felt: FloatArray) -> tuple[IntArray, int]:
    """A quota of :data:`QUOTA` times the day's average, or what cannot move if that is more;
    while it is too small, an operator raises it by a tenth of the average, up to the day's own
    peak: then nobody moves. So the peak never grows.
    """
    fixed = loads.aggregate(wanted.load - wanted.movable)
    days = wanted.demand.reshape(wanted.days, -1)
    each = wanted.windows.per_day
    average, peak = np.repeat(days.mean(axis=1), each), np.repeat(days.max(axis=1), each)
    rounds = 0
    while True:
        quota = np.minimum(average * (QUOTA + rounds / 10), peak)
        capacity = np.maximum(quota, fixed).astype(np.int64)
        rounds += 1
        try:
            shifted = loads.shift_by_quota(
                wanted.load, wanted.movable, felt, wanted.limit, capacity, wanted.windows
            )
        except BadInput:
            if (quota == peak).all():
                return wanted.load.copy(), rounds
        else:
            return shifted, rounds


def _iterated(wanted: Community, felt: FloatArray, alpha: float, crowding: float) -> IntArray:
    """The market is cleared again for every plan, with a charge for crowded hours."""
    charge = crowding * abs(float(felt.mean()))
    # Nobody sells below 0, and nobody buys above the import price.
    plenty = np.minimum(np.maximum(wanted.export_price, 0), wanted.import_price)

    def answer(profile: IntArray) -> FloatArray:
        short = profile > wanted.supply
        price = np.where(short, wanted.import_price, plenty)
        days = profile.reshape(wanted.days, -1)
        average = np.maximum(days.mean(axis=1, keepdims=True), 1.0)
        crowded = charge * (days / average - 1).ravel()
        told: FloatArray = price + _dr_price(wanted, profile, price, alpha) + crowded
        return told

    arrays = wanted.load, wanted.movable
    return loads.iterate(*arrays, answer, wanted.limit, wanted.windows, rounds=ROUNDS).shifted


# --- elastic demand ----------------------------------------------------------------------


def _reference(community: Community) -> float:
    """The flat price at which homes want what they use: the mean import price [money/kWh].

    Raises :class:`~energychain.primitives.refusals.BadInput` if it is not above 0.
    """
    mean = float(community.import_price.mean())
    if mean <= 0:
        raise BadInput(f"elastic homes need a mean import price above 0, found {mean:g}")
    return mean


def _curtailed(community: Community, felt: FloatArray, elasticity: float) -> IntArray:
    """What homes would do without, by Equation (1), of what cannot wait [mWh]."""
    stiff = community.load - community.movable
    if not elasticity:
        return np.zeros_like(stiff)
    homes = calibrated(stiff / UNIT, _reference(community), elasticity, LEAST, high_share=1.0)
    curtailed: IntArray = stiff - np.rint(homes.elastic(felt) * UNIT).astype(np.int64)
    return curtailed


def _worth(community: Community, elasticity: float, curtailed: FloatArray) -> FloatArray:
    """What the curtailed energy [kWh] was worth on average [money/kWh]: halfway between the
    reference price and the marginal utility of the last kWh that is left.
    """
    if not elasticity:
        return np.zeros(curtailed.shape)
    stiff = (community.load - community.movable) / UNIT
    share = np.divide(curtailed, stiff, out=np.zeros(stiff.shape), where=stiff > 0)
    worth: FloatArray = _reference(community) * (1 + share / (-2 * elasticity))
    return worth


def comfort_cost(community: Community, curtailed: FloatArray, elasticity: float) -> float:
    """The utility lost by curtailing [kWh] by home and period [money]."""
    return float((curtailed * _worth(community, elasticity, curtailed)).sum())


# --- the aggregator ----------------------------------------------------------------------

Knowledge = Literal["all", "averages", "reports"]

HONESTY = 0.5
"""What homes report of what can wait, if they like to be left alone (ours)."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What an aggregator brings about."""

    load: FloatArray
    """(P, T) [kWh]"""

    price: FloatArray
    """The dual of the balance in its plan [money/kWh]: (T,)."""

    cost: float
    """What upstream is paid [money]."""

    comfort_cost: float
    """The utility lost by curtailing [money]."""

    @property
    def total(self) -> float:
        """What it costs together [money]."""
        return self.cost + self.comfort_cost


def aggregator(
    community: Community,
    participates: BoolArray,
    elasticity: float = 0.0,
    knows: Knowledge = "all",
) -> Plan:
    """What a non-profit aggregator does with those who participate, and what that costs.

    It ``knows`` all; or of those who participate only the sum, and asks each to use what can
    wait in the same proportions; or what they report, which is :data:`HONESTY` of what can wait.

    Raises :class:`~energychain.primitives.refusals.BadInput` if it should know only averages or
    reports of elastic homes.
    """
    if knows != "all" and elasticity:
        raise BadInput("averages and reports are of homes that only shift")
    movable = community.movable * participates[:, None]
    if knows == "averages":
        one = replace(
            community,
            load=community.demand[None],
            movable=loads.aggregate(movable)[None],
            renewable=community.supply[None],
            limit=community.limit.sum(axis=0, keepdims=True),
        )
        sums, _, price = _best(one, np.array([True]), one.movable, 0.0)
        load = (community.load - movable) / UNIT + _proportional(community, movable, sums[0])
        return _planned(community, load, np.zeros(load.shape), price, 0.0)
    if knows == "reports":
        movable = np.floor(movable * HONESTY).astype(movable.dtype)
    moved, curtailed, price = _best(community, participates, movable, elasticity)
    load = (community.load - movable) / UNIT - curtailed + moved
    return _planned(community, load, curtailed, price, elasticity)


def _planned(
    community: Community,
    load: FloatArray,
    curtailed: FloatArray,
    price: FloatArray,
    elasticity: float,
) -> Plan:
    total = load.sum(axis=0) * UNIT
    prices = community.import_price, community.export_price
    cost = upstream_cost(total, community.supply, *prices)
    return Plan(load, price, cost, comfort_cost(community, curtailed, elasticity))


def _best(
    community: Community, participates: BoolArray, movable: IntArray, elasticity: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Where movable energy goes, what is curtailed [kWh], and the dual price, day by day: days
    have nothing in common, so that many small programmes say what one large one would.
    """
    who = np.flatnonzero(participates if elasticity else movable.any(axis=1))
    moved, curtailed = np.zeros(movable.shape), np.zeros(movable.shape)
    price = np.empty(movable.shape[1])
    for first in range(0, len(price), community.windows.per_day):
        day = slice(first, first + community.windows.per_day)
        known = _known(community, who, movable, elasticity, day)
        best = informed_aggregator.optimise(known)
        price[day] = best.price
        moved[who, day] = best.moved[1:]
        whole = known.fixed + known.elastic.sum(axis=2)
        curtailed[who, day] = (whole - (best.demand - best.moved))[1:]
    return moved, np.maximum(curtailed, 0.0), price


def _known(
    community: Community, who: IntArray, movable: IntArray, elasticity: float, day: slice
) -> informed_aggregator.Community:
    """A day as the aggregator's programme wants it: the first row is all that it cannot steer,
    with all production; then a row for each whom it steers.
    """
    fixed = (community.load - movable)[:, day] / UNIT
    stiff = (community.load - community.movable)[who, day] / UNIT
    hours, spans = fixed.shape[1], community.windows.spans
    flexible = stiff * (1 - LEAST) if elasticity else np.zeros_like(stiff)
    pieces = SEGMENTS if elasticity else 0
    middle = (np.arange(pieces) + 0.5) / max(pieces, 1)  # of each segment
    share = (1 - middle) * (1 - LEAST)
    worth = _reference(community) * (1 - share / elasticity) if elasticity else share
    others = fixed.sum(axis=0) - fixed[who].sum(axis=0)
    energy = movable[who, day] / UNIT
    none = np.zeros((1, hours))

    def with_others(rows: FloatArray) -> FloatArray:
        return np.concatenate([np.zeros((1, *rows.shape[1:])), rows])

    return informed_aggregator.Community(
        fixed=np.concatenate([others[None], fixed[who] - flexible]),
        utility=np.broadcast_to(worth, (len(who) + 1, hours, pieces)),
        elastic=with_others(np.repeat(flexible[..., None] / max(pieces, 1), pieces, axis=2)),
        movable=with_others(np.stack([energy[:, a:b].sum(axis=1) for a, b in spans], axis=1)),
        room=with_others(community.limit[who] / UNIT - fixed[who]),
        windows=spans,
        renewable=np.concatenate([community.supply[None, day] / UNIT, *[none] * len(who)]),
        import_price=community.import_price[day],
        export_price=community.export_price[day],
    )


def _proportional(community: Community, movable: IntArray, total: FloatArray) -> FloatArray:
    """What can wait, in the proportions of a total over the hours; what a home's connection does
    not carry goes to the hours in which most was asked for [kWh].
    """
    room = (community.limit - (community.load - movable)) / UNIT
    put = np.zeros(movable.shape)
    for days in community.windows.periods(movable.shape[1]):
        for hours in days:
            energy = movable[:, hours].sum(axis=1) / UNIT
            asked = total[hours] / max(total[hours].sum(), 1 / UNIT)
            put[:, hours] = np.minimum(energy[:, None] * asked, room[:, hours])
            left = energy - put[:, hours].sum(axis=1)
            for period in hours[np.argsort(-asked, kind="stable")]:
                more = np.minimum(left, room[:, period] - put[:, period])
                put[:, period] += more
                left -= more
    return put


# --- what it comes to --------------------------------------------------------------------


def upstream_cost(
    demand: IntArray | FloatArray,
    supply: IntArray,
    import_price: FloatArray,
    export_price: FloatArray,
) -> float:
    """What upstream is paid for what all use and produce [mWh], at the least [money]: import,
    less export; where that would cost money, production is held back.

    >>> upstream_cost(np.array([3_000_000]), np.array([1_000_000]), np.array([0.3]), np.zeros(1))
    0.6
    """
    # The cost is straight between these three, so one of them is the least.
    choices = (np.zeros(supply.shape), np.minimum(supply, demand), supply)
    costs = [
        np.maximum(demand - used, 0) * import_price - np.maximum(used - demand, 0) * export_price
        for used in choices
    ]
    return float(np.min(costs, axis=0).sum() / UNIT)


def figures(community: Community, demand: IntArray) -> Figures:
    """What a demand of all [mWh per period] comes to, with the community's production."""
    power = community.kw(demand)
    net = np.maximum(demand - community.supply, 0)
    return Figures(
        peak_kw=loads.peak(power),
        par=loads.peak_to_average(power) if demand.any() else None,
        deviation_kw=loads.deviation(power),
        energy_kwh=int(demand.sum()) / UNIT,
        cost=upstream_cost(
            demand, community.supply, community.import_price, community.export_price
        ),
        import_peak_kw=loads.peak(community.kw(net)),
    )


def correlation(first: FloatArray | IntArray, second: FloatArray | IntArray) -> float | None:
    """Pearson's; None where one of the two is constant.

    >>> correlation(np.array([1, 2, 3]), np.array([2, 4, 6])), correlation(np.ones(2), np.ones(2))
    (1.0, None)
    """
    a, b = (np.asarray(each, dtype=float) for each in (first, second))
    if not np.ptp(a) or not np.ptp(b):
        return None
    a, b = a - a.mean(), b - b.mean()
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


# --- side by side ------------------------------------------------------------------------

SHARES = (0.0, 0.3, 0.6, 1.0)
"""Of the homes that participate."""


def participation_sweep(
    community: Community, shares: Sequence[float] = SHARES, **terms: Any
) -> list[dict[str, Any]]:
    """The figures at each participation; further ``terms`` are those of :func:`run`."""
    return [
        {"participation": share} | asdict(run(community, share, **terms).after) for share in shares
    ]


def cures_table(
    community: Community, participation: float = 1.0, **terms: Any
) -> list[dict[str, Any]]:
    """What each cure of the rebound peak reaches, and costs: ``extra_cost`` is what upstream is
    paid more than if everybody is selfish [money]. The first row is the demand of stage 1.
    """
    selfish = run(community, participation, **terms)
    rows = [
        {"cure": "before"}
        | asdict(selfish.before)
        | {"extra_cost": selfish.before.cost - selfish.after.cost, "rounds": 0}
    ]
    for cure in (None, *CURES):
        done = selfish if cure is None else run(community, participation, cure=cure, **terms)
        extra = done.after.cost - selfish.after.cost
        rows.append(
            {"cure": cure or "none"}
            | asdict(done.after)
            | {"extra_cost": extra, "rounds": done.rounds}
        )
    return rows
