// Drawing: everything of one colour is one path, so that 5,000 entities are a few dozen calls. They go onto a sheet
// that is larger than the window; while the view moves, a frame is that sheet moved, and labels that were drawn before.
const canvas = at("canvas"), screen = canvas.getContext("2d");
const sheet = document.createElement("canvas"), board = sheet.getContext("2d");
const MARGIN = 0.2;  // of the window, on each side of it
let pen = board;
let width = 0, height = 0, view = d3.zoomIdentity, wanted = 0, tree = null, ratio = 1, moving = false, settle = 0;
const inks = {};

function theme(dark) {
  state.dark = dark;
  root.dataset.theme = dark ? "dark" : "light";
  const style = getComputedStyle(root);
  for (const name of ["paper", "ink", "soft", "gold", "line", "accent"]) inks[name] = style.getPropertyValue("--" + name).trim();
  inks.edge = dark ? "#4b5a6d" : "#b6c0ce";
}

function resize() {
  ratio = Math.min(window.devicePixelRatio || 1, 2);
  width = window.innerWidth; height = window.innerHeight;
  canvas.width = width * ratio; canvas.height = height * ratio;
  screen.setTransform(ratio, 0, 0, ratio, 0, 0);
  sheet.view = null;
}

// The middle of a link's curve, which its label stands on and its line goes through.
function middle(link) {
  const { head, tail } = link, dx = tail.x - head.x, dy = tail.y - head.y, far = Math.hypot(dx, dy) || 1;
  const bend = link.bend * 2 * Math.min(13, 4 + far / 8);
  return [(head.x + tail.x) / 2 - dy / far * bend, (head.y + tail.y) / 2 + dx / far * bend];
}

function trace(link) {
  const { head, tail } = link;
  if (head === tail) {
    const far = head.r * 2.2 + 8 + 5 * link.turn;
    pen.moveTo(head.x, head.y);
    pen.bezierCurveTo(head.x - far, head.y - far * 1.6, head.x + far, head.y - far * 1.6, head.x, head.y);
    return;
  }
  pen.moveTo(head.x, head.y);
  if (!link.bend) { pen.lineTo(tail.x, tail.y); return; }
  const [mx, my] = middle(link);
  pen.quadraticCurveTo(2 * mx - (head.x + tail.x) / 2, 2 * my - (head.y + tail.y) / 2, tail.x, tail.y);
}

function tip(link, size) {
  const { head, tail } = link;
  if (head === tail) return;
  let fx = head.x, fy = head.y;
  if (link.bend) {
    const [mx, my] = middle(link);
    fx = 2 * mx - (head.x + tail.x) / 2; fy = 2 * my - (head.y + tail.y) / 2;
  }
  const dx = tail.x - fx, dy = tail.y - fy, far = Math.hypot(dx, dy) || 1, ux = dx / far, uy = dy / far;
  const x = tail.x - ux * (tail.r + 1), y = tail.y - uy * (tail.r + 1), w = size * 0.42;
  pen.moveTo(x, y);
  pen.lineTo(x - ux * size - uy * w, y - uy * size + ux * w);
  pen.lineTo(x - ux * size + uy * w, y - uy * size - ux * w);
  pen.closePath();
}

// Seen from far away an entity keeps a size that can be seen.
function reach(node) { return Math.max(node.r, (1.1 + 0.3 * node.r / 3.6) / view.k); }

function focus() {
  const one = state.hover || state.chosen;
  if (!one) return null;
  const near = new Set(), joined = new Set();
  if (one.links) {
    near.add(one);
    for (const link of one.links) if (link.shown) { joined.add(link); near.add(link.head).add(link.tail); }
  } else { joined.add(one); near.add(one.head).add(one.tail); }
  return { one, near, joined };
}

// The view moves: the sheet is moved with it, until it has been still for a moment.
function glide() {
  moving = true;
  clearTimeout(settle);
  settle = setTimeout(() => { moving = false; redraw(); }, 140);
  frame();
}

