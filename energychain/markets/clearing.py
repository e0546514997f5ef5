r"""
What a clearing rule answers, and what can be said of the answer.

A rule only says how much of each order trades (the fills) and what each order pays (the
amounts). Everything else is worked out here, the same way for every rule: prices,
payments, the operator's surplus, welfare against the best possible, and five properties.

==========================  ==========================================================
property                    meaning
==========================  ==========================================================
``feasible``                no order gets more than it wants, all-or-none orders get all
                            or none, and as much is bought as is sold
``individually_rational``   nobody is worse off than without trade, by its own limits
``budget``                  buyers pay what sellers receive (``strong``), more (``weak``)
                            or less (``deficit``)
``efficient``               no other allocation is worth more
``competitive``             one price, at which every order gets exactly what it wants
==========================  ==========================================================

With limits :math:`\ell_i`, fills :math:`x_i`, amounts :math:`t_i` and :math:`s_i = \pm 1`
for bids and offers, a trader's gain is :math:`\sum_i s_i \ell_i x_i - t_i`, welfare is
:math:`\sum_i s_i \ell_i x_i`, and the operator keeps :math:`\sum_i t_i`. Krishna (2009),
*Auction Theory*, chapter 5, for the properties.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from energychain.markets.merit import ClearingType, Interval, largest, merit, times, total
from energychain.markets.orders import DECIMALS, Book, BoolArray, IntArray
from energychain.markets.trades import Trades
from energychain.primitives.refusals import Refusal
from energychain.primitives.units import divide_rounded, from_units, plain

Budget = Literal["strong", "weak", "deficit"]


class Infeasible(Refusal):
    """A rule answered with something that cannot be carried out: a fault of the rule."""

    rule = "feasible"


@dataclass(frozen=True)
class Properties:
    """What holds for one clearing of one book."""

    feasible: bool
    individually_rational: bool
    budget: Budget
    efficient: bool
    competitive: bool


@dataclass(frozen=True, eq=False)
class Clearing:
    """How a book was cleared. Columns are in the order of the book.

    Raises :class:`Infeasible` if the fills cannot be carried out.
    """

    rule: str
    book: Book

    fills: IntArray
    """How much of each order trades [millionth of the unit]."""

    amounts: IntArray
    """What each order pays; what it receives is negative [1e-12 of the money]."""

    trades: Trades | None = None
    """Who trades with whom, if the rule pairs orders."""

    fee: int = 0
    """What buyers pay on top to the grid's operator [millionth of the money per unit]."""

    def __post_init__(self) -> None:
        fault = _fault(self.book, self.fills)
        if fault:
            raise Infeasible(f"{self.rule}: {fault}")

    # --- how much, at which price -----------------------------------------------------

    @cached_property
    def quantity(self) -> int:
        """What is bought, and sold [millionth of the unit]."""
        return int(self.fills[self.book.bids].sum())

    @property
    def price_buy(self) -> int | None:
        """What the buyers pay per unit on average [millionth of the money per unit]."""
        return self._average(self.book.bids)

    @property
    def price_sell(self) -> int | None:
        """What the sellers receive per unit on average [millionth of the money per unit]."""
        average = self._average(self.book.offers)
        return None if average is None else -average

    @property
    def price(self) -> int | None:
        """The price if there is one for all; otherwise the middle between what buyers pay
        and sellers receive on average [millionth of the money per unit]; nothing
        without trade.
        """
        buy, sell = self.price_buy, self.price_sell
        return None if buy is None or sell is None else divide_rounded(buy + sell, 2)

    def _average(self, side: slice) -> int | None:
        if not self.quantity:
            return None
        return divide_rounded(added(self.amounts[side]), self.quantity)

    @cached_property
    def faced(self) -> Book:
        """The book as the rule saw it: to a buyer a bid is worth its limit less the fee."""
        return less(self.book, self.fee)

    @property
    def price_interval(self) -> Interval | None:
        """The competitive prices, from lowest to highest, before fees."""
        return merit(self.faced).interval

    @property
    def clearing_type(self) -> ClearingType:
        """What sets the price where the book's curves meet; null if nothing trades."""
        return merit(self.faced).kind if self.quantity else "null"

    @property
    def marginal_orders(self) -> tuple[str, ...]:
        """The orders that set the price where the book's curves meet."""
        return tuple(self.book.ids[i] for i in merit(self.faced).marginal)

    # --- who pays what ----------------------------------------------------------------

    @cached_property
    def payments(self) -> IntArray:
        """What each trader pays for what it buys, less what it receives for what it sells
        [1e-12 of the money], in the order of :attr:`Book.traders`. Fees are extra.
        """
        return _by_trader(self.book, self.amounts)

    @cached_property
    def operator_surplus(self) -> int:
        """What buyers pay and sellers do not receive [1e-12 of the money]; a deficit is
        negative. Fees are extra.
        """
        return added(self.amounts)

    def payments_by_trader(self) -> dict[str, int]:
        """What each trader pays [1e-12 of the money], by name."""
        return dict(zip(self.book.traders, self.payments.tolist(), strict=True))

    def fills_by_order(self) -> dict[str, int]:
        """How much of each order trades [millionth of the unit], by id."""
        return dict(zip(self.book.ids, self.fills.tolist(), strict=True))

    def fill(self, id: str) -> int:
        """How much of an order trades [millionth of the unit]."""
        return int(self.fills[self.book.at[id]])

    def payment(self, trader: str) -> int:
        """What a trader pays [1e-12 of the money]."""
        return int(self.payments[self.book.traders.index(trader)])

    # --- what it is worth -------------------------------------------------------------

    @cached_property
    def values(self) -> IntArray:
        """What each order's fill is worth by its own limit: positive for what a buyer would
        pay at most, negative for what a seller must have [1e-12 of the money].
        """
        return times(self.book.price, self.fills * self.book.sign)

    @cached_property
    def fees(self) -> IntArray:
        """What each order pays on top to the grid's operator [1e-12 of the money]."""
        bought = np.where(self.book.sign > 0, self.fills, 0)
        return times(np.array([self.fee]), bought)

    @cached_property
    def gains(self) -> IntArray:
        """What each order gains by its own limit, after fees [1e-12 of the money]."""
        return self.values - self.amounts - self.fees

    @property
    def gains_by_trader(self) -> dict[str, int]:
        """What each trader gains by its own limits [1e-12 of the money], by name."""
        gains = _by_trader(self.book, self.gains)
        return dict(zip(self.book.traders, gains.tolist(), strict=True))

    @cached_property
    def welfare(self) -> int:
        """What the trade is worth [1e-12 of the money]: its value to the buyers, less its
        cost to the sellers.
        """
        bids, offers = self.book.bids, self.book.offers
        price, fills = self.book.price, self.fills
        return total(price[bids], fills[bids]) - total(price[offers], fills[offers])

    @property
    def max_welfare(self) -> int:
        """What the best trade would be worth [1e-12 of the money], if all orders could be
        divided.
        """
        return merit(self.book).welfare

    @property
    def efficiency(self) -> float:
        """Welfare as a share of the best; 1 if there is nothing to gain."""
        return self.welfare / self.max_welfare if self.max_welfare else 1.0

    @cached_property
    def properties(self) -> Properties:
        """What holds for this clearing."""
        surplus = self.operator_surplus
        return Properties(
            feasible=True,
            individually_rational=self._nobody_loses(),
            budget="strong" if surplus == 0 else "weak" if surplus > 0 else "deficit",
            efficient=self.welfare == self.max_welfare,
            competitive=self._nobody_envies(),
        )

    def _nobody_loses(self) -> bool:
        if not len(self.gains) or self.gains.min() >= 0:
            return True
        return bool(_by_trader(self.book, self.gains).min() >= 0)

    def _nobody_envies(self) -> bool:
        price = self.price
        if price is None:
            return merit(self.faced).welfare == 0  # at most, bids equal offers
        book, fills = self.faced, self.fills
        if (self.amounts != times(book.sign * price, fills)).any():
            return False
        better = (book.price - price) * book.sign
        return not ((better > 0) & (fills < book.quantity) | (better < 0) & (fills > 0)).any()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader should know before praising the result."""
        found = []
        excess = self.quantity - merit(self.book).quantity
        if excess > 0:
            found.append(
                f"{plain(excess, DECIMALS)} more than the efficient quantity trades: some"
                " units cost more than they are worth to their buyers"
            )
        if self.operator_surplus < 0:
            lacking = plain(-self.operator_surplus, 2 * DECIMALS)
            found.append(f"somebody must pay the deficit of {lacking}")
        if not self.properties.individually_rational:
            gains = self.gains_by_trader
            found.append(f"{min(gains, key=lambda name: (gains[name], name))} loses by trading")
        return tuple(found)

    # --- for people -------------------------------------------------------------------

    def row(self) -> dict[str, Any]:
        """The outcome in one row, in units and money, for tables and comparisons."""
        return {
            "rule": self.rule,
            "quantity": _number(self.quantity, DECIMALS),
            "price": _number(self.price, DECIMALS),
            "price_buy": _number(self.price_buy, DECIMALS),
            "price_sell": _number(self.price_sell, DECIMALS),
            "operator_surplus": _number(self.operator_surplus, 2 * DECIMALS),
            "welfare": _number(self.welfare, 2 * DECIMALS),
            "efficiency": self.efficiency,
            **vars(self.properties),
        }

    def as_json(self) -> dict[str, Any]:
        """The whole outcome in units and money, as the command line prints it."""
        interval = self.price_interval
        fees = _by_trader(self.book, self.fees).tolist() if self.fee else ()
        return {
            "rule": self.rule,
            "price": _number(self.price, DECIMALS),
            "price_buy": _number(self.price_buy, DECIMALS),
            "price_sell": _number(self.price_sell, DECIMALS),
            "price_interval": interval and [_number(price, DECIMALS) for price in interval],
            "quantity": _number(self.quantity, DECIMALS),
            "clearing_type": self.clearing_type,
            "marginal_orders": list(self.marginal_orders),
            "fills": _numbers(self.fills_by_order(), DECIMALS),
            "payments": _numbers(self.payments_by_trader(), 2 * DECIMALS),
            "fees": _numbers(dict(zip(self.book.traders, fees, strict=False)), 2 * DECIMALS),
            "operator_surplus": _number(self.operator_surplus, 2 * DECIMALS),
            "welfare": _number(self.welfare, 2 * DECIMALS),
            "max_welfare": _number(self.max_welfare, 2 * DECIMALS),
            "efficiency": self.efficiency,
            "properties": vars(self.properties).copy(),
            "warnings": list(self.warnings),
        }

    def __repr__(self) -> str:
        if not self.quantity:
            return f"<{self.rule}: nothing trades>"
        price = from_units(self.price or 0, DECIMALS)
        return f"<{self.rule}: {from_units(self.quantity, DECIMALS)} at {price}>"


def less(book: Book, fee: int) -> Book:
    """The book in which every bid is worth less by a fee [millionth of the money per unit]."""
    if not fee:
        return book
    price = book.price.copy()
    price[book.bids] -= fee
    return replace(book, price=price)


def uniform(rule: str, book: Book, fills: IntArray, buy: int, sell: int) -> Clearing:
    """A clearing in which all buyers pay one price and all sellers receive one
    [millionth of the money per unit].
    """
    prices = np.empty(len(book), dtype=np.int64)
    prices[book.bids], prices[book.offers] = buy, -sell
    return Clearing(rule, book, fills, times(prices, fills))


def nothing(rule: str, book: Book) -> Clearing:
    """A clearing in which nothing trades."""
    none = np.zeros(len(book), dtype=np.int64)
    return Clearing(rule, book, none, none)


def in_units(amounts: Mapping[str, int], unit: int) -> dict[str, int]:
    """Exact amounts [1e-12 of the money] in whole units of money, so that their sum is the
    rounded sum: each is rounded down, and what is missing goes to the largest remainders
    (of equal ones, the first by name).

    >>> in_units({"ann": 15, "ben": 14, "sam": -29}, 10)
    {'ann': 2, 'ben': 1, 'sam': -3}
    """
    parts = {name: amount // unit for name, amount in amounts.items()}
    missing = divide_rounded(sum(amounts.values()), unit) - sum(parts.values())
    by_remainder = sorted(amounts, key=lambda name: (-(amounts[name] % unit), name))
    for name in by_remainder[:missing]:
        parts[name] += 1
    return parts


def added(amounts: IntArray) -> int:
    """The sum of whole numbers, exactly.

    >>> added(np.array([2**62, 2**62, 2**62])) == 3 * 2**62
    True
    """
    if amounts.dtype == object or largest(amounts) * len(amounts) < 2**63:
        return int(amounts.sum())
    return (int((amounts >> 32).sum()) << 32) + int((amounts & (2**32 - 1)).sum())


def _by_trader(book: Book, amounts: IntArray) -> IntArray:
    fits = amounts.dtype != object and largest(amounts) * book.most_orders < 2**63
    sums = np.zeros(len(book.traders), dtype=np.int64 if fits else object)
    np.add.at(sums, book.trader, amounts)
    return sums


def _fault(book: Book, fills: IntArray) -> str:
    if (fills < 0).any() or (fills > book.quantity).any():
        i = int(((fills < 0) | (fills > book.quantity)).argmax())
        return f"order {book.ids[i]} gets {int(fills[i])} of {int(book.quantity[i])}"
    bought, sold = int(fills[book.bids].sum()), int(fills[book.offers].sum())
    if bought != sold:
        return f"{bought} are bought and {sold} are sold"
    parted = _parted(book, fills)
    return f"order {book.ids[int(parted.argmax())]} is all or none" if parted.any() else ""


def _parted(book: Book, fills: IntArray) -> BoolArray:
    """Which all-or-none orders trade in part."""
    return ~book.divisible & (fills > 0) & (fills < book.quantity)


def _number(amount: int | None, decimals: int) -> float | None:
    return None if amount is None else float(from_units(amount, decimals))


def _numbers(amounts: Mapping[str, int], decimals: int) -> dict[str, float | None]:
    return {name: _number(amount, decimals) for name, amount in amounts.items()}
