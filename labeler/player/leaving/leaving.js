// Reports once that the browser has drawn the page as the server made it last.

import { mounted } from "../shared/mount.js";

class Leaving {
  constructor(_root, _data, setTriggerValue) {
    setTriggerValue("drawn", Date.now());
  }

  serves() {
    return true;
  }

  stay() {}

  leave() {}
}

export default mounted(Leaving);
