// How many answers this session has, how fast they come, and when it is time for a break.

const PAUSE = 5 * 60 * 1000;
const STREAK = 45 * 60 * 1000;
const LOOKED_AT = 21;

class Pace {
  constructor(project, annotatorId) {
    this.memory = `earmark:${project}:${annotatorId}:pace`;
    this.count = 0;
    this.times = [];
    this.streakFrom = null;
    try {
      Object.assign(this, JSON.parse(sessionStorage.getItem(this.memory)) ?? {});
    } catch {
      // A session begins anew.
    }
  }

  // Whether a break is due, which is said once a streak.
  answered(now = Date.now()) {
    const last = this.times[this.times.length - 1];
    if (last === undefined || now - last > PAUSE || this.streakFrom === null) {
      this.times = [];
      this.streakFrom = now;
    }
    this.count += 1;
    this.times = [...this.times, now].slice(-LOOKED_AT);
    const due = now - this.streakFrom >= STREAK;
    if (due) this.streakFrom = now;
    this.keep();
    return due;
  }

  undone() {
    this.count = Math.max(this.count - 1, 0);
    this.keep();
  }

  keep() {
    try {
      const { count, times, streakFrom } = this;
      sessionStorage.setItem(this.memory, JSON.stringify({ count, times, streakFrom }));
    } catch {
      // It lasts as long as the page, then.
    }
  }

  // Seconds from one answer to the next, the middle one of the last twenty; null before there are three.
  get seconds() {
    const gaps = this.times.slice(1).map((time, index) => time - this.times[index]).sort((one, other) => one - other);
    return gaps.length < 2 ? null : gaps[Math.floor(gaps.length / 2)] / 1000;
  }

  words(goal) {
    const seconds = this.seconds;
    const count = goal > 0 ? `${this.count} of ${goal} this session` : `${this.count} this session`;
    return seconds === null ? count : `${count} · ${seconds.toFixed(1)} s a clip`;
  }
}
