// The list of series, and one series: facts, tables, the chosen exhibit.

let series_table = null, series_rows = null, one = null;
const tables_of_one = {};

// Strength and extent of each series, once. Links of a series come best first.
let extents = null;
function extent(s) {
  extents ||= new Array(D.series.length);
  if (extents[s]) return extents[s];
  let from = Infinity, to = -Infinity;
  const places = new Map();
  for (let k = D.first[s]; k < D.first[s + 1]; k++) {
    const e = D.member[k], day = D.day[e];
    if (day !== NO_DAY) {
      from = Math.min(from, day);
      to = Math.max(to, day);
    }
    if (place_of(D.place[e])) places.set(D.place[e], (places.get(D.place[e]) || 0) + 1);
  }
  const links = D.links_of_series(s), n = links.length;
  const median = n ? (D.lr[links[(n - 1) >> 1]] + D.lr[links[n >> 1]]) / 2 : NaN;
  const often = [...places].sort((p, q) => q[1] - p[1] || p[0] - q[0]).map(([p]) => p);
  const communities = new Set(D.community.subarray(D.first[s], D.first[s + 1])).size;
  return (extents[s] = { size: D.first[s + 1] - D.first[s], links: n, communities, from, to, places: often, most: n ? D.lr[links[0]] : NaN, median, least: n ? D.lr[links[n - 1]] : NaN });
}

const dates_of = (x) => (x.from > x.to ? "" : x.from === x.to ? iso(x.from) : iso(x.from) + " to " + iso(x.to));
const places_text = (x, n) => x.places.slice(0, n).map(place_of).join(", ") + (x.places.length > n ? " and " + count(x.places.length - n) + " more" : "");

const series_columns = () => [
  { key: "name", title: "Series", width: 96, sort: true, cell: (s) => el("b", null, bdi(seen(D.series[s]), "one")) },
  { key: "size", title: "Exhibits", width: 78, cls: "n", sort: true, cell: (s) => count(extent(s).size) },
  { key: "links", title: "Links", width: 72, cls: "n", sort: true, cell: (s) => count(extent(s).links) },
  { key: "communities", title: "Communities", about: "Groups that stay connected at a stricter limit", width: 104, cls: "n", sort: true, cell: (s) => count(extent(s).communities) },
  { key: "from", title: "Dates", width: 200, sort: true, cell: (s) => el("span", { class: "one" }, dates_of(extent(s)) || "–") },
  { key: "places", title: "Places", width: 300, sort: true, cell: (s) => el("span", { class: "one", title: places_text(extent(s), 99) }, bdi(places_text(extent(s), 3) || "–")) },
  { key: "most", title: "Strongest log10 LR", width: 96, cls: "n", sort: true, cell: (s) => lr2(extent(s).most) },
  { key: "median", title: "Median log10 LR", width: 96, cls: "n", sort: true, cell: (s) => el("b", null, lr2(extent(s).median)) },
  { key: "least", title: "Weakest log10 LR", width: 96, cls: "n", sort: true, cell: (s) => lr2(extent(s).least) },
];

function set_up_series() {
  let key = "size", down = true;
  const value = (s) => (key === "name" ? D.series[s] : key === "places" ? extent(s).places.length : extent(s)[key]);
  const show = () => {
    const q = $("series-find").value.trim().toLowerCase();
    let rows = Array.from(D.series.keys());
    if (q) rows = rows.filter((s) => seen(D.series[s]).toLowerCase().includes(q) || extent(s).places.some((p) => place_of(p).toLowerCase().includes(q)));
    const last = (v) => v !== v || v === Infinity;
    rows.sort((s, t) => {
      const x = value(s), y = value(t);
      return last(x) || last(y) ? last(x) - last(y) || s - t : x === y ? s - t : (x < y ? -1 : 1) * (down ? -1 : 1);
    });
    series_rows = Uint32Array.from(rows);
    series_table.set(series_rows);
    series_table.sorted(key, down);
    $("series-count").textContent = q ? count(rows.length) + " of " + count(D.series.length) + " series" : count(D.series.length) + " series";
  };
  series_table = new Table($("series-table"), {
    label: "Series", columns: series_columns(), row: 32, height: 300, empty: D.series.length ? "No series is called so." : "There are no series.", open: (s) => open_series(s, -1, true),
    sort: (k) => {
      down = k === key ? !down : k !== "name" && k !== "from";
      key = k;
      show();
    },
  });
  $("series-find").addEventListener("input", show);
  show();
  const names = D.series.slice(0, 400).map((name) => el("option", { value: seen(name) }));
  $("series-names").append(...names);
  tabs();
}

