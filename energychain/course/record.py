"""
The record: a journal on a small chain of the learner's own, one attempt a block. The course
practises what it teaches.

Every attempt is a transaction that the learner signs, every block names the one before. So a
record proves, to whoever knows the learner's address, that the learner says so, in this order,
and that nothing was altered, inserted or left out since its head was last seen. Whoever
examines it also judges every answer that is called right again.

It does not prove who sat at the keyboard. A key can be lent, and an answer copied; that no
chain can know.

Blocks are counted, not timed: the block of the third attempt has the time 3.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from energychain import __version__
from energychain.consensus.work import check_work, mine, target_for
from energychain.contracts.course_record import course_record, opening_storage
from energychain.course.exercises import LESSONS, check_again, of_lesson
from energychain.course.journal import Attempt
from energychain.ledger import saved
from energychain.ledger.chain import Chain, InvalidBlock
from energychain.ledger.genesis import Genesis
from energychain.ledger.state import ETHER, Contract, GasSchedule
from energychain.ledger.transaction import Transaction
from energychain.primitives.keys import Address, SecretKey, is_address
from energychain.primitives.refusals import BadInput, Refusal

CONTRACTS: Mapping[str, Contract] = {"course_record": course_record}
"""The one contract of such a chain."""

DIFFICULTY = 8
"""Some 256 tries a block: enough to see that it is sealed [bits]."""

GAS_LIMIT = 1_000_000
ENDOWMENT = 10**18
"""Pays for more attempts than anybody makes [wei]."""

LONGEST_NAME = 60

FORMULA = ("=", "+", "-", "@")
"""What begins so is a formula to a table program."""


# --- writing --------------------------------------------------------------------------


def opening(name: str, learner: Address, edition: str = __version__) -> Genesis:
    """What a record begins with: whose it is, and which edition of the course was worked through.

    Raises :class:`~energychain.primitives.refusals.BadInput` for what is no name.
    """
    return Genesis(
        chain=f"course record of {_name(name)}",
        time=0,
        target=target_for(DIFFICULTY),
        reward=0,
        gas=GasSchedule(),
        balances=((ETHER, learner, ENDOWMENT),),
        storage=opening_storage(learner, edition),
        names=((learner, name),),
    )


def _name(name: str) -> str:
    if not name.isprintable() or name != name.strip() or not 0 < len(name) <= LONGEST_NAME:
        raise BadInput(
            f"expected a name of 1 to {LONGEST_NAME} letters on one line, found {name!r}"
        )
    if name[0] in FORMULA:
        raise BadInput(f"a name cannot begin with {name[0]!r}, found {name!r}")
    return name


def record(name: str, key: SecretKey, attempts: Iterable[Attempt]) -> Chain:
    """The attempts on a chain, signed and sealed, one a block.

    More attempts make a chain that begins with the very same blocks.

    >>> from energychain.primitives.keys import derive
    >>> chain = record("Ann", derive("a lesson", "ann"), [Attempt("00.cells", "72", "right")])
    >>> examine(chain)
    Examined(name='Ann', right=1, attempts=1, reason='')
    """
    address = key.public.address
    chain = Chain.begin(opening(name, address), CONTRACTS, check_work)
    for nonce, attempt in enumerate(attempts):
        draft = chain.draft(nonce + 1, address)
        wish = Transaction(
            chain=chain.genesis.chain,
            sender=key.public,
            nonce=nonce,
            contract="course_record",
            function="answer",
            arguments=(attempt.exercise, attempt.answer, attempt.verdict),
            gas_limit=GAS_LIMIT,
            gas_price=1,
        )
        draft.add(wish.sign(key))
        chain = draft.finish(mine)
    return chain


# --- examining one --------------------------------------------------------------------


class ForgedRecord(Refusal):
    """A record claims what is not so."""

    rule = "forged"


@dataclass(frozen=True, repr=False)
class Examined:
    """What a record comes to."""

    name: str
    """Who it says it is from."""

    chain: Chain | None = None
    """The record, if every rule of the chain holds."""

    attempts: tuple[Attempt, ...] = ()
    reason: str = ""
    """Why it cannot be believed, if it cannot."""

    @property
    def address(self) -> Address | None:
        """Of the key that signed it."""
        return None if self.chain is None else self.chain.genesis.names[0][0]

    def right(self, lesson: str = "") -> int:
        """How many exercises are right, of a lesson or of all."""
        found = {each.exercise for each in self.attempts if each.verdict == "right"}
        return sum(name.startswith(lesson) for name in found)

    def __repr__(self) -> str:
        return (
            f"Examined(name={self.name!r}, right={self.right()}, attempts={len(self.attempts)},"
            f" reason={self.reason!r})"
        )


def harmless(text: str) -> str:
    """Somebody's text, so that neither a terminal nor a table program takes it for a command.

    >>> harmless("=1+1"), harmless("Ann\\x1b[2J"), harmless("Ann")
    ("'=1+1", 'Ann?[2J', 'Ann')
    """
    shown = "".join(letter if letter.isprintable() else "?" for letter in text)
    return f"'{shown}" if shown[:1] in FORMULA else shown


def read(lines: Iterable[bytes], file: str) -> Examined:
    """Examine a saved record: every rule about every block, then every claim in it.

    Raises :class:`~energychain.primitives.refusals.BadInput` if it is no saved chain at all.
    """
    first, *rest = [*lines] or [b""]
    name = saved.chain_name(first).removeprefix("course record of ")
    try:
        return examine(saved.read(iter((first, *rest)), CONTRACTS, check_work, file))
    except InvalidBlock as fault:
        reason = f"block {fault.block} breaks the rule '{fault.rule}': {fault}"
        return Examined(harmless(name), reason=harmless(reason))


def examine(chain: Chain) -> Examined:
    """Examine a record whose blocks keep every rule.

    Did it begin as records do, did the learner write all of it, and is each answer right that is
    called so?
    """
    (address, name), *_ = (*chain.genesis.names, (Address(""), ""))
    attempts: tuple[Attempt, ...] = ()
    try:
        _check_opening(chain.genesis, name, address)
        attempts = tuple(_attempts(chain))
        for number, attempt in enumerate(attempts, 1):
            _check_verdict(number, attempt, chain)
    except (ForgedRecord, BadInput) as fault:
        return Examined(harmless(name), chain, attempts, harmless(str(fault)))
    return Examined(name, chain, attempts)


def _check_opening(genesis: Genesis, name: str, address: Address) -> None:
    if not is_address(address) or genesis != opening(name, address, _edition(genesis)):
        raise ForgedRecord("it does not begin as the course begins a record")


def _edition(genesis: Genesis) -> str:
    found = {key: value for _, key, value in genesis.storage}.get("edition")
    return found if isinstance(found, str) else ""


def _attempts(chain: Chain) -> Iterator[Attempt]:
    for block, receipts in zip(chain.blocks[1:], chain.receipts[1:], strict=True):
        if len(block.transactions) != 1 or not receipts[0].done:
            raise ForgedRecord(f"block {block.height} is no attempt of the learner")
        exercise, answer, verdict = map(str, block.transactions[0].transaction.arguments)
        yield Attempt(exercise, answer, verdict)


def _check_verdict(number: int, attempt: Attempt, chain: Chain) -> None:
    if attempt.verdict == "right":
        found = check_again(attempt.exercise, attempt.answer)
        if found.verdict != "right":
            edition = _edition(chain.genesis)
            other = "" if edition == __version__ else f" (by edition {edition} of the course)"
            raise ForgedRecord(
                f"block {number} calls {attempt.answer[:60]} right for {attempt.exercise}{other};"
                f" it is {found.verdict}"
            )


# --- a class --------------------------------------------------------------------------


@dataclass(frozen=True)
class Enrolled:
    """What is known of a learner beforehand."""

    name: str
    address: Address
    blocks: int = 0
    """How many attempts there were when the record was last seen."""

    head: str = ""
    """The hash in which it ended then."""


@dataclass(frozen=True)
class Row:
    """One line of the table of a class."""

    file: str
    examined: Examined
    finding: str
    """``good``; ``older`` than another good one; ``forged``; ``disputed``, if two contradict each
    other and nobody can see which one is forged; ``unreadable``; or ``missing``.
    """

    reason: str = ""
    known: Enrolled | None = None
    """What is known of the learner from now on, if anything is."""

    def cells(self) -> dict[str, object]:
        """The line as the CSV has it; nothing is counted that cannot be believed."""
        who, good = self.examined, self.finding in ("good", "older")
        counts = {f"lesson_{lesson}": who.right(f"{lesson}.") if good else "" for lesson in LESSONS}
        return {
            "name": who.name,
            "address": self.known.address if self.known else "",
            "finding": self.finding,
            "right": who.right() if good else "",
            "exercises": sum(len(of_lesson(lesson)) for lesson in LESSONS),
            "blocks": self.known.blocks if self.known else "",
            "head": self.known.head if self.known else "",
            **counts,
            "file": self.file,
            "reason": self.reason,
        }


def compare(records: Sequence[tuple[str, Examined]], roster: Sequence[Enrolled] = ()) -> list[Row]:
    """The records of a class beside one another, and beside a roster if there is one.

    A name belongs to one key, and a key to one name. Of two records of one learner the longer
    counts, if it goes on from the other; two that differ in the past cannot both be true.
    """
    rows = [
        Row(harmless(file), one, "forged" if one.reason else "good", one.reason)
        for file, one in records
    ]
    known = {each.name: each for each in roster}
    rows = [_beside_roster(row, known) if row.finding == "good" else row for row in rows]
    rows = [_beside_others(row, rows) if row.finding == "good" else row for row in rows]
    rows = [_older(row, rows) if row.finding == "good" else row for row in rows]
    good = {row.examined.name for row in rows if row.finding == "good"}
    missing = [
        Row("", Examined(each.name), "missing", "no good record was handed in", each)
        for each in roster
        if each.name not in good
    ]
    rows = [replace(row, known=_seen(row)) if row.finding == "good" else row for row in rows]
    return sorted([*rows, *missing], key=lambda row: (row.examined.name, row.file))


def _seen(row: Row) -> Enrolled:
    chain = _chain(row)
    address, name = chain.genesis.names[0]
    return Enrolled(name, address, chain.height, chain.head.hash.hex())


def _chain(row: Row) -> Chain:
    assert row.examined.chain is not None  # only what kept every rule of the chain is good
    return row.examined.chain


def _beside_roster(row: Row, known: Mapping[str, Enrolled]) -> Row:
    """A good record, if it is its learner's, and goes on from what was last seen."""
    name = row.examined.name
    if not known:
        return row
    if name not in known:
        return replace(row, finding="forged", reason=f"nobody on the roster is called {name}")
    enrolled, chain = known[name], _chain(row)
    if row.examined.address != enrolled.address:
        return replace(
            row,
            finding="forged",
            reason=f"signed by {row.examined.address}; on the roster {name} is {enrolled.address}",
        )
    if enrolled.head and (
        chain.height < enrolled.blocks or chain.blocks[enrolled.blocks].hash.hex() != enrolled.head
    ):
        return replace(
            row,
            finding="forged",
            reason=f"the past was rewritten: when last seen, block {enrolled.blocks} was"
            f" {enrolled.head[:8]}…",
        )
    return row


