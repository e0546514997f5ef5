"""Every chart that a lesson keeps, explorers' charts among them: told in words, labelled, and read
by any eyes.
"""

import json
import re
from dataclasses import dataclass
from itertools import combinations, groupby
from pathlib import Path

import drawn
import pytest
from colour_vision import MACHADO, contrast, distance, mixed, seen

from energychain.charts import theme

LESSONS = sorted((Path(__file__).parents[2] / "lessons").glob("*.ipynb"))

FAR_ENOUGH = 15.0
"""Between two colours that nothing else tells apart (CIE 1976). Ours: six and a half times the
difference that can just be noticed between large patches side by side, 2.3, since our marks are
small and stand apart."""

TEXT, MARK = 4.5, 3.0
"""Least contrast (WCAG 2.2, 1.4.3 and 1.4.11)."""

SMALLEST = 11
"""Of text [pixel]."""

COUNTED = re.compile(
    r"\b(alterations|bits|blocks?|bytes|clusters|confirmations|correlation|day|episode|euros?"
    r"|eur/kwh|finds|gas|homes|hour|messages|peak over average|probability|pseudonyms|readings"
    r"|recognised|replicas|share|time of day|tokens|tries)\b",
    re.IGNORECASE,
)
"""What is its own unit."""


def charts():
    """Every chart that is kept, with the end of the cell that made it."""
    for path in LESSONS:
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            for output in cell.get("outputs", ()):
                if spec := output.get("data", {}).get(theme.VEGALITE):
                    last = "".join(cell["source"]).splitlines()[-1]
                    yield pytest.param(spec, id=f"{path.name[:2]}-{last[:40]}")


CHARTS = list(charts())
every_chart = pytest.mark.parametrize("spec", CHARTS)


def test_there_are_charts_in_the_lessons():
    assert len(CHARTS) > 60


@every_chart
def test_it_is_told_in_words_and_can_be_listened_to(spec):
    words, title = spec["description"], spec["title"]["text"]
    assert len(set(words.split()) - set(title.split())) > 4, words
    assert spec["usermeta"] == {"embedOptions": {"renderer": "svg"}}


@every_chart
def test_its_marks_are_labelled_its_axes_named_and_its_text_is_read(spec):
    tree = drawn.svg(spec)
    said = drawn.marks(tree)
    assert said
    for label in said:
        assert label, spec["title"]
        assert not re.search(r"\b(undefined|NaN|null|_\w+):?", label), label
    assert_named(drawn.axes(tree))
    for text in drawn.words(tree):
        assert contrast(text.colour, text.ground) >= TEXT, text
        assert text.size >= SMALLEST, text


def assert_named(axes):
    """Each axis has a title and a unit, or is one that another plot of the chart names."""
    titles = [re.search("titled '(.*?)' for (.*)", axis) for axis in axes]
    named = {title[2] for title in titles if title}
    for axis, title in zip(axes, titles, strict=True):
        if not title:
            assert axis.split(" for ", 1)[1] in named, axis
        elif "discrete scale" not in axis:
            assert "(" in title[1] or "%" in axis or COUNTED.search(title[1]), axis


# --- colours --------------------------------------------------------------------------


@dataclass(frozen=True)
class Look:
    """How one layer is drawn: its colour, as it was chosen and as it is seen, and all that tells
    it from others without colour.
    """

    family: str
    chosen: str
    colour: str
    pattern: tuple
    outline: str | None


def views(spec):
    """Each plot of a chart."""
    if "layer" in spec or "mark" in spec:
        yield spec
    for kind in ("hconcat", "vconcat"):
        for part in spec.get(kind, ()):
            yield from views(part)


