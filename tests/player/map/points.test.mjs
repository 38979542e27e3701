import assert from "node:assert/strict";
import { test } from "node:test";

import { painted } from "../../../labeler/player/map/drawing.js";
import { inside, nearest, NO_LABEL, unpacked } from "../../../labeler/player/map/points.js";

const packed = (values) => btoa(String.fromCharCode(...new Uint8Array(values.buffer)));

// A row of places (0 to 1) as points 1, 2, 3, …
function pointsAt(...places) {
  const scaled = (name) => Uint16Array.from(places, (place) => Math.round(place[name] * 65535));
  const none = Uint8Array.from(places, () => NO_LABEL);
  return {
    ids: Int32Array.from(places, (_, place) => place + 1),
    x: scaled("x"),
    y: scaled("y"),
    own: none,
    predicted: none,
    uncertainty: Uint8Array.from(places, () => 0),
  };
}

test("points come out as the server packed them", () => {
  const points = unpacked({
    ids: packed(Int32Array.of(7, 100_000)),
    x: packed(Uint16Array.of(0, 65535)),
    y: packed(Uint16Array.of(1, 2)),
    own: packed(Uint8Array.of(0, NO_LABEL)),
    predicted: packed(Uint8Array.of(1, 1)),
    uncertainty: packed(Uint8Array.of(0, 255)),
    names: "a.wav\n<b>.wav",
  });
  assert.deepEqual([...points.ids], [7, 100_000]);
  assert.deepEqual([...points.x], [0, 65535]);
  assert.deepEqual(points.names, ["a.wav", "<b>.wav"]);
});

test("the nearest point is found, and none that is out of reach", () => {
  const points = pointsAt({ x: 0.1, y: 0.1 }, { x: 0.5, y: 0.5 }, { x: 0.52, y: 0.5 });
  const reach = { x: 0.05, y: 0.05 };
  assert.equal(nearest(points, { x: 0.515, y: 0.5 }, reach), 2);
  assert.equal(nearest(points, { x: 0.3, y: 0.3 }, reach), -1);
  assert.equal(nearest(points, { x: 0.515, y: 0.5 }, reach, { shows: (point) => point !== 2 }), 1);
});

test("a lasso holds what lies inside of it, in its bays too", () => {
  // The letter U: what lies between its arms is outside.
  const u = [
    { x: 0, y: 0 },
    { x: 0.3, y: 0 },
    { x: 0.3, y: 0.7 },
    { x: 0.7, y: 0.7 },
    { x: 0.7, y: 0 },
    { x: 1, y: 0 },
    { x: 1, y: 1 },
    { x: 0, y: 1 },
  ];
  const points = pointsAt({ x: 0.1, y: 0.2 }, { x: 0.5, y: 0.2 }, { x: 0.5, y: 0.9 }, { x: 0.9, y: 0.2 });
  assert.deepEqual(inside(points, u), [0, 2, 3]);
  assert.deepEqual(inside(points, u, { shows: (point) => point === 2 }), [2]);
});

test("a line of two places holds nothing", () => {
  assert.deepEqual(
    inside(pointsAt({ x: 0.5, y: 0.5 }), [
      { x: 0, y: 0 },
      { x: 1, y: 1 },
    ]),
    [],
  );
});

test("points have the colour of their label, of their prediction, or of how uncertain it is", () => {
  const points = { ...pointsAt({ x: 0, y: 0 }, { x: 1, y: 1 }), own: Uint8Array.of(1, NO_LABEL), predicted: Uint8Array.of(0, 1) };
  points.uncertainty = Uint8Array.of(0, 255);
  const labels = [{ colour: "#111111" }, { colour: "#222222" }];
  const coloursBy = (mode) => {
    const { colours, places } = painted(points, labels, mode, "#999999");
    return [...places].map((place) => colours[place]);
  };
  assert.deepEqual(coloursBy("label"), ["#222222", "#999999"]);
  assert.deepEqual(coloursBy("prediction"), ["#111111", "#222222"]);
  assert.notEqual(...coloursBy("uncertainty"));
});
