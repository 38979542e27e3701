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

  // Not to be done any more.
  drop(name) {
    this.works.delete(name);
  }

  // Answers leave first, whatever becomes of the rest.
  now() {
    clearTimeout(this.timer);
    this.timer = null;
    this.run("send");
    for (const name of this.works.keys()) this.run(name);
  }

  // A work that fails stops no other; the browser's console still hears of it.
  run(name) {
    const work = this.works.get(name);
    this.works.delete(name);
    try {
      work?.();
    } catch (error) {
      setTimeout(() => {
        throw error;
      });
    }
  }
}
