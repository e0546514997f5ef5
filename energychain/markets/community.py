r"""
A community: a manager nets what the members want to buy and to sell, and trades the rest
outside, at an import price and an export price. Shafie-khah (ed., 2020), *Blockchain-based
Smart Grids*, chapter 5, section 3.1.1 and Fig. 5.9 (community-based peer-to-peer trading).

With demand :math:`D`, supply :math:`S`, import price :math:`\lambda_i` and export price
:math:`\lambda_e \le \lambda_i`, the members' :math:`\min(D, S)` is traded inside, at an
internal price :math:`p`; the rest outside. The longer side shares what the rest costs or
earns, every unit alike:

.. math::

   p_{buy} = \frac{p \min(D, S) + \lambda_i (D - S)^+}{D} , \qquad
   p_{sell} = \frac{p \min(D, S) + \lambda_e (S - D)^+}{S} .

Three published ways to price differ in nothing but :math:`p`:

=======================  ==========================================================
``mid_market_rate``      :math:`p = (\lambda_i + \lambda_e) / 2`
``bill_sharing``         :math:`p = 0`: only the bill from outside is shared
``supply_demand_ratio``  :math:`p = \lambda_e \lambda_i / ((\lambda_i - \lambda_e) r +
                         \lambda_e)` for :math:`r = S/D \le 1`, else :math:`\lambda_e`
=======================  ==========================================================

The first two: Long, Wu, Zhang, Thomas, Cheng & Jenkins (2017), "Peer-to-peer energy trading
in a community microgrid", IEEE PES General Meeting; the third: Liu, Yu, Wang, Li, Ma & Lei
(2017), "Energy-sharing model with price-based demand response for microgrids of
peer-to-peer prosumers", *IEEE Transactions on Power Systems* 32(5).

**Who is in.** Nobody knows the price inside beforehand, so a member must accept the outside
price at worst: bids at or above the import price are in, and offers at or below the export
price, with all that they want. Other orders stay out. Then nobody loses at the mid-market
rate or by the supply-demand ratio. Under bill sharing a seller may receive less than it
asks for, and with negative prices a buyer may pay more than its limit; the clearing says so.

**Outside** are two more orders in the cleared book, ``import`` and ``export`` of the trader
``outside``, as large as all bids and all offers together. The manager keeps nothing.

The *hybrid* market (Fig. 5.10) lets active members trade peer to peer first, by chance; what
is left of them, and the passive members "who do not have enough time", is netted.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Literal, TypeVar

import numpy as np

from energychain.markets.clearing import Clearing
from energychain.markets.merit import largest
from energychain.markets.orders import DECIMALS, MOST, Book, IntArray, Order, Side
from energychain.markets.peer_to_peer import ROUNDS, meetings
from energychain.primitives.refusals import BadInput
from energychain.primitives.units import from_units

Pricing = Literal["mid_market_rate", "bill_sharing", "supply_demand_ratio"]

PRICINGS: tuple[Pricing, ...] = ("mid_market_rate", "bill_sharing", "supply_demand_ratio")
"""The ways to price inside, by name."""

Traded = TypeVar("Traded", int, Fraction)
"""Money, in whole numbers or exactly."""

OUTSIDE = "outside"
"""The trader that stands for the world outside."""

IMPORT, EXPORT = "import", "export"
"""The orders of the world outside: an offer and a bid."""


def community(
    book: Book, import_price: int, export_price: int, pricing: Pricing = "mid_market_rate"
) -> Clearing:
    """The members are netted; the rest trades outside at the import and the export price
    [millionth of the money per unit].

    At the mid-market rate of 30 and 10, sam receives 20; ann and bob pay 20 for two units
    and 30 for the third, so 70/3 each:

    >>> from energychain.markets.orders import order
    >>> book = Book.of([
    ...     order("b1", "ann", "buy", "2", "30"),
    ...     order("b2", "bob", "buy", "1", "35"),
    ...     order("s", "sam", "sell", "2", "5"),
    ... ])
    >>> cleared = community(book, 30_000_000, 10_000_000)
    >>> for trader, payment in cleared.payments_by_trader().items():
    ...     print(f"{trader:8}{payment / 10**12:8.3f}")
    ann       46.667
    bob       23.333
    outside  -30.000
    sam      -40.000

    Orders that are all or none trade wholly or stay out, like all others.

    Raises :class:`~energychain.primitives.refusals.BadInput` if the export price exceeds
    the import price, for an unknown pricing, for prices that the supply-demand ratio is not
    made for, and if the book has already a trader ``outside`` or an order ``import`` or
    ``export``.
    """
    nothing = np.zeros(len(book), dtype=np.int64)
    return _netted("community", book, nothing, nothing, import_price, export_price, pricing)


def hybrid(
    book: Book,
    import_price: int,
    export_price: int,
    pricing: Pricing = "mid_market_rate",
    passive: Collection[str] = (),
    seed: int = 0,
    point: str | Fraction = "mid",
    rounds: int = ROUNDS,
) -> Clearing:
    """Active members trade by chance first; the rest of them and the ``passive`` traders
    are a community. Without passive traders all are active.

    >>> from energychain.markets.orders import order
    >>> book = Book.of([
    ...     order("b1", "ann", "buy", "2", "30"),
    ...     order("b2", "bob", "buy", "1", "35"),
    ...     order("s", "sam", "sell", "2", "5"),
    ... ])
    >>> cleared = hybrid(book, 30_000_000, 10_000_000, passive=["bob"])
    >>> cleared.payment("ann") / 10**12, cleared.payment("bob") / 10**12
    (35.0, 30.0)

    Raises what :func:`community` and
    :func:`~energychain.markets.peer_to_peer.random_matching` raise, and
    :class:`~energychain.primitives.refusals.BadInput` for a passive trader without order.
    """
    for name in sorted(set(passive) - set(book.traders)):
        raise BadInput(f"{name!r} is said to be passive, and has no order")
    active = np.array([name not in passive for name in book.traders], dtype=bool)[book.trader]
    trades = meetings(book, np.where(active, book.quantity, 0), seed, point, rounds)
    fills, amounts = trades.fills(book), trades.amounts(book)
    return _netted("hybrid", book, fills, amounts, import_price, export_price, pricing)


# --- prices ---------------------------------------------------------------------------


def internal_price(
    pricing: Pricing, demand: int, supply: int, import_price: int, export_price: int
) -> Fraction:
    """What a unit costs that a member has from another [millionth of the money per unit].

    Three quarters of the demand is met inside:

    >>> [float(internal_price(pricing, 4, 3, 30, 10)) for pricing in PRICINGS]
    [20.0, 0.0, 12.0]
    """
    if pricing == "mid_market_rate":
        return Fraction(import_price + export_price, 2)
    if pricing == "bill_sharing" or not demand or not export_price:
        return Fraction(0)
    ratio = min(Fraction(supply, demand), Fraction(1))
    return export_price * import_price / ((import_price - export_price) * ratio + export_price)


def member_prices(
    pricing: Pricing, demand: int, supply: int, import_price: int, export_price: int
) -> tuple[Fraction | None, Fraction | None]:
    """What members pay and receive per unit [millionth of the money per unit]; nothing for a
    side that is empty.

    >>> [str(price) for price in member_prices("mid_market_rate", 4, 3, 30, 10)]
    ['45/2', '20']
    """
    price = internal_price(pricing, demand, supply, import_price, export_price)
    inside = price * min(demand, supply)
    paid, received = _totals(inside, demand, supply, import_price, export_price)
    return (
        paid / demand if demand else None,
        received / supply if supply else None,
    )


def _totals(
    inside: Traded, demand: int, supply: int, import_price: int, export_price: int
) -> tuple[Traded, Traded]:
    """What all members pay, and receive, together, if they pay so much to each other."""
    return (
        inside + import_price * max(demand - supply, 0),
        inside + export_price * max(supply - demand, 0),
    )


# --- clearing -------------------------------------------------------------------------


def _netted(
    rule: str,
    book: Book,
    fills: IntArray,
    amounts: IntArray,
    import_price: int,
    export_price: int,
    pricing: Pricing,
) -> Clearing:
    """What is left of the members' orders is netted, on top of what they traded already."""
    _check(book, import_price, export_price, pricing)
    bids, offers = book.bids, book.offers
    rest = book.quantity - fills
    rest[bids][book.price[bids] < import_price] = 0
    rest[offers][book.price[offers] > export_price] = 0
    demand, supply = int(rest[bids].sum()), int(rest[offers].sum())
    price = internal_price(pricing, demand, supply, import_price, export_price)
    inside = round(price * min(demand, supply))
    paid, received = _totals(inside, demand, supply, import_price, export_price)
    bills = shared(paid, rest[bids]) + shared(-received, rest[offers])
    fills = fills + rest
    amounts = _column([a + b for a, b in zip(amounts.tolist(), bills, strict=True)])

    imports = _pieces(IMPORT, "sell", import_price, int(book.quantity[bids].sum()))
    exports = _pieces(EXPORT, "buy", export_price, int(book.quantity[offers].sum()))
    extended = Book.of([*book.orders, *imports, *exports], book.cap)
    traded = dict(zip(book.ids, zip(fills.tolist(), amounts.tolist(), strict=True), strict=True))
    traded |= _used(imports, max(demand - supply, 0), -1)
    traded |= _used(exports, max(supply - demand, 0), 1)
    rows = [traded[id] for id in extended.ids]
    return Clearing(
        rule, extended, _column([fill for fill, _ in rows]), _column([paid for _, paid in rows])
    )


