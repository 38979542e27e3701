// The points of a map: read from what the server packed, found by place, and told apart by a lasso. Places are 0 to 1.

export const NO_LABEL = 255;

const SCALE = 65535;

export function unpacked({ ids, x, y, own, predicted, uncertainty, names }) {
  return {
    ids: new Int32Array(bytesOf(ids)),
    x: new Uint16Array(bytesOf(x)),
    y: new Uint16Array(bytesOf(y)),
    own: new Uint8Array(bytesOf(own)),
    predicted: new Uint8Array(bytesOf(predicted)),
    uncertainty: new Uint8Array(bytesOf(uncertainty)),
    names: names.split("\n"),
  };
}

function bytesOf(packed) {
  return Uint8Array.from(atob(packed), (character) => character.charCodeAt(0)).buffer;
}

// The point that is next to a place, or -1 if none lies within `reach` (both as shares of width and height).
export function nearest({ ids, x, y }, place, reach, { shows = () => true } = {}) {
  let [found, least] = [-1, 1];
  for (let point = 0; point < ids.length; point += 1) {
    const across = (x[point] / SCALE - place.x) / reach.x;
    const down = (y[point] / SCALE - place.y) / reach.y;
    const distance = across * across + down * down;
    if (distance <= least && shows(point)) [found, least] = [point, distance];
  }
  return found;
}

// The points inside of a closed line of places: even-odd rule.
export function inside({ ids, x, y }, line, { shows = () => true } = {}) {
  if (line.length < 3) return [];
  const [left, right] = bounds(line.map((place) => place.x));
  const [top, bottom] = bounds(line.map((place) => place.y));
  const found = [];
  for (let point = 0; point < ids.length; point += 1) {
    const place = { x: x[point] / SCALE, y: y[point] / SCALE };
    const near = place.x >= left && place.x <= right && place.y >= top && place.y <= bottom;
    if (near && isInside(place, line) && shows(point)) found.push(point);
  }
  return found;
}

function isInside({ x, y }, line) {
  let within = false;
  let before = line[line.length - 1];
  for (const here of line) {
    if (here.y > y !== before.y > y && x < ((before.x - here.x) * (y - here.y)) / (before.y - here.y) + here.x) within = !within;
    before = here;
  }
  return within;
}

function bounds(values) {
  return [Math.min(...values), Math.max(...values)];
}
