import assert from "node:assert/strict";
import { test } from "node:test";

import { FakeStorage, held, openPage, serve, settled, stillClock, storageSwitchedOff } from "./fakes.mjs";
import { ahead, clipsFrom, newQueue, some } from "./queue_fakes.mjs";

const noConnection = new TypeError("Failed to fetch");

test("five clips are kept ahead, and one that is taken is replaced", async (t) => {
  openPage();
  const requests = serve(t, clipsFrom(1));
  const queue = newQueue();
  await queue.fill();
  assert.deepEqual(ahead(queue), [1, 2, 3, 4, 5]);
  assert.equal(queue.take().clip.clip, 1);
  await queue.fill();
  assert.deepEqual(ahead(queue), [2, 3, 4, 5, 6]);
  assert.deepEqual(
    requests.map(({ path, message }) => [path, message.want]),
    [
      ["/earmark/api/next", 5],
      ["/earmark/api/next", 1],
    ],
  );
});

test("a clip whose answer waits to be sent is not asked for, nor one that is on screen or ahead", async (t) => {
  openPage();
  const requests = serve(t, clipsFrom(1));
  const taken = { clips: [], leases: [] };
  const queue = newQueue({ taken });
  await queue.fill();
  queue.take();
  Object.assign(taken, { clips: [1, 77, 78], leases: [101] });
  await queue.fill();
  assert.deepEqual(requests[1].message.exclude, [1, 77, 78, 2, 3, 4, 5]);
});

test("every question renews the leases of what is on screen and ahead", async (t) => {
  openPage();
  const requests = serve(t, clipsFrom(1));
  const taken = { clips: [9], leases: [109] };
  const queue = newQueue({ taken });
  await queue.fill();
  await queue.fill();
  assert.equal(requests.length, 1, "nothing is missing, so nothing is asked");
  await queue.fill({ renew: true });
  assert.deepEqual([requests[1].message.want, requests[1].message.holding], [0, [109, 101, 102, 103, 104, 105]]);
});

test("a clip without a lease, which came back by undo, renews none", async (t) => {
  openPage();
  const requests = serve(t, clipsFrom(1));
  const queue = newQueue({ taken: { clips: [9], leases: [null] } });
  await queue.fill({ renew: true });
  assert.deepEqual(requests[0].message.holding, []);
});

test("a page that was reloaded hands back what it held, once", async (t) => {
  const sessionStorage = new FakeStorage();
  openPage({ sessionStorage });
  const requests = serve(t, clipsFrom(1));
  await newQueue().fill();
  openPage({ sessionStorage });
  const reloaded = newQueue();
  await reloaded.fill();
  assert.deepEqual(requests[1].message.release, [101, 102, 103, 104, 105]);
  reloaded.take();
  await reloaded.fill();
  assert.deepEqual(requests[2].message.release, []);
});

test("what could not be handed back is handed back with the next question", async (t) => {
  const sessionStorage = new FakeStorage();
  sessionStorage.setItem("earmark:p:leases", "[41,42]");
  openPage({ sessionStorage });
  const tick = stillClock(t);
  const requests = serve(t, noConnection, clipsFrom(1));
  const queue = newQueue();
  await queue.fill();
  await tick(500);
  assert.deepEqual(
    requests.map(({ message }) => message.release),
    [
      [41, 42],
      [41, 42],
    ],
  );
  assert.deepEqual(queue.release, []);
});

test("who leaves hands everything back", async (t) => {
  const { sessionStorage } = openPage();
  const requests = serve(t, clipsFrom(1));
  const queue = newQueue({ taken: { clips: [9], leases: [109] } });
  await queue.fill();
  const media = [...queue.ahead];
  queue.stop();
  assert.deepEqual(requests[1].message, {
    session: "Ann's token",
    want: 0,
    release: [109, 101, 102, 103, 104, 105],
    leaving: false,
  });
  assert.ok(media.every(({ closed }) => closed));
  assert.equal(sessionStorage.length, 0);
  await queue.fill();
  assert.equal(requests.length, 2, "and asks for nothing more");
});

test("a page that goes while a question is on its way says so, even if it holds nothing yet", async (t) => {
  openPage();
  const answer = held();
  const requests = serve(t, answer.promise, some());
  const queue = newQueue({ tab: "a" });
  queue.fill();
  queue.stop({ leaving: true });
  assert.deepEqual(requests[1].message, { session: "Ann's token", tab: "a", want: 0, release: [], leaving: true });
  assert.ok(requests[1].sent.keepalive);
  answer.resolve(some());
  await settled();
});

