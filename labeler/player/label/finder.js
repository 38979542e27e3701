// Type to find a label: where there are more labels than keys, each is a few letters away.

export class Finder {
  // act() gets { name: "label", index }. The row is always there when some label has no key; otherwise only while it is used.
  constructor(root, { labels, keys }, act) {
    this.form = root.querySelector("[data-testid=find-form]");
    this.input = root.querySelector("[data-testid=find-label]");
    this.words = root.querySelector("[data-testid=found]");
    this.buttons = [...root.querySelectorAll(".labels button")];
    this.labels = labels;
    this.always = keys.includes(null);
    this.form.hidden = !this.always;
    this.input.oninput = () => this.look();
    this.input.onkeydown = (event) => this.key(event);
    this.form.onsubmit = (event) => {
      event.preventDefault();
      const index = this.found[this.at];
      if (index !== undefined) act({ name: "label", index });
    };
    this.look();
  }

  open() {
    this.form.hidden = false;
    this.input.focus();
    this.input.select();
  }

  // Called with each new clip, so it does nothing when there is nothing to close.
  close() {
    if (!this.form.hidden && !this.always) this.form.hidden = true;
    if (this.input.getRootNode().activeElement === this.input) this.input.blur();
    if (this.input.value === "") return;
    this.input.value = "";
    this.look();
  }

  key(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key === "Escape") this.close();
    else if (Object.hasOwn(steps, event.key) && this.found.length > 0) {
      event.preventDefault();
      this.at = (this.at + steps[event.key] + this.found.length) % this.found.length;
      this.mark();
    }
  }

  look() {
    const typed = this.input.value;
    this.found = matching(this.labels, typed);
    this.at = 0;
    const shown = new Set(this.found);
    this.buttons.forEach((button, index) => {
      button.hidden = typed.trim() !== "" && !shown.has(index);
    });
    this.mark();
  }

  mark() {
    const chosen = this.found[this.at];
    this.buttons.forEach((button, index) => {
      button.dataset.found = String(index === chosen);
    });
    const nothing = this.input.value.trim() === "" ? "" : "No label contains this.";
    this.words.textContent = chosen === undefined ? nothing : `Enter gives: ${this.labels[chosen]}`;
  }
}

// The labels that contain what was typed, as places in `labels`: first the one that is equal, then those that begin with it, then
// those of which a word does. Capitals and accents do not matter.
export function matching(labels, typed) {
  const wanted = plain(typed);
  if (wanted === "") return [];
  return labels
    .map((label, index) => ({ index, rank: rankOf(plain(label), wanted) }))
    .filter(({ rank }) => rank !== null)
    .sort((one, other) => one.rank - other.rank)
    .map(({ index }) => index);
}

function rankOf(label, wanted) {
  if (label === wanted) return 0;
  if (label.startsWith(wanted)) return 1;
  if (label.split(/[^\p{L}\p{N}]+/u).some((word) => word.startsWith(wanted))) return 2;
  return label.includes(wanted) ? 3 : null;
}

function plain(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().trim();
}
