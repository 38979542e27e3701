// The grid: many clips at once, heard one after the other, confirmed or rejected, saved with one key.

import { newUuid, post, servedUnder } from "../shared/api.js";
import { Aside } from "../shared/aside.js";
import { BackOff } from "../shared/back_off.js";
import { counted } from "../shared/elements.js";
import { freeOnEscape, isStreamlits } from "../shared/keys.js";
import { playsOpus } from "../shared/media.js";
import { mounted } from "../shared/mount.js";
import { Outbox, savingWords } from "../shared/outbox.js";
import { Presence } from "../shared/presence.js";
import { Board } from "./board.js";
import { Cell, MARK_WORDS } from "./cell.js";
import { GridMemory } from "./grid_memory.js";
import { actionNameOf } from "./keys.js";
import { Leases } from "./leases.js";
import { View, noticeOf } from "./view.js";

const RENEW_EVERY = 60000;

class Grid {
  constructor(root, data) {
    servedUnder(data.base);
    this.view = new View(root, data.annotator);
    this.root = this.view.root;
    this.data = data;
    if (data.colour) this.root.style.setProperty("--label", data.colour);
    this.state = "loading";
    this.leases = new Leases(() => this.data);
    this.memory = new GridMemory(data.project, data.annotatorId);
    this.board = new Board(this.view.cells, {
      notify: (words) => this.view.notify(words),
      speed: () => this.data.preferences.speed,
    });
    this.outbox = new Outbox(data.project, {
      onChange: () => this.onOutbox(),
      onSaved: (who, saved) => this.onSaved(who, saved),
      session: () => this.data.session,
      annotator: data.annotatorId,
    });
    this.aside = new Aside(this.root, this.outbox);
    this.retry = new BackOff(() => this.load(), { longest: 8000 });
    this.presence = new Presence({
      busy: () => this.cells.some((cell) => cell.media.sounding),
      onIdle: () => this.rest(),
      onBack: () => this.load(),
    });
    this.onKey = (event) => this.key(event);
    this.onHide = () => {
      this.outbox.leave();
      this.release(this.cells, { leaving: true });
    };
    this.onShow = (event) => event.persisted && location.reload();
    this.onClick = (event) => {
      const button = event.target.closest("[data-do]");
      if (button) this.act(button.dataset.do);
    };
    this.root.addEventListener("click", this.onClick);
    // The mouse never moves the focus to a button. Space would otherwise press it again instead of confirming.
    this.root.onmousedown = (event) => event.target.closest("button") && event.preventDefault();
    this.attach();
    this.renewing = setInterval(() => this.presence.recent && this.leases.renew(this.cells), RENEW_EVERY);
    this.showSaving();
    this.takeFocusSoon();
    this.load();
  }

  // The list in which something was chosen would go on taking the keys. A number that is being typed keeps the focus.
  takeFocusSoon() {
    this.takeFocus = document.activeElement?.type !== "number";
  }

  attach() {
    window.addEventListener("keydown", this.onKey, true);
    window.addEventListener("pagehide", this.onHide);
    window.addEventListener("pageshow", this.onShow);
  }

  stay(data) {
    clearTimeout(this.leaving);
    const asksAnew = JSON.stringify([data.asked, data.label]) !== JSON.stringify([this.data.asked, this.data.label]);
    if (asksAnew) this.keepMarks();
    this.data = data;
    this.attach();
    if (!asksAnew) return;
    this.takeFocusSoon();
    this.load({ anew: true });
  }

  serves(data) {
    return data.project === this.data.project && data.annotatorId === this.data.annotatorId && this.root.isConnected;
  }

  leave() {
    window.removeEventListener("keydown", this.onKey, true);
    window.removeEventListener("pagehide", this.onHide);
    window.removeEventListener("pageshow", this.onShow);
    this.leaving = setTimeout(() => this.stop(), 50);
  }

  stop() {
    this.stopped = true;
    this.root.removeEventListener("click", this.onClick);
    this.presence.stop();
    clearInterval(this.renewing);
    this.retry.stop();
    this.outbox.stop();
    this.release(this.cells);
    this.board.put([]);
  }

  // ---- clips

  get cells() {
    return this.board.cells;
  }

  // Marks belong to one question: a clip that is one thing may well not be another.
  get asked() {
    return JSON.stringify([this.data.asked, this.data.label]);
  }

