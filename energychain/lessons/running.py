"""Running a lesson from its first cell to its last, in a fresh kernel."""

from __future__ import annotations

import json
import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from energychain.lessons.normal import Notebook, normal_form

SECONDS_PER_CELL = 60


def executed(notebook: Notebook, folder: Path) -> Notebook:
    """The lesson in normal form, with the outputs of a run in `folder`.

    Hash seed and time zone are fixed, and nobody's progress is read, so that two runs can only
    differ where the lesson does.
    Raises `nbclient.exceptions.CellExecutionError` if a cell fails.
    """
    fresh = nbformat.from_dict(json.loads(json.dumps(normal_form(notebook))))
    NotebookClient(
        fresh,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        timeout=SECONDS_PER_CELL,
        extra_arguments=["--log-level=ERROR"],  # the kernel warns at length about its own sockets
        resources={"metadata": {"path": str(folder)}},
    ).execute(env={**os.environ, "PYTHONHASHSEED": "0", "TZ": "UTC", "ENERGYCHAIN_PROGRESS": "off"})
    return normal_form(fresh)


def as_text(notebook: Notebook) -> str:
    """The bytes that are stored, with sorted keys and one item a line, as Jupyter writes them."""
    text: str = nbformat.writes(nbformat.from_dict(notebook), version=nbformat.NO_CONVERT)
    return text.rstrip("\n") + "\n"
