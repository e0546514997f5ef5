"""
A network splits, both halves go on, and then they meet again: what was settled in the
shorter half is settled no longer.

Ann has a roof, Ben buys her surplus; :func:`split` plays it. Before the split, interval 0
is settled. Then the east hears that interval 1 is settled, and that Ben pays Cat for a
bicycle; the west hears only that Ben sends the same tokens to Dan. When the halves meet,
the west has more work: the east's blocks are orphaned. The settlement waits again and is
mined again, with whatever Ben still owns; his payment to Cat cannot even wait, for the
west has used its nonce.

:func:`attack` does on purpose what the split did by chance, with a share of the power.

>>> story = split()
>>> [(row["interval"], row["east"], row["healed"], row["end"]) for row in story.trades]
[(0, 'settled', 'settled', 'settled'), (1, 'settled', 'un-settled', 'refused')]
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from energychain.consensus.block_tree import Added, BlockTree, Dropped, Move
from energychain.consensus.work import mine
from energychain.contracts.token import ENERGY_TOKEN
from energychain.ledger.block import Block
from energychain.ledger.chain import Chain
from energychain.ledger.mempool import Mempool
from energychain.ledger.state import ETHER, Receipt
from energychain.ledger.transaction import SignedTransaction, Value
from energychain.primitives.keys import Address
from energychain.primitives.refusals import BadInput
from energychain.primitives.units import kwh, tokens
from energychain.studies.private_chain import BLOCK_SECONDS, MINERS
from energychain.studies.testbed import ChainTerms, Testbed

EAST, WEST = "east", "west"

HOMES = ("ann", "ben", "cat", "dan")
"""Ann sells, Ben buys energy; Cat sells a bicycle; Dan is Ben's other account."""

OPENING = 100_000
"""Tokens that each home buys before the first interval [milli-token]."""

BICYCLE = 60_000
"""What Ben pays Cat in the east [milli-token]."""

SPENT_WEST = 75_000
"""What Ben sends to Dan in the west [milli-token]."""

RATE = 150_000
"""Energy that one token buys [mWh]."""

SOLD = 3_000_000
"""Ann's surplus in each interval, and Ben's shortfall [mWh]: 3 kWh, or 20 tokens."""

EMPTY_BLOCKS = {EAST: 1, WEST: 2}
"""Blocks without transactions that each half mines on top of its own."""

Row = dict[str, object]


# --- trades ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Trade:
    """A trade that a chain's newest block says is settled."""

    interval: int
    seller: str
    buyer: str
    energy: int
    """[mWh]"""

    tokens: int
    """[milli-token]"""

    height: int
    """The block that settled it."""


def trades(chain: Chain) -> tuple[Trade, ...]:
    """The energy trades that are settled on a chain, oldest first."""
    return tuple(
        Trade(
            _interval(signed),
            chain.name(_address(event["seller"])),
            chain.name(_address(event["buyer"])),
            _whole(event["energy"]),
            _whole(event["tokens"]),
            block.height,
        )
        for block, receipts in zip(chain.blocks, chain.receipts, strict=True)
        for signed, receipt in zip(block.transactions, receipts, strict=True)
        if signed.transaction.contract == "energy_trade"
        for event in receipt.events
        if event.name == "Sold"
    )


def unsettled(move: Move) -> tuple[Trade, ...]:
    """The trades that were settled before the head moved and are not settled after it."""
    still = {_terms(trade) for trade in trades(move.new)}
    return tuple(trade for trade in trades(move.old) if _terms(trade) not in still)


def _terms(trade: Trade) -> tuple[object, ...]:
    """A trade without its block: mined again, it is the same trade."""
    return trade.interval, trade.seller, trade.buyer, trade.energy, trade.tokens


def _interval(signed: SignedTransaction) -> int:
    return _whole(signed.transaction.arguments[0])


def _whole(value: Value) -> int:
    assert isinstance(value, int)
    return value


def _address(value: Value) -> Address:
    assert isinstance(value, str)
    return Address(value)


# --- mining on any chain --------------------------------------------------------------


def mined(
    network: Testbed, chain: Chain, miner: str, pending: Iterable[SignedTransaction] = ()
) -> Chain:
    """A chain with one more block, which a named miner made of these transactions."""
    draft = chain.draft(chain.head.header.time + BLOCK_SECONDS, network.address(miner))
    for signed in pending:
        draft.add(signed)
    return draft.finish(mine)


def _signed(
    network: Testbed, chain: Chain, name: str, contract: str, function: str, *arguments: Value
) -> SignedTransaction:
    nonce = chain.state.nonce(network.address(name))
    return network.signed(name, contract, function, *arguments, nonce=nonce)


