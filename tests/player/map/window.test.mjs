import assert from "node:assert/strict";
import { test } from "node:test";

import { moved, onMap, onScreen, WHOLE, zoomed } from "../../../labeler/player/map/window.js";

function near(place, wanted) {
  for (const name of ["x", "y"])
    assert.ok(Math.abs(place[name] - wanted[name]) < 1e-9, `${name}: ${place[name]}, ${wanted[name]}`);
}

test("a place of the screen is one of the map, and back", () => {
  const window = zoomed(WHOLE, 4, { x: 0.3, y: 0.6 });
  near(onScreen(window, onMap(window, { x: 0.2, y: 0.9 })), { x: 0.2, y: 0.9 });
});

test("what lies under the pointer stays there while it zooms", () => {
  const pointer = { x: 0.25, y: 0.7 };
  const window = zoomed(WHOLE, 3, pointer);
  near(onMap(window, pointer), onMap(WHOLE, pointer));
});

test("a map that is dragged follows the pointer", () => {
  const close = zoomed(WHOLE, 4);
  const there = onMap(close, { x: 0.5, y: 0.5 });
  near(onScreen(moved(close, 0.1, -0.2), there), { x: 0.6, y: 0.3 });
});

test("nobody loses the map: it neither leaves the screen nor gets smaller than it", () => {
  for (const window of [moved(WHOLE, 3, -3), zoomed(WHOLE, 0.1)]) {
    near({ x: window.left, y: window.top }, { x: WHOLE.left, y: WHOLE.top });
    assert.equal(window.size, WHOLE.size);
  }
  const end = moved(zoomed(WHOLE, 10), -100, -100);
  near({ x: end.left + end.size, y: end.top + end.size }, { x: WHOLE.left + WHOLE.size, y: WHOLE.top + WHOLE.size });
});
