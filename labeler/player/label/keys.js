// What a key means on the Label page.

import { leftToPage, scrolls, spellings } from "../shared/keys.js";

// label_keys.py gives none of these to a label: it has the same letters.
const LETTERS = {
  u: "unsure",
  s: "skip",
  z: "undo",
  l: "loop",
  f: "flag",
  n: "normalise",
  g: "guide",
  c: "context",
  ",": "settings",
  ".": "remarks",
  "?": "help",
  "/": "find",
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
export function actionOf(event, keys, choices = 0) {
  if (leftToPage(event) || scrolls(event)) return null;
  if (Object.hasOwn(OTHERS, event.key)) return { ...OTHERS[event.key], large: event.shiftKey };
  for (const key of spellings(event)) {
    if (/\d/.test(key) && Number(key) >= 1 && Number(key) <= choices) return { name: "choice", index: Number(key) - 1 };
    const index = keys.indexOf(key);
    if (index >= 0) return { name: "label", index };
    if (Object.hasOwn(LETTERS, key)) return { name: LETTERS[key] };
  }
  return null;
}
