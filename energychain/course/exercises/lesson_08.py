"""The exercises of lesson 08."""

from collections.abc import Mapping

from energychain.course.exercises.judging import Exercise, function, number


def _dr_price(price: int) -> int:
    """Equations (2) and (3) of chapter 7 with alpha 3/2 and 250,000 upstream [micro/kWh]."""
    return min(price * 3 // 2, 250_000)


EXERCISES: Mapping[str, Exercise] = {
    "08.demand": Exercise(
        "beta is 0.90 EUR/kWh, gamma 0.20 EUR/kWh², the home wants between 0.5 and 3 kWh. The"
        " price is 0.25, the DR price 0.15 EUR/kWh. How much does it give up in stage 2? (kWh, to"
        " one decimal)",
        number(
            0.5,
            "kWh",
            1,
            {
                0.8: "in stage 1 it would want more than is of use to it: mind the limit",
                0.75: "in stage 1 it would want more than is of use to it: mind the limit",
                2.5: "that is what it still wants: the question asks for what it gives up",
                3.0: "that is what it wants in stage 1: what does it give up of that?",
                500.0: "those are Wh",
                -0.5: "that is how its demand changes: what it gives up is the other way round",
                -0.8: "it feels the price and the DR price together, not the DR price alone",
            },
            near=0.0,
        ),
        (
            "Equation (1) twice: at the price, and at the price with the DR price.",
            "(0.90 - 0.25) / 0.20 is 3.25. May the home want that much?",
        ),
        "answer = round(min((0.90 - 0.25) / 0.20, 3) - (0.90 - 0.25 - 0.15) / 0.20, 1)",
        (
            "answer = (0.90 - 0.25) / 0.20 - (0.90 - 0.25 - 0.15) / 0.20",
            "answer = (0.90 - 0.25 - 0.15) / 0.20",
            "answer = -0.5",
            "answer = 3",
            "answer = 500",
        ),
    ),
    "08.dr": Exercise(
        "Write dr(price): the DR price in whole millionths of a euro per kWh, when demand exceeds"
        " supply, alpha is 3/2 and the price outside is 250,000.",
        function(
            _dr_price,
            (0, 99_999, 130_001, 150_000, 166_667, 200_000, 250_000),
            {
                "no limit": (
                    lambda price: price * 3 // 2,
                    "Equation (3) is missing: nobody pays more than the price outside",
                ),
                "max": (
                    lambda price: max(price * 3 // 2, 250_000),
                    "the price outside is the most, not the least",
                ),
                "no alpha": (
                    lambda price: min(price, 250_000),
                    "where is alpha?",
                ),
                "float": (
                    lambda price: min(price * 1.5, 250_000),
                    "whole numbers: cut the fraction off",
                ),
            },
            unit="millionths of a euro",
        ),
        (
            "Equation (2) multiplies by alpha, Equation (3) sets a limit.",
            "Python's // divides and cuts the fraction off; min takes the smaller.",
        ),
        "def answer(price):\n    return min(price * 3 // 2, 250_000)",
        (
            "def answer(price):\n    return price * 3 // 2",
            "def answer(price):\n    return max(price * 3 // 2, 250_000)",
            "def answer(price):\n    return min(price, 250_000)",
            "def answer(price):\n    return min(price * 1.5, 250_000)",
        ),
    ),
    "08.rebound": Exercise(
        "Four periods with loads of 10, 20, 30 and 20 kWh. 30 % of each load can wait, everybody"
        " takes part, and the first period is the cheapest. What is the peak-to-average ratio"
        " afterwards? (to two decimals)",
        number(
            1.55,
            "times",
            2,
            {
                1.5: "that is the ratio before anybody moves",
                1.7: "what can wait in the first period is in it already: do not count it twice",
                1.05: "that is the old peak, lowered: where did the energy go?",
                155.0: "those are per cent: how many times the average is it?",
                31.0: "that is the peak in kWh: divide it by the average",
                1.2: "that is only what can wait: the rest of the first period is still there",
            },
            near=0.0,
        ),
        (
            "How much can wait in all? It all goes into the first period.",
            "In the first period 7 kWh stay, and 24 come.",
            "The average does not change.",
        ),
        "answer = (10 * 0.7 + 80 * 0.3) / 20",
        (
            "answer = 30 / 20",
            "answer = (10 + 24) / 20",
            "answer = 21 / 20",
            "answer = 31",
            "answer = 155",
        ),
    ),
}
"""By name."""
