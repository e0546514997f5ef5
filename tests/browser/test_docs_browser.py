"""
The site in a real browser, opened from its files: with and without scripts, by keyboard, in both
colour schemes, on a laptop and on a telephone. It must be built first: `make docs`.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.browser.lab import (
    ROOT,
    SCREENSHOTS,
    SECOND,
)

SITE = ROOT / "build" / "docs"
LESSONS = sorted(path.stem for path in (SITE / "lessons").glob("*.html"))
LOOKED_AT = (
    *("index", "lessons/05_token_day", "lessons/06_market_clearing", "docs/when_not"),
    *("docs/instructors/05", "docs/reference/claims", "docs/reference/markets", "GLOSSARY"),
    *("docs/add_a_clearing_rule", "docs/course", "search"),
)
"""Pages of each kind."""

LAPTOP, TELEPHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}

pytestmark = pytest.mark.skipif(
    not LESSONS, reason="the site is not built: run `make docs`, then these tests"
)


class Reader:
    """A page of the site in one browser window, and all that went wrong there."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.left: list[str] = []
        """Every request for anything but a file of the site."""
        self.complaints: list[str] = []
        page.route("**/*", self._stay_at_home)
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _stay_at_home(self, route: Route) -> None:
        url = route.request.url
        if url.startswith((SITE.as_uri(), "data:", "blob:")):
            route.continue_()
        else:
            self.left.append(url)
            route.abort()

    def _listen(self, message: object) -> None:
        if getattr(message, "type", "") in ("error", "warning"):
            self.complaints.append(getattr(message, "text", ""))

    def open(self, name: str) -> Page:
        """Open a page of the site, and wait until it is loaded."""
        self.page.goto((SITE / f"{name}.html").as_uri(), wait_until="load")
        return self.page

    def keep(self, name: str) -> None:
        """Keep a picture for a person to look at."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"docs_{name.replace('/', '_')}.png")


Open = Callable[..., Reader]


@pytest.fixture
def reader(chromium: Browser) -> Iterator[Open]:
    """A fresh window; afterwards nothing may have left this machine, or been complained about."""
    readers = []

    def opened(scripts: bool = True, scheme: str = "light", size: object = LAPTOP) -> Reader:
        context = chromium.new_context(
            java_script_enabled=scripts, color_scheme=scheme, viewport=size
        )
        readers.append(Reader(context.new_page()))
        return readers[-1]

    yield opened
    for each in readers:
        each.page.context.close()
    assert [url for each in readers for url in each.left] == []
    assert [said for each in readers for said in each.complaints] == []


def charts_in(lesson: str) -> int:
    """How many charts are saved in a lesson."""
    cells = json.loads((ROOT / "lessons" / f"{lesson}.ipynb").read_text("utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return sum("application/vnd.vegalite.v5+json" in o.get("data", {}) for o in outputs)


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_chart_of_a_lesson_comes_alive(reader: Open, lesson: str) -> None:
    page = reader().open(f"lessons/{lesson}")
    charts = page.locator("figure.chart")
    assert charts.count() == charts_in(lesson)
    for number in range(charts.count()):
        chart = charts.nth(number)
        chart.scroll_into_view_if_needed()
        chart.locator("svg.marks").wait_for(timeout=20 * SECOND)
        # Marks that are drawn, and what they are to a screen reader.
        assert chart.locator("svg.marks .mark-group path").count() > 0
        told = chart.locator(".vega-embed, [role='graphics-document']").first
        assert (told.get_attribute("aria-label") or told.inner_text()).strip()
        assert chart.locator("img").count() == 0


@pytest.mark.parametrize("lesson", LESSONS)
def test_without_scripts_every_chart_is_a_picture_with_words(reader: Open, lesson: str) -> None:
    page = reader(scripts=False).open(f"lessons/{lesson}")
    charts = page.locator("figure.chart")
    assert charts.count() == charts_in(lesson)
    for number in range(charts.count()):
        picture = charts.nth(number).locator("img")
        picture.scroll_into_view_if_needed()
        assert len(picture.get_attribute("alt") or "") > 20
        box = picture.bounding_box()
        assert box and box["width"] > 200 and box["height"] > 100
    assert page.locator("svg.marks").count() == 0
    # The picture itself can be drawn: Chromium paints a missing one in no colour at all.
    for source in page.locator("figure.chart img").evaluate_all("all => all.map(i => i.src)"):
        path = Path(source.removeprefix("file://"))
        assert "<svg" in path.read_text("utf-8")[:200]


def test_the_day_of_node_1_is_drawn_with_its_hours_and_answers_the_mouse(reader: Open) -> None:
    site = reader()
    page = site.open("lessons/05_token_day")
    chart = page.locator("figure.chart").first
    chart.scroll_into_view_if_needed()
    chart.locator("svg.marks").wait_for(timeout=20 * SECOND)
    sold = chart.locator("svg.marks path[fill='#E69F00']")
    assert sold.count() >= 9  # the hours in which something was sold
    chart.locator("svg.marks path[aria-label^='11:00: produced 3.376']").hover()
    page.locator("#vg-tooltip-element.visible").wait_for(timeout=5 * SECOND)
    assert re.search(r"\d", page.locator("#vg-tooltip-element").inner_text())
    site.keep("chart_with_tooltip")


def test_the_front_page_shows_its_chart_alive_and_whole_on_a_laptop(reader: Open) -> None:
    page = reader(size={"width": 1366, "height": 768}).open("index")
    frame = page.locator("figure.chart .chart-frame")
    frame.locator("svg.marks").wait_for(timeout=20 * SECOND)
    wide, shown = frame.evaluate("frame => [frame.scrollWidth, frame.clientWidth]")
    assert wide <= shown
    assert frame.get_attribute("tabindex") is None


def test_the_front_page_leads_to_the_first_lesson_data_and_reference(reader: Open) -> None:
    page = reader(scripts=False).open("index")
    assert page.locator(".start a").evaluate_all("all => all.map(a => a.getAttribute('href'))") == [
        "lessons/00_start_here.html",
        "docs/your_own_meters.html",
        "docs/reference/ledger.html",
    ]
    assert page.locator("figure.chart img").is_visible()
    lessons = page.locator("table a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert lessons == [f"lessons/{lesson}.html" for lesson in LESSONS]


def test_an_explorer_is_shown_as_it_is_in_the_beginning(reader: Open) -> None:
    page = reader().open("lessons/06_market_clearing")
    chart = page.locator("figure.chart").filter(
        has=page.locator("[aria-label*='What does one order do'], img[alt*='What does one order']")
    )
    chart.first.scroll_into_view_if_needed()
    chart.first.locator("svg.marks").wait_for(timeout=20 * SECOND)
    assert chart.first.locator("[role='graphics-symbol'][aria-label*=' kWh at ']").count() == 8


def test_a_table_of_a_chart_is_unfolded_by_keyboard(reader: Open) -> None:
    page = reader(scripts=False).open("lessons/05_token_day")
    fold = page.locator("figure.chart details").first
    assert not fold.locator("td").first.is_visible()
    fold.locator("summary").focus()
    page.keyboard.press("Enter")
    fold.locator("td").first.wait_for(state="visible", timeout=5 * SECOND)


def test_the_first_key_skips_the_menu(reader: Open) -> None:
    page = reader().open("lessons/05_token_day")
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.getAttribute('href')")
    assert focused == "#furo-main-content"


def test_the_search_finds_a_word_of_a_lesson(reader: Open) -> None:
    site = reader()
    page = site.page
    page.goto((SITE / "search.html").as_uri() + "?q=withholding")
    page.locator("ul.search li a", has_text="Who sets the price?").first.wait_for(
        timeout=20 * SECOND
    )


CONTRAST = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const light = ([r, g, b]) => [r, g, b]
      .map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
      .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const paper = (part) => {
    for (let at = part; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0.99) return colour;
    }
    return [255, 255, 255];
  };
  const faint = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (walker.nextNode()) {
    const part = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !part.checkVisibility()) continue;
    if (part.closest("svg, math, script, .headerlink")) continue;
    const style = getComputedStyle(part);
    const [one, other] = [parse(style.color), paper(part)].map(light).sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    const large = parseFloat(style.fontSize) >= 24;
    seen += 1;
    if (ratio < (large ? 3 : 4.5)) {
      const name = `${part.tagName}.${part.className} ${style.color}`;
      faint.set(name, `${name} ${ratio.toFixed(2)}: ${part.textContent.trim().slice(0, 40)}`);
    }
  }
  return [seen, [...faint.values()]];
}"""


