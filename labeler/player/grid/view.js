import { Revealed } from "../shared/scrolling.js";

// What is on screen around the cells: the notice, the counts, and what the buttons do next.

export class View {
  constructor(root, annotator) {
    this.root = root.querySelector("[data-testid=grid]");
    this.parts = Object.fromEntries([...this.root.querySelectorAll("[data-testid]")].map((part) => [part.dataset.testid, part]));
    this.parts["annotator-name"].textContent = annotator;
    this.revealed = new Revealed();
  }

  get cells() {
    return this.parts.cells;
  }

  notify(words) {
    this.parts.notice.textContent = words;
  }

  state(state, { startOver }) {
    this.root.dataset.state = state;
    this.parts["start-over"].hidden = !startOver;
  }

  get helpIsOpen() {
    return !this.parts["key-help"].hidden;
  }

  toggleHelp() {
    const hidden = (this.parts["key-help"].hidden = this.helpIsOpen);
    this.parts.help.setAttribute("aria-expanded", String(!hidden));
    if (hidden) this.revealed.back();
    else this.revealed.show(this.parts["key-help"]);
  }

  // `save` is the last one, which can be taken back, if there is any.
  marks({ yes, no, total, label, save }) {
    this.parts.marked.textContent = `${yes} confirmed, ${no} rejected of ${total}`;
    this.parts["grid-save"].firstElementChild.textContent = yes > 0 ? `Save ${yes} as ${label}` : "Next clips";
    this.parts["grid-undo"].disabled = !save;
    this.parts["grid-undo"].firstElementChild.textContent = save?.answers.length ? `Undo saving ${save.answers.length}` : "Undo";
  }

  savedCount(count) {
    this.parts["saved-count"].textContent = String(count);
  }

  saving({ state, text }) {
    this.parts["save-state"].dataset.state = state;
    if (this.parts["save-state"].textContent !== text) this.parts["save-state"].textContent = text;
  }
}

// What a state means for whoever looks at the grid.
export function noticeOf(state, { likely, passed }) {
  if (state === "loading") return "Looking for clips…";
  if (state !== "empty") return "";
  if (passed) return "No more clips; you can show the ones you passed over again.";
  return likely
    ? "No clip to show: none is likely or free, or the learner has not listed any for this label yet."
    : "No clip to show: all similar clips are answered or open in another tab.";
}
