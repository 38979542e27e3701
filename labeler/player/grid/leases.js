// Tells the server which clips of the grid are still in use, and which are handed back.

import { post } from "../shared/api.js";

const MOST = 200;

export class Leases {
  // seat() gives the session and the tab.
  constructor(seat) {
    this.seat = seat;
  }

  // `leaving` lets it arrive although the page goes. The server then hands back what a question on its way gets, too.
  release(cells, { leaving = false } = {}) {
    if (cells.length > 0 || leaving) this.send({ release: numbers(cells), leaving }, { leaving });
  }

  renew(cells) {
    if (cells.length > 0) this.send({ holding: numbers(cells) });
  }

  // What gets lost on the way is made up for by the leases, which end.
  send(message, options = {}) {
    const { session, tab } = this.seat();
    post("/earmark/api/next", { session, tab, want: 0, ...message }, options).catch(() => {});
  }
}

function numbers(cells) {
  return cells.map((cell) => cell.clip.lease).slice(0, MOST);
}
