import assert from "node:assert/strict";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import mountComponent from "../../labeler/player/loader.js";
import { settled, stillClock } from "./fakes.mjs";

const ENTRY = `import { name } from "../shared/name.js";
export default ({ parentElement }) => {
  parentElement.mounted.push(name);
  return () => {};
};
`;

// Node imports from files where a browser imports from the server.
function folderOf(t) {
  const folder = mkdtempSync(join(tmpdir(), "earmark-loader-"));
  t.after(() => rmSync(folder, { recursive: true }));
  globalThis.location = { origin: "file:///" };
  return folder;
}

// What the server serves to one attempt.
function served(folder, { attempt, entry, name }) {
  for (const [path, content] of [
    [entry, ENTRY],
    ["shared/name.mjs", `export const name = "${name}";\n`],
  ]) {
    const file = join(folder, String(attempt), path);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, content.replace("name.js", "name.mjs"));
  }
}

function mounting(folder, entry, { isConnected = true } = {}) {
  const parentElement = { isConnected, mounted: [] };
  return { parentElement, data: { modules: { address: folder, entry, others: ["shared/name.mjs"] } } };
}

test("a component is loaded once, and mounted at each call", async (t) => {
  const folder = folderOf(t);
  served(folder, { attempt: 0, entry: "a/once.mjs", name: "first" });
  const call = mounting(folder, "a/once.mjs");
  const leave = await mountComponent(call);
  assert.equal(typeof leave, "function");
  await mountComponent({ ...call, data: { modules: { ...call.data.modules, address: "/a newer version" } } });
  assert.deepEqual(call.parentElement.mounted, ["first", "first"], "an open page keeps its version");
});

test("modules that do not arrive are asked for again, at other addresses", async (t) => {
  const folder = folderOf(t);
  const tick = stillClock(t);
  const call = mounting(folder, "a/again.mjs");
  const mounted = mountComponent(call);
  for (let wait = 0; wait < 20; wait += 1) await settled();
  served(folder, { attempt: 1, entry: "a/again.mjs", name: "second" });
  await tick(500);
  await mounted;
  assert.deepEqual(call.parentElement.mounted, ["second"]);
});

test("a page that was left meanwhile gets no component", async (t) => {
  const folder = folderOf(t);
  served(folder, { attempt: 0, entry: "a/left.mjs", name: "left" });
  const call = mounting(folder, "a/left.mjs", { isConnected: false });
  assert.equal(await mountComponent(call), undefined);
  assert.deepEqual(call.parentElement.mounted, []);
});
