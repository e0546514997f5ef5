"""The exercises of lesson 05."""

from collections.abc import Mapping

from energychain.contracts.energy_trade import tokens_due
from energychain.course.exercises.judging import Exercise, function, number

EXERCISES: Mapping[str, Exercise] = {
    "05.due": Exercise(
        "Write due(energy): the thousandths of a token that are owed in all, when so many mWh have"
        " been bought in all, at 150 Wh per token; a half goes to the even number.",
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
                    "those are whole tokens: the ledger counts thousandths of them",
                ),
                "watt-hours": (
                    lambda energy: round(energy / 0.150),
                    "you took the energy for Wh: it comes in mWh, a thousand to the Wh",
                ),
                "half up": (
                    lambda energy: (energy + 75) // 150,
                    "halves go to the even number, not always up: look at 75 mWh",
                ),
            },
        ),
        (
            "150 Wh are 150,000 mWh, and they buy one token: 1,000 thousandths.",
            "So 150 mWh buy one thousandth of a token.",
            "Python's own round() takes halves to the even number.",
        ),
        "def answer(energy):\n    return round(energy / 150)",
        (
            "def answer(energy):\n    return energy // 150",
            "def answer(energy):\n    return round(energy / 150_000)",
            "def answer(energy):\n    return (energy + 75) // 150",
            "def answer(energy):\n    return round(energy / 0.150)",
        ),
    ),
    "05.register": Exercise(
        "What does node 2's meter report when the hour that begins at 10:00 is over: its register"
        " of consumption, in mWh?",
        number(
            7_144_901,
            "mWh",
            0,
            {
                1_092_013: "that is the increment, what the hour alone took: a register counts"
                " from the beginning",
                6_052_888: "an hour too few: the first hour is 0:00, so eleven hours are over",
                8_322_522: "an hour too many: 11:00 has only just begun",
                7: "you have kWh: the ledger counts milliwatt-hours, a million to the kWh",
                7_145: "you have Wh: the ledger counts milliwatt-hours, a thousand to the Wh",
                10_824_000: "that is node 1's register, and of its production",
                8_459_156: "that is node 1's register: the list begins with node 1, and Python"
                " counts from 0",
            },
            near=0.0,
        ),
        (
            "A register counts all energy so far, from 0:00 on.",
            "When 10:00 is over, eleven hours have passed: 0:00, 1:00, and so on to 10:00.",
            "meters.consumed[1][:11] are their eleven numbers.",
        ),
        "from energychain.studies import token_day\n"
        "meters = token_day.testbed_meters()\n"
        "answer = sum(meters.consumed[1][:11])",
        (
            "answer = 1_092_013",
            "answer = 6_052_888",
            "answer = 8_322_522",
            "answer = 7.144901",
            "answer = 7144.901",
            "answer = 8_459_156",
        ),
    ),
    "05.limit": Exercise(
        "How few Wh may a token buy, so that the 100 tokens of node 2 still pay for all that it"
        " bought? (Wh, to one decimal)",
        number(
            89.6,
            "Wh per token",
            1,
            {
                89.5: "one step too far: play the day at this rate and see who is refused",
                0.1: "you have kWh: the question asks for Wh",
                46.7: "that is node 3's limit; node 2 buys more",
                150.0: "that is the rate of the day, at which node 2 has tokens left",
                136.3: "that is node 1's sale: the two buyers do not share one purse",
            },
        ),
        (
            "How much energy does node 2 buy over the day?",
            "100 tokens must cover it: energy / rate is at most 100.",
            "Round up: a little less energy per token, and the last hour is not covered.",
        ),
        "import math\nanswer = math.ceil(8957.095 / 100 * 10) / 10",
        ("answer = 89.5", "answer = 46.7", "answer = 8.957095 / 100", "answer = 150"),
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
                195053.0: "those are thousandths of a token",
                100.095: "you divided kWh by Wh: bring both to one unit",
                190.834: "that is what it really owns: some surplus found no buyer",
            },
        ),
        (
            "Equation (1) gives the surplus of the day.",
            "Divide by the energy per token, and remember the opening balance.",
        ),
        "answer = round(100 + 14.25798 / 0.150, 3)",
        ("answer = 95.053", "answer = 4.22", "answer = 190.834", "answer = 100 + 14.25798 / 150"),
    ),
}
"""By name."""
