// Which keys are the player's or the grid's at all, and how a key may be read.

const TYPED_IN =
  "input, textarea, select, [contenteditable]:not([contenteditable=false]), [role=textbox], [role=combobox], " +
  "[role=listbox], [role=dialog] *, [role=menu] *";
const PRESSED = "button, a[href], summary, [role=button], [role=link], [role=tab], [role=option]";

// Keys belong to the page while somebody types, and to the browser while Ctrl, Alt or Meta is held. Enter and space press the
// button that Tab has reached, unless it matches `except`.
export function leftToPage(event, { except = null } = {}) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.getModifierState("AltGraph")) return true;
  const target = event.composedPath()[0];
  if (!(target instanceof Element)) return false;
  if (target.closest(TYPED_IN)) return true;
  const presses = (event.key === "Enter" || event.key === " ") && target.matches(PRESSED);
  return presses && !(except && target.matches(except)) && target.matches(":focus-visible");
}

// Whether the key scrolls the part of the page that has the focus.
export function scrolls(event) {
  const target = event.composedPath()[0];
  return event.key.startsWith("Arrow") && target instanceof Element && target.closest("[data-scrolls]") !== null;
}

// What was typed, then what stands at that place on an American keyboard: French ones have digits there only with Shift, and
// Greek or Russian ones no Latin letters at all.
export function spellings(event) {
  const typed = event.key.toLowerCase();
  const place = /^(?:Digit(\d)|Key([A-Z]))$/.exec(event.code);
  if (typed.length !== 1 || !place || event.shiftKey) return [typed];
  if (place[1]) return [typed, place[1]];
  return typed > "\u007f" ? [typed, place[2].toLowerCase()] : [typed];
}
