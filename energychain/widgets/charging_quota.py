"""
The charging-quota evening, hands on: an explorer in which one station changes its mind, and
a desk at which one calls the contract by hand.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import ipywidgets as widgets

from energychain.charts import charging_quota as charts
from energychain.charts.marks import number
from energychain.contracts.charging_quota import Station, opening_storage
from energychain.contracts.charging_quota import station as account_of
from energychain.contracts.token import ENERGY_TOKEN
from energychain.ledger.state import Event, Receipt
from energychain.ledger.transaction import SignedTransaction, Value
from energychain.primitives.refusals import BadInput
from energychain.studies import charging_quota as study
from energychain.studies.charging_quota import Evening, Plan, Row
from energychain.studies.private_chain import PrivateChain, address_of
from energychain.widgets.explorer import Explorer, Table, View, labelled

CONTRACT = "charging_quota"

RULES = {
    "one price: the last pair's": "last_pair_midpoint",
    "each pair at its own": "pairwise_midpoint",
}
"""What the auction may go by, in words."""

HEIGHT = 90
"""Of the bills [pixel]: the sentence below them stays on the screen."""


# --- the explorer ---------------------------------------------------------------------


class ChargingQuotaExplorer(Explorer):
    """The published evening, in which the operator may change margin and price rule, and one
    station its limit and what it charges. All other stations stay as they are.

    >>> explorer = ChargingQuotaExplorer()
    >>> explorer.controls["margin_kw"].value = 400
    >>> explorer.status
    'All 390 kW that are wanted fit: everybody gets all of it, and there is no auction. B draws \
48 kW of its 48 kW.'
    """

    def __init__(self, *, prediction: str = "") -> None:
        self.plans = {plan.station: plan for plan in study.published_plans()}
        super().__init__(
            "How much can eight charging stations get, and who pays for more?",
            self._controls(),
            self._look,
            prediction=prediction,
        )

    def _controls(self) -> dict[str, Any]:
        first = self.plans["B"]
        return {
            "margin_kw": labelled(
                widgets.IntSlider, "Margin (kW)", value=323, min=250, max=400, step=1
            ),
            "rule": labelled(
                widgets.Dropdown,
                "Price",
                options=list(RULES.items()),
                value="last_pair_midpoint",
            ),
            "station": labelled(
                widgets.Dropdown,
                "Station",
                options=[(_named(plan), plan.station) for plan in self.plans.values()],
                value=first.station,
            ),
            "limit": labelled(
                widgets.FloatSlider,
                "Limit (token/kWh)",
                value=first.price / 1e3,
                min=0,
                max=40,
                step=0.5,
                readout_format=".1f",
            ),
            "over_kw": labelled(
                widgets.IntSlider, "Over its quota (kW)", value=0, min=0, max=20, step=1
            ),
        }

    def _touched(self, change: Any) -> None:
        # If another station is chosen, the sliders jump to what it does by itself, in one go.
        if change is not None and change["owner"] is self.controls["station"]:
            chosen = self.plans[self.controls["station"].value]
            for name, value in (("limit", chosen.price / 1e3), ("over_kw", 0)):
                slider = self.controls[name]
                slider.unobserve(self._touched, "value")
                slider.value = value
                slider.observe(self._touched, "value")
        super()._touched(change)

    def evening(self) -> Evening:
        """The evening as the controls stand."""
        return self._evening(**self.values)

    def _evening(
        self, margin_kw: int, rule: str, station: str, limit: float, over_kw: int
    ) -> Evening:
        plans = [
            replace(plan, price=round(limit * 1_000)) if name == station else plan
            for name, plan in self.plans.items()
        ]
        evening = study.rehearse(margin_kw, rule, plans=plans)
        if not over_kw:
            return evening
        load = {station: _load(evening, station, over_kw)}
        return study.rehearse(margin_kw, rule, plans=plans, loads=load)

    def _look(self, margin_kw: int, rule: str, station: str, limit: float, over_kw: int) -> View:
        evening = self._evening(margin_kw, rule, station, limit, over_kw)
        records = evening.records()
        return View(
            (
                charts.quotas(records, margin_kw, selected=station),
                charts.bills(records, selected=station, height=HEIGHT),
            ),
            f"{_all(evening)} {_one(evening, evening.row(station))}",
            self._code_for(evening, margin_kw, rule, station, over_kw),
            _table(evening, station),
        )

    def _code_for(
        self, evening: Evening, margin_kw: int, rule: str, station: str, over_kw: int
    ) -> str:
        limit = evening.row(station).price
        own = f'replace(plan, price={limit:_}) if plan.station == "{station}" else plan'
        loads = f', loads={{"{station}": {_load(evening, station, over_kw):_}}}' if over_kw else ""
        changed = evening.row(station).side and limit != self.plans[station].price
        return "\n".join(
            [
                *(["from dataclasses import replace", ""] if changed else []),
                "from energychain.charts import charging_quota as charts",
                "from energychain.studies import charging_quota",
                "",
                "plans = charging_quota.published_plans()",
                *([f"plans = [{own} for plan in plans]"] if changed else []),
                f'evening = charging_quota.rehearse({margin_kw}, "{rule}", plans=plans{loads})',
                f'display(charts.quotas(evening.records(), {margin_kw}, selected="{station}"))',
                f'charts.bills(evening.records(), selected="{station}")',
            ]
        )


def _load(evening: Evening, station: str, over_kw: int) -> int:
    """What a station charges that exceeds its quota by so many kW [mWh]."""
    return evening.row(station).quota + over_kw * 10**6 * evening.terms.minutes // 60


def _named(plan: Plan) -> str:
    verb = "bids" if plan.side == "buy" else "asks"
    return f"{plan.station}: {verb} {plan.price / 1e3:g} for {plan.quantity / 1e6:g} kWh"


def _kw(evening: Evening, energy: int) -> str:
    return f"{float(evening.kw(energy)):g}"


def _tokens(amount: int) -> str:
    return number(abs(amount) / 1e3)


def _signed(amount: int) -> str:
    return number(amount / 1e3).replace("-", "−")


def _all(evening: Evening) -> str:
    """What becomes of all stations together."""
    wanted = _kw(evening, evening.demand)
    if evening.satisfaction == 1:
        return (
            f"All {wanted} kW that are wanted fit: everybody gets all of it, and there is no"
            " auction."
        )
    scarce = (
        f"{wanted} kW are wanted and {_kw(evening, evening.margin)} are there, so everybody first"
        f" gets {float(evening.satisfaction):.1%} of its wish."
    )
    paid = sum(row.payment for row in evening.rows if row.payment > 0)
    if not evening.cleared:
        return f"{scarce} No quota changes hands."
    trade = f"{evening.cleared / 1e6:g} kWh of quota change hands for {_tokens(paid)} tokens"
    return f"{scarce} {trade}, {number(round(paid * 1e3 / evening.cleared, 2))} a kWh."


def _one(evening: Evening, row: Row) -> str:
    """What becomes of the chosen station."""
    quota, load = _kw(evening, row.quota), _kw(evening, row.load)
    draws = f"draws {load} kW of its {quota} kW."
    if row.penalty:
        over = _kw(evening, row.load - row.quota)
        fine = f"a penalty of {_tokens(row.penalty)} tokens"
        draws = f"draws {load} kW, {over} kW beyond its quota: {fine}."
    if not row.side:
        return f"{row.station} {draws}"
    said = f"{row.station} {'bids' if row.side == 'buy' else 'asks'} {row.price / 1e3:g}"
    if not row.traded:
        return f"{said}, and nobody trades with it; it {draws}"
    done = "buys" if row.traded > 0 else "sells"
    amount = f"{abs(row.traded) / 1e6:g} kWh for {_tokens(row.payment)} tokens"
    return f"{said}, {done} {amount}, and {draws}"


def _table(evening: Evening, station: str) -> str:
    rows = [
        (
            f"▸ {row.station}" if row.station == station else row.station,
            *(evening.kw(each) for each in (row.demand, row.initial, row.quota, row.load)),
            *(_signed(each) for each in (row.payment, row.fee, row.penalty)),
        )
        for row in evening.rows
    ]
    columns = ("", "wants", "first quota", "after trade", "charges", "auction", "fee", "penalty")
    return Table("Every station: powers in kW, money in tokens", columns, rows).html()


# --- the desk -------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What the contract said to one call."""

    clock: str
    name: str
    signed: SignedTransaction
    """The call as it stands in a block."""

    receipt: Receipt
    names: dict[str, str]
    """Who is behind an address."""

    @property
    def done(self) -> bool:
        """Whether the call took effect."""
        return self.receipt.done

    def __repr__(self) -> str:
        head = f"{self.clock}  {self.name:8} {self.signed.transaction.function}"
        if not self.done:
            reason = self.receipt.reason
            for address, name in self.names.items():
                reason = reason.replace(address, name)
            return f"{head}: refused ({self.receipt.refusal})\n    {reason}"
        return "\n".join([f"{head}: done", *map(self._told, self.receipt.events)])

    def _told(self, event: Event) -> str:
        fields = ", ".join(f"{name} {self._shown(value)}" for name, value in event.fields)
        return f"    {event.name}: {fields}"

    def _shown(self, value: Value) -> str:
        if isinstance(value, int):
            return f"{value:,}"
        return self.names.get(str(value), str(value))


