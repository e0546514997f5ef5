"""The commands as a person meets them: what they print, and with which exit code they end."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from energychain import cli
from energychain.cli import terminal

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


# --- clear ----------------------------------------------------------------------------

BOOK_HEAD = "id,trader,side,quantity,price\n"
TABLE_3 = BOOK_HEAD + (
    "E,E,buy,3.2,28\nD,D,buy,10.9,26\nB,B,buy,6.5,24\nG,G,buy,5.4,20\n"
    "H,H,sell,6.8,16\nF,F,sell,7.2,19\nC,C,sell,9.8,22\nA,A,sell,3.2,25\n"
)
TIMED = BOOK_HEAD.replace("\n", ",time\n")
DIVISIBLE = BOOK_HEAD.replace("\n", ",divisible\n")

BAD_BOOKS = {
    "unknown side": (TABLE_3.replace("B,B,buy", "B,B,borrow"), "line 4, column side"),
    "negative quantity": (TABLE_3.replace("6.5", "-6.5"), "line 4, column quantity"),
    "NaN quantity": (TABLE_3.replace("6.5", "NaN"), "line 4, column quantity"),
    "infinite price": (TABLE_3.replace(",24", ",-inf"), "line 4, column price"),
    "text in a number": (TABLE_3.replace(",24", ",cheap"), "line 4, column price"),
    "no price": (TABLE_3.replace(",24", ","), "line 4, column price"),
    "duplicate id": (TABLE_3 + "E,Z,sell,1,2\n", "line 10, column id"),
    "missing column": (TABLE_3.replace("quantity", "amount"), "line 1, column quantity"),
    "column twice": (TABLE_3.replace("trader", "price"), "line 1, column trader"),
    "empty": ("", "line 1"),
    "header only": (BOOK_HEAD, "line 2"),
    "1e300": (TABLE_3.replace(",24", ",1e300"), "line 4, column price"),
    "1e1000000": (TABLE_3.replace("6.5", "1e1000000"), "line 4, column quantity"),
    "too large": (TABLE_3.replace("6.5", "1e10"), "line 4, column quantity"),
    "finer than six decimals": (TABLE_3.replace("6.5", "6.5000001"), "line 4, column quantity"),
    "mixed times": (TIMED + "1,a,buy,1,2,5\n2,b,sell,1,1,2019-07-04\n", "line 3, column time"),
    "no time at all": (TIMED + "1,a,buy,1,2,noon\n", "line 2, column time"),
    "time beyond all clocks": (TIMED + "1,a,buy,1,2,1e14\n", "line 2, column time"),
    "neither yes nor no": (DIVISIBLE + "1,a,buy,1,2,maybe\n", "line 2, column divisible"),
    "empty trader": (TABLE_3.replace("B,B,", "B, ,"), "line 4, column trader"),
    "empty id": (TABLE_3.replace("B,B,", ",B,"), "line 4, column id"),
    "unseen character": (TABLE_3.replace("B,B,", "B,B\u200b,"), "line 4, column trader"),
    "a line in a name": (TABLE_3.replace("B,B,", 'B,"B\nB",'), "line 5, column trader"),
    "a cell too few": (TABLE_3.replace(",24", ""), "line 4, column price"),
    "a cell too many": (TABLE_3.replace(",24", ",24,24"), "line 4, column price"),
    "open quote": (TABLE_3.replace("B,B,", 'B,"B,'), "line 9"),
    "quote in a cell": (TABLE_3.replace("B,B,", 'B,"B"B,'), "line 4"),
    "semicolons": (TABLE_3.replace(",", ";"), "line 1, column id"),
    "old line ends": (TABLE_3.replace("\n", "\r"), "line 1"),
}

BAD_OPTIONS = {
    "unknown rule": ("--rule", "best"),
    "unknown point": ("--rule", "uniform", "--point", "middle"),
    "point beyond 1": ("--rule", "uniform", "--point", "1.5"),
    "unknown ties": ("--rule", "uniform", "--ties", "fifo"),
    "negative seed": ("--rule", "uniform", "--ties", "lottery", "--seed", "-1"),
    "negative seed that is not drawn from": ("--rule", "uniform", "--seed=-1"),
    "term of another rule": ("--rule", "pairwise", "--point", "mid"),
    "price of another rule": ("--rule", "uniform", "--import-price", "30"),
    "negative fee": ("--rule", "uniform", "--fee=-1"),
    "fee too large": ("--rule", "uniform", "--fee", "1e14"),
    "fee that is no number": ("--rule", "uniform", "--fee", "much"),
    "price above the cap": ("--rule", "uniform", "--cap", "27.999999"),
    "cap too large": ("--rule", "uniform", "--cap", "1e14"),
    "cap that is no number": ("--rule", "uniform", "--cap", "high"),
    "cap too fine": ("--rule", "uniform", "--cap", "30.0000001"),
}


def run_clear(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str | Path
) -> tuple[int, str, str]:
    """The command in this process, which is faster: exit code, standard output and error."""
    monkeypatch.setattr(sys, "argv", ["energychain", "clear", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    code = ended.value.code
    return (int(code) if code is not None else 0, *capfd.readouterr())


@pytest.mark.parametrize("kind", BAD_BOOKS)
def test_a_bad_book_gets_exit_code_2_and_one_sentence_with_its_place(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    text, where = BAD_BOOKS[kind]
    book = tmp_path / "book.csv"
    book.write_bytes(text.encode())
    code, out, err = run_clear(capfd, monkeypatch, book, "--rule", "uniform", "--json")
    assert (code, out) == (2, "")
    assert err.startswith(f"energychain: book.csv, {where}: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("kind", BAD_OPTIONS)
def test_a_bad_option_of_clear_gets_exit_code_2_and_one_sentence(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    book = tmp_path / "book.csv"
    book.write_text(TABLE_3)
    code, out, err = run_clear(capfd, monkeypatch, book, *BAD_OPTIONS[kind], "--json")
    assert (code, out) == (2, "")
    assert err.startswith("energychain: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("junk", [bytes(range(256)) * 40, b"\xff\xfe" + TABLE_3.encode("utf-16")])
def test_a_file_that_is_no_text_is_bad_input(tmp_path: Path, junk: bytes) -> None:
    book = tmp_path / "book.csv"
    book.write_bytes(junk)
    run = energychain("clear", book, "--rule", "uniform", "--json")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("energychain: book.csv, line 1")
    assert run.stderr.count("\n") == 1


def test_a_book_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    run = energychain("clear", tmp_path / "none.csv", "--rule", "uniform")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == "energychain: none.csv: cannot be read: No such file or directory\n"


def test_an_order_that_the_rule_must_divide_is_named(tmp_path: Path) -> None:
    book = tmp_path / "book.csv"
    book.write_text(DIVISIBLE + "1,ann,buy,1,2,no\n2,sam,sell,1,1,yes\n")
    run = energychain("clear", book, "--rule", "uniform", "--json")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("energychain: book.csv: order 1 is all or none")


def test_clear_gives_the_whole_outcome_of_the_published_book(tmp_path: Path) -> None:
    book = tmp_path / "book.csv"
    book.write_text(TABLE_3)
    run = energychain("clear", book, "--rule", "last-pair", "--json")
    assert (run.returncode, run.stderr) == (0, "")
    found = json.loads(run.stdout)
    keys = (
        "rule price price_buy price_sell price_interval quantity clearing_type fills payments"
        " operator_surplus welfare max_welfare efficiency properties"
    )
    assert set(keys.split()) <= set(found)
    assert found["rule"] == "last_pair"
    assert found["price"] == found["price_buy"] == found["price_sell"] == 23
    assert found["price_interval"] == [22, 22]
    assert found["quantity"] == 20.6
    assert found["clearing_type"] == "marginal seller"
    assert found["fills"] == {
        "E": 3.2, "D": 10.9, "B": 6.5, "G": 0, "H": 6.8, "F": 7.2, "C": 6.6, "A": 0
    }  # fmt: skip
    assert found["payments"]["B"] == 149.5
    assert found["payments"]["C"] == -151.8
    assert found["operator_surplus"] == 0
    assert found["welfare"] == found["max_welfare"] == 138.2
    assert found["efficiency"] == 1
    assert found["properties"] == {
        "feasible": True,
        "individually_rational": True,
        "budget": "strong",
        "efficient": True,
        "competitive": False,
    }


def test_without_trade_the_price_is_null(tmp_path: Path) -> None:
    book = tmp_path / "book.csv"
    book.write_text(BOOK_HEAD + "1,ann,buy,1,2\n2,sam,sell,1,3\n")
    found = json.loads(energychain("clear", book, "--rule", "uniform", "--json").stdout)
    nothing = ("price", "price_buy", "price_sell", "price_interval")
    assert [found[key] for key in nothing] == [None] * 4
    assert found["clearing_type"] == "null"
    assert found["fills"] == {"1": 0, "2": 0}
    assert "uniform price: 0 at -" in energychain("clear", book, "--rule", "uniform").stdout


def test_a_book_may_be_written_on_any_machine_and_in_any_order(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    head, *rows = TABLE_3.splitlines()
    ways = {
        "plain": TABLE_3,
        "byte order mark": "\ufeff" + TABLE_3,
        "line ends of Windows": TABLE_3.replace("\n", "\r\n"),
        "no last line end": TABLE_3.rstrip("\n"),
        "empty lines": TABLE_3.replace("\n", "\n\n"),
        "further columns": "\n".join([f"{head},note", *(f"{row},x" for row in rows)]),
        "spaces and capitals": TABLE_3.replace(",", " , ").replace("buy", "Buy"),
        "from the end": "\n".join([head, *reversed(rows)]),
    }
    outputs = set()
    for way, text in ways.items():
        book = tmp_path / "book.csv"
        book.write_bytes(text.encode())
        code, out, err = run_clear(capfd, monkeypatch, book, "--rule", "uniform", "--json")
        assert (code, err) == (0, ""), way
        outputs.add(out)
    assert len(outputs) == 1


def test_two_runs_print_the_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    book = tmp_path / "book.csv"
    rows = (f"o{i},t{i % 7},{('buy', 'sell')[i % 2]},{i % 5 + 1},{i % 3}" for i in range(60))
    book.write_text(BOOK_HEAD + "\n".join(rows))
    lottery = ("--rule", "uniform", "--ties", "lottery", "--seed", "3")
    for options in (lottery, (*lottery, "--json")):
        outputs = set()
        for seed in ("0", "1", "2"):
            command = [sys.executable, "-m", "energychain.cli", "clear", str(book), *options]
            environment = {**os.environ, "PYTHONHASHSEED": seed}
            outputs.add(subprocess.run(command, capture_output=True, env=environment).stdout)
        assert len(outputs) == 1
        assert len(outputs.pop()) > 500


def test_a_name_that_the_pipe_cannot_write_is_escaped(tmp_path: Path) -> None:
    book = tmp_path / "book.csv"
    book.write_text(BOOK_HEAD + "1,Łukasz 😀,buy,1,2\n2,Ωmega,sell,1,1\n", encoding="utf-8")
    for encoding in ("ascii", "cp1252", "utf-8"):
        command = [sys.executable, "-m", "energychain.cli", "clear", str(book), "--rule", "uniform"]
        environment = {**os.environ, "PYTHONIOENCODING": encoding}
        for options in ([], ["--json"]):
            run = subprocess.run([*command, *options], capture_output=True, env=environment)
            assert (run.returncode, run.stderr) == (0, b"")
        assert set(json.loads(run.stdout.decode(encoding))["payments"]) == {"Łukasz 😀", "Ωmega"}


def test_a_hundred_thousand_orders_are_cleared(tmp_path: Path) -> None:
    book = tmp_path / "book.csv"
    rows = (
        f"{i},t{i % 9999},{('buy', 'sell')[i % 2]},{i % 97 + 1}.5,{i * 7919 % 5000 / 100}"
        for i in range(100_000)
    )
    book.write_text(BOOK_HEAD + "\n".join(rows))
    run = energychain("clear", book, "--rule", "uniform", "--json")
    found = json.loads(run.stdout)
    assert (run.returncode, run.stderr) == (0, "")
    assert len(found["fills"]) == 100_000
    assert found["efficiency"] == 1
    assert found["properties"]["competitive"]


def test_the_table_says_what_json_says(tmp_path: Path) -> None:
    book = tmp_path / "book.csv"
    book.write_text(TABLE_3)
    run = energychain("clear", book, "--rule", "uniform")
    assert (run.returncode, run.stderr) == (0, "")
    assert "uniform price: 20.6 at 22" in run.stdout
    assert "competitive prices 22 to 22 (marginal seller; set by C)" in run.stdout
    assert "welfare 138.2 of 138.2 (100.0%), the operator keeps 0" in run.stdout


# --- fault ----------------------------------------------------------------------------


def test_fault_prints_the_reference_cases_of_set_b() -> None:
    found = json.loads(
        energychain(
            "fault", "--resistance", "10", "--location", "0.5", "--relay", "literal", "--json"
        ).stdout
    )
    assert round(found["i1_peak_a"], 5) == 4.03284
    assert round(found["i1_peak_ms"], 5) == 0.30719
    assert round(found["i2_peak_a"], 6) == 0.632858
    assert found["samples"]["ms"] == [0.1, 0.5, 1, 2, 5]
    assert [round(i1, 5) for i1 in found["samples"]["i1"]] == [
        3.85358,
        4.02906,
        4.01664,
        3.99054,
        3.89886,
    ]
    assert round(found["isolated_ms"], 3) == 0.494
    assert found["events"] == []
    assert found["detected_by"] == "primary"


@pytest.mark.parametrize(("resistance", "location", "printed"), [(1, 0.33, 1.4), (10, 0.5, 0.5)])
def test_a_set_brings_its_own_relay(resistance: float, location: float, printed: float) -> None:
    # With the relay of set B, set U would clear these faults after 1.47 and 0.56 ms.
    options = ("--resistance", resistance, "--location", location, "--relay", "literal")
    found = json.loads(energychain("fault", *options, "--set", "U", "--json").stdout)
    assert round(found["isolated_ms"], 1) == printed


@pytest.mark.parametrize(
    ("options", "by", "isolated"),
    [
        (("--defence", "off"), None, None),
        (("--defence", "off", "--path", "ledger"), "ledger", 1.42 + 1.45),
        (("--defence", "on", "--path", "ledger", "--ledger-delay-ms", "27"), "ledger", 28.42),
    ],
)
def test_an_attack_blinds_the_link_and_the_ledger_does_not_care(
    options: tuple[str, ...], by: str | None, isolated: float | None
) -> None:
    fault = ("fault", "--resistance", "1", "--location", "0.33", "--json")
    found = json.loads(energychain(*fault, "--attack", "replay_in-place", *options).stdout)
    assert found["attack"] == "replay in place"
    assert found["detected_by"] == by
    assert found["missed"] is (by is None)
    assert found["isolated_ms"] == (
        None if isolated is None else pytest.approx(isolated, abs=0.011)
    )


def test_a_defended_link_is_the_faster_witness() -> None:
    fault = ("fault", "--resistance", "1", "--location", "0.33", "--path", "ledger", "--json")
    found = json.loads(energychain(*fault, "--attack", "false data").stdout)
    assert (found["detected_by"], found["caught_by"]) == ("primary", "tag")
    assert found["isolated_ms"] == pytest.approx(1.42, abs=0.011)


def test_a_low_fault_resistance_lets_the_diodes_conduct() -> None:
    found = json.loads(
        energychain("fault", "--resistance", "0.1", "--location", "0.5", "--json").stdout
    )
    assert [event["name"] for event in found["events"]] == ["D2_on", "D1_on", "D1_off"]


@pytest.mark.parametrize(
    "options",
    [
        ("--resistance", "0"),
        ("--resistance", "x"),
        ("--resistance", "nan"),
        ("--resistance", "1e300"),
        ("--location", "5"),
        ("--at-ms", "11"),
        ("--at-ms", "1,,2"),
        ("--relay", "none"),
        ("--set", "Z"),
        ("--attack", "magic"),
        ("--defence", "maybe"),
        ("--path", "both"),
        ("--ledger-delay-ms", "-1"),
        ("--ledger-delay-ms", "soon"),
        ("--seed", "-1"),
    ],
)
def test_fault_refuses_bad_options_in_one_sentence(options: tuple[str, str]) -> None:
    given = {"--resistance": "1", "--location": "0.33"} | dict([options])
    done = energychain("fault", *(word for pair in given.items() for word in pair))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_a_terminal_beside_the_lessons_finds_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    from jupyterlab.labapp import LabApp

    begun: list[list[str]] = []
    monkeypatch.setattr(LabApp, "launch_instance", lambda argv: begun.append(argv))
    monkeypatch.setenv("PATH", os.defpath)
    CliRunner().invoke(terminal.app, ["lab"], catch_exceptions=False)
    [[lesson, *_]] = begun
    assert Path(lesson).name == "00_start_here.ipynb"
    assert shutil.which("energychain") == str(Path(sys.executable).with_name("energychain"))