def _check(book: Book, import_price: int, export_price: int, pricing: Pricing) -> None:
    if pricing not in PRICINGS:
        raise BadInput(f"a community prices by {', '.join(PRICINGS)}; found {pricing!r}")
    for name, price in ((IMPORT, import_price), (EXPORT, export_price)):
        if type(price) is not int or abs(price) > MOST:
            raise BadInput(
                f"the {name} price is a whole number of millionths, at most"
                f" {MOST // 10**DECIMALS:,}; found {price!r}"
            )
    told = (
        f"import {from_units(import_price, DECIMALS)}, export {from_units(export_price, DECIMALS)}"
    )
    if export_price > import_price:
        raise BadInput(
            f"who buys at the import price must not gain by selling at the export price: {told}"
        )
    if pricing == "supply_demand_ratio" and export_price < 0:
        raise BadInput(f"the supply-demand ratio is made for prices of 0 or more: {told}")
    if OUTSIDE in book.traders:
        raise BadInput(f"a trader is named {OUTSIDE!r}, as the world outside is: rename it")
    for id in book.ids:
        if _is_reserved(id):
            raise BadInput(f"an order is named {id!r}, as those of the outside are: rename it")


def _is_reserved(id: str) -> bool:
    first, _, number = id.partition(" ")
    return first in (IMPORT, EXPORT) and (not number or number.isdecimal())


