"use strict";
// What is shown, and what is chosen. Text of the graph reaches the page through textContent and fillText only.
const started = performance.now();
const data = JSON.parse(document.getElementById("data").textContent);
const root = document.documentElement;
const at = (id) => document.getElementById(id);

const nodes = data.nodes.map(([name, type, x, y, community, aliases], id) =>
  ({ id, name, type, x, y, community, aliases, links: [], shown: true, lit: false }));
const links = data.links.map(([head, tail, relation, sources, confidence, lit], id) => {
  const link = { id, head: nodes[head], tail: nodes[tail], relation, sources, confidence, lit, bend: 0, shown: true };
  link.head.links.push(link);
  if (head !== tail) link.tail.links.push(link);
  return link;
});
for (const id of data.lit) nodes[id].lit = true;
for (const node of nodes) node.r = Math.min(26, 3.6 + 2.3 * Math.sqrt(node.links.length));

// Parallel links lie side by side: each pair's links get bends of -1, 0, 1 … so that all of them can be seen.
const pairs = new Map();
for (const link of links) {
  const key = Math.min(link.head.id, link.tail.id) + "," + Math.max(link.head.id, link.tail.id);
  if (!pairs.has(key)) pairs.set(key, []);
  pairs.get(key).push(link);
}
for (const some of pairs.values())
  some.forEach((link, place) => {
    const side = place - (some.length - 1) / 2;
    link.bend = link.head.id <= link.tail.id ? side : -side;
    link.turn = place;
  });

const state = { hover: null, chosen: null, color: data.types.length > 1 ? "type" : "community", only: false, dark: false };
const hiddenTypes = new Set(), hiddenSources = new Set();

// Ten hues that stand apart on both grounds, also for most people who see fewer colours; then grey.
const LIGHT = ["#2f6fdf", "#e0702d", "#1f9d6b", "#b23fb4", "#d43d51", "#0f9bb0", "#8a6d1d", "#6d5bd0", "#5b8c1a", "#c2528b"];
const DARK = ["#6fa3ff", "#ff9a5c", "#4fd09a", "#e07fe0", "#ff7b8a", "#4fd0e4", "#d9b44a", "#a79bff", "#9fd257", "#f08fc0"];
const typeRank = new Map(data.types.map(([type], rank) => [type, rank]));
const communityRank = new Map(data.communities.map((community, rank) => [community, rank]));

function color(node) {
  const rank = state.color === "type" ? (node.type ? typeRank.get(node.type) : -1) : communityRank.get(node.community);
  const hues = state.dark ? DARK : LIGHT;
  return rank >= 0 && rank < hues.length ? hues[rank] : state.dark ? "#8593a6" : "#8793a5";
}

function sourceShown(link) {
  return !link.sources.length || link.sources.some(([place]) => !hiddenSources.has(data.evidence[place].source));
}

// What the filters leave: a link needs a source and both ends; an entity its type and, if sources are hidden, a link.
function filter() {
  for (const node of nodes) node.shown = !hiddenTypes.has(node.type) && (!state.only || node.lit || node.near);
  for (const link of links)
    link.shown = link.head.shown && link.tail.shown && sourceShown(link) && (!state.only || link.lit);
  if (hiddenSources.size)
    for (const node of nodes) node.shown = node.shown && node.links.some((link) => link.shown);
}
for (const link of links) if (link.lit) link.head.near = link.tail.near = true;
