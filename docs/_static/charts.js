// Each picture of a chart is replaced by the chart itself when it comes near the screen.
"use strict";

async function enliven(figure) {
  const frame = figure.querySelector(".chart-frame");
  const spec = JSON.parse(figure.querySelector("script").textContent);
  const stage = document.createElement("div");
  await window.vegaEmbed(stage, spec, { actions: false, renderer: "svg" });
  frame.replaceChildren(stage);
  figure.classList.add("live");
  dispatchEvent(new Event("resize")); // it may be wider than the picture was
}

const watcher = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting) {
        watcher.unobserve(target);
        // The picture stays if the chart cannot be drawn.
        enliven(target).catch((fault) => console.error(fault));
      }
    }
  },
  { rootMargin: "600px" },
);
document.querySelectorAll("figure.chart").forEach((figure) => watcher.observe(figure));
