"""Apply one mutation to a copy of the project, run its lesson strictly, and see whether it fails.

Each lesson also runs on an unchanged copy. A lesson that fails there proves nothing about
mutations, so the run stops.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

IGNORED = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")


class BadMutation(Exception):
    """The table asks for something that cannot be done or that would prove nothing."""


@dataclass(frozen=True)
class Mutation:
    """One text in one file that a lesson must not be indifferent to."""

    lesson: str
    file: str
    find: str
    replace: str
    why: str

    def __str__(self) -> str:
        return f"{self.lesson}: {self.file}: {self.find!r} -> {self.replace!r} ({self.why})"


def read_table(path: Path) -> list[Mutation]:
    """The mutations of a TOML file."""
    table = tomllib.loads(path.read_text("utf-8"))
    return [Mutation(**entry) for entry in table.get("mutation", [])]


def mutated(source: str, mutation: Mutation) -> str:
    """The file's text after the mutation."""
    count = source.count(mutation.find)
    if count != 1:
        raise BadMutation(f"{mutation}: the text occurs {count} times; it must occur exactly once")
    if mutation.find == mutation.replace:
        raise BadMutation(f"{mutation}: nothing is changed")
    return source.replace(mutation.find, mutation.replace)


def lesson_passes(root: Path, lesson: str, mutation: Mutation | None = None) -> bool:
    """Whether the lesson's outputs are as saved, run on a copy of `root` with the mutation."""
    notebook = f"{lesson}.ipynb"
    if not (root / "lessons" / notebook).is_file():
        raise BadMutation(f"there is no lesson {lesson}")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in ("energychain", "datasets"):
            shutil.copytree(root / part, copy / part, ignore=IGNORED)
        (copy / "lessons").mkdir()
        shutil.copy(root / "lessons" / notebook, copy / "lessons")
        if mutation is not None:
            target = copy / mutation.file
            target.write_text(mutated(target.read_text("utf-8"), mutation), "utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        command += ["--nbval", "--nbval-current-env", "--nbval-cell-timeout=60"]
        run = subprocess.run(
            [*command, f"lessons/{notebook}"],
            cwd=copy,
            # The copy goes before the package that is installed.
            env={
                **os.environ,
                "PYTHONPATH": folder,
                "PYTHONDONTWRITEBYTECODE": "1",
                "ENERGYCHAIN_PROGRESS": "off",
            },
            capture_output=True,
            text=True,
        )
    if run.returncode not in (0, 1):
        raise BadMutation(f"{mutation or lesson}: pytest could not run:\n{run.stdout[-2000:]}")
    return run.returncode == 0


def survivors(root: Path, mutations: Sequence[Mutation]) -> list[Mutation]:
    """The mutations that no lesson noticed."""
    for mutation in mutations:
        mutated((root / mutation.file).read_text("utf-8"), mutation)
    lessons = sorted({mutation.lesson for mutation in mutations})
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for lesson, passes in zip(
            lessons, pool.map(lambda lesson: lesson_passes(root, lesson), lessons), strict=True
        ):
            if not passes:
                raise BadMutation(f"{lesson} fails without any mutation: run make lessons")
        changed = pool.map(lambda m: lesson_passes(root, m.lesson, m), mutations)
        return [m for m, passes in zip(mutations, changed, strict=True) if passes]


def without_mutation(root: Path, mutations: Sequence[Mutation]) -> list[str]:
    """The lessons that the table forgot."""
    lessons = {path.stem for path in (root / "lessons").glob("*.ipynb")}
    return sorted(lessons - {mutation.lesson for mutation in mutations})
