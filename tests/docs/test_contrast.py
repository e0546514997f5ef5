"""
Every colour in which the built site writes, on every paper it is written on, by day and by night:
WCAG 2.2 asks for a ratio of 4.5 (success criterion 1.4.3). Colours are read from the styles that
the site loads, and a colour that is not in the table below is a fault. No browser is needed; the
browser's own test looks at words on pages.
"""

import re
import runpy
from collections.abc import Iterator, Mapping

import pytest

from tests.docs.site import ROOT, SITE, reason_to_skip

STYLES = SITE / "_static"
MODES = ("light", "dark")
LEAST = 4.5

built = pytest.mark.skipif(bool(reason_to_skip()), reason=reason_to_skip() or "never")

Colour = tuple[float, float, float, float]
"""Red, green, blue [0 to 255] and how much it covers [0 to 1]."""

# --- WCAG -----------------------------------------------------------------------------


def colour(text: str) -> Colour:
    """A colour as styles write it."""
    text = {"white": "#fff", "black": "#000", "transparent": "#0000"}.get(text, text)
    if found := re.fullmatch(r"rgba?\(([^)]*)\)", text):
        red, green, blue, *cover = (float(part) for part in found[1].split(","))
        return red, green, blue, cover[0] if cover else 1.0
    digits = text.removeprefix("#")
    if len(digits) < 6:
        digits = "".join(2 * digit for digit in digits)
    red, green, blue, covers = bytes.fromhex(digits.ljust(8, "f"))
    return red, green, blue, covers / 255


def over(ink: Colour, paper: Colour) -> Colour:
    """What one sees of a colour that covers in part."""
    *shown, cover = ink
    red, green, blue = (
        cover * top + (1 - cover) * below for top, below in zip(shown, paper[:3], strict=True)
    )
    return red, green, blue, 1.0


def luminance(seen: Colour) -> float:
    parts = [part / 255 for part in seen[:3]]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(ink: str, paper: str, below: str = "white") -> float:
    """The ratio of WCAG 2.2, from 1 to 21; a paper that covers in part lies on another."""
    sheet = over(colour(paper), colour(below))
    dark, light = sorted((luminance(sheet), luminance(over(colour(ink), sheet))))
    return (light + 0.05) / (dark + 0.05)


def test_the_formula_gives_what_is_published() -> None:
    assert contrast("#000000", "#fff") == pytest.approx(21)
    assert contrast("#777777", "white") == pytest.approx(4.48, abs=0.005)  # just fails
    assert contrast("rgb(118, 118, 118)", "#ffffff") == pytest.approx(4.54, abs=0.005)
    assert contrast("#000", "rgba(0, 0, 0, 0.5)") == pytest.approx(
        contrast("#000", "#7f7f7f"), 0.02
    )
    assert contrast("#000", "#00000000") == pytest.approx(21)


# --- the theme ------------------------------------------------------------------------

PAGE = ("background-primary", "background-secondary", "table-header-background")
BOXES = ("admonition-background", "admonition-title-background")
BOXES += ("admonition-title-background--note",)
MARKED = ("inline-code-background", "highlight-on-target", "api-background", "api-background-hover")
SIDE = ("sidebar-background", "background-hover")  # the second where the pointer is
SEARCH = ("sidebar-search-background", "sidebar-search-background--focus")

PAPERS: Mapping[str, tuple[str, ...]] = {
    "content-foreground": PAGE + BOXES + MARKED,
    "foreground-primary": PAGE + BOXES + MARKED + SEARCH,
    **dict.fromkeys(("link", "link--hover"), PAGE + BOXES + MARKED),
    **dict.fromkeys(("link--visited", "link--visited--hover"), PAGE + BOXES + MARKED),
    "foreground-secondary": ("background-primary",),
    "foreground-muted": ("background-primary",),
    **dict.fromkeys(
        ("api-overall", "api-keyword", "api-name", "api-pre-name", "api-paren"),
        ("api-background", "api-background-hover", "highlight-on-target"),
    ),
    "code-foreground": ("code-background",),
    "header-text": ("header-background",),
    "highlighted-text": ("highlighted-background",),
    **dict.fromkeys(("sidebar-brand-text", "sidebar-caption-text"), SIDE[:1]),
    **dict.fromkeys(("sidebar-link-text", "sidebar-link-text--top-level"), SIDE),
    **dict.fromkeys(("sidebar-search-text", "sidebar-search-icon"), SEARCH),
    **dict.fromkeys(
        ("toc-title-text", "toc-item-text", "toc-item-text--active"), ("toc-background",)
    ),
}
"""The colours of the theme that write, and what they may stand on."""

NOT_WRITTEN = {
    "foreground-border": "draws arrows beside words",
    "sidebar-search-foreground": "the theme leaves it open: it is the sidebar's",
    "announcement-text": "there is no announcement",
    "guilabel-text": "no page names a button so",
    "problematic": "a page with a problem is not built",
    **dict.fromkeys(
        ("api-added", "api-changed", "api-deprecated", "api-removed"), "no docstring has versions"
    ),
}
"""Colours of the theme in which the site writes nothing, and why."""


