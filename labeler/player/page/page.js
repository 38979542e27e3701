// Keys and focus of a page whose buttons and fields are Streamlit's.

import { freeOnEscape, isStreamlits, isTypedIn, leftToPage, spellings } from "../shared/keys.js";
import { mounted } from "../shared/mount.js";

const PRESS_LASTS = 2000;
const LOOK_EVERY = 50;
const LOOKS = 60;

class Page {
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.listen();
    this.onKey = (event) => this.key(event);
    this.attach();
    if (data.focus) this.focusSoon(data.focus, LOOKS);
  }

  serves() {
    return this.root.isConnected ?? true;
  }

  stay(data) {
    const moved = data.shown !== this.data.shown;
    this.data = data;
    this.listen();
    this.attach();
    // Whoever has chosen in a list goes on by key, and the list would take the keys for a search.
    if (moved && document.activeElement?.matches("[role=combobox]")) document.activeElement.blur();
  }

  attach() {
    // Before Streamlit, which has shortcuts of its own.
    window.addEventListener("keydown", this.onKey, true);
  }

  leave() {
    clearTimeout(this.looking);
    clearTimeout(this.lasting);
    delete document.body.dataset.earmarkKeys;
    window.removeEventListener("keydown", this.onKey, true);
  }

  key(event) {
    if (leftToPage(event)) {
      freeOnEscape(event);
      return;
    }
    const { buttons, fields } = this.data;
    const key = spellings(event).find((spelling) => Object.hasOwn(buttons, spelling) || Object.hasOwn(fields, spelling));
    if (key === undefined) {
      if (isStreamlits(event)) event.stopImmediatePropagation();
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.repeat) return;
    if (Object.hasOwn(fields, key)) partOf(fields[key], "input")?.focus();
    else this.press(partOf(buttons[key], "button"));
  }

  // A second press would meet a clip that nobody has seen yet: it waits until the page has run.
  press(button) {
    if (this.pressed || !button || button.disabled) return;
    this.pressed = true;
    document.body.dataset.earmarkKeys = "pressed";
    clearTimeout(this.lasting);
    this.lasting = setTimeout(() => this.listen(), PRESS_LASTS);
    button.click();
  }

  // Keys count again; the page says so to whoever presses them by program.
  listen() {
    clearTimeout(this.lasting);
    this.pressed = false;
    document.body.dataset.earmarkKeys = "on";
  }

  // Streamlit may put the field on the page a little later.
  focusSoon(name, looks) {
    if (document.activeElement && isTypedIn(document.activeElement)) return;
    const field = partOf(name, "input");
    if (field) field.focus();
    else if (looks > 0) this.looking = setTimeout(() => this.focusSoon(name, looks - 1), LOOK_EVERY);
  }
}

// Streamlit names an element's class by its key.
function partOf(name, element) {
  return document.querySelector(`.st-key-${CSS.escape(name)} ${element}`);
}

export default mounted(Page);