function tabs() {
  const all = ["links", "members"];
  const choose = (name, focus) => {
    for (const n of all) {
      $("tab-" + n).setAttribute("aria-selected", n === name);
      $("tab-" + n).tabIndex = n === name ? 0 : -1;
      $("panel-" + n).hidden = n !== name;
    }
    if (focus) $("tab-" + name).focus();
    if (tables_of_one[name]) tables_of_one[name].draw();
  };
  all.forEach((name, k) => {
    $("tab-" + name).addEventListener("click", () => choose(name));
    $("tab-" + name).addEventListener("keydown", (e) => {
      if (e.key === "ArrowLeft" || e.key === "ArrowRight") choose(all[1 - k], true);
    });
  });
}

// Communities of a series by size; those of one exhibit are drawn alike, as a hollow circle.
function communities_of(members, numbers) {
  const sizes = new Map();
  for (const c of numbers) sizes.set(c, (sizes.get(c) || 0) + 1);
  const order = [...sizes].sort((p, q) => q[1] - p[1] || p[0] - q[0]);
  const looks = new Map();
  order.forEach(([c, n], k) => looks.set(c, n > 1 ? { shape: k % SHAPES.length, colour: COLOURS[k % COLOURS.length], n } : { shape: 0, colour: "", n }));
  return { order, looks };
}

function open_series(s, exhibit, jump) {
  const members = D.member.subarray(D.first[s], D.first[s + 1]);
  const numbers = D.community.subarray(D.first[s], D.first[s + 1]);
  const x = extent(s), links = D.links_of_series(s);
  one = { s, members, numbers, links, x, exhibit: -1, cut: -Infinity, frame: frame_of(s), at: new Map(Array.from(members, (e, k) => [e, k])), ...communities_of(members, numbers) };
  state.series = D.series[s];
  $("one").hidden = false;
  $("one-title").replaceChildren("Series ", bdi(seen(D.series[s])));
  $("one-facts").replaceChildren(...facts([
    ["Exhibits", count(x.size)], ["Links within", count(x.links)], ["Communities at a stricter limit", count(x.communities)], ["Dates", dates_of(x) || "not recorded"],
    ["Places", places_text(x, 4) || "not recorded"], ["log10 LR of its links", x.links ? lr2(x.least) + " to " + lr2(x.most) + ", median " + lr2(x.median) : "no links"],
  ]));
  tables_of_one.links = new Table($("panel-links"), {
    label: "Links of the series", describedby: "one-caption", row: 32, height: 360, open: open_link, empty: "No link is left at this log10 LR.",
    columns: [
      { key: "a", title: "Exhibit a", width: 120, cell: (i) => id_of(D.a[i]) },
      { key: "b", title: "Exhibit b", width: 120, cell: (i) => id_of(D.b[i]) },
      { key: "lr", title: "log10 LR", width: 88, cls: "n", cell: (i) => el("b", { title: order(D.lr[i]) }, lr2(D.lr[i])) },
      { key: "words", title: "In words", width: 176, cls: "words", cell: (i) => el("span", { class: "one", title: words(D.lr[i]) + (D.against[i] ? "; evidence disagrees" : "") }, degree(D.lr[i]) ? degree(D.lr[i]) + (D.lr[i] > 0 ? ", H1" : ", H2") : "inconclusive", D.against[i] ? [" ", el("span", { class: "mark against" }, "disagree")] : null) },
    ],
  });
  tables_of_one.members = new Table($("panel-members"), {
    label: "Exhibits of the series", row: 32, height: 360, open: (e) => choose_exhibit(e, true),
    columns: [
      { key: "id", title: "Exhibit", width: 130, cell: (e) => id_of(e) },
      { key: "day", title: "Date", width: 92, cell: (e) => iso(D.day[e]) || "–" },
      { key: "place", title: "Place", width: 110, cell: (e) => bdi(place_of(D.place[e]) || "–", "one") },
      { key: "c", title: "Community", width: 88, cls: "n", cell: (e) => String(one.numbers[one.at.get(e)]) },
      { key: "n", title: "Links", width: 54, cls: "n", cell: (e) => count(links_at(e).length) },
    ],
  });
  const by_date = Array.from(members).sort((p, q) => (D.day[p] === NO_DAY) - (D.day[q] === NO_DAY) || D.day[p] - D.day[q] || p - q);
  one.by_date = by_date;
  tables_of_one.members.set(Uint32Array.from(by_date));
  $("one-caption").replaceChildren(...terms("An LR is about two exhibits, not about the series. ").flat());
  legend();
  set_cut_range();
  if (!$("find").matches(":focus")) $("find").value = "";
  show_timeline();
  show_map();
  open_graph();
  choose_exhibit(exhibit >= 0 && one.at.has(exhibit) ? exhibit : -1);
  if (jump) {
    $("one-title").focus({ preventScroll: true });
    $("one").scrollIntoView();
  }
}

