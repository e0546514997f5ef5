"""
How every chart of the package looks, and how a notebook keeps it.

A chart is stored three times over: as a Vega-Lite specification, which is live in
JupyterLab and can be compared number by number; as a picture, for places that run
nothing; and as words, for those who listen.
"""

import base64
import itertools
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import altair as alt
import pandas as pd
from altair.utils import schemapi

Spec = dict[str, Any]
Picture = alt.Chart | alt.LayerChart | alt.HConcatChart | alt.VConcatChart

VEGALITE = "application/vnd.vegalite.v5+json"
"""The newest Vega-Lite that JupyterLab 4 draws by itself."""

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"

# --- colours --------------------------------------------------------------------------

INK = "#222222"
"""Text, and everything that must be read."""

FAINT = "#e4e4e4"
"""The grid."""

OKABE_ITO = {
    "orange": "#E69F00",
    "sky blue": "#56B4E9",
    "bluish green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "reddish purple": "#CC79A7",
    "black": "#000000",
}
"""Colours that differ for people with any colour vision (Okabe & Ito, 2008)."""

PRODUCTION = OKABE_ITO["vermillion"]
CONSUMPTION = OKABE_ITO["blue"]
SOLD = OKABE_ITO["orange"]
BOUGHT = OKABE_ITO["sky blue"]
UNSOLD = OKABE_ITO["black"]
"""What nobody took: drawn as stripes."""

SELECTED = "#555555"
"""The hour that linked charts share: a dashed frame."""

NODE_COLOURS = tuple(
    OKABE_ITO[name]
    for name in ("vermillion", "blue", "bluish green", "reddish purple", "orange", "sky blue")
)
NODE_DASHES = ([1, 0], [8, 3], [2, 2], [10, 3, 2, 3], [5, 2])
NODE_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "stroke")


def node_style(number: int) -> tuple[str, list[int], str]:
    """Colour, dash and marker of the node with this number, counted from 0.

    Any two of the first 200 nodes differ in at least one of the three; neighbours in all.

    >>> node_style(0)
    ('#D55E00', [1, 0], 'circle')
    """
    return (
        NODE_COLOURS[number % len(NODE_COLOURS)],
        NODE_DASHES[number % len(NODE_DASHES)],
        NODE_SHAPES[number % len(NODE_SHAPES)],
    )


def stripes(colour: str, count: int = 3) -> Spec:
    """A fill of upright stripes on white, which needs no colour to be recognised."""
    edges = [i / (2 * count) for i in range(2 * count + 1)]
    stops = [
        {"offset": edge, "color": colour if i % 2 == 0 else "white"}
        for i, (left, right) in enumerate(itertools.pairwise(edges))
        for edge in (left, right)
    ]
    return {"gradient": "linear", "x1": 0, "y1": 0, "x2": 1, "y2": 0, "stops": stops}


# --- the frame ------------------------------------------------------------------------

WIDTH, HEIGHT = 640, 280
"""Of the plot itself [pixel]: with its labels it fits a notebook on a screen of 1280."""

TEXT, SMALL, TITLE = 14, 13, 17
"""Sizes of text [pixel]: nothing is smaller than what the back row can read."""


def figure(
    chart: Picture,
    title: str,
    subtitle: str | Sequence[str],
    description: str,
    *,
    width: int = WIDTH,
    height: int = HEIGHT,
) -> Picture:
    """A finished chart: titled, described in words, and styled like all others.

    Raises ``ValueError`` if the title or the description is empty: a chart without
    words is closed to those who cannot see it.
    """
    size = {}
    if isinstance(chart, alt.Chart | alt.LayerChart):
        size = {"width": width, "height": height}
    finished: Picture = chart.properties(**_words(title, subtitle, description), **size)
    finished.config = STYLE
    return finished


def layered(
    layers: Sequence[alt.Chart],
    rows: Sequence[Mapping[str, Any]],
    title: str,
    subtitle: str | Sequence[str],
    description: str,
    *,
    width: int = WIDTH,
    height: int = HEIGHT,
) -> alt.LayerChart:
    """A :func:`figure` of several layers over one table; four times as fast as layering
    first and finishing afterwards, for each step of that copies all data.
    """
    return alt.LayerChart(
        data=alt.InlineData(values=[dict(row) for row in rows]),
        layer=list(layers),
        width=width,
        height=height,
        config=STYLE,
        **_words(title, subtitle, description),
    )


