"""
What ipywidgets leave out for those who use a keyboard or listen: a slider and its number have
no name, the focus is hard to see, and a slider glides whether one wants it or not.

A slider with no name is announced as "slider, 4" (WAI-ARIA 1.2, role slider: a name is
required). WCAG 2.2 asks that the focus be seen (2.4.7), three to one against what is around it
(1.4.11).
"""

import anywidget
import traitlets

FOCUS = "#0072B2"
"""The frame around what has the focus; 5.2 to one against white."""

MARK = "energychain"
"""The class of everything that is framed."""

ROWS = "energychain-rows"
"""The class of a long table: its cells are dressed once, here, and not one by one."""

_SCRIPT = """
function name(panel, question) {
  panel.setAttribute("role", "group");
  panel.setAttribute("aria-label", question);
  for (const slider of panel.querySelectorAll(".widget-slider")) {
    const label = slider.querySelector(".widget-label")?.textContent ?? "";
    const number = slider.querySelector(".widget-readout");
    for (const handle of slider.querySelectorAll(".noUi-handle")) {
      handle.setAttribute("aria-label", label);
      if (number) handle.setAttribute("aria-valuetext", number.textContent);
    }
    if (number?.isContentEditable) {
      number.setAttribute("role", "textbox");
      number.setAttribute("aria-label", label + ", as a number");
    }
  }
}

function render({ model, el }) {
  let panel, frame;
  const again = () => name(panel, model.get("question"));
  const changes = new MutationObserver(again);
  const begin = () => {
    panel = el.closest(".MARK");
    if (!panel) {
      frame = requestAnimationFrame(begin);  // not yet in the page
      return;
    }
    changes.observe(panel, { childList: true, subtree: true, characterData: true });
    again();
  };
  begin();
  return () => {
    cancelAnimationFrame(frame);
    changes.disconnect();
  };
}

export default { render };
""".replace("MARK", MARK)

_STYLE = (
    """
.MARK :is(.noUi-handle, .widget-readout, select, input, button, summary, [tabindex]):focus-visible {
  outline: 3px solid FOCUS !important;
  outline-offset: 2px !important;
}
@media (prefers-reduced-motion: reduce) {
  .MARK * { transition: none !important; animation: none !important; }
}
.ROWS { max-height: 420px; overflow: auto; margin: 8px 4px; padding: 0 4px; }
.ROWS :is(th, td) { padding: 2px 12px 2px 0; text-align: right; white-space: nowrap; }
.ROWS th:first-child { text-align: left; }
""".replace("MARK", MARK)
    .replace("ROWS", ROWS)
    .replace("FOCUS", FOCUS)
)


class Names(anywidget.AnyWidget):
    """Nothing to see: it names the sliders of the panel in which it stands, as they are
    labelled, and the panel by its ``question``.
    """

    _esm = _SCRIPT
    _css = _STYLE
    question = traitlets.Unicode().tag(sync=True)
