import assert from "node:assert/strict";
import { test } from "node:test";

import { Pace } from "../../labeler/player/label/pace.js";
import { openPage, storageSwitchedOff } from "./fakes.mjs";

const SECOND = 1000;
const MINUTE = 60 * SECOND;

function answeredAt(pace, ...times) {
  return times.map((time) => pace.answered(time));
}

test("the pace is the median time from one answer to the next, once there are three", () => {
  openPage();
  const pace = new Pace("p", 7);
  answeredAt(pace, 0, 2 * SECOND);
  assert.equal(pace.seconds, null);
  answeredAt(pace, 5 * SECOND, 65 * SECOND);
  assert.equal(pace.seconds, 3, "one long look at a clip changes little");
});

test("the pace follows the last twenty answers", () => {
  openPage();
  const pace = new Pace("p", 7);
  for (let number = 0; number <= 30; number += 1) pace.answered(number * 10 * SECOND);
  for (let number = 1; number <= 20; number += 1) pace.answered(300 * SECOND + number * 2 * SECOND);
  assert.equal(pace.seconds, 2);
});

test("five minutes without an answer are a pause, which is not part of the pace", () => {
  openPage();
  const pace = new Pace("p", 7);
  answeredAt(pace, 0, SECOND, 2 * SECOND);
  pace.answered(2 * SECOND + 5 * MINUTE + 1);
  assert.equal(pace.seconds, null);
  assert.equal(pace.count, 4);
});

test("a break is due once after 45 minutes, and again 45 minutes later", () => {
  openPage();
  const pace = new Pace("p", 7);
  const due = [];
  for (let minute = 0; minute <= 90; minute += 1) if (pace.answered(minute * MINUTE)) due.push(minute);
  assert.deepEqual(due, [45, 90]);
});

test("after a pause the 45 minutes begin anew", () => {
  openPage();
  const pace = new Pace("p", 7);
  for (let minute = 0; minute <= 40; minute += 1) pace.answered(minute * MINUTE);
  const due = [];
  for (let minute = 50; minute <= 95; minute += 1) if (pace.answered(minute * MINUTE)) due.push(minute);
  assert.deepEqual(due, [95]);
});

test("an answer that is taken back is not counted", () => {
  openPage();
  const pace = new Pace("p", 7);
  answeredAt(pace, 0, SECOND);
  for (let number = 0; number < 3; number += 1) pace.undone();
  assert.equal(pace.count, 0);
});

test("the count is shown with the goal, where there is one, and with the pace", () => {
  openPage();
  const pace = new Pace("p", 7);
  assert.equal(pace.words(0), "0 this session");
  answeredAt(pace, 0, 1500, 4000);
  assert.equal(pace.words(0), "3 this session · 2.5 s a clip");
  assert.equal(pace.words(100), "3 of 100 this session · 2.5 s a clip");
});

test("a reload keeps the count, and each annotator has one", () => {
  const { sessionStorage } = openPage();
  answeredAt(new Pace("p", 7), 0, SECOND, 2 * SECOND);
  openPage({ sessionStorage });
  assert.equal(new Pace("p", 7).words(0), "3 this session · 1.0 s a clip");
  assert.equal(new Pace("p", 8).count, 0);
  assert.equal(new Pace("q", 7).count, 0);
});

test("with storage switched off the count lasts as long as the page", () => {
  openPage({ sessionStorage: storageSwitchedOff });
  const pace = new Pace("p", 7);
  answeredAt(pace, 0, SECOND);
  assert.equal(pace.count, 2);
});
