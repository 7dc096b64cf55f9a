// Places of a series and the order of dates, drawn from coordinates alone.
// Equirectangular: x = (λ − λ0) cos φ0, y = φ, true to scale along φ0 and along meridians. Earth: sphere of 6371.0088 km.

const KM = (2 * Math.PI * 6371.0088) / 360, ARROWS = 40;

function stops() {
  const places = new Map(), visits = [];
  for (const e of one.by_date) {
    const p = D.place[e];
    if (Number.isNaN(D.latitude[p])) continue;
    places.set(p, (places.get(p) || 0) + 1);
    const last = visits[visits.length - 1];
    if (D.day[e] !== NO_DAY && (!last || last.p !== p)) visits.push({ p, day: D.day[e] });
    else if (last && D.day[e] !== NO_DAY) last.until = D.day[e];
  }
  const ways = new Map();
  let step = 0;
  for (let k = 1; k < visits.length; k++) {
    const a = visits[k - 1], b = visits[k], same = b.day === (a.until ?? a.day);
    if (!same) step++;
    const key = same ? Math.min(a.p, b.p) + " " + Math.max(a.p, b.p) + " same" : a.p + " " + b.p;
    if (!ways.has(key)) ways.set(key, { from: a.p, to: b.p, same, steps: [] });
    ways.get(key).steps.push(step);
  }
  return { places, ways: [...ways.values()] };
}

// Longitudes east of the widest gap between them, so that a series across 180° stays together.
function unrolled(longitudes) {
  const sorted = [...longitudes].sort((p, q) => p - q);
  let start = sorted[0], gap = sorted[0] + 360 - sorted[sorted.length - 1];
  for (let k = 1; k < sorted.length; k++) if (sorted[k] - sorted[k - 1] > gap) [start, gap] = [sorted[k], sorted[k] - sorted[k - 1]];
  return (v) => (v < start ? v + 360 : v);
}

function route_map(width) {
  const { places, ways } = stops();
  const without = one.members.length - [...places.values()].reduce((p, q) => p + q, 0);
  const unplaced = without ? count(without, "exhibit") + " without coordinates " + (without === 1 ? "is" : "are") + " not shown. " : "";
  if (!places.size) return { node: null, note: "No exhibit of this series has coordinates.", keyed: [] };
  const ids = [...places.keys()], unroll = unrolled(ids.map((p) => D.longitude[p]));
  const lon = (p) => unroll(D.longitude[p]);
  let [west, east] = [Math.min(...ids.map(lon)), Math.max(...ids.map(lon))], [south, north] = [Math.min(...ids.map((p) => D.latitude[p])), Math.max(...ids.map((p) => D.latitude[p]))];
  const middle = (south + north) / 2, narrow = Math.max(0.05, Math.cos((middle * Math.PI) / 180));
  const span = Math.max(0.6, (east - west) * narrow, north - south) * 0.12;
  [west, east, south, north] = [west - span / narrow, east + span / narrow, south - span, north + span];
  const edge = 46, box = { w: width - 2 * edge, h: Math.max(260, Math.min(width * 0.5, ((width - 2 * edge) * (north - south)) / ((east - west) * narrow))) };
  const height = box.h + 2 * edge - 14, unit = Math.min(box.w / ((east - west) * narrow), box.h / (north - south));
  const centre = (west + east) / 2;
  const x = (l) => edge + box.w / 2 + (l - centre) * narrow * unit, y = (f) => edge - 20 + box.h / 2 - (f - middle) * unit;
  const pen = svg_pen(width, height, "Map of series " + seen(D.series[one.s]) + ": " + count(ids.length, "place"));
  graticule(pen, box, edge, x, y, centre, middle, narrow, unit);
  const much = ways.length > ARROWS;
  if (much) ways.sort((p, q) => p.same - q.same || q.steps.length - p.steps.length || p.steps[0] - q.steps[0]).splice(ARROWS);
  const taken = [], numbers = ways.length <= 24;
  const radius_of = (p) => Math.min(13, 4.5 + 1.4 * Math.log2(places.get(p)));
  for (const way of ways) arrow(pen, [x(lon(way.from)), y(D.latitude[way.from])], [x(lon(way.to)), y(D.latitude[way.to])], radius_of(way.to), way, numbers, taken);
  for (const p of ids) {
    const r = radius_of(p), at = [x(lon(p)), y(D.latitude[p])];
    pen.shape(0, ...at, r, "#fff", INK, 2).append(svg("title", null, place_of(p) + ": " + count(places.get(p), "exhibit")));
    if (places.get(p) > 1) pen.text(count(places.get(p)), ...at, r > 8 ? 10 : 8, "middle", INK, false, { "pointer-events": "none" });
    taken.push([at[0] - r, at[1] - r, 2 * r, 2 * r]);
  }
  const keyed = names(pen, ids, (p) => [x(lon(p)), y(D.latitude[p])], radius_of, taken, edge, box);
  scale_bar(pen, edge, height, box, unit);
  const note = unplaced + "Equirectangular, " + degrees(middle, "N", "S", 1) + " true to scale. Circles count exhibits. Arrows join places in the order of dates" + (numbers ? " and are numbered in it" : "")
    + "; a broken line joins places of one day. They show where exhibits were recorded in turn, not how anything was carried." + (much ? " Only the " + ARROWS + " most frequent are drawn." : "");
  return { node: pen.node, note, keyed };
}

