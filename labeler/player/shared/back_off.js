// Tries again what failed, after delays that grow. A server in trouble gets fewer requests, and never all of them at once.

// There is one timer at a time: asking for another try replaces the one before.
export class BackOff {
  constructor(action, { first = 500, longest = 15000 } = {}) {
    this.action = action;
    this.first = first;
    this.longest = longest;
    this.delay = first;
    this.timer = null;
  }

  again() {
    this.after(this.delay * (0.8 + 0.4 * Math.random()));
    this.delay = Math.min(this.delay * 2, this.longest);
  }

  after(milliseconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = null;
      this.action();
    }, milliseconds);
  }

  get pending() {
    return this.timer !== null;
  }

  worked() {
    this.delay = this.first;
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = null;
  }
}
