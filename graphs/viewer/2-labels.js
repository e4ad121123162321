// Labels: where they may stand, and how they go along while the view moves.
// Finds whether a label may stand somewhere: cells of a grid over the window, each for one label.
function room() {
  const taken = new Set();
  return (x, y, w, h) => {
    const cells = [];
    for (let i = Math.floor((x - w / 2) / 12); i <= (x + w / 2) / 12; i++)
      for (let j = Math.floor((y - h / 2) / 8); j <= (y + h / 2) / 8; j++) {
        const cell = i * 4096 + j;
        if (taken.has(cell)) return false;
        cells.push(cell);
      }
    for (const cell of cells) taken.add(cell);
    return true;
  };
}

// Where a label stands: under its entity, or on its link's middle.
function stand(one, size) {
  if (one.links) return [one.x * view.k + view.x, one.y * view.k + view.y + reach(one) * view.k + size * 0.85];
  const [mx, my] = middle(one);
  return [mx * view.k + view.x, my * view.k + view.y];
}

// While the view moves, the labels are pieces of the picture of them that was made last, each put where it now stands.
const sign = document.createElement("canvas"), brush = sign.getContext("2d");
let labels = [];
function carry() {
  const free = room();
  for (const { one, size, x, y, w, h } of labels) {
    const [to, down] = stand(one, size);
    if (to < -w || to > width + w || down < -h || down > height + h || !free(to, down, w, size + 2)) continue;
    const left = Math.max(0, x - w / 2), top = Math.max(0, y - h / 2);
    const wide = Math.min(width, x + w / 2) - left, high = Math.min(height, y + h / 2) - top;
    if (wide <= 0 || high <= 0) continue;
    screen.drawImage(sign, left * ratio, top * ratio, wide * ratio, high * ratio, Math.round(to - x + left), Math.round(down - y + top), wide, high);
  }
}

// Labels, in the order of their worth, each only where no other stands.
function words(seenNodes, seenLinks, looked, asked) {
  const k = view.k, free = room();
  if (sign.width !== canvas.width || sign.height !== canvas.height) { sign.width = canvas.width; sign.height = canvas.height; }
  pen = brush;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  labels = [];
  const worth = (node) => (looked && looked.one === node ? 1e6 : 0) + (looked && looked.near.has(node) ? 1e4 : 0)
    + (node.lit ? 5e3 : 0) + (asked && node.near ? 2e3 : 0) + node.links.length;
  const some = looked ? seenNodes.filter((node) => looked.near.has(node)) : seenNodes;
  const ranked = some.sort((a, b) => worth(b) - worth(a) || a.id - b.id).slice(0, looked ? 160 : 420);
  pen.textAlign = "center"; pen.textBaseline = "middle"; pen.lineJoin = "round";
  let count = 0;
  for (const node of ranked) {
    const big = reach(node) * k;
    const must = node.lit || (looked && looked.near.has(node)) || (asked && node.near);
    if (!must && ((big < 3.2 && count > 26) || count > 170)) continue;
    const size = Math.max(11, Math.min(17, 9.5 + big * 0.22)) + (looked && looked.one === node ? 1.5 : 0);
    const [x, y] = stand(node, size);
    if (x < -60 || x > width + 60 || y < -20 || y > height + 20) continue;
    const name = node.name.length > 34 ? node.name.slice(0, 33) + "…" : node.name;
    pen.font = (node.links.length > 6 || must ? "600 " : "500 ") + size.toFixed(1) + "px Inter, system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";
    const w = pen.measureText(name).width + 6;
    if (!free(x, y, w, size + 2)) continue;
    count += 1;
    labels.push({ one: node, size, x, y, w, h: size + 8 });
    pen.globalAlpha = asked && !must ? 0.5 : 1;
    pen.lineWidth = 4; pen.strokeStyle = inks.paper; pen.strokeText(name, x, y);
    pen.fillStyle = inks.ink; pen.fillText(name, x, y);
  }
  const said = looked ? [...looked.joined] : seenLinks.filter((link) => link.lit);
  const more = !looked && seenLinks.length < 140 && k > 0.85 ? seenLinks.filter((link) => !link.lit) : [];
  pen.font = "500 11px Inter, system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";
  for (const link of said.concat(more).slice(0, 160)) {
    if (link.head === link.tail) continue;
    const [x, y] = stand(link, 11);
    const words = link.relation.length > 30 ? link.relation.slice(0, 29) + "…" : link.relation;
    const w = pen.measureText(words).width + 8;
    if (x < 0 || x > width || y < 0 || y > height || !free(x, y, w, 13)) continue;
    labels.push({ one: link, size: 11, x, y, w, h: 19 });
    pen.globalAlpha = 1;
    pen.lineWidth = 4; pen.strokeStyle = inks.paper; pen.strokeText(words, x, y);
    pen.fillStyle = looked ? inks.accent : link.lit ? inks.gold : inks.soft; pen.fillText(words, x, y);
  }
  pen.globalAlpha = 1;
  screen.drawImage(sign, 0, 0, width, height);
}
