// The map of clips: points to look at, to play and to select. What is drawn is on two canvases, points below and marks above.

import { counted, element, plainButton } from "../shared/elements.js";
import { mounted } from "../shared/mount.js";
import { draw, mark, painted, radius, SHADES } from "./drawing.js";
import { inside, nearest, NO_LABEL, unpacked } from "./points.js";
import { moved, onMap, onScreen, WHOLE, zoomed } from "./window.js";

const MODES = { label: "Label", prediction: "Prediction", uncertainty: "Uncertainty" };
const REACH = 14;
const CLICK = 4;
const STEP = 1.5;
const MOST_MARKS = 2000;
const QUIET = "#8a939e";

class ClipMap {
  constructor(root, data, tell) {
    this.root = root.querySelector(".map");
    this.mode = "label";
    this.selects = false;
    this.hovered = -1;
    this.build();
    this.listen();
    this.resizing = new ResizeObserver(() => this.show());
    this.resizing.observe(this.screen);
    this.stay(data, tell);
  }

  serves() {
    return this.root.isConnected;
  }

  stay(data, tell) {
    this.tell = tell;
    if (data.stamp === this.stamp) return;
    this.stamp = data.stamp;
    this.labels = data.labels;
    this.points = unpacked(data);
    this.window = WHOLE;
    this.only = null;
    this.chosen = -1;
    this.hovered = -1;
    this.tip.hidden = true;
    this.select([]);
    this.paint();
  }

  leave() {
    this.resizing.disconnect();
    cancelAnimationFrame(this.frame);
    this.root.replaceChildren();
  }

  // ---- its parts

  build() {
    this.tools = element("div", { className: "map-tools" });
    this.modes = Object.entries(MODES).map(([mode, text]) => this.button(text, () => this.setMode(mode), mode));
    this.lasso = this.button("Select", () => this.setSelects(!this.selects), "select");
    this.lasso.title = "Draw around clips; or hold Shift and drag";
    const closer = this.button("+", () => this.zoom(STEP), "closer");
    closer.setAttribute("aria-label", "Zoom in");
    const further = this.button("−", () => this.zoom(1 / STEP), "further");
    further.setAttribute("aria-label", "Zoom out");
    const whole = this.button("Whole map", () => this.look(WHOLE), "whole");
    this.tools.append(...this.modes, this.lasso, closer, further, whole);
    this.screen = element("div", { className: "map-screen" });
    this.screen.tabIndex = 0;
    this.screen.setAttribute("role", "application");
    this.screen.setAttribute(
      "aria-label",
      "Map of clips: arrow keys move it, plus and minus zoom, Enter plays the clip in the middle",
    );
    this.screen.dataset.testid = "map";
    this.below = element("canvas");
    this.above = element("canvas");
    this.tip = element("div", { className: "map-tip" });
    this.tip.hidden = true;
    this.screen.append(this.below, this.above, this.tip);
    this.legend = element("div", { className: "map-legend" });
    this.foot = element("div", { className: "map-foot" });
    this.words = element("span");
    this.words.setAttribute("role", "status");
    this.send = this.button("Label these in the grid", () => this.sendSelected(), "send");
    this.clear = this.button("Clear", () => this.select([]), "clear");
    this.foot.append(this.words, this.send, this.clear);
    this.root.append(this.tools, this.screen, this.legend, this.foot);
  }

  button(text, act, name) {
    const made = plainButton("small");
    made.textContent = text;
    made.dataset.do = name;
    made.addEventListener("click", act);
    return made;
  }

  listen() {
    this.screen.addEventListener("pointerdown", (event) => this.down(event));
    this.screen.addEventListener("pointermove", (event) => this.move(event));
    this.screen.addEventListener("pointerup", (event) => this.up(event));
    this.screen.addEventListener("pointercancel", () => this.drop());
    this.screen.addEventListener("pointerleave", () => this.hover(-1));
    this.screen.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.screen.addEventListener("keydown", (event) => this.key(event));
  }

  // ---- what is shown

