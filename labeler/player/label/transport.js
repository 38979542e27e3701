// The clip that sounds: start, pause, seek, loop, speed, and the cursor that follows.

export class Transport {
  // onState() follows whatever may change what is shown of the clip.
  constructor({ view, preferences, onState }) {
    this.view = view;
    this.preferences = preferences;
    this.onState = onState;
    this.current = null;
    this.aside = null;
    // Browsers let no page make noise before its reader has touched it.
    this.blocked = false;
  }

  // What plays now: the clip, or the clip with what is around it.
  get onAir() {
    return this.aside ?? this.current;
  }

  // Sound first: whatever is drawn or sent must not delay it.
  put(media) {
    const before = this.onAir;
    const { aside } = this;
    cancelAnimationFrame(this.frame);
    this.aside = null;
    this.current = media;
    if (media) {
      if (media.problem && !media.problem.final) media.tryAgain();
      else media.start();
      this.playFromStart();
    }
    if (before && before !== media) {
      before.audio.pause();
      before.disappear();
    }
    aside?.close();
  }

  // Play the clip with what comes before and after it. A second call goes back to the clip alone.
  toggleContext(make) {
    if (this.aside) return this.leaveContext();
    this.current.audio.pause();
    this.current.contextHeard = true;
    const aside = make();
    this.aside = aside;
    aside.start().then(() => aside.closed || aside.drawPicture());
    return this.playFromStart();
  }

  leaveContext() {
    this.aside?.close();
    this.aside = null;
    this.onState();
  }

  async playFromStart() {
    const media = this.onAir;
    if (!media || media.problem) return this.onState();
    if (!media.loaded) {
      this.onState();
      await media.loading;
      if (media !== this.onAir || media.problem) return this.onState();
    }
    const running = media.sounding;
    if (media.audio.currentTime > 0) media.audio.currentTime = 0;
    media.fromStart = true;
    // No event follows when sound just goes on.
    if (running) media.sounds();
    return this.play();
  }

  async play() {
    const media = this.onAir;
    this.adjust();
    try {
      const started = media.audio.play();
      this.onState();
      await started;
      if (media === this.onAir) this.blocked = false;
    } catch (error) {
      if (media === this.onAir && error.name === "NotAllowedError") this.blocked = true;
    }
    this.onState();
  }

  // Sound that comes to an end by itself: who listens to a long clip need not touch anything.
  get playsOnce() {
    return Boolean(this.onAir?.sounding) && !this.onAir.audio.loop;
  }

  // Put the annotator's speed and loop on the clip. Only what differs is set, so calling this often costs nothing.
  adjust() {
    const audio = this.onAir?.audio;
    if (!audio) return;
    const { speed, loop } = this.preferences.values;
    if (audio.playbackRate !== speed) audio.playbackRate = speed;
    audio.preservesPitch = true;
    if (audio.loop !== loop) audio.loop = loop;
  }

  toggle() {
    const { audio, plays } = this.onAir;
    if (audio.ended || plays === 0) return this.playFromStart();
    return audio.paused ? this.play() : audio.pause();
  }

  seek(seconds) {
    const { audio, duration } = this.onAir;
    audio.currentTime = Math.min(Math.max(seconds, 0), duration);
    this.view.at(audio.currentTime, duration);
    if (audio.paused && !this.blocked) this.play();
  }

  // A second back or forth, or ten with Shift.
  step({ direction, large }) {
    this.seek(this.onAir.audio.currentTime + direction * (large ? 10 : 1));
  }

  onMedia(media, type) {
    if (type === "reloaded") this.playFromStart();
    if (type === "playing") this.follow();
    if (type === "ended" || type === "pause") this.view.at(media.audio.currentTime, media.duration);
    this.onState();
  }

  // How the clip was heard, as far as it differs from once through, the file itself at its own speed and loudness.
  circumstances() {
    const { speed } = this.preferences.values;
    const share = this.current.heardShare();
    const { contextHeard } = this.current;
    return {
      ...(speed === 1 ? {} : { speed }),
      ...this.current.circumstances(),
      ...(share < 1 ? { share } : {}),
      ...(contextHeard ? { context: true } : {}),
    };
  }

  follow() {
    cancelAnimationFrame(this.frame);
    this.look();
    if (this.onAir && !this.onAir.audio.paused) this.frame = requestAnimationFrame(() => this.follow());
  }

  look() {
    const media = this.onAir;
    if (!media) return;
    media.follow();
    this.view.at(media.audio.currentTime, media.duration);
  }

  stop() {
    cancelAnimationFrame(this.frame);
    this.aside?.close();
    this.current?.close();
  }
}
