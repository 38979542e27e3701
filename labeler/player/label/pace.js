// How many answers this session has, how fast they come, and when it is time for a break.

const PAUSE = 5 * 60 * 1000;
const STREAK = 45 * 60 * 1000;
const LOOKED_AT = 21;

export class Pace {
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

  // Count an answer. True when a break is due, once a streak.
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
      // Storage is full or switched off. The count lasts as long as the page.
    }
  }

  // Median seconds from one answer to the next, over the last twenty. Null before there are three answers.
  get seconds() {
    const gaps = this.times
      .slice(1)
      .map((time, index) => time - this.times[index])
      .sort((one, other) => one - other);
    return gaps.length < 2 ? null : gaps[Math.floor(gaps.length / 2)] / 1000;
  }

  words(goal) {
    const seconds = this.seconds;
    const count = goal > 0 ? `${this.count} of ${goal} this session` : `${this.count} this session`;
    return seconds === null ? count : `${count} · ${seconds.toFixed(1)} s a clip`;
  }
}
