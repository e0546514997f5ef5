"""
A chart as the site shows it: a picture that needs nothing, replaced by a live chart where scripts
run, and a small table for those who prefer rows.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

Spec = Mapping[str, Any]
Rows = Sequence[Mapping[str, Any]]

LONGEST_TABLE = 60
"""Rows; what is longer is no easier to read than the chart."""

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
"""What the site's own script speaks."""


@dataclass(frozen=True)
class Picture:
    """Where the picture of a chart lies, seen from its page, and its size [pixel]."""

    address: str
    width: int
    height: int


def figure(spec: Spec, picture: Picture) -> str:
    """The HTML of a chart. Raises ``ValueError`` if the chart has no description."""
    words = str(spec.get("description", "")).strip()
    if not words:
        raise ValueError("a chart needs a description in words")
    return (
        '<figure class="chart">\n<div class="chart-frame">'
        f'<img src="{escape(picture.address)}" alt="{escape(words)}" loading="lazy"'
        f' width="{picture.width}" height="{picture.height}"></div>\n'
        f'<script type="application/json">{as_script({**spec, "$schema": SCHEMA})}</script>\n'
        f"{tables(spec)}</figure>"
    )


def as_script(value: object) -> str:
    """JSON that cannot end the element in which it stands."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def tables(spec: Spec) -> str:
    """The rows behind a chart, folded; nothing if they are too many."""
    shown = [table(rows) for rows in unlike(data_of(spec)) if 0 < len(rows) <= LONGEST_TABLE]
    shown = [each for each in shown if each]
    if not shown:
        return ""
    inside = "\n".join(f'<div class="table-wrapper">{each}</div>' for each in shown)
    return f"<details><summary>The same data as a table</summary>\n{inside}\n</details>\n"


def data_of(spec: Any) -> Iterator[Rows]:
    """Every table inside a specification, from the outside in."""
    if isinstance(spec, Mapping):
        named = spec.get("datasets", {})
        yield from named.values()
        rows = spec.get("data", {})
        if isinstance(rows, Mapping) and isinstance(rows.get("values"), list):
            yield rows["values"]
        for key, part in spec.items():
            if key in ("layer", "hconcat", "vconcat", "concat"):
                for each in part:
                    yield from data_of(each)
            elif key == "spec":
                yield from data_of(part)


def unlike(tables_found: Iterator[Rows]) -> list[Rows]:
    """Each table once."""
    seen: list[Rows] = []
    for rows in tables_found:
        if rows not in seen:
            seen.append(rows)
    return seen


def table(rows: Rows) -> str:
    """Rows as HTML; columns that only serve the drawing are left out."""
    columns = list(dict.fromkeys(name for row in rows for name in row if name[:1] != "_"))
    if not columns or not all(isinstance(row, Mapping) for row in rows):
        return ""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{escape(_cell(row.get(name)))}</td>" for name in columns) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
