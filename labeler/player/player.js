// The player itself: one clip at a time, one key an answer, the next clip at once.

const RENEW_EVERY = 60000;
const KEPT_LOADED = 3;
const ANSWERS = new Set(["label", "unsure", "skip"]);

class Player {
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.history = [];
    this.current = null;
    this.blocked = false;
    this.undoing = false;
    this.saved = 0;
    this.acknowledged = 0;
    this.view = new View(root, data, (action) => this.act(action));
    this.outbox = new Outbox(data.project, { onChange: () => this.showSaving(), onSaved: (who, saved) => this.onSaved(who, saved) });
    this.queue = new ClipQueue({
      project: data.project,
      session: data.session,
      taken: () => this.taken(),
      acknowledged: () => this.acknowledged,
      onMedia: (media, type) => this.onMedia(media, type),
      onChange: () => this.onQueue(),
    });
    this.onKey = (event) => this.key(event);
    this.onHide = () => this.queue.stop();
    this.onShow = (event) => event.persisted && location.reload();
    this.attach();
    this.renewing = setInterval(() => this.queue.fill({ renew: true }), RENEW_EVERY);
    this.showSaving();
    this.queue.fill();
  }

  // Streamlit calls the component again whenever its data or the theme changes; this must not disturb what plays.
  serves(data) {
    const same = this.data.project === data.project && this.data.annotatorId === data.annotatorId;
    return same && JSON.stringify(this.data.labels) === JSON.stringify(data.labels) && this.root.contains(this.view.root);
  }

  stay(data) {
    clearTimeout(this.leaving);
    this.data = data;
    this.queue.session = data.session;
    this.attach();
  }

  attach() {
    // Before anyone else: Streamlit has keys of its own (R, C).
    window.addEventListener("keydown", this.onKey, true);
    window.addEventListener("pagehide", this.onHide);
    window.addEventListener("pageshow", this.onShow);
  }

  leave() {
    window.removeEventListener("keydown", this.onKey, true);
    window.removeEventListener("pagehide", this.onHide);
    window.removeEventListener("pageshow", this.onShow);
    this.leaving = setTimeout(() => this.stop(), 50);
  }

  stop() {
    clearInterval(this.renewing);
    cancelAnimationFrame(this.frame);
    this.queue.stop();
    this.outbox.stop();
    this.current?.close();
    this.history.forEach(({ media }) => media.close());
  }

  // ---- clips

  taken() {
    const held = this.current ? [this.current.clip] : [];
    return { clips: [...held.map((clip) => clip.clip), ...this.outbox.clips], leases: held.map((clip) => clip.lease) };
  }

  onQueue() {
    if (this.queue.counts) this.saved = this.queue.counts.saved;
    if (!this.current) this.showNext();
    this.showState();
    this.showSaving();
  }

  showNext() {
    this.show(this.queue.ahead.length > 0 ? this.queue.take() : null);
    if (!this.current) this.queue.fill();
  }

  show(media) {
    if (this.current && this.current !== media) this.current.audio.pause();
    this.current = media;
    this.queue.remember();
    if (!media) {
      this.view.showNoClip();
      this.showState();
      return;
    }
    if (media.problem && !media.problem.final) media.tryAgain();
    else media.start();
    this.view.showClip(media.clip, media.picture);
    this.view.at(0, media.duration);
    this.playFromStart();
  }

  async playFromStart() {
    const media = this.current;
    if (!media || media.problem) return this.showState();
    if (!media.loaded) {
      this.showState();
      await media.loading;
      if (media !== this.current || media.problem) return this.showState();
    }
    const running = media.sounding;
    if (media.audio.currentTime > 0) media.audio.currentTime = 0;
    media.fromStart = true;
    // Sound that goes on is not announced anew.
    if (running) media.sounds();
    return this.play();
  }

  async play() {
    const media = this.current;
    try {
      const started = media.audio.play();
      this.showState();
      await started;
      if (media === this.current) this.blocked = false;
    } catch (error) {
      // Browsers let no page make noise before its reader has touched it.
      if (media === this.current && error.name === "NotAllowedError") this.blocked = true;
    }
    this.showState();
  }

  onMedia(media, type) {
    if (media !== this.current) return;
    if (type === "reloaded") this.playFromStart();
    if (type === "playing") this.follow();
    if (type === "ended" || type === "pause") this.view.at(media.audio.currentTime, media.duration);
    this.showState();
  }

  // ---- what is shown

  showState() {
    const media = this.current;
    if (!media) {
      if (this.queue.trouble) return this.view.state("loading", { notice: `${this.queue.trouble} Trying again…` });
      if (this.queue.empty) return this.view.state("empty", { notice: "All done: every clip has its answer. New ones appear by themselves." });
      return this.view.state("loading");
    }
    if (media.problem) {
      const way = media.problem.final ? "Press S to skip it." : "Press space to try again, or S to skip it.";
      return this.view.state("broken", { notice: `This clip cannot be played. ${way}\n${media.problem.message}` });
    }
    if (this.blocked) return this.view.state("paused", { blocked: true, notice: "Press space to start" });
    if (media.audio.ended) return this.view.state("ended");
    if (media.sounding) return this.view.state("playing");
    return this.view.state(media.audio.paused && media.firstSoundAt !== null ? "paused" : "loading");
  }

  follow() {
    cancelAnimationFrame(this.frame);
    const step = () => {
      const media = this.current;
      if (!media) return;
      this.view.at(media.audio.currentTime, media.duration);
      if (!media.audio.paused) this.frame = requestAnimationFrame(step);
    };
    step();
  }

  showSaving() {
    const counts = this.queue?.counts;
    this.view.counts({ saved: this.saved, done: counts?.done ?? 0, total: counts?.total ?? null });
    const { waiting, trouble, refused } = this.outbox ?? { waiting: [] };
    const answers = waiting.length === 1 ? "1 answer" : `${waiting.length} answers`;
    if (trouble && waiting.length > 0) {
      this.view.saving({ state: "failed", text: `${answers} not saved yet, kept here; trying again` });
    } else if (waiting.length > 0) {
      this.view.saving({ state: "pending", text: "Saving…" });
    } else if (refused?.length > 0) {
      this.view.saving({ state: "refused", text: `Not saved: ${refused[refused.length - 1].reason}` });
    } else {
      this.view.saving({ state: "saved", text: "All saved" });
    }
  }

  onSaved(annotatorId, saved) {
    this.acknowledged += 1;
    if (annotatorId !== this.data.annotatorId) return;
    const counts = this.queue?.counts;
    if (counts) Object.assign(counts, { saved, done: Math.min(Math.max(counts.done + saved - this.saved, 0), counts.total) });
    this.saved = saved;
  }

  // ---- keys and buttons

  key(event) {
    const action = actionOf(event, this.data.labels.length);
    if (!action) {
      // Held down on a focused button, Enter would press it again and again.
      if (event.repeat && event.key === "Enter" && this.root.contains(event.composedPath()[0])) event.preventDefault();
      return;
    }
    if (action.name === "close" && this.view.parts["key-help"].hidden) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!event.repeat) this.act(action);
  }

  act(action) {
    if (action.name === "help" || action.name === "close") return this.view.toggleHelp(action.name === "close" ? false : undefined);
    if (action.name === "undo") return this.undo();
    const media = this.current;
    if (!media) return undefined;
    if (ANSWERS.has(action.name)) return this.answer(action);
    if (media.problem) return media.problem.final ? undefined : media.tryAgain().then(() => this.playFromStart());
    if (action.name === "toggle") return this.toggle();
    if (action.name === "replay") return this.playFromStart();
    if (action.name === "seek") return this.seek(action.share * media.duration);
    if (action.name === "step") return this.seek(media.audio.currentTime + action.seconds);
    return undefined;
  }

  toggle() {
    const { audio } = this.current;
    if (audio.ended || this.current.plays === 0) return this.playFromStart();
    return audio.paused ? this.play() : audio.pause();
  }

  seek(seconds) {
    const { audio, duration } = this.current;
    audio.currentTime = Math.min(Math.max(seconds, 0), duration);
    this.view.at(audio.currentTime, duration);
    if (audio.paused && !this.blocked) this.play();
  }

  answer({ name, index }) {
    const media = this.current;
    // Nobody has heard it: only skipping makes sense.
    if ((this.blocked || media.problem) && name !== "skip") return;
    const label = name === "label" ? this.data.labels[index] : null;
    if (name === "label" && label === undefined) return;
    const uuid = newUuid();
    const reason = media.problem ? `cannot be played: ${media.problem.message}`.slice(0, 500) : null;
    const seconds = media.secondsSinceFirstSound();
    this.history.push({ media, uuid });
    this.forget();
    this.blocked = false;
    // The next clip first: its sound must not wait for the bookkeeping.
    this.current = null;
    media.audio.pause();
    this.showNext();
    this.outbox.add({ uuid, ticket: media.clip.ticket, answer: name, label, seconds, plays: media.plays, reason }, media.clip.clip);
    this.view.answered(name === "label" ? `Last answer: ${label}` : `Last answer: ${name}`, index);
  }

  // Only the newest answered clips keep their sound in memory; an older one is loaded again when it comes back.
  forget() {
    const old = this.history[this.history.length - 1 - KEPT_LOADED];
    if (old) old.media.close();
  }

  undo() {
    const last = this.history.pop();
    if (!last) return this.undoEarlier();
    const uuid = newUuid();
    this.outbox.add({ uuid, ticket: last.media.clip.ticket, answer: "undo", undoes: last.uuid }, last.media.clip.clip);
    this.reopen(last.media.closed ? last.media.clip : last.media);
    return undefined;
  }

  // Answers given before this page was opened: the server knows which came last.
  async undoEarlier() {
    if (this.undoing || this.outbox.waiting.length > 0) return;
    this.undoing = true;
    try {
      const answer = await post("/earmark/api/undo", { session: this.data.session, uuid: newUuid() });
      this.acknowledged += 1;
      this.saved = answer.saved;
      this.queue.counts = { saved: answer.saved, done: answer.done, total: answer.total };
      if (answer.clip) this.reopen(answer.clip);
      else this.view.answered("Nothing left to undo");
    } catch (error) {
      this.view.answered(`Undo failed: ${error.message}`);
    }
    this.undoing = false;
    this.showSaving();
  }

  reopen(what) {
    const media = what instanceof ClipMedia ? what : new ClipMedia(what, (which, type) => this.onMedia(which, type));
    media.reset();
    if (this.current) {
      this.current.audio.pause();
      this.queue.putBack(this.current);
    }
    this.show(media);
    this.view.answered("Taken back; answer it again");
  }
}

const players = new WeakMap();

export default function ({ parentElement, data }) {
  let player = players.get(parentElement);
  if (player && player.serves(data)) {
    player.stay(data);
  } else {
    player?.leave();
    player = new Player(parentElement, data);
    players.set(parentElement, player);
  }
  return () => player.leave();
}
