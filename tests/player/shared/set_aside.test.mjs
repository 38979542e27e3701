import assert from "node:assert/strict";
import { test } from "node:test";

import { asFile } from "../../../labeler/player/shared/aside.js";
import { asideWords, Outbox } from "../../../labeler/player/shared/outbox.js";
import { openPage, serve, settled, stillClock } from "../fakes.mjs";

const NOTHING = { onChange() {}, onSaved() {} };

function answer(uuid) {
  return { uuid, ticket: `ticket of ${uuid}`, answer: "label", label: "happy" };
}

// The server took every answer.
function saved({ answers }) {
  return { results: answers.map(() => ({ status: "saved" })), saved: answers.length, annotator: 7 };
}

// The server took none.
function tooOld({ answers }) {
  return { results: answers.map(() => ({ status: "refused", error: "Too old." })), saved: null };
}

function uuids({ message }) {
  return message.answers.map(({ uuid }) => uuid);
}

function uuidsAside(outbox) {
  return outbox.aside.map((entry) => entry.answer.uuid);
}

test("what was set aside outlives the page, and is sent again by hand", async (t) => {
  const { localStorage } = openPage();
  const requests = serve(t, tooOld, tooOld, saved);
  const before = new Outbox("p", NOTHING);
  before.add(answer("a"), 1);
  before.add(answer("b"), 2);
  await settled();
  assert.equal(requests.length, 2);
  openPage({ localStorage });
  const after = new Outbox("p", NOTHING);
  await settled();
  assert.equal(requests.length, 2, "not by itself");
  assert.deepEqual(after.clips, [], "its clip may be handed out again");
  assert.equal(asideWords(after), "2 answers were not saved and are kept in this browser. Too old.");
  after.sendAside();
  await settled();
  assert.deepEqual(requests.at(-1).message.answers, [answer("a"), answer("b")]);
  assert.deepEqual([after.aside, after.waiting, localStorage.length], [[], [], 0]);
  assert.equal(asideWords(after), null);
});

test("what was set aside can be discarded", async (t) => {
  const { localStorage } = openPage();
  serve(t, tooOld);
  const outbox = new Outbox("p", NOTHING);
  outbox.add(answer("a"), 1);
  await settled();
  assert.equal(localStorage.length, 1);
  outbox.discardAside();
  assert.deepEqual([outbox.aside, localStorage.length], [[], 0]);
});

for (const together of [false, true]) {
  test(`an answer that is set aside and taken back was never given (${together ? "one request" : "two"})`, async (t) => {
    const { localStorage } = openPage();
    const requests = serve(t, tooOld);
    const outbox = new Outbox("p", { ...NOTHING, later() {} });
    outbox.add(answer("a"), 1);
    if (!together) await outbox.send();
    outbox.add({ uuid: "u", ticket: "ticket of a", answer: "undo", undoes: "a" }, 1);
    await outbox.send();
    assert.deepEqual([outbox.aside, outbox.waiting, localStorage.length], [[], [], 0]);
    assert.equal(requests.length, 1);
  });
}

test("a newer answer of the same person for the clip counts, and not the one that was set aside", async (t) => {
  openPage();
  serve(t, tooOld, saved);
  const ann = new Outbox("p", { ...NOTHING, annotator: 7, later() {} });
  ann.add(answer("a"), 1);
  ann.add(answer("of another clip"), 2);
  ann.add({ ...answer("flag"), answer: "flag" }, 1);
  ann.add({ ...answer("remark"), answer: "comment" }, 1);
  await ann.send();
  ann.add(answer("b"), 1);
  await ann.send();
  assert.deepEqual(uuidsAside(ann), ["of another clip", "flag", "remark"]);
  const ben = new Outbox("p", { ...NOTHING, annotator: 8, later() {} });
  ben.add(answer("c"), 2);
  await ben.send();
  assert.deepEqual(uuidsAside(ben), ["of another clip", "flag", "remark"], "Ben's answer is not Ann's");
});

test("a file of what was set aside holds the answers, and no ticket with which anybody could answer", async (t) => {
  openPage();
  stillClock(t, Date.UTC(2026, 0, 2, 3, 4, 5));
  serve(t, tooOld);
  const outbox = new Outbox("p", { ...NOTHING, annotator: 7 });
  outbox.add(answer("a"), 1);
  await settled();
  const expected = { uuid: "a", answer: "label", label: "happy", clip: 1, annotator: 7, refused: "Too old." };
  assert.deepEqual(JSON.parse(asFile(outbox.aside)), [{ ...expected, given_at: "2026-01-02T03:04:05.000Z" }]);
});

test("a request that the server never takes is sent answer by answer, and only the bad one is set aside", async (t) => {
  openPage();
  const requests = serve(t, (message) =>
    message.answers.some(({ uuid }) => uuid === "bad") ? { status: 400, error: "It cannot be used." } : saved(message),
  );
  const outbox = new Outbox("p", { ...NOTHING, later() {} });
  for (const uuid of ["a", "bad", "b", "c"]) outbox.add(answer(uuid), 1);
  outbox.send();
  for (let round = 0; round < 10; round += 1) await settled();
  assert.deepEqual(requests.map(uuids), [["a", "bad", "b", "c"], ["a"], ["bad"], ["b"], ["c"]]);
  assert.deepEqual(outbox.waiting, []);
  assert.equal(asideWords(outbox), "1 answer was not saved and is kept in this browser. It cannot be used.");
});

for (const status of [401, 403, 404, 500, 502, 503]) {
  test(`a server that answers ${status} may be in order again soon: nothing is set aside`, async (t) => {
    openPage();
    stillClock(t);
    serve(t, { status, error: "No." });
    const outbox = new Outbox("p", NOTHING);
    outbox.add(answer("a"), 1);
    await settled();
    assert.deepEqual([outbox.waiting.length, outbox.aside, outbox.trouble], [1, [], "No."]);
  });
}
