"""The exercises of lesson 05."""

from collections.abc import Mapping

from energychain.contracts.energy_trade import tokens_due
from energychain.course.exercises.judging import Exercise, function, number

EXERCISES: Mapping[str, Exercise] = {
    "05.due": Exercise(
        "Write due(energy): the milli-tokens owed in all for a cumulative energy in mWh,"
        " at 150 Wh per token, halves to the even number.",
        function(
            lambda energy: tokens_due(energy, 150_000),
            (0, 427_852, 75, 225, 1_282_191, 8_957_095, 13_625_020),
            {
                "cut": (
                    lambda energy: energy // 150,
                    "you cut the fraction off: the buyer would always pay a little too little",
                ),
                "unit": (
                    lambda energy: round(energy / 150_000),
                    "those are whole tokens: the ledger counts milli-tokens",
                ),
                "half up": (
                    lambda energy: (energy + 75) // 150,
                    "halves go to the even number, not always up: look at 75 mWh",
                ),
            },
        ),
        (
            "150 Wh are 150,000 mWh, and they buy 1,000 milli-tokens.",
            "So 150 mWh buy one milli-token.",
            "Python's own round() takes halves to the even number.",
        ),
        "def answer(energy):\n    return round(energy / 150)",
        (
            "def answer(energy):\n    return energy // 150",
            "def answer(energy):\n    return round(energy / 150_000)",
            "def answer(energy):\n    return (energy + 75) // 150",
        ),
    ),
    "05.limit": Exercise(
        "Down to how many Wh per token do the 100 tokens of node 2 last all day?"
        " (Wh, to one decimal)",
        number(
            89.6,
            "Wh per token",
            1,
            {
                89.5: "one step too far: play the day at this rate and see who is refused",
                0.1: "you have kWh: the question asks for Wh",
                46.7: "that is node 3's limit; node 2 buys more",
                136.3: "that is node 1's sale: the two buyers do not share one purse",
            },
        ),
        (
            "How much energy does node 2 buy over the day?",
            "100 tokens must cover it: energy / rate is at most 100.",
            "Round up: a little less energy per token, and the last hour is not covered.",
        ),
        "import math\nanswer = math.ceil(8957.095 / 100 * 10) / 10",
        ("answer = 89.5", "answer = 46.7", "answer = 8.957095 / 100"),
    ),
    "05.all_sold": Exercise(
        "Had all of node 1's surplus found a buyer, how many tokens would node 1 own in the"
        " evening? (to three decimals)",
        number(
            195.053,
            "tokens",
            3,
            {
                95.053: "that is what it would have earned: it began with 100",
                4.22: "that is only what was missed",
                195053.0: "those are milli-tokens",
                190.834: "that is what it really owns: some surplus found no buyer",
            },
        ),
        (
            "Equation (1) gives the surplus of the day.",
            "Divide by the energy per token, and remember the opening balance.",
        ),
        "answer = round(100 + 14.25798 / 0.150, 3)",
        ("answer = 95.053", "answer = 4.22", "answer = 190.834"),
    ),
}
"""By name."""
