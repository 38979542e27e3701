import assert from "node:assert/strict";
import { test } from "node:test";

import { actionNameOf } from "../../labeler/player/grid/keys.js";
import { actionOf } from "../../labeler/player/label/keys.js";
import { freeOnEscape, isStreamlits, spellings } from "../../labeler/player/shared/keys.js";
import { FakeElement, press } from "./fakes.mjs";

const LABEL_KEYS = ["1", "2", "3", null, "q"];

function label(index) {
  return { name: "label", index };
}

test("a label's key gives the label", () => {
  assert.deepEqual(actionOf(press("1", { code: "Digit1" }), LABEL_KEYS), label(0));
  assert.deepEqual(actionOf(press("3", { code: "Digit3" }), LABEL_KEYS), label(2));
  assert.deepEqual(actionOf(press("q", { code: "KeyQ" }), LABEL_KEYS), label(4));
  assert.equal(actionOf(press("4", { code: "Digit4" }), LABEL_KEYS), null, "this label has no key");
});

test("capitals mean the same: Caps Lock changes nothing", () => {
  assert.deepEqual(actionOf(press("Q", { code: "KeyQ" }), LABEL_KEYS), label(4));
  assert.deepEqual(actionOf(press("U", { code: "KeyU", shiftKey: true }), LABEL_KEYS), { name: "unsure" });
});

test("letters have their meanings", () => {
  const meanings = {
    u: "unsure",
    s: "skip",
    z: "undo",
    l: "loop",
    f: "flag",
    n: "normalise",
    g: "guide",
    c: "context",
    ",": "settings",
    "?": "help",
    "/": "find",
  };
  for (const [key, name] of Object.entries(meanings)) assert.deepEqual(actionOf(press(key), []), { name }, key);
  assert.equal(actionOf(press("x"), []), null);
});

test("a label's own key goes before a letter's meaning", () => {
  assert.deepEqual(actionOf(press("u"), ["u"]), label(0));
});

test("arrows, space, Enter and Escape move and play", () => {
  const plain = { large: false };
  assert.deepEqual(actionOf(press(" ", { code: "Space" }), []), { name: "toggle", ...plain });
  assert.deepEqual(actionOf(press("Enter"), []), { name: "replay", ...plain });
  assert.deepEqual(actionOf(press("Backspace"), []), { name: "undo", ...plain });
  assert.deepEqual(actionOf(press("Escape"), []), { name: "close", ...plain });
  assert.deepEqual(actionOf(press("ArrowLeft"), []), { name: "step", direction: -1, ...plain });
  assert.deepEqual(actionOf(press("ArrowUp"), []), { name: "faster", direction: 1, ...plain });
  assert.deepEqual(actionOf(press("ArrowRight", { shiftKey: true }), []), { name: "step", direction: 1, large: true });
});

test("on a French keyboard digits work without Shift", () => {
  const row = ["&", "é", '"'];
  row.forEach((typed, index) => {
    assert.deepEqual(actionOf(press(typed, { code: `Digit${index + 1}` }), LABEL_KEYS), label(index), typed);
  });
  assert.deepEqual(actionOf(press("1", { code: "Digit1", shiftKey: true }), LABEL_KEYS), label(0), "and with Shift");
});

test("on a French keyboard letters go by what is typed, not by their place", () => {
  assert.equal(actionOf(press("a", { code: "KeyQ" }), LABEL_KEYS), null);
  assert.deepEqual(actionOf(press("q", { code: "KeyA" }), LABEL_KEYS), label(4));
  assert.deepEqual(actionOf(press("z", { code: "KeyW" }), []), { name: "undo" });
});

test("on Greek and Russian keyboards letters go by their place", () => {
  assert.deepEqual(actionOf(press("υ", { code: "KeyU" }), []), { name: "unsure" });
  assert.deepEqual(actionOf(press("ы", { code: "KeyS" }), []), { name: "skip" });
  assert.deepEqual(spellings(press("ы", { code: "KeyS", shiftKey: true })), ["ы"], "with Shift only what is typed counts");
});

test("while reasons are open digits choose among them, and other keys keep their meaning", () => {
  assert.deepEqual(actionOf(press("2", { code: "Digit2" }), LABEL_KEYS, 2), { name: "choice", index: 1 });
  assert.deepEqual(actionOf(press("3", { code: "Digit3" }), LABEL_KEYS, 2), label(2), "there is no third reason");
  assert.deepEqual(actionOf(press("é", { code: "Digit2" }), LABEL_KEYS, 2), { name: "choice", index: 1 });
  assert.deepEqual(actionOf(press("s"), LABEL_KEYS, 2), { name: "skip" });
});

test("with Ctrl, Alt, AltGr or Meta a key is the browser's", () => {
  for (const held of [{ ctrlKey: true }, { altKey: true }, { metaKey: true }, { altGraph: true }, { isComposing: true }]) {
    assert.equal(actionOf(press("1", { code: "Digit1", ...held }), LABEL_KEYS), null, JSON.stringify(held));
    assert.equal(actionNameOf(press("a", held)), undefined, JSON.stringify(held));
  }
});

