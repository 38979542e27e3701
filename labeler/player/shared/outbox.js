// Answers on their way to the server: kept in the browser until each is acknowledged, sent in the order they were given.
//
// Every answer has an entry of its own in localStorage, so that several tabs never overwrite each other. A page that opens sends
// whatever an earlier one left behind. Sending twice is harmless: the server knows each answer by its UUID.

import { post } from "./api.js";
import { BackOff } from "./back_off.js";

const LARGEST_BATCH = 50;

export class Outbox {
  // onChange() follows every change of a count or of the state. onSaved(annotatorId, saved) gets the server's own count.
  // later(work) may put the sending off for a moment.
  constructor(project, { onChange, onSaved, later = (work) => work() }) {
    this.prefix = `earmark:${project}:answer:`;
    this.onChange = onChange;
    this.onSaved = onSaved;
    this.later = later;
    this.sending = false;
    this.trouble = null;
    this.refused = [];
    this.serial = 0;
    this.retry = new BackOff(() => this.send());
    this.waiting = this.left();
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
        if (key.startsWith(this.prefix)) found.push({ key, answer: JSON.parse(localStorage.getItem(key)) });
      }
    } catch {
      // Storage is switched off. Answers then live only as long as the page.
    }
    return found.sort((one, other) => (one.key < other.key ? -1 : 1));
  }

  // `clip` is remembered so that the clip is not served again before its answer has arrived.
  add(answer, clip) {
    this.serial += 1;
    const order = `${Date.now().toString().padStart(15, "0")}-${this.serial.toString().padStart(6, "0")}`;
    const entry = { key: `${this.prefix}${order}-${answer.uuid}`, answer: { ...answer, clip } };
    try {
      localStorage.setItem(entry.key, JSON.stringify(entry.answer));
    } catch {
      // Storage is full or switched off. The answer is still sent from memory.
    }
    this.waiting.push(entry);
    this.later(() => {
      this.onChange();
      this.send();
    });
  }

  get clips() {
    return this.waiting.map((entry) => entry.answer.clip);
  }

  async send() {
    if (this.sending || this.waiting.length === 0) return;
    this.sending = true;
    this.retry.stop();
    const batch = this.waiting.slice(0, LARGEST_BATCH);
    try {
      const answers = batch.map(({ answer: { clip, ...answer } }) => answer);
      this.acknowledge(batch, await post("/earmark/api/decisions", { answers }));
      this.trouble = null;
      this.retry.worked();
    } catch (error) {
      this.trouble = error.message;
      this.retry.again();
    }
    this.sending = false;
    this.onChange();
    if (this.trouble === null && this.waiting.length > 0) this.send();
  }

  acknowledge(batch, { results, saved, annotator }) {
    results.forEach((result, index) => {
      const entry = batch[index];
      this.waiting = this.waiting.filter((other) => other !== entry);
      try {
        localStorage.removeItem(entry.key);
      } catch {
        // Nothing was stored.
      }
      if (result.status !== "saved") this.refused.push({ answer: entry.answer, reason: result.error });
    });
    if (saved !== null) this.onSaved(annotator, saved);
  }

  stop() {
    window.removeEventListener("online", this.online);
    // What is waiting stays in storage. The timer goes on, since leaving the page is no reason to stop saving.
  }
}

// The state of the answers on their way, in words for the annotator.
export function savingWords({ waiting = [], trouble = null, refused = [] } = {}) {
  const answers = waiting.length === 1 ? "1 answer" : `${waiting.length} answers`;
  if (trouble && waiting.length > 0) return { state: "failed", text: `${answers} not saved yet, kept here; trying again` };
  if (waiting.length > 0) return { state: "pending", text: "Saving…" };
  if (refused.length > 0) return { state: "refused", text: `Not saved: ${refused[refused.length - 1].reason}` };
  return { state: "saved", text: "All saved" };
}
