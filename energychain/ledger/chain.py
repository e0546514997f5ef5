"""
A chain is a list of blocks that obeys rules. Each rule is a small function with a
name; :data:`RULES` lists them in the order in which they are asked. To append a
block, or to load a saved chain, is to ask every rule about every block.

The ledger does not know how blocks are sealed or what contracts do: it is handed
the rule that accepts a seal, the rule that sets the target, and the contracts by name.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from energychain.ledger.block import NONCE_BYTES, VERSION, Block, Header, transaction_tree
from energychain.ledger.genesis import Genesis
from energychain.ledger.state import (
    ETHER,
    Contract,
    InvalidTransaction,
    Receipt,
    Setting,
    State,
    Worksheet,
)
from energychain.ledger.transaction import SignedTransaction
from energychain.primitives.hashing import Digest, short
from energychain.primitives.keys import Address, BadSignature
from energychain.primitives.refusals import Refusal

CONFIRMATIONS = 12
"""Blocks after which a transaction counts as settled (Cali & Fifield, 2019, section 4.3)."""

SealRule = Callable[[Header], None]
"""Accepts a header's seal, or raises :class:`InvalidBlock`."""

TargetRule = Callable[["Chain"], int]
"""The target of the next block on a chain."""


def fixed_target(chain: "Chain") -> int:
    """The target on which the members agreed: the testbed's low, fixed difficulty."""
    return chain.genesis.target


# --- refusals -------------------------------------------------------------------------


class InvalidBlock(Refusal):
    """A block breaks a rule of the chain."""

    def __init__(
        self,
        message: str,
        *,
        rule: str = "",
        block: int | None = None,
        transaction: int | None = None,
    ) -> None:
        super().__init__(message)
        if rule:
            self.rule = rule  # type: ignore[misc]  # the transaction's own rule spoke
        self.block = block
        self.transaction = transaction


class WrongVersion(InvalidBlock):
    """The block has an unknown format."""

    rule = "version"


class WrongHeight(InvalidBlock):
    """The block does not say that it is the next one."""

    rule = "height"


class WrongParent(InvalidBlock):
    """The block does not stand on the one below."""

    rule = "parent"


class WrongTime(InvalidBlock):
    """The block is not later than the one below."""

    rule = "time"


class WrongTarget(InvalidBlock):
    """The block was sealed against another target."""

    rule = "target"


class InvalidSeal(InvalidBlock):
    """The block is not sealed."""

    rule = "seal"


class WrongMerkleRoot(InvalidBlock):
    """The header was made for other transactions."""

    rule = "merkle root"


class WrongStateRoot(InvalidBlock):
    """The transactions lead to another state than the header says."""

    rule = "state root"


# --- the rules ------------------------------------------------------------------------


@dataclass(frozen=True)
class Rule:
    """One thing that must be true of a block."""

    name: str
    statement: str
    """The rule in a sentence."""

    check: Callable[["Chain", Block], None]
    """Raises :class:`InvalidBlock` if the block, put on this chain, breaks the rule."""


def _check_version(chain: "Chain", block: Block) -> None:
    if block.header.version != VERSION:
        raise WrongVersion(f"expected block format {VERSION}, found {block.header.version}")


def _check_height(chain: "Chain", block: Block) -> None:
    if block.height != chain.height + 1:
        raise WrongHeight(f"expected height {chain.height + 1}, found {block.height}")


def _check_parent(chain: "Chain", block: Block) -> None:
    if block.header.parent != chain.head.hash:
        raise WrongParent(
            f"the block stands on {short(block.header.parent)},"
            f" the chain ends in {short(chain.head.hash)}"
        )


def _check_time(chain: "Chain", block: Block) -> None:
    if block.header.time <= chain.head.header.time:
        raise WrongTime(
            f"made at {block.header.time} s, not after the block below ({chain.head.header.time} s)"
        )


def _check_target(chain: "Chain", block: Block) -> None:
    expected = chain.target_rule(chain)
    if block.header.target != expected:
        raise WrongTarget(
            f"sealed against the target {block.header.target:x}, expected {expected:x}"
        )


def _check_seal(chain: "Chain", block: Block) -> None:
    if not 0 <= block.header.nonce < 256**NONCE_BYTES:
        raise InvalidSeal(f"the nonce {block.header.nonce} does not fit {NONCE_BYTES} bytes")
    chain.seal(block.header)


def _check_merkle_root(chain: "Chain", block: Block) -> None:
    found = block.tree.root
    if found != block.header.merkle_root:
        forged = next((i for i, signed in enumerate(block.transactions) if _forged(signed)), None)
        suspect = "" if forged is None else f"; transaction {forged} does not fit its signature"
        raise WrongMerkleRoot(
            f"the transactions have the root {short(found)},"
            f" the header says {short(block.header.merkle_root)}{suspect}",
            transaction=forged,
        )


