"""
What all explorers share: a question, a few controls, a picture that follows them, a
sentence that says in words and numbers what is happening now, the code behind it, the
same data as a table, and a way back to the start.

An explorer is shown in three ways from one object: live widgets where there is a
kernel, the picture of its present state where there is none, and words.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import ipywidgets as widgets

from energychain.charts import theme
from energychain.widgets.accessible import MARK, ROWS, Names

MOST_CONTROLS = 5
"""More than five, and a learner studies the panel instead of the subject."""

STATUS_LINES, STATUS_LINE = 2, 23
"""Most sentences fit two lines of a laptop; a line has so many pixels."""

LABEL_WIDTH = "140px"
CONTROL_WIDTH = "355px"
"""Three controls stand side by side in a notebook on a screen of 1280 pixels."""

MOST_ROWS = 400
"""Of a table that unfolds; more take longer to show than a slider should wait."""

PLAIN = 1e5
"""From here on a number in a table has no decimals, rather than an exponent."""


@dataclass(frozen=True)
class View:
    """Everything that an explorer shows of one state."""

    charts: Sequence[theme.Picture]
    status: str
    """What is happening now, as a sentence with numbers."""

    code: str
    """The library calls that lead to this state."""

    details: str = ""
    """More of the same state, as HTML."""


class Fold:
    """A button and what it unfolds, which is made only while it can be seen."""

    def __init__(self, closed: str, opened: str, inside: Callable[[], str]) -> None:
        self._words = {False: closed, True: opened}
        self._inside = inside
        width = f"{max(9 * len(text) + 40 for text in (closed, opened))}px"
        self.toggle = widgets.ToggleButton(
            False, description=closed, layout=widgets.Layout(width=width)
        )
        self.content = widgets.HTML(layout=widgets.Layout(display="none"))
        self.toggle.observe(self.refresh, "value")

    def refresh(self, _: object = None) -> None:
        """Show what is inside now; nothing, if folded."""
        seen = self.toggle.value
        self.toggle.description = self._words[seen]
        self.content.layout.display = None if seen else "none"
        self.content.value = self._inside() if seen else ""


class Panel(widgets.VBox):
    """The frame of an explorer: the question, what is touched and seen (``body``), the
    state in words, more of it (``below``), and what unfolds: the code, and ``folds``.

    ``prediction`` is what the learner expects; it stays visible beside the outcome.
    """

    def __init__(
        self,
        question: str,
        body: Sequence[widgets.Widget],
        below: Sequence[widgets.Widget] = (),
        folds: Sequence[Fold] = (),
        *,
        prediction: str = "",
    ) -> None:
        self.question = question
        self._status = widgets.HTML()
        self.keep_room(STATUS_LINES)
        self._prediction = widgets.HTML()
        calls = Fold("Show me the code", "Hide the code", lambda: _listing(self.code))
        self._open, self._code = calls.toggle, calls.content
        self._folds = (calls, *folds)
        self._reset = button("Reset", self.reset, "Back to the beginning")
        super().__init__(
            [
                widgets.HTML(_heading(question)),
                *body,
                self._prediction,
                self._status,
                *below,
                widgets.HBox([*(fold.toggle for fold in self._folds), self._reset]),
                *(fold.content for fold in self._folds),
                Names(question=question),
            ],
            layout=widgets.Layout(width="100%"),
        )
        self.add_class(MARK)
        self.predict(prediction)

    @property
    def status(self) -> str:
        """What is happening now, as a sentence."""
        return self._said

    @property
    def code(self) -> str:
        """The library calls that lead to the present state."""
        return self._calls

    def keep_room(self, lines: int) -> None:
        """The sentence keeps room for so many lines: what is below it stays where it is."""
        self._status.layout.min_height = f"{STATUS_LINE * lines + 8}px"

    def predict(self, prediction: str) -> None:
        """Keep what the learner expects beside the outcome; nothing, if empty."""
        said = f"You predicted: {escape(prediction)}" if prediction else ""
        self._prediction.value = f"<div style='font-size:15px'>{said}</div>" if said else ""
        self._prediction.layout.display = None if said else "none"

    def say(self, status: str, code: str) -> None:
        """Show the state in words, and the code that leads to it."""
        self._said, self._calls = status, code
        self._status.value = live_region(status)
        for fold in self._folds:
            fold.refresh()

    def reset(self) -> None:
        """Back to the beginning."""
        raise NotImplementedError

    def bundle(self) -> dict[str, Any]:
        """The present state for places without a kernel, by media type."""
        raise NotImplementedError

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None, **options: Any
    ) -> Any:
        shown = super()._repr_mimebundle_(include=include, exclude=exclude, **options)
        data, meta = shown if isinstance(shown, tuple) else (shown, {})
        return {**data, **self.bundle()}, meta


class Explorer(Panel):
    """A pure function of a few controls, to be touched.

    ``look`` is given the controls' values by name and answers with a :class:`View`.
    """

    def __init__(
        self,
        question: str,
        controls: Mapping[str, widgets.Widget],
        look: Callable[..., View],
        *,
        prediction: str = "",
    ) -> None:
        if len(controls) > MOST_CONTROLS:
            raise ValueError(f"at most {MOST_CONTROLS} controls, not {len(controls)}")
        self.controls, self._look = dict(controls), look
        self._start = self.values
        view = look(**self.values)
        self._view = view
        self._live = [theme.live(chart) for chart in view.charts]
        self._details = widgets.HTML()
        self.as_tables = Fold("Same data as a table", "Hide the table", self._tables)
        wrap = widgets.Layout(flex_flow="row wrap", width="100%")
        super().__init__(
            question,
            [
                widgets.Box([*self.controls.values()], layout=wrap),
                widgets.Box(self._live, layout=wrap),
            ],
            [self._details],
            [self.as_tables] if view.charts else [],
            prediction=prediction,
        )
        self._tell()
        for control in self.controls.values():
            control.observe(self._touched, "value")

    @property
    def values(self) -> dict[str, Any]:
        """Where the controls stand."""
        return {name: control.value for name, control in self.controls.items()}

    @property
    def view(self) -> View:
        """What is shown."""
        return self._view

    def reset(self) -> None:
        """All controls as they were in the beginning."""
        for control in self.controls.values():
            control.unobserve(self._touched, "value")
        for name, value in self._start.items():
            self.controls[name].value = value
        for control in self.controls.values():
            control.observe(self._touched, "value")
        self._touched(None)

    def bundle(self) -> dict[str, Any]:
        """The present charts as one, with the state in words."""
        picture = theme.stack(
            self._view.charts,
            self.question,
            "",
            f"{self.question} {self._view.status}",
        )
        shown = theme.bundle(picture.to_dict())
        return {**shown, "text/plain": f"{shown['text/plain']}\n{self!r}"}

    def _touched(self, _: object) -> None:
        with theme.unchecked():
            self._view = self._look(**self.values)
        for live, chart in zip(self._live, self._view.charts, strict=True):
            theme.redraw(live, chart)
        self._tell()

    def _tables(self) -> str:
        return "".join(map(data_table, self._view.charts))

    def _tell(self) -> None:
        self.say(self._view.status, self._view.code)
        self._details.value = self._view.details

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self.values.items())
        return f"{type(self).__name__}({values})"


# --- pieces ---------------------------------------------------------------------------


CELL = "style='padding:2px 12px 2px 0;text-align:{};white-space:nowrap'"
"""How a cell looks wherever the table is read, also where no style sheet reaches."""


@dataclass(frozen=True)
class Table:
    """A small table in HTML, with a caption that says what it is."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]] = field(default_factory=tuple)

    def html(self, cell: str = CELL) -> str:
        """The table; its first column names the rows."""
        head = "".join(
            f"<th scope='col' {cell.format('right' if i else 'left')}>{escape(name)}</th>"
            for i, name in enumerate(self.columns)
        )
        body = "".join(
            f"<tr><th scope='row' {cell.format('left')}>{escape(first)}</th>"
            + "".join(f"<td {cell.format('right')}>{escape(text)}</td>" for text in rest)
            + "</tr>"
            for first, *rest in self.rows
        )
        return (
            "<table style='font-size:14px;line-height:1.5;border-collapse:collapse'>"
            "<caption style='text-align:left;font-weight:bold;caption-side:top;color:inherit'>"
            f"{escape(self.caption)}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>"
        )


