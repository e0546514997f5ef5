"""
Five ways to agree, one workload: a central database, proof of work, proof of stake, proof of
authority and PBFT order the same stream of energy transactions on the same simulated network.

The sources compare them in words (*Blockchain-based Smart Grids*, 2020, chapters 5 and 8; the
testbed of Cali & Fifield, 2019, runs proof of work with two miners and 12 confirmations). None
prints a measurement, so nothing here is a reproduction: all figures are ours, under the
assumptions of :class:`Setting`.

What is counted and what is not: messages and bytes between replicas, not those by which
households hand in transactions (every protocol needs the same); the hashes of the search for a
nonce, not those that name a block (as many everywhere); no time for checking signatures.

>>> for row in compare(Setting(nodes=4, rounds=4)):
...     print(f"{row.protocol:18} {row.messages_per_block:5.1f} {row.finality_median:6.1f} s")
central database     3.0    0.1 s
proof of work        3.0  240.9 s
proof of stake       3.0   60.0 s
proof of authority   3.0   15.0 s
PBFT                24.0    0.2 s
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from statistics import median, quantiles

from energychain.consensus.authority import Sealer, WithholdingSealer
from energychain.consensus.central import SERVER, Member, Server, TwoFacedServer
from energychain.consensus.longest_chain import LongestChain
from energychain.consensus.mining import Miner, WithholdingMiner
from energychain.consensus.pbft import Pbft
from energychain.consensus.protocol import (
    MILLISECOND,
    SECOND,
    IdealSignatures,
    KeySignatures,
    Proposal,
    Replica,
    Signatures,
    Submit,
    Trade,
)
from energychain.consensus.stake import Validator, WithholdingValidator
from energychain.consensus.traitors import PbftTraitor, Silent
from energychain.ledger.chain import CONFIRMATIONS, Chain
from energychain.network.simulation import Latency, Network, Partition, Simulation, Uniform
from energychain.primitives.hashing import digest
from energychain.primitives.keys import derive
from energychain.studies.private_chain import PrivateChain

CENTRAL, WORK, STAKE, AUTHORITY, PBFT = PROTOCOLS = (
    "central database",
    "proof of work",
    "proof of stake",
    "proof of authority",
    "PBFT",
)

KWH = 1_000_000
"""[mWh]"""

LATENCY = Uniform(20 * MILLISECOND, 80 * MILLISECOND)
"""Between two replicas: a country's internet."""


@dataclass(frozen=True)
class Setting:
    """What is assumed, the same for all."""

    nodes: int = 12
    latency: Latency = LATENCY
    bandwidth: int = 1_250_000
    """Of each replica's uplink [bytes/s]: 10 Mbit/s."""

    rounds: int = 40
    every: int = 15 * SECOND
    """Households hand in their transactions so many times, and so often [us]."""

    trades: int = 15
    """In each round."""

    trade_bytes: int = 350
    """A signed call of ours is about as long [bytes]."""

    trade_energy: int = KWH // 4
    """[mWh]"""

    limit: int = 100
    """The most transactions in a block."""

    interval: int = 15 * SECOND
    """Proof of work: the mean time between two blocks [us], as on Ethereum in 2018."""

    confirmations: int = CONFIRMATIONS
    """Proof of work and of stake: blocks until a transaction counts as settled."""

    slot: int = 5 * SECOND
    """Proof of stake: the time of a slot; proof of authority: the time of a turn [us]."""

    patience: int = 2 * SECOND
    """PBFT: how long a replica waits before it asks for another primary [us]."""

    hashes_per_second: int = 1_000_000
    """Proof of work: what all miners together try [hashes/s]."""

    joules_per_hash: float = 1e-4
    """Assumed: 100 W for a million tries a second, a processor without special hardware."""

    seed: int = 1

    @property
    def stakes(self) -> tuple[int, ...]:
        """Everybody has earned the same."""
        return (1_000,) * self.nodes

    @property
    def majority(self) -> int:
        """More than half of the replicas; for proof of authority also the confirmations that
        show a majority.
        """
        return self.nodes // 2 + 1


# --- who takes part -------------------------------------------------------------------


def honest(protocol: str, me: int, setting: Setting, signatures: Signatures) -> Replica:
    """The honest replica with this number.

    Raises ``ValueError`` for a protocol that is not one of :data:`PROTOCOLS`.
    """
    return _replica(protocol, me, setting.nodes, (me,), setting, signatures)


