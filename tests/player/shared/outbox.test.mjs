import assert from "node:assert/strict";
import { test } from "node:test";

import { asideWords, Outbox, savingWords } from "../../../labeler/player/shared/outbox.js";
import { FakeStorage, held, openPage, serve, settled, stillClock, storageSwitchedOff } from "../fakes.mjs";
import { NOTHING, answer, noConnection, saved, uuids } from "./outbox_fakes.mjs";

test("answers leave in the order in which they were given", async (t) => {
  openPage();
  const first = held();
  const requests = serve(t, () => first.promise, saved);
  const outbox = new Outbox("p", NOTHING);
  for (const uuid of ["a", "b", "c"]) outbox.add(answer(uuid), 1);
  assert.deepEqual(requests.map(uuids), [["a"]], "one request at a time");
  first.resolve(saved({ answers: ["a"] }));
  await settled();
  assert.deepEqual(requests.map(uuids), [["a"], ["b", "c"]]);
  assert.deepEqual(outbox.waiting, []);
});

test("the server gets the answer, and not the clip's number beside it", async (t) => {
  openPage();
  const requests = serve(t, saved);
  new Outbox("p", NOTHING).add(answer("a"), 41);
  await settled();
  assert.deepEqual(requests, [{ path: "/earmark/api/decisions", message: { answers: [answer("a")] } }]);
});

test("a request carries fifty answers at most", async (t) => {
  openPage();
  const requests = serve(t, noConnection, saved);
  const tick = stillClock(t);
  const outbox = new Outbox("p", NOTHING);
  for (let number = 0; number < 53; number += 1) outbox.add(answer(String(number)), number);
  await settled();
  await tick(500);
  assert.deepEqual(
    requests.map((request) => uuids(request).length),
    [1, 50, 3],
  );
  assert.deepEqual(
    requests.slice(1).flatMap(uuids),
    Array.from({ length: 53 }, (_, number) => String(number)),
  );
});

test("answers survive a reload, and the page that opens sends the oldest first", async (t) => {
  const tick = stillClock(t, 1000);
  const { localStorage } = openPage();
  const requests = serve(t, noConnection, noConnection, saved);
  const before = new Outbox("p", NOTHING);
  before.add(answer("a"), 1);
  await tick(10);
  before.add(answer("b"), 2);
  before.retry.stop();
  await settled();
  openPage({ localStorage });
  const after = new Outbox("p", NOTHING);
  assert.deepEqual(after.clips, [1, 2]);
  after.retry.stop();
  await settled();
  after.send();
  await settled();
  assert.deepEqual(uuids(requests.at(-1)), ["a", "b"]);
  assert.equal(localStorage.length, 0, "what is acknowledged is forgotten");
});

test("what one page stored in the same millisecond keeps its order", async (t) => {
  stillClock(t, 1000);
  const { localStorage } = openPage();
  serve(t, noConnection);
  const outbox = new Outbox("p", NOTHING);
  const given = ["z", "y", "x"];
  for (const uuid of given) outbox.add(answer(uuid), 1);
  await settled();
  openPage({ localStorage });
  const found = new Outbox("p", NOTHING).waiting.map((entry) => entry.answer.uuid);
  assert.deepEqual(found, given);
});

test("the order stays when the browser's clock is set back", async (t) => {
  stillClock(t, 1_000_000);
  const { localStorage } = openPage();
  serve(t, noConnection);
  new Outbox("p", NOTHING).add(answer("first"), 1);
  t.mock.timers.setTime(1000);
  openPage({ localStorage });
  const outbox = new Outbox("p", NOTHING);
  for (const uuid of ["second", "third"]) outbox.add(answer(uuid), 1);
  openPage({ localStorage });
  const found = new Outbox("p", NOTHING).waiting.map((entry) => entry.answer.uuid);
  assert.deepEqual(found, ["first", "second", "third"]);
});

