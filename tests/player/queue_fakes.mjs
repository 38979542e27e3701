// A queue with clips that a test can hold back, and a server that gives them out.

import { ClipQueue } from "../../labeler/player/label/queue.js";

export function clip(number) {
  return { clip: number, lease: 100 + number };
}

// A server that always has as many clips as are wanted, numbered from `first`.
export function clipsFrom(first) {
  let next = first;
  return ({ want }) => {
    const clips = Array.from({ length: want }, (_, index) => clip(next + index));
    next += want;
    return { clips, saved: 0, done: 0, total: 40 };
  };
}

export function some(...numbers) {
  return { clips: numbers.map(clip), saved: 0, done: 0, total: 40 };
}

// A clip's sound and picture that need no time to load, unless the test holds them back.
export class FakeMedia {
  constructor(given, log, ready) {
    Object.assign(this, { clip: given, loading: null, closed: false, log, ready, pictured: false });
  }

  start() {
    this.log.push(this.clip.clip);
    this.loading = this.ready(this.clip.clip);
    return this.loading;
  }

  drawPicture() {
    this.pictured = true;
    this.log.push(`picture ${this.clip.clip}`);
    return this.ready(`picture ${this.clip.clip}`);
  }

  close() {
    this.closed = true;
  }
}

export function newQueue({ tab, taken = { clips: [], leases: [] }, acknowledged = () => 0, ready = async () => {} } = {}) {
  const started = [];
  const queue = new ClipQueue({
    project: "p",
    session: "Ann's token",
    tab,
    taken: () => taken,
    acknowledged,
    newMedia: (given) => new FakeMedia(given, started, ready),
    onChange() {},
  });
  return Object.assign(queue, { started });
}

export function sounds(queue) {
  return queue.started.filter((what) => typeof what === "number");
}

export function ahead(queue) {
  return queue.ahead.map((media) => media.clip.clip);
}
