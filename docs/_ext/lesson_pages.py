"""
A lesson as a page of the site: what it is about and how to start it on top, its charts as figures,
and every output readable where nothing runs.
"""

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from figures import Picture, figure

from energychain.lessons.normal import VEGALITE, WIDGET, Cell, Notebook, data_of, roles_of, text_of

Draw = Callable[[Mapping[str, Any]], Picture]
"""Keeps the picture of a chart, and says where."""

BINDER = "https://mybinder.org/v2/{repository}?urlpath=lab%2Ftree%2Flessons%2F{notebook}"


def page(
    name: str, notebook: Notebook, draw: Draw, titles: Mapping[str, str], binder: str
) -> Notebook:
    """The notebook that the site shows; the one that is given stays as it is.

    ``titles`` are the file names of the lessons by their ids. ``binder`` names the published
    repository as Binder does, ``gh/owner/name/branch``; without one there is no button.
    """
    shown = copy.deepcopy(notebook)
    for cell in shown["cells"]:
        for output in cell.get("outputs", []):
            if "data" in output:
                output["data"] = readable(data_of(output), draw)
    shown["cells"].insert(1, _markdown(about(name, notebook, titles, binder)))
    return shown


def readable(data: Mapping[str, Any], draw: Draw) -> dict[str, Any]:
    """An output without anything that needs a kernel."""
    words = text_of(data.get("text/plain", ""))
    if VEGALITE in data:
        return {"text/html": figure(data[VEGALITE], draw(data[VEGALITE])), "text/plain": words}
    if WIDGET in data and "text/html" not in data:
        return {"text/html": f'<p class="needs-kernel">{escape(words)}</p>', "text/plain": words}
    return {kind: value for kind, value in data.items() if kind != WIDGET}


def about(name: str, notebook: Notebook, titles: Mapping[str, str], binder: str) -> str:
    """What a learner asks before beginning, in MyST."""
    matter = notebook["metadata"]["energychain"]
    before = [
        f"[{lesson}](/lessons/{titles[lesson]})" if lesson in titles else lesson
        for lesson in matter["prerequisites"]
    ]
    start = [f"{{download}}`the notebook </notebooks/{name}>`"]
    if binder:
        address = BINDER.format(repository=binder, notebook=name)
        start.insert(0, f'<a class="launch" href="{escape(address)}">Open on Binder</a>')
    reading, doing = matter["minutes_reading"], matter["minutes_exercises"]
    lines = [
        ":::{admonition} About this lesson\n:class: about",
        f"**Time** {reading} min to read, {doing} min of exercises",
        *([f"**Before it** {', '.join(before)}"] if before else []),
        *([f"**Sources** {'; '.join(matter['sources'])}"] if matter["sources"] else []),
        f"**Run it** `make lab` opens all lessons · {' · '.join(start)}",
        ":::",
    ]
    return "\n\n".join(lines)


def _markdown(text: str) -> Cell:
    return {"cell_type": "markdown", "id": "about", "metadata": {}, "source": text}


# --- what an instructor reads of a lesson ------------------------------------------------


def predictions(notebook: Notebook) -> list[tuple[str, str]]:
    """What is asked before each step, and what then turns out, both as saved in the lesson."""
    asked: list[tuple[str, str]] = []
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            words = text_of(data_of(output).get("text/plain", ""))
            if "predict" in roles_of(cell) and words.startswith("Predict: "):
                asked.append((words.removeprefix("Predict: "), ""))
            elif found := re.search(
                r"\A(.+)\n  you predicted: .*\n  it is: +(.+)", words, re.DOTALL
            ):
                question, outcome = found.groups()
                asked = [
                    (text, outcome if text.startswith(question) else known) for text, known in asked
                ]
    return asked


def exercises(notebook: Notebook) -> list[str]:
    """The names of the exercises of a lesson, in their order."""
    sources = "\n".join(text_of(cell["source"]) for cell in notebook["cells"])
    return list(dict.fromkeys(re.findall(r'\bec\.check\(\s*"([\w.]+)"', sources)))


def plain(text: str) -> str:
    """Text that Markdown shows as it is, also inside a table.

    >>> plain("a*b | 2 $")
    'a\\\\*b \\\\| 2 \\\\$'
    """
    return re.sub(r"([\\`*_{}\[\]<>$|#~])", r"\\\1", " ".join(text.split()))


def rows(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; its cells are Markdown already."""
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
