// New elements of the page. Text that comes from files or people is set as text, never as HTML.

export function element(name, { className = "", text = "" } = {}) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

// A button of this form would otherwise submit it.
export function plainButton(className = "") {
  const button = element("button", { className });
  button.type = "button";
  return button;
}

export function keyCap(key) {
  return element("kbd", { text: key });
}

// For example `1 clip` or `2 clips`.
export function counted(number, noun) {
  return number === 1 ? `1 ${noun}` : `${number} ${noun}s`;
}
