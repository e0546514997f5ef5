"""`energychain shift` as a person meets it."""

import io
import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from energychain import cli

KEYS = (
    "participation peak_before_kw peak_after_kw par_before par_after energy_before_kwh"
    " energy_after_kwh cost_before cost_after price_load_correlation aggregator_gap_percent"
)


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


def energychain(*arguments: str | Path) -> Done:
    """A command in this process: to start one for each would take a minute."""
    out, err = io.StringIO(), io.StringIO()
    argv = ["energychain", *map(str, arguments)]
    with patch("sys.argv", argv), redirect_stdout(out), redirect_stderr(err):
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


def shifted(*arguments: str | Path) -> dict[str, Any]:
    done = energychain("shift", "--json", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    form: dict[str, Any] = json.loads(done.stdout)
    return form


def times(count: int, minutes: int = 60) -> list[str]:
    begin = datetime(2020, 5, 1)
    return [(begin + timedelta(minutes=minutes * i)).isoformat() for i in range(count)]


PRICES = ["time,price", *(f"{t},{0.1 + 0.01 * (i % 24):.2f}" for i, t in enumerate(times(48)))]
LOAD = [
    "time,node,produced_kwh,consumed_kwh",
    *(
        f"{t},{node},0,{use}"
        for i, t in enumerate(times(96, 30))
        for node, use in (("a", "0.25"), ("b", 1 if i % 48 > 35 else 0))
    ),
]


@pytest.fixture
def files(tmp_path: Path) -> tuple[str | Path, ...]:
    (tmp_path / "p.csv").write_text("\n".join(PRICES))
    (tmp_path / "l.csv").write_text("\n".join(LOAD))
    return "--prices", tmp_path / "p.csv", "--load", tmp_path / "l.csv"


def test_json_holds_exactly_the_keys_that_are_promised(files: tuple[str | Path, ...]) -> None:
    assert list(shifted()) == KEYS.split()
    assert list(shifted(*files)) == KEYS.split()


def test_two_days_of_half_hours_by_hand(files: tuple[str | Path, ...]) -> None:
    """a uses 0.25 kWh always, b 1 kWh from 18:00 on; b, too, may use 1 kWh in any half-hour."""
    form = shifted(*files, "--participation", "1", "--movable", "1", "--cure", "none")
    assert form["energy_before_kwh"] == form["energy_after_kwh"] == 2 * (12 + 12)
    assert form["peak_before_kw"] == pytest.approx(2.5)
    assert form["par_before"] == pytest.approx(1.25 / 0.5)
    # b moves to midnight to six, at 0.10 to 0.15; a's connection is full already.
    always = 0.5 * sum(0.1 + 0.01 * h for h in range(24))
    evening = 2 * sum(0.1 + 0.01 * h for h in range(18, 24))
    night = 2 * sum(0.1 + 0.01 * h for h in range(6))
    assert form["cost_before"] == pytest.approx(2 * (always + evening))
    assert form["cost_after"] == pytest.approx(2 * (always + night))
    assert form["peak_after_kw"] == pytest.approx(2.5)
    assert form["aggregator_gap_percent"] == 0
    assert 0.5 < form["price_load_correlation"] < 1


def test_nothing_changes_if_nobody_participates(files: tuple[str | Path, ...]) -> None:
    form = shifted(*files, "--participation", "0")
    for name in ("peak", "par", "energy", "cost"):
        before, after = (
            next(form[k] for k in form if k.startswith(f"{name}_{when}"))
            for when in ("before", "after")
        )
        assert before == after


def test_one_day_of_a_file_and_what_import_costs_above(files: tuple[str | Path, ...]) -> None:
    whole, one = shifted(*files), shifted(*files, "--day", "2020-05-02")
    assert one["energy_before_kwh"] == whole["energy_before_kwh"] / 2
    dearer = shifted(*files, "--adder", "0.1")
    assert dearer["cost_before"] == pytest.approx(whole["cost_before"] + 0.1 * 48)


def test_a_cure_keeps_the_packaged_homes_from_a_new_peak() -> None:
    selfish, quota = shifted("--cure", "none"), shifted()
    assert quota == shifted("--cure", "quota", "--seed", "0")
    assert selfish["peak_after_kw"] > 2 * selfish["peak_before_kw"]
    assert quota["peak_after_kw"] < quota["peak_before_kw"]
    assert shifted("--seed", "1") != quota
    elastic = shifted("--elasticity", "-0.3", "--alpha", "1.5", "--day", "2016-01-12")
    assert elastic["energy_after_kwh"] < elastic["energy_before_kwh"]


def test_the_table_says_the_same(files: tuple[str | Path, ...]) -> None:
    command = [sys.executable, "-m", "energychain.cli", "shift", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "2 homes, 2 days from 2020-05-01T00:00" in done.stdout
    assert "48.000000  48.000000" in done.stdout
    assert "if all followed the price alone (--cure none): a peak of 2.500 kW" in done.stdout


def test_a_file_without_energy_has_no_ratio(tmp_path: Path, files: tuple[str | Path, ...]) -> None:
    nothing = [LOAD[0], *(f"{t},a,0,0" for t in times(24))]
    (tmp_path / "l.csv").write_text("\n".join(nothing))
    form = shifted(*files)
    names = ("par_before", "price_load_correlation", "aggregator_gap_percent")
    assert [form[name] for name in names] == [None] * 3
    assert "peak to average" in energychain("shift", *files).stdout


BROKEN = {
    "no price": ("p.csv", PRICES[0].replace("price", "cost"), 0, "p.csv, line 1, column price: "),
    "text in a price": ("p.csv", "2020-05-01T02:00:00,dear", 3, "p.csv, line 4, column price: "),
    "text in a load": ("l.csv", "2020-05-01T00:00:00,a,0,x", 1, "l.csv, line 2, column consumed"),
    "negative load": ("l.csv", "2020-05-01T00:00:00,a,0,-1", 1, "l.csv, line 2, column consumed"),
    "twice": ("p.csv", PRICES[1], 2, "p.csv, line 3, column time: "),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_bad_files_get_exit_code_2_and_one_sentence(
    kind: str, tmp_path: Path, files: tuple[str | Path, ...]
) -> None:
    name, line, at, where = BROKEN[kind]
    lines = (tmp_path / name).read_text().split("\n")
    (tmp_path / name).write_text("\n".join([*lines[:at], line, *lines[at + 1 :]]))
    done = energychain("shift", *files, "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"energychain: {where}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("keep", "words"),
    [(151, "2020-05-02 is no whole day"), (95, "2020-05-01 is no whole day"), (1, "readings")],
)
def test_parts_of_days_are_refused(
    keep: int, words: str, tmp_path: Path, files: tuple[str | Path, ...]
) -> None:
    (tmp_path / "l.csv").write_text("\n".join(LOAD[:keep]))
    done = energychain("shift", *files)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("energychain: l.csv, ") and words in done.stderr


@pytest.mark.parametrize(
    "options",
    [
        ("--prices", "p.csv"),
        ("--load", "l.csv"),
        ("--prices", "nowhere.csv", "--load", "nowhere.csv"),
        ("--participation", "1.5"),
        ("--participation", "most"),
        ("--movable", "-0.1"),
        ("--alpha", "0.5"),
        ("--elasticity", "0.3"),
        ("--adder", "-1"),
        ("--adder", "nan"),
        ("--cure", "prayer"),
        ("--seed", "-1"),
        ("--day", "2016-02-29"),
        ("--day", "yesterday"),
    ],
)
def test_bad_options_are_refused_in_one_sentence(options: tuple[str, ...]) -> None:
    done = energychain("shift", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("energychain: ") and done.stderr.count("\n") == 1
