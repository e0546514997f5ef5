"""Every explorer of the lessons by keyboard alone: one walk with Tab from the first control to the
last, and what has the focus is named, seen, and where the eye expects it.
"""

import importlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from energychain.widgets.accessible import FOCUS
from energychain.widgets.explorer import Panel
from tests.browser.lab import ROOT, Lab

IMPORT = re.compile(r"^from (energychain\.widgets\.\w+) import (.+)$", re.MULTILINE)

CONTROLS = """
cell => [...cell.querySelectorAll('.energychain :is(.noUi-handle, select, input, button,'
                                  + ' [contenteditable=true], [tabindex="0"])')]
    .filter(control => control.checkVisibility() && !control.disabled)
    .map(control => {
        control.dataset.number ??= String(window.controls = (window.controls ?? 0) + 1);
        return control.dataset.number;
    })
"""
"""Numbers all that can be touched in a cell; asked again, it gives the same numbers."""

FOCUSED = """
() => {
    const at = document.activeElement, style = getComputedStyle(at);
    const { left, right, top, bottom } = at.getBoundingClientRect();
    const page = document.querySelector('.jp-WindowedPanel-outer').scrollTop;
    return { number: at.dataset.number ?? null, outline: outline(at), left, right,
             top: top + page, bottom: bottom + page, at: at.className || at.tagName };
    function outline(at) {
        return [style.outlineStyle, style.outlineWidth, style.outlineColor].join(' ');
    }
}
"""

UNFOCUSED = """
number => {
    const style = getComputedStyle(document.querySelector(`[data-number="${number}"]`));
    return [style.outlineStyle, style.outlineWidth, style.outlineColor].join(' ');
}
"""


@dataclass(frozen=True)
class Stop:
    """What had the focus."""

    number: str
    role: str
    name: str
    outline: str
    left: float
    right: float
    top: float
    bottom: float


@dataclass(frozen=True)
class Walk:
    """Where Tab led, and where it should have."""

    stops: dict[str, Stop]
    expected: dict[str, list[str]]
    """Controls of each explorer, by its name."""

    unfocused: dict[str, str]


def explorers() -> list[tuple[str, str]]:
    """Module and name of every explorer that a lesson shows."""
    found = set()
    for path in (ROOT / "lessons").glob("*.ipynb"):
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            for module, names in IMPORT.findall("".join(cell["source"])):
                for name in map(str.strip, names.split(",")):
                    kind = getattr(importlib.import_module(module), name)
                    if isinstance(kind, type) and issubclass(kind, Panel):
                        found.add((module, name))
    return sorted(found)


def written(lessons: Path) -> str:
    """A notebook of all explorers, one in a cell."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    cells = [
        {
            "cell_type": "code",
            "execution_count": 9,
            "id": f"c{number}",
            "metadata": {},
            "outputs": [],
            "source": f"from {module} import {name}\n{name}()",
        }
        for number, (module, name) in enumerate(explorers())
    ]
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4}
    (lessons / "98_explorers.ipynb").write_text(json.dumps({**notebook, "nbformat_minor": 5}))
    return "98_explorers.ipynb"


def steps(lab: Lab, most: int) -> Iterator[Stop]:
    """Each stop of Tab that is a control of an explorer."""
    browser = lab.page.context.new_cdp_session(lab.page)
    for _ in range(most):
        lab.page.keyboard.press("Tab")
        seen: dict[str, Any] = lab.page.evaluate(FOCUSED)
        if seen["number"] is None:
            continue
        shown = browser.send("Runtime.evaluate", {"expression": "document.activeElement"})
        heard = browser.send(
            "Accessibility.getPartialAXTree",
            {"objectId": shown["result"]["objectId"], "fetchRelatives": False},
        )["nodes"][0]
        del seen["at"]
        yield Stop(
            role=heard.get("role", {}).get("value", ""),
            name=heard.get("name", {}).get("value", ""),
            **seen,
        )


@pytest.fixture(scope="module")
def walk(_session_lab: Lab, lessons: Path) -> Walk:
    """The whole walk, from the first cell's code on."""
    lab = _session_lab
    lab.open(written(lessons))
    lab.run_all(300)
    expected = {}
    for _, name in explorers():
        cell = lab.cell(f"{name}()")
        cell.locator(".energychain[aria-label]").wait_for()
        lab._wait_for(
            lambda cell=cell: cell.locator("svg.marks, table, pre").count() > 0, "drawn", str
        )
        expected[name] = cell.evaluate(CONTROLS)
    lab.cell(explorers()[0][1]).locator(".jp-InputArea-editor").click()
    lab.page.keyboard.press("Escape")
    total = sum(map(len, expected.values()))
    stops = {}
    for stop in steps(lab, total + 60):
        stops.setdefault(stop.number, stop)
        if len(stops) == total:
            break
    lab.page.evaluate("document.activeElement.blur()")
    unfocused = {number: lab.page.evaluate(UNFOCUSED, number) for number in stops}
    return Walk(stops, expected, unfocused)


