"""The commands as a person meets them: what they print, and with which exit code they end."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAD = "time,node,produced_kwh,consumed_kwh\n"
GOOD = HEAD + "".join(f"2017-07-04T0{h}:00,{row}\n" for h in (7, 8) for row in ("a,2,1", "b,0,1"))

BAD_METERS = {
    "missing column": ("time,node,produced_kwh\n", "line 1, column consumed_kwh"),
    "text in a number": (GOOD.replace("b,0,1", "b,zero,1", 1), "line 3, column produced_kwh"),
    "not a number": (GOOD.replace("a,2,1", "a,nan,1", 1), "line 2, column produced_kwh"),
    "negative": (GOOD.replace("b,0,1", "b,0,-1", 1), "line 3, column consumed_kwh"),
    "twice": (GOOD + "2017-07-04T08:00,b,0,1\n", "line 6, column time"),
    "unknown node": (GOOD + "2017-07-04T08:00,c,0,1\n", "line 6, column node"),
    "empty": ("", "line 1"),
}


def energychain(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "energychain.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_reproduce_explains_every_claim() -> None:
    run = energychain("reproduce", "token_day", "--json")
    claims = json.loads(run.stdout)["claims"]
    assert run.returncode == 0
    assert {claim["verdict"] for claim in claims} == {"reproduced", "erratum", "shown"}
    keys = "id study source quantity unit printed computed verdict note"
    assert list(claims[0]) == keys.split()


def test_token_day_gives_the_rows_totals_and_chain_of_the_testbed() -> None:
    day = json.loads(energychain("token-day", "--json").stdout)
    assert len(day["rows"]) == 72
    assert day["rows"][45] == {
        "time": "2017-07-04T15:00",
        "node": "node 1",
        "surplus_kwh": "0.457257",
        "sold_kwh": "0.457257",
        "bought_kwh": "0.000000",
        "balance_tokens": "190.834",
    }
    assert day["totals"]["node 1"]["unsold_kwh"] == "0.632960"
    assert {"height", "head", "transactions", "gas_used"} == set(day["chain"])


@pytest.mark.parametrize("kind", BAD_METERS)
def test_bad_meters_get_exit_code_2_one_sentence_and_nothing_written(
    tmp_path: Path, kind: str
) -> None:
    text, where = BAD_METERS[kind]
    meters, chain = tmp_path / "m.csv", tmp_path / "chain.json"
    meters.write_text(text)
    run = energychain("token-day", "--meters", meters, "--save", chain)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith(f"energychain: m.csv, {where}: ")
    assert run.stderr.count("\n") == 1
    assert not chain.exists()


@pytest.mark.parametrize(
    "options",
    [
        ("--wh-per-token", "0"),
        ("--wh-per-token", "abc"),
        ("--tokens", "-1"),
        ("--tokens", "0.0001"),
        ("--split", "by height"),
        ("--meters", "nowhere.csv"),
    ],
)
def test_bad_options_get_exit_code_2_and_one_sentence(options: tuple[str, str]) -> None:
    run = energychain("token-day", *options)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("energychain: ")
    assert run.stderr.count("\n") == 1


def test_a_buyer_without_tokens_is_named_on_standard_error() -> None:
    run = energychain("token-day", "--tokens", "20", "--json")
    assert "node 2 is refused" in run.stderr
    assert json.loads(run.stdout)["refused"][0]["node"] == "node 2"


def test_a_saved_chain_is_verified_and_an_altered_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "chain.json"
    assert energychain("token-day", "--save", path).returncode == 0
    sound = energychain("ledger", "verify", path, "--json")
    assert sound.returncode == 0
    assert json.loads(sound.stdout)["broken"] is None
    assert "miner 1" in energychain("ledger", "show", path).stdout

    lines = path.read_text().split("\n")
    assert lines[13].count("10824000") == 1
    lines[13] = lines[13].replace("10824000", "10824001")
    path.write_text("\n".join(lines))
    altered = energychain("ledger", "verify", path, "--json")
    found = json.loads(altered.stdout)
    assert altered.returncode == 1
    assert found["valid"] is False
    assert (found["broken"]["rule"], found["broken"]["block"]) == ("merkle root", 13)
    assert found["broken"]["transaction"] == 0


def test_a_file_that_is_no_chain_is_bad_input(tmp_path: Path) -> None:
    path = tmp_path / "rubbish.json"
    path.write_bytes(bytes(range(256)) * 10)
    run = energychain("ledger", "verify", path)
    assert run.returncode == 2
    assert "rubbish.json, line 1: expected a saved chain" in run.stderr
