// Answers on their way to the server: kept in the browser until each is acknowledged, sent in the order they were given.
//
// Every answer has an entry of its own in localStorage, so that several tabs never overwrite each other. A page that opens sends
// whatever an earlier one left behind. Sending twice is harmless: the server knows each answer by its UUID.
//
// What the server refuses is set aside: it stays in the browser, with the reason, until it is sent again or discarded by hand.

import { ApiError, bytesOf, post } from "./api.js";
import { BackOff } from "./back_off.js";

const LARGEST_BATCH = 50;
// Less than a page may send while it goes (64 KiB), and a fifth of what the server takes at once (256 KiB).
const LARGEST_BYTES = 48 * 1024;
// The server will not take such a request however often it is sent.
const NEVER_TAKEN = [400, 413];

export class Outbox {
  // onChange() follows every change of a count or of the state. onSaved(annotatorId, saved) gets the server's own count.
  // later(work) may put the sending off for a moment. session() is the token of the annotator at the page, whose id is `annotator`.
  constructor(project, { onChange, onSaved, later = (work) => work(), session = () => null, annotator = null }) {
    this.prefix = `earmark:${project}:answer:`;
    this.onChange = onChange;
    this.onSaved = onSaved;
    this.later = later;
    this.session = session;
    this.annotator = annotator;
    this.sending = false;
    this.leaving = false;
    this.alone = 0;
    this.trouble = null;
    this.reason = null;
    this.retry = new BackOff(() => this.send());
    const left = this.left();
    this.waiting = left.filter(({ answer }) => answer.refused === undefined);
    this.aside = left.filter(({ answer }) => answer.refused !== undefined);
    this.newest = Math.max(0, ...left.map(givenAt));
    this.online = () => this.send();
    window.addEventListener("online", this.online);
    this.send();
  }

  // What earlier pages did not get acknowledged, oldest first.
  left() {
    const found = [];
    try {
      for (let index = 0; index < localStorage.length; index += 1) {
        const key = localStorage.key(index);
        const answer = key.startsWith(this.prefix) ? parsed(localStorage.getItem(key)) : null;
        if (answer) found.push({ key, answer });
      }
    } catch {
      // Storage is switched off. Answers then live only as long as the page.
    }
    return found.sort((one, other) => (one.key < other.key ? -1 : 1));
  }

  // `clip` is remembered so that the clip is not served again before its answer has arrived.
  add(answer, clip) {
    // The server never had the answer that is taken back.
    const undone = this.aside.filter((entry) => answer.answer === "undo" && entry.answer.uuid === answer.undoes);
    if (undone.length > 0) this.drop(undone);
    else this.keep(answer, clip);
    this.later(() => {
      this.onChange();
      this.send();
    });
  }

  keep(answer, clip) {
    // Later than everything before, even if the browser's clock was set back: an undo must not come before its answer.
    this.newest = Math.max(Date.now(), this.newest + 1);
    const order = this.newest.toString().padStart(15, "0");
    const whose = this.annotator === null ? {} : { annotator: this.annotator };
    const entry = { key: `${this.prefix}${order}-${answer.uuid}`, answer: { ...answer, clip, ...whose } };
    store(entry);
    this.waiting.push(entry);
  }

  get clips() {
    return this.waiting.map((entry) => entry.answer.clip);
  }

  async send() {
    if (this.sending || this.waiting.length === 0) return;
    this.sending = true;
    this.retry.stop();
    const batch = this.batch();
    try {
      this.acknowledge(batch, await this.request(batch));
      this.alone = Math.max(this.alone - 1, 0);
      this.trouble = this.reason = null;
      this.retry.worked();
    } catch (error) {
      this.failed(batch, error);
    }
    this.sending = false;
    this.onChange();
    if (this.trouble === null && this.waiting.length > 0) this.send();
  }

  // The oldest answers, as many as fit into one request.
  batch() {
    const batch = [];
    let bytes = 0;
    for (const entry of this.waiting.slice(0, this.alone > 0 ? 1 : LARGEST_BATCH)) {
      bytes += bytesOf(entry.answer) + 1;
      if (batch.length > 0 && bytes > LARGEST_BYTES) break;
      batch.push(entry);
    }
    return batch;
  }

  request(batch) {
    const answers = batch.map(({ answer: { clip, annotator, refused, ...answer } }) => answer);
    const session = this.session();
    return post("/earmark/api/decisions", session === null ? { answers } : { answers, session }, { leaving: this.leaving });
  }

