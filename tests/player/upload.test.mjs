import assert from "node:assert/strict";
import { test } from "node:test";

import { Sending, sendFile, sorted } from "../../labeler/player/upload/sending.js";

const SUFFIXES = [".wav", ".csv"];
const file = (name, size = 10) => ({ name, size });
const server = () => ({ base: "", session: "token" });

function sending(files, send, more = {}) {
  return new Sending(files, SUFFIXES, { server, onChange: () => {}, send, ...more });
}

test("only audio and manifests are sent, and no empty files", () => {
  const { taken, refused } = sorted([file("a.WAV"), file("b.exe"), file("c.csv", 0), file("noname")], SUFFIXES);
  assert.deepEqual(taken, [file("a.WAV")]);
  assert.deepEqual(
    refused.map(([{ name }]) => name),
    ["b.exe", "c.csv", "noname"],
  );
});

test("files go one after the other, into the folder that the first answer names", async () => {
  const sent = [];
  let open = 0;
  const run = sending([file("a.wav"), file("b.wav"), file("list.csv")], async ({ name }, { batch }) => {
    open += 1;
    assert.equal(open, 1);
    sent.push([name, batch]);
    await Promise.resolve();
    open -= 1;
    return { path: `uploads/b1/${name}`, batch: "b1" };
  });
  await run.run();
  assert.deepEqual(sent, [
    ["a.wav", null],
    ["b.wav", "b1"],
    ["list.csv", "b1"],
  ]);
  assert.equal(run.arrived, 3);
  assert.equal(run.share, 1);
});

test("a file that is refused does not stop the others", async () => {
  const run = sending([file("a.wav"), file("b.wav")], async ({ name }) => {
    if (name === "a.wav") throw new Error("It is too large.");
    return { path: "x" };
  });
  await run.run();
  assert.equal(run.arrived, 1);
  assert.deepEqual(
    run.failed.map(([{ name }, reason]) => [name, reason]),
    [["a.wav", "It is too large."]],
  );
});

test("stopping sends no further file, and counts none as failed", async () => {
  const run = sending([file("a.wav"), file("b.wav")], async () => {
    run.stop();
    throw new Error("Stopped.");
  });
  await run.run();
  assert.deepEqual([run.arrived, run.failed.length, run.stopped], [0, 0, true]);
});

class FakeRequest {
  static answers = [];
  headers = {};
  upload = {};
  open(method, address) {
    this.address = address;
  }
  setRequestHeader(name, value) {
    this.headers[name] = value;
  }
  send() {
    FakeRequest.last = this;
    [this.status, this.responseText] = FakeRequest.answers.shift();
    this.onload();
  }
}

test("what the server says is the answer or the reason", async () => {
  const options = { base: "/lab", session: "token", batch: "b1", onProgress: () => {}, signal: new AbortController().signal };
  FakeRequest.answers = [
    [200, '{"path": "uploads/b1/ä 1.wav", "batch": "b1"}'],
    [413, '{"error": "It is too large."}'],
    [502, "<html>"],
  ];
  const named = file("ä&1.wav");
  assert.equal((await sendFile(named, { ...options, Request: FakeRequest })).batch, "b1");
  assert.equal(FakeRequest.last.address, "/lab/earmark/api/upload?name=%C3%A4%261.wav&batch=b1");
  assert.deepEqual(FakeRequest.last.headers, { "Earmark-Session": "token" });
  await assert.rejects(sendFile(named, { ...options, Request: FakeRequest }), { message: "It is too large." });
  await assert.rejects(sendFile(named, { ...options, Request: FakeRequest }), { message: /refuses it \(status 502\)/ });
});
