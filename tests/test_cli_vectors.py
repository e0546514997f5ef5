"""`energychain vectors`."""

import json

import pytest
from typer.testing import CliRunner

import energychain.cli  # noqa: F401 (it registers the commands)
from energychain.cli.terminal import app
from energychain.primitives.hashing import sha256
from energychain.studies import vectors

RUN = CliRunner()
COLUMNS = {"name", "source", "kind", "passed", "expected", "computed", "note"}


def test_the_json_has_every_vector_and_the_counts() -> None:
    run = RUN.invoke(app, ["vectors", "--json"])
    found = json.loads(run.stdout)
    assert run.exit_code == 0
    assert set(found) == {"vectors", "passed", "failed", "skipped"}
    assert all(set(each) == COLUMNS for each in found["vectors"])
    assert found["passed"] + found["skipped"] == len(found["vectors"]) == len(vectors.vectors())
    assert found["failed"] == 0


def test_the_table_names_each_vector_its_verdict_and_its_source() -> None:
    run = RUN.invoke(app, ["vectors"])
    assert run.exit_code == 0
    for vector in vectors.vectors():
        line = next(line for line in run.stdout.splitlines() if f"  {vector.name}  " in line)
        assert vector.source in run.stdout
        assert "pass" in line or "skipped" in line
    assert " 0 failed" in run.stdout
    assert "of s and n - s we take the smaller" in run.stdout


def test_a_skipped_vector_is_told_aloud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "curves", lambda: ("p256",))
    run = RUN.invoke(app, ["vectors"])
    assert run.exit_code == 0
    assert "4 skipped" in run.stdout
    assert "does not offer secp256k1" in run.stdout


def test_a_failure_ends_with_1_and_shows_both_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(vectors.HASHES, "SHA-256", lambda data: sha256(data + b"\0"))
    table, plain = RUN.invoke(app, ["vectors"]), RUN.invoke(app, ["vectors", "--json"])
    assert table.exit_code == plain.exit_code == 1
    assert "FAIL" in table.stdout
    assert "expected ba7816bf" in table.stdout
    assert f"computed {sha256(b'abc' + bytes(1)).hex()}" in table.stdout
    assert json.loads(plain.stdout)["failed"] == 5
