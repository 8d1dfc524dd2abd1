// Answers on their way: kept on this device until the server has acknowledged them, sent again until it does.
//
//   put ──► shelf ──► POST ──► accepted            gone from the shelf
//                      ├── nothing came back ──► tried again; the nonce makes twice the same as once
//                      ├── lease lost ─────────► parked: sent again should the task come back
//                      └── refused, a question ► gone; the person decides

import { isPassing, pause } from "./http.js";
import { Shelf } from "./shelf.js";

const MOST_WAITING = 40;

/** Signs that it may work now. */
const SIGNS = [[window, "online"], [window, "focus"], [document, "visibilitychange"]];

export class Outbox {
  /** `on` has `accepted`, `lost`, `question` and `refused`, each `(entry, body)`, and `state(name)`. */
  constructor(call, user, on) {
    Object.assign(this, { call, on, shelf: new Shelf("out", user, MOST_WAITING), tries: 0, busy: false });
    this.again = () => { if (document.visibilityState === "visible") this.send(); };
    for (const [target, name] of SIGNS) target.addEventListener(name, this.again);
  }

  /** Send `body` to `path` for the task `name`; the shelf holds it from now on. */
  put(name, path, body) {
    this.kept = this.shelf.put(name, { path, body, at: Date.now(), parked: false });
    this.unkept = this.kept ? null : { name, path, body };
    this.tries = 0;
    return this.send();
  }

  /** What waits for the task `name`, if anything. */
  waiting(name) { return this.#entry(name); }

  /** A parked answer is sent again: its task has come back. */
  unpark(name) {
    const entry = this.shelf.get(name);
    if (!entry?.parked) return false;
    this.shelf.put(name, { ...entry, parked: false });
    this.tries = 0;
    this.send();
    return true;
  }

  drop(name) {
    this.shelf.drop(name);
    if (this.unkept?.name === name) this.unkept = null;
  }

  /** Try to send everything that is not parked, oldest first; what the server chokes on does not hold up the rest. */
  async send() {
    if (this.busy) return;
    clearTimeout(this.timer);
    this.busy = true;
    const failed = new Set();
    for (let name = this.#next(failed); name !== undefined; name = this.#next(failed)) {
      const entry = this.#entry(name);
      this.on.state("sending");
      const answer = await this.call("POST", entry.path, entry.body);
      if (this.#settled(name, entry, answer)) continue;
      failed.add(name);
      if (answer.status === 0 || answer.status === 401) break;
    }
    this.busy = false;
  }

  close() {
    clearTimeout(this.timer);
    this.closed = true;
    for (const [target, name] of SIGNS) target.removeEventListener(name, this.again);
  }

  #entry(name) { return this.unkept?.name === name ? this.unkept : this.shelf.get(name); }

  #next(failed) {
    if (this.closed) return undefined;
    const names = [...(this.unkept ? [this.unkept.name] : []), ...this.shelf.names()];
    return names.find((name) => !failed.has(name) && !this.#entry(name)?.parked);
  }

  /** Deal with the server's answer; false if it has to be sent again. */
  #settled(name, entry, answer) {
    const { status, body } = answer;
    if (isPassing(answer) || status === 401) {
      this.on.state(status === 401 ? "signed-out" : "offline");
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.send(), status === 401 ? 10_000 : pause(this.tries++));
      return false;
    }
    this.tries = 0;
    if (status === 409 && body?.code === "lease_lost") {
      this.unkept = null;
      this.shelf.put(name, { ...entry, parked: true, at: entry.at ?? Date.now() });
      this.on.lost(name, body);
      return true;
    }
    this.drop(name);
    if (status >= 200 && status < 300) this.on.accepted(name, body, entry);
    else if (status === 422 && body?.code === "question") this.on.question(name, body, entry);
    else this.on.refused(name, body ?? { message: `The server refused it (${status}).` }, entry);
    return true;
  }
}