test("an acknowledgement that leaves answers out is none", async (t) => {
  openPage();
  stillClock(t);
  const requests = serve(t, { results: [], saved: null });
  const outbox = new Outbox("p", NOTHING);
  outbox.add(answer("a"), 1);
  await settled();
  assert.deepEqual([requests.length, outbox.waiting.length], [1, 1], "kept, and tried again later");
});

test("a failure is tried again after delays that double, up to fifteen seconds", async (t) => {
  openPage();
  const tick = stillClock(t);
  const requests = serve(t, noConnection);
  const outbox = new Outbox("p", NOTHING);
  outbox.add(answer("a"), 1);
  await settled();
  for (const delay of [500, 1000, 2000, 4000, 8000, 15000, 15000]) {
    const sent = requests.length;
    await tick(delay - 1);
    assert.equal(requests.length, sent, `not before ${delay} ms`);
    await tick(1);
    assert.equal(requests.length, sent + 1, `after ${delay} ms`);
  }
});

test("after a success delays begin anew", async (t) => {
  openPage();
  const tick = stillClock(t);
  const requests = serve(t, noConnection, noConnection, saved, noConnection, saved);
  const outbox = new Outbox("p", NOTHING);
  outbox.add(answer("a"), 1);
  await settled();
  await tick(500);
  await tick(1000);
  assert.equal(outbox.waiting.length, 0);
  outbox.add(answer("b"), 2);
  await settled();
  await tick(500);
  assert.deepEqual(uuids(requests.at(-1)), ["b"]);
  assert.deepEqual(outbox.waiting, []);
});

test("a server in trouble is a failure as much as no connection", async (t) => {
  openPage();
  const tick = stillClock(t);
  serve(t, { status: 503, error: "The database is busy." }, saved);
  const outbox = new Outbox("p", NOTHING);
  outbox.add(answer("a"), 1);
  await settled();
  assert.equal(outbox.trouble, "The database is busy.");
  assert.equal(outbox.waiting.length, 1);
  await tick(500);
  assert.equal(outbox.trouble, null);
});

test("the connection is back: answers leave at once", async (t) => {
  const { window } = openPage();
  stillClock(t);
  const requests = serve(t, noConnection, saved);
  const outbox = new Outbox("p", NOTHING);
  outbox.add(answer("a"), 1);
  await settled();
  window.dispatchEvent(new Event("online"));
  await settled();
  assert.equal(requests.length, 2);
  assert.deepEqual(outbox.waiting, []);
});

test("several tabs never overwrite each other's answers", async (t) => {
  stillClock(t, 1000);
  const localStorage = new FakeStorage();
  const first = held();
  const requests = serve(t, () => first.promise, noConnection);
  openPage({ localStorage });
  const one = new Outbox("p", NOTHING);
  openPage({ localStorage });
  const other = new Outbox("p", NOTHING);
  one.add(answer("of one"), 1);
  other.add(answer("of the other"), 2);
  await settled();
  assert.equal(localStorage.length, 2);
  first.resolve(saved(requests[0].message));
  await settled();
  assert.deepEqual(one.waiting, []);
  const left = [...localStorage.items.values()].map((stored) => JSON.parse(stored).uuid);
  assert.deepEqual(left, ["of the other"]);
});

test("answers of another project are left alone", async (t) => {
  const { localStorage } = openPage();
  localStorage.setItem("earmark:q:answer:1", JSON.stringify(answer("other")));
  localStorage.setItem("earmark:p:leases", "[1,2]");
  const requests = serve(t, saved);
  const outbox = new Outbox("p", NOTHING);
  await settled();
  assert.deepEqual([requests, outbox.waiting], [[], []]);
  assert.equal(localStorage.length, 2);
});

