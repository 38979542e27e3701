// The player itself: one clip at a time, one key an answer, the next clip at once.

import { post, servedUnder } from "../shared/api.js";
import { Aside } from "../shared/aside.js";
import { Finder } from "../shared/finder.js";
import { freeOnEscape, isStreamlits } from "../shared/keys.js";
import { ClipMedia, playsOpus } from "../shared/media.js";
import { mounted } from "../shared/mount.js";
import { Outbox, savingWords } from "../shared/outbox.js";
import { Presence } from "../shared/presence.js";
import { Remarks } from "../shared/remarks.js";
import { Answers } from "./answers.js";
import { actionOf } from "./keys.js";
import { Later } from "./later.js";
import { Pace } from "./pace.js";
import { Panels, SettingsForm } from "./panels.js";
import { Preferences } from "./preferences.js";
import { ClipQueue } from "./queue.js";
import { stateOf } from "./state.js";
import { Transport } from "./transport.js";
import { Tray } from "./tray.js";
import { View } from "./view.js";

const RENEW_EVERY = 60000;

class Player {
  constructor(root, data) {
    servedUnder(data.base);
    this.root = root;
    this.data = data;
    this.later = new Later();
    this.playsOpus = playsOpus();
    this.saved = 0;
    this.acknowledged = 0;
    this.view = new View(root, data, (action) => this.act(action));
    this.preferences = new Preferences(data.session, data.preferences, () => this.onPreferences());
    this.settings = new SettingsForm(this.view.root, this.preferences);
    this.pace = new Pace(data.project, data.annotatorId);
    this.panels = new Panels(this.view.root, {
      ask: () => post("/earmark/api/guide", { session: this.data.session }),
      quiet: () => this.transport.onAir?.audio.pause(),
      onOpen: (name) => name === "remarks" && this.fillRemarks(),
      onGuide: (version) => this.seen({ guidelines_seen: version }),
    });
    this.remarks = new Remarks(this.view.root, {
      ask: () => post("/earmark/api/remarks", { session: this.data.session, ticket: this.current?.clip.ticket ?? null }),
      send: (text) => this.answers.remark(text),
      seen: (newest) => this.seen({ replies_seen: newest }),
    });
    this.transport = new Transport({ view: this.view, preferences: this.preferences, onState: () => this.showState() });
    this.tray = new Tray(this.view.root, data.skipReasons, (action) => this.act(action));
    this.finder = new Finder(this.view.root, data, (action) => this.act(action));
    this.outbox = new Outbox(data.project, {
      onChange: () => this.showSaving(),
      onSaved: (who, saved) => this.onSaved(who, saved),
      later: (work) => this.later.add(work, "send"),
      session: () => this.data.session,
      annotator: data.annotatorId,
    });
    this.aside = new Aside(this.view.root, this.outbox);
    this.queue = new ClipQueue({
      project: data.project,
      session: data.session,
      tab: data.tab,
      taken: () => this.taken(),
      acknowledged: () => this.acknowledged,
      newMedia: (clip) => this.newMedia(clip),
      sound: () => this.sound,
      onChange: () => this.onQueue(),
    });
    this.answers = new Answers(data, this, {
      showNext: () => this.showNext(),
      reopen: (what) => this.reopen(what),
      onTakenBack: (answer) => this.onTakenBack(answer),
      onPace: () => this.showPace(),
      onSaving: () => this.showSaving(),
    });
    this.presence = new Presence({
      busy: () => this.transport.playsOnce,
      onIdle: () => this.queue.rest(),
      onBack: () => this.queue.wake(),
    });
    this.onKey = (event) => this.key(event);
    this.onHide = () => this.settle({ leaving: true });
    this.onShow = (event) => event.persisted && location.reload();
    this.attach();
    this.renewing = setInterval(() => this.presence.recent && this.queue.fill({ renew: true }), RENEW_EVERY);
    this.onPreferences();
    this.showSaving();
    this.queue.fill();
  }

  // Whether it can go on with new data, so that nothing it plays is disturbed.
  serves(data) {
    return lasting(this.data) === lasting(data) && this.root.contains(this.view.root);
  }