def _replica(
    protocol: str,
    me: int,
    places: int,
    names: Sequence[int],
    setting: Setting,
    signatures: Signatures,
    bad: bool = False,
) -> Replica:
    """Replica ``me`` of ``places``; in the protocol it goes by these names."""
    rng = Random(f"{setting.seed} {me}")
    chain = (me, places, setting.limit)
    if protocol == CENTRAL:
        server = TwoFacedServer if bad else Server
        return server(places, setting.limit) if me == SERVER else Member()
    if protocol == WORK:
        miner, share = WithholdingMiner if bad else Miner, len(names) / setting.nodes
        return miner(*chain, setting.confirmations, setting.interval, share, rng)
    if protocol == STAKE:
        validator = WithholdingValidator if bad else Validator
        depth, slot = setting.confirmations, setting.slot
        return validator(*chain, depth, slot, setting.stakes, signatures, names)
    if protocol == AUTHORITY:
        sealer = WithholdingSealer if bad else Sealer
        sealers = range(setting.nodes)
        return sealer(*chain, setting.majority, setting.slot, sealers, signatures, rng, names)
    if protocol == PBFT:
        return Pbft(me, places, setting.limit, setting.patience, signatures)
    raise ValueError(f"{protocol!r} is not offered; choose from {', '.join(PROTOCOLS)}")


def stream(setting: Setting) -> list[tuple[int, tuple[Trade, ...]]]:
    """The workload: when [us], and the transactions."""
    return [
        (
            number * setting.every,
            tuple(
                Trade(
                    digest((setting.seed, number, place)), setting.trade_energy, setting.trade_bytes
                )
                for place in range(setting.trades)
            ),
        )
        for number in range(setting.rounds)
    ]


@dataclass(frozen=True, eq=False)
class Run:
    """What happened under one protocol."""

    protocol: str
    setting: Setting
    simulation: Simulation
    honest: frozenset[int]
    handed_in: Mapping[bytes, int]
    """When each transaction was handed in [us]."""

    @property
    def safe(self) -> bool:
        """Whether no two honest replicas took different blocks for final at one height."""
        return self.simulation.conflict(self.honest) is None

    @property
    def settled(self) -> dict[bytes, int]:
        """When each transaction became final for more than half of the honest replicas [us]."""
        seen: dict[bytes, set[int]] = {}
        settled: dict[bytes, int] = {}
        for final in self.simulation.finals:
            if final.replica not in self.honest:
                continue
            for trade in final.commit.block.trades:
                believers = seen.setdefault(trade.id, set())
                believers.add(final.replica)
                if 2 * len(believers) > len(self.honest):
                    settled.setdefault(trade.id, final.time)
        return settled

    @property
    def live(self) -> bool:
        """Whether every transaction became final."""
        return self.settled.keys() >= self.handed_in.keys()

    @property
    def blocks(self) -> int:
        """The height of the highest chain of an honest replica."""
        replicas = [self.simulation.replicas[i] for i in self.honest]
        heights = [r.head.height for r in replicas if isinstance(r, LongestChain)]
        finals = [f.commit.height for f in self.simulation.finals if f.replica in self.honest]
        return max([*heights, *finals], default=0)

    @property
    def stale(self) -> float:
        """The share of all blocks that did not end up in the chain."""
        replicas = [self.simulation.replicas[i] for i in self.honest]
        made = {name for r in replicas if isinstance(r, LongestChain) for name in r.known}
        return 1 - self.blocks / (len(made) - 1) if len(made) > 1 else 0.0


def play(
    protocol: str,
    setting: Setting,
    until: int,
    handed_in: Iterable[tuple[int, tuple[Trade, ...]]] = (),
    silent: Collection[int] = (),
) -> Run:
    """Run one protocol until a time [us]; some replicas may be silent."""
    signatures, rounds = IdealSignatures(), list(handed_in)
    replicas = [
        Silent() if me in silent else honest(protocol, me, setting, signatures)
        for me in range(setting.nodes)
    ]
    network = Network(setting.latency, setting.bandwidth)
    simulation = Simulation(replicas, network, setting.seed)
    for time, trades in rounds:
        simulation.submit(time, Submit(trades))
    simulation.run(until)
    times = {trade.id: time for time, trades in rounds for trade in trades}
    return Run(protocol, setting, simulation, frozenset(range(setting.nodes)) - {*silent}, times)


# --- the table ------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One protocol in the table."""

    protocol: str
    nodes: int
    blocks: int
    transactions_per_second: float
    """What it can settle when more waits than it can take."""

    finality_median: float
    """From being handed in until final for more than half [s]."""

    finality_95: float
    """For all but 5 % at most [s]."""

    messages_per_block: float
    bytes_per_block: float
    hashes_per_kwh: float
    joules_per_kwh: float
    stale: float
    """The share of all blocks that did not end up in the chain."""

    safe: bool
    live: bool


