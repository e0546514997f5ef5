"""The memory of a running lesson, at its peak. Binder gives a learner one or two gigabytes for
the server and all open lessons.
"""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import HTTPError
from urllib.request import urlopen

from energychain.lessons.running import executed

LESSONS = Path(__file__).parents[1] / "lessons"
ALLOWED_MB = 600.0
"""For the kernel of one lesson."""

STATUS = "/proc/{}/status"
"""Where Linux keeps the peak of a process; other systems keep none that means the same."""


def table() -> Iterator[bool]:
    """Print what each lesson takes; whether it is less than it may."""
    if not Path(STATUS.format("self")).exists():
        print("\nmemory is measured on Linux only")
        return
    print(f"\n{'lesson':46} {'peak MB':>9} {'bar MB':>9}")
    peaks = []
    for lesson in sorted(LESSONS.glob("*.ipynb")):
        peaks.append(kernel_mb(lesson))
        met = peaks[-1] < ALLOWED_MB
        print(
            f"{lesson.stem:46} {peaks[-1]:9.0f} {ALLOWED_MB:9.0f} {'' if met else ' missed'}",
            flush=True,
        )
        yield met
    print(f"{'the largest, and the server of JupyterLab':46} {max(peaks) + server_mb():9.0f}")


def kernel_mb(lesson: Path) -> float:
    """The peak of a kernel that ran a lesson from its first cell to its last [MB]."""
    notebook = json.loads(lesson.read_text("utf-8"))
    asked = f"print(open('{STATUS.format('self')}').read())"
    cell = {"cell_type": "code", "metadata": {"tags": ["run"]}, "outputs": [], "source": asked}
    notebook["cells"].append(cell)
    [printed] = executed(notebook, lesson.parent)["cells"][-1]["outputs"]
    return _peak_mb(printed["text"])


def server_mb() -> float:
    """The peak of JupyterLab's server that was started and asked once [MB]."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with TemporaryDirectory() as folder:
        options = [f"--port={port}", f"--ServerApp.root_dir={folder}", "--ip=127.0.0.1"]
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/api/contents")
            return _peak_mb(Path(STATUS.format(server.pid)).read_text())
        finally:
            server.kill()
            server.wait()


def _wait_for(address: str, seconds: int = 60) -> None:
    for _ in range(10 * seconds):
        try:
            urlopen(address, timeout=5).close()
            return
        except HTTPError:
            return  # without a token it refuses, so it is there
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"JupyterLab did not start in {seconds} s")


def _peak_mb(status: str) -> float:
    """The most that a process ever held; `getrusage` would add whoever it was forked from."""
    [kibibytes] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(kibibytes) * 1024 / 1e6
