// A table that draws the rows in sight only. The grid has the focus, and says which row is active.

const TALLEST = 15e6;
let tables = 0;

class Table {
  // columns: { key, title, width (px), cls, cell(row) -> nodes, sort }
  constructor(host, { label, describedby, columns, row, height, open, sort, empty, activate }) {
    Object.assign(this, { columns, row, open, empty, activate, rows: new Uint32Array(0), active: 0, name: "t" + tables++ });
    this.heads = columns.map((c) => this.head(c, sort));
    this.body = el("tbody", { role: "rowgroup" });
    this.above = el("tr", { class: "space", "aria-hidden": "true" }, el("td", { colspan: columns.length }));
    this.below = this.above.cloneNode(true);
    this.body.append(this.above, this.below);
    const wide = columns.reduce((sum, c) => sum + c.width, 0);
    this.thead = el("thead", { role: "rowgroup" }, el("tr", { role: "row", "aria-rowindex": 1 }, this.heads));
    const cols = columns.map((c) => {
      const col = el("col");
      col.style.width = (100 * c.width) / wide + "%";
      return col;
    });
    const table = el("table", { role: "presentation" }, el("colgroup", null, cols), this.thead, this.body);
    table.style.minWidth = Math.round(wide * 0.85) + "px";
    this.grid = el("div", { class: "grid", role: "grid", tabindex: 0, "aria-label": label, "aria-describedby": describedby, "aria-colcount": columns.length }, table);
    this.grid.style.maxHeight = height + "px";
    host.replaceChildren(this.grid);
    this.pool = [];
    let waiting = false;
    this.grid.addEventListener("scroll", () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        this.draw();
      });
    });
    this.grid.addEventListener("keydown", (e) => this.key(e));
    this.body.addEventListener("click", (e) => {
      const tr = e.target.closest("tr:not(.space)");
      if (!tr || tr.at === undefined) return;
      this.go(tr.at, false);
      if (this.open) this.open(this.rows[tr.at]);
    });
  }

  head(column, sort) {
    const th = el("th", { role: "columnheader", scope: "col", class: column.cls, title: column.about });
    const text = [column.title].flat();
    if (!column.sort || !sort) th.append(el("button", { type: "button", disabled: true, tabindex: -1 }, text));
    else th.append(el("button", { type: "button", onclick: () => sort(column.key) }, text, el("span", { class: "arrow", "aria-hidden": "true" })));
    return th;
  }

  sorted(key, down) {
    this.columns.forEach((c, k) => {
      const th = this.heads[k];
      const arrow = th.querySelector(".arrow");
      if (!arrow) return;
      arrow.textContent = c.key === key ? (down ? " ▼" : " ▲") : "";
      if (c.key === key) th.setAttribute("aria-sort", down ? "descending" : "ascending");
      else th.removeAttribute("aria-sort");
    });
  }

  set(rows, active = 0) {
    this.rows = rows;
    this.active = Math.max(0, Math.min(active, rows.length - 1));
    this.grid.setAttribute("aria-rowcount", rows.length + 1);
    this.grid.scrollTop = 0;
    if (active) this.reveal();
    this.draw();
  }

  get view() {
    return Math.max(this.row, this.grid.clientHeight - this.thead.offsetHeight);
  }

  get tall() {
    return Math.min(TALLEST, this.rows.length * this.row);
  }

  draw() {
    const n = this.rows.length, tall = this.tall;
    const fits = Math.ceil(parseFloat(this.grid.style.maxHeight) / this.row) + 1;
    const shown = Math.min(n, fits + 8);
    const travel = Math.max(1, tall - this.view);
    // Beyond TALLEST browsers lose pixels: the bar then moves through more rows than it has pixels.
    const top = this.grid.scrollTop;
    const exact = n * this.row > TALLEST ? (top / travel) * (n - this.view / this.row) : top / this.row;
    const first = Math.max(0, Math.min(Math.floor(exact) - 4, n - shown));
    const before = n * this.row > TALLEST ? Math.max(0, Math.min(top - (exact - first) * this.row, tall - shown * this.row)) : first * this.row;
    while (this.pool.length < shown) this.pool.push(this.fresh());
    for (const tr of this.pool.splice(shown)) tr.remove();
    this.above.firstChild.style.height = before + "px";
    this.below.firstChild.style.height = Math.max(0, tall - before - shown * this.row) + "px";
    this.pool.forEach((tr, k) => this.put(tr, first + k));
    this.none(n === 0);
    this.mark();
  }

  fresh() {
    const cells = this.columns.map((c) => {
      const inner = el("div", { class: c.cls });
      inner.style.height = this.row - 1 + "px";
      return el("td", { role: "gridcell" }, inner);
    });
    const tr = el("tr", { role: "row" }, cells);
    this.below.before(tr);
    return tr;
  }

  put(tr, at) {
    const item = this.rows[at];
    if (tr.at === at && tr.item === item && tr.rows === this.rows) return;
    Object.assign(tr, { at, item, rows: this.rows, id: this.name + "-" + at });
    tr.setAttribute("aria-rowindex", at + 2);
    this.columns.forEach((c, k) => {
      const content = c.cell(item, at);
      tr.children[k].firstChild.replaceChildren(...[content].flat(9).filter((x) => x !== null && x !== undefined));
    });
  }

  refresh() {
    for (const tr of this.pool) tr.at = undefined;
    this.draw();
  }

  none(is) {
    if (is && !this.said) this.grid.append((this.said = el("p", { class: "none" }, this.empty || "Nothing to show.")));
    else if (!is && this.said) {
      this.said.remove();
      this.said = null;
    }
  }

  mark() {
    let at = null;
    for (const tr of this.pool) {
      const on = tr.at === this.active && this.rows.length > 0;
      tr.classList.toggle("on", on);
      tr.setAttribute("aria-selected", on);
      if (on) at = tr.id;
    }
    if (at) this.grid.setAttribute("aria-activedescendant", at);
    else this.grid.removeAttribute("aria-activedescendant");
  }

  reveal() {
    const n = this.rows.length, travel = this.tall - this.view;
    if (n * this.row > TALLEST) {
      const exact = (this.grid.scrollTop / travel) * (n - this.view / this.row);
      if (this.active >= exact && this.active + 1 <= exact + this.view / this.row) return;
      this.grid.scrollTop = (this.active / Math.max(1, n - 1)) * travel;
      return;
    }
    const top = this.active * this.row;
    if (top < this.grid.scrollTop) this.grid.scrollTop = top;
    else if (top + this.row > this.grid.scrollTop + this.view) this.grid.scrollTop = top + this.row - this.view;
  }

  go(at, reveal = true) {
    this.active = Math.max(0, Math.min(at, this.rows.length - 1));
    if (reveal) this.reveal();
    this.draw();
    if (this.activate && this.rows.length) this.activate(this.rows[this.active]);
  }

  key(e) {
    if (e.target !== this.grid || e.altKey || e.ctrlKey || e.metaKey) return;
    const page = Math.max(1, Math.floor(this.view / this.row) - 1);
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[e.key];
    if (step !== undefined) this.go(this.active + step);
    else if ((e.key === "Enter" || e.key === " ") && this.open && this.rows.length) this.open(this.rows[this.active]);
    else return;
    e.preventDefault();
  }
}