def _forged(signed: SignedTransaction) -> bool:
    try:
        signed.check_signature()
    except BadSignature:
        return True
    return False


def _check_transactions(chain: "Chain", block: Block) -> None:
    chain._execute(block)


def _check_state_root(chain: "Chain", block: Block) -> None:
    state, _ = chain._execute(block)
    _require_state_root(state, block)


def _require_state_root(state: State, block: Block) -> None:
    found = state.root
    if found != block.header.state_root:
        raise WrongStateRoot(
            f"the transactions lead to the state {short(found)},"
            f" the header says {short(block.header.state_root)}"
        )


HEADER_RULES = (
    Rule("version", "The block has a known format.", _check_version),
    Rule("height", "The block is the next one.", _check_height),
    Rule("parent", "The block names the block below by its hash.", _check_parent),
    Rule("time", "The block is later than the one below.", _check_time),
    Rule("target", "The block was sealed against the agreed target.", _check_target),
    Rule("seal", "The hash of the header meets the target.", _check_seal),
    Rule("merkle root", "The header stands for exactly these transactions.", _check_merkle_root),
)
"""The rules that need no execution, cheapest first."""

RULES = (
    *HEADER_RULES,
    Rule(
        "transactions",
        "Each transaction is for this chain, signed, next in its sender's order and paid.",
        _check_transactions,
    ),
    Rule("state root", "The transactions lead to the state in the header.", _check_state_root),
)
"""Every rule of the chain, in the order in which they are asked."""


# --- the chain ------------------------------------------------------------------------


@dataclass(frozen=True)
class Chain:
    """Blocks that obey the rules, and the state to which they lead.

    A chain is a value: :meth:`append` returns a longer one.
    """

    genesis: Genesis
    contracts: Mapping[str, Contract]
    seal: SealRule
    blocks: tuple[Block, ...]
    state: State
    receipts: tuple[tuple[Receipt, ...], ...]
    """The receipts of each block."""

    target_rule: TargetRule = fixed_target

    @classmethod
    def begin(
        cls,
        genesis: Genesis,
        contracts: Mapping[str, Contract],
        seal: SealRule,
        target_rule: TargetRule = fixed_target,
    ) -> "Chain":
        """A chain with nothing but its first block."""
        blocks = (genesis.block(),)
        return cls(genesis, contracts, seal, blocks, genesis.state(), ((),), target_rule)

    @property
    def head(self) -> Block:
        """The newest block."""
        return self.blocks[-1]

    @property
    def height(self) -> int:
        """How many blocks stand on the first one."""
        return len(self.blocks) - 1

    def append(self, block: Block) -> "Chain":
        """This chain with one more block.

        Raises :class:`InvalidBlock`, naming the rule, if the block breaks one.
        """
        try:
            for rule in HEADER_RULES:
                rule.check(self, block)
            state, receipts = self._execute(block)
            _require_state_root(state, block)
        except InvalidBlock as fault:
            fault.block = self.height + 1
            raise
        return self._with(block, state, receipts)

    def _with(self, block: Block, state: State, receipts: tuple[Receipt, ...]) -> "Chain":
        return replace(
            self,
            blocks=(*self.blocks, block),
            state=state,
            receipts=(*self.receipts, receipts),
        )

    def verdicts(self, block: Block) -> list[tuple[Rule, InvalidBlock | None]]:
        """What every rule says of a block, put on this chain: nothing, or its refusal."""
        found: list[tuple[Rule, InvalidBlock | None]] = []
        for rule in RULES:
            try:
                rule.check(self, block)
                found.append((rule, None))
            except InvalidBlock as fault:
                found.append((rule, fault))
        return found

    def upto(self, height: int) -> "Chain":
        """The chain as it was when its newest block had this height; every rule is
        asked again.
        """
        chain = Chain.begin(self.genesis, self.contracts, self.seal, self.target_rule)
        for block in self.blocks[1 : height + 1]:
            chain = chain.append(block)
        return chain

    def validate(self) -> "Chain":
        """This chain, built again from nothing but its blocks, asking every rule.

        Raises :class:`InvalidBlock` at the first broken rule.
        """
        return self.upto(self.height)

    def draft(self, time: int, miner: Address) -> "Draft":
        """The beginning of the next block."""
        return Draft(self, time, miner)

    def setting(self, time: int, miner: Address) -> Setting:
        """Where and when the transactions of a block happen."""
        return Setting(self.genesis.chain, self.contracts, self.genesis.gas, time, miner)

    def find(self, transaction: Digest) -> tuple[int, int] | None:
        """The block height and the index at which a transaction stands."""
        for block in reversed(self.blocks):
            for index, signed in enumerate(block.transactions):
                if signed.id == transaction:
                    return block.height, index
        return None

    def receipt(self, transaction: Digest) -> Receipt | None:
        """What became of a transaction, if it is in a block."""
        place = self.find(transaction)
        return None if place is None else self.receipts[place[0]][place[1]]

    def confirmations(self, transaction: Digest) -> int:
        """How many blocks confirm a transaction, its own included; 0 if it is in none."""
        place = self.find(transaction)
        return 0 if place is None else self.height - place[0] + 1

    def name(self, address: Address) -> str:
        """What people call an account; its address if it has no name."""
        return dict(self.genesis.names).get(address, address)

    @property
    def gas_used(self) -> int:
        """All gas used on this chain [gas]."""
        return sum(receipt.gas_used for block in self.receipts for receipt in block)

    def transactions(self) -> Iterator[SignedTransaction]:
        """All transactions, oldest first."""
        return (signed for block in self.blocks for signed in block.transactions)

    def _execute(self, block: Block) -> tuple[State, tuple[Receipt, ...]]:
        sheet, receipts = Worksheet(self.state), []
        setting = self.setting(block.header.time, block.header.miner)
        for index, signed in enumerate(block.transactions):
            try:
                receipts.append(sheet.execute(signed, setting))
            except (InvalidTransaction, BadSignature) as fault:
                raise InvalidBlock(
                    f"transaction {index}: {fault}", rule=fault.rule, transaction=index
                ) from None
        sheet.endow(ETHER, block.header.miner, self.genesis.reward)
        return sheet.state(), tuple(receipts)

    def __repr__(self) -> str:
        return f"<chain {self.genesis.chain!r}: height {self.height}, head {short(self.head.hash)}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{block.height}</td><td><code>{short(block.hash)}</code></td>"
            f"<td><code>{short(block.header.parent)}</code></td>"
            f"<td>{len(block.transactions)}</td><td>{self.name(block.header.miner)}</td></tr>"
            for block in self.blocks[:3] + (self.blocks[3:][-5:])
        )
        left_out = max(0, len(self.blocks) - 8)
        return (
            f"<table><caption>chain {self.genesis.chain!r}, height {self.height},"
            f" head {short(self.head.hash)}"
            f"{f' ({left_out} blocks in the middle not shown)' if left_out else ''}</caption>"
            "<tr><th>height</th><th>hash</th><th>parent</th><th>transactions</th>"
            f"<th>miner</th></tr>{rows}</table>"
        )