  stay(data) {
    clearTimeout(this.leaving);
    this.data = this.answers.data = data;
    this.queue.session = this.preferences.session = data.session;
    this.queue.tab = data.tab;
    this.attach();
  }

  attach() {
    // Before anyone else: Streamlit has keys of its own (R, C).
    window.addEventListener("keydown", this.onKey, true);
    window.addEventListener("pagehide", this.onHide);
    window.addEventListener("pageshow", this.onShow);
  }

  leave() {
    window.removeEventListener("keydown", this.onKey, true);
    window.removeEventListener("pagehide", this.onHide);
    window.removeEventListener("pageshow", this.onShow);
    this.leaving = setTimeout(() => this.stop(), 50);
  }

  // The player or the whole page goes: everything is sent and handed back, and nothing new is asked for.
  settle({ leaving = false } = {}) {
    this.later.drop("fill");
    if (leaving) this.outbox.leave();
    this.later.now();
    this.preferences.stop({ leaving });
    this.queue.stop({ leaving });
  }

  stop() {
    this.settle();
    this.presence.stop();
    clearInterval(this.renewing);
    this.outbox.stop();
    this.transport.stop();
    this.answers.close();
  }

  // ---- clips

  get current() {
    return this.transport.current;
  }

  newMedia(clip, { around = false } = {}) {
    return new ClipMedia(clip, (media, type) => this.onMedia(media, type), { ...this.sound, around });
  }

  // How sounds are fetched. Opus spares a slow line; some annotators want the files as they are.
  get sound() {
    const { normalise, original } = this.preferences.values;
    return { level: normalise, opus: this.playsOpus && !original };
  }

  taken() {
    const held = this.current ? [this.current.clip] : [];
    return { clips: [...held.map((clip) => clip.clip), ...this.outbox.clips], leases: held.map((clip) => clip.lease) };
  }

  onQueue() {
    if (this.queue.counts) this.saved = this.queue.counts.saved;
    if (!this.current && this.queue.ahead.length > 0) this.showNext();
    // The queue itself asks again, after a while.
    else if (!this.current) this.show(null);
    this.view.news(this.queue.news, this.preferences.values);
    this.showState();
    this.showSaving();
  }

  showNext() {
    this.show(this.queue.ahead.length > 0 ? this.queue.take() : null);
    this.later.add(() => this.queue.fill(), "fill");
  }

  // The page names the clip at once. What it looks like is drawn when it sounds.
  show(media) {
    this.transport.put(media);
    this.queue.onScreen = media;
    this.tray.close();
    this.finder.close();
    this.view.clip(media?.clip.file_name ?? "");
    this.later.add(() => this.draw(), "draw");
    this.showState();
  }

  draw() {
    if (this.current) this.view.draw(this.current.clip, this.current.picture);
    else this.view.drawNoClip();
    if (this.remarks.open) this.fillRemarks();
    this.transport.look();
    this.queue.load();
    this.queue.remember();
  }

  onMedia(media, type) {
    if (media !== this.transport.onAir) return;
    this.transport.onMedia(media, type);
    this.later.soon();
  }

  // ---- what is shown

  onPreferences() {
    const { values } = this.preferences;
    this.view.preferences(values);
    this.view.news(this.queue?.news, values);
    this.settings.show(values);
    this.showPace();
    this.transport.adjust();
    for (const media of this.queue?.ahead ?? []) media.setSound(this.sound);
    if (this.current?.setSound(this.sound)) this.current.loading.then(() => this.transport.playFromStart());
  }

  async fillRemarks() {
    await this.remarks.fill(this.current?.clip);
    if (this.remarks.open) this.panels.revealed.show(this.remarks.panel);
  }

  seen(changes) {
    const [[name, value]] = Object.entries(changes);
    if (this.preferences.values[name] !== value) this.preferences.set(changes);
  }

  showPace() {
    this.view.pace(this.pace.words(this.preferences.values.goal));
  }

  showState() {
    const { state, blocked = false, notice = "" } = stateOf(this.transport, this.queue);
    this.view.state(state, blocked);
    this.later.add(() => this.view.look(state, notice), "look");
  }

