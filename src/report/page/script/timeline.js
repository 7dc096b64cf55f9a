// Exhibits of a series by date, a lane for each place.

const LANES = 28;

function ticks_of(from, to, most) {
  const first = new Date(from * 86400000), last = new Date(to * 86400000);
  const months = (last.getUTCFullYear() - first.getUTCFullYear()) * 12 + last.getUTCMonth() - first.getUTCMonth() + 1;
  const out = [];
  if (to - from <= 60) {
    const step = [1, 2, 5, 7, 10, 14].find((s) => (to - from) / s <= most) || 14;
    for (let d = Math.ceil(from); d <= to; d += step) out.push([d, iso(d).slice(5)]);
    return out;
  }
  const step = [1, 2, 3, 6, 12, 24, 60, 120].find((s) => months / s <= most) || 120;
  for (let m = Math.floor((first.getUTCFullYear() * 12 + first.getUTCMonth()) / step) * step; ; m += step) {
    const d = Date.UTC(Math.floor(m / 12), m % 12, 1) / 86400000;
    if (d > to) return out;
    if (d >= from) out.push([d, step % 12 === 0 ? String(Math.floor(m / 12)) : Math.floor(m / 12) + "-" + String((m % 12) + 1).padStart(2, "0")]);
  }
}

function timeline(width) {
  const dated = one.by_date.filter((e) => D.day[e] !== NO_DAY);
  const without = one.members.length - dated.length;
  const undated = without ? count(without, "exhibit") + " without a date " + (without === 1 ? "is" : "are") + " not shown. " : "";
  if (!dated.length) return { node: null, note: "No exhibit of this series has a date.", dots: [] };
  const lanes = new Map();
  for (const e of dated) {
    const p = D.place[e];
    if (!lanes.has(p)) lanes.set(p, lanes.size);
  }
  const merged = lanes.size > LANES, rows = merged ? LANES : lanes.size;
  const lane = (e) => Math.min(lanes.get(D.place[e]), rows - 1);
  const name = (p, k) => (merged && k === rows - 1 ? count(lanes.size - rows + 1) + " other places" : place_of(p) || "place not recorded");
  const left = Math.min(190, width * 0.26), right = 24, row = 24, top = 10, height = top + rows * row + 34;
  let from = D.day[dated[0]], to = D.day[dated[dated.length - 1]];
  if (to - from < 6) [from, to] = [from - 3, to + 3];
  const x = (d) => left + 10 + ((d - from) / (to - from)) * (width - left - right - 20);
  const y = (k) => top + (k + 0.5) * row;
  const pen = svg_pen(width, height, "Timeline of series " + seen(D.series[one.s]) + ": " + count(dated.length, "dated exhibit") + ", " + dates_of(one.x));
  for (const [d, text] of ticks_of(from, to, Math.floor((width - left) / 76))) {
    pen.line(x(d), top, x(d), top + rows * row, 1, "", "#e3e6ea");
    pen.text(text, x(d), top + rows * row + 16, 12, "middle", SOFT);
  }
  [...lanes.keys()].slice(0, rows).forEach((p, k) => {
    pen.line(left, y(k), width - right, y(k), 1, "", PALE);
    pen.text(short(name(p, k), Math.floor(left / 7.2)), left - 8, y(k), 12.5, "end", INK).append(svg("title", null, name(p, k)));
  });
  const bins = new Map();
  for (const e of dated) {
    // A group takes what lies within its first 17 pixels; exhibits come by date.
    const at = lane(e), open = bins.get(at) || [];
    const last = open[open.length - 1];
    if (last && x(D.day[e]) - x(D.day[last[0]]) < 17) last.push(e);
    else open.push([e]);
    bins.set(at, open);
  }
  const dots = [];
  for (const own of [...bins.values()].flat()) {
    const look = one.looks.get(one.numbers[one.at.get(own[0])]);
    const alike = own.every((e) => one.numbers[one.at.get(e)] === one.numbers[one.at.get(own[0])]);
    const r = own.length === 1 ? 5 : own.length < 100 ? 8 : 10, at = [(x(D.day[own[0]]) + x(D.day[own[own.length - 1]])) / 2, y(lane(own[0]))];
    const fill = alike && look.colour ? look.colour : "#fff";
    const node = pen.shape(alike ? look.shape : 0, ...at, r, fill, INK, 1, { "data-exhibit": own[0] });
    const more = own.length > 8 ? "\nand " + count(own.length - 8) + " more" : "";
    node.append(svg("title", null, own.slice(0, 8).map((e) => seen(D.id[e]) + ", " + iso(D.day[e])).join("\n") + more));
    if (own.length > 1) pen.text(count(own.length), ...at, 9.5, "middle", DARK.has(fill) ? "#fff" : "#000", false, { "pointer-events": "none" });
    dots.push({ own, at, r });
  }
  const note = undated + "Shapes and colours are the communities of the legend above; a number counts exhibits too near in time to be drawn apart" + (merged ? "; the places seen last share a lane" : "") + ".";
  return { node: pen.node, note, dots };
}

let drawn_timeline = null;

function show_timeline() {
  const host = $("timeline");
  drawn_timeline = timeline(Math.max(600, host.clientWidth - 2));
  host.replaceChildren(...[drawn_timeline.node, el("p", { class: "note" }, drawn_timeline.note)].filter(Boolean));
}

function mark_timeline() {
  if (!drawn_timeline || !drawn_timeline.node) return;
  for (const old of drawn_timeline.node.querySelectorAll(".chosen")) old.remove();
  const dot = drawn_timeline.dots.find((d) => d.own.includes(one.exhibit));
  if (dot) drawn_timeline.node.append(svg("circle", { class: "chosen", cx: dot.at[0], cy: dot.at[1], r: dot.r + 4, fill: "none", stroke: INK, "stroke-width": 2.5 }));
}

function set_up_timeline() {
  $("timeline").addEventListener("click", (e) => {
    const mark = e.target.closest("[data-exhibit]");
    if (mark) choose_exhibit(Number(mark.dataset.exhibit), true);
  });
  let width = 0;
  new ResizeObserver(() => {
    const now = $("timeline").clientWidth;
    if (!one || !now || now === width) return;
    width = now;
    show_timeline();
    mark_timeline();
    show_map();
  }).observe($("timeline"));
}
