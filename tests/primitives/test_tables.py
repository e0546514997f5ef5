"""Tables that people write: cells by name, and a place for whatever is wrong."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energychain.primitives.refusals import BadInput
from energychain.primitives.tables import read_rows

cells = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=6).map(
    str.strip
)


def rows(*lines: str, columns: tuple[str, ...] = ("a", "b")) -> list[tuple[int, dict[str, str]]]:
    return [(n, dict(found)) for n, found in read_rows(lines, columns, ("c",), "t.csv")]


def test_rows_come_with_their_line_and_their_cells_by_name() -> None:
    found = rows("b, a ,x", "1, 2 ,3", "", " , ,", "4,5,6")
    assert found == [(2, {"a": "2", "b": "1"}), (5, {"a": "5", "b": "4"})]


def test_an_optional_column_is_there_if_the_table_has_it() -> None:
    assert rows("a,b,c", "1,2,3") == [(2, {"a": "1", "b": "2", "c": "3"})]
    assert rows("a,b", "1,2") == [(2, {"a": "1", "b": "2"})]


def test_lines_may_end_as_on_any_machine() -> None:
    assert rows("a,b\r\n", "1,2\r\n") == rows("a,b\n", "1,2\n") == rows("a,b", "1,2")


def test_a_cell_over_two_lines_counts_as_two() -> None:
    assert rows("a,b\n", '"1\n', '2",3\n', "4,5\n") == [
        (3, {"a": "1\n2", "b": "3"}),
        (4, {"a": "4", "b": "5"}),
    ]


@given(st.lists(st.tuples(cells, cells, cells), max_size=5))
def test_whatever_is_written_as_csv_is_read_again(table: list[tuple[str, str, str]]) -> None:
    written = io.StringIO()
    csv.writer(written).writerows([("a", "x", "b"), *table])
    found = [dict(each) for _, each in read_rows(io.StringIO(written.getvalue()), ("a", "b"))]
    assert found == [{"a": a, "b": b} for a, x, b in table if a or x or b]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([], "t.csv, line 1: the file is empty: expected a,b"),
        ([" , "], "t.csv, line 1: the file is empty: expected a,b"),
        (["a"], "t.csv, line 1, column b: the column is missing: expected a,b"),
        (["a,b,a"], "t.csv, line 1, column a: the column is there twice: expected a,b"),
        (["a,b,c,c"], "t.csv, line 1, column c: the column is there twice: expected a,b"),
        (["a,b", "1,2,3"], "t.csv, line 2, column b: expected 2 cells, found 3"),
        (["a,b", "1,2", "", "1"], "t.csv, line 4, column b: expected 2 cells, found 1"),
        (["a,b", '1,"2'], "t.csv, line 2: not a CSV: unexpected end of data"),
        (["a,b", '1,"2"3'], "t.csv, line 2: not a CSV: ',' expected after '\"'"),
        (["a,b", '1,"' + "2" * 200_000 + '"'], "t.csv, line 2: not a CSV: field larger than"),
        (["a,b", "1\r2,3"], "t.csv, line 2: not a CSV: new-line character seen"),
        (['a,b,"y\n', 'z"', "1,2"], "t.csv, line 3, column y z: expected 3 cells, found 2"),
    ],
)
def test_a_bad_table_is_refused_with_its_place(lines: list[str], told: str) -> None:
    with pytest.raises(BadInput) as caught:
        rows(*lines)
    assert str(caught.value).startswith(told)
    assert "\n" not in str(caught.value)


@given(st.lists(st.text(max_size=30), max_size=6))
def test_the_only_exception_is_a_refusal(lines: list[str]) -> None:
    try:
        rows(*lines)
    except BadInput as refusal:
        assert str(refusal).startswith("t.csv, line ")