  async load({ anew = false } = {}) {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    this.retry.stop();
    if (anew) this.clear();
    this.showState("loading");
    const held = this.cells;
    const leave_out = [...new Set([...this.memory.leftOut(this.data.label, this.asked), ...this.outbox.clips])];
    try {
      const { session, tab, asked } = this.data;
      const message = { session, tab, want: this.board.room, leave_out, ...asked };
      const { clips } = await post("/earmark/api/grid", message);
      if (this.stopped || turn !== this.turn) return this.release(clips.map((clip) => ({ clip })));
      if (this.presence.idle) this.release(clips.map((clip) => ({ clip })));
      this.retry.worked();
      const shown = new Set(clips.map((clip) => clip.lease));
      this.release(held.filter((cell) => !shown.has(cell.clip.lease)));
      this.put(clips);
    } catch (error) {
      if (this.stopped || turn !== this.turn) return undefined;
      const hopeless = error.status >= 400 && error.status < 500;
      this.showState("broken", hopeless ? error.message : `${error.message} Trying again…`);
      if (!hopeless && !this.presence.idle) this.retry.again();
    }
    return undefined;
  }

  put(clips) {
    const known = new Map(this.cells.map((cell) => [cell.clip.clip, cell]));
    const cells = clips.map((clip) => known.get(clip.clip)?.holds(clip) ?? this.newCell(clip));
    this.board.put(cells, { takeFocus: this.takeFocus && cells.length > 0 });
    this.takeFocus = false;
    if (this.playFirst && cells.length > 0) this.board.goTo(0);
    this.playFirst = false;
    this.showState(cells.length > 0 ? "ready" : "empty");
  }

  newCell(clip) {
    const { label, likely } = this.data;
    const words = likely ? (value) => `${Math.round(value * 100)} %` : (value) => value.toFixed(2);
    // Clips that were named, one by one, are close to nothing.
    const measure = (value) => (value === null ? "" : words(value));
    const { normalise, original } = this.data.preferences;
    const sound = { level: normalise, opus: playsOpus() && !original };
    const cell = new Cell(clip, { label, measure, sound, on: (...given) => this.on(...given) });
    const { mark, heard } = this.memory.markOf(this.asked, clip.clip);
    if (mark) Object.assign(cell.media, heard);
    cell.setMark(mark);
    return cell;
  }

  clear() {
    this.release(this.cells);
    this.board.put([]);
  }

  release(cells, { leaving = false } = {}) {
    this.leases.release(cells, { leaving });
  }

  // Nobody is there: others get the clips. Whoever comes back gets those that are still free, with their marks.
  rest() {
    this.retry.stop();
    this.release(this.cells);
  }

  // ---- events of the cells

  on(cell, what, event) {
    if (what === "yes" || what === "no") return this.toggle(cell, what);
    return this.board.on(cell, what, event);
  }

  // ---- keys and buttons

  key(event) {
    const name = actionNameOf(event);
    if (!name) {
      freeOnEscape(event);
      if (isStreamlits(event)) event.stopImmediatePropagation();
      return;
    }
    if (name === "close" && !this.view.helpIsOpen) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const steps = event.key.startsWith("Arrow");
    // Whoever saves by key goes on by ear.
    this.playFirst = name === "save" && !event.repeat;
    if (!event.repeat || steps) this.act(name);
  }

  act(name) {
    if (name === "help" || name === "close") return this.view.toggleHelp();
    if (name === "undo") return this.undo();
    if (name === "save") return this.save();
    if (name === "again") return this.startOver();
    if (name === "all") return this.confirmHeard();
    const cell = this.board.current;
    if (name === "yes" || name === "no") return cell && this.toggle(cell, name);
    if (name === "replay") return cell && (cell.media.sounding ? cell.pause() : this.board.play(cell));
    return this.board.step(name);
  }

  toggle(cell, mark) {
    this.board.setCurrent(this.cells.indexOf(cell));
    const wanted = cell.mark === mark ? null : mark;
    const objection = wanted === "yes" ? this.objection(cell) : null;
    if (objection) return this.view.notify(objection);
    cell.setMark(wanted);
    this.showMarks();
    return this.view.notify(`${cell.clip.file_name}: ${wanted ? MARK_WORDS[wanted] : "unmarked"}`);
  }

