"""What of a chart reaches the eye and the ear: its drawing, read as SVG."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

import vl_convert
from colour_vision import mixed

SVG = "{http://www.w3.org/2000/svg}"
NUMBER = r"(-?[\d.]+(?:e-?\d+)?)"
MOVED = re.compile(rf"translate\({NUMBER},{NUMBER}\)")
RECTANGLE = re.compile(rf"^M{NUMBER},{NUMBER}h{NUMBER}v{NUMBER}h{NUMBER}Z$")
DISC = re.compile(rf"^M{NUMBER},0A")
CORNER = re.compile(rf"[ML]{NUMBER},{NUMBER}")


@dataclass(frozen=True)
class Written:
    """One text, the colour and size [pixel] it is written in, and what it stands on."""

    text: str
    size: float
    colour: str
    ground: str


def svg(spec, version="5.8"):
    """The chart as an element tree, drawn by JupyterLab's Vega-Lite."""
    return ElementTree.fromstring(vl_convert.vegalite_to_svg(spec, vl_version=version))


def axes(tree):
    """The words of each axis that has a title or labels."""
    return [each.get("aria-label") for each in _called(tree) if _kind(each) == "axis"]


def marks(tree):
    """What each mark says to those who listen."""
    return [
        each.get("aria-label")
        for each in _called(tree)
        if _kind(each) not in ("axis", "legend", "title") and each.get("role") == "graphics-symbol"
    ]


def _called(tree):
    return (each for each in tree.iter() if each.get("aria-roledescription"))


def _kind(element):
    return element.get("aria-roledescription")


def words(tree) -> list[Written]:
    """Every text. What was painted before it, at its middle, is its ground."""
    painted, found = [], []
    for element, x, y, opacity in _walk(tree, 0.0, 0.0, 1.0):
        fill = element.get("fill", "none" if element.tag != f"{SVG}text" else "black")
        visible = opacity * float(element.get("fill-opacity", 1))
        if element.tag == f"{SVG}text":
            size = float(element.get("font-size", "11px").removesuffix("px"))
            text = "".join(element.itertext())
            shift = {"middle": 0, "end": -1}.get(element.get("text-anchor", "start"), 1)
            middle = x + shift * 0.25 * size * len(text), y - 0.35 * size
            if element.get("stroke", "none") != "none":  # a halo, behind the text itself
                painted.append((_box(middle[0] - 1, middle[1] - 1, 2, 2), "#ffffff", 1.0))
            elif visible and text.strip():
                ground = "#ffffff"
                for covers, colour, share in painted:
                    if covers(*middle):
                        ground = mixed(colour, share, ground)
                found.append(Written(text, size, mixed(fill, visible, ground), ground))
        elif fill.startswith(("#", "white", "black")) and visible:
            painted.append((_covers(element, x, y), fill, visible))
    return found


def _walk(element, x, y, opacity) -> Iterator[tuple]:
    moved = MOVED.match(element.get("transform", ""))
    if moved:
        x, y = x + float(moved[1]), y + float(moved[2])
    opacity *= float(element.get("opacity", 1))
    yield element, x, y, opacity
    for child in element:
        yield from _walk(child, x, y, opacity)


def _covers(element, x, y):
    path = element.get("d", "")
    if rectangle := RECTANGLE.match(path):
        left, top, width, height, _ = map(float, rectangle.groups())
        return _box(x + left, y + top, width, height)
    if disc := DISC.match(path):
        radius = float(disc[1])
        return lambda a, b: (a - x) ** 2 + (b - y) ** 2 <= radius**2
    corners = [(x + float(a), y + float(b)) for a, b in CORNER.findall(path)]
    return lambda a, b: _inside(a, b, corners)


def _box(left, top, width, height):
    low_x, high_x = sorted((left, left + width))
    low_y, high_y = sorted((top, top + height))
    return lambda a, b: low_x <= a <= high_x and low_y <= b <= high_y


def _inside(a, b, corners):
    inside = False
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        if (y1 > b) != (y2 > b) and a < x1 + (b - y1) / (y2 - y1) * (x2 - x1):
            inside = not inside
    return inside
