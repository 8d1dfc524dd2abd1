// How long somebody really worked: time between two signs of life counts, unless it is so long that they were away.

const AWAY_SECONDS = 30;
const SIGNS = ["keydown", "pointerdown", "pointermove", "wheel", "input"];

export class Activity {
  /** Listens on `root`; `alive()` is called at every sign of life. */
  constructor(root, alive) {
    this.alive = () => { this.#count(); alive(); };
    for (const sign of SIGNS) root.addEventListener(sign, this.alive, { capture: true, passive: true });
    this.begin();
  }

  /** A new task is shown, on which `seconds` were spent before. */
  begin(seconds = 0) {
    this.seconds = seconds;
    this.last = this.shown = performance.now() / 1000;
  }

  /** Seconds since the task was shown. */
  get elapsed() { return performance.now() / 1000 - this.shown; }

  #count() {
    const now = performance.now() / 1000;
    if (now - this.last < AWAY_SECONDS) this.seconds += now - this.last;
    this.last = now;
  }
}