// Where the sheet lies in the window, if it covers all that there is to see and is not blown up too far.
function placed() {
  const old = sheet.view;
  if (!old) return null;
  const grown = view.k / old.k, mx = MARGIN * width, my = MARGIN * height;
  const x = view.x - (old.x + mx) * grown, y = view.y - (old.y + my) * grown;
  const w = (width + 2 * mx) * grown, h = (height + 2 * my) * grown;
  const covers = (x <= 0 || old.x0 >= -mx) && (y <= 0 || old.y0 >= -my)
    && (x + w >= width || old.x1 <= width + mx) && (y + h >= height || old.y1 <= height + my);
  return covers && grown < 2.2 && grown > 0.4 ? { x, y, w, h } : null;
}

function draw() {
  wanted = 0;
  const looked = focus(), asked = data.lit.length > 0 && !state.only;
  let place = moving && placed();
  if (!place) {
    paintSheet(looked, asked);
    place = placed();
  }
  screen.clearRect(0, 0, width, height);
  screen.drawImage(sheet, place.x, place.y, place.w, place.h);
  if (moving) { carry(); return; }
  const seen = within(0);
  words(seen.nodes, seen.links, looked, asked);
}

// What is shown within the window and `more` pixels around it.
function within(more) {
  const k = view.k, mx = more * width / k, my = more * height / k;
  const left = -view.x / k - mx, top = -view.y / k - my, right = left + width / k + 2 * mx, bottom = top + height / k + 2 * my;
  const rim = 40 / k + 30;
  for (const node of nodes)
    node.seen = node.shown && node.x > left - rim && node.x < right + rim && node.y > top - rim && node.y < bottom + rim;
  return {
    nodes: nodes.filter((node) => node.seen),
    links: links.filter((link) => link.shown && (link.head.seen || link.tail.seen)),
  };
}

function paintSheet(looked, asked) {
  const sharp = moving ? 1 : ratio, wide = Math.round(width * (1 + 2 * MARGIN) * sharp), high = Math.round(height * (1 + 2 * MARGIN) * sharp);
  if (sheet.width !== wide || sheet.height !== high) { sheet.width = wide; sheet.height = high; }
  const k = view.k, mx = MARGIN * width, my = MARGIN * height;
  pen = board;
  pen.setTransform(sharp, 0, 0, sharp, 0, 0);
  pen.clearRect(0, 0, width + 2 * mx, height + 2 * my);
  pen.save();
  pen.translate(view.x + mx, view.y + my);
  pen.scale(k, k);
  const { nodes: seenNodes, links: seenLinks } = within(MARGIN);
  sheet.view = bounds(view);
  const line = (some, ink, alpha, thick, arrows) => {
    if (!some.length) return;
    pen.globalAlpha = alpha; pen.strokeStyle = pen.fillStyle = ink; pen.lineWidth = thick / k;
    pen.beginPath();
    for (const link of some) trace(link);
    pen.stroke();
    if (!arrows) return;
    pen.beginPath();
    for (const link of some) tip(link, Math.max(5, Math.min(9, 7 / k)));
    pen.fill();
  };
  const plain = seenLinks.filter((link) => !link.lit && !(looked && looked.joined.has(link)));
  const arrows = plain.length < 1500 && k > 0.35 && !moving;
  const thin = Math.max(0.35, Math.min(1, 40 / Math.sqrt(plain.length + 1)));  // many lines are drawn fainter
  line(plain, inks.edge, (looked ? 0.16 : asked ? 0.45 : 0.85) * thin, k < 0.5 ? 0.7 : 1, arrows && !looked);
  line(seenLinks.filter((link) => link.lit && !(looked && looked.joined.has(link))), inks.gold, looked ? 0.25 : 0.95, 1.8, true);
  if (looked) line([...looked.joined], inks.accent, 0.95, 1.8, true);

  const batches = new Map();
  for (const node of seenNodes) {
    const far = looked ? !looked.near.has(node) : asked && !node.lit && !node.near;
    const key = color(node) + (far ? "|far" : "|near");
    if (!batches.has(key)) batches.set(key, []);
    batches.get(key).push(node);
  }
  const dots = k * 6 < 2.4;  // so small that a disc and a square look the same
  const disc = (node, more) => { 
    const r = reach(node) + more;
    if (dots && r * k < 2.1) { pen.rect(node.x - r * 0.9, node.y - r * 0.9, r * 1.8, r * 1.8); return; }
    pen.moveTo(node.x + r, node.y); pen.arc(node.x, node.y, r, 0, 6.2832);
  };
  for (const near of [false, true])
    for (const [key, some] of batches) {
      const [ink, how] = key.split("|");
      if ((how === "near") !== near) continue;
      if (!dots) {
        pen.globalAlpha = 1; pen.fillStyle = inks.paper;
        pen.beginPath(); for (const node of some) disc(node, Math.min(1.4, 0.9 / k)); pen.fill();
      }
      pen.globalAlpha = near ? 1 : looked ? 0.18 : 0.45; pen.fillStyle = ink;
      pen.beginPath(); for (const node of some) disc(node, 0); pen.fill();
    }
  pen.globalAlpha = 1;
  const ring = (some, ink, more) => {
    pen.strokeStyle = ink; pen.lineWidth = Math.max(1.6, 2.4 / k);
    pen.beginPath(); for (const node of some) disc(node, more); pen.stroke();
  };
  ring(seenNodes.filter((node) => node.lit), inks.gold, 3);
  if (state.chosen && state.chosen.links) ring([state.chosen], inks.accent, 5);
  pen.restore();
}

