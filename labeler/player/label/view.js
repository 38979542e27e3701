// What is on screen. All text that comes from files or people is set as text, never as HTML.

import { counted, element, keyCap, plainButton } from "../shared/elements.js";
import { isTypedIn } from "../shared/keys.js";
import { Strip } from "./strip.js";

export class View {
  constructor(root, data, act) {
    this.root = root.querySelector(".earmark");
    this.parts = {};
    for (const part of this.root.querySelectorAll("[data-testid]")) this.parts[part.dataset.testid] = part;
    this.labels = this.root.querySelector(".labels");
    this.pictureBox = this.root.querySelector(".picture");
    this.cursor = this.root.querySelector(".cursor");
    this.trackDone = this.root.querySelector(".track-done");
    this.parts["annotator-name"].textContent = data.annotator;
    this.parts.transcript.hidden = !data.transcripts;
    this.parts.facts.hidden = !data.facts;
    this.strip = null;
    this.labels.replaceChildren(
      ...data.labels.map((name, index) => labelButton(name, index, data.keys[index], data.colours?.[index])),
    );
    this.labels.dataset.many = String(data.labels.length > 6);
    this.labels.style.setProperty("--word", widestWord(this.labels));
    this.bind(act);
  }

  bind(act) {
    this.root.onclick = (event) => {
      const button = event.target.closest("[data-do]");
      if (button) act({ name: button.dataset.do, index: Number(button.dataset.index) });
    };
    // The mouse never moves the focus to a button. Space would otherwise press it again instead of pausing.
    this.root.onmousedown = (event) => {
      if (!event.target.closest("button, .screen")) return;
      event.preventDefault();
      // A field would go on taking the keys.
      const { activeElement } = this.root.getRootNode();
      if (activeElement && isTypedIn(activeElement)) activeElement.blur();
    };
    const screen = this.parts.picture;
    screen.onclick = (event) => {
      const box = screen.getBoundingClientRect();
      const x = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
      if (this.strip) this.strip.free = false;
      act({ name: "seek", share: this.strip ? this.strip.shareAt(x, (event.clientY - box.top) / box.height) : x });
    };
    screen.onwheel = (event) => {
      if (!this.strip || event.ctrlKey) return;
      event.preventDefault();
      this.strip.scrollBy((event.deltaX || event.deltaY) / screen.clientWidth);
      this.at(...this.place);
    };
  }

  // Neither the clip's name nor its state has a style of its own, so setting them does not make the browser draw the page.
  clip(name) {
    this.root.dataset.clip = name;
  }

  state(state, blocked) {
    this.root.dataset.state = state;
    this.root.dataset.blocked = String(blocked);
  }

  draw(clip, picture) {
    this.parts["file-name"].textContent = clip.file_name;
    this.parts["file-name"].title = clip.file_name;
    this.parts.speaker.textContent = clip.speaker ?? "";
    this.parts.transcript.textContent = clip.transcript ?? "";
    this.parts.transcript.scrollTop = 0;
    this.parts.facts.replaceChildren(...clip.facts.map(([name, value]) => fact(name, value)));
    this.parts.facts.scrollTop = 0;
    [...this.labels.children].forEach((button) => suggest(button, clip.suggested));
    this.parts.context.disabled = clip.around === null;
    this.showPicture(clip, picture);
    this.flagged(clip.flag);
    this.at(0, clip.duration);
  }

  showPicture(clip, picture) {
    this.parts.context.setAttribute("aria-pressed", "false");
    this.strip = clip.pages > 1 ? new Strip(this.pictureBox, clip, picture) : null;
    if (!this.strip) this.pictureBox.replaceChildren(picture);
  }

  // The clip between what comes before and after it. Both are dimmed.
  showContext({ around: [lead, total], duration }, picture) {
    this.parts.context.setAttribute("aria-pressed", "true");
    this.strip = null;
    this.pictureBox.replaceChildren(picture, shade(0, lead / total), shade((lead + duration) / total, 1));
    this.at(0, total);
  }

  drawNoClip() {
    for (const name of ["file-name", "speaker", "transcript", "time"]) this.parts[name].textContent = "";
    this.parts.facts.replaceChildren();
    [...this.labels.children].forEach((button) => suggest(button, null));
    this.strip = null;
    this.pictureBox.replaceChildren();
    this.flagged(null);
    this.at(0, 0);
  }

  flagged(note) {
    this.parts.flagged.hidden = note === null;
    this.parts.flagged.textContent = note ? `Flagged: ${note}` : "Flagged";
    this.parts.flag.setAttribute("aria-pressed", String(note !== null));
  }

