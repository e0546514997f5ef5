"""The exercises of lesson 00."""

from collections.abc import Mapping

from energychain.course.exercises.judging import Exercise, number

EXERCISES: Mapping[str, Exercise] = {
    "00.cells": Exercise(
        "How many token balances does a table of 24 hours and three households hold?",
        number(
            72,
            "balances",
            0,
            {24: "that is one household", 144: "energies are not asked for", 96: "three, not four"},
        ),
        ("One balance per hour and household.",),
        "answer = 24 * 3",
        ("answer = 24", "answer = 144"),
    ),
}
"""By name."""
