"""One order, moved about, and what that does to everybody else."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import ipywidgets as widgets

from energychain.charts.comparison import share_of_best
from energychain.charts.marks import number
from energychain.charts.merit_order import merit_order
from energychain.charts.outcome import outcome
from energychain.markets.clearing import Clearing, Properties, nothing
from energychain.markets.compare import clearings
from energychain.markets.merit import merit
from energychain.markets.orders import DECIMALS, Book, Order
from energychain.markets.regret import gain
from energychain.markets.rules import RULES, clear, named
from energychain.primitives.refusals import Refusal
from energychain.primitives.units import from_units
from energychain.studies import charging_quota
from energychain.widgets.explorer import Explorer, Table, View, labelled

UNIT, MONEY = "kWh", "token"

POINTS = {
    "the middle": "mid",
    "its lower end (sellers')": "seller",
    "its upper end (buyers')": "buyer",
}
"""Where in the interval of competitive prices a uniform price lies."""

HEIGHT = 250
"""Of the plot [pixel]: the sentence below it stays on the screen."""

STEPS = 40
"""The price slider has about as many steps over the prices of the book."""

WIDER = 1.25
"""How much further the axis of quantities reaches than the orders do."""


class MarketExplorer(Explorer):
    """One order of a book is moved, the book is cleared anew by the chosen rule, and the curves
    as they were stay visible behind. All other orders stay as they are.

    ``order`` is the one that can be moved at first: the one at the margin, if none is named.
    ``source`` is how the code names the book.

    >>> explorer = MarketExplorer()
    >>> explorer.controls["price"].value = 23.5
    >>> explorer.status
    'C asks 23.5 instead of 22: 20.6 kWh trade at 23.5 token/kWh (before: 20.6 kWh trade at \
22 token/kWh), and C sets the \
competitive price. Buyers gain 44.9 (30.9 less), sellers 83.4 (21 more). Counted by \
its first wish, C gains 9.9 (before: gains 0).'
    """

    def __init__(
        self,
        book: Book | None = None,
        rule: str = "uniform",
        order: str | None = None,
        *,
        source: str = "",
        prediction: str = "",
    ) -> None:
        self.book = charging_quota.book() if book is None else book
        if not len(self.book):
            raise ValueError("there is no order to move")
        self._source = source or ("charging_quota.book()" if book is None else "book")
        marginal = [self.book.ids[i] for i in merit(self.book).marginal]
        self._first = order or [*marginal, *self.book.ids][0]
        self._prices, self._step = _price_range(self.book)
        super().__init__(
            "What does one order do to everybody's price?",
            self._controls(named(rule).name),
            self._look,
            prediction=prediction,
        )

    def _controls(self, rule: str) -> dict[str, Any]:
        first = self.book.order(self._first)
        most = 1.5 * int(self.book.quantity.max()) / 1e6
        return {
            "rule": labelled(
                widgets.Dropdown,
                "Rule",
                options=[(RULES[name].title, name) for name in self._rules(rule)],
                value=rule,
            ),
            "order": labelled(
                widgets.Dropdown,
                "Order to move",
                options=[(_named(each), each.id) for each in self.book.orders],
                value=first.id,
            ),
            "price": labelled(
                widgets.FloatSlider,
                f"Limit ({MONEY}/{UNIT})",
                value=first.price / 1e6,
                min=self._prices[0],
                max=self._prices[1],
                step=self._step,
                readout_format=".2f",
            ),
            "quantity": labelled(
                widgets.FloatSlider,
                f"Quantity ({UNIT})",
                value=first.quantity / 1e6,
                min=0.0,
                max=round(most, 1) or 1.0,
                step=0.1,
                readout_format=".1f",
            ),
            "point": labelled(
                widgets.Dropdown,
                "Price in interval",
                options=list(POINTS.items()),
                value="mid",
            ),
        }

    def _rules(self, first: str) -> list[str]:
        """The rules that take this book, and the one to begin with."""
        return [
            name
            for name, answer in clearings(self.book).items()
            if name == first or isinstance(answer, Clearing)
        ]

    def _touched(self, change: Any) -> None:
        # If another order is chosen, its sliders jump to where it stands, in one go.
        if change is not None and change["owner"] is self.controls["order"]:
            chosen = self.book.order(self.controls["order"].value)
            for name, value in (("price", chosen.price), ("quantity", chosen.quantity)):
                slider = self.controls[name]
                slider.unobserve(self._touched, "value")
                slider.value = value / 1e6
                slider.observe(self._touched, "value")
        super()._touched(change)

    # --- the model --------------------------------------------------------------------

    def moved(self) -> Order:
        """The order as the sliders stand."""
        values = self.values
        return self._moved(values["order"], values["price"], values["quantity"])

    def _moved(self, order: str, price: float, quantity: float) -> Order:
        true = self.book.order(order)
        limit, amount = (round(value * 10**DECIMALS) for value in (price, quantity))
        if self.book.cap is not None:
            limit = min(limit, self.book.cap)
        return replace(true, price=limit, quantity=amount)

    def _cleared(self, book: Book, rule: str, point: str) -> Clearing:
        return clear(book, rule, **({"point": point} if "point" in RULES[rule].terms else {}))

    def _look(self, rule: str, order: str, price: float, quantity: float, point: str) -> View:
        moved = self._moved(order, price, quantity)
        true = self.book.order(order)
        book = self.book if moved == true else self.book.replaced(moved)
        code = self._code_for(moved, rule, point)
        try:
            start = self._cleared(self.book, rule, point)
            now = start if book is self.book else self._cleared(book, rule, point)
        except Refusal as refusal:
            # The curves can be seen whatever a rule says to them.
            curves = self._picture(nothing(rule, book), None)
            return View((curves,), f"The rule refuses: {refusal}.", code)
        return View(
            (self._picture(now, None if now is start else start),),
            self._sentence(true, moved, start, now),
            code,
            _property_table(now) + _order_table(now),
        )

    def _picture(self, now: Clearing, before: Clearing | None) -> Any:
        start, drawn = _ends(self.book), _ends(now.book)
        return merit_order(
            now,
            unit=UNIT,
            money=MONEY,
            before=before,
            quantities=(0.0, max(WIDER * start, 1.03 * drawn) or 1.0),
            prices=_roomy(self._prices),
            height=HEIGHT,
        )

    # --- words ------------------------------------------------------------------------

    def _sentence(self, true: Order, moved: Order, start: Clearing, now: Clearing) -> str:
        if now is start:
            bought, sold = (_money(now.gains[side]) for side in (now.book.bids, now.book.offers))
            return (
                f"All orders are as they were: {_outcome(now)}{_setter(now)}. Buyers gain"
                f" {bought}, sellers {sold}."
            )
        before, after = _outcome(start), _outcome(now)
        was = "as before" if after == before else f"before: {before}"
        gains = [
            f"{_money(now.gains[side])} ({_more(now.gains[side], start.gains[was_side])})"
            for side, was_side in (
                (now.book.bids, start.book.bids),
                (now.book.offers, start.book.offers),
            )
        ]
        own = self.book.traders.index(true.trader)
        honest, told = (int(gain(each, self.book)[own]) / 1e12 for each in (start, now))
        mine = _own(told) + (f" (before: {_own(honest)})" if told != honest else " as before")
        return (
            f"{_change(true, moved)}: {after} ({was}){_setter(now)}. Buyers gain {gains[0]},"
            f" sellers {gains[1]}. Counted by its first wish, {true.trader} {mine}."
        )

    def _code_for(self, moved: Order, rule: str, point: str) -> str:
        price, quantity = (number6(each) for each in (moved.price, moved.quantity))
        asked = f'"{moved.id}", "{moved.trader}", "{moved.side}", "{quantity}", "{price}"'
        term = f', point="{point}"' if "point" in RULES[rule].terms else ""
        needs = ["from energychain.studies import charging_quota"] * (
            self._source == "charging_quota.book()"
        )
        return "\n".join(
            [
                "from energychain.charts.merit_order import merit_order",
                "from energychain.markets.orders import order",
                "from energychain.markets.rules import clear",
                *needs,
                "",
                f"changed = {self._source}.replaced(order({asked}))",
                f'outcome = clear(changed, "{rule}"{term})',
                "merit_order(outcome)",
            ]
        )


# --- ranges ---------------------------------------------------------------------------


def _price_range(book: Book) -> tuple[tuple[float, float], float]:
    """From well below the lowest limit to well above the highest, in round steps."""
    low, high = int(book.price.min()) / 1e6, int(book.price.max()) / 1e6
    rough = (high - low or abs(high) or 1.0) * 1.6 / STEPS
    step = next(
        size * 10**power
        for power in range(-6, 10)
        for size in (1, 2, 5)
        if size * 10**power >= rough
    )
    room = 0.3 * (high - low) or step * STEPS / 2
    bottom, top = (low - room) // step * step, -(-(high + room) // step) * step
    return (round(bottom, 6), round(top, 6)), step


def _roomy(prices: tuple[float, float]) -> tuple[float, float]:
    """With room for the name of an order that stands at an end of the slider."""
    low, high = prices
    room = 0.08 * (high - low)
    return low - room, high + room


def _ends(book: Book) -> float:
    bids, offers = merit(book).bids, merit(book).offers
    return max(bids.total, offers.total) / 1e6


# --- words ----------------------------------------------------------------------------


def _named(order: Order) -> str:
    return f"{order.id}: {_verb(order)} {number6(order.quantity)} at {number6(order.price)}"


def _verb(order: Order) -> str:
    return "bids" if order.side == "buy" else "asks"


def _change(true: Order, moved: Order) -> str:
    parts = []
    if moved.price != true.price:
        prices = f"{number6(moved.price)} instead of {number6(true.price)}"
        parts.append(f"{_verb(true)} {prices}")
    if moved.quantity != true.quantity:
        wish = "wants" if true.side == "buy" else "offers"
        parts.append(f"{wish} {number6(moved.quantity)} instead of {number6(true.quantity)} {UNIT}")
    return f"{true.id} {' and '.join(parts)}"


def _outcome(clearing: Clearing) -> str:
    return outcome(clearing, UNIT, MONEY)


def _setter(clearing: Clearing) -> str:
    names = clearing.marginal_orders
    if not names:
        return ""
    verb = "sets" if len(names) == 1 else "set"
    low, high = clearing.price_interval or (0, 0)
    what = "the competitive price" if low == high else "the competitive prices"
    span = "" if low == high else f", {number6(low)} to {number6(high)}"
    return f", and {' and '.join(names)} {verb} {what}{span}"


def _more(now: Any, before: Any) -> str:
    difference = (int(now.sum()) - int(before.sum())) / 1e12
    if not difference:
        return "as before"
    return f"{number(abs(difference))} {'more' if difference > 0 else 'less'}"


def _own(gain: float) -> str:
    return f"{'loses' if gain < 0 else 'gains'} {number(abs(gain))}"


def _money(gains: Any) -> str:
    return number(int(gains.sum()) / 1e12)


def number6(amount: int) -> str:
    """Millionths as a plain decimal without idle zeros.

    >>> number6(9_800_000), number6(22_000_000), number6(-500_000)
    ('9.8', '22', '-0.5')
    """
    return from_units(amount, DECIMALS).rstrip("0").rstrip(".")


# --- tables ---------------------------------------------------------------------------

BUDGETS = {"strong": "✓ even", "weak": "+ surplus", "deficit": "✗ deficit"}

PROPERTIES: Mapping[str, Callable[[Properties], str]] = {
    "feasible": lambda holds: _yes(holds.feasible),
    "nobody loses": lambda holds: _yes(holds.individually_rational),
    "budget": lambda holds: BUDGETS[holds.budget],
    "efficient": lambda holds: _yes(holds.efficient),
    "competitive": lambda holds: _yes(holds.competitive),
}


def _yes(holds: bool) -> str:
    return "✓ yes" if holds else "✗ no"


def _property_table(clearing: Clearing) -> str:
    holds = clearing.properties
    share = f"{share_of_best(clearing.efficiency, holds.efficient)} of the best"
    kept = number(clearing.operator_surplus / 1e12)
    row = ("", *(say(holds) for say in PROPERTIES.values()), share, kept)
    columns = ("", *PROPERTIES, "welfare", f"operator keeps ({MONEY})")
    return Table("What holds", columns, [row]).html()


MOST_ROWS = 20


def _order_table(clearing: Clearing) -> str:
    """What became of each order, bids first and the best first."""
    meeting, book = merit(clearing.book), clearing.book
    ranked = [*meeting.bids.order.tolist(), *meeting.offers.order.tolist()]
    if len(ranked) > MOST_ROWS:
        return ""
    rows = []
    for i in ranked:
        sold = clearing.amounts[i] < 0
        money = number(abs(int(clearing.amounts[i])) / 1e12)
        rows.append(
            (
                _named(book.order(book.ids[i])),
                number6(int(clearing.fills[i])),
                ("receives " if sold else "pays ") + money if clearing.fills[i] else "",
                number(int(clearing.gains[i]) / 1e12),
            )
        )
    columns = ("", f"trades ({UNIT})", MONEY, f"gains ({MONEY})")
    return Table("Who trades, and what for", columns, rows).html()
