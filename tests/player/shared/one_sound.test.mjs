import assert from "node:assert/strict";
import { test } from "node:test";

import { OneSound } from "../../../labeler/player/shared/one_sound.js";
import { openPage } from "../fakes.mjs";

test("whoever starts to sound quiets all others, and not itself", () => {
  openPage();
  const log = [];
  const [one, two, three] = ["one", "two", "three"].map((name) => new OneSound(() => log.push(name)));
  two.starts();
  assert.deepEqual(log, ["one", "three"]);
  three.stop();
  one.starts();
  assert.deepEqual(log, ["one", "three", "two"]);
});
