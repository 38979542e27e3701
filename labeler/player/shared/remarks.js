import { element } from "./elements.js";

// Remarks to the team lead about the clip on screen, and what the lead answered. The texts of people are set as text, never as HTML.

export class Remarks {
  // ask() gets { here, threads, newest } from the server. send(text) puts a remark into the outbox. seen(newest) notes what was read.
  constructor(root, { ask, send, seen }) {
    Object.assign(this, { ask, send, seen });
    this.panel = root.querySelector("[data-testid=remarks]");
    this.form = root.querySelector("[data-testid=remark-form]");
    this.field = root.querySelector("[data-testid=remark-text]");
    this.here = root.querySelector("[data-testid=remarks-here]");
    this.threads = root.querySelector("[data-testid=remarks-answered]");
    this.trouble = root.querySelector("[data-testid=remarks-trouble]");
    this.asked = 0;
    this.form.onsubmit = (event) => {
      event.preventDefault();
      const text = this.field.value.trim();
      if (!text) return;
      this.field.value = "";
      this.send(text);
      this.here.append(line({ text, at: Date.now() / 1000 }));
      this.field.blur();
    };
  }

  get open() {
    return !this.panel.hidden;
  }

  // Called when the panel opens, and when another clip comes on screen while it is open. Nothing can be written without a clip.
  async fill(clip) {
    this.form.hidden = !clip;
    this.asked += 1;
    const turn = this.asked;
    this.here.replaceChildren();
    try {
      const { here, threads, newest } = await this.ask();
      if (turn !== this.asked) return;
      this.trouble.textContent = "";
      this.here.replaceChildren(...here.map(line));
      this.threads.replaceChildren(...threads.map(thread));
      if (this.open) this.seen(newest);
    } catch (error) {
      if (turn === this.asked) this.trouble.textContent = error.message;
    }
  }
}

function line({ who = "", text, at }) {
  const made = element("li");
  const when = new Date(at * 1000).toLocaleString([], { dateStyle: "short", timeStyle: "short" });
  made.append(element("bdi", { text: text || "(settled)" }), element("small", { text: who ? `${who}, ${when}` : when }));
  return made;
}

function thread({ file_name: name, remarks }) {
  const made = element("li");
  const list = element("ul");
  list.append(...remarks.map(line));
  made.append(element("bdi", { className: "file", text: name }), list);
  return made;
}
