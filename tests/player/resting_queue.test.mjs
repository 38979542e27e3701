import assert from "node:assert/strict";
import { test } from "node:test";

import { held, openPage, serve, settled, stillClock } from "./fakes.mjs";
import { ahead, newQueue, some } from "./queue_fakes.mjs";

test("nobody is there: others get the clips ahead, the clip on screen stays, and nothing is asked for", async (t) => {
  const { sessionStorage } = openPage();
  const tick = stillClock(t);
  const requests = serve(t, some(1, 2), {}, some(3, 4, 5, 6, 7));
  const queue = newQueue({ tab: "a", taken: { clips: [9], leases: [109] } });
  await queue.fill();
  const media = [...queue.ahead];
  queue.rest();
  assert.deepEqual(requests[1].message, { session: "Ann's token", tab: "a", want: 0, release: [101, 102] });
  assert.ok(media.every(({ closed }) => closed));
  assert.equal(sessionStorage.getItem("earmark:p:leases"), "[109]");
  await tick(60000);
  await queue.fill({ renew: true });
  assert.equal(requests.length, 2, "neither the timer nor a renewal asks");
  queue.wake();
  await settled();
  assert.deepEqual([requests[2].message.want, requests[2].message.holding], [5, [109]]);
  assert.deepEqual(ahead(queue), [3, 4, 5, 6, 7]);
});

test("clips that arrive while the tab rests are handed back", async (t) => {
  openPage();
  const late = held();
  const requests = serve(t, () => late.promise, {});
  const queue = newQueue();
  const asking = queue.fill();
  queue.rest();
  late.resolve(some(1, 2));
  await asking;
  assert.deepEqual(requests.at(-1).message.release, [101, 102]);
  assert.deepEqual(queue.ahead, []);
});

test("the queue knows how many clips are open elsewhere", async (t) => {
  openPage();
  stillClock(t);
  serve(t, { ...some(), elsewhere: 6 });
  const queue = newQueue({ tab: "a" });
  await queue.fill();
  assert.deepEqual([queue.empty, queue.elsewhere], [true, 6]);
});
