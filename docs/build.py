"""
Build the site: `python docs/build.py` writes it to build/docs. Nothing here needs a network.

The pages are first laid out in build/docs-source, in the folders of the checkout, so that a link
works alike on the site and where the files are read as they are.
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
BUILD = ROOT / "build"
sys.path[:0] = [str(DOCS / "_ext"), str(ROOT)]

import instructor_pages  # noqa: E402
import lesson_pages  # noqa: E402
import page_parts  # noqa: E402
import reference_pages  # noqa: E402
import typer.main  # noqa: E402
import vl_convert  # noqa: E402
from figures import Picture  # noqa: E402
from sphinx.cmd.build import main as sphinx  # noqa: E402

import energychain.cli  # noqa: E402, F401  (registers the commands)
from energychain.cli.terminal import app  # noqa: E402
from energychain.studies import STUDIES  # noqa: E402

VEGALITE = "6.4"
MADE = BUILD / "docs.stamp"
"""As old as the site, if nothing is to be mended there."""


class Stage:
    """The folder from which Sphinx reads. A file that did not change is not written again, so
    that a second build is quick; what nobody put there is removed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._wanted: set[Path] = set()

    def put(self, name: str, content: str) -> None:
        """Write a file, if it is not there already."""
        path = self.folder / name
        self._wanted.add(path)
        if not path.is_file() or path.read_text("utf-8") != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, "utf-8")

    def clear_out(self) -> None:
        """Remove every file that is not of this build."""
        for path in list(self.folder.rglob("*")):
            if path.is_file() and path not in self._wanted:
                path.unlink()


def lay_out(stage: Stage) -> None:
    """Every page and every file that the site is made of."""
    lessons = {path.name: path for path in sorted((ROOT / "lessons").glob("*.ipynb"))}
    notebooks = {name: json.loads(path.read_text("utf-8")) for name, path in lessons.items()}
    for path in sorted(DOCS.glob("*.md")):
        front = path == DOCS / "index.md"
        name = "index.md" if front else path.relative_to(ROOT).as_posix()
        draw = _drawer(stage, path.stem, "" if front else "../")
        text = page_parts.complete(path.read_text("utf-8"), draw, notebooks)
        stage.put(name, page_parts.tight(text))
    for name in ("GLOSSARY.md", "CHANGELOG.md"):
        stage.put(name, (ROOT / name).read_text("utf-8"))
    _lay_out_lessons(stage, lessons)
    claims = [claim for study in STUDIES.values() for claim in study()]
    stage.put("docs/reference/claims.md", reference_pages.claims_page(claims))
    for room in reference_pages.ROOMS:
        stage.put(f"docs/reference/{room}.md", reference_pages.room_page(room))
    commands = reference_pages.commands_page(typer.main.get_command(app))
    stage.put("docs/reference/commands.md", commands)
    # Without a scope of its own the script would collide with names of Sphinx.
    script = vl_convert.javascript_bundle(vl_version=VEGALITE)
    stage.put("_static/vega.js", f"(function(){{{script}}})();")
    stage.clear_out()


def _drawer(stage: Stage, stem: str, root: str) -> page_parts.Draw:
    """Draws the charts of one page; ``root`` leads from there to the top of the site."""
    number = iter(range(1, 1000))

    def draw(spec: Mapping[str, Any]) -> Picture:
        svg = vl_convert.vegalite_to_svg(dict(spec), vl_version=VEGALITE)
        place = f"_static/charts/{stem}-{next(number)}.svg"
        stage.put(place, svg)
        return Picture(f"{root}{place}", *size(svg))

    return draw


def _lay_out_lessons(stage: Stage, lessons: Mapping[str, Path]) -> None:
    titles = {name.partition("_")[0]: name for name in lessons}
    binder = os.environ.get("ENERGYCHAIN_BINDER", "")
    for name, path in lessons.items():
        saved = path.read_text("utf-8")
        notebook, draw = json.loads(saved), _drawer(stage, path.stem, "../")
        shown = lesson_pages.page(name, notebook, draw, titles, binder)
        stage.put(f"lessons/{name}", json.dumps(shown, ensure_ascii=False))
        stage.put(f"notebooks/{name}", saved)
        notes = f"docs/instructors/{name.partition('_')[0]}.md"
        words = (ROOT / notes).read_text("utf-8") if (ROOT / notes).is_file() else ""
        stage.put(notes, instructor_pages.page(name, notebook, words))


def size(svg: str) -> tuple[int, int]:
    """Width and height of a picture [pixel]."""
    found = re.search(r'<svg[^>]*?\bwidth="([\d.]+)"[^>]*?\bheight="([\d.]+)"', svg)
    if not found:
        raise ValueError("the picture does not say how large it is")
    return round(float(found[1])), round(float(found[2]))


def build(output: Path) -> int:
    """Lay out the pages and make the site; 0 if nothing is to be mended.

    Pages that did not change are not read again. After a fault all are, since only a page that is
    read can warn.
    """
    stage, trees = Stage(BUILD / "docs-source"), BUILD / "docs-doctrees"
    MADE.unlink(missing_ok=True)
    lay_out(stage)
    found: int = sphinx(
        [
            *("-b", "html", "-c", str(DOCS), "-d", str(trees), "-j", "auto"),
            *("-W", "--keep-going", "-q", str(stage.folder), str(output)),
        ]
    )
    if found:
        shutil.rmtree(trees, ignore_errors=True)
    else:
        MADE.touch()
    return found


if __name__ == "__main__":
    sys.exit(build(BUILD / "docs"))