def _trunk(difficulty_bits: int, seed: str) -> Testbed:
    """Everything before the split: tokens bought, terms agreed, interval 0 settled, the
    registers of interval 1 reported.
    """
    network = Testbed(HOMES, ChainTerms("forks", difficulty_bits=difficulty_bits, seed=seed))
    ann, ben = network.address("ann"), network.address("ben")
    network.open_block()
    for name in HOMES:
        network.send(name, "bank", "buy", OPENING)
    network.send("ann", "energy_trade", "offer", (ben,), RATE)
    network.send("ben", "energy_trade", "accept", (ann,), RATE)
    network.close_block()
    for interval in (0, 1):
        network.open_block()
        network.send("ann", "energy_trade", "report", interval, SOLD * (interval + 1), 0)
        network.send("ben", "energy_trade", "report", interval, 0, SOLD * (interval + 1))
        if interval == 0:
            network.send("bank", "energy_trade", "settle", interval)
        network.close_block()
    return network


# --- the split ------------------------------------------------------------------------


@dataclass(frozen=True)
class Split:
    """What happened, and the rows to show it."""

    network: Testbed
    """The chain before the split, and all keys."""

    tree: BlockTree
    """Every block, as a node of the east saw it in the end."""

    move: Move
    """The reorganisation when the halves met."""

    dropped: tuple[Dropped, ...]
    """What could wait no longer."""

    end: Receipt
    """What became of the settlement when it was mined again."""

    blocks: tuple[Row, ...]
    """The tree in the end: height, hash, parent, branch, miner, on_main, work and more."""

    events: tuple[Row, ...]
    """What happened, in order: step, where, what, height."""

    trades: tuple[Row, ...]
    """Each trade in the east, when the halves had met, and in the end."""

    balances: tuple[Row, ...]
    """Who owned what before the split, in the east, after the halves met, in the end."""


def split(
    spent_west: int = SPENT_WEST, difficulty_bits: int = 8, seed: str = "energychain forks"
) -> Split:
    """Play the split. The more Ben has spent in the west [milli-token], the less is left
    for the settlement: with 60 tokens or less, interval 1 is settled again.

    Raises :class:`~energychain.primitives.refusals.BadInput` unless Ben owns what he spends.
    """
    network = _trunk(difficulty_bits, seed)
    before = network.chain
    owned = network.balance("ben")
    if not 0 < spent_west <= owned:
        raise BadInput(
            f"Ben spends from 0.001 to {tokens(owned)} tokens in the west, not {tokens(spent_west)}"
        )
    miners = dict(zip((EAST, WEST), MINERS, strict=True))
    settle = _signed(network, before, "bank", "energy_trade", "settle", 1)
    payment = {
        half: _signed(
            network,
            before,
            "ben",
            "token",
            "transfer",
            ENERGY_TOKEN,
            network.address(payee),
            amount,
        )
        for half, payee, amount in ((EAST, "cat", BICYCLE), (WEST, "dan", spent_west))
    }
    heard = {EAST: (settle, payment[EAST]), WEST: (payment[WEST],)}
    ends: dict[str, Chain] = {}
    for half, sent in heard.items():
        chain = mined(network, before, miners[half], sent)
        for _ in range(EMPTY_BLOCKS[half]):
            chain = mined(network, chain, miners[half])
        ends[half] = chain

    diary = _Diary()
    east, west = BlockTree(before), BlockTree(before)
    forks = {half: chain.blocks[before.height + 1 :] for half, chain in ends.items()}
    for block in forks[EAST]:
        diary.note(EAST, block, east.add(block))
    for block in forks[WEST]:
        diary.note(WEST, block, west.add(block))
    # They meet. News travels as it likes: the newest block comes first.
    added = [diary.note(EAST, block, east.add(block)) for block in reversed(forks[WEST])]
    for block in forks[EAST]:
        diary.note(WEST, block, west.add(block))
    move = next(each.reorganisation for each in added if each.reorganisation is not None)
    room, dropped = move.waiting(Mempool())
    for trade in unsettled(move):
        diary.write(EAST, f"un-settled: {_words(trade)}", trade.height)
    for each in dropped:
        diary.write(EAST, f"dropped: {_wish(each.transaction)}; {each.reason}", move.new.height)
    again = mined(network, east.head, miners[WEST], room.pick(east.head.state))
    diary.note(EAST, again.head, east.add(again.head))
    west.add(again.head)
    receipt = again.receipt(settle.id)
    assert receipt is not None
    diary.write(EAST, f"mined again: {_wish(settle)}, {_became(receipt)}", again.height)
    moments = {"before": before, EAST: ends[EAST], "healed": move.new, "end": again}
    return Split(
        network,
        east,
        move,
        dropped,
        receipt,
        tuple(east.rows()),
        tuple(diary.rows),
        tuple(_trade_rows(moments)),
        tuple(_balance_rows(network, moments)),
    )


