"""The exercises of lesson 02."""

from collections.abc import Mapping

from energychain.course.exercises.judging import Exercise, Feedback, Judge, number
from energychain.primitives.bitcoin import bitcoin_merkle_root, double_sha256
from energychain.primitives.hashing import short

BLOCK_OF_SIX = ("a", "b", "c", "d", "e", "f")
"""The transactions of a block, as letters, built the way Bitcoin does."""


def another_block_with_its_root(given: object) -> Feedback:
    """Another list of letters that has, in Bitcoin's tree, the root of :data:`BLOCK_OF_SIX`.

    >>> another_block_with_its_root(["a"])
    wrong: that leads to the root bf5d3aff, the block's is 68075bfc
    """
    if not isinstance(given, list | tuple) or not all(isinstance(each, str) for each in given):
        return Feedback("wrong", f"expected a list of letters, found {given!r}")
    if not given:
        return Feedback("wrong", "a Bitcoin block has at least one transaction")
    if tuple(given) == BLOCK_OF_SIX:
        return Feedback("wrong", "that is the block itself: find another one")
    found, wanted = (
        bitcoin_merkle_root([double_sha256(letter.encode()) for letter in letters])
        for letters in (given, BLOCK_OF_SIX)
    )
    if found == wanted:
        return Feedback("right")
    if tuple(given) == (*BLOCK_OF_SIX, "f"):
        return Feedback("wrong", "six is even: no single letter is doubled. Which level is odd?")
    return Feedback(
        "wrong", f"that leads to the root {short(found)}, the block's is {short(wanted)}"
    )


EXERCISES: Mapping[str, Exercise] = {
    "02.twice": Exercise(
        "A block has the transactions a, b, c, d, e and f. Find another list of letters with the"
        " same root in Bitcoin's tree, which doubles the last node of an odd level.",
        Judge(another_block_with_its_root),
        (
            "Six leaves make three pairs: ab, cd, ef. Three is odd.",
            "So the tree is made of ab, cd, ef and once more ef.",
        ),
        'answer = list("abcdefef")',
        ('answer = list("abcdef")', 'answer = list("abcdeff")', 'answer = list("abcdefabcdef")'),
    ),
    "02.path": Exercise(
        "A block holds 1,000 readings. How many bytes has the proof of the first one, without"
        " the header and the reading itself?",
        number(
            320,
            "bytes",
            0,
            {
                10: "those are the digests: each has 32 bytes",
                31_968: "those are the digests of all other readings: most are folded into few",
                288: "nine levels are enough for 512 readings, and no more",
                2560: "those are bits: a byte has eight",
                352: "the root is no part of it: it stands in the header",
            },
        ),
        (
            "Each level gives one sister.",
            "How often must 1,000 be halved, rounded up, until one is left?",
        ),
        "answer = (1_000 - 1).bit_length() * 32",
        (
            "answer = 10",
            "answer = 999 * 32",
            "answer = 9 * 32",
            "answer = 11 * 32",
            "answer = 320 * 8",
        ),
    ),
    "02.wait": Exercise(
        "A street's miners find a block every hour on average. They have tried for an hour in"
        " vain. What is the probability that they find one in the next hour? (to two decimals)",
        number(
            0.63,
            "as a share",
            2,
            {
                1.0: "an hour is the average: nothing is owed to those who have waited",
                0.37: "that is the probability that they find none",
                0.86: "that is for two hours, seen from their beginning: the first one is over",
                63.0: "a share lies between 0 and 1: that is in per cent",
                0.5: "the average is not the middle: short waits are more frequent than long ones",
            },
            near=0.02,
        ),
        (
            "Tries have no memory: the hour that is over does not count.",
            "So many tries, each with a tiny chance: none succeeds with (1 - 1/N) to the N.",
            "That is 1/e, very nearly.",
        ),
        "from math import exp\nanswer = round(1 - exp(-1), 2)",
        ("answer = 1.0", "answer = 0.37", "answer = 0.86", "answer = 0.5", "answer = 63"),
    ),
}
"""By name."""
