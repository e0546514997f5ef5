r"""
Proof of stake: the right to make the next block is drawn, in proportion to what each has to
lose.

Chapter 8 of *Blockchain-based Smart Grids* (2020) proposes it for demand response: the stake
is "the absolute remunerated DR impetuses got to date", that is, the incentive that a
validator has earned so far, which it would lose; with some randomisation, so that the
largest does not decide alone, and a coin age as in PPCoin (King & Nadal, 2012). So there are
three ways to weigh a validator: :func:`flattened` stakes, stakes times their age
(``age_limit``), and the plain stake.

Time is cut into slots. The draw for a slot is a hash of the parent and the slot's number
(:func:`drawn`), so everybody comes to the same answer and nobody need speak. It has one
weakness, *grinding*: whoever makes the parent may try many of them and keep the one that
draws itself next (:func:`grind`); real chains draw from secrets that were committed to
beforehand, or from signatures that have one value only.

A hash costs nothing to make, and so does a block here: why not make two? Because each is
signed. Two signatures of one validator for one slot are :class:`Evidence`; whoever holds it
puts it into the next block, and on that branch the liar's stake is gone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from energychain.consensus.longest_chain import Announce, LongestChain, Withholding
from energychain.consensus.protocol import (
    GENESIS,
    Action,
    Proposal,
    Signatures,
    Signed,
    Wake,
    to_each,
)
from energychain.primitives.hashing import Digest, digest


def drawn(parent: Digest, slot: int, weights: Sequence[int]) -> int | None:
    """The validator whose slot it is, with probability proportional to its weight; nobody if
    all weights are 0.

    The hash is taken modulo the total: for totals below 2^128 the bias is below 2^-128.

    >>> [drawn(GENESIS.digest, slot, (1, 0, 1)) for slot in range(8)]
    [2, 2, 0, 0, 0, 2, 2, 2]
    """
    total = sum(weights)
    if not total:
        return None
    ticket = int.from_bytes(digest((parent, slot)), "big") % total
    for validator, weight in enumerate(weights):
        ticket -= weight
        if ticket < 0:
            return validator
    return None


def flattened(stakes: Sequence[int], percent: int) -> tuple[int, ...]:
    """Weights between the stakes (0 percent) and one vote each (100 percent): the
    "randomisation" of chapter 8.

    >>> flattened((90, 10), 0), flattened((90, 10), 50), flattened((90, 10), 100)
    ((18000, 2000), (14000, 6000), (10000, 10000))

    Raises ``ValueError`` unless ``percent`` is from 0 to 100.
    """
    if not 0 <= percent <= 100:
        raise ValueError(f"expected 0 to 100 percent, not {percent}")
    nodes, total = len(stakes), sum(stakes)
    return tuple((100 - percent) * stake * nodes + percent * total for stake in stakes)


def grind(parents: Iterable[Proposal], slot: int, weights: Sequence[int], me: int) -> Proposal:
    """The first of these possible parents that draws me for the slot after it; the last one
    if none does.

    Raises ``ValueError`` if there are none.
    """
    parent = None
    for parent in parents:
        if drawn(parent.digest, slot, weights) == me:
            break
    if parent is None:
        raise ValueError("grinding needs a block to choose")
    return parent


@dataclass(frozen=True)
class Evidence:
    """Two blocks of one validator for one slot, by their signatures."""

    validator: int
    slot: int
    first: tuple[Digest, bytes]
    """A block and the signature under it."""

    second: tuple[Digest, bytes]

    def holds(self, signatures: Signatures) -> bool:
        """Whether it proves a lie."""
        return self.first[0] != self.second[0] and all(
            signatures.check(Signed(self.validator, ("slot", self.slot, block), signature))
            for block, signature in (self.first, self.second)
        )


class Validator(LongestChain):
    """Makes a block when one of its names is drawn. Honest ones have one name, their own; a
    coalition has several.
    """

    def __init__(
        self,
        me: int,
        nodes: int,
        limit: int,
        confirmations: int,
        slot_time: int,
        stakes: Sequence[int],
        signatures: Signatures,
        names: Sequence[int] = (),
        age_limit: int = 0,
    ) -> None:
        super().__init__(me, nodes, limit, confirmations)
        self.slot_time, self.stakes, self.signatures = slot_time, tuple(stakes), signatures
        self.names, self.age_limit = frozenset(names or (me,)), age_limit
        self.slashed: dict[Digest, frozenset[int]] = {GENESIS.digest: frozenset()}
        """Who lost its stake, after each block."""

        self.latest: dict[Digest, tuple[int, ...]] = {GENESIS.digest: (0,) * len(stakes)}
        """In which slot each validator was last drawn, after each block."""

        self.evidence: dict[int, Evidence] = {}
        self._seals: dict[tuple[int, int], Announce] = {}

    def weights(self, parent: Proposal, slot: int) -> tuple[int, ...]:
        """What each validator weighs in a slot after this parent: its stake, times the slots
        since it last made a block if coin age counts, and nothing once it was slashed.
        """
        liars, latest = self.slashed[parent.digest], self.latest[parent.digest]
        limit = self.age_limit
        return tuple(
            0 if i in liars else stake * (min(slot - latest[i], limit) if limit else 1)
            for i, stake in enumerate(self.stakes)
        )

    def start(self, now: int) -> Iterable[Action]:
        """It waits for the next slot."""
        return [Wake(self.slot_time - now % self.slot_time, "slot")]

    def woken(self, now: int, name: Any) -> Iterable[Action]:
        """A slot begins: it asks whether it is drawn for one of its names."""
        slot, parent, actions = now // self.slot_time, self.build_on(), list(self.start(now))
        mine = drawn(parent.digest, slot, self.weights(parent, slot))
        if mine in self.names and slot > parent.slot:
            assert mine is not None
            actions += self.propose(now, parent, slot, mine)
        return actions

    def build_on(self) -> Proposal:
        """On the heaviest branch."""
        return self.head

    def propose(self, now: int, parent: Proposal, slot: int, name: int) -> Iterable[Action]:
        """Make the block and tell everybody."""
        return self.publish(now, self.sealed(self.draft(parent, slot, name, *self._news(parent))))

    def sealed(self, block: Proposal) -> Announce:
        """The block with its maker's signature."""
        statement = ("slot", block.slot, block.digest)
        return Announce(block, self.signatures.sign(block.proposer, statement))

    def _news(self, parent: Proposal) -> list[Evidence]:
        known = self.slashed[parent.digest]
        return [self.evidence[liar] for liar in sorted(self.evidence) if liar not in known]

    def valid(self, now: int, block: Proposal, seal: Signed | None) -> bool:
        """Drawn for its slot, signed, not too early, and its evidence holds."""
        parent = self.known[block.parent].block
        return (
            parent.slot < block.slot <= now // self.slot_time
            and block.proposer == drawn(block.parent, block.slot, self.weights(parent, block.slot))
            and seal is not None
            and seal[:2] == (block.proposer, ("slot", block.slot, block.digest))
            and self.signatures.check(seal)
            and all(type(note) is Evidence and note.holds(self.signatures) for note in block.notes)
        )

    def learned(self, announced: Announce) -> None:
        """Note who lost its stake and who was drawn; keep what proves a lie."""
        block, seal = announced.block, announced.seal
        assert seal is not None
        self.slashed[block.digest] = self.slashed[block.parent] | {e.validator for e in block.notes}
        latest = list(self.latest[block.parent])
        latest[block.proposer] = block.slot
        self.latest[block.digest] = tuple(latest)
        other = self._seals.setdefault((block.proposer, block.slot), announced)
        if other.block.digest != block.digest:
            assert other.seal is not None
            self.evidence[block.proposer] = Evidence(
                block.proposer,
                block.slot,
                (other.block.digest, other.seal.signature),
                (block.digest, seal.signature),
            )


class Equivocator(Validator):
    """Makes two blocks whenever it is drawn, one for each half of the others."""

    def propose(self, now: int, parent: Proposal, slot: int, name: int) -> Iterable[Action]:
        """Two stories: one with what waits, one without."""
        one = self.sealed(self.draft(parent, slot, name))
        other = self.sealed(Proposal(parent.height + 1, parent.digest, name, slot, (), ()))
        half = len(self.others) // 2
        told = to_each(self.others[:half], one) + to_each(self.others[half:], other)
        return [*told, *self.accept(now, self.me, one)]


class WithholdingValidator(Withholding, Validator):
    """A coalition with its share of the stakes that builds in secret."""

    def __init__(self, *terms: Any, **more: Any) -> None:
        super().__init__(*terms, **more)
        self.secret = []

    def build_on(self) -> Proposal:
        """On its own branch."""
        return self.tip
