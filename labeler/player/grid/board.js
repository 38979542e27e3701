// The cells on show: which one is current, where the arrows lead, and which one sounds. Only one sounds at a time.

const HOVER_DELAY = 120;

export class Board {
  // notify(words) shows a notice to the annotator. speed() is how fast clips are played.
  constructor(list, { notify, speed }) {
    this.list = list;
    this.notify = notify;
    this.speed = speed;
    this.cells = [];
    this.index = -1;
    this.turn = 0;
  }

  // As many as about three rows hold.
  get room() {
    const columns = getComputedStyle(this.list).gridTemplateColumns.split(" ").length;
    return Math.min(Math.max(columns * 3, 8), 48);
  }

  get current() {
    return this.cells[this.index] ?? null;
  }

  put(cells, { takeFocus = false } = {}) {
    this.cells.filter((cell) => !cells.includes(cell)).forEach((cell) => cell.dispose());
    this.cells = cells;
    this.list.replaceChildren(...cells.map((cell) => cell.root));
    this.index = -1;
    cells.forEach((cell) => cell.setCurrent(false));
    this.goTo(0, { quiet: true, takeFocus });
    this.loadSounds();
  }

  // In order, one at a time: the clips at the top are played first.
  async loadSounds() {
    this.turn += 1;
    const { turn } = this;
    this.cells.forEach((cell) => cell.media.drawPicture());
    for (const cell of this.cells) {
      if (turn !== this.turn) return;
      await cell.media.start();
    }
  }

  on(cell, what, event) {
    if (what === "click") return this.clicked(cell);
    if (what === "focus") return this.setCurrent(this.cells.indexOf(cell));
    if (what === "enter") return this.hover(cell, event);
    if (what === "leave") return this.unhover(cell);
    if (what === "playing") cell.follow();
    cell.show();
    return undefined;
  }

  clicked(cell) {
    clearTimeout(this.hovering);
    this.hovered = null;
    const playing = cell.media.sounding;
    this.goTo(this.cells.indexOf(cell), { quiet: true });
    if (playing && !this.justHovered) cell.pause();
    else if (!playing) this.play(cell);
  }

  // Nobody points at content that scrolls under a resting pointer.
  hover(cell, { screenX, screenY }) {
    const moved = this.pointer && (this.pointer[0] !== screenX || this.pointer[1] !== screenY);
    this.pointer = [screenX, screenY];
    if (!moved || this.hovered === cell) return;
    this.hovered = cell;
    clearTimeout(this.hovering);
    this.hovering = setTimeout(() => {
      this.goTo(this.cells.indexOf(cell), { quiet: true });
      if (!cell.media.sounding) this.play(cell);
      this.justHovered = true;
      setTimeout(() => (this.justHovered = false), 600);
    }, HOVER_DELAY);
  }

  unhover(cell) {
    clearTimeout(this.hovering);
    if (this.hovered === cell) cell.pause();
    this.hovered = null;
  }

  async play(cell) {
    this.cells.filter((other) => other !== cell).forEach((other) => other.pause());
    const allowed = await cell.play({ speed: this.speed() });
    if (!allowed) this.notify("Click anywhere or press a key once: the browser does not play sound before that.");
    cell.show();
  }

  setCurrent(index) {
    if (index < 0) return;
    this.current?.setCurrent(false);
    this.index = index;
    this.cells[index].setCurrent(true);
  }

  goTo(index, { quiet = false, takeFocus = false } = {}) {
    const cell = this.cells[index];
    if (!cell) return;
    this.setCurrent(index);
    const active = this.list.getRootNode().activeElement;
    // Whoever is typing or choosing elsewhere on the page goes on with that.
    if (takeFocus || active || document.activeElement === document.body) cell.face.focus({ preventScroll: quiet });
    if (quiet) return;
    cell.root.scrollIntoView({ block: "nearest" });
    this.play(cell);
  }

  step(direction) {
    if (this.cells.length === 0) return;
    const last = this.cells.length - 1;
    const columns = this.columns();
    const steps = { left: -1, right: 1, up: -columns, down: columns, first: -this.index, last: last - this.index };
    const index = this.index + steps[direction];
    if (index >= 0 && index <= last) this.goTo(index);
    else if (direction === "down" && this.index < last - (last % columns)) this.goTo(last);
  }

  columns() {
    const top = this.cells[0].root.offsetTop;
    const next = this.cells.findIndex((cell) => cell.root.offsetTop > top);
    return next < 0 ? this.cells.length : next;
  }
}
