"""
Attacks on what a ledger takes for new, signed and stored: a reading counted twice, a leaf
doubled, an inner node posing as a leaf.

The ledger without a rule is ours with that one rule left out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from energychain.consensus.work import mine
from energychain.contracts.calls import arguments, whole
from energychain.ledger.block import Block, transaction_tree
from energychain.ledger.chain import RULES, Chain, InvalidBlock, WrongMerkleRoot
from energychain.ledger.state import Call, Outcome, Setting, State, Storage, Worksheet
from energychain.ledger.transaction import SignedTransaction
from energychain.primitives.bitcoin import bitcoin_merkle_root, double_sha256
from energychain.primitives.hashing import Digest, sha256, short
from energychain.primitives.keys import ORDER, Address
from energychain.primitives.merkle import BadProof, InclusionProof, MerkleTree
from energychain.primitives.refusals import Refusal
from energychain.studies import attack_bench_exhibit as bench
from energychain.studies.attack_bench_exhibit import in_kwh, refusal_of, refused
from energychain.studies.private_chain import PrivateChain

READING = 3_200_000
"""What the meter says that the home fed in [mWh]."""


def tally(storage: Storage, sender: Address, call: Call) -> Outcome:
    """``report(energy)`` adds to what the caller has fed in [mWh].

    A contract that takes increments must rely on the ledger to bring each of them once. (That
    is why :mod:`~energychain.contracts.energy_trade` takes registers instead.)
    """
    (energy,) = arguments(call, "energy")
    return Outcome({sender: whole(storage.get(sender, 0), "total") + whole(energy, "energy")})


def _street(name: str = "street") -> PrivateChain:
    return PrivateChain(["home"], name=name, contracts={"tally": tally})


def _setting(network: PrivateChain) -> Setting:
    return network.chain.setting(time=15, miner=network.address("miner 1"))


def _counted(sheet: Worksheet, network: PrivateChain) -> int:
    total = sheet.state().storage["tally"].get(network.address("home"), 0)
    return whole(total, "total")


def _told(
    sheet: Worksheet, network: PrivateChain, measured: int, refusal: Refusal | None
) -> bench.Outcome:
    counted = _counted(sheet, network)
    evidence = f"measured {in_kwh(measured)}, counted {in_kwh(counted)}"
    return bench.Outcome(counted != measured, evidence, refused(refusal))


# --- the same reading twice -----------------------------------------------------------


class AnyNonce(Worksheet):
    """The ledger without the rule "nonce": it takes every nonce for the next one."""

    def _admit(self, signed: SignedTransaction, setting: Setting) -> None:
        self._nonces[signed.sender] = signed.transaction.nonce
        super()._admit(signed, setting)


def replayed_reading(defended: bool) -> bench.Outcome:
    """Somebody sends a home's signed reading a second time."""
    network = _street()
    reading = network.signed("home", "tally", "report", READING)
    sheet = (Worksheet if defended else AnyNonce)(network.chain.state)
    sheet.execute(reading, _setting(network))
    refusal = refusal_of(lambda: sheet.execute(reading, _setting(network)))
    return _told(sheet, network, READING, refusal)


class AnyChain(Worksheet):
    """The ledger without the rule "chain id": it takes every chain's name for its own."""

    def _admit(self, signed: SignedTransaction, setting: Setting) -> None:
        super()._admit(signed, replace(setting, chain=signed.transaction.chain))


def reading_from_elsewhere(defended: bool) -> bench.Outcome:
    """Somebody sends to the street's ledger what a home signed in a rehearsal, with the same
    key: its second reading there.
    """
    rehearsal, network = _street("rehearsal"), _street()
    invented = rehearsal.signed("home", "tally", "report", 10 * READING, nonce=1)
    sheet = (Worksheet if defended else AnyChain)(network.chain.state)
    sheet.execute(network.signed("home", "tally", "report", READING), _setting(network))
    refusal = refusal_of(lambda: sheet.execute(invented, _setting(network)))
    return _told(sheet, network, READING, refusal)


# --- the mirror image of a signature --------------------------------------------------


class SeenBefore(Refusal):
    """The ledger has this name already."""

    rule = "name"


class NamedWithSignature(Worksheet):
    """A ledger without nonces. It knows a transaction again by a name that covers the
    signature, which ours does not (:attr:`~energychain.ledger.transaction.Transaction.id`).
    """

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self._seen: set[Digest] = set()

    def _admit(self, signed: SignedTransaction, setting: Setting) -> None:
        name = sha256(signed.encoded)
        if name in self._seen:
            raise SeenBefore(f"{short(name)} is here already")
        self._nonces[signed.sender] = signed.transaction.nonce
        super()._admit(self._read(signed), setting)
        self._seen.add(name)

    def _read(self, signed: SignedTransaction) -> SignedTransaction:
        return signed


