"""
One number in an old block is altered: the rules that say so, and what it would cost to hide it.

A :class:`Tampered` chain is a value. Each repair returns another one, a little less
broken, until what is left cannot be repaired by work.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from energychain.consensus.work import mine
from energychain.ledger.block import Block
from energychain.ledger.chain import HEADER_RULES, Chain, InvalidBlock, Rule
from energychain.ledger.transaction import SignedTransaction
from energychain.primitives.keys import derive
from energychain.primitives.refusals import BadInput

HEADER_NUMBERS = ("time", "nonce")
"""The numbers of a header that can be edited."""

LARGEST = 2**53 - 1
"""The largest whole number that a browser sends without loss."""


@dataclass(frozen=True)
class Place:
    """Where a number stands in a block."""

    transaction: int | None
    """The transaction's index; none for the header."""

    name: str
    """The argument's position as text, or the header's field."""


def places(block: Block) -> list[Place]:
    """Every number of a block that can be edited, transactions first."""
    found = [
        Place(index, str(position))
        for index, signed in enumerate(block.transactions)
        for position, value in enumerate(signed.transaction.arguments)
        if isinstance(value, int)
    ]
    return found + [Place(None, name) for name in HEADER_NUMBERS]


def number_at(block: Block, place: Place) -> int:
    """The number that stands there."""
    if place.transaction is None:
        found = getattr(block.header, place.name)
    else:
        found = block.transactions[place.transaction].transaction.arguments[int(place.name)]
    assert isinstance(found, int)
    return found