function graticule(pen, box, edge, x, y, centre, middle, narrow, unit) {
  const right = edge + box.w, bottom = edge - 20 + box.h, top = edge - 20;
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30], digits = (s) => (s < 1 ? 1 : 0);
  const lat = box.h / unit, long = box.w / (narrow * unit);
  const step = steps.find((s) => Math.max(lat, long * narrow) / s <= 9) || 30;
  for (let f = Math.ceil((middle - lat / 2) / step); f * step <= middle + lat / 2; f++) {
    const v = f * step;
    if (Math.abs(v) > 90) continue;
    pen.line(edge, y(v), right, y(v), 1, "", "#dde1e6");
    pen.text(degrees(v, "N", "S", digits(step)), edge - 6, y(v), 11, "end", SOFT);
  }
  const wide = steps.find((s) => s >= step && long / s <= Math.max(4, box.w / 70)) || 30;
  for (let l = Math.ceil((centre - long / 2) / wide); l * wide <= centre + long / 2; l++) {
    const v = l * wide, shown = ((v + 540) % 360) - 180;
    pen.line(x(v), top, x(v), bottom, 1, "", "#dde1e6");
    pen.text(degrees(shown, "E", "W", digits(wide)), x(v), bottom + 13, 11, "middle", SOFT);
  }
  pen.node.append(svg("rect", { x: edge, y: top, width: box.w, height: box.h, fill: "none", stroke: "#8a929b" }));
}

function arrow(pen, a, b, r, way, numbered, taken) {
  const dx = b[0] - a[0], dy = b[1] - a[1], far = Math.hypot(dx, dy);
  if (far < 1) return;
  const bend = Math.min(34, far * 0.16), control = [(a[0] + b[0]) / 2 - (dy / far) * bend, (a[1] + b[1]) / 2 + (dx / far) * bend];
  const tx = b[0] - control[0], ty = b[1] - control[1], t = Math.hypot(tx, ty), ux = tx / t, uy = ty / t;
  const width = 1.2 + Math.min(1.6, 0.4 * Math.log2(way.steps.length)), head = 7 + width;
  const tip = [b[0] - ux * (r + 1.5), b[1] - uy * (r + 1.5)], base = way.same ? tip : [tip[0] - ux * head, tip[1] - uy * head];
  const at = (p) => p.map((v) => v.toFixed(1)).join(" ");
  pen.node.append(svg("path", { d: "M" + at(a) + " Q" + at(control) + " " + at(base), fill: "none", stroke: "#084a8c", "stroke-width": width.toFixed(1), "stroke-dasharray": way.same ? "4 3" : null }));
  if (way.same) return;
  const half = head * 0.42;
  pen.node.append(svg("polygon", { points: [tip, [base[0] - uy * half, base[1] + ux * half], [base[0] + uy * half, base[1] - ux * half]].map((p) => p.map((v) => v.toFixed(1)).join(",")).join(" "), fill: "#084a8c" }));
  const text = numbered && way.steps.length <= 3 ? way.steps.join(", ") : way.steps.length > 1 ? "×" + way.steps.length : "";
  if (!text) return;
  // On the curve, where no other number stands.
  for (const s of [0.5, 0.4, 0.6, 0.3, 0.7]) {
    const w = text.length * 6 + 4, m = [0, 1].map((k) => (1 - s) ** 2 * a[k] + 2 * s * (1 - s) * control[k] + s * s * b[k]), area = [m[0] - w / 2, m[1] - 7, w, 14];
    if (taken.some((q) => overlap(area, q)) && s !== 0.7) continue;
    taken.push(area);
    pen.text(text, m[0], m[1], 11, "middle", "#084a8c", true, { "font-weight": 600 });
    return;
  }
}