def data_table(chart: theme.Picture, most: int = MOST_ROWS) -> str:
    """The rows behind a chart in HTML, at most so many; it says how many it leaves out."""
    data = theme.as_table(chart)
    rows = data.head(most).to_dict("records")
    columns = [str(name).replace("_", " ") for name in data.columns]
    cells = [[_cell(value) for value in row.values()] for row in rows]
    title = theme.title_of(chart)
    said = "<p>The first {:,} of {:,} rows; {:,} are left out.</p>" if len(data) > most else ""
    # A region that scrolls must be reached by keyboard, or its end cannot be read.
    return (
        f"<div class='{ROWS}' role='region' tabindex='0' aria-label='{escape(title)}, as a table'>"
        f"{Table(title, columns, cells).html(cell='')}</div>"
        f"{said.format(most, len(data), len(data) - most)}"
    )


def _cell(value: object) -> str:
    if value is None or value != value:  # not a number: nothing is drawn there
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= PLAIN else f"{value:.6g}"
    return str(value)


def labelled(
    kind: Callable[..., widgets.Widget],
    description: str,
    *,
    width: str = CONTROL_WIDTH,
    **options: Any,
) -> Any:
    """A control whose whole label can be read."""
    return kind(
        description=description,
        style={"description_width": LABEL_WIDTH},
        layout=widgets.Layout(width=width),
        **options,
    )


def button(text: str, act: Callable[[], object], tip: str = "", width: str = "") -> Any:
    """A button that does one thing."""
    made = widgets.Button(
        description=text,
        tooltip=tip or text,
        layout=widgets.Layout(width=width or f"{9 * len(text) + 40}px"),
    )
    made.on_click(lambda _: act())
    return made


def live_region(sentence: str) -> str:
    """A sentence that screen readers read out when it changes."""
    return (
        "<div role='status' aria-live='polite' aria-atomic='true'"
        f" style='font-size:16px;line-height:1.4;padding:4px 0'>{escape(sentence)}</div>"
    )


def _listing(code: str) -> str:
    return (
        "<pre style='font-size:14px;line-height:1.4;padding:8px;border:1px solid #888'>"
        f"{escape(code)}</pre>"
    )


def _heading(question: str) -> str:
    return (
        "<div role='heading' aria-level='3'"
        f" style='font-size:19px;font-weight:bold;line-height:1.4'>{escape(question)}</div>"
    )