test("clips that arrive after the page was left are handed back", async (t) => {
  openPage();
  const late = held();
  const requests = serve(t, () => late.promise, {});
  const queue = newQueue();
  const asking = queue.fill();
  queue.stop();
  late.resolve(some(1, 2));
  await asking;
  assert.deepEqual(requests.at(-1).message.release, [101, 102]);
  assert.deepEqual(queue.ahead, []);
});

test("fewer clips than wanted: the queue asks again after three seconds", async (t) => {
  openPage();
  const tick = stillClock(t);
  const requests = serve(t, some(1, 2), some(3, 4, 5));
  const queue = newQueue();
  await queue.fill();
  assert.equal(queue.empty, false);
  await tick(2999);
  assert.equal(requests.length, 1);
  await tick(1);
  assert.deepEqual(ahead(queue), [1, 2, 3, 4, 5]);
});

test("no clip at all: the project is done, and the queue goes on asking", async (t) => {
  openPage();
  const tick = stillClock(t);
  const requests = serve(t, some(), some(), some(8));
  const queue = newQueue();
  await queue.fill();
  assert.equal(queue.empty, true);
  await tick(3000);
  await tick(3000);
  assert.equal(requests.length, 3);
  assert.equal(queue.empty, false);
});

test("a server in trouble is asked again, after delays that double", async (t) => {
  openPage();
  const tick = stillClock(t);
  const requests = serve(t, noConnection, { status: 503, error: "The database is busy." }, some(1, 2, 3, 4, 5));
  const queue = newQueue();
  await queue.fill();
  assert.equal(queue.trouble, "The server does not answer.");
  await tick(500);
  assert.equal(queue.trouble, "The database is busy.");
  await tick(999);
  assert.equal(requests.length, 2);
  await tick(1);
  assert.equal(queue.trouble, null);
  assert.equal(queue.ahead.length, 5);
});

test("a page whose token has run out must be reloaded, so it asks no more", async (t) => {
  openPage();
  const tick = stillClock(t);
  const requests = serve(t, { status: 403, error: "Forbidden" });
  const queue = newQueue();
  await queue.fill();
  await tick(60000);
  assert.equal(queue.trouble, "This page is too old; reload it.");
  assert.equal(requests.length, 1);
});

test("a clip that is wanted while the server is being asked is asked for right after", async (t) => {
  openPage();
  const first = held();
  const requests = serve(t, () => first.promise, clipsFrom(11));
  const queue = newQueue();
  const asking = queue.fill();
  queue.fill();
  first.resolve(some(1, 2, 3, 4, 5));
  await asking;
  queue.take();
  assert.equal(requests.length, 1, "five were there, so none was missing");
  const second = queue.fill();
  queue.take();
  queue.fill();
  await second;
  await settled();
  assert.deepEqual(
    requests.map(({ message }) => message.want),
    [5, 1, 1],
  );
});

test("counts that an acknowledged answer has overtaken are not shown", async (t) => {
  openPage();
  let acknowledged = 0;
  const late = held();
  serve(t, { ...some(1, 2, 3, 4, 5), saved: 3, done: 3 }, () => late.promise);
  const queue = newQueue({ acknowledged: () => acknowledged });
  await queue.fill();
  assert.deepEqual(queue.counts, { saved: 3, done: 3, total: 40 });
  queue.counts = { saved: 4, done: 4, total: 40 };
  const asking = queue.fill({ renew: true });
  acknowledged = 1;
  late.resolve({ ...some(), saved: 3, done: 3 });
  await asking;
  assert.deepEqual(queue.counts, { saved: 4, done: 4, total: 40 });
});

test("with storage switched off leases run out by themselves", async (t) => {
  openPage({ sessionStorage: storageSwitchedOff });
  const requests = serve(t, clipsFrom(1));
  const queue = newQueue();
  await queue.fill();
  queue.stop();
  assert.deepEqual(requests[0].message.release, []);
  assert.equal(requests.length, 2);
});

test("a clip that is put back comes next", async (t) => {
  openPage();
  serve(t, clipsFrom(1));
  const queue = newQueue();
  await queue.fill();
  const first = queue.take();
  queue.putBack(first);
  assert.equal(queue.take(), first);
});

test("nobody is there: others get the clips ahead, the clip on screen stays, and nothing is asked for", async (t) => {
  const { sessionStorage } = openPage();
  const tick = stillClock(t);
  const requests = serve(t, some(1, 2), {}, some(3, 4, 5, 6, 7));
  const queue = newQueue({ tab: "a", taken: { clips: [9], leases: [109] } });
  await queue.fill();
  const media = [...queue.ahead];
  queue.rest();
  assert.deepEqual(requests[1].message, { session: "Ann's token", tab: "a", want: 0, release: [101, 102], leaving: false });
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
