import { Revealed } from "../shared/scrolling.js";

// What opens below the buttons and stays: the keys, the label guidelines, remarks, and the annotator's own settings.

export class Panels {
  // ask() gives the guidelines as HTML, or null. The server has left nothing in it but text, links and play buttons.
  // quiet() stops the clip. onOpen(name) is called when a panel opens, onGuide(version) when the guidelines are there to be read.
  constructor(root, { ask, quiet, onOpen = () => {}, onGuide = () => {} }) {
    this.parts = {
      help: root.querySelector("[data-testid=key-help]"),
      guide: root.querySelector("[data-testid=guide]"),
      settings: root.querySelector("[data-testid=settings]"),
      remarks: root.querySelector("[data-testid=remarks]"),
    };
    this.onOpen = onOpen;
    this.onGuide = onGuide;
    this.root = root;
    this.revealed = new Revealed();
    this.ask = ask;
    this.quiet = quiet;
    this.example = null;
    this.parts.guide.onclick = (event) => {
      const button = event.target.closest("[data-example]");
      if (button) this.playExample(button.dataset.example);
    };
  }

  get open() {
    return Object.values(this.parts).some((part) => !part.hidden);
  }

  // Open one and close the others, or close it.
  toggle(name) {
    const opens = this.parts[name].hidden;
    this.close();
    if (!opens) return;
    this.show(name, true);
    if (name === "guide") this.fillGuide();
    this.onOpen(name);
    this.revealed.show(this.parts[name]);
  }

  show(name, open) {
    this.parts[name].hidden = !open;
    this.root.querySelector(`[data-do=${name}]`).setAttribute("aria-expanded", String(open));
  }

  close() {
    const { activeElement } = this.root.getRootNode();
    // A field that has the keys saves what was typed, and frees them.
    if (Object.values(this.parts).some((part) => part.contains(activeElement))) activeElement.blur();
    for (const name of Object.keys(this.parts)) this.show(name, false);
    this.revealed.back();
    this.example?.pause();
  }

  async fillGuide() {
    const { guide } = this.parts;
    if (!guide.hasChildNodes()) guide.textContent = "…";
    try {
      const { html, version = 0 } = await this.ask();
      if (html === null) guide.textContent = "There are no guidelines; the team lead writes them on the page Labels.";
      else guide.innerHTML = html;
      if (!guide.hidden) this.onGuide(version);
    } catch (error) {
      guide.textContent = error.message;
    }
    if (!guide.hidden) this.revealed.show(guide);
  }

  playExample(address) {
    this.quiet();
    this.example?.pause();
    this.example = new Audio(address);
    this.example.play().catch(() => {});
  }
}

export class SettingsForm {
  constructor(root, preferences) {
    this.fields = root.querySelector("[data-testid=settings]").elements;
    this.fields.normalise.onchange = () => preferences.set({ normalise: this.fields.normalise.checked });
    this.fields.original.onchange = () => preferences.set({ original: this.fields.original.checked });
    this.fields.breaks.onchange = () => preferences.set({ breaks: this.fields.breaks.checked });
    this.fields.goal.onchange = () => {
      const goal = Math.round(Number(this.fields.goal.value));
      preferences.set({ goal: goal > 0 && goal <= 100000 ? goal : 0 });
    };
    // Enter says that the number is finished: the keys are the player's again.
    this.fields.goal.form.onsubmit = (event) => {
      event.preventDefault();
      this.fields.goal.blur();
    };
  }

  show({ normalise, original, breaks, goal }) {
    this.fields.normalise.checked = normalise;
    this.fields.original.checked = original;
    this.fields.breaks.checked = breaks;
    this.fields.goal.value = goal > 0 ? String(goal) : "";
  }
}
