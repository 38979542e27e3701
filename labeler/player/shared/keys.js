// Which keys are the player's or the grid's at all, and how a key may be read.

const MENUS = "[role=listbox], [role=dialog] *, [role=menu] *";
const TYPED_IN = `input, textarea, select, [contenteditable]:not([contenteditable=false]), [role=textbox], [role=combobox], ${MENUS}`;
const TICKED = "input[type=checkbox], input[type=radio]";
const PRESSED = "button, a[href], summary, [role=button], [role=link], [role=tab], [role=option]";

// Keys belong to the page while somebody types, and to the browser while Ctrl, Alt or Meta is held. Enter and space press the
// button that Tab has reached, unless it matches `except`.
export function leftToPage(event, { except = null } = {}) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.getModifierState("AltGraph")) return true;
  const target = event.composedPath()[0];
  if (!(target instanceof Element)) return false;
  if (isTypedIn(target)) return true;
  if (except && target.matches(except)) return false;
  const presses = (event.key === "Enter" || event.key === " ") && target.matches(PRESSED);
  const ticks = (event.key === " " || event.key.startsWith("Arrow")) && target.matches(TICKED);
  return (presses || ticks) && target.matches(":focus-visible");
}

// Nothing is typed into a box that is ticked: it may keep the focus, and the keys keep their meaning.
export function isTypedIn(target) {
  if (target.matches(TICKED)) return target.closest(MENUS) !== null;
  return target.closest(TYPED_IN) !== null;
}

// Streamlit itself runs the page again at R, and asks whether to clear its cache at C. No page of ours has a use for either.
export function isStreamlits(event) {
  return !leftToPage(event) && ["r", "c"].includes(event.key.toLowerCase());
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

// Esc frees the field that has the keys. First the field gets it: a list that is open closes.
export function freeOnEscape(event) {
  const target = event.composedPath()[0];
  if (event.key !== "Escape" || !(target instanceof Element) || !isTypedIn(target)) return;
  setTimeout(() => target.blur?.());
}
