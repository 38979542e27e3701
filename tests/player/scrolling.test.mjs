import assert from "node:assert/strict";
import { test } from "node:test";

import { Revealed } from "../../labeler/player/shared/scrolling.js";

// A page that scrolls, and in it a component with a part that opens.
function page() {
  globalThis.getComputedStyle = ({ overflowY = "visible" }) => ({ overflowY });
  const main = { scrollHeight: 2000, clientHeight: 700, overflowY: "auto", scrollTop: 100 };
  const host = { parentElement: main, scrollHeight: 1500, clientHeight: 1500 };
  const part = { parentElement: null, getRootNode: () => ({ host }), scrollIntoView: () => (main.scrollTop = 900) };
  return { main, part };
}

test("the page goes back to where it was when the part closes", () => {
  const { main, part } = page();
  const revealed = new Revealed();
  revealed.show(part);
  assert.equal(main.scrollTop, 900);
  revealed.back();
  assert.equal(main.scrollTop, 100);
});

test("a part that grows while it is open does not change that place", () => {
  const { main, part } = page();
  const revealed = new Revealed();
  revealed.show(part);
  revealed.show(part);
  revealed.back();
  assert.equal(main.scrollTop, 100);
});

test("without an open part the page stays where it is", () => {
  const { main, part } = page();
  const revealed = new Revealed();
  revealed.show(part);
  revealed.back();
  main.scrollTop = 500;
  revealed.back();
  assert.equal(main.scrollTop, 500);
});
