"""What a test asks of any chart: its layers, what it writes and says, and that all can read it."""

import os
import re
import subprocess
import sys

import pytest
import vl_convert

from energychain.charts import as_table, theme

VERSIONS = ("5.8", "5.21", "6.4")
"""Of Vega-Lite: JupyterLab's, the last of its kind, and the newest."""


def layers(spec, kind=None, **mark):
    """The layers, those of charts inside a chart too: all, or those with such a mark."""
    found = []
    for part in (*spec.get("layer", ()), *spec.get("vconcat", ()), *spec.get("hconcat", ())):
        found += layers(part, kind, **mark)
        if (
            "mark" in part
            and kind in (None, part["mark"]["type"])
            and all(part["mark"].get(name) == value for name, value in mark.items())
        ):
            found.append(part)
    return found


def rows_of(spec, layer):
    return spec["datasets"][layer["data"]["name"]]


def spoken(spec):
    """Everything that a mark says, as one row each."""
    return [
        row
        for layer in layers(spec)
        if layer["encoding"].get("description", {}).get("field") == "_said"
        for row in rows_of(spec, layer)
    ]


def texts(spec):
    """Everything that is written in the plot and beside it."""
    found = []
    for layer in layers(spec, "text"):
        text = layer["encoding"]["text"]
        found += (
            [text["value"]]
            if "value" in text
            else [row[text["field"]] for row in rows_of(spec, layer)]
        )
    return found


def title(picture):
    """The title and the lines below it."""
    heading = picture.to_dict()["title"]
    return heading["text"], *heading.get("subtitle", ())


def compiles(picture):
    """It can be drawn, by old and new versions of Vega-Lite."""
    stored = theme.bundle(picture.to_dict())[theme.VEGALITE]
    return all(vl_convert.vegalite_to_vega(stored, vl_version=version) for version in VERSIONS)


def assert_told(picture, least=60):
    """It has a title, at least so many letters of description, and a table of what it shows."""
    words = picture.to_dict()["description"]
    assert title(picture)[0]
    assert len(words) > least
    assert not re.search(r"\bnan\b", words.lower())
    table = as_table(picture)
    assert len(table)
    assert not [name for name in table.columns if name.startswith("_")]


def every(pictures, least=60):
    """Two tests that every picture has to pass, for a test module to give names to."""
    each = pytest.mark.parametrize("draw", pictures.values(), ids=pictures)

    @each
    def it_compiles(draw):
        assert compiles(draw())
        # A browser finds a clip by a name, which two charts on a page may both have given.
        assert not re.search('"clip": ?true', draw().to_json())

    @each
    def it_is_told(draw):
        assert_told(draw(), least)

    return it_compiles, it_is_told


def alike_in_two_processes(program):
    """What a program prints, if hash seed and time zone change nothing in it."""
    first, second = (
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Kathmandu"))
    )
    assert first == second
    return first
