// Draws the points: all those of a colour together, since a change of colour costs more than a point.

import { NO_LABEL } from "./points.js";

const SCALE = 65535;
const FAINT = 0.1;
// From certain to uncertain; lighter and darker in one hue, so that any colour vision reads it.
export const SHADES = ["#8a939e", "#a58f6c", "#bb8546", "#cf7420", "#e05a00"];

// For each point the place of its colour in `colours`, by what is shown.
export function painted(points, labels, mode, quiet) {
  const colours = mode === "uncertainty" ? [...SHADES, quiet] : [...labels.map((label) => label.colour), quiet];
  const none = colours.length - 1;
  const places = new Uint16Array(points.ids.length);
  for (let point = 0; point < places.length; point += 1) {
    if (mode === "uncertainty") {
      const shade = Math.min(Math.floor((points.uncertainty[point] / 256) * SHADES.length), SHADES.length - 1);
      places[point] = points.predicted[point] === NO_LABEL ? none : shade;
    } else {
      const label = (mode === "prediction" ? points.predicted : points.own)[point];
      places[point] = label < none ? label : none;
    }
  }
  return { colours, places };
}

// `only` is the place of the one colour that is not faint, or null; `window` the part of the map that is on screen.
export function draw(context, points, { colours, places }, { width, height, window, only = null }) {
  context.clearRect(0, 0, width, height);
  const size = radius(points.ids.length, window) * 2;
  const across = width / window.size / SCALE;
  const down = height / window.size / SCALE;
  const [left, top] = [(window.left * width) / window.size, (window.top * height) / window.size];
  // Clips without a label lie below the others.
  const order = [colours.length - 1, ...colours.keys()].slice(0, colours.length);
  for (const place of order) {
    context.globalAlpha = only !== null && only !== place ? FAINT : place === colours.length - 1 ? 0.45 : 0.85;
    context.fillStyle = colours[place];
    context.beginPath();
    for (let point = 0; point < places.length; point += 1) {
      if (places[point] !== place) continue;
      const x = points.x[point] * across - left;
      const y = points.y[point] * down - top;
      if (x < -size || y < -size || x > width + size || y > height + size) continue;
      if (points.ids.length > 6000) context.rect(x - size / 2, y - size / 2, size, size);
      else {
        context.moveTo(x + size / 2, y);
        context.arc(x, y, size / 2, 0, 7);
      }
    }
    context.fill();
  }
  context.globalAlpha = 1;
}

// In pixels: smaller where there are many, larger where few are on screen.
export function radius(count, { size }) {
  const usual = count > 10_000 ? 1.8 : count > 2000 ? 2.6 : count > 500 ? 3.6 : 4.6;
  return Math.min(usual / Math.sqrt(Math.min(size, 1)), 7);
}

// The outline of single points, and the line of a lasso, over the rest.
export function mark(context, marks, line, { width, height, colour }) {
  context.clearRect(0, 0, width, height);
  context.strokeStyle = colour;
  context.lineWidth = 2;
  for (const { x, y, size } of marks) {
    context.beginPath();
    context.arc(x * width, y * height, size, 0, 7);
    context.stroke();
  }
  if (line.length < 2) return;
  context.setLineDash([5, 4]);
  context.beginPath();
  line.forEach(({ x, y }, place) =>
    place === 0 ? context.moveTo(x * width, y * height) : context.lineTo(x * width, y * height),
  );
  context.closePath();
  context.globalAlpha = 0.12;
  context.fillStyle = colour;
  context.fill();
  context.globalAlpha = 1;
  context.stroke();
  context.setLineDash([]);
}
