// What a correction will teach: both texts in the policy's own tokens, those that weigh more marked. Asked of the server
// when one stops typing.

import { el } from "./dom.js";

const PAUSE_MS = 450;

export class Trains {
  /** `ask(edits)` calls the server; the panel asks only while it is open. */
  constructor(ask, open, ontoggle) {
    this.ask = ask;
    this.body = el("div", { class: "pieces", "aria-live": "off" });
    this.node = el("details", { class: "trains", open }, el("summary", { text: "What this teaches the model" }), this.body);
    this.node.addEventListener("toggle", () => { ontoggle(this.node.open); this.#later(0); });
  }

  /** The edits have changed. `edits` are the server's, in code points. */
  update(edits) {
    this.edits = edits;
    this.#later(PAUSE_MS);
  }

  close() { clearTimeout(this.timer); }

  #later(ms) {
    clearTimeout(this.timer);
    if (this.node.open && this.edits) this.timer = setTimeout(() => this.#show(this.edits), ms);
  }

  async #show(edits) {
    if (!edits.length) {
      this.body.replaceChildren(el("p", { class: "hint", text: "Nothing yet: change some words, and see which count." }));
      return;
    }
    const { status, body } = await this.ask(edits);
    if (edits !== this.edits) return;
    if (status !== 200) {
      const why = body?.message ?? "The server cannot be reached right now.";
      this.body.replaceChildren(el("p", { class: "hint", text: why }));
      return;
    }
    const times = Number(body.gamma.toFixed(2));
    const unit = body.unit === "token" ? "pieces of words (tokens)" : "words";
    const how = `The marked ${unit} count ${times} times as much as the others.`;
    this.body.replaceChildren(
      el("p", { class: "hint", text: `The model learns to prefer the second text to the first. ${how}` }),
      part("Rather not", "rejected", body.rejected), part("Rather this", "chosen", body.chosen));
  }
}

function part(title, kind, pieces) {
  return el("div", { class: `part ${kind}` }, el("h3", { text: title }),
    el("p", {}, ...pieces.map((piece) => (piece.changed ? el("mark", { text: piece.text }) : piece.text))));
}
