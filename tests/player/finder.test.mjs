import assert from "node:assert/strict";
import { test } from "node:test";

import { matching } from "../../labeler/player/label/finder.js";

const LABELS = ["dog", "hot dog", "Dogge", "dögling", "bulldog", "car horn"];

function found(typed) {
  return matching(LABELS, typed).map((index) => LABELS[index]);
}

test("the label that is equal comes first, then beginnings, then words, then what contains it", () => {
  assert.deepEqual(found("dog"), ["dog", "Dogge", "dögling", "hot dog", "bulldog"]);
});

test("capitals, accents and spaces around do not matter", () => {
  assert.deepEqual(found(" DÖGL "), ["dögling"]);
  assert.deepEqual(found("hor"), ["car horn"]);
});

test("nothing typed finds nothing, so that Enter gives no label", () => {
  assert.deepEqual(found(""), []);
  assert.deepEqual(found("  "), []);
  assert.deepEqual(found("cat"), []);
});

test("each of sixty labels is found by its name", () => {
  const sixty = Array.from({ length: 60 }, (_, number) => `c${number} rain`);
  sixty.forEach((label, index) => assert.equal(matching(sixty, label)[0], index));
});
