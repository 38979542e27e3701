import assert from "node:assert/strict";
import { test } from "node:test";

import { GridMemory } from "../../labeler/player/grid/grid_memory.js";
import { openPage, storageSwitchedOff } from "./fakes.mjs";

const ASKED = "likely happy";

function save(changes = {}) {
  return { label: "happy", asked: ASKED, answers: [], rejected: [], passed: [], ...changes };
}

test("a clip that was rejected for a label is left out for that label, whatever was asked", () => {
  openPage();
  const memory = new GridMemory("p", 7);
  memory.reject("happy", [1, 2]);
  memory.reject("happy", [2, 3]);
  assert.deepEqual(memory.leftOut("happy", ASKED), [1, 2, 3]);
  assert.deepEqual(memory.leftOut("happy", "like clip 9"), [1, 2, 3]);
  assert.deepEqual(memory.leftOut("sad", ASKED), []);
});

test("a clip that was passed over is left out for the same question only", () => {
  openPage();
  const memory = new GridMemory("p", 7);
  memory.pass(ASKED, [4]);
  assert.deepEqual(memory.leftOut("happy", ASKED), [4]);
  assert.deepEqual(memory.leftOut("happy", "like clip 9"), []);
});

test("a reload keeps what was rejected and what can be taken back, and begins anew with what was passed over", () => {
  const { sessionStorage } = openPage();
  const before = new GridMemory("p", 7);
  before.reject("happy", [1]);
  before.pass(ASKED, [2]);
  before.pushSave(save({ rejected: [1] }));
  openPage({ sessionStorage });
  const after = new GridMemory("p", 7);
  assert.deepEqual(after.leftOut("happy", ASKED), [1]);
  assert.deepEqual(after.popSave(), save({ rejected: [1] }));
  assert.deepEqual(new GridMemory("p", 8).leftOut("happy", ASKED), [], "another annotator has a memory of their own");
});

test("taking a save back brings back its clips with their marks", () => {
  openPage();
  const memory = new GridMemory("p", 7);
  memory.reject("happy", [1, 2]);
  memory.pass(ASKED, [3, 4]);
  const heard = { plays: 1, reached: 0.9 };
  memory.pushSave(save({ answers: [{ clip: 5, heard }], rejected: [2], passed: [4] }));
  memory.popSave();
  assert.deepEqual(memory.leftOut("happy", ASKED), [1, 3]);
  assert.deepEqual(memory.markOf(ASKED, 5), { mark: "yes", heard });
  assert.deepEqual(memory.markOf(ASKED, 2), { mark: "no", heard: {} });
  assert.deepEqual(memory.markOf("like clip 9", 5), { mark: null, heard: {} });
  assert.equal(memory.popSave(), null);
});

test("the newest save is taken back first, and a reload keeps fifty", () => {
  const { sessionStorage } = openPage();
  const memory = new GridMemory("p", 7);
  for (let number = 0; number < 60; number += 1) memory.pushSave(save({ passed: [number] }));
  openPage({ sessionStorage });
  const reloaded = new GridMemory("p", 7);
  assert.deepEqual(reloaded.popSave().passed, [59]);
  assert.equal(reloaded.saves.length, 49);
});

test("the server gets no more than the newest nine thousand clips to leave out", () => {
  openPage();
  const memory = new GridMemory("p", 7);
  memory.reject(
    "happy",
    Array.from({ length: 9500 }, (_, number) => number),
  );
  const leftOut = memory.leftOut("happy", ASKED);
  assert.deepEqual([leftOut.length, leftOut[0], leftOut.at(-1)], [9000, 500, 9499]);
});

test("with storage switched off the memory lasts as long as the page", () => {
  openPage({ sessionStorage: storageSwitchedOff });
  const memory = new GridMemory("p", 7);
  memory.reject("happy", [1]);
  assert.deepEqual(memory.leftOut("happy", ASKED), [1]);
});
