"""
Exercises: `check` says right, nearly or wrong and why, and never the answer; `hint`
helps a step at a time; `solution` shows ours when asked. An exercise that is not
attempted is no error, so "Run All" always runs through.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from energychain.consensus.pbft import quorum
from energychain.contracts.charging_quota import initial_quota
from energychain.contracts.energy_trade import tokens_due
from energychain.grid.dc_line import SET_B, Fault, LoadStep, solve
from energychain.grid.relay import watch
from energychain.ledger.state import Call, Storage
from energychain.primitives.bitcoin import bitcoin_merkle_root, double_sha256
from energychain.primitives.hashing import short
from energychain.primitives.keys import ORDER, Address
from energychain.primitives.refusals import Refusal
from energychain.studies import baseline_gaming
from energychain.widgets.consensus import HONEST, PRIMARIES, talk
from energychain.widgets.contracts import jar

Verdict = Literal["right", "nearly", "wrong", "not attempted yet"]


@dataclass(frozen=True)
class Feedback:
    """What `check` says."""

    verdict: Verdict
    message: str = ""

    def __repr__(self) -> str:
        return f"{self.verdict}: {self.message}" if self.message else self.verdict


Judge = Callable[[object], Feedback]


@dataclass(frozen=True)
class Exercise:
    """A question, how to judge answers to it, and help."""

    question: str
    judge: Judge
    hints: Sequence[str]
    solution: str
    """Python that ends by setting `answer`."""

    slips: Sequence[str] = ()
    """Wrong answers that people really give, as Python; each has feedback of its own."""


# --- judges ---------------------------------------------------------------------------


def number(
    answer: float, unit: str, digits: int, slips: Mapping[float, str], near: float = 0.05
) -> Judge:
    """A number, right if it agrees to so many decimals, nearly right within a share."""

    def judge(given: object) -> Feedback:
        if isinstance(given, bool) or not isinstance(given, int | float):
            return Feedback("wrong", f"expected a number in {unit}, found {given!r}")
        if round(float(given), digits) == round(answer, digits):
            return Feedback("right")
        for slip, advice in slips.items():
            if abs(given - slip) <= 0.5 * 10**-digits:
                return Feedback("wrong", advice)
        if abs(given - answer) <= near * abs(answer):
            return Feedback("nearly", f"close: give it to {digits} decimals" if digits else "close")
        return Feedback("wrong", "try a hint")

    return judge


def function(
    expected: Callable[[int], int],
    cases: Sequence[int],
    slips: Mapping[str, tuple[Callable[[int], object], str]],
    unit: str = "mWh",
) -> Judge:
    """A function of one whole number [unit], compared with ours on some cases."""

    def judge(given: object) -> Feedback:
        if not callable(given):
            return Feedback("wrong", "expected a function")
        try:
            found = [given(case) for case in cases]
        except Exception as fault:  # a learner's function may fail in any way
            return Feedback("wrong", f"your function raised {type(fault).__name__}: {fault}")
        wanted = [expected(case) for case in cases]
        if all(type(value) is int for value in found) and found == wanted:
            return Feedback("right")
        for slip, advice in slips.values():
            if found == [slip(case) for case in cases]:
                return Feedback("wrong", advice)
        case, value = next(
            (case, value)
            for case, value, want in zip(cases, found, wanted, strict=True)
            if type(value) is not int or value != want
        )
        if type(value) is not int:
            return Feedback("wrong", f"the ledger holds whole numbers, found {value!r}")
        good = sum(value == want for value, want in zip(found, wanted, strict=True))
        verdict: Verdict = "nearly" if good > len(cases) / 2 else "wrong"
        return Feedback(verdict, f"{good} of {len(cases)} cases agree; look at {case:,} {unit}")

    return judge


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


def healthy_line_that_trips(given: object) -> Feedback:
    """Something that is no fault on the line of set B, but trips the printed relay: a load
    step, a fault elsewhere, None for nothing at all.

    >>> healthy_line_that_trips(Fault(resistance=1.0, location=0.5))
    wrong: there is a fault on the line: there a relay should trip
    """
    if given is not None and not isinstance(given, Fault | LoadStep):
        return Feedback("wrong", f"expected a LoadStep, a Fault or None, found {given!r}")
    if isinstance(given, Fault) and given.internal:
        return Feedback("wrong", "there is a fault on the line: there a relay should trip")
    if watch(solve(SET_B, given), "literal") is not None:
        return Feedback("right")
    if given is None:
        return Feedback("wrong", "at rest nothing changes: the rule needs a current that falls")
    if isinstance(given, LoadStep) and given.current > 0:
        return Feedback(
            "nearly", "i1 falls only late and little: which step makes it fall at once?"
        )
    if isinstance(given, LoadStep):
        return Feedback("wrong", "that step is too small to be seen: nothing falls")
    return Feedback("wrong", "that fault makes i1 rise all the time: make it fall")


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


def jar_with_credit(given: object) -> Feedback:
    """A contract that does what :func:`~energychain.widgets.contracts.jar` does, and refuses
    whatever would leave somebody more than 1,000 milli-tokens in debt.

    >>> jar_with_credit(jar)
    wrong: it refuses nobody: what if somebody owes more than one token?
    """
    if not callable(given):
        return Feedback("wrong", "expected a contract: a function of storage, sender and call")
    cases = [(mine, amount) for mine in (0, 700, 3_000) for amount in (1, 999, 1_000, 1_001, 4_001)]
    refused = []
    for mine, amount in cases:
        storage: Storage = {_SOMEBODY: mine}
        call = Call("draw", (amount,), 0, lambda asset, owner: 10**6)
        try:
            outcome = given(storage, _SOMEBODY, call)
        except Refusal:
            refused.append(True)
            continue
        except Exception as fault:  # a learner's contract may fail in any way
            return Feedback("wrong", f"your contract raised {type(fault).__name__}: {fault}")
        if outcome != jar(storage, _SOMEBODY, call):
            return Feedback("wrong", "what it does not refuse, it must do just as the jar does")
        refused.append(False)
    for rule, advice in _CREDIT_RULES:
        if refused == [rule(mine, amount) for mine, amount in cases]:
            return Feedback("wrong", advice) if advice else Feedback("right")
    mine, amount = next(
        case for case, no in zip(cases, refused, strict=True) if no != (case[1] > case[0] + 1_000)
    )
    return Feedback("wrong", f"look at somebody who has {mine:,} in the jar and draws {amount:,}")


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


def home_recognised(given: object) -> Feedback:
    """The pseudonym of the line-up of lesson 11 under which the suspect published.

    >>> home_recognised("H0-C")
    wrong: expected one of the five addresses, as they stand above the days
    """
    from energychain.widgets.privacy import line_up  # loads charts

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


def _offered(price: int) -> int:
    """What the sellers of chapter 9, Table 3 would give at a price [token/kWh] or less [mWh]."""
    offers = ((6_800_000, 16), (7_200_000, 19), (9_800_000, 22), (3_200_000, 25))
    return sum(quantity for quantity, limit in offers if limit <= price)


def _share(demand: int) -> int:
    """A first quota on the evening of chapter 9 [mWh]: Equations (1) and (2)."""
    return initial_quota(demand, 161_500_000, 195_000_000)


def _dr_price(price: int) -> int:
    """Equations (2) and (3) of chapter 7 with alpha 3/2 and 250,000 upstream [micro/kWh]."""
    return min(price * 3 // 2, 250_000)


def _low_s(s: int) -> int:
    """The smaller of the two s that plain ECDSA takes for one message."""
    return min(s, ORDER["p256"] - s)


def _isolated_us(delay: int) -> int:
    """When the 1 ohm fault of chapter 11 is isolated on the ledger's word [us]: sample, link,
    the ledger's delay [us], breaker.
    """
    return 1_300 + 20 + delay + 100


# --- the exercises --------------------------------------------------------------------

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
    "01.joined": Exercise(
        "Find two different readings, each a pair of a name and a whole number of mWh, that are"
        " the same text when name and number are simply joined.",
        joined_alike,
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
    "02.twice": Exercise(
        "A block has the transactions a, b, c, d, e and f. Find another list of letters with the"
        " same root in Bitcoin's tree, which doubles the last node of an odd level.",
        another_block_with_its_root,
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
                352: "the root is no part of it: it stands in the header",
            },
        ),
        (
            "Each level gives one sister.",
            "How often must 1,000 be halved, rounded up, until one is left?",
        ),
        "answer = (1_000 - 1).bit_length() * 32",
        ("answer = 10", "answer = 999 * 32", "answer = 9 * 32", "answer = 11 * 32"),
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
        ("answer = 1.0", "answer = 0.37", "answer = 0.86", "answer = 0.5"),
    ),
    "03.stop": Exercise(
        "With which primary, and does replica 1 lie too, does nothing ever become final?",
        stops_everything,
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
    "04.credit": Exercise(
        "Write credit(storage, sender, call): it does what jar does, but raises NotYours if its"
        " caller would owe the jar more than 1,000 milli-tokens.",
        jar_with_credit,
        (
            "Look at guarded: it asks jar what it would do, and then looks at the answer.",
            "outcome.writes[sender] is what the caller would have in the jar; below 0 it owes.",
            "It may go down to -1,000.",
        ),
        "from energychain.widgets.contracts import NotYours, jar\n"
        "def answer(storage, sender, call):\n"
        "    outcome = jar(storage, sender, call)\n"
        "    if outcome.writes[sender] < -1_000:\n"
        '        raise NotYours("nobody may owe more than one token")\n'
        "    return outcome",
        (
            "from energychain.widgets.contracts import jar as answer",
            "from energychain.widgets.contracts import guarded as answer",
            "from energychain.widgets.contracts import NotYours, jar\n"
            "def answer(storage, sender, call):\n"
            "    outcome = jar(storage, sender, call)\n"
            "    if outcome.writes[sender] <= -1_000:\n"
            '        raise NotYours("no")\n'
            "    return outcome",
            "from energychain.widgets.contracts import NotYours, jar\n"
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
    "05.due": Exercise(
        "Write due(energy): the milli-tokens owed in all for a cumulative energy in mWh,"
        " at 150 Wh per token, halves to the even number.",
        function(
            lambda energy: tokens_due(energy, 150_000),
            (0, 427_852, 75, 225, 1_282_191, 8_957_095, 13_625_020),
            {
                "cut": (
                    lambda energy: energy // 150,
                    "you cut the fraction off: the buyer would always pay a little too little",
                ),
                "unit": (
                    lambda energy: round(energy / 150_000),
                    "those are whole tokens: the ledger counts milli-tokens",
                ),
                "half up": (
                    lambda energy: (energy + 75) // 150,
                    "halves go to the even number, not always up: look at 75 mWh",
                ),
            },
        ),
        (
            "150 Wh are 150,000 mWh, and they buy 1,000 milli-tokens.",
            "So 150 mWh buy one milli-token.",
            "Python's own round() takes halves to the even number.",
        ),
        "def answer(energy):\n    return round(energy / 150)",
        (
            "def answer(energy):\n    return energy // 150",
            "def answer(energy):\n    return round(energy / 150_000)",
            "def answer(energy):\n    return (energy + 75) // 150",
        ),
    ),
    "05.limit": Exercise(
        "Down to how many Wh per token do the 100 tokens of node 2 last all day?"
        " (Wh, to one decimal)",
        number(
            89.6,
            "Wh per token",
            1,
            {
                89.5: "one step too far: play the day at this rate and see who is refused",
                0.1: "you have kWh: the question asks for Wh",
                46.7: "that is node 3's limit; node 2 buys more",
                136.3: "that is node 1's sale: the two buyers do not share one purse",
            },
        ),
        (
            "How much energy does node 2 buy over the day?",
            "100 tokens must cover it: energy / rate is at most 100.",
            "Round up: a little less energy per token, and the last hour is not covered.",
        ),
        "import math\nanswer = math.ceil(8957.095 / 100 * 10) / 10",
        ("answer = 89.5", "answer = 46.7", "answer = 8.957095 / 100"),
    ),
    "05.all_sold": Exercise(
        "Had all of node 1's surplus found a buyer, how many tokens would node 1 own in the"
        " evening? (to three decimals)",
        number(
            195.053,
            "tokens",
            3,
            {
                95.053: "that is what it would have earned: it began with 100",
                4.22: "that is only what was missed",
                195053.0: "those are milli-tokens",
                190.834: "that is what it really owns: some surplus found no buyer",
            },
        ),
        (
            "Equation (1) gives the surplus of the day.",
            "Divide by the energy per token, and remember the opening balance.",
        ),
        "answer = round(100 + 14.25798 / 0.150, 3)",
        ("answer = 95.053", "answer = 4.22", "answer = 190.834"),
    ),
    "06.gain": Exercise(
        "How much does D gain under the uniform price? (tokens, to one decimal)",
        number(
            43.6,
            "tokens",
            1,
            {
                283.4: "that is what the energy is worth to D: it has to pay for it, too",
                239.8: "that is what D pays: compare it with what the energy is worth to D",
                4.0: "that is what D gains with each kWh: it buys more than one",
                32.7: "that would be at a price of 23: the price is the limit of another order",
            },
        ),
        (
            "D would pay 26 for a kWh. What does it pay?",
            "Its gain is the difference, times what it buys.",
        ),
        "answer = round(10.9 * (26 - 22), 1)",
        ("answer = 10.9 * 26", "answer = 10.9 * 22", "answer = 26 - 22", "answer = 10.9 * 3"),
    ),
    "06.withhold": Exercise(
        "C keeps its honest limit of 22, but may offer less than it has. How much should it offer"
        " to gain most under the uniform price, in the middle of the interval? (kWh, to one"
        " decimal)",
        number(
            6.5,
            "kWh",
            1,
            {
                9.8: "that is the truth, and with it C sells at its own limit: it gains nothing",
                6.6: "so all prices from 22 to 24 are competitive, and C gets the middle: could it"
                " do better than the middle?",
                0.0: "who sells nothing gains nothing",
                3.3: "the price is as high as it will get, but you sell less than you could",
            },
            near=0.0,
        ),
        (
            "What happens to the price when C has nothing left over? Try it in the explorer.",
            "There is a last buyer. If not all that it wants is there, its limit sets the price.",
            "So leave it short, but as little as you can.",
        ),
        "answer = round(20.6 - 14.0 - 0.1, 1)",
        ("answer = 9.8", "answer = 6.6", "answer = 0", "answer = 3.3"),
    ),
    "06.offered": Exercise(
        "Write offered(price): how much the four sellers would give, in mWh, at a price in whole"
        " tokens per kWh.",
        function(
            _offered,
            (10, 16, 18, 19, 21, 22, 24, 25, 40),
            {
                "strictly": (
                    lambda price: _offered(price - 1),
                    "a seller whose limit is just met does trade: a tie is a trade",
                ),
                "demand": (
                    lambda price: 27_000_000 - _offered(price - 1),
                    "your sellers come when the price falls: those would be buyers",
                ),
                "one": (
                    lambda price: _offered(price) - _offered(price - 1),
                    "that is only who has exactly this limit: add all who ask less",
                ),
            },
            unit="token/kWh",
        ),
        (
            "6.8 kWh are 6,800,000 mWh.",
            "A seller gives all it has if its limit is the price or less.",
            "offers = [(6_800_000, 16), ...], and a sum over those with limit <= price.",
        ),
        "offers = [(6_800_000, 16), (7_200_000, 19), (9_800_000, 22), (3_200_000, 25)]\n"
        "def answer(price):\n"
        "    return sum(quantity for quantity, limit in offers if limit <= price)",
        (
            "offers = [(6_800_000, 16), (7_200_000, 19), (9_800_000, 22), (3_200_000, 25)]\n"
            "def answer(price):\n"
            "    return sum(quantity for quantity, limit in offers if limit < price)",
            "offers = [(6_800_000, 16), (7_200_000, 19), (9_800_000, 22), (3_200_000, 25)]\n"
            "def answer(price):\n"
            "    return sum(quantity for quantity, limit in offers if limit >= price)",
            "offers = [(6_800_000, 16), (7_200_000, 19), (9_800_000, 22), (3_200_000, 25)]\n"
            "def answer(price):\n"
            "    return sum(quantity for quantity, limit in offers if limit == price)",
            "offers = [(6.8, 16), (7.2, 19), (9.8, 22), (3.2, 25)]\n"
            "def answer(price):\n"
            "    return sum(quantity for quantity, limit in offers if limit <= price)",
        ),
    ),
    "07.share": Exercise(
        "Write share(demand): the first quota in mWh, when all want 195,000,000 mWh together and"
        " the margin is 161,500,000 mWh.",
        function(
            _share,
            (18_000_000, 24_000_000, 21_000_000, 33_000_000, 15_000_000, 27_000_000, 1, 0),
            {
                "nearest": (
                    lambda demand: round(demand * 161_500_000 / 195_000_000),
                    "rounded to the nearest, eight shares could together exceed the margin",
                ),
                "up": (
                    lambda demand: -(-demand * 161_500_000 // 195_000_000),
                    "rounded up, the shares together exceed the margin",
                ),
                "text": (
                    lambda demand: demand * 171_500_000 // 195_000_000,
                    "that is the margin of the text: which one did the tables use?",
                ),
            },
        ),
        (
            "The share is demand times margin, divided by what all want.",
            "Multiply first: then nothing is lost before the division.",
            "Python's // divides and rounds down.",
        ),
        "def answer(demand):\n    return demand * 161_500_000 // 195_000_000",
        (
            "def answer(demand):\n    return round(demand * 161_500_000 / 195_000_000)",
            "def answer(demand):\n    return -(-demand * 161_500_000 // 195_000_000)",
            "def answer(demand):\n    return demand * 171_500_000 // 195_000_000",
            "def answer(demand):\n    return demand * 161_500_000 / 195_000_000",
        ),
    ),
    "07.pairs": Exercise(
        "E stays at home; all other orders are as in Table 3. What does D pay in all, by"
        " Algorithm 1? (tokens, to two decimals)",
        number(
            235.05,
            "tokens",
            2,
            {
                240.0: "that is what D pays when E is there and takes some of what H has",
                142.8: "that is only what D pays to its first partner: it wants more",
                228.9: "H has not got as much as D wants: who is next?",
                283.4: "that is D's own limit: the price is the middle of the pair",
                250.7: "that is one price for all, the last pair's: Algorithm 1 has one for each",
            },
            near=0.01,
        ),
        (
            "Now D has the highest bid, and meets H, who asks least.",
            "H has 6.8 kWh; D wants 10.9. The rest comes from F, at another price.",
            "The prices are (26 + 16) / 2 and (26 + 19) / 2.",
        ),
        "answer = round(6.8 * (26 + 16) / 2 + (10.9 - 6.8) * (26 + 19) / 2, 2)",
        (
            "answer = 240.0",
            "answer = 6.8 * 21",
            "answer = 10.9 * 21",
            "answer = 10.9 * 26",
            "answer = 250.7",
        ),
    ),
    "07.fine": Exercise(
        "H sells 6.8 kWh of its quota, and then charges all of its first quota. Which penalty does"
        " it pay? (tokens, to one decimal)",
        number(
            1523.2,
            "tokens",
            1,
            {
                761.6: "that is the tariff, which it pays anyway: the penalty comes on top",
                2284.8: "that is tariff and penalty together: the question asks for one of them",
                3046.4: "those are kW: in half an hour, a kW is half a kWh",
                156.4: "that is what it received for the quota",
                4452.4: "that is the penalty on its whole quota: only what is beyond counts",
            },
        ),
        (
            "How far beyond its new quota does it charge?",
            "By just what it sold. Each kWh of that costs the penalty.",
            "The penalty is twice the tariff of 112 tokens per kWh.",
        ),
        "answer = round(6.8 * 2 * 112, 1)",
        (
            "answer = 6.8 * 112",
            "answer = 6.8 * 3 * 112",
            "answer = 13.6 * 224",
            "answer = 156.4",
        ),
    ),
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
        ("answer = 30 / 20", "answer = (10 + 24) / 20", "answer = 21 / 20", "answer = 31"),
    ),
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
        ("answer = 0.5", "answer = 0.1", "answer = 0.55", "answer = 0.65", "answer = 0.525"),
    ),
    "09.break": Exercise(
        "A hot week, home H0-A, a baseline of ten in ten with a cap of 20 per cent, 1 euro/kWh."
        " Find a strategy ('history', 'window' or 'both') and an inflation in whole per cent by"
        " which the home gains though it reduces nothing: a pair such as ('history', 100).",
        cheat_that_pays,
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
    "10.break": Exercise(
        "Find something that is no fault on the line of set B, and yet trips the relay with"
        " rule (6) as printed: a LoadStep, a Fault elsewhere, or None for a line at rest.",
        healthy_line_that_trips,
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
                225.9: "more load leaves less room: it goes the other way",
                11.3: "you took the overload, 1.25 times the load, not what is beyond it",
            },
        ),
        (
            "A load may draw a quarter more than it should; what is beyond is a fault.",
            "Which resistance draws a quarter of 3.4 A at 48 V?",
        ),
        "answer = round(48 / (0.25 * 3.4), 1)",
        ("answer = 112.9", "answer = 48 / 3.4", "answer = 225.9", "answer = 48 / (1.25 * 3.4)"),
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
        home_recognised,
        (
            "Look at the night and at the peaks: what is usual for H0-C, and which line never"
            " leaves it far?",
            "Compare each day with all known days, hour by hour: abs(day - known).sum().",
            "The smallest of these distances, for each address; then the least of all.",
        ),
        "from energychain.widgets.privacy import line_up\n"
        "lineup = line_up()\n"
        "def distance(name):\n"
        "    return min(abs(lineup.seen[name] - day).sum() for day in lineup.known)\n"
        "answer = min(lineup.seen, key=distance)",
        (
            "from energychain.widgets.privacy import line_up\n"
            "lineup = line_up()\n"
            "usual = lineup.known.sum(axis=1).mean()\n"
            "answer = min(lineup.seen, key=lambda name: abs(lineup.seen[name].sum() - usual))",
            "from energychain.widgets.privacy import line_up\n"
            "lineup = line_up()\n"
            "usual = lineup.known.max(axis=1).mean()\n"
            "answer = min(lineup.seen, key=lambda name: abs(lineup.seen[name].max() - usual))",
            "answer = 'H0-C'",
        ),
    ),
}
"""Every exercise, by lesson and name."""


def check(exercise: str, answer: object = ...) -> Feedback:
    """Judge an answer.

    >>> check("00.cells")
    not attempted yet
    >>> check("00.cells", 24)
    wrong: that is one household
    """
    judge = _find(exercise).judge
    return Feedback("not attempted yet") if answer is ... else judge(answer)


def hint(exercise: str, level: int = 1) -> str:
    """The hint of a level, from 1.

    >>> hint("00.cells")
    'One balance per hour and household.'
    """
    hints = _find(exercise).hints
    if not 1 <= level <= len(hints):
        return f"there are {len(hints)} hints: ask for level 1 to {len(hints)}"
    return hints[level - 1]


class Source(str):
    """Python that shows itself without quotation marks."""

    def __repr__(self) -> str:
        return str(self)


def solution(exercise: str) -> Source:
    """Our solution. Try first.

    >>> solution("00.cells")
    answer = 24 * 3
    """
    return Source(_find(exercise).solution)


def _find(exercise: str) -> Exercise:
    if exercise not in EXERCISES:
        raise KeyError(f"there is no exercise {exercise!r}; there are {', '.join(EXERCISES)}")
    return EXERCISES[exercise]
