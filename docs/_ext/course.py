"""
What the site needs of Sphinx beyond its settings: the script that draws charts goes only to pages
with charts, and docstrings may write ``offer``s.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata


def has_charts(body: str) -> bool:
    """Whether a page shows a chart."""
    return '<figure class="chart">' in body


def add_scripts(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: nodes.document | None
) -> None:
    """Let a page with charts load what draws them."""
    if has_charts(context.get("body", "")):
        app.add_js_file("vega.js", defer="defer")
        app.add_js_file("charts.js", defer="defer")


def part_from_endings(
    app: Sphinx, kind: str, name: str, what: object, options: object, lines: list[str]
) -> None:
    """Let an ending follow a literal in a docstring, which reStructuredText wants parted."""
    lines[:] = [parted(line) for line in lines]


def parted(line: str) -> str:
    """A line in which no letter touches the end of a literal.

    >>> print(parted("Sellers ``offer``s."))
    Sellers ``offer``\\ s.
    """
    return re.sub(r"(?<!`)(``[^`\s](?:[^`]*[^`\s])?``)(?=\w)", r"\1\\ ", line)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Make it known to Sphinx."""
    app.connect("autodoc-process-docstring", part_from_endings)
    app.connect("html-page-context", add_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
