"""The harness itself, on a lesson of three cells: a slider, a chart, and a line of text."""

import json
from pathlib import Path

import pytest

from tests.browser.lab import Lab

EXPLORER = """
import altair as alt, ipywidgets as widgets, pandas as pd
alt.JupyterChart.enable_offline()

class Explorer(widgets.VBox):
    def __init__(self, draw, **controls):
        self.draw, self.controls = draw, controls
        self.live = alt.JupyterChart(draw(**self.values()))
        super().__init__([*controls.values(), self.live])
        for control in controls.values():
            control.observe(self.redraw, "value")
    def values(self):
        return {name: control.value for name, control in self.controls.items()}
    def redraw(self, _):
        self.live.chart = self.draw(**self.values())

def bars(hours):
    rows = pd.DataFrame({"hour": range(hours), "cost": [0.1 * h for h in range(hours)]})
    usermeta = {"embedOptions": {"renderer": "svg"}}
    chart = alt.Chart(rows, description="Cost by hour", usermeta=usermeta)
    return chart.mark_bar().encode(x="hour:O", y="cost:Q")
"""
CELLS = [
    EXPLORER,
    "Explorer(bars, hours=widgets.IntSlider(6, 1, 24, description='Hours'))",
    "print('three', 'lines', 'well')",
]


@pytest.fixture
def tiny(lessons: Path) -> str:
    empty = {"cell_type": "code", "execution_count": 9, "metadata": {}, "outputs": []}
    cells = [{**empty, "id": f"c{n}", "source": source} for n, source in enumerate(CELLS)]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}}
    text = json.dumps({**notebook, "nbformat": 4, "nbformat_minor": 5})
    (lessons / "99_tiny.ipynb").write_text(text)
    return "99_tiny.ipynb"


def test_a_slider_moved_by_keyboard_redraws_the_chart(lab: Lab, tiny: str) -> None:
    lab.open(tiny)
    lab.run_all()
    explorer = lab.cell("Explorer(bars")
    lab.wait_for_marks(explorer, 6)
    lab.move_slider(explorer, +3)
    lab.wait_for_marks(explorer, 9)
    lab.move_slider(explorer, -1)
    lab.wait_for_marks(explorer, 8)
    assert "hour: 2" in (lab.marks(explorer).nth(2).get_attribute("aria-label") or "")
    assert lab.wait_for_text(lab.cell("print("), r"three lines \w+") == "three lines well"
    assert lab.complaints == []


def test_a_request_that_leaves_this_machine_is_refused_and_recorded(lab: Lab, tiny: str) -> None:
    lab.open(tiny)
    refused = lab.page.evaluate("fetch('https://example.org/x.js').then(() => 0, () => 1)")
    assert refused == 1
    assert lab.left == ["https://example.org/x.js"]
    lab.left.clear()
