// One link, in a dialog: both exhibits, each kind of evidence, and the drawing that explains it.

const urls = [];

function open_link(i) {
  const dialog = $("detail"), a = D.a[i], b = D.b[i], s = D.link_series[i];
  const side = (name, e) => el("div", null, el("dt", null, name), el("dd", null, bdi(seen(D.id[e]))), el("dd", { class: "note" }, bdi(facts_of(e) || "no case, date or place")));
  const close = () => dialog.close();
  const parts = D.modalities.map((m, k) => {
    const v = D.part[k][i];
    const [low, high] = m.limits;
    const at = v >= Math.fround(high) || v <= Math.fround(low) ? " (at limit)" : "";
    return el("tr", null, el("th", { scope: "row" }, bdi(seen(m.name))), el("td", { class: "n" }, score4(D.score[k][i])), el("td", { class: "n" }, lr2(v) + at), el("td", null, words(v)),
      el("td", null, el("div", null, el("b", null, "H1 "), bdi(seen(m.h1))), el("div", null, el("b", null, "H2 "), bdi(seen(m.h2)))));
  });
  const table = el("table", { class: "sheet" },
    el("caption", null, "Evidence by kind. H1 and H2 stand in each row; statements on population and limits below."),
    el("thead", null, el("tr", null, ["Evidence", "Score", "log10 LR", "In words", "Propositions"].map((t, k) => el("th", { scope: "col", class: k === 1 || k === 2 ? "n" : null }, t)))),
    el("tbody", null, parts));
  const lead = el("p", { class: "lead" }, el("b", null, "log10 LR " + lr2(D.lr[i])), ": " + words(D.lr[i]) + " (" + order(D.lr[i]) + "). ", marks(i));
  const go = [
    s >= 0 ? button("Show in series " + seen(D.series[s]), () => { close(); open_series(s, a, true); }) : null,
    ...[a, b].map((e) => button("All links of " + seen(D.id[e]), () => { close(); only_links_of(e); })),
  ];
  dialog.replaceChildren(
    el("div", { class: "head" }, el("h3", { id: "detail-title" }, "Link " + (i + 1).toLocaleString("en") + ": ", bdi(seen(D.id[a])), " and ", bdi(seen(D.id[b]))), button("Close", close)),
    el("div", { class: "body" },
      lead, el("p", { class: "note" }, el("b", null, "H1: "), bdi(seen(D.about.h1)), " ", el("b", null, "H2: "), bdi(seen(D.about.h2))),
      el("dl", { class: "facts" }, side("Exhibit a", a), side("Exhibit b", b), el("div", null, el("dt", null, "Series"), el("dd", null, s < 0 ? "none in common" : bdi(seen(D.series[s]))))),
      table, el("div", { class: "explains" }, explanation(i, a, b)), el("div", { class: "buttons bar" }, go),
      el("details", null, el("summary", null, "Statements: population, limits, assumptions"), el("ul", null, D.about.statements.map((t) => el("li", null, bdi(seen(t))))))),
  );
  dialog.showModal();
  dialog.scrollTop = 0;
}

const shell = (text) => (/^[A-Za-z0-9_.\/:@%+-]+$/.test(text) ? text : "'" + text.replaceAll("'", "'\\''") + "'");

function explanation(i, a, b) {
  const stored = D.drawings.get(i);
  if (!stored) {
    const id = { "{a}": D.id[a], "{b}": D.id[b] };
    const command = D.about.show ? D.about.show.replace(/\{[ab]\}/g, (place) => shell(id[place])) : "";
    return [el("p", { class: "note" }, "No drawing was stored for this link." + (command ? " This draws one:" : "")), command ? el("p", null, el("code", null, seen(command))) : null];
  }
  return stored.map((k) => {
    const caption = seen(D.about.drawings[k].caption);
    const img = el("img", { alt: caption });
    const figure = el("figure", null, img, el("figcaption", null, bdi(caption)));
    drawing_url(k).then((url) => (img.src = url)).catch((e) => figure.append(el("p", { class: "alarm" }, "The drawing cannot be read: " + e.message)));
    return figure;
  });
}

async function drawing_url(k) {
  // Drawings stand last in the file, which may still be read.
  if (!$("drawing-" + k) && document.readyState === "loading") await new Promise((done) => document.addEventListener("DOMContentLoaded", done, { once: true }));
  return (urls[k] ||= URL.createObjectURL(new Blob([await inflate("drawing-" + k)], { type: "image/svg+xml" })));
}

function only_links_of(e) {
  for (const key of ["min", "mod", "mark", "in", "from", "to"]) state[key] = "";
  state.q = "=" + seen(D.id[e]);
  fill_filters();
  show_links();
  $("links").scrollIntoView();
  links_table.grid.focus({ preventScroll: true });
}