test("a key that is typed into a field is the field's", () => {
  const fields = [
    new FakeElement("input"),
    new FakeElement("textarea"),
    new FakeElement("select"),
    new FakeElement("div", { attributes: { contenteditable: "true" } }),
    new FakeElement("div", { attributes: { role: "combobox" } }),
    new FakeElement("b", { parent: new FakeElement("div", { attributes: { contenteditable: "" } }) }),
    new FakeElement("button", { parent: new FakeElement("div", { attributes: { role: "dialog" } }) }),
  ];
  for (const on of fields) {
    assert.equal(actionOf(press("1", { code: "Digit1", on }), LABEL_KEYS), null, on.name);
    assert.equal(actionNameOf(press("x", { on })), undefined, on.name);
  }
  const readOnly = new FakeElement("div", { attributes: { contenteditable: "false" } });
  assert.deepEqual(actionOf(press("1", { code: "Digit1", on: readOnly }), LABEL_KEYS), label(0));
});

test("a box that is ticked takes space and nothing else", () => {
  for (const type of ["checkbox", "radio"]) {
    const box = new FakeElement("input", { attributes: { type }, focusVisible: true });
    assert.deepEqual(actionOf(press("1", { code: "Digit1", on: box }), LABEL_KEYS), label(0), type);
    assert.equal(actionOf(press(" ", { on: box }), LABEL_KEYS), null, type);
    const clicked = new FakeElement("input", { attributes: { type } });
    assert.equal(actionOf(press(" ", { on: clicked }), LABEL_KEYS).name, "toggle", type);
  }
  const dialog = new FakeElement("div", { attributes: { role: "dialog" } });
  const inside = new FakeElement("input", { attributes: { type: "checkbox" }, parent: dialog });
  assert.equal(actionOf(press("1", { code: "Digit1", on: inside }), LABEL_KEYS), null);
});

test("R and C never reach Streamlit, but a field, and the browser", () => {
  assert.ok(isStreamlits(press("r")));
  assert.ok(isStreamlits(press("C")));
  assert.equal(isStreamlits(press("x")), false);
  assert.equal(isStreamlits(press("r", { on: new FakeElement("input") })), false);
  assert.equal(isStreamlits(press("r", { ctrlKey: true })), false);
});

test("Esc frees the field that has the keys, and nothing else", async () => {
  const freed = [];
  for (const name of ["input", "button"]) {
    const on = Object.assign(new FakeElement(name), { blur: () => freed.push(name) });
    freeOnEscape(press("x", { on }));
    freeOnEscape(press("Escape", { on }));
  }
  await new Promise((done) => setTimeout(done));
  assert.deepEqual(freed, ["input"]);
});

test("Enter and space press the button that Tab has reached, and only that", () => {
  const reached = new FakeElement("button", { focusVisible: true });
  const clicked = new FakeElement("button");
  for (const key of ["Enter", " "]) {
    assert.equal(actionOf(press(key, { on: reached }), []), null);
    assert.notEqual(actionOf(press(key, { on: clicked }), []), null);
  }
  assert.deepEqual(actionOf(press("u", { on: reached }), []), { name: "unsure" }, "other keys keep their meaning there");
});

test("arrows scroll the part of the page that has the focus", () => {
  const guide = new FakeElement("section", { attributes: { "data-scrolls": "" } });
  assert.equal(actionOf(press("ArrowDown", { on: new FakeElement("p", { parent: guide }) }), []), null);
  assert.deepEqual(actionOf(press("u", { on: guide }), []), { name: "unsure" });
});

test("an event that comes from no element, but from the window, has its meaning", () => {
  assert.deepEqual(actionOf(press("u", { on: {} }), []), { name: "unsure" });
});

test("the grid has keys of its own", () => {
  const meanings = {
    ArrowLeft: "left",
    ArrowRight: "right",
    ArrowUp: "up",
    ArrowDown: "down",
    Home: "first",
    End: "last",
    " ": "yes",
    x: "no",
    p: "replay",
    a: "all",
    Enter: "save",
    z: "undo",
    Backspace: "undo",
    "?": "help",
    Escape: "close",
  };
  for (const [key, name] of Object.entries(meanings)) assert.equal(actionNameOf(press(key)), name, key);
  assert.equal(actionNameOf(press("1", { code: "Digit1" })), undefined);
  assert.equal(actionNameOf(press("χ", { code: "KeyX" })), "no");
});

test("space confirms the clip of the grid that has the focus, although the clip is a button", () => {
  const face = new FakeElement("button", { classes: ["face"], focusVisible: true });
  assert.equal(actionNameOf(press(" ", { on: face })), "yes");
  assert.equal(actionNameOf(press(" ", { on: new FakeElement("button", { focusVisible: true }) })), undefined);
});
