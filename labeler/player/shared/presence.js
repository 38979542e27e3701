// Whether somebody is there. A tab that nobody uses must not keep clips from the others.

const CHECK_EVERY = 30000;
const IDLE_AFTER = 6;
const JUST_NOW = 2;
const SIGNS = ["keydown", "pointerdown", "pointermove", "wheel", "focus"];

export class Presence {
  // busy() says whether something goes on that needs no hand, such as a long clip. onIdle() follows three minutes without a sign of
  // life, onBack() the first sign after them. Checks are counted, not seconds: a clock may be set.
  constructor({ busy, onIdle, onBack }) {
    Object.assign(this, { busy, onIdle, onBack });
    this.checks = 0;
    this.idle = false;
    this.sign = () => this.seen();
    for (const sign of SIGNS) window.addEventListener(sign, this.sign, { capture: true, passive: true });
    this.timer = setInterval(() => this.check(), CHECK_EVERY);
  }

  // Within the last minute.
  get recent() {
    return this.checks <= JUST_NOW;
  }

  seen() {
    this.checks = 0;
    if (!this.idle) return;
    this.idle = false;
    this.onBack();
  }

  check() {
    this.checks = this.busy() ? 0 : this.checks + 1;
    if (this.idle || this.checks < IDLE_AFTER) return;
    this.idle = true;
    this.onIdle();
  }

  stop() {
    clearInterval(this.timer);
    for (const sign of SIGNS) window.removeEventListener(sign, this.sign, { capture: true });
  }
}
