// Shapes, and two pens that draw alike: on a canvas, and as SVG for paper.

const INK = "#14171a", SOFT = "#474e57", PALE = "#c4cad1";
const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#4d4d4d"];
const DARK = new Set(["#0072b2", "#009e73", "#d55e00", "#4d4d4d"]);
const around = (n, turn, radii) => Array.from({ length: n }, (_, k) => {
  const t = 2 * Math.PI * (k / n + turn), r = radii[k % radii.length];
  return [r * Math.cos(t), r * Math.sin(t)];
});
// The first, without corners, is a circle. Radii are such that all look equally large.
const SHAPES = [[], around(4, 0.125, [1.25]), around(3, -0.25, [1.4]), around(4, 0, [1.35]), around(3, 0.25, [1.4]), around(5, -0.25, [1.2]), around(6, 0, [1.15]), around(10, -0.25, [1.5, 0.8])];

function canvas_pen(ctx) {
  return {
    line(x1, y1, x2, y2, width, dash, colour, opacity = 1) {
      ctx.beginPath();
      ctx.globalAlpha = opacity;
      ctx.setLineDash(dash ? dash.split(" ").map(Number) : []);
      ctx.lineWidth = width;
      ctx.strokeStyle = colour;
      ctx.moveTo(x1, y1);
      ctx.lineTo(x2, y2);
      ctx.stroke();
      ctx.globalAlpha = 1;
    },
    shape(kind, x, y, r, fill, stroke, width) {
      ctx.setLineDash([]);
      ctx.beginPath();
      if (kind === 0) ctx.arc(x, y, r, 0, 7);
      else for (const [u, v] of SHAPES[kind]) ctx.lineTo(x + r * u, y + r * v);
      ctx.closePath();
      ctx.fillStyle = fill;
      if (fill !== "none") ctx.fill();
      ctx.lineWidth = width;
      ctx.strokeStyle = stroke;
      ctx.stroke();
    },
    text(text, x, y, size, anchor, colour, halo) {
      ctx.font = size + "px " + getComputedStyle(document.body).fontFamily;
      ctx.textAlign = { start: "left", middle: "center", end: "right" }[anchor];
      ctx.textBaseline = "middle";
      ctx.direction = "ltr";
      ctx.setLineDash([]);
      if (halo) {
        ctx.lineWidth = 3;
        ctx.lineJoin = "round";
        ctx.strokeStyle = "#fff";
        ctx.strokeText(text, x, y);
      }
      ctx.fillStyle = colour;
      ctx.fillText(text, x, y);
    },
  };
}

function svg_pen(width, height, about) {
  const node = svg("svg", { viewBox: "0 0 " + width + " " + height, width, height, role: about ? "img" : null, "aria-label": about, "aria-hidden": about ? null : "true" });
  const at = (v) => Number(v.toFixed(2));
  return {
    node,
    line: (x1, y1, x2, y2, w, dash, stroke, opacity = 1) => node.append(svg("line", { x1: at(x1), y1: at(y1), x2: at(x2), y2: at(y2), stroke, "stroke-width": w, "stroke-dasharray": dash || null, "stroke-opacity": opacity < 1 ? opacity.toFixed(2) : null })),
    shape(kind, x, y, r, fill, stroke, w, more) {
      const look = { fill, stroke, "stroke-width": w, ...more };
      const made = kind === 0 ? svg("circle", { cx: at(x), cy: at(y), r, ...look }) : svg("polygon", { points: SHAPES[kind].map(([u, v]) => at(x + r * u) + "," + at(y + r * v)).join(" "), ...look });
      node.append(made);
      return made;
    },
    text(text, x, y, size, anchor, fill, halo, more) {
      const made = svg("text", { x: at(x), y: at(y), "font-size": size, "text-anchor": anchor, fill, "dominant-baseline": "central", "font-family": "inherit", ...(halo ? { stroke: "#fff", "stroke-width": 3, "paint-order": "stroke", "stroke-linejoin": "round" } : null), ...more }, text);
      node.append(made);
      return made;
    },
  };
}
