"""
What a page written by hand leaves to the build: charts that its own examples make, and the table
of the lessons. Where the file is read as it is, the marks are comments and show nothing.
"""

import doctest
import re
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

from figures import Picture, figure
from lesson_pages import plain, rows

from energychain.lessons.normal import Notebook, text_of

Draw = Callable[[Mapping[str, Any]], Picture]
"""Keeps the picture of a chart, and says where."""

CHART = re.compile(r"^<!-- chart: (\w+) -->$", re.MULTILINE)
LESSONS = "<!-- lessons -->"


def complete(text: str, draw: Draw, lessons: Mapping[str, Notebook]) -> str:
    """The page in which every mark gave way to what it stands for.

    ``<!-- chart: name -->`` is the chart that the examples of the page call so; ``<!-- lessons
    -->`` the table of the lessons, by file name.
    """
    if CHART.search(text):
        made = names_of(text)

        def drawn(mark: re.Match[str]) -> str:
            spec = made[mark[1]].to_dict()
            return f"```{{raw}} html\n{figure(spec, draw(spec))}\n```"

        text = CHART.sub(drawn, text)
    return text.replace(LESSONS, lesson_table(lessons))


def names_of(text: str) -> dict[str, Any]:
    """What the examples of a page define. Those that end in a refusal are left out."""
    scope: dict[str, Any] = {}
    with redirect_stdout(StringIO()):
        for example in doctest.DocTestParser().get_examples(text):
            if example.exc_msg is None:
                exec(example.source, scope)  # the same lines that the tests run
    return scope


def lesson_table(lessons: Mapping[str, Notebook]) -> str:
    """Each lesson with the question that it asks, and how long it takes."""
    return rows(
        ["lesson", "asks", "min"],
        [
            [
                f"[{plain(title(notebook))}](/lessons/{name})",
                plain(question(notebook)),
                f"{minutes(notebook)}",
            ]
            for name, notebook in lessons.items()
        ],
    )


def title(notebook: Notebook) -> str:
    """The number and the name of a lesson."""
    matter = notebook["metadata"]["energychain"]
    return f"{matter['id']} · {matter['title']}"


def question(notebook: Notebook) -> str:
    """What a lesson asks in its first, bold paragraph. Raises ``ValueError`` without one."""
    found = re.search(r"^\*\*(.+?)\*\*$", text_of(notebook["cells"][0]["source"]), re.MULTILINE)
    if found is None:
        raise ValueError("a lesson begins with a question in bold")
    return found[1]


def minutes(notebook: Notebook) -> int:
    """Reading and exercises together [min]."""
    matter = notebook["metadata"]["energychain"]
    reading, doing = matter["minutes_reading"], matter["minutes_exercises"]
    return int(reading) + int(doing)


def tight(text: str) -> str:
    """The page without the empty line that ends an example in Python.

    >>> tight("```python\\n>>> 1\\n1\\n\\n```\\n")
    '```python\\n>>> 1\\n1\\n```\\n'
    """
    return text.replace("\n\n```\n", "\n```\n")
