// The ranked links: filter, order, table, CSV.

let links_table = null, shown = new Uint32Array(0), rank_of_id = null;

// Wide: facts of an exhibit on one line. Narrow: on two, words below the log10 LR, marks below the series.
const exhibit_cell = (e, narrow) => {
  const lines = narrow ? facts_in_two(e) : [facts_of(e)];
  return [id_of(e), ...lines.filter(Boolean).map((text) => el("small", { title: text }, bdi(text)))];
};

const series_of_link = (i) => (D.link_series[i] < 0 ? "–" : bdi(seen(D.series[D.link_series[i]]), "one"));

function link_columns(narrow) {
  const strength = (i) => words_in_two(D.lr[i]).map((text) => el("span", { class: "one", title: order(D.lr[i]) }, text));
  const exhibit = (key, title) => ({ key, title, width: narrow ? 146 : 246, sort: true, cell: (i) => exhibit_cell(D[key][i], narrow) });
  const part = (m, k) => ({
    key: "m" + k, title: [bdi(seen(m.name)), el("small", null, "log10 LR, score")], width: narrow ? 86 : 94, cls: "n", sort: true,
    about: "log10 LR of " + seen(m.name) + " alone; below it the score (" + seen(m.metric) + ", " + (m.larger ? "larger" : "smaller") + " is closer)",
    cell: (i) => [el("span", { title: words(D.part[k][i]) + "; " + order(D.part[k][i]) }, lr2(D.part[k][i])), el("small", null, score4(D.score[k][i]))],
  });
  return [
    { key: "rank", title: "Rank", width: narrow ? 60 : 72, cls: "n", sort: true, cell: (i) => count(i + 1) },
    exhibit("a", "Exhibit a"), exhibit("b", "Exhibit b"),
    { key: "lr", title: "log10 LR", about: "Of all evidence combined", width: narrow ? 138 : 90, cls: "n", sort: true, cell: (i) => [el("b", { title: order(D.lr[i]) }, lr2(D.lr[i])), narrow ? el("small", null, strength(i)) : null] },
    ...(narrow ? [] : [{ key: "words", title: "In words", width: 152, cls: "words", cell: strength }]),
    ...D.modalities.map(part),
    ...(narrow ? [{ key: "s", title: "Series, marks", width: 82, sort: true, cell: (i) => [series_of_link(i), el("span", null, marks(i))] }]
      : [{ key: "s", title: "Series", width: 88, sort: true, cell: series_of_link }, { key: "marks", title: "Marked", width: 104, cell: (i) => el("span", null, marks(i)) }]),
  ];
}

function build_links_table(narrow) {
  const active = links_table ? links_table.active : 0;
  links_table = new Table($("links-table"), {
    label: "Ranked links", describedby: "links-caption", columns: link_columns(narrow), row: narrow ? 62 : 46, height: Math.max(320, Math.min(640, innerHeight - 190)),
    open: open_link, sort: sort_links, empty: D.lr.length ? "No link passes this filter. Clear it, or lower the least log10 LR." : "There are no links.",
  });
  links_table.set(shown, active);
  links_table.sorted(...sorting());
}

// A test of links, made once for a filter.
function passes() {
  const checks = [];
  const q = state.q.trim().toLowerCase();
  if (q) {
    const only = q.startsWith("=") ? q.slice(1) : null;
    const hit = only === null ? Uint8Array.from(D.texts(), (t) => (t.includes(q) ? 1 : 0)) : Uint8Array.from(D.id, (id) => (seen(id).toLowerCase() === only ? 1 : 0));
    checks.push((i) => hit[D.a[i]] || hit[D.b[i]]);
  }
  const least = parseFloat(state.min);
  if (!Number.isNaN(least)) {
    const held = Math.fround(least);
    checks.push((i) => D.lr[i] >= held);
  }
  const [kind, m] = state.mod.split("-");
  const part = D.part[m];
  if (part && kind === "has") checks.push((i) => part[i] === part[i]);
  if (part && kind === "h1") checks.push((i) => part[i] >= SOME);
  if (part && kind === "h2") checks.push((i) => part[i] <= -SOME);
  if (state.mark === "against") checks.push((i) => D.against[i]);
  if (state.mark === "agree") checks.push((i) => !D.against[i]);
  if (state.mark === "limit") checks.push((i) => D.limited[i]);
  if (state.mark === "drawing") checks.push((i) => D.drawings.has(i));
  if (state.in.trim()) {
    const s = series_named(state.in.trim());
    checks.push((i) => s >= 0 && D.link_series[i] === s);
  }
  const from = day_of(state.from), to = day_of(state.to);
  if (from !== null || to !== null) {
    const within = Uint8Array.from(D.day, (d) => (d !== NO_DAY && (from === null || d >= from) && (to === null || d <= to) ? 1 : 0));
    checks.push((i) => within[D.a[i]] || within[D.b[i]]);
  }
  return checks;
}

function series_named(name) {
  const exact = D.series.indexOf(name);
  return exact >= 0 ? exact : D.series.findIndex((s) => seen(s).toLowerCase() === name.toLowerCase());
}

function filtered() {
  const checks = passes(), n = D.lr.length, out = new Uint32Array(n);
  let k = 0;
  next: for (let i = 0; i < n; i++) {
    for (const check of checks) if (!check(i)) continue next;
    out[k++] = i;
  }
  return out.subarray(0, k);
}

