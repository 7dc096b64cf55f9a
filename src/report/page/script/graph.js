// The picture of a series: nodes where the caller placed them, edges by log10 LR.

let view = { scale: 1, x: 0, y: 0 }, queued = false, hits = new Set(), hit_at = -1;
const kept = (i) => D.lr[i] >= one.cut;
const short = (text, n) => ([...text].length > n ? [...text].slice(0, n - 1).join("") + "…" : text);

function radius(n, scale) {
  const r = n <= 40 ? 9 : n <= 150 ? 7 : n <= 500 ? 5 : 3.2;
  return Math.min(11, r * Math.sqrt(scale));
}

// The rectangle that the places of a series fill, and how large it is drawn.
function frame_of(s) {
  let [west, east, north, south] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let k = D.first[s]; k < D.first[s + 1]; k++) {
    [west, east] = [Math.min(west, D.x[k]), Math.max(east, D.x[k])];
    [north, south] = [Math.min(north, D.y[k]), Math.max(south, D.y[k])];
  }
  return { x: (west + east) / 2, y: (north + south) / 2, w: Math.max(1e-3, east - west), h: Math.max(1e-3, south - north) };
}

const fitted = (width, height) => [one.frame.x, one.frame.y, Math.min((width - 170) / one.frame.w, (height - 56) / one.frame.h)];

function paint(pen, width, height, v, options) {
  const n = one.members.length, [x0, y0, size] = fitted(width, height);
  const px = (k) => width / 2 + ((D.x[D.first[one.s] + k] - x0) * size + v.x) * v.scale;
  const py = (k) => height / 2 + ((D.y[D.first[one.s] + k] - y0) * size + v.y) * v.scale;
  const r = radius(n, v.scale), chosen = one.exhibit < 0 ? -1 : one.at.get(one.exhibit);
  const degree_of = new Uint32Array(n), near = new Set();
  const thin = one.links.length > 3000 ? 0.5 : 0.8;
  const edges = [];
  for (const i of one.links) {
    if (!kept(i)) continue;
    const p = one.at.get(D.a[i]), q = one.at.get(D.b[i]);
    degree_of[p]++;
    degree_of[q]++;
    const own = p === chosen || q === chosen;
    if (own) near.add(p).add(q);
    edges.push([i, p, q, own]);
  }
  // Weak ones first, so that strong ones lie on top; those of the chosen exhibit last.
  edges.reverse();
  // Many lines on little paper would be one grey area.
  const opacity = Math.max(0.08, Math.min(1, (700 / Math.max(1, edges.length)) * Math.sqrt(v.scale)));
  for (const [i, p, q, own] of [...edges.filter((e) => !e[3]), ...edges.filter((e) => e[3])]) {
    const weight = Math.max(0, Math.min(1, D.lr[i] / 6));
    pen.line(px(p), py(p), px(q), py(q), own ? 2 : thin + weight * 1.1, D.against[i] ? "4 3" : "", own ? INK : chosen >= 0 ? "#b4bbc3" : weight > 0.66 ? "#4d565f" : weight > 0.33 ? "#7d868f" : "#a8b0b8", own ? 1 : opacity);
  }
  for (let k = 0; k < n; k++) {
    const look = one.looks.get(one.numbers[k]), x = px(k), y = py(k);
    if (x < -20 || y < -20 || x > width + 20 || y > height + 20) continue;
    const away = degree_of[k] === 0 && one.cut > -Infinity;
    pen.shape(look.shape, x, y, r, look.colour && !away ? look.colour : "#fff", away ? "#8a929b" : INK, k === chosen ? 2.5 : 1);
    if (look.colour && !away && r >= 7.5) pen.text(String(one.numbers[k]), x, y + (look.shape === 2 ? 1.5 : look.shape === 4 ? -1.5 : 0), r < 9 ? 8.5 : 10, "middle", DARK.has(look.colour) ? "#fff" : "#000");
    if (hits.has(one.members[k])) pen.shape(0, x, y, r + 5, "none", "#a3006d", 2.5);
  }
  if (chosen >= 0) pen.shape(0, px(chosen), py(chosen), r + 5, "none", INK, 2.5);
  label(pen, width, height, n, px, py, r, chosen, near, options);
  return { px, py, r };
}

