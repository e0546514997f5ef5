"""What the site is laid out from: figures, lessons, claims, rooms, notes. It needs no Sphinx."""

import doctest
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import instructor_pages
import lesson_pages
import page_parts
import pytest
import reference_pages
import typer.main
from figures import LONGEST_TABLE, Picture, figure

import energychain
from energychain.cli.terminal import app
from energychain.lessons.normal import VEGALITE, WIDGET
from energychain.studies.claims import Claim

ROOT = Path(__file__).parents[2]
LESSONS = {path.name: path for path in sorted((ROOT / "lessons").glob("*.ipynb"))}
PICTURE = Picture("../_static/charts/x.svg", 640, 280)


class Elements(HTMLParser):
    """Every element with its attributes, and the text inside scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.found and self.found[-1][0] == "script" and data.strip():
            self.scripts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def load(name: str) -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(LESSONS[name].read_text("utf-8"))
    return notebook


# --- figures --------------------------------------------------------------------------

NASTY = 'Price < 3 & "more" </script><b>bold</b>'


def chart(**more: object) -> dict[str, Any]:
    return {"description": NASTY, "mark": "bar", **more}


def test_a_figure_tells_its_description_and_nothing_in_it_is_taken_for_html() -> None:
    page = Elements(figure(chart(data={"values": [{"label": "</script><i>"}]}), PICTURE))
    (image,) = page.all("img")
    assert image["alt"] == NASTY
    assert (image["src"], image["width"], image["height"]) == (PICTURE.address, "640", "280")
    assert not page.all("b") and not page.all("i")


def test_the_specification_survives_whatever_is_written_in_it() -> None:
    spec = chart(data={"values": [{"label": "</script><i>", "é": 1.5}]})
    (script,) = Elements(figure(spec, PICTURE)).scripts
    found = json.loads(script)
    assert found.pop("$schema").endswith("v6.json")
    assert found == spec


@pytest.mark.parametrize("words", ["", "  "])
def test_a_chart_without_a_description_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match="description"):
        figure({"description": words}, PICTURE)


def test_few_rows_are_shown_as_a_table_without_what_only_serves_the_drawing() -> None:
    inner = {"data": {"values": [{"hour": 2, "kWh": 1.25, "_y0": 7}]}}
    html = figure(chart(vconcat=[{"layer": [inner]}, inner]), PICTURE)
    assert html.count("<table>") == 1  # the same rows twice are one table
    assert "<td>2</td><td>1.25</td>" in html
    assert "_y0</th>" not in html


def test_a_long_table_is_left_out() -> None:
    rows = [{"hour": hour} for hour in range(LONGEST_TABLE + 1)]
    assert "<table>" in figure(chart(data={"values": rows[1:]}), PICTURE)
    assert "<table>" not in figure(chart(data={"values": rows}), PICTURE)


# --- what pages leave to the build ----------------------------------------------------


class Chart:
    """What an example of a page makes."""

    def to_dict(self) -> dict[str, Any]:
        return chart(mark="line")


def test_a_chart_of_a_pages_own_examples_takes_the_place_of_its_mark() -> None:
    text = ">>> drawn = Chart()\n>>> 1 / 0\nTraceback (most recent call last):\nZeroDivisionError\n"
    made = "from tests.docs.test_pages import Chart"
    drawn = []

    def draw(spec: Any) -> Picture:
        drawn.append(spec)
        return PICTURE

    page = page_parts.complete(f">>> {made}\n{text}\n<!-- chart: drawn -->\n", draw, {})
    assert drawn == [Chart().to_dict()]
    inside = page.partition("```{raw} html\n")[2].partition("\n```")[0]
    assert inside == figure(Chart().to_dict(), PICTURE)
    assert "\n\n" not in inside  # an empty line would end it
    with pytest.raises(KeyError):
        page_parts.complete("<!-- chart: nobody_made_it -->", draw, {})


def test_a_page_without_marks_stays_as_it_is() -> None:
    text = "# A page\n\n>>> 1 / 0\n"
    assert page_parts.complete(text, lambda spec: PICTURE, {}) == text


@pytest.mark.parametrize("name", ["index", "add_a_clearing_rule"])
def test_pages_with_charts_make_them(name: str) -> None:
    text = (ROOT / "docs" / f"{name}.md").read_text("utf-8")
    page = page_parts.complete(text, lambda spec: PICTURE, {})
    assert page.count('<figure class="chart">') == 1
    assert "<!-- chart" not in page


def test_the_front_page_lists_every_lesson_with_its_question_and_time() -> None:
    notebooks = {name: load(name) for name in LESSONS}
    table = page_parts.complete(page_parts.LESSONS, lambda spec: PICTURE, notebooks)
    lines = table.splitlines()
    assert len(lines) == 2 + len(LESSONS)
    assert lines[2].startswith(
        "| [00 · Start here](/lessons/00_start_here.ipynb) | Three neighbours"
    )
    assert lines[2].endswith("? | 13 |")
    assert [line for line in lines[2:] if "? |" not in line] == []
    with pytest.raises(ValueError, match="question in bold"):
        page_parts.question({"cells": [{"source": "# A title"}]})


# --- lessons --------------------------------------------------------------------------


@pytest.mark.parametrize("name", LESSONS)
def test_a_page_of_a_lesson_needs_no_kernel_and_shows_every_chart(name: str) -> None:
    notebook, drawn = load(name), []

    def draw(spec: Any) -> Picture:
        drawn.append(spec)
        return PICTURE

    shown = lesson_pages.page(name, notebook, draw, {}, binder="")
    outputs = [o for cell in shown["cells"] for o in cell.get("outputs", [])]
    kept = [o for cell in notebook["cells"] for o in cell.get("outputs", [])]
    assert not [o for o in outputs if {WIDGET, VEGALITE} & set(o.get("data", {}))]
    assert len(outputs) == len(kept)
    assert drawn == [o["data"][VEGALITE] for o in kept if VEGALITE in o.get("data", {})]
    assert notebook == load(name)  # what was given is as it was


def test_words_of_a_widget_are_shown_as_they_are() -> None:
    shown = lesson_pages.readable({WIDGET: {}, "text/plain": "a < b"}, lambda spec: PICTURE)
    assert shown == {
        "text/html": '<p class="needs-kernel">a &lt; b</p>',
        "text/plain": "a < b",
    }


def test_a_lesson_opens_on_binder_only_if_it_is_published() -> None:
    name, notebook = "05_token_day.ipynb", load("05_token_day.ipynb")
    titles = {"00": "00_start_here.ipynb"}
    quiet = lesson_pages.about(name, notebook, titles, binder="")
    assert "http" not in quiet and "Binder" not in quiet
    assert "[00](/lessons/00_start_here.ipynb)" in quiet
    (button,) = Elements(lesson_pages.about(name, notebook, titles, "gh/some/one/main")).all("a")
    wanted = "https://mybinder.org/v2/gh/some/one/main?urlpath=lab%2Ftree%2Flessons%2F" + name
    assert button["href"] == wanted


def test_the_predictions_of_a_lesson_come_with_what_turned_out() -> None:
    found = dict(lesson_pages.predictions(load("06_market_clearing.ipynb")))
    (price,) = [question for question in found if "Which price will that be?" in question]
    assert "23 tokens per kWh" in price
    assert found[price].startswith("22: the only price")


@pytest.mark.parametrize("name", LESSONS)
def test_every_prediction_is_found_and_revealed(name: str) -> None:
    notebook = load(name)
    code = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    asked = [source for source in code if "ec.predict(" in source]
    found = lesson_pages.predictions(notebook)
    assert len(found) == len(asked)
    assert [question for question, outcome in found if not outcome] == []


def test_the_examples_in_the_tools_are_right() -> None:
    tools = (lesson_pages, page_parts, reference_pages)
    found = [doctest.testmod(module) for module in tools]
    assert [result.failed for result in found] == [0, 0, 0]
    assert sum(result.attempted for result in found) > 0


# --- notes for instructors ------------------------------------------------------------


def test_notes_come_first_and_every_foreseen_slip_with_the_words_of_the_lesson() -> None:
    notebook = load("05_token_day.ipynb")
    page = instructor_pages.page("05_token_day.ipynb", notebook, "# 05: notes\n\nAsk them.")
    assert page.startswith("# 05: notes")
    assert "that is node 3's limit; node 2 buys more" in page
    assert "answer = 89.5" in page
    assert "most of them: errors pile up" in page


def test_a_lesson_without_notes_says_so() -> None:
    page = instructor_pages.page("05_token_day.ipynb", load("05_token_day.ipynb"))
    assert page.startswith("# 05 · The token day")
    assert "Nobody has taught this lesson from notes yet" in page


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "instructors").glob("*.md")), ids=str)
def test_notes_belong_to_a_lesson_and_have_their_parts(path: Path) -> None:
    (name,) = [name for name in LESSONS if name.startswith(f"{path.stem}_")]
    text = path.read_text("utf-8")
    title = load(name)["metadata"]["energychain"]["title"]
    assert text.startswith(f"# {path.stem} · {title}: notes\n")
    parts = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert parts == ["In class", "Common wrong predictions", "To discuss", "What to watch"]


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "instructors").glob("*.md")), ids=str)
def test_wrong_predictions_in_the_notes_are_choices_of_the_lesson(path: Path) -> None:
    (name,) = [name for name in LESSONS if name.startswith(f"{path.stem}_")]
    text = " ".join(path.read_text("utf-8").split())
    wrong = text.partition("## Common wrong predictions")[2].partition("## To discuss")[0]
    offered = " ".join(question for question, _ in lesson_pages.predictions(load(name))).lower()
    for guess in re.findall(r'- \*"(.+?)"\*', wrong):
        assert guess.rstrip(".").lower() in offered, guess


# --- claims ---------------------------------------------------------------------------


def claim(verdict: Any, quantity: str, note: str = "") -> Claim:
    return Claim("s.x", "s", "Somebody (2020), Table 1", quantity, "kW", "1", "2", verdict, note)


def test_a_long_table_of_claims_is_folded() -> None:
    few = [claim("reproduced", f"number {n}") for n in range(reference_pages.MOST_LINES)]
    assert "<details>" not in reference_pages.claims_page(few)
    page = reference_pages.claims_page([*few, claim("reproduced", "one more")])
    assert f"<details><summary>All {len(few) + 1}</summary>\n\n| quantity" in page
    assert page.endswith("|\n\n</details>\n")


def test_the_page_of_claims_has_all_of_them_and_reasons_first() -> None:
    found = [claim("reproduced", "eleven"), claim("erratum", "two | three", "a slip of $5")]
    page = reference_pages.claims_page(found)
    assert "1 reproduced, 1 erratum" in page
    reasons, _, tables = page.partition("## Every claim")
    assert "printed 1 kW; ours 2 kW. a slip of \\$5" in reasons
    assert "eleven" not in reasons.partition("## Errata")[2]
    rows = [line for line in tables.splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + len(found)
    assert r"| two \| three | 1 | 2 | kW | erratum |" in rows


def test_an_unexplained_claim_is_not_hidden() -> None:
    assert "## Unexplained" in reference_pages.claims_page([claim("differs", "one")])


# --- rooms, commands, pages -----------------------------------------------------------


def test_every_room_of_the_library_has_a_page() -> None:
    package = ROOT / "energychain"
    rooms = {path.parent.name for path in package.glob("*/__init__.py")} | {"datasets"}
    # Commands have a page of their own; the lesson tool is for maintainers.
    assert rooms - {"cli", "lessons"} == set(reference_pages.ROOMS)


@pytest.mark.parametrize("room", reference_pages.ROOMS)
def test_the_page_of_a_room_shows_each_of_its_modules(room: str) -> None:
    page = reference_pages.room_page(room)
    files = (ROOT / "energychain" / room).glob("[!_]*.py")
    for module in sorted(path.stem for path in files):
        assert f".. automodule:: energychain.{room}.{module}\n" in page
        assert f"{{py:mod}}`{module} <energychain.{room}.{module}>`" in page
    assert page.count("automodule") == 1 + len(reference_pages.modules(room))


def test_the_page_of_commands_has_every_command_and_its_options() -> None:
    page = reference_pages.commands_page(typer.main.get_command(app))
    assert "## `energychain ledger verify`" in page
    assert "--wh-per-token" in page
    assert "\x1b" not in page


def test_every_page_is_in_the_contents() -> None:
    index = (ROOT / "docs" / "index.md").read_text("utf-8")
    contents = set(re.findall(r"^/([\w/]+)$", index, re.MULTILINE))
    pages = {f"docs/{path.stem}" for path in (ROOT / "docs").glob("*.md")} - {"docs/index"}
    made = {f"docs/reference/{name}" for name in ("claims", "commands", *reference_pages.ROOMS)}
    assert contents == pages | made | {"GLOSSARY", "CHANGELOG"}


def test_the_citation_names_this_version() -> None:
    text = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\nversion: {energychain.__version__}\n" in text