def compare(setting: Setting | None = None) -> list[Row]:
    """The table: all five under one workload."""
    terms = setting or Setting()
    return [measure(protocol, terms) for protocol in PROTOCOLS]


def measure(protocol: str, setting: Setting) -> Row:
    """One row: a run under the workload, and one with more than it can take."""
    handed_in = stream(setting)
    # After the last round, time for the confirmations and half as many again.
    until = handed_in[-1][0] + 3 * setting.confirmations * setting.interval // 2
    run = play(protocol, setting, until, handed_in)
    waits = sorted((when - run.handed_in[t]) / SECOND for t, when in run.settled.items())
    blocks = max(run.blocks, 1)
    kwh = len(waits) * setting.trade_energy / KWH
    hashes = setting.hashes_per_second * until / SECOND if protocol == WORK else 0.0
    per_kwh = hashes / kwh if kwh else 0.0
    return Row(
        protocol=protocol,
        nodes=setting.nodes,
        blocks=run.blocks,
        transactions_per_second=capacity(protocol, setting),
        finality_median=median(waits) if waits else 0.0,
        finality_95=quantiles(waits, n=20)[-1] if len(waits) > 1 else 0.0,
        messages_per_block=run.simulation.messages / blocks,
        bytes_per_block=run.simulation.bytes / blocks,
        hashes_per_kwh=per_kwh,
        joules_per_kwh=per_kwh * setting.joules_per_hash,
        stale=run.stale,
        safe=run.safe,
        live=run.live,
    )


def capacity(protocol: str, setting: Setting, blocks: int = 40) -> float:
    """Transactions per second when so many full blocks wait from the beginning."""
    waiting = replace(setting, rounds=1, trades=blocks * setting.limit)
    until = (2 * blocks + setting.confirmations) * setting.interval
    settled = sorted(play(protocol, waiting, until, stream(waiting)).settled.values())
    first = sum(time == settled[0] for time in settled) if settled else 0
    if len(settled) == first:
        return 0.0
    return (len(settled) - first) * SECOND / (settled[-1] - settled[0])


@dataclass(frozen=True)
class Growth:
    """Messages against the number of replicas."""

    protocol: str
    nodes: int
    messages_per_block: float
    bytes_per_block: float


def growth(
    sizes: Sequence[int] = (4, 8, 16, 32, 64), setting: Setting | None = None
) -> list[Growth]:
    """What a block costs as more replicas take part."""
    rows: list[Growth] = []
    for nodes in sizes:
        terms = replace(setting or Setting(rounds=6), nodes=nodes)
        for protocol in PROTOCOLS:
            handed_in = stream(terms)
            run = play(protocol, terms, handed_in[-1][0] + 4 * terms.interval, handed_in)
            sent, blocks = run.simulation, max(run.blocks, 1)
            rows.append(Growth(protocol, nodes, sent.messages / blocks, sent.bytes / blocks))
    return rows


# --- when some misbehave --------------------------------------------------------------


@dataclass(frozen=True)
class Verdict:
    """What so many misbehaving replicas can do."""

    protocol: str
    nodes: int
    misbehaving: int
    runs: int
    broken: int
    """In so many of the runs the coalition's attack broke safety."""

    stopped: int
    """In so many of the runs its silence stopped the protocol."""

    @property
    def share(self) -> float:
        """Of all replicas."""
        return self.misbehaving / self.nodes

    @property
    def safe(self) -> bool:
        """Whether no attack succeeded."""
        return self.broken == 0

    @property
    def live(self) -> bool:
        """Whether silence stopped nothing."""
        return self.stopped == 0


def misbehaviour(
    counts: Sequence[int] = (1, 3, 4, 6, 7), setting: Setting | None = None, runs: int = 10
) -> list[Verdict]:
    """Every protocol against coalitions of these sizes: one, a quarter, a third, a half and more
    than a half of twelve, under ``runs`` seeds.

    The coalition does what hurts most among what is written down here: the server tells two
    stories; miners, validators and sealers build a branch in secret; PBFT's traitors vote for
    everything. Of the replicas, the first ones misbehave, and the server is the first.
    """
    terms = setting or Setting(rounds=2)
    return [_verdict(protocol, count, terms, runs) for protocol in PROTOCOLS for count in counts]


def _verdict(protocol: str, count: int, setting: Setting, runs: int) -> Verdict:
    seeded = [replace(setting, seed=setting.seed + i) for i in range(runs)]
    broken = sum(not attack(protocol, count, terms).safe for terms in seeded)
    stopped = sum(not silence(protocol, count, terms).live for terms in seeded)
    return Verdict(protocol, setting.nodes, count, runs, broken, stopped)


