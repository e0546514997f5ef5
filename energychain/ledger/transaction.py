"""
A transaction is one signed wish: call this function of that contract, and I pay
the gas. It takes effect only inside a block.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias, Union

from energychain.primitives.encoding import encode
from energychain.primitives.hashing import Digest, sha256, short
from energychain.primitives.keys import Address, BadSignature, PublicKey, SecretKey
from energychain.primitives.merkle import leaf_hash

Value: TypeAlias = Union[int, str, bytes, tuple["Value", ...]]  # noqa: UP007 (it is recursive)
"""What contracts are given and what they store: whole numbers, text, bytes, tuples."""


@dataclass(frozen=True)
class Transaction:
    """What is signed. It names its chain, so it cannot be replayed on another one,
    and its nonce, so it cannot be replayed on this one.
    """

    chain: str
    """The name of the chain for which it is meant."""

    sender: PublicKey
    """Who wishes this, and will pay the gas."""

    nonce: int
    """How many transactions the sender had on this chain before this one."""

    contract: str
    """The contract that is called, such as ``token``."""

    function: str
    """The function that is called, such as ``transfer``."""

    arguments: tuple[Value, ...]
    """What the function is given."""

    gas_limit: int
    """The most gas that the sender is willing to use [gas]."""

    gas_price: int
    """What the sender pays for it [wei/gas]."""

    @cached_property
    def encoded(self) -> bytes:
        """The canonical bytes: what is signed."""
        return encode(self)

    @cached_property
    def id(self) -> Digest:
        """The digest of what was wished. It does not cover the signature, so nobody
        can give a wish a second name by altering the signature.
        """
        return sha256(self.encoded)

    def sign(self, key: SecretKey) -> "SignedTransaction":
        """This transaction with its sender's signature.

        Raises ``ValueError`` if the key is not the sender's.
        """
        if key.public != self.sender:
            raise ValueError("a transaction is signed with its sender's own key")
        return SignedTransaction(self, key.sign(self.encoded))


@dataclass(frozen=True)
class SignedTransaction:
    """A transaction and the proof that its sender wished it."""

    transaction: Transaction
    signature: bytes

    @property
    def id(self) -> Digest:
        """The digest of the transaction; see :attr:`Transaction.id`."""
        return self.transaction.id

    @property
    def sender(self) -> Address:
        """The sender's address."""
        return self.transaction.sender.address

    @cached_property
    def encoded(self) -> bytes:
        """The leaf that stands for this transaction in a block's Merkle tree. It covers
        the signature too.
        """
        return encode((self.transaction.encoded, self.signature))

    @cached_property
    def leaf(self) -> Digest:
        """The Merkle leaf hash of :attr:`encoded`."""
        return leaf_hash(self.encoded)

    # The object never changes, so one check of its signature is enough for its life.
    @cached_property
    def _signature_fault(self) -> BadSignature | None:
        try:
            self.transaction.sender.check(self.transaction.encoded, self.signature)
        except BadSignature as fault:
            return fault
        return None

    def check_signature(self) -> None:
        """Raise :class:`~energychain.primitives.keys.BadSignature` unless the sender signed it."""
        if self._signature_fault is not None:
            raise BadSignature(str(self._signature_fault))

    def __repr__(self) -> str:
        wish = self.transaction
        return (
            f"<transaction {short(self.id)}: {wish.contract}.{wish.function} by {self.sender},"
            f" nonce {wish.nonce}>"
        )

    def _repr_html_(self) -> str:
        wish = self.transaction
        call = f"{wish.contract}.{wish.function}{wish.arguments!r}"
        return (
            f"<table><caption>transaction <code>{short(self.id)}</code></caption>"
            f"<tr><th>sender</th><td><code>{self.sender}</code></td></tr>"
            f"<tr><th>nonce</th><td>{wish.nonce}</td></tr>"
            f"<tr><th>call</th><td><code>{call}</code></td></tr>"
            f"<tr><th>gas</th><td>at most {wish.gas_limit:,} at {wish.gas_price} wei</td></tr>"
            f"<tr><th>signature</th><td><code>{self.signature.hex()[:24]}…</code></td></tr></table>"
        )
