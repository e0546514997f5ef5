"""What trades at which price, in words."""

from small_books import TABLE_3, book

from energychain.charts.outcome import outcome
from energychain.markets.clearing import uniform
from energychain.markets.rules import clear


def test_an_outcome_in_words():
    assert outcome(clear(TABLE_3, "pairwise")) == "20.6 kWh trade at 22.325 token/kWh on average"
    two = book(("b", "buy", "2", "10"), ("s", "sell", "2", "4"))
    taxed = uniform("tax", two, two.quantity, 9_000_000, 5_000_000)
    assert outcome(taxed, "MWh", "EUR") == (
        "2 MWh trade; buyers pay 9 and sellers receive 5 EUR/MWh"
    )