def stack(
    charts: Sequence[Picture], title: str, subtitle: str | Sequence[str], description: str
) -> Picture:
    """Several finished charts as one picture, the first on top."""
    bare = []
    for chart in charts:
        part = chart.copy(deep=False)
        part.config = alt.Undefined  # only the whole has a style
        bare.append(part)
    return figure(alt.vconcat(*bare, spacing=28), title, subtitle, description)


def _words(title: str, subtitle: str | Sequence[str], description: str) -> dict[str, Any]:
    if not title.strip() or not description.strip():
        raise ValueError("a chart needs a title and a description in words")
    lines = [subtitle] if isinstance(subtitle, str) else list(subtitle)
    heading = alt.TitleParams(
        text=title, anchor="start", offset=12, subtitle=lines if any(lines) else alt.Undefined
    )
    return {"title": heading, "description": description}


STYLE = alt.Config(
    font="Helvetica, Arial, 'Liberation Sans', sans-serif",
    background="white",
    view=alt.ViewConfig(stroke=None),
    title=alt.TitleConfig(
        fontSize=TITLE, subtitleFontSize=TEXT, subtitleColor=INK, subtitlePadding=4
    ),
    # The same room for labels of one digit or three, so that plots do not jump.
    axisLeft=alt.AxisConfig(minExtent=32),
    axis=alt.AxisConfig(
        labelFontSize=SMALL,
        titleFontSize=TEXT,
        titleFontWeight="normal",
        gridColor=FAINT,
        domainColor="#888888",
        tickColor="#888888",
        labelColor=INK,
        titleColor=INK,
    ),
)
"""What all charts share."""


# --- what a notebook keeps ------------------------------------------------------------


def bundle(spec: Spec) -> dict[str, Any]:
    """A specification as a notebook stores it: live, as a picture and in words.

    Raises ``ValueError`` if the specification has no description.
    """
    words = str(spec.get("description", "")).strip()
    if not words:
        raise ValueError("a chart needs a description in words: use figure()")
    meta = {**spec.get("usermeta", {}), "embedOptions": {"renderer": "svg"}}
    stored = {VEGALITE: {**spec, "$schema": SCHEMA, "usermeta": meta}}
    return {**stored, **_picture(spec), "text/plain": f"[chart] {words}"}


def _picture(spec: Spec) -> dict[str, str]:
    try:
        import vl_convert  # takes a moment to load, and is not available everywhere
    except ImportError:
        return {}
    version = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    png = vl_convert.vegalite_to_png(spec, vl_version=version, scale=1)
    return {"image/png": base64.b64encode(png).decode()}


def setup() -> None:
    """Prepare a notebook: charts draw without a network, and are stored as
    :func:`bundle` says. Calling it again does no harm.
    """
    alt.renderers.register("energychain", lambda spec, **_: bundle(spec))
    alt.renderers.enable("energychain")
    alt.JupyterChart.enable_offline()


def live(chart: Picture) -> Any:
    """A chart as a widget that :func:`redraw` changes; it draws without a network."""
    alt.JupyterChart.enable_offline()
    return alt.JupyterChart(chart, embed_options={"renderer": "svg", "actions": False})


def redraw(widget: Any, chart: Picture) -> None:
    """Let a widget made by :func:`live` show another chart.

    The specification goes straight to the browser: checking it against Altair's schema
    takes longer than drawing it, and the tests have done that.
    """
    widget.spec = chart.to_dict(validate=False)


def unchecked() -> AbstractContextManager[None]:
    """While it lasts, Altair builds charts without checking each piece against its
    schema: twice as fast, for charts that follow a slider.
    """
    checking: AbstractContextManager[None] = schemapi.debug_mode(False)
    return checking


def title_of(chart: Picture) -> str:
    """What stands above a chart made by :func:`figure`."""
    return str(chart.title.text)


def as_table(chart: Picture) -> pd.DataFrame:
    """The data of a chart, as a table: the same story for those who prefer rows.

    Columns that only serve the drawing are left out.

    Raises ``ValueError`` if the chart carries no rows of its own.
    """
    data = chart.data
    if data is alt.Undefined or not isinstance(data, alt.InlineData):
        raise ValueError("this chart carries no rows of its own")
    rows: Any = data.values
    return pd.DataFrame(
        [{name: value for name, value in row.items() if name[:1] != "_"} for row in rows]
    )
