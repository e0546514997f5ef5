"""
Who keeps what: full, light and super-light nodes.

Ch. 8 of *Blockchain-based Smart Grids* (Shafie-khah, ed., 2020), section 5, has full and
light nodes: a light node stores only the headers; their Merkle roots let it check that the
chain holds together and, given the right path, that a transaction is in a block; for the
rest it asks full nodes. Rahmani & Li, *A Scalable Digital Infrastructure for Sustainable
Energy Grid Enabled by Distributed Ledger Technology*, section 3.1.4, let servers keep all
blocks and mine, and users' devices be super-light: they "can only exchange transactions with
the grid, without storing blocks or being as miners". (What they call light, an aggregator
that keeps the blocks of its area, is in :mod:`energychain.network.cluster`.)

===========  ===============================  ==========================  ==================
node         keeps                            checks by itself            asks and trusts
===========  ===============================  ==========================  ==================
full         every block                      every rule                  nobody
light        every header, its own            the seals and links of all  full nodes that
             transactions and their paths     headers; that its own       the rest of each
                                              transactions are in them    block obeys the
                                                                          rules
super-light  its own transactions and their   that its own transactions   the operator that
             paths; the last log head         are in headers of the log;  the log is the
                                              that the log only grew      chain, and valid
===========  ===============================  ==========================  ==================

Neither source says how a device without headers could check anything. Ours does it as
Certificate Transparency does (RFC 6962): the operator keeps an append-only log, a Merkle tree
whose leaves are the headers, and signs its size and root, the **log head**. From one head to
the next a consistency proof shows that nothing was rewritten; it has the size of a few
digests, however long the log.

Three limits, for all but the full node. A header does not cover what became of a
transaction: a refused call stands in its block too, so a proof shows that a reading was
published, not that the contract took it. No proof shows that something is *not* there. And an
operator can keep two logs, each consistent, and show each home one of them; homes that
compare heads find out, and the two signatures convict it (:func:`compare`).

All byte counts are those of the canonical encoding.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from energychain.ledger.block import Block, Header
from energychain.ledger.chain import HEADER_RULES, Chain, InvalidBlock
from energychain.ledger.transaction import SignedTransaction
from energychain.primitives.encoding import encode
from energychain.primitives.hashing import short
from energychain.primitives.keys import Address, PublicKey, SecretKey
from energychain.primitives.merkle import BadProof, ConsistencyProof, InclusionProof, MerkleTree
from energychain.primitives.refusals import Refusal

LINK_RULES = tuple(rule for rule in HEADER_RULES if rule.name != "merkle root")
"""The rules of a chain that a header alone can break."""


class NotKept(Refusal):
    """The node does not keep what it was asked for."""

    rule = "not kept"


class NotOurs(Refusal):
    """The transaction concerns somebody else."""

    rule = "ours"


class SplitView(Refusal):
    """The operator signed two logs: one of them is not the ledger."""

    rule = "split view"


# --- proofs ---------------------------------------------------------------------------


def size(value: object) -> int:
    """How many bytes a value has, as it is kept and sent [bytes]."""
    return len(encode(value))


def block_size(block: Block) -> int:
    """How many bytes a block has: its header, then its transactions [bytes]."""
    return size((block.header, tuple(signed.encoded for signed in block.transactions)))


@dataclass(frozen=True)
class ProvenTransaction:
    """A transaction, and the path from it to the Merkle root of its block's header."""

    height: int
    """Of the block in which it stands."""

    signed: SignedTransaction
    proof: InclusionProof

    def check(self, header: Header) -> None:
        """Raise :class:`~energychain.primitives.merkle.BadProof` unless it is in the block of
        this header, and :class:`~energychain.primitives.keys.BadSignature` unless its sender
        signed it.
        """
        if header.height != self.height:
            raise BadProof(f"proven is block {self.height}, the header is that of {header.height}")
        self.proof.check(self.signed.encoded, header.merkle_root)
        self.signed.check_signature()

    @property
    def encoded(self) -> bytes:
        """The canonical bytes."""
        return encode((self.height, self.signed.encoded, self.proof))