const overlap = (p, q) => p[0] < q[0] + q[2] && q[0] < p[0] + p[2] && p[1] < q[1] + q[3] && q[1] < p[1] + p[3];

// Names beside their places; one that finds no room gets a number, spelled out below the map.
function names(pen, ids, at, radius_of, taken, edge, box) {
  const keyed = [];
  const often = [...ids].sort((p, q) => radius_of(q) - radius_of(p) || p - q);
  for (const p of often) {
    const full = place_of(p), text = short(full, 26), [x, y] = at(p), r = radius_of(p) + 4;
    const put = (text, force) => {
      const w = text.length * 6.9 + 4, h = 15;
      const spots = [[x + r, y, "start"], [x - r, y, "end"], [x, y - r - 6, "middle"], [x, y + r + 7, "middle"], [x + r * 0.7, y - r * 0.7 - 5, "start"], [x + r * 0.7, y + r * 0.7 + 5, "start"], [x - r * 0.7, y - r * 0.7 - 5, "end"], [x - r * 0.7, y + r * 0.7 + 5, "end"]];
      for (const [u, v, anchor] of spots) {
        const area = [anchor === "start" ? u : anchor === "end" ? u - w : u - w / 2, v - h / 2, w, h];
        const inside = area[0] > edge && area[0] + w < edge + box.w && area[1] > edge - 20 && area[1] + h < edge - 20 + box.h;
        if (!inside || (!force && taken.some((q) => overlap(area, q)))) continue;
        taken.push(area);
        pen.text(text, u, v, 12.5, anchor, INK, true);
        return true;
      }
      return false;
    };
    if (put(text, false) && text === full) continue;
    keyed.push(p);
    if (text === full || !taken.length) put("(" + keyed.length + ")", false) || put("(" + keyed.length + ")", true);
  }
  return keyed;
}

function scale_bar(pen, edge, height, box, unit) {
  const room = (box.w * 0.22 * KM) / unit, power = 10 ** Math.floor(Math.log10(room));
  const km = [5, 2, 1].map((k) => k * power).find((k) => k <= room), w = (km / KM) * unit, y = height - 6;
  pen.line(edge, y, edge + w, y, 2, "", INK);
  for (const u of [edge, edge + w]) pen.line(u, y - 4, u, y + 4, 1.5, "", INK);
  pen.text(count(km) + " km", edge + w + 8, y, 11.5, "start", INK);
}

function map_parts(width) {
  const drawn = route_map(width);
  const list = drawn.keyed.length ? el("ol", { "aria-label": "Places that the map shows by number" }, drawn.keyed.map((p) => el("li", null, bdi(place_of(p))))) : null;
  return [drawn.node, list, el("p", { class: "note" }, drawn.note)].filter(Boolean);
}

const show_map = () => $("map").replaceChildren(...map_parts(Math.max(600, $("map").clientWidth - 2)));
