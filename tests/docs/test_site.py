"""The built site, file by file. It must be built first; without it these tests are skipped."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.site import ROOT, SITE, reason_to_skip

PAGES = sorted(SITE.rglob("*.html"))

pytestmark = pytest.mark.skipif(bool(reason_to_skip()), reason=reason_to_skip() or "never")

LOADED = {
    *(("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("object", "data")),
    *(("link", "href"), ("img", "srcset"), ("use", "href"), ("form", "action")),
}
"""Where an element makes a browser fetch something; an ``a`` waits to be pressed."""


class Look(HTMLParser):
    """What a page loads, links to and shows."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.language = ""
        self.headings = 0
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.loaded += [value for name, value in attrs if (tag, name) in LOADED and value]
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"] or "")
        if tag == "img":
            self.pictures.append(attributes)
        if tag == "html":
            self.language = attributes.get("lang") or ""
        self.headings += tag == "h1"


@pytest.fixture(scope="module")
def pages() -> dict[Path, Look]:
    return {path: Look(path) for path in PAGES}


def test_no_page_loads_anything_from_another_host(pages: dict[Path, Look]) -> None:
    fetched = [
        (p.name, url) for p, look in pages.items() for url in look.loaded if urlsplit(url).netloc
    ]
    assert fetched == []
    assert sum(len(look.loaded) for look in pages.values()) > len(pages)  # it does see what loads


def test_no_style_loads_anything_from_another_host() -> None:
    styles = [path.read_text("utf-8") for path in SITE.rglob("*.css")]
    assert styles
    assert not [text for text in styles if "url(http" in text or "url(//" in text]
    assert not [text for text in styles if "@import" in text and "http" in text]


def test_every_link_inside_the_site_leads_somewhere(pages: dict[Path, Look]) -> None:
    dead = []
    for path, look in pages.items():
        for url in (*look.links, *look.loaded):
            parts = urlsplit(url)
            if parts.scheme or parts.netloc or not parts.path:
                continue
            if not (path.parent / unquote(parts.path)).resolve().exists():
                dead.append((path.name, url))
    assert dead == []


def test_every_picture_has_words_and_every_page_a_language_and_one_title(
    pages: dict[Path, Look],
) -> None:
    for path, look in pages.items():
        assert look.language == "en", path
        assert [p for p in look.pictures if not (p.get("alt") or "").strip()] == [], path
        if path.name not in ("genindex.html", "py-modindex.html", "search.html"):
            assert look.headings == 1, path


def test_every_lesson_and_every_page_is_there() -> None:
    wanted = [f"lessons/{path.stem}.html" for path in (ROOT / "lessons").glob("*.ipynb")]
    wanted += [f"docs/{path.stem}.html" for path in (ROOT / "docs").glob("*.md")]
    wanted = [name for name in wanted if name != "docs/index.html"] + ["index.html"]
    assert [name for name in wanted if not (SITE / name).is_file()] == []


def test_no_page_names_a_place_on_this_machine(pages: dict[Path, Look]) -> None:
    assert not [path for path in pages if str(ROOT) in path.read_text("utf-8")]
