"""A wheel built from the tree carries the data and the lessons, and works outside the checkout."""

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow


def run(*command: str, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = ("-m", "pip", "wheel", "-qq", "--no-deps", "--no-build-isolation")
    run(*pip, "--wheel-dir", str(folder), str(ROOT), cwd=folder)
    [built] = folder.glob("energychain-*.whl")
    return built


@pytest.fixture(scope="module")
def bare(wheel: Path) -> Path:
    """The wheel alone in a folder of its own."""
    target = wheel.parent / "bare"
    pip = ("-m", "pip", "install", "-qq", "--no-deps", "--target", str(target))
    run(*pip, str(wheel), cwd=wheel.parent)
    return target


def outside(bare: Path, *arguments: str) -> str:
    """Run Python where only the wheel and its dependencies can be imported.

    -S leaves out the links of the site folder, among them the one to the checkout.
    """
    libraries = sysconfig.get_path("purelib")
    path = os.pathsep.join([str(bare), libraries])
    return run("-S", *arguments, cwd=bare.parent, PYTHONPATH=path)


def test_the_wheel_holds_package_data_and_lessons_and_no_scripts(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"energychain/py.typed", "energychain/_datasets/testbed/about.toml"} <= names
    page = "energychain/cli/jupyter/voila/templates/energychain/"
    assert {f"{page}index.html.j2", f"{page}projector.css", f"{page}conf.json"} <= names
    wanted = {
        f"energychain/_{path.relative_to(ROOT).as_posix()}"
        for folder, kinds in {
            "datasets": ("*.csv", "*.toml", "LICENSE*"),
            "lessons": ("*.ipynb",),
        }.items()
        for kind in kinds
        for path in (ROOT / folder).rglob(kind)
        if ".ipynb_checkpoints" not in path.parts
    }
    assert wanted <= names
    data = {name for name in names if name.startswith("energychain/_datasets/")}
    assert not [name for name in data if name.endswith(".py")]
    assert not [name for name in names - data if not name.startswith("energychain")]


def test_the_token_day_runs_from_the_wheel(bare: Path) -> None:
    day = json.loads(outside(bare, "-m", "energychain.cli", "token-day", "--json"))
    assert day["chain"]["height"] > 0
    assert day["rows"]


def test_nothing_comes_from_the_checkout(bare: Path) -> None:
    script = r"""
import energychain.cli, energychain.datasets, sys
ours = [m for name, m in sys.modules.items() if name.startswith("energychain")]
print(*sys.path, *(module.__file__ for module in ours), sep="\n")
"""
    printed = outside(bare, "-c", script).splitlines()
    assert str(bare / "energychain" / "cli" / "__init__.py") in printed
    assert str(ROOT) not in printed
    assert not [line for line in printed if line.startswith(str(ROOT / "energychain"))]
