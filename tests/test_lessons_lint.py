"""Each rule of the lesson contract passes a good lesson and catches a broken one."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from energychain.lessons.lint import RULES, Finding, lint, stray_files
from energychain.lessons.normal import PNG, VEGALITE, WIDGET

ROOT = Path(__file__).parents[1]
LESSONS = sorted((ROOT / "lessons").glob("*.ipynb"))

Notebook = dict[str, Any]

SPEC = {
    "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
    "description": "Cost by hour.",
    "data": {"values": [{"hour": 1, "cost": 0.25}]},
    "mark": "bar",
    "encoding": {"x": {"field": "hour", "type": "ordinal"}},
}


def prose(role: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": role, "metadata": {"tags": [role]}, "source": source}


def code(role: str, source: str, run: int, *outputs: dict[str, Any]) -> dict[str, Any]:
    cell = prose(role, source)
    return {**cell, "cell_type": "code", "execution_count": run, "outputs": list(outputs)}


def shows(run: int, **data: Any) -> dict[str, Any]:
    data = {key.replace("_", "/"): value for key, value in data.items()}
    return {"output_type": "execute_result", "execution_count": run, "metadata": {}, "data": data}


def good_lesson() -> Notebook:
    chart = shows(4, text_plain="[chart] Cost by hour.")
    explorer = {WIDGET: {"model_id": "1"}, VEGALITE: deepcopy(SPEC), PNG: "iVBORw0KGgo="}
    chart["data"] |= explorer
    return {
        "cells": [
            prose("title", "# What does an hour cost?\n\nThe tariff is 0.25 EUR/kWh."),
            prose("objectives", "You will be able to say what an hour costs."),
            code("setup", "import energychain as ec\n\nec.setup()", 1),
            prose("predict", "More than 1.5 EUR, in 24 hours?"),
            code("predict", "cost_guess = ec.predict('Much?')", 2, shows(2, text_plain="Much?")),
            code("run", "cost()", 3, shows(3, text_plain="'13.60 EUR, paid by 0xab12cd34ef'")),
            code("run", "Explorer()", 4, chart),
            code("check", "cost_guess.reveal(cost())", 5, shows(5, text_plain="13.60")),
            prose("explain", "At 0.25 EUR/kWh the 24 hours cost 13.6 EUR (Section 4.2)."),
            code("check", "witness()", 6, shows(6, text_plain="at 1: 0.25 EUR, 41.6 %")),
            prose("misconceptions", '*"The sun sends no bill."*'),
            prose("exercises", "Count the 24 hours."),
            prose("recap", "The first hour costs 0.25 EUR, about 42 % of the next."),
            prose("glossary", "tariff: a price list"),
            prose("limits", "Fees."),
            prose("next", "Lesson 06."),
        ],
        "metadata": {
            "energychain": {
                "id": "05_cost",
                "title": "What does an hour cost?",
                "minutes_reading": 10,
                "minutes_exercises": 0,
                "prerequisites": [],
                "objectives": ["say what an hour costs"],
                "glossary": ["tariff"],
                "datasets": [],
                "sources": ["§ 4.2"],
            },
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def broken_rules(notebook: Notebook) -> set[str]:
    return {finding.rule for finding in lint("05_cost.ipynb", notebook)}


def test_a_good_lesson_has_no_findings() -> None:
    assert lint("05_cost.ipynb", good_lesson()) == []


def set_source(number: int, source: str) -> Callable[[Notebook], None]:
    return lambda notebook: notebook["cells"][number - 1].update(source=source)


def set_tags(number: int, *tags: str) -> Callable[[Notebook], None]:
    return lambda notebook: notebook["cells"][number - 1]["metadata"].update(tags=list(tags))


def set_front_matter(**matter: Any) -> Callable[[Notebook], None]:
    return lambda notebook: notebook["metadata"]["energychain"].update(matter)


def set_metadata(**metadata: Any) -> Callable[[Notebook], None]:
    return lambda notebook: notebook["metadata"].update(metadata)


def set_data(number: int, mime: str, value: Any) -> Callable[[Notebook], None]:
    return lambda notebook: notebook["cells"][number - 1]["outputs"][0]["data"].update(
        {mime: value}
    )


def drop_data(number: int, mime: str) -> Callable[[Notebook], None]:
    return lambda notebook: notebook["cells"][number - 1]["outputs"][0]["data"].pop(mime)


def add_output(number: int, **output: Any) -> Callable[[Notebook], None]:
    return lambda notebook: notebook["cells"][number - 1]["outputs"].append(output)


def set_count(number: int, count: int | None) -> Callable[[Notebook], None]:
    return lambda notebook: notebook["cells"][number - 1].update(execution_count=count)


ERROR = {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": []}
WARNING = {"output_type": "stream", "name": "stderr", "text": "UserWarning"}

BREAKAGES: list[tuple[str, Callable[[Notebook], None]]] = [
    ("front-matter", lambda notebook: notebook["metadata"].pop("energychain")),
    ("front-matter", set_front_matter(minutes_reading="ten")),
    ("front-matter", set_front_matter(minutes_reading=-1)),
    ("front-matter", set_front_matter(objectives=[])),
    ("front-matter", set_front_matter(glossary=[1])),
    ("front-matter", set_front_matter(title="")),
    ("front-matter", set_front_matter(id="06_other")),
    ("one-role", set_tags(4)),
    ("one-role", set_tags(4, "predict", "run")),
    ("one-role", set_tags(4, "predict", "wip")),
    ("title-first", set_tags(1, "objectives")),
    ("title-first", set_source(1, "What does an hour cost?")),
    ("title-first", lambda notebook: notebook["cells"].clear()),
    ("order", lambda notebook: notebook["cells"].reverse()),
    ("order", set_tags(9, "objectives")),
    ("parts", set_tags(14, "recap")),
    ("parts", set_tags(11, "explain")),
    ("setup", set_source(3, "import energychain")),
    ("setup", set_tags(3, "run")),
    ("rounds", set_tags(8, "run")),
    ("rounds", set_tags(10, "run")),
    ("rounds", set_source(8, "cost_guess")),
    ("rounds", set_source(6, "late = ec.predict('Too late?')")),
    ("witness", set_data(10, "text/plain", "at one o'clock")),
    ("witness", set_tags(8, "predict")),
    ("short-code", set_source(6, "\n".join(f"x{line} = 1" for line in range(7)))),
    ("short-code", set_source(6, " \n")),
    ("executed", set_count(6, None)),
    ("executed", set_count(6, 7)),
    ("no-surprises", add_output(6, **ERROR)),
    ("no-surprises", add_output(6, **WARNING)),
    ("no-skip", set_tags(6, "run", "nbval-skip")),
    ("no-skip", set_tags(6, "run", "nbval-ignore-output")),
    ("no-skip", set_source(6, "# NBVAL_IGNORE_OUTPUT\ncost()")),
    ("no-script", set_data(6, "text/html", ["<div>\n", "<script src='x'></script>"])),
    ("no-address", set_data(6, "text/plain", "<Chain object at 0x7f3a1c2b9d10>")),
    ("no-path", set_data(6, "text/plain", "'/home/ann/energychain/meters.csv'")),
    ("no-path", set_source(6, r"open('C:\data\meters.csv')")),
    ("chart-complete", drop_data(7, PNG)),
    ("chart-complete", drop_data(7, VEGALITE)),
    ("chart-complete", set_data(7, VEGALITE, {**SPEC, "description": " "})),
    ("chart-complete", set_data(7, "text/plain", "alt.Chart(...)")),
    ("chart-compiles", set_data(7, VEGALITE, {**SPEC, "mark": "no such mark"})),
    ("metadata", set_metadata(widgets={"state": {}})),
    ("metadata", set_metadata(kernelspec={"name": "conda-env"})),
    ("metadata", set_metadata(language_info={"name": "python", "version": "3.11.7"})),
    ("no-semicolon", set_source(6, "cost();")),
    ("numbers", set_source(9, "The day costs 13.7 EUR.")),
    ("numbers", set_source(13, "The first hour costs 0.26 EUR.")),
    ("numbers", set_source(9, "The day costs 14 EUR or 136 EUR.")),
    ("numbers", set_source(9, "The day costs thirty EUR.")),
    ("numbers", set_source(11, "The day costs 4 %, said 26 %.")),
    ("size", set_data(6, "text/html", "x" * 1_000_000)),
]


@pytest.mark.parametrize(("rule", "breaking"), BREAKAGES)
def test_each_rule_catches_what_it_is_for(rule: str, breaking: Callable[[Notebook], None]) -> None:
    notebook = good_lesson()
    breaking(notebook)
    assert rule in broken_rules(notebook)


def test_every_rule_is_shown_to_fail() -> None:
    assert {rule for rule, _ in BREAKAGES} == set(RULES)


def test_an_error_may_be_the_point_of_a_cell() -> None:
    notebook = good_lesson()
    add_output(6, **ERROR)(notebook)
    set_tags(6, "run", "raises-exception")(notebook)
    assert broken_rules(notebook) == set()


@pytest.mark.parametrize(
    "text",
    [
        "kWh/day and EUR/kWh/h",
        "see https://example.org/a/b/c or [x](docs/a/b.md)",
        "<td>1</td><td>/</td></tr>",
        "hash 0x7f3a1c2b9d10, looked at 0 times",
    ],
)
def test_what_only_looks_like_a_path_or_an_address_is_allowed(text: str) -> None:
    notebook = good_lesson()
    set_data(6, "text/plain", f"13.60 {text}")(notebook)
    assert broken_rules(notebook) == set()


@pytest.mark.parametrize(
    "text",
    [
        "In 2019, by RFC 6979 and FIPS 180, with SHA-256 on P-256.",
        "Table 12, § 24.3, chapter 11, lesson 05, [later](11_who_keeps_what.ipynb).",
        "Three of five homes, 7 of 9, and a hundred times a million.",
        "The thirteenth and the fifty-seventh quarter.",
        "It costs 14 EUR, or rather 13.6.",
        "Look up. Try also:\n\n- 77 homes;\n- a roof of 99 kW.\n\nIt costs 14 EUR.",
    ],
)
def test_what_is_no_result_may_stand_in_prose(text: str) -> None:
    notebook = good_lesson()
    set_source(9, text)(notebook)
    assert broken_rules(notebook) == set()


@pytest.mark.parametrize(
    "text",
    [
        "It costs 15 EUR.",
        "It costs 13.5 EUR.",
        "It costs fifteen EUR.",
        "It costs fifty-one thousand EUR.",
        "It costs 1,360 EUR.",
        "Look up. Try also:\n\n- 77 homes.\n\nThen it costs 15 EUR.",
        "Try it. It costs 15 EUR.",
    ],
)
def test_a_result_that_nothing_computed_is_found(text: str) -> None:
    notebook = good_lesson()
    set_source(9, text)(notebook)
    assert broken_rules(notebook) == {"numbers"}


def test_prose_may_round_what_was_printed_and_not_what_a_chart_holds() -> None:
    notebook = good_lesson()
    set_data(7, VEGALITE, {**SPEC, "data": {"values": [{"hour": 1, "cost": 87.3}]}})(notebook)
    set_source(9, "It costs 87.3 EUR.")(notebook)
    assert broken_rules(notebook) == set()
    set_source(9, "It costs 87 EUR.")(notebook)
    assert broken_rules(notebook) == {"numbers"}


def test_a_sanitize_file_is_refused() -> None:
    assert [f.rule for f in stray_files(["05_cost.ipynb", "nbval_sanitize.cfg"])] == ["sanitize"]
    assert stray_files(["05_cost.ipynb"]) == []
    for name in ("Makefile", "pyproject.toml", ".ci/run"):
        assert "sanitize" not in (ROOT / name).read_text("utf-8")


def test_a_finding_says_where_to_look() -> None:
    finding = Finding("05_cost.ipynb", 7, "numbers", "13.7 is in no output")
    assert str(finding) == "05_cost.ipynb, cell 7: numbers: 13.7 is in no output"


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_our_front_matter_names_what_there_is(path: Path) -> None:
    matter = json.loads(path.read_text("utf-8"))["metadata"]["energychain"]
    numbers = [lesson.stem[:2] for lesson in LESSONS]
    assert set(matter["prerequisites"]) <= set(numbers[: LESSONS.index(path)])
    assert all((ROOT / "datasets" / name).is_dir() for name in matter["datasets"])


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_our_lessons_keep_the_contract(path: Path) -> None:
    assert lint(path.name, json.loads(path.read_text("utf-8"))) == []
