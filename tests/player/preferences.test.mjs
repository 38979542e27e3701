import assert from "node:assert/strict";
import { test } from "node:test";

import { Preferences } from "../../labeler/player/label/preferences.js";
import { openPage, serve, settled, stillClock } from "./fakes.mjs";

const noConnection = new TypeError("Failed to fetch");

function preferencesOf(values = { speed: 1, loop: false }) {
  openPage();
  return new Preferences("Ann's token", values, () => {});
}

function speeds({ length }, preferences, direction) {
  return Array.from({ length }, () => {
    preferences.faster(direction);
    return preferences.speed;
  });
}

test("the speed goes up and down in steps, and stops at both ends", (t) => {
  stillClock(t);
  const preferences = preferencesOf();
  assert.deepEqual(speeds({ length: 5 }, preferences, 1), [1.25, 1.5, 1.75, 2, 2]);
  assert.deepEqual(speeds({ length: 7 }, preferences, -1), [1.75, 1.5, 1.25, 1, 0.9, 0.75, 0.75]);
});

test("a speed between two steps goes on from the next step above", (t) => {
  stillClock(t);
  const preferences = preferencesOf({ speed: 1.1 });
  preferences.faster(-1);
  assert.equal(preferences.speed, 1);
});

test("several changes in a row are one message", async (t) => {
  const tick = stillClock(t);
  const requests = serve(t, {});
  const preferences = preferencesOf();
  preferences.faster(1);
  await tick(300);
  preferences.set({ loop: true });
  await tick(399);
  assert.deepEqual(requests, []);
  await tick(1);
  const message = { session: "Ann's token", preferences: { speed: 1.25, loop: true } };
  assert.deepEqual(requests, [{ path: "/earmark/api/preferences", message }]);
});

test("a change follows at once on the page", (t) => {
  stillClock(t);
  openPage();
  const seen = [];
  const preferences = new Preferences("Ann's token", { loop: false }, () => seen.push(preferences.values.loop));
  preferences.set({ loop: true });
  assert.deepEqual(seen, [true]);
});

test("what the server could not take is sent again; what it refuses is not", async (t) => {
  const tick = stillClock(t);
  const requests = serve(t, noConnection, { status: 503, error: "busy" }, { status: 400, error: "no such speed" });
  preferencesOf().set({ speed: 9 });
  await tick(400);
  await tick(500);
  await tick(1000);
  assert.equal(requests.length, 3);
  await tick(60000);
  assert.equal(requests.length, 3);
});

test("a page that is left sends the last change at once", async (t) => {
  stillClock(t);
  const requests = serve(t, {});
  const preferences = preferencesOf();
  preferences.set({ loop: true });
  preferences.stop();
  await settled();
  assert.equal(requests.length, 1);
  preferences.stop();
  await settled();
  assert.equal(requests.length, 1, "and nothing twice");
});
