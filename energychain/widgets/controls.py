"""
Controls that stand side by side: a label takes the room of its words, and no more, so that a
slider is long enough for a hand.
"""

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from energychain.widgets.explorer import labelled

LETTER, MARGIN = 7, 12
"""Of a label [pixel]."""


def snug(kind: Callable[..., widgets.Widget], description: str, room: int, **options: Any) -> Any:
    """A control with so much room beside its label [pixel].

    >>> snug(widgets.IntSlider, "Home", 150).layout.width
    '190px'
    """
    label = LETTER * len(description) + MARGIN
    control = labelled(kind, description, width=f"{label + room}px", **options)
    control.style.description_width = f"{label}px"
    return control