// Sorts by a column; what is not measured comes last either way, and equals keep their rank.
function sorted(rows, key, down) {
  if (key === "rank") return down ? rows.reverse() : rows;
  const sign = down ? -1 : 1;
  let of = { lr: D.lr, s: D.link_series }[key] || D.part[key.slice(1)];
  if (key === "a" || key === "b") {
    if (!rank_of_id) {
      rank_of_id = new Uint32Array(D.id.length);
      const order = Uint32Array.from(D.id.keys()).sort((p, q) => (D.id[p] < D.id[q] ? -1 : 1));
      order.forEach((e, r) => (rank_of_id[e] = r));
    }
    const exhibit = D[key];
    of = Float64Array.from(exhibit, (e) => rank_of_id[e]);
  }
  if (!of) return rows;
  const last = (v) => v !== v || (key === "s" && v < 0);
  return rows.sort((i, j) => {
    const x = of[i], y = of[j];
    if (last(x) || last(y)) return last(x) - last(y) || i - j;
    return x === y ? i - j : sign * (x < y ? -1 : 1);
  });
}

const sorting = () => {
  const [key, way] = (state.sort || "rank").split("-");
  return [key, way === "down"];
};

function show_links() {
  const [key, down] = sorting();
  shown = sorted(filtered(), key, down);
  links_table.set(shown);
  links_table.sorted(key, down);
  const all = D.lr.length;
  $("links-count").textContent = shown.length === all ? "All " + count(all, "link") : count(shown.length) + " of " + count(all, "link");
  $("csv").disabled = shown.length === 0;
  save();
}

function sort_links(key) {
  const [now, down] = sorting();
  // Numbers start with the largest.
  const first = key !== "rank" && key !== "a" && key !== "b" && key !== "s";
  const turned = key === now ? !down : first;
  state.sort = key === "rank" && !turned ? "" : key + (turned ? "-down" : "");
  show_links();
}

function fill_filters() {
  const form = $("filters");
  for (const key of ["q", "min", "mod", "mark", "in", "from", "to"]) form.elements[key].value = state[key];
}

function set_up_links() {
  const form = $("filters");
  const option = (value, text) => el("option", { value }, text);
  const groups = D.modalities.map((m, k) => {
    const name = seen(m.name);
    return [option("has-" + k, name + " measured"), option("h1-" + k, name + " supports H1"), option("h2-" + k, name + " supports H2")];
  });
  form.elements.mod.append(option("", "any"), ...groups.flat());
  const choices = [["", "any"], ["against", "evidence disagrees"], ["agree", "evidence does not disagree"], ["limit", "at a limit"], ["drawing", "with a drawing"]];
  form.elements.mark.append(...choices.map(([v, t]) => option(v, t)));
  const narrow = matchMedia("(max-width: 1099px)");
  build_links_table(narrow.matches);
  narrow.addEventListener("change", () => build_links_table(narrow.matches));
  const limits = "Scores stand below each log10 LR. An LR speaks of sources, not of persons; the same logo does not mean the same source. “Disagree”: one kind of evidence supports H1, another H2. The date filter keeps links with a date of either exhibit in the range. ";
  $("links-caption").append(...terms(limits).flat());
  let waiting = 0;
  const changed = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      for (const key of ["q", "min", "mod", "mark", "in", "from", "to"]) state[key] = form.elements[key].value;
      show_links();
    }, 60);
  };
  form.addEventListener("input", changed);
  form.addEventListener("reset", () => setTimeout(changed, 0));
  form.addEventListener("submit", (e) => e.preventDefault());
  $("csv").addEventListener("click", save_csv);
  fill_filters();
  show_links();
}

// Cells that a spreadsheet would run are kept from it by an apostrophe.
function csv_cell(text) {
  const safe = /^[=+@\t\r]/.test(text) || (/^-/.test(text) && Number.isNaN(Number(text))) ? "'" + text : text;
  return /[",\r\n]/.test(safe) || safe !== text ? '"' + safe.replaceAll('"', '""') + '"' : safe;
}

function csv_text() {
  const exhibit = (e) => [D.id[e], D.case[e], iso(D.day[e]), D.place_name[D.place[e]]];
  const number = (v) => (Number.isNaN(v) ? "" : String(Number(v.toPrecision(7))));
  const names = D.modalities.flatMap((m) => ["score " + m.name, "log10 LR " + m.name]);
  const head = ["rank", ...["a", "b"].flatMap((x) => [x, "case " + x, "date " + x, "place " + x]), "log10 LR", "in words", "at limit", "disagree", "series", ...names];
  const notes = [
    D.about.title + " (" + D.about.made + ", Striae " + D.about.version + ")", "H1: " + D.about.h1, "H2: " + D.about.h2,
    ...D.modalities.flatMap((m) => [m.name + ", H1: " + m.h1, m.name + ", H2: " + m.h2]), ...D.about.statements,
    "an apostrophe was put before text that a spreadsheet would take for a formula",
  ];
  const lines = notes.map((n) => csv_cell("# " + n.replace(/[\r\n]+/g, " ")));
  lines.push(head.map(csv_cell).join(","));
  for (const i of shown) {
    const parts = D.modalities.flatMap((_, m) => [number(D.score[m][i]), number(D.part[m][i])]);
    const s = D.link_series[i];
    const flags = [D.limited[i] ? "yes" : "no", D.against[i] ? "yes" : "no", s < 0 ? "" : D.series[s]];
    lines.push([String(i + 1), ...exhibit(D.a[i]), ...exhibit(D.b[i]), number(D.lr[i]), words(D.lr[i]), ...flags, ...parts].map(csv_cell).join(","));
  }
  return lines.join("\r\n") + "\r\n";
}

function save_csv() {
  const url = URL.createObjectURL(new Blob(["\uFEFF", csv_text()], { type: "text/csv" }));
  el("a", { href: url, download: "striae-links.csv" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}