  objection({ media }) {
    if (media.problem) return "This clip cannot be played, so it cannot be confirmed.";
    return media.objection(this.data.leastHeard);
  }

  confirmHeard() {
    const heard = this.cells.filter((cell) => cell.mark !== "no" && cell.media.plays > 0 && !this.objection(cell));
    heard.forEach((cell) => cell.setMark("yes"));
    this.showMarks();
    const unheard = this.cells.filter((cell) => cell.mark === null).length;
    this.view.notify(`${heard.length} confirmed${unheard > 0 ? `; ${unheard} not played yet` : ""}`);
  }

  marked(mark) {
    return this.cells.filter((cell) => cell.mark === mark);
  }

  keepMarks() {
    this.cells.forEach((cell) => this.memory.keepMark(this.asked, cell.clip.clip, cell.mark, cell.heardSoFar));
  }

  // ---- saving

  save() {
    if (this.state !== "ready") return;
    const { label } = this.data;
    const [marked, no] = [this.marked("yes"), this.marked("no")];
    // A clip may have become unplayable, or come back unheard, since it was confirmed.
    const yes = marked.filter((cell) => !this.objection(cell));
    const passed = this.marked(null).filter((cell) => cell.media.plays > 0);
    if (yes.length + no.length + passed.length === 0) {
      return this.view.notify(
        marked.length > 0 ? this.objection(marked[0]) : "No clip is marked or played yet: Space confirms a clip, X rejects it.",
      );
    }
    const answers = yes.map((cell) => {
      const answer = cell.answer(this.data.preferences.speed, this.data.words);
      this.outbox.add(answer, cell.clip.clip);
      return { uuid: answer.uuid, ticket: cell.clip.ticket, clip: cell.clip.clip, heard: cell.heardSoFar };
    });
    this.memory.reject(label, ids(no));
    this.memory.pass(this.asked, ids(passed));
    for (const cell of [...yes, ...no]) this.memory.keepMark(this.asked, cell.clip.clip, null);
    this.memory.pushSave({ label, asked: this.asked, answers, rejected: ids(no), passed: ids(passed) });
    const gone = new Set([...yes, ...no, ...passed]);
    this.release([...no, ...passed]);
    this.board.put(this.cells.filter((cell) => !gone.has(cell)));
    this.nextNotice = yes.length > 0 ? `Saved ${yes.length} as ${label}` : "Next clips";
    this.load();
    return undefined;
  }

  undo() {
    const save = this.memory.popSave();
    if (!save) return this.view.notify("Nothing left to undo here; the Label page undoes earlier answers.");
    for (const { uuid, ticket, clip } of save.answers) {
      this.outbox.add({ uuid: newUuid(), ticket, answer: "undo", undoes: uuid }, clip);
    }
    this.keepMarks();
    const count = save.answers.length;
    this.nextNotice = count > 0 ? `${counted(count, "answer")} undone (${save.label})` : "Back to the previous clips";
    // The clips come again once the server knows that they are not answered any more.
    this.reloads = true;
    this.showMarks();
    this.onOutbox();
    return undefined;
  }

  startOver() {
    delete this.memory.passed[this.asked];
    this.load({ anew: true });
  }

  onOutbox() {
    this.showSaving();
    if (this.reloads && this.outbox?.waiting.length === 0) {
      this.reloads = false;
      this.load();
    }
  }

  onSaved(annotatorId, saved) {
    if (annotatorId !== this.data.annotatorId) return;
    this.view.savedCount(saved);
  }

  // ---- what is shown

  showState(state, words) {
    this.state = state;
    const passed = (this.memory.passed[this.asked] ?? []).length > 0;
    this.view.state(state, { startOver: state === "empty" && passed });
    if (state === "ready") {
      this.view.notify(this.nextNotice ?? this.data.words);
      this.nextNotice = undefined;
    } else this.view.notify(words ?? noticeOf(state, { likely: this.data.likely, passed }));
    this.showMarks();
  }

  showMarks() {
    const [yes, no] = [this.marked("yes").length, this.marked("no").length];
    this.view.marks({ yes, no, total: this.cells.length, label: this.data.label, save: this.memory.saves.at(-1) });
  }

  showSaving() {
    this.view.saving(savingWords(this.outbox));
    this.aside?.show();
  }
}

function ids(cells) {
  return cells.map((cell) => cell.clip.clip);
}

export default mounted(Grid);