def _beside_others(row: Row, rows: Sequence[Row]) -> Row:
    """A good record, unless another good one contradicts it."""
    mine = row.examined
    for other in rows:
        theirs = other.examined
        if other is row or other.finding != "good":
            continue
        if theirs.address == mine.address and theirs.name != mine.name:
            reason = f"the same key signed for {theirs.name}, too ({other.file})"
        elif theirs.name == mine.name and theirs.address != mine.address:
            reason = f"another key signed for {mine.name}, too ({other.file})"
        elif theirs.name == mine.name and not _one_story(_chain(row), _chain(other)):
            reason = f"tells another past than {other.file}"
        else:
            continue
        return replace(row, finding="disputed", reason=reason)
    return row


def _one_story(one: Chain, other: Chain) -> bool:
    shared = min(one.height, other.height)
    return one.blocks[shared].hash == other.blocks[shared].hash


def _older(row: Row, rows: Sequence[Row]) -> Row:
    """A good record, unless another one of the same learner goes on from it."""
    name, length = row.examined.name, _chain(row).height
    for other in rows:
        same = other is not row and (other.finding, other.examined.name) == ("good", name)
        if same and (length, row.file) < (_chain(other).height, other.file):
            return replace(row, finding="older", reason=f"{other.file} goes on from it")
    return row
