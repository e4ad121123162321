"""A graph as an HTML page around its picture, to move about in. Nothing is fetched from anywhere."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from graphs.picture import draw_svg
from graphs.strokes import escaped
from graphs.triple import KnowledgeGraph


def draw_html(
    graph: KnowledgeGraph,
    *,
    title: str = "",
    highlight: Collection[str] = (),
    max_entities: int = 60,
    evidence: Mapping[str, str] | None = None,
) -> str:
    """The picture of `draw_svg` as one page: drag moves it, the wheel zooms, a double click goes back.

    Pointing at an entity or a relation dims what is not joined to it. The page loads nothing and sends nothing (its
    content security policy says so too).
    """
    svg = draw_svg(graph, title=title, highlight=highlight, max_entities=max_entities, evidence=evidence)
    before, _, after = _PAGE.partition("{svg}")
    return before.replace("{title}", escaped(title or "Knowledge graph")) + svg + after


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none';style-src 'unsafe-inline';script-src 'unsafe-inline'">
<title>{title}</title>
<style>
html,body{margin:0;height:100%;overflow:hidden;background:#fff}
.kg{display:block;width:100vw;height:100vh;cursor:grab;touch-action:none;user-select:none}
.kg.kg-held{cursor:grabbing}.kg .kg-card{stroke:none}
.kg-node,.kg-edge,.kg-label{transition:opacity .15s}.kg-far{opacity:.13}
@media (prefers-color-scheme:dark){html,body{background:#12171f}}
</style>
</head>
<body>
{svg}<script>
const svg = document.querySelector(".kg"), home = svg.viewBox.baseVal;
const first = [home.x, home.y, home.width, home.height];
let held = null;
const scale = () => 1 / svg.getScreenCTM().a;
const place = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
const look = (x, y, width, height) => svg.setAttribute("viewBox", [x, y, width, height].join(" "));
svg.addEventListener("wheel", (event) => {
  event.preventDefault();
  const box = svg.viewBox.baseVal, at = place(event), wanted = Math.exp(event.deltaY * 0.0015);
  const by = Math.min(Math.max(wanted, first[2] / 20 / box.width), first[2] * 4 / box.width);
  look(at.x - (at.x - box.x) * by, at.y - (at.y - box.y) * by, box.width * by, box.height * by);
}, {passive: false});
svg.addEventListener("pointerdown", (event) => { held = event; svg.setPointerCapture(event.pointerId); });
svg.addEventListener("pointermove", (event) => {
  if (!held) return;
  const box = svg.viewBox.baseVal, by = scale();
  look(box.x - (event.clientX - held.clientX) * by, box.y - (event.clientY - held.clientY) * by, box.width, box.height);
  held = event;
  svg.classList.add("kg-held");
});
for (const end of ["pointerup", "pointercancel"])
  svg.addEventListener(end, () => { held = null; svg.classList.remove("kg-held"); });
svg.addEventListener("dblclick", () => look(...first));
const parts = [...svg.querySelectorAll(".kg-node,.kg-edge,.kg-label")];
svg.addEventListener("pointerover", (event) => {
  if (held) return;
  const at = event.target.closest(".kg-node,.kg-edge,.kg-label"), near = new Set();
  const joins = (part) => !at || part === at || (at.dataset.node !== undefined
    ? part.dataset.head === at.dataset.node || part.dataset.tail === at.dataset.node
    : part.dataset.head === at.dataset.head && part.dataset.tail === at.dataset.tail);
  const node = (part) => part.dataset.node;
  if (at && node(at) !== undefined) near.add(node(at));
  for (const part of parts)
    if (node(part) === undefined && joins(part)) near.add(part.dataset.head).add(part.dataset.tail);
  for (const part of parts)
    part.classList.toggle("kg-far", Boolean(at) && (node(part) === undefined ? !joins(part) : !near.has(node(part))));
});
</script>
</body>
</html>
"""
