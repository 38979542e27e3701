// What the player is doing, and the notice that goes with it: { state, blocked, notice }.

export function stateOf(transport, queue) {
  const media = transport.onAir;
  if (!media) {
    if (queue.trouble) return { state: "loading", notice: `${queue.trouble} Trying again…` };
    if (queue.empty) return { state: "empty", notice: "All done: every clip has an answer. New clips appear automatically." };
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
