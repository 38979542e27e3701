import assert from "node:assert/strict";
import { test } from "node:test";

import { held, openPage, serve, settled } from "./fakes.mjs";
import { FakeMedia, clip, clipsFrom, newQueue, some, sounds } from "./queue_fakes.mjs";

test("clips are loaded before they are needed: in order, one at a time", async (t) => {
  openPage();
  serve(t, some(1, 2, 3, 4, 5));
  const first = held();
  const queue = newQueue({ ready: (number) => (number === 1 ? first.promise : Promise.resolve()) });
  await queue.fill();
  await settled();
  assert.deepEqual(queue.started, [1], "the second waits for the first");
  first.resolve();
  await settled();
  assert.deepEqual(sounds(queue), [1, 2, 3, 4, 5]);
});

test("the sounds of the next two clips come before any picture", async (t) => {
  openPage();
  serve(t, some(1, 2, 3, 4, 5));
  const second = held();
  const queue = newQueue({ ready: (what) => (what === 2 ? second.promise : Promise.resolve()) });
  await queue.fill();
  await settled();
  assert.deepEqual(queue.started, [1, 2], "no picture while the second sound is on its way");
  second.resolve();
  await settled();
  assert.deepEqual(queue.started, [1, 2, "picture 1", "picture 2", 3, 4, 5, "picture 3", "picture 4", "picture 5"]);
});

test("the picture of the clip on screen waits for the sound of the next one, and comes before all other pictures", async (t) => {
  openPage();
  serve(t, some(1, 2, 3, 4, 5));
  const first = held();
  const queue = newQueue({ ready: (what) => (what === 1 ? first.promise : Promise.resolve()) });
  await queue.fill();
  queue.onScreen = queue.take();
  first.resolve();
  await settled();
  assert.deepEqual(queue.started.slice(0, 4), [1, 2, 3, "picture 1"]);
});

test("a clip that came back by undo gets its picture even when nothing else is to be loaded", async (t) => {
  openPage();
  serve(t, some(1, 2, 3, 4, 5));
  const queue = newQueue();
  await queue.fill();
  await settled();
  queue.onScreen = new FakeMedia(clip(9), queue.started, async () => {});
  await queue.load();
  assert.equal(queue.started.at(-1), "picture 9");
});

test("the server learns how sounds will be fetched, so that it makes them ahead", async (t) => {
  openPage();
  const requests = serve(t, clipsFrom(1));
  const queue = newQueue();
  queue.sound = () => ({ opus: true, level: false });
  await queue.fill();
  assert.deepEqual([requests[0].message.opus, requests[0].message.level], [true, false]);
});
