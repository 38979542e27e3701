// What a key means. Keys belong to the page while somebody types, and to the browser while Ctrl, Alt or Meta is held.

const TYPED_IN = "input, textarea, select, [contenteditable]:not([contenteditable=false]), [role=textbox], [role=combobox], " +
  "[role=listbox], [role=dialog] *, [role=menu] *";
const PRESSED = "button, a[href], summary, [role=button], [role=link], [role=tab], [role=option]";
// Beside these, label_keys.py must keep its hands off them: it has the same letters.
const LETTERS = {
  u: "unsure", s: "skip", z: "undo", l: "loop", f: "flag", n: "normalise", g: "guide", c: "context", ",": "settings", "?": "help",
};
const OTHERS = {
  " ": { name: "toggle" },
  Enter: { name: "replay" },
  Backspace: { name: "undo" },
  Escape: { name: "close" },
  ArrowLeft: { name: "step", direction: -1 },
  ArrowRight: { name: "step", direction: 1 },
  ArrowUp: { name: "faster", direction: 1 },
  ArrowDown: { name: "faster", direction: -1 },
};

// { name, … } or null; `keys` are those of the labels, `choices` how many numbered choices are open.
function actionOf(event, keys, choices = 0) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.getModifierState("AltGraph")) return null;
  const target = event.composedPath()[0];
  if (target instanceof Element) {
    if (target.closest(TYPED_IN)) return null;
    // Enter and space press the button that Tab has reached.
    const press = event.key === "Enter" || event.key === " ";
    if (press && target.matches(PRESSED) && target.matches(":focus-visible")) return null;
    if (event.key.startsWith("Arrow") && target.closest("[data-scrolls]")) return null;
  }
  if (Object.hasOwn(OTHERS, event.key)) return { ...OTHERS[event.key], large: event.shiftKey };
  for (const key of spellings(event)) {
    if (/\d/.test(key) && Number(key) >= 1 && Number(key) <= choices) return { name: "choice", index: Number(key) - 1 };
    const index = keys.indexOf(key);
    if (index >= 0) return { name: "label", index };
    if (Object.hasOwn(LETTERS, key)) return { name: LETTERS[key] };
  }
  return null;
}

// What was typed, then what stands at that place on an American keyboard: French ones have digits there only with Shift, and
// Greek or Russian ones no Latin letters at all.
function spellings(event) {
  const typed = event.key.toLowerCase();
  const place = /^(?:Digit(\d)|Key([A-Z]))$/.exec(event.code);
  if (typed.length !== 1 || !place || event.shiftKey) return [typed];
  if (place[1]) return [typed, place[1]];
  return typed > "\u007f" ? [typed, place[2].toLowerCase()] : [typed];
}
