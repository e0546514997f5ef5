"""Published truth: every vector passes, and every byte of every vector counts."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest

from energychain import datasets
from energychain.primitives import keys
from energychain.primitives.ethereum import checksummed, ethereum_address, keccak256
from energychain.primitives.hashing import sha256
from energychain.studies import vectors as module
from energychain.studies.vectors import Check, Vector, checks, form, rows_of, vectors

VECTORS = vectors()


def offered(vector: Vector) -> bool:
    return vector.curve in keys.curves()


def test_every_vector_passes_or_says_why_it_was_skipped() -> None:
    for vector, check in zip(VECTORS, checks(), strict=True):
        assert check.passed is (True if offered(vector) else None), check
        assert check.passed or check.note.startswith("skipped: the installed pycryptodome")
        assert check.source and check.name


def test_there_are_vectors_of_every_kind() -> None:
    beside = {"compact nBits", "difficulty"}
    assert {vector.kind for vector in VECTORS} == beside.union(*OF_FILE.values())
    assert set(OF_FILE) == set(datasets.about("vectors")["files"])
    assert len({(vector.kind, vector.name) for vector in VECTORS}) == len(VECTORS)


def test_the_historical_changes_of_difficulty_are_there() -> None:
    assert sum(v.kind == "difficulty" and v.name.startswith("block") for v in VECTORS) >= 4
    texts = [v.expected for v in VECTORS if v.kind == "compact nBits"]
    assert "overflow" in texts
    assert sum(text.startswith("-") for text in texts) == 2


# --- mutations ------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector.kind} {vector.name}")
def test_a_vector_with_one_digit_changed_fails(vector: Vector) -> None:
    if not offered(vector):
        pytest.skip("the installed pycryptodome does not offer secp256k1")
    altered = ("2" if vector.expected.startswith("1") else "1") + vector.expected[1:]
    check = replace(vector, expected=altered).check()
    assert check.passed is False
    assert check.computed == vector.expected


OF_FILE = {
    "hashes.csv": {"SHA-256", "Keccak-256"},
    "tags.csv": {"HMAC"},
    "derived_keys.csv": {"HKDF"},
    "signatures.csv": {"ECDSA, RFC 6979"},
    "sealed_messages.csv": {"HPKE"},
    "merkle_roots.csv": {"RFC 6962 root"},
    "merkle_proofs.csv": {"RFC 6962 inclusion", "RFC 6962 consistency"},
    "bitcoin_blocks.csv": {"Bitcoin"},
    "ethereum_addresses.csv": {"EIP-55"},
}
"""What each file is for."""

IGNORED = {"name", "source", "times", "height", "kind", "function", "curve"}
"""Columns without a byte to change: names, and which function is meant."""


def altered_cells(file: str) -> Iterator[tuple[str, str]]:
    """Each cell of a file with its first digit changed: where, and the whole file."""
    rows = list(csv.reader(datasets.lines("vectors", file)))
    for i, row in enumerate(rows[1:], 1):
        for j, cell in enumerate(row):
            needs_curve = "secp256k1" in row or (file.startswith("ethereum") and row[1])
            if rows[0][j] in IGNORED or not cell or (needs_curve and len(keys.curves()) == 1):
                continue
            at = 2 if cell.startswith("0x") else 0
            other = "1" if cell[at] != "1" else "3"
            changed = [list(each) for each in rows]
            changed[i][j] = cell[:at] + other + cell[at + 1 :]
            text = io.StringIO()
            csv.writer(text).writerows(changed)
            yield f"row {i}, {rows[0][j]}", text.getvalue()


@pytest.mark.parametrize("file", OF_FILE)
def test_every_byte_of_the_published_data_counts(file: str) -> None:
    for where, text in altered_cells(file):

        def lines(dataset: str, name: str, text: str = text) -> Iterable[str]:
            return text.splitlines() if name == file else datasets.lines(dataset, name)

        concerned = [v for v in vectors(lines) if v.kind in OF_FILE[file] and offered(v)]
        assert any(vector.check().passed is False for vector in concerned), where


def test_a_broken_function_of_ours_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module.HASHES, "SHA-256", lambda data: sha256(data + b"\0"))
    failed = [check for check in checks() if check.passed is False]
    assert [check.kind for check in failed] == ["SHA-256"] * 5


def test_a_refusal_of_our_code_is_a_failure_that_is_told() -> None:
    def refuse() -> str:
        raise keys.BadSignature("no")

    check = Vector("kind", "name", "source", "00", refuse).check()
    assert (check.passed, check.computed) == (False, "refused: no")


# --- what is skipped ------------------------------------------------------------------


def test_what_needs_secp256k1_is_skipped_aloud_where_it_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "curves", lambda: ("p256",))
    found = form(checks())
    skipped = [each for each in found["vectors"] if each["passed"] is None]
    assert found["skipped"] == len(skipped) == 4
    assert found["failed"] == 0
    assert found["passed"] == len(VECTORS) - 4
    assert {each["kind"] for each in skipped} == {"ECDSA, RFC 6979", "EIP-55"}
    assert all("does not offer secp256k1" in each["note"] for each in skipped)


def test_the_form_counts_what_failed() -> None:
    one = Check("n", "s", "k", False, "1", "2")
    assert form([one, replace(one, passed=True), replace(one, passed=None)]) == {
        "vectors": [
            {"name": "n", "source": "s", "kind": "k", "passed": passed, "expected": "1",
             "computed": "2", "note": ""}
            for passed in (False, True, None)
        ],
        "passed": 1, "failed": 1, "skipped": 1,
    }  # fmt: skip


# --- the low s ------------------------------------------------------------------------


def test_the_low_s_is_told_where_the_rfc_prints_the_high_one() -> None:
    sample = next(v for v in VECTORS if v.name == "sample, p256")
    test = next(v for v in VECTORS if v.name == "test, p256")
    assert "here n - s" in sample.note
    assert "here s as printed" in test.note
    row = rows_of("signatures.csv")[0]
    assert sample.expected[:64] == row["r"]
    assert int(sample.expected[64:], 16) + int(row["s"], 16) == keys.ORDER["p256"]


# --- Ethereum's names -----------------------------------------------------------------


def test_keccak_is_not_sha_3() -> None:
    from Crypto.Hash import SHA3_256

    assert keccak256(b"abc") != SHA3_256.new(b"abc").digest()


def test_a_mistyped_address_has_other_capitals() -> None:
    for row in rows_of("ethereum_addresses.csv"):
        last = row["address"][-1]
        mistyped = row["address"][:-1] + ("0" if last != "0" else "1")
        assert checksummed(mistyped.lower()) != mistyped


def test_an_address_needs_the_curve_of_its_key() -> None:
    key = keys.SecretKey(1).public
    if "secp256k1" not in keys.curves():
        with pytest.raises(ValueError):
            ethereum_address(replace(key, curve="secp256k1"))
    assert ethereum_address(key) != ethereum_address(keys.SecretKey(2).public)
