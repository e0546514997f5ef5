"""
The testbed's token day: three households, one roof, a hundred tokens each.

Cali & Fifield (2019), section 4. Node 1 has solar panels; what it does not use, nodes
2 and 3 buy for tokens, node 2 first, each up to its consumption. Every reading and
every settlement is a signed transaction in a mined block. The same study runs on any
meters (:func:`energychain.grid.metering.read_meters`).

>>> day = run()
>>> day.balance("node 1", "2017-07-04T15:00")
'190.834'
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from functools import cache, cached_property

from energychain import datasets
from energychain.grid.metering import Meters, read_meters
from energychain.ledger.block import Header
from energychain.ledger.chain import Chain
from energychain.ledger.state import Event
from energychain.ledger.transaction import SignedTransaction, Value
from energychain.markets.fixed_price import SPLITS
from energychain.primitives.keys import Address
from energychain.primitives.merkle import InclusionProof
from energychain.primitives.refusals import BadInput
from energychain.primitives.units import tokens
from energychain.studies.private_chain import BLOCK_SECONDS
from energychain.studies.stages import ChainStage, RehearsalStage, Stage
from energychain.studies.testbed import HOUSEHOLDS, TOKEN_PRICE, ChainTerms, Testbed

SETUP_SECONDS = 60
"""How long before the first interval the chain begins [s]."""


@dataclass(frozen=True)
class DayTerms:
    """What the members agree on."""

    mwh_per_token: int = 150_000
    """Energy that one token buys [mWh]: 150 Wh (Table 2)."""

    opening_tokens: int = 100_000
    """Tokens that each member buys before the day [milli-token] (section 4.4)."""

    split: str = "in order"
    """Buyers are served in order, or pro rata."""

    order: tuple[str, ...] = ()
    """The order in which members sell and buy; as the meters name them, if empty."""

    price: int = TOKEN_PRICE
    """What the bank takes and pays for a token [micro-dollar]; our parameter."""


@dataclass(frozen=True)
class Row:
    """One node in one interval. Energies in mWh, the balance in milli-tokens."""

    time: str
    node: str
    surplus: int
    sold: int
    bought: int
    balance: int
    """After the interval was settled."""


@dataclass(frozen=True)
class RefusedBuyer:
    """A buyer whose tokens did not cover an interval."""

    time: str
    node: str
    due: int
    owned: int

    def __str__(self) -> str:
        return (
            f"{self.time}: {self.node} is refused, {tokens(self.due)} tokens are due and it has"
            f" {tokens(self.owned)}; its share went to the next buyer"
        )


@dataclass(frozen=True)
class Totals:
    """A node over the whole time. Energies in mWh, the balance in milli-tokens."""

    sold: int
    bought: int
    unsold: int
    """Surplus that nobody took."""

    balance: int
    """After the last settlement, before the closing redemption."""


@dataclass(frozen=True)
class Day:
    """What happened."""

    meters: Meters
    terms: DayTerms
    rows: tuple[Row, ...]
    refused: tuple[RefusedBuyer, ...] = ()
    redeemed: Mapping[str, int] = field(default_factory=dict)
    """Tokens that each earner turned into money when the day was over [milli-token]."""

    network: Testbed | None = None
    """The private chain on which it happened; none for a rehearsal."""

    readings: Mapping[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """Block height and index of each reading, by time and node."""

    def __repr__(self) -> str:
        where = "rehearsed" if self.network is None else repr(self.network.chain)
        return f"<day of {', '.join(self.meters.nodes)}: {len(self.meters)} intervals, {where}>"

    @property
    def chain(self) -> Chain:
        """The chain on which it happened.

        Raises ``ValueError`` for a rehearsal, which has none.
        """
        if self.network is None:
            raise ValueError("a rehearsal has no chain: use run()")
        return self.network.chain

    def row(self, node: str, time: str) -> Row:
        """One node in one interval.

        Raises ``KeyError`` if there is no such node or interval.
        """
        return self._by_node_and_time[node, time]

    @cached_property
    def _by_node_and_time(self) -> dict[tuple[str, str], Row]:
        return {(row.node, row.time): row for row in self.rows}

    def balance(self, node: str, time: str) -> str:
        """A token balance after an interval, as text."""
        return tokens(self.row(node, time).balance)

    @cached_property
    def totals(self) -> dict[str, Totals]:
        """The sums of each node."""
        return {node: self._total(node) for node in self.meters.nodes}

    def _total(self, node: str) -> Totals:
        rows = [row for row in self.rows if row.node == node]
        sold = sum(row.sold for row in rows)
        return Totals(
            sold=sold,
            bought=sum(row.bought for row in rows),
            unsold=sum(row.surplus for row in rows) - sold,
            balance=rows[-1].balance,
        )

    def records(self) -> list[dict[str, str | int | float]]:
        """The rows for people and charts: one dictionary per interval and node, energies
        in kWh and balances in tokens, as floats.
        """
        nodes, times = self.meters.nodes, self.meters.times
        place = {node: at for at, node in enumerate(nodes)}
        number = {time: at for at, time in enumerate(times)}
        step = timedelta(seconds=self.meters.step)
        return [
            {
                "time": row.time,
                "hour": (self.meters.start + number[row.time] * step).hour,
                "node": row.node,
                "produced_kwh": self.meters.produced[place[row.node]][number[row.time]] / 1e6,
                "consumed_kwh": self.meters.consumed[place[row.node]][number[row.time]] / 1e6,
                "surplus_kwh": row.surplus / 1e6,
                "sold_kwh": row.sold / 1e6,
                "bought_kwh": row.bought / 1e6,
                "balance_tokens": row.balance / 1e3,
            }
            for row in self.rows
        ]

    def proof(self, node: str, time: str) -> tuple[SignedTransaction, InclusionProof, Header]:
        """A node's own reading, the proof that it is in a block, and the block's header:
        all that a light node keeps.
        """
        height, index = self.readings[time, node]
        block = self.chain.blocks[height]
        return block.transactions[index], block.proof(index), block.header


# --- the play -------------------------------------------------------------------------


def testbed_meters() -> Meters:
    """The readings of the testbed's day: Table 2 where it speaks, a reconstruction where
    it is silent (see ``datasets/testbed/about.toml``).
    """
    return read_meters(datasets.lines("testbed", "meters_reconstructed.csv"))


def household_week() -> Meters:
    """Six homes over a week at 15 minutes: SimBench profiles (Meinecke et al., 2020)."""
    return read_meters(datasets.lines("simbench_week", "meters.csv"))


def run(
    meters: Meters | None = None,
    terms: DayTerms | None = None,
    progress: Callable[[int], None] | None = None,
) -> Day:
    """Play the day on a private chain, with signed transactions in mined blocks.

    The members buy their tokens and agree on terms; in each interval every meter reports
    and the interval is settled; after twelve confirmations the earners redeem what they
    earned. ``progress`` is told the number of each interval.

    Raises :class:`~energychain.primitives.refusals.BadInput` if the terms make no sense.
    """
    meters, terms = meters or testbed_meters(), _checked(terms or DayTerms())
    network = _network(meters, terms)
    stage = ChainStage(network)
    rows, refused, readings = _play(stage, meters, terms, progress)
    network.confirm()
    redeemed = _redeem(network, meters, terms)
    return Day(meters, terms, rows, refused, redeemed, network, readings)


def rehearse(meters: Meters | None = None, terms: DayTerms | None = None) -> Day:
    """The same day without a chain: the same contracts, hence the same rows."""
    meters, terms = meters or testbed_meters(), _checked(terms or DayTerms())
    try:
        network = _empty_network(meters.nodes, terms.split, terms.price)
    except ValueError as fault:
        raise BadInput(str(fault)) from None
    rows, refused, _ = _play(RehearsalStage(network), meters, terms, None)
    return Day(meters, terms, rows, refused)


def _checked(terms: DayTerms) -> DayTerms:
    if terms.mwh_per_token <= 0:
        raise BadInput("a token buys more than 0 Wh")
    if terms.opening_tokens < 0:
        raise BadInput("nobody opens with fewer than 0 tokens")
    if terms.price < 0:
        raise BadInput("the price of a token is 0 or more")
    if terms.split not in SPLITS:
        raise BadInput(f"surplus is divided {' or '.join(SPLITS)}, not {terms.split!r}")
    return terms


def _network(meters: Meters, terms: DayTerms) -> Testbed:
    try:
        return Testbed(
            _households(meters.nodes),
            ChainTerms(
                start=_seconds(meters) - SETUP_SECONDS,
                first_interval=_seconds(meters),
                interval=meters.step,
                split=terms.split,
                price=terms.price,
            ),
        )
    except ValueError as fault:
        raise BadInput(str(fault)) from None


# A rehearsal's keys and first state depend on little: keep them, so that a slider is quick.
@cache
def _empty_network(nodes: tuple[str, ...], split: str, price: int) -> Testbed:
    return Testbed(_households(nodes), ChainTerms(split=split, price=price))


def _households(nodes: tuple[str, ...]) -> tuple[str, ...]:
    """The testbed has a fourth household account, which stays idle all day."""
    return HOUSEHOLDS if set(nodes) <= set(HOUSEHOLDS) else nodes


def _seconds(meters: Meters) -> int:
    start = meters.start
    return int((start if start.tzinfo else start.replace(tzinfo=UTC)).timestamp())


def _play(
    stage: Stage, meters: Meters, terms: DayTerms, progress: Callable[[int], None] | None
) -> tuple[tuple[Row, ...], tuple[RefusedBuyer, ...], dict[tuple[str, str], tuple[int, int]]]:
    start = _seconds(meters)
    order = _order(meters, terms)
    _set_up(stage, meters, terms, order, start)
    names = {stage.network.address(node): node for node in meters.nodes}
    produced, consumed = [0] * len(meters.nodes), [0] * len(meters.nodes)
    rows: list[Row] = []
    refused: list[RefusedBuyer] = []
    readings: dict[tuple[str, str], tuple[int, int]] = {}
    for interval, time in enumerate(meters.times):
        stage.open(start + (interval + 1) * meters.step)
        for node in order:
            at = meters.nodes.index(node)
            produced[at] += meters.produced[at][interval]
            consumed[at] += meters.consumed[at][interval]
            if isinstance(stage, ChainStage):
                readings[time, node] = (stage.network.chain.height + 1, stage.sent)
            stage.act(node, "energy_trade", "report", interval, produced[at], consumed[at])
        events = stage.act(order[0], "energy_trade", "settle", interval)
        stage.close()
        sold, bought = _traded(events, names)
        rows += [
            Row(
                time,
                node,
                meters.surplus(at, interval),
                sold.get(node, 0),
                bought.get(node, 0),
                stage.balance(node),
            )
            for at, node in enumerate(meters.nodes)
        ]
        refused += [
            RefusedBuyer(
                time, names[_address(event["buyer"])], _int(event["due"]), _int(event["owned"])
            )
            for event in events
            if event.name == "Refused"
        ]
        if progress is not None:
            progress(interval + 1)
    return tuple(rows), tuple(refused), readings


def _order(meters: Meters, terms: DayTerms) -> tuple[str, ...]:
    if not terms.order:
        return meters.nodes
    if sorted(terms.order) != sorted(meters.nodes):
        raise BadInput(f"the order must name each of {', '.join(meters.nodes)} once")
    return terms.order


def _set_up(
    stage: Stage, meters: Meters, terms: DayTerms, order: tuple[str, ...], start: int
) -> None:
    """The members buy tokens; sellers offer, buyers accept."""
    stage.open(start - SETUP_SECONDS // 2)
    if terms.opening_tokens:
        for node in order:
            stage.act(node, "bank", "buy", terms.opening_tokens)
    stage.close()
    stage.open(start - SETUP_SECONDS // 4)
    sellers = [node for node in order if any(meters.produced[meters.nodes.index(node)])]
    for seller in sellers:
        buyers = tuple(stage.network.address(node) for node in order if node != seller)
        stage.act(seller, "energy_trade", "offer", buyers, terms.mwh_per_token)
    for buyer in order:
        offers = tuple(stage.network.address(seller) for seller in sellers if seller != buyer)
        if offers:
            stage.act(buyer, "energy_trade", "accept", offers, terms.mwh_per_token)
    stage.close()


def _redeem(network: Testbed, meters: Meters, terms: DayTerms) -> dict[str, int]:
    """The closing redemption: those who earned tokens turn what they earned into money."""
    start = _seconds(meters)
    earned = {
        node: network.balance(node) - terms.opening_tokens
        for node in meters.nodes
        if network.balance(node) > terms.opening_tokens
    }
    first_due = start - SETUP_SECONDS + network.terms.redemption_interval
    network.open_block(max(first_due, network.chain.head.header.time + BLOCK_SECONDS))
    for node, amount in earned.items():
        network.send(node, "bank", "redeem", amount)
    network.close_block()
    network.confirm()
    return earned


def _traded(
    events: Sequence[Event], names: Mapping[Address, str]
) -> tuple[dict[str, int], dict[str, int]]:
    """What each node sold and bought, from the events of a settlement [mWh]."""
    sold: dict[str, int] = {}
    bought: dict[str, int] = {}
    for event in events:
        if event.name == "Sold":
            energy = _int(event["energy"])
            for side, name in (
                (sold, names[_address(event["seller"])]),
                (bought, names[_address(event["buyer"])]),
            ):
                side[name] = side.get(name, 0) + energy
    return sold, bought


def _address(value: Value) -> Address:
    return Address(str(value))


def _int(value: Value) -> int:
    assert isinstance(value, int)
    return value
