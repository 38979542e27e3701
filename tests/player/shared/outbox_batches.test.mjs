import assert from "node:assert/strict";
import { test } from "node:test";

import { Outbox } from "../../../labeler/player/shared/outbox.js";
import { held, openPage, serve, settled, stillClock } from "../fakes.mjs";
import { NOTHING, answer, noConnection, saved, uuids } from "./outbox_fakes.mjs";

test("fifty long notes leave in requests that the browser and the server take", async (t) => {
  openPage();
  const tick = stillClock(t);
  const requests = serve(t, noConnection, saved);
  const outbox = new Outbox("p", NOTHING);
  for (let number = 0; number < 50; number += 1) {
    outbox.add({ ...answer(String(number)), answer: "flag", note: "✓".repeat(500) }, number);
  }
  await settled();
  await tick(500);
  for (let round = 0; round < 5; round += 1) await settled();
  assert.deepEqual(outbox.waiting, []);
  const taken = requests.slice(1);
  assert.deepEqual(
    taken.flatMap(uuids),
    Array.from({ length: 50 }, (_, number) => String(number)),
  );
  assert.ok(taken.length <= 3, "as many as fit");
  assert.ok(taken.every(({ sent }) => sent.bytes < 50 * 1024 && !sent.keepalive));
});

test("an answer larger than a batch leaves alone, and holds up nothing", async (t) => {
  openPage();
  const tick = stillClock(t);
  const requests = serve(t, noConnection, saved);
  const outbox = new Outbox("p", NOTHING);
  outbox.add(answer("small"), 1);
  outbox.add({ ...answer("large"), note: "x".repeat(80000) }, 2);
  outbox.add(answer("after"), 3);
  await settled();
  await tick(500);
  for (let round = 0; round < 5; round += 1) await settled();
  assert.deepEqual(requests.slice(1).map(uuids), [["small"], ["large"], ["after"]]);
});

test("only while the page goes are answers sent so that they outlive it", async (t) => {
  openPage();
  const first = held();
  const requests = serve(t, () => first.promise, saved);
  const outbox = new Outbox("p", NOTHING);
  outbox.add(answer("a"), 1);
  outbox.add(answer("b"), 2);
  await settled();
  outbox.leave();
  await settled();
  assert.deepEqual(
    requests.map((request) => [uuids(request), request.sent.keepalive]),
    [
      [["a"], false],
      [["a", "b"], true],
    ],
    "what is on its way may end with the page",
  );
  first.resolve(saved(requests[0].message));
  await settled();
  assert.deepEqual([outbox.waiting, outbox.aside], [[], []]);
});

test("a page that goes without a connection leaves its answers to the next one", async (t) => {
  const { localStorage } = openPage();
  stillClock(t);
  const requests = serve(t, noConnection);
  const outbox = new Outbox("p", NOTHING);
  outbox.add(answer("a"), 1);
  await settled();
  outbox.leave();
  await settled();
  assert.deepEqual([requests.length, localStorage.length], [1, 1]);
});

test("a page that goes sends no more than the browser lets it", async (t) => {
  openPage();
  const requests = serve(t, saved);
  const outbox = new Outbox("p", { ...NOTHING, later() {} });
  for (let number = 0; number < 50; number += 1) outbox.add({ ...answer(String(number)), note: "✓".repeat(500) }, number);
  outbox.leave();
  for (let round = 0; round < 5; round += 1) await settled();
  assert.ok(requests[0].sent.keepalive);
  assert.ok(uuids(requests[0]).length >= 25);
  assert.deepEqual(outbox.waiting, []);
});
