"""The commands `save`, `save --check` and `lint` over the files of the lessons."""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nbclient.exceptions import CellExecutionError, CellTimeoutError

from energychain.lessons.lint import lint, stray_files
from energychain.lessons.normal import Notebook, differences, keep_pictures
from energychain.lessons.running import as_text, executed


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 if all is well, 1 if a lesson must be mended, 2 if none was found."""
    parser = argparse.ArgumentParser(prog="python -m energychain.lessons", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    saving = commands.add_parser("save", help="run the lessons and write them in normal form")
    saving.add_argument("--check", action="store_true", help="only say which would change")
    linting = commands.add_parser("lint", help="hold the lessons against the lesson contract")
    for command in (saving, linting):
        command.add_argument("paths", nargs="*", type=Path, default=[Path("lessons")])
    chosen = parser.parse_args(arguments)

    notebooks = lessons_in(chosen.paths)
    if not notebooks:
        print(f"no lessons in {', '.join(map(str, chosen.paths))}", file=sys.stderr)
        return 2
    if chosen.command == "lint":
        return _lint(notebooks)
    with ThreadPoolExecutor(2) as pool:
        refused = list(pool.map(lambda path: _save(path, check=chosen.check), notebooks))
    return 1 if any(refused) else 0


def lessons_in(paths: list[Path]) -> list[Path]:
    """The notebooks among files and folders, in the order of their numbers."""
    found = {
        notebook
        for path in paths
        for notebook in (path.glob("*.ipynb") if path.is_dir() else [path])
        if notebook.suffix == ".ipynb" and notebook.is_file()
    }
    return sorted(found)


def _lint(notebooks: list[Path]) -> int:
    findings = [f for path in notebooks for f in lint(path.name, _parsed(path.read_text("utf-8")))]
    for folder in sorted({path.parent for path in notebooks}):
        findings += stray_files(path.name for path in folder.iterdir())
    for finding in findings:
        print(finding)
    print(f"{len(notebooks)} lessons, {len(findings)} findings")
    return 1 if findings else 0


def _save(path: Path, *, check: bool) -> bool:
    """Save one lesson, or only look; true if it must be mended."""
    stored_text = path.read_text("utf-8")
    stored = _parsed(stored_text)
    try:
        fresh = keep_pictures(executed(stored, path.parent), stored)
    except (CellExecutionError, CellTimeoutError) as fault:
        print(f"{path}: a cell fails\n{fault}", file=sys.stderr)
        return True
    text = as_text(fresh)
    if not check:
        path.write_text(text, "utf-8", newline="\n")
        print(f"{path}: {'as it was' if text == stored_text else 'saved'}")
        return False
    reasons = differences(stored, _parsed(text))
    if not reasons and as_text(stored) != stored_text:
        reasons = ["not written in normal form"]
    for reason in reasons:
        print(f"{path}: {reason}")
    if not reasons:
        print(f"{path}: as saved")
    return bool(reasons)


def _parsed(text: str) -> Notebook:
    notebook: Notebook = json.loads(text)
    return notebook


if __name__ == "__main__":
    sys.exit(main())
