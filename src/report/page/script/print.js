// What only paper needs: the first links and series as whole tables, the graph as lines instead of pixels, everything folded opened.

const PAPER = 700, TOP_LINKS = 200, TOP_SERIES = 50, TOP_MEMBERS = 200;
let folded = [];

const rows_table = (caption, heads, rows) => el("table", { class: "sheet dense" }, el("caption", null, caption),
  el("thead", null, el("tr", null, heads.map(([text, cls]) => el("th", { scope: "col", class: cls }, text)))),
  el("tbody", null, rows.map((row) => el("tr", null, row.map((cell, k) => el("td", { class: heads[k][1] }, cell))))));

function paper_links() {
  const n = Math.min(TOP_LINKS, shown.length);
  const filter = ["q", "min", "mod", "mark", "in", "from", "to"].filter((k) => state[k] !== "").length > 0;
  const caption = [count(n) + " of " + count(shown.length, "link") + (filter ? " that pass the filter (" + $("links-count").textContent + ")" : "") + ", in the order shown on the screen. H1: ", bdi(seen(D.about.h1)), " H2: ", bdi(seen(D.about.h2)), " Under each log10 LR of one kind of evidence stands its score."];
  const heads = [["Rank", "n"], ["Exhibit a", "side"], ["Exhibit b", "side"], ["log10 LR", "n"], ["In words", "tight"], ...D.modalities.map((m) => [bdi(seen(m.name)), "n"]), ["Series", "tight"], ["Marked"]];
  const exhibit = (e) => [bdi(seen(D.id[e])), facts_in_two(e).map((text) => [el("br"), el("span", { class: "note" }, bdi(text))])];
  return rows_table(caption, heads, Array.from(shown.subarray(0, n), (i) => [
    count(i + 1), exhibit(D.a[i]), exhibit(D.b[i]), el("b", null, lr2(D.lr[i])), words_in_two(D.lr[i]).map((text, k) => [k ? el("br") : null, text]), ...D.modalities.map((_, m) => [lr2(D.part[m][i]), el("br"), score4(D.score[m][i])]),
    D.link_series[i] < 0 ? "–" : bdi(seen(D.series[D.link_series[i]])), marks(i),
  ]));
}

function paper_series() {
  const n = Math.min(TOP_SERIES, series_rows.length);
  const heads = [["Series", "tight"], ["Exhibits", "n"], ["Links", "n"], ["Communities", "n"], ["Dates"], ["Places"], ["Strongest", "n"], ["Median", "n"], ["Weakest", "n"]];
  return rows_table(count(n) + " of " + count(series_rows.length) + " series, in the order shown on the screen. log10 LRs are those of the links within a series, H1 and H2 as above.", heads, Array.from(series_rows.subarray(0, n), (s) => {
    const x = extent(s);
    return [el("b", null, bdi(seen(D.series[s]))), count(x.size), count(x.links), count(x.communities), dates_of(x) || "–", bdi(places_text(x, 3) || "–"), lr2(x.most), lr2(x.median), lr2(x.least)];
  }));
}

function paper_one() {
  if (!one) return [];
  const pen = svg_pen(PAPER, 480, "Graph of the series");
  pen.node.append(svg("clipPath", { id: "paper-frame" }, svg("rect", { width: PAPER, height: 480 })));
  const frame = svg("g", { "clip-path": "url(#paper-frame)" }), whole = pen.node;
  paint({ ...svg_pen_in(frame) }, PAPER, 480, { scale: 1, x: 0, y: 0 }, { labels: 80 });
  whole.append(frame);
  const legend = $("legend").cloneNode(true);
  legend.removeAttribute("id");
  const time = timeline(PAPER), n = Math.min(TOP_MEMBERS, one.by_date.length);
  const members = rows_table(count(n) + " of " + count(one.by_date.length, "exhibit") + " of the series by date.", [["Exhibit"], ["Case"], ["Date", "tight"], ["Place"], ["Community", "n"], ["Links", "n"]],
    one.by_date.slice(0, n).map((e) => [bdi(seen(D.id[e])), bdi(seen(D.case[e])), iso(D.day[e]), bdi(place_of(D.place[e])), String(one.numbers[one.at.get(e)]), count(links_at(e).length)]));
  const cut = one.cut > -Infinity ? "Links with a log10 LR of at least " + lr2(one.cut) + ". " : "All links of the series. ";
  return [
    el("h3", { class: "page" }, "Series ", bdi(seen(D.series[one.s]))), ...[...$("one-facts").children].length ? [el("dl", { class: "facts" }, [...$("one-facts").children].map((c) => c.cloneNode(true)))] : [],
    el("div", { class: "drawn" }, whole), legend, el("p", { class: "note" }, cut + "The whole series is shown; places in the picture have no meaning of their own."),
    el("h4", null, "Timeline"), el("div", { class: "drawn" }, time.node, el("p", { class: "note" }, time.note)),
    el("h4", null, "Places and order of dates"), el("div", { class: "drawn" }, ...map_parts(PAPER)), members,
  ];
}

// The pen of a part of a picture.
function svg_pen_in(node) {
  const pen = svg_pen(1, 1);
  const moved = (draw) => (...given) => {
    const made = draw(...given);
    node.append(...pen.node.childNodes);
    return made;
  };
  return { line: moved(pen.line), shape: moved(pen.shape), text: moved(pen.text) };
}

function set_up_print() {
  window.addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("main details:not([open])")];
    for (const d of folded) d.open = true;
    $("paper-links").replaceChildren(paper_links());
    $("paper-series").replaceChildren(paper_series(), ...paper_one());
  });
  window.addEventListener("afterprint", () => {
    for (const d of folded) d.open = false;
    $("paper-links").replaceChildren();
    $("paper-series").replaceChildren();
  });
}
