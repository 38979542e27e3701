// The picture of a long clip: pages side by side that scroll under the cursor, and the whole clip as a band below.

import { element } from "../shared/elements.js";

const BAND = 0.16;

export class Strip {
  // `whole` is the picture of the whole clip. The server draws it, and the pages too.
  constructor(box, clip, whole) {
    this.clip = clip;
    this.offset = 0;
    this.free = false;
    this.strip = element("div", { className: "strip" });
    this.band = element("div", { className: "band" });
    this.window = element("div", { className: "window" });
    this.spot = element("div", { className: "spot" });
    this.band.append(whole, this.window, this.spot);
    this.tiles = Array.from({ length: clip.pages }, (_, page) => this.tile(page));
    this.strip.append(...this.tiles);
    box.replaceChildren(this.strip, this.band);
    this.scrollTo(0);
  }

  tile(page) {
    const tile = new Image();
    tile.alt = "";
    tile.draggable = false;
    const { page_seconds: length, duration, pages } = this.clip;
    const seconds = page === pages - 1 ? duration - length * page : length;
    tile.style.left = `${page * 100}%`;
    tile.style.width = `${(seconds / length) * 100}%`;
    return tile;
  }

  // Scroll so that `seconds` is at the left edge. Pages are fetched when they come near.
  scrollTo(seconds) {
    const { page_seconds: length, duration } = this.clip;
    this.offset = Math.min(Math.max(seconds, 0), Math.max(duration - length, 0));
    const first = Math.floor(this.offset / length);
    for (const page of [first, first + 1, first + 2]) {
      const tile = this.tiles[page];
      if (tile && !tile.getAttribute("src")) tile.src = `${this.clip.picture}?page=${page}`;
    }
    this.strip.style.transform = `translateX(${(-this.offset / length) * 100}%)`;
    this.window.style.left = `${(this.offset / duration) * 100}%`;
    this.window.style.width = `${Math.min(length / duration, 1) * 100}%`;
  }

  // By a share of what is visible. The cursor goes on by itself. The strip follows it again once it is in sight.
  scrollBy(share) {
    this.free = true;
    this.scrollTo(this.offset + share * this.clip.page_seconds);
  }

  // Where the cursor stands, as a share of what is visible. The strip follows a cursor that runs out of sight.
  at(seconds) {
    const { page_seconds: length, duration } = this.clip;
    const inside = seconds >= this.offset && seconds < this.offset + length;
    if (inside) this.free = false;
    else if (!this.free) this.scrollTo(seconds < this.offset ? seconds - length / 10 : seconds);
    this.spot.style.left = `${(seconds / duration) * 100}%`;
    return (seconds - this.offset) / length;
  }

  // The share of the clip at a place on screen. Both go from 0 to 1.
  shareAt(x, y) {
    return y > 1 - BAND ? x : (this.offset + x * this.clip.page_seconds) / this.clip.duration;
  }
}
