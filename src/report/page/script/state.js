// What is looked at, kept in the address after #, so that a view can be cited.

const KEYS = ["q", "min", "mod", "mark", "in", "from", "to", "sort", "series", "cut", "exhibit"];
const state = Object.fromEntries(KEYS.map((k) => [k, ""]));
let saving = 0;

function restore() {
  const hash = location.hash.slice(1);
  if (!hash.includes("=")) return false;
  const given = new URLSearchParams(hash);
  for (const key of KEYS) state[key] = given.get(key) || "";
  return true;
}

function save() {
  clearTimeout(saving);
  saving = setTimeout(() => {
    const kept = new URLSearchParams(KEYS.filter((k) => state[k] !== "").map((k) => [k, state[k]])).toString();
    if (kept === location.hash.slice(1) || (!kept && !location.hash.includes("="))) return;
    try {
      history.replaceState(null, "", kept ? "#" + kept : location.href.split("#")[0]);
    } catch {
      // Some browsers refuse this for files, or when it comes often; the view then is not in the address.
    }
  }, 150);
}
