import { counted } from "../shared/elements.js";

const RESTING = "Nobody has used this tab for a while, so others get its clips. Move the pointer or press a key to go on.";

// What the player is doing, and the notice that goes with it: { state, blocked, notice }.

export function stateOf(transport, queue) {
  const media = transport.onAir;
  if (!media) {
    if (queue.trouble) return { state: "loading", notice: `${queue.trouble} Trying again…` };
    if (queue.resting) return { state: "empty", notice: RESTING };
    if (queue.empty) return { state: "empty", notice: `${emptyWords(queue)} New clips appear automatically.` };
    return { state: "loading" };
  }
  if (media.problem) {
    const way = media.problem.final ? "Press S to skip it." : "Press space to try again, or S to skip it.";
    return { state: "broken", notice: `This clip cannot be played. ${way}\n${media.problem.message}` };
  }
  if (transport.blocked) return { state: "paused", blocked: true, notice: "Press space to start" };
  if (media.audio.ended) return { state: "ended" };
  if (media.sounding) return { state: "playing" };
  return { state: media.audio.paused && media.firstSoundAt !== null ? "paused" : "loading" };
}

// Why no clip came. Those that others have open are not done.
function emptyWords({ counts, elsewhere = 0 }) {
  // These are counted now; the others may be of a moment ago.
  if (elsewhere > 0)
    return `No clip is free at the moment: ${counted(elsewhere, "clip")} open in another tab, yours or somebody else's.`;
  const left = counts ? counts.total - counts.done : 0;
  if (left <= 0) return "All done: every clip has an answer.";
  return `No clip is free at the moment: ${counted(left, "clip")} without an answer.`;
}
