// One clip of a grid: its picture, its sound, and whether it is confirmed or rejected.

import { newUuid } from "../shared/api.js";
import { element, plainButton } from "../shared/elements.js";
import { ClipMedia } from "../shared/media.js";

const STAMPS = { yes: "✓", no: "✗" };
export const MARK_WORDS = { yes: "confirmed", no: "rejected" };

export class Cell {
  // on(cell, what) gets click, focus, enter, leave, yes and no, and the sound's own events.
  constructor(clip, { label, sound, on, measure }) {
    this.clip = clip;
    this.label = label;
    this.measure = measure;
    this.mark = null;
    this.media = new ClipMedia(clip, (media, type) => on(this, type), sound);
    this.root = this.build(on);
    this.show();
  }

  build(on) {
    const root = element("li", { className: "cell" });
    root.dataset.testid = "cell";
    root.dataset.clip = this.clip.file_name;
    this.face = plainButton("face");
    this.face.tabIndex = -1;
    const thumb = element("span", { className: "thumb" });
    this.cursor = element("span", { className: "cursor" });
    this.stamp = element("span", { className: "stamp" });
    this.media.picture.loading = "eager";
    thumb.append(this.media.picture, this.cursor, this.stamp);
    const name = element("span", { className: "name" });
    const file = element("bdi", { text: this.clip.file_name.split("/").pop() });
    file.title = this.clip.file_name;
    this.closeness = element("span", { className: "close", text: this.measure(this.clip.closeness) });
    name.append(file, this.closeness);
    this.heard = element("span", { className: "heard" });
    this.face.append(thumb, name);
    const marks = element("div", { className: "marks" });
    this.buttons = { yes: this.markButton("yes", on), no: this.markButton("no", on) };
    marks.append(this.buttons.yes, this.buttons.no);
    root.append(this.face, this.heard, marks);
    this.face.addEventListener("click", () => on(this, "click"));
    this.face.addEventListener("focus", () => on(this, "focus"));
    root.addEventListener("pointermove", (event) => event.pointerType === "mouse" && on(this, "enter", event));
    root.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && on(this, "leave"));
    return root;
  }

  markButton(mark, on) {
    const button = plainButton();
    button.tabIndex = -1;
    button.dataset.testid = mark === "yes" ? "confirm" : "reject";
    button.textContent = STAMPS[mark];
    button.addEventListener("click", () => on(this, mark));
    return button;
  }

  // The server gave the same clip out again, perhaps with a newer lease.
  holds({ lease, ticket }) {
    Object.assign(this.clip, { lease, ticket });
    return this;
  }

  get heardSoFar() {
    return { plays: this.media.plays, reached: this.media.heardShare() };
  }

  setMark(mark) {
    this.mark = mark;
    this.show();
  }

  show() {
    const { mark, media, clip } = this;
    this.root.dataset.mark = mark ?? "";
    this.root.dataset.state = media.problem ? "broken" : media.sounding ? "playing" : "still";
    this.stamp.textContent = mark ? `${STAMPS[mark]} ${mark === "yes" ? this.label : "no"}` : "";
    this.buttons.yes.setAttribute("aria-pressed", String(mark === "yes"));
    this.buttons.no.setAttribute("aria-pressed", String(mark === "no"));
    this.buttons.yes.setAttribute("aria-label", `Confirm ${clip.file_name} as ${this.label}`);
    this.buttons.no.setAttribute("aria-label", `${clip.file_name} is not ${this.label}`);
    const heard = media.problem ? "cannot be played" : media.plays > 0 ? "heard" : "";
    this.heard.textContent = [`${clip.duration.toFixed(1)} s`, heard].filter(Boolean).join(" · ");
    const seconds = `${clip.duration.toFixed(1)} seconds`;
    const facts = [clip.file_name, seconds, this.closeness.textContent, heard, MARK_WORDS[mark] ?? "unmarked"];
    this.face.setAttribute("aria-label", `Play ${facts.filter(Boolean).join(", ")}`);
  }

  setCurrent(current) {
    this.root.dataset.current = String(current);
    this.face.tabIndex = current ? 0 : -1;
  }

  // Play from the start. False when the browser allows no sound yet.
  async play({ speed }) {
    const { media } = this;
    if (media.problem && !media.problem.final) media.tryAgain();
    this.wanted = true;
    await media.start();
    if (!this.wanted || media.problem || media.closed) return true;
    media.audio.playbackRate = speed;
    media.audio.preservesPitch = true;
    if (media.audio.currentTime > 0) media.audio.currentTime = 0;
    media.fromStart = true;
    try {
      await media.audio.play();
      return true;
    } catch (error) {
      return error.name !== "NotAllowedError";
    }
  }

  pause() {
    this.wanted = false;
    this.media.audio.pause();
  }

  follow() {
    cancelAnimationFrame(this.frame);
    const step = () => {
      this.media.follow();
      this.cursor.style.transform = `translateX(${Math.min(this.media.audio.currentTime / this.media.duration, 1) * 100}%)`;
      if (!this.media.audio.paused) this.frame = requestAnimationFrame(step);
    };
    step();
  }

  // The answer that confirms it.
  answer(speed, grid) {
    const { media } = this;
    const heard = { grid, share: media.heardShare(), ...(speed === 1 ? {} : { speed }), ...media.circumstances() };
    return {
      uuid: newUuid(),
      ticket: this.clip.ticket,
      answer: "label",
      label: this.label,
      seconds: media.secondsSinceFirstSound(),
      plays: media.plays,
      heard,
    };
  }

  dispose() {
    cancelAnimationFrame(this.frame);
    this.media.close();
  }
}
