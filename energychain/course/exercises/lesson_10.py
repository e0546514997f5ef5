"""The exercises of lesson 10."""

from collections.abc import Mapping
from dataclasses import astuple

from energychain.course.exercises.judging import Exercise, Feedback, Judge, function, number, plain
from energychain.grid.dc_line import SET_B, Fault, LoadStep, solve
from energychain.grid.relay import watch

Event = Fault | LoadStep | None


def written_event(given: object) -> object:
    """An event as plain data: its kind and its numbers.

    >>> written_event(Fault(resistance=1.0, location=0.5))
    ('Fault', 1.0, 0.5)
    """
    if isinstance(given, Fault | LoadStep):
        return plain((type(given).__name__, *astuple(given)))
    return plain(given)


def healthy_line_that_trips(given: object) -> Feedback:
    """Something that is no fault on the line of set B, but trips the printed relay: a load
    step, a fault elsewhere, None for nothing at all; as :func:`written_event` writes it.

    >>> healthy_line_that_trips(("Fault", 1.0, 0.5))
    wrong: there is a fault on the line: there a relay should trip
    """
    match given:
        case None:
            return _trips(None)
        case ("Fault", float(resistance) | int(resistance), float(location) | int(location)):
            return _trips(Fault(resistance, location))
        case ("LoadStep", float(current) | int(current), 1 | 2 as bus):
            return _trips(LoadStep(current, bus))
    return Feedback("wrong", f"expected a LoadStep, a Fault or None, found {given!r}")


def _trips(event: Event) -> Feedback:
    if isinstance(event, Fault) and event.internal:
        return Feedback("wrong", "there is a fault on the line: there a relay should trip")
    if watch(solve(SET_B, event), "literal") is not None:
        return Feedback("right")
    if event is None:
        return Feedback("wrong", "at rest nothing changes: the rule needs a current that falls")
    if isinstance(event, LoadStep) and event.current > 0:
        return Feedback(
            "nearly", "i1 falls only late and little: which step makes it fall at once?"
        )
    if isinstance(event, LoadStep):
        return Feedback("wrong", "that step is too small to be seen: nothing falls")
    return Feedback("wrong", "that fault makes i1 rise all the time: make it fall")


def _isolated_us(delay: int) -> int:
    """When the 1 ohm fault of chapter 11 is isolated on the ledger's word [us]: sample, link,
    the ledger's delay [us], breaker.
    """
    return 1_300 + 20 + delay + 100


EXERCISES: Mapping[str, Exercise] = {
    "10.break": Exercise(
        "Find something that is no fault on the line of set B, and yet trips the relay with"
        " rule (6) as printed: a LoadStep, a Fault elsewhere, or None for a line at rest.",
        Judge(healthy_line_that_trips, written_event),
        (
            "Both currents flow the same way on a healthy line, so S_T = 0. What is left of the"
            " rule?",
            "Then it says alpha_min <= 0, which is true as soon as i1 falls fast enough.",
            "A load that is switched off is a LoadStep with a negative current.",
        ),
        "from energychain.grid.dc_line import LoadStep\nanswer = LoadStep(-1.0)",
        (
            "from energychain.grid.dc_line import Fault\nanswer = Fault(1.0, 0.33)",
            "answer = None",
            "from energychain.grid.dc_line import LoadStep\nanswer = LoadStep(0.0)",
        ),
    ),
    "10.reach": Exercise(
        "A line of 48 V feeds 3.4 A. What is the highest fault resistance by Equation (4)?"
        " (ohm, to one decimal)",
        number(
            56.5,
            "ohm",
            1,
            {
                112.9: "that is for half as much load",
                14.1: "that is what draws the whole load: a fault may draw a quarter of it",
                28.2: "that is what draws the whole load of set B: look at the load, and take a"
                " quarter of it",
                225.9: "more load leaves less room: it goes the other way",
                11.3: "you took the overload, 1.25 times the load, not what is beyond it",
            },
        ),
        (
            "A load may draw a quarter more than it should; what is beyond is a fault.",
            "Which resistance draws a quarter of 3.4 A at 48 V?",
        ),
        "answer = round(48 / (0.25 * 3.4), 1)",
        (
            "answer = 112.9",
            "answer = 48 / 3.4",
            "answer = 225.9",
            "answer = 48 / (1.25 * 3.4)",
            "answer = 48 / 1.7",
        ),
    ),
    "10.ledger": Exercise(
        "The link is silent. Write isolated(delay): when the 1 ohm fault is isolated, in us after"
        " it, if the ledger's word comes `delay` us later than the link's would.",
        function(
            _isolated_us,
            (0, 450, 1_450, 2_000, 27_000),
            {
                "sample": (
                    lambda delay: 1_300 + delay,
                    "that is when the relay has the record of the sample that decides, over a"
                    " link without length; and the breakers are still closed",
                ),
                "no breaker": (
                    lambda delay: 1_320 + delay,
                    "then the relay decides; the breakers still have to open",
                ),
                "max": (
                    lambda delay: max(1_420, delay),
                    "the ledger's delay comes on top of the link's, not in its place",
                ),
            },
            unit="us",
        ),
        (
            "With the link, the fault is isolated after 1,420 us.",
            "Everything that the relay hears is later by the delay. The rest takes as long.",
        ),
        "def answer(delay):\n    return 1_300 + 20 + delay + 100",
        (
            "def answer(delay):\n    return 1_300 + delay",
            "def answer(delay):\n    return 1_320 + delay",
            "def answer(delay):\n    return max(1_420, delay)",
        ),
    ),
}
"""By name."""
