"""
The course record: what a learner answered, in the order in which it was answered.

It stands on a small chain of the learner's own. One account may write, the learner's, named in
the genesis record; an attempt that is written stays written. The contract does not judge: a
verdict that is claimed here is worth as much as the answer beside it, which anybody who has the
exercises can judge again.

==============================  =============================================================
storage                         meaning
==============================  =============================================================
``learner``                     whose record this is
``edition``                     of the course whose exercises were answered
(``exercise``, name)            attempts so far, and which of them was the first to be right, or 0
==============================  =============================================================
"""

from energychain.contracts.calls import BadArguments, arguments, unknown_function
from energychain.ledger.state import Call, Event, Outcome, Storage
from energychain.ledger.transaction import Value
from energychain.primitives.keys import Address
from energychain.primitives.refusals import Refusal

VERDICTS = ("right", "nearly", "wrong")

LONGEST = 2_000
"""The most characters of an answer."""


class NotTheLearner(Refusal):
    """Somebody writes into a record that is not theirs."""

    rule = "learner"


def opening_storage(learner: Address, edition: str) -> tuple[tuple[str, Value, Value], ...]:
    """The contract's entries of a genesis record."""
    return (("course_record", "learner", learner), ("course_record", "edition", edition))


def course_record(storage: Storage, sender: Address, call: Call) -> Outcome:
    """``answer(exercise, answer, verdict)`` adds an attempt; only the learner may.

    Raises :class:`NotTheLearner`, and :class:`~energychain.contracts.calls.BadArguments` for
    what is no attempt.
    """
    if call.function != "answer":
        raise unknown_function("course_record", call, "answer")
    exercise, answer, verdict = arguments(call, "exercise", "answer", "verdict")
    learner = str(storage.get("learner", "nobody"))
    if sender != learner:
        raise NotTheLearner(f"this is the record of {learner}; {sender} cannot write in it")
    if not isinstance(exercise, str) or not exercise:
        raise BadArguments(f"exercise: expected its name, found {exercise!r}")
    if not isinstance(answer, str) or len(answer) > LONGEST:
        raise BadArguments(f"answer: expected a text of at most {LONGEST} characters")
    if verdict not in VERDICTS:
        raise BadArguments(f"verdict: expected one of {', '.join(VERDICTS)}, found {verdict!r}")
    attempts, first = standing(storage, exercise)
    attempts += 1
    if verdict == "right" and not first:
        first = attempts
    said = (("exercise", exercise), ("attempt", attempts), ("verdict", verdict))
    return Outcome({("exercise", exercise): (attempts, first)}, events=(Event("Answered", said),))


def standing(storage: Storage, exercise: str) -> tuple[int, int]:
    """How often an exercise was attempted, and which attempt was the first right one; 0 if none."""
    found = storage.get(("exercise", exercise), (0, 0))
    assert isinstance(found, tuple)
    attempts, first = found
    assert isinstance(attempts, int)
    assert isinstance(first, int)
    return attempts, first
