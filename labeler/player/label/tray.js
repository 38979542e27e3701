// What opens below the buttons for a second key or a few words: why a clip is skipped, and the note of a flag. Neither stops the
// clip or bars a key: the next answer just closes it.

import { element, keyCap, plainButton } from "../shared/elements.js";

export class Tray {
  // act() gets { name: "skip", reason } or { name: "flagged", note }.
  constructor(root, reasons, act) {
    this.skip = root.querySelector("[data-testid=skip-reasons]");
    this.flag = root.querySelector("[data-testid=flag-form]");
    this.note = root.querySelector("[data-testid=flag-note]");
    this.lower = root.querySelector("[data-testid=flag-lower]");
    this.reasons = reasons;
    this.skip.replaceChildren(
      ...reasons.map((reason, index) => choiceButton(reason, String(index + 1), { testid: `skip-reason-${index + 1}`, index })),
      choiceButton("no reason", "S", { testid: "skip-plainly", index: -1 }),
    );
    this.skip.onclick = (event) => {
      const button = event.target.closest("button");
      if (button) act({ name: "skip", reason: this.reasons[Number(button.dataset.choice)] ?? null });
    };
    this.flag.onsubmit = (event) => {
      event.preventDefault();
      act({ name: "flagged", note: this.note.value.trim() });
    };
    this.lower.onclick = () => act({ name: "flagged", note: null });
    this.flag.onkeydown = (event) => {
      if (event.key === "Escape") this.close();
    };
  }

  get asksWhy() {
    return !this.skip.hidden;
  }

  get open() {
    return !this.skip.hidden || !this.flag.hidden;
  }

  askWhy() {
    this.close();
    this.skip.hidden = false;
  }

  // `note` is the note of the flag that the clip has already, or null.
  askNote(note) {
    this.close();
    this.note.value = note ?? "";
    this.lower.hidden = note === null;
    this.flag.hidden = false;
    this.note.focus();
  }

  close() {
    this.skip.hidden = true;
    if (!this.flag.hidden) this.note.blur();
    this.flag.hidden = true;
  }
}

function choiceButton(words, key, { testid, index }) {
  const button = plainButton();
  button.dataset.testid = testid;
  button.dataset.choice = String(index);
  button.append(element("bdi", { text: words }), keyCap(key));
  button.setAttribute("aria-keyshortcuts", key);
  return button;
}
