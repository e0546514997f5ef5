"""One server and one browser for all tests; a fresh look at what left the machine for each."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.lab import (
    LAPTOP,
    NO_CHROMIUM,
    ROOT,
    Lab,
    find_chromium,
    jupyter,
    launched,
)


@pytest.fixture(scope="session")
def lessons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the lessons, so that running them changes nothing here."""
    folder = tmp_path_factory.mktemp("browser") / "lessons"
    ignored = shutil.ignore_patterns(".ipynb_checkpoints")
    shutil.copytree(ROOT / "lessons", folder, ignore=ignored)
    return folder


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The one browser: Playwright cannot be started twice in a process."""
    executable = find_chromium()
    if executable is None:
        pytest.exit(NO_CHROMIUM, returncode=3)
    with launched(executable) as browser:
        yield browser


@pytest.fixture(scope="session")
def _session_lab(lessons: Path, chromium: Browser) -> Iterator[Lab]:
    with jupyter(lessons) as (address, token):
        page = chromium.new_page(viewport=LAPTOP, service_workers="block")
        yield Lab(page, lessons, address, token)
        page.close()


@pytest.fixture
def lab(_session_lab: Lab, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """JupyterLab; afterwards a screenshot is kept, and nothing may have left this machine."""
    _session_lab.left.clear()
    _session_lab.complaints.clear()
    yield _session_lab
    _session_lab.screenshot(request.node.name)
    assert _session_lab.left == []
