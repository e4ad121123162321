// The cards around the canvas.
function make(tag, words, kind) {
  const element = document.createElement(tag);
  if (words !== undefined) element.textContent = words;
  if (kind) element.className = kind;
  return element;
}

function dot(ink) {
  const element = make("span", undefined, "dot");
  element.style.background = ink;
  return element;
}

const number = (count, one, many) => count.toLocaleString("en") + " " + (count === 1 ? one : many);

function head() {
  at("title").textContent = data.title;
  const shown = nodes.filter((node) => node.shown).length, facts = links.filter((link) => link.shown).length;
  const all = shown === nodes.length && facts === links.length;
  at("counts").textContent = number(shown, "entity", "entities") + " · " + number(facts, "fact", "facts")
    + (all ? "" : " of " + nodes.length.toLocaleString("en") + " · " + links.length.toLocaleString("en"))
    + (data.left ? " (the most central; " + data.left.toLocaleString("en") + " entities left out)" : "");
  at("question").hidden = !data.question;
  at("question").textContent = data.question;
  at("only").hidden = !data.lit.length;
  at("only").classList.toggle("on", state.only);
}

function filters() {
  const types = at("types");
  types.replaceChildren();
  at("types-box").hidden = data.types.length < 2;
  for (const [type, count] of data.types) {
    const chip = make("button", undefined, "chip" + (hiddenTypes.has(type) ? " off" : ""));
    const sample = { type, community: -1 };
    const ink = state.color === "type" ? color(sample) : inks.soft;
    chip.append(dot(ink), make("span", data.labels[type] || "other"), make("small", count.toLocaleString("en")));
    chip.title = "Show or hide; with Alt or Shift only this type";
    chip.addEventListener("click", (event) => {
      if (event.altKey || event.shiftKey) {
        const alone = data.types.every(([other]) => other === type || hiddenTypes.has(other));
        hiddenTypes.clear();
        if (!alone) for (const [other] of data.types) if (other !== type) hiddenTypes.add(other);
      } else if (!hiddenTypes.delete(type)) hiddenTypes.add(type);
      apply();
    });
    types.append(chip);
  }
  const sources = at("sources");
  sources.replaceChildren();
  at("sources-box").hidden = data.sources.length < 2;
  if (data.sources.length > 2) {
    const all = make("button", hiddenSources.size ? "Show all" : "Hide all", "link");
    all.addEventListener("click", () => {
      if (hiddenSources.size) hiddenSources.clear(); else for (const [source] of data.sources) hiddenSources.add(source);
      apply();
    });
    sources.append(all);
  }
  for (const [source, name, count] of data.sources.slice(0, 400)) {
    const label = make("label"), box = make("input");
    box.type = "checkbox";
    box.checked = !hiddenSources.has(source);
    box.addEventListener("change", () => {
      if (!hiddenSources.delete(source)) hiddenSources.add(source);
      apply();
    });
    label.append(box, make("span", name), make("small", count.toLocaleString("en")));
    sources.append(label);
  }
}

function apply() {
  filter(); index(); head(); filters();
  if (state.chosen && !state.chosen.shown) choose(null);
  redraw();
}

function results(words) {
  const list = at("results"), plain = words.trim().toLocaleLowerCase();
  list.replaceChildren();
  list.hidden = !plain;
  if (!plain) return;
  const score = (name) => { const place = name.toLocaleLowerCase().indexOf(plain); return place < 0 ? -1 : place ? 1 : 2; };
  const found = nodes.map((node) => [Math.max(score(node.name), ...node.aliases.map((one) => score(one) - 0.5)), node])
    .filter(([worth]) => worth > 0)
    .sort((a, b) => b[0] - a[0] || b[1].links.length - a[1].links.length || a[1].id - b[1].id).slice(0, 12);
  for (const [, node] of found) {
    const item = make("li");
    item.append(dot(color(node)), make("span", node.name), make("small", data.labels[node.type] || ""));
    item.addEventListener("click", () => { go(node); list.hidden = true; });
    list.append(item);
  }
  const said = links.filter((link) => link.relation.toLocaleLowerCase().includes(plain)).slice(0, 6);
  for (const link of said) {
    const item = make("li");
    item.append(make("span", link.head.name + " "), make("small", link.relation), make("span", " " + link.tail.name));
    item.addEventListener("click", () => { go(link); list.hidden = true; });
    list.append(item);
  }
  if (!found.length && !said.length) list.append(make("li", "Nothing is called that."));
}