@dataclass(frozen=True)
class Extract:
    """What a full node sends a light one of a block: the header, and what concerns it."""

    header: Header
    proven: tuple[ProvenTransaction, ...]

    @property
    def encoded(self) -> bytes:
        """The canonical bytes."""
        return encode((self.header, tuple(proven.encoded for proven in self.proven)))


def extract(block: Block, sender: Address) -> Extract:
    """A block's header, and the transactions that somebody sent in it, with their paths."""
    return Extract(
        block.header,
        tuple(
            ProvenTransaction(block.height, signed, block.proof(index))
            for index, signed in enumerate(block.transactions)
            if signed.sender == sender
        ),
    )


# --- the log of headers ---------------------------------------------------------------


def header_log(headers: Iterable[Header]) -> MerkleTree:
    """The log over headers, oldest first: leaf ``k`` is the header of height ``k``."""
    return MerkleTree.over([encode(header) for header in headers])


@dataclass(frozen=True)
class LogHead:
    """The operator's word for its whole log."""

    chain: str
    """The name of the chain."""

    size: int
    """How many headers."""

    root: bytes
    signature: bytes = b""

    @property
    def signed(self) -> bytes:
        """The bytes under the signature."""
        return encode(("energychain log head", self.chain, self.size, self.root))

    def check_signature(self, operator: PublicKey) -> None:
        """Raise :class:`~energychain.primitives.keys.BadSignature` unless the operator signed."""
        operator.check(self.signed, self.signature)


def sign_head(key: SecretKey, chain: str, log: MerkleTree) -> LogHead:
    """A log head with the operator's signature."""
    head = LogHead(chain, log.size, log.root)
    return replace(head, signature=key.sign(head.signed))


def compare(one: LogHead, other: LogHead, operator: PublicKey) -> None:
    """What two homes do with the heads that they were given.

    Raises :class:`SplitView` if the two have one size and different roots. Both signatures
    are checked first, so the two heads together convict the operator, and nobody else can
    make them. Heads of different sizes take a consistency proof.
    """
    for head in (one, other):
        head.check_signature(operator)
    if (one.chain, one.size) == (other.chain, other.size) and one.root != other.root:
        raise SplitView(
            f"the operator signed two logs of {one.size} headers, with the roots"
            f" {short(one.root)} and {short(other.root)}: show both to everybody"
        )


@dataclass(frozen=True)
class Delivery:
    """What the operator sends a super-light node after a block: the own transactions, their
    header, the header's place in the log, and how the log grew.
    """

    extract: Extract
    in_log: InclusionProof
    head: LogHead
    growth: ConsistencyProof

    @property
    def encoded(self) -> bytes:
        """The canonical bytes."""
        return encode((self.extract.encoded, self.in_log, self.head, self.growth))


# --- nodes ----------------------------------------------------------------------------


