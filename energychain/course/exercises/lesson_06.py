"""The exercises of lesson 06."""

from collections.abc import Mapping

from energychain.course.exercises.judging import Exercise, function, number


def _offered(price: int) -> int:
    """What the sellers of chapter 9, Table 3 would give at a price [token/kWh] or less [mWh]."""
    offers = ((6_800_000, 16), (7_200_000, 19), (9_800_000, 22), (3_200_000, 25))
    return sum(quantity for quantity, limit in offers if limit <= price)


EXERCISES: Mapping[str, Exercise] = {
    "06.gain": Exercise(
        "How much does D gain under the uniform price? (tokens, to one decimal)",
        number(
            43.6,
            "tokens",
            1,
            {
                283.4: "that is what the energy is worth to D: it has to pay for it, too",
                239.8: "that is what D pays: compare it with what the energy is worth to D",
                4.0: "that is what D gains with each kWh: it buys more than one",
                32.7: "that would be at a price of 23: the price is the limit of another order",
                43_600.0: "the ledger counts thousandths of a token: the question asks for tokens",
            },
        ),
        (
            "D would pay 26 for a kWh. What does it pay?",
            "Its gain is the difference, times what it buys.",
        ),
        "answer = round(10.9 * (26 - 22), 1)",
        (
            "answer = 10.9 * 26",
            "answer = 10.9 * 22",
            "answer = 26 - 22",
            "answer = 10.9 * 3",
            "answer = 43_600",
        ),
    ),
    "06.withhold": Exercise(
        "C keeps its honest limit of 22, but may offer less than it has. How much should it offer"
        " to gain most under the uniform price, in the middle of the interval? (kWh, to one"
        " decimal)",
        number(
            6.5,
            "kWh",
            1,
            {
                9.8: "that is the truth, and with it C sells at its own limit: it gains nothing",
                6.6: "so all prices from 22 to 24 are competitive, and C gets the middle: could it"
                " do better than the middle?",
                0.0: "who sells nothing gains nothing",
                6.7: "then a little of C is still left over: its own limit stays the price",
                6.4: "short enough, but a tenth of a kWh less would not have made it dearer",
                3.2: "that is what C has left over when it is honest, not what it should offer",
                6_500.0: "those are Wh",
                3.3: "the price is as high as it will get, but you sell less than you could",
            },
            near=0.0,
        ),
        (
            "What happens to the price when C has nothing left over? Try it in the explorer.",
            "There is a last buyer. If not all that it wants is there, its limit sets the price.",
            "So leave it short, but as little as you can.",
        ),
        "answer = round(20.6 - 14.0 - 0.1, 1)",
        (
            "answer = 9.8",
            "answer = 6.6",
            "answer = 0",
            "answer = 3.3",
            "answer = 6.7",
            "answer = 6_500",
        ),
    ),
    "06.offered": Exercise(
        "Write offered(price): how much the four sellers would give, in mWh, at a price in whole"
        " tokens per kWh.",
        function(
            _offered,
            (10, 16, 18, 19, 21, 22, 24, 25, 40),
            {
                "strictly": (
                    lambda price: _offered(price - 1),
                    "a seller whose limit is just met does trade: a tie is a trade",
                ),
                "demand": (
                    lambda price: 27_000_000 - _offered(price - 1),
                    "your sellers come when the price falls: those would be buyers",
                ),
                "one": (
                    lambda price: _offered(price) - _offered(price - 1),
                    "that is only who has exactly this limit: add all who ask less",
                ),
            },
            unit="token/kWh",
        ),
        (
            "6.8 kWh are 6,800,000 mWh.",
            "A seller gives all it has if its limit is the price or less.",
            "offers = [(6_800_000, 16), ...], and a sum over those with limit <= price.",
        ),
        "offers = [(6_800_000, 16), (7_200_000, 19), (9_800_000, 22), (3_200_000, 25)]\n"
        "def answer(price):\n"
        "    return sum(quantity for quantity, limit in offers if limit <= price)",
        (
            "offers = [(6_800_000, 16), (7_200_000, 19), (9_800_000, 22), (3_200_000, 25)]\n"
            "def answer(price):\n"
            "    return sum(quantity for quantity, limit in offers if limit < price)",
            "offers = [(6_800_000, 16), (7_200_000, 19), (9_800_000, 22), (3_200_000, 25)]\n"
            "def answer(price):\n"
            "    return sum(quantity for quantity, limit in offers if limit >= price)",
            "offers = [(6_800_000, 16), (7_200_000, 19), (9_800_000, 22), (3_200_000, 25)]\n"
            "def answer(price):\n"
            "    return sum(quantity for quantity, limit in offers if limit == price)",
            "offers = [(6.8, 16), (7.2, 19), (9.8, 22), (3.2, 25)]\n"
            "def answer(price):\n"
            "    return sum(quantity for quantity, limit in offers if limit <= price)",
        ),
    ),
}
"""By name."""
