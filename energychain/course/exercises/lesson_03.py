"""The exercises of lesson 03."""

from collections.abc import Mapping

from energychain.consensus.pbft import quorum
from energychain.course.exercises.judging import Exercise, Feedback, Judge, function, number
from energychain.studies.pbft_talk import HONEST, PRIMARIES, talk


def stops_everything(given: object) -> Feedback:
    """A primary, and whether replica 1 lies too, with which PBFT's four replicas never make
    anything final.

    >>> stops_everything(("honest", False))
    wrong: everybody is honest there
    """
    match given:
        case (str(primary), bool(second)) if primary in PRIMARIES:
            pass
        case _:
            known = ", ".join(map(repr, PRIMARIES))
            return Feedback("wrong", f"expected a pair of {known} and a bool, found {given!r}")
    said = talk(primary, second)
    if not said.liars:
        return Feedback("wrong", "everybody is honest there")
    if not said.safe:
        return Feedback("wrong", "that divides the honest ones: two blocks are final, not none")
    if not any(said.finals.values()):
        return Feedback("right")
    if primary == HONEST:
        return Feedback("wrong", "an honest primary proposes, and three votes come together")
    return Feedback("wrong", "one liar is not enough: the honest three agree in the end")


EXERCISES: Mapping[str, Exercise] = {
    "03.stop": Exercise(
        "With which primary, and does replica 1 lie too, does nothing ever become final?",
        Judge(stops_everything),
        (
            "Three votes of four are needed. How many honest replicas are left?",
            "Liars that vote, for whatever it is, help to make something final.",
            "So they had better say nothing, and in the second view, too.",
        ),
        'answer = ("silent", True)',
        (
            'answer = ("tells two stories", True)',
            'answer = ("silent", False)',
            'answer = ("honest", True)',
        ),
    ),
    "03.wait": Exercise(
        "How many seconds does a seller wait on average until an attacker with 20 % of the power"
        " has a chance below 0.1 %, exactly, with a block every 15 seconds?",
        number(
            195,
            "s",
            0,
            {
                165: "that is Nakamoto's table: the exact formula asks for more blocks",
                13: "those are blocks: the question asks for seconds",
                180: "that is the testbed's twelve: it is not quite enough here",
                90: "that would do against a tenth of the power",
            },
            near=0.0,
        ),
        (
            "How many confirmations does it take? The explorer of part 4 says it.",
            "confirmations_for(0.2), and not with chance=nakamoto.",
            "So many blocks, 15 seconds each.",
        ),
        "from energychain.consensus.double_spend import confirmations_for\n"
        "answer = 15 * confirmations_for(0.2)",
        ("answer = 15 * 11", "answer = 13", "answer = 15 * 12", "answer = 15 * 6"),
    ),
    "03.stale": Exercise(
        "What share of the blocks is wasted with a block every 2 s and a latency of 0.5 s?"
        " (per cent, to one decimal)",
        number(
            20.0,
            "%",
            1,
            {
                25.0: "a chain needs more than 2 s for a height: the news must travel, too",
                22.1: "that is how often a block meets a rival: not every rival is one more orphan",
                0.2: "you have a share: the question asks for per cent",
                80.0: "those are the blocks that stay",
            },
            near=0.0,
        ),
        (
            "The formula is d / (d + T).",
            "d is the latency, T the mean time between two blocks, both in seconds.",
        ),
        "answer = round(100 * 0.5 / (0.5 + 2), 1)",
        (
            "answer = 100 * 0.5 / 2",
            "import math\nanswer = 100 * (1 - math.exp(-0.5 / 2))",
            "answer = 0.5 / 2.5",
            "answer = 100 * 2 / 2.5",
        ),
    ),
    "03.quorum": Exercise(
        "Write quorum(n): the fewest votes of n replicas such that any two quorums share an"
        " honest one, if PBFT's f of them lie.",
        function(
            quorum,
            (3, 4, 5, 6, 7, 8, 9, 10, 12, 100),
            {
                "majority": (
                    lambda n: n // 2 + 1,
                    "two majorities share a replica: that one may be the liar",
                ),
                "2f + 1": (
                    lambda n: 2 * ((n - 1) // 3) + 1,
                    "right where n is 3f + 1: try five replicas, and count what two quorums share",
                ),
                "more than two thirds": (
                    lambda n: 2 * n // 3 + 1,
                    "safe, but with six replicas it is one vote more than needed",
                ),
            },
            unit="replicas",
        ),
        (
            "Of n replicas, f = (n - 1) // 3 may lie.",
            "Two quorums of q share at least 2 q - n replicas.",
            "That must be more than f: so q is more than (n + f) / 2.",
        ),
        "def answer(n):\n    f = (n - 1) // 3\n    return (n + f) // 2 + 1",
        (
            "def answer(n):\n    return n // 2 + 1",
            "def answer(n):\n    return 2 * ((n - 1) // 3) + 1",
            "def answer(n):\n    return 2 * n // 3 + 1",
        ),
    ),
}
"""By name."""
