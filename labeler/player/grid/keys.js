// What a key means on the Grid page.

import { leftToPage, spellings } from "../shared/keys.js";

const NAMED = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
  Home: "first",
  End: "last",
  " ": "yes",
  Enter: "save",
  Backspace: "undo",
  Escape: "close",
};
const LETTERS = { x: "no", p: "replay", a: "all", z: "undo", "?": "help" };

// The action's name, or undefined. Space on a clip confirms it, although the clip is a button.
export function actionNameOf(event) {
  if (leftToPage(event, { except: ".face" })) return undefined;
  if (Object.hasOwn(NAMED, event.key)) return NAMED[event.key];
  const key = spellings(event).find((spelling) => Object.hasOwn(LETTERS, spelling));
  return LETTERS[key];
}
