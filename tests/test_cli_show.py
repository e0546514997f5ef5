"""`energychain show`, without a browser: the catalogue, the list, and the pages it writes."""

import ast
import html
import importlib
import json
import os
import pkgutil
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import nbformat
import pytest
from typer.testing import CliRunner

import energychain.widgets
from energychain.cli import show
from energychain.cli.terminal import app
from energychain.course.explorers import EXPLORERS, Entry
from energychain.primitives.refusals import BadInput
from energychain.widgets.explorer import Explorer, Panel

RUN = CliRunner()
ROOT = Path(__file__).parents[1]
LESSONS = ROOT / "lessons"
TEMPLATES = Path(show.__file__).parent / "jupyter" / "voila" / "templates" / show.TEMPLATE


def made(entry: Entry) -> Any:
    """What the lines of an entry make."""
    *lines, last = ast.parse(entry.code).body
    names: dict[str, Any] = {}
    exec(compile(ast.Module(lines, []), "entry", "exec"), names)
    assert isinstance(last, ast.Expr)
    return eval(compile(ast.Expression(last.value), "entry", "eval"), names)


# --- the catalogue --------------------------------------------------------------------


def explorers() -> list[type[Panel]]:
    """Every explorer that the widgets define."""
    modules = pkgutil.iter_modules(energychain.widgets.__path__, "energychain.widgets.")
    found = [
        thing
        for module in modules
        for thing in vars(importlib.import_module(module.name)).values()
        if isinstance(thing, type) and issubclass(thing, Panel) and thing.__module__ == module.name
    ]
    return [each for each in found if each not in (Panel, Explorer)]


def test_every_explorer_is_in_the_catalogue_exactly_once() -> None:
    named = Counter((f"energychain.widgets.{e.module}", e.maker) for e in EXPLORERS.values())
    assert named == Counter((each.__module__, each.__name__) for each in explorers())


@pytest.mark.parametrize("name", EXPLORERS)
def test_the_lines_make_the_explorer_and_its_question_is_the_same(name: str) -> None:
    entry = EXPLORERS[name]
    explorer = made(entry)
    assert type(explorer).__name__ == entry.maker
    assert explorer.question == entry.question


def stands_in(maker: str) -> tuple[str, ...]:
    """The numbers of the lessons with a cell that makes one of these."""
    return tuple(
        path.name[:2]
        for path in sorted(LESSONS.glob("*.ipynb"))
        if any(
            f"{maker}(" in cell.source and cell.cell_type == "code"
            for cell in nbformat.read(path, as_version=4).cells
        )
    )


def test_the_catalogue_names_the_lessons_in_their_order() -> None:
    assert {name: entry.lessons for name, entry in EXPLORERS.items()} == {
        name: stands_in(entry.maker) for name, entry in EXPLORERS.items()
    }
    first = [entry.lessons[0] for name, entry in EXPLORERS.items() if name != "block"]
    assert first == sorted(first)


# --- the command ----------------------------------------------------------------------


def test_without_a_name_all_are_listed() -> None:
    run = RUN.invoke(app, ["show"])
    assert run.exit_code == 0
    for name, entry in EXPLORERS.items():
        [line] = [line for line in run.stdout.splitlines() if line.startswith(f"  {name}  ")]
        assert line.split()[1].rstrip(",") == entry.lessons[0]
        assert line.endswith(entry.question)


def test_a_name_that_nobody_has_is_refused_with_those_that_exist(tmp_path: Path) -> None:
    run = RUN.invoke(app, ["show", "markt", "--write", str(tmp_path / "pages")])
    assert isinstance(run.exception, BadInput)
    assert "found 'markt'" in str(run.exception)
    assert "market" in str(run.exception)
    assert not (tmp_path / "pages").exists()


def test_without_voila_it_says_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(show, "find_spec", lambda name: None)
    run = RUN.invoke(app, ["show", "market"])
    assert isinstance(run.exception, BadInput)
    assert "pip install 'energychain[lab]'" in str(run.exception)


# --- the pages ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `--write` writes, by name."""
    folder = tmp_path_factory.mktemp("show") / "new" / "pages"
    run = RUN.invoke(app, ["show", "--write", str(folder)])
    assert run.exit_code == 0, run.exception
    return {path.stem: nbformat.read(path, as_version=4) for path in folder.iterdir()}


def test_there_is_a_valid_page_for_each_and_one_for_all(pages: dict[str, Any]) -> None:
    assert pages.keys() == {*EXPLORERS, "all"}
    for page in pages.values():
        nbformat.validate(page)
        assert page.metadata.voila.template == show.TEMPLATE
        assert page.metadata.kernelspec.name == "python3"


def test_a_page_sets_up_makes_the_explorer_and_leads_back(pages: dict[str, Any]) -> None:
    setup, explorer, back = pages["market"].cells
    assert setup.source == "import energychain as ec\n\nec.setup()"
    assert explorer.source == EXPLORERS["market"].code
    assert pages["market"].metadata.title == EXPLORERS["market"].question
    assert "(all.ipynb)" in back.source


def test_the_list_links_to_every_page(pages: dict[str, Any]) -> None:
    [listed] = pages["all"].cells
    for name, entry in EXPLORERS.items():
        assert f'<a href="{name}.ipynb">{entry.question}</a>' in listed.source


def test_the_same_pages_are_written_again(tmp_path: Path) -> None:
    for folder in ("first", "second"):
        RUN.invoke(app, ["show", "--write", str(tmp_path / folder)])
    for path in (tmp_path / "first").iterdir():
        assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes()
        assert json.loads(path.read_text("utf-8"))


def test_binder_installs_the_template_and_writes_the_pages() -> None:
    recipe = (ROOT / "binder" / "postBuild").read_text("utf-8")
    assert f"cp -r {TEMPLATES.parents[1].relative_to(ROOT).as_posix()} " in recipe
    assert "\nenergychain show --write " in recipe


# --- the server -----------------------------------------------------------------------


@pytest.mark.slow
def test_the_server_is_on_this_machine_and_its_pages_name_no_other(tmp_path: Path) -> None:
    command = ("-m", "energychain.cli", "show", "market", "--no-browser", "--port", "18866")
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, *command], env=environment, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stderr is not None
            said = next(line for line in server.stderr if line.startswith("http"))
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/voila/render/market\.ipynb\n", said)
            root = said.removesuffix("voila/render/market.ipynb\n")
            pages = {
                path: urlopen(f"{root}{path}", timeout=120).read().decode()
                for path in ("", "voila/render/all.ipynb")
            }
            with pytest.raises(HTTPError) as missing:
                urlopen(f"{root}voila/render/nothing.ipynb", timeout=120)
            pages["nothing"] = missing.value.read().decode()
        finally:
            server.terminate()
    assert "url=/voila/render/all.ipynb" in pages[""]
    assert EXPLORERS["market"].question in html.unescape(pages["voila/render/all.ipynb"])
    for page in pages.values():
        assert re.findall(r"""(?:src|href)=["'](?:https?:)?//[^"']*""", page) == []
        assert "cdn" not in page.lower()
    assert not list(tmp_path.glob("energychain-*"))
