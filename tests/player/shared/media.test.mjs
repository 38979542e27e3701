import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { ClipMedia, playsOpus } from "../../../labeler/player/shared/media.js";
import { held, settled } from "../fakes.mjs";

// An audio element or picture, as far as this module uses it. A picture is complete once the test says so.
class FakeElementWithSource extends EventTarget {
  attributes = new Map();
  complete = false;
  currentTime = 0;
  duration = 2;

  get src() {
    return this.getAttribute("src");
  }

  set src(value) {
    this.attributes.set("src", value);
  }

  getAttribute(name) {
    return this.attributes.get(name) ?? null;
  }

  removeAttribute(name) {
    this.attributes.delete(name);
  }

  canPlayType(type) {
    return type === played ? "probably" : "";
  }

  async decode() {}

  load() {}

  pause() {}
}

let played;
let requests;
let answer;

beforeEach(() => {
  played = 'audio/ogg; codecs="opus"';
  requests = [];
  answer = { "Earmark-Form": "opus", "Earmark-Gain": "0.0" };
  Object.assign(globalThis, { Audio: FakeElementWithSource, Image: FakeElementWithSource });
  globalThis.fetch = async (address, { method }) => {
    requests.push(`${method} ${address}`);
    return new Response("sound", { headers: await answer });
  };
});

const CLIP = { clip: 1, audio: "/audio/t", picture: "/picture/t", bytes: 1000, duration: 2 };

function media(options, clip = CLIP) {
  return new ClipMedia(clip, () => {}, options);
}

test("Opus is asked for where the browser plays it in Ogg", () => {
  assert.equal(playsOpus(), true);
  played = "audio/mpeg";
  assert.equal(playsOpus(), false);
});

test("what was played goes with the answer, where it is not the file itself", async () => {
  const opus = media({ opus: true });
  await opus.start();
  assert.deepEqual(requests, ["GET /audio/t?as=opus"]);
  assert.deepEqual(opus.circumstances(), { form: "opus" });
  answer = { "Earmark-Form": "file", "Earmark-Gain": "0.0" };
  const small = media({ opus: true });
  await small.start();
  assert.deepEqual(small.circumstances(), {}, "the server found the file smaller");
});

test("loudness and context go on working with Opus", async () => {
  answer = { "Earmark-Form": "opus", "Earmark-Gain": "6.5" };
  const loud = media({ opus: true, level: true, around: true });
  await loud.start();
  assert.deepEqual(requests, ["GET /audio/t?level=1&around=1&as=opus"]);
  assert.deepEqual(loud.circumstances(), { gain: 6.5, form: "opus" });
});

test("Opus that the browser cannot decode after all is asked for as WAV", async () => {
  const odd = media({ opus: true });
  await odd.start();
  answer = { "Earmark-Form": "wav", "Earmark-Gain": "0.0" };
  odd.audio.dispatchEvent(new Event("error"));
  await settled();
  assert.equal(requests.at(-1), "GET /audio/t?as=wav");
  assert.deepEqual(odd.circumstances(), { form: "wav" });
});

test("an annotator who wants the original files gets those that are ahead anew", async () => {
  const ahead = media({ opus: true });
  await ahead.start();
  assert.equal(ahead.setSound({ level: false, opus: true }), false);
  assert.equal(ahead.setSound({ level: false, opus: false }), true);
  assert.deepEqual(requests, ["GET /audio/t?as=opus", "GET /audio/t"]);
});

test("a large file is fetched in parts as it plays", async () => {
  const large = media({ opus: true }, { ...CLIP, bytes: 30_000_000 });
  await large.start();
  assert.deepEqual(requests, ["HEAD /audio/t?as=opus"]);
  assert.equal(large.audio.src, "/audio/t?as=opus");
});

test("loading the sound loads no picture", async () => {
  const sound = held();
  answer = sound.promise;
  const clip = media({});
  const loading = clip.start();
  assert.equal(clip.pictured, false);
  sound.resolve({});
  await loading;
  assert.equal(clip.pictured, false);
  await clip.drawPicture();
  assert.equal(clip.picture.src, "/picture/t");
});

test("a clip that leaves the screen takes its unfinished picture with it, and may have it again", async () => {
  const clip = media({});
  clip.picture.decode = () => new Promise(() => {}); // As in Chromium, it never ends once the address is taken away.
  const drawing = clip.drawPicture();
  clip.disappear();
  await drawing;
  assert.equal(clip.pictured, false);
  clip.drawPicture();
  clip.picture.complete = true;
  clip.disappear();
  assert.equal(clip.picture.src, "/picture/t", "a picture that is here stays");
});
