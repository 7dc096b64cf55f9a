// The block of columns, and what follows from it.

const $ = (id) => document.getElementById(id);

async function inflate(id) {
  const text = $(id).textContent.trim();
  const bytes = Uint8Array.fromBase64 ? Uint8Array.fromBase64(text) : Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function unplane(bytes, n) {
  const out = new Uint8Array(4 * n);
  for (let plane = 0; plane < 4; plane++) {
    for (let i = 0, from = plane * n, to = plane; i < n; i++, to += 4) out[to] = bytes[from + i];
  }
  return out.buffer;
}

function read(block) {
  const length = new DataView(block.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(block.subarray(4, 4 + length)));
  const kinds = { u32: Uint32Array, i32: Int32Array, f32: Float32Array };
  const columns = new Map();
  for (const [name, kind, start, count] of header.columns) {
    const from = 4 + length + start;
    if (kind === "u8") columns.set(name, block.subarray(from, from + count));
    else if (kind === "text") {
      const all = new TextDecoder("utf-8", { ignoreBOM: true }).decode(block.subarray(from, from + count));
      let at = 0;
      columns.set(name, Array.from(columns.get(name + "#"), (n) => all.slice(at, (at += n))));
    } else columns.set(name, new kinds[kind](unplane(block.subarray(from, from + 4 * count), count)));
  }
  return { about: header.about, column: (name) => columns.get(name) };
}

// Starts of the buckets 0..n of a column of bucket numbers (-1: none), and the entries bucket by bucket, in their order.
function buckets(n, ...columns) {
  const start = new Uint32Array(n + 1);
  for (const c of columns) for (let i = 0; i < c.length; i++) if (c[i] >= 0) start[c[i] + 1]++;
  for (let i = 0; i < n; i++) start[i + 1] += start[i];
  const next = start.slice(), entries = new Uint32Array(start[n]);
  const length = columns.length ? columns[0].length : 0;
  for (let i = 0; i < length; i++) for (const c of columns) if (c[i] >= 0) entries[next[c[i]]++] = i;
  return (b) => entries.subarray(start[b], start[b + 1]);
}

const NO_DAY = -2147483648;
let D = null;

async function load() {
  const { about, column } = read(await inflate("data"));
  const d = { about, column, modalities: about.modalities };
  for (const name of ["id", "case", "day", "place", "a", "b", "lr", "limited", "series", "member", "community", "x", "y"]) d[name] = column(name);
  d.place_name = column("place.name");
  d.latitude = column("place.latitude");
  d.longitude = column("place.longitude");
  d.score = d.modalities.map((_, m) => column("score." + m));
  d.part = d.modalities.map((_, m) => column("lr." + m));
  const size = column("series.size");
  d.first = new Uint32Array(size.length + 1);
  for (let s = 0; s < size.length; s++) d.first[s + 1] = d.first[s] + size[s];
  d.home = new Int32Array(d.id.length).fill(-1);
  d.seat = new Uint32Array(d.id.length);
  for (let s = 0; s < size.length; s++) {
    for (let k = d.first[s]; k < d.first[s + 1]; k++) {
      d.home[d.member[k]] = s;
      d.seat[d.member[k]] = k;
    }
  }
  const n = d.a.length;
  d.link_series = new Int32Array(n);
  d.against = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    const s = d.home[d.a[i]];
    d.link_series[i] = s === d.home[d.b[i]] ? s : -1;
    let most = -Infinity, least = Infinity;
    for (const part of d.part) {
      if (part[i] > most) most = part[i];
      if (part[i] < least) least = part[i];
    }
    // Supports H1 in one, H2 in another, each by LR 2 or more.
    d.against[i] = most >= SOME && least <= -SOME ? 1 : 0;
  }
  d.links_of_series = buckets(size.length, d.link_series);
  d.drawings = new Map();
  about.drawings.forEach((drawing, k) => d.drawings.set(drawing.link, [...(d.drawings.get(drawing.link) || []), k]));
  let of_exhibit = null;
  d.links_of = (e) => (of_exhibit ||= buckets(d.id.length, d.a, d.b))(e);
  let texts = null;
  d.texts = () => (texts ||= d.id.map((id, e) => [id, d.case[e], d.place_name[d.place[e]]].map(seen).join("\n").toLowerCase()));
  return d;
}