def silence(protocol: str, count: int, setting: Setting) -> Run:
    """The first ``count`` replicas never say a word; the others have four times the time that
    confirmations take.
    """
    handed_in = stream(setting)
    until = handed_in[-1][0] + 4 * setting.confirmations * setting.interval
    return play(protocol, setting, until, handed_in, range(count))


def attack(protocol: str, count: int, setting: Setting) -> Run:
    """The first ``count`` replicas conspire. In a chain they act as one replica with as many
    names (shares of the hash rate, stakes, seats).
    """
    signatures, total = IdealSignatures(), setting.nodes
    until = 6 * setting.confirmations * setting.interval
    if protocol in (CENTRAL, PBFT):
        network_nodes, bad = total, set(range(count))
        replicas = [
            _replica(protocol, me, total, (me,), setting, signatures, bad=True)
            if protocol == CENTRAL
            else PbftTraitor(me, total, signatures, Random(f"{setting.seed} {me}"), bad)
            if me in bad
            else honest(protocol, me, setting, signatures)
            for me in range(total)
        ]
        until = 20 * SECOND
    else:
        network_nodes, bad = total - count + 1, {0}
        names = [tuple(range(count)), *((me,) for me in range(count, total))]
        replicas = [
            _replica(protocol, me, network_nodes, name, setting, signatures, bad=me == 0)
            for me, name in enumerate(names)
        ]
    simulation = Simulation(replicas, Network(setting.latency, setting.bandwidth), setting.seed)
    handed_in = stream(setting)
    for time, trades in handed_in:
        simulation.submit(time, Submit(trades))
    simulation.run(until)
    times = {trade.id: time for time, trades in handed_in for trade in trades}
    if protocol == CENTRAL:
        bad = {SERVER}
    return Run(protocol, setting, simulation, frozenset(range(network_nodes)) - bad, times)


def cloned_sealer(nodes: int = 5, setting: Setting | None = None) -> Run:
    """Proof of authority cut into two equal sides, with the first sealer at work on both under
    its one name: one liar and a partition are enough.

    Raises ``ValueError`` for an even number of sealers: then the sides are not equal.
    """
    if nodes % 2 == 0:
        raise ValueError(f"expected an odd number of sealers, not {nodes}")
    terms = replace(setting or Setting(), nodes=nodes)
    signatures, until = IdealSignatures(), 40 * terms.slot
    half = nodes // 2
    replicas = [
        _replica(AUTHORITY, me, nodes + 1, (me % nodes,), terms, signatures)
        for me in range(nodes + 1)
    ]
    cut = Partition(0, until, (frozenset(range(half + 1)),))
    network = Network(terms.latency, terms.bandwidth, partitions=(cut,))
    simulation = Simulation(replicas, network, terms.seed)
    simulation.run(until)
    return Run(AUTHORITY, terms, simulation, frozenset(range(1, nodes)), {})


# --- the same on the real ledger ------------------------------------------------------


def on_the_ledger(protocol: str, nodes: int = 4, households: int = 6) -> list[Chain]:
    """A small run with nothing simulated but the network: signed transactions, replicas that
    sign with keys of their own, and a chain at each replica, to which it appends what becomes
    final, asking every rule of the ledger.

    Each household pays its neighbour a token. The chains of the replicas are returned.
    """
    homes = [f"home {number}" for number in range(households)]
    names = [*homes, *(f"replica {number}" for number in range(nodes))]
    tokens = [("token", home, 5_000) for home in homes]
    members = PrivateChain(names, difficulty_bits=0, balances=tokens)
    signed = [
        members.signed(home, "token", "transfer", "token", members.address(neighbour), 2_000)
        for home, neighbour in zip(homes, [*homes[1:], homes[0]], strict=True)
    ]
    trades = tuple(Trade(each.id, KWH, len(each.encoded), each) for each in signed)
    keys = [derive("energychain", f"replica {number}") for number in range(nodes)]
    setting = Setting(nodes=nodes, limit=4, interval=SECOND, slot=SECOND, confirmations=3)
    signatures = KeySignatures(keys)
    replicas = [honest(protocol, me, setting, signatures) for me in range(nodes)]
    simulation = Simulation(replicas, Network(setting.latency), setting.seed)
    simulation.submit(0, Submit(trades))
    simulation.run(20 * SECOND)
    chains = [members.chain] * nodes
    for final in simulation.finals:
        chains[final.replica] = _append(chains[final.replica], final.commit.block, members, nodes)
    return chains


def _append(chain: Chain, block: Proposal, members: PrivateChain, nodes: int) -> Chain:
    if block.height <= chain.height:
        return chain
    miner = members.address(f"replica {block.proposer % nodes}")
    draft = chain.draft(members.start + block.height, miner)
    for trade in block.trades:
        draft.add(trade.content)
    return chain.append(draft.block())
