"""The exercises of lesson 09."""

from collections.abc import Mapping

from energychain.course.exercises.judging import Exercise, Feedback, Judge, function, number
from energychain.studies import baseline_gaming


def cheat_that_pays(given: object) -> Feedback:
    """A strategy and an inflation [per cent] by which home H0-A gains in a hot week, where the
    baseline is ten in ten with a cap of 20 per cent, at 1 euro/kWh.

    >>> cheat_that_pays(("history", 0))
    wrong: that inflates nothing, and changes nothing
    """
    strategies = baseline_gaming.STRATEGIES
    match given:
        case (str(strategy), int(percent)) if strategy in strategies and percent >= 0:
            pass
        case _:
            known = ", ".join(map(repr, strategies))
            return Feedback("wrong", f"expected a pair of {known} and a per cent, found {given!r}")
    if not percent:
        return Feedback("wrong", "that inflates nothing, and changes nothing")
    (scheme,) = (s for s in baseline_gaming.SCHEMES if s.name == "ten in ten, cap 20 %")
    prices = baseline_gaming.Prices()
    found = baseline_gaming.outcome("H0-A", scheme, strategy, percent, prices)
    if found.net_gain > 0:
        return Feedback("right")
    cost, gain = found.extra_energy_cost / 1e6, -found.net_gain / 1e6
    return Feedback(
        "wrong", f"it wastes {cost:.2f} euros of energy, and loses {gain:.2f}: more is not better"
    )


EXERCISES: Mapping[str, Exercise] = {
    "09.settle": Exercise(
        "Three hours: baseline 1.0, 1.2 and 0.8 kWh; commanded 0.7, 0.84 and 0.56; measured 0.45,"
        " 1.0 and 0.9. The incentive is 1 euro/kWh, the penalty half of it. What does the home get"
        " in all? (euros, to two decimals)",
        number(
            0.30,
            "euros",
            2,
            {
                0.5: "that is the incentive alone: something is missing in two of the hours",
                0.1: "the penalty is half of the incentive",
                0.7: "the penalty is taken off what it gets, not added",
                30.0: "those are cents",
                300_000.0: "those are micro-euros: the question asks for euros",
                0.55: "in the first hour it did more than it was asked: that counts no more",
                0.65: "that is all it used below its baseline, hours added up: each hour stands"
                " alone, and what is missing is fined",
                0.525: "a good hour does not make up for a bad one: each stands alone",
            },
            near=0.01,
        ),
        (
            "Asked is baseline minus commanded, hour by hour.",
            "Delivered is baseline minus measured, at least nothing and at most what was asked.",
            "What is asked and not delivered is fined.",
        ),
        "answer = round((0.3 + 0.2 + 0) * 1.0 - (0 + 0.16 + 0.24) * 0.5, 2)",
        (
            "answer = 0.5",
            "answer = 0.1",
            "answer = 0.55",
            "answer = 0.65",
            "answer = 0.525",
            "answer = 0.7",
            "answer = 30",
        ),
    ),
    "09.break": Exercise(
        "A hot week, home H0-A, a baseline of ten in ten with a cap of 20 per cent, 1 euro/kWh."
        " Find a strategy ('history', 'window' or 'both') and an inflation in whole per cent by"
        " which the home gains though it reduces nothing: a pair such as ('history', 100).",
        Judge(cheat_that_pays),
        (
            "What is used only to be seen costs the tariff, 0.30 euros a kWh, every day.",
            "The adjustment is capped, and no hour is paid for more than was asked: far beyond"
            " both, inflation only costs.",
            "So try little: the picture of the lesson shows where its line is highest.",
        ),
        'answer = ("both", 10)',
        ('answer = ("both", 100)', 'answer = ("window", 50)', 'answer = ("history", 0)'),
    ),
    "09.event_price": Exercise(
        "A home declares its baseline, buys it at the event's price of 2 euros/kWh, and sells back"
        " at the same price what it does not use; if it uses more, it buys the rest. It uses"
        " 4,000,000 mWh. Write bill(declared): what it pays in all, in micro-euro, for a declared"
        " baseline in mWh.",
        function(
            lambda declared: 2 * declared - 2 * (declared - 4_000_000),
            (0, 1_000_000, 4_000_000, 5_000_000, 9_000_000),
            {
                "bought": (
                    lambda declared: 2 * declared,
                    "that is what it pays before the event: what it does not use is sold back",
                ),
                "lost": (
                    lambda declared: max(2 * declared, 8_000_000),
                    "so a surplus would be lost, as if bought at the tariff: here it is sold back",
                ),
                "capped": (
                    lambda declared: min(2 * declared, 8_000_000),
                    "who uses more than it bought has to buy the rest",
                ),
            },
        ),
        (
            "2 euros/kWh are 2 micro-euro for each mWh.",
            "First it pays for what it declares: p b.",
            "Then it gets p (b - e) back, or pays it where that is negative.",
        ),
        "def answer(declared):\n    return 2 * declared - 2 * (declared - 4_000_000)",
        (
            "def answer(declared):\n    return 2 * declared",
            "def answer(declared):\n    return max(2 * declared, 8_000_000)",
            "def answer(declared):\n    return min(2 * declared, 8_000_000)",
        ),
    ),
}
"""By name."""
