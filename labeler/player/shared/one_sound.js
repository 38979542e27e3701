// At most one sound at a time on a page, whichever component makes it. Each component has modules of its own, so they meet at the
// window.

const NAME = "earmark-sounds";

// Call `quiet` whenever another than this one starts to sound. `starts()` announces that this one does; `stop()` ends it.
export class OneSound {
  constructor(quiet) {
    this.onStart = (event) => event.detail !== this && quiet();
    window.addEventListener(NAME, this.onStart);
  }

  starts() {
    window.dispatchEvent(new CustomEvent(NAME, { detail: this }));
  }

  stop() {
    window.removeEventListener(NAME, this.onStart);
  }
}