class _Diary:
    def __init__(self) -> None:
        self.rows: list[Row] = []

    def write(self, where: str, what: str, height: int) -> None:
        self.rows.append(
            {"step": len(self.rows) + 1, "where": where, "what": what, "height": height}
        )

    def note(self, where: str, block: Block, added: Added) -> Added:
        name = f"block {block.height}"
        if not added.connected:
            self.write(where, f"{name} waits for its parent", block.height)
        elif added.reorganisation is not None:
            move = added.reorganisation
            self.write(
                where,
                f"{name}, and {len(added.connected) - 1} blocks that waited for it: the head moves"
                f" from block {move.old.height} to block {move.new.height} of another branch,"
                f" {move.depth} blocks are orphaned",
                block.height,
            )
        else:
            grown = "the chain grows" if added.move is not None else "another branch, less work"
            self.write(where, f"{name}: {grown}", block.height)
        return added


def _words(trade: Trade) -> str:
    return (
        f"{trade.seller} sold {trade.buyer} {kwh(trade.energy)} kWh in interval"
        f" {trade.interval} for {tokens(trade.tokens)} tokens"
    )


def _wish(signed: SignedTransaction) -> str:
    wish = signed.transaction
    return f"{wish.contract}.{wish.function}, nonce {wish.nonce}"


def _became(receipt: Receipt) -> str:
    return ", ".join(event.name for event in receipt.events) or receipt.reason or "nothing"


def _trade_rows(moments: dict[str, Chain]) -> Iterable[Row]:
    every: dict[tuple[object, ...], Trade] = {}
    for chain in moments.values():
        every.update({_terms(trade): trade for trade in trades(chain)})
    for terms, trade in every.items():
        settled = {name: terms in map(_terms, trades(chain)) for name, chain in moments.items()}
        yield {
            "interval": trade.interval,
            "seller": trade.seller,
            "buyer": trade.buyer,
            "energy_kwh": trade.energy / 1e6,
            "tokens": trade.tokens / 1e3,
            EAST: "settled" if settled[EAST] else "never settled",
            "healed": "settled" if settled["healed"] else "un-settled",
            "end": "settled" if settled["end"] else "refused",
        }


def _balance_rows(network: Testbed, moments: dict[str, Chain]) -> Iterable[Row]:
    for moment, chain in moments.items():
        for asset, names in ((ENERGY_TOKEN, HOMES), (ETHER, MINERS)):
            for name in names:
                yield {
                    "moment": moment,
                    "name": name,
                    "asset": asset,
                    "amount": chain.state.balance(asset, network.address(name)),
                }


# --- the attack -----------------------------------------------------------------------


@dataclass(frozen=True)
class Race:
    """Who found which block, while an attacker tried to take back a payment."""

    share: float
    confirmations: int
    blocks: str
    """One letter a block, in order: ``h`` for an honest one, ``a`` for the attacker's."""

    succeeded: bool


def race(share: float, confirmations: int, rng: Random, patience: int = 30) -> Race:
    """Who finds which block, drawn one by one, until the attacker has drawn level after so
    many confirmations, or is ``patience`` blocks behind and gives up.

    Giving up costs a chance of less than :math:`(q/p)^{patience}`. With more than half of
    the power nobody gives up: to draw level is a matter of time.

    >>> race(0.9, 2, Random(1)).succeeded
    True

    Raises :class:`~energychain.primitives.refusals.BadInput` unless the share is above 0 and
    below 1 (with all of the power, nobody would confirm the payment), there is a confirmation
    and somebody has patience.
    """
    if not 0 < share < 1:
        raise BadInput(f"the attacker's share is more than 0 and less than 1, found {share:g}")
    if confirmations < 1 or patience < 1:
        raise BadInput("a race needs at least one confirmation and one block of patience")
    blocks = ""
    honest = attackers = 0
    while True:
        if attackers - honest >= 0 and honest >= confirmations:
            return Race(share, confirmations, blocks, succeeded=True)
        if honest - attackers >= patience and share <= 0.5:
            return Race(share, confirmations, blocks, succeeded=False)
        # The attacker goes on in secret until the payment is confirmed, however far ahead.
        if rng.random() < share:
            attackers, blocks = attackers + 1, blocks + "a"
        else:
            honest, blocks = honest + 1, blocks + "h"


@dataclass(frozen=True)
class Attack:
    """A race on a block tree, and what it did to a trade."""

    race: Race
    tree: BlockTree
    move: Move | None
    """The reorganisation that the attacker forced, if it succeeded."""

    unsettled: tuple[Trade, ...]
    """The trades that were taken back."""

    confirmations: int
    """What the payment had when the attacker's chain was shown [blocks]."""

    blocks: tuple[Row, ...]


