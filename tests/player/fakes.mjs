// Small stand-ins for what a browser has and Node has not.

// Browsers promise no order of keys; here the newest comes first.
export class FakeStorage {
  constructor() {
    this.items = new Map();
  }

  get length() {
    return this.items.size;
  }

  key(index) {
    return [...this.items.keys()].reverse()[index] ?? null;
  }

  getItem(key) {
    return this.items.get(key) ?? null;
  }

  setItem(key, value) {
    this.items.set(key, String(value));
  }

  removeItem(key) {
    this.items.delete(key);
  }
}

// As in a browser whose owner forbids pages to store anything: every use throws.
export const storageSwitchedOff = new Proxy(
  {},
  {
    get() {
      throw new Error("storage is switched off");
    },
  },
);

// One page of a browser. Pages that are given the same storage are tabs of one browser, or one page before and after a reload.
export function openPage({ localStorage = new FakeStorage(), sessionStorage = new FakeStorage() } = {}) {
  const page = { window: new EventTarget(), localStorage, sessionStorage };
  for (const [name, value] of Object.entries(page)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  return page;
}

// A server. Each request takes the next of `answers`; the last one answers all that follow. An answer is a document, a function
// of the message that gives one, an Error (no connection), or { status, error }.
export function serve(t, ...answers) {
  const requests = [];
  t.mock.method(globalThis, "fetch", async (path, { body, keepalive = false }) => {
    const message = JSON.parse(body);
    const bytes = new TextEncoder().encode(body).length;
    // Chromium refuses what is larger, however good the connection is.
    if (keepalive && bytes > 65536) throw new TypeError("Failed to fetch");
    // Not enumerable: most tests compare path and message only.
    requests.push(Object.defineProperty({ path, message }, "sent", { value: { keepalive, bytes } }));
    const next = answers.length > 1 ? answers.shift() : answers[0];
    const answer = await (typeof next === "function" ? next(message) : next);
    if (answer instanceof Error) throw answer;
    if (answer.status) return Response.json({ error: answer.error }, { status: answer.status });
    return Response.json(answer);
  });
  return requests;
}

// An answer that the test gives later.
export function held() {
  return Promise.withResolvers();
}

// Let everything go on that waits for nothing but promises.
export function settled() {
  return new Promise((done) => setImmediate(done));
}

// Timers that the test moves, and delays without their random part.
export function stillClock(t, now = 0) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now });
  t.mock.method(Math, "random", () => 0.5);
  return async (milliseconds) => {
    t.mock.timers.tick(milliseconds);
    await settled();
  };
}

// An element that knows just enough of selectors: `select`, `[role=tab]`, `a[href]`, `.face`, `:focus-visible`, `[role=menu] *`.
export class FakeElement {
  constructor(name, { attributes = {}, classes = [], focusVisible = false, parent = null } = {}) {
    Object.assign(this, { name, attributes, classes, focusVisible, parent });
  }

  matches(selectors) {
    return selectors.split(", ").some((selector) => {
      if (selector.endsWith(" *")) return Boolean(this.parent?.closest(selector.slice(0, -2)));
      const [wanted, excluded] = selector.split(":not(");
      return this.#is(wanted) && !(excluded && this.#is(excluded.slice(0, -1)));
    });
  }

  #is(selector) {
    return selector.match(/\[[^\]]*\]|:[\w-]+|\.\w+|\w+/g).every((part) => {
      if (part === ":focus-visible") return this.focusVisible;
      if (part.startsWith(".")) return this.classes.includes(part.slice(1));
      if (!part.startsWith("[")) return this.name === part;
      const [attribute, value] = part.slice(1, -1).split("=");
      return attribute in this.attributes && (value === undefined || this.attributes[attribute] === value);
    });
  }

  closest(selectors) {
    return this.matches(selectors) ? this : (this.parent?.closest(selectors) ?? null);
  }
}

// A key press. `code` is the key's place, as on an American keyboard.
export function press(key, { code = "", on = new FakeElement("body"), altGraph = false, ...modifiers } = {}) {
  globalThis.Element = FakeElement;
  const released = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, isComposing: false };
  return { key, code, ...released, ...modifiers, getModifierState: () => altGraph, composedPath: () => [on] };
}
