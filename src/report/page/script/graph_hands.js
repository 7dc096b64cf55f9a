// The picture of a series under mouse, wheel and keys; its slider and its search.

function set_cut_range() {
  const cut = $("cut");
  const low = one.links.length ? Math.floor(one.x.least * 100) / 100 : 0, high = one.links.length ? Math.ceil(one.x.most * 100) / 100 : 1;
  Object.assign(cut, { min: low, max: high, disabled: !one.links.length });
  cut.value = low;
  cut_to(low);
}

function cut_to(v) {
  const low = parseFloat($("cut").min);
  one.cut = v <= low ? -Infinity : Math.fround(v);
  state.cut = v <= low ? "" : String(v);
  $("cut-value").textContent = v <= low ? "all" : "≥ " + lr2(v);
  $("cut").setAttribute("aria-valuetext", $("cut-value").textContent);
}

function set_up_graph() {
  const canvas = $("graph");
  let drag = null;
  canvas.addEventListener("pointerdown", (e) => {
    if (!one) return;
    drag = { x: e.clientX, y: e.clientY, far: 0 };
    canvas.setPointerCapture(e.pointerId);
  });
  canvas.addEventListener("pointermove", (e) => {
    if (!drag) return;
    const dx = e.clientX - drag.x, dy = e.clientY - drag.y;
    drag = { x: e.clientX, y: e.clientY, far: drag.far + Math.abs(dx) + Math.abs(dy) };
    if (drag.far < 4) return;
    canvas.classList.add("moving");
    view.x += dx / view.scale;
    view.y += dy / view.scale;
    draw_graph();
  });
  canvas.addEventListener("pointerup", (e) => {
    const clicked = drag && drag.far < 4;
    drag = null;
    canvas.classList.remove("moving");
    if (!clicked) return;
    const k = nearest(e.offsetX, e.offsetY, one.drawn.r + 8);
    choose_exhibit(k < 0 ? -1 : one.members[k]);
    if (k >= 0) say_exhibit(one.members[k]);
  });
  canvas.addEventListener("pointercancel", () => (drag = null));
  canvas.addEventListener("wheel", (e) => {
    if (document.activeElement !== canvas) return;
    e.preventDefault();
    zoom(Math.exp(-e.deltaY / 400), e.offsetX, e.offsetY);
  }, { passive: false });
  canvas.addEventListener("keydown", (e) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key];
    if (!one || !one.drawn || e.ctrlKey || e.metaKey || e.altKey) return;
    if (way && e.shiftKey) {
      view.x -= (way[0] * 60) / view.scale;
      view.y -= (way[1] * 60) / view.scale;
      draw_graph();
    } else if (way) {
      const k = step(...way);
      if (k >= 0) {
        choose_exhibit(one.members[k], true);
        say_exhibit(one.members[k]);
      }
    } else if (e.key === "+" || e.key === "=") zoom(1.4);
    else if (e.key === "-") zoom(1 / 1.4);
    else if (e.key === "0") all();
    else if (e.key === "Escape") choose_exhibit(-1);
    else if (e.key === "Enter") $("tab-links").click(), tables_of_one.links.grid.focus();
    else return;
    e.preventDefault();
  });
  const all = () => {
    view = { scale: 1, x: 0, y: 0 };
    draw_graph();
  };
  $("zoom-in").addEventListener("click", () => zoom(1.5));
  $("zoom-out").addEventListener("click", () => zoom(1 / 1.5));
  $("zoom-all").addEventListener("click", all);
  $("cut").addEventListener("input", () => {
    cut_to(parseFloat($("cut").value));
    choose_exhibit(one.exhibit);
  });
  $("find").addEventListener("input", () => {
    const q = $("find").value.trim().toLowerCase();
    hits = new Set(q ? Array.from(one.members).filter((e) => seen(D.id[e]).toLowerCase().includes(q)) : []);
    hit_at = -1;
    $("graph-said").textContent = q ? count(hits.size, "exhibit") + " found; Enter goes through them" : "";
    draw_graph();
  });
  $("find").addEventListener("keydown", (e) => {
    if (e.key !== "Enter" || !hits.size) return;
    hit_at = (hit_at + 1) % hits.size;
    const found = [...hits][hit_at];
    choose_exhibit(found, true);
    say_exhibit(found);
  });
  new ResizeObserver(draw_graph).observe(canvas);
}
