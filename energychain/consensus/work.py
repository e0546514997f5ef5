"""
Proof of work: a block is sealed by a nonce that makes its hash small. Finding one
takes many tries, checking it takes one.
"""

from collections.abc import Callable

from Crypto.Hash import SHA256

from energychain.ledger.block import NONCE_BYTES, Block, Header
from energychain.ledger.chain import InvalidSeal
from energychain.primitives.refusals import Refusal

TRIES_BETWEEN_REPORTS = 1 << 16


class NoNonceFound(Refusal):
    """Every allowed nonce was tried."""

    rule = "mining"


def target_for(bits: int) -> int:
    r"""The target that a hash meets once in :math:`2^{bits}` tries on average.

    .. math:: T = 2^{256 - bits} - 1

    >>> f"{target_for(8):064x}"[:6]
    '00ffff'

    Raises ``ValueError`` unless ``bits`` is from 0 to 255.
    """
    if not 0 <= bits <= 255:
        raise ValueError(f"difficulty is from 0 to 255 bits, not {bits}")
    return (1 << (256 - bits)) - 1


def work(target: int) -> float:
    """The number of tries that a target takes on average [hashes].

    >>> work(target_for(8))
    256.0
    """
    return 2.0**256 / (target + 1)


def check_work(header: Header) -> None:
    """The rule that accepts a seal: the hash, read as a number, is at most the target.

    Raises :class:`~energychain.ledger.chain.InvalidSeal`.
    """
    if int.from_bytes(header.hash, "big") > header.target:
        raise InvalidSeal(
            f"the hash {header.hash.hex()[:12]}… is above the target"
            f" {f'{header.target:064x}'[:12]}…: not mined, or altered afterwards"
        )


def mine(
    block: Block, tries: int = 1 << 40, progress: Callable[[int], None] | None = None
) -> Block:
    """The block sealed by the smallest nonce that meets its target.

    The bytes before the nonce are hashed once; each try continues from a copy of
    that half-finished hash. ``progress`` is told the number of tries now and then.

    Raises :class:`NoNonceFound` after so many ``tries``.
    """
    start = SHA256.new(block.header.unsealed)
    limit = min(block.header.target, (1 << 256) - 1).to_bytes(32, "big")
    for first in range(0, min(tries, 256**NONCE_BYTES), TRIES_BETWEEN_REPORTS):
        for nonce in range(first, min(first + TRIES_BETWEEN_REPORTS, tries)):
            attempt = start.copy()
            attempt.update(nonce.to_bytes(NONCE_BYTES, "big"))
            if attempt.digest() <= limit:
                return block.sealed(nonce)
        if progress is not None:
            progress(min(first + TRIES_BETWEEN_REPORTS, tries))
    raise NoNonceFound(f"no nonce below {tries:,} meets the target {block.header.target:x}")