def attack(
    share: float,
    confirmations: int,
    seed: int = 1,
    patience: int = 30,
    difficulty_bits: int = 0,
) -> Attack:
    """Ben takes back what he paid for energy, if he can.

    Ann's and Ben's interval 1 is settled in the first honest block; Ann waits for the
    confirmations. Ben has found one block in secret before, in which he sends his tokens to
    Dan. He goes on in secret, and shows his chain as soon as the confirmations are there and
    it has the most work. The head start makes drawing level enough, as in the formulas.
    """
    played = race(share, confirmations, Random(seed), patience)
    network = _trunk(difficulty_bits, "energychain forks")
    before = network.chain
    honest_miner, attacker = MINERS
    settle = _signed(network, before, "bank", "energy_trade", "settle", 1)
    owned = network.balance("ben")
    dan = network.address("dan")
    theft = _signed(network, before, "ben", "token", "transfer", ENERGY_TOKEN, dan, owned)
    tree = BlockTree(before)
    secret = mined(network, before, attacker, [theft])
    public = before
    for finder in played.blocks:
        if finder == "a":
            secret = mined(network, secret, attacker)
        else:
            public = mined(network, public, honest_miner, () if public is not before else [settle])
            tree.add(public.head)
    move = None
    confirmed = tree.head.confirmations(settle.id)
    if played.succeeded:
        # The newest first: then all of it counts at once.
        shown = [tree.add(block) for block in reversed(secret.blocks[before.height + 1 :])]
        move = shown[-1].reorganisation
    return Attack(
        played,
        tree,
        move,
        () if move is None else unsettled(move),
        confirmed,
        tuple(tree.rows()),
    )


def attacks(
    shares: Sequence[float], confirmations: int, runs: int, seed: int = 1, patience: int = 30
) -> list[Row]:
    """How often an attack succeeds, by share: the races alone, many of them, for a chart."""
    rng = Random(seed)
    return [
        {
            "share": share,
            "confirmations": confirmations,
            "runs": runs,
            "succeeded": sum(
                race(share, confirmations, rng, patience).succeeded for _ in range(runs)
            ),
        }
        for share in shares
    ]


# --- many forks -----------------------------------------------------------------------


@dataclass(frozen=True)
class Fork:
    """Three chains with one beginning: each has more work than the one before it."""

    base: Chain
    first: Chain
    second: Chain
    """Another branch, longer: the head moves here."""

    back: Chain
    """The first branch, longer still: the head moves back."""


def random_forks(count: int, seed: int = 1) -> Iterator[Fork]:
    """So many forks of a small chain, with random transfers in random blocks; the branches
    have some transactions in common, and others conflict. Blocks need no work here.
    """
    rng = Random(seed)
    network = Testbed(HOMES, ChainTerms("random forks", difficulty_bits=0))
    network.open_block()
    for name in HOMES:
        network.send(name, "bank", "buy", OPENING)
    network.close_block()
    wishes = _wishes(network)
    for _ in range(count):
        base = network.chain
        for _ in range(rng.randint(0, 2)):
            base = _random_block(network, base, wishes, rng)
        first = base
        for _ in range(rng.randint(1, 3)):
            first = _random_block(network, first, wishes, rng)
        second = base
        for _ in range(first.height - base.height + rng.randint(1, 2)):
            second = _random_block(network, second, wishes, rng)
        back = first
        for _ in range(second.height - first.height + 1):
            back = _random_block(network, back, wishes, rng)
        yield Fork(base, first, second, back)


Wishes = dict[tuple[str, int], tuple[SignedTransaction, SignedTransaction]]
"""By name and nonce, two transfers that exclude each other."""

MOST_WISHES = 9
"""So many blocks a random chain has at most."""


def _wishes(network: Testbed) -> Wishes:
    """Signed once, for all forks: to sign takes longer than all the rest."""
    wishes: Wishes = {}
    for at, name in enumerate(HOMES):
        used = network.chain.state.nonce(network.address(name))
        one, other = (network.address(HOMES[(at + step) % len(HOMES)]) for step in (1, 2))
        for nonce in range(used, used + MOST_WISHES):
            wishes[name, nonce] = (
                network.signed(
                    name, "token", "transfer", ENERGY_TOKEN, one, 1_000 + nonce, nonce=nonce
                ),
                network.signed(name, "token", "transfer", ENERGY_TOKEN, other, 70_000, nonce=nonce),
            )
    return wishes


def _random_block(network: Testbed, chain: Chain, wishes: Wishes, rng: Random) -> Chain:
    pending = []
    for name in HOMES:
        if rng.random() < 0.5:
            nonce = chain.state.nonce(network.address(name))
            pending.append(rng.choice(wishes[name, nonce]))
    return mined(network, chain, rng.choice(MINERS), pending)
