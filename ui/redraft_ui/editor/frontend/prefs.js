// How somebody likes the editor, on this device: which panels are open, what letters do, from where on doubts are drawn.

import { Shelf } from "./shelf.js";

const DEFAULTS = { guide: true, result: false, trains: false, letters: false, threshold: null };

export class Prefs {
  constructor(user) {
    this.shelf = new Shelf("prefs", user, 4);
    this.values = { ...DEFAULTS, ...this.shelf.get("editor") };
  }

  get(name) { return this.values[name]; }

  set(name, value) {
    if (this.values[name] === value) return;
    this.values[name] = value;
    this.shelf.put("editor", { ...this.values, at: Date.now() });
  }
}
