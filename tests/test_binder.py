"""What Binder reads agrees with what the package says of itself."""

import os
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCK = (ROOT / "binder/requirements.txt").read_text("utf-8")


def supported() -> list[str]:
    """The versions of Python that the package says it runs on, oldest first."""
    named = [c.rpartition(" :: ")[2] for c in PROJECT["project"]["classifiers"]]
    return sorted(
        (name for name in named if re.fullmatch(r"3\.\d+", name)),
        key=lambda name: int(name.removeprefix("3.")),
    )


def test_binder_runs_a_python_that_the_package_supports() -> None:
    """Without runtime.txt, Binder would take the Python of its own choice."""
    kind, _, version = (ROOT / "binder/runtime.txt").read_text("utf-8").strip().partition("-")
    assert kind == "python"
    assert version in supported()


def test_every_place_names_the_same_versions_of_python() -> None:
    oldest, newest = supported()[0], supported()[-1]
    assert PROJECT["project"]["requires-python"] == f">={oldest}"
    assert PROJECT["tool"]["mypy"]["python_version"] == oldest
    assert PROJECT["tool"]["ruff"]["target-version"] == "py" + oldest.replace(".", "")
    assert f"Python {oldest} to {newest}." in LOCK
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert f"Python {oldest} to {newest}." in makefile
    assert set(re.findall(r"--python-version (\S+)", makefile)) == {oldest}
    assert f"energychain needs Python {oldest} or later" in makefile
    assert f"You need Python {oldest} or later" in (ROOT / "README.md").read_text("utf-8")


def test_the_lock_names_no_folder_and_a_hash_for_everything() -> None:
    """A local line would make Binder build everything anew after each commit."""
    for pin in re.split(r"(?<!\\)\n(?!\s)", LOCK):
        if not pin.startswith("#") and pin.strip():
            name = r"[a-z0-9.-]+(\[[a-z0-9,-]+\])?"
            assert re.match(name + r"==\S+( ;[^\\]+)? \\\n    --hash=sha256:[0-9a-f]{64}", pin)


def test_what_is_pinned_with_an_extra_is_pinned_without_it_too() -> None:
    """For the other of the two pip would take the newest version, which has no hash here."""
    pins = set(re.findall(r"^([a-z0-9.,\[\]-]+==\S+)", LOCK, re.MULTILINE))
    with_extra = {pin for pin in pins if "[" in pin}
    assert with_extra
    assert {re.sub(r"\[.*\]", "", pin) for pin in with_extra} <= pins


def test_binder_takes_our_folder_and_can_run_what_is_in_it() -> None:
    """Where there are two folders, or a conda environment, Binder reads that one instead."""
    assert os.access(ROOT / "binder/postBuild", os.X_OK)
    assert not [name for name in (".binder", "binder/environment.yml") if (ROOT / name).exists()]