  paint() {
    this.paints = painted(this.points, this.labels, this.mode, QUIET);
    this.modes.forEach((made) => made.setAttribute("aria-pressed", String(made.dataset.do === this.mode)));
    this.showLegend();
    this.show();
  }

  setMode(mode) {
    this.mode = mode;
    this.only = null;
    this.paint();
  }

  setSelects(selects) {
    this.selects = selects;
    this.lasso.setAttribute("aria-pressed", String(selects));
    this.screen.dataset.selects = selects;
  }

  showLegend() {
    const { colours, places } = this.paints;
    const counts = colours.map(() => 0);
    for (const place of places) counts[place] += 1;
    const last = colours.length - 1;
    const shares = SHADES.map((_, place) => `${(place * 100) / SHADES.length}–${((place + 1) * 100) / SHADES.length}%`);
    const names = this.mode === "uncertainty" ? shares : this.labels.map((label) => label.name);
    const none = this.mode === "label" ? "no label" : "nothing predicted";
    const entries = [...names, none].map((name, place) => {
      const made = plainButton("map-entry");
      const dot = element("span", { className: "map-dot" });
      dot.style.background = colours[place];
      made.append(dot, element("bdi", { text: `${name} (${counts[place]})` }));
      made.hidden = place === last && counts[place] === 0;
      made.setAttribute("aria-pressed", String(this.only === place));
      made.addEventListener("click", () => {
        this.only = this.only === place ? null : place;
        this.showLegend();
        this.show();
      });
      return made;
    });
    this.legend.replaceChildren(...entries);
  }

