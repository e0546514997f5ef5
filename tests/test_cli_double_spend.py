"""`energychain double-spend` as a person meets it."""

import json
import subprocess
import sys

import pytest

from energychain import cli
from energychain.consensus.double_spend import exact


def run(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str
) -> tuple[int, str, str]:
    """The command in this process, which is faster: exit code, standard output and error."""
    monkeypatch.setattr(sys, "argv", ["energychain", "double-spend", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    code = ended.value.code
    return (int(code) if code is not None else 0, *capfd.readouterr())


def test_json_alone_on_standard_output() -> None:
    command = [sys.executable, "-m", "energychain.cli", "double-spend"]
    options = ["--share", "0.1", "--confirmations", "5", "--json"]
    runs = [
        subprocess.run([*command, *options], capture_output=True, text=True, check=False)
        for _ in range(2)
    ]
    assert [(each.returncode, each.stderr) for each in runs] == [(0, "")] * 2
    assert runs[0].stdout == runs[1].stdout
    found = json.loads(runs[0].stdout)
    assert {"nakamoto", "exact", "simulated", "interval"} <= set(found)
    assert (found["share"], found["confirmations"], found["runs"]) == (0.1, 5, 100_000)
    assert round(found["nakamoto"], 7) == 0.0009137
    assert found["exact"] == exact(0.1, 5)
    low, high = found["interval"]
    assert low <= found["exact"] <= high
    assert low <= found["simulated"] <= high


@pytest.mark.parametrize("seed", ["0", "1", "7", "12345"])
@pytest.mark.parametrize(("share", "confirmations"), [("0.1", "1"), ("0.3", "6"), ("0.45", "12")])
def test_the_exact_chance_lies_in_the_interval(
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    share: str,
    confirmations: str,
    seed: str,
) -> None:
    options = ("--share", share, "--confirmations", confirmations, "--seed", seed)
    code, out, err = run(capfd, monkeypatch, *options, "--runs", "20000", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["seed"] == int(seed)
    assert found["interval"][0] <= found["exact"] <= found["interval"][1]


def test_half_of_the_power_always_succeeds(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for share in ("0.5", "0.51", "1"):
        options = ("--share", share, "--confirmations", "12")
        found = json.loads(run(capfd, monkeypatch, *options, "--json")[1])
        assert found["nakamoto"] == found["exact"] == found["simulated"] == 1
        assert found["interval"][1] == 1
        assert "no number of confirmations helps" in run(capfd, monkeypatch, *options)[1]


def test_people_read_a_table_and_how_many_would_be_needed(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = run(capfd, monkeypatch, "--share", "0.3", "--confirmations", "24")
    assert (code, err) == (0, "")
    assert "Nakamoto's formula    0.0008" in out
    assert "the exact formula     0.0040" in out
    assert "For less than 0.1 %: 32 confirmations" in out


@pytest.mark.parametrize(
    "options",
    [
        ("--share", "half", "--confirmations", "5"),
        ("--share", "nan", "--confirmations", "5"),
        ("--share", "0", "--confirmations", "5"),
        ("--share=-0.1", "--confirmations", "5"),
        ("--share", "1.5", "--confirmations", "5"),
        ("--share", "0.1", "--confirmations", "2.5"),
        ("--share", "0.1", "--confirmations=-1"),
        ("--share", "0.1", "--confirmations", "1000001"),
        ("--share", "0.1", "--confirmations", "9" * 30),
        ("--share", "0.1", "--confirmations", "5", "--runs", "0"),
        ("--share", "0.1", "--confirmations", "5", "--runs", "10000001"),
        ("--share", "0.1", "--confirmations", "5", "--seed=-1"),
        ("--share", "0.1", "--confirmations", "5", "--seed", "x"),
    ],
)
def test_a_bad_option_gets_exit_code_2_and_one_sentence(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    code, out, err = run(capfd, monkeypatch, *options, "--json")
    assert (code, out) == (2, "")
    assert err.startswith("energychain: ")
    assert err.count("\n") == 1