def looks(part):
    """The looks of all layers with one colour each."""
    for layer in part.get("layer", ()):
        yield from looks(layer)
    mark = part.get("mark")
    if not mark or mark["type"] == "text" or not mark.get("opacity", 1):
        return
    family = {"line": "line", "rule": "line", "point": "point"}.get(mark["type"], "fill")
    fill, stroke = (mark.get(name, mark.get("color")) for name in ("fill", "stroke"))
    colour = stroke if family == "line" else fill or stroke
    if not isinstance(colour, str):  # stripes, or a colour in each row
        return
    dash = tuple(mark.get("strokeDash", ()))
    pattern = () if dash == (1, 0) else dash
    if family == "point":
        pattern = mark.get("shape", "circle"), bool(fill)
    seen_as = mixed(colour, mark.get("opacity", 1) * mark.get("fillOpacity", 1))
    outline = stroke if family != "line" and fill else None
    yield Look(family, mixed(colour), seen_as, pattern, outline and mixed(outline))


def repeated(one, other, found):
    """Whether something besides colour tells two looks apart: dash, marker, stripes, or the
    markers along two lines.
    """
    if one.pattern != other.pattern:
        return True
    markers = [
        {look.pattern for look in found if look.family == "point" and look.chosen == each.chosen}
        for each in (one, other)
    ]
    along = one.family == "line" and all(markers) and not markers[0] & markers[1]
    return along or striped(one, found) != striped(other, found)


def striped(look, found):
    """Stripes are drawn one by one in a white frame of their colour."""
    return look.chosen != mixed(theme.INK) and any(
        frame.family == "fill" and frame.colour == "#ffffff" and frame.outline == look.chosen
        for frame in found
    )


def pairs(spec):
    """Pairs of looks in one plot that only colour tells apart."""
    for view in views(spec):
        found = set(looks(view))
        for one, other in combinations(sorted(found, key=repr), 2):
            alike = one.family == other.family and one.chosen != other.chosen
            paper = any(look.chosen == "#ffffff" and not look.outline for look in (one, other))
            if alike and not paper and not repeated(one, other, found):
                yield one.colour, other.colour


@every_chart
def test_what_only_colour_tells_apart_differs_for_all_eyes(spec):
    for one, other in pairs(spec):
        for vision in MACHADO:
            assert distance(one, other, vision) >= FAR_ENOUGH, (one, other, vision)


@every_chart
def test_thin_marks_stand_out_or_go_with_outlined_ones(spec):
    for view in views(spec):
        found = set(looks(view))
        outlined = {
            look.chosen for look in found if look.outline and contrast(look.outline) >= MARK
        }
        for look in found:
            if look.family != "fill" and look.chosen not in outlined:
                assert contrast(look.colour) >= MARK, look


def shades(spec):
    """Colours that stand for more and more of something, in order; a table has its own in each
    line.
    """
    for view in views(spec):
        for layer in (view, *view.get("layer", ())):
            for channel in ("color", "fill"):
                coded = layer.get("encoding", {}).get(channel, {})
                scale = coded.get("scale", {})
                if scale and isinstance(scale.get("range"), list):
                    assert coded["type"] in ("quantitative", "ordinal")
                    yield scale["range"]
                elif "field" in coded and scale is None:
                    rows = spec["datasets"][layer.get("data", view.get("data"))["name"]]
                    for _, line in groupby(rows, key=lambda row: row["_y"]):
                        tried = filter(told, line)
                        yield [row[coded["field"]] for row in sorted(tried, key=told)]


def told(row):
    """The number that a mark says, "much sun, 12: 1.99 after 4 tries", if it says one; the
    lightest of equals first.
    """
    number = re.search(r": (-?[\d.]+) ", row["_said"])
    return number and (float(number[1]), -seen(row["_fill"], "normal")[0])


SHADED = [param for param in CHARTS if list(shades(param.values[0]))]


def test_some_charts_are_shaded():
    assert len(SHADED) >= 2


@pytest.mark.parametrize("spec", SHADED)
@pytest.mark.parametrize("vision", MACHADO)
def test_shades_go_from_light_to_dark_for_all_eyes(spec, vision):
    for colours in shades(spec):
        lightness = [seen(mixed(colour), vision)[0] for colour in colours]
        assert lightness == sorted(lightness, reverse=True)
        assert max(lightness) - min(lightness) > FAR_ENOUGH