// A view with the place of all entities in the window: beyond them there is nothing that a sheet would lack.
function bounds(at) {
  let x0 = Infinity, y0 = Infinity, x1 = -Infinity, y1 = -Infinity;
  for (const node of nodes) if (node.shown) {
    x0 = Math.min(x0, node.x - 40); x1 = Math.max(x1, node.x + 40);
    y0 = Math.min(y0, node.y - 60); y1 = Math.max(y1, node.y + 40);
  }
  return { k: at.k, x: at.x, y: at.y, x0: x0 * at.k + at.x, x1: x1 * at.k + at.x, y0: y0 * at.k + at.y, y1: y1 * at.k + at.y };
}

function redraw() { sheet.view = null; frame(); }
function frame() { if (!wanted) wanted = requestAnimationFrame(draw); }

function index() {
  tree = d3.quadtree(nodes.filter((node) => node.shown), (node) => node.x, (node) => node.y);
}

function pick(event) {
  const [sx, sy] = d3.pointer(event, canvas), [x, y] = view.invert([sx, sy]), k = view.k;
  let found = tree.find(x, y, 60 + 14 / k), best = null;
  // The nearest centre is not always the disc under the pointer: a large one may hold the point.
  if (found) for (const node of nearby(x, y)) {
    const over = Math.hypot(node.x - x, node.y - y) - Math.max(reach(node), 7 / k);
    if (over <= 0 && (!best || over < best.over)) best = { node, over };
  }
  if (best) return best.node;
  let line = null;
  for (const link of links) {
    if (!link.shown || link.head === link.tail) continue;
    const far = distance(link, x, y) * k;
    if (far < 5 && (!line || far < line.far)) line = { link, far };
  }
  return line && line.link;
}

function nearby(x, y) {
  const found = [];
  tree.visit((quad, x0, y0, x1, y1) => {
    if (!quad.length) for (let one = quad; one; one = one.next) found.push(one.data);
    return x0 > x + 70 || x1 < x - 70 || y0 > y + 70 || y1 < y - 70;
  });
  return found;
}

function distance(link, x, y) {
  const { head, tail } = link, points = [[head.x, head.y]];
  if (link.bend) points.push(middle(link));
  points.push([tail.x, tail.y]);
  let least = Infinity;
  for (let i = 1; i < points.length; i++) {
    const [ax, ay] = points[i - 1], [bx, by] = points[i], dx = bx - ax, dy = by - ay;
    const t = Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1)));
    least = Math.min(least, Math.hypot(ax + t * dx - x, ay + t * dy - y));
  }
  return least;
}