def test_a_faint_word_is_noticed(reader: Open) -> None:
    page = reader().open("docs/when_not")
    page.evaluate("document.querySelector('article p').style.color = '#999999'")
    (faint,) = page.evaluate(CONTRAST)[1]
    assert "rgb(153, 153, 153) 2.8" in faint


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", LOOKED_AT)
def test_every_word_stands_out_from_its_paper(reader: Open, name: str, scheme: str) -> None:
    site = reader(scheme=scheme)
    page = site.open(name)
    seen, faint = page.evaluate(CONTRAST)
    assert seen > 50
    assert faint == []
    site.keep(f"{scheme}_{name}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", LOOKED_AT)
def test_on_a_telephone_no_page_has_to_be_moved_sideways(
    reader: Open, name: str, scheme: str
) -> None:
    site = reader(scheme=scheme, size=TELEPHONE)
    page = site.open(name)
    width = page.evaluate("document.scrollingElement.scrollWidth")
    site.keep(f"telephone_{scheme}_{name}")
    assert width <= TELEPHONE["width"]


@pytest.mark.parametrize("width", [820, 1024, 1180, 1280, 1366, 1500, 1920])
def test_nothing_is_cut_off_at_any_width(reader: Open, width: int) -> None:
    page = reader(size={"width": width, "height": 800}).open("lessons/05_token_day")
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width
    body = page.locator("article").bounding_box()
    assert body and body["x"] >= 0 and body["x"] + body["width"] <= width
