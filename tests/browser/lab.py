"""JupyterLab in a real browser, driven as a person would: open, run all, press keys, read.

Everything stays on this machine. Each request that wants to leave it is refused and recorded.
"""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

from playwright.sync_api import Browser, Locator, Page, Route, TimeoutError, sync_playwright

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
LAPTOP = {"width": 1366, "height": 900}
SECOND = 1000

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
NO_CHROMIUM = """\
No Chromium was found, and these tests need one. Install it with your system's packages, such as
    apt-get install chromium        (Debian)
    apt-get install chromium-browser (Ubuntu)
    brew install --cask chromium    (macOS)
or name one: CHROMIUM=path make browser-test"""


def find_chromium() -> str | None:
    """The browser that the system has, or the one that CHROMIUM names."""
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


class Watched:
    """A page that is watched: what wants to leave this machine is refused and recorded. Methods
    wait for what they cause; times are in milliseconds.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.left: list[str] = []
        """Every request that wanted to leave this machine."""
        self.complaints: list[str] = []
        """Errors in the browser's console."""
        page.route("**/*", self._stay_at_home)
        page.on("websocket", lambda line: self._is_local(line.url))
        page.on("console", self._listen)

    def press(self, control: Locator, key: str, times: int = 1) -> None:
        """Focus a control and press a key."""
        control.focus()
        for _ in range(times):
            self.page.keyboard.press(key)

    def move_slider(self, within: Locator, steps: int, number: int = 0) -> None:
        """Move a slider by keyboard: to the right, or to the left if `steps` is negative."""
        handle = within.locator(".noUi-handle").nth(number)
        self.press(handle, "ArrowRight" if steps > 0 else "ArrowLeft", abs(steps))

    def marks(self, within: Locator, kind: str = "bar") -> Locator:
        """The drawn marks of a chart, by what they are called to a screen reader."""
        return within.locator(f"svg.marks [aria-roledescription='{kind}']")

    def wait_for_marks(self, within: Locator, count: int, kind: str = "bar") -> None:
        """Wait until exactly so many marks are drawn."""
        marks = self.marks(within, kind)
        self._wait_for(lambda: marks.count() == count, f"{count} {kind}s; there are", marks.count)

    def wait_for_text(self, within: Locator, pattern: str, seconds: int = 10) -> str:
        """Wait until the text matches; returns the match."""
        found = lambda: re.search(pattern, within.inner_text())  # noqa: E731
        self._wait_for(lambda: bool(found()), f"text {pattern!r} in", within.inner_text, seconds)
        match = found()
        assert match is not None
        return match.group()

    def click(self, within: Locator, button: str) -> None:
        """Press the button that says this."""
        within.get_by_role("button", name=button).first.click()

    def screenshot(self, name: str, part: Locator | None = None) -> Path:
        """Keep a picture for a person to look at, of the page or of a part of it."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        (part or self.page).screenshot(path=path)
        return path

    def _stay_at_home(self, route: Route) -> None:
        if self._is_local(route.request.url):
            route.continue_()
        else:
            route.abort()

    def _is_local(self, url: str) -> bool:
        where = urlsplit(url)
        local = where.scheme in ("data", "blob") or where.hostname in ("127.0.0.1", "localhost")
        if not local:
            self.left.append(url)
        return local

    def _listen(self, message: object) -> None:
        if getattr(message, "type", "") == "error":
            self.complaints.append(getattr(message, "text", ""))

    def _wait_for(
        self, ready: Callable[[], bool], wanted: str, seen: Callable[[], object], seconds: int = 10
    ) -> None:
        deadline = time.monotonic() + seconds
        while not ready():
            assert time.monotonic() < deadline, f"waited {seconds} s for {wanted} {seen()!r}"
            self.page.wait_for_timeout(50)


class Lab(Watched):
    """One page in JupyterLab."""

    def __init__(self, page: Page, folder: Path, address: str, token: str) -> None:
        super().__init__(page)
        self.folder = folder
        self.code_cells = 0
        self.address = address
        self.token = token

    def open(self, notebook: str) -> None:
        """Open a lesson in a clean workspace and wait until its kernel is idle."""
        cells = json.loads((self.folder / notebook).read_text("utf-8"))["cells"]
        self.code_cells = sum(cell["cell_type"] == "code" for cell in cells)
        where = f"{self.address}/lab/tree/{notebook}?token={self.token}&reset"
        self.page.goto(where, wait_until="domcontentloaded")
        self.page.wait_for_selector(".jp-NotebookPanel .jp-CodeCell", timeout=60 * SECOND)
        self._wait_until_idle()

    def run_all(self, seconds: int = 120) -> None:
        """Clear every output, run every cell and wait for the last; an error fails the test."""
        self._clear_all()
        self._start()
        self._wait_for_prompts(r"^\[\d+\]:$", seconds)
        self._wait_until_idle()
        errors = self.page.locator(".jp-OutputArea-output[data-mime-type*='error']")
        assert errors.count() == 0, errors.first.inner_text()

    def _clear_all(self, attempts: int = 5) -> None:
        # A page that is still being set up may drop the first click.
        for attempt in range(attempts):
            self._menu("Edit", "editmenu:clear-all")
            try:
                self._wait_for_prompts(r"^\[ \]:$", 8)
                break
            except TimeoutError:
                if attempt == attempts - 1:
                    raise

    def _start(self, attempts: int = 5) -> None:
        # A kernel that is idle but still being connected may drop what it is told to run.
        begun = """() => [...document.querySelectorAll('.jp-CodeCell .jp-InputArea-prompt')]
                         .some(prompt => /^\\[(\\*|\\d+)\\]:$/.test(prompt.textContent.trim()))"""
        for attempt in range(attempts):
            self._menu("Run", "runmenu:run-all")
            try:
                self.page.wait_for_function(begun, timeout=8 * SECOND)
                # It may also forget what it began.
                self.page.wait_for_timeout(1 * SECOND)
                if self.page.evaluate(begun):
                    break
            except TimeoutError:
                if attempt == attempts - 1:
                    raise

    def cell(self, text: str) -> Locator:
        """The first code cell whose code holds this text, scrolled into view."""
        code = self.page.locator(".jp-CodeCell").filter(
            has=self.page.locator(".jp-InputArea", has_text=text)
        )
        code.first.scroll_into_view_if_needed()
        return code.first

    def _menu(self, menu: str, command: str) -> None:
        self.page.locator(".lm-MenuBar-item", has_text=menu).first.click()
        self.page.locator(f".lm-Menu-item[data-command='{command}']").click()

    def _wait_until_idle(self) -> None:
        indicator = ".jp-Notebook-ExecutionIndicator[data-status='idle']"
        self.page.wait_for_selector(indicator, timeout=60 * SECOND)

    def _wait_for_prompts(self, pattern: str, seconds: int) -> None:
        self.page.wait_for_function(
            """([pattern, count]) => {
                const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputArea-prompt')];
                const reached = prompts.filter(p => new RegExp(pattern).test(p.textContent.trim()));
                return prompts.length === count && reached.length === count;
            }""",
            arg=[pattern, self.code_cells],
            timeout=seconds * SECOND,
        )


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def jupyter(folder: Path) -> Iterator[tuple[str, str]]:
    """A JupyterLab server over a folder, on loopback alone; gives its address and token."""
    token = secrets.token_hex(16)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    private = folder.parent / "jupyter"
    # Cells out of sight would otherwise be drawn only when scrolled to.
    settings = private / "settings/@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"windowingMode": "none"}')
    # The settings of the person who runs the tests stay out of it.
    environment = {
        "JUPYTERLAB_SETTINGS_DIR": str(private / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(private / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(private / "config"),
        "JUPYTER_RUNTIME_DIR": str(private / "runtime"),
    }
    log_file = private / "server.log"
    with log_file.open("w") as log:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1"),
                *(f"--port={port}", f"--IdentityProvider.token={token}", "--allow-root"),
                f"--ServerApp.root_dir={folder}",
            ],
            cwd=folder,
            env={**os.environ, **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for_server(server, f"{address}/api?token={token}", log_file)
            yield address, token
        finally:
            stop(server)


def wait_for_server(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Wait until a server answers; if it ends instead, say what it logged."""
    for _ in range(300):
        try:
            urlopen(url, timeout=5).close()
            return
        except OSError:
            assert server.poll() is None, log.read_text()[-2000:]
            time.sleep(0.1)
    raise AssertionError(f"the server did not start:\n{log.read_text()[-2000:]}")


def stop(server: subprocess.Popen[bytes], seconds: int = 20) -> None:
    """Ask a server to end, and end it if it does not."""
    server.terminate()
    try:
        server.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


@contextmanager
def launched(executable: str) -> Iterator[Browser]:
    """A headless browser."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()
