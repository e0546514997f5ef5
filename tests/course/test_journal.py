"""What is answered is kept in one file of the learner's own, and nowhere else."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from energychain.course import journal
from energychain.course.exercises import check, check_again, exercises
from energychain.course.exercises.judging import plain
from energychain.course.journal import Attempt
from energychain.course.progress import Progress, progress
from energychain.primitives.refusals import BadInput

RIGHT, WRONG = Attempt("00.cells", "72", "right"), Attempt("00.cells", "24", "wrong")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A lesson that has just begun in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ENERGYCHAIN_PROGRESS", raising=False)
    journal.begin()
    yield tmp_path
    monkeypatch.setenv("ENERGYCHAIN_PROGRESS", "off")
    journal.begin()


def test_an_answer_is_kept_and_read_again(folder: Path) -> None:
    check("00.cells", 24)
    check("00.cells", 72)
    assert journal.read(folder / journal.FILE) == [WRONG, RIGHT]
    assert progress().right == {"00.cells"}


def test_an_answer_may_hold_any_letter(folder: Path) -> None:
    """Some letters end a line for Python, and not for a file."""
    journal.keep(odd := Attempt("00.cells", "'a\u2028b\x85c'", "wrong"))
    assert journal.read(folder / journal.FILE) == [odd]


def test_who_attempts_nothing_gets_no_file(folder: Path) -> None:
    check("00.cells", ...)
    assert list(folder.iterdir()) == []
    assert progress().attempts == []


def test_outside_a_lesson_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check("00.cells", 72)
    assert list(tmp_path.iterdir()) == []


def test_a_deleted_file_is_forgotten(folder: Path) -> None:
    check("00.cells", 72)
    (folder / journal.FILE).unlink()
    assert progress().summary.startswith("Nothing is answered yet")
    check("00.cells", 24)
    assert journal.read(folder / journal.FILE) == [WRONG]


def test_another_file_can_be_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENERGYCHAIN_PROGRESS", str(folder / "mine"))
    journal.begin()
    check("00.cells", 72)
    assert [path.name for path in folder.iterdir()] == ["mine"]


def test_a_file_that_cannot_be_written_stops_no_lesson(folder: Path) -> None:
    (folder / journal.FILE).mkdir()
    said = check("00.cells", 72)
    assert said.verdict == "right"
    assert "not kept: my_progress.jsonl: Is a directory" in said.message


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "[]",
        "3",
        '{"exercise": "00.cells"}',
        '{"exercise": "00.cells", "answer": 72, "verdict": "right"}',
        '{"exercise": "00.cells", "answer": "72", "verdict": "brilliant"}',
        '{"exercise": "00.cells", "answer": "72", "verdict": "right", "more": 1}',
        json.dumps({"exercise": "00.cells", "answer": "7" * 3_000, "verdict": "right"}),
    ],
)
def test_a_line_that_is_no_attempt_is_named(folder: Path, line: str) -> None:
    check("00.cells", 72)
    with (folder / journal.FILE).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(BadInput, match=r"^my_progress\.jsonl, line 2: expected an attempt"):
        journal.read(folder / journal.FILE)
    assert "line 2" in repr(progress())
    assert "line 2" in progress()._repr_html_()


def test_progress_is_shown_in_words_and_as_a_table() -> None:
    shown = Progress([WRONG, RIGHT, Attempt("05.due", "7", "wrong")])
    assert shown.summary.startswith("1 of ")
    assert shown.summary.endswith("are right, after 3 attempts.")
    assert "lesson 00  ●\n" in repr(shown)
    assert "lesson 05  ◐○" in repr(shown)
    assert "<th scope='row'>05</th><td>0</td><td>1</td>" in shown._repr_html_()
    assert sum(there for *_, there in shown.rows()) == len(exercises())


def test_one_right_attempt_is_enough() -> None:
    assert Progress([RIGHT, WRONG]).right == {"00.cells"}


@pytest.mark.parametrize("name", exercises())
def test_whatever_is_judged_can_be_judged_again_from_what_is_written_down(name: str) -> None:
    exercise = exercises()[name]
    for source in (exercise.solution, *exercise.slips):
        names: dict[str, object] = {}
        exec(source, names)
        written = repr(exercise.judge.written(names["answer"]))
        assert len(written) <= journal.LONGEST
        assert check_again(name, written) == check(name, names["answer"])


@pytest.mark.parametrize(
    "answer",
    ["", "(", "open('x')", "__import__('os')", "(" * 1_900, "9" * 2_000, "{[]: 1}", "nan", "1e999"],
)
@pytest.mark.parametrize("name", ["00.cells", "02.twice", "05.due", "10.break", "04.credit"])
def test_an_answer_that_nobody_could_have_written_is_wrong(name: str, answer: str) -> None:
    assert check_again(name, answer).verdict == "wrong"


def test_an_unknown_exercise_is_not_right() -> None:
    assert check_again("77.none", "1").verdict == "wrong"


def test_numbers_of_every_make_are_written_alike() -> None:
    from decimal import Decimal
    from fractions import Fraction

    import numpy as np

    assert plain([np.int64(3), np.float32(0.5), Decimal("0.5"), Fraction(1, 2)]) == [
        3,
        0.5,
        0.5,
        0.5,
    ]
    assert type(plain(np.int64(3))) is int
    assert plain(True) is True
    assert repr(plain(float("nan"))) == "nan"
    assert repr(plain({1: (2, [None])})) == "{1: (2, [None])}"
