"""
Controls that stand side by side: a label takes the room of its words, and no more, so that a
slider is long enough for a hand; and sentences that keep their room when they get shorter.
"""

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from energychain.widgets.explorer import Panel, labelled

LETTER, MARGIN = 7, 12
"""Of a label [pixel]."""

LINE = 23
"""Of a status sentence [pixel]."""


def snug(kind: Callable[..., widgets.Widget], description: str, room: int, **options: Any) -> Any:
    """A control with so much room beside its label [pixel].

    >>> snug(widgets.IntSlider, "Home", 150).layout.width
    '190px'
    """
    label = LETTER * len(description) + MARGIN
    control = labelled(kind, description, width=f"{label + room}px", **options)
    control.style.description_width = f"{label}px"
    return control


def keep_room(panel: Panel, lines: int) -> None:
    """The status keeps room for so many lines: what is below stays where it is."""
    panel._status.layout.min_height = f"{LINE * lines + 8}px"
