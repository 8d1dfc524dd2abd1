// What is kept on this device, under names of one kind, so that neither a closed tab nor a lost network loses a keystroke.

const MOST_CHARACTERS = 1_500_000;

export class Shelf {
  /** Names begin with `redraft:KIND:USER:`; at most `most` things are kept, the oldest goes first. */
  constructor(kind, user, most) {
    this.prefix = `redraft:${kind}:${user}:`;
    this.most = most;
  }

  get(name) {
    try {
      return JSON.parse(localStorage.getItem(this.prefix + name));
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof DOMException) return null;
      throw error;
    }
  }

  /** Keep something; false if this device refuses (private windows, full storage). */
  put(name, value) {
    const text = JSON.stringify(value);
    for (let room = this.most; room > 0; room = Math.floor(room / 2)) {
      if (room < this.most || this.get(name) === null) this.#thin(name, room, text.length);
      try {
        localStorage.setItem(this.prefix + name, text);
        return true;
      } catch (error) {
        if (!(error instanceof DOMException)) throw error;
      }
    }
    return false;
  }

  drop(name) {
    try {
      localStorage.removeItem(this.prefix + name);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
    }
  }

  /** The names that are kept, oldest first. */
  names() {
    let all;
    try {
      all = Object.keys(localStorage).filter((name) => name.startsWith(this.prefix));
    } catch (error) {
      if (error instanceof DOMException) return [];
      throw error;
    }
    const short = all.map((name) => name.slice(this.prefix.length));
    return short.map((name) => [this.get(name)?.at ?? 0, name]).sort(([a], [b]) => a - b).map(([, name]) => name);
  }

  #thin(name, most, characters) {
    const others = this.names().filter((other) => other !== name);
    let size = characters + others.reduce((sum, other) => sum + JSON.stringify(this.get(other)).length, 0);
    while (others.length && (others.length >= most || size > MOST_CHARACTERS)) {
      const oldest = others.shift();
      size -= JSON.stringify(this.get(oldest)).length;
      this.drop(oldest);
    }
  }
}
