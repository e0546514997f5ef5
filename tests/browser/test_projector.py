"""Each explorer alone on a projector: the first control moved by keyboard, the sentence read.

Everything is tried at the size of an old projector and looked at at the size of a new one; the
pictures land in build/screenshots for a person to look at, as `projector_NAME_WIDTH.png`.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from energychain.course.explorers import EXPLORERS
from tests.browser.lab import (
    SECOND,
    Watched,
    free_port,
    wait_for_server,
)

OLD, NEW = {"width": 1024, "height": 768}, {"width": 1920, "height": 1080}
"""Projectors [pixel]."""

CONTROL = ".noUi-handle, select, input[type=text], input[type=number]"
"""The first of these is moved."""

INSTEAD = {"forks": ".noUi-handle >> nth=3", "signing": "select", "wallet": "button"}
"""Where one step of it changes nothing yet: the time, what is altered, and Send."""

KEYS = {"SELECT": ["ArrowDown"], "INPUT": ["End", "Backspace", "Enter"], "BUTTON": ["Enter"]}
"""What is pressed on a control; on the handle of a slider, an arrow."""

START = 240 * SECOND
"""A page needs some 5 s of computing; a busy machine may take far longer."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What `energychain show` serves, on loopback alone."""
    port = free_port()
    folder = tmp_path_factory.mktemp("projector")
    log_file = folder / "server.log"
    command = ("-m", "energychain.cli", "show", "all", "--no-browser", "--port", str(port))
    with log_file.open("w") as log:
        server = subprocess.Popen(
            [sys.executable, *command], cwd=folder, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            wait_for_server(server, f"http://127.0.0.1:{port}/", log_file)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=20)
    assert f"http://127.0.0.1:{port}/voila/render/all.ipynb" in log_file.read_text()


@pytest.fixture
def screen(chromium: Browser) -> Iterator[Watched]:
    """A page on an old projector; in the end nothing may have left this machine."""
    screen = Watched(chromium.new_page(viewport=OLD, service_workers="block"))
    yield screen
    screen.page.close()
    assert screen.left == []
    assert screen.complaints == []


def too_wide(screen: Watched) -> list[str]:
    """What is cut off at the right, or would have to be scrolled to."""
    found: list[str] = screen.page.evaluate(
        """() => [...document.querySelectorAll('#rendered_cells *')]
            .filter(part => part.checkVisibility() && part.getBoundingClientRect().width > 0)
            .filter(part => part.getBoundingClientRect().right > innerWidth + 1)
            .map(part => part.outerHTML.slice(0, 200))"""
    )
    return found


def look(screen: Watched, name: str, size: dict[str, int]) -> Path:
    """A picture at this size, once the page is laid out for it."""
    screen.page.set_viewport_size({"width": size["width"], "height": size["height"]})
    screen.page.wait_for_timeout(SECOND / 4)
    return screen.screenshot(f"projector_{name}_{size['width']}")


def begin(screen: Watched, where: str) -> None:
    """Go to a page, which is sent piece by piece while its explorer is being made."""
    screen.page.goto(where, wait_until="commit", timeout=START)


@pytest.mark.parametrize("name", EXPLORERS)
def test_an_explorer_on_the_projector(screen: Watched, address: str, name: str) -> None:
    begin(screen, f"{address}/voila/render/{name}.ipynb")
    status = screen.page.get_by_role("status")
    status.wait_for(timeout=START)
    screen.page.get_by_role("heading", name=EXPLORERS[name].question).wait_for()
    look(screen, name, OLD)
    assert too_wide(screen) == []
    before = status.inner_text()

    control = screen.page.locator("#rendered_cells").locator(INSTEAD.get(name, CONTROL)).first
    kind = control.evaluate("control => control.tagName")
    for key in KEYS.get(kind, ["ArrowRight"]):
        screen.press(control, key)
    screen.page.wait_for_function(
        "before => document.querySelector('[role=status]').innerText !== before",
        arg=before,
        timeout=30 * SECOND,
    )
    assert too_wide(screen) == []

    look(screen, name, NEW)
    assert too_wide(screen) == []


def test_the_list_leads_to_an_explorer_and_back(screen: Watched, address: str) -> None:
    begin(screen, f"{address}/")  # the root leads to the list
    screen.page.get_by_role("heading", name="All explorers").wait_for(timeout=START)
    look(screen, "all", OLD)
    assert too_wide(screen) == []
    links = screen.page.locator("#rendered_cells td a")
    assert links.count() == len(EXPLORERS)
    look(screen, "all", NEW)

    screen.press(links.nth(list(EXPLORERS).index("market")), "Enter")
    screen.page.get_by_role("status").wait_for(timeout=START)
    assert screen.page.title() == EXPLORERS["market"].question
    screen.press(screen.page.get_by_role("link", name="All explorers"), "Enter")
    screen.page.get_by_role("heading", name="All explorers").wait_for(timeout=START)


def test_what_is_not_there_is_said_without_help_from_elsewhere(
    screen: Watched, address: str
) -> None:
    missing = screen.page.goto(f"{address}/voila/render/nothing.ipynb")
    assert missing is not None and missing.status == 404
    screen.complaints.clear()  # the browser notes the 404 itself
