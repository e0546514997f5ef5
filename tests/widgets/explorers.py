"""What a test asks of any explorer."""

from unittest.mock import patch

from energychain.charts import theme
from energychain.widgets.explorer import MOST_CONTROLS

WIDGET = "application/vnd.jupyter.widget-view+json"


def kept(widget):
    """What a notebook keeps of a widget, by its kind."""
    shown = widget._repr_mimebundle_()
    return shown[0] if isinstance(shown, tuple) else shown


def kept_chart(explorer):
    """The chart that a notebook keeps. Its picture, which takes longest, is left out."""
    with patch.object(theme, "_picture", return_value={}):
        return kept(explorer)[theme.VEGALITE]


def drawn(explorer):
    return [chart.to_dict() for chart in explorer.view.charts]


def assert_asks(explorer):
    """It asks a question, and has few controls."""
    assert explorer.question.endswith("?")
    assert 0 < len(explorer.controls) <= MOST_CONTROLS


def assert_keeps(explorer):
    """A notebook keeps the widget, the chart, its picture and its words."""
    found = kept(explorer)
    assert set(found) == {WIDGET, theme.VEGALITE, "image/png", "text/plain"}
    assert explorer.status in found[theme.VEGALITE]["description"]


def assert_moves_and_resets(explorer, name, value):
    """A control changes charts, code and name; what is live is what is drawn; and reset takes all
    of it back.
    """
    before, live = kept_chart(explorer), [dict(w.spec) for w in explorer._live]
    words = repr(explorer), explorer.code, explorer.status, explorer.view.details
    explorer.controls[name].value = value
    assert kept_chart(explorer) != before
    assert [w.spec for w in explorer._live] != live
    assert repr(explorer) != words[0]
    assert explorer.code != words[1]
    assert [w.spec for w in explorer._live] == drawn(explorer)
    explorer.reset()
    assert kept_chart(explorer) == before
    assert (repr(explorer), explorer.code, explorer.status, explorer.view.details) == words


def run_code(explorer, **values):
    """What the code of an explorer shows, run after its controls were moved."""
    for name, value in values.items():
        explorer.controls[name].value = value
    shown = []
    code = explorer.code.splitlines()
    code[-1] = f"display({code[-1]})"
    exec("\n".join(code), {"display": shown.append})
    return shown


def assert_code_leads_to_the_charts(explorer, **values):
    """The code of an explorer, run after its controls were moved, draws what it shows."""
    shown = run_code(explorer, **values)
    told = [chart.to_dict()["description"] for chart in shown]
    assert told == [chart["description"] for chart in drawn(explorer)]