function go(one, quick) {
  if (!one.shown) { hiddenTypes.clear(); hiddenSources.clear(); state.only = false; apply(); }
  choose(one);
  const x = one.links ? one.x : (one.head.x + one.tail.x) / 2, y = one.links ? one.y : (one.head.y + one.tail.y) / 2;
  const k = Math.max(view.k, 1.1);
  move(d3.zoomIdentity.translate(width / 2 - x * k, height / 2 - y * k).scale(k), quick);
}

function link(node) {
  const button = make("button", node.name, "link");
  button.addEventListener("click", () => go(node));
  return button;
}

// The text with the words in question marked; of a long one what stands around them, and the rest on a click.
function excerpt(quote, text, start, end, room) {
  const known = start >= 0 && end > start && end <= text.length;
  if (!known) { start = 0; end = 0; room = 2 * room; }
  let from = start - room, to = end + room;
  if (text.length < 2.6 * room + end - start) { from = 0; to = text.length; }
  if (from > 0) from = text.lastIndexOf(" ", from) + 1;
  if (to < text.length) to = text.indexOf(" ", to) < 0 ? text.length : text.indexOf(" ", to);
  from = Math.max(0, from); to = Math.min(text.length, to);
  const shown = make("span");
  shown.append(from ? "… " : "", text.slice(from, start), known ? make("mark", text.slice(start, end)) : "", text.slice(end, to));
  quote.append(shown);
  if (from === 0 && to === text.length) return;
  const more = make("button", "… more", "link");
  more.addEventListener("click", () => { quote.removeChild(shown); quote.removeChild(more); const rest = make("span");
    excerpt(rest, text, start, end, Infinity); quote.prepend(rest); });
  quote.append(" ", more);
}

function fact(one, centre) {
  const box = make("div", undefined, "fact"), line = make("p");
  if (centre === one.head) line.append(make("i", one.relation + " → "), link(one.tail));
  else if (centre === one.tail) line.append(link(one.head), make("i", " → " + one.relation + " → "), make("span", "this"));
  else line.append(link(one.head), make("i", " → " + one.relation + " → "), link(one.tail));
  if (one.confidence !== null) line.append(make("small", "  " + Math.round(100 * one.confidence) + " %"));
  box.append(line);
  const quotes = one.sources.slice(0, centre ? 2 : 20);
  for (const [place, start, end] of quotes) {
    const evidence = data.evidence[place], quote = make("blockquote");
    excerpt(quote, evidence.text, start, end, centre ? 110 : Infinity);
    quote.append(make("cite", [evidence.name, evidence.place, evidence.date].filter(Boolean).join(" · ")));
    box.append(quote);
  }
  if (one.sources.length > quotes.length) {
    const more = make("button", number(one.sources.length - quotes.length, "source more", "sources more"), "link");
    more.addEventListener("click", () => choose(one));
    box.append(more);
  }
  return box;
}

function choose(one) {
  state.chosen = one;
  state.hover = null;
  const body = at("detail-body");
  body.replaceChildren();
  at("detail").hidden = !one;
  if (one && one.links) {
    body.append(make("h2", one.name));
    const kind = make("span", undefined, "kind"), shown = one.links.filter((each) => each.shown);
    kind.append(dot(color(one)), make("span", (data.labels[one.type] || "entity") + " · " + number(shown.length, "fact", "facts")));
    body.append(kind);
    if (one.aliases.length) body.append(make("p", "also: " + one.aliases.join(", "), "aka"));
    const facts = make("div", undefined, "facts");
    for (const each of shown.slice(0, 60)) facts.append(fact(each, one));
    if (shown.length > 60) facts.append(make("p", number(shown.length - 60, "fact more", "facts more"), "aka"));
    body.append(facts);
  } else if (one) {
    body.append(make("h2", one.relation));
    body.append(make("span", number(one.sources.length, "source", "sources"), "kind"), fact(one, null));
  }
  at("detail").scrollTop = 0;
  redraw();
}
