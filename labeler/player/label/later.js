// What can wait until the next clip sounds: drawing, sending, tidying up. Whatever happens between the key and the sound delays it.
// Drawing the page also delays the event that the sound has begun.

const LATEST = 60;

export class Later {
  constructor() {
    this.works = new Map();
    this.timer = null;
  }

  // Only the newest work of a name is done.
  add(work, name = Symbol("once")) {
    this.works.set(name, work);
    this.timer ??= setTimeout(() => this.now(), LATEST);
  }

  // The sound has begun: work is done as soon as all handlers of that event have run.
  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(), 0);
  }

  // Forget the work of this name.
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

  // A work that fails stops no other. Its error still reaches the browser's console.
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
