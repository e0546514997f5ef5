"""The exercises of lesson 07."""

from collections.abc import Mapping

from energychain.contracts.charging_quota import initial_quota
from energychain.course.exercises.judging import Exercise, function, number


def _share(demand: int) -> int:
    """A first quota on the evening of chapter 9 [mWh]: Equations (1) and (2)."""
    return initial_quota(demand, 161_500_000, 195_000_000)


EXERCISES: Mapping[str, Exercise] = {
    "07.share": Exercise(
        "Write share(demand): the first quota in mWh, when all want 195,000,000 mWh together and"
        " the margin is 161,500,000 mWh.",
        function(
            _share,
            (18_000_000, 24_000_000, 21_000_000, 33_000_000, 15_000_000, 27_000_000, 1, 0),
            {
                "nearest": (
                    lambda demand: round(demand * 161_500_000 / 195_000_000),
                    "rounded to the nearest, eight shares could together exceed the margin",
                ),
                "up": (
                    lambda demand: -(-demand * 161_500_000 // 195_000_000),
                    "rounded up, the shares together exceed the margin",
                ),
                "text": (
                    lambda demand: demand * 171_500_000 // 195_000_000,
                    "that is the margin of the text: which one did the tables use?",
                ),
            },
        ),
        (
            "The share is demand times margin, divided by what all want.",
            "Multiply first: then nothing is lost before the division.",
            "Python's // divides and rounds down.",
        ),
        "def answer(demand):\n    return demand * 161_500_000 // 195_000_000",
        (
            "def answer(demand):\n    return round(demand * 161_500_000 / 195_000_000)",
            "def answer(demand):\n    return -(-demand * 161_500_000 // 195_000_000)",
            "def answer(demand):\n    return demand * 171_500_000 // 195_000_000",
            "def answer(demand):\n    return demand * 161_500_000 / 195_000_000",
        ),
    ),
    "07.pairs": Exercise(
        "E stays at home; all other orders are as in Table 3. What does D pay in all, by"
        " Algorithm 1? (tokens, to two decimals)",
        number(
            235.05,
            "tokens",
            2,
            {
                240.0: "that is what D pays when E is there and takes some of what H has",
                142.8: "that is only what D pays to its first partner: it wants more",
                228.9: "H has not got as much as D wants: who is next?",
                283.4: "that is D's own limit: the price is the middle of the pair",
                92.25: "that is only what D pays to its second partner",
                245.25: "that is the price with F for all of it: H comes first, and asks less",
                235_050.0: "the ledger counts thousandths of a token: the question asks for tokens",
                250.7: "that is one price for all, the last pair's: Algorithm 1 has one for each",
            },
            near=0.01,
        ),
        (
            "Now D has the highest bid, and meets H, who asks least.",
            "H has 6.8 kWh; D wants 10.9. The rest comes from F, at another price.",
            "The prices are (26 + 16) / 2 and (26 + 19) / 2.",
        ),
        "answer = round(6.8 * (26 + 16) / 2 + (10.9 - 6.8) * (26 + 19) / 2, 2)",
        (
            "answer = 240.0",
            "answer = 6.8 * 21",
            "answer = 10.9 * 21",
            "answer = 10.9 * 26",
            "answer = 250.7",
            "answer = 4.1 * 22.5",
            "answer = 10.9 * 22.5",
        ),
    ),
    "07.fine": Exercise(
        "H sells 6.8 kWh of its quota, and then charges all of its first quota. Which penalty does"
        " it pay? (tokens, to one decimal)",
        number(
            1523.2,
            "tokens",
            1,
            {
                761.6: "that is the tariff, which it pays anyway: the penalty comes on top",
                2284.8: "that is tariff and penalty together: the question asks for one of them",
                3046.4: "those are kW: in half an hour, a kW is half a kWh",
                156.4: "that is what it received for the quota",
                1_523_200.0: "the ledger counts thousandths of a token: the question asks for"
                " tokens",
                4452.4: "that is the penalty on its whole quota: only what is beyond counts",
            },
        ),
        (
            "How far beyond its new quota does it charge?",
            "By just what it sold. Each kWh of that costs the penalty.",
            "The penalty is twice the tariff of 112 tokens per kWh.",
        ),
        "answer = round(6.8 * 2 * 112, 1)",
        (
            "answer = 6.8 * 112",
            "answer = 6.8 * 3 * 112",
            "answer = 13.6 * 224",
            "answer = 156.4",
            "answer = 1_523_200",
        ),
    ),
}
"""By name."""