def shared(amount: int, quantities: IntArray) -> list[int]:
    """An amount in parts in proportion to quantities, by largest remainder (of equal ones,
    the first).

    >>> shared(-10, np.array([1, 1, 1]))
    [-3, -3, -4]
    """
    total = int(quantities.sum())
    if not total:
        return [0] * len(quantities)
    exact = [amount * quantity for quantity in quantities.tolist()]
    parts = [each // total for each in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: (-(exact[i] % total), i))
    for i in by_remainder[: amount - sum(parts)]:
        parts[i] += 1
    return parts


def _column(values: list[int]) -> IntArray:
    exact = np.array(values, dtype=object)
    return exact.astype(np.int64) if largest(exact) < 2**62 else exact


def _pieces(id: str, side: Side, price: int, quantity: int) -> list[Order]:
    """An order of the outside; several if it is larger than an order may be."""
    piece = Order(id, OUTSIDE, side, min(quantity, MOST), price)
    more = range(1, -(-quantity // MOST))
    sizes = [min(quantity - MOST * i, MOST) for i in more]
    return [
        piece,
        *(replace(piece, id=f"{id} {i + 1}", quantity=q) for i, q in zip(more, sizes, strict=True)),
    ]


def _used(orders: list[Order], quantity: int, sign: int) -> Mapping[str, tuple[int, int]]:
    """Fill and amount of each order of the outside."""
    used = {}
    for each in orders:
        fill = min(each.quantity, quantity)
        used[each.id] = (fill, sign * each.price * fill)
        quantity -= fill
    return used
