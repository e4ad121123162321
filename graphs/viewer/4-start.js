// Moving about, keys, and the first picture.
const zoom = d3.zoom().scaleExtent([0.02, 12]).filter((event) => !event.button && event.type !== "dblclick")
  .on("zoom", (event) => { view = event.transform; glide(); });
const move = (to, quick) => {
  if (!quick && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
    d3.select(canvas).transition().duration(420).call(zoom.transform, to);
    return;
  }
  d3.select(canvas).call(zoom.transform, to);
  clearTimeout(settle);  // one jump is no movement
  moving = false;
  redraw();
};

function fit(some, quick) {
  if (!some.length) return;
  // Of many, the few that stand far out do not make all the others small.
  const rim = some.length > 400 ? 0.004 : 0, spread = (values) => [d3.quantile(values, rim), d3.quantile(values, 1 - rim)];
  const xs = spread(some.map((node) => node.x)), ys = spread(some.map((node) => node.y));
  // What the cards cover is not used, where there is room beside them.
  const left = width > 900 ? 336 : 24, top = 40, right = 40, bottom = 60;
  const k = Math.min((width - left - right) / (xs[1] - xs[0] + 80), (height - top - bottom) / (ys[1] - ys[0] + 80), 2.2);
  const x = left + (width - left - right) / 2, y = top + (height - top - bottom) / 2;
  move(d3.zoomIdentity.translate(x - k * (xs[0] + xs[1]) / 2, y - k * (ys[0] + ys[1]) / 2).scale(k), quick);
}
const home = (quick) => {
  const lit = nodes.filter((node) => node.shown && (node.lit || node.near));
  fit(lit.length > 1 ? lit : nodes.filter((node) => node.shown), quick);
};

const drag = d3.drag().container(canvas)
  .subject((event) => {
    const one = pick(event.sourceEvent);
    return one && one.links ? { x: view.applyX(one.x), y: view.applyY(one.y), node: one } : null;
  })
  .on("start", () => canvas.classList.add("held"))
  .on("drag", (event) => {
    [event.subject.node.x, event.subject.node.y] = view.invert([event.x, event.y]);
    sheet.view = null;
    glide();
  })
  .on("end", () => { canvas.classList.remove("held"); index(); });
d3.select(canvas).call(drag).call(zoom);
canvas.addEventListener("mousemove", (event) => {
  if (event.buttons) return;
  const one = pick(event);
  canvas.classList.toggle("over", Boolean(one));
  if (one !== state.hover) { state.hover = one; redraw(); }
});
canvas.addEventListener("mouseleave", () => { state.hover = null; redraw(); });
canvas.addEventListener("click", (event) => { if (!event.defaultPrevented) choose(pick(event)); });

at("search").addEventListener("input", (event) => results(event.target.value));
at("search").addEventListener("keydown", (event) => {
  if (event.key === "Enter") { const first = at("results").querySelector("li"); if (first) first.click(); }
});
at("close").addEventListener("click", () => choose(null));
at("zoom-in").addEventListener("click", () => d3.select(canvas).transition().duration(200).call(zoom.scaleBy, 1.5));
at("zoom-out").addEventListener("click", () => d3.select(canvas).transition().duration(200).call(zoom.scaleBy, 1 / 1.5));
at("fit").addEventListener("click", () => fit(nodes.filter((node) => node.shown)));
at("theme").addEventListener("click", () => { theme(!state.dark); filters(); if (state.chosen) choose(state.chosen); redraw(); });
at("color").addEventListener("click", () => { state.color = state.color === "type" ? "community" : "type"; paint(); });
at("only").addEventListener("click", () => { state.only = !state.only; apply(); home(); });
window.addEventListener("keydown", (event) => {
  if (event.key === "Escape") { choose(null); at("results").hidden = true; return; }
  if (event.target === at("search") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") { event.preventDefault(); at("search").focus(); }
  if (event.key === "+") at("zoom-in").click();
  if (event.key === "-") at("zoom-out").click();
  if (event.key === "0") at("fit").click();
});
window.addEventListener("resize", () => { resize(); redraw(); });
const scheme = matchMedia("(prefers-color-scheme: dark)");
scheme.addEventListener("change", () => { theme(scheme.matches); filters(); redraw(); });

function paint() {
  at("color").textContent = "Colour: " + state.color;
  filters();
  redraw();
}

theme(location.hash.includes("dark") || (!location.hash.includes("light") && scheme.matches));
resize();
apply();
paint();
home(true);
draw();
root.dataset.entities = nodes.length;
root.dataset.readyMs = (performance.now() - started).toFixed(1);
const asked = decodeURIComponent(location.hash).match(/(?:^#|&)entity=([^&]*)/);
if (asked) { const one = nodes.find((node) => node.name === asked[1]); if (one) go(one, true); }
// For measuring: zooming in and out again while panning, as fast as frames can be drawn. Each is forced to its end by
// reading a pixel back. Then what is drawn when the view has come to rest.
if (location.hash.includes("measure")) {
  const timed = (count, work) => {
    const times = [];
    for (let step = 0; step < count; step++) {
      const before = performance.now();
      work(step);
      draw();
      screen.getImageData(0, 0, 1, 1);
      times.push(performance.now() - before);
    }
    return times.sort((a, b) => a - b);
  };
  clearTimeout(settle);
  moving = true;
  const shift = (step) => {
    const grown = step < 30 ? 1.03 : 1 / 1.03, x = view.x + 4 - width / 2, y = view.y + 2 - height / 2;
    view = d3.zoomIdentity.translate(x * grown + width / 2, y * grown + height / 2).scale(view.k * grown);
  };
  const frames = timed(60, shift);
  moving = false;
  const still = timed(9, () => { sheet.view = null; });
  root.dataset.frameMs = frames[30].toFixed(1);
  root.dataset.frameWorstMs = frames[57].toFixed(1);
  root.dataset.stillMs = still[4].toFixed(1);
}
