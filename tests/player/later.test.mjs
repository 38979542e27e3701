import assert from "node:assert/strict";
import { test } from "node:test";

import { Later } from "../../labeler/player/label/later.js";
import { stillClock } from "./fakes.mjs";

test("work waits for the sound, and for 60 milliseconds at most", async (t) => {
  const tick = stillClock(t);
  const later = new Later();
  const done = [];
  later.add(() => done.push("first"));
  later.soon();
  await tick(0);
  assert.deepEqual(done, ["first"]);
  later.add(() => done.push("second"));
  await tick(59);
  assert.deepEqual(done, ["first"]);
  await tick(1);
  assert.deepEqual(done, ["first", "second"]);
});

test("answers leave first, and of works with one name only the newest is done", (t) => {
  stillClock(t);
  const later = new Later();
  const done = [];
  later.add(() => done.push("old drawing"), "draw");
  later.add(() => done.push("drawing"), "draw");
  later.add(() => done.push("no name"));
  later.add(() => done.push("sending"), "send");
  later.now();
  assert.deepEqual(done, ["sending", "drawing", "no name"]);
});

test("work that is dropped is not done", (t) => {
  stillClock(t);
  const later = new Later();
  const done = [];
  later.add(() => done.push("filling"), "fill");
  later.drop("fill");
  later.now();
  assert.deepEqual(done, []);
});

test("work that fails stops no other, and its error is not lost", (t) => {
  stillClock(t);
  const later = new Later();
  const done = [];
  later.add(() => {
    throw new Error("broken on purpose");
  });
  later.add(() => done.push("after it"));
  later.now();
  assert.deepEqual(done, ["after it"]);
  assert.throws(() => t.mock.timers.tick(1), /broken on purpose/);
});
