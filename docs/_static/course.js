// What is wider than the screen can be scrolled by keyboard, too.
"use strict";

function mark() {
  const wide = ".chart-frame, .formula, .highlight pre, .table-wrapper, .cell_output .output";
  for (const part of document.querySelectorAll(wide)) {
    if (part.scrollWidth > part.clientWidth) {
      part.tabIndex = 0;
    } else {
      part.removeAttribute("tabindex");
    }
  }
}
addEventListener("load", mark);
addEventListener("resize", mark);