const links_at = (e) => D.links_of(e).filter((i) => D.link_series[i] === one.s && D.lr[i] >= one.cut);

function legend() {
  const items = one.order.filter(([, n]) => n > 1);
  const single = one.order.length - items.length;
  const shown = items.slice(0, 12).map(([c, n]) => {
    const look = one.looks.get(c);
    const pen = svg_pen(18, 18);
    pen.shape(look.shape, 9, 9, 6.5, look.colour, INK, 1);
    return el("li", null, pen.node, "community " + c + " (" + count(n, "exhibit") + ")");
  });
  if (items.length > 12) shown.push(el("li", null, "and " + count(items.length - 12, "more community", "more communities")));
  if (single) {
    const pen = svg_pen(18, 18);
    pen.shape(0, 9, 9, 6, "#fff", INK, 1.4);
    shown.push(el("li", null, pen.node, count(single, "exhibit") + (single === 1 ? " in a community of its own" : " each in a community of its own")));
  }
  const line = svg_pen(26, 18);
  line.line(0, 9, 26, 9, 1.6, "4 3", INK);
  line.node.style.width = "26px";
  shown.push(el("li", null, line.node, "broken line: kinds of evidence disagree"));
  $("legend").replaceChildren(...shown);
}

function choose_exhibit(e, centre) {
  one.exhibit = e;
  state.exhibit = e < 0 ? "" : D.id[e];
  if (e < 0) $("card").replaceChildren(el("p", { class: "note" }, "No exhibit is chosen. Choose one in the picture, in the table of exhibits or on the timeline, and its links are listed here."));
  else {
    const n = links_at(e).length, c = one.numbers[one.at.get(e)];
    $("card").replaceChildren(
      el("p", null, el("b", null, bdi(seen(D.id[e])))), el("p", null, bdi(facts_of(e) || "no case, date or place recorded")),
      el("p", { class: "note" }, count(n, "link") + " in this series" + (one.cut > -Infinity ? " at this log10 LR" : "") + " · community " + c),
      el("div", { class: "buttons" }, button("All links of the series", () => choose_exhibit(-1)), button("In the ranked links", () => only_links_of(e))));
  }
  const rows = e < 0 ? one.links.filter((i) => D.lr[i] >= one.cut) : links_at(e);
  tables_of_one.links.set(Uint32Array.from(rows));
  $("tab-links").textContent = (e < 0 ? "Links (" : "Links of the exhibit (") + count(rows.length) + ")";
  $("tab-members").textContent = "Exhibits (" + count(one.members.length) + ")";
  tables_of_one.members.refresh();
  const row = e < 0 ? 0 : one.by_date.indexOf(e);
  tables_of_one.members.active = row;
  tables_of_one.members.mark();
  mark_timeline();
  if (centre) centre_graph(e);
  draw_graph();
  save();
}
