// The clips that come next: leased from the server and loaded before they are needed.

import { post } from "../shared/api.js";
import { BackOff } from "../shared/back_off.js";

const AHEAD = 5;
// Whose sounds come before any picture. While one plays, the next two are here.
const SOUNDS_FIRST = 2;
const EMPTY_POLL = 3000;

export class ClipQueue {
  // taken() gives { clips, leases }: what is on screen, or answered but not acknowledged. acknowledged() counts saved answers.
  // `tab` tells the server which tab of the annotator's holds a clip.
  // sound() says how sounds will be fetched: { opus, level }.
  constructor({ project, session, tab, taken, acknowledged, newMedia, onChange, sound = () => ({}) }) {
    this.memory = `earmark:${project}:leases`;
    this.session = session;
    this.tab = tab;
    this.taken = taken;
    this.acknowledged = acknowledged;
    this.newMedia = newMedia;
    this.sound = sound;
    this.onChange = onChange;
    this.ahead = [];
    // The clip on screen, or null. Who plays it loads its sound; its picture is loaded here, in its turn.
    this.onScreen = null;
    this.asking = false;
    this.missed = false;
    this.loadingAhead = false;
    this.stopped = false;
    this.resting = false;
    this.trouble = null;
    this.empty = false;
    this.counts = null;
    this.elsewhere = 0;
    // Which version of the guidelines is in force, and the newest answer to a remark of the annotator's: { guidelines, replies }.
    this.news = null;
    // A page that was reloaded hands back what it held. Its clips would otherwise wait for their leases to run out.
    this.release = this.remembered();
    this.retry = new BackOff(() => this.fill(), { longest: 8000 });
  }

  remembered() {
    try {
      return JSON.parse(sessionStorage.getItem(this.memory)) ?? [];
    } catch {
      return [];
    }
  }

  remember() {
    try {
      sessionStorage.setItem(this.memory, JSON.stringify(this.leases()));
    } catch {
      // The leases run out by themselves.
    }
  }

  leases() {
    const held = [...this.taken().leases, ...this.ahead.map((media) => media.clip.lease)];
    return held.filter((lease) => lease !== null).slice(0, 200);
  }

  take() {
    return this.ahead.shift() ?? null;
  }

  putBack(media) {
    this.ahead.unshift(media);
  }

  // Ask for as many clips as are missing. Every question also renews the leases of the clips held.
  async fill({ renew = false } = {}) {
    if (this.asking) this.missed = true;
    if (this.asking || this.stopped || this.resting) return;
    const want = Math.max(AHEAD - this.ahead.length, 0);
    if (want === 0 && !renew) return;
    this.asking = true;
    this.missed = false;
    this.retry.stop();
    const before = this.acknowledged();
    try {
      const answer = await post("/earmark/api/next", this.question(want));
      if (this.stopped || this.resting) this.handBack(answer.clips.map((clip) => clip.lease));
      else this.accept(answer, { want, fresh: before === this.acknowledged() });
    } catch (error) {
      this.trouble = error.status === 403 ? "This page is too old; reload it." : error.message;
      if (!this.stopped && !this.resting && error.status !== 403) this.retry.again();
    }
    this.asking = false;
    if (this.stopped) return;
    this.onChange();
    // More was wanted while a question was on its way, and nothing else will ask for it.
    if (this.missed && !this.retry.pending) this.fill();
  }

  question(want) {
    const exclude = [...this.taken().clips, ...this.ahead.map((media) => media.clip.clip)].slice(0, 500);
    const release = this.release.slice(0, 200);
    this.asked = release;
    return { session: this.session, tab: this.tab, want, holding: this.leases(), release, exclude, ...this.sound() };
  }

  accept({ clips, saved, done, total, elsewhere = 0, news = null }, { want, fresh }) {
    this.trouble = null;
    this.retry.worked();
    this.release = this.release.filter((lease) => !this.asked.includes(lease));
    // An answer acknowledged in the meantime may be missing from these counts.
    if (fresh || this.counts === null) this.counts = { saved, done, total };
    this.elsewhere = elsewhere;
    this.news = news ?? this.news;
    this.ahead.push(...clips.map((clip) => this.newMedia(clip)));
    this.load();
    this.empty = clips.length === 0 && want > 0;
    this.remember();
    // Fewer than asked for. Others may hand clips back, or the learner may list more.
    if (clips.length < want) this.retry.after(EMPTY_POLL);
  }

  // Load in order, one at a time. What is needed first must not share the line with what comes later.
  async load() {
    if (this.loadingAhead) return;
    this.loadingAhead = true;
    for (let next = this.unloaded(); next; next = this.unloaded()) await next();
    this.loadingAhead = false;
  }

  // What to load next: the sounds of the next clips, the pictures of the one on screen and of these, and then the same of the rest.
  unloaded() {
    if (this.stopped) return undefined;
    for (const clips of [this.ahead.slice(0, SOUNDS_FIRST), this.ahead]) {
      const silent = clips.find((media) => media.loading === null);
      if (silent) return () => silent.start();
      const blank = [this.onScreen, ...clips].find((media) => media && !media.pictured);
      if (blank) return () => blank.drawPicture();
    }
    return undefined;
  }

  handBack(release, { leaving = false } = {}) {
    const { session, tab } = this;
    // The answer to a question that is on its way will not be read any more.
    const unread = leaving && this.asking;
    if (release.length > 0 || unread)
      post("/earmark/api/next", { session, tab, want: 0, release, leaving }, { leaving }).catch(() => {});
  }

  // Nobody is there: others get the clips ahead. The clip on screen stays until its lease ends.
  rest() {
    this.resting = true;
    this.retry.stop();
    this.handBack(this.ahead.map((media) => media.clip.lease).filter((lease) => lease !== null));
    this.drop();
    this.remember();
    this.onChange();
  }

  wake() {
    this.resting = false;
    this.fill({ renew: true });
  }

  drop() {
    this.ahead.forEach((media) => media.close());
    this.ahead = [];
  }

  // Hand everything back, so that others get these clips at once.
  stop({ leaving = false } = {}) {
    this.stopped = true;
    this.retry.stop();
    this.handBack(this.leases(), { leaving });
    this.drop();
    try {
      sessionStorage.removeItem(this.memory);
    } catch {
      // Nothing was stored.
    }
  }
}
