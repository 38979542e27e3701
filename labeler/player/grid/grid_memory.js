// What a tab remembers of its grids: what was rejected for a label, what was passed over, and the saves that can be taken back.

export class GridMemory {
  constructor(project, annotatorId) {
    this.place = `earmark:${project}:grid:${annotatorId}`;
    const { rejected = {}, saves = [] } = this.read();
    this.rejected = rejected;
    this.saves = saves;
    // These are not stored: a page that is opened anew starts from the top.
    this.passed = {};
    this.marks = {};
  }

  read() {
    try {
      return JSON.parse(sessionStorage.getItem(this.place)) ?? {};
    } catch {
      return {};
    }
  }

  write() {
    try {
      sessionStorage.setItem(this.place, JSON.stringify({ rejected: this.rejected, saves: this.saves.slice(-50) }));
    } catch {
      // Storage is full or switched off. The memory lasts as long as the page.
    }
  }

  reject(label, clips) {
    this.rejected[label] = [...new Set([...(this.rejected[label] ?? []), ...clips])];
    this.write();
  }

  pass(asked, clips) {
    this.passed[asked] = [...new Set([...(this.passed[asked] ?? []), ...clips])];
  }

  // The clips that a grid must not show. The server takes a limited number, so only the newest are kept.
  leftOut(label, asked) {
    return [...new Set([...(this.rejected[label] ?? []), ...(this.passed[asked] ?? [])])].slice(-9000);
  }

  pushSave(save) {
    this.saves.push(save);
    this.write();
  }

  // The last save. What was rejected and passed over with it comes back too.
  popSave() {
    const save = this.saves.pop();
    if (!save) return null;
    const back = new Set(save.rejected);
    this.rejected[save.label] = (this.rejected[save.label] ?? []).filter((clip) => !back.has(clip));
    const passed = new Set(save.passed);
    this.passed[save.asked] = (this.passed[save.asked] ?? []).filter((clip) => !passed.has(clip));
    for (const { clip, heard } of save.answers) this.keepMark(save.asked, clip, "yes", heard);
    for (const clip of save.rejected) this.keepMark(save.asked, clip, "no");
    this.write();
    return save;
  }

  // `heard` goes with the mark: a clip that comes back confirmed need not be heard again.
  keepMark(asked, clip, mark, heard = {}) {
    (this.marks[asked] ??= new Map()).set(clip, { mark, heard });
  }

  markOf(asked, clip) {
    return this.marks[asked]?.get(clip) ?? { mark: null, heard: {} };
  }
}