def rules(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Selectors with what they set; what stands around them is left out."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    for selector, inside in re.findall(r"([^{}]+)\{([^{}]*)\}", text):
        pairs = (entry.partition(":") for entry in inside.split(";") if ":" in entry)
        yield selector.strip(), {name.strip(): value.strip() for name, _, value in pairs}


def mode_of(selector: str) -> str:
    return (
        "dark" if re.search(r'data-theme="?dark|not\(\[data-theme="?light', selector) else "light"
    )


def theme() -> str:
    """The theme's style, and what the pages set in their own."""
    own = re.findall(r"<style>(.*?)</style>", (SITE / "index.html").read_text("utf-8"), re.DOTALL)
    return (STYLES / "styles" / "furo.css").read_text("utf-8") + "".join(own)


def variables(mode: str) -> dict[str, str]:
    """What each colour of the theme is; what comes later goes before."""
    found: dict[str, str] = {}
    for wanted in dict.fromkeys(("light", mode)):
        for selector, entries in rules(theme()):
            if selector.startswith("body") and mode_of(selector) == wanted:
                found |= {
                    name: text for name, text in entries.items() if name.startswith("--color")
                }
    return found


def value(name: str, known: Mapping[str, str]) -> str:
    """The colour behind a name."""
    text = known[f"--color-{name}"]
    while found := re.fullmatch(r"var\(--color-([\w-]+)\)", text):
        text = known[f"--color-{found[1]}"]
    return text


@built
@pytest.mark.parametrize("mode", MODES)
def test_every_colour_of_the_theme_stands_out_from_its_paper(mode: str) -> None:
    known = variables(mode)
    below = value("background-primary", known)
    faint = {
        (ink, paper): round(ratio, 2)
        for ink, papers in PAPERS.items()
        for paper in papers
        if (ratio := contrast(value(ink, known), value(paper, known), below)) < LEAST
    }
    assert faint == {}


@built
@pytest.mark.parametrize("mode", MODES)
def test_the_colours_of_our_settings_are_those_of_the_site(mode: str) -> None:
    options = runpy.run_path(str(ROOT / "docs" / "conf.py"))["html_theme_options"]
    ours = {f"--{name}": text for name, text in options[f"{mode}_css_variables"].items()}
    assert ours.items() <= variables(mode).items()


@built
def test_no_colour_of_the_theme_is_forgotten() -> None:
    written = {
        found[1]
        for _, entries in rules(theme())
        if (found := re.match(r"var\(--color-([\w-]+)\)", entries.get("color", "")))
    }
    assert len(written) > 15
    assert written - set(NOT_WRITTEN) <= set(PAPERS)
    pages = "".join(path.read_text("utf-8") for path in SITE.rglob("*.html"))
    for kind in ("guilabel", "announcement-content", "problematic", "versionmodified"):
        assert f'class="{kind}' not in pages, kind


@built
@pytest.mark.parametrize("mode", MODES)
def test_our_own_style_uses_colours_of_the_theme_that_stand_out(mode: str) -> None:
    known = variables(mode)
    ours = (ROOT / "docs" / "_static" / "course.css").read_text("utf-8")
    both = [
        (entries["color"], entries["background"])
        for _, entries in rules(ours)
        if "color" in entries and "background" in entries
    ]
    assert both
    for ink, paper in both:
        names = [re.fullmatch(r"var\(--color-([\w-]+)\)", text) for text in (ink, paper)]
        assert contrast(*(value(found[1], known) for found in names if found)) >= LEAST


# --- code -----------------------------------------------------------------------------


def kinds_of_words() -> set[str]:
    """The kinds of words that code on the site is made of, as Pygments calls them."""
    pages = "".join(path.read_text("utf-8") for path in SITE.rglob("*.html"))
    return set(re.findall(r'<span class="([a-z][a-z0-9]{0,2})">', pages)) - {"w"}  # white space


@built
@pytest.mark.parametrize("mode", MODES)
def test_every_kind_of_word_in_code_stands_out(mode: str) -> None:
    inks: dict[str, str] = {}
    paper = ""
    for selector, entries in rules((STYLES / "pygments.css").read_text("utf-8")):
        if mode_of(selector) != mode:
            continue
        if selector.endswith(".highlight"):
            paper, inks[""] = entries["background"], entries["color"]
        elif (found := re.search(r"\.highlight \.(\w+)$", selector)) and "color" in entries:
            inks[found[1]] = entries["color"]
    used = kinds_of_words()
    assert len(used & set(inks)) > 10
    faint = {kind: inks[kind] for kind in used & set(inks) if contrast(inks[kind], paper) < LEAST}
    assert faint == {}
    assert contrast(inks[""], paper) >= LEAST


# --- charts ---------------------------------------------------------------------------


@built
def test_words_in_charts_stand_out_from_their_white_paper() -> None:
    """White words lie on a mark, or are the halo of dark ones: those are judged by eye."""
    inks = {
        ink
        for path in (STYLES / "charts").glob("*.svg")
        for ink in re.findall(r'<text\b[^>]*\bfill="([^"]+)"', path.read_text("utf-8"))
    }
    assert "#222222" in inks
    assert [ink for ink in inks if ink != "white" and contrast(ink, "white") < LEAST] == []
