// What a key means. Keys belong to the page while somebody types, and to the browser while Ctrl, Alt or Meta is held.

const DIGITS = "1234567890";
const TYPED_IN = "input, textarea, select, [contenteditable]:not([contenteditable=false]), [role=textbox], [role=combobox], " +
  "[role=listbox], [role=dialog] *, [role=menu] *";
const PRESSED = "button, a[href], summary, [role=button], [role=link], [role=tab], [role=option]";
const LETTERS = { u: "unsure", s: "skip", z: "undo", "?": "help" };

// The digit on the label's button; labels beyond the tenth have none.
function keyOfLabel(index) {
  return DIGITS[index] ?? null;
}

// { name, index? } or null. `name` is one of label, toggle, replay, unsure, skip, undo, help, close.
function actionOf(event, labels) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.getModifierState("AltGraph")) return null;
  const target = event.composedPath()[0];
  if (target instanceof Element) {
    if (target.closest(TYPED_IN)) return null;
    // Enter and space press the button that Tab has reached.
    const press = event.key === "Enter" || event.key === " ";
    if (press && target.matches(PRESSED) && target.matches(":focus-visible")) return null;
  }
  if (event.key === " ") return { name: "toggle" };
  if (event.key === "Enter") return { name: "replay" };
  if (event.key === "Backspace") return { name: "undo" };
  if (event.key === "Escape") return { name: "close" };
  const letter = LETTERS[event.key.toLowerCase()];
  if (letter) return { name: letter };
  const index = digitOf(event);
  return index >= 0 && index < labels ? { name: "label", index } : null;
}

// Index of the label; the row above the letters counts by place too, since French keyboards have digits there only with Shift.
function digitOf(event) {
  if (event.key.length === 1 && DIGITS.includes(event.key)) return DIGITS.indexOf(event.key);
  const place = /^Digit(\d)$/.exec(event.code);
  return place && !event.shiftKey ? DIGITS.indexOf(place[1]) : -1;
}
