"""Saving a lesson writes one normal form, twice the same, and `--check` sees what changed."""

import json
from pathlib import Path
from typing import Any

import pytest

from energychain.lessons.__main__ import lessons_in, main
from energychain.lessons.normal import (
    PNG,
    VEGALITE,
    WIDGET,
    differences,
    keep_pictures,
    normal_form,
)

# An object like our charts: its specification is stable; picture and widget id never are.
CHART = """
import base64, os, secrets
class Chart:
    def __repr__(self): return "[chart] one bar"
    def _repr_mimebundle_(self, **_):
        return {
            "application/vnd.vegalite.v5+json": {"description": "one bar", "mark": "bar"},
            "application/vnd.jupyter.widget-view+json": {"model_id": secrets.token_hex(16)},
            "image/png": base64.b64encode(os.urandom(24)).decode(),
        }
"""


def code(source: str, role: str = "run", *more: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": "any",
        "metadata": {"tags": [role, *more], "collapsed": True},
        "outputs": [],
        "source": source,
    }


def notebook(*cells: dict[str, Any]) -> dict[str, Any]:
    return {
        "cells": list(cells),
        "metadata": {"language_info": {"name": "python", "version": "3.9"}, "widgets": {"a": 1}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def write(path: Path, content: dict[str, Any]) -> Path:
    path.write_text(json.dumps(content), "utf-8")
    return path


def outputs(path: Path) -> list[dict[str, Any]]:
    return [o for cell in json.loads(path.read_text("utf-8"))["cells"] for o in cell["outputs"]]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = write(
        tmp_path_factory.mktemp("lessons") / "01_tiny.ipynb",
        notebook(
            code(CHART, "setup"),
            code("print('a')\nprint('b')"),
            code("Chart()"),
            code("import os, time\n(os.environ['TZ'], os.getcwd() != '', hash('x'))"),
            code("1 / 0", "run", "raises-exception"),
        ),
    )
    assert main(["save", str(path)]) == 0
    return path


def test_saving_twice_gives_the_same_bytes(saved: Path) -> None:
    before = saved.read_bytes()
    assert main(["save", str(saved)]) == 0
    assert saved.read_bytes() == before
    assert main(["save", "--check", str(saved)]) == 0


def test_what_is_saved_is_in_normal_form(saved: Path) -> None:
    stored = json.loads(saved.read_text("utf-8"))
    assert [cell["id"] for cell in stored["cells"]] == [
        "setup-1",
        "run-1",
        "run-2",
        "run-3",
        "run-4",
    ]
    assert [cell["execution_count"] for cell in stored["cells"]] == [1, 2, 3, 4, 5]
    assert all(set(cell["metadata"]) == {"tags"} for cell in stored["cells"])
    assert set(stored["metadata"]) == {"energychain", "kernelspec", "language_info"}
    assert "version" not in stored["metadata"]["language_info"]
    printed, chart, environment, error = outputs(saved)
    assert printed["text"] == ["a\n", "b\n"]
    assert chart["data"][WIDGET]["model_id"] == f"{1:032x}"
    assert environment["data"]["text/plain"][0].startswith("('UTC', True, ")
    assert error["traceback"] == ["ZeroDivisionError: division by zero"]


def test_check_names_the_cell_that_differs_and_writes_nothing(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = json.loads(saved.read_text("utf-8"))
    stored["cells"][1]["outputs"][0]["text"] = ["a\n", "c\n"]
    stored["cells"][2]["outputs"][0]["data"][PNG] = "another font"
    altered = write(tmp_path / "01_tiny.ipynb", stored)
    before = altered.read_bytes()
    assert main(["save", "--check", str(altered)]) == 1
    assert capsys.readouterr().out.strip() == f"{altered}: cell 2 (run-1): outputs differ"
    assert altered.read_bytes() == before


def test_check_sees_a_file_that_only_looks_different(saved: Path, tmp_path: Path) -> None:
    same = write(tmp_path / "01_tiny.ipynb", json.loads(saved.read_text("utf-8")))
    assert main(["save", "--check", str(same)]) == 1


def test_a_failing_cell_stops_the_save(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = write(tmp_path / "01_broken.ipynb", notebook(code("1 / 0")))
    before = broken.read_bytes()
    assert main(["save", str(broken)]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert broken.read_bytes() == before


def test_no_lessons_is_not_a_success(tmp_path: Path) -> None:
    assert main(["lint", str(tmp_path)]) == 2
    assert main(["save", str(tmp_path / "missing.ipynb")]) == 2


def test_lessons_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("02_b.ipynb", "01_a.ipynb", "notes.md"):
        (tmp_path / name).write_text("{}")
    assert [path.name for path in lessons_in([tmp_path])] == ["01_a.ipynb", "02_b.ipynb"]


def test_an_old_picture_is_kept_only_while_its_chart_is_the_same() -> None:
    def charted(mark: str, picture: str) -> dict[str, Any]:
        data = {VEGALITE: {"mark": mark}, PNG: picture}
        shown = {"output_type": "display_data", "metadata": {}, "data": data}
        return normal_form(notebook({**code("chart()"), "outputs": [shown]}))

    def picture(lesson: dict[str, Any]) -> str:
        return str(lesson["cells"][0]["outputs"][0]["data"][PNG])

    assert picture(keep_pictures(charted("bar", "new"), charted("bar", "old"))) == "old"
    assert picture(keep_pictures(charted("line", "new"), charted("bar", "old"))) == "new"
    assert differences(charted("bar", "old"), charted("bar", "new")) == []
    assert differences(charted("bar", "old"), charted("line", "old")) == [
        "cell 1 (run-1): outputs differ"
    ]


def test_streams_that_were_split_by_chance_are_one() -> None:
    pieces = [{"output_type": "stream", "name": "stdout", "text": t} for t in ("a\n", ["b", "\n"])]
    [cell] = normal_form(notebook({**code("f()"), "outputs": pieces}))["cells"]
    assert [output["text"] for output in cell["outputs"]] == ["a\nb\n"]


def test_normal_form_is_a_fixed_point() -> None:
    once = normal_form(notebook(code("1"), code("2", "check")))
    assert normal_form(once) == once


def test_removed_cells_are_named() -> None:
    one, two = normal_form(notebook(code("1"))), normal_form(notebook(code("1"), code("2")))
    assert differences(one, two) == ["1 cells are stored, 2 are wanted"]
