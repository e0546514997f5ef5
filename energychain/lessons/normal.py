"""The normal form of a notebook: one lesson, one sequence of bytes.

Whatever changes from run to run without meaning (random ids, times, versions, fonts) is removed or
replaced by something stable, so that a difference in git is a difference in the lesson.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from energychain.lessons.pictures import smaller

Notebook = dict[str, Any]
Cell = dict[str, Any]
Output = dict[str, Any]

VEGALITE = "application/vnd.vegalite.v5+json"
WIDGET = "application/vnd.jupyter.widget-view+json"
PNG = "image/png"

ROLES = (
    "title",
    "objectives",
    "setup",
    "predict",
    "run",
    "explain",
    "check",
    "misconceptions",
    "exercises",
    "recap",
    "glossary",
    "limits",
    "next",
)
"""What a cell is for. Every cell carries exactly one of these tags."""

_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
_LANGUAGE = {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"}
_CELL_METADATA = ("jupyter", "slideshow", "tags")


def text_of(value: str | list[str]) -> str:
    """A notebook's text, which its file format may store as one string or as a list of lines.

    >>> text_of(["a\\n", "b"])
    'a\\nb'
    """
    return value if isinstance(value, str) else "".join(value)


def roles_of(cell: Cell) -> list[str]:
    """The role tags of a cell; a good lesson has one on every cell."""
    return [tag for tag in cell["metadata"].get("tags", []) if tag in ROLES]


def data_of(output: Output) -> dict[str, Any]:
    """What an output shows, by media type; empty for streams and errors."""
    data: dict[str, Any] = output.get("data", {})
    return data


def normal_form(notebook: Notebook) -> Notebook:
    """The same lesson without anything that changes from run to run."""
    return {
        "cells": list(_normal_cells(notebook["cells"])),
        "metadata": {
            "energychain": notebook["metadata"].get("energychain", {}),
            "kernelspec": _KERNEL,
            "language_info": _LANGUAGE,
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _normal_cells(cells: list[Cell]) -> Iterator[Cell]:
    of_role: Counter[str] = Counter()
    widgets = run = 0
    for cell in cells:
        role = (roles_of(cell) or [cell["cell_type"]])[0]
        of_role[role] += 1
        normal: Cell = {
            # Counted within the role: a new cell renames few of its neighbours.
            "id": f"{role}-{of_role[role]}",
            "cell_type": cell["cell_type"],
            "metadata": {k: v for k, v in cell["metadata"].items() if k in _CELL_METADATA},
            "source": text_of(cell["source"]).rstrip(),
        }
        if cell["cell_type"] == "code":
            run += 1
            normal["execution_count"] = run
            normal["outputs"] = [_normal_output(o, run) for o in _joined(cell["outputs"])]
            for output in normal["outputs"]:
                if WIDGET in data_of(output):
                    widgets += 1
                    view = output["data"][WIDGET]
                    output["data"][WIDGET] = {**view, "model_id": f"{widgets:032x}"}
        yield normal


def _joined(outputs: list[Output]) -> list[Output]:
    """Neighbouring pieces of one stream become one: where they were split is chance."""
    joined: list[Output] = []
    for output in outputs:
        last = joined[-1] if joined else {}
        if output["output_type"] == "stream" and last.get("name") == output["name"]:
            joined[-1] = {**last, "text": text_of(last["text"]) + text_of(output["text"])}
        else:
            joined.append(output)
    return joined


def _normal_output(output: Output, run: int) -> Output:
    kind = output["output_type"]
    if kind == "stream":
        return {"name": output["name"], "output_type": kind, "text": text_of(output["text"])}
    if kind == "error":
        # A traceback names the files of the machine that ran it.
        name, value = output["ename"], output["evalue"]
        said = [f"{name}: {value}"]
        return {"ename": name, "evalue": value, "output_type": kind, "traceback": said}
    data = {
        mime: text_of(value) if isinstance(value, list) and not mime.endswith("json") else value
        for mime, value in output["data"].items()
    }
    normal = {"data": data, "metadata": output["metadata"], "output_type": kind}
    return {**normal, "execution_count": run} if kind == "execute_result" else normal


def keep_pictures(fresh: Notebook, stored: Notebook) -> Notebook:
    """`fresh` with the stored picture wherever a chart's specification did not change, and
    smaller pictures elsewhere.

    The bytes of a PNG depend on the fonts of the machine; the specification does not.
    """
    known = {
        _specification(data_of(output)): data_of(output)[PNG]
        for cell in stored["cells"]
        for output in cell.get("outputs", [])
        if VEGALITE in data_of(output) and PNG in data_of(output)
    }
    return _repainted(fresh, lambda data: known.get(_specification(data)) or smaller(data[PNG]))


def without_pictures(notebook: Notebook) -> Notebook:
    """The notebook with every PNG blanked, for comparing everything else."""
    return _repainted(notebook, lambda data: "")


def _specification(data: dict[str, Any]) -> str:
    return json.dumps(data.get(VEGALITE), sort_keys=True)


def _repainted(notebook: Notebook, picture: Callable[[dict[str, Any]], str]) -> Notebook:
    """The notebook with every PNG replaced by what `picture` makes of its output's data."""

    def repainted(output: Output) -> Output:
        data = data_of(output)
        return {**output, "data": {**data, PNG: picture(data)}} if PNG in data else output

    cells = [
        {**cell, "outputs": [repainted(o) for o in cell["outputs"]]} if "outputs" in cell else cell
        for cell in notebook["cells"]
    ]
    return {**notebook, "cells": cells}


def differences(stored: Notebook, wanted: Notebook) -> list[str]:
    """Where two notebooks differ in anything but the bytes of their pictures."""
    stored, wanted = without_pictures(stored), without_pictures(wanted)
    found = [
        f"metadata: {key} differs"
        for key in sorted({*stored["metadata"], *wanted["metadata"]})
        if stored["metadata"].get(key) != wanted["metadata"].get(key)
    ]
    old, new = stored["cells"], wanted["cells"]
    if len(old) != len(new):
        found.append(f"{len(old)} cells are stored, {len(new)} are wanted")
    for number, (before, after) in enumerate(zip(old, new, strict=False), start=1):
        parts = [k for k in sorted({*before, *after}) if before.get(k) != after.get(k)]
        if parts:
            found.append(f"cell {number} ({after['id']}): {', '.join(parts)} differ")
    return found
