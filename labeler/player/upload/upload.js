// The drop zone: files are chosen or dropped, sent one after the other, and the page runs again when they have arrived.

import { counted, element } from "../shared/elements.js";
import { mounted } from "../shared/mount.js";
import { Sending } from "./sending.js";

class Upload {
  constructor(root, data, tell) {
    this.root = root.querySelector("[data-testid=upload]");
    this.data = data;
    this.tell = tell;
    this.batch = null;
    this.parts = Object.fromEntries([...this.root.querySelectorAll("[data-testid]")].map((part) => [part.dataset.testid, part]));
    this.parts["upload-files"].accept = data.suffixes.join(",");
    this.parts["upload-files"].onchange = (event) => {
      this.start([...event.target.files]);
      event.target.value = "";
    };
    this.parts["upload-stop"].onclick = () => this.sending?.stop();
    for (const name of ["dragenter", "dragover"]) this.root.addEventListener(name, (event) => this.over(event, true));
    this.root.addEventListener("dragleave", (event) => this.over(event, false));
    this.root.addEventListener("drop", (event) => {
      this.over(event, false);
      this.start([...event.dataTransfer.files]);
    });
    this.onUnload = (event) => this.sending && event.preventDefault();
    window.addEventListener("beforeunload", this.onUnload);
  }

  serves() {
    return this.root.isConnected;
  }

  stay(data, tell) {
    this.data = data;
    this.tell = tell;
  }

  leave() {
    this.sending?.stop();
    window.removeEventListener("beforeunload", this.onUnload);
  }

  over(event, isOver) {
    event.preventDefault();
    this.root.dataset.over = String(isOver);
  }

  async start(files) {
    if (this.sending || files.length === 0) return;
    this.sending = new Sending(files, this.data.suffixes, {
      server: () => ({ base: this.data.base, session: this.data.session }),
      batch: this.batch,
      onChange: () => this.draw(),
    });
    this.root.dataset.state = "sending";
    const sending = this.sending;
    await sending.run();
    this.sending = null;
    this.batch = sending.batch;
    this.finish(sending);
  }

  draw() {
    const sending = this.sending;
    this.parts["upload-sending"].hidden = sending === null;
    this.parts["upload-files"].disabled = sending !== null;
    this.parts["upload-done"].hidden = true;
    this.parts["upload-failed"].hidden = true;
    if (!sending?.current) return;
    this.parts["upload-progress"].value = sending.share;
    const number = sending.files.indexOf(sending.current) + 1;
    this.parts["upload-state"].textContent = `${number} of ${sending.files.length}: ${sending.current.name}`;
  }

  finish({ arrived, failed, stopped }) {
    this.draw();
    this.root.dataset.state = "ready";
    const { "upload-done": done, "upload-failed": list } = this.parts;
    done.hidden = false;
    done.textContent = `${counted(arrived, "file")} arrived${failed.length > 0 ? `, ${failed.length} did not` : ""}${stopped ? "; stopped" : ""}.`;
    list.hidden = failed.length === 0;
    list.replaceChildren(...failed.map(([file, reason]) => element("li", { text: `${file.name}: ${reason}` })));
    if (arrived > 0) this.tell("arrived", Date.now());
  }
}

export default mounted(Upload);