// Ids where there is room: the chosen one and its neighbours first.
function label(pen, width, height, n, px, py, r, chosen, near, options) {
  const order = [chosen, ...hits].map((v, k) => (k ? one.at.get(v) : v)).filter((k) => k >= 0).concat([...near], Array.from({ length: n }, (_, k) => k));
  const taken = new Set(), done = new Set(), cell = 14;
  const keys = (x, y, w) => {
    const out = [];
    for (let u = Math.floor(x / cell); u <= Math.floor((x + w) / cell); u++) for (let v = Math.floor((y - 6) / cell); v <= Math.floor((y + 6) / cell); v++) out.push(u + "," + v);
    return out;
  };
  for (let k = 0; k < n && n <= 1500; k++) for (const key of keys(px(k) - r, py(k), 2 * r)) taken.add(key);
  let left = options.labels;
  for (const k of order) {
    if (left <= 0) break;
    if (done.has(k)) continue;
    done.add(k);
    const x = px(k), y = py(k);
    if (x < 0 || y < 0 || x > width || y > height) continue;
    const text = short(seen(D.id[one.members[k]]), 22), w = text.length * 6.6;
    const right = x + r + 5, free = (from) => from >= 2 && from + w <= width - 2 && !keys(from, y, w).some((key) => taken.has(key));
    const from = free(right) ? right : free(x - r - 5 - w) ? x - r - 5 - w : k === chosen ? (right + w < width ? right : x - r - 5 - w) : null;
    if (from === null) continue;
    for (const key of keys(from, y, w)) taken.add(key);
    if (from === right) pen.text(text, right, y, 12, "start", INK, true);
    else pen.text(text, x - r - 5, y, 12, "end", INK, true);
    left--;
  }
}

function draw_graph() {
  if (queued || !one) return;
  queued = true;
  requestAnimationFrame(() => {
    queued = false;
    const canvas = $("graph"), width = canvas.clientWidth, height = canvas.clientHeight, ratio = window.devicePixelRatio || 1;
    if (!width) return;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const ctx = canvas.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.fillStyle = "#fff";
    ctx.fillRect(0, 0, width, height);
    one.drawn = paint(canvas_pen(ctx), width, height, view, { labels: 60 });
    canvas.setAttribute("aria-label", "Series " + seen(D.series[one.s]) + ": " + count(one.members.length, "exhibit") + ", " + count(one.links.filter(kept).length, "link") + ". The tables beside hold the same.");
  });
}

function open_graph() {
  view = { scale: 1, x: 0, y: 0 };
  hits = new Set();
  hit_at = -1;
  draw_graph();
}

function zoom(factor, x, y) {
  const canvas = $("graph"), scale = Math.max(0.5, Math.min(60, view.scale * factor));
  const dx = x === undefined ? 0 : x - canvas.clientWidth / 2, dy = y === undefined ? 0 : y - canvas.clientHeight / 2;
  view.x += dx / scale - dx / view.scale;
  view.y += dy / scale - dy / view.scale;
  view.scale = scale;
  draw_graph();
}

function centre_graph(e) {
  const k = one.at.get(e);
  if (k === undefined) return;
  const canvas = $("graph"), [x0, y0, size] = fitted(canvas.clientWidth, canvas.clientHeight);
  const x = (D.x[D.first[one.s] + k] - x0) * size, y = (D.y[D.first[one.s] + k] - y0) * size;
  const out = Math.abs((x + view.x) * view.scale) > canvas.clientWidth / 2 - 60 || Math.abs((y + view.y) * view.scale) > canvas.clientHeight / 2 - 40;
  if (out) Object.assign(view, { x: -x, y: -y });
  draw_graph();
}

function nearest(x, y, within) {
  let best = -1, least = within * within;
  for (let k = 0; k < one.members.length; k++) {
    const d = (one.drawn.px(k) - x) ** 2 + (one.drawn.py(k) - y) ** 2;
    if (d < least) [best, least] = [k, d];
  }
  return best;
}

// The exhibit next to the chosen one in a direction: near, and not far to the side.
function step(dx, dy) {
  if (one.exhibit < 0) return nearest($("graph").clientWidth / 2, $("graph").clientHeight / 2, Infinity);
  const { px, py } = one.drawn, from = one.at.get(one.exhibit);
  let best = -1, least = Infinity;
  for (let k = 0; k < one.members.length; k++) {
    const u = px(k) - px(from), v = py(k) - py(from), along = u * dx + v * dy, aside = Math.abs(u * dy - v * dx);
    if (k !== from && along > 0.01 && along + 2 * aside < least) [best, least] = [k, along + 2 * aside];
  }
  return best;
}

function say_exhibit(e) {
  $("graph-said").textContent = seen(D.id[e]) + ", " + (facts_of(e) || "no facts") + ", community " + one.numbers[one.at.get(e)] + ", " + count(links_at(e).length, "link");
}
