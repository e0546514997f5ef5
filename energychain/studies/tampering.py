"""
What a forger might do to a block, for lessons: alter a number and hope.
"""

from dataclasses import replace

from energychain.ledger.block import Block, transaction_tree
from energychain.ledger.transaction import Value


def altered(block: Block, transaction: int, argument: int, by: int) -> Block:
    """The block with one whole number in one transaction's arguments changed.

    Header and signature stay as they were.

    Raises ``ValueError`` if that argument is not a whole number, and ``IndexError`` if it
    does not exist.
    """
    signed = block.transactions[transaction]
    arguments = list[Value](signed.transaction.arguments)
    old = arguments[argument]
    if not isinstance(old, int):
        raise ValueError(f"argument {argument} is no number: {old!r}")
    arguments[argument] = old + by
    forged = replace(signed, transaction=replace(signed.transaction, arguments=tuple(arguments)))
    others = block.transactions
    return replace(block, transactions=(*others[:transaction], forged, *others[transaction + 1 :]))


def with_merkle_root(block: Block) -> Block:
    """The block whose header stands for its transactions again. Its seal is then broken."""
    root = transaction_tree(block.transactions).root
    return replace(block, header=replace(block.header, merkle_root=root))
