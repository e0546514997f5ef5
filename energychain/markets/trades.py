"""Who trades with whom, for rules that pair orders."""

from dataclasses import dataclass

import numpy as np

from energychain.markets.merit import largest, times
from energychain.markets.orders import Book, IntArray


@dataclass(frozen=True, eq=False)
class Trades:
    """Pairs of a bid and an offer, as columns."""

    bids: IntArray
    """Where each bid is in the book."""

    offers: IntArray
    """Where each offer is in the book."""

    quantities: IntArray
    """[millionth of the unit]"""

    prices: IntArray
    """[millionth of the money per unit]"""

    def __len__(self) -> int:
        return len(self.quantities)

    def fills(self, book: Book) -> IntArray:
        """How much of each order trades [millionth of the unit]."""
        fills = np.zeros(len(book), dtype=np.int64)
        np.add.at(fills, self.bids, self.quantities)
        np.add.at(fills, self.offers, self.quantities)
        return fills

    def amounts(self, book: Book) -> IntArray:
        """What each order pays; what it receives is negative [1e-12 of the money]. Every
        seller receives what its buyer pays.
        """
        worth = times(self.prices, self.quantities)
        fits = largest(self.prices) * largest(self.fills(book)) < 2**62
        amounts = np.zeros(len(book), dtype=worth.dtype if fits else object)
        np.add.at(amounts, self.bids, worth)
        np.subtract.at(amounts, self.offers, worth)
        return amounts


def trades_of(rows: list[tuple[int, int, int, int]]) -> Trades:
    """Trades from rows of bid, offer, quantity and price."""
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    return Trades(*columns)
