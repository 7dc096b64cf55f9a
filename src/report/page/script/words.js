// Numbers, dates and ids as text.

// The least log10 LR that prints as 0.30, where support begins.
const SOME = 0.295;
const count = (n, one, many) => n.toLocaleString("en") + (one ? " " + (n === 1 ? one : many || one + "s") : "");
const minus = (text) => text.replace("-", "−");

function lr2(v) {
  if (Number.isNaN(v)) return "–";
  const text = v.toFixed(2);
  return minus(text === "-0.00" ? "0.00" : text);
}

const score4 = (v) => (Number.isNaN(v) ? "–" : minus(String(Number(v.toPrecision(4)))));

const SCALE = [[6, "extremely strong"], [4, "very strong"], [3, "strong"], [2, "moderately strong"], [1, "moderate"], [0.3, "weak"]];

// Of the printed number, so that number and word never disagree.
function degree(v) {
  const printed = Math.abs(Number(v.toFixed(2)));
  const step = SCALE.find(([least]) => printed >= least);
  return step ? step[1] : "";
}

function words(v) {
  if (Number.isNaN(v)) return "not measured";
  const strength = degree(v);
  return strength ? strength + " support for " + (v > 0 ? "H1" : "H2") : "inconclusive";
}

const words_in_two = (v) => (degree(v) ? [degree(v), "support for " + (v > 0 ? "H1" : "H2")] : [words(v)]);

// LR with one digit: "LR about 4 × 10⁵".
function order(v) {
  if (Number.isNaN(v)) return "not measured";
  const size = Math.abs(v);
  let exponent = Math.floor(size), digit = Math.round(10 ** (size - exponent));
  if (digit === 10) [digit, exponent] = [1, exponent + 1];
  const raised = String(exponent).replace(/./g, (c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]);
  const lr = exponent < 4 ? (digit * 10 ** exponent).toLocaleString("en") : (digit === 1 ? "" : digit + " × ") + "10" + raised;
  return degree(v) ? "LR about " + (v < 0 ? (lr.includes(" ") ? "1/(" + lr + ")" : "1/" + lr) : lr) : "LR about 1";
}

function iso(day) {
  return day === NO_DAY ? "" : new Date(day * 86400000).toISOString().slice(0, 10);
}

function day_of(text) {
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text + "T00:00:00Z") : NaN;
  return Number.isNaN(ms) ? null : ms / 86400000;
}

// What cannot be seen but makes two ids differ, or turns the direction of writing, is shown by its code.
const HIDDEN = /[\u0000-\u001F\u007F-\u009F\u00AD\u061C\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF]/g;
const seen = (text) => text.replace(HIDDEN, (c) => "⟨U+" + c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0") + "⟩");

const place_of = (p) => {
  const name = seen(D.place_name[p]);
  if (name || Number.isNaN(D.latitude[p])) return name;
  return degrees(D.latitude[p], "N", "S", 2) + " " + degrees(D.longitude[p], "E", "W", 2);
};

function degrees(v, plus, less, digits) {
  const text = Math.abs(v).toFixed(digits);
  return text + "°" + (Number(text) === 0 ? "" : v > 0 ? plus : less);
}

const facts_in_two = (e) => [D.case[e] && seen(D.case[e]), [iso(D.day[e]), place_of(D.place[e])].filter(Boolean).join(" · ")].filter(Boolean);
const facts_of = (e) => [D.case[e] && seen(D.case[e]), iso(D.day[e]), place_of(D.place[e])].filter(Boolean).join(" · ");
