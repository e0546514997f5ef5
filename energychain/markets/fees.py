"""
A charge for the use of the grid: so much per unit, on every unit that trades.

"Even for P2P transaction the grid charge should be accounted" (Shafie-khah (ed., 2020),
chapter 5, section 2.5). The buyer bears it here: to the rule a bid is worth its limit less
the fee. So the fee also keeps trades from happening whose gain is smaller than itself,
and the clearing shows that welfare as lost.
"""

from collections.abc import Callable
from dataclasses import replace

from energychain.markets.clearing import Clearing, less
from energychain.markets.orders import DECIMALS, MOST, Book
from energychain.primitives.refusals import BadInput


def charged(book: Book, fee: int, clear: Callable[[Book], Clearing]) -> Clearing:
    """Clears a book when buyers pay a fee [millionth of the money per unit] on top.

    Raises :class:`~energychain.primitives.refusals.BadInput` if the fee is negative or too large,
    or the rule adds orders of its own to the book.
    """
    if not 0 <= fee <= MOST:
        raise BadInput(f"a fee is 0 or more, and at most {MOST // 10**DECIMALS:,}")
    cleared = clear(less(book, fee))
    if len(cleared.book) != len(book):
        raise BadInput(
            f"the rule {cleared.rule} trades with the outside: put the fee into its import"
            " and export prices"
        )
    return replace(cleared, book=book, fee=fee)