class FullNode:
    """Keeps every block, and asks every rule about each.

    ``bytes_kept`` counts the blocks. The state follows from them and is not counted.
    """

    kind = "full"

    def __init__(self, beginning: Chain) -> None:
        self.chain = beginning
        self.messages = self.bytes_received = self.signatures_checked = 0
        self._log, self._heard = header_log(()), set[bytes]()

    def hear(self, signed: SignedTransaction) -> None:
        """Check a transaction that waits for a block; its signature is not checked again there.

        Raises :class:`~energychain.primitives.keys.BadSignature` if its sender did not sign it.
        """
        self.messages += 1
        self.bytes_received += len(signed.encoded)
        signed.check_signature()
        self.signatures_checked += 1
        self._heard.add(signed.leaf)

    def receive(self, block: Block) -> None:
        """Append a block.

        Raises :class:`~energychain.ledger.chain.InvalidBlock` and keeps nothing if it breaks
        a rule.
        """
        self.messages += 1
        self.bytes_received += block_size(block)
        self.chain = self.chain.append(block)
        leaves = {signed.leaf for signed in block.transactions}
        self.signatures_checked += len(leaves - self._heard)
        self._heard -= leaves

    @property
    def bytes_kept(self) -> int:
        """All that it keeps [bytes]."""
        return sum(map(block_size, self.chain.blocks))

    def header(self, height: int) -> Header:
        """The header of a block.

        Raises :class:`NotKept` if there is none.
        """
        return self._block(height).header

    def prove(self, height: int, index: int) -> ProvenTransaction:
        """The proof that a transaction is in a block.

        Raises :class:`NotKept` if there is no such block,
        :class:`~energychain.primitives.merkle.BadProof` if it has no such transaction.
        """
        block = self._block(height)
        proof = block.proof(index)
        return ProvenTransaction(height, block.transactions[index], proof)

    def extract(self, height: int, sender: Address) -> Extract:
        """What a light node needs of a block.

        Raises :class:`NotKept` if there is no such block.
        """
        return extract(self._block(height), sender)

    @property
    def log(self) -> MerkleTree:
        """The log over all headers that it keeps."""
        if self._log.size != len(self.chain.blocks):
            self._log = header_log(block.header for block in self.chain.blocks)
        return self._log

    def _block(self, height: int) -> Block:
        if not 0 <= height <= self.chain.height:
            raise NotKept(f"there is no block {height}: the newest is {self.chain.height}")
        return self.chain.blocks[height]


class Operator(FullNode):
    """A full node that signs the log: the home's other end of the line."""

    def __init__(self, beginning: Chain, key: SecretKey) -> None:
        super().__init__(beginning)
        self._key, self.public = key, key.public

    def head(self) -> LogHead:
        """The log's head, signed."""
        return sign_head(self._key, self.chain.genesis.chain, self.log)

    def growth(self, known: LogHead) -> ConsistencyProof:
        """The proof that the log of a head was the beginning of today's.

        Raises :class:`~energychain.primitives.merkle.BadProof` if today's is shorter.
        """
        return self.log.consistency(known.size)

    def delivery(self, height: int, sender: Address, known: LogHead) -> Delivery:
        """What a super-light node needs of a block, given the head that it knows.

        Raises :class:`NotKept` if there is no such block, and what :meth:`growth` raises.
        """
        own = self.extract(height, sender)
        return Delivery(own, self.log.inclusion(height), self.head(), self.growth(known))


class LightNode:
    """Keeps every header, and its owner's own transactions with their paths.

    It follows one chain; which of two to follow is a question of consensus, not of storage.
    """

    kind = "light"

    def __init__(self, beginning: Chain, owner: Address) -> None:
        self.owner = owner
        self.messages = self.bytes_received = self.signatures_checked = 0
        self.proven: list[ProvenTransaction] = []
        # A chain of headers: blocks without bodies, which the rules about links never open.
        self._skeleton = beginning.upto(0)

    @property
    def headers(self) -> tuple[Header, ...]:
        """Oldest first."""
        return tuple(block.header for block in self._skeleton.blocks)

    def receive(self, block: Block) -> None:
        """Fetch what concerns it of a block; see :meth:`take`."""
        self.take(extract(block, self.owner))

    def take(self, given: Extract) -> None:
        """Check and keep a header and the own transactions under it.

        Raises :class:`~energychain.ledger.chain.InvalidBlock` if the header breaks one of
        :data:`LINK_RULES`, :class:`NotOurs` for a transaction of somebody else's, and
        :class:`~energychain.primitives.merkle.BadProof` or
        :class:`~energychain.primitives.keys.BadSignature` for a false one. Then it keeps
        nothing of it.
        """
        self.messages += 1
        self.bytes_received += len(given.encoded)
        bare = Block(given.header, ())
        try:
            for rule in LINK_RULES:
                rule.check(self._skeleton, bare)
        except InvalidBlock as fault:
            fault.block = given.header.height
            raise
        _check_own(given, self.owner)
        self.signatures_checked += len(given.proven)
        self._skeleton = replace(self._skeleton, blocks=(*self._skeleton.blocks, bare))
        self.proven += given.proven

    @property
    def bytes_kept(self) -> int:
        """All that it keeps [bytes]."""
        return sum(map(size, self.headers)) + sum(len(proven.encoded) for proven in self.proven)

    def verify(self, proven: ProvenTransaction) -> None:
        """Whether somebody's transaction is in the chain: a neighbour, a supplier or a court
        asks a light node.

        Raises :class:`NotKept` if it has no such header, and what
        :meth:`ProvenTransaction.check` raises.
        """
        if not 0 <= proven.height < len(self._skeleton.blocks):
            raise NotKept(f"there is no header {proven.height} here")
        proven.check(self._skeleton.blocks[proven.height].header)


