"""Where data lies, and what is read of anybody's file."""

import csv
from pathlib import Path

import pytest

from energychain import datasets
from energychain.datasets import LONGEST_LINE, lines_of
from energychain.primitives.hashing import sha256
from energychain.primitives.refusals import BadInput

NAMES = ["acn_month", "charging_quota", "simbench_week", "testbed"]


def refused(path: Path) -> str:
    with pytest.raises(BadInput) as caught:
        list(lines_of(path))
    return str(caught.value)


def test_every_dataset_says_what_it_is_where_it_comes_from_and_under_which_licence() -> None:
    assert datasets.names() == NAMES
    for name in datasets.names():
        about = datasets.about(name)
        assert {"title", "summary", "source", "licence"} <= set(about)


@pytest.mark.parametrize("name", NAMES)
def test_every_file_of_a_dataset_is_described_and_there(name: str) -> None:
    described = datasets.about(name)["files"]
    there = {path.name for path in (datasets.folder() / name).glob("*.csv")}
    assert set(described) == there
    for file, words in described.items():
        rows = list(csv.reader(datasets.lines(name, file)))
        assert len(rows) - 1 == words.get("rows", len(rows) - 1)
        assert len({len(row) for row in rows}) == 1


@pytest.mark.parametrize("name", NAMES)
def test_every_file_is_the_one_that_was_described(name: str) -> None:
    for file, words in datasets.about(name)["files"].items():
        data = (datasets.folder() / name / file).read_bytes()
        assert sha256(data).hex() == words["sha256"]
        header = next(datasets.lines(name, file)).strip().split(",")
        assert header == list(words["columns"])


def test_a_file_that_is_not_there_is_bad_input_that_names_it() -> None:
    with pytest.raises(BadInput, match=r"^none\.csv: cannot be read: No such file"):
        next(datasets.lines("testbed", "none.csv"))


def test_lines_are_read_with_their_ends_and_without_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntw\xc3\xb6\nthree")
    assert list(lines_of(path)) == ["one\r\n", "twö\n", "three"]


def test_a_byte_order_mark_in_a_later_line_is_left_for_the_reader_to_find(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(b"one\n\xef\xbb\xbftwo\n")
    assert list(lines_of(path))[1] == "\ufefftwo\n"


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    (tmp_path / "m.csv").touch()
    assert list(lines_of(tmp_path / "m.csv")) == []


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "cp850"])
def test_another_encoding_is_refused_with_the_line_and_the_way_out(
    tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes("time,node\n1,Müller\n".encode(encoding))
    assert refused(path) == (
        "m.csv, line 2: byte 4 is not UTF-8 text: save the file with the encoding UTF-8"
    )


def test_utf_16_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("time,node\n", encoding="utf-16")
    assert refused(path).startswith("m.csv, line 1: byte 1 is not UTF-8 text")


def test_a_huge_line_is_refused_without_being_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    with path.open("wb") as file:
        file.write(b"time,node\n")
        file.truncate(200 * 2**20)  # 200 MB of zeros that take no room on the disk
    assert refused(path) == "m.csv, line 2: more than 100,000 bytes in one line: not a table"


@pytest.mark.parametrize(
    ("length", "fine"),
    [
        (LONGEST_LINE, True),
        (LONGEST_LINE + 1, False),
    ],
)
def test_a_line_of_the_greatest_length_is_still_a_line(
    tmp_path: Path, length: int, fine: bool
) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(b"x" * (length - 1) + b"\n")
    if fine:
        assert len(next(lines_of(path))) == length
    else:
        assert "more than 100,000 bytes" in refused(path)


def test_a_folder_and_a_missing_file_are_refused_by_name(tmp_path: Path) -> None:
    assert refused(tmp_path) == f"{tmp_path.name}: cannot be read: Is a directory"
    assert refused(tmp_path / "none.csv").startswith("none.csv: cannot be read: No such file")


def test_the_published_table_keeps_its_printed_text() -> None:
    lines = list(datasets.lines("testbed", "table_2.csv"))
    assert lines[9].strip() == "8:00,1.071612,109.996,0.854339,91.452,0.217273,98.552"
    assert len(lines) == 25