@dataclass(frozen=True)
class Tampered:
    """A chain of which one block was altered, and perhaps repaired in part."""

    chain: Chain
    """As everybody else has it."""

    height: int
    """Of the block that was edited."""

    edited: Block
    later: tuple[Block, ...]
    """The blocks that stand on it."""

    tries: int = 0
    """Hashes that the repairs took."""

    steps: tuple[str, ...] = ()
    """The edit and the repairs, as code."""

    @classmethod
    def untouched(cls, chain: Chain, height: int) -> "Tampered":
        """A block that may be edited, with nothing altered yet.

        Raises :class:`~energychain.primitives.refusals.BadInput` unless the block stands
        on another one of this chain.
        """
        if not 0 < height <= chain.height:
            raise BadInput(f"expected a block from 1 to {chain.height}, found {height}")
        return cls(chain, height, chain.blocks[height], chain.blocks[height + 1 :])

    # --- the edit ---------------------------------------------------------------------

    def edit(self, place: Place, value: int) -> "Tampered":
        """The original chain with one number altered, and nothing repaired.

        Raises :class:`~energychain.primitives.refusals.BadInput` if the number is
        negative or too large.
        """
        if not 0 <= value <= LARGEST:
            raise BadInput(f"expected a whole number from 0 to {LARGEST:,}, found {value:,}")
        original = Tampered.untouched(self.chain, self.height)
        block = original.edited
        if value == number_at(block, place):
            return original
        if place.transaction is None:
            changes: dict[str, Any] = {place.name: value}
            block = replace(block, header=replace(block.header, **changes))
            step = f"block = replace(block, header=replace(block.header, {place.name}={value}))"
            return replace(original, edited=block, steps=(step,))
        signed = block.transactions[place.transaction]
        arguments = list(signed.transaction.arguments)
        arguments[int(place.name)] = value
        forged = replace(
            signed, transaction=replace(signed.transaction, arguments=tuple(arguments))
        )
        steps = (
            f"signed = block.transactions[{place.transaction}]",
            "arguments = list(signed.transaction.arguments)",
            f"arguments[{place.name}] = {value}",
            "wish = replace(signed.transaction, arguments=tuple(arguments))",
            "transactions = list(block.transactions)",
            f"transactions[{place.transaction}] = replace(signed, transaction=wish)",
            "block = replace(block, transactions=tuple(transactions))",
        )
        return replace(
            original,
            edited=replace(block, transactions=_with(block, place.transaction, forged)),
            steps=steps,
        )

    # --- what the rules say -----------------------------------------------------------

    @property
    def altered(self) -> bool:
        """Whether this is another chain than everybody else's."""
        return self.edited != self.chain.blocks[self.height] or (
            self.later != self.chain.blocks[self.height + 1 :]
        )

    @cached_property
    def verdicts(self) -> list[tuple[Rule, InvalidBlock | None]]:
        """What every rule says of the edited block."""
        return self._below.verdicts(self.edited)

    @cached_property
    def broken_above(self) -> list[tuple[Block, tuple[InvalidBlock, ...]]]:
        """The later blocks and the refusals of each. While the edited block does not
        hold, only the rules that need no execution can be asked.
        """
        chain, sound = self._below, all(fault is None for _, fault in self.verdicts)
        below, found = self.edited, []
        for block in self.later:
            if sound:
                chain = chain.append(below)
                faults = tuple(fault for _, fault in chain.verdicts(block) if fault)
                sound = not faults
            else:
                faults = self._header_faults(below, block)
            found.append((block, faults))
            below = block
        return found

    @cached_property
    def _below(self) -> Chain:
        return self.chain.upto(self.height - 1)

    def _header_faults(self, below: Block, block: Block) -> tuple[InvalidBlock, ...]:
        """Ask the rules of the header as if the block below held."""
        supposed = replace(self.chain, blocks=(*self.chain.blocks[: below.height], below))
        faults = []
        for rule in HEADER_RULES:
            try:
                rule.check(supposed, block)
            except InvalidBlock as fault:
                faults.append(fault)
        return tuple(faults)

    @property
    def broken(self) -> list[str]:
        """The names of the rules that the edited block breaks."""
        return [rule.name for rule, fault in self.verdicts if fault]

    @property
    def holds(self) -> bool:
        """Whether every rule is kept by every block."""
        return not self.broken and not any(faults for _, faults in self.broken_above)

    # --- the repairs ------------------------------------------------------------------

    def with_merkle_root(self) -> "Tampered":
        """The edited block's header stands for its transactions again."""
        header = replace(self.edited.header, merkle_root=self.edited.tree.root)
        step = "block = replace(block, header=replace(block.header, merkle_root=block.tree.root))"
        return self._step(step, edited=replace(self.edited, header=header))

    def with_own_signature(self, index: int) -> "Tampered":
        """An edited transaction signed with a key that the forger has: not the sender's."""
        signed = self.edited.transactions[index]
        key = derive("a forger", "me")
        forged = replace(signed, signature=key.sign(signed.transaction.encoded))
        steps = (
            f"wish = block.transactions[{index}].transaction",
            "transactions = list(block.transactions)",
            f'transactions[{index}] = SignedTransaction(wish, derive("a forger", "me")'
            ".sign(wish.encoded))",
            "block = replace(block, transactions=tuple(transactions))",
        )
        return replace(
            self,
            edited=replace(self.edited, transactions=_with(self.edited, index, forged)),
            steps=(*self.steps, *steps),
        )

    @property
    def unsealed(self) -> Block | None:
        """The lowest block whose seal is broken."""
        if any(rule.name == "seal" and fault for rule, fault in self.verdicts):
            return self.edited
        return self._lowest("seal")

    @property
    def unlinked(self) -> Block | None:
        """The lowest later block that names another parent than the block below."""
        return self._lowest("parent")

    def _lowest(self, rule: str) -> Block | None:
        return next(
            (
                block
                for block, faults in self.broken_above
                if any(fault.rule == rule for fault in faults)
            ),
            None,
        )

    def mined_again(self) -> "Tampered":
        """The lowest unsealed block with a new seal; the same, if there is none."""
        block = self.unsealed
        if block is None:
            return self
        sealed = mine(block)
        name = "block" if block.height == self.height else f"blocks[{block.height}]"
        made = self._with_block(sealed, f"{name} = mine({name})")
        return replace(made, tries=self.tries + sealed.header.nonce + 1)

    def relinked(self) -> "Tampered":
        """The lowest unlinked block names the block below again; the same, if there is
        none.
        """
        block = self.unlinked
        if block is None:
            return self
        below = block.height - 1
        parent = (self.edited, *self.later)[below - self.height].hash
        name = "block" if below == self.height else f"blocks[{below}]"
        return self._with_block(
            replace(block, header=replace(block.header, parent=parent)),
            f"blocks[{block.height}] = replace(blocks[{block.height}],"
            f" header=replace(blocks[{block.height}].header, parent={name}.hash))",
        )

    def _with_block(self, block: Block, step: str) -> "Tampered":
        if block.height == self.height:
            return self._step(step, edited=block)
        at = block.height - self.height - 1
        return self._step(step, later=(*self.later[:at], block, *self.later[at + 1 :]))

    def _step(self, step: str, **changes: Any) -> "Tampered":
        return replace(self, steps=(*self.steps, step), **changes)


def _with(block: Block, index: int, signed: SignedTransaction) -> tuple[SignedTransaction, ...]:
    return (*block.transactions[:index], signed, *block.transactions[index + 1 :])
