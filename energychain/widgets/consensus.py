"""
Ways to agree, hands on: PBFT message by message, with a primary that lies, and what a network
that is cut in two does to each of the five protocols.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any

import ipywidgets as widgets

from energychain.charts import consensus as charts
from energychain.charts.theme import Picture
from energychain.consensus.longest_chain import LongestChain
from energychain.consensus.pbft import Ballot, Pbft, PrePrepare, most_faulty, quorum
from energychain.consensus.protocol import (
    GENESIS,
    MILLISECOND,
    SECOND,
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
from energychain.consensus.traitors import PbftTraitor, Silent
from energychain.network.simulation import Journey, Network, Partition, Simulation, Uniform
from energychain.primitives.hashing import Digest, digest
from energychain.studies.consensus import PROTOCOLS, Run, Setting, honest, stream
from energychain.widgets.explorer import Explorer, Table, View, labelled

# --- one block, message by message ----------------------------------------------------

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

    def picture(self, step: int) -> Picture:
        """What was said up to a step, as a chart.

        Raises ``IndexError`` if there is no such step.
        """
        if not 0 <= step <= len(self.messages):
            raise IndexError(f"there is no step {step}: {len(self.messages)} messages are sent")
        return charts.sequence(
            [vars(message) for message in self.messages[:step]],
            {
                replica: "lies" if replica in self.liars else self.known[step][replica].words
                for replica in range(REPLICAS)
            },
            until_ms=self.messages[-1].arrived_ms,
            title=self.title(step),
        )

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


class PbftExplorer(Explorer):
    """PBFT with four replicas, one message at a time.

    >>> explorer = PbftExplorer()
    >>> explorer.controls["step"].value = 99
    >>> explorer.status
    'All 25 messages have arrived. Block A is final for every honest replica.'
    """

    def __init__(self, *, prediction: str = "") -> None:
        super().__init__(
            "Can one liar among four make two blocks final?",
            {
                "primary": labelled(
                    widgets.Dropdown, "Replica 0, primary", options=PRIMARIES, value=TWO_STORIES
                ),
                "second_liar": labelled(
                    widgets.Checkbox, "Replica 1 lies too", value=False, indent=False
                ),
                "step": labelled(
                    widgets.IntSlider, "Messages heard", value=12, min=0, max=MOST, step=1
                ),
            },
            self._look,
            prediction=prediction,
        )

    def _look(self, primary: str, second_liar: bool, step: int) -> View:
        said = talk(primary, second_liar)
        at = min(step, len(said.messages))
        table = Table(
            "What each replica knows",
            ("replica", "view", "heard", "prepares", "prepared", "commits", "final"),
            [_table_row(replica, said.known[at].get(replica)) for replica in range(REPLICAS)],
        )
        return View(
            (said.picture(at),),
            _talk_status(said, at),
            "\n".join(
                [
                    "from energychain.widgets.consensus import talk",
                    "",
                    f'said = talk("{primary}", second_liar={second_liar})',
                    'print("safe:", said.safe, said.finals)',
                    f"said.picture({at})",
                ]
            ),
            table.html(),
        )


def _table_row(replica: int, knows: Knows | None) -> tuple[str, ...]:
    if knows is None:
        return (f"{replica} (lies)", *("–",) * 6)
    return (
        str(replica),
        str(knows.view),
        knows.heard or "–",
        str(knows.prepares),
        knows.prepared or "–",
        str(knows.commits),
        knows.final or "–",
    )


def _talk_status(said: Talk, step: int) -> str:
    if step == len(said.messages):
        count = "All" if all(said.finals.values()) else "The first"
        return f"{count} {step} messages have arrived. {said.title(step)}."
    if step == 0:
        return "The transactions are known to all, and nothing was said yet."
    last = said.messages[step - 1]
    after = said.known[step].get(last.to)
    so_now = f" It now has: {after.words}." if after else " It lies, and keeps what it knows."
    return f"Message {step} of {len(said.messages)}: {last.words}.{so_now}"


# --- how often safety is lost ---------------------------------------------------------


def broken(nodes: int, liars: int, runs: int = 20) -> int:
    """In how many of so many random schedules PBFT's liars make two blocks final at one height.

    >>> broken(4, 1, runs=5)
    0
    """
    lost = 0
    for seed in range(runs):
        notary = IdealSignatures()
        bad = set(range(liars))
        replicas: list[Replica] = [
            PbftTraitor(me, nodes, notary, Random(f"{seed} {me}"), bad - {me})
            if me in bad
            else Pbft(me, nodes, 2, PATIENCE, notary)
            for me in range(nodes)
        ]
        simulation = Simulation(
            replicas, Network(Uniform(10 * MILLISECOND, 90 * MILLISECOND)), seed
        )
        simulation.submit(0, Submit(tuple(Trade(digest(n), 250_000, 350) for n in range(2))))
        simulation.run(4 * SECOND)
        lost += simulation.conflict(set(range(nodes)) - bad) is not None
    return lost


def broken_rows(sizes: Sequence[int] = (4, 7, 10), runs: int = 20) -> list[dict[str, int]]:
    """Replicas, liars, and in how many runs safety was lost: with f liars and with f + 1."""
    return [
        {"replicas": nodes, "liars": liars, "runs": runs, "broken": broken(nodes, liars, runs)}
        for nodes in sizes
        for liars in (most_faulty(nodes), most_faulty(nodes) + 1)
    ]


# --- cut in two -----------------------------------------------------------------------

CUT = (0, 900 * SECOND)
"""From when until when the network is cut [us]."""


def cut(
    protocol: str, larger: int, setting: Setting | None = None, seed: int = 1
) -> tuple[Run, dict[str, object]]:
    """A network of twelve, cut for a quarter of an hour into the first ``larger`` replicas and the
    rest, and joined again: the run, and what each side took for final meanwhile, as a row.
    """
    terms = setting or Setting(rounds=10, seed=seed)
    notary = IdealSignatures()
    replicas = [honest(protocol, me, terms, notary) for me in range(terms.nodes)]
    side = frozenset(range(larger))
    network = Network(terms.latency, terms.bandwidth, partitions=(Partition(*CUT, (side,)),))
    simulation = Simulation(replicas, network, terms.seed)
    rounds = stream(terms)
    for time, trades in rounds:
        simulation.submit(time, Submit(trades))
    simulation.run(CUT[1] + 600 * SECOND)
    times = {trade.id: time for time, trades in rounds for trade in trades}
    run = Run(protocol, terms, simulation, frozenset(range(terms.nodes)), times)
    return run, {
        "protocol": protocol,
        "larger side": _final_during_cut(simulation, range(larger)),
        "smaller side": _final_during_cut(simulation, range(larger, terms.nodes)),
        "handed in": len(times),
        "taken back": _taken_back(simulation),
        "two stories": not run.safe,
    }


def _final_during_cut(simulation: Simulation, side: Sequence[int]) -> int:
    """How many trades were final for some replica of a side before the cut ended."""
    return len(
        {
            trade.id
            for final in simulation.finals
            if final.time < CUT[1] and final.replica in side
            for trade in final.commit.block.trades
        }
    )


def _taken_back(simulation: Simulation) -> int:
    """How many trades some replica took for final and does not find in its chain in the end, or
    only in another block.
    """
    lost: set[bytes] = set()
    for number, replica in enumerate(simulation.replicas):
        if not isinstance(replica, LongestChain):
            continue
        for final in simulation.finals:
            block = final.commit.block
            kept = block.height < len(replica.final) and replica.final[block.height] == block.digest
            if final.replica == number and not kept:
                lost |= {trade.id for trade in block.trades}
    return len(lost)


def cut_rows(larger: int, setting: Setting | None = None) -> list[dict[str, Any]]:
    """All five protocols, cut in two."""
    return [cut(protocol, larger, setting)[1] for protocol in PROTOCOLS]
