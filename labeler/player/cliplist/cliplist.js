// A list of clips to play: one sounds at a time, and what sounds goes on while the page runs again.

import { element } from "../shared/elements.js";
import { freeOnEscape, isStreamlits } from "../shared/keys.js";
import { mounted } from "../shared/mount.js";
import { OneSound } from "../shared/one_sound.js";
import { Row } from "./row.js";

const BLOCKED = "Click anywhere or press a key once: the browser does not play sound before that.";

class ClipList {
  constructor(root, data, tell) {
    this.root = root.querySelector(".cliplist");
    this.heads = element("li", { className: "heads" });
    this.heads.setAttribute("aria-hidden", "true");
    this.list = element("ul", { className: "clips" });
    this.list.dataset.scrolls = "";
    this.notice = element("p", { className: "notice-line" });
    this.notice.setAttribute("role", "status");
    this.root.append(this.list, this.notice);
    this.rows = [];
    this.onKey = (event) => this.key(event);
    this.list.addEventListener("keydown", this.onKey);
    this.sound = new OneSound(() => this.quiet());
    this.stay(data, tell);
  }

  serves() {
    return this.root.isConnected;
  }

  stay(data, tell) {
    this.tell = tell;
    const known = new Map(this.rows.map((row) => [row.data.clip, row]));
    const rows = data.rows.map((given) => {
      const row = known.get(given.clip);
      known.delete(given.clip);
      return row?.holds(given, data.action) ?? new Row(given, data.action, (...what) => this.on(...what));
    });
    known.forEach((row) => row.dispose());
    this.put(rows);
    this.heads.replaceChildren(...["", ...data.heads].map((text) => element("span", { text })));
    this.heads.hidden = data.heads.length === 0;
    const facts = Math.max(data.heads.length, ...data.rows.map((row) => row.facts.length), 0);
    this.list.dataset.facts = facts;
    this.list.style.setProperty("--facts", Math.max(facts, 1));
    this.list.style.maxHeight = data.height ? `${data.height}px` : "";
    const first = data.plays !== this.named && this.rows.find((row) => row.data.clip === data.plays);
    this.named = data.plays;
    if (first) this.play(first);
  }

  // Rows that stay where they are are not touched: what is moved loses the focus.
  put(rows) {
    const same = rows.length === this.rows.length && rows.every((row, place) => row === this.rows[place]);
    this.rows = rows;
    if (!same) this.list.replaceChildren(this.heads, ...rows.map((row) => row.root));
    const reached = rows.find((row) => row.button.tabIndex === 0) ?? rows[0];
    rows.forEach((row) => (row.button.tabIndex = row === reached ? 0 : -1));
  }

  leave() {
    this.sound.stop();
    this.rows.forEach((row) => row.dispose());
    this.root.replaceChildren();
  }

  quiet() {
    this.rows.forEach((row) => row.pause());
  }

  on(row, what) {
    if (what === "action") return this.tell?.("pressed", row.data.clip);
    if (what === "press") return row.media?.sounding ? row.pause() : this.play(row);
    return undefined;
  }

  async play(row) {
    this.rows.filter((other) => other !== row).forEach((other) => other.pause());
    this.rows.forEach((other) => (other.button.tabIndex = other === row ? 0 : -1));
    this.sound.starts();
    const allowed = await row.play();
    this.notice.textContent = allowed ? "" : BLOCKED;
  }

  key(event) {
    freeOnEscape(event);
    if (isStreamlits(event)) event.stopPropagation();
    const steps = { ArrowDown: 1, ArrowUp: -1, Home: -this.rows.length, End: this.rows.length }[event.key];
    if (!steps || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const from = this.rows.findIndex((row) => row.root.contains(event.target));
    const to = this.rows[Math.min(Math.max(from + steps, 0), this.rows.length - 1)];
    if (!to || to === this.rows[from]) return;
    const playing = this.rows.some((row) => row.media?.sounding);
    this.rows.forEach((row) => (row.button.tabIndex = row === to ? 0 : -1));
    to.button.focus();
    // Whoever listens their way through the list goes on by ear.
    if (playing) this.play(to);
  }
}

export default mounted(ClipList);