class SuperLightNode:
    """Keeps its owner's own transactions with their paths, and one log head.

    It begins with a head that it trusts, as a phone does that is set up at the operator's
    desk.
    """

    kind = "super-light"

    def __init__(self, head: LogHead, operator: PublicKey, owner: Address) -> None:
        head.check_signature(operator)
        self.owner, self.operator, self.head = owner, operator, head
        self.messages = self.bytes_received = self.signatures_checked = 0
        self.proven: list[ProvenTransaction] = []

    def receive(self, block: Block, operator: Operator) -> None:
        """Fetch from the operator what concerns it of a block; see :meth:`take`."""
        self.take(operator.delivery(block.height, self.owner, self.head))

    def take(self, given: Delivery) -> None:
        """Check and keep the own transactions of a block, and the new head instead of the old.

        Raises :class:`~energychain.primitives.merkle.BadProof` if the log was rewritten since
        the last head, the header is not in it or a transaction not under the header;
        :class:`~energychain.primitives.keys.BadSignature` if the operator did not sign the
        head or the sender its transaction; :class:`NotOurs` for somebody else's. Then it
        keeps nothing of it.
        """
        self.messages += 1
        self.bytes_received += len(given.encoded)
        self._check_growth(given.head, given.growth)
        header, place = given.extract.header, given.in_log
        if (place.index, place.size) != (header.height, given.head.size):
            raise BadProof(
                f"expected the place of header {header.height} among {given.head.size}, found"
                f" {place.index} among {place.size}"
            )
        place.check(encode(header), given.head.root)
        _check_own(given.extract, self.owner)
        self.signatures_checked += 1 + len(given.extract.proven)
        self.head = given.head
        self.proven += given.extract.proven

    def follow(self, head: LogHead, growth: ConsistencyProof) -> None:
        """Take a new head, if the log that it knows is its beginning.

        Raises :class:`~energychain.primitives.merkle.BadProof` or
        :class:`~energychain.primitives.keys.BadSignature`.
        """
        self.messages += 1
        self.bytes_received += size((head, growth))
        self._check_growth(head, growth)
        self.signatures_checked += 1
        self.head = head

    def _check_growth(self, head: LogHead, growth: ConsistencyProof) -> None:
        head.check_signature(self.operator)
        if head.chain != self.head.chain:
            raise BadProof(f"the head is of the chain {head.chain!r}, not {self.head.chain!r}")
        if (growth.old_size, growth.new_size) != (self.head.size, head.size):
            raise BadProof(
                f"expected how {self.head.size} headers grew to {head.size}, found"
                f" {growth.old_size} to {growth.new_size}"
            )
        growth.check(self.head.root, head.root)

    @property
    def bytes_kept(self) -> int:
        """All that it keeps [bytes]."""
        return size(self.head) + sum(len(proven.encoded) for proven in self.proven)


def _check_own(given: Extract, owner: Address) -> None:
    for proven in given.proven:
        if proven.signed.sender != owner:
            raise NotOurs(f"a transaction of {proven.signed.sender}, not of {owner}")
        proven.check(given.header)
