import assert from "node:assert/strict";
import { test } from "node:test";

import { Presence } from "../../labeler/player/shared/presence.js";
import { openPage, stillClock } from "./fakes.mjs";

const MINUTE = 60000;

function watched(t, { busy = () => false } = {}) {
  const { window } = openPage();
  const tick = stillClock(t);
  const seen = [];
  const presence = new Presence({ busy, onIdle: () => seen.push("idle"), onBack: () => seen.push("back") });
  const sign = (name) => window.dispatchEvent(new Event(name));
  const minutes = async (count) => {
    for (let half = 0; half < 2 * count; half += 1) await tick(MINUTE / 2);
  };
  return { presence, seen, sign, minutes };
}

test("three minutes without a sign of life are too many, and are noticed once", async (t) => {
  const { seen, minutes } = watched(t);
  await minutes(2.5);
  assert.deepEqual(seen, []);
  await minutes(10);
  assert.deepEqual(seen, ["idle"]);
});

for (const name of ["keydown", "pointermove", "pointerdown", "wheel", "focus"]) {
  test(`${name} is a sign of life, and brings an idle tab back`, async (t) => {
    const { seen, sign, minutes } = watched(t);
    await minutes(2.5);
    sign(name);
    await minutes(2.5);
    assert.deepEqual(seen, []);
    await minutes(1);
    sign(name);
    assert.deepEqual(seen, ["idle", "back"]);
  });
}

test("somebody who listens to a long clip is there", async (t) => {
  let playing = true;
  const { presence, seen, minutes } = watched(t, { busy: () => playing });
  await minutes(30);
  assert.deepEqual([seen, presence.recent], [[], true]);
  playing = false;
  await minutes(3);
  assert.deepEqual(seen, ["idle"]);
});

test("leases are renewed for a minute after the last sign of life", async (t) => {
  const { presence, minutes } = watched(t);
  await minutes(1);
  assert.equal(presence.recent, true);
  await minutes(0.5);
  assert.equal(presence.recent, false);
});

test("a page that is left notices nothing", async (t) => {
  const { presence, seen, sign, minutes } = watched(t);
  presence.stop();
  await minutes(10);
  sign("keydown");
  assert.deepEqual(seen, []);
});
