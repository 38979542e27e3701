// One clip of a list: its button, its sound once it is asked for, and what is known of it.

import { element, plainButton } from "../shared/elements.js";
import { ClipMedia, playsOpus } from "../shared/media.js";

// Longer ones are not fetched whole before they sound.
const LONG_SECONDS = 120;

export class Row {
  // on(row, what) gets `press`, `action`, and the sound's own events.
  constructor(data, action, on) {
    this.on = on;
    this.media = null;
    this.root = element("li", { className: "clip" });
    this.root.dataset.testid = "clip";
    this.button = plainButton("play");
    this.button.dataset.testid = "play";
    this.mark = element("span", { className: "mark" });
    this.name = element("bdi", { className: "name" });
    this.button.append(this.mark, this.name);
    this.facts = element("span", { className: "facts-of" });
    this.action = plainButton("small action");
    this.bar = element("span", { className: "played" });
    this.root.append(this.button, this.facts, this.action, this.bar);
    this.button.addEventListener("click", () => this.on(this, "press"));
    this.action.addEventListener("click", () => this.on(this, "action"));
    this.holds(data, action);
  }

  // What the page shows of the clip now. Its sound stays, so its token may be an older one that is still good.
  holds(data, action) {
    if (this.media && data.token !== this.data.token && !this.media.sounding) this.drop();
    this.data = data;
    this.root.dataset.clip = data.clip;
    this.name.textContent = data.name.split("/").pop();
    this.name.title = data.name;
    this.facts.replaceChildren(...data.facts.map((text) => element("bdi", { text })));
    this.action.textContent = action ?? "";
    this.action.hidden = !action;
    this.action.setAttribute("aria-label", `${action}: ${data.name}`);
    this.show();
    return this;
  }

  show() {
    const { media } = this;
    const state = media?.problem ? "broken" : media?.sounding ? "playing" : "still";
    this.root.dataset.state = state;
    this.root.dataset.plays = media?.plays ?? 0;
    this.button.setAttribute("aria-label", `${state === "playing" ? "Pause" : "Play"} ${this.data.name}`);
    this.button.title = media?.problem?.message ?? this.data.name;
  }

  // Play from the start. False when the browser allows no sound yet.
  async play() {
    this.wanted = true;
    if (this.media?.problem) this.drop();
    this.media ??= this.load();
    const { media } = this;
    await media.start();
    if (!this.wanted || media.problem || media.closed) {
      this.show();
      return true;
    }
    try {
      if (media.audio.currentTime > 0) media.audio.currentTime = 0;
      media.fromStart = true;
      await media.audio.play();
      return true;
    } catch (error) {
      return error.name !== "NotAllowedError";
    } finally {
      this.show();
    }
  }

  load() {
    const { token, seconds } = this.data;
    const clip = {
      audio: `/earmark/audio/${token}`,
      picture: `/earmark/picture/${token}`,
      duration: seconds ?? 0,
      bytes: (seconds ?? 0) > LONG_SECONDS ? Infinity : 0,
    };
    return new ClipMedia(clip, (_, type) => this.heard(type), { opus: playsOpus() });
  }

  heard(type) {
    if (type === "playing") this.follow();
    this.show();
    this.on(this, type);
  }

  follow() {
    cancelAnimationFrame(this.frame);
    const step = () => {
      if (!this.media) return;
      const share = this.media.duration > 0 ? this.media.audio.currentTime / this.media.duration : 0;
      this.bar.style.transform = `scaleX(${Math.min(share, 1)})`;
      if (!this.media.audio.paused) this.frame = requestAnimationFrame(step);
    };
    step();
  }

  pause() {
    this.wanted = false;
    this.media?.audio.pause();
  }

  drop() {
    cancelAnimationFrame(this.frame);
    this.media?.close();
    this.media = null;
  }

  dispose() {
    this.wanted = false;
    this.drop();
  }
}
