// How the annotator likes the player. The server keeps it, so that it is the same in every browser.

import { post } from "../shared/api.js";
import { BackOff } from "../shared/back_off.js";

const SPEEDS = [0.75, 0.9, 1, 1.25, 1.5, 1.75, 2];

export class Preferences {
  // onChange() follows every change.
  constructor(session, values, onChange) {
    this.session = session;
    this.values = { ...values };
    this.onChange = onChange;
    this.keeping = new BackOff(() => this.keep());
  }

  get speed() {
    return this.values.speed;
  }

  set(changes) {
    Object.assign(this.values, changes);
    this.onChange();
    // A key pressed several times in a row is one message.
    this.keeping.after(400);
  }

  faster(direction) {
    const at = SPEEDS.findIndex((speed) => speed >= this.speed - 0.01);
    this.set({ speed: SPEEDS[Math.min(Math.max((at < 0 ? 2 : at) + direction, 0), SPEEDS.length - 1)] });
  }

  async keep({ leaving = false } = {}) {
    try {
      await post("/earmark/api/preferences", { session: this.session, preferences: this.values }, { leaving });
      this.keeping.worked();
    } catch (error) {
      // What the server refused it will refuse again. Trouble of its own, or no answer, is worth another try.
      if (error.status === 0 || error.status >= 500) this.keeping.again();
    }
  }

  // A page that is left must not lose the last change.
  stop({ leaving = false } = {}) {
    if (this.keeping.timer !== null) this.keep({ leaving });
    this.keeping.stop();
  }
}