  failed(batch, error) {
    this.trouble = this.reason = null;
    if (!NEVER_TAKEN.includes(error.status)) {
      this.trouble = error.message;
      this.reason = error.status >= 500 ? error.message : null;
      this.retry.again();
    } else if (batch.length > 1) {
      // Each by itself: only the one that the server does not take is set aside.
      this.alone = batch.length;
    } else {
      this.setAside(batch[0], error.message);
      this.alone = Math.max(this.alone - 1, 0);
    }
  }

  acknowledge(batch, { results, saved, annotator }) {
    if (results.length !== batch.length) throw new ApiError(502, "The server's answer is incomplete.");
    results.forEach((result, index) => {
      const entry = batch[index];
      if (!this.waiting.includes(entry)) return;
      if (result.status === "saved") this.taken(entry);
      else this.setAside(entry, result.error);
    });
    if (saved !== null) this.onSaved(annotator, saved);
  }

  // What the annotator answered before for this clip counts no more, even if it was set aside.
  taken(entry) {
    const older = this.aside.filter(({ key, answer }) => key < entry.key && replaces(entry.answer, answer));
    this.drop([entry, ...older]);
  }

  setAside(entry, reason) {
    // The undo of an answer that was refused: nothing was stored, so there is nothing to take back.
    const undone = this.aside.filter(({ answer }) => entry.answer.answer === "undo" && answer.uuid === entry.answer.undoes);
    if (undone.length > 0) {
      this.drop([entry, ...undone]);
      return;
    }
    entry.answer.refused = reason;
    store(entry);
    this.waiting = this.waiting.filter((other) => other !== entry);
    this.aside.push(entry);
  }

  // Send again what was set aside.
  sendAside() {
    for (const entry of this.aside) {
      delete entry.answer.refused;
      store(entry);
    }
    this.waiting = [...this.aside, ...this.waiting].sort((one, other) => (one.key < other.key ? -1 : 1));
    this.aside = [];
    this.onChange();
    this.send();
  }

  discardAside() {
    this.drop(this.aside);
    this.onChange();
  }

  drop(entries) {
    this.waiting = this.waiting.filter((other) => !entries.includes(other));
    this.aside = this.aside.filter((other) => !entries.includes(other));
    for (const { key } of entries) {
      try {
        localStorage.removeItem(key);
      } catch {
        // Nothing was stored.
      }
    }
  }

  // The page goes. A request that is on its way may end with it, so what waits is sent once more. In trouble it stays in storage.
  leave() {
    this.leaving = true;
    if (this.trouble !== null) return;
    if (!this.sending) {
      this.send();
      return;
    }
    const batch = this.batch();
    this.request(batch)
      .then((answer) => this.acknowledge(batch, answer))
      .catch(() => {});
  }

  stop() {
    window.removeEventListener("online", this.online);
    // What is waiting stays in storage. The timer goes on, since leaving the page is no reason to stop saving.
  }
}

// When an entry was made, in milliseconds since 1970.
export function givenAt({ key }) {
  return Number.parseInt(key.split(":").at(-1), 10) || 0;
}

// Whether the newer answer stands in place of the older one: the same annotator gave it for the same clip.
function replaces(newer, older) {
  if (newer.annotator === undefined || newer.annotator !== older.annotator || newer.clip !== older.clip) return false;
  // Each remark stands by itself, and so does an undo.
  const alone = [newer, older].some(({ answer }) => answer === "undo" || answer === "comment");
  return !alone && (newer.answer === "flag") === (older.answer === "flag");
}

function store({ key, answer }) {
  try {
    localStorage.setItem(key, JSON.stringify(answer));
  } catch {
    // Storage is full or switched off. The answer is still sent from memory.
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// The state of the answers on their way, in words for the annotator.
export function savingWords({ waiting = [], trouble = null, reason = null, aside = [] } = {}) {
  if (trouble && waiting.length > 0) {
    const text = `${counted(waiting)} not saved yet, kept here; trying again`;
    return { state: "failed", text: reason ? `${text}. ${reason}` : text };
  }
  if (waiting.length > 0) return { state: "pending", text: "Saving…" };
  if (aside.length > 0) return { state: "refused", text: aside.length === 1 ? "Not saved" : `${counted(aside)} not saved` };
  return { state: "saved", text: "All saved" };
}

// What became of the answers that are set aside, in words; null without any.
export function asideWords({ aside = [] } = {}) {
  if (aside.length === 0) return null;
  const reasons = [...new Set(aside.map(({ answer }) => answer.refused))];
  const kept =
    aside.length === 1
      ? "1 answer was not saved and is kept in this browser"
      : `${counted(aside)} were not saved and are kept in this browser`;
  return `${kept}. ${reasons.join(" ")}`;
}

function counted(entries) {
  return entries.length === 1 ? "1 answer" : `${entries.length} answers`;
}