  show() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      const { width, height } = this.fit();
      if (width === 0) return;
      draw(this.below.getContext("2d"), this.points, this.paints, { width, height, window: this.window, only: this.only });
      this.showMarks();
    });
  }

  // Both canvases have as many pixels as the screen has there.
  fit() {
    const { clientWidth: width, clientHeight: height } = this.screen;
    const ratio = window.devicePixelRatio || 1;
    for (const canvas of [this.below, this.above]) {
      const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
      if (canvas.width !== across || canvas.height !== down) [canvas.width, canvas.height] = [across, down];
      canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    return { width, height };
  }

  showMarks() {
    const { clientWidth: width, clientHeight: height } = this.screen;
    const size = radius(this.points.ids.length, this.window) + 2;
    const marks = this.selected.slice(0, MOST_MARKS).map((point) => ({ ...this.placeOf(point), size }));
    for (const point of [this.hovered, this.chosen]) if (point >= 0) marks.push({ ...this.placeOf(point), size: size + 3 });
    const colour = getComputedStyle(this.root).color;
    mark(this.above.getContext("2d"), marks, this.line ?? [], { width, height, colour });
  }

  placeOf(point) {
    return onScreen(this.window, { x: this.points.x[point] / 65535, y: this.points.y[point] / 65535 });
  }

  look(at) {
    this.window = at;
    this.hover(-1);
    this.show();
  }

  zoom(factor, at) {
    this.look(zoomed(this.window, factor, at));
  }

  // ---- pointer and keys

  at(event) {
    const { left, top, width, height } = this.screen.getBoundingClientRect();
    return { x: (event.clientX - left) / width, y: (event.clientY - top) / height };
  }

  shows(point) {
    return this.only === null || this.paints.places[point] === this.only;
  }

  pointAt(place) {
    const { clientWidth, clientHeight } = this.screen;
    const reach = { x: (REACH / clientWidth) * this.window.size, y: (REACH / clientHeight) * this.window.size };
    return nearest(this.points, onMap(this.window, place), reach, { shows: (point) => this.shows(point) });
  }

  down(event) {
    if (event.button !== 0) return;
    this.screen.setPointerCapture(event.pointerId);
    this.from = { ...this.at(event), window: this.window, far: 0, clientX: event.clientX, clientY: event.clientY };
    this.line = this.selects || event.shiftKey ? [this.at(event)] : null;
  }

  move(event) {
    const place = this.at(event);
    if (!this.from) return this.hover(this.pointAt(place), place);
    this.from.far = Math.max(this.from.far, Math.hypot(event.clientX - this.from.clientX, event.clientY - this.from.clientY));
    if (this.line) {
      this.line.push(place);
      return this.showMarks();
    }
    if (this.from.far > CLICK) this.look(moved(this.from.window, place.x - this.from.x, place.y - this.from.y));
    return undefined;
  }

  up(event) {
    if (!this.from) return;
    const { far } = this.from;
    const line = this.line ?? [];
    this.drop();
    if (far <= CLICK) return this.choose(this.pointAt(this.at(event)));
    if (line.length > 2) {
      const around = line.map((place) => onMap(this.window, place));
      this.select(inside(this.points, around, { shows: (point) => this.shows(point) }));
    }
    return undefined;
  }

  drop() {
    this.from = null;
    this.line = null;
    this.showMarks();
  }

  wheel(event) {
    // A page that is scrolled past the map goes on scrolling; the map zooms once somebody has clicked it, or holds Ctrl.
    const focused = this.root.getRootNode().activeElement === this.screen;
    if (!focused && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY / 400), this.at(event));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const moves = { ArrowLeft: [0.1, 0], ArrowRight: [-0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] };
    if (moves[event.key]) this.look(moved(this.window, ...moves[event.key]));
    else if (event.key === "+" || event.key === "=") this.zoom(STEP);
    else if (event.key === "-") this.zoom(1 / STEP);
    else if (event.key === "0") this.look(WHOLE);
    else if (event.key === "Enter") this.choose(this.middle());
    else if (event.key === "Escape") this.select([]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  middle() {
    const { size } = this.window;
    return nearest(
      this.points,
      onMap(this.window, { x: 0.5, y: 0.5 }),
      { x: size, y: size },
      { shows: (point) => this.shows(point) },
    );
  }

  hover(point, place) {
    if (point !== this.hovered) {
      this.hovered = point;
      this.screen.dataset.over = point >= 0;
      this.tip.hidden = point < 0;
      if (point >= 0) this.tip.replaceChildren(element("b", { text: this.points.names[point] }), ...this.facts(point));
      if (this.points) this.showMarks();
    }
    if (point < 0 || !place) return;
    const [right, low] = [place.x > 0.6, place.y > 0.7];
    this.tip.style.inset = `${low ? "auto" : `${place.y * 100}%`} ${right ? `${(1 - place.x) * 100}%` : "auto"} ${low ? `${(1 - place.y) * 100}%` : "auto"} ${right ? "auto" : `${place.x * 100}%`}`;
  }

  facts(point) {
    const { own, predicted, uncertainty } = this.points;
    const label = this.labels[own[point]]?.name;
    const guess = predicted[point] === NO_LABEL ? null : this.labels[predicted[point]]?.name;
    const sure = Math.round(100 - (uncertainty[point] / 255) * 100);
    const texts = [label ? `labelled ${label}` : "no label", guess ? `predicted ${guess}, ${sure}% sure` : null];
    return texts.filter(Boolean).map((text) => element("span", { text }));
  }

  // ---- what is done with clips

  choose(point) {
    if (point < 0) return;
    this.chosen = point;
    this.showMarks();
    this.tell?.("chosen", this.points.ids[point]);
  }

  select(points) {
    this.selected = points;
    const open = points.filter((point) => this.points.own[point] === NO_LABEL).length;
    const many = `${counted(points.length, "clip")} selected, ${open} without a label`;
    this.words.textContent = points.length > 0 ? many : "Click a clip to play it. Select draws around clips.";
    this.send.hidden = points.length === 0;
    this.send.disabled = open === 0;
    this.clear.hidden = points.length === 0;
    if (this.paints) this.showMarks();
  }

  sendSelected() {
    const open = this.selected.filter((point) => this.points.own[point] === NO_LABEL);
    this.tell?.(
      "sent",
      Array.from(open, (point) => this.points.ids[point]),
    );
  }
}

export default mounted(ClipMap);