class EitherS(NamedWithSignature):
    """The same without the rule "low s": the mirror image of a signature is one, too."""

    def _read(self, signed: SignedTransaction) -> SignedTransaction:
        image = mirrored(signed)
        return min(signed, image, key=lambda each: each.signature[32:])


def mirrored(signed: SignedTransaction) -> SignedTransaction:
    """The same transaction with n - s instead of s, which anybody can work out. By the
    mathematics of ECDSA it is signed as well as before.
    """
    n, s = ORDER[signed.transaction.sender.curve], int.from_bytes(signed.signature[32:], "big")
    return replace(signed, signature=signed.signature[:32] + (n - s).to_bytes(32, "big"))


def malleated_signature(defended: bool) -> bench.Outcome:
    """Somebody sends a reading again with the mirror image of its signature."""
    network = _street()
    reading = network.signed("home", "tally", "report", READING)
    sheet = (NamedWithSignature if defended else EitherS)(network.chain.state)
    sheet.execute(reading, _setting(network))
    refusal = refusal_of(lambda: sheet.execute(mirrored(reading), _setting(network)))
    return _told(sheet, network, READING, refusal)


# --- a doubled leaf -------------------------------------------------------------------

Root = Callable[[Sequence[SignedTransaction]], Digest]
"""How the transactions of a block lead to its root."""


def our_root(transactions: Sequence[SignedTransaction]) -> Digest:
    """The root of our tree: an odd node is carried up."""
    return transaction_tree(transactions).root


def doubling_root(transactions: Sequence[SignedTransaction]) -> Digest:
    """The root of Bitcoin's tree: an odd node is doubled."""
    return bitcoin_merkle_root([double_sha256(signed.encoded) for signed in transactions])


class KnownAsBad(InvalidBlock):
    """A block with this header was bad before."""

    rule = "known as bad"


@dataclass
class Node:
    """A node with a memory: it does not check a header again whose transactions were bad."""

    chain: Chain
    root: Root
    bad: set[Digest] = field(default_factory=set)

    def receive(self, block: Block) -> None:
        """Ask every rule of the chain about a block; raises what refuses it."""
        if block.hash in self.bad:
            raise KnownAsBad(f"the block {short(block.hash)} was bad before")
        if self.root(block.transactions) != block.header.merkle_root:
            raise WrongMerkleRoot("the header was made for other transactions")
        try:
            for rule in RULES:
                if rule.name != "merkle root":
                    rule.check(self.chain, block)
        except InvalidBlock:
            self.bad.add(block.hash)
            raise


def duplicated_leaf(defended: bool) -> bench.Outcome:
    """Somebody is faster than an honest block with a copy that has its last transaction twice."""
    network, root = _street(), our_root if defended else doubling_root
    network.open_block()
    for _ in range(3):
        network.send("home", "tally", "report", READING)
    made = network.close_block()
    honest = mine(replace(made, header=replace(made.header, merkle_root=root(made.transactions))))
    doubled = replace(honest, transactions=(*honest.transactions, honest.transactions[-1]))
    node = Node(network.chain.upto(0), root)
    first = refusal_of(lambda: node.receive(doubled))
    then = refusal_of(lambda: node.receive(honest))
    became = f"refused ({refused(then)})" if then else "taken"
    evidence = f"the copy is refused ({refused(first)}), then the honest block is {became}"
    return bench.Outcome(then is not None, evidence, "" if then else refused(first))


# --- an inner node as a leaf ----------------------------------------------------------


def inner_node_as_leaf(defended: bool) -> bench.Outcome:
    """A light node is shown two digests, 64 bytes in all, as if they were a transaction."""
    readings = [b"reading %d" % number for number in range(4)]
    check = _ours if defended else _bitcoins
    forged, refusal = check(readings)
    became = "refused" if refusal else "believed"
    evidence = f"{len(forged)} bytes that nobody wrote, {short(forged)}…, are {became}"
    return bench.Outcome(refusal is None, evidence, refused(refusal))


def _ours(readings: Sequence[bytes]) -> tuple[bytes, Refusal | None]:
    tree = MerkleTree.over(readings)
    (one, two, *_), inner = tree.levels[:2]
    proof = InclusionProof(index=0, size=2, path=(inner[1],))
    return one + two, refusal_of(lambda: proof.check(one + two, tree.root))


def _bitcoins(readings: Sequence[bytes]) -> tuple[bytes, Refusal | None]:
    one, two, three, four = map(double_sha256, readings)
    root = bitcoin_merkle_root([one, two, three, four])

    def check() -> None:
        led_to = double_sha256(double_sha256(one + two) + double_sha256(three + four))
        if led_to != root:
            raise BadProof(f"it leads to {short(led_to)}, expected {short(root)}")

    return one + two, refusal_of(check)
