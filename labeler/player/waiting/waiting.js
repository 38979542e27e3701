// Asks until the server of a project answers, then opens its first page.

import { mounted } from "../shared/mount.js";

const ASK_EVERY = 400;

class Waiting {
  constructor(_root, data) {
    this.base = data.base;
    this.asking = setInterval(() => this.ask(), ASK_EVERY);
    // The server of the start page ends when it is asked: from then on this page is complete.
    this.ask();
  }

  // Streamlit takes the page away as soon as the first server is gone: asking goes on all the same.
  serves() {
    return true;
  }

  stay() {}

  leave() {}

  async ask() {
    try {
      const response = await fetch(`${this.base}/earmark/serving`, { cache: "no-store" });
      if (!response.ok || !(await response.json()).serving) return;
    } catch {
      return;
    }
    clearInterval(this.asking);
    location.assign(`${this.base}/`);
  }
}

export default mounted(Waiting);