  // A small mark where there is something that the annotator has not seen yet.
  news(news, { guidelines_seen: guidelines = 0, replies_seen: replies = 0 }) {
    if (!news) return;
    mark(this.parts.guidelines, news.guidelines > guidelines, "The guidelines have changed since you last looked");
    mark(this.parts.remark, news.replies > replies, "There is an answer to a remark of yours");
  }

  preferences({ speed, loop }) {
    this.parts.speed.textContent = `${speed}×`;
    this.parts.loop.setAttribute("aria-pressed", String(loop));
  }

  look(state, notice) {
    this.root.dataset.look = this.root.dataset.clip === "" ? "empty" : state;
    if (this.parts.notice.textContent !== notice) this.parts.notice.textContent = notice;
    this.parts.notice.hidden = notice === "";
    this.parts.play.setAttribute("aria-label", state === "playing" ? "Pause" : "Play");
  }

  at(seconds, duration) {
    this.place = [seconds, duration];
    const share = this.strip?.at(seconds) ?? (duration > 0 ? Math.min(seconds / duration, 1) : 0);
    // In shares of its own width, so that the browser need not measure anything.
    this.cursor.style.transform = `translateX(${share * 100}%)`;
    const time = duration > 0 ? `${clock(seconds)} / ${clock(duration)}` : "";
    if (time === this.time) return;
    this.time = time;
    this.parts.time.textContent = time;
    this.parts.picture.setAttribute("aria-valuemax", duration.toFixed(1));
    this.parts.picture.setAttribute("aria-valuenow", seconds.toFixed(1));
    this.parts.picture.setAttribute("aria-valuetext", time);
  }

  counts({ saved, done, total }) {
    this.parts["saved-count"].textContent = String(saved);
    this.parts["done-count"].textContent = total === null ? "" : `${done} of ${counted(total, "clip")} done`;
    this.trackDone.style.transform = `scaleX(${total ? done / total : 0})`;
  }

  saving({ state, text }) {
    this.parts["save-state"].dataset.state = state;
    this.parts["save-state"].className = `saving ${state}`;
    if (this.parts["save-state"].textContent !== text) this.parts["save-state"].textContent = text;
  }

  // A short word on the answer just given, and a flash of its button.
  answered(text, index) {
    this.parts["last-answer"].textContent = text;
    const button = index === undefined ? null : this.labels.children[index];
    if (button) button.animate?.([{ filter: "brightness(0.85)" }, { filter: "none" }], 180);
  }

  pace(words) {
    if (this.parts.pace.textContent !== words) this.parts.pace.textContent = words;
  }
}

function mark(button, isNew, words) {
  button.dataset.news = String(isNew);
  button.title = isNew ? words : "";
}

function labelButton(name, index, key, colour) {
  const button = plainButton();
  if (colour) button.style.setProperty("--label", colour);
  button.dataset.testid = `label-${index + 1}`;
  button.dataset.do = "label";
  button.dataset.index = String(index);
  const expected = element("small", { text: "expected" });
  expected.hidden = true;
  button.append(element("bdi", { text: name }), expected);
  if (key !== null) {
    button.append(keyCap(key.toUpperCase()));
    button.setAttribute("aria-keyshortcuts", key);
  }
  return button;
}

// The width of the longest word of all labels, in heights of a letter: no column may be narrower. The words are measured one a line.
function widestWord(labels) {
  labels.dataset.measured = "true";
  const widths = [...labels.querySelectorAll("bdi")].map(
    (name) => name.offsetWidth / parseFloat(getComputedStyle(name).fontSize),
  );
  delete labels.dataset.measured;
  return Math.max(0, ...widths).toFixed(2);
}

// The label that the classifier expects, where the lead shows suggestions. A word marks it, since not everybody sees colours.
function suggest(button, name) {
  const suggested = name !== null && button.querySelector("bdi").textContent === name;
  button.dataset.suggested = String(suggested);
  button.querySelector("small").hidden = !suggested;
}

function shade(from, to) {
  const part = element("div", { className: "shade" });
  part.style.left = `${from * 100}%`;
  part.style.width = `${(to - from) * 100}%`;
  return part;
}

function fact(name, value) {
  const pair = element("div");
  pair.append(element("dt", { text: name }), element("dd", { text: value }));
  return pair;
}

// 75.25 -> 1:15.2
function clock(seconds) {
  const tenths = Math.floor(seconds * 10 + 1e-6);
  const minutes = Math.floor(tenths / 600);
  return `${minutes}:${String(Math.floor((tenths % 600) / 10)).padStart(2, "0")}.${tenths % 10}`;
}