  showSaving() {
    const counts = this.queue?.counts;
    this.view.counts({ saved: this.saved, done: counts?.done ?? 0, total: counts?.total ?? null });
    this.view.saving(savingWords(this.outbox));
    this.aside?.show();
  }

  onSaved(annotatorId, saved) {
    this.acknowledged += 1;
    if (annotatorId !== this.data.annotatorId) return;
    const counts = this.queue?.counts;
    if (counts) Object.assign(counts, { saved, done: Math.min(Math.max(counts.done + saved - this.saved, 0), counts.total) });
    this.saved = saved;
  }

  // ---- keys and buttons

  key(event) {
    const choices = this.tray.asksWhy ? this.data.skipReasons.length : 0;
    const action = actionOf(event, this.data.keys, choices);
    if (!action) {
      freeOnEscape(event);
      if (isStreamlits(event)) event.stopImmediatePropagation();
      // Held down on a focused button, Enter would press it again and again.
      if (event.repeat && event.key === "Enter" && this.root.contains(event.composedPath()[0])) event.preventDefault();
      return;
    }
    if (action.name === "close" && !this.tray.open && !this.panels.open) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!event.repeat || action.name === "step") this.act(action);
  }

  act(action) {
    const { name } = action;
    if (name === "help" || name === "guide" || name === "settings" || name === "remarks") return this.panels.toggle(name);
    if (name === "find") return this.finder.open();
    if (name === "close") return this.tray.open ? this.tray.close() : this.panels.close();
    if (name === "undo") return this.answers.undo();
    if (name === "faster") return this.preferences.faster(action.direction);
    if (name === "loop") return this.preferences.set({ loop: !this.preferences.values.loop });
    if (name === "normalise") return this.normalise();
    const media = this.current;
    if (!media) return undefined;
    if (name === "context") return this.context();
    if (name === "skip" && !("reason" in action)) return this.answers.skip();
    if (name === "choice") return this.answers.give({ name: "skip", reason: this.data.skipReasons[action.index] });
    if (name === "label" || name === "unsure" || name === "skip") return this.answers.give(action);
    if (name === "flag") return this.tray.askNote(media.clip.flag);
    if (name === "flagged") return this.answers.flag(action.note);
    if (media.problem) return media.problem.final ? undefined : media.tryAgain().then(() => this.transport.playFromStart());
    if (name === "toggle") return this.transport.toggle();
    if (name === "replay") return this.transport.playFromStart();
    if (name === "seek") return this.transport.seek(action.share * this.transport.onAir.duration);
    if (name === "step") return this.transport.step(action);
    return undefined;
  }

  normalise() {
    const normalise = !this.preferences.values.normalise;
    this.preferences.set({ normalise });
    this.view.answered(normalise ? "All clips at one loudness" : "Clips at their own loudness");
  }

  // What comes before and after a span of a longer file.
  context() {
    const { clip, picture, problem } = this.current;
    if (problem) return;
    this.later.now();
    if (clip.around === null) {
      this.view.answered("This clip is a whole file, so there is no audio around it");
      return;
    }
    const make = () => this.newMedia({ ...clip, duration: clip.around[1], pages: 1 }, { around: true });
    this.transport.toggleContext(make);
    if (this.transport.aside) this.view.showContext(clip, this.transport.aside.picture);
    else {
      this.view.showPicture(clip, picture);
      this.transport.playFromStart();
    }
  }

  // The server took back an answer that was given before this page was opened.
  onTakenBack({ saved, done, total, clip }) {
    this.acknowledged += 1;
    this.saved = saved;
    this.queue.counts = { saved, done, total };
    if (clip) this.reopen(clip);
    else this.later.add(() => this.view.answered("Nothing left to undo"), "answered");
  }

  reopen(what) {
    const media = what instanceof ClipMedia ? what : this.newMedia(what);
    media.reset();
    if (this.current) this.queue.putBack(this.current);
    this.show(media);
    this.later.add(() => this.view.answered("Undone; answer this clip again"), "answered");
  }
}

// What must stay the same for a player to go on.
function lasting({ project, annotatorId, labels, keys, skipReasons, leastHeard, facts }) {
  return JSON.stringify([project, annotatorId, labels, keys, skipReasons, leastHeard, facts]);
}

export default mounted(Player);
