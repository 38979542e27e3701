// The answers that were set aside: why, and what can be done with them.

import { element } from "./elements.js";
import { asideWords, givenAt } from "./outbox.js";

export class Aside {
  constructor(root, outbox) {
    this.outbox = outbox;
    this.box = root.querySelector("[data-testid=set-aside]");
    this.words = root.querySelector("[data-testid=aside-words]");
    this.discard = root.querySelector("[data-testid=aside-discard]");
    this.box.onclick = (event) => {
      const { what } = event.target.closest("button")?.dataset ?? {};
      if (what === "send") outbox.sendAside();
      if (what === "download") this.download();
      if (what === "discard") this.askAndDiscard();
    };
  }

  show() {
    const words = asideWords(this.outbox);
    this.box.hidden = words === null;
    if (words === this.shown) return;
    this.shown = words;
    this.words.textContent = words ?? "";
    this.sure(false);
  }

  // The second press discards.
  askAndDiscard() {
    if (this.asked) this.outbox.discardAside();
    else this.sure(true);
  }

  sure(asked) {
    this.asked = asked;
    this.discard.textContent = asked ? "Discard for good?" : "Discard";
  }

  download() {
    const link = element("a");
    link.href = URL.createObjectURL(new Blob([asFile(this.outbox.aside)], { type: "application/json" }));
    link.download = "earmark-answers-not-saved.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }
}

// What a person can read of the answers. Their tickets, with which anybody could answer, stay here.
export function asFile(entries) {
  const readable = entries.map((entry) => {
    const { ticket, ...answer } = entry.answer;
    return { ...answer, given_at: new Date(givenAt(entry)).toISOString() };
  });
  return `${JSON.stringify(readable, null, 2)}\n`;
}
