// Elements. Text is always set as text, never as HTML.

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(9).filter((c) => c !== null && c !== undefined && c !== ""));
  return node;
}

const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) => fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
const bdi = (text, cls) => el("bdi", { class: cls, title: cls === "one" ? text : null }, text);
const id_of = (e) => bdi(seen(D.id[e]), "one");
const button = (text, click, label) => el("button", { type: "button", "aria-label": label, onclick: click }, text);
const facts = (pairs) => pairs.filter(([, v]) => v).map(([label, v]) => el("div", null, el("dt", null, label), el("dd", null, v)));

function marks(i) {
  return [
    D.against[i] ? el("span", { class: "mark against", title: "One kind of evidence supports H1, another H2, each by an LR of 2 or more" }, "disagree") : null,
    D.limited[i] ? el("span", { class: "mark", title: "Cut at a limit of what the calibration data support" }, "limit") : null,
    D.drawings.has(i) ? el("span", { class: "mark", title: "A drawing explains this link" }, "drawing") : null,
  ];
}

// The propositions, to stand beside numbers.
function terms(words_for) {
  const parts = [el("b", null, "H1: "), bdi(seen(D.about.h1)), " ", el("b", null, "H2: "), bdi(seen(D.about.h2)), " "];
  return [words_for, parts, el("a", { href: "#statements" }, "Propositions of each kind of evidence, population and limits")];
}
