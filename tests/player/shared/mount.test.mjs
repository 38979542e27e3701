import assert from "node:assert/strict";
import { test } from "node:test";

import { mounted } from "../../../labeler/player/shared/mount.js";

// A component that lasts as long as the annotator is the same, and notes what happens to it.
function component() {
  const log = [];
  class Noted {
    constructor(_root, { annotator }) {
      this.annotator = annotator;
      log.push(`new ${annotator}`);
    }

    serves({ annotator }) {
      return annotator === this.annotator;
    }

    stay({ theme }) {
      log.push(`stay ${theme}`);
    }

    leave() {
      log.push(`leave ${this.annotator}`);
    }
  }
  return { mount: mounted(Noted), log };
}

test("a call with other data or another theme keeps the component", () => {
  const { mount, log } = component();
  const parentElement = {};
  mount({ parentElement, data: { annotator: "Ann" } });
  const leave = mount({ parentElement, data: { annotator: "Ann", theme: "dark" } });
  assert.deepEqual(log, ["new Ann", "stay dark"]);
  leave();
  assert.equal(log.at(-1), "leave Ann");
});

test("another annotator gets a component of their own", () => {
  const { mount, log } = component();
  const parentElement = {};
  mount({ parentElement, data: { annotator: "Ann" } });
  mount({ parentElement, data: { annotator: "Ben" } });
  assert.deepEqual(log, ["new Ann", "leave Ann", "new Ben"]);
});

test("cleaning up after a call that another has overtaken leaves the component alone", () => {
  const { mount, log } = component();
  const parentElement = {};
  const overtaken = mount({ parentElement, data: { annotator: "Ann" } });
  const leave = mount({ parentElement, data: { annotator: "Ann", theme: "dark" } });
  overtaken();
  assert.deepEqual(log, ["new Ann", "stay dark"]);
  leave();
  assert.deepEqual(log, ["new Ann", "stay dark", "leave Ann"]);
});

test("two places have two components", () => {
  const { mount, log } = component();
  const leave = mount({ parentElement: {}, data: { annotator: "Ann" } });
  mount({ parentElement: {}, data: { annotator: "Ann" } });
  leave();
  assert.deepEqual(log, ["new Ann", "new Ann", "leave Ann"]);
});
