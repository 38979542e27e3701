// What is done with the clip on screen: answered, skipped, flagged, remarked on, or taken back.

import { newUuid, post } from "../shared/api.js";

const KEPT_LOADED = 3;

export class Answers {
  // showNext() puts the next clip on screen, reopen(what) an answered one. onTakenBack(answer) gets what the server took back.
  // onPace() and onSaving() draw anew what may have changed.
  constructor(data, parts, { showNext, reopen, onTakenBack, onPace, onSaving }) {
    this.data = data;
    const { transport, outbox, preferences, pace, later, view, tray } = parts;
    Object.assign(this, { transport, outbox, preferences, pace, later, view, tray });
    Object.assign(this, { showNext, reopen, onTakenBack, onPace, onSaving });
    this.history = [];
    this.undoing = false;
  }

  // The first S asks why, the second gives no reason. For a clip that cannot be played the reason is known.
  skip() {
    const { problem } = this.transport.current;
    if (problem) return this.give({ name: "skip", reason: `cannot be played: ${problem.message}`.slice(0, 500) });
    if (this.tray.asksWhy || this.data.skipReasons.length === 0) return this.give({ name: "skip" });
    return this.tray.askWhy();
  }

  flag(note) {
    const { clip } = this.transport.current;
    clip.flag = note;
    this.outbox.add({ uuid: newUuid(), ticket: clip.ticket, answer: "flag", note }, clip.clip);
    this.tray.close();
    this.view.flagged(note);
  }

  remark(text) {
    const media = this.transport.current;
    if (media) this.outbox.add({ uuid: newUuid(), ticket: media.clip.ticket, answer: "comment", text }, media.clip.clip);
  }

  // Why the answer cannot be taken yet, or null.
  objection(media, name) {
    if (name === "skip") return null;
    // Nobody has heard it: only skipping makes sense.
    if (this.transport.blocked || media.problem) return "";
    return media.objection(this.data.leastHeard);
  }

  give({ name, index, reason = null }) {
    const media = this.transport.current;
    const objection = this.objection(media, name);
    if (objection !== null) return objection && this.view.answered(objection);
    const label = name === "label" ? this.data.labels[index] : null;
    if (name === "label" && label === undefined) return undefined;
    const answer = {
      uuid: newUuid(),
      ticket: media.clip.ticket,
      answer: name,
      label,
      reason,
      seconds: media.secondsSinceFirstSound(),
      plays: media.plays,
      heard: this.transport.circumstances(),
    };
    this.history.push({ media, uuid: answer.uuid });
    // The outbox keeps it before anything else is done. Whatever fails then does not cost the answer.
    this.outbox.add(answer, media.clip.clip);
    this.transport.blocked = false;
    this.showNext();
    this.forget();
    const last = `Last answer: ${label ?? (reason ? `${name} (${reason})` : name)}`;
    const breakIsDue = this.pace.answered() && this.preferences.values.breaks;
    const words = breakIsDue ? `${last}. You have listened for 45 minutes: a short break keeps the ear fresh.` : last;
    this.later.add(() => this.view.answered(words, index), "answered");
    this.later.add(() => this.onPace(), "pace");
    return undefined;
  }

  // Only the newest answered clips keep their sound in memory. An older one is loaded again when it comes back.
  forget() {
    const old = this.history[this.history.length - 1 - KEPT_LOADED];
    if (old) this.later.add(() => this.history.includes(old) && old.media.close());
  }

  undo() {
    const last = this.history.pop();
    if (!last) return this.undoEarlier();
    const uuid = newUuid();
    this.pace.undone();
    this.onPace();
    this.outbox.add({ uuid, ticket: last.media.clip.ticket, answer: "undo", undoes: last.uuid }, last.media.clip.clip);
    this.reopen(last.media.closed ? last.media.clip : last.media);
    return undefined;
  }

  // Answers given before this page was opened: the server knows which came last.
  async undoEarlier() {
    if (this.undoing || this.outbox.waiting.length > 0) return;
    this.undoing = true;
    try {
      this.onTakenBack(await post("/earmark/api/undo", { session: this.data.session, uuid: newUuid() }));
    } catch (error) {
      this.view.answered(`Undo failed: ${error.message}`);
    }
    this.undoing = false;
    this.onSaving();
  }

  close() {
    this.history.forEach(({ media }) => media.close());
  }
}