class Draft:
    """A block in the making. Transactions are carried out as they are added, so the
    miner sees at once what becomes of each.
    """

    def __init__(self, chain: Chain, time: int, miner: Address) -> None:
        self._chain, self._time, self._miner = chain, time, miner
        self._sheet = Worksheet(chain.state)
        self._setting = chain.setting(time, miner)
        self._transactions: list[SignedTransaction] = []
        self._receipts: list[Receipt] = []

    def add(self, signed: SignedTransaction) -> Receipt:
        """Carry out a transaction and put it into the block, done or refused.

        Raises :class:`~energychain.ledger.state.InvalidTransaction` or
        :class:`~energychain.primitives.keys.BadSignature` if it may not stand in a block.
        """
        receipt = self._sheet.execute(signed, self._setting)
        self._transactions.append(signed)
        self._receipts.append(receipt)
        return receipt

    def nonce(self, sender: Address) -> int:
        """How many transactions somebody has, this block included."""
        return self._sheet.nonce(sender)

    def balance(self, asset: str, owner: Address) -> int:
        """What somebody owns of an asset after the transactions so far."""
        return self._sheet.balance(asset, owner)

    def block(self) -> Block:
        """The block with all its roots, still to be sealed."""
        header = Header(
            version=VERSION,
            height=self._chain.height + 1,
            parent=self._chain.head.hash,
            merkle_root=transaction_tree(self._transactions).root,
            state_root=self._state().root,
            time=self._time,
            target=self._chain.target_rule(self._chain),
            miner=self._miner,
            nonce=0,
        )
        return Block(header, tuple(self._transactions))

    def finish(self, seal: Callable[[Block], Block]) -> Chain:
        """The chain with this block on it, once ``seal`` has found a nonce for it.

        The miner has just carried out these transactions and made these roots; only the
        rules about the header are asked again. Everybody else appends the block and asks all.
        """
        drafted = self.block()
        block = seal(drafted)
        if block != drafted.sealed(block.header.nonce):
            raise ValueError("sealing may change nothing but the nonce")
        for rule in HEADER_RULES:
            rule.check(self._chain, block)
        return self._chain._with(block, self._state(), tuple(self._receipts))

    def _state(self) -> State:
        sheet = Worksheet(self._sheet.state())
        sheet.endow(ETHER, self._miner, self._chain.genesis.reward)
        return sheet.state()
