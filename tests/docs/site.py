"""Where the built site lies, and whether it is as new as its pages."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "docs"
MADE = ROOT / "build" / "docs.stamp"
SOURCES = [ROOT / "GLOSSARY.md", ROOT / "CHANGELOG.md", *(ROOT / "lessons").glob("*.ipynb")]
SOURCES += [path for path in (ROOT / "docs").rglob("*.*") if path.suffix in (".md", ".py", ".css")]


def reason_to_skip() -> str:
    """Why there is no site to look at; empty if there is one."""
    if not MADE.is_file():
        return "the site is not built: run `make docs`, then these tests"
    if any(path.stat().st_mtime > MADE.stat().st_mtime for path in SOURCES):
        return "the site is older than its pages: run `make docs`, then these tests"
    return ""
