"""The exercises of lesson 01."""

from collections.abc import Mapping

from energychain.course.exercises.judging import Exercise, Feedback, Judge, function, number
from energychain.primitives.keys import ORDER


def joined_alike(given: object) -> Feedback:
    """Two different readings, each a name and a number of mWh, whose texts are one when name
    and number are simply joined.

    >>> joined_alike((("node 1", 5), ("node 2", 5)))
    wrong: joined, they are 'node 15' and 'node 25'
    """
    match given:
        case ((str(name), int(energy)), (str(other), int(more))):
            pass
        case _:
            return Feedback("wrong", f"expected two pairs of a name and mWh, found {given!r}")
    if (name, energy) == (other, more):
        return Feedback("wrong", "that is one reading, twice: they must differ")
    one, two = f"{name}{energy}", f"{other}{more}"
    return (
        Feedback("right")
        if one == two
        else Feedback("wrong", f"joined, they are {one!r} and {two!r}")
    )


def _low_s(s: int) -> int:
    """The smaller of the two s that plain ECDSA takes for one message."""
    return min(s, ORDER["p256"] - s)


EXERCISES: Mapping[str, Exercise] = {
    "01.joined": Exercise(
        "Find two different readings, each a pair of a name and a whole number of mWh, that are"
        " the same text when name and number are simply joined.",
        Judge(joined_alike),
        (
            "'node 1' and 52 are joined to 'node 152'. Who else could have said that?",
            "Nothing says where the name ends: let a digit change sides.",
        ),
        'answer = (("node 1", 52), ("node 15", 2))',
        (
            'answer = (("node 1", 52), ("node 1", 52))',
            'answer = (("node 1", 52), ("node 2", 51))',
            'answer = ("node 152", "node 152")',
        ),
    ),
    "01.limit": Exercise(
        "The digest of ('limit', p) begins with 8aeee29f, where p is a whole number of tokens from"
        " 1 to 100. What is p?",
        number(
            27,
            "tokens",
            0,
            {
                26: "the first limit that you tried is 1, but a list counts its items from 0",
                16: "that is the limit of the text: its digest begins otherwise",
            },
            near=0.0,
        ),
        (
            "You cannot turn the digest back. But there are only a hundred limits.",
            "short(digest(('limit', p))) gives the first eight digits.",
            "for p in range(1, 101): if they are the ones you look for, that is it.",
        ),
        "from energychain.primitives.hashing import digest, short\n"
        "(answer,) = (p for p in range(1, 101) if short(digest(('limit', p))) == '8aeee29f')",
        ("answer = 26", "answer = 16"),
    ),
    "01.low_s": Exercise(
        "Write low(s): the s that the ledger accepts, for an s of which you do not know whether it"
        " is the low or the high one; n is ORDER['p256'].",
        function(
            _low_s,
            (1, 12_345, ORDER["p256"] - 12_345, ORDER["p256"] // 2, ORDER["p256"] // 2 + 1),
            {
                "turned": (
                    lambda s: ORDER["p256"] - s,
                    "that turns a low s into a high one, too: only one of the two may stay",
                ),
                "high": (
                    lambda s: max(s, ORDER["p256"] - s),
                    "those are the high ones: the ledger wants the others",
                ),
                "cut": (
                    lambda s: s % (ORDER["p256"] // 2),
                    "the two belong together as s and n - s: taking half of n away gives a number"
                    " that signs nothing",
                ),
            },
            unit="as s",
        ),
        (
            "If s is one of the two, n - s is the other.",
            "The low one is the smaller of both.",
        ),
        "from energychain.primitives.keys import ORDER\n"
        "def answer(s):\n    return min(s, ORDER['p256'] - s)",
        (
            "from energychain.primitives.keys import ORDER\n"
            "def answer(s):\n    return ORDER['p256'] - s",
            "from energychain.primitives.keys import ORDER\n"
            "def answer(s):\n    return max(s, ORDER['p256'] - s)",
            "from energychain.primitives.keys import ORDER\n"
            "def answer(s):\n    return s % (ORDER['p256'] // 2)",
        ),
    ),
}
"""By name."""
