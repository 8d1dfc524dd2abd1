// Unfinished answers: on this device at every keystroke, on the server a moment later.
//
//   keep ──► shelf (at once) ──► PUT (after a pause, one at a time, the newest) ──► saved
//                                  └── nothing came back ──► tried again, ever more patiently

import { isPassing, pause } from "./http.js";
import { Shelf } from "./shelf.js";

const MOST_DRAFTS = 60;
const PAUSE_MS = 600;

export class Drafts {
  /** `on` has `state(name, answer)`: kept, waiting, saving, saved, offline, signed-out, refused, full. */
  constructor(call, user, on) {
    Object.assign(this, { call, on, shelf: new Shelf("draft", user, MOST_DRAFTS), task: null, tries: 0, busy: false });
    this.hide = () => { if (document.visibilityState === "hidden") this.flush(); };
    this.leave = () => this.flush();
    this.online = () => this.retry();
    document.addEventListener("visibilitychange", this.hide);
    window.addEventListener("pagehide", this.leave);
    window.addEventListener("online", this.online);
  }

  /**
   * Take up a task; returns the newer of the server's draft and this device's, or null. `remote` says whether the
   * server keeps drafts of it.
   */
  begin(name, path, draft, remote) {
    clearTimeout(this.timer);
    const kept = this.shelf.get(name);
    const mine = kept && (!draft || kept.revision > draft.revision) ? kept : null;
    Object.assign(this, { name, path: remote ? path : null, tries: 0, due: null, last: null, task: name });
    this.revision = Math.max(kept?.revision ?? 0, draft?.revision ?? 0);
    if (mine) this.#push(mine);
    return mine ?? draft;
  }

  /** Keep `{edits, marks, typing, seconds}` as the next revision. */
  keep(content) {
    if (this.task === null) return;
    const draft = { ...content, revision: ++this.revision };
    this.kept = this.shelf.put(this.name, { ...draft, at: Date.now() });
    this.#push(draft);
  }

  /** The answer is in: the draft is not needed any more. */
  end(name = this.name) {
    this.shelf.drop(name);
    if (name !== this.name) return;
    clearTimeout(this.timer);
    Object.assign(this, { task: null, due: null });
  }

  /** Try again now. */
  retry() {
    if (this.due) this.#later(0);
  }

  /** Send what waits right now, in a way that outlives the page. */
  flush() {
    if (!this.due || !this.path) return;
    clearTimeout(this.timer);
    const [name, draft] = [this.name, this.due];
    this.call("PUT", this.path, draft, { keepalive: true }).then((answer) => this.#answered(answer, name, draft.revision));
  }

  close() {
    this.flush();
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.hide);
    window.removeEventListener("pagehide", this.leave);
    window.removeEventListener("online", this.online);
  }

  #push({ edits, marks, typing, seconds, revision }) {
    if (!this.path) return this.on.state(this.kept === false ? "full" : "kept");
    this.due = { edits, marks, typing: typing ?? null, seconds, revision };
    this.on.state("waiting");
    if (!this.busy && this.tries === 0) this.#later(PAUSE_MS);
  }

  #later(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#send(), ms);
  }

  async #send() {
    if (!this.due || this.busy) return;
    const [name, draft] = [this.name, this.due];
    this.busy = true;
    this.on.state("saving");
    const answer = await this.call("PUT", this.path, draft);
    this.busy = false;
    this.#answered(answer, name, draft.revision);
  }

  #answered(answer, name, revision) {
    if (this.task === null || name !== this.name) return;
    if (isPassing(answer) || answer.status === 401) {
      this.on.state(answer.status === 401 ? "signed-out" : "offline", answer);
      this.#later(answer.status === 401 ? 10_000 : pause(this.tries++));
      return;
    }
    this.tries = 0;
    if (this.due?.revision > revision) this.#later(PAUSE_MS);
    else this.due = null;
    if (answer.status >= 300) this.on.state("refused", answer);
    else this.on.state(this.due ? "waiting" : "saved", answer);
  }
}
