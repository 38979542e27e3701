// What can wait until the next clip sounds: drawing, sending, tidying up. Whatever happens between the key and the sound delays the
// sound, and a page that is to be drawn anew holds back the news that it has begun.

const LATEST = 60;

class Later {
  constructor() {
    this.works = new Map();
    this.timer = null;
  }

  // Of works of the same name only the newest is done.
  add(work, name = Symbol("once")) {
    this.works.set(name, work);
    this.timer ??= setTimeout(() => this.now(), LATEST);
  }

  // The sound is there: as soon as everybody has heard of it.
  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(), 0);
  }

  now() {
    clearTimeout(this.timer);
    this.timer = null;
    for (const [name, work] of this.works) {
      this.works.delete(name);
      work();
    }
  }
}
