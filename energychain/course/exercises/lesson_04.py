"""The exercises of lesson 04."""

from collections.abc import Callable, Mapping, Sequence

from energychain.course.exercises.judging import (
    Exercise,
    Feedback,
    Judge,
    Raised,
    number,
    plain,
)
from energychain.ledger.state import Call, Storage
from energychain.primitives.keys import Address
from energychain.primitives.refusals import Refusal
from energychain.studies.jar import jar


def written_refusals(given: object) -> object:
    """Which draws a contract refuses, by what is in the jar and how much is drawn; or why it is
    no contract that does what :func:`jar` does.
    """
    if not callable(given):
        return plain(given)
    refused = {}
    for mine, amount in _CASES:
        storage: Storage = {_SOMEBODY: mine}
        call = Call("draw", (amount,), 0, lambda asset, owner: 10**6)
        try:
            outcome = given(storage, _SOMEBODY, call)
        except Refusal:
            refused[mine, amount] = True
            continue
        except Exception as fault:  # a learner's contract may fail in any way
            return Raised(f"{type(fault).__name__}: {fault}")
        if outcome != jar(storage, _SOMEBODY, call):
            return "another jar"
        refused[mine, amount] = False
    return refused


def credit_of_one_token(given: object) -> Feedback:
    """The draws that :func:`written_refusals` finds refused, if they are those that would leave
    somebody more than 1,000 milli-tokens in debt.

    >>> credit_of_one_token(written_refusals(jar))
    wrong: it refuses nobody: what if somebody owes more than one token?
    """
    if isinstance(given, Raised):
        return Feedback("wrong", f"your contract raised {given}")
    if given == "another jar":
        return Feedback("wrong", "what it does not refuse, it must do just as the jar does")
    if not isinstance(given, dict) or list(given) != _CASES:
        return Feedback("wrong", "expected a contract: a function of storage, sender and call")
    for rule, advice in _CREDIT_RULES:
        if given == {case: rule(*case) for case in _CASES}:
            return Feedback("wrong", advice) if advice else Feedback("right")
    mine, amount = next(case for case in _CASES if given[case] != (case[1] > case[0] + 1_000))
    return Feedback("wrong", f"look at somebody who has {mine:,} in the jar and draws {amount:,}")


_CASES = [(mine, amount) for mine in (0, 700, 3_000) for amount in (1, 999, 1_000, 1_001, 4_001)]
_SOMEBODY = Address("0x" + "a" * 40)


_CREDIT_RULES: Sequence[tuple[Callable[[int, int], bool], str]] = (
    (lambda mine, amount: amount > mine + 1_000, ""),
    (lambda mine, amount: False, "it refuses nobody: what if somebody owes more than one token?"),
    (lambda mine, amount: amount > mine, "that guard gives no credit at all"),
    (
        lambda mine, amount: amount >= mine + 1_000,
        "who owes just one token may: the limit itself is allowed",
    ),
    (
        lambda mine, amount: amount > 1_000,
        "that looks at the call alone: what the sender has in the jar counts, too",
    ),
)
"""What people really write, each with advice; the first one is right."""


EXERCISES: Mapping[str, Exercise] = {
    "04.credit": Exercise(
        "Write credit(storage, sender, call): it does what jar does, but raises NotYours if its"
        " caller would owe the jar more than 1,000 milli-tokens.",
        Judge(credit_of_one_token, written_refusals),
        (
            "Look at guarded: it asks jar what it would do, and then looks at the answer.",
            "outcome.writes[sender] is what the caller would have in the jar; below 0 it owes.",
            "It may go down to -1,000.",
        ),
        "from energychain.studies.jar import NotYours, jar\n"
        "def answer(storage, sender, call):\n"
        "    outcome = jar(storage, sender, call)\n"
        "    if outcome.writes[sender] < -1_000:\n"
        '        raise NotYours("nobody may owe more than one token")\n'
        "    return outcome",
        (
            "from energychain.studies.jar import jar as answer",
            "from energychain.studies.jar import guarded as answer",
            "from energychain.studies.jar import NotYours, jar\n"
            "def answer(storage, sender, call):\n"
            "    outcome = jar(storage, sender, call)\n"
            "    if outcome.writes[sender] <= -1_000:\n"
            '        raise NotYours("no")\n'
            "    return outcome",
            "from energychain.studies.jar import NotYours, jar\n"
            "def answer(storage, sender, call):\n"
            "    if call.arguments[0] > 1_000:\n"
            '        raise NotYours("no")\n'
            "    return jar(storage, sender, call)",
            "def answer(storage, sender, call):\n    return ...",
        ),
    ),
    "04.gas": Exercise(
        "A call of 200 bytes; its contract writes two entries of 90 bytes together, asks for one"
        " transfer and announces one event. How much gas does it take?",
        number(
            45_015,
            "gas",
            0,
            {
                24_015: "a place in the block costs, too",
                43_575: "the entries' bytes are written as well, and each byte costs",
                41_815: "the bytes of the call itself cost, too",
                40_015: "there are two entries, and each has its price",
                24_200: "that is what reading costs: a call that is done takes more",
            },
            near=0.0,
        ),
        (
            "Six items, as in the bill: place, bytes, entries, their bytes, transfers, events.",
            "21,000 for the place, and 16 for each of 200 bytes.",
            "Each entry takes 5,000, and each of its bytes 16; a transfer 9,000, an event 375.",
        ),
        "answer = 21_000 + 200 * 16 + 2 * 5_000 + 90 * 16 + 9_000 + 375",
        (
            "answer = 200 * 16 + 2 * 5_000 + 90 * 16 + 9_000 + 375",
            "answer = 21_000 + 200 * 16 + 2 * 5_000 + 9_000 + 375",
            "answer = 21_000 + 2 * 5_000 + 90 * 16 + 9_000 + 375",
            "answer = 21_000 + 200 * 16 + 5_000 + 90 * 16 + 9_000 + 375",
            "answer = 21_000 + 200 * 16",
        ),
    ),
    "04.line": Exercise(
        "On which line of raffle may two nodes come to different answers?",
        number(
            4,
            "lines",
            0,
            {
                1: "that line only gives it a name",
                2: "the storage is the same on every node: it is part of the state",
                3: "call.time is the block's time, which all nodes read from the same header",
                5: "this is plain arithmetic: does every node do it with the same list?",
                6: "it writes what it was given: where does the difference come from?",
            },
            near=0.0,
        ),
        (
            "What is in the storage, in the call or in the block is the same for all.",
            "In which order does Python walk through a set of texts? Start it twice and look.",
        ),
        "answer = 4",
        ("answer = 3", "answer = 5", "answer = 2", "answer = 6"),
    ),
}
"""By name."""
