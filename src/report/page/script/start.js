// In order: data, links, and once these stand, the rest.

function opened_from_address() {
  const s = state.series ? D.series.indexOf(state.series) : -1;
  if (s < 0) return false;
  const e = state.exhibit ? D.id.indexOf(state.exhibit) : -1, cut = parseFloat(state.cut);
  open_series(s, e, false);
  if (!Number.isNaN(cut)) {
    $("cut").value = cut;
    cut_to(cut);
    choose_exhibit(one.exhibit);
  }
  return true;
}

async function start() {
  if (typeof DecompressionStream === "undefined") throw new Error("this browser is too old; Chromium 103, Firefox 113 or Safari 16.4 and later open the page");
  D = await load();
  const cited = restore();
  set_up_links();
  await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 0)));
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
  set_up_series();
  set_up_graph();
  set_up_timeline();
  set_up_print();
  if (!(cited && opened_from_address()) && D.series.length) {
    open_series(series_rows[0], -1, false);
    // Not chosen by anybody, so not part of the address.
    state.series = "";
  }
  window.addEventListener("hashchange", () => {
    if (!restore()) return;
    fill_filters();
    show_links();
    opened_from_address();
  });
  document.documentElement.dataset.complete = String(Math.round(performance.now()));
}

start().catch((e) => {
  $("links-count").textContent = "";
  $("trouble").hidden = false;
  $("trouble").textContent = "Links and series cannot be shown: " + e.message + ". Summary, statements, plots and provenance can be read.";
});
