// The input that opens over the words to be replaced, and what becomes of what is typed there.

import { gapBehind, openingText } from "./commands.js";

export class InPlace {
  /** `stage` draws; `on` has `changed(keep)` and `closed(kept)`. The model is given by `begin`. */
  constructor(stage, on) { Object.assign(this, { stage, on, model: null }); }

  begin(model) { this.model = model; }

  get isOpen() { return this.stage.isOpen; }

  /** Over the selected words, with them in it; `type` is what the change will be. */
  edit(type = null) { this.#open(this.model.range, openingText(this.model), type); }

  /** Over the selected words, with what has just been typed. */
  overwrite() { this.#open(this.model.range, undefined, null); }

  /** Behind the selected words. */
  insert() {
    const { text, ...range } = gapBehind(this.model);
    this.#open(range, text, null);
  }

  /** As it stood in a draft. */
  reopen(range, text) {
    this.model.select(range);
    this.#open(range, text, null);
    this.stage.capture.box.setSelectionRange(text.length, text.length);
    this.model.typing.opening = null;
  }

  /** Keep what was typed, or drop it. Nothing typed removes the words; what was there already changes nothing. */
  close(keep) {
    const { model } = this;
    const { start, end, type, opening } = model.typing;
    const { text } = this.stage.capture;
    this.stage.capture.close();
    model.closeInput();
    if (keep && (type || text.trim() !== opening?.trim())) {
      model.replace({ start, end }, text, type);
      model.select({ start, end });
    }
    this.on.closed(keep);
  }

  #open(range, text, type) {
    if (this.isOpen) this.close(true);
    this.model.openInput(range, type);
    this.model.typing.opening = text ?? null;
    this.stage.view.update(this.model);
    this.stage.capture.open(text);
    this.on.changed();
  }
}
