// Which part of a map is on screen: `left`, `top` and `size` are shares of the whole, which is a square of 1 by 1.

export const WHOLE = { left: -0.02, top: -0.02, size: 1.04 };

const SMALLEST = 0.005;

// Zoomed by a factor around a place of the screen (0 to 1), which stays where it is.
export function zoomed({ left, top, size }, factor, at = { x: 0.5, y: 0.5 }) {
  const smaller = Math.min(Math.max(size / factor, SMALLEST), WHOLE.size);
  return held({ left: left + at.x * (size - smaller), top: top + at.y * (size - smaller), size: smaller });
}

// Moved by shares of the screen: what lay at a place now lies further to the right and down.
export function moved({ left, top, size }, across, down) {
  return held({ left: left - across * size, top: top - down * size, size });
}

// From a place of the screen to one of the map.
export function onMap({ left, top, size }, { x, y }) {
  return { x: left + x * size, y: top + y * size };
}

// From a place of the map to one of the screen.
export function onScreen({ left, top, size }, { x, y }) {
  return { x: (x - left) / size, y: (y - top) / size };
}

// Nobody loses the map from view.
function held({ left, top, size }) {
  const end = WHOLE.left + WHOLE.size - size;
  return { left: Math.min(Math.max(left, WHOLE.left), end), top: Math.min(Math.max(top, WHOLE.top), end), size };
}
