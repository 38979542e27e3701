import assert from "node:assert/strict";
import { test } from "node:test";

import { stateOf } from "../../labeler/player/label/state.js";

const IDLE = { trouble: null, empty: false };

function playing(changes = {}, audio = {}) {
  const onAir = { problem: null, sounding: false, firstSoundAt: null, ...changes };
  return { blocked: false, onAir: { ...onAir, audio: { paused: true, ended: false, ...audio } } };
}

function words(changes) {
  return stateOf({ onAir: null }, { ...IDLE, empty: true, ...changes }).notice;
}

test("without a clip the queue's state is shown", () => {
  const none = { onAir: null };
  assert.deepEqual(stateOf(none, IDLE), { state: "loading" });
  assert.equal(stateOf(none, { trouble: null, empty: true }).state, "empty");
  const trouble = stateOf(none, { trouble: "The server does not answer.", empty: true });
  assert.deepEqual(trouble, { state: "loading", notice: "The server does not answer. Trying again…" });
});

test("all is done only when every clip has an answer", () => {
  assert.match(words({ counts: { done: 19, total: 19 } }), /^All done: every clip has an answer\./);
  const open = words({ counts: { done: 13, total: 19 }, elsewhere: 6 });
  assert.match(open, /^No clip is free at the moment: 6 clips open in another tab, yours or somebody else's\./);
  assert.match(words({ counts: { done: 19, total: 19 }, elsewhere: 1 }), /: 1 clip open in another tab/);
  assert.match(words({ counts: { done: 18, total: 19 }, elsewhere: 1 }), /: 1 clip open in another tab/);
  assert.match(words({ counts: { done: 18, total: 19 } }), /^No clip is free at the moment: 1 clip without an answer\./);
});

test("a tab that rests says how it goes on", () => {
  const { state, notice } = stateOf({ onAir: null }, { ...IDLE, resting: true });
  assert.equal(state, "empty");
  assert.match(notice, /Move the pointer or press a key to go on/);
});

test("a clip is loading until its first sound, then playing, paused or ended", () => {
  assert.deepEqual(stateOf(playing(), IDLE), { state: "loading" });
  assert.deepEqual(stateOf(playing({ sounding: true, firstSoundAt: 5 }, { paused: false }), IDLE), { state: "playing" });
  assert.deepEqual(stateOf(playing({ firstSoundAt: 5 }), IDLE), { state: "paused" });
  assert.deepEqual(stateOf(playing({ firstSoundAt: 5 }, { paused: false }), IDLE), { state: "loading" }, "sound ran dry");
  assert.deepEqual(stateOf(playing({ firstSoundAt: 5 }, { ended: true }), IDLE), { state: "ended" });
});

test("a browser that allows no sound yet asks for space", () => {
  const blocked = stateOf({ ...playing(), blocked: true }, IDLE);
  assert.deepEqual(blocked, { state: "paused", blocked: true, notice: "Press space to start" });
});

test("a clip that cannot be played can be skipped, or tried again where that may help", () => {
  const gone = stateOf(playing({ problem: { message: "It is gone.", final: true } }), IDLE);
  assert.deepEqual(gone, { state: "broken", notice: "This clip cannot be played. Press S to skip it.\nIt is gone." });
  const away = stateOf(playing({ problem: { message: "No answer.", final: false } }), IDLE);
  assert.match(away.notice, /Press space to try again, or S to skip it\./);
});
