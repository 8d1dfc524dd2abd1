// The one place that takes text. It always has the focus while the response has: typing into it, with whatever keyboard or
// input method, opens it over the selected words. It never moves in the page, so that nothing interrupts a composition.

import { el, set } from "./dom.js";

export class Capture {
  /**
   * `on` has `begin()` (something was typed over the selection), `change(text)`, `done()`, `leave()`, and `copied()`,
   * which gives the selected words.
   */
  constructor(view, on) {
    Object.assign(this, { view, on, isOpen: false, composing: false });
    this.box = el("textarea", {
      class: "capture", dir: "auto", rows: 1,
      autocomplete: "off", autocapitalize: "off", spellcheck: "false", enterkeyhint: "done",
      "aria-label": "Response: arrow keys choose words, typing replaces them",
      oninput: () => this.#typed(),
      oncompositionstart: () => { this.composing = true; this.#begin(); },
      oncompositionend: () => { this.composing = false; this.#typed(); },
      oncopy: (event) => this.#copy(event),
      onbeforeinput: (event) => this.#lineBreak(event),
      onblur: () => { if (this.isOpen && document.hasFocus()) this.on.leave(); },
    });
  }

  get text() { return this.box.value; }
  get focused() { return document.activeElement === this.box; }

  /** Take the focus; on a touch screen only if somebody is about to type, because a keyboard would come up. */
  focus() {
    if (!this.focused) this.box.focus({ preventScroll: true });
  }

  /** Show `text` over the words being replaced, all of it selected; without a text, what is typed already stays. */
  open(text) {
    this.isOpen = true;
    set(this.box, "spellcheck", "true");
    set(this.box, "aria-label", "Corrected words: Enter keeps them, Escape does not");
    this.box.classList.add("open");
    if (text !== undefined) this.box.value = text;
    this.view.type(this.box.value);
    this.place(this.view.ghost);
    this.focus();
    if (text !== undefined) this.box.select();
  }

  close() {
    this.isOpen = false;
    this.box.value = "";
    set(this.box, "spellcheck", "false");
    set(this.box, "aria-label", "Response: arrow keys choose words, typing replaces them");
    this.box.classList.remove("open");
  }

  /**
   * Lie over a node of the text: the ghost while open, else the selected words (an input method opens its list there).
   *
   * That waits for the next frame, in which the page is laid out anyway.
   */
  place(node) {
    this.under = node;
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      if (this.under?.isConnected) this.#lie(this.under);
    });
  }

  #lie(node) {
    const outer = this.box.parentElement;
    const [to, from] = [node.getBoundingClientRect(), outer.getBoundingClientRect()];
    const { style } = this.box;
    style.left = `${to.left - from.left - outer.clientLeft}px`;
    style.top = `${to.top - from.top - outer.clientTop}px`;
    style.width = this.isOpen ? `${to.width}px` : "1px";
    style.height = `${to.height}px`;
  }

  #begin() {
    if (!this.isOpen) this.on.begin();
  }

  #typed() {
    if (!this.isOpen) {
      if (!this.box.value) return;
      this.#begin();
    }
    if (!this.isOpen) { this.box.value = ""; return; }
    this.view.type(this.box.value);
    this.place(this.view.ghost);
    this.on.change(this.box.value);
  }

  /** The selection of words is ours, so copying it is, too. */
  #copy(event) {
    if (this.isOpen) return;
    event.clipboardData.setData("text/plain", this.on.copied());
    event.preventDefault();
  }

  /** Keyboards on a screen send no Enter key. */
  #lineBreak(event) {
    if (this.composing || !["insertLineBreak", "insertParagraph"].includes(event.inputType)) return;
    if (this.allowBreak) { this.allowBreak = false; return; }
    event.preventDefault();
    if (this.isOpen) this.on.done();
  }
}