def test_every_explorer_of_the_lessons_is_here(walk: Walk) -> None:
    assert len(walk.expected) >= 20
    assert all(len(numbers) >= 3 for numbers in walk.expected.values()), walk.expected


def test_tab_reaches_every_control(walk: Walk) -> None:
    left_out = {
        name: [number for number in numbers if number not in walk.stops]
        for name, numbers in walk.expected.items()
    }
    assert not {name: numbers for name, numbers in left_out.items() if numbers}
    print(f"{len(walk.stops)} controls of {len(walk.expected)} explorers were reached")


def test_tab_goes_from_left_to_right_and_down(walk: Walk) -> None:
    place = {number: order for order, number in enumerate(walk.stops)}
    for name, numbers in walk.expected.items():
        stops = [walk.stops[number] for number in sorted(numbers, key=place.__getitem__)]
        for one, next_one in pairwise(stops):
            assert next_one.bottom > one.top, (name, one, next_one)
            same_row = next_one.top < one.bottom
            assert not same_row or next_one.left >= one.left, (name, one, next_one)


def test_every_control_is_named(walk: Walk) -> None:
    known = {"slider", "textbox", "combobox", "button", "checkbox", "radio", "spinbutton"}
    for stop in walk.stops.values():
        assert stop.role in known, stop
        assert stop.name.strip(), stop


def test_the_focus_is_framed(walk: Walk) -> None:
    red, green, blue = (int(FOCUS[i : i + 2], 16) for i in (1, 3, 5))
    framed = f"solid 3px rgb({red}, {green}, {blue})"
    for number, stop in walk.stops.items():
        assert stop.outline == framed, stop
        assert walk.unfocused[number] != framed, stop


def test_a_slider_is_moved_and_the_table_unfolded_without_a_mouse(walk: Walk, lab: Lab) -> None:
    explorer = lab.cell("TokenDayExplorer()")
    first = explorer.locator(".noUi-handle").first
    first.focus()
    said = explorer.locator("[role=status]").inner_text()
    lab.page.keyboard.press("ArrowRight")
    explorer.locator("[role=status]").filter(has_not_text=said).wait_for()
    for _ in range(20):
        lab.page.keyboard.press("Tab")
        if lab.page.evaluate("document.activeElement.innerText") == "Same data as a table":
            break
    lab.page.keyboard.press("Space")
    tables = explorer.get_by_role("region")
    tables.locator("caption", has_text="Where the tokens go").wait_for()
    assert tables.locator("th[scope=col]").count() == 7 + 3
    assert tables.locator("tbody th[scope=row]").count() == 24 + 72
    lab.page.keyboard.press("Tab")
    lab.page.keyboard.press("Tab")
    region = lab.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert region.endswith(", as a table")
    lab.page.emulate_media(reduced_motion="reduce")
    glides = "at => getComputedStyle(at).transitionProperty"
    assert (
        first.evaluate(glides) == explorer.locator(".noUi-origin").first.evaluate(glides) == "none"
    )
    lab.page.emulate_media(reduced_motion="no-preference")
    assert lab.complaints == []
