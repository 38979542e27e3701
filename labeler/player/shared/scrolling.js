// Brings a part of the page into sight when it opens, and the page back to where it was when the part closes.

export class Revealed {
  constructor() {
    this.scroller = null;
    this.before = 0;
  }

  // A part that is in sight already, or grows while it is open, does not change what `back` goes back to.
  show(part) {
    if (!this.scroller) {
      this.scroller = scrollerOf(part);
      this.before = this.scroller.scrollTop;
    }
    part.scrollIntoView({ block: "nearest" });
  }

  back() {
    if (this.scroller) this.scroller.scrollTop = this.before;
    this.scroller = null;
  }
}

// What scrolls when the part is brought into sight: in Streamlit that is an element far up, outside of the component.
function scrollerOf(part) {
  for (let at = parentOf(part); at; at = parentOf(at)) {
    if (at.scrollHeight > at.clientHeight && /auto|scroll/.test(getComputedStyle(at).overflowY)) return at;
  }
  return document.scrollingElement;
}

function parentOf(element) {
  return element.parentElement ?? element.getRootNode().host ?? null;
}
