"""The exercises of lesson 11."""

from collections.abc import Mapping

from energychain.course.exercises.judging import Exercise, Feedback, Judge, function, number
from energychain.studies.line_up import line_up


def home_recognised(given: object) -> Feedback:
    """The pseudonym of the line-up of lesson 11 under which the suspect published.

    >>> home_recognised("H0-C")
    wrong: expected one of the five addresses, as they stand above the days
    """
    lineup = line_up()
    if not isinstance(given, str) or given not in lineup.seen:
        return Feedback("wrong", "expected one of the five addresses, as they stand above the days")
    if lineup.homes[given] == lineup.suspect:
        return Feedback("right")
    day = lineup.seen[given]
    far = min(float(abs(day - known).sum()) for known in lineup.known)
    return Feedback(
        "wrong",
        f"that day has {day.sum():.1f} kWh and is {far:.2f} kWh from the most similar known day:"
        " another one is nearer",
    )


EXERCISES: Mapping[str, Exercise] = {
    "11.steps": Exercise(
        "Write steps(leaves): the most digests that an inclusion proof needs in a tree of so many"
        " leaves, one or more.",
        function(
            lambda leaves: (leaves - 1).bit_length(),
            (1, 2, 3, 4, 5, 16, 20, 97, 1_000_000),
            {
                "floor": (
                    lambda leaves: leaves.bit_length() - 1,
                    "round up: three leaves need as many levels as four",
                ),
                "digits": (
                    lambda leaves: leaves.bit_length(),
                    "two leaves need one digest, not two: try the powers of two",
                ),
                "half": (
                    lambda leaves: leaves // 2,
                    "each step halves what is left: how often can one halve?",
                ),
                "all": (
                    lambda leaves: leaves - 1,
                    "that would be all the other leaves: a digest stands for many of them",
                ),
            },
            unit="leaves",
        ),
        (
            "Each step up halves what is left. How often, until one is left?",
            "That is log2, rounded up. math.log2 is a float; (leaves - 1).bit_length() is exact.",
        ),
        "def answer(leaves):\n    return (leaves - 1).bit_length()",
        (
            "def answer(leaves):\n    return leaves.bit_length() - 1",
            "def answer(leaves):\n    return leaves.bit_length()",
            "def answer(leaves):\n    return leaves // 2",
            "def answer(leaves):\n    return leaves - 1",
        ),
    ),
    "11.clusters": Exercise(
        "40,000 homes, and an anchor costs an aggregator as much as four readings. Into how many"
        " clusters should they be divided, so that an aggregator bears least?",
        number(
            100,
            "clusters",
            0,
            {
                200: "that is the root of n, which is best if an anchor costs as much as a reading",
                400: "the other way round: dear anchors make fewer clusters",
                10_000: "that is n divided by the price: take the root",
                50: "you divided by the price outside the root: it belongs inside",
            },
            near=0.0,
        ),
        (
            "n/c readings and c anchors: n/c + 4 c. Where is that least?",
            "Where the two parts are equal: n/c = 4 c.",
        ),
        "answer = (40_000 / 4) ** 0.5",
        ("answer = 40_000**0.5", "answer = (40_000 * 4) ** 0.5", "answer = 40_000 / 4"),
    ),
    "11.home": Exercise(
        "Five homes published a day, each under a new address. Which address is H0-C's?",
        Judge(home_recognised),
        (
            "Look at the night and at the peaks: what is usual for H0-C, and which line never"
            " leaves it far?",
            "Compare each day with all known days, hour by hour: abs(day - known).sum().",
            "The smallest of these distances, for each address; then the least of all.",
        ),
        "from energychain.studies.line_up import line_up\n"
        "lineup = line_up()\n"
        "def distance(name):\n"
        "    return min(abs(lineup.seen[name] - day).sum() for day in lineup.known)\n"
        "answer = min(lineup.seen, key=distance)",
        (
            "from energychain.studies.line_up import line_up\n"
            "lineup = line_up()\n"
            "usual = lineup.known.sum(axis=1).mean()\n"
            "answer = min(lineup.seen, key=lambda name: abs(lineup.seen[name].sum() - usual))",
            "from energychain.studies.line_up import line_up\n"
            "lineup = line_up()\n"
            "usual = lineup.known.max(axis=1).mean()\n"
            "answer = min(lineup.seen, key=lambda name: abs(lineup.seen[name].max() - usual))",
            "answer = 'H0-C'",
        ),
    ),
}
"""By name."""