test("what the server refuses is reported, and not sent again", async (t) => {
  openPage();
  const refusal = { status: "refused", error: "The clip is gone." };
  const requests = serve(t, { results: [{ status: "saved" }, refusal], saved: 1, annotator: 7 });
  const outbox = new Outbox("p", { ...NOTHING, later() {} });
  outbox.add(answer("a"), 1);
  outbox.add(answer("b"), 2);
  await outbox.send();
  assert.equal(requests.length, 1);
  assert.deepEqual(outbox.waiting, []);
  assert.deepEqual(
    outbox.aside.map((entry) => entry.answer),
    [{ ...answer("b"), clip: 2, refused: "The clip is gone." }],
  );
  assert.deepEqual(savingWords(outbox), { state: "refused", text: "Not saved" });
  assert.equal(asideWords(outbox), "1 answer was not saved and is kept in this browser. The clip is gone.");
});

test("the token of whoever is at the page goes with the answers", async (t) => {
  openPage();
  const requests = serve(t, saved);
  new Outbox("p", { ...NOTHING, session: () => "token of Ann", annotator: 7 }).add(answer("a"), 1);
  await settled();
  assert.deepEqual(requests[0].message, { answers: [answer("a")], session: "token of Ann" });
});

test("an entry that cannot be read hides no other", async (t) => {
  const { localStorage } = openPage();
  localStorage.setItem("earmark:p:answer:2-y", JSON.stringify({ ...answer("a"), clip: 1 }));
  localStorage.setItem("earmark:p:answer:1-x", "{cut off");
  const requests = serve(t, saved);
  const outbox = new Outbox("p", NOTHING);
  await settled();
  assert.deepEqual([requests.map(uuids), outbox.waiting], [[["a"]], []]);
});

test("with storage switched off answers are still sent", async (t) => {
  openPage({ localStorage: storageSwitchedOff });
  const requests = serve(t, noConnection, saved);
  const tick = stillClock(t);
  const outbox = new Outbox("p", NOTHING);
  outbox.add(answer("a"), 1);
  await settled();
  assert.deepEqual(outbox.clips, [1]);
  await tick(500);
  assert.deepEqual(requests.map(uuids), [["a"], ["a"]]);
  assert.deepEqual(outbox.clips, []);
});

test("an answer is stored before anything else, even when sending is put off", (t) => {
  const { localStorage } = openPage();
  const requests = serve(t, saved);
  const later = [];
  const outbox = new Outbox("p", { ...NOTHING, later: (work) => later.push(work) });
  outbox.add(answer("a"), 1);
  assert.deepEqual(requests, []);
  assert.equal(localStorage.length, 1);
  later[0]();
  assert.equal(requests.length, 1);
});

test("the server's own count goes to the page, unless the server gives none", async (t) => {
  openPage();
  const counts = [];
  serve(t, saved, { results: [{ status: "saved" }], saved: null, annotator: null });
  const outbox = new Outbox("p", { ...NOTHING, onSaved: (...given) => counts.push(given) });
  outbox.add(answer("a"), 1);
  await settled();
  outbox.add(answer("b"), 1);
  await settled();
  assert.deepEqual(counts, [[7, 1]]);
});

test("the state of saving is one of four, in words", () => {
  const one = [{}];
  assert.deepEqual(savingWords(), { state: "saved", text: "All saved" });
  assert.deepEqual(savingWords({ waiting: one }), { state: "pending", text: "Saving…" });
  const failed = savingWords({ waiting: one, trouble: "no connection" });
  assert.deepEqual(failed, { state: "failed", text: "1 answer not saved yet, kept here; trying again" });
  assert.match(savingWords({ waiting: [{}, {}], trouble: "no connection" }).text, /^2 answers not saved yet/);
  const reason = "The database was moved.";
  const gone = savingWords({ waiting: one, trouble: reason, reason });
  assert.equal(gone.text, "1 answer not saved yet, kept here; trying again. The database was moved.");
  assert.equal(savingWords({ waiting: one, aside: one }).state, "pending");
  assert.deepEqual(savingWords({ aside: [{}, {}] }), { state: "refused", text: "2 answers not saved" });
});