class Desk:
    """The charging-quota contract on a private chain of one's own: say when, who and what.
    Every call is signed, mined into a block, and answered.

    Energies are in mWh, tokens in milli-tokens; the period begins at 18:00, and is filled in.

    >>> Desk().call("18:00", "A", "initialise", 1, 1, 1, 1, "pairwise_midpoint", "meter")
    18:00:00  A        initialise: refused (caller)
        only the operator may initialise: expected operator, found A
    """

    def __init__(self, stations: Sequence[str] = tuple("ABCDEFGH")) -> None:
        self.network = PrivateChain(
            ("operator", "meter", *stations),
            name="charging quota by hand",
            start=study.START - 60,
            seed=study.SEED,
            balances=[(ENERGY_TOKEN, station, study.OPENING_TOKENS) for station in stations],
            storage=opening_storage(address_of("operator", study.SEED)),
        )
        self._names = {str(a.address): a.name for a in self.network.accounts.values()}

    def call(self, clock: str, name: str, function: str, *arguments: Value) -> Answer:
        """Somebody calls a function at a time of the evening, such as ``18:02``. Names among
        the arguments become addresses. If a block of that second exists, the next is taken.

        Raises :class:`~energychain.primitives.refusals.BadInput` for an unknown name, or a
        time that is past.
        """
        if name not in self.network.accounts:
            raise BadInput(
                f"nobody is called {name!r}; there are {', '.join(self._names.values())}"
            )
        given = [self._addressed(argument) for argument in arguments]
        now = self._next(clock)
        signed = self.network.signed(name, CONTRACT, function, study.START, *given)
        self.network.open_block(now)
        receipt = self.network.include(signed)
        self.network.close_block()
        return Answer(_clock(now), name, signed, receipt, self._names)

    def account(self, name: str) -> Station | None:
        """What the contract keeps about a station, if it takes part."""
        storage = self.network.chain.state.storage[CONTRACT]
        return account_of(storage, study.START, self.network.address(name))

    def balance(self, name: str) -> int:
        """What somebody owns [milli-token]."""
        return self.network.balance(name, ENERGY_TOKEN)

    def _addressed(self, value: Value) -> Value:
        named = isinstance(value, str) and value in self.network.accounts
        return self.network.address(str(value)) if named else value

    def _next(self, clock: str) -> int:
        try:
            parts = [int(part) for part in clock.split(":")]
        except ValueError:
            raise BadInput(f"expected a time such as 18:02, found {clock!r}") from None
        hours, minutes, seconds = (*parts, 0, 0)[:3]
        wanted = study.START + 3_600 * (hours - 18) + 60 * minutes + seconds
        latest = self.network.chain.head.header.time
        if wanted // 60 < latest // 60:
            raise BadInput(f"it is {_clock(latest)} already: {clock} is past")
        return max(wanted, latest + 1)


def _clock(time: int) -> str:
    since = time - study.START
    return f"{18 + since // 3_600}:{since // 60 % 60:02}:{since % 60:02}"
