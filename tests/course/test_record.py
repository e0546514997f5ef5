"""A record is believed only if every block, every signature and every verdict in it holds."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from energychain.cli.terminal import app
from energychain.consensus.work import check_work, mine
from energychain.course.hand_in import KEY_FILE, export, own_key
from energychain.course.journal import FILE, Attempt, line
from energychain.course.record import CONTRACTS, compare, examine, opening, read, record
from energychain.ledger import saved
from energychain.ledger.chain import Chain
from energychain.ledger.genesis import Genesis
from energychain.ledger.transaction import Transaction
from energychain.primitives.keys import SecretKey, derive
from energychain.primitives.refusals import BadInput

ANN, BEN = derive("a class", "ann"), derive("a class", "ben")
ATTEMPTS = (
    Attempt("00.cells", "24", "wrong"),
    Attempt("00.cells", "72", "right"),
    Attempt("05.limit", "89.6", "right"),
    Attempt("02.twice", "['a', 'b', 'c', 'd', 'e', 'f', 'e', 'f']", "right"),
)


def on_disk(chain: Chain) -> list[bytes]:
    return [text.encode() + b"\n" for text in saved.lines(chain)]


def test_an_honest_record_is_good_and_counts_what_is_right() -> None:
    found = read(on_disk(record("Ann", ANN, ATTEMPTS)), "ann.json")
    assert (found.name, found.reason, found.address) == ("Ann", "", ANN.public.address)
    assert found.attempts == ATTEMPTS
    assert (found.right(), found.right("00."), found.right("05."), found.right("11.")) == (
        3,
        1,
        1,
        0,
    )


def test_two_runs_give_the_same_bytes_and_more_attempts_go_on_from_fewer() -> None:
    whole, begun = record("Ann", ANN, ATTEMPTS), record("Ann", ANN, ATTEMPTS[:2])
    assert on_disk(whole) == on_disk(record("Ann", ANN, ATTEMPTS))
    assert whole.blocks[:3] == begun.blocks


def test_every_altered_byte_is_found() -> None:
    honest = b"".join(on_disk(record("Ann", ANN, ATTEMPTS[:2])))
    believed = []
    for place in range(0, len(honest), 7):
        altered = bytearray(honest)
        altered[place] ^= 1
        try:
            found = read(bytes(altered).splitlines(keepends=True), "ann.json")
        except BadInput:
            continue
        if not found.reason:
            believed.append(place)
    assert believed == []


def test_a_file_that_was_cut_off_anywhere_is_no_good_record() -> None:
    honest = b"".join(on_disk(record("Ann", ANN, ATTEMPTS[:1])))
    for length in range(0, len(honest), 11):
        try:
            found = read(honest[:length].splitlines(True), "cut.json")
        except BadInput:
            continue
        assert found.reason


def test_a_verdict_that_is_not_so_is_named_with_its_block() -> None:
    lie = (*ATTEMPTS[:1], Attempt("00.cells", "24", "right"))
    found = read(on_disk(record("Ann", ANN, lie)), "ann.json")
    assert found.reason == "block 2 calls 24 right for 00.cells; it is wrong"


def test_an_answer_nobody_can_judge_is_not_right() -> None:
    lie = [Attempt("05.due", "<function answer>", "right"), Attempt("88.none", "1", "right")]
    for attempt in lie:
        assert "it is wrong" in examine(record("Ann", ANN, [attempt])).reason


def test_an_easier_beginning_is_refused() -> None:
    honest = opening("Ann", ANN.public.address)
    easy = replace(honest, target=2**256 - 1)
    begun = [("course_record", ("exercise", "00.cells"), (1, 1))]
    full = replace(honest, storage=(*honest.storage, *begun))
    for genesis in (easy, full, replace(honest, names=())):
        chain = Chain.begin(genesis, CONTRACTS, check_work)
        assert examine(chain).reason == "it does not begin as the course begins a record"


def test_nobody_else_can_write_in_a_record() -> None:
    chain = Chain.begin(opening("Ann", ANN.public.address), CONTRACTS, check_work)
    poor = _with(chain, BEN, "answer", ATTEMPTS[1])
    assert poor is None  # a stranger has no Ether there
    richer = replace(
        chain.genesis, balances=(*chain.genesis.balances, ("ether", BEN.public.address, 10**18))
    )
    written = _with(Chain.begin(richer, CONTRACTS, check_work), BEN, "answer", ATTEMPTS[1])
    assert written is not None
    assert not written.receipts[1][0].done
    assert "cannot write in it" in (written.receipts[1][0].reason or "")
    own = _with(chain, ANN, "forget", ATTEMPTS[1])
    assert own is not None
    assert examine(own).reason == "block 1 is no attempt of the learner"


def _with(chain: Chain, key: SecretKey, function: str, attempt: Attempt) -> Chain | None:
    draft = chain.draft(1, key.public.address)
    wish = Transaction(
        chain=chain.genesis.chain,
        sender=key.public,
        nonce=0,
        contract="course_record",
        function=function,
        arguments=(attempt.exercise, attempt.answer, attempt.verdict),
        gas_limit=1_000_000,
        gas_price=1,
    )
    try:
        draft.add(wish.sign(key))
    except Exception as refusal:
        assert getattr(refusal, "rule", "") == "gas funds"
        return None
    return draft.finish(mine)


@pytest.mark.parametrize("name", ["", " Ann", "=1+1", "-Ann", "@a", "two\nlines", "a" * 61])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="name"):
        opening(name, ANN.public.address)


# --- a class --------------------------------------------------------------------------


def test_a_forged_name_is_no_command(tmp_path: Path) -> None:
    """Neither for the table program that opens the CSV, nor for the terminal."""
    lines = on_disk(record("Ann", ANN, ATTEMPTS))
    for evil in ("=1+1", "@x", "\x1b[2J"):
        told = [text.replace(b"record of Ann", f"record of {evil}".encode()) for text in lines]
        escaped = [text.replace(b"\x1b", b"\\u001b") for text in told]
        (row,) = compare([(f"{evil}.json", read(escaped, "x.json"))])
        assert row.finding == "forged"
        assert row.examined.name.endswith(evil.lstrip("\x1b"))
        for cell in row.cells().values():
            assert str(cell).isprintable()
            assert not str(cell).startswith(("=", "+", "-", "@"))


def findings(*records: tuple[str, Chain], roster: Sequence[object] = ()) -> dict[str, str]:
    rows = compare([(file, examine(chain)) for file, chain in records], roster)  # type: ignore[arg-type]
    return {row.file or row.examined.name: f"{row.finding}: {row.reason}" for row in rows}


def test_a_copy_under_another_name_has_the_same_key() -> None:
    found = findings(("a", record("Ann", ANN, ATTEMPTS)), ("b", record("Ben", ANN, ATTEMPTS)))
    assert found == {
        "a": "disputed: the same key signed for Ben, too (b)",
        "b": "disputed: the same key signed for Ann, too (a)",
    }


def test_two_keys_for_a_name_are_disputed_and_a_roster_says_whose_it_is() -> None:
    true, false = record("Ann", ANN, ATTEMPTS), record("Ann", BEN, ATTEMPTS)
    assert findings(("t", true), ("f", false)) == {
        "t": "disputed: another key signed for Ann, too (f)",
        "f": "disputed: another key signed for Ann, too (t)",
    }
    last_week = compare([("old", examine(record("Ann", ANN, ATTEMPTS[:1])))])
    roster = [row.known for row in last_week if row.known]
    found = findings(("t", true), ("f", false), roster=roster)
    assert found["t"] == "good: "
    assert found["f"].startswith(f"forged: signed by {BEN.public.address}; on the roster Ann is")


def test_a_longer_record_replaces_an_older_one_and_another_past_does_not() -> None:
    old, new = record("Ann", ANN, ATTEMPTS[:2]), record("Ann", ANN, ATTEMPTS)
    assert findings(("1", old), ("2", new)) == {"1": "older: 2 goes on from it", "2": "good: "}
    other = record("Ann", ANN, ATTEMPTS[1:])
    assert findings(("1", old), ("2", other))["2"] == "disputed: tells another past than 1"


def test_who_rewrote_the_past_since_last_week_is_named() -> None:
    seen = compare([("old", examine(record("Ann", ANN, ATTEMPTS[:2])))])[0].known
    better = record("Ann", ANN, ATTEMPTS[1:])
    found = findings(("new", better), roster=[seen])
    assert found["new"].startswith("forged: the past was rewritten: when last seen, block 2 was ")
    assert found["Ann"] == "missing: no good record was handed in"
    shorter = record("Ann", ANN, ATTEMPTS[:1])
    assert findings(("new", shorter), roster=[seen])["new"].startswith("forged: the past was")
    assert findings(("new", record("Ann", ANN, ATTEMPTS)), roster=[seen]) == {"new": "good: "}


def test_a_genesis_of_another_chain_is_no_record() -> None:
    testbed = opening("Ann", ANN.public.address)
    other = Genesis(**{**vars(testbed), "chain": "course record of Ben"})
    assert "does not begin" in examine(Chain.begin(other, CONTRACTS, check_work)).reason


# --- the commands ---------------------------------------------------------------------


def learner(folder: Path, attempts: Sequence[Attempt] = ATTEMPTS) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text("".join(line(each) + "\n" for each in attempts), "utf-8")
    return folder / FILE


def run(*options: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["progress", *map(str, options)])
    if isinstance(done.exception, BadInput):
        return 2, done.stdout, str(done.exception)
    return done.exit_code, done.stdout, done.stderr


def test_export_makes_a_key_once_and_keeps_it_to_the_owner(tmp_path: Path) -> None:
    journal = learner(tmp_path)
    code, said, _ = run("export", "--name", "Ann Łuck", "--journal", journal)
    assert code == 0
    key = own_key(tmp_path / KEY_FILE)
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o077 == 0
    assert key.public.address in said
    assert f"{key.number:064x}" not in said
    written = (tmp_path / "record-ann-łuck.json").read_bytes()
    assert f"{key.number:064x}".encode() not in written
    run("export", "--name", "Ann Łuck", "--journal", journal)
    assert (tmp_path / "record-ann-łuck.json").read_bytes() == written


def test_a_class_is_verified_with_one_command_and_a_forged_record_is_named(tmp_path: Path) -> None:
    desk = tmp_path / "class"
    desk.mkdir()
    for who in ("Ann", "Ben", "Cleo"):
        export(who, journal_file=learner(tmp_path / who))
        (record_file,) = (tmp_path / who).glob("record-*.json")
        (desk / record_file.name).write_bytes(record_file.read_bytes())
    code, table, said = run("verify", desk)
    assert code == 0
    assert said.strip() == "3 of 3 records are good"
    rows = list(csv.DictReader(table.splitlines()))
    assert [(row["name"], row["finding"], row["right"]) for row in rows] == [
        ("Ann", "good", "3"),
        ("Ben", "good", "3"),
        ("Cleo", "good", "3"),
    ]
    (tmp_path / "week1.csv").write_text(table)

    forged = desk / "record-ben.json"
    forged.write_bytes(forged.read_bytes().replace(b'"24", "wrong"', b'"72", "right"'))
    (desk / "shopping.json").write_text("milk\n")
    code, table, said = run("verify", desk, "--roster", tmp_path / "week1.csv")
    assert code == 1
    assert "record-ben.json, by Ben: forged: block 1 breaks the rule 'merkle root'" in said
    assert "shopping.json, by nobody: unreadable: expected a saved chain" in said
    rows = list(csv.DictReader(table.splitlines()))
    assert [(row["name"], row["finding"], row["right"]) for row in rows] == [
        ("Ann", "good", "3"),
        ("Ben", "missing", ""),
        ("Ben", "forged", ""),
        ("Cleo", "good", "3"),
        ("", "unreadable", ""),
    ]
    # What was known of Ben is still known next week.
    (tmp_path / "week2.csv").write_text(table)
    run("verify", desk, "--roster", tmp_path / "week2.csv", "--out", tmp_path / "week3.csv")
    assert (tmp_path / "week3.csv").read_text() == table


@pytest.mark.parametrize(
    ("roster", "sentence"),
    [
        ("name\nAnn\n", "class.csv, line 1: expected the columns name and address; address is"),
        ("name,address\nAnn,0x12\n", "class.csv, line 2, column address: expected an address"),
        (f"name,address\nA,{ANN.public.address}\nA,{BEN.public.address}\n", "A is listed twice"),
        (f"name,address,blocks\nA,{ANN.public.address},x\n", "line 2, column blocks: expected"),
    ],
)
def test_a_bad_roster_is_refused_in_a_sentence(tmp_path: Path, roster: str, sentence: str) -> None:
    export("Ann", journal_file=learner(tmp_path))
    (tmp_path / "class.csv").write_text(roster)
    code, table, said = run(
        "verify", tmp_path / "record-ann.json", "--roster", tmp_path / "class.csv"
    )
    assert (code, table) == (2, "")
    assert sentence in said


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    assert run("verify", tmp_path / "gone") == (2, "", "gone: there is no such file or folder")
    assert "no record (*.json) in this folder" in run("verify", tmp_path)[2]
    assert "nothing to hand in" in run("export", "--name", "A", "--journal", tmp_path / FILE)[2]
    (tmp_path / KEY_FILE).write_text("{}")
    assert "holds no secret key" in run("export", "--name", "A", "--journal", learner(tmp_path))[2]


def test_a_secret_key_and_what_is_too_large_are_no_records(tmp_path: Path) -> None:
    export("Ann", journal_file=learner(tmp_path))
    key, huge = tmp_path / KEY_FILE, tmp_path / "huge.json"
    with huge.open("wb") as file:
        file.truncate(33 * 2**20)
    (tmp_path / "empty.json").touch()
    code, table, said = run("verify", tmp_path)
    assert code == 1
    assert "my_secret_key.json, by nobody: unreadable: a secret key, not a record" in said
    assert "huge.json, by nobody: unreadable: expected at most" in said
    assert "empty.json, by nobody: unreadable: expected a saved chain" in said
    assert key.read_text().split('"')[-2] not in table + said


def test_export_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    journal = learner(tmp_path)
    code, _, said = run("export", "--name", "A", "--journal", journal, "--folder", tmp_path / "no")
    assert (code, said) == (2, f"{KEY_FILE}: cannot be written: No such file or directory")


def test_show_prints_how_far_one_has_come(tmp_path: Path) -> None:
    code, said, _ = run("show", "--journal", learner(tmp_path))
    assert code == 0
    assert said.startswith("3 of ")
