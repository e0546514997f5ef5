"""
Published truth: inputs and outputs that others have printed, and what our own code makes of
the inputs. If one differs, the code is wrong; there is nothing to interpret.

Most of them lie in the dataset ``vectors``, with their sources; the compact targets and the
changes of difficulty stand beside the code that they test
(:mod:`energychain.consensus.difficulty`).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

from energychain import datasets
from energychain.consensus.difficulty import (
    COMPACT_VECTORS,
    PAST_RETARGETS,
    CompactVector,
    PastRetarget,
    Retarget,
    block_work,
    compact,
    target_of,
    unpacked,
)
from energychain.primitives.bitcoin import bitcoin_header, bitcoin_merkle_root, double_sha256
from energychain.primitives.encryption import (
    Sealed,
    hkdf_expand,
    hkdf_extract,
    key_pair,
    open_sealed,
    seal,
)
from energychain.primitives.ethereum import checksummed, ethereum_address, keccak256
from energychain.primitives.hashing import sha256
from energychain.primitives.keys import ORDER, SecretKey, curves
from energychain.primitives.mac import Mac
from energychain.primitives.merkle import MerkleTree, merkle_root
from energychain.primitives.refusals import Refusal
from energychain.primitives.tables import read_rows

DATASET = "vectors"

Lines = Callable[[str, str], Iterable[str]]
"""The lines of a file of a dataset."""

Row = Mapping[str, str]


@dataclass(frozen=True)
class Check:
    """A vector, held against our own code."""

    name: str
    source: str
    """Where it is published."""

    kind: str
    """What it tests."""

    passed: bool | None
    """None if it could not be tried here; the note says why."""

    expected: str
    """As it is published."""

    computed: str
    """What our own code makes of the input, or its refusal."""

    note: str = ""


@dataclass(frozen=True)
class Vector:
    """A published output, and how our own code comes to it."""

    kind: str
    name: str
    source: str
    expected: str
    compute: Callable[[], str]
    note: str = ""

    curve: str = "p256"
    """A curve without which it cannot be tried."""

    def check(self) -> Check:
        """What our own code makes of it."""
        if self.curve not in curves():
            why = (
                f"skipped: the installed pycryptodome does not offer {self.curve} (it came in 4.0)"
            )
            return Check(self.name, self.source, self.kind, None, self.expected, "", why)
        try:
            computed = self.compute()
        except (Refusal, ValueError) as refusal:
            computed = f"refused: {refusal}"
        passed = computed == self.expected
        return Check(self.name, self.source, self.kind, passed, self.expected, computed, self.note)


# --- from the dataset -----------------------------------------------------------------

HASHES = {"SHA-256": sha256, "Keccak-256": keccak256}


def rows_of(file: str, lines: Lines = datasets.lines) -> list[Row]:
    """The rows of a file of the dataset, each a mapping from its columns."""
    columns = datasets.about(DATASET)["files"][file]["columns"]
    return [row for _, row in read_rows(lines(DATASET, file), list(columns), file=file)]


def _hash(row: Row) -> Iterator[Vector]:
    name, message = row["function"], bytes.fromhex(row["message"]) * int(row["times"])
    note = "Keccak-256 is not SHA3-256" if name == "Keccak-256" else ""

    def compute() -> str:
        return HASHES[name](message).hex()

    yield Vector(name, row["name"], row["source"], row["digest"], compute, note)


def _tag(row: Row) -> Iterator[Vector]:
    def compute() -> str:
        mac = Mac(bytes.fromhex(row["key"]), size=len(row["tag"]) // 2)
        return mac.tag(bytes.fromhex(row["message"])).hex()

    yield Vector("HMAC", row["name"], row["source"], row["tag"], compute)


def _derived_key(row: Row) -> Iterator[Vector]:
    material, salt, info = (bytes.fromhex(row[name]) for name in ("material", "salt", "info"))

    def extract() -> str:
        return hkdf_extract(salt, material).hex()

    def expand() -> str:
        return hkdf_expand(hkdf_extract(salt, material), info, len(row["okm"]) // 2).hex()

    yield Vector("HKDF", f"{row['name']}: extract", row["source"], row["prk"], extract)
    yield Vector("HKDF", f"{row['name']}: expand", row["source"], row["okm"], expand)


def _signature(row: Row) -> Iterator[Vector]:
    secret, curve = int(row["secret"], 16), row["curve"]
    message = bytes.fromhex(row["message"])
    s = int(row["s"], 16)
    low_s = min(s, ORDER[curve] - s)
    ours = "s as printed" if s == low_s else "n - s"
    note = f"of s and n - s we take the smaller (low s), here {ours}; r is as printed"

    def public() -> str:
        return SecretKey(secret, curve).public.data.hex()

    def sign() -> str:
        key = SecretKey(secret, curve)
        signature = key.sign(message)
        key.public.check(message, signature)
        return signature.hex()

    kind, name, source = "ECDSA, RFC 6979", f"{row['name']}, {curve}", row["source"]
    yield Vector(kind, f"{name}: public key", source, row["public"], public, curve=curve)
    yield Vector(kind, name, source, f"{row['r']}{low_s:064x}", sign, note, curve)


def _sealed_message(row: Row) -> Iterator[Vector]:
    data = {name: text for name, text in row.items() if name not in ("name", "source")}
    given = {name: bytes.fromhex(text) for name, text in data.items()}
    recipient = key_pair(given["recipient_seed"])

    def sealed() -> Sealed:
        made = seal(
            given["message"], recipient.public, seed=given["sender_seed"], info=given["info"],
            associated=given["associated"],
        )  # fmt: skip
        open_sealed(made, recipient, info=given["info"], associated=given["associated"])
        return made

    computed: Mapping[str, Callable[[], str]] = {
        "sender_secret": lambda: f"{key_pair(given['sender_seed']).number:064x}",
        "recipient_secret": lambda: f"{recipient.number:064x}",
        "point": lambda: sealed().point.hex(),
        "data": lambda: sealed().data.hex(),
    }
    for name, compute in computed.items():
        title = f"{row['name']}: {name.replace('_', ' ')}"
        yield Vector("HPKE", title, row["source"], row[name], compute)


def _leaves(rows: list[Row]) -> list[bytes]:
    return [bytes.fromhex(row["leaf"]) for row in rows if row["size"] != "0"]


def _merkle_root(row: Row, leaves: list[bytes]) -> Vector:
    size = int(row["size"])

    def compute() -> str:
        return merkle_root(leaves[:size]).hex()

    return Vector("RFC 6962 root", f"{size} leaves", row["source"], row["root"], compute)


def _merkle_proof(row: Row, leaves: list[bytes], roots: list[bytes]) -> Vector:
    first, size = int(row["first"]), int(row["size"])

    def inclusion() -> str:
        proof = MerkleTree.over(leaves[:size]).inclusion(first)
        proof.check(leaves[first], roots[size])
        return _path(proof.path)

    def consistency() -> str:
        proof = MerkleTree.over(leaves[:size]).consistency(first)
        proof.check(roots[first], roots[size])
        return _path(proof.path)

    kind, source, path = f"RFC 6962 {row['kind']}", row["source"], row["path"]
    if row["kind"] == "inclusion":
        return Vector(kind, f"leaf {first} of {size}", source, path, inclusion)
    return Vector(kind, f"from {first} to {size} leaves", source, path, consistency)


def _path(path: Iterable[bytes]) -> str:
    return " ".join(node.hex() for node in path)


def _merkle(rows: list[Row], proofs: list[Row]) -> Iterator[Vector]:
    leaves, roots = _leaves(rows), [bytes.fromhex(row["root"]) for row in rows]
    yield from (_merkle_root(row, leaves) for row in rows)
    yield from (_merkle_proof(row, leaves, roots) for row in proofs)


def _bitcoin_block(row: Row) -> Iterator[Vector]:
    bits, transactions = int(row["bits"], 16), row["transactions"].split()

    def seal() -> str:
        header = bitcoin_header(
            int(row["version"]), row["parent"], row["merkle_root"], int(row["time"]), bits,
            int(row["nonce"]),
        )  # fmt: skip
        found = double_sha256(header)[::-1]
        fits = int.from_bytes(found, "big") <= target_of(bits)
        return found.hex() + ("" if fits else f", above the target of {bits:08x}")

    def root() -> str:
        return bitcoin_merkle_root([bytes.fromhex(id_)[::-1] for id_ in transactions])[::-1].hex()

    name, note = f"block {int(row['height']):,}", "and at most the target of its nBits"
    title = f"{name}: Merkle root, {len(transactions)} id{'s' if len(transactions) > 1 else ''}"
    yield Vector("Bitcoin", f"{name}: hash", row["source"], row["hash"], seal, note)
    yield Vector("Bitcoin", title, row["source"], row["merkle_root"], root)


def _ethereum_address(row: Row) -> Iterator[Vector]:
    name, address, source = f"{row['name']}: {row['address'][:8]}…", row["address"], row["source"]

    def capitals() -> str:
        return checksummed(address.lower())

    def from_secret() -> str:
        return ethereum_address(SecretKey(int(row["secret"], 16), "secp256k1").public)

    if row["secret"]:
        yield Vector("EIP-55", name, source, address, from_secret, curve="secp256k1")
    else:
        yield Vector("EIP-55", name, source, address, capitals)


# --- beside the code ------------------------------------------------------------------

CORE = "Bitcoin Core, arith_uint256_tests.cpp: bignum_SetCompact"

GREATEST_EASING = PastRetarget(
    46_368, 1_263_163_443, 1_269_211_443, 0x1C387F6F, 0x1D00E1FD,
    "Bitcoin Core, pow_tests.cpp: get_next_work_upper_limit_actual",
)  # fmt: skip
"""At most four times as easy. The first time is the test's own, no block's: so this is no
change that happened.
"""


def _compact(vector: CompactVector) -> Vector:
    def read() -> str:
        found = unpacked(vector.bits)
        if found.overflow:
            return _compact_text(None, None, found.negative, True)
        again = compact(found.number, negative=found.negative)
        return _compact_text(found.number, again, found.negative, False)

    expected = _compact_text(vector.number, vector.again, vector.negative, vector.overflow)
    return Vector("compact nBits", f"{vector.bits:08x}", CORE, expected, read)


def _compact_text(number: int | None, again: int | None, negative: bool, overflow: bool) -> str:
    if number is None or again is None:
        return "overflow" if overflow else "nothing"
    return f"{'-' if negative else ''}{number:x}, again {again:08x}"


def _retarget(past: PastRetarget) -> Vector:
    def change() -> str:
        return f"{Retarget().next_bits(past.bits, past.first_time, past.last_time):08x}"

    note = "the time of the first block is made up" if past is GREATEST_EASING else ""
    name = f"block {past.height:,}, from {past.bits:08x}"
    return Vector("difficulty", name, past.source, f"{past.next_bits:08x}", change, note)


def _beside_the_code() -> Iterator[Vector]:
    yield from map(_compact, COMPACT_VECTORS)
    yield Vector("compact nBits", "128 written", CORE, "02008000", lambda: f"{compact(0x80):08x}")
    yield from map(_retarget, (*PAST_RETARGETS, GREATEST_EASING))
    yield Vector(
        "difficulty", "work of block 0", "Bitcoin, chainwork of the genesis block", "100010001",
        lambda: f"{block_work(target_of(0x1D00FFFF)):x}",
    )  # fmt: skip


# --- all of them ----------------------------------------------------------------------


def vectors(lines: Lines = datasets.lines) -> list[Vector]:
    """Every vector, those of the dataset first. ``lines`` reads a file of it."""
    read = {file: rows_of(file, lines) for file in datasets.about(DATASET)["files"]}
    return [
        *_each(_hash, read["hashes.csv"]),
        *_each(_tag, read["tags.csv"]),
        *_each(_derived_key, read["derived_keys.csv"]),
        *_each(_signature, read["signatures.csv"]),
        *_each(_sealed_message, read["sealed_messages.csv"]),
        *_merkle(read["merkle_roots.csv"], read["merkle_proofs.csv"]),
        *_each(_bitcoin_block, read["bitcoin_blocks.csv"]),
        *_beside_the_code(),
        *_each(_ethereum_address, read["ethereum_addresses.csv"]),
    ]


def _each(make: Callable[[Row], Iterator[Vector]], rows: list[Row]) -> Iterator[Vector]:
    return chain.from_iterable(map(make, rows))


def checks(lines: Lines = datasets.lines) -> list[Check]:
    """Every vector, held against our own code.

    >>> all(check.passed is not False for check in checks())
    True
    """
    return [vector.check() for vector in vectors(lines)]


def form(found: list[Check]) -> dict[str, Any]:
    """The checks as JSON has them, and how many passed, failed and were skipped."""
    count = Counter(check.passed for check in found)
    return {
        "vectors": [asdict(check) for check in found],
        "passed": count[True],
        "failed": count[False],
        "skipped": count[None],
    }
