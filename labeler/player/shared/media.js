// One clip's sound and picture, loaded before they are needed. The sound never waits for a picture.

import { ApiError, errorOf } from "./api.js";

const LARGEST_IN_MEMORY = 20 * 1024 * 1024;

// Whether this browser plays Opus in an Ogg file. Safari does since 18.4.
export function playsOpus() {
  return new Audio().canPlayType('audio/ogg; codecs="opus"') !== "";
}

export class ClipMedia {
  // on(media, type) gets every audio event. `level` asks for the common loudness, `around` for what comes before and after, `opus`
  // for Opus where that is smaller than the file.
  constructor(clip, on, { level = false, around = false, opus = false } = {}) {
    this.clip = clip;
    this.on = on;
    this.level = level;
    this.around = around;
    this.opus = opus;
    this.gain = 0;
    // What the server sent: "file", "wav" or "opus".
    this.form = null;
    this.problem = null;
    this.url = null;
    this.rewritten = false;
    this.closed = false;
    this.sounding = false;
    this.reset();
    this.audio = new Audio();
    this.audio.preload = "auto";
    for (const type of ["playing", "pause", "ended", "waiting", "loadeddata", "durationchange"]) {
      this.audio.addEventListener(type, () => this.onAudio(type));
    }
    this.audio.addEventListener("error", () => this.audioFailed());
    this.picture = new Image();
    this.picture.alt = "";
    this.picture.draggable = false;
    this.loading = null;
  }

  // Load the sound, once. Resolves when it is here.
  start() {
    this.loading ??= this.load();
    return this.loading;
  }

  // Load the picture, once. Resolves when it is here, cannot be had, or is not wanted any more.
  drawPicture() {
    if (this.pictured) return this.drawing;
    this.picture.src = this.around ? `${this.clip.picture}?around=1` : this.clip.picture;
    // Browsers never settle decode() of a picture whose address is taken away.
    const dropped = new Promise((done) => (this.pictureDropped = done));
    this.drawing = Promise.race([this.picture.decode().catch(() => {}), dropped]);
    return this.drawing;
  }

  dropPicture() {
    this.picture.removeAttribute("src");
    this.pictureDropped?.();
  }

  get pictured() {
    return this.picture.getAttribute("src") !== null;
  }

  // The clip has left the screen. A picture that is still on its way would only delay what comes next.
  disappear() {
    if (this.pictured && !this.picture.complete) this.dropPicture();
  }

  get address() {
    const asked = Object.entries({ level: this.level, around: this.around })
      .filter(([, wanted]) => wanted)
      .map(([name]) => `${name}=1`);
    if (this.rewritten) asked.push("as=wav");
    else if (this.opus) asked.push("as=opus");
    return asked.length > 0 ? `${this.clip.audio}?${asked.join("&")}` : this.clip.audio;
  }

  // Another loudness or form: a sound that is loaded already is loaded again. True when the sound changes.
  setSound({ level, opus }) {
    if (level === this.level && opus === this.opus) return false;
    Object.assign(this, { level, opus });
    if (this.loading === null) return false;
    // Nobody should hear it as it was any more.
    this.audio.removeAttribute("src");
    this.audio.load();
    this.loading = this.load();
    return true;
  }

  onAudio(type) {
    if (this.closed) return;
    if (type === "playing") this.sounds();
    if (type === "ended") this.reached = 1;
    if (type === "pause" || type === "ended" || type === "waiting") this.sounding = false;
    this.on(this, type);
  }

  // Sound comes out from this moment on. A play counts only then.
  sounds() {
    this.sounding = true;
    this.firstSoundAt ??= performance.now();
    if (this.fromStart) this.plays += 1;
    this.fromStart = false;
  }

  // Forget what was heard: the clip is to be answered anew.
  reset() {
    this.plays = 0;
    this.reached = 0;
    this.contextHeard = false;
    this.followed = 0;
    this.firstSoundAt = null;
    this.fromStart = false;
  }

  async load() {
    const { address } = this;
    try {
      const large = this.clip.bytes > LARGEST_IN_MEMORY;
      const response = await fetch(address, { method: large ? "HEAD" : "GET" });
      if (!response.ok) throw await errorOf(response);
      const blob = large ? null : await response.blob();
      if (this.closed || address !== this.address) return;
      this.gain = Number(response.headers.get("Earmark-Gain") ?? 0);
      this.form = response.headers.get("Earmark-Form");
      if (large) {
        this.audio.src = address;
        return;
      }
      this.dropUrl();
      this.url = URL.createObjectURL(blob);
      this.audio.src = this.url;
      this.audio.load();
    } catch (error) {
      this.fail(error instanceof ApiError ? error.message : "The server does not answer.", error.status);
    }
  }

  // A browser cannot decode every format. What fails is asked for once more as plain WAV.
  audioFailed() {
    if (this.closed || this.problem || !this.audio.getAttribute("src")) return;
    if (this.rewritten) {
      this.fail("The browser cannot decode this clip.");
      return;
    }
    this.rewritten = true;
    this.loading = this.load().then(() => this.on(this, "reloaded"));
  }

  // With a status of 4xx the server has refused, and always will. Anything else is worth another try.
  fail(message, status) {
    if (this.closed) return;
    this.problem = { message, final: status !== undefined && status >= 400 && status < 500 };
    this.on(this, "problem");
  }

  tryAgain() {
    this.problem = null;
    this.loading = this.load();
    this.dropPicture();
    this.loading.then(() => this.closed || this.drawPicture());
    return this.loading;
  }

  get duration() {
    return Number.isFinite(this.audio.duration) && this.audio.duration > 0 ? this.audio.duration : this.clip.duration;
  }

  get loaded() {
    return this.audio.getAttribute("src") !== null;
  }

  reach() {
    this.reached = Math.max(this.reached, Math.min(this.audio.currentTime / this.duration, 1));
  }

  // A loop starts over without an event. Only the position, which falls back, shows it.
  follow() {
    const at = this.audio.currentTime;
    if (this.audio.loop && at < this.followed - this.duration / 2) {
      this.reached = 1;
      this.plays += 1;
    }
    this.followed = at;
    this.reach();
  }

  // How far it was listened to, 0 to 1.
  heardShare() {
    if (this.firstSoundAt !== null) this.reach();
    return Math.round(this.reached * 100) / 100;
  }

  // What was played, as far as it is not the file itself at its own loudness.
  circumstances() {
    const { gain, form } = this;
    return { ...(gain === 0 ? {} : { gain }), ...(form === null || form === "file" ? {} : { form }) };
  }

  // Why nobody can label it yet, where `least` is the share that must be heard; null when enough was heard.
  objection(least) {
    return this.heardShare() < least - 0.005 ? `Listen to at least ${Math.round(least * 100)}% of the clip first` : null;
  }

  secondsSinceFirstSound() {
    return this.firstSoundAt === null ? null : Math.round(performance.now() - this.firstSoundAt) / 1000;
  }

  dropUrl() {
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = null;
  }

  close() {
    this.closed = true;
    this.audio.pause();
    this.audio.removeAttribute("src");
    this.audio.load();
    this.dropUrl();
  }
}
