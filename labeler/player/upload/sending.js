// Sends files one after the other, and counts what became of them.

const MOST_AT_ONCE = 5000;

// Resolves with the server's answer; rejects with a sentence. `onProgress` gets the bytes that were sent. Files with one `batch`
// get into one folder, so that a manifest finds the files that it names.
export function sendFile(file, { base, session, batch, onProgress, signal, Request = XMLHttpRequest }) {
  return new Promise((resolve, reject) => {
    const request = new Request();
    const into = batch === null ? "" : `&batch=${encodeURIComponent(batch)}`;
    request.open("POST", `${base}/earmark/api/upload?name=${encodeURIComponent(file.name)}${into}`);
    request.setRequestHeader("Earmark-Session", session);
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () => {
      const answer = parsed(request.responseText);
      if (request.status < 300 && answer?.path) resolve(answer);
      else reject(new Error(answer?.error ?? `The server refuses it (status ${request.status}).`));
    };
    request.onerror = () => reject(new Error("The server does not answer."));
    request.onabort = () => reject(new Error("Stopped."));
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// Which of the files are sent, and why the others are not: [file, reason].
export function sorted(files, suffixes) {
  const taken = [];
  const refused = [];
  for (const file of files) {
    const suffix = file.name.slice(file.name.lastIndexOf(".")).toLowerCase();
    if (!suffixes.includes(suffix)) refused.push([file, "It is no audio file or manifest by its name."]);
    else if (file.size === 0) refused.push([file, "It is empty."]);
    else if (taken.length >= MOST_AT_ONCE) refused.push([file, `Only ${MOST_AT_ONCE} files are taken at once.`]);
    else taken.push(file);
  }
  return { taken, refused };
}

export class Sending {
  // onChange() is called whenever something has changed.
  // server() gives base and session.
  constructor(files, suffixes, { server, batch = null, onChange, send = sendFile }) {
    const { taken, refused } = sorted(files, suffixes);
    this.files = taken;
    this.failed = refused;
    this.server = server;
    this.batch = batch;
    this.onChange = onChange;
    this.send = send;
    this.arrived = 0;
    this.bytesDone = 0;
    this.bytesNow = 0;
    this.bytesAll = taken.reduce((sum, file) => sum + file.size, 0);
    this.current = null;
    this.aborting = new AbortController();
  }

  get share() {
    return this.bytesAll > 0 ? Math.min((this.bytesDone + this.bytesNow) / this.bytesAll, 1) : 0;
  }

  get stopped() {
    return this.aborting.signal.aborted;
  }

  stop() {
    this.aborting.abort();
  }

  async run() {
    for (const file of this.files) {
      if (this.stopped) break;
      this.current = file;
      this.bytesNow = 0;
      this.onChange();
      try {
        const answer = await this.send(file, {
          ...this.server(),
          batch: this.batch,
          signal: this.aborting.signal,
          onProgress: (bytes) => {
            this.bytesNow = Math.min(bytes, file.size);
            this.onChange();
          },
        });
        this.batch ??= answer.batch ?? null;
        this.arrived += 1;
      } catch (error) {
        if (!this.stopped) this.failed.push([file, error.message]);
      }
      this.bytesDone += file.size;
      this.bytesNow = 0;
    }
    this.current = null;
    this.onChange();
  }
}
