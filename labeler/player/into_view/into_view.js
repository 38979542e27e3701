// Scrolls to a part of Streamlit's page, once each time somebody asks for it.

import { mounted } from "../shared/mount.js";

// Until then what was asked for is drawn, mostly: before, the page may be too short to scroll.
const DRAWN_AFTER = 400;
// The height of the navigation, which stays at the top.
const BELOW_NAVIGATION = "4.5rem";

class IntoView {
  constructor(_root, data) {
    this.asked = 0;
    this.stay(data);
  }

  serves() {
    return true;
  }

  stay({ asked, part }) {
    if (asked && asked !== this.asked) {
      clearTimeout(this.soon);
      this.soon = setTimeout(() => show(part), DRAWN_AFTER);
    }
    this.asked = asked;
  }

  leave() {
    clearTimeout(this.soon);
  }
}

function show(part) {
  const found = document.querySelector(`.st-key-${CSS.escape(part)}`);
  if (!found) return;
  found.style.scrollMarginTop = BELOW_NAVIGATION;
  found.scrollIntoView({ block: "start", behavior: "instant" });
}

export default mounted(IntoView);
