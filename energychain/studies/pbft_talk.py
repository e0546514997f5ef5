"""
One block of PBFT, message by message: four replicas agree, and one of them lies, or two.

Castro and Liskov, *Practical Byzantine fault tolerance* (1999): a primary proposes
(pre-prepare), all tell all what they heard (prepare), and who has seen a quorum tells that
(commit). Four replicas bear one liar. :func:`talk` listens to every message, and notes what each
honest replica knows after it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from energychain.consensus.pbft import Ballot, Pbft, PrePrepare, quorum
from energychain.consensus.protocol import (
    GENESIS,
    MILLISECOND,
    Action,
    IdealSignatures,
    Message,
    Proposal,
    Replica,
    Signatures,
    Submit,
    Trade,
    Wake,
    to_each,
)
from energychain.consensus.traitors import Silent
from energychain.network.simulation import Journey, Network, Simulation, Uniform
from energychain.primitives.hashing import Digest, digest

REPLICAS = 4
"""One of them may lie."""

ROUND = 50 * MILLISECOND
LATENCY = Uniform(ROUND - 6 * MILLISECOND, ROUND + 6 * MILLISECOND)
"""About a round, so that rounds can be told apart."""

PATIENCE = 250 * MILLISECOND
"""How long a replica waits for the block."""

LONGEST = 1_500 * MILLISECOND
"""So long one listens at most."""

SEED = 1
"""One of many courses of chance."""

MOST = 60
"""So many messages are listened to at most."""

HONEST, TWO_STORIES, SILENT = "honest", "tells two stories", "silent"
PRIMARIES = (HONEST, TWO_STORIES, SILENT)
"""What the primary may be."""


@dataclass(frozen=True)
class Knows:
    """What an honest replica knows of the first block."""

    view: int
    heard: str = ""
    """The block that it voted for, as a letter."""

    prepares: int = 0
    """How many votes to prepare it that block has, its own included."""

    prepared: str = ""
    """The block for which it saw a quorum of prepares."""

    commits: int = 0
    final: str = ""

    @property
    def words(self) -> str:
        """In words, for the end of a line."""
        if self.final:
            return f"{self.final} is final"
        if self.prepared:
            return f"prepared {self.prepared}: {self.commits} of {quorum(REPLICAS)} commits"
        if self.heard:
            return f"heard {self.heard}: {self.prepares} of {quorum(REPLICAS)} prepares"
        return f"view {self.view}, heard nothing" if self.view else "heard nothing"


@dataclass(frozen=True)
class Heard:
    """A message that arrived."""

    sent_ms: float
    arrived_ms: float
    sender: int
    to: int
    kind: str
    block: str
    """The block that it is about, as a letter; empty if it is about none."""

    @property
    def words(self) -> str:
        """In words."""
        about = f" {self.block}" if self.block else ""
        return f"{self.kind}{about} from replica {self.sender} to {self.to}"


@dataclass(frozen=True)
class Talk:
    """All that is said about the first block, and what each replica knows after each message."""

    liars: frozenset[int]
    messages: tuple[Heard, ...]
    known: tuple[Mapping[int, Knows], ...]
    """Of the honest ones, before the first message and after each."""

    @property
    def finals(self) -> Mapping[int, str]:
        """The block that each honest replica calls final in the end; empty if none."""
        return {replica: knows.final for replica, knows in self.known[-1].items()}

    @property
    def safe(self) -> bool:
        """Whether no two honest replicas call different blocks final."""
        return len(set(filter(None, self.finals.values()))) <= 1

    def title(self, step: int) -> str:
        """What has come of it after a step."""
        finals = {replica: knows.final for replica, knows in self.known[step].items()}
        done = [replica for replica, block in finals.items() if block]
        if len({finals[replica] for replica in done}) > 1:
            return "Two blocks are final at one height: safety is lost"
        if len(done) == len(finals):
            return f"Block {finals[done[0]]} is final for every honest replica"
        if done:
            return f"Block {finals[done[0]]} is final for {len(done)} of {len(finals)} honest ones"
        if step == len(self.messages):
            return "Nothing is final"
        return f"After {step} of {len(self.messages)} messages nothing is final"


class Storyteller:
    """A liar for this picture: the last of the honest replicas is told of another block than
    the rest, and the liars vote for whatever each was told. Besides that it is silent.
    """

    def __init__(self, me: int, liars: Collection[int], primary: str, notary: Signatures) -> None:
        self.me, self.notary = me, notary
        self.truthful = [node for node in range(REPLICAS) if node not in liars]
        self.tells = primary == TWO_STORIES
        self._blocks: tuple[Proposal, Proposal] | None = None

    def start(self, now: int) -> Iterable[Action]:
        """It lies in wait."""
        return []

    def receive(self, now: int, sender: int, message: Any) -> Iterable[Action]:
        """There is something to decide, or an honest primary has proposed."""
        if isinstance(message, Submit) and self.tells:
            one, other = (
                Proposal(1, GENESIS.digest, 0, 0, trades)
                for trades in (message.trades, message.trades[:1])
            )
            self._blocks = (one, other)
            return [*self._tell("prepare"), Wake(2 * ROUND, "commit")]
        if isinstance(message, PrePrepare) and not self.tells:
            self._blocks = (message.block, message.block)
            return self._tell("prepare")
        return []

    def woken(self, now: int, name: Any) -> Iterable[Action]:
        """The time to commit."""
        return self._tell(name)

    def _tell(self, phase: str) -> list[Action]:
        if self._blocks is None:
            return []
        actions: list[Action] = []
        for node in self.truthful:
            block = self._blocks[node == self.truthful[-1]]
            vote = self.notary.sign(self.me, (phase, 0, 1, block.digest))
            told: Message = Ballot(vote)
            if phase == "prepare" and self.me == 0:
                told = PrePrepare(0, block, vote)
            actions += to_each([node], told)
        return actions


@lru_cache(maxsize=16)
def talk(primary: str = HONEST, second_liar: bool = False, seed: int = SEED) -> Talk:
    """Four replicas agree on a block: replica 0 is the primary, and replica 1 may lie too.

    >>> talk().safe, len(talk().messages), sorted(talk().finals.values())
    (True, 21, ['A', 'A', 'A', 'A'])
    >>> talk("tells two stories").safe, talk("tells two stories", second_liar=True).safe
    (True, False)

    Raises ``ValueError`` for a primary that is none of :data:`PRIMARIES`.
    """
    if primary not in PRIMARIES:
        raise ValueError(f"{primary!r} is not offered; choose from {', '.join(PRIMARIES)}")
    liars = {0} if primary != HONEST else set[int]()
    liars |= {1} if second_liar else set()
    whole = _simulation(primary, liars, seed)
    whole.run(LONGEST)
    said = sorted(
        (one for one in whole.journeys if one.sender >= 0 and _height(one) <= 1),
        key=lambda one: one.arrived,
    )
    letters = _letters(whole.journeys)
    again = _simulation(primary, liars, seed)
    said = said[:MOST]
    truthful = [replica for replica in range(REPLICAS) if replica not in liars]
    again.run(said[0].sent if said else 0)
    messages, known = list[Heard](), [_know(again, truthful, letters)]
    for one in said:
        again.run(one.arrived)
        messages.append(_heard(one, letters))
        known.append(_know(again, truthful, letters))
        if all(each.final for each in known[-1].values()):
            break
    return Talk(frozenset(liars), tuple(messages), tuple(known))


def _simulation(primary: str, liars: set[int], seed: int) -> Simulation:
    notary = IdealSignatures()

    def replica(me: int) -> Replica:
        if me == 0 and primary == SILENT:
            return Silent()
        if me in liars:
            return Storyteller(me, liars, primary, notary)
        return Pbft(me, REPLICAS, 2, PATIENCE, notary)

    simulation = Simulation(
        [replica(me) for me in range(REPLICAS)], Network(LATENCY), seed, trace=True
    )
    simulation.submit(0, Submit(tuple(Trade(digest(n), 250_000, 350) for n in range(2))))
    return simulation


def _letters(journeys: Sequence[Journey]) -> dict[Digest, str]:
    """A letter for each block at height 1, in the order in which they were proposed."""
    found: dict[Digest, str] = {}
    for one in sorted(journeys, key=lambda one: (one.sent, one.to)):
        if isinstance(one.message, PrePrepare) and one.message.block.height == 1:
            found.setdefault(one.message.block.digest, "ABCDEFGH"[len(found)])
    return found


def _height(one: Journey) -> int:
    """At which height a message wants a block; 0 if it does not say."""
    vote = getattr(one.message, "vote", None)
    return int(vote.statement[2]) if vote is not None else 0


def _heard(one: Journey, letters: Mapping[Digest, str]) -> Heard:
    vote = getattr(one.message, "vote", None)
    block = letters.get(vote.statement[3], "?") if vote is not None else ""
    return Heard(one.sent / 1e3, one.arrived / 1e3, one.sender, one.to, one.kind, block)


def _know(
    simulation: Simulation, truthful: Sequence[int], letters: Mapping[Digest, str]
) -> dict[int, Knows]:
    known = {}
    for replica in truthful:
        one = simulation.replicas[replica]
        assert isinstance(one, Pbft)
        final = letters.get(one.log[1].block.digest, "?") if one.height > 1 else ""
        voted = one.accepted.get((one.view, 1))
        prepared = one.prepared if one.height == 1 else None
        known[replica] = Knows(
            one.view,
            letters.get(voted.digest, "?") if voted else "",
            _votes(one, "prepare", one.view, voted.digest) if voted else 0,
            letters.get(prepared[1].digest, "?") if prepared else "",
            _votes(one, "commit", prepared[0], prepared[1].digest) if prepared else 0,
            final,
        )
    return known


def _votes(one: Pbft, phase: str, view: int, block: Digest) -> int:
    return len(one.votes.get((phase, view, 1, block), {}))
